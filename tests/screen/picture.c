/*
 * Takes a picture of a real run: picture SCENARIO OUT.svg [WIDTH HEIGHT [KEYS [WORD [THEME]]]].
 * Runs the scenario live until it has ended (at most 20 s), again until WORD is on the screen (at
 * most 50 times), presses KEYS, and writes what the screen shows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/die.h"
#include "cli/scenario.h"
#include "export/svg.h"
#include "session/session.h"
#include "ui/keymap.h"
#include "ui/run.h"
#include "view/header.h"

#include <poll.h>

static void run_to_the_end(struct session *session)
{
    uint64_t end = clock_now() + 20000000000u;
    struct session_status status;
    do {
        struct pollfd news = {.fd = session_fd(session), .events = POLLIN};
        poll(&news, 1, 20);
        session_poll(session);
        session_status(session, &status);
    } while (!status.ended && clock_now() < end);
}

static void draw(struct run_view *view, struct canvas *canvas, int width, int height)
{
    struct footer_item items[ACTIONS];
    canvas_resize(canvas, width, height);
    struct region all = canvas_region(canvas);
    run_view_draw(view, &all);
    size_t count = keymap_footer(run_view_have(view), items, ACTIONS);
    struct region row = region_part(&all, 0, height - 1, width, 1);
    footer_draw(&row, items, count);
}

/* One run, drawn; true when `word` is in the picture. */
static bool take(const struct program *program, const char *name, struct canvas *canvas, int width,
                 int height, const char *keys, const char *word)
{
    struct session_options options = {0};
    struct model *model = model_new(program);
    struct session *session = session_open_live(program, model, &options);
    struct run_view view;
    run_to_the_end(session);
    run_view_init(&view, session);
    view.name = name;
    run_view_news(&view, 0);
    draw(&view, canvas, width, height);
    for (; *keys; keys++)
        run_view_act(&view, keymap_find(*keys, run_view_have(&view)), *keys);
    draw(&view, canvas, width, height);
    struct text text = {0};
    canvas_dump(canvas, &text);
    bool found = !*word || strstr(text_bytes(&text), word);
    text_fini(&text);
    run_view_fini(&view);
    session_close(session);
    model_free(model);
    return found;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        die("usage: picture SCENARIO OUT.svg [WIDTH HEIGHT [KEYS [WORD [THEME]]]]");
    int width = argc > 4 ? atoi(argv[3]) : 110, height = argc > 4 ? atoi(argv[4]) : 32;
    const char *keys = argc > 5 ? argv[5] : "", *word = argc > 6 ? argv[6] : "";
    enum theme theme = argc > 7 ? theme_find(argv[7]) : THEME_DEFAULT;
    if (theme == THEME_COUNT)
        die("there is no theme \"%s\"", argv[7]);
    struct text messages = {0}, svg = {0};
    struct program *program = scenario_load(argv[1], &messages);
    if (!program)
        die("%s", text_bytes(&messages));
    const char *slash = strrchr(argv[1], '/'), *name = slash ? slash + 1 : argv[1];
    struct canvas canvas = {0};
    bool found = false;
    for (int i = 0; i < 50 && !found; i++)
        found = take(program, name, &canvas, width, height, keys, word);
    if (!found)
        die("\"%s\" was never on the screen", word);
    export_svg(&canvas, theme, name, &svg);
    FILE *file = fopen(argv[2], "w");
    if (!file || fputs(text_bytes(&svg), file) == EOF || fclose(file) != 0)
        die("%s cannot be written", argv[2]);
    canvas_fini(&canvas);
    text_fini(&svg);
    text_fini(&messages);
    program_free(program);
    return EXIT_SUCCESS;
}
