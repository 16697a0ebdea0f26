/* Time on the screen of a run: the axis, zooming, and jumps through the history. */
#include "trace/waits.h"
#include "ui/run.h"
#include "view/steps.h"

uint64_t run_nice(uint64_t least)
{
    uint64_t power = 1;
    while (power * 10 <= least && power < UINT64_MAX / 100)
        power *= 10;
    return least <= power       ? power
           : least <= 2 * power ? 2 * power
           : least <= 5 * power ? 5 * power
                                : 10 * power;
}

/* Finer steps than zooming has, so that a whole run fills the screen. */
static uint64_t fitting(uint64_t least)
{
    static const uint64_t tenths[] = {10, 12, 15, 20, 25, 30, 40, 50, 60, 80};
    if (least < 10)
        return least;
    uint64_t power = run_nice(least);
    while (power % 10 == 0)
        power /= 10;
    power = run_nice(least) / power; /* the power of ten below */
    if (power > least)
        power /= 10;
    for (size_t i = 0; i < sizeof tenths / sizeof *tenths; i++)
        if (power / 10 * tenths[i] >= least)
            return power / 10 * tenths[i];
    return power * 10;
}

/* The axis for a frame of `columns`: fits, follows, or keeps the cursor in sight. */
void run_axis(struct run_view *view, int columns)
{
    uint64_t now = history_now(session_history(view->session));
    uint64_t wide = columns > 4 ? (uint64_t)columns - 2 : 1;
    const uint64_t long_run = 8000000000u;
    view->columns = columns;
    if (view->fit && view->follow && view->status.mode == SESSION_LIVE && !view->status.ended &&
        now > long_run) {
        view->fit = false;
        view->column = run_nice(long_run / wide);
    }
    if (view->fit) {
        /* Room for what lasts for ever. */
        if (view->status.ended && view->status.verdicts & 1u << VERDICT_DEADLOCK)
            wide -= wide / 5;
        view->column = fitting(now / wide + 1);
        view->start = 0;
    }
    if (view->column < 1)
        view->column = 1;
    if (view->status.mode == SESSION_STEPPING)
        view->cursor = view->status.step * SESSION_STEP_TIME;
    else if (view->follow)
        view->cursor = now;
    wide = columns > 4 ? (uint64_t)columns - 2 : 1;
    uint64_t span = view->column * wide;
    if (view->follow && !view->fit && view->status.mode != SESSION_STEPPING)
        view->start = now > span ? now - span : 0;
    if (view->cursor < view->start)
        view->start = view->cursor;
    if (view->cursor > view->start && view->cursor - view->start > span)
        view->start = view->cursor - span;
    /* Columns begin at multiples of their width, so that scrolling does not shimmer. */
    view->start = view->start / view->column * view->column;
}

void run_look_at(struct run_view *view, uint64_t time)
{
    uint64_t now = history_now(session_history(view->session));
    if (view->status.mode == SESSION_STEPPING) {
        view->jump_step = (time + SESSION_STEP_TIME - 1) / SESSION_STEP_TIME;
        view->jumps = true;
        return;
    }
    view->cursor = time < now ? time : now;
    view->follow = false;
    uint64_t span = view->column * (uint64_t)view->columns;
    bool inside = view->cursor >= view->start && view->cursor - view->start < span;
    if (!inside && !view->fit)
        view->start = view->cursor > span / 2 ? view->cursor - span / 2 : 0;
}

void run_zoom(struct run_view *view, bool in, int at_column)
{
    uint64_t old = view->column;
    uint64_t at = view->start + old * (uint64_t)at_column;
    if (in && old <= 1)
        return;
    if (!in && old > UINT64_MAX / 4096 / 10)
        return;
    view->column = in ? run_nice(old / 3 > 0 ? old / 3 : 1) : run_nice(old + 1);
    if (view->column == old)
        view->column = in ? (old > 1 ? old / 2 : 1) : old * 2;
    uint64_t left = view->column * (uint64_t)at_column;
    view->start = at > left ? at - left : 0;
    view->fit = false;
}

/* The next stretch of the selected thread, from the cursor on, that is a wait (or any). */
static void jump_stretch(struct run_view *view, bool waits, bool backwards)
{
    struct lane_interval interval;
    uint32_t states = 0;
    for (unsigned i = 0; i < LANE_STATES; i++)
        states |= !waits || lane_is_wait((enum lane_state)i) ? 1u << i : 0;
    if (view->thread != THRUM_NONE &&
        history_next_stretch(session_history(view->session), view->thread, view->cursor, states,
                             backwards, &interval))
        run_look_at(view, interval.start);
}

static void jump_change(struct run_view *view, bool backwards)
{
    const struct history *history = session_history(view->session);
    enum trace_type type = catalog_object_type(session_catalog(view->session), view->object);
    uint64_t before = view->cursor ? view->cursor - 1 : 0;
    uint64_t index;
    if (object_has_value(type))
        index = backwards ? history_change_before(history, view->object, before)
                          : history_change_after(history, view->object, view->cursor);
    else
        index = backwards ? history_object_before(history, view->object, before)
                          : history_object_after(history, view->object, view->cursor);
    struct history_event event;
    if (index == HISTORY_NONE || !history_event_at(history, index, &event))
        return;
    run_look_at(view, event.event.time);
    view->thread = event.thread;
}

void run_show_problem(struct run_view *view, int number)
{
    const struct problem *problem = history_problem(session_history(view->session), (size_t)number);
    view->problem = number;
    view->show_problems = true;
    view->lower = LOWER_PANES;
    view->top = 0;
    run_look_at(view, problem->time);
    if (problem->thread_count)
        view->thread = problem->threads[0];
}

static void jump_problem(struct run_view *view, bool backwards)
{
    const struct history *history = session_history(view->session);
    int count = (int)history_problem_count(history), next = view->problem;
    if (!count)
        return;
    do { /* one that grew is gone to as it was at last */
        if (next < 0)
            next = backwards ? count - 1 : 0;
        else
            next = (next + (backwards ? count - 1 : 1)) % count;
    } while (!history_problem_stands(history, (size_t)next, UINT64_MAX));
    run_show_problem(view, next);
}

static void jump_waker(struct run_view *view)
{
    const struct history *history = session_history(view->session);
    struct lane_interval interval;
    if (view->thread == THRUM_NONE)
        return;
    history_interval(history, view->thread, view->cursor, &interval);
    /* What ended the wait is told by the wait's stretch, which lies before or is this one. */
    struct history_event waker;
    bool found = history_waker(history, interval.end_event, &waker);
    for (int i = 0; i < 64 && !found && interval.start > 0; i++) {
        history_interval(history, view->thread, interval.start - 1, &interval);
        found = history_waker(history, interval.end_event, &waker);
    }
    if (!found) {
        text_clear(&view->message);
        text_add(&view->message, "nothing woke this thread before here");
        return;
    }
    view->thread = waker.thread;
    run_look_at(view, waker.event.time);
}

/* Along the chain: to whom the selected thread waits for, or to one that waits for it. */
static void jump_chain(struct run_view *view, bool to_waiter)
{
    enum { MOST = 4096 };
    const struct history *history = session_history(view->session);
    struct wait_edge edge;
    text_clear(&view->message);
    if (!to_waiter) {
        if (view->thread != THRUM_NONE && waits_edge(history, view->thread, view->cursor, &edge) &&
            edge.owner != THRUM_NONE)
            view->thread = edge.owner;
        else
            text_add(&view->message, "it waits for no thread at this moment");
        return;
    }
    for (uint32_t thread = 0; thread < history_threads(history) && thread < MOST; thread++)
        if (waits_edge(history, thread, view->cursor, &edge) && edge.owner == view->thread) {
            view->thread = thread;
            return;
        }
    text_add(&view->message, "no thread waits for it at this moment");
}

/* In the table the arrows go from step to step, whoever took it. */
static void jump_step(struct run_view *view, bool backwards)
{
    struct scene scene;
    struct step_rows rows = {0};
    run_scene(view, &scene);
    if (backwards)
        steps_before(&scene, steps_cursor(&scene), 2, &rows);
    else
        steps_after(&scene, steps_cursor(&scene), 1, &rows);
    if (rows.rows.count) {
        run_look_at(view, rows.rows.items[0].time);
        view->thread = rows.rows.items[0].thread;
    }
    vector_fini(&rows.rows);
}

void run_jump(struct run_view *view, enum action action)
{
    uint64_t now = history_now(session_history(view->session));
    uint64_t back = view->cursor > view->column ? view->cursor - view->column : 0;
    if (view->table && (action == ACTION_LATER || action == ACTION_EARLIER))
        jump_step(view, action == ACTION_EARLIER);
    else if (action == ACTION_LATER)
        run_look_at(view, view->cursor + view->column);
    else if (action == ACTION_EARLIER)
        run_look_at(view, back);
    else if (action == ACTION_START)
        run_look_at(view, 0);
    else if (action == ACTION_END)
        run_look_at(view, now);
    else if (action == ACTION_NEXT_WAIT || action == ACTION_PREVIOUS_WAIT)
        jump_stretch(view, true, action == ACTION_PREVIOUS_WAIT);
    else if (action == ACTION_NEXT_SWITCH || action == ACTION_PREVIOUS_SWITCH)
        jump_stretch(view, false, action == ACTION_PREVIOUS_SWITCH);
    else if (action == ACTION_NEXT_CHANGE || action == ACTION_PREVIOUS_CHANGE)
        jump_change(view, action == ACTION_PREVIOUS_CHANGE);
    else if (action == ACTION_NEXT_PROBLEM || action == ACTION_PREVIOUS_PROBLEM)
        jump_problem(view, action == ACTION_PREVIOUS_PROBLEM);
    else if (action == ACTION_WAKER)
        jump_waker(view);
    else if (action == ACTION_BLOCKER || action == ACTION_BLOCKED)
        jump_chain(view, action == ACTION_BLOCKED);
}
