#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "view/pane.h"
#include "view/panes.h"

/* Bytes of the name before "[", all of it for a variable that is no list. */
static size_t stem(const char *name)
{
    return strcspn(name, "[");
}

/* How many of the variables from `at` on are elements of one list. */
static size_t list_length(const struct scene *scene, const uint32_t *variables, size_t count,
                          size_t at)
{
    const char *first = catalog_object_name(scene->catalog, variables[at]);
    size_t length = stem(first), end = at + 1;
    if (!first[length])
        return 1;
    while (end < count) {
        const char *next = catalog_object_name(scene->catalog, variables[end]);
        if (stem(next) != length || strncmp(next, first, length) != 0)
            break;
        end++;
    }
    return end - at;
}

/* The last change of a variable up to the cursor. */
static bool last_change(const struct scene *scene, uint32_t variable, struct history_event *ret)
{
    uint64_t index = history_change_before(scene->history, variable, scene->cursor);
    return index != HISTORY_NONE && history_event_at(scene->history, index, ret);
}

/* A change counts as fresh for the width of two columns (one step when stepping). */
static bool is_fresh(const struct scene *scene, const struct history_event *event)
{
    if (scene->steps)
        return event->event.time + SESSION_STEP_TIME > scene->cursor;
    return event->event.time + 2 * scene->column >= scene->cursor;
}

static int draw_value(const struct region *region, int x, int y, const struct scene *scene,
                      uint32_t variable, struct history_event *newest, bool *has_newest)
{
    struct text value = {0};
    struct history_event change;
    enum style style = STYLE_VALUE;
    if (last_change(scene, variable, &change)) {
        if (is_fresh(scene, &change))
            style = STYLE_CHANGED;
        if (!*has_newest || change.index > newest->index)
            *newest = change;
        *has_newest = true;
    }
    scene_value(scene, variable, scene->cursor, &value);
    x = draw_text(region, x, y, style, text_bytes(&value));
    text_fini(&value);
    return x;
}

static void draw_variable(const struct region *region, int y, const struct scene *scene,
                          const uint32_t *variables, size_t length, int name_width)
{
    struct history_event newest;
    bool has_newest = false, selected = false;
    const char *name = catalog_object_name(scene->catalog, variables[0]);
    bool list = name[stem(name)]; /* of one element, too */
    struct text shown = {0};
    text_add_bytes(&shown, name, stem(name));
    draw_name(region, 1, y, name_width, STYLE_NAME, text_bytes(&shown));
    text_fini(&shown);
    int x = name_width + 2;
    if (list)
        x = draw_text(region, x, y, STYLE_DIM, "[");
    for (size_t i = 0; i < length && x < region->width; i++) {
        if (i)
            x = draw_text(region, x, y, STYLE_DIM, ", ");
        int start = x;
        x = draw_value(region, x, y, scene, variables[i], &newest, &has_newest);
        if (variables[i] == scene->object) {
            draw_stress(region, start, y, x - start, 1, STRESS_FOCUS);
            selected = true;
        }
    }
    if (list)
        x = draw_text(region, x, y, STYLE_DIM, "]");
    if (x > region->width)
        draw_glyph(region, region->width - 1, y, STYLE_SCROLL, GLYPH_MORE);
    if (has_newest) {
        struct text who = {0};
        text_printf(&who, "%s:%u", catalog_thread_name(scene->catalog, newest.thread),
                    THRUM_SOURCE_LINE(newest.event.source));
        if (x + 2 + text_width(text_bytes(&who)) < region->width)
            draw_right(region, region->width - 1, y, STYLE_DIM, text_bytes(&who));
        text_fini(&who);
    }
    if (selected)
        draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
}

/* The rows that all take; *ret_chosen is that of the chosen variable, or -1. */
static int count_rows(const struct scene *scene, const uint32_t *variables, size_t count,
                      int *ret_chosen)
{
    int rows = 0;
    *ret_chosen = -1;
    for (size_t at = 0; at < count; rows++) {
        size_t length = list_length(scene, variables, count, at);
        for (size_t i = at; i < at + length; i++)
            if (variables[i] == scene->object)
                *ret_chosen = rows;
        at += length;
    }
    return rows;
}

static void draw_goal(const struct region *region, int y, const struct goal_row *goal)
{
    const char *words = goal->reached ? "reached" : goal->over ? "not in this run" : "not yet";
    draw_glyph(region, 1, y, goal->reached ? STYLE_GOOD : STYLE_DIM,
               goal->reached ? GLYPH_GOOD : GLYPH_DIAMOND);
    int x = draw_fit(region, 3, y, region->width - 4, STYLE_TEXT, goal->text);
    if (x + 1 + text_width(words) < region->width)
        draw_right(region, region->width - 1, y, STYLE_DIM, words);
}

int values_draw(const struct region *region, const struct scene *scene, const uint32_t *variables,
                size_t count, const struct goal_row *goals, size_t goal_count)
{
    int name_width = 6, chosen, lists = count_rows(scene, variables, count, &chosen);
    int all = lists + (int)goal_count;
    for (size_t at = 0; at < count && at < 200; at++) {
        int width = (int)stem(catalog_object_name(scene->catalog, variables[at]));
        name_width = width > name_width ? width : name_width;
    }
    if (name_width > region->width / 2)
        name_width = region->width / 2;
    int top = pane_scroll(0, chosen, all, region->height);
    for (size_t at = 0, row = 0; at < count; row++) {
        size_t length = list_length(scene, variables, count, at);
        int y = (int)row - top;
        if (y >= 0 && y < region->height)
            draw_variable(region, y, scene, variables + at, length, name_width);
        at += length;
    }
    for (size_t i = 0; i < goal_count; i++)
        if (lists + (int)i >= top)
            draw_goal(region, lists + (int)i - top, &goals[i]);
    if (!all)
        draw_text(region, 1, 0, STYLE_DIM, "no shared variables");
    pane_more(region, top, all);
    return all;
}

uint32_t values_at(const struct scene *scene, const uint32_t *variables, size_t count,
                   size_t goal_count, int height, int y)
{
    int chosen, all = count_rows(scene, variables, count, &chosen) + (int)goal_count;
    int row = pane_scroll(0, chosen, all, height) + y;
    for (size_t at = 0; at < count && y >= 0; row--) {
        if (row == 0)
            return variables[at];
        at += list_length(scene, variables, count, at);
    }
    return THRUM_NONE;
}
