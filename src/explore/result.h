/* Inside explore/: from findings to a result. */
#ifndef THRUM_EXPLORE_RESULT_H
#define THRUM_EXPLORE_RESULT_H

#include "explore/findings.h"
#include "explore/judge.h"
#include "explore/paths.h"
#include "explore/replay.h"

/* The moves that a schedule was made from. */
struct kept_way {
    move *moves; /* owned */
    uint32_t count;
    bool real;
};

/* A whole request at work. */
struct exploration {
    const struct explore_request *request;
    struct explore_progress *progress; /* or NULL */
    struct explore_result *result;
    struct space_shape shape;
    struct reduction *reduction; /* or NULL */
    struct findings findings;
    struct graph graph; /* the one that gave the verdicts */
    struct graph_limits limits;
    struct stop stop;        /* everything looks at it */
    uint64_t end;            /* clock_now() at which all must be done; 0: there is no such time */
    uint16_t *order;         /* result's failures: the number of each one's kind */
    struct kept_way *ways;   /* result's failures: the moves of each one's schedule */
    uint32_t *outcome_order; /* result's outcomes: the number of each one in the findings */
};

static inline uint32_t exploration_kinds(const struct exploration *exploration)
{
    return atomic_load_explicit(&exploration->findings.kind_count, memory_order_acquire);
}

/* Fills result->failures and result->outcomes, sorted, with their keys' facts; no schedules yet. */
void result_collect(struct exploration *exploration);

/* A way through a graph, or a list of moves, as it was found. */
struct way {
    const move *moves;
    uint32_t count;
    bool minimal;
    bool
        real; /* the moves name real threads; else those of representatives, if there is symmetry */
};
/* Performs a way; the replay is new, and the caller finishes it. `ret_ends` as below. */
void result_run(struct exploration *exploration, struct replay *replay, const struct way *way,
                uint32_t *ret_ends);
/* Gives a failure (or an outcome) its schedule, and words from the state where it ends. */
void result_schedule_failure(struct exploration *exploration, uint32_t failure,
                             const struct way *way);
void result_schedule_outcome(struct exploration *exploration, uint32_t outcome,
                             const struct way *way);
/* Gives a failure, which has its schedule, the nearest one that passes. */
void result_pass(struct exploration *exploration, uint32_t failure, const struct way *way);
/* Replays moves into a schedule; `ret_ends`, if not NULL, gets for each move how many steps the
 * schedule has after it. */
void result_replay(struct exploration *exploration, const struct way *way, bool ends,
                   struct explore_schedule *ret_schedule, uint32_t *ret_ends);

#endif
