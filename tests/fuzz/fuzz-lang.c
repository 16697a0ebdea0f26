/*
 * libFuzzer target of the front end: any bytes are read, checked and compiled. What compiles must
 * be sound: every slot, jump, constant and function inside its bounds. fuzz-model runs it.
 *
 * By hand: fuzz-lang -max_len=4000 -dict=thrum.dict CORPUS scenarios/...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/lang.h"
#include "model/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text messages = {0};
    struct program *program = lang_compile("fuzz", (const char *)data, size, &messages);
    insist(program || messages.length > 0, "refused without a word", 0);
    if (program)
        program_fits(program);
    program_free(program);
    text_fini(&messages);
    return 0;
}
