/*
 * Where everything lies in a world: the cells, then the objects of fixed size, then those with
 * queues, then one region a thread. A region holds a head, the facts of threads (programs that make
 * threads only), and the frames of the deepest call chain.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "model/flow.h"
#include "model/objects.h"
#include "model/program.h"
#include "model/world_layout.h"

struct sizing {
    const struct program *program;
    uint64_t *deepest; /* of each function: slots of its deepest call chain; 0: not known yet */
    uint8_t *reaches;  /* scratch of largest_reachable() */
};

/* The slots of the deepest chain of calls that begins at `index`, recursive functions counted once.
 */
static uint64_t static_depth(struct sizing *sizing, uint32_t index, bool *ret_recursion)
{
    const struct program *program = sizing->program;
    const struct function *function = &program->functions[index];
    if (sizing->reaches[index] == 1) { /* on the way: a recursion */
        *ret_recursion = true;
        return 0;
    }
    if (sizing->deepest[index])
        return sizing->deepest[index];
    sizing->reaches[index] = 1;
    uint64_t below = 0;
    for (uint32_t pc = function->entry; pc < function->end; pc++) {
        uint32_t callee = 0;
        for (uint32_t nth = 0; flow_callee(program, pc, nth, &callee); nth++) {
            uint64_t depth = static_depth(sizing, callee, ret_recursion);
            below = depth > below ? depth : below;
        }
    }
    sizing->reaches[index] = 2;
    sizing->deepest[index] = function->frame_size + below;
    return sizing->deepest[index];
}

static uint64_t largest_frame(const struct program *program)
{
    uint64_t largest = 1;
    for (uint32_t i = 0; i < program->function_count; i++)
        if (program->functions[i].frame_size > largest)
            largest = program->functions[i].frame_size;
    return largest;
}

/* Slots of the frames of a thread that begins in `index`. */
static uint64_t thread_slots(struct sizing *sizing, uint32_t index)
{
    bool recursion = false;
    uint32_t count = sizing->program->function_count;
    memset(sizing->reaches, 0, count);
    memset(sizing->deepest, 0, count * sizeof *sizing->deepest);
    uint64_t slots = static_depth(sizing, index, &recursion);
    if (recursion)
        slots += MAX_RECURSION * largest_frame(sizing->program);
    return slots < WORLD_DYING_SLOTS ? WORLD_DYING_SLOTS : slots;
}

uint32_t program_slots_below(const struct program *program, uint32_t function)
{
    struct sizing sizing = {.program = program};
    sizing.deepest = xcalloc(program->function_count + 1, sizeof *sizing.deepest);
    sizing.reaches = xcalloc(program->function_count + 1, 1);
    uint64_t slots = thread_slots(&sizing, function);
    free(sizing.deepest);
    free(sizing.reaches);
    return slots > MAX_WORLD / 8 ? MAX_WORLD / 8 : (uint32_t)slots;
}

bool program_makes_threads(const struct program *program)
{
    return program->thread_limit > program->thread_count;
}

static uint64_t region_size(const struct program *program, uint64_t slots)
{
    return 8 * (1 + slots + (program_makes_threads(program) ? WORLD_FACTS : 0));
}

static uint64_t dynamic_slots(struct sizing *sizing)
{
    const struct program *program = sizing->program;
    uint64_t slots = 0;
    for (uint32_t pc = 0; pc < program->code_length; pc++)
        if (program->code[pc].op == OP_NEW_THREAD) {
            uint64_t needed = thread_slots(sizing, (uint32_t)program->code[pc].d);
            slots = needed > slots ? needed : slots;
        }
    return slots;
}

static uint64_t layout_objects(struct program *program, uint64_t offset)
{
    for (int queues = 0; queues < 2; queues++)
        for (uint32_t i = 0; i < program->object_count; i++) {
            struct object *object = &program->objects[i];
            if (object_has_queue(object->type) != queues)
                continue;
            object->offset = (uint32_t)offset;
            object->size = 8 + (queues ? 8 * program->thread_limit : 0);
            offset += object->size;
            if (offset > MAX_WORLD)
                return offset;
        }
    return offset;
}

static void find_actions(struct program *program)
{
    bool *seen = xcalloc(program->function_count + 1, sizeof *seen);
    uint32_t *actions = NULL; /* most programs have none */
    program->action_count = 0;
    for (uint32_t i = 0; i < program->object_count; i++) {
        int32_t action = program->objects[i].action;
        if (program->objects[i].type != OBJECT_BARRIER || action < 0 || seen[action])
            continue;
        seen[action] = true;
        if (!actions)
            actions = arena_array(&program->arena, uint32_t, program->function_count);
        actions[program->action_count++] = (uint32_t)action;
    }
    program->actions = actions;
    free(seen);
}

bool program_layout(struct program *program)
{
    find_actions(program);
    if (program->thread_limit < program->thread_count)
        program->thread_limit = program->thread_count;
    struct sizing sizing = {.program = program};
    sizing.deepest = xcalloc(program->function_count + 1, sizeof *sizing.deepest);
    sizing.reaches = xcalloc(program->function_count + 1, 1);
    program->starts_threads = program_makes_threads(program);
    for (uint32_t i = 0; i < program->thread_count; i++)
        program->starts_threads |= program->threads[i].made_only;
    uint64_t offset = layout_objects(program, 8 * (uint64_t)program->cell_count);
    for (uint32_t i = 0; i < program->thread_count && offset <= MAX_WORLD; i++) {
        struct declared_thread *thread = &program->threads[i];
        thread->offset = (uint32_t)offset;
        uint64_t size = region_size(program, thread_slots(&sizing, (uint32_t)thread->function));
        thread->size = (uint32_t)(size > MAX_WORLD ? MAX_WORLD : size);
        offset += size;
    }
    program->dynamic_offset = (uint32_t)(offset > MAX_WORLD ? MAX_WORLD : offset);
    uint64_t dynamic =
        program_makes_threads(program) ? region_size(program, dynamic_slots(&sizing)) : 0;
    program->dynamic_size = (uint32_t)(dynamic > MAX_WORLD ? MAX_WORLD : dynamic);
    offset += dynamic * (program->thread_limit - program->thread_count);
    program->world_size = (uint32_t)(offset > MAX_WORLD ? MAX_WORLD : offset);
    free(sizing.deepest);
    free(sizing.reaches);
    return offset <= MAX_WORLD;
}
