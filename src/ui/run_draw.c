/* Draws the screen of a run: divides it among the panes, hides what does not fit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/run.h"
#include "view/header.h"
#include "view/pane.h"
#include "view/panes.h"
#include "view/source.h"
#include "view/steps.h"
#include "view/timeline.h"

static void place(struct run_view *view, enum pane pane, const struct region *region)
{
    view->places[pane] = (struct place){region->x, region->y, region->width, region->height};
}

/* ---- header ---- */

static const char *problem_words(struct run_view *view, bool *ret_potential, char *buffer,
                                 size_t size)
{
    const struct history *history = session_history(view->session);
    size_t count = history_problem_count(history);
    const struct problem *worst = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct problem *problem = history_problem(history, i);
        if (!history_problem_stands(history, i, UINT64_MAX))
            continue;
        if (!worst ||
            (worst->certainty == PROBLEM_POTENTIAL && problem->certainty != PROBLEM_POTENTIAL))
            worst = problem;
    }
    if (view->status.error)
        return "ERROR";
    if (!worst)
        return NULL;
    *ret_potential = worst->certainty == PROBLEM_POTENTIAL;
    /* A title begins with what it is called, and two blanks. */
    const char *title = worst->title ? worst->title : problem_kind_words(worst->kind);
    const char *end = strstr(title, "  ");
    snprintf(buffer, size, "%.*s", end ? (int)(end - title) : (int)strlen(title), title);
    return buffer;
}

static void draw_header(struct run_view *view, const struct region *row)
{
    const struct session_status *status = &view->status;
    char words[64];
    bool potential = false;
    struct header header = {
        .name = view->name ? view->name : "",
        .mode = status->mode == SESSION_STEPPING ? HEADER_STEPPING
                : status->ended                  ? HEADER_ENDED
                : status->paused                 ? HEADER_PAUSED
                : status->starting               ? HEADER_STARTING
                                                 : HEADER_LIVE,
        .looking_back = !view->follow && status->mode != SESSION_STEPPING,
        .elapsed = (int64_t)status->elapsed,
        .made = status->made,
        .threads = status->threads,
        .objects = (uint32_t)view->objects.count,
        .events_a_second = status->events_per_second,
        .events = status->events,
        .lost = status->lost,
        .lag = status->lag,
        .pace = status->pace,
        .kernel = status->mode == SESSION_LIVE ? status->kernel_truth : NULL,
        .policy = status->mode == SESSION_STEPPING ? status->policy : NULL,
        .step = status->step,
        .steps = status->steps,
    };
    header.problem = problem_words(view, &potential, words, sizeof words);
    header.problem_is_potential = potential;
    header_draw(row, &header);
}

/* ---- panes ---- */

struct marks {
    vector(struct source_mark) marks;
    vector(uint32_t) problems;
};

/* Lines the threads stand at, at the cursor, and lines that problems speak of. */
static void collect_marks(struct run_view *view, const struct scene *scene, struct marks *marks)
{
    uint32_t threads = history_threads(scene->history);
    for (uint32_t thread = 0; thread < threads; thread++) {
        struct lane_interval interval;
        history_interval(scene->history, thread, scene->cursor, &interval);
        uint32_t source = interval.source;
        if (interval.state == LANE_FINISHED || interval.state == LANE_UNBORN)
            continue;
        if (view->status.mode == SESSION_STEPPING)
            source = session_thread_source(view->session, thread);
        if (THRUM_SOURCE_LINE(source))
            vector_push(&marks->marks, (struct source_mark){
                                           .line = THRUM_SOURCE_LINE(source),
                                           .thread = catalog_thread_name(scene->catalog, thread),
                                           .number = thread,
                                           .style = lane_look(interval.state)->style,
                                       });
    }
    size_t count = history_problem_at(scene->history, scene->cursor);
    for (size_t i = 0; i < count && i < 16; i++) {
        const struct problem *problem = history_problem(scene->history, i);
        uint32_t sources =
            problem->source_count < PROBLEM_SOURCES ? problem->source_count : PROBLEM_SOURCES;
        for (uint32_t k = 0; k < sources && problem->certainty != PROBLEM_POTENTIAL; k++)
            vector_push(&marks->problems, THRUM_SOURCE_LINE(problem->sources[k]));
    }
}

static uint32_t focus_line(struct run_view *view, const struct scene *scene)
{
    if (view->focus == PANE_SOURCE || view->thread == THRUM_NONE)
        return 0;
    if (view->status.mode == SESSION_STEPPING)
        return THRUM_SOURCE_LINE(session_thread_source(view->session, view->thread));
    struct lane_interval interval;
    history_interval(scene->history, view->thread, scene->cursor, &interval);
    return THRUM_SOURCE_LINE(interval.source);
}

static void draw_source(struct run_view *view, const struct region *region,
                        const struct scene *scene)
{
    struct region body = pane_titled(region, "SOURCE", scene->catalog->file ? view->name : NULL,
                                     view->focus == PANE_SOURCE);
    place(view, PANE_SOURCE, region);
    struct marks marks = {0};
    collect_marks(view, scene, &marks);
    struct source source = {
        .lines = (const char *const *)scene->catalog->lines.items,
        .count = scene->catalog->lines.count,
        .marks = marks.marks.items,
        .mark_count = marks.marks.count,
        .breaks = view->breaks.items,
        .break_count = view->breaks.count,
        .problem_lines = marks.problems.items,
        .problem_count = marks.problems.count,
        .focus = focus_line(view, scene),
        .top = view->source_top < 0 ? 0 : (uint32_t)view->source_top,
    };
    if (view->source_top < 0)
        source.top = source_code_begins(&source);
    view->source_top = (int)source_draw(&body, &source);
    vector_fini(&marks.marks);
    vector_fini(&marks.problems);
}

static void draw_values(struct run_view *view, const struct region *region,
                        const struct scene *scene)
{
    struct region body = pane_titled(region, "VALUES", NULL, view->focus == PANE_VALUES);
    place(view, PANE_VALUES, region);
    values_draw(&body, scene, view->variables.items, view->variables.count, view->goals.items,
                view->goals.count);
}

static void draw_console(struct run_view *view, const struct region *region,
                         const struct scene *scene)
{
    struct region body = pane_titled(region, "CONSOLE", NULL, view->focus == PANE_CONSOLE);
    place(view, PANE_CONSOLE, region);
    int rows = console_draw(&body, scene, view->console_back);
    if (view->console_back > rows - body.height)
        view->console_back = rows > body.height ? rows - body.height : 0;
}

static void draw_problems(struct run_view *view, const struct region *region,
                          const struct scene *scene)
{
    char detail[32] = "";
    size_t count = problems_count(scene);
    if (count > 1)
        snprintf(detail, sizeof detail, "%zu · p next", count);
    struct region body = pane_titled(region, "PROBLEMS", detail, view->focus == PANE_PROBLEMS);
    place(view, PANE_PROBLEMS, region);
    int rows =
        problems_draw(&body, scene, view->problem, view->focus == PANE_PROBLEMS ? view->top : 0);
    if (view->focus == PANE_PROBLEMS && view->top > rows)
        view->top = rows;
}

static void ask_branches(struct run_view *view)
{
    uint32_t count = session_branches(view->session);
    for (uint32_t i = 0; i < count; i++) {
        struct session_branch branch;
        struct text text = {0};
        if (!session_branch(view->session, i, &branch))
            break;
        session_branch_text(view->session, i, &text);
        int depth = branch.parent < i ? view->branches.items[branch.parent].depth + 1 : 0;
        vector_push(&view->branches, (struct branch_row){.text = text_take(&text),
                                                         .depth = depth,
                                                         .in_line = branch.in_line,
                                                         .current = branch.current});
    }
    if (view->branch >= view->branches.count)
        view->branch = 0;
}

/* What session_option() says must be asked before the lock is taken. */
static void ask_options(struct run_view *view)
{
    view->options.count = view->breaks.count = 0;
    run_view_forget_branches(view);
    if (!(view->status.abilities & SESSION_CAN_STEP))
        return;
    for (uint32_t line = 1; line <= session_catalog(view->session)->lines.count; line++)
        if (session_has_break(view->session, line))
            vector_push(&view->breaks, line);
    if (view->lower == LOWER_BRANCHES)
        ask_branches(view);
    struct session_option option;
    for (uint32_t thread = 0; session_option(view->session, thread, &option); thread++)
        vector_push(&view->options, option);
}

static void tell_option(const struct session_option *option, struct choice_row *row)
{
    row->can_time_out = option->enabled & ENABLED_TIMEOUT;
    row->doomed = option->foreseen && option->doomed;
    row->may_fail = option->foreseen && option->fails_in <= CHOICE_SOON;
    row->fails_in = option->fails_in;
}

static void draw_choices(struct run_view *view, const struct region *region,
                         const struct scene *scene)
{
    char plays[32];
    snprintf(plays, sizeof plays, "space: %s", view->status.policy ? view->status.policy : "plays");
    struct region body = pane_titled(region, "NEXT STEPS", plays, view->focus == PANE_CHOICES);
    place(view, PANE_CHOICES, region);
    size_t count = view->threads.count;
    struct choice_row *rows = xcalloc(count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        struct text next = {0}, why_not = {0};
        rows[i].thread = view->threads.items[i];
        if (rows[i].thread < view->options.count)
            tell_option(&view->options.items[rows[i].thread], &rows[i]);
        session_next_text(view->session, rows[i].thread, &next);
        session_why_not_text(view->session, rows[i].thread, &why_not);
        rows[i].next = text_take(&next);
        rows[i].why_not = text_take(&why_not);
    }
    choices_draw(&body, scene, rows, count, 0);
    for (size_t i = 0; i < count; i++) {
        free((char *)rows[i].next);
        free((char *)rows[i].why_not);
    }
    free(rows);
}

static void add_local(void *context, const char *name, const char *value)
{
    text_printf(context, "%s = %s\n", name, value);
}

/* What the selected thread's last step up to the cursor meant. */
static void add_last_step(const struct scene *scene, struct text *out)
{
    enum { FARTHEST = 64 }; /* records that are no steps lie between at most */
    uint64_t time = scene->cursor;
    for (int i = 0; i < FARTHEST && scene->thread != THRUM_NONE; i++) {
        struct history_event event;
        uint64_t index = history_thread_before(scene->history, scene->thread, time);
        if (index == HISTORY_NONE || !history_event_at(scene->history, index, &event))
            return;
        if (event.event.flags & THRUM_STEP) {
            step_sentence(scene, index, out);
            return;
        }
        if (event.event.time == 0)
            return;
        time = event.event.time - 1;
    }
}

static int draw_details(struct run_view *view, const struct region *region,
                        const struct scene *scene)
{
    struct text next = {0}, why_not = {0}, locals = {0}, last = {0};
    struct scene chosen = *scene;
    bool of_object =
        view->object != THRUM_NONE && (view->focus == PANE_OBJECTS || view->focus == PANE_VALUES);
    if (!of_object)
        chosen.object = THRUM_NONE;
    /* What comes next and the locals are known for now only. */
    if (!of_object && view->thread != THRUM_NONE && view->follow && session_model(view->session)) {
        session_next_text(view->session, view->thread, &next);
        session_why_not_text(view->session, view->thread, &why_not);
        session_locals(view->session, view->thread, add_local, &locals);
    }
    if (!of_object && !view->predict)
        add_last_step(scene, &last);
    struct details details = {text_bytes(&next), text_bytes(&why_not), text_bytes(&locals),
                              text_bytes(&last)};
    int rows = details_draw(region, &chosen, &details, view->top);
    text_fini(&next);
    text_fini(&why_not);
    text_fini(&locals);
    text_fini(&last);
    return rows;
}

/* ---- layout ---- */

/* Problems, and below them the console where words leave room. */
static void draw_problems_first(struct run_view *view, const struct region *region,
                                const struct scene *scene)
{
    struct region nowhere = region_part(region, 0, 0, region->width, 0);
    int words = 1 + problems_draw(&nowhere, scene, view->problem, 0);
    int room = region->height - words;
    struct region problem =
        region_part(region, 0, 0, region->width, room < 4 ? region->height : words);
    struct region console = region_part(region, 0, words, region->width, room);
    draw_problems(view, &problem, scene);
    if (room >= 4)
        draw_console(view, &console, scene);
}

/* Values, console and problems, as far as there is room for them. */
static void draw_facts(struct run_view *view, const struct region *region,
                       const struct scene *scene, bool problems)
{
    if (problems && (region->height < 14 || view->variables.count + view->goals.count == 0)) {
        draw_problems(view, region, scene);
        return;
    }
    if (region->height < 5) {
        if (view->focus == PANE_CONSOLE)
            draw_console(view, region, scene);
        else
            draw_values(view, region, scene);
        return;
    }
    struct region nowhere = region_part(region, 0, 0, region->width, 0);
    int wanted = 1 + values_draw(&nowhere, scene, view->variables.items, view->variables.count,
                                 view->goals.items, view->goals.count);
    int most = problems ? region->height / 3 : region->height / 2;
    int height = wanted < most ? wanted : most;
    height = height < 2 ? 2 : height;
    struct region values = region_part(region, 0, 0, region->width, height);
    struct region below = region_part(region, 0, height, region->width, region->height - height);
    draw_values(view, &values, scene);
    if (problems)
        draw_problems_first(view, &below, scene);
    else
        draw_console(view, &below, scene);
}

/* What stands right of the source: on a narrow screen problems take the place of the rest. */
static void draw_side(struct run_view *view, const struct region *region, const struct scene *scene,
                      bool with_problems)
{
    struct region rest = *region;
    if (view->status.mode == SESSION_STEPPING) {
        int wanted = (int)view->threads.count + 1, most = region->height / 2;
        struct region choices =
            region_part(region, 0, 0, region->width, wanted < most ? wanted : most);
        draw_choices(view, &choices, scene);
        rest =
            region_part(region, 0, choices.height, region->width, region->height - choices.height);
    }
    draw_facts(view, &rest, scene,
               with_problems && view->show_problems && history_problem_count(scene->history));
}

static void draw_one_pane(struct run_view *view, const struct region *region,
                          const struct scene *scene)
{
    bool problems = view->show_problems && history_problem_count(scene->history);
    if (view->focus == PANE_SOURCE ||
        (!problems && view->focus < PANE_CHOICES && view->status.mode != SESSION_STEPPING))
        draw_source(view, region, scene);
    else
        draw_side(view, region, scene, true);
}

static void draw_panes(struct run_view *view, const struct region *region,
                       const struct scene *scene)
{
    int width = region->width;
    bool reads_source = view->focus == PANE_SOURCE; /* then long lines have more room */
    if (width < 76) {
        draw_one_pane(view, region, scene);
        return;
    }
    if (width < 120) {
        int left = width * (reads_source ? 70 : 45) / 100;
        struct region source = region_part(region, 0, 0, left, region->height);
        struct region right = region_part(region, left + 1, 0, width - left - 1, region->height);
        draw_source(view, &source, scene);
        pane_divider(region, left);
        draw_side(view, &right, scene, true);
        return;
    }
    int left = width * (reads_source ? 50 : 36) / 100;
    int middle = width * (reads_source ? 70 : 60) / 100;
    struct region source = region_part(region, 0, 0, left, region->height);
    struct region right = region_part(region, left + 1, 0, middle - left - 1, region->height);
    struct region problems = region_part(region, middle + 1, 0, width - middle - 1, region->height);
    draw_source(view, &source, scene);
    pane_divider(region, left);
    draw_side(view, &right, scene, false);
    pane_divider(region, middle);
    draw_problems(view, &problems, scene);
}

/* What lies on top of the panes; returns how many rows it has. */
static int draw_overlay(struct run_view *view, const struct region *body, const struct scene *scene)
{
    switch (view->lower) {
    case LOWER_PANES: return 0;
    case LOWER_WAITS: return waits_draw(body, scene, view->top);
    case LOWER_STATISTICS: return statistics_draw(body, scene, view->top);
    case LOWER_DETAILS: return draw_details(view, body, scene);
    case LOWER_BRANCHES:
        return branches_draw(body, view->branches.items, view->branches.count, view->branch);
    }
    return 0;
}

static void draw_lower(struct run_view *view, const struct region *region,
                       const struct scene *scene)
{
    if (view->lower == LOWER_PANES) {
        draw_panes(view, region, scene);
        return;
    }
    static const char *const titles[] = {
        [LOWER_WAITS] = "WHO WAITS FOR WHOM",
        [LOWER_STATISTICS] = "STATISTICS",
        [LOWER_DETAILS] = "DETAILS",
        [LOWER_BRANCHES] = "LINES OF PLAY",
    };
    struct region body = pane_titled(region, titles[view->lower], "Esc closes", true);
    view->lower_place = (struct place){region->x, region->y, region->width, region->height};
    int rows = draw_overlay(view, &body, scene);
    if (view->top > rows - body.height)
        view->top = rows > body.height ? rows - body.height : 0;
}

/* The rows that what is below the lanes needs at least. An overlay takes no more than it fills when
 * that does not change any more: lanes that jump up and down cannot be read. */
static int lower_rows(struct run_view *view, const struct region *screen, const struct scene *scene,
                      int body)
{
    int least = body * 2 / 5, most = body * 3 / 5;
    if (view->lower == LOWER_PANES)
        return least;
    if (!view->status.ended || view->status.mode == SESSION_STEPPING)
        return most;
    struct region nowhere = region_part(screen, 0, 0, screen->width, 0);
    int rows = 1 + draw_overlay(view, &nowhere, scene);
    return rows < least ? least : rows > most ? most : rows;
}

/* Keeps the selected lane and row in sight. */
static void scroll_lanes(struct run_view *view, const struct scene *scene,
                         const struct timeline_layout *layout)
{
    int thread = scene_lane_of(scene, false, view->thread);
    int object = scene_lane_of(scene, true, view->object);
    view->thread_top =
        pane_scroll(view->thread_top, thread, (int)scene_lanes(scene, false), layout->thread_rows);
    view->object_top =
        pane_scroll(view->object_top, object, (int)scene_lanes(scene, true), layout->object_rows);
}

static void draw_lanes(struct run_view *view, const struct region *region, struct scene *scene)
{
    struct timeline_layout layout = timeline_layout(scene, region->width, region->height);
    scroll_lanes(view, scene, &layout);
    run_axis(view, layout.columns);
    run_scene(view, scene);
    int focused = view->lower != LOWER_PANES    ? 0
                  : view->focus == PANE_THREADS ? 1
                  : view->focus == PANE_OBJECTS ? 2
                                                : 0;
    timeline_draw(region, scene, focused);
    struct region threads =
        region_part(region, 0, layout.thread_y, region->width, layout.thread_rows);
    struct region objects =
        region_part(region, 0, layout.object_y, region->width, layout.object_rows);
    place(view, PANE_THREADS, &threads);
    place(view, PANE_OBJECTS, &objects);
}

static bool next_words(void *data, uint32_t thread, struct text *out)
{
    size_t before = out->length;
    session_why_not_text(data, thread, out);
    if (out->length > before)
        return false;
    session_next_text(data, thread, out);
    return true;
}

/* The point of no return, while the line of play still goes through it. */
static uint64_t no_return(const struct run_view *view)
{
    uint32_t count = view->no_return ? session_branches(view->session) : 0;
    for (uint32_t i = 1; i < count; i++) {
        struct session_branch branch;
        if (session_branch(view->session, i, &branch) && branch.in_line && branch.parent == 0 &&
            branch.fork < view->no_return)
            return 0;
    }
    return view->no_return;
}

/* The same steps as a table. The axis is kept up to date: it knows what the cursor is. */
static void draw_table(struct run_view *view, const struct region *region, struct scene *scene)
{
    bool stepping = view->status.mode == SESSION_STEPPING;
    run_axis(view, view->columns);
    run_scene(view, scene);
    struct steps_look look = {
        .fold = view->fold,
        .relate = view->relate,
        .hide = view->predict,
        .no_return = no_return(view),
        .next = stepping,
        .next_words = stepping ? next_words : NULL,
        .next_data = view->session,
    };
    steps_draw(region, scene, &look);
    place(view, PANE_THREADS, region);
}

void run_view_draw(struct run_view *view, const struct region *screen)
{
    memset(view->places, 0, sizeof view->places);
    view->lower_place = (struct place){0};
    ask_options(view);
    session_lock(view->session);
    run_lists(view);
    struct scene scene;
    run_scene(view, &scene);
    struct region header = region_part(screen, 0, 0, screen->width, 1);
    draw_header(view, &header);
    int body = screen->height - 2, wanted = timeline_rows_wanted(&scene);
    int least = lower_rows(view, screen, &scene, body);
    if (view->table)
        wanted = body;
    int lanes = wanted < body - least ? wanted : body - least;
    struct region upper = region_part(screen, 0, 1, screen->width, lanes);
    if (view->table)
        draw_table(view, &upper, &scene);
    else
        draw_lanes(view, &upper, &scene);
    struct region lower = region_part(screen, 0, 1 + lanes, screen->width, body - lanes);
    draw_lower(view, &lower, &scene);
    session_unlock(view->session);
}
