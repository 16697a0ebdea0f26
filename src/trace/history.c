#include "trace/history.h"

#include <string.h>

#include "base/clock.h"
#include "trace/history_inside.h"

enum { SNAPSHOT_LEAST = 1024, SNAPSHOT_BYTES_A_RECORD = 4, SNAPSHOTS = 48 };

static void snapshot_fini(struct snapshot *snapshot)
{
    free(snapshot->threads);
    free(snapshot->objects);
}

/* Dropping a chunk: whatever is still needed moves out of it. */
static void leave(void *context, size_t from, size_t to)
{
    struct history *history = context;
    struct store *store = &history->store;
    uint64_t first = log_first_after(history, to);
    history->epoch++;
    for (; history->snapshots.count; history->snapshots.count--)
        snapshot_fini(&vector_last(&history->snapshots));
    for (size_t i = 0; i < history->threads.count; i++) {
        list_leave(store, &history->thread_lists.items[i], history->threads.items[i].list, from,
                   to);
        track_leave(store, &history->lanes.items[i], &lane_shape, history->threads.items[i].blocks,
                    from, to);
    }
    for (size_t i = 0; i < history->objects.count; i++) {
        list_leave(store, &history->object_lists.items[i], history->objects.items[i].list, from,
                   to);
        row_leave(history, (uint32_t)i, first, from, to);
    }
    list_leave(store, &history->wakers, history->wakes, from, to);
    list_leave(store, &history->woken, history->wakes, from, to);
    list_leave(store, &history->openings, history->opened, from, to);
    log_leave(history, from, to);
}

struct history *history_new(const struct trace_catalog *catalog)
{
    struct history *history = xcalloc(1, sizeof *history);
    pthread_mutex_init(&history->mutex, NULL);
    history->catalog = catalog;
    history->epoch = clock_now();
    history->next_snapshot = SNAPSHOT_LEAST;
    store_init(&history->store);
    history->store.leave = leave;
    history->store.leave_context = history;
    return history;
}

void history_free(struct history *history)
{
    if (!history)
        return;
    for (size_t i = 0; i < history->threads.count; i++) {
        vector_fini(&history->thread_lists.items[i].refs);
        track_fini(&history->lanes.items[i]);
    }
    for (size_t i = 0; i < history->objects.count; i++) {
        vector_fini(&history->object_lists.items[i].refs);
        track_fini(&history->rows.items[i]);
    }
    for (size_t i = 0; i < history->snapshots.count; i++)
        snapshot_fini(&history->snapshots.items[i]);
    lines_fini(history);
    vector_fini(&history->log);
    vector_fini(&history->log_latest);
    vector_fini(&history->threads);
    vector_fini(&history->thread_lists);
    vector_fini(&history->lanes);
    vector_fini(&history->objects);
    vector_fini(&history->object_lists);
    vector_fini(&history->rows);
    vector_fini(&history->wakers.refs);
    vector_fini(&history->woken.refs);
    vector_fini(&history->openings.refs);
    vector_fini(&history->snapshots);
    store_fini(&history->store);
    pthread_mutex_destroy(&history->mutex);
    free(history);
}

void history_lock(struct history *history)
{
    pthread_mutex_lock(&history->mutex);
}

void history_unlock(struct history *history)
{
    pthread_mutex_unlock(&history->mutex);
}

const struct trace_catalog *history_catalog(const struct history *history)
{
    return history->catalog;
}

uint64_t history_count(const struct history *history)
{
    return history->count;
}

uint64_t history_now(const struct history *history)
{
    return history->now;
}

uint32_t history_threads(const struct history *history)
{
    size_t known = history->catalog->threads.count;
    return (uint32_t)(known > history->threads.count ? known : history->threads.count);
}

/* ---- the present ---- */

static void thread_reset(struct thread_now *now)
{
    *now = (struct thread_now){.object = THRUM_NONE,
                               .other = THRUM_NONE,
                               .wait_event = NO_EVENT,
                               .waited = THRUM_NONE,
                               .end_event = NO_EVENT,
                               .last_own = NO_EVENT};
}

static void object_reset(const struct history *history, uint32_t object)
{
    struct object_now *now = &history->objects.items[object];
    *now = (struct object_now){.opener = NO_EVENT, .holder = THRUM_NONE};
    if (object < history->catalog->objects.count)
        now->value = history->catalog->objects.items[object].initial;
}

static void thread_get(struct history *history, uint32_t thread)
{
    while (thread >= history->threads.count) {
        struct thread_now now;
        thread_reset(&now);
        vector_push(&history->threads, now);
        vector_push(&history->thread_lists, (struct list){0});
        vector_push(&history->lanes, (struct track){0});
    }
}

struct object_now *object_get(struct history *history, uint32_t object)
{
    while (object >= history->objects.count) {
        vector_push(&history->objects, (struct object_now){0});
        vector_push(&history->object_lists, (struct list){0});
        vector_push(&history->rows, (struct track){0});
        object_reset(history, (uint32_t)history->objects.count - 1);
    }
    return &history->objects.items[object];
}

/* ---- snapshots ---- */

/*
 * Keeps the newest snapshots dense and the older ones ever sparser: when there are too many, every
 * second one of the older half goes. So going back k records costs about k more appends, whatever k
 * is.
 */
static void thin_out(struct history *history)
{
    if (history->snapshots.count < SNAPSHOTS)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < history->snapshots.count; i++) {
        struct snapshot *snapshot = &history->snapshots.items[i];
        if (i < SNAPSHOTS / 2 && i % 2)
            snapshot_fini(snapshot);
        else
            history->snapshots.items[kept++] = *snapshot;
    }
    history->snapshots.count = kept;
}

static void *copy_of(const void *items, size_t bytes)
{
    return bytes ? memcpy(xmalloc(bytes), items, bytes) : NULL;
}

/* Records from one to the next: few when what is copied is little. */
static size_t snapshot_spacing(const struct history *history)
{
    size_t bytes = history->threads.count * sizeof(struct thread_now) +
                   history->objects.count * sizeof(struct object_now);
    size_t spacing = bytes / SNAPSHOT_BYTES_A_RECORD;
    return spacing > SNAPSHOT_LEAST ? spacing : SNAPSHOT_LEAST;
}

static void take_snapshot(struct history *history)
{
    thin_out(history);
    size_t thread_bytes = history->threads.count * sizeof(struct thread_now);
    size_t object_bytes = history->objects.count * sizeof(struct object_now);
    struct snapshot snapshot = {
        .count = history->count,
        .wakes = history->wakes,
        .openings = history->opened,
        .thread_count = (uint32_t)history->threads.count,
        .object_count = (uint32_t)history->objects.count,
        .threads = copy_of(history->threads.items, thread_bytes),
        .objects = copy_of(history->objects.items, object_bytes),
    };
    vector_push(&history->snapshots, snapshot);
    history->next_snapshot = history->count + snapshot_spacing(history);
}

/* The last blocks hold as many segments as the present says. */
static void fit_blocks(struct history *history)
{
    struct store *store = &history->store;
    for (size_t i = 0; i < history->threads.count; i++) {
        const struct thread_now *now = &history->threads.items[i];
        if (now->blocks) {
            struct lane_block *block =
                store_at(store, history->lanes.items[i].refs.items[now->blocks - 1]);
            block->spans.count = now->segments;
        }
    }
    for (size_t i = 0; i < history->objects.count; i++) {
        const struct object_now *now = &history->objects.items[i];
        if (now->blocks) {
            struct row_block *block =
                store_at(store, history->rows.items[i].refs.items[now->blocks - 1]);
            block->spans.count = now->segments;
        }
    }
}

/* Restores the newest snapshot that holds at most `count` records, or the empty start. */
static void restore(struct history *history, uint64_t count)
{
    while (history->snapshots.count && vector_last(&history->snapshots).count > count) {
        snapshot_fini(&vector_last(&history->snapshots));
        history->snapshots.count--;
    }
    const struct snapshot *last =
        history->snapshots.count ? &vector_last(&history->snapshots) : NULL;
    size_t threads = last ? last->thread_count : 0, objects = last ? last->object_count : 0;
    for (size_t i = 0; i < history->threads.count; i++) {
        if (i < threads)
            history->threads.items[i] = last->threads[i];
        else
            thread_reset(&history->threads.items[i]);
    }
    for (size_t i = 0; i < history->objects.count; i++) {
        if (i < objects)
            history->objects.items[i] = last->objects[i];
        else
            object_reset(history, (uint32_t)i);
    }
    history->wakes = last ? last->wakes : 0;
    history->opened = last ? last->openings : 0;
    history->count = last ? last->count : 0;
    history->next_snapshot = history->count + snapshot_spacing(history);
    fit_blocks(history);
}

/* ---- writing ---- */

static void push_object(struct history *history, uint32_t object, uint32_t index)
{
    struct object_now *now = object_get(history, object);
    /* it may have been made room for before the catalog knew it */
    if (now->list == 0 && object < history->catalog->objects.count)
        now->value = history->catalog->objects.items[object].initial;
    list_push(&history->store, &history->object_lists.items[object], &now->list, index);
}

/* What follows from record number `index`, which is in the log already. */
static void apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                  uint32_t index)
{
    struct thread_now *now = &history->threads.items[thread];
    now->events++;
    now->steps += (event->flags & THRUM_STEP) != 0;
    list_push(&history->store, &history->thread_lists.items[thread], &now->list, index);
    uint32_t place = now->list - 1;
    if (event->time < now->last_time)
        place = lane_sort(history, thread, event->time);
    else
        now->last_time = event->time;
    if (event->object != THRUM_NONE) {
        push_object(history, event->object, index);
        history->objects.items[event->object].events++;
    }
    /* a condition's waits are also about its lock */
    bool waits = event->kind == THRUM_KIND_COND_WAIT || event->kind == THRUM_KIND_COND_REACQUIRED;
    if (waits && event->object < history->catalog->objects.count) {
        uint32_t lock = history->catalog->objects.items[event->object].lock;
        if (lock != THRUM_NONE)
            push_object(history, lock, index);
    }
    lane_apply(history, thread, event, index, place);
    rows_apply(history, thread, event, index);
}

static size_t heap_bytes(const struct history *history)
{
    size_t bytes = history->text_bytes;
    bytes += history->log.capacity * sizeof(uint32_t);
    bytes += history->log_latest.capacity * sizeof(uint64_t);
    bytes += (history->wakers.refs.capacity + history->woken.refs.capacity +
              history->openings.refs.capacity) *
             sizeof(uint32_t);
    bytes += (history->console.lines.capacity + history->notes.lines.capacity) *
             (sizeof(struct line) + sizeof(uint64_t));
    bytes += history->problems.capacity * sizeof(struct problem);
    for (size_t i = 0; i < history->threads.count; i++)
        bytes += sizeof(struct thread_now) + sizeof(struct list) +
                 history->thread_lists.items[i].refs.capacity * sizeof(uint32_t) +
                 track_heap(&history->lanes.items[i]);
    for (size_t i = 0; i < history->objects.count; i++)
        bytes += sizeof(struct object_now) + sizeof(struct list) +
                 history->object_lists.items[i].refs.capacity * sizeof(uint32_t) +
                 track_heap(&history->rows.items[i]);
    for (size_t i = 0; i < history->snapshots.count; i++)
        bytes += history->snapshots.items[i].thread_count * sizeof(struct thread_now) +
                 history->snapshots.items[i].object_count * sizeof(struct object_now);
    return bytes;
}

uint64_t history_append(struct history *history, uint32_t thread, const struct thrum_event *event)
{
    uint64_t index = history->count;
    if (index >= NO_EVENT)
        die("the history holds at most %u records", NO_EVENT);
    if (history->count >= history->next_snapshot && history->store.kept == 0)
        take_snapshot(history);
    if (history->store.limit && (index & (LOG_BLOCK - 1)) == 0)
        history->store.besides = heap_bytes(history);
    if (thread > THREAD_MOST)
        die("the history holds at most %u threads", THREAD_MOST + 1);
    thread_get(history, thread);
    struct thrum_event own = *event;
    if (own.kind >= THRUM_KINDS)
        own.kind = THRUM_KIND_NONE;
    if (own.object >= (1u << 24) - 1)
        own.object = THRUM_NONE;
    if (own.kind == THRUM_KIND_STUCK) {
        const struct thread_now *now = &history->threads.items[thread];
        own.object = now->object;
        own.value = now->other == THRUM_NONE ? -1 : (int64_t)now->other;
        own.source = now->blocked_source;
    }
    log_push(history, thread, &own);
    apply(history, thread, &own, (uint32_t)index);
    if (own.time > history->now)
        history->now = own.time;
    return index;
}

void history_advance(struct history *history, uint64_t now)
{
    if (now > history->now)
        history->now = now;
}

void history_truncate(struct history *history, uint64_t count, uint64_t now)
{
    if (history->store.kept)
        die("a history that has dropped records can not go back");
    history->epoch++;
    if (count < history->count) {
        history->store.cooling = true; /* nothing leaves while it is built again */
        restore(history, count);
        for (uint64_t i = history->count; i < count; i++) {
            struct history_event event;
            if (i >= history->next_snapshot)
                take_snapshot(history);
            log_get(history, i, &event);
            history->count = i + 1;
            apply(history, event.thread, &event.event, (uint32_t)i);
        }
        history->store.cooling = false;
        log_cut(history, count);
        lines_cut(history, count);
    }
    uint64_t latest = log_latest(history);
    history->now = now > latest ? now : latest;
}

void history_limit(struct history *history, size_t bytes, const char *folder)
{
    store_limit(&history->store, bytes, folder);
}

struct history_memory history_memory(const struct history *history)
{
    const struct store *store = &history->store;
    return (struct history_memory){
        .resident = store->used - (store->used < store->cold ? store->used : store->cold) +
                    heap_bytes(history),
        .spilled = store->cold - store->kept,
        .horizon = log_horizon(history),
        .failed = store->failed,
    };
}

bool history_full(const struct history *history)
{
    enum { RECORDS_LEFT = 1 << 20, BYTES_LEFT = 64 << 20 };
    return history->count >= NO_EVENT - RECORDS_LEFT ||
           history->store.opened + BYTES_LEFT > history->store.reserved;
}

/* ---- statistics ---- */

void history_thread_statistics(const struct history *history, uint32_t thread,
                               struct thread_statistics *ret)
{
    memset(ret, 0, sizeof *ret);
    lane_totals(history, thread, ret->ns);
    if (thread >= history->threads.count)
        return;
    const struct thread_now *now = &history->threads.items[thread];
    ret->events = now->events;
    ret->steps = now->steps;
    ret->preempted = now->preempted;
    ret->blocked = now->blocked;
    ret->waits = now->waits;
}

void history_object_statistics(const struct history *history, uint32_t object,
                               struct object_statistics *ret)
{
    memset(ret, 0, sizeof *ret);
    if (object >= history->objects.count)
        return;
    const struct object_now *now = &history->objects.items[object];
    ret->events = now->events;
    ret->acquisitions = now->acquisitions;
    ret->contended = now->contended;
    ret->failed = now->failed;
    ret->wait_total = now->wait_total;
    ret->wait_max = now->wait_max;
    ret->hold_total = now->hold_total;
    ret->hold_max = now->hold_max;
    bool held =
        row_is_lock(catalog_object_type(history->catalog, object)) && now->holder != THRUM_NONE;
    uint64_t so_far = held && history->now > now->hold_since ? history->now - now->hold_since : 0;
    ret->hold_total += so_far;
    if (so_far > ret->hold_max)
        ret->hold_max = so_far;
    ret->waiters_max = now->waiters_max;
}
