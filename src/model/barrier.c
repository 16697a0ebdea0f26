/*
 * Barrier: CPython 3.11, Lib/threading.py (_enter, _wait, _exit, _break). While the last party runs
 * the action it holds the barrier's inner lock there, so nobody can arrive, abort, reset or time
 * out until the action has ended; not even the action itself.
 */
#include "model/machine.h"

static struct barrier_state *state_of(struct machine *machine, const struct instruction *in)
{
    return model_object(machine->model, machine->world, machine_target(machine, in));
}

void barrier_form(const struct machine *machine, const struct instruction *in,
                  struct call_form *ret_form)
{
    timeout_form(machine, in->c, ret_form);
    int64_t own = machine->program->objects[machine_target(machine, in)].timeout;
    if (ret_form->timed || own == NONE_VALUE)
        return;
    ret_form->timed = true;
    ret_form->timeout = own > 0 ? own : 0;
}

unsigned barrier_enabled(struct machine *machine, const struct instruction *in)
{
    enum barrier_phase phase = state_of(machine, in)->phase;
    if (in->op == OP_BARRIER_ARRIVE)
        return phase == BARRIER_FILLING || phase == BARRIER_BROKE ? ENABLED_STEP : ENABLED_NO;
    if (in->op != OP_BARRIER_DEPART)
        return phase == BARRIER_ACTING ? ENABLED_NO : ENABLED_STEP;
    struct call_form form;
    barrier_form(machine, in, &form);
    if (phase == BARRIER_FILLING)
        return form.timed ? ENABLED_TIMEOUT : ENABLED_NO;
    return phase == BARRIER_ACTING ? ENABLED_NO : ENABLED_STEP;
}

/* One party goes; the last one of a draining or resetting round makes the barrier usable again. */
static void leave(struct barrier_state *barrier)
{
    barrier->count--;
    if (barrier->count == 0 &&
        (barrier->phase == BARRIER_DRAINING || barrier->phase == BARRIER_RESETTING))
        barrier->phase = BARRIER_FILLING;
}

static void open_round(struct machine *machine, struct barrier_state *barrier)
{
    machine->effect->woken = barrier->count - 1;
    barrier->phase = BARRIER_DRAINING;
    leave(barrier);
}

void barrier_arrive(struct machine *machine, const struct instruction *in)
{
    const struct object *object = &machine->program->objects[machine_target(machine, in)];
    struct barrier_state *barrier = state_of(machine, in);
    if (barrier->phase == BARRIER_BROKE) {
        machine_fails(machine, EXCEPTION_BROKEN_BARRIER, NULL);
        return;
    }
    int64_t index = barrier->count++;
    enum barrier_arrival outcome = ARRIVAL_WAITS;
    if (index + 1 == object->initial && object->action >= 0) {
        outcome = ARRIVAL_ACTS;
        barrier->phase = BARRIER_ACTING;
    } else if (index + 1 == object->initial) {
        outcome = ARRIVAL_OPENED;
        open_round(machine, barrier);
    }
    if (in->c != NO_SLOT)
        machine->frame[in->c] = outcome;
    machine->effect->result = outcome == ARRIVAL_WAITS ? STEP_WAITS : STEP_DONE;
    machine_result(machine, in->a, index);
    machine_done(machine);
}

void barrier_depart(struct machine *machine, const struct instruction *in, struct choice choice)
{
    struct barrier_state *barrier = state_of(machine, in);
    bool timed_out = choice.kind == CHOICE_TIMEOUT;
    if (timed_out) {
        barrier->phase = BARRIER_BROKE;
        machine->effect->failed = true;
        machine->effect->woken = barrier->count - 1;
    }
    bool broken = barrier->phase != BARRIER_DRAINING;
    leave(barrier);
    if (broken)
        machine_fails(machine, EXCEPTION_BROKEN_BARRIER, NULL);
    else
        machine_done(machine);
}

void barrier_open(struct machine *machine, const struct instruction *in)
{
    open_round(machine, state_of(machine, in));
    machine_done(machine);
}

/* Only while the action runs, so the parties wait, and the last one itself goes. */
void barrier_break(struct machine *machine, const struct instruction *in)
{
    struct barrier_state *barrier = state_of(machine, in);
    barrier->phase = BARRIER_BROKE;
    machine->effect->woken = barrier->count - 1;
    leave(barrier);
    machine_done(machine);
}

/* How many wait in the filling round. */
static uint32_t waiting(const struct barrier_state *barrier)
{
    return barrier->phase == BARRIER_FILLING || barrier->phase == BARRIER_ACTING ? barrier->count
                                                                                 : 0;
}

void barrier_abort(struct machine *machine, const struct instruction *in)
{
    struct barrier_state *barrier = state_of(machine, in);
    machine->effect->woken = waiting(barrier);
    barrier->phase = BARRIER_BROKE;
    machine_done(machine);
}

void barrier_reset(struct machine *machine, const struct instruction *in)
{
    struct barrier_state *barrier = state_of(machine, in);
    machine->effect->woken = waiting(barrier);
    if (barrier->count == 0)
        barrier->phase = BARRIER_FILLING;
    else if (barrier->phase == BARRIER_FILLING || barrier->phase == BARRIER_BROKE)
        barrier->phase = BARRIER_RESETTING;
    machine_done(machine);
}

void barrier_waiting(struct machine *machine, const struct instruction *in)
{
    machine_result(machine, in->a, waiting(state_of(machine, in)));
    machine_done(machine);
}

void barrier_broken(struct machine *machine, const struct instruction *in)
{
    machine_result(machine, in->a, state_of(machine, in)->phase == BARRIER_BROKE);
    machine_done(machine);
}
