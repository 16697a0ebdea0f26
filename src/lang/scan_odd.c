/* Operators of other languages and characters that begin no token: what was meant is said, and read
 * on where it is clear. */
#include <string.h>

#include "lang/scan.h"

static void push_over(struct scan *scan, enum token_type type, uint32_t start)
{
    struct token token = {.type = type, .span = {start, scan->at}};
    vector_push(&scan->tokens, token);
}

static enum token_type last_type(const struct scan *scan)
{
    return scan->tokens.count ? vector_last(&scan->tokens).type : TOKEN_NEWLINE;
}

/* What is left of the line is not read. The newline itself stays. */
static void skip_rest(struct scan *scan)
{
    while (scan->at < scan->end && scan->bytes[scan->at] != '\n')
        scan->at++;
}

/* ---- `;` ---- */

/* Does a `:` stand before, on this line? Then what follows the `;` is part of its suite. */
static bool in_suite(const struct scan *scan)
{
    for (size_t i = scan->tokens.count; i-- > 0;) {
        enum token_type type = scan->tokens.items[i].type;
        if (type == TOKEN_COLON)
            return true;
        if (type == TOKEN_NEWLINE || type == TOKEN_INDENT || type == TOKEN_DEDENT)
            return false;
    }
    return false;
}

static void semicolon(struct scan *scan)
{
    uint32_t start = scan->at;
    while (scan->bytes[scan->at] == ' ' || scan->bytes[scan->at] == '\r' ||
           scan->bytes[scan->at] == ';')
        scan->at++;
    char next = scan->bytes[scan->at];
    bool last = next == '\n' || next == '#' || next == '\0';
    diagnostic_error(scan->diagnostics, (struct span){start, start + 1},
                     last ? "a statement does not end with `;`"
                          : "`;` does not separate statements here");
    diagnostic_help(scan->diagnostics,
                    last ? "leave it out" : "write each statement on a line of its own");
    if (scan->depth > 0 || scan->part) { /* for (i = 0; i < 3; i++): brackets end with the line */
        scan->depth = scan->lost_brackets = 0;
        skip_rest(scan);
        push_over(scan, TOKEN_ERROR, start);
    } else if (last || in_suite(scan)) {
        skip_rest(scan);
    } else {
        scan_push(scan, TOKEN_NEWLINE, start);
    }
}

/* ---- `{` and `}` ---- */

/* To the brace that closes the one at `start`, or to the end of the file. */
static void skip_braces(struct scan *scan)
{
    unsigned depth = 0;
    for (; scan->at < scan->end; scan->at++) {
        depth += scan->bytes[scan->at] == '{';
        depth -= scan->bytes[scan->at] == '}';
        if (depth == 0) {
            scan->at++;
            return;
        }
    }
}

/* Can a value end with this token, so that a `{` after it opens a block and not a dictionary? */
static bool ends_value(enum token_type type)
{
    return type == TOKEN_NAME || type == TOKEN_INTEGER || type == TOKEN_RIGHT_PAREN ||
           type == TOKEN_RIGHT_BRACKET || type == TOKEN_ELSE || type == TOKEN_TRY ||
           type == TOKEN_FINALLY || type == TOKEN_TRUE || type == TOKEN_FALSE;
}

static void open_brace(struct scan *scan)
{
    uint32_t start = scan->at;
    if (scan->depth == 0 && ends_value(last_type(scan))) {
        scan->at++;
        scan->braces++;
        diagnostic_error(scan->diagnostics, (struct span){start, scan->at},
                         "a block is opened by `:` and indentation, not by `{`");
        push_over(scan, TOKEN_COLON, start);
        return;
    }
    diagnostic_error(scan->diagnostics, (struct span){start, start + 1},
                     "there are no dictionaries or sets here");
    diagnostic_help(scan->diagnostics,
                    "a list is written `[…]`; several values of one thing are several lists");
    skip_braces(scan);
    push_over(scan, TOKEN_ERROR, start);
}

static void close_brace(struct scan *scan)
{
    uint32_t start = scan->at++;
    bool first = last_type(scan) == TOKEN_NEWLINE || last_type(scan) == TOKEN_DEDENT ||
                 last_type(scan) == TOKEN_INDENT;
    if (scan->braces > 0) { /* reported where it was opened */
        scan->braces--;
        while (scan->bytes[scan->at] == ' ' || scan->bytes[scan->at] == ';')
            scan->at++;
        if (first && scan->bytes[scan->at] == '\n') { /* alone on its line: as if it were blank */
            scan->at++;
            scan->fresh = true;
        }
        return;
    }
    diagnostic_error(scan->diagnostics, (struct span){start, scan->at}, "there are no braces here");
    diagnostic_help(scan->diagnostics, "a block is made by indentation");
    push_over(scan, TOKEN_ERROR, start);
}

/* ---- operators ---- */

struct foreign {
    const char *text, *message, *help;
    enum token_type meant; /* ERROR: nothing that could be read on */
};

static const struct foreign foreign[] = {
    {"===", "`===` is written `==`", NULL, TOKEN_EQUAL},
    {"!==", "`!==` is written `!=`", NULL, TOKEN_NOT_EQUAL},
    {"=<", "`=<` is written `<=`", NULL, TOKEN_LESS_EQUAL},
    {"=>", "`=>` is written `>=`", NULL, TOKEN_GREATER_EQUAL},
    {"<>", "`<>` is written `!=`", NULL, TOKEN_NOT_EQUAL},
    {"&&", "`&&` is written `and`", NULL, TOKEN_AND},
    {"||", "`||` is written `or`", NULL, TOKEN_OR},
    {"**", "there is no power operator here", "multiply: `x * x`", TOKEN_ERROR},
    {"->", "functions are not annotated here", "write `def f(a, b):`", TOKEN_ERROR},
    {":=", "there is no `:=` here", "assign on a line of its own", TOKEN_ERROR},
    {"<<", "there are no bit operations here", NULL, TOKEN_ERROR},
    {">>", "there are no bit operations here", NULL, TOKEN_ERROR},
    {"/=", "`/` would give a fraction; `//` divides integers", "write `//=`", TOKEN_ERROR},
    {"@", "there are no decorators here", NULL, TOKEN_ERROR},
    {"/", "`/` would give a fraction; `//` divides integers", "write `//`", TOKEN_ERROR},
    {"&", "there are no bit operations here", "`and` joins two conditions", TOKEN_ERROR},
    {"|", "there are no bit operations here", "`or` joins two conditions", TOKEN_ERROR},
    {"^", "there are no bit operations here", NULL, TOKEN_ERROR},
    {"~", "there are no bit operations here", NULL, TOKEN_ERROR},
    {"?", "there is no `? :` here", "write `a if condition else b`", TOKEN_ERROR},
    {"!", "`!` is written `not`", NULL, TOKEN_NOT},
};

static const struct foreign *find_foreign(const char *at)
{
    if (strncmp(at, "//", 2) == 0 || (strncmp(at, "!=", 2) == 0 && at[2] != '='))
        return NULL;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strncmp(at, foreign[i].text, strlen(foreign[i].text)) == 0)
            return &foreign[i];
    return NULL;
}

/* `i =+ 1`: what Python takes for `i = +1`. */
static void wrong_way_round(struct scan *scan)
{
    const char *at = scan->bytes + scan->at;
    if (at[0] != '=' || (at[1] != '+' && at[1] != '-') || at[2] != ' ' || scan->depth > 0)
        return;
    diagnostic_warning(scan->diagnostics, (struct span){scan->at, scan->at + 2},
                       "`=%c` assigns the value behind it", at[1]);
    diagnostic_help(scan->diagnostics, "did you mean `%c=`?", at[1]);
}

bool scan_foreign_operator(struct scan *scan)
{
    uint32_t start = scan->at;
    switch (scan->bytes[start]) {
    case ';': semicolon(scan); return true;
    case '{': open_brace(scan); return true;
    case '}': close_brace(scan); return true;
    default: break;
    }
    wrong_way_round(scan);
    const struct foreign *found = find_foreign(scan->bytes + start);
    if (!found)
        return false;
    bool unpacks = strcmp(found->text, "**") == 0 &&
                   (last_type(scan) == TOKEN_LEFT_PAREN || last_type(scan) == TOKEN_COMMA);
    scan->at += (uint32_t)strlen(found->text);
    struct span span = {start, scan->at};
    diagnostic_error(scan->diagnostics, span, "%s",
                     unpacks ? "nothing is unpacked with `**` here" : found->message);
    if (found->help && !unpacks)
        diagnostic_help(scan->diagnostics, "%s", found->help);
    push_over(scan, found->meant, start);
    return true;
}

/* ---- characters ---- */

bool scan_invisible(const struct scan *scan, uint32_t at)
{
    if (at >= scan->end || (unsigned char)scan->bytes[at] < 0x80)
        return false;
    uint32_t point = scan_point(scan, at);
    return point == 0xa0 || point == 0xad || (point >= 0x2000 && point <= 0x200f) ||
           point == 0x2028 || point == 0x2029 || point == 0x202f || point == 0x205f ||
           point == 0x3000 || point == 0xfeff;
}

bool scan_has_width(const struct scan *scan, uint32_t at)
{
    uint32_t point = scan_point(scan, at);
    return point != 0xad && point != 0xfeff && (point < 0x200b || point > 0x200f);
}

/* Reported, and read as a space. */
static void invisible(struct scan *scan)
{
    uint32_t start = scan->at, point = scan_point(scan, start);
    while (scan_invisible(scan, scan->at))
        scan->at += scan_character(scan, scan->at);
    diagnostic_error(scan->diagnostics, (struct span){start, scan->at},
                     "an invisible character (U+%04X)", point);
    bool inside = start > 0 && scan_is_name(scan, start - 1) && scan_is_name(scan, scan->at);
    diagnostic_help(scan->diagnostics, inside ? "leave it out" : "replace it by an ordinary space");
    if (inside) /* half a name, then another: nothing to read on */
        push_over(scan, TOKEN_ERROR, start);
}

static bool is_quote(uint32_t point)
{
    return (point >= 0x2018 && point <= 0x201f) || point == 0xab || point == 0xbb;
}

/* “text” is a string all the same; without its end the rest of the line is not read. */
static void typographic(struct scan *scan)
{
    uint32_t start = scan->at;
    diagnostic_error(scan->diagnostics, (struct span){start, start + scan_character(scan, start)},
                     "this is a typographic quote");
    diagnostic_help(scan->diagnostics, "strings are written with ' or \"");
    scan->at += scan_character(scan, start);
    uint32_t text = scan->at;
    while (scan->at < scan->end && scan->bytes[scan->at] != '\n' &&
           !is_quote(scan_point(scan, scan->at)))
        scan->at += scan_character(scan, scan->at);
    struct token token = {.type = TOKEN_ERROR, .span = {start, scan->at}};
    if (scan->at < scan->end && scan->bytes[scan->at] != '\n') {
        token.type = TOKEN_STRING;
        token.length = scan->at - text;
        token.text = scan_intern(scan, text, token.length);
        scan->at += scan_character(scan, scan->at);
        token.span.end = scan->at;
    }
    vector_push(&scan->tokens, token);
}

/* Signs that look like an operator: what to write, and what to read on. */
static bool lookalike(struct scan *scan, uint32_t point)
{
    static const struct {
        uint32_t point;
        const char *text;
        enum token_type type;
    } signs[] = {
        {0x2212, "-", TOKEN_MINUS},       {0x2013, "-", TOKEN_MINUS},
        {0x2014, "-", TOKEN_MINUS},       {0xd7, "*", TOKEN_STAR},
        {0x2264, "<=", TOKEN_LESS_EQUAL}, {0x2265, ">=", TOKEN_GREATER_EQUAL},
        {0x2260, "!=", TOKEN_NOT_EQUAL},  {0xff08, "(", TOKEN_ERROR},
        {0xff09, ")", TOKEN_ERROR},       {0xff1a, ":", TOKEN_COLON},
        {0xff0c, ",", TOKEN_COMMA},       {0xff1d, "=", TOKEN_ASSIGN},
        {0xf7, "//", TOKEN_FLOOR_DIVIDE},
    };
    uint32_t start = scan->at;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].point != point)
            continue;
        scan->at += scan_character(scan, start);
        diagnostic_error(scan->diagnostics, (struct span){start, scan->at},
                         "`%.*s` is written `%s`", (int)(scan->at - start), scan->bytes + start,
                         signs[i].text);
        bool assigns = signs[i].type == TOKEN_MINUS && scan->bytes[scan->at] == '=';
        scan->at += assigns;
        push_over(scan, assigns ? TOKEN_MINUS_ASSIGN : signs[i].type, start);
        return true;
    }
    return false;
}

void scan_bad_character(struct scan *scan)
{
    uint32_t start = scan->at, point = scan_point(scan, start);
    if (scan_invisible(scan, start)) {
        invisible(scan);
        return;
    }
    if (is_quote(point)) {
        typographic(scan);
        return;
    }
    if (lookalike(scan, point))
        return;
    scan->at += scan_character(scan, start);
    struct span span = {start, scan->at};
    if (point == '\\') {
        diagnostic_error(scan->diagnostics, span, "a line is not continued with `\\` here");
        diagnostic_help(scan->diagnostics, "put the expression in brackets: it may then go on");
    } else if (point < 0x20 || point == 0x7f) {
        diagnostic_error(scan->diagnostics, span, "a control character (0x%02x)", point);
    } else {
        diagnostic_error(scan->diagnostics, span, "the character `%.*s` has no meaning here",
                         (int)(span.end - span.start), scan->bytes + start);
    }
    push_over(scan, TOKEN_ERROR, start);
}
