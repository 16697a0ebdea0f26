/*
 * What a step does: the one meaning of every operation, for live runs, stepping, replay and
 * exploring alike.
 *
 * A thread rests before its next visible operation. A step performs that operation (or a part of
 * it: beginning to wait, timing out) and then runs the thread's local code on to the next visible
 * operation. No clock, no I/O, no threads here. Which steps there are is listed in
 * docs/ARCHITECTURE.md ("What one step is").
 *
 * Quiet operations (sleep, io, compute, print, note) are steps of their own here; a search may
 * perform them together with the step before (operation_quiet()).
 *
 * Threads: what takes a const world reads it alone, and what takes a world writes what it says it
 * writes. On different worlds of one model any number of threads may work at a time; on one world
 * those that hold the guards of what they touch (run/guard.c).
 */
#ifndef THRUM_MODEL_STEP_H
#define THRUM_MODEL_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "model/world.h"

enum choice_kind {
    CHOICE_STEP,    /* go on: perform, begin to wait, or succeed in waiting */
    CHOICE_TIMEOUT, /* the wait that has begun times out, or a wait_for finds its time is up */
    CHOICE_VALUE,   /* randint gives `value` */
};

struct choice {
    enum choice_kind kind;
    int64_t value; /* CHOICE_VALUE: the number; else not looked at */
};

/* What a thread could do now, as a set. */
enum enabled {
    ENABLED_NO = 0,
    ENABLED_STEP = 1,    /* CHOICE_STEP is possible */
    ENABLED_TIMEOUT = 2, /* CHOICE_TIMEOUT is possible */
    ENABLED_VALUE = 4,   /* CHOICE_VALUE with any value in the operation's range is possible */
};

/* The next visible operation of a thread, operands evaluated; nothing is performed. */
struct operation {
    uint8_t op;        /* enum opcode */
    uint8_t phase;     /* enum thread_phase: where in the operation the thread is */
    bool timed;        /* the wait has a time-out */
    bool blocking;     /* false for a try */
    uint32_t thing;    /* the thing it touches (program.h), or UINT32_MAX */
    uint32_t width;    /* cells touched; 0 for other operations */
    uint32_t thread;   /* start, join, is_alive: the thread it is about; else UINT32_MAX */
    int64_t value;     /* stored, added, expected by a cas; how many are released or notified;
                          nanoseconds slept; the string printed; randint: the lowest number */
    int64_t value2;    /* cas: the new value; randint: the highest number */
    int64_t timeout;   /* nanoseconds, when timed */
    uint32_t source;   /* POSITION */
    uint16_t pc;       /* where it stands */
    uint16_t function; /* the function it stands in */
};

/* What the thread, which must be ALIVE, does next. */
void model_next(const struct model *model, const struct world *world, uint32_t thread,
                struct operation *ret_operation);
/* What it can do now, as a set of enum enabled; ENABLED_NO for threads that are not ALIVE. */
unsigned model_enabled(const struct model *model, const struct world *world, uint32_t thread);
/* Whether a thread may have to wait before it, or in it. */
static inline bool operation_waits(uint8_t op)
{
    return opcode_traits[op] & CAN_WAIT;
}
/* Whether no other thread can notice it: sleep, io, compute, print, note. */
static inline bool operation_quiet(uint8_t op)
{
    return opcode_traits[op] & IS_QUIET;
}

enum step_result {
    STEP_DONE,      /* the operation is complete */
    STEP_WAITS,     /* the thread has begun to wait: for long, or at most for its time-out */
    STEP_TIMED_OUT, /* the wait timed out; Condition.wait takes its lock back in a further step */
    STEP_RAISED,    /* the operation itself raised: RuntimeError, ValueError, BrokenBarrierError */
};

/* One access inside an atomic block, in order. */
struct touch {
    uint32_t thing;
    uint8_t op;    /* enum opcode */
    int64_t value; /* the value read or written */
};

/* What a step did, for histories and menus. */
struct effect {
    uint8_t op;         /* enum opcode of the operation performed */
    uint8_t result;     /* enum step_result */
    bool failed;        /* a try or a timed wait that did not get it; cas that did not swap */
    bool check_point;   /* the local code after it jumped backwards, called or returned: there
                           CPython looks at requests for the GIL */
    bool thread_ended;  /* with this step: its body returned, or an exception left it */
    uint8_t died_of;    /* with thread_ended: the enum exception that left the thread, of which
                           raised_at and message then are; or EXCEPTION_NONE */
    uint8_t raised;     /* the enum exception that the operation or the local code after it raised
                           last, caught or not */
    uint32_t raised_at; /* POSITION of that raise */
    int64_t message;    /* its message, a string value or 0 */
    uint32_t thing;     /* the thing touched, or UINT32_MAX */
    uint32_t thread;    /* start, join, is_alive: the other thread; else UINT32_MAX */
    int64_t value;      /* read, stored, result; barrier: index; randint: the number; print, note:
                           the string */
    int64_t old;        /* a write's value before */
    uint32_t woken;     /* notify, set, release, …: how many waiters this step let go */
    uint32_t source;    /* POSITION of the operation */
    struct touch *touches; /* atomic blocks: what was touched; owned, reused from step to step */
    uint32_t touch_count;
    uint32_t touch_room; /* of the array */
    bool too_long; /* local code or an indivisible block ran too many instructions: the thread ends
                      with an error that no handler catches */
};

/* An all-zero effect is ready for use. */
void effect_fini(struct effect *effect);

/*
 * Performs the thread's next operation on the world: model_apply() and then model_advance(). The
 * choice must be enabled. Writes only the thread's own region and the thing (the things of an
 * atomic block; the register for start and end).
 */
void model_perform(struct model *model, struct world *world, uint32_t thread, struct choice choice,
                   struct effect *effect);

/* The two halves, for live runs: apply touches the guarded thing and must run under its guard;
 * advance runs local code in the thread's own region alone (a thread's end is not part of it: the
 * thread then rests before OP_END, whose apply ends it under the register's guard). An exception
 * that nobody catches makes the thread rest before OP_END too (PHASE_DYING); the step of OP_END
 * reports it in died_of. A condition's operations also touch its lock: the guard of operation.thing
 * is that of program_guard_thing(). START also writes the region of the thread that it starts. */
void model_apply(struct model *model, struct world *world, uint32_t thread, struct choice choice,
                 struct effect *effect);
void model_advance(struct model *model, struct world *world, uint32_t thread,
                   struct effect *effect);

/* For whoever keeps a clock over worlds: the thread's wait has `left` nanoseconds of its time, and
 * is about to end. In a wait_for, which waits again while its condition is false, that is the time
 * it goes on with. Else nothing is done. */
void model_wait_left(const struct model *model, struct world *world, uint32_t thread, int64_t left);

/* Evaluates an invariant or a sometimes in this state. False also when it raises: then
 * `*ret_raised` is the exception, else EXCEPTION_NONE. */
bool model_holds(struct model *model, const struct world *world, const struct property *property,
                 enum exception *ret_raised);

/* Runs `after:` on the world as one step. The effect's died_of and message say how it failed, if it
 * did. Its prints go to `print` (may be NULL). */
void model_after(struct model *model, struct world *world, struct effect *effect,
                 void (*print)(void *context, const char *text), void *context);

/* True when every non-daemon thread has ended: then `after:` runs and the run is over. */
bool model_finished(const struct model *model, const struct world *world);

/* Appends the operation in words: "load counter", "store counter ← 2", "acquire forks[1]", "sleep 5
 * ms". With a world that can tell, also what it would see: "load counter → 2". */
void operation_text(const struct model *model, const struct world *world,
                    const struct operation *operation, struct text *out);
/* Appends why the thread cannot go: "waits for forks[1]"; nothing when it can. */
void model_why_not(const struct model *model, const struct world *world, uint32_t thread,
                   struct text *out);

#endif
