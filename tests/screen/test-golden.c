/*
 * Pictures of every pane and of whole screens, compared with golden/NAME.txt. `test-golden DIR`
 * compares, `test-golden DIR --update` writes them anew (look at the difference before committing
 * it); `test-golden DIR --svg OUT` writes all of them as SVG, for eyes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "export/svg.h"
#include "fake-session.h"
#include "story.h"
#include "ui/keymap.h"
#include "ui/run.h"
#include "ui/shelf.h"
#include "view/findings.h"
#include "view/header.h"
#include "view/pane.h"
#include "view/panes.h"
#include "view/source.h"
#include "view/timeline.h"

struct setting {
    const char *folder; /* of the golden texts */
    const char *svg;    /* where pictures go, or NULL */
    bool update;
    int failures, pictures;
};

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    struct text text = {0};
    char buffer[4096];
    for (size_t count; (count = fread(buffer, 1, sizeof buffer, file)) > 0;)
        text_add_bytes(&text, buffer, count);
    fclose(file);
    return text_take(&text);
}

static void write_file(const char *path, const char *bytes)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(bytes, file) == EOF || fclose(file) != 0)
        die("%s cannot be written", path);
}

/* Every glyph that thrum draws must have an ASCII twin: only the user's own text may not. */
static void check_ascii(struct setting *setting, const char *name, struct canvas *canvas)
{
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++)
        if (canvas->cells[i].code >= 0x80 && !glyph_ascii(canvas->cells[i].code)) {
            printf("%s: U+%04X has no ASCII twin\n", name, canvas->cells[i].code);
            setting->failures++;
            return;
        }
}

static void compare(struct setting *setting, const char *name, struct canvas *canvas)
{
    struct text text = {0}, path = {0};
    setting->pictures++;
    if (setting->svg) {
        export_svg(canvas, THEME_DEFAULT, name, &text);
        text_printf(&path, "%s/%s.svg", setting->svg, name);
        write_file(text_bytes(&path), text_bytes(&text));
        goto out;
    }
    check_ascii(setting, name, canvas);
    canvas_dump(canvas, &text);
    text_printf(&path, "%s/%s.txt", setting->folder, name);
    if (setting->update) {
        write_file(text_bytes(&path), text_bytes(&text));
        goto out;
    }
    char *wanted = read_file(text_bytes(&path));
    if (!wanted || strcmp(wanted, text_bytes(&text)) != 0) {
        printf("---- %s: wanted\n%s---- got\n%s", name, wanted ? wanted : "(no file)\n",
               text_bytes(&text));
        setting->failures++;
    }
    free(wanted);
out:
    text_fini(&text);
    text_fini(&path);
}

/* ---- whole screens ---- */

struct shot {
    const char *name;
    void (*story)(struct story *story);
    const char *keys; /* pressed before the picture is taken, after a first frame */
    bool stepping;
};

static const struct shot shots[] = {
    {"philosophers", story_philosophers, "", false},
    {"philosophers-waits", story_philosophers, "d", false},
    {"philosophers-statistics", story_philosophers, "i", false},
    {"philosophers-details", story_philosophers, "j\n", false},
    {"philosophers-lock", story_philosophers, "\tj\n", false},
    {"philosophers-source", story_philosophers, "\t\t", false},
    {"philosophers-back", story_philosophers, "hhhhhhhhhhhhhhhhhhhhhhhh++", false},
    {"philosophers-stepping", story_philosophers, "", true},
    {"philosophers-table", story_philosophers, "v", false},
    {"philosophers-folded", story_philosophers, "z", false},
    {"philosophers-folded-details", story_philosophers, "zj\n", false},
    {"philosophers-folded-forks", story_philosophers, "z\t\n", false},
    {"philosophers-opened", story_philosophers, "zjZ", false},
    {"philosophers-folded-stepping", story_philosophers, "z", true},
    {"philosophers-branches", story_philosophers, "B", true},
    {"workshop", story_workshop, "", false},
    {"workshop-table", story_workshop, "v", false},
    {"workshop-table-back", story_workshop, "vhhhhhhhhhhm\n", false},
    {"workshop-values", story_workshop, "\t\t\t", false},
    {"workshop-problem", story_workshop, "p", false},
    {"workshop-zoomed", story_workshop, "gllllllllllllllllllllllll+++", false},
};

static void press(struct run_view *view, const char *keys)
{
    for (; *keys; keys++)
        run_view_act(view, keymap_find(*keys, run_view_have(view)), *keys);
}

static void draw_footer(struct run_view *view, const struct region *all)
{
    struct footer_item items[ACTIONS];
    size_t count = keymap_footer(run_view_have(view), items, ACTIONS);
    struct region row = region_part(all, 0, all->height - 1, all->width, 1);
    footer_draw(&row, items, count);
}

static void take_shot(struct setting *setting, const struct shot *shot, int width, int height)
{
    struct story story;
    struct session session;
    struct run_view view;
    struct canvas canvas = {0};
    shot->story(&story);
    fake_session(&session, &story);
    if (shot->stepping) {
        session.status.mode = SESSION_STEPPING;
        session.status.abilities = SESSION_CAN_STEP | SESSION_CAN_BACK;
        session.status.policy = "random";
        session.status.step = 560;
        session.status.steps = 700;
        session.next = "acquire forks[1]";
        session.why_not = "waits for forks[2], held by philosopher-2 since line 12";
    }
    run_view_init(&view, &session);
    view.name = shot->story == story_workshop ? "workshop.thrum" : "dining.thrum";
    run_view_news(&view, 0);
    for (int frame = 0; frame < 2; frame++) {
        canvas_resize(&canvas, width, height);
        struct region all = canvas_region(&canvas);
        run_view_draw(&view, &all);
        draw_footer(&view, &all);
        if (frame == 0)
            press(&view, shot->keys);
    }
    struct text name = {0};
    text_printf(&name, "%s-%dx%d", shot->name, width, height);
    compare(setting, text_bytes(&name), &canvas);
    text_fini(&name);
    canvas_fini(&canvas);
    run_view_fini(&view);
    story_fini(&story);
}

/* ---- the others ---- */

static void take_help(struct setting *setting, enum help_legend legend, int width, int height)
{
    struct canvas canvas = {0};
    struct text name = {0};
    canvas_resize(&canvas, width, height);
    struct region all = canvas_region(&canvas);
    size_t count;
    struct help_line *lines =
        keymap_help(NEEDS_RUN | NEEDS_LIST | NEEDS_TIME | NEEDS_PAUSE, &count);
    int rows = help_draw(&all, lines, count, legend, 0);
    canvas_resize(&canvas, width, rows);
    all = canvas_region(&canvas);
    help_draw(&all, lines, count, legend, 0);
    text_printf(&name, "help%s-%dx%d", legend == LEGEND_TABLE ? "-table" : "", width, height);
    compare(setting, text_bytes(&name), &canvas);
    keymap_help_free(lines, count);
    text_fini(&name);
    canvas_fini(&canvas);
}

static const char *const shelf_texts[][2] = {
    {"shared-memory", "\"\"\"\nLost update\n\nTwo threads add to one counter without a "
                      "lock.\n`counter += 1` is three "
                      "steps, and a switch between them loses an update.\n\nLook for: the marks in "
                      "the values pane.\n"
                      "\"\"\"\ncounter = 0\n\nthread A, B:\n    counter += 1\n\nexpect race\n"},
    {"shared-memory",
     "\"\"\"\nAtomic counter\n\nThe cure.\n\"\"\"\ncounter = Atomic(0)\nexpect ok\n"},
    {"deadlock", "\"\"\"\nDining philosophers\n\nA ring of five.\n\"\"\"\nexpect deadlock\n"},
    {"deadlock", "print(\"no words\")\n"},
};

static void take_browser(struct setting *setting, int width, int height)
{
    enum { COUNT = sizeof shelf_texts / sizeof *shelf_texts };
    struct arena arena = {0};
    struct browser_entry entries[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        shelf_read(&arena, shelf_texts[i][1], &entries[i]);
        entries[i].topic = shelf_texts[i][0];
        entries[i].path = arena_printf(&arena, "scenarios/%s/%zu.thrum", entries[i].topic, i);
        if (!*entries[i].title)
            entries[i].title = "3.thrum";
    }
    struct canvas canvas = {0};
    struct text name = {0};
    canvas_resize(&canvas, width, height);
    struct region all = canvas_region(&canvas);
    browser_draw(&all, entries, COUNT, 0, 0, NULL);
    text_printf(&name, "browser-%dx%d", width, height);
    compare(setting, text_bytes(&name), &canvas);
    text_fini(&name);
    canvas_fini(&canvas);
    arena_fini(&arena);
}

static void take_findings(struct setting *setting, int width, int height)
{
    static const struct finding findings[] = {
        {"deadlock",
         "All wait.\n\n   step  A          B\n      1  acquire a\n      2             acquire b\n",
         "A B", true},
        {"race counter",
         "Two threads change `counter` at the same time, and nothing orders what they do, so that "
         "an "
         "update of one of them can be lost.",
         "A*2 B", true},
        {"counter = 1", "So.", NULL, false},
    };
    struct canvas canvas = {0};
    struct text name = {0};
    canvas_resize(&canvas, width, height);
    struct region all = canvas_region(&canvas);
    findings_draw(&all, "2 kinds of failure. 1 way to end. Every order was tried.", true, findings,
                  3, width > 100 ? 0 : 1, 0);
    text_printf(&name, "findings-%dx%d", width, height);
    compare(setting, text_bytes(&name), &canvas);
    text_fini(&name);
    canvas_fini(&canvas);
}

static void take_small(struct setting *setting)
{
    struct canvas canvas = {0};
    canvas_resize(&canvas, 40, 10);
    struct region all = canvas_region(&canvas);
    too_small_draw(&all);
    compare(setting, "too-small", &canvas);
    canvas_fini(&canvas);
}

int main(int argc, char **argv)
{
    static const int sizes[][2] = {{60, 12}, {80, 24}, {140, 45}};
    if (argc < 2)
        die("usage: test-golden DIR [--update | --svg OUT]");
    struct setting setting = {
        .folder = argv[1],
        .update = argc == 3 && strcmp(argv[2], "--update") == 0,
        .svg = argc == 4 && strcmp(argv[2], "--svg") == 0 ? argv[3] : NULL,
    };
    for (size_t size = 0; size < 3; size++) {
        int width = sizes[size][0], height = sizes[size][1];
        for (size_t i = 0; i < sizeof shots / sizeof *shots; i++)
            if (size > 0 || i == 0 || shots[i].stepping)
                take_shot(&setting, &shots[i], width, height);
        take_browser(&setting, width, height);
    }
    take_help(&setting, LEGEND_LANES, 80, 24);
    take_help(&setting, LEGEND_LANES, 140, 45);
    take_help(&setting, LEGEND_TABLE, 80, 24);
    take_findings(&setting, 80, 24);
    take_findings(&setting, 140, 45);
    take_small(&setting);
    printf("%d pictures, %d wrong\n", setting.pictures, setting.failures);
    return setting.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
