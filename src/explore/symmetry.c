/*
 * Threads that are alike can be exchanged: a state with their regions in another order, and their
 * numbers in the objects changed accordingly, goes on in just the same way. The representative has
 * the regions of each class in ascending order.
 *
 * Threads with equal regions may still differ in where they stand in queues; the order of the
 * queues decides between them. When even that leaves a choice, two states of one class may have two
 * representatives: that costs states, never answers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/reduction_private.h"
#include "model/flow.h"
#include "model/objects.h"

/* ---- which threads are alike ---- */

/* Threads that code can name: their own values, or operands of join and start. */
static bool names_threads(const struct program *program, bool *named)
{
    uint32_t *index_of = xmalloc((program->code_length + 1) * sizeof *index_of);
    struct target_range *targets = xcalloc(program->code_length + 1, sizeof *targets);
    bool all = false, some = false;
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        uint8_t op = program->code[pc].op;
        index_of[pc] = op == OP_JOIN || op == OP_START ? pc : UINT32_MAX;
        some |= index_of[pc] != UINT32_MAX;
        all |= op == OP_IS_ALIVE || op == OP_IDENT || op == OP_THREAD_FACT || op == OP_SELF ||
               op == OP_NEW_THREAD;
    }
    all |= some && !flow_affordable(program);
    for (uint32_t i = 0; i < program->thread_count && some && !all; i++) {
        memset(targets, 0, program->code_length * sizeof *targets);
        flow_targets(program, &program->threads[i], index_of, targets);
        for (uint32_t pc = 0; pc < program->code_length; pc++)
            for (uint32_t k = 0; k < targets[pc].count; k++)
                if (targets[pc].first + k < program->thread_count)
                    named[targets[pc].first + k] = true;
    }
    free(index_of);
    free(targets);
    return all;
}

/* The `nth` thread after a is like it, and its region lies so many regions further on. */
static bool alike(const struct declared_thread *a, const struct declared_thread *b, uint32_t nth)
{
    return b->offset == a->offset + nth * a->size && a->function == b->function &&
           a->daemon == b->daemon && a->size == b->size && !a->made_only && !b->made_only &&
           a->parameter_count == b->parameter_count &&
           (a->parameter_count == 0 ||
            memcmp(a->parameters, b->parameters, a->parameter_count * sizeof(int64_t)) == 0);
}

void symmetry_init(struct symmetry *symmetry, const struct space_shape *shape)
{
    const struct program *program = shape->program;
    memset(symmetry, 0, sizeof *symmetry);
    bool *named = xcalloc(program->thread_count + 1, sizeof *named);
    if (program->thread_count < 2048 && !names_threads(program, named))
        for (uint32_t first = 1, end; first < program->thread_count; first = end) {
            for (end = first + 1;
                 end < program->thread_count && !named[first] && !named[end] &&
                 alike(&program->threads[first], &program->threads[end], end - first);)
                end++;
            if (end - first > 1)
                vector_push(&symmetry->classes,
                            (struct alike){first, end - first, program->threads[first].size,
                                           program->threads[first].offset});
        }
    free(named);
    if (!symmetry->classes.count)
        return;
    for (uint32_t i = 0; i < program->thread_count; i++)
        vector_push(&symmetry->class_of, 0);
    for (size_t c = 0; c < symmetry->classes.count; c++)
        for (uint32_t k = 0; k < symmetry->classes.items[c].count; k++)
            symmetry->class_of.items[symmetry->classes.items[c].first + k] = (uint32_t)c + 1;
    for (uint32_t i = 0; i < program->object_count; i++) {
        if (object_has_queue(program->objects[i].type))
            vector_push(&symmetry->queues, i);
        if (program->objects[i].type == OBJECT_RLOCK)
            vector_push(&symmetry->rlocks, i);
    }
}

void symmetry_fini(struct symmetry *symmetry)
{
    vector_fini(&symmetry->classes);
    vector_fini(&symmetry->queues);
    vector_fini(&symmetry->rlocks);
    vector_fini(&symmetry->class_of);
}

/* ---- the representative ---- */

struct sorting {
    const struct reduction *reduction;
    const struct state *state;
    const struct alike *alike;
};

static const uint64_t *region(const struct sorting *sorting, uint32_t thread)
{
    const struct alike *alike_ = sorting->alike;
    return (const uint64_t *)sorting->state->world +
           (alike_->offset + (thread - alike_->first) * alike_->size) / sizeof(uint64_t);
}

static uint32_t place_in(const struct queue_state *queue, uint32_t thread)
{
    for (uint32_t i = 0; i < queue->count; i++)
        if (queue->waiters[i].thread == thread)
            return i;
    return UINT32_MAX;
}

/* Equal regions: who stands first in a queue, or owns a lock, comes first. */
static int compare_roles(const struct sorting *sorting, uint32_t a, uint32_t b)
{
    const struct symmetry *symmetry = &sorting->reduction->symmetry;
    const struct model *model = sorting->reduction->shape->model;
    for (size_t i = 0; i < symmetry->queues.count; i++) {
        const struct queue_state *queue =
            world_object(model, sorting->state->world, symmetry->queues.items[i]);
        uint32_t place_a = place_in(queue, a), place_b = place_in(queue, b);
        if (place_a != place_b)
            return place_a < place_b ? -1 : 1;
    }
    for (size_t i = 0; i < symmetry->rlocks.count; i++) {
        const struct rlock_state *lock =
            world_object(model, sorting->state->world, symmetry->rlocks.items[i]);
        if ((lock->owner == a + 1) != (lock->owner == b + 1))
            return lock->owner == a + 1 ? -1 : 1;
    }
    return 0;
}

static inline int compare_threads(const struct sorting *sorting, uint32_t a, uint32_t b)
{
    const uint64_t *left = region(sorting, a), *right = region(sorting, b);
    for (uint32_t i = 0; i < sorting->alike->size / sizeof *left; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    if (sorting->state->clocks && sorting->state->clocks[a] != sorting->state->clocks[b])
        return sorting->state->clocks[a] < sorting->state->clocks[b] ? -1 : 1;
    return compare_roles(sorting, a, b);
}

/* order[k]: who shall stand at place k of the class. True when somebody moves. */
static bool sort_class(const struct sorting *sorting, uint32_t *order)
{
    const struct alike *alike_ = sorting->alike;
    bool moved = false;
    for (uint32_t k = 0; k < alike_->count; k++) {
        uint32_t thread = alike_->first + k, at = k;
        while (at > 0 && compare_threads(sorting, order[at - 1], thread) > 0) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = thread;
        moved |= at != k;
    }
    return moved;
}

static void move_regions(const struct reduction *reduction, struct state *state,
                         const struct alike *alike_, const struct renaming *renaming)
{
    const struct model *model = reduction->shape->model;
    for (uint32_t k = 0; k < alike_->count; k++) {
        uint32_t old = renaming->from[alike_->first + k];
        memcpy(renaming->regions + (size_t)k * alike_->size,
               world_thread_const(model, state->world, old), alike_->size);
        if (state->clocks)
            renaming->clocks[k] = state->clocks[old];
    }
    for (uint32_t k = 0; k < alike_->count; k++) {
        memcpy(world_thread(model, state->world, alike_->first + k),
               renaming->regions + (size_t)k * alike_->size, alike_->size);
        if (state->clocks)
            state->clocks[alike_->first + k] = renaming->clocks[k];
    }
}

static void rename_objects(const struct reduction *reduction, struct state *state,
                           const struct renaming *renaming)
{
    const struct symmetry *symmetry = &reduction->symmetry;
    const struct model *model = reduction->shape->model;
    for (size_t i = 0; i < symmetry->queues.count; i++) {
        uint32_t object = symmetry->queues.items[i];
        struct queue_state *queue = world_object(model, state->world, object);
        bool by_thread = reduction->shape->program->objects[object].type == OBJECT_EVENT;
        for (uint32_t k = 0; k < queue->count; k++)
            queue->waiters[k].thread = (uint16_t)renaming->to[queue->waiters[k].thread];
        /* An event's waiters, and a condition's notified ones, stand by number. */
        for (uint32_t k = 1; k < queue->count && (by_thread || queue->waiters[k].woken); k++)
            for (uint32_t at = k;
                 at > 0 && queue->waiters[at - 1].thread > queue->waiters[at].thread; at--) {
                struct waiter swap = queue->waiters[at];
                queue->waiters[at] = queue->waiters[at - 1];
                queue->waiters[at - 1] = swap;
            }
    }
    for (size_t i = 0; i < symmetry->rlocks.count; i++) {
        struct rlock_state *lock = world_object(model, state->world, symmetry->rlocks.items[i]);
        if (lock->owner)
            lock->owner = renaming->to[lock->owner - 1] + 1;
    }
}

void renaming_init(struct renaming *renaming, const struct reduction *reduction)
{
    uint32_t count = reduction->shape->program->thread_count, largest = 0, most = 0;
    vector_each (struct alike, class, &reduction->symmetry.classes) {
        largest = class->size > largest ? class->size : largest;
        most = class->count > most ? class->count : most;
    }
    renaming->to = xcalloc(count + 1, sizeof *renaming->to);
    renaming->from = xcalloc(count + 1, sizeof *renaming->from);
    for (uint32_t i = 0; i < count; i++)
        renaming->to[i] = renaming->from[i] = i;
    renaming->regions = xcalloc(most + 1, largest + 8);
    renaming->clocks = xcalloc(most + 1, sizeof *renaming->clocks);
}

void renaming_fini(struct renaming *renaming)
{
    free(renaming->to);
    free(renaming->from);
    free(renaming->regions);
    free(renaming->clocks);
}

/* Makes the state the representative. False when it was so already. */
static bool make_canonical(struct reduction_scratch *scratch, struct state *state)
{
    const struct reduction *reduction = scratch->reduction;
    struct renaming *renaming = &scratch->renaming;
    bool moved = false;
    vector_each (struct alike, class, &reduction->symmetry.classes) {
        struct sorting sorting = {reduction, state, class};
        if (!sort_class(&sorting, renaming->from + class->first)) {
            for (uint32_t k = class->first; k < class->first + class->count; k++)
                renaming->from[k] = k;
            continue;
        }
        moved = true;
        move_regions(reduction, state, class, renaming);
    }
    if (!moved)
        return false;
    uint32_t count = reduction->shape->program->thread_count;
    for (uint32_t i = 0; i < count; i++)
        renaming->to[renaming->from[i]] = i;
    rename_objects(reduction, state, renaming);
    return true;
}

/* A step changes only the region of the thread that goes. So where nothing but regions counts, it
 * is enough to look whether that one still stands in order. */
static bool still_in_order(const struct reduction_scratch *scratch, const struct state *state,
                           uint32_t thread)
{
    const struct symmetry *symmetry = &scratch->reduction->symmetry;
    if (state->clocks || symmetry->queues.count || symmetry->rlocks.count ||
        thread >= symmetry->class_of.count || !symmetry->class_of.items[thread])
        return false;
    const struct alike *class = &symmetry->classes.items[symmetry->class_of.items[thread] - 1];
    struct sorting sorting = {scratch->reduction, state, class};
    return (thread == class->first || compare_threads(&sorting, thread - 1, thread) <= 0) &&
           (thread + 1 == class->first + class->count ||
            compare_threads(&sorting, thread, thread + 1) <= 0);
}

uint32_t reduction_canonical(struct reduction_scratch *scratch, struct state *state,
                             uint32_t thread)
{
    if (!scratch->reduction->symmetry.classes.count || still_in_order(scratch, state, thread) ||
        !make_canonical(scratch, state))
        return thread;
    return thread < scratch->reduction->shape->program->thread_count ? scratch->renaming.to[thread]
                                                                     : thread;
}

void reduction_canonical_names(struct reduction_scratch *scratch, struct state *state,
                               uint32_t *names)
{
    if (!scratch->reduction->symmetry.classes.count || !make_canonical(scratch, state))
        return;
    uint32_t count = scratch->reduction->shape->program->thread_count;
    uint32_t *before = xmalloc((count + 1) * sizeof *before);
    memcpy(before, names, count * sizeof *before);
    for (uint32_t i = 0; i < count; i++)
        names[i] = before[scratch->renaming.from[i]];
    free(before);
}

uint32_t reduction_first(const struct reduction_scratch *scratch, const struct state *state,
                         uint32_t thread)
{
    const struct symmetry *symmetry = &scratch->reduction->symmetry;
    if (thread >= symmetry->class_of.count || !symmetry->class_of.items[thread])
        return thread;
    const struct alike *class = &symmetry->classes.items[symmetry->class_of.items[thread] - 1];
    struct sorting sorting = {scratch->reduction, state, class};
    while (thread > class->first && compare_threads(&sorting, thread - 1, thread) == 0)
        thread--;
    return thread;
}
