#include <string.h>

#include "view/pane.h"
#include "view/panes.h"
#include "view/source.h"

static bool matches(const struct browser_entry *entry, const char *match)
{
    return match && *match &&
           (strcasestr(entry->title, match) || strcasestr(entry->topic, match) ||
            strcasestr(entry->path, match));
}

/* Rows of the list: a heading before each new topic. */
static int row_of(const struct browser_entry *entries, size_t at)
{
    int row = 0;
    for (size_t i = 0; i <= at; i++)
        row += 1 + (i == 0 || strcmp(entries[i].topic, entries[i - 1].topic) != 0) +
               (i > 0 && strcmp(entries[i].topic, entries[i - 1].topic) != 0);
    return row - 1;
}

static enum style verdict_style(const char *expect)
{
    return strcmp(expect, "ok") == 0 ? STYLE_GOOD : *expect ? STYLE_PROBLEM : STYLE_DIM;
}

static int draw_list(const struct region *region, const struct browser_entry *entries, size_t count,
                     size_t chosen, int top, const char *match)
{
    int rows = row_of(entries, count - 1) + 1, chosen_row = row_of(entries, chosen);
    /* The heading of the first entry of a topic stays in sight with it. */
    if (chosen_row - 1 < top && chosen_row > 0)
        top = chosen_row - 1;
    top = pane_scroll(top, chosen_row, rows, region->height);
    for (size_t i = 0; i < count; i++) {
        int y = row_of(entries, i) - top;
        bool heading = i == 0 || strcmp(entries[i].topic, entries[i - 1].topic) != 0;
        if (heading && y >= 1)
            draw_text(region, 1, y - 1, STYLE_TITLE, entries[i].topic);
        if (y < 0 || y >= region->height)
            continue;
        draw_glyph(region, 2, y, verdict_style(entries[i].expect),
                   strcmp(entries[i].expect, "ok") == 0 ? GLYPH_GOOD
                   : *entries[i].expect                 ? GLYPH_PROBLEM
                                                        : GLYPH_DIAMOND);
        draw_fit(region, 4, y, region->width - 5,
                 matches(&entries[i], match) ? STYLE_MATCH
                 : i == chosen               ? STYLE_STRONG
                                             : STYLE_TEXT,
                 entries[i].title);
        if (i == chosen)
            draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
    }
    pane_more(region, top, rows);
    return top;
}

/* A path that is too long loses its first folders: the name is what is typed. */
static void draw_path(const struct region *region, int y, int width, const char *path)
{
    const char *shown = path;
    while (text_width(shown) + (shown != path) > width && strchr(shown + 1, '/'))
        shown = strchr(shown + 1, '/');
    int x = 1;
    if (shown != path)
        draw_glyph(region, x++, y, STYLE_DIM, GLYPH_MORE);
    draw_fit(region, x, y, width + 1 - x, STYLE_DIM, shown);
}

static void draw_preview(const struct region *region, const struct browser_entry *entry)
{
    int width = region->width - 2, y = 0;
    y += draw_paragraph(region, 1, y, width, 0, STYLE_STRONG, entry->title) + 1;
    y += draw_paragraph(region, 1, y, width, 0, STYLE_TEXT, entry->explanation) + 1;
    if (*entry->expect) {
        int x = draw_text(region, 1, y, STYLE_DIM, "expected: ");
        y += draw_paragraph(region, x, y, width + 1 - x, 0, verdict_style(entry->expect),
                            entry->expect);
    }
    draw_path(region, y, width, entry->path);
    y += 2;
    if (y + 2 > region->height || entry->first_code_line >= entry->line_count)
        return;
    struct region code = region_part(region, 0, y, region->width, region->height - y);
    struct source source = {
        .lines = entry->lines + entry->first_code_line,
        .count = entry->line_count - entry->first_code_line,
        .first = entry->first_code_line,
    };
    source_draw(&code, &source);
}

static int list_width(const struct region *region)
{
    return region->width * 2 / 5 < 44 ? region->width * 2 / 5 : 44;
}

long browser_at(const struct region *region, const struct browser_entry *entries, size_t count,
                int top, int x, int y)
{
    for (size_t i = 0; i < count && x < list_width(region) && y > 0; i++)
        if (row_of(entries, i) - top == y - 1)
            return (long)i;
    return -1;
}

int browser_draw(const struct region *region, const struct browser_entry *entries, size_t count,
                 size_t chosen, int top, const char *match)
{
    if (!count) {
        draw_paragraph(region, 1, 1, region->width - 2, 0, STYLE_TEXT,
                       "No scenario was found. `thrum run FILE` runs a file of your own.");
        return 0;
    }
    int left_width = list_width(region);
    struct region list = region_part(region, 0, 0, left_width, region->height);
    struct region preview =
        region_part(region, left_width + 1, 0, region->width - left_width - 1, region->height);
    struct region left = pane_titled(&list, "SCENARIOS", NULL, true);
    top = draw_list(&left, entries, count, chosen, top, match);
    pane_divider(region, left_width);
    struct region right = pane_titled(&preview, "ABOUT", NULL, false);
    draw_preview(&right, &entries[chosen]);
    return top;
}
