/*
 * Follows one live run: a thread of its own drains the rings each millisecond, merges the records,
 * performs the same steps on a world of its own (the shadow), compares what was seen, appends to
 * the history, and judges: invariants, exceptions, races, lock order, who is stuck, `after:`.
 *
 * Threads: the follower's thread writes; whoever else looks at what stands behind follower_lock()
 * takes it. follower_lock() is let in within a few milliseconds however much there is to follow.
 */
#ifndef THRUM_SESSION_FOLLOWER_H
#define THRUM_SESSION_FOLLOWER_H

#include "session/ops.h"
#include "trace/history.h"

struct follower;

/* Starts a run and follows it. Never NULL. */
struct follower *follower_new(const struct program *program, struct model *model,
                              const struct session_options *options);
/* Asks run and follower to end. Does not wait. */
void follower_quit(struct follower *follower);
/* The same, and what has not been merged by now need not be: nobody will look at it. */
void follower_abandon(struct follower *follower);
/* Whether both have ended. */
bool follower_done(const struct follower *follower);
/* It must be done. NULL is fine. */
void follower_free(struct follower *follower);

void follower_lock(struct follower *follower);
void follower_unlock(struct follower *follower);

/* Under the lock. */
struct history *follower_history(struct follower *follower);
const struct world *follower_world(struct follower *follower);
bool follower_reached(struct follower *follower, uint32_t sometimes);
/* The steps so far; appended to an empty schedule. */
void follower_schedule(struct follower *follower, struct session_schedule *ret_schedule);

/* Any time. */
struct run *follower_run(struct follower *follower);
/* Everything of it that has to do with this run. */
void follower_status(struct follower *follower, struct session_status *ret_status);
/* A number that grows with each change; the parts of session_change that changed since `*seen` is
 * told by the bits. */
unsigned follower_changes(struct follower *follower);

#endif
