/* Inside explore/: points of no return, and ways round a failure, of spaces too large for their
 * whole graph. */
#ifndef THRUM_EXPLORE_RETURNS_H
#define THRUM_EXPLORE_RETURNS_H

#include "explore/result.h"

/* Gives the failures that have a schedule their point of no return and the nearest schedule that
 * does not fail so, as far as that can be found out within the limits. */
void returns_find(struct exploration *exploration);

#endif
