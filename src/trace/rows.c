/*
 * Objects: who held them, how many waited, and what they were worth, at any time. A segment begins
 * where one of these changes.
 */
#include <string.h>

#include "trace/history_inside.h"

bool row_is_lock(enum trace_type type)
{
    return type == TRACE_LOCK || type == TRACE_RLOCK;
}

static bool is_semaphore(enum trace_type type)
{
    return type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE;
}

enum object_state row_state(const struct object_now *now, enum trace_type type)
{
    if (now->set)
        return OBJECT_SET;
    if (now->broken)
        return OBJECT_BROKEN;
    if (now->waiters)
        return OBJECT_WANTED;
    if (row_is_lock(type))
        return now->holder == THRUM_NONE ? OBJECT_FREE : OBJECT_HELD;
    return is_semaphore(type) && now->value <= 0 ? OBJECT_HELD : OBJECT_FREE;
}

const struct track_shape row_shape = {sizeof(struct row_block), OBJECT_STATES};

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
        block = row_block(history, object, now->blocks - 1);
        uint64_t last = start + block->spans.delta[now->segments - 1];
        if (time < last)
            time = last;
        again = block->event[now->segments - 1] == event;
        if (!again && (now->segments == BLOCK || time - start > UINT32_MAX))
            block = NULL;
    }
    if (!block) {
        block = track_open(&history->store, track, &row_shape, now->blocks, time);
        now->blocks++;
        now->segments = 0;
    }
    uint32_t slot = again ? now->segments - 1 : now->segments++;
    if (slot == 0) {
        block->hold_source = now->hold_source;
        block->hold_since = now->hold_since;
        block->value = now->value;
    }
    block->spans.delta[slot] = (uint32_t)(time - track->starts.items[now->blocks - 1]);
    block->event[slot] = event;
    block->holder[slot] = now->holder < NO_HOLDER ? (uint16_t)now->holder : NO_HOLDER;
    block->waiters[slot] = (uint16_t)(now->waiters < UINT16_MAX ? now->waiters : UINT16_MAX);
    enum object_state state = row_state(now, catalog_object_type(history->catalog, object));
    block->spans.state[slot] = (uint8_t)state;
    block->spans.count = now->segments;
    track->states |= 1u << state;
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

static void acquired(struct history *history, uint32_t thread, uint32_t object,
                     const struct thrum_event *event, int64_t value, uint32_t index)
{
    struct object_now *now = object_get(history, object);
    enum trace_type type = catalog_object_type(history->catalog, object);
    passed(history, thread, object);
    now->value = value;
    if (now->holder != thread || !row_is_lock(type)) {
        now->hold_since = event->time;
        now->hold_source = event->source;
    }
    now->holder = thread;
    segment_push(history, object, event->time, index);
}

static void released(struct history *history, uint32_t object, uint64_t time, int64_t value,
                     uint32_t index)
{
    struct object_now *now = object_get(history, object);
    bool lock = row_is_lock(catalog_object_type(history->catalog, object));
    now->value = value;
    now->opener = index;
    if (lock && value <= 0 && now->holder != THRUM_NONE) {
        uint64_t held = time > now->hold_since ? time - now->hold_since : 0;
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

/* A segment for each change of the value. */
static void valued(struct history *history, const struct thrum_event *event, int64_t value,
                   uint32_t index)
{
    struct object_now *now = object_get(history, event->object);
    if (now->value == value)
        return;
    now->value = value;
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
        acquired(history, thread, lock, event, event->value, index);
    history->threads.items[thread].waited = THRUM_NONE;
}

/* Long because it is the list of kinds, each with what it does to its objects. */
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
    case THRUM_KIND_ATOMIC_CAS_FAILED: valued(history, event, event->value, index); break;
    case THRUM_KIND_ACQUIRE: acquired(history, thread, object, event, event->value, index); break;
    case THRUM_KIND_RELEASE: released(history, object, event->time, event->value, index); break;
    case THRUM_KIND_GIL_TAKE: acquired(history, thread, object, event, 1, index); break;
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
    case THRUM_KIND_BARRIER_ARRIVE: valued(history, event, event->value + 1, index); break;
    case THRUM_KIND_BARRIER_OPEN:
        now->opener = index;
        list_push(&history->store, &history->openings, &history->opened, index);
        valued(history, event, 0, index);
        break;
    case THRUM_KIND_BARRIER_BROKEN:
        gave_up(history, thread, object);
        if (event->flags & THRUM_TIMED_OUT)
            flagged(history, event, false, true, true, index);
        break;
    case THRUM_KIND_BARRIER_ABORT: flagged(history, event, false, true, true, index); break;
    case THRUM_KIND_BARRIER_RESET:
        flagged(history, event, false, false, true, index);
        valued(history, event, 0, index);
        break;
    }
}
