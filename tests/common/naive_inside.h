/* Inside the naive explorer. */
#ifndef THRUM_TESTS_NAIVE_INSIDE_H
#define THRUM_TESTS_NAIVE_INSIDE_H

#include "naive.h"

enum { NAIVE_NO_EDGE = UINT32_MAX };

/* Enters what was found in a state, or (edge not NAIVE_NO_EDGE) on the way to it. */
void naive_find(struct naive *naive, enum verdict verdict, const char *detail, uint32_t state,
                uint32_t edge);
/* Enters all states of bottom components in which threads that are no daemons take steps. */
void naive_find_livelock(struct naive *naive);

#endif
