/* Inside model/: the parts of the judgement of who is stuck. */
#ifndef THRUM_MODEL_STUCK_PRIVATE_H
#define THRUM_MODEL_STUCK_PRIVATE_H

#include <stdatomic.h>

#include "model/flow.h"
#include "model/machine.h"
#include "model/stuck.h"

/* What code can still do. The arrays are bit sets: of objects, of functions. */
struct powers {
    uint64_t key;      /* of the cache */
    bool starts;       /* starts a thread, unknown which */
    bool ends;         /* comes to the end of the thread */
    uint64_t *can;     /* objects it can release, set, notify, break or reset */
    uint64_t *arrives; /* barriers it can arrive at */
    uint64_t *opens;   /* barriers whose action it can end */
    uint64_t *makes;   /* functions it can make threads of */
    uint64_t *blocks;  /* objects and declared threads that it might wait for, untimed */
    /* The same when everything is barred, once it is known and in the cache; release, acquire. */
    _Atomic(struct powers *) strict;
    uint64_t sets[]; /* the five above */
};

enum { CACHE_SIZE = 1 << 14, CACHE_PROBES = 8, MOST_RESTING = 1 << 20 };

struct stuck_analysis {
    const struct program *program;
    uint16_t *function_of; /* of each pc */
    uint32_t *index_of;    /* of each pc: into targets, or UINT32_MAX where nothing is computed */
    uint32_t index_count;
    struct target_range **targets; /* of each declared thread; NULL: nothing is known */
    uint32_t
        *callers_first;     /* of each function, and one more: where its calls begin in `callers` */
    uint32_t *callers;      /* OP_CALLs, by function */
    uint32_t *action_calls; /* OP_CALL_ACTIONs */
    uint32_t action_call_count;
    bool *is_action;         /* of each function: a barrier's action */
    bool own_locks;          /* every object that is acquired is its own lock */
    uint32_t object_words;   /* words of a bit set of objects */
    uint32_t function_words; /* of functions */
    uint32_t barred_words;   /* of objects and declared threads */
    _Atomic(struct powers *)
        *cache; /* CACHE_SIZE entries, written once each; release on entering, acquire on reading */
    /* By declared thread and pc, for those in their bottom frame whose operation has not begun: the
     * powers when everything is barred, which are in the cache; NULL: not known yet. Release,
     * acquire. No table at all for large programs. */
    _Atomic(struct powers *) *resting;
};

static inline bool bit(const uint64_t *set, uint32_t index)
{
    return set[index / 64] >> (index % 64) & 1;
}
static inline void set_bit(uint64_t *set, uint32_t index)
{
    set[index / 64] |= (uint64_t)1 << (index % 64);
}

void set_bits(uint64_t *set, uint32_t first, uint32_t count);
/* Whether all of these are in the set. */
bool has_bits(const uint64_t *set, uint32_t first, uint32_t count);

/* The objects or threads that the operation at `pc` can be about when `thread` is at it. */
struct target_range stuck_target(const struct stuck_analysis *analysis, uint32_t thread,
                                 uint32_t pc);

/* What a thread can still do from where it rests when it cannot pass an operation on what is barred
 * (NULL: nothing is; with `everything` all bits are set); or, with head == NULL, what a new thread
 * of `function` can. `scratch` has room for a set of what is barred. Owned by the cache, or by the
 * caller when *ret_own. */
struct powers *stuck_powers(const struct stuck_analysis *analysis, const struct model *model,
                            const struct thread_head *head, uint32_t thread, uint32_t function,
                            const uint64_t *barred, bool everything, uint64_t *scratch,
                            bool *ret_own);

/* Whether thread `thread`, were its present wait to end, could release `object` without acquiring
 * it anew: it holds it. */
bool stuck_holds(const struct stuck_analysis *analysis, const struct model *model,
                 const struct thread_head *head, uint32_t thread, uint32_t object,
                 bool waits_for_it);

/* Fills in the reasons. */
void stuck_reasons(const struct stuck_analysis *analysis, const struct model *model,
                   const struct world *world, const struct wait *waits,
                   struct stuck_report *report);

#endif
