/*
 * Inside model/: the texts of string values. Append-only; lookups take no lock, entering a new text
 * takes one. A value is the hash of its text (string_value()), so the same text has the same value
 * in every schedule; of two texts of one value the first one entered is kept.
 */
#ifndef THRUM_MODEL_STRINGS_H
#define THRUM_MODEL_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct string_table;

struct string_table *strings_new(void);
void strings_free(struct string_table *table);

/* Enters a text of `length` bytes without zero bytes; returns its value. Any thread. */
int64_t strings_intern(struct string_table *table, const char *text, size_t length);

/* The text of a value, which lives as long as the table; NULL when it was never entered. Any
 * thread, wait-free. */
const char *strings_find(const struct string_table *table, int64_t value);

#endif
