/*
 * From a way through the space to a schedule: the same steps with every quiet operation written
 * out, and threads under their own numbers again.
 *
 * A search performs quiet operations with the step before. In a schedule a thread that is left
 * before a sleep is left before the sleep (so that leaving it is no preemption, as it says); what
 * was put off comes when the thread goes on.
 */
#ifndef THRUM_EXPLORE_REPLAY_H
#define THRUM_EXPLORE_REPLAY_H

#include "explore/reduction.h"
#include "explore/space.h"

struct replay {
    struct space_shape *shape;
    struct space space;
    struct reduction_scratch *scratch; /* or NULL: the moves are of real threads */
    struct state state;                /* the last one */
    uint32_t *names;                   /* by number in `state`: the real thread */
    uint32_t name_count;
    struct micro_steps micro; /* the last step's operations, real threads */
    struct stepped stepped;   /* what the last step did; its deaths have real threads */
    /* The schedule so far. */
    vector(struct explore_step) steps;
    struct micro_steps *pending;    /* by real thread */
    uint32_t last;                  /* real thread that went last, or UINT32_MAX */
    uint32_t preemptions, switches; /* so far */
};

void replay_init(struct replay *replay, struct space_shape *shape,
                 const struct reduction *symmetry);
void replay_fini(struct replay *replay);

/* Performs a move of the present state. */
void replay_step(struct replay *replay, move code);
/* The last step is the end of the schedule: writes out what is still put off for the ends of
 * threads (`ends`), and for the threads given. */
void replay_finish(struct replay *replay, bool ends, const uint32_t *threads, uint32_t count);
/* Hands the steps over; the schedule owns them. */
void replay_take(struct replay *replay, struct explore_schedule *ret_schedule);

#endif
