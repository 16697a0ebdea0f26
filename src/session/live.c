/* A session on a live run: what people ask of it. The run itself is its follower's. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/die.h"
#include "run/live.h"
#include "session/follower.h"
#include "trace/history.h"

enum {
    LEAVING = 100000000,   /* ns that somebody who quits waits for threads to leave, */
    FREEZING = 1000000000, /* … and somebody who wants to go on with what they did */
    GLANCE = 1000000,      /* ns between two looks whether they have */
    RATE_SPAN = 250000000, /* ns over which events are counted for the rate */
};

struct live {
    struct session_options options;
    struct follower *follower;
    bool stopped;
    uint64_t stopped_at;             /* run's clock */
    uint64_t rate_time, rate_events; /* of the last look: CLOCK_MONOTONIC, events */
    double rate;                     /* events a second */
};

/* Waits until run and follower have ended. False: that takes longer than `patience` ns. */
static bool wait_until_done(const struct live *live, uint64_t patience)
{
    uint64_t begin = clock_now();
    while (!follower_done(live->follower)) {
        if (clock_now() - begin >= patience)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = GLANCE}, NULL);
    }
    return true;
}

void *live_new(const struct program *program, struct model *model,
               const struct session_options *options)
{
    struct live *live = xcalloc(1, sizeof *live);
    live->options = *options;
    if (!options->has_seed) {
        live->options.seed = program->options.has_seed ? program->options.seed : clock_now();
        live->options.has_seed = true;
    }
    live->follower = follower_new(program, model, &live->options);
    live->rate_time = clock_now();
    return live;
}

static bool live_leave(void *state)
{
    struct live *live = state;
    follower_abandon(live->follower);
    return wait_until_done(live, LEAVING);
}

static void live_close(void *state)
{
    struct live *live = state;
    follower_abandon(live->follower);
    follower_free(live->follower);
    free(live);
}

static void measure_rate(struct live *live, uint64_t events)
{
    uint64_t now = clock_now();
    if (now - live->rate_time < RATE_SPAN)
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
    if (!live->stopped && run_error(follower_run(live->follower)) && live_stop(live))
        changes |= SESSION_CHANGED_STATUS;
    if (live->options.limit > 0 && !live->stopped &&
        run_elapsed(follower_run(live->follower)) >= (uint64_t)live->options.limit &&
        live_stop(live))
        changes |= SESSION_CHANGED_STATUS;
    return changes;
}

static void live_status(void *state, struct session_status *ret_status)
{
    struct live *live = state;
    follower_status(live->follower, ret_status);
    measure_rate(live, ret_status->events);
    ret_status->mode = SESSION_LIVE;
    ret_status->abilities = SESSION_CAN_FREEZE | SESSION_CAN_EXPLORE;
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

static bool live_freeze(void *state, struct session_schedule *ret_schedule)
{
    struct live *live = state;
    live_stop(live);
    if (!wait_until_done(live, FREEZING))
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
    .stop = live_stop,
    .freeze = live_freeze,
    .schedule = live_schedule,
};
