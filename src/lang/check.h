/*
 * The check: what each name is, the kind of every expression, and whether the program makes sense.
 * It annotates the tree and leaves tables of symbols and bodies for the compiler.
 *
 * Kinds are found by going over all bodies until nothing changes any more (a kind only ever grows),
 * silently; then one more pass reports.
 */
#ifndef THRUM_LANG_CHECK_H
#define THRUM_LANG_CHECK_H

#include "base/vector.h"
#include "lang/ast.h"
#include "lang/diagnostic.h"
#include "lang/types.h"

enum {
    LOCALS_MAX = 1000,     /* names in one body */
    FUNCTIONS_MAX = 4096,  /* bodies in all */
    LIST_MAX = 65536,      /* elements of a list */
    LOCAL_LIST_MAX = 1024, /* slots of a local list */
    ARGUMENTS_MAX = 32,    /* slots of the arguments of one call */
    OBJECTS_MAX = 65536,   /* synchronisation objects */
};

enum effect_mask {
    EFFECT_CHANGE = 1,  /* writes shared data or changes an object */
    EFFECT_BLOCK = 2,   /* may wait */
    EFFECT_TIME = 4,    /* takes time or gives up the processor */
    EFFECT_RANDOM = 8,  /* randint */
    EFFECT_SAY = 16,    /* print, note */
    EFFECT_ATOMIC = 32, /* has an atomic: block */
};

enum {
    OF_THREAD = 1 << 30,
    OF_ATOMIC = 1 << 29,
};
#define OF(class) (1 << OBJECT_##class)

enum callable {
#define METHOD(id, receiver, name, parameters, result, effects) CALL_##id,
#define BUILTIN(id, name, parameters, result, effects)          CALL_##id,
#include "lang/methods.def"
    CALLABLES
};

/* A row of methods.def. */
struct method {
    enum callable id;
    int32_t receiver; /* mask of classes; 0: a function of the language */
    const char *name;
    const char *parameters;    /* "name:kind=" each; "*": looked at by code of its own */
    const struct type *result; /* UNKNOWN: depends on the arguments */
    unsigned effects;
};

struct method_parameter {
    char name[16];
    char kind; /* see methods.def */
    bool may_omit;
};
enum { METHOD_PARAMETERS = 2 };

/* Its parameters; returns their number, at most METHOD_PARAMETERS. */
unsigned method_parameters(const struct method *method, struct method_parameter *parameters);

/* Which parameter argument `index` of the call is for; -1 for none such. The second is for calls
 * of a `def`. */
int method_place(const struct method *method, const struct expr *call, uint32_t index);
int function_place(const struct stmt *def, const struct expr *call, uint32_t index);

/* The argument called `name` of a call, or the one at `position`; NULL when it is not given. */
struct expr *call_argument_named(const struct expr *call, const char *name, int position);

enum symbol_shape {
    SYMBOL_BROKEN,   /* its declaration was wrong */
    SYMBOL_VARIABLE, /* shared; type is a list's for a list */
    SYMBOL_OBJECT,   /* an object or a list of them */
    SYMBOL_THREAD,   /* a declared thread or a group */
    SYMBOL_FUNCTION,
    SYMBOL_LOCAL, /* a local, a parameter or a loop variable */
};

struct body;

struct symbol {
    enum symbol_shape shape;
    const char *name;
    struct span span; /* where it was made */
    const struct type *type;
    uint32_t first;       /* first cell, object or thread */
    uint32_t index;       /* SYMBOL_LOCAL: number in its body; SYMBOL_VARIABLE: in the program */
    bool made;            /* at the top: its line has been passed */
    bool atomic;          /* SYMBOL_VARIABLE: made by Atomic() */
    bool assigned;        /* in some body, parameters: after entry */
    bool read;            /* SYMBOL_LOCAL: somewhere */
    bool parameter;       /* SYMBOL_LOCAL: gets its value from outside */
    bool loop;            /* SYMBOL_LOCAL: of a for or a comprehension: may be unread */
    struct body *body;    /* SYMBOL_FUNCTION */
    const int64_t *bound; /* a comprehension variable, while a list at the top is evaluated */
    uint16_t slot;        /* SYMBOL_LOCAL: set by the compiler */
};

/* Names to symbols; open addressing. */
struct names {
    struct symbol **slots;
    uint32_t room, count;
};
void names_add(struct names *names, struct symbol *symbol);
struct symbol *names_find(const struct names *names, const char *name);
void names_fini(struct names *names);

enum body_shape { BODY_THREAD, BODY_MAIN, BODY_DEF, BODY_AFTER, BODY_INVARIANT, BODY_SOMETIMES };

struct body {
    enum body_shape shape;
    struct stmt *stmt;
    const char *name;
    uint32_t index;                 /* its function in the program, when reached */
    struct names names;             /* locals */
    vector(struct symbol *) locals; /* by index */
    const struct type *result;      /* BODY_DEF: of its returns */
    bool falls_off;                 /* its end can be reached */
    bool reached;                   /* called, or a thread's */
    bool recursive;
    uint8_t visited;             /* by the compiler: 1 waiting for its callees, 2 done */
    unsigned effects;            /* its own and its callees' */
    vector(struct body *) calls; /* whom it calls, once each */
    int64_t **defaults;          /* BODY_DEF: constant defaults, or NULL */
};

struct thread_plan {
    const char *name, *group;
    uint32_t group_index;
    struct body *body;
    struct span span;
    bool daemon;
    bool made_only;       /* by Thread(…) at the top */
    bool has_name;        /* made_only: name= was given */
    uint32_t made_number; /* made_only: how many were made before */
    int64_t *parameters;  /* the words of its parameters, or NULL */
    uint32_t parameter_count;
};

/* A value known before the run: `type_width(type)` words, as program.h says what a word means. */
struct value {
    const struct type *type;
    int64_t *words;
};

struct check {
    struct arena *arena; /* of the compile */
    struct arena *keep;  /* of the program */
    const struct source *source;
    struct diagnostics *diagnostics;
    struct tree *tree;
    struct names names;              /* at the top */
    vector(struct symbol *) symbols; /* at the top, in the order of the file */
    vector(struct body *) bodies;
    vector(struct object) objects;
    vector(struct thread_plan) threads;
    uint32_t made_threads;         /* by Thread(…) at the top */
    uint32_t unnamed_threads;      /* of these, without name= */
    const struct expr *making;     /* the Thread(…) at the top that is looked at */
    vector(int64_t) cells;         /* first values */
    vector(const char *) strings;  /* texts of string values, for the program */
    vector(int64_t) string_values; /* the value of each */
    uint32_t *string_slots;        /* open addressing by value: 1 + index into strings, 0 free */
    uint32_t string_room;          /* a power of two */
    struct body *body;             /* the one looked at; NULL at the top */
    struct body *main_body, *after_body;
    vector(struct body *) actions;    /* of barriers; an object's action is an index into it until
                                         it is compiled */
    struct stmt *loop;                /* the innermost loop */
    unsigned handling;                /* except blocks around */
    bool reporting;                   /* the last pass: what is wrong is said */
    bool changed;                     /* a kind has grown in this pass */
    bool final;                       /* what is still unknown is None */
    unsigned forbidden;               /* effects not allowed here */
    const char *where;                /* … in words: "an atomic block" */
    struct program *program;          /* options, title, expectations go straight in */
    struct symbol *comprehension[64]; /* open comprehension variables */
    unsigned comprehension_count;
    const struct expr *iterated; /* what a loop goes through: range may stand there */
    struct span lost;            /* the first value whose kind is not known in the end */
    int64_t budget;              /* words that evaluate() may still make */
};

/* Everything: fills the tables, reports. True when there was no error. */
bool check_tree(struct check *check);

/* check_top.c */
void check_declare(struct check *check);
void check_make(struct check *check);

/* check_objects.c */
/* True when the value makes objects: then they are made, or it was reported. */
bool check_make_objects(struct check *check, struct symbol *symbol, struct expr *value);
/* check_made.c: likewise for threads made by Thread(…). */
bool check_make_threads(struct check *check, struct symbol *symbol, struct expr *value);
/* Is it `name(…)`, and the name the language's own? */
bool check_is_call(struct check *check, const struct expr *expr, const char *name);
/* An integer known before the run; false when it was reported. */
bool check_number(struct check *check, struct expr *value, const char *what, int64_t *ret_number);

/* check_options.c */
void check_expectations(struct check *check);
void check_options(struct check *check);

/* check_names.c: locals of every body; then, in passes, the symbol of a name. */
void check_collect(struct check *check, struct body *body);
struct symbol *check_name(struct check *check, struct expr *expr);
struct symbol *check_lookup(struct check *check, const char *name);

/* Habits of other languages (check_habits.c). */
bool check_python_name(const char *name);       /* a function of Python's that is none here */
const char *check_other_word(const char *name); /* `true`: "True"; NULL for none */
/* The help line for `attribute`, which what stands before it does not have. `mask`: its class, 0
 * for none. */
void check_offer_method(struct check *check, const struct expr *attribute, int32_t mask);

/* The help line for a name that there is not: the nearest that there is. */
void check_suggest(struct check *check, const char *name);
/* A call of `threading.Lock` is an error, and from then on a call of `Lock`: so that what follows
 * is still checked. Before the name is looked at. */
void check_drop_module(struct check *check, struct expr *call);
struct symbol *check_new_local(struct check *check, struct body *body, const char *name,
                               struct span span);

/* check_infix.c: EXPR_BINARY and EXPR_COMPARE. Report what does not fit; `type_error` then. */
const struct type *check_binary(struct check *check, struct expr *expr);
const struct type *check_compare(struct check *check, struct expr *expr);
/* The instruction of an arithmetic operator, one that EXPR_BINARY can have. */
uint8_t check_opcode(enum infix infix);

/* check_expr.c */
/* Finds the kind of the expression and of all in it, notes it in `type` and returns it, never NULL:
 * `type_error` after a mistake, which was reported. */
const struct type *check_expr(struct check *check, struct expr *expr);
/* The expression as a condition; reports what is always true. */
void check_condition(struct check *check, struct expr *expr);
/* Must be of this kind; reports. `what` as in "the index". */
bool check_is(struct check *check, struct expr *expr, const struct type *type,
              const struct type *wanted, const char *what);
/* Must be a duration, or a number of seconds; reports. */
void check_time(struct check *check, struct expr *expr, bool none_allowed, const char *what);
/* Warns of an index that is known before the run and outside the list. */
void check_in_range(struct check *check, struct expr *index, const struct type *list);
/* Reports what cannot be printed: a list that is too long. */
void check_printable(struct check *check, struct expr *expr);
/* Length of range(…); -1 when not known before the run. */
int64_t check_range_length(struct check *check, const struct expr *call);
/* A call of range(…), which has a kind only after `in`. */
bool check_is_range(const struct check *check, const struct expr *expr);
/* The kind of what a for loop or comprehension goes through, per element. */
const struct type *check_iterable(struct check *check, struct expr *expr, int64_t *ret_length);

/* check_call.c */
const struct type *check_call(struct check *check, struct expr *expr);
const struct type *check_attribute(struct check *check, struct expr *expr);
const struct method *check_builtin(const char *name);
const struct method *check_method(int32_t receiver, const char *name);
/* Offers the methods of these classes as the name that was meant. */
void check_offer_methods(struct nearest *nearest, int32_t receiver);
/* Notes that the body does this (a set of enum effect_mask), and reports what may not be done where
 * it stands. `what` as in "`sleep`". */
void check_effects(struct check *check, struct span span, unsigned effects, const char *what);
/* The class named, or -1. */
int check_class(const char *name);
/* True for a class of Python that is not there yet (Queue, Timer …); then it was reported. */
bool check_unsupported(struct check *check, const char *name, struct span span);

/* check_stmt.c */
void check_block(struct check *check, struct block *block);
/* Kind of the exception named, EXCEPTION_NONE when unknown. */
enum exception check_exception(const char *name);

/* check_flow.c: what is assigned where, what is never read, what can end. */
void check_flow(struct check *check, struct body *body);

/* evaluate.c: values known before the run. The words lie in the program's arena. False when it is
 * not known, which was reported: by this, or as a mistake before. Only at the top. */
bool evaluate(struct check *check, struct expr *expr, struct value *ret_value);
/* An integer, also inside bodies. False when it is not known; reports nothing. */
bool evaluate_integer(struct check *check, const struct expr *expr, int64_t *ret_number);
/* The value of a string, noted for the program. */
int64_t check_string(struct check *check, const char *text);
const char *check_string_text(struct check *check, int64_t value);

/* Reports only in the reporting pass. True when it was reported. */
bool check_error(struct check *check, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_help(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_warning(struct check *check, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
