/*
 * The screen of a run: what the person looks at (which time, which lanes, which panes), how keys
 * change that, and how it is drawn. Knows a session, no terminal.
 */
#ifndef THRUM_UI_RUN_H
#define THRUM_UI_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vector.h"
#include "session/session.h"
#include "trace/history.h"
#include "ui/keymap.h"
#include "view/panes.h"
#include "view/row_cache.h"
#include "view/scene.h"

enum pane {
    PANE_THREADS,
    PANE_OBJECTS,
    PANE_SOURCE,
    PANE_CHOICES, /* stepping only */
    PANE_VALUES,
    PANE_CONSOLE,
    PANE_PROBLEMS,
    PANE_COUNT
};

/* What the part below the lanes shows. */
enum lower { LOWER_PANES, LOWER_WAITS, LOWER_STATISTICS, LOWER_DETAILS, LOWER_BRANCHES };

/* Which lanes are shown, and how: in the order of their key. */
enum lane_filter {
    LANES_DEFAULT, /* all, large groups folded */
    LANES_FOLDED,  /* a lane for each group */
    LANES_EACH,    /* all, none folded */
    LANES_LIVING,
    LANES_WAITING,
    LANES_SORTED, /* most waiting first */
    LANE_FILTERS
};

/* The person's word about one group. */
struct fold_choice {
    uint32_t first; /* its first member */
    bool folded;
};

/* The groups of threads, or of objects, and the lanes that show them. */
struct run_folds {
    vector(uint32_t) firsts;            /* by number: the first member of its group */
    vector(uint32_t) sizes;             /* by first member: how many there are */
    vector(struct fold_choice) choices; /* otherwise than the arrangement says */
    vector(struct lane) lanes;          /* in order */
    uint32_t largest;                   /* members of the largest group */
};

/* Where a pane was drawn last, for the mouse. */
struct place {
    int x, y, width, height; /* on the screen; width 0: not shown */
};

struct run_view {
    struct session *session;
    struct session_status status; /* as of the last poll */
    bool opens;                   /* the file can be opened again */
    bool explores;                /* exploring is offered */
    bool editable;                /* there is a file */
    const char *name;             /* of the file, without folders; outlives this */
    enum pane focus;              /* where the keys go */
    enum lower lower;             /* what is below the lanes */
    bool table;                   /* the table of steps instead of the lanes */
    bool fold, relate, predict;   /* how it looks (view/steps.h) */
    enum lane_filter filter;      /* which lanes are shown */
    uint32_t thread, object;      /* selected; THRUM_NONE */
    bool chosen;                  /* the person has chosen a thread */
    uint64_t cursor;              /* time looked at */
    uint64_t start, column;       /* of the time axis */
    bool jumps;                   /* stepping: go to `jump_step` once the lock is released */
    uint64_t jump_step;           /* position */
    bool follow;                  /* the cursor is now */
    bool fit;                     /* the axis shows the whole run */
    int columns;                  /* of the axis when last drawn */
    int thread_top, object_top;   /* lanes scrolled away */
    int source_top;               /* lines scrolled away; -1: the words at the top of the file */
    int top;                      /* rows scrolled away in the pane with the focus, or below */
    int console_back;             /* lines scrolled back */
    size_t problems_seen;         /* how many have been announced */
    int problem;                  /* the chosen one, -1: the last */
    bool show_problems;           /* in the place that panes share on a narrow screen */
    char match[64];               /* searched for; "" nothing */
    vector(uint32_t) threads;     /* shown, lane by lane */
    vector(uint32_t) objects;     /* shown, row by row */
    struct run_folds thread_folds, object_folds; /* the lanes and rows they make */
    struct row_cache rows;                       /* of these, as drawn last */
    vector(struct session_option) options;       /* stepping: by thread, what it could do */
    uint64_t no_return;      /* stepping: after so many steps nothing avoids the failure that
                                was opened; 0: none was */
    vector(uint32_t) breaks; /* stepping: lines with a break point */
    vector(struct branch_row) branches; /* stepping: lines of play, with owned texts */
    size_t branch;                      /* the chosen one */
    vector(uint32_t) variables;         /* in order */
    vector(struct goal_row) goals;      /* what holds sometimes, in order */
    struct place places[PANE_COUNT];    /* where panes are */
    struct place lower_place;           /* where waits, statistics, details are */
    bool paced;                         /* the person has chosen a pace */
    bool asks_value;                    /* a randint of `thread` needs a number from the person */
    int64_t lowest, highest;            /* in this range */
    struct text message;                /* for the footer, until the next key */
};

/* The session must outlive the view, or be replaced by run_view_session(). */
void run_view_init(struct run_view *view, struct session *session);
void run_view_session(struct run_view *view, struct session *session);
void run_view_fini(struct run_view *view);

/* Takes in the session's status and new problems after a session_poll(). */
void run_view_news(struct run_view *view, unsigned changes);

/* What actions may need that is there now. */
unsigned run_view_have(const struct run_view *view);

/* Carries out an action on the view or the session; false: it is not one of this screen's. */
bool run_view_act(struct run_view *view, enum action action, int key);

/* Mouse at a cell of the screen. */
void run_view_click(struct run_view *view, int x, int y);
void run_view_wheel(struct run_view *view, int x, int y, bool up);

/* The number that was asked for (asks_value); out of range: says so. */
void run_view_value(struct run_view *view, const char *number);

/* Selects the first lane or row that contains `match` from the selected one on. */
void run_view_search(struct run_view *view, int direction);

/* Draws everything between and with header and footer. Takes the session's lock meanwhile. */
void run_view_draw(struct run_view *view, const struct region *screen);

/* For the parts of this module. Under the session's lock. */
void run_view_forget_branches(struct run_view *view);
void run_lists(struct run_view *view);
void run_folds_lists(struct run_view *view);
void run_scene(struct run_view *view, struct scene *ret_scene);
void run_jump(struct run_view *view, enum action action);
/* Under no lock: stepping, what looked for a time under the lock becomes a jump of the session. */
void run_finish_jump(struct run_view *view);
/* Stepping's part of run_view_act(). */
bool run_step_act(struct run_view *view, enum action action, int key);
/* Moves the selection, or scrolls, where the keys go. */
void run_view_move(struct run_view *view, int by);
void run_axis(struct run_view *view, int columns);
void run_zoom(struct run_view *view, bool in, int at_column);
uint64_t run_nice(uint64_t least);
void run_look_at(struct run_view *view, uint64_t time);
void run_show_problem(struct run_view *view, int number);

/* Folding: of the group of the chosen thread, or object where the keys go to these. */
bool run_folds_has_group(const struct run_view *view);
bool run_folds_is_folded(const struct run_view *view);
void run_folds_set(struct run_view *view, bool folded);
void run_folds_next_filter(struct run_view *view);
void run_folds_fini(struct run_folds *folds);

#endif
