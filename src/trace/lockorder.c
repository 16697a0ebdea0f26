/*
 * The lock graph. An edge a -> b of thread t says: t wanted b while it held a. It carries what else
 * t held then (its gates), and what t had learnt from starts and joins. A ring of edges is a
 * possible deadlock when
 *
 *     its threads are all different,
 *     no two of its edges share a held lock: a common gate lets only one of them in at a time,
 *     no edge is ordered before another by starting or joining threads.
 *
 * A semaphore is a gate for as many as it has permits: when all threads of a ring hold a permit of
 * one that has fewer than the ring has threads, they cannot all be there at once. Permits are the
 * initial ones and those released by threads that held none.
 *
 * Only a new edge can close a new ring, so the search starts there: from the wanted lock along
 * known edges back to the held one. Tries and timed waits make no edge, as they do not wait for
 * ever.
 */
#include "trace/lockorder.h"

#include "base/hash.h"
#include "base/vector.h"
#include "trace/vclock.h"

enum { DEEPEST = 8, GATES = 16, SEATS = 4, VARIANTS = 4, REPORTS = 200, EFFORT = 20000 };

struct held {
    uint32_t lock, source;
};

struct seat {
    uint32_t semaphore;
    uint32_t permits; /* taken and not given back; may be 0 */
};

struct locker {
    vector(struct held) held;  /* locks, in the order they were taken */
    vector(struct seat) seats; /* semaphores it took permits of, in the order it did so first */
    struct vclock now;         /* by starts and joins only */
    uint32_t waited;           /* edges for this lock were made when the wait began; THRUM_NONE */
    bool ended;
};

struct edge {
    uint32_t from, to; /* locks: held, wanted */
    uint32_t thread;
    uint32_t held_source, wanted_source;
    uint32_t gate_count; /* all that was held, `from` included; at most GATES are kept */
    uint32_t gates[GATES];
    uint32_t seat_count; /* semaphores held, at most SEATS are kept */
    uint32_t seats[SEATS];
    uint32_t epoch;      /* of `thread` */
    struct vclock clock; /* what it knew */
};

struct leaving {
    vector(uint32_t) edges; /* those from one lock */
};

struct lockorder {
    const struct trace_catalog *catalog;
    vector(struct locker) threads;
    vector(struct edge) edges;
    vector(struct leaving) from;    /* by lock */
    vector(uint64_t) reported;      /* keys of reported rings */
    uint64_t *known;                /* keys of edges seen; open addressing, 0 is free */
    size_t known_size, known_count; /* places, a power of two; keys in them */
    vector(bool) reached;           /* by lock: scratch of leads_home() */
    vector(uint32_t) to_do;         /* scratch likewise */
    vector(uint32_t) given;         /* by semaphore: permits released by threads that held none */
};

struct lockorder *lockorder_new(const struct trace_catalog *catalog)
{
    struct lockorder *lockorder = xcalloc(1, sizeof *lockorder);
    lockorder->catalog = catalog;
    return lockorder;
}

void lockorder_free(struct lockorder *lockorder)
{
    if (!lockorder)
        return;
    for (size_t i = 0; i < lockorder->threads.count; i++) {
        vector_fini(&lockorder->threads.items[i].held);
        vector_fini(&lockorder->threads.items[i].seats);
        vclock_fini(&lockorder->threads.items[i].now);
    }
    for (size_t i = 0; i < lockorder->edges.count; i++)
        vclock_fini(&lockorder->edges.items[i].clock);
    for (size_t i = 0; i < lockorder->from.count; i++)
        vector_fini(&lockorder->from.items[i].edges);
    vector_fini(&lockorder->threads);
    vector_fini(&lockorder->edges);
    vector_fini(&lockorder->from);
    vector_fini(&lockorder->reported);
    vector_fini(&lockorder->given);
    vector_fini(&lockorder->reached);
    vector_fini(&lockorder->to_do);
    free(lockorder->known);
    free(lockorder);
}

static struct locker *thread_of(struct lockorder *lockorder, uint32_t thread)
{
    while (thread >= lockorder->threads.count) {
        vector_push(&lockorder->threads, (struct locker){.waited = THRUM_NONE});
        vclock_tick(&vector_last(&lockorder->threads).now, (uint32_t)lockorder->threads.count - 1);
    }
    return &lockorder->threads.items[thread];
}

/* ---- edges ---- */

static uint64_t edge_key(const struct edge *edge)
{
    uint64_t key = hash_word(edge->from, (uint64_t)edge->to << 32 | edge->thread);
    key = hash_word(key, (uint64_t)edge->epoch << 32 | edge->gate_count);
    key = hash_bytes(key, edge->gates, sizeof edge->gates);
    return hash_bytes(key, edge->seats, sizeof edge->seats) | 1; /* 0 marks a free place */
}

/* Enters a key into the table of known edges; false: it was there. */
static bool enter(struct lockorder *lockorder, uint64_t key)
{
    if (2 * (lockorder->known_count + 1) > lockorder->known_size) {
        uint64_t *old = lockorder->known;
        size_t size = lockorder->known_size;
        lockorder->known_size = size ? 2 * size : 256;
        lockorder->known = xcalloc(lockorder->known_size, sizeof *old);
        lockorder->known_count = 0;
        for (size_t i = 0; i < size; i++)
            if (old[i])
                enter(lockorder, old[i]);
        free(old);
    }
    size_t mask = lockorder->known_size - 1, at = (size_t)(key >> 1) & mask;
    while (lockorder->known[at] && lockorder->known[at] != key)
        at = (at + 1) & mask;
    if (lockorder->known[at])
        return false;
    lockorder->known[at] = key;
    lockorder->known_count++;
    return true;
}

/* Whether the edge says something new: not known, and not one of too many like it that differ in
 * their gates alone. */
static bool is_news(struct lockorder *lockorder, const struct edge *edge)
{
    unsigned variants = 0;
    if (!enter(lockorder, edge_key(edge)))
        return false;
    if (edge->from >= lockorder->from.count)
        return true;
    for (size_t i = 0; i < lockorder->from.items[edge->from].edges.count; i++) {
        const struct edge *old =
            &lockorder->edges.items[lockorder->from.items[edge->from].edges.items[i]];
        variants += old->to == edge->to && old->thread == edge->thread;
    }
    return variants < VARIANTS;
}

static bool share_gate(const struct edge *a, const struct edge *b)
{
    for (uint32_t i = 0; i < a->gate_count && i < GATES; i++)
        for (uint32_t j = 0; j < b->gate_count && j < GATES; j++)
            if (a->gates[i] == b->gates[j])
                return true;
    return false;
}

static bool is_ordered(const struct edge *a, const struct edge *b)
{
    return a->epoch <= vclock_get(&b->clock, a->thread) ||
           b->epoch <= vclock_get(&a->clock, b->thread);
}

static bool fits(const struct lockorder *lockorder, const uint32_t *path, size_t length,
                 const struct edge *next)
{
    for (size_t i = 0; i < length; i++) {
        const struct edge *edge = &lockorder->edges.items[path[i]];
        if (edge->thread == next->thread || share_gate(edge, next) || is_ordered(edge, next))
            return false;
    }
    return true;
}

static bool has_seat(const struct edge *edge, uint32_t semaphore)
{
    for (uint32_t i = 0; i < edge->seat_count; i++)
        if (edge->seats[i] == semaphore)
            return true;
    return false;
}

/* Whether some semaphore of which all hold a permit has fewer permits than the ring has threads. */
static bool is_kept_out(const struct lockorder *lockorder, const uint32_t *path, size_t length)
{
    const struct edge *first = &lockorder->edges.items[path[0]];
    for (uint32_t i = 0; i < first->seat_count; i++) {
        uint32_t semaphore = first->seats[i];
        int64_t permits = lockorder->catalog->objects.items[semaphore].initial;
        if (semaphore < lockorder->given.count)
            permits += lockorder->given.items[semaphore];
        bool all = permits < (int64_t)length;
        for (size_t k = 1; all && k < length; k++)
            all = has_seat(&lockorder->edges.items[path[k]], semaphore);
        if (all)
            return true;
    }
    return false;
}

/* Whether any edges at all lead from one lock to another; mostly not, and then there is no ring to
 * look for. */
static bool leads_home(struct lockorder *lockorder, uint32_t from, uint32_t home)
{
    size_t locks = lockorder->from.count;
    vector_reserve(&lockorder->reached, locks);
    memset(lockorder->reached.items, 0, locks * sizeof *lockorder->reached.items);
    lockorder->to_do.count = 0;
    vector_push(&lockorder->to_do, from);
    while (lockorder->to_do.count) {
        uint32_t at = lockorder->to_do.items[--lockorder->to_do.count];
        if (at == home)
            return true;
        if (at >= locks || lockorder->reached.items[at])
            continue;
        lockorder->reached.items[at] = true;
        for (size_t i = 0; i < lockorder->from.items[at].edges.count; i++) {
            uint32_t to = lockorder->edges.items[lockorder->from.items[at].edges.items[i]].to;
            if (to == home || to >= locks || !lockorder->reached.items[to])
                vector_push(&lockorder->to_do, to);
        }
    }
    return false;
}

/*
 * Extends the path of edges until it comes back to `home`; returns its length, or 0. Many threads
 * with like edges make many paths: the search ends when its effort is spent.
 */
static size_t search(const struct lockorder *lockorder, uint32_t home, uint32_t *path,
                     size_t length, unsigned *effort)
{
    uint32_t at = lockorder->edges.items[path[length - 1]].to;
    if (at == home)
        return is_kept_out(lockorder, path, length) ? 0 : length;
    if (length == DEEPEST || at >= lockorder->from.count)
        return 0;
    for (size_t i = 0; i<lockorder->from.items[at].edges.count && * effort> 0; i++) {
        uint32_t next = lockorder->from.items[at].edges.items[i];
        --*effort;
        if (!fits(lockorder, path, length, &lockorder->edges.items[next]))
            continue;
        path[length] = next;
        size_t found = search(lockorder, home, path, length + 1, effort);
        if (found)
            return found;
    }
    return 0;
}

/* ---- reports ---- */

/* Whether this set of locks has not been reported yet; remembers it. */
static bool is_new(struct lockorder *lockorder, const uint32_t *path, size_t length)
{
    uint64_t key = length;
    for (size_t i = 0; i < length; i++) /* a sum: the order does not matter */
        key += hash_word(1, lockorder->edges.items[path[i]].from);
    for (size_t i = 0; i < lockorder->reported.count; i++)
        if (lockorder->reported.items[i] == key)
            return false;
    if (lockorder->reported.count >= REPORTS)
        return false;
    vector_push(&lockorder->reported, key);
    return true;
}

static void add_place(struct text *out, uint32_t source)
{
    if (source)
        text_printf(out, " (line %u)", THRUM_SOURCE_LINE(source));
}

static void report(const struct lockorder *lockorder, const uint32_t *path, size_t length,
                   uint64_t time, uint64_t index, struct problem *ret)
{
    struct text title = {0}, words = {0};
    memset(ret, 0, sizeof *ret);
    ret->kind = PROBLEM_LOCK_ORDER;
    ret->certainty = PROBLEM_POTENTIAL;
    ret->time = time;
    ret->event = index;
    text_add(&title, "POSSIBLE DEADLOCK  ");
    for (size_t i = 0; i < length; i++) {
        const struct edge *edge = &lockorder->edges.items[path[i]];
        problem_add_thread(ret, edge->thread);
        problem_add_object(ret, edge->from);
        problem_add_source(ret, edge->held_source);
        problem_add_source(ret, edge->wanted_source);
        const char *thread = catalog_thread_name(lockorder->catalog, edge->thread);
        const char *from = catalog_object_name(lockorder->catalog, edge->from);
        const char *to = catalog_object_name(lockorder->catalog, edge->to);
        text_printf(&title, "%s%s", i == 0 ? "" : i + 1 == length ? " and " : ", ", from);
        text_printf(&words, "%s held %s", thread, from);
        add_place(&words, edge->held_source);
        text_printf(&words, " and wanted %s", to);
        add_place(&words, edge->wanted_source);
        text_add(&words, "\n");
    }
    text_add(&title, " are taken in different orders");
    text_add(&words,
             "Should each hold its first one when it wants the other, none can go on. Taking "
             "them in one order rules it out.\n");
    ret->title = text_take(&title);
    ret->evidence = text_take(&words);
}

/* ---- records ---- */

/* The thread wants `lock` and would wait for it: an edge from everything it holds. */
static bool wants(struct lockorder *lockorder, uint32_t thread, uint32_t lock, uint32_t source,
                  uint64_t time, uint64_t index, struct problem *ret_problem)
{
    bool found = false;
    const struct locker *by = thread_of(lockorder, thread);
    for (size_t i = 0; i < by->held.count; i++)
        if (by->held.items[i].lock == lock)
            return false; /* an RLock again, or a deadlock of its own with itself */
    for (size_t i = 0; i < by->held.count; i++) {
        struct edge edge = {.from = by->held.items[i].lock,
                            .to = lock,
                            .thread = thread,
                            .held_source = by->held.items[i].source,
                            .wanted_source = source,
                            .epoch = vclock_get(&by->now, thread)};
        for (size_t j = 0; j < by->held.count; j++, edge.gate_count++)
            if (j < GATES)
                edge.gates[j] = by->held.items[j].lock;
        for (size_t j = 0; j < by->seats.count && edge.seat_count < SEATS; j++)
            if (by->seats.items[j].permits)
                edge.seats[edge.seat_count++] = by->seats.items[j].semaphore;
        if (!is_news(lockorder, &edge))
            continue;
        vclock_copy(&edge.clock, &by->now);
        uint32_t path[DEEPEST] = {(uint32_t)lockorder->edges.count};
        vector_push(&lockorder->edges, edge);
        while (edge.from >= lockorder->from.count)
            vector_push(&lockorder->from, (struct leaving){0});
        vector_push(&lockorder->from.items[edge.from].edges, path[0]);
        unsigned effort = EFFORT;
        size_t length = 0;
        if (!found && leads_home(lockorder, lock, edge.from))
            length = search(lockorder, edge.from, path, 1, &effort);
        if (length && is_new(lockorder, path, length)) {
            report(lockorder, path, length, time, index, ret_problem);
            found = true;
        }
    }
    return found;
}

static void take(struct lockorder *lockorder, uint32_t thread, uint32_t lock, uint32_t source)
{
    struct locker *by = thread_of(lockorder, thread);
    for (size_t i = 0; i < by->held.count; i++)
        if (by->held.items[i].lock == lock)
            return;
    vector_push(&by->held, (struct held){lock, source});
}

/* A plain Lock may be released by a thread that does not hold it: then it is taken from its holder.
 */
static void drop(struct lockorder *lockorder, uint32_t thread, uint32_t lock)
{
    for (size_t k = 0; k <= lockorder->threads.count; k++) {
        struct locker *by = k ? &lockorder->threads.items[k - 1] : thread_of(lockorder, thread);
        for (size_t i = 0; i < by->held.count; i++)
            if (by->held.items[i].lock == lock) {
                memmove(by->held.items + i, by->held.items + i + 1,
                        (by->held.count - i - 1) * sizeof *by->held.items);
                by->held.count--;
                return;
            }
    }
}

/* Permits taken and given back. A semaphore that hands over is taken by one thread and released by
 * another, so what is taken may never come back: it is counted, not listed. */
static void seat(struct lockorder *lockorder, uint32_t thread, const struct thrum_event *event)
{
    struct locker *by = thread_of(lockorder, thread);
    size_t i = 0;
    while (i < by->seats.count && by->seats.items[i].semaphore != event->object)
        i++;
    if (event->kind == THRUM_KIND_ACQUIRE) {
        if (i == by->seats.count)
            vector_push(&by->seats, (struct seat){.semaphore = event->object});
        by->seats.items[i].permits++;
    } else if (event->kind == THRUM_KIND_RELEASE) {
        if (i < by->seats.count && by->seats.items[i].permits) {
            by->seats.items[i].permits--;
            return;
        }
        while (event->object >= lockorder->given.count)
            vector_push(&lockorder->given, 0);
        lockorder->given.items[event->object]++;
    }
}

static void thread_orders(struct lockorder *lockorder, uint32_t thread,
                          const struct thrum_event *event)
{
    uint32_t other = (uint32_t)event->value;
    struct locker *by = thread_of(lockorder, thread);
    switch (event->kind) {
    case THRUM_KIND_THREAD_START:
        thread_of(lockorder, other);
        by = thread_of(lockorder, thread);
        vclock_join(&lockorder->threads.items[other].now, &by->now);
        vclock_tick(&by->now, thread);
        break;
    case THRUM_KIND_THREAD_END:
    case THRUM_KIND_THREAD_DIED: by->ended = true; break;
    case THRUM_KIND_IS_ALIVE:
        if (event->flags & THRUM_RESULT)
            break;
        __attribute__((fallthrough));
    case THRUM_KIND_JOIN:
        if (other < lockorder->threads.count && lockorder->threads.items[other].ended)
            vclock_join(&by->now, &lockorder->threads.items[other].now);
        break;
    case THRUM_KIND_AFTER_BEGIN:
        for (size_t i = 0; i < lockorder->threads.count; i++)
            if (lockorder->threads.items[i].ended)
                vclock_join(&by->now, &lockorder->threads.items[i].now);
        break;
    }
}

/* Whether this acquire, or beginning of a wait, would wait for ever if it must. */
static bool is_patient(const struct thrum_event *event)
{
    return !(event->flags & (THRUM_TRY | THRUM_TIMED));
}

bool lockorder_feed(struct lockorder *lockorder, uint32_t thread, const struct thrum_event *event,
                    uint64_t index, struct problem *ret_problem)
{
    thread_orders(lockorder, thread, event);
    uint32_t lock = event->object;
    enum trace_type type = catalog_object_type(lockorder->catalog, lock);
    bool condition = type == TRACE_CONDITION && (event->kind == THRUM_KIND_COND_WAIT ||
                                                 event->kind == THRUM_KIND_COND_REACQUIRED);
    if (condition)
        lock = lockorder->catalog->objects.items[lock].lock;
    else if (type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE)
        seat(lockorder, thread, event);
    if (!condition && type != TRACE_LOCK && type != TRACE_RLOCK)
        return false;
    if (lock == THRUM_NONE)
        return false;
    bool found = false;
    switch (event->kind) {
    case THRUM_KIND_WAIT_BEGIN:
        if (is_patient(event)) {
            thread_of(lockorder, thread)->waited = lock;
            found = wants(lockorder, thread, lock, event->source, event->time, index, ret_problem);
        }
        break;
    case THRUM_KIND_ACQUIRE:
    case THRUM_KIND_COND_REACQUIRED:
        if ((condition || is_patient(event)) && thread_of(lockorder, thread)->waited != lock)
            found = wants(lockorder, thread, lock, event->source, event->time, index, ret_problem);
        thread_of(lockorder, thread)->waited = THRUM_NONE;
        take(lockorder, thread, lock, event->source);
        break;
    case THRUM_KIND_COND_WAIT: drop(lockorder, thread, lock); break;
    case THRUM_KIND_RELEASE:
        if (event->value <= 0)
            drop(lockorder, thread, lock);
        break;
    }
    return found;
}
