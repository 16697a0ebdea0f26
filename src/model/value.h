/* Values as Python prints them. */
#ifndef THRUM_MODEL_VALUE_H
#define THRUM_MODEL_VALUE_H

#include "model/world.h"

/* Appends str() of a value, or its repr() when `quoted`. `world` may be NULL; it knows the names of
 * made threads. */
void value_text(const struct model *model, const struct world *world, enum kind kind, bool optional,
                bool quoted, int64_t value, struct text *out);

/* Is this a format specification of Python's (`>5`, `04x`, `,`) for a number or for other text? */
bool value_spec_fits(const char *spec, bool number);

/* Appends a duration as the language writes it: "5ms", "1.5s", "200us", "0s". */
void duration_text(int64_t nanoseconds, struct text *out);

#endif
