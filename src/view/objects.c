/* The rows of objects. A lock has three looks: held and nobody waits, held while somebody waits,
 * and, for the selected thread, waiting for it. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "view/folded.h"
#include "view/pane.h"
#include "view/row_cache.h"
#include "view/timeline.h"

static void add_state_words(const struct scene *scene, uint32_t object, const struct object_at *at,
                            struct text *out)
{
    const struct catalog_object *entry = &scene->catalog->objects.items[object];
    switch (entry->type) {
    case TRACE_SEMAPHORE:
    case TRACE_BOUNDED_SEMAPHORE: text_printf(out, "%lld", (long long)at->value); break;
    case TRACE_BARRIER:
        if (at->state == OBJECT_BROKEN)
            text_add(out, "broken");
        else
            text_printf(out, "%lld/%u", (long long)at->value, entry->limit);
        break;
    case TRACE_EVENT: text_add(out, at->state == OBJECT_SET ? "set" : "clear"); break;
    case TRACE_LOCK:
    case TRACE_RLOCK:
        if (at->holder == THRUM_NONE || at->state == OBJECT_FREE)
            text_add(out, "free");
        else
            text_printf(out, "held by %u", at->holder);
        break;
    case TRACE_CONDITION:
    case TRACE_VARIABLE:
    case TRACE_ATOMIC:
    case TRACE_THREADS:
    case TRACE_CONSOLE:
    case TRACE_OTHER:
    case TRACE_TYPES: break;
    }
    if (at->waiters)
        text_printf(out, " +%u", at->waiters);
}

/* "3 held +4": how many of a folded list are in use, and how many wait for any of them. */
static uint32_t add_group_words(const struct scene *scene, struct lane lane, struct text *out)
{
    uint32_t held = 0, waiters = 0;
    enum trace_type type = catalog_object_type(scene->catalog, scene->objects[lane.first]);
    for (uint32_t i = 0; i < lane.count; i++) {
        struct object_at at;
        history_object_at(scene->history, scene->objects[lane.first + i], scene->cursor, &at);
        held += at.state != OBJECT_FREE;
        waiters += at.waiters;
    }
    text_printf(out, "%u %s", held,
                type == TRACE_EVENT                         ? "set"
                : type == TRACE_LOCK || type == TRACE_RLOCK ? "held"
                                                            : "used up");
    if (type == TRACE_CONDITION || type == TRACE_BARRIER)
        text_clear(out);
    if (waiters)
        text_printf(out, " +%u", waiters);
    return waiters;
}

static void draw_label(const struct region *region, int y, const struct scene *scene,
                       struct lane lane, int width)
{
    struct object_at at;
    struct text words = {0}, name = {0};
    uint32_t object = scene->objects[lane.first], waiters;
    scene_lane_name(scene, true, lane, &name);
    if (lane.count > 1) {
        waiters = add_group_words(scene, lane, &words);
        draw_glyph(region, 0, y, STYLE_SCROLL, GLYPH_FOLD);
    } else {
        history_object_at(scene->history, object, scene->cursor, &at);
        waiters = at.waiters;
        add_state_words(scene, object, &at, &words);
    }
    /* The name comes first: without room for both, "held by 12" is "by 12". */
    const char *shown = text_bytes(&words), *by = strstr(shown, "held by ");
    if (by && text_width(text_bytes(&name)) + text_width(shown) + 3 > width)
        shown = by + strlen("held ");
    bool matches = false;
    for (uint32_t i = 0; i < lane.count && scene->match && *scene->match && !matches; i++)
        matches = strcasestr(catalog_object_name(scene->catalog, scene->objects[lane.first + i]),
                             scene->match);
    int end = draw_right(region, width - 1, y, waiters ? STYLE_CONTENDED : STYLE_DIM, shown);
    draw_name(region, 1, y, end - 2, matches ? STYLE_MATCH : STYLE_NAME, text_bytes(&name));
    text_fini(&name);
    text_fini(&words);
}

void object_state_draw(const struct region *axis, int x, int y, enum trace_type type,
                       enum object_state state)
{
    bool exclusive = type != TRACE_EVENT && type != TRACE_BARRIER && type != TRACE_CONDITION;
    switch (state) {
    case OBJECT_FREE: draw_glyph(axis, x, y, STYLE_FREE, GLYPH_FREE); break;
    case OBJECT_HELD: draw_glyph(axis, x, y, STYLE_HELD, GLYPH_HELD); break;
    case OBJECT_WANTED:
        if (exclusive)
            draw_glyph(axis, x, y, STYLE_CONTENDED, GLYPH_CONTENDED);
        else
            draw_glyph(axis, x, y, STYLE_WAITING, GLYPH_BLOCKED);
        break;
    case OBJECT_SET: draw_glyph(axis, x, y, STYLE_HELD, GLYPH_EVENT_SET); break;
    case OBJECT_BROKEN: draw_glyph(axis, x, y, STYLE_PROBLEM, GLYPH_STUCK); break;
    case OBJECT_STATES: break;
    }
}

/* Who holds it, into the stretch: the name when there is room, else the number. */
static void draw_holder(const struct region *axis, int y, const struct scene *scene,
                        uint32_t holder, int x, int end, bool contended)
{
    enum style style = contended ? STYLE_CONTENDED : STYLE_HELD;
    const char *name = catalog_thread_name(scene->catalog, holder);
    int width = text_width(name), room = end - x;
    if (room >= width + 6) {
        draw_glyph(axis, x + 1, y, style, ' ');
        draw_text(axis, x + 2, y, STYLE_THREAD, name);
        draw_glyph(axis, x + 2 + width, y, style, ' ');
        if (holder == scene->thread)
            draw_stress(axis, x + 2, y, width, 1, STRESS_FOCUS);
    } else if (room >= 4) {
        draw_printf(axis, x + 1, y, STYLE_THREAD, "%u", holder);
    }
}

static void draw_holders(const struct region *axis, int y, const struct scene *scene,
                         const struct object_cell *cells)
{
    for (int x = 0; x < axis->width;) {
        bool held = cells[x].filled && cells[x].holder != THRUM_NONE &&
                    (cells[x].state == OBJECT_HELD || cells[x].state == OBJECT_WANTED);
        int end = x + 1;
        bool contended = cells[x].state == OBJECT_WANTED;
        while (held && end < axis->width && cells[end].filled &&
               cells[end].holder == cells[x].holder && cells[end].changes <= 1 &&
               (cells[end].state == OBJECT_HELD || cells[end].state == OBJECT_WANTED))
            end++;
        if (held && end - x >= 2) {
            enum style style = contended ? STYLE_CONTENDED : STYLE_HELD;
            draw_glyph(axis, x, y, style, GLYPH_HELD_START);
            bool goes_on = end == axis->width || !cells[end].filled;
            if (!goes_on)
                draw_glyph(axis, end - 1, y,
                           cells[end - 1].state == OBJECT_WANTED ? STYLE_CONTENDED : STYLE_HELD,
                           GLYPH_HELD_END);
            draw_holder(axis, y, scene, cells[x].holder, x, end, contended);
        }
        x = end;
    }
}

/* Counts of semaphores and barriers, where a stretch is long enough to carry one. */
static void draw_counts(const struct region *axis, int y, const struct scene *scene,
                        uint32_t object, const struct object_cell *cells)
{
    for (int x = 0; x < axis->width;) {
        int end = x + 1;
        while (end < axis->width && cells[end].filled && cells[end].changes == 0)
            end++;
        if (cells[x].filled && end - x >= 3) {
            struct object_at at;
            uint64_t time = scene->start + scene->column * (uint64_t)(x + 1);
            history_object_at(scene->history, object, time, &at);
            draw_printf(axis, x, y, STYLE_TALLY, "%lld", (long long)at.value);
        }
        x = end;
    }
}

/* The third look: the selected thread waits for this object. */
static void draw_wanted(const struct region *axis, int y, const struct scene *scene,
                        uint32_t object, const struct lane_cell *lane)
{
    for (int x = 0; x < axis->width; x++)
        if (lane[x].filled && lane[x].object == object &&
            lane_is_wait((enum lane_state)lane[x].state) && scene->thread != THRUM_NONE) {
            struct cell *cell = canvas_at(axis->canvas, axis->x + x, axis->y + y);
            if (cell->code == GLYPH_CONTENDED || cell->code == GLYPH_HELD)
                draw_glyph(axis, x, y, STYLE_WANTED, GLYPH_WANTED);
        }
}

/* Past the end of the run, what stuck threads wait for stays so. */
void object_cells(const struct scene *scene, uint32_t object, int columns,
                  struct object_cell ret_cells[])
{
    struct object_at at;
    row_of_object(scene->rows, scene->history, object, scene->start, scene->column, (size_t)columns,
                  ret_cells);
    if (!scene->forever)
        return;
    history_object_at(scene->history, object, scene->now, &at);
    for (int x = 0; x < columns && at.state == OBJECT_WANTED; x++)
        if (!ret_cells[x].filled && scene->start + scene->column * (uint64_t)x > scene->now)
            ret_cells[x] =
                (struct object_cell){.state = OBJECT_WANTED, .filled = true, .holder = at.holder};
}

static void draw_object(const struct region *axis, int y, const struct scene *scene,
                        uint32_t object, struct object_cell *cells)
{
    enum trace_type type = catalog_object_type(scene->catalog, object);
    object_cells(scene, object, axis->width, cells);
    for (int x = 0; x < axis->width; x++)
        if (cells[x].filled)
            object_state_draw(axis, x, y, type, (enum object_state)cells[x].state);
    if (type == TRACE_LOCK || type == TRACE_RLOCK)
        draw_holders(axis, y, scene, cells);
    else if (type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE || type == TRACE_BARRIER)
        draw_counts(axis, y, scene, object, cells);
}

void objects_draw(const struct region *region, const struct scene *scene, int label_width)
{
    struct region axis =
        region_part(region, label_width + 1, 0, region->width - label_width - 1, region->height);
    if (axis.width < 1 || axis.height < 1)
        return;
    size_t columns = (size_t)axis.width, rows = scene_lanes(scene, true);
    struct object_cell *cells = xcalloc(columns, sizeof *cells);
    struct lane_cell *wants = xcalloc(columns, sizeof *wants);
    int selected = scene_lane_of(scene, true, scene->object);
    if (scene->thread != THRUM_NONE) {
        row_of_thread(scene->rows, scene->history, scene->thread, scene->start, scene->column, columns,
                      wants);
        scene_extend_lane(scene, scene->thread, axis.width, wants);
    }
    for (int y = 0; y < region->height && (size_t)(scene->object_top + y) < rows; y++) {
        struct lane lane = scene_lane(scene, true, (size_t)(scene->object_top + y));
        draw_label(region, y, scene, lane, label_width);
        if (lane.count > 1)
            folded_objects_draw(&axis, y, scene, lane);
        else
            draw_object(&axis, y, scene, scene->objects[lane.first], cells);
        for (uint32_t i = 0; i < lane.count; i++)
            draw_wanted(&axis, y, scene, scene->objects[lane.first + i], wants);
        if (selected == scene->object_top + y)
            draw_stress(region, 0, y, label_width, 1, STRESS_SELECTED);
    }
    struct region label = region_part(region, 0, 0, label_width, region->height);
    pane_more(&label, scene->object_top, (int)rows);
    free(cells);
    free(wants);
}
