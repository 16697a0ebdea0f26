/* Exploring from the screen: it goes on in the background, and what it found can be stepped
 * through. */
#include <stdlib.h>
#include <string.h>

#include "ui/app_inside.h"

void screen_end_exploring(struct screen *screen)
{
    if (screen->exploring)
        screen->app->explore_end(screen->exploring);
    screen->exploring = NULL;
    screen->findings = NULL;
    screen->finding_count = screen->finding = 0;
    screen->exploring_shown = screen->explored_all = screen->exploring_stops = false;
    free(screen->explored);
    screen->explored = NULL;
}

void screen_look_at_exploring(struct screen *screen)
{
    if (!screen->exploring || screen->explored_all)
        return;
    text_clear(&screen->progress);
    screen->explored_all = screen->app->explore_look(screen->exploring, &screen->progress,
                                                     &screen->findings, &screen->finding_count);
    screen->dirty = true;
    if (screen->explored_all)
        text_clear(&screen->note);
    for (size_t i = 0; i < screen->finding_count && screen->explored_all; i++)
        if (screen->findings[i].bad)
            screen->status = 1;
}

/* What was found for the same file is shown again; a changed file is explored anew. */
void screen_begin_exploring(struct screen *screen, const char *path)
{
    if (screen->exploring && !screen->file_changed && strcmp(screen->explored, path) == 0) {
        screen->exploring_shown = true;
        return;
    }
    screen_end_exploring(screen);
    text_clear(&screen->error);
    screen->exploring = screen->app->explore_begin(screen->app->data, path, &screen->error);
    if (!screen->exploring)
        return;
    screen->explored = xstrdup(path);
    screen->exploring_shown = true;
    screen->finding_top = 0;
}

/* The first time the search is asked to end, and what it found so far is shown; the second time
 * nobody waits for it. */
static void stop_exploring(struct screen *screen)
{
    if (screen->exploring_stops) {
        screen_end_exploring(screen);
        return;
    }
    screen->exploring_stops = true;
    screen->app->explore_stop(screen->exploring);
    text_add(&screen->note, "stopping: what was found so far comes next");
}

static void open_finding(struct screen *screen)
{
    const char *schedule =
        screen->finding < screen->finding_count ? screen->findings[screen->finding].schedule : NULL;
    if (!schedule || !screen->app->open_schedule)
        return;
    text_clear(&screen->error);
    struct session *session =
        screen->app->open_schedule(screen->app->data, screen->explored, schedule, &screen->error);
    if (!session)
        return;
    screen_close_session(screen);
    screen_take_session(screen, session, screen->explored);
    screen->exploring_shown = false;
    const struct finding *finding = &screen->findings[screen->finding];
    struct run_view *run = &screen->run;
    session_jump(session, SESSION_JUMP_END, true, 0);
    run->no_return = finding->no_return;
    run->table = true;
    if (finding->no_return)
        text_printf(&run->message, "at its start; from step %u on nothing avoids the failure",
                    finding->no_return);
    else if (finding->bad)
        text_add(&run->message, "at its start; l goes forward, G to where it fails");
}

void screen_act_on_findings(struct screen *screen, enum action action)
{
    if (action == ACTION_DOWN && screen->finding + 1 < screen->finding_count)
        screen->finding++;
    else if (action == ACTION_UP && screen->finding > 0)
        screen->finding--;
    else if (action == ACTION_START)
        screen->finding = 0;
    else if (action == ACTION_END)
        screen->finding = screen->finding_count ? screen->finding_count - 1 : 0;
    else if (action == ACTION_PAGE_DOWN)
        screen->finding_top += 10;
    else if (action == ACTION_PAGE_UP)
        screen->finding_top = screen->finding_top > 10 ? screen->finding_top - 10 : 0;
    else if (action == ACTION_OPEN_FINDING)
        open_finding(screen);
    else if (action == ACTION_COPY_FINDING)
        screen_copy(screen, screen->findings[screen->finding].schedule, &screen->note);
    else if (action == ACTION_STOP || (action == ACTION_BACK && !screen->explored_all))
        stop_exploring(screen);
    else if (action == ACTION_BACK)
        screen->exploring_shown = false;
    if (action == ACTION_DOWN || action == ACTION_UP || action == ACTION_START ||
        action == ACTION_END)
        screen->finding_top = 0;
    if ((action == ACTION_BACK || action == ACTION_STOP) && !screen->exploring_shown &&
        !screen->session && !screen->shelf.count)
        screen->leave = true;
}
