/*
 * Conflicting accesses that the happens-before order of the run (trace/orders.h) leaves unordered.
 *
 * An access is remembered as (thread, epoch, place). An earlier access (u, e) happens before the
 * present one of thread t exactly when e <= clock[t][u]. For each variable only the accesses that
 * are not before a later one of the same kind are kept, mostly one: FastTrack's epochs. A variable
 * that many threads read gets a table by thread.
 *
 * Accesses inside atomic blocks are kept apart from plain ones, because two of them never race, so
 * none of them ends another's story.
 *
 * Under a GIL (a run with its records) two accesses can come in either order only where both
 * threads rest without it, each about to do its access: so only the first step after taking the GIL
 * counts, which is also how exploring judges.
 */
#include "trace/races.h"

#include "base/hash.h"
#include "base/vector.h"
#include "trace/orders.h"

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

struct races {
    const struct trace_catalog *catalog;
    struct orders *orders;
    vector(struct variable *) variables; /* by object; NULL before the first access */
    vector(uint64_t) reported;           /* keys of reports, sorted */
    size_t found;
    vector(bool) resumed; /* by thread: it has taken the GIL and done no step since */
    bool gil;             /* there is one */
};

struct races *races_new(const struct trace_catalog *catalog)
{
    struct races *races = xcalloc(1, sizeof *races);
    races->catalog = catalog;
    races->orders = orders_new(catalog);
    return races;
}

void races_free(struct races *races)
{
    if (!races)
        return;
    for (size_t i = 0; i < races->variables.count; i++) {
        for (int c = 0; races->variables.items[i] && c < ACCESS_CLASSES; c++)
            free(races->variables.items[i]->by[c].items);
        free(races->variables.items[i]);
    }
    orders_free(races->orders);
    vector_fini(&races->variables);
    vector_fini(&races->reported);
    vector_fini(&races->resumed);
    free(races);
}

uint32_t races_known(struct races *races, uint32_t thread, uint32_t other)
{
    return vclock_get(orders_clock(races->orders, thread), other);
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
    const struct vclock *clock = orders_clock(races->orders, thread);
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

/* Whether another thread could have come just before or after this record's step. */
static bool interruptible(struct races *races, uint32_t thread, const struct thrum_event *event)
{
    while (thread >= races->resumed.count)
        vector_push(&races->resumed, false);
    bool resumed = races->resumed.items[thread];
    if (event->kind == THRUM_KIND_GIL_TAKE)
        races->gil = races->resumed.items[thread] = true;
    else if (event->flags & THRUM_STEP && event->object != THRUM_NONE) /* others touch nothing */
        races->resumed.items[thread] = false;
    return resumed || !races->gil;
}

bool races_feed(struct races *races, uint32_t thread, const struct thrum_event *event,
                uint64_t index, struct problem *ret_problem)
{
    bool access = event->kind == THRUM_KIND_LOAD || event->kind == THRUM_KIND_STORE;
    bool between = interruptible(races, thread, event);
    if (access && between && catalog_object_type(races->catalog, event->object) == TRACE_VARIABLE)
        return access_feed(races, thread, event, index, ret_problem);
    if (!access)
        orders_take(races->orders, thread, event);
    return false;
}
