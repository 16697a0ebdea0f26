/*
 * The space of a program's states as a search sees it: what can go in a state, and where each goes.
 *
 * A step here is one visible operation together with the quiet ones after it (sleep, io, compute,
 * print, note), and with the end of a thread where nobody could tell. Threads rest before
 * operations that matter.
 *
 * A struct space is one worker's scratch; workers share the model and the static analysis.
 */
#ifndef THRUM_EXPLORE_SPACE_H
#define THRUM_EXPLORE_SPACE_H

#include "base/vector.h"
#include "explore/explore.h"

/* A move: thread | way << 12, where way is 0: step, 1: time-out, 2 + k: randint gives its lowest +
 * k. */
typedef uint32_t move;
enum { MOVE_STEP, MOVE_TIMEOUT, MOVE_VALUE, MOVE_MAX_VALUES = (1 << 20) - 2 };
#define MOVE(thread, way) ((uint32_t)(thread) | (uint32_t)(way) << 12)
#define MOVE_THREAD(code) ((code)&4095u)
#define MOVE_WAY(code)    ((code) >> 12)

/* A thread that died of an exception. */
struct death {
    uint32_t thread;
    uint8_t exception; /* enum exception */
    int64_t message;   /* string value or 0 */
    uint32_t position;
};

/* What a step did, as far as a search cares. */
struct stepped {
    struct death *deaths; /* the space's, until its next step */
    uint32_t death_count;
    bool left_free; /* it ended in a sleep or io, or before yield_now: leaving the thread now is no
                       preemption */
};

/* One operation of the model, quiet ones included, as performed. */
struct micro_step {
    uint32_t thread;
    struct choice choice;
    uint8_t op; /* enum opcode */
};

struct micro_steps {
    struct micro_step *items;
    size_t count, capacity;
};

/* What is known of a resting place whatever the state. */
enum {
    PLACE_FREE = 1,   /* a thread there can step */
    PLACE_ACCESS = 2, /* its next operation may be one side of a race */
    PLACE_FUSED = 4,  /* its next operation is part of the step before */
};

struct space_shape {
    const struct program *program;
    struct model *model;
    const uint32_t *regions; /* where in a world the threads' heads are; the model's */
    uint8_t *places;         /* of each pc: PLACE_… */
    struct stuck_analysis *stuck;
    bool fuse_end;    /* nobody can tell a thread that has ended from one about to end */
    bool flat;        /* a packed state is simply the world's bytes */
    bool columned;    /* a search packs states to the bytes that vary (columns.h) */
    bool ordered;     /* a virtual clock rules */
    bool huge_ranges; /* may be set while searching: a randint with more values than a search takes
                       */
    bool gil;         /* `option gil`: a switch only where CPython 3.11 could make one */
    uint32_t moves_most;  /* a bound of the moves of a state; 0: they must be counted */
    uint32_t clock_count; /* words that a state carries beside its world: thread_limit times when
                             ordered, then with a GIL the thread that must go on */
};

/* Whether some thread could tell one that has ended from one that is about to, or whether that
 * matters: daemons stop when the last other thread ends, and an invariant that is false ends the
 * run before a thread that dies has done so. */
bool space_ends_matter(const struct program *program);

void space_shape_init(struct space_shape *shape, const struct program *program, struct model *model,
                      bool ordered);
void space_shape_fini(struct space_shape *shape);

/* A state: the world; the time each thread still has to wait when a clock rules (-1: none); and
 * with a GIL who holds it and is at no check point (-1: nobody). */
struct state {
    struct world *world;
    int64_t *clocks;
};

struct space {
    struct space_shape *shape;
    struct effect effect;
    vector(struct death) deaths; /* of the step being taken, or taken last */
    struct micro_steps *record;  /* where performed operations are noted, or NULL */
    vector(move) moves;          /* scratch of space_moves() */
    bool waiting;                /* set by space_moves(): a thread that is alive has no move */
    struct world *probe;         /* scratch for after: and atomic blocks */
};

void space_init(struct space *space, struct space_shape *shape);
void space_fini(struct space *space);

struct state state_new(const struct space_shape *shape);
void state_free(struct state *state, const struct space_shape *shape);
void state_copy(const struct space_shape *shape, struct state *to, const struct state *from);
uint64_t state_hash(const struct space_shape *shape, const struct state *state);
size_t state_pack(const struct space_shape *shape, const struct state *state, void *out,
                  size_t room);
void state_unpack(const struct space_shape *shape, struct state *state, const void *bytes,
                  size_t size);

/* Makes `state`, fresh from state_new(), the first one: quiet operations at the start are behind.
 */
void space_start(struct space *space, struct state *state, struct stepped *ret_stepped);
/* Fills space->moves with all that can go, by thread. Nothing when the run is over. */
void space_moves(struct space *space, const struct state *state);
/* What the thread could do: ENABLED_… */
unsigned space_enabled(const struct space *space, const struct state *state, uint32_t thread);
/* Appends its moves. */
void space_push_moves(struct space *space, const struct state *state, uint32_t thread,
                      unsigned enabled);
void space_step(struct space *space, struct state *state, move code, struct stepped *ret_stepped);
/* Whether the thread could step (a time-out does not count). */
bool space_can_step(const struct space *space, const struct state *state, uint32_t thread);
struct choice space_choice(struct space *space, const struct state *state, move code);

/* One side of a race, perhaps: what a thread is about to do. */
struct access {
    uint32_t thread, first, count; /* cells */
    bool writes, atomic;           /* atomic: a block, whose cells are not known beforehand */
};
/* False: its next operation is no access. Depends on the thread's region alone. */
bool space_access(const struct space *space, const struct state *state, uint32_t thread,
                  struct access *ret_access);
/* Calls found() for each pair of accesses that conflict. `state` is used when a block is among
 * them. */
void space_conflicts(struct space *space, const struct state *state, const struct access *all,
                     uint32_t count,
                     void (*found)(void *context, uint32_t cell, uint32_t thread, uint32_t other),
                     void *context);

/* Calls found() for each pair of conflicting plain accesses that are both next. `cell` is where
 * they meet. */
void space_races(struct space *space, const struct state *state,
                 void (*found)(void *context, uint32_t cell, uint32_t thread, uint32_t other),
                 void *context);

#endif
