/* The top of a file: shared variables and objects with their first values, threads, functions,
 * options. */
#include <string.h>

#include "lang/check.h"

/* ---- declaring: every name of the top, before anything is looked at ---- */

static struct symbol *declare(struct check *check, enum symbol_shape shape, const char *name,
                              struct span span)
{
    struct symbol *old = names_find(&check->names, name);
    if (old) {
        diagnostic_error(check->diagnostics, span,
                         "`%s` is made twice at the top: line %u has one already", name,
                         source_place(check->source, old->span.start).line);
        if (shape == SYMBOL_VARIABLE)
            diagnostic_help(check->diagnostics,
                            "assigning again belongs in a thread or in `main:`");
        return NULL;
    }
    struct symbol *symbol = arena_new(check->arena, struct symbol);
    *symbol = (struct symbol){.shape = shape, .name = name, .span = span, .type = &type_unknown};
    names_add(&check->names, symbol);
    vector_push(&check->symbols, symbol);
    return symbol;
}

static struct body *new_body(struct check *check, enum body_shape shape, struct stmt *stmt,
                             const char *name)
{
    struct body *body = arena_new(check->arena, struct body);
    *body = (struct body){.shape = shape, .stmt = stmt, .name = name, .result = &type_unknown};
    if (check->bodies.count == FUNCTIONS_MAX)
        diagnostic_error(check->diagnostics, stmt->span, "more than %d functions and threads",
                         FUNCTIONS_MAX);
    vector_push(&check->bodies, body);
    return body;
}

static void declare_once(struct check *check, struct body **place, enum body_shape shape,
                         struct stmt *stmt, const char *name)
{
    if (*place)
        diagnostic_error(check->diagnostics, stmt->span, "a second `%s:`; line %u has one already",
                         shape == BODY_MAIN ? "main" : "after",
                         source_place(check->source, (*place)->stmt->span.start).line);
    else
        *place = new_body(check, shape, stmt, name);
}

static void wrong_at_top(struct check *check, struct stmt *stmt)
{
    if (stmt->shape == STMT_EXPR && stmt->value->shape == EXPR_STRING) {
        diagnostic_error(check->diagnostics, stmt->span,
                         "only the first string of a file is its title");
        return;
    }
    diagnostic_error(check->diagnostics, stmt->span,
                     "this belongs in a thread, a function or `main:`");
    diagnostic_help(check->diagnostics, "at the top stand names (`x = 0`), threads, functions, "
                                        "main, after, invariant, sometimes, expect and option");
}

static void declare_targets(struct check *check, struct stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->count; i++) {
        struct expr *target = stmt->items[i];
        if (target->shape == EXPR_NAME)
            target->symbol = declare(check, SYMBOL_VARIABLE, target->text, target->span);
        else
            wrong_at_top(check, stmt);
    }
}

/* A name whose value could not be read: known, so that its uses are no further mistakes. */
static void declare_broken(struct check *check, struct stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->count; i++) {
        struct expr *target = stmt->items[i];
        if (target->shape == EXPR_NAME && !names_find(&check->names, target->text))
            declare(check, SYMBOL_BROKEN, target->text, target->span);
    }
}

static void declare_threads(struct check *check, struct stmt *stmt)
{
    struct body *body = new_body(check, BODY_THREAD, stmt, stmt->name_count ? stmt->names[0] : "_");
    for (uint32_t i = 0; i < stmt->name_count; i++) {
        struct symbol *symbol = declare(check, SYMBOL_THREAD, stmt->names[i], stmt->name_spans[i]);
        if (symbol)
            symbol->body = body;
    }
}

void check_declare(struct check *check)
{
    for (uint32_t i = 0; i < check->tree->top.count; i++) {
        struct stmt *stmt = check->tree->top.items[i];
        struct symbol *symbol;
        switch (stmt->shape) {
        case STMT_ASSIGN: declare_targets(check, stmt); break;
        case STMT_THREAD: declare_threads(check, stmt); break;
        case STMT_DEF:
            symbol = declare(check, SYMBOL_FUNCTION, stmt->text, stmt->name_span);
            if (symbol)
                symbol->body = new_body(check, BODY_DEF, stmt, stmt->text);
            break;
        case STMT_MAIN:
            declare_once(check, &check->main_body, BODY_MAIN, stmt, "MainThread");
            break;
        case STMT_AFTER: declare_once(check, &check->after_body, BODY_AFTER, stmt, "after"); break;
        case STMT_INVARIANT: new_body(check, BODY_INVARIANT, stmt, "invariant"); break;
        case STMT_SOMETIMES: new_body(check, BODY_SOMETIMES, stmt, "sometimes"); break;
        case STMT_EXPECT:
        case STMT_OPTION: break;
        case STMT_ERROR: declare_broken(check, stmt); break;
        case STMT_AUGMENT:
        case STMT_EXPR:
        case STMT_IF:
        case STMT_WHILE:
        case STMT_FOR:
        case STMT_REPEAT:
        case STMT_BREAK:
        case STMT_CONTINUE:
        case STMT_PASS:
        case STMT_RETURN:
        case STMT_WITH:
        case STMT_TRY:
        case STMT_RAISE:
        case STMT_ASSERT:
        case STMT_ATOMIC: wrong_at_top(check, stmt); break;
        }
    }
}

/* ---- variables ---- */

/* Atomic(0), [Atomic(0) for i in …], [Atomic(0), Atomic(1)]: replaced by what is inside. */
static struct expr *unwrap_atomic(struct check *check, struct expr *expr, bool *ret_atomic)
{
    if (check_is_call(check, expr, "Atomic")) {
        *ret_atomic = true;
        if (expr->count == 1 && !expr->arguments[0].name)
            return expr->arguments[0].value;
        check_error(check, expr->span, "`Atomic` takes one argument, its first value");
        expr->shape = EXPR_ERROR;
        return expr;
    }
    if (expr->shape == EXPR_COMPREHENSION)
        expr->left = unwrap_atomic(check, expr->left, ret_atomic);
    uint32_t wrapped = 0;
    for (uint32_t i = 0; expr->shape == EXPR_LIST && i < expr->count; i++) {
        bool one = false;
        expr->items[i] = unwrap_atomic(check, expr->items[i], &one);
        wrapped += one;
    }
    if (wrapped > 0 && wrapped < expr->count)
        check_error(check, expr->span, "either all elements are Atomic or none");
    *ret_atomic |= wrapped > 0;
    return expr;
}

static bool good_variable(struct check *check, struct symbol *symbol, struct expr *value)
{
    const struct type *type = value->type, *item = type->shape == TYPE_LIST ? type->item : type;
    if (type->shape == TYPE_ERROR)
        return false;
    if (symbol->atomic && item->shape != TYPE_INTEGER && item->shape != TYPE_BOOLEAN) {
        check_error(check, value->span, "an Atomic holds an integer or a boolean, not %s",
                    type_words(check->arena, item));
        return false;
    }
    if (item->shape == TYPE_OBJECT || item->shape == TYPE_THREAD) {
        check_error(check, value->span, "a second name at the top for %s is not supported",
                    type_words(check->arena, item));
        check_help(check, "inside a body a local name is fine");
        return false;
    }
    return true;
}

static void make_variable(struct check *check, struct symbol *symbol, struct expr *value)
{
    struct value first;
    value = unwrap_atomic(check, value, &symbol->atomic);
    check_expr(check, value);
    symbol->shape = SYMBOL_BROKEN;
    if (!good_variable(check, symbol, value) || !evaluate(check, value, &first))
        return;
    uint32_t width = type_width(first.type);
    if (check->cells.count + width > MAX_CELLS) {
        check_error(check, value->span, "more than %d shared values", MAX_CELLS);
        return;
    }
    symbol->shape = SYMBOL_VARIABLE;
    symbol->type = first.type;
    symbol->first = (uint32_t)check->cells.count;
    for (uint32_t i = 0; i < width; i++)
        vector_push(&check->cells, first.words[i]);
    symbol->made = true;
}

static void make_one(struct check *check, struct symbol *symbol, struct expr *value)
{
    if (!symbol)
        return;
    if (!check_make_threads(check, symbol, value) && !check_make_objects(check, symbol, value))
        make_variable(check, symbol, value);
}

static void make_targets(struct check *check, struct stmt *stmt)
{
    if (stmt->count == 1) {
        if (stmt->items[0]->shape == EXPR_NAME)
            make_one(check, stmt->items[0]->symbol, stmt->value);
        return;
    }
    if (stmt->value->shape != EXPR_TUPLE || stmt->value->count != stmt->count) {
        check_error(check, stmt->value->span, "%u names on the left need %u values on the right",
                    stmt->count, stmt->count);
        for (uint32_t i = 0; i < stmt->count; i++)
            if (stmt->items[i]->symbol)
                stmt->items[i]->symbol->shape = SYMBOL_BROKEN;
        return;
    }
    for (uint32_t i = 0; i < stmt->count; i++)
        make_one(check, stmt->items[i]->symbol, stmt->value->items[i]);
}

/* ---- threads ---- */

static bool plan_thread(struct check *check, struct stmt *stmt, struct thread_plan plan)
{
    if (check->threads.count >= MAX_THREADS) {
        check_error(check, stmt->span, "more than %d threads", MAX_THREADS);
        return false;
    }
    vector_push(&check->threads, plan);
    return true;
}

static void group_type(struct check *check, struct symbol *symbol, uint32_t first)
{
    symbol->first = first;
    symbol->type = type_list(check->arena, &type_thread, (uint32_t)check->threads.count - first);
    symbol->made = true;
}

static void plan_numbered(struct check *check, struct stmt *stmt, struct symbol *symbol,
                          struct thread_plan plan)
{
    uint32_t first = (uint32_t)check->threads.count;
    int64_t count = 0;
    if (!check_number(check, stmt->value, "the number of threads", &count))
        return;
    if (count < 0)
        check_error(check, stmt->value->span, "the number of threads is negative");
    for (int64_t i = 0; i < count; i++) {
        plan.name = arena_printf(check->keep, "%s-%lld", symbol->name, (long long)i);
        plan.group_index = (uint32_t)i;
        if (!plan_thread(check, stmt, plan))
            break;
    }
    group_type(check, symbol, first);
}

/* The name of a member: the value of its variable, made readable. */
static const char *member_name(struct check *check, const char *group, const struct type *type,
                               const int64_t *words, uint32_t index)
{
    if (type->shape == TYPE_INTEGER && words[0] != NONE_VALUE)
        return arena_printf(check->keep, "%s-%lld", group, (long long)words[0]);
    if (type->shape == TYPE_STRING)
        return arena_printf(check->keep, "%s-%s", group, check_string_text(check, words[0]));
    if (type->shape == TYPE_BOOLEAN)
        return arena_printf(check->keep, "%s-%s", group, words[0] ? "True" : "False");
    return arena_printf(check->keep, "%s-%u", group, index);
}

static void plan_for(struct check *check, struct stmt *stmt, struct symbol *symbol,
                     struct thread_plan plan)
{
    uint32_t first = (uint32_t)check->threads.count;
    int64_t length, start = 0, step = 1;
    const struct type *type = check_iterable(check, stmt->message, &length);
    struct value list = {0};
    bool range = check_is_range(check, stmt->message);
    if (type->shape == TYPE_ERROR)
        return;
    if (length < 0 || (!range && !evaluate(check, stmt->message, &list))) {
        check_error(check, stmt->message->span,
                    "what the threads are made for must be known before the run");
        return;
    }
    if (range && stmt->message->count >= 2)
        evaluate_integer(check, stmt->message->arguments[0].value, &start);
    if (range && stmt->message->count == 3)
        evaluate_integer(check, stmt->message->arguments[2].value, &step);
    uint32_t width = type_width(type);
    const struct parameter *parameter = stmt->parameter_count ? &stmt->parameters[0] : NULL;
    struct symbol *local = names_find(&plan.body->names, parameter ? parameter->name : stmt->text);
    if (local)
        local->type = type;
    for (int64_t i = 0; i < length; i++) {
        int64_t *words = arena_array(check->keep, int64_t, width);
        if (range)
            words[0] = start + i * step;
        else
            memcpy(words, list.words + (uint32_t)i * width, width * sizeof(int64_t));
        plan.parameters = words;
        plan.parameter_count = width;
        plan.name = member_name(check, symbol->name, type, words, (uint32_t)i);
        plan.group_index = (uint32_t)i;
        if (!plan_thread(check, stmt, plan))
            break;
    }
    group_type(check, symbol, first);
}

static void plan_threads(struct check *check, struct stmt *stmt)
{
    for (uint32_t i = 0; i < stmt->name_count; i++) {
        struct symbol *symbol = names_find(&check->names, stmt->names[i]);
        if (!symbol || symbol->shape != SYMBOL_THREAD ||
            symbol->span.start != stmt->name_spans[i].start)
            continue;
        struct thread_plan plan = {.name = symbol->name,
                                   .group = symbol->name,
                                   .body = symbol->body,
                                   .span = stmt->span,
                                   .daemon = stmt->daemon};
        symbol->body->reached = true;
        symbol->type = &type_error;
        if (stmt->parameter_count > 0 && !stmt->text)
            continue; /* reported by the parser */
        if (stmt->parameter_count > 1 ||
            (stmt->parameter_count == 1 && strcmp(stmt->parameters[0].name, stmt->text) != 0)) {
            check_error(check, stmt->parameters[0].span,
                        "the parameter of a thread is its `for` variable, `%s`", stmt->text);
            continue;
        }
        if (stmt->value) {
            plan_numbered(check, stmt, symbol, plan);
        } else if (stmt->message) {
            plan_for(check, stmt, symbol, plan);
        } else {
            symbol->first = (uint32_t)check->threads.count;
            symbol->type = &type_thread;
            symbol->made = true;
            plan_thread(check, stmt, plan);
        }
    }
}

/* ---- functions ---- */

static void make_defaults(struct check *check, struct stmt *stmt)
{
    struct symbol *symbol = names_find(&check->names, stmt->text);
    if (!symbol || symbol->shape != SYMBOL_FUNCTION || symbol->body->stmt != stmt)
        return;
    symbol->body->defaults = arena_array(check->arena, int64_t *, stmt->parameter_count + 1);
    for (uint32_t i = 0; i < stmt->parameter_count; i++) {
        struct expr *expr = stmt->parameters[i].value;
        struct symbol *local = names_find(&symbol->body->names, stmt->parameters[i].name);
        struct value value;
        if (!expr)
            continue;
        check_expr(check, expr);
        if (expr->type->shape == TYPE_LIST)
            check_error(check, expr->span, "a list cannot be passed to a function");
        else if (evaluate(check, expr, &value) && local) {
            local->type = value.type;
            symbol->body->defaults[i] = value.words;
        }
    }
    if (stmt->parameter_count >= ARGUMENTS_MAX)
        check_error(check, stmt->parameters[ARGUMENTS_MAX - 1].span, "more than %d parameters",
                    ARGUMENTS_MAX - 1);
    symbol->made = true;
}

void check_make(struct check *check)
{
    struct thread_plan main = {
        .name = "MainThread", .group = "MainThread", .body = check->main_body};
    if (check->main_body) {
        main.span = check->main_body->stmt->span;
        check->main_body->reached = true;
    }
    vector_push(&check->threads, main);
    for (uint32_t i = 0; i < check->tree->top.count; i++) {
        struct stmt *stmt = check->tree->top.items[i];
        if (stmt->shape == STMT_ASSIGN)
            make_targets(check, stmt);
        else if (stmt->shape == STMT_THREAD)
            plan_threads(check, stmt);
        else if (stmt->shape == STMT_DEF)
            make_defaults(check, stmt);
    }
    if (check->after_body)
        check->after_body->reached = true;
}
