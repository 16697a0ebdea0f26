/* Inside the parser: its state, and what its files ask of each other. */
#ifndef THRUM_LANG_PARSE_H
#define THRUM_LANG_PARSE_H

#include "base/vector.h"
#include "lang/ast.h"
#include "lang/lexer.h"

struct parser {
    struct arena *arena;
    const struct source *source;
    struct diagnostics *diagnostics;
    struct token *tokens;
    uint32_t at;     /* the next token */
    unsigned depth;  /* of recursion now */
    unsigned blocks; /* open blocks */
    bool failed;     /* a mistake in this statement was reported: say no more until it ends */
    bool orphaned;   /* a block was lost that an `else` or an `except` may belong to */
};

static inline const struct token *peek(const struct parser *parser)
{
    return &parser->tokens[parser->at];
}

/* The token `ahead` further on; the last one is END for ever. */
const struct token *parse_peek_at(const struct parser *parser, uint32_t ahead);
/* Consumes the next token, unless it is END. */
const struct token *parse_next(struct parser *parser);
bool parse_accept(struct parser *parser, enum token_type type);
/* Consumes a token of this type or reports what is missing after what. */
bool parse_expect(struct parser *parser, enum token_type type, const char *where);
bool parse_at_word(const struct parser *parser, const char *word);

/* Reports, once a statement. Returns whether it was reported. */
bool parse_error(struct parser *parser, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct span span_join(struct span a, struct span b);

/* A word that was meant as another, at the start of a line that opens a block (`whlie x:`) or that
 * declares
 * (`int x = 0`): reported, and the token made what was meant, so that the rest is read. */
void parse_respell(struct parser *parser);
/* After an expression that names no word of the language: `retrun x`, `print x`. */
bool parse_misspelt(struct parser *parser, const struct expr *expr);
/* A condition on a line of its own: `=` in it is a mistake. */
struct expr *parse_condition(struct parser *parser);

/* `main`, `after` or `atomic` alone on a line above an indented block. */
bool parse_lacks_colon(const struct parser *parser);

/* Expressions. Never NULL. */
struct expr *parse_expr(struct parser *parser);
/* An expression without `… if … else` outside brackets. */
struct expr *parse_disjunction(struct parser *parser);
/* An expression or, with commas, a tuple without parentheses. */
struct expr *parse_expr_list(struct parser *parser);
struct expr *parse_new(struct parser *parser, enum expr_shape shape, struct span span);
/* Sets the depth from the children; reports a tree that is too deep. */
struct expr *parse_deepen(struct parser *parser, struct expr *expr);
struct expr *parse_fstring(struct parser *parser, const struct token *token);
/* Strings next to each other, f-strings included. */
struct expr *parse_strings(struct parser *parser);
struct expr *parse_atom(struct parser *parser);

/* Statements. */
struct stmt *parse_statement(struct parser *parser, bool top);
struct stmt *
parse_top(struct parser *parser); /* NULL: not one of those that only stand at the top */
struct block parse_block(struct parser *parser, const char *after);
struct stmt *parse_new_stmt(struct parser *parser, enum stmt_shape shape, struct span span);
/* After a simple statement: the end of the line. False when something else stood there or the
 * statement had failed before. */
bool parse_end_of_line(struct parser *parser);
struct parameter *parse_parameters(struct parser *parser, uint32_t *ret_count);

/* Copies a vector to the arena. */
#define parse_keep(parser, v, ret_items, ret_count)                                                \
    do {                                                                                           \
        (ret_count) = (uint32_t)(v)->count;                                                        \
        (ret_items) = arena_alloc((parser)->arena, (v)->count * sizeof *(v)->items + 1);           \
        if ((v)->count)                                                                            \
            memcpy((ret_items), (v)->items, (v)->count * sizeof *(v)->items);                      \
        vector_fini(v);                                                                            \
    } while (0)

#endif
