/* From the command line to the terminal: what ui/ needs to open scenarios. */
#ifndef THRUM_CLI_SCREEN_H
#define THRUM_CLI_SCREEN_H

#include "cli/options.h"
#include "explore/explore.h"
#include "session/session.h"

/* A scenario that has been opened: what hangs together and goes together. */
struct opened {
    struct program *program;
    struct model *model;
    struct session *session; /* NULL: not opened yet */
};

/* Finds, reads and compiles a scenario; complaints go to standard error. False: it cannot be run.
 */
bool opened_load(struct opened *opened, const char *name);
/* Closes the session and frees the rest. An all-zero one is fine. */
void opened_close(struct opened *opened);
/* The same at the end of a command. When threads of the scenario are still there after a moment,
 * the process ends here with `status`; else returns it. */
int opened_quit(struct opened *opened, int status);

/* The session's options as given on the command line. */
struct session_options screen_session_options(const struct arguments *arguments);

/* Shows a session on the terminal, a live one of the program when none is open yet, and closes
 * everything. Returns an exit status. */
int screen_show(const struct arguments *arguments, struct opened *opened);
/* The browser of bundled scenarios. Returns an exit status. */
int screen_browse(const struct arguments *arguments);

/* Explores a scenario on the terminal, with its findings to step through. Returns an exit status.
 */
int screen_explore(const struct arguments *arguments, const struct explore_request *request,
                   const char *name);

#endif
