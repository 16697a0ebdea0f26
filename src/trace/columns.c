/*
 * Which state took most of each column.
 *
 * Zoomed out, a column spans many blocks, and what costs is not adding up but fetching: every block
 * that is looked at is a handful of lines that are in no cache. So the blocks of the next columns'
 * ends are found ahead and asked for; and a column is decided, where that is possible, from two
 * prefix sums, those at the boundaries of blocks nearest to its ends:
 *
 *     boundaries  |       |       |       |       |       |
 *     column          [                         )
 *     looked at           [               )             less d0 at its start, d1 at its end
 *
 * The d0 + d1 nanoseconds between can at most all belong to the first and be too much, or all
 * belong to the second and be missing: when the first leads by more than that, it is the first.
 */
#include <string.h>

#include "trace/history_inside.h"

/* Columns that span fewer than a few blocks are not worth a guess; over several a guess succeeds
 * nearly always, so that their segments need not be fetched. */
enum { FEW_BLOCKS = 2, SEVERAL_BLOCKS = 8 };

static uint64_t start_of(const struct sequence *sequence, uint32_t block)
{
    return sequence->track->starts.items[block];
}

void spans_sum(const struct spans *spans, uint64_t start, uint64_t end, uint64_t *sum)
{
    for (uint32_t i = 0; i + 1 < spans->count; i++)
        sum[spans->state[i]] += spans->delta[i + 1] - spans->delta[i];
    uint32_t last = spans->count - 1;
    uint64_t from = start + spans->delta[last];
    if (end > from)
        sum[spans->state[last]] += end - from;
}

/* ---- one place ---- */

struct spot sequence_find(const struct sequence *sequence, uint64_t t)
{
    uint32_t block = track_find(sequence->track, sequence->blocks, sequence->oldest, t);
    const struct spans *spans = sequence_spans(sequence, block);
    uint64_t after = t - start_of(sequence, block);
    uint32_t slot = 0;
    while (slot + 1 < spans->count && spans->delta[slot + 1] <= after)
        slot++;
    return (struct spot){block, slot};
}

/* Goes on from `*slot`, whose state is counted up to `at`, to `to`: both ns after the block's
 * start. */
static void go_on(const struct spans *spans, uint64_t at, uint64_t to, uint32_t *slot,
                  uint64_t *head)
{
    uint32_t here = *slot, last = spans->count - 1;
    while (here < last && spans->delta[here + 1] <= to) {
        uint64_t next = spans->delta[here + 1];
        head[spans->state[here]] += next - at;
        at = next;
        here++;
    }
    head[spans->state[here]] += to - at;
    *slot = here;
}

void sequence_sums(const struct sequence *sequence, uint64_t t, uint64_t *ret)
{
    uint32_t slot = 0;
    uint32_t block = track_find(sequence->track, sequence->blocks, sequence->oldest, t);
    memcpy(ret, sequence_sum(sequence, block), sequence->states * sizeof *ret);
    go_on(sequence_spans(sequence, block), 0, t - start_of(sequence, block), &slot, ret);
}

/* ---- looking ahead ---- */

static void fetch(const struct sequence *sequence, uint32_t block, bool spans)
{
    const char *at = (const char *)sequence_sum(sequence, block);
    size_t size = sequence->states * sizeof(uint64_t) + (spans ? sizeof(struct spans) : 0);
    for (size_t line = 0; line < size; line += 64)
        __builtin_prefetch(at + line);
}

/* Finds the block of one more end, and asks for it. The step from one to the next is about the same
 * each time, so the search begins there. */
static void look_ahead(struct columns *columns)
{
    const struct sequence *sequence = &columns->sequence;
    const struct track *track = sequence->track;
    uint64_t t = columns->looked_at + columns->width;
    if (t > columns->end)
        t = columns->end;
    columns->looked_at = t;
    uint32_t before = columns->found, stride = columns->stride;
    uint32_t block = track_find_near(track, sequence->blocks, before, stride, t);
    columns->found = block;
    columns->ahead[columns->looked++ % COLUMNS_AHEAD] = block;
    if (block == before)
        return;
    columns->stride = stride = block - before;
    fetch(sequence, block, stride < SEVERAL_BLOCKS);
    if (stride >= SEVERAL_BLOCKS && sequence->blocks - block > 4 * stride) {
        __builtin_prefetch(track->starts.items + block + 4 * stride);
        __builtin_prefetch(track->refs.items + block + 4 * stride);
    }
}

static uint32_t next_block(struct columns *columns)
{
    look_ahead(columns);
    return columns->ahead[columns->taken++ % COLUMNS_AHEAD];
}

/* ---- a column ---- */

/* Makes slot and head known. */
static void settle(struct columns *columns)
{
    if (columns->exact)
        return;
    columns->slot = 0;
    columns->exact = true;
    memset(columns->head, 0, sizeof columns->head);
    go_on(sequence_spans(&columns->sequence, columns->block), 0,
          columns->at - start_of(&columns->sequence, columns->block), &columns->slot,
          columns->head);
}

void columns_begin(struct columns *columns, const struct sequence *sequence, uint64_t t0,
                   uint64_t width, uint64_t end)
{
    uint64_t birth = sequence_birth(sequence);
    columns->sequence = *sequence;
    columns->width = width;
    columns->end = end;
    columns->at = t0;
    columns->block =
        track_find(sequence->track, sequence->blocks, sequence->oldest, t0 < birth ? birth : t0);
    columns->looked = columns->taken = columns->stride = 0;
    columns->exact = false;
    columns->found = columns->block;
    columns->looked_at = t0;
    while (columns->looked + 1 < COLUMNS_AHEAD)
        look_ahead(columns);
}

/* The segment at the column's start fills it; the column ends before it does. */
static bool in_one_segment(struct columns *columns, uint32_t block, uint64_t to, struct column *ret)
{
    if (!columns->exact || block != columns->block)
        return false;
    const struct spans *spans = sequence_spans(&columns->sequence, block);
    if (columns->slot + 1 < spans->count &&
        start_of(&columns->sequence, block) + spans->delta[columns->slot + 1] <= to)
        return false;
    struct spot spot = {block, columns->slot};
    *ret = (struct column){
        .state = spans->state[columns->slot], .exact = true, .from = spot, .to = spot};
    columns->head[ret->state] += to - columns->at;
    columns->at = to;
    return true;
}

/* The block whose start is nearest to t, which lies in `block`; and how far it is. */
static uint32_t nearest(const struct sequence *sequence, uint32_t block, uint64_t t,
                        uint64_t *ret_away)
{
    uint64_t before = t - start_of(sequence, block);
    *ret_away = before;
    if (block + 1 == sequence->blocks || start_of(sequence, block + 1) - t >= before)
        return block;
    *ret_away = start_of(sequence, block + 1) - t;
    return block + 1;
}

/* Decides from prefix sums alone, if they can. */
static bool from_sums(struct columns *columns, uint32_t block, uint64_t to, struct column *ret)
{
    const struct sequence *sequence = &columns->sequence;
    if (block - columns->block < FEW_BLOCKS)
        return false;
    uint64_t away = 0, away_too = 0, most = 0, second = 0;
    const uint64_t *from =
        sequence_sum(sequence, nearest(sequence, columns->block, columns->at, &away));
    const uint64_t *until = sequence_sum(sequence, nearest(sequence, block, to, &away_too));
    unsigned state = 0;
    for (unsigned i = 0; i < sequence->states; i++) {
        uint64_t ns = until[i] - from[i];
        if (ns >= most) {
            second = most;
            most = ns;
            state = i;
        } else if (ns > second) {
            second = ns;
        }
    }
    if (most <= second + away + away_too)
        return false;
    *ret = (struct column){.state = (uint8_t)state, .changes = CELL_MANY};
    columns->block = block;
    columns->at = to;
    columns->exact = false;
    return true;
}

/* The state with most; of equals the last. */
static uint8_t winner(const uint64_t *ns, unsigned states, uint8_t otherwise)
{
    uint64_t most = 1;
    uint8_t state = otherwise;
    for (unsigned i = 0; i < states; i++)
        if (ns[i] >= most) {
            most = ns[i];
            state = (uint8_t)i;
        }
    return state;
}

/* Goes through the segments at both ends. */
static void from_segments(struct columns *columns, uint32_t block, uint64_t to, uint8_t unborn,
                          struct column *ret)
{
    const struct sequence *sequence = &columns->sequence;
    uint64_t birth = sequence_birth(sequence), ns[LANE_STATES], before = 0;
    if (columns->at < birth) {
        before = birth - columns->at;
        columns->at = birth;
    }
    settle(columns);
    struct spot from = {columns->block, columns->slot};
    uint32_t first = sequence_spans(sequence, from.block)->first + from.slot;
    for (unsigned i = 0; i < sequence->states; i++)
        ns[i] = -columns->head[i];
    uint64_t at = columns->at - start_of(sequence, from.block);
    if (block != from.block) {
        const uint64_t *low = sequence_sum(sequence, from.block);
        const uint64_t *high = sequence_sum(sequence, block);
        for (unsigned i = 0; i < sequence->states; i++)
            ns[i] += high[i] - low[i];
        memset(columns->head, 0, sizeof columns->head);
        columns->block = block;
        columns->slot = 0;
        at = 0;
    }
    const struct spans *spans = sequence_spans(sequence, block);
    go_on(spans, at, to - start_of(sequence, block), &columns->slot, columns->head);
    columns->at = to;
    for (unsigned i = 0; i < sequence->states; i++)
        ns[i] += columns->head[i];
    ns[unborn] += before;
    uint32_t changes = spans->first + columns->slot - first + (before > 0);
    *ret = (struct column){
        .state = winner(ns, sequence->states, spans->state[columns->slot]),
        .changes = (uint8_t)(changes < CELL_MANY ? changes : CELL_MANY),
        .exact = true,
        .from = from,
        .to = {block, columns->slot},
    };
}

void columns_next(struct columns *columns, uint8_t unborn, struct column *ret)
{
    uint64_t to = columns->at + columns->width;
    if (to > columns->end)
        to = columns->end;
    uint32_t block = next_block(columns);
    bool born = columns->at >= sequence_birth(&columns->sequence);
    if (born && (in_one_segment(columns, block, to, ret) || from_sums(columns, block, to, ret)))
        return;
    from_segments(columns, block, to, unborn, ret);
}
