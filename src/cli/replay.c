/* thrum replay: a given schedule, on the screen at its end, or as a table of its steps. */
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/screen.h"
#include "cli/step_common.h"

int command_replay(const struct arguments *arguments)
{
    struct session_options options = screen_session_options(arguments);
    struct opened opened;
    options.schedule = arguments->files[1];
    if (!opened_load(&opened, arguments->files[0]))
        return EXIT_BAD_USAGE;
    if (!step_open(&opened, &options))
        return EXIT_BAD_USAGE;
    if (step_headless(arguments))
        return step_print(arguments, &opened);
    return screen_show(arguments, &opened);
}
