/*
 * Laws of worlds, on random walks: packing and copying keep everything; a step writes its own
 * thread's region and its thing alone; steps that have nothing in common give the same bytes in
 * either order; enabled agrees with what can be done; what a step does depends on the words that it
 * is said to touch alone. The programs: philosophers put together by hand, and random scenarios.
 */
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "assembled.h"
#include "base/hash.h"
#include "base/text.h"
#include "generate.h"
#include "load.h"
#include "model/step.h"
#include "naive.h"

enum { STEPS = 60, ROOM = 1 << 16 };

struct walk {
    struct model *model;
    const struct program *program;
    struct world *at, *one, *two, *spare;
    struct effect effect;
    uint64_t random;
    uint64_t pairs;   /* of steps that were tried in both orders */
    uint64_t touched; /* steps that were tried with nothing but the words they touch */
};

struct move {
    uint32_t thread;
    struct choice choice;
};

/* All that can be done, at most `room`. */
static unsigned find_moves(struct walk *walk, const struct world *world, struct move *moves,
                           unsigned room)
{
    unsigned count = 0;
    uint32_t end = world_thread_end(walk->model, world);
    for (uint32_t i = 0; i < end && count + 4 < room; i++) {
        unsigned enabled = model_enabled(walk->model, world, i);
        if (enabled & ENABLED_STEP)
            moves[count++] = (struct move){i, {CHOICE_STEP, 0}};
        if (enabled & ENABLED_TIMEOUT)
            moves[count++] = (struct move){i, {CHOICE_TIMEOUT, 0}};
        if (enabled & ENABLED_VALUE) {
            struct operation operation;
            model_next(walk->model, world, i, &operation);
            moves[count++] = (struct move){i, {CHOICE_VALUE, operation.value}};
            moves[count++] = (struct move){i, {CHOICE_VALUE, operation.value2}};
        }
    }
    return count;
}

static void check_same(struct walk *walk, const struct world *a, const struct world *b)
{
    ck_assert_int_eq(world_compare(walk->model, a, b), 0);
    ck_assert_int_eq(memcmp(a->words, b->words, walk->program->world_size), 0);
    ck_assert_uint_eq(world_hash(walk->model, a), world_hash(walk->model, b));
}

/* Packed and unpacked into a world that is dirty from another state. */
static void check_packing(struct walk *walk)
{
    static unsigned char bytes[ROOM];
    size_t size = world_pack(walk->model, walk->at, bytes, sizeof bytes);
    ck_assert_uint_le(size, sizeof bytes);
    ck_assert_uint_eq(size, world_pack(walk->model, walk->at, NULL, 0));
    world_unpack(walk->model, walk->spare, bytes, size);
    check_same(walk, walk->at, walk->spare);
}

struct stretch {
    uint32_t first, end; /* bytes */
};

static struct stretch thing_stretch(const struct program *program, uint32_t thing, uint32_t width)
{
    if (thing < program->cell_count)
        return (struct stretch){8 * thing, 8 * (thing + width)};
    const struct object *object = &program->objects[thing - program->cell_count];
    return (struct stretch){object->offset, object->offset + object->size};
}

static struct stretch region_stretch(struct walk *walk, uint32_t thread)
{
    const struct program *program = walk->program;
    uint32_t first =
        (uint32_t)((char *)world_thread(walk->model, walk->at, thread) - (char *)walk->at);
    uint32_t size =
        thread < program->thread_count ? program->threads[thread].size : program->dynamic_size;
    return (struct stretch){first, first + size};
}

/* Regions of threads that were not yet born are written by the one that makes them. */
static bool newborn(struct walk *walk, uint32_t byte)
{
    uint32_t end = walk->program->thread_limit;
    for (uint32_t i = walk->program->thread_count; i < end; i++) {
        struct stretch region = region_stretch(walk, i);
        if (byte >= region.first && byte < region.end)
            return world_thread_const(walk->model, walk->at, i)->status == THREAD_UNBORN;
    }
    return false;
}

/* `one` came from `at` by the operation: what differs lies where it may. */
static void check_footprint(struct walk *walk, uint32_t thread, const struct operation *operation)
{
    const struct program *program = walk->program;
    struct stretch allowed[4];
    unsigned count = 0;
    if (operation->op == OP_ATOMIC_BEGIN)
        return;
    allowed[count++] = region_stretch(walk, thread);
    if (operation->thing < program_register_thing(program)) {
        uint32_t guard = program_guard_thing(program, operation->thing);
        allowed[count++] =
            thing_stretch(program, operation->thing, operation->width ? operation->width : 1);
        allowed[count++] = thing_stretch(program, guard, 1);
    }
    if (operation->op == OP_START)
        allowed[count++] = region_stretch(walk, operation->thread);
    const char *before = (const char *)walk->at, *after = (const char *)walk->one;
    for (uint32_t byte = 0; byte < program->world_size; byte++) {
        bool fine = before[byte] == after[byte];
        for (unsigned i = 0; i < count && !fine; i++)
            fine = byte >= allowed[i].first && byte < allowed[i].end;
        if (!fine && !newborn(walk, byte))
            ck_abort_msg("%s of thread %u wrote byte %u", opcode_names[operation->op], thread,
                         byte);
    }
}

static void perform(struct walk *walk, struct world *world, struct move move)
{
    model_perform(walk->model, world, move.thread, move.choice, &walk->effect);
}

/* Two threads' steps on different things. A step on the register, or an atomic block, has something
 * in common with anything. */
static bool independent(struct walk *walk, struct move a, struct move b)
{
    struct operation x, y;
    model_next(walk->model, walk->at, a.thread, &x);
    model_next(walk->model, walk->at, b.thread, &y);
    uint32_t threads = program_register_thing(walk->program);
    if (a.thread == b.thread || x.op == OP_ATOMIC_BEGIN || y.op == OP_ATOMIC_BEGIN ||
        x.thing == threads || y.thing == threads)
        return false;
    if (x.thing == UINT32_MAX || y.thing == UINT32_MAX)
        return true;
    uint32_t guard_x = program_guard_thing(walk->program, x.thing),
             guard_y = program_guard_thing(walk->program, y.thing);
    if (x.thing < walk->program->cell_count && y.thing < walk->program->cell_count)
        return x.thing + x.width <= y.thing || y.thing + y.width <= x.thing;
    return guard_x != guard_y;
}

static void check_orders(struct walk *walk, struct move a, struct move b)
{
    if (!independent(walk, a, b))
        return;
    world_copy(walk->model, walk->one, walk->at);
    perform(walk, walk->one, a);
    perform(walk, walk->one, b);
    world_copy(walk->model, walk->two, walk->at);
    perform(walk, walk->two, b);
    perform(walk, walk->two, a);
    check_same(walk, walk->one, walk->two);
    walk->pairs++;
}

/* apply and advance are what perform is. */
static void check_halves(struct walk *walk, struct move move)
{
    world_copy(walk->model, walk->two, walk->at);
    model_apply(walk->model, walk->two, move.thread, move.choice, &walk->effect);
    model_advance(walk->model, walk->two, move.thread, &walk->effect);
    check_same(walk, walk->one, walk->two);
}

/* Threads are made, or local code may ask another one for its ident: then more is touched. */
static bool touches_more(const struct program *program)
{
    bool more = program->thread_limit > program->thread_count;
    for (uint32_t pc = 0; pc < program->code_length; pc++)
        more |= program->code[pc].op == OP_THREAD_FACT;
    return more;
}

static bool in_spans(const struct word_span *spans, uint32_t count, uint32_t word)
{
    for (uint32_t i = 0; i < count; i++)
        if (word >= spans[i].first && word - spans[i].first < spans[i].count)
            return true;
    return false;
}

/* `one` came from `at` by the move. In a world that has only the touched words from `at` and all
 * others from the first state, the same can be done and does the same. */
static void check_touches(struct walk *walk, struct move move)
{
    struct word_span spans[WORD_SPANS];
    uint32_t count =
        touches_more(walk->program) ? 0 : world_touches(walk->model, walk->at, move.thread, spans);
    if (!count)
        return;
    struct world *mixed = world_new(walk->model);
    uint32_t words = walk->program->world_size / 8;
    uint64_t hash = world_hash(walk->model, walk->at);
    for (uint32_t i = 0; i < words; i++)
        if (in_spans(spans, count, i))
            mixed->words[i] = walk->at->words[i];
    ck_assert_uint_eq(model_enabled(walk->model, mixed, move.thread),
                      model_enabled(walk->model, walk->at, move.thread));
    perform(walk, mixed, move);
    for (uint32_t i = 0; i < words; i++) {
        int64_t before = walk->at->words[i], after = walk->one->words[i];
        ck_assert_int_eq(after, in_spans(spans, count, i) ? mixed->words[i] : before);
        hash += world_word_hash(i, after) - world_word_hash(i, before);
    }
    ck_assert_uint_eq(hash, world_hash(walk->model, walk->one));
    world_free(mixed, walk->model);
    walk->touched++;
}

static bool check_step(struct walk *walk)
{
    struct move moves[64];
    check_packing(walk);
    unsigned count = find_moves(walk, walk->at, moves, 64);
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < i; j++)
            check_orders(walk, moves[i], moves[j]);
    if (!count)
        return false;
    struct move move = moves[random_below(&walk->random, count)];
    struct operation operation;
    model_next(walk->model, walk->at, move.thread, &operation);
    world_copy(walk->model, walk->one, walk->at);
    check_same(walk, walk->one, walk->at);
    perform(walk, walk->one, move);
    check_footprint(walk, move.thread, &operation);
    check_touches(walk, move);
    check_halves(walk, move);
    world_copy(walk->model, walk->at, walk->one);
    return true;
}

static uint64_t check_program(const struct program *program, uint64_t seed, uint64_t *touched)
{
    struct walk walk = {.program = program, .model = model_new(program), .random = seed};
    walk.at = world_new(walk.model);
    walk.one = world_new(walk.model);
    walk.two = world_new(walk.model);
    walk.spare = world_new(walk.model);
    for (unsigned step = 0; step < STEPS && check_step(&walk); step++)
        continue;
    world_free(walk.at, walk.model);
    world_free(walk.one, walk.model);
    world_free(walk.two, walk.model);
    world_free(walk.spare, walk.model);
    effect_fini(&walk.effect);
    model_free(walk.model);
    *touched += walk.touched;
    return walk.pairs;
}

START_TEST(philosophers)
{
    struct program *program = assembled_philosophers(5, 2);
    uint64_t pairs = 0, touched = 0;
    for (uint64_t seed = 1; seed <= 20; seed++)
        pairs += check_program(program, seed, &touched);
    ck_assert_uint_gt(pairs, 1000);
    ck_assert_uint_gt(touched, 200);
    program_free(program);
}
END_TEST

START_TEST(random_scenarios)
{
    uint64_t pairs = 0, touched = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct text source = {0};
        generate_scenario(seed, NULL, &source);
        struct program *program = load_text(text_bytes(&source));
        ck_assert_msg(program != NULL, "seed %llu does not compile", (unsigned long long)seed);
        for (uint64_t turn = 0; turn < 4; turn++)
            pairs += check_program(program, 1000 * seed + turn, &touched);
        program_free(program);
        text_fini(&source);
    }
    ck_assert_uint_gt(pairs, 1000);
    ck_assert_uint_gt(touched, 5000);
}
END_TEST

/* Five philosophers as the compiler makes them, every state of a search. */
START_TEST(states_are_small)
{
    const char *folder = getenv("THRUM_SCENARIOS");
    ck_assert_ptr_nonnull(folder);
    struct text path = {0};
    text_printf(&path, "%s/deadlock/dining-philosophers-ordered.thrum", folder);
    struct program *program = load_file(text_bytes(&path));
    ck_assert_ptr_nonnull(program);
    struct model *model = model_new(program);
    struct naive naive = {0};
    naive_explore(model, &(struct naive_options){.max_states = 20000, .no_stuck = true}, &naive);
    ck_assert_uint_gt(naive.states.count, 20000);
    for (size_t i = 0; i < naive.states.count; i++)
        ck_assert_uint_lt(naive.states.items[i].size, 300);
    naive_fini(&naive);
    model_free(model);
    program_free(program);
    text_fini(&path);
}
END_TEST

static Suite *worlds_suite(void)
{
    Suite *suite = suite_create("worlds");
    TCase *cases = tcase_create("worlds");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, philosophers);
    tcase_add_test(cases, random_scenarios);
    tcase_add_test(cases, states_are_small);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(worlds_suite)
