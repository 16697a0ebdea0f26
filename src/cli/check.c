/* thrum check FILE...: reads, checks and explores each file and compares with what it expects; one
 * line a file. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/scenario.h"
#include "explore/explore.h"

enum { SECONDS = 60 }; /* for a file, unless --for says otherwise */

static void list_program(const struct program *program)
{
    struct text listing = {0};
    program_dump(program, &listing);
    fputs(text_bytes(&listing), stdout);
    text_fini(&listing);
}

static void print_line(const char *name, const struct explore_result *result, bool as_expected,
                       const char *differs)
{
    struct text out = {0};
    text_printf(&out, "%-4s %s  %" PRIu64 " state%s, ", as_expected ? "ok" : "FAIL", name,
                result->states, result->states == 1 ? "" : "s");
    clock_format(&out, result->elapsed);
    if (!as_expected)
        text_printf(&out, ": %s", differs);
    puts(text_bytes(&out));
    text_fini(&out);
}

/* Explores a program and prints its line. */
static enum exit_status explore(const char *name, const struct explore_request *request)
{
    struct text differs = {0};
    struct explore_result *result = explore_run(request, NULL);
    bool as_expected = explore_as_expected(result, &differs);
    print_line(name, result, as_expected, text_bytes(&differs));
    explore_free(result);
    text_fini(&differs);
    return as_expected ? EXIT_FINE : EXIT_PROBLEM;
}

static enum exit_status check_file(const char *name, struct explore_request *request, bool list)
{
    struct text path = {0}, messages = {0};
    struct program *program = NULL;
    enum exit_status status = EXIT_BAD_USAGE;
    if (scenario_find(name, &path, &messages))
        program = scenario_load(text_bytes(&path), &messages);
    else
        text_add_char(&messages, '\n');
    fputs(text_bytes(&messages), stderr);
    request->program = program;
    if (program && list) {
        list_program(program);
        status = EXIT_FINE;
    } else if (program) {
        status = explore(text_bytes(&path), request);
    }
    program_free(program);
    text_fini(&path);
    text_fini(&messages);
    return status;
}

int command_check(const struct arguments *arguments)
{
    struct explore_request request = {.verdicts_only = true};
    request.states = (uint64_t)option_number(arguments, OPTION_STATES, 0);
    request.time = option_number(arguments, OPTION_FOR, SECONDS * 1000000000LL);
    request.memory = (uint64_t)option_number(arguments, OPTION_MEMORY, 0);
    request.jobs = (unsigned)option_number(arguments, OPTION_JOBS, 0);
    request.no_reduction = option_given(arguments, OPTION_NO_REDUCTION);
    request.exact = option_given(arguments, OPTION_EXACT);
    bool list = option_given(arguments, OPTION_LIST);
    enum exit_status worst = EXIT_FINE;
    for (size_t i = 0; i < arguments->file_count; i++) {
        enum exit_status status = check_file(arguments->files[i], &request, list);
        worst = status > worst ? status : worst;
        fflush(stdout);
    }
    return worst;
}
