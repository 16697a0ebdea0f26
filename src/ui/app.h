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
#include "view/theme.h"

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
    /* Tries every order; the terminal is given back meanwhile. NULL: not offered. */
    void (*explore)(void *data, const char *path);
};

/* The browser, and from it runs. Returns the exit status. */
int app_browse(const struct app *app);

/* Shows a session, which it closes at the end by app->close. `path` may be NULL: nothing to edit or
 * to load again. Returns 0, 1 when a problem was found, 2 with a complaint on standard error when
 * the terminal cannot be used (the session is closed then, too). */
int app_show(const struct app *app, struct session *session, const char *path);

#endif
