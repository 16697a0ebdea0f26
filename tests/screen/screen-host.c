/* The program's screen over hand-written runs: all of ui/ on a real terminal, without engine or
 * compiler. screen-host [--ascii] [--browse FOLDER | --workshop] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "fake-session.h"
#include "ui/app.h"

static struct session *open_story(void *data, const char *path, bool stepping,
                                  struct text *ret_error)
{
    (void)data;
    if (strstr(path, "broken")) {
        text_printf(ret_error, "%s:3:5: error: this file is broken\n", path);
        return NULL;
    }
    struct session *session = xcalloc(1, sizeof *session);
    struct story *story = xcalloc(1, sizeof *story);
    if (strstr(path, "workshop"))
        story_workshop(story);
    else
        story_philosophers(story);
    fake_session(session, story);
    if (stepping)
        session->status.mode = SESSION_STEPPING;
    return session;
}

static void close_story(void *data, struct session *session)
{
    (void)data;
    story_fini(session->story);
    free(session->story);
    free(session);
}

int main(int argc, char **argv)
{
    struct app app = {.open = open_story, .close = close_story};
    const char *path = "philosophers.thrum", *folder = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--ascii") == 0)
            app.terminal.ascii = true;
        else if (strcmp(argv[i], "--workshop") == 0)
            path = "workshop.thrum";
        else if (strcmp(argv[i], "--browse") == 0 && i + 1 < argc)
            folder = argv[++i];
        else
            die("usage: screen-host [--ascii] [--browse FOLDER | --workshop]");
    }
    app.folder = folder;
    if (folder)
        return app_browse(&app);
    struct text error = {0};
    return app_show(&app, open_story(NULL, path, false, &error), path);
}
