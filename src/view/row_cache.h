/*
 * Rows of the timeline as they were drawn last. Of one frame and the next most columns are the same
 * ones, and what lies in the past does not change: so the history is asked for the others alone.
 * All zero is an empty one; it may go on to another history. Whoever asks holds history_lock().
 */
#ifndef THRUM_VIEW_ROW_CACHE_H
#define THRUM_VIEW_ROW_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/history.h"

/* The cells of columns [from, to), counted from the start of the run. */
struct kept_row {
    uint64_t column; /* nanoseconds each */
    uint64_t from, to;
    uint64_t epoch; /* of what was settled */
    size_t capacity;
    void *cells; /* owned: struct lane_cell, or struct object_cell */
};

struct kept_rows { /* a vector */
    struct kept_row *items;
    size_t count, capacity;
};

struct row_cache {
    struct kept_rows threads, objects; /* by number */
};

/* history_row() and history_object_row() with the marks. `cache` may be NULL: then everything is
 * asked for. */
void row_of_thread(struct row_cache *cache, const struct history *history, uint32_t thread,
                   uint64_t start, uint64_t column, size_t columns, struct lane_cell ret[]);
void row_of_object(struct row_cache *cache, const struct history *history, uint32_t object,
                   uint64_t start, uint64_t column, size_t columns, struct object_cell ret[]);

void row_cache_fini(struct row_cache *cache);

#endif
