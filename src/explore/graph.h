/*
 * The graph of all states, searched level by level.
 *
 * States are numbered in the order of their first discovery: by level, in a level by the number of
 * the predecessor and then by move. Workers take pieces of a level and only claim fingerprints;
 * numbers are given out afterwards in order. So the graph is the same whatever the number of
 * workers.
 */
#ifndef THRUM_EXPLORE_GRAPH_H
#define THRUM_EXPLORE_GRAPH_H

#include "base/vector.h"
#include "explore/findings.h"
#include "explore/space.h"
#include "explore/stop.h"
#include "explore/visited.h"

struct reduction;

struct edge {
    uint32_t target; /* the state it leads to */
    move code;       /* what goes, with the thread's number in the source state */
    uint16_t landed; /* the number of the thread that went in the target (another one only under
                        symmetry) */
    uint16_t flags;  /* EDGE_… */
};
enum {
    EDGE_LEFT_FREE = 1, /* leaving the thread after this step is no preemption */
    EDGE_DAEMON = 2,    /* the thread is a daemon */
    EDGE_WEIGHT_SHIFT =
        4, /* the higher bits: how many threads, alike and in like places, this step stands for */
    EDGE_MOST_WEIGHT = 4095,
};
#define EDGE_WEIGHT(edge) ((uint32_t)(edge)->flags >> EDGE_WEIGHT_SHIFT)

/* A step that is a failure (a thread dies), and a state that is one. */
struct failing_edge {
    uint64_t edge;
    uint32_t source;
    uint16_t kind;
};
struct failing_state {
    uint32_t state;
    uint16_t kind;
};
struct final_state {
    uint32_t state;
    uint32_t outcome;
};

struct graph {
    uint32_t state_count;    /* states numbered */
    uint32_t done_count;     /* states whose edges are known: all of them when complete */
    vector(uint64_t) starts; /* of state i: its edges are [starts[i], starts[i + 1]) */
    vector(struct edge) edges;
    vector(struct failing_edge) failing_edges;   /* by edge */
    vector(struct failing_state) failing_states; /* by state */
    vector(struct final_state) finals;           /* by state: the run is over there */
    uint32_t depth;                              /* levels */
    bool level_edges; /* some edge leads to the same or an earlier level; without any there is no
                         cycle */
    bool complete;
    bool pruned;            /* some state was expanded with fewer moves than it has */
    const char *stopped_by; /* when not complete */
    uint64_t steps;         /* performed */
    uint64_t peak_bytes;
    uint64_t state_bytes; /* that a state takes, packed; where states differ, those of the first */
};

struct graph_limits {
    uint64_t states;         /* at most UINT32_MAX - 1 */
    uint64_t memory;         /* bytes */
    const struct stop *stop; /* looked at during every state; not owned */
    unsigned jobs;           /* at least 1 */
    uint32_t depth; /* levels that there will be; when the first half of them already says that
                       there will be more than `states`, it ends at once. 0: not known */
    bool exact;
    struct visited *ret_index; /* gets the visited set when the search is done: states by
                                  fingerprint. NULL: not wanted */
};

/* Searches from `start`, or from the first state when that is NULL. `reduction` may be NULL;
 * `prune` says whether to use its persistent sets (its symmetry is always used). */
void graph_build(struct graph *graph, struct space_shape *shape, const struct state *start,
                 struct reduction *reduction, bool prune, struct findings *findings,
                 const struct graph_limits *limits, struct explore_progress *progress);
void graph_fini(struct graph *graph);

static inline uint64_t graph_first(const struct graph *graph, uint32_t state)
{
    return graph->starts.items[state];
}
/* One past its last edge; states that were not expanded have none. */
static inline uint64_t graph_end(const struct graph *graph, uint32_t state)
{
    return graph->starts.items[state + 1];
}

#endif
