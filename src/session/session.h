/*
 * What a view can look at and steer, whatever is behind it: a live run or a stepping session.
 *
 * A session is used by one thread (the UI's, or a command's). It never blocks on a scenario's
 * thread: every call returns within a few milliseconds. What changes behind it (history, world,
 * console, problems) is read between session_lock() and session_unlock(); hold it for one frame at
 * most, and make no session calls that steer while holding it. Pointers obtained under the lock
 * last until the unlock, unless it says otherwise.
 *
 * Text arguments out of a session (names, reasons) are UTF-8.
 */
#ifndef THRUM_SESSION_SESSION_H
#define THRUM_SESSION_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "model/step.h"

struct history;
struct trace_catalog;
struct session;

/* In a stepping session time counts steps: step n, from 1, takes the nanoseconds up to n *
 * SESSION_STEP_TIME, and the position after it is that time. */
#define SESSION_STEP_TIME 1000000u

enum session_mode { SESSION_LIVE, SESSION_STEPPING };

/* What a session can do now, as a set. A call whose ability is missing does nothing and returns
 * false. */
enum session_ability {
    SESSION_CAN_PAUSE = 1,     /* pause and resume (live); play and pause (stepping) */
    SESSION_CAN_PACE = 2,      /* set the pace */
    SESSION_CAN_FREEZE = 8,    /* live → stepping, placed at the end of what has happened */
    SESSION_CAN_STEP = 16,     /* perform a chosen step */
    SESSION_CAN_BACK = 32,     /* take steps back, jump to any of them */
    SESSION_CAN_POLICY = 64,   /* choose who chooses while it plays */
    SESSION_CAN_EXPLORE = 128, /* there is a program to explore */
    SESSION_CAN_BRANCH = 256,  /* several futures are kept */
    SESSION_CAN_STOP = 512,    /* end the run now, keep the session to look at */
};

/* What has changed since the last session_poll(), as a set. */
enum session_change {
    SESSION_CHANGED_STATUS = 1,
    SESSION_CHANGED_HISTORY = 2, /* new events */
    SESSION_CHANGED_PROBLEMS = 4,
    SESSION_CHANGED_CONSOLE = 8,
    SESSION_CHANGED_NOW = 16,  /* stepping: the position, the world, the choices */
    SESSION_CHANGED_MODE = 32, /* mode or abilities; the history may be another one */
    SESSION_CHANGED_RUN = 64,  /* the history is another one */
};

struct session_options {
    int64_t pace;  /* ns between a thread's visible steps; 0: none */
    uint32_t cpus; /* processors the run may use; 0: what `option cpus` or the machine says */
    bool has_seed;
    uint64_t seed; /* of randint, jitter and random policies */
    bool jitter;   /* delay steps at random */
    int64_t limit; /* ns after which a live run is stopped; 0: none */
    size_t memory; /* bytes the history may take; 0: 2 GiB. Live: then old detail goes; stepping:
                      then no more steps are made */
    bool start_paused; /* live: nothing moves until session_resume() */
    /* live: counts the runs that have threads. A run that finds others here waits until theirs have
     * left, three seconds at most, before it makes its own. NULL: it is alone. Outlives the
     * session. */
    _Atomic uint32_t *runs;
    bool no_kernel;       /* live: do not look at the kernel's context switches (tests) */
    bool no_tsc;          /* live: CLOCK_MONOTONIC stamps what happens (tests) */
    const char *policy;   /* stepping: "random", …; NULL: `option policy`, else the default */
    const char *schedule; /* stepping: text to play first, or NULL */
};

struct session_status {
    enum session_mode mode;
    unsigned abilities; /* enum session_ability */
    uint64_t elapsed;   /* ns of the run's clock; pauses do not count */
    uint64_t now;       /* the newest time in the history, its clock */
    bool starting;      /* live: the threads are being made; none goes before all are there */
    uint32_t made;      /* live: threads made at the start so far */
    bool paused;        /* live: paused; stepping: not playing */
    bool ended;         /* nothing will move any more: all ended, stuck, or stopped */
    bool finished;      /* every non-daemon thread ended and `after:` was judged */
    bool stopped;       /* ended early: by a person, a limit, or Ctrl-C */
    unsigned verdicts;  /* 1 << enum verdict for each found so far; VERDICT_OK only when it finished
                           clean */
    uint32_t problems;  /* in the history, potential ones included */
    uint32_t threads;   /* ever created, MainThread included */
    uint32_t threads_alive;
    uint64_t events;          /* in the history, dropped detail included */
    double events_per_second; /* over the last second or so */
    uint64_t lost;            /* records dropped; 0 in scenario runs */
    uint64_t lag_events;      /* how far the shadow world is behind: records waiting to be merged */
    int64_t lag;              /* … and how old the newest merged one was when it was merged, ns */
    uint64_t steps; /* of the scenario: performed so far (live), in the line of play (stepping) */
    uint64_t step;  /* stepping: where we are, 0 … steps; live: steps */
    bool playing;   /* stepping: the policy is choosing by itself */
    const char *kernel_truth; /* how running, preempted and blocked are known: words that live as
                                 long as the session does */
    const char *policy;       /* who chooses: "Linux", "random", …; lives for ever */
    int64_t pace;             /* ns */
    uint64_t seed;
    uint32_t cpus; /* processors the run uses */
    bool jitter;
    uint64_t defects;   /* disagreements between live values and the shadow: always 0, else a defect
                           of ours */
    const char *defect; /* the first of them in words; NULL: none. Lives as long as the session */
    const char *
        error; /* what went wrong with the run (threads that could not be started); NULL: nothing */
    const char *notice; /* something to show once ("old detail dropped"); NULL: nothing */
};

#define SESSION_NEVER UINT32_MAX

/* A choice of a schedule: who steps, and how. */
struct session_choice {
    uint32_t thread;
    struct choice choice;
};

/* What a thread could do next (stepping), or why it cannot. */
struct session_option {
    struct session_choice choice;
    unsigned enabled;        /* enum enabled */
    int64_t lowest, highest; /* ENABLED_VALUE: what randint may give */
    bool foreseen;           /* the two below are known: the program is small, and was searched */
    bool doomed;       /* after this step no continuation avoids a failure other than a race */
    uint32_t fails_in; /* further steps to the nearest such failure; 0: this one fails;
                          SESSION_NEVER: none can come */
};

/* A line of play that was left for another, or the present one. Together they are a tree. */
struct session_branch {
    uint32_t parent;             /* the branch it left; itself for the first, number 0 */
    uint64_t fork;               /* steps that it shares with its parent */
    uint64_t end;                /* steps in all */
    bool in_line;                /* the present line of play goes through it */
    bool current;                /* … and ends in it */
    struct session_choice first; /* what it chose where it forks; meaningless when fork == end */
};

/* Where to go, forwards or backwards (stepping). */
enum session_jump {
    SESSION_JUMP_STEP,   /* one step; `argument` 0: the policy's choice forwards */
    SESSION_JUMP_THREAD, /* to the next (before the last) step of thread `argument` */
    SESSION_JUMP_SWITCH, /* to where another thread goes on */
    SESSION_JUMP_WAIT,   /* to where a thread begins to wait */
    SESSION_JUMP_CHANGE, /* to a change of thing `argument` */
    SESSION_JUMP_PROBLEM,
    SESSION_JUMP_LINE,  /* thread `argument` leaves its line */
    SESSION_JUMP_OUT,   /* thread `argument` leaves its function */
    SESSION_JUMP_BREAK, /* to a break point */
    SESSION_JUMP_END,   /* start, when backwards */
    SESSION_JUMP_TO,    /* to step number `argument` */
};

/*
 * Starts a live run of the program on real threads. `program` and `model` must outlive the session.
 * Never NULL; what could not be started is in the status ("error").
 */
struct session *session_open_live(const struct program *program, struct model *model,
                                  const struct session_options *options);
/* The same threads, one visible step at a time. NULL and the reason when options->schedule does not
 * fit. */
struct session *session_open_stepping(const struct program *program, struct model *model,
                                      const struct session_options *options,
                                      struct text *ret_error);
/*
 * Asks everything behind the session to end, and waits for it a tenth of a second at most; after
 * that only this and session_close() may be called. False: some of it is still there. Who is
 * quitting then ends the process without session_close(): the kernel is quicker with a crowd than
 * its threads are by themselves. NULL is fine.
 */
bool session_leave(struct session *session);
/* The same, waits for as long as it takes, and frees the session. NULL is fine. */
void session_close(struct session *session);

/* Non-blocking: takes in what happened, does what is due (a limit, a step of play); enum
 * session_change bits. */
unsigned session_poll(struct session *session);
/* A file descriptor that becomes readable when session_poll() has news; -1: poll every 16 ms. */
int session_fd(const struct session *session);

void session_status(struct session *session, struct session_status *ret_status);

/* Constant while the session lives. Any time. */
const struct program *session_program(const struct session *session);
struct model *session_model(const struct session *session);

/* The UI's turn to look. */
void session_lock(struct session *session);
void session_unlock(struct session *session);

/* Under the lock, which is the history's. Console lines, notes and problems are in the history;
 * thread numbers in it are the model's, object numbers are its things. Lines printed by `after:`
 * have the thread THRUM_NONE. */
struct history *session_history(struct session *session);
const struct trace_catalog *session_catalog(struct session *session);
/* The scenario's state now: the shadow's (live), the position's (stepping); NULL when there is no
 * model. */
const struct world *session_world(struct session *session);
/* Whether `sometimes` number so-and-so of the program has held in some state so far (stepping: up
 * to the position). Not to hold in one run is no failure: exploring says whether it can. */
bool session_reached(struct session *session, uint32_t sometimes);
/* Its text, and that; NULL past the last, or when there is no program. */
const char *session_sometimes(struct session *session, uint32_t number, bool *ret_reached);
/* Appends the value of a cell at a time of the history (UINT64_MAX: now), as Python prints it. */
void session_cell_text(struct session *session, uint32_t cell, uint64_t time, struct text *out);
/* Where a thread is now: POSITION of its next operation; 0 when it has none. */
uint32_t session_thread_source(struct session *session, uint32_t thread);
/* Appends what a thread would do next: "load counter → 2"; nothing when it has ended. */
void session_next_text(struct session *session, uint32_t thread, struct text *out);
/* Appends why a thread cannot go ("waits for forks[1], held by philosopher-1 since step
 * 7, line 14");
 * nothing when it can. */
void session_why_not_text(struct session *session, uint32_t thread, struct text *out);
/* Stepping: appends which two threads are both about to touch the same data, in any order: a race
 * ("counter: A is about to read it (line 19) and B …"). False where there are none, or none can be
 * told. The caller steers nothing meanwhile. */
bool session_meeting_text(struct session *session, struct text *out);
/* Calls `visit` for each named local of a thread's current frame, with its value as text. */
void session_locals(struct session *session, uint32_t thread,
                    void (*visit)(void *context, const char *name, const char *value),
                    void *context);

/* The kernel's own counts of a live thread's context switches: where it blocked, and where it was
 * preempted. False where there are none. Under no lock. */
bool session_switches(struct session *session, uint32_t thread, uint64_t *ret_voluntary,
                      uint64_t *ret_involuntary);

/* Steering. False: it cannot be done now. */
bool session_pause(struct session *session);
bool session_resume(struct session *session);
bool session_set_pace(struct session *session, int64_t nanoseconds);
/* Ends the run now; the session stays to be looked at. */
bool session_stop(struct session *session);
/* Live → stepping: what happened becomes a schedule, and the session stands at its end. */
bool session_freeze(struct session *session);

/* Stepping (SESSION_CAN_STEP). Under no lock. */
/* What each thread could do now; false past the last thread. */
bool session_option(struct session *session, uint32_t thread, struct session_option *ret_option);
/* Performs one step. */
bool session_step(struct session *session, const struct session_choice *choice);
bool session_jump(struct session *session, enum session_jump where, bool backwards,
                  uint64_t argument);
bool session_set_policy(struct session *session, const char *name);
/* The names that session_set_policy() takes, from 0; NULL past the last. */
const char *session_policy_name(unsigned number);
bool session_toggle_break(struct session *session, uint32_t line);
bool session_has_break(struct session *session, uint32_t line);

/* The futures that are kept (SESSION_CAN_BRANCH); 0 without that ability. */
uint32_t session_branches(struct session *session);
bool session_branch(struct session *session, uint32_t branch, struct session_branch *ret_branch);
/* Appends its name: "2: B at step 8, 12 steps". */
void session_branch_text(struct session *session, uint32_t branch, struct text *out);
/* The line of play becomes that branch's; the position goes back to the fork when it was beyond. */
bool session_switch_branch(struct session *session, uint32_t branch);

/* Appends the schedule up to now: "#1a2b3c4d A*3 B A*2!timeout". Live, stepping; under no
 * lock. */
void session_schedule_text(struct session *session, struct text *out);

#endif
