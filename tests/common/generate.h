/*
 * Random scenarios: valid by construction, small enough to search, with everything the language
 * has. What they do makes no sense; errors, deadlocks and races in them are welcome. The same seed
 * and size give the same text.
 */
#ifndef THRUM_TESTS_GENERATE_H
#define THRUM_TESTS_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct generate_options {
    unsigned threads;    /* declared ones, at most; 0: 3 */
    unsigned statements; /* of a body, at most; 0: 3 */
    unsigned depth;      /* nesting of statements, at most; 0: 2 */
    bool no_start;       /* no Thread(...) */
    bool no_random;      /* no randint() */
    bool no_timed;       /* no time-outs */
    bool short_times;    /* sleeps and time-outs of microseconds, for live runs */
};

/* Appends the text of a scenario. `options` may be NULL. */
void generate_scenario(uint64_t seed, const struct generate_options *options, struct text *out);

#endif
