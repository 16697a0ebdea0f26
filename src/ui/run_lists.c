/* Which lanes, rows and variables are shown, and in what order. */
#include <stdlib.h>
#include <string.h>

#include "ui/run.h"

struct waited {
    uint32_t thread;
    uint64_t time; /* blocked, waiting and stuck */
};

static int most_first(const void *a, const void *b)
{
    const struct waited *left = a, *right = b;
    if (left->time != right->time)
        return left->time < right->time ? 1 : -1;
    return left->thread < right->thread ? -1 : left->thread > right->thread;
}

static void sort_by_waiting(struct run_view *view)
{
    const struct history *history = session_history(view->session);
    size_t count = view->threads.count;
    struct waited *waited = xcalloc(count + 1, sizeof *waited);
    for (size_t i = 0; i < count; i++) {
        struct thread_statistics statistics;
        waited[i].thread = view->threads.items[i];
        history_thread_statistics(history, waited[i].thread, &statistics);
        waited[i].time =
            statistics.ns[LANE_BLOCKED] + statistics.ns[LANE_WAITING] + statistics.ns[LANE_STUCK];
    }
    qsort(waited, count, sizeof *waited, most_first);
    for (size_t i = 0; i < count; i++)
        view->threads.items[i] = waited[i].thread;
    free(waited);
}

static bool has_lane(const struct run_view *view, uint32_t thread)
{
    if (view->filter != LANES_LIVING && view->filter != LANES_WAITING)
        return true;
    struct lane_interval interval;
    history_interval(session_history(view->session), thread, view->cursor, &interval);
    if (view->filter == LANES_WAITING)
        return lane_is_wait(interval.state);
    return interval.state != LANE_UNBORN && interval.state != LANE_FINISHED;
}

void run_lists(struct run_view *view)
{
    const struct trace_catalog *catalog = session_catalog(view->session);
    uint32_t threads = history_threads(session_history(view->session));
    view->threads.count = view->objects.count = view->variables.count = 0;
    for (uint32_t thread = 0; thread < threads; thread++)
        if (has_lane(view, thread))
            vector_push(&view->threads, thread);
    if (view->filter == LANES_SORTED)
        sort_by_waiting(view);
    for (uint32_t object = 0; object < catalog->objects.count; object++) {
        if (object_has_row(catalog->objects.items[object].type))
            vector_push(&view->objects, object);
        else if (object_has_value(catalog->objects.items[object].type))
            vector_push(&view->variables, object);
    }
    run_folds_lists(view);
    struct goal_row goal = {.over = view->status.ended && view->status.mode != SESSION_STEPPING};
    view->goals.count = 0;
    for (uint32_t i = 0; (goal.text = session_sometimes(view->session, i, &goal.reached)); i++)
        vector_push(&view->goals, goal);
}

static void format_value(void *data, uint32_t object, uint64_t time, struct text *out)
{
    session_cell_text(data, object, time, out);
}

void run_scene(struct run_view *view, struct scene *ret_scene)
{
    const struct history *history = session_history(view->session);
    *ret_scene = (struct scene){
        .history = history,
        .catalog = session_catalog(view->session),
        .rows = &view->rows,
        .now = history_now(history),
        .cursor = view->cursor,
        .cursor_shown = !view->follow || (view->status.mode == SESSION_STEPPING &&
                                          view->status.step < view->status.steps),
        .start = view->start,
        .column = view->column,
        .forever = view->status.ended && view->status.mode != SESSION_STEPPING,
        .steps = view->status.mode == SESSION_STEPPING,
        .threads = view->threads.items,
        .thread_count = view->threads.count,
        .thread_lanes = view->thread_folds.lanes.items,
        .thread_lane_count = view->thread_folds.lanes.count,
        .objects = view->objects.items,
        .object_count = view->objects.count,
        .object_lanes = view->object_folds.lanes.items,
        .object_lane_count = view->object_folds.lanes.count,
        .thread_top = view->thread_top,
        .object_top = view->object_top,
        .thread = view->thread,
        .object = view->object,
        .match = view->match,
        .format_value = session_model(view->session) ? format_value : NULL,
        .format_data = view->session,
    };
}

/* Where the selected lane or row is in a list; -1 when it is not in it. */
static int position(const uint32_t *items, size_t count, uint32_t wanted)
{
    for (size_t i = 0; i < count; i++)
        if (items[i] == wanted)
            return (int)i;
    return -1;
}

static bool matches(const struct run_view *view, bool object, uint32_t number)
{
    const struct trace_catalog *catalog = session_catalog(view->session);
    return strcasestr(object ? catalog_object_name(catalog, number)
                             : catalog_thread_name(catalog, number),
                      view->match) != NULL;
}

void run_view_search(struct run_view *view, int direction)
{
    if (!*view->match)
        return;
    session_lock(view->session);
    run_lists(view);
    int threads = (int)view->threads.count, objects = (int)view->objects.count;
    int variables = (int)view->variables.count, all = threads + objects + variables;
    int at = position(view->threads.items, view->threads.count, view->thread);
    if (view->focus == PANE_OBJECTS && view->object != THRUM_NONE)
        at = threads + position(view->objects.items, view->objects.count, view->object);
    if (view->focus == PANE_VALUES && view->object != THRUM_NONE)
        at = threads + objects +
             position(view->variables.items, view->variables.count, view->object);
    text_clear(&view->message);
    text_printf(&view->message, "no thread or object has \"%s\" in its name", view->match);
    for (int i = direction ? 1 : 0; i <= all && all; i++) {
        int next = ((at + (direction < 0 ? -i : i)) % all + all) % all;
        bool object = next >= threads;
        uint32_t number = next < threads ? view->threads.items[next]
                          : next < threads + objects
                              ? view->objects.items[next - threads]
                              : view->variables.items[next - threads - objects];
        if (!matches(view, object, number))
            continue;
        view->focus = !object                    ? PANE_THREADS
                      : next < threads + objects ? PANE_OBJECTS
                                                 : PANE_VALUES;
        if (object)
            view->object = number;
        else
            view->thread = number;
        view->chosen = true;
        if (run_folds_is_folded(view))
            run_folds_set(view, false);
        text_clear(&view->message);
        break;
    }
    session_unlock(view->session);
}
