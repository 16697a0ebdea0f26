/* What the judgement of who is stuck knows of a program before it looks at any state: what each
 * operation can be about, and where each function is called. */
#include <stdlib.h>

#include "base/die.h"
#include "model/stuck_private.h"

enum { MAX_TARGETS = 1 << 22 };

static void index_targets(struct stuck_analysis *analysis)
{
    const struct program *program = analysis->program;
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        const struct instruction *in = &program->code[pc];
        bool indexed = opcode_about_object(in->op) && in->b != NO_SLOT;
        bool thread = opcode_about[in->op] == ABOUT_THREAD;
        analysis->index_of[pc] = indexed || thread ? analysis->index_count++ : UINT32_MAX;
    }
}

/* Threads whose code can be followed with their own parameters get targets of their own, while that
 * is cheap. */
static void find_targets(struct stuck_analysis *analysis)
{
    const struct program *program = analysis->program;
    if (!analysis->index_count || !flow_affordable(program) ||
        (uint64_t)analysis->index_count * program->thread_count > MAX_TARGETS)
        return;
    for (uint32_t i = 0; i < program->thread_count; i++) {
        analysis->targets[i] = xcalloc(analysis->index_count, sizeof **analysis->targets);
        for (uint32_t pc = 0; pc < program->code_length; pc++)
            if (analysis->index_of[pc] != UINT32_MAX)
                analysis->targets[i][analysis->index_of[pc]] = flow_any_target(program, pc);
        flow_targets(program, &program->threads[i], analysis->index_of, analysis->targets[i]);
    }
}

/* By function, where it is called. */
static void find_callers(struct stuck_analysis *analysis)
{
    const struct program *program = analysis->program;
    uint32_t *first = xcalloc(program->function_count + 3, sizeof *first), actions = 0, calls = 0;
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        actions += program->code[pc].op == OP_CALL_ACTION;
        if (program->code[pc].op == OP_CALL) {
            first[program->code[pc].d + 2]++;
            calls++;
        }
    }
    for (uint32_t i = 2; i <= program->function_count; i++)
        first[i] += first[i - 1];
    analysis->callers = xcalloc(calls + 1, sizeof *analysis->callers);
    analysis->action_calls = xcalloc(actions + 1, sizeof *analysis->action_calls);
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        if (program->code[pc].op == OP_CALL)
            analysis->callers[first[program->code[pc].d + 1]++] = pc;
        if (program->code[pc].op == OP_CALL_ACTION)
            analysis->action_calls[analysis->action_call_count++] = pc;
    }
    analysis->callers_first = first;
    analysis->is_action = xcalloc(program->function_count + 1, sizeof *analysis->is_action);
    for (uint32_t i = 0; i < program->action_count; i++)
        analysis->is_action[program->actions[i]] = true;
}

struct stuck_analysis *stuck_new(const struct program *program)
{
    struct stuck_analysis *analysis = xcalloc(1, sizeof *analysis);
    analysis->program = program;
    analysis->function_of = xcalloc(program->code_length + 1, sizeof *analysis->function_of);
    for (uint32_t i = 0; i < program->function_count; i++)
        for (uint32_t pc = program->functions[i].entry; pc < program->functions[i].end; pc++)
            analysis->function_of[pc] = (uint16_t)i;
    analysis->index_of = xcalloc(program->code_length + 1, sizeof *analysis->index_of);
    analysis->targets = xcalloc(program->thread_count + 1, sizeof *analysis->targets);
    analysis->own_locks = true;
    for (uint32_t i = 0; i < program->object_count; i++)
        analysis->own_locks &= program->objects[i].lock < 0;
    analysis->object_words = program->object_count / 64 + 1;
    analysis->function_words = program->function_count / 64 + 1;
    analysis->barred_words = (program->object_count + program->thread_count) / 64 + 1;
    analysis->cache = xcalloc(CACHE_SIZE, sizeof *analysis->cache);
    if ((uint64_t)program->thread_count * program->code_length <= MOST_RESTING)
        analysis->resting = xcalloc((size_t)program->thread_count * program->code_length + 1,
                                    sizeof *analysis->resting);
    index_targets(analysis);
    find_targets(analysis);
    find_callers(analysis);
    return analysis;
}

void stuck_free(struct stuck_analysis *analysis)
{
    if (!analysis)
        return;
    for (uint32_t i = 0; i < CACHE_SIZE; i++)
        free(atomic_load_explicit(&analysis->cache[i], memory_order_relaxed));
    for (uint32_t i = 0; i < analysis->program->thread_count; i++)
        free(analysis->targets[i]);
    free(analysis->targets);
    free(analysis->callers_first);
    free(analysis->callers);
    free(analysis->action_calls);
    free(analysis->is_action);
    free(analysis->index_of);
    free(analysis->function_of);
    free(analysis->cache);
    free(analysis->resting);
    free(analysis);
}

struct target_range stuck_target(const struct stuck_analysis *analysis, uint32_t thread,
                                 uint32_t pc)
{
    if (thread < analysis->program->thread_count && analysis->targets[thread] &&
        analysis->index_of[pc] != UINT32_MAX)
        return analysis->targets[thread][analysis->index_of[pc]];
    return flow_any_target(analysis->program, pc);
}
