#include "view/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

static const struct cell blank = {.code = ' ', .style = STYLE_TEXT};

void canvas_resize(struct canvas *canvas, int width, int height)
{
    if (width < 0)
        width = 0;
    if (height < 0)
        height = 0;
    if (width != canvas->width || height != canvas->height || !canvas->cells) {
        free(canvas->cells);
        canvas->cells = xcalloc((size_t)width * (size_t)height + 1, sizeof *canvas->cells);
        canvas->width = width;
        canvas->height = height;
    }
    canvas_clear(canvas);
}

void canvas_clear(struct canvas *canvas)
{
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++)
        canvas->cells[i] = blank;
}

void canvas_fini(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){0};
}

struct region canvas_region(struct canvas *canvas)
{
    return (struct region){.canvas = canvas, .width = canvas->width, .height = canvas->height};
}

char glyph_ascii(uint32_t code)
{
    static const struct {
        uint32_t code;
        char ascii;
    } twins[] = {
#define GLYPH(name, value, twin) {value, twin},
#include "view/glyph.def"
#undef GLYPH
    };
    if (code < 0x80)
        return (char)code;
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (twins[i].code == code)
            return twins[i].ascii;
    return 0;
}

/* An arrow that stands between two words, with one blank on each side. */
static bool is_arrow_between(const uint32_t *codes, size_t count, size_t i)
{
    return (codes[i] == GLYPH_RIGHT || codes[i] == GLYPH_LEFT) && i >= 2 && i + 2 < count &&
           codes[i - 1] == ' ' && codes[i + 1] == ' ' && codes[i - 2] > ' ' && codes[i + 2] > ' ';
}

void codes_to_ascii(uint32_t *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_arrow_between(codes, count, i)) {
            bool right = codes[i] == GLYPH_RIGHT;
            codes[i - 1] = right ? '-' : '<';
            codes[i] = right ? '>' : '-';
        }
        if ((codes[i] >= 0x20 && codes[i] < 0x7f) || codes[i] == '\t')
            continue;
        char twin = glyph_ascii(codes[i]);
        codes[i] = twin > ' ' ? (uint32_t)twin : '?';
    }
}

void canvas_to_ascii(struct canvas *canvas)
{
    size_t width = (size_t)canvas->width;
    uint32_t *codes = xcalloc(width + 1, sizeof *codes);
    for (int y = 0; y < canvas->height; y++) {
        struct cell *row = canvas->cells + (size_t)y * width;
        for (size_t x = 0; x < width; x++)
            codes[x] = row[x].code;
        codes_to_ascii(codes, width);
        for (size_t x = 0; x < width; x++)
            row[x].code = codes[x];
    }
    free(codes);
}

void canvas_dump(const struct canvas *canvas, struct text *out)
{
    for (int y = 0; y < canvas->height; y++) {
        int end = canvas->width;
        while (end > 0 && canvas_at(canvas, end - 1, y)->code == ' ')
            end--;
        for (int x = 0; x < end; x++) {
            char bytes[4];
            uint32_t code = canvas_at(canvas, x, y)->code;
            if (code)
                text_add_bytes(out, bytes, (size_t)code_encode(code, bytes));
        }
        text_add_char(out, '\n');
    }
}

const char *style_name(enum style style)
{
    static const char *const names[] = {
#define STYLE(name, text, foreground, background, attributes, plain) [STYLE_##name] = text,
#include "view/style.def"
#undef STYLE
    };
    return names[style];
}

struct region region_part(const struct region *region, int x, int y, int width, int height)
{
    if (x < 0) {
        width += x;
        x = 0;
    }
    if (y < 0) {
        height += y;
        y = 0;
    }
    if (width > region->width - x)
        width = region->width - x;
    if (height > region->height - y)
        height = region->height - y;
    return (struct region){.canvas = region->canvas,
                           .x = region->x + x,
                           .y = region->y + y,
                           .width = width < 0 ? 0 : width,
                           .height = height < 0 ? 0 : height};
}

/* The cell at x, y of a region, or NULL outside it. */
static struct cell *cell_in(const struct region *region, int x, int y)
{
    if (x < 0 || y < 0 || x >= region->width || y >= region->height)
        return NULL;
    return canvas_at(region->canvas, region->x + x, region->y + y);
}

/* Overwriting half of a wide character must not leave the other half behind. */
static void put(const struct region *region, int x, int y, enum style style, uint32_t code)
{
    struct cell *cell = cell_in(region, x, y);
    if (!cell)
        return;
    int at = region->x + x;
    if (cell->code == 0 && at > 0)
        cell[-1].code = ' ';
    if (at + 1 < region->canvas->width && cell[1].code == 0)
        cell[1].code = ' ';
    *cell = (struct cell){.code = code, .style = (uint8_t)style};
}

void draw_glyph(const struct region *region, int x, int y, enum style style, uint32_t code)
{
    put(region, x, y, style, code);
}

void draw_row(const struct region *region, int x, int y, int count, enum style style, uint32_t code)
{
    for (int i = 0; i < count; i++)
        put(region, x + i, y, style, code);
}

void draw_column(const struct region *region, int x, int y, int count, enum style style,
                 uint32_t code)
{
    for (int i = 0; i < count; i++)
        put(region, x, y + i, style, code);
}

/* Draws one code point and returns the column after it. */
static int draw_code(const struct region *region, int x, int y, enum style style, uint32_t code)
{
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        code = '?';
    int width = code_width(code);
    if (width == 1) {
        put(region, x, y, style, code);
    } else if (width == 2) {
        if (cell_in(region, x, y) && cell_in(region, x + 1, y)) {
            put(region, x, y, style, ' ');
            put(region, x + 1, y, style, ' ');
            cell_in(region, x, y)->code = code;
            cell_in(region, x + 1, y)->code = 0;
        } else {
            put(region, x, y, style, ' ');
            put(region, x + 1, y, style, ' ');
        }
    }
    return x + width;
}

int draw_text(const struct region *region, int x, int y, enum style style, const char *utf8)
{
    while (*utf8)
        x = draw_code(region, x, y, style, code_next(&utf8));
    return x;
}

int draw_printf(const struct region *region, int x, int y, enum style style, const char *format,
                ...)
{
    struct text text = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    x = draw_text(region, x, y, style, text_bytes(&text));
    text_fini(&text);
    return x;
}

int draw_fit(const struct region *region, int x, int y, int width, enum style style,
             const char *utf8)
{
    if (width <= 0)
        return x;
    if (text_width(utf8) <= width)
        return draw_text(region, x, y, style, utf8);
    int end = x + width - 1;
    while (*utf8) {
        const char *before = utf8;
        uint32_t code = code_next(&utf8);
        if (x + code_width(code) > end) {
            utf8 = before;
            break;
        }
        x = draw_code(region, x, y, style, code);
    }
    for (; x < end; x++)
        put(region, x, y, style, ' ');
    put(region, end, y, style, GLYPH_MORE);
    return end + 1;
}

const char *name_tail(const char *name)
{
    const char *dash = strrchr(name, '-'), *bracket = strchr(name, '['),
               *times = strstr(name, " ×");
    return times ? times : bracket ? bracket : dash ? dash : name + strlen(name);
}

int draw_name(const struct region *region, int x, int y, int width, enum style style,
              const char *name)
{
    const char *tail = name_tail(name);
    int tail_width = text_width(tail);
    if (text_width(name) <= width || !*tail || width < tail_width + 1)
        return draw_fit(region, x, y, width, style, name);
    x = draw_fit(region, x, y, width - tail_width, style, name);
    return draw_text(region, x, y, style, tail);
}

int draw_right(const struct region *region, int x, int y, enum style style, const char *utf8)
{
    int start = x - text_width(utf8);
    draw_text(region, start, y, style, utf8);
    return start;
}

/* Cells of the word at `at` up to a blank or the end; *ret_end is where it ends. */
static int word_width(const char *at, const char **ret_end)
{
    int width = 0;
    while (*at && *at != ' ' && *at != '\n')
        width += code_width(code_next(&at));
    *ret_end = at;
    return width;
}

/* The core of a word: without brackets and marks around it. A bracket that closes one inside the
 * word
 * ("forks[1]") belongs to it. */
static const char *core(const char *word, const char *end, size_t *ret_length)
{
    while (word < end && strchr("([\"'", *word))
        word++;
    while (end > word && (strchr(",.;:)!?\"'", end[-1]) ||
                          (end[-1] == ']' && !memchr(word, '[', (size_t)(end - word)))))
        end--;
    *ret_length = (size_t)(end - word);
    return word;
}

int draw_styled(const struct region *region, int x, int y, int width, int indent, enum style style,
                const char *utf8,
                enum style (*style_of)(const void *data, const char *word, size_t length),
                const void *data)
{
    int lines = 1, column = 0, start = 0;
    if (width < 1)
        return 0;
    while (*utf8) {
        if (*utf8 == '\n') {
            utf8++;
            lines++;
            column = start = indent;
            continue;
        }
        if (*utf8 == ' ') {
            utf8++;
            column++;
            continue;
        }
        const char *end;
        int cells = word_width(utf8, &end);
        if (column + cells > width && column > start) {
            lines++;
            column = start = indent;
        }
        size_t length;
        const char *middle = core(utf8, end, &length);
        enum style own = style_of ? style_of(data, middle, length) : STYLE_COUNT;
        while (utf8 < end) {
            bool inside = own != STYLE_COUNT && utf8 >= middle && utf8 < middle + length;
            uint32_t code = code_next(&utf8);
            if (column + code_width(code) > width && column > start) {
                lines++;
                column = start = indent;
            }
            column = draw_code(region, x + column, y + lines - 1, inside ? own : style, code) - x;
        }
    }
    return lines;
}

int draw_paragraph(const struct region *region, int x, int y, int width, int indent,
                   enum style style, const char *utf8)
{
    return draw_styled(region, x, y, width, indent, style, utf8, NULL, NULL);
}

void draw_box(const struct region *region, enum style style, enum style title_style,
              const char *title)
{
    int right = region->width - 1, bottom = region->height - 1;
    draw_row(region, 1, 0, right - 1, style, GLYPH_H);
    draw_row(region, 1, bottom, right - 1, style, GLYPH_H);
    draw_column(region, 0, 1, bottom - 1, style, GLYPH_V);
    draw_column(region, right, 1, bottom - 1, style, GLYPH_V);
    draw_glyph(region, 0, 0, style, GLYPH_ROUND_TL);
    draw_glyph(region, right, 0, style, GLYPH_ROUND_TR);
    draw_glyph(region, 0, bottom, style, GLYPH_ROUND_BL);
    draw_glyph(region, right, bottom, style, GLYPH_ROUND_BR);
    if (title && *title) {
        draw_text(region, 2, 0, title_style, " ");
        int end = draw_fit(region, 3, 0, region->width - 6, title_style, title);
        draw_text(region, end, 0, title_style, " ");
    }
}

void draw_stress(const struct region *region, int x, int y, int width, int height,
                 enum stress stress)
{
    for (int row = y; row < y + height; row++)
        for (int column = x; column < x + width; column++) {
            struct cell *cell = cell_in(region, column, row);
            if (cell)
                cell->stress |= (uint8_t)stress;
        }
}

void draw_restyle(const struct region *region, int x, int y, int width, enum style style)
{
    for (int column = x; column < x + width; column++) {
        struct cell *cell = cell_in(region, column, y);
        if (cell)
            cell->style = (uint8_t)style;
    }
}

void draw_blank(const struct region *region, int x, int y, int width, int height)
{
    for (int row = y; row < y + height; row++)
        draw_row(region, x, row, width, STYLE_TEXT, ' ');
}
