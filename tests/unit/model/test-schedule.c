/* Schedules as text: reading, writing, folding, and what is wrong with wrong ones; policies by
 * name. */
#include "model/schedule.h"

#include <stdio.h>

#include "../unit.h"
#include "base/hash.h"
#include "model/policy.h"

/* What reading and writing again makes of a text; an error as its sentence. */
static const char *round_trip(const char *text)
{
    static char result[512];
    struct schedule schedule = {0};
    struct text out = {0};
    if (schedule_parse(&schedule, text, &out))
        schedule_write(&schedule, &out);
    snprintf(result, sizeof result, "%s", text_bytes(&out));
    text_fini(&out);
    schedule_fini(&schedule);
    return result;
}

START_TEST(reads_and_writes)
{
    static const char *const same[] = {
        "",
        "A",
        "A*3 B A*2",
        "p-1!timeout A=4 A=5",
        "A=-4*2 w-0",
        "#1a2b3c4d A*3",
        "\"Thread-1 (work)\"*2 MainThread>1",
        "\"a \\\"quoted\\\" \\\\ name\"!timeout",
        "A=9223372036854775807 A=-9223372036854775808",
        "Ärger*2",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ck_assert_str_eq(round_trip(same[i]), same[i]);
    ck_assert_str_eq(round_trip("  A A\n\tA  B*1 "), "A*3 B");
    ck_assert_str_eq(round_trip("A*2!timeout A!timeout"), "A!timeout*3");
    ck_assert_str_eq(round_trip("A=4*3"), "A=4*3");
    ck_assert_str_eq(round_trip("\"A\" #1A2B3C4D"),
                     "schedule, column 5: a checksum stands in front of the schedule");
    ck_assert_str_eq(round_trip("#1A2B3C4D"), "#1a2b3c4d");
    ck_assert_str_eq(round_trip("\"A\" A"), "A*2");
}
END_TEST

START_TEST(names_what_is_wrong)
{
    static const char *const wrong[][2] = {
        {"A*0", "schedule, column 3: a count must be from 1 to 100000000"},
        {"A*", "schedule, column 3: here a number was expected"},
        {"A*3*3", "schedule, column 4: after a name only `*N`, `!timeout` or `=N` can stand"},
        {"B A!time", "schedule, column 4: after `!` only `timeout` can stand"},
        {"A=x", "schedule, column 3: here a number was expected"},
        {"A=1=2", "schedule, column 4: a step has one choice: `!timeout` or `=N`"},
        {"A=9223372036854775808", "schedule, column 3: the number is too large"},
        {"*3", "schedule, column 1: here the name of a thread was expected"},
        {"\"A", "schedule, column 1: the quoted name has no end"},
        {"\"\"", "schedule, column 1: the name is empty"},
        {"#12", "schedule, column 1: a checksum is `#` and eight hexadecimal digits"},
        {"#123456789", "schedule, column 1: a checksum is `#` and eight hexadecimal digits"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_str_eq(round_trip(wrong[i][0]), wrong[i][1]);
}
END_TEST

/* Random steps: added one by one, written and read back, they are the same steps. */
START_TEST(adding_and_reading_agree)
{
    static const char *const names[] = {"A", "B", "a name", "p-1", "x>3"};
    uint64_t random = 9;
    for (int round = 0; round < 200; round++) {
        struct schedule made = {0}, read = {0};
        for (int i = 0; i < 100; i++) {
            struct choice choice = {.kind = (enum choice_kind)random_below(&random, 3)};
            if (choice.kind == CHOICE_VALUE)
                choice.value = (int64_t)random_below(&random, 3) - 1;
            schedule_add(&made, names[random_below(&random, 2 + (uint64_t)round % 4)], choice);
        }
        struct text text = {0};
        schedule_write(&made, &text);
        ck_assert(schedule_parse(&read, text_bytes(&text), NULL));
        ck_assert_uint_eq(schedule_steps(&made), 100);
        ck_assert_uint_eq(schedule_steps(&read), 100);
        struct schedule_cursor a = {0}, b = {0};
        const struct schedule_entry *one;
        while ((one = schedule_next(&made, &a))) {
            const struct schedule_entry *other = schedule_next(&read, &b);
            ck_assert_str_eq(one->thread, other->thread);
            ck_assert_int_eq(one->choice.kind, other->choice.kind);
            ck_assert_int_eq(one->choice.value, other->choice.value);
        }
        ck_assert_ptr_null(schedule_next(&read, &b));
        text_fini(&text);
        schedule_fini(&made);
        schedule_fini(&read);
    }
}
END_TEST

static const char *policy_said(const char *text)
{
    static char result[256];
    struct text out = {0};
    enum policy_kind kind;
    uint64_t quantum;
    if (policy_parse(text, &kind, &quantum, &out)) {
        struct policy policy;
        policy_init(&policy, kind, 7, quantum);
        policy_write(&policy, &out);
        policy_fini(&policy);
    }
    snprintf(result, sizeof result, "%s", text_bytes(&out));
    text_fini(&out);
    return result;
}

START_TEST(policies_have_names)
{
    ck_assert_str_eq(policy_said("random"), "random, seed 7");
    ck_assert_str_eq(policy_said("rr"), "round robin, 3 steps");
    ck_assert_str_eq(policy_said("round_robin 1"), "round robin, 1 step");
    ck_assert_str_eq(policy_said("ro 10ms"), "round robin, 10 steps");
    ck_assert_str_eq(policy_said("pct 5"), "pct, depth 5, seed 7");
    ck_assert_str_eq(policy_said("gil"), "gil, 5 steps");
    ck_assert_str_eq(policy_said("coop"), "cooperative");
    ck_assert_str_eq(policy_said("p"), "there is no policy `p`; there are random, round_robin, "
                                       "cooperative, priority, pct and gil");
    ck_assert_str_eq(policy_said("priority 3"), "the policy priority has no number");
    ck_assert_str_eq(policy_said("rr x"),
                     "`x` is no number of steps (such as 5, or 10ms at 1 ms a step)");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tests = tcase_create("schedule");
    tcase_add_test(tests, reads_and_writes);
    tcase_add_test(tests, names_what_is_wrong);
    tcase_add_test(tests, adding_and_reading_agree);
    tcase_add_test(tests, policies_have_names);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
