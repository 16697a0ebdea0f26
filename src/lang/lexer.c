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

static char closing(char opened)
{
    return opened == '(' ? ')' : ']';
}

/* Another bracket is closed than was opened last: those inside the one that is meant end with it.
 */
static void close_other(struct scan *scan, struct span here)
{
    char closes = scan->bytes[here.start];
    char opened = scan->bytes[scan->open[scan->depth - 1]];
    diagnostic_error(scan->diagnostics, here, "`%c` where `%c` closes the `%c` of line %u", closes,
                     closing(opened), opened,
                     source_place(scan->source, scan->open[scan->depth - 1]).line);
    for (unsigned i = scan->depth; i-- > 0;)
        if (closing(scan->bytes[scan->open[i]]) == closes) {
            scan->depth = i;
            return;
        }
    scan->depth--;
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
    if (closes == closing(scan->bytes[scan->open[scan->depth - 1]])) {
        scan->depth--;
        emit(scan, type, start);
    } else {
        close_other(scan, here);
        emit(scan, TOKEN_ERROR, start);
    }
}

/* Words that cannot stand at the start of a line inside brackets: a bracket was forgotten. */
static bool starts_statement(const struct token *token)
{
    static const enum token_type starts[] = {
        TOKEN_DEF,   TOKEN_WHILE,  TOKEN_WITH,  TOKEN_TRY,      TOKEN_EXCEPT, TOKEN_FINALLY,
        TOKEN_RAISE, TOKEN_RETURN, TOKEN_BREAK, TOKEN_CONTINUE, TOKEN_PASS,   TOKEN_ASSERT};
    if (token->type == TOKEN_NAME)
        return strcmp(token->text, "thread") == 0 || strcmp(token->text, "repeat") == 0 ||
               strcmp(token->text, "expect") == 0;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (token->type == starts[i])
            return true;
    return false;
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

/* `5 ms`: reported, and read as 5ms. */
static bool late_unit(struct scan *scan, const struct token *word)
{
    if (scan->tokens.count == 0 || vector_last(&scan->tokens).type != TOKEN_INTEGER)
        return false;
    struct token *number = &vector_last(&scan->tokens);
    int64_t unit = scan_unit(word->text), time;
    if (unit == 0 || __builtin_mul_overflow(number->number, unit, &time))
        return false;
    struct span span = {number->span.start, word->span.end};
    diagnostic_error(scan->diagnostics, span, "a unit stands right behind its number: `%.*s%s`",
                     (int)(number->span.end - number->span.start), scan->bytes + number->span.start,
                     word->text);
    *number = (struct token){.type = TOKEN_DURATION, .span = span, .number = time};
    return true;
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
    if (token.type != TOKEN_NAME || !late_unit(scan, &token))
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

/* A carriage return ends a line only in front of a newline. */
static void carriage_return(struct scan *scan)
{
    uint32_t start = scan->at++;
    if (scan->at >= scan->end || scan->bytes[scan->at] == '\n' || scan->bytes[scan->at] == '\r')
        return;
    if (!scan->returned) {
        diagnostic_error(scan->diagnostics, (struct span){start, scan->at},
                         "a carriage return within a line");
        diagnostic_help(scan->diagnostics, "save the file with the line ends of Unix (LF)");
    }
    scan->returned = true;
    emit(scan, TOKEN_ERROR, start);
}

/* One token, or white space. */
static void read_token(struct scan *scan)
{
    char c = scan->bytes[scan->at];
    if (c == ' ' || c == '\t' || c == '\f') {
        scan->at++;
        return;
    }
    if (c == '\r') {
        carriage_return(scan);
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

/* White space at the start of a line. */
struct margin {
    uint32_t end;    /* where the text begins */
    uint32_t column; /* of the text, with tab stops of 4 */
    bool tab;        /* a tab is in it */
};

static struct margin read_margin(const struct scan *scan)
{
    struct margin margin = {.end = scan->at};
    for (;;) {
        char c = scan->bytes[margin.end];
        if (c == '\t')
            margin.column += 4 - margin.column % 4;
        else if (c == ' ')
            margin.column++;
        else if (scan_invisible(scan, margin.end))
            margin.column += scan_has_width(scan, margin.end);
        else if (c != '\r' && c != '\f')
            return margin;
        margin.tab |= c == '\t';
        margin.end += scan_character(scan, margin.end);
    }
}

/* What is meant by a tab is open: a column that fits counts, any other is that of the line before.
 */
static uint32_t tabbed_column(const struct scan *scan, uint32_t column)
{
    uint32_t now = scan->indent_count ? scan->indents[scan->indent_count - 1] : 0;
    size_t count = scan->tokens.count;
    bool opens = count >= 2 && scan->tokens.items[count - 2].type == TOKEN_COLON;
    if (opens)
        return column > now ? column : now + 1;
    for (unsigned i = 0; i < scan->indent_count; i++)
        if (scan->indents[i] == column)
            return column;
    return now;
}

/* What in a margin is no space is reported: tabs once for the lines that follow each other. */
static void check_margin(struct scan *scan, const struct margin *margin)
{
    if (margin->tab && !scan->tabbed) {
        diagnostic_error(scan->diagnostics, (struct span){scan->at, margin->end},
                         "a tab in the indentation; indent with spaces only");
        diagnostic_help(scan->diagnostics, "set the editor to insert 4 spaces for the Tab key");
    }
    scan->tabbed = margin->tab;
    while (scan->at < margin->end) {
        if (scan_invisible(scan, scan->at))
            scan_bad_character(scan);
        else
            scan->at++;
    }
}

/* At the start of a line: skips it when it is blank, else gives its INDENT or DEDENTs. */
static void begin_line(struct scan *scan)
{
    struct margin margin = read_margin(scan);
    uint32_t at = margin.end;
    if (at >= scan->end || scan->bytes[at] == '\n' || scan->bytes[at] == '#') {
        while (at < scan->end && scan->bytes[at] != '\n')
            at++;
        scan->at = at < scan->end ? at + 1 : at;
        return;
    }
    check_margin(scan, &margin);
    scan->fresh = false;
    scan->line_start = true;
    scan_indent_to(scan, at, margin.tab ? tabbed_column(scan, margin.column) : margin.column);
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
    if (!scan.fresh)
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
