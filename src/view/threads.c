/* The lanes of threads: states, words in the stretches, arrows, barriers, notes. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "view/pane.h"
#include "view/timeline.h"

/* Rows of one frame: which lane of the region shows a thread, if any. */
struct lanes {
    const struct region *axis; /* the part right of the labels */
    const struct scene *scene;
    int top;                 /* first thread shown */
    struct lane_cell *cells; /* height rows of width */
    bool *busy;              /* columns that have an arrow or a barrier already */
};

static void draw_label(const struct region *region, int y, const struct scene *scene,
                       uint32_t thread, int width)
{
    struct lane_interval interval;
    history_interval(scene->history, thread, scene->cursor, &interval);
    const struct lane_look *look = lane_look(interval.state);
    enum style style = interval.state == LANE_STUCK ? STYLE_STUCK
                       : interval.state == LANE_FINISHED || interval.state == LANE_UNBORN
                           ? STYLE_DIM
                           : STYLE_THREAD;
    struct text text = {0};
    const char *name = catalog_thread_name(scene->catalog, thread);
    bool matches = scene->match && *scene->match && strstr(name, scene->match);
    text_printf(&text, "%2u", thread);
    draw_text(region, 0, y, STYLE_DIM, text_bytes(&text));
    draw_fit(region, 3, y, width - 10, matches ? STYLE_MATCH : style, name);
    text_clear(&text);
    if (interval.state == LANE_FINISHED)
        text_add(&text, "ended");
    else if (THRUM_SOURCE_LINE(interval.source))
        text_printf(&text, "%u", THRUM_SOURCE_LINE(interval.source));
    draw_right(region, width - 1, y, STYLE_DIM, text_bytes(&text));
    if (interval.state != LANE_FINISHED)
        draw_glyph(region, width - 6, y, look->style,
                   interval.state == LANE_STUCK ? GLYPH_PROBLEM : look->glyph);
    text_fini(&text);
}

/* Writes what it waits for into a stretch of columns [x, end) when there is room. */
static void draw_stretch_words(const struct lanes *lanes, int y, uint32_t thread, int x, int end)
{
    const struct scene *scene = lanes->scene;
    if (end - x < 4)
        return;
    struct lane_interval interval;
    uint64_t middle = scene->start + scene->column * (uint64_t)(x + (end - x) / 2);
    history_interval(scene->history, thread, middle, &interval);
    struct text words = {0};
    scene_wait_words(scene, &interval, &words);
    int width = text_width(text_bytes(&words)), room = end - x;
    if (width && room >= width + (interval.state == LANE_STUCK ? 4 : 2)) {
        const struct lane_look *look = lane_look(interval.state);
        int at = x + (room - width) / 2;
        if (interval.state == LANE_STUCK) {
            draw_glyph(lanes->axis, at - 1, y, look->name, ' ');
            draw_glyph(lanes->axis, at + width, y, look->name, ' ');
        }
        draw_text(lanes->axis, at, y, look->name, text_bytes(&words));
        if (interval.object != THRUM_NONE && interval.object == scene->object)
            draw_stress(lanes->axis, at, y, width, 1, STRESS_FOCUS);
    }
    text_fini(&words);
}

static void draw_lane(const struct lanes *lanes, int y, uint32_t thread)
{
    int width = lanes->axis->width;
    struct lane_cell *cells = lanes->cells + (size_t)y * (size_t)width;
    history_row(lanes->scene->history, thread, lanes->scene->start, lanes->scene->column,
                (size_t)width, cells);
    scene_extend_lane(lanes->scene, thread, width, cells);
    for (int x = 0; x < width; x++) {
        enum lane_state state = (enum lane_state)cells[x].state;
        const struct lane_look *look = lane_look(state);
        bool future = cells[x].share == 0 && state != LANE_UNBORN;
        if (future)
            continue;
        uint32_t glyph = look->glyph;
        if (state == LANE_FINISHED && x > 0 && cells[x - 1].state != LANE_FINISHED)
            glyph = GLYPH_TEE_LEFT;
        draw_glyph(lanes->axis, x, y, look->style, glyph);
        if (lanes->scene->object != THRUM_NONE && cells[x].object == lanes->scene->object &&
            lane_is_wait(state))
            draw_stress(lanes->axis, x, y, 1, 1, STRESS_FOCUS);
    }
    for (int x = 0; x < width;) {
        int end = x + 1;
        while (end < width && cells[end].state == cells[x].state && cells[end].share &&
               cells[end].object == cells[x].object && cells[end].changes <= 1)
            end++;
        if (cells[x].share && lane_is_wait((enum lane_state)cells[x].state))
            draw_stretch_words(lanes, y, thread, x, end);
        x = end;
    }
}

static int row_of(const struct lanes *lanes, uint32_t thread)
{
    for (int y = 0; y < lanes->axis->height; y++) {
        size_t at = (size_t)(lanes->top + y);
        if (at >= lanes->scene->thread_count)
            break;
        if (lanes->scene->threads[at] == thread)
            return y;
    }
    return -1;
}

/* An arrow from the waker's lane to the woken one, over lanes where nothing else is told. */
static void draw_arrow(const struct lanes *lanes, const struct wake_arrow *wake)
{
    int x = scene_column(lanes->scene, wake->to_time, lanes->axis->width);
    int from = row_of(lanes, wake->from), to = row_of(lanes, wake->to);
    if (x < 0 || x >= lanes->axis->width || to < 0 || from < 0 || from == to || lanes->busy[x])
        return;
    lanes->busy[x] = true;
    int step = from < to ? 1 : -1;
    for (int y = from + step; y != to; y += step) {
        const struct lane_cell *cell = lanes->cells + (size_t)y * (size_t)lanes->axis->width + x;
        bool quiet = cell->state != LANE_RUNNING && cell->state != LANE_COMPUTING &&
                     cell->state != LANE_READY;
        if (quiet)
            draw_glyph(lanes->axis, x, y, STYLE_WAKE, GLYPH_WAKE_LINE);
    }
    draw_glyph(lanes->axis, x, to, STYLE_WAKE, step > 0 ? GLYPH_WAKE_DOWN : GLYPH_WAKE_UP);
}

/* Many wake-ups in little room say nothing: then only those of the selected thread are drawn. */
static void draw_arrows(const struct lanes *lanes)
{
    const struct scene *scene = lanes->scene;
    size_t limit = (size_t)lanes->axis->width;
    struct wake_arrow *wakes = xmalloc((limit + 1) * sizeof *wakes);
    uint64_t end = scene->start + scene->column * limit;
    size_t count = history_wakes(scene->history, scene->start, end, limit, wakes);
    bool many = count > limit / 4;
    if (count > limit * 3 / 4) /* thinned out, so those that are left mean nothing */
        count = 0;
    for (size_t i = 0; i < count; i++)
        if (!many || wakes[i].from == scene->thread || wakes[i].to == scene->thread)
            draw_arrow(lanes, &wakes[i]);
    free(wakes);
}

static void draw_openings(const struct lanes *lanes)
{
    const struct scene *scene = lanes->scene;
    size_t limit = (size_t)lanes->axis->width / 4 + 1;
    struct barrier_opening *openings = xmalloc(limit * sizeof *openings);
    uint64_t end = scene->start + scene->column * (uint64_t)lanes->axis->width;
    size_t count = history_openings(scene->history, scene->start, end, limit, openings);
    for (size_t i = 0; i < count && count < limit; i++) {
        int x = scene_column(scene, openings[i].time, lanes->axis->width);
        if (x < 0 || x >= lanes->axis->width)
            continue;
        lanes->busy[x] = true;
        int first = -1, last = -1;
        for (int y = 0; y < lanes->axis->height; y++) {
            const struct lane_cell *row = lanes->cells + (size_t)y * (size_t)lanes->axis->width;
            bool part = row[x].marks & MARK_BARRIER ||
                        (x + 1 < lanes->axis->width && row[x + 1].marks & MARK_BARRIER);
            if (part && first < 0)
                first = y;
            if (part)
                last = y;
        }
        if (first >= 0)
            draw_column(lanes->axis, x, first, last - first + 1, STYLE_BARRIER, GLYPH_BARRIER);
    }
    free(openings);
}

/* Whether a problem that did happen lies in a column; the others get a milder mark. */
static bool has_actual(const struct scene *scene, int x)
{
    uint64_t from = scene->start + scene->column * (uint64_t)x, to = from + scene->column;
    for (size_t i = history_problem_at(scene->history, to); i > 0; i--) {
        const struct problem *problem = history_problem(scene->history, i - 1);
        if (!problem || problem->time + 1 < from)
            return false;
        if (problem->certainty != PROBLEM_POTENTIAL)
            return true;
    }
    return false;
}

static void draw_marks(const struct lanes *lanes)
{
    int width = lanes->axis->width;
    for (int x = 0; x < width; x++) {
        int actual = -1; /* not looked up yet */
        for (int y = 0; y < lanes->axis->height; y++) {
            unsigned marks = lanes->cells[(size_t)y * (size_t)width + (size_t)x].marks;
            if (marks & MARK_PROBLEM && actual < 0)
                actual = has_actual(lanes->scene, x);
            if (marks & MARK_PROBLEM)
                draw_glyph(lanes->axis, x, y, actual ? STYLE_PROBLEM : STYLE_POTENTIAL,
                           actual ? GLYPH_PROBLEM : GLYPH_WARNING);
            else if (marks & MARK_NOTE)
                draw_glyph(lanes->axis, x, y, STYLE_NOTE, GLYPH_NOTE);
        }
    }
}

void threads_draw(const struct region *region, const struct scene *scene, int label_width)
{
    struct region axis =
        region_part(region, label_width + 1, 0, region->width - label_width - 1, region->height);
    if (axis.width < 1 || axis.height < 1)
        return;
    size_t cells = (size_t)axis.width * (size_t)axis.height;
    struct lanes lanes = {
        .axis = &axis,
        .scene = scene,
        .top = scene->thread_top,
        .cells = xcalloc(cells, sizeof *lanes.cells),
        .busy = xcalloc((size_t)axis.width, sizeof *lanes.busy),
    };
    for (int y = 0; y < axis.height; y++) {
        size_t at = (size_t)(lanes.top + y);
        if (at >= scene->thread_count)
            break;
        draw_label(region, y, scene, scene->threads[at], label_width);
        draw_lane(&lanes, y, scene->threads[at]);
    }
    draw_openings(&lanes);
    draw_arrows(&lanes);
    draw_marks(&lanes);
    int selected = row_of(&lanes, scene->thread);
    if (selected >= 0)
        draw_stress(region, 0, selected, label_width, 1, STRESS_SELECTED);
    struct region label = region_part(region, 0, 0, label_width, region->height);
    pane_more(&label, scene->thread_top, (int)scene->thread_count);
    free(lanes.cells);
    free(lanes.busy);
}
