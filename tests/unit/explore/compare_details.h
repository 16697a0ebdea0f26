/*
 * What an explorer says beside the verdicts, compared with the naive one: preemptions and switches,
 * shares, points of no return, passing schedules, and what a search that was cut short claims.
 */
#ifndef THRUM_TESTS_COMPARE_DETAILS_H
#define THRUM_TESTS_COMPARE_DETAILS_H

#include "compare.h"

/* Whether a failure is the kind of thing that the naive explorer found; the verdicts are the same.
 */
bool compare_same(const struct explore_failure *mine, const struct naive_finding *theirs);
bool compare_has(const struct explore_result *result, const struct naive_finding *theirs);
/* Each appends what differs. `states`: as many as the naive explorer needs at most. */
void compare_mine(const struct explore_result *result, const struct naive *naive, struct text *out);
void compare_details(const struct explore_result *result, uint64_t states, struct text *out);
void compare_cut(const struct explore_result *result, uint64_t states, struct text *out);

#endif
