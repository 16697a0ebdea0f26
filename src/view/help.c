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
              bool with_lanes, int top)
{
    bool beside = with_lanes && region->width >= HELP_WIDE;
    struct region keys =
        region_part(region, 0, 0, beside ? region->width / 2 : region->width, region->height);
    int y = draw_keys(&keys, -top, lines, count), end = y;
    if (beside) {
        struct region legend =
            region_part(region, keys.width, 0, region->width - keys.width, region->height);
        int below = draw_legend(&legend, -top);
        end = below > y ? below : y;
    } else if (with_lanes) {
        end = draw_legend(region, y + 1);
    }
    pane_more(region, top, end + top);
    return end + top;
}
