/*
 * Stepping: steps a second through real threads, against the least that taking turns costs (a futex
 * hand-over to one of as many threads and one back, measured in turn with it); a step back, and a
 * jump to any of a million steps; what the million takes in memory.
 */
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../unit/run/random_program.h"
#include "base/clock.h"
#include "base/hash.h"
#include "model/world.h"
#include "run/stepper.h"

enum { TURNS = 6000, MILLION = 1000000, JUMPS = 400, ROUNDS = 15 };

/* ---- The floor: as many threads as the scenario has, let go in turn, and nothing else ---- */

enum { MOST_PARTNERS = 8 };

struct partner {
    _Alignas(64) _Atomic uint32_t there;
    _Atomic uint32_t *back;
    pthread_t thread;
    uint32_t turns;
};

static void wait_for(_Atomic uint32_t *word, uint32_t value)
{
    uint32_t seen;
    while ((seen = atomic_load_explicit(word, memory_order_acquire)) != value)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void tell(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *answer(void *context)
{
    struct partner *partner = context;
    for (uint32_t turn = 1; turn <= partner->turns; turn++) {
        wait_for(&partner->there, turn);
        tell(partner->back, 1);
    }
    return NULL;
}

static double floor_of_turns(uint32_t count)
{
    static struct partner partners[MOST_PARTNERS];
    static _Alignas(64) _Atomic uint32_t back;
    for (uint32_t i = 0; i < count; i++) {
        partners[i].turns = TURNS / count;
        partners[i].back = &back;
        atomic_store(&partners[i].there, 0);
        if (pthread_create(&partners[i].thread, NULL, answer, &partners[i]))
            abort();
    }
    uint64_t before = clock_now();
    for (uint32_t turn = 1; turn <= TURNS / count; turn++)
        for (uint32_t i = 0; i < count; i++) {
            atomic_store_explicit(&back, 0, memory_order_relaxed);
            tell(&partners[i].there, turn);
            wait_for(&back, 1);
        }
    double took = (double)(clock_now() - before) / (TURNS / count * count);
    for (uint32_t i = 0; i < count; i++)
        pthread_join(partners[i].thread, NULL);
    return took;
}

/* ---- Stepping ---- */

struct run {
    struct program *program;
    struct model *model;
    struct stepper *stepper;
    struct policy policy;
};

static struct run run_new(enum policy_kind kind, bool no_threads)
{
    struct run run = {.program = random_program(4)};
    run.model = model_new(run.program);
    struct stepper_options options = {.no_threads = no_threads};
    struct text error = {0};
    run.stepper = stepper_new(run.model, &options, &error);
    if (!run.stepper)
        abort();
    policy_init(&run.policy, kind, 1, 1);
    return run;
}

static void run_free(struct run *run)
{
    stepper_free(run->stepper);
    policy_fini(&run->policy);
    model_free(run->model);
    program_free(run->program);
}

static void step_on(struct run *run, uint64_t steps)
{
    struct stepper_record record;
    struct timeline_step next;
    for (uint64_t i = 0; i < steps; i++)
        if (!stepper_choose(run->stepper, &run->policy, &next) ||
            !stepper_step(run->stepper, next.thread, next.choice, &record, NULL, NULL)) {
            fprintf(stderr, "stuck after %" PRIu64 " steps\n", stepper_position(run->stepper));
            exit(1);
        }
}

static double turns_of_stepper(uint32_t *ret_threads)
{
    struct run run = run_new(POLICY_ROUND_ROBIN, false);
    step_on(&run, 100);
    uint64_t before = clock_now();
    step_on(&run, TURNS);
    double took = (double)(clock_now() - before) / TURNS;
    *ret_threads = stepper_threads(run.stepper) - 1; /* MainThread has ended */
    run_free(&run);
    return took;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void report(const char *what, double *times, int count)
{
    qsort(times, (size_t)count, sizeof *times, by_size);
    printf("%-28s median %8.3f ms   99%% %8.3f ms   worst %8.3f ms\n", what, times[count / 2] / 1e6,
           times[count * 99 / 100] / 1e6, times[count - 1] / 1e6);
}

static void measure_million(void)
{
    struct run run = run_new(POLICY_RANDOM, true);
    uint64_t before = clock_now();
    step_on(&run, MILLION);
    double took = (double)(clock_now() - before);
    printf(
        "a million steps              %.2f s, %.0f ns a step; %.1f MB of choices and keyframes\n",
        took / 1e9, took / MILLION, (double)stepper_memory(run.stepper) / 1e6);
    static double times[JUMPS];
    for (int i = 0; i < JUMPS; i++) {
        before = clock_now();
        stepper_seek(run.stepper, stepper_position(run.stepper) - 1);
        times[i] = (double)(clock_now() - before);
    }
    report("a step back", times, JUMPS);
    uint64_t random = 5;
    for (int i = 0; i < JUMPS; i++) {
        uint64_t to = random_below(&random, MILLION + 1);
        before = clock_now();
        stepper_seek(run.stepper, to);
        times[i] = (double)(clock_now() - before);
    }
    report("a jump in a million", times, JUMPS);
    run_free(&run);
}

int main(void)
{
    double best = 1e9, ratios[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t threads;
        double stepping = turns_of_stepper(&threads), floor = floor_of_turns(threads);
        ratios[i] = stepping / floor;
        best = ratios[i] < best ? ratios[i] : best;
        printf("a step by a real thread      %.2f us (%.0f a second); two hand-overs %.2f us; "
               "ratio %.2f\n",
               stepping / 1e3, 1e9 / stepping, floor / 1e3, ratios[i]);
    }
    qsort(ratios, ROUNDS, sizeof *ratios, by_size);
    printf("ratio to the floor           median %.2f, best %.2f (to be at most 1.5)\n",
           ratios[ROUNDS / 2], best);
    measure_million();
    return 0;
}
