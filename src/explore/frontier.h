/*
 * Inside explore/: the nodes that a search by cost has reached and not yet gone on from, cheapest
 * first (Dijkstra, A note on two problems in connexion with graphs, 1959). A binary heap. Nodes of
 * equal cost come in the order of their numbers, so that answers do not vary. A node may be in it
 * several times, at different costs: whoever takes it out knows whether it is settled.
 */
#ifndef THRUM_EXPLORE_FRONTIER_H
#define THRUM_EXPLORE_FRONTIER_H

#include <stdint.h>

#include "base/vector.h"

/* What a way costs: preemptions << 48 | switches << 32 | steps. A sum of these: */
typedef uint64_t path_cost;
#define COST_STEP              ((path_cost)1)
#define COST_SWITCH            ((path_cost)1 << 32) /* to another thread than the one that went last */
#define COST_PREEMPTION        ((path_cost)1 << 48) /* besides, if that one could have gone on */
#define COST_PREEMPTIONS(cost) ((uint32_t)((cost) >> 48))
#define COST_SWITCHES(cost)    ((uint32_t)((cost) >> 32) & 0xffffu)
#define COST_NONE              UINT64_MAX

struct frontier_node {
    path_cost cost;
    uint32_t node; /* a number of the searcher's own */
};

/* All zero is an empty one. */
struct frontier {
    vector(struct frontier_node) heap;
};

void frontier_push(struct frontier *frontier, path_cost cost, uint32_t node);
/* Takes out the cheapest; there must be one. */
struct frontier_node frontier_pop(struct frontier *frontier);
void frontier_fini(struct frontier *frontier);

#endif
