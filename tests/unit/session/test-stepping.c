/* Stepping sessions through the door: schedules, jumps both ways, branches, and a history that
 * always fits the line of play. */
#include "session/session.h"

#include <stdio.h>
#include <string.h>

#include "../run/random_program.h"
#include "../unit.h"
#include "base/clock.h"
#include "base/hash.h"
#include "model/schedule.h"
#include "model/world.h"
#include "trace/history.h"

#define STEP_TIME 1000000u

struct bench {
    struct program *program;
    struct model *model;
    struct session *session;
};

static struct bench open_with(struct program *program, const char *schedule, const char *policy,
                              uint64_t seed)
{
    struct bench bench = {.program = program, .model = model_new(program)};
    struct session_options options = {
        .schedule = schedule, .policy = policy, .has_seed = true, .seed = seed};
    struct text error = {0};
    bench.session = session_open_stepping(program, bench.model, &options, &error);
    ck_assert_msg(bench.session, "%s", text_bytes(&error));
    text_fini(&error);
    return bench;
}

static void close_all(struct bench *bench)
{
    session_close(bench->session);
    model_free(bench->model);
    program_free(bench->program);
}

static struct session_status status_of(struct bench *bench)
{
    struct session_status status;
    session_status(bench->session, &status);
    return status;
}

static uint64_t position(struct bench *bench)
{
    return status_of(bench).step;
}

static const char *schedule_of(struct bench *bench)
{
    static char result[65536];
    struct text text = {0};
    session_schedule_text(bench->session, &text);
    ck_assert_uint_lt(text.length, sizeof result);
    snprintf(result, sizeof result, "%s", text_bytes(&text));
    text_fini(&text);
    return result;
}

static bool step(struct bench *bench, uint32_t thread)
{
    return session_step(bench->session, &(struct session_choice){.thread = thread});
}

/* Waits until a jump that takes its time has arrived. */
static void arrive(struct bench *bench)
{
    while (status_of(bench).playing)
        session_poll(bench->session);
}

static bool jump(struct bench *bench, enum session_jump where, bool backwards, uint64_t argument)
{
    bool done = session_jump(bench->session, where, backwards, argument);
    arrive(bench);
    return done;
}

START_TEST(a_schedule_is_played_and_printed)
{
    struct bench bench =
        open_with(counting_program(2, 2, false), "#1a2b3c4d t-0 t-1*2 t-0 MainThread", NULL, 0);
    ck_assert_uint_eq(position(&bench), 5);
    ck_assert_str_eq(schedule_of(&bench), "#1a2b3c4d t-0 t-1*2 t-0 MainThread");
    ck_assert_int_eq(session_world(bench.session)->words[0], 1);
    ck_assert(jump(&bench, SESSION_JUMP_TO, true, 3));
    ck_assert_str_eq(schedule_of(&bench), "#1a2b3c4d t-0 t-1*2");
    ck_assert_uint_eq(status_of(&bench).steps, 5);
    close_all(&bench);
}
END_TEST

static void refused(const char *schedule, const char *why)
{
    struct program *program = counting_program(2, 1, true);
    struct model *model = model_new(program);
    struct session_options options = {.schedule = schedule};
    struct text error = {0};
    ck_assert_ptr_null(session_open_stepping(program, model, &options, &error));
    ck_assert_str_eq(text_bytes(&error), why);
    text_fini(&error);
    model_free(model);
    program_free(program);
}

START_TEST(a_schedule_that_does_not_fit_gets_step_and_reason)
{
    refused("t-0*2 t-1", "step 3 (t-1, column 7) does not fit: t-1 waits for left (line 2)");
    refused("t-0*99", "step 6 (t-0*99, column 1) does not fit: t-0 has ended");
    refused("t-0 t-2", "step 2 (t-2, column 5) does not fit: there is no thread t-2; did you mean "
                       "t-0?");
    refused("t-0!timeout", "step 1 (t-0!timeout, column 1) does not fit: t-0 has no time-out to "
                           "fire here: next is acquire left (line 2)");
    refused("#00000000 t-0*9", "step 6 (t-0*9, column 11) does not fit: t-0 has ended; the "
                               "schedule was made for another version of the file");
    refused("t-0*", "schedule, column 5: here a number was expected");
}
END_TEST

START_TEST(jumps)
{
    struct bench bench =
        open_with(counting_program(2, 2, false), "t-0*3 t-1*4 t-0*2 t-1 MainThread", NULL, 0);
    ck_assert(jump(&bench, SESSION_JUMP_END, true, 0));
    ck_assert_uint_eq(position(&bench), 0);
    ck_assert(!jump(&bench, SESSION_JUMP_STEP, true, 0));
    ck_assert(jump(&bench, SESSION_JUMP_SWITCH, false, 0));
    ck_assert_uint_eq(position(&bench), 3);
    ck_assert(jump(&bench, SESSION_JUMP_SWITCH, false, 0));
    ck_assert_uint_eq(position(&bench), 7);
    ck_assert(jump(&bench, SESSION_JUMP_SWITCH, true, 0));
    ck_assert_uint_eq(position(&bench), 3);
    ck_assert(jump(&bench, SESSION_JUMP_THREAD, false, 1)); /* t-0 is thread 1 */
    ck_assert_uint_eq(position(&bench), 8);
    ck_assert(jump(&bench, SESSION_JUMP_THREAD, true, 1));
    ck_assert_uint_eq(position(&bench), 7);
    ck_assert(jump(&bench, SESSION_JUMP_THREAD, true, 1));
    ck_assert_uint_eq(position(&bench), 2);

    /* changes of x: stores of another value */
    ck_assert(jump(&bench, SESSION_JUMP_END, true, 0));
    ck_assert(jump(&bench, SESSION_JUMP_CHANGE, false, 0));
    ck_assert_uint_eq(position(&bench), 2);
    ck_assert_int_eq(session_world(bench.session)->words[0], 1);
    ck_assert(jump(&bench, SESSION_JUMP_CHANGE, false, 0));
    ck_assert_uint_eq(position(&bench), 5);
    ck_assert_int_eq(session_world(bench.session)->words[0], 2);
    ck_assert(jump(&bench, SESSION_JUMP_CHANGE, true, 0));
    ck_assert_uint_eq(position(&bench), 2);
    ck_assert(!jump(&bench, SESSION_JUMP_CHANGE, true, 0));

    /* a race is a problem; the first racing access is t-1's load, step 3 */
    ck_assert(jump(&bench, SESSION_JUMP_END, true, 0));
    ck_assert(jump(&bench, SESSION_JUMP_PROBLEM, false, 0));
    ck_assert_uint_eq(position(&bench), 4);
    ck_assert(status_of(&bench).verdicts & 1u << VERDICT_RACE);

    /* lines: every instruction has its own in these programs */
    ck_assert(jump(&bench, SESSION_JUMP_LINE, false, 2));
    ck_assert_uint_eq(position(&bench), 5);
    ck_assert(session_toggle_break(bench.session, 6));
    ck_assert(jump(&bench, SESSION_JUMP_END, true, 0));
    ck_assert(jump(&bench, SESSION_JUMP_BREAK, false, 0));
    ck_assert_uint_eq(position(&bench), 2);
    ck_assert(jump(&bench, SESSION_JUMP_BREAK, false, 0));
    ck_assert_uint_eq(position(&bench), 5);
    ck_assert(jump(&bench, SESSION_JUMP_BREAK, true, 0));
    ck_assert_uint_eq(position(&bench), 2);
    close_all(&bench);
}
END_TEST

START_TEST(playing_on_ends)
{
    struct bench bench = open_with(counting_program(3, 3, true), NULL, "cooperative", 0);
    ck_assert(jump(&bench, SESSION_JUMP_END, false, 0));
    struct session_status status = status_of(&bench);
    ck_assert(status.finished && status.ended);
    ck_assert_uint_eq(status.verdicts, 1u << VERDICT_OK);
    ck_assert_uint_eq(status.step, 3 * (3 * 4 + 1) + 1);
    ck_assert_int_eq(session_world(bench.session)->words[0], 9);
    ck_assert(!step(&bench, 1));
    ck_assert(jump(&bench, SESSION_JUMP_STEP, true, 0));
    ck_assert(!status_of(&bench).ended);
    close_all(&bench);
}
END_TEST

/* All records of two histories, and their problems, are the same. */
static void same_history(struct bench *a, struct bench *b)
{
    struct history *left = session_history(a->session), *right = session_history(b->session);
    ck_assert_uint_eq(history_count(left), history_count(right));
    ck_assert_uint_eq(history_now(left), history_now(right));
    for (uint64_t i = 0; i < history_count(left); i++) {
        struct history_event one, other;
        ck_assert(history_event_at(left, i, &one) && history_event_at(right, i, &other));
        ck_assert_uint_eq(one.thread, other.thread);
        ck_assert_mem_eq(&one.event, &other.event, sizeof one.event);
    }
    ck_assert_uint_eq(history_problem_count(left), history_problem_count(right));
    for (size_t i = 0; i < history_problem_count(left); i++) {
        const struct problem *one = history_problem(left, i), *other = history_problem(right, i);
        ck_assert_str_eq(one->title, other->title);
        ck_assert_str_eq(one->evidence, other->evidence);
        ck_assert_uint_eq(one->event, other->event);
    }
    for (uint32_t thread = 0; thread < history_threads(left); thread++) {
        uint64_t one[LANE_STATES], other[LANE_STATES];
        history_share(left, thread, 0, history_now(left), one);
        history_share(right, thread, 0, history_now(right), other);
        ck_assert_mem_eq(one, other, sizeof one);
    }
}

/* A person wanders to and fro and chooses at random; the history is that of somebody who went there
 * straight. */
static void wander(uint64_t seed, const char *policy)
{
    struct bench bench = open_with(random_program(seed), NULL, policy, seed);
    uint64_t random = seed;
    for (int i = 0; i < 400; i++) {
        struct session_status status = status_of(&bench);
        switch (random_below(&random, 8)) {
        case 0:
            if (status.step > 0)
                ck_assert(jump(&bench, SESSION_JUMP_TO, true,
                               status.step - 1 -
                                   random_below(&random, status.step < 20 ? status.step : 20)));
            break;
        case 1: jump(&bench, SESSION_JUMP_TO, false, status.steps); break;
        case 2: jump(&bench, SESSION_JUMP_THREAD, true, random_below(&random, 4)); break;
        case 3: jump(&bench, SESSION_JUMP_WAIT, true, 0); break;
        case 4: {
            struct session_option option;
            uint32_t thread = (uint32_t)random_below(&random, 5);
            if (session_option(bench.session, thread, &option) && option.enabled)
                ck_assert(session_step(bench.session, &option.choice));
            break;
        }
        default:
            for (int n = 0; n < 5; n++)
                jump(&bench, SESSION_JUMP_STEP, false, 0);
        }
    }
    jump(&bench, SESSION_JUMP_TO, false, status_of(&bench).steps);
    static char schedule[65536];
    snprintf(schedule, sizeof schedule, "%s", schedule_of(&bench));
    struct bench straight = open_with(random_program(seed), schedule, policy, seed);
    ck_assert_uint_eq(position(&straight), position(&bench));
    same_history(&bench, &straight);
    close_all(&straight);
    close_all(&bench);
}

START_TEST(the_history_fits_the_line_of_play)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        wander(seed, seed % 3 == 0 ? "gil" : seed % 3 == 1 ? "random" : "pct");
}
END_TEST

/* Every branch can be returned to, and its history is that of somebody who went there straight. */
START_TEST(branches_are_kept)
{
    struct bench bench = open_with(random_program(6), NULL, "random", 6);
    uint64_t random = 1;
    for (int i = 0; i < 12; i++) {
        for (int n = 0; n < 30; n++)
            jump(&bench, SESSION_JUMP_STEP, false, 0);
        struct session_status status = status_of(&bench);
        jump(&bench, SESSION_JUMP_TO, true, random_below(&random, status.steps));
        for (uint32_t thread = 1; thread < 4; thread++) {
            struct session_option option;
            if (session_option(bench.session, thread, &option) && option.enabled & ENABLED_STEP)
                ck_assert(session_step(bench.session, &option.choice));
        }
    }
    uint32_t branches = session_branches(bench.session);
    ck_assert_uint_gt(branches, 5);
    for (uint32_t round = 0; round < 3 * branches; round++) {
        uint32_t branch = round * 7 % branches;
        struct session_branch is;
        session_switch_branch(bench.session, branch);
        ck_assert(session_branch(bench.session, branch, &is));
        ck_assert(is.current && is.in_line);
        ck_assert_uint_eq(status_of(&bench).steps, is.end);
        jump(&bench, SESSION_JUMP_TO, false, is.end);
        static char schedule[65536];
        snprintf(schedule, sizeof schedule, "%s", schedule_of(&bench));
        struct bench straight = open_with(random_program(6), schedule, "random", 6);
        same_history(&bench, &straight);
        close_all(&straight);
    }
    struct text text = {0};
    session_branch_text(bench.session, 0, &text);
    ck_assert_ptr_nonnull(strstr(text_bytes(&text), "1: the first line, "));
    text_fini(&text);
    close_all(&bench);
}
END_TEST

START_TEST(policies_change)
{
    struct bench bench = open_with(random_program(2), NULL, "random", 1);
    ck_assert(session_set_policy(bench.session, "rr 2"));
    ck_assert_str_eq(status_of(&bench).policy, "round_robin");
    ck_assert(!session_set_policy(bench.session, "gil")); /* there is none */
    ck_assert(!session_set_policy(bench.session, "fair"));
    ck_assert_str_eq(status_of(&bench).policy, "round_robin");
    close_all(&bench);
    bench = open_with(random_program(2), NULL, "gil 7", 1);
    ck_assert(session_set_policy(bench.session, "pct"));
    ck_assert(session_set_policy(bench.session, "gil"));
    close_all(&bench);
}
END_TEST

/* Records of the steps behind lie at or before the position's time, all others after. */
START_TEST(time_is_steps)
{
    struct bench bench = open_with(random_program(4), NULL, "random", 4);
    for (int i = 0; i < 200; i++)
        jump(&bench, SESSION_JUMP_STEP, false, 0);
    struct history *history = session_history(bench.session);
    uint64_t steps = 0;
    for (uint64_t i = 0; i < history_count(history); i++) {
        struct history_event record;
        ck_assert(history_event_at(history, i, &record));
        if (i > 0 && record.event.time > 0)
            ck_assert_uint_gt(record.event.time, steps ? (steps - 1) * STEP_TIME : 0);
        if (record.event.flags & THRUM_STEP && !(record.event.flags & THRUM_MORE)) {
            steps++;
            ck_assert_uint_gt(record.event.time, (steps - 1) * STEP_TIME);
        }
        ck_assert_uint_le(record.event.time, steps * STEP_TIME + STEP_TIME);
    }
    ck_assert_uint_eq(steps, 200);
    ck_assert_uint_eq(status_of(&bench).elapsed, 200 * STEP_TIME);
    close_all(&bench);
}
END_TEST

START_TEST(a_thousand_threads_step_back_and_forth)
{
    struct bench bench = open_with(counting_program(1000, 1, true), NULL, "random", 1);
    for (int i = 0; i < 300; i++) {
        ck_assert(session_jump(bench.session, SESSION_JUMP_STEP, i % 4 == 3, 0));
        session_poll(bench.session);
    }
    ck_assert_uint_eq(status_of(&bench).step, 150);
    close_all(&bench);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("stepping");
    TCase *tests = tcase_create("stepping");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_schedule_is_played_and_printed);
    tcase_add_test(tests, a_schedule_that_does_not_fit_gets_step_and_reason);
    tcase_add_test(tests, jumps);
    tcase_add_test(tests, playing_on_ends);
    tcase_add_test(tests, the_history_fits_the_line_of_play);
    tcase_add_test(tests, branches_are_kept);
    tcase_add_test(tests, policies_change);
    tcase_add_test(tests, time_is_steps);
    tcase_add_test(tests, a_thousand_threads_step_back_and_forth);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
