/* Text to tokens: indentation becomes INDENT and DEDENT, open brackets join lines. */
#ifndef THRUM_LANG_LEXER_H
#define THRUM_LANG_LEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "lang/diagnostic.h"
#include "lang/source.h"

enum token_type {
#define TOKEN(name, text) TOKEN_##name,
#include "lang/token.def"
    TOKEN_TYPES
};

/* How a message names a token of this type: "`(`", "the end of the line". */
const char *token_name(enum token_type type);

/* The message for a word of Python's that has no use here; NULL for other tokens. */
const char *token_foreign(enum token_type type);

enum {
    NESTING_MAX = 64,    /* brackets in brackets, blocks in blocks */
    IDENTIFIER_MAX = 60, /* bytes of a name */
};

struct token {
    enum token_type type;
    struct span span;
    union {
        int64_t number;   /* INTEGER: its value; DURATION: nanoseconds */
        const char *text; /* NAME: the name; STRING: the decoded value */
        struct span body; /* FSTRING: what stands between the quotes */
    };
    bool raw;        /* FSTRING: written rf'…' */
    bool smallest;   /* INTEGER: is 2**63, which only `-` makes representable */
    uint32_t length; /* STRING: bytes of text */
};

/* They lie in the arena that they were read into. */
struct tokens {
    struct token *items; /* the last is END */
    uint32_t count;
};

/* The tokens of a whole file. Mistakes are reported, with an ERROR token where a token is missing.
 */
struct tokens lexer_read(struct arena *arena, const struct source *source,
                         struct diagnostics *diagnostics);

/* The tokens of an expression inside an f-string; no NEWLINE, INDENT or DEDENT. */
struct tokens lexer_read_part(struct arena *arena, const struct source *source,
                              struct diagnostics *diagnostics, struct span part);

/* Decodes escapes of a piece of a string literal. Returns the bytes put into `out`, which has
 * room for as many bytes as the span. */
uint32_t lexer_decode(const struct source *source, struct diagnostics *diagnostics,
                      struct span piece, bool raw, bool braces, char *out);

#endif
