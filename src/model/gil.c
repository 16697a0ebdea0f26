#include "model/gil.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "model/world.h"

void gil_fini(struct gil *gil)
{
    free(gil->waiters);
    gil->waiters = NULL;
    gil->waiter_count = 0;
}

static void reserve(struct gil *gil, uint32_t count)
{
    if (count <= gil->waiter_count)
        return;
    gil->waiters = xrealloc(gil->waiters, count * sizeof *gil->waiters);
    memset(gil->waiters + gil->waiter_count, 0, (count - gil->waiter_count) * sizeof *gil->waiters);
    gil->waiter_count = count;
}

void gil_copy(struct gil *to, const struct gil *from)
{
    struct gil_waiter *waiters = to->waiters;
    if (from->waiter_count)
        waiters = xrealloc(waiters, from->waiter_count * sizeof *waiters);
    *to = *from;
    to->waiters = waiters;
    to->event_count = 0;
    if (from->waiter_count)
        memcpy(waiters, from->waiters, from->waiter_count * sizeof *waiters);
}

bool gil_allows(const struct gil *gil, const struct model *model, const struct world *world,
                uint32_t thread, struct text *why)
{
    if (gil->barred == thread && gil->holder == GIL_NOBODY) {
        if (why) {
            text_add(why, "gave the GIL up because ");
            model_thread_name(model, world, gil->requester, why);
            text_add(why, " asked for it: another thread must take it first");
        }
        return false;
    }
    if (gil->holder == GIL_NOBODY || gil->holder == thread || gil->check_point)
        return true;
    if (why) {
        text_add(why, "waits for the GIL, held by ");
        model_thread_name(model, world, gil->holder, why);
        text_add(why, ", which is not at a check point");
    }
    return false;
}

static void note(struct gil *gil, enum gil_event_kind kind, uint32_t thread, uint32_t other,
                 int64_t waited)
{
    if (gil->event_count < GIL_EVENTS)
        gil->events[gil->event_count++] = (struct gil_event){kind, thread, other, waited};
}

/* The thread stepped, so it has the GIL: when it did not have it before, it took it just now. */
static void take(struct gil *gil, uint32_t thread)
{
    struct gil_waiter *waiter = &gil->waiters[thread];
    if (gil->clock < waiter->ready_at)
        gil->clock = waiter->ready_at;
    waiter->away = false;
    if (gil->holder == thread)
        return;
    if (gil->holder != GIL_NOBODY) {
        /* Chosen while another thread stood at a check point: its interval is taken to have run out
         * just before. */
        if (!gil->drop_request)
            note(gil, GIL_REQUEST, thread, gil->holder, 0);
        note(gil, GIL_DROP_FORCED, gil->holder, thread, 0);
    }
    note(gil, GIL_TAKE, thread, gil->holder, waiter->waits ? gil->clock - waiter->since : 0);
    gil->holder = thread;
    if (gil->last_holder != thread)
        gil->switches++;
    gil->last_holder = thread;
    gil->drop_request = false;
    gil->requester = gil->barred = GIL_NOBODY;
    waiter->waits = false;
}

static const unsigned goes = ENABLED_STEP | ENABLED_VALUE;

/* Sees whether the thread stands before a sleep or io; if so, until when. */
static bool look_away(struct gil *gil, const struct model *model, const struct world *world,
                      uint32_t thread)
{
    struct gil_waiter *waiter = &gil->waiters[thread];
    if (world_thread_const(model, world, thread)->status != THREAD_ALIVE)
        return false;
    struct operation next;
    model_next(model, world, thread, &next);
    bool away = next.op == OP_SLEEP || next.op == OP_IO;
    if (away && !waiter->away)
        waiter->ready_at = gil->clock + (next.value > 0 ? next.value : 0);
    waiter->away = away;
    return away;
}

/* Brings up to date who waits for the GIL, and lets those ask whose interval has run out. Returns a
 * waiter, or NOBODY. */
static uint32_t update_waiters(struct gil *gil, const struct model *model,
                               const struct world *world, uint32_t end)
{
    uint32_t found = GIL_NOBODY;
    for (uint32_t thread = 0; thread < end; thread++) {
        struct gil_waiter *waiter = &gil->waiters[thread];
        bool waits = thread != gil->holder && model_enabled(model, world, thread) & goes &&
                     !(look_away(gil, model, world, thread) && waiter->ready_at > gil->clock);
        if (waits && !waiter->waits) {
            waiter->since = waiter->interval_start = gil->clock;
            waiter->seen_switches = gil->switches;
        }
        waiter->waits = waits;
        if (!waits)
            continue;
        found = thread;
        if (gil->holder == GIL_NOBODY || gil->clock - waiter->interval_start < gil->interval)
            continue;
        if (waiter->seen_switches == gil->switches && !gil->drop_request) {
            gil->drop_request = true;
            gil->requester = thread;
            note(gil, GIL_REQUEST, thread, gil->holder, gil->clock - waiter->since);
        }
        waiter->interval_start = gil->clock;
        waiter->seen_switches = gil->switches;
    }
    return found;
}

void gil_init(struct gil *gil, int64_t interval, const struct model *model,
              const struct world *world)
{
    *gil = (struct gil){
        .interval = interval,
        .holder = GIL_NOBODY,
        .last_holder = GIL_NOBODY,
        .requester = GIL_NOBODY,
        .barred = GIL_NOBODY,
    };
    uint32_t end = world_thread_end(model, world);
    reserve(gil, end);
    update_waiters(gil, model, world, end);
}

/* A computation is made of loops: it can be interrupted from its beginning on. */
static bool computes(const struct model *model, const struct world *world, uint32_t thread)
{
    struct operation next;
    if (world_thread_const(model, world, thread)->status != THREAD_ALIVE)
        return false;
    model_next(model, world, thread, &next);
    return next.op == OP_COMPUTE;
}

bool gil_call(enum opcode op)
{
    return op != OP_LOAD && op != OP_STORE && op != OP_ATOMIC_LOAD && op != OP_ATOMIC_STORE;
}

void gil_step(struct gil *gil, const struct model *model, const struct world *world,
              uint32_t thread, const struct operation *operation, const struct effect *effect)
{
    uint32_t end = world_thread_end(model, world);
    reserve(gil, end > thread ? end : thread + 1);
    gil->event_count = 0;
    take(gil, thread);
    gil->clock += operation->op == OP_COMPUTE && operation->value > GIL_STEP_TIME ? operation->value
                                                                                  : GIL_STEP_TIME;
    bool goes_on =
        !look_away(gil, model, world, thread) && model_enabled(model, world, thread) & goes;
    gil->check_point =
        effect->check_point || gil_call(effect->op) || computes(model, world, thread);
    if (!goes_on) {
        note(gil, GIL_DROP_VOLUNTARY, thread, GIL_NOBODY, 0);
        gil->holder = GIL_NOBODY;
        gil->check_point = gil->drop_request = false;
    }
    uint32_t waiter = update_waiters(gil, model, world, end);
    if (goes_on && gil->check_point && gil->drop_request && waiter != GIL_NOBODY && !gil->lax) {
        note(gil, GIL_DROP_FORCED, thread, gil->requester, 0);
        gil->holder = GIL_NOBODY;
        gil->barred = thread;
        gil->check_point = false;
        gil->waiters[thread].waits = true;
        gil->waiters[thread].since = gil->waiters[thread].interval_start = gil->clock;
        gil->waiters[thread].seen_switches = gil->switches;
    }
}
