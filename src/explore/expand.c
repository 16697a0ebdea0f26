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

uint16_t worker_death(struct worker *worker, const struct death *death)
{
    return findings_death(worker->findings, death);
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
        (space->waiting && stuck_any(space->shape->stuck, space->shape->model, state->world)))
        note_kind(worker, (struct kind_key){VERDICT_DEADLOCK, 0, 0, -1});
}

/* The same of the state in the vector. */
static void judge_collapsed(struct worker *worker, uint32_t *ret_outcome)
{
    struct space *space = &worker->space;
    struct collapsed *collapsed = &worker->collapsed;
    const struct program *program = space->shape->program;
    worker->kinds.count = 0;
    space->moves.count = 0;
    *ret_outcome = UINT32_MAX;
    if (program->invariant_count || program->sometimes_count) {
        collapsed_world(collapsed);
        if (!properties_hold(worker, &worker->base))
            return;
    }
    if (collapsed_finished(collapsed)) {
        collapsed_world(collapsed);
        *ret_outcome = final_values(worker, &worker->base);
        return;
    }
    collapsed_races(collapsed, note_race, worker);
    collapsed_moves(collapsed);
    if (space->moves.count == 0 || (space->waiting && collapsed_stuck(collapsed)))
        note_kind(worker, (struct kind_key){VERDICT_DEADLOCK, 0, 0, -1});
}

/* What is packed to columns: the world's words, or the vector. */
static int64_t *words_of(struct worker *worker)
{
    return worker->collapses ? worker->collapsed.vector : worker->base.world->words;
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
    for (unsigned i = 0; i < 2 * AHEAD; i++)
        worker->ahead[i / AHEAD][i % AHEAD].state = state_new(shape);
}

void worker_share(struct worker *worker, struct columns *columns, struct collapse *collapse)
{
    worker->columns = columns;
    worker->collapses = collapse != NULL;
    if (collapse)
        collapsed_init(&worker->collapsed, collapse, &worker->space, worker->findings,
                       worker->base.world);
    memcpy(words_of(worker), columns->first, 8 * (size_t)columns->words);
}

void worker_fini(struct worker *worker)
{
    state_free(&worker->base, worker->space.shape);
    for (unsigned i = 0; i < 2 * AHEAD; i++)
        state_free(&worker->ahead[i / AHEAD][i % AHEAD].state, worker->space.shape);
    space_fini(&worker->space);
    reduction_scratch_free(worker->scratch);
    vector_fini(&worker->edges);
    vector_fini(&worker->bytes);
    vector_fini(&worker->places);
    vector_fini(&worker->kinds);
    vector_fini(&worker->found);
    vector_fini(&worker->died);
    if (worker->collapses)
        collapsed_fini(&worker->collapsed);
    vector_fini(&worker->scratch_bytes);
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
        vector_reserve(&worker->bytes, at + before + room + 8); /* sizes are rounded up */
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

/* ---- states packed for a frontier ---- */

/* Makes this state the worker's. */
static void load(struct worker *worker, const struct packed *packed)
{
    worker->base_packed = packed;
    if (!worker->columns) {
        state_unpack(worker->space.shape, &worker->base, packed->bytes, packed->size);
        return;
    }
    columns_unpack(worker->columns, words_of(worker), worker->dirty, packed->bytes, packed->size);
    worker->dirty = packed->size;
    if (worker->collapses)
        collapsed_look(&worker->collapsed);
}

/* Packs where a step leads to (NULL: the worker's own state). `out` has `room` bytes; returns how
 * many are needed. */
static uint32_t pack(struct worker *worker, const struct ahead *ahead, unsigned char *out,
                     size_t room)
{
    const struct state *state = ahead ? &ahead->state : &worker->base;
    if (!worker->columns)
        return (uint32_t)state_pack(worker->space.shape, state, out, room);
    uint32_t most = 8 * worker->columns->words;
    if (room < most)
        return most;
    if (!worker->collapses)
        return columns_pack(worker->columns, state->world->words, out);
    if (!ahead)
        return columns_pack(worker->columns, worker->collapsed.vector, out);
    return columns_pack_changes(worker->columns, ahead->from->bytes, ahead->from->size,
                                ahead->transition->changes, ahead->transition->change_count, out);
}

static uint32_t keep(struct worker *worker, const struct ahead *ahead, uint64_t hash)
{
    size_t at = worker->bytes.count, room = 512;
    for (;;) {
        vector_reserve(&worker->bytes, at + packed_room((uint32_t)room));
        struct packed *packed = (struct packed *)(worker->bytes.items + at);
        packed->hash = hash;
        packed->size = pack(worker, ahead, packed->bytes, room);
        if (packed->size <= room) {
            worker->bytes.count = at + packed_room(packed->size);
            vector_push(&worker->places, at);
            return (uint32_t)worker->places.count - 1;
        }
        room = packed->size;
    }
}

uint32_t worker_keep_base(struct worker *worker, uint64_t hash)
{
    return keep(worker, NULL, hash);
}

/* Whether the state behind a slot is where the step leads to, byte by byte. */
static bool same_state(struct worker *worker, const struct visited_slot *slot,
                       const struct ahead *ahead)
{
    const char *place = slot->number ? worker->whole[slot->number - 1]
                                     : worker->bytes.items + worker->places.items[slot->reference];
    const struct packed *seen = (const struct packed *)place;
    uint32_t size =
        pack(worker, ahead, worker->scratch_bytes.items, worker->scratch_bytes.capacity);
    if (size > worker->scratch_bytes.capacity) {
        vector_reserve(&worker->scratch_bytes, size);
        size = pack(worker, ahead, worker->scratch_bytes.items, worker->scratch_bytes.capacity);
    }
    const unsigned char *bytes = worker->scratch_bytes.items;
    if (worker->columns)
        return columns_same(worker->columns, bytes, size, seen->bytes, seen->size);
    return size == seen->size && memcmp(bytes, seen->bytes, size) == 0;
}

static struct visited_slot *slot_of(struct worker *worker, const struct ahead *ahead, bool *ret_new)
{
    uint64_t hash = ahead->hash;
    struct visited_slot *slot = visited_insert(worker->visited, hash, ret_new);
    while (worker->exact && !*ret_new && !same_state(worker, slot, ahead)) {
        hash = hash_word(hash, 1);
        slot = visited_insert(worker->visited, hash, ret_new);
    }
    return slot;
}

/* ---- steps ---- */

static void note_died(struct worker *worker, struct ahead *ahead, uint16_t kind)
{
    if (kind == NO_FINDING)
        return;
    vector_push(&worker->died, kind);
    ahead->edge.kind_count++;
}

/* Takes a step in a copy. `landed` is renamed with the state when there are threads that are alike.
 */
static uint64_t step_in_copy(struct worker *worker, move code, struct ahead *ahead,
                             uint32_t *landed)
{
    const struct space_shape *shape = worker->space.shape;
    struct state *state = &ahead->state;
    struct stepped stepped;
    state_copy(shape, state, &worker->base);
    space_step(&worker->space, state, code, &stepped);
    if (worker->symmetric) {
        *landed = reduction_canonical(worker->scratch, state, *landed);
        *landed = reduction_first(worker->scratch, state, *landed);
    }
    ahead->edge.flags = stepped.left_free ? EDGE_LEFT_FREE : 0;
    for (uint32_t i = 0; i < stepped.death_count; i++)
        note_died(worker, ahead, worker_death(worker, &stepped.deaths[i]));
    return state_hash(shape, state);
}

static uint64_t step_collapsed(struct worker *worker, move code, struct ahead *ahead)
{
    const struct transition *transition = collapsed_step(&worker->collapsed, code);
    ahead->transition = transition;
    ahead->edge.flags = transition->left_free ? EDGE_LEFT_FREE : 0;
    for (uint32_t i = 0; i < STEP_KINDS; i++)
        note_died(worker, ahead, transition->kinds[i]);
    return worker->base_packed->hash + transition->hash;
}

static bool is_daemon(const struct worker *worker, uint32_t thread)
{
    const struct space_shape *shape = worker->space.shape;
    if (thread < shape->program->thread_count)
        return shape->program->threads[thread].daemon;
    return world_thread_const(shape->model, worker->base.world, thread)->flags & THREAD_DAEMON;
}

/* One step from the worker's state. Its place in the visited set is on its way into the cache
 * afterwards. */
static void step(struct worker *worker, move code, uint32_t weight, struct ahead *ahead)
{
    uint32_t landed = MOVE_THREAD(code);
    ahead->edge.first_kind = worker->died.count;
    ahead->edge.kind_count = 0;
    ahead->hash = worker->collapses ? step_collapsed(worker, code, ahead)
                                    : step_in_copy(worker, code, ahead, &landed);
    visited_prefetch(worker->visited, ahead->hash);
    worker->steps++;
    ahead->from = worker->base_packed;
    if (is_daemon(worker, MOVE_THREAD(code)))
        ahead->edge.flags |= EDGE_DAEMON;
    ahead->edge.code = code;
    ahead->edge.landed = (uint16_t)landed;
    ahead->edge.flags |= (uint16_t)(weight << EDGE_WEIGHT_SHIFT);
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

/* The same of where a step leads. */
static bool ends_there(struct worker *worker, const struct ahead *ahead)
{
    if (!worker->collapses)
        return cut_short(worker, &ahead->state);
    struct collapsed *collapsed = &worker->collapsed;
    const struct transition *transition = ahead->transition;
    for (uint32_t i = 0; i < transition->change_count; i++)
        collapsed->vector[transition->changes[i].word] = transition->changes[i].after;
    collapsed->whole = false;
    collapsed_world(collapsed);
    bool ends = cut_short(worker, &worker->base);
    for (uint32_t i = 0; i < transition->change_count; i++)
        collapsed->vector[transition->changes[i].word] = transition->changes[i].before;
    collapsed->whole = false;
    return ends;
}

/* Whether there is no time for a further step. */
static bool must_stop(struct worker *worker)
{
    worker->cut |= stop_now(worker->stop);
    return worker->cut;
}

/* Enters what a step led to. True when that is a state of no earlier level. */
static bool arrive(struct worker *worker, struct ahead *ahead)
{
    bool fresh = false;
    struct visited_slot *slot = slot_of(worker, ahead, &fresh);
    if (fresh) {
        slot->reference = worker->number << WORKER_SHIFT | keep(worker, ahead, ahead->hash);
        if (worker->alone)
            slot->number = ++worker->numbered;
    }
    ahead->edge.slot = (uint64_t)(slot - worker->visited->slots);
    ahead->edge.target = slot->number;
    vector_push(&worker->edges, ahead->edge);
    return fresh || !slot->number || slot->number > worker->closed;
}

/* Looks up where the pending steps lead. True when one of them leads on: see take_all(). */
static bool arrive_all(struct worker *worker, bool wanted)
{
    struct ahead *ahead = worker->ahead[!worker->half];
    bool open = false;
    for (uint32_t i = 0; i < worker->pending; i++)
        if (arrive(worker, &ahead[i]) && wanted && !open)
            open = !ends_there(worker, &ahead[i]);
    worker->pending = 0;
    return open;
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

/* Takes the moves. With `ret_open`, it says whether one of them leads on to a state of no earlier
 * level: what is left out now can be taken from there. Where the schedule ends it cannot. Without,
 * the last steps stay pending, while their places in the visited set come into the cache. */
static void take_all(struct worker *worker, const move *moves, uint32_t count, bool *ret_open)
{
    bool open = false;
    if (ret_open)
        arrive_all(worker, false);
    for (uint32_t first = 0, some; first < count && !must_stop(worker); first += some) {
        struct ahead *ahead = worker->ahead[worker->half];
        for (some = 0; some < count - first && some < AHEAD && (some == 0 || !must_stop(worker));
             some++)
            step(worker, moves[first + some], worker->weights[first + some], &ahead[some]);
        open |= arrive_all(worker, ret_open != NULL);
        worker->half = !worker->half;
        worker->pending = some;
        worker->edge_count += some;
    }
    if (ret_open)
        *ret_open = arrive_all(worker, true) || open;
    else if (worker->collapses && worker->collapsed.fleeting.count)
        arrive_all(worker, false); /* what they do is forgotten with the state */
}

void worker_finish(struct worker *worker)
{
    arrive_all(worker, false);
}

uint32_t worker_count_moves(struct worker *worker, const struct packed *packed)
{
    load(worker, packed);
    if (worker->collapses)
        collapsed_world(&worker->collapsed);
    if (cut_short(worker, &worker->base))
        return 0;
    space_moves(&worker->space, &worker->base);
    return (uint32_t)worker->space.moves.count;
}

void worker_judge(struct worker *worker, const struct packed *packed, struct raw_item *ret_raw)
{
    load(worker, packed);
    if (worker->collapses)
        judge_collapsed(worker, &ret_raw->outcome);
    else
        judge(worker, &worker->base, &ret_raw->outcome);
    ret_raw->worker = worker->number;
    ret_raw->edge_count = 0;
    ret_raw->first_edge = worker->edge_count;
    ret_raw->first_kind = worker->found.count;
    ret_raw->kind_count = (uint32_t)worker->kinds.count;
    vector_each (uint16_t, kind, &worker->kinds)
        vector_push(&worker->found, *kind);
}

void worker_expand(struct worker *worker, const struct packed *packed, struct raw_item *ret_raw)
{
    if (must_stop(worker)) {
        *ret_raw = (struct raw_item){.worker = worker->number, .outcome = UINT32_MAX};
        return;
    }
    worker_judge(worker, packed, ret_raw);
    uint32_t count = (uint32_t)worker->space.moves.count, chosen = count;
    vector_reserve(&worker->order, count + 1);
    if (worker->weight_room < count + 1) {
        worker->weight_room = 2 * count + 1;
        worker->weights = xrealloc(worker->weights, worker->weight_room * sizeof *worker->weights);
    }
    move *moves = worker->order.items;
    if (count)
        memcpy(moves, worker->space.moves.items, count * sizeof(move));
    if (worker->prune && count > 1 && worker->collapses)
        collapsed_world(&worker->collapsed);
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
    ret_raw->edge_count = (uint32_t)(worker->edge_count - ret_raw->first_edge);
}
