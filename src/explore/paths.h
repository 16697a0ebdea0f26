/*
 * Cheapest ways through a graph: fewest preemptions, then switches, then steps.
 *
 * A preemption is leaving a thread that could still step and whose next step is not sleep, io or
 * yield_now. So the cost of a way depends on which thread went last: the search is Dijkstra's over
 * (state, last thread, whether leaving it is free).
 */
#ifndef THRUM_EXPLORE_PATHS_H
#define THRUM_EXPLORE_PATHS_H

#include "explore/frontier.h"
#include "explore/graph.h"

struct path {
    uint64_t *edges; /* owned: the edges of the graph, in order */
    uint32_t count;
    path_cost cost; /* COST_NONE: there is no way */
};
void path_fini(struct path *path);

enum { NOBODY = 0xffff };

/* Where a way may begin, and what it must keep to. */
struct path_rules {
    uint32_t state; /* begins here … */
    uint16_t last;  /* … after this thread, or NOBODY */
    bool left_free;
    const uint8_t *within;    /* NULL, or by state: only where it is not 0 */
    const uint8_t *banned;    /* NULL, or a bit an edge: not these */
    uint32_t kinds, outcomes; /* how many kinds and outcomes there are */
    const struct stop *stop;  /* NULL, or ends a longer search: then some ways may be missing */
    const uint8_t *goals; /* NULL, or by state: not 0 for goals; the result is then in `to_goal` */
};

struct paths {
    struct path *to_kind;    /* by kind: to the first state or step that fails so */
    struct path *to_outcome; /* by outcome */
    struct path to_goal;
    uint32_t kind_count, outcome_count;
    uint64_t nodes; /* (state, last thread) pairs met */
};

void paths_find(struct paths *paths, const struct graph *graph, const struct path_rules *rules);
void paths_fini(struct paths *paths);

#endif
