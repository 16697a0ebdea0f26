#include <string.h>

#include "lang/compile.h"

/* ---- assignment ---- */

static void store_name(struct compiler *compiler, struct expr *target, uint16_t value)
{
    const struct symbol *symbol = target->symbol;
    if (target->shape == EXPR_NAME && symbol->shape == SYMBOL_LOCAL) {
        code_move(compiler, symbol->slot, value, type_width(symbol->type), target->span);
        return;
    }
    struct thing thing = variable_thing(compiler, target);
    code_thing(compiler, thing.atomic ? OP_ATOMIC_STORE : OP_STORE, value, thing, NO_SLOT,
               thing.atomic ? 0 : thing.width, target->span);
}

static void put(struct compiler *compiler, struct expr *target, uint16_t index, uint16_t value)
{
    const struct type *list = target->left->type;
    uint32_t width = type_width(list->item);
    uint16_t base = target->left->symbol->slot;
    uint32_t pc = code_emit(
        compiler,
        (struct instruction){.op = OP_PUT, .a = base, .b = index, .c = value, .x = (uint8_t)width},
        target->span);
    compiler->extents.items[pc] = (struct extent){base, type_width(list)};
}

static void store(struct compiler *compiler, struct expr *target, uint16_t value)
{
    uint32_t top = compiler->top, begin = code_here(compiler);
    const struct type *list = target->shape == EXPR_INDEX ? target->left->type : NULL;
    if (list && target->left->symbol->shape == SYMBOL_LOCAL)
        put(compiler, target,
            compile_index(compiler, target->right, list->count, type_width(list->item),
                          target->span),
            value);
    else
        store_name(compiler, target, value);
    /* The index of the target itself is the last one checked. */
    for (uint32_t pc = code_here(compiler); target->shape == EXPR_INDEX && pc-- > begin;)
        if (compiler->code.items[pc].op == OP_BOUNDS) {
            compiler->code.items[pc].c = 1;
            break;
        }
    compiler->top = top;
}

static void assignment(struct compiler *compiler, struct stmt *stmt)
{
    struct expr *target = stmt->items[0];
    bool local =
        stmt->count == 1 && target->shape == EXPR_NAME && target->symbol->shape == SYMBOL_LOCAL;
    if (local && stmt->value->type->shape != TYPE_LIST) {
        compile_into(compiler, stmt->value, target->symbol->slot);
        return;
    }
    uint16_t value = stmt->value->type->shape == TYPE_LIST ? compile_elements(compiler, stmt->value)
                                                           : compile_operand(compiler, stmt->value);
    for (uint32_t i = 0; i < stmt->count; i++) {
        store(compiler, stmt->items[i], value);
        if (stmt->count > 1)
            value = (uint16_t)(value + type_width(stmt->value->type->items[i]));
    }
}

/* x += e: the place is worked out once, then load, calculate, store. */
static void augment(struct compiler *compiler, struct stmt *stmt)
{
    struct expr *target = stmt->items[0];
    const struct expr *base = target->shape == EXPR_INDEX ? target->left : target;
    const struct type *type = stmt->message->left->type;
    struct span span = stmt->span;
    bool local = base->symbol->shape == SYMBOL_LOCAL;
    if (local && target->shape == EXPR_NAME) {
        uint16_t slot = target->symbol->slot, value = compile_operand(compiler, stmt->value);
        compile_infix(compiler, stmt->infix, type, stmt->value->type, slot, slot, value, span);
        return;
    }
    uint16_t old = code_take(compiler, 1), index = NO_SLOT;
    struct thing thing = {0};
    if (local) {
        const struct type *list = target->left->type;
        index = compile_index(compiler, target->right, list->count, 1, target->span);
        uint32_t pc =
            code_emit(compiler,
                      (struct instruction){
                          .op = OP_GET, .a = old, .b = base->symbol->slot, .c = index, .x = 1},
                      span);
        compiler->extents.items[pc] = (struct extent){base->symbol->slot, type_width(list)};
    } else {
        thing = variable_thing(compiler, target);
        code_thing(compiler, OP_LOAD, old, thing, NO_SLOT, thing.width, target->span);
    }
    uint16_t value = compile_operand(compiler, stmt->value);
    compile_infix(compiler, stmt->infix, type, stmt->value->type, old, old, value, span);
    if (local)
        put(compiler, target, index, old);
    else
        code_thing(compiler, OP_STORE, old, thing, NO_SLOT, thing.width, target->span);
}

/* ---- loops ---- */

static bool target_is(const struct expr *target, const struct symbol *symbol)
{
    return target->shape == EXPR_NAME && target->symbol == symbol;
}

/* Does the block assign the loop's variable? */
static bool assigns(const struct block *block, const struct symbol *symbol)
{
    for (uint32_t i = 0; i < block->count; i++) {
        const struct stmt *stmt = block->items[i];
        bool targets = stmt->shape == STMT_ASSIGN || stmt->shape == STMT_AUGMENT;
        for (uint32_t k = 0; targets && k < stmt->count; k++)
            if (target_is(stmt->items[k], symbol))
                return true;
        if (stmt->symbol == symbol || assigns(&stmt->body, symbol) ||
            assigns(&stmt->otherwise, symbol) || assigns(&stmt->finally, symbol))
            return true;
        for (uint32_t k = 0; k < stmt->branch_count; k++)
            if (assigns(&stmt->branches[k].body, symbol))
                return true;
        for (uint32_t k = 0; k < stmt->handler_count; k++)
            if (stmt->handlers[k].symbol == symbol || assigns(&stmt->handlers[k].body, symbol))
                return true;
    }
    return false;
}

static void loop_open(struct compiler *compiler, struct scope *scope)
{
    *scope = (struct scope){
        .shape = SCOPE_LOOP, .outer = compiler->scope, .breaks = NO_JUMPS, .continues = NO_JUMPS};
    compiler->scope = scope;
}

/* The body; then the place where `continue` goes on, and the turn if there must be one. */
static void loop_body(struct compiler *compiler, struct scope *scope, struct stmt *stmt,
                      uint32_t head, int64_t rounds)
{
    uint64_t times = compiler->times;
    bool few = rounds >= 0 && rounds <= 100;
    compiler->times = rounds >= 0 && rounds < MAX_THREADS ? times * (uint64_t)rounds : MAX_THREADS;
    compiler->times = compiler->times > MAX_THREADS ? MAX_THREADS : compiler->times;
    compile_block(compiler, &stmt->body);
    compiler->times = times;
    code_patch(compiler, scope->continues);
    if (!compiler->overflow && turn_needed(compiler, head, code_here(compiler), few))
        code_emit(compiler, (struct instruction){.op = OP_TURN}, stmt->span);
    compiler->scope = scope->outer;
}

static void while_loop(struct compiler *compiler, struct stmt *stmt)
{
    struct scope scope;
    int32_t exits = NO_JUMPS;
    uint32_t head = code_here(compiler);
    compile_jump(compiler, stmt->value, false, &exits);
    loop_open(compiler, &scope);
    loop_body(compiler, &scope, stmt, head, -1);
    code_jump_back(compiler, head, stmt->span);
    code_patch(compiler, exits);
    code_patch(compiler, scope.breaks);
}

static void repeat_loop(struct compiler *compiler, struct stmt *stmt)
{
    struct scope scope;
    int32_t exits = NO_JUMPS;
    int64_t rounds;
    uint16_t left = code_take(compiler, 1);
    if (!evaluate_integer(compiler->check, stmt->value, &rounds))
        rounds = -1;
    compile_into(compiler, stmt->value, left);
    compile_not_none(compiler, stmt->value->type, left, stmt->value->span);
    uint32_t head = code_here(compiler), top = compiler->top;
    uint16_t one = code_take(compiler, 1);
    code_constant(compiler, one, 1, stmt->span);
    code_emit(compiler, (struct instruction){.op = OP_LT, .a = one, .b = left, .c = one},
              stmt->span);
    code_jump_on(compiler, true, one, &exits, stmt->span);
    compiler->top = top;
    loop_open(compiler, &scope);
    loop_body(compiler, &scope, stmt, head, rounds);
    code_constant(compiler, one, 1, stmt->span);
    code_emit(compiler, (struct instruction){.op = OP_SUB, .a = left, .b = left, .c = one},
              stmt->span);
    code_jump_back(compiler, head, stmt->span);
    code_patch(compiler, exits);
    code_patch(compiler, scope.breaks);
}

/* The bounds of a range in slots, or as literals that need none. */
struct bound {
    bool literal;
    int64_t number;
    uint16_t slot;
};

static struct bound make_bound(struct compiler *compiler, struct expr *expr, int64_t otherwise)
{
    struct bound bound = {.literal = true, .number = otherwise, .slot = NO_SLOT};
    if (!expr)
        return bound;
    bool negative = expr->shape == EXPR_NEGATE && expr->left->shape == EXPR_INTEGER;
    if (expr->shape == EXPR_INTEGER || negative) {
        bound.number = negative ? -expr->left->number : expr->number;
        return bound;
    }
    bound.literal = false;
    bound.slot = code_take(compiler, 1);
    compile_into(compiler, expr, bound.slot);
    compile_not_none(compiler, expr->type, bound.slot, expr->span);
    return bound;
}

static uint16_t bound_slot(struct compiler *compiler, const struct bound *bound, struct span span)
{
    if (!bound->literal)
        return bound->slot;
    uint16_t slot = code_take(compiler, 1);
    code_constant(compiler, slot, bound->number, span);
    return slot;
}

/* Jumps to `exits` unless `at` is still before `stop` in the direction of `step`. */
static void range_test(struct compiler *compiler, uint16_t at, const struct bound *stop,
                       const struct bound *step, int32_t *exits, struct span span)
{
    uint32_t top = compiler->top;
    uint16_t limit = bound_slot(compiler, stop, span), inside = code_take(compiler, 1);
    struct instruction up = {.op = OP_LT, .a = inside, .b = at, .c = limit};
    struct instruction down = {.op = OP_LT, .a = inside, .b = limit, .c = at};
    if (step->literal) {
        code_emit(compiler, step->number > 0 ? up : down, span);
    } else {
        int32_t negative = NO_JUMPS, decided = NO_JUMPS;
        code_constant(compiler, inside, 0, span);
        code_emit(compiler,
                  (struct instruction){.op = OP_LT, .a = inside, .b = step->slot, .c = inside},
                  span);
        code_jump_on(compiler, true, inside, &negative, span);
        code_emit(compiler, up, span);
        code_jump(compiler, &decided, span);
        code_patch(compiler, negative);
        code_emit(compiler, down, span);
        code_patch(compiler, decided);
    }
    code_jump_on(compiler, false, inside, exits, span);
    compiler->top = top;
}

static void check_step(struct compiler *compiler, const struct bound *step, struct span span)
{
    int32_t fine = NO_JUMPS;
    if (step->literal && step->number != 0)
        return;
    if (!step->literal)
        code_jump_on(compiler, true, step->slot, &fine, span);
    code_raise(compiler, EXCEPTION_VALUE, "range() arg 3 must not be zero", span);
    code_patch(compiler, fine);
}

/*
 * for i in range(…). The variable itself counts, so a state holds nothing more than it; the next
 * value is tested before it is assigned, because after the loop the variable keeps its last value.
 * A body that assigns the variable gets a hidden counter.
 */
static void range_loop(struct compiler *compiler, struct stmt *stmt)
{
    struct expr *call = stmt->value;
    struct span span = stmt->name_span;
    struct scope scope;
    int32_t exits = NO_JUMPS;
    struct expr *first = call->count >= 2 ? call->arguments[0].value : NULL;
    struct bound start = make_bound(compiler, first, 0);
    struct bound stop = make_bound(compiler, call->arguments[call->count >= 2].value, 0);
    struct bound step = make_bound(compiler, call->count == 3 ? call->arguments[2].value : NULL, 1);
    bool hidden = assigns(&stmt->body, stmt->symbol);
    uint16_t variable = stmt->symbol->slot, at = hidden ? code_take(compiler, 1) : variable;
    check_step(compiler, &step, call->span);
    uint32_t top = compiler->top;
    uint16_t begin = bound_slot(compiler, &start, span);
    range_test(compiler, begin, &stop, &step, &exits, span);
    code_move(compiler, at, begin, 1, span);
    compiler->top = top;
    uint32_t head = code_here(compiler);
    if (hidden)
        code_move(compiler, variable, at, 1, span);
    loop_open(compiler, &scope);
    loop_body(compiler, &scope, stmt, head, check_range_length(compiler->check, call));
    uint16_t next = code_take(compiler, 1), stride = bound_slot(compiler, &step, span);
    code_emit(compiler, (struct instruction){.op = OP_ADD, .a = next, .b = at, .c = stride}, span);
    range_test(compiler, next, &stop, &step, &exits, span);
    code_move(compiler, at, next, 1, span);
    code_jump_back(compiler, head, span);
    code_patch(compiler, exits);
    code_patch(compiler, scope.breaks);
}

static void list_loop(struct compiler *compiler, struct stmt *stmt)
{
    struct walk walk;
    struct scope scope;
    int32_t exits = NO_JUMPS;
    walk_begin(compiler, stmt->value, &walk);
    uint32_t head = walk_head(compiler, &walk, &exits, stmt->span);
    walk_item(compiler, &walk, stmt->symbol->slot, stmt->name_span);
    loop_open(compiler, &scope);
    loop_body(compiler, &scope, stmt, head, walk.count);
    walk_foot(compiler, &walk, head, stmt->span);
    code_patch(compiler, exits);
    code_patch(compiler, scope.breaks);
}

/* ---- the others ---- */

static void if_statement(struct compiler *compiler, struct stmt *stmt)
{
    int32_t done = NO_JUMPS;
    for (uint32_t i = 0; i < stmt->branch_count; i++) {
        struct branch *branch = &stmt->branches[i];
        int32_t next = NO_JUMPS;
        if (branch->condition)
            compile_jump(compiler, branch->condition, false, &next);
        compile_block(compiler, &branch->body);
        if (i + 1 < stmt->branch_count)
            code_jump(compiler, &done, stmt->span);
        code_patch(compiler, next);
    }
    code_patch(compiler, done);
}

static void leave_loop(struct compiler *compiler, struct stmt *stmt)
{
    struct scope *loop = compiler->scope;
    while (loop->shape != SCOPE_LOOP)
        loop = loop->outer;
    scope_leave(compiler, loop, stmt->span);
    code_jump(compiler, stmt->shape == STMT_BREAK ? &loop->breaks : &loop->continues, stmt->span);
    for (struct scope *scope = compiler->scope; scope != loop; scope = scope->outer)
        scope->range_start = code_here(compiler);
}

static void return_statement(struct compiler *compiler, struct stmt *stmt)
{
    struct body *body = compiler->current->body;
    bool value =
        body->shape == BODY_DEF && !type_vague(body->result) && body->result->shape != TYPE_NONE;
    uint16_t slot = NO_SLOT;
    if (value) {
        slot = code_take(compiler, type_width(body->result));
        if (stmt->value)
            compile_into(compiler, stmt->value, slot);
        else
            code_constant(compiler, slot, NONE_VALUE, stmt->span);
    } else if (stmt->value) {
        uint32_t top = compiler->top;
        compile_operand(compiler, stmt->value);
        compiler->top = top;
    }
    scope_leave(compiler, NULL, stmt->span);
    if (body->shape == BODY_DEF)
        code_emit(compiler, (struct instruction){.op = OP_RETURN, .a = slot}, stmt->span);
    else
        code_jump(compiler, &compiler->ends, stmt->span);
    for (struct scope *scope = compiler->scope; scope; scope = scope->outer)
        scope->range_start = code_here(compiler);
}

static void raise_statement(struct compiler *compiler, struct stmt *stmt)
{
    struct expr *value = stmt->value;
    if (!value || !stmt->text) {
        uint16_t kind = value ? value->symbol->slot : compiler->caught_kind;
        uint16_t message = value ? (uint16_t)(kind + 1) : compiler->caught_message;
        code_emit(compiler, (struct instruction){.op = OP_RERAISE, .a = kind, .b = message},
                  stmt->span);
        return;
    }
    uint16_t message = NO_SLOT;
    if (value->shape == EXPR_CALL && value->count == 1) {
        message = code_take(compiler, 1);
        compile_text(compiler, value->arguments[0].value, NULL, message);
    }
    code_emit(compiler,
              (struct instruction){
                  .op = OP_RAISE, .a = message, .d = (int32_t)check_exception(stmt->text)},
              stmt->span);
}

static void assert_statement(struct compiler *compiler, struct stmt *stmt)
{
    int32_t fine = NO_JUMPS;
    uint16_t message = NO_SLOT;
    compile_jump(compiler, stmt->value, true, &fine);
    if (stmt->message) {
        message = code_take(compiler, 1);
        compile_text(compiler, stmt->message, NULL, message);
    }
    code_emit(compiler,
              (struct instruction){.op = OP_RAISE, .a = message, .d = EXCEPTION_ASSERTION},
              stmt->span);
    code_patch(compiler, fine);
}

static void atomic_statement(struct compiler *compiler, struct stmt *stmt)
{
    struct atomic_block block = {0};
    uint32_t index = (uint32_t)compiler->atomics.count;
    vector_push(&compiler->atomics, block);
    block.begin = (uint16_t)code_emit(
        compiler, (struct instruction){.op = OP_ATOMIC_BEGIN, .d = (int32_t)index}, stmt->span);
    compile_block(compiler, &stmt->body);
    block.end =
        (uint16_t)code_emit(compiler, (struct instruction){.op = OP_ATOMIC_END}, stmt->span);
    compiler->atomics.items[index] = block;
}

static void statement(struct compiler *compiler, struct stmt *stmt)
{
    switch (stmt->shape) {
    case STMT_ASSIGN: assignment(compiler, stmt); break;
    case STMT_AUGMENT: augment(compiler, stmt); break;
    case STMT_EXPR: compile_call(compiler, stmt->value, NO_SLOT); break;
    case STMT_IF: if_statement(compiler, stmt); break;
    case STMT_WHILE: while_loop(compiler, stmt); break;
    case STMT_FOR:
        if (check_is_range(compiler->check, stmt->value))
            range_loop(compiler, stmt);
        else
            list_loop(compiler, stmt);
        break;
    case STMT_REPEAT: repeat_loop(compiler, stmt); break;
    case STMT_BREAK:
    case STMT_CONTINUE: leave_loop(compiler, stmt); break;
    case STMT_RETURN: return_statement(compiler, stmt); break;
    case STMT_WITH: compile_with(compiler, stmt, 0); break;
    case STMT_TRY: compile_try(compiler, stmt); break;
    case STMT_RAISE: raise_statement(compiler, stmt); break;
    case STMT_ASSERT: assert_statement(compiler, stmt); break;
    case STMT_ATOMIC: atomic_statement(compiler, stmt); break;
    case STMT_ERROR:
    case STMT_PASS:
    case STMT_THREAD:
    case STMT_DEF:
    case STMT_MAIN:
    case STMT_AFTER:
    case STMT_INVARIANT:
    case STMT_SOMETIMES:
    case STMT_EXPECT:
    case STMT_OPTION: break;
    }
}

void compile_block(struct compiler *compiler, struct block *block)
{
    for (uint32_t i = 0; i < block->count && !compiler->overflow; i++) {
        uint32_t top = compiler->top;
        statement(compiler, block->items[i]);
        compiler->top = top;
    }
}
