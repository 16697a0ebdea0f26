/* Bodies that run in one go over a world: `after:`, invariants and `sometimes`. Their frames lie
 * beside the world. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "model/machine.h"

enum { SCRATCH_SLOTS = 256 }; /* more than these come from the heap */

/* Runs a body to its end. Returns what it returned. */
static int64_t run_whole(struct machine *machine, uint32_t function)
{
    struct thread_head head = {.function = (uint16_t)function,
                               .pc = machine->program->functions[function].entry,
                               .status = THREAD_ALIVE};
    int64_t near[SCRATCH_SLOTS];
    uint32_t slots = machine->model->whole_slots[function];
    int64_t *scratch = near;
    if (slots > SCRATCH_SLOTS)
        scratch = xcalloc(slots, 8);
    else
        memset(near, 0, 8 * (size_t)slots);
    machine->head = &head;
    machine->slots = machine->frame = scratch;
    machine->room = slots;
    machine->together = machine->whole = true;
    machine->budget = MAX_INVISIBLE;
    machine_run(machine);
    if (scratch != near)
        free(scratch);
    return machine->result;
}

bool model_holds(struct model *model, const struct world *world, const struct property *property,
                 enum exception *ret_raised)
{
    struct effect effect = {0};
    struct machine machine;
    machine_init(&machine, model, world, 0, &effect);
    int64_t result = run_whole(&machine, (uint32_t)property->function);
    if (ret_raised)
        *ret_raised = effect.died_of;
    return result != 0 && effect.died_of == EXCEPTION_NONE;
}

void model_after(struct model *model, struct world *world, struct effect *effect,
                 void (*print)(void *context, const char *text), void *context)
{
    struct touch *touches = effect->touches;
    uint32_t room = effect->touch_room;
    *effect = (struct effect){
        .touches = touches, .touch_room = room, .thing = UINT32_MAX, .thread = UINT32_MAX};
    if (model->program->after_function < 0)
        return;
    struct machine machine;
    machine_init(&machine, model, world, 0, effect);
    machine.print = print;
    machine.context = context;
    run_whole(&machine, (uint32_t)model->program->after_function);
    effect->thread_ended = true;
}
