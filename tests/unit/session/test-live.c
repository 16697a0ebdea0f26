/* Live sessions: pauses, time-outs, freezing, leaving, and what problems are called. */
#include "../unit.h"

#include <dirent.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "lang/lang.h"
#include "session/session.h"
#include "trace/history.h"

static const int64_t MS = 1000000;

struct live {
    struct program *program;
    struct model *model;
    struct session *session;
    struct session_status status;
};

static void nap(int64_t nanoseconds)
{
    struct timespec span = {.tv_sec = nanoseconds / 1000000000,
                            .tv_nsec = nanoseconds % 1000000000};
    nanosleep(&span, NULL);
}

static struct live open_text(const char *text, const struct session_options *options)
{
    static const struct session_options none;
    struct live live = {0};
    struct text messages = {0};
    live.program = lang_compile("test.thrum", text, strlen(text), &messages);
    ck_assert_msg(live.program != NULL, "%s", text_bytes(&messages));
    text_fini(&messages);
    live.model = model_new(live.program);
    live.session = session_open_live(live.program, live.model, options ? options : &none);
    return live;
}

static void look(struct live *live)
{
    session_poll(live->session);
    session_status(live->session, &live->status);
    ck_assert_uint_eq(live->status.lost, 0);
    ck_assert_msg(!live->status.defects, "%s", live->status.defect);
    ck_assert_msg(!live->status.error, "%s", live->status.error);
}

/* Waits until the run has ended, at most five seconds. */
static void wait_for_end(struct live *live)
{
    uint64_t begin = clock_now();
    do {
        nap(MS);
        look(live);
        ck_assert_msg(clock_now() - begin < 20000 * (uint64_t)MS, "the run does not end");
    } while (!live->status.ended);
}

static void close_live(struct live *live)
{
    session_close(live->session);
    model_free(live->model);
    program_free(live->program);
}

START_TEST(pause_stops_the_clock)
{
    struct live live = open_text("\"x\"\nthread A:\n    sleep(100ms)\n", NULL);
    nap(20 * MS);
    ck_assert(session_pause(live.session));
    nap(5 * MS);
    look(&live);
    ck_assert(live.status.paused);
    uint64_t elapsed = live.status.elapsed;
    nap(150 * MS);
    look(&live);
    ck_assert(!live.status.ended);
    ck_assert_uint_eq(live.status.elapsed, elapsed);
    ck_assert(session_resume(live.session));
    wait_for_end(&live);
    ck_assert(live.status.finished);
    ck_assert_uint_ge(live.status.elapsed, 100 * (uint64_t)MS);
    close_live(&live);
}
END_TEST

START_TEST(waits_go_on_with_their_remainder)
{
    struct live live = open_text("\"x\"\nlock = Lock()\ngot = 7\nmain:\n    lock.acquire()\n"
                                 "    if lock.acquire(timeout=0.1):\n        got = 1\n"
                                 "    else:\n        got = 0\n",
                                 NULL);
    nap(30 * MS);
    ck_assert(session_pause(live.session));
    nap(150 * MS);
    look(&live);
    ck_assert(!live.status.ended);
    ck_assert(session_resume(live.session));
    wait_for_end(&live);
    ck_assert_int_eq(session_world(live.session)->words[0], 0);
    ck_assert_uint_ge(live.status.elapsed, 100 * (uint64_t)MS);
    close_live(&live);
}
END_TEST

START_TEST(every_timed_wait_times_out)
{
    struct live live = open_text("\"x\"\nsem = Semaphore(0)\nev = Event()\ncond = Condition()\n"
                                 "bar = Barrier(2)\nflag = False\ntold = [9, 9, 9, 9, 9]\n"
                                 "def sleeper():\n    sleep(200ms)\n"
                                 "main:\n"
                                 "    told[0] = 1 if sem.acquire(timeout=10ms) else 0\n"
                                 "    told[1] = 1 if ev.wait(10ms) else 0\n"
                                 "    with cond:\n"
                                 "        told[2] = 1 if cond.wait(10ms) else 0\n"
                                 "        told[3] = 1 if cond.wait_for(flag, 10ms) else 0\n"
                                 "    try:\n        bar.wait(10ms)\n"
                                 "    except BrokenBarrierError:\n        told[4] = 0\n"
                                 "    t = Thread(target=sleeper, daemon=True)\n"
                                 "    t.start()\n    t.join(10ms)\n"
                                 "    assert t.is_alive(), \"joined too early\"\n",
                                 NULL);
    wait_for_end(&live);
    ck_assert_uint_eq(live.status.verdicts, 1u << VERDICT_OK);
    for (int i = 1; i <= 5; i++) /* words[0] is flag */
        ck_assert_int_eq(session_world(live.session)->words[i], 0);
    ck_assert_uint_ge(live.status.elapsed, 60 * (uint64_t)MS);
    close_live(&live);
}
END_TEST

/* A wait_for ends when its first wait said, though it is woken again and again, and though its
 * condition waits, with other time-outs, itself. */
START_TEST(wait_for_ends_in_its_own_time)
{
    struct live live = open_text("\"x\"\ncond = Condition()\nnever = Event()\nlooks = Atomic(0)\n"
                                 "def slow():\n    looks.add(1)\n"
                                 "    return never.wait(timeout=1ms)\n"
                                 "thread daemon waker:\n    while True:\n        sleep(5ms)\n"
                                 "        with cond:\n            cond.notify()\n"
                                 "main:\n    with cond:\n"
                                 "        assert not cond.wait_for(slow(), timeout=60ms)\n",
                                 NULL);
    wait_for_end(&live);
    ck_assert_uint_eq(live.status.verdicts, 1u << VERDICT_OK);
    ck_assert_int_gt(session_world(live.session)->words[0], 2);
    ck_assert_uint_ge(live.status.elapsed, 60 * (uint64_t)MS);
    close_live(&live);
}
END_TEST

START_TEST(what_never_ends_can_be_left)
{
    static const char *const texts[] = {
        "\"x\"\nthread A:\n    sleep(1000)\n",
        "\"x\"\nthread A:\n    io(1000)\n",
        "\"x\"\nthread A:\n    compute(1000)\n",
        "\"x\"\nthread A:\n    while True:\n        pass\n",
        "\"x\"\nstop = False\nthread A, B:\n    while not stop:\n        pass\n",
        "\"x\"\nlock = Lock()\nthread A:\n    lock.acquire()\n    lock.acquire()\n",
        "\"x\"\ne = Event()\nthread A:\n    e.wait(1000)\n",
        "\"x\"\noption gil 1s\nn = 0\nthread A, B:\n    while True:\n        n += 1\n",
        ("\"x\"\nl = Lock()\nb = Barrier(2000)\nthread w * 1000:\n    with l:\n"
         "        pass\n    b.wait()\n"),
    };
    enum { PLAIN, PAUSED, STOPPED, HOWS };
    for (size_t i = 0; i < HOWS * (sizeof texts / sizeof *texts); i++) {
        struct live live = open_text(texts[i / HOWS], NULL);
        nap(15 * MS);
        if (i % HOWS == PAUSED)
            session_pause(live.session);
        else if (i % HOWS == STOPPED)
            session_stop(live.session);
        close_live(&live); /* waits for ever for a thread that cannot be left */
    }
}
END_TEST

START_TEST(a_stopped_run_has_ended_early)
{
    struct live live =
        open_text("\"x\"\nn = 0\nthread A:\n    while True:\n        n += 1\n", NULL);
    nap(10 * MS);
    ck_assert(session_stop(live.session));
    look(&live);
    ck_assert(live.status.stopped && live.status.ended && !live.status.finished);
    close_live(&live);
}
END_TEST

static unsigned open_files(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

START_TEST(runs_leave_nothing_behind)
{
    const char *rounds = getenv("THRUM_RUNS");
    unsigned before = open_files(), most = rounds ? (unsigned)atoi(rounds) : 200;
    for (unsigned i = 0; i < most; i++) {
        struct live live = open_text("\"x\"\nn = Atomic(0)\nl = Lock()\nthread A, B:\n"
                                     "    io(1us)\n    with l:\n        n.add(1)\n"
                                     "    sleep(1000)\n",
                                     NULL);
        nap((int64_t)(i % 8) * MS / 4); /* left before, while and after its threads are made */
        look(&live);
        close_live(&live);
        ck_assert_uint_eq(open_files(), before);
    }
}
END_TEST

static void wait_for_start(struct live *live)
{
    uint64_t begin = clock_now();
    for (look(live); live->status.starting; look(live)) {
        ck_assert_msg(clock_now() - begin < 20000 * (uint64_t)MS, "the run does not start");
        nap(MS);
    }
}

/* A run makes its threads when those of the one before it have left, and three seconds later at most. */
START_TEST(a_run_waits_for_those_before_it)
{
    _Atomic uint32_t runs = 0;
    const char *const text = "\"x\"\nthread A:\n    sleep(1000)\n";
    struct session_options options = {.runs = &runs};
    struct live first = open_text(text, &options);
    wait_for_start(&first);
    for (int i = 0; i < 2; i++) {
        bool closes = i == 0;
        uint64_t begin = clock_now();
        struct live second = open_text(text, &options);
        nap(20 * MS);
        look(&second);
        if (clock_now() - begin < 2900 * (uint64_t)MS) {
            ck_assert(second.status.starting);
            ck_assert_uint_eq(second.status.elapsed, 0);
        }
        if (closes)
            close_live(&first);
        wait_for_start(&second);
        if (!closes) {
            ck_assert_uint_ge(clock_now() - begin, 3000 * (uint64_t)MS);
            close_live(&first);
        }
        first = second;
    }
    close_live(&first);
    ck_assert_uint_eq(runs, 0);
}
END_TEST

START_TEST(pace_slows_every_step)
{
    struct session_options options = {.pace = 10 * MS};
    struct live live =
        open_text("\"x\"\nn = 0\nthread A:\n    n = 1\n    n = 2\n    n = 3\n", &options);
    wait_for_end(&live);
    ck_assert_uint_ge(live.status.elapsed, 30 * (uint64_t)MS);
    close_live(&live);
}
END_TEST

START_TEST(the_limit_stops_a_run)
{
    struct session_options options = {.limit = 30 * MS};
    struct live live = open_text("\"x\"\nthread A:\n    sleep(1000)\n", &options);
    wait_for_end(&live);
    ck_assert(live.status.stopped);
    ck_assert_uint_ge(live.status.elapsed, 30 * (uint64_t)MS);
    close_live(&live);
}
END_TEST

START_TEST(daemons_stand_still_at_the_end)
{
    struct live live = open_text("\"x\"\nn = 0\nthread daemon D:\n    while True:\n        n += 1\n"
                                 "thread A:\n    sleep(5ms)\n",
                                 NULL);
    wait_for_end(&live);
    ck_assert(live.status.finished);
    int64_t n = session_world(live.session)->words[0];
    nap(20 * MS);
    ck_assert_int_eq(session_world(live.session)->words[0], n);
    close_live(&live);
}
END_TEST

/* A frozen run stands where the live one did, and its schedule leads there again. */
START_TEST(freezing_keeps_what_happened)
{
    struct live live =
        open_text("\"x\"\nn = 0\nlock = Lock()\nthread A, B:\n    while True:\n"
                  "        with lock:\n            n += randint(1, 3)\n        sleep(1ms)\n",
                  NULL);
    nap(30 * MS);
    ck_assert(session_freeze(live.session));
    ck_assert(session_poll(live.session) & SESSION_CHANGED_MODE);
    look(&live);
    ck_assert_int_eq(live.status.mode, SESSION_STEPPING);
    ck_assert_uint_gt(live.status.steps, 0);
    ck_assert_uint_eq(live.status.step, live.status.steps);
    struct text schedule = {0}, error = {0};
    session_schedule_text(live.session, &schedule);
    struct session_options options = {.schedule = text_bytes(&schedule)};
    struct session *again = session_open_stepping(live.program, live.model, &options, &error);
    ck_assert_msg(again != NULL, "%s", text_bytes(&error));
    ck_assert_int_eq(world_compare(live.model, session_world(live.session), session_world(again)),
                     0);
    session_close(again);
    text_fini(&schedule);
    text_fini(&error);
    close_live(&live);
}
END_TEST

/* What a run comes to, in words. */
struct expected {
    const char *text;
    enum problem_kind kind;
    const char *title;
    const char *evidence; /* a part of it */
};

static const struct expected expected[] = {
    {"\"x\"\na = Lock()\nb = Lock()\nready = Barrier(2)\n"
     "thread A:\n    with a:\n        ready.wait()\n        with b:\n            pass\n"
     "thread B:\n    with b:\n        ready.wait()\n        with a:\n            pass\n",
     PROBLEM_DEADLOCK, "DEADLOCK  2 threads wait for each other",
     "A holds a (line 6), waits for b (line 8)\n"
     "B holds b (line 11), waits for a (line 13)\n"
     "Nobody can move again. Taking them in one order would break the ring.\n"},
    {"\"x\"\na = Lock()\nthread A:\n    a.acquire()\n    a.acquire()\n", PROBLEM_DEADLOCK,
     "DEADLOCK  A waits", "A holds a (line 4), waits for a (line 5), which it holds itself\n"},
    {"\"x\"\na = Lock()\nthread A:\n    a.acquire()\nthread B:\n    A.join()\n    a.acquire()\n",
     PROBLEM_DEADLOCK, "DEADLOCK  B waits",
     "B waits for a (line 7), which nobody will release any more: A took it last (line 4) and has "
     "ended\n"},
    {"\"x\"\nc = Condition()\nthread A:\n    with c:\n        c.wait()\n", PROBLEM_LOST_WAKEUP,
     "LOST WAKE-UP  A waits", "A waits for c (line 5), and nobody will notify it any more\n"},
    {"\"x\"\nb = Barrier(3)\nthread A, B:\n    b.wait()\n", PROBLEM_MISSING_PARTY,
     "MISSING PARTY  2 threads wait for ever",
     "A waits for b (line 4), which needs 3, and no more will come\n"},
    {"\"x\"\nthread A:\n    B.join()\nthread B:\n    A.join()\n", PROBLEM_JOIN_CYCLE,
     "JOIN CYCLE  2 threads wait for each other", "A waits for the end of B (line 3)\n"},
    {"\"x\"\ne = Event()\nthread A:\n    e.wait()\n", PROBLEM_DEADLOCK, "DEADLOCK  A waits",
     "A waits for e (line 4), and nobody will set it any more\n"},
    {"\"x\"\na = Lock()\nthread A:\n    a.acquire()\n    raise ValueError(\"no\")\n",
     PROBLEM_EXCEPTION, "EXCEPTION  A dies of ValueError: no",
     "What it held stays held: a (line 4)"},
    {"\"x\"\nn = 0\nthread A:\n    n = 1\nafter:\n    assert n == 2, \"not two\"\n",
     PROBLEM_ASSERTION, "ASSERTION  not two", "after: raises AssertionError: not two (line 6)"},
    {"\"x\"\nn = 0\ninvariant n < 2, \"small\"\nthread A:\n    n = 1\n    n = 2\n    n = 3\n",
     PROBLEM_INVARIANT, "INVARIANT  small", "after a step of A (line 6)\nn = 2\n"},
};

START_TEST(problems_are_said_with_evidence)
{
    const struct expected *wanted = &expected[_i];
    struct live live = open_text(wanted->text, NULL);
    const struct problem *found = NULL;
    wait_for_end(&live);
    session_lock(live.session);
    struct history *history = session_history(live.session);
    for (size_t i = 0; i < history_problem_count(history); i++)
        if (history_problem(history, i)->kind == wanted->kind)
            found = history_problem(history, i);
    ck_assert_msg(found != NULL, "%s was not found", problem_kind_words(wanted->kind));
    ck_assert_msg(strstr(found->title, wanted->title) == found->title, "title: %s", found->title);
    ck_assert_msg(strstr(found->evidence, wanted->evidence) != NULL, "evidence: %s",
                  found->evidence);
    session_unlock(live.session);
    close_live(&live);
}
END_TEST

/* Two are stuck while a third goes on for ever. */
START_TEST(a_part_that_is_stuck_is_found)
{
    struct live live =
        open_text("\"x\"\na = Lock()\nn = Atomic(0)\n"
                  "thread A:\n    a.acquire()\n    a.acquire()\n"
                  "thread B:\n    while True:\n        n.add(1)\n        sleep(1ms)\n",
                  NULL);
    uint64_t begin = clock_now();
    do {
        nap(5 * MS);
        look(&live);
        ck_assert_msg(clock_now() - begin < 10000 * (uint64_t)MS, "not found");
    } while (!(live.status.verdicts >> VERDICT_DEADLOCK & 1));
    ck_assert(!live.status.ended);
    session_lock(live.session);
    ck_assert_int_eq(history_problem(session_history(live.session), 0)->kind,
                     PROBLEM_PARTIAL_DEADLOCK);
    session_unlock(live.session);
    close_live(&live);
}
END_TEST

START_TEST(a_thousand_threads)
{
    struct live live =
        open_text("\"x\"\nn = Atomic(0)\nthread w * 1000:\n    n.add(1)\n    sleep(20ms)\n"
                  "    n.add(1)\nafter:\n    assert n == 2000\n",
                  NULL);
    wait_for_end(&live);
    ck_assert_uint_eq(live.status.verdicts, 1u << VERDICT_OK);
    ck_assert_uint_eq(live.status.threads, 1001);
    close_live(&live);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("live");
    TCase *tcase = tcase_create("live");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, pause_stops_the_clock);
    tcase_add_test(tcase, waits_go_on_with_their_remainder);
    tcase_add_test(tcase, every_timed_wait_times_out);
    tcase_add_test(tcase, wait_for_ends_in_its_own_time);
    tcase_add_test(tcase, what_never_ends_can_be_left);
    tcase_add_test(tcase, a_stopped_run_has_ended_early);
    tcase_add_test(tcase, runs_leave_nothing_behind);
    tcase_add_test(tcase, a_run_waits_for_those_before_it);
    tcase_add_test(tcase, pace_slows_every_step);
    tcase_add_test(tcase, the_limit_stops_a_run);
    tcase_add_test(tcase, daemons_stand_still_at_the_end);
    tcase_add_test(tcase, freezing_keeps_what_happened);
    tcase_add_loop_test(tcase, problems_are_said_with_evidence, 0,
                        sizeof expected / sizeof *expected);
    tcase_add_test(tcase, a_part_that_is_stuck_is_found);
    tcase_add_test(tcase, a_thousand_threads);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(suite)
