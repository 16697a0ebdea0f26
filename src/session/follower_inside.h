/* Inside session/: a follower's parts, for follower.c and follower_steps.c. */
#ifndef THRUM_SESSION_FOLLOWER_INSIDE_H
#define THRUM_SESSION_FOLLOWER_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "run/kernel.h"
#include "run/live.h"
#include "session/assessor.h"
#include "session/catalog_fill.h"
#include "session/follower.h"
#include "session/shadow.h"
#include "trace/collector.h"

/* A context switch that the kernel has told of. */
struct follower_switch {
    uint32_t thread;
    struct thrum_event event;
};

struct follower {
    const struct program *program;
    struct model *model;
    struct run *run;
    struct trace_catalog catalog;
    struct collector *collector;
    struct history *history;
    bool kernel_wanted;          /* whether to look at the kernel's context switches */
    _Atomic uint32_t *runs;      /* see session_options */
    pthread_t thread;            /* the follower's */
    bool followed;               /* there is that thread */
    _Atomic bool done;           /* release when the thread has nothing more to do */
    _Atomic bool abandoned;      /* nobody will look any more: what has not been merged may go */
    _Atomic uint32_t visitors;   /* who waits for the history's lock */
    _Atomic unsigned changes;    /* enum session_change */
    _Atomic uint64_t lag_events; /* drained, not merged yet */
    _Atomic int64_t lag;         /* ns */

    /* Under the history's lock. */
    struct kernel *kernel; /* NULL: not wanted, or not open yet */
    struct shadow shadow;
    struct assessor *assessor;
    vector(struct follower_switch) switches; /* not in the history yet */
    size_t switches_fed;                     /* of these, from the first on: are in it */
    uint64_t delivered;                      /* records */
    uint64_t delivered_time;                 /* stamp of the last one */
    uint64_t newest;                         /* the latest stamp of all */
    uint64_t kernel_offset;                  /* to add to CLOCK_MONOTONIC for the records' clock */
    size_t problems;                         /* in the history at the last look */
    bool over;                               /* no record counts any more */
    bool nobody;                             /* nobody can move any more */
    bool full;                               /* the history can take no more */
    bool finished;                           /* `after:` has been judged */
    uint64_t ended_at;                       /* run's clock */
    uint32_t alive;                          /* threads that have begun and not ended */
    bool maybe_stuck;        /* a thread has begun to wait or has ended since the last judgement */
    uint64_t judged_steps;   /* the shadow's steps at the last judgement */
    uint64_t next_judgement; /* CLOCK_MONOTONIC */
    uint64_t
        stuck_since; /* CLOCK_MONOTONIC of the first sight of a deadlock not said yet; 0: none */
};

/* Adds to what the next follower_changes() tells. */
void follower_changed(struct follower *follower, unsigned changes);

/* ---- follower_steps.c, all under the history's lock ---- */

/* A thread is started or begins: its name. */
void steps_thread(struct follower *follower, const struct thrum_event *event);
/* The shadow has performed the step of this record, number `index` of the history. */
void steps_take(struct follower *follower, uint32_t thread, const struct thrum_event *event,
                uint64_t index);
/* Whether a record of this kind says that somebody can do less than before. */
bool steps_may_block(uint16_t kind);
/* Looks for stuck threads when there may be new ones. */
void steps_stuck(struct follower *follower);
/* The run and the shadow disagree. */
void steps_defect(struct follower *follower);

#endif
