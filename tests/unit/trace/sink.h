/* Rings for tests, and where their merged records go: checked as they come, and counted. */
#ifndef THRUM_TESTS_TRACE_SINK_H
#define THRUM_TESTS_TRACE_SINK_H

#include <check.h>
#include <stdlib.h>

#include "base/die.h"
#include "thrum/ring.h"
#include "trace/catalog.h"

static inline struct thrum_ring *ring_new(uint64_t capacity, uint32_t thread, uint32_t batch,
                                          const struct thrum_clock *clock)
{
    struct thrum_ring *ring = xmalloc(sizeof *ring);
    thrum_ring_init(ring, xcalloc(capacity, sizeof(struct thrum_event)), capacity, thread, batch,
                    clock);
    return ring;
}

static inline void ring_free(struct thrum_ring *ring)
{
    free(ring->slots);
    free(ring);
}

/* Checks the order as it comes, and counts. */
struct sink {
    uint32_t versions[64];
    int64_t last[1024]; /* by thread: what its records count in `value`, or times */
    uint64_t count, lost;
    bool times; /* `last` holds times */
    bool in_group;
    uint32_t group_thread;
    const struct trace_catalog *catalog;
};

static inline void take(void *context, uint32_t thread, const struct thrum_event *event)
{
    struct sink *sink = context;
    if (event->kind == THRUM_KIND_LOST) {
        sink->lost += (uint64_t)event->value;
        return;
    }
    int64_t now = sink->times ? (int64_t)event->time : event->value;
    if (now < sink->last[thread])
        ck_abort_msg("thread %u: %ld after %ld", thread, now, sink->last[thread]);
    sink->last[thread] = now;
    if (event->version) {
        uint32_t guard = sink->catalog->objects.items[event->object].guard;
        if (event->version != sink->versions[guard] + 1)
            ck_abort_msg("version %u after %u", event->version, sink->versions[guard]);
        sink->versions[guard] = event->version;
    }
    if (sink->in_group && thread != sink->group_thread)
        ck_abort_msg("thread %u in the step of %u", thread, sink->group_thread);
    sink->in_group = (event->flags & THRUM_MORE) != 0;
    sink->group_thread = thread;
    sink->count++;
}

#endif
