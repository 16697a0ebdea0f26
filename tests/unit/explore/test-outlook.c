/* What a choice leads to, against the points of no return that exploring finds by itself. */
#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "explore/outlook.h"
#include "lang/lang.h"

static const char *const sources[] = {
    /* a lost update: one failing end */
    "c = 0\n"
    "thread A, B:\n"
    "    for i in range(2):\n"
    "        sleep(1ms)\n"
    "        c += 1\n"
    "after:\n"
    "    assert c == 4\n",
    /* a ring */
    "a = Lock()\n"
    "b = Lock()\n"
    "thread A:\n"
    "    with a:\n"
    "        sleep(1ms)\n"
    "        with b: pass\n"
    "thread B:\n"
    "    with b:\n"
    "        with a: pass\n",
    /* a number drawn, and a death */
    "x = Atomic(0)\n"
    "thread dice:\n"
    "    x = randint(1, 3)\n"
    "thread judge:\n"
    "    if x == 3:\n"
    "        raise ValueError(\"three\")\n",
    /* no way out of a loop */
    "stop = Atomic(False)\n"
    "asked = Atomic(False)\n"
    "thread giver:\n"
    "    if not asked:\n"
    "        stop = True\n"
    "thread worker:\n"
    "    asked = True\n"
    "    while not stop:\n"
    "        yield_now()\n",
};

static struct program *compile(const char *source)
{
    struct text messages = {0};
    struct program *program = lang_compile("test.thrum", source, strlen(source), &messages);
    ck_assert_msg(program != NULL, "%s", text_bytes(&messages));
    text_fini(&messages);
    return program;
}

static const struct explore_failure *failure_of(const struct explore_result *result)
{
    for (uint32_t i = 0; i < result->failure_count; i++)
        if (result->failures[i].verdict != VERDICT_RACE)
            return &result->failures[i];
    return NULL;
}

START_TEST(doomed_from_the_point_of_no_return_on)
{
    struct program *program = compile(sources[_i]);
    struct model *model = model_new(program);
    struct explore_request request = {.program = program, .jobs = 1};
    struct explore_result *result = explore_run(&request, NULL);
    const struct explore_failure *failure = failure_of(result);
    ck_assert(failure && failure->has_schedule && failure->return_known);
    struct outlook *outlook = outlook_new(program, model, 100000, 64 << 20, NULL);
    ck_assert_ptr_nonnull(outlook);
    struct world *world = world_new(model);
    struct effect effect = {0};
    uint32_t count = failure->schedule.count;
    bool failed = false;
    for (uint32_t i = 0; i < count && !failed;
         i++) { /* what comes after a death is another story */
        const struct explore_step *step = &failure->schedule.steps[i];
        struct prospect fate = outlook_after(outlook, world, step->thread, step->choice);
        ck_assert(fate.known);
        ck_assert_msg(fate.doomed == (i + 1 >= failure->point_of_no_return),
                      "step %u: doomed is %d, the point of no return is %u", i + 1, fate.doomed,
                      failure->point_of_no_return);
        ck_assert_uint_le(fate.nearest, count - i - 1);
        model_perform(model, world, step->thread, step->choice, &effect);
        failed = effect.thread_ended && effect.died_of;
    }
    outlook_free(outlook);
    effect_fini(&effect);
    world_free(world, model);
    explore_free(result);
    model_free(model);
    program_free(program);
}
END_TEST

START_TEST(nothing_is_said_of_what_is_too_large_or_has_a_clock)
{
    struct program *program = compile(sources[0]);
    struct model *model = model_new(program);
    ck_assert_ptr_null(outlook_new(program, model, 5, 64 << 20, NULL));
    struct explore_progress cancelled = {.cancel = true};
    ck_assert_ptr_null(outlook_new(program, model, 100000, 64 << 20, &cancelled));
    model_free(model);
    program_free(program);
    program = compile("option gil 5ms\nthread A: pass\n");
    model = model_new(program);
    ck_assert_ptr_null(outlook_new(program, model, 100000, 64 << 20, NULL));
    model_free(model);
    program_free(program);
}
END_TEST

static Suite *outlook_suite(void)
{
    Suite *suite = suite_create("outlook");
    TCase *cases = tcase_create("outlook");
    tcase_add_loop_test(cases, doomed_from_the_point_of_no_return_on, 0,
                        sizeof sources / sizeof *sources);
    tcase_add_test(cases, nothing_is_said_of_what_is_too_large_or_has_a_clock);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(outlook_suite)
