/* Loads, stores and the operations of atomics. */
#include <string.h>

#include "base/die.h"
#include "model/machine.h"

static void load(struct machine *machine, const struct instruction *in, uint32_t cell)
{
    const int64_t *from = machine->world->words + cell;
    for (uint32_t i = 0; i < (in->x ? in->x : 1u); i++)
        machine->frame[in->a + i] = from[i];
    machine->effect->value = from[0];
}

static void store(struct machine *machine, const struct instruction *in, uint32_t cell)
{
    int64_t *to = machine->world->words + cell;
    machine->effect->old = to[0];
    machine->effect->value = machine->frame[in->a];
    for (uint32_t i = 0; i < (in->x ? in->x : 1u); i++)
        to[i] = machine->frame[in->a + i];
}

static void add(struct machine *machine, const struct instruction *in, int64_t *cell)
{
    int64_t sum = 0, old = *cell;
    if (__builtin_add_overflow(old, machine->frame[in->c], &sum) || sum == NONE_VALUE) {
        machine_fails(machine, EXCEPTION_OVERFLOW, "the result does not fit 64 bits");
        return;
    }
    *cell = sum;
    machine->effect->old = old;
    machine_result(machine, in->a, old);
    machine->effect->value = sum;
    machine_done(machine);
}

static void compare_and_swap(struct machine *machine, const struct instruction *in, int64_t *cell)
{
    int64_t expected = machine->frame[in->c], wanted = machine->frame[in->c + 1];
    bool swapped = *cell == expected;
    machine->effect->old = *cell;
    if (swapped)
        *cell = wanted;
    machine_result(machine, in->a, swapped);
    machine->effect->value = *cell;
    machine->effect->failed = !swapped;
}

void cell_perform(struct machine *machine, const struct instruction *in)
{
    uint32_t target = machine_target(machine, in);
    int64_t *cell = machine->world->words + target, old = *cell;
    switch (in->op) {
    case OP_LOAD: load(machine, in, target); break;
    case OP_STORE: store(machine, in, target); break;
    case OP_ATOMIC_LOAD: machine_result(machine, in->a, old); break;
    case OP_ATOMIC_STORE:
        *cell = machine->frame[in->a];
        machine->effect->old = old;
        machine->effect->value = *cell;
        break;
    case OP_ATOMIC_ADD: add(machine, in, cell); return;
    case OP_ATOMIC_SWAP:
        *cell = machine->frame[in->c];
        machine_result(machine, in->a, old);
        machine->effect->old = old;
        machine->effect->value = *cell;
        break;
    case OP_ATOMIC_CAS: compare_and_swap(machine, in, cell); break;
    default: die("opcode %u is no operation on a cell", in->op); /* a byte: all other opcodes */
    }
    machine_done(machine);
}
