#include "session/foresight.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/die.h"

enum {
    MOST_THREADS = 64,
    MOST_STATES = 300000,
    MOST_BYTES = 128 << 20,
};

struct foresight {
    const struct program *program;
    struct model *model;
    struct explore_progress progress;  /* for its cancel */
    _Atomic(struct outlook *) outlook; /* released by the search, acquired by who asks */
    pthread_t thread;
};

static void *search(void *argument)
{
    struct foresight *foresight = argument;
    struct outlook *found = outlook_new(foresight->program, foresight->model, MOST_STATES,
                                        MOST_BYTES, &foresight->progress);
    atomic_store_explicit(&foresight->outlook, found, memory_order_release);
    return NULL;
}

struct foresight *foresight_new(const struct program *program, struct model *model)
{
    if (program->thread_limit > MOST_THREADS)
        return NULL;
    struct foresight *foresight = xcalloc(1, sizeof *foresight);
    foresight->program = program;
    foresight->model = model;
    if (pthread_create(&foresight->thread, NULL, search, foresight) == 0)
        return foresight;
    free(foresight);
    return NULL;
}

void foresight_free(struct foresight *foresight)
{
    if (!foresight)
        return;
    atomic_store_explicit(&foresight->progress.cancel, true, memory_order_relaxed);
    pthread_join(foresight->thread, NULL);
    outlook_free(atomic_load_explicit(&foresight->outlook, memory_order_relaxed));
    free(foresight);
}

struct outlook *foresight_outlook(const struct foresight *foresight)
{
    return foresight ? atomic_load_explicit(&foresight->outlook, memory_order_acquire) : NULL;
}
