/* What a search pays for each state: copy, enabled, step and hash of five philosophers, and the
 * judgement of who is stuck. Prints nanoseconds an operation; fails when a state is 300 bytes or
 * more. */
#include <stdio.h>
#include <stdlib.h>

#include "assembled.h"
#include "base/clock.h"
#include "base/hash.h"
#include "model/stuck.h"

enum { STATES = 256, ROUNDS = 4000 };

struct bench {
    struct model *model;
    struct program *program;
    struct stuck_analysis *analysis;
    struct world *states[STATES]; /* met on random walks */
    uint32_t movers[STATES];      /* a thread that can step there; all of them have one */
    struct world *at;
    uint64_t sum; /* keeps the work from being optimised away */
};

static uint32_t random_mover(struct bench *bench, const struct world *world, uint64_t *random)
{
    uint32_t movers[64], count = 0;
    for (uint32_t i = 0; i < bench->program->thread_count; i++)
        if (model_enabled(bench->model, world, i) & ENABLED_STEP)
            movers[count++] = i;
    return count ? movers[random_below(random, count)] : UINT32_MAX;
}

static void collect_states(struct bench *bench)
{
    uint64_t random = 1;
    struct effect effect = {0};
    struct world *world = world_new(bench->model), *first = world_new(bench->model);
    for (unsigned i = 0; i < STATES;) {
        uint32_t mover = random_mover(bench, world, &random);
        if (mover == UINT32_MAX) {
            world_copy(bench->model, world, first);
            continue;
        }
        bench->states[i] = world_new(bench->model);
        bench->movers[i] = mover;
        world_copy(bench->model, bench->states[i++], world);
        model_perform(bench->model, world, mover, (struct choice){CHOICE_STEP, 0}, &effect);
    }
    world_free(world, bench->model);
    world_free(first, bench->model);
    effect_fini(&effect);
}

static void copy(struct bench *bench, unsigned state)
{
    world_copy(bench->model, bench->at, bench->states[state]);
}

static void hash(struct bench *bench, unsigned state)
{
    bench->sum += world_hash(bench->model, bench->states[state]);
}

static void pack(struct bench *bench, unsigned state)
{
    static unsigned char bytes[4096];
    bench->sum += world_pack(bench->model, bench->states[state], bytes, sizeof bytes);
}

static void enabled(struct bench *bench, unsigned state)
{
    for (uint32_t i = 0; i < bench->program->thread_count; i++)
        bench->sum += model_enabled(bench->model, bench->states[state], i);
}

static void successor(struct bench *bench, unsigned state)
{
    static struct effect effect;
    world_copy(bench->model, bench->at, bench->states[state]);
    model_perform(bench->model, bench->at, bench->movers[state], (struct choice){CHOICE_STEP, 0},
                  &effect);
    bench->sum += world_hash(bench->model, bench->at);
}

static void stuck(struct bench *bench, unsigned state)
{
    bench->sum += stuck_any(bench->analysis, bench->model, bench->states[state]);
}

static double measure(struct bench *bench, const char *name, void (*what)(struct bench *, unsigned))
{
    uint64_t best = UINT64_MAX;
    for (unsigned turn = 0; turn < 5; turn++) {
        uint64_t before = clock_now();
        for (unsigned round = 0; round < ROUNDS / 5; round++)
            for (unsigned state = 0; state < STATES; state++)
                what(bench, state);
        uint64_t took = clock_now() - before;
        best = took < best ? took : best;
    }
    double each = (double)best / (ROUNDS / 5 * STATES);
    printf("%-28s %8.1f ns\n", name, each);
    return each;
}

int main(void)
{
    struct bench bench = {.program = assembled_philosophers(5, 2)};
    bench.model = model_new(bench.program);
    bench.analysis = stuck_new(bench.program);
    bench.at = world_new(bench.model);
    collect_states(&bench);
    size_t largest = 0;
    for (unsigned i = 0; i < STATES; i++) {
        size_t size = world_pack(bench.model, bench.states[i], NULL, 0);
        largest = size > largest ? size : largest;
    }
    printf("five philosophers: %u bytes in memory, %zu packed at most\n", bench.program->world_size,
           largest);
    measure(&bench, "copy", copy);
    measure(&bench, "hash", hash);
    measure(&bench, "pack", pack);
    measure(&bench, "enabled, all six threads", enabled);
    double each = measure(&bench, "copy + step + hash", successor);
    printf("%-28s %8.2f million\n", "successors a second", 1000 / each);
    measure(&bench, "stuck_any", stuck);
    for (unsigned i = 0; i < STATES; i++)
        world_free(bench.states[i], bench.model);
    world_free(bench.at, bench.model);
    stuck_free(bench.analysis);
    model_free(bench.model);
    program_free(bench.program);
    return largest < 300 && bench.sum ? 0 : 1;
}
