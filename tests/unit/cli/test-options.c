#include "../unit.h"

#include <string.h>

#include "cli/options.h"
#include "cli/scenario.h"
#include "cli/summary.h"

static const uint64_t ALL = OPTION_BIT(PACE) | OPTION_BIT(CPUS) | OPTION_BIT(JITTER) |
                            OPTION_BIT(UNTIL_FAILURE) | OPTION_BIT(SEED) | OPTION_BIT(FOR) |
                            OPTION_BIT(MEMORY) | OPTION_BIT(THEME);

/* Splits at blanks; the words live in `buffer`. */
static int split(const char *line, char *buffer, char **words)
{
    int count = 0;
    strcpy(buffer, line);
    for (char *word = strtok(buffer, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    return count;
}

static bool read_line(const char *line, struct arguments *arguments, struct text *error)
{
    static char buffer[256];
    char *words[32];
    int count = split(line, buffer, words);
    return arguments_read(arguments, count, words, ALL, error);
}

START_TEST(options_are_read)
{
    struct arguments arguments;
    struct text error = {0};
    ck_assert(read_line(
        "a --pace 50ms --cpus=2 --jitter b --memory 2G --until-failure --theme mono -- --c",
        &arguments, &error));
    ck_assert_uint_eq(arguments.file_count, 3);
    ck_assert_str_eq(arguments.files[0], "a");
    ck_assert_str_eq(arguments.files[1], "b");
    ck_assert_str_eq(arguments.files[2], "--c");
    ck_assert_int_eq(option_number(&arguments, OPTION_PACE, 0), 50000000);
    ck_assert_int_eq(option_number(&arguments, OPTION_CPUS, 0), 2);
    ck_assert_int_eq(option_number(&arguments, OPTION_MEMORY, 0), INT64_C(2) << 30);
    ck_assert_int_eq(option_number(&arguments, OPTION_UNTIL_FAILURE, 7), -1);
    ck_assert(option_given(&arguments, OPTION_JITTER));
    ck_assert(!option_given(&arguments, OPTION_HELP));
    ck_assert_str_eq(option_text(&arguments, OPTION_THEME), "mono");
    arguments_fini(&arguments);
    ck_assert(read_line("--until-failure 12 x", &arguments, &error));
    ck_assert_int_eq(option_number(&arguments, OPTION_UNTIL_FAILURE, 7), 12);
    ck_assert_uint_eq(arguments.file_count, 1);
    arguments_fini(&arguments);
    ck_assert(read_line("--seed 18446744073709551615 --pace 0 x", &arguments, &error));
    ck_assert_uint_eq((uint64_t)option_number(&arguments, OPTION_SEED, 0), UINT64_MAX);
    ck_assert_int_eq(option_number(&arguments, OPTION_PACE, 7), 0);
    ck_assert_uint_eq(arguments.file_count, 1);
    arguments_fini(&arguments);
}
END_TEST

START_TEST(mistakes_are_said)
{
    static const struct {
        const char *line;
        const char *words;
    } cases[] = {
        {"--pase 5ms", "there is no option --pase here: did you mean --pace?"},
        {"--jobs 4", "there is no option --jobs here"},
        {"--pace", "--pace wants TIME after it"},
        {"--pace soon", "--pace wants a time such as 50ms, 0.5s or 2min, not `soon`"},
        {"--pace -5ms", "--pace wants a time such as 50ms, 0.5s or 2min, not `-5ms`"},
        {"--cpus two", "--cpus wants a whole number from 1, not `two`"},
        {"--cpus 0", "--cpus wants a whole number from 1, not `0`"},
        {"--cpus -1", "--cpus wants a whole number from 1, not `-1`"},
        {"--cpus 1.5", "--cpus wants a whole number from 1, not `1.5`"},
        {"--cpus 4294967297", "--cpus wants a whole number from 1, not `4294967297`"},
        {"--cpus 99999999999999999999",
         "--cpus wants a whole number from 1, not `99999999999999999999`"},
        {"--until-failure 0", "--until-failure wants a whole number from 1, not `0`"},
        {"--until-failure=1.5", "--until-failure wants a whole number from 1, not `1.5`"},
        {"--seed -1", "--seed wants a whole number, not `-1`"},
        {"--seed 18446744073709551616", "--seed wants a whole number, not `18446744073709551616`"},
        {"--for 0", "--for wants a time above 0 such as 50ms, 0.5s or 2min, not `0`"},
        {"--for 0.1ns", "--for wants a time above 0 such as 50ms, 0.5s or 2min, not `0.1ns`"},
        {"--memory 0", "--memory wants a size such as 512M or 2G, not `0`"},
        {"--memory 5X", "--memory wants a size such as 512M or 2G, not `5X`"},
        {"--jitter=yes", "--jitter takes no value"},
        {"-x", "there is no option -x here: options begin with --"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arguments arguments;
        struct text error = {0};
        ck_assert_msg(!read_line(cases[i].line, &arguments, &error), "%s", cases[i].line);
        ck_assert_str_eq(text_bytes(&error), cases[i].words);
        text_fini(&error);
        arguments_fini(&arguments);
    }
}
END_TEST

START_TEST(times_are_read)
{
    static const struct {
        const char *text;
        int64_t nanoseconds; /* -1: none */
    } cases[] = {{"5ms", 5000000},  {"0.5s", 500000000}, {"2", 2000000000},  {"2min", 120000000000},
                 {"200us", 200000}, {"1.5", 1500000000}, {".5s", 500000000}, {"", -1},
                 {"5 ms", -1},      {"ms", -1},          {"5msx", -1},       {"nan", -1},
                 {"1e99s", -1},     {"99999999999h", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t time = -1;
        ck_assert_int_eq(parse_time(cases[i].text, &time), cases[i].nanoseconds >= 0);
        ck_assert_int_eq(time, cases[i].nanoseconds);
    }
}
END_TEST

START_TEST(scenarios_are_found)
{
    static const char *const names[] = {"dining-philosophers", "dining-philosophers.thrum",
                                        "deadlock/dining-philosophers",
                                        "deadlock/dining-philosophers.thrum"};
    struct text error = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct text path = {0};
        ck_assert_msg(scenario_find(names[i], &path, &error), "%s: %s", names[i],
                      text_bytes(&error));
        ck_assert_ptr_nonnull(strstr(text_bytes(&path), "/deadlock/dining-philosophers.thrum"));
        text_fini(&path);
    }
    struct text path = {0};
    ck_assert(!scenario_find("dining-philosofers", &path, &error));
    ck_assert_str_eq(
        text_bytes(&error),
        "dining-philosofers: No such file or directory: did you mean `dining-philosophers`?");
    text_clear(&error);
    ck_assert(!scenario_find("philosophers", &path, &error));
    text_clear(&error);
    ck_assert(!scenario_find("/", &path, &error));
    ck_assert_str_eq(text_bytes(&error), "/ is a folder");
    text_fini(&error);
    text_fini(&path);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    tcase_add_test(tcase, options_are_read);
    tcase_add_test(tcase, mistakes_are_said);
    tcase_add_test(tcase, times_are_read);
    tcase_add_test(tcase, scenarios_are_found);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(suite)
