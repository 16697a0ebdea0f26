/*
 * Who is stuck for ever: a set of waiting threads such that no thread outside the set, and no
 * timer, can still do what would end one of the waits. "Can still" is a static analysis of the code
 * each thread has left. Sound, not complete.
 *
 * One judgement for live runs (on the shadow world) and for exploring. An analysis may be used by
 * any number of threads at a time: what it remembers between calls is published atomically.
 */
#ifndef THRUM_MODEL_STUCK_H
#define THRUM_MODEL_STUCK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/step.h"

enum stuck_reason {
    STUCK_CYCLE,          /* waits for a lock, permit or thread along a ring of stuck threads */
    STUCK_SELF,           /* waits for what it holds itself */
    STUCK_LOST_WAKEUP,    /* waits on a condition that nobody will notify any more */
    STUCK_MISSING_PARTY,  /* waits at a barrier that will not fill */
    STUCK_NEVER_RELEASED, /* waits for a lock or permit whose holder has ended, or does not release
                             it any more */
    STUCK_NEVER_SET,      /* waits for an event that nobody will set any more */
    STUCK_JOIN,           /* joins a thread that is stuck (for a ring of joins: STUCK_CYCLE) */
    STUCK_NEVER_STARTED,  /* joins a thread that nobody will start */
};

struct stuck_thread {
    uint32_t thread;
    uint8_t reason; /* enum stuck_reason */
    bool daemon;
    uint32_t thing;             /* what it waits for: a thing; for joins the register */
    uint32_t thread_waited_for; /* joins: the thread; else UINT32_MAX */
};

struct stuck_report {
    struct stuck_thread *threads; /* owned; by thread id */
    uint32_t count;
    uint32_t room;
    bool everyone; /* no thread that is alive can ever step again */
    bool deadlock; /* at least one non-daemon thread is stuck */
};

struct stuck_analysis;

/* The static part, once for a program, which must live as long. Never NULL. */
struct stuck_analysis *stuck_new(const struct program *program);
void stuck_free(struct stuck_analysis *analysis);

/* Judges a state. Returns report->deadlock. An all-zero report is ready for use. */
bool stuck_find(const struct stuck_analysis *analysis, const struct model *model,
                const struct world *world, struct stuck_report *report);
/* The same, but only whether there is a deadlock at all; cheap when some thread can step freely.
 * Allocates nothing on its common path. */
bool stuck_any(const struct stuck_analysis *analysis, const struct model *model,
               const struct world *world);
void stuck_fini(struct stuck_report *report);

/* ---- for who asks it of millions of states, and knows parts of the answer beforehand ---- */

enum wait_kind { WAIT_LOCK, WAIT_NOTIFY, WAIT_SET, WAIT_BARRIER, WAIT_ACTION, WAIT_JOIN };

/* What a thread waits for. */
struct wait {
    uint32_t thread;
    uint32_t object; /* not of a join */
    uint32_t target; /* of a join: the thread; of an RLock's acquire: its owner; else UINT32_MAX */
    enum wait_kind kind;
};

/* What a thread can still do; see stuck_private.h. */
struct powers;

/* Whether the thread, which is alive, waits and no time-out can end it. Depends on what
 * world_touches() says alone. */
bool stuck_waits(const struct model *model, const struct world *world, uint32_t thread,
                 struct wait *ret_wait);
/* What the thread, which is alive, can still do without passing an operation that might block.
 * Depends on its region alone. Lasts as long as the analysis. NULL: is not kept. */
const struct powers *stuck_strict(const struct stuck_analysis *analysis, const struct model *model,
                                  const struct world *world, uint32_t thread);

struct stuck_member {
    const struct powers *powers; /* or NULL: can do nothing, as far as is known */
    bool waits;
    struct wait wait;
};
/* Whether it is clear at first sight that every wait can still end, so that stuck_any() is false.
 * `members`, one a thread, are changed. */
bool stuck_clear(const struct stuck_analysis *analysis, struct stuck_member *members,
                 uint32_t count);

extern const char *const stuck_reason_names[]; /* "cycle", "lost wake-up", … */

#endif
