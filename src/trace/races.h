/*
 * Data races in the merged order: two accesses of one plain variable or list element, at least one
 * a store, by different threads, not ordered by happens-before (Lamport 1978), with vector clocks
 * and the epochs of FastTrack (Flanagan and Freund, PLDI 2009). What orders is what
 * docs/LANGUAGE.md lists. Two atomic blocks never race with each other.
 *
 * Only the first race of a run is certain (ACTUAL); later ones may follow from it (CONSEQUENCE).
 * One report for each object and pair of places. Not thread-safe.
 */
#ifndef THRUM_TRACE_RACES_H
#define THRUM_TRACE_RACES_H

#include <stdbool.h>
#include <stdint.h>

#include "thrum/event.h"
#include "trace/catalog.h"
#include "trace/problem.h"

struct races;

/* The catalog must outlive it. */
struct races *races_new(const struct trace_catalog *catalog);
void races_free(struct races *races);

/*
 * Takes the next record of the merged order, with its index in the history. True: it races with an
 * earlier access; *ret_problem then belongs to the caller (threads, objects, and sources: this
 * access first, the earlier one second).
 */
bool races_feed(struct races *races, uint32_t thread, const struct thrum_event *event,
                uint64_t index, struct problem *ret_problem);

/*
 * What `thread` knows of `other` after the records fed so far: the epoch of `other` that it has
 * learned of, 0 for nothing; of itself, its own epoch. A record of `other` whose own epoch, asked
 * before it was fed, was e happens before a record of `thread`, asked after it was fed, exactly
 * when the answer is at least e.
 */
uint32_t races_known(struct races *races, uint32_t thread, uint32_t other);

#endif
