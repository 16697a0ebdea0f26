/* Inside explore/: the parts of the two reductions. */
#ifndef THRUM_EXPLORE_REDUCTION_PRIVATE_H
#define THRUM_EXPLORE_REDUCTION_PRIVATE_H

#include "base/vector.h"
#include "explore/reduction.h"
#include "model/flow.h"

/* ---- symmetry ---- */

/* Threads first … first + count - 1 that are alike: the same code, parameters and daemon flag, and
 * nobody names them. */
struct alike {
    uint32_t first, count;
    uint32_t size;   /* bytes of a region */
    uint32_t offset; /* of the first one's region in the world, bytes; the others follow evenly */
};

struct symmetry {
    vector(struct alike) classes;
    vector(uint32_t) queues; /* conditions and events: objects whose bytes name threads */
    vector(uint32_t) rlocks;
    vector(uint32_t) class_of; /* by thread: its class + 1, or 0 */
};

void symmetry_init(struct symmetry *symmetry, const struct space_shape *shape);
void symmetry_fini(struct symmetry *symmetry);

/* Who became who when a state was replaced by its representative, and room to do it in. */
struct renaming {
    uint32_t *to;    /* by old number: the new one */
    uint32_t *from;  /* by new number: the old one */
    char *regions;   /* room for the regions of the largest class */
    int64_t *clocks; /* room for their clocks */
};

void renaming_init(struct renaming *renaming, const struct reduction *reduction);
void renaming_fini(struct renaming *renaming);

/* ---- footprints ---- */

enum { MOST_LOCKS = 64 };

/* What an operation, or all that code can still do, may read and write: bit sets of `words` words
 * over classes of things (cells, objects, threads, properties). */
struct footprints {
    const struct space_shape *shape;
    uint32_t words;      /* of a bit set; 0: nothing is known, no persistent sets */
    uint32_t root_count; /* threads that are alike share one, so do all threads made at run time */
    uint32_t *root_of;   /* by declared thread */
    uint32_t *thread_of; /* by root: its first thread; thread_count for those made at run time */
    uint32_t code_length;
    bool fine;               /* every cell has a class of its own; else every variable */
    uint32_t *cell_class;    /* by cell */
    uint32_t object_base;    /* classes of objects */
    uint32_t thread_base;    /* of declared threads; then one for all made at run time */
    uint32_t property_base;  /* of invariants, then of `sometimes` */
    uint32_t run_class;      /* the end of the run, for daemons */
    uint32_t register_class; /* how many threads are alive */
    uint64_t **property_of;  /* by class: the properties that read it; NULL when none does. Sets of
                                classes */
    bool counts_threads;     /* active_count() is used */
    bool has_daemons;
    uint32_t
        lock_count; /* locks and semaphores that have a bit in `releases`; only Locks cut futures */
    uint32_t locks[MOST_LOCKS]; /* their objects */
    uint32_t *lock_number;      /* by object: index into locks, or UINT32_MAX */
    /* By root, pc, and cut (0: none; 1 + i: as long as lock i stays closed): reads, then writes. */
    uint64_t *futures;
    uint64_t *releases; /* by root and pc: bit i: can release lock i without acquiring it first */
    /* By root and pc: what the operation there reads, then writes; exact where `known` says so,
     * else all that it may be about. */
    uint64_t *own;
    struct known_operation *known;
};

/* What is known of an operation whatever the state: it is always about the same thing. */
struct known_operation {
    bool own; /* `own` is exact */
    uint32_t
        lock; /* that it acquires or waits with, by number; UINT32_MAX: none. Only with `own` */
};

/* `symmetry` says which threads are alike. */
void footprints_init(struct footprints *footprints, const struct space_shape *shape,
                     const struct symmetry *symmetry);
void footprints_fini(struct footprints *footprints);

static inline uint64_t *footprints_future(const struct footprints *feet, uint32_t root, uint32_t pc,
                                          uint32_t cut)
{
    uint64_t row = ((uint64_t)root * feet->code_length + pc) * (feet->lock_count + 1) + cut;
    return feet->futures + row * 2 * feet->words;
}
static inline uint64_t *footprints_own(const struct footprints *feet, uint32_t root, uint32_t pc)
{
    return feet->own + ((uint64_t)root * feet->code_length + pc) * 2 * feet->words;
}
static inline uint32_t footprints_root(const struct footprints *feet, uint32_t thread)
{
    return thread < feet->shape->program->thread_count ? feet->root_of[thread]
                                                       : feet->root_count - 1;
}
/* The exact footprint of the operation that a thread rests before: reads, then writes. It lies in
 * `room`, or with the footprints. */
const uint64_t *footprints_next(const struct footprints *feet, const struct state *state,
                                uint32_t thread, uint64_t *room);
/* The operation names a cell, an object or a thread. */
static inline bool footprints_has_target(uint8_t op)
{
    return opcode_about[op] == ABOUT_CELL || opcode_about[op] == ABOUT_THREAD ||
           opcode_about_object(op);
}
/* Adds what the operation at `pc`, about any of `target` and done by `thread`, may touch to
 * `touched`: reads, then writes. */
void footprints_add(const struct footprints *feet, uint32_t pc, struct target_range target,
                    uint32_t thread, uint64_t *touched);
/* The number of the lock that an object is or has; UINT32_MAX: it has none. */
uint32_t footprints_lock(const struct footprints *feet, uint32_t object);

/* Fills in `futures`, `releases`, `own` and `known`, which are zero: what the code of each root may
 * do, from each place on. */
void futures_solve(struct footprints *feet);

/* The number of the lock or semaphore that this operation acquires, or takes back after waiting;
 * UINT32_MAX: none. */
uint32_t footprints_next_lock(const struct footprints *feet, const struct state *state,
                              uint32_t thread);

/* ---- persistent sets ---- */

/* One worker's scratch; never NULL. */
struct persistent *persistent_new(const struct reduction *reduction);
void persistent_free(struct persistent *persistent);
/* See reduction_persistent(). */
uint32_t persistent_choose(struct persistent *persistent, const struct state *state, move *moves,
                           uint32_t count);

struct reduction {
    const struct space_shape *shape;
    struct symmetry symmetry;
    struct footprints feet;
};

/* What one worker needs beside. */
struct reduction_scratch {
    const struct reduction *reduction;
    struct renaming renaming;
    struct persistent *persistent; /* NULL: no persistent sets for this program */
};

#endif
