/*
 * What the bytes of an object mean. Everything here is plain data in a world, all words of 8 bytes,
 * and holds only what can affect the future: a Lock has no owner, and nobody stands in line before
 * one. What the operations do to them is in lock.c, condition.c, event.c and barrier.c, after
 * CPython 3.11 (Lib/threading.py, Modules/_threadmodule.c). All zero, but for the first value of a
 * semaphore, is how an object begins.
 */
#ifndef THRUM_MODEL_OBJECTS_H
#define THRUM_MODEL_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/program.h"

struct lock_state {
    int64_t locked; /* 0 or 1 */
};

struct rlock_state {
    uint32_t owner; /* thread id + 1; 0 when free */
    uint32_t depth; /* acquires of the owner without their releases */
};

struct semaphore_state {
    int64_t value; /* permits */
};

/* One waiting thread. */
struct waiter {
    uint16_t thread;
    uint16_t woken; /* 1 when notified or set: the wait can end */
    uint32_t depth; /* conditions: the RLock's depth, to be restored; 0 with a Lock */
};

/* The queue of a Condition or an Event. A condition's notified waiters come first, by thread id;
 * the others follow, oldest first. An event's are by thread id. Entries past `count` are zero. */
struct queue_state {
    uint32_t count;
    uint32_t flag; /* events: 1 when set */
    struct waiter waiters[];
};

/* threading.Barrier._state: 0, 1, -1 and -2; the last one is the lock held around the action. */
enum barrier_phase {
    BARRIER_FILLING,   /* parties arrive, and wait until all are there */
    BARRIER_DRAINING,  /* all were there, and leave */
    BARRIER_RESETTING, /* reset() while some were inside: they leave with BrokenBarrierError */
    BARRIER_BROKE,     /* until reset() whoever comes, or is inside, gets BrokenBarrierError */
    BARRIER_ACTING,    /* the last party runs the action; nobody else can do anything with it */
};

struct barrier_state {
    uint32_t phase; /* enum barrier_phase */
    uint32_t count; /* parties inside */
};

static inline bool object_has_queue(uint8_t type)
{
    return type == OBJECT_CONDITION || type == OBJECT_EVENT;
}

#endif
