/* Inside model/: the queues of waiting threads in Conditions and Events. */
#ifndef THRUM_MODEL_QUEUE_H
#define THRUM_MODEL_QUEUE_H

#include <string.h>

#include "model/objects.h"

static inline struct waiter *queue_find(struct queue_state *queue, uint32_t thread)
{
    for (uint32_t i = 0; i < queue->count; i++)
        if (queue->waiters[i].thread == thread)
            return &queue->waiters[i];
    return NULL;
}

static inline void queue_insert(struct queue_state *queue, uint32_t at, struct waiter waiter)
{
    memmove(queue->waiters + at + 1, queue->waiters + at,
            (queue->count - at) * sizeof queue->waiters[0]);
    queue->waiters[at] = waiter;
    queue->count++;
}

static inline void queue_remove(struct queue_state *queue, struct waiter *waiter)
{
    struct waiter *last = queue->waiters + --queue->count;
    memmove(waiter, waiter + 1, (size_t)((char *)last - (char *)waiter));
    memset(last, 0, sizeof *last);
}

#endif
