/*
 * Going back along a failing schedule, from its end: from each state on it, is there still a way
 * that ends without this failure? The first state that has one stands just before the point of no
 * return, since whoever is lost stays lost.
 *
 * Each question is a search depth first that stops at the first way out. What it found lost is
 * remembered for the next question, so that all together search each lost state once, and of the
 * others hardly more than one way to an end.
 *
 * Persistent sets keep every way to end up to the order of steps that do not matter to each other,
 * and whether a thread dies, or some are stuck at the end, does not depend on that order; races are
 * looked for without them, and so is all in programs with invariants, which end runs in between.
 * Where the search goes round in a circle it cannot tell.
 */
#include "explore/returns.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/die.h"
#include "explore/expand.h"

enum {
    MOST_STATES = 30000, /* lost states of one failure, unless a time was given */
    MOST_DEPTH = 100000, /* steps of a way out */
};

enum fate { FATE_UNKNOWN, FATE_OPEN, FATE_LOST };

/* What stands in the visited set beside a state. */
enum { SEEN_ON_PATH = 1, SEEN_LOST };

/* A state on the path from where the question was asked. */
struct place {
    char *packed; /* owned */
    size_t size;
    move *moves; /* owned: those to be tried */
    uint32_t count, next;
    uint32_t last; /* the thread that went to get here, by its number here */
    uint64_t key;
};

struct escape {
    struct exploration *exploration;
    struct worker worker;
    struct visited visited;
    vector(struct place) path;
    uint16_t kind;
    bool prune;
    bool round; /* the search went round in a circle, so that it cannot say that all is lost */
    uint64_t states, most;
};

/* Whether a run fails so does not depend on the order of steps that do not matter to each other.
 * Races and invariants are of single states; and where an invariant can end a run, the order tells
 * whether it does so before the failure. */
static bool is_told_by_ends(const struct exploration *exploration, uint32_t index)
{
    const struct kind_key *key = &exploration->findings.kinds[exploration->order[index]];
    if (exploration->request->program->invariant_count)
        return false;
    switch (key->verdict) {
    case VERDICT_DEADLOCK: return true;
    case VERDICT_ASSERTION:
    case VERDICT_ERROR: return key->property < 0;
    case VERDICT_OK:
    case VERDICT_RACE:
    case VERDICT_LIVELOCK:
    case VERDICT_UNREACHED:
    case VERDICTS: break;
    }
    return false;
}

static void escape_init(struct escape *escape, struct exploration *exploration, uint32_t index)
{
    memset(escape, 0, sizeof *escape);
    const struct reduction *reduction = exploration->reduction;
    /* A way of real threads must not go on as one of representatives. */
    if (exploration->ways[index].real && reduction && reduction_has_symmetry(reduction))
        reduction = NULL;
    escape->exploration = exploration;
    worker_init(&escape->worker, &exploration->shape, reduction, &exploration->findings);
    visited_init(&escape->visited, 1000);
    escape->kind = exploration->order[index];
    escape->prune =
        reduction && reduction_has_order(reduction) && is_told_by_ends(exploration, index);
    escape->most = exploration->request->time > 0 ? UINT32_MAX : MOST_STATES;
}

static void pop(struct escape *escape)
{
    struct place *place = &vector_last(&escape->path);
    free(place->packed);
    free(place->moves);
    escape->path.count--;
}

static void escape_fini(struct escape *escape)
{
    while (escape->path.count)
        pop(escape);
    vector_fini(&escape->path);
    worker_fini(&escape->worker);
    visited_fini(&escape->visited);
}

static bool fails_here(const struct escape *escape, const struct item *item)
{
    for (uint32_t i = 0; i < item->kind_count; i++)
        if (item_kinds(item)[i] == escape->kind)
            return true;
    return false;
}

/* The moves worth trying in the worker's base state: those of a persistent set, of like threads
 * one; first those of the thread that went last. */
static void choose_moves(struct escape *escape, const struct item *item, struct place *place)
{
    struct worker *worker = &escape->worker;
    move *moves = place->moves = xmalloc((item->move_count + 1) * sizeof *moves);
    memcpy(moves, item->moves, item->move_count * sizeof *moves);
    uint32_t count = item->move_count, kept = 0;
    if (escape->prune && count > 1)
        count = reduction_persistent(worker->scratch, &worker->base, moves, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t thread = MOVE_THREAD(moves[i]);
        if (worker->symmetric && reduction_first(worker->scratch, &worker->base, thread) != thread)
            continue;
        move taken = moves[i];
        moves[kept] = taken;
        if (thread == place->last && kept > 0 && MOVE_THREAD(moves[0]) != thread) {
            memmove(moves + 1, moves, kept * sizeof *moves);
            moves[0] = taken;
        }
        kept++;
    }
    place->count = kept;
}

/* Comes to a state that is in worker->base: judges it and, when the answer is not known yet, puts
 * it on the path. */
static enum fate come(struct escape *escape, uint32_t last)
{
    struct worker *worker = &escape->worker;
    bool fresh = false;
    visited_reserve(&escape->visited, 1);
    uint64_t key = state_hash(worker->space.shape, &worker->base);
    struct visited_slot *slot = visited_insert(&escape->visited, key, &fresh);
    if (!fresh) {
        escape->round |= slot->reference == SEEN_ON_PATH;
        return FATE_LOST;
    }
    escape->visited.count++;
    escape->states++;
    worker->bytes.count = worker->places.count = 0;
    worker_add(worker, &worker->base);
    const struct item *item = (const struct item *)worker->bytes.items;
    slot->reference = SEEN_LOST;
    if (fails_here(escape, item))
        return FATE_LOST;
    if (item->move_count == 0)
        return FATE_OPEN; /* an end, or another failure */
    slot->reference = SEEN_ON_PATH;
    struct place place = {.size = item->packed_size, .last = last, .key = key};
    place.packed = xmalloc(place.size + 1);
    memcpy(place.packed, item_packed(item), place.size);
    choose_moves(escape, item, &place);
    vector_push(&escape->path, place);
    return FATE_UNKNOWN;
}

/* Takes the next move of the last state on the path; where none is left, it is lost. */
static enum fate go_on(struct escape *escape)
{
    struct worker *worker = &escape->worker;
    const struct space_shape *shape = worker->space.shape;
    struct place *place = &vector_last(&escape->path);
    if (place->next == place->count) {
        visited_find(&escape->visited, place->key)->reference = SEEN_LOST;
        pop(escape);
        return FATE_LOST;
    }
    move code = place->moves[place->next++];
    struct stepped stepped;
    state_unpack(shape, &worker->base, place->packed, place->size);
    space_step(&worker->space, &worker->base, code, &stepped);
    escape->exploration->result->steps++;
    for (uint32_t i = 0; i < stepped.death_count; i++)
        if (worker_death(worker, &stepped.deaths[i]) == escape->kind)
            return FATE_LOST;
    uint32_t landed = MOVE_THREAD(code);
    if (worker->symmetric) {
        landed = reduction_canonical(worker->scratch, &worker->base, landed);
        landed = reduction_first(worker->scratch, &worker->base, landed);
    }
    return come(escape, landed);
}

static bool must_stop(const struct escape *escape)
{
    return escape->states >= escape->most || escape->path.count >= MOST_DEPTH ||
           stop_now(&escape->exploration->stop);
}

/* Is there a way out of this state? When there is, the moves taken so far on the path are it. */
static enum fate ask(struct escape *escape, const struct state *state)
{
    state_copy(escape->worker.space.shape, &escape->worker.base, state);
    enum fate fate = come(escape, NOBODY);
    while (fate != FATE_OPEN && escape->path.count) {
        if (must_stop(escape))
            return FATE_UNKNOWN;
        fate = go_on(escape);
    }
    return fate == FATE_LOST && escape->round ? FATE_UNKNOWN : fate;
}

/* ---- along a schedule ---- */

/* The states of a way, packed one after the other; from the first one on. */
struct trail {
    vector(char) bytes;
    vector(size_t) places; /* where each begins; one more for the end */
};

static void note_state(struct trail *trail, const struct space_shape *shape,
                       const struct state *state)
{
    vector_push(&trail->places, trail->bytes.count);
    size_t size = state_pack(shape, state, NULL, 0);
    vector_reserve(&trail->bytes, trail->bytes.count + size);
    state_pack(shape, state, trail->bytes.items + trail->bytes.count, size);
    trail->bytes.count += size;
}

static void trail_init(struct trail *trail, struct exploration *exploration, uint32_t index)
{
    const struct kept_way *kept = &exploration->ways[index];
    struct replay replay;
    memset(trail, 0, sizeof *trail);
    replay_init(&replay, &exploration->shape, kept->real ? NULL : exploration->reduction);
    note_state(trail, &exploration->shape, &replay.state);
    for (uint32_t i = 0; i < kept->count; i++) {
        replay_step(&replay, kept->moves[i]);
        note_state(trail, &exploration->shape, &replay.state);
    }
    vector_push(&trail->places, trail->bytes.count);
    replay_fini(&replay);
}

static void trail_fini(struct trail *trail)
{
    vector_fini(&trail->bytes);
    vector_fini(&trail->places);
}

/* The schedule: the first `count` moves, then the way out. */
static void keep_passing(struct exploration *exploration, uint32_t index, uint32_t count,
                         const struct escape *escape)
{
    const struct kept_way *kept = &exploration->ways[index];
    uint32_t all = count + (uint32_t)escape->path.count;
    move *moves = xmalloc((all + 1) * sizeof *moves);
    if (count)
        memcpy(moves, kept->moves, count * sizeof *moves);
    for (uint32_t i = 0; i < escape->path.count; i++)
        moves[count + i] = escape->path.items[i].moves[escape->path.items[i].next - 1];
    struct way way = {moves, all, false, kept->real};
    result_pass(exploration, index, &way);
    free(moves);
}

/* After `lost` moves nothing avoids the failure, after one less something does. */
static void keep_return(struct exploration *exploration, uint32_t index, uint32_t lost)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    const struct kept_way *kept = &exploration->ways[index];
    struct way way = {kept->moves, kept->count, false, kept->real};
    uint32_t *ends = xmalloc((kept->count + 1) * sizeof *ends);
    struct explore_schedule whole = {0};
    result_replay(exploration, &way, false, &whole, ends);
    failure->return_known = true;
    failure->point_of_no_return = lost ? ends[lost - 1] : 0;
    free(whole.steps);
    free(ends);
}

static void find_return(struct exploration *exploration, uint32_t index)
{
    struct trail trail;
    struct escape escape;
    enum fate fate = FATE_LOST;
    uint32_t at = exploration->ways[index].count;
    struct state state = state_new(&exploration->shape);
    trail_init(&trail, exploration, index);
    escape_init(&escape, exploration, index);
    for (; at > 0 && fate == FATE_LOST; at--) {
        size_t place = trail.places.items[at - 1];
        state_unpack(&exploration->shape, &state, trail.bytes.items + place,
                     trail.places.items[at] - place);
        fate = ask(&escape, &state);
        if (fate != FATE_LOST)
            break;
    }
    if (fate == FATE_OPEN)
        keep_passing(exploration, index, at - 1, &escape);
    if (fate != FATE_UNKNOWN)
        keep_return(exploration, index, at);
    escape_fini(&escape);
    trail_fini(&trail);
    state_free(&state, &exploration->shape);
}

void returns_find(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct explore_failure *failure = &result->failures[i];
        bool can_end =
            failure->verdict != VERDICT_LIVELOCK && failure->verdict != VERDICT_UNREACHED;
        if (stop_now(&exploration->stop))
            return;
        if (can_end && failure->has_schedule && !failure->return_known)
            find_return(exploration, i);
    }
}
