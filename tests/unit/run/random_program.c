#include "random_program.h"
#include "base/die.h"

#include <stdlib.h>
#include <string.h>

enum { S = NO_SLOT, CELLS = 3, LOCKS = 2, SLOTS = 8 };
enum { OBJECT_LOCK_0, OBJECT_LOCK_1, OBJECT_PERMITS, OBJECT_FLAG, OBJECT_DEPTH, ALL_OBJECTS };

struct builder {
    struct arena arena;
    struct instruction *code;
    uint32_t length;
    uint64_t random;
};

static void add(struct builder *builder, enum opcode op, uint8_t x, uint16_t a, uint16_t b,
                uint16_t c, int32_t d)
{
    builder->code[builder->length] =
        (struct instruction){(uint8_t)op, x, a, b, c, d, POSITION(builder->length + 1, 1)};
    builder->length++;
}

static int32_t below(struct builder *builder, uint32_t bound)
{
    return (int32_t)random_below(&builder->random, bound);
}

/* One random operation; constants: 0 → 0, 1 → 1, 2 → 5, 3 → a time. */
static void add_random(struct builder *builder)
{
    int32_t cell = below(builder, CELLS);
    switch (below(builder, 10)) {
    case 0:
        add(builder, OP_LOAD, 1, 0, S, S, cell);
        add(builder, OP_CONST, 0, 1, S, S, 1);
        add(builder, OP_ADD, 0, 0, 0, 1, 0);
        add(builder, OP_STORE, 1, 0, S, S, cell);
        break;
    case 1: add(builder, OP_LOAD, 1, 2, S, S, cell); break;
    case 2: /* a timed acquire, released when it was got */
        add(builder, OP_CONST, 0, 4, S, S, 1);
        add(builder, OP_CONST, 0, 5, S, S, 3);
        add(builder, OP_ACQUIRE, 0, 3, S, 4, cell % LOCKS);
        add(builder, OP_JUMP_UNLESS, 0, 3, S, S, (int32_t)builder->length + 2);
        add(builder, OP_RELEASE, 0, S, S, S, cell % LOCKS);
        break;
    case 3:
        add(builder, OP_ACQUIRE, 0, S, S, S, cell % LOCKS);
        add(builder, OP_STORE, 1, 2, S, S, cell);
        add(builder, OP_RELEASE, 0, S, S, S, cell % LOCKS);
        break;
    case 4:
        add(builder, OP_CONST, 0, 0, S, S, 0);
        add(builder, OP_CONST, 0, 1, S, S, 2);
        add(builder, OP_RANDINT, 0, 2, 0, 1, 0);
        add(builder, OP_STORE, 1, 2, S, S, cell);
        break;
    case 5:
        add(builder, OP_ACQUIRE, 0, S, S, S, OBJECT_PERMITS);
        add(builder, OP_RELEASE, 0, S, S, S, OBJECT_PERMITS);
        break;
    case 6: add(builder, cell ? OP_EVENT_SET : OP_EVENT_CLEAR, 0, S, S, S, OBJECT_FLAG); break;
    case 7:
        add(builder, OP_CONST, 0, 1, S, S, 3);
        add(builder, OP_SLEEP, 0, 1, S, S, 0);
        break;
    case 8:
        add(builder, OP_ACQUIRE, 0, S, S, S, OBJECT_DEPTH);
        add(builder, OP_ACQUIRE, 0, S, S, S, OBJECT_DEPTH);
        add(builder, OP_RELEASE, 0, S, S, S, OBJECT_DEPTH);
        add(builder, OP_RELEASE, 0, S, S, S, OBJECT_DEPTH);
        break;
    default: add(builder, OP_TURN, 0, S, S, S, 0); break;
    }
}

static struct program *finish(struct builder *builder, struct function *functions, uint32_t threads)
{
    static const int64_t constants[] = {0, 1, 5, 2000000};
    static const int64_t zeros[CELLS];
    static const uint8_t kinds[SLOTS], optional[SLOTS];
    static const char *const names[] = {"x", "y", "z"};
    static const char *const object_names[] = {"left", "right", "permits", "flag", "depth"};
    static const uint8_t types[] = {OBJECT_LOCK, OBJECT_LOCK, OBJECT_SEMAPHORE, OBJECT_EVENT,
                                    OBJECT_RLOCK};
    struct arena *arena = &builder->arena;
    struct program *program = xcalloc(1, sizeof *program);
    struct variable *variables = arena_array(arena, struct variable, CELLS);
    for (uint32_t i = 0; i < CELLS; i++)
        variables[i] = (struct variable){.name = names[i],
                                         .first_cell = i,
                                         .length = 1,
                                         .width = 1,
                                         .kinds = kinds,
                                         .optional = optional};
    struct object *objects = arena_array(arena, struct object, ALL_OBJECTS);
    for (uint32_t i = 0; i < ALL_OBJECTS; i++)
        objects[i] = (struct object){.name = object_names[i],
                                     .type = types[i],
                                     .lock = -1,
                                     .action = -1,
                                     .initial = i == OBJECT_PERMITS ? 2 : 0};
    struct declared_thread *declared = arena_array(arena, struct declared_thread, threads + 1);
    for (uint32_t i = 0; i <= threads; i++) {
        const char *name = i ? arena_printf(arena, "t-%u", i - 1) : "MainThread";
        declared[i] = (struct declared_thread){.name = name,
                                               .group = i ? "t" : name,
                                               .group_index = i ? i - 1 : 0,
                                               .function = (int32_t)i};
    }
    *program = (struct program){
        .path = "random",
        .source = "",
        .title = "",
        .explanation = "",
        .checksum = 0x1a2b3c4d,
        .code = builder->code,
        .code_length = builder->length,
        .constants = constants,
        .constant_count = 4,
        .functions = functions,
        .function_count = threads + 1,
        .after_function = -1,
        .variables = variables,
        .variable_count = CELLS,
        .cell_count = CELLS,
        .initial_cells = zeros,
        .objects = objects,
        .object_count = ALL_OBJECTS,
        .threads = declared,
        .thread_count = threads + 1,
        .thread_limit = threads + 1,
    };
    if (!program_layout(program))
        abort();
    program->arena = builder->arena;
    return program;
}

static struct function function_from(const char *name, uint32_t entry, uint32_t end)
{
    static const char *const slot_names[SLOTS];
    static const uint8_t kinds[SLOTS], optional[SLOTS];
    return (struct function){.name = name,
                             .entry = (uint16_t)entry,
                             .end = (uint16_t)end,
                             .frame_size = SLOTS,
                             .slot_names = slot_names,
                             .slot_kinds = kinds,
                             .slot_optional = optional};
}

struct program *random_program(uint64_t seed)
{
    struct builder builder = {.random = seed};
    uint32_t threads = 2 + (uint32_t)below(&builder, RANDOM_THREADS - 1);
    builder.code =
        arena_array(&builder.arena, struct instruction, (threads + 1) * (RANDOM_BODY * 6 + 4));
    struct function *functions = arena_array(&builder.arena, struct function, threads + 1);
    add(&builder, OP_END, 0, S, S, S, 0);
    functions[0] = function_from("MainThread", 0, 1);
    for (uint32_t i = 1; i <= threads; i++) {
        uint32_t entry = builder.length;
        int32_t body = 2 + below(&builder, RANDOM_BODY - 2);
        for (int32_t n = 0; n < body; n++)
            add_random(&builder);
        add(&builder, OP_TURN, 0, S, S, S, 0);
        add(&builder, OP_JUMP, 0, S, S, S, (int32_t)entry);
        add(&builder, OP_END, 0, S, S, S, 0);
        functions[i] = function_from("body", entry, builder.length);
    }
    return finish(&builder, functions, threads);
}

struct program *counting_program(uint32_t threads, uint32_t rounds, bool locked)
{
    struct builder builder = {0};
    builder.code = arena_array(&builder.arena, struct instruction, 1 + rounds * 6 + 2);
    struct function *functions = arena_array(&builder.arena, struct function, threads + 1);
    add(&builder, OP_END, 0, S, S, S, 0);
    functions[0] = function_from("MainThread", 0, 1);
    for (uint32_t i = 0; i < rounds; i++) {
        if (locked)
            add(&builder, OP_ACQUIRE, 0, S, S, S, OBJECT_LOCK_0);
        add(&builder, OP_LOAD, 1, 0, S, S, 0);
        add(&builder, OP_CONST, 0, 1, S, S, 1);
        add(&builder, OP_ADD, 0, 0, 0, 1, 0);
        add(&builder, OP_STORE, 1, 0, S, S, 0);
        if (locked)
            add(&builder, OP_RELEASE, 0, S, S, S, OBJECT_LOCK_0);
    }
    add(&builder, OP_END, 0, S, S, S, 0);
    for (uint32_t i = 1; i <= threads; i++)
        functions[i] = function_from("body", 1, builder.length);
    return finish(&builder, functions, threads);
}
