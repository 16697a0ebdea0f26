/*
 * The simplest failing schedules of a space that is too large for its whole graph: Dijkstra's
 * search over (state, last thread) by (preemptions, switches, steps), performed on states as they
 * come. No persistent sets, but symmetry. It ends as soon as every kind that is wanted has been
 * met; what it has met is exact.
 */
#ifndef THRUM_EXPLORE_SIMPLEST_H
#define THRUM_EXPLORE_SIMPLEST_H

#include "explore/findings.h"
#include "explore/graph.h"
#include "explore/paths.h"

struct simplest_limits {
    uint32_t nodes;          /* (state, last thread) pairs */
    uint64_t memory;         /* bytes */
    const struct stop *stop; /* looked at during every node; not owned */
    /* NULL, or by thread: the most steps that it may take (then there must be no symmetry). */
    const uint16_t *most_steps;
};

struct simplest_way {
    bool found;
    bool exact; /* nothing is cheaper; else the search ended before that was known */
    path_cost cost;
    move *moves; /* owned */
    uint32_t count;
};

struct simplest {
    struct simplest_way *ways; /* by kind; kind_count of them */
    uint32_t kind_count;
    int32_t clean_preemptions; /* everything with up to so many preemptions was searched; -1: not
                                  even 0 */
    bool whole;                /* the whole space was searched */
    uint64_t nodes, steps, bytes;
};

/* `wanted`: by kind, the kinds to look for. Kinds that were not known before are met too, and
 * entered in the findings; they have no way here. */
void simplest_find(struct simplest *simplest, struct space_shape *shape,
                   const struct reduction *reduction, struct findings *findings, const bool *wanted,
                   uint32_t kind_count, const struct simplest_limits *limits);
void simplest_fini(struct simplest *simplest);

#endif
