/*
 * Guards and parking.
 *
 * Every thing of a scenario (cell, object, the register of threads) has a guard: a mutex, and
 * beside it the thing's version, the stamp of its newest record, and the queue of threads that wait
 * for it. Under the guard a thread asks the model whether its next operation is enabled, performs
 * it, and raises the version for each record. So the model's own state machine decides everything,
 * one thread at a time for each thing, and the versions are the order in which it did.
 *
 * Invariants.
 *  1. A thread is in at most one queue; it enters under the guard, and leaves under the guard:
 * taken out by a waker, or by itself when it has been kicked or its time is up.
 *  2. Who is in a queue does not touch its region of the world: others may ask model_enabled()
 * about it under the guard.
 *  3. Locks are taken in the order: guards by index, then `park` of one executor. Nobody waits for
 * anything else while it holds a guard, but for room in its ring inside an atomic block (the
 * collector never takes a guard).
 *
 * The dangerous interleaving is the lost wake-up:
 *
 *     waiter                                     releaser
 *     guard: not enabled
 *     guard: enters the queue, guard given
 *                                                guard: releases, takes waiter out of the queue
 *                                                park: woken = true, signal   (nobody listens yet)
 *     park: woken is already true -> does not sleep
 *
 * It is closed by `woken`, which stands under the same mutex as the sleep. The signal is sent after
 * the guard is given, so that the woken thread does not run into it. Between the two the waiter may
 * time out, take the guard, and find itself out of the queue: then it waits for the signal, which
 * must be on its way, for until then it is in the waker's list. It then tries again, and whether it
 * gets the thing or times out is decided under the guard, once.
 *
 * A release wakes the first waiter that could go; that one tries again and may find that a running
 * thread was faster. No wake-up is lost by that: whoever was faster will release again and then
 * wakes the first waiter again. What is not handed on is a wake-up of a thread that leaves the run,
 * and then all leave.
 *
 * Mutual exclusion with queues beside it is Hoare's and Mesa's monitor (Lampson and Redell,
 * "Experience with Processes and Monitors in Mesa", CACM 1980), whose signal is a hint in the same
 * way.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "run/run.h"

uint32_t run_guard_of(const struct program *program, uint32_t thing)
{
    uint32_t cells = program->cell_count < CELL_GUARDS ? program->cell_count : CELL_GUARDS;
    if (thing < program->cell_count)
        return thing % CELL_GUARDS;
    uint32_t object = thing - program->cell_count;
    if (object < program->object_count && program->objects[object].lock >= 0)
        object = (uint32_t)program->objects[object].lock;
    return cells + object;
}

struct guard *guard_of(struct run *run, uint32_t thing)
{
    return &run->guards[run_guard_of(run->program, thing)];
}

/* The guards that each atomic block takes, ascending. */
static void list_atomics(struct run *run)
{
    const struct program *program = run->program;
    unsigned char *touched = xcalloc(run->guard_count, 1);
    size_t total = 0, most = (size_t)run->guard_count * program->atomic_count;
    run->atomics = xcalloc(program->atomic_count ? program->atomic_count : 1, sizeof *run->atomics);
    run->atomic_guards = xmalloc((most ? most : 1) * sizeof *run->atomic_guards);
    for (uint32_t i = 0; i < program->atomic_count; i++) {
        const struct atomic_block *block = &program->atomics[i];
        memset(touched, 0, run->guard_count);
        for (uint32_t r = 0; r < block->touch_count; r++)
            for (uint32_t t = 0; t < block->touches[r].count; t++)
                touched[run_guard_of(program, block->touches[r].first + t)] = 1;
        run->atomics[i].guards = run->atomic_guards + total;
        for (uint32_t g = 0; g < run->guard_count; g++)
            if (touched[g]) {
                run->atomic_guards[total++] = g;
                run->atomics[i].count++;
            }
    }
    free(touched);
}

void guards_init(struct run *run)
{
    const struct program *program = run->program;
    /* One more than there are things: the GIL's. */
    run->guard_count = run_guard_of(program, program_thing_count(program)) + 1;
    run->guards = aligned_alloc(64, run->guard_count * sizeof *run->guards);
    if (!run->guards)
        die("out of memory for %u guards", run->guard_count);
    memset(run->guards, 0, run->guard_count * sizeof *run->guards);
    /* adaptive: a guard is held for some 100 ns, so spinning a little beats sleeping */
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    for (uint32_t i = 0; i < run->guard_count; i++)
        pthread_mutex_init(&run->guards[i].mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    list_atomics(run);
}

void guards_fini(struct run *run)
{
    for (uint32_t i = 0; i < run->guard_count; i++)
        pthread_mutex_destroy(&run->guards[i].mutex);
    free(run->guards);
    free(run->atomics);
    free(run->atomic_guards);
}

static const struct guard_list *atomic_list(const struct executor *self)
{
    const struct instruction *code = self->run->program->code;
    return &self->run->atomics[code[self->operation.pc].d];
}

struct guard *guards_take(struct executor *self)
{
    struct run *run = self->run;
    if (self->operation.op == OP_ATOMIC_BEGIN) {
        const struct guard_list *list = atomic_list(self);
        for (uint32_t i = 0; i < list->count; i++)
            pthread_mutex_lock(&run->guards[list->guards[i]].mutex);
        return NULL;
    }
    if (self->operation.thing == UINT32_MAX)
        return NULL;
    struct guard *guard = guard_of(run, self->operation.thing);
    pthread_mutex_lock(&guard->mutex);
    return guard;
}

static void enqueue(struct executor *self, struct guard *guard)
{
    self->queue = guard;
    self->next = NULL;
    self->previous = guard->last;
    if (guard->last)
        guard->last->next = self;
    else
        guard->first = self;
    guard->last = self;
}

static void dequeue(struct executor *executor)
{
    struct guard *guard = executor->queue;
    if (executor->previous)
        executor->previous->next = executor->next;
    else
        guard->first = executor->next;
    if (executor->next)
        executor->next->previous = executor->previous;
    else
        guard->last = executor->previous;
    executor->queue = NULL;
    executor->next = executor->previous = NULL;
}

/* Whether only one of the waiters that could go now should try: they wait for a lock. */
static bool one_at_a_time(uint8_t op)
{
    return op == OP_ACQUIRE || op == OP_COND_WAIT;
}

/* Takes out of the queue who should try again, and puts them in front of `list`. The guard is held.
 */
static struct executor *collect(struct executor *self, struct guard *guard, struct executor *list)
{
    const struct run *run = self->run;
    int64_t left = 1;
    if (self->operation.op == OP_RELEASE && self->operation.value > 1)
        left = self->operation.value;
    for (struct executor *at = guard->first, *next; at; at = next) {
        next = at->next;
        if (!(model_enabled(run->model, run->world, at->thread) & ENABLED_STEP))
            continue;
        if (one_at_a_time(at->operation.op) && left-- <= 0)
            continue;
        dequeue(at);
        at->wake_next = list;
        list = at;
    }
    return list;
}

static void signal_all(struct executor *self, struct executor *list)
{
    for (struct executor *next; list; list = next) {
        next = list->wake_next;
        pthread_mutex_lock(&list->park);
        list->woken = true;
        list->waker = self->thread;
        pthread_cond_signal(&list->unpark);
        pthread_mutex_unlock(&list->park);
    }
}

void guards_give(struct executor *self, struct guard *guard, bool wakes)
{
    struct run *run = self->run;
    struct executor *list = NULL;
    if (self->operation.op == OP_ATOMIC_BEGIN) {
        const struct guard_list *guards = atomic_list(self);
        for (uint32_t i = guards->count; i-- > 0;) {
            struct guard *one = &run->guards[guards->guards[i]];
            if (wakes && one->first)
                list = collect(self, one, list);
            pthread_mutex_unlock(&one->mutex);
        }
    } else if (guard) {
        if (wakes && guard->first)
            list = collect(self, guard, list);
        pthread_mutex_unlock(&guard->mutex);
    }
    signal_all(self, list);
}

bool guard_park(struct executor *self, struct guard *guard, int64_t deadline)
{
    struct run *run = self->run;
    enqueue(self, guard);
    pthread_mutex_lock(&self->park);
    self->woken = false;
    pthread_mutex_unlock(&self->park);
    pthread_mutex_unlock(&guard->mutex);

    pthread_mutex_lock(&self->park);
    while (!self->woken && !leaving(run) && run_time(run) < deadline)
        executor_wait(self, deadline);
    pthread_mutex_unlock(&self->park);

    pthread_mutex_lock(&guard->mutex);
    if (self->queue) {
        dequeue(self);
        return false;
    }
    /* A waker took it out, maybe just as its time ran out: until the signal it is in the waker's
     * list. */
    pthread_mutex_unlock(&guard->mutex);
    pthread_mutex_lock(&self->park);
    while (!self->woken)
        pthread_cond_wait(&self->unpark, &self->park);
    pthread_mutex_unlock(&self->park);
    pthread_mutex_lock(&guard->mutex);
    return true;
}
