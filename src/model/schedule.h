/*
 * A schedule as short text: which thread went, step by step, and what it chose where it had a
 * choice.
 *
 *     #1a2b3c4d A*3 p-1!timeout A=4 "Thread-1 (work)"*2 MainThread>1
 *
 * Entries stand apart by white space. An entry is a thread, then any of: `!timeout` (the wait that
 * it has begun times out), `=N` (its randint gave N), `*N` (that many times in a row). A name with
 * white space or one of `"*!=#` is quoted, `\"` and `\\` stand for themselves inside. A thread made
 * at run time whose name is not the only one of its kind is written as its maker, `>` and how many
 * that one had made before it. A `#` and eight hexadecimal digits in front are the checksum of the
 * scenario that the schedule was made for.
 *
 * Entries of the same thread with the same choice that follow each other are folded, in reading,
 * adding and writing. Not thread-safe.
 */
#ifndef THRUM_MODEL_SCHEDULE_H
#define THRUM_MODEL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/vector.h"
#include "model/step.h"

/* No entry stands for more steps than this: a schedule is what somebody did, not a loop. */
#define SCHEDULE_MAX_COUNT 100000000u

struct schedule_entry {
    const char *thread;   /* its name as written, unquoted; lives in the schedule's arena */
    struct choice choice; /* what it does, each time */
    uint32_t count;       /* steps, at least 1 */
    uint32_t column; /* where it begins in the text it was read from, in bytes from 1; 0 when it was
                        added */
};

/* An all-zero schedule is an empty one. */
struct schedule {
    struct arena arena;                    /* names */
    vector(struct schedule_entry) entries; /* in order */
    bool has_checksum;                     /* the text began with one */
    uint32_t checksum;                     /* low half of program->checksum */
};

void schedule_fini(struct schedule *schedule);

/* Reads a text. False when it cannot: then `error` (may be NULL) gets a sentence that names the
 * column, and the schedule is empty. The schedule must be all-zero or finished before. */
bool schedule_parse(struct schedule *schedule, const char *text, struct text *error);

/* Adds a step at the end, folding it into the last entry where it can. Copies the name. */
void schedule_add(struct schedule *schedule, const char *thread, struct choice choice);

/* Steps in all. */
uint64_t schedule_steps(const struct schedule *schedule);

/* Appends the text, with the checksum in front if it has one. schedule_parse() reads the same
 * schedule back. */
void schedule_write(const struct schedule *schedule, struct text *out);
/* Appends one entry as it stands in the text. */
void schedule_write_entry(const struct schedule_entry *entry, struct text *out);

/* Appends the name that stands for `thread` in a schedule whose last state is `world`. */
void schedule_thread_name(const struct model *model, const struct world *world, uint32_t thread,
                          struct text *out);

#define SCHEDULE_NOBODY UINT32_MAX
/* The thread that a name stands for in this state, or SCHEDULE_NOBODY; then `error` (may be NULL)
 * gets a sentence, with the nearest name as a suggestion. */
uint32_t schedule_find_thread(const struct model *model, const struct world *world,
                              const char *name, struct text *error);

/* Whether the thread can do this now. When not, `error` (may be NULL) gets the reason: "A waits for
 * forks[1]". */
bool schedule_fits(const struct model *model, const struct world *world, uint32_t thread,
                   struct choice choice, struct text *error);

/* Whether the schedule was made for this program, as far as its checksum tells. */
static inline bool schedule_is_for(const struct schedule *schedule, const struct program *program)
{
    return !schedule->has_checksum || schedule->checksum == (uint32_t)program->checksum;
}

/* Walks a schedule step by step without unfolding it. An all-zero cursor stands before the first
 * step. */
struct schedule_cursor {
    size_t entry;  /* index of the entry that the next step is of */
    uint32_t done; /* steps of that entry that are behind */
};
/* The entry of the next step, or NULL at the end; moves on. */
const struct schedule_entry *schedule_next(const struct schedule *schedule,
                                           struct schedule_cursor *cursor);

#endif
