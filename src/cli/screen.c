#include "cli/screen.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/vector.h"
#include "cli/cli.h"
#include "cli/explore_screen.h"
#include "cli/scenario.h"
#include "ui/app.h"

enum {
    PATIENCE = 100000000, /* ns that quitting waits for sessions that are being closed */
    GLANCE = 1000000,     /* ns between two looks at them */
};

/* What the screen's calls get back. */
struct screen {
    const struct arguments *arguments;
    vector(struct opened) opened;   /* one a session on the screen */
    struct explore_request request; /* limits of exploring */
    _Atomic uint32_t runs;          /* that have threads, see session_options */
    _Atomic uint32_t closing;       /* sessions that threads of their own close */
};

/* A session on its way out. */
struct closing {
    struct opened opened;
    struct screen *screen;
};

bool opened_load(struct opened *opened, const char *name)
{
    struct text path = {0}, messages = {0};
    memset(opened, 0, sizeof *opened);
    if (scenario_find(name, &path, &messages))
        opened->program = scenario_load(text_bytes(&path), &messages);
    else
        text_add_char(&messages, '\n');
    if (messages.length)
        fprintf(stderr, "%s%s", path.length ? "" : "thrum: ", text_bytes(&messages));
    text_fini(&path);
    text_fini(&messages);
    if (opened->program)
        opened->model = model_new(opened->program);
    return opened->program != NULL;
}

void opened_close(struct opened *opened)
{
    session_close(opened->session);
    if (opened->model)
        model_free(opened->model);
    program_free(opened->program);
    memset(opened, 0, sizeof *opened);
}

int opened_quit(struct opened *opened, int status)
{
    if (!session_leave(opened->session)) {
        fflush(stdout);
        _exit(status);
    }
    opened_close(opened);
    return status;
}

struct session_options screen_session_options(const struct arguments *arguments)
{
    return (struct session_options){
        .pace = option_number(arguments, OPTION_PACE, 0),
        .cpus = (uint32_t)option_number(arguments, OPTION_CPUS, 0),
        .has_seed = option_given(arguments, OPTION_SEED),
        .seed = (uint64_t)option_number(arguments, OPTION_SEED, 0),
        .jitter = option_given(arguments, OPTION_JITTER),
        .limit = option_number(arguments, OPTION_FOR, 0),
        .memory = (size_t)option_number(arguments, OPTION_MEMORY, 0),
        .policy = option_text(arguments, OPTION_POLICY),
        .schedule = option_text(arguments, OPTION_SCHEDULE),
    };
}

static struct session *open_any(struct screen *screen, const char *path, bool stepping,
                                const char *schedule, struct text *ret_error)
{
    struct session_options options = screen_session_options(screen->arguments);
    struct opened opened = {.program = scenario_load(path, ret_error)};
    options.runs = &screen->runs;
    if (schedule)
        options.schedule = schedule;
    if (!opened.program)
        return NULL;
    text_clear(ret_error); /* warnings */
    opened.model = model_new(opened.program);
    opened.session = stepping
                         ? session_open_stepping(opened.program, opened.model, &options, ret_error)
                         : session_open_live(opened.program, opened.model, &options);
    if (opened.session)
        vector_push(&screen->opened, opened);
    else
        opened_close(&opened);
    return opened.session;
}

static struct session *open_session(void *data, const char *path, bool stepping,
                                    struct text *ret_error)
{
    return open_any(data, path, stepping, NULL, ret_error);
}

static struct session *open_schedule(void *data, const char *path, const char *schedule,
                                     struct text *ret_error)
{
    return open_any(data, path, true, schedule, ret_error);
}

static struct exploring *explore_begin(void *data, const char *path, struct text *ret_error)
{
    struct screen *screen = data;
    return exploring_begin(path, &screen->request, ret_error);
}

static void *close_one(void *context)
{
    struct closing *closing = context;
    struct screen *screen = closing->screen;
    opened_close(&closing->opened);
    free(closing);
    /* release: pairs with quit(); the screen may be gone after it */
    atomic_fetch_sub_explicit(&screen->closing, 1, memory_order_release);
    return NULL;
}

/* By a thread of its own: a crowd takes a while to leave, and the keyboard does not wait for it. */
static void close_opened(struct screen *screen, const struct opened *opened)
{
    struct closing *closing = xmalloc(sizeof *closing);
    pthread_t thread;
    *closing = (struct closing){.opened = *opened, .screen = screen};
    atomic_fetch_add_explicit(&screen->closing, 1, memory_order_relaxed);
    if (pthread_create(&thread, NULL, close_one, closing) == 0)
        pthread_detach(thread);
    else if (session_leave(opened->session))
        close_one(closing);
    else
        free(closing); /* its threads do not leave: it is never closed */
}

static void close_session(void *data, struct session *session)
{
    struct screen *screen = data;
    for (size_t i = 0; i < screen->opened.count; i++)
        if (screen->opened.items[i].session == session) {
            close_opened(screen, &screen->opened.items[i]);
            screen->opened.items[i] = vector_last(&screen->opened);
            screen->opened.count--;
            return;
        }
}

static void make_app(struct app *app, struct screen *screen, const struct arguments *arguments)
{
    const char *theme = option_text(arguments, OPTION_THEME);
    *app = (struct app){.terminal.ascii = option_given(arguments, OPTION_ASCII),
                        .folder = scenario_folder(),
                        .data = screen,
                        .open = open_session,
                        .open_schedule = open_schedule,
                        .close = close_session,
                        .explore_begin = explore_begin,
                        .explore_look = exploring_look,
                        .explore_stop = exploring_stop,
                        .explore_end = exploring_end};
    if (theme)
        app->theme = theme_find(theme);
}

/* What is not closed after a while has threads that do not leave: the process ends without them. */
static int quit(struct screen *screen, int status)
{
    uint64_t begin = clock_now();
    /* acquire: pairs with close_one() */
    while (atomic_load_explicit(&screen->closing, memory_order_acquire)) {
        if (clock_now() - begin >= PATIENCE) {
            fflush(stdout);
            _exit(status);
        }
        nanosleep(&(struct timespec){.tv_nsec = GLANCE}, NULL);
    }
    vector_fini(&screen->opened);
    return status;
}

int screen_show(const struct arguments *arguments, struct opened *opened)
{
    struct screen screen = {.arguments = arguments};
    struct app app;
    make_app(&app, &screen, arguments);
    if (!opened->session) {
        struct session_options options = screen_session_options(arguments);
        options.runs = &screen.runs;
        opened->session = session_open_live(opened->program, opened->model, &options);
    }
    vector_push(&screen.opened, *opened);
    int status = app_show(&app, opened->session, opened->program->path);
    memset(opened, 0, sizeof *opened);
    return quit(&screen, status);
}

int screen_browse(const struct arguments *arguments)
{
    struct screen screen = {.arguments = arguments};
    struct app app;
    if (arguments->file_count)
        return complain("there is no command `%s` (thrum --help lists them)", arguments->files[0]);
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
        return complain("the browser needs a terminal (thrum --help lists the commands)");
    make_app(&app, &screen, arguments);
    return quit(&screen, app_browse(&app));
}

int screen_explore(const struct arguments *arguments, const struct explore_request *request,
                   const char *name)
{
    struct screen screen = {.arguments = arguments, .request = *request};
    struct text path = {0}, error = {0};
    struct app app;
    int status = EXIT_BAD_USAGE;
    if (!scenario_find(name, &path, &error))
        complain("%s", text_bytes(&error));
    else {
        make_app(&app, &screen, arguments);
        status = app_explore(&app, text_bytes(&path));
    }
    text_fini(&path);
    text_fini(&error);
    return quit(&screen, status);
}
