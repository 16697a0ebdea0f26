/* What the mouse does on the screen of a run. */
#include "ui/run.h"
#include "view/pane.h"

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
    run_finish_jump(view);
}

static void click_lane(struct run_view *view, const struct place *place, bool objects, int x,
                       size_t row)
{
    row += (size_t)(objects ? view->object_top : view->thread_top);
    if (!objects && row < view->thread_folds.lanes.count) {
        view->thread = view->threads.items[view->thread_folds.lanes.items[row].first];
        view->chosen = true;
    }
    if (objects && row < view->object_folds.lanes.count)
        view->object = view->objects.items[view->object_folds.lanes.items[row].first];
    int axis = place->x + place->width - view->columns;
    if (x >= axis)
        look_at(view, view->start + view->column * (uint64_t)(x - axis));
}

/* The menu of next steps scrolls so that the selected thread is in sight (view/choices.c). */
static void click_choice(struct run_view *view, const struct place *place, int row)
{
    int count = (int)view->threads.count, chosen = -1;
    for (int i = 0; i < count; i++)
        if (view->threads.items[i] == view->thread)
            chosen = i;
    int at = row + pane_scroll(0, chosen, count, place->height - 1);
    if (row < 0 || at >= count)
        return;
    view->thread = view->threads.items[at];
    view->chosen = true;
}

/* `top` rows of the problems were scrolled away when they were drawn. */
static void click_fact(struct run_view *view, const struct place *place, enum pane pane, int row,
                       int top)
{
    struct scene scene;
    session_lock(view->session);
    run_scene(view, &scene);
    if (pane == PANE_VALUES) {
        uint32_t variable = values_at(&scene, view->variables.items, view->variables.count,
                                      view->goals.count, place->height - 1, row);
        view->object = variable != THRUM_NONE ? variable : view->object;
    } else {
        struct region body = {.width = place->width, .height = place->height - 1};
        int problem = problems_at(&body, &scene, view->problem, top, row);
        if (problem >= 0)
            run_show_problem(view, problem);
    }
    session_unlock(view->session);
    run_finish_jump(view);
}

void run_view_click(struct run_view *view, int x, int y)
{
    for (int i = 0; i < PANE_COUNT; i++) {
        const struct place *place = &view->places[i];
        enum pane pane = (enum pane)i;
        if (!is_inside(place, x, y))
            continue;
        int row = y - place->y, top = view->focus == pane ? view->top : 0;
        if (view->focus != pane)
            view->top = 0;
        view->focus = pane;
        if ((pane == PANE_THREADS && !view->table) || pane == PANE_OBJECTS)
            click_lane(view, place, pane == PANE_OBJECTS, x, (size_t)row);
        else if (pane == PANE_CHOICES)
            click_choice(view, place, row - 1);
        else if (pane == PANE_VALUES || pane == PANE_PROBLEMS)
            click_fact(view, place, pane, row - 1, top);
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
        if (pane == PANE_THREADS && view->table) {
            bool steps = view->status.abilities & SESSION_CAN_STEP;
            run_view_act(view,
                         steps ? (up ? ACTION_STEP_BACK : ACTION_STEP_FORWARD)
                               : (up ? ACTION_EARLIER : ACTION_LATER),
                         0);
            return;
        }
        if ((pane == PANE_THREADS || pane == PANE_OBJECTS) && x >= axis) {
            session_lock(view->session);
            run_zoom(view, up, x - axis);
            if (view->follow)
                view->follow = false;
            session_unlock(view->session);
        } else {
            view->focus = (enum pane)pane;
            run_view_move(view, up ? -1 : 1);
        }
        return;
    }
    if (is_inside(&view->lower_place, x, y))
        view->top = up ? (view->top > 3 ? view->top - 3 : 0) : view->top + 3;
}
