/* Questions about lanes: shares, intervals, rows of cells. */
#include <string.h>

#include "trace/history_inside.h"

struct cursor {
    uint32_t block, slot;
    uint64_t at;               /* time that `sum` reaches to */
    uint64_t sum[LANE_STATES]; /* ns from 0 to `at` */
};

static void cursor_block(const struct history *history, uint32_t thread, struct cursor *cursor,
                         uint32_t block)
{
    const struct lane_block *at = lane_block(history, thread, block);
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
    const struct lane_block *block = lane_block(history, thread, cursor->block);
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
        slot = lane_block(history, thread, --block)->count;
    return track->starts.items[block] + lane_block(history, thread, block)->delta[slot - 1];
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
        ret->end_event = lane_block(history, thread, cursor.block)->event[0];
        return;
    }
    cursor_move(history, thread, &cursor, t);
    const struct lane_block *block = lane_block(history, thread, cursor.block);
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
        ret->end_event = lane_block(history, thread, cursor.block + 1)->event[0];
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
        const struct lane_block *block = lane_block(history, thread, n);
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
    const struct lane_block *block = lane_block(history, thread, cursor->block);
    uint32_t before = block->first + cursor->slot;
    uint64_t from[LANE_STATES];
    memcpy(from, cursor->sum, sizeof from);
    if (t0 < cursor->at) {
        from[LANE_UNBORN] -= cursor->at - t0;
        before--;
    }
    cursor_move(history, thread, cursor, t1);
    block = lane_block(history, thread, cursor->block);
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
        ret[i].state = (uint8_t)lane_effective((enum lane_state)last->logical, last->kernel);
    lines_mark_row(history, thread, t0, column, columns, ret);
}
