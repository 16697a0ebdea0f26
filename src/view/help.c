#include <string.h>

#include "view/pane.h"
#include "view/panes.h"

/* What the glyphs of the lanes mean, drawn with the looks that draw the lanes. */
static int draw_legend(const struct region *region, int y)
{
    static const enum lane_state states[] = {
        LANE_RUNNING, LANE_READY,    LANE_BLOCKED,  LANE_WAITING, LANE_SLEEPING,
        LANE_PAUSED,  LANE_GIL_WAIT, LANE_RECORDER, LANE_STUCK,   LANE_UNBORN,
    };
    static const struct {
        uint32_t glyph;
        enum style style;
        const char *words;
    } others[] = {
        {GLYPH_FREE, STYLE_FREE, "free, or an event not set"},
        {GLYPH_HELD, STYLE_HELD, "held, and nobody waits"},
        {GLYPH_CONTENDED, STYLE_CONTENDED, "held while somebody waits"},
        {GLYPH_WANTED, STYLE_WANTED, "wanted by the selected one"},
        {GLYPH_EVENT_SET, STYLE_HELD, "an event is set"},
        {GLYPH_WAKE_DOWN, STYLE_WAKE, "woken from above"},
        {GLYPH_WAKE_UP, STYLE_WAKE, "woken from below"},
        {GLYPH_BARRIER, STYLE_BARRIER, "a barrier opens"},
        {GLYPH_NOTE, STYLE_NOTE, "a note()"},
        {GLYPH_PROBLEM, STYLE_PROBLEM, "a problem"},
        {GLYPH_TEE_LEFT, STYLE_FINISHED, "a thread has ended"},
        {GLYPH_FOLD, STYLE_SCROLL, "a group, its worst state"},
    };
    enum { STATES = sizeof states / sizeof *states, OTHERS = sizeof others / sizeof *others };
    int half = region->width / 2;
    draw_text(region, 1, y, STYLE_TITLE, "What the lanes show");
    for (int i = 0; i < STATES; i++) {
        const struct lane_look *look = lane_look(states[i]);
        draw_row(region, 3, y + 1 + i, 3, look->style, look->glyph);
        draw_text(region, 8, y + 1 + i, STYLE_TEXT, lane_state_words(states[i]));
    }
    for (int i = 0; i < OTHERS; i++) {
        draw_row(region, half + 1, y + 1 + i, 3, others[i].style, others[i].glyph);
        draw_text(region, half + 6, y + 1 + i, STYLE_TEXT, others[i].words);
    }
    return y + 1 + (STATES > OTHERS ? STATES : OTHERS);
}

/* What the signs of the step table and of the menu beside it mean. */
static int draw_table_legend(const struct region *region, int y)
{
    static const struct {
        uint32_t glyphs[3];
        enum style style;
        const char *words;
    } signs[] = {
        {{'*', '1'}, STYLE_CHANGED, "the step has changed this"},
        {{GLYPH_PROBLEM}, STYLE_PROBLEM, "a problem that came with the step above"},
        {{GLYPH_PROBLEM}, STYLE_POTENTIAL, "beside a next step: what may follow, and how soon"},
        {{GLYPH_H, GLYPH_H, GLYPH_H}, STYLE_POTENTIAL, "below it nothing avoids the failure"},
        {{GLYPH_HERE}, STYLE_STRONG, "with m: the step that is looked at"},
        {{GLYPH_UP}, STYLE_DIM, "with m: surely came before it"},
        {{GLYPH_DOWN}, STYLE_DIM, "with m: surely comes after it"},
        {{GLYPH_PAUSED}, STYLE_POTENTIAL, "with m: could as well come before as after it"},
    };
    enum { SIGNS = sizeof signs / sizeof *signs };
    draw_text(region, 1, y, STYLE_TITLE, "What the table shows");
    for (int i = 0; i < SIGNS; i++) {
        for (int k = 0; k < 3 && signs[i].glyphs[k]; k++)
            draw_glyph(region, 3 + k, y + 1 + i, signs[i].style, signs[i].glyphs[k]);
        draw_text(region, 8, y + 1 + i, STYLE_TEXT, signs[i].words);
    }
    return y + 1 + SIGNS;
}

/* The keys that work now, in their groups. Returns the row after the last. */
static int draw_keys(const struct region *region, int y, const struct help_line *lines,
                     size_t count)
{
    const char *group = "";
    int first = y;
    for (size_t i = 0; i < count; i++) {
        if (!lines[i].available)
            continue;
        if (strcmp(lines[i].group, group) != 0) {
            group = lines[i].group;
            y += y > first;
            draw_text(region, 1, y++, STYLE_TITLE, group);
        }
        draw_right(region, 14, y, STYLE_KEY, lines[i].keys);
        draw_fit(region, 16, y, region->width - 17, STYLE_TEXT, lines[i].words);
        y++;
    }
    return y;
}

int help_draw(const struct region *region, const struct help_line *lines, size_t count,
              enum help_legend legend, int top)
{
    bool beside = legend != LEGEND_NONE && region->width >= HELP_WIDE;
    int half = region->width / 2, y = -top, below;
    struct region keys = region_part(region, 0, 0, beside ? half : region->width, region->height);
    struct region signs =
        region_part(region, beside ? half : 0, 0, beside ? region->width - half : region->width,
                    region->height);
    /* What a stranger asks first: what is it that I see? */
    below = legend == LEGEND_LANES   ? draw_legend(&signs, y)
            : legend == LEGEND_TABLE ? draw_table_legend(&signs, y)
                                     : y;
    if (!beside && legend != LEGEND_NONE)
        y = below + 1;
    y = draw_keys(&keys, y, lines, count);
    int rows = (below > y ? below : y) + top;
    pane_more(region, top, rows);
    return rows;
}
