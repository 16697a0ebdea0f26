/*
 * Fewer states with the same answers: symmetry of threads that are alike, and persistent sets.
 */
#ifndef THRUM_EXPLORE_REDUCTION_H
#define THRUM_EXPLORE_REDUCTION_H

#include "explore/space.h"

struct reduction;
struct reduction_scratch;

/* The static part; never NULL. May be shared by threads. */
struct reduction *reduction_new(const struct space_shape *shape);
void reduction_free(struct reduction *reduction);
/* Whether it can do anything for this program. */
bool reduction_has_symmetry(const struct reduction *reduction);
bool reduction_has_order(const struct reduction *reduction);

/* One worker's scratch. */
struct reduction_scratch *reduction_scratch_new(const struct reduction *reduction);
void reduction_scratch_free(struct reduction_scratch *scratch);

/* Replaces the state by the representative of those that differ only in which of several like
 * threads is which. `thread` is renamed with it; it is the one that has gone since the state was a
 * representative, or 0 for any state. Without symmetry does nothing. */
uint32_t reduction_canonical(struct reduction_scratch *scratch, struct state *state,
                             uint32_t thread);
/* The same, and says who became who: names[new] = names_before[old]. */
void reduction_canonical_names(struct reduction_scratch *scratch, struct state *state,
                               uint32_t *names);

/* The first thread that is just like this one in a representative: alike, in the same place, with
 * the same values, and in the same places of all queues. What one of them does, each can do. */
uint32_t reduction_first(const struct reduction_scratch *scratch, const struct state *state,
                         uint32_t thread);

/* Reorders the moves so that a persistent set comes first and returns its size; `count` when it is
 * no smaller. */
uint32_t reduction_persistent(struct reduction_scratch *scratch, const struct state *state,
                              move *moves, uint32_t count);

#endif
