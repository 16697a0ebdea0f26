#include "view/pane.h"

struct region pane_titled(const struct region *region, const char *title, const char *detail,
                          bool focused)
{
    enum style style = focused ? STYLE_TITLE_FOCUS : STYLE_TITLE;
    draw_glyph(region, 0, 0, style, ' ');
    int x = draw_fit(region, 1, 0, region->width - 2, style, title);
    draw_glyph(region, x++, 0, style, ' ');
    draw_row(region, x, 0, region->width - x, STYLE_RULE, GLYPH_H);
    if (detail && *detail && x + 3 < region->width) {
        draw_glyph(region, x + 1, 0, STYLE_DIM, ' ');
        x = draw_fit(region, x + 2, 0, region->width - x - 4, STYLE_DIM, detail);
        draw_glyph(region, x, 0, STYLE_DIM, ' ');
    }
    return region_part(region, 0, 1, region->width, region->height - 1);
}

int pane_scroll(int top, int chosen, int count, int height)
{
    if (chosen >= 0 && chosen >= top + height)
        top = chosen - height + 1;
    if (chosen >= 0 && chosen < top)
        top = chosen;
    if (top > count - height)
        top = count - height;
    return top < 0 ? 0 : top;
}

void pane_more(const struct region *region, int top, int count)
{
    if (region->height < 1)
        return;
    if (top > 0)
        draw_glyph(region, region->width - 1, 0, STYLE_SCROLL, GLYPH_UP);
    if (top + region->height < count)
        draw_glyph(region, region->width - 1, region->height - 1, STYLE_SCROLL, GLYPH_DOWN);
}

void pane_divider(const struct region *region, int x)
{
    draw_column(region, x, 0, region->height, STYLE_RULE, GLYPH_V);
}
