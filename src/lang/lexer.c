#include "lang/lexer.h"

#include <ctype.h>
#include <string.h>

#include "base/vector.h"
#include "lang/scan.h"

const char *token_name(enum token_type type)
{
    static const char *const names[] = {
#define TOKEN(name, text) text,
#include "lang/token.def"
    };
    return names[type];
}

const char *token_foreign(enum token_type type)
{
    const char *name = token_name(type);
#define FOREIGN(word, message)                                                                     \
    if (strcmp(name, "`" #word "`") == 0)                                                          \
        return message;
#include "lang/token.def"
    return NULL;
}

static void emit(struct scan *scan, enum token_type type, uint32_t start)
{
    struct token token = {.type = type, .span = {start, scan->at}};
    vector_push(&scan->tokens, token);
}

static void open_bracket(struct scan *scan, enum token_type type)
{
    uint32_t start = scan->at++;
    if (scan->depth == NESTING_MAX) {
        if (scan->lost_brackets == 0)
            diagnostic_error(scan->diagnostics, (struct span){start, scan->at},
                             "brackets are nested more than %d deep", NESTING_MAX);
        emit(scan, TOKEN_ERROR, start);
        scan->lost_brackets++;
        return;
    }
    scan->open[scan->depth++] = start;
    emit(scan, type, start);
}

static void close_bracket(struct scan *scan, enum token_type type)
{
    uint32_t start = scan->at++;
    struct span here = {start, scan->at};
    char closes = scan->bytes[start];
    if (scan->lost_brackets > 0) {
        scan->lost_brackets--;
        return;
    }
    if (scan->depth == 0) {
        diagnostic_error(scan->diagnostics, here, "`%c` closes nothing", closes);
        emit(scan, TOKEN_ERROR, start);
        return;
    }
    char opened = scan->bytes[scan->open[scan->depth - 1]];
    char wanted = opened == '(' ? ')' : opened == '[' ? ']' : '}';
    if (closes != wanted) {
        diagnostic_error(scan->diagnostics, here, "`%c` where `%c` closes the `%c` of line %u",
                         closes, wanted, opened,
                         source_place(scan->source, scan->open[scan->depth - 1]).line);
        type = TOKEN_ERROR;
    }
    scan->depth--;
    emit(scan, type, start);
}

/* Words that cannot stand at the start of a line inside brackets: a bracket was forgotten. */
static bool starts_statement(const struct token *token)
{
    switch (token->type) {
    case TOKEN_DEF:
    case TOKEN_WHILE:
    case TOKEN_WITH:
    case TOKEN_TRY:
    case TOKEN_EXCEPT:
    case TOKEN_FINALLY:
    case TOKEN_RAISE:
    case TOKEN_RETURN:
    case TOKEN_BREAK:
    case TOKEN_CONTINUE:
    case TOKEN_PASS:
    case TOKEN_ASSERT: return true;
    case TOKEN_NAME:
        return strcmp(token->text, "thread") == 0 || strcmp(token->text, "repeat") == 0 ||
               strcmp(token->text, "expect") == 0;
    default: return false;
    }
}

/* `name =` at or before the column of the block around: no argument of a call stands there. */
static bool starts_assignment(const struct scan *scan, uint32_t start)
{
    uint32_t line = source_place(scan->source, start).line;
    uint32_t column = start - scan->source->lines[line - 1];
    uint32_t block = scan->indent_count ? scan->indents[scan->indent_count - 1] : 0;
    const char *after = scan->bytes + scan->at;
    while (*after == ' ')
        after++;
    bool assigns = (after[0] == '=' && after[1] != '=') ||
                   ((after[0] == '+' || after[0] == '-') && after[1] == '=');
    return column <= block && assigns;
}

static void never_closed(struct scan *scan)
{
    uint32_t open = scan->open[scan->depth - 1];
    diagnostic_error(scan->diagnostics, (struct span){open, open + 1}, "`%c` is never closed",
                     scan->bytes[open]);
    scan->depth = 0;
    scan->lost_brackets = 0;
    emit(scan, TOKEN_ERROR, scan->at); /* so that the parser says nothing more */
}

static void read_word(struct scan *scan)
{
    static const struct {
        const char *word;
        enum token_type type;
    } words[] = {
#define TOKEN(name, text)
#define KEYWORD(name, word) {word, TOKEN_##name},
#include "lang/token.def"
    };
    uint32_t start = scan->at;
    while (scan_is_name(scan, scan->at))
        scan->at += scan_character(scan, scan->at);
    uint32_t length = scan->at - start;
    struct token token = {.type = TOKEN_NAME, .span = {start, scan->at}};
    if (length > IDENTIFIER_MAX) {
        diagnostic_error(scan->diagnostics, token.span, "this name has %u bytes; at most %d",
                         length, IDENTIFIER_MAX);
        length = IDENTIFIER_MAX;
    }
    token.text = scan_intern(scan, start, length);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, token.text) == 0)
            token.type = words[i].type;
    bool first = scan->depth > 0 && scan->line_start;
    if (first && (starts_statement(&token) || starts_assignment(scan, start))) {
        never_closed(scan);
        emit(scan, TOKEN_NEWLINE, start);
        scan_indent(scan, start);
    }
    vector_push(&scan->tokens, token);
}

static void read_operator(struct scan *scan)
{
    static const struct {
        const char *text;
        enum token_type type;
    } operators[] = {
        {"//=", TOKEN_FLOOR_ASSIGN}, {"//", TOKEN_FLOOR_DIVIDE}, {"+=", TOKEN_PLUS_ASSIGN},
        {"-=", TOKEN_MINUS_ASSIGN},  {"*=", TOKEN_STAR_ASSIGN},  {"%=", TOKEN_MODULO_ASSIGN},
        {"==", TOKEN_EQUAL},         {"!=", TOKEN_NOT_EQUAL},    {"<=", TOKEN_LESS_EQUAL},
        {">=", TOKEN_GREATER_EQUAL}, {"<", TOKEN_LESS},          {">", TOKEN_GREATER},
        {"=", TOKEN_ASSIGN},         {"+", TOKEN_PLUS},          {"-", TOKEN_MINUS},
        {"*", TOKEN_STAR},           {"%", TOKEN_MODULO},        {",", TOKEN_COMMA},
        {":", TOKEN_COLON},          {".", TOKEN_DOT},
    };
    uint32_t start = scan->at;
    if (scan_foreign_operator(scan))
        return;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(scan->bytes + scan->at, operators[i].text, length) == 0) {
            scan->at += (uint32_t)length;
            emit(scan, operators[i].type, start);
            return;
        }
    }
    scan_bad_character(scan);
}

/* One token, or white space. */
static void read_token(struct scan *scan)
{
    char c = scan->bytes[scan->at];
    if (c == ' ' || c == '\t' || c == '\f' || c == '\r') {
        scan->at++;
        return;
    }
    if (c == '#' && !scan->part) {
        while (scan->at < scan->end && scan->bytes[scan->at] != '\n')
            scan->at++;
        return;
    }
    if (isdigit((unsigned char)c) ||
        (c == '.' && isdigit((unsigned char)scan->bytes[scan->at + 1])))
        scan_number(scan);
    else if (scan_string_starts(scan))
        scan_string(scan);
    else if (scan_is_name(scan, scan->at))
        read_word(scan);
    else if (c == '(')
        open_bracket(scan, TOKEN_LEFT_PAREN);
    else if (c == '[')
        open_bracket(scan, TOKEN_LEFT_BRACKET);
    else if (c == ')')
        close_bracket(scan, TOKEN_RIGHT_PAREN);
    else if (c == ']')
        close_bracket(scan, TOKEN_RIGHT_BRACKET);
    else
        read_operator(scan);
    scan->line_start = false;
}

static void end_line(struct scan *scan)
{
    uint32_t start = scan->at++;
    scan->line_start = true;
    if (scan->depth > 0 || scan->lost_brackets > 0 || scan->part)
        return;
    emit(scan, TOKEN_NEWLINE, start);
    scan->fresh = true;
}

/* At the start of a line: skips it when it is blank, else gives its INDENT or DEDENTs. */
static void begin_line(struct scan *scan)
{
    uint32_t at = scan->at;
    bool tab = false;
    while (scan->bytes[at] == ' ' || scan->bytes[at] == '\t' || scan->bytes[at] == '\r') {
        tab |= scan->bytes[at] == '\t';
        at++;
    }
    if (at >= scan->end || scan->bytes[at] == '\n' || scan->bytes[at] == '#') {
        while (at < scan->end && scan->bytes[at] != '\n')
            at++;
        scan->at = at < scan->end ? at + 1 : at;
        return;
    }
    if (tab) {
        diagnostic_error(scan->diagnostics, (struct span){scan->at, at},
                         "a tab in the indentation; indent with spaces only");
        diagnostic_help(scan->diagnostics, "set the editor to insert 4 spaces for the Tab key");
    }
    scan->at = at;
    scan->fresh = false;
    scan->line_start = true;
    scan_indent(scan, at);
}

struct tokens lexer_read(struct arena *arena, const struct source *source,
                         struct diagnostics *diagnostics)
{
    struct scan scan = {.arena = arena,
                        .source = source,
                        .diagnostics = diagnostics,
                        .bytes = source->bytes,
                        .end = source->length,
                        .fresh = true};
    while (scan.at < scan.end) {
        if (scan.fresh)
            begin_line(&scan);
        else if (scan.bytes[scan.at] == '\n')
            end_line(&scan);
        else
            read_token(&scan);
    }
    if (scan.depth > 0)
        never_closed(&scan);
    if (scan.tokens.count > 0 && vector_last(&scan.tokens).type != TOKEN_NEWLINE)
        emit(&scan, TOKEN_NEWLINE, scan.at);
    for (; scan.indent_count > 0; scan.indent_count--)
        emit(&scan, TOKEN_DEDENT, scan.at);
    emit(&scan, TOKEN_END, scan.at);
    return scan_finish(&scan);
}

struct tokens lexer_read_part(struct arena *arena, const struct source *source,
                              struct diagnostics *diagnostics, struct span part)
{
    struct scan scan = {.arena = arena,
                        .source = source,
                        .diagnostics = diagnostics,
                        .bytes = source->bytes,
                        .at = part.start,
                        .end = part.end,
                        .part = true};
    while (scan.at < scan.end) {
        if (scan.bytes[scan.at] == '\n')
            end_line(&scan);
        else
            read_token(&scan);
    }
    if (scan.depth > 0)
        never_closed(&scan);
    emit(&scan, TOKEN_END, scan.at);
    return scan_finish(&scan);
}
