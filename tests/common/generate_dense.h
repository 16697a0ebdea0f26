/*
 * Random scenarios in which few threads meet at few things, and each thing is named in every way
 * the language has: by its number, a parameter, a local, a computed or shared number, an argument
 * of a function. Each scenario takes a few kinds of statements out of all there are, so that they
 * meet each other; what else there is goes its own way, so that a search has something to leave
 * out. The same seed gives the same text. A few of them are no scenarios: the check refuses them.
 */
#ifndef THRUM_TESTS_GENERATE_DENSE_H
#define THRUM_TESTS_GENERATE_DENSE_H

#include <stdint.h>

#include "base/text.h"

/* Appends the text of a scenario. */
void generate_dense(uint64_t seed, struct text *out);

#endif
