/*
 * When a search must end: its time is up, or somebody cancels it. Looking costs two relaxed loads,
 * so everything that may take long looks at every turn.
 *
 * An alarm is a thread that sleeps until the time; without a time there is none.
 */
#ifndef THRUM_EXPLORE_STOP_H
#define THRUM_EXPLORE_STOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct stop {
    _Atomic bool up;            /* the time is up; set by the alarm, relaxed: it orders nothing */
    const _Atomic bool *cancel; /* or NULL; not owned */
    bool has_alarm;
    pthread_t alarm;
    pthread_mutex_t guard;
    pthread_cond_t changed;
    uint64_t until; /* clock_now() at which the time is up; 0: never */
    bool over;      /* guarded: the alarm is not needed any more */
};

/* `until` is a clock_now(); 0: there is all the time in the world. `cancel` may be NULL. */
void stop_init(struct stop *stop, uint64_t until, const _Atomic bool *cancel);
void stop_fini(struct stop *stop);
/* More time, or less. Does nothing where there was no time. */
void stop_move(struct stop *stop, uint64_t until);

/* Any thread. */
static inline bool stop_cancelled(const struct stop *stop)
{
    return stop->cancel && atomic_load_explicit(stop->cancel, memory_order_relaxed);
}
static inline bool stop_now(const struct stop *stop)
{
    return atomic_load_explicit(&stop->up, memory_order_relaxed) || stop_cancelled(stop);
}

#endif
