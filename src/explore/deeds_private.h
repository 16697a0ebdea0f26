/* Inside explore/: the parts of the search for deeds. */
#ifndef THRUM_EXPLORE_DEEDS_PRIVATE_H
#define THRUM_EXPLORE_DEEDS_PRIVATE_H

#include "explore/deeds.h"

#define NOBODY  0u
#define SEVERAL UINT32_MAX
#define NO_NOTE UINT32_MAX

enum { PATH = 4 }; /* values of a variable that are told one by one */

/* All accesses of one cell in one visit. Nobody else comes between them. */
struct note {
    uint32_t cell, visit;
    uint32_t before;            /* the note of this cell before this one, or NO_NOTE */
    uint32_t after;             /* … and after it */
    uint32_t first_at, last_at; /* steps; of the last write when there is one */
    uint32_t read_at;           /* of the last read after the last write, when reads_last */
    int64_t from, to;           /* its value at the first access and at the end */
    int64_t path[PATH];         /* what was written, one after the other */
    uint32_t writes;
    bool reads_first, reads_last;
    bool asked; /* what fails looks at it */
    bool wide;  /* a tuple: its values are not told */
};

/* A thread that waits on a condition or event. */
struct waiting {
    uint32_t thing, thread;
};

struct finder {
    const struct walk *walk;
    const struct program *program;
    const struct explore_failure *failure;
    struct visits *visits;
    uint32_t *toucher;    /* by thing: the one thread that touched it + 1, or SEVERAL */
    uint32_t *writer;     /* by thing, likewise: who wrote it */
    uint32_t *newest;     /* by cell: its last note */
    uint32_t last_access; /* the step in which who failed touched a variable last */
    vector(struct note) notes;
    vector(struct waiting) waiting;
};

/* `who` (NOBODY, a thread + 1, or SEVERAL) and this thread. */
static inline void deeds_enter(uint32_t *who, uint32_t thread)
{
    if (*who == NOBODY)
        *who = thread + 1;
    else if (*who != thread + 1)
        *who = SEVERAL;
}

static inline bool deeds_is_cell(const struct finder *finder, uint32_t thing)
{
    return thing < finder->program->cell_count;
}

static inline bool deeds_is_object(const struct finder *finder, uint32_t thing)
{
    return thing >= finder->program->cell_count && thing < program_register_thing(finder->program);
}

/* A new deed of the visit, which the caller completes at once: the next one may move it. */
struct deed *deeds_add(struct visit *visit, uint32_t at, const char *verb);
void deeds_add_name(const struct finder *finder, uint32_t thread, struct text *out);

/* ---- variables ---- */

/* Notes the accesses of variables in a step of the last visit. `asked`: what fails looks at them.
 */
void deeds_note_cells(struct finder *finder, uint32_t at, bool asked);
/* The deeds that all notes together come to. */
void deeds_tell_cells(const struct finder *finder);

/* ---- objects and threads ---- */

/* The deed of a step of the visit, if it is one. Steps come in their order. */
void deeds_tell_step(struct finder *finder, struct visit *visit, uint32_t at);

#endif
