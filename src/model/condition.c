/* Condition: CPython 3.11, Lib/threading.py (wait, wait_for, notify). */
#include "model/machine.h"
#include "model/queue.h"

void timeout_form(const struct machine *machine, uint16_t slot, struct call_form *ret_form)
{
    *ret_form = (struct call_form){.blocking = true};
    if (slot == NO_SLOT || machine->frame[slot] == NONE_VALUE)
        return;
    ret_form->timed = true;
    ret_form->timeout = machine->frame[slot] > 0 ? machine->frame[slot] : 0;
}

unsigned condition_enabled(struct machine *machine, const struct instruction *in)
{
    uint32_t condition = machine_target(machine, in);
    uint32_t lock = lock_of(machine->program, condition);
    struct call_form form;
    timeout_form(machine, in->c, &form);
    if (machine->head->phase == PHASE_READY)
        return ENABLED_STEP | (in->x == WAIT_GOES_ON && form.timed ? ENABLED_TIMEOUT : 0u);
    bool free = lock_free(machine, lock);
    if (machine->head->phase == PHASE_TIMED_OUT)
        return free ? ENABLED_STEP : ENABLED_NO;
    struct queue_state *queue = model_object(machine->model, machine->world, condition);
    const struct waiter *waiter = queue_find(queue, machine->thread);
    if (waiter && waiter->woken)
        return free ? ENABLED_STEP : ENABLED_NO;
    return form.timed ? ENABLED_TIMEOUT : ENABLED_NO;
}

bool condition_needs_lock(struct machine *machine, const struct instruction *in)
{
    if (machine->head->phase == PHASE_TIMED_OUT)
        return true;
    struct queue_state *queue =
        model_object(machine->model, machine->world, machine_target(machine, in));
    const struct waiter *waiter = queue_find(queue, machine->thread);
    return waiter && waiter->woken;
}

static void begin_to_wait(struct machine *machine, struct queue_state *queue, uint32_t lock)
{
    if (!lock_owned(machine, lock)) {
        machine_fails(machine, EXCEPTION_RUNTIME, "cannot wait on un-acquired lock");
        return;
    }
    uint32_t depth = lock_release_all(machine, lock);
    queue_insert(queue, queue->count,
                 (struct waiter){.thread = (uint16_t)machine->thread, .depth = depth});
    machine->head->phase = PHASE_WAITING;
    machine->effect->result = STEP_WAITS;
}

/* The lock is free: take it back, leave the queue. */
static void end_wait(struct machine *machine, const struct instruction *in,
                     struct queue_state *queue, uint32_t lock)
{
    struct waiter *waiter = queue_find(queue, machine->thread);
    bool notified = machine->head->phase == PHASE_WAITING;
    lock_restore(machine, lock, waiter->depth);
    queue_remove(queue, waiter);
    machine->effect->failed = !notified;
    machine_result(machine, in->a, notified);
    machine_done(machine);
}

void condition_wait(struct machine *machine, const struct instruction *in, struct choice choice)
{
    uint32_t condition = machine_target(machine, in);
    uint32_t lock = lock_of(machine->program, condition);
    struct queue_state *queue = model_object(machine->model, machine->world, condition);
    bool ready = machine->head->phase == PHASE_READY;
    if (choice.kind == CHOICE_TIMEOUT) {
        machine->effect->result = STEP_TIMED_OUT;
        machine->effect->failed = true;
        if (!ready) {
            machine->head->phase = PHASE_TIMED_OUT;
            return;
        }
        machine_result(machine, in->a, 0);
        machine_done(machine);
    } else if (ready) {
        begin_to_wait(machine, queue, lock);
    } else {
        end_wait(machine, in, queue, lock);
    }
}

void model_wait_left(const struct model *model, struct world *world, uint32_t thread, int64_t left)
{
    struct thread_head *head = model_head(model, world, thread);
    const struct instruction *in = &model->program->code[head->pc];
    if (in->op == OP_COND_WAIT && in->x != WAIT_ALONE && head->phase == PHASE_WAITING)
        model_slots(model, head)[head->base + in->c] = left;
}

/* Moves the oldest waiter that is not notified among the notified ones, which are sorted. */
static void notify_oldest(struct queue_state *queue, uint32_t notified)
{
    struct waiter waiter = queue->waiters[notified];
    queue_remove(queue, &queue->waiters[notified]);
    waiter.woken = 1;
    uint32_t at = 0;
    while (at < notified && queue->waiters[at].thread < waiter.thread)
        at++;
    queue_insert(queue, at, waiter);
}

void condition_notify(struct machine *machine, const struct instruction *in)
{
    uint32_t condition = machine_target(machine, in);
    if (!lock_owned(machine, lock_of(machine->program, condition))) {
        machine_fails(machine, EXCEPTION_RUNTIME, "cannot notify on un-acquired lock");
        return;
    }
    struct queue_state *queue = model_object(machine->model, machine->world, condition);
    int64_t wanted = in->op == OP_NOTIFY_ALL ? INT64_MAX
                     : in->c == NO_SLOT      ? 1
                                             : machine->frame[in->c];
    uint32_t notified = 0, first = 0;
    while (first < queue->count && queue->waiters[first].woken)
        first++;
    for (uint32_t at = first; at < queue->count && wanted > 0; at++, wanted--, notified++)
        notify_oldest(queue, at);
    machine->effect->woken = notified;
    machine->effect->value = notified;
    machine_done(machine);
}
