/*
 * Where to go. Within the line of play a place is looked up in the history and the timeline, and
 * reached with one seek; beyond its end new steps are performed, in slices so that the screen stays
 * alive, until the goal is met or nothing can go.
 */
#include "base/clock.h"
#include "model/world.h"
#include "session/stepping.h"

enum {
    SLICE = 4000000,  /* ns of stepping at a time */
    WALK_BACK = 4096, /* steps walked at a time in search of a caller */
};

#define NOWHERE UINT64_MAX

bool stepping_record(const struct stepping *stepping, uint64_t step,
                     struct history_event *ret_record)
{
    if (step + 1 >= stepping->ends.count)
        return false;
    uint64_t end = stepping->ends.items[step + 1];
    for (uint64_t i = stepping->ends.items[step]; i < end; i++)
        if (history_event_at(stepping->history, i, ret_record) &&
            ret_record->event.flags & THRUM_STEP)
            return true;
    return false;
}

static uint32_t thread_at(const struct stepping *stepping, uint64_t step)
{
    return timeline_at(stepper_timeline(stepping->stepper), step).thread;
}

static uint32_t line_at(const struct stepping *stepping, uint64_t step)
{
    struct history_event record;
    return stepping_record(stepping, step, &record) ? THRUM_SOURCE_LINE(record.event.source) : 0;
}

bool stepping_is_break(const struct stepping *stepping, uint32_t line)
{
    vector_each (const uint32_t, at, &stepping->breaks)
        if (*at == line)
            return true;
    return false;
}

void stepping_toggle_break(struct stepping *stepping, uint32_t line)
{
    for (size_t i = 0; i < stepping->breaks.count; i++)
        if (stepping->breaks.items[i] == line) {
            stepping->breaks.items[i] = stepping->breaks.items[--stepping->breaks.count];
            return;
        }
    vector_push(&stepping->breaks, line);
}

/* A thread began to wait with this step. */
static bool begins_wait(const struct stepping *stepping, uint64_t step)
{
    struct history_event record;
    for (uint64_t i = stepping->ends.items[step]; i < stepping->ends.items[step + 1]; i++) {
        if (!history_event_at(stepping->history, i, &record))
            continue;
        unsigned kind = record.event.kind;
        if (kind == THRUM_KIND_WAIT_BEGIN || kind == THRUM_KIND_COND_WAIT ||
            kind == THRUM_KIND_JOIN_BEGIN)
            return true;
    }
    return false;
}

/* The step changed the thing: its value, or for objects anything. */
static bool changes_thing(const struct stepping *stepping, uint64_t step, uint32_t thing)
{
    uint64_t time = step * STEPPING_STEP;
    uint64_t index = thing < stepping->program->cell_count
                         ? history_change_after(stepping->history, thing, time)
                         : history_object_after(stepping->history, thing, time);
    return index != HISTORY_NONE && index < stepping->ends.items[step + 1];
}

static bool has_problem(const struct stepping *stepping, uint64_t step)
{
    return history_problem_at(stepping->history, (step + 1) * STEPPING_STEP) >
           history_problem_at(stepping->history, step * STEPPING_STEP);
}

/* Where the thread stands now: the line of its next step; 0 when it has none. */
static uint32_t line_now(const struct stepping *stepping, uint32_t thread)
{
    const struct world *world = stepper_world(stepping->stepper);
    struct operation next;
    if (thread >= world_thread_end(stepping->model, world) ||
        world_thread_const(stepping->model, world, thread)->status != THREAD_ALIVE)
        return 0;
    model_next(stepping->model, world, thread, &next);
    return POSITION_LINE(next.source);
}

/* ---- Backwards, all of it known ---- */

static uint64_t back_thread(const struct stepping *stepping, uint64_t from, uint32_t thread)
{
    for (uint64_t step = from; step-- > 0;)
        if (thread_at(stepping, step) == thread)
            return step;
    return NOWHERE;
}

/* To the beginning of the stretch of one thread that the last step belongs to. */
static uint64_t back_switch(const struct stepping *stepping, uint64_t from)
{
    uint64_t step = from - 1;
    uint32_t thread = thread_at(stepping, step);
    while (step > 0 && thread_at(stepping, step - 1) == thread)
        step--;
    return step;
}

/* To where the thread came to the line that its last step stands on. */
static uint64_t back_line(const struct stepping *stepping, uint64_t from, uint32_t thread)
{
    uint64_t found = back_thread(stepping, from, thread);
    if (found == NOWHERE)
        return NOWHERE;
    uint32_t line = line_at(stepping, found);
    for (uint64_t step = found; step-- > 0;) {
        if (thread_at(stepping, step) != thread)
            continue;
        if (line_at(stepping, step) != line)
            break;
        found = step;
    }
    return found;
}

/* To the last position before `from` at which the thread's frame was below the present one: where
 * it called. The world is walked forwards from ever earlier positions. */
static uint64_t back_out(struct stepping *stepping, uint64_t from, uint32_t thread)
{
    const struct world *world = stepper_world(stepping->stepper);
    const struct thread_head *head = world_thread_const(stepping->model, world, thread);
    uint16_t base = head->base;
    uint64_t found = NOWHERE, end = from;
    while (found == NOWHERE && end > 0) {
        uint64_t start = end > WALK_BACK ? end - WALK_BACK : 0;
        stepper_seek(stepping->stepper, start);
        for (uint64_t at = start; at < end; at++) {
            stepper_seek(stepping->stepper, at);
            if (head->status == THREAD_ALIVE && head->base < base)
                found = at;
        }
        end = start;
    }
    stepper_seek(stepping->stepper, from);
    return found;
}

static uint64_t look_back(struct stepping *stepping, enum session_jump where, uint64_t argument)
{
    uint64_t from = stepper_position(stepping->stepper);
    if (where == SESSION_JUMP_END)
        return 0;
    if (where == SESSION_JUMP_TO)
        return argument;
    if (from == 0)
        return NOWHERE;
    uint32_t thread = (uint32_t)argument;
    switch (where) {
    case SESSION_JUMP_STEP: return from - 1;
    case SESSION_JUMP_THREAD: return back_thread(stepping, from, thread);
    case SESSION_JUMP_SWITCH: return back_switch(stepping, from);
    case SESSION_JUMP_LINE: return back_line(stepping, from, thread);
    case SESSION_JUMP_OUT: return back_out(stepping, from, thread);
    case SESSION_JUMP_WAIT:
    case SESSION_JUMP_CHANGE:
    case SESSION_JUMP_PROBLEM:
        /* Positions right after such a step; the one we stand at does not count. */
        for (uint64_t step = from - 1; step-- > 0;)
            if (where == SESSION_JUMP_WAIT     ? begins_wait(stepping, step)
                : where == SESSION_JUMP_CHANGE ? changes_thing(stepping, step, thread)
                                               : has_problem(stepping, step))
                return step + 1;
        return NOWHERE;
    case SESSION_JUMP_BREAK:
        for (uint64_t step = from; step-- > 0;)
            if (stepping_is_break(stepping, line_at(stepping, step)))
                return step;
        return NOWHERE;
    case SESSION_JUMP_END:
    case SESSION_JUMP_TO: break;
    }
    return NOWHERE;
}

/* ---- Forwards, within what is known ---- */

/* The position is the end of the line of play, whose state tells what its last step led to. */
static uint64_t ahead_line(const struct stepping *stepping, uint64_t from, uint32_t thread,
                           uint32_t line)
{
    uint64_t length = stepper_length(stepping->stepper), last = NOWHERE;
    for (uint64_t step = from; step < length; step++) {
        if (thread_at(stepping, step) != thread)
            continue;
        if (line_at(stepping, step) != line)
            return last == NOWHERE ? step : last;
        last = step + 1;
    }
    return last != NOWHERE && line_now(stepping, thread) != line ? last : NOWHERE;
}

static uint64_t look_ahead(const struct stepping *stepping, const struct goal *goal)
{
    uint64_t length = stepper_length(stepping->stepper), from = goal->from;
    uint32_t thread = (uint32_t)goal->argument;
    switch (goal->where) {
    case SESSION_JUMP_STEP: return from < length ? from + 1 : NOWHERE;
    case SESSION_JUMP_THREAD:
        for (uint64_t step = from; step < length; step++)
            if (thread_at(stepping, step) == thread)
                return step + 1;
        return NOWHERE;
    case SESSION_JUMP_SWITCH:
        for (uint64_t step = from + 1; step < length; step++)
            if (thread_at(stepping, step) != thread_at(stepping, step - 1))
                return step;
        return NOWHERE;
    case SESSION_JUMP_WAIT:
        for (uint64_t step = from; step < length; step++)
            if (begins_wait(stepping, step))
                return step + 1;
        return NOWHERE;
    case SESSION_JUMP_CHANGE:
        for (uint64_t step = from; step < length; step++)
            if (changes_thing(stepping, step, thread))
                return step + 1;
        return NOWHERE;
    case SESSION_JUMP_PROBLEM:
        for (uint64_t step = from; step < length; step++)
            if (has_problem(stepping, step))
                return step + 1;
        return NOWHERE;
    case SESSION_JUMP_LINE: return ahead_line(stepping, from, thread, goal->line);
    case SESSION_JUMP_BREAK:
        for (uint64_t step = from + 1; step < length; step++)
            if (stepping_is_break(stepping, line_at(stepping, step)))
                return step;
        return NOWHERE;
    case SESSION_JUMP_OUT: return NOWHERE; /* walked, see met() */
    case SESSION_JUMP_END: return from < length ? length : NOWHERE;
    case SESSION_JUMP_TO: return goal->argument <= length ? goal->argument : NOWHERE;
    }
    return NOWHERE;
}

/* ---- Forwards, performing new steps ---- */

/* Whether the goal is met at the present position, after at least one step. */
static bool met(const struct stepping *stepping, const struct goal *goal)
{
    uint64_t position = stepper_position(stepping->stepper);
    uint64_t step = position - 1;
    uint32_t thread = (uint32_t)goal->argument;
    if (position <= goal->from)
        return false;
    switch (goal->where) {
    case SESSION_JUMP_STEP: return true;
    case SESSION_JUMP_THREAD: return thread_at(stepping, step) == thread;
    case SESSION_JUMP_WAIT: return begins_wait(stepping, step);
    case SESSION_JUMP_CHANGE: return changes_thing(stepping, step, thread);
    case SESSION_JUMP_PROBLEM: return has_problem(stepping, step);
    case SESSION_JUMP_LINE: return line_now(stepping, thread) != goal->line;
    case SESSION_JUMP_OUT: {
        const struct thread_head *head =
            world_thread_const(stepping->model, stepper_world(stepping->stepper), thread);
        return head->status != THREAD_ALIVE || head->base < goal->base;
    }
    case SESSION_JUMP_TO: return position >= goal->argument;
    case SESSION_JUMP_SWITCH:
    case SESSION_JUMP_BREAK: /* judged by the next step, before it is made */
    case SESSION_JUMP_END: break;
    }
    return false;
}

/* Whether the goal is met by not making this step. */
static bool met_before(const struct stepping *stepping, const struct goal *goal,
                       const struct timeline_step *next)
{
    uint64_t position = stepper_position(stepping->stepper);
    if (position == goal->from)
        return false;
    if (goal->where == SESSION_JUMP_SWITCH)
        return next->thread != thread_at(stepping, position - 1);
    if (goal->where == SESSION_JUMP_BREAK)
        return stepping_is_break(stepping, line_now(stepping, next->thread));
    return false;
}

/* What comes next: the line of play, the thread that the goal is about, or the policy. */
static bool choose(struct stepping *stepping, const struct goal *goal, struct timeline_step *ret)
{
    uint64_t position = stepper_position(stepping->stepper);
    if (position < stepper_length(stepping->stepper)) {
        *ret = timeline_at(stepper_timeline(stepping->stepper), position);
        return true;
    }
    if (stepping_over(stepping) || !stepper_choose(stepping->stepper, &stepping->policy, ret))
        return false;
    bool about_thread = goal->where == SESSION_JUMP_THREAD || goal->where == SESSION_JUMP_LINE ||
                        goal->where == SESSION_JUMP_OUT;
    uint32_t thread = (uint32_t)goal->argument;
    if (about_thread && ret->thread != thread)
        stepper_choose_for(stepping->stepper, &stepping->policy, thread, ret);
    return true;
}

void goal_continue(struct stepping *stepping)
{
    struct goal *goal = &stepping->goal;
    uint64_t until = clock_now() + SLICE;
    do {
        struct timeline_step next;
        if (!choose(stepping, goal, &next) || met_before(stepping, goal, &next)) {
            goal->active = false;
            break;
        }
        struct stepper_record record;
        bool known = stepper_position(stepping->stepper) < stepper_length(stepping->stepper);
        bool done = known ? stepper_forward(stepping->stepper, &record)
                          : stepping_step(stepping, next.thread, next.choice, NULL);
        if (!done || met(stepping, goal))
            goal->active = false;
    } while (goal->active && clock_now() < until);
    stepping->changes |= SESSION_CHANGED_NOW | SESSION_CHANGED_STATUS;
}

static bool set_out(struct stepping *stepping, enum session_jump where, uint64_t argument)
{
    struct goal goal = {
        .where = where,
        .argument = argument,
        .from = stepper_position(stepping->stepper),
        .active = true,
    };
    const struct world *world = stepper_world(stepping->stepper);
    bool about_thread =
        where == SESSION_JUMP_THREAD || where == SESSION_JUMP_LINE || where == SESSION_JUMP_OUT;
    bool there = !about_thread || argument < world_thread_end(stepping->model, world);
    /* Of a thread that is yet to be made only a step in the line of play can be found. */
    if (!there && where != SESSION_JUMP_THREAD)
        return false;
    unsigned status = about_thread && there
                          ? world_thread_const(stepping->model, world, (uint32_t)argument)->status
                          : THREAD_ALIVE;
    if (status == THREAD_ENDED || (status != THREAD_ALIVE && where == SESSION_JUMP_OUT))
        return false;
    if (where == SESSION_JUMP_LINE) {
        goal.line = line_now(stepping, (uint32_t)argument);
        stepper_seek(stepping->stepper, stepper_length(stepping->stepper));
    }
    if (where == SESSION_JUMP_OUT)
        goal.base = world_thread_const(stepping->model, world, (uint32_t)argument)->base;
    if (where == SESSION_JUMP_STEP)
        return stepping_forward(stepping);
    history_lock(stepping->history);
    uint64_t known = look_ahead(stepping, &goal);
    history_unlock(stepping->history);
    if (known != NOWHERE) {
        stepper_seek(stepping->stepper, known);
        return true;
    }
    if (!there)
        return false;
    if (where != SESSION_JUMP_OUT)
        stepper_seek(stepping->stepper, stepper_length(stepping->stepper));
    stepping->goal = goal;
    goal_continue(stepping);
    return stepping->goal.active || stepper_position(stepping->stepper) != goal.from;
}

bool stepping_jump(struct stepping *stepping, enum session_jump where, bool backwards,
                   uint64_t argument)
{
    uint64_t position = stepper_position(stepping->stepper);
    if (where == SESSION_JUMP_TO)
        backwards = argument <= position;
    if (!backwards)
        return set_out(stepping, where, argument);
    history_lock(stepping->history);
    uint64_t to = look_back(stepping, where, argument);
    history_unlock(stepping->history);
    if (to == NOWHERE || to >= position)
        return false;
    stepper_seek(stepping->stepper, to);
    return true;
}
