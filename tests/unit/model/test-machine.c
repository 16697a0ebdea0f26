/* The machine on programs put together by hand: it needs no compiler. */
#include <string.h>

#include "../unit.h"
#include "base/die.h"
#include "base/text.h"
#include "model/objects.h"
#include "model/step.h"

enum { S = NO_SLOT };

/* Two threads: with lock: counter += 1, where the lock may be left out. */
static struct program *counting(bool with_lock)
{
    struct arena arena = {0};
    struct program *program = xcalloc(1, sizeof *program);
    static const int64_t constants[] = {1};
    static const struct instruction unlocked[] = {
        {OP_END, 0, S, S, S, 0, POSITION(1, 1)},   {OP_LOAD, 1, 0, S, S, 0, POSITION(2, 1)},
        {OP_CONST, 0, 1, S, S, 0, POSITION(2, 1)}, {OP_ADD, 0, 0, 0, 1, 0, POSITION(2, 1)},
        {OP_STORE, 1, 0, S, S, 0, POSITION(2, 1)}, {OP_END, 0, S, S, S, 0, POSITION(3, 1)},
    };
    static const struct instruction locked[] = {
        {OP_END, 0, S, S, S, 0, POSITION(1, 1)},     {OP_ACQUIRE, 0, S, S, S, 0, POSITION(2, 1)},
        {OP_LOAD, 1, 0, S, S, 0, POSITION(3, 1)},    {OP_CONST, 0, 1, S, S, 0, POSITION(3, 1)},
        {OP_ADD, 0, 0, 0, 1, 0, POSITION(3, 1)},     {OP_STORE, 1, 0, S, S, 0, POSITION(3, 1)},
        {OP_RELEASE, 0, S, S, S, 0, POSITION(2, 1)}, {OP_END, 0, S, S, S, 0, POSITION(4, 1)},
    };
    static const uint8_t kinds[] = {KIND_INTEGER}, optional[] = {0};
    static const int64_t zero[] = {0};
    uint32_t length = with_lock ? 8 : 6;
    struct function *functions = arena_array(&arena, struct function, 2);
    functions[0] = (struct function){.name = "MainThread", .entry = 0, .end = 1};
    functions[1] =
        (struct function){.name = "worker", .entry = 1, .end = (uint16_t)length, .frame_size = 2};
    struct variable *variable = arena_new(&arena, struct variable);
    *variable = (struct variable){
        .name = "counter", .length = 1, .width = 1, .kinds = kinds, .optional = optional};
    struct object *lock = arena_new(&arena, struct object);
    *lock = (struct object){.name = "guard", .type = OBJECT_LOCK, .lock = -1, .action = -1};
    struct declared_thread *threads = arena_array(&arena, struct declared_thread, 3);
    threads[0] = (struct declared_thread){.name = "MainThread", .group = "MainThread"};
    threads[1] = (struct declared_thread){.name = "A", .group = "A", .function = 1};
    threads[2] = (struct declared_thread){.name = "B", .group = "B", .function = 1};
    *program = (struct program){.path = "test",
                                .source = "",
                                .title = "",
                                .explanation = "",
                                .code = with_lock ? locked : unlocked,
                                .code_length = length,
                                .constants = constants,
                                .constant_count = 1,
                                .functions = functions,
                                .function_count = 2,
                                .after_function = -1,
                                .variables = variable,
                                .variable_count = 1,
                                .cell_count = 1,
                                .initial_cells = zero,
                                .objects = lock,
                                .object_count = 1,
                                .threads = threads,
                                .thread_count = 3,
                                .thread_limit = 3};
    ck_assert(program_layout(program));
    program->arena = arena;
    return program;
}

struct outcomes {
    struct model *model;
    unsigned finals; /* runs that finished */
    uint64_t values; /* a bit for each final value of the counter */
    struct effect effect;
};

static void every_schedule(struct outcomes *outcomes, const struct world *world)
{
    struct model *model = outcomes->model;
    bool stepped = false;
    struct world *next = world_new(model);
    for (uint32_t thread = 0; thread < 3; thread++) {
        if (!(model_enabled(model, world, thread) & ENABLED_STEP))
            continue;
        stepped = true;
        world_copy(model, next, world);
        model_perform(model, next, thread, (struct choice){CHOICE_STEP, 0}, &outcomes->effect);
        every_schedule(outcomes, next);
    }
    if (!stepped) {
        ck_assert(model_finished(model, world));
        outcomes->finals++;
        outcomes->values |= 1u << world->words[0];
    }
    world_free(next, model);
}

static struct outcomes explore(bool with_lock)
{
    struct program *program = counting(with_lock);
    struct outcomes outcomes = {.model = model_new(program)};
    struct world *world = world_new(outcomes.model);
    every_schedule(&outcomes, world);
    world_free(world, outcomes.model);
    effect_fini(&outcomes.effect);
    model_free(outcomes.model);
    program_free(program);
    return outcomes;
}

START_TEST(unguarded_counter_loses_updates)
{
    ck_assert_uint_eq(explore(false).values, 1u << 1 | 1u << 2);
}
END_TEST

START_TEST(guarded_counter_does_not)
{
    ck_assert_uint_eq(explore(true).values, 1u << 2);
}
END_TEST

START_TEST(packs_and_unpacks)
{
    struct program *program = counting(true);
    struct model *model = model_new(program);
    struct world *world = world_new(model), *other = world_new(model);
    struct effect effect = {0};
    model_perform(model, world, 1, (struct choice){CHOICE_STEP, 0}, &effect);
    ck_assert_uint_eq(effect.op, OP_ACQUIRE);
    ck_assert_int_eq(effect.value, 1);
    ck_assert_uint_eq(model_enabled(model, world, 2), ENABLED_NO);
    unsigned char bytes[256];
    size_t size = world_pack(model, world, bytes, sizeof bytes);
    ck_assert_uint_le(size, 100);
    ck_assert_int_ne(world_compare(model, world, other), 0);
    ck_assert_uint_ne(world_hash(model, world), world_hash(model, other));
    world_unpack(model, other, bytes, size);
    ck_assert_int_eq(world_compare(model, world, other), 0);
    ck_assert_uint_eq(world_hash(model, world), world_hash(model, other));
    struct text words = {0};
    model_why_not(model, world, 2, &words);
    ck_assert_str_eq(text_bytes(&words), "waits for guard");
    text_fini(&words);
    effect_fini(&effect);
    world_free(world, model);
    world_free(other, model);
    model_free(model);
    program_free(program);
}
END_TEST

static Suite *machine_suite(void)
{
    Suite *suite = suite_create("machine");
    TCase *cases = tcase_create("machine");
    tcase_add_test(cases, unguarded_counter_loses_updates);
    tcase_add_test(cases, guarded_counter_does_not);
    tcase_add_test(cases, packs_and_unpacks);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(machine_suite)
