/* Inside the lexer: its state, and the readers of numbers, strings and odd characters. */
#ifndef THRUM_LANG_SCAN_H
#define THRUM_LANG_SCAN_H

#include "base/vector.h"
#include "lang/lexer.h"

struct scan {
    struct arena *arena;
    const struct source *source;
    struct diagnostics *diagnostics;
    const char *bytes;             /* of the source; zero-terminated */
    uint32_t at;                   /* next byte */
    uint32_t end;                  /* one past the last byte to read */
    vector(struct token) tokens;   /* so far */
    uint32_t open[NESTING_MAX];    /* where the open brackets stand */
    unsigned depth;                /* open brackets */
    unsigned lost_brackets;        /* opened beyond the limit */
    uint32_t indents[NESTING_MAX]; /* columns of the open blocks */
    unsigned indent_count;         /* open blocks */
    bool fresh;                    /* at the start of a line outside brackets */
    bool line_start;               /* no token on this line yet */
    bool too_deep;                 /* in lines beyond the deepest block: reported */
    bool tabbed;                   /* the line before was indented with a tab: reported */
    bool returned;                 /* a carriage return within a line was reported */
    unsigned braces;               /* `{` that were reported and not closed yet */
    bool part;                     /* inside an f-string */
};

/* Is the character at byte `at` one of a name? Digits count, so ask only where a name goes on or
 * where a digit was excluded. */
bool scan_is_name(const struct scan *scan, uint32_t at);

/* Bytes of the character at `at`: 1 to 4. */
uint32_t scan_character(const struct scan *scan, uint32_t at);

/* A terminated copy of a piece of the text. */
const char *scan_intern(struct scan *scan, uint32_t start, uint32_t length);

/* The Unicode code point of the character at `at`. */
uint32_t scan_point(const struct scan *scan, uint32_t at);

/* Adds a token without a value and without a length. */
void scan_push(struct scan *scan, enum token_type type, uint32_t at);

/* INDENT or DEDENTs for a line whose first token stands at `at`, or at `column` (from 0). */
void scan_indent(struct scan *scan, uint32_t at);
void scan_indent_to(struct scan *scan, uint32_t at, uint32_t column);

/* Nanoseconds of the unit with this name; 0 when there is none. */
int64_t scan_unit(const char *name);

void scan_number(struct scan *scan);
bool scan_string_starts(const struct scan *scan);
void scan_string(struct scan *scan);

/* Reports and consumes an operator of Python's or C's that has no use here; false when there is
 * none. What was meant becomes the token where that is clear: `&&` an `and`, `;` a NEWLINE. */
bool scan_foreign_operator(struct scan *scan);

/* Reports and consumes a character that begins no token. */
void scan_bad_character(struct scan *scan);

/* Is there a space here that only looks like one (U+00A0 and its like)? */
bool scan_invisible(const struct scan *scan, uint32_t at);

/* Does an invisible character take up a column (a no-break space) or none (a byte order mark)? */
bool scan_has_width(const struct scan *scan, uint32_t at);

/* The tokens, moved to the arena. */
struct tokens scan_finish(struct scan *scan);

#endif
