/*
 * Every schedule of a scenario: which failures there are, by which simplest schedule, and which
 * final values.
 *
 * explore_run() searches and answers in one call. It may run on a thread of its own: progress can
 * be read and the search cancelled from any other. All that a result points to belongs to it.
 *
 * A complete search is exact up to collisions of 64-bit fingerprints: with n states about n²/2⁶⁵ of
 * them are to be expected (explore_collisions()), usually far below one in a million; `exact`
 * compares whole states instead.
 */
#ifndef THRUM_EXPLORE_EXPLORE_H
#define THRUM_EXPLORE_EXPLORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/schedule.h"
#include "model/step.h"
#include "model/stuck.h"

enum explore_time {
    EXPLORE_TIME_PROGRAM, /* as `option time` says, else any */
    EXPLORE_TIME_ANY,     /* sleeping, computing and time-outs come in every order */
    EXPLORE_TIME_ORDERED, /* a virtual clock moves on only when no thread can step */
};

struct explore_request {
    const struct program *program;
    uint64_t states;    /* most states to store; 0: no limit but memory */
    int64_t time;       /* nanoseconds, 0: no limit */
    uint64_t memory;    /* bytes, 0: half of what the machine has */
    unsigned jobs;      /* threads; 0: one a processor */
    bool no_reduction;  /* neither symmetry nor persistent sets */
    bool exact;         /* store whole states, not fingerprints */
    bool verdicts_only; /* no schedules, shares or points of no return: what `check` needs */
    enum explore_time time_order;
};

/* Read by others while a search runs; every field is written with relaxed order. */
struct explore_progress {
    _Atomic uint64_t states; /* stored so far, in the present phase */
    _Atomic uint64_t steps;  /* performed so far, in all phases */
    _Atomic uint64_t depth;  /* of the level being searched */
    _Atomic uint64_t bytes;  /* of memory in use */
    _Atomic uint64_t bytes_limit;
    _Atomic uint64_t began;    /* clock_now() at the start */
    _Atomic uint32_t failures; /* kinds found so far */
    _Atomic uint32_t outcomes; /* found so far */
    _Atomic uint32_t phase;    /* enum explore_phase */
    _Atomic bool cancel;       /* set by others: stop at once */
};

enum explore_phase { EXPLORE_SEARCHING, EXPLORE_SIMPLIFYING, EXPLORE_DONE };

/* How far a search is, as people are told. */
struct explore_look {
    enum explore_phase phase;
    int64_t elapsed; /* nanoseconds; 0: it has not begun */
    uint64_t states, depth;
    double states_a_second;
    double memory; /* in use, percent of what it may take; 0 without a limit */
    uint32_t failures, outcomes;
};

/* Looks at a search that may be running on another thread. Each number is true of some moment just
 * past, not all of the same one. */
struct explore_look explore_look(const struct explore_progress *progress);

/* One step of a schedule. */
struct explore_step {
    uint32_t thread;
    struct choice choice;
};

struct explore_schedule {
    struct explore_step *steps; /* owned; every step, quiet ones too, as stepping takes them */
    uint32_t count;
    uint32_t preemptions, switches;
    bool minimal; /* no schedule does with fewer (preemptions, switches, steps); else it is only
                     simplified */
};

/* One kind of failure. */
struct explore_failure {
    enum verdict verdict;
    const char
        *detail; /* assertion: its text; error: the exception's name; race: the variable; else "" */
    const char *words;  /* one sentence */
    uint32_t position;  /* where in the file; race: the first access; 0 when it is no place */
    uint32_t position2; /* race: the second access */
    uint32_t thread;    /* who failed, or UINT32_MAX */
    uint32_t thread2;   /* race: the other one */
    struct explore_schedule schedule; /* count 0 and no steps: fails at once, or none was wanted */
    bool has_schedule;
    bool return_known;           /* the two below are determined */
    uint32_t point_of_no_return; /* steps of the schedule after which nothing avoids this failure
                                    any more; 0: it was never avoidable */
    bool has_passing;
    struct explore_schedule passing; /* the nearest schedule that does not fail so */
    uint32_t
        passing_common; /* its first steps are the same; the next one is the switch that differs */
    bool has_share;
    double share; /* of runs under a uniformly random scheduler that fail so */
};

/* The values that the shared variables can end with. */
struct explore_outcome {
    const int64_t *cells; /* cell_count of them, when every thread has ended, before `after:` */
    int32_t failure;      /* `after:` fails so: an index into the failures; else -1 */
    struct explore_schedule schedule;
    bool has_schedule;
    bool has_share;
    double share;
};

struct explore_result {
    const struct program *program; /* not owned; must live as long */
    struct model *model;           /* owned */
    struct explore_failure *failures;
    uint32_t failure_count;
    struct explore_outcome *outcomes;
    uint32_t outcome_count;
    bool outcomes_cut;      /* there were more than are kept */
    bool complete;          /* everything was searched */
    const char *stopped_by; /* when not: "the limit of 1000 states", "memory", … */
    bool livelock_known;    /* whether livelock was decided */
    bool can_loop; /* some run can go round for ever (a way out exists, or there is a livelock) */
    bool daemon_loop; /* a non-daemon thread waits for ever for daemons that run for ever */
    int32_t searched_preemptions; /* incomplete: every schedule with up to so many preemptions was
                                     searched, if not for livelock; INT32_MAX: every one; -1: not
                                     even those without; NOT_LOOKED: that was not tried */
    int32_t clean_preemptions;    /* incomplete: no failure with up to so many preemptions, all
                                     searched; -1: not known */
    uint64_t states;              /* stored in the search that gave the verdicts */
    uint64_t edges;
    uint64_t steps; /* performed in all phases */
    uint64_t depth;
    uint64_t peak_bytes;
    uint64_t state_bytes; /* of one packed state */
    int64_t elapsed;      /* nanoseconds */
    unsigned jobs;
    bool reduced_by_symmetry, reduced_by_order;
    bool ordered;       /* time ordered */
    struct arena arena; /* all the texts and arrays above */
};

enum { NOT_LOOKED = -2 };

/* Never NULL. `progress` may be NULL. */
struct explore_result *explore_run(const struct explore_request *request,
                                   struct explore_progress *progress);
void explore_free(struct explore_result *result);

/* Whether what was found is exactly what the program expects. Appends what differs to `out` (may be
 * NULL). An incomplete search is never as expected. A program without `expect` expects ok. */
bool explore_as_expected(const struct explore_result *result, struct text *out);

/* Expected number of fingerprint collisions among so many states. */
double explore_collisions(uint64_t states);

/* How runs on real threads ended, given to the report by whoever can make them. */
struct explore_runs {
    uint64_t runs;
    const uint64_t *outcomes; /* by outcome: how many ended so */
    const uint64_t *failures; /* by failure: how many showed it */
    uint64_t others;          /* ended in no listed way */
};

struct explore_report_options {
    bool quiet;                      /* verdicts only */
    const struct explore_runs *runs; /* or NULL */
};
void explore_report(const struct explore_result *result,
                    const struct explore_report_options *options, struct text *out);
/* The same as JSON; docs/JSON.md describes it. */
void explore_json(const struct explore_result *result, const struct explore_report_options *options,
                  struct text *out);

/* Parts of the report, for views. A schedule as `thrum replay` takes it; as a table of lines of at
 * most `width`, one column a thread; in prose. */
void explore_schedule_text(const struct explore_result *result,
                           const struct explore_schedule *schedule, struct text *out);
/* "(1 preemption, 2 switches, 21 steps; the simplest)"; docs/LANGUAGE.md says what counts. */
void explore_schedule_counts(const struct explore_schedule *schedule, struct text *out);
void explore_schedule_table(const struct explore_result *result,
                            const struct explore_schedule *schedule, uint32_t point_of_no_return,
                            uint32_t width, struct text *out);
void explore_story(const struct explore_result *result, const struct explore_failure *failure,
                   struct text *out);
/* "counter = 4, done = True". */
void explore_outcome_text(const struct explore_result *result,
                          const struct explore_outcome *outcome, struct text *out);

#endif
