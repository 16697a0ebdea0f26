#include <string.h>

#include "trace/history_inside.h"

void *track_open(struct store *store, struct track *track, uint32_t n, size_t size, uint64_t start)
{
    if (n == track->refs.count) {
        vector_push(&track->refs, store_alloc(store, size));
        vector_push(&track->starts, start);
    } else if (!store_kept(store, track->refs.items[n])) {
        track->refs.items[n] = store_alloc(store, size);
    }
    track->starts.items[n] = start;
    void *block = store_at(store, track->refs.items[n]);
    memset(block, 0, size);
    return block;
}

void track_leave(struct store *store, struct track *track, uint32_t blocks, size_t size,
                 size_t from, size_t to)
{
    if (blocks == 0)
        return;
    uint32_t *ref = &track->refs.items[blocks - 1];
    size_t at = (size_t)*ref * STORE_UNIT;
    if (at < from || at >= to)
        return;
    uint32_t moved = store_alloc(store, size);
    memcpy(store_at(store, moved), store_at(store, *ref), size);
    *ref = moved;
}

uint32_t track_first(const struct store *store, const struct track *track, uint32_t blocks)
{
    uint32_t low = 0, high = blocks;
    if (store->kept == 0)
        return 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (store_kept(store, track->refs.items[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
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
