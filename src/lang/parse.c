/* The parser's core: looking at tokens, reporting once a statement, going on after a mistake. */
#include "lang/parse.h"

#include <stdarg.h>
#include <string.h>

const struct token *parse_peek_at(const struct parser *parser, uint32_t ahead)
{
    uint32_t at = parser->at;
    while (ahead-- > 0 && parser->tokens[at].type != TOKEN_END)
        at++;
    return &parser->tokens[at];
}

const struct token *parse_next(struct parser *parser)
{
    const struct token *token = peek(parser);
    if (token->type != TOKEN_END)
        parser->at++;
    return token;
}

bool parse_accept(struct parser *parser, enum token_type type)
{
    if (peek(parser)->type != type)
        return false;
    parse_next(parser);
    return true;
}

bool parse_at_word(const struct parser *parser, const char *word)
{
    return peek(parser)->type == TOKEN_NAME && strcmp(peek(parser)->text, word) == 0;
}

bool parse_error(struct parser *parser, struct span span, const char *format, ...)
{
    if (parser->failed)
        return false;
    parser->failed = true;
    va_list arguments;
    va_start(arguments, format);
    diagnostic_report(parser->diagnostics, span, false, format, arguments);
    va_end(arguments);
    return true;
}

bool parse_expect(struct parser *parser, enum token_type type, const char *where)
{
    if (parse_accept(parser, type))
        return true;
    const struct token *token = peek(parser);
    const char *foreign = token_foreign(token->type);
    if (token->type == TOKEN_ERROR)
        parser->failed = true;
    else if (type == TOKEN_NAME && token->type > TOKEN_GREATER_EQUAL)
        parse_error(parser, token->span, "%s is a word of the language, not a name",
                    token_name(token->type));
    else if (foreign)
        parse_error(parser, token->span, "%s", foreign);
    else if (token->type == TOKEN_ASSIGN)
        parse_error(parser, token->span, "`=` assigns; to compare write `==`");
    else
        parse_error(parser, token->span, "%s is wanted %s, not %s", token_name(type), where,
                    token_name(token->type));
    return false;
}

struct stmt *parse_new_stmt(struct parser *parser, enum stmt_shape shape, struct span span)
{
    struct stmt *stmt = arena_new(parser->arena, struct stmt);
    stmt->shape = shape;
    stmt->span = span;
    stmt->name_span = span;
    return stmt;
}

static void skip_line(struct parser *parser)
{
    while (peek(parser)->type != TOKEN_NEWLINE && peek(parser)->type != TOKEN_END &&
           peek(parser)->type != TOKEN_DEDENT && peek(parser)->type != TOKEN_INDENT)
        parse_next(parser);
    parse_accept(parser, TOKEN_NEWLINE);
    parser->failed = false;
}

static void read_statements(struct parser *parser, struct block *ret_block)
{
    vector(struct stmt *) items = {0};
    while (peek(parser)->type != TOKEN_DEDENT && peek(parser)->type != TOKEN_END) {
        struct stmt *stmt = parse_statement(parser, false);
        vector_push(&items, stmt);
    }
    parse_accept(parser, TOKEN_DEDENT);
    parse_keep(parser, &items, ret_block->items, ret_block->count);
}

static void skip_block(struct parser *parser)
{
    unsigned depth = 0;
    do {
        enum token_type type = parse_next(parser)->type;
        depth += type == TOKEN_INDENT;
        depth -= type == TOKEN_DEDENT;
    } while (depth > 0 && peek(parser)->type != TOKEN_END);
}

/* After a mistake: to the end of the line; a block below it is read for its own mistakes. */
static void recover(struct parser *parser, bool foreign)
{
    skip_line(parser);
    if (peek(parser)->type != TOKEN_INDENT)
        return;
    parser->orphaned = true;
    if (foreign) {
        skip_block(parser);
    } else {
        struct block ignored;
        parse_next(parser);
        read_statements(parser, &ignored);
    }
}

/* A class has nothing in it that could be read on its own. */
static bool line_has_class(const struct parser *parser)
{
    uint32_t at = parser->at;
    while (at > 0 && parser->tokens[at - 1].type != TOKEN_NEWLINE &&
           parser->tokens[at - 1].type != TOKEN_INDENT &&
           parser->tokens[at - 1].type != TOKEN_DEDENT)
        at--;
    return parser->tokens[at].type == TOKEN_CLASS;
}

bool parse_end_of_line(struct parser *parser)
{
    const struct token *token = peek(parser);
    if (!parser->failed && token->type != TOKEN_NEWLINE && token->type != TOKEN_END) {
        if (token->type == TOKEN_ERROR)
            parser->failed = true;
        else if (token->type == TOKEN_ASSIGN)
            parse_error(parser, token->span, "a statement assigns once: one `=`");
        else
            parse_error(parser, token->span, "%s has no place here", token_name(token->type));
    }
    bool fine = !parser->failed;
    if (fine)
        parse_accept(parser, TOKEN_NEWLINE);
    else
        recover(parser, line_has_class(parser));
    return fine;
}

static bool compound(const struct parser *parser)
{
    enum token_type type = peek(parser)->type;
    return type == TOKEN_IF || type == TOKEN_WHILE || type == TOKEN_FOR || type == TOKEN_WITH ||
           type == TOKEN_TRY || type == TOKEN_DEF;
}

static struct block one_line(struct parser *parser)
{
    struct block block = {0};
    if (compound(parser)) {
        parse_error(parser, peek(parser)->span, "%s starts a line of its own",
                    token_name(peek(parser)->type));
        recover(parser, false);
        return block;
    }
    block.items = arena_array(parser->arena, struct stmt *, 1);
    block.items[0] = parse_statement(parser, false);
    block.count = 1;
    return block;
}

struct block parse_block(struct parser *parser, const char *after)
{
    struct block block = {0};
    if (!parser->failed && !parse_accept(parser, TOKEN_COLON)) {
        const struct token *token = peek(parser);
        if (token->type == TOKEN_NEWLINE) {
            parse_error(parser, token->span, "`:` is missing after %s", after);
        } else {
            parse_expect(parser, TOKEN_COLON, "before the block");
        }
    }
    if (!parser->failed && peek(parser)->type != TOKEN_NEWLINE) {
        if (peek(parser)->type != TOKEN_END)
            return one_line(parser);
    }
    skip_line(parser);
    if (peek(parser)->type != TOKEN_INDENT) {
        parse_error(parser, peek(parser)->span, "%s needs an indented block", after);
        diagnostic_help(parser->diagnostics, "a block that does nothing is `pass`");
        parser->failed = false;
        parser->orphaned = true;
        return block;
    }
    parse_next(parser);
    read_statements(parser, &block);
    return block;
}

static void read_title(struct parser *parser, struct tree *tree)
{
    const struct token *token = peek(parser);
    if (token->type != TOKEN_STRING)
        return;
    const char *text = token->text;
    while (*text == ' ' || *text == '\n')
        text++;
    const char *end = strchr(text, '\n');
    tree->title = end ? arena_strndup(parser->arena, text, (size_t)(end - text)) : text;
    if (end) {
        while (*end == '\n' || *end == ' ')
            end++;
        size_t length = strlen(end);
        while (length > 0 && (end[length - 1] == '\n' || end[length - 1] == ' '))
            length--;
        tree->explanation = arena_strndup(parser->arena, end, length);
    }
    if (strlen(token->text) != token->length)
        parse_error(parser, token->span, "the title cannot hold a zero byte");
    parse_next(parser);
    parse_end_of_line(parser);
}

struct tree *parse_source(struct arena *arena, const struct source *source,
                          struct diagnostics *diagnostics)
{
    struct tokens tokens = lexer_read(arena, source, diagnostics);
    struct parser parser = {
        .arena = arena, .source = source, .diagnostics = diagnostics, .tokens = tokens.items};
    struct tree *tree = arena_new(arena, struct tree);
    tree->explanation = "";
    read_title(&parser, tree);
    vector(struct stmt *) items = {0};
    while (peek(&parser)->type != TOKEN_END) {
        if (parse_accept(&parser, TOKEN_DEDENT))
            continue; /* of a block whose start was unreadable */
        struct stmt *stmt = parse_statement(&parser, true);
        vector_push(&items, stmt);
    }
    parse_keep(&parser, &items, tree->top.items, tree->top.count);
    return tree;
}
