/* Inside run/: a live run's context, its guards and its executors. See live.h for what others see.
 */
#ifndef THRUM_RUN_RUN_H
#define THRUM_RUN_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "run/live.h"
#include "run/record.h"

enum {
    CELL_GUARDS = 4096,     /* cells beyond this many share guards */
    STACK_SIZE = 128 << 10, /* of a scenario's thread */
    RING_BYTES = 64 << 20,  /* all rings of a run together */
    RING_LEAST = 256,       /* records a ring holds */
    RING_MOST = 8192,
    MANY_THREADS = 64, /* more than these give way to collector and screen, */
    GIVE_WAY = 10,     /* … by so much niceness; */
    CROWD = 256,       /* more than these run where nobody else would */
    STEP_ROOM = 12,    /* records that one round of an executor may write */
};

/* The control word: what every thread of the run looks at before each step and whenever it is
 * kicked. */
enum control { CONTROL_GATE = 1, CONTROL_PAUSED = 2, CONTROL_QUIT = 4, CONTROL_FINISHED = 8 };

struct executor;

/* What protects a thing: see the essay in guard.c. */
struct guard {
    pthread_mutex_t mutex;
    uint32_t version;              /* records of its things so far */
    uint64_t last_time;            /* stamp of the newest of them */
    struct executor *first, *last; /* who waits, oldest first */
} __attribute__((aligned(64)));

/* `option gil`: one thread at a time, as in CPython. See gil_lock.c. */
struct gil_lock {
    struct guard *guard;     /* its mutex guards the rest; NULL: the run has no GIL */
    pthread_cond_t freed;    /* somebody gave it up */
    pthread_cond_t switched; /* another thread than before took it */
    int64_t interval;        /* ns */
    bool locked;
    struct executor *last_holder;
    uint64_t switches;  /* times that another thread than the last took it */
    uint32_t requester; /* who asked last */
    uint32_t object;    /* its number in the catalog */
    _Atomic bool
        drop_request; /* written under the mutex (release), read at check points (acquire) */
};

struct guard_list {
    const uint32_t *guards; /* ascending, no duplicates */
    uint32_t count;
};

/* One scenario thread. Between steps it keeps nothing but what stands here and in its region of the
 * world. */
struct executor {
    struct run *run;
    uint32_t thread; /* in the model */
    char name[16];   /* for the kernel, cut to what it takes */
    pthread_t handle;
    bool made;           /* there is that pthread; read by the keeper when the run is gone */
    _Atomic bool missed; /* a kick did not reach it, see run_kick() */
    _Atomic pid_t tid;   /* the kernel's number; 0: not begun */
    struct thrum_ring ring;
    _Atomic int64_t voluntary; /* the kernel's counts of its switches when it left; -1 before */
    _Atomic int64_t involuntary;
    uint64_t random;            /* state of its generator for randint */
    uint64_t jitter;            /* … and for delays */
    struct operation operation; /* its next one */
    struct effect effect;       /* of its last step */
    int64_t deadline;           /* run's clock: of the wait that has begun; INT64_MAX: none */
    int64_t limit;              /* run's clock: when the wait_for that it is in ends */
    bool announced;             /* its waiting has been recorded */
    bool arrived;      /* at a barrier; the time-out of its departure counts from `deadline` */
    bool may_time_out; /* the wait that has begun could time out now */
    bool holds_gil;    /* its own business alone */
    int timer;         /* timerfd for io, or -1 */

    /* Guarded by the guard it waits for. */
    struct executor *next, *previous;
    struct guard *queue;        /* NULL: in no queue */
    struct executor *wake_next; /* those that the waker is about to signal */

    /* Guarded by `park`. */
    pthread_mutex_t park;
    pthread_cond_t unpark; /* CLOCK_MONOTONIC by pthread_cond_clockwait() */
    bool woken;            /* somebody took it out of the queue */
    uint32_t waker;        /* who */
} __attribute__((aligned(64)));

struct run {
    const struct program *program;
    struct model *model;
    struct world *world;
    struct run_options options;
    run_attach *attach;
    void *attach_context;
    struct thrum_clock clock;

    struct guard *guards;
    uint32_t guard_count;
    struct gil_lock gil;
    struct guard_list *atomics; /* one an atomic block */
    uint32_t *atomic_guards;    /* behind them */

    _Atomic(struct executor *) *executors; /* by thread; made when it is started, release */
    uint32_t executor_limit;
    _Atomic uint32_t made;         /* by run_start() so far */
    _Atomic uint32_t executor_end; /* one past the highest made; release after the entry is set */
    pthread_mutex_t making;        /* one maker of threads at a time */
    struct thrum_event *slots;     /* of all rings, reserved at once, touched when used */
    size_t slots_size;
    uint32_t ring_capacity;

    _Atomic uint32_t control; /* enum control; written under `clock_lock`, release; read acquire */
    _Atomic int64_t pace;
    _Atomic uint64_t *tids; /* hash table: tid << 32 | thread + 1; 0: free */
    uint32_t tid_mask;
    _Atomic bool starting;    /* run_start() is to come or at work; release when it is over */
    _Atomic uint32_t running; /* pthreads that have not left; release when one does */
    int kick;                 /* eventfd, readable while paused or quitting; -1: none */
    _Atomic bool missed;      /* so is some executor's */

    pthread_mutex_t clock_lock;    /* guards writing the three below and the control word */
    _Atomic uint64_t began;        /* CLOCK_MONOTONIC at the opening of the gate, 0 before */
    _Atomic uint64_t paused_total; /* ns of pauses that are over */
    _Atomic uint64_t paused_at;    /* CLOCK_MONOTONIC; 0: not paused */

    pthread_mutex_t error_lock;
    char *error; /* the first, owned */
    cpu_set_t processors;
    uint32_t cpus;
};

/* guard.c */
/* Makes a guard for each thing of run->program, and the lists of those that atomic blocks take. */
void guards_init(struct run *run);
void guards_fini(struct run *run);
/* The guard of a cell, an object or the register; several things may share one. */
struct guard *guard_of(struct run *run, uint32_t thing);
/* Takes and releases what the executor's next operation needs; NULL when it touches nothing shared.
 */
struct guard *guards_take(struct executor *self);
/* Signals what the step may have let go, after giving the guards back. */
void guards_give(struct executor *self, struct guard *guard, bool wakes);
/* Waits in the guard's queue until woken, past `deadline` (run's clock) or to leave the run; holds
 * the guard before and after. True: woken, by self->waker. */
bool guard_park(struct executor *self, struct guard *guard, int64_t deadline);

/* machine_clock.c; each of the executor's own is called by its thread, with no guard in hand. */
/* ns of the run's clock: since the gate was opened, less the pauses. Any thread. */
int64_t run_time(const struct run *run);
/* Off the processor until a time of the run's clock. False: the run ends. */
bool executor_sleep(struct executor *self, int64_t deadline);
/* Off the processor for ns of the run's clock, as in a call that waits for a device. False: the run
 * ends. */
bool executor_io(struct executor *self, int64_t duration);
/* On the processor for ns of the thread's own time; a check point of the GIL all along. False: the
 * run ends. */
bool executor_compute(struct executor *self, int64_t duration);
/* Waits while the gate is closed or the run is paused. False: the run ends. */
bool executor_pass(struct executor *self);
/* Makes who waits look at the control word and at the time again. Waits for nobody: whom it does
 * not reach is left to run_attend(). */
void run_kick(struct run *run);
/* One wait on `unpark`, `park` held, at most until a time of the run's clock. */
void executor_wait(struct executor *self, int64_t deadline);

/* gil_lock.c; without `option gil` they do nothing. */
void run_gil_init(struct run *run, struct guard *guard);
void run_gil_fini(struct run *run);
/* Takes the GIL unless the thread has it; no guard may be held. False: the run ends. */
bool run_gil_hold(struct executor *self);
/* Gives it up, if the thread has it. `asked`: at a check point; then another thread takes it first
 * if one asked. */
void run_gil_give(struct executor *self, bool asked);
/* A check point: gives it up and takes it again when somebody asked. False: the run ends. */
bool run_gil_check(struct executor *self);

/* executor.c */
/* The life of a scenario's thread, for pthread_create(). */
void *executor_main(void *executor);

/* emit.c; by the executor's own thread. */
/* Writes a record, for which there must be room. With a `guard`, which is held, it gets the guard's
 * next version and a time not before the guard's last. NULL: it concerns the thread alone. */
void executor_emit(struct executor *self, struct guard *guard, const struct step_record *record);
/* One of the thread alone, at the place of its next operation. */
void executor_emit_plain(struct executor *self, uint16_t kind, int64_t value);
/* Sees to it that STEP_ROOM records fit; waits for the recorder otherwise. False: the run ends. */
bool executor_reserve(struct executor *self);
/* The accesses of an atomic block, whose guards are held; makes room for each, and for the rest of
 * the round after them. */
void executor_emit_touches(struct executor *self, const struct effect *effect);

/* live.c */
/* Makes the executor of a thread and starts it. False: it could not, and the run ends with words.
 */
bool run_launch(struct run *run, uint32_t thread);
/* The thread has begun: the kernel's number of it is made known, and a crowd gives way. */
void run_enter(struct executor *self);
/* Sets and clears bits of the control word, keeps the clock in step, and kicks. Any thread that
 * holds no `park`. */
void run_control(struct run *run, uint32_t set, uint32_t clear);
/* The thread is about to end: it touches nothing of the run from here on. */
void run_left(struct executor *self);

static inline struct executor *run_executor(const struct run *run, uint32_t thread)
{
    return atomic_load_explicit(&run->executors[thread], memory_order_acquire);
}

static inline uint32_t control_word(const struct run *run)
{
    return atomic_load_explicit(&run->control, memory_order_acquire);
}

/* The run ends for this thread. */
static inline bool leaving(const struct run *run)
{
    return control_word(run) & (CONTROL_QUIT | CONTROL_FINISHED);
}

#endif
