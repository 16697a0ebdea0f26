#include "view/pane.h"
#include "view/panes.h"

static void draw_line(const struct region *region, int y, const struct scene *scene,
                      const struct history_line *line, bool note)
{
    struct text time = {0};
    int x = 1;
    if (region->width >= 44) {
        scene_time(scene, line->time, &time);
        draw_right(region, 11, y, STYLE_DIM, text_bytes(&time));
        x = 12;
    }
    text_fini(&time);
    const char *who =
        line->thread == THRUM_NONE ? "after" : catalog_thread_name(scene->catalog, line->thread);
    enum style style = line->thread == scene->thread ? STYLE_STRONG : STYLE_DIM;
    int width = text_width(who), most = region->width / 3;
    x = draw_fit(region, x, y, width < most ? width : most, style, who) + 1;
    if (note) {
        draw_glyph(region, x, y, STYLE_NOTE, GLYPH_NOTE);
        x += 2;
    }
    draw_fit(region, x, y, region->width - x, note ? STYLE_NOTE : STYLE_TEXT, line->text);
}

int console_draw(const struct region *region, const struct scene *scene, int back)
{
    const struct history *history = scene->history;
    size_t printed = history_console_at(history, scene->cursor);
    size_t noted = history_note_at(history, scene->cursor);
    int rows = (int)(printed + noted);
    if (!rows) {
        draw_text(region, 1, 0, STYLE_DIM, "nothing printed yet");
        return 0;
    }
    if (back > rows - region->height)
        back = rows - region->height;
    int y = (rows < region->height ? rows : region->height) - 1;
    for (int skip = back > 0 ? back : 0; y >= 0 && printed + noted > 0;) {
        struct history_line print = {0}, note = {0};
        bool has_print = printed && history_console(history, printed - 1, &print);
        bool has_note = noted && history_note(history, noted - 1, &note);
        if (!has_print && !has_note)
            break;
        bool take_note = has_note && (!has_print || note.event > print.event);
        if (take_note)
            noted--;
        else
            printed--;
        if (skip-- > 0)
            continue;
        draw_line(region, y--, scene, take_note ? &note : &print, take_note);
    }
    return rows;
}
