#include <string.h>

#include "trace/history_inside.h"

/* Adds the time from the block's start to `end`. */
static void add_spans(const struct spans *spans, uint64_t start, uint64_t end, uint64_t *ns)
{
    for (uint32_t i = 0; i + 1 < spans->count; i++)
        ns[spans->state[i]] += spans->delta[i + 1] - spans->delta[i];
    uint32_t last = spans->count - 1;
    uint64_t from = start + spans->delta[last];
    if (end > from)
        ns[spans->state[last]] += end - from;
}

static size_t page_size(const struct track *track, const struct track_shape *shape, uint32_t page)
{
    return (page > 0 || track->grown ? PAGE : FIRST_PAGE) * track_prefix_size(shape);
}

/* Makes room for the prefix of block `n`. */
static void open_page(struct store *store, struct track *track, const struct track_shape *shape,
                      uint32_t n)
{
    uint32_t page = n / PAGE;
    if (n == FIRST_PAGE && !track->grown) {
        size_t size = page_size(track, shape, 0);
        uint32_t larger = store_alloc(store, PAGE * track_prefix_size(shape));
        memcpy(store_at(store, larger), store_at(store, track->pages.items[0]), size);
        track->pages.items[0] = larger;
        track->grown = true;
    } else if (page == track->pages.count) {
        uint32_t fresh = store_alloc(store, page_size(track, shape, page));
        vector_push(&track->pages, fresh);
    }
}

static void open_prefix(struct store *store, struct track *track, const struct track_shape *shape,
                        uint32_t n, uint64_t start)
{
    open_page(store, track, shape, n);
    struct prefix *prefix = track_prefix(store, track, shape, n);
    if (n == 0) {
        memset(prefix, 0, track_prefix_size(shape));
        return;
    }
    const struct spans *before = store_at(store, track->refs.items[n - 1]);
    memcpy(prefix, track_prefix(store, track, shape, n - 1), track_prefix_size(shape));
    prefix->segments += before->count;
    add_spans(before, track->starts.items[n - 1], start, prefix->ns);
}

void *track_open(struct store *store, struct track *track, const struct track_shape *shape,
                 uint32_t n, uint64_t start)
{
    open_prefix(store, track, shape, n, start);
    if (n == track->refs.count) {
        uint32_t fresh = store_alloc(store, shape->block);
        vector_push(&track->refs, fresh);
        vector_push(&track->starts, start);
    }
    track->starts.items[n] = start;
    void *block = store_at(store, track->refs.items[n]);
    memset(block, 0, shape->block);
    return block;
}

void block_leave(struct store *store, uint32_t *ref, size_t size, size_t from, size_t to)
{
    size_t at = (size_t)*ref * STORE_UNIT;
    if (at < from || at >= to)
        return;
    uint32_t moved = store_alloc(store, size);
    memcpy(store_at(store, moved), store_at(store, *ref), size);
    *ref = moved;
}

uint32_t oldest_after(const uint32_t *refs, uint32_t oldest, uint32_t blocks, size_t to)
{
    while (oldest + 1 < blocks && (size_t)refs[oldest + 1] * STORE_UNIT < to)
        oldest++;
    return oldest;
}

void track_leave(struct store *store, struct track *track, const struct track_shape *shape,
                 uint32_t blocks, size_t from, size_t to)
{
    track->refs.count = track->starts.count = blocks;
    track->pages.count = (blocks + PAGE - 1) / PAGE;
    if (blocks == 0)
        return;
    track->oldest = oldest_after(track->refs.items, track->oldest, blocks, to);
    block_leave(store, &track->refs.items[track->oldest], shape->block, from, to);
    /* the page of the next block may lie just before the boundary, and the block after it */
    for (uint32_t n = track->oldest / PAGE, i = 0; i < 2 && n < track->pages.count; i++, n++)
        block_leave(store, &track->pages.items[n], page_size(track, shape, n), from, to);
}

void track_fini(struct track *track)
{
    vector_fini(&track->starts);
    vector_fini(&track->refs);
    vector_fini(&track->pages);
}

size_t track_heap(const struct track *track)
{
    return sizeof *track + track->starts.capacity * sizeof(uint64_t) +
           (track->refs.capacity + track->pages.capacity) * sizeof(uint32_t);
}

uint32_t track_find(const struct track *track, uint32_t blocks, uint32_t from, uint64_t t)
{
    const uint64_t *starts = track->starts.items;
    uint32_t low = from, step = 1;
    while (low + step < blocks && starts[low + step] <= t) {
        low += step;
        step *= 2;
    }
    uint32_t high = blocks - low < step ? blocks : low + step;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (starts[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t track_find_near(const struct track *track, uint32_t blocks, uint32_t from, uint32_t stride,
                         uint64_t t)
{
    const uint64_t *starts = track->starts.items;
    uint32_t guess = stride < blocks - from ? from + stride : blocks - 1, step = 1;
    if (starts[guess] <= t)
        return track_find(track, blocks, guess, t);
    while (guess - from > step && starts[guess - step] > t) {
        guess -= step;
        step *= 2;
    }
    /* the start of `guess` is after t; that of `low` is not */
    uint32_t low = guess - from > step ? guess - step : from;
    while (guess - low > 1) {
        uint32_t middle = low + (guess - low) / 2;
        if (starts[middle] <= t)
            low = middle;
        else
            guess = middle;
    }
    return low;
}
