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

enum { MOST_GROUPS = 64, NO_GROUP = 255 };

/* Threads that stand at the same place of the same code, before the same operation. */
struct group {
    const uint64_t *own; /* what the operation reads, then writes */
    uint64_t *room;      /* where that may lie */
    uint64_t *future;    /* what they may still read, then write, under the present cuts */
    uint64_t cut;        /* the locks for which `future` was cut */
    bool cut_known;
    bool joins; /* they wait for the end of a thread */
    uint32_t pc, root;
    uint8_t phase;       /* enum thread_phase */
    uint64_t releases;   /* locks that each can open without acquiring them first */
    uint32_t waits_on;   /* a lock that they must take back after a Condition.wait, by number; or
                            UINT32_MAX */
    uint32_t blocked_on; /* the number of the lock or semaphore that they are about to acquire; or
                            UINT32_MAX */
    uint32_t first;      /* thread */
    uint32_t count;      /* threads */
    uint32_t moves;      /* of each */
};

/* Groups as bit sets. One thread of a group may be in while the others are out. */
struct set {
    uint64_t whole; /* groups with all their threads in */
    uint64_t one;   /* the group of which only the first thread is in, or 0 */
};

struct persistent {
    const struct footprints *feet;
    struct group groups[MOST_GROUPS];
    uint64_t *sets;     /* the storage of room and future */
    uint8_t *group_of;  /* by thread, or NO_GROUP */
    uint32_t *moves_of; /* by thread; all 0 between calls */
    uint32_t group_count;
    uint64_t movable; /* groups */
    uint64_t several; /* groups of more than one thread */
    uint64_t closed;  /* locks */
};

struct persistent *persistent_new(const struct reduction *reduction)
{
    struct persistent *persistent = xcalloc(1, sizeof *persistent);
    persistent->feet = &reduction->feet;
    uint32_t words = 2 * reduction->feet.words, limit = reduction->shape->program->thread_limit;
    persistent->group_of = xcalloc(limit + 1u, sizeof *persistent->group_of);
    persistent->moves_of = xcalloc(limit + 1u, sizeof *persistent->moves_of);
    persistent->sets = xcalloc((size_t)MOST_GROUPS * 2 * words, sizeof(uint64_t));
    for (uint32_t i = 0; i < MOST_GROUPS; i++) {
        persistent->groups[i].room = persistent->sets + (size_t)2 * i * words;
        persistent->groups[i].future = persistent->groups[i].room + words;
    }
    return persistent;
}

void persistent_free(struct persistent *persistent)
{
    if (!persistent)
        return;
    free(persistent->sets);
    free(persistent->group_of);
    free(persistent->moves_of);
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

/* The group that a thread belongs to, if there is one already. */
static uint8_t find_group(const struct persistent *persistent, const struct group *like,
                          const uint64_t *own)
{
    for (uint32_t i = 0; i < persistent->group_count; i++) {
        const struct group *group = &persistent->groups[i];
        if (group->pc == like->pc && group->root == like->root && group->phase == like->phase &&
            group->moves == like->moves && group->own == own)
            return (uint8_t)i;
    }
    return NO_GROUP;
}

static void describe_group(struct persistent *persistent, const struct state *state,
                           struct group *group)
{
    const struct footprints *feet = persistent->feet;
    group->cut_known = false;
    group->releases = feet->releases[(uint64_t)group->root * feet->code_length + group->pc];
    group->waits_on = group->blocked_on = UINT32_MAX;
    uint8_t op = feet->shape->program->code[group->pc].op;
    group->joins = op == OP_JOIN;
    uint32_t lock = footprints_next_lock(feet, state, group->first);
    if (lock == UINT32_MAX)
        return;
    if (op == OP_COND_WAIT && group->phase != PHASE_READY) {
        group->waits_on = lock;
        group->releases &= ~((uint64_t)1 << lock);
    } else if (op == OP_ACQUIRE) {
        group->blocked_on = lock; /* if it cannot move: only a release helps it */
    }
}

/* False when there are too many groups. */
static bool look_at(struct persistent *persistent, const struct state *state, uint32_t thread)
{
    const struct footprints *feet = persistent->feet;
    const struct thread_head *head = world_thread_const(feet->shape->model, state->world, thread);
    persistent->group_of[thread] = NO_GROUP;
    if (head->status != THREAD_ALIVE)
        return true;
    if (persistent->group_count == MOST_GROUPS)
        return false;
    struct group *group = &persistent->groups[persistent->group_count];
    group->pc = head->pc;
    group->root = footprints_root(feet, thread);
    group->phase = head->phase;
    group->moves = persistent->moves_of[thread];
    const uint64_t *own = footprints_next(feet, state, thread, group->room);
    uint8_t found = find_group(persistent, group, own);
    if (found != NO_GROUP) {
        persistent->group_of[thread] = found;
        persistent->groups[found].count++;
        persistent->several |= (uint64_t)1 << found;
        return true;
    }
    persistent->group_of[thread] = (uint8_t)persistent->group_count;
    persistent->movable |= (uint64_t)(group->moves > 0) << persistent->group_count++;
    group->own = own;
    group->first = thread;
    group->count = 1;
    describe_group(persistent, state, group);
    return true;
}

/* False when the state is too large for this. */
static bool look_around(struct persistent *persistent, const struct state *state, const move *moves,
                        uint32_t count)
{
    const struct footprints *feet = persistent->feet;
    uint32_t end = world_thread_end(feet->shape->model, state->world);
    bool fits = true;
    persistent->group_count = 0;
    persistent->movable = persistent->several = 0;
    persistent->closed = closed_locks(feet, state);
    for (uint32_t i = 0; i < count; i++)
        persistent->moves_of[MOVE_THREAD(moves[i])]++;
    for (uint32_t i = 0; i < end && fits; i++)
        fits = look_at(persistent, state, i);
    for (uint32_t i = 0; i < count; i++)
        persistent->moves_of[MOVE_THREAD(moves[i])] = 0;
    return fits;
}

/* What the threads may still do while the locks in `cut` stay closed. */
static const uint64_t *future_of(struct persistent *persistent, struct group *member, uint64_t cut)
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

/* Groups that have a thread outside. */
static uint64_t outside(const struct persistent *persistent, struct set set)
{
    uint64_t all = ~(uint64_t)0 >> (MOST_GROUPS - persistent->group_count);
    return all & ~set.whole & ~(set.one & ~persistent->several);
}

/* The closed locks that nobody outside can open without acquiring them first. */
static uint64_t cuts(const struct persistent *persistent, struct set set)
{
    uint64_t cut = persistent->closed;
    for (uint64_t left = outside(persistent, set); left && cut; left &= left - 1)
        cut &= ~persistent->groups[__builtin_ctzll(left)].releases;
    return cut;
}

static bool meets(const uint64_t *a, const uint64_t *b, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        if (a[i] & b[i])
            return true;
    return false;
}

/* Whether a thread of `other`, outside, could matter to one of `member`. */
static bool must_join(struct persistent *persistent, const struct group *member,
                      struct group *other, uint64_t cut)
{
    uint32_t words = persistent->feet->words;
    bool can_move = member->moves > 0;
    if (!can_move && member->blocked_on != UINT32_MAX)
        return other->releases >> member->blocked_on & 1;
    const uint64_t *future = future_of(persistent, other, cut);
    if (meets(member->own, future + words, words)) /* it writes what the member reads or writes */
        return true;
    return (can_move || member->joins) && meets(member->own + words, future, words);
}

static struct set close_set(struct persistent *persistent, struct set set)
{
    for (;;) {
        uint64_t cut = cuts(persistent, set), joined = 0;
        for (uint64_t in = set.whole | set.one; in; in &= in - 1) {
            const struct group *member = &persistent->groups[__builtin_ctzll(in)];
            for (uint64_t out = outside(persistent, set) & ~joined; out; out &= out - 1) {
                uint32_t other = (uint32_t)__builtin_ctzll(out);
                if (must_join(persistent, member, &persistent->groups[other], cut))
                    joined |= (uint64_t)1 << other;
            }
        }
        set.whole |= joined;
        set.one &= ~joined;
        /* Closed; or it will be no smaller than all. */
        if (!joined || (persistent->movable & outside(persistent, set)) == 0)
            return set;
    }
}

static uint32_t moves_in(const struct persistent *persistent, struct set set)
{
    uint32_t moves = set.one ? persistent->groups[__builtin_ctzll(set.one)].moves : 0;
    for (uint64_t in = set.whole & persistent->movable; in; in &= in - 1)
        moves += persistent->groups[__builtin_ctzll(in)].moves *
                 persistent->groups[__builtin_ctzll(in)].count;
    return moves;
}

static bool is_in(const struct persistent *persistent, struct set set, uint32_t thread)
{
    uint8_t group = persistent->group_of[thread];
    return (set.whole >> group & 1) ||
           ((set.one >> group & 1) && persistent->groups[group].first == thread);
}

/* The moves of those in the set first; otherwise in the same order. */
static void put_first(const struct persistent *persistent, move *moves, uint32_t count,
                      struct set set)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_in(persistent, set, MOVE_THREAD(moves[i])))
            continue;
        move taken = moves[i];
        memmove(moves + done + 1, moves + done, (i - done) * sizeof *moves);
        moves[done++] = taken;
    }
}

uint32_t persistent_choose(struct persistent *persistent, const struct state *state, move *moves,
                           uint32_t count)
{
    if (!look_around(persistent, state, moves, count))
        return count;
    struct set best = {0, 0};
    uint32_t best_moves = count;
    for (uint64_t seeds = persistent->movable; seeds && best_moves > 1; seeds &= seeds - 1) {
        struct set set = close_set(persistent, (struct set){0, seeds & -seeds});
        uint32_t size = moves_in(persistent, set);
        if (size < best_moves) {
            best = set;
            best_moves = size;
        }
    }
    if (best_moves < count)
        put_first(persistent, moves, count, best);
    return best_moves;
}
