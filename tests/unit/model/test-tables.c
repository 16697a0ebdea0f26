/* The tables that threads share: texts of strings, ids of threads, and what the judgement
 * remembers. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "assembled.h"
#include "base/hash.h"
#include "model/stuck.h"

enum { THREADS = 4, TEXTS = 3000, JUDGEMENTS = 300 };

struct shared {
    struct program *program;
    struct model *model;
    struct stuck_analysis *analysis;
};

struct worker {
    struct shared *shared;
    uint64_t random;
    unsigned wrong;
};

static void *enter_texts(void *context)
{
    struct worker *worker = context;
    struct model *model = worker->shared->model;
    for (unsigned i = 0; i < TEXTS; i++) {
        char text[32];
        snprintf(text, sizeof text, "text %u", (unsigned)random_below(&worker->random, TEXTS));
        int64_t value = model_intern(model, text);
        worker->wrong += strcmp(model_string(model, value), text) != 0;
        worker->wrong += value != string_value(text);
    }
    return NULL;
}

/* Random runs of the philosophers; MainThread has ended. They are stuck exactly when none of them
 * can go on. */
static void *judge(void *context)
{
    struct worker *worker = context;
    struct model *model = worker->shared->model;
    uint32_t count = worker->shared->program->thread_count;
    struct world *world = world_new(model), *first = world_new(model);
    struct effect effect = {0};
    model_perform(model, first, 0, (struct choice){CHOICE_STEP, 0}, &effect);
    world_copy(model, world, first);
    for (unsigned i = 0; i < JUDGEMENTS;) {
        uint32_t movers[16], able = 0;
        for (uint32_t thread = 0; thread < count; thread++)
            if (model_enabled(model, world, thread))
                movers[able++] = thread;
        bool stuck = stuck_any(worker->shared->analysis, model, world);
        worker->wrong += stuck != (!able && !model_finished(model, world));
        if (!able) {
            world_copy(model, world, first);
            i++;
            continue;
        }
        uint32_t mover = movers[random_below(&worker->random, able)];
        model_perform(model, world, mover, (struct choice){CHOICE_STEP, 0}, &effect);
    }
    effect_fini(&effect);
    world_free(world, model);
    world_free(first, model);
    return NULL;
}

static void run_workers(void *(*body)(void *))
{
    struct shared shared = {.program = assembled_philosophers(3, 2)};
    shared.model = model_new(shared.program);
    shared.analysis = stuck_new(shared.program);
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.shared = &shared, .random = i + 1};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, body, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(workers[i].wrong, 0);
    }
    stuck_free(shared.analysis);
    model_free(shared.model);
    program_free(shared.program);
}

START_TEST(texts_of_many_threads)
{
    run_workers(enter_texts);
}
END_TEST

START_TEST(judgements_of_many_threads)
{
    run_workers(judge);
}
END_TEST

static Suite *tables_suite(void)
{
    Suite *suite = suite_create("tables");
    TCase *cases = tcase_create("tables");
    tcase_add_test(cases, texts_of_many_threads);
    tcase_add_test(cases, judgements_of_many_threads);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(tables_suite)
