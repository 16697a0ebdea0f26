/*
 * Who was in which state when.
 *
 * A lane is the product of two stories: what the thread did by its own records (its logical state)
 * and whether the kernel had it on a processor. While it logically runs, "preempted" shows as READY
 * and "left the processor" as BLOCKED on nothing known; in every other state the kernel adds
 * nothing.
 *
 * The two stories arrive apart. Each thread's own records are in order, but those of the kernel may
 * come later than own ones with later times, or earlier than own ones with earlier times; and when
 * a thread moves to another processor, what that one tells may come before what the first one told:
 *
 *     processor 0, read first      .           in 150
 *     processor 1, read next       out 100     .
 *
 * So a record is put where its time belongs: the segments after it are taken off, and those records
 * that matter are gone through again.
 *
 * Own records begin a segment only where the logical state, or what is waited for, changes; kernel
 * records only while the thread logically runs. So a segment's record tells by its kind where the
 * segment came from.
 */
#include <string.h>

#include "trace/history_inside.h"

unsigned lane_of_kind(unsigned kind)
{
    static const uint8_t lanes[] = {
#define KIND_LANE(name, words, lane, meaning) LANE_##lane,
        THRUM_EVENT_KINDS(KIND_LANE)
#undef KIND_LANE
    };
    return kind < THRUM_KINDS ? lanes[kind] : (unsigned)LANE_SAME;
}

enum lane_state lane_of_wait(enum trace_type type)
{
    static const uint8_t lanes[] = {
#define OBJECT_TYPE(name, words, lane) LANE_##lane,
#include "trace/object_types.def"
#undef OBJECT_TYPE
    };
    return lanes[type];
}

const struct track_shape lane_shape = {sizeof(struct lane_block), LANE_STATES};

static struct prefix *prefix_of(const struct history *history, uint32_t thread, uint32_t block)
{
    return track_prefix(&history->store, &history->lanes.items[thread], &lane_shape, block);
}

/* How many segments there are, when `segments` of the last of `blocks` are in use. */
static uint32_t segment_count(const struct history *history, uint32_t thread, uint32_t blocks,
                              uint32_t segments)
{
    if (!blocks)
        return 0;
    return (uint32_t)prefix_of(history, thread, blocks - 1)->segments + segments;
}

static void segment_push(struct history *history, uint32_t thread, uint64_t time,
                         enum lane_state state, uint32_t object, uint32_t event)
{
    struct thread_now *now = &history->threads.items[thread];
    struct track *track = &history->lanes.items[thread];
    struct lane_block *block = NULL;
    if (now->blocks) {
        uint64_t start = track->starts.items[now->blocks - 1];
        block = lane_block(history, thread, now->blocks - 1);
        uint64_t last = start + block->spans.delta[now->segments - 1];
        if (time < last)
            time = last;
        if (now->segments == BLOCK || time - start > UINT32_MAX)
            block = NULL;
    }
    if (!block) {
        block = track_open(&history->store, track, &lane_shape, now->blocks, time);
        if (!now->blocks) {
            prefix_of(history, thread, 0)->ns[LANE_UNBORN] = time;
            track->states |= 1u << LANE_UNBORN;
        }
        now->blocks++;
        now->segments = 0;
    }
    uint32_t slot = now->segments++;
    block->spans.delta[slot] = (uint32_t)(time - track->starts.items[now->blocks - 1]);
    block->event[slot] = event;
    block->object[slot] = object;
    block->spans.state[slot] = (uint8_t)state;
    block->spans.count = now->segments;
    track->states |= 1u << state;
}

/* Takes the last segment off. */
static void segment_pop(struct history *history, uint32_t thread)
{
    struct thread_now *now = &history->threads.items[thread];
    history->lanes.items[thread].corrections++;
    if (--now->segments == 0) {
        now->blocks--;
        now->segments = now->blocks ? lane_block(history, thread, now->blocks - 1)->spans.count : 0;
    } else {
        lane_block(history, thread, now->blocks - 1)->spans.count = now->segments;
    }
}

enum lane_state lane_effective(enum lane_state logical, uint8_t kernel)
{
    if (logical != LANE_RUNNING && logical != LANE_COMPUTING)
        return logical;
    if (kernel == KERNEL_PREEMPTED)
        return LANE_READY;
    return kernel == KERNEL_BLOCKED ? LANE_BLOCKED : logical;
}

static bool of_kernel(unsigned kind)
{
    return kind == THRUM_KIND_SWITCH_PREEMPTED || kind == THRUM_KIND_SWITCH_BLOCKED ||
           kind == THRUM_KIND_SWITCH_IN;
}

static enum lane_state logical_of(const struct history *history, const struct thrum_event *event)
{
    unsigned lane = lane_of_kind(event->kind);
    if (lane == LANE_WAIT)
        return lane_of_wait(catalog_object_type(history->catalog, event->object));
    return (enum lane_state)lane;
}

/* ---- waits: who was woken by whom ---- */

/* The record that let the wait end, or NO_EVENT. */
static uint32_t waker_of(const struct history *history, uint32_t thread,
                         const struct thrum_event *event)
{
    const struct thread_now *now = &history->threads.items[thread];
    unsigned kind = event->kind;
    if (kind == THRUM_KIND_TIMED_OUT || kind == THRUM_KIND_COND_TIMED_OUT ||
        kind == THRUM_KIND_JOIN_TIMED_OUT || event->flags & THRUM_TIMED_OUT)
        return NO_EVENT;
    if (now->other != THRUM_NONE)
        return now->other < history->threads.count ? history->threads.items[now->other].end_event
                                                   : NO_EVENT;
    if (now->object >= history->objects.count)
        return NO_EVENT;
    uint32_t opener = history->objects.items[now->object].opener;
    if (opener == NO_EVENT || opener < now->wait_event || log_thread(history, opener) == thread)
        opener = NO_EVENT;
    if (kind != THRUM_KIND_WAKE || event->value < 0 ||
        event->value >= (int64_t)history->threads.count)
        return opener;
    uint32_t waker = (uint32_t)event->value;
    if (opener != NO_EVENT && log_thread(history, opener) == waker)
        return opener;
    uint32_t last = history->threads.items[waker].last_own;
    return last != NO_EVENT ? last : opener;
}

static void wait_end(struct history *history, uint32_t thread, const struct thrum_event *event,
                     uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    uint32_t waker = waker_of(history, thread, event);
    if (waker != NO_EVENT) {
        uint32_t count = history->wakes;
        list_push(&history->store, &history->wakers, &count, waker);
        list_push(&history->store, &history->woken, &history->wakes, index);
    }
    if (now->object != THRUM_NONE)
        rows_wait_ended(history, now->object, event->time, event->time - now->wait_since, index);
    now->object = now->other = THRUM_NONE;
    now->wait_event = NO_EVENT;
}

static void wait_begin(struct history *history, uint32_t thread, const struct thrum_event *event,
                       uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    now->waits++;
    now->wait_since = event->time;
    now->wait_event = index;
    now->blocked_source = event->source;
    if (event->kind == THRUM_KIND_JOIN_BEGIN) {
        now->other = (uint32_t)event->value;
        return;
    }
    now->object = event->object;
    now->waited = event->object;
    if (event->object != THRUM_NONE)
        rows_wait_began(history, event->object, event->time, index);
}

/* ---- records out of order ---- */

struct segment {
    uint64_t time;
    uint32_t object, event;
    enum lane_state state;
};
struct segments {
    vector(struct segment) segments;
};

/* The last segment, of which there must be one. */
static struct segment segment_last(const struct history *history, uint32_t thread)
{
    const struct thread_now *now = &history->threads.items[thread];
    uint32_t last = now->blocks - 1, slot = now->segments - 1;
    const struct lane_block *block = lane_block(history, thread, last);
    return (struct segment){
        .time = history->lanes.items[thread].starts.items[last] + block->spans.delta[slot],
        .object = block->object[slot],
        .event = block->event[slot],
        .state = (enum lane_state)block->spans.state[slot],
    };
}

/*
 * Whether a segment tells by itself which logical state it stands for. What is seen is it, unless
 * the kernel may have made it of one that runs: then the record tells, if it is the thread's own.
 */
static bool tells_logical(const struct history *history, const struct segment *segment,
                          enum lane_state *ret)
{
    struct history_event event;
    bool known = log_read(history, segment->event, &event);
    if (segment->state != LANE_READY && segment->state != LANE_BLOCKED)
        *ret = segment->state;
    else if (!known)
        *ret = segment->object == THRUM_NONE ? LANE_RUNNING : segment->state;
    else if (!of_kernel(event.event.kind))
        *ret = logical_of(history, &event.event);
    else
        return false;
    return true;
}

/* The logical state that the last segment left stands for: of what the kernel made of a running
 * thread, soon a segment before shows it running. */
static enum lane_state logical_last(const struct history *history, uint32_t thread)
{
    const struct thread_now *now = &history->threads.items[thread];
    enum lane_state logical = LANE_UNBORN;
    for (uint32_t block = now->blocks; block-- > 0;) {
        const struct lane_block *at = lane_block(history, thread, block);
        for (uint32_t slot = at->spans.count; slot-- > 0;) {
            struct segment segment = {.object = at->object[slot],
                                      .event = at->event[slot],
                                      .state = (enum lane_state)at->spans.state[slot]};
            if (tells_logical(history, &segment, &logical))
                return logical;
        }
    }
    return logical;
}

/* Snapshots that count segments or records which a late record has moved are of no use. */
static void forget_snapshots(struct history *history, uint32_t thread, uint32_t records,
                             uint32_t segments)
{
    while (history->snapshots.count) {
        struct snapshot *last = &vector_last(&history->snapshots);
        if (thread >= last->thread_count)
            return;
        const struct thread_now *then = &last->threads[thread];
        if (then->list <= records &&
            segment_count(history, thread, then->blocks, then->segments) <= segments)
            return;
        free(last->threads);
        free(last->objects);
        history->snapshots.count--;
    }
}

uint32_t lane_sort(struct history *history, uint32_t thread, uint64_t time)
{
    struct list *list = &history->thread_lists.items[thread];
    uint32_t at = history->threads.items[thread].list - 1;
    while (at > 0) {
        uint64_t before = list_nth(&history->store, list, at + 1, at - 1);
        if (before == HISTORY_NONE || before < log_first(history) ||
            log_time(history, before) <= time)
            break;
        uint32_t *here = store_at(&history->store, list->refs.items[at / BLOCK]);
        uint32_t *there = store_at(&history->store, list->refs.items[(at - 1) / BLOCK]);
        uint32_t number = here[at % BLOCK];
        here[at % BLOCK] = there[(at - 1) % BLOCK];
        there[(at - 1) % BLOCK] = number;
        at--;
    }
    return at;
}

/* Takes off the segments after `time`, the last first; not of blocks whose forerunner is gone. */
static void take_after(struct history *history, uint32_t thread, uint64_t time,
                       struct segments *taken)
{
    struct thread_now *now = &history->threads.items[thread];
    while (now->blocks) {
        const struct track *track = &history->lanes.items[thread];
        struct segment last = segment_last(history, thread);
        if (last.time <= time ||
            (now->segments == 1 && track->oldest > 0 && now->blocks == track->oldest + 1))
            break;
        vector_push(&taken->segments, last);
        segment_pop(history, thread);
    }
}

static uint8_t kernel_of_kind(unsigned kind)
{
    return kind == THRUM_KIND_SWITCH_IN          ? KERNEL_ON
           : kind == THRUM_KIND_SWITCH_PREEMPTED ? KERNEL_PREEMPTED
                                                 : KERNEL_BLOCKED;
}

/* The kernel's record number `index` takes effect after the last segment. */
static void kernel_switch(struct history *history, uint32_t thread, enum lane_state logical,
                          const struct thrum_event *event, uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    enum lane_state shown = now->blocks ? segment_last(history, thread).state : LANE_UNBORN;
    now->kernel = kernel_of_kind(event->kind);
    enum lane_state next = lane_effective(logical, now->kernel);
    if (next != shown)
        segment_push(history, thread, event->time, next, THRUM_NONE, index);
}

/* Puts a segment on again that the thread's own record began. */
static void push_again(struct history *history, uint32_t thread, const struct segment *segment,
                       enum lane_state *logical)
{
    tells_logical(history, segment, logical);
    segment_push(history, thread, segment->time,
                 lane_effective(*logical, history->threads.items[thread].kernel), segment->object,
                 segment->event);
}

/*
 * Goes through the thread's records after `place` again. Those of the kernel count anew, since
 * another one may come before them now; of its own ones those that began a segment.
 */
static void replay_after(struct history *history, uint32_t thread, uint32_t place,
                         enum lane_state logical, struct segments *taken)
{
    struct thread_now *now = &history->threads.items[thread];
    const struct list *list = &history->thread_lists.items[thread];
    for (uint32_t n = place + 1; n < now->list; n++) {
        uint64_t number = list_nth(&history->store, list, now->list, n);
        bool began = taken->segments.count && vector_last(&taken->segments).event == number;
        struct history_event event;
        if (log_read(history, number, &event) && of_kernel(event.event.kind))
            kernel_switch(history, thread, logical, &event.event, (uint32_t)number);
        else if (began)
            push_again(history, thread, &vector_last(&taken->segments), &logical);
        taken->segments.count -= began;
    }
}

/* The last record of the kernel in the thread's list before `*place`, but not before record number
 * `from`; false: none, and `*place` is that of `from`. */
static bool kernel_since(const struct history *history, uint32_t thread, uint64_t from,
                         uint32_t *place, uint8_t *ret)
{
    const struct list *list = &history->thread_lists.items[thread];
    uint32_t count = history->threads.items[thread].list;
    while (*place > 0) {
        uint64_t number = list_nth(&history->store, list, count, --*place);
        struct history_event event;
        if (number == from)
            break;
        if (!log_read(history, number, &event) || !of_kernel(event.event.kind))
            continue;
        *ret = kernel_of_kind(event.event.kind);
        return true;
    }
    return false;
}

/*
 * What the kernel had said of the thread before its record number `place`, now that the segments
 * after that are off. What is seen tells it, except in stretches where the kernel adds nothing:
 * there the records do, which are few.
 */
static uint8_t kernel_before(const struct history *history, uint32_t thread, uint32_t place)
{
    uint8_t kernel = KERNEL_ON;
    for (uint32_t block = history->threads.items[thread].blocks; block-- > 0;) {
        const struct lane_block *at = lane_block(history, thread, block);
        for (uint32_t slot = at->spans.count; slot-- > 0;) {
            unsigned state = at->spans.state[slot];
            if (state == LANE_RUNNING || state == LANE_COMPUTING)
                return KERNEL_ON;
            if (state == LANE_READY)
                return KERNEL_PREEMPTED;
            if (state == LANE_BLOCKED && at->object[slot] == THRUM_NONE)
                return KERNEL_BLOCKED;
            if (kernel_since(history, thread, at->event[slot], &place, &kernel))
                return kernel;
        }
    }
    kernel_since(history, thread, HISTORY_NONE, &place, &kernel);
    return kernel;
}

static void kernel_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                         enum lane_state logical, uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    now->preempted += event->kind == THRUM_KIND_SWITCH_PREEMPTED;
    now->blocked += event->kind == THRUM_KIND_SWITCH_BLOCKED;
    kernel_switch(history, thread, logical, event, index);
}

static void own_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                      uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    now->last_own = index;
    if (lane_of_kind(event->kind) == LANE_SAME)
        return;
    enum lane_state logical = logical_of(history, event);
    bool stuck = logical == LANE_STUCK;
    bool waits = !stuck && (logical == LANE_WAITING || logical == LANE_BLOCKED);
    bool changed = logical != now->logical || waits;
    uint32_t object = waits || stuck ? event->object : THRUM_NONE;
    if (event->kind == THRUM_KIND_JOIN_BEGIN)
        object = THRUM_NONE; /* the register of threads is not what it waits for */
    if (now->wait_event != NO_EVENT && !stuck)
        wait_end(history, thread, event, index);
    if (waits)
        wait_begin(history, thread, event, index);
    now->logical = (uint8_t)logical;
    if (changed)
        segment_push(history, thread, event->time, lane_effective(logical, now->kernel), object,
                     index);
}

/* A record that belongs before some that are in: of the kernel, or of the thread's own when the
 * kernel's came early. */
static void late_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                       uint32_t index, uint32_t place)
{
    struct thread_now *now = &history->threads.items[thread];
    enum lane_state logical = (enum lane_state)now->logical;
    struct segments taken = {0};
    take_after(history, thread, event->time, &taken);
    forget_snapshots(history, thread, place,
                     segment_count(history, thread, now->blocks, now->segments));
    if (of_kernel(event->kind)) {
        logical = logical_last(history, thread);
        kernel_apply(history, thread, event, logical, index);
    } else {
        now->kernel = kernel_before(history, thread, place);
        own_apply(history, thread, event, index);
        logical = (enum lane_state)now->logical;
    }
    replay_after(history, thread, place, logical, &taken);
    vector_fini(&taken.segments);
}

void lane_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                uint32_t index, uint32_t place)
{
    const struct thread_now *now = &history->threads.items[thread];
    bool late = place + 1 < now->list, kernel = of_kernel(event->kind);
    /* of what lies before the horizon too little is left to correct it */
    bool lost = late && log_horizon(history) && event->time <= log_horizon_time(history);
    if (lost && kernel)
        return;
    if (late && !lost)
        late_apply(history, thread, event, index, place);
    else if (kernel)
        kernel_apply(history, thread, event, (enum lane_state)now->logical, index);
    else
        own_apply(history, thread, event, index);
}
