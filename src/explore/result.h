/* Inside explore/: from findings to a result. */
#ifndef THRUM_EXPLORE_RESULT_H
#define THRUM_EXPLORE_RESULT_H

#include "explore/findings.h"
#include "explore/judge.h"
#include "explore/paths.h"
#include "explore/replay.h"

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
    uint16_t *order;         /* result's failures: the number of each one's kind */
    uint32_t *outcome_order; /* result's outcomes: the number of each one in the findings */
};

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
/* Gives a failure (or an outcome) its schedule, and words from the state where it ends. */
void result_schedule_failure(struct exploration *exploration, uint32_t failure,
                             const struct way *way);
void result_schedule_outcome(struct exploration *exploration, uint32_t outcome,
                             const struct way *way);
/* Replays moves into a schedule; `ret_ends`, if not NULL, gets for each move how many steps the
 * schedule has after it. */
void result_replay(struct exploration *exploration, const struct way *way, bool ends,
                   struct explore_schedule *ret_schedule, uint32_t *ret_ends);

#endif
