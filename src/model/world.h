/*
 * The whole state of a scenario: one flat block of plain bytes, without pointers.
 *
 *     cells            int64 each: shared variables and list elements
 *     objects          each a small structure of its type (model/objects.h), waiting threads
 * included regions          one a thread: a head of 8 bytes, then the slots of its frames
 *
 * A world can be copied, compared and hashed as bytes; it holds only what can affect the future.
 * States that behave the same are the same bytes: dead slots are zero, unused frames, threads and
 * queue entries are zero, queues are kept in a canonical order, and threads made at run time have
 * an id that depends only on who made them and how many that one had made before. `world_size`
 * bytes are reserved, but copying, hashing and packing go over what is used.
 *
 * Thread-safety: a world is data. In a live run several threads work on one world at a time; each
 * touches only its own region and what it holds the guard of (see run/live.h).
 */
#ifndef THRUM_MODEL_WORLD_H
#define THRUM_MODEL_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/program.h"

enum thread_status {
    THREAD_UNBORN, /* no such thread yet */
    THREAD_NEW,    /* made by Thread(...), not started */
    THREAD_ALIVE,
    THREAD_ENDED,
};

/* Where a thread is inside the visible operation at its pc. */
enum thread_phase {
    PHASE_READY,     /* not begun */
    PHASE_WAITING,   /* has begun to wait: its wait can succeed, and if timed, time out */
    PHASE_TIMED_OUT, /* its Condition.wait has timed out and needs the lock back */
    PHASE_DYING, /* rests before OP_END with an exception that nobody caught; the end reports it */
};

enum thread_flags {
    THREAD_DAEMON = 1,
};

struct thread_head {
    uint16_t pc;        /* the visible operation it rests before */
    uint16_t base;      /* first slot of the current frame */
    uint16_t function;  /* the function of the current frame */
    uint8_t status : 3; /* enum thread_status; this byte changes at birth, start and end only */
    uint8_t flags : 5;  /* enum thread_flags */
    uint8_t phase;      /* enum thread_phase; the owner's alone, as all above but the status byte */
};
_Static_assert(sizeof(struct thread_head) == 8, "a thread's head is one word");
_Static_assert(offsetof(struct thread_head, phase) == 7, "the byte before the phase is the status");

/*
 * A program made ready to run: the program, and the two tables that grow while worlds of it are
 * stepped: the texts of strings computed at run time, and the ids of threads made at run time.
 * Shared by every world of the program; its functions may be called from any thread.
 */
struct model;

/* `program` must outlive the model. Never NULL. */
struct model *model_new(const struct program *program);
void model_free(struct model *model);
const struct program *model_program(const struct model *model);

/* The text of a string value; "" for 0 and "None" for NONE_VALUE. The text lives as long as the
 * model. */
const char *model_string(const struct model *model, int64_t value);
/* The value of a text, entered into the table. */
int64_t model_intern(struct model *model, const char *text);

/* Appends the name of a thread: "A", "philosopher-3", "Thread-1 (work)", or what its name= said. */
struct world;
void model_thread_name(const struct model *model, const struct world *world, uint32_t thread,
                       struct text *out);
/* Who made thread `thread` (0 for declared ones), and how many that one had made before. */
void model_thread_origin(const struct model *model, uint32_t thread, uint32_t *ret_creator,
                         uint32_t *ret_number);

struct world {
    /* program->world_size bytes follow; the type is never complete in size. */
    int64_t words[1];
};

/* A new world in its first state: every declared thread is alive and rests before its first visible
 * operation. Its memory is reserved, not touched, so unused regions cost nothing. world_free(NULL)
 * is fine. */
struct world *world_new(struct model *model);
void world_free(struct world *world, const struct model *model);
/* Copies what is used; `to` comes from world_new() of the same model and may be dirty. */
void world_copy(const struct model *model, struct world *to, const struct world *from);

/* The used bytes, close together, in a form that depends only on the state. Returns their number;
 * writes them to `out` when `room` is enough for all of them, else nothing (`out` may be NULL when
 * room is 0). world_unpack() restores exactly, whatever the world held before. */
size_t world_pack(const struct model *model, const struct world *world, void *out, size_t room);
void world_unpack(const struct model *model, struct world *world, const void *bytes, size_t size);

/* Hash of the state: equal states have equal hashes. It is the sum of world_word_hash() over all
 * words of the world, so that of a state one step on is the old sum, less what changed words gave,
 * plus what they give now. */
uint64_t world_hash(const struct model *model, const struct world *world);
/* Bit i is set when byte i of the word is not zero. */
static inline unsigned world_byte_mask(uint64_t word)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7full;
    uint64_t high_bits = (((word & low) + low) | word) & ~low;
    return (unsigned)((high_bits >> 7) * 0x0102040810204080ull >> 56);
}
/* What one word adds to the sum: nothing when it is zero. Two rounds of mixing, since sums do not
 * mix. */
static inline uint64_t world_word_hash(uint32_t index, int64_t value)
{
    return value ? hash_word(hash_word(1, index), (uint64_t)value) : 0;
}
/* 0 when the states are the same. */
int world_compare(const struct model *model, const struct world *a, const struct world *b);

/* A stretch of a world's words. */
struct word_span {
    uint32_t first, count;
};
enum { WORD_SPANS = 4 };
/* All words that decide what `thread`, which is alive, can do next and what its step does, local
 * code and quiet operations after it included, and all that the step may change. The first span is
 * its own region; none overlap; which they are depends on that region alone. Returns how many, 0
 * when the operation may look at anything (an atomic block, active_count()). Only for programs that
 * make no threads at run time; and an ident that local code asks another thread for is not counted.
 */
uint32_t world_touches(const struct model *model, const struct world *world, uint32_t thread,
                       struct word_span spans[WORD_SPANS]);
/* The most words of a region. */
uint32_t world_region_most(const struct model *model);

/* One past the highest thread id that is not UNBORN. */
uint32_t world_thread_end(const struct model *model, const struct world *world);

static inline int64_t *world_cells(struct world *world)
{
    return world->words;
}
struct thread_head *world_thread(const struct model *model, struct world *world, uint32_t thread);
const struct thread_head *world_thread_const(const struct model *model, const struct world *world,
                                             uint32_t thread);
/* Where in a world each thread's head is, in bytes, for who asks millions of times. As long as the
 * model. */
const uint32_t *world_regions(const struct model *model);
/* The bytes of an object; see model/objects.h for what they mean. */
void *world_object(const struct model *model, struct world *world, uint32_t object);

/* For people: appends one line a cell, object and thread, in words. */
void world_describe(const struct model *model, const struct world *world, struct text *out);
/* Appends the value of a cell (of its variable's kind), as Python would print it. */
void world_cell_text(const struct model *model, uint32_t cell, int64_t value, struct text *out);
/* Appends the value of a slot of an ALIVE thread's current frame (function.slot_names tells its
 * name), likewise. */
void world_local_text(const struct model *model, const struct world *world, uint32_t thread,
                      uint16_t slot, struct text *out);
/* Appends an object's state in words: "locked", "2 of 3 permits", "set", "1 of 4 waiting", "depth 2
 * by A". */
void world_object_text(const struct model *model, const struct world *world, uint32_t object,
                       struct text *out);

#endif
