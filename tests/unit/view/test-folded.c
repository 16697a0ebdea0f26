/* Groups by name, and the row that shows a whole group. */
#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "view/canvas.h"
#include "view/folded.h"
#include "view/groups.h"

static void check_group(const struct trace_catalog *catalog, const uint32_t *wanted, uint32_t count)
{
    uint32_t firsts[32];
    ck_assert_uint_le(count, 32);
    groups_find(catalog, false, count, firsts);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_msg(firsts[i] == wanted[i], "%s: group of %u, not of %u",
                      catalog_thread_name(catalog, i), firsts[i], wanted[i]);
}

START_TEST(names_tell_groups)
{
    static const char *const names[] = {
        "MainThread", "worker-0",       "reader-alice",   "worker-1",       "Thread-1 (f)",
        "A",          "reader-bob",     "Thread-2 (g)",   "Thread-3 (f)",   "B",
        "worker",     "worker-10",      "w-orker-1",      "Thread-A.1 (f)", "-",
        "",           "Thread-4 (f-g)", "Thread-5 (f-g)",
    };
    static const uint32_t wanted[] = {0, 1, 2, 1, 4, 5, 2, 7, 4, 9, 10, 1, 12, 4, 14, 15, 16, 16};
    struct trace_catalog catalog = {0};
    enum { COUNT = sizeof names / sizeof *names };
    for (size_t i = 0; i < COUNT; i++)
        catalog_add_thread(&catalog, names[i], false, THRUM_NONE);
    check_group(&catalog, wanted, COUNT);
    struct text text = {0};
    group_name("worker-10", &text);
    text_add(&text, "|");
    group_name("Thread-3 (f)", &text);
    text_add(&text, "|");
    group_name("grid[0][1]", &text);
    text_add(&text, "|");
    group_name("guard", &text);
    ck_assert_str_eq(text_bytes(&text), "worker|Thread (f)|grid|guard");
    text_fini(&text);
    catalog_fini(&catalog);
}
END_TEST

START_TEST(lists_of_different_types_stay_apart)
{
    struct trace_catalog catalog = {0};
    uint32_t firsts[4];
    catalog_add_object(&catalog, "a[0]", TRACE_LOCK);
    catalog_add_object(&catalog, "a[1]", TRACE_EVENT);
    catalog_add_object(&catalog, "a[2]", TRACE_LOCK);
    catalog_add_object(&catalog, "ab[0]", TRACE_LOCK);
    groups_find(&catalog, true, 4, firsts);
    ck_assert_uint_eq(firsts[0], 0);
    ck_assert_uint_eq(firsts[1], 1);
    ck_assert_uint_eq(firsts[2], 0);
    ck_assert_uint_eq(firsts[3], 3);
    catalog_fini(&catalog);
}
END_TEST

START_TEST(states_of_one_rank_look_alike)
{
    for (int state = 0; state < LANE_STATES; state++) {
        const struct lane_look *look = lane_look((enum lane_state)state);
        ck_assert_uint_lt(look->rank, LANE_RANKS);
        const struct lane_look *shown = lane_look(folded_state(look->rank));
        ck_assert_uint_eq(shown->rank, look->rank);
        ck_assert_uint_eq(shown->glyph, look->glyph);
        ck_assert_int_eq(shown->style, look->style);
    }
}
END_TEST

static void emit(struct history *history, uint32_t thread, uint64_t time, unsigned kind,
                 uint32_t object)
{
    struct thrum_event event = {
        .time = time, .object = object, .kind = (uint16_t)kind, .flags = THRUM_STEP};
    history_append(history, thread, &event);
}

/*
 * Four workers over 60 columns of 10: all sleep until 100; from 100 on w-0 waits for the lock, from
 * 150 on w-1 too, from 350 on all do.
 */
START_TEST(a_group_shows_its_worst_and_most)
{
    struct trace_catalog catalog = {0};
    uint32_t threads[] = {0, 1, 2, 3};
    catalog_add_object(&catalog, "lock", TRACE_LOCK);
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "w-%d", i);
        catalog_add_thread(&catalog, name, false, THRUM_NONE);
    }
    struct history *history = history_new(&catalog);
    for (uint32_t i = 0; i < 4; i++) {
        emit(history, i, 0, THRUM_KIND_THREAD_BEGIN, THRUM_NONE);
        emit(history, i, 1, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE);
    }
    static const uint64_t begins[] = {100, 150, 350, 350};
    for (uint32_t i = 0; i < 4; i++) {
        emit(history, i, begins[i] - 1, THRUM_KIND_SLEEP_END, THRUM_NONE);
        emit(history, i, begins[i], THRUM_KIND_WAIT_BEGIN, 0);
    }
    history_advance(history, 600);
    struct lane lane = {0, 4};
    struct scene scene = {.history = history,
                          .catalog = &catalog,
                          .now = 600,
                          .cursor = 160,
                          .column = 10,
                          .threads = threads,
                          .thread_count = 4,
                          .thread_lanes = &lane,
                          .thread_lane_count = 1,
                          .thread = THRUM_NONE,
                          .object = THRUM_NONE};
    struct canvas canvas = {0};
    canvas_resize(&canvas, 60, 1);
    struct region region = canvas_region(&canvas);
    struct lane_cell cells[60];
    folded_threads_draw(&region, 0, &scene, lane, cells);
    struct text text = {0};
    canvas_dump(&canvas, &text);
    ck_assert_str_eq(text_bytes(&text), "··········░·░·░░░2 blocked: lock░░░░░░all 4 blocked: lock░░░\n");
    text_clear(&text);
    uint32_t counts[LANE_RANKS];
    folded_tally(&scene, lane, 160, counts);
    ck_assert_uint_eq(counts[lane_look(LANE_BLOCKED)->rank], 2);
    ck_assert_uint_eq(counts[lane_look(LANE_SLEEPING)->rank], 2);
    scene_lane_name(&scene, false, lane, &text);
    ck_assert_str_eq(text_bytes(&text), "w ×4");
    ck_assert_int_eq(scene_lane_of(&scene, false, 3), 0);
    ck_assert_int_eq(scene_lane_of(&scene, false, 4), -1);
    text_fini(&text);
    canvas_fini(&canvas);
    history_free(history);
    catalog_fini(&catalog);
}
END_TEST

static Suite *folded_suite(void)
{
    Suite *suite = suite_create("folded");
    TCase *tests = tcase_create("folded");
    tcase_add_test(tests, names_tell_groups);
    tcase_add_test(tests, lists_of_different_types_stay_apart);
    tcase_add_test(tests, states_of_one_rank_look_alike);
    tcase_add_test(tests, a_group_shows_its_worst_and_most);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(folded_suite)
