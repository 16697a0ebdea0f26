/* What exploring says of programs whose answers are known. */
#include "../unit.h"

#include <math.h>
#include <string.h>

#include "compare.h"
#include "explore/visited.h"
#include "lang/lang.h"

static struct program *compile(const char *source)
{
    struct text messages = {0};
    struct program *program = lang_compile("test.thrum", source, strlen(source), &messages);
    ck_assert_msg(program != NULL, "%s", text_bytes(&messages));
    text_fini(&messages);
    return program;
}

static struct explore_result *explore(const struct program *program, struct explore_request request)
{
    request.program = program;
    if (!request.jobs)
        request.jobs = 1;
    struct explore_result *result = explore_run(&request, NULL);
    struct text wrong = {0};
    if (!request.verdicts_only)
        check_schedules(result, &wrong);
    ck_assert_str_eq(text_bytes(&wrong), "");
    text_fini(&wrong);
    return result;
}

static const struct explore_failure *failure_of(const struct explore_result *result,
                                                enum verdict verdict)
{
    for (uint32_t i = 0; i < result->failure_count; i++)
        if (result->failures[i].verdict == verdict)
            return &result->failures[i];
    return NULL;
}

static const char lost_update[] = "c = 0\n"
                                  "thread A, B:\n"
                                  "    for i in range(3):\n"
                                  "        c += 1\n"
                                  "after:\n"
                                  "    assert c == 6, \"lost\"\n"
                                  "expect race, assertion \"lost\"\n";

START_TEST(lost_updates)
{
    struct program *program = compile(lost_update);
    struct explore_request requests[] = {{0}, {.no_reduction = true}, {.exact = true}};
    for (size_t k = 0; k < 3; k++) {
        struct explore_result *result = explore(program, requests[k]);
        ck_assert(result->complete && result->livelock_known && !result->can_loop);
        ck_assert(explore_as_expected(result, NULL));
        ck_assert_uint_eq(result->outcome_count, 5);
        double sum = 0;
        for (uint32_t i = 0; i < 5; i++) {
            ck_assert_int_eq(result->outcomes[i].cells[0], i + 2);
            ck_assert_int_eq(result->outcomes[i].failure >= 0, i < 4);
            ck_assert(result->outcomes[i].has_share);
            sum += result->outcomes[i].share;
        }
        ck_assert(fabs(sum - 1) < 1e-9);
        /* c = 2: the chance that a scheduler that tosses a coin at each step gives; 1/256 by hand:
         * A and B both load 0 first, and so on; unreduced and reduced searches must agree on it
         * exactly. */
        ck_assert(fabs(result->outcomes[0].share - 1.0 / 256) < 1e-9);
        const struct explore_failure *failure = failure_of(result, VERDICT_ASSERTION);
        ck_assert_ptr_nonnull(failure);
        ck_assert_str_eq(failure->detail, "lost");
        ck_assert(failure->schedule.minimal);
        ck_assert_uint_eq(failure->schedule.preemptions, 1);
        ck_assert_uint_eq(failure->schedule.switches, 2);
        ck_assert(failure->return_known && failure->point_of_no_return > 0 && failure->has_passing);
        ck_assert(fabs(failure->share - (1 - result->outcomes[4].share)) < 1e-9);
        explore_free(result);
    }
    program_free(program);
}
END_TEST

static const char ring[] = "forks = [Lock() for i in range(4)]\n"
                           "thread p(i) for i in range(4):\n"
                           "    repeat 2:\n"
                           "        with forks[i]:\n"
                           "            with forks[(i + 1) % 4]:\n"
                           "                pass\n"
                           "expect deadlock\n";

START_TEST(philosophers)
{
    struct program *program = compile(ring);
    struct explore_result *whole = explore(program, (struct explore_request){.no_reduction = true});
    struct explore_result *reduced = explore(program, (struct explore_request){0});
    ck_assert(whole->complete && reduced->complete && reduced->reduced_by_order);
    ck_assert_uint_lt(reduced->states, whole->states);
    for (int k = 0; k < 2; k++) {
        const struct explore_result *result = k ? reduced : whole;
        const struct explore_failure *failure = failure_of(result, VERDICT_DEADLOCK);
        ck_assert_uint_eq(result->failure_count, 1);
        ck_assert(failure->schedule.minimal);
        ck_assert_uint_eq(failure->schedule.preemptions, 1);
        ck_assert_uint_eq(failure->schedule.switches, 3);
        ck_assert_uint_eq(failure->schedule.count, 4);
        ck_assert_uint_eq(failure->point_of_no_return, 4);
    }
    explore_free(whole);
    explore_free(reduced);
    program_free(program);
}
END_TEST

/* Too large for the whole graph: the point of no return is found by going back. */
START_TEST(an_invariant_ends_a_run_before_the_failure)
{
    struct program *program = compile("x = 0\n"
                                      "apart = [0] * 6\n"
                                      "lock = Lock()\n"
                                      "thread B:\n"
                                      "    lock.acquire()\n"
                                      "    lock.acquire()\n"
                                      "thread A:\n"
                                      "    x = 1\n"
                                      "    x = 2\n"
                                      "thread C(i) for i in range(6):\n"
                                      "    for k in range(6):\n"
                                      "        apart[i] = k\n"
                                      "invariant x < 2, \"x is small\"\n");
    struct explore_result *result = explore(program, (struct explore_request){0});
    const struct explore_failure *failure = failure_of(result, VERDICT_DEADLOCK);
    ck_assert(result->complete && result->reduced_by_order && !failure->has_share);
    ck_assert(failure->return_known && failure->has_passing);
    ck_assert_uint_eq(failure->schedule.count, 1);
    ck_assert_uint_eq(failure->point_of_no_return, 1);
    explore_free(result);
    program_free(program);
}
END_TEST

/* The ends of C and MainThread, which nobody notices, stand between the steps of A and B. */
START_TEST(ends_between_hide_no_preemption)
{
    struct program *program = compile("x = 0\n"
                                      "thread A:\n"
                                      "    x += 1\n"
                                      "thread B:\n"
                                      "    C.join()\n"
                                      "    x = 5\n"
                                      "thread C:\n"
                                      "    pass\n"
                                      "after:\n"
                                      "    assert x > 1, \"lost\"\n");
    struct explore_result *result = explore(program, (struct explore_request){0});
    const struct explore_failure *failure = failure_of(result, VERDICT_ASSERTION);
    ck_assert_uint_eq(failure->schedule.preemptions, 1);
    struct text table = {0};
    explore_schedule_table(result, &failure->schedule, failure->point_of_no_return, 100, &table);
    ck_assert_ptr_nonnull(strstr(text_bytes(&table), "(A is interrupted)"));
    text_fini(&table);
    explore_free(result);
    program_free(program);
}
END_TEST

static char *all_schedules(const struct explore_result *result)
{
    struct text out = {0};
    for (uint32_t i = 0; i < result->failure_count; i++) {
        explore_schedule_text(result, &result->failures[i].schedule, &out);
        text_printf(&out, " %u\n", result->failures[i].point_of_no_return);
        explore_schedule_text(result, &result->failures[i].passing, &out);
    }
    for (uint32_t i = 0; i < result->outcome_count; i++) {
        explore_schedule_text(result, &result->outcomes[i].schedule, &out);
        text_printf(&out, " %.17g\n", result->outcomes[i].share);
    }
    return text_take(&out);
}

START_TEST(any_number_of_jobs)
{
    /* Large enough that the crew is called. */
    struct program *program = compile("c = 0\n"
                                      "thread A, B, C:\n"
                                      "    for i in range(4):\n"
                                      "        c += 1\n"
                                      "after:\n"
                                      "    assert c == 12, \"lost\"\n");
    char *before = NULL;
    uint64_t states = 0, edges = 0;
    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        struct explore_result *result =
            explore(program, (struct explore_request){.no_reduction = true, .jobs = jobs});
        char *schedules = all_schedules(result);
        ck_assert_uint_gt(result->states, 40000);
        if (before) {
            ck_assert_uint_eq(result->states, states);
            ck_assert_uint_eq(result->edges, edges);
            ck_assert_str_eq(schedules, before);
        }
        states = result->states;
        edges = result->edges;
        free(before);
        before = schedules;
        explore_free(result);
    }
    free(before);
    program_free(program);
}
END_TEST

START_TEST(cut_short)
{
    struct program *program = compile(lost_update);
    struct explore_result *result =
        explore(program, (struct explore_request){.states = 20, .no_reduction = true});
    struct text why = {0};
    ck_assert(!result->complete);
    ck_assert(!explore_as_expected(result, &why));
    /* The search for few preemptions has limits of its own, and came to the end. */
    ck_assert_int_eq(result->searched_preemptions, INT32_MAX);
    ck_assert_ptr_nonnull(strstr(text_bytes(&why), "incomplete: stopped by the limit of states"));
    text_fini(&why);
    explore_free(result);
    struct explore_progress progress = {0};
    atomic_store(&progress.cancel, true);
    struct explore_request request = {.program = program, .jobs = 1};
    result = explore_run(&request, &progress);
    ck_assert(!result->complete);
    ck_assert_uint_eq(atomic_load(&progress.phase), EXPLORE_DONE);
    explore_free(result);
    program_free(program);
}
END_TEST

/* Source, and the verdicts as `expect` would name them. */
static const struct {
    const char *source;
    bool ordered;
} cases[] = {
    /* a polling loop with a way out, and one without */
    {"go = Atomic(False)\nthread A:\n    while not go:\n        pass\nthread B:\n    go = "
     "True\nexpect ok\n",
     false},
    {"go = Atomic(False)\nthread A:\n    while not go:\n        yield_now()\nexpect livelock\n",
     false},
    /* a loop of quiet operations only */
    {"x = 0\nthread daemon A:\n    while True:\n        sleep(1ms)\nthread B:\n    x = 1\nexpect "
     "ok\n",
     false},
    /* time is not synchronisation, unless a clock rules */
    {"x = Atomic(0)\nthread A:\n    sleep(10ms)\n    assert x == 1, \"early\"\nthread B:\n    x = "
     "1\nexpect assertion \"early\"\n",
     false},
    {"x = Atomic(0)\nthread A:\n    sleep(10ms)\n    assert x == 1, \"early\"\nthread B:\n    x = "
     "1\nexpect ok\n",
     true},
    {"option time ordered\nx = Atomic(0)\nthread A:\n    sleep(10ms)\n    assert x == 1\nthread "
     "B:\n    sleep(20ms)\n    x = 1\n"
     "expect assertion\n",
     false},
    {"e = Event()\nthread A:\n    assert e.wait(timeout=30ms), \"late\"\nthread B:\n    "
     "sleep(20ms)\n    e.set()\nexpect ok\n",
     true},
    {"e = Event()\nthread A:\n    assert e.wait(timeout=10ms), \"late\"\nthread B:\n    "
     "sleep(20ms)\n    e.set()\n"
     "expect assertion \"late\"\n",
     true},
    /* same deadline: either may be first */
    {"e = Event()\nthread A:\n    assert e.wait(timeout=20ms), \"late\"\nthread B:\n    "
     "sleep(20ms)\n    e.set()\n"
     "expect assertion \"late\"\n",
     true},
    /* a wait_for ends when its first wait said, however often it is woken: at 100 ms */
    {"c = Condition()\nx = 0\nthread A:\n    with c:\n        assert not c.wait_for(x, "
     "timeout=100ms), \"in time\"\nthread B:\n    repeat 3:\n        sleep(40ms)\n        with c:\n"
     "            c.notify()\n    with c:\n        x = 1\n        c.notify()\nexpect ok\n",
     true},
    {"c = Condition()\nx = 0\nthread A:\n    with c:\n        assert not c.wait_for(x, "
     "timeout=100ms), \"in time\"\nthread B:\n    repeat 2:\n        sleep(40ms)\n        with c:\n"
     "            c.notify()\n    with c:\n        x = 1\n        c.notify()\nexpect assertion "
     "\"in "
     "time\"\n",
     true},
    /* woken in time, but the lock is free only when the time is up: it does not wait again */
    {"c = Condition()\nx = 0\nthread A:\n    with c:\n        assert not c.wait_for(x, "
     "timeout=100ms), \"in time\"\nthread B:\n    sleep(50ms)\n    with c:\n        c.notify()\n"
     "        sleep(60ms)\n    sleep(10ms)\n    with c:\n        x = 1\n        c.notify()\n"
     "expect ok\n",
     true},
    /* without a clock its time may be up at any time, and need not be */
    {"c = Condition()\nx = 0\nthread A:\n    with c:\n        assert c.wait_for(x, "
     "timeout=100ms), \"late\"\nthread B:\n    with c:\n        c.notify()\n    with c:\n"
     "        x = 1\n        c.notify()\nsometimes x == 2, \"two\"\nexpect assertion \"late\", "
     "unreached \"two\"\n",
     false},
    {"x = 0\nthread A:\n    x = randint(1, 3)\nsometimes x == 3, \"three\"\nsometimes x == 4, "
     "\"four\"\nexpect unreached\n",
     false},
    {"x = 0\ninvariant x < 2, \"small\"\nthread A:\n    x = 1\n    x = 2\n    x = 3\nexpect "
     "assertion \"small\"\n",
     false},
    {"l = Lock()\nthread A:\n    l.acquire()\n    l.acquire()\nthread B:\n    yield_now()\nexpect "
     "deadlock\n",
     false},
    {"thread A:\n    raise ValueError(\"no\")\nexpect error ValueError\n", false},
    /* CPython 3.11 does not switch within `c += 1`, but around a call */
    {"option gil 5ms\nc = 0\nthread A, B:\n    repeat 3:\n        c += 1\nafter:\n    assert c == "
     "6\nexpect ok\n",
     false},
    {"option gil 5ms\nc = 0\ndef one():\n    return 1\nthread A, B:\n    repeat 2:\n        c += "
     "one()\nafter:\n    assert c == 4\n"
     "expect assertion, race\n",
     false},
};

START_TEST(verdicts)
{
    for (int reduction = 0; reduction < 2; reduction++) {
        struct program *program = compile(cases[_i].source);
        struct explore_result *result =
            explore(program, (struct explore_request){.no_reduction = !reduction,
                                                      .time_order = cases[_i].ordered
                                                                        ? EXPLORE_TIME_ORDERED
                                                                        : EXPLORE_TIME_PROGRAM});
        struct text why = {0};
        ck_assert_msg(explore_as_expected(result, &why), "%s\n%s", cases[_i].source,
                      text_bytes(&why));
        text_fini(&why);
        explore_free(result);
        program_free(program);
    }
}
END_TEST

START_TEST(no_collisions)
{
    /* Few bits differ between these states; a weak hash would fold some of them. */
    struct program *program =
        compile("a = 0\nb = 0\nl = Lock()\nm = Lock()\n"
                "thread w(i) for i in range(3):\n    repeat 2:\n"
                "        with l:\n            a += 1\n        with m:\n            b += a\n");
    struct explore_request hashed = {.no_reduction = true, .verdicts_only = true};
    struct explore_request exact = {.no_reduction = true, .verdicts_only = true, .exact = true};
    struct explore_result *first = explore(program, hashed), *second = explore(program, exact);
    ck_assert_uint_gt(first->states, 5000);
    ck_assert_uint_eq(first->states, second->states);
    ck_assert_uint_eq(first->edges, second->edges);
    explore_free(first);
    explore_free(second);
    program_free(program);
}
END_TEST

START_TEST(the_set_of_states)
{
    struct visited visited;
    visited_init(&visited, 10);
    for (uint64_t i = 0; i < 5000; i++) {
        bool fresh = false;
        visited_reserve(&visited, 1);
        struct visited_slot *slot = visited_insert(&visited, i * 0x9e3779b97f4a7c15u, &fresh);
        ck_assert(fresh);
        slot->number = (uint32_t)i + 1;
        visited.count++;
    }
    for (uint64_t i = 0; i < 5000; i++) {
        bool fresh = true;
        struct visited_slot *slot = visited_insert(&visited, i * 0x9e3779b97f4a7c15u, &fresh);
        ck_assert(!fresh);
        ck_assert_uint_eq(slot->number, i + 1);
    }
    ck_assert_ptr_null(visited_find(&visited, 12345));
    visited_fini(&visited);
}
END_TEST

static Suite *explore_suite(void)
{
    Suite *suite = suite_create("explore");
    TCase *known = tcase_create("known answers");
    tcase_set_timeout(known, 120);
    tcase_add_test(known, lost_updates);
    tcase_add_test(known, philosophers);
    tcase_add_test(known, an_invariant_ends_a_run_before_the_failure);
    tcase_add_test(known, ends_between_hide_no_preemption);
    tcase_add_test(known, any_number_of_jobs);
    tcase_add_test(known, cut_short);
    tcase_add_loop_test(known, verdicts, 0, sizeof cases / sizeof *cases);
    tcase_add_test(known, the_set_of_states);
    tcase_add_test(known, no_collisions);
    suite_add_tcase(suite, known);
    return suite;
}

UNIT_MAIN(explore_suite)
