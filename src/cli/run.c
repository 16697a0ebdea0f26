/* thrum run: real threads, live on the screen, or as a summary. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/cli.h"
#include "cli/live_runs.h"
#include "cli/screen.h"
#include "cli/summary.h"

static volatile sig_atomic_t interrupted; /* Ctrl-C, SIGTERM or SIGHUP came */

static void interrupt(int signal)
{
    interrupted = signal;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static bool was_interrupted(void)
{
    return interrupted;
}

static int exit_status(const struct session_status *status)
{
    if (status->error)
        return EXIT_BAD_USAGE;
    return (status->verdicts & ~(1u << VERDICT_OK)) || status->defects ? EXIT_PROBLEM : EXIT_FINE;
}

static int print_summary(const struct arguments *arguments, struct session *session)
{
    struct session_status status;
    struct text out = {0};
    session_status(session, &status);
    if (option_given(arguments, OPTION_JSON))
        summary_json(session, &out);
    else
        summary_text(session, &out);
    print_report(arguments, text_bytes(&out));
    text_fini(&out);
    if (status.error)
        complain("%s", status.error);
    return exit_status(&status);
}

/* A line that the next one overwrites, for who waits at a terminal; runs 0: it goes away. */
static void say_runs(int64_t runs, uint64_t begin)
{
    enum { WIDTH = 72 };
    struct text line = {0}, time = {0};
    if (!isatty(STDERR_FILENO))
        return;
    clock_format(&time, (int64_t)(clock_now() - begin));
    if (runs)
        text_printf(&line, "%" PRId64 " run%s in %s, none has failed; Ctrl-C ends it", runs,
                    runs == 1 ? "" : "s", text_bytes(&time));
    fprintf(stderr, "\r%-*s\r", WIDTH, text_bytes(&line));
    text_fini(&line);
    text_fini(&time);
}

/* Opens one run after the other, each with a seed of its own, until one fails. The last stays open.
 */
static void run_until_failure(const struct arguments *arguments, struct opened *opened,
                              struct session_options *options)
{
    int64_t most = option_number(arguments, OPTION_UNTIL_FAILURE, -1);
    struct session_status status;
    uint64_t begin = clock_now();
    if (!options->has_seed)
        options->seed = begin;
    options->has_seed = true;
    for (int64_t runs = 1;; runs++) {
        opened->session = session_open_live(opened->program, opened->model, options);
        live_run_wait(opened->session, was_interrupted, &status);
        bool last = runs == most || interrupted || exit_status(&status) != EXIT_FINE;
        if (last) {
            struct text time = {0}, verdicts = {0};
            say_runs(0, begin);
            clock_format(&time, (int64_t)(clock_now() - begin));
            summary_verdicts(status.verdicts, &verdicts);
            fprintf(stderr, "%" PRId64 " run%s in %s; the last, with seed %" PRIu64 ": %s\n", runs,
                    runs == 1 ? "" : "s", text_bytes(&time), options->seed, text_bytes(&verdicts));
            text_fini(&time);
            text_fini(&verdicts);
            return;
        }
        while (!session_leave(opened->session))
            if (interrupted)
                _exit(exit_status(&status));
        session_close(opened->session);
        opened->session = NULL;
        say_runs(runs, begin);
        random_next(&options->seed);
    }
}

int command_run(const struct arguments *arguments)
{
    bool headless = option_given(arguments, OPTION_HEADLESS) ||
                    option_given(arguments, OPTION_JSON) || !isatty(STDOUT_FILENO);
    struct session_options options = screen_session_options(arguments);
    struct session_status status;
    struct opened opened;
    if (!opened_load(&opened, arguments->files[0]))
        return EXIT_BAD_USAGE;
    if (headless || option_given(arguments, OPTION_UNTIL_FAILURE))
        watch_signals();
    if (option_given(arguments, OPTION_UNTIL_FAILURE))
        run_until_failure(arguments, &opened, &options);
    else if (headless)
        opened.session = session_open_live(opened.program, opened.model, &options);
    if (!headless && !interrupted)
        return screen_show(arguments, &opened);
    live_run_wait(opened.session, was_interrupted, &status);
    return opened_quit(&opened, print_summary(arguments, opened.session));
}
