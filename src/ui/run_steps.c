/* What keys do while the run is taken step by step. */
#include <stdlib.h>
#include <string.h>

#include "ui/run.h"

/* "runner-1 waits for gun" */
static void say_why_not(struct run_view *view, uint32_t thread)
{
    struct text why = {0};
    struct lane_interval interval;
    session_lock(view->session);
    session_why_not_text(view->session, thread, &why);
    history_interval(session_history(view->session), thread, view->cursor, &interval);
    text_printf(&view->message, "%s %s",
                catalog_thread_name(session_catalog(view->session), thread),
                why.length                        ? text_bytes(&why)
                : interval.state == LANE_FINISHED ? "has ended"
                                                  : "cannot take a step now");
    session_unlock(view->session);
    text_fini(&why);
}

/* One step of a thread: as it comes, or what its option offers alone. */
static void step_thread(struct run_view *view, uint32_t thread)
{
    struct session_option option;
    text_clear(&view->message);
    if (!session_option(view->session, thread, &option)) {
        text_printf(&view->message, "there is no thread %u", thread);
        return;
    }
    view->thread = thread;
    view->follow = true;
    if (option.enabled & ENABLED_VALUE) {
        view->asks_value = true;
        view->lowest = option.lowest;
        view->highest = option.highest;
        return;
    }
    if (option.enabled & ENABLED_STEP) {
        option.choice.choice.kind = CHOICE_STEP;
        if (session_step(view->session, &option.choice))
            return;
    }
    if (option.enabled & ENABLED_TIMEOUT) {
        text_add(&view->message, "it waits; T lets its wait time out");
        return;
    }
    say_why_not(view, thread);
}

static void let_time_out(struct run_view *view)
{
    struct session_option option;
    text_clear(&view->message);
    view->follow = true;
    if (view->thread != THRUM_NONE && session_option(view->session, view->thread, &option) &&
        option.enabled & ENABLED_TIMEOUT) {
        option.choice.choice.kind = CHOICE_TIMEOUT;
        session_step(view->session, &option.choice);
    } else {
        text_add(&view->message, "this thread is in no wait with a time-out");
    }
}

void run_view_value(struct run_view *view, const char *number)
{
    char *end;
    long long value = strtoll(number, &end, 10);
    struct session_option option;
    view->asks_value = false;
    text_clear(&view->message);
    if (!*number)
        return;
    if (*end || value < view->lowest || value > view->highest) {
        text_printf(&view->message, "a number from %lld to %lld is wanted", (long long)view->lowest,
                    (long long)view->highest);
        return;
    }
    if (!session_option(view->session, view->thread, &option))
        return;
    option.choice.choice = (struct choice){.kind = CHOICE_VALUE, .value = value};
    session_step(view->session, &option.choice);
}

/* The policy after the one that chooses now. */
static void next_policy(struct run_view *view)
{
    const char *now = view->status.policy ? view->status.policy : "";
    unsigned at = 0, count = 0;
    for (; session_policy_name(count); count++)
        if (strncmp(session_policy_name(count), now, strlen(session_policy_name(count))) == 0)
            at = count;
    /* Some are not to be had in every session: the GIL's only where there is a GIL. */
    for (unsigned i = 1; i <= count; i++)
        if (session_set_policy(view->session, session_policy_name((at + i) % count)))
            return;
}

/* Actions that go somewhere in the line of play. */
static const struct goal {
    enum action action;
    enum session_jump where;
    bool backwards;
} goals[] = {
    {ACTION_STEP_FORWARD, SESSION_JUMP_STEP, false},
    {ACTION_STEP_BACK, SESSION_JUMP_STEP, true},
    {ACTION_STEP_SELECTED_BACK, SESSION_JUMP_THREAD, true},
    {ACTION_NEXT_SWITCH, SESSION_JUMP_SWITCH, false},
    {ACTION_PREVIOUS_SWITCH, SESSION_JUMP_SWITCH, true},
    {ACTION_NEXT_WAIT, SESSION_JUMP_WAIT, false},
    {ACTION_PREVIOUS_WAIT, SESSION_JUMP_WAIT, true},
    {ACTION_NEXT_CHANGE, SESSION_JUMP_CHANGE, false},
    {ACTION_PREVIOUS_CHANGE, SESSION_JUMP_CHANGE, true},
    {ACTION_NEXT_PROBLEM, SESSION_JUMP_PROBLEM, false},
    {ACTION_PREVIOUS_PROBLEM, SESSION_JUMP_PROBLEM, true},
    {ACTION_LINE_FORWARD, SESSION_JUMP_LINE, false},
    {ACTION_LINE_BACK, SESSION_JUMP_LINE, true},
    {ACTION_OUT_FORWARD, SESSION_JUMP_OUT, false},
    {ACTION_OUT_BACK, SESSION_JUMP_OUT, true},
    {ACTION_RUN_FORWARD, SESSION_JUMP_BREAK, false},
    {ACTION_RUN_BACK, SESSION_JUMP_BREAK, true},
    {ACTION_START, SESSION_JUMP_END, true},
    {ACTION_END, SESSION_JUMP_END, false},
};

static void go_to(struct run_view *view, const struct goal *goal)
{
    uint64_t argument = goal->where == SESSION_JUMP_CHANGE ? view->object
                        : goal->where == SESSION_JUMP_STEP ? 0
                                                           : view->thread;
    if (goal->where == SESSION_JUMP_PROBLEM)
        view->show_problems = true;
    view->follow = true;
    if (session_jump(view->session, goal->where, goal->backwards, argument))
        return;
    text_clear(&view->message);
    text_add(&view->message,
             goal->backwards ? "nothing like that before here" : "nothing like that after here");
}

static void toggle_break(struct run_view *view)
{
    uint32_t line = 0;
    session_lock(view->session);
    if (view->thread != THRUM_NONE)
        line = THRUM_SOURCE_LINE(session_thread_source(view->session, view->thread));
    session_unlock(view->session);
    if (line)
        session_toggle_break(view->session, line);
}

bool run_step_act(struct run_view *view, enum action action, int key)
{
    for (size_t i = 0; i < sizeof goals / sizeof *goals; i++)
        if (goals[i].action == action) {
            go_to(view, &goals[i]);
            return true;
        }
    if (action == ACTION_STEP_DIGIT)
        step_thread(view, (uint32_t)(key - '0'));
    else if (action == ACTION_STEP_SELECTED && view->thread != THRUM_NONE)
        step_thread(view, view->thread);
    else if (action == ACTION_TIME_OUT)
        let_time_out(view);
    else if (action == ACTION_POLICY)
        next_policy(view);
    else if (action == ACTION_BREAK)
        toggle_break(view);
    else
        return false;
    return true;
}
