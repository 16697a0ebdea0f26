/* The scenario's text with the lines that threads stand at. */
#ifndef THRUM_VIEW_SOURCE_H
#define THRUM_VIEW_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "view/canvas.h"

/* A thread that stands at a line. */
struct source_mark {
    uint32_t line;      /* from 1 */
    const char *thread; /* its name */
    uint32_t number;    /* its number */
    enum style style;   /* of its state */
};

struct source {
    const char *const *lines; /* without line ends */
    size_t count;             /* of lines */
    uint32_t first;           /* lines of the file left out before these; then `focus` is 0 */
    const struct source_mark *marks; /* in the order of the threads */
    size_t mark_count;
    const uint32_t *breaks; /* lines with a break point */
    size_t break_count;
    const uint32_t *problem_lines; /* lines a problem speaks of */
    size_t problem_count;
    uint32_t focus; /* the line to keep in sight, 0 none */
    uint32_t top;   /* first line shown when there is no focus, from 0 */
};

/* The line, from 0, after the words at the top of the file. */
uint32_t source_code_begins(const struct source *source);

/* Draws the lines; names of threads stand at the right of theirs. Returns the first line shown. */
uint32_t source_draw(const struct region *region, const struct source *source);

#endif
