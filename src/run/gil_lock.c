/*
 * The GIL of a live run, on the real clock, as CPython 3.11 has it (Python/ceval_gil.h: take_gil,
 * drop_gil).
 *
 * One boolean under the mutex of a guard of its own, two conditions: `freed` (somebody gave it up)
 * and `switched` (another thread took it). Who waits does so for an interval at a time; when the
 * interval has run out and nobody else got the GIL meanwhile, it asks the holder to give it up. The
 * holder looks at that request at check points only, gives the GIL up, and then waits until another
 * thread has really taken it. Without that last wait the asked one would mostly win again:
 *
 *     holder                        waiter (asleep on `freed`)
 *     ------                        ------
 *     locked = false, signal freed
 *     goes on, wants the GIL
 *     locked is false: takes it     is woken by the kernel, finds it locked
 *
 * (the convoy effect turned round, bugs.python.org 7946; Beazley, "Understanding the Python GIL",
 * PyCon 2010).
 *
 * Who waits for a thing gives the GIL up first, under the thing's guard: guards come before this
 * mutex, and nobody waits for the GIL with a guard in hand. Waits are cut into slices, so that
 * whoever waits here notices within one that the run is to end.
 */
#include <string.h>

#include "base/clock.h"
#include "run/run.h"

enum { SLICE = 20000000 }; /* ns */

void run_gil_init(struct run *run, struct guard *guard)
{
    struct gil_lock *gil = &run->gil;
    pthread_cond_init(&gil->freed, NULL);
    pthread_cond_init(&gil->switched, NULL);
    gil->interval = run->program->options.gil;
    gil->guard = gil->interval > 0 ? guard : NULL;
    gil->object = program_thing_count(run->program);
    gil->requester = UINT32_MAX;
}

void run_gil_fini(struct run *run)
{
    pthread_cond_destroy(&run->gil.freed);
    pthread_cond_destroy(&run->gil.switched);
}

/* Waits on a condition under the GIL's mutex, until `deadline` (CLOCK_MONOTONIC) or for a slice. */
static void wait_slice(struct gil_lock *gil, pthread_cond_t *condition, uint64_t deadline)
{
    uint64_t slice = clock_now() + SLICE;
    uint64_t until = deadline < slice ? deadline : slice;
    struct timespec time = {.tv_sec = (time_t)(until / 1000000000u),
                            .tv_nsec = (long)(until % 1000000000u)};
    pthread_cond_clockwait(condition, &gil->guard->mutex, CLOCK_MONOTONIC, &time);
}

static void say(struct executor *self, uint16_t kind, uint8_t flags, int64_t value)
{
    struct gil_lock *gil = &self->run->gil;
    struct step_record record = {.kind = kind,
                                 .flags = flags,
                                 .object = gil->object,
                                 .source = self->operation.source,
                                 .value = value};
    executor_emit(self, gil->guard, &record);
}

/* Waits until the GIL is free, and asks for it when an interval has run out. Its mutex is held. */
static void wait_free(struct executor *self)
{
    struct gil_lock *gil = &self->run->gil;
    uint64_t interval = (uint64_t)gil->interval;
    uint64_t begin = clock_now(), seen = gil->switches;
    while (gil->locked && !leaving(self->run)) {
        wait_slice(gil, &gil->freed, begin + interval);
        uint64_t now = clock_now();
        if (gil->switches != seen) { /* a new holder gets an interval of its own */
            seen = gil->switches;
            begin = now;
        } else if (gil->locked && now >= begin + interval) {
            gil->requester = self->thread;
            /* Release: the holder reads it without the mutex, and then takes the mutex. */
            atomic_store_explicit(&gil->drop_request, true, memory_order_release);
            begin = now;
        }
    }
}

bool run_gil_hold(struct executor *self)
{
    struct gil_lock *gil = &self->run->gil;
    if (!gil->guard || self->holds_gil)
        return true;
    if (!executor_reserve(self))
        return false;
    pthread_mutex_lock(&gil->guard->mutex);
    uint64_t begin = clock_now();
    if (gil->locked) {
        executor_emit_plain(self, THRUM_KIND_GIL_WAIT, 0);
        wait_free(self);
    }
    bool got = !gil->locked;
    if (got) {
        gil->locked = self->holds_gil = true;
        gil->switches += gil->last_holder != self;
        gil->last_holder = self;
        atomic_store_explicit(&gil->drop_request, false, memory_order_relaxed);
        say(self, THRUM_KIND_GIL_TAKE, 0, (int64_t)(clock_now() - begin));
        pthread_cond_broadcast(&gil->switched);
    }
    pthread_mutex_unlock(&gil->guard->mutex);
    return got && !leaving(self->run);
}

void run_gil_give(struct executor *self, bool asked)
{
    struct gil_lock *gil = &self->run->gil;
    if (!gil->guard || !self->holds_gil)
        return;
    bool room = executor_reserve(self);
    pthread_mutex_lock(&gil->guard->mutex);
    bool forced = asked && atomic_load_explicit(&gil->drop_request, memory_order_relaxed);
    gil->locked = self->holds_gil = false;
    if (room)
        say(self, THRUM_KIND_GIL_DROP, forced ? THRUM_RESULT : 0,
            forced ? (int64_t)gil->requester : -1);
    pthread_cond_signal(&gil->freed);
    while (forced && gil->last_holder == self && !leaving(self->run))
        wait_slice(gil, &gil->switched, UINT64_MAX);
    pthread_mutex_unlock(&gil->guard->mutex);
}

bool run_gil_check(struct executor *self)
{
    /* Acquire: pairs with the release in wait_free(). A request seen late is seen at the next check
     * point. */
    if (!self->holds_gil ||
        !atomic_load_explicit(&self->run->gil.drop_request, memory_order_acquire))
        return true;
    run_gil_give(self, true);
    return run_gil_hold(self);
}
