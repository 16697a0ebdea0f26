/* Questions about lanes: shares, intervals, rows of cells. */
#include <string.h>

#include "trace/history_inside.h"

struct sequence lane_sequence(const struct history *history, uint32_t thread)
{
    const struct track *track = &history->lanes.items[thread];
    return (struct sequence){.store = &history->store,
                             .track = track,
                             .shape = &lane_shape,
                             .blocks = history->threads.items[thread].blocks,
                             .oldest = track->oldest};
}

static bool has_lane(const struct history *history, uint32_t thread)
{
    return thread < history->threads.count && history->threads.items[thread].blocks > 0;
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
    struct sequence sequence = lane_sequence(history, thread);
    uint64_t birth = sequence_birth(&sequence);
    if (t0 < birth) { /* before the first kept segment: unborn, or dropped */
        ret_ns[LANE_UNBORN] = (t1 < birth ? t1 : birth) - t0;
        t0 = birth;
        if (t0 >= t1)
            return;
    }
    uint64_t from[LANE_STATES];
    uint64_t to[LANE_STATES];
    sequence_sums(&sequence, t0, from);
    sequence_sums(&sequence, t1, to);
    for (int i = 0; i < LANE_STATES; i++)
        ret_ns[i] += to[i] - from[i];
}

void lane_totals(const struct history *history, uint32_t thread, uint64_t ret_ns[LANE_STATES])
{
    memset(ret_ns, 0, LANE_STATES * sizeof *ret_ns);
    if (!has_lane(history, thread)) {
        ret_ns[LANE_UNBORN] = history->now;
        return;
    }
    struct sequence sequence = lane_sequence(history, thread);
    uint64_t birth = sequence_birth(&sequence);
    sequence_sums(&sequence, history->now > birth ? history->now : birth, ret_ns);
}

/* When the wait began that the stuck stretch at `spot` goes on with. */
static uint64_t stuck_since(const struct sequence *sequence, struct spot spot)
{
    const uint64_t *starts = sequence->track->starts.items;
    if (spot.slot == 0 && spot.block == sequence->oldest)
        return starts[spot.block];
    if (spot.slot == 0)
        spot.slot = sequence_spans(sequence, --spot.block)->count;
    return starts[spot.block] + sequence_spans(sequence, spot.block)->delta[spot.slot - 1];
}

/* The bounds and the records of the segment at `spot`. */
static void fill_interval(const struct history *history, uint32_t thread,
                          const struct sequence *sequence, struct spot spot,
                          struct lane_interval *ret)
{
    const struct lane_block *block = lane_block(history, thread, spot.block);
    const uint64_t *starts = sequence->track->starts.items;
    ret->start = ret->since = starts[spot.block] + block->spans.delta[spot.slot];
    ret->state = (enum lane_state)block->spans.state[spot.slot];
    ret->event = block->event[spot.slot];
    ret->object = block->object[spot.slot];
    if (spot.slot + 1 < block->spans.count) {
        ret->end = starts[spot.block] + block->spans.delta[spot.slot + 1];
        ret->end_event = block->event[spot.slot + 1];
        ret->open = false;
    } else if (spot.block + 1 < sequence->blocks) {
        ret->end = starts[spot.block + 1];
        ret->end_event = lane_block(history, thread, spot.block + 1)->event[0];
        ret->open = false;
    }
}

void history_interval(const struct history *history, uint32_t thread, uint64_t t,
                      struct lane_interval *ret)
{
    *ret = (struct lane_interval){.end = history->now,
                                  .open = true,
                                  .object = THRUM_NONE,
                                  .other = THRUM_NONE,
                                  .event = HISTORY_NONE,
                                  .end_event = HISTORY_NONE};
    if (!has_lane(history, thread))
        return;
    struct sequence sequence = lane_sequence(history, thread);
    if (t < sequence_birth(&sequence)) {
        ret->end = sequence_birth(&sequence);
        ret->open = false;
        ret->end_event = lane_block(history, thread, sequence.oldest)->event[0];
        return;
    }
    struct spot spot = sequence_find(&sequence, t);
    const struct thread_now *now = &history->threads.items[thread];
    struct history_event began;
    fill_interval(history, thread, &sequence, spot, ret);
    if (ret->state == LANE_STUCK)
        ret->since = stuck_since(&sequence, spot);
    if (!log_read(history, ret->event, &began)) {
        /* dropped; but of a wait that still goes on the present knows */
        if (ret->open && now->wait_event != NO_EVENT) {
            ret->source = now->blocked_source;
            ret->other = now->other;
            ret->since = now->wait_since;
        }
        return;
    }
    ret->source = began.event.source;
    if (began.event.kind == THRUM_KIND_JOIN_BEGIN ||
        (ret->state == LANE_STUCK && began.event.value >= 0))
        ret->other = (uint32_t)began.event.value;
}

/* ---- the next stretch in some states ---- */

/* Whether a stretch is in one of the states, and has a length. */
static bool wanted(const struct sequence *sequence, uint32_t block, uint32_t slot, uint32_t states)
{
    const struct spans *spans = sequence_spans(sequence, block);
    const uint64_t *starts = sequence->track->starts.items;
    uint64_t start = starts[block] + spans->delta[slot], end = UINT64_MAX;
    if (slot + 1 < spans->count)
        end = starts[block] + spans->delta[slot + 1];
    else if (block + 1 < sequence->blocks)
        end = starts[block + 1];
    return states >> spans->state[slot] & 1 && start < end;
}

/* ns spent in these states before block `n`. */
static uint64_t ns_before(const struct sequence *sequence, uint32_t n, uint32_t states)
{
    const struct prefix *prefix = track_prefix(sequence->store, sequence->track, &lane_shape, n);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < LANE_STATES; i++)
        sum += states >> i & 1 ? prefix->ns[i] : 0;
    return sum;
}

/* The first of the blocks [low, high] with more before it than `ns`; high + 1: none. */
static uint32_t block_above(const struct sequence *sequence, uint32_t low, uint32_t high,
                            uint32_t states, uint64_t ns)
{
    while (low <= high) {
        uint32_t middle = low + (high - low) / 2;
        if (ns_before(sequence, middle, states) <= ns)
            low = middle + 1;
        else if (middle == low)
            break;
        else
            high = middle;
    }
    return low;
}

/* Blocks without time in the states are passed over by the sums before them. */
static bool stretch_after(const struct sequence *sequence, struct spot spot, uint32_t states,
                          struct spot *ret)
{
    uint32_t last = sequence->blocks - 1;
    while (spot.block <= last) {
        uint32_t count = sequence_spans(sequence, spot.block)->count;
        for (; spot.slot < count; spot.slot++)
            if (wanted(sequence, spot.block, spot.slot, states)) {
                *ret = spot;
                return true;
            }
        if (spot.block == last)
            return false;
        uint64_t ns = ns_before(sequence, spot.block + 1, states);
        spot.block = block_above(sequence, spot.block + 1, last, states, ns) - 1;
        spot.slot = 0;
    }
    return false;
}

/* The last before `spot`, itself included. */
static bool stretch_before(const struct sequence *sequence, struct spot spot, uint32_t states,
                           struct spot *ret)
{
    for (;;) {
        for (uint32_t slot = spot.slot + 1; slot-- > 0;)
            if (wanted(sequence, spot.block, slot, states)) {
                *ret = (struct spot){spot.block, slot};
                return true;
            }
        uint64_t ns = spot.block > sequence->oldest ? ns_before(sequence, spot.block, states) : 0;
        if (spot.block == sequence->oldest || ns == ns_before(sequence, sequence->oldest, states))
            return false;
        /* the sum grew to what it is in the block before the first that has it */
        spot.block = block_above(sequence, sequence->oldest, spot.block, states, ns - 1) - 1;
        spot.slot = sequence_spans(sequence, spot.block)->count - 1;
    }
}

bool history_next_stretch(const struct history *history, uint32_t thread, uint64_t t,
                          uint32_t states, bool backwards, struct lane_interval *ret)
{
    if (!has_lane(history, thread))
        return false;
    struct sequence sequence = lane_sequence(history, thread);
    struct spot spot = {.block = sequence.oldest};
    bool born = t >= sequence_birth(&sequence) + backwards;
    if (born)
        spot = sequence_find(&sequence, t - backwards);
    else if (backwards)
        return false;
    spot.slot += born && !backwards;
    if (!(backwards ? stretch_before : stretch_after)(&sequence, spot, states, &spot))
        return false;
    history_interval(history, thread,
                     sequence.track->starts.items[spot.block] +
                         sequence_spans(&sequence, spot.block)->delta[spot.slot],
                     ret);
    return true;
}

uint32_t lane_object(const struct history *history, uint32_t thread, uint64_t t)
{
    if (!has_lane(history, thread))
        return THRUM_NONE;
    struct sequence sequence = lane_sequence(history, thread);
    if (t < sequence_birth(&sequence))
        return THRUM_NONE;
    struct spot spot = sequence_find(&sequence, t);
    return lane_block(history, thread, spot.block)->object[spot.slot];
}

/* ---- rows of cells ---- */

/* What the thread waited for in the longest stretch of the cell's state that fills a quarter of
 * [t0, t1), which ends at `end`. */
static uint32_t cell_object(const struct history *history, uint32_t thread,
                            const struct sequence *sequence, struct spot end, uint64_t t0,
                            uint64_t t1, uint8_t state)
{
    uint64_t until = t1, best = t1 - t0 > 3 ? (t1 - t0) / 4 : 1;
    uint32_t found = THRUM_NONE;
    /* what is left must have room for a longer one */
    for (uint32_t n = end.block + 1; n-- > sequence->oldest && until >= t0 + best;) {
        const struct lane_block *block = lane_block(history, thread, n);
        uint64_t start = sequence->track->starts.items[n];
        uint32_t slot = n == end.block ? end.slot + 1 : block->spans.count;
        while (slot-- > 0 && until >= t0 + best) {
            uint64_t from = start + block->spans.delta[slot];
            uint64_t length = until - (from > t0 ? from : t0);
            if (block->spans.state[slot] == state && length >= best) {
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

void history_row(const struct history *history, uint32_t thread, uint64_t t0, uint64_t column,
                 size_t columns, struct lane_cell ret[])
{
    for (size_t i = 0; i < columns; i++)
        ret[i] = (struct lane_cell){.object = THRUM_NONE, .filled = t0 + i * column < history->now};
    if (!has_lane(history, thread))
        return;
    struct sequence sequence = lane_sequence(history, thread);
    uint64_t birth = sequence_birth(&sequence), now = history->now;
    size_t i = 0;
    while (i < columns && t0 + (i + 1) * column < birth)
        i++;
    struct columns walk;
    if (i < columns && t0 + i * column < now)
        columns_begin(&walk, &sequence, t0 + i * column, column, now, LANE_UNBORN);
    for (; i < columns && t0 + i * column < now; i++) {
        struct column cell;
        columns_next(&walk, &cell);
        ret[i].state = cell.state;
        ret[i].changes = cell.changes;
        if (may_name_object(cell.state) && cell.changes <= MERGED)
            ret[i].object = cell_object(history, thread, &sequence, cell.to, t0 + i * column,
                                        walk.at, cell.state);
    }
    const struct thread_now *last = &history->threads.items[thread];
    for (; i < columns; i++)
        ret[i].state = (uint8_t)lane_effective((enum lane_state)last->logical, last->kernel);
}

struct row_settled history_row_settled(const struct history *history, uint32_t thread)
{
    if (!has_lane(history, thread))
        return (struct row_settled){.epoch = history->epoch};
    struct sequence sequence = lane_sequence(history, thread);
    return sequence_settled(history, &sequence);
}
