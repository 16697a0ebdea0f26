/* A scenario's text: read, checked for size and UTF-8, and divided into lines. */
#ifndef THRUM_LANG_SOURCE_H
#define THRUM_LANG_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { SOURCE_MAX = 1024 * 1024 }; /* bytes of one file */

/* A piece of the text, as byte offsets: start … end-1. */
struct span {
    uint32_t start; /* first byte */
    uint32_t end;   /* one past the last byte */
};

struct source {
    const char *path;    /* as messages print it */
    char *bytes;         /* the text, zero-terminated; belongs to the arena */
    uint32_t length;     /* bytes without the terminator */
    uint32_t *lines;     /* offset of the first byte of each line */
    uint32_t line_count; /* at least 1 */
};

struct place {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters (code points) */
};

struct diagnostics;

/* Takes a copy of `bytes`. Everything lives in `arena`. Faults of the text itself (too long, not
 * UTF-8, a zero byte) are reported to `diagnostics`; then NULL is returned. */
struct source *source_from_bytes(struct arena *arena, const char *path, const char *bytes,
                                 size_t length, struct diagnostics *diagnostics);

/* Bytes of the UTF-8 character at `bytes`, of which `left` (at least 1) are there: 1 to 4, or 0
 * when it is none (overlong, a surrogate, too large, cut short). */
unsigned source_sequence(const char *bytes, size_t left);

/* Line and column of a byte offset. */
struct place source_place(const struct source *source, uint32_t offset);

/* The same as a POSITION of model/program.h; cheap also in very long lines. */
uint32_t source_position(const struct source *source, uint32_t offset);

/* The bytes of line `line` (from 1) without its line end. */
struct span source_line(const struct source *source, uint32_t line);

#endif
