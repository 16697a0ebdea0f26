/*
 * What is wrong with a run, found as its steps come in: exceptions that end threads, invariants
 * that are false, sets of threads that are stuck, data races, locks taken in contrary orders, and
 * what `after:` says. Judged on whole states (the shadow world of a live run, the world of a
 * stepping session), put into words, and added to the history.
 *
 * The caller appends a step's records to the history, feeds each of them here, and then lets the
 * state after the step be judged. A judge can go back: assessor_rewind() goes with
 * history_truncate(). All calls under the history's lock, by the thread that appends.
 */
#ifndef THRUM_SESSION_ASSESSOR_H
#define THRUM_SESSION_ASSESSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "model/step.h"
#include "trace/history.h"

struct assessor;

/* `model` and `history` must outlive the judge. With `lock_order` also orders of locks are watched
 * that could lead to a deadlock in another run. */
struct assessor *assessor_new(struct model *model, struct history *history, bool lock_order);
void assessor_free(struct assessor *assessor);

/* The first state, before any step. */
void assessor_begin(struct assessor *assessor, const struct world *world, uint64_t time);
/* A record that was appended, with its index. */
void assessor_record(struct assessor *assessor, uint32_t thread, const struct thrum_event *event,
                     uint64_t index);
/* The state after a step; `event` is the index of the record that carries THRUM_STEP. May append
 * records of its own (STUCK). */
void assessor_step(struct assessor *assessor, const struct world *world, uint32_t thread,
                   const struct operation *operation, const struct effect *effect, uint64_t time,
                   uint64_t event);
/* From now on assessor_step() does not look for stuck threads, assessor_stuck() does: for live
 * runs, where who is stuck stays so and need not be found at the very step. */
void assessor_stuck_on_request(struct assessor *assessor);
/* Looks for stuck threads in this state, and says so when there are new ones; with `only_all`, only
 * when nobody at all can move. True: there are some that have not been said. */
bool assessor_stuck(struct assessor *assessor, const struct world *world, uint64_t time,
                    uint64_t event, bool only_all);
/* What `after:` did: its effect. Call when the run is finished. */
void assessor_after(struct assessor *assessor, const struct effect *effect, uint64_t time);

/* An invariant is false: that ends the run. */
bool assessor_ended(const struct assessor *assessor);
/* Nobody can ever step again. */
bool assessor_all_stuck(const struct assessor *assessor);
/* 1 << enum verdict for each verdict found so far. */
unsigned assessor_verdicts(const struct assessor *assessor);
/* Whether `sometimes` number so-and-so has held in some state so far. */
bool assessor_reached(const struct assessor *assessor, uint32_t sometimes);
/* Whether the thread has been found stuck. */
bool assessor_is_stuck(const struct assessor *assessor, uint32_t thread);

/* The history has been truncated to `count` records: what was found from there on is forgotten. */
void assessor_rewind(struct assessor *assessor, uint64_t count);

#endif
