/* Plain loads and stores of shared cells, and the operations of atomics. */
#include "model/machine.h"

static int64_t *cell_of(const struct machine *machine, const struct instruction *in)
{
    return machine->world->words + machine_target(machine, in);
}

void cell_load(struct machine *machine, const struct instruction *in)
{
    const int64_t *from = cell_of(machine, in);
    for (uint32_t i = 0; i < (in->x ? in->x : 1u); i++)
        machine->frame[in->a + i] = from[i];
    machine->effect->value = from[0];
    machine_done(machine);
}

void cell_store(struct machine *machine, const struct instruction *in)
{
    int64_t *to = cell_of(machine, in);
    machine->effect->old = to[0];
    machine->effect->value = machine->frame[in->a];
    for (uint32_t i = 0; i < (in->x ? in->x : 1u); i++)
        to[i] = machine->frame[in->a + i];
    machine_done(machine);
}

void cell_atomic_load(struct machine *machine, const struct instruction *in)
{
    machine_result(machine, in->a, *cell_of(machine, in));
    machine_done(machine);
}

void cell_atomic_store(struct machine *machine, const struct instruction *in)
{
    int64_t *cell = cell_of(machine, in);
    machine->effect->old = *cell;
    machine->effect->value = *cell = machine->frame[in->a];
    machine_done(machine);
}

void cell_atomic_add(struct machine *machine, const struct instruction *in)
{
    int64_t *cell = cell_of(machine, in), sum = 0, old = *cell;
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

void cell_atomic_swap(struct machine *machine, const struct instruction *in)
{
    int64_t *cell = cell_of(machine, in), old = *cell;
    *cell = machine->frame[in->c];
    machine_result(machine, in->a, old);
    machine->effect->old = old;
    machine->effect->value = *cell;
    machine_done(machine);
}

void cell_atomic_cas(struct machine *machine, const struct instruction *in)
{
    int64_t *cell = cell_of(machine, in);
    int64_t expected = machine->frame[in->c], wanted = machine->frame[in->c + 1];
    bool swapped = *cell == expected;
    machine->effect->old = *cell;
    if (swapped)
        *cell = wanted;
    machine_result(machine, in->a, swapped);
    machine->effect->value = *cell;
    machine->effect->failed = !swapped;
    machine_done(machine);
}
