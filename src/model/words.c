/* Worlds and operations in words, for people. */
#include "base/text.h"
#include "model/machine.h"
#include "model/queue.h"
#include "model/value.h"

void world_cell_text(const struct model *model, uint32_t cell, int64_t value, struct text *out)
{
    const struct variable *variable = program_variable_of(model->program, cell);
    uint32_t within = (cell - variable->first_cell) % variable->width;
    value_text(model, NULL, variable->kinds[within],
               variable->optional ? variable->optional[within] : false, true, value, out);
}

void world_local_text(const struct model *model, const struct world *world, uint32_t thread,
                      uint16_t slot, struct text *out)
{
    struct thread_head *head = model_head(model, (struct world *)(uintptr_t)world, thread);
    const struct function *function = &model->program->functions[head->function];
    value_text(model, world, function->slot_kinds[slot],
               function->slot_optional && function->slot_optional[slot], true,
               model_slots(model, head)[head->base + slot], out);
}

static void rlock_text(const struct model *model, const struct world *world,
                       const struct rlock_state *state, struct text *out)
{
    if (!state->depth) {
        text_add(out, "free");
        return;
    }
    text_printf(out, "depth %u by ", state->depth);
    model_thread_name(model, world, state->owner - 1, out);
}

static void queue_text(const struct queue_state *state, bool event, struct text *out)
{
    uint32_t woken = 0;
    for (uint32_t i = 0; i < state->count; i++)
        woken += state->waiters[i].woken;
    if (event)
        text_add(out, state->flag ? "set" : "not set");
    if (!event && !state->count)
        text_add(out, "nobody waits");
    else if (state->count > woken)
        text_printf(out, "%s%u waiting", event ? ", " : "", state->count - woken);
    if (woken)
        text_printf(out, "%s%u %s", event || state->count > woken ? ", " : "", woken,
                    event ? "woken" : "notified");
}

static void barrier_text(const struct object *object, const struct barrier_state *state,
                         struct text *out)
{
    switch ((enum barrier_phase)state->phase) {
    case BARRIER_FILLING:
        text_printf(out, "%u of %lld waiting", state->count, (long long)object->initial);
        break;
    case BARRIER_DRAINING: text_printf(out, "open, %u still inside", state->count); break;
    case BARRIER_RESETTING: text_printf(out, "reset, %u still inside", state->count); break;
    case BARRIER_BROKE: text_add(out, "broken"); break;
    case BARRIER_ACTING: text_add(out, "runs its action"); break;
    }
}

void world_object_text(const struct model *model, const struct world *world, uint32_t object,
                       struct text *out)
{
    const struct object *about = &model->program->objects[object];
    const void *state = model_object(model, (struct world *)world, object);
    long long value = ((const struct semaphore_state *)state)->value;
    switch ((enum object_type)about->type) {
    case OBJECT_LOCK:
        text_add(out, ((const struct lock_state *)state)->locked ? "locked" : "free");
        break;
    case OBJECT_RLOCK: rlock_text(model, world, state, out); break;
    case OBJECT_CONDITION: queue_text(state, false, out); break;
    case OBJECT_SEMAPHORE: text_printf(out, "%lld permit%s", value, value == 1 ? "" : "s"); break;
    case OBJECT_BOUNDED_SEMAPHORE:
        text_printf(out, "%lld of %lld permits", value, (long long)about->initial);
        break;
    case OBJECT_EVENT: queue_text(state, true, out); break;
    case OBJECT_BARRIER: barrier_text(about, state, out); break;
    case OBJECT_TYPES: break;
    }
}

static void thread_text(const struct model *model, const struct world *world, uint32_t thread,
                        struct text *out)
{
    static const char *const statuses[] = {"not made", "not started", "alive", "ended"};
    const struct thread_head *head = world_thread_const(model, world, thread);
    model_thread_name(model, world, thread, out);
    if (head->status != THREAD_ALIVE) {
        text_printf(out, ": %s\n", statuses[head->status]);
        return;
    }
    struct operation operation;
    model_next(model, world, thread, &operation);
    text_printf(out, ": line %u, next: ", POSITION_LINE(operation.source));
    operation_text(model, NULL, &operation, out);
    struct text why = {0};
    model_why_not(model, world, thread, &why);
    if (why.length)
        text_printf(out, " (%s)", text_bytes(&why));
    text_fini(&why);
    text_add_char(out, '\n');
}

void world_describe(const struct model *model, const struct world *world, struct text *out)
{
    const struct program *program = model->program;
    for (uint32_t i = 0; i < program->cell_count; i++) {
        program_thing_name(program, i, out);
        text_add(out, " = ");
        world_cell_text(model, i, world->words[i], out);
        text_add_char(out, '\n');
    }
    for (uint32_t i = 0; i < program->object_count; i++) {
        text_printf(out, "%s: ", program->objects[i].name ? program->objects[i].name : "?");
        world_object_text(model, world, i, out);
        text_add_char(out, '\n');
    }
    uint32_t end = world_thread_end(model, world);
    for (uint32_t i = 0; i < end; i++)
        thread_text(model, world, i, out);
}

/* ---- operations ---- */

static void cell_words(const struct model *model, const struct world *world,
                       const struct operation *operation, struct text *out)
{
    text_printf(out, "%s ", opcode_names[operation->op]);
    program_thing_name(model->program, operation->thing, out);
    if (opcode_traits[operation->op] & ONLY_LOOKS) {
        if (!world)
            return;
        text_add(out, " → ");
        world_cell_text(model, operation->thing, world->words[operation->thing], out);
    } else if (operation->op == OP_ATOMIC_ADD) {
        text_printf(out, " %+lld", (long long)operation->value);
    } else if (operation->op == OP_ATOMIC_CAS) {
        text_add_char(out, ' ');
        world_cell_text(model, operation->thing, operation->value, out);
        text_add(out, " → ");
        world_cell_text(model, operation->thing, operation->value2, out);
    } else {
        text_add(out, " ← ");
        world_cell_text(model, operation->thing, operation->value, out);
    }
}

static void object_words(const struct model *model, const struct operation *operation,
                         struct text *out)
{
    bool counted =
        (operation->op == OP_RELEASE || operation->op == OP_NOTIFY) && operation->value != 1;
    if (operation->op == OP_ACQUIRE && !operation->blocking)
        text_add(out, "try to ");
    text_printf(out, "%s ", opcode_names[operation->op]);
    program_thing_name(model->program, operation->thing, out);
    if (counted)
        text_printf(out, " %lld", (long long)operation->value);
    if (operation->timed && operation->blocking) {
        text_add(out, ", at most ");
        duration_text(operation->timeout, out);
    }
}

static void other_words(const struct model *model, const struct world *world,
                        const struct operation *operation, struct text *out)
{
    text_add(out, opcode_names[operation->op]);
    uint8_t op = operation->op;
    if (operation->thread != UINT32_MAX) {
        text_add_char(out, ' ');
        model_thread_name(model, world, operation->thread, out);
    } else if (op == OP_SLEEP || op == OP_IO || op == OP_COMPUTE) {
        text_add_char(out, ' ');
        duration_text(operation->value, out);
    } else if (op == OP_PRINT || op == OP_NOTE) {
        text_printf(out, " \"%s\"", model_string(model, operation->value));
    } else if (op == OP_RANDINT) {
        text_printf(out, " %lld … %lld", (long long)operation->value, (long long)operation->value2);
    }
    if (operation->timed) {
        text_add(out, ", at most ");
        duration_text(operation->timeout, out);
    }
}

void operation_text(const struct model *model, const struct world *world,
                    const struct operation *operation, struct text *out)
{
    if (operation->thing < model->program->cell_count)
        cell_words(model, world, operation, out);
    else if (operation->thing < program_register_thing(model->program))
        object_words(model, operation, out);
    else
        other_words(model, world, operation, out);
}

/* What the thread waits for, when it cannot step. */
void model_why_not(const struct model *model, const struct world *world, uint32_t thread,
                   struct text *out)
{
    if (world_thread_const(model, world, thread)->status != THREAD_ALIVE ||
        model_enabled(model, world, thread) & (ENABLED_STEP | ENABLED_VALUE))
        return;
    struct operation operation;
    model_next(model, world, thread, &operation);
    bool reacquires = operation.op == OP_COND_WAIT && operation.phase != PHASE_READY;
    uint32_t object = operation.thing - model->program->cell_count;
    text_add(out, "waits for ");
    if (operation.op == OP_JOIN) {
        text_add(out, "the end of ");
        model_thread_name(model, world, operation.thread, out);
        return;
    }
    if (reacquires) {
        struct queue_state *queue = model_object(model, (struct world *)world, object);
        const struct waiter *waiter = queue_find(queue, thread);
        uint32_t lock = lock_of(model->program, object);
        if (waiter && (waiter->woken || operation.phase == PHASE_TIMED_OUT)) {
            text_printf(out, "the lock %s", model->program->objects[lock].name);
            return;
        }
        text_add(out, "a notify of ");
    }
    program_thing_name(model->program, operation.thing, out);
}
