/* A live run's context: its threads, its control word, its clock. See live.h. */
#include "run/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "base/text.h"
#include "run/kernel.h"
#include "run/run.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { STACK = 8 * STACK_SIZE }; /* sanitizers need room of their own */
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
enum { STACK = 8 * STACK_SIZE };
#else
enum { STACK = STACK_SIZE };
#endif
#else
enum { STACK = STACK_SIZE };
#endif

void run_control(struct run *run, uint32_t set, uint32_t clear)
{
    uint64_t one = 1;
    pthread_mutex_lock(&run->clock_lock);
    uint32_t word = (control_word(run) | set) & ~clear;
    if ((set & CONTROL_PAUSED) && !run->paused_at)
        atomic_store_explicit(&run->paused_at, clock_now(), memory_order_release);
    if ((clear & CONTROL_PAUSED) && run->paused_at) {
        if (run->began)
            atomic_fetch_add_explicit(&run->paused_total, clock_now() - run->paused_at,
                                      memory_order_release);
        /* release: after the total, see run_time() */
        atomic_store_explicit(&run->paused_at, 0, memory_order_release);
    }
    if ((set & CONTROL_GATE) && !run->began) {
        uint64_t now = clock_now();
        if (run->paused_at)
            atomic_store_explicit(&run->paused_at, now, memory_order_release);
        atomic_store_explicit(&run->began, now, memory_order_release);
    }
    atomic_store_explicit(&run->control, word, memory_order_release);
    if (run->kick >= 0) {
        if (word & (CONTROL_PAUSED | CONTROL_QUIT | CONTROL_FINISHED)) {
            if (write(run->kick, &one, sizeof one) < 0 && errno != EAGAIN)
                die("eventfd: %s", strerror(errno));
        } else if (read(run->kick, &one, sizeof one) < 0 && errno != EAGAIN) {
            die("eventfd: %s", strerror(errno));
        }
    }
    pthread_mutex_unlock(&run->clock_lock);
    run_kick(run);
}

void run_fail(struct run *run, const char *words, int error)
{
    struct text text = {0};
    text_printf(&text, "%s: %s", words, strerror(error));
    pthread_mutex_lock(&run->error_lock);
    if (!run->error)
        run->error = text_take(&text);
    pthread_mutex_unlock(&run->error_lock);
    text_fini(&text);
    run_control(run, CONTROL_QUIT, 0);
}

const char *run_error(struct run *run)
{
    pthread_mutex_lock(&run->error_lock);
    const char *error = run->error;
    pthread_mutex_unlock(&run->error_lock);
    return error;
}

/* By whoever makes the thread: thousands that begin with asking for memory hold each other up. */
static void name_executor(struct executor *executor)
{
    struct text name = {0};
    model_thread_name(executor->run->model, executor->run->world, executor->thread, &name);
    snprintf(executor->name, sizeof executor->name, "%s", text_bytes(&name));
    text_fini(&name);
}

static struct executor *make_executor(struct run *run, uint32_t thread)
{
    struct executor *executor = aligned_alloc(64, sizeof *executor);
    if (!executor)
        die("out of memory for a thread");
    memset(executor, 0, sizeof *executor);
    executor->run = run;
    executor->thread = thread;
    name_executor(executor);
    executor->random = hash_word(run->options.seed, thread);
    executor->jitter = hash_word(~run->options.seed, thread);
    executor->deadline = INT64_MAX;
    executor->timer = -1;
    executor->voluntary = executor->involuntary = -1;
    executor->waker = UINT32_MAX;
    pthread_mutex_init(&executor->park, NULL);
    pthread_cond_init(&executor->unpark, NULL);
    thrum_ring_init(&executor->ring, run->slots + (size_t)thread * run->ring_capacity,
                    run->ring_capacity, thread, 1, &run->clock);
    return executor;
}

static int launch(struct run *run, struct executor *executor)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setaffinity_np(&attributes, sizeof run->processors, &run->processors);
    /* relaxed: the new thread is ordered by pthread_create() */
    atomic_fetch_add_explicit(&run->running, 1, memory_order_relaxed);
    int error = pthread_create(&executor->handle, &attributes, executor_main, executor);
    executor->made = !error;
    if (error)
        atomic_fetch_sub_explicit(&run->running, 1, memory_order_release);
    pthread_attr_destroy(&attributes);
    return error;
}

bool run_launch(struct run *run, uint32_t thread)
{
    struct text words = {0};
    struct executor *executor = make_executor(run, thread);
    bool attached = run->attach(run->attach_context, &executor->ring);
    pthread_mutex_lock(&run->making);
    atomic_store_explicit(&run->executors[thread], executor, memory_order_release);
    if (thread >= run->executor_end)
        atomic_store_explicit(&run->executor_end, thread + 1, memory_order_release);
    pthread_mutex_unlock(&run->making);
    int error = attached ? launch(run, executor) : EAGAIN;
    if (error) {
        text_add(&words, "cannot start thread ");
        model_thread_name(run->model, run->world, thread, &words);
        text_printf(&words, " (%u are there)",
                    (unsigned)atomic_load_explicit(&run->running, memory_order_relaxed));
        run_fail(run, text_bytes(&words), error);
        text_fini(&words);
    }
    return !error;
}

/* Many threads that compute leave the collector and the screen too little: each of them would get
 * one part in hundreds, and whoever waits for a lock that they hold as little. Niceness is enough
 * for hundreds (a weight of 110 beside 1024); SCHED_IDLE for thousands (3 beside 1024). */
static void give_way(uint32_t threads)
{
    struct sched_param none = {0};
    if (threads > CROWD && sched_setscheduler(0, SCHED_IDLE, &none) == 0)
        return;
    if (threads > MANY_THREADS) /* 0: the calling thread */
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + GIVE_WAY);
}

/* The thread has begun: the kernel's number of it is known. */
void run_enter(struct executor *self)
{
    struct run *run = self->run;
    pid_t tid = (pid_t)syscall(SYS_gettid);
    uint64_t entry = (uint64_t)tid << 32 | (self->thread + 1);
    atomic_store_explicit(&self->tid, tid, memory_order_release);
    give_way(run->program->thread_limit);
    for (uint32_t i = (uint32_t)hash_word(0, (uint64_t)tid);; i++) {
        _Atomic uint64_t *slot = &run->tids[i & run->tid_mask];
        uint64_t old = atomic_load_explicit(slot, memory_order_relaxed);
        /* a number can be used again after its thread has ended: the newer one counts */
        if (old && old >> 32 != (uint64_t)tid)
            continue;
        if (atomic_compare_exchange_strong_explicit(slot, &old, entry, memory_order_release,
                                                    memory_order_relaxed))
            return;
        i--;
    }
}

uint32_t run_thread_of(const struct run *run, pid_t tid)
{
    for (uint32_t i = (uint32_t)hash_word(0, (uint64_t)tid);; i++) {
        uint64_t entry = atomic_load_explicit(&run->tids[i & run->tid_mask], memory_order_acquire);
        if (!entry)
            return UINT32_MAX;
        if (entry >> 32 == (uint64_t)tid)
            return (uint32_t)entry - 1;
    }
}

pid_t run_tid_of(const struct run *run, uint32_t thread)
{
    if (thread >= run->executor_limit)
        return 0;
    const struct executor *executor = run_executor(run, thread);
    return executor ? atomic_load_explicit(&executor->tid, memory_order_acquire) : 0;
}

bool run_switches(const struct run *run, uint32_t thread, uint64_t *ret_voluntary,
                  uint64_t *ret_involuntary)
{
    pid_t tid = run_tid_of(run, thread);
    if (!tid)
        return false;
    const struct executor *executor = run_executor(run, thread);
    int64_t voluntary = atomic_load_explicit(&executor->voluntary, memory_order_acquire);
    if (voluntary < 0 && kernel_counts(tid, ret_voluntary, ret_involuntary))
        return true;
    voluntary = atomic_load_explicit(&executor->voluntary, memory_order_acquire);
    if (voluntary < 0)
        return false;
    *ret_voluntary = (uint64_t)voluntary;
    *ret_involuntary = (uint64_t)atomic_load_explicit(&executor->involuntary, memory_order_relaxed);
    return true;
}

/* The processors that the threads may use: the first `cpus` of those the process has. */
static void choose_processors(struct run *run)
{
    cpu_set_t all;
    CPU_ZERO(&run->processors);
    if (sched_getaffinity(0, sizeof all, &all) != 0) {
        CPU_ZERO(&all);
        CPU_SET(0, &all);
    }
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all) && (!run->options.cpus || run->cpus < run->options.cpus)) {
            CPU_SET(i, &run->processors);
            run->cpus++;
        }
}

static void reserve_rings(struct run *run)
{
    uint64_t share = RING_BYTES / sizeof(struct thrum_event) / run->executor_limit;
    run->ring_capacity = RING_MOST;
    while (run->ring_capacity > share && run->ring_capacity > RING_LEAST)
        run->ring_capacity /= 2;
    run->slots_size = (size_t)run->executor_limit * run->ring_capacity * sizeof(struct thrum_event);
    run->slots = mmap(NULL, run->slots_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (run->slots == MAP_FAILED)
        die("out of memory for the rings of %u threads", run->executor_limit);
}

struct run *run_new(const struct program *program, struct model *model,
                    const struct run_options *options, run_attach *attach, void *context)
{
    struct run *run = xcalloc(1, sizeof *run);
    run->program = program;
    run->model = model;
    run->options = *options;
    run->attach = attach;
    run->attach_context = context;
    run->executor_limit = program->thread_limit;
    run->executors = xcalloc(run->executor_limit, sizeof *run->executors);
    run->tid_mask = 63;
    while (run->tid_mask < 4 * run->executor_limit)
        run->tid_mask = 2 * run->tid_mask + 1;
    run->tids = xcalloc(run->tid_mask + 1, sizeof *run->tids);
    run->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store_explicit(&run->pace, options->pace, memory_order_relaxed);
    pthread_mutex_init(&run->making, NULL);
    pthread_mutex_init(&run->clock_lock, NULL);
    pthread_mutex_init(&run->error_lock, NULL);
    choose_processors(run);
    reserve_rings(run);
    guards_init(run);
    run_gil_init(run, &run->guards[run->guard_count - 1]);
    run->world = world_new(model);
    if (options->no_tsc)
        run->clock = (struct thrum_clock){.origin = thrum_clock_monotonic()};
    else
        thrum_clock_init(&run->clock);
    atomic_store_explicit(&run->starting, true, memory_order_relaxed);
    if (options->start_paused)
        run_control(run, CONTROL_PAUSED, 0);
    return run;
}

void run_start(struct run *run)
{
    const struct program *program = run->program;
    for (uint32_t i = 0; i < program->thread_count && !leaving(run); i++)
        if (!program->threads[i].made_only && run_launch(run, i))
            /* relaxed: for people to look at */
            atomic_fetch_add_explicit(&run->made, 1, memory_order_relaxed);
    run_control(run, CONTROL_GATE, 0); /* who is to quit does so all the same */
    /* release: pairs with run_gone() */
    atomic_store_explicit(&run->starting, false, memory_order_release);
}

bool run_started(const struct run *run, uint32_t *ret_made)
{
    *ret_made = atomic_load_explicit(&run->made, memory_order_relaxed);
    return control_word(run) & CONTROL_GATE;
}

void run_join(struct run *run)
{
    for (uint32_t i = 0; i < run->executor_limit; i++) {
        struct executor *executor = run_executor(run, i);
        if (executor && executor->made)
            pthread_join(executor->handle, NULL);
    }
}

void run_free(struct run *run)
{
    if (!run)
        return;
    for (uint32_t i = 0; i < run->executor_limit; i++) {
        struct executor *executor = run_executor(run, i);
        if (!executor)
            continue;
        if (executor->timer >= 0)
            close(executor->timer);
        effect_fini(&executor->effect);
        pthread_cond_destroy(&executor->unpark);
        pthread_mutex_destroy(&executor->park);
        free(executor);
    }
    free(run->executors);
    free(run->tids);
    run_gil_fini(run);
    guards_fini(run);
    munmap(run->slots, run->slots_size);
    world_free(run->world, run->model);
    if (run->kick >= 0)
        close(run->kick);
    pthread_mutex_destroy(&run->making);
    pthread_mutex_destroy(&run->clock_lock);
    pthread_mutex_destroy(&run->error_lock);
    free(run->error);
    free(run);
}

void run_left(struct executor *self)
{
    struct rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) == 0) {
        atomic_store_explicit(&self->involuntary, usage.ru_nivcsw, memory_order_relaxed);
        /* release: after its companion; pairs with run_switches() */
        atomic_store_explicit(&self->voluntary, usage.ru_nvcsw, memory_order_release);
    }
    /* release: all that the thread did before run_gone() says so */
    atomic_fetch_sub_explicit(&self->run->running, 1, memory_order_release);
}

bool run_gone(const struct run *run)
{
    return !atomic_load_explicit(&run->starting, memory_order_acquire) &&
           atomic_load_explicit(&run->running, memory_order_acquire) == 0;
}

bool run_finished(const struct run *run)
{
    return control_word(run) & CONTROL_FINISHED;
}

void run_pause(struct run *run, bool paused)
{
    run_control(run, paused ? CONTROL_PAUSED : 0, paused ? 0 : CONTROL_PAUSED);
}

bool run_paused(const struct run *run)
{
    return control_word(run) & CONTROL_PAUSED;
}

void run_set_pace(struct run *run, int64_t pace)
{
    atomic_store_explicit(&run->pace, pace, memory_order_relaxed);
    run_kick(run);
}

void run_quit(struct run *run)
{
    run_control(run, CONTROL_QUIT, 0);
}

uint64_t run_elapsed(const struct run *run)
{
    return (uint64_t)run_time(run);
}

const struct thrum_clock *run_clock(const struct run *run)
{
    return &run->clock;
}

uint32_t run_cpus(const struct run *run)
{
    return run->cpus;
}
