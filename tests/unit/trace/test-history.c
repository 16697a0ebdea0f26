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
    uint32_t begun[STREAM_THREADS][SPAN]; /* intervals begun before it */
    uint32_t joins[STREAM_THREADS][SPAN];
    uint8_t state[STREAM_OBJECTS][SPAN];
    uint32_t holder[STREAM_OBJECTS][SPAN];
    uint64_t held_since[STREAM_OBJECTS][SPAN];
    uint32_t waiters[STREAM_OBJECTS][SPAN];
    int64_t value[STREAM_OBJECTS][SPAN];
    uint64_t changed[SPAN]; /* record that changed the variable last */
    uint64_t first[SPAN];   /* the first that changed it at this time, or HISTORY_NONE */
    uint64_t end;
};

struct fold {
    uint8_t logical[STREAM_THREADS], kernel[STREAM_THREADS];
    uint32_t waits[STREAM_THREADS], joins[STREAM_THREADS], begun[STREAM_THREADS];
    uint32_t owner[STREAM_OBJECTS];
    uint64_t held_since[STREAM_OBJECTS];
    int64_t value[STREAM_OBJECTS];
    bool set, broken;
    uint64_t changed, first;
};

static uint8_t lane_now(const struct fold *fold, int thread)
{
    uint8_t logical = fold->logical[thread];
    if ((logical != LANE_RUNNING && logical != LANE_COMPUTING) ||
        fold->kernel[thread] == THRUM_KIND_SWITCH_IN)
        return logical;
    return fold->kernel[thread] == THRUM_KIND_SWITCH_PREEMPTED ? LANE_READY : LANE_BLOCKED;
}

static uint8_t logical_after(const struct thrum_event *event)
{
    switch (event->kind) {
    case THRUM_KIND_WAIT_BEGIN:
        return event->object == STREAM_EVENT || event->object == STREAM_BARRIER ? LANE_WAITING
                                                                                : LANE_BLOCKED;
    case THRUM_KIND_COND_WAIT:
    case THRUM_KIND_JOIN_BEGIN: return LANE_WAITING;
    case THRUM_KIND_SLEEP_BEGIN: return LANE_SLEEPING;
    case THRUM_KIND_COMPUTE_BEGIN: return LANE_COMPUTING;
    case THRUM_KIND_GIL_WAIT: return LANE_GIL_WAIT;
    case THRUM_KIND_THREAD_END: return LANE_FINISHED;
    case THRUM_KIND_STUCK: return LANE_STUCK;
    }
    return LANE_RUNNING;
}

static void fold_got(struct fold *fold, uint32_t thread, uint32_t object,
                     const struct thrum_event *event)
{
    if (fold->owner[object] != thread || object == STREAM_SEMAPHORE)
        fold->held_since[object] = event->time;
    fold->owner[object] = thread;
    fold->value[object] = event->value;
}

/* What a record does to the thing it is about. */
static void fold_object(struct fold *fold, uint32_t thread, const struct thrum_event *event,
                        uint64_t index)
{
    uint32_t object = event->object;
    switch (event->kind) {
    case THRUM_KIND_ACQUIRE: fold_got(fold, thread, object, event); break;
    case THRUM_KIND_COND_REACQUIRED: fold_got(fold, thread, 0, event); break;
    case THRUM_KIND_COND_WAIT:
        fold->owner[0] = THRUM_NONE;
        fold->value[0] = 0;
        break;
    case THRUM_KIND_RELEASE:
        fold->value[object] = event->value;
        if (object != STREAM_SEMAPHORE && event->value == 0)
            fold->owner[object] = THRUM_NONE;
        break;
    case THRUM_KIND_EVENT_SET: fold->set = true; break;
    case THRUM_KIND_EVENT_CLEAR: fold->set = false; break;
    case THRUM_KIND_BARRIER_ARRIVE: fold->value[object] = event->value + 1; break;
    case THRUM_KIND_BARRIER_OPEN: fold->value[object] = 0; break;
    case THRUM_KIND_BARRIER_ABORT: fold->broken = true; break;
    case THRUM_KIND_BARRIER_RESET:
        fold->broken = false;
        fold->value[object] = 0;
        break;
    case THRUM_KIND_STORE:
        if (fold->value[object] != event->value) {
            fold->changed = index;
            fold->first = fold->first == HISTORY_NONE ? index : fold->first;
        }
        fold->value[object] = event->value;
        break;
    }
}

static void fold_record(struct fold *fold, const struct stream_record *record, uint64_t index)
{
    uint32_t thread = record->thread;
    const struct thrum_event *event = &record->event;
    uint8_t before = lane_now(fold, (int)thread), logical = logical_after(event);
    if (event->kind >= THRUM_KIND_SWITCH_PREEMPTED && event->kind <= THRUM_KIND_SWITCH_IN) {
        fold->kernel[thread] = (uint8_t)event->kind;
        fold->begun[thread] += lane_now(fold, (int)thread) != before;
        return;
    }
    bool waits = event->kind == THRUM_KIND_WAIT_BEGIN || event->kind == THRUM_KIND_COND_WAIT;
    bool joins = event->kind == THRUM_KIND_JOIN_BEGIN;
    fold->begun[thread] += logical != fold->logical[thread] || waits || joins;
    fold->logical[thread] = logical;
    if (event->kind != THRUM_KIND_STUCK) {
        fold->waits[thread] = waits ? event->object : THRUM_NONE;
        fold->joins[thread] = joins ? (uint32_t)event->value : THRUM_NONE;
    }
    fold_object(fold, thread, event, index);
}

static void write_down(struct reference *reference, const struct fold *fold, uint64_t t)
{
    for (int i = 0; i < STREAM_THREADS; i++) {
        reference->lane[i][t] = lane_now(fold, i);
        reference->joins[i][t] = fold->joins[i];
    }
    for (uint32_t i = 0; i < STREAM_OBJECTS; i++) {
        uint32_t waiters = 0;
        for (int j = 0; j < STREAM_THREADS; j++)
            waiters += fold->waits[j] == i;
        bool held = i == STREAM_SEMAPHORE ? fold->value[i] == 0 : fold->owner[i] != THRUM_NONE;
        reference->waiters[i][t] = waiters;
        reference->holder[i][t] = fold->owner[i];
        reference->held_since[i][t] = fold->held_since[i];
        reference->value[i][t] = fold->value[i];
        reference->state[i][t] = i == STREAM_EVENT && fold->set        ? OBJECT_SET
                                 : i == STREAM_BARRIER && fold->broken ? OBJECT_BROKEN
                                 : waiters                             ? OBJECT_WANTED
                                 : held                                ? OBJECT_HELD
                                                                       : OBJECT_FREE;
    }
    reference->changed[t] = fold->changed;
    reference->first[t] = fold->first;
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
    struct fold fold = {.changed = HISTORY_NONE};
    const struct stream_record **sorted = xcalloc(count + 1, sizeof(void *));
    memset(reference, 0, sizeof *reference);
    for (int i = 0; i < STREAM_THREADS; i++) {
        fold.waits[i] = fold.joins[i] = THRUM_NONE;
        fold.kernel[i] = THRUM_KIND_SWITCH_IN;
        fold.logical[i] = LANE_UNBORN;
    }
    for (int i = 0; i < STREAM_OBJECTS; i++)
        fold.owner[i] = THRUM_NONE;
    fold.value[STREAM_VARIABLE] = 5;
    fold.value[STREAM_SEMAPHORE] = 1;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &order[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, by_time);
    size_t next = 0;
    reference->end = end;
    for (uint64_t t = 0; t < end; t++) {
        fold.first = HISTORY_NONE;
        for (int i = 0; i < STREAM_THREADS; i++)
            reference->begun[i][t] = fold.begun[i];
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

static void compare_lane_at(const struct history *history, const struct reference *reference,
                            uint32_t thread, uint64_t t)
{
    struct lane_interval interval;
    history_interval(history, thread, t, &interval);
    SAME(interval.state, reference->lane[thread][t]);
    SAME(interval.other, reference->joins[thread][t]);
    HOLDS(interval.start <= t && t < interval.end, "not around %lu", t);
    for (uint64_t u = interval.start; u < interval.end; u++)
        SAME(reference->lane[thread][u], interval.state);
}

static void compare_object_at(const struct history *history, const struct reference *reference,
                              uint32_t object, uint64_t t)
{
    struct object_at at;
    struct object_waiter waiters[STREAM_THREADS];
    history_object_at(history, object, t, &at);
    SAME(at.state, reference->state[object][t]);
    SAME(at.waiters, reference->waiters[object][t]);
    SAME(at.holder, reference->holder[object][t]);
    if (at.holder != THRUM_NONE)
        SAME(at.holder_since, reference->held_since[object][t]);
    HOLDS(at.value == reference->value[object][t], "object %u at %lu is worth %ld, not %ld", object,
          t, at.value, reference->value[object][t]);
    size_t count = history_waiters(history, object, t, STREAM_THREADS, waiters);
    SAME(count, at.waiters);
    for (size_t i = 1; i < count; i++)
        HOLDS(waiters[i - 1].since <= waiters[i].since, "waiters are out of order");
}

/* From stretch to stretch, one by one. */
static void compare_next(const struct history *history, const struct reference *reference,
                         uint32_t thread, uint64_t *seed)
{
    uint64_t t = random_below(seed, reference->end);
    uint32_t states = 1u << random_below(seed, LANE_STATES) | 1u << random_below(seed, LANE_STATES);
    struct lane_interval expected, found;
    history_interval(history, thread, t, &expected);
    bool after = false;
    while (!after && !expected.open) {
        history_interval(history, thread, expected.end, &expected);
        after = states >> expected.state & 1;
    }
    SAME(history_next_stretch(history, thread, t, states, false, &found), after);
    if (after)
        SAME(found.start, expected.start);
    bool before = false;
    history_interval(history, thread, t, &expected);
    if (expected.start == t && t > 0)
        history_interval(history, thread, t - 1, &expected);
    for (; expected.start < t; history_interval(history, thread, expected.start - 1, &expected)) {
        before = expected.event != HISTORY_NONE && states >> expected.state & 1;
        if (before || expected.start == 0)
            break;
    }
    SAME(history_next_stretch(history, thread, t, states, true, &found), before);
    if (before)
        SAME(found.start, expected.start);
}

static void compare_points(const struct history *history, const struct reference *reference,
                           uint64_t *seed)
{
    for (int round = 0; round < 200; round++) {
        uint64_t t = random_below(seed, reference->end);
        for (uint32_t i = 0; i < STREAM_THREADS; i++)
            compare_lane_at(history, reference, i, t);
        compare_next(history, reference, (uint32_t)round % STREAM_THREADS, seed);
        for (uint32_t i = 0; i < STREAM_OBJECTS; i++)
            compare_object_at(history, reference, i, t);
        SAME(history_change_before(history, STREAM_VARIABLE, t), reference->changed[t]);
        uint64_t after = history_change_after(history, STREAM_VARIABLE, t), expected = HISTORY_NONE;
        for (uint64_t u = t + 1; u < reference->end && expected == HISTORY_NONE; u++)
            expected = reference->first[u];
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

static Suite *suite(void)
{
    Suite *s = suite_create("history");
    TCase *t = tcase_create("history");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, random_runs, 0, 6);
    tcase_add_loop_test(t, kernel_records_apart, 0, 12);
    tcase_add_loop_test(t, going_back, 0, 4);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
