/*
 * What can be reached, and which locals have a value there. Python would raise an UnboundLocalError
 * for a local that is read before it is assigned; here it is an error of the check, whenever some
 * way through the body leads there without an assignment.
 */
#include <stdlib.h>
#include <string.h>

#include "lang/check.h"

/* Locals that surely have a value, one bit each; NULL-like `dead` when the place cannot be reached.
 */
struct flow {
    uint64_t *bits;
    bool dead;
};

struct pass {
    struct check *check;
    struct body *body;
    uint32_t words;      /* of a set */
    struct flow *breaks; /* of the innermost loop: what holds at all its breaks */
    bool continued;      /* the innermost loop has a continue */
};

static struct flow copy(struct pass *pass, const struct flow *from)
{
    struct flow flow = {arena_array(pass->check->arena, uint64_t, pass->words), from->dead};
    memcpy(flow.bits, from->bits, pass->words * sizeof(uint64_t));
    return flow;
}

/* Two ways come together. */
static void meet(struct pass *pass, struct flow *flow, const struct flow *other)
{
    if (other->dead)
        return;
    for (uint32_t i = 0; i < pass->words; i++)
        flow->bits[i] = flow->dead ? other->bits[i] : flow->bits[i] & other->bits[i];
    flow->dead = false;
}

static void gain(struct flow *flow, const struct symbol *symbol)
{
    if (symbol && symbol->shape == SYMBOL_LOCAL)
        flow->bits[symbol->index / 64] |= 1ull << (symbol->index % 64);
}

static bool has(const struct flow *flow, const struct symbol *symbol)
{
    return flow->dead || (flow->bits[symbol->index / 64] >> (symbol->index % 64) & 1);
}

static void read_expr(struct pass *pass, struct flow *flow, struct expr *expr);

static void read_name(struct pass *pass, struct flow *flow, struct expr *expr)
{
    struct symbol *symbol = expr->symbol;
    if (!symbol || symbol->shape != SYMBOL_LOCAL || has(flow, symbol))
        return;
    if (!check_error(pass->check, expr->span, "`%s` may be read before it has a value", expr->text))
        return;
    struct nearest nearest = {.wanted = expr->text};
    vector_each (struct symbol *, top, &pass->check->symbols)
        nearest_offer(&nearest, (*top)->name);
    if (nearest.best && nearest.distance <= 1)
        check_help(pass->check, "did you mean the shared `%s`?", nearest.best);
    else
        check_help(
            pass->check,
            "assign it on every way that leads here; to share it, make it at the top of the file");
    gain(flow, symbol); /* once is enough */
}

static void read_expr(struct pass *pass, struct flow *flow, struct expr *expr)
{
    if (!expr)
        return;
    if (expr->shape == EXPR_NAME)
        read_name(pass, flow, expr);
    if (expr->shape == EXPR_COMPREHENSION) {
        read_expr(pass, flow, expr->right);
        gain(flow, expr->symbol);
        read_expr(pass, flow, expr->left);
        return;
    }
    if (expr->shape == EXPR_CONDITIONAL)
        read_expr(pass, flow, expr->third);
    bool function = expr->shape == EXPR_CALL && expr->left->shape == EXPR_NAME;
    if (!function)
        read_expr(pass, flow, expr->left);
    read_expr(pass, flow, expr->right);
    for (uint32_t i = 0; i < expr->count; i++)
        read_expr(pass, flow, expr->shape == EXPR_CALL ? expr->arguments[i].value : expr->items[i]);
}

static void write_target(struct pass *pass, struct flow *flow, struct expr *target)
{
    if (target->shape == EXPR_NAME) {
        gain(flow, target->symbol);
        return;
    }
    read_expr(pass, flow, target->left);
    read_expr(pass, flow, target->right);
}

static void walk_block(struct pass *pass, struct flow *flow, struct block *block);

static bool always(const struct expr *expr)
{
    return (expr->shape == EXPR_BOOLEAN || expr->shape == EXPR_INTEGER) && expr->number != 0;
}

static void walk_if(struct pass *pass, struct flow *flow, struct stmt *stmt)
{
    struct flow out = copy(pass, flow);
    bool otherwise = false;
    out.dead = true;
    for (uint32_t i = 0; i < stmt->branch_count; i++) {
        struct branch *branch = &stmt->branches[i];
        read_expr(pass, flow, branch->condition);
        struct flow inside = copy(pass, flow);
        walk_block(pass, &inside, &branch->body);
        meet(pass, &out, &inside);
        otherwise |= !branch->condition;
    }
    if (!otherwise)
        meet(pass, &out, flow);
    *flow = out;
}

/* A loop that surely goes round at least once: what the body assigns has a value after it, when its
 * end is reached and no `continue` skips it (a body without one, to be simple). */
static void after_first(struct pass *pass, struct flow *flow, struct stmt *stmt,
                        const struct flow *inside)
{
    int64_t rounds = -1;
    const struct expr *value = stmt->value;
    if (stmt->shape == STMT_REPEAT) {
        if (!evaluate_integer(pass->check, value, &rounds))
            rounds = -1;
    } else if (check_is_range(pass->check, value)) {
        rounds = check_range_length(pass->check, value);
    } else if (value->type && value->type->shape == TYPE_LIST) {
        rounds = value->type->count;
    }
    if (rounds > 0 && !inside->dead && !pass->continued)
        memcpy(flow->bits, inside->bits, pass->words * sizeof(uint64_t));
}

static void walk_loop(struct pass *pass, struct flow *flow, struct stmt *stmt)
{
    struct flow *outer = pass->breaks;
    bool outer_continued = pass->continued;
    pass->continued = false;
    struct flow breaks = copy(pass, flow);
    breaks.dead = true;
    read_expr(pass, flow, stmt->value);
    struct flow inside = copy(pass, flow);
    if (stmt->shape == STMT_FOR)
        gain(&inside, stmt->symbol);
    pass->breaks = &breaks;
    walk_block(pass, &inside, &stmt->body);
    pass->breaks = outer;
    if (stmt->shape == STMT_WHILE && always(stmt->value))
        flow->dead = true;
    else if (stmt->shape == STMT_FOR || stmt->shape == STMT_REPEAT)
        after_first(pass, flow, stmt, &inside);
    meet(pass, flow, &breaks);
    pass->continued = outer_continued;
}

static void walk_try(struct pass *pass, struct flow *flow, struct stmt *stmt)
{
    struct flow start = copy(pass, flow), out = copy(pass, flow);
    walk_block(pass, flow, &stmt->body);
    walk_block(pass, flow, &stmt->otherwise);
    out.dead = true;
    meet(pass, &out, flow);
    for (uint32_t i = 0; i < stmt->handler_count; i++) {
        struct flow inside = copy(pass, &start);
        gain(&inside, stmt->handlers[i].symbol);
        walk_block(pass, &inside, &stmt->handlers[i].body);
        meet(pass, &out, &inside);
    }
    if (!stmt->has_finally) {
        *flow = out;
        return;
    }
    walk_block(pass, &start, &stmt->finally); /* left in any way: what held before the try */
    for (uint32_t i = 0; i < pass->words; i++)
        out.bits[i] |= start.bits[i];
    out.dead |= start.dead;
    *flow = out;
}

static void walk_raise(struct pass *pass, struct flow *flow, struct stmt *stmt)
{
    if (stmt->value && stmt->value->shape == EXPR_CALL)
        for (uint32_t i = 0; i < stmt->value->count; i++)
            read_expr(pass, flow, stmt->value->arguments[i].value);
    else if (stmt->value && !stmt->text)
        read_expr(pass, flow, stmt->value);
    flow->dead = true;
}

static void walk_assert(struct pass *pass, struct flow *flow, struct stmt *stmt)
{
    read_expr(pass, flow, stmt->value);
    if (stmt->message) {
        struct flow inside = copy(pass, flow);
        read_expr(pass, &inside, stmt->message);
    }
}

static void walk_assign(struct pass *pass, struct flow *flow, struct stmt *stmt)
{
    if (stmt->shape == STMT_AUGMENT)
        read_expr(pass, flow, stmt->items[0]);
    read_expr(pass, flow, stmt->value);
    for (uint32_t i = 0; i < stmt->count; i++)
        write_target(pass, flow, stmt->items[i]);
}

static void walk(struct pass *pass, struct flow *flow, struct stmt *stmt)
{
    switch (stmt->shape) {
    case STMT_ASSIGN:
    case STMT_AUGMENT: walk_assign(pass, flow, stmt); break;
    case STMT_EXPR: read_expr(pass, flow, stmt->value); break;
    case STMT_IF: walk_if(pass, flow, stmt); break;
    case STMT_WHILE:
    case STMT_FOR:
    case STMT_REPEAT: walk_loop(pass, flow, stmt); break;
    case STMT_BREAK:
        if (pass->breaks)
            meet(pass, pass->breaks, flow);
        flow->dead = true;
        break;
    case STMT_CONTINUE:
        pass->continued = true;
        flow->dead = true;
        break;
    case STMT_RETURN:
        read_expr(pass, flow, stmt->value);
        flow->dead = true;
        break;
    case STMT_RAISE: walk_raise(pass, flow, stmt); break;
    case STMT_WITH:
        for (uint32_t i = 0; i < stmt->count; i++)
            read_expr(pass, flow, stmt->items[i]);
        walk_block(pass, flow, &stmt->body);
        break;
    case STMT_TRY: walk_try(pass, flow, stmt); break;
    case STMT_ASSERT: walk_assert(pass, flow, stmt); break;
    case STMT_ATOMIC: walk_block(pass, flow, &stmt->body); break;
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

static void walk_block(struct pass *pass, struct flow *flow, struct block *block)
{
    for (uint32_t i = 0; i < block->count; i++)
        walk(pass, flow, block->items[i]);
}

static void unread(struct check *check, struct body *body)
{
    vector_each (struct symbol *, place, &body->locals) {
        struct symbol *symbol = *place;
        if (symbol->read || symbol->parameter || symbol->loop || symbol->name[0] == '_' ||
            symbol->shape != SYMBOL_LOCAL || type_vague(symbol->type))
            continue;
        struct nearest nearest = {.wanted = symbol->name};
        vector_each (struct symbol *, top, &check->symbols)
            if ((*top)->shape == SYMBOL_VARIABLE)
                nearest_offer(&nearest, (*top)->name);
        check_warning(check, symbol->span, "the local `%s` is assigned and never read",
                      symbol->name);
        if (nearest.best)
            check_help(check, "did you mean the shared `%s`?", nearest.best);
    }
}

void check_flow(struct check *check, struct body *body)
{
    uint32_t count = (uint32_t)body->locals.count;
    struct pass pass = {.check = check, .body = body, .words = count / 64 + 1};
    struct flow flow = {arena_array(check->arena, uint64_t, pass.words), false};
    vector_each (struct symbol *, symbol, &body->locals)
        if ((*symbol)->parameter)
            gain(&flow, *symbol);
    walk_block(&pass, &flow, &body->stmt->body);
    body->falls_off = !flow.dead;
    unread(check, body);
}
