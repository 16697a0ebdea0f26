#include "lang/check.h"

#include <stdlib.h>
#include <string.h>

enum { PASSES_MAX = 200 };

static void restrict_body(struct check *check, const struct body *body)
{
    check->forbidden = 0;
    if (body->shape == BODY_AFTER) {
        check->forbidden = EFFECT_BLOCK | EFFECT_TIME | EFFECT_RANDOM;
        check->where = "`after:`";
    } else if (body->shape == BODY_INVARIANT || body->shape == BODY_SOMETIMES) {
        check->forbidden = EFFECT_BLOCK | EFFECT_TIME | EFFECT_RANDOM | EFFECT_CHANGE | EFFECT_SAY;
        check->where = body->shape == BODY_INVARIANT ? "an invariant" : "`sometimes`";
    }
}

static void property(struct check *check, struct stmt *stmt)
{
    check_condition(check, stmt->value);
    if (!stmt->message)
        return;
    check_expr(check, stmt->message);
    if (stmt->message->shape != EXPR_STRING && stmt->message->shape != EXPR_ERROR)
        check_error(check, stmt->message->span, "the words of an invariant are a plain string");
}

static void look_at(struct check *check, struct body *body)
{
    check->body = body;
    check->loop = NULL;
    check->handling = 0;
    restrict_body(check, body);
    if (body->shape == BODY_INVARIANT || body->shape == BODY_SOMETIMES)
        property(check, body->stmt);
    else
        check_block(check, &body->stmt->body);
    bool nothing = body->shape == BODY_DEF && body->falls_off && check->final;
    if (nothing && body->result->shape != TYPE_NONE) {
        const struct type *joined = type_join(check->arena, body->result, &type_none);
        if (!joined)
            check_error(check, body->stmt->span,
                        "`%s` returns %s, but its end can be reached without `return`", body->name,
                        type_words(check->arena, body->result));
        else if (!type_same(joined, body->result)) {
            body->result = joined;
            check->changed = true;
        }
    }
    check->body = NULL;
}

/* Once over all bodies, forwards or backwards: kinds flow both ways along the calls. */
static void pass(struct check *check, bool backwards)
{
    size_t count = check->bodies.count;
    check->changed = false;
    for (size_t i = 0; i < count; i++)
        look_at(check, check->bodies.items[backwards ? count - 1 - i : i]);
}

static bool settle(struct check *check)
{
    for (unsigned round = 0; round < PASSES_MAX; round++) {
        pass(check, round % 2);
        if (!check->changed)
            return true;
    }
    return false;
}

/* Everything that a thread, main, after or a property can call. */
static void mark_reached(struct check *check)
{
    bool changed = true;
    vector_each (struct body *, body, &check->bodies)
        if ((*body)->shape != BODY_DEF)
            (*body)->reached = true;
    while (changed) {
        changed = false;
        vector_each (struct body *, place, &check->bodies) {
            if (!(*place)->reached)
                continue;
            vector_each (struct body *, callee, &(*place)->calls)
                if (!(*callee)->reached) {
                    (*callee)->reached = true;
                    changed = true;
                }
        }
    }
}

static void unused_functions(struct check *check)
{
    if (check->diagnostics->errors > 0) /* the call may be in what could not be read */
        return;
    vector_each (struct symbol *, place, &check->symbols) {
        struct symbol *symbol = *place;
        if (symbol->shape == SYMBOL_FUNCTION && !symbol->body->reached)
            check_warning(check, symbol->span, "`%s` is never called", symbol->name);
    }
}

/* `falls_off` needs the symbols that the first pass finds; kinds need falls_off. */
static void find_kinds(struct check *check)
{
    bool settled = settle(check);
    vector_each (struct body *, body, &check->bodies)
        if ((*body)->shape == BODY_DEF)
            check_flow(check, *body);
    check->final = true;
    settled = settle(check) && settled;
    if (!settled)
        diagnostic_error(check->diagnostics, (struct span){0, 0},
                         "the kinds of this file's names depend on each other in too long a chain");
}

static void nothing_runs(struct check *check)
{
    if (check->threads.count > 1u + check->made_threads || check->main_body ||
        check->diagnostics->errors > 0)
        return;
    diagnostic_error(check->diagnostics, (struct span){0, 0}, "nothing runs here");
    diagnostic_help(check->diagnostics, "declare a thread, `thread A:`, or write `main:`");
}

bool check_tree(struct check *check)
{
    check->budget = 4 * 1000 * 1000;
    check_declare(check);
    if (check->bodies.count > FUNCTIONS_MAX)
        return false;
    vector_each (struct body *, body, &check->bodies)
        check_collect(check, *body);
    check->reporting = true;
    check_make(check);
    check_expectations(check);
    check_options(check);
    check->reporting = false;
    find_kinds(check);
    mark_reached(check);
    check->reporting = true;
    pass(check, false);
    check->forbidden = 0;
    vector_each (struct body *, body, &check->bodies) {
        check->body = *body;
        check_flow(check, *body);
    }
    check->body = NULL;
    unused_functions(check);
    nothing_runs(check);
    if (check->diagnostics->errors == 0 && check->lost.end > 0)
        check_error(check, check->lost, "the kind of this value cannot be worked out");
    return check->diagnostics->errors == 0;
}
