/*
 * Merging by versions.
 *
 * Each ring's records go, in bulk, to the queue of their thread. A thread's first undelivered group
 * (one record, or an indivisible step of several) is in one of four places:
 *
 *     nothing     the queue is empty, or its last group is not complete yet (THRUM_MORE without an
 * end) ready       in a heap by time: all predecessors were delivered waiting     in a table, under
 * the guard and version of the first predecessor that is missing
 *
 * Delivering a record with version v of guard g looks up (g, v) in the table: the one thread, if
 * any, that waits for exactly this moves on. At most one can, because versions are unique. So a
 * record costs O(log ready threads), and an idle or waiting thread nothing, however many there are.
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

enum {
    DRAIN_AT_ONCE = 4096, /* records taken from a ring by one call */
    FULL_SCAN_EVERY = 16  /* polls between looks at every ring, whether it has news or not */
};

struct queue {
    struct thrum_event *records; /* owned; circular */
    size_t capacity;             /* a power of two, or 0 */
    size_t first, count;         /* oldest record, how many */
    size_t unended;              /* so many of them are known to be one group without its end */
    bool placed;                 /* its first group is in the heap or in the table */
};

struct waiting {
    uint64_t key;    /* guard << 32 | version; 0: free, as versions start at 1 */
    uint32_t thread; /* whose first group needs that version to be delivered first */
};

struct ready {
    uint64_t time;
    uint32_t thread;
};

struct collector {
    const struct trace_catalog *catalog;
    collector_deliver *deliver;
    void *context;

    pthread_mutex_t mutex;                     /* guards `rings` and `ring_count` */
    struct thrum_ring *rings[COLLECTOR_RINGS]; /* by their number; NULL: free */
    uint32_t ring_count;                       /* numbers in use lie below */
    uint32_t free_hint;                        /* numbers below are taken */
    struct thrum_news news;
    unsigned polls;

    vector(struct thrum_ring *) closed; /* drained, to be taken */
    vector(struct queue) queues;        /* by thread */
    vector(uint32_t) versions;          /* by guard: the last delivered */
    vector(uint32_t) inside;            /* by guard: records of the group at hand; else 0 */
    vector(struct ready) heap;
    struct waiting *table; /* open addressing, linear probing */
    size_t table_size;     /* a power of two, at least twice `table_used` */
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
    pthread_mutex_init(&collector->mutex, NULL);
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
    vector_fini(&collector->versions);
    vector_fini(&collector->inside);
    vector_fini(&collector->heap);
    free(collector->table);
    pthread_mutex_destroy(&collector->mutex);
    free(collector);
}

/* ---- the heap of ready threads ---- */

static bool earlier(const struct ready *a, const struct ready *b)
{
    return a->time != b->time ? a->time < b->time : a->thread < b->thread;
}

static void heap_push(struct collector *collector, struct ready item)
{
    vector_push(&collector->heap, item);
    struct ready *heap = collector->heap.items;
    size_t at = collector->heap.count - 1;
    for (; at > 0 && earlier(&item, &heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = item;
}

static struct ready heap_pop(struct collector *collector)
{
    struct ready *heap = collector->heap.items, top = heap[0];
    size_t count = --collector->heap.count, at = 0;
    struct ready item = heap[count];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && earlier(&heap[child + 1], &heap[child]))
            child++;
        if (!earlier(&heap[child], &item))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
    return top;
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

static uint32_t guard_of(const struct collector *collector, const struct thrum_event *event)
{
    if (event->version == 0 || event->object >= collector->catalog->objects.count)
        return THRUM_NONE;
    return collector->catalog->objects.items[event->object].guard;
}

static uint32_t *version_of(struct collector *collector, uint32_t guard)
{
    while (guard >= collector->versions.count)
        vector_push(&collector->versions, 0);
    return &collector->versions.items[guard];
}

/* Of the first `length` records, looks for one whose predecessor is neither among them nor
 * delivered yet; true: that one's version of that guard is needed first. */
static bool misses(struct collector *collector, const struct queue *queue, size_t length,
                   uint64_t *ret_key)
{
    size_t seen = 0;
    bool missing = false;
    for (; seen < length && !missing; seen++) {
        const struct thrum_event *event = queue_at(queue, seen);
        uint32_t guard = guard_of(collector, event);
        if (guard == THRUM_NONE)
            continue;
        while (guard >= collector->inside.count)
            vector_push(&collector->inside, 0);
        uint32_t needed = event->version - 1 - collector->inside.items[guard]++;
        missing = *version_of(collector, guard) != needed;
        if (missing)
            *ret_key = (uint64_t)guard << 32 | needed;
    }
    while (seen-- > 0) {
        uint32_t guard = guard_of(collector, queue_at(queue, seen));
        if (guard != THRUM_NONE)
            collector->inside.items[guard] = 0;
    }
    return missing;
}

/* Puts the thread's first group where it belongs. */
static void place(struct collector *collector, uint32_t thread)
{
    struct queue *queue = &collector->queues.items[thread];
    uint64_t key;
    queue->placed = false;
    while (queue->unended < queue->count && queue_at(queue, queue->unended)->flags & THRUM_MORE)
        queue->unended++;
    if (queue->unended == queue->count)
        return;
    size_t length = queue->unended + 1;
    if (misses(collector, queue, length, &key)) {
        queue->placed = table_put(collector, key, thread);
        return;
    }
    queue->placed = true;
    heap_push(collector, (struct ready){queue_at(queue, length - 1)->time, thread});
}

/* Delivers the first group of a thread that came out of the heap. */
static size_t deliver_group(struct collector *collector, uint32_t thread)
{
    size_t done = 0;
    bool more = true;
    while (more) {
        struct queue *queue = &collector->queues.items[thread];
        struct thrum_event event = *queue_at(queue, 0);
        queue->first = (queue->first + 1) & (queue->capacity - 1);
        queue->count--;
        queue->unended = 0;
        collector->pending--;
        more = (event.flags & THRUM_MORE) != 0;
        uint32_t guard = guard_of(collector, &event);
        if (guard != THRUM_NONE)
            *version_of(collector, guard) = event.version;
        if (event.kind == THRUM_KIND_LOST)
            collector->counts.lost += (uint64_t)event.value;
        else
            collector->counts.delivered++;
        done++;
        collector->deliver(collector->context, thread, &event);
        if (guard == THRUM_NONE)
            continue;
        uint32_t next = table_take(collector, (uint64_t)guard << 32 | event.version);
        if (next != THRUM_NONE)
            place(collector, next);
    }
    return done;
}

static size_t deliver_ready(struct collector *collector)
{
    size_t done = 0;
    while (collector->heap.count) {
        uint32_t thread = heap_pop(collector).thread;
        done += deliver_group(collector, thread);
        place(collector, thread);
    }
    return done;
}

/* ---- rings ---- */

bool collector_add(struct collector *collector, struct thrum_ring *ring)
{
    bool added = false;
    pthread_mutex_lock(&collector->mutex);
    uint32_t number = collector->free_hint;
    while (number < COLLECTOR_RINGS && collector->rings[number])
        number++;
    collector->free_hint = number;
    if (number < COLLECTOR_RINGS) {
        ring->number = number;
        ring->news = &collector->news;
        collector->rings[number] = ring;
        collector->free_hint = number + 1;
        if (number >= collector->ring_count)
            collector->ring_count = number + 1;
        added = true;
    }
    pthread_mutex_unlock(&collector->mutex);
    return added;
}

static void poll_ring(struct collector *collector, uint32_t number)
{
    struct thrum_ring *ring = collector->rings[number];
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
    collector->rings[number] = NULL;
    if (number < collector->free_hint)
        collector->free_hint = number;
    vector_push(&collector->closed, ring);
}

size_t collector_poll(struct collector *collector)
{
    bool all = collector->polls++ % FULL_SCAN_EVERY == 0;
    pthread_mutex_lock(&collector->mutex);
    for (uint32_t word = 0; word * 64 < collector->ring_count; word++) {
        /* relaxed: only a hint, missed news are found by the next full scan */
        uint64_t bits = __atomic_load_n(&collector->news.words[word], __ATOMIC_RELAXED);
        if (bits)
            bits = __atomic_exchange_n(&collector->news.words[word], 0, __ATOMIC_RELAXED);
        if (all)
            bits = UINT64_MAX;
        for (; bits; bits &= bits - 1)
            poll_ring(collector, word * 64 + (uint32_t)__builtin_ctzll(bits));
    }
    pthread_mutex_unlock(&collector->mutex);
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

/* How many records of the group before number n have the same guard. */
static uint32_t same_guard_before(const struct collector *collector, const struct queue *queue,
                                  size_t n, uint32_t guard)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += guard_of(collector, queue_at(queue, i)) == guard;
    return count;
}

/* Says why the first group of a thread cannot be delivered. */
static void explain(const struct collector *collector, uint32_t thread, struct text *out)
{
    const struct queue *queue = &collector->queues.items[thread];
    const char *name = catalog_thread_name(collector->catalog, thread);
    text_printf(out, "%s: %zu records cannot be placed: ", name, queue->count);
    for (size_t i = 0; i < queue->count; i++) {
        const struct thrum_event *event = queue_at(queue, i);
        uint32_t guard = guard_of(collector, event);
        uint32_t version = guard < collector->versions.count ? collector->versions.items[guard] : 0;
        uint32_t inside = guard == THRUM_NONE ? 0 : same_guard_before(collector, queue, i, guard);
        if (guard != THRUM_NONE && version + inside + 1 != event->version) {
            text_printf(out, "%s %s (line %u) has version %u, the last before it is %u\n",
                        event_kind_words(event->kind),
                        catalog_object_name(collector->catalog, event->object),
                        THRUM_SOURCE_LINE(event->source), event->version, version + inside);
            return;
        }
        if (!(event->flags & THRUM_MORE))
            break;
    }
    text_add(out, "the step has no end, or two records have one version\n");
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
