/* Synchronisation objects: made at the top of a file, alone or in lists. */
#include <string.h>

#include "lang/check.h"

bool check_number(struct check *check, struct expr *value, const char *what, int64_t *ret_number)
{
    struct value result;
    if (!check_is(check, value, check_expr(check, value), &type_integer, what) ||
        !evaluate(check, value, &result))
        return false;
    *ret_number = result.words[0];
    return true;
}

static int class_of_call(struct check *check, struct expr *expr)
{
    check_drop_module(check, expr);
    if (expr->shape != EXPR_CALL || expr->left->shape != EXPR_NAME ||
        check_lookup(check, expr->left->text))
        return -1;
    return check_class(expr->left->text);
}

/* An object's `lock` until make_hidden_locks(): it gets one of its own, of this type. */
enum { OWN_RLOCK = -1, OWN_LOCK = -2 };

static void condition_lock(struct check *check, struct expr *value, struct object *object)
{
    int class = class_of_call(check, value);
    if (value->shape == EXPR_CALL && value->count == 0 &&
        (class == OBJECT_LOCK || class == OBJECT_RLOCK)) {
        object->lock = class == OBJECT_LOCK ? OWN_LOCK : OWN_RLOCK;
        return;
    }
    const struct type *type = check_expr(check, value);
    struct value result;
    if (type_vague(type) || type->shape == TYPE_NONE)
        return;
    if (type->shape != TYPE_OBJECT ||
        (type->object != OBJECT_LOCK && type->object != OBJECT_RLOCK)) {
        check_error(check, value->span, "a condition is made with a Lock or an RLock, not %s",
                    type_words(check->arena, type));
        return;
    }
    const struct expr *base = value->shape == EXPR_INDEX ? value->left : value;
    if (value->shape == EXPR_NAME && value->symbol && !value->symbol->bound) {
        object->lock = (int32_t)value->symbol->first;
    } else if (value->shape == EXPR_INDEX && base->symbol &&
               evaluate(check, value->right, &result)) {
        int64_t at = result.words[0], count = base->type->count;
        at += at < 0 ? count : 0;
        if (at < 0 || at >= count)
            check_error(check, value->span, "the index is out of range");
        else
            object->lock = (int32_t)(base->symbol->first + at);
    } else {
        check_error(check, value->span, "the lock of a condition is named here");
    }
}

static void barrier_action(struct check *check, struct expr *value, struct object *object)
{
    if (value->shape == EXPR_NONE)
        return;
    struct symbol *symbol =
        value->shape == EXPR_NAME ? names_find(&check->names, value->text) : NULL;
    if (!symbol || symbol->shape != SYMBOL_FUNCTION) {
        check_error(check, value->span, "the action of a barrier is the name of a function");
        return;
    }
    for (uint32_t i = 0; i < symbol->body->stmt->parameter_count; i++)
        if (!symbol->body->stmt->parameters[i].value) {
            check_error(check, value->span, "the action of a barrier is called without arguments");
            return;
        }
    symbol->body->reached = true;
    vector_push(&check->actions, symbol->body);
    object->action = (int32_t)check->actions.count - 1;
}

static void barrier_timeout(struct check *check, struct expr *value, struct object *object)
{
    struct value result;
    check_time(check, value, true, "the timeout");
    if (value->shape == EXPR_NONE || !evaluate(check, value, &result))
        return;
    object->timeout = result.words[0];
    if (value->type->shape == TYPE_INTEGER &&
        __builtin_mul_overflow(result.words[0], (int64_t)1000000000, &object->timeout))
        check_error(check, value->span, "this duration is too long");
}

static void one_argument(struct check *check, struct expr *call, uint32_t index,
                         struct object *object)
{
    static const char *const parameters[OBJECT_TYPES][3] = {
        [OBJECT_CONDITION] = {"lock"},
        [OBJECT_SEMAPHORE] = {"value"},
        [OBJECT_BOUNDED_SEMAPHORE] = {"value"},
        [OBJECT_BARRIER] = {"parties", "action", "timeout"},
    };
    struct argument *argument = &call->arguments[index];
    const char *const *names = parameters[object->type];
    int place = -1;
    for (int i = 0; i < 3 && names[i]; i++)
        if (argument->name ? strcmp(names[i], argument->name) == 0 : (int)index == i)
            place = i;
    const char *class = object_type_names[object->type];
    if (place < 0 && argument->name)
        check_error(check, argument->name_span, "`%s` has no parameter `%s`", class,
                    argument->name);
    else if (place < 0)
        check_error(check, argument->value->span, "`%s` takes %s", class,
                    !names[0]   ? "no arguments"
                    : !names[1] ? "one argument"
                                : "at most three arguments");
    else if (object->type == OBJECT_CONDITION)
        condition_lock(check, argument->value, object);
    else if (place == 1)
        barrier_action(check, argument->value, object);
    else if (place == 2)
        barrier_timeout(check, argument->value, object);
    else if (check_number(check, argument->value, names[place], &object->initial) &&
             object->initial < 0 && object->type != OBJECT_BARRIER)
        check_error(check, argument->value->span, "semaphore initial value must be >= 0");
}

static uint32_t position_of(struct check *check, struct span span)
{
    struct place place = source_place(check->source, span.start);
    return POSITION(place.line, place.column);
}

/* One object from its class and arguments; false when there are too many. */
static bool make_object(struct check *check, struct expr *call, int class, const char *name,
                        struct span span)
{
    struct object object = {.name = name,
                            .position = position_of(check, span),
                            .type = (uint8_t) class,
                            .lock = -1,
                            .action = -1,
                            .timeout = NONE_VALUE};
    bool semaphore = class == OBJECT_SEMAPHORE || class == OBJECT_BOUNDED_SEMAPHORE;
    object.initial = semaphore ? 1 : 0;
    for (uint32_t i = 0; i < call->count; i++)
        one_argument(check, call, i, &object);
    if (class == OBJECT_BARRIER && !call_argument_named(call, "parties", 0))
        check_error(check, call->span, "a barrier needs its number of parties");
    if (check->objects.count >= OBJECTS_MAX) {
        check_error(check, call->span, "more than %d objects", OBJECTS_MAX);
        return false;
    }
    vector_push(&check->objects, object);
    return true;
}

/* Conditions without a lock get one of their own, after the list they stand in. */
static void make_hidden_locks(struct check *check, uint32_t first)
{
    uint32_t end = (uint32_t)check->objects.count;
    for (uint32_t i = first; i < end; i++) {
        struct object *object = &check->objects.items[i];
        if (object->type != OBJECT_CONDITION || object->lock >= 0)
            continue;
        uint8_t type = object->lock == OWN_LOCK ? OBJECT_LOCK : OBJECT_RLOCK;
        object->lock = (int32_t)check->objects.count;
        struct object lock = {.name = arena_printf(check->keep, "lock of %s", object->name),
                              .position = object->position,
                              .type = type,
                              .lock = -1,
                              .action = -1,
                              .timeout = NONE_VALUE,
                              .hidden = true};
        vector_push(&check->objects, lock);
    }
}

bool check_is_call(struct check *check, const struct expr *expr, const char *name)
{
    return expr->shape == EXPR_CALL && expr->left->shape == EXPR_NAME &&
           strcmp(expr->left->text, name) == 0 && !check_lookup(check, name);
}

static void object_symbol(struct check *check, struct symbol *symbol, int class, uint32_t first,
                          int64_t count)
{
    const struct type *type = type_object(check->arena, (enum object_type) class);
    symbol->shape = SYMBOL_OBJECT;
    symbol->first = first;
    symbol->type = count < 0 ? type : type_list(check->arena, type, (uint32_t)count);
    symbol->made = true;
}

static const char *element_name(struct check *check, const char *name, uint32_t index)
{
    return arena_printf(check->keep, "%s[%u]", name, index);
}

/* [Lock() for i in range(5)] */
static void object_comprehension(struct check *check, struct symbol *symbol, struct expr *expr,
                                 int class)
{
    uint32_t first = (uint32_t)check->objects.count;
    int64_t length, start = 0, step = 1;
    const struct type *variable = check_iterable(check, expr->right, &length);
    if (type_vague(variable))
        return;
    bool range = check_is_range(check, expr->right);
    if (!range || length < 0) {
        check_error(check, expr->right->span,
                    "a list of objects goes through `range(…)` with known bounds");
        return;
    }
    if (length > LIST_MAX) {
        check_error(check, expr->span, "a list has at most %d elements", LIST_MAX);
        return;
    }
    if (expr->right->count >= 2)
        evaluate_integer(check, expr->right->arguments[0].value, &start);
    if (expr->right->count == 3)
        evaluate_integer(check, expr->right->arguments[2].value, &step);
    struct symbol local = {.shape = SYMBOL_LOCAL, .name = expr->text, .type = &type_integer};
    check->comprehension[check->comprehension_count++] = &local;
    for (int64_t i = 0; i < length; i++) {
        int64_t number = start + i * step;
        local.bound = &number;
        if (!make_object(check, expr->left, class, element_name(check, symbol->name, (uint32_t)i),
                         symbol->span))
            break;
    }
    check->comprehension_count--;
    make_hidden_locks(check, first);
    object_symbol(check, symbol, class, first, length);
}

/* [Lock(), Lock()] */
static void object_list(struct check *check, struct symbol *symbol, struct expr *expr, int class)
{
    uint32_t first = (uint32_t)check->objects.count;
    for (uint32_t i = 0; i < expr->count; i++) {
        if (class_of_call(check, expr->items[i]) != class) {
            check_error(check, expr->items[i]->span,
                        "the elements of this list are all made by `%s()`",
                        object_type_names[class]);
            return;
        }
        if (!make_object(check, expr->items[i], class, element_name(check, symbol->name, i),
                         symbol->span))
            return;
    }
    make_hidden_locks(check, first);
    object_symbol(check, symbol, class, first, expr->count);
}

bool check_make_objects(struct check *check, struct symbol *symbol, struct expr *value)
{
    int class = class_of_call(check, value);
    uint32_t first = (uint32_t)check->objects.count;
    if (class >= 0) {
        if (make_object(check, value, class, symbol->name, symbol->span))
            make_hidden_locks(check, first);
        object_symbol(check, symbol, class, first, -1);
        return true;
    }
    if (value->shape == EXPR_COMPREHENSION && (class = class_of_call(check, value->left)) >= 0) {
        symbol->shape = SYMBOL_BROKEN;
        object_comprehension(check, symbol, value, class);
        return true;
    }
    if (value->shape == EXPR_LIST && value->count > 0 &&
        (class = class_of_call(check, value->items[0])) >= 0) {
        symbol->shape = SYMBOL_BROKEN;
        object_list(check, symbol, value, class);
        return true;
    }
    bool times = value->shape == EXPR_BINARY && value->infix == INFIX_MULTIPLY &&
                 value->left->shape == EXPR_LIST && value->left->count > 0;
    if (times && ((class = class_of_call(check, value->left->items[0])) >= 0 ||
                  check_is_call(check, value->left->items[0], "Atomic"))) {
        const char *made = class >= 0 ? object_type_names[class] : "Atomic";
        symbol->shape = SYMBOL_BROKEN;
        check_error(check, value->span, "this list would hold the same %s several times", made);
        check_help(check, "write `[%s(%s) for i in range(…)]`", made, class >= 0 ? "" : "0");
        return true;
    }
    return false;
}
