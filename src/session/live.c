/* A session on a live run. The run and its follower are replaced by a restart; the old ones leave
 * by themselves. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/die.h"
#include "run/live.h"
#include "session/follower.h"
#include "trace/history.h"

enum {
    PATIENCE = 1000000000, /* ns that anybody waits for threads to leave */
    MOST_LEAVING = 8,      /* earlier runs whose threads have not all left */
};

struct live {
    const struct program *program;
    struct model *model;
    struct session_options options;
    struct follower *follower;
    vector(struct follower *) leaving; /* of earlier runs */
    bool stopped;
    uint64_t stopped_at;             /* run's clock */
    bool new_run;                    /* not told by poll yet */
    uint64_t rate_time, rate_events; /* of the last look: CLOCK_MONOTONIC, events */
    double rate;                     /* events a second */
};

/* A short while; false when it has been long enough since `begin`. */
static bool be_patient(uint64_t begin)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return clock_now() - begin < PATIENCE;
}

void *live_new(const struct program *program, struct model *model,
               const struct session_options *options)
{
    struct live *live = xcalloc(1, sizeof *live);
    live->program = program;
    live->model = model;
    live->options = *options;
    if (!options->has_seed) {
        live->options.seed = program->options.has_seed ? program->options.seed : clock_now();
        live->options.has_seed = true;
    }
    live->follower = follower_new(program, model, &live->options);
    live->rate_time = clock_now();
    return live;
}

static void free_those_that_left(struct live *live)
{
    size_t kept = 0;
    for (size_t i = 0; i < live->leaving.count; i++) {
        struct follower *follower = live->leaving.items[i];
        if (follower_done(follower))
            follower_free(follower);
        else
            live->leaving.items[kept++] = follower;
    }
    live->leaving.count = kept;
}

/* Asks the present run to leave; there is none then. */
static void let_go(struct live *live)
{
    follower_abandon(live->follower);
    vector_push(&live->leaving, live->follower);
    live->follower = NULL;
}

/* Waits until not more than `most` earlier runs are there. False: that takes long. */
static bool wait_for_leaving(struct live *live, size_t most)
{
    uint64_t begin = clock_now();
    do {
        free_those_that_left(live);
        if (live->leaving.count <= most)
            return true;
    } while (be_patient(begin));
    return false;
}

static bool live_leave(void *state)
{
    struct live *live = state;
    if (live->follower)
        let_go(live);
    return wait_for_leaving(live, 0);
}

static void live_close(void *state)
{
    struct live *live = state;
    while (!live_leave(live))
        continue;
    vector_fini(&live->leaving);
    free(live);
}

static void measure_rate(struct live *live, uint64_t events)
{
    uint64_t now = clock_now();
    if (now - live->rate_time < 250000000)
        return;
    double rate = (double)(events - live->rate_events) * 1e9 / (double)(now - live->rate_time);
    live->rate = live->rate > 0 ? (live->rate + rate) / 2 : rate;
    live->rate_time = now;
    live->rate_events = events;
}

static bool live_stop(void *state)
{
    struct live *live = state;
    struct session_status status = {0};
    follower_status(live->follower, &status);
    if (live->stopped || status.finished)
        return false;
    live->stopped = true;
    live->stopped_at = status.elapsed;
    follower_quit(live->follower);
    return true;
}

static unsigned live_poll(void *state)
{
    struct live *live = state;
    unsigned changes = follower_changes(live->follower);
    free_those_that_left(live);
    if (!live->stopped && run_error(follower_run(live->follower)) && live_stop(live))
        changes |= SESSION_CHANGED_STATUS;
    if (live->options.limit > 0 && !live->stopped &&
        run_elapsed(follower_run(live->follower)) >= (uint64_t)live->options.limit &&
        live_stop(live))
        changes |= SESSION_CHANGED_STATUS;
    if (live->new_run)
        changes |= SESSION_CHANGED_RUN | SESSION_CHANGED_HISTORY | SESSION_CHANGED_STATUS;
    live->new_run = false;
    return changes;
}

static void live_status(void *state, struct session_status *ret_status)
{
    struct live *live = state;
    follower_status(live->follower, ret_status);
    measure_rate(live, ret_status->events);
    ret_status->mode = SESSION_LIVE;
    ret_status->abilities = SESSION_CAN_RESTART | SESSION_CAN_FREEZE | SESSION_CAN_EXPLORE;
    if (live->stopped) {
        ret_status->stopped = true;
        ret_status->ended = true;
        ret_status->elapsed = live->stopped_at;
    }
    if (!ret_status->ended)
        ret_status->abilities |= SESSION_CAN_PAUSE | SESSION_CAN_PACE | SESSION_CAN_STOP;
    ret_status->events_per_second = ret_status->ended ? 0 : live->rate;
    ret_status->policy = "Linux";
    ret_status->pace = live->options.pace;
    ret_status->seed = live->options.seed;
    ret_status->jitter = live->options.jitter;
}

static void live_lock(void *state)
{
    follower_lock(((struct live *)state)->follower);
}

static void live_unlock(void *state)
{
    follower_unlock(((struct live *)state)->follower);
}

static struct history *live_history(void *state)
{
    return follower_history(((struct live *)state)->follower);
}

static const struct world *live_world(void *state)
{
    return follower_world(((struct live *)state)->follower);
}

static bool live_reached(void *state, uint32_t sometimes)
{
    return follower_reached(((struct live *)state)->follower, sometimes);
}

static bool live_switches(void *state, uint32_t thread, uint64_t *ret_voluntary,
                          uint64_t *ret_involuntary)
{
    return run_switches(follower_run(((struct live *)state)->follower), thread, ret_voluntary,
                        ret_involuntary);
}

static bool live_pause(void *state, bool paused)
{
    struct live *live = state;
    run_pause(follower_run(live->follower), paused);
    return true;
}

static bool live_set_pace(void *state, int64_t nanoseconds)
{
    struct live *live = state;
    live->options.pace = nanoseconds;
    run_set_pace(follower_run(live->follower), nanoseconds);
    return true;
}

static bool live_restart(void *state, uint64_t seed)
{
    struct live *live = state;
    let_go(live);
    wait_for_leaving(live, MOST_LEAVING); /* whoever holds the key down does not pile up threads */
    live->options.seed = seed;
    live->options.start_paused = false;
    live->stopped = false;
    live->new_run = true;
    live->rate = 0;
    live->rate_events = 0;
    live->rate_time = clock_now();
    live->follower = follower_new(live->program, live->model, &live->options);
    return true;
}

static bool live_freeze(void *state, struct session_schedule *ret_schedule)
{
    struct live *live = state;
    uint64_t begin = clock_now();
    live_stop(live);
    while (!follower_done(live->follower))
        if (!be_patient(begin))
            return false;
    follower_schedule(live->follower, ret_schedule);
    return true;
}

static void live_schedule(void *state, struct session_schedule *ret_schedule)
{
    follower_schedule(((struct live *)state)->follower, ret_schedule);
}

const struct session_ops live_ops = {
    .leave = live_leave,
    .close = live_close,
    .poll = live_poll,
    .status = live_status,
    .lock = live_lock,
    .unlock = live_unlock,
    .history = live_history,
    .world = live_world,
    .reached = live_reached,
    .switches = live_switches,
    .pause = live_pause,
    .set_pace = live_set_pace,
    .restart = live_restart,
    .stop = live_stop,
    .freeze = live_freeze,
    .schedule = live_schedule,
};
