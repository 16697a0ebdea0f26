/* What all panes share: a title row, and lists that scroll. */
#ifndef THRUM_VIEW_PANE_H
#define THRUM_VIEW_PANE_H

#include "view/canvas.h"

/* Draws the title row ("SOURCE  dining.thrum") and returns the region below it. A focused pane
 * shows its title reversed. `detail` may be NULL. */
struct region pane_titled(const struct region *region, const char *title, const char *detail,
                          bool focused);

/* The first row to show of a list of `count` so that `chosen` (-1 none) is inside `height` rows,
 * moving `top` as little as possible. */
int pane_scroll(int top, int chosen, int count, int height);

/* Marks in the last column that rows are hidden above and below. */
void pane_more(const struct region *region, int top, int count);

/* A vertical line between two panes. */
void pane_divider(const struct region *region, int x);

#endif
