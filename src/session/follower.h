/*
 * Follows one live run: a thread of its own makes the run's threads and joins them; in between it
 * drains the rings each millisecond, merges the records, performs the same steps on a world of its
 * own (the shadow), compares what was seen, appends to the history, and judges: invariants,
 * exceptions, races, lock order, who is stuck, `after:`.
 *
 * Threads: the follower's thread writes; whoever else looks at what stands behind follower_lock()
 * takes it. follower_lock() is let in within a few milliseconds however much there is to follow.
 * All functions here are for one thread at a time, the session's.
 */
#ifndef THRUM_SESSION_FOLLOWER_H
#define THRUM_SESSION_FOLLOWER_H

#include "session/ops.h"
#include "trace/history.h"

struct follower;

/* Starts a run and follows it; does not wait for its threads to be made. `program` and `model` must
 * outlive it, and so must what options->runs points to. Never NULL: what could not be started is in
 * the status ("error"). */
struct follower *follower_new(const struct program *program, struct model *model,
                              const struct session_options *options);
/* Asks run and follower to end, and to judge all that happened up to then. Does not wait. */
void follower_quit(struct follower *follower);
/* The same, and what has not been merged by now need not be: nobody will look at it. */
void follower_abandon(struct follower *follower);
/* Whether both have ended, and the kernel has let go of the run's threads. */
bool follower_done(const struct follower *follower);
/* Waits until it is done, which it must have been asked for. NULL is fine. */
void follower_free(struct follower *follower);

/* Keeps the follower from changing what is told under the lock. */
void follower_lock(struct follower *follower);
void follower_unlock(struct follower *follower);

/* Under the lock; what is returned lives as long as the follower. */
struct history *follower_history(struct follower *follower);
const struct world *follower_world(struct follower *follower);
/* Whether `sometimes` number so-and-so of the program has held in some state so far. */
bool follower_reached(struct follower *follower, uint32_t sometimes);
/* The steps so far; appended to an empty schedule. */
void follower_schedule(struct follower *follower, struct session_schedule *ret_schedule);

/* Not under the lock. */
/* The run, to steer and to ask; it lives as long as the follower. */
struct run *follower_run(struct follower *follower);
/* Fills in all that has to do with this run; the rest (what was asked for) is the session's. */
void follower_status(struct follower *follower, struct session_status *ret_status);
/* What has changed since the last call: enum session_change bits. */
unsigned follower_changes(struct follower *follower);

#endif
