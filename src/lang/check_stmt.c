/* Statements: kinds of what is assigned, thrown, gone through; what may stand where. */
#include <string.h>

#include "lang/check.h"

static const char *words(struct check *check, const struct type *type)
{
    return type_words(check->arena, type);
}

/* ---- assignment ---- */

static void widen(struct check *check, struct symbol *symbol, const struct type *type,
                  struct span at)
{
    const struct type *joined = type_join(check->arena, symbol->type, type);
    if (!joined) {
        check_error(check, at, "`%s` is %s (line %u), this is %s", symbol->name,
                    words(check, symbol->type),
                    source_place(check->source, symbol->span.start).line, words(check, type));
        if (symbol->type->shape == TYPE_LIST && type->shape == TYPE_LIST)
            check_help(check, "a list keeps its length");
    } else if (!type_same(joined, symbol->type)) {
        symbol->type = joined;
        check->changed = true;
    }
}

static void made_at_top(struct check *check, struct symbol *symbol, struct span at)
{
    if (symbol->shape == SYMBOL_OBJECT)
        check_error(check, at, "`%s` is made at the top of the file and stays what it is: %s",
                    symbol->name, words(check, symbol->type));
    else if (symbol->shape == SYMBOL_THREAD)
        check_error(check, at, "`%s` is a thread: give this another name", symbol->name);
    else
        check_error(check, at, "`%s` is a function: give this another name", symbol->name);
}

static bool fresh_list(const struct expr *value)
{
    return value->shape == EXPR_LIST || value->shape == EXPR_COMPREHENSION ||
           (value->shape == EXPR_BINARY && (fresh_list(value->left) || fresh_list(value->right)));
}

static void assign_name(struct check *check, struct expr *target, const struct type *type,
                        struct expr *value)
{
    struct span at = value ? value->span : target->span;
    if (!target->symbol)
        target->symbol = check_lookup(check, target->text);
    struct symbol *symbol = target->symbol;
    if (!symbol || symbol->shape == SYMBOL_BROKEN)
        return;
    target->type = symbol->type;
    if (symbol->shape != SYMBOL_LOCAL && symbol->shape != SYMBOL_VARIABLE) {
        made_at_top(check, symbol, target->span);
        return;
    }
    if (type->shape == TYPE_EXCEPTION) {
        check_error(check, at, "an exception has only the name after `as`; `str(%s)` is its text",
                    value && value->shape == EXPR_NAME ? value->text : "e");
        return;
    }
    if (symbol->shape == SYMBOL_VARIABLE) {
        check_effects(check, target->span, EFFECT_CHANGE, "assigning to what is shared");
        if (type->shape == TYPE_LIST || symbol->type->shape == TYPE_LIST) {
            check_error(check, at, "a shared list is not replaced: assign to its elements");
            return;
        }
    } else if (type->shape == TYPE_LIST && value && !fresh_list(value)) {
        if (check_error(check, at, "a second name for a list is not supported"))
            check_help(check, "to copy it write `[x for x in …]`");
        return;
    } else if (type->shape == TYPE_LIST && type_width(type) > LOCAL_LIST_MAX) {
        check_error(check, at, "a list inside a body has at most %d elements", LOCAL_LIST_MAX);
        return;
    }
    widen(check, symbol, type, at);
    target->type = symbol->type;
}

static struct symbol *list_symbol(const struct expr *target)
{
    const struct expr *list = target->left;
    return list->shape == EXPR_NAME ? list->symbol : NULL;
}

static void assign_element(struct check *check, struct expr *target, const struct type *type,
                           struct expr *value)
{
    const struct type *list = check_expr(check, target->left);
    const struct type *at = check_expr(check, target->right);
    struct symbol *symbol = list_symbol(target);
    target->type = &type_error;
    if (type_vague(list))
        return;
    if (list->shape == TYPE_TUPLE) {
        check_error(check, target->span, "the items of a tuple cannot be changed");
        return;
    }
    if (list->shape != TYPE_LIST || !symbol) {
        check_error(check, target->span, "%s has no elements to assign to", words(check, list));
        return;
    }
    if (check_is(check, target->right, at, &type_integer, "an index"))
        check_in_range(check, target->right, list);
    if (symbol->shape != SYMBOL_LOCAL && symbol->shape != SYMBOL_VARIABLE) {
        made_at_top(check, symbol, target->span);
        return;
    }
    if (symbol->shape == SYMBOL_VARIABLE)
        check_effects(check, target->span, EFFECT_CHANGE, "assigning to what is shared");
    target->type = list->item;
    const struct type *joined = type_join(check->arena, list->item, type);
    if (!joined || type->shape == TYPE_LIST) {
        check_error(check, value ? value->span : target->span,
                    "each element of `%s` is %s, this is %s", symbol->name,
                    words(check, list->item), words(check, type));
    } else if (!type_same(joined, list->item)) {
        symbol->type = type_list(check->arena, joined, list->count);
        check->changed = true;
    }
}

static void assign_attribute(struct check *check, struct expr *target)
{
    const struct type *type = check_expr(check, target->left);
    target->type = &type_error;
    if (type_vague(type))
        return;
    if (!check_error(check, target->span, "attributes cannot be assigned to"))
        return;
    if (type->shape == TYPE_THREAD && strcmp(target->text, "daemon") == 0)
        check_help(check, "write `Thread(target=f, daemon=True)` or `thread daemon NAME:`");
    else if (type->shape == TYPE_THREAD && strcmp(target->text, "name") == 0)
        check_help(check, "write `Thread(target=f, name=\"…\")`");
}

static void assign(struct check *check, struct expr *target, const struct type *type,
                   struct expr *value)
{
    switch (target->shape) {
    case EXPR_NAME: assign_name(check, target, type, value); break;
    case EXPR_INDEX: assign_element(check, target, type, value); break;
    case EXPR_ATTRIBUTE: assign_attribute(check, target); break;
    case EXPR_ERROR: break;
    case EXPR_COMPARE:
        check_error(check, target->span, "a comparison cannot be assigned to");
        break;
    case EXPR_INTEGER:
    case EXPR_DURATION:
    case EXPR_BOOLEAN:
    case EXPR_NONE:
    case EXPR_STRING:
    case EXPR_FORMAT:
    case EXPR_PIECE:
    case EXPR_TUPLE:
    case EXPR_LIST:
    case EXPR_COMPREHENSION:
    case EXPR_NEGATE:
    case EXPR_NOT:
    case EXPR_BINARY:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_CONDITIONAL:
    case EXPR_CALL:
    case EXPR_LAMBDA: check_error(check, target->span, "this cannot be assigned to"); break;
    }
}

static void assignment(struct check *check, struct stmt *stmt)
{
    const struct type *type = check_expr(check, stmt->value);
    if (stmt->count == 1) {
        assign(check, stmt->items[0], type, stmt->value);
        return;
    }
    bool fits = type->shape == TYPE_TUPLE && type->count == stmt->count;
    if (!fits && !type_vague(type))
        check_error(check, stmt->value->span, "%u names on the left, %s on the right", stmt->count,
                    words(check, type));
    bool literal = stmt->value->shape == EXPR_TUPLE;
    for (uint32_t i = 0; i < stmt->count; i++)
        assign(check, stmt->items[i], fits ? type->items[i] : &type_error,
               fits && literal ? stmt->value->items[i] : NULL);
}

static bool is_atomic(const struct expr *target)
{
    const struct expr *base = target->shape == EXPR_INDEX ? target->left : target;
    return base->shape == EXPR_NAME && base->symbol && base->symbol->shape == SYMBOL_VARIABLE &&
           base->symbol->atomic;
}

/* x += e is checked as x + e, and then as an assignment to x. */
static void augment(struct check *check, struct stmt *stmt)
{
    struct expr *target = stmt->items[0];
    if (target->shape != EXPR_NAME && target->shape != EXPR_INDEX) {
        assign(check, target, &type_error, NULL);
        check_expr(check, stmt->value);
        return;
    }
    struct expr *sum = stmt->message;
    if (!sum) {
        sum = arena_new(check->arena, struct expr);
        *sum = (struct expr){.shape = EXPR_BINARY,
                             .infix = stmt->infix,
                             .span = stmt->span,
                             .name_span = stmt->span,
                             .left = target,
                             .right = stmt->value};
        stmt->message = sum;
    }
    bool read = target->shape == EXPR_NAME && target->symbol && target->symbol->read;
    const struct type *type = check_expr(check, sum);
    if (target->shape == EXPR_NAME && target->symbol && target->symbol->shape == SYMBOL_LOCAL)
        target->symbol->read = read; /* `x += 1` alone is no use of x */
    if (is_atomic(target) && !type_vague(type)) {
        bool plus = stmt->infix == INFIX_ADD;
        if (check_error(check, stmt->span, "`%s=` on an Atomic would be a load and a store",
                        infix_text(stmt->infix)) &&
            plus && stmt->value->shape == EXPR_INTEGER)
            check_help(check, "one step that cannot be interrupted: `.add(%lld)`",
                       (long long)stmt->value->number);
        else
            check_help(
                check,
                "one step that cannot be interrupted: `.add(n)`, `.swap(v)` or `.cas(old, new)`");
        return;
    }
    if (type->shape == TYPE_LIST) {
        check_error(check, stmt->span, "a list keeps its length");
        return;
    }
    assign(check, target, type, NULL);
}

/* ---- the others ---- */

static void expression(struct check *check, struct stmt *stmt)
{
    const struct type *type = check_expr(check, stmt->value);
    struct expr *value = stmt->value;
    if (value->shape == EXPR_CALL || type_vague(type))
        return;
    if (value->shape == EXPR_COMPARE && value->infixes[0] == INFIX_EQUAL) {
        if (check_error(check, value->span, "this compares, and the result is not used"))
            check_help(check, "to assign write `=`");
    } else if (value->shape == EXPR_STRING) {
        if (check_error(check, value->span, "a string that is not used"))
            check_help(check, "a comment starts with `#`");
    } else {
        check_error(check, value->span, "this value is not used");
    }
}

static void wrong_with(struct check *check, const struct expr *item, const struct type *type)
{
    const struct expr *called = item->shape == EXPR_CALL ? item->left : NULL;
    if (!check_error(check, item->span, "`with` wants a lock, a condition or a semaphore, not %s",
                     words(check, type)))
        return;
    if (called && called->shape == EXPR_ATTRIBUTE && strcmp(called->text, "acquire") == 0 &&
        called->left->shape == EXPR_NAME)
        check_help(check, "write `with %s:`: it acquires and releases", called->left->text);
}

static void with(struct check *check, struct stmt *stmt)
{
    const int32_t good =
        OF(LOCK) | OF(RLOCK) | OF(CONDITION) | OF(SEMAPHORE) | OF(BOUNDED_SEMAPHORE);
    for (uint32_t i = 0; i < stmt->count; i++) {
        const struct type *type = check_expr(check, stmt->items[i]);
        if (type_vague(type))
            continue;
        bool fine = type->shape == TYPE_OBJECT && (good >> type->object & 1);
        if (!fine)
            wrong_with(check, stmt->items[i], type);
        else
            check_effects(check, stmt->items[i]->span, EFFECT_CHANGE | EFFECT_BLOCK, "`with`");
    }
    check_block(check, &stmt->body);
}

static void unknown_exception(struct check *check, const char *name, struct span span)
{
    struct nearest nearest = {.wanted = name};
    if (strcmp(name, "Exception") == 0 || strcmp(name, "BaseException") == 0) {
        check_error(check, span, "`%s` is no exception of its own here", name);
        check_help(check, "throw a RuntimeError or a ValueError");
        return;
    }
    if (!check_error(check, span, "there is no exception `%s`", name))
        return;
    for (int i = EXCEPTION_NONE + 1; i < EXCEPTIONS; i++)
        nearest_offer(&nearest, exception_names[i]);
    if (nearest.best)
        check_help(check, "did you mean `%s`?", nearest.best);
    else
        check_help(check, "RuntimeError, ValueError and IndexError are among those there are");
}

static void clause_mask(struct check *check, struct handler_clause *clause)
{
    uint32_t all = (1u << EXCEPTIONS) - 2;
    clause->mask = clause->name_count ? 0 : all;
    for (uint32_t i = 0; i < clause->name_count; i++) {
        const char *name = clause->names[i];
        enum exception exception = check_exception(name);
        if (strcmp(name, "Exception") == 0 || strcmp(name, "BaseException") == 0)
            clause->mask |= all;
        else if (exception != EXCEPTION_NONE)
            clause->mask |= exception_mask(exception);
        else
            unknown_exception(check, name, clause->name_spans[i]);
    }
}

static void try(struct check *check, struct stmt *stmt)
{
    check_block(check, &stmt->body);
    for (uint32_t i = 0; i < stmt->handler_count; i++) {
        struct handler_clause *clause = &stmt->handlers[i];
        clause_mask(check, clause);
        if (clause->symbol)
            widen(check, clause->symbol, &type_exception, clause->variable_span);
        unsigned handling = check->handling++;
        check_block(check, &clause->body);
        check->handling = handling;
    }
    check_block(check, &stmt->otherwise);
    check_block(check, &stmt->finally);
}

static void raise(struct check *check, struct stmt *stmt)
{
    struct expr *value = stmt->value;
    if (!value) {
        if (check->handling == 0)
            check_error(check, stmt->span, "`raise` alone stands only in an `except` block");
        return;
    }
    struct expr *name = value->shape == EXPR_CALL ? value->left : value;
    struct symbol *symbol = name->shape == EXPR_NAME ? check_lookup(check, name->text) : NULL;
    if (symbol && value->shape == EXPR_NAME && symbol->shape == SYMBOL_LOCAL) {
        const struct type *type = check_expr(check, value);
        if (type->shape != TYPE_EXCEPTION && !type_vague(type))
            check_error(check, value->span, "only an exception can be thrown, not %s",
                        words(check, type));
        return;
    }
    if (name->shape == EXPR_ATTRIBUTE && name->left->shape == EXPR_NAME &&
        !check_lookup(check, name->left->text) && check_exception(name->text) != EXCEPTION_NONE) {
        stmt->text = name->text; /* threading.BrokenBarrierError, queue.Empty */
    } else if (name->shape != EXPR_NAME) {
        check_expr(check, value);
        check_error(check, value->span,
                    "after `raise` stands an exception: `raise ValueError(\"text\")`");
        return;
    } else {
        stmt->text = name->text;
    }
    if (check_exception(stmt->text) == EXCEPTION_NONE)
        unknown_exception(check, stmt->text, name->span);
    if (value->shape != EXPR_CALL)
        return;
    for (uint32_t i = 0; i < value->count; i++)
        check_printable(check, value->arguments[i].value);
    if (value->count > 1 || (value->count == 1 && value->arguments[0].name))
        check_error(check, value->span, "an exception has one text");
}

static void returns(struct check *check, struct stmt *stmt)
{
    struct body *body = check->body;
    const struct type *type = stmt->value ? check_expr(check, stmt->value) : &type_none;
    if (body->shape != BODY_DEF) {
        if (stmt->value)
            check_error(check, stmt->value->span, "only a function returns a value");
        return;
    }
    if (type->shape == TYPE_LIST || type->shape == TYPE_EXCEPTION) {
        check_error(check, stmt->value->span, "a function cannot return %s", words(check, type));
        return;
    }
    const struct type *joined = type_join(check->arena, body->result, type);
    if (!joined) {
        check_error(check, stmt->value ? stmt->value->span : stmt->span,
                    "`%s` returns %s elsewhere, this is %s", body->name, words(check, body->result),
                    words(check, type));
    } else if (!type_same(joined, body->result)) {
        body->result = joined;
        check->changed = true;
    }
}

static void loop(struct check *check, struct stmt *stmt)
{
    struct stmt *outer = check->loop;
    if (stmt->shape == STMT_WHILE) {
        check_condition(check, stmt->value);
    } else if (stmt->shape == STMT_REPEAT) {
        check_is(check, stmt->value, check_expr(check, stmt->value), &type_integer,
                 "the number of rounds");
    } else {
        int64_t length;
        const struct type *item = check_iterable(check, stmt->value, &length);
        if (stmt->value->type->shape == TYPE_LIST && fresh_list(stmt->value) &&
            type_width(stmt->value->type) > LOCAL_LIST_MAX)
            check_error(check, stmt->value->span, "a list inside a body has at most %d elements",
                        LOCAL_LIST_MAX);
        if (stmt->symbol && stmt->symbol->shape == SYMBOL_LOCAL)
            widen(check, stmt->symbol, item, stmt->name_span);
    }
    check->loop = stmt;
    check_block(check, &stmt->body);
    check->loop = outer;
}

static void atomic(struct check *check, struct stmt *stmt)
{
    unsigned forbidden = check->forbidden;
    const char *where = check->where;
    check_effects(check, stmt->span, EFFECT_ATOMIC, "an atomic block");
    check->forbidden |= EFFECT_BLOCK | EFFECT_TIME | EFFECT_RANDOM | EFFECT_ATOMIC;
    check->where = "an atomic block";
    check_block(check, &stmt->body);
    check->forbidden = forbidden;
    check->where = where;
}

static void statement(struct check *check, struct stmt *stmt)
{
    switch (stmt->shape) {
    case STMT_ERROR:
    case STMT_PASS: break;
    case STMT_ASSIGN: assignment(check, stmt); break;
    case STMT_AUGMENT: augment(check, stmt); break;
    case STMT_EXPR: expression(check, stmt); break;
    case STMT_IF:
        for (uint32_t i = 0; i < stmt->branch_count; i++) {
            if (stmt->branches[i].condition)
                check_condition(check, stmt->branches[i].condition);
            check_block(check, &stmt->branches[i].body);
        }
        break;
    case STMT_WHILE:
    case STMT_FOR:
    case STMT_REPEAT: loop(check, stmt); break;
    case STMT_BREAK:
    case STMT_CONTINUE:
        if (!check->loop)
            check_error(check, stmt->span, "`%s` outside a loop",
                        stmt->shape == STMT_BREAK ? "break" : "continue");
        break;
    case STMT_RETURN: returns(check, stmt); break;
    case STMT_WITH: with(check, stmt); break;
    case STMT_TRY: try(check, stmt); break;
    case STMT_RAISE: raise(check, stmt); break;
    case STMT_ASSERT:
        check_condition(check, stmt->value);
        if (stmt->message)
            check_printable(check, stmt->message);
        break;
    case STMT_ATOMIC: atomic(check, stmt); break;
    case STMT_THREAD:
    case STMT_DEF:
    case STMT_MAIN:
    case STMT_AFTER:
    case STMT_INVARIANT:
    case STMT_SOMETIMES:
    case STMT_EXPECT:
    case STMT_OPTION: break; /* not inside bodies: the parser said so */
    }
}

void check_block(struct check *check, struct block *block)
{
    for (uint32_t i = 0; i < block->count; i++)
        statement(check, block->items[i]);
}
