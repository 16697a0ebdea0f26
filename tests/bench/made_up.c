#include "made_up.h"

#include <time.h>

#include "base/hash.h"

struct made_up {
    uint64_t seed, time;
    uint32_t owner[MADE_UP_LOCKS];
    struct {
        uint32_t waits, holds;
        bool sleeps;
    } threads[MADE_UP_THREADS];
};

static bool make(struct made_up *run, uint32_t *ret_thread, struct thrum_event *ret)
{
    uint32_t thread = (uint32_t)random_below(&run->seed, MADE_UP_THREADS);
    uint32_t lock = (uint32_t)random_below(&run->seed, MADE_UP_LOCKS);
    run->time += 1 + random_below(&run->seed, 200);
    *ret_thread = thread;
    *ret = (struct thrum_event){
        .time = run->time, .object = THRUM_NONE, .source = THRUM_SOURCE(lock + 1, 5), .flags = 1};
    if (run->threads[thread].sleeps) {
        run->threads[thread].sleeps = false;
        ret->kind = THRUM_KIND_SLEEP_END;
        return true;
    }
    if (run->threads[thread].waits != THRUM_NONE) {
        lock = run->threads[thread].waits;
        if (run->owner[lock] != THRUM_NONE)
            return false;
        run->threads[thread].waits = THRUM_NONE;
    } else if (run->threads[thread].holds != THRUM_NONE) {
        ret->object = MADE_UP_LOCKS;
        ret->kind = THRUM_KIND_LOAD;
        if (random_below(&run->seed, 3) == 0) {
            ret->object = run->threads[thread].holds;
            ret->kind = THRUM_KIND_RELEASE;
            run->owner[ret->object] = run->threads[thread].holds = THRUM_NONE;
        }
        return true;
    } else if (random_below(&run->seed, 4) == 0) {
        run->threads[thread].sleeps = true;
        ret->kind = THRUM_KIND_SLEEP_BEGIN;
        return true;
    }
    ret->object = lock;
    if (run->owner[lock] != THRUM_NONE) {
        run->threads[thread].waits = lock;
        ret->kind = THRUM_KIND_WAIT_BEGIN;
        return true;
    }
    run->owner[lock] = thread;
    run->threads[thread].holds = lock;
    ret->kind = THRUM_KIND_ACQUIRE;
    ret->value = 1;
    return true;
}

uint64_t own_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void made_up_catalog(struct trace_catalog *catalog)
{
    *catalog = (struct trace_catalog){0};
    for (int i = 0; i < MADE_UP_THREADS; i++)
        catalog_add_thread(catalog, "thread", false, THRUM_NONE);
    for (uint32_t i = 0; i <= MADE_UP_LOCKS; i++) {
        catalog_add_object(catalog, "lock", i < MADE_UP_LOCKS ? TRACE_LOCK : TRACE_VARIABLE);
        catalog->objects.items[i].guard = i;
    }
}

struct history *made_up_history(const struct trace_catalog *catalog, uint64_t records,
                                double *ret_ns)
{
    struct made_up run = {.seed = 1};
    struct history *history = history_new(catalog);
    for (int i = 0; i < MADE_UP_LOCKS; i++)
        run.owner[i] = THRUM_NONE;
    for (int i = 0; i < MADE_UP_THREADS; i++)
        run.threads[i].waits = run.threads[i].holds = THRUM_NONE;
    uint64_t start = own_time(), made = 0;
    while (made < records) {
        struct thrum_event event;
        uint32_t thread = 0;
        if (!make(&run, &thread, &event))
            continue;
        history_append(history, thread, &event);
        made++;
    }
    history_advance(history, run.time);
    if (ret_ns)
        *ret_ns = (double)(own_time() - start) / (double)records;
    return history;
}
