#include "run/record.h"

#include "model/objects.h"

uint32_t record_lock_thing(const struct program *program, uint32_t thing)
{
    if (thing < program->cell_count || thing >= program_register_thing(program))
        return thing;
    const struct object *object = &program->objects[thing - program->cell_count];
    return object->lock >= 0 ? program_object_thing(program, (uint32_t)object->lock) : thing;
}

/* Depth of a lock, permits of a semaphore. */
static int64_t lock_value(const struct model *model, const struct world *world, uint32_t thing)
{
    const struct program *program = model_program(model);
    uint32_t id = record_lock_thing(program, thing) - program->cell_count;
    const void *state = world_object(model, (struct world *)(uintptr_t)world, id);
    switch ((enum object_type)program->objects[id].type) {
    case OBJECT_LOCK: return ((const struct lock_state *)state)->locked;
    case OBJECT_RLOCK: return ((const struct rlock_state *)state)->depth;
    case OBJECT_SEMAPHORE:
    case OBJECT_BOUNDED_SEMAPHORE: return ((const struct semaphore_state *)state)->value;
    case OBJECT_CONDITION:
    case OBJECT_EVENT:
    case OBJECT_BARRIER:
    case OBJECT_TYPES: break;
    }
    return 0;
}

/* A step and what is known of it. */
struct view {
    const struct model *model;
    const struct world *world;
    const struct operation *operation;
    const struct effect *effect;
    bool timeout; /* the choice was to time out */
};

static uint16_t acquire_record(const struct view *view, struct step_record *record)
{
    record->object = record_lock_thing(model_program(view->model), record->object);
    if (view->effect->result == STEP_WAITS) {
        record->value = view->operation->timed ? view->operation->timeout : -1;
        return THRUM_KIND_WAIT_BEGIN;
    }
    if (view->timeout)
        return THRUM_KIND_TIMED_OUT;
    if (view->effect->failed)
        return THRUM_KIND_TRY_FAILED;
    record->value = lock_value(view->model, view->world, record->object);
    return THRUM_KIND_ACQUIRE;
}

static uint16_t condition_record(const struct view *view, struct step_record *record)
{
    if (view->effect->result == STEP_WAITS) {
        record->value = view->operation->timed ? view->operation->timeout : -1;
        return THRUM_KIND_COND_WAIT;
    }
    if (view->operation->phase == PHASE_READY) /* a wait_for whose time was up: it keeps the lock */
        return THRUM_KIND_INSPECT;
    if (view->effect->result == STEP_TIMED_OUT)
        return THRUM_KIND_COND_TIMED_OUT;
    record->value = lock_value(view->model, view->world, record->object);
    if (!view->effect->failed)
        record->flags |= THRUM_RESULT;
    return THRUM_KIND_COND_REACQUIRED;
}

static uint16_t join_record(const struct view *view, struct step_record *record)
{
    record->value = view->operation->thread;
    if (view->effect->result == STEP_WAITS)
        return THRUM_KIND_JOIN_BEGIN;
    return view->timeout || view->effect->failed ? THRUM_KIND_JOIN_TIMED_OUT : THRUM_KIND_JOIN;
}

static uint16_t event_wait_record(const struct view *view, struct step_record *record)
{
    if (view->effect->result == STEP_WAITS) {
        record->value = view->operation->timed ? view->operation->timeout : -1;
        return THRUM_KIND_WAIT_BEGIN;
    }
    return view->timeout || view->effect->failed ? THRUM_KIND_TIMED_OUT : THRUM_KIND_EVENT_WAIT;
}

static uint16_t depart_record(const struct view *view, struct step_record *record)
{
    if (view->effect->result == STEP_WAITS) {
        record->value = view->operation->timed ? view->operation->timeout : -1;
        return THRUM_KIND_WAIT_BEGIN;
    }
    return view->timeout ? THRUM_KIND_BARRIER_BROKEN : THRUM_KIND_BARRIER_DEPART;
}

static uint16_t cell_record(const struct view *view, struct step_record *record, uint16_t kind)
{
    record->value = view->world->words[record->object];
    return kind;
}

static uint16_t answer_record(const struct view *view, struct step_record *record, uint16_t kind)
{
    if (view->effect->value)
        record->flags |= THRUM_RESULT;
    return kind;
}

static uint16_t value_record(struct step_record *record, uint16_t kind, int64_t value)
{
    record->value = value;
    return kind;
}

static uint16_t raised_record(const struct view *view, struct step_record *record)
{
    if (view->effect->raised == EXCEPTION_BROKEN_BARRIER &&
        (view->operation->op == OP_BARRIER_ARRIVE || view->operation->op == OP_BARRIER_DEPART))
        return THRUM_KIND_BARRIER_BROKEN;
    return value_record(record, THRUM_KIND_RAISE, view->effect->raised);
}

/* A table: one line for each operation. */
static uint16_t record_of(const struct view *view, struct step_record *record)
{
    const struct effect *effect = view->effect;
    if (effect->result == STEP_RAISED)
        return raised_record(view, record);
    switch ((enum opcode)view->operation->op) {
    case OP_LOAD: return cell_record(view, record, THRUM_KIND_LOAD);
    case OP_STORE: return cell_record(view, record, THRUM_KIND_STORE);
    case OP_ATOMIC_LOAD: return cell_record(view, record, THRUM_KIND_ATOMIC_LOAD);
    case OP_ATOMIC_STORE: return cell_record(view, record, THRUM_KIND_ATOMIC_STORE);
    case OP_ATOMIC_ADD: return cell_record(view, record, THRUM_KIND_ATOMIC_ADD);
    case OP_ATOMIC_SWAP: return cell_record(view, record, THRUM_KIND_ATOMIC_SWAP);
    case OP_ATOMIC_CAS:
        return cell_record(view, record,
                           effect->failed ? THRUM_KIND_ATOMIC_CAS_FAILED : THRUM_KIND_ATOMIC_CAS);
    case OP_ACQUIRE: return acquire_record(view, record);
    case OP_RELEASE:
        record->object = record_lock_thing(model_program(view->model), record->object);
        return value_record(record, THRUM_KIND_RELEASE,
                            lock_value(view->model, view->world, record->object));
    case OP_LOCKED: return answer_record(view, record, THRUM_KIND_LOCKED);
    case OP_COND_WAIT: return condition_record(view, record);
    case OP_NOTIFY:
    case OP_NOTIFY_ALL: return value_record(record, THRUM_KIND_NOTIFY, effect->woken);
    case OP_EVENT_SET: return THRUM_KIND_EVENT_SET;
    case OP_EVENT_CLEAR: return THRUM_KIND_EVENT_CLEAR;
    case OP_EVENT_IS_SET: return answer_record(view, record, THRUM_KIND_EVENT_IS_SET);
    case OP_EVENT_WAIT: return event_wait_record(view, record);
    case OP_BARRIER_ARRIVE: return value_record(record, THRUM_KIND_BARRIER_ARRIVE, effect->value);
    case OP_BARRIER_OPEN: return THRUM_KIND_BARRIER_OPEN;
    case OP_BARRIER_BREAK: return THRUM_KIND_BARRIER_ABORT;
    case OP_BARRIER_DEPART: return depart_record(view, record);
    case OP_BARRIER_ABORT: return THRUM_KIND_BARRIER_ABORT;
    case OP_BARRIER_RESET: return THRUM_KIND_BARRIER_RESET;
    case OP_BARRIER_WAITING:
    case OP_BARRIER_BROKEN:
    case OP_ACTIVE_COUNT: return value_record(record, THRUM_KIND_INSPECT, effect->value);
    case OP_IDENT: /* 0: None */
        return value_record(record, THRUM_KIND_INSPECT,
                            effect->value == NONE_VALUE ? 0 : effect->value);
    case OP_START: return value_record(record, THRUM_KIND_THREAD_START, view->operation->thread);
    case OP_JOIN: return join_record(view, record);
    case OP_IS_ALIVE:
        answer_record(view, record, THRUM_KIND_IS_ALIVE);
        return value_record(record, THRUM_KIND_IS_ALIVE, view->operation->thread);
    case OP_END:
        record->value = effect->died_of;
        return effect->died_of ? THRUM_KIND_THREAD_DIED : THRUM_KIND_THREAD_END;
    case OP_SLEEP: return THRUM_KIND_SLEEP_END;
    case OP_IO: return THRUM_KIND_IO_END;
    case OP_COMPUTE: return THRUM_KIND_COMPUTE_END;
    case OP_PRINT: return value_record(record, THRUM_KIND_PRINT, effect->value);
    case OP_NOTE: return value_record(record, THRUM_KIND_NOTE, effect->value);
    case OP_YIELD: return THRUM_KIND_YIELD;
    case OP_TURN: return THRUM_KIND_TURN;
    case OP_RANDINT: return value_record(record, THRUM_KIND_RANDINT, effect->value);
    case OP_ATOMIC_BEGIN: record->object = THRUM_NONE; return THRUM_KIND_ATOMIC_BLOCK;
#include "model/local_cases.def"
        break; /* no steps */
    }
    return THRUM_KIND_NONE;
}

/* The last party opens the barrier and is through: by arriving, or with the step after the action.
 */
static bool opens(const struct view *view)
{
    const struct program *program = model_program(view->model);
    if (view->effect->result == STEP_RAISED)
        return false;
    if (view->operation->op == OP_BARRIER_OPEN)
        return true;
    if (view->operation->op != OP_BARRIER_ARRIVE)
        return false;
    const struct object *barrier = &program->objects[view->operation->thing - program->cell_count];
    return barrier->action < 0 && view->effect->value == barrier->initial - 1;
}

/* What follows the step's own record at a barrier that opens; returns how many. */
static unsigned opening_records(const struct view *view, struct step_record *first)
{
    const struct program *program = model_program(view->model);
    int64_t parties = program->objects[view->operation->thing - program->cell_count].initial;
    struct step_record *next = first + 1;
    if (first->kind == THRUM_KIND_BARRIER_OPEN) {
        first->value = parties;
    } else {
        *next = *first;
        next->kind = THRUM_KIND_BARRIER_OPEN;
        next->value = parties;
        next++->flags = 0;
    }
    *next = *first;
    next->kind = THRUM_KIND_BARRIER_DEPART;
    next->value = parties - 1;
    next++->flags = 0;
    return (unsigned)(next - first);
}

unsigned record_step(const struct model *model, const struct world *world,
                     const struct operation *operation, struct choice choice,
                     const struct effect *effect, struct step_record ret[STEP_RECORDS])
{
    struct view view = {model, world, operation, effect, choice.kind == CHOICE_TIMEOUT};
    struct step_record record = {.flags = THRUM_STEP,
                                 .object =
                                     operation->thing == UINT32_MAX ? THRUM_NONE : operation->thing,
                                 .source = operation->source};
    if (operation->timed)
        record.flags |= THRUM_TIMED;
    if (view.timeout)
        record.flags |= THRUM_TIMED_OUT;
    if (operation->op == OP_ACQUIRE && !operation->blocking)
        record.flags |= THRUM_TRY;
    record.kind = record_of(&view, &record);
    ret[0] = record;
    return opens(&view) ? opening_records(&view, ret) : 1;
}

void record_touch(const struct touch *touch, uint32_t source, struct step_record *ret)
{
    static const uint16_t kinds[OPCODES] = {
        [OP_LOAD] = THRUM_KIND_LOAD,
        [OP_STORE] = THRUM_KIND_STORE,
        [OP_ATOMIC_LOAD] = THRUM_KIND_ATOMIC_LOAD,
        [OP_ATOMIC_STORE] = THRUM_KIND_ATOMIC_STORE,
        [OP_ATOMIC_ADD] = THRUM_KIND_ATOMIC_ADD,
        [OP_ATOMIC_SWAP] = THRUM_KIND_ATOMIC_SWAP,
        [OP_ATOMIC_CAS] = THRUM_KIND_ATOMIC_CAS,
        [OP_RELEASE] = THRUM_KIND_RELEASE,
        [OP_ACQUIRE] = THRUM_KIND_ACQUIRE,
        [OP_NOTIFY] = THRUM_KIND_NOTIFY,
        [OP_NOTIFY_ALL] = THRUM_KIND_NOTIFY,
        [OP_EVENT_SET] = THRUM_KIND_EVENT_SET,
        [OP_EVENT_CLEAR] = THRUM_KIND_EVENT_CLEAR,
        [OP_EVENT_IS_SET] = THRUM_KIND_EVENT_IS_SET,
        [OP_BARRIER_ABORT] = THRUM_KIND_BARRIER_ABORT,
        [OP_BARRIER_RESET] = THRUM_KIND_BARRIER_RESET,
    };
    uint16_t kind = kinds[touch->op];
    *ret = (struct step_record){.kind = kind ? kind : THRUM_KIND_INSPECT,
                                .flags = THRUM_MORE,
                                .object = touch->thing,
                                .source = source,
                                .value = touch->value};
    if (touch->value && (kind == THRUM_KIND_EVENT_IS_SET))
        ret->flags |= THRUM_RESULT;
}

struct choice record_choice(const struct thrum_event *event)
{
    if (event->kind == THRUM_KIND_RANDINT)
        return (struct choice){.kind = CHOICE_VALUE, .value = event->value};
    if (event->flags & THRUM_TIMED_OUT)
        return (struct choice){.kind = CHOICE_TIMEOUT};
    return (struct choice){.kind = CHOICE_STEP};
}
