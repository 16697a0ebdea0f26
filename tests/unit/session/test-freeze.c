/*
 * Every bundled scenario: run live, frozen in the middle, walked back to its start and on to its
 * end, byte for byte; and the schedule that is printed of it gives the same state again.
 */
#include "session/session.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/vector.h"
#include "lang/lang.h"
#include "model/world.h"
#include "trace/history.h"

struct paths {
    vector(char *) items;
};

static void collect(const char *folder, struct paths *paths)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        struct text path = {0};
        text_printf(&path, "%s/%s", folder, entry->d_name);
        if (length > 6 && strcmp(entry->d_name + length - 6, ".thrum") == 0)
            vector_push(&paths->items, xstrdup(text_bytes(&path)));
        else if (!strchr(entry->d_name, '.'))
            collect(text_bytes(&path), paths);
        text_fini(&path);
    }
    closedir(directory);
}

/* The state, as bytes; the caller frees them. */
static char *state_of(struct model *model, const struct world *world, size_t *ret_size)
{
    *ret_size = world_pack(model, world, NULL, 0);
    char *bytes = xmalloc(*ret_size + 1);
    world_pack(model, world, bytes, *ret_size);
    return bytes;
}

static void same(struct model *model, struct session *session, const char *bytes, size_t size,
                 const char *path)
{
    size_t found_size;
    char *found = state_of(model, session_world(session), &found_size);
    ck_assert_msg(found_size == size && memcmp(found, bytes, size) == 0, "%s: another state", path);
    free(found);
}

/* For some ns of the run; 0: while its threads may still be made. */
static void let_run(struct session *session, int64_t span)
{
    struct session_status status = {.starting = span > 0};
    while (status.starting) {
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        session_status(session, &status);
    }
    nanosleep(&(struct timespec){.tv_nsec = span}, NULL);
}

static uint64_t freeze(const char *path, int64_t after, uint64_t seed)
{
    struct text messages = {0}, schedule = {0}, error = {0};
    struct program *program = lang_load(path, &messages);
    ck_assert_msg(program, "%s", text_bytes(&messages));
    struct model *model = model_new(program);
    struct session_options options = {.has_seed = true, .seed = seed, .no_kernel = true};
    struct session *session = session_open_live(program, model, &options);
    let_run(session, after);
    session_poll(session);
    ck_assert_msg(session_freeze(session), "%s cannot be frozen", path);
    struct session_status status;
    session_status(session, &status);
    ck_assert_int_eq(status.mode, SESSION_STEPPING);
    ck_assert_uint_eq(status.step, status.steps);
    size_t size, first_size;
    char *bytes = state_of(model, session_world(session), &size);
    struct world *first = world_new(model);
    char *first_bytes = state_of(model, first, &first_size);
    if (status.steps) {
        ck_assert(session_jump(session, SESSION_JUMP_END, true, 0));
        same(model, session, first_bytes, first_size, path);
        ck_assert(session_jump(session, SESSION_JUMP_TO, false, status.steps));
    }
    same(model, session, bytes, size, path);

    session_schedule_text(session, &schedule);
    options.schedule = text_bytes(&schedule);
    struct session *again = session_open_stepping(program, model, &options, &error);
    ck_assert_msg(again, "%s: %s", path, text_bytes(&error));
    same(model, again, bytes, size, path);
    session_close(again);
    session_close(session);
    world_free(first, model);
    free(bytes);
    free(first_bytes);
    text_fini(&schedule);
    text_fini(&messages);
    text_fini(&error);
    model_free(model);
    program_free(program);
    return status.steps;
}

START_TEST(every_scenario_freezes)
{
    struct paths paths = {0};
    const char *folder = getenv("THRUM_SCENARIOS");
    ck_assert_ptr_nonnull(folder);
    struct text tests = {0};
    text_printf(&tests, "%s/../tests/scenario/semantics", folder);
    collect(folder, &paths);
    collect(text_bytes(&tests), &paths);
    text_clear(&tests);
    text_printf(&tests, "%s/../tests/scenario/verdicts", folder);
    collect(text_bytes(&tests), &paths);
    text_fini(&tests);
    ck_assert_uint_gt(paths.items.count, 60);
    uint64_t steps = 0, random = clock_now(); /* whenever it is */
    for (size_t i = 0; i < paths.items.count; i++) {
        steps += freeze(paths.items.items[i], (int64_t)(i % 5) * 3000000, i);
        steps += freeze(paths.items.items[i], (int64_t)random_below(&random, 500000), i);
        free(paths.items.items[i]);
    }
    vector_fini(&paths.items);
    ck_assert_uint_gt(steps, 100);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("freeze");
    TCase *tests = tcase_create("freeze");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_scenario_freezes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
