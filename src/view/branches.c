#include "view/pane.h"
#include "view/panes.h"

int branches_draw(const struct region *region, const struct branch_row *rows, size_t count,
                  size_t chosen)
{
    int top = pane_scroll(0, (int)chosen, (int)count, region->height);
    if (count < 2)
        draw_paragraph(region, 1, 2, region->width - 2, 0, STYLE_DIM,
                       "There is one line of play so far. Go back and choose another step: the old "
                       "future stays here.");
    for (int y = 0; y < region->height && (size_t)(top + y) < count; y++) {
        const struct branch_row *row = &rows[top + y];
        int x = 3 + 3 * (row->depth < 10 ? row->depth : 10);
        enum style style = row->current ? STYLE_STRONG : row->in_line ? STYLE_TEXT : STYLE_DIM;
        if (row->current)
            draw_glyph(region, 1, y, STYLE_KEY, GLYPH_HERE);
        if (row->depth) {
            draw_glyph(region, x - 3, y, STYLE_RULE, GLYPH_ROUND_BL);
            draw_glyph(region, x - 2, y, STYLE_RULE, GLYPH_H);
        }
        draw_fit(region, x, y, region->width - x - 1, style, row->text);
        if ((size_t)(top + y) == chosen)
            draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
    }
    pane_more(region, top, (int)count);
    return (int)count;
}
