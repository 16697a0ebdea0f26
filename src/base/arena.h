/* Memory that lives and dies together: one compile, one run. Not thread-safe. */
#ifndef THRUM_BASE_ARENA_H
#define THRUM_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first; each holds its size and fill */
    size_t used;                /* bytes handed out, for limits and statistics */
};

/* An all-zero struct arena is an empty one. Frees everything that was handed out. */
void arena_fini(struct arena *arena);

/* Zeroed memory, aligned for any type; never NULL (out of memory ends the program). */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies of a text, terminated by a zero byte. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define arena_new(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

#endif
