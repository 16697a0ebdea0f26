/*
 * What stands behind a session: two implementations (live.c, stepping.c), one table
 * of functions each.
 *
 * session.c holds the program, the model and the table; freezing replaces the table and the state
 * behind it. Functions that an implementation cannot offer are NULL, and then session.c says no.
 */
#ifndef THRUM_SESSION_OPS_H
#define THRUM_SESSION_OPS_H

#include "base/vector.h"
#include "session/session.h"

/* The whole schedule of what has happened, in order. */
struct session_schedule {
    struct session_choice *items;
    size_t count;
    size_t capacity;
};

struct session_ops {
    bool (*leave)(void *state); /* NULL: there is nothing to wait for */
    void (*close)(void *state);
    unsigned (*poll)(void *state);
    int (*fd)(const void *state);
    void (*status)(void *state, struct session_status *ret_status);
    void (*lock)(void *state);
    void (*unlock)(void *state);
    struct history *(*history)(void *state);
    const struct world *(*world)(void *state);
    bool (*reached)(void *state, uint32_t sometimes);
    bool (*switches)(void *state, uint32_t thread, uint64_t *ret_voluntary,
                     uint64_t *ret_involuntary);
    bool (*pause)(void *state, bool paused);
    bool (*set_pace)(void *state, int64_t nanoseconds);
    bool (*stop)(void *state);
    /* Live: stops the run and gives its schedule, for a stepping session to be placed at its end.
     */
    bool (*freeze)(void *state, struct session_schedule *ret_schedule);
    bool (*option)(void *state, uint32_t thread, struct session_option *ret_option);
    bool (*step)(void *state, const struct session_choice *choice);
    bool (*jump)(void *state, enum session_jump where, bool backwards, uint64_t argument);
    bool (*set_policy)(void *state, const char *name);
    bool (*toggle_break)(void *state, uint32_t line);
    bool (*has_break)(void *state, uint32_t line);
    /* Stepping: the steps behind the position. */
    uint64_t (*position)(const void *state);
    /* Appends what keeps the thread back beside the model's reasons (the GIL). */
    void (*why_not)(void *state, uint32_t thread, struct text *out);
    uint32_t (*branches)(void *state);
    void (*branch)(void *state, uint32_t branch, struct session_branch *ret_branch);
    bool (*switch_branch)(void *state, uint32_t branch);
    /* Under the lock: the schedule so far. */
    void (*schedule)(void *state, struct session_schedule *ret_schedule);
};

extern const struct session_ops live_ops;
extern const struct session_ops stepping_ops;

/* live.c. Never NULL. */
void *live_new(const struct program *program, struct model *model,
               const struct session_options *options);
/*
 * stepping.c. `schedule` is played to its end first (NULL: options->schedule, or nothing). NULL and
 * the reason when it does not fit the program.
 */
void *stepping_new(const struct program *program, struct model *model,
                   const struct session_options *options, const struct session_schedule *schedule,
                   struct text *ret_error);

#endif
