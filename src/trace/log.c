#include <string.h>

#include "trace/history_inside.h"

/*
 * A packed record: object in the low 24 bits of `object` and the thread's high byte above them,
 * kind in the low byte of `kind` and the thread's low byte above it. So 65,536 threads and 2^24 - 1
 * objects.
 */
enum { OBJECT_BITS = 24, OBJECT_NONE = (1 << OBJECT_BITS) - 1 };

static struct thrum_event *packed(const struct history *history, uint64_t index)
{
    struct thrum_event *block = store_at(&history->store, history->log.items[index >> LOG_SHIFT]);
    return block + (index & (LOG_BLOCK - 1));
}

void log_push(struct history *history, uint32_t thread, const struct thrum_event *event)
{
    uint64_t index = history->count;
    size_t block = (size_t)(index >> LOG_SHIFT);
    if (block == history->log.count) {
        uint32_t fresh = store_alloc(&history->store, LOG_BLOCK * sizeof(struct thrum_event));
        vector_push(&history->log, fresh);
    }
    uint64_t latest = log_latest(history);
    history->log_latest.count = (size_t)(index >> LATEST_SHIFT);
    vector_push(&history->log_latest, event->time > latest ? event->time : latest);
    uint32_t object = event->object < OBJECT_NONE ? event->object : OBJECT_NONE;
    struct thrum_event copy = *event;
    copy.kind = (uint16_t)((event->kind & 0xffu) | (thread & 0xffu) << 8);
    copy.object = object | (thread >> 8 & 0xffu) << OBJECT_BITS;
    *packed(history, index) = copy;
    history->count++;
}

void log_get(const struct history *history, uint64_t index, struct history_event *ret)
{
    ret->event = *packed(history, index);
    ret->index = index;
    ret->thread = ret->event.object >> OBJECT_BITS << 8 | ret->event.kind >> 8;
    ret->event.kind &= 0xff;
    ret->event.object &= OBJECT_NONE;
    if (ret->event.object == OBJECT_NONE)
        ret->event.object = THRUM_NONE;
}

void log_fetch(const struct history *history, uint64_t index)
{
    __builtin_prefetch(packed(history, index));
}

uint64_t log_time(const struct history *history, uint64_t index)
{
    return packed(history, index)->time;
}

uint32_t log_thread(const struct history *history, uint64_t index)
{
    const struct thrum_event *event = packed(history, index);
    return event->object >> OBJECT_BITS << 8 | event->kind >> 8;
}

uint64_t log_latest(const struct history *history)
{
    return history->count ? history->log_latest.items[(history->count - 1) >> LATEST_SHIFT] : 0;
}

void log_cut(struct history *history, uint64_t count)
{
    history->count = count;
    if ((count & ((1 << LATEST_SHIFT) - 1)) == 0)
        return;
    size_t last = (size_t)(count >> LATEST_SHIFT);
    uint64_t latest = last ? history->log_latest.items[last - 1] : 0;
    for (uint64_t i = (uint64_t)last << LATEST_SHIFT; i < count; i++)
        if (log_time(history, i) > latest)
            latest = log_time(history, i);
    history->log_latest.items[last] = latest;
}

uint64_t log_first(const struct history *history)
{
    return (uint64_t)history->log_oldest << LOG_SHIFT;
}

uint64_t log_horizon(const struct history *history)
{
    uint64_t exact = (uint64_t)(history->log_oldest + 1) << LOG_SHIFT;
    return history->store.kept == 0 ? 0 : exact < history->count ? exact : history->count;
}

uint64_t log_horizon_time(const struct history *history)
{
    uint64_t horizon = log_horizon(history);
    return horizon ? history->log_latest.items[(horizon - 1) >> LATEST_SHIFT] : 0;
}

static uint32_t log_blocks(const struct history *history)
{
    return (uint32_t)((history->count + LOG_BLOCK - 1) >> LOG_SHIFT);
}

uint64_t log_first_after(const struct history *history, size_t to)
{
    return (uint64_t)oldest_after(history->log.items, history->log_oldest, log_blocks(history), to)
           << LOG_SHIFT;
}

void log_leave(struct history *history, size_t from, size_t to)
{
    uint32_t blocks = log_blocks(history);
    history->log.count = blocks;
    history->log_oldest = oldest_after(history->log.items, history->log_oldest, blocks, to);
    if (blocks)
        block_leave(&history->store, &history->log.items[history->log_oldest],
                    LOG_BLOCK * sizeof(struct thrum_event), from, to);
}

bool log_read(const struct history *history, uint64_t index, struct history_event *ret)
{
    if (index >= history->count || index < log_first(history))
        return false;
    log_get(history, index, ret);
    return true;
}

bool history_event_at(const struct history *history, uint64_t index, struct history_event *ret)
{
    return index >= log_horizon(history) && log_read(history, index, ret);
}

uint64_t history_index_at(const struct history *history, uint64_t t)
{
    const uint64_t *latest = history->log_latest.items;
    uint64_t low = log_first(history) >> LATEST_SHIFT;
    uint64_t high = (history->count + (1 << LATEST_SHIFT) - 1) >> LATEST_SHIFT;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (latest[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    uint64_t i = low << LATEST_SHIFT;
    while (i < history->count && log_time(history, i) <= t)
        i++;
    return i < history->count ? i : history->count;
}

/* ---- lists ---- */

void list_push(struct store *store, struct list *list, uint32_t *count, uint32_t number)
{
    size_t block = *count / BLOCK;
    if (block == list->refs.count) {
        uint32_t fresh = store_alloc(store, BLOCK * sizeof(uint32_t));
        vector_push(&list->refs, fresh);
    }
    uint32_t *numbers = store_at(store, list->refs.items[block]);
    numbers[*count % BLOCK] = number;
    ++*count;
}

void list_leave(struct store *store, struct list *list, uint32_t count, size_t from, size_t to)
{
    uint32_t blocks = (count + BLOCK - 1) / BLOCK;
    list->refs.count = blocks;
    list->oldest = oldest_after(list->refs.items, list->oldest, blocks, to);
    if (blocks)
        block_leave(store, &list->refs.items[list->oldest], BLOCK * sizeof(uint32_t), from, to);
}

uint64_t list_nth(const struct store *store, const struct list *list, uint32_t count, uint64_t n)
{
    if (n >= count || n / BLOCK < list->oldest)
        return HISTORY_NONE;
    const uint32_t *numbers = store_at(store, list->refs.items[n / BLOCK]);
    return numbers[n % BLOCK];
}

/* How many entries, dropped ones included, have a time <= t. */
static uint32_t list_until(const struct history *history, const struct list *list, uint32_t count,
                           uint64_t t)
{
    uint32_t low = list->oldest * BLOCK, high = count;
    uint64_t first = log_first(history);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t index = list_nth(&history->store, list, count, middle);
        if (index < first || log_time(history, index) <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t kept_nth(const struct history *history, const struct list *list, uint32_t count,
                         uint64_t n)
{
    uint64_t index = list_nth(&history->store, list, count, n);
    return index != HISTORY_NONE && index >= log_horizon(history) ? index : HISTORY_NONE;
}

uint64_t history_thread_count(const struct history *history, uint32_t thread)
{
    return thread < history->threads.count ? history->threads.items[thread].list : 0;
}

uint64_t history_thread_nth(const struct history *history, uint32_t thread, uint64_t n)
{
    if (thread >= history->threads.count)
        return HISTORY_NONE;
    return kept_nth(history, &history->thread_lists.items[thread],
                    history->threads.items[thread].list, n);
}

uint64_t history_object_count(const struct history *history, uint32_t object)
{
    return object < history->objects.count ? history->objects.items[object].list : 0;
}

uint64_t history_object_nth(const struct history *history, uint32_t object, uint64_t n)
{
    if (object >= history->objects.count)
        return HISTORY_NONE;
    return kept_nth(history, &history->object_lists.items[object],
                    history->objects.items[object].list, n);
}

static uint32_t thread_until(const struct history *history, uint32_t thread, uint64_t t)
{
    return list_until(history, &history->thread_lists.items[thread],
                      history->threads.items[thread].list, t);
}

static uint32_t object_until(const struct history *history, uint32_t object, uint64_t t)
{
    return list_until(history, &history->object_lists.items[object],
                      history->objects.items[object].list, t);
}

uint64_t history_thread_before(const struct history *history, uint32_t thread, uint64_t t)
{
    if (thread >= history->threads.count)
        return HISTORY_NONE;
    uint32_t n = thread_until(history, thread, t);
    return n ? history_thread_nth(history, thread, n - 1) : HISTORY_NONE;
}

uint64_t history_thread_after(const struct history *history, uint32_t thread, uint64_t t)
{
    if (thread >= history->threads.count)
        return HISTORY_NONE;
    return history_thread_nth(history, thread, thread_until(history, thread, t));
}

uint64_t history_object_before(const struct history *history, uint32_t object, uint64_t t)
{
    if (object >= history->objects.count)
        return HISTORY_NONE;
    uint32_t n = object_until(history, object, t);
    return n ? history_object_nth(history, object, n - 1) : HISTORY_NONE;
}

uint64_t history_object_after(const struct history *history, uint32_t object, uint64_t t)
{
    if (object >= history->objects.count)
        return HISTORY_NONE;
    return history_object_nth(history, object, object_until(history, object, t));
}
