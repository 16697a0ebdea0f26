/*
 * libFuzzer target of the front end: any bytes are read, checked and compiled. What compiles must
 * be sound (every slot, jump, constant and function inside its bounds), and is stepped for a while
 * in the model with arbitrary choices.
 *
 * Run by hand: fuzz-lang -max_len=4000 -dict=thrum.dict CORPUS scenarios/...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lang/lang.h"
#include "model/step.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 300, WORLD_MAX = 1 << 20, INPUT_MAX = 1 << 20 };

static void insist(int fine, const char *what, uint32_t pc)
{
    if (fine)
        return;
    fprintf(stderr, "unsound program: %s at %u\n", what, pc);
    abort();
}

static void slot_fits(const struct function *function, uint16_t slot, uint32_t pc)
{
    insist(slot == NO_SLOT || slot < function->frame_size, "a slot", pc);
}

static void instruction_fits(const struct program *program, const struct function *function,
                             uint32_t pc)
{
    const struct instruction *in = &program->code[pc];
    const char *operands = opcode_operands[in->op];
    for (const char *c = operands; *c; c++) {
        if (*c == 'a' || *c == 'A')
            slot_fits(function, in->a, pc);
        if (*c == 'b' || *c == 'B' || *c == 't')
            slot_fits(function, in->b, pc);
        if (*c == 'c' || *c == 'C')
            slot_fits(function, in->c, pc);
        if (*c == 'k')
            insist((uint32_t)in->d < program->constant_count, "a constant", pc);
        if (*c == 'j' && in->op != OP_ATOMIC_BEGIN)
            insist(in->d >= function->entry && in->d < function->end, "a jump", pc);
        if (*c == 'f')
            insist((uint32_t)in->d < program->function_count, "a function", pc);
    }
    if (in->op == OP_LOAD || in->op == OP_STORE)
        insist((uint32_t)in->d + in->x <= program->cell_count &&
                   in->a + in->x <= function->frame_size,
               "a cell", pc);
    if (in->op == OP_MOVE)
        insist(in->a + in->x <= function->frame_size && in->b + in->x <= function->frame_size,
               "a move", pc);
}

static void program_fits(const struct program *program)
{
    for (uint32_t i = 0; i < program->function_count; i++) {
        const struct function *function = &program->functions[i];
        insist(function->entry < function->end && function->end <= program->code_length, "a body",
               i);
        for (uint32_t pc = function->entry; pc < function->end; pc++)
            instruction_fits(program, function, pc);
    }
}

/* Any enabled choice, by a generator whose seed is the input. */
static int step(struct model *model, struct world *world, uint64_t *seed, struct effect *effect)
{
    const struct program *program = model_program(model);
    uint32_t count = world_thread_end(model, world), first = (uint32_t)random_below(seed, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t thread = (first + i) % count;
        struct operation operation;
        struct choice choice = {CHOICE_STEP, 0};
        if (world_thread_const(model, world, thread)->status != THREAD_ALIVE)
            continue;
        unsigned enabled = model_enabled(model, world, thread);
        if (enabled == ENABLED_NO)
            continue;
        model_next(model, world, thread, &operation);
        if (enabled & ENABLED_VALUE)
            choice = (struct choice){CHOICE_VALUE, operation.value};
        else if (!(enabled & ENABLED_STEP) || (enabled & ENABLED_TIMEOUT && random_next(seed) & 1))
            choice.kind = CHOICE_TIMEOUT;
        model_perform(model, world, thread, choice, effect);
        return 1;
    }
    (void)program;
    return 0;
}

static void run(const struct program *program, uint64_t seed)
{
    struct model *model = model_new(program);
    struct world *world = world_new(model);
    struct effect effect = {0};
    enum exception raised;
    for (unsigned i = 0; i < STEPS && step(model, world, &seed, &effect); i++)
        for (uint32_t k = 0; k < program->invariant_count && k < 4; k++)
            model_holds(model, world, &program->invariants[k], &raised);
    effect_fini(&effect);
    world_free(world, model);
    model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text messages = {0};
    if (size > INPUT_MAX)
        return 0;
    struct program *program = lang_compile("fuzz", (const char *)data, size, &messages);
    insist(program || messages.length > 0, "refused without a word", 0);
    if (program) {
        program_fits(program);
        if (program->world_size < WORLD_MAX)
            run(program, hash_bytes(1, data, size));
    }
    program_free(program);
    text_fini(&messages);
    return 0;
}
