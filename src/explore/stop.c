#include "explore/stop.h"

#include <signal.h>
#include <string.h>
#include <time.h>

/* Sleeps until the time, or until it is not needed any more. */
static void *watch(void *argument)
{
    struct stop *stop = argument;
    pthread_mutex_lock(&stop->guard);
    struct timespec then = {(time_t)(stop->until / 1000000000), (long)(stop->until % 1000000000)};
    while (!stop->over && pthread_cond_timedwait(&stop->changed, &stop->guard, &then) == 0)
        ;
    atomic_store_explicit(&stop->up, true, memory_order_relaxed);
    pthread_mutex_unlock(&stop->guard);
    return NULL;
}

/* Signals are for the threads that were there before. */
static bool set_alarm(struct stop *stop)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool set = pthread_create(&stop->alarm, NULL, watch, stop) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return set;
}

void stop_init(struct stop *stop, uint64_t until, const _Atomic bool *cancel)
{
    memset(stop, 0, sizeof *stop);
    stop->cancel = cancel;
    stop->until = until;
    if (!until)
        return;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&stop->guard, NULL);
    pthread_cond_init(&stop->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    stop->has_alarm = set_alarm(stop);
    if (!stop->has_alarm) /* nobody would end it: better now than never */
        atomic_store_explicit(&stop->up, true, memory_order_relaxed);
}

/* Ends the alarm. */
static void disarm(struct stop *stop)
{
    if (!stop->has_alarm)
        return;
    pthread_mutex_lock(&stop->guard);
    stop->over = true;
    pthread_cond_signal(&stop->changed);
    pthread_mutex_unlock(&stop->guard);
    pthread_join(stop->alarm, NULL);
    stop->has_alarm = stop->over = false;
}

void stop_move(struct stop *stop, uint64_t until)
{
    if (!stop->until)
        return;
    disarm(stop);
    stop->until = until;
    atomic_store_explicit(&stop->up, false, memory_order_relaxed);
    stop->has_alarm = set_alarm(stop);
    if (!stop->has_alarm)
        atomic_store_explicit(&stop->up, true, memory_order_relaxed);
}

void stop_fini(struct stop *stop)
{
    disarm(stop);
    if (stop->until) {
        pthread_cond_destroy(&stop->changed);
        pthread_mutex_destroy(&stop->guard);
    }
}
