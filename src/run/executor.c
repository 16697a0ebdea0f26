/*
 * A scenario's thread: the loop that performs the steps of its region of the world, and everything
 * real that they mean.
 *
 * It keeps nothing on the C stack between steps, and looks at the control word before each, so a
 * run can always be paused or left. What a step does is the model's business alone; here is only
 * when: after the real sleep, under the real guard, after the real wait.
 */
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "model/gil.h"
#include "run/run.h"

static const int64_t NEVER = INT64_MAX;

static int64_t deadline_after(const struct run *run, int64_t span)
{
    int64_t deadline, now = run_time(run);
    return span > 0 && __builtin_add_overflow(now, span, &deadline) ? NEVER
                                                                    : now + (span > 0 ? span : 0);
}

/* The real side of an operation that takes time; it comes before the step. False: the run ends. */
static bool take_time(struct executor *self)
{
    int64_t span = self->operation.value;
    uint8_t op = self->operation.op;
    if (op == OP_SLEEP) {
        executor_emit_plain(self, THRUM_KIND_SLEEP_BEGIN, span);
        run_gil_give(self, false);
        return executor_sleep(self, deadline_after(self->run, span));
    }
    if (op == OP_IO) {
        executor_emit_plain(self, THRUM_KIND_IO_BEGIN, span);
        run_gil_give(self, false);
        return executor_io(self, span);
    }
    if (op == OP_COMPUTE) {
        executor_emit_plain(self, THRUM_KIND_COMPUTE_BEGIN, span);
        return executor_compute(self, span);
    }
    return true;
}

/* A delay that makes rare orders show. */
static void jitter(struct executor *self)
{
    uint64_t dice = random_next(&self->jitter);
    if ((dice & 7) == 0) {
        struct timespec span = {.tv_nsec = (long)((dice >> 8) % 200000)};
        nanosleep(&span, NULL);
    } else if ((dice & 7) == 1) {
        sched_yield();
    }
}

/* What can be done now, under the guard. False: nothing yet. */
static bool choose(struct executor *self, struct choice *ret_choice)
{
    const struct operation *operation = &self->operation;
    unsigned enabled = model_enabled(self->run->model, self->run->world, self->thread);
    self->may_time_out = enabled & ENABLED_TIMEOUT;
    if (self->arrived && operation->op == OP_BARRIER_DEPART) { /* its wait began with the arrival */
        self->arrived = false;
        if (!operation->timed ||
            __builtin_add_overflow(self->deadline, operation->timeout, &self->deadline))
            self->deadline = NEVER;
    }
    bool ready = operation->phase == PHASE_READY; /* a wait_for that would wait again */
    bool due = self->may_time_out && run_time(self->run) >= (ready ? self->limit : self->deadline);
    if (enabled & ENABLED_VALUE) {
        uint64_t range = (uint64_t)operation->value2 - (uint64_t)operation->value + 1;
        uint64_t dice = range ? random_below(&self->random, range) : random_next(&self->random);
        *ret_choice = (struct choice){.kind = CHOICE_VALUE,
                                      .value = (int64_t)((uint64_t)operation->value + dice)};
    } else if (due && ready) {
        *ret_choice = (struct choice){.kind = CHOICE_TIMEOUT};
    } else if (enabled & ENABLED_STEP) {
        *ret_choice = (struct choice){.kind = CHOICE_STEP};
    } else if (due) {
        *ret_choice = (struct choice){.kind = CHOICE_TIMEOUT};
    } else {
        return false;
    }
    return true;
}

/* Says that the thread waits, once for each wait in the kernel. */
static void announce(struct executor *self, struct guard *guard)
{
    const struct operation *operation = &self->operation;
    if (self->announced)
        return;
    self->announced = true;
    struct step_record record = {.kind = THRUM_KIND_WAIT_BEGIN,
                                 .object = operation->thing,
                                 .source = operation->source,
                                 .value = operation->timed ? operation->timeout : -1};
    if (operation->op == OP_JOIN) {
        record.kind = THRUM_KIND_JOIN_BEGIN;
        record.value = operation->thread;
    } else if (operation->op == OP_COND_WAIT || operation->op == OP_ACQUIRE) {
        record.object = record_lock_thing(self->run->program, operation->thing);
    }
    executor_emit(self, guard, &record);
}

/* Nothing can be done: waits in the kernel until something may have changed. The guard is held, and
 * given back. */
static void wait_turn(struct executor *self, struct guard *guard)
{
    announce(self, guard);
    run_gil_give(self, false);
    bool woken = guard_park(self, guard, self->may_time_out ? self->deadline : NEVER);
    if (woken && !leaving(self->run)) {
        struct step_record record = {.kind = THRUM_KIND_WAKE,
                                     .object = self->operation.thing,
                                     .source = self->operation.source,
                                     .value = self->waker};
        executor_emit(self, guard, &record);
        self->announced = false;
    }
    guards_give(self, guard, false);
}

/* A wait may have begun: from when to when it lasts. */
static void note_wait(struct executor *self)
{
    const struct operation *operation = &self->operation;
    bool waits = self->effect.result == STEP_WAITS;
    const struct instruction *in = &self->run->program->code[operation->pc];
    bool condition = waits && operation->op == OP_COND_WAIT;
    self->arrived = waits && operation->op == OP_BARRIER_ARRIVE;
    self->announced = waits && !self->arrived;
    if (self->arrived)
        self->deadline = run_time(self->run);
    else if (condition && in->x == WAIT_GOES_ON)
        self->deadline = self->limit;
    else if (waits)
        self->deadline = operation->timed ? deadline_after(self->run, operation->timeout) : NEVER;
    if (condition && in->x == WAIT_FIRST)
        self->limit = self->deadline;
}

/* Performs the step and records it; the guards are held, and given back. */
static void perform(struct executor *self, struct guard *guard, struct choice choice)
{
    struct run *run = self->run;
    struct step_record records[STEP_RECORDS];
    model_apply(run->model, run->world, self->thread, choice, &self->effect);
    if (self->operation.op == OP_ATOMIC_BEGIN)
        executor_emit_touches(self, &self->effect);
    unsigned count =
        record_step(run->model, run->world, &self->operation, choice, &self->effect, records);
    for (unsigned i = 0; i < count; i++)
        executor_emit(self, guard, &records[i]);
    note_wait(self);
    bool last = self->operation.op == OP_END && model_finished(run->model, run->world);
    guards_give(self, guard, opcode_traits[self->operation.op] & CAN_WAKE);
    if (last)
        run_control(run, CONTROL_FINISHED, 0);
}

/* Runs the local code after the step, and says when that raised something. */
static void go_on(struct executor *self)
{
    struct run *run = self->run;
    bool raised = self->effect.raised != EXCEPTION_NONE;
    uint32_t raised_at = self->effect.raised_at;
    model_advance(run->model, run->world, self->thread, &self->effect);
    if (self->effect.raised == EXCEPTION_NONE || (raised && raised_at == self->effect.raised_at))
        return;
    struct step_record record = {.kind = self->effect.raised == EXCEPTION_ASSERTION
                                             ? THRUM_KIND_ASSERT_FAILED
                                             : THRUM_KIND_RAISE,
                                 .object = THRUM_NONE,
                                 .source = self->effect.raised_at,
                                 .value = self->effect.raised};
    executor_emit(self, NULL, &record);
}

/* What the step means for the machine: a new thread, a yield, the pace. False: the run ends. */
static bool follow(struct executor *self)
{
    struct run *run = self->run;
    const struct operation *operation = &self->operation;
    if (operation->op == OP_START && self->effect.result == STEP_DONE &&
        !run_launch(run, operation->thread))
        return false;
    if (operation->op == OP_YIELD)
        sched_yield();
    int64_t pace = atomic_load_explicit(&run->pace, memory_order_relaxed);
    if (pace <= 0 || operation_quiet(operation->op))
        return true;
    executor_emit_plain(self, THRUM_KIND_PACE_BEGIN, pace);
    int64_t begin = run_time(run);
    pthread_mutex_lock(&self->park);
    while (!leaving(run) && (pace = atomic_load_explicit(&run->pace, memory_order_relaxed)) > 0 &&
           run_time(run) < begin + pace)
        executor_wait(self, begin + pace);
    pthread_mutex_unlock(&self->park);
    executor_emit_plain(self, THRUM_KIND_PACE_END, 0);
    return true;
}

/* One round: a step, or a wait. False: the thread has ended, or the run ends. */
static bool advance(struct executor *self)
{
    struct run *run = self->run;
    struct choice choice;
    model_next(run->model, run->world, self->thread, &self->operation);
    bool away = self->operation.op == OP_SLEEP || self->operation.op == OP_IO;
    if (!away && !run_gil_hold(self))
        return false;
    if (!executor_reserve(self) || !take_time(self) || !run_gil_hold(self))
        return false;
    if (run->options.jitter)
        jitter(self);
    struct guard *guard = guards_take(self);
    if (!choose(self, &choice)) {
        wait_turn(self, guard);
        return true;
    }
    perform(self, guard, choice);
    if (self->operation.op == OP_END)
        return false;
    go_on(self);
    bool check_point = self->effect.check_point || gil_call((enum opcode)self->operation.op);
    return follow(self) && (!check_point || run_gil_check(self));
}

/* The thread's first record, ordered after the start of it. */
static void begin(struct executor *self)
{
    uint32_t thing = program_register_thing(self->run->program);
    struct guard *guard = guard_of(self->run, thing);
    struct step_record record = {.kind = THRUM_KIND_THREAD_BEGIN, .object = thing};
    pthread_mutex_lock(&guard->mutex);
    executor_emit(self, guard, &record);
    pthread_mutex_unlock(&guard->mutex);
}

void *executor_main(void *context)
{
    struct executor *self = context;
    pthread_setname_np(pthread_self(), self->name);
    run_enter(self);
    if (executor_pass(self)) {
        begin(self);
        while (executor_pass(self) && advance(self))
            ;
    }
    run_gil_give(self, false);
    thrum_ring_close(&self->ring);
    run_left(self);
    return NULL;
}
