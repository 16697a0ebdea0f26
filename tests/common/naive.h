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

/* Where something was found. */
struct naive_hit {
    uint32_t finding; /* index into the findings */
    uint32_t at;      /* state, or edge */
    bool on_edge;
};

/* Those of a state stand side by side, by thread. */
struct naive_edge {
    uint32_t from, to;
    uint16_t thread;
    bool timeout;
    bool daemon; /* of the thread */
    struct choice choice;
    bool left_free; /* it ends in a sleep or io, or before yield_now */
};

/* A run that has ended. */
struct naive_end {
    uint32_t state;
    uint64_t outcome;
};

struct naive_state {
    uint64_t hash;
    size_t packed; /* where its bytes begin in `bytes` */
    uint32_t size;
    uint32_t parent;      /* the state it was first reached from */
    uint16_t thread;      /* by this thread */
    struct choice choice; /* choosing this */
    uint32_t first_edge;  /* of those that leave it */
    uint64_t stuck;       /* bit set of threads (below 64) called stuck */
};

struct naive_options {
    uint64_t max_states; /* 0: 300,000 */
    bool separate_quiet; /* sleep, print … are steps of their own */
    bool fuse_ends;      /* the end of a thread is part of the step before, as explorers do it where
                            nobody could notice */
    bool ordered;        /* a clock rules: it moves on only when nobody can go */
    bool no_stuck;       /* do not judge who is stuck, for speed */
};

struct naive {
    bool complete;
    uint64_t steps;
    vector(struct naive_finding) findings; /* each (verdict, detail) once */
    vector(uint64_t) outcomes; /* naive_outcome() of every end of a run, each once, ascending */
    vector(uint64_t) dead_outcomes; /* the same of states where nobody can step any more */
    vector(struct naive_hit) hits;  /* each place once for each finding, by and by */
    vector(struct naive_end) ends;
    vector(struct naive_state) states; /* [0] is the first */
    vector(struct naive_edge) edges;
    vector(unsigned char) bytes;
    vector(int64_t) clocks; /* with a clock, of each state by thread: what is left of its time; -1:
                               it has none */
    uint32_t *table;        /* hash → state + 1 */
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

/*
 * A second opinion on schedules: the fewest (preemptions, switches) with which a run comes to each
 * state and takes each edge, as NAIVE_PREEMPTION * preemptions + switches. The arrays have room for
 * all states and edges. Switches are counted as docs/LANGUAGE.md says, if `fuse_ends` was right.
 */
#define NAIVE_SWITCH     ((uint64_t)1)
#define NAIVE_PREEMPTION ((uint64_t)1 << 32)
void naive_costs(const struct naive *naive, uint64_t *ret_states, uint64_t *ret_edges);
/* The least of where one of these findings (by index) was hit; UINT64_MAX: nowhere. */
uint64_t naive_cost_of(const struct naive *naive, const bool *findings, const uint64_t *states,
                       const uint64_t *edges);
/* The share of runs that hit one of these findings, where each time every thread that can go is as
 * likely; and of those that end with this outcome. False: some run goes round for ever. */
bool naive_share_of(const struct naive *naive, const bool *findings, double *ret_share);
bool naive_outcome_share(const struct naive *naive, uint64_t outcome, double *ret_share);

/* By state: no continuation avoids these findings. False: some run goes round for ever. */
bool naive_doomed(const struct naive *naive, const bool *findings, bool *ret_doomed);

/* By state: the steps to the nearest of these findings, 0: it is there; UINT32_MAX: none is ahead.
 * False as above. */
bool naive_distances(const struct naive *naive, const bool *findings, uint32_t *ret_distances);
/* Makes `world` the state with this number. */
void naive_restore(const struct naive *naive, struct model *model, uint32_t state,
                   struct world *world);

/* The number of the state that a world is when all that counts as part of the steps before has been
 * performed, which is done to it; UINT32_MAX: none. */
uint32_t naive_state_of(const struct naive *naive, struct model *model,
                        const struct naive_options *options, struct world *world);

/* Performs all quiet operations of a thread. */
void naive_run_quiet(struct model *model, struct world *world, uint32_t thread,
                     struct effect *effect);

#endif
