/* The smallest expressions: numbers, strings, names, brackets. */
#include <string.h>

#include "lang/parse.h"

static struct expr *piece(struct parser *parser, struct span inside)
{
    const struct source *source = parser->source;
    uint32_t colon = inside.end;
    unsigned depth = 0;
    char quote = 0;
    for (uint32_t i = inside.start; i < inside.end; i++) {
        char c = source->bytes[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '\'' || c == '"')
            quote = c;
        else if (c == '(' || c == '[')
            depth++;
        else if ((c == ')' || c == ']') && depth > 0)
            depth--;
        else if (depth == 0 &&
                 (c == ':' || (c == '!' && i + 1 < inside.end && source->bytes[i + 1] != '='))) {
            colon = i;
            break;
        }
    }
    struct expr *expr = parse_new(parser, EXPR_PIECE, inside);
    struct span part = {inside.start, colon};
    if (colon < inside.end && source->bytes[colon] == '!') {
        parse_error(parser, (struct span){colon, colon + 1},
                    "there are no conversions like `!r` here");
        return expr->shape = EXPR_ERROR, expr;
    }
    if (colon < inside.end)
        expr->text =
            arena_strndup(parser->arena, source->bytes + colon + 1, inside.end - colon - 1);
    struct tokens tokens = lexer_read_part(parser->arena, source, parser->diagnostics, part);
    struct parser inner = *parser;
    inner.tokens = tokens.items;
    inner.at = 0;
    if (tokens.count == 1)
        parse_error(&inner, (struct span){inside.start - 1, inside.end + 1},
                    "an empty expression in an f-string");
    expr->left = parse_expr_list(&inner);
    if (!inner.failed && peek(&inner)->type == TOKEN_ASSIGN)
        parse_error(&inner, peek(&inner)->span, "there is no `{x=}` here");
    else if (!inner.failed && peek(&inner)->type != TOKEN_END)
        parse_error(&inner, peek(&inner)->span, "%s has no place here",
                    token_name(peek(&inner)->type));
    parser->failed = inner.failed;
    return parse_deepen(parser, expr);
}

/* The end of the `{…}` that starts at `at`; 0 when it is not closed. */
static uint32_t piece_end(const struct source *source, uint32_t at, uint32_t end)
{
    unsigned depth = 0;
    char quote = 0;
    for (uint32_t i = at + 1; i < end; i++) {
        char c = source->bytes[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '\'' || c == '"')
            quote = c;
        else if (c == '(' || c == '[' || c == '{')
            depth++;
        else if (c == '}' && depth == 0)
            return i;
        else if ((c == ')' || c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return 0;
}

static struct expr *literal(struct parser *parser, struct span span, bool raw)
{
    struct expr *expr = parse_new(parser, EXPR_STRING, span);
    char *out = arena_alloc(parser->arena, span.end - span.start + 1);
    uint32_t length = lexer_decode(parser->source, parser->diagnostics, span, raw, true, out);
    out[length] = '\0';
    expr->text = out;
    return expr;
}

struct expr *parse_fstring(struct parser *parser, const struct token *token)
{
    const struct source *source = parser->source;
    struct expr *expr = parse_new(parser, EXPR_FORMAT, token->span);
    vector(struct expr *) items = {0};
    uint32_t at = token->body.start, from = at, end = token->body.end;
    while (at < end && !parser->failed) {
        char c = source->bytes[at];
        bool doubled = at + 1 < end && source->bytes[at + 1] == c;
        if (c == '\\' && !token->raw) {
            at += 2;
        } else if ((c == '{' || c == '}') && doubled) {
            at += 2;
        } else if (c == '}') {
            if (parse_error(parser, (struct span){at, at + 1}, "a single `}` in an f-string"))
                diagnostic_help(parser->diagnostics, "a brace itself is written `}}`");
        } else if (c == '{') {
            uint32_t close = piece_end(source, at, end);
            if (close == 0) {
                parse_error(parser, (struct span){at, at + 1}, "this `{` is never closed");
                break;
            }
            if (at > from)
                vector_push(&items, literal(parser, (struct span){from, at}, token->raw));
            vector_push(&items, piece(parser, (struct span){at + 1, close}));
            at = from = close + 1;
        } else {
            at++;
        }
    }
    if (end > from && !parser->failed)
        vector_push(&items, literal(parser, (struct span){from, end}, token->raw));
    parse_keep(parser, &items, expr->items, expr->count);
    return parse_deepen(parser, expr);
}

static struct expr *one_string(struct parser *parser)
{
    const struct token *token = parse_next(parser);
    if (token->type == TOKEN_FSTRING)
        return parse_fstring(parser, token);
    struct expr *expr = parse_new(parser, EXPR_STRING, token->span);
    expr->text = token->text;
    if (memchr(token->text, 0, token->length))
        parse_error(parser, token->span, "a string cannot hold a zero byte");
    return expr;
}

/* Neighbours become one: two plain ones a longer plain one, else one format. */
static struct expr *join_strings(struct parser *parser, struct expr *a, struct expr *b)
{
    struct expr *expr = parse_new(parser, EXPR_STRING, span_join(a->span, b->span));
    if (a->shape == EXPR_STRING && b->shape == EXPR_STRING) {
        expr->text = arena_printf(parser->arena, "%s%s", a->text, b->text);
        return expr;
    }
    expr->shape = EXPR_FORMAT;
    uint32_t first = a->shape == EXPR_FORMAT ? a->count : 1;
    uint32_t second = b->shape == EXPR_FORMAT ? b->count : 1;
    expr->items = arena_array(parser->arena, struct expr *, first + second + 1);
    expr->count = first + second;
    for (uint32_t i = 0; i < first; i++)
        expr->items[i] = a->shape == EXPR_FORMAT ? a->items[i] : a;
    for (uint32_t i = 0; i < second; i++)
        expr->items[first + i] = b->shape == EXPR_FORMAT ? b->items[i] : b;
    return parse_deepen(parser, expr);
}

struct expr *parse_strings(struct parser *parser)
{
    struct expr *expr = one_string(parser);
    unsigned joined = 1;
    while (!parser->failed &&
           (peek(parser)->type == TOKEN_STRING || peek(parser)->type == TOKEN_FSTRING)) {
        if (++joined > NESTING_MAX) {
            parse_error(parser, peek(parser)->span, "more than %d strings in a row", NESTING_MAX);
            break;
        }
        expr = join_strings(parser, expr, one_string(parser));
    }
    return expr;
}

static struct expr *parenthesised(struct parser *parser)
{
    const struct token *open = parse_next(parser);
    struct expr *expr;
    if (peek(parser)->type == TOKEN_RIGHT_PAREN) {
        expr = parse_new(parser, EXPR_TUPLE, open->span);
        expr->items = NULL;
    } else {
        expr = parse_expr_list(parser);
    }
    struct span end = peek(parser)->span;
    if (peek(parser)->type == TOKEN_FOR)
        parse_error(parser, peek(parser)->span, "there are no generators here");
    if (parse_expect(parser, TOKEN_RIGHT_PAREN, "to close the bracket"))
        expr->span = span_join(open->span, end);
    expr->bracketed = true;
    return expr;
}

static struct expr *comprehension(struct parser *parser, struct expr *element, struct span open)
{
    struct expr *expr = parse_new(parser, EXPR_COMPREHENSION, open);
    parse_next(parser);
    const struct token *name = peek(parser);
    expr->left = element;
    expr->text = "_";
    if (parse_expect(parser, TOKEN_NAME, "after `for`")) {
        expr->text = name->text;
        expr->name_span = name->span;
    }
    if (peek(parser)->type == TOKEN_COMMA)
        parse_error(parser, peek(parser)->span, "one variable only");
    parse_expect(parser, TOKEN_IN, "after the variable");
    expr->right = parse_disjunction(parser);
    if (peek(parser)->type == TOKEN_IF || peek(parser)->type == TOKEN_FOR)
        parse_error(parser, peek(parser)->span, "a list here has one `for` and no `if`");
    return expr;
}

static struct expr *list(struct parser *parser)
{
    const struct token *open = parse_next(parser);
    struct expr *expr = parse_new(parser, EXPR_LIST, open->span);
    vector(struct expr *) items = {0};
    while (peek(parser)->type != TOKEN_RIGHT_BRACKET && !parser->failed) {
        struct expr *item = parse_expr(parser);
        if (items.count == 0 && peek(parser)->type == TOKEN_FOR) {
            expr = comprehension(parser, item, open->span);
            break;
        }
        vector_push(&items, item);
        if (!parse_accept(parser, TOKEN_COMMA))
            break;
    }
    struct span end = peek(parser)->span;
    if (parse_expect(parser, TOKEN_RIGHT_BRACKET, "to close the list"))
        expr->span = span_join(open->span, end);
    if (expr->shape == EXPR_LIST)
        parse_keep(parser, &items, expr->items, expr->count);
    else
        vector_fini(&items);
    return parse_deepen(parser, expr);
}

static struct expr *unexpected(struct parser *parser)
{
    const struct token *token = peek(parser);
    const char *foreign = token_foreign(token->type);
    if (token->type == TOKEN_ERROR)
        parser->failed = true; /* reported by the lexer */
    else if (foreign)
        parse_error(parser, token->span, "%s", foreign);
    else if (token->type == TOKEN_NEWLINE || token->type == TOKEN_END)
        parse_error(parser, token->span, "the line ends where an expression is wanted");
    else if (token->type == TOKEN_ASSIGN)
        parse_error(parser, token->span, "`=` assigns; to compare write `==`");
    else
        parse_error(parser, token->span, "%s where an expression is wanted",
                    token_name(token->type));
    return parse_new(parser, EXPR_ERROR, token->span);
}

/* An expression that is one token: what it says is in the token. */
static struct expr *word(struct parser *parser, enum expr_shape shape)
{
    const struct token *token = peek(parser);
    struct expr *expr = parse_new(parser, shape, token->span);
    if (shape == EXPR_NAME)
        expr->text = token->text;
    else if (shape == EXPR_BOOLEAN)
        expr->number = token->type == TOKEN_TRUE;
    else if (shape != EXPR_NONE)
        expr->number = token->number;
    if (shape == EXPR_INTEGER && token->smallest)
        parse_error(parser, token->span, "this number is too large for 64 bits");
    parse_next(parser);
    return expr;
}

struct expr *parse_atom(struct parser *parser)
{
    static const struct {
        enum token_type type;
        enum expr_shape shape;
    } words[] = {{TOKEN_INTEGER, EXPR_INTEGER}, {TOKEN_DURATION, EXPR_DURATION},
                 {TOKEN_TRUE, EXPR_BOOLEAN},    {TOKEN_FALSE, EXPR_BOOLEAN},
                 {TOKEN_NONE, EXPR_NONE},       {TOKEN_NAME, EXPR_NAME}};
    enum token_type type = peek(parser)->type;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (type == words[i].type)
            return word(parser, words[i].shape);
    if (type == TOKEN_STRING || type == TOKEN_FSTRING)
        return parse_strings(parser);
    if (type == TOKEN_LEFT_PAREN)
        return parenthesised(parser);
    if (type == TOKEN_LEFT_BRACKET)
        return list(parser);
    return unexpected(parser);
}
