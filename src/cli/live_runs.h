/* Live runs that nobody looks at: waiting for their end, and counting how they end. */
#ifndef THRUM_CLI_LIVE_RUNS_H
#define THRUM_CLI_LIVE_RUNS_H

#include "explore/explore.h"
#include "session/session.h"

/* Waits until a live session has ended, failed or shown a defect, and tells its status. Stops it
 * when `interrupted` (NULL: never) becomes true. */
void live_run_wait(struct session *session, bool (*interrupted)(void),
                   struct session_status *ret_status);

/* Makes `runs` live runs of the program, one after the other, each with a seed of its own, and
 * counts which outcome and which failures of the result each showed. A run that takes longer than
 * `limit` ns is stopped. `interrupted` (may be NULL) ends it early when it becomes true. */
void live_runs_count(struct explore_result *result, uint64_t runs, int64_t limit, uint64_t seed,
                     bool (*interrupted)(void), struct explore_runs *ret_runs);
/* Frees what live_runs_count() made. */
void live_runs_fini(struct explore_runs *runs);

#endif
