/*
 * Lock, RLock, Semaphore and BoundedSemaphore: CPython 3.11, Modules/_threadmodule.c
 * (lock_acquire_parse_args, rlock_acquire, rlock_release) and Lib/threading.py (class Semaphore).
 */
#include "model/machine.h"

enum { UNSET_TIMEOUT = -1000000000 }; /* Lock.acquire's default of -1 second */

static uint8_t type_of(const struct machine *machine, uint32_t object)
{
    return machine->program->objects[object].type;
}

static bool is_semaphore(uint8_t type)
{
    return type == OBJECT_SEMAPHORE || type == OBJECT_BOUNDED_SEMAPHORE;
}

static const char *semaphore_form(bool blocking, int64_t timeout, struct call_form *ret_form)
{
    if (timeout == NONE_VALUE)
        return NULL;
    if (!blocking)
        return "can't specify timeout for non-blocking acquire";
    ret_form->timed = timeout > 0;
    ret_form->blocking = timeout > 0;
    ret_form->timeout = timeout > 0 ? timeout : 0;
    return NULL;
}

static const char *plain_lock_form(bool blocking, int64_t timeout, struct call_form *ret_form)
{
    if (timeout == UNSET_TIMEOUT || timeout == NONE_VALUE)
        return NULL;
    if (!blocking)
        return "can't specify a timeout for a non-blocking call";
    if (timeout < 0)
        return "timeout value must be positive";
    ret_form->timed = timeout > 0;
    ret_form->blocking = timeout > 0;
    ret_form->timeout = timeout;
    return NULL;
}

const char *acquire_form(const struct machine *machine, const struct instruction *in, uint8_t type,
                         struct call_form *ret_form)
{
    *ret_form = (struct call_form){.blocking = true};
    if (in->c == NO_SLOT)
        return NULL;
    bool blocking = machine->frame[in->c] != 0;
    int64_t timeout = machine->frame[in->c + 1];
    ret_form->blocking = blocking;
    return is_semaphore(type) ? semaphore_form(blocking, timeout, ret_form)
                              : plain_lock_form(blocking, timeout, ret_form);
}

/* An acquire by this thread would succeed now. */
static bool can_acquire(const struct machine *machine, uint32_t object)
{
    const void *state = model_object(machine->model, machine->world, object);
    const struct rlock_state *rlock = state;
    switch ((enum object_type)type_of(machine, object)) {
    case OBJECT_LOCK: return !((const struct lock_state *)state)->locked;
    case OBJECT_RLOCK: return rlock->depth == 0 || rlock->owner == machine->thread + 1;
    case OBJECT_SEMAPHORE:
    case OBJECT_BOUNDED_SEMAPHORE: return ((const struct semaphore_state *)state)->value > 0;
    case OBJECT_CONDITION:
    case OBJECT_EVENT:
    case OBJECT_BARRIER:
    case OBJECT_TYPES: break;
    }
    return false;
}

static void take(struct machine *machine, uint32_t object)
{
    void *state = model_object(machine->model, machine->world, object);
    struct rlock_state *rlock = state;
    uint8_t type = type_of(machine, object);
    if (type == OBJECT_LOCK) {
        ((struct lock_state *)state)->locked = 1;
    } else if (type == OBJECT_RLOCK) {
        rlock->owner = machine->thread + 1;
        rlock->depth++;
    } else {
        ((struct semaphore_state *)state)->value--;
    }
}

unsigned lock_enabled(struct machine *machine, const struct instruction *in)
{
    uint32_t object = lock_of(machine->program, machine_target(machine, in));
    bool can = can_acquire(machine, object);
    if (in->c == NO_SLOT) /* blocking, without a time-out */
        return can ? ENABLED_STEP : ENABLED_NO;
    if (machine->head->phase == PHASE_WAITING)
        return ENABLED_TIMEOUT | (can ? ENABLED_STEP : 0u);
    struct call_form form;
    const char *wrong = acquire_form(machine, in, type_of(machine, object), &form);
    return can || wrong || !form.blocking || form.timed ? ENABLED_STEP : ENABLED_NO;
}

void lock_acquire(struct machine *machine, const struct instruction *in, struct choice choice)
{
    uint32_t object = lock_of(machine->program, machine_target(machine, in));
    struct call_form form;
    const char *wrong = acquire_form(machine, in, type_of(machine, object), &form);
    if (wrong) {
        machine_fails(machine, EXCEPTION_VALUE, wrong);
        return;
    }
    bool got = choice.kind != CHOICE_TIMEOUT && can_acquire(machine, object);
    if (!got && form.timed && choice.kind == CHOICE_STEP) {
        machine->head->phase = PHASE_WAITING;
        machine->effect->result = STEP_WAITS;
        return;
    }
    if (got)
        take(machine, object);
    if (choice.kind == CHOICE_TIMEOUT)
        machine->effect->result = STEP_TIMED_OUT;
    machine->effect->failed = !got;
    machine_result(machine, in->a, got);
    machine_done(machine);
}

static const char *rlock_release(struct machine *machine, struct rlock_state *state)
{
    if (state->depth == 0 || state->owner != machine->thread + 1)
        return "cannot release un-acquired lock";
    if (--state->depth == 0)
        state->owner = 0;
    return NULL;
}

static void semaphore_release(struct machine *machine, const struct instruction *in,
                              uint32_t object)
{
    struct semaphore_state *state = model_object(machine->model, machine->world, object);
    int64_t permits = in->c == NO_SLOT ? 1 : machine->frame[in->c], sum = 0;
    bool overflow = __builtin_add_overflow(state->value, permits, &sum);
    if (permits < 1) {
        machine_fails(machine, EXCEPTION_VALUE, "n must be one or more");
    } else if (type_of(machine, object) == OBJECT_BOUNDED_SEMAPHORE &&
               (overflow || sum > machine->program->objects[object].initial)) {
        machine_fails(machine, EXCEPTION_VALUE, "Semaphore released too many times");
    } else if (overflow) {
        machine_fails(machine, EXCEPTION_OVERFLOW, "the result does not fit 64 bits");
    } else {
        machine->effect->old = state->value;
        machine->effect->value = state->value = sum;
        machine_done(machine);
    }
}

void lock_release(struct machine *machine, const struct instruction *in)
{
    uint32_t object = lock_of(machine->program, machine_target(machine, in));
    uint8_t type = type_of(machine, object);
    void *state = model_object(machine->model, machine->world, object);
    const char *wrong = NULL;
    if (is_semaphore(type)) {
        semaphore_release(machine, in, object);
        return;
    }
    if (type == OBJECT_RLOCK)
        wrong = rlock_release(machine, state);
    else if (!((struct lock_state *)state)->locked)
        wrong = "release unlocked lock";
    else
        ((struct lock_state *)state)->locked = 0;
    if (wrong)
        machine_fails(machine, EXCEPTION_RUNTIME, wrong);
    else
        machine_done(machine);
}

void lock_locked(struct machine *machine, const struct instruction *in)
{
    uint32_t object = machine_target(machine, in);
    const struct lock_state *state = model_object(machine->model, machine->world, object);
    machine_result(machine, in->a, state->locked);
    machine_done(machine);
}

/* ---- what conditions need of their lock ---- */

bool lock_owned(const struct machine *machine, uint32_t lock)
{
    const void *state = model_object(machine->model, machine->world, lock);
    const struct rlock_state *rlock = state;
    return type_of(machine, lock) == OBJECT_RLOCK
               ? rlock->depth > 0 && rlock->owner == machine->thread + 1
               : ((const struct lock_state *)state)->locked != 0;
}

bool lock_free(const struct machine *machine, uint32_t lock)
{
    return can_acquire(machine, lock);
}

uint32_t lock_release_all(struct machine *machine, uint32_t lock)
{
    int64_t *word = model_object(machine->model, machine->world, lock);
    uint32_t depth = 0;
    if (type_of(machine, lock) == OBJECT_RLOCK)
        depth = ((struct rlock_state *)word)->depth;
    *word = 0;
    return depth;
}

void lock_restore(struct machine *machine, uint32_t lock, uint32_t depth)
{
    take(machine, lock);
    if (type_of(machine, lock) == OBJECT_RLOCK)
        ((struct rlock_state *)model_object(machine->model, machine->world, lock))->depth = depth;
}
