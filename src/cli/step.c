/* thrum step: the scenario's threads, one visible step at a time. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/screen.h"
#include "cli/step_common.h"
#include "cli/steps_text.h"
#include "model/schedule.h"

enum { HEADLESS_STEPS = 100000 }; /* played without a screen, at most */

bool step_headless(const struct arguments *arguments)
{
    return option_given(arguments, OPTION_HEADLESS) || option_given(arguments, OPTION_JSON) ||
           !isatty(STDOUT_FILENO);
}

/* A schedule that was made for another version of the file may still fit; it is said all the same.
 */
static void check_schedule(const struct opened *opened, const char *text)
{
    struct schedule schedule = {0};
    if (text && schedule_parse(&schedule, text, NULL) &&
        !schedule_is_for(&schedule, opened->program))
        fprintf(stderr,
                "thrum: the schedule was made for another version of %s (#%08x, this one is "
                "#%08x)\n",
                opened->program->path, schedule.checksum, (unsigned)opened->program->checksum);
    schedule_fini(&schedule);
}

bool step_open(struct opened *opened, const struct session_options *options)
{
    struct text error = {0};
    check_schedule(opened, options->schedule);
    opened->session = session_open_stepping(opened->program, opened->model, options, &error);
    if (!opened->session) {
        complain("%s", text_bytes(&error));
        opened_close(opened);
    }
    text_fini(&error);
    return opened->session != NULL;
}

int step_print(const struct arguments *arguments, struct opened *opened)
{
    struct steps_text_options look = {
        .fold = option_given(arguments, OPTION_FOLD),
        .explain = option_given(arguments, OPTION_EXPLAIN),
    };
    struct text out = {0};
    unsigned verdicts = steps_verdicts(opened->session);
    if (option_given(arguments, OPTION_JSON))
        steps_json(opened->session, &out);
    else
        steps_text(opened->session, &look, &out);
    print_report(arguments, text_bytes(&out));
    text_fini(&out);
    opened_close(opened);
    return verdicts & ~(1u << VERDICT_OK) ? EXIT_PROBLEM : EXIT_FINE;
}

/* Lets the policy play to the end, or to as many steps as anybody would read. */
static void play(struct session *session)
{
    struct session_status status;
    session_jump(session, SESSION_JUMP_TO, false, HEADLESS_STEPS);
    do {
        session_poll(session);
        session_status(session, &status);
    } while (status.playing);
    if (!status.ended && status.step >= HEADLESS_STEPS)
        fprintf(stderr, "thrum: stopped after %d steps\n", HEADLESS_STEPS);
}

int command_step(const struct arguments *arguments)
{
    struct session_options options = screen_session_options(arguments);
    struct opened opened;
    if (!opened_load(&opened, arguments->files[0]))
        return EXIT_BAD_USAGE;
    if (!step_open(&opened, &options))
        return EXIT_BAD_USAGE;
    if (!step_headless(arguments))
        return screen_show(arguments, &opened);
    play(opened.session);
    return step_print(arguments, &opened);
}
