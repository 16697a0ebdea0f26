/*
 * Objects: who held them, how many waited, and what they were worth, at any time. A segment begins
 * where one of these changes.
 */
#include <string.h>

#include "trace/history_inside.h"

static struct row_block *block_at(const struct history *history, uint32_t object, uint32_t block)
{
    return store_at(&history->store, history->rows.items[object].refs.items[block]);
}

static bool is_lock(enum trace_type type)
{
    return type == TRACE_LOCK || type == TRACE_RLOCK;
}

static bool is_semaphore(enum trace_type type)
{
    return type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE;
}

static enum object_state state_of(const struct object_now *now, enum trace_type type)
{
    if (now->set)
        return OBJECT_SET;
    if (now->broken)
        return OBJECT_BROKEN;
    if (now->waiters)
        return OBJECT_WANTED;
    if (is_lock(type))
        return now->holder == THRUM_NONE ? OBJECT_FREE : OBJECT_HELD;
    return is_semaphore(type) && now->value <= 0 ? OBJECT_HELD : OBJECT_FREE;
}

static void sum_block(const struct row_block *block, uint64_t start, uint64_t end, uint64_t *sum)
{
    for (uint32_t i = 0; i + 1 < block->count; i++)
        sum[block->state[i]] += block->delta[i + 1] - block->delta[i];
    uint32_t last = block->count - 1;
    uint64_t from = start + block->delta[last];
    if (end > from)
        sum[block->state[last]] += end - from;
}

static struct row_block *open_block(struct history *history, uint32_t object, uint64_t time)
{
    struct object_now *now = &history->objects.items[object];
    struct track *track = &history->rows.items[object];
    struct row_block *block = track_open(&history->store, track, now->blocks, sizeof *block, time);
    if (now->blocks) {
        const struct row_block *before = block_at(history, object, now->blocks - 1);
        memcpy(block->sum, before->sum, sizeof block->sum);
        sum_block(before, track->starts.items[now->blocks - 1], time, block->sum);
        block->first = before->first + before->count;
    }
    now->blocks++;
    now->segments = 0;
    return block;
}

/* Begins a segment with the present state. A record that changes several things makes one segment.
 */
static void segment_push(struct history *history, uint32_t object, uint64_t time, uint32_t event)
{
    struct object_now *now = &history->objects.items[object];
    struct track *track = &history->rows.items[object];
    struct row_block *block = NULL;
    bool again = false;
    if (now->blocks) {
        uint64_t start = track->starts.items[now->blocks - 1];
        block = block_at(history, object, now->blocks - 1);
        uint64_t last = start + block->delta[now->segments - 1];
        if (time < last)
            time = last;
        again = block->event[now->segments - 1] == event;
        if (!again && (now->segments == BLOCK || time - start > UINT32_MAX))
            block = NULL;
    }
    if (!block)
        block = open_block(history, object, time);
    uint32_t slot = again ? now->segments - 1 : now->segments++;
    block->delta[slot] = (uint32_t)(time - track->starts.items[now->blocks - 1]);
    block->event[slot] = event;
    block->holder[slot] = now->holder < NO_HOLDER ? (uint16_t)now->holder : NO_HOLDER;
    block->waiters[slot] = (uint16_t)(now->waiters < UINT16_MAX ? now->waiters : UINT16_MAX);
    block->state[slot] = (uint8_t)state_of(now, catalog_object_type(history->catalog, object));
    block->count = now->segments;
}

void rows_wait_began(struct history *history, uint32_t object, uint64_t time, uint32_t index)
{
    struct object_now *now = object_get(history, object);
    now->waiters++;
    if (now->waiters > now->waiters_max)
        now->waiters_max = now->waiters;
    segment_push(history, object, time, index);
}

void rows_wait_ended(struct history *history, uint32_t object, uint64_t time, uint64_t waited,
                     uint32_t index)
{
    struct object_now *now = object_get(history, object);
    if (now->waiters)
        now->waiters--;
    now->wait_total += waited;
    if (waited > now->wait_max)
        now->wait_max = waited;
    segment_push(history, object, time, index);
}

/* The thread got or passed the object: counts it, and whether it had to wait first. */
static void passed(struct history *history, uint32_t thread, uint32_t object)
{
    struct object_now *now = &history->objects.items[object];
    struct thread_now *by = &history->threads.items[thread];
    now->acquisitions++;
    if (by->waited == object) {
        now->contended++;
        by->waited = THRUM_NONE;
    }
}

static void acquired(struct history *history, uint32_t thread, uint32_t object, uint64_t time,
                     int64_t value, uint32_t index)
{
    struct object_now *now = object_get(history, object);
    enum trace_type type = catalog_object_type(history->catalog, object);
    passed(history, thread, object);
    now->value = value;
    if (now->holder != thread || !is_lock(type))
        now->hold_since = time;
    now->holder = thread;
    segment_push(history, object, time, index);
}

static void released(struct history *history, uint32_t object, uint64_t time, int64_t value,
                     uint32_t index)
{
    struct object_now *now = object_get(history, object);
    bool lock = is_lock(catalog_object_type(history->catalog, object));
    now->value = value;
    now->opener = index;
    if (lock && value <= 0 && now->holder != THRUM_NONE) {
        uint64_t held = time - now->hold_since;
        now->hold_total += held;
        if (held > now->hold_max)
            now->hold_max = held;
        now->holder = THRUM_NONE;
    }
    segment_push(history, object, time, index);
}

static void gave_up(struct history *history, uint32_t thread, uint32_t object)
{
    object_get(history, object)->failed++;
    if (history->threads.items[thread].waited == object)
        history->threads.items[thread].waited = THRUM_NONE;
}

/* Variables and Atomics: a segment for each change of the value. */
static void valued(struct history *history, const struct thrum_event *event, uint32_t index)
{
    struct object_now *now = object_get(history, event->object);
    if (now->value == event->value)
        return;
    now->value = event->value;
    segment_push(history, event->object, event->time, index);
}

/* Sets the Event or breaks the Barrier, or undoes it; `opens`: this ends waits. */
static void flagged(struct history *history, const struct thrum_event *event, bool set, bool broken,
                    bool opens, uint32_t index)
{
    struct object_now *now = object_get(history, event->object);
    bool changed = now->set != set || now->broken != broken;
    now->set = set;
    now->broken = broken;
    if (opens)
        now->opener = index;
    if (changed)
        segment_push(history, event->object, event->time, index);
}

static void cond_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                       uint32_t lock, uint32_t index)
{
    if (event->kind == THRUM_KIND_COND_WAIT) {
        if (lock != THRUM_NONE)
            released(history, lock, event->time, 0, index);
        return;
    }
    /* it waited for the condition, and perhaps again for the lock */
    object_get(history, event->object);
    if (event->flags & THRUM_RESULT) {
        history->objects.items[event->object].acquisitions++;
        history->objects.items[event->object].contended++;
    }
    if (lock != THRUM_NONE)
        acquired(history, thread, lock, event->time, event->value, index);
    history->threads.items[thread].waited = THRUM_NONE;
}

void rows_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                uint32_t index)
{
    uint32_t object = event->object;
    if (event->kind == THRUM_KIND_THREAD_END || event->kind == THRUM_KIND_THREAD_DIED)
        history->threads.items[thread].end_event = index;
    if (object == THRUM_NONE)
        return;
    struct object_now *now = object_get(history, object);
    switch (event->kind) {
    case THRUM_KIND_LOAD:
    case THRUM_KIND_STORE:
    case THRUM_KIND_ATOMIC_LOAD:
    case THRUM_KIND_ATOMIC_STORE:
    case THRUM_KIND_ATOMIC_ADD:
    case THRUM_KIND_ATOMIC_SWAP:
    case THRUM_KIND_ATOMIC_CAS:
    case THRUM_KIND_ATOMIC_CAS_FAILED: valued(history, event, index); break;
    case THRUM_KIND_ACQUIRE:
        acquired(history, thread, object, event->time, event->value, index);
        break;
    case THRUM_KIND_RELEASE: released(history, object, event->time, event->value, index); break;
    case THRUM_KIND_GIL_TAKE: acquired(history, thread, object, event->time, 1, index); break;
    case THRUM_KIND_GIL_DROP: released(history, object, event->time, 0, index); break;
    case THRUM_KIND_TRY_FAILED:
    case THRUM_KIND_TIMED_OUT:
    case THRUM_KIND_COND_TIMED_OUT: gave_up(history, thread, object); break;
    case THRUM_KIND_COND_WAIT:
    case THRUM_KIND_COND_REACQUIRED: {
        uint32_t lock = object < history->catalog->objects.count
                            ? history->catalog->objects.items[object].lock
                            : THRUM_NONE;
        cond_apply(history, thread, event, lock, index);
        break;
    }
    case THRUM_KIND_NOTIFY: now->opener = index; break;
    case THRUM_KIND_EVENT_SET: flagged(history, event, true, false, true, index); break;
    case THRUM_KIND_EVENT_CLEAR: flagged(history, event, false, false, false, index); break;
    case THRUM_KIND_EVENT_WAIT:
    case THRUM_KIND_BARRIER_DEPART: passed(history, thread, object); break;
    case THRUM_KIND_BARRIER_ARRIVE: now->value = event->value + 1; break;
    case THRUM_KIND_BARRIER_OPEN:
        now->opener = index;
        now->value = 0;
        vector_push(&history->openings, index);
        break;
    case THRUM_KIND_BARRIER_BROKEN:
        gave_up(history, thread, object);
        if (event->flags & THRUM_TIMED_OUT)
            flagged(history, event, false, true, true, index);
        break;
    case THRUM_KIND_BARRIER_ABORT: flagged(history, event, false, true, true, index); break;
    case THRUM_KIND_BARRIER_RESET:
        now->value = 0;
        flagged(history, event, false, false, true, index);
        break;
    }
}

/* ---- questions ---- */

static uint32_t slot_at(const struct row_block *block, uint64_t start, uint64_t t)
{
    uint32_t slot = 0;
    while (slot + 1 < block->count && start + block->delta[slot + 1] <= t)
        slot++;
    return slot;
}

/* The segment of `object` at t; false: before the first kept one. */
static bool find(const struct history *history, uint32_t object, uint64_t t, uint32_t *ret_block,
                 uint32_t *ret_slot)
{
    if (object >= history->objects.count || history->objects.items[object].blocks == 0)
        return false;
    const struct track *track = &history->rows.items[object];
    uint32_t blocks = history->objects.items[object].blocks;
    uint32_t first = track_first(&history->store, track, blocks);
    if (first == blocks || t < track->starts.items[first])
        return false;
    *ret_block = track_find(track, blocks, first, t);
    *ret_slot = slot_at(block_at(history, object, *ret_block), track->starts.items[*ret_block], t);
    return true;
}

/* The segment before; false: there is none any more. */
static bool step_back(const struct history *history, uint32_t object, uint32_t *block,
                      uint32_t *slot)
{
    if (*slot > 0) {
        --*slot;
        return true;
    }
    if (*block == 0 ||
        !store_kept(&history->store, history->rows.items[object].refs.items[*block - 1]))
        return false;
    --*block;
    *slot = block_at(history, object, *block)->count - 1;
    return true;
}

static enum object_state state_unborn(const struct history *history, uint32_t object)
{
    struct object_now initial = {.holder = THRUM_NONE};
    if (object < history->catalog->objects.count)
        initial.value = history->catalog->objects.items[object].initial;
    return state_of(&initial, catalog_object_type(history->catalog, object));
}

static int64_t value_unborn(const struct history *history, uint32_t object)
{
    return object < history->catalog->objects.count
               ? history->catalog->objects.items[object].initial
               : 0;
}

/* Since when the holder of a segment has held it, and from where. */
static void find_hold(const struct history *history, uint32_t object, uint32_t block, uint32_t slot,
                      struct object_at *ret)
{
    uint16_t holder = block_at(history, object, block)->holder[slot];
    bool lock = is_lock(catalog_object_type(history->catalog, object));
    do {
        const struct row_block *at = block_at(history, object, block);
        struct history_event event;
        if (at->holder[slot] != holder)
            return;
        if (history_event_at(history, at->event[slot], &event) && event.thread == holder &&
            (event.event.kind == THRUM_KIND_ACQUIRE || event.event.kind == THRUM_KIND_GIL_TAKE ||
             event.event.kind == THRUM_KIND_COND_REACQUIRED)) {
            ret->holder_since = event.event.time;
            ret->holder_source = event.event.source;
            if (!lock || event.event.value <= 1)
                return;
        }
    } while (step_back(history, object, &block, &slot));
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

int64_t history_value(const struct history *history, uint32_t object, uint64_t t)
{
    int64_t value = 0;
    for (uint64_t index = history_object_before(history, object, t); index != HISTORY_NONE;) {
        uint32_t block = 0, slot = 0;
        struct history_event event;
        if (history_event_at(history, index, &event) && value_after(&event, object, &value))
            return value;
        if (!find(history, object, t, &block, &slot))
            break;
        do {
            uint32_t began = block_at(history, object, block)->event[slot];
            if (history_event_at(history, began, &event) && value_after(&event, object, &value))
                return value;
        } while (step_back(history, object, &block, &slot));
        break;
    }
    return value_unborn(history, object);
}

void history_object_at(const struct history *history, uint32_t object, uint64_t t,
                       struct object_at *ret)
{
    uint32_t block = 0, slot = 0;
    *ret = (struct object_at){.holder = THRUM_NONE};
    ret->value = history_value(history, object, t);
    if (!find(history, object, t, &block, &slot)) {
        ret->state = state_unborn(history, object);
        return;
    }
    const struct row_block *at = block_at(history, object, block);
    ret->state = (enum object_state)at->state[slot];
    ret->since = history->rows.items[object].starts.items[block] + at->delta[slot];
    ret->waiters = at->waiters[slot];
    if (at->holder[slot] == NO_HOLDER)
        return;
    ret->holder = at->holder[slot];
    find_hold(history, object, block, slot, ret);
}

uint64_t history_change_before(const struct history *history, uint32_t object, uint64_t t)
{
    uint32_t block = 0, slot = 0;
    if (!find(history, object, t, &block, &slot))
        return HISTORY_NONE;
    uint64_t event = block_at(history, object, block)->event[slot];
    return event >= log_horizon(history) ? event : HISTORY_NONE;
}

uint64_t history_change_after(const struct history *history, uint32_t object, uint64_t t)
{
    uint32_t block = 0, slot = 0;
    if (object >= history->objects.count || history->objects.items[object].blocks == 0)
        return HISTORY_NONE;
    uint32_t blocks = history->objects.items[object].blocks;
    const struct track *track = &history->rows.items[object];
    uint64_t event;
    if (!find(history, object, t, &block, &slot)) {
        block = track_first(&history->store, track, blocks);
        if (block == blocks)
            return HISTORY_NONE;
        event = block_at(history, object, block)->event[0];
    } else if (slot + 1 < block_at(history, object, block)->count) {
        event = block_at(history, object, block)->event[slot + 1];
    } else if (block + 1 < blocks) {
        event = block_at(history, object, block + 1)->event[0];
    } else {
        return HISTORY_NONE;
    }
    return event >= log_horizon(history) ? event : HISTORY_NONE;
}

size_t history_waiters(const struct history *history, uint32_t object, uint64_t t, size_t limit,
                       struct object_waiter ret[])
{
    size_t count = 0;
    for (uint32_t thread = 0; thread < history->threads.count; thread++) {
        struct lane_interval interval;
        history_interval(history, thread, t, &interval);
        if (interval.object != object || interval.object == THRUM_NONE)
            continue;
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

struct cursor {
    uint32_t block, slot;
    uint64_t at;
    uint64_t sum[OBJECT_STATES];
};

static void cursor_block(const struct history *history, uint32_t object, struct cursor *cursor,
                         uint32_t block)
{
    cursor->block = block;
    cursor->slot = 0;
    cursor->at = history->rows.items[object].starts.items[block];
    memcpy(cursor->sum, block_at(history, object, block)->sum, sizeof cursor->sum);
}

static void cursor_move(const struct history *history, uint32_t object, struct cursor *cursor,
                        uint64_t t)
{
    const struct track *track = &history->rows.items[object];
    uint32_t blocks = history->objects.items[object].blocks;
    if (cursor->block + 1 < blocks && track->starts.items[cursor->block + 1] <= t)
        cursor_block(history, object, cursor, track_find(track, blocks, cursor->block + 1, t));
    const struct row_block *block = block_at(history, object, cursor->block);
    uint64_t start = track->starts.items[cursor->block];
    while (cursor->slot + 1 < block->count && start + block->delta[cursor->slot + 1] <= t) {
        uint64_t next = start + block->delta[cursor->slot + 1];
        cursor->sum[block->state[cursor->slot]] += next - cursor->at;
        cursor->at = next;
        cursor->slot++;
    }
    cursor->sum[block->state[cursor->slot]] += t - cursor->at;
    cursor->at = t;
}

/* Who held the object last in the column: at its end, or a little before. */
static uint32_t last_holder(const struct row_block *block, uint32_t slot, uint32_t changes)
{
    for (uint32_t back = 0; back <= changes && back <= slot; back++)
        if (block->holder[slot - back] != NO_HOLDER)
            return block->holder[slot - back];
    return THRUM_NONE;
}

static void row_cell(const struct history *history, uint32_t object, struct cursor *cursor,
                     uint64_t t0, uint64_t t1, uint64_t width, struct object_cell *cell)
{
    const struct row_block *block = block_at(history, object, cursor->block);
    uint32_t before = block->first + cursor->slot;
    uint64_t from[OBJECT_STATES];
    memcpy(from, cursor->sum, sizeof from);
    if (t0 < cursor->at) {
        from[state_unborn(history, object)] -= cursor->at - t0;
        before--;
    }
    cursor_move(history, object, cursor, t1);
    block = block_at(history, object, cursor->block);
    cell->changes = block->first + cursor->slot - before;
    cell->state = block->state[cursor->slot];
    uint64_t most = 0;
    for (unsigned i = 0; i < OBJECT_STATES; i++)
        if (cursor->sum[i] - from[i] && cursor->sum[i] - from[i] >= most) {
            most = cursor->sum[i] - from[i];
            cell->state = (uint8_t)i;
        }
    cell->share = most >= width ? UINT16_MAX : (uint16_t)((double)most * 65535.0 / (double)width);
    cell->waiters = block->waiters[cursor->slot];
    cell->holder = last_holder(block, cursor->slot, cell->changes);
}

void history_object_row(const struct history *history, uint32_t object, uint64_t t0,
                        uint64_t column, size_t columns, struct object_cell ret[])
{
    uint8_t unborn = (uint8_t)state_unborn(history, object);
    for (size_t i = 0; i < columns; i++)
        ret[i] = (struct object_cell){.holder = THRUM_NONE, .state = unborn, .share = UINT16_MAX};
    lines_mark_object_row(history, object, t0, column, columns, ret);
    if (object >= history->objects.count || history->objects.items[object].blocks == 0)
        return;
    const struct object_now *last = &history->objects.items[object];
    uint32_t first = track_first(&history->store, &history->rows.items[object], last->blocks);
    struct cursor cursor;
    cursor_block(history, object, &cursor, first < last->blocks ? first : last->blocks - 1);
    uint64_t birth = cursor.at, now = history->now;
    if (t0 >= birth && t0 <= now)
        cursor_move(history, object, &cursor, t0);
    for (size_t i = 0; i < columns; i++) {
        uint64_t from = t0 + i * column, to = from + column;
        if (to < birth)
            continue;
        if (from >= now) {
            ret[i].state = (uint8_t)state_of(last, catalog_object_type(history->catalog, object));
            ret[i].share = 0;
            ret[i].holder = last->holder;
            ret[i].waiters = last->waiters;
            continue;
        }
        row_cell(history, object, &cursor, from, to < now ? to : now, column, &ret[i]);
    }
}
