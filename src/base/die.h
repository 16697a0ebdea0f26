/* The one place where the program gives up: out of memory, or a defect of ours. */
#ifndef THRUM_BASE_DIE_H
#define THRUM_BASE_DIE_H

#include <stddef.h>
#include <stdnoreturn.h>

/* Called, if set, just before die() ends the process; the terminal is restored there. */
void die_before(void (*hook)(void));

/* Prints "thrum: " and the message on standard error and ends the process with status 3. */
noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc, calloc and realloc that never return NULL: out of memory ends in die(). */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));

#endif
