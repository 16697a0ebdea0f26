/*
 * A made-up run: a little scheduler that emits legal records of a few threads on locks, a
 * re-entrant one, a semaphore, an event, a barrier, a condition, a variable; they join each other,
 * wait for the interpreter lock, and get stuck. For tests that compare the history with a reference
 * that looks at every nanosecond. Several records may have one time.
 */
#ifndef THRUM_TESTS_TRACE_STREAM_H
#define THRUM_TESTS_TRACE_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "trace/catalog.h"

enum { STREAM_THREADS = 5, STREAM_LOCKS = 3, STREAM_MOST = 6000, STREAM_PARTIES = 3 };
enum {
    STREAM_EVENT = STREAM_LOCKS,
    STREAM_VARIABLE,
    STREAM_SEMAPHORE,
    STREAM_RLOCK,
    STREAM_BARRIER,
    STREAM_CONDITION, /* its lock is number 0 */
    STREAM_OBJECTS
};

struct stream_record {
    struct thrum_event event;
    uint32_t thread;
};

/* What a thread does next, where that is not left to chance. */
enum stream_next {
    STREAM_ANYTHING,
    STREAM_SLEPT,
    STREAM_COMPUTED,
    STREAM_TAKES_GIL,
    STREAM_WAITS_AT_BARRIER,
    STREAM_OPENS,
    STREAM_DEPARTS,
    STREAM_WANTS_LOCK_BACK
};

struct stream_thread {
    bool born, ended, off, notified;
    enum stream_next next;
    uint32_t waits; /* object; THRUM_NONE */
    uint32_t joins; /* thread; THRUM_NONE */
    uint32_t round; /* of the barrier, in which it arrived */
    uint32_t since; /* source of the wait */
};

struct stream {
    uint64_t seed;
    uint64_t time;
    struct stream_record records[STREAM_MOST];
    size_t count;
    uint32_t owner[STREAM_LOCKS]; /* THRUM_NONE: free */
    uint32_t versions[STREAM_OBJECTS];
    bool set, broken;
    int64_t permits, depth, arrived;
    uint32_t rowner, round, stuck;
    struct stream_thread threads[STREAM_THREADS];
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
    catalog_add_object(catalog, "rlock", TRACE_RLOCK);
    catalog_add_object(catalog, "barrier", TRACE_BARRIER);
    catalog_add_object(catalog, "condition", TRACE_CONDITION);
    for (uint32_t i = 0; i < STREAM_OBJECTS; i++)
        catalog->objects.items[i].guard = i == STREAM_CONDITION ? 0 : i;
    catalog->objects.items[STREAM_CONDITION].lock = 0;
    catalog->objects.items[STREAM_BARRIER].limit = STREAM_PARTIES;
    catalog->objects.items[STREAM_VARIABLE].initial = 5;
    catalog->objects.items[STREAM_SEMAPHORE].initial = 1;
}

static inline void stream_init(struct stream *stream, uint64_t seed)
{
    *stream = (struct stream){.seed = seed, .time = 10, .permits = 1, .rowner = THRUM_NONE};
    for (int i = 0; i < STREAM_LOCKS; i++)
        stream->owner[i] = THRUM_NONE;
    for (int i = 0; i < STREAM_THREADS; i++)
        stream->threads[i].waits = stream->threads[i].joins = THRUM_NONE;
}

static inline struct thrum_event *stream_emit(struct stream *stream, uint32_t thread, unsigned kind,
                                              uint32_t object, int64_t value)
{
    struct stream_record *record = &stream->records[stream->count++];
    bool versioned = object != THRUM_NONE && kind != THRUM_KIND_WAKE && kind != THRUM_KIND_STUCK;
    *record = (struct stream_record){.thread = thread,
                                     .event = {.time = stream->time,
                                               .kind = (uint16_t)kind,
                                               .object = object,
                                               .value = value,
                                               .source = (uint32_t)stream->count << 12,
                                               .flags = THRUM_STEP}};
    if (versioned)
        record->event.version = ++stream->versions[object == STREAM_CONDITION ? 0 : object];
    return &record->event;
}

static inline void stream_wait(struct stream *stream, uint32_t thread, uint32_t object)
{
    stream->threads[thread].waits = object;
    stream->threads[thread].since =
        stream_emit(stream, thread, THRUM_KIND_WAIT_BEGIN, object, -1)->source;
}

/* On one of the locks, or (number STREAM_LOCKS) the re-entrant one. */
static inline void stream_lock(struct stream *stream, uint32_t thread, bool release)
{
    uint32_t lock = (uint32_t)random_below(&stream->seed, STREAM_LOCKS + 1);
    bool again = lock == STREAM_LOCKS;
    uint32_t object = again ? STREAM_RLOCK : lock;
    uint32_t *owner = again ? &stream->rowner : &stream->owner[lock];
    if (release && *owner == thread) {
        stream->depth -= again;
        if (!again || stream->depth == 0)
            *owner = THRUM_NONE;
        stream_emit(stream, thread, THRUM_KIND_RELEASE, object, again ? stream->depth : 0);
    } else if (!release && (*owner == THRUM_NONE || (again && *owner == thread))) {
        *owner = thread;
        stream->depth += again;
        stream_emit(stream, thread, THRUM_KIND_ACQUIRE, object, again ? stream->depth : 1);
    } else if (!release && *owner != thread) {
        stream_wait(stream, thread, object);
    }
}

static inline void stream_barrier(struct stream *stream, uint32_t thread)
{
    struct stream_thread *own = &stream->threads[thread];
    unsigned rare = (unsigned)random_below(&stream->seed, 40);
    if (rare == 0 && !stream->broken) {
        stream->broken = true;
        stream_emit(stream, thread, THRUM_KIND_BARRIER_ABORT, STREAM_BARRIER, 0);
    } else if (stream->broken ? rare < 10 : rare == 1) {
        stream->broken = false;
        stream->arrived = 0;
        stream->round++;
        stream_emit(stream, thread, THRUM_KIND_BARRIER_RESET, STREAM_BARRIER, 0);
    } else if (stream->broken) {
        stream_emit(stream, thread, THRUM_KIND_BARRIER_BROKEN, STREAM_BARRIER, 0);
    } else if (stream->arrived < STREAM_PARTIES) {
        stream_emit(stream, thread, THRUM_KIND_BARRIER_ARRIVE, STREAM_BARRIER, stream->arrived++);
        own->round = stream->round;
        own->next = stream->arrived == STREAM_PARTIES ? STREAM_OPENS : STREAM_WAITS_AT_BARRIER;
    }
}

static inline void stream_condition(struct stream *stream, uint32_t thread)
{
    struct stream_thread *own = &stream->threads[thread];
    if (stream->owner[0] != thread)
        return;
    if (random_below(&stream->seed, 2)) {
        int64_t taken = 0;
        for (int i = 0; i < STREAM_THREADS && !taken; i++)
            if (stream->threads[i].waits == STREAM_CONDITION && !stream->threads[i].notified)
                taken = stream->threads[i].notified = true;
        stream_emit(stream, thread, THRUM_KIND_NOTIFY, STREAM_CONDITION, taken);
        return;
    }
    stream->owner[0] = THRUM_NONE;
    own->notified = false;
    own->waits = STREAM_CONDITION;
    own->since = stream_emit(stream, thread, THRUM_KIND_COND_WAIT, STREAM_CONDITION, -1)->source;
}

static inline void stream_join(struct stream *stream, uint32_t thread)
{
    struct stream_thread *own = &stream->threads[thread];
    uint32_t other = (uint32_t)random_below(&stream->seed, STREAM_THREADS);
    if (other == thread)
        return;
    if (stream->threads[other].ended) {
        stream_emit(stream, thread, THRUM_KIND_JOIN, THRUM_NONE, other);
        return;
    }
    own->joins = other;
    own->since = stream_emit(stream, thread, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, other)->source;
}

static inline void stream_running(struct stream *stream, uint32_t thread)
{
    struct stream_thread *own = &stream->threads[thread];
    switch (random_below(&stream->seed, 18)) {
    case 0:
    case 1:
    case 2: stream_lock(stream, thread, false); break;
    case 3:
    case 4:
    case 5: stream_lock(stream, thread, true); break;
    case 6: stream_emit(stream, thread, THRUM_KIND_STORE, STREAM_VARIABLE, stream->seed % 3); break;
    case 7:
        own->next = STREAM_SLEPT;
        stream_emit(stream, thread, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 5);
        break;
    case 8:
        stream->set = !stream->set;
        stream_emit(stream, thread, stream->set ? THRUM_KIND_EVENT_SET : THRUM_KIND_EVENT_CLEAR,
                    STREAM_EVENT, 0);
        break;
    case 9:
        if (!stream->set)
            stream_wait(stream, thread, STREAM_EVENT);
        else
            stream_emit(stream, thread, THRUM_KIND_EVENT_WAIT, STREAM_EVENT, 0);
        break;
    case 10:
        if (stream->permits > 0)
            stream_emit(stream, thread, THRUM_KIND_ACQUIRE, STREAM_SEMAPHORE, --stream->permits);
        else
            stream_wait(stream, thread, STREAM_SEMAPHORE);
        break;
    case 11:
        stream_emit(stream, thread, THRUM_KIND_RELEASE, STREAM_SEMAPHORE, ++stream->permits);
        break;
    case 12: stream_emit(stream, thread, THRUM_KIND_YIELD, THRUM_NONE, 0); break;
    case 13: stream_barrier(stream, thread); break;
    case 14: stream_condition(stream, thread); break;
    case 15:
        if (random_below(&stream->seed, 4) == 0)
            stream_join(stream, thread);
        break;
    case 16:
        own->next = STREAM_COMPUTED;
        stream_emit(stream, thread, THRUM_KIND_COMPUTE_BEGIN, THRUM_NONE, 5);
        break;
    case 17:
        own->next = STREAM_TAKES_GIL;
        stream_emit(stream, thread, THRUM_KIND_GIL_WAIT, THRUM_NONE, 0);
        break;
    }
}

/* What has to come next; false: anything may. */
static inline bool stream_due(struct stream *stream, uint32_t thread)
{
    struct stream_thread *own = &stream->threads[thread];
    enum stream_next next = own->next;
    own->next = STREAM_ANYTHING;
    switch (next) {
    case STREAM_ANYTHING: return false;
    case STREAM_SLEPT: stream_emit(stream, thread, THRUM_KIND_SLEEP_END, THRUM_NONE, 0); break;
    case STREAM_COMPUTED: stream_emit(stream, thread, THRUM_KIND_COMPUTE_END, THRUM_NONE, 0); break;
    case STREAM_TAKES_GIL: stream_emit(stream, thread, THRUM_KIND_GIL_TAKE, THRUM_NONE, 0); break;
    case STREAM_WAITS_AT_BARRIER: stream_wait(stream, thread, STREAM_BARRIER); break;
    case STREAM_OPENS:
        if (stream->broken || own->round != stream->round) {
            stream_emit(stream, thread, THRUM_KIND_BARRIER_BROKEN, STREAM_BARRIER, 0);
            break;
        }
        stream->arrived = 0;
        stream->round++;
        own->next = STREAM_DEPARTS;
        stream_emit(stream, thread, THRUM_KIND_BARRIER_OPEN, STREAM_BARRIER, STREAM_PARTIES);
        break;
    case STREAM_DEPARTS:
        stream_emit(stream, thread, THRUM_KIND_BARRIER_DEPART, STREAM_BARRIER, 2);
        break;
    case STREAM_WANTS_LOCK_BACK:
        own->next = next;
        if (stream->owner[0] != THRUM_NONE) {
            stream_wait(stream, thread, 0);
            break;
        }
        stream->owner[0] = thread;
        own->next = STREAM_ANYTHING;
        stream_emit(stream, thread, THRUM_KIND_COND_REACQUIRED, STREAM_CONDITION, 1);
        break;
    }
    return true;
}

/* Emits what ends the wait for `object`, if that can be. */
static inline bool stream_woken(struct stream *stream, uint32_t thread, uint32_t object)
{
    struct stream_thread *own = &stream->threads[thread];
    uint32_t *owner = object == STREAM_RLOCK  ? &stream->rowner
                      : object < STREAM_LOCKS ? &stream->owner[object]
                                              : NULL;
    if (owner && *owner == THRUM_NONE && own->next == STREAM_WANTS_LOCK_BACK) {
        own->waits = THRUM_NONE;
        return stream_due(stream, thread);
    }
    if (owner && *owner == THRUM_NONE) {
        *owner = thread;
        stream->depth += object == STREAM_RLOCK;
        stream_emit(stream, thread, THRUM_KIND_ACQUIRE, object, 1);
    } else if (object == STREAM_EVENT && stream->set) {
        stream_emit(stream, thread, THRUM_KIND_EVENT_WAIT, object, 0);
    } else if (object == STREAM_SEMAPHORE && stream->permits > 0) {
        stream_emit(stream, thread, THRUM_KIND_ACQUIRE, object, --stream->permits);
    } else if (object == STREAM_BARRIER && (own->round != stream->round || stream->broken)) {
        stream_emit(stream, thread,
                    stream->broken ? THRUM_KIND_BARRIER_BROKEN : THRUM_KIND_BARRIER_DEPART, object,
                    0);
    } else if (object == STREAM_CONDITION && own->notified) {
        own->next = STREAM_WANTS_LOCK_BACK;
        stream_emit(stream, thread, THRUM_KIND_WAKE, object, -1);
    } else {
        return false;
    }
    return true;
}

static inline void stream_waiting(struct stream *stream, uint32_t thread)
{
    struct stream_thread *own = &stream->threads[thread];
    uint32_t object = own->waits, other = own->joins;
    unsigned chance = (unsigned)random_below(&stream->seed, 4000);
    if (object != THRUM_NONE && stream_woken(stream, thread, object)) {
        own->waits = THRUM_NONE;
    } else if (object == THRUM_NONE && stream->threads[other].ended) {
        own->joins = THRUM_NONE;
        stream_emit(stream, thread, THRUM_KIND_JOIN, THRUM_NONE, other);
    } else if (chance < 2 && stream->stuck < 2) {
        stream->stuck++;
        own->ended = true;
        stream_emit(stream, thread, THRUM_KIND_STUCK, object,
                    object == THRUM_NONE ? (int64_t)other : -1)
            ->source = own->since;
    } else if (chance < 200 && own->next != STREAM_WANTS_LOCK_BACK) {
        own->waits = own->joins = THRUM_NONE;
        if (object == STREAM_CONDITION)
            own->next = STREAM_WANTS_LOCK_BACK;
        stream_emit(stream, thread,
                    object == THRUM_NONE         ? THRUM_KIND_JOIN_TIMED_OUT
                    : object == STREAM_CONDITION ? THRUM_KIND_COND_TIMED_OUT
                                                 : THRUM_KIND_TIMED_OUT,
                    object, object == THRUM_NONE ? (int64_t)other : 0);
    }
}

/* Emits at most one record of a random thread; time goes on by up to 4. */
static inline void stream_step(struct stream *stream, bool kernel)
{
    uint32_t thread = (uint32_t)random_below(&stream->seed, STREAM_THREADS);
    struct stream_thread *own = &stream->threads[thread];
    stream->time += random_below(&stream->seed, 5);
    if (stream->count + 2 > STREAM_MOST || own->ended)
        return;
    if (!own->born) {
        own->born = true;
        stream_emit(stream, thread, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
        return;
    }
    if (kernel && random_below(&stream->seed, 4) == 0) {
        bool off = own->off = !own->off;
        unsigned out = random_below(&stream->seed, 2) ? THRUM_KIND_SWITCH_PREEMPTED
                                                      : THRUM_KIND_SWITCH_BLOCKED;
        stream_emit(stream, thread, off ? out : THRUM_KIND_SWITCH_IN, THRUM_NONE, 0);
    } else if (own->waits != THRUM_NONE || own->joins != THRUM_NONE) {
        stream_waiting(stream, thread);
    } else if (stream_due(stream, thread)) {
        return;
    } else if (random_below(&stream->seed, 2000) == 0) {
        own->ended = true;
        stream_emit(stream, thread, THRUM_KIND_THREAD_END, THRUM_NONE, 0);
    } else {
        stream_running(stream, thread);
    }
}

#endif
