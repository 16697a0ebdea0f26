/* Inside explore/: the simplest schedules, and points of no return, of spaces too large for their
 * whole graph. */
#ifndef THRUM_EXPLORE_SIMPLIFY_H
#define THRUM_EXPLORE_SIMPLIFY_H

#include "explore/result.h"

/* A search was cut short: looks at what few preemptions can do, for failures that it did not come
 * to. Sets result->clean_preemptions when there are none. Before result_collect(). */
void simplify_scout(struct exploration *exploration);
/* Gives each failure the simplest schedule that can be found. */
void simplify_all(struct exploration *exploration);
/* Finds points of no return and nearest passing schedules by searching from states along the
 * schedules. */
void simplify_find_returns(struct exploration *exploration);

#endif
