/*
 * The scenario's real threads, one visible step at a time, with somebody outside choosing who goes;
 * time runs both ways.
 *
 * Every thread of the scenario that can step is a pthread parked at a gate (run/gate.h). A step
 * lets one of them through; it performs its next operation on the one world and parks again.
 * Choices and keyframes are kept (run/timeline.h): going back restores the nearest keyframe and
 * performs the choices after it again, on the caller's thread. A parked thread keeps nothing of the
 * scenario on its own stack, so it neither knows nor minds where in the run the world stands;
 * threads that have ended stay parked too, for they may be asked to live again.
 *
 * Used by one thread. Every call returns when the step is done; a step never waits for time or for
 * another thread.
 */
#ifndef THRUM_RUN_STEPPER_H
#define THRUM_RUN_STEPPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/gil.h"
#include "model/policy.h"
#include "model/step.h"
#include "run/timeline.h"

struct stepper;

struct stepper_options {
    bool no_threads; /* perform everything on the caller's thread: for tests, and where threads are
                        not to be had */
    int64_t gil;     /* ns; above 0: one thread at a time as CPython 3.11 switches them */
};

/* What a step was. */
struct stepper_record {
    uint64_t step;               /* its number, from 0 */
    uint32_t thread;             /* who */
    struct choice choice;        /* how */
    struct operation operation;  /* as it was before */
    const struct effect *effect; /* what it did; lasts until the next step */
    const struct gil *gil; /* what happened to the GIL stands in its events; NULL without one */
};

/* `model` must outlive the stepper. NULL with a sentence when threads could not be started. */
struct stepper *stepper_new(struct model *model, const struct stepper_options *options,
                            struct text *error);
/* Ends the real threads and waits for them. NULL is fine. */
void stepper_free(struct stepper *stepper);

/* The state at the present position; lasts as long as the stepper, changes with every step. */
const struct world *stepper_world(const struct stepper *stepper);
/* Steps behind us, and steps of the line of play. */
uint64_t stepper_position(const struct stepper *stepper);
uint64_t stepper_length(const struct stepper *stepper);
struct timeline *stepper_timeline(struct stepper *stepper);
/* NULL without one. */
const struct gil *stepper_gil(const struct stepper *stepper);
/* Bytes of choices and keyframes. */
size_t stepper_memory(const struct stepper *stepper);
/* Real threads that exist. */
uint32_t stepper_threads(const struct stepper *stepper);

/* For what real threads have done already: steps are performed by the caller, without waking a
 * thread for each, and the GIL has no say in whether one fits. Off at first. */
void stepper_trust(struct stepper *stepper, bool trust);

/* The next step is one of a schedule, and `thread` (UINT32_MAX: nobody) makes the step after it. A
 * schedule may come from a real clock, on which nobody had asked for the GIL yet where the step
 * clock says so: who goes on is not made to give it up. */
void stepper_expect(struct stepper *stepper, uint32_t thread);

/* Whether the thread can do this now; when not, `error` (may be NULL) gets the reason. */
bool stepper_fits(const struct stepper *stepper, uint32_t thread, struct choice choice,
                  struct text *error);
/* What the thread could do now: enum enabled, the GIL considered. */
unsigned stepper_enabled(const struct stepper *stepper, uint32_t thread);

/* Performs one step by its real thread. Chosen otherwise than before at this place, the old future
 * becomes a branch. False with the reason when it does not fit. `ret_forked` (may be NULL): the
 * future after this step is another one. */
bool stepper_step(struct stepper *stepper, uint32_t thread, struct choice choice,
                  struct stepper_record *ret_record, bool *ret_forked, struct text *error);
/* The step that comes next in the line of play, by its real thread. False at its end. */
bool stepper_forward(struct stepper *stepper, struct stepper_record *ret_record);
/* What the policy would choose here. False when nothing can go. */
bool stepper_choose(struct stepper *stepper, struct policy *policy,
                    struct timeline_step *ret_choice);
/* How `thread`, which is there, goes on here; a number that it draws is the policy's. False when it
 * cannot, or only by a time-out. */
bool stepper_choose_for(const struct stepper *stepper, const struct policy *policy, uint32_t thread,
                        struct timeline_step *ret_choice);

/* To any position up to stepper_length(), exactly: the same bytes as when it was first there. */
void stepper_seek(struct stepper *stepper, uint64_t position);
/* Performs the line of play again from here to `position`, on the caller's thread, telling
 * `observe` of each step. */
void stepper_walk(struct stepper *stepper, uint64_t position,
                  void (*observe)(void *context, const struct stepper_record *record),
                  void *context);
/* The line of play becomes the one of a branch. Returns the first step that may differ; the
 * position moves there when it was beyond it. */
uint64_t stepper_switch(struct stepper *stepper, uint32_t branch);

#endif
