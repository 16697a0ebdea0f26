#include "model/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "model/machine.h"

void effect_fini(struct effect *effect)
{
    free(effect->touches);
    effect->touches = NULL;
    effect->touch_room = effect->touch_count = 0;
}

static void effect_reset(struct effect *effect)
{
    struct touch *touches = effect->touches;
    uint32_t room = effect->touch_room;
    *effect = (struct effect){
        .touches = touches, .touch_room = room, .thing = UINT32_MAX, .thread = UINT32_MAX};
}

void machine_touch(struct machine *machine, uint32_t thing, uint8_t op, int64_t value)
{
    struct effect *effect = machine->effect;
    if (!machine->together || machine->whole)
        return;
    if (effect->touch_count == effect->touch_room) {
        effect->touch_room = effect->touch_room ? 2 * effect->touch_room : 16;
        effect->touches = xrealloc(effect->touches, effect->touch_room * sizeof *effect->touches);
    }
    effect->touches[effect->touch_count++] = (struct touch){thing, op, value};
}

/* The thing that the operation touches, or UINT32_MAX. */
static uint32_t thing_of(const struct machine *machine, const struct instruction *in)
{
    const struct program *program = machine->program;
    switch ((enum opcode_about)opcode_about[in->op]) {
    case ABOUT_CELL: return machine_target(machine, in);
    case ABOUT_LOCK:
        return program_object_thing(program, lock_of(program, machine_target(machine, in)));
    case ABOUT_CONDITION:
    case ABOUT_EVENT:
    case ABOUT_BARRIER: return program_object_thing(program, machine_target(machine, in));
    case ABOUT_THREAD:
    case ABOUT_SELF:
    case ABOUT_THREADS: return program_register_thing(program);
    case ABOUT_BLOCK:
    case ABOUT_NOTHING: break;
    }
    return UINT32_MAX;
}

static unsigned randint_enabled(const struct machine *machine, const struct instruction *in)
{
    return machine->frame[in->b] <= machine->frame[in->c] ? ENABLED_VALUE : ENABLED_STEP;
}

unsigned machine_enabled(struct machine *machine)
{
    const struct instruction *in = machine_at(machine);
    if (in->op == OP_RANDINT)
        return randint_enabled(machine, in);
    if (!operation_waits(in->op))
        return ENABLED_STEP;
    switch ((enum opcode_about)opcode_about[in->op]) {
    case ABOUT_LOCK: return lock_enabled(machine, in);
    case ABOUT_CONDITION: return condition_enabled(machine, in);
    case ABOUT_EVENT: return event_enabled(machine, in);
    case ABOUT_BARRIER: return barrier_enabled(machine, in);
    case ABOUT_THREAD: return thread_enabled(machine, in);
    case ABOUT_CELL:
    case ABOUT_SELF:
    case ABOUT_THREADS:
    case ABOUT_BLOCK:
    case ABOUT_NOTHING: break;
    }
    return ENABLED_STEP;
}

unsigned model_enabled(const struct model *model, const struct world *world, uint32_t thread)
{
    struct machine machine;
    if (model_head(model, (struct world *)world, thread)->status != THREAD_ALIVE)
        return ENABLED_NO;
    machine_init(&machine, model, world, thread, NULL);
    return machine_enabled(&machine);
}

static void randint_perform(struct machine *machine, const struct instruction *in,
                            struct choice choice)
{
    long long low = machine->frame[in->b], high = machine->frame[in->c];
    if (low > high) {
        char words[160];
        snprintf(words, sizeof words, "empty range for randrange() (%lld, %lld, %lld)", low,
                 high + 1, (long long)((unsigned long long)high + 1 - (unsigned long long)low));
        machine_fails(machine, EXCEPTION_VALUE, words);
        return;
    }
    machine_result(machine, in->a, choice.value);
    machine_done(machine);
}

static void quiet_perform(struct machine *machine, const struct instruction *in)
{
    machine->effect->value = machine->frame[in->a];
    if (in->op == OP_PRINT && machine->print)
        machine->print(machine->context, model_string(machine->model, machine->frame[in->a]));
    machine_done(machine);
}

/* The whole block, as one step. */
static void block_perform(struct machine *machine, const struct instruction *in)
{
    const struct atomic_block *block = &machine->program->atomics[in->d];
    struct effect *effect = machine->effect;
    machine->together = true;
    machine->budget = MAX_INVISIBLE;
    machine->base = machine->head->base;
    machine->begin = block->begin;
    machine->end = block->end;
    machine->head->pc++;
    machine_run(machine);
    machine->together = false;
    effect->op = OP_ATOMIC_BEGIN;
    effect->result = STEP_DONE;
    effect->thing = effect->thread = UINT32_MAX;
    effect->value = effect->old = 0;
    effect->failed = false;
}

/* One line for each operation. */
static void perform(struct machine *machine, const struct instruction *in, struct choice choice)
{
    switch ((enum opcode)in->op) {
    case OP_LOAD: cell_load(machine, in); break;
    case OP_STORE: cell_store(machine, in); break;
    case OP_ATOMIC_LOAD: cell_atomic_load(machine, in); break;
    case OP_ATOMIC_STORE: cell_atomic_store(machine, in); break;
    case OP_ATOMIC_ADD: cell_atomic_add(machine, in); break;
    case OP_ATOMIC_SWAP: cell_atomic_swap(machine, in); break;
    case OP_ATOMIC_CAS: cell_atomic_cas(machine, in); break;
    case OP_ACQUIRE: lock_acquire(machine, in, choice); break;
    case OP_RELEASE: lock_release(machine, in); break;
    case OP_LOCKED: lock_locked(machine, in); break;
    case OP_COND_WAIT: condition_wait(machine, in, choice); break;
    case OP_NOTIFY:
    case OP_NOTIFY_ALL: condition_notify(machine, in); break;
    case OP_EVENT_SET: event_set(machine, in); break;
    case OP_EVENT_CLEAR: event_clear(machine, in); break;
    case OP_EVENT_IS_SET: event_is_set(machine, in); break;
    case OP_EVENT_WAIT: event_wait(machine, in, choice); break;
    case OP_BARRIER_ARRIVE: barrier_arrive(machine, in); break;
    case OP_BARRIER_OPEN: barrier_open(machine, in); break;
    case OP_BARRIER_BREAK: barrier_break(machine, in); break;
    case OP_BARRIER_DEPART: barrier_depart(machine, in, choice); break;
    case OP_BARRIER_ABORT: barrier_abort(machine, in); break;
    case OP_BARRIER_RESET: barrier_reset(machine, in); break;
    case OP_BARRIER_WAITING: barrier_waiting(machine, in); break;
    case OP_BARRIER_BROKEN: barrier_broken(machine, in); break;
    case OP_START: thread_start(machine, in); break;
    case OP_JOIN: thread_join(machine, in, choice); break;
    case OP_IS_ALIVE: thread_is_alive(machine, in); break;
    case OP_IDENT: thread_ident(machine, in); break;
    case OP_ACTIVE_COUNT: thread_active_count(machine, in); break;
    case OP_END: thread_end(machine); break;
    case OP_SLEEP:
    case OP_IO:
    case OP_COMPUTE:
    case OP_PRINT:
    case OP_NOTE: quiet_perform(machine, in); break;
    case OP_YIELD:
    case OP_TURN: machine_done(machine); break;
    case OP_RANDINT: randint_perform(machine, in, choice); break;
    case OP_ATOMIC_BEGIN: block_perform(machine, in); break;
#include "model/local_cases.def"
        die("a step at pc %u, which is no visible operation", machine->head->pc);
    }
}

void machine_perform(struct machine *machine, struct choice choice)
{
    const struct instruction *in = machine_at(machine);
    struct effect *effect = machine->effect;
    effect->op = in->op;
    effect->source = in->source;
    effect->result = STEP_DONE;
    effect->thing = thing_of(machine, in);
    perform(machine, in, choice);
    if (machine->together)
        machine_touch(machine, effect->thing, in->op, effect->value);
}

void model_apply(struct model *model, struct world *world, uint32_t thread, struct choice choice,
                 struct effect *effect)
{
    struct machine machine;
    effect_reset(effect);
    machine_init(&machine, model, world, thread, effect);
    machine_perform(&machine, choice);
}

void model_advance(struct model *model, struct world *world, uint32_t thread, struct effect *effect)
{
    struct machine machine;
    machine_init(&machine, model, world, thread, effect);
    if (effect->result == STEP_RAISED)
        machine_raise(&machine, effect->raised, effect->message, effect->raised_at);
    if (machine.head->phase != PHASE_READY || machine.head->status != THREAD_ALIVE)
        return;
    machine_run(&machine);
}

void model_perform(struct model *model, struct world *world, uint32_t thread, struct choice choice,
                   struct effect *effect)
{
    struct machine machine;
    effect_reset(effect);
    machine_init(&machine, model, world, thread, effect);
    machine_perform(&machine, choice);
    if (effect->result == STEP_RAISED)
        machine_raise(&machine, effect->raised, effect->message, effect->raised_at);
    if (machine.head->phase == PHASE_READY && machine.head->status == THREAD_ALIVE)
        machine_run(&machine);
}

bool model_finished(const struct model *model, const struct world *world)
{
    uint32_t end = world_thread_end(model, world);
    for (uint32_t i = 0; i < end; i++)
        if (model_head(model, (struct world *)world, i)->status == THREAD_ALIVE &&
            !model_is_daemon(model, world, i))
            return false;
    return true;
}

/* ---- the next operation, described ---- */

static void describe_form(const struct machine *machine, const struct instruction *in,
                          struct operation *operation)
{
    struct call_form form = {.blocking = true};
    const struct program *program = machine->program;
    if (in->op == OP_ACQUIRE) {
        uint32_t lock = lock_of(program, machine_target(machine, in));
        acquire_form(machine, in, program->objects[lock].type, &form);
    } else if (in->op == OP_COND_WAIT || in->op == OP_EVENT_WAIT || in->op == OP_JOIN) {
        timeout_form(machine, in->c, &form);
    } else if (in->op == OP_BARRIER_DEPART) {
        barrier_form(machine, in, &form);
        operation->phase = PHASE_WAITING;
    } else {
        return;
    }
    operation->blocking = form.blocking;
    operation->timed = form.timed;
    operation->timeout = form.timeout;
}

static int64_t slot_or(const struct machine *machine, uint16_t slot, int64_t otherwise)
{
    return slot == NO_SLOT ? otherwise : machine->frame[slot];
}

static void describe_access(const struct machine *machine, const struct instruction *in,
                            struct operation *operation)
{
    const int64_t *frame = machine->frame;
    bool plain = in->op == OP_LOAD || in->op == OP_STORE;
    operation->width = plain && in->x ? in->x : 1;
    if (in->op == OP_STORE || in->op == OP_ATOMIC_STORE)
        operation->value = frame[in->a];
    else if (!(opcode_traits[in->op] & ONLY_LOOKS))
        operation->value = frame[in->c];
    if (in->op == OP_ATOMIC_CAS)
        operation->value2 = frame[in->c + 1];
}

static void describe_values(const struct machine *machine, const struct instruction *in,
                            struct operation *operation)
{
    const int64_t *frame = machine->frame;
    switch ((enum opcode_about)opcode_about[in->op]) {
    case ABOUT_CELL: describe_access(machine, in, operation); break;
    case ABOUT_LOCK:
    case ABOUT_CONDITION:
        if (in->op == OP_RELEASE || in->op == OP_NOTIFY)
            operation->value = slot_or(machine, in->c, 1);
        break;
    case ABOUT_THREAD: operation->thread = (uint32_t)frame[in->b]; break;
    case ABOUT_NOTHING:
        if (operation_quiet(in->op)) {
            operation->value = frame[in->a];
        } else if (in->op == OP_RANDINT) {
            operation->value = frame[in->b];
            operation->value2 = frame[in->c];
        }
        break;
    case ABOUT_EVENT:
    case ABOUT_BARRIER:
    case ABOUT_SELF:
    case ABOUT_THREADS:
    case ABOUT_BLOCK: break;
    }
}

void model_next(const struct model *model, const struct world *world, uint32_t thread,
                struct operation *ret_operation)
{
    struct machine machine;
    machine_init(&machine, model, world, thread, NULL);
    const struct instruction *in = machine_at(&machine);
    *ret_operation = (struct operation){.op = in->op,
                                        .phase = machine.head->phase,
                                        .blocking = true,
                                        .thing = thing_of(&machine, in),
                                        .thread = UINT32_MAX,
                                        .source = in->source,
                                        .pc = machine.head->pc,
                                        .function = machine.head->function};
    describe_values(&machine, in, ret_operation);
    describe_form(&machine, in, ret_operation);
}
