/* Inside explore/: the simplest schedules of spaces too large for their whole graph. */
#ifndef THRUM_EXPLORE_SIMPLIFY_H
#define THRUM_EXPLORE_SIMPLIFY_H

#include "explore/result.h"

/* A search was cut short: looks at what few preemptions can do, for failures that it did not come
 * to. Sets result->clean_preemptions when there are none. Before result_collect(). */
void simplify_scout(struct exploration *exploration);
/* Gives each failure the simplest schedule that can be found. */
void simplify_all(struct exploration *exploration);

#endif
