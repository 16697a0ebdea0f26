/* Event: CPython 3.11, Lib/threading.py. A waiter that set() has woken returns True though clear()
 * came since. */
#include "model/machine.h"
#include "model/queue.h"

static struct queue_state *state_of(struct machine *machine, const struct instruction *in)
{
    return model_object(machine->model, machine->world, machine_target(machine, in));
}

unsigned event_enabled(struct machine *machine, const struct instruction *in)
{
    if (machine->head->phase == PHASE_READY)
        return ENABLED_STEP;
    struct call_form form;
    timeout_form(machine, in->c, &form);
    const struct waiter *waiter = queue_find(state_of(machine, in), machine->thread);
    if (waiter && waiter->woken)
        return ENABLED_STEP;
    return form.timed ? ENABLED_TIMEOUT : ENABLED_NO;
}

static void finish(struct machine *machine, const struct instruction *in, bool woken)
{
    machine->effect->failed = !woken;
    machine_result(machine, in->a, woken);
    machine_done(machine);
}

static void begin_to_wait(struct machine *machine, struct queue_state *event)
{
    uint32_t at = 0;
    while (at < event->count && event->waiters[at].thread < machine->thread)
        at++;
    queue_insert(event, at, (struct waiter){.thread = (uint16_t)machine->thread});
    machine->head->phase = PHASE_WAITING;
    machine->effect->result = STEP_WAITS;
}

void event_wait(struct machine *machine, const struct instruction *in, struct choice choice)
{
    struct queue_state *event = state_of(machine, in);
    if (machine->head->phase == PHASE_WAITING) {
        bool woken = choice.kind != CHOICE_TIMEOUT;
        queue_remove(event, queue_find(event, machine->thread));
        if (!woken)
            machine->effect->result = STEP_TIMED_OUT;
        finish(machine, in, woken);
        return;
    }
    struct call_form form;
    timeout_form(machine, in->c, &form);
    if (event->flag || (form.timed && form.timeout == 0))
        finish(machine, in, event->flag);
    else
        begin_to_wait(machine, event);
}

void event_set(struct machine *machine, const struct instruction *in)
{
    struct queue_state *event = state_of(machine, in);
    uint32_t woken = 0;
    for (uint32_t i = 0; i < event->count; i++) {
        woken += !event->waiters[i].woken;
        event->waiters[i].woken = 1;
    }
    machine->effect->woken = woken;
    machine->effect->old = event->flag;
    machine->effect->value = event->flag = 1;
    machine_done(machine);
}

void event_clear(struct machine *machine, const struct instruction *in)
{
    struct queue_state *event = state_of(machine, in);
    machine->effect->old = event->flag;
    machine->effect->value = event->flag = 0;
    machine_done(machine);
}

void event_is_set(struct machine *machine, const struct instruction *in)
{
    const struct queue_state *event = state_of(machine, in);
    machine->effect->old = event->flag;
    machine_result(machine, in->a, event->flag);
    machine_done(machine);
}
