/* Calls: functions of the file, functions of the language, methods. */
#include <string.h>

#include "lang/check.h"

void check_effects(struct check *check, struct span span, unsigned effects, const char *what)
{
    if (check->body && (effects & ~check->body->effects)) {
        check->body->effects |= effects;
        check->changed = true;
    }
    unsigned bad = effects & check->forbidden;
    if (!bad)
        return;
    const char *why = bad & EFFECT_BLOCK    ? "may wait"
                      : bad & EFFECT_TIME   ? "takes time"
                      : bad & EFFECT_RANDOM ? "has more than one outcome"
                      : bad & EFFECT_ATOMIC ? "is a step of its own"
                      : bad & EFFECT_CHANGE ? "changes something"
                                            : "prints";
    check_error(check, span, "%s %s: it cannot stand in %s", what, why, check->where);
}

static const char *quoted(struct check *check, const char *name)
{
    return arena_printf(check->arena, "`%s`", name);
}

/* ---- functions of the file ---- */

static void note_call(struct check *check, struct body *callee)
{
    if (!check->body)
        return;
    vector_each (struct body *, other, &check->body->calls)
        if (*other == callee)
            return;
    vector_push(&check->body->calls, callee);
}

static void pass_argument(struct check *check, struct body *callee, uint32_t place,
                          struct expr *value, const struct type *type)
{
    struct parameter *parameter = &callee->stmt->parameters[place];
    struct symbol *symbol = names_find(&callee->names, parameter->name);
    if (!symbol || type_vague(type))
        return;
    if (type->shape == TYPE_LIST || type->shape == TYPE_EXCEPTION) {
        check_error(check, value->span, "%s cannot be passed to a function",
                    type_words(check->arena, type));
        if (type->shape == TYPE_LIST)
            check_help(check, "use the shared list by its name inside the function");
        return;
    }
    const struct type *joined = type_join(check->arena, symbol->type, type);
    if (!joined) {
        check_error(check, value->span, "`%s` of `%s` is %s elsewhere, this is %s", parameter->name,
                    callee->name, type_words(check->arena, symbol->type),
                    type_words(check->arena, type));
    } else if (!type_same(joined, symbol->type)) {
        symbol->type = joined;
        check->changed = true;
    }
}

static void missing_arguments(struct check *check, struct expr *expr, struct body *callee,
                              const bool *given)
{
    const struct stmt *def = callee->stmt;
    for (uint32_t i = 0; i < def->parameter_count; i++)
        if (!given[i] && !def->parameters[i].value) {
            check_error(check, expr->span, "`%s` needs a value for `%s`", callee->name,
                        def->parameters[i].name);
            return;
        }
}

static const struct type *call_function(struct check *check, struct expr *expr,
                                        struct symbol *symbol)
{
    struct body *callee = symbol->body;
    const struct stmt *def = callee->stmt;
    bool *given = arena_array(check->arena, bool, def->parameter_count + 1);
    expr->symbol = symbol;
    for (uint32_t i = 0; i < expr->count; i++) {
        struct argument *argument = &expr->arguments[i];
        const struct type *type = check_expr(check, argument->value);
        int place = function_place(def, expr, i);
        if (place < 0 && argument->name)
            check_error(check, argument->name_span, "`%s` has no parameter `%s`", callee->name,
                        argument->name);
        else if (place < 0 && i == def->parameter_count) /* once: at the first one too many */
            check_error(check, argument->value->span, "`%s` takes %u argument%s, not %u",
                        callee->name, def->parameter_count, def->parameter_count == 1 ? "" : "s",
                        expr->count);
        else if (place >= 0 && given[place])
            check_error(check, argument->name_span, "`%s` is given twice",
                        def->parameters[place].name);
        if (place < 0)
            continue;
        given[place] = true;
        pass_argument(check, callee, (uint32_t)place, argument->value, type);
    }
    missing_arguments(check, expr, callee, given);
    note_call(check, callee);
    if (check->body)
        check_effects(check, expr->span, callee->effects, quoted(check, callee->name));
    else
        check_error(check, expr->span, "functions are called in threads and in `main:`");
    if (callee->result->shape == TYPE_UNKNOWN && check->final)
        return &type_none;
    return callee->result;
}

/* ---- Thread(...) ---- */

static void thread_arguments(struct check *check, struct expr *expr, struct body *callee)
{
    struct expr *args = call_argument_named(expr, "args", 3);
    bool *given = arena_array(check->arena, bool, callee->stmt->parameter_count + 1);
    if (args && args->shape != EXPR_TUPLE && args->shape != EXPR_LIST) {
        check_expr(check, args);
        if (check_error(check, args->span, "args is a tuple that stands here in brackets"))
            check_help(check, "one argument is written `args=(x,)`");
        return;
    }
    for (uint32_t i = 0; args && i < args->count; i++) {
        const struct type *type = check_expr(check, args->items[i]);
        if (i >= callee->stmt->parameter_count) {
            check_error(check, args->items[i]->span, "`%s` takes %u argument%s, not %u",
                        callee->name, callee->stmt->parameter_count,
                        callee->stmt->parameter_count == 1 ? "" : "s", args->count);
            return;
        }
        given[i] = true;
        pass_argument(check, callee, i, args->items[i], type);
    }
    missing_arguments(check, expr, callee, given);
}

static void thread_target(struct check *check, struct expr *expr)
{
    struct expr *target = call_argument_named(expr, "target", 1);
    if (!target) {
        check_error(check, expr->span, "a thread needs its function: `Thread(target=f)`");
        return;
    }
    struct expr *name = target->shape == EXPR_CALL ? target->left : target;
    struct symbol *symbol = name->shape == EXPR_NAME ? check_lookup(check, name->text) : NULL;
    if (!symbol || symbol->shape != SYMBOL_FUNCTION) {
        check_error(check, target->span, "target is the name of a function made with `def`");
        if (name->shape == EXPR_NAME && !symbol)
            check_suggest(check, name->text);
        return;
    }
    if (target->shape == EXPR_CALL) {
        check_error(check, target->span, "this calls `%s` at once, in this thread", name->text);
        check_help(check, "write `target=%s`, and what it needs in `args=(…)`", name->text);
        return;
    }
    target->symbol = symbol;
    target->type = &type_none;
    note_call(check, symbol->body);
    thread_arguments(check, expr, symbol->body);
}

static const struct type *call_thread(struct check *check, struct expr *expr)
{
    static const char *const known[] = {"target", "args", "name", "daemon"};
    bool fine = true; /* else a missing target or argument says nothing new */
    for (uint32_t i = 0; i < expr->count; i++) {
        const struct argument *argument = &expr->arguments[i];
        bool found = false;
        for (size_t k = 0; k < 4 && argument->name; k++)
            found |= strcmp(argument->name, known[k]) == 0;
        if (!argument->name && fine)
            check_error(check, argument->value->span,
                        "the arguments of Thread are named: `Thread(target=f, args=(1,))`");
        else if (argument->name && !found)
            check_error(check, argument->name_span,
                        "Thread has no `%s` here: it has target, args, name and daemon",
                        argument->name);
        fine &= found;
    }
    if (fine)
        thread_target(check, expr);
    struct expr *name = call_argument_named(expr, "name", -1);
    struct expr *daemon = call_argument_named(expr, "daemon", -1);
    if (name)
        check_is(check, name, check_expr(check, name), &type_string, "a thread's name");
    if (daemon) {
        const struct type *type = check_expr(check, daemon);
        if (type->shape != TYPE_NONE)
            check_is(check, daemon, type, &type_boolean, "daemon");
    }
    return &type_thread;
}

/* ---- functions of the language ---- */

static bool want_arguments(struct check *check, struct expr *expr, uint32_t least, uint32_t most)
{
    for (uint32_t i = 0; i < expr->count; i++)
        if (expr->arguments[i].name)
            return check_error(check, expr->arguments[i].name_span, "`%s` has no named arguments",
                               expr->method->name),
                   false;
    if (expr->count >= least && expr->count <= most)
        return true;
    if (least == most)
        check_error(check, expr->span, "`%s` takes %u argument%s, not %u", expr->method->name,
                    least, least == 1 ? "" : "s", expr->count);
    else
        check_error(check, expr->span, "`%s` takes %u to %u arguments, not %u", expr->method->name,
                    least, most, expr->count);
    return false;
}

static const struct type *wrong_argument(struct check *check, struct expr *expr,
                                         const struct type *type, const char *wanted)
{
    if (!type_vague(type))
        check_error(check, expr->arguments[0].value->span, "`%s` wants %s, not %s",
                    expr->method->name, wanted, type_words(check->arena, type));
    return type_vague(type) ? type : &type_error;
}

static const struct type *call_extreme(struct check *check, struct expr *expr)
{
    if (!want_arguments(check, expr, 1, ARGUMENTS_MAX))
        return &type_error;
    const struct type *type = check_expr(check, expr->arguments[0].value);
    if (expr->count == 1) {
        if (type->shape != TYPE_LIST)
            return wrong_argument(check, expr, type, "a list, or several values");
        type = type->item;
    }
    for (uint32_t i = 1; i < expr->count; i++) {
        const struct type *other = check_expr(check, expr->arguments[i].value);
        if (other->shape == TYPE_UNKNOWN || type->shape == TYPE_UNKNOWN)
            return &type_unknown;
        const struct type *joined = type_join(check->arena, type, other);
        if (!joined)
            check_error(check, expr->arguments[i].value->span, "this is %s, the first is %s",
                        type_words(check->arena, other), type_words(check->arena, type));
        if (!joined)
            return &type_error;
    }
    if (type->shape == TYPE_INTEGER || type->shape == TYPE_DURATION)
        return type_not_none(check->arena, type);
    return wrong_argument(check, expr, type, "integers or durations");
}

static const struct type *call_sum(struct check *check, struct expr *expr)
{
    if (!want_arguments(check, expr, 1, 1))
        return &type_error;
    const struct type *type = check_expr(check, expr->arguments[0].value);
    if (type->shape != TYPE_LIST)
        return wrong_argument(check, expr, type, "a list");
    if (type->count == 0 || type->item->shape == TYPE_INTEGER || type->item->shape == TYPE_BOOLEAN)
        return &type_integer;
    if (type->item->shape == TYPE_DURATION || type_vague(type->item))
        return type_not_none(check->arena, type->item);
    return wrong_argument(check, expr, type, "a list of numbers");
}

static void wrong_print_name(struct check *check, const struct argument *argument)
{
    bool python = strcmp(argument->name, "end") == 0 || strcmp(argument->name, "file") == 0;
    if (!check_error(check, argument->name_span, "print has no `%s` here%s", argument->name,
                     python ? ": every print is a line" : ""))
        return;
    if (!python)
        check_help(check, "to compare write `==`");
}

static const struct type *call_print(struct check *check, struct expr *expr)
{
    for (uint32_t i = 0; i < expr->count; i++) {
        struct argument *argument = &expr->arguments[i];
        if (!argument->name)
            check_printable(check, argument->value);
        else if (strcmp(argument->name, "sep") == 0)
            check_is(check, argument->value, check_expr(check, argument->value), &type_string,
                     "sep");
        else if (strcmp(argument->name, "flush") == 0)
            check_condition(check, argument->value);
        else
            wrong_print_name(check, argument);
    }
    return &type_none;
}

static const struct type *call_special(struct check *check, struct expr *expr)
{
    const struct type *type;
    switch (expr->method->id) {
    case CALL_PRINT: return call_print(check, expr);
    case CALL_THREAD: return call_thread(check, expr);
    case CALL_MIN:
    case CALL_MAX: return call_extreme(check, expr);
    case CALL_SUM: return call_sum(check, expr);
    case CALL_RANGE:
        if (check->iterated != expr)
            check_error(check, expr->span, "range(…) stands only after `in` of a loop");
        if (!want_arguments(check, expr, 1, 3))
            return &type_error;
        for (uint32_t i = 0; i < expr->count; i++)
            check_is(check, expr->arguments[i].value, check_expr(check, expr->arguments[i].value),
                     &type_integer, "a bound of range");
        return &type_error;
    case CALL_LEN:
        if (!want_arguments(check, expr, 1, 1))
            return &type_error;
        type = check_expr(check, expr->arguments[0].value);
        if (type->shape == TYPE_LIST || type->shape == TYPE_TUPLE || type->shape == TYPE_STRING)
            return &type_integer;
        return wrong_argument(check, expr, type, "a list, a tuple or a string");
    case CALL_ABS:
        if (!want_arguments(check, expr, 1, 1))
            return &type_error;
        type = check_expr(check, expr->arguments[0].value);
        if (type->shape == TYPE_INTEGER || type->shape == TYPE_DURATION)
            return type_not_none(check->arena, type);
        return wrong_argument(check, expr, type, "a number");
    case CALL_ALL:
    case CALL_ANY:
        if (!want_arguments(check, expr, 1, 1))
            return &type_error;
        type = check_expr(check, expr->arguments[0].value);
        if (type->shape == TYPE_LIST)
            return &type_boolean;
        return wrong_argument(check, expr, type, "a list");
    case CALL_STR:
        if (want_arguments(check, expr, 1, 1))
            check_printable(check, expr->arguments[0].value);
        return &type_string;
    case CALL_SLEEP:
    case CALL_IO:
    case CALL_COMPUTE:
    case CALL_YIELD_NOW:
    case CALL_RANDINT:
    case CALL_NOTE:
    case CALL_CURRENT_THREAD:
    case CALL_MAIN_THREAD:
    case CALL_ACTIVE_COUNT: /* the table says it all */
#define METHOD(id, receiver, name, parameters, result, effects) case CALL_##id:
#include "lang/methods.def"
    case CALLABLES: break;
    }
    return &type_error;
}

/* ---- parameters of the table ---- */

static const struct type *atomic_type(const struct expr *call)
{
    return call->left->left->type ? call->left->left->type : &type_error;
}

static void check_argument(struct check *check, struct expr *call, struct expr *value,
                           const struct method_parameter *parameter)
{
    switch (parameter->kind) {
    case 'b':
        check_is(check, value, check_expr(check, value), &type_boolean,
                 quoted(check, parameter->name));
        break;
    case 'i':
        check_is(check, value, check_expr(check, value), &type_integer,
                 quoted(check, parameter->name));
        break;
    case 't': check_time(check, value, false, quoted(check, parameter->name)); break;
    case 'T': check_time(check, value, true, quoted(check, parameter->name)); break;
    case 'v': check_printable(check, value); break;
    case 'r':
        check_is(check, value, check_expr(check, value), atomic_type(call),
                 quoted(check, parameter->name));
        break;
    case 'c':
        if (value->shape == EXPR_LAMBDA) {
            check_condition(check, value->left);
            value->type = &type_boolean;
        } else {
            check_condition(check, value);
        }
        break;
    default: break;
    }
}

static void wrong_parameter(struct check *check, const struct method *method,
                            const struct argument *argument)
{
    struct method_parameter parameters[METHOD_PARAMETERS];
    unsigned count = method_parameters(method, parameters);
    struct nearest nearest = {.wanted = argument->name};
    for (unsigned i = 0; i < count; i++)
        nearest_offer(&nearest, parameters[i].name);
    if (strcmp(argument->name, "block") == 0 && count > 0)
        nearest.best = parameters[0].name;
    if (check_error(check, argument->name_span, "`%s` has no parameter `%s`", method->name,
                    argument->name) &&
        nearest.best)
        check_help(check, "did you mean `%s`?", nearest.best);
}

static void check_arguments(struct check *check, struct expr *expr, const struct method *method)
{
    struct method_parameter parameters[METHOD_PARAMETERS];
    unsigned count = method_parameters(method, parameters);
    bool given[METHOD_PARAMETERS] = {false};
    for (uint32_t i = 0; i < expr->count; i++) {
        struct argument *argument = &expr->arguments[i];
        int place = method_place(method, expr, i);
        if (place < 0 && argument->name) {
            wrong_parameter(check, method, argument);
        } else if (place < 0) {
            check_error(check, argument->value->span, "`%s` takes %s%u argument%s, not %u",
                        method->name, count && parameters[0].may_omit ? "at most " : "", count,
                        count == 1 ? "" : "s", expr->count);
            return;
        } else if (given[place]) {
            check_error(check, argument->name_span, "`%s` is given twice", parameters[place].name);
        }
        if (place < 0)
            continue;
        given[place] = true;
        check_argument(check, expr, argument->value, &parameters[place]);
    }
    for (unsigned i = 0; i < count; i++)
        if (!given[i] && !parameters[i].may_omit)
            check_error(check, expr->span, "`%s` needs a value for `%s`", method->name,
                        parameters[i].name);
}

/* acquire(False): does not wait. */
static unsigned effects_of(const struct expr *expr, const struct method *method)
{
    if (method->id != CALL_ACQUIRE_LOCK && method->id != CALL_ACQUIRE_SEMAPHORE)
        return method->effects;
    const struct expr *blocking = call_argument_named(expr, "blocking", 0);
    bool tries = blocking && blocking->shape == EXPR_BOOLEAN && blocking->number == 0;
    return tries ? method->effects & ~(unsigned)EFFECT_BLOCK : method->effects;
}

/* ---- methods ---- */

static int32_t receiver_mask(const struct expr *receiver)
{
    const struct expr *base = receiver->shape == EXPR_INDEX ? receiver->left : receiver;
    const struct type *type = receiver->type;
    if (base->shape == EXPR_NAME && base->symbol && base->symbol->shape == SYMBOL_VARIABLE &&
        base->symbol->atomic && type->shape != TYPE_LIST)
        return OF_ATOMIC;
    if (type->shape == TYPE_OBJECT)
        return 1 << type->object;
    return type->shape == TYPE_THREAD ? OF_THREAD : 0;
}

static const struct type *no_method(struct check *check, struct expr *attribute, int32_t mask)
{
    const struct type *type = attribute->left->type;
    const char *words = mask == OF_ATOMIC ? "an Atomic" : type_words(check->arena, type);
    if (!type_vague(type) &&
        check_error(check, attribute->name_span, "%s has no `%s`", words, attribute->text))
        check_offer_method(check, attribute, mask);
    return &type_error;
}

static const struct type *call_method(struct check *check, struct expr *expr)
{
    struct expr *attribute = expr->left;
    check_expr(check, attribute->left);
    int32_t mask = receiver_mask(attribute->left);
    const struct method *method = mask ? check_method(mask, attribute->text) : NULL;
    if (!method) {
        for (uint32_t i = 0; i < expr->count; i++)
            check_expr(check, expr->arguments[i].value);
        return no_method(check, attribute, mask);
    }
    expr->method = method;
    if (method->id == CALL_ATOMIC_ADD && attribute->left->type->shape == TYPE_BOOLEAN &&
        check_error(check, attribute->name_span, "an Atomic of a boolean has no `add`"))
        check_help(check, "`swap(v)` writes, and returns the old value");
    check_arguments(check, expr, method);
    check_effects(check, attribute->name_span, effects_of(expr, method),
                  quoted(check, method->name));
    if (!check->body)
        check_error(check, expr->span, "this belongs in a thread or in `main:`");
    if (method->result->shape == TYPE_UNKNOWN)
        return atomic_type(expr);
    return method->result;
}

const struct type *check_attribute(struct check *check, struct expr *expr)
{
    const struct type *type = check_expr(check, expr->left);
    bool thread = type->shape == TYPE_THREAD;
    bool barrier = type->shape == TYPE_OBJECT && type->object == OBJECT_BARRIER;
    if (!check->body && (thread || barrier)) {
        check_error(check, expr->span, "this is not known before the run");
        return &type_error;
    }
    if (thread && strcmp(expr->text, "name") == 0)
        return &type_string;
    if (thread && (strcmp(expr->text, "ident") == 0 || strcmp(expr->text, "native_id") == 0))
        return &type_optional_integer;
    if ((thread && strcmp(expr->text, "daemon") == 0) ||
        (barrier && strcmp(expr->text, "broken") == 0))
        return &type_boolean;
    if (barrier && (strcmp(expr->text, "parties") == 0 || strcmp(expr->text, "n_waiting") == 0))
        return &type_integer;
    int32_t mask = receiver_mask(expr->left);
    if (mask && check_method(mask, expr->text)) {
        check_error(check, expr->span, "`%s` is never called: brackets are missing", expr->text);
        check_help(check, "write `.%s()`", expr->text);
        return &type_error;
    }
    return no_method(check, expr, mask);
}

/* ---- all together ---- */

static const struct type *unknown_function(struct check *check, struct expr *expr)
{
    const char *name = expr->left->text;
    for (uint32_t i = 0; i < expr->count; i++)
        check_expr(check, expr->arguments[i].value);
    if (check_unsupported(check, name, expr->span))
        return &type_error;
    if (check_exception(name) != EXCEPTION_NONE || strcmp(name, "Exception") == 0) {
        check_error(check, expr->span, "an exception is thrown with `raise`");
        return &type_error;
    }
    if (check_python_name(name)) {
        check_error(check, expr->left->span, "Python's `%s` is not part of this language", name);
    } else if (check_error(check, expr->left->span, "there is no function `%s`", name)) {
        if (check_method(-1, name))
            check_help(check, "it is called on an object: `name.%s()`", name);
        else
            check_suggest(check, name);
    }
    return &type_error;
}

static const struct type *call_class(struct check *check, struct expr *expr)
{
    check_error(check, expr->span, "%s objects are made at the top of the file: `name = %s(…)`",
                expr->left->text, expr->left->text);
    return &type_error;
}

static const struct type *call_named(struct check *check, struct expr *expr)
{
    const char *name = expr->left->text;
    struct symbol *symbol = check_lookup(check, name);
    if (symbol && symbol->shape == SYMBOL_FUNCTION)
        return call_function(check, expr, symbol);
    if (symbol) {
        if (symbol->shape != SYMBOL_BROKEN)
            check_error(check, expr->left->span, "`%s` is %s, not a function", name,
                        type_words(check->arena, symbol->type));
        return &type_error;
    }
    expr->method = check_builtin(name);
    if (!expr->method) {
        bool made = check_class(name) >= 0 || strcmp(name, "Atomic") == 0;
        return made ? call_class(check, expr) : unknown_function(check, expr);
    }
    check_effects(check, expr->span, expr->method->effects, quoted(check, name));
    bool pure = expr->method->effects == 0 && expr->method->id != CALL_CURRENT_THREAD &&
                expr->method->id != CALL_MAIN_THREAD && expr->method->id != CALL_ACTIVE_COUNT;
    if (!check->body && !pure && expr != check->making)
        check_error(check, expr->span, "this belongs in a thread or in `main:`");
    if (expr->method->parameters[0] == '*')
        return call_special(check, expr);
    check_arguments(check, expr, expr->method);
    return expr->method->result;
}

const struct type *check_call(struct check *check, struct expr *expr)
{
    check_drop_module(check, expr);
    if (expr->left->shape == EXPR_NAME)
        return call_named(check, expr);
    if (expr->left->shape == EXPR_ATTRIBUTE)
        return call_method(check, expr);
    for (uint32_t i = 0; i < expr->count; i++)
        check_expr(check, expr->arguments[i].value);
    if (!type_vague(check_expr(check, expr->left)))
        check_error(check, expr->span, "this cannot be called");
    return &type_error;
}
