#include <string.h>

#include "lang/parse.h"

static struct stmt *if_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_IF, peek(parser)->span);
    vector(struct branch) branches = {0};
    struct branch branch = {0};
    parse_next(parser);
    branch.condition = parse_expr(parser);
    branch.body = parse_block(parser, "`if`");
    vector_push(&branches, branch);
    parse_respell(parser);
    while (peek(parser)->type == TOKEN_ELIF || peek(parser)->type == TOKEN_ELSE) {
        const struct token *token = parse_next(parser);
        bool last = token->type == TOKEN_ELSE;
        branch = (struct branch){0};
        if (last && peek(parser)->type == TOKEN_IF) {
            parse_error(parser, span_join(token->span, peek(parser)->span),
                        "`else if` is written `elif`");
            parser->failed = false;
            parse_next(parser);
            last = false;
        }
        if (!last)
            branch.condition = parse_expr(parser);
        branch.body = parse_block(parser, last ? "`else`" : "`elif`");
        vector_push(&branches, branch);
        if (last)
            break;
        parse_respell(parser);
    }
    parse_keep(parser, &branches, stmt->branches, stmt->branch_count);
    return stmt;
}

static void no_else(struct parser *parser, const char *loop)
{
    if (peek(parser)->type != TOKEN_ELSE)
        return;
    parse_error(parser, peek(parser)->span, "a %s loop has no `else` here", loop);
    parser->failed = false;
    parse_next(parser);
    parse_block(parser, "`else`");
}

static struct stmt *while_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_WHILE, peek(parser)->span);
    parse_next(parser);
    stmt->value = parse_expr(parser);
    stmt->body = parse_block(parser, "`while`");
    no_else(parser, "while");
    return stmt;
}

static struct stmt *for_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_FOR, peek(parser)->span);
    parse_next(parser);
    const struct token *name = peek(parser);
    stmt->text = "_";
    if (name->type == TOKEN_LEFT_PAREN || parse_peek_at(parser, 1)->type == TOKEN_ASSIGN)
        parse_error(parser, name->span, "a loop is written `for i in range(3):`");
    if (parse_expect(parser, TOKEN_NAME, "after `for`")) {
        stmt->text = name->text;
        stmt->name_span = name->span;
    }
    if (peek(parser)->type == TOKEN_COMMA)
        parse_error(parser, peek(parser)->span, "a for loop has one variable here");
    parse_expect(parser, TOKEN_IN, "after the loop's variable");
    stmt->value = parser->failed ? parse_new(parser, EXPR_ERROR, name->span) : parse_expr(parser);
    stmt->body = parse_block(parser, "`for`");
    no_else(parser, "for");
    return stmt;
}

static struct stmt *with_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_WITH, peek(parser)->span);
    vector(struct expr *) items = {0};
    parse_next(parser);
    do {
        struct expr *item = parse_expr(parser);
        vector_push(&items, item);
        if (peek(parser)->type == TOKEN_AS)
            parse_error(parser, peek(parser)->span, "`with … as` gives nothing useful here");
    } while (parse_accept(parser, TOKEN_COMMA));
    if (items.count > NESTING_MAX)
        parse_error(parser, stmt->span, "more than %d objects in one `with`", NESTING_MAX);
    parse_keep(parser, &items, stmt->items, stmt->count);
    stmt->body = parse_block(parser, "`with`");
    return stmt;
}

static void exception_name(struct parser *parser, struct handler_clause *clause)
{
    const struct token *token = peek(parser);
    if (!parse_expect(parser, TOKEN_NAME, "as the exception"))
        return;
    if (peek(parser)->type == TOKEN_DOT) { /* threading.BrokenBarrierError, queue.Empty */
        parse_next(parser);
        token = peek(parser);
        if (!parse_expect(parser, TOKEN_NAME, "after `.`"))
            return;
    }
    clause->names[clause->name_count] = token->text;
    clause->name_spans[clause->name_count++] = token->span;
}

static void except_clause(struct parser *parser, struct handler_clause *clause)
{
    enum { NAMES = 16 };
    *clause = (struct handler_clause){.span = parse_next(parser)->span};
    clause->names = arena_array(parser->arena, const char *, NAMES);
    clause->name_spans = arena_array(parser->arena, struct span, NAMES);
    if (parse_accept(parser, TOKEN_LEFT_PAREN)) {
        do {
            if (peek(parser)->type == TOKEN_RIGHT_PAREN)
                break;
            exception_name(parser, clause);
        } while (parse_accept(parser, TOKEN_COMMA) && clause->name_count < NAMES &&
                 !parser->failed);
        parse_expect(parser, TOKEN_RIGHT_PAREN, "to close the bracket");
    } else if (peek(parser)->type != TOKEN_COLON) {
        exception_name(parser, clause);
        if (peek(parser)->type == TOKEN_COMMA &&
            parse_error(parser, peek(parser)->span, "several exceptions stand in brackets"))
            diagnostic_help(parser->diagnostics, "write `except (ValueError, IndexError):`");
    }
    if (parse_accept(parser, TOKEN_AS)) {
        clause->variable = "_";
        const struct token *name = peek(parser);
        if (parse_expect(parser, TOKEN_NAME, "after `as`")) {
            clause->variable = name->text;
            clause->variable_span = name->span;
        }
    }
    clause->body = parse_block(parser, "`except`");
}

static struct stmt *try_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_TRY, peek(parser)->span);
    vector(struct handler_clause) handlers = {0};
    parse_next(parser);
    stmt->body = parse_block(parser, "`try`");
    parse_respell(parser);
    while (peek(parser)->type == TOKEN_EXCEPT) {
        struct handler_clause clause;
        if (handlers.count > 0 && vector_last(&handlers).name_count == 0)
            parse_error(parser, peek(parser)->span,
                        "an `except` without an exception catches all: it must be the last");
        parser->failed = false;
        except_clause(parser, &clause);
        vector_push(&handlers, clause);
        parse_respell(parser);
    }
    if (peek(parser)->type == TOKEN_ELSE) {
        stmt->has_otherwise = true;
        if (handlers.count == 0)
            parse_error(parser, peek(parser)->span, "`else` without an `except` before it");
        parser->failed = false;
        parse_next(parser);
        stmt->otherwise = parse_block(parser, "`else`");
    }
    if (peek(parser)->type == TOKEN_FINALLY) {
        stmt->has_finally = true;
        parse_next(parser);
        stmt->finally = parse_block(parser, "`finally`");
    } else if (handlers.count == 0) {
        parse_error(parser, stmt->span, "`try` without `except` or `finally`");
        parser->failed = false;
    }
    parse_keep(parser, &handlers, stmt->handlers, stmt->handler_count);
    return stmt;
}

static struct stmt *raise_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_RAISE, parse_next(parser)->span);
    if (peek(parser)->type != TOKEN_NEWLINE && peek(parser)->type != TOKEN_END) {
        struct expr *expr = parse_expr(parser);
        stmt->span = span_join(stmt->span, expr->span);
        stmt->value = expr;
        if (peek(parser)->type == TOKEN_FROM)
            parse_error(parser, peek(parser)->span, "there is no `raise … from` here");
    }
    return stmt;
}

struct expr *parse_condition(struct parser *parser)
{
    struct expr *expr = parse_expr(parser);
    if (peek(parser)->type == TOKEN_ASSIGN)
        parse_error(parser, peek(parser)->span, "`=` assigns; to compare write `==`");
    return expr;
}

static struct stmt *assert_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_ASSERT, parse_next(parser)->span);
    stmt->value = parse_condition(parser);
    stmt->span = span_join(stmt->span, stmt->value->span);
    if (stmt->value->shape == EXPR_TUPLE && stmt->value->count == 2 &&
        parse_error(parser, stmt->value->span, "a tuple is always true"))
        diagnostic_help(parser->diagnostics,
                        "write it without brackets: `assert x == 1, \"text\"`");
    if (parse_accept(parser, TOKEN_COMMA))
        stmt->message = parse_expr(parser);
    return stmt;
}

static struct stmt *return_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_RETURN, parse_next(parser)->span);
    if (peek(parser)->type != TOKEN_NEWLINE && peek(parser)->type != TOKEN_END) {
        stmt->value = parse_expr_list(parser);
        stmt->span = span_join(stmt->span, stmt->value->span);
    }
    return stmt;
}

static bool augmented(enum token_type type, enum infix *ret_infix)
{
    static const struct {
        enum token_type type;
        enum infix infix;
    } signs[] = {{TOKEN_PLUS_ASSIGN, INFIX_ADD},
                 {TOKEN_MINUS_ASSIGN, INFIX_SUBTRACT},
                 {TOKEN_STAR_ASSIGN, INFIX_MULTIPLY},
                 {TOKEN_FLOOR_ASSIGN, INFIX_DIVIDE},
                 {TOKEN_MODULO_ASSIGN, INFIX_MODULO}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].type == type) {
            *ret_infix = signs[i].infix;
            return true;
        }
    return false;
}

static struct stmt *expression_statement(struct parser *parser)
{
    struct expr *first = parse_expr_list(parser);
    struct stmt *stmt = parse_new_stmt(parser, STMT_EXPR, first->span);
    const struct token *token = peek(parser);
    stmt->value = first;
    if (parser->failed || parse_misspelt(parser, first))
        return stmt;
    bool several = first->shape == EXPR_TUPLE;
    if (augmented(token->type, &stmt->infix) || token->type == TOKEN_ASSIGN) {
        stmt->shape = token->type == TOKEN_ASSIGN ? STMT_ASSIGN : STMT_AUGMENT;
        if (several && stmt->shape == STMT_AUGMENT)
            parse_error(parser, first->span, "only one name can be changed by `%s=`",
                        infix_text(stmt->infix));
        parse_next(parser);
        stmt->items = several ? first->items : arena_array(parser->arena, struct expr *, 1);
        stmt->count = several ? first->count : 1;
        if (!several)
            stmt->items[0] = first;
        else if (first->count == 0)
            parse_error(parser, first->span, "there is nothing to assign to");
        stmt->value = parse_expr_list(parser);
        stmt->span = span_join(first->span, stmt->value->span);
    } else if (token->type == TOKEN_COLON && first->shape == EXPR_NAME) {
        parse_error(parser, token->span, "names are not annotated here");
    }
    return stmt;
}

static struct stmt *simple(struct parser *parser, enum stmt_shape shape)
{
    return parse_new_stmt(parser, shape, parse_next(parser)->span);
}

static bool colon_in_line(const struct parser *parser)
{
    for (uint32_t at = parser->at;
         parser->tokens[at].type != TOKEN_NEWLINE && parser->tokens[at].type != TOKEN_END; at++)
        if (parser->tokens[at].type == TOKEN_COLON)
            return true;
    return false;
}

/* `repeat N:` and not `repeat = 3`, `repeat.x`, `repeat(3)`. */
static bool at_repeat(const struct parser *parser)
{
    if (!parse_at_word(parser, "repeat"))
        return false;
    enum infix ignored;
    enum token_type second = parse_peek_at(parser, 1)->type;
    if (second == TOKEN_LEFT_PAREN)
        return colon_in_line(parser);
    bool a_name = second == TOKEN_NEWLINE || second == TOKEN_ASSIGN || second == TOKEN_DOT ||
                  second == TOKEN_COMMA || second == TOKEN_COLON || second == TOKEN_LEFT_BRACKET ||
                  augmented(second, &ignored);
    return !a_name;
}

static struct stmt *repeat_statement(struct parser *parser)
{
    struct stmt *stmt = parse_new_stmt(parser, STMT_REPEAT, parse_next(parser)->span);
    stmt->value = parse_expr(parser);
    stmt->body = parse_block(parser, "`repeat`");
    return stmt;
}

static struct stmt *stray(struct parser *parser)
{
    const struct token *token = peek(parser);
    const char *foreign = token_foreign(token->type);
    if (foreign)
        parse_error(parser, token->span, "%s", foreign);
    else if (parser->orphaned)
        parser->failed = true; /* what it belongs to was reported */
    else if (token->type == TOKEN_ELSE || token->type == TOKEN_ELIF)
        parse_error(parser, token->span, "%s without an `if` before it in the same column",
                    token_name(token->type));
    else
        parse_error(parser, token->span, "%s without a `try` before it in the same column",
                    token_name(token->type));
    return parse_new_stmt(parser, STMT_ERROR, token->span);
}

/* What a keyword at the start of a statement begins. */
struct beginning {
    enum token_type type;
    struct stmt *(*parse)(struct parser *parser);
};

static struct stmt *pass_statement(struct parser *parser)
{
    return simple(parser, STMT_PASS);
}

static struct stmt *break_statement(struct parser *parser)
{
    return simple(parser, STMT_BREAK);
}

static struct stmt *continue_statement(struct parser *parser)
{
    return simple(parser, STMT_CONTINUE);
}

static const struct beginning compounds[] = {{TOKEN_IF, if_statement},
                                             {TOKEN_WHILE, while_statement},
                                             {TOKEN_FOR, for_statement},
                                             {TOKEN_WITH, with_statement},
                                             {TOKEN_TRY, try_statement}};

static const struct beginning simples[] = {{TOKEN_PASS, pass_statement},
                                           {TOKEN_BREAK, break_statement},
                                           {TOKEN_CONTINUE, continue_statement},
                                           {TOKEN_RETURN, return_statement},
                                           {TOKEN_RAISE, raise_statement},
                                           {TOKEN_ASSERT, assert_statement},
                                           {TOKEN_ELSE, stray},
                                           {TOKEN_ELIF, stray},
                                           {TOKEN_EXCEPT, stray},
                                           {TOKEN_FINALLY, stray},
                                           {TOKEN_IMPORT, stray},
                                           {TOKEN_FROM, stray},
                                           {TOKEN_CLASS, stray},
                                           {TOKEN_GLOBAL, stray},
                                           {TOKEN_NONLOCAL, stray},
                                           {TOKEN_DEL, stray}};

/* Statements that end with their block; NULL: not one of those. */
static struct stmt *compound_statement(struct parser *parser)
{
    for (size_t i = 0; i < sizeof compounds / sizeof *compounds; i++)
        if (peek(parser)->type == compounds[i].type)
            return compounds[i].parse(parser);
    if (at_repeat(parser))
        return repeat_statement(parser);
    if (parse_at_word(parser, "atomic") &&
        (parse_peek_at(parser, 1)->type == TOKEN_COLON || parse_lacks_colon(parser))) {
        struct stmt *stmt = simple(parser, STMT_ATOMIC);
        stmt->body = parse_block(parser, "`atomic`");
        return stmt;
    }
    return NULL;
}

static struct stmt *simple_statement(struct parser *parser)
{
    for (size_t i = 0; i < sizeof simples / sizeof *simples; i++)
        if (peek(parser)->type == simples[i].type)
            return simples[i].parse(parser);
    return expression_statement(parser);
}

/* Lines further in than their block. */
static struct stmt *indented(struct parser *parser, bool top)
{
    parse_error(parser, peek(parser)->span,
                "this line is indented, but nothing above it opens a block");
    parser->failed = false;
    parse_next(parser);
    struct stmt *last = parse_new_stmt(parser, STMT_ERROR, peek(parser)->span);
    while (peek(parser)->type != TOKEN_DEDENT && peek(parser)->type != TOKEN_END)
        last = parse_statement(parser, top);
    parse_accept(parser, TOKEN_DEDENT);
    return last;
}

struct stmt *parse_statement(struct parser *parser, bool top)
{
    parser->depth = 0;
    if (peek(parser)->type == TOKEN_INDENT)
        return indented(parser, top);
    parse_respell(parser);
    if (peek(parser)->type == TOKEN_IF || peek(parser)->type == TOKEN_TRY)
        parser->orphaned = false;
    struct stmt *stmt = parse_top(parser);
    if (stmt && !top) {
        diagnostic_error(parser->diagnostics, stmt->span,
                         "this can only stand at the top of the file, not inside a block");
        return parse_new_stmt(parser, STMT_ERROR, stmt->span);
    }
    if (!stmt)
        stmt = compound_statement(parser);
    if (stmt) {
        parser->failed = false;
        return stmt;
    }
    stmt = simple_statement(parser);
    uint32_t before = parser->at;
    bool failed = !parse_end_of_line(parser);
    if (failed && parser->at == before)
        parse_next(parser); /* never stand still */
    if (failed)
        stmt->shape = STMT_ERROR;
    return stmt;
}
