#include "explore/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/vector.h"
#include "model/flow.h"

/* Nodes that are no instructions, counted from code_length: for each function its return, then for
 * each an exception that leaves it, then these. */
enum { ENDS, STARTS, ACTIONS, ACTED, ACTION_RAISED, OTHERS };

struct way {
    uint32_t from, to;
};

struct builder {
    const struct program *program;
    struct control *control;
    uint32_t *function_of; /* of each pc */
    bool *is_started;      /* of each function: some Thread(...) makes a thread of it */
    vector(struct way) ways;
};

static uint32_t return_node(const struct builder *builder, uint32_t function)
{
    return builder->program->code_length + function;
}

static uint32_t raise_node(const struct builder *builder, uint32_t function)
{
    return builder->program->code_length + builder->program->function_count + function;
}

static uint32_t other_node(const struct builder *builder, uint32_t other)
{
    return builder->program->code_length + 2 * builder->program->function_count + other;
}

static uint32_t entry_of(const struct builder *builder, uint32_t function)
{
    return builder->program->functions[function].entry;
}

static void way(struct builder *builder, uint32_t from, uint32_t to)
{
    vector_push(&builder->ways, (struct way){from, to});
}

/* Where an exception at `pc` goes. */
static uint32_t raised_at(const struct builder *builder, uint32_t pc)
{
    uint32_t function = builder->function_of[pc];
    const struct handler *handler = flow_handler(&builder->program->functions[function], pc);
    return handler ? handler->handler : raise_node(builder, function);
}

static void add_call(struct builder *builder, uint32_t pc)
{
    const struct instruction *in = &builder->program->code[pc];
    bool action = in->op == OP_CALL_ACTION;
    uint32_t callee = (uint32_t)in->d;
    way(builder, pc, action ? other_node(builder, ACTIONS) : entry_of(builder, callee));
    way(builder, action ? other_node(builder, ACTED) : return_node(builder, callee), pc + 1);
    way(builder, action ? other_node(builder, ACTION_RAISED) : raise_node(builder, callee),
        raised_at(builder, pc));
}

static void add_instruction(struct builder *builder, uint32_t pc)
{
    const struct program *program = builder->program;
    const struct instruction *in = &program->code[pc];
    uint32_t next[2];
    unsigned count = flow_next(program, pc, next);
    for (unsigned i = 0; i < count; i++)
        if (next[i] < program->code_length)
            way(builder, pc, next[i]);
    if (in->op == OP_CALL || in->op == OP_CALL_ACTION)
        add_call(builder, pc);
    if (in->op == OP_RETURN)
        way(builder, pc, return_node(builder, builder->function_of[pc]));
    if (in->op == OP_END)
        way(builder, other_node(builder, ENDS), pc);
    if (in->op == OP_ATOMIC_BEGIN) /* one step: its inside is the block's own */
        way(builder, pc, (uint32_t)program->atomics[in->d].end + 1u);
    if (in->op == OP_START) /* what is started goes on by itself: whatever is made anywhere */
        way(builder, pc, other_node(builder, STARTS));
    if (flow_may_raise(in) || in->op == OP_ATOMIC_BEGIN)
        way(builder, pc, raised_at(builder, pc));
}

static void add_functions(struct builder *builder)
{
    const struct program *program = builder->program;
    for (uint32_t i = 0; i < program->function_count; i++) {
        way(builder, return_node(builder, i), other_node(builder, ENDS));
        way(builder, raise_node(builder, i), other_node(builder, ENDS));
        if (builder->is_started[i])
            way(builder, other_node(builder, STARTS), entry_of(builder, i));
    }
    for (uint32_t i = 0; i < program->action_count; i++) {
        uint32_t action = program->actions[i];
        way(builder, other_node(builder, ACTIONS), entry_of(builder, action));
        way(builder, return_node(builder, action), other_node(builder, ACTED));
        way(builder, raise_node(builder, action), other_node(builder, ACTION_RAISED));
    }
}

/* The ways sorted by where they come from, or by where they go. */
static void sort_ways(const struct builder *builder, bool back, uint32_t **ret_first,
                      uint32_t **ret_ways)
{
    uint32_t count = builder->control->count;
    uint32_t *first = xcalloc(count + 2u, sizeof *first);
    uint32_t *ways = xcalloc(builder->ways.count + 1, sizeof *ways);
    vector_each (struct way, one, &builder->ways)
        first[(back ? one->to : one->from) + 2]++;
    for (uint32_t i = 2; i <= count; i++)
        first[i] += first[i - 1];
    vector_each (struct way, one, &builder->ways)
        ways[first[(back ? one->to : one->from) + 1]++] = back ? one->from : one->to;
    *ret_first = first;
    *ret_ways = ways;
}

static void find_started_functions(struct builder *builder)
{
    const struct program *program = builder->program;
    for (uint32_t i = 0; i < program->thread_count; i++)
        if (program->threads[i].made_only)
            builder->is_started[program->threads[i].function] = true;
    for (uint32_t pc = 0; pc < program->code_length; pc++)
        if (program->code[pc].op == OP_NEW_THREAD)
            builder->is_started[program->code[pc].d] = true;
}

/* The code of what is started, and of all that it calls. */
static void find_started(struct builder *builder)
{
    const struct program *program = builder->program;
    bool *is_started = builder->is_started;
    vector(uint32_t) open = {0};
    for (uint32_t i = 0; i < program->function_count; i++)
        if (is_started[i])
            vector_push(&open, i);
    bool actions = false;
    while (open.count) {
        const struct function *function = &program->functions[open.items[--open.count]];
        for (uint32_t pc = function->entry; pc < function->end; pc++) {
            uint8_t op = program->code[pc].op;
            uint32_t callee = 0;
            builder->control->started[pc] = true;
            if (op != OP_CALL && (op != OP_CALL_ACTION || actions))
                continue;
            actions |= op == OP_CALL_ACTION;
            for (uint32_t nth = 0; flow_callee(program, pc, nth, &callee); nth++)
                if (!is_started[callee]) {
                    is_started[callee] = true;
                    vector_push(&open, callee);
                }
        }
    }
    vector_fini(&open);
}

void control_init(struct control *control, const struct program *program)
{
    uint32_t length = program->code_length;
    *control = (struct control){.code_length = length,
                                .count = length + 2 * program->function_count + OTHERS};
    struct builder builder = {.program = program, .control = control};
    control->started = xcalloc(length + 1, sizeof *control->started);
    builder.function_of = xcalloc(length + 1, sizeof *builder.function_of);
    builder.is_started = xcalloc(program->function_count + 1, sizeof *builder.is_started);
    for (uint32_t i = 0; i < program->function_count; i++)
        for (uint32_t pc = program->functions[i].entry; pc < program->functions[i].end; pc++)
            builder.function_of[pc] = i;
    find_started_functions(&builder);
    for (uint32_t pc = 0; pc < length; pc++)
        add_instruction(&builder, pc);
    add_functions(&builder);
    sort_ways(&builder, false, &control->next_first, &control->next);
    sort_ways(&builder, true, &control->before_first, &control->before);
    find_started(&builder); /* last: it widens is_started */
    vector_fini(&builder.ways);
    free(builder.is_started);
    free(builder.function_of);
}

void control_fini(struct control *control)
{
    free(control->next_first);
    free(control->next);
    free(control->before_first);
    free(control->before);
    free(control->started);
}

/* ---- connected parts: Tarjan, Depth-first search and linear graph algorithms, 1972 ---- */

struct search {
    const struct control *control;
    uint32_t *part_of; /* LEFT_OUT, or OPEN until its part is complete */
    uint32_t *number;  /* in the order of arrival, from 1; 0: not yet */
    uint32_t *low;     /* the lowest number that is reached from it */
    uint32_t *cursor;  /* the way that is looked at next */
    vector(uint32_t) path, open;
    uint32_t arrived, parts;
};

#define LEFT_OUT UINT32_MAX
#define OPEN     (UINT32_MAX - 1)

static void arrive(struct search *search, uint32_t node)
{
    search->number[node] = search->low[node] = ++search->arrived;
    search->cursor[node] = search->control->next_first[node];
    vector_push(&search->path, node);
    vector_push(&search->open, node);
}

static void leave(struct search *search, uint32_t node)
{
    search->path.count--;
    if (search->path.count) {
        uint32_t below = vector_last(&search->path);
        if (search->low[node] < search->low[below])
            search->low[below] = search->low[node];
    }
    if (search->low[node] != search->number[node])
        return;
    uint32_t member;
    do {
        member = search->open.items[--search->open.count];
        search->part_of[member] = search->parts;
    } while (member != node);
    search->parts++;
}

static void go_on(struct search *search)
{
    uint32_t node = vector_last(&search->path);
    if (search->cursor[node] == search->control->next_first[node + 1]) {
        leave(search, node);
        return;
    }
    uint32_t next = search->control->next[search->cursor[node]++];
    if (search->part_of[next] != OPEN)
        return;
    if (!search->number[next])
        arrive(search, next);
    else if (search->number[next] < search->low[node])
        search->low[node] = search->number[next];
}

uint32_t control_parts(const struct control *control, const bool *left_out, uint32_t *part_of)
{
    uint32_t count = control->count;
    struct search search = {.control = control, .part_of = part_of};
    search.number = xcalloc(count + 1u, sizeof *search.number);
    search.low = xcalloc(count + 1u, sizeof *search.low);
    search.cursor = xcalloc(count + 1u, sizeof *search.cursor);
    for (uint32_t i = 0; i < count; i++)
        part_of[i] = left_out && left_out[i] ? LEFT_OUT : OPEN;
    for (uint32_t i = 0; i < count; i++) {
        if (part_of[i] != OPEN)
            continue;
        arrive(&search, i);
        while (search.path.count)
            go_on(&search);
    }
    vector_fini(&search.path);
    vector_fini(&search.open);
    free(search.number);
    free(search.low);
    free(search.cursor);
    return search.parts;
}
