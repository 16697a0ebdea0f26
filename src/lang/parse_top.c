/* What stands only at the top of a file: threads, functions, main, after, properties, expect. */
#include <string.h>

#include "lang/parse.h"

struct parameter *parse_parameters(struct parser *parser, uint32_t *ret_count)
{
    vector(struct parameter) parameters = {0};
    while (peek(parser)->type != TOKEN_RIGHT_PAREN && !parser->failed) {
        const struct token *token = peek(parser);
        if (token->type == TOKEN_STAR)
            parse_error(parser, token->span, "there are no `*` parameters here");
        if (!parse_expect(parser, TOKEN_NAME, "as a parameter"))
            break;
        struct parameter parameter = {.name = token->text, .span = token->span};
        if (peek(parser)->type == TOKEN_COLON)
            parse_error(parser, peek(parser)->span, "parameters are not annotated here");
        if (parse_accept(parser, TOKEN_ASSIGN))
            parameter.value = parse_expr(parser);
        else if (parameters.count > 0 && vector_last(&parameters).value)
            parse_error(parser, token->span,
                        "a parameter without a default after one that has a default");
        vector_push(&parameters, parameter);
        if (!parse_accept(parser, TOKEN_COMMA))
            break;
    }
    parse_expect(parser, TOKEN_RIGHT_PAREN, "to end the parameters");
    struct parameter *items;
    parse_keep(parser, &parameters, items, *ret_count);
    return items;
}

static struct stmt *def_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_DEF, parse_next(parser)->span);
    const struct token *name = peek(parser);
    stmt->text = "_";
    if (parse_expect(parser, TOKEN_NAME, "after `def`")) {
        stmt->text = name->text;
        stmt->name_span = name->span;
        stmt->span = span_join(stmt->span, name->span);
    }
    if (parse_expect(parser, TOKEN_LEFT_PAREN, "after the function's name"))
        stmt->parameters = parse_parameters(parser, &stmt->parameter_count);
    stmt->body = parse_block(parser, "the header of the function");
    return stmt;
}

/* NAME, NAME … after `thread`. */
static void thread_names(struct parser *parser, struct stmt *stmt)
{
    vector(const char *) names = {0};
    vector(struct span) spans = {0};
    do {
        const struct token *token = peek(parser);
        if (!parse_expect(parser, TOKEN_NAME, "as the thread's name"))
            break;
        vector_push(&names, token->text);
        vector_push(&spans, token->span);
    } while (parse_accept(parser, TOKEN_COMMA));
    uint32_t count;
    parse_keep(parser, &names, stmt->names, stmt->name_count);
    parse_keep(parser, &spans, stmt->name_spans, count);
    (void)count;
}

static void thread_form(struct parser *parser, struct stmt *stmt)
{
    bool group = peek(parser)->type == TOKEN_STAR || peek(parser)->type == TOKEN_LEFT_PAREN;
    if (group && stmt->name_count > 1)
        parse_error(parser, peek(parser)->span, "a group of threads has one name");
    if (parse_accept(parser, TOKEN_STAR)) {
        stmt->value = parse_expr(parser);
        return;
    }
    if (parse_accept(parser, TOKEN_LEFT_PAREN))
        stmt->parameters = parse_parameters(parser, &stmt->parameter_count);
    else if (peek(parser)->type != TOKEN_FOR)
        return;
    if (peek(parser)->type != TOKEN_FOR && !parser->failed) {
        if (parse_error(parser, peek(parser)->span, "the parameter of a thread needs its values"))
            diagnostic_help(parser->diagnostics, "write `thread %s(i) for i in range(5):`",
                            stmt->name_count ? stmt->names[0] : "worker");
        return;
    }
    parse_accept(parser, TOKEN_FOR);
    const struct token *name = peek(parser);
    if (parse_expect(parser, TOKEN_NAME, "after `for`")) {
        stmt->text = name->text;
        stmt->name_span = name->span;
    }
    parse_expect(parser, TOKEN_IN, "after the variable");
    stmt->message = parse_expr(parser);
}

static struct stmt *thread_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_THREAD, parse_next(parser)->span);
    if (parse_at_word(parser, "daemon") && parse_peek_at(parser, 1)->type == TOKEN_NAME) {
        stmt->daemon = true;
        parse_next(parser);
    }
    thread_names(parser, stmt);
    if (!parser->failed)
        thread_form(parser, stmt);
    if (!parser->failed && peek(parser)->type == TOKEN_NAME &&
        parse_error(parser, peek(parser)->span, "a comma is missing between two threads"))
        diagnostic_help(parser->diagnostics, "write `thread A, B:`");
    if (stmt->name_count)
        stmt->span = span_join(stmt->span, stmt->name_spans[stmt->name_count - 1]);
    stmt->body = parse_block(parser, "the header of the thread");
    return stmt;
}

static struct stmt *property(struct parser *parser, enum stmt_shape shape)
{
    struct stmt *stmt = parse_new_stmt(parser, shape, parse_next(parser)->span);
    stmt->value = parse_condition(parser);
    stmt->span = span_join(stmt->span, stmt->value->span);
    if (parse_accept(parser, TOKEN_COMMA))
        stmt->message = parse_expr(parser);
    parse_end_of_line(parser);
    return stmt;
}

static struct stmt *expect_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_EXPECT, parse_next(parser)->span);
    vector(struct expected) items = {0};
    do {
        const struct token *token = peek(parser);
        struct expected item = {.span = token->span};
        if (!parse_expect(parser, TOKEN_NAME, "after `expect`"))
            break;
        item.verdict = token->text;
        token = peek(parser);
        if (token->type == TOKEN_STRING || token->type == TOKEN_NAME) {
            item.detail = token->text;
            item.detail_span = token->span;
            item.is_string = token->type == TOKEN_STRING;
            parse_next(parser);
        }
        vector_push(&items, item);
    } while (parse_accept(parser, TOKEN_COMMA));
    if (peek(parser)->type > TOKEN_COMMA && peek(parser)->type <= TOKEN_GREATER_EQUAL)
        parse_error(parser, items.count ? vector_last(&items).detail_span : stmt->span,
                    "after `expect` stand verdicts: `expect race, assertion \"text\"`");
    parse_keep(parser, &items, stmt->expected, stmt->expected_count);
    parse_end_of_line(parser);
    return stmt;
}

static struct stmt *option_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_OPTION, parse_next(parser)->span);
    const struct token *name = parse_next(parser);
    vector(struct expr *) items = {0};
    stmt->text = name->text;
    stmt->name_span = name->span;
    while (!parser->failed && peek(parser)->type != TOKEN_NEWLINE &&
           peek(parser)->type != TOKEN_END) {
        if (peek(parser)->type == TOKEN_ASSIGN || peek(parser)->type == TOKEN_COMMA)
            parse_error(parser, peek(parser)->span,
                        "an option is a line of its own: `option seed 7`");
        struct expr *item = parse_expr(parser);
        vector_push(&items, item);
    }
    parse_keep(parser, &items, stmt->items, stmt->count);
    parse_end_of_line(parser);
    return stmt;
}

static struct stmt *body(struct parser *parser, enum stmt_shape shape, const char *name)
{
    struct stmt *stmt = parse_new_stmt(parser, shape, parse_next(parser)->span);
    stmt->body = parse_block(parser, name);
    return stmt;
}

/* Does a declaration start here, or is the word an ordinary name? */
static bool declares(const struct parser *parser, const char *word)
{
    enum token_type second = parse_peek_at(parser, 1)->type;
    bool changes = second >= TOKEN_ASSIGN && second <= TOKEN_MODULO_ASSIGN;
    return parse_at_word(parser, word) && !changes && second != TOKEN_NEWLINE &&
           second != TOKEN_END && second != TOKEN_DOT && second != TOKEN_COMMA &&
           second != TOKEN_COLON && second != TOKEN_LEFT_BRACKET;
}

struct stmt *parse_top(struct parser *parser)
{
    const struct token *second = parse_peek_at(parser, 1);
    bool colon = second->type == TOKEN_COLON || parse_lacks_colon(parser);
    if (peek(parser)->type == TOKEN_DEF)
        return def_statement(parser);
    if (parse_at_word(parser, "thread") && second->type == TOKEN_NAME)
        return thread_statement(parser);
    if (parse_at_word(parser, "main") && colon)
        return body(parser, STMT_MAIN, "`main`");
    if (parse_at_word(parser, "after") && colon)
        return body(parser, STMT_AFTER, "`after`");
    if (declares(parser, "invariant"))
        return property(parser, STMT_INVARIANT);
    if (declares(parser, "sometimes"))
        return property(parser, STMT_SOMETIMES);
    if (parse_at_word(parser, "expect") && second->type == TOKEN_NAME)
        return expect_statement(parser);
    if (parse_at_word(parser, "option") && second->type == TOKEN_NAME)
        return option_statement(parser);
    return NULL;
}
