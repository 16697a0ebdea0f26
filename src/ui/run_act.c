/* What keys do on the screen of a run; those of stepping are in run_steps.c. */
#include <stddef.h>
#include <string.h>

#include "ui/run.h"

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
    run_folds_fini(&view->thread_folds);
    run_folds_fini(&view->object_folds);
    row_cache_fini(&view->rows);
    vector_fini(&view->variables);
    vector_fini(&view->goals);
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
    unsigned have = NEEDS_RUN | NEEDS_LIST | NEEDS_NAMES;
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
    if (run_folds_has_group(view))
        have |= NEEDS_GROUP;
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

/* Moves a selection through the lanes: to the first member of a folded group. */
static uint32_t move_lane(struct run_view *view, bool objects, uint32_t selected, int by)
{
    struct scene scene;
    run_scene(view, &scene);
    int count = (int)scene_lanes(&scene, objects), at = scene_lane_of(&scene, objects, selected);
    if (!count)
        return selected;
    at = at < 0 ? 0 : at + by;
    at = at < 0 ? 0 : at >= count ? count - 1 : at;
    struct lane lane = scene_lane(&scene, objects, (size_t)at);
    return (objects ? scene.objects : scene.threads)[lane.first];
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

void run_view_move(struct run_view *view, int by)
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
        view->thread = move_lane(view, false, view->thread, by);
        view->chosen = true;
        break;
    case PANE_CHOICES:
        view->thread = move_in(view->threads.items, view->threads.count, view->thread, by);
        view->chosen = true;
        break;
    case PANE_OBJECTS: view->object = move_lane(view, true, view->object, by); break;
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

static void go_back(struct run_view *view, int unused)
{
    (void)unused;
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

static void toggle_lower(struct run_view *view, int lower)
{
    view->lower = view->lower == (enum lower)lower ? LOWER_PANES : (enum lower)lower;
    view->top = 0;
    view->branch = 0;
}

/* The next pace of 0, 1, 2, 5, 10 … ms, `by` places on. */
static void change_pace(struct run_view *view, int by)
{
    static const int64_t paces[] = {0,        1000000,   2000000,   5000000,   10000000,  20000000,
                                    50000000, 100000000, 200000000, 500000000, 1000000000};
    enum { PACES = sizeof paces / sizeof *paces };
    int at = 0;
    while (at + 1 < PACES && paces[at] < view->status.pace)
        at++;
    at += by;
    at = at < 0 ? 0 : at >= PACES ? PACES - 1 : at;
    view->paced = true;
    session_set_pace(view->session, paces[at]);
}

void run_finish_jump(struct run_view *view)
{
    if (view->jumps)
        session_jump(view->session, SESSION_JUMP_TO, false, view->jump_step);
    view->jumps = false;
}

static void zoom(struct run_view *view, int in)
{
    session_lock(view->session);
    int at = view->cursor > view->start ? (int)((view->cursor - view->start) / view->column) : 0;
    run_zoom(view, in, at < view->columns ? at : view->columns - 1);
    session_unlock(view->session);
}

static void show_all(struct run_view *view, int unused)
{
    (void)unused;
    view->fit = true;
}

/* What happens now, at a zoom at which two seconds are seen at least. */
static void follow(struct run_view *view, int unused)
{
    const uint64_t span = 2000000000u;
    (void)unused;
    view->follow = true;
    if (view->fit && view->column * (uint64_t)view->columns / 2 > span) {
        view->fit = false;
        view->column = run_nice(span / (uint64_t)(view->columns + 1));
    }
}

static void look_elsewhere(struct run_view *view, int action)
{
    session_lock(view->session);
    run_jump(view, (enum action)action);
    session_unlock(view->session);
    run_finish_jump(view);
}

static void play_or_pause(struct run_view *view, int unused)
{
    (void)unused;
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

static void freeze(struct run_view *view, int unused)
{
    (void)unused;
    struct session_status status;
    if (session_freeze(view->session))
        return;
    session_status(view->session, &status);
    text_printf(&view->message, "this run could not be turned into a schedule%s%s",
                status.notice ? ": " : "", status.notice ? status.notice : "");
}

/* A pane of objects of which none is chosen yet: the first one is meant. */
static void choose_any(struct run_view *view)
{
    if ((view->focus == PANE_OBJECTS || view->focus == PANE_VALUES) && view->object == THRUM_NONE)
        run_view_move(view, 0);
}

/* Enter: the chosen line of play, all about the chosen lane, and then what is folded in it. */
static void look_closer(struct run_view *view, int unused)
{
    (void)unused;
    if (view->lower == LOWER_BRANCHES) {
        session_switch_branch(view->session, (uint32_t)view->branch);
        view->lower = LOWER_PANES;
        return;
    }
    choose_any(view);
    if (view->lower == LOWER_DETAILS && run_folds_is_folded(view))
        run_folds_set(view, false);
    toggle_lower(view, LOWER_DETAILS);
}

static void fold_group(struct run_view *view, int unused)
{
    (void)unused;
    choose_any(view);
    run_folds_set(view, !run_folds_is_folded(view));
}

static void next_filter(struct run_view *view, int unused)
{
    (void)unused;
    run_folds_next_filter(view);
}

/* What turns over, at this place in the view. */
static void turn_over(struct run_view *view, int place)
{
    bool *flag = (bool *)((char *)view + place);
    *flag = !*flag;
}

/* The actions of this screen; those of stepping come before (run_steps.c). */
static const struct {
    enum action action;
    void (*act)(struct run_view *view, int argument);
    int argument;
} acts[] = {
    {ACTION_DOWN, run_view_move, 1},
    {ACTION_UP, run_view_move, -1},
    {ACTION_PAGE_DOWN, run_view_move, 10},
    {ACTION_PAGE_UP, run_view_move, -10},
    {ACTION_NEXT_PANE, next_pane, 1},
    {ACTION_PREVIOUS_PANE, next_pane, -1},
    {ACTION_BACK, go_back, 0},
    {ACTION_DETAILS, look_closer, 0},
    {ACTION_BRANCHES, toggle_lower, LOWER_BRANCHES},
    {ACTION_WAITS, toggle_lower, LOWER_WAITS},
    {ACTION_STATISTICS, toggle_lower, LOWER_STATISTICS},
    {ACTION_TABLE, turn_over, offsetof(struct run_view, table)},
    {ACTION_FOLD, turn_over, offsetof(struct run_view, fold)},
    {ACTION_RELATE, turn_over, offsetof(struct run_view, relate)},
    {ACTION_PREDICT, turn_over, offsetof(struct run_view, predict)},
    {ACTION_LANES, next_filter, 0},
    {ACTION_FOLD_GROUP, fold_group, 0},
    {ACTION_PLAY, play_or_pause, 0},
    {ACTION_FREEZE, freeze, 0},
    {ACTION_SLOWER, change_pace, 1},
    {ACTION_FASTER, change_pace, -1},
    {ACTION_NEXT_MATCH, run_view_search, 1},
    {ACTION_PREVIOUS_MATCH, run_view_search, -1},
    {ACTION_ZOOM_IN, zoom, true},
    {ACTION_ZOOM_OUT, zoom, false},
    {ACTION_ALL, show_all, 0},
    {ACTION_FOLLOW, follow, 0},
    {ACTION_LATER, look_elsewhere, ACTION_LATER},
    {ACTION_EARLIER, look_elsewhere, ACTION_EARLIER},
    {ACTION_START, look_elsewhere, ACTION_START},
    {ACTION_END, look_elsewhere, ACTION_END},
    {ACTION_NEXT_WAIT, look_elsewhere, ACTION_NEXT_WAIT},
    {ACTION_PREVIOUS_WAIT, look_elsewhere, ACTION_PREVIOUS_WAIT},
    {ACTION_NEXT_SWITCH, look_elsewhere, ACTION_NEXT_SWITCH},
    {ACTION_PREVIOUS_SWITCH, look_elsewhere, ACTION_PREVIOUS_SWITCH},
    {ACTION_NEXT_CHANGE, look_elsewhere, ACTION_NEXT_CHANGE},
    {ACTION_PREVIOUS_CHANGE, look_elsewhere, ACTION_PREVIOUS_CHANGE},
    {ACTION_NEXT_PROBLEM, look_elsewhere, ACTION_NEXT_PROBLEM},
    {ACTION_PREVIOUS_PROBLEM, look_elsewhere, ACTION_PREVIOUS_PROBLEM},
    {ACTION_WAKER, look_elsewhere, ACTION_WAKER},
    {ACTION_BLOCKER, look_elsewhere, ACTION_BLOCKER},
    {ACTION_BLOCKED, look_elsewhere, ACTION_BLOCKED},
};

bool run_view_act(struct run_view *view, enum action action, int key)
{
    text_clear(&view->message);
    if (view->status.abilities & SESSION_CAN_STEP && run_step_act(view, action, key))
        return true;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (acts[i].action == action) {
            acts[i].act(view, acts[i].argument);
            return true;
        }
    return false;
}
