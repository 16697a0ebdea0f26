/*
 * The set of states seen: 64-bit fingerprints in open addressing, each with the number of its
 * state.
 *
 * visited_insert() may be called from many threads at a time and is lock-free (after Laarman, van
 * de Pol and Weber, "Boosting multi-core reachability performance with shared hash tables", FMCAD
 * 2010: a slot is claimed by one compare-and-swap and never changes again). Growing is for one
 * thread while no other is inside.
 */
#ifndef THRUM_EXPLORE_VISITED_H
#define THRUM_EXPLORE_VISITED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct visited_slot {
    _Atomic uint64_t key; /* 0: free */
    uint32_t
        number; /* of the state, + 1; 0: not numbered yet. Written between two parallel phases */
    uint32_t reference; /* free for the claimer's use */
};

struct visited {
    struct visited_slot *slots;
    uint64_t mask;  /* number of slots - 1 */
    uint64_t count; /* states numbered; kept by whoever numbers them */
};

void visited_init(struct visited *visited, uint64_t room);
void visited_fini(struct visited *visited);
/* Makes room for `more` further states. One thread only; slots move. */
void visited_reserve(struct visited *visited, uint64_t more);
static inline uint64_t visited_bytes(const struct visited *visited)
{
    return (visited->mask + 1) * sizeof(struct visited_slot);
}

/* The slot of a key, claimed now when it was new. Room must have been reserved. Lock-free; any
 * thread. The claim is an acquire-release exchange on the key alone; ids and references are handed
 * over by the phases' barrier. */
static inline struct visited_slot *visited_insert(struct visited *visited, uint64_t key,
                                                  bool *ret_new)
{
    key += !key;
    for (uint64_t at = key & visited->mask;; at = (at + 1) & visited->mask) {
        struct visited_slot *slot = &visited->slots[at];
        uint64_t seen = atomic_load_explicit(&slot->key, memory_order_acquire);
        if (!seen) {
            if (atomic_compare_exchange_strong_explicit(
                    &slot->key, &seen, key, memory_order_acq_rel, memory_order_acquire)) {
                *ret_new = true;
                return slot;
            }
        }
        if (seen == key) {
            *ret_new = false;
            return slot;
        }
    }
}

/* The slot of a key, or NULL. */
static inline struct visited_slot *visited_find(const struct visited *visited, uint64_t key)
{
    key += !key;
    for (uint64_t at = key & visited->mask;; at = (at + 1) & visited->mask) {
        struct visited_slot *slot = &visited->slots[at];
        uint64_t seen = atomic_load_explicit(&slot->key, memory_order_acquire);
        if (!seen)
            return NULL;
        if (seen == key)
            return slot;
    }
}

static inline void visited_prefetch(const struct visited *visited, uint64_t key)
{
    __builtin_prefetch(&visited->slots[(key + !key) & visited->mask]);
}

#endif
