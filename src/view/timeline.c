#include "view/timeline.h"

#include "base/clock.h"
#include "session/session.h"
#include "view/pane.h"

/* Cells that the labels would like: number, name, state and line of a thread; name, holder and
 * waiters of an object. */
static int wanted_label(const struct scene *scene)
{
    int wanted = 20;
    struct text name = {0};
    for (int objects = 0; objects < 2; objects++)
        for (size_t i = 0; i < scene_lanes(scene, objects) && i < 200; i++) {
            text_clear(&name);
            scene_lane_name(scene, objects, scene_lane(scene, objects, i), &name);
            int width = (objects ? 15 : 10) + text_width(text_bytes(&name));
            wanted = width > wanted ? width : wanted;
        }
    text_fini(&name);
    return wanted;
}

struct timeline_layout timeline_layout(const struct scene *scene, int width, int height)
{
    struct timeline_layout layout = {.thread_y = 1};
    int most = width / 3 < 34 ? width / 3 : 34, label = wanted_label(scene);
    layout.label_width = label < most ? label : most;
    layout.columns = width - layout.label_width - 1;
    int rows = height - 1;
    int threads = (int)scene_lanes(scene, false), objects = (int)scene_lanes(scene, true);
    if (objects == 0 || rows < 4) {
        layout.thread_rows = threads < rows ? threads : rows;
        return layout;
    }
    rows--; /* the title of the objects */
    if (threads + objects > rows) {
        /* Threads get what they need up to two thirds, objects the rest, and what is left over. */
        int share = rows - (objects < rows / 3 ? objects : rows / 3);
        threads = threads < share ? threads : share;
        objects = rows - threads < objects ? rows - threads : objects;
    }
    layout.thread_rows = threads;
    layout.object_y = 1 + threads + 1;
    layout.object_rows = objects;
    return layout;
}

int timeline_rows_wanted(const struct scene *scene)
{
    int objects = (int)scene_lanes(scene, true);
    return 1 + (int)scene_lanes(scene, false) + (objects ? objects + 1 : 0);
}

/* A step of 1, 2 or 5 times a power of ten that is at least `least`. */
static uint64_t nice_step(uint64_t least)
{
    uint64_t power = 1;
    while (power * 10 <= least && power < UINT64_MAX / 100)
        power *= 10;
    uint64_t factor = least <= power ? 1 : least <= 2 * power ? 2 : least <= 5 * power ? 5 : 10;
    return factor * power;
}

/* Where the time of the cursor stands in a ruler so wide: around the cursor, inside the row. False:
 * it does not. */
static bool cursor_label(const struct scene *scene, int columns, struct text *time, int *ret_at,
                         int *ret_width)
{
    int x = scene_column(scene, scene->cursor, columns);
    if (!scene->cursor_shown || x < 0 || x >= columns)
        return false;
    scene_time(scene, scene->cursor, time);
    int width = text_width(text_bytes(time)) + 2, at = x - width / 2;
    *ret_at = at < 0 ? 0 : at + width > columns ? columns - width : at;
    *ret_width = width;
    return true;
}

void ruler_draw(const struct region *row, const struct scene *scene)
{
    uint64_t step = nice_step(scene->column * 14);
    if (scene->steps && step < SESSION_STEP_TIME)
        step = SESSION_STEP_TIME;
    uint64_t time = (scene->start + step - 1) / step * step;
    struct text label = {0}, cursor = {0};
    int at = 0, taken = 0;
    bool shown = cursor_label(scene, row->width, &cursor, &at, &taken);
    for (;; time += step) {
        int x = scene_column(scene, time, row->width);
        if (x >= row->width)
            break;
        text_clear(&label);
        if (scene->steps)
            text_printf(&label, "%llu", (unsigned long long)(time / SESSION_STEP_TIME));
        else if (time == 0)
            text_add(&label, "0");
        else
            clock_format(&label, (int64_t)time);
        draw_glyph(row, x, 0, STYLE_RULE, GLYPH_V);
        /* A label that the cursor's time would cut is left out: "453 ms 0 ms" is no time. */
        int end = x + 1 + text_width(text_bytes(&label));
        if (end <= row->width && (!shown || end <= at || x + 1 >= at + taken))
            draw_text(row, x + 1, 0, STYLE_RULER, text_bytes(&label));
    }
    if (shown) {
        draw_row(row, at, 0, taken, STYLE_SEARCH, ' ');
        draw_text(row, at + 1, 0, STYLE_SEARCH, text_bytes(&cursor));
    }
    text_fini(&label);
    text_fini(&cursor);
}

static void draw_scale(const struct region *region, int x, int end, const struct scene *scene)
{
    struct text scale = {0};
    if (!scene->steps) {
        clock_format(&scale, (int64_t)scene->column);
        text_add(&scale, "/col");
    } else if (scene->column > SESSION_STEP_TIME) {
        text_printf(&scale, "%.3g st/col", (double)scene->column / SESSION_STEP_TIME);
    }
    if (x + 1 + text_width(text_bytes(&scale)) <= end)
        draw_right(region, end, 0, STYLE_DIM, text_bytes(&scale));
    text_fini(&scale);
}

/* The cursor's column in every lane. */
static void draw_cursor(const struct region *region, const struct scene *scene,
                        const struct timeline_layout *layout)
{
    int x = scene_column(scene, scene->cursor, layout->columns);
    if (!scene->cursor_shown || x < 0 || x >= layout->columns)
        return;
    int left = layout->label_width + 1;
    draw_stress(region, left + x, 1, 1, layout->thread_rows, STRESS_CURSOR);
    draw_stress(region, left + x, layout->object_y, 1, layout->object_rows, STRESS_CURSOR);
}

void timeline_draw(const struct region *region, const struct scene *scene, int focused)
{
    struct timeline_layout layout = timeline_layout(scene, region->width, region->height);
    struct region title = region_part(region, 0, 0, layout.label_width, 1);
    pane_titled(&title, "THREADS", NULL, focused == 1);
    draw_scale(region, 11, layout.label_width, scene);
    struct region ruler = region_part(region, layout.label_width + 1, 0, layout.columns, 1);
    ruler_draw(&ruler, scene);
    struct region threads =
        region_part(region, 0, layout.thread_y, region->width, layout.thread_rows);
    const char *left_out = threads_draw(&threads, scene, layout.label_width);
    if (layout.object_rows) {
        struct region objects_title =
            region_part(region, 0, layout.object_y - 1, layout.label_width, 1);
        pane_titled(&objects_title, "OBJECTS", NULL, focused == 2);
        draw_row(region, layout.label_width + 1, layout.object_y - 1, layout.columns, STYLE_RULE,
                 GLYPH_DASH);
        if (left_out && text_width(left_out) + 2 < layout.columns)
            draw_printf(region, region->width - 2 - text_width(left_out), layout.object_y - 1,
                        STYLE_DIM, " %s ", left_out);
        struct region objects =
            region_part(region, 0, layout.object_y, region->width, layout.object_rows);
        objects_draw(&objects, scene, layout.label_width);
    }
    struct region line =
        region_part(region, layout.label_width, 0, 1,
                    1 + layout.thread_rows + (layout.object_rows ? 1 + layout.object_rows : 0));
    pane_divider(&line, 0);
    draw_cursor(region, scene, &layout);
}
