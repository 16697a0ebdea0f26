/*
 * The naive explorer: every schedule of a scenario, breadth first, without any reduction. Slow and
 * plain on purpose: everything cleverer is checked against it. It also checks the judgement of who
 * is stuck: nobody who was called stuck may ever step again, and where nobody can step somebody
 * must be called stuck.
 */
#ifndef THRUM_TESTS_NAIVE_H
#define THRUM_TESTS_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/vector.h"
#include "model/stuck.h"

struct naive_finding {
    enum verdict verdict;
    char *detail;   /* the assertion's text, the exception's name, the variable of a race, the stuck
                       threads; owned */
    uint64_t state; /* where it was first found: for naive_trace() */
};

struct naive_edge {
    uint32_t from, to;
    uint16_t thread;
};

struct naive_state {
    uint64_t hash;
    size_t packed; /* where its bytes begin in `bytes` */
    uint32_t size;
    uint32_t parent;      /* the state it was first reached from */
    uint16_t thread;      /* by this thread */
    struct choice choice; /* choosing this */
    uint64_t stuck;       /* bit set of threads (below 64) called stuck */
};

struct naive_options {
    uint64_t max_states; /* 0: 300,000 */
    bool separate_quiet; /* sleep, print … are steps of their own */
    bool no_stuck;       /* do not judge who is stuck, for speed */
};

struct naive {
    bool complete;
    uint64_t steps;
    vector(struct naive_finding) findings; /* each (verdict, detail) once */
    vector(uint64_t) outcomes; /* naive_outcome() of every end of a run, each once, ascending */
    vector(uint64_t) dead_outcomes;    /* the same of states where nobody can step any more */
    vector(struct naive_state) states; /* [0] is the first */
    vector(struct naive_edge) edges;
    vector(unsigned char) bytes;
    uint32_t *table; /* hash → state + 1 */
    uint64_t table_mask;
    struct text defects; /* what contradicts itself: must be empty */
};

/* Explores everything. `ret_naive` is all-zero before. */
void naive_explore(struct model *model, const struct naive_options *options,
                   struct naive *ret_naive);
void naive_fini(struct naive *naive);

/* A run's outcome: the hash of its shared cells. */
uint64_t naive_outcome(const struct model *model, const struct world *world);
bool naive_has_outcome(const struct naive *naive, uint64_t outcome);
bool naive_has_dead_outcome(const struct naive *naive, uint64_t outcome);

/* The finding of a verdict whose detail is `detail` (NULL: any), or NULL. */
const struct naive_finding *naive_finding(const struct naive *naive, enum verdict verdict,
                                          const char *detail);

/* Whether what was found is what the program's `expect` says, no more and no less. Appends what
 * differs. */
bool naive_as_expected(const struct program *program, const struct naive *naive, struct text *out);

/* Appends the findings, one a line: `assertion "an update was lost"`; "ok" when there are none. */
void naive_summary(const struct naive *naive, struct text *out);
/* Appends the steps to a state, one a line. */
void naive_trace(struct model *model, const struct naive *naive, uint64_t state, struct text *out);

/* Performs all quiet operations of a thread. */
void naive_run_quiet(struct model *model, struct world *world, uint32_t thread,
                     struct effect *effect);

#endif
