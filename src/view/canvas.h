/*
 * A canvas: a rectangle of cells that views draw into, that tests compare as text, and that the
 * terminal and the SVG export show. A cell holds one code point, what it means (a style), and how
 * it is stressed. Nothing here knows a terminal. Not thread-safe; one thread draws.
 */
#ifndef THRUM_VIEW_CANVAS_H
#define THRUM_VIEW_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum glyph {
#define GLYPH(name, code, ascii) GLYPH_##name = code,
#include "view/glyph.def"
#undef GLYPH
};

enum style {
#define STYLE(name, text, foreground, background, attributes, plain) STYLE_##name,
#include "view/style.def"
#undef STYLE
    STYLE_COUNT
};

/* How a cell is stressed beside its style; bits. */
enum stress {
    STRESS_NONE = 0,
    STRESS_SELECTED = 1, /* part of the selected row */
    STRESS_CURSOR = 2,   /* under the time cursor */
    STRESS_FOCUS = 4,    /* belongs to the selected object or thread, wherever it is drawn */
};

/* One cell; compared as plain bytes. */
struct cell {
    uint32_t code;  /* Unicode code point; 0 is the right half of a wide character */
    uint8_t style;  /* enum style */
    uint8_t stress; /* bits of enum stress */
    uint16_t zero;  /* always 0 */
};

struct canvas {
    int width, height;  /* in cells */
    struct cell *cells; /* height rows of width cells; owned */
};

/* A clipped part of a canvas: drawing outside it does nothing; (0, 0) is its upper left corner. */
struct region {
    struct canvas *canvas;
    int x, y;          /* of the upper left corner on the canvas */
    int width, height; /* may be zero, never negative */
};

/* An all-zero canvas is an empty one. Resizing clears. */
void canvas_resize(struct canvas *canvas, int width, int height);
void canvas_clear(struct canvas *canvas);
void canvas_fini(struct canvas *canvas);
struct region canvas_region(struct canvas *canvas);
static inline struct cell *canvas_at(const struct canvas *canvas, int x, int y)
{
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

/* Replaces every glyph by its ASCII twin; characters of the user's that have none become '?'. An
 * arrow between two words takes the blank before it: "x-> 1", for "x > 1" would be a comparison. */
void canvas_to_ascii(struct canvas *canvas);
void codes_to_ascii(uint32_t *codes, size_t count);

/* The rows as UTF-8 text, trailing blanks cut, each with a newline. */
void canvas_dump(const struct canvas *canvas, struct text *out);

/* The ASCII twin of a code point; 0 when there is none. */
char glyph_ascii(uint32_t code);

/* "running", …: the name of a style. */
const char *style_name(enum style style);

/* The part of `region` at x, y; clipped to it, so width and height may be generous. */
struct region region_part(const struct region *region, int x, int y, int width, int height);

/* Cells that `code` takes: 0 (combining, control), 1, or 2 (East Asian wide, emoji). */
int code_width(uint32_t code);
/* Decodes one code point at *utf8 and moves it on; malformed bytes give U+FFFD one by one. */
uint32_t code_next(const char **utf8);
/* Writes `code` as UTF-8 (1 to 4 bytes) and returns how many. */
int code_encode(uint32_t code, char bytes[4]);
/* Cells that a text takes. */
int text_width(const char *utf8);

/* One cell. */
void draw_glyph(const struct region *region, int x, int y, enum style style, uint32_t code);
/* `count` cells to the right, or downwards. */
void draw_row(const struct region *region, int x, int y, int count, enum style style,
              uint32_t code);
void draw_column(const struct region *region, int x, int y, int count, enum style style,
                 uint32_t code);
/* A text; control characters show as '?', a wide character that would be cut is left out. Returns
 * the column after the last cell, also when it is outside the region. */
int draw_text(const struct region *region, int x, int y, enum style style, const char *utf8);
int draw_printf(const struct region *region, int x, int y, enum style style, const char *format,
                ...) __attribute__((format(printf, 5, 6)));
/* At most `width` cells of a text; a cut is shown by a final "…". Returns the column after. */
int draw_fit(const struct region *region, int x, int y, int width, enum style style,
             const char *utf8);
/* Where the part of a name begins in which it differs from its like: "-0", "[1]", " ×5". */
const char *name_tail(const char *name);
/* The same for the name of a thread or an object: its number stays, "philo…-0", "for…[1]". */
int draw_name(const struct region *region, int x, int y, int width, enum style style,
              const char *name);
/* A text that ends before column `x`. Returns the column it starts at. */
int draw_right(const struct region *region, int x, int y, enum style style, const char *utf8);
/* A paragraph broken between words into lines of `width` cells; returns how many lines it takes
 * (drawn or not). `indent` moves all lines but the first. Newlines in the text break lines. */
int draw_paragraph(const struct region *region, int x, int y, int width, int indent,
                   enum style style, const char *utf8);
/* The same; `style_of` may give words (without blanks and punctuation at their ends) a style of
 * their own, or STYLE_COUNT. */
int draw_styled(const struct region *region, int x, int y, int width, int indent, enum style style,
                const char *utf8,
                enum style (*style_of)(const void *data, const char *word, size_t length),
                const void *data);
/* A box along the border of the region, with a title in its upper edge when there is one. */
void draw_box(const struct region *region, enum style style, enum style title_style,
              const char *title);
/* Adds stress to cells that are drawn already. */
void draw_stress(const struct region *region, int x, int y, int width, int height,
                 enum stress stress);
/* Changes the style of cells that are drawn already. */
void draw_restyle(const struct region *region, int x, int y, int width, enum style style);
/* Makes a rectangle blank (under a window that lies above others). */
void draw_blank(const struct region *region, int x, int y, int width, int height);

#endif
