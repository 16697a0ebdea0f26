/*
 * The program on a terminal: the browser of scenarios and the screen of a run, and the loop that
 * drives them. What it needs to open files comes from the caller, so that ui/ knows neither
 * compiler nor engine.
 */
#ifndef THRUM_UI_APP_H
#define THRUM_UI_APP_H

#include <stdbool.h>

#include "base/text.h"
#include "session/session.h"
#include "ui/terminal.h"
#include "view/findings.h"
#include "view/theme.h"

struct exploring;

struct app {
    struct terminal_options terminal; /* --ascii and the like */
    enum theme theme;                 /* to begin with */
    const char *folder;               /* of the bundled scenarios; NULL: none */

    void *data; /* handed to all below */
    /* Compiles a file and opens a session on it, live or stepping. NULL: what is wrong has been
     * added to `ret_error`, as the command line would print it. NULL itself: nothing can be opened.
     */
    struct session *(*open)(void *data, const char *path, bool stepping, struct text *ret_error);
    /* Closes a session and frees what `open` made for it. Before, the caller of app_show() or
     * app_browse() may look at it here. */
    void (*close)(void *data, struct session *session);
    /* The same, stepping, with a schedule played first. NULL: not offered. */
    struct session *(*open_schedule)(void *data, const char *path, const char *schedule,
                                     struct text *ret_error);

    /* Tries every order of a file's threads, in the background. NULL: not offered. NULL as an
     * answer: `ret_error` has got what is wrong. */
    struct exploring *(*explore_begin)(void *data, const char *path, struct text *ret_error);
    /* Appends a line about how far it is. True: it is done, and the findings are there, until
     * explore_end(). */
    bool (*explore_look)(struct exploring *exploring, struct text *progress,
                         const struct finding **ret_findings, size_t *ret_count);
    /* Has the search end soon: what it found so far is the result then. */
    void (*explore_stop)(struct exploring *exploring);
    /* Ends it, at once when it still searches, and frees all of it. */
    void (*explore_end)(struct exploring *exploring);
};

/* Explores a file on the screen, as `e` does in a run. Returns 0, 1 when a failure was found, 2. */
int app_explore(const struct app *app, const char *path);

/* The browser, and from it runs. Returns the exit status. */
int app_browse(const struct app *app);

/* Shows a session, which it closes at the end by app->close. `path` may be NULL: nothing to edit or
 * to load again. Returns 0, 1 when a problem was found, 2 with a complaint on standard error when
 * the terminal cannot be used (the session is closed then, too). */
int app_show(const struct app *app, struct session *session, const char *path);

#endif
