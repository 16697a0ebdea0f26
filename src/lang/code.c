/* Instructions, constants, jumps, slots. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lang/compile.h"

uint32_t code_here(const struct compiler *compiler)
{
    return (uint32_t)compiler->code.count;
}

uint32_t code_position(struct compiler *compiler, struct span span)
{
    if (compiler->last_position == 0 || compiler->last.start != span.start) {
        compiler->last = span;
        compiler->last_position = source_position(compiler->check->source, span.start);
    }
    return compiler->last_position;
}

uint32_t code_emit(struct compiler *compiler, struct instruction instruction, struct span span)
{
    struct extent none = {0};
    if (compiler->code.count >= MAX_CODE) {
        if (!compiler->overflow)
            diagnostic_error(compiler->check->diagnostics, span,
                             "the program is too long: more than %d instructions", MAX_CODE);
        compiler->overflow = true;
        compiler->code.count--; /* go on writing over the last one until all have returned */
        compiler->extents.count--;
    }
    instruction.source = code_position(compiler, span);
    vector_push(&compiler->code, instruction);
    vector_push(&compiler->extents, none);
    return code_here(compiler) - 1;
}

uint32_t code_thing(struct compiler *compiler, enum opcode op, uint16_t a, struct thing thing,
                    uint16_t c, uint8_t x, struct span span)
{
    struct instruction instruction = {
        .op = (uint8_t)op, .x = x, .a = a, .b = thing.b, .c = c, .d = thing.d};
    uint32_t pc = code_emit(compiler, instruction, span);
    compiler->extents.items[pc] = thing.extent;
    return pc;
}

static uint32_t constant_slot(const struct compiler *compiler, int64_t value)
{
    uint32_t at = (uint32_t)hash_word(2, (uint64_t)value) & (compiler->constant_room - 1);
    while (compiler->constant_slots[at] &&
           compiler->constants.items[compiler->constant_slots[at] - 1] != value)
        at = (at + 1) & (compiler->constant_room - 1);
    return at;
}

static uint32_t constant_index(struct compiler *compiler, int64_t value)
{
    if ((compiler->constants.count + 1) * 2 > compiler->constant_room) {
        free(compiler->constant_slots);
        compiler->constant_room = compiler->constant_room ? compiler->constant_room * 2 : 64;
        compiler->constant_slots = xcalloc(compiler->constant_room, sizeof(uint32_t));
        for (uint32_t i = 0; i < compiler->constants.count; i++)
            compiler->constant_slots[constant_slot(compiler, compiler->constants.items[i])] = i + 1;
    }
    uint32_t at = constant_slot(compiler, value);
    if (compiler->constant_slots[at] == 0) {
        vector_push(&compiler->constants, value);
        compiler->constant_slots[at] = (uint32_t)compiler->constants.count;
    }
    return compiler->constant_slots[at] - 1;
}

void code_constant(struct compiler *compiler, uint16_t slot, int64_t value, struct span span)
{
    uint32_t index = constant_index(compiler, value);
    code_emit(compiler, (struct instruction){.op = OP_CONST, .a = slot, .d = (int32_t)index}, span);
}

void code_string(struct compiler *compiler, uint16_t slot, const char *text, struct span span)
{
    code_constant(compiler, slot, check_string(compiler->check, text), span);
}

void code_move(struct compiler *compiler, uint16_t to, uint16_t from, uint32_t width,
               struct span span)
{
    for (uint32_t done = 0; done < width && to != from;) {
        uint32_t now = width - done > 255 ? 255 : width - done;
        code_emit(compiler,
                  (struct instruction){.op = OP_MOVE,
                                       .a = (uint16_t)(to + done),
                                       .b = (uint16_t)(from + done),
                                       .x = (uint8_t)now},
                  span);
        done += now;
    }
}

void code_jump(struct compiler *compiler, int32_t *chain, struct span span)
{
    struct instruction jump = {.op = OP_JUMP, .d = *chain};
    *chain = -(int32_t)code_emit(compiler, jump, span) - 2;
}

void code_jump_on(struct compiler *compiler, bool when, uint16_t slot, int32_t *chain,
                  struct span span)
{
    struct instruction jump = {
        .op = (uint8_t)(when ? OP_JUMP_IF : OP_JUMP_UNLESS), .a = slot, .d = *chain};
    *chain = -(int32_t)code_emit(compiler, jump, span) - 2;
}

void code_jump_back(struct compiler *compiler, uint32_t to, struct span span)
{
    code_emit(compiler, (struct instruction){.op = OP_JUMP, .d = (int32_t)to}, span);
}

void code_patch(struct compiler *compiler, int32_t chain)
{
    while (chain != NO_JUMPS && !compiler->overflow) {
        struct instruction *jump = &compiler->code.items[-chain - 2];
        chain = jump->d;
        jump->d = (int32_t)code_here(compiler);
    }
}

void code_raise(struct compiler *compiler, enum exception exception, const char *message,
                struct span span)
{
    uint32_t top = compiler->top;
    uint16_t slot = message ? code_take(compiler, 1) : NO_SLOT;
    if (message)
        code_string(compiler, slot, message, span);
    code_emit(compiler, (struct instruction){.op = OP_RAISE, .a = slot, .d = (int32_t)exception},
              span);
    compiler->top = top;
}

uint16_t code_take(struct compiler *compiler, uint32_t width)
{
    uint32_t slot = compiler->top;
    if (width > FRAME_MAX || slot + width > FRAME_MAX) {
        if (!compiler->overflow)
            diagnostic_error(compiler->check->diagnostics, compiler->current->body->stmt->span,
                             "this body needs more than %d values at a time", FRAME_MAX);
        compiler->overflow = true;
        return 0;
    }
    compiler->top += width;
    if (compiler->top > compiler->high)
        compiler->high = compiler->top;
    return (uint16_t)slot;
}

static uint32_t add_format(struct compiler *compiler, const struct type *type, const char *spec)
{
    struct format format = {.shape = FORMAT_SCALAR, .count = 1, .width = 1};
    const struct type *item = type->shape == TYPE_LIST ? type->item : type;
    if (type->shape == TYPE_LIST) {
        format.shape = FORMAT_LIST;
        format.count = (uint16_t)type->count;
        format.quoted = true;
    } else if (type->shape == TYPE_TUPLE) {
        format.shape = FORMAT_TUPLE;
        format.quoted = true;
    }
    format.width = (uint16_t)type_width(item);
    uint8_t *kinds = arena_alloc(compiler->check->keep, format.width + 1u);
    uint8_t *optional = arena_alloc(compiler->check->keep, format.width + 1u);
    type_slots(item, kinds, optional);
    format.kinds = kinds;
    format.optional = optional;
    format.spec = spec ? arena_strdup(compiler->check->keep, spec) : NULL;
    vector_push(&compiler->formats, format);
    return (uint32_t)compiler->formats.count - 1;
}

uint32_t code_format(struct compiler *compiler, const struct type *type, const char *spec)
{
    uint8_t kind[2] = {0}, optional[2] = {0};
    bool scalar = type->shape != TYPE_LIST && type->shape != TYPE_TUPLE && !spec;
    if (!scalar)
        return add_format(compiler, type, spec);
    type_slots(type, kind, optional);
    uint32_t *known = &compiler->scalar_formats[kind[0]][optional[0]];
    if (*known == 0)
        *known = add_format(compiler, type, NULL) + 1;
    return *known - 1;
}
