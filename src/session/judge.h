/*
 * What is wrong with a run, found as its steps come in: exceptions that end threads, invariants
 * that are false, sets of threads that are stuck, data races, locks taken in contrary orders, and
 * what `after:` says. Judged on whole states (the shadow world of a live run, the world of a
 * stepping session), put into words, and added to the history.
 *
 * The caller appends a step's records to the history, feeds each of them here, and then lets the
 * state after the step be judged. A judge can go back: judge_rewind() goes with history_truncate().
 * All calls under the history's lock, by the thread that appends.
 */
#ifndef THRUM_SESSION_JUDGE_H
#define THRUM_SESSION_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/step.h"
#include "trace/history.h"

struct judge;

/* `model` and `history` must outlive the judge. With `lock_order` also orders of locks are watched
 * that could lead to a deadlock in another run. */
struct judge *judge_new(struct model *model, struct history *history, bool lock_order);
void judge_free(struct judge *judge);

/* The first state, before any step. */
void judge_begin(struct judge *judge, const struct world *world, uint64_t time);
/* A record that was appended, with its index. */
void judge_record(struct judge *judge, uint32_t thread, const struct thrum_event *event,
                  uint64_t index);
/* The state after a step; `event` is the index of the record that carries THRUM_STEP. May append
 * records of its own (STUCK). */
void judge_step(struct judge *judge, const struct world *world, uint32_t thread,
                const struct operation *operation, const struct effect *effect, uint64_t time,
                uint64_t event);
/* What `after:` did: its effect. Call when the run is finished. */
void judge_after(struct judge *judge, const struct effect *effect, uint64_t time);

/* An invariant is false: that ends the run. */
bool judge_ended(const struct judge *judge);
/* Nobody can ever step again. */
bool judge_all_stuck(const struct judge *judge);
/* 1 << enum verdict for each verdict found so far. */
unsigned judge_verdicts(const struct judge *judge);
/* Whether the thread has been found stuck. */
bool judge_is_stuck(const struct judge *judge, uint32_t thread);

/* The history has been truncated to `count` records: what was found from there on is forgotten. */
void judge_rewind(struct judge *judge, uint64_t count);

#endif
