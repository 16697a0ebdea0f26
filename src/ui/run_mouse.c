/* What the mouse does on the screen of a run. */
#include "ui/run.h"

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

void run_view_click(struct run_view *view, int x, int y)
{
    for (int pane = 0; pane < PANE_COUNT; pane++) {
        const struct place *place = &view->places[pane];
        if (!is_inside(place, x, y))
            continue;
        view->focus = (enum pane)pane;
        size_t row = (size_t)(y - place->y);
        if (pane == PANE_THREADS && view->table)
            return;
        size_t thread = row + (size_t)view->thread_top, object = row + (size_t)view->object_top;
        if (pane == PANE_THREADS && thread < view->thread_folds.lanes.count) {
            view->thread = view->threads.items[view->thread_folds.lanes.items[thread].first];
            view->chosen = true;
        }
        if (pane == PANE_OBJECTS && object < view->object_folds.lanes.count)
            view->object = view->objects.items[view->object_folds.lanes.items[object].first];
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
