#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "view/pane.h"
#include "view/panes.h"

/* Names of threads and of objects stand out in the evidence. */
static enum style name_style(const void *data, const char *word, size_t length)
{
    const struct trace_catalog *catalog = data;
    for (size_t i = 0; i < catalog->threads.count; i++)
        if (strncmp(catalog->threads.items[i].name, word, length) == 0 &&
            !catalog->threads.items[i].name[length])
            return length ? STYLE_STRONG : STYLE_COUNT;
    for (size_t i = 0; i < catalog->objects.count; i++)
        if (strncmp(catalog->objects.items[i].name, word, length) == 0 &&
            !catalog->objects.items[i].name[length])
            return length ? STYLE_NAME : STYLE_COUNT;
    return STYLE_COUNT;
}

/* Whether threads of this run did get stuck: then an order of locks that could lead there did, or
 * may have. */
static bool deadlocked(const struct history *history)
{
    for (size_t i = history_problem_count(history); i-- > 0;)
        if (history_problem(history, i)->kind == PROBLEM_DEADLOCK)
            return true;
    return false;
}

/* Draws one problem from row `y` on (rows above and below the region are counted, not drawn). */
static int draw_problem(const struct region *region, int y, const struct scene *scene,
                        const struct problem *problem, bool chosen)
{
    bool potential = problem->certainty != PROBLEM_ACTUAL, later = problem->time > scene->cursor;
    enum style style = potential ? STYLE_POTENTIAL : STYLE_PROBLEM;
    if (later)
        style = STYLE_DIM;
    draw_glyph(region, 1, y, style, potential ? GLYPH_WARNING : GLYPH_PROBLEM);
    int rows = draw_paragraph(region, 3, y, region->width - 4, 2, style,
                              problem->title ? problem->title : "");
    struct text time = {0};
    text_add(&time, "at ");
    scene_time(scene, problem->time, &time);
    if (problem->grown) {
        text_add(&time, ", begun at ");
        scene_time(scene, problem->since, &time);
    }
    if (problem->certainty == PROBLEM_POTENTIAL)
        text_add(&time, deadlocked(scene->history) ? " · this run did get stuck"
                                                   : " · did not happen in this run");
    if (problem->certainty == PROBLEM_CONSEQUENCE)
        text_add(&time, " · may follow from an earlier problem");
    rows += draw_paragraph(region, 3, y + rows, region->width - 4, 0, STYLE_DIM, text_bytes(&time));
    text_clear(&time);
    const char *line = problem->evidence ? problem->evidence : "";
    while (*line) {
        size_t length = strcspn(line, "\n");
        text_clear(&time);
        text_add_bytes(&time, line, length);
        rows +=
            draw_styled(region, 3, y + rows, region->width - 4, 2, later ? STYLE_DIM : STYLE_TEXT,
                        text_bytes(&time), later ? NULL : name_style, scene->catalog);
        line += length + (line[length] == '\n');
    }
    text_fini(&time);
    if (chosen && y >= 0)
        draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
    return rows + 1;
}

static const int ranks[] = {PROBLEM_ACTUAL, PROBLEM_CONSEQUENCE, PROBLEM_POTENTIAL};

/* The problems in the order they are drawn in: what did happen comes first. The caller frees it. */
static size_t *drawn_order(const struct scene *scene, size_t *ret_count)
{
    const struct history *history = scene->history;
    size_t count = history_problem_count(history);
    size_t *order = xmalloc((count + 1) * sizeof *order), used = 0;
    for (int rank = 0; rank < 3; rank++)
        for (size_t i = 0; i < count; i++)
            if ((int)history_problem(history, i)->certainty == ranks[rank] &&
                history_problem_stands(history, i, scene->cursor))
                order[used++] = i;
    *ret_count = used;
    return order;
}

size_t problems_count(const struct scene *scene)
{
    size_t count;
    free(drawn_order(scene, &count));
    return count;
}

/* The row, counted from the first of all, that is drawn first: the chosen one is in sight. Heights
 * come before drawing: they depend on the width. */
static int first_row(const struct region *region, const struct scene *scene, const size_t *order,
                     size_t count, int chosen, int top, int *ret_rows)
{
    struct region nowhere = region_part(region, 0, 0, region->width, 0);
    int row = 0, chosen_row = 0;
    for (size_t i = 0; i < count; i++) {
        if ((int)order[i] == chosen)
            chosen_row = row;
        row += draw_problem(&nowhere, 0, scene, history_problem(scene->history, order[i]), false);
    }
    *ret_rows = row;
    return pane_scroll(chosen_row + top, -1, row, region->height);
}

int problems_draw(const struct region *region, const struct scene *scene, int chosen, int top)
{
    size_t count, *order = drawn_order(scene, &count);
    if (!count) {
        free(order);
        draw_glyph(region, 1, 0, STYLE_GOOD, GLYPH_GOOD);
        draw_text(region, 3, 0, STYLE_DIM, "no problem found so far");
        return 1;
    }
    int rows, first = first_row(region, scene, order, count, chosen, top, &rows), y = -first;
    for (size_t i = 0; i < count && y < region->height; i++)
        y += draw_problem(region, y, scene, history_problem(scene->history, order[i]),
                          (int)order[i] == chosen);
    free(order);
    pane_more(region, first, rows);
    return rows;
}

int problems_at(const struct region *region, const struct scene *scene, int chosen, int top, int y)
{
    size_t count, *order = drawn_order(scene, &count);
    struct region nowhere = region_part(region, 0, 0, region->width, 0);
    int rows, row = -first_row(region, scene, order, count, chosen, top, &rows), found = -1;
    for (size_t i = 0; i < count && row <= y; i++) {
        row += draw_problem(&nowhere, 0, scene, history_problem(scene->history, order[i]), false);
        found = (int)order[i];
    }
    free(order);
    return y >= 0 && row > y ? found : -1;
}
