/*
 * Happens-before over the merged order, and conflicting accesses that it leaves unordered.
 *
 * Each thread has a vector clock; its own entry is its epoch, which grows after everything another
 * thread may learn of (release, set, notify, start …). An access is remembered as (thread, epoch,
 * place). An earlier access (u, e) happens before the present one of thread t exactly when e <=
 * clock[t][u]. For each variable only the accesses that are not before a later one of the same kind
 * are kept, mostly one: FastTrack's epochs. A variable that many threads read gets a table by
 * thread.
 *
 * Accesses inside atomic blocks are kept apart from plain ones, because two of them never race, so
 * none of them ends another's story.
 *
 * What carries a clock from whom to whom:
 *     lock        the last release that freed it -> the acquire; a condition's wait releases and
 * acquires its lock semaphore   permits are first in, first out: each release -> the acquire that
 * took its permit; initial ones carry nothing condition   notify -> the waiters it took, the oldest
 * first, as they return True event       set -> who waited then; the sets since the last clear ->
 * who saw the flag barrier     all arrivals of the round, and the opening -> the departures thread
 * start -> the thread; its end -> join, is_alive that said False, after: Atomic      all writes so
 * far -> the read
 */
#include "trace/races.h"

#include "base/hash.h"
#include "base/vector.h"
#include "trace/vclock.h"

enum { DENSE_FROM = 8, REPORTS = 1000 };

struct access {
    uint64_t time;
    uint64_t index; /* in the history */
    uint32_t thread;
    uint32_t epoch; /* 0: none (in a table by thread) */
    uint32_t source;
    uint16_t kind;
    bool atomic; /* inside an atomic block */
};

/* Accesses of which none happens before another; or, when `dense`, the last one of each thread, by
 * thread. */
struct accesses {
    struct access *items; /* owned */
    uint32_t count, capacity;
    bool dense;
};

enum access_class { PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE, ACCESS_CLASSES };

struct variable {
    struct accesses by[ACCESS_CLASSES];
};

struct permits {
    struct vclock clock; /* of the release; empty for initial ones */
    uint64_t count;      /* left of it */
};

/* What an object hands on. */
struct handed {
    struct vclock clock;            /* lock, event, barrier, Atomic */
    vector(struct permits) permits; /* semaphore: oldest at `first` */
    size_t first;
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

struct races {
    const struct trace_catalog *catalog;
    vector(struct thread_clock) threads;
    vector(struct variable *) variables; /* by object; NULL before the first access */
    vector(struct handed *) objects;     /* by object; NULL before the first use */
    vector(uint64_t) reported;           /* keys of reports, sorted */
    size_t found;
};

struct races *races_new(const struct trace_catalog *catalog)
{
    struct races *races = xcalloc(1, sizeof *races);
    races->catalog = catalog;
    return races;
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

void races_free(struct races *races)
{
    if (!races)
        return;
    for (size_t i = 0; i < races->threads.count; i++) {
        vclock_fini(&races->threads.items[i].now);
        vclock_fini(&races->threads.items[i].pending);
    }
    for (size_t i = 0; i < races->variables.count; i++) {
        for (int c = 0; races->variables.items[i] && c < ACCESS_CLASSES; c++)
            free(races->variables.items[i]->by[c].items);
        free(races->variables.items[i]);
    }
    for (size_t i = 0; i < races->objects.count; i++)
        handed_free(races->objects.items[i]);
    vector_fini(&races->threads);
    vector_fini(&races->variables);
    vector_fini(&races->objects);
    vector_fini(&races->reported);
    free(races);
}

static struct thread_clock *thread_of(struct races *races, uint32_t thread)
{
    while (thread >= races->threads.count) {
        vector_push(&races->threads, (struct thread_clock){0});
        vclock_tick(&vector_last(&races->threads).now, (uint32_t)races->threads.count - 1);
    }
    return &races->threads.items[thread];
}

static struct handed *object_of(struct races *races, uint32_t object)
{
    while (object >= races->objects.count)
        vector_push(&races->objects, NULL);
    if (!races->objects.items[object])
        races->objects.items[object] = xcalloc(1, sizeof(struct handed));
    return races->objects.items[object];
}

uint32_t races_known(struct races *races, uint32_t thread, uint32_t other)
{
    return vclock_get(&thread_of(races, thread)->now, other);
}

/* ---- what orders ---- */

static void acquire(struct races *races, uint32_t thread, const struct vclock *from)
{
    vclock_join(&thread_of(races, thread)->now, from);
}

/* After a thread's clock was handed on, what it does next is news. */
static void tick(struct races *races, uint32_t thread)
{
    vclock_tick(&thread_of(races, thread)->now, thread);
}

static void lock_release(struct races *races, uint32_t thread, uint32_t object)
{
    vclock_copy(&object_of(races, object)->clock, &thread_of(races, thread)->now);
    tick(races, thread);
}

static void permits_begin(struct races *races, uint32_t object, struct handed *handed)
{
    if (handed->begun)
        return;
    handed->begun = true;
    int64_t initial = races->catalog->objects.items[object].initial;
    if (initial > 0)
        vector_push(&handed->permits, (struct permits){.count = (uint64_t)initial});
}

/* `now` permits are there after the release; how many it added follows from how many we know. */
static void permits_release(struct races *races, uint32_t thread, uint32_t object, int64_t now)
{
    struct handed *handed = object_of(races, object);
    permits_begin(races, object, handed);
    uint64_t known = 0;
    for (size_t i = handed->first; i < handed->permits.count; i++)
        known += handed->permits.items[i].count;
    struct permits added = {.count = now > 0 && (uint64_t)now > known ? (uint64_t)now - known : 1};
    vclock_copy(&added.clock, &thread_of(races, thread)->now);
    vector_push(&handed->permits, added);
    tick(races, thread);
}

static void permits_acquire(struct races *races, uint32_t thread, uint32_t object)
{
    struct handed *handed = object_of(races, object);
    permits_begin(races, object, handed);
    if (handed->first == handed->permits.count)
        return;
    struct permits *oldest = &handed->permits.items[handed->first];
    acquire(races, thread, &oldest->clock);
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
static void hand_to(struct races *races, uint32_t waiter, uint32_t from)
{
    struct thread_clock *to = thread_of(races, waiter);
    vclock_join(&to->pending, &thread_of(races, from)->now);
    to->has_pending = true;
}

/* Whether something had been handed to it. `well`: takes it, else forgets it. */
static bool take_pending(struct races *races, uint32_t thread, bool well)
{
    struct thread_clock *now = thread_of(races, thread);
    bool had = now->has_pending;
    if (had && well)
        vclock_join(&now->now, &now->pending);
    if (had)
        memset(now->pending.at, 0, now->pending.count * sizeof *now->pending.at);
    now->has_pending = false;
    return had;
}

static void notify(struct races *races, uint32_t thread, uint32_t object, int64_t count)
{
    struct handed *handed = object_of(races, object);
    size_t taken = 0;
    for (; (int64_t)taken < count && taken < handed->waiters.count; taken++)
        hand_to(races, handed->waiters.items[taken], thread);
    for (size_t i = taken; i < handed->waiters.count; i++)
        handed->waiters.items[i - taken] = handed->waiters.items[i];
    handed->waiters.count -= taken;
    tick(races, thread);
}

static void event_set(struct races *races, uint32_t thread, uint32_t object)
{
    struct handed *handed = object_of(races, object);
    for (size_t i = 0; i < handed->waiters.count; i++)
        hand_to(races, handed->waiters.items[i], thread);
    handed->waiters.count = 0;
    if (handed->cleared)
        vclock_copy(&handed->clock, &thread_of(races, thread)->now);
    else
        vclock_join(&handed->clock, &thread_of(races, thread)->now);
    handed->cleared = false;
    tick(races, thread);
}

static void barrier_arrive(struct races *races, uint32_t thread, uint32_t object, int64_t index)
{
    struct handed *handed = object_of(races, object);
    if (index == 0)
        vclock_copy(&handed->clock, &thread_of(races, thread)->now);
    else
        vclock_join(&handed->clock, &thread_of(races, thread)->now);
    tick(races, thread);
}

static uint32_t lock_of(const struct races *races, uint32_t object)
{
    return races->catalog->objects.items[object].lock;
}

static void atomic_write(struct races *races, uint32_t thread, uint32_t object)
{
    vclock_join(&object_of(races, object)->clock, &thread_of(races, thread)->now);
    tick(races, thread);
}

/* Records about threads; no object is needed for them. */
static void thread_orders(struct races *races, uint32_t thread, const struct thrum_event *event)
{
    uint32_t other = (uint32_t)event->value;
    switch (event->kind) {
    case THRUM_KIND_THREAD_START:
        thread_of(races, other); /* may move the array: before the pointers below are taken */
        thread_of(races, thread);
        vclock_join(&races->threads.items[other].now, &races->threads.items[thread].now);
        tick(races, thread);
        break;
    case THRUM_KIND_THREAD_END:
    case THRUM_KIND_THREAD_DIED: thread_of(races, thread)->ended = true; break;
    case THRUM_KIND_IS_ALIVE:
        if (event->flags & THRUM_RESULT)
            break;
        __attribute__((fallthrough));
    case THRUM_KIND_JOIN:
        if (other < races->threads.count && races->threads.items[other].ended)
            acquire(races, thread, &races->threads.items[other].now);
        break;
    case THRUM_KIND_AFTER_BEGIN:
        for (uint32_t i = 0; i < races->threads.count; i++)
            if (races->threads.items[i].ended && i != thread)
                acquire(races, thread, &races->threads.items[i].now);
        break;
    }
}

static void lock_orders(struct races *races, uint32_t thread, const struct thrum_event *event,
                        enum trace_type type)
{
    bool semaphore = type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE;
    if (event->kind == THRUM_KIND_ACQUIRE) {
        if (semaphore)
            permits_acquire(races, thread, event->object);
        else
            acquire(races, thread, &object_of(races, event->object)->clock);
    } else if (semaphore) {
        permits_release(races, thread, event->object, event->value);
    } else if (event->value <= 0) {
        lock_release(races, thread, event->object);
    }
}

static void condition_orders(struct races *races, uint32_t thread, const struct thrum_event *event)
{
    struct handed *handed = object_of(races, event->object);
    uint32_t lock = lock_of(races, event->object);
    if (event->kind == THRUM_KIND_COND_WAIT) {
        vector_push(&handed->waiters, thread);
        if (lock != THRUM_NONE)
            lock_release(races, thread, lock);
        return;
    }
    waiter_remove(handed, thread);
    if (lock != THRUM_NONE)
        acquire(races, thread, &object_of(races, lock)->clock);
    take_pending(races, thread, (event->flags & THRUM_RESULT) != 0);
}

static void event_orders(struct races *races, uint32_t thread, const struct thrum_event *event)
{
    struct handed *handed = object_of(races, event->object);
    switch (event->kind) {
    case THRUM_KIND_WAIT_BEGIN: vector_push(&handed->waiters, thread); break;
    case THRUM_KIND_TIMED_OUT:
        waiter_remove(handed, thread);
        take_pending(races, thread, false);
        break;
    case THRUM_KIND_EVENT_SET: event_set(races, thread, event->object); break;
    case THRUM_KIND_EVENT_CLEAR: handed->cleared = true; break;
    case THRUM_KIND_EVENT_WAIT:
        waiter_remove(handed, thread);
        if (!take_pending(races, thread, true))
            acquire(races, thread, &handed->clock);
        break;
    case THRUM_KIND_EVENT_IS_SET:
        if (event->flags & THRUM_RESULT)
            acquire(races, thread, &handed->clock);
        break;
    }
}

/* Takes what the record orders into the clocks. */
static void orders(struct races *races, uint32_t thread, const struct thrum_event *event)
{
    thread_orders(races, thread, event);
    if (event->object >= races->catalog->objects.count)
        return;
    enum trace_type type = races->catalog->objects.items[event->object].type;
    if (type == TRACE_EVENT) {
        event_orders(races, thread, event);
        return;
    }
    switch (event->kind) {
    case THRUM_KIND_ACQUIRE:
    case THRUM_KIND_RELEASE: lock_orders(races, thread, event, type); break;
    case THRUM_KIND_COND_WAIT:
    case THRUM_KIND_COND_REACQUIRED: condition_orders(races, thread, event); break;
    case THRUM_KIND_NOTIFY: notify(races, thread, event->object, event->value); break;
    case THRUM_KIND_BARRIER_ARRIVE:
        barrier_arrive(races, thread, event->object, event->value);
        break;
    case THRUM_KIND_BARRIER_OPEN: atomic_write(races, thread, event->object); break;
    case THRUM_KIND_BARRIER_DEPART:
    case THRUM_KIND_ATOMIC_LOAD:
    case THRUM_KIND_ATOMIC_CAS_FAILED:
        acquire(races, thread, &object_of(races, event->object)->clock);
        break;
    case THRUM_KIND_ATOMIC_STORE: atomic_write(races, thread, event->object); break;
    case THRUM_KIND_ATOMIC_ADD:
    case THRUM_KIND_ATOMIC_SWAP:
    case THRUM_KIND_ATOMIC_CAS:
        acquire(races, thread, &object_of(races, event->object)->clock);
        atomic_write(races, thread, event->object);
        break;
    }
}

/* ---- accesses ---- */

static struct variable *variable_of(struct races *races, uint32_t object)
{
    while (object >= races->variables.count)
        vector_push(&races->variables, NULL);
    if (!races->variables.items[object])
        races->variables.items[object] = xcalloc(1, sizeof(struct variable));
    return races->variables.items[object];
}

/* An access by another thread that does not happen before `clock`; NULL: none. */
static const struct access *unordered(const struct accesses *accesses, const struct vclock *clock,
                                      uint32_t thread)
{
    for (uint32_t i = 0; i < accesses->count; i++) {
        const struct access *access = &accesses->items[i];
        if (access->epoch && access->thread != thread &&
            access->epoch > vclock_get(clock, access->thread))
            return access;
    }
    return NULL;
}

static void reserve(struct accesses *accesses, uint32_t count)
{
    if (count <= accesses->capacity)
        return;
    uint32_t capacity = accesses->capacity ? 2 * accesses->capacity : 1;
    if (capacity < count)
        capacity = count;
    accesses->items = xrealloc(accesses->items, capacity * sizeof *accesses->items);
    accesses->capacity = capacity;
}

static void add_dense(struct accesses *accesses, const struct access *access)
{
    uint32_t count = access->thread + 1;
    if (count > accesses->count) {
        reserve(accesses, count);
        memset(accesses->items + accesses->count, 0,
               (count - accesses->count) * sizeof *accesses->items);
        accesses->count = count;
    }
    accesses->items[access->thread] = *access;
}

static void make_dense(struct accesses *accesses)
{
    struct accesses dense = {.dense = true};
    for (uint32_t i = 0; i < accesses->count; i++)
        add_dense(&dense, &accesses->items[i]);
    free(accesses->items);
    *accesses = dense;
}

static void add(struct accesses *accesses, const struct vclock *clock, const struct access *access)
{
    if (accesses->dense) {
        add_dense(accesses, access);
        return;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < accesses->count; i++) {
        const struct access *old = &accesses->items[i];
        if (old->epoch > vclock_get(clock, old->thread) && old->thread != access->thread)
            accesses->items[kept++] = *old;
    }
    reserve(accesses, kept + 1);
    accesses->items[kept] = *access;
    accesses->count = kept + 1;
    if (accesses->count > DENSE_FROM)
        make_dense(accesses);
}

/* The earlier access that this one races with; NULL: none. */
static const struct access *racing(const struct variable *variable, const struct vclock *clock,
                                   uint32_t thread, bool writes, bool atomic)
{
    const struct access *found = unordered(&variable->by[PLAIN_WRITE], clock, thread);
    if (!found && writes)
        found = unordered(&variable->by[PLAIN_READ], clock, thread);
    if (!found && !atomic)
        found = unordered(&variable->by[ATOMIC_WRITE], clock, thread);
    if (!found && !atomic && writes)
        found = unordered(&variable->by[ATOMIC_READ], clock, thread);
    return found;
}

/* ---- reports ---- */

/* Whether this pair of places has not been reported yet; remembers it. */
static bool is_new(struct races *races, uint32_t object, const struct access *a,
                   const struct access *b)
{
    uint64_t one = (uint64_t)a->source << 16 | a->kind, two = (uint64_t)b->source << 16 | b->kind;
    uint64_t low = one < two ? one : two, high = one < two ? two : one;
    uint64_t key = hash_word(hash_word(object, low), high);
    size_t at = 0, end = races->reported.count;
    while (at < end) {
        size_t middle = (at + end) / 2;
        if (races->reported.items[middle] < key)
            at = middle + 1;
        else
            end = middle;
    }
    if (at < races->reported.count && races->reported.items[at] == key)
        return false;
    vector_push(&races->reported, key);
    memmove(races->reported.items + at + 1, races->reported.items + at,
            (races->reported.count - 1 - at) * sizeof key);
    races->reported.items[at] = key;
    return true;
}

static void tell(const struct races *races, struct text *out, uint32_t object,
                 const struct access *access)
{
    text_printf(out, "%s %s %s%s", catalog_thread_name(races->catalog, access->thread),
                access->kind == THRUM_KIND_STORE ? "writes" : "reads",
                catalog_object_name(races->catalog, object),
                access->atomic ? " in an atomic block" : "");
    if (access->source)
        text_printf(out, " (line %u)", THRUM_SOURCE_LINE(access->source));
    text_add(out, " at ");
    catalog_time(races->catalog, access->time, out);
    text_add(out, "\n");
}

static void report(struct races *races, uint32_t object, const struct access *now,
                   const struct access *before, struct problem *ret)
{
    struct text title = {0}, words = {0};
    memset(ret, 0, sizeof *ret);
    ret->kind = PROBLEM_RACE;
    ret->certainty = races->found ? PROBLEM_CONSEQUENCE : PROBLEM_ACTUAL;
    ret->time = now->time;
    ret->event = now->index;
    problem_add_thread(ret, now->thread);
    problem_add_thread(ret, before->thread);
    problem_add_object(ret, object);
    problem_add_source(ret, now->source);
    problem_add_source(ret, before->source);
    text_printf(&title, "DATA RACE  %s: %s %s while %s %s",
                catalog_object_name(races->catalog, object),
                catalog_thread_name(races->catalog, before->thread),
                before->kind == THRUM_KIND_STORE ? "writes" : "reads",
                catalog_thread_name(races->catalog, now->thread),
                now->kind == THRUM_KIND_STORE ? "writes" : "reads");
    tell(races, &words, object, before);
    tell(races, &words, object, now);
    text_add(&words, "Nothing orders the two: either could have come first.\n");
    if (races->found)
        text_add(&words, "It may follow from the first race of this run.\n");
    ret->title = text_take(&title);
    ret->evidence = text_take(&words);
    races->found++;
}

static bool access_feed(struct races *races, uint32_t thread, const struct thrum_event *event,
                        uint64_t index, struct problem *ret_problem)
{
    bool writes = event->kind == THRUM_KIND_STORE, atomic = (event->flags & THRUM_MORE) != 0;
    enum access_class class =
        atomic ? (writes ? ATOMIC_WRITE : ATOMIC_READ) : (writes ? PLAIN_WRITE : PLAIN_READ);
    struct variable *variable = variable_of(races, event->object);
    const struct vclock *clock = &thread_of(races, thread)->now;
    struct access now = {.time = event->time,
                         .index = index,
                         .thread = thread,
                         .epoch = vclock_get(clock, thread),
                         .source = event->source,
                         .kind = event->kind,
                         .atomic = atomic};
    const struct access *before = racing(variable, clock, thread, writes, atomic);
    bool tells =
        before && races->reported.count < REPORTS && is_new(races, event->object, &now, before);
    if (tells)
        report(races, event->object, &now, before, ret_problem);
    add(&variable->by[class], clock, &now);
    return tells;
}

bool races_feed(struct races *races, uint32_t thread, const struct thrum_event *event,
                uint64_t index, struct problem *ret_problem)
{
    bool access = event->kind == THRUM_KIND_LOAD || event->kind == THRUM_KIND_STORE;
    if (access && catalog_object_type(races->catalog, event->object) == TRACE_VARIABLE)
        return access_feed(races, thread, event, index, ret_problem);
    if (!access) {
        thread_of(races, thread);
        orders(races, thread, event);
    }
    return false;
}
