/* A canvas as a picture: SVG with one cell per 9 by 18 units. Shades, blocks and lines are drawn as
 * shapes, so that they join in every font; all else is text. */
#ifndef THRUM_EXPORT_SVG_H
#define THRUM_EXPORT_SVG_H

#include "base/text.h"
#include "view/canvas.h"
#include "view/theme.h"

/* Appends the whole file. `title` becomes the picture's <title> for people who cannot see it. */
void export_svg(const struct canvas *canvas, enum theme theme, const char *title, struct text *out);

#endif
