/*
 * Inside session/: a stepping session (session/ops.h) in three parts. stepping.c is its life and
 * its table of functions, stepping_feed.c turns steps into the records that a live run would leave,
 * stepping_jump.c finds where to go.
 *
 * Time is the number of steps: step n takes the nanoseconds from n * STEPPING_STEP on, so position
 * p is the time p * STEPPING_STEP: all records of the steps behind are at or before it, all others
 * after. The history always covers the whole line of play, also what lies ahead of the position
 * after going back; a step that goes elsewhere truncates it first.
 */
#ifndef THRUM_SESSION_STEPPING_H
#define THRUM_SESSION_STEPPING_H

#include "base/vector.h"
#include "model/policy.h"
#include "run/stepper.h"
#include "session/assessor.h"
#include "session/foresight.h"
#include "session/ops.h"
#include "trace/history.h"

#define STEPPING_STEP ((uint64_t)SESSION_STEP_TIME)

/* How a thread's lane was left in the history. */
enum told {
    TOLD_NOTHING, /* not begun */
    TOLD_READY,
    TOLD_WAITS,
    TOLD_TAKES_BACK, /* waits for the lock of a condition, notified or timed out */
    TOLD_SLEEPS,     /* stands before a sleep; likewise io and compute */
    TOLD_IO,
    TOLD_COMPUTES,
    TOLD_GIL, /* could go, but for the GIL */
    TOLD_ENDED,
};

/* A jump on its way: what it looks for beyond what can be known at once. */
struct goal {
    bool active;
    enum session_jump where;
    uint64_t argument;
    uint64_t from; /* position it began at */
    uint32_t line; /* JUMP_LINE: of the thread when it began */
    uint16_t base; /* JUMP_OUT: the thread's frame when it began */
};

struct stepping {
    const struct program *program;
    struct model *model;
    struct session_options options; /* its texts are not kept */
    struct stepper *stepper;
    struct policy policy;
    struct trace_catalog catalog;
    struct history *history;
    struct assessor *assessor;
    struct foresight *foresight;  /* begun when somebody asks what choices lead to; may be NULL */
    bool foresees;                /* … which has happened */
    bool foresaw;                 /* its answers have been told of as a change */
    struct world *scratch;        /* for after: and for looking ahead */
    vector(uint32_t) ends;        /* [n]: records once n steps are in; ends.count == length + 1 */
    vector(uint8_t) told;         /* by thread: enum told, at the end of the history */
    uint32_t runner;              /* thread of the last step in the history, or THRUM_NONE */
    uint64_t time;                /* of the last record appended */
    vector(uint32_t) breaks;      /* lines, in no order */
    vector(uint64_t) finished_at; /* at most one: the length at which the run was finished */
    bool clean;                   /* it finished, and after: found nothing wrong */
    bool playing;
    int64_t pace; /* ns between steps while playing */
    uint64_t due; /* clock_now() of the next step of play */
    struct goal goal;
    unsigned changes; /* enum session_change since the last poll */
    char *error;      /* owned; why the last step failed, or what else is to be said; NULL */
};

/* ---- stepping_feed.c ---- */

/* The first records: threads begin. */
void feed_begin(struct stepping *stepping);
/* A step that was just performed at the end of the history. */
void feed_step(struct stepping *stepping, const struct stepper_record *record);
/* Forgets the history from step `length` on. The stepper's position is `length`. */
void feed_truncate(struct stepping *stepping, uint64_t length);

/* ---- stepping.c ---- */

/* Performs one step and feeds it. False with the reason in `error` (may be NULL). */
bool stepping_step(struct stepping *stepping, uint32_t thread, struct choice choice,
                   struct text *error);
/* One step forwards: the line of play's, or at its end the policy's. False when nothing can go. */
bool stepping_forward(struct stepping *stepping);
/* The run is over where the history ends: finished, or an invariant is false. */
bool stepping_over(const struct stepping *stepping);

/* ---- stepping_jump.c ---- */

/* Goes there, or sets out for it: then goal.active, and goal_continue() goes on. False: there is no
 * such place. */
bool stepping_jump(struct stepping *stepping, enum session_jump where, bool backwards,
                   uint64_t argument);
/* Performs steps towards the goal for at most a few milliseconds. */
void goal_continue(struct stepping *stepping);
/* Break points: whether the line has one; gives it one, or takes it away. */
bool stepping_is_break(const struct stepping *stepping, uint32_t line);
void stepping_toggle_break(struct stepping *stepping, uint32_t line);
/* The record of step n that says what it was. */
bool stepping_record(const struct stepping *stepping, uint64_t step,
                     struct history_event *ret_record);

#endif
