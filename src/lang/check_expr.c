/* The kind of every expression. */
#include <string.h>

#include "lang/check.h"
#include "model/value.h"

static const char *words(struct check *check, const struct type *type)
{
    return type_words(check->arena, type);
}

bool check_is(struct check *check, struct expr *expr, const struct type *type,
              const struct type *wanted, const char *what)
{
    if (type_vague(type) || type->shape == wanted->shape)
        return true;
    if (check_error(check, expr->span, "%s is %s, not %s", what, words(check, wanted),
                    words(check, type)) &&
        wanted->shape == TYPE_INTEGER && type->shape == TYPE_DURATION)
        check_help(check, "a literal with a point or a unit is a duration");
    return false;
}

void check_time(struct check *check, struct expr *expr, bool none_allowed, const char *what)
{
    const struct type *type = check_expr(check, expr);
    if (type_vague(type) || type->shape == TYPE_DURATION || type->shape == TYPE_INTEGER)
        return;
    if (type->shape == TYPE_NONE && none_allowed)
        return;
    check_error(check, expr->span, "%s is a duration or a number of seconds, not %s", what,
                words(check, type));
}

void check_printable(struct check *check, struct expr *expr)
{
    const struct type *type = check_expr(check, expr);
    if (type->shape == TYPE_LIST && type->count > LOCAL_LIST_MAX)
        check_error(check, expr->span, "a list of %u elements is too long to print", type->count);
}

/* ---- conditions ---- */

static void always_true(struct check *check, struct expr *expr, const struct type *type)
{
    check_error(check, expr->span, "%s is always true", words(check, type));
    bool event = type->shape == TYPE_OBJECT && type->object == OBJECT_EVENT;
    bool lock = type->shape == TYPE_OBJECT && type->object == OBJECT_LOCK;
    if (event)
        check_help(check, "did you mean `.is_set()`?");
    else if (lock)
        check_help(check, "did you mean `.locked()` or `.acquire()`?");
    else if (type->shape == TYPE_THREAD)
        check_help(check, "did you mean `.is_alive()`?");
}

/* `x == 1 or 2` */
static void lonely_value(struct check *check, const struct expr *expr)
{
    const struct expr *first = expr->items[0];
    for (uint32_t i = 1; i < expr->count && expr->shape == EXPR_OR; i++) {
        const struct expr *item = expr->items[i];
        bool constant = (item->shape == EXPR_INTEGER && item->number != 0) ||
                        (item->shape == EXPR_STRING && item->text[0]);
        if (!constant || first->shape != EXPR_COMPARE)
            continue;
        check_warning(check, item->span, "this alone is always true");
        check_help(check, "did you mean `… or x == …`?");
    }
}

void check_condition(struct check *check, struct expr *expr)
{
    if (expr->shape == EXPR_AND || expr->shape == EXPR_OR) {
        lonely_value(check, expr);
        for (uint32_t i = 0; i < expr->count; i++)
            check_condition(check, expr->items[i]);
        expr->type = &type_boolean;
        return;
    }
    if (expr->shape == EXPR_NOT) {
        check_condition(check, expr->left);
        expr->type = &type_boolean;
        return;
    }
    const struct type *type = check_expr(check, expr);
    bool thing = type->shape == TYPE_THREAD || type->shape == TYPE_OBJECT;
    if ((thing && !type->optional) || type->shape == TYPE_TUPLE || type->shape == TYPE_EXCEPTION)
        always_true(check, expr, type);
}

static const struct type *junction(struct check *check, struct expr *expr)
{
    const struct type *type = &type_unknown;
    for (uint32_t i = 0; i < expr->count; i++) {
        const struct type *one = check_expr(check, expr->items[i]);
        const struct type *joined = type_join(check->arena, type, one);
        if (!joined || one->shape == TYPE_LIST) {
            check_error(check, expr->items[i]->span,
                        "`%s` joins %s and %s: its result would have no one kind",
                        expr->shape == EXPR_AND ? "and" : "or", words(check, type),
                        words(check, one));
            return &type_error;
        }
        type = joined;
    }
    return type;
}

/* ---- lists, indices ---- */

void check_in_range(struct check *check, struct expr *index, const struct type *list)
{
    int64_t known;
    if (evaluate_integer(check, index, &known) &&
        (known >= (int64_t)list->count || known < -(int64_t)list->count))
        check_warning(check, index->span, "index %lld is out of range: the list has %u element%s",
                      (long long)known, list->count, list->count == 1 ? "" : "s");
}

bool check_is_range(const struct check *check, const struct expr *expr)
{
    (void)check;
    return expr->shape == EXPR_CALL && expr->method && expr->method->id == CALL_RANGE;
}

int64_t check_range_length(struct check *check, const struct expr *call)
{
    int64_t numbers[3] = {0, 0, 1};
    if (call->count == 0 || call->count > 3)
        return -1;
    for (uint32_t i = 0; i < call->count; i++)
        if (!evaluate_integer(check, call->arguments[i].value, &numbers[call->count == 1 ? 1 : i]))
            return -1;
    int64_t start = numbers[0], stop = numbers[1], step = numbers[2];
    if (step == 0)
        return -1;
    __extension__ typedef __int128 wide;
    wide span = step > 0 ? (wide)stop - start : (wide)start - stop;
    wide stride = step > 0 ? (wide)step : -(wide)step;
    wide length = span <= 0 ? 0 : (span + stride - 1) / stride;
    return length > INT64_MAX ? INT64_MAX : (int64_t)length;
}

const struct type *check_iterable(struct check *check, struct expr *expr, int64_t *ret_length)
{
    check->iterated = expr;
    const struct type *type = check_expr(check, expr);
    *ret_length = -1;
    if (check_is_range(check, expr)) {
        *ret_length = check_range_length(check, expr);
        return &type_integer;
    }
    if (type->shape == TYPE_LIST) {
        *ret_length = type->count;
        return type->item;
    }
    if (type->shape == TYPE_TUPLE) {
        const struct type *item = &type_unknown;
        *ret_length = type->count;
        for (uint32_t i = 0; i < type->count && item; i++)
            item = type_join(check->arena, item, type->items[i]);
        if (item)
            return item;
        check_error(check, expr->span, "a loop goes through values of one kind");
        return &type_error;
    }
    if (!type_vague(type)) {
        check_error(check, expr->span, "a loop goes through `range(…)` or a list, not %s",
                    words(check, type));
        if (type->shape == TYPE_INTEGER)
            check_help(check, "did you mean `range(…)`?");
    }
    return &type_error;
}

static const struct type *element(struct check *check, struct expr *expr, const struct type *type,
                                  const struct type *so_far)
{
    if (type->shape == TYPE_LIST) {
        check_error(check, expr->span, "a list of lists is not supported");
        check_help(check,
                   "one list does it: the element of row i and column k is xs[i * width + k]");
        return &type_error;
    }
    if (type->shape == TYPE_EXCEPTION) {
        check_error(check, expr->span, "an exception cannot be kept in a list");
        return &type_error;
    }
    const struct type *joined = type_join(check->arena, so_far, type);
    if (joined)
        return joined;
    check_error(check, expr->span, "the list has %s before, this is %s", words(check, so_far),
                words(check, type));
    return &type_error;
}

static const struct type *list(struct check *check, struct expr *expr)
{
    const struct type *item = &type_unknown;
    bool wrong = false;
    if (expr->count > LIST_MAX) {
        check_error(check, expr->span, "a list has at most %d elements", LIST_MAX);
        return &type_error;
    }
    for (uint32_t i = 0; i < expr->count; i++) {
        const struct type *one = check_expr(check, expr->items[i]);
        const struct type *joined = element(check, expr->items[i], one, item);
        if (joined->shape == TYPE_ERROR)
            wrong = true;
        else
            item = joined;
    }
    return wrong ? &type_error : type_list(check->arena, item, expr->count);
}

static void open_variable(struct check *check, struct expr *expr)
{
    if (!expr->symbol) {
        struct symbol *symbol;
        if (check->body) {
            symbol = check_new_local(check, check->body, expr->text, expr->name_span);
        } else {
            symbol = arena_new(check->arena, struct symbol);
            *symbol = (struct symbol){.shape = SYMBOL_LOCAL,
                                      .name = expr->text,
                                      .span = expr->name_span,
                                      .type = &type_unknown};
        }
        symbol->loop = true;
        expr->symbol = symbol;
    }
    if (check->comprehension_count < sizeof check->comprehension / sizeof *check->comprehension)
        check->comprehension[check->comprehension_count] = expr->symbol;
    check->comprehension_count++;
}

static const struct type *comprehension(struct check *check, struct expr *expr)
{
    int64_t length;
    const struct type *variable = check_iterable(check, expr->right, &length);
    if (check->comprehension_count >= 60) {
        check_error(check, expr->span, "lists are nested too deeply");
        return &type_error;
    }
    open_variable(check, expr);
    if (!type_vague(variable))
        expr->symbol->type = variable;
    const struct type *type = check_expr(check, expr->left);
    check->comprehension_count--;
    type = element(check, expr->left, type, &type_unknown);
    if (variable->shape == TYPE_ERROR || type->shape == TYPE_ERROR)
        return &type_error;
    if (length < 0) {
        check_error(check, expr->right->span, "the length of a list must be known before the run");
        return &type_error;
    }
    if (length > LIST_MAX) {
        check_error(check, expr->span, "a list has at most %d elements", LIST_MAX);
        return &type_error;
    }
    return type_list(check->arena, type, (uint32_t)length);
}

static const struct type *tuple(struct check *check, struct expr *expr)
{
    const struct type **items = arena_array(check->arena, const struct type *, expr->count + 1);
    uint32_t width = 0;
    for (uint32_t i = 0; i < expr->count; i++) {
        items[i] = check_expr(check, expr->items[i]);
        if (items[i]->shape == TYPE_LIST || items[i]->shape == TYPE_EXCEPTION) {
            check_error(check, expr->items[i]->span, "a tuple cannot hold %s",
                        words(check, items[i]));
            items[i] = &type_error;
        }
        if (items[i]->shape == TYPE_ERROR)
            width = TUPLE_MAX * 2;
        width += type_width(items[i]);
        if (width > TUPLE_MAX && width < TUPLE_MAX * 2)
            check_error(check, expr->span, "a tuple holds at most %d values", TUPLE_MAX);
        if (width > TUPLE_MAX)
            width = TUPLE_MAX * 2;
    }
    if (width > TUPLE_MAX)
        return &type_error;
    return type_tuple(check->arena, items, expr->count);
}

static const struct type *tuple_item(struct check *check, struct expr *expr,
                                     const struct type *type)
{
    int64_t at;
    if (!evaluate_integer(check, expr->right, &at)) {
        check_error(check, expr->right->span, "a tuple's index must be known before the run");
        return &type_error;
    }
    at += at < 0 ? type->count : 0;
    if (at < 0 || at >= type->count) {
        check_error(check, expr->right->span, "the tuple has %u items", type->count);
        return &type_error;
    }
    return type->items[at];
}

static const struct type *item_of(struct check *check, struct expr *expr)
{
    const struct type *type = check_expr(check, expr->left);
    const struct type *at = check_expr(check, expr->right);
    if (type_vague(type))
        return type;
    if (type->shape != TYPE_LIST && type->shape != TYPE_TUPLE) {
        check_error(check, expr->span, "%s has no elements: it cannot be indexed",
                    words(check, type));
        return &type_error;
    }
    if (!check_is(check, expr->right, at, &type_integer, "an index"))
        return &type_error;
    if (type->shape == TYPE_TUPLE)
        return tuple_item(check, expr, type);
    check_in_range(check, expr->right, type);
    return type->item;
}

/* ---- names and all together ---- */

static const struct type *name(struct check *check, struct expr *expr)
{
    struct symbol *symbol = check_name(check, expr);
    if (!symbol)
        return &type_error;
    if (symbol->shape == SYMBOL_FUNCTION) {
        check_error(check, expr->span, "`%s` is a function: it is called as `%s(…)`", expr->text,
                    expr->text);
        return &type_error;
    }
    if (symbol->type->shape == TYPE_UNKNOWN && check->final)
        return symbol->shape == SYMBOL_LOCAL ? &type_error : &type_none;
    return symbol->type;
}

/* `{x:>5}`: what stands after the colon. */
static void format_spec(struct check *check, const struct expr *piece)
{
    const struct type *type = piece->left->type;
    bool number = type->shape == TYPE_INTEGER || type->shape == TYPE_BOOLEAN;
    if (!piece->text || !piece->text[0] || type_vague(type))
        return;
    if (!number && type->shape != TYPE_STRING && type->shape != TYPE_DURATION)
        check_error(check, piece->span, "%s has no format", words(check, type));
    else if (!value_spec_fits(piece->text, number) &&
             check_error(check, piece->span, "`%s` is no format of %s", piece->text,
                         words(check, type)))
        check_help(check, number ? "`{x:5}` fills to a width, `{x:05}` with zeros; d x b o choose "
                                   "the base"
                                 : "`{s:>8}` fills to a width; < ^ > choose the side");
}

static const struct type *format(struct check *check, struct expr *expr)
{
    for (uint32_t i = 0; i < expr->count; i++) {
        struct expr *piece = expr->items[i];
        if (piece->shape == EXPR_PIECE) {
            check_printable(check, piece->left);
            format_spec(check, piece);
            piece->type = &type_string;
        } else {
            check_expr(check, piece);
        }
    }
    return &type_string;
}

static const struct type *conditional(struct check *check, struct expr *expr)
{
    check_condition(check, expr->third);
    const struct type *a = check_expr(check, expr->left), *b = check_expr(check, expr->right);
    const struct type *joined = type_join(check->arena, a, b);
    if (joined && joined->shape != TYPE_LIST)
        return joined;
    check_error(check, expr->span, "this is %s or %s: a value has one kind", words(check, a),
                words(check, b));
    return &type_error;
}

static const struct type *look(struct check *check, struct expr *expr)
{
    const struct type *type;
    switch (expr->shape) {
    case EXPR_ERROR: return &type_error;
    case EXPR_INTEGER: return &type_integer;
    case EXPR_DURATION: return &type_duration;
    case EXPR_BOOLEAN: return &type_boolean;
    case EXPR_NONE: return &type_none;
    case EXPR_STRING:
        if (strlen(expr->text) > MAX_STRING)
            check_error(check, expr->span, "a string has at most %d bytes", MAX_STRING);
        return &type_string;
    case EXPR_FORMAT: return format(check, expr);
    case EXPR_PIECE: return &type_error;
    case EXPR_NAME: return name(check, expr);
    case EXPR_TUPLE: return tuple(check, expr);
    case EXPR_LIST: return list(check, expr);
    case EXPR_COMPREHENSION: return comprehension(check, expr);
    case EXPR_NEGATE:
        type = type_not_none(check->arena, check_expr(check, expr->left));
        if (type_vague(type) || type_is_number(type))
            return type;
        check_error(check, expr->span, "`-` does not work on %s", words(check, type));
        return &type_error;
    case EXPR_NOT: check_condition(check, expr->left); return &type_boolean;
    case EXPR_BINARY: return check_binary(check, expr);
    case EXPR_COMPARE: return check_compare(check, expr);
    case EXPR_AND:
    case EXPR_OR: return junction(check, expr);
    case EXPR_CONDITIONAL: return conditional(check, expr);
    case EXPR_INDEX: return item_of(check, expr);
    case EXPR_ATTRIBUTE: return check_attribute(check, expr);
    case EXPR_CALL: return check_call(check, expr);
    case EXPR_LAMBDA:
        check_error(check, expr->span, "a lambda stands only in `wait_for(lambda: …)`");
        return &type_error;
    }
    return &type_error;
}

const struct type *check_expr(struct check *check, struct expr *expr)
{
    expr->type = look(check, expr);
    bool lost = check->reporting && check->body && check->body->reached &&
                type_unfinished(expr->type) && !check_is_range(check, expr);
    if (lost && check->lost.end == 0)
        check->lost = expr->span;
    return expr->type;
}
