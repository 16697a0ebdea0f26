/*
 * What a frame is drawn from: a history, the time looked at, and what is selected. All panes that
 * show a run take one. Whoever draws holds history_lock() meanwhile.
 */
#ifndef THRUM_VIEW_SCENE_H
#define THRUM_VIEW_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/history.h"
#include "view/canvas.h"

/* A row of the lanes: a thread or an object, or a group of them that is folded into one row. */
struct lane {
    uint32_t first, count; /* it stands for so many from here on in the scene's list */
};

struct scene {
    const struct history *history;
    const struct trace_catalog *catalog; /* the history's */
    struct row_cache *rows;              /* rows drawn before, or NULL */
    uint64_t now;                        /* how far the run has come */
    uint64_t cursor;   /* the time looked at: all but the lanes shows this moment */
    bool cursor_shown; /* it is not simply now: mark its column */
    uint64_t start;    /* time of the first column of the lanes */
    uint64_t column;   /* nanoseconds a column, at least 1 */
    bool
        forever; /* the run has ended: who is stuck stays so, past the last column of the run too */
    bool steps;  /* time counts steps (SESSION_STEP_TIME each), not nanoseconds */
    const uint32_t *threads; /* to show, lane by lane */
    size_t thread_count;
    const struct lane *thread_lanes; /* their lanes; NULL: one each */
    size_t thread_lane_count;
    const uint32_t *objects; /* to show, row by row */
    size_t object_count;
    const struct lane *object_lanes; /* their rows; NULL: one each */
    size_t object_lane_count;
    int thread_top, object_top; /* lanes scrolled away above */
    uint32_t thread, object;    /* the selected ones, or THRUM_NONE */
    const char *match;          /* what is searched for; NULL nothing */
    /* Appends a variable's value at a time as people read it; NULL: as an integer. */
    void (*format_value)(void *data, uint32_t object, uint64_t time, struct text *out);
    void *format_data; /* for it */
};

/* How a lane shows a state. */
struct lane_look {
    uint32_t glyph;
    enum style style;
    enum style name; /* of words written into a stretch */
    unsigned rank;   /* among the states of a folded group's members: the highest is shown */
};
enum { LANE_RANKS = 11 };
const struct lane_look *lane_look(enum lane_state state);

/* The lanes of threads, or the rows of objects: how many, the n-th, the one that shows a thread or
 * object (-1: none), and its name ("philosopher-0", "philosopher ×5"), which is appended. */
size_t scene_lanes(const struct scene *scene, bool objects);
struct lane scene_lane(const struct scene *scene, bool objects, size_t n);
int scene_lane_of(const struct scene *scene, bool objects, uint32_t number);
void scene_lane_name(const struct scene *scene, bool objects, struct lane lane, struct text *out);

/* True for the states in which a thread waits for something that has a name. */
bool lane_is_wait(enum lane_state state);

/* "forks[1]", "join A", "recorder": what a stretch waits for; adds nothing when there is nothing.
 */
void scene_wait_words(const struct scene *scene, const struct lane_interval *interval,
                      struct text *out);

/* A time of the run as text: "2.413 s", or "step 12". */
void scene_time(const struct scene *scene, uint64_t time, struct text *out);

/* A length of time: "2.413 s", or "12 steps". */
void scene_length(const struct scene *scene, uint64_t length, struct text *out);

/* A variable's value at a time as text. */
void scene_value(const struct scene *scene, uint32_t object, uint64_t time, struct text *out);

/* Objects that have rows (locks, semaphores, events, barriers, conditions), and those whose values
 * are listed (variables and atomics). */
bool object_has_row(enum trace_type type);
bool object_has_value(enum trace_type type);

/* The column of a time, which may lie outside the window: then -1 or `columns`. */
int scene_column(const struct scene *scene, uint64_t time, int columns);

/* Who is stuck when the run has ended stays so: fills the columns of a lane that lie after it. */
void scene_extend_lane(const struct scene *scene, uint32_t thread, int columns,
                       struct lane_cell cells[]);

#endif
