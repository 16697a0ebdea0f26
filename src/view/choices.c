#include <stdio.h>

#include "view/pane.h"
#include "view/panes.h"

/* What a choice leads to, at the right edge: in words as far as there is room for them beside
 * `wanted` cells from `x` on, else only the mark. Returns where the room left of it ends. */
static int draw_fate(const struct region *region, int x, int y, int wanted,
                     const struct choice_row *row)
{
    char soon[32] = "", brief[16] = "";
    int end = region->width;
    if (row->can_time_out) {
        draw_right(region, end - 1, y, STYLE_POTENTIAL, " or time-out");
        end -= 13;
    }
    if (!row->doomed && !row->may_fail)
        return end;
    if (!row->doomed) {
        snprintf(soon, sizeof soon, " may fail in %u", row->fails_in);
        snprintf(brief, sizeof brief, " in %u", row->fails_in);
    }
    const char *words[] = {row->may_fail && row->fails_in == 0 ? " fails"
                           : row->doomed                       ? " no way out"
                                                               : soon,
                           brief, ""};
    size_t fits = 0;
    while (*words[fits] && x + wanted + 2 + text_width(words[fits]) >= end)
        fits++;
    enum style style = row->doomed ? STYLE_PROBLEM : STYLE_POTENTIAL;
    int at = end - text_width(words[fits]) - 2;
    draw_glyph(region, at, y, style, GLYPH_PROBLEM);
    draw_text(region, at + 1, y, style, words[fits]);
    return at - 1;
}

int choices_draw(const struct region *region, const struct scene *scene,
                 const struct choice_row *rows, size_t count, int top)
{
    int name_width = 6, chosen = -1;
    for (size_t i = 0; i < count; i++) {
        int width = text_width(catalog_thread_name(scene->catalog, rows[i].thread));
        name_width = width > name_width ? width : name_width;
        if (rows[i].thread == scene->thread)
            chosen = (int)i;
    }
    name_width = name_width > region->width / 3 ? region->width / 3 : name_width;
    top = pane_scroll(top, chosen, (int)count, region->height);
    for (int y = 0; y < region->height && (size_t)(top + y) < count; y++) {
        const struct choice_row *row = &rows[top + y];
        bool can = !*row->why_not && *row->next;
        if (row->thread > 0 && row->thread <= 9)
            draw_printf(region, 1, y, can ? STYLE_KEY : STYLE_DIM, "%u", row->thread);
        draw_name(region, 3, y, name_width, can ? STYLE_STRONG : STYLE_DIM,
                  catalog_thread_name(scene->catalog, row->thread));
        int x = name_width + 4, end = region->width;
        if (can)
            end = draw_fate(region, x, y, text_width(row->next), row);
        if (!*row->next) {
            draw_fit(region, x, y, region->width - x, STYLE_DIM, "ended");
        } else if (can) {
            draw_fit(region, x, y, end - x, row->doomed ? STYLE_DIM : STYLE_TEXT, row->next);
        } else {
            draw_fit(region, x, y, region->width - x, STYLE_BLOCKED, row->why_not);
            if (row->can_time_out)
                draw_right(region, region->width - 1, y, STYLE_POTENTIAL, " or time-out");
        }
        if (row->thread == scene->thread)
            draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
    }
    pane_more(region, top, (int)count);
    return (int)count;
}
