/* Mistakes in a scenario: collected while it is read, sorted, and printed by one function. */
#ifndef THRUM_LANG_DIAGNOSTIC_H
#define THRUM_LANG_DIAGNOSTIC_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/text.h"
#include "lang/source.h"

enum { DIAGNOSTIC_MAX = 100 }; /* printed and kept; further ones are counted */

struct diagnostic {
    struct span span;    /* what the caret and the tildes mark */
    bool warning;        /* does not prevent running */
    unsigned order;      /* order of reporting, for a stable sort */
    const char *message; /* one line */
    const char *help;    /* what to write instead; NULL for none */
};

struct diagnostics {
    struct arena *arena;         /* where messages live */
    const struct source *source; /* set by source_from_bytes */
    struct diagnostic *items;    /* DIAGNOSTIC_MAX of them */
    unsigned count;              /* kept */
    unsigned errors;             /* reported, kept or not */
    unsigned warnings;           /* reported, kept or not */
    unsigned found;              /* errors, those left out as consequences too */
    bool dropped;                /* the last one reported was not kept */
};

/* Everything kept lies in the arena, which must outlive the diagnostics. */
void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena);

/* Report. A second error that starts at the same byte is a consequence of the first and is left
 * out. */
void diagnostic_error(struct diagnostics *diagnostics, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diagnostic_warning(struct diagnostics *diagnostics, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void diagnostic_report(struct diagnostics *diagnostics, struct span span, bool warning,
                       const char *format, va_list arguments) __attribute__((format(printf, 4, 0)));

/* Adds a help line to the diagnostic just reported; nothing when that one was left out. */
void diagnostic_help(struct diagnostics *diagnostics, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnostic_vhelp(struct diagnostics *diagnostics, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Prints all, in the order of the text:
 *
 *     file:7:9: error: there is no name `countr`
 *         7 |         countr += 1
 *           |         ^~~~~~
 *           = did you mean `counter`?
 */
void diagnostics_print(const struct diagnostics *diagnostics, struct text *out);

/* "did you mean": keeps the nearest of the names offered. Start from all zero but `wanted`. */
struct nearest {
    const char *wanted; /* the name that is unknown */
    const char *best;   /* the nearest name so far; NULL when none is near */
    unsigned distance;  /* of best */
};
void nearest_offer(struct nearest *nearest, const char *name);

#endif
