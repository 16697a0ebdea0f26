/*
 * What follows from a whole graph: which states can go round for ever, who is doomed, how likely
 * each end is.
 */
#ifndef THRUM_EXPLORE_JUDGE_H
#define THRUM_EXPLORE_JUDGE_H

#include "explore/graph.h"

/* The strongly connected components (Tarjan 1972), as far as we need them. */
struct components {
    uint32_t *of;    /* owned: the component of each state */
    uint8_t *bottom; /* owned, by component: 1 when no edge leaves it and it has edges inside */
    uint32_t count;
    bool cyclic; /* some component has an edge inside */
};
/* False when it was stopped before it was done (`stop` may be NULL); there is nothing in it then.
 */
bool components_find(struct components *components, const struct graph *graph,
                     const struct stop *stop);
void components_fini(struct components *components);

/* Where failures of some kinds (`kinds`: by kind, those meant are not 0) can still be avoided:
 * `ret_avoid` gets 1 for each state from which some continuation ends (or goes round for ever)
 * without meeting this kind; `ret_goals` 1 where it is already so. Both hold a byte a state,
 * `ret_banned` a bit an edge that fails so. */
void avoidable(const struct graph *graph, const struct components *components, const uint8_t *kinds,
               uint8_t *ret_avoid, uint8_t *ret_goals, uint8_t *ret_banned);

/* How many steps the nearest such failure is away from each state; UINT32_MAX: none can be reached.
 */
void distances_find(const struct graph *graph, const uint8_t *kinds, uint32_t *ret_distances);

/* The chance, under a scheduler that chooses among the threads that can go with equal chance and
 * then among what that thread can do, of meeting each kind and of ending with each outcome. False
 * for a graph with cycles, and when it was stopped. */
bool shares_find(const struct graph *graph, uint32_t kinds, uint32_t outcomes,
                 const struct stop *stop, double *ret_kinds, double *ret_outcomes);

#endif
