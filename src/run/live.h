/*
 * A live run: the scenario's threads as real pthreads, truly parallel, on one world that they
 * share.
 *
 * run_start() makes the threads and lets them go together. What they do leaves them as records in
 * their rings, which the caller's collector drains; nothing else comes out but the few words asked
 * for below.
 *
 * A run has a keeper: the thread that starts it, attends to it, and joins it. With thousands of
 * threads each of these three takes long. Everything else may be called by any thread that is not
 * of the run, also while run_start() is at work, and never waits for a scenario's thread.
 */
#ifndef THRUM_RUN_LIVE_H
#define THRUM_RUN_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/step.h"
#include "thrum/ring.h"

struct run;

struct run_options {
    int64_t pace;      /* ns that a thread stands still after each visible step; 0: none */
    uint32_t cpus;     /* processors to use; 0: all that the process may use */
    uint64_t seed;     /* of randint and of jitter */
    bool jitter;       /* delay steps at random */
    bool no_tsc;       /* records are stamped by CLOCK_MONOTONIC even where the TSC would do */
    bool start_paused; /* hold all threads before their first step until run_pause(run, false) */
};

/*
 * Called for each thread's ring before the thread's first record: by run_start(), and by scenario
 * threads that start others. Returns false when no more rings can be taken.
 */
typedef bool run_attach(void *context, struct thrum_ring *ring);

/* A run that has no threads yet. `program` and `model` must outlive it (until run_gone()). Never
 * NULL. */
struct run *run_new(const struct program *program, struct model *model,
                    const struct run_options *options, run_attach *attach, void *context);
/* The run must be joined, or never have been started. NULL is fine. */
void run_free(struct run *run);

/* Keeper, once: makes the threads, and lets them go when all are there. Ends early when the run is
 * to quit; when a thread cannot be made, the run quits and run_error() says why. */
void run_start(struct run *run);
/* Keeper, every few milliseconds: wakes those who were not to be reached when the run was paused,
 * continued or quit. */
void run_attend(struct run *run);
/* Keeper, once: waits until the kernel has let the threads go. The run must be gone. */
void run_join(struct run *run);

/* Stops or continues the run's clock and its threads. */
void run_pause(struct run *run, bool paused);
bool run_paused(const struct run *run);
void run_set_pace(struct run *run, int64_t pace);
/* Asks every thread to leave: each does before its next step. */
void run_quit(struct run *run);
/* The same because something was refused: `words`, and what the errno `error` means, become
 * run_error() unless there is one already. */
void run_fail(struct run *run, const char *words, int error);
/* Whether run_start() is over and every thread has left; then nobody touches the rings, the model
 * or the program any more. */
bool run_gone(const struct run *run);
/* Whether the threads go; before, they are still being made, and `ret_made` of them are there. */
bool run_started(const struct run *run, uint32_t *ret_made);
/* Whether every non-daemon thread has ended; the daemons then stand still. */
bool run_finished(const struct run *run);
/* Why the run had to quit; NULL: all is well. Lives as long as the run. */
const char *run_error(struct run *run);

/* Nanoseconds of the run's clock; it stands still during pauses. */
uint64_t run_elapsed(const struct run *run);
/* The clock of the records. */
const struct thrum_clock *run_clock(const struct run *run);
/* Processors that the run's threads may use. */
uint32_t run_cpus(const struct run *run);
/* The scenario thread that the kernel knows as `tid`, or UINT32_MAX. */
uint32_t run_thread_of(const struct run *run, pid_t tid);
/* The kernel's number of a scenario thread; 0: it has not begun. */
pid_t run_tid_of(const struct run *run, uint32_t thread);

/* The kernel's counts of a thread's context switches so far: where it blocked, and where it was
 * preempted. False: it has not begun. Makes system calls. */
bool run_switches(const struct run *run, uint32_t thread, uint64_t *ret_voluntary,
                  uint64_t *ret_involuntary);

/* Things are guarded by these; the trace's catalog wants to know. */
uint32_t run_guard_of(const struct program *program, uint32_t thing);

#endif
