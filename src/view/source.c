#include "view/source.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "view/pane.h"

static bool is_keyword(const char *word, size_t length)
{
    static const char words[] =
        " thread daemon main after local note repeat expect option invariant sometimes def if elif "
        "else while for in with try except finally raise assert return break continue pass atomic "
        "and or not is True False None as range lambda ";
    char wanted[16];
    if (length + 3 > sizeof wanted)
        return false;
    wanted[0] = ' ';
    memcpy(wanted + 1, word, length);
    wanted[length + 1] = ' ';
    wanted[length + 2] = 0;
    return strstr(words, wanted) != NULL;
}

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

/* Bytes of the token at `at` and how it is coloured. A string that does not end ends with the line.
 */
static size_t token(const char *at, enum style plain, enum style *ret_style)
{
    size_t length = 1;
    *ret_style = plain;
    if (*at == '#') {
        *ret_style = STYLE_COMMENT;
        return strlen(at);
    }
    if (*at == '"' || *at == '\'') {
        while (at[length] && at[length] != *at)
            length += at[length] == '\\' && at[length + 1] ? 2 : 1;
        *ret_style = STYLE_STRING;
        return length + (at[length] != 0);
    }
    if (!is_word(*at))
        return length;
    while (is_word(at[length]))
        length++;
    if (isdigit((unsigned char)*at))
        *ret_style = STYLE_NUMBER;
    else if (is_keyword(at, length))
        *ret_style = STYLE_KEYWORD;
    return length;
}

static void draw_code_line(const struct region *region, int x, int y, enum style plain,
                           const char *line)
{
    char piece[512];
    while (*line) {
        enum style style;
        size_t length = token(line, plain, &style);
        size_t kept = length < sizeof piece ? length : sizeof piece - 1;
        memcpy(piece, line, kept);
        piece[kept] = 0;
        x = draw_text(region, x, y, plain == STYLE_PROBLEM_LINE ? plain : style, piece);
        line += length;
    }
}

/* In the triple-quoted text at the top of a file, which is prose. */
static size_t prose_end(const struct source *source)
{
    size_t first = 0;
    while (first < source->count && !source->lines[first][strspn(source->lines[first], " ")])
        first++;
    if (source->first || first == source->count ||
        (strncmp(source->lines[first], "\"\"\"", 3) != 0 &&
         strncmp(source->lines[first], "'''", 3) != 0))
        return 0;
    const char quotes[4] = {source->lines[first][0], source->lines[first][0],
                            source->lines[first][0], 0};
    if (strstr(source->lines[first] + 3, quotes))
        return first + 1;
    for (size_t i = first + 1; i < source->count; i++)
        if (strstr(source->lines[i], quotes))
            return i + 1;
    return 0;
}

uint32_t source_code_begins(const struct source *source)
{
    size_t line = prose_end(source);
    while (line < source->count && !*source->lines[line])
        line++;
    return (uint32_t)line;
}

static bool is_problem(const struct source *source, uint32_t line)
{
    for (size_t i = 0; i < source->problem_count; i++)
        if (source->problem_lines[i] == line)
            return true;
    return false;
}

/* Cells that the marks of a line take, as names or as numbers. */
static int marks_width(const struct source *source, uint32_t line, bool names)
{
    int width = 0;
    for (size_t i = 0; i < source->mark_count; i++)
        if (source->marks[i].line == line)
            width += 1 + (names ? text_width(source->marks[i].thread)
                                : snprintf(NULL, 0, "%u", source->marks[i].number));
    return width;
}

/* "23 threads", when they are many; a stuck one gives them its looks. */
static void draw_crowd(const struct region *region, int y, const struct source *source,
                       uint32_t line, int code_end)
{
    unsigned count = 0;
    enum style style = STYLE_DIM;
    for (size_t i = 0; i < source->mark_count; i++)
        if (source->marks[i].line == line) {
            if (!count++ || source->marks[i].style == STYLE_STUCK)
                style = source->marks[i].style;
        }
    struct text words = {0};
    text_printf(&words, " %u threads", count);
    int x = region->width - 1 - text_width(text_bytes(&words));
    if (x < code_end)
        draw_glyph(region, x - 1, y, STYLE_DIM, GLYPH_MORE);
    draw_text(region, x, y, style, text_bytes(&words));
    draw_row(region, region->width - 1, y, 1, STYLE_TEXT, ' ');
    text_fini(&words);
}

/* The threads at a line, at the right edge: their names when they fit beside the code, else their
 * numbers, over the end of the code if need be, else how many they are. */
static void draw_marks(const struct region *region, int y, const struct source *source,
                       uint32_t line, int code_end)
{
    int room = region->width - 2 - code_end;
    bool names = marks_width(source, line, true) <= room;
    int width = marks_width(source, line, names), x = region->width - 1 - width;
    if (x < region->width / 2 && x < code_end) {
        draw_crowd(region, y, source, line, code_end);
        return;
    }
    if (x < code_end) {
        draw_row(region, x, y, region->width - x, STYLE_TEXT, ' ');
        draw_glyph(region, x - 1, y, STYLE_DIM, GLYPH_MORE);
    }
    for (size_t i = 0; i < source->mark_count; i++) {
        const struct source_mark *mark = &source->marks[i];
        if (mark->line != line)
            continue;
        draw_glyph(region, x++, y, STYLE_TEXT, ' ');
        if (names)
            x = draw_text(region, x, y, mark->style, mark->thread);
        else
            x = draw_printf(region, x, y, mark->style, "%u", mark->number);
    }
}

static bool has_break(const struct source *source, uint32_t line)
{
    for (size_t i = 0; i < source->break_count; i++)
        if (source->breaks[i] == line)
            return true;
    return false;
}

static bool has_mark(const struct source *source, uint32_t line)
{
    for (size_t i = 0; i < source->mark_count; i++)
        if (source->marks[i].line == line)
            return true;
    return false;
}

uint32_t source_draw(const struct region *region, const struct source *source)
{
    int focus = (int)source->focus - 1, height = region->height, count = (int)source->count;
    int top = pane_scroll((int)source->top, -1, count, height);
    /* The line to keep in sight moves the text only when it comes near an edge. */
    if (source->focus && (focus < top + 1 || focus > top + height - 2))
        top = pane_scroll(focus - height / 2, focus, count, height);
    size_t prose = prose_end(source);
    for (int y = 0; y < height && top + y < count; y++) {
        uint32_t line = source->first + (uint32_t)(top + y + 1);
        const char *text = source->lines[top + y];
        bool problem = is_problem(source, line), current = has_mark(source, line);
        if (current || problem)
            draw_glyph(region, 0, y, problem ? STYLE_PROBLEM : STYLE_KEY,
                       current ? GLYPH_HERE : GLYPH_PROBLEM);
        draw_printf(region, 1, y, STYLE_LINE_NUMBER, "%3u", line);
        if (has_break(source, line))
            draw_glyph(region, 4, y, STYLE_PROBLEM, GLYPH_LIVE);
        enum style plain = problem   ? STYLE_PROBLEM_LINE
                           : current ? STYLE_CURRENT_LINE
                                     : STYLE_SOURCE;
        if ((size_t)(top + y) < prose)
            draw_text(region, 5, y, STYLE_COMMENT, text);
        else
            draw_code_line(region, 5, y, plain, text);
        if (5 + text_width(text) > region->width)
            draw_glyph(region, region->width - 1, y, STYLE_DIM, GLYPH_MORE);
        if (current)
            draw_marks(region, y, source, line, 5 + text_width(text));
        if (line == source->focus)
            draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
    }
    pane_more(region, top, count);
    return (uint32_t)top;
}
