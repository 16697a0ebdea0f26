/*
 * The machine's clock, and what threads do with time: sleep, I/O, computing, pauses.
 *
 * The run's clock is CLOCK_MONOTONIC less the pauses. Deadlines are kept on the run's clock, and
 * become real ones each time a thread begins to wait in the kernel; whoever changes the control
 * word kicks all executors, and they compute anew. So a pause needs to know nothing about who waits
 * for what, and every wait goes on with its remainder.
 *
 *     sleeper                                     pause, resume
 *     real deadline = 10.5 s, waits
 *                                                 10.1 s: paused, kick: waits without a deadline
 *                                                 12.1 s: paused_total += 2 s, kick
 *     real deadline = 12.5 s, waits
 *
 * A kick comes after the control word was changed, and signals under `park`. A waiting thread looks
 * at the control word and goes to sleep without giving `park` in between, so it either sees the new
 * word or gets the signal.
 *
 * Who kicks does not wait for `park`. A thread of a crowd may have been taken off its processor
 * with it in hand, and come back after a second; the screen cannot wait that long. Such a thread is
 * marked `missed`, and the run's keeper tries again each millisecond until it has been reached.
 */
#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/run.h"

static const int64_t NEVER = INT64_MAX;

int64_t run_time(const struct run *run)
{
    uint64_t began = atomic_load_explicit(&run->began, memory_order_acquire);
    /* In this order: run_pause() raises the total before it clears paused_at (release), so who
     * reads 0 here (acquire) has the new total, and who reads the old paused_at gets a time that is
     * early, never late. */
    uint64_t paused_at = atomic_load_explicit(&run->paused_at, memory_order_acquire);
    uint64_t total = atomic_load_explicit(&run->paused_total, memory_order_acquire);
    uint64_t now = paused_at ? paused_at : clock_now();
    return began && now > began + total ? (int64_t)(now - began - total) : 0;
}

static struct timespec real_time(const struct run *run, int64_t deadline)
{
    uint64_t at = atomic_load_explicit(&run->began, memory_order_acquire) +
                  atomic_load_explicit(&run->paused_total, memory_order_acquire);
    if (__builtin_add_overflow(at, (uint64_t)deadline, &at) || at > INT64_MAX)
        at = INT64_MAX;
    return (struct timespec){.tv_sec = (time_t)(at / 1000000000u),
                             .tv_nsec = (long)(at % 1000000000u)};
}

void executor_wait(struct executor *self, int64_t deadline)
{
    const struct run *run = self->run;
    if (deadline == NEVER || (control_word(run) & CONTROL_PAUSED)) {
        pthread_cond_wait(&self->unpark, &self->park);
    } else {
        struct timespec until = real_time(run, deadline);
        pthread_cond_clockwait(&self->unpark, &self->park, CLOCK_MONOTONIC, &until);
    }
}

static void kick_one(struct executor *executor)
{
    if (pthread_mutex_trylock(&executor->park) == 0) {
        pthread_cond_signal(&executor->unpark);
        pthread_mutex_unlock(&executor->park);
        return;
    }
    /* release, in this order: pairs with run_attend(), which looks at the run's first */
    atomic_store_explicit(&executor->missed, true, memory_order_release);
    atomic_store_explicit(&executor->run->missed, true, memory_order_release);
}

void run_kick(struct run *run)
{
    uint32_t end = atomic_load_explicit(&run->executor_end, memory_order_acquire);
    for (uint32_t i = 0; i < end; i++) {
        struct executor *executor = run_executor(run, i);
        if (executor)
            kick_one(executor);
    }
}

void run_attend(struct run *run)
{
    /* acquire: pairs with kick_one() */
    if (!atomic_exchange_explicit(&run->missed, false, memory_order_acquire))
        return;
    uint32_t end = atomic_load_explicit(&run->executor_end, memory_order_acquire);
    for (uint32_t i = 0; i < end; i++) {
        struct executor *executor = run_executor(run, i);
        if (executor && atomic_exchange_explicit(&executor->missed, false, memory_order_acquire))
            kick_one(executor);
    }
}

bool executor_sleep(struct executor *self, int64_t deadline)
{
    struct run *run = self->run;
    pthread_mutex_lock(&self->park);
    while (!leaving(run) && run_time(run) < deadline)
        executor_wait(self, deadline);
    pthread_mutex_unlock(&self->park);
    return !leaving(run);
}

bool executor_pass(struct executor *self)
{
    struct run *run = self->run;
    uint32_t word = control_word(run);
    if (__builtin_expect((word & (CONTROL_GATE | CONTROL_PAUSED | CONTROL_QUIT |
                                  CONTROL_FINISHED)) == CONTROL_GATE,
                         1))
        return true;
    bool said = (word & (CONTROL_GATE | CONTROL_PAUSED)) == (CONTROL_GATE | CONTROL_PAUSED) &&
                thrum_ring_reserve(&self->ring, STEP_ROOM);
    if (said)
        executor_emit_plain(self, THRUM_KIND_PACE_BEGIN, 0);
    pthread_mutex_lock(&self->park);
    while (!leaving(run) && (control_word(run) & (CONTROL_GATE | CONTROL_PAUSED)) != CONTROL_GATE)
        executor_wait(self, NEVER);
    pthread_mutex_unlock(&self->park);
    if (said)
        executor_emit_plain(self, THRUM_KIND_PACE_END, 0);
    return !leaving(run);
}

/* Waits for the timer or a kick, whichever comes first; where there is no timer, for the time
 * alone. */
static void wait_timer(struct executor *self, int64_t left)
{
    struct pollfd fds[2] = {{.fd = self->timer, .events = POLLIN},
                            {.fd = self->run->kick, .events = POLLIN}};
    struct timespec span = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    if (self->timer >= 0) {
        struct itimerspec spec = {.it_value = span};
        timerfd_settime(self->timer, 0, &spec, NULL);
        if (poll(fds, 2, -1) > 0 && (fds[0].revents & POLLIN)) {
            uint64_t expirations;
            if (read(self->timer, &expirations, sizeof expirations) < 0 && errno != EAGAIN)
                return;
        }
    } else {
        ppoll(fds + 1, 1, &span, NULL);
    }
}

bool executor_io(struct executor *self, int64_t duration)
{
    struct run *run = self->run;
    int64_t now = run_time(run), deadline;
    if (__builtin_add_overflow(now, duration, &deadline))
        deadline = NEVER;
    if (self->timer < 0)
        self->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    while ((now = run_time(run)) < deadline) {
        if (leaving(run))
            return false;
        if (control_word(run) & CONTROL_PAUSED) {
            pthread_mutex_lock(&self->park);
            while (!leaving(run) && (control_word(run) & CONTROL_PAUSED))
                executor_wait(self, NEVER);
            pthread_mutex_unlock(&self->park);
        } else {
            wait_timer(self, deadline - now);
        }
    }
    return !leaving(run);
}

static int64_t own_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Some ten microseconds of work that the compiler cannot take away. */
static void burn(void)
{
    for (int i = 0; i < 4000; i++)
        __asm__ volatile("" ::: "memory");
}

bool executor_compute(struct executor *self, int64_t duration)
{
    struct run *run = self->run;
    int64_t begin = own_time();
    while (own_time() - begin < duration) {
        uint32_t word = control_word(run);
        if (word & (CONTROL_QUIT | CONTROL_FINISHED))
            return false;
        if (word & CONTROL_PAUSED) {
            pthread_mutex_lock(&self->park);
            while (!leaving(run) && (control_word(run) & CONTROL_PAUSED))
                executor_wait(self, NEVER);
            pthread_mutex_unlock(&self->park);
        } else if (!run_gil_check(self)) {
            return false;
        } else {
            burn();
        }
    }
    return !leaving(run);
}
