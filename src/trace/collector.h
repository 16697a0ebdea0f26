/*
 * From many rings to one order. Rings are drained in bulk; a record is delivered when its
 * predecessor in its thread and its predecessor on its guard (the version before its own) have
 * been, and of those that can be delivered now the one with the smallest time goes first. Records
 * of one indivisible step (THRUM_MORE) are delivered together, when all of them can be. Clocks
 * decide nothing but the choice among the unordered.
 *
 * A record's guard is its object's in the catalog; a version of 0 or an object without guard is
 * ordered by its thread alone.
 *
 * Threads: collector_add() from any; everything else from one thread, the collector's.
 */
#ifndef THRUM_TRACE_COLLECTOR_H
#define THRUM_TRACE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "thrum/event.h"
#include "thrum/ring.h"
#include "trace/catalog.h"

enum { COLLECTOR_RINGS = 4096 };

struct collector;

/* Called for each record in the merged order. It may read the record; the pointer does not outlast
 * the call. */
typedef void collector_deliver(void *context, uint32_t thread, const struct thrum_event *event);

/* The catalog must outlive the collector; its objects are read as they are at the call of
 * collector_poll(). */
struct collector *collector_new(const struct trace_catalog *catalog, collector_deliver *deliver,
                                void *context);
void collector_free(struct collector *collector);

/*
 * Starts to collect from a ring (initialised, nothing emitted yet), which stays the caller's and
 * where it is until collector_take_closed() gives it back. Sets its `number` and `news`. False:
 * there are COLLECTOR_RINGS already. Any thread, also while polling; waits at most for others that
 * add.
 */
bool collector_add(struct collector *collector, struct thrum_ring *ring);

/*
 * Drains all rings with news and delivers what can be. Returns how many records were delivered.
 * Call about every millisecond.
 */
size_t collector_poll(struct collector *collector);

/*
 * A ring that was closed by its producer and is now drained, taken out of the collector so that it
 * can be used again; NULL if there is none. Its records may still wait for delivery; they have been
 * copied. What it dropped at its very end, too late to say so itself, the collector says with a
 * THRUM_KIND_LOST record: once all rings are closed, emitted = delivered + lost.
 */
struct thrum_ring *collector_take_closed(struct collector *collector);

/* Drained but not delivered yet: they wait for a predecessor, or for the end of their step. */
size_t collector_pending(const struct collector *collector);

struct collector_counts {
    uint64_t delivered; /* records, THRUM_KIND_LOST ones not counted */
    uint64_t lost;      /* records that rings dropped, as the THRUM_KIND_LOST records say */
};
struct collector_counts collector_counts(const struct collector *collector);

/*
 * The end: all producers have closed or stand still; of a thread that ended without closing its
 * ring, what it had not published is missing, unless who joined it has closed the ring. Drains and
 * delivers what is left. Returns how
 * many records can never be delivered because a predecessor is missing: a defect; `ret_words` then
 * tells, in a line or more, which (may be NULL).
 */
size_t collector_finish(struct collector *collector, struct text *ret_words);

#endif
