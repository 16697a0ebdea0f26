/* From steps to records: what a live run would have left in its rings, on a clock that counts
 * steps. */
#include <string.h>

#include "model/stuck.h"
#include "run/record.h"
#include "session/catalog_fill.h"
#include "session/stepping.h"

static uint32_t thread_end(const struct stepping *stepping)
{
    return world_thread_end(stepping->model, stepper_world(stepping->stepper));
}

/* Appends a record at the next nanosecond of the present step, or at 0 before the first; returns
 * its index. */
static uint64_t append(struct stepping *stepping, uint32_t thread, struct thrum_event event)
{
    event.time = stepping->time;
    stepping->time += stepping->time > 0;
    event.processor = THRUM_NO_PROCESSOR;
    uint64_t index = history_append(stepping->history, thread, &event);
    assessor_record(stepping->assessor, thread, &event, index);
    return index;
}

static uint64_t append_record(struct stepping *stepping, uint32_t thread,
                              const struct step_record *record)
{
    return append(stepping, thread,
                  (struct thrum_event){.value = record->value,
                                       .object = record->object,
                                       .source = record->source,
                                       .kind = record->kind,
                                       .flags = record->flags});
}

static void append_plain(struct stepping *stepping, uint32_t thread, uint16_t kind, int64_t value,
                         uint32_t source)
{
    append(
        stepping, thread,
        (struct thrum_event){.value = value, .object = THRUM_NONE, .source = source, .kind = kind});
}

/* ---- Lanes: what each thread does when it does not step ---- */

static bool gil_waits(const struct stepping *stepping, uint32_t thread)
{
    const struct gil *gil = stepper_gil(stepping->stepper);
    return gil && thread < gil->waiter_count && gil->waiters[thread].waits;
}

/* The wait for a condition is over, and the one for its lock has begun. */
static bool takes_back(const struct stepping *stepping, uint32_t thread,
                       const struct operation *next)
{
    struct wait wait;
    return next->op == OP_COND_WAIT &&
           stuck_waits(stepping->model, stepper_world(stepping->stepper), thread, &wait) &&
           wait.kind == WAIT_LOCK;
}

static enum told state_of(const struct stepping *stepping, uint32_t thread,
                          struct operation *ret_next)
{
    const struct world *world = stepper_world(stepping->stepper);
    switch ((enum thread_status)world_thread_const(stepping->model, world, thread)->status) {
    case THREAD_UNBORN:
    case THREAD_NEW: return TOLD_NOTHING;
    case THREAD_ENDED: return TOLD_ENDED;
    case THREAD_ALIVE: break;
    }
    model_next(stepping->model, world, thread, ret_next);
    if (!(model_enabled(stepping->model, world, thread) & (ENABLED_STEP | ENABLED_VALUE)))
        return takes_back(stepping, thread, ret_next) ? TOLD_TAKES_BACK : TOLD_WAITS;
    if (gil_waits(stepping, thread))
        return TOLD_GIL;
    if (ret_next->op == OP_SLEEP)
        return TOLD_SLEEPS;
    if (ret_next->op == OP_IO)
        return TOLD_IO;
    return ret_next->op == OP_COMPUTE ? TOLD_COMPUTES : TOLD_READY;
}

/* "waits for": unless the step itself has said so. */
static void tell_wait(struct stepping *stepping, uint32_t thread, const struct operation *next)
{
    struct step_record record = {.kind = THRUM_KIND_WAIT_BEGIN,
                                 .object = next->thing,
                                 .source = next->source,
                                 .value = next->timed ? next->timeout : -1};
    if (next->op == OP_JOIN) {
        record.kind = THRUM_KIND_JOIN_BEGIN;
        record.value = next->thread;
    } else if (next->op == OP_COND_WAIT || next->op == OP_ACQUIRE) {
        record.object = record_lock_thing(stepping->program, next->thing);
    }
    append_record(stepping, thread, &record);
}

/* Tells how a thread's lane goes on, when it changed. `by` is the thread that stepped. */
static void tell(struct stepping *stepping, uint32_t thread, enum told state,
                 const struct operation *next, uint32_t by)
{
    enum told before = (enum told)stepping->told.items[thread];
    stepping->told.items[thread] = (uint8_t)state;
    if (state == before)
        return;
    if ((before == TOLD_WAITS || before == TOLD_TAKES_BACK) && state != TOLD_ENDED)
        append(stepping, thread,
               (struct thrum_event){.value = by,
                                    .object = next->thing == UINT32_MAX ? THRUM_NONE : next->thing,
                                    .source = next->source,
                                    .kind = THRUM_KIND_WAKE});
    switch (state) {
    case TOLD_WAITS:
    case TOLD_TAKES_BACK: tell_wait(stepping, thread, next); break;
    case TOLD_SLEEPS:
        append_plain(stepping, thread, THRUM_KIND_SLEEP_BEGIN, next->value, next->source);
        break;
    case TOLD_IO:
        append_plain(stepping, thread, THRUM_KIND_IO_BEGIN, next->value, next->source);
        break;
    case TOLD_COMPUTES:
        append_plain(stepping, thread, THRUM_KIND_COMPUTE_BEGIN, next->value, next->source);
        break;
    case TOLD_GIL: append_plain(stepping, thread, THRUM_KIND_GIL_WAIT, 0, next->source); break;
    case TOLD_NOTHING:
    case TOLD_READY:
    case TOLD_ENDED: break;
    }
}

/* A thread is there for the first time. */
static void tell_begin(struct stepping *stepping, uint32_t thread)
{
    catalog_fill_thread(&stepping->catalog, stepping->model, stepper_world(stepping->stepper),
                        thread);
    append_plain(stepping, thread, THRUM_KIND_THREAD_BEGIN, 0, 0);
    append_plain(stepping, thread, THRUM_KIND_SWITCH_PREEMPTED, 0, 0);
    stepping->told.items[thread] = TOLD_READY;
}

static void reserve_told(struct stepping *stepping)
{
    uint32_t end = thread_end(stepping);
    while (stepping->told.count < end)
        vector_push(&stepping->told, TOLD_NOTHING);
}

static void tell_all(struct stepping *stepping, uint32_t by)
{
    reserve_told(stepping);
    uint32_t end = thread_end(stepping);
    for (uint32_t thread = 0; thread < end; thread++) {
        struct operation next;
        enum told state = state_of(stepping, thread, &next);
        if (state == TOLD_NOTHING)
            continue;
        if (stepping->told.items[thread] == TOLD_NOTHING)
            tell_begin(stepping, thread);
        tell(stepping, thread, state, &next, by);
    }
}

/* ---- The GIL ---- */

static void tell_gil(struct stepping *stepping, const struct gil_event *event)
{
    struct thrum_event record = {.object = program_thing_count(stepping->program)};
    switch (event->kind) {
    case GIL_REQUEST:
        /* Asked for by the thread's waiting; the drop says by whom. */
        return;
    case GIL_DROP_FORCED:
        record.kind = THRUM_KIND_GIL_DROP;
        record.flags = THRUM_RESULT;
        record.value = event->other;
        break;
    case GIL_DROP_VOLUNTARY:
        record.kind = THRUM_KIND_GIL_DROP;
        record.value = -1;
        break;
    case GIL_TAKE:
        record.kind = THRUM_KIND_GIL_TAKE;
        record.value = event->waited;
        stepping->told.items[event->thread] = TOLD_READY;
        break;
    }
    append(stepping, event->thread, record);
}

/* Of the step's GIL events, those up to the taking come before the step, the others after it. */
static uint32_t gil_before(const struct gil *gil)
{
    for (uint32_t i = gil ? gil->event_count : 0; i-- > 0;)
        if (gil->events[i].kind == GIL_TAKE)
            return i + 1;
    return 0;
}

/* ---- Steps ---- */

static void tell_switch(struct stepping *stepping, uint32_t thread)
{
    if (stepping->runner == thread)
        return;
    if (stepping->runner != THRUM_NONE && stepping->told.items[stepping->runner] != TOLD_ENDED)
        append_plain(stepping, stepping->runner, THRUM_KIND_SWITCH_PREEMPTED, 0, 0);
    append_plain(stepping, thread, THRUM_KIND_SWITCH_IN, 0, 0);
    stepping->runner = thread;
}

/* The records of the step itself; returns the index of the one with THRUM_STEP. */
static uint64_t tell_step(struct stepping *stepping, const struct stepper_record *record)
{
    const struct effect *effect = record->effect;
    struct step_record made[STEP_RECORDS], touch;
    for (uint32_t i = 0; i < effect->touch_count && effect->op == OP_ATOMIC_BEGIN; i++) {
        record_touch(&effect->touches[i], effect->source, &touch);
        append_record(stepping, record->thread, &touch);
    }
    unsigned count = record_step(stepping->model, stepper_world(stepping->stepper),
                                 &record->operation, record->choice, effect, made);
    uint64_t index = append_record(stepping, record->thread, &made[0]);
    uint64_t time = stepping->time - 1;
    const char *text = model_string(stepping->model, effect->value);
    if (effect->op == OP_PRINT)
        history_add_console(stepping->history, record->thread, time, text);
    if (effect->op == OP_NOTE)
        history_add_note(stepping->history, record->thread, time, text);
    for (unsigned i = 1; i < count; i++)
        append_record(stepping, record->thread, &made[i]);
    if (effect->raised != EXCEPTION_NONE && effect->result != STEP_RAISED && !effect->thread_ended)
        append_plain(stepping, record->thread,
                     effect->raised == EXCEPTION_ASSERTION ? THRUM_KIND_ASSERT_FAILED
                                                           : THRUM_KIND_RAISE,
                     effect->raised, effect->raised_at);
    return index;
}

static void print_after(void *context, const char *text)
{
    struct stepping *stepping = context;
    history_add_console(stepping->history, THRUM_NONE, stepping->time, text);
}

/* Every non-daemon thread has ended: after: is judged, on a copy of the world. */
static void finish(struct stepping *stepping)
{
    struct effect effect = {0};
    unsigned before = assessor_verdicts(stepping->assessor);
    vector_push(&stepping->finished_at, stepping->ends.count);
    if (stepping->program->after_function >= 0) {
        world_copy(stepping->model, stepping->scratch, stepper_world(stepping->stepper));
        model_after(stepping->model, stepping->scratch, &effect, print_after, stepping);
        assessor_after(stepping->assessor, &effect, stepping->time);
    }
    stepping->clean = before == 0 && assessor_verdicts(stepping->assessor) == 0;
    effect_fini(&effect);
}

void feed_step(struct stepping *stepping, const struct stepper_record *record)
{
    uint64_t step = stepping->ends.count - 1;
    stepping->time = step * STEPPING_STEP + 1;
    reserve_told(stepping);
    history_lock(stepping->history);
    const struct gil *gil = record->gil;
    uint32_t before = gil_before(gil);
    for (uint32_t i = 0; i < before; i++)
        tell_gil(stepping, &gil->events[i]);
    tell_switch(stepping, record->thread);
    uint64_t index = tell_step(stepping, record);
    bool waits = record->effect->result == STEP_WAITS;
    stepping->told.items[record->thread] = waits ? TOLD_WAITS : TOLD_READY;
    for (uint32_t i = before; gil && i < gil->event_count; i++)
        tell_gil(stepping, &gil->events[i]);
    tell_all(stepping, record->thread);
    size_t problems = history_problem_count(stepping->history);
    assessor_step(stepping->assessor, stepper_world(stepping->stepper), record->thread,
                  &record->operation, record->effect, stepping->time, index);
    if (record->effect->thread_ended && !stepping->finished_at.count &&
        model_finished(stepping->model, stepper_world(stepping->stepper)))
        finish(stepping);
    vector_push(&stepping->ends, (uint32_t)history_count(stepping->history));
    history_advance(stepping->history, (step + 1) * STEPPING_STEP);
    if (problems != history_problem_count(stepping->history))
        stepping->changes |= SESSION_CHANGED_PROBLEMS;
    if (record->effect->op == OP_PRINT || stepping->finished_at.count)
        stepping->changes |= SESSION_CHANGED_CONSOLE;
    history_unlock(stepping->history);
    stepping->changes |= SESSION_CHANGED_HISTORY;
}

void feed_begin(struct stepping *stepping)
{
    history_lock(stepping->history);
    stepping->time = 0;
    stepping->runner = THRUM_NONE;
    reserve_told(stepping);
    uint32_t end = thread_end(stepping);
    for (uint32_t thread = 0; thread < end; thread++) {
        struct operation next;
        if (state_of(stepping, thread, &next) == TOLD_NOTHING)
            continue;
        tell_begin(stepping, thread);
    }
    tell_all(stepping, THRUM_NONE);
    assessor_begin(stepping->assessor, stepper_world(stepping->stepper), 0);
    vector_push(&stepping->ends, (uint32_t)history_count(stepping->history));
    history_unlock(stepping->history);
}

void feed_truncate(struct stepping *stepping, uint64_t length)
{
    if (length + 1 >= stepping->ends.count)
        return;
    uint32_t count = stepping->ends.items[length];
    history_lock(stepping->history);
    history_truncate(stepping->history, count, length * STEPPING_STEP);
    assessor_rewind(stepping->assessor, count);
    history_unlock(stepping->history);
    stepping->ends.count = length + 1;
    if (stepping->finished_at.count && stepping->finished_at.items[0] > length) {
        stepping->finished_at.count = 0;
        stepping->clean = false;
    }
    stepping->runner =
        length ? timeline_at(stepper_timeline(stepping->stepper), length - 1).thread : THRUM_NONE;
    stepping->told.count = 0;
    reserve_told(stepping);
    uint32_t end = thread_end(stepping);
    for (uint32_t thread = 0; thread < end; thread++) {
        struct operation next;
        stepping->told.items[thread] = (uint8_t)state_of(stepping, thread, &next);
    }
    stepping->changes |=
        SESSION_CHANGED_HISTORY | SESSION_CHANGED_PROBLEMS | SESSION_CHANGED_CONSOLE;
}
