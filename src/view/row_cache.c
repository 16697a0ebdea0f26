#include "view/row_cache.h"

#include <string.h>

#include "base/vector.h"

/* One of the two questions that a history answers with cells. */
struct question {
    const struct history *history;
    uint32_t number; /* of the thread or object */
    uint64_t start, column;
    struct row_settled settled;
    size_t cell;    /* bytes */
    size_t hanging; /* columns at the end of an answer that may change when it goes on */
    void (*ask)(const struct question *question, size_t first, size_t columns, void *ret);
};

static void ask_thread(const struct question *question, size_t first, size_t columns, void *ret)
{
    history_row(question->history, question->number, question->start + first * question->column,
                question->column, columns, (struct lane_cell *)ret + first);
}

static void ask_object(const struct question *question, size_t first, size_t columns, void *ret)
{
    history_object_row(question->history, question->number,
                       question->start + first * question->column, question->column, columns,
                       (struct object_cell *)ret + first);
}

static struct kept_row *row_at(struct kept_rows *rows, uint32_t number)
{
    while (rows->count <= number)
        vector_push(rows, (struct kept_row){0});
    return &rows->items[number];
}

/* Keeps what is settled of `cells`, the columns [from, to). */
static void keep(struct kept_row *row, const struct question *question, uint64_t from, uint64_t to,
                 const void *cells)
{
    uint64_t settled = question->settled.until / question->column;
    uint64_t end = settled < to ? settled : to;
    row->column = question->column;
    row->epoch = question->settled.epoch;
    row->from = from;
    row->to = end > from + question->hanging ? end - question->hanging : from;
    if (row->capacity < to - from) {
        row->capacity = to - from;
        row->cells = xrealloc(row->cells, row->capacity * question->cell);
    }
    memcpy(row->cells, cells, (row->to - from) * question->cell);
}

/* Asks for the columns that are not kept. */
static void answer(struct kept_rows *rows, const struct question *question, size_t columns,
                   char *ret)
{
    size_t cell = question->cell;
    if (!rows || question->start % question->column) {
        question->ask(question, 0, columns, ret);
        return;
    }
    struct kept_row *row = row_at(rows, question->number);
    uint64_t from = question->start / question->column, to = from + columns;
    uint64_t low = row->from > from ? row->from : from, high = row->to < to ? row->to : to;
    if (row->column != question->column || row->epoch != question->settled.epoch || low >= high)
        low = high = from;
    size_t left = low - from;
    if (left)
        question->ask(question, 0, left + question->hanging, ret);
    if (high > low)
        memcpy(ret + left * cell, (char *)row->cells + (low - row->from) * cell,
               (high - low) * cell);
    if (high < to)
        question->ask(question, high - from, to - high, ret);
    if (left || high < to)
        keep(row, question, from, to, ret);
}

void row_of_thread(struct row_cache *cache, const struct history *history, uint32_t thread,
                   uint64_t start, uint64_t column, size_t columns, struct lane_cell ret[])
{
    struct question question = {
        .history = history,
        .number = thread,
        .start = start,
        .column = column,
        .settled = history_row_settled(history, thread),
        .cell = sizeof *ret,
        .ask = ask_thread,
    };
    answer(cache ? &cache->threads : NULL, &question, columns, (char *)ret);
    history_mark_row(history, thread, start, column, columns, ret);
}

void row_of_object(struct row_cache *cache, const struct history *history, uint32_t object,
                   uint64_t start, uint64_t column, size_t columns, struct object_cell ret[])
{
    struct question question = {
        .history = history,
        .number = object,
        .start = start,
        .column = column,
        .settled = history_object_row_settled(history, object),
        .cell = sizeof *ret,
        .hanging = 1,
        .ask = ask_object,
    };
    answer(cache ? &cache->objects : NULL, &question, columns, (char *)ret);
    history_mark_object_row(history, object, start, column, columns, ret);
}

static void rows_fini(struct kept_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->items[i].cells);
    vector_fini(rows);
}

void row_cache_fini(struct row_cache *cache)
{
    rows_fini(&cache->threads);
    rows_fini(&cache->objects);
}
