/*
 * Persistent sets (Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems",
 * LNCS 1032, 1996) by closing a set of threads: whoever may in future touch what a member is about
 * to touch joins it; for a member that is blocked, whoever may end its wait. Then nothing that the
 * others do before a member goes can matter to it, so only the members' moves need be tried here.
 *
 * What that keeps: every way to end, every step that fails, every deadlock, every race (the state
 * where both accesses are next is reached, since the second thread joins the first one's set), and
 * every value of an invariant's variables, since writes to them conflict through the invariant.
 * What is left out for ever around a cycle is the caller's to prevent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/reduction_private.h"
#include "model/objects.h"

void *persistent_new(const struct reduction *reduction);
void persistent_free(void *persistent);
uint32_t persistent_choose(void *persistent, const struct reduction_scratch *scratch,
                           const struct state *state, move *moves, uint32_t count);

struct member {
    uint64_t *own;    /* what its next operation reads, then writes */
    uint64_t *future; /* what it may still read, then write, under the present cuts */
    uint64_t cut;     /* the locks for which `future` was cut */
    bool cut_known;
    uint32_t pc, root;
    uint64_t releases;   /* locks that it can open without acquiring them first */
    uint32_t waits_on;   /* a lock that it must take back after a Condition.wait, by number; or
                            UINT32_MAX */
    uint32_t blocked_on; /* the number of the lock or semaphore that it is about to acquire; or
                            UINT32_MAX */
    uint32_t moves;
};

struct persistent {
    const struct footprints *feet;
    struct member members[MOST_MEMBERS];
    uint64_t *sets; /* the storage of own and future */
    uint64_t alive, movable;
    uint64_t closed; /* locks */
};

void *persistent_new(const struct reduction *reduction)
{
    struct persistent *persistent = xcalloc(1, sizeof *persistent);
    persistent->feet = &reduction->feet;
    uint32_t words = 2 * reduction->feet.words;
    persistent->sets = xcalloc((size_t)MOST_MEMBERS * 2 * words, sizeof(uint64_t));
    for (uint32_t i = 0; i < MOST_MEMBERS; i++) {
        persistent->members[i].own = persistent->sets + (size_t)2 * i * words;
        persistent->members[i].future = persistent->members[i].own + words;
    }
    return persistent;
}

void persistent_free(void *persistent)
{
    if (!persistent)
        return;
    free(((struct persistent *)persistent)->sets);
    free(persistent);
}

/* ---- the state's facts ---- */

static uint64_t closed_locks(const struct footprints *feet, const struct state *state)
{
    uint64_t closed = 0;
    for (uint32_t i = 0; i < feet->lock_count; i++) {
        uint32_t object = feet->locks[i];
        if (feet->shape->program->objects[object].type != OBJECT_LOCK)
            continue;
        const struct lock_state *lock = world_object(feet->shape->model, state->world, object);
        closed |= (uint64_t)(lock->locked != 0) << i;
    }
    return closed;
}

static uint32_t lock_of_next(const struct footprints *feet, const struct operation *next)
{
    const struct program *program = feet->shape->program;
    if (next->thing < program->cell_count || next->thing >= program_register_thing(program))
        return UINT32_MAX;
    uint32_t object = next->thing - program->cell_count;
    int32_t lock = program->objects[object].lock;
    return feet->lock_number[lock >= 0 ? (uint32_t)lock : object];
}

static void look_at(struct persistent *persistent, const struct state *state, uint32_t thread)
{
    const struct footprints *feet = persistent->feet;
    struct member *member = &persistent->members[thread];
    const struct thread_head *head = world_thread_const(feet->shape->model, state->world, thread);
    if (head->status != THREAD_ALIVE)
        return;
    persistent->alive |= (uint64_t)1 << thread;
    member->pc = head->pc;
    member->root = footprints_root(feet, thread);
    member->cut_known = false;
    member->releases = feet->releases[(uint64_t)member->root * feet->code_length + member->pc];
    member->waits_on = member->blocked_on = UINT32_MAX;
    memset(member->own, 0, 2 * feet->words * sizeof *member->own);
    footprints_next(feet, state, thread, member->own);
    uint8_t op = feet->shape->program->code[head->pc].op;
    if (op != OP_ACQUIRE && op != OP_COND_WAIT)
        return;
    struct operation next;
    model_next(feet->shape->model, state->world, thread, &next);
    uint32_t lock = lock_of_next(feet, &next);
    if (lock == UINT32_MAX)
        return;
    if (op == OP_COND_WAIT && head->phase != PHASE_READY) {
        member->waits_on = lock;
        member->releases &= ~((uint64_t)1 << lock);
    } else if (op == OP_ACQUIRE) {
        member->blocked_on = lock; /* if it cannot move: only a release helps it */
    }
}

static void look_around(struct persistent *persistent, const struct state *state, const move *moves,
                        uint32_t count)
{
    const struct footprints *feet = persistent->feet;
    uint32_t end = world_thread_end(feet->shape->model, state->world);
    persistent->alive = persistent->movable = 0;
    persistent->closed = closed_locks(feet, state);
    for (uint32_t i = 0; i < end && i < MOST_MEMBERS; i++) {
        persistent->members[i].moves = 0;
        look_at(persistent, state, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        persistent->members[MOVE_THREAD(moves[i])].moves++;
        persistent->movable |= (uint64_t)1 << MOVE_THREAD(moves[i]);
    }
}

/* What a thread may still do while the locks in `cut` stay closed. */
static const uint64_t *future_of(struct persistent *persistent, struct member *member, uint64_t cut)
{
    if (member->cut_known && member->cut == cut)
        return member->future;
    const struct footprints *feet = persistent->feet;
    uint32_t words = 2 * feet->words;
    member->cut_known = true;
    member->cut = cut;
    if (member->waits_on != UINT32_MAX && (cut >> member->waits_on & 1)) {
        memcpy(member->future, member->own, words * sizeof *member->future);
        return member->future;
    }
    memcpy(member->future, footprints_future(feet, member->root, member->pc, 0),
           words * sizeof *member->future);
    for (uint64_t left = cut; left; left &= left - 1) {
        uint32_t lock = (uint32_t)__builtin_ctzll(left);
        const uint64_t *more = footprints_future(feet, member->root, member->pc, lock + 1);
        for (uint32_t i = 0; i < words; i++)
            member->future[i] &= more[i];
    }
    return member->future;
}

/* ---- the closure ---- */

/* The closed locks that nobody outside can open without acquiring them first. */
static uint64_t cuts(const struct persistent *persistent, uint64_t members)
{
    uint64_t cut = persistent->closed;
    for (uint64_t left = persistent->alive & ~members; left && cut; left &= left - 1)
        cut &= ~persistent->members[__builtin_ctzll(left)].releases;
    return cut;
}

static bool meets(const uint64_t *a, const uint64_t *b, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        if (a[i] & b[i])
            return true;
    return false;
}

/* Whether `other`, outside, could matter to `member`. */
static bool must_join(struct persistent *persistent, const struct member *member, bool can_move,
                      struct member *other, uint64_t cut)
{
    uint32_t words = persistent->feet->words;
    if (!can_move && member->blocked_on != UINT32_MAX)
        return other->releases >> member->blocked_on & 1;
    const uint64_t *future = future_of(persistent, other, cut);
    if (meets(member->own, future + words, words)) /* it writes what the member reads or writes */
        return true;
    return can_move && meets(member->own + words, future, words);
}

static uint64_t close_set(struct persistent *persistent, uint64_t members)
{
    for (uint64_t fresh = members; fresh;) {
        uint64_t cut = cuts(persistent, members), joined = 0;
        for (uint64_t in = members; in; in &= in - 1) {
            uint32_t member = (uint32_t)__builtin_ctzll(in);
            bool can_move = persistent->movable >> member & 1;
            for (uint64_t out = persistent->alive & ~members & ~joined; out; out &= out - 1) {
                uint32_t other = (uint32_t)__builtin_ctzll(out);
                if (must_join(persistent, &persistent->members[member], can_move,
                              &persistent->members[other], cut))
                    joined |= (uint64_t)1 << other;
            }
        }
        members |= joined;
        fresh = joined;
        if ((persistent->movable & ~members) == 0)
            break; /* it will be no smaller than all */
    }
    return members;
}

static uint32_t moves_of(const struct persistent *persistent, uint64_t members)
{
    uint32_t moves = 0;
    for (uint64_t in = members & persistent->movable; in; in &= in - 1)
        moves += persistent->members[__builtin_ctzll(in)].moves;
    return moves;
}

/* The moves of members first; otherwise in the same order. */
static void put_first(move *moves, uint32_t count, uint64_t members)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!(members >> MOVE_THREAD(moves[i]) & 1))
            continue;
        move taken = moves[i];
        memmove(moves + done + 1, moves + done, (i - done) * sizeof *moves);
        moves[done++] = taken;
    }
}

uint32_t persistent_choose(void *opaque, const struct reduction_scratch *scratch,
                           const struct state *state, move *moves, uint32_t count)
{
    struct persistent *persistent = opaque;
    look_around(persistent, state, moves, count);
    uint64_t best = 0;
    uint32_t best_moves = count;
    for (uint64_t seeds = persistent->movable; seeds && best_moves > 1; seeds &= seeds - 1) {
        uint32_t seed = (uint32_t)__builtin_ctzll(seeds);
        if (seed && reduction_first(scratch, state, seed) != seed)
            continue; /* its like has been tried */
        uint64_t members = close_set(persistent, seeds & -seeds);
        uint32_t size = moves_of(persistent, members);
        if (size < best_moves) {
            best = members;
            best_moves = size;
        }
    }
    if (best_moves < count)
        put_first(moves, count, best);
    return best_moves;
}
