/*
 * Which words a step is about: the thread's own region, the one thing of its operation (with a
 * condition also its lock), and the region of a thread that it starts, joins or asks about. So a
 * search can remember what a step does when all of these are the same.
 */
#include "model/machine.h"

static struct word_span region(const struct model *model, uint32_t thread)
{
    return (struct word_span){model->regions[thread] / 8,
                              1 + model->facts + model->region_words[thread]};
}

static struct word_span object(const struct program *program, uint32_t index)
{
    const struct object *object = &program->objects[index];
    return (struct word_span){object->offset / 8, object->size / 8};
}

static struct word_span cells(const struct machine *machine, const struct instruction *in)
{
    bool wide = (in->op == OP_LOAD || in->op == OP_STORE) && in->x;
    return (struct word_span){machine_target(machine, in), wide ? in->x : 1};
}

uint32_t world_region_most(const struct model *model)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < model->program->thread_limit; i++)
        if (model->region_words[i] > most)
            most = model->region_words[i];
    return 1 + model->facts + most;
}

uint32_t world_touches(const struct model *model, const struct world *world, uint32_t thread,
                       struct word_span spans[WORD_SPANS])
{
    const struct program *program = model->program;
    struct machine machine;
    machine_init(&machine, model, world, thread, NULL);
    const struct instruction *in = machine_at(&machine);
    uint32_t count = 0, other;
    spans[count++] = region(model, thread);
    switch ((enum opcode_about)opcode_about[in->op]) {
    case ABOUT_CELL: spans[count++] = cells(&machine, in); break;
    case ABOUT_LOCK:
        spans[count++] = object(program, lock_of(program, machine_target(&machine, in)));
        break;
    case ABOUT_CONDITION:
        other = machine_target(&machine, in);
        spans[count++] = object(program, other);
        spans[count++] = object(program, lock_of(program, other));
        break;
    case ABOUT_EVENT:
    case ABOUT_BARRIER: spans[count++] = object(program, machine_target(&machine, in)); break;
    case ABOUT_THREAD:
        other = (uint32_t)machine.frame[in->b];
        if (other != thread)
            spans[count++] = region(model, other);
        break;
    case ABOUT_THREADS:
    case ABOUT_BLOCK: return 0; /* may be all of the world */
    case ABOUT_SELF:
    case ABOUT_NOTHING: break;
    }
    return count;
}
