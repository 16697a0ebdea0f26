/*
 * The global interpreter lock of CPython 3.11 (Python/ceval_gil.h, take_gil and drop_gil) on the
 * clock of steps: one thread may step at a time; a thread that waits for it asks for it after an
 * interval in which nobody else got it; who holds it looks at such requests only at check points
 * (the end of a loop's turn, the start of a function, after a call), and gives it up by itself
 * around every wait, sleep and io.
 *
 * On this clock a step takes GIL_STEP_TIME, `compute(t)` takes t, and a sleep takes no one's time
 * but the sleeper's. Who of several waiters gets it is not defined by CPython; whoever asks this
 * module which thread may go learns all that may. Plain data but for one array; not thread-safe.
 */
#ifndef THRUM_MODEL_GIL_H
#define THRUM_MODEL_GIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/step.h"

#define GIL_NOBODY    UINT32_MAX
#define GIL_STEP_TIME 1000000 /* nanoseconds of the step clock */

/* What one thread waits for. */
struct gil_waiter {
    int64_t ready_at;       /* its sleep or io ends then, on the step clock */
    int64_t since;          /* waits for the GIL since then; meaningless unless `waits` */
    int64_t interval_start; /* the running interval began then */
    uint64_t seen_switches; /* switches when the running interval began */
    bool waits;             /* could go, but for the GIL */
    bool away;              /* stands before a sleep or io: that lasts until ready_at */
};

enum gil_event_kind {
    GIL_REQUEST, /* `thread` has waited an interval and asks `other`, the holder, to give it up */
    GIL_DROP_FORCED,    /* `thread` gives it up because `other` asked */
    GIL_DROP_VOLUNTARY, /* `thread` gives it up: it waits, sleeps, does io or has ended */
    GIL_TAKE,           /* `thread` takes it after waiting for `waited` */
};

struct gil_event {
    enum gil_event_kind kind;
    uint32_t thread;
    uint32_t other;
    int64_t waited; /* nanoseconds of the step clock */
};

enum { GIL_EVENTS = 6 }; /* the most that one step can cause */

struct gil {
    int64_t interval;     /* the switch interval in nanoseconds */
    int64_t clock;        /* nanoseconds */
    uint64_t switches;    /* times that another thread than the last one took it */
    uint32_t holder;      /* or GIL_NOBODY */
    uint32_t last_holder; /* or GIL_NOBODY */
    uint32_t requester;   /* who asked, while drop_request */
    uint32_t barred;   /* gave it up on request and cannot be the next to take it; or GIL_NOBODY */
    bool drop_request; /* somebody asks the holder to give it up */
    bool check_point;  /* the holder stands at a check point */
    bool lax; /* set by the owner: the step was taken on a real clock, so nobody is forced to give
                 it up on this one */
    struct gil_waiter *waiters; /* by thread id; owned */
    uint32_t waiter_count;
    struct gil_event events[GIL_EVENTS]; /* of the last step */
    uint32_t event_count;
};

/* In the first state of a run. `interval` in nanoseconds, above 0. */
void gil_init(struct gil *gil, int64_t interval, const struct model *model,
              const struct world *world);
void gil_fini(struct gil *gil);
/* Deep copy; `to` must be initialised. The events of the last step are not copied. */
void gil_copy(struct gil *to, const struct gil *from);

/* Whether the GIL lets the thread step, if it is enabled otherwise. When not, `why` (may be NULL)
 * gets the words: "waits for the GIL, held by A". */
bool gil_allows(const struct gil *gil, const struct model *model, const struct world *world,
                uint32_t thread, struct text *why);

/* Notes a step: the effect that `thread` had, and the world after it. Leaves what happened to the
 * GIL in gil->events. */
void gil_step(struct gil *gil, const struct model *model, const struct world *world,
              uint32_t thread, const struct operation *operation, const struct effect *effect);

/* Whether CPython looks at requests right after this operation: it is a call there, not a plain
 * read or write. */
bool gil_call(enum opcode op);

#endif
