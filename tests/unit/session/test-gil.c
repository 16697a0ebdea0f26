/* Live runs with `option gil`: one thread at a time, handed on by the rules; frozen runs become
 * schedules. */
#include "session/session.h"

#include <string.h>
#include <time.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/vector.h"
#include "lang/lang.h"
#include "trace/history.h"

struct bench {
    struct program *program;
    struct model *model;
    struct session *session;
};

static struct bench open_live(const char *text, uint64_t seed)
{
    struct text messages = {0};
    struct bench bench = {.program = lang_compile("test.thrum", text, strlen(text), &messages)};
    ck_assert_msg(bench.program, "%s", text_bytes(&messages));
    text_fini(&messages);
    bench.model = model_new(bench.program);
    struct session_options options = {.has_seed = true, .seed = seed, .no_kernel = true};
    bench.session = session_open_live(bench.program, bench.model, &options);
    return bench;
}

static void close_all(struct bench *bench)
{
    session_close(bench->session);
    model_free(bench->model);
    program_free(bench->program);
}

static struct session_status wait_for(struct bench *bench, uint64_t steps)
{
    struct session_status status;
    uint64_t end = clock_now() + 20000000000u;
    do {
        session_poll(bench->session);
        session_status(bench->session, &status);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    } while (!status.ended && status.steps < steps && clock_now() < end);
    ck_assert_msg(clock_now() < end, "the run does not end");
    ck_assert_msg(!status.defects, "%s", status.defect);
    return status;
}

/* Every step lies between its thread's taking and giving; who gave it up on request is not the next
 * to take it. */
static uint64_t check_rules(struct history *history, uint32_t gil)
{
    uint32_t holder = THRUM_NONE, forced = THRUM_NONE;
    uint64_t switches = 0;
    for (uint64_t i = 0; i < history_count(history); i++) {
        struct history_event record;
        ck_assert(history_event_at(history, i, &record));
        switch (record.event.kind) {
        case THRUM_KIND_GIL_TAKE:
            ck_assert_uint_eq(record.event.object, gil);
            ck_assert_uint_eq(holder, THRUM_NONE);
            ck_assert_uint_ne(record.thread, forced);
            holder = record.thread;
            forced = THRUM_NONE;
            switches++;
            break;
        case THRUM_KIND_GIL_DROP:
            ck_assert_uint_eq(holder, record.thread);
            holder = THRUM_NONE;
            if (record.event.flags & THRUM_RESULT) {
                forced = record.thread;
                ck_assert_int_ne(record.event.value, record.thread);
            }
            break;
        default: break;
        }
    }
    return switches;
}

/* The steps of one thread, in its own order, between takes and drops. */
static void check_thread(struct history *history, uint32_t thread)
{
    bool holds = false;
    for (uint64_t n = 0; n < history_thread_count(history, thread); n++) {
        struct history_event record;
        ck_assert(history_event_at(history, history_thread_nth(history, thread, n), &record));
        if (record.event.kind == THRUM_KIND_GIL_TAKE)
            holds = true;
        else if (record.event.kind == THRUM_KIND_GIL_DROP)
            holds = false;
        else if (record.event.flags & THRUM_STEP)
            ck_assert_msg(holds, "%s steps without the GIL", event_kind_name(record.event.kind));
    }
}

static const char counting[] = "c = 0\n"
                               "option gil 1ms\n"
                               "ready = Event()\n"
                               "guard = Lock()\n"
                               "thread A, B, C:\n"
                               "    for i in range(200):\n"
                               "        c += 1\n"
                               "    compute(3ms)\n"
                               "    with guard:\n"
                               "        sleep(1ms)\n"
                               "    ready.set()\n"
                               "thread waiter:\n"
                               "    ready.wait()\n"
                               "    io(1ms)\n"
                               "after:\n"
                               "    assert c == 600, 'an update was lost'\n";

START_TEST(live_runs_keep_the_rules)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct bench bench = open_live(counting, seed);
        struct session_status status = wait_for(&bench, UINT64_MAX);
        ck_assert(status.finished);
        /* `c += 1` has no check point between load and store. */
        ck_assert_uint_eq(status.verdicts & (1u << VERDICT_ASSERTION), 0);
        ck_assert_int_eq(session_world(bench.session)->words[0], 600);
        session_lock(bench.session);
        struct history *history = session_history(bench.session);
        ck_assert_uint_gt(check_rules(history, program_thing_count(bench.program)), 5);
        for (uint32_t thread = 0; thread < 5; thread++)
            check_thread(history, thread);
        session_unlock(bench.session);
        close_all(&bench);
    }
}
END_TEST

START_TEST(a_frozen_run_is_a_schedule)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct bench bench = open_live(counting, seed);
        wait_for(&bench, 200 * seed);
        ck_assert(session_freeze(bench.session));
        struct session_status status;
        session_status(bench.session, &status);
        ck_assert_int_eq(status.mode, SESSION_STEPPING);
        ck_assert_uint_ge(status.steps, 200 * seed);
        ck_assert_uint_eq(status.step, status.steps);
        /* Back to the start and there again: the same value. */
        int64_t value = session_world(bench.session)->words[0];
        ck_assert(session_jump(bench.session, SESSION_JUMP_END, true, 0));
        ck_assert_int_eq(session_world(bench.session)->words[0], 0);
        ck_assert(session_jump(bench.session, SESSION_JUMP_TO, false, status.steps));
        ck_assert_int_eq(session_world(bench.session)->words[0], value);
        ck_assert_uint_gt(
            check_rules(session_history(bench.session), program_thing_count(bench.program)), 0);
        /* What was printed of it is accepted, too. */
        struct text text = {0}, error = {0};
        session_schedule_text(bench.session, &text);
        struct session_options options = {.schedule = text_bytes(&text)};
        struct session *again = session_open_stepping(bench.program, bench.model, &options, &error);
        ck_assert_msg(again, "%s", text_bytes(&error));
        ck_assert_int_eq(session_world(again)->words[0], value);
        session_close(again);
        text_fini(&text);
        close_all(&bench);
    }
}
END_TEST

START_TEST(a_run_that_waits_for_the_gil_can_be_left)
{
    static const char hog[] = "option gil 10s\n"
                              "thread hog:\n"
                              "    compute(60s)\n"
                              "thread other:\n"
                              "    compute(1ms)\n";
    struct bench bench = open_live(hog, 1);
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    close_all(&bench); /* a thread that cannot be left would end the program here */
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("gil");
    TCase *tests = tcase_create("gil");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, live_runs_keep_the_rules);
    tcase_add_test(tests, a_frozen_run_is_a_schedule);
    tcase_add_test(tests, a_run_that_waits_for_the_gil_can_be_left);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
