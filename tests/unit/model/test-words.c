/* Worlds, values and operations in words. */
#include "../unit.h"
#include "base/text.h"
#include "load.h"
#include "model/step.h"
#include "model/value.h"

static void check_duration(int64_t nanoseconds, const char *expected)
{
    struct text out = {0};
    duration_text(nanoseconds, &out);
    ck_assert_str_eq(text_bytes(&out), expected);
    text_fini(&out);
}

START_TEST(durations)
{
    check_duration(0, "0s");
    check_duration(5000000, "5ms");
    check_duration(200000, "200us");
    check_duration(1500000000, "1.5s");
    check_duration(120000000000, "120s");
    check_duration(1, "1ns");
    check_duration(-2500000, "-2.5ms");
    check_duration(1000000001, "1.000000001s");
    check_duration(INT64_MAX, "9223372036.854775807s");
}
END_TEST

static const char scenario[] = "x = 0\n"
                               "names = [\"a'b\", \"\"]\n"
                               "a = Atomic(0)\n"
                               "lock = Lock()\n"
                               "cond = Condition(lock)\n"
                               "sem = BoundedSemaphore(2)\n"
                               "go = Event()\n"
                               "thread A:\n"
                               "    x = 1\n"
                               "    a.add(2)\n"
                               "    a.cas(2, 3)\n"
                               "    with cond:\n"
                               "        cond.notify(2)\n"
                               "        cond.wait(timeout=5ms)\n"
                               "    sleep(20ms)\n"
                               "    print(f\"{x + 1}\")\n"
                               "    v = randint(1, 3)\n"
                               "    lock.acquire(False)\n"
                               "    sem.acquire(timeout=1)\n"
                               "    B.join()\n"
                               "thread B:\n"
                               "    go.wait()\n"
                               "    x = 2\n";

/* What A does, one line a step. */
static const char *const expected[] = {
    "store x ← 1",
    "atomic add a +2",
    "atomic cas a 2 → 3",
    "acquire lock",
    "notify cond 2",
    "wait cond, at most 5ms",
    "wait cond, at most 5ms",
    "wait cond, at most 5ms",
    "release lock",
    "sleep 20ms",
    "load x → 1",
    "print \"2\"",
    "randint 1 … 3",
    "try to acquire lock",
    "acquire sem, at most 1s",
    "join B",
};

static void check_operation(struct model *model, const struct world *world, const char *words)
{
    struct operation operation;
    struct text out = {0};
    model_next(model, world, 1, &operation);
    operation_text(model, world, &operation, &out);
    ck_assert_str_eq(text_bytes(&out), words);
    text_fini(&out);
}

START_TEST(operations)
{
    struct program *program = load_text(scenario);
    ck_assert_ptr_nonnull(program);
    struct model *model = model_new(program);
    struct world *world = world_new(model);
    struct effect effect = {0};
    size_t count = sizeof expected / sizeof expected[0];
    for (size_t i = 0; i < count; i++) {
        check_operation(model, world, expected[i]);
        unsigned enabled = model_enabled(model, world, 1);
        struct choice choice = {CHOICE_STEP, 0};
        if (enabled & ENABLED_TIMEOUT)
            choice.kind = CHOICE_TIMEOUT;
        if (enabled & ENABLED_VALUE)
            choice = (struct choice){CHOICE_VALUE, 2};
        if (enabled)
            model_perform(model, world, 1, choice, &effect);
    }
    struct text out = {0};
    model_why_not(model, world, 1, &out);
    ck_assert_str_eq(text_bytes(&out), "waits for the end of B");
    text_clear(&out);
    model_perform(model, world, 2, (struct choice){CHOICE_STEP, 0}, &effect);
    model_why_not(model, world, 2, &out);
    ck_assert_str_eq(text_bytes(&out), "waits for go");
    text_clear(&out);
    world_describe(model, world, &out);
    ck_assert_str_eq(
        text_bytes(&out),
        "x = 1\nnames[0] = \"a'b\"\nnames[1] = ''\na = 3\nlock: locked\ncond: nobody waits\n"
        "sem: 1 of 2 permits\ngo: not set, 1 waiting\nMainThread: line 0, next: end\n"
        "A: line 20, next: join B (waits for the end of B)\n"
        "B: line 22, next: wait go (waits for go)\n");
    text_fini(&out);
    effect_fini(&effect);
    world_free(world, model);
    model_free(model);
    program_free(program);
}
END_TEST

static Suite *words_suite(void)
{
    Suite *suite = suite_create("words");
    TCase *cases = tcase_create("words");
    tcase_add_test(cases, durations);
    tcase_add_test(cases, operations);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(words_suite)
