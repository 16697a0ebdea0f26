/*
 * Inside the search: what one worker does with one state, and the buffers it leaves its findings
 * in.
 */
#ifndef THRUM_EXPLORE_EXPAND_H
#define THRUM_EXPLORE_EXPAND_H

#include "explore/collapse.h"
#include "explore/graph.h"
#include "explore/reduction.h"

/* A state as it lies in a frontier of the graph, not judged yet: this, and its bytes; rounded up
 * to 8. */
struct packed {
    uint64_t hash;
    uint32_t size; /* of the bytes; with columns, their number */
    unsigned char bytes[];
};
static inline size_t packed_room(uint32_t size)
{
    return (sizeof(struct packed) + size + 7) & ~(size_t)7;
}

/* A state that was judged: this, its moves, its failures, its bytes; rounded up to 8. */
struct item {
    uint32_t size; /* of all, in bytes */
    uint32_t packed_size;
    uint32_t move_count;
    uint32_t outcome; /* or UINT32_MAX: the run is not over there */
    uint32_t kind_count;
    uint32_t moves[];
};
static inline const uint16_t *item_kinds(const struct item *item)
{
    return (const uint16_t *)(item->moves + item->move_count);
}
static inline const void *item_packed(const struct item *item)
{
    return (const char *)item + item->size - ((item->packed_size + 7u) & ~7u);
}

/* A step as a worker leaves it. */
struct raw_edge {
    uint64_t slot;   /* of the target in the visited set */
    uint32_t target; /* its number + 1, or 0: it gets one later */
    move code;
    uint16_t landed;
    uint16_t flags;
    uint16_t kind_count; /* failures of this step */
    uint64_t first_kind; /* in the worker's died */
};

/* What a worker did with one state, and its judgement. */
struct raw_item {
    uint32_t worker;
    uint32_t edge_count;
    uint64_t first_edge; /* in the worker's edges */
    uint32_t outcome;    /* or UINT32_MAX: the run is not over there */
    uint32_t kind_count;
    uint64_t first_kind; /* in the worker's found */
};

/* A step that was performed, before its target is looked up. It leads to `state`; where states are
 * collapsed, to the worker's vector with some changes instead. */
struct ahead {
    struct state state;
    const struct packed *from;
    const struct transition *transition;
    uint64_t hash;
    struct raw_edge edge;
};

enum { AHEAD = 8 }; /* steps of a state performed before the first target is looked up */

struct worker {
    struct space space;
    struct visited *visited;
    struct findings *findings;
    struct reduction_scratch *scratch; /* or NULL */
    struct state base;                 /* the state being expanded */
    const struct packed *base_packed;  /* the same */
    uint32_t dirty;                    /* columns in which it may differ from the first state */
    struct columns *columns;           /* the search's, or NULL: states are packed otherwise */
    bool collapses; /* states are collapsed: `base` is up to date when asked for */
    struct collapsed collapsed;
    struct ahead ahead[2][AHEAD]; /* where its moves lead, and where those of the state before do */
    unsigned half;                /* which of the two is being filled */
    uint32_t pending;             /* steps in the other one whose targets are not looked up yet */
    uint32_t number;
    uint32_t closed; /* states below this number belong to levels up to the present one */
    bool prune, exact;
    const struct stop *stop; /* not owned */
    bool cut;   /* it has left a state unexpanded, or not wholly expanded, since that said so */
    bool alone; /* no other worker is at work: new states are numbered at once, */
    uint32_t numbered;   /* up to this */
    uint64_t edge_count; /* edges of the batch, pending ones included */
    bool pruned;         /* it left out moves of some state */
    uint64_t steps;
    vector(struct raw_edge) edges;
    vector(uint16_t) found;  /* kinds of failures of the states judged */
    vector(uint16_t) died;   /* kinds of failures of the steps taken */
    vector(char) bytes;      /* new states */
    vector(uint64_t) places; /* of the new states, in `bytes` */
    vector(unsigned char) scratch_bytes;
    vector(uint16_t) kinds; /* scratch: failures of the state being judged */
    vector(move) order;     /* scratch: the moves of the state being expanded */
    uint32_t *weights;      /* scratch: how many threads each of them stands for; owned */
    uint32_t weight_room;
    bool symmetric; /* there are threads that are alike */
    /* Whole states by number, when `exact`; owned by the search. */
    const char *const *whole;
    struct worker *all; /* the workers, by number */
};

enum { WORKER_SHIFT = 26 }; /* a slot's reference: worker << 26 | index in its places */

/* `reduction` may be NULL. The visited set, the columns, the number and the flags are the caller's
 * to set. */
void worker_init(struct worker *worker, struct space_shape *shape,
                 const struct reduction *reduction, struct findings *findings);
void worker_fini(struct worker *worker);
/* From now on states are packed to columns and, with `collapse`, collapsed. `base` is a state of
 * the program; NULLs leave it as it is. */
void worker_share(struct worker *worker, struct columns *columns, struct collapse *collapse);

/* Puts a state into worker->bytes, judged (a struct item: failures, final values, moves). Returns
 * its index in worker->places. */
uint32_t worker_add(struct worker *worker, struct state *state);
/* Puts worker->base there, not judged (a struct packed). */
uint32_t worker_keep_base(struct worker *worker, uint64_t hash);
/* The kind of failure that a death is. */
uint16_t worker_death(struct worker *worker, const struct death *death);
/* How many moves a state has. */
uint32_t worker_count_moves(struct worker *worker, const struct packed *packed);
/* Judges a state only. */
void worker_judge(struct worker *worker, const struct packed *packed, struct raw_item *ret_raw);
/* Judges a state and performs its moves; leaves raw edges and new states, some of them only when
 * the next state is expanded or worker_finish() called. `packed` must last until then. */
void worker_expand(struct worker *worker, const struct packed *packed, struct raw_item *ret_raw);
void worker_finish(struct worker *worker);

#endif
