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
    switch ((enum opcode)in->op) {
    case OP_LOAD:
    case OP_STORE:
    case OP_ATOMIC_LOAD:
    case OP_ATOMIC_STORE:
    case OP_ATOMIC_ADD:
    case OP_ATOMIC_SWAP:
    case OP_ATOMIC_CAS: spans[count++] = cells(&machine, in); break;
    case OP_ACQUIRE:
    case OP_RELEASE:
        spans[count++] = object(program, lock_of(program, machine_target(&machine, in)));
        break;
    case OP_COND_WAIT:
    case OP_NOTIFY:
    case OP_NOTIFY_ALL:
        other = machine_target(&machine, in);
        spans[count++] = object(program, other);
        spans[count++] = object(program, lock_of(program, other));
        break;
    case OP_LOCKED:
    case OP_EVENT_SET:
    case OP_EVENT_CLEAR:
    case OP_EVENT_IS_SET:
    case OP_EVENT_WAIT:
    case OP_BARRIER_ARRIVE:
    case OP_BARRIER_OPEN:
    case OP_BARRIER_BREAK:
    case OP_BARRIER_DEPART:
    case OP_BARRIER_ABORT:
    case OP_BARRIER_RESET:
    case OP_BARRIER_WAITING:
    case OP_BARRIER_BROKEN: spans[count++] = object(program, machine_target(&machine, in)); break;
    case OP_START:
    case OP_JOIN:
    case OP_IS_ALIVE:
        other = (uint32_t)machine.frame[in->b];
        if (other != thread)
            spans[count++] = region(model, other);
        break;
    case OP_ATOMIC_BEGIN:
    case OP_ACTIVE_COUNT: return 0;
    case OP_END:
    case OP_YIELD:
    case OP_TURN:
    case OP_RANDINT:
    case OP_SLEEP:
    case OP_IO:
    case OP_COMPUTE:
    case OP_PRINT:
    case OP_NOTE: break;
#include "model/local_cases.def"
        break; /* no thread rests there */
    }
    return count;
}
