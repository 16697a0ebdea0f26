/* thrum explore FILE: every schedule, and what can happen. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/live_runs.h"
#include "cli/scenario.h"
#include "cli/screen.h"
#include "explore/explore.h"

/* ---- searching, with progress on a terminal ---- */

struct job {
    struct explore_request request;
    struct explore_progress progress;
    struct explore_result *result;
};

static void *job_main(void *argument)
{
    struct job *job = argument;
    job->result = explore_run(&job->request, &job->progress);
    return NULL;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* One line on standard error, drawn over itself. */
static void draw_progress(const struct explore_look *look)
{
    fprintf(stderr,
            "\r\033[K%s: %llu states, %.0f a second, depth %llu, %.0f %% of memory, %u failures, "
            "%u ends",
            look->phase == EXPLORE_SIMPLIFYING ? "looking for the simplest" : "searching",
            (unsigned long long)look->states, look->states_a_second,
            (unsigned long long)look->depth, look->memory, look->failures, look->outcomes);
    fflush(stderr);
}

static void watch(struct job *job)
{
    bool drawn = false;
    for (;;) {
        struct explore_look look = explore_look(&job->progress);
        if (look.phase == EXPLORE_DONE)
            break;
        if (interrupted)
            atomic_store_explicit(&job->progress.cancel, true, memory_order_relaxed);
        if (look.elapsed > 300000000) {
            draw_progress(&look);
            drawn = true;
        }
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    if (drawn)
        fputs("\r\033[K", stderr);
}

/* Runs the search; on a terminal with its progress, and so that Ctrl-C ends it with what was found
 * so far. */
static struct explore_result *search(const struct explore_request *request)
{
    struct job job = {.request = *request};
    pthread_t thread;
    if (!isatty(STDERR_FILENO) || pthread_create(&thread, NULL, job_main, &job) != 0) {
        job_main(&job);
        return job.result;
    }
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESETHAND}, before;
    sigaction(SIGINT, &action, &before);
    watch(&job);
    pthread_join(thread, NULL);
    sigaction(SIGINT, &before, NULL);
    return job.result;
}

/* ---- options ---- */

static bool read_request(const struct arguments *arguments, struct explore_request *request)
{
    request->states = (uint64_t)option_number(arguments, OPTION_STATES, 0);
    request->time = option_number(arguments, OPTION_FOR, 0);
    request->memory = (uint64_t)option_number(arguments, OPTION_MEMORY, 0);
    request->jobs = (unsigned)option_number(arguments, OPTION_JOBS, 0);
    request->no_reduction = option_given(arguments, OPTION_NO_REDUCTION);
    request->exact = option_given(arguments, OPTION_EXACT);
    const char *time = option_text(arguments, OPTION_TIME);
    if (time && strcmp(time, "any") != 0 && strcmp(time, "ordered") != 0) {
        complain("--time takes any or ordered, not %s", time);
        return false;
    }
    if (time)
        request->time_order = strcmp(time, "any") == 0 ? EXPLORE_TIME_ANY : EXPLORE_TIME_ORDERED;
    return true;
}

static bool was_interrupted(void)
{
    return interrupted;
}

/* Live runs of the same program; at most ten seconds each. */
static void count_runs(const struct arguments *arguments, struct explore_result *result,
                       struct explore_runs *ret_runs)
{
    uint64_t runs = (uint64_t)option_number(arguments, OPTION_RUNS, 0);
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESETHAND}, before;
    sigaction(SIGINT, &action, &before);
    live_runs_count(result, runs, 10000000000, clock_now(), was_interrupted, ret_runs);
    sigaction(SIGINT, &before, NULL);
}

static struct program *load(const char *name)
{
    struct text path = {0}, messages = {0};
    struct program *program = NULL;
    if (!scenario_find(name, &path, &messages))
        complain("%s", text_bytes(&messages));
    else {
        program = scenario_load(text_bytes(&path), &messages);
        fputs(text_bytes(&messages), stderr);
    }
    text_fini(&path);
    text_fini(&messages);
    return program;
}

/* ---- the commands ---- */

int command_explore(const struct arguments *arguments)
{
    struct explore_request request = {0};
    if (!read_request(arguments, &request))
        return EXIT_BAD_USAGE;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !option_given(arguments, OPTION_JSON) &&
        !option_given(arguments, OPTION_HEADLESS) && !option_given(arguments, OPTION_RUNS))
        return screen_explore(arguments, &request, arguments->files[0]);
    struct program *program = load(arguments->files[0]);
    if (!program)
        return EXIT_BAD_USAGE;
    request.program = program;
    struct explore_result *result = search(&request);
    struct explore_report_options options = {0};
    struct explore_runs runs = {0};
    struct text out = {0};
    if (option_given(arguments, OPTION_RUNS)) {
        count_runs(arguments, result, &runs);
        options.runs = &runs;
    }
    if (option_given(arguments, OPTION_JSON))
        explore_json(result, &options, &out);
    else
        explore_report(result, &options, &out);
    print_report(arguments, text_bytes(&out));
    text_fini(&out);
    live_runs_fini(&runs);
    int status = result->failure_count || !result->complete ? EXIT_PROBLEM : EXIT_FINE;
    explore_free(result);
    program_free(program);
    return status;
}
