#include "assembled.h"
#include "base/die.h"

#include <stdlib.h>

enum { S = NO_SLOT, LEFT = 0, RIGHT, TURN, MEALS, COUNT, TEMPORARY, SLOTS };

#define AT(line) POSITION(line, 5)

static struct instruction *code(struct arena *arena, unsigned count, uint32_t *ret_length)
{
    const int32_t size = (int32_t)count;
    const struct instruction all[] = {
        {OP_END, 0, S, S, S, 0, AT(1)},                     /* 0: MainThread */
        {OP_CONST, 0, TURN, S, S, 0, AT(5)},                /* 1: turn = 0 */
        {OP_CONST, 0, MEALS, S, S, 2, AT(5)},               /* 2 */
        {OP_LT, 0, TEMPORARY, TURN, MEALS, 0, AT(5)},       /* 3: while turn < meals */
        {OP_JUMP_UNLESS, 0, TEMPORARY, S, S, 24, AT(5)},    /* 4 */
        {OP_PARAM, 0, LEFT, S, S, 0, AT(6)},                /* 5 */
        {OP_BOUNDS, 1, LEFT, LEFT, S, size, AT(6)},         /* 6 */
        {OP_ACQUIRE, 0, S, LEFT, S, 0, AT(6)},              /* 7: with forks[i] */
        {OP_PARAM, 0, RIGHT, S, S, 0, AT(7)},               /* 8 */
        {OP_CONST, 0, TEMPORARY, S, S, 1, AT(7)},           /* 9 */
        {OP_ADD, 0, RIGHT, RIGHT, TEMPORARY, 0, AT(7)},     /* 10 */
        {OP_CONST, 0, COUNT, S, S, 3, AT(7)},               /* 11 */
        {OP_MOD, 0, RIGHT, RIGHT, COUNT, 0, AT(7)},         /* 12 */
        {OP_BOUNDS, 1, RIGHT, RIGHT, S, size, AT(7)},       /* 13 */
        {OP_ACQUIRE, 0, S, RIGHT, S, 0, AT(7)},             /* 14: with forks[(i + 1) % n] */
        {OP_LOAD, 1, TEMPORARY, LEFT, S, 0, AT(8)},         /* 15 */
        {OP_CONST, 0, COUNT, S, S, 1, AT(8)},               /* 16 */
        {OP_ADD, 0, TEMPORARY, TEMPORARY, COUNT, 0, AT(8)}, /* 17 */
        {OP_STORE, 1, TEMPORARY, LEFT, S, 0, AT(8)},        /* 18: meals[i] += 1 */
        {OP_RELEASE, 0, S, RIGHT, S, 0, AT(7)},             /* 19 */
        {OP_RELEASE, 0, S, LEFT, S, 0, AT(6)},              /* 20 */
        {OP_CONST, 0, TEMPORARY, S, S, 1, AT(5)},           /* 21 */
        {OP_ADD, 0, TURN, TURN, TEMPORARY, 0, AT(5)},       /* 22 */
        {OP_JUMP, 0, S, S, S, 2, AT(5)},                    /* 23 */
        {OP_END, 0, S, S, S, 0, AT(9)},                     /* 24 */
    };
    *ret_length = sizeof all / sizeof all[0];
    struct instruction *copy = arena_array(arena, struct instruction, *ret_length);
    for (uint32_t i = 0; i < *ret_length; i++)
        copy[i] = all[i];
    return copy;
}

/* What is dead where a thread rests, by hand. */
static void clears(struct arena *arena, struct program *program)
{
    static const uint16_t slots[] = {RIGHT, MEALS, COUNT, TEMPORARY, MEALS, COUNT,    TEMPORARY,
                                     MEALS, COUNT, RIGHT, MEALS,     COUNT, TEMPORARY};
    struct clear_list *lists = arena_array(arena, struct clear_list, program->code_length);
    lists[7] = (struct clear_list){0, 4}; /* RIGHT, MEALS, COUNT, TEMPORARY */
    lists[14] = lists[15] = lists[19] = (struct clear_list){4, 3};
    lists[18] = (struct clear_list){7, 2};
    lists[20] = (struct clear_list){9, 4};
    program->clears = lists;
    program->clear_slots = slots;
}

struct program *assembled_philosophers(unsigned count, unsigned meals)
{
    struct arena arena = {0};
    struct program *program = xcalloc(1, sizeof *program);
    static const uint8_t kinds[] = {KIND_INTEGER}, optional[] = {0};
    int64_t *constants = arena_array(&arena, int64_t, 4);
    constants[1] = 1;
    constants[2] = meals;
    constants[3] = count;
    struct function *functions = arena_array(&arena, struct function, 2);
    struct variable *variable = arena_new(&arena, struct variable);
    *variable = (struct variable){.name = "meals",
                                  .length = count,
                                  .width = 1,
                                  .is_list = true,
                                  .kinds = kinds,
                                  .optional = optional};
    struct object *forks = arena_array(&arena, struct object, count);
    struct declared_thread *threads = arena_array(&arena, struct declared_thread, count + 1);
    threads[0] = (struct declared_thread){.name = "MainThread", .group = "MainThread"};
    for (unsigned i = 0; i < count; i++) {
        int64_t *parameter = arena_new(&arena, int64_t);
        *parameter = i;
        forks[i] = (struct object){.name = arena_printf(&arena, "forks[%u]", i),
                                   .type = OBJECT_LOCK,
                                   .lock = -1,
                                   .action = -1};
        threads[i + 1] = (struct declared_thread){.name = arena_printf(&arena, "philosopher-%u", i),
                                                  .group = "philosopher",
                                                  .group_index = i,
                                                  .function = 1,
                                                  .parameters = parameter,
                                                  .parameter_count = 1};
    }
    *program = (struct program){.path = "philosophers",
                                .source = "",
                                .title = "",
                                .explanation = "",
                                .constants = constants,
                                .constant_count = 4,
                                .functions = functions,
                                .function_count = 2,
                                .after_function = -1,
                                .variables = variable,
                                .variable_count = 1,
                                .cell_count = count,
                                .initial_cells = arena_array(&arena, int64_t, count),
                                .objects = forks,
                                .object_count = count,
                                .threads = threads,
                                .thread_count = count + 1,
                                .thread_limit = count + 1};
    program->code = code(&arena, count, &program->code_length);
    functions[0] = (struct function){.name = "MainThread", .entry = 0, .end = 1};
    functions[1] = (struct function){.name = "philosopher",
                                     .entry = 1,
                                     .end = (uint16_t)program->code_length,
                                     .frame_size = SLOTS};
    clears(&arena, program);
    program_layout(program);
    program->arena = arena;
    return program;
}
