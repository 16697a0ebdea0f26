/* A history with a small catalog, and records put into it one by one. */
#ifndef THRUM_TESTS_TRACE_HAND_H
#define THRUM_TESTS_TRACE_HAND_H

#include <string.h>

#include "trace/history.h"

enum { HAND_LOCK, HAND_RLOCK, HAND_CONDITION, HAND_BARRIER, HAND_SEMAPHORE, HAND_VARIABLE };

struct hand {
    struct trace_catalog catalog;
    struct history *history;
};

static inline void hand_init(struct hand *hand)
{
    memset(hand, 0, sizeof *hand);
    for (int i = 0; i < 3; i++)
        catalog_add_thread(&hand->catalog, (char[]){(char)('A' + i), 0}, false, THRUM_NONE);
    catalog_add_object(&hand->catalog, "a", TRACE_LOCK);
    catalog_add_object(&hand->catalog, "b", TRACE_RLOCK);
    uint32_t condition = catalog_add_object(&hand->catalog, "c", TRACE_CONDITION);
    hand->catalog.objects.items[condition].lock = 0;
    catalog_add_object(&hand->catalog, "gate", TRACE_BARRIER);
    catalog_add_object(&hand->catalog, "permits", TRACE_SEMAPHORE);
    catalog_add_object(&hand->catalog, "x", TRACE_VARIABLE);
    hand->catalog.objects.items[HAND_SEMAPHORE].initial = 2;
    hand->catalog.objects.items[HAND_VARIABLE].initial = 5;
    hand->history = history_new(&hand->catalog);
}

static inline void hand_fini(struct hand *hand)
{
    history_free(hand->history);
    catalog_fini(&hand->catalog);
}

static inline uint64_t put(struct hand *hand, uint32_t thread, uint64_t time, unsigned kind,
                           uint32_t object, int64_t value)
{
    struct thrum_event event = {.time = time,
                                .kind = (uint16_t)kind,
                                .object = object,
                                .value = value,
                                .source = THRUM_SOURCE(time, thread + 1)};
    return history_append(hand->history, thread, &event);
}

#endif
