/* See follower.h. What a step means is in follower_steps.c. */
#include "session/follower.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/die.h"
#include "session/follower_inside.h"

enum {
    PERIOD = 1000000, /* ns between two looks at the rings */
    BUSY = 1000,      /* records in one look after which the next follows at once */
    LOOK_EVERY = 128, /* records between two looks whether somebody wants the lock */
};

/* ns that a run waits for the threads of those before it; one that the kernel does not let go would
 * hold it up for ever. */
static const uint64_t PATIENCE = 3000000000;
static const size_t DEFAULT_MEMORY = (size_t)2 << 30;

/* Lets in who waits for the lock. */
static void make_way(struct follower *follower)
{
    if (!atomic_load_explicit(&follower->visitors, memory_order_relaxed))
        return;
    history_unlock(follower->history);
    while (atomic_load_explicit(&follower->visitors, memory_order_relaxed))
        sched_yield();
    history_lock(follower->history);
}

static void note_time(struct follower *follower, uint64_t time)
{
    if (time > follower->newest)
        follower->newest = time;
}

/* Relaxed: a hint; who reads it late merges a little more. */
static bool abandoned(const struct follower *follower)
{
    return atomic_load_explicit(&follower->abandoned, memory_order_relaxed);
}

/* Puts what the kernel has told of up to `time` where it belongs. Told ahead of the threads' own
 * records, which come through the rings a little later, it would make each of these a late one. */
static void feed_switches(struct follower *follower, uint64_t time)
{
    while (follower->switches_fed < follower->switches.count) {
        const struct follower_switch *next = &follower->switches.items[follower->switches_fed];
        if (next->event.time > time)
            return;
        /* of a run that is over, what belongs to its time */
        if (!follower->full && (!follower->over || next->event.time <= follower->newest))
            history_append(follower->history, next->thread, &next->event);
        follower->switches_fed++;
    }
    follower->switches.count = follower->switches_fed = 0;
}

/* A record in merged order. */
static void deliver(void *context, uint32_t thread, const struct thrum_event *event)
{
    struct follower *follower = context;
    if (++follower->delivered % LOOK_EVERY == 0)
        make_way(follower);
    if (abandoned(follower))
        return;
    if (follower->over) /* daemons stand still; what they did since is not part of the run */
        return;
    if (event->kind == THRUM_KIND_THREAD_START || event->kind == THRUM_KIND_THREAD_BEGIN)
        steps_thread(follower, event);
    if (history_full(follower->history)) {
        follower->over = follower->full = true;
        follower->ended_at = run_elapsed(follower->run);
        run_quit(follower->run);
        return;
    }
    feed_switches(follower, event->time);
    uint64_t index = history_append(follower->history, thread, event);
    note_time(follower, event->time);
    follower->delivered_time = event->time;
    assessor_record(follower->assessor, thread, event, index);
    follower->maybe_stuck |= steps_may_block(event->kind);
    uint64_t defects = follower->shadow.defects;
    if (shadow_take(&follower->shadow, thread, event))
        steps_take(follower, thread, event, index);
    if (follower->shadow.defects != defects)
        steps_defect(follower);
}

static void take_switch(void *context, const struct kernel_record *record)
{
    struct follower *follower = context;
    uint32_t thread = run_thread_of(follower->run, record->tid);
    uint64_t time = record->time + follower->kernel_offset;
    if (thread == UINT32_MAX)
        return;
    struct thrum_event event = {.time = time,
                                .object = THRUM_NONE,
                                .processor = (uint8_t)record->processor,
                                .value = record->processor};
    switch (record->what) {
    case KERNEL_PREEMPTED: event.kind = THRUM_KIND_SWITCH_PREEMPTED; break;
    case KERNEL_BLOCKED: event.kind = THRUM_KIND_SWITCH_BLOCKED; break;
    case KERNEL_IN: event.kind = THRUM_KIND_SWITCH_IN; break;
    }
    vector_push(&follower->switches, (struct follower_switch){thread, event});
}

/* One look at everything. Returns how many records there were. */
static uint64_t look(struct follower *follower)
{
    const struct thrum_clock *clock = run_clock(follower->run);
    history_lock(follower->history);
    uint64_t before = history_count(follower->history);
    uint64_t now = thrum_clock_now(clock);
    follower->kernel_offset = now - clock_now();
    collector_poll(follower->collector);
    if (history_count(follower->history) == before && !collector_pending(follower->collector))
        feed_switches(follower, UINT64_MAX); /* nobody has anything to tell from before */
    if (follower->kernel)
        kernel_poll(follower->kernel, take_switch, follower);
    if (!abandoned(follower))
        steps_stuck(follower);
    if (!follower->over && !follower->nobody) /* ended: its clock stands still */
        history_advance(follower->history, now > follower->newest ? now : follower->newest);
    size_t pending = collector_pending(follower->collector);
    atomic_store_explicit(&follower->lag_events, pending, memory_order_relaxed);
    atomic_store_explicit(
        &follower->lag,
        pending && now > follower->delivered_time ? (int64_t)(now - follower->delivered_time) : 0,
        memory_order_relaxed);
    uint64_t news = history_count(follower->history) - before;
    if (history_problem_count(follower->history) != follower->problems) {
        follower->problems = history_problem_count(follower->history);
        follower_changed(follower, SESSION_CHANGED_PROBLEMS | SESSION_CHANGED_STATUS);
    }
    history_unlock(follower->history);
    if (news)
        follower_changed(follower, SESSION_CHANGED_HISTORY);
    return news;
}

/* All threads have left: what is still in the rings, and then no more. */
static void finish(struct follower *follower)
{
    struct text words = {0};
    history_lock(follower->history);
    size_t missing = collector_finish(follower->collector, &words);
    if (missing && !follower->over && !follower->shadow.defects) {
        follower->shadow.defects++;
        text_printf(&follower->shadow.defect, "%zu records never found their predecessors: %s",
                    missing, text_bytes(&words));
        steps_defect(follower);
    }
    if (follower->kernel)
        kernel_poll(follower->kernel, take_switch, follower);
    feed_switches(follower, UINT64_MAX);
    steps_stuck(follower);
    history_unlock(follower->history);
    text_fini(&words);
    follower_changed(follower, SESSION_CHANGED_STATUS | SESSION_CHANGED_HISTORY);
}

static void take_a_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PERIOD}, NULL);
}

/* A crowd that is made while another one computes or leaves takes many seconds: each thread's
 * making and leaving needs locks of the C library and of the kernel which threads of the other hold
 * while they wait for a processor. */
static void wait_for_earlier_runs(const struct follower *follower)
{
    uint64_t begin = clock_now();
    /* acquire: pairs with the release in follow(), after the threads there were joined */
    while (follower->runs && atomic_load_explicit(follower->runs, memory_order_acquire) > 1 &&
           !abandoned(follower) && clock_now() - begin < PATIENCE)
        take_a_nap();
}

/* The kernel tells of the threads that this one makes. */
static void open_kernel(struct follower *follower)
{
    struct kernel *kernel = follower->kernel_wanted ? kernel_open() : NULL;
    history_lock(follower->history);
    follower->kernel = kernel;
    history_unlock(follower->history);
}

/* The life of the follower's thread, which is the run's keeper. */
static void *follow(void *context)
{
    struct follower *follower = context;
    pthread_setname_np(pthread_self(), "thrum-collector");
    wait_for_earlier_runs(follower);
    open_kernel(follower);
    run_start(follower->run);
    while (!run_gone(follower->run)) {
        run_attend(follower->run);
        if (look(follower) < BUSY) /* else the rings may be full again already */
            take_a_nap();
    }
    if (!abandoned(follower)) {
        look(follower);
        finish(follower);
    }
    run_join(follower->run);
    if (follower->runs)
        atomic_fetch_sub_explicit(follower->runs, 1, memory_order_release);
    /* release: all that the thread did before follower_done() says so */
    atomic_store_explicit(&follower->done, true, memory_order_release);
    return NULL;
}

/* Without the thread there is no run: it says why, and nobody counts it. */
static void start_following(struct follower *follower)
{
    if (follower->runs) /* relaxed: the new thread is ordered by pthread_create() */
        atomic_fetch_add_explicit(follower->runs, 1, memory_order_relaxed);
    int error = pthread_create(&follower->thread, NULL, follow, follower);
    follower->followed = !error;
    if (!error)
        return;
    if (follower->runs)
        atomic_fetch_sub_explicit(follower->runs, 1, memory_order_relaxed);
    run_fail(follower->run, "cannot start the collector's thread", error);
}

static bool attach(void *context, struct thrum_ring *ring)
{
    struct follower *follower = context;
    return collector_add(follower->collector, ring);
}

static void limit_memory(struct follower *follower, const struct session_options *options)
{
    struct text folder = {0};
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/')
        text_printf(&folder, "%s/thrum", cache);
    else if (home)
        text_printf(&folder, "%s/.cache/thrum", home);
    history_limit(follower->history, options->memory ? options->memory : DEFAULT_MEMORY,
                  folder.length ? text_bytes(&folder) : NULL);
    text_fini(&folder);
}

struct follower *follower_new(const struct program *program, struct model *model,
                              const struct session_options *options)
{
    struct follower *follower = xcalloc(1, sizeof *follower);
    struct run_options run_options = {.pace = options->pace,
                                      .cpus = options->cpus ? options->cpus : program->options.cpus,
                                      .seed = options->seed,
                                      .jitter = options->jitter,
                                      .no_tsc = options->no_tsc,
                                      .start_paused = options->start_paused};
    follower->program = program;
    follower->model = model;
    shadow_init(&follower->shadow, program, model);
    catalog_fill(&follower->catalog, program, true);
    follower->history = history_new(&follower->catalog);
    limit_memory(follower, options);
    follower->collector = collector_new(&follower->catalog, deliver, follower);
    follower->assessor = assessor_new(model, follower->history, true);
    assessor_stuck_on_request(follower->assessor);
    assessor_begin(follower->assessor, follower->shadow.world, 0);
    follower->maybe_stuck = true;
    follower->kernel_wanted = !options->no_kernel;
    follower->runs = options->runs;
    follower->run = run_new(program, model, &run_options, attach, follower);
    start_following(follower);
    return follower;
}

void follower_quit(struct follower *follower)
{
    run_quit(follower->run);
}

void follower_abandon(struct follower *follower)
{
    atomic_store_explicit(&follower->abandoned, true, memory_order_relaxed);
    run_quit(follower->run);
}

bool follower_done(const struct follower *follower)
{
    return !follower->followed || atomic_load_explicit(&follower->done, memory_order_acquire);
}

void follower_free(struct follower *follower)
{
    if (!follower)
        return;
    if (follower->followed)
        pthread_join(follower->thread, NULL);
    collector_free(follower->collector);
    assessor_free(follower->assessor);
    history_free(follower->history);
    shadow_fini(&follower->shadow);
    catalog_fini(&follower->catalog);
    kernel_close(follower->kernel);
    vector_fini(&follower->switches);
    run_free(follower->run);
    free(follower);
}

void follower_lock(struct follower *follower)
{
    /* relaxed: a hint, see make_way(); the history's lock orders */
    atomic_fetch_add_explicit(&follower->visitors, 1, memory_order_relaxed);
    history_lock(follower->history);
    atomic_fetch_sub_explicit(&follower->visitors, 1, memory_order_relaxed);
}

void follower_unlock(struct follower *follower)
{
    history_unlock(follower->history);
}

struct history *follower_history(struct follower *follower)
{
    return follower->history;
}

const struct world *follower_world(struct follower *follower)
{
    return follower->shadow.world;
}

bool follower_reached(struct follower *follower, uint32_t sometimes)
{
    return assessor_reached(follower->assessor, sometimes);
}

void follower_schedule(struct follower *follower, struct session_schedule *ret_schedule)
{
    shadow_schedule(&follower->shadow, ret_schedule);
}

struct run *follower_run(struct follower *follower)
{
    return follower->run;
}

void follower_changed(struct follower *follower, unsigned changes)
{
    atomic_fetch_or_explicit(&follower->changes, changes, memory_order_relaxed);
}

unsigned follower_changes(struct follower *follower)
{
    return atomic_exchange_explicit(&follower->changes, 0, memory_order_relaxed);
}

/* Under the lock. */
static const char *kernel_truth(const struct follower *follower)
{
    return follower->kernel          ? kernel_words(follower->kernel)
           : follower->kernel_wanted ? "scenario's events so far"
                                     : "scenario's events alone";
}

/* Under the lock. Something to show once, or NULL. */
static const char *notice(const struct follower *follower)
{
    struct history_memory memory = history_memory(follower->history);
    if (follower->full)
        return "the history is full: the run was ended";
    if (memory.failed)
        return "no room for old detail: it is dropped";
    if (memory.horizon)
        return "old detail has been dropped";
    if (memory.spilled)
        return "old detail has been moved to a file";
    if (follower->kernel && !kernel_sees(follower->kernel))
        return "the kernel does not tell who is preempted: ready counts as running";
    return NULL;
}

void follower_status(struct follower *follower, struct session_status *ret_status)
{
    follower_lock(follower);
    ret_status->now = history_now(follower->history);
    ret_status->ended = follower->over || follower->nobody;
    ret_status->finished = follower->finished;
    ret_status->stopped = follower->full;
    ret_status->verdicts = assessor_verdicts(follower->assessor);
    if (follower->finished && !ret_status->verdicts)
        ret_status->verdicts = 1u << VERDICT_OK;
    ret_status->problems = (uint32_t)history_problem_count(follower->history);
    ret_status->threads = (uint32_t)follower->catalog.threads.count;
    ret_status->threads_alive = follower->alive;
    ret_status->events = history_count(follower->history);
    ret_status->lost = collector_counts(follower->collector).lost;
    ret_status->steps = ret_status->step = follower->shadow.steps;
    ret_status->defects = follower->shadow.defects;
    ret_status->defect = follower->shadow.defects ? text_bytes(&follower->shadow.defect) : NULL;
    ret_status->notice = notice(follower);
    ret_status->kernel_truth = kernel_truth(follower);
    uint64_t ended_at = follower->ended_at;
    follower_unlock(follower);
    ret_status->elapsed = ret_status->ended && ended_at ? ended_at : run_elapsed(follower->run);
    ret_status->lag_events = atomic_load_explicit(&follower->lag_events, memory_order_relaxed);
    ret_status->lag = atomic_load_explicit(&follower->lag, memory_order_relaxed);
    ret_status->paused = run_paused(follower->run);
    ret_status->cpus = run_cpus(follower->run);
    ret_status->error = run_error(follower->run);
    ret_status->starting = !run_started(follower->run, &ret_status->made) && !ret_status->ended;
}
