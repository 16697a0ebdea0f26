/* Questions about objects: who holds them, who waits, what they are worth; rows of cells. */
#include "trace/history_inside.h"

struct sequence row_sequence(const struct history *history, uint32_t object)
{
    const struct track *track = &history->rows.items[object];
    return (struct sequence){.store = &history->store,
                             .track = track,
                             .shape = &row_shape,
                             .blocks = history->objects.items[object].blocks,
                             .oldest = track->oldest};
}

static bool has_row(const struct history *history, uint32_t object)
{
    return object < history->objects.count && history->objects.items[object].blocks > 0;
}

/* The segment of `object` at t; false: before the first kept one. */
static bool find(const struct history *history, uint32_t object, uint64_t t, struct spot *ret)
{
    if (!has_row(history, object))
        return false;
    struct sequence sequence = row_sequence(history, object);
    if (t < sequence_birth(&sequence))
        return false;
    *ret = sequence_find(&sequence, t);
    return true;
}

static enum object_state state_unborn(const struct history *history, uint32_t object)
{
    struct object_now initial = {.holder = THRUM_NONE};
    if (object < history->catalog->objects.count)
        initial.value = history->catalog->objects.items[object].initial;
    return row_state(&initial, catalog_object_type(history->catalog, object));
}

static int64_t value_unborn(const struct history *history, uint32_t object)
{
    return object < history->catalog->objects.count
               ? history->catalog->objects.items[object].initial
               : 0;
}

/* Since when the holder of a segment has held it, and from where. A lock is got where the holder
 * changes, a permit by each that is taken. */
static void find_hold(const struct history *history, uint32_t object, struct spot spot,
                      struct object_at *ret)
{
    const struct row_block *block = row_block(history, object, spot.block);
    bool lock = row_is_lock(catalog_object_type(history->catalog, object));
    struct history_event event;
    for (uint32_t slot = spot.slot; slot > block->base; slot--) {
        if (lock && block->holder[slot - 1] == block->holder[slot])
            continue;
        if (!log_read(history, block->event[slot], &event) ||
            (!lock && event.event.kind != THRUM_KIND_ACQUIRE))
            continue;
        ret->holder_since = event.event.time;
        ret->holder_source = event.event.source;
        return;
    }
    ret->holder_since = block->hold_since;
    ret->holder_source = block->hold_source;
}

/* The value that a record leaves its object with; false: it says nothing about it. */
static bool value_after(const struct history_event *event, uint32_t object, int64_t *ret)
{
    if (event->event.object != object) {
        *ret = event->event.value; /* a condition's record about its lock: depth, or released */
        if (event->event.kind == THRUM_KIND_COND_WAIT)
            *ret = 0;
        return event->event.kind == THRUM_KIND_COND_WAIT ||
               event->event.kind == THRUM_KIND_COND_REACQUIRED;
    }
    *ret = event->event.value;
    switch (event->event.kind) {
    case THRUM_KIND_LOAD:
    case THRUM_KIND_STORE:
    case THRUM_KIND_ATOMIC_LOAD:
    case THRUM_KIND_ATOMIC_STORE:
    case THRUM_KIND_ATOMIC_ADD:
    case THRUM_KIND_ATOMIC_SWAP:
    case THRUM_KIND_ATOMIC_CAS:
    case THRUM_KIND_ATOMIC_CAS_FAILED:
    case THRUM_KIND_ACQUIRE:
    case THRUM_KIND_RELEASE: return true;
    case THRUM_KIND_BARRIER_ARRIVE: *ret = event->event.value + 1; return true;
    case THRUM_KIND_GIL_TAKE: *ret = 1; return true;
    case THRUM_KIND_GIL_DROP:
    case THRUM_KIND_BARRIER_OPEN:
    case THRUM_KIND_BARRIER_RESET: *ret = 0; return true;
    }
    return false;
}

static int64_t find_value(const struct history *history, uint32_t object, struct spot spot)
{
    const struct row_block *block = row_block(history, object, spot.block);
    int64_t value = 0;
    struct history_event event;
    for (uint32_t slot = spot.slot; slot > block->base; slot--)
        if (log_read(history, block->event[slot], &event) && value_after(&event, object, &value))
            return value;
    return block->value;
}

int64_t history_value(const struct history *history, uint32_t object, uint64_t t)
{
    struct spot spot = {0};
    return find(history, object, t, &spot) ? find_value(history, object, spot)
                                           : value_unborn(history, object);
}

void row_leave(struct history *history, uint32_t object, uint64_t first, size_t from, size_t to)
{
    struct track *track = &history->rows.items[object];
    uint32_t blocks = history->objects.items[object].blocks;
    if (blocks) {
        uint32_t oldest = oldest_after(track->refs.items, track->oldest, blocks, to);
        struct row_block *block = row_block(history, object, oldest);
        struct spot base = {oldest, block->base};
        while (base.slot + 1 < block->spans.count && block->event[base.slot + 1] < first)
            base.slot++;
        struct object_at at = {0};
        find_hold(history, object, base, &at);
        block->value = find_value(history, object, base);
        block->hold_since = at.holder_since;
        block->hold_source = at.holder_source;
        block->base = base.slot;
    }
    track_leave(&history->store, track, &row_shape, blocks, from, to);
}

void history_object_at(const struct history *history, uint32_t object, uint64_t t,
                       struct object_at *ret)
{
    struct spot spot = {0};
    *ret = (struct object_at){.holder = THRUM_NONE};
    ret->value = history_value(history, object, t);
    if (!find(history, object, t, &spot)) {
        ret->state = state_unborn(history, object);
        return;
    }
    const struct row_block *at = row_block(history, object, spot.block);
    ret->state = (enum object_state)at->spans.state[spot.slot];
    ret->since = history->rows.items[object].starts.items[spot.block] + at->spans.delta[spot.slot];
    ret->waiters = at->waiters[spot.slot];
    if (at->holder[spot.slot] == NO_HOLDER)
        return;
    ret->holder = at->holder[spot.slot];
    find_hold(history, object, spot, ret);
}

uint64_t history_change_before(const struct history *history, uint32_t object, uint64_t t)
{
    struct spot spot = {0};
    if (!find(history, object, t, &spot))
        return HISTORY_NONE;
    uint64_t event = row_block(history, object, spot.block)->event[spot.slot];
    return event >= log_horizon(history) ? event : HISTORY_NONE;
}

uint64_t history_change_after(const struct history *history, uint32_t object, uint64_t t)
{
    struct spot spot = {0};
    if (!has_row(history, object))
        return HISTORY_NONE;
    struct sequence sequence = row_sequence(history, object);
    if (!find(history, object, t, &spot)) {
        spot.block = sequence.oldest;
    } else if (++spot.slot == sequence_spans(&sequence, spot.block)->count) {
        spot = (struct spot){.block = spot.block + 1};
        if (spot.block == sequence.blocks)
            return HISTORY_NONE;
    }
    uint64_t event = row_block(history, object, spot.block)->event[spot.slot];
    return event >= log_horizon(history) ? event : HISTORY_NONE;
}

/* So many wait for the object at t. */
static uint32_t waiters_at(const struct history *history, uint32_t object, uint64_t t)
{
    struct spot spot = {0};
    return find(history, object, t, &spot)
               ? row_block(history, object, spot.block)->waiters[spot.slot]
               : 0;
}

size_t history_waiters(const struct history *history, uint32_t object, uint64_t t, size_t limit,
                       struct object_waiter ret[])
{
    size_t count = 0, all = waiters_at(history, object, t);
    for (uint32_t thread = 0; thread < history->threads.count && count < all; thread++) {
        if (lane_object(history, thread, t) != object)
            continue;
        struct lane_interval interval;
        history_interval(history, thread, t, &interval);
        struct object_waiter waiter = {thread, interval.source, interval.since};
        size_t at = count < limit ? count : limit;
        while (at > 0 && ret[at - 1].since > waiter.since) {
            if (at < limit)
                ret[at] = ret[at - 1];
            at--;
        }
        if (at < limit)
            ret[at] = waiter;
        count++;
    }
    return count;
}

/* ---- rows of cells ---- */

/* Who held the object last in the column: at its end, or a little before. */
static uint32_t last_holder(const struct history *history, uint32_t object, struct spot end,
                            uint32_t changes)
{
    const struct row_block *block = row_block(history, object, end.block);
    for (uint32_t back = 0; back <= changes && back <= end.slot; back++)
        if (block->holder[end.slot - back] != NO_HOLDER)
            return block->holder[end.slot - back];
    return THRUM_NONE;
}

/* The columns from `i` on that begin before the history's now; returns the first that does not. */
static size_t fill_past(const struct history *history, uint32_t object, uint64_t t0,
                        uint64_t column, size_t i, size_t columns, struct object_cell ret[])
{
    struct sequence sequence = row_sequence(history, object);
    uint8_t unborn = (uint8_t)state_unborn(history, object);
    struct columns walk;
    bool owed = false; /* the holder of the column before, which is known when this one is exact */
    if (i < columns && t0 + i * column < history->now)
        columns_begin(&walk, &sequence, t0 + i * column, column, history->now, unborn);
    for (; i < columns && t0 + i * column < history->now; i++) {
        struct column cell;
        columns_next(&walk, &cell);
        ret[i].state = cell.state;
        ret[i].changes = cell.changes;
        if (owed && cell.exact)
            ret[i - 1].holder = last_holder(history, object, cell.from, CELL_MANY);
        owed = !cell.exact;
        if (cell.exact)
            ret[i].holder = last_holder(history, object, cell.to, cell.changes);
    }
    return i;
}

void history_object_row(const struct history *history, uint32_t object, uint64_t t0,
                        uint64_t column, size_t columns, struct object_cell ret[])
{
    uint8_t unborn = (uint8_t)state_unborn(history, object);
    for (size_t i = 0; i < columns; i++)
        ret[i] = (struct object_cell){.holder = THRUM_NONE, .state = unborn, .filled = true};
    if (!has_row(history, object))
        return;
    struct sequence sequence = row_sequence(history, object);
    const struct object_now *last = &history->objects.items[object];
    size_t i = 0;
    while (i < columns && t0 + (i + 1) * column < sequence_birth(&sequence))
        i++;
    for (i = fill_past(history, object, t0, column, i, columns, ret); i < columns; i++) {
        ret[i].state = (uint8_t)row_state(last, catalog_object_type(history->catalog, object));
        ret[i].filled = false;
        ret[i].holder = last->holder;
    }
}

struct row_settled history_object_row_settled(const struct history *history, uint32_t object)
{
    if (!has_row(history, object))
        return (struct row_settled){.epoch = history->epoch};
    struct sequence sequence = row_sequence(history, object);
    return sequence_settled(history, &sequence);
}
