/*
 * Potential deadlocks from inconsistent lock order: a cycle among "held a while requesting b", by
 * different threads, that no common gate lock guards (Goodlock: Havelund 2000; Agarwal, Wang and
 * Stoller 2005; Linux lockdep). The run itself need not have been stuck. Locks and RLocks count; a
 * try without waiting makes no edge. Each set of locks is reported once. Not thread-safe.
 */
#ifndef THRUM_TRACE_LOCKORDER_H
#define THRUM_TRACE_LOCKORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "thrum/event.h"
#include "trace/catalog.h"
#include "trace/problem.h"

struct lockorder;

/* The catalog must outlive it. */
struct lockorder *lockorder_new(const struct trace_catalog *catalog);
void lockorder_free(struct lockorder *lockorder);

/*
 * Takes the next record of the merged order. True: an inconsistent order is now known; *ret_problem
 * then belongs to the caller. Its threads, objects and sources go round the cycle: thread i holds
 * object i (taken at sources[2i]) and wants object i+1 (at sources[2i+1]).
 */
bool lockorder_feed(struct lockorder *lockorder, uint32_t thread, const struct thrum_event *event,
                    uint64_t index, struct problem *ret_problem);

#endif
