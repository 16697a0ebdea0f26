/* Whether the explorer finds exactly what the naive one finds. */
#ifndef THRUM_TESTS_COMPARE_H
#define THRUM_TESTS_COMPARE_H

#include "explore/explore.h"
#include "naive.h"

/* Explores the program both ways. False when they differ: `out` says how. True also when the naive
 * explorer does not get to the end within `states`; *ret_compared then is false. */
bool compare_with_naive(const struct program *program, const struct explore_request *request,
                        uint64_t states, struct text *out, bool *ret_compared);

/* Asks the outlook where each step of each state leads, and compares with the naive explorer. As
 * above. */
bool compare_outlook(const struct program *program, uint64_t states, struct text *out,
                     bool *ret_compared);

/* Performs each schedule of the result with the model alone: its failure must be there at its end,
 * its steps possible, its counts right. False: `out` says which is not. */
bool check_schedules(const struct explore_result *result, struct text *out);

#endif
