/* The lanes of threads: states, words in the stretches, arrows, barriers, notes. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "view/folded.h"
#include "view/pane.h"
#include "view/row_cache.h"
#include "view/timeline.h"

/* Rows of one frame: which lane of the region shows a thread, if any. */
struct lanes {
    const struct region *axis; /* the part right of the labels */
    const struct scene *scene;
    int top;                 /* first thread shown */
    struct lane_cell *cells; /* height rows of width */
    bool *busy;              /* columns that have an arrow or a barrier already */
    uint32_t known;          /* threads with lower numbers have a place in: */
    int *rows;               /* 1 + the row of each thread in the region; 0: not in sight */
};

/* The number of a thread, or that there is more under it; name, state and line, or how many. */
static void draw_label(const struct region *region, int y, const struct scene *scene,
                       struct lane lane, int width)
{
    struct lane_interval interval;
    uint32_t counts[LANE_RANKS], thread = scene->threads[lane.first];
    enum lane_state state = LANE_UNBORN;
    struct text text = {0};
    bool matches = false;
    for (uint32_t i = 0; i < lane.count && scene->match && *scene->match && !matches; i++)
        matches = strcasestr(catalog_thread_name(scene->catalog, scene->threads[lane.first + i]),
                             scene->match);
    if (lane.count > 1) {
        unsigned worst = LANE_RANKS - 1;
        folded_tally(scene, lane, scene->cursor, counts);
        while (worst > 0 && !counts[worst])
            worst--;
        state = folded_state(worst);
        draw_glyph(region, 1, y, STYLE_SCROLL, GLYPH_FOLD);
        text_printf(&text, "%u", counts[worst]);
    } else {
        history_interval(scene->history, thread, scene->cursor, &interval);
        state = interval.state;
        draw_printf(region, 0, y, STYLE_DIM, "%2u", thread);
        if (THRUM_SOURCE_LINE(interval.source))
            text_printf(&text, "%u", THRUM_SOURCE_LINE(interval.source));
    }
    bool over = state == LANE_FINISHED || state == LANE_UNBORN;
    draw_right(region, width - 1, y, STYLE_DIM,
               state == LANE_FINISHED ? "ended" : text_bytes(&text));
    if (state != LANE_FINISHED)
        draw_glyph(region, width - 6, y, lane_look(state)->style,
                   state == LANE_STUCK ? GLYPH_PROBLEM : lane_look(state)->glyph);
    text_clear(&text);
    scene_lane_name(scene, false, lane, &text);
    draw_name(region, 3, y, width - 10,
              matches               ? STYLE_MATCH
              : state == LANE_STUCK ? STYLE_STUCK
              : over                ? STYLE_DIM
                                    : STYLE_THREAD,
              text_bytes(&text));
    text_fini(&text);
}

bool stretch_words_draw(const struct region *axis, int x, int end, int y, enum lane_state state,
                        const char *words)
{
    int width = text_width(words), room = end - x;
    if (!width || room < width + (state == LANE_STUCK ? 4 : 2))
        return false;
    const struct lane_look *look = lane_look(state);
    int at = x + (room - width) / 2;
    if (state == LANE_STUCK) {
        draw_glyph(axis, at - 1, y, look->name, ' ');
        draw_glyph(axis, at + width, y, look->name, ' ');
    }
    draw_text(axis, at, y, look->name, words);
    return true;
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
    if (stretch_words_draw(lanes->axis, x, end, y, interval.state, text_bytes(&words)) &&
        interval.object != THRUM_NONE && interval.object == scene->object) {
        int width = text_width(text_bytes(&words));
        draw_stress(lanes->axis, x + (end - x - width) / 2, y, width, 1, STRESS_FOCUS);
    }
    text_fini(&words);
}

/* True where a thread ends in column x, also when it began and ended in it. */
static bool ends_in(const struct scene *scene, uint32_t thread, const struct lane_cell *cells,
                    int x)
{
    if (cells[x].state != LANE_FINISHED)
        return false;
    if (x > 0)
        return cells[x - 1].state != LANE_FINISHED;
    struct lane_interval interval;
    history_interval(scene->history, thread, scene->start, &interval);
    return interval.state != LANE_FINISHED;
}

static void draw_lane(const struct lanes *lanes, int y, uint32_t thread)
{
    int width = lanes->axis->width;
    struct lane_cell *cells = lanes->cells + (size_t)y * (size_t)width;
    row_of_thread(lanes->scene->rows, lanes->scene->history, thread, lanes->scene->start,
                  lanes->scene->column, (size_t)width, cells);
    scene_extend_lane(lanes->scene, thread, width, cells);
    for (int x = 0; x < width; x++) {
        enum lane_state state = (enum lane_state)cells[x].state;
        const struct lane_look *look = lane_look(state);
        bool future = !cells[x].filled && state != LANE_UNBORN;
        if (future)
            continue;
        uint32_t glyph = look->glyph;
        if (ends_in(lanes->scene, thread, cells, x))
            glyph = GLYPH_TEE_LEFT;
        draw_glyph(lanes->axis, x, y, look->style, glyph);
        if (lanes->scene->object != THRUM_NONE && cells[x].object == lanes->scene->object &&
            lane_is_wait(state))
            draw_stress(lanes->axis, x, y, 1, 1, STRESS_FOCUS);
    }
    for (int x = 0; x < width;) {
        int end = x + 1;
        while (end < width && cells[end].state == cells[x].state && cells[end].filled &&
               cells[end].object == cells[x].object && cells[end].changes <= 1)
            end++;
        if (cells[x].filled && lane_is_wait((enum lane_state)cells[x].state))
            draw_stretch_words(lanes, y, thread, x, end);
        x = end;
    }
}

/* Notes in which row each thread in sight stands: arrows ask for that often. */
static void find_rows(struct lanes *lanes)
{
    const struct scene *scene = lanes->scene;
    size_t count = scene_lanes(scene, false);
    lanes->known = history_threads(scene->history);
    lanes->rows = xcalloc((size_t)lanes->known + 1, sizeof *lanes->rows);
    for (int y = 0; y < lanes->axis->height && (size_t)(lanes->top + y) < count; y++) {
        struct lane lane = scene_lane(scene, false, (size_t)(lanes->top + y));
        for (uint32_t i = 0; i < lane.count; i++)
            if (scene->threads[lane.first + i] < lanes->known)
                lanes->rows[scene->threads[lane.first + i]] = y + 1;
    }
}

static int row_of(const struct lanes *lanes, uint32_t thread)
{
    return thread < lanes->known ? lanes->rows[thread] - 1 : -1;
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

/* Many wake-ups in little room say nothing: then only those of the selected thread are drawn.
 * Returns words about what was left out, or NULL. */
static const char *draw_arrows(const struct lanes *lanes)
{
    const struct scene *scene = lanes->scene;
    size_t width = (size_t)lanes->axis->width;
    uint64_t end = scene->start + scene->column * width;
    size_t count = history_wake_count(scene->history, scene->start, end);
    bool many = count > width / 4;
    if (count > width * 3 / 4)
        return "too many wake-ups for arrows: zoom in";
    struct wake_arrow *wakes = xmalloc((count + 1) * sizeof *wakes);
    count = history_wakes(scene->history, scene->start, end, count, wakes);
    for (size_t i = 0; i < count; i++)
        if (!many || wakes[i].from == scene->thread || wakes[i].to == scene->thread)
            draw_arrow(lanes, &wakes[i]);
    free(wakes);
    return many ? "arrows of the selected thread only: zoom in for all" : NULL;
}

static void draw_openings(const struct lanes *lanes)
{
    const struct scene *scene = lanes->scene;
    uint64_t end = scene->start + scene->column * (uint64_t)lanes->axis->width;
    size_t count = history_opening_count(scene->history, scene->start, end);
    if (count > (size_t)lanes->axis->width / 4)
        return; /* they would cover everything */
    struct barrier_opening *openings = xmalloc((count + 1) * sizeof *openings);
    count = history_openings(scene->history, scene->start, end, count, openings);
    for (size_t i = 0; i < count; i++) {
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
    uint64_t from = scene->start + scene->column * (uint64_t)x;
    return history_problem_happened(scene->history, from, from + scene->column);
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

const char *threads_draw(const struct region *region, const struct scene *scene, int label_width)
{
    struct region axis =
        region_part(region, label_width + 1, 0, region->width - label_width - 1, region->height);
    if (axis.width < 1 || axis.height < 1)
        return NULL;
    size_t cells = (size_t)axis.width * (size_t)axis.height;
    struct lanes lanes = {
        .axis = &axis,
        .scene = scene,
        .top = scene->thread_top,
        .cells = xcalloc(cells, sizeof *lanes.cells),
        .busy = xcalloc((size_t)axis.width, sizeof *lanes.busy),
    };
    find_rows(&lanes);
    for (int y = 0; y < axis.height; y++) {
        size_t at = (size_t)(lanes.top + y);
        if (at >= scene_lanes(scene, false))
            break;
        struct lane lane = scene_lane(scene, false, at);
        draw_label(region, y, scene, lane, label_width);
        if (lane.count > 1)
            folded_threads_draw(&axis, y, scene, lane, lanes.cells + (size_t)(y * axis.width));
        else
            draw_lane(&lanes, y, scene->threads[lane.first]);
    }
    draw_openings(&lanes);
    const char *left_out = draw_arrows(&lanes);
    draw_marks(&lanes);
    int selected = row_of(&lanes, scene->thread);
    if (selected >= 0)
        draw_stress(region, 0, selected, label_width, 1, STRESS_SELECTED);
    struct region label = region_part(region, 0, 0, label_width, region->height);
    pane_more(&label, scene->thread_top, (int)scene_lanes(scene, false));
    free(lanes.cells);
    free(lanes.busy);
    free(lanes.rows);
    return left_out;
}
