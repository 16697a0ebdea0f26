/* Which name is what: locals of bodies, shared names, "did you mean". */
#include <stdarg.h>
#include <string.h>

#include "lang/check.h"

bool check_error(struct check *check, struct span span, const char *format, ...)
{
    if (!check->reporting)
        return false;
    va_list arguments;
    va_start(arguments, format);
    diagnostic_report(check->diagnostics, span, false, format, arguments);
    va_end(arguments);
    return true;
}

void check_warning(struct check *check, struct span span, const char *format, ...)
{
    if (!check->reporting)
        return;
    va_list arguments;
    va_start(arguments, format);
    diagnostic_report(check->diagnostics, span, true, format, arguments);
    va_end(arguments);
}

void check_help(struct check *check, const char *format, ...)
{
    if (!check->reporting)
        return;
    va_list arguments;
    va_start(arguments, format);
    diagnostic_vhelp(check->diagnostics, format, arguments);
    va_end(arguments);
}

struct symbol *check_new_local(struct check *check, struct body *body, const char *name,
                               struct span span)
{
    struct symbol *symbol = arena_new(check->arena, struct symbol);
    *symbol = (struct symbol){.shape = SYMBOL_LOCAL,
                              .name = name,
                              .span = span,
                              .type = &type_unknown,
                              .index = (uint32_t)body->locals.count};
    if (body->locals.count >= LOCALS_MAX) {
        if (body->locals.count == LOCALS_MAX)
            diagnostic_error(check->diagnostics, span, "more than %d local names in one body",
                             LOCALS_MAX);
        symbol->index = 0;
        symbol->shape = SYMBOL_BROKEN;
    }
    vector_push(&body->locals, symbol);
    return symbol;
}

static struct symbol *add_local(struct check *check, struct body *body, const char *name,
                                struct span span)
{
    struct symbol *symbol = names_find(&body->names, name);
    if (!symbol) {
        symbol = check_new_local(check, body, name, span);
        names_add(&body->names, symbol);
    }
    return symbol;
}

/* A loop's or except's variable must not be a top-level name. */
static struct symbol *add_own(struct check *check, struct body *body, const char *name,
                              struct span span, const char *what)
{
    struct symbol *top = names_find(&check->names, name);
    bool overwrites = top && !names_find(&body->names, name);
    struct symbol *symbol = add_local(check, body, name, span);
    if (overwrites) {
        symbol->shape = SYMBOL_BROKEN;
        diagnostic_error(check->diagnostics, span,
                         "the %s `%s` is also made at the top: it would overwrite what is shared",
                         what, name);
        diagnostic_help(check->diagnostics, "give it another name");
    }
    return symbol;
}

static void collect_target(struct check *check, struct body *body, const struct expr *target)
{
    if (target->shape != EXPR_NAME)
        return;
    struct symbol *local = names_find(&body->names, target->text);
    struct symbol *top = names_find(&check->names, target->text);
    if (!local && top) {
        top->assigned = true;
        return;
    }
    local = add_local(check, body, target->text, target->span);
    local->assigned = true;
}

/* The target of an assignment that could not be read. */
static void collect_broken(struct check *check, struct body *body, const struct expr *target)
{
    if (target->shape != EXPR_NAME || names_find(&body->names, target->text) ||
        names_find(&check->names, target->text))
        return;
    add_local(check, body, target->text, target->span)->shape = SYMBOL_BROKEN;
}

static void collect_block(struct check *check, struct body *body, const struct block *block);

static void collect_statement(struct check *check, struct body *body, struct stmt *stmt)
{
    if (stmt->shape == STMT_ASSIGN || stmt->shape == STMT_AUGMENT) {
        for (uint32_t i = 0; i < stmt->count; i++)
            collect_target(check, body, stmt->items[i]);
    } else if (stmt->shape == STMT_FOR) {
        stmt->symbol = add_own(check, body, stmt->text, stmt->name_span, "loop variable");
        stmt->symbol->assigned = true;
        stmt->symbol->loop = true;
    }
    for (uint32_t i = 0; stmt->shape == STMT_ERROR && i < stmt->count; i++)
        collect_broken(check, body, stmt->items[i]);
    collect_block(check, body, &stmt->body);
    collect_block(check, body, &stmt->otherwise);
    collect_block(check, body, &stmt->finally);
    for (uint32_t i = 0; i < stmt->branch_count; i++)
        collect_block(check, body, &stmt->branches[i].body);
    for (uint32_t i = 0; i < stmt->handler_count; i++) {
        struct handler_clause *clause = &stmt->handlers[i];
        if (clause->variable) {
            clause->symbol =
                add_own(check, body, clause->variable, clause->variable_span, "exception's name");
            clause->symbol->assigned = true;
            clause->symbol->loop = true;
        }
        collect_block(check, body, &clause->body);
    }
}

static void collect_block(struct check *check, struct body *body, const struct block *block)
{
    for (uint32_t i = 0; i < block->count; i++)
        collect_statement(check, body, block->items[i]);
}

static void collect_parameters(struct check *check, struct body *body)
{
    struct stmt *stmt = body->stmt;
    for (uint32_t i = 0; i < stmt->parameter_count; i++) {
        struct parameter *parameter = &stmt->parameters[i];
        if (names_find(&body->names, parameter->name))
            diagnostic_error(check->diagnostics, parameter->span, "two parameters are called `%s`",
                             parameter->name);
        struct symbol *symbol = add_local(check, body, parameter->name, parameter->span);
        symbol->parameter = true;
    }
    if (stmt->shape == STMT_THREAD && stmt->text && stmt->parameter_count == 0) {
        struct symbol *symbol = add_local(check, body, stmt->text, stmt->name_span);
        symbol->parameter = true;
        symbol->loop = true;
    }
}

void check_collect(struct check *check, struct body *body)
{
    collect_parameters(check, body);
    collect_block(check, body, &body->stmt->body);
}

struct symbol *check_lookup(struct check *check, const char *name)
{
    for (unsigned i = check->comprehension_count; i-- > 0;)
        if (strcmp(check->comprehension[i]->name, name) == 0)
            return check->comprehension[i];
    struct symbol *symbol = check->body ? names_find(&check->body->names, name) : NULL;
    return symbol ? symbol : names_find(&check->names, name);
}

/* A statement of one word; only the nearest, for other names are meant more often. */
static void offer_words(struct nearest *nearest)
{
    static const char *const words[] = {"return", "pass", "break", "continue", "raise"};
    struct nearest word = {.wanted = nearest->wanted};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        nearest_offer(&word, words[i]);
    if (word.best && word.distance <= 1)
        nearest_offer(nearest, word.best);
}

void check_suggest(struct check *check, const char *name)
{
    static const char *const known[] = {
#define BUILTIN(id, text, parameters, result, effects) text,
#include "lang/methods.def"
#define OBJECT_TYPE(id, text) text,
#include "model/object_types.def"
#undef OBJECT_TYPE
        "Atomic",
    };
    if (!check->reporting)
        return;
    struct nearest nearest = {.wanted = name};
    if (check->body)
        for (uint32_t i = 0; i < check->body->names.room; i++)
            if (check->body->names.slots[i])
                nearest_offer(&nearest, check->body->names.slots[i]->name);
    vector_each (struct symbol *, symbol, &check->symbols)
        nearest_offer(&nearest, (*symbol)->name);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        nearest_offer(&nearest, known[i]);
    offer_words(&nearest);
    const char *other = check_other_word(name);
    if (other || nearest.best)
        check_help(check, "did you mean `%s`?", other ? other : nearest.best);
}

static bool is_module(const char *name)
{
    static const char *const modules[] = {
        "threading", "time", "queue", "random",     "multiprocessing", "asyncio",
        "sys",       "os",   "math",  "concurrent", "logging",         "collections"};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (strcmp(name, modules[i]) == 0)
            return true;
    return false;
}

static void no_module(struct check *check, const struct expr *name)
{
    diagnostic_error(check->diagnostics, name->span, "there is no module `%s` here", name->text);
    diagnostic_help(check->diagnostics,
                    "Lock, Thread, sleep and the like are known without a module: `Lock()`");
}

void check_drop_module(struct check *check, struct expr *call)
{
    struct expr *called = call->left;
    if (call->shape != EXPR_CALL || called->shape != EXPR_ATTRIBUTE ||
        called->left->shape != EXPR_NAME || !is_module(called->left->text) ||
        check_lookup(check, called->left->text))
        return;
    no_module(check, called->left);
    bool known = check_builtin(called->text) || check_class(called->text) >= 0 ||
                 check_lookup(check, called->text);
    called->shape = known ? EXPR_NAME : EXPR_ERROR;
    called->left = NULL;
    called->span = called->name_span;
}

static void unknown_name(struct check *check, struct expr *expr)
{
    if (is_module(expr->text)) {
        no_module(check, expr);
        return;
    }
    if (check_unsupported(check, expr->text, expr->span))
        return;
    if (check_builtin(expr->text)) {
        check_error(check, expr->span, "`%s` is not called: `%s(…)`", expr->text, expr->text);
    } else if (check_class(expr->text) >= 0 || strcmp(expr->text, "Atomic") == 0) {
        check_error(check, expr->span, "`%s` is a kind of object, not an object", expr->text);
        check_help(check, "make one at the top of the file: `name = %s(…)`", expr->text);
    } else if (check_exception(expr->text) != EXCEPTION_NONE) {
        check_error(check, expr->span, "an exception's name belongs after `raise` or `except`");
    } else if (check_python_name(expr->text)) {
        check_error(check, expr->span, "Python's `%s` is not part of this language", expr->text);
    } else if (strcmp(expr->text, "self") == 0 || strcmp(expr->text, "this") == 0) {
        check_error(check, expr->span, "there are no classes here, and no `%s`", expr->text);
        check_help(check, "shared data are names made at the top of the file");
    } else {
        check_error(check, expr->span, "there is no name `%s`", expr->text);
        check_suggest(check, expr->text);
    }
}

struct symbol *check_name(struct check *check, struct expr *expr)
{
    if (!expr->symbol)
        expr->symbol = check_lookup(check, expr->text);
    struct symbol *symbol = expr->symbol;
    if (!symbol) {
        unknown_name(check, expr);
        return NULL;
    }
    if (symbol->shape == SYMBOL_BROKEN)
        return NULL;
    if (symbol->shape == SYMBOL_LOCAL)
        symbol->read = true;
    else if (!check->body && !symbol->made) {
        check_error(check, expr->span, "`%s` is made on a later line", expr->text);
        return NULL;
    }
    return symbol;
}
