/* The stepper: exact in both directions, equal to the model alone, by real threads and without; the
 * GIL's rules; policies. */
#include "run/stepper.h"

#include <string.h>

#include "../unit.h"
#include "base/vector.h"
#include "model/schedule.h"
#include "model/world.h"
#include "random_program.h"

/* The bytes of a state. */
struct state {
    unsigned char bytes[2048];
    size_t size;
};

static struct state state_of(struct model *model, const struct world *world)
{
    struct state state = {0};
    state.size = world_pack(model, world, state.bytes, sizeof state.bytes);
    ck_assert_uint_le(state.size, sizeof state.bytes);
    return state;
}

static void same(const struct state *a, const struct state *b, uint64_t position)
{
    ck_assert_msg(a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0,
                  "the state at position %llu is another one", (unsigned long long)position);
}

struct walk {
    struct program *program;
    struct model *model;
    struct stepper *stepper;
    struct policy policy;
};

static struct walk walk_new(struct program *program, enum policy_kind kind, uint64_t seed,
                            uint64_t quantum, struct stepper_options options)
{
    struct walk walk = {.program = program, .model = model_new(program)};
    struct text error = {0};
    walk.stepper = stepper_new(walk.model, &options, &error);
    ck_assert_msg(walk.stepper, "%s", text_bytes(&error));
    policy_init(&walk.policy, kind, seed, quantum);
    return walk;
}

static void walk_free(struct walk *walk)
{
    policy_fini(&walk->policy);
    stepper_free(walk->stepper);
    model_free(walk->model);
    program_free(walk->program);
}

/* One step of the policy; false at the end. */
static bool walk_on(struct walk *walk, struct stepper_record *record)
{
    struct timeline_step next;
    if (!stepper_choose(walk->stepper, &walk->policy, &next))
        return false;
    struct text error = {0};
    bool done = stepper_step(walk->stepper, next.thread, next.choice, record, NULL, &error);
    ck_assert_msg(done, "%s", text_bytes(&error));
    return true;
}

static uint64_t walk_steps(struct walk *walk, uint64_t steps)
{
    struct stepper_record record;
    uint64_t done = 0;
    while (done < steps && walk_on(walk, &record))
        done++;
    return done;
}

enum { LENGTH = 10000, PROGRAMS = 20 };

/* Forwards, backwards at random, forwards again: the same bytes at every place. */
static void to_and_fro(uint64_t seed, bool no_threads, int64_t gil)
{
    struct stepper_options options = {.no_threads = no_threads, .gil = gil};
    struct walk walk = walk_new(random_program(seed), POLICY_RANDOM, seed, 0, options);
    static struct state states[LENGTH + 1];
    uint64_t length = 0;
    struct stepper_record record;
    states[0] = state_of(walk.model, stepper_world(walk.stepper));
    while (length < LENGTH && walk_on(&walk, &record)) {
        length++;
        states[length] = state_of(walk.model, stepper_world(walk.stepper));
    }
    ck_assert_uint_eq(stepper_length(walk.stepper), length);
    for (int i = 0; i < 60; i++) {
        uint64_t to = random_below(&seed, length + 1);
        stepper_seek(walk.stepper, to);
        ck_assert_uint_eq(stepper_position(walk.stepper), to);
        struct state now = state_of(walk.model, stepper_world(walk.stepper));
        same(&now, &states[to], to);
    }
    stepper_seek(walk.stepper, 0);
    while (stepper_forward(walk.stepper, &record)) {
        struct state now = state_of(walk.model, stepper_world(walk.stepper));
        same(&now, &states[stepper_position(walk.stepper)], stepper_position(walk.stepper));
    }
    ck_assert_uint_eq(stepper_position(walk.stepper), length);
    for (uint64_t to = length; to > 0 && to + 700 > length; to--) {
        stepper_seek(walk.stepper, to - 1);
        struct state now = state_of(walk.model, stepper_world(walk.stepper));
        same(&now, &states[to - 1], to - 1);
    }
    walk_free(&walk);
}

START_TEST(both_directions_are_exact)
{
    for (uint64_t seed = 1; seed <= (uint64_t)unit_rounds(PROGRAMS); seed++)
        to_and_fro(seed, true, 0);
}
END_TEST

START_TEST(real_threads_are_exact)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        to_and_fro(seed, false, 0);
}
END_TEST

START_TEST(the_gil_is_exact)
{
    for (uint64_t seed = 1; seed <= (uint64_t)unit_rounds(PROGRAMS); seed++)
        to_and_fro(seed, true, 5 * GIL_STEP_TIME);
}
END_TEST

/* The choices of a walk on real threads, performed on a bare world, give the same state after every
 * step. */
START_TEST(equals_the_model_alone)
{
    for (uint64_t seed = 100; seed < 106; seed++) {
        struct stepper_options options = {0};
        struct walk walk = walk_new(random_program(seed), POLICY_RANDOM, seed, 0, options);
        struct world *bare = world_new(walk.model);
        struct effect effect = {0};
        struct stepper_record record;
        for (int i = 0; i < 1500 && walk_on(&walk, &record); i++) {
            model_perform(walk.model, bare, record.thread, record.choice, &effect);
            ck_assert_int_eq(world_compare(walk.model, bare, stepper_world(walk.stepper)), 0);
            ck_assert_uint_eq(effect.op, record.effect->op);
            ck_assert_int_eq(effect.value, record.effect->value);
        }
        effect_fini(&effect);
        world_free(bare, walk.model);
        walk_free(&walk);
    }
}
END_TEST

START_TEST(another_choice_keeps_the_old_future)
{
    struct stepper_options options = {0};
    struct walk walk = walk_new(counting_program(2, 2, false), POLICY_COOPERATIVE, 0, 0, options);
    uint64_t length = walk_steps(&walk, 100);
    ck_assert_uint_eq(length, 11); /* twice two loads and stores and an end, and main's end */
    struct state end = state_of(walk.model, stepper_world(walk.stepper));
    ck_assert_int_eq(stepper_world(walk.stepper)->words[0], 4);

    stepper_seek(walk.stepper, 2);
    struct stepper_record record;
    bool forked = false;
    uint32_t other = timeline_at(stepper_timeline(walk.stepper), 2).thread == 1 ? 2 : 1;
    ck_assert(stepper_step(walk.stepper, other, (struct choice){0}, &record, &forked, NULL));
    ck_assert(forked);
    ck_assert_uint_eq(stepper_length(walk.stepper), 3);
    ck_assert_uint_eq(timeline_branches(stepper_timeline(walk.stepper)), 2);
    stepper_switch(walk.stepper, 0);
    ck_assert_uint_eq(stepper_length(walk.stepper), length);
    stepper_seek(walk.stepper, length);
    struct state again = state_of(walk.model, stepper_world(walk.stepper));
    same(&again, &end, length);
    walk_free(&walk);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_with_a_reason)
{
    struct stepper_options options = {0};
    struct walk walk = walk_new(counting_program(2, 1, true), POLICY_RANDOM, 0, 0, options);
    struct stepper_record record;
    struct text error = {0};
    ck_assert(stepper_step(walk.stepper, 1, (struct choice){0}, &record, NULL, &error));
    ck_assert(!stepper_step(walk.stepper, 2, (struct choice){0}, &record, NULL, &error));
    ck_assert_msg(strstr(text_bytes(&error), "t-1 ") && strstr(text_bytes(&error), "left"), "%s",
                  text_bytes(&error));
    ck_assert_uint_eq(stepper_position(walk.stepper), 1);
    text_clear(&error);
    ck_assert(
        !stepper_step(walk.stepper, 1, (struct choice){CHOICE_TIMEOUT, 0}, &record, NULL, &error));
    ck_assert_msg(strstr(text_bytes(&error), "time-out"), "%s", text_bytes(&error));
    text_fini(&error);
    walk_free(&walk);
}
END_TEST

/* Only who holds the GIL steps; it changes hands only at check points and waits; who gave it up on
 * request is not the next. */
START_TEST(the_gil_has_its_rules)
{
    uint64_t switches = 0, forced = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)unit_rounds(10); seed++) {
        struct stepper_options options = {.no_threads = true, .gil = 3 * GIL_STEP_TIME};
        enum policy_kind kind = seed % 2 ? POLICY_GIL : POLICY_RANDOM;
        struct walk walk = walk_new(random_program(seed), kind, seed, 3, options);
        struct stepper_record record;
        uint32_t before = GIL_NOBODY;
        bool at_check_point = true, gone = true;
        for (int i = 0; i < 2000 && walk_on(&walk, &record); i++) {
            const struct gil *gil = stepper_gil(walk.stepper);
            if (before != GIL_NOBODY && record.thread != before) {
                ck_assert(at_check_point || gone);
                switches++;
            }
            uint32_t dropped = GIL_NOBODY;
            for (uint32_t e = 0; e < gil->event_count; e++) {
                forced += gil->events[e].kind == GIL_DROP_FORCED;
                if (gil->events[e].kind == GIL_DROP_FORCED)
                    dropped = gil->events[e].thread;
                if (gil->events[e].kind == GIL_TAKE)
                    ck_assert_uint_ne(gil->events[e].thread, dropped);
            }
            if (dropped == record.thread && gil->holder == GIL_NOBODY)
                ck_assert_uint_eq(stepper_enabled(walk.stepper, dropped), ENABLED_NO);
            ck_assert(gil->holder == record.thread || gil->holder == GIL_NOBODY);
            before = record.thread;
            at_check_point = gil->check_point;
            gone = gil->holder == GIL_NOBODY;
        }
        walk_free(&walk);
    }
    ck_assert_uint_gt(switches, 100);
    ck_assert_uint_gt(forced, 100);
}
END_TEST

/* `c += 1` under the GIL of 3.10 and later loses nothing: there is no check point between the load
 * and the store. */
START_TEST(the_gil_hides_the_lost_update)
{
    for (uint64_t seed = 0; seed < (uint64_t)unit_rounds(50); seed++) {
        struct stepper_options options = {.no_threads = true, .gil = GIL_STEP_TIME};
        struct walk walk = walk_new(counting_program(3, 4, false), POLICY_RANDOM, seed, 0, options);
        ck_assert_uint_eq(walk_steps(&walk, 1000), 28);
        ck_assert_int_eq(stepper_world(walk.stepper)->words[0], 12);
        walk_free(&walk);
    }
}
END_TEST

/* How often each thread goes, and in what stretches. */
static uint64_t longest_stretch(struct walk *walk, uint64_t steps)
{
    struct stepper_record record;
    uint64_t longest = 0, stretch = 0;
    uint32_t before = UINT32_MAX;
    for (uint64_t i = 0; i < steps && walk_on(walk, &record); i++) {
        stretch = record.thread == before ? stretch + 1 : 1;
        longest = stretch > longest ? stretch : longest;
        before = record.thread;
    }
    return longest;
}

START_TEST(policies_choose_as_they_say)
{
    struct stepper_options options = {.no_threads = true};
    struct walk walk = walk_new(counting_program(3, 10, false), POLICY_ROUND_ROBIN, 0, 4, options);
    ck_assert_uint_eq(longest_stretch(&walk, 40), 4);
    walk_free(&walk);

    walk = walk_new(counting_program(3, 10, false), POLICY_COOPERATIVE, 0, 0, options);
    ck_assert_uint_eq(longest_stretch(&walk, 100), 21);
    walk_free(&walk);

    walk = walk_new(counting_program(3, 10, false), POLICY_PRIORITY, 0, 0, options);
    struct stepper_record record;
    for (uint64_t i = 0; walk_on(&walk, &record); i++)
        ck_assert_uint_eq(record.thread, i == 0 ? 0 : 1 + (i - 1) / 21);
    walk_free(&walk);

    /* PCT of depth d has at most d - 1 preemptions beyond the ends of threads. */
    for (uint64_t seed = 0; seed < (uint64_t)unit_rounds(30); seed++) {
        walk = walk_new(counting_program(3, 10, false), POLICY_PCT, seed, 3, options);
        uint32_t before = UINT32_MAX;
        uint64_t changes = 0;
        while (walk_on(&walk, &record)) {
            changes += before != UINT32_MAX && before != record.thread;
            before = record.thread;
        }
        ck_assert_uint_le(changes, 3 + 2 * 2);
        walk_free(&walk);
    }
}
END_TEST

/* Going back and playing on again gives the same run, with every policy. */
START_TEST(policies_repeat_themselves)
{
    for (int kind = 0; kind < POLICIES; kind++) {
        struct stepper_options options = {.no_threads = true};
        struct walk walk = walk_new(random_program(77), (enum policy_kind)kind, 5, 0, options);
        uint64_t length = walk_steps(&walk, 400);
        struct state end = state_of(walk.model, stepper_world(walk.stepper));
        for (uint64_t from = 0; from < length; from += 37) {
            stepper_seek(walk.stepper, from);
            ck_assert_uint_eq(walk_steps(&walk, length - from), length - from);
            struct state again = state_of(walk.model, stepper_world(walk.stepper));
            same(&again, &end, length);
        }
        ck_assert_uint_eq(timeline_branches(stepper_timeline(walk.stepper)), 1);
        walk_free(&walk);
    }
}
END_TEST

START_TEST(a_thousand_threads)
{
    struct stepper_options options = {0};
    struct walk walk = walk_new(counting_program(1000, 1, true), POLICY_RANDOM, 3, 0, options);
    ck_assert_uint_eq(stepper_threads(walk.stepper), 1001);
    ck_assert_uint_eq(walk_steps(&walk, 100000), 5001);
    ck_assert_int_eq(stepper_world(walk.stepper)->words[0], 1000);
    stepper_seek(walk.stepper, 2500);
    stepper_seek(walk.stepper, 5001);
    ck_assert_int_eq(stepper_world(walk.stepper)->words[0], 1000);
    walk_free(&walk);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("stepper");
    TCase *tests = tcase_create("stepper");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, both_directions_are_exact);
    tcase_add_test(tests, real_threads_are_exact);
    tcase_add_test(tests, the_gil_is_exact);
    tcase_add_test(tests, equals_the_model_alone);
    tcase_add_test(tests, another_choice_keeps_the_old_future);
    tcase_add_test(tests, what_does_not_fit_is_refused_with_a_reason);
    tcase_add_test(tests, the_gil_has_its_rules);
    tcase_add_test(tests, the_gil_hides_the_lost_update);
    tcase_add_test(tests, policies_choose_as_they_say);
    tcase_add_test(tests, policies_repeat_themselves);
    tcase_add_test(tests, a_thousand_threads);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
