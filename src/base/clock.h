/* Time as people count it: nanoseconds of CLOCK_MONOTONIC, and durations as short text. */
#ifndef THRUM_BASE_CLOCK_H
#define THRUM_BASE_CLOCK_H

#include <stdint.h>

#include "base/text.h"

/* Nanoseconds of CLOCK_MONOTONIC. Any thread. */
uint64_t clock_now(void);

/* "12 ns", "3.45 µs", "20 ms", "2.413 s", "3 min 20 s": at most four significant digits. */
void clock_format(struct text *out, int64_t nanoseconds);

#endif
