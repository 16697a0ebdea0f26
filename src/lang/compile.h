/*
 * Inside the compiler: from the checked tree to instructions.
 *
 * Slots of a frame: the return slot of a def, parameters, locals, then temporaries, used like a
 * stack (`top`). Jumps whose target is not known yet form a chain through their `d`: -1 ends it,
 * -(pc + 2) is the one before.
 */
#ifndef THRUM_LANG_COMPILE_H
#define THRUM_LANG_COMPILE_H

#include "lang/check.h"
#include "model/program.h"

enum { FRAME_MAX = 4096, NO_JUMPS = -1 };

/* Which things or slots an instruction may touch beyond its operands: the list behind a computed
 * index. */
struct extent {
    uint32_t first, count;
};

/* Operand `t` of an instruction. */
struct thing {
    int32_t d;
    uint16_t b;
    struct extent extent; /* of cells or objects; used when b is a slot */
    bool atomic;          /* a cell of an Atomic */
    uint8_t width;        /* cells */
};

enum scope_shape { SCOPE_LOOP, SCOPE_WITH, SCOPE_TRY, SCOPE_FINALLY };

/* What surrounds the statement being compiled, innermost first. */
struct scope {
    enum scope_shape shape;
    struct scope *outer;
    int32_t breaks, continues;     /* SCOPE_LOOP: chains */
    struct thing object;           /* SCOPE_WITH */
    struct block *finally;         /* SCOPE_FINALLY */
    uint32_t range_start;          /* of the handled code not yet in `ranges` */
    vector(struct handler) ranges; /* handled code; the handler's pc is filled in last */
    uint16_t kind_slot, message_slot;
    uint32_t source;
};

/* Where threads are made and functions called, to bound the number of threads. */
struct site {
    struct body *callee;
    uint32_t times; /* in one run of the body, at most MAX_THREADS */
    bool thread;    /* made as a thread */
};

struct compiled {
    struct body *body;
    struct function function;
    vector(struct handler) handlers;
    vector(struct site) sites;
    uint32_t total; /* threads that one run of it makes, at most MAX_THREADS */
    bool counting, counted;
    bool makes_any;      /* a Thread(...) can be reached from here */
    bool always_visible; /* no way through it without a visible operation */
    bool done;
};

struct compiler {
    struct check *check;
    struct arena *arena; /* scratch */
    struct program *program;
    vector(struct instruction) code;
    vector(struct extent) extents; /* one a pc */
    vector(int64_t) constants;
    uint32_t *constant_slots; /* open addressing: 1 + index */
    uint32_t constant_room;
    vector(struct format) formats;
    uint32_t scalar_formats[KINDS][2]; /* 1 + index */
    vector(struct atomic_block) atomics;
    struct compiled *functions;
    uint32_t function_count;
    struct compiled *current;
    struct scope *scope;
    uint32_t top, high;                   /* next free slot, most used */
    int32_t ends;                         /* chain of jumps to the end of a thread's body */
    uint16_t caught_kind, caught_message; /* of the innermost except block; NO_SLOT: none */
    uint64_t times;   /* how often the code here runs in one run of the body, at most MAX_THREADS */
    bool overflow;    /* too much code or too many slots: reported */
    struct span last; /* where `last_position` is */
    uint32_t last_position;
};

/* code.c. Nothing here fails: what is too large is reported once, sets `overflow`, and what is
 * emitted from then on is thrown away. */
/* Appends an instruction, said to come from `span`. Returns its pc. */
uint32_t code_emit(struct compiler *compiler, struct instruction instruction, struct span span);
/* The same for one with an operand `t`. */
uint32_t code_thing(struct compiler *compiler, enum opcode op, uint16_t a, struct thing thing,
                    uint16_t c, uint8_t x, struct span span);
/* A number, or the value of a text, into a slot. */
void code_constant(struct compiler *compiler, uint16_t slot, int64_t value, struct span span);
void code_string(struct compiler *compiler, uint16_t slot, const char *text, struct span span);
/* `width` slots; any number, and the two may overlap only when `to` is below `from`. */
void code_move(struct compiler *compiler, uint16_t to, uint16_t from, uint32_t width,
               struct span span);
/* Jumps whose target comes later: they join the chain, and code_patch() lets all of a chain go on
 * here. A chain begins as NO_JUMPS. */
void code_jump(struct compiler *compiler, int32_t *chain, struct span span);
void code_jump_on(struct compiler *compiler, bool when, uint16_t slot, int32_t *chain,
                  struct span span);
void code_patch(struct compiler *compiler, int32_t chain);
/* A jump to a pc that is known. */
void code_jump_back(struct compiler *compiler, uint32_t to, struct span span);
/* Raises an exception with this message. */
void code_raise(struct compiler *compiler, enum exception exception, const char *message,
                struct span span);
/* The pc of the next instruction. */
uint32_t code_here(const struct compiler *compiler);
/* Takes temporaries: the first of `width` slots in a row. Setting `top` back gives them back. */
uint16_t code_take(struct compiler *compiler, uint32_t width);
/* POSITION of the span's start. */
uint32_t code_position(struct compiler *compiler, struct span span);
/* The index of how a value of this kind is printed; `spec`: what stands after the colon, or NULL.
 */
uint32_t code_format(struct compiler *compiler, const struct type *type, const char *spec);

/* compile_expr.c: values into slots, type_width() of them in a row. */
void compile_into(struct compiler *compiler, struct expr *expr, uint16_t slot);
/* A slot that holds the value: the local's own, or a temporary. */
uint16_t compile_operand(struct compiler *compiler, struct expr *expr);
/* The same, raising TypeError when it is None. */
uint16_t compile_number(struct compiler *compiler, struct expr *expr);
/* Jumps (into the chain) when the condition is `when`, and goes on here otherwise. */
void compile_jump(struct compiler *compiler, struct expr *expr, bool when, int32_t *chain);
/* to = a infix b, for an arithmetic operator and these kinds of a and b. */
void compile_infix(struct compiler *compiler, enum infix infix, const struct type *left,
                   const struct type *right, uint16_t to, uint16_t a, uint16_t b, struct span span);
/* Raises TypeError when the slot holds None; nothing for a kind that cannot. */
void compile_not_none(struct compiler *compiler, const struct type *type, uint16_t slot,
                      struct span span);

/* compile_text.c: str() of a value, an f-string, and print(…) of a call. */
void compile_text(struct compiler *compiler, struct expr *expr, const char *spec, uint16_t slot);
void compile_format(struct compiler *compiler, struct expr *expr, uint16_t slot);
void compile_print(struct compiler *compiler, struct expr *expr);

/* compile_list.c */
/* What a loop or a comprehension goes through. */
struct walk {
    enum { WALK_RANGE, WALK_CELLS, WALK_SLOTS, WALK_IDS } shape;
    int64_t start, step;   /* WALK_RANGE, which is known before the run */
    struct thing thing;    /* WALK_CELLS: the shared list */
    uint16_t base;         /* WALK_SLOTS: the list in the frame */
    int64_t first;         /* WALK_IDS: the first object or thread */
    uint32_t count, width; /* elements, and slots of each */
    uint16_t index;        /* slot of the counter */
};
/* Evaluates what is gone through, before the loop. */
void walk_begin(struct compiler *compiler, struct expr *expr, struct walk *walk);
/* The element at the counter, into slots. */
void walk_item(struct compiler *compiler, struct walk *walk, uint16_t slot, struct span span);
/* The head and the foot of a loop over it: for (index = 0; index < count; index++). */
uint32_t walk_head(struct compiler *compiler, struct walk *walk, int32_t *exits, struct span span);
void walk_foot(struct compiler *compiler, struct walk *walk, uint32_t head, struct span span);
void compile_list(struct compiler *compiler, struct expr *expr, uint16_t slot);
/* Slots that hold all elements: the local list's own, or temporaries. */
uint16_t compile_elements(struct compiler *compiler, struct expr *expr);
/* slot = (the value at `item_slot` is in the list or tuple) == wanted. */
void compile_membership(struct compiler *compiler, uint16_t item_slot, struct expr *list,
                        uint16_t slot, bool wanted);
/* slot = (the two lists are equal) == wanted. */
void compile_list_equal(struct compiler *compiler, struct expr *left, struct expr *right,
                        uint16_t slot, bool wanted);
/* min, max, sum, all, any of a list. */
void compile_fold(struct compiler *compiler, struct expr *call, uint16_t slot);
/* The operand for a shared variable or an element of a shared list; a computed index is emitted. */
struct thing variable_thing(struct compiler *compiler, struct expr *expr);
/* A slot with the index times `width`, after a look at the bounds. */
uint16_t compile_index(struct compiler *compiler, struct expr *index, uint32_t length,
                       uint32_t width, struct span span);

/* compile_call.c */
void compile_call(struct compiler *compiler, struct expr *expr, uint16_t slot);
void compile_attribute(struct compiler *compiler, struct expr *expr, uint16_t slot);
/* The operand for an object, an element of a list of objects, or a value that is one. */
struct thing object_thing(struct compiler *compiler, struct expr *expr);
/* Nanoseconds into the slot: a duration as it is, a number as seconds; None stays None. */
void compile_time(struct compiler *compiler, struct expr *expr, uint16_t slot);

/* compile_stmt.c */
void compile_block(struct compiler *compiler, struct block *block);

/* compile_try.c */
void compile_with(struct compiler *compiler, struct stmt *stmt, uint32_t index);
void compile_try(struct compiler *compiler, struct stmt *stmt);
void scope_open(struct compiler *compiler, struct scope *scope, enum scope_shape shape);
/* Ends the handled code of the scope and takes it off. */
void scope_close(struct compiler *compiler, struct scope *scope);
/* Its handler starts here. */
void scope_handler(struct compiler *compiler, struct scope *scope, struct span span);
/* Leaves all scopes up to `target` (NULL: all): releases, finally blocks. */
void scope_leave(struct compiler *compiler, struct scope *target, struct span span);

/* turn.c: could a way from `from` reach `to` without a visible operation? */
bool turn_needed(struct compiler *compiler, uint32_t from, uint32_t to, bool quiet_counts);
/* Could a call of the function just compiled return without one? */
bool turn_needed_to_return(struct compiler *compiler, uint32_t from, uint32_t to);

/* liveness.c: fills in which slots are cleared where a thread can rest. */
void liveness_clear(struct compiler *compiler);
/* footprint.c: fills in what every atomic block and property can touch. */
void footprint_find(struct compiler *compiler);

/* Compiles a checked tree into check->program. False when that is too large, which was reported. */
bool compile_program(struct check *check);

#endif
