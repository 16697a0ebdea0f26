#include "explore/expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "model/stuck.h"

static void note_kind(struct worker *worker, struct kind_key key)
{
    uint16_t kind = findings_kind(worker->findings, key);
    if (kind == NO_FINDING)
        return;
    vector_each (uint16_t, seen, &worker->kinds)
        if (*seen == kind)
            return;
    vector_push(&worker->kinds, kind);
}

static void note_race(void *context, uint32_t cell, uint32_t thread, uint32_t other)
{
    struct worker *worker = context;
    const struct program *program = worker->space.shape->program;
    const struct variable *variable = program_variable_of(program, cell);
    (void)thread;
    (void)other;
    note_kind(worker, (struct kind_key){VERDICT_RACE, variable - program->variables, 0, -1});
}

static struct kind_key death_key(const struct death *death)
{
    if (death->exception == EXCEPTION_ASSERTION)
        return (struct kind_key){VERDICT_ASSERTION, death->message, death->position, -1};
    return (struct kind_key){VERDICT_ERROR, death->exception, death->position, -1};
}

uint16_t worker_death(struct worker *worker, const struct death *death)
{
    return findings_kind(worker->findings, death_key(death));
}

/* Runs `after:` and enters the final values. */
static uint32_t final_values(struct worker *worker, const struct state *state)
{
    struct space *space = &worker->space;
    struct model *model = space->shape->model;
    uint16_t failure = NO_FINDING;
    if (space->shape->program->after_function >= 0) {
        world_copy(model, space->probe, state->world);
        model_after(model, space->probe, &space->effect, NULL, NULL);
        if (space->effect.died_of || space->effect.too_long) {
            struct death death = {UINT32_MAX, space->effect.died_of, space->effect.message,
                                  space->effect.raised_at};
            failure = worker_death(worker, &death);
            if (failure != NO_FINDING)
                vector_push(&worker->kinds, failure);
        }
    }
    return findings_outcome(worker->findings, world_cells(state->world), failure);
}

/* Invariants and sometimes. False when an invariant does not hold: that schedule ends there. */
static bool properties_hold(struct worker *worker, const struct state *state)
{
    struct model *model = worker->space.shape->model;
    const struct program *program = worker->space.shape->program;
    bool holds = true;
    for (uint32_t i = 0; i < program->invariant_count; i++) {
        enum exception raised = EXCEPTION_NONE;
        if (model_holds(model, state->world, &program->invariants[i], &raised))
            continue;
        holds = false;
        uint32_t position = program->invariants[i].position;
        if (raised)
            note_kind(worker, (struct kind_key){VERDICT_ERROR, raised, position, (int32_t)i});
        else
            note_kind(worker, (struct kind_key){VERDICT_ASSERTION, 0, position, (int32_t)i});
    }
    for (uint32_t i = 0; i < program->sometimes_count; i++) {
        enum exception raised = EXCEPTION_NONE;
        _Atomic bool *held = &worker->findings->held[i];
        if (!atomic_load_explicit(held, memory_order_relaxed) &&
            model_holds(model, state->world, &program->sometimes[i], &raised))
            atomic_store_explicit(held, true, memory_order_relaxed);
    }
    return holds;
}

/* Whether some thread that is alive has no move. */
static bool somebody_waits(struct worker *worker, const struct state *state)
{
    const struct model *model = worker->space.shape->model;
    uint32_t end = world_thread_end(model, state->world);
    size_t at = 0;
    for (uint32_t i = 0; i < end; i++) {
        bool moves = false;
        while (at < worker->space.moves.count && MOVE_THREAD(worker->space.moves.items[at]) == i) {
            at++;
            moves = true;
        }
        if (!moves && world_thread_const(model, state->world, i)->status == THREAD_ALIVE)
            return true;
    }
    return false;
}

static void judge(struct worker *worker, struct state *state, uint32_t *ret_outcome)
{
    struct space *space = &worker->space;
    worker->kinds.count = 0;
    space->moves.count = 0;
    *ret_outcome = UINT32_MAX;
    if (!properties_hold(worker, state))
        return;
    if (model_finished(space->shape->model, state->world)) {
        *ret_outcome = final_values(worker, state);
        return;
    }
    space_races(space, state, note_race, worker);
    space_moves(space, state);
    if (space->moves.count == 0 ||
        (somebody_waits(worker, state) &&
         stuck_any(space->shape->stuck, space->shape->model, state->world)))
        note_kind(worker, (struct kind_key){VERDICT_DEADLOCK, 0, 0, -1});
}

void worker_init(struct worker *worker, struct space_shape *shape,
                 const struct reduction *reduction, struct findings *findings)
{
    memset(worker, 0, sizeof *worker);
    space_init(&worker->space, shape);
    worker->findings = findings;
    worker->scratch = reduction ? reduction_scratch_new(reduction) : NULL;
    worker->symmetric = reduction && reduction_has_symmetry(reduction);
    worker->base = state_new(shape);
    for (unsigned i = 0; i < AHEAD; i++)
        worker->ahead[i].state = state_new(shape);
}

void worker_fini(struct worker *worker)
{
    state_free(&worker->base, worker->space.shape);
    for (unsigned i = 0; i < AHEAD; i++)
        state_free(&worker->ahead[i].state, worker->space.shape);
    space_fini(&worker->space);
    reduction_scratch_free(worker->scratch);
    vector_fini(&worker->edges);
    vector_fini(&worker->bytes);
    vector_fini(&worker->places);
    vector_fini(&worker->kinds);
    vector_fini(&worker->order);
    free(worker->weights);
}

uint32_t worker_add(struct worker *worker, struct state *state)
{
    struct item head = {0};
    judge(worker, state, &head.outcome);
    const struct space_shape *shape = worker->space.shape;
    head.move_count = (uint32_t)worker->space.moves.count;
    head.kind_count = (uint32_t)worker->kinds.count;
    size_t before =
        sizeof head + head.move_count * sizeof(move) + head.kind_count * sizeof(uint16_t);
    before = (before + 7) & ~(size_t)7;
    size_t at = worker->bytes.count, room = 512;
    for (;;) {
        vector_reserve(&worker->bytes, at + before + room);
        size_t size = state_pack(shape, state, worker->bytes.items + at + before, room);
        if (size <= room) {
            head.packed_size = (uint32_t)size;
            break;
        }
        room = size;
    }
    head.size = (uint32_t)(before + ((head.packed_size + 7u) & ~7u));
    struct item *item = (struct item *)(worker->bytes.items + at);
    memcpy(item, &head, sizeof head);
    if (head.move_count)
        memcpy(item->moves, worker->space.moves.items, head.move_count * sizeof(move));
    if (head.kind_count)
        memcpy((char *)(item->moves + head.move_count), worker->kinds.items,
               head.kind_count * sizeof(uint16_t));
    worker->bytes.count = at + head.size;
    vector_push(&worker->places, at);
    return (uint32_t)worker->places.count - 1;
}

/* Whether the state behind a slot is the same, byte by byte. */
static bool same_state(struct worker *worker, const struct visited_slot *slot,
                       const struct state *state)
{
    const struct space_shape *shape = worker->space.shape;
    const char *place = slot->number ? worker->whole[slot->number - 1]
                                     : worker->bytes.items + worker->places.items[slot->reference];
    const struct item *item = (const struct item *)place;
    char few[1024], *bytes = few;
    size_t size = state_pack(shape, state, few, sizeof few);
    if (size != item->packed_size)
        return false;
    if (size > sizeof few) {
        bytes = xmalloc(size);
        state_pack(shape, state, bytes, size);
    }
    bool same = memcmp(bytes, item_packed(item), size) == 0;
    if (bytes != few)
        free(bytes);
    return same;
}

static struct visited_slot *slot_of(struct worker *worker, const struct state *state, uint64_t hash,
                                    bool *ret_new)
{
    struct visited_slot *slot = visited_insert(worker->visited, hash, ret_new);
    while (worker->exact && !*ret_new && !same_state(worker, slot, state)) {
        hash = hash_word(hash, 1);
        slot = visited_insert(worker->visited, hash, ret_new);
    }
    return slot;
}

/* One step from worker->base. Its place in the visited set is on its way into the cache afterwards.
 */
static void step(struct worker *worker, move code, uint32_t weight, struct ahead *ahead)
{
    const struct space_shape *shape = worker->space.shape;
    struct stepped stepped;
    struct state *state = &ahead->state;
    state_copy(shape, state, &worker->base);
    space_step(&worker->space, state, code, &stepped);
    worker->steps++;
    uint32_t landed = MOVE_THREAD(code);
    if (worker->symmetric) {
        landed = reduction_canonical(worker->scratch, state, landed);
        landed = reduction_first(worker->scratch, state, landed);
    }
    ahead->edge = (struct raw_edge){
        .code = code, .landed = (uint16_t)landed, .kinds = {NO_FINDING, NO_FINDING}};
    ahead->edge.flags =
        (uint16_t)((stepped.left_free ? EDGE_LEFT_FREE : 0u) | weight << EDGE_WEIGHT_SHIFT);
    for (uint32_t i = 0; i < stepped.death_count && i < ITEM_KINDS; i++)
        ahead->edge.kinds[i] = worker_death(worker, &stepped.deaths[i]);
    ahead->hash = state_hash(shape, state);
    visited_prefetch(worker->visited, ahead->hash);
}

/* Enters what a step led to. True when that is a state of no earlier level. */
static bool arrive(struct worker *worker, struct ahead *ahead)
{
    bool fresh = false;
    struct visited_slot *slot = slot_of(worker, &ahead->state, ahead->hash, &fresh);
    if (fresh)
        slot->reference = worker->number << WORKER_SHIFT | worker_add(worker, &ahead->state);
    ahead->edge.slot = (uint64_t)(slot - worker->visited->slots);
    vector_push(&worker->edges, ahead->edge);
    return fresh || !slot->number || slot->number > worker->closed;
}

/* How many threads are just like this one, itself included; 0 when an earlier one is. */
static uint32_t like(const struct worker *worker, uint32_t thread)
{
    if (!worker->symmetric)
        return 1;
    if (reduction_first(worker->scratch, &worker->base, thread) != thread)
        return 0;
    uint32_t count = 1, end = worker->space.shape->program->thread_count;
    while (thread + count < end &&
           reduction_first(worker->scratch, &worker->base, thread + count) == thread)
        count++;
    return count;
}

/* Drops the moves of threads that are just like an earlier one; notes how many each stands for. */
static uint32_t drop_alike(struct worker *worker, move *moves, uint32_t count)
{
    uint32_t kept = 0, before = UINT32_MAX, stands_for = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (MOVE_THREAD(moves[i]) != before)
            stands_for = like(worker, before = MOVE_THREAD(moves[i]));
        if (!stands_for)
            continue;
        worker->weights[kept] = stands_for > EDGE_MOST_WEIGHT ? EDGE_MOST_WEIGHT : stands_for;
        moves[kept++] = moves[i];
    }
    return kept;
}

/* Whether the schedule ends in this state although threads could still step: an invariant is
 * broken, or only daemons are left. */
static bool cut_short(const struct worker *worker, const struct state *state)
{
    const struct space_shape *shape = worker->space.shape;
    for (uint32_t i = 0; i < shape->program->invariant_count; i++)
        if (!model_holds(shape->model, state->world, &shape->program->invariants[i], NULL))
            return true;
    return model_finished(shape->model, state->world);
}

/* Takes the moves. With `ret_open`, it says whether one of them leads on to a state of no earlier
 * level: what is left out now can be taken from there. Where the schedule ends it cannot. */
static void take_all(struct worker *worker, const move *moves, uint32_t count, bool *ret_open)
{
    bool open = false;
    for (uint32_t first = 0; first < count; first += AHEAD) {
        uint32_t some = count - first < AHEAD ? count - first : AHEAD;
        for (uint32_t i = 0; i < some; i++)
            step(worker, moves[first + i], worker->weights[first + i], &worker->ahead[i]);
        for (uint32_t i = 0; i < some; i++)
            if (arrive(worker, &worker->ahead[i]) && ret_open && !open)
                open = !cut_short(worker, &worker->ahead[i].state);
    }
    if (ret_open)
        *ret_open = open;
}

void worker_expand(struct worker *worker, const struct item *item, struct raw_item *ret_raw)
{
    const struct space_shape *shape = worker->space.shape;
    ret_raw->worker = worker->number;
    ret_raw->first_edge = worker->edges.count;
    state_unpack(shape, &worker->base, item_packed(item), item->packed_size);
    uint32_t count = item->move_count, chosen = count;
    vector_reserve(&worker->order, count + 1);
    if (worker->weight_room < count + 1) {
        worker->weight_room = 2 * count + 1;
        worker->weights = xrealloc(worker->weights, worker->weight_room * sizeof *worker->weights);
    }
    move *moves = worker->order.items;
    memcpy(moves, item->moves, count * sizeof(move));
    if (worker->prune && count > 1)
        chosen = reduction_persistent(worker->scratch, &worker->base, moves, count);
    move *rest = moves + chosen;
    uint32_t first = drop_alike(worker, moves, chosen);
    bool open = false;
    take_all(worker, moves, first, chosen < count ? &open : NULL);
    if (chosen < count && !open) /* the cycle proviso: what is left out must come some time */
        take_all(worker, rest, drop_alike(worker, rest, count - chosen), NULL);
    else if (chosen < count)
        worker->pruned = true;
    ret_raw->edge_count = (uint32_t)(worker->edges.count - ret_raw->first_edge);
}
