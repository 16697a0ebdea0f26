/*
 * Who was in which state when.
 *
 * A lane is the product of two stories: what the thread did by its own records (its logical state)
 * and whether the kernel had it on a processor. While it logically runs, "preempted" shows as READY
 * and "left the processor" as BLOCKED on nothing known; in every other state the kernel adds
 * nothing. The kernel's records may arrive late; then the segments after them are taken off, and
 * put on again under the new kernel state.
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

static struct lane_block *block_at(const struct history *history, uint32_t thread, uint32_t block)
{
    return store_at(&history->store, history->lanes.items[thread].refs.items[block]);
}

/* Adds to `sum` the time from the block's start to `end`. */
static void sum_block(const struct lane_block *block, uint64_t start, uint64_t end, uint64_t *sum)
{
    for (uint32_t i = 0; i + 1 < block->count; i++)
        sum[block->state[i]] += block->delta[i + 1] - block->delta[i];
    uint32_t last = block->count - 1;
    uint64_t from = start + block->delta[last];
    if (end > from)
        sum[block->state[last]] += end - from;
}

static void segment_push(struct history *history, uint32_t thread, uint64_t time,
                         enum lane_state state, uint32_t object, uint32_t event)
{
    struct thread_now *now = &history->threads.items[thread];
    struct track *track = &history->lanes.items[thread];
    struct lane_block *block = NULL;
    if (now->blocks) {
        uint64_t start = track->starts.items[now->blocks - 1];
        block = block_at(history, thread, now->blocks - 1);
        uint64_t last = start + block->delta[now->segments - 1];
        if (time < last)
            time = last;
        if (now->segments == BLOCK || time - start > UINT32_MAX)
            block = NULL;
    }
    if (!block) {
        block = track_open(&history->store, track, now->blocks, sizeof *block, time);
        if (now->blocks) {
            const struct lane_block *before = block_at(history, thread, now->blocks - 1);
            memcpy(block->sum, before->sum, sizeof block->sum);
            sum_block(before, track->starts.items[now->blocks - 1], time, block->sum);
            block->first = before->first + before->count;
        } else {
            block->sum[LANE_UNBORN] = time;
        }
        now->blocks++;
        now->segments = 0;
    }
    uint32_t slot = now->segments++;
    block->delta[slot] = (uint32_t)(time - track->starts.items[now->blocks - 1]);
    block->event[slot] = event;
    block->object[slot] = object;
    block->state[slot] = (uint8_t)state;
    block->count = now->segments;
}

/* Takes the last segment off. */
static void segment_pop(struct history *history, uint32_t thread)
{
    struct thread_now *now = &history->threads.items[thread];
    if (--now->segments == 0) {
        now->blocks--;
        now->segments = now->blocks ? block_at(history, thread, now->blocks - 1)->count : 0;
    } else {
        block_at(history, thread, now->blocks - 1)->count = now->segments;
    }
}

static enum lane_state effective(enum lane_state logical, uint8_t kernel)
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

struct segment {
    uint64_t time;
    uint32_t object, event;
};

/* The logical state that the last segment left stands for. */
static enum lane_state logical_last(const struct history *history, uint32_t thread)
{
    const struct thread_now *now = &history->threads.items[thread];
    for (uint32_t block = now->blocks; block-- > 0;) {
        const struct lane_block *at = block_at(history, thread, block);
        for (uint32_t slot = at->count; slot-- > 0;) {
            struct history_event event;
            if (!history_event_at(history, at->event[slot], &event))
                return (enum lane_state)at->state[slot];
            if (!of_kernel(event.event.kind))
                return logical_of(history, &event.event);
        }
    }
    return LANE_UNBORN;
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
        uint32_t counted = 0;
        if (then->blocks)
            counted = block_at(history, thread, then->blocks - 1)->first + then->segments;
        if (then->list <= records && counted <= segments)
            return;
        free(last->threads);
        free(last->objects);
        history->snapshots.count--;
    }
}

/* Puts the newest number of the thread's list where its time belongs; returns its place. */
static uint32_t sort_into_list(struct history *history, uint32_t thread, uint64_t time)
{
    struct list *list = &history->thread_lists.items[thread];
    uint32_t at = history->threads.items[thread].list - 1;
    while (at > 0) {
        uint64_t before = list_nth(&history->store, list, at + 1, at - 1);
        if (before == HISTORY_NONE || log_time(history, before) <= time)
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

static void kernel_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                         uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    now->preempted += event->kind == THRUM_KIND_SWITCH_PREEMPTED;
    now->blocked += event->kind == THRUM_KIND_SWITCH_BLOCKED;
    uint32_t place = sort_into_list(history, thread, event->time);
    vector(struct segment) taken = {0};
    while (now->blocks) {
        const struct track *track = &history->lanes.items[thread];
        const struct lane_block *block = block_at(history, thread, now->blocks - 1);
        uint32_t slot = now->segments - 1;
        struct segment last = {track->starts.items[now->blocks - 1] + block->delta[slot],
                               block->object[slot], block->event[slot]};
        if (last.time <= event->time ||
            (slot == 0 && now->blocks > 1 &&
             !store_kept(&history->store, track->refs.items[now->blocks - 2])))
            break;
        vector_push(&taken, last);
        segment_pop(history, thread);
    }
    enum lane_state logical =
        taken.count ? logical_last(history, thread) : (enum lane_state)now->logical;
    if (taken.count) {
        uint32_t segments = 0;
        if (now->blocks)
            segments = block_at(history, thread, now->blocks - 1)->first + now->segments;
        forget_snapshots(history, thread, place, segments);
    }
    enum lane_state before = effective(logical, now->kernel);
    now->kernel = event->kind == THRUM_KIND_SWITCH_IN          ? KERNEL_ON
                  : event->kind == THRUM_KIND_SWITCH_PREEMPTED ? KERNEL_PREEMPTED
                                                               : KERNEL_BLOCKED;
    if (effective(logical, now->kernel) != before)
        segment_push(history, thread, event->time, effective(logical, now->kernel), THRUM_NONE,
                     index);
    while (taken.count) {
        struct segment next = vector_last(&taken);
        struct history_event own;
        taken.count--;
        log_get(history, next.event, &own);
        if (!of_kernel(own.event.kind))
            logical = logical_of(history, &own.event);
        segment_push(history, thread, next.time, effective(logical, now->kernel), next.object,
                     next.event);
    }
    vector_fini(&taken);
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
    const struct thread_now *by = &history->threads.items[waker];
    uint64_t last =
        list_nth(&history->store, &history->thread_lists.items[waker], by->list, by->list - 1);
    return by->list && last != HISTORY_NONE ? (uint32_t)last : opener;
}

static void wait_end(struct history *history, uint32_t thread, const struct thrum_event *event,
                     uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    uint32_t waker = waker_of(history, thread, event);
    if (waker != NO_EVENT) {
        struct wake wake = {waker, index};
        vector_push(&history->wakes, wake);
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

void lane_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    if (of_kernel(event->kind)) {
        kernel_apply(history, thread, event, index);
        return;
    }
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
    now = &history->threads.items[thread];
    now->logical = (uint8_t)logical;
    if (changed)
        segment_push(history, thread, event->time, effective(logical, now->kernel), object, index);
}

/* ---- questions ---- */

struct cursor {
    uint32_t block, slot;
    uint64_t at;               /* time that `sum` reaches to */
    uint64_t sum[LANE_STATES]; /* ns from 0 to `at` */
};

static void cursor_block(const struct history *history, uint32_t thread, struct cursor *cursor,
                         uint32_t block)
{
    const struct lane_block *at = block_at(history, thread, block);
    cursor->block = block;
    cursor->slot = 0;
    cursor->at = history->lanes.items[thread].starts.items[block];
    memcpy(cursor->sum, at->sum, sizeof cursor->sum);
}

/* On the first kept block. The thread has one. */
static void cursor_init(const struct history *history, uint32_t thread, struct cursor *cursor)
{
    uint32_t blocks = history->threads.items[thread].blocks;
    uint32_t first = track_first(&history->store, &history->lanes.items[thread], blocks);
    cursor_block(history, thread, cursor, first < blocks ? first : blocks - 1);
}

/* Moves on to time t, which is not before the start of the block the cursor is in. */
static void cursor_move(const struct history *history, uint32_t thread, struct cursor *cursor,
                        uint64_t t)
{
    const struct track *track = &history->lanes.items[thread];
    uint32_t blocks = history->threads.items[thread].blocks;
    if (cursor->block + 1 < blocks && track->starts.items[cursor->block + 1] <= t)
        cursor_block(history, thread, cursor, track_find(track, blocks, cursor->block + 1, t));
    const struct lane_block *block = block_at(history, thread, cursor->block);
    uint64_t start = track->starts.items[cursor->block];
    uint32_t slot = cursor->slot, last = block->count - 1;
    uint64_t at = cursor->at;
    while (slot < last && start + block->delta[slot + 1] <= t) {
        uint64_t next = start + block->delta[slot + 1];
        cursor->sum[block->state[slot]] += next - at;
        at = next;
        slot++;
    }
    cursor->sum[block->state[slot]] += t - at;
    cursor->slot = slot;
    cursor->at = t;
}

static bool has_lane(const struct history *history, uint32_t thread)
{
    return thread < history->threads.count && history->threads.items[thread].blocks > 0;
}

/* Sums up to t, also for times before the first kept segment. */
static void sums_until(const struct history *history, uint32_t thread, uint64_t t, uint64_t *sum)
{
    struct cursor cursor;
    cursor_init(history, thread, &cursor);
    if (t < cursor.at) {
        memset(sum, 0, LANE_STATES * sizeof *sum);
        sum[LANE_UNBORN] = t;
        return;
    }
    cursor_move(history, thread, &cursor, t);
    memcpy(sum, cursor.sum, sizeof cursor.sum);
}

void history_share(const struct history *history, uint32_t thread, uint64_t t0, uint64_t t1,
                   uint64_t ret_ns[LANE_STATES])
{
    memset(ret_ns, 0, LANE_STATES * sizeof *ret_ns);
    if (t1 > history->now)
        t1 = history->now;
    if (t0 >= t1)
        return;
    if (!has_lane(history, thread)) {
        ret_ns[LANE_UNBORN] = t1 - t0;
        return;
    }
    struct cursor first;
    cursor_init(history, thread, &first);
    if (t0 < first.at) { /* before the first kept segment: unborn, or dropped */
        ret_ns[LANE_UNBORN] = (t1 < first.at ? t1 : first.at) - t0;
        t0 = first.at;
        if (t0 >= t1)
            return;
    }
    uint64_t from[LANE_STATES];
    uint64_t to[LANE_STATES];
    sums_until(history, thread, t0, from);
    sums_until(history, thread, t1, to);
    for (int i = 0; i < LANE_STATES; i++)
        ret_ns[i] += to[i] - from[i];
}

/* When the wait began that the stuck stretch under the cursor goes on with. */
static uint64_t stuck_since(const struct history *history, uint32_t thread,
                            const struct cursor *cursor)
{
    const struct track *track = &history->lanes.items[thread];
    uint32_t block = cursor->block, slot = cursor->slot;
    if (slot == 0 && (block == 0 || !store_kept(&history->store, track->refs.items[block - 1])))
        return track->starts.items[block];
    if (slot == 0)
        slot = block_at(history, thread, --block)->count;
    return track->starts.items[block] + block_at(history, thread, block)->delta[slot - 1];
}

void history_interval(const struct history *history, uint32_t thread, uint64_t t,
                      struct lane_interval *ret)
{
    *ret = (struct lane_interval){.end = history->now,
                                  .open = true,
                                  .object = THRUM_NONE,
                                  .other = THRUM_NONE,
                                  .event = HISTORY_NONE,
                                  .end_event = HISTORY_NONE,
                                  .waker = THRUM_NONE,
                                  .waker_event = HISTORY_NONE};
    if (!has_lane(history, thread))
        return;
    const struct track *track = &history->lanes.items[thread];
    uint32_t blocks = history->threads.items[thread].blocks;
    struct cursor cursor;
    cursor_init(history, thread, &cursor);
    if (t < cursor.at) {
        ret->end = cursor.at;
        ret->open = false;
        ret->end_event = block_at(history, thread, cursor.block)->event[0];
        return;
    }
    cursor_move(history, thread, &cursor, t);
    const struct lane_block *block = block_at(history, thread, cursor.block);
    uint64_t start = track->starts.items[cursor.block];
    uint32_t slot = cursor.slot;
    ret->start = start + block->delta[slot];
    ret->state = (enum lane_state)block->state[slot];
    ret->event = block->event[slot];
    ret->object = block->object[slot];
    if (slot + 1 < block->count) {
        ret->end = start + block->delta[slot + 1];
        ret->end_event = block->event[slot + 1];
        ret->open = false;
    } else if (cursor.block + 1 < blocks) {
        ret->end = track->starts.items[cursor.block + 1];
        ret->end_event = block_at(history, thread, cursor.block + 1)->event[0];
        ret->open = false;
    }
    struct history_event began;
    ret->since = ret->start;
    if (!history_event_at(history, ret->event, &began))
        return;
    ret->source = began.event.source;
    if (ret->state == LANE_STUCK)
        ret->since = stuck_since(history, thread, &cursor);
    if (began.event.kind == THRUM_KIND_JOIN_BEGIN ||
        (ret->state == LANE_STUCK && began.event.value >= 0))
        ret->other = (uint32_t)began.event.value;
    if (ret->end_event != HISTORY_NONE)
        ret->waker_event = history_waker(history, ret->end_event);
    if (ret->waker_event != HISTORY_NONE)
        ret->waker = log_thread(history, ret->waker_event);
}

/* The state that took most of the column. */
static void fill_cell(const uint64_t *from, const struct cursor *cursor, uint64_t width,
                      const struct lane_block *block, struct lane_cell *cell)
{
    uint64_t most = 0;
    unsigned state = block->state[cursor->slot];
    for (unsigned i = 0; i < LANE_STATES; i++) {
        uint64_t ns = cursor->sum[i] - from[i];
        if (ns && ns >= most) {
            most = ns;
            state = i;
        }
    }
    cell->state = (uint8_t)state;
    cell->share = most >= width ? UINT16_MAX : (uint16_t)((double)most * 65535.0 / (double)width);
}

/* What the thread waited for in the longest stretch of the cell's state that fills a quarter of
 * [t0, t1). */
static uint32_t cell_object(const struct history *history, uint32_t thread,
                            const struct cursor *end, uint64_t t0, uint64_t t1, uint8_t state)
{
    const struct track *track = &history->lanes.items[thread];
    uint64_t until = t1, best = (t1 - t0) / 4;
    uint32_t found = THRUM_NONE;
    for (uint32_t n = end->block + 1, seen = 0; n-- > 0 && until > t0 && seen < 2; seen++) {
        if (!store_kept(&history->store, track->refs.items[n]))
            break;
        const struct lane_block *block = block_at(history, thread, n);
        uint64_t start = track->starts.items[n];
        uint32_t slot = n == end->block ? end->slot + 1 : block->count;
        while (slot-- > 0 && until > t0) {
            uint64_t from = start + block->delta[slot];
            uint64_t length = until - (from > t0 ? from : t0);
            if (block->state[slot] == state && length >= best && length) {
                best = length;
                found = block->object[slot];
            }
            until = from;
        }
    }
    return found;
}

/* A column that merges more stretches than this names no object. */
enum { MERGED = 12 };

static bool may_name_object(unsigned state)
{
    return state == LANE_BLOCKED || state == LANE_WAITING || state == LANE_STUCK;
}

/* One column: [t0, t1), t1 not after now; the cursor is at t0, or at the lane's start when that is
 * later. */
static void row_cell(const struct history *history, uint32_t thread, struct cursor *cursor,
                     uint64_t t0, uint64_t t1, uint64_t width, struct lane_cell *cell)
{
    const struct lane_block *block = block_at(history, thread, cursor->block);
    uint32_t before = block->first + cursor->slot;
    uint64_t from[LANE_STATES];
    memcpy(from, cursor->sum, sizeof from);
    if (t0 < cursor->at) {
        from[LANE_UNBORN] -= cursor->at - t0;
        before--;
    }
    cursor_move(history, thread, cursor, t1);
    block = block_at(history, thread, cursor->block);
    cell->changes = block->first + cursor->slot - before;
    fill_cell(from, cursor, width, block, cell);
    if (may_name_object(cell->state) && cell->changes <= MERGED)
        cell->object = cell_object(history, thread, cursor, t0, t1, cell->state);
}

/*
 * Zoomed out, every column's end lies in another block, and each would be a row of cache misses one
 * after the other. So the scout runs some columns ahead: it finds their blocks in the dense array
 * of starts, and asks for them.
 */
enum { SCOUT_AHEAD = 8 };

struct scout {
    uint64_t next;  /* end of the column it looks at next */
    uint32_t block; /* the last one it found */
};

static void scout_on(const struct history *history, uint32_t thread, struct scout *scout,
                     uint64_t column)
{
    const struct track *track = &history->lanes.items[thread];
    uint32_t block =
        track_find(track, history->threads.items[thread].blocks, scout->block, scout->next);
    scout->next += column;
    if (block == scout->block)
        return;
    scout->block = block;
    const char *at = store_at(&history->store, track->refs.items[block]);
    for (size_t line = 0; line < offsetof(struct lane_block, event); line += 64)
        __builtin_prefetch(at + line);
}

void history_row(const struct history *history, uint32_t thread, uint64_t t0, uint64_t column,
                 size_t columns, struct lane_cell ret[])
{
    for (size_t i = 0; i < columns; i++)
        ret[i] = (struct lane_cell){.object = THRUM_NONE};
    if (!has_lane(history, thread))
        return;
    struct cursor cursor;
    cursor_init(history, thread, &cursor);
    uint64_t birth = cursor.at, now = history->now;
    size_t i = 0;
    if (t0 >= birth && t0 <= now)
        cursor_move(history, thread, &cursor, t0);
    while (i < columns && t0 + (i + 1) * column <= birth)
        ret[i++].share = UINT16_MAX;
    struct scout scout = {t0 + (i + 1) * column, cursor.block};
    for (int ahead = 0; ahead < SCOUT_AHEAD; ahead++)
        scout_on(history, thread, &scout, column);
    for (; i < columns; i++) {
        uint64_t from = t0 + i * column, to = from + column;
        if (from >= now)
            break;
        scout_on(history, thread, &scout, column);
        row_cell(history, thread, &cursor, from, to < now ? to : now, column, &ret[i]);
    }
    const struct thread_now *last = &history->threads.items[thread];
    for (; i < columns; i++)
        ret[i].state = (uint8_t)effective((enum lane_state)last->logical, last->kernel);
    lines_mark_row(history, thread, t0, column, columns, ret);
}
