#include "view/findings.h"

#include <string.h>

#include "base/text.h"
#include "view/pane.h"

/* The row of a finding in the list: each kind has a heading, and a blank row between. */
static int row_of(const struct finding *findings, size_t at)
{
    int row = 1;
    for (size_t i = 1; i <= at; i++)
        row += findings[i].bad != findings[i - 1].bad ? 3 : 1;
    return row;
}

static void draw_list(const struct region *region, const struct finding *findings, size_t count,
                      size_t chosen)
{
    int rows = row_of(findings, count - 1) + 1;
    int top = pane_scroll(0, row_of(findings, chosen), rows, region->height);
    int y = -top;
    for (size_t i = 0; i < count; i++, y++) {
        if (i == 0 || findings[i].bad != findings[i - 1].bad) {
            y += i > 0;
            draw_text(region, 1, y++, STYLE_TITLE, findings[i].bad ? "Failures" : "Ways to end");
        }
        if (y < 0 || y >= region->height)
            continue;
        draw_glyph(region, 2, y, findings[i].bad ? STYLE_PROBLEM : STYLE_DIM,
                   findings[i].bad ? GLYPH_PROBLEM : GLYPH_DIAMOND);
        draw_fit(region, 4, y, region->width - 5, i == chosen ? STYLE_STRONG : STYLE_TEXT,
                 findings[i].title);
        if (i == chosen)
            draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
    }
    pane_more(region, top, rows);
}

/* Prose is broken between words; lines that begin with blanks (tables) are cut. */
static int draw_lines(const struct region *region, const char *words, int top)
{
    struct text line = {0};
    int y = -top;
    while (*words) {
        size_t length = strcspn(words, "\n");
        text_clear(&line);
        text_add_bytes(&line, words, length);
        if (!length || text_bytes(&line)[0] == ' ') {
            const char *word = text_bytes(&line) + strspn(text_bytes(&line), " ");
            bool rule = code_next(&word) == GLYPH_H; /* the point of no return */
            draw_fit(region, 1, y, region->width - 2, rule ? STYLE_POTENTIAL : STYLE_TEXT,
                     text_bytes(&line));
            y++;
        } else {
            y += draw_paragraph(region, 1, y, region->width - 2, 2, STYLE_TEXT, text_bytes(&line));
        }
        words += length + (words[length] == '\n');
    }
    text_fini(&line);
    return y + top;
}

/* Where the list and the words of the chosen one stand, below the line about the search. */
static void lay_out(const struct region *region, const char *progress, struct region *ret_list,
                    struct region *ret_words)
{
    struct region nowhere = region_part(region, 0, 0, region->width, 0);
    int used = 2 + draw_paragraph(&nowhere, 1, 0, region->width - 2, 0, STYLE_DIM, progress);
    struct region body = region_part(region, 0, used, region->width, region->height - used);
    int left = body.width / 3 < 40 ? body.width / 3 : 40;
    *ret_list = region_part(&body, 0, 0, left, body.height);
    *ret_words = region_part(&body, left + 1, 0, body.width - left - 1, body.height);
}

int findings_draw(const struct region *region, const char *progress, bool done,
                  const struct finding *findings, size_t count, size_t chosen, int top)
{
    struct region list, words;
    struct region body =
        pane_titled(region, "EVERY ORDER OF THE THREADS",
                    done ? "Enter steps through it, Esc closes" : "Esc stops", true);
    draw_paragraph(&body, 1, 0, body.width - 2, 0, done ? STYLE_STRONG : STYLE_DIM, progress);
    lay_out(region, progress, &list, &words);
    if (!count)
        return 0;
    draw_list(&list, findings, count, chosen);
    struct region line = region_part(region, 0, list.y - region->y, region->width, list.height);
    pane_divider(&line, list.width);
    int rows = draw_lines(&words, findings[chosen].words, top);
    pane_more(&words, top, rows);
    return rows;
}

long findings_at(const struct region *region, const char *progress, const struct finding *findings,
                 size_t count, size_t chosen, int x, int y)
{
    struct region list, words;
    lay_out(region, progress, &list, &words);
    if (!count || x < 0 || x >= list.width)
        return -1;
    int rows = row_of(findings, count - 1) + 1;
    int row =
        y - (list.y - region->y) + pane_scroll(0, row_of(findings, chosen), rows, list.height);
    for (size_t i = 0; i < count; i++)
        if (row_of(findings, i) == row)
            return (long)i;
    return -1;
}
