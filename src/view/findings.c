#include "view/findings.h"

#include <string.h>

#include "base/text.h"
#include "view/pane.h"

static void draw_list(const struct region *region, const struct finding *findings, size_t count,
                      size_t chosen)
{
    int rows = 0, chosen_row = 0;
    for (int pass = 0, top = 0; pass < 2; pass++) {
        rows = 0;
        for (size_t i = 0; i < count; i++) {
            if (i == 0 || findings[i].bad != findings[i - 1].bad) {
                rows += i > 0;
                if (pass)
                    draw_text(region, 1, rows - top, STYLE_TITLE,
                              findings[i].bad ? "Failures" : "Ways to end");
                rows++;
            }
            if (i == chosen)
                chosen_row = rows;
            if (pass && rows - top >= 0 && rows - top < region->height) {
                draw_glyph(region, 2, rows - top, findings[i].bad ? STYLE_PROBLEM : STYLE_DIM,
                           findings[i].bad ? GLYPH_PROBLEM : GLYPH_DIAMOND);
                draw_fit(region, 4, rows - top, region->width - 5,
                         i == chosen ? STYLE_STRONG : STYLE_TEXT, findings[i].title);
                if (i == chosen)
                    draw_stress(region, 0, rows - top, region->width, 1, STRESS_SELECTED);
            }
            rows++;
        }
        if (!pass)
            top = pane_scroll(0, chosen_row, rows, region->height);
        else
            pane_more(region, top, rows);
    }
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
            draw_fit(region, 1, y, region->width - 2, STYLE_TEXT, text_bytes(&line));
            y++;
        } else {
            y += draw_paragraph(region, 1, y, region->width - 2, 2, STYLE_TEXT, text_bytes(&line));
        }
        words += length + (words[length] == '\n');
    }
    text_fini(&line);
    return y + top;
}

int findings_draw(const struct region *region, const char *progress, bool done,
                  const struct finding *findings, size_t count, size_t chosen, int top)
{
    struct region body =
        pane_titled(region, "EVERY ORDER OF THE THREADS",
                    done ? "Enter steps through it, Esc closes" : "Esc stops", true);
    int used =
        draw_paragraph(&body, 1, 0, body.width - 2, 0, done ? STYLE_STRONG : STYLE_DIM, progress) +
        1;
    body = region_part(&body, 0, used, body.width, body.height - used);
    if (!count)
        return 0;
    int left = body.width / 3 < 40 ? body.width / 3 : 40;
    struct region list = region_part(&body, 0, 0, left, body.height);
    struct region right = region_part(&body, left + 1, 0, body.width - left - 1, body.height);
    draw_list(&list, findings, count, chosen);
    pane_divider(&body, left);
    int rows = draw_lines(&right, findings[chosen].words, top);
    pane_more(&right, top, rows);
    return rows;
}
