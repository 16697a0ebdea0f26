/*
 * Each thread has a vector clock; its own entry is its epoch, which grows after everything another
 * thread may learn of (release, set, notify, start …).
 *
 * What carries a clock from whom to whom:
 *     lock        the last release that freed it -> the acquire; a condition's wait releases and
 *                 acquires its lock
 *     semaphore   permits are first in, first out: each release -> the acquire that took its
 *                 permit; initial ones carry nothing
 *     condition   notify -> the waiters it took, the oldest first, as they return True
 *     event       set -> who waited then; the sets since the last clear -> who saw the flag
 *     barrier     all arrivals of the round, and the opening -> the departures
 *     thread      start -> the thread; its end -> join, is_alive that said False, after:
 *     Atomic      all writes so far -> the read
 */
#include "trace/orders.h"

#include "base/vector.h"

struct permits {
    struct vclock clock; /* of the release; empty for initial ones */
    uint64_t count;      /* left of it */
};

/* What an object hands on. */
struct handed {
    struct vclock clock;            /* lock, event, barrier, Atomic */
    vector(struct permits) permits; /* semaphore: oldest at `first` */
    size_t first;
    uint64_t known;           /* semaphore: permits there, all told */
    vector(uint32_t) waiters; /* condition: not yet notified, oldest first; event: who waits */
    bool begun;               /* a semaphore's initial permits are in */
    bool cleared;             /* an event was cleared since its last set */
};

struct thread_clock {
    struct vclock now;
    struct vclock pending; /* handed to it while it waited (notify, set) */
    bool has_pending;
    bool ended;
};

struct orders {
    const struct trace_catalog *catalog;
    vector(struct thread_clock) threads;
    vector(struct handed *) objects; /* by object; NULL before the first use */
};

struct orders *orders_new(const struct trace_catalog *catalog)
{
    struct orders *orders = xcalloc(1, sizeof *orders);
    orders->catalog = catalog;
    return orders;
}

static void handed_free(struct handed *handed)
{
    if (!handed)
        return;
    for (size_t i = handed->first; i < handed->permits.count; i++)
        vclock_fini(&handed->permits.items[i].clock);
    vclock_fini(&handed->clock);
    vector_fini(&handed->permits);
    vector_fini(&handed->waiters);
    free(handed);
}

void orders_free(struct orders *orders)
{
    if (!orders)
        return;
    for (size_t i = 0; i < orders->threads.count; i++) {
        vclock_fini(&orders->threads.items[i].now);
        vclock_fini(&orders->threads.items[i].pending);
    }
    for (size_t i = 0; i < orders->objects.count; i++)
        handed_free(orders->objects.items[i]);
    vector_fini(&orders->threads);
    vector_fini(&orders->objects);
    free(orders);
}

static struct thread_clock *thread_of(struct orders *orders, uint32_t thread)
{
    while (thread >= orders->threads.count) {
        vector_push(&orders->threads, (struct thread_clock){0});
        vclock_tick(&vector_last(&orders->threads).now, (uint32_t)orders->threads.count - 1);
    }
    return &orders->threads.items[thread];
}

static struct handed *object_of(struct orders *orders, uint32_t object)
{
    while (object >= orders->objects.count)
        vector_push(&orders->objects, NULL);
    if (!orders->objects.items[object])
        orders->objects.items[object] = xcalloc(1, sizeof(struct handed));
    return orders->objects.items[object];
}

const struct vclock *orders_clock(struct orders *orders, uint32_t thread)
{
    return &thread_of(orders, thread)->now;
}

static void acquire(struct orders *orders, uint32_t thread, const struct vclock *from)
{
    vclock_join(&thread_of(orders, thread)->now, from);
}

/* After a thread's clock was handed on, what it does next is news. */
static void tick(struct orders *orders, uint32_t thread)
{
    vclock_tick(&thread_of(orders, thread)->now, thread);
}

static void lock_release(struct orders *orders, uint32_t thread, uint32_t object)
{
    vclock_copy(&object_of(orders, object)->clock, &thread_of(orders, thread)->now);
    tick(orders, thread);
}

static void permits_begin(struct orders *orders, uint32_t object, struct handed *handed)
{
    if (handed->begun)
        return;
    handed->begun = true;
    int64_t initial = orders->catalog->objects.items[object].initial;
    if (initial <= 0)
        return;
    vector_push(&handed->permits, (struct permits){.count = (uint64_t)initial});
    handed->known = (uint64_t)initial;
}

/* `now` permits are there after the release; how many it added follows from how many we know. */
static void permits_release(struct orders *orders, uint32_t thread, uint32_t object, int64_t now)
{
    struct handed *handed = object_of(orders, object);
    permits_begin(orders, object, handed);
    bool more = now > 0 && (uint64_t)now > handed->known;
    struct permits added = {.count = more ? (uint64_t)now - handed->known : 1};
    handed->known += added.count;
    vclock_copy(&added.clock, &thread_of(orders, thread)->now);
    vector_push(&handed->permits, added);
    tick(orders, thread);
}

static void permits_acquire(struct orders *orders, uint32_t thread, uint32_t object)
{
    struct handed *handed = object_of(orders, object);
    permits_begin(orders, object, handed);
    if (handed->first == handed->permits.count)
        return;
    struct permits *oldest = &handed->permits.items[handed->first];
    acquire(orders, thread, &oldest->clock);
    handed->known--;
    if (--oldest->count > 0)
        return;
    vclock_fini(&oldest->clock);
    handed->first++;
    if (handed->first == handed->permits.count)
        handed->first = handed->permits.count = 0;
    if (handed->first > 64 && 2 * handed->first > handed->permits.count) {
        size_t left = handed->permits.count - handed->first;
        memmove(handed->permits.items, handed->permits.items + handed->first,
                left * sizeof *handed->permits.items);
        handed->permits.count = left;
        handed->first = 0;
    }
}

static void waiter_remove(struct handed *handed, uint32_t thread)
{
    size_t kept = 0;
    for (size_t i = 0; i < handed->waiters.count; i++)
        if (handed->waiters.items[i] != thread)
            handed->waiters.items[kept++] = handed->waiters.items[i];
    handed->waiters.count = kept;
}

/* Hands the thread's clock to one that waits; it takes it when its wait ends well. */
static void hand_to(struct orders *orders, uint32_t waiter, uint32_t from)
{
    struct thread_clock *to = thread_of(orders, waiter);
    vclock_join(&to->pending, &thread_of(orders, from)->now);
    to->has_pending = true;
}

/* Whether something had been handed to it. `well`: takes it, else forgets it. */
static bool take_pending(struct orders *orders, uint32_t thread, bool well)
{
    struct thread_clock *now = thread_of(orders, thread);
    bool had = now->has_pending;
    if (had && well)
        vclock_join(&now->now, &now->pending);
    if (had)
        memset(now->pending.at, 0, now->pending.count * sizeof *now->pending.at);
    now->has_pending = false;
    return had;
}

static void notify(struct orders *orders, uint32_t thread, uint32_t object, int64_t count)
{
    struct handed *handed = object_of(orders, object);
    size_t taken = 0;
    for (; (int64_t)taken < count && taken < handed->waiters.count; taken++)
        hand_to(orders, handed->waiters.items[taken], thread);
    for (size_t i = taken; i < handed->waiters.count; i++)
        handed->waiters.items[i - taken] = handed->waiters.items[i];
    handed->waiters.count -= taken;
    tick(orders, thread);
}

static void event_set(struct orders *orders, uint32_t thread, uint32_t object)
{
    struct handed *handed = object_of(orders, object);
    for (size_t i = 0; i < handed->waiters.count; i++)
        hand_to(orders, handed->waiters.items[i], thread);
    handed->waiters.count = 0;
    if (handed->cleared)
        vclock_copy(&handed->clock, &thread_of(orders, thread)->now);
    else
        vclock_join(&handed->clock, &thread_of(orders, thread)->now);
    handed->cleared = false;
    tick(orders, thread);
}

static void barrier_arrive(struct orders *orders, uint32_t thread, uint32_t object, int64_t index)
{
    struct handed *handed = object_of(orders, object);
    if (index == 0)
        vclock_copy(&handed->clock, &thread_of(orders, thread)->now);
    else
        vclock_join(&handed->clock, &thread_of(orders, thread)->now);
    tick(orders, thread);
}

static uint32_t lock_of(const struct orders *orders, uint32_t object)
{
    return orders->catalog->objects.items[object].lock;
}

static void atomic_write(struct orders *orders, uint32_t thread, uint32_t object)
{
    vclock_join(&object_of(orders, object)->clock, &thread_of(orders, thread)->now);
    tick(orders, thread);
}

/* Records about threads; no object is needed for them. */
static void thread_orders(struct orders *orders, uint32_t thread, const struct thrum_event *event)
{
    uint32_t other = (uint32_t)event->value;
    switch (event->kind) {
    case THRUM_KIND_THREAD_START:
        thread_of(orders, other); /* may move the array: before the pointers below are taken */
        thread_of(orders, thread);
        vclock_join(&orders->threads.items[other].now, &orders->threads.items[thread].now);
        tick(orders, thread);
        break;
    case THRUM_KIND_THREAD_END:
    case THRUM_KIND_THREAD_DIED: thread_of(orders, thread)->ended = true; break;
    case THRUM_KIND_IS_ALIVE:
        if (event->flags & THRUM_RESULT)
            break;
        __attribute__((fallthrough));
    case THRUM_KIND_JOIN:
        if (other < orders->threads.count && orders->threads.items[other].ended)
            acquire(orders, thread, &orders->threads.items[other].now);
        break;
    case THRUM_KIND_AFTER_BEGIN:
        for (uint32_t i = 0; i < orders->threads.count; i++)
            if (orders->threads.items[i].ended && i != thread)
                acquire(orders, thread, &orders->threads.items[i].now);
        break;
    }
}

static void lock_orders(struct orders *orders, uint32_t thread, const struct thrum_event *event,
                        enum trace_type type)
{
    bool semaphore = type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE;
    if (event->kind == THRUM_KIND_ACQUIRE) {
        if (semaphore)
            permits_acquire(orders, thread, event->object);
        else
            acquire(orders, thread, &object_of(orders, event->object)->clock);
    } else if (semaphore) {
        permits_release(orders, thread, event->object, event->value);
    } else if (event->value <= 0) {
        lock_release(orders, thread, event->object);
    }
}

static void condition_orders(struct orders *orders, uint32_t thread,
                             const struct thrum_event *event)
{
    struct handed *handed = object_of(orders, event->object);
    uint32_t lock = lock_of(orders, event->object);
    if (event->kind == THRUM_KIND_COND_WAIT) {
        vector_push(&handed->waiters, thread);
        if (lock != THRUM_NONE)
            lock_release(orders, thread, lock);
        return;
    }
    waiter_remove(handed, thread);
    if (lock != THRUM_NONE)
        acquire(orders, thread, &object_of(orders, lock)->clock);
    take_pending(orders, thread, (event->flags & THRUM_RESULT) != 0);
}

static void event_orders(struct orders *orders, uint32_t thread, const struct thrum_event *event)
{
    struct handed *handed = object_of(orders, event->object);
    switch (event->kind) {
    case THRUM_KIND_WAIT_BEGIN: vector_push(&handed->waiters, thread); break;
    case THRUM_KIND_TIMED_OUT:
        waiter_remove(handed, thread);
        take_pending(orders, thread, false);
        break;
    case THRUM_KIND_EVENT_SET: event_set(orders, thread, event->object); break;
    case THRUM_KIND_EVENT_CLEAR: handed->cleared = true; break;
    case THRUM_KIND_EVENT_WAIT:
        waiter_remove(handed, thread);
        if (!take_pending(orders, thread, true))
            acquire(orders, thread, &handed->clock);
        break;
    case THRUM_KIND_EVENT_IS_SET:
        if (event->flags & THRUM_RESULT)
            acquire(orders, thread, &handed->clock);
        break;
    }
}

/* Takes what the record orders into the clocks. */
void orders_take(struct orders *orders, uint32_t thread, const struct thrum_event *event)
{
    thread_of(orders, thread);
    thread_orders(orders, thread, event);
    if (event->object >= orders->catalog->objects.count)
        return;
    enum trace_type type = orders->catalog->objects.items[event->object].type;
    if (type == TRACE_EVENT) {
        event_orders(orders, thread, event);
        return;
    }
    switch (event->kind) {
    case THRUM_KIND_ACQUIRE:
    case THRUM_KIND_RELEASE: lock_orders(orders, thread, event, type); break;
    case THRUM_KIND_COND_WAIT:
    case THRUM_KIND_COND_REACQUIRED: condition_orders(orders, thread, event); break;
    case THRUM_KIND_NOTIFY: notify(orders, thread, event->object, event->value); break;
    case THRUM_KIND_BARRIER_ARRIVE:
        barrier_arrive(orders, thread, event->object, event->value);
        break;
    case THRUM_KIND_BARRIER_OPEN: atomic_write(orders, thread, event->object); break;
    case THRUM_KIND_BARRIER_DEPART:
    case THRUM_KIND_ATOMIC_LOAD:
    case THRUM_KIND_ATOMIC_CAS_FAILED:
        acquire(orders, thread, &object_of(orders, event->object)->clock);
        break;
    case THRUM_KIND_ATOMIC_STORE: atomic_write(orders, thread, event->object); break;
    case THRUM_KIND_ATOMIC_ADD:
    case THRUM_KIND_ATOMIC_SWAP:
    case THRUM_KIND_ATOMIC_CAS:
        acquire(orders, thread, &object_of(orders, event->object)->clock);
        atomic_write(orders, thread, event->object);
        break;
    }
}
