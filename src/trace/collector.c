/*
 * Merging by versions.
 *
 * Each ring's records go, in bulk, to the queue of their thread. A thread's first undelivered group
 * (one record, or an indivisible step of several) is in one of three places:
 *
 *     nowhere     the queue is empty, or its last group is not complete yet (THRUM_MORE without an
 *                 end)
 *     ready       in a tournament by time: all predecessors were delivered, as far as is known
 *     waiting     in a table, under the first (guard, version) whose predecessor is missing
 *
 * The first in time is looked at once: are all predecessors delivered? Mostly they are, as times
 * follow versions, and then so is it; else it goes to the table. Delivering version v of guard g
 * looks up (g, v + 1) there: the one thread, if any, that waits with exactly this is ready again.
 * At most one can, because versions are unique. So a record costs O(log threads that have records),
 * and an idle or waiting thread nothing, however many there are.
 *
 * Looking that late changes nothing of the order: who must wait leaves the tournament before
 * anything behind it is delivered, so what is delivered is the first in time of all that can be.
 *
 * Why nothing waits for ever: versions of a guard are given under the guard, in the order of some
 * real execution in which each thread emits in its program order; thread order and guard order
 * together are therefore acyclic, and the oldest undelivered record of that execution always has
 * all its predecessors. What still waits when every ring is empty for good has lost a predecessor,
 * and that is a defect of the emitter; collector_finish() names it.
 */
#include "trace/collector.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/hash.h"
#include "base/vector.h"
#include "trace/tournament.h"

enum {
    DRAIN_AT_ONCE = 4096, /* records taken from a ring by one call */
    FULL_SCAN_EVERY = 16  /* polls between looks at every ring, whether it has news or not */
};

struct queue {
    struct thrum_event *records; /* owned; circular */
    size_t capacity;             /* a power of two, or 0 */
    size_t first, count;         /* oldest record, how many */
    size_t unended;              /* so many of them are known to be one group without its end */
    bool placed;                 /* its first group is in the tournament or in the table */
    uint32_t seat;               /* in the tournament, while it is there */
};

struct guard {
    uint32_t version; /* the last delivered; 0: none yet */
    uint32_t inside;  /* the last of the group that is looked at; 0 else */
    uint32_t waiting; /* how many threads wait in the table for one of its versions */
};

struct waiting {
    uint64_t key;    /* guard << 32 | version; 0: free, as versions start at 1 */
    uint32_t thread; /* whose first group has this version, with the one before not delivered */
};

struct collector {
    const struct trace_catalog *catalog;
    collector_deliver *deliver;
    void *context;

    pthread_mutex_t adding; /* one adds at a time; polling does not take it */
    /* by their number; NULL: free. Set under `adding` with release, which shows the collector's
     * thread what `number` and `news` are; taken out by that thread, relaxed, since whoever takes
     * the number next looks at nothing of the old ring */
    struct thrum_ring *rings[COLLECTOR_RINGS];
    uint32_t ring_count; /* numbers in use lie below; release after the ring */
    struct thrum_news news;
    unsigned polls;

    vector(struct thrum_ring *) closed; /* drained, to be taken */
    vector(struct queue) queues;        /* by thread */
    vector(struct guard) guards;        /* by their number in the catalog */
    struct tournament ready;            /* threads whose first group is complete and not waiting */
    struct waiting *table;              /* open addressing, linear probing */
    size_t table_size;                  /* a power of two, at least twice `table_used` */
    size_t table_used;

    size_t pending;
    struct collector_counts counts;
};

struct collector *collector_new(const struct trace_catalog *catalog, collector_deliver *deliver,
                                void *context)
{
    struct collector *collector = xcalloc(1, sizeof *collector);
    collector->catalog = catalog;
    collector->deliver = deliver;
    collector->context = context;
    collector->table_size = 64;
    collector->table = xcalloc(collector->table_size, sizeof *collector->table);
    pthread_mutex_init(&collector->adding, NULL);
    return collector;
}

void collector_free(struct collector *collector)
{
    if (!collector)
        return;
    for (size_t i = 0; i < collector->queues.count; i++)
        free(collector->queues.items[i].records);
    vector_fini(&collector->closed);
    vector_fini(&collector->queues);
    vector_fini(&collector->guards);
    tournament_fini(&collector->ready);
    free(collector->table);
    pthread_mutex_destroy(&collector->adding);
    free(collector);
}

/* ---- the table of waiting threads ---- */

static size_t table_home(const struct collector *collector, uint64_t key)
{
    return (size_t)hash_word(0, key) & (collector->table_size - 1);
}

/* False: another thread waits for the same version already. */
static bool table_put(struct collector *collector, uint64_t key, uint32_t thread)
{
    if (2 * (collector->table_used + 1) > collector->table_size) {
        struct waiting *old = collector->table;
        size_t size = collector->table_size;
        collector->table_size = 2 * size;
        collector->table_used = 0;
        collector->table = xcalloc(collector->table_size, sizeof *old);
        for (size_t i = 0; i < size; i++)
            if (old[i].key)
                table_put(collector, old[i].key, old[i].thread);
        free(old);
    }
    size_t at = table_home(collector, key);
    while (collector->table[at].key && collector->table[at].key != key)
        at = (at + 1) & (collector->table_size - 1);
    if (collector->table[at].key)
        return false;
    collector->table[at] = (struct waiting){key, thread};
    collector->table_used++;
    return true;
}

/* Takes the thread out that waits for this version; THRUM_NONE: nobody does. */
static uint32_t table_take(struct collector *collector, uint64_t key)
{
    size_t mask = collector->table_size - 1, at = table_home(collector, key);
    while (collector->table[at].key != key) {
        if (!collector->table[at].key)
            return THRUM_NONE;
        at = (at + 1) & mask;
    }
    uint32_t thread = collector->table[at].thread;
    /* close the gap: move up what probed past it (Knuth 6.4, algorithm R) */
    for (size_t next = (at + 1) & mask; collector->table[next].key; next = (next + 1) & mask) {
        size_t home = table_home(collector, collector->table[next].key);
        if (((next - home) & mask) >= ((next - at) & mask)) {
            collector->table[at] = collector->table[next];
            at = next;
        }
    }
    collector->table[at].key = 0;
    collector->table_used--;
    return thread;
}

/* ---- queues ---- */

static struct queue *queue_get(struct collector *collector, uint32_t thread)
{
    while (thread >= collector->queues.count)
        vector_push(&collector->queues, (struct queue){0});
    return &collector->queues.items[thread];
}

static struct thrum_event *queue_at(const struct queue *queue, size_t n)
{
    return &queue->records[(queue->first + n) & (queue->capacity - 1)];
}

static void queue_grow(struct queue *queue, size_t wanted)
{
    size_t capacity = queue->capacity ? queue->capacity : 64;
    while (capacity < wanted)
        capacity *= 2;
    struct thrum_event *records = xmalloc(capacity * sizeof *records);
    for (size_t i = 0; i < queue->count; i++)
        records[i] = *queue_at(queue, i);
    free(queue->records);
    queue->records = records;
    queue->capacity = capacity;
    queue->first = 0;
}

/* Drains a ring into its thread's queue; returns how many records came. */
static size_t drain(struct collector *collector, struct thrum_ring *ring)
{
    struct queue *queue = queue_get(collector, ring->thread);
    size_t total = 0;
    for (;;) {
        if (queue->count == 0)
            queue->first = 0;
        if (queue->capacity - queue->count < DRAIN_AT_ONCE && total)
            queue_grow(queue, queue->count + DRAIN_AT_ONCE);
        else if (queue->count == queue->capacity)
            queue_grow(queue, queue->count + 1);
        /* the free part up to the end of the circle, or up to the oldest record */
        size_t end = (queue->first + queue->count) & (queue->capacity - 1);
        size_t room = end < queue->first || queue->count == 0 ? queue->capacity - queue->count
                                                              : queue->capacity - end;
        size_t count = thrum_ring_drain(ring, queue->records + end, room);
        queue->count += count;
        total += count;
        if (count < room)
            break;
        if (total > (size_t)4 * DRAIN_AT_ONCE && total > ring->mask)
            break; /* the producer is as fast as we are: others' turn */
    }
    collector->pending += total;
    return total;
}

/* ---- delivering ---- */

/* What orders this record besides its thread; NULL: nothing. Lasts until the next call. */
static inline struct guard *guard_of(struct collector *collector, const struct thrum_event *event)
{
    if (event->version == 0 || event->object >= collector->catalog->objects.count)
        return NULL;
    uint32_t guard = collector->catalog->objects.items[event->object].guard;
    if (guard >= collector->guards.count) {
        if (guard == THRUM_NONE)
            return NULL;
        while (guard >= collector->guards.count)
            vector_push(&collector->guards, (struct guard){0});
    }
    return &collector->guards.items[guard];
}

static uint64_t key_of(const struct collector *collector, const struct guard *guard,
                       uint32_t version)
{
    return (uint64_t)(guard - collector->guards.items) << 32 | version;
}

/* Whether the thread's first group is complete; its records are then `unended` and one more. */
static bool has_group(struct queue *queue)
{
    while (queue->unended < queue->count && queue_at(queue, queue->unended)->flags & THRUM_MORE)
        queue->unended++;
    return queue->unended < queue->count;
}

/* Of a complete group: that of its last record. */
static uint64_t group_time(const struct queue *queue)
{
    return queue_at(queue, queue->unended)->time;
}

/* Puts the thread's first group into the tournament, if it is complete. */
static void place(struct collector *collector, uint32_t thread)
{
    struct queue *queue = &collector->queues.items[thread];
    queue->placed = has_group(queue);
    if (queue->placed)
        queue->seat = tournament_enter(&collector->ready, thread, group_time(queue));
}

/* The first of these records whose predecessor on its guard is neither among those before it nor
 * delivered; *ret_last is then the last known version of that guard. `length`: there is none. */
static size_t first_missing(struct collector *collector, const struct queue *queue, size_t length,
                            uint32_t *ret_last)
{
    size_t missing = length;
    for (size_t i = 0; i < missing; i++) {
        const struct thrum_event *event = queue_at(queue, i);
        struct guard *guard = guard_of(collector, event);
        if (!guard)
            continue;
        uint32_t last = guard->inside ? guard->inside : guard->version;
        if (event->version == thrum_version_after(last)) {
            guard->inside = event->version;
        } else {
            missing = i;
            *ret_last = last;
        }
    }
    for (size_t i = 0; i < missing; i++) {
        struct guard *guard = guard_of(collector, queue_at(queue, i));
        if (guard)
            guard->inside = 0;
    }
    return missing;
}

/* Whether the thread's first group must wait after all; then it does. */
static bool must_wait(struct collector *collector, uint32_t thread)
{
    struct queue *queue = &collector->queues.items[thread];
    const struct thrum_event *event = queue_at(queue, 0);
    struct guard *guard = guard_of(collector, event);
    if (queue->unended == 0) { /* as nearly always */
        if (!guard || event->version == thrum_version_after(guard->version))
            return false;
    } else {
        uint32_t last;
        size_t n = first_missing(collector, queue, queue->unended + 1, &last);
        if (n > queue->unended)
            return false;
        event = queue_at(queue, n);
        guard = guard_of(collector, event);
    }
    tournament_leave(&collector->ready, queue->seat);
    /* false: another waits for the same, a defect of the emitter; collector_finish() says so */
    queue->placed = table_put(collector, key_of(collector, guard, event->version), thread);
    guard->waiting += queue->placed;
    return true;
}

static void deliver(struct collector *collector, uint32_t thread, const struct thrum_event *event)
{
    struct guard *guard = guard_of(collector, event);
    if (event->kind == THRUM_KIND_LOST)
        collector->counts.lost += (uint64_t)event->value;
    else
        collector->counts.delivered++;
    collector->deliver(collector->context, thread, event);
    if (!guard)
        return;
    guard->version = event->version;
    if (!guard->waiting)
        return;
    uint32_t next =
        table_take(collector, key_of(collector, guard, thrum_version_after(event->version)));
    if (next == THRUM_NONE)
        return;
    guard->waiting--;
    place(collector, next);
}

/* Delivers the thread's first group, if all its predecessors have been; returns how many records.
 */
static size_t deliver_group(struct collector *collector, uint32_t thread)
{
    struct queue *queue = &collector->queues.items[thread];
    size_t first = queue->first, length = queue->unended + 1;
    if (must_wait(collector, thread))
        return 0;
    queue->first = (first + length) & (queue->capacity - 1);
    queue->count -= length;
    queue->unended = 0;
    queue->placed = has_group(queue);
    if (queue->placed)
        tournament_change(&collector->ready, queue->seat, thread, group_time(queue));
    else
        tournament_leave(&collector->ready, queue->seat);
    collector->pending -= length;
    /* nothing is drained meanwhile, so they still stand where they stood */
    for (size_t i = 0; i < length; i++)
        deliver(collector, thread, &queue->records[(first + i) & (queue->capacity - 1)]);
    return length;
}

static size_t deliver_ready(struct collector *collector)
{
    size_t done = 0;
    uint32_t thread;
    while (tournament_first(&collector->ready, &thread))
        done += deliver_group(collector, thread);
    return done;
}

/* ---- rings ---- */

_Static_assert(COLLECTOR_RINGS == 8 * sizeof(struct thrum_news), "a bit of the news for each ring");

bool collector_add(struct collector *collector, struct thrum_ring *ring)
{
    pthread_mutex_lock(&collector->adding);
    uint32_t number = 0;
    /* relaxed: whether it is free is all that is asked */
    while (number < COLLECTOR_RINGS && __atomic_load_n(&collector->rings[number], __ATOMIC_RELAXED))
        number++;
    bool added = number < COLLECTOR_RINGS;
    if (added) {
        ring->number = number;
        ring->news = &collector->news;
        /* release: pair with the acquires in collector_poll() and poll_ring() */
        __atomic_store_n(&collector->rings[number], ring, __ATOMIC_RELEASE);
        if (number >= collector->ring_count)
            __atomic_store_n(&collector->ring_count, number + 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&collector->adding);
    return added;
}

/* A ring that was full to its end could not say itself what it dropped last. */
static void say_unsaid(struct collector *collector, const struct thrum_ring *ring)
{
    uint64_t lost = thrum_ring_unsaid(ring);
    if (lost == 0)
        return;
    struct queue *queue = queue_get(collector, ring->thread);
    if (queue->count == queue->capacity)
        queue_grow(queue, queue->count + 1);
    *queue_at(queue, queue->count++) = (struct thrum_event){.time = ring->last_time,
                                                            .kind = THRUM_KIND_LOST,
                                                            .object = THRUM_NONE,
                                                            .processor = THRUM_NO_PROCESSOR,
                                                            .value = (int64_t)lost};
    collector->pending++;
    if (!queue->placed)
        place(collector, ring->thread);
}

static void poll_ring(struct collector *collector, uint32_t number)
{
    struct thrum_ring *ring = __atomic_load_n(&collector->rings[number], __ATOMIC_ACQUIRE);
    if (!ring)
        return;
    /* closed is asked before the drain: the last head was published before it */
    bool closed = thrum_ring_is_closed(ring);
    uint64_t drained = drain(collector, ring);
    struct queue *queue = &collector->queues.items[ring->thread];
    if (drained && !queue->placed)
        place(collector, ring->thread);
    if (!closed)
        return;
    if (drained > ring->mask) /* more than it holds: there may be a rest */
        return;
    say_unsaid(collector, ring);
    __atomic_store_n(&collector->rings[number], NULL, __ATOMIC_RELAXED);
    vector_push(&collector->closed, ring);
}

size_t collector_poll(struct collector *collector)
{
    bool all = collector->polls++ % FULL_SCAN_EVERY == 0;
    uint32_t count = __atomic_load_n(&collector->ring_count, __ATOMIC_ACQUIRE);
    for (uint32_t word = 0; word * 64 < count; word++) {
        /* relaxed: only a hint, missed news are found by the next full scan */
        uint64_t bits = __atomic_load_n(&collector->news.words[word], __ATOMIC_RELAXED);
        if (bits)
            bits = __atomic_exchange_n(&collector->news.words[word], 0, __ATOMIC_RELAXED);
        if (all)
            bits = UINT64_MAX;
        for (; bits; bits &= bits - 1)
            poll_ring(collector, word * 64 + (uint32_t)__builtin_ctzll(bits));
    }
    return deliver_ready(collector);
}

struct thrum_ring *collector_take_closed(struct collector *collector)
{
    if (collector->closed.count == 0)
        return NULL;
    return collector->closed.items[--collector->closed.count];
}

size_t collector_pending(const struct collector *collector)
{
    return collector->pending;
}

struct collector_counts collector_counts(const struct collector *collector)
{
    return collector->counts;
}

/* ---- the end ---- */

/* Says why the first group of a thread cannot be delivered. */
static void explain(struct collector *collector, uint32_t thread, struct text *out)
{
    struct queue *queue = &collector->queues.items[thread];
    size_t length = has_group(queue) ? queue->unended + 1 : queue->count;
    uint32_t last;
    size_t n = first_missing(collector, queue, length, &last);
    text_printf(out, "%s: %zu records cannot be placed: ",
                catalog_thread_name(collector->catalog, thread), queue->count);
    if (n == length) {
        text_add(out, "the step has no end\n");
        return;
    }
    const struct thrum_event *event = queue_at(queue, n);
    text_printf(out, "%s %s (line %u) has version %u, the last before it is %u\n",
                event_kind_words(event->kind),
                catalog_object_name(collector->catalog, event->object),
                THRUM_SOURCE_LINE(event->source), event->version, last);
}

size_t collector_finish(struct collector *collector, struct text *ret_words)
{
    size_t before;
    do {
        before = collector->pending;
        collector->polls = 0; /* look at every ring */
    } while (collector_poll(collector) > 0 || collector->pending != before);
    for (uint32_t i = 0; ret_words && i < collector->queues.count; i++)
        if (collector->queues.items[i].count)
            explain(collector, i, ret_words);
    return collector->pending;
}
