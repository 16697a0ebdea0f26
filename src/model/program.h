/*
 * A compiled scenario: what lang/ writes and everything else reads.
 *
 * A program is immutable once compiled and may be read by any number of threads. All that hangs on
 * it lives in one arena. The machine it describes is a register machine: each call of a function
 * has a frame of 8-byte slots (parameters, locals, temporaries), kinds are static, and an
 * instruction names slots of the current frame.
 *
 * Ids, all from 0 and without gaps.
 *     threads   MainThread; those of the top (declared, or made by Thread(...) there) in the order
 *               of the file, up to thread_count; then, up to thread_limit, those made at run time
 *     cells     shared variables and list elements, up to cell_count; those of a list in a row
 *     objects   Lock, Event …, up to object_count; those of a list in a row
 *     things    what has a guard and a version in a live run, and an id in a trace: all cells, then
 *               all objects, then the thread register
 *
 * Values. An integer, a duration (nanoseconds), a boolean (0, 1), an object or a thread (its id)
 * and a string (string_value() of its text) each take one word of 8 bytes; a tuple takes the words
 * of its items, a list those of its elements. The way of `counter = 3` at the top: a token's number
 * (lang/lexer.h), an expression (lang/ast.h), a value known before the run (lang/evaluate.c),
 * initial_cells[variable.first_cell] here, words[first_cell] of the first world (world.h). In a
 * body it is a constant, which OP_CONST puts into a slot and OP_STORE into the cell.
 */
#ifndef THRUM_MODEL_PROGRAM_H
#define THRUM_MODEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum {
    NO_SLOT = 0xffff,       /* an operand that is absent */
    MAX_THREADS = 4096,     /* in a run, ended ones included */
    MAX_CODE = 60000,       /* instructions; a pc fits 16 bits */
    MAX_CELLS = 1 << 20,    /* shared cells in all */
    MAX_RECURSION = 64,     /* calls deep, then RuntimeError "maximum recursion depth exceeded" */
    MAX_INVISIBLE = 100000, /* instructions in one atomic block, after, invariant: then an error */
    MAX_WORLD = 1 << 30,    /* bytes of a world, every thread's region at its largest */
    MAX_STRING = 256,       /* bytes of one string value; longer: OverflowError in the thread */
};

/* None in a slot of an optional kind. No integer or duration has this value: arithmetic.h. */
#define NONE_VALUE INT64_MIN

/* A place in the file: line << 12 | column, both from 1; 0 is nowhere. */
#define POSITION(line, column)                                                                     \
    ((uint32_t)(line) << 12 | (uint32_t)((column) > 4095 ? 4095 : (column)))
#define POSITION_LINE(position)   ((position) >> 12)
#define POSITION_COLUMN(position) ((position)&4095u)

enum opcode {
#define LOCAL(name, operands, traits, text, meaning)          OP_##name,
#define VISIBLE(name, operands, about, traits, text, meaning) OP_##name,
#include "model/opcodes.def"
    OPCODES
};

/* What of the world a visible operation reads and writes beside its thread's own region. */
enum opcode_about {
    ABOUT_NOTHING,   /* nothing shared; also every instruction of local code */
    ABOUT_CELL,      /* the cells that operand `t` names: x of them, or one */
    ABOUT_LOCK,      /* the lock of object `t`, if it is a condition, else object `t` */
    ABOUT_CONDITION, /* object `t` and its lock */
    ABOUT_EVENT,     /* object `t` */
    ABOUT_BARRIER,   /* object `t` */
    ABOUT_THREAD,    /* thread slot[b] */
    ABOUT_SELF,      /* the thread itself, as others see it */
    ABOUT_THREADS,   /* all threads at once */
    ABOUT_BLOCK,     /* whatever the instructions of an atomic block are about */
};

/* What an instruction may do to the course of its own thread and of others. */
enum opcode_trait {
    CAN_WAIT = 1,   /* its thread may have to wait before it, or in it */
    CAN_RAISE = 2,  /* with some operands it raises an exception (not: a function that it calls) */
    CAN_WAKE = 4,   /* it can end the wait of another thread */
    ONLY_LOOKS = 8, /* it leaves what it is about as it was */
    IS_QUIET = 16,  /* no other thread can notice it: to a search it is part of the step before */
};

enum exception {
    EXCEPTION_NONE,
#define EXCEPTION(id, name, parent) EXCEPTION_##id,
#include "model/exceptions.def"
#undef EXCEPTION
    EXCEPTIONS
};

enum object_type {
#define OBJECT_TYPE(id, name) OBJECT_##id,
#include "model/object_types.def"
#undef OBJECT_TYPE
    OBJECT_TYPES
};

enum verdict {
#define VERDICT(id, name) VERDICT_##id,
#include "model/verdicts.def"
#undef VERDICT
    VERDICTS
};

/* The scalar kinds of values. */
enum kind {
    KIND_INTEGER,
    KIND_BOOLEAN,
    KIND_STRING,
    KIND_DURATION,
    KIND_NONE,
    KIND_OBJECT,
    KIND_THREAD,
    KINDS
};

/* What OP_BARRIER_ARRIVE leaves in slot[c]: what is to be done next. */
enum barrier_arrival {
    ARRIVAL_WAITS,  /* others are missing: OP_BARRIER_DEPART */
    ARRIVAL_ACTS,   /* the last one: call the action, then OP_BARRIER_OPEN or _BREAK */
    ARRIVAL_OPENED, /* the last one, and there is no action: nothing, it is through */
};

/* The d of OP_THREAD_FACT: attributes of a Thread that never change, as threading.py names them. */
enum thread_attribute {
    ATTRIBUTE_NAME,      /* a string value */
    ATTRIBUTE_IDENT,     /* a made-up number; None before the start */
    ATTRIBUTE_NATIVE_ID, /* likewise */
    ATTRIBUTE_DAEMON,    /* 0 or 1 */
};

/* The x of OP_COND_WAIT. */
enum wait_form {
    WAIT_ALONE,   /* no time-out that outlives this wait */
    WAIT_GOES_ON, /* inside wait_for: until the end that its first wait set */
    WAIT_FIRST,   /* the first wait of a wait_for with a time-out */
};

/* Which fields an instruction uses, and for what, says model/opcodes.def. */
struct instruction {
    uint8_t op;       /* enum opcode */
    uint8_t x;        /* a small number */
    uint16_t a, b, c; /* slots of the frame, or NO_SLOT */
    int32_t d;        /* a number, pc, function, first cell or object */
    uint32_t source;  /* POSITION of the expression or statement */
};

/* Slots to zero at a resting place: those that are dead there, so that equal futures are equal
 * bytes. lang/liveness.c finds them. */
struct clear_list {
    uint32_t first; /* index into program.clear_slots */
    uint16_t count; /* slots; 0 nearly everywhere */
};

/* `try` and `with`: an exception raised at a pc in [from, to) goes on at `handler`. Innermost
 * first. */
struct handler {
    uint16_t from, to;     /* pcs */
    uint16_t handler;      /* pc */
    uint16_t kind_slot;    /* receives the exception and its place (raised_word()), or NO_SLOT */
    uint16_t message_slot; /* receives the message, a string value or 0 for none; or NO_SLOT */
};

/* A body: of a thread, main, a def, after, an invariant, a sometimes. */
struct function {
    const char *name;         /* "transfer", "philosopher", "MainThread", "after" */
    uint32_t position;        /* POSITION of its header */
    uint16_t entry, end;      /* its instructions are [entry, end) */
    uint16_t frame_size;      /* slots, the return slot of a def included */
    uint16_t parameter_count; /* slots: the first ones, after the return slot if there is one */
    uint16_t result_width;    /* slots of its result, 0 for None */
    bool has_return_slot;     /* slot 0 holds the return address: every def, called or started */
    bool recursive;           /* may reach itself */
    const struct handler *handlers;
    uint16_t handler_count;
    const char *const *slot_names; /* frame_size of them: a local's name, NULL for a temporary */
    const uint8_t *slot_kinds;     /* enum kind of each slot, for display */
    const uint8_t *slot_optional;  /* 1 where None is possible */
};

/* A shared variable, list, or atomic. */
struct variable {
    const char *name;
    uint32_t position;       /* POSITION of its assignment */
    uint32_t first_cell;     /* its cells are the length * width from here on */
    uint32_t length;         /* elements; 1 for a variable that is no list */
    uint16_t width;          /* cells an element: 1, or the width of a tuple */
    bool is_list;            /* even of one element */
    bool atomic;             /* made by Atomic(): its accesses synchronise and do not race */
    const uint8_t *kinds;    /* `width` of enum kind */
    const uint8_t *optional; /* `width` of 0 or 1 */
};

/* A synchronisation object. What its bytes in a world mean says objects.h. */
struct object {
    const char *name;  /* "guard", "forks[2]" */
    uint32_t position; /* POSITION of what makes it */
    uint8_t type;      /* enum object_type */
    int32_t lock;      /* a condition: the object that is its lock, an RLock of its own if none was
                          given; else -1 */
    int64_t initial;   /* semaphores: the first value; barriers: the parties */
    int32_t action;    /* barriers: the function, or -1 */
    int64_t timeout;   /* barriers: the constructor's, nanoseconds, or NONE_VALUE */
    bool hidden;       /* a condition's own lock: not shown as an object of its own */
    uint32_t offset;   /* of its bytes in a world; set by program_layout() */
    uint32_t size;     /* bytes; likewise */
};

/* MainThread, or a thread that the top of the file declares or makes. */
struct declared_thread {
    const char *name;     /* "A", "philosopher-3", "MainThread" */
    const char *group;    /* "philosopher", or the name */
    uint32_t group_index; /* its place in the group, from 0 */
    uint32_t position;    /* POSITION of its header, or of Thread(...) */
    int32_t function;     /* its body */
    bool daemon;
    bool made_only; /* made by Thread(...): not alive before its start(); `function` is a def */
    const int64_t *parameters; /* for OP_PARAM; made_only: of its def, in its frame */
    uint16_t parameter_count;  /* words */
    uint32_t made_number;      /* made_only: how many MainThread had made before */
    bool has_name;   /* made_only: name= was given; else the name is Python's, "Thread-1 (f)" */
    uint32_t offset; /* of its region in a world, bytes; set by program_layout() */
    uint32_t size;   /* bytes; likewise */
};

/* How OP_TEXT writes a value: `width` slots of these kinds; a tuple prints in parentheses, a list
 * in brackets. */
struct format {
    enum { FORMAT_SCALAR, FORMAT_TUPLE, FORMAT_LIST } shape;
    uint16_t count;          /* elements of a list; 1 otherwise */
    uint16_t width;          /* slots an element */
    const uint8_t *kinds;    /* `width` of them */
    const uint8_t *optional; /* `width` of 0 or 1 */
    bool quoted;             /* a string inside a tuple or list prints as its repr */
    const char *spec;        /* f-string format such as ">5" or "03d", or NULL */
};

/* A stretch of things, e.g. those that an atomic block or a predicate may touch. */
struct thing_range {
    uint32_t first, count;
};

/* `atomic:`. lang/footprint.c finds what it touches. */
struct atomic_block {
    const struct thing_range *touches; /* ascending, disjoint: guards are taken in this order */
    uint32_t touch_count;
    uint16_t begin, end; /* pcs of ATOMIC_BEGIN and ATOMIC_END */
};

/* An `invariant` or a `sometimes`. */
struct property {
    int32_t function;                /* returns a boolean */
    const char *text;                /* its words, or its source */
    uint32_t position;               /* POSITION */
    const struct thing_range *reads; /* ascending, disjoint: all that it may look at */
    uint32_t read_count;
};

/* One entry of `expect`. */
struct expectation {
    enum verdict verdict;
    const char *detail; /* the text of an assertion, the name of an exception; NULL: any */
    uint32_t position;  /* POSITION */
};

/* What the lines `option …` say. */
struct program_options {
    int64_t gil;            /* switch interval, nanoseconds; 0: no GIL */
    bool time_ordered;      /* option time ordered */
    uint32_t cpus;          /* processors that live threads may use; 0: all */
    bool has_seed;          /* `seed` was given */
    uint64_t seed;          /* of policies */
    const char *policy;     /* a name of policies.def; NULL: none given */
    int64_t policy_quantum; /* nanoseconds or steps, as the policy has it; 0: none given */
};

struct program {
    struct arena arena; /* everything below lives here */

    const char *path;   /* as given on the command line */
    const char *source; /* the text, zero-terminated */
    size_t source_length;
    uint64_t checksum;       /* of the source; its low 32 bits stand in schedules as #1a2b3c4d */
    const char *title;       /* first line of the first string, or the file's name */
    const char *explanation; /* the rest, or "" */

    const struct instruction *code;
    uint32_t code_length;
    const struct clear_list *clears; /* by pc: applied when a thread rests there, and at CALL */
    const uint16_t *clear_slots;
    const int64_t *constants; /* for OP_CONST */
    uint32_t constant_count;
    const char *const *strings; /* texts of string constants and names: string_value() of each */
    uint32_t string_count;

    const struct function *functions;
    uint32_t function_count;
    int32_t after_function; /* or -1 */
    const struct variable *variables;
    uint32_t variable_count;
    uint32_t cell_count;
    const int64_t *initial_cells; /* cell_count of them */
    struct object *objects;
    uint32_t object_count;
    struct declared_thread *threads; /* thread_count of them, MainThread first */
    uint32_t thread_count;
    uint32_t thread_limit; /* thread_count plus the most that Thread(...) in bodies can make */
    const struct format *formats; /* for OP_TEXT */
    uint32_t format_count;
    const struct atomic_block *atomics; /* for OP_ATOMIC_BEGIN */
    uint32_t atomic_count;
    const struct property *invariants;
    uint32_t invariant_count;
    const struct property *sometimes;
    uint32_t sometimes_count;
    const struct expectation *expects;
    uint32_t expect_count;
    struct program_options options;

    /* Set by program_layout(). */
    const uint32_t *actions; /* the functions that are some barrier's action, once each */
    uint32_t action_count;
    bool starts_threads;     /* some thread is, or may be, made and not started */
    uint32_t world_size;     /* bytes of a world, every thread slot included */
    uint32_t dynamic_offset; /* where the region of thread `thread_count` starts */
    uint32_t dynamic_size;   /* bytes of the region of a thread made at run time */
};

/* Computes where everything lies in a world. Called by the compiler last; `program` is complete but
 * for the layout. False when a world would be too big (MAX_WORLD bytes): an error of the scenario.
 */
bool program_layout(struct program *program);

/* Frees a program, which lies on the heap, and its arena; NULL is fine. */
void program_free(struct program *program);

/* Things: cells, then objects, then the thread register. */
static inline uint32_t program_object_thing(const struct program *program, uint32_t object)
{
    return program->cell_count + object;
}
static inline uint32_t program_register_thing(const struct program *program)
{
    return program->cell_count + program->object_count;
}
static inline uint32_t program_thing_count(const struct program *program)
{
    return program->cell_count + program->object_count + 1;
}

/* The thing whose guard covers `thing` in a live run: a condition's lock for the condition, else
 * the thing itself. */
static inline uint32_t program_guard_thing(const struct program *program, uint32_t thing)
{
    uint32_t object = thing - program->cell_count;
    if (thing < program->cell_count || object >= program->object_count ||
        program->objects[object].lock < 0)
        return thing;
    return program->cell_count + (uint32_t)program->objects[object].lock;
}

/* The function that an instruction belongs to. O(log functions). */
uint32_t program_function_at(const struct program *program, uint32_t pc);

/* The variable that a cell belongs to. O(log variables). */
const struct variable *program_variable_of(const struct program *program, uint32_t cell);

struct text;
/* Appends the name of a thing: "counter", "meals[3]", "forks[0]", "threads". */
void program_thing_name(const struct program *program, uint32_t thing, struct text *out);

/* The value of a string: the 64-bit hash of its text, never 0, never NONE_VALUE. Two texts of one
 * value would be one string; among a million strings the odds are 1 in 4 * 10^7. */
int64_t string_value(const char *text);

/* One line of the file without its end, for messages; "" outside. Not zero-terminated: `ret_length`
 * bytes. */
const char *program_line(const struct program *program, uint32_t line, size_t *ret_length);

/* The columns of model/opcodes.def. */
extern const char *const opcode_names[OPCODES];    /* as people read them */
extern const char *const opcode_operands[OPCODES]; /* one letter each */
extern const bool opcode_visible[OPCODES];         /* a thread rests before it */
extern const uint8_t opcode_about[OPCODES];        /* enum opcode_about */
extern const uint8_t opcode_traits[OPCODES];       /* a set of enum opcode_trait */

/* The operation is about an object, which operand `t` names. */
static inline bool opcode_about_object(uint8_t op)
{
    return opcode_about[op] >= ABOUT_LOCK && opcode_about[op] <= ABOUT_BARRIER;
}

extern const char *const exception_names[EXCEPTIONS];     /* Python's; [EXCEPTION_NONE] is "" */
extern const char *const object_type_names[OBJECT_TYPES]; /* as the language calls the classes */
extern const char *const verdict_names[VERDICTS];         /* as `expect` names them */

/* The exceptions that `except E` catches: E and its sub-classes, as a bit mask over enum exception.
 */
uint32_t exception_mask(enum exception exception);

/* Lists the whole program as text, one instruction a line, for golden tests and people. */
void program_dump(const struct program *program, struct text *out);

#endif
