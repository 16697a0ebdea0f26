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
        {GLYPH_FREE, STYLE_FREE, "a lock is free, an event not set"},
        {GLYPH_HELD, STYLE_HELD, "held, and nobody waits"},
        {GLYPH_CONTENDED, STYLE_CONTENDED, "held while somebody waits"},
        {GLYPH_WANTED, STYLE_WANTED, "the selected thread waits for it"},
        {GLYPH_EVENT_SET, STYLE_HELD, "an event is set"},
        {GLYPH_WAKE_DOWN, STYLE_WAKE, "woken from above"},
        {GLYPH_WAKE_UP, STYLE_WAKE, "woken from below"},
        {GLYPH_BARRIER, STYLE_BARRIER, "a barrier opens"},
        {GLYPH_NOTE, STYLE_NOTE, "a note()"},
        {GLYPH_PROBLEM, STYLE_PROBLEM, "a problem"},
        {GLYPH_TEE_LEFT, STYLE_FINISHED, "a thread has ended"},
        {GLYPH_FOLD, STYLE_SCROLL, "a group as one: its worst state"},
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

int help_draw(const struct region *region, const struct help_line *lines, size_t count, int top)
{
    int y = draw_legend(region, -top) + 1;
    const char *group = "";
    int first = y;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(lines[i].group, group) != 0) {
            group = lines[i].group;
            y += y > first;
            draw_text(region, 1, y++, STYLE_TITLE, group);
        }
        bool now = lines[i].available;
        draw_right(region, 14, y, now ? STYLE_KEY : STYLE_DIM, lines[i].keys);
        draw_fit(region, 16, y, region->width - 17, now ? STYLE_TEXT : STYLE_DIM, lines[i].words);
        y++;
    }
    pane_more(region, top, y + top);
    return y + top;
}
