/*
 * What lies ahead of the states of a small program: whether some continuation still avoids every
 * failure, and how near a failure is. For menus that say what a choice leads to.
 *
 * Races do not count: a run goes on after one, and nearly every state near one would be marked.
 *
 * outlook_new() searches the whole graph, without reduction, and may run on a thread of its own;
 * asking is then for one thread at a time.
 */
#ifndef THRUM_EXPLORE_OUTLOOK_H
#define THRUM_EXPLORE_OUTLOOK_H

#include "explore/explore.h"
#include "model/world.h"

#define PROSPECT_NEVER UINT32_MAX

struct prospect {
    bool known;
    bool doomed;      /* no continuation avoids every failure */
    uint32_t nearest; /* steps to the nearest failure, 0: it is there; PROSPECT_NEVER: none is
 ahead */
};

struct outlook;

/* NULL when the graph is too large for `states` states and `memory` bytes, when the search was
 * cancelled, or when a clock or a GIL rules. `model` is the one whose worlds are asked about; it
 * must outlive the outlook. */
struct outlook *outlook_new(const struct program *program, struct model *model, uint64_t states,
                            uint64_t memory, struct explore_progress *progress);
void outlook_free(struct outlook *outlook);

/* Of the state after this step of the thread. The choice must be possible. */
struct prospect outlook_after(struct outlook *outlook, const struct world *world, uint32_t thread,
                              struct choice choice);

#endif
