/*
 * Values known before the run: what stands at the top of a file, defaults, the length of a list.
 *
 * evaluate() takes an expression that was checked without an error and works on the first values of
 * shared names; it is only asked at the top. evaluate_integer() also serves inside bodies, for
 * lengths: there a shared integer counts as known when no body ever assigns it.
 */
#include <string.h>

#include "lang/check.h"
#include "model/arithmetic.h"

static bool calculate(enum infix infix, int64_t a, int64_t b, int64_t *ret_number)
{
    if ((infix == INFIX_DIVIDE || infix == INFIX_MODULO) && b == 0)
        return false;
    return arithmetic(check_opcode(infix), a, b, ret_number);
}

static bool integer_name(struct check *check, const struct expr *expr, int64_t *ret_number)
{
    const struct symbol *symbol = expr->symbol ? expr->symbol : check_lookup(check, expr->text);
    if (!symbol)
        return false;
    if (symbol->bound) {
        *ret_number = *symbol->bound;
        return symbol->type->shape == TYPE_INTEGER;
    }
    if (symbol->shape != SYMBOL_VARIABLE || !symbol->made || symbol->atomic ||
        symbol->type->shape != TYPE_INTEGER || (check->body && symbol->assigned))
        return false;
    *ret_number = check->cells.items[symbol->first];
    return true;
}

static bool integer_length(struct check *check, const struct expr *call, int64_t *ret_number)
{
    const struct expr *of = call->arguments[0].value;
    const struct symbol *symbol = of->shape == EXPR_NAME ? check_lookup(check, of->text) : NULL;
    if (!symbol || symbol->type->shape != TYPE_LIST)
        return false;
    *ret_number = symbol->type->count;
    return true;
}

bool evaluate_integer(struct check *check, const struct expr *expr, int64_t *ret_number)
{
    int64_t a, b;
    switch (expr->shape) {
    case EXPR_INTEGER: *ret_number = expr->number; return true;
    case EXPR_NAME: return integer_name(check, expr, ret_number);
    case EXPR_NEGATE:
        return evaluate_integer(check, expr->left, &a) &&
               calculate(INFIX_SUBTRACT, 0, a, ret_number);
    case EXPR_BINARY:
        return evaluate_integer(check, expr->left, &a) &&
               evaluate_integer(check, expr->right, &b) && calculate(expr->infix, a, b, ret_number);
    case EXPR_CALL:
        return expr->left->shape == EXPR_NAME && strcmp(expr->left->text, "len") == 0 &&
               !check_lookup(check, "len") && expr->count == 1 &&
               integer_length(check, expr, ret_number);
    case EXPR_ERROR:
    case EXPR_DURATION:
    case EXPR_BOOLEAN:
    case EXPR_NONE:
    case EXPR_STRING:
    case EXPR_FORMAT:
    case EXPR_PIECE:
    case EXPR_TUPLE:
    case EXPR_LIST:
    case EXPR_COMPREHENSION:
    case EXPR_NOT:
    case EXPR_COMPARE:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_CONDITIONAL:
    case EXPR_INDEX:
    case EXPR_ATTRIBUTE:
    case EXPR_LAMBDA: break;
    }
    return false;
}

static bool refuse(struct check *check, const struct expr *expr, const char *why)
{
    check_error(check, expr->span, "%s", why);
    return false;
}

static int64_t *words(struct check *check, uint32_t count)
{
    check->budget -= (int64_t)count + 1;
    return arena_array(check->keep, int64_t, (size_t)count + 1);
}

static bool scalar(struct check *check, const struct expr *expr, int64_t word,
                   struct value *ret_value)
{
    ret_value->type = expr->type;
    ret_value->words = words(check, 1);
    ret_value->words[0] = word;
    return true;
}

static bool name_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    const struct symbol *symbol = expr->symbol;
    if (!symbol)
        return false;
    ret_value->type = expr->type;
    if (symbol->bound) {
        ret_value->words = words(check, type_width(expr->type));
        memcpy(ret_value->words, symbol->bound, type_width(expr->type) * sizeof(int64_t));
        return true;
    }
    if (symbol->shape != SYMBOL_VARIABLE || !symbol->made)
        return refuse(check, expr, "this value is not known before the run");
    uint32_t width = type_width(symbol->type);
    ret_value->words = words(check, width);
    memcpy(ret_value->words, check->cells.items + symbol->first, width * sizeof(int64_t));
    return true;
}

/* Items one after the other: a tuple or a list. */
static bool items_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    ret_value->type = expr->type;
    ret_value->words = words(check, type_width(expr->type));
    uint32_t at = 0;
    for (uint32_t i = 0; i < expr->count; i++) {
        struct value item;
        if (!evaluate(check, expr->items[i], &item))
            return false;
        uint32_t width = type_width(item.type);
        memcpy(ret_value->words + at, item.words, width * sizeof(int64_t));
        at += width;
    }
    return true;
}

/* What a comprehension goes through: the words of element `i`. */
struct sequence {
    struct value value;  /* of a list */
    int64_t start, step; /* of a range */
    bool range;
    uint32_t width;
};

static bool sequence_value(struct check *check, struct expr *expr, struct sequence *ret)
{
    *ret = (struct sequence){.step = 1, .width = 1};
    if (!check_is_range(check, expr)) {
        ret->width = type_width(expr->type->item ? expr->type->item : &type_integer);
        return evaluate(check, expr, &ret->value);
    }
    ret->range = true;
    if (expr->count >= 2 && !evaluate_integer(check, expr->arguments[0].value, &ret->start))
        return false;
    return expr->count < 3 || evaluate_integer(check, expr->arguments[2].value, &ret->step);
}

static bool comprehension_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    struct sequence sequence;
    if (!sequence_value(check, expr->right, &sequence))
        return false;
    uint32_t width = type_width(expr->type->item), count = expr->type->count;
    ret_value->type = expr->type;
    ret_value->words = words(check, width * count);
    for (uint32_t i = 0; i < count; i++) {
        int64_t number = sequence.start + (int64_t)i * sequence.step;
        struct value item;
        expr->symbol->bound = sequence.range ? &number : sequence.value.words + i * sequence.width;
        bool fine = evaluate(check, expr->left, &item);
        expr->symbol->bound = NULL;
        if (!fine)
            return false;
        memcpy(ret_value->words + i * width, item.words, width * sizeof(int64_t));
    }
    return true;
}

static bool repeat_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    struct expr *list = expr->left->type->shape == TYPE_LIST ? expr->left : expr->right;
    struct value item;
    if (!evaluate(check, list, &item))
        return false;
    uint32_t once = type_width(list->type), all = type_width(expr->type);
    ret_value->type = expr->type;
    ret_value->words = words(check, all);
    for (uint32_t at = 0; once > 0 && at < all; at += once)
        memcpy(ret_value->words + at, item.words, once * sizeof(int64_t));
    return true;
}

static bool binary_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    struct value a, b;
    if (expr->type->shape == TYPE_LIST)
        return repeat_value(check, expr, ret_value);
    if (!evaluate(check, expr->left, &a) || !evaluate(check, expr->right, &b))
        return false;
    if (expr->type->shape == TYPE_STRING) {
        char *joined = arena_printf(check->keep, "%s%s", check_string_text(check, a.words[0]),
                                    check_string_text(check, b.words[0]));
        if (strlen(joined) > MAX_STRING)
            return refuse(check, expr, "this string is too long");
        return scalar(check, expr, check_string(check, joined), ret_value);
    }
    int64_t number;
    if (a.words[0] == NONE_VALUE || b.words[0] == NONE_VALUE ||
        !calculate(expr->infix, a.words[0], b.words[0], &number))
        return refuse(check, expr, "this cannot be calculated: overflow, or a division by zero");
    return scalar(check, expr, number, ret_value);
}

static bool compare_words(const struct value *a, enum infix infix, const struct value *b)
{
    uint32_t width = type_width(a->type);
    bool equal =
        width == type_width(b->type) && memcmp(a->words, b->words, width * sizeof(int64_t)) == 0;
    switch (infix) {
    case INFIX_EQUAL:
    case INFIX_IS: return equal;
    case INFIX_NOT_EQUAL:
    case INFIX_IS_NOT: return !equal;
    case INFIX_LESS: return a->words[0] < b->words[0];
    case INFIX_LESS_EQUAL: return a->words[0] <= b->words[0];
    case INFIX_GREATER: return a->words[0] > b->words[0];
    case INFIX_GREATER_EQUAL: return a->words[0] >= b->words[0];
    case INFIX_ADD:
    case INFIX_SUBTRACT:
    case INFIX_MULTIPLY:
    case INFIX_DIVIDE:
    case INFIX_MODULO:
    case INFIX_IN:
    case INFIX_NOT_IN: break; /* no comparisons of two words */
    }
    return false;
}

static bool compare_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    struct value a, b;
    bool result = true;
    if (!evaluate(check, expr->items[0], &a))
        return false;
    for (uint32_t i = 1; i < expr->count && result; i++, a = b) {
        enum infix infix = expr->infixes[i - 1];
        bool text = a.type->shape == TYPE_STRING && infix >= INFIX_LESS;
        if (!evaluate(check, expr->items[i], &b))
            return false;
        if (text || infix == INFIX_IN || infix == INFIX_NOT_IN)
            return refuse(check, expr, "this comparison is not known before the run");
        result = compare_words(&a, infix, &b);
    }
    return scalar(check, expr, result, ret_value);
}

static bool is_true(struct check *check, const struct value *value)
{
    if (value->type->shape == TYPE_STRING)
        return check_string_text(check, value->words[0])[0] != '\0' &&
               value->words[0] != NONE_VALUE;
    return value->words[0] != 0 && value->words[0] != NONE_VALUE;
}

static bool junction_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    for (uint32_t i = 0; i < expr->count; i++) {
        if (!evaluate(check, expr->items[i], ret_value))
            return false;
        if (is_true(check, ret_value) == (expr->shape == EXPR_OR))
            break;
    }
    return true;
}

static bool index_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    struct value list, index;
    if (!evaluate(check, expr->left, &list) || !evaluate(check, expr->right, &index))
        return false;
    int64_t at = index.words[0], count = list.type->count;
    at += at < 0 ? count : 0;
    if (at < 0 || at >= count)
        return refuse(check, expr, "the index is out of range");
    uint32_t first = 0, width = type_width(expr->type);
    if (list.type->shape == TYPE_LIST)
        first = (uint32_t)at * width;
    else
        for (int64_t i = 0; i < at; i++)
            first += type_width(list.type->items[i]);
    ret_value->type = expr->type;
    ret_value->words = list.words + first;
    return true;
}

static void add_text(struct check *check, const struct value *value, struct text *out)
{
    int64_t word = value->words[0];
    if (word == NONE_VALUE && (value->type->optional || value->type->shape == TYPE_NONE))
        text_add(out, "None");
    else if (value->type->shape == TYPE_STRING)
        text_add(out, check_string_text(check, word));
    else if (value->type->shape == TYPE_BOOLEAN)
        text_add(out, word ? "True" : "False");
    else
        text_printf(out, "%lld", (long long)word);
}

static bool text_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    struct text text = {0};
    bool fine = true;
    bool call = expr->shape == EXPR_CALL;
    for (uint32_t i = 0; i < expr->count && fine; i++) {
        struct expr *piece = call ? expr->arguments[i].value : expr->items[i];
        struct expr *inside = piece->shape == EXPR_PIECE ? piece->left : piece;
        struct value value;
        fine = evaluate(check, inside, &value);
        if (fine && (type_width(value.type) != 1 || value.type->shape == TYPE_DURATION ||
                     value.type->shape == TYPE_LIST || (piece->shape == EXPR_PIECE && piece->text)))
            fine = refuse(check, inside, "this text is not known before the run");
        if (fine)
            add_text(check, &value, &text);
        if (fine && text.length > MAX_STRING)
            fine = refuse(check, expr, "this string is too long");
    }
    if (fine)
        scalar(check, expr, check_string(check, text_bytes(&text)), ret_value);
    text_fini(&text);
    return fine;
}

static bool call_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    int64_t number;
    if (evaluate_integer(check, expr, &number))
        return scalar(check, expr, number, ret_value);
    enum callable id = expr->method ? expr->method->id : CALLABLES;
    if (id == CALL_STR)
        return text_value(check, expr, ret_value);
    if (id != CALL_MIN && id != CALL_MAX && id != CALL_ABS && id != CALL_SUM)
        return refuse(check, expr,
                      "this is not known before the run; call it in a thread or in `main:`");
    struct value all = {0}, one;
    int64_t result = 0;
    uint32_t count = expr->count;
    if (!evaluate(check, expr->arguments[0].value, &all))
        return false;
    bool list = all.type->shape == TYPE_LIST;
    count = list ? all.type->count : count;
    if (list && type_width(all.type) != count)
        return refuse(check, expr, "this is not known before the run");
    for (uint32_t i = 0; i < count; i++) {
        if (!list && !evaluate(check, expr->arguments[i].value, &one))
            return false;
        int64_t word = list ? all.words[i] : one.words[0];
        if (id == CALL_SUM && __builtin_add_overflow(result, word, &result))
            return refuse(check, expr, "this sum is too large");
        if (id == CALL_ABS)
            result = word < 0 ? -word : word;
        if (i == 0 && id != CALL_SUM && id != CALL_ABS)
            result = word;
        if ((id == CALL_MIN && word < result) || (id == CALL_MAX && word > result))
            result = word;
    }
    return scalar(check, expr, result, ret_value);
}

bool evaluate(struct check *check, struct expr *expr, struct value *ret_value)
{
    struct value inner;
    if (!expr->type || type_vague(expr->type))
        return false;
    if (check->budget < 0)
        return refuse(check, expr, "calculating the first values takes too long");
    switch (expr->shape) {
    case EXPR_INTEGER:
    case EXPR_DURATION:
    case EXPR_BOOLEAN: return scalar(check, expr, expr->number, ret_value);
    case EXPR_NONE: return scalar(check, expr, NONE_VALUE, ret_value);
    case EXPR_STRING: return scalar(check, expr, check_string(check, expr->text), ret_value);
    case EXPR_FORMAT: return text_value(check, expr, ret_value);
    case EXPR_PIECE: return evaluate(check, expr->left, ret_value);
    case EXPR_NAME: return name_value(check, expr, ret_value);
    case EXPR_TUPLE:
    case EXPR_LIST: return items_value(check, expr, ret_value);
    case EXPR_COMPREHENSION: return comprehension_value(check, expr, ret_value);
    case EXPR_NEGATE:
        if (!evaluate(check, expr->left, &inner))
            return false;
        if (inner.words[0] == INT64_MIN)
            return refuse(check, expr, "this number is too large for 64 bits");
        return scalar(check, expr, -inner.words[0], ret_value);
    case EXPR_NOT:
        return evaluate(check, expr->left, &inner) &&
               scalar(check, expr, !is_true(check, &inner), ret_value);
    case EXPR_BINARY: return binary_value(check, expr, ret_value);
    case EXPR_COMPARE: return compare_value(check, expr, ret_value);
    case EXPR_AND:
    case EXPR_OR: return junction_value(check, expr, ret_value);
    case EXPR_CONDITIONAL:
        if (!evaluate(check, expr->third, &inner))
            return false;
        return evaluate(check, is_true(check, &inner) ? expr->left : expr->right, ret_value);
    case EXPR_INDEX: return index_value(check, expr, ret_value);
    case EXPR_CALL: return call_value(check, expr, ret_value);
    case EXPR_ERROR:
    case EXPR_ATTRIBUTE:
    case EXPR_LAMBDA: break;
    }
    return refuse(check, expr, "this is not known before the run");
}
