/* A growing text; an all-zero one is empty. Out of memory ends the program, so nothing here fails.
 * Texts that are added are copied and must not lie in the text itself. Not thread-safe. */
#ifndef THRUM_BASE_TEXT_H
#define THRUM_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

struct text {
    char *bytes;     /* zero-terminated, owned; NULL before the first byte */
    size_t length;   /* bytes without the terminator */
    size_t capacity; /* bytes allocated */
};

/* Frees the bytes; the text is empty and can be used again. */
void text_fini(struct text *text);
/* Empties it and keeps the memory. */
void text_clear(struct text *text);
void text_add(struct text *text, const char *more);
/* `length` bytes, zero bytes too. */
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_char(struct text *text, char byte);
/* `count` times the same byte; nothing when count <= 0. */
void text_repeat(struct text *text, char byte, long count);
void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* `more` as a JSON string with its quotes; UTF-8 stays as it is. */
void text_add_json(struct text *text, const char *more);
/* The text, never NULL; until the next change. */
const char *text_bytes(const struct text *text);
/* Hands the text over to the caller, who frees it; the string is empty afterwards. Never NULL. */
char *text_take(struct text *text);

/* Levenshtein distance with transpositions of two short texts, at most `limit` + 1. */
unsigned text_distance(const char *a, const char *b, unsigned limit);

#endif
