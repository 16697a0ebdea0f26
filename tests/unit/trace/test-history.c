/* The history against a reference that looks at every nanosecond. */
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/die.h"
#include "stream.h"
#include "trace/history.h"
#include "trace/waits.h"

enum { SPAN = 4 * STREAM_MOST };

/* What every nanosecond looks like, computed from the records alone. */
struct reference {
    uint8_t lane[STREAM_THREADS][SPAN];
    uint32_t begun[STREAM_THREADS][SPAN]; /* intervals begun up to then */
    uint8_t state[STREAM_OBJECTS][SPAN];
    uint32_t holder[STREAM_OBJECTS][SPAN];
    uint32_t waiters[STREAM_OBJECTS][SPAN];
    int64_t value[SPAN];    /* of the variable */
    uint64_t changed[SPAN]; /* record that changed it last */
    uint64_t end;
};

struct fold {
    uint8_t logical[STREAM_THREADS], kernel[STREAM_THREADS];
    uint32_t waits[STREAM_THREADS];
    uint32_t owner[STREAM_OBJECTS];
    int64_t permits, value;
    bool set;
    uint64_t changed;
};

static uint8_t lane_now(const struct fold *fold, int thread)
{
    uint8_t logical = fold->logical[thread];
    if (logical != LANE_RUNNING || fold->kernel[thread] == THRUM_KIND_SWITCH_IN)
        return logical;
    return fold->kernel[thread] == THRUM_KIND_SWITCH_PREEMPTED ? LANE_READY : LANE_BLOCKED;
}

static void fold_record(struct fold *fold, const struct stream_record *record, uint64_t index)
{
    uint32_t thread = record->thread, object = record->event.object;
    unsigned kind = record->event.kind;
    if (kind >= THRUM_KIND_SWITCH_PREEMPTED && kind <= THRUM_KIND_SWITCH_IN) {
        fold->kernel[thread] = (uint8_t)kind;
        return;
    }
    fold->waits[thread] = THRUM_NONE;
    fold->logical[thread] = LANE_RUNNING;
    switch (kind) {
    case THRUM_KIND_WAIT_BEGIN:
        fold->waits[thread] = object;
        fold->logical[thread] = object == STREAM_EVENT ? LANE_WAITING : LANE_BLOCKED;
        break;
    case THRUM_KIND_SLEEP_BEGIN: fold->logical[thread] = LANE_SLEEPING; break;
    case THRUM_KIND_THREAD_END: fold->logical[thread] = LANE_FINISHED; break;
    case THRUM_KIND_ACQUIRE:
        fold->owner[object] = thread;
        if (object == STREAM_SEMAPHORE)
            fold->permits = record->event.value;
        break;
    case THRUM_KIND_RELEASE:
        if (object == STREAM_SEMAPHORE)
            fold->permits = record->event.value;
        else
            fold->owner[object] = THRUM_NONE;
        break;
    case THRUM_KIND_EVENT_SET: fold->set = true; break;
    case THRUM_KIND_EVENT_CLEAR: fold->set = false; break;
    case THRUM_KIND_STORE:
        if (fold->value != record->event.value)
            fold->changed = index;
        fold->value = record->event.value;
        break;
    }
}

static void write_down(struct reference *reference, const struct fold *fold, uint64_t t)
{
    for (int i = 0; i < STREAM_THREADS; i++)
        reference->lane[i][t] = lane_now(fold, i);
    for (uint32_t i = 0; i < STREAM_OBJECTS; i++) {
        uint32_t waiters = 0;
        for (int j = 0; j < STREAM_THREADS; j++)
            waiters += fold->waits[j] == i;
        reference->waiters[i][t] = waiters;
        reference->holder[i][t] = fold->owner[i];
        uint8_t state = waiters ? OBJECT_WANTED : OBJECT_FREE;
        if (i < STREAM_LOCKS && !waiters && fold->owner[i] != THRUM_NONE)
            state = OBJECT_HELD;
        if (i == STREAM_SEMAPHORE && !waiters && fold->permits == 0)
            state = OBJECT_HELD;
        if (i == STREAM_EVENT && fold->set)
            state = OBJECT_SET;
        reference->state[i][t] = state;
    }
    reference->value[t] = fold->value;
    reference->changed[t] = fold->changed;
}

static int by_time(const void *a, const void *b)
{
    const struct stream_record *const *one = a, *const *two = b;
    if ((*one)->event.time != (*two)->event.time)
        return (*one)->event.time < (*two)->event.time ? -1 : 1;
    return *one < *two ? -1 : 1;
}

/* The first `count` records of `order`, whose indices are their places in it. */
static void refer(struct reference *reference, const struct stream_record *order, size_t count,
                  uint64_t end)
{
    struct fold fold = {.permits = 1, .value = 5, .changed = HISTORY_NONE};
    const struct stream_record **sorted = xcalloc(count + 1, sizeof(void *));
    memset(reference, 0, sizeof *reference);
    for (int i = 0; i < STREAM_THREADS; i++) {
        fold.waits[i] = THRUM_NONE;
        fold.kernel[i] = THRUM_KIND_SWITCH_IN;
        fold.logical[i] = LANE_UNBORN;
    }
    for (int i = 0; i < STREAM_OBJECTS; i++)
        fold.owner[i] = THRUM_NONE;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &order[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, by_time);
    size_t next = 0;
    reference->end = end;
    for (uint64_t t = 0; t < end; t++) {
        while (next < count && sorted[next]->event.time <= t) {
            fold_record(&fold, sorted[next], (uint64_t)(sorted[next] - order));
            next++;
        }
        write_down(reference, &fold, t);
    }
    free(sorted);
}

/* ---- comparing ---- */

/* Check notes every assertion that holds, which is slow in loops: tell only of those that fail. */
#define SAME(a, b)                                                                                 \
    do {                                                                                           \
        if ((uint64_t)(a) != (uint64_t)(b))                                                        \
            ck_assert_uint_eq(a, b);                                                               \
    } while (0)
#define HOLDS(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

static void compare_shares(const struct history *history, const struct reference *reference,
                           uint64_t *seed)
{
    for (int round = 0; round < 40; round++) {
        uint64_t a = random_below(seed, reference->end + 1);
        uint64_t b = random_below(seed, reference->end + 50);
        for (uint32_t thread = 0; thread < STREAM_THREADS; thread++) {
            uint64_t ns[LANE_STATES], expected[LANE_STATES] = {0};
            history_share(history, thread, a, b, ns);
            for (uint64_t t = a; t < b && t < reference->end; t++)
                expected[reference->lane[thread][t]]++;
            for (int i = 0; i < LANE_STATES; i++)
                HOLDS(ns[i] == expected[i], "thread %u state %d [%lu, %lu): %lu, not %lu", thread,
                      i, a, b, ns[i], expected[i]);
        }
    }
}

static void compare_lane_cells(const struct reference *reference, uint32_t thread, uint64_t t0,
                               uint64_t column, const struct lane_cell *cells, size_t columns)
{
    for (size_t x = 0; x < columns; x++) {
        uint64_t ns[LANE_STATES] = {0}, from = t0 + x * column, most = 0;
        unsigned state = 0;
        if (from >= reference->end) {
            HOLDS(!cells[x].filled, "column %zu is in the future", x);
            continue;
        }
        for (uint64_t t = from; t < from + column && t < reference->end; t++)
            ns[reference->lane[thread][t]]++;
        for (unsigned i = 0; i < LANE_STATES; i++)
            if (ns[i] && ns[i] >= most) {
                most = ns[i];
                state = i;
            }
        HOLDS(cells[x].state == state, "thread %u column %zu of %lu at %lu: %u, not %u", thread, x,
              column, t0, cells[x].state, state);
        HOLDS(cells[x].filled, "column %zu is not in the future", x);
    }
}

static void compare_object_cells(const struct reference *reference, uint32_t object, uint64_t t0,
                                 uint64_t column, const struct object_cell *cells, size_t columns)
{
    for (size_t x = 0; x < columns; x++) {
        uint64_t ns[OBJECT_STATES] = {0}, from = t0 + x * column, most = 0, last = 0;
        unsigned state = 0;
        if (from >= reference->end)
            continue;
        for (uint64_t t = from; t < from + column && t < reference->end; t++, last = t)
            ns[reference->state[object][t]]++;
        for (unsigned i = 0; i < OBJECT_STATES; i++)
            if (ns[i] && ns[i] >= most) {
                most = ns[i];
                state = i;
            }
        HOLDS(cells[x].state == state, "object %u column %zu of %lu at %lu: %u, not %u", object, x,
              column, t0, cells[x].state, state);
        /* at the column's end, which belongs to the next one: records at that very time count */
        bool merges = cells[x].changes == CELL_MANY &&
                      (x + 1 == columns || cells[x + 1].changes == CELL_MANY);
        if (!merges && last < reference->end && reference->holder[object][last] != THRUM_NONE)
            SAME(cells[x].holder, reference->holder[object][last]);
    }
}

static void compare_rows(const struct history *history, const struct reference *reference,
                         uint64_t *seed)
{
    for (int round = 0; round < 45; round++) {
        enum { COLUMNS = 77 };
        struct lane_cell lane[COLUMNS];
        struct object_cell row[COLUMNS];
        uint64_t widest[] = {8, reference->end / 20 + 2, reference->end / 2 + 2};
        uint64_t column = 1 + random_below(seed, widest[round % 3]);
        uint64_t t0 = random_below(seed, reference->end);
        for (uint32_t i = 0; i < STREAM_THREADS; i++) {
            history_row(history, i, t0, column, COLUMNS, lane);
            compare_lane_cells(reference, i, t0, column, lane, COLUMNS);
        }
        for (uint32_t i = 0; i < STREAM_OBJECTS; i++) {
            history_object_row(history, i, t0, column, COLUMNS, row);
            compare_object_cells(reference, i, t0, column, row, COLUMNS);
        }
    }
}

static void compare_points(const struct history *history, const struct reference *reference,
                           uint64_t *seed)
{
    for (int round = 0; round < 200; round++) {
        uint64_t t = random_below(seed, reference->end);
        for (uint32_t i = 0; i < STREAM_THREADS; i++) {
            struct lane_interval interval;
            history_interval(history, i, t, &interval);
            SAME(interval.state, reference->lane[i][t]);
            HOLDS(interval.start <= t && t < interval.end, "not around %lu", t);
            for (uint64_t u = interval.start; u < interval.end; u++)
                SAME(reference->lane[i][u], interval.state);
        }
        for (uint32_t i = 0; i < STREAM_OBJECTS; i++) {
            struct object_at at;
            struct object_waiter waiters[STREAM_THREADS];
            history_object_at(history, i, t, &at);
            SAME(at.state, reference->state[i][t]);
            SAME(at.waiters, reference->waiters[i][t]);
            if (i < STREAM_LOCKS)
                SAME(at.holder, reference->holder[i][t]);
            SAME(history_waiters(history, i, t, STREAM_THREADS, waiters), reference->waiters[i][t]);
        }
        SAME(history_value(history, STREAM_VARIABLE, t), reference->value[t]);
        SAME(history_change_before(history, STREAM_VARIABLE, t), reference->changed[t]);
        uint64_t after = history_change_after(history, STREAM_VARIABLE, t), expected = HISTORY_NONE;
        for (uint64_t u = t; u < reference->end && expected == HISTORY_NONE; u++)
            if (reference->changed[u] != reference->changed[t])
                expected = reference->changed[u];
        SAME(after, expected);
    }
}

static void compare_lists(const struct history *history, const struct stream_record *order,
                          size_t count, uint64_t end, uint64_t *seed)
{
    SAME(history_count(history), count);
    for (int round = 0; round < 20; round++) {
        uint64_t t = random_below(seed, end);
        uint32_t thread = (uint32_t)random_below(seed, STREAM_THREADS);
        uint64_t before = HISTORY_NONE, after = HISTORY_NONE;
        for (size_t i = 0; i < count; i++) {
            const struct thrum_event *event = &order[i].event;
            if (order[i].thread != thread)
                continue;
            if (event->time <= t &&
                (before == HISTORY_NONE || order[before].event.time <= event->time))
                before = i;
            if (event->time > t && (after == HISTORY_NONE || order[after].event.time > event->time))
                after = i;
        }
        SAME(history_thread_before(history, thread, t), before);
        SAME(history_thread_after(history, thread, t), after);
    }
    for (size_t i = 0; i < count; i += 97) {
        struct history_event event;
        ck_assert(history_event_at(history, i, &event));
        SAME(event.thread, order[i].thread);
        ck_assert_mem_eq(&event.event, &order[i].event, sizeof event.event);
    }
}

static void compare(const struct history *history, const struct stream_record *order, size_t count,
                    uint64_t end, uint64_t *seed)
{
    struct reference *reference = xmalloc(sizeof *reference);
    refer(reference, order, count, end);
    compare_shares(history, reference, seed);
    compare_rows(history, reference, seed);
    compare_points(history, reference, seed);
    compare_lists(history, order, count, end, seed);
    free(reference);
}

static void append_all(struct history *history, const struct stream_record *order, size_t from,
                       size_t to)
{
    for (size_t i = from; i < to; i++)
        SAME(history_append(history, order[i].thread, &order[i].event), i);
}

START_TEST(random_runs)
{
    struct trace_catalog catalog = {0};
    struct stream *stream = xmalloc(sizeof *stream);
    uint64_t seed = (uint64_t)_i + 1;
    stream_catalog(&catalog);
    stream_init(stream, seed);
    while (stream->time < SPAN - 10 && stream->count + 2 < STREAM_MOST)
        stream_step(stream, _i % 2);
    struct history *history = history_new(&catalog);
    append_all(history, stream->records, 0, stream->count);
    history_advance(history, stream->time);
    compare(history, stream->records, stream->count, stream->time, &seed);
    history_free(history);
    catalog_fini(&catalog);
    free(stream);
}
END_TEST

static bool of_kernel(const struct stream_record *record)
{
    return record->event.kind >= THRUM_KIND_SWITCH_PREEMPTED &&
           record->event.kind <= THRUM_KIND_SWITCH_IN;
}

/*
 * The order in which records arrive when the kernel's come apart from the others: up to a hundred
 * late, or (`early`) the others after them; in the order of time, or mixed, as from several
 * processors.
 */
static struct stream_record *arrivals(const struct stream *stream, bool early, bool mixed,
                                      uint64_t *seed)
{
    struct stream_record *order = xcalloc(stream->count, sizeof *order), held[100];
    size_t count = 0, waiting = 0;
    for (size_t i = 0; i < stream->count; i++) {
        if (of_kernel(&stream->records[i]) != early)
            held[waiting++] = stream->records[i];
        else
            order[count++] = stream->records[i];
        if (waiting < 100 && i + 1 < stream->count && random_below(seed, 60))
            continue;
        for (size_t j = waiting; mixed && !early && j > 1; j--) {
            size_t other = (size_t)random_below(seed, j);
            struct stream_record one = held[j - 1];
            held[j - 1] = held[other];
            held[other] = one;
        }
        memcpy(order + count, held, waiting * sizeof *order);
        count += waiting;
        waiting = 0;
    }
    return order;
}

static uint64_t end_of(const struct stream_record *order, size_t count)
{
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++)
        end = order[i].event.time + 1 > end ? order[i].event.time + 1 : end;
    return end;
}

START_TEST(kernel_records_apart)
{
    struct trace_catalog catalog = {0};
    struct stream *stream = xmalloc(sizeof *stream);
    uint64_t seed = (uint64_t)_i + 100;
    stream_catalog(&catalog);
    stream_init(stream, seed);
    while (stream->time < SPAN - 10 && stream->count + 2 < STREAM_MOST)
        stream_step(stream, true);
    struct stream_record *order = arrivals(stream, _i % 3 == 2, _i % 3 == 1, &seed);
    struct history *history = history_new(&catalog);
    append_all(history, order, 0, stream->count);
    history_advance(history, stream->time);
    compare(history, order, stream->count, stream->time, &seed);
    for (size_t cut = stream->count; cut > 600; cut -= random_below(&seed, cut / 3)) {
        uint64_t end = end_of(order, cut);
        history_truncate(history, cut, end);
        compare(history, order, cut, end, &seed);
    }
    history_free(history);
    catalog_fini(&catalog);
    free(order);
    free(stream);
}
END_TEST

START_TEST(going_back)
{
    struct trace_catalog catalog = {0};
    struct stream *stream = xmalloc(sizeof *stream);
    uint64_t seed = (uint64_t)_i + 200;
    stream_catalog(&catalog);
    stream_init(stream, seed);
    while (stream->time < SPAN - 10 && stream->count + 2 < STREAM_MOST)
        stream_step(stream, _i % 2);
    struct history *history = history_new(&catalog);
    size_t at = 0;
    for (int round = 0; round < 12; round++) {
        size_t to = (size_t)random_below(&seed, stream->count + 1);
        uint64_t now = to ? stream->records[to - 1].event.time + 1 : 1;
        if (to >= at)
            append_all(history, stream->records, at, to);
        else
            history_truncate(history, to, now);
        history_advance(history, now);
        at = to;
        if (round % 3 == 2)
            compare(history, stream->records, at, now, &seed);
    }
    history_free(history);
    catalog_fini(&catalog);
    free(stream);
}
END_TEST

/* ---- by hand ---- */

struct hand {
    struct trace_catalog catalog;
    struct history *history;
};

static void hand_init(struct hand *hand)
{
    memset(hand, 0, sizeof *hand);
    for (int i = 0; i < 3; i++)
        catalog_add_thread(&hand->catalog, &"ABC"[i], false, THRUM_NONE);
    catalog_add_object(&hand->catalog, "a", TRACE_LOCK);
    catalog_add_object(&hand->catalog, "b", TRACE_RLOCK);
    uint32_t condition = catalog_add_object(&hand->catalog, "c", TRACE_CONDITION);
    hand->catalog.objects.items[condition].lock = 0;
    catalog_add_object(&hand->catalog, "gate", TRACE_BARRIER);
    hand->history = history_new(&hand->catalog);
}

static void hand_fini(struct hand *hand)
{
    history_free(hand->history);
    catalog_fini(&hand->catalog);
}

static uint64_t put(struct hand *hand, uint32_t thread, uint64_t time, unsigned kind,
                    uint32_t object, int64_t value)
{
    struct thrum_event event = {.time = time,
                                .kind = (uint16_t)kind,
                                .object = object,
                                .value = value,
                                .source = THRUM_SOURCE(time, thread + 1)};
    return history_append(hand->history, thread, &event);
}

START_TEST(deadlock_chain)
{
    struct hand hand;
    struct wait_edge chain[4];
    size_t cycle = 0;
    hand_init(&hand);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    put(&hand, 0, 10, THRUM_KIND_ACQUIRE, 0, 1);
    put(&hand, 1, 20, THRUM_KIND_ACQUIRE, 1, 1);
    put(&hand, 1, 21, THRUM_KIND_ACQUIRE, 1, 2);
    put(&hand, 0, 30, THRUM_KIND_WAIT_BEGIN, 1, -1);
    put(&hand, 1, 40, THRUM_KIND_WAIT_BEGIN, 0, -1);
    put(&hand, 2, 50, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, 0);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 60, THRUM_KIND_STUCK, THRUM_NONE, 0);
    ck_assert_uint_eq(waits_chain(hand.history, 2, 55, 4, chain, &cycle), 3);
    ck_assert_uint_eq(cycle, 1);
    ck_assert_uint_eq(chain[0].owner, 0);
    ck_assert_uint_eq(chain[1].object, 1);
    ck_assert_uint_eq(chain[1].owner, 1);
    ck_assert_uint_eq(chain[1].owner_since, 20);
    ck_assert_uint_eq(THRUM_SOURCE_LINE(chain[1].owner_source), 20);
    ck_assert_uint_eq(chain[2].owner, 0);
    ck_assert(!chain[0].stuck);
    ck_assert_uint_eq(waits_all(hand.history, 35, 4, chain), 1);
    /* stuck keeps what was waited for, and since when */
    ck_assert_uint_eq(waits_chain(hand.history, 2, 70, 4, chain, &cycle), 3);
    ck_assert(chain[0].stuck && chain[1].stuck && chain[2].stuck);
    ck_assert_uint_eq(chain[0].owner, 0);
    ck_assert_uint_eq(chain[1].since, 30);
    ck_assert_uint_eq(THRUM_SOURCE_LINE(chain[1].source), 30);
    hand_fini(&hand);
}
END_TEST

START_TEST(woken_by)
{
    struct hand hand;
    struct lane_interval interval;
    struct wake_arrow arrows[4];
    hand_init(&hand);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    /* A waits on c (lock a); B takes a, notifies, releases; A gets the lock back */
    put(&hand, 0, 10, THRUM_KIND_ACQUIRE, 0, 1);
    put(&hand, 0, 20, THRUM_KIND_COND_WAIT, 2, -1);
    struct object_at at;
    history_object_at(hand.history, 0, 25, &at);
    ck_assert_uint_eq(at.state, OBJECT_FREE);
    ck_assert_int_eq(at.value, 0);
    put(&hand, 1, 30, THRUM_KIND_ACQUIRE, 0, 1);
    uint64_t notified = put(&hand, 1, 40, THRUM_KIND_NOTIFY, 2, 1);
    put(&hand, 0, 45, THRUM_KIND_WAKE, 2, 1);
    put(&hand, 0, 46, THRUM_KIND_WAIT_BEGIN, 0, -1);
    uint64_t released = put(&hand, 1, 50, THRUM_KIND_RELEASE, 0, 0);
    put(&hand, 0, 60, THRUM_KIND_COND_REACQUIRED, 2, 1);
    history_advance(hand.history, 100);
    history_interval(hand.history, 0, 30, &interval);
    ck_assert_uint_eq(interval.state, LANE_WAITING);
    ck_assert_uint_eq(interval.object, 2);
    ck_assert_uint_eq(interval.start, 20);
    ck_assert_uint_eq(interval.end, 45);
    struct history_event waker;
    ck_assert(history_waker(hand.history, interval.end_event, &waker));
    ck_assert_uint_eq(waker.thread, 1);
    ck_assert_uint_eq(waker.index, notified);
    history_interval(hand.history, 0, 48, &interval);
    ck_assert_uint_eq(interval.state, LANE_BLOCKED);
    ck_assert_uint_eq(interval.object, 0);
    ck_assert(history_waker(hand.history, interval.end_event, &waker));
    ck_assert_uint_eq(waker.index, released);
    history_object_at(hand.history, 0, 60, &at);
    ck_assert_uint_eq(at.holder, 0);
    ck_assert_uint_eq(at.holder_since, 60);
    ck_assert_uint_eq(history_wakes(hand.history, 0, 100, 4, arrows), 2);
    ck_assert_uint_eq(arrows[0].from, 1);
    ck_assert_uint_eq(arrows[0].to, 0);
    ck_assert_uint_eq(arrows[0].from_time, 40);
    ck_assert_uint_eq(arrows[1].to_time, 60);
    ck_assert_uint_eq(history_wakes(hand.history, 46, 100, 4, arrows), 1);
    ck_assert_uint_eq(history_wakes(hand.history, 0, 100, 1, arrows), 1);
    struct object_statistics statistics;
    history_object_statistics(hand.history, 0, &statistics);
    ck_assert_uint_eq(statistics.acquisitions, 3);
    ck_assert_uint_eq(statistics.hold_total, 10 + 20 + 40); /* the last still goes on */
    ck_assert_uint_eq(statistics.hold_max, 40);
    ck_assert_uint_eq(statistics.wait_total, 14);
    /* a join is ended by the other's end; a time-out by nobody */
    put(&hand, 0, 70, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, 1);
    uint64_t ended = put(&hand, 1, 80, THRUM_KIND_THREAD_END, THRUM_NONE, 0);
    put(&hand, 0, 85, THRUM_KIND_JOIN, THRUM_NONE, 1);
    put(&hand, 2, 86, THRUM_KIND_WAIT_BEGIN, 0, 1);
    put(&hand, 2, 90, THRUM_KIND_TIMED_OUT, 0, 0);
    history_interval(hand.history, 0, 75, &interval);
    ck_assert_uint_eq(interval.other, 1);
    ck_assert(history_waker(hand.history, interval.end_event, &waker));
    ck_assert_uint_eq(waker.index, ended);
    history_interval(hand.history, 2, 87, &interval);
    ck_assert_uint_eq(interval.object, 0);
    ck_assert(!history_waker(hand.history, interval.end_event, &waker));
    hand_fini(&hand);
}
END_TEST

START_TEST(barriers_words_and_marks)
{
    struct hand hand;
    struct barrier_opening opening;
    struct lane_cell cells[10];
    struct history_line line;
    hand_init(&hand);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    put(&hand, 0, 10, THRUM_KIND_BARRIER_ARRIVE, 3, 0);
    put(&hand, 0, 11, THRUM_KIND_WAIT_BEGIN, 3, -1);
    put(&hand, 1, 20, THRUM_KIND_BARRIER_ARRIVE, 3, 1);
    uint64_t opened = put(&hand, 1, 25, THRUM_KIND_BARRIER_OPEN, 3, 2);
    put(&hand, 0, 30, THRUM_KIND_BARRIER_DEPART, 3, 0);
    put(&hand, 2, 35, THRUM_KIND_NOTE, THRUM_NONE, 0);
    history_add_note(hand.history, 2, 35, "here");
    history_add_console(hand.history, 2, 36, "hello");
    struct problem problem = {.kind = PROBLEM_RACE, .time = 41, .event = opened};
    problem_add_thread(&problem, 2);
    problem.title = xstrdup("title");
    ck_assert_uint_eq(history_add_problem(hand.history, &problem), 0);
    ck_assert_ptr_null(problem.title);
    history_advance(hand.history, 100);
    ck_assert_uint_eq(history_openings(hand.history, 0, 100, 1, &opening), 1);
    ck_assert_uint_eq(opening.event, opened);
    ck_assert_uint_eq(opening.thread, 1);
    for (uint32_t i = 0; i < 3; i++) {
        history_row(hand.history, i, 0, 10, 10, cells);
        history_mark_row(hand.history, i, 0, 10, 10, cells);
        ck_assert_uint_eq(cells[2].marks, i < 2 ? MARK_BARRIER : 0);
        ck_assert_uint_eq(cells[3].marks, i == 2 ? MARK_NOTE : 0);
        ck_assert_uint_eq(cells[4].marks, i == 2 ? MARK_PROBLEM : 0);
    }
    history_row(hand.history, 0, 0, 10, 10, cells);
    ck_assert_uint_eq(cells[2].state, LANE_WAITING);
    ck_assert_uint_eq(cells[2].object, 3);
    ck_assert(history_console(hand.history, 0, &line));
    ck_assert_str_eq(line.text, "hello");
    ck_assert_uint_eq(history_console_at(hand.history, 35), 0);
    ck_assert_uint_eq(history_console_at(hand.history, 36), 1);
    /* the problem's record goes, and so do the lines after it */
    history_truncate(hand.history, opened, 24);
    ck_assert_uint_eq(history_problem_count(hand.history), 0);
    ck_assert_uint_eq(history_console_count(hand.history), 0);
    ck_assert_uint_eq(history_note_count(hand.history), 0);
    ck_assert_uint_eq(history_openings(hand.history, 0, 100, 1, &opening), 0);
    hand_fini(&hand);
}
END_TEST

/* ---- memory ---- */

static void many(struct history *history, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct thrum_event event = {.time = 10 * i,
                                    .object = (uint32_t)(i / 2 % 2),
                                    .kind = i % 2 ? THRUM_KIND_RELEASE : THRUM_KIND_ACQUIRE,
                                    .value = i % 2 ? 0 : 1,
                                    .source = THRUM_SOURCE(i % 1000, 1)};
        history_append(history, 0, &event);
    }
}

START_TEST(spills_to_a_file)
{
    struct hand hand;
    char folder[] = "/tmp/thrum-history-XXXXXX";
    enum { RECORDS = 600000 };
    ck_assert_ptr_nonnull(mkdtemp(folder));
    hand_init(&hand);
    history_limit(hand.history, 8 << 20, folder);
    many(hand.history, RECORDS);
    struct history_memory memory = history_memory(hand.history);
    ck_assert_uint_gt(memory.spilled, 8 << 20);
    ck_assert_uint_lt(memory.resident, 12 << 20);
    ck_assert_uint_eq(memory.horizon, 0);
    ck_assert(!memory.failed);
    for (uint64_t i = 0; i < RECORDS; i += 999) {
        struct history_event event;
        struct object_at at;
        ck_assert(history_event_at(hand.history, i, &event));
        ck_assert_uint_eq(event.event.time, 10 * i);
        history_object_at(hand.history, (uint32_t)(i / 2 % 2), 10 * i, &at);
        ck_assert_uint_eq(at.state, i % 2 ? OBJECT_FREE : OBJECT_HELD);
    }
    ck_assert_uint_eq(history_thread_before(hand.history, 0, 12345), 1234);
    hand_fini(&hand);
    char command[64];
    snprintf(command, sizeof command, "rmdir %s", folder);
    ck_assert_msg(system(command) == 0, "the file was not unlinked");
}
END_TEST

START_TEST(drops_without_a_file)
{
    struct hand hand;
    enum { RECORDS = 900000 };
    hand_init(&hand);
    put(&hand, 1, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    history_limit(hand.history, 8 << 20, NULL);
    many(hand.history, RECORDS);
    struct history_memory memory = history_memory(hand.history);
    ck_assert_uint_lt(memory.resident, 12 << 20);
    ck_assert_uint_gt(memory.horizon, 1000);
    ck_assert_uint_lt(memory.horizon, RECORDS - 1000);
    struct history_event event;
    ck_assert(!history_event_at(hand.history, 0, &event));
    ck_assert(!history_event_at(hand.history, memory.horizon - 1, &event));
    ck_assert(history_event_at(hand.history, memory.horizon, &event));
    ck_assert_uint_eq(history_thread_before(hand.history, 0, 50), HISTORY_NONE);
    struct lane_interval interval;
    history_interval(hand.history, 1, 500, &interval); /* its last block has moved along */
    ck_assert_uint_eq(interval.state, LANE_RUNNING);
    ck_assert_uint_eq(interval.start, 1);
    for (uint64_t i = memory.horizon + 100; i < RECORDS; i += 777) {
        struct object_at at;
        history_object_at(hand.history, (uint32_t)((i - 1) / 2 % 2), 10 * (i - 1), &at);
        ck_assert_uint_eq(at.state, (i - 1) % 2 ? OBJECT_FREE : OBJECT_HELD);
        ck_assert_uint_eq(history_thread_before(hand.history, 0, 10 * (i - 1) + 5), i);
    }
    struct object_statistics statistics;
    history_object_statistics(hand.history, 0, &statistics);
    ck_assert_uint_eq(statistics.acquisitions, RECORDS / 4);
    struct thread_statistics all; /* what was dropped still counts */
    history_thread_statistics(hand.history, 1, &all);
    ck_assert_uint_eq(all.ns[LANE_UNBORN], 1);
    ck_assert_uint_eq(all.ns[LANE_RUNNING], history_now(hand.history) - 1);
    history_thread_statistics(hand.history, 0, &all);
    uint64_t sum = 0;
    for (int i = 0; i < LANE_STATES; i++)
        sum += all.ns[i];
    ck_assert_uint_eq(sum, history_now(hand.history));
    ck_assert_uint_lt(all.ns[LANE_UNBORN], 1000);
    hand_fini(&hand);
}
END_TEST

/* Threads that sleep and wake at random, the higher ones ever more rarely. */
static void sleepers(struct history *history, size_t count)
{
    enum { SLEEPERS = 40 };
    bool asleep[SLEEPERS] = {0};
    uint64_t seed = 5, time = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t thread = (uint32_t)random_below(&seed, 1 + random_below(&seed, SLEEPERS));
        time += 1 + random_below(&seed, 100);
        struct thrum_event event = {.time = time,
                                    .object = THRUM_NONE,
                                    .kind = asleep[thread] ? THRUM_KIND_SLEEP_END
                                                           : THRUM_KIND_SLEEP_BEGIN};
        asleep[thread] = !asleep[thread];
        history_append(history, thread, &event);
    }
}

/* What is left when the old was dropped looks the same at every zoom. */
START_TEST(rows_after_dropping)
{
    enum { RECORDS = 900000, COLUMNS = 100, THREADS = 40 };
    struct hand all, rest;
    hand_init(&all);
    hand_init(&rest);
    history_limit(rest.history, 8 << 20, NULL);
    sleepers(all.history, RECORDS);
    sleepers(rest.history, RECORDS);
    struct history_event oldest;
    ck_assert(history_event_at(rest.history, history_memory(rest.history).horizon, &oldest));
    ck_assert_uint_gt(oldest.index, RECORDS / 4);
    uint64_t now = history_now(all.history), compared = 0;
    uint64_t t0 = oldest.event.time + (now - oldest.event.time) / 16;
    for (uint64_t column = (now - t0) / COLUMNS; column > 50; column /= 3)
        for (uint32_t i = 0; i < THREADS; i++) {
            struct lane_cell cells[COLUMNS], expected[COLUMNS];
            uint64_t ns[LANE_STATES];
            history_share(rest.history, i, t0, now, ns);
            if (ns[LANE_UNBORN])
                continue; /* its last block reaches back to before */
            compared++;
            history_row(all.history, i, t0, column, COLUMNS, expected);
            history_row(rest.history, i, t0, column, COLUMNS, cells);
            ck_assert_mem_eq(cells, expected, sizeof cells);
        }
    ck_assert_uint_gt(compared, 5 * THREADS);
    hand_fini(&all);
    hand_fini(&rest);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("history");
    TCase *t = tcase_create("history");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, random_runs, 0, 6);
    tcase_add_loop_test(t, kernel_records_apart, 0, 12);
    tcase_add_loop_test(t, going_back, 0, 4);
    tcase_add_test(t, deadlock_chain);
    tcase_add_test(t, woken_by);
    tcase_add_test(t, barriers_words_and_marks);
    tcase_add_test(t, spills_to_a_file);
    tcase_add_test(t, drops_without_a_file);
    tcase_add_test(t, rows_after_dropping);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
