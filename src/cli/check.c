/* thrum check FILE...: reads, checks and explores each file and compares with what it expects; one
 * line a file, or one JSON object for all. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/scenario.h"
#include "cli/summary.h"
#include "explore/explore.h"

enum { SECONDS = 60 }; /* for a file, unless --for says otherwise */

/* What is done with each file. */
struct checking {
    struct explore_request request;
    bool list, json;
    struct text files; /* json: the members of `files` so far */
};

static void list_program(const struct program *program)
{
    struct text listing = {0};
    program_dump(program, &listing);
    print_text(text_bytes(&listing));
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
    text_add_char(&out, '\n');
    print_text(text_bytes(&out));
    text_fini(&out);
}

/* Begins the object of a file. */
static void add_file(struct checking *checking, const char *name)
{
    text_add(&checking->files, checking->files.length ? ",\n  {\"file\": " : "\n  {\"file\": ");
    text_add_json(&checking->files, name);
}

static void add_result(struct checking *checking, const char *name,
                       const struct explore_result *result, bool as_expected, const char *differs)
{
    struct text *out = &checking->files;
    add_file(checking, name);
    text_printf(out, ", \"as_expected\": %s, ", as_expected ? "true" : "false");
    if (!as_expected) {
        text_add(out, "\"differs\": ");
        text_add_json(out, differs);
        text_add(out, ", ");
    }
    text_printf(out, "\"complete\": %s, \"found\": [", result->complete ? "true" : "false");
    for (uint32_t i = 0; i < result->failure_count; i++) {
        text_printf(out, "%s{\"verdict\": \"%s\", \"detail\": ", i ? ", " : "",
                    verdict_names[result->failures[i].verdict]);
        text_add_json(out, result->failures[i].detail);
        text_add_char(out, '}');
    }
    text_printf(out, "], \"states\": %" PRIu64 ", \"nanoseconds\": %" PRId64 "}", result->states,
                result->elapsed);
}

/* Explores a program and says what was found. */
static enum exit_status explore(struct checking *checking, const char *name)
{
    struct text differs = {0};
    struct explore_result *result = explore_run(&checking->request, NULL);
    bool as_expected = explore_as_expected(result, &differs);
    if (checking->json)
        add_result(checking, name, result, as_expected, text_bytes(&differs));
    else
        print_line(name, result, as_expected, text_bytes(&differs));
    explore_free(result);
    text_fini(&differs);
    return as_expected ? EXIT_FINE : EXIT_PROBLEM;
}

/* The file could not be read, or is no scenario. */
static enum exit_status refuse(struct checking *checking, const char *name, const char *messages)
{
    fputs(messages, stderr);
    if (checking->json) {
        add_file(checking, name);
        text_add(&checking->files, ", \"as_expected\": false, \"error\": ");
        text_add_json(&checking->files, messages);
        text_add_char(&checking->files, '}');
    }
    return EXIT_BAD_USAGE;
}

static enum exit_status check_file(struct checking *checking, const char *name)
{
    struct text path = {0}, messages = {0}, error = {0};
    struct program *program = NULL;
    enum exit_status status = EXIT_FINE;
    if (scenario_find(name, &path, &error))
        program = scenario_load(text_bytes(&path), &messages);
    else
        text_printf(&messages, "thrum: %s\n", text_bytes(&error));
    checking->request.program = program;
    if (!program) {
        status = refuse(checking, name, text_bytes(&messages));
    } else {
        fputs(text_bytes(&messages), stderr); /* warnings */
        if (checking->list)
            list_program(program);
        else
            status = explore(checking, text_bytes(&path));
    }
    program_free(program);
    text_fini(&path);
    text_fini(&messages);
    text_fini(&error);
    return status;
}

static void print_json(struct checking *checking, enum exit_status status)
{
    struct text out = {0};
    text_printf(&out, "{\"format\": \"thrum-check-1\", \"as_expected\": %s, \"files\": [",
                status == EXIT_FINE ? "true" : "false");
    text_add(&out, text_bytes(&checking->files));
    text_add(&out, "\n]}\n");
    print_text(text_bytes(&out));
    text_fini(&out);
}

int command_check(const struct arguments *arguments)
{
    struct checking checking = {.request.verdicts_only = true};
    struct explore_request *request = &checking.request;
    request->states = (uint64_t)option_number(arguments, OPTION_STATES, 0);
    request->time = option_number(arguments, OPTION_FOR, SECONDS * 1000000000LL);
    request->memory = (uint64_t)option_number(arguments, OPTION_MEMORY, 0);
    request->jobs = (unsigned)option_number(arguments, OPTION_JOBS, 0);
    request->no_reduction = option_given(arguments, OPTION_NO_REDUCTION);
    request->exact = option_given(arguments, OPTION_EXACT);
    checking.list = option_given(arguments, OPTION_LIST);
    checking.json = option_given(arguments, OPTION_JSON);
    enum exit_status worst = EXIT_FINE;
    if (checking.list && checking.json)
        return complain("--list prints text: it does not go with --json");
    for (size_t i = 0; i < arguments->file_count; i++) {
        enum exit_status status = check_file(&checking, arguments->files[i]);
        worst = status > worst ? status : worst;
    }
    if (checking.json)
        print_json(&checking, worst);
    text_fini(&checking.files);
    return worst;
}
