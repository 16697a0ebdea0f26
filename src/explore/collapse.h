/*
 * States as numbers of their parts, and steps looked up instead of performed (after Holzmann,
 * "State compression in SPIN", 1997, who collapses states to save memory).
 *
 * A thread is in few different conditions (pc, frames, values) while a program has many states,
 * since these combine. So each content of a thread's region that is met becomes a *part* with a
 * number, and a state is a short vector of words:
 *
 *     shared words of the world (cells, objects) | a part's number for each thread
 *
 * What a thread does depends on its part and on the few words that its next operation is about: its
 * *situation*. Whether it can go, and what its step changes, is asked of the model once for each
 * situation and remembered; most steps of a search are then a few words changed in a vector.
 * Nothing here says what an operation does: the model does, on a world made from the vector (law
 * 1).
 *
 * Where an operation depends on too much (an atomic block, active_count()) nothing is remembered
 * and each step is performed.
 *
 * Thread-safety: workers share the parts and situations, which are only ever added, under a guard,
 * and never change once they can be seen (release on entering, acquire on reading). A struct
 * collapsed belongs to one worker.
 */
#ifndef THRUM_EXPLORE_COLLAPSE_H
#define THRUM_EXPLORE_COLLAPSE_H

#include <pthread.h>

#include "base/arena.h"
#include "explore/columns.h"
#include "explore/findings.h"
#include "explore/space.h"
#include "model/stuck.h"

enum {
    STEP_KINDS = 2,       /* failures of a step: who goes can die, and who is started by it */
    PART_CHUNK = 1 << 10, /* parts of a thread lie in chunks */
    PART_CHUNKS = 1 << 16,
    SITUATION_LISTS = 1 << 16,
    MOST_SITUATIONS = 1 << 20, /* more are made anew each time */
    COLLAPSED_CACHE = 1 << 15, /* situations that a worker finds at once */
    COLLAPSE_THREADS = 64,
    COLLAPSE_REGION = 128, /* words */
};

/* What a step in a situation does. */
struct transition {
    uint32_t way; /* of the move: MOVE_STEP … */
    bool left_free;
    uint16_t kinds[STEP_KINDS]; /* failures of the step, or NO_FINDING */
    uint32_t change_count;
    uint64_t hash;           /* what the changes add to the hash of the state */
    struct transition *next; /* of the situation */
    struct change changes[]; /* of words of the vector */
};

/* A part together with the words that its next operation is about. */
struct situation {
    const struct part *part;
    bool fleeting;   /* not remembered */
    uint8_t enabled; /* ENABLED_… */
    bool waits;      /* can never go by itself: `wait` says for what */
    struct wait wait;
    _Atomic(struct transition *) transitions;
    struct situation *next; /* of the list */
    int64_t values[];       /* of the words, in the order of part->words */
};

/* A content of a thread's region. */
struct part {
    uint32_t number, thread;
    uint64_t hash;        /* what it adds to the hash of the state */
    const int64_t *words; /* of the region */
    bool alive;
    bool known;           /* what its next operation is about is known: situations are remembered */
    uint8_t place;        /* PLACE_… */
    struct access access; /* with PLACE_ACCESS: what its next operation touches */
    const struct powers
        *powers; /* what it can still do when nothing that blocks is passed; or NULL */
    uint32_t word_count;
    uint32_t *about; /* words of the vector that its next operation is about */
};

struct collapse {
    struct space_shape *shape;
    uint32_t shared, threads; /* words of a vector: shared ones, then one a thread */
    _Atomic(struct part **)
        *chunks;           /* of each thread PART_CHUNKS, each of PART_CHUNK parts; owned */
    uint32_t *counts;      /* parts of each thread; owned */
    pthread_mutex_t guard; /* of all that follows, and of adding */
    struct arena arena;
    struct part **table; /* open addressing by content; owned */
    uint32_t table_mask, part_count;
    _Atomic(struct situation *) *situations; /* SITUATION_LISTS of them; owned */
    uint32_t situation_count;
};

/* One worker's state, expanded. */
struct collapsed {
    struct collapse *shared;
    struct space *space;
    struct findings *findings;
    struct world *world;       /* the state as a world, where it was needed: collapsed_world() */
    bool whole;                /* `world` is up to date */
    int64_t *vector;           /* owned */
    const struct part **parts; /* of each thread; owned */
    struct situation *
        *situations; /* of each thread that is alive; NULL where they are not remembered */
    const struct part **in_world;  /* whose words stand in `world`; owned */
    struct situation **cache;      /* COLLAPSED_CACHE of them; owned */
    int64_t *before;               /* scratch: a world's words; owned */
    vector(struct change) changes; /* scratch */
    vector(void *) fleeting;       /* what is not remembered, of this state; owned */
    struct stuck_member *members;  /* scratch; owned */
    struct access *accesses;       /* scratch; owned */
};

/* Whether states of this shape can be collapsed. */
bool collapse_fits(const struct space_shape *shape);
void collapse_init(struct collapse *collapse, struct space_shape *shape);
void collapse_fini(struct collapse *collapse);
uint64_t collapse_bytes(const struct collapse *collapse);
/* Words of a vector. */
static inline uint32_t collapse_words(const struct collapse *collapse)
{
    return collapse->shared + collapse->threads;
}

/* `world` is the worker's, and must hold a state of the program. */
void collapsed_init(struct collapsed *collapsed, struct collapse *shared, struct space *space,
                    struct findings *findings, struct world *world);
void collapsed_fini(struct collapsed *collapsed);

/* Makes the vector from the world. */
void collapsed_take(struct collapsed *collapsed);
/* After the vector was set: finds the parts and situations. */
void collapsed_look(struct collapsed *collapsed);
/* The state as a world; it may be stepped in, if the steps are undone. */
struct world *collapsed_world(struct collapsed *collapsed);

/* The questions of space.h and step.h, of the state in the vector. */
bool collapsed_finished(const struct collapsed *collapsed);
/* Fills space->moves, and says whether a thread that is alive has none. */
void collapsed_moves(struct collapsed *collapsed);
void collapsed_races(struct collapsed *collapsed,
                     void (*found)(void *context, uint32_t cell, uint32_t thread, uint32_t other),
                     void *context);
bool collapsed_stuck(struct collapsed *collapsed);
/* What a move does. Lasts as long as the state is looked at, at least. */
const struct transition *collapsed_step(struct collapsed *collapsed, move code);

#endif
