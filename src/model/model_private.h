/* Inside model/: what a struct model holds. */
#ifndef THRUM_MODEL_MODEL_PRIVATE_H
#define THRUM_MODEL_MODEL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "model/objects.h"
#include "model/strings.h"
#include "model/world.h"
#include "model/world_layout.h"

/* Who made a thread of run time. */
struct origin {
    uint32_t creator;
    uint32_t number; /* how many threads the creator had made before */
};

struct model {
    const struct program *program;
    struct string_table *strings;
    uint32_t *regions;      /* thread_limit byte offsets of the threads' regions */
    uint32_t *region_words; /* thread_limit sizes: slots of frames a region has room for */
    uint32_t facts;         /* words between a head and its frames: WORLD_FACTS or 0 */
    uint32_t fixed_words;   /* words of cells and objects without queues, at the start of a world */
    uint32_t *queue_objects; /* the objects with queues, in the order of their offsets */
    uint32_t queue_count;
    uint16_t *function_of; /* the function of each pc */
    uint16_t *end_pc;      /* of each function: the OP_END where a thread that began in it ends */
    uint32_t *whole_slots; /* of the functions of after: and properties: slots of their frames; 0:
                              others */
    int64_t *thread_names; /* string values of the declared threads' names */
    int64_t empty_string;  /* string_value("") */
    bool flat;           /* worlds are so small that copying and hashing go over all their bytes */
    struct world *first; /* the first state */
    pthread_mutex_t guard;  /* of `origins` and `ids` while a thread of run time gets its id */
    struct origin *origins; /* of thread thread_count + i; entries below made_count never change */
    uint32_t *ids;          /* hash table of ids of threads made at run time, + 1; 0: free */
    uint32_t ids_mask;
    _Atomic uint32_t
        made_count; /* ids given out; release after the origin is written, acquire by readers */
};

static inline struct thread_head *model_head(const struct model *model, struct world *world,
                                             uint32_t thread)
{
    return (struct thread_head *)((char *)world + model->regions[thread]);
}

/*
 * The status byte is read by other threads of a live run: under the register's guard where the
 * answer matters (join, is_alive, active_count), without it where an answer of just before is as
 * good (does a thread exist at all, its ident). So it is written and read as one byte, relaxed: it
 * orders nothing, the guard does.
 */
static inline enum thread_status head_status(const struct thread_head *head)
{
    uint8_t byte = __atomic_load_n((const uint8_t *)head + 6, __ATOMIC_RELAXED);
    return (enum thread_status)(byte & 7);
}
static inline void head_set_status(struct thread_head *head, enum thread_status status,
                                   unsigned flags)
{
    __atomic_store_n((uint8_t *)head + 6, (uint8_t)((unsigned)status | flags << 3),
                     __ATOMIC_RELAXED);
}

/* The first slot of a thread's frames. */
static inline int64_t *model_slots(const struct model *model, struct thread_head *head)
{
    return (int64_t *)head + 1 + model->facts;
}

/* A fact word; only in programs that make threads. */
static inline int64_t *model_fact(struct thread_head *head, unsigned fact)
{
    return (int64_t *)head + 1 + fact;
}

/* Words of a region that are in use. */
static inline uint32_t model_region_used(const struct model *model, const struct thread_head *head)
{
    switch ((enum thread_status)head->status) {
    case THREAD_UNBORN: return 1;
    case THREAD_ENDED: return 1 + model->facts;
    case THREAD_NEW:
    case THREAD_ALIVE: break;
    }
    if (head->phase == PHASE_DYING)
        return 1 + model->facts + WORLD_DYING_SLOTS;
    return 1 + model->facts + head->base + model->program->functions[head->function].frame_size;
}

/* The id of the `number`-th thread that `creator` makes; UINT32_MAX when there are too many. */
uint32_t model_thread_id(struct model *model, uint32_t creator, uint32_t number);

/* A thread is a daemon. Reads nothing that changes after its birth. */
bool model_is_daemon(const struct model *model, const struct world *world, uint32_t thread);

static inline void *model_object(const struct model *model, struct world *world, uint32_t object)
{
    return (char *)world + model->program->objects[object].offset;
}

#endif
