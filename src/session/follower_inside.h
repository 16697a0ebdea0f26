/* Inside session/: a follower's parts, for follower.c and judge.c. */
#ifndef THRUM_SESSION_FOLLOWER_INSIDE_H
#define THRUM_SESSION_FOLLOWER_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "model/stuck.h"
#include "run/kernel.h"
#include "run/live.h"
#include "session/catalog_fill.h"
#include "session/explain.h"
#include "session/follower.h"
#include "session/shadow.h"
#include "trace/collector.h"
#include "trace/lockorder.h"
#include "trace/races.h"

struct follower {
    const struct program *program;
    struct model *model;
    struct run *run;
    struct kernel *kernel; /* NULL: not wanted */
    struct trace_catalog catalog;
    struct collector *collector;
    struct history *history;
    struct races *races;
    struct lockorder *lockorder;
    pthread_t thread;
    _Atomic bool done;           /* release when the thread has nothing more to do */
    _Atomic uint32_t visitors;   /* who waits for the history's lock */
    _Atomic unsigned changes;    /* enum session_change */
    _Atomic uint64_t lag_events; /* drained, not merged yet */
    _Atomic int64_t lag;         /* ns */

    /* Under the history's lock. */
    struct shadow shadow;
    uint64_t delivered;      /* records */
    uint64_t delivered_time; /* stamp of the last one */
    uint64_t newest;         /* the latest stamp of all */
    uint64_t kernel_offset;  /* to add to CLOCK_MONOTONIC for the records' clock */
    bool over;               /* no record counts any more: finished */
    bool nobody;             /* nobody can move any more */
    bool finished;           /* `after:` has been judged */
    uint64_t ended_at;       /* run's clock */
    unsigned verdicts;       /* 1 << enum verdict */
    uint32_t alive;

    /* judge.c */
    struct stuck_analysis *stuck;
    struct stuck_report report;
    bool maybe_stuck;        /* a thread has begun to wait or has ended since the last judgement */
    uint64_t next_judgement; /* CLOCK_MONOTONIC */
    uint64_t
        stuck_since; /* CLOCK_MONOTONIC of the first sight of a deadlock not yet said; 0: none */
    unsigned char *said_stuck;     /* by thread: it is part of a problem already */
    unsigned char *watched;        /* by thing: bit 0 an invariant, bit 1 a sometimes reads it */
    unsigned char *invariant_said; /* by invariant */
    unsigned char *sometimes_held; /* by sometimes */
};

void follower_changed(struct follower *follower, unsigned changes);

void judge_init(struct follower *follower);
void judge_fini(struct follower *follower);
/* A thread is started or begins: its name. */
void judge_thread(struct follower *follower, uint32_t thread, const struct thrum_event *event);
/* The shadow has performed a step. */
void judge_step(struct follower *follower, uint32_t thread, const struct thrum_event *event,
                uint64_t index);
/* Looks for stuck threads when there may be new ones. */
void judge_stuck(struct follower *follower);
void judge_defect(struct follower *follower);
void judge_verdict(struct follower *follower, enum verdict verdict);

#endif
