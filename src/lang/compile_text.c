/* Values as text: str, f-strings, print. */
#include "lang/compile.h"

/* The text of an exception: its message, or "". */
static void exception_text(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    int32_t fine = NO_JUMPS;
    uint16_t value = compile_operand(compiler, expr);
    code_move(compiler, slot, (uint16_t)(value + 1), 1, expr->span);
    code_jump_on(compiler, true, slot, &fine, expr->span);
    code_string(compiler, slot, "", expr->span);
    code_patch(compiler, fine);
}

void compile_text(struct compiler *compiler, struct expr *expr, const char *spec, uint16_t slot)
{
    uint32_t top = compiler->top;
    const struct type *type = expr->type;
    bool plain = type->shape == TYPE_STRING && !type->optional && !spec;
    if (type->shape == TYPE_EXCEPTION) {
        exception_text(compiler, expr, slot);
    } else if (plain) {
        compile_into(compiler, expr, slot);
    } else {
        uint16_t value = type->shape == TYPE_LIST ? compile_elements(compiler, expr)
                                                  : compile_operand(compiler, expr);
        uint32_t format = code_format(compiler, type, spec);
        uint32_t pc = code_emit(
            compiler,
            (struct instruction){.op = OP_TEXT, .a = slot, .b = value, .d = (int32_t)format},
            expr->span);
        compiler->extents.items[pc] = (struct extent){value, type_width(type)};
    }
    compiler->top = top;
}

/* Joins `count` slots; more than an instruction can name go in several. */
static void concat(struct compiler *compiler, uint16_t first, uint32_t count, uint16_t slot,
                   struct span span)
{
    while (count > 255) {
        code_emit(compiler,
                  (struct instruction){
                      .op = OP_CONCAT, .a = (uint16_t)(first + 254), .b = first, .x = 255},
                  span);
        first = (uint16_t)(first + 254);
        count -= 254;
    }
    code_emit(compiler,
              (struct instruction){.op = OP_CONCAT, .a = slot, .b = first, .x = (uint8_t)count},
              span);
}

void compile_format(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    if (expr->count == 0) {
        code_string(compiler, slot, "", expr->span);
        return;
    }
    uint16_t pieces = code_take(compiler, expr->count);
    for (uint32_t i = 0; i < expr->count; i++) {
        struct expr *piece = expr->items[i];
        uint16_t at = (uint16_t)(pieces + i);
        if (piece->shape == EXPR_PIECE)
            compile_text(compiler, piece->left, piece->text, at);
        else
            compile_into(compiler, piece, at);
    }
    concat(compiler, pieces, expr->count, slot, expr->span);
}

void compile_print(struct compiler *compiler, struct expr *expr)
{
    uint32_t values = 0;
    struct expr *separator = call_argument_named(expr, "sep", -1);
    for (uint32_t i = 0; i < expr->count; i++)
        values += !expr->arguments[i].name;
    uint32_t pieces = values ? values * 2 - 1 : 1;
    uint16_t slots = code_take(compiler, pieces), at = slots;
    for (uint32_t i = 0; i < expr->count; i++) {
        if (expr->arguments[i].name)
            continue;
        compile_text(compiler, expr->arguments[i].value, NULL, at);
        at = (uint16_t)(at + 2);
    }
    for (uint32_t i = 1; i < pieces; i += 2) {
        if (separator && i == 1)
            compile_into(compiler, separator, (uint16_t)(slots + 1));
        else if (separator)
            code_move(compiler, (uint16_t)(slots + i), (uint16_t)(slots + 1), 1, expr->span);
        else
            code_string(compiler, (uint16_t)(slots + i), " ", expr->span);
    }
    if (values == 0)
        code_string(compiler, slots, "", expr->span);
    else if (pieces > 1)
        concat(compiler, slots, pieces, slots, expr->span);
    code_emit(compiler, (struct instruction){.op = OP_PRINT, .a = slots}, expr->span);
}
