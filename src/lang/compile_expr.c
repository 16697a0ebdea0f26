#include <string.h>

#include "lang/compile.h"

/* A numeric operation on None. */
void compile_not_none(struct compiler *compiler, const struct type *type, uint16_t slot,
                      struct span span)
{
    if (!type->optional && type->shape != TYPE_NONE)
        return;
    uint32_t top = compiler->top;
    int32_t fine = NO_JUMPS;
    uint16_t none = code_take(compiler, 1);
    code_constant(compiler, none, NONE_VALUE, span);
    code_emit(compiler, (struct instruction){.op = OP_NE, .a = none, .b = slot, .c = none, .x = 1},
              span);
    code_jump_on(compiler, true, none, &fine, span);
    compiler->top = top;
    code_raise(compiler, EXCEPTION_TYPE, "this does not work on None", span);
    code_patch(compiler, fine);
}

uint16_t compile_number(struct compiler *compiler, struct expr *expr)
{
    uint16_t slot = compile_operand(compiler, expr);
    compile_not_none(compiler, expr->type, slot, expr->span);
    return slot;
}

static bool in_frame(const struct expr *expr)
{
    return expr->shape == EXPR_NAME && expr->symbol && expr->symbol->shape == SYMBOL_LOCAL &&
           expr->symbol->slot != NO_SLOT;
}

uint16_t compile_operand(struct compiler *compiler, struct expr *expr)
{
    if (in_frame(expr))
        return expr->symbol->slot;
    uint16_t slot = code_take(compiler, type_width(expr->type));
    compile_into(compiler, expr, slot);
    return slot;
}

/* ---- names ---- */

static void load(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    struct thing thing = variable_thing(compiler, expr);
    enum opcode op = thing.atomic ? OP_ATOMIC_LOAD : OP_LOAD;
    code_thing(compiler, op, slot, thing, NO_SLOT, thing.atomic ? 0 : thing.width, expr->span);
}

static void name(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    const struct symbol *symbol = expr->symbol;
    switch (symbol->shape) {
    case SYMBOL_VARIABLE: load(compiler, expr, slot); break;
    case SYMBOL_OBJECT:
    case SYMBOL_THREAD: code_constant(compiler, slot, symbol->first, expr->span); break;
    case SYMBOL_LOCAL:
        if (symbol->slot != NO_SLOT) {
            code_move(compiler, slot, symbol->slot, type_width(expr->type), expr->span);
            break;
        }
        for (uint32_t i = 0; i < type_width(symbol->type); i++)
            code_emit(
                compiler,
                (struct instruction){.op = OP_PARAM, .a = (uint16_t)(slot + i), .d = (int32_t)i},
                expr->span);
        break;
    case SYMBOL_BROKEN:
    case SYMBOL_FUNCTION: break;
    }
}

/* ---- elements ---- */

uint16_t compile_index(struct compiler *compiler, struct expr *index, uint32_t length,
                       uint32_t width, struct span span)
{
    uint16_t slot = code_take(compiler, 1);
    uint16_t value = compile_number(compiler, index);
    code_emit(
        compiler,
        (struct instruction){
            .op = OP_BOUNDS, .a = slot, .b = value, .x = (uint8_t)width, .d = (int32_t)length},
        span);
    return slot;
}

static bool known_index(const struct expr *index, uint32_t length, uint32_t *ret_index)
{
    int64_t at = index->number;
    bool negative = index->shape == EXPR_NEGATE && index->left->shape == EXPR_INTEGER;
    if (index->shape != EXPR_INTEGER && !negative)
        return false;
    if (negative)
        at = -index->left->number;
    at += at < 0 ? length : 0;
    *ret_index = (uint32_t)at;
    return at >= 0 && at < length;
}

/* The thing of a shared variable or of an element of a shared list. */
struct thing variable_thing(struct compiler *compiler, struct expr *expr)
{
    struct expr *base = expr->shape == EXPR_INDEX ? expr->left : expr;
    const struct symbol *symbol = base->symbol;
    uint32_t width = type_width(expr->shape == EXPR_INDEX ? symbol->type->item : symbol->type);
    struct thing thing = {.d = (int32_t)symbol->first,
                          .b = NO_SLOT,
                          .atomic = symbol->atomic,
                          .width = (uint8_t)width};
    if (expr->shape != EXPR_INDEX)
        return thing;
    uint32_t at, length = symbol->type->count;
    if (known_index(expr->right, length, &at)) {
        thing.d += (int32_t)(at * width);
        return thing;
    }
    thing.extent = (struct extent){symbol->first, length * width};
    thing.b = compile_index(compiler, expr->right, length, width, expr->span);
    return thing;
}

/* The number of an object or thread in a list of them. */
static void element_id(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    const struct symbol *symbol = expr->left->symbol;
    uint32_t at, length = symbol->type->count, top = compiler->top;
    if (known_index(expr->right, length, &at)) {
        code_constant(compiler, slot, symbol->first + at, expr->span);
        return;
    }
    uint16_t index = compile_index(compiler, expr->right, length, 1, expr->span);
    if (symbol->first == 0) {
        code_move(compiler, slot, index, 1, expr->span);
    } else {
        uint16_t first = code_take(compiler, 1);
        code_constant(compiler, first, symbol->first, expr->span);
        code_emit(compiler, (struct instruction){.op = OP_ADD, .a = slot, .b = index, .c = first},
                  expr->span);
    }
    compiler->top = top;
}

static void list_element(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    const struct type *list = expr->left->type;
    uint32_t top = compiler->top, width = type_width(list->item), at;
    uint16_t base = compile_elements(compiler, expr->left);
    if (known_index(expr->right, list->count, &at)) {
        code_move(compiler, slot, (uint16_t)(base + at * width), width, expr->span);
    } else {
        uint16_t index = compile_index(compiler, expr->right, list->count, width, expr->span);
        uint32_t pc =
            code_emit(compiler,
                      (struct instruction){
                          .op = OP_GET, .a = slot, .b = base, .c = index, .x = (uint8_t)width},
                      expr->span);
        compiler->extents.items[pc] = (struct extent){base, type_width(list)};
    }
    compiler->top = top;
}

static void tuple_item(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    const struct type *tuple = expr->left->type;
    uint32_t top = compiler->top, first = 0;
    int64_t at = 0;
    evaluate_integer(compiler->check, expr->right, &at);
    at += at < 0 ? tuple->count : 0;
    uint16_t base = compile_operand(compiler, expr->left);
    for (int64_t i = 0; i < at && i < tuple->count; i++)
        first += type_width(tuple->items[i]);
    code_move(compiler, slot, (uint16_t)(base + first), type_width(expr->type), expr->span);
    compiler->top = top;
}

static void element(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    const struct symbol *symbol = expr->left->shape == EXPR_NAME ? expr->left->symbol : NULL;
    if (expr->left->type->shape == TYPE_TUPLE)
        tuple_item(compiler, expr, slot);
    else if (symbol && symbol->shape == SYMBOL_VARIABLE)
        load(compiler, expr, slot);
    else if (symbol && symbol->shape != SYMBOL_LOCAL)
        element_id(compiler, expr, slot);
    else
        list_element(compiler, expr, slot);
}

/* ---- operators ---- */

void compile_infix(struct compiler *compiler, enum infix infix, const struct type *left,
                   const struct type *right, uint16_t to, uint16_t a, uint16_t b, struct span span)
{
    compile_not_none(compiler, left, a, span);
    compile_not_none(compiler, right, b, span);
    if (left->shape == TYPE_STRING) {
        uint32_t top = compiler->top;
        uint16_t both = code_take(compiler, 2);
        code_move(compiler, both, a, 1, span);
        code_move(compiler, (uint16_t)(both + 1), b, 1, span);
        code_emit(compiler, (struct instruction){.op = OP_CONCAT, .a = to, .b = both, .x = 2},
                  span);
        compiler->top = top;
        return;
    }
    code_emit(compiler, (struct instruction){.op = check_opcode(infix), .a = to, .b = a, .c = b},
              span);
}

static void binary(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    uint32_t top = compiler->top;
    uint16_t a = compile_operand(compiler, expr->left);
    uint16_t b = compile_operand(compiler, expr->right);
    compile_infix(compiler, expr->infix, expr->left->type, expr->right->type, slot, a, b,
                  expr->span);
    compiler->top = top;
}

static void ordered(struct compiler *compiler, enum infix infix, struct expr *left,
                    struct expr *right, uint16_t to, uint16_t a, uint16_t b)
{
    bool swap = infix == INFIX_GREATER || infix == INFIX_GREATER_EQUAL;
    bool equal = infix == INFIX_LESS_EQUAL || infix == INFIX_GREATER_EQUAL;
    struct span span = {left->span.start, right->span.end};
    compile_not_none(compiler, left->type, a, span);
    compile_not_none(compiler, right->type, b, span);
    bool text = left->type->shape == TYPE_STRING;
    struct instruction in = {.a = to, .b = swap ? b : a, .c = swap ? a : b};
    in.op = text ? OP_STR_LT : equal ? OP_LE : OP_LT;
    in.x = text && equal;
    code_emit(compiler, in, span);
}

/* One link of a comparison, its operands in slots. */
static void compare_link(struct compiler *compiler, enum infix infix, struct expr *left,
                         struct expr *right, uint16_t to, uint16_t a, uint16_t b)
{
    struct span span = {left->span.start, right->span.end};
    uint32_t width = type_width(left->type);
    if (infix >= INFIX_LESS && infix <= INFIX_GREATER_EQUAL) {
        ordered(compiler, infix, left, right, to, a, b);
        return;
    }
    bool equal = infix == INFIX_EQUAL || infix == INFIX_IS;
    if (left->type->shape == TYPE_TUPLE && left->type->count != right->type->count) {
        code_constant(compiler, to, !equal, span);
        return;
    }
    code_emit(
        compiler,
        (struct instruction){
            .op = (uint8_t)(equal ? OP_EQ : OP_NE), .a = to, .b = a, .c = b, .x = (uint8_t)width},
        span);
}

static bool whole_list(enum infix infix, const struct expr *left, const struct expr *right)
{
    return infix == INFIX_IN || infix == INFIX_NOT_IN || left->type->shape == TYPE_LIST ||
           right->type->shape == TYPE_LIST;
}

static void compare_pair(struct compiler *compiler, struct expr *expr, uint32_t i, uint16_t slot,
                         uint16_t *ret_right)
{
    enum infix infix = expr->infixes[i - 1];
    struct expr *left = expr->items[i - 1], *right = expr->items[i];
    uint16_t a = *ret_right;
    if (left->type->shape == TYPE_LIST && infix != INFIX_IN && infix != INFIX_NOT_IN) {
        compile_list_equal(compiler, left, right, slot, infix == INFIX_EQUAL);
        return;
    }
    if (i == 1)
        a = compile_operand(compiler, left);
    if (whole_list(infix, left, right)) {
        compile_membership(compiler, a, right, slot, infix == INFIX_IN);
        return;
    }
    *ret_right = compile_operand(compiler, right);
    compare_link(compiler, infix, left, right, slot, a, *ret_right);
}

/* a < b < c: each operand once, and c only when a < b. */
static void compare(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    uint32_t top = compiler->top;
    int32_t done = NO_JUMPS;
    uint16_t right = NO_SLOT;
    uint16_t result = code_take(compiler, 1);
    for (uint32_t i = 1; i < expr->count; i++) {
        compare_pair(compiler, expr, i, result, &right);
        if (i + 1 < expr->count)
            code_jump_on(compiler, false, result, &done, expr->span);
    }
    code_patch(compiler, done);
    code_move(compiler, slot, result, 1, expr->span);
    compiler->top = top;
}

/* ---- conditions ---- */

static void jump_on_value(struct compiler *compiler, struct expr *expr, bool when, int32_t *chain)
{
    uint32_t top = compiler->top;
    if (expr->type->shape == TYPE_LIST || expr->type->shape == TYPE_TUPLE) {
        bool truth = expr->type->count > 0;
        if (truth == when)
            code_jump(compiler, chain, expr->span);
        return;
    }
    uint16_t slot = compile_operand(compiler, expr);
    bool plain = expr->type->shape == TYPE_BOOLEAN || expr->type->shape == TYPE_INTEGER ||
                 expr->type->shape == TYPE_DURATION;
    if (!plain || expr->type->optional) {
        uint8_t kind[2], optional[2];
        uint16_t truth = code_take(compiler, 1);
        type_slots(expr->type, kind, optional);
        code_emit(compiler,
                  (struct instruction){.op = OP_TRUTH, .a = truth, .b = slot, .x = kind[0]},
                  expr->span);
        slot = truth;
    }
    code_jump_on(compiler, when, slot, chain, expr->span);
    compiler->top = top;
}

void compile_jump(struct compiler *compiler, struct expr *expr, bool when, int32_t *chain)
{
    if (expr->shape == EXPR_NOT) {
        compile_jump(compiler, expr->left, !when, chain);
        return;
    }
    if (expr->shape == EXPR_BOOLEAN) {
        if ((expr->number != 0) == when)
            code_jump(compiler, chain, expr->span);
        return;
    }
    if (expr->shape != EXPR_AND && expr->shape != EXPR_OR) {
        jump_on_value(compiler, expr, when, chain);
        return;
    }
    /* `or` when true, `and` when false: any operand may decide; else all but the last skip. */
    bool any = (expr->shape == EXPR_OR) == when;
    int32_t skip = NO_JUMPS;
    for (uint32_t i = 0; i < expr->count; i++) {
        bool last = i + 1 == expr->count;
        if (any || last)
            compile_jump(compiler, expr->items[i], when, chain);
        else
            compile_jump(compiler, expr->items[i], !when, &skip);
    }
    code_patch(compiler, skip);
}

/* 0 or 1 of a condition. */
static void condition_value(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    int32_t no = NO_JUMPS, done = NO_JUMPS;
    compile_jump(compiler, expr, false, &no);
    code_constant(compiler, slot, 1, expr->span);
    code_jump(compiler, &done, expr->span);
    code_patch(compiler, no);
    code_constant(compiler, slot, 0, expr->span);
    code_patch(compiler, done);
}

/* `a or b` as a value: the operand that decided. */
static void junction(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    int32_t done = NO_JUMPS;
    uint8_t kind[TUPLE_MAX + 1], optional[TUPLE_MAX + 1];
    uint16_t result = code_take(compiler, type_width(expr->type));
    for (uint32_t i = 0; i < expr->count; i++) {
        compile_into(compiler, expr->items[i], result);
        if (i + 1 == expr->count)
            break;
        uint32_t top = compiler->top;
        uint16_t truth = code_take(compiler, 1);
        type_slots(expr->items[i]->type, kind, optional);
        code_emit(compiler,
                  (struct instruction){.op = OP_TRUTH, .a = truth, .b = result, .x = kind[0]},
                  expr->items[i]->span);
        code_jump_on(compiler, expr->shape == EXPR_OR, truth, &done, expr->span);
        compiler->top = top;
    }
    code_patch(compiler, done);
    code_move(compiler, slot, result, type_width(expr->type), expr->span);
}

static void conditional(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    int32_t otherwise = NO_JUMPS, done = NO_JUMPS;
    compile_jump(compiler, expr->third, false, &otherwise);
    compile_into(compiler, expr->left, slot);
    code_jump(compiler, &done, expr->span);
    code_patch(compiler, otherwise);
    compile_into(compiler, expr->right, slot);
    code_patch(compiler, done);
}

static void tuple(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    uint16_t all = code_take(compiler, type_width(expr->type)), at = all;
    for (uint32_t i = 0; i < expr->count; i++) {
        compile_into(compiler, expr->items[i], at);
        at = (uint16_t)(at + type_width(expr->items[i]->type));
    }
    code_move(compiler, slot, all, type_width(expr->type), expr->span);
}

static void negate(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    bool literal = expr->left->shape == EXPR_INTEGER || expr->left->shape == EXPR_DURATION;
    if (literal && expr->left->number != INT64_MIN) {
        code_constant(compiler, slot, -expr->left->number, expr->span);
        return;
    }
    uint16_t value = compile_number(compiler, expr->left);
    code_emit(compiler, (struct instruction){.op = OP_NEG, .a = slot, .b = value}, expr->span);
}

/* ---- all together ---- */

static void compile_shape(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    switch (expr->shape) {
    case EXPR_INTEGER:
    case EXPR_DURATION:
    case EXPR_BOOLEAN: code_constant(compiler, slot, expr->number, expr->span); break;
    case EXPR_NONE: code_constant(compiler, slot, NONE_VALUE, expr->span); break;
    case EXPR_STRING: code_string(compiler, slot, expr->text, expr->span); break;
    case EXPR_FORMAT: compile_format(compiler, expr, slot); break;
    case EXPR_NAME: name(compiler, expr, slot); break;
    case EXPR_TUPLE: tuple(compiler, expr, slot); break;
    case EXPR_LIST:
    case EXPR_COMPREHENSION: compile_list(compiler, expr, slot); break;
    case EXPR_NEGATE: negate(compiler, expr, slot); break;
    case EXPR_NOT: condition_value(compiler, expr, slot); break;
    case EXPR_BINARY: binary(compiler, expr, slot); break;
    case EXPR_COMPARE: compare(compiler, expr, slot); break;
    case EXPR_AND:
    case EXPR_OR:
        if (expr->type->shape == TYPE_BOOLEAN && !expr->type->optional)
            condition_value(compiler, expr, slot);
        else
            junction(compiler, expr, slot);
        break;
    case EXPR_CONDITIONAL: conditional(compiler, expr, slot); break;
    case EXPR_INDEX: element(compiler, expr, slot); break;
    case EXPR_ATTRIBUTE: compile_attribute(compiler, expr, slot); break;
    case EXPR_CALL: compile_call(compiler, expr, slot); break;
    case EXPR_LAMBDA: compile_shape(compiler, expr->left, slot); break;
    case EXPR_ERROR:
    case EXPR_PIECE: break;
    }
}

void compile_into(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    uint32_t top = compiler->top;
    if (compiler->overflow)
        return;
    if (expr->type->shape == TYPE_LIST)
        compile_list(compiler, expr, slot);
    else
        compile_shape(compiler, expr, slot);
    compiler->top = top;
}
