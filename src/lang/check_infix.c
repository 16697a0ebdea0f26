/* The kind of `a + b` and of `a < b < c`, and what is wrong with them. */
#include "lang/check.h"

static struct span span_join_of(const struct expr *left, const struct expr *right)
{
    return (struct span){left->span.start, right->span.end};
}

static const char *words(struct check *check, const struct type *type)
{
    return type_words(check->arena, type);
}

static const struct type *mixed(struct check *check, struct expr *expr, const struct type *a,
                                const struct type *b)
{
    check_error(check, expr->name_span, "`%s` does not work on %s and %s", infix_text(expr->infix),
                words(check, a), words(check, b));
    bool text = a->shape == TYPE_STRING || b->shape == TYPE_STRING;
    if (text && expr->infix == INFIX_ADD)
        check_help(check, "an f-string joins text and values: f\"{x} items\"");
    else if (text && expr->infix == INFIX_MODULO)
        check_help(check, "use an f-string: f\"{x} items\"");
    else if ((a->shape == TYPE_DURATION && b->shape == TYPE_INTEGER) ||
             (a->shape == TYPE_INTEGER && b->shape == TYPE_DURATION))
        check_help(check, "give the number a unit: `5s`, `20ms`");
    else if (a->shape == TYPE_BOOLEAN || b->shape == TYPE_BOOLEAN)
        check_help(check, "`1 if x else 0` makes a number of a boolean");
    return &type_error;
}

/* `[0] * 8`: a list, its length known before the run. */
static const struct type *repeated_list(struct check *check, struct expr *expr,
                                        const struct type *list, struct expr *times)
{
    int64_t number, length;
    if (times->type->shape != TYPE_INTEGER)
        return mixed(check, expr, expr->left->type, expr->right->type);
    if (!evaluate_integer(check, times, &number)) {
        check_error(check, times->span, "the length of a list must be known before the run");
        return &type_error;
    }
    number = number < 0 ? 0 : number;
    if (__builtin_mul_overflow(number, (int64_t)list->count, &length) || length > LIST_MAX) {
        check_error(check, expr->span, "a list has at most %d elements", LIST_MAX);
        return &type_error;
    }
    return type_list(check->arena, list->item, (uint32_t)length);
}

uint8_t check_opcode(enum infix infix)
{
    static const uint8_t opcodes[] = {
        [INFIX_ADD] = OP_ADD,         [INFIX_SUBTRACT] = OP_SUB, [INFIX_MULTIPLY] = OP_MUL,
        [INFIX_DIVIDE] = OP_FLOORDIV, [INFIX_MODULO] = OP_MOD,
    };
    return opcodes[infix];
}

const struct type *check_binary(struct check *check, struct expr *expr)
{
    const struct type *a = check_expr(check, expr->left), *b = check_expr(check, expr->right);
    if (type_vague(a) || type_vague(b))
        return a->shape == TYPE_ERROR || b->shape == TYPE_ERROR ? &type_error : &type_unknown;
    bool list = a->shape == TYPE_LIST || b->shape == TYPE_LIST;
    if (list && expr->infix == INFIX_MULTIPLY)
        return repeated_list(check, expr, a->shape == TYPE_LIST ? a : b,
                             a->shape == TYPE_LIST ? expr->right : expr->left);
    a = type_not_none(check->arena, a);
    b = type_not_none(check->arena, b);
    bool same = type_is_number(a) && a->shape == b->shape;
    bool first_duration = a->shape == TYPE_DURATION && b->shape == TYPE_INTEGER;
    bool second_duration = a->shape == TYPE_INTEGER && b->shape == TYPE_DURATION;
    switch (expr->infix) {
    case INFIX_ADD:
        if (a->shape == TYPE_STRING && b->shape == TYPE_STRING)
            return &type_string;
        return same ? a : mixed(check, expr, a, b);
    case INFIX_SUBTRACT: return same ? a : mixed(check, expr, a, b);
    case INFIX_MULTIPLY:
        if (first_duration || second_duration)
            return &type_duration;
        return same && a->shape == TYPE_INTEGER ? a : mixed(check, expr, a, b);
    case INFIX_DIVIDE:
        if (first_duration)
            return &type_duration;
        return same ? &type_integer : mixed(check, expr, a, b);
    case INFIX_MODULO: return same ? a : mixed(check, expr, a, b);
    case INFIX_EQUAL:
    case INFIX_NOT_EQUAL:
    case INFIX_LESS:
    case INFIX_LESS_EQUAL:
    case INFIX_GREATER:
    case INFIX_GREATER_EQUAL:
    case INFIX_IS:
    case INFIX_IS_NOT:
    case INFIX_IN:
    case INFIX_NOT_IN: break; /* check_compare() */
    }
    return &type_error;
}

static const struct type *membership(struct check *check, struct expr *item, struct expr *list)
{
    const struct type *type = list->type, *one = item->type;
    if (type_vague(type) || type_vague(one))
        return &type_boolean;
    if (type->shape != TYPE_LIST && type->shape != TYPE_TUPLE) {
        check_error(check, list->span, "`in` looks into a list or a tuple, not into %s",
                    words(check, type));
        return &type_error;
    }
    uint32_t count = type->shape == TYPE_LIST ? (type->count > 0) : type->count;
    for (uint32_t i = 0; i < count; i++) {
        const struct type *other = type->shape == TYPE_LIST ? type->item : type->items[i];
        if (!type_join(check->arena, one, other)) {
            check_error(check, item->span, "this is %s, and the elements are of another kind",
                        words(check, one));
            return &type_error;
        }
    }
    return &type_boolean;
}

static const struct type *ordered(struct check *check, struct expr *expr, enum infix infix,
                                  struct expr *left, struct expr *right)
{
    const struct type *a = left->type, *b = right->type;
    if (type_vague(a) || type_vague(b))
        return &type_boolean;
    bool fits = a->shape == b->shape && (type_is_number(a) || a->shape == TYPE_STRING);
    if (fits)
        return &type_boolean;
    struct expr at = {.name_span = span_join_of(left, right), .infix = infix};
    (void)expr;
    return mixed(check, &at, a, b);
}

static const struct type *identical(struct check *check, enum infix infix, struct expr *left,
                                    struct expr *right)
{
    const struct type *a = left->type, *b = right->type;
    bool none = a->shape == TYPE_NONE || b->shape == TYPE_NONE;
    bool things = (a->shape == TYPE_THREAD || a->shape == TYPE_OBJECT) && a->shape == b->shape;
    if (type_vague(a) || type_vague(b) || none || things)
        return &type_boolean;
    check_error(check, span_join_of(left, right), "`%s` compares with None only",
                infix_text(infix));
    check_help(check, "values are compared with `%s`", infix == INFIX_IS ? "==" : "!=");
    return &type_error;
}

static const struct type *equal(struct check *check, enum infix infix, struct expr *left,
                                struct expr *right)
{
    const struct type *a = left->type, *b = right->type;
    bool lists = a->shape == TYPE_LIST && b->shape == TYPE_LIST;
    if (type_vague(a) || type_vague(b) || type_join(check->arena, a, b) ||
        (lists && (a->count == 0 || b->count == 0 || type_join(check->arena, a->item, b->item))))
        return &type_boolean;
    check_error(check, span_join_of(left, right), "`%s` between %s and %s is always %s",
                infix_text(infix), words(check, a), words(check, b),
                infix == INFIX_EQUAL ? "False" : "True");
    return &type_error;
}

const struct type *check_compare(struct check *check, struct expr *expr)
{
    const struct type *result = &type_boolean;
    for (uint32_t i = 0; i < expr->count; i++)
        check_expr(check, expr->items[i]);
    for (uint32_t i = 1; i < expr->count; i++) {
        struct expr *left = expr->items[i - 1], *right = expr->items[i];
        const struct type *one;
        enum infix infix = expr->infixes[i - 1];
        if (infix == INFIX_IN || infix == INFIX_NOT_IN)
            one = membership(check, left, right);
        else if (infix == INFIX_IS || infix == INFIX_IS_NOT)
            one = identical(check, infix, left, right);
        else if (infix == INFIX_EQUAL || infix == INFIX_NOT_EQUAL)
            one = equal(check, infix, left, right);
        else
            one = ordered(check, expr, infix, left, right);
        if (one->shape == TYPE_ERROR)
            result = one;
    }
    return result;
}
