/* Inside ui/: all that is on the terminal while the loop runs (app.c), and how it is drawn
 * (app_draw.c). */
#ifndef THRUM_UI_APP_INSIDE_H
#define THRUM_UI_APP_INSIDE_H

#include <time.h>

#include "ui/app.h"
#include "ui/run.h"
#include "ui/shelf.h"

/* One run of the loop; everything that is on screen. */
struct screen {
    const struct app *app;
    struct terminal *terminal;
    struct canvas canvas;
    enum theme theme;
    struct shelf shelf;             /* empty when there is no browser */
    size_t chosen;                  /* of the shelf */
    int shelf_top;                  /* first row of its list */
    char shelf_match[64];           /* searched for in the browser */
    struct run_view run;            /* valid while `session` is not NULL */
    struct session *session;        /* NULL: the browser is shown */
    char *path;                     /* of the session's file, owned; NULL none */
    struct timespec modified;       /* of the file when it was opened */
    uint64_t looked;                /* when the file was last looked at */
    bool file_changed;              /* since it was opened */
    bool help;                      /* the help lies on top */
    int help_top;                   /* scrolled */
    bool searching;                 /* keys go to the search */
    struct text input;              /* of the search, or of a number that is asked for */
    struct text error;              /* what is wrong with a file; shown on top until a key */
    struct exploring *exploring;    /* NULL: nothing was explored */
    char *explored;                 /* the file it explores, owned */
    bool exploring_shown;           /* it lies on top */
    bool explored_all;              /* it is done */
    bool exploring_stops;           /* it was asked to end with what it has */
    const struct finding *findings; /* what it found, once done */
    size_t finding_count, finding;  /* how many, the chosen one */
    int finding_top;                /* rows of its words scrolled away */
    struct text progress;           /* how far it is */
    struct text note;               /* for the footer where no run is shown, until the next key */
    struct text said;               /* the message in the footer … */
    uint64_t said_since;            /* … and when it came */
    const char *noticed;            /* the session's notice that has been said */
    bool dirty;                     /* must be drawn */
    bool leave;                     /* the loop ends */
    int status;                     /* exit status so far */
    int signal;                     /* that asked to leave, or 0 */
};

/* What actions may need that is there now. */
unsigned screen_have(const struct screen *screen);

/* Shows a session, which it owns from then on; closes it. */
void screen_take_session(struct screen *screen, struct session *session, const char *path);
void screen_close_session(struct screen *screen);

/* Explores a file, or shows again what was found in it; takes in what is new; what keys do on that
 * screen; ends it at once. */
void screen_begin_exploring(struct screen *screen, const char *path);
void screen_look_at_exploring(struct screen *screen);
void screen_act_on_findings(struct screen *screen, enum action action);
void screen_end_exploring(struct screen *screen);

/* Copies a schedule (NULL: there is none) to the clipboard; `message` says what came of it. */
void screen_copy(struct screen *screen, const char *schedule, struct text *message);

/* Draws whatever lies on top and sends it to the terminal. */
void screen_draw(struct screen *screen);

/* A path without its folders; NULL stays NULL. */
const char *screen_base_name(const char *path);

#endif
