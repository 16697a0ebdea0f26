/*
 * A made-up run: a little scheduler that emits legal records of a few threads on locks, a
 * semaphore, an event, variables. For tests that compare the history with a reference that looks at
 * every nanosecond.
 */
#ifndef THRUM_TESTS_TRACE_STREAM_H
#define THRUM_TESTS_TRACE_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "trace/catalog.h"

enum { STREAM_THREADS = 5, STREAM_LOCKS = 3, STREAM_MOST = 6000 };
enum { STREAM_EVENT = STREAM_LOCKS, STREAM_VARIABLE, STREAM_SEMAPHORE, STREAM_OBJECTS };

struct stream_record {
    struct thrum_event event;
    uint32_t thread;
};

struct stream {
    uint64_t seed;
    uint64_t time;
    struct stream_record records[STREAM_MOST];
    size_t count;
    uint32_t owner[STREAM_LOCKS]; /* THRUM_NONE: free */
    uint32_t versions[STREAM_OBJECTS];
    bool set;
    int64_t permits;
    struct {
        bool born, sleeping, ended, off;
        uint32_t waits; /* object; THRUM_NONE */
    } threads[STREAM_THREADS];
};

static inline void stream_catalog(struct trace_catalog *catalog)
{
    for (int i = 0; i < STREAM_THREADS; i++)
        catalog_add_thread(catalog, "thread", false, THRUM_NONE);
    for (int i = 0; i < STREAM_LOCKS; i++)
        catalog_add_object(catalog, "lock", TRACE_LOCK);
    catalog_add_object(catalog, "event", TRACE_EVENT);
    catalog_add_object(catalog, "variable", TRACE_VARIABLE);
    catalog_add_object(catalog, "semaphore", TRACE_SEMAPHORE);
    for (uint32_t i = 0; i < STREAM_OBJECTS; i++)
        catalog->objects.items[i].guard = i;
    catalog->objects.items[STREAM_VARIABLE].initial = 5;
    catalog->objects.items[STREAM_SEMAPHORE].initial = 1;
}

static inline void stream_init(struct stream *stream, uint64_t seed)
{
    *stream = (struct stream){.seed = seed, .time = 10, .permits = 1};
    for (int i = 0; i < STREAM_LOCKS; i++)
        stream->owner[i] = THRUM_NONE;
    for (int i = 0; i < STREAM_THREADS; i++)
        stream->threads[i].waits = THRUM_NONE;
}

static inline void stream_emit(struct stream *stream, uint32_t thread, unsigned kind,
                               uint32_t object, int64_t value)
{
    struct stream_record *record = &stream->records[stream->count++];
    bool versioned = object != THRUM_NONE && kind != THRUM_KIND_WAKE;
    *record = (struct stream_record){.thread = thread,
                                     .event = {.time = stream->time,
                                               .kind = (uint16_t)kind,
                                               .object = object,
                                               .value = value,
                                               .source = (uint32_t)stream->count << 12,
                                               .flags = THRUM_STEP}};
    if (versioned)
        record->event.version = ++stream->versions[object];
}

static inline void stream_running(struct stream *stream, uint32_t thread)
{
    uint32_t lock = (uint32_t)random_below(&stream->seed, STREAM_LOCKS);
    switch (random_below(&stream->seed, 12)) {
    case 0:
    case 1:
    case 2:
        if (stream->owner[lock] == thread)
            break;
        if (stream->owner[lock] == THRUM_NONE) {
            stream->owner[lock] = thread;
            stream_emit(stream, thread, THRUM_KIND_ACQUIRE, lock, 1);
        } else {
            stream->threads[thread].waits = lock;
            stream_emit(stream, thread, THRUM_KIND_WAIT_BEGIN, lock, -1);
        }
        break;
    case 3:
    case 4:
        if (stream->owner[lock] != thread)
            break;
        stream->owner[lock] = THRUM_NONE;
        stream_emit(stream, thread, THRUM_KIND_RELEASE, lock, 0);
        break;
    case 5: stream_emit(stream, thread, THRUM_KIND_STORE, STREAM_VARIABLE, stream->seed % 3); break;
    case 6:
        stream->threads[thread].sleeping = true;
        stream_emit(stream, thread, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 5);
        break;
    case 7:
        stream->set = !stream->set;
        stream_emit(stream, thread, stream->set ? THRUM_KIND_EVENT_SET : THRUM_KIND_EVENT_CLEAR,
                    STREAM_EVENT, 0);
        break;
    case 8:
        if (!stream->set) {
            stream->threads[thread].waits = STREAM_EVENT;
            stream_emit(stream, thread, THRUM_KIND_WAIT_BEGIN, STREAM_EVENT, -1);
        } else {
            stream_emit(stream, thread, THRUM_KIND_EVENT_WAIT, STREAM_EVENT, 0);
        }
        break;
    case 9:
        if (stream->permits > 0) {
            stream->permits--;
            stream_emit(stream, thread, THRUM_KIND_ACQUIRE, STREAM_SEMAPHORE, stream->permits);
        } else {
            stream->threads[thread].waits = STREAM_SEMAPHORE;
            stream_emit(stream, thread, THRUM_KIND_WAIT_BEGIN, STREAM_SEMAPHORE, -1);
        }
        break;
    case 10:
        stream->permits++;
        stream_emit(stream, thread, THRUM_KIND_RELEASE, STREAM_SEMAPHORE, stream->permits);
        break;
    case 11: stream_emit(stream, thread, THRUM_KIND_YIELD, THRUM_NONE, 0); break;
    }
}

static inline void stream_waiting(struct stream *stream, uint32_t thread)
{
    uint32_t object = stream->threads[thread].waits;
    bool done = false;
    if (object < STREAM_LOCKS && stream->owner[object] == THRUM_NONE) {
        stream->owner[object] = thread;
        stream_emit(stream, thread, THRUM_KIND_ACQUIRE, object, 1);
        done = true;
    } else if (object == STREAM_EVENT && stream->set) {
        stream_emit(stream, thread, THRUM_KIND_EVENT_WAIT, object, 0);
        done = true;
    } else if (object == STREAM_SEMAPHORE && stream->permits > 0) {
        stream->permits--;
        stream_emit(stream, thread, THRUM_KIND_ACQUIRE, object, stream->permits);
        done = true;
    } else if (random_below(&stream->seed, 20) == 0) {
        stream_emit(stream, thread, THRUM_KIND_TIMED_OUT, object, 0);
        done = true;
    }
    if (done)
        stream->threads[thread].waits = THRUM_NONE;
}

/* Emits at most one record of a random thread; time goes on by 1 to 4. */
static inline void stream_step(struct stream *stream, bool kernel)
{
    uint32_t thread = (uint32_t)random_below(&stream->seed, STREAM_THREADS);
    stream->time += 1 + random_below(&stream->seed, 4);
    if (stream->count + 2 > STREAM_MOST || stream->threads[thread].ended)
        return;
    if (!stream->threads[thread].born) {
        stream->threads[thread].born = true;
        stream_emit(stream, thread, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
        return;
    }
    if (kernel && random_below(&stream->seed, 4) == 0) {
        bool off = stream->threads[thread].off = !stream->threads[thread].off;
        unsigned out = random_below(&stream->seed, 2) ? THRUM_KIND_SWITCH_PREEMPTED
                                                      : THRUM_KIND_SWITCH_BLOCKED;
        stream_emit(stream, thread, off ? out : THRUM_KIND_SWITCH_IN, THRUM_NONE, 0);
    } else if (stream->threads[thread].sleeping) {
        stream->threads[thread].sleeping = false;
        stream_emit(stream, thread, THRUM_KIND_SLEEP_END, THRUM_NONE, 0);
    } else if (stream->threads[thread].waits != THRUM_NONE) {
        stream_waiting(stream, thread);
    } else if (random_below(&stream->seed, 2000) == 0) {
        stream->threads[thread].ended = true;
        stream_emit(stream, thread, THRUM_KIND_THREAD_END, THRUM_NONE, 0);
    } else {
        stream_running(stream, thread);
    }
}

#endif
