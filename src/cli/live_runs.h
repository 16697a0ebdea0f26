/* How runs on real threads end, for the report of explore. */
#ifndef THRUM_CLI_LIVE_RUNS_H
#define THRUM_CLI_LIVE_RUNS_H

#include "explore/explore.h"

/* Makes `runs` live runs of the program, one after the other, each with a seed of its own, and
 * counts which outcome and which failures of the result each showed. A run that takes longer than
 * `limit` ns is stopped. `interrupted` (may be NULL) ends it early when it becomes true. */
void live_runs_count(struct explore_result *result, uint64_t runs, int64_t limit, uint64_t seed,
                     bool (*interrupted)(void), struct explore_runs *ret_runs);
void live_runs_fini(struct explore_runs *runs);

#endif
