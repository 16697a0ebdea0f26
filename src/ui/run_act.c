/* What keys and the mouse do on the screen of a run. */
#include <stdlib.h>
#include <string.h>

#include "ui/run.h"
#include "view/timeline.h"

void run_view_init(struct run_view *view, struct session *session)
{
    *view = (struct run_view){0};
    run_view_session(view, session);
}

void run_view_session(struct run_view *view, struct session *session)
{
    view->session = session;
    view->thread = view->object = THRUM_NONE;
    view->chosen = view->show_problems = false;
    view->follow = view->fit = true;
    view->column = 1000000;
    view->columns = 80;
    view->cursor = view->start = 0;
    view->problem = -1;
    view->problems_seen = 0;
    view->source_top = -1;
    view->thread_top = view->object_top = view->top = view->console_back = 0;
    session_status(session, &view->status);
}

void run_view_forget_branches(struct run_view *view)
{
    vector_each (struct branch_row, row, &view->branches)
        free((char *)row->text);
    view->branches.count = 0;
}

void run_view_fini(struct run_view *view)
{
    vector_fini(&view->threads);
    vector_fini(&view->objects);
    vector_fini(&view->variables);
    vector_fini(&view->options);
    vector_fini(&view->breaks);
    run_view_forget_branches(view);
    vector_fini(&view->branches);
    text_fini(&view->message);
}

/* A problem that has not been announced yet moves the eye: its pane opens, its first thread is
 * selected unless the person has chosen one. */
static void announce(struct run_view *view)
{
    session_lock(view->session);
    struct history *history = session_history(view->session);
    size_t count = history_problem_count(history);
    if (count < view->problems_seen)
        view->problems_seen = count;
    for (; view->problems_seen < count; view->problems_seen++) {
        const struct problem *problem = history_problem(history, view->problems_seen);
        view->show_problems = true;
        if (!view->chosen && problem->thread_count && problem->certainty == PROBLEM_ACTUAL)
            view->thread = problem->threads[0];
    }
    if (view->thread == THRUM_NONE && history_threads(history))
        view->thread = history_threads(history) > 1 ? 1 : 0;
    session_unlock(view->session);
}

void run_view_news(struct run_view *view, unsigned changes)
{
    bool was_live = view->status.mode == SESSION_LIVE;
    session_status(view->session, &view->status);
    if (changes & SESSION_CHANGED_RUN) {
        view->problems_seen = 0;
        view->problem = -1;
        view->follow = true;
        view->show_problems = false;
    }
    if (changes & SESSION_CHANGED_MODE && was_live && view->status.mode == SESSION_STEPPING) {
        view->follow = view->fit = true;
        view->focus = PANE_CHOICES;
    }
    announce(view);
}

unsigned run_view_have(const struct run_view *view)
{
    static const struct {
        unsigned ability, need;
    } table[] = {
        {SESSION_CAN_PAUSE, NEEDS_PAUSE},
        {SESSION_CAN_PACE, NEEDS_PACE},
        {SESSION_CAN_FREEZE, NEEDS_FREEZE},
        {SESSION_CAN_STEP, NEEDS_STEP},
    };
    unsigned have = NEEDS_RUN;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (view->status.abilities & table[i].ability)
            have |= table[i].need;
    if (!(have & NEEDS_STEP))
        have |= NEEDS_TIME;
    if (view->explores && view->status.abilities & SESSION_CAN_EXPLORE)
        have |= NEEDS_EXPLORE;
    if (view->status.problems)
        have |= NEEDS_PROBLEM;
    if (view->object != THRUM_NONE)
        have |= NEEDS_OBJECT;
    if (*view->match)
        have |= NEEDS_MATCH;
    if (view->table)
        have |= NEEDS_TABLE;
    if (view->opens)
        have |= NEEDS_OPEN;
    if (view->editable)
        have |= NEEDS_FILE;
    return have;
}

static bool is_shown(const struct run_view *view, enum pane pane)
{
    return view->places[pane].width > 0;
}

/* On a narrow screen values, console and problems share a place: choosing one shows it. */
static void next_pane(struct run_view *view, int direction)
{
    for (int i = 1; i <= PANE_COUNT; i++) {
        int next = (view->focus + PANE_COUNT * 2 + direction * i) % PANE_COUNT;
        bool shared = next == PANE_VALUES || next == PANE_CONSOLE || next == PANE_PROBLEMS;
        if (!is_shown(view, (enum pane)next) && !shared)
            continue;
        if (next == PANE_PROBLEMS && !view->status.problems)
            continue;
        view->focus = (enum pane)next;
        break;
    }
    if (view->focus == PANE_PROBLEMS)
        view->show_problems = true;
    if (view->focus == PANE_VALUES || view->focus == PANE_CONSOLE)
        view->show_problems = false;
    view->lower = LOWER_PANES;
    view->top = 0;
}

/* Moves a selection through a list; from nothing it goes to the first. */
static uint32_t move_in(const uint32_t *items, size_t count, uint32_t selected, int by)
{
    int at = -1;
    for (size_t i = 0; i < count; i++)
        if (items[i] == selected)
            at = (int)i;
    if (!count)
        return selected;
    at = at < 0 ? 0 : at + by;
    at = at < 0 ? 0 : at >= (int)count ? (int)count - 1 : at;
    return items[at];
}

static void move(struct run_view *view, int by)
{
    if (view->lower == LOWER_BRANCHES) {
        long at = (long)view->branch + by, last = (long)view->branches.count - 1;
        view->branch = at < 0 || last < 0 ? 0 : (size_t)(at > last ? last : at);
        return;
    }
    if (view->lower != LOWER_PANES && view->focus != PANE_THREADS && view->focus != PANE_OBJECTS) {
        view->top = view->top + by > 0 ? view->top + by : 0;
        return;
    }
    session_lock(view->session);
    run_lists(view);
    switch (view->focus) {
    case PANE_THREADS:
    case PANE_CHOICES:
        view->thread = move_in(view->threads.items, view->threads.count, view->thread, by);
        view->chosen = true;
        break;
    case PANE_OBJECTS:
        view->object = move_in(view->objects.items, view->objects.count, view->object, by);
        break;
    case PANE_VALUES:
        view->object = move_in(view->variables.items, view->variables.count, view->object, by);
        break;
    case PANE_SOURCE:
        view->source_top = view->source_top + by > 0 ? view->source_top + by : 0;
        break;
    case PANE_CONSOLE:
        view->console_back = view->console_back - by > 0 ? view->console_back - by : 0;
        break;
    case PANE_PROBLEMS: view->top = view->top + by > 0 ? view->top + by : 0; break;
    case PANE_COUNT: break;
    }
    session_unlock(view->session);
}

static void go_back(struct run_view *view)
{
    if (view->lower != LOWER_PANES)
        view->lower = LOWER_PANES;
    else if (*view->match)
        view->match[0] = 0;
    else if (view->object != THRUM_NONE)
        view->object = THRUM_NONE;
    else if (!view->follow)
        view->follow = true;
    else
        view->focus = PANE_THREADS;
    view->top = 0;
}

static void toggle_lower(struct run_view *view, enum lower lower)
{
    view->lower = view->lower == lower ? LOWER_PANES : lower;
    view->top = 0;
}

/* The next pace of 0, 1, 2, 5, 10 … ms. */
static void change_pace(struct run_view *view, bool slower)
{
    static const int64_t paces[] = {0,        1000000,   2000000,   5000000,   10000000,  20000000,
                                    50000000, 100000000, 200000000, 500000000, 1000000000};
    enum { PACES = sizeof paces / sizeof *paces };
    int at = 0;
    while (at + 1 < PACES && paces[at] < view->status.pace)
        at++;
    at += slower ? 1 : -1;
    at = at < 0 ? 0 : at >= PACES ? PACES - 1 : at;
    view->paced = true;
    session_set_pace(view->session, paces[at]);
}

static bool jump(struct run_view *view, enum session_jump where, bool backwards, uint64_t argument)
{
    view->follow = true;
    return session_jump(view->session, where, backwards, argument);
}

/* One step of a thread: as it comes, or what its option offers alone. */
static void step_thread(struct run_view *view, uint32_t thread)
{
    struct session_option option;
    text_clear(&view->message);
    if (!session_option(view->session, thread, &option))
        return;
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
    session_lock(view->session);
    session_why_not_text(view->session, thread, &view->message);
    session_unlock(view->session);
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

static bool act_on_steps(struct run_view *view, enum action action, int key)
{
    uint32_t line = 0;
    if (action == ACTION_STEP_DIGIT) {
        step_thread(view, (uint32_t)(key - '0'));
        return true;
    }
    session_lock(view->session);
    if (view->thread != THRUM_NONE)
        line = session_thread_source(view->session, view->thread) >> 12;
    session_unlock(view->session);
    static const struct {
        enum action action;
        enum session_jump where;
        bool backwards;
    } jumps[] = {
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
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++)
        if (jumps[i].action == action) {
            if (jumps[i].where == SESSION_JUMP_PROBLEM)
                view->show_problems = true;
            bool change = jumps[i].where == SESSION_JUMP_CHANGE;
            uint64_t argument = change                                ? view->object
                                : jumps[i].where == SESSION_JUMP_STEP ? 0
                                                                      : view->thread;
            if (!jump(view, jumps[i].where, jumps[i].backwards, argument)) {
                text_clear(&view->message);
                text_add(&view->message, jumps[i].backwards ? "nothing like that before here"
                                                            : "nothing like that after here");
            }
            return true;
        }
    if (action == ACTION_STEP_SELECTED && view->thread != THRUM_NONE)
        step_thread(view, view->thread);
    else if (action == ACTION_TIME_OUT)
        let_time_out(view);
    else if (action == ACTION_POLICY)
        next_policy(view);
    else if (action == ACTION_BREAK && line)
        session_toggle_break(view->session, line);
    else
        return false;
    return true;
}

/* Stepping: what looked for a time under the lock becomes a jump of the session. */
static void finish_jump(struct run_view *view)
{
    if (view->jumps)
        session_jump(view->session, SESSION_JUMP_TO, false, view->jump_step);
    view->jumps = false;
}

static bool act_on_time(struct run_view *view, enum action action)
{
    session_lock(view->session);
    bool done = true;
    uint64_t middle = view->column * (uint64_t)view->columns / 2;
    if (action == ACTION_ZOOM_IN || action == ACTION_ZOOM_OUT) {
        int at =
            view->cursor > view->start ? (int)((view->cursor - view->start) / view->column) : 0;
        run_zoom(view, action == ACTION_ZOOM_IN, at < view->columns ? at : view->columns - 1);
    } else if (action == ACTION_ALL) {
        view->fit = true;
    } else if (action == ACTION_FOLLOW) {
        view->follow = true;
        if (view->fit && middle > 2000000000u) {
            view->fit = false;
            view->column = run_nice(2000000000u / (uint64_t)(view->columns + 1));
        }
    } else {
        run_jump(view, action);
    }
    session_unlock(view->session);
    finish_jump(view);
    return done;
}

static void play_or_pause(struct run_view *view)
{
    text_clear(&view->message);
    if (view->status.ended)
        text_add(&view->message, "the run has ended: nothing will move any more");
    else if (view->status.paused) {
        /* Without a pace the steps would fly past. */
        if (view->status.mode == SESSION_STEPPING && !view->status.pace && !view->paced)
            session_set_pace(view->session, 100000000);
        session_resume(view->session);
    } else
        session_pause(view->session);
    if (!view->status.ended && view->status.paused)
        view->follow = true;
}

bool run_view_act(struct run_view *view, enum action action, int key)
{
    static const char *const filters[] = {"all lanes", "lanes of living threads",
                                          "lanes of threads that wait", "most waiting first"};
    text_clear(&view->message);
    if (view->status.abilities & SESSION_CAN_STEP && act_on_steps(view, action, key))
        return true;
    switch (action) {
    case ACTION_DOWN: move(view, 1); return true;
    case ACTION_UP: move(view, -1); return true;
    case ACTION_PAGE_DOWN: move(view, 10); return true;
    case ACTION_PAGE_UP: move(view, -10); return true;
    case ACTION_NEXT_PANE: next_pane(view, 1); return true;
    case ACTION_PREVIOUS_PANE: next_pane(view, -1); return true;
    case ACTION_BRANCHES:
        toggle_lower(view, LOWER_BRANCHES);
        view->branch = 0;
        return true;
    case ACTION_DETAILS:
        if (view->lower == LOWER_BRANCHES) {
            session_switch_branch(view->session, (uint32_t)view->branch);
            view->lower = LOWER_PANES;
            return true;
        }
        toggle_lower(view, LOWER_DETAILS);
        return true;
    case ACTION_TABLE: view->table = !view->table; return true;
    case ACTION_FOLD: view->fold = !view->fold; return true;
    case ACTION_RELATE: view->relate = !view->relate; return true;
    case ACTION_PREDICT: view->predict = !view->predict; return true;
    case ACTION_WAITS: toggle_lower(view, LOWER_WAITS); return true;
    case ACTION_STATISTICS: toggle_lower(view, LOWER_STATISTICS); return true;
    case ACTION_BACK: go_back(view); return true;
    case ACTION_PLAY: play_or_pause(view); return true;
    case ACTION_FREEZE:
        if (!session_freeze(view->session))
            text_add(&view->message, "this run could not be turned into a schedule");
        return true;
    case ACTION_SLOWER:
    case ACTION_FASTER: change_pace(view, action == ACTION_SLOWER); return true;
    case ACTION_NEXT_MATCH: run_view_search(view, 1); return true;
    case ACTION_PREVIOUS_MATCH: run_view_search(view, -1); return true;
    case ACTION_LANES:
        view->filter = (view->filter + 1) % LANE_FILTERS;
        text_add(&view->message, filters[view->filter]);
        return true;
    case ACTION_ZOOM_IN:
    case ACTION_ZOOM_OUT:
    case ACTION_ALL:
    case ACTION_FOLLOW:
    case ACTION_LATER:
    case ACTION_EARLIER:
    case ACTION_START:
    case ACTION_END:
    case ACTION_NEXT_WAIT:
    case ACTION_PREVIOUS_WAIT:
    case ACTION_NEXT_SWITCH:
    case ACTION_PREVIOUS_SWITCH:
    case ACTION_NEXT_CHANGE:
    case ACTION_PREVIOUS_CHANGE:
    case ACTION_NEXT_PROBLEM:
    case ACTION_PREVIOUS_PROBLEM:
    case ACTION_WAKER:
    case ACTION_BLOCKER:
    case ACTION_BLOCKED: return act_on_time(view, action);
    case ACTION_NONE:
    case ACTION_OPEN:
    case ACTION_OPEN_STEPPING:
    case ACTION_OPEN_FINDING:
    case ACTION_COPY_FINDING:
    case ACTION_STEP_DIGIT:
    case ACTION_STEP_SELECTED:
    case ACTION_STEP_SELECTED_BACK:
    case ACTION_TIME_OUT:
    case ACTION_POLICY:
    case ACTION_STEP_FORWARD:
    case ACTION_STEP_BACK:
    case ACTION_EXPLORE:
    case ACTION_SEARCH:
    case ACTION_HELP:
    case ACTION_QUIT:
    case ACTION_THEME:
    case ACTION_LINE_FORWARD:
    case ACTION_LINE_BACK:
    case ACTION_OUT_FORWARD:
    case ACTION_OUT_BACK:
    case ACTION_BREAK:
    case ACTION_RUN_FORWARD:
    case ACTION_RUN_BACK:
    case ACTION_AGAIN:
    case ACTION_COPY:
    case ACTION_EDIT:
    case ACTIONS: return false;
    }
    return false;
}

static bool is_inside(const struct place *place, int x, int y)
{
    return x >= place->x && x < place->x + place->width && y >= place->y &&
           y < place->y + place->height;
}

static void look_at(struct run_view *view, uint64_t time)
{
    session_lock(view->session);
    run_look_at(view, time);
    session_unlock(view->session);
    finish_jump(view);
}

void run_view_click(struct run_view *view, int x, int y)
{
    for (int pane = 0; pane < PANE_COUNT; pane++) {
        const struct place *place = &view->places[pane];
        if (!is_inside(place, x, y))
            continue;
        view->focus = (enum pane)pane;
        size_t row = (size_t)(y - place->y);
        if (pane == PANE_THREADS && row + (size_t)view->thread_top < view->threads.count) {
            view->thread = view->threads.items[row + (size_t)view->thread_top];
            view->chosen = true;
        }
        if (pane == PANE_OBJECTS && row + (size_t)view->object_top < view->objects.count)
            view->object = view->objects.items[row + (size_t)view->object_top];
        int axis = place->x + place->width - view->columns;
        if ((pane == PANE_THREADS || pane == PANE_OBJECTS) && x >= axis) {
            look_at(view, view->start + view->column * (uint64_t)(x - axis));
        }
        return;
    }
}

void run_view_wheel(struct run_view *view, int x, int y, bool up)
{
    for (int pane = 0; pane < PANE_COUNT; pane++) {
        const struct place *place = &view->places[pane];
        if (!is_inside(place, x, y))
            continue;
        int axis = place->x + place->width - view->columns;
        if ((pane == PANE_THREADS || pane == PANE_OBJECTS) && x >= axis) {
            session_lock(view->session);
            run_zoom(view, up, x - axis);
            if (view->follow)
                view->follow = false;
            session_unlock(view->session);
        } else {
            view->focus = (enum pane)pane;
            move(view, up ? -1 : 1);
        }
        return;
    }
    if (is_inside(&view->lower_place, x, y))
        view->top = up ? (view->top > 3 ? view->top - 3 : 0) : view->top + 3;
}
