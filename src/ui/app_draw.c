#include <stdio.h>
#include <string.h>

#include "ui/app_inside.h"
#include "view/header.h"
#include "view/pane.h"

const char *screen_base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

unsigned screen_have(const struct screen *screen)
{
    if (screen->exploring_shown)
        return !screen->explored_all   ? NEEDS_EXPLORING
               : screen->finding_count ? NEEDS_FINDINGS | NEEDS_LIST
                                       : 0;
    if (screen->session)
        return run_view_have(&screen->run);
    return NEEDS_BROWSER | NEEDS_LIST | NEEDS_NAMES |
           (screen->app->explore_begin ? NEEDS_EXPLORE : 0) |
           (screen->app->open ? NEEDS_CAN_OPEN_STEPPING : 0) |
           (*screen->shelf_match ? NEEDS_MATCH : 0);
}

static void draw_footer(struct screen *screen, const struct region *row)
{
    struct footer_item items[ACTIONS];
    bool run = screen->session && !screen->exploring_shown;
    const char *message = text_bytes(run ? &screen->run.message : &screen->note);
    char prompt[80];
    snprintf(prompt, sizeof prompt, "randint gives (%lld to %lld): ", (long long)screen->run.lowest,
             (long long)screen->run.highest);
    if (screen->session && screen->run.asks_value)
        footer_draw_input(row, prompt, text_bytes(&screen->input));
    else if (screen->searching)
        footer_draw_input(row, "/", text_bytes(&screen->input));
    else if (*message)
        footer_draw_message(row, message);
    else {
        size_t count = keymap_footer(screen_have(screen), items, ACTIONS);
        for (size_t i = 0; i < count; i++)
            if (strcmp(items[i].key, "space") == 0 && screen->run.status.paused)
                items[i].label = screen->run.status.mode == SESSION_STEPPING ? "play" : "go on";
        footer_draw(row, items, count);
    }
}

static void draw_browser(struct screen *screen, const struct region *all)
{
    struct region header = region_part(all, 0, 0, all->width, 1);
    draw_row(&header, 0, 0, header.width, STYLE_HEADER, ' ');
    int x = draw_text(&header, 1, 0, STYLE_HEADER_NAME, "thrum");
    x = draw_text(&header, x + 2, 0, STYLE_HEADER_DIM, "shows threads at work");
    if (screen->shelf.count)
        draw_printf(&header, x + 3, 0, STYLE_HEADER_DIM, "%zu scenarios", screen->shelf.count);
    struct region body = region_part(all, 0, 1, all->width, all->height - 2);
    screen->shelf_top = browser_draw(&body, screen->shelf.entries, screen->shelf.count,
                                     screen->chosen, screen->shelf_top, screen->shelf_match);
}

static void draw_exploring(struct screen *screen, const struct region *all)
{
    struct region header = region_part(all, 0, 0, all->width, 1);
    draw_row(&header, 0, 0, header.width, STYLE_HEADER, ' ');
    int x = draw_text(&header, 1, 0, STYLE_HEADER_DIM, "thrum");
    x = draw_text(&header, x + 2, 0, STYLE_HEADER_NAME, screen_base_name(screen->explored));
    draw_text(&header, x + 2, 0, STYLE_HEADER, screen->explored_all ? "explored" : "exploring");
    struct region body = region_part(all, 0, 1, all->width, all->height - 2);
    int rows =
        findings_draw(&body, text_bytes(&screen->progress), screen->explored_all, screen->findings,
                      screen->finding_count, screen->finding, screen->finding_top);
    if (screen->finding_top >= rows)
        screen->finding_top = rows > 0 ? rows - 1 : 0;
}

static void draw_help(struct screen *screen, const struct region *all)
{
    enum help_legend legend = !screen->session || screen->exploring_shown ? LEGEND_NONE
                              : screen->run.table                         ? LEGEND_TABLE
                                                                          : LEGEND_LANES;
    int most = legend != LEGEND_NONE && all->width >= HELP_WIDE + 6 ? HELP_WIDE + 2 : 92;
    int width = all->width - 4 < most ? all->width - 4 : most;
    struct region box = region_part(all, (all->width - width) / 2, 1, width, all->height - 2);
    draw_blank(&box, 0, 0, box.width, box.height);
    draw_box(
        &box, STYLE_RULE, STYLE_TITLE,
        legend == LEGEND_LANES   ? "HELP  the lanes, and the keys that work now (? or Esc closes)"
        : legend == LEGEND_TABLE ? "HELP  the table, and the keys that work now (? or Esc closes)"
                                 : "HELP  keys that work now (? or Esc closes)");
    struct region inside = region_part(&box, 1, 1, box.width - 2, box.height - 2);
    size_t count;
    struct help_line *lines = keymap_help(screen_have(screen), &count);
    int rows = help_draw(&inside, lines, count, legend, screen->help_top);
    keymap_help_free(lines, count);
    if (screen->help_top > rows - inside.height)
        screen->help_top = rows > inside.height ? rows - inside.height : 0;
}

static void draw_error(const struct screen *screen, const struct region *all)
{
    struct region box = region_part(all, 2, 2, all->width - 4, all->height - 4);
    draw_blank(&box, 0, 0, box.width, box.height);
    draw_box(&box, STYLE_PROBLEM, STYLE_PROBLEM_TITLE, "This file cannot be run (Esc closes)");
    struct region inside = region_part(&box, 2, 1, box.width - 4, box.height - 2);
    const char *line = text_bytes(&screen->error);
    struct text row = {0};
    for (int y = 0; *line && y < inside.height; y++) {
        size_t length = strcspn(line, "\n");
        text_clear(&row);
        text_add_bytes(&row, line, length);
        draw_fit(&inside, 0, y, inside.width, STYLE_TEXT, text_bytes(&row));
        line += length + (line[length] == '\n');
    }
    text_fini(&row);
}

void screen_draw(struct screen *screen)
{
    int width, height;
    terminal_size(screen->terminal, &width, &height);
    canvas_resize(&screen->canvas, width, height);
    struct region all = canvas_region(&screen->canvas);
    if (width < SCREEN_MIN_WIDTH || height < SCREEN_MIN_HEIGHT) {
        too_small_draw(&all);
    } else {
        if (screen->exploring_shown)
            draw_exploring(screen, &all);
        else if (screen->session)
            run_view_draw(&screen->run, &all);
        else
            draw_browser(screen, &all);
        struct region footer = region_part(&all, 0, height - 1, width, 1);
        draw_footer(screen, &footer);
        if (screen->help)
            draw_help(screen, &all);
        if (screen->error.length)
            draw_error(screen, &all);
    }
    terminal_show(screen->terminal, &screen->canvas, screen->theme);
    screen->dirty = false;
}
