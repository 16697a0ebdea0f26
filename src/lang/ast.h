/*
 * The tree of a scenario: what the parser writes, the check annotates and the compiler reads. Which
 * fields a shape uses stands beside the shape; the others are zero. Everything lies in the arena of
 * the compile, or in the source.
 */
#ifndef THRUM_LANG_AST_H
#define THRUM_LANG_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "lang/diagnostic.h"
#include "lang/source.h"

struct type;
struct symbol;
struct method;
struct expr;
struct stmt;

enum { TREE_MAX = 200 }; /* expressions in expressions: what recursion must bear */

enum expr_shape {
    EXPR_ERROR,    /* a mistake, reported already */
    EXPR_INTEGER,  /* number */
    EXPR_DURATION, /* number: nanoseconds */
    EXPR_BOOLEAN,  /* number: 0 or 1 */
    EXPR_NONE,
    EXPR_STRING,        /* text */
    EXPR_FORMAT,        /* items: the pieces, strings and EXPR_PIECE */
    EXPR_PIECE,         /* left: the expression in braces; text: its format or NULL */
    EXPR_NAME,          /* text */
    EXPR_TUPLE,         /* items */
    EXPR_LIST,          /* items */
    EXPR_COMPREHENSION, /* left: the element; text, name_span: the variable; right: what it goes
                           through */
    EXPR_NEGATE,        /* left */
    EXPR_NOT,           /* left */
    EXPR_BINARY,        /* left, infix, right */
    EXPR_COMPARE,       /* items (n), infixes (n-1) */
    EXPR_AND,           /* items */
    EXPR_OR,            /* items */
    EXPR_CONDITIONAL,   /* left if third else right */
    EXPR_INDEX,         /* left[right] */
    EXPR_ATTRIBUTE,     /* left.text */
    EXPR_CALL,          /* left(arguments) */
    EXPR_LAMBDA,        /* lambda: left */
};

enum infix {
    INFIX_ADD,
    INFIX_SUBTRACT,
    INFIX_MULTIPLY,
    INFIX_DIVIDE,
    INFIX_MODULO,
    INFIX_EQUAL,
    INFIX_NOT_EQUAL,
    INFIX_LESS,
    INFIX_LESS_EQUAL,
    INFIX_GREATER,
    INFIX_GREATER_EQUAL,
    INFIX_IS,
    INFIX_IS_NOT,
    INFIX_IN,
    INFIX_NOT_IN,
};

struct argument {
    const char *name;      /* of a keyword argument; NULL for a positional one */
    struct span name_span; /* of name, or of the value */
    struct expr *value;
};

struct expr {
    enum expr_shape shape;
    enum infix infix;
    struct span span;      /* all of it */
    struct span name_span; /* of the attribute's name, the operator or the variable */
    uint16_t depth;        /* longest way down */
    bool bracketed;        /* stood in parentheses */
    uint32_t count;        /* of items or arguments */
    struct expr *left, *right, *third;
    int64_t number;
    const char *text;
    union {
        struct expr **items;
        struct argument *arguments;
    };
    enum infix *infixes; /* EXPR_COMPARE */
    /* Written by the check. */
    const struct type *type;     /* NULL before */
    struct symbol *symbol;       /* EXPR_NAME, EXPR_COMPREHENSION: what it names */
    const struct method *method; /* EXPR_CALL of a method or a known function; EXPR_ATTRIBUTE */
};

struct block {
    struct stmt **items;
    uint32_t count;
};

struct branch {
    struct expr *condition; /* NULL: else */
    struct block body;
};

struct handler_clause {
    struct span span;   /* of the header */
    const char **names; /* the exceptions; none: all */
    struct span *name_spans;
    uint32_t name_count;
    const char *variable; /* after `as`; NULL for none */
    struct span variable_span;
    struct symbol *symbol; /* of variable; set by the check */
    uint32_t mask;         /* of enum exception; set by the check */
    struct block body;
};

struct parameter {
    const char *name;
    struct span span;
    struct expr *value; /* the default; NULL for none */
};

struct expected {
    const char *verdict; /* the word */
    struct span span;
    const char *detail; /* a string or an exception's name; NULL */
    struct span detail_span;
    bool is_string; /* detail was written as a string */
};

enum stmt_shape {
    STMT_ERROR,
    STMT_ASSIGN,  /* items: the targets (one, or more for a tuple); value */
    STMT_AUGMENT, /* items[0] infix= value */
    STMT_EXPR,    /* value */
    STMT_IF,      /* branches */
    STMT_WHILE,   /* value, body */
    STMT_FOR,     /* text, name_span: the variable; value; body */
    STMT_REPEAT,  /* value, body */
    STMT_BREAK,
    STMT_CONTINUE,
    STMT_PASS,
    STMT_RETURN, /* value or NULL */
    STMT_WITH,   /* items, body */
    STMT_TRY,    /* body, handlers, otherwise, finally */
    STMT_RAISE,  /* text: the exception or NULL; value: the message or NULL */
    STMT_ASSERT, /* value, message */
    STMT_ATOMIC, /* body */
    /* Only at the top. */
    STMT_THREAD, /* names, value: the number or NULL; parameters, text: the variable; message: what
                    it goes through */
    STMT_DEF,    /* text, parameters, body */
    STMT_MAIN,   /* body */
    STMT_AFTER,  /* body */
    STMT_INVARIANT, /* value, message */
    STMT_SOMETIMES, /* value, message */
    STMT_EXPECT,    /* expected */
    STMT_OPTION,    /* text: its name; items: its values */
};

struct stmt {
    enum stmt_shape shape;
    enum infix infix; /* STMT_AUGMENT */
    struct span span; /* the statement; of a compound one, its header */
    struct span name_span;
    const char *text;
    struct expr *value, *message;
    struct expr **items;
    uint32_t count; /* of items */
    struct block body, otherwise, finally;
    bool has_otherwise, has_finally, daemon;
    struct branch *branches;
    uint32_t branch_count;
    struct handler_clause *handlers;
    uint32_t handler_count;
    struct parameter *parameters;
    uint32_t parameter_count;
    const char **names; /* STMT_THREAD */
    struct span *name_spans;
    uint32_t name_count;
    struct expected *expected;
    uint32_t expected_count;
    struct symbol *symbol; /* STMT_FOR: its variable; set by the check */
};

struct tree {
    const char *title;       /* first non-empty line of the first string, or NULL */
    const char *explanation; /* the rest, or "" */
    struct block top;
};

/* Reads the whole text. Always returns a tree; mistakes are in `diagnostics`. */
struct tree *parse_source(struct arena *arena, const struct source *source,
                          struct diagnostics *diagnostics);

/* The operator as it is written. */
const char *infix_text(enum infix infix);

#endif
