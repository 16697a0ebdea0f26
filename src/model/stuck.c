/*
 * The judgement. Let S be all threads that wait without a time-out and cannot go on now. Suppose
 * none of them ever goes on: then no one gets past an operation on what they wait for ("barred").
 * Whoever outside S can, by the code it has left and without passing a barred operation, still end
 * one of the waits, shows that the waiting thread does not belong to S; it is taken out, and all is
 * judged anew. What is left of S when nothing changes any more is stuck for ever:
 *
 *     suppose one of S were the first to go on. Somebody outside S ended its wait. Up to then
 * nothing barred had changed, so that somebody passed no barred operation; so the walk over its
 * code has seen what it did.
 *
 * The walk goes both ways at every branch and takes every exception, so it sees more than can
 * happen: a thread may be stuck and not be called so (not complete), but not the other way round
 * (sound).
 */
#include "model/stuck.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "model/stuck_private.h"

enum { NEAR = 64, NEAR_WORDS = 8 }; /* threads, and words of bit sets, that fit the stack */

/* ---- who waits, and for what ---- */

static bool waits_for_lock(const struct machine *machine, const struct instruction *in,
                           struct wait *ret_wait)
{
    ret_wait->kind = WAIT_LOCK;
    ret_wait->object = lock_of(machine->program, machine_target(machine, in));
    return true;
}

/* Who cannot arrive because a round drains goes on when those inside have left, and they can. */
static bool waits_at_barrier(const struct machine *machine, const struct instruction *in,
                             struct wait *ret_wait)
{
    ret_wait->object = machine_target(machine, in);
    const struct barrier_state *barrier =
        model_object(machine->model, machine->world, ret_wait->object);
    ret_wait->kind = barrier->phase == BARRIER_ACTING ? WAIT_ACTION : WAIT_BARRIER;
    return barrier->phase == BARRIER_ACTING || barrier->phase == BARRIER_FILLING;
}

/* The thread, which is alive, cannot go on, not even by a time-out. */
static bool waits(struct machine *machine, struct wait *ret_wait)
{
    if (machine_enabled(machine) != ENABLED_NO)
        return false;
    const struct instruction *in = machine_at(machine);
    *ret_wait =
        (struct wait){.thread = machine->thread, .object = UINT32_MAX, .target = UINT32_MAX};
    switch ((enum opcode_about)opcode_about[in->op]) {
    case ABOUT_THREAD:
        ret_wait->kind = WAIT_JOIN;
        ret_wait->target = (uint32_t)machine->frame[in->b];
        return true;
    case ABOUT_LOCK: return waits_for_lock(machine, in, ret_wait);
    case ABOUT_CONDITION:
        if (condition_needs_lock(machine, in))
            return waits_for_lock(machine, in, ret_wait);
        ret_wait->kind = WAIT_NOTIFY;
        break;
    case ABOUT_EVENT: ret_wait->kind = WAIT_SET; break;
    case ABOUT_BARRIER: return waits_at_barrier(machine, in, ret_wait);
    case ABOUT_CELL:
    case ABOUT_SELF:
    case ABOUT_THREADS:
    case ABOUT_BLOCK:
    case ABOUT_NOTHING: return false; /* nobody waits there */
    }
    ret_wait->object = machine_target(machine, in);
    return true;
}

bool stuck_waits(const struct model *model, const struct world *world, uint32_t thread,
                 struct wait *ret_wait)
{
    struct machine machine;
    machine_init(&machine, model, world, thread, NULL);
    if (!operation_waits(machine_at(&machine)->op) || !waits(&machine, ret_wait))
        return false;
    if (ret_wait->kind == WAIT_LOCK &&
        model->program->objects[ret_wait->object].type == OBJECT_RLOCK) {
        const struct rlock_state *state =
            model_object(model, (struct world *)world, ret_wait->object);
        ret_wait->target = state->owner - 1;
    }
    return true;
}

/* Everything that one judgement needs. */
struct judgement {
    const struct stuck_analysis *analysis;
    const struct model *model;
    const struct world *world;
    uint32_t end;       /* threads */
    struct wait *waits; /* the suspects */
    uint32_t count;
    uint8_t *suspect;       /* of each thread */
    uint64_t *barred;       /* bit set: objects, then declared threads */
    struct powers **powers; /* of all who are not suspects, and of threads that can be made */
    bool *own;              /* which of them are ours to free */
    uint32_t *whose; /* the thread that they belong to; UINT32_MAX: of threads that can be made */
    uint32_t powers_count;
    struct powers **of;    /* of each thread: its powers, NULL for suspects and those not alive */
    bool everything;       /* all bits of `barred` are set */
    uint64_t *scratch;     /* room for a set of what is barred */
    uint64_t *can, *opens; /* bit sets of objects: what all of them together can */
};

/* The owner of an RLock that is barred only while it is no active thread; UINT32_MAX: it is no
 * RLock. */
static uint32_t rlock_owner(const struct judgement *judgement, uint32_t object)
{
    const struct rlock_state *state =
        model_object(judgement->model, (struct world *)judgement->world, object);
    return judgement->analysis->program->objects[object].type == OBJECT_RLOCK ? state->owner - 1
                                                                              : UINT32_MAX;
}

static bool is_active(const struct judgement *judgement, uint32_t thread)
{
    return thread < judgement->end && !judgement->suspect[thread] &&
           model_head(judgement->model, (struct world *)judgement->world, thread)->status ==
               THREAD_ALIVE;
}

static void bar(struct judgement *judgement)
{
    uint32_t objects = judgement->analysis->program->object_count;
    memset(judgement->barred, 0, 8 * (size_t)judgement->analysis->barred_words);
    for (uint32_t i = 0; i < judgement->count; i++) {
        const struct wait *wait = &judgement->waits[i];
        if (wait->kind == WAIT_JOIN) {
            if (wait->target < judgement->analysis->program->thread_count)
                set_bit(judgement->barred, objects + wait->target);
        } else if (wait->kind != WAIT_ACTION &&
                   !is_active(judgement, rlock_owner(judgement, wait->object))) {
            set_bit(judgement->barred, wait->object);
        }
    }
}

static void add_powers(struct judgement *judgement, const struct thread_head *head, uint32_t thread,
                       uint32_t function)
{
    uint32_t at = judgement->powers_count++;
    judgement->powers[at] = stuck_powers(judgement->analysis, judgement->model, head, thread,
                                         function, judgement->barred, judgement->everything,
                                         judgement->scratch, &judgement->own[at]);
    judgement->whose[at] = head ? thread : UINT32_MAX;
    if (head)
        judgement->of[thread] = judgement->powers[at];
    for (uint32_t i = 0; i < judgement->analysis->object_words; i++) {
        judgement->can[i] |= judgement->powers[at]->can[i];
        judgement->opens[i] |= judgement->powers[at]->opens[i];
    }
}

static void drop_powers(struct judgement *judgement)
{
    for (uint32_t i = 0; i < judgement->powers_count; i++)
        if (judgement->own[i])
            free(judgement->powers[i]);
    judgement->powers_count = 0;
    memset(judgement->of, 0, judgement->end * sizeof *judgement->of);
    memset(judgement->can, 0, 8 * (size_t)judgement->analysis->object_words);
    memset(judgement->opens, 0, 8 * (size_t)judgement->analysis->object_words);
}

static bool any_starts(const struct judgement *judgement)
{
    for (uint32_t i = 0; i < judgement->powers_count; i++)
        if (judgement->powers[i]->starts)
            return true;
    return false;
}

/* Threads that are made and not started, or can still be made, count when somebody starts threads.
 */
static void add_startable(struct judgement *judgement)
{
    const struct program *program = judgement->analysis->program;
    if (!program->starts_threads || !any_starts(judgement))
        return;
    uint8_t *added = xcalloc(program->function_count + 1, 1);
    for (uint32_t i = 0; i < judgement->end; i++) {
        const struct thread_head *head = world_thread_const(judgement->model, judgement->world, i);
        if (head->status == THREAD_NEW && !added[head->function]) {
            added[head->function] = 1;
            add_powers(judgement, NULL, i, head->function);
        }
    }
    for (uint32_t i = 0; i < judgement->powers_count; i++)
        for (uint32_t j = 0; j < program->function_count; j++)
            if (bit(judgement->powers[i]->makes, j) && !added[j]) {
                added[j] = 1;
                add_powers(judgement, NULL, UINT32_MAX, j);
            }
    free(added);
}

/* The wait is one that somebody ends by doing something to the object, whoever does it. */
static bool ends_by_object(const struct judgement *judgement, const struct wait *wait)
{
    switch (wait->kind) {
    case WAIT_LOCK: return judgement->analysis->program->objects[wait->object].type != OBJECT_RLOCK;
    case WAIT_NOTIFY:
    case WAIT_SET: return true;
    case WAIT_BARRIER:
    case WAIT_ACTION:
    case WAIT_JOIN: break;
    }
    return false;
}

/* Whether the threads that do not wait can end every wait; the common case. Looks at them one after
 * the other, and at no more than needed. */
static bool all_are_helped(struct judgement *judgement)
{
    uint32_t helped = 0;
    drop_powers(judgement);
    for (uint32_t i = 0; i < judgement->end; i++) {
        if (!is_active(judgement, i))
            continue;
        add_powers(judgement, world_thread_const(judgement->model, judgement->world, i), i, 0);
        while (helped < judgement->count && ends_by_object(judgement, &judgement->waits[helped]) &&
               bit(judgement->can, judgement->waits[helped].object))
            helped++;
        if (helped == judgement->count)
            return true;
    }
    return false;
}

static void find_powers(struct judgement *judgement)
{
    drop_powers(judgement);
    for (uint32_t i = 0; i < judgement->end; i++)
        if (is_active(judgement, i))
            add_powers(judgement, world_thread_const(judgement->model, judgement->world, i), i, 0);
    add_startable(judgement);
}

/* Enough parties can still come. A thread of a function that can be made counts for any number. */
static bool fills(const struct judgement *judgement, uint32_t object)
{
    const struct barrier_state *state =
        model_object(judgement->model, (struct world *)judgement->world, object);
    int64_t parties = judgement->analysis->program->objects[object].initial;
    int64_t missing = parties - state->count;
    if (parties < 1 || missing < 1)
        return false;
    for (uint32_t i = 0; i < judgement->powers_count; i++) {
        if (!bit(judgement->powers[i]->arrives, object))
            continue;
        if (judgement->whose[i] == UINT32_MAX)
            return true;
        missing--;
    }
    return missing <= 0;
}

static bool can_go_on(const struct judgement *judgement, const struct wait *wait)
{
    uint32_t owner;
    const struct powers *powers;
    switch (wait->kind) {
    case WAIT_JOIN:
        powers = wait->target < judgement->end ? judgement->of[wait->target] : NULL;
        return powers && powers->ends;
    case WAIT_ACTION: return bit(judgement->opens, wait->object);
    case WAIT_LOCK:
        owner = rlock_owner(judgement, wait->object);
        if (owner == UINT32_MAX)
            return bit(judgement->can, wait->object);
        powers = owner < judgement->end ? judgement->of[owner] : NULL;
        return powers && bit(powers->can, wait->object);
    case WAIT_BARRIER: return bit(judgement->can, wait->object) || fills(judgement, wait->object);
    case WAIT_NOTIFY:
    case WAIT_SET: return bit(judgement->can, wait->object);
    }
    return false;
}

/* Takes out those who can go on; true when there were any. What is barred stays as it is, so what
 * they can do then counts at once. */
static bool take_out(struct judgement *judgement)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < judgement->count; i++) {
        uint32_t thread = judgement->waits[i].thread;
        if (!can_go_on(judgement, &judgement->waits[i])) {
            judgement->waits[kept++] = judgement->waits[i];
            continue;
        }
        judgement->suspect[thread] = 0;
        add_powers(judgement, world_thread_const(judgement->model, judgement->world, thread),
                   thread, 0);
    }
    bool changed = kept < judgement->count;
    judgement->count = kept;
    return changed;
}

static bool has_ordinary(const struct judgement *judgement)
{
    for (uint32_t i = 0; i < judgement->count; i++)
        if (!model_is_daemon(judgement->model, judgement->world, judgement->waits[i].thread))
            return true;
    return false;
}

/*
 * Shrinks the suspects to those who are stuck. First with everything barred that can block: what
 * somebody can do all the same, it can do whatever else is barred. That does not depend on the
 * suspects, so it is mostly remembered, and it mostly suffices. Then, for those who are left, with
 * what they wait for barred and nothing else.
 */
static void judge(struct judgement *judgement)
{
    judgement->everything = true;
    memset(judgement->barred, 0xff, 8 * (size_t)judgement->analysis->barred_words);
    if (all_are_helped(judgement)) {
        judgement->count = 0;
        drop_powers(judgement);
        return;
    }
    add_startable(judgement);
    while (take_out(judgement) && has_ordinary(judgement))
        if (judgement->analysis->program->starts_threads)
            find_powers(judgement);
    judgement->everything = false;
    if (has_ordinary(judgement))
        do {
            bar(judgement);
            find_powers(judgement);
        } while (take_out(judgement) && has_ordinary(judgement));
    drop_powers(judgement);
}

static uint32_t find_suspects(const struct model *model, const struct world *world, uint32_t end,
                              struct wait *waiting, uint8_t *suspect)
{
    uint32_t count = 0;
    const struct instruction *code = model->program->code;
    for (uint32_t i = 0; i < end; i++) {
        const struct thread_head *head = model_head(model, (struct world *)world, i);
        struct machine machine;
        suspect[i] = 0;
        if (head->status != THREAD_ALIVE || !operation_waits(code[head->pc].op))
            continue;
        machine_init(&machine, model, world, i, NULL);
        suspect[i] = waits(&machine, &waiting[count]);
        count += suspect[i];
    }
    return count;
}

/* The rooms that a judgement works in: on the stack while there are few threads and objects. */
struct rooms {
    struct wait waits[NEAR];
    uint8_t suspect[NEAR];
    uint64_t barred[NEAR_WORDS], scratch[NEAR_WORDS], can[NEAR_WORDS], opens[NEAR_WORDS];
    struct powers *powers[2 * NEAR], *of[NEAR];
    bool own[2 * NEAR];
    uint32_t whose[2 * NEAR];
    struct arena far; /* or here */
};

static void furnish(struct judgement *judgement, struct rooms *rooms)
{
    uint32_t end = judgement->end, words = judgement->analysis->barred_words;
    size_t most = 2 * (size_t)end + judgement->analysis->program->function_count + 1;
    struct arena *arena = &rooms->far;
    *arena = (struct arena){0};
    bool near = end <= NEAR && words <= NEAR_WORDS && most <= 2 * NEAR;
    judgement->waits = near ? rooms->waits : arena_array(arena, struct wait, end + 1);
    judgement->suspect = near ? rooms->suspect : arena_array(arena, uint8_t, end + 1);
    judgement->barred = near ? rooms->barred : arena_array(arena, uint64_t, words);
    judgement->scratch = near ? rooms->scratch : arena_array(arena, uint64_t, words);
    judgement->can = near ? rooms->can : arena_array(arena, uint64_t, words);
    judgement->opens = near ? rooms->opens : arena_array(arena, uint64_t, words);
    judgement->powers = near ? rooms->powers : arena_array(arena, struct powers *, most);
    judgement->of = near ? rooms->of : arena_array(arena, struct powers *, end + 1);
    judgement->own = near ? rooms->own : arena_array(arena, bool, most);
    judgement->whose = near ? rooms->whose : arena_array(arena, uint32_t, most);
}

static void begin(struct judgement *judgement, struct rooms *rooms,
                  const struct stuck_analysis *analysis, const struct model *model,
                  const struct world *world)
{
    *judgement = (struct judgement){.analysis = analysis, .model = model, .world = world};
    judgement->end = world_thread_end(model, world);
    furnish(judgement, rooms);
    judgement->count =
        find_suspects(model, world, judgement->end, judgement->waits, judgement->suspect);
}

bool stuck_any(const struct stuck_analysis *analysis, const struct model *model,
               const struct world *world)
{
    struct rooms rooms;
    struct judgement judgement;
    begin(&judgement, &rooms, analysis, model, world);
    if (has_ordinary(&judgement))
        judge(&judgement);
    bool found = has_ordinary(&judgement);
    arena_fini(&rooms.far);
    return found;
}

/* What is known of all members that do not wait, or whose wait can end. */
struct first_sight {
    const struct stuck_analysis *analysis;
    uint64_t can[NEAR_WORDS], opens[NEAR_WORDS];
};

static void see_powers(struct first_sight *sight, const struct powers *powers)
{
    for (uint32_t i = 0; powers && i < sight->analysis->object_words; i++) {
        sight->can[i] |= powers->can[i];
        sight->opens[i] |= powers->opens[i];
    }
}

static bool seen_to_end(const struct first_sight *sight, const struct stuck_member *members,
                        uint32_t count, const struct wait *wait)
{
    const struct stuck_member *other = wait->target < count ? &members[wait->target] : NULL;
    const struct powers *powers = other && !other->waits ? other->powers : NULL;
    switch (wait->kind) {
    case WAIT_JOIN: return powers && powers->ends;
    case WAIT_ACTION: return bit(sight->opens, wait->object);
    case WAIT_LOCK:
        if (sight->analysis->program->objects[wait->object].type == OBJECT_RLOCK)
            return powers && bit(powers->can, wait->object);
        return bit(sight->can, wait->object);
    case WAIT_BARRIER:
    case WAIT_NOTIFY:
    case WAIT_SET: return bit(sight->can, wait->object);
    }
    return false;
}

bool stuck_clear(const struct stuck_analysis *analysis, struct stuck_member *members,
                 uint32_t count)
{
    struct first_sight sight = {.analysis = analysis};
    uint32_t left = 0, before;
    if (analysis->object_words > NEAR_WORDS)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (members[i].waits)
            left++;
        else
            see_powers(&sight, members[i].powers);
    do {
        before = left;
        for (uint32_t i = 0; i < count; i++)
            if (members[i].waits && seen_to_end(&sight, members, count, &members[i].wait)) {
                members[i].waits = false;
                left--;
                see_powers(&sight, members[i].powers);
            }
    } while (left && left < before);
    return left == 0;
}

static void report_thread(const struct judgement *judgement, const struct wait *wait,
                          struct stuck_thread *thread)
{
    const struct program *program = judgement->analysis->program;
    thread->thread = wait->thread;
    thread->daemon = model_is_daemon(judgement->model, judgement->world, wait->thread);
    thread->thing = wait->kind == WAIT_JOIN ? program_register_thing(program)
                                            : program_object_thing(program, wait->object);
    thread->thread_waited_for = wait->target;
}

bool stuck_find(const struct stuck_analysis *analysis, const struct model *model,
                const struct world *world, struct stuck_report *report)
{
    struct rooms rooms;
    struct judgement judgement;
    begin(&judgement, &rooms, analysis, model, world);
    if (judgement.count)
        judge(&judgement);
    uint32_t alive = 0;
    for (uint32_t i = 0; i < judgement.end; i++)
        alive += world_thread_const(model, world, i)->status == THREAD_ALIVE;
    report->deadlock = has_ordinary(&judgement);
    report->count = report->deadlock ? judgement.count : 0;
    report->everyone = report->deadlock && judgement.count == alive;
    if (report->count > report->room) {
        report->room = report->count;
        report->threads = xrealloc(report->threads, report->room * sizeof *report->threads);
    }
    for (uint32_t i = 0; i < report->count; i++)
        report_thread(&judgement, &judgement.waits[i], &report->threads[i]);
    stuck_reasons(analysis, model, world, judgement.waits, report);
    arena_fini(&rooms.far);
    return report->deadlock;
}

void stuck_fini(struct stuck_report *report)
{
    free(report->threads);
    *report = (struct stuck_report){0};
}
