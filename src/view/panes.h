/* The panes below the lanes, and those that take their place. Each draws into all of its region;
 * the title is the caller's (pane_titled). Those that scroll take the first row to show and return
 * how many rows there are in all. */
#ifndef THRUM_VIEW_PANES_H
#define THRUM_VIEW_PANES_H

#include "view/scene.h"

/* What the scenario says holds `sometimes`. */
struct goal_row {
    const char *text;
    bool reached; /* it has held in this run */
    bool over;    /* the run has ended */
};

/* Shared variables at the cursor: name, value, who changed it last. Lists take one row; the chosen
 * one is kept in sight. `variables` are their numbers, in order. Below them the goals. */
int values_draw(const struct region *region, const struct scene *scene, const uint32_t *variables,
                size_t count, const struct goal_row *goals, size_t goal_count);
/* The variable in row `y` of that many, the first one of a list; THRUM_NONE: there is none. */
uint32_t values_at(const struct scene *scene, const uint32_t *variables, size_t count,
                   size_t goal_count, int height, int y);

/* What the scenario printed and noted up to the cursor, newest last; `back` lines scrolled back. */
int console_draw(const struct region *region, const struct scene *scene, int back);

/* What each thread would do next, or why it cannot (stepping). */
struct choice_row {
    uint32_t thread;
    const char *next;    /* "load counter → 2"; "" when it has ended */
    const char *why_not; /* "" when it can go */
    bool can_time_out;   /* its wait may end by its time-out */
    bool doomed;         /* after it nothing avoids a failure any more */
    bool may_fail;       /* a failure is near: `fails_in` steps after it, 0: it is one */
    uint32_t fails_in;
};
enum { CHOICE_SOON = 2 }; /* further steps that are still near */
int choices_draw(const struct region *region, const struct scene *scene,
                 const struct choice_row *rows, size_t count, int top);

/* A line of play that was left, or the present one (stepping). */
struct branch_row {
    const char *text; /* "2: B at step 8, 12 steps" */
    int depth;        /* 0 for the first line of play, one more for what left it */
    bool in_line;     /* the present line goes through it */
    bool current;     /* … and ends in it */
};
int branches_draw(const struct region *region, const struct branch_row *rows, size_t count,
                  size_t chosen);

/* All problems in words, as they are at the cursor, the chosen one (-1: the last) in sight. */
int problems_draw(const struct region *region, const struct scene *scene, int chosen, int top);
/* How many these are. */
size_t problems_count(const struct scene *scene);
/* The problem in row `y` of that pane; -1: there is none. */
int problems_at(const struct region *region, const struct scene *scene, int chosen, int top, int y);

/* Who waits for whom at the cursor: rings first, then trees with the one who is waited for at the
 * root. */
int waits_draw(const struct region *region, const struct scene *scene, int top);

/* Where the time went and what was fought over. */
int statistics_draw(const struct region *region, const struct scene *scene, int top);

/* What a session knows beside the history; texts may be NULL. */
struct details {
    const char *next;    /* what the thread would do next */
    const char *why_not; /* why it cannot */
    const char *locals;  /* "i = 3\n" … */
    const char *last;    /* what the last step meant, in a sentence */
};
/* All about the selected thread or object. */
int details_draw(const struct region *region, const struct scene *scene,
                 const struct details *details, int top);

/* A key, what it does, and whether it does now. */
struct help_line {
    const char *group; /* a heading where it differs from the line before */
    const char *keys;  /* "j ↓" */
    const char *words; /* "select the next lane" */
    bool available;    /* now */
};
/* What the signs on the screen mean, and the keys that work now: side by side from HELP_WIDE cells
 * on, else one below the other. */
enum { HELP_WIDE = 130 };
enum help_legend { LEGEND_NONE, LEGEND_LANES, LEGEND_TABLE };
int help_draw(const struct region *region, const struct help_line *lines, size_t count,
              enum help_legend legend, int top);

/* One bundled scenario or file. */
struct browser_entry {
    const char *topic;        /* "deadlock" */
    const char *title;        /* first line of its text */
    const char *explanation;  /* the rest of it */
    const char *expect;       /* "deadlock", "ok" …; "" when it says nothing */
    const char *path;         /* as given */
    const char *const *lines; /* its source, for the preview */
    size_t line_count;
    uint32_t first_code_line; /* from 0: where the preview begins, after the explanation */
};
/* The whole screen between header and footer. Returns the first row shown of the list. */
int browser_draw(const struct region *region, const struct browser_entry *entries, size_t count,
                 size_t chosen, int top, const char *match);
/* The entry at a cell of that region; -1: there is none. */
long browser_at(const struct region *region, const struct browser_entry *entries, size_t count,
                int top, int x, int y);

#endif
