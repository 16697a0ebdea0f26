#include "export/svg.h"

#include <string.h>

enum {
    CELL_WIDTH = 9,
    CELL_HEIGHT = 18,
    MARGIN = 12,
    FONT_SIZE = 15,
    BASE_LINE = 14,
};

static const uint32_t paper[THEME_COUNT] = {0x16181f, 0x000000, 0x16181f, 0x16181f};
static const uint32_t pen[THEME_COUNT] = {0xd0d3da, 0xffffff, 0xd0d3da, 0xd0d3da};

struct paint {
    uint32_t foreground, background; /* 0xRRGGBB, never the terminal's own */
    uint8_t attributes;              /* bits of enum look_attribute, without reverse */
};

static struct paint paint_of(const struct cell *cell, enum theme theme)
{
    struct look look = theme_look(theme, ABILITY_DIRECT, (enum style)cell->style, cell->stress);
    struct paint paint = {
        .foreground = look.foreground < 0 ? pen[theme] : (uint32_t)look.foreground,
        .background = look.background < 0 ? paper[theme] : (uint32_t)look.background,
        .attributes = look.attributes,
    };
    if (look.attributes & LOOK_REVERSE) {
        uint32_t swap = paint.foreground;
        paint.foreground = paint.background;
        paint.background = swap;
        paint.attributes &= (uint8_t)~LOOK_REVERSE;
    }
    return paint;
}

static bool same_paint(const struct paint *a, const struct paint *b)
{
    return a->foreground == b->foreground && a->background == b->background &&
           a->attributes == b->attributes;
}

static void escape(struct text *out, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        switch (bytes[i]) {
        case '&': text_add(out, "&amp;"); break;
        case '<': text_add(out, "&lt;"); break;
        case '>': text_add(out, "&gt;"); break;
        case '"': text_add(out, "&quot;"); break;
        default: text_add_char(out, bytes[i]);
        }
    }
}

static void add_rect(struct text *out, double x, double y, double width, double height,
                     uint32_t colour, double opacity)
{
    text_printf(out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"#%06x\"", x, y,
                width, height, colour);
    if (opacity < 1)
        text_printf(out, " opacity=\"%g\"", opacity);
    text_add(out, "/>\n");
}

/* Glyphs that are a filled part of their cell: from the top and left in eighths, and how dense. */
static const struct block {
    uint32_t code;
    double left, top, width, height, opacity;
} blocks[] = {
    {0x2588, 0, 1.5, 8, 5.4, 1},   {0x2593, 0, 1.5, 8, 5.4, .62}, {0x2592, 0, 1.5, 8, 5.4, .45},
    {0x2591, 0, 1.5, 8, 5.4, .28}, {0x2581, 0, 6, 8, .7, 1},      {0x2580, 0, 1.5, 8, 2.7, 1},
    {0x258f, 0, 1.5, 1, 5.4, 1},   {0x258e, 0, 1.5, 2, 5.4, 1},   {0x258d, 0, 1.5, 3, 5.4, 1},
    {0x258c, 0, 1.5, 4, 5.4, 1},   {0x258b, 0, 1.5, 5, 5.4, 1},   {0x258a, 0, 1.5, 6, 5.4, 1},
    {0x2589, 0, 1.5, 7, 5.4, 1},   {0x2574, 0, 3.8, 8, .4, .9},   {0x2575, 3.8, 0, .5, 4, .9},
};

/* Lines by the arms they have: left, right, up, down; 2 is heavy, 3 double. */
static const struct line {
    uint32_t code;
    uint8_t left, right, up, down;
} lines[] = {
    {0x2500, 1, 1, 0, 0}, {0x2502, 0, 0, 1, 1}, {0x2501, 2, 2, 0, 0}, {0x250c, 0, 1, 0, 1},
    {0x2510, 1, 0, 0, 1}, {0x2514, 0, 1, 1, 0}, {0x2518, 1, 0, 1, 0}, {0x256d, 0, 1, 0, 1},
    {0x256e, 1, 0, 0, 1}, {0x2570, 0, 1, 1, 0}, {0x256f, 1, 0, 1, 0}, {0x251c, 0, 1, 1, 1},
    {0x2524, 1, 0, 1, 1}, {0x252c, 1, 1, 0, 1}, {0x2534, 1, 1, 1, 0}, {0x253c, 1, 1, 1, 1},
    {0x2523, 0, 2, 2, 2}, {0x252b, 2, 0, 2, 2}, {0x2551, 0, 0, 3, 3}, {0x254c, 1, 1, 0, 0},
};

static bool add_block(struct text *out, int x, int y, int count, uint32_t code, uint32_t colour)
{
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        const struct block *block = &blocks[i];
        if (block->code != code)
            continue;
        double wide =
            block->width == 8 ? (double)count * CELL_WIDTH : block->width * CELL_WIDTH / 8;
        for (int n = 0; n < (block->width == 8 ? 1 : count); n++)
            add_rect(out, x + n * CELL_WIDTH + block->left * CELL_WIDTH / 8,
                     y + block->top * CELL_HEIGHT / 8, wide, block->height * CELL_HEIGHT / 8,
                     colour, block->opacity);
        return true;
    }
    return false;
}

static void add_arms(struct text *out, int x, int y, const struct line *line, uint32_t colour)
{
    double middle_x = x + CELL_WIDTH / 2.0, middle_y = y + CELL_HEIGHT / 2.0;
    int heavy = line->left > 1 || line->right > 1 ? 3 : 1;
    if (line->left)
        add_rect(out, x, middle_y - heavy / 2.0, CELL_WIDTH / 2.0 + .5, heavy, colour, 1);
    if (line->right)
        add_rect(out, middle_x - .5, middle_y - heavy / 2.0, CELL_WIDTH / 2.0 + .5, heavy, colour,
                 1);
    double wide = line->up == 2 ? 2 : 1;
    for (int twice = 0; twice < (line->up == 3 || line->down == 3 ? 2 : 1); twice++) {
        double at = middle_x - wide / 2 + (line->up == 3 ? twice * 3 - 1.5 : 0);
        if (line->up)
            add_rect(out, at, y, wide, CELL_HEIGHT / 2.0 + .5, colour, 1);
        if (line->down)
            add_rect(out, at, middle_y - .5, wide, CELL_HEIGHT / 2.0 + .5, colour, 1);
    }
}

static bool add_line(struct text *out, int x, int y, int count, uint32_t code, uint32_t colour)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i].code != code)
            continue;
        if (lines[i].left && lines[i].right && !lines[i].up && !lines[i].down) {
            double heavy = lines[i].left == 2 ? 3 : 1;
            add_rect(out, x, y + (CELL_HEIGHT - heavy) / 2, (double)count * CELL_WIDTH, heavy,
                     colour, 1);
        } else {
            for (int n = 0; n < count; n++)
                add_arms(out, x + n * CELL_WIDTH, y, &lines[i], colour);
        }
        return true;
    }
    return false;
}

static bool is_shape(uint32_t code)
{
    return code >= 0x2500 && code <= 0x2593 && code != 0x2573 && code != 0x2506;
}

static void add_words(struct text *out, int x, int y, int cells, const struct paint *paint,
                      const struct text *words)
{
    text_printf(out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"", x, y + BASE_LINE,
                cells * CELL_WIDTH, paint->foreground);
    if (paint->attributes & LOOK_BOLD)
        text_add(out, " font-weight=\"bold\"");
    if (paint->attributes & LOOK_DIM)
        text_add(out, " opacity=\".65\"");
    if (paint->attributes & LOOK_UNDERLINE)
        text_add(out, " text-decoration=\"underline\"");
    text_add(out, ">");
    escape(out, text_bytes(words), words->length);
    text_add(out, "</text>\n");
}

/* Cells x … end-1 of a row look the same: shapes one kind at a time, words between blanks. */
static void add_run(struct text *out, const struct canvas *canvas, int row, int x, int end,
                    const struct paint *paint)
{
    struct text words = {0};
    int top = MARGIN + row * CELL_HEIGHT;
    while (x < end) {
        uint32_t code = canvas_at(canvas, x, row)->code;
        int left = MARGIN + x * CELL_WIDTH, start = x;
        if (code == ' ') {
            x++;
            continue;
        }
        if (is_shape(code)) {
            while (x < end && canvas_at(canvas, x, row)->code == code)
                x++;
            if (add_block(out, left, top, x - start, code, paint->foreground) ||
                add_line(out, left, top, x - start, code, paint->foreground))
                continue;
            x = start;
        }
        text_clear(&words);
        for (; x < end; x++) {
            char bytes[4];
            code = canvas_at(canvas, x, row)->code;
            if (code == ' ' || (is_shape(code) && x > start))
                break;
            if (code)
                text_add_bytes(&words, bytes, (size_t)code_encode(code, bytes));
        }
        add_words(out, left, top, x - start, paint, &words);
    }
    text_fini(&words);
}

static void add_row(struct text *out, const struct canvas *canvas, enum theme theme, int row)
{
    for (int x = 0; x < canvas->width;) {
        struct paint paint = paint_of(canvas_at(canvas, x, row), theme);
        int end = x + 1;
        for (; end < canvas->width; end++) {
            struct paint next = paint_of(canvas_at(canvas, end, row), theme);
            if (!same_paint(&paint, &next))
                break;
        }
        if (paint.background != paper[theme])
            add_rect(out, MARGIN + x * CELL_WIDTH, MARGIN + row * CELL_HEIGHT,
                     (end - x) * CELL_WIDTH, CELL_HEIGHT, paint.background, 1);
        add_run(out, canvas, row, x, end, &paint);
        x = end;
    }
}

void export_svg(const struct canvas *canvas, enum theme theme, const char *title, struct text *out)
{
    int width = canvas->width * CELL_WIDTH + 2 * MARGIN;
    int height = canvas->height * CELL_HEIGHT + 2 * MARGIN;
    text_printf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                "height=\"%d\">\n<title>",
                width, height, width, height);
    escape(out, title, strlen(title));
    text_printf(out,
                "</title>\n<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#%06x\"/>\n"
                "<g font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\" "
                "font-size=\"%d\" xml:space=\"preserve\">\n",
                width, height, paper[theme], FONT_SIZE);
    for (int row = 0; row < canvas->height; row++)
        add_row(out, canvas, theme, row);
    text_add(out, "</g>\n</svg>\n");
}
