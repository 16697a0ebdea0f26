#include <string.h>

#include "lang/parse.h"

const char *infix_text(enum infix infix)
{
    static const char *const texts[] = {"+",  "-", "*",  "//", "%",      "==", "!=",    "<",
                                        "<=", ">", ">=", "is", "is not", "in", "not in"};
    return texts[infix];
}

struct span span_join(struct span a, struct span b)
{
    return (struct span){a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}

struct expr *parse_new(struct parser *parser, enum expr_shape shape, struct span span)
{
    struct expr *expr = arena_new(parser->arena, struct expr);
    expr->shape = shape;
    expr->span = span;
    expr->name_span = span;
    expr->depth = 1;
    return expr;
}

static void below(struct expr *expr, const struct expr *child)
{
    if (child && child->depth >= expr->depth)
        expr->depth = (uint16_t)(child->depth + 1);
}

struct expr *parse_deepen(struct parser *parser, struct expr *expr)
{
    below(expr, expr->left);
    below(expr, expr->right);
    below(expr, expr->third);
    for (uint32_t i = 0; i < expr->count; i++)
        below(expr, expr->shape == EXPR_CALL ? expr->arguments[i].value : expr->items[i]);
    if (expr->depth <= TREE_MAX)
        return expr;
    parse_error(parser, expr->span, "this expression is nested too deeply");
    return parse_new(parser, EXPR_ERROR, expr->span);
}

static struct expr *make_binary(struct parser *parser, struct expr *left, struct span at,
                                enum infix infix, struct expr *right)
{
    struct expr *expr = parse_new(parser, EXPR_BINARY, span_join(left->span, right->span));
    expr->left = left;
    expr->right = right;
    expr->infix = infix;
    expr->name_span = at;
    return parse_deepen(parser, expr);
}

/* `x++` and `++x`: reported, and read as x. */
static bool increment(struct parser *parser, const struct expr *left)
{
    const struct token *one = peek(parser), *two = parse_peek_at(parser, 1);
    const struct token *three = parse_peek_at(parser, 2);
    if (one->type != two->type || one->span.end != two->span.start)
        return false;
    if (three->type != TOKEN_NEWLINE && three->type != TOKEN_END)
        return false;
    const char *sign = one->type == TOKEN_PLUS ? "+" : "-";
    if (parse_error(parser, span_join(one->span, two->span), "there is no `%s%s` here", sign,
                    sign) &&
        left->shape == EXPR_NAME)
        diagnostic_help(parser->diagnostics, "write `%s %s= 1`", left->text, sign);
    return true;
}

static struct expr *postfix(struct parser *parser);

static struct expr *unary(struct parser *parser)
{
    const struct token *token = peek(parser);
    if (token->type != TOKEN_MINUS && token->type != TOKEN_PLUS)
        return postfix(parser);
    if (parser->depth >= TREE_MAX) {
        parse_error(parser, token->span, "this expression is nested too deeply");
        return parse_new(parser, EXPR_ERROR, token->span);
    }
    parser->depth++;
    parse_next(parser);
    const struct token *number = peek(parser);
    struct expr *operand;
    if (token->type == TOKEN_MINUS && number->type == TOKEN_INTEGER && number->smallest) {
        parse_next(parser);
        operand = parse_new(parser, EXPR_INTEGER, span_join(token->span, number->span));
        operand->number = INT64_MIN;
        parser->depth--;
        return operand;
    }
    operand = unary(parser);
    parser->depth--;
    struct expr *expr = operand;
    if (token->type == TOKEN_MINUS) {
        expr = parse_new(parser, EXPR_NEGATE, span_join(token->span, operand->span));
        expr->left = operand;
        expr->name_span = token->span;
        expr = parse_deepen(parser, expr);
    } else {
        expr = make_binary(parser, parse_new(parser, EXPR_INTEGER, token->span), token->span,
                           INFIX_ADD, operand);
    }
    return expr;
}

static struct expr *term(struct parser *parser)
{
    struct expr *left = unary(parser);
    for (;;) {
        const struct token *token = peek(parser);
        enum infix infix;
        if (token->type == TOKEN_STAR)
            infix = INFIX_MULTIPLY;
        else if (token->type == TOKEN_FLOOR_DIVIDE)
            infix = INFIX_DIVIDE;
        else if (token->type == TOKEN_MODULO)
            infix = INFIX_MODULO;
        else
            return left;
        parse_next(parser);
        left = make_binary(parser, left, token->span, infix, unary(parser));
    }
}

static struct expr *sum(struct parser *parser)
{
    struct expr *left = term(parser);
    for (;;) {
        const struct token *token = peek(parser);
        if (token->type != TOKEN_PLUS && token->type != TOKEN_MINUS)
            return left;
        if (increment(parser, left)) {
            parse_next(parser);
            parse_next(parser);
            return left;
        }
        parse_next(parser);
        enum infix infix = token->type == TOKEN_PLUS ? INFIX_ADD : INFIX_SUBTRACT;
        left = make_binary(parser, left, token->span, infix, term(parser));
    }
}

static bool comparison_sign(struct parser *parser, enum infix *ret_infix)
{
    static const struct {
        enum token_type first, second; /* second: TOKEN_END for none */
        enum infix infix;
    } signs[] = {{TOKEN_EQUAL, TOKEN_END, INFIX_EQUAL},
                 {TOKEN_NOT_EQUAL, TOKEN_END, INFIX_NOT_EQUAL},
                 {TOKEN_LESS, TOKEN_END, INFIX_LESS},
                 {TOKEN_LESS_EQUAL, TOKEN_END, INFIX_LESS_EQUAL},
                 {TOKEN_GREATER, TOKEN_END, INFIX_GREATER},
                 {TOKEN_GREATER_EQUAL, TOKEN_END, INFIX_GREATER_EQUAL},
                 {TOKEN_IN, TOKEN_END, INFIX_IN},
                 {TOKEN_IS, TOKEN_NOT, INFIX_IS_NOT},
                 {TOKEN_IS, TOKEN_END, INFIX_IS},
                 {TOKEN_NOT, TOKEN_IN, INFIX_NOT_IN}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        bool two = signs[i].second != TOKEN_END;
        if (peek(parser)->type != signs[i].first ||
            (two && parse_peek_at(parser, 1)->type != signs[i].second))
            continue;
        parse_next(parser);
        if (two)
            parse_next(parser);
        *ret_infix = signs[i].infix;
        return true;
    }
    return false;
}

static struct expr *comparison(struct parser *parser)
{
    struct expr *first = sum(parser);
    enum infix infix;
    struct span at = peek(parser)->span;
    if (!comparison_sign(parser, &infix))
        return first;
    vector(struct expr *) items = {0};
    vector(enum infix) infixes = {0};
    vector_push(&items, first);
    do {
        vector_push(&infixes, infix);
        vector_push(&items, sum(parser));
    } while (comparison_sign(parser, &infix));
    struct expr *expr = parse_new(parser, EXPR_COMPARE, first->span);
    expr->span = span_join(first->span, vector_last(&items)->span);
    expr->name_span = at;
    uint32_t infix_count;
    parse_keep(parser, &infixes, expr->infixes, infix_count);
    parse_keep(parser, &items, expr->items, expr->count);
    (void)infix_count;
    return parse_deepen(parser, expr);
}

static struct expr *negation(struct parser *parser)
{
    const struct token *token = peek(parser);
    if (token->type != TOKEN_NOT)
        return comparison(parser);
    if (parser->depth >= TREE_MAX) {
        parse_error(parser, token->span, "this expression is nested too deeply");
        return parse_new(parser, EXPR_ERROR, token->span);
    }
    parser->depth++;
    parse_next(parser);
    struct expr *expr = parse_new(parser, EXPR_NOT, token->span);
    expr->left = negation(parser);
    expr->span = span_join(token->span, expr->left->span);
    parser->depth--;
    return parse_deepen(parser, expr);
}

static struct expr *junction(struct parser *parser, enum token_type type, enum expr_shape shape,
                             struct expr *(*operand)(struct parser *))
{
    struct expr *first = operand(parser);
    if (peek(parser)->type != type)
        return first;
    vector(struct expr *) items = {0};
    vector_push(&items, first);
    while (parse_accept(parser, type))
        vector_push(&items, operand(parser));
    struct expr *expr = parse_new(parser, shape, span_join(first->span, vector_last(&items)->span));
    parse_keep(parser, &items, expr->items, expr->count);
    return parse_deepen(parser, expr);
}

static struct expr *conjunction(struct parser *parser)
{
    return junction(parser, TOKEN_AND, EXPR_AND, negation);
}

struct expr *parse_disjunction(struct parser *parser)
{
    return junction(parser, TOKEN_OR, EXPR_OR, conjunction);
}

static struct expr *lambda(struct parser *parser)
{
    const struct token *token = parse_next(parser);
    struct expr *expr = parse_new(parser, EXPR_LAMBDA, token->span);
    if (peek(parser)->type != TOKEN_COLON)
        parse_error(parser, peek(parser)->span, "a lambda here has no parameters: `lambda: x > 0`");
    parse_expect(parser, TOKEN_COLON, "after `lambda`");
    expr->left = parse_expr(parser);
    expr->span = span_join(token->span, expr->left->span);
    return parse_deepen(parser, expr);
}

struct expr *parse_expr(struct parser *parser)
{
    const struct token *token = peek(parser);
    if (parser->depth >= TREE_MAX) {
        parse_error(parser, token->span, "this expression is nested too deeply");
        return parse_new(parser, EXPR_ERROR, token->span);
    }
    parser->depth++;
    struct expr *expr;
    if (token->type == TOKEN_LAMBDA) {
        expr = lambda(parser);
    } else {
        expr = parse_disjunction(parser);
        if (peek(parser)->type == TOKEN_IF) {
            struct expr *conditional = parse_new(parser, EXPR_CONDITIONAL, expr->span);
            parse_next(parser);
            conditional->left = expr;
            conditional->third = parse_disjunction(parser);
            parse_expect(parser, TOKEN_ELSE, "in `a if condition else b`");
            conditional->right = parse_expr(parser);
            conditional->span = span_join(expr->span, conditional->right->span);
            expr = parse_deepen(parser, conditional);
        }
    }
    parser->depth--;
    return expr;
}

static bool ends_list(const struct parser *parser)
{
    enum token_type type = peek(parser)->type;
    return type == TOKEN_NEWLINE || type == TOKEN_END || type == TOKEN_RIGHT_PAREN ||
           type == TOKEN_RIGHT_BRACKET || type == TOKEN_ASSIGN || type == TOKEN_COLON;
}

struct expr *parse_expr_list(struct parser *parser)
{
    struct expr *first = parse_expr(parser);
    if (peek(parser)->type != TOKEN_COMMA)
        return first;
    vector(struct expr *) items = {0};
    vector_push(&items, first);
    while (parse_accept(parser, TOKEN_COMMA) && !ends_list(parser))
        vector_push(&items, parse_expr(parser));
    struct expr *expr = parse_new(parser, EXPR_TUPLE, first->span);
    expr->span = span_join(first->span, vector_last(&items)->span);
    parse_keep(parser, &items, expr->items, expr->count);
    return parse_deepen(parser, expr);
}

/* ---- calls, indices, attributes ---- */

static void call_argument(struct parser *parser, struct argument *argument)
{
    const struct token *token = peek(parser);
    *argument = (struct argument){.name_span = token->span};
    if (token->type == TOKEN_STAR) {
        parse_error(parser, token->span, "arguments are not unpacked with `*` here");
        parse_next(parser);
    }
    if (token->type == TOKEN_NAME && parse_peek_at(parser, 1)->type == TOKEN_ASSIGN) {
        argument->name = token->text;
        parse_next(parser);
        parse_next(parser);
    }
    argument->value = parse_expr(parser);
    if (!argument->name)
        argument->name_span = argument->value->span;
    if (peek(parser)->type == TOKEN_FOR) {
        if (parse_error(parser, peek(parser)->span, "there are no generators here"))
            diagnostic_help(parser->diagnostics, "a list does it: `sum([x for x in xs])`");
        while (peek(parser)->type != TOKEN_RIGHT_PAREN && peek(parser)->type != TOKEN_NEWLINE &&
               peek(parser)->type != TOKEN_END)
            parse_next(parser);
    }
}

static struct expr *call(struct parser *parser, struct expr *left)
{
    vector(struct argument) arguments = {0};
    struct expr *expr = parse_new(parser, EXPR_CALL, left->span);
    parse_next(parser);
    while (peek(parser)->type != TOKEN_RIGHT_PAREN && !parser->failed) {
        struct argument argument;
        call_argument(parser, &argument);
        vector_push(&arguments, argument);
        if (!parse_accept(parser, TOKEN_COMMA))
            break;
    }
    struct span end = peek(parser)->span;
    if (!parse_expect(parser, TOKEN_RIGHT_PAREN, "to end the arguments"))
        end = left->span;
    expr->left = left;
    expr->span = span_join(left->span, end);
    parse_keep(parser, &arguments, expr->arguments, expr->count);
    return parse_deepen(parser, expr);
}

static struct expr *index_of(struct parser *parser, struct expr *left)
{
    struct expr *expr = parse_new(parser, EXPR_INDEX, left->span);
    parse_next(parser);
    expr->left = left;
    if (peek(parser)->type == TOKEN_COLON)
        parse_error(parser, peek(parser)->span, "there are no slices here");
    expr->right = parse_expr(parser);
    if (peek(parser)->type == TOKEN_COLON)
        parse_error(parser, peek(parser)->span, "there are no slices here");
    struct span end = peek(parser)->span;
    parse_expect(parser, TOKEN_RIGHT_BRACKET, "to end the index");
    expr->span = span_join(left->span, end);
    return parse_deepen(parser, expr);
}

static struct expr *attribute(struct parser *parser, struct expr *left)
{
    struct expr *expr = parse_new(parser, EXPR_ATTRIBUTE, left->span);
    parse_next(parser);
    const struct token *name = peek(parser);
    expr->left = left;
    expr->text = "";
    if (parse_expect(parser, TOKEN_NAME, "after `.`")) {
        expr->text = name->text;
        expr->name_span = name->span;
        expr->span = span_join(left->span, name->span);
    }
    return parse_deepen(parser, expr);
}

static struct expr *postfix(struct parser *parser)
{
    struct expr *expr = parse_atom(parser);
    while (!parser->failed) {
        if (peek(parser)->type == TOKEN_LEFT_PAREN)
            expr = call(parser, expr);
        else if (peek(parser)->type == TOKEN_LEFT_BRACKET)
            expr = index_of(parser, expr);
        else if (peek(parser)->type == TOKEN_DOT)
            expr = attribute(parser, expr);
        else
            break;
    }
    return expr;
}
