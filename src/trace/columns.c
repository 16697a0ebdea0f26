/*
 * Which state took most of each column.
 *
 * What costs is not adding up but fetching: the blocks of many lanes lie in no cache. So where the
 * next columns end is found ahead, and what will be needed there is asked for; and a column is
 * decided, where that is possible, from two prefixes, those at the boundaries of blocks nearest to
 * its ends:
 *
 *     boundaries  |       |       |       |       |       |
 *     column          [                         )
 *     looked at           [               )             less d0 at its start, d1 at its end
 *
 * The d0 + d1 nanoseconds between can at most all belong to the first and be too much, or all
 * belong to the second and be missing: when the first leads by more than that, it is the first.
 * Else the segments of the blocks at both ends are gone through.
 */
#include <string.h>

#include "trace/history_inside.h"

enum {
    MANY_SEGMENTS = 24, /* a column with fewer is counted exactly */
    SEVERAL_BLOCKS = 8, /* over so many, bounds decide nearly always */
    WANTED_FOR = 16     /* columns, after one that bounds did not decide */
};

static uint64_t start_of(const struct sequence *sequence, uint32_t block)
{
    return sequence->track->starts.items[block];
}

static const struct prefix *prefix_of(const struct sequence *sequence, uint32_t block)
{
    return track_prefix(sequence->store, sequence->track, sequence->shape, block);
}

/* The block whose start is nearest to t, which lies in `block`. */
static uint32_t nearest(const struct sequence *sequence, uint32_t block, uint64_t t)
{
    if (block + 1 == sequence->blocks)
        return block;
    return start_of(sequence, block + 1) - t < t - start_of(sequence, block) ? block + 1 : block;
}

/* ---- one place ---- */

/* The segment that contains `t`, ns after the block's start. Without branches, which nobody could
 * predict. */
static uint32_t slot_at(const struct spans *spans, uint64_t t)
{
    uint32_t slot = 0;
    for (uint32_t step = BLOCK / 2; step > 0; step /= 2) {
        uint32_t next = slot + step;
        slot = next < spans->count && spans->delta[next] <= t ? next : slot;
    }
    return slot;
}

/* Adds the time from `at`, which lies in `slot`, to `to`: both ns after the block's start. Returns
 * the slot of `to`. */
static uint32_t add_spans(const struct spans *spans, uint32_t slot, uint64_t at, uint64_t to,
                          uint64_t *ns)
{
    uint32_t last = spans->count - 1;
    while (slot < last && spans->delta[slot + 1] <= to) {
        uint64_t next = spans->delta[slot + 1];
        ns[spans->state[slot]] += next - at;
        at = next;
        slot++;
    }
    ns[spans->state[slot]] += to - at;
    return slot;
}

static void settle(const struct sequence *sequence, struct edge *edge)
{
    if (!edge->settled)
        edge->slot = slot_at(sequence_spans(sequence, edge->block),
                             edge->at - start_of(sequence, edge->block));
    edge->settled = true;
}

/* The search begins where the block would be if all were equally long: in long runs that is near,
 * and every other place it looked at would be in no cache. */
static struct edge edge_at(const struct sequence *sequence, uint64_t t)
{
    uint64_t birth = sequence_birth(sequence);
    uint64_t last = start_of(sequence, sequence->blocks - 1);
    uint32_t steps = sequence->blocks - 1 - sequence->oldest, guess = steps;
    if (t < last)
        guess = (uint32_t)((double)(t - birth) / (double)(last - birth) * (double)steps);
    uint32_t block = track_find_near(sequence->track, sequence->blocks, sequence->oldest, guess, t);
    return (struct edge){.at = t, .block = block, .near = nearest(sequence, block, t)};
}

struct spot sequence_find(const struct sequence *sequence, uint64_t t)
{
    struct edge edge = edge_at(sequence, t);
    settle(sequence, &edge);
    return (struct spot){edge.block, edge.slot};
}

/* Up to the last block: which boundary is nearest to an end in it may still change, and what is
 * known of a column over several blocks depends on that. Not to its very start: a column that ends
 * there counts changes at that time, and more may come. */
struct row_settled sequence_settled(const struct history *history, const struct sequence *sequence)
{
    const struct spans *spans = sequence_spans(sequence, sequence->blocks - 1);
    uint64_t last = start_of(sequence, sequence->blocks - 1);
    if (sequence->blocks == 1)
        last += spans->delta[spans->count - 1];
    uint64_t until = last < history->now ? last : history->now;
    return (struct row_settled){
        .until = until ? until - 1 : 0,
        .epoch = history->epoch + sequence->track->corrections,
    };
}

void sequence_sums(const struct sequence *sequence, uint64_t t, uint64_t *ret)
{
    struct edge edge = edge_at(sequence, t);
    memcpy(ret, prefix_of(sequence, edge.block)->ns, sequence->shape->states * sizeof *ret);
    add_spans(sequence_spans(sequence, edge.block), 0, 0, t - start_of(sequence, edge.block), ret);
}

/* ---- looking ahead ---- */

static void fetch(const void *at, size_t size)
{
    for (size_t line = 0; line < size; line += 64)
        __builtin_prefetch((const char *)at + line);
    __builtin_prefetch((const char *)at + size - 1);
}

/* Goes on to the block that contains t. The step from one to the next is about the same each time,
 * so the search begins there. */
static void find_ahead(struct columns *columns, uint64_t t)
{
    const struct sequence *sequence = &columns->sequence;
    const struct track *track = sequence->track;
    uint32_t before = columns->found.block;
    uint32_t block = track_find_near(track, sequence->blocks, before, columns->stride, t);
    uint32_t stride = columns->stride = block - before;
    columns->found = (struct found){
        .block = block,
        .start = start_of(sequence, block),
        .end = block + 1 < sequence->blocks ? start_of(sequence, block + 1) : UINT64_MAX,
    };
    if (stride >= SEVERAL_BLOCKS && sequence->blocks - block > 4 * stride)
        fetch(track->starts.items + block + 4 * stride - stride / 4, stride / 2 * sizeof(uint64_t));
}

/* Finds where one more column ends, and asks for what is there. */
static void look_ahead(struct columns *columns)
{
    const struct sequence *sequence = &columns->sequence;
    const struct found *found = &columns->found;
    uint64_t left = columns->end - columns->looked_at;
    uint64_t t = columns->looked_at + (columns->width < left ? columns->width : left);
    columns->looked_at = t;
    uint32_t at = columns->looked++ % COLUMNS_AHEAD;
    bool further = t >= found->end;
    if (further)
        find_ahead(columns, t);
    uint32_t near = found->end - t < t - found->start ? found->block + 1 : found->block;
    columns->ahead[at].block = found->block;
    columns->ahead[at].near = near;
    if (!further)
        return;
    const struct prefix *prefix = prefix_of(sequence, near);
    __builtin_prefetch(prefix);
    __builtin_prefetch(&prefix->ns[columns->guess]);
    if (columns->segments_wanted)
        fetch(sequence_spans(sequence, found->block), sizeof(struct spans));
}

/* ---- a column ---- */

/* Which states occur: mostly few, so that the others need not be looked at. */
static void list_states(struct columns *columns, uint32_t states)
{
    columns->states = 0;
    for (uint8_t i = 0; states; i++, states >>= 1)
        if (states & 1)
            columns->state[columns->states++] = i;
}

void columns_begin(struct columns *columns, const struct sequence *sequence, uint64_t t0,
                   uint64_t width, uint64_t end, uint8_t unborn)
{
    uint64_t birth = sequence_birth(sequence);
    columns->sequence = *sequence;
    columns->width = width;
    columns->end = end;
    columns->at = columns->looked_at = t0;
    columns->before = t0 < birth ? birth - t0 : 0;
    columns->edge = &columns->edges[0];
    columns->edges[0] = edge_at(sequence, t0 + columns->before);
    columns->unborn = unborn;
    list_states(columns, sequence->track->states | 1u << unborn);
    columns->looked = columns->taken = columns->stride = 0;
    columns->found = (struct found){.block = columns->edge->block};
    columns->guess = unborn;
    columns->segments_wanted = WANTED_FOR;
    while (columns->looked + 1 < COLUMNS_AHEAD)
        look_ahead(columns);
}

static uint64_t away(const struct sequence *sequence, uint32_t block, uint64_t t)
{
    uint64_t boundary = start_of(sequence, block);
    return boundary > t ? boundary - t : t - boundary;
}

/* The state with most between two boundaries, when it leads by more than `unsure`; else
 * LANE_STATES. Mostly it is the one of the column before, and has more than half. */
static uint8_t leader(const struct columns *columns, const struct prefix *low,
                      const struct prefix *high, uint64_t between, uint64_t unsure)
{
    uint8_t state = columns->guess;
    if (2 * (high->ns[state] - low->ns[state]) > between + unsure)
        return state;
    uint64_t most = 0, second = 0;
    for (uint32_t i = 0; i < columns->states; i++) {
        uint64_t ns = high->ns[columns->state[i]] - low->ns[columns->state[i]];
        second = ns > most ? most : ns > second ? ns : second;
        state = ns > most ? columns->state[i] : state;
        most = ns > most ? ns : most;
    }
    return most > second + unsure ? state : LANE_STATES;
}

/* Decides from the prefixes at the boundaries nearest to the ends, if they can. */
static bool from_prefixes(struct columns *columns, const struct edge *from, const struct edge *to,
                          struct column *ret)
{
    const struct sequence *sequence = &columns->sequence;
    if (from->block == to->block)
        return false;
    uint32_t near = from->near;
    uint64_t unsure = away(sequence, near, from->at) + away(sequence, to->near, to->at);
    uint64_t between = start_of(sequence, to->near) - start_of(sequence, near);
    if (between <= unsure)
        return false;
    const struct prefix *low = prefix_of(sequence, near);
    const struct prefix *high = prefix_of(sequence, to->near);
    if (high->segments - low->segments < MANY_SEGMENTS)
        return false;
    uint8_t state = leader(columns, low, high, between, unsure);
    if (state == LANE_STATES)
        return false;
    columns->guess = state;
    *ret = (struct column){.state = state, .changes = CELL_MANY};
    return true;
}

/* The state with most; of equals the last. */
static uint8_t winner(const struct columns *columns, const uint64_t *ns, uint8_t otherwise)
{
    uint64_t most = 1;
    uint8_t state = otherwise;
    for (uint32_t i = 0; i < columns->states; i++) {
        uint8_t next = columns->state[i];
        state = ns[next] >= most ? next : state;
        most = ns[next] >= most ? ns[next] : most;
    }
    return state;
}

/* Adds what lies between two ends in one block, settles the second, and returns how many segments
 * begin between them. */
static uint64_t in_one_block(const struct sequence *sequence, const struct edge *from,
                             struct edge *to, uint64_t *ns)
{
    uint64_t start = start_of(sequence, from->block);
    to->slot = add_spans(sequence_spans(sequence, from->block), from->slot, from->at - start,
                         to->at - start, ns);
    to->settled = true;
    return to->slot - from->slot;
}

/* The same for ends in two blocks: the rest of the first, the blocks between, by their prefixes,
 * and what the second begins with. */
static uint64_t over_blocks(const struct columns *columns, const struct edge *from, struct edge *to,
                            uint64_t *ns)
{
    const struct sequence *sequence = &columns->sequence;
    const struct spans *first = sequence_spans(sequence, from->block);
    uint32_t next = from->block + 1;
    uint64_t start = start_of(sequence, from->block), changes = first->count - from->slot;
    add_spans(first, from->slot, from->at - start, start_of(sequence, next) - start, ns);
    if (next < to->block) {
        const struct prefix *low = prefix_of(sequence, next);
        const struct prefix *high = prefix_of(sequence, to->block);
        changes += high->segments - low->segments;
        for (uint32_t i = 0; i < columns->states; i++)
            ns[columns->state[i]] += high->ns[columns->state[i]] - low->ns[columns->state[i]];
    }
    to->slot = add_spans(sequence_spans(sequence, to->block), 0, 0,
                         to->at - start_of(sequence, to->block), ns);
    to->settled = true;
    return changes + to->slot;
}

static void from_segments(struct columns *columns, struct edge *from, struct edge *to,
                          uint64_t before, struct column *ret)
{
    const struct sequence *sequence = &columns->sequence;
    uint64_t ns[LANE_STATES] = {0}, changes = before > 0;
    settle(sequence, from);
    changes += from->block == to->block ? in_one_block(sequence, from, to, ns)
                                        : over_blocks(columns, from, to, ns);
    ns[columns->unborn] += before;
    *ret = (struct column){
        .state = winner(columns, ns, sequence_spans(sequence, to->block)->state[to->slot]),
        .changes = (uint8_t)(changes < CELL_MANY ? changes : CELL_MANY),
        .exact = true,
        .from = {from->block, from->slot},
        .to = {to->block, to->slot},
    };
    columns->guess = ret->state;
}

/* Whether one segment fills the column, and is not over with it. */
static bool in_one_segment(const struct sequence *sequence, struct edge *from, struct edge *to,
                           struct column *ret)
{
    if (from->block != to->block)
        return false;
    settle(sequence, from);
    const struct spans *spans = sequence_spans(sequence, from->block);
    uint32_t slot = from->slot;
    if (slot + 1 < spans->count &&
        start_of(sequence, from->block) + spans->delta[slot + 1] <= to->at)
        return false;
    struct spot spot = {from->block, slot};
    *ret = (struct column){.state = spans->state[slot], .exact = true, .from = spot, .to = spot};
    to->slot = slot;
    to->settled = true;
    return true;
}

void columns_next(struct columns *columns, struct column *ret)
{
    uint64_t before = columns->before, end = columns->end;
    look_ahead(columns);
    uint32_t place = columns->taken++ % COLUMNS_AHEAD;
    struct edge *from = columns->edge, *to = &columns->edges[from == columns->edges];
    to->block = columns->ahead[place].block;
    to->near = columns->ahead[place].near;
    to->at = end - columns->at > columns->width ? columns->at + columns->width : end;
    to->settled = false;
    columns->at = to->at;
    columns->before = 0;
    columns->edge = to;
    if (!before && in_one_segment(&columns->sequence, from, to, ret))
        return;
    if (!before && to->at < end && from_prefixes(columns, from, to, ret)) {
        columns->segments_wanted -= columns->segments_wanted > 0;
        return;
    }
    columns->segments_wanted = WANTED_FOR;
    from_segments(columns, from, to, before, ret);
}
