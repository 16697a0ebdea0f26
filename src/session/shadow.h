/*
 * The shadow world: performs the steps that the merged records tell of, and compares. What differs
 * is a defect of thrum's; the first is kept in words, and from there on the shadow stands still.
 *
 * One thread uses it.
 */
#ifndef THRUM_SESSION_SHADOW_H
#define THRUM_SESSION_SHADOW_H

#include "model/step.h"
#include "session/ops.h"
#include "thrum/event.h"

struct shadow {
    const struct program *program;
    struct model *model;
    struct world *world;
    struct operation operation; /* of the last step performed */
    struct effect effect;       /* likewise */
    uint32_t thread;            /* likewise */
    uint64_t steps;
    uint64_t defects;   /* records that did not fit */
    struct text defect; /* the first of them */
    /* The records of an atomic block that have come so far; only one thread's at a time. */
    vector(struct thrum_event) block;
    /* The schedule: how often the same again, thread and choice kind in one word (see shadow.c);
     * and beside it the values of those that have one. */
    vector(uint32_t) steps_taken;
    vector(int64_t) values;
};

/* `shadow` is all-zero. */
void shadow_init(struct shadow *shadow, const struct program *program, struct model *model);
void shadow_fini(struct shadow *shadow);

/* Takes the next record in merged order. True: a step has been performed, see operation and effect.
 */
bool shadow_take(struct shadow *shadow, uint32_t thread, const struct thrum_event *event);

/* Appends the steps so far. */
void shadow_schedule(const struct shadow *shadow, struct session_schedule *ret_schedule);

#endif
