#include "ui/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ui/app_inside.h"
#include "ui/keymap.h"

enum {
    FRAME_MS = 16,     /* no two frames are closer … */
    SLOWEST_MS = 200,  /* … and none need be farther apart for being slow to draw */
    MOVING_MS = 33,    /* a live run moves on even when nothing happens in it */
    CHANGED_MS = 1000, /* how often the file is looked at */
    SAID_MS = 8000,    /* how long a message stays in the footer */
};

/* ---- files ---- */

static struct timespec modified(const char *path)
{
    struct stat status;
    if (!path || stat(path, &status) != 0)
        return (struct timespec){0};
    return status.st_mtim;
}

/* Once a second, while something is on screen anyway. */
static void look_at_file(struct screen *screen)
{
    uint64_t now = clock_now();
    if (!screen->path || screen->file_changed || now - screen->looked < CHANGED_MS * 1000000ull)
        return;
    screen->looked = now;
    struct timespec time = modified(screen->path);
    if (time.tv_sec &&
        (time.tv_sec != screen->modified.tv_sec || time.tv_nsec != screen->modified.tv_nsec)) {
        screen->file_changed = true;
        text_clear(&screen->run.message);
        text_add(&screen->run.message, "the file has changed: L loads it and runs it again");
        screen->dirty = true;
    }
}

void screen_close_session(struct screen *screen)
{
    if (!screen->session)
        return;
    struct session_status status;
    session_status(screen->session, &status);
    if (status.error)
        screen->status = 2;
    else if (status.problems)
        screen->status = 1;
    run_view_fini(&screen->run);
    screen->app->close(screen->app->data, screen->session);
    screen->session = NULL;
    free(screen->path);
    screen->path = NULL;
}

void screen_take_session(struct screen *screen, struct session *session, const char *path)
{
    screen->session = session;
    screen->noticed = NULL;
    screen->path = path ? xstrdup(path) : NULL;
    screen->modified = modified(path);
    screen->file_changed = false;
    run_view_init(&screen->run, session);
    screen->run.name = screen_base_name(screen->path);
    screen->run.opens = path && screen->app->open;
    screen->run.explores = path && screen->app->explore_begin;
    screen->run.editable = path;
    if (screen->run.status.mode == SESSION_STEPPING)
        screen->run.focus = PANE_CHOICES;
    run_view_news(&screen->run, 0); /* one that has ended already has no more news */
}

static void open_path(struct screen *screen, const char *path, bool stepping)
{
    text_clear(&screen->error);
    struct session *session = screen->app->open(screen->app->data, path, stepping, &screen->error);
    if (!session)
        return;
    char *kept = xstrdup(path);
    screen_close_session(screen);
    screen_take_session(screen, session, kept);
    free(kept);
}

/* As git does: the person's editor, else one that is there. It may hold arguments: the shell splits
 * them, the path stays whole. */
static const char find_editor[] = "test -n \"$VISUAL$EDITOR\" && exec ${VISUAL:-$EDITOR} \"$0\"\n"
                                  "for editor in editor nano vi; do\n"
                                  "    command -v $editor >/dev/null && exec $editor \"$0\"\n"
                                  "done\n"
                                  "exit 127\n";

struct editing {
    const char *path;
    bool started; /* the editor was there */
};

static void run_editor(void *data)
{
    struct editing *editing = data;
    pid_t child = fork();
    if (child == 0) {
        for (int number = 1; number < 32; number++)
            if (number != SIGKILL && number != SIGSTOP)
                signal(number, SIG_DFL);
        execl("/bin/sh", "sh", "-c", find_editor, editing->path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0)
        continue;
    /* 126 and 127 are the shell's: not to be executed, not found */
    editing->started = child > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) >= 126);
}

/* ---- keys ---- */

static void search_shelf(struct screen *screen, int direction)
{
    size_t count = screen->shelf.count;
    for (size_t i = direction ? 1 : 0; i <= count && *screen->shelf_match; i++) {
        size_t at = (screen->chosen + (direction < 0 ? count - i % count : i)) % count;
        if (strcasestr(screen->shelf.entries[at].title, screen->shelf_match) ||
            strcasestr(screen->shelf.entries[at].topic, screen->shelf_match) ||
            strcasestr(screen->shelf.entries[at].path, screen->shelf_match)) {
            screen->chosen = at;
            return;
        }
    }
    if (*screen->shelf_match && !screen->searching)
        text_printf(&screen->note, "no scenario has \"%s\" in its title, topic or path",
                    screen->shelf_match);
}

static void search(struct screen *screen, int direction)
{
    if (screen->session)
        run_view_search(&screen->run, direction);
    else if (screen->shelf.count)
        search_shelf(screen, direction);
}

/* Edits the line of input; true when it is finished (cleared when it was given up). */
static bool take_input_key(struct screen *screen, int key)
{
    struct text *input = &screen->input;
    if (key == KEY_ESCAPE)
        text_clear(input);
    if (key == KEY_ESCAPE || key == KEY_RETURN)
        return true;
    if (key == KEY_RUBOUT) {
        while (input->length && (input->bytes[--input->length] & 0xc0) == 0x80)
            continue;
        if (input->bytes)
            input->bytes[input->length] = 0;
    } else if (key >= ' ' && key < KEY_FIRST_SPECIAL && input->length < 56) {
        char bytes[4];
        text_add_bytes(input, bytes, (size_t)code_encode((uint32_t)key, bytes));
    }
    return false;
}

static void take_search_key(struct screen *screen, int key)
{
    screen->searching = !take_input_key(screen, key);
    char *match = screen->session ? screen->run.match : screen->shelf_match;
    snprintf(match, sizeof screen->shelf_match, "%s", text_bytes(&screen->input));
    search(screen, 0);
    if (!screen->searching && screen->session)
        text_clear(&screen->run.message);
}

static void take_value_key(struct screen *screen, int key)
{
    if (!take_input_key(screen, key))
        return;
    run_view_value(&screen->run, text_bytes(&screen->input));
    run_view_news(&screen->run, 0);
}

static void act_in_help(struct screen *screen, enum action action)
{
    if (action == ACTION_DOWN || action == ACTION_PAGE_DOWN)
        screen->help_top += action == ACTION_DOWN ? 1 : 10;
    else if (action == ACTION_UP || action == ACTION_PAGE_UP)
        screen->help_top -= action == ACTION_UP ? 1 : 10;
    else if (action == ACTION_START || action == ACTION_END)
        screen->help_top = action == ACTION_START ? 0 : 1000;
    else
        screen->help = false;
    if (screen->help_top < 0)
        screen->help_top = 0;
}

static void act_in_browser(struct screen *screen, enum action action)
{
    size_t count = screen->shelf.count;
    long by = action == ACTION_DOWN        ? 1
              : action == ACTION_UP        ? -1
              : action == ACTION_PAGE_DOWN ? 10
              : action == ACTION_PAGE_UP   ? -10
              : action == ACTION_START     ? -(long)count
              : action == ACTION_END       ? (long)count
                                           : 0;
    long at = (long)screen->chosen + by;
    screen->chosen = at < 0 || !count ? 0 : at >= (long)count ? count - 1 : (size_t)at;
    if ((action == ACTION_OPEN || action == ACTION_OPEN_STEPPING) && count && screen->app->open)
        open_path(screen, screen->shelf.entries[screen->chosen].path,
                  action == ACTION_OPEN_STEPPING);
    else if (action == ACTION_EXPLORE && count)
        screen_begin_exploring(screen, screen->shelf.entries[screen->chosen].path);
    else if (action == ACTION_BACK)
        screen->shelf_match[0] = 0;
}

void screen_copy(struct screen *screen, const char *schedule, struct text *message)
{
    text_clear(message);
    if (!schedule || !*schedule)
        text_add(message, "there is no schedule to copy");
    else if (terminal_copy(screen->terminal, schedule))
        text_add(message, "the schedule is on the clipboard, if the terminal allows it");
    else
        text_add(message, "the schedule is too long for the clipboard");
}

static void copy_schedule(struct screen *screen)
{
    struct text schedule = {0};
    session_schedule_text(screen->session, &schedule);
    screen_copy(screen, text_bytes(&schedule), &screen->run.message);
    text_fini(&schedule);
}

static void leave(struct screen *screen)
{
    if (screen->exploring_shown) {
        screen->exploring_stops = true; /* nobody waits for it */
        screen_act_on_findings(screen, ACTION_BACK);
    } else if (screen->session && screen->exploring && !screen->shelf.count) {
        screen_close_session(screen);
        screen->exploring_shown = true;
    } else if (screen->session && screen->shelf.count)
        screen_close_session(screen);
    else
        screen->leave = true;
}

/* The run waits meanwhile. */
static void edit(struct screen *screen)
{
    bool paused = screen->run.status.paused;
    if (!paused)
        session_pause(screen->session);
    struct editing editing = {.path = screen->path};
    terminal_lend(screen->terminal, run_editor, &editing);
    screen->looked = 0;
    const char *editor = getenv("VISUAL");
    editor = editor && *editor ? editor : getenv("EDITOR");
    if (!editing.started) {
        text_clear(&screen->run.message);
        if (editor && *editor)
            text_printf(&screen->run.message, "the editor could not be started: %s", editor);
        else
            text_add(&screen->run.message, "no editor was found: set EDITOR to the one you use");
    }
    if (!paused && !screen->run.status.ended)
        session_resume(screen->session);
}

static void act(struct screen *screen, enum action action, int key)
{
    if (screen->run.status.mode == SESSION_STEPPING)
        screen->noticed = NULL; /* there it speaks of the last key */
    text_clear(&screen->note);
    if (action == ACTION_HELP)
        screen->help = !screen->help;
    else if (action == ACTION_QUIT && !screen->help)
        leave(screen);
    else if (screen->help)
        act_in_help(screen, action);
    else if (action == ACTION_THEME)
        screen->theme = (screen->theme + 1) % THEME_COUNT;
    else if (screen->exploring_shown)
        screen_act_on_findings(screen, action);
    else if (action == ACTION_SEARCH) {
        screen->searching = true;
        text_clear(&screen->input);
    } else if (!screen->session && (action == ACTION_NEXT_MATCH || action == ACTION_PREVIOUS_MATCH))
        search(screen, action == ACTION_NEXT_MATCH ? 1 : -1);
    else if (!screen->session)
        act_in_browser(screen, action);
    else if (action == ACTION_COPY)
        copy_schedule(screen);
    else if (action == ACTION_AGAIN)
        open_path(screen, screen->path, screen->run.status.mode == SESSION_STEPPING);
    else if (action == ACTION_EDIT)
        edit(screen);
    else if (action == ACTION_EXPLORE)
        screen_begin_exploring(screen, screen->path);
    else
        run_view_act(&screen->run, action, key);
    if (screen->session && screen->run.asks_value)
        text_clear(&screen->input);
    if (screen->session)
        run_view_news(&screen->run, 0);
}

static void suspend(struct screen *screen)
{
    bool pause = screen->session && screen->run.status.mode == SESSION_LIVE &&
                 !screen->run.status.paused && !screen->run.status.ended;
    if (pause)
        session_pause(screen->session);
    terminal_suspend(screen->terminal);
    if (pause)
        session_resume(screen->session);
}

/* Ctrl-C ends the run first, so that one can look at it, and the program the second time. */
static void quit_by_signal(struct screen *screen, int signal)
{
    if (signal == SIGINT && screen->session && !screen->run.status.ended &&
        screen->run.status.mode == SESSION_LIVE && session_stop(screen->session)) {
        text_clear(&screen->run.message);
        text_add(&screen->run.message, "the run was ended; Ctrl-C again or q leaves");
        return;
    }
    screen->leave = true;
    screen->signal = signal == SIGINT ? 0 : signal;
}

static void click_in_browser(struct screen *screen, int x, int y)
{
    struct region all = canvas_region(&screen->canvas);
    struct region body = region_part(&all, 0, 1, all.width, all.height - 2);
    long at =
        browser_at(&body, screen->shelf.entries, screen->shelf.count, screen->shelf_top, x, y - 1);
    if (at >= 0)
        screen->chosen = (size_t)at;
}

static void click_in_findings(struct screen *screen, int x, int y)
{
    struct region all = canvas_region(&screen->canvas);
    struct region body = region_part(&all, 0, 1, all.width, all.height - 2);
    long at = findings_at(&body, text_bytes(&screen->progress), screen->findings,
                          screen->finding_count, screen->finding, x, y - 1);
    if (at < 0)
        return;
    screen->finding = (size_t)at;
    screen->finding_top = 0;
}

static void click(struct screen *screen, int x, int y)
{
    if (screen->help || screen->error.length)
        return;
    if (screen->exploring_shown)
        click_in_findings(screen, x, y);
    else if (screen->session)
        run_view_click(&screen->run, x, y);
    else
        click_in_browser(screen, x, y);
}

static void take_key(struct screen *screen, int key)
{
    bool error = screen->error.length; /* any key closes it; one loads the file again */
    text_clear(&screen->error);
    enum action action = keymap_find(key, screen_have(screen) | (screen->help ? NEEDS_LIST : 0));
    if (error && action != ACTION_AGAIN)
        return;
    if (screen->session && screen->run.asks_value)
        take_value_key(screen, key);
    else if (screen->searching)
        take_search_key(screen, key);
    else if (key != KEY_NONE)
        act(screen, action, key);
}

static void take_event(struct screen *screen, const struct event *event)
{
    screen->dirty = true;
    switch (event->kind) {
    case EVENT_KEY: take_key(screen, event->key); break;
    case EVENT_CLICK: click(screen, event->x, event->y); break;
    case EVENT_WHEEL:
        if (screen->help)
            act_in_help(screen, event->key == KEY_ARROW_UP ? ACTION_UP : ACTION_DOWN);
        else if (screen->exploring_shown)
            screen_act_on_findings(screen, event->key == KEY_ARROW_UP ? ACTION_UP : ACTION_DOWN);
        else if (screen->session)
            run_view_wheel(&screen->run, event->x, event->y, event->key == KEY_ARROW_UP);
        else
            act_in_browser(screen, event->key == KEY_ARROW_UP ? ACTION_UP : ACTION_DOWN);
        break;
    case EVENT_SUSPEND: suspend(screen); break;
    case EVENT_QUIT: quit_by_signal(screen, event->signal); break;
    case EVENT_RESIZE:
    case EVENT_NONE: break;
    }
}

/* ---- the loop ---- */

static bool moves(const struct screen *screen)
{
    const struct session_status *status = &screen->run.status;
    return screen->session && !status->paused && !status->ended &&
           (status->mode == SESSION_LIVE || status->playing);
}

/* A message gives the footer back to the keys after a while. */
static void forget_message(struct screen *screen)
{
    const char *message = text_bytes(&screen->run.message);
    uint64_t now = clock_now();
    if (strcmp(message, text_bytes(&screen->said)) != 0) {
        text_clear(&screen->said);
        text_add(&screen->said, message);
        screen->said_since = now;
    } else if (*message && now - screen->said_since > SAID_MS * 1000000ull) {
        text_clear(&screen->run.message);
        screen->dirty = true;
    }
}

static void poll_session(struct screen *screen)
{
    unsigned changes = session_poll(screen->session);
    bool was_ended = screen->run.status.ended;
    if (changes || moves(screen)) {
        run_view_news(&screen->run, changes);
        screen->dirty |=
            changes != 0 || screen->run.follow || was_ended != screen->run.status.ended;
    }
    const char *notice = screen->run.status.error;
    if (!notice)
        notice = screen->run.status.notice;
    if (notice && notice != screen->noticed && !screen->run.message.length) {
        text_add(&screen->run.message, notice);
        screen->noticed = notice;
        screen->dirty = true;
    }
    forget_message(screen);
    look_at_file(screen);
}

/* Draws a frame; returns how many milliseconds at least lie between it and the next: a screen that
 * is dear to draw (a lane of a thousand threads) leaves most of the time to the run. */
static int draw_frame(struct screen *screen)
{
    uint64_t before = clock_now();
    screen_draw(screen);
    int took = (int)((clock_now() - before) / 1000000) * 3;
    return took < FRAME_MS ? FRAME_MS : took < SLOWEST_MS ? took : SLOWEST_MS;
}

static void loop(struct screen *screen)
{
    uint64_t last = 0;
    int frame = FRAME_MS;
    screen->dirty = true;
    while (!screen->leave) {
        if (screen->session)
            poll_session(screen);
        screen_look_at_exploring(screen);
        for (struct event event; (event = terminal_event(screen->terminal)).kind != EVENT_NONE;)
            take_event(screen, &event);
        if (screen->leave)
            break;
        uint64_t now = clock_now();
        int since = last && now - last < frame * 1000000ull ? (int)((now - last) / 1000000) : frame;
        if (screen->dirty && since >= frame) {
            frame = draw_frame(screen);
            last = now;
            since = 0;
        }
        int wake = screen->session ? session_fd(screen->session) : -1;
        int wait = !screen->session                        ? -1
                   : moves(screen)                         ? MOVING_MS
                   : wake < 0 && !screen->run.status.ended ? FRAME_MS
                                                           : CHANGED_MS;
        if (screen->exploring && !screen->explored_all)
            wait = MOVING_MS;
        /* After a frame, news must wait for the next one: a busy run does not make this loop busy.
         */
        if (since < frame) {
            wake = -1;
            if (screen->dirty || moves(screen))
                wait = frame - since;
        }
        terminal_wait(screen->terminal, wait, wake);
    }
}

static int run_loop(struct screen *screen)
{
    const char *error = NULL;
    screen->theme = screen->app->theme;
    screen->terminal = terminal_start(&screen->app->terminal, &error);
    if (!screen->terminal) {
        screen_end_exploring(screen);
        screen_close_session(screen);
        fprintf(stderr, "thrum: %s\n", error);
        return 2;
    }
    loop(screen);
    terminal_stop(screen->terminal);
    screen_end_exploring(screen);
    screen_close_session(screen);
    text_fini(&screen->progress);
    text_fini(&screen->note);
    canvas_fini(&screen->canvas);
    text_fini(&screen->input);
    text_fini(&screen->error);
    text_fini(&screen->said);
    if (screen->signal)
        raise(screen->signal);
    return screen->status;
}

int app_browse(const struct app *app)
{
    struct screen screen = {.app = app};
    shelf_load(&screen.shelf, app->folder);
    int status = run_loop(&screen);
    shelf_fini(&screen.shelf);
    return status == 2 ? 2 : 0;
}

int app_show(const struct app *app, struct session *session, const char *path)
{
    struct screen screen = {.app = app};
    screen_take_session(&screen, session, path);
    return run_loop(&screen);
}

int app_explore(const struct app *app, const char *path)
{
    struct screen screen = {.app = app};
    screen_begin_exploring(&screen, path);
    if (!screen.exploring) {
        fputs(text_bytes(&screen.error), stderr);
        text_fini(&screen.error);
        return 2;
    }
    return run_loop(&screen);
}
