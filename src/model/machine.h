/*
 * Inside model/: a thread of a world at work. A machine is made on the stack for one step; it reads
 * and writes the world that it was made for and keeps nothing.
 */
#ifndef THRUM_MODEL_MACHINE_H
#define THRUM_MODEL_MACHINE_H

#include "model/model_private.h"
#include "model/step.h"

/* Local code between two visible operations may run longer than what has to be one step: a
 * recursive function that computes is fine, one that takes for ever is an error. */
enum { MAX_LOCAL = 10000000 };

struct machine {
    struct model *model;
    const struct program *program;
    struct world *world;
    struct thread_head *head; /* the thread's, or a scratch one for after: and properties */
    int64_t *slots;           /* of all its frames */
    int64_t *frame;           /* slots + head->base */
    uint32_t thread;          /* its id */
    uint32_t room;            /* slots that there is room for */
    uint32_t depth;           /* frames, counted at the first recursive call; 0: not counted */
    struct effect *effect;    /* may be NULL when nothing is performed */
    bool together; /* visible operations are performed on the way: atomic blocks, after, properties
                    */
    bool whole;    /* together to the very end: after and properties */
    bool finished; /* whole: the body has returned, or an exception left it (effect->died_of) */
    uint16_t base; /* together but not whole: the frame and the pcs of the atomic block */
    uint16_t begin, end;
    uint32_t budget; /* instructions that may still be run */
    int64_t result;  /* whole: what the body returned */
    void (*print)(void *context, const char *text);
    void *context;
};

/* Makes a machine for a thread of a world. */
static inline void machine_init(struct machine *machine, const struct model *model,
                                const struct world *world, uint32_t thread, struct effect *effect)
{
    machine->model = (struct model *)model;
    machine->program = model->program;
    machine->world = (struct world *)world;
    machine->head = model_head(model, (struct world *)world, thread);
    machine->slots = model_slots(model, machine->head);
    machine->frame = machine->slots + machine->head->base;
    machine->thread = thread;
    machine->room = model->region_words[thread];
    machine->depth = 0;
    machine->effect = effect;
    machine->together = machine->whole = machine->finished = false;
    machine->budget = MAX_LOCAL;
    machine->result = 0;
    machine->print = NULL;
    machine->context = NULL;
}

static inline const struct instruction *machine_at(const struct machine *machine)
{
    return &machine->program->code[machine->head->pc];
}

/* The cell or object that an operand `t` names. */
static inline uint32_t machine_target(const struct machine *machine, const struct instruction *in)
{
    return (uint32_t)in->d + (in->b == NO_SLOT ? 0 : (uint32_t)machine->frame[in->b]);
}

/* Runs local code from the pc on until the thread rests before a visible operation. */
void machine_run(struct machine *machine);

/* Raises an exception at the current pc: on to its handler, or the thread dies. */
void machine_raise(struct machine *machine, enum exception kind, int64_t message, uint32_t source);

/* Reports in the effect that the operation at the pc raises; the unwinding is left to
 * model_advance(), or done at once when operations run together. */
void machine_fails(struct machine *machine, enum exception kind, const char *message);

/* The operation at the pc is complete: the pc goes on. */
static inline void machine_done(struct machine *machine)
{
    machine->head->phase = PHASE_READY;
    machine->head->pc++;
}

static inline void machine_result(struct machine *machine, uint16_t slot, int64_t value)
{
    if (slot != NO_SLOT)
        machine->frame[slot] = value;
    machine->effect->value = value;
}

/* A thread that has just become ALIVE runs to its first visible operation. */
void machine_begin(struct model *model, struct world *world, uint32_t thread);

/* Performs the visible operation at the pc (its whole, together). See step.c. */
void machine_perform(struct machine *machine, struct choice choice);

/* The operation at the pc, and what it could do: ENABLED bits. */
unsigned machine_enabled(struct machine *machine);

/* Notes a touch inside an atomic block. */
void machine_touch(struct machine *machine, uint32_t thing, uint8_t op, int64_t value);

/* ---- the families of operations; each performs the one at the pc ---- */

/* How an acquire, a join or a wait was called. */
struct call_form {
    bool blocking;
    bool timed;      /* with a positive time-out */
    int64_t timeout; /* nanoseconds, when timed */
};

/* Semaphores and locks word their errors apart; NULL when the arguments are fine. */
const char *acquire_form(const struct machine *machine, const struct instruction *in, uint8_t type,
                         struct call_form *ret_form);
/* A wait's or join's time-out in slot `c`: none, or timed; one of zero or less is timed with 0. */
void timeout_form(const struct machine *machine, uint16_t slot, struct call_form *ret_form);

/* The object whose acquire and release an object has: a condition's lock, else itself. */
static inline uint32_t lock_of(const struct program *program, uint32_t object)
{
    return program->objects[object].lock >= 0 ? (uint32_t)program->objects[object].lock : object;
}

void cell_load(struct machine *machine, const struct instruction *in);
void cell_store(struct machine *machine, const struct instruction *in);
void cell_atomic_load(struct machine *machine, const struct instruction *in);
void cell_atomic_store(struct machine *machine, const struct instruction *in);
void cell_atomic_add(struct machine *machine, const struct instruction *in);
void cell_atomic_swap(struct machine *machine, const struct instruction *in);
void cell_atomic_cas(struct machine *machine, const struct instruction *in);

unsigned lock_enabled(struct machine *machine, const struct instruction *in);
void lock_acquire(struct machine *machine, const struct instruction *in, struct choice choice);
void lock_release(struct machine *machine, const struct instruction *in);
void lock_locked(struct machine *machine, const struct instruction *in);

/* For conditions: a Lock is owned when locked by anybody. */
bool lock_owned(const struct machine *machine, uint32_t lock);
bool lock_free(const struct machine *machine, uint32_t lock);
/* Releases all levels; returns the depth to restore (0 for a Lock). */
uint32_t lock_release_all(struct machine *machine, uint32_t lock);
void lock_restore(struct machine *machine, uint32_t lock, uint32_t depth);

unsigned condition_enabled(struct machine *machine, const struct instruction *in);
/* The wait is over but for the lock. */
bool condition_needs_lock(struct machine *machine, const struct instruction *in);
void condition_wait(struct machine *machine, const struct instruction *in, struct choice choice);
void condition_notify(struct machine *machine, const struct instruction *in);

unsigned event_enabled(struct machine *machine, const struct instruction *in);
void event_wait(struct machine *machine, const struct instruction *in, struct choice choice);
void event_set(struct machine *machine, const struct instruction *in);
void event_clear(struct machine *machine, const struct instruction *in);
void event_is_set(struct machine *machine, const struct instruction *in);

unsigned barrier_enabled(struct machine *machine, const struct instruction *in);
void barrier_arrive(struct machine *machine, const struct instruction *in);
void barrier_open(struct machine *machine, const struct instruction *in);
void barrier_break(struct machine *machine, const struct instruction *in);
void barrier_depart(struct machine *machine, const struct instruction *in, struct choice choice);
void barrier_abort(struct machine *machine, const struct instruction *in);
void barrier_reset(struct machine *machine, const struct instruction *in);
void barrier_waiting(struct machine *machine, const struct instruction *in);
void barrier_broken(struct machine *machine, const struct instruction *in);
/* The time-out of a barrier's wait: the call's, else the constructor's. */
void barrier_form(const struct machine *machine, const struct instruction *in,
                  struct call_form *ret_form);

unsigned thread_enabled(struct machine *machine, const struct instruction *in);
void thread_start(struct machine *machine, const struct instruction *in);
void thread_join(struct machine *machine, const struct instruction *in, struct choice choice);
void thread_is_alive(struct machine *machine, const struct instruction *in);
void thread_active_count(struct machine *machine, const struct instruction *in);
void thread_ident(struct machine *machine, const struct instruction *in);
void thread_end(struct machine *machine);
/* Local: Thread(...) and facts of threads. */
bool thread_new(struct machine *machine, const struct instruction *in);
int64_t thread_fact(struct machine *machine, uint32_t thread, enum thread_attribute attribute);

/* Local: strings. False when the text is too long. */
bool text_format(struct machine *machine, const struct instruction *in);
bool text_concat(struct machine *machine, const struct instruction *in);

#endif
