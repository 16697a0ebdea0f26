/*
 * Who waits for whom, at any time. Certain for an RLock (its owner) and a join (its target), the
 * natural guess for a Lock (who acquired it last: anybody may release it), unknown otherwise. The
 * caller holds history_lock().
 */
#ifndef THRUM_TRACE_WAITS_H
#define THRUM_TRACE_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/history.h"

struct wait_edge {
    uint32_t thread;       /* who waits */
    uint32_t object;       /* for what; THRUM_NONE for a join */
    uint32_t source;       /* where it stands */
    uint64_t since;        /* since when */
    uint32_t owner;        /* for whom: holder or join target; THRUM_NONE unknown or nobody */
    uint32_t owner_source; /* where the owner got it; 0 for a join */
    uint64_t owner_since;  /* since when the owner has it */
    bool stuck;            /* the lane says stuck */
};

/* Whether `thread` waits at t, and for what. */
bool waits_edge(const struct history *history, uint32_t thread, uint64_t t, struct wait_edge *ret);

/* All edges at t, in the order of threads; returns how many were filled in. */
size_t waits_all(const struct history *history, uint64_t t, size_t limit, struct wait_edge ret[]);

/*
 * The chain from `thread`: whom it waits for, whom that one waits for, and so on, until one that
 * does not wait, an unknown one, or one already in the chain (then *ret_cycle is the position where
 * the ring closes, else it is `limit`). Returns the number of edges.
 */
size_t waits_chain(const struct history *history, uint32_t thread, uint64_t t, size_t limit,
                   struct wait_edge ret[], size_t *ret_cycle);

#endif
