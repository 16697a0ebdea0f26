#include "explore/space.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "model/gil.h"

enum { FLAT_BYTES = 1536 }; /* worlds up to this size are kept as they are, larger ones packed */
enum {
    COLUMNED_BYTES = 1 << 16, /* larger worlds are packed word by word */
    FEW_THREADS = 64,         /* with more, most of which wait, counting moves is worth it */
};
enum { QUIET_TURNS = 16 }; /* backward jumps taken over quiet operations within one step */

/* ---- the shape ---- */

bool space_ends_matter(const struct program *program)
{
    if (program->invariant_count)
        return true;
    for (uint32_t i = 0; i < program->thread_count; i++)
        if (program->threads[i].daemon || program->threads[i].made_only)
            return true;
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        const struct instruction *in = &program->code[pc];
        if (in->op == OP_IS_ALIVE || in->op == OP_ACTIVE_COUNT || in->op == OP_NEW_THREAD)
            return true;
        if (in->op == OP_JOIN && in->c != NO_SLOT)
            return true;
    }
    return false;
}

/* A thread can step or time out; randint has as many moves as values. */
static uint32_t moves_most(const struct program *program)
{
    for (uint32_t pc = 0; pc < program->code_length; pc++)
        if (program->code[pc].op == OP_RANDINT)
            return 0;
    return program->thread_limit <= FEW_THREADS ? 2 * program->thread_limit : 0;
}

static uint8_t place(const struct space_shape *shape, enum opcode op)
{
    unsigned facts = 0;
    if (operation_quiet(op) || (op == OP_END && shape->fuse_end))
        facts |= PLACE_FUSED;
    if (op == OP_LOAD || op == OP_STORE || op == OP_ATOMIC_BEGIN)
        facts |= PLACE_ACCESS;
    if (!operation_waits(op) && op != OP_RANDINT)
        facts |= PLACE_FREE;
    return (uint8_t)facts;
}

void space_shape_init(struct space_shape *shape, const struct program *program, struct model *model,
                      bool ordered)
{
    memset(shape, 0, sizeof *shape);
    shape->program = program;
    shape->model = model;
    shape->stuck = stuck_new(program);
    shape->fuse_end = !space_ends_matter(program);
    shape->ordered = ordered;
    shape->regions = world_regions(model);
    shape->places = xcalloc(program->code_length + 1, sizeof *shape->places);
    for (uint32_t pc = 0; pc < program->code_length; pc++)
        shape->places[pc] = place(shape, (enum opcode)program->code[pc].op);
    shape->flat =
        program->world_size <= FLAT_BYTES && program->thread_limit == program->thread_count;
    shape->gil = program->options.gil > 0;
    shape->clock_count = (ordered ? program->thread_limit : 0) + shape->gil;
    shape->moves_most = moves_most(program);
    bool makes_none = program->thread_limit == program->thread_count;
    shape->columned = makes_none && !shape->clock_count && program->world_size <= COLUMNED_BYTES;
}

void space_shape_fini(struct space_shape *shape)
{
    stuck_free(shape->stuck);
    free(shape->places);
}

/* ---- states ---- */

struct state state_new(const struct space_shape *shape)
{
    struct state state = {.world = world_new(shape->model)};
    if (shape->clock_count) {
        state.clocks = xmalloc(shape->clock_count * sizeof *state.clocks);
        for (uint32_t i = 0; i < shape->clock_count; i++)
            state.clocks[i] = -1;
    }
    return state;
}

void state_free(struct state *state, const struct space_shape *shape)
{
    world_free(state->world, shape->model);
    free(state->clocks);
    *state = (struct state){0};
}

void state_copy(const struct space_shape *shape, struct state *to, const struct state *from)
{
    world_copy(shape->model, to->world, from->world);
    if (shape->clock_count)
        memcpy(to->clocks, from->clocks, shape->clock_count * sizeof *to->clocks);
}

uint64_t state_hash(const struct space_shape *shape, const struct state *state)
{
    uint64_t hash = world_hash(shape->model, state->world);
    if (shape->clock_count)
        hash = hash_bytes(hash, state->clocks, shape->clock_count * sizeof *state->clocks);
    return hash;
}

size_t state_pack(const struct space_shape *shape, const struct state *state, void *out,
                  size_t room)
{
    size_t clocks = shape->clock_count * sizeof(int64_t);
    if (shape->flat) {
        size_t size = shape->program->world_size;
        if (room < clocks + size)
            return clocks + size;
        memcpy(out, state->world->words, size);
        if (clocks)
            memcpy((char *)out + size, state->clocks, clocks);
        return clocks + size;
    }
    if (room < clocks)
        return world_pack(shape->model, state->world, NULL, 0) + clocks;
    if (clocks)
        memcpy(out, state->clocks, clocks);
    return clocks + world_pack(shape->model, state->world, (char *)out + clocks, room - clocks);
}

void state_unpack(const struct space_shape *shape, struct state *state, const void *bytes,
                  size_t size)
{
    size_t clocks = shape->clock_count * sizeof(int64_t);
    if (shape->flat) {
        memcpy(state->world->words, bytes, shape->program->world_size);
        if (clocks)
            memcpy(state->clocks, (const char *)bytes + shape->program->world_size, clocks);
        return;
    }
    if (clocks)
        memcpy(state->clocks, bytes, clocks);
    world_unpack(shape->model, state->world, (const char *)bytes + clocks, size - clocks);
}

/* ---- scratch ---- */

void space_init(struct space *space, struct space_shape *shape)
{
    memset(space, 0, sizeof *space);
    space->shape = shape;
    space->probe = world_new(shape->model);
}

void space_fini(struct space *space)
{
    effect_fini(&space->effect);
    vector_fini(&space->moves);
    vector_fini(&space->deaths);
    world_free(space->probe, space->shape->model);
}

/* ---- steps ---- */

static inline const struct thread_head *head_of(const struct space *space,
                                                const struct state *state, uint32_t thread)
{
    return (const struct thread_head *)((const char *)state->world + space->shape->regions[thread]);
}

static inline uint8_t place_of(const struct space *space, const struct thread_head *head)
{
    return space->shape->places[head->pc];
}

static inline enum opcode op_of(const struct space *space, const struct thread_head *head)
{
    return (enum opcode)space->shape->program->code[head->pc].op;
}

static void perform(struct space *space, struct state *state, uint32_t thread, struct choice choice,
                    struct stepped *stepped)
{
    if (space->record) {
        struct micro_step micro = {thread, choice, 0};
        micro.op = (uint8_t)op_of(space, head_of(space, state, thread));
        vector_push(space->record, micro);
    }
    if (space->shape->ordered && state->clocks[thread] >= 0)
        model_wait_left(space->shape->model, state->world, thread, state->clocks[thread]);
    model_perform(space->shape->model, state->world, thread, choice, &space->effect);
    const struct effect *effect = &space->effect;
    if ((effect->thread_ended && effect->died_of) || effect->too_long) {
        struct death death = {thread, effect->died_of, effect->message, effect->raised_at};
        vector_push(&space->deaths, death);
        stepped->deaths = space->deaths.items;
        stepped->death_count = (uint32_t)space->deaths.count;
    }
}

static void forget_deaths(struct space *space, struct stepped *stepped)
{
    space->deaths.count = 0;
    stepped->deaths = NULL;
    stepped->death_count = 0;
}

static bool takes_time(enum opcode op)
{
    return op == OP_SLEEP || op == OP_IO || op == OP_COMPUTE;
}

static bool timed_quiet(struct space *space, const struct state *state, uint32_t thread,
                        int64_t *ret_duration)
{
    struct operation next;
    model_next(space->shape->model, state->world, thread, &next);
    if (!takes_time((enum opcode)next.op))
        return false;
    *ret_duration = next.value;
    return true;
}

/* Performs the quiet operations that a thread rests before, and its end. With a clock, a sleep ends
 * it. */
static void run_quiet(struct space *space, struct state *state, uint32_t thread,
                      struct stepped *stepped, bool *ret_slept)
{
    unsigned turns = 0;
    uint16_t last = 0;
    for (;;) {
        const struct thread_head *head = head_of(space, state, thread);
        if (head->status != THREAD_ALIVE)
            return;
        enum opcode op = op_of(space, head);
        if (!(place_of(space, head) & PLACE_FUSED))
            return;
        if (space->shape->ordered && takes_time(op)) {
            int64_t duration = 0;
            if (state->clocks[thread] < 0 && timed_quiet(space, state, thread, &duration))
                state->clocks[thread] = duration > 0 ? duration : 0;
            if (state->clocks[thread] > 0)
                return;
            state->clocks[thread] = -1;
        }
        if (head->pc <= last && ++turns > QUIET_TURNS)
            return;
        last = head->pc;
        if (op == OP_SLEEP || op == OP_IO)
            *ret_slept = true;
        perform(space, state, thread, (struct choice){CHOICE_STEP, 0}, stepped);
    }
}

/* ---- the virtual clock ---- */

/* After a step of `thread`: its wait has begun, or is over. */
static void set_clock(struct space *space, struct state *state, uint32_t thread)
{
    const struct thread_head *head = head_of(space, state, thread);
    if (head->status != THREAD_ALIVE) {
        state->clocks[thread] = -1;
        return;
    }
    if (takes_time(op_of(space, head)))
        return;
    struct operation next;
    model_next(space->shape->model, state->world, thread, &next);
    if (next.phase != PHASE_WAITING) { /* who has arrived at a barrier waits, too */
        state->clocks[thread] = -1;
        return;
    }
    if (state->clocks[thread] < 0 && next.timed)
        state->clocks[thread] = next.timeout > 0 ? next.timeout : 0;
}

/* With a GIL: its holder, while that is at no check point; else -1. */
static int64_t *must_go_on(const struct space_shape *shape, const struct state *state)
{
    return &state->clocks[shape->clock_count - 1];
}

/* A wait_for that was woken and whose condition is still false: it waits again if time is left. */
static unsigned goes_on_waiting(const struct space *space, const struct state *state,
                                uint32_t thread)
{
    struct operation next;
    model_next(space->shape->model, state->world, thread, &next);
    return next.timeout > 0 ? ENABLED_STEP : ENABLED_TIMEOUT;
}

unsigned space_enabled(const struct space *space, const struct state *state, uint32_t thread)
{
    const struct thread_head *head = head_of(space, state, thread);
    if (head->status != THREAD_ALIVE)
        return ENABLED_NO;
    unsigned enabled = place_of(space, head) & PLACE_FREE
                           ? ENABLED_STEP
                           : model_enabled(space->shape->model, state->world, thread);
    if (enabled && space->shape->gil) {
        int64_t holder = *must_go_on(space->shape, state);
        if (holder >= 0 && holder != thread)
            return 0;
    }
    if (!enabled || !space->shape->ordered)
        return enabled;
    if (takes_time(op_of(space, head_of(space, state, thread))) && state->clocks[thread] > 0)
        return 0;
    if (state->clocks[thread] > 0)
        enabled &= ~(unsigned)ENABLED_TIMEOUT;
    if ((enabled & ENABLED_STEP) && (enabled & ENABLED_TIMEOUT) && state->clocks[thread] < 0)
        enabled = goes_on_waiting(space, state, thread);
    return enabled;
}

bool space_can_step(const struct space *space, const struct state *state, uint32_t thread)
{
    return (space_enabled(space, state, thread) & (ENABLED_STEP | ENABLED_VALUE)) != 0;
}

/* While nobody can step, the clock moves on to the next deadline; who slept until then goes on. */
static void settle(struct space *space, struct state *state, struct stepped *stepped)
{
    const struct model *model = space->shape->model;
    while (!model_finished(model, state->world)) {
        uint32_t end = world_thread_end(model, state->world);
        int64_t next = INT64_MAX;
        for (uint32_t i = 0; i < end; i++) {
            if (space_enabled(space, state, i))
                return;
            if (state->clocks[i] > 0 && state->clocks[i] < next)
                next = state->clocks[i];
        }
        if (next == INT64_MAX)
            return;
        for (uint32_t i = 0; i < end; i++)
            if (state->clocks[i] > 0)
                state->clocks[i] -= next;
        for (uint32_t i = 0; i < end; i++) {
            const struct thread_head *head = head_of(space, state, i);
            bool slept = false;
            if (state->clocks[i] == 0 && head->status == THREAD_ALIVE &&
                takes_time(op_of(space, head))) {
                run_quiet(space, state, i, stepped, &slept);
                set_clock(space, state, i);
            }
        }
    }
}

/* After a step of `thread`: whether it keeps the GIL until it comes to a check point. */
static void set_holder(struct space *space, struct state *state, uint32_t thread)
{
    int64_t *holder = must_go_on(space->shape, state);
    *holder = -1;
    bool goes_on = space_enabled(space, state, thread) & (ENABLED_STEP | ENABLED_VALUE);
    if (goes_on && !space->effect.check_point && !gil_call((enum opcode)space->effect.op))
        *holder = thread;
}

/* ---- moves ---- */

void space_start(struct space *space, struct state *state, struct stepped *ret_stepped)
{
    forget_deaths(space, ret_stepped);
    ret_stepped->left_free = true;
    bool slept = false;
    uint32_t end = world_thread_end(space->shape->model, state->world);
    for (uint32_t i = 0; i < end; i++)
        run_quiet(space, state, i, ret_stepped, &slept);
    if (space->shape->ordered)
        settle(space, state, ret_stepped);
}

static void push_values(struct space *space, const struct state *state, uint32_t thread)
{
    struct operation next;
    model_next(space->shape->model, state->world, thread, &next);
    uint64_t count = (uint64_t)next.value2 - (uint64_t)next.value;
    if (count >= MOVE_MAX_VALUES) {
        space->shape->huge_ranges = true;
        count = MOVE_MAX_VALUES - 1;
    }
    for (uint64_t k = 0; k <= count; k++)
        vector_push(&space->moves, MOVE(thread, MOVE_VALUE + k));
}

void space_push_moves(struct space *space, const struct state *state, uint32_t thread,
                      unsigned enabled)
{
    if (enabled & ENABLED_STEP)
        vector_push(&space->moves, MOVE(thread, MOVE_STEP));
    if (enabled & ENABLED_TIMEOUT)
        vector_push(&space->moves, MOVE(thread, MOVE_TIMEOUT));
    if (enabled & ENABLED_VALUE)
        push_values(space, state, thread);
}

void space_moves(struct space *space, const struct state *state)
{
    space->moves.count = 0;
    space->waiting = false;
    uint32_t end = world_thread_end(space->shape->model, state->world);
    for (uint32_t i = 0; i < end; i++) {
        unsigned enabled = space_enabled(space, state, i);
        space->waiting |= !enabled && head_of(space, state, i)->status == THREAD_ALIVE;
        space_push_moves(space, state, i, enabled);
    }
}

struct choice space_choice(struct space *space, const struct state *state, move code)
{
    uint32_t way = MOVE_WAY(code);
    if (way == MOVE_STEP)
        return (struct choice){CHOICE_STEP, 0};
    if (way == MOVE_TIMEOUT)
        return (struct choice){CHOICE_TIMEOUT, 0};
    struct operation next;
    model_next(space->shape->model, state->world, MOVE_THREAD(code), &next);
    return (struct choice){CHOICE_VALUE, next.value + (int64_t)(way - MOVE_VALUE)};
}

void space_step(struct space *space, struct state *state, move code, struct stepped *ret_stepped)
{
    uint32_t thread = MOVE_THREAD(code);
    forget_deaths(space, ret_stepped);
    enum opcode op = op_of(space, head_of(space, state, thread));
    struct choice choice = {CHOICE_STEP, 0};
    if (MOVE_WAY(code) != MOVE_STEP)
        choice = space_choice(space, state, code);
    perform(space, state, thread, choice, ret_stepped);
    if (space->shape->ordered && head_of(space, state, thread)->phase != PHASE_WAITING)
        state->clocks[thread] = -1; /* the wait is over; what comes next takes its own time */
    uint32_t started = op == OP_START ? space->effect.thread : UINT32_MAX;
    bool slept = false, other_slept = false;
    run_quiet(space, state, thread, ret_stepped, &slept);
    if (space->shape->gil)
        set_holder(space, state, thread);
    if (started != UINT32_MAX)
        run_quiet(space, state, started, ret_stepped, &other_slept);
    if (space->shape->ordered) {
        set_clock(space, state, thread);
        settle(space, state, ret_stepped);
    }
    const struct thread_head *head = head_of(space, state, thread);
    ret_stepped->left_free =
        slept || (head->status == THREAD_ALIVE && op_of(space, head) == OP_YIELD);
}

/* ---- races ---- */

bool space_access(const struct space *space, const struct state *state, uint32_t thread,
                  struct access *ret_access)
{
    const struct thread_head *head = head_of(space, state, thread);
    if (head->status != THREAD_ALIVE || !(place_of(space, head) & PLACE_ACCESS))
        return false;
    enum opcode op = op_of(space, head);
    *ret_access = (struct access){.thread = thread, .writes = op != OP_LOAD};
    if (op == OP_ATOMIC_BEGIN) {
        ret_access->atomic = true;
        return true;
    }
    struct operation next;
    model_next(space->shape->model, state->world, thread, &next);
    ret_access->first = next.thing;
    ret_access->count = next.width;
    return next.thing < space->shape->program->cell_count;
}

/* Whether an atomic block, done now, would conflict with a plain access: tried on a copy. */
static bool atomic_conflict(struct space *space, const struct state *state,
                            const struct access *block, const struct access *plain,
                            uint32_t *ret_cell)
{
    struct model *model = space->shape->model;
    world_copy(model, space->probe, state->world);
    model_perform(model, space->probe, block->thread, (struct choice){CHOICE_STEP, 0},
                  &space->effect);
    for (uint32_t i = 0; i < space->effect.touch_count; i++) {
        const struct touch *touch = &space->effect.touches[i];
        if (touch->thing < plain->first || touch->thing - plain->first >= plain->count)
            continue;
        if ((touch->op == OP_STORE || plain->writes) &&
            (touch->op == OP_LOAD || touch->op == OP_STORE)) {
            *ret_cell = touch->thing;
            return true;
        }
    }
    return false;
}

static bool conflict(struct space *space, const struct state *state, const struct access *a,
                     const struct access *b, uint32_t *ret_cell)
{
    if (a->atomic && b->atomic)
        return false;
    if (a->atomic)
        return atomic_conflict(space, state, a, b, ret_cell);
    if (b->atomic)
        return atomic_conflict(space, state, b, a, ret_cell);
    if (!a->writes && !b->writes)
        return false;
    uint32_t first = a->first > b->first ? a->first : b->first;
    *ret_cell = first;
    return first < a->first + a->count && first < b->first + b->count;
}

void space_conflicts(struct space *space, const struct state *state, const struct access *all,
                     uint32_t count,
                     void (*found)(void *context, uint32_t cell, uint32_t thread, uint32_t other),
                     void *context)
{
    bool writes = false, plain = false;
    for (uint32_t i = 0; i < count; i++) {
        writes |= all[i].writes;
        plain |= !all[i].atomic;
    }
    if (count < 2 || !writes || !plain)
        return;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = i + 1; j < count; j++) {
            uint32_t cell = 0;
            if (conflict(space, state, &all[i], &all[j], &cell))
                found(context, cell, all[i].thread, all[j].thread);
        }
}

void space_races(struct space *space, const struct state *state,
                 void (*found)(void *context, uint32_t cell, uint32_t thread, uint32_t other),
                 void *context)
{
    if (space->shape->gil && *must_go_on(space->shape, state) >= 0)
        return; /* one of the two could not go now */
    uint32_t end = world_thread_end(space->shape->model, state->world), count = 0;
    struct access few[64], *all = few;
    if (end > 64)
        all = xmalloc(end * sizeof *all);
    for (uint32_t i = 0; i < end; i++)
        count += space_access(space, state, i, &all[count]);
    space_conflicts(space, state, all, count, found, context);
    if (all != few)
        free(all);
}
