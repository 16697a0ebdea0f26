/* Lists: going through them, making them in the frame, folding them. */
#include "lang/compile.h"

/* ---- going through ---- */

static void range_numbers(struct compiler *compiler, struct expr *call, struct walk *walk)
{
    struct check *check = compiler->check;
    struct expr *start = call->count >= 2 ? call->arguments[0].value : NULL;
    struct expr *step = call->count == 3 ? call->arguments[2].value : NULL;
    walk->start = 0;
    walk->step = 1;
    if (start)
        evaluate_integer(check, start, &walk->start);
    if (step)
        evaluate_integer(check, step, &walk->step);
    /* Reads of shared names are steps even when their value is known. */
    for (uint32_t i = 0; i < call->count; i++) {
        uint32_t top = compiler->top;
        if (call->arguments[i].value->shape != EXPR_INTEGER)
            compile_operand(compiler, call->arguments[i].value);
        compiler->top = top;
    }
}

void walk_begin(struct compiler *compiler, struct expr *expr, struct walk *walk)
{
    const struct type *type = expr->type;
    const struct symbol *symbol = expr->shape == EXPR_NAME ? expr->symbol : NULL;
    *walk = (struct walk){0};
    if (check_is_range(compiler->check, expr)) {
        walk->shape = WALK_RANGE;
        walk->width = 1;
        walk->count = (uint32_t)check_range_length(compiler->check, expr);
        range_numbers(compiler, expr, walk);
    } else if (type->shape == TYPE_TUPLE) {
        walk->shape = WALK_SLOTS;
        walk->count = type->count;
        walk->width = type->count ? type_width(type->items[0]) : 1;
        walk->base = compile_operand(compiler, expr);
    } else if (symbol && symbol->shape == SYMBOL_VARIABLE) {
        walk->shape = WALK_CELLS;
        walk->count = type->count;
        walk->width = type_width(type->item);
        walk->thing = (struct thing){.d = (int32_t)symbol->first,
                                     .extent = {symbol->first, type_width(type)},
                                     .atomic = symbol->atomic,
                                     .width = (uint8_t)walk->width};
    } else if (symbol && symbol->shape != SYMBOL_LOCAL) {
        walk->shape = WALK_IDS;
        walk->count = type->count;
        walk->width = 1;
        walk->first = symbol->first;
    } else {
        walk->shape = WALK_SLOTS;
        walk->count = type->count;
        walk->width = type_width(type->item);
        walk->base = compile_elements(compiler, expr);
    }
    walk->index = code_take(compiler, 1);
}

static uint16_t scaled(struct compiler *compiler, struct walk *walk, struct span span)
{
    if (walk->width == 1)
        return walk->index;
    uint16_t slot = code_take(compiler, 1);
    code_emit(compiler,
              (struct instruction){.op = OP_BOUNDS,
                                   .a = slot,
                                   .b = walk->index,
                                   .x = (uint8_t)walk->width,
                                   .d = (int32_t)walk->count},
              span);
    return slot;
}

/* slot = first + index * step */
static void linear(struct compiler *compiler, int64_t first, int64_t step, uint16_t index,
                   uint16_t slot, struct span span)
{
    uint16_t number = code_take(compiler, 1), product = index;
    if (step != 1) {
        product = code_take(compiler, 1);
        code_constant(compiler, number, step, span);
        code_emit(compiler,
                  (struct instruction){.op = OP_MUL, .a = product, .b = index, .c = number}, span);
    }
    if (first == 0) {
        code_move(compiler, slot, product, 1, span);
        return;
    }
    code_constant(compiler, number, first, span);
    code_emit(compiler, (struct instruction){.op = OP_ADD, .a = slot, .b = product, .c = number},
              span);
}

void walk_item(struct compiler *compiler, struct walk *walk, uint16_t slot, struct span span)
{
    uint32_t top = compiler->top;
    struct thing thing = walk->thing;
    uint32_t pc;
    switch (walk->shape) {
    case WALK_RANGE: linear(compiler, walk->start, walk->step, walk->index, slot, span); break;
    case WALK_IDS: linear(compiler, walk->first, 1, walk->index, slot, span); break;
    case WALK_CELLS:
        thing.b = scaled(compiler, walk, span);
        code_thing(compiler, thing.atomic ? OP_ATOMIC_LOAD : OP_LOAD, slot, thing, NO_SLOT,
                   thing.atomic ? 0 : thing.width, span);
        break;
    case WALK_SLOTS:
        pc = code_emit(compiler,
                       (struct instruction){.op = OP_GET,
                                            .a = slot,
                                            .b = walk->base,
                                            .c = scaled(compiler, walk, span),
                                            .x = (uint8_t)walk->width},
                       span);
        compiler->extents.items[pc] = (struct extent){walk->base, walk->count * walk->width};
        break;
    }
    compiler->top = top;
}

uint32_t walk_head(struct compiler *compiler, struct walk *walk, int32_t *exits, struct span span)
{
    uint32_t top = compiler->top;
    code_constant(compiler, walk->index, 0, span);
    uint32_t head = code_here(compiler);
    uint16_t count = code_take(compiler, 1);
    code_constant(compiler, count, walk->count, span);
    code_emit(compiler, (struct instruction){.op = OP_LT, .a = count, .b = walk->index, .c = count},
              span);
    code_jump_on(compiler, false, count, exits, span);
    compiler->top = top;
    return head;
}

void walk_foot(struct compiler *compiler, struct walk *walk, uint32_t head, struct span span)
{
    uint32_t top = compiler->top;
    uint16_t one = code_take(compiler, 1);
    code_constant(compiler, one, 1, span);
    code_emit(compiler,
              (struct instruction){.op = OP_ADD, .a = walk->index, .b = walk->index, .c = one},
              span);
    code_jump_back(compiler, head, span);
    compiler->top = top;
}

/* ---- making ---- */

static void comprehension(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    struct walk walk;
    int32_t exits = NO_JUMPS;
    uint32_t width = type_width(expr->type->item);
    uint64_t times = compiler->times;
    walk_begin(compiler, expr->right, &walk);
    compiler->times = times * expr->type->count;
    if (compiler->times > MAX_THREADS)
        compiler->times = MAX_THREADS;
    uint32_t head = walk_head(compiler, &walk, &exits, expr->span);
    walk_item(compiler, &walk, expr->symbol->slot, expr->name_span);
    uint32_t top = compiler->top;
    uint16_t item = code_take(compiler, width);
    compile_into(compiler, expr->left, item);
    struct walk scale = walk;
    scale.width = width;
    uint16_t at = scaled(compiler, &scale, expr->span);
    uint32_t pc = code_emit(
        compiler,
        (struct instruction){.op = OP_PUT, .a = slot, .b = at, .c = item, .x = (uint8_t)width},
        expr->span);
    compiler->extents.items[pc] = (struct extent){slot, type_width(expr->type)};
    compiler->top = top;
    walk_foot(compiler, &walk, head, expr->span);
    code_patch(compiler, exits);
    compiler->times = times;
}

static void repeated(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    bool left = expr->left->type->shape == TYPE_LIST;
    struct expr *list = left ? expr->left : expr->right, *times = left ? expr->right : expr->left;
    uint32_t once = type_width(list->type), all = type_width(expr->type), top = compiler->top;
    if (!left)
        compile_operand(compiler, times);
    uint16_t from = once <= all ? slot : code_take(compiler, once);
    compile_into(compiler, list, from);
    if (left && times->shape != EXPR_INTEGER)
        compile_operand(compiler, times);
    compiler->top = top;
    for (uint32_t done = once; once > 0 && done < all;) {
        uint32_t now = all - done < done ? all - done : done;
        now = now > 128 ? 128 - 128 % once : now;
        now = now ? now : once;
        code_move(compiler, (uint16_t)(slot + done), slot, now, expr->span);
        done += now;
    }
}

static void copy_ids(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    for (uint32_t i = 0; i < expr->type->count; i++)
        code_constant(compiler, (uint16_t)(slot + i), expr->symbol->first + i, expr->span);
}

static void copy_cells(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    const struct symbol *symbol = expr->symbol;
    uint32_t width = type_width(symbol->type->item);
    for (uint32_t i = 0; i < symbol->type->count; i++) {
        struct thing thing = {.d = (int32_t)(symbol->first + i * width),
                              .b = NO_SLOT,
                              .atomic = symbol->atomic,
                              .width = (uint8_t)width};
        code_thing(compiler, thing.atomic ? OP_ATOMIC_LOAD : OP_LOAD, (uint16_t)(slot + i * width),
                   thing, NO_SLOT, thing.atomic ? 0 : thing.width, expr->span);
    }
}

void compile_list(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    uint16_t at = slot;
    if (expr->shape == EXPR_LIST) {
        for (uint32_t i = 0; i < expr->count; i++) {
            compile_into(compiler, expr->items[i], at);
            at = (uint16_t)(at + type_width(expr->items[i]->type));
        }
    } else if (expr->shape == EXPR_COMPREHENSION) {
        comprehension(compiler, expr, slot);
    } else if (expr->shape == EXPR_BINARY) {
        repeated(compiler, expr, slot);
    } else if (expr->shape == EXPR_NAME && expr->symbol->shape == SYMBOL_LOCAL) {
        code_move(compiler, slot, expr->symbol->slot, type_width(expr->type), expr->span);
    } else if (expr->shape == EXPR_NAME && expr->symbol->shape == SYMBOL_VARIABLE) {
        copy_cells(compiler, expr, slot);
    } else if (expr->shape == EXPR_NAME) {
        copy_ids(compiler, expr, slot);
    }
}

uint16_t compile_elements(struct compiler *compiler, struct expr *expr)
{
    if (expr->shape == EXPR_NAME && expr->symbol->shape == SYMBOL_LOCAL &&
        expr->symbol->slot != NO_SLOT)
        return expr->symbol->slot;
    uint16_t slot = code_take(compiler, type_width(expr->type));
    compile_into(compiler, expr, slot);
    return slot;
}

/* ---- comparing and folding ---- */

/* The end of a search: `exits` go to the answer when nothing was found, `found` to the other one.
 */
static void answer(struct compiler *compiler, int32_t exits, int32_t found, uint16_t slot,
                   bool when_found, struct span span)
{
    int32_t done = NO_JUMPS;
    code_patch(compiler, exits);
    code_constant(compiler, slot, !when_found, span);
    code_jump(compiler, &done, span);
    code_patch(compiler, found);
    code_constant(compiler, slot, when_found, span);
    code_patch(compiler, done);
}

static void tuple_membership(struct compiler *compiler, uint16_t item_slot, struct expr *tuple,
                             uint16_t slot, bool wanted)
{
    int32_t found = NO_JUMPS;
    uint16_t at = compile_operand(compiler, tuple), equal = code_take(compiler, 1);
    for (uint32_t i = 0; i < tuple->type->count; i++) {
        uint32_t width = type_width(tuple->type->items[i]);
        code_emit(compiler,
                  (struct instruction){
                      .op = OP_EQ, .a = equal, .b = item_slot, .c = at, .x = (uint8_t)width},
                  tuple->span);
        code_jump_on(compiler, true, equal, &found, tuple->span);
        at = (uint16_t)(at + width);
    }
    answer(compiler, NO_JUMPS, found, slot, wanted, tuple->span);
}

void compile_membership(struct compiler *compiler, uint16_t item_slot, struct expr *list,
                        uint16_t slot, bool wanted)
{
    uint32_t top = compiler->top;
    if (list->type->shape == TYPE_TUPLE) {
        tuple_membership(compiler, item_slot, list, slot, wanted);
        compiler->top = top;
        return;
    }
    struct walk walk;
    int32_t exits = NO_JUMPS, found = NO_JUMPS;
    walk_begin(compiler, list, &walk);
    uint16_t element = code_take(compiler, walk.width), equal = code_take(compiler, 1);
    uint32_t head = walk_head(compiler, &walk, &exits, list->span);
    walk_item(compiler, &walk, element, list->span);
    code_emit(compiler,
              (struct instruction){
                  .op = OP_EQ, .a = equal, .b = item_slot, .c = element, .x = (uint8_t)walk.width},
              list->span);
    code_jump_on(compiler, true, equal, &found, list->span);
    walk_foot(compiler, &walk, head, list->span);
    answer(compiler, exits, found, slot, wanted, list->span);
    compiler->top = top;
}

void compile_list_equal(struct compiler *compiler, struct expr *left, struct expr *right,
                        uint16_t slot, bool wanted)
{
    uint32_t top = compiler->top;
    struct walk a, b;
    int32_t exits = NO_JUMPS, differ = NO_JUMPS;
    struct span span = {left->span.start, right->span.end};
    walk_begin(compiler, left, &a);
    walk_begin(compiler, right, &b);
    bool same_length = left->type->count == right->type->count;
    if (!same_length) {
        code_constant(compiler, slot, !wanted, span);
        compiler->top = top;
        return;
    }
    b.index = a.index;
    uint16_t one = code_take(compiler, a.width), two = code_take(compiler, a.width),
             other = code_take(compiler, 1);
    uint32_t head = walk_head(compiler, &a, &exits, span);
    walk_item(compiler, &a, one, left->span);
    walk_item(compiler, &b, two, right->span);
    code_emit(
        compiler,
        (struct instruction){.op = OP_NE, .a = other, .b = one, .c = two, .x = (uint8_t)a.width},
        span);
    code_jump_on(compiler, true, other, &differ, span);
    walk_foot(compiler, &a, head, span);
    answer(compiler, exits, differ, slot, !wanted, span);
    compiler->top = top;
}

/* all(xs) and any(xs): up to the first element that decides. */
static void decide(struct compiler *compiler, struct expr *list, bool any, uint16_t slot)
{
    struct walk walk;
    int32_t exits = NO_JUMPS, decided = NO_JUMPS;
    uint8_t kind[TUPLE_MAX + 1], optional[TUPLE_MAX + 1];
    walk_begin(compiler, list, &walk);
    uint16_t element = code_take(compiler, walk.width), truth = code_take(compiler, 1);
    uint32_t head = walk_head(compiler, &walk, &exits, list->span);
    walk_item(compiler, &walk, element, list->span);
    type_slots(list->type->item, kind, optional);
    code_emit(compiler,
              (struct instruction){.op = OP_TRUTH, .a = truth, .b = element, .x = kind[0]},
              list->span);
    code_jump_on(compiler, any, truth, &decided, list->span);
    walk_foot(compiler, &walk, head, list->span);
    answer(compiler, exits, decided, slot, any, list->span);
}

/* The accumulator takes the element when it is smaller (larger). */
static void keep_extreme(struct compiler *compiler, bool smallest, uint16_t best, uint16_t element,
                         struct span span)
{
    int32_t keep = NO_JUMPS;
    uint32_t top = compiler->top;
    uint16_t better = code_take(compiler, 1);
    code_emit(compiler,
              (struct instruction){.op = OP_LT,
                                   .a = better,
                                   .b = smallest ? element : best,
                                   .c = smallest ? best : element},
              span);
    code_jump_on(compiler, false, better, &keep, span);
    code_move(compiler, best, element, 1, span);
    code_patch(compiler, keep);
    compiler->top = top;
}

static void fold_list(struct compiler *compiler, struct expr *call, uint16_t best)
{
    struct expr *list = call->arguments[0].value;
    enum callable id = call->method->id;
    struct walk walk;
    int32_t exits = NO_JUMPS, first = NO_JUMPS;
    if (id != CALL_SUM && list->type->count == 0) {
        code_raise(compiler, EXCEPTION_VALUE,
                   id == CALL_MIN ? "min() arg is an empty sequence"
                                  : "max() arg is an empty sequence",
                   call->span);
        return;
    }
    walk_begin(compiler, list, &walk);
    uint16_t element = code_take(compiler, walk.width);
    code_constant(compiler, best, 0, call->span);
    uint32_t head = walk_head(compiler, &walk, &exits, call->span);
    walk_item(compiler, &walk, element, list->span);
    compile_not_none(compiler, list->type->item, element, list->span);
    if (id == CALL_SUM) {
        code_emit(compiler, (struct instruction){.op = OP_ADD, .a = best, .b = best, .c = element},
                  call->span);
    } else {
        int32_t next = NO_JUMPS;
        code_jump_on(compiler, false, walk.index, &first, call->span);
        keep_extreme(compiler, id == CALL_MIN, best, element, call->span);
        code_jump(compiler, &next, call->span);
        code_patch(compiler, first);
        code_move(compiler, best, element, 1, call->span);
        code_patch(compiler, next);
    }
    walk_foot(compiler, &walk, head, call->span);
    code_patch(compiler, exits);
}

void compile_fold(struct compiler *compiler, struct expr *call, uint16_t slot)
{
    enum callable id = call->method->id;
    struct expr *first = call->arguments[0].value;
    if (id == CALL_ALL || id == CALL_ANY) {
        decide(compiler, first, id == CALL_ANY, slot);
        return;
    }
    uint16_t best = code_take(compiler, 1);
    if (call->count == 1) {
        fold_list(compiler, call, best);
    } else {
        uint16_t values =
            code_take(compiler, call->count); /* all are evaluated before any is compared */
        for (uint32_t i = 0; i < call->count; i++) {
            struct expr *value = call->arguments[i].value;
            compile_into(compiler, value, (uint16_t)(values + i));
            compile_not_none(compiler, value->type, (uint16_t)(values + i), value->span);
        }
        code_move(compiler, best, values, 1, call->span);
        for (uint32_t i = 1; i < call->count; i++)
            keep_extreme(compiler, id == CALL_MIN, best, (uint16_t)(values + i), call->span);
    }
    code_move(compiler, slot, best, 1, call->span);
}
