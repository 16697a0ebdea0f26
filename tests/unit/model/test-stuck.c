/* Who is stuck, on philosophers put together by hand. */
#include <string.h>

#include "../unit.h"
#include "assembled.h"
#include "base/text.h"
#include "generate.h"
#include "load.h"
#include "naive.h"

static const struct choice go = {CHOICE_STEP, 0};

START_TEST(everybody_at_the_table)
{
    struct program *program = assembled_philosophers(5, 1);
    struct model *model = model_new(program);
    struct stuck_analysis *analysis = stuck_new(program);
    struct world *world = world_new(model);
    struct effect effect = {0};
    struct stuck_report report = {0};
    model_perform(model, world, 0, go, &effect);
    for (uint32_t i = 1; i <= 5; i++) {
        ck_assert(!stuck_any(analysis, model, world));
        model_perform(model, world, i, go, &effect);
    }
    ck_assert(stuck_any(analysis, model, world));
    ck_assert(stuck_find(analysis, model, world, &report));
    ck_assert(report.everyone);
    ck_assert_uint_eq(report.count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(report.threads[i].thread, i + 1);
        ck_assert_uint_eq(report.threads[i].reason, STUCK_CYCLE);
        ck_assert_uint_eq(report.threads[i].thing, program_object_thing(program, (i + 1) % 5));
    }
    ck_assert_uint_le(world_pack(model, world, NULL, 0), 300);
    stuck_fini(&report);
    stuck_free(analysis);
    effect_fini(&effect);
    world_free(world, model);
    model_free(model);
    program_free(program);
}
END_TEST

/* The naive explorer holds the judgement against every continuation. */
START_TEST(every_schedule_of_the_table)
{
    for (unsigned count = 2; count <= 4; count++) {
        struct program *program = assembled_philosophers(count, 2);
        struct model *model = model_new(program);
        struct naive naive = {0};
        naive_explore(model, NULL, &naive);
        ck_assert(naive.complete);
        ck_assert_str_eq(text_bytes(&naive.defects), "");
        ck_assert_ptr_nonnull(naive_finding(&naive, VERDICT_DEADLOCK, NULL));
        ck_assert_uint_eq(naive.outcomes.count, 1);
        naive_fini(&naive);
        model_free(model);
        program_free(program);
    }
}
END_TEST

/* More threads than the judgement has near rooms for. */
START_TEST(a_large_table)
{
    enum { COUNT = 300 };
    struct program *program = assembled_philosophers(COUNT, 1);
    struct model *model = model_new(program);
    struct stuck_analysis *analysis = stuck_new(program);
    struct world *world = world_new(model);
    struct effect effect = {0};
    struct stuck_report report = {0};
    for (uint32_t i = 1; i <= COUNT; i++) {
        ck_assert(!stuck_find(analysis, model, world, &report));
        ck_assert_uint_eq(report.count, 0);
        model_perform(model, world, i, go, &effect);
    }
    ck_assert(stuck_find(analysis, model, world, &report));
    ck_assert_uint_eq(report.count, COUNT);
    ck_assert(!report.everyone); /* MainThread can still end */
    for (uint32_t i = 0; i < COUNT; i++)
        ck_assert_uint_eq(report.threads[i].reason, STUCK_CYCLE);
    stuck_fini(&report);
    stuck_free(analysis);
    effect_fini(&effect);
    world_free(world, model);
    model_free(model);
    program_free(program);
}
END_TEST

/* Nobody who was called stuck ever steps again; where nobody can step, somebody is called stuck. */
START_TEST(random_scenarios)
{
    unsigned stuck = 0;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        struct text source = {0};
        generate_scenario(seed, NULL, &source);
        struct program *program = load_text(text_bytes(&source));
        ck_assert_msg(program != NULL, "seed %llu does not compile", (unsigned long long)seed);
        struct model *model = model_new(program);
        struct naive naive = {0};
        naive_explore(model, &(struct naive_options){.max_states = 3000}, &naive);
        ck_assert_msg(!naive.defects.length, "seed %llu: %s", (unsigned long long)seed,
                      text_bytes(&naive.defects));
        stuck += naive_finding(&naive, VERDICT_DEADLOCK, NULL) != NULL;
        naive_fini(&naive);
        model_free(model);
        program_free(program);
        text_fini(&source);
    }
    ck_assert_uint_gt(stuck, 20);
}
END_TEST

/* Small programs and how their deadlock is explained. */
static const struct {
    const char *source, *explanation;
} explained[] = {
    {"c = Condition()\nthread A:\n    with c:\n        c.wait()\n", "A: lost wake-up"},
    {"e = Event()\nthread A:\n    e.wait()\n", "A: never set"},
    {"b = Barrier(3)\nthread A, B:\n    b.wait()\n", "A: missing party, B: missing party"},
    {"l = Lock()\nthread A:\n    with l:\n        with l:\n            pass\n",
     "A: waits for what it holds itself"},
    {"thread A:\n    B.join()\nthread B:\n    A.join()\n", "A: cycle, B: cycle"},
    {"e = Event()\nthread A:\n    e.wait()\nmain:\n    A.join()\n",
     "MainThread: joins a stuck thread, A: never set"},
    {"l = Lock()\nthread A:\n    with l:\n        pass\nmain:\n    l.acquire()\n    A.join()\n    "
     "l.release()\n",
     "MainThread: cycle, A: cycle"},
    {"l = Lock()\nthread A:\n    l.acquire()\nthread B:\n    A.join()\n    l.acquire()\n",
     "B: never released"},
    {"s = Semaphore(0)\nthread A:\n    s.acquire()\n", "A: never released"},
    {"a = RLock()\nb = RLock()\ngo = Event()\nthread A:\n    a.acquire()\n    go.set()\n    "
     "b.acquire()\n"
     "thread B:\n    b.acquire()\n    go.wait()\n    a.acquire()\n"
     "thread C:\n    go.wait()\n    a.acquire()\n",
     "A: cycle, B: cycle, C: never released"},
    {"a = Event()\nb = Event()\nthread A:\n    a.wait()\n    b.set()\nthread B:\n    b.wait()\n    "
     "a.set()\n",
     "A: never set, B: never set"},
    {"l = Lock()\ne = Event()\nthread A:\n    l.acquire()\n    e.wait()\n    l.release()\n"
     "thread B:\n    A.join()\n    e.set()\n",
     "A: never set, B: cycle"},
    /* Nobody is stuck: a timed wait, and a daemon that can still help. */
    {"e = Event()\nthread A:\n    e.wait()\nthread B:\n    e.wait(timeout=1ms)\n    e.set()\n", ""},
    {"e = Event()\nthread A:\n    e.wait()\nthread daemon D:\n    sleep(1ms)\n    e.set()\n", ""},
    /* Indices by a parameter: B works on its own lock for ever, and cannot help A with the other.
     */
    {"ls = [Lock(), Lock()]\nthread A:\n    with ls[0]:\n        with ls[0]:\n            pass\n"
     "thread daemon w(i) for i in range(1, 2):\n    while True:\n        with ls[i]:\n            "
     "pass\n",
     "A: waits for what it holds itself"},
};

static void check_explanation(const char *source, const char *explanation)
{
    struct program *program = load_text(source);
    ck_assert_ptr_nonnull(program);
    struct model *model = model_new(program);
    struct naive naive = {0};
    naive_explore(model, NULL, &naive);
    ck_assert_str_eq(text_bytes(&naive.defects), "");
    struct text all = {0};
    naive_summary(&naive, &all);
    if (*explanation)
        ck_assert_msg(naive_finding(&naive, VERDICT_DEADLOCK, explanation) != NULL,
                      "%s\nis not explained by \"%s\":\n%s", source, explanation, text_bytes(&all));
    else
        ck_assert_msg(naive_finding(&naive, VERDICT_DEADLOCK, NULL) == NULL, "%s\n%s", source,
                      text_bytes(&all));
    text_fini(&all);
    naive_fini(&naive);
    model_free(model);
    program_free(program);
}

START_TEST(explanations)
{
    for (size_t i = 0; i < sizeof explained / sizeof explained[0]; i++)
        check_explanation(explained[i].source, explained[i].explanation);
}
END_TEST

static Suite *stuck_suite(void)
{
    Suite *suite = suite_create("stuck");
    TCase *cases = tcase_create("stuck");
    tcase_add_test(cases, everybody_at_the_table);
    tcase_add_test(cases, every_schedule_of_the_table);
    tcase_add_test(cases, explanations);
    tcase_add_test(cases, a_large_table);
    tcase_add_test(cases, random_scenarios);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(stuck_suite)
