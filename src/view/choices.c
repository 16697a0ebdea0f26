#include "view/pane.h"
#include "view/panes.h"

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
        draw_fit(region, 3, y, name_width, can ? STYLE_STRONG : STYLE_DIM,
                 catalog_thread_name(scene->catalog, row->thread));
        int x = name_width + 4;
        if (!*row->next) {
            draw_fit(region, x, y, region->width - x, STYLE_DIM, "ended");
        } else if (can) {
            x = draw_fit(region, x, y, region->width - x, STYLE_TEXT, row->next);
        } else {
            draw_fit(region, x, y, region->width - x, STYLE_BLOCKED, row->why_not);
        }
        if (row->can_time_out)
            draw_right(region, region->width - 1, y, STYLE_POTENTIAL, " or time-out");
        if (row->thread == scene->thread)
            draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
    }
    pane_more(region, top, (int)count);
    return (int)count;
}
