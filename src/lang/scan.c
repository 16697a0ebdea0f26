#include "lang/scan.h"

#include <ctype.h>
#include <string.h>

static uint32_t code_point(const struct scan *scan, uint32_t at)
{
    const unsigned char *b = (const unsigned char *)scan->bytes + at;
    switch (scan_character(scan, at)) {
    case 2: return (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
    case 3: return (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
    case 4:
        return (b[0] & 0x07u) << 18 | (b[1] & 0x3fu) << 12 | (b[2] & 0x3fu) << 6 | (b[3] & 0x3fu);
    default: return b[0];
    }
}

bool scan_is_name(const struct scan *scan, uint32_t at)
{
    if (at >= scan->end)
        return false;
    unsigned char c = (unsigned char)scan->bytes[at];
    if (c < 0x80)
        return isalnum(c) || c == '_';
    uint32_t point = code_point(scan, at); /* letters, roughly: no punctuation, spaces, arrows */
    return (point >= 0xc0 && point != 0xd7 && point != 0xf7 && point < 0x2000) ||
           (point >= 0x3040 && point < 0xe000);
}

uint32_t scan_character(const struct scan *scan, uint32_t at)
{
    unsigned char c = (unsigned char)scan->bytes[at];
    return c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
}

const char *scan_intern(struct scan *scan, uint32_t start, uint32_t length)
{
    return arena_strndup(scan->arena, scan->bytes + start, length);
}

static uint32_t indent_now(const struct scan *scan)
{
    return scan->indent_count ? scan->indents[scan->indent_count - 1] : 0;
}

static void push_simple(struct scan *scan, enum token_type type, uint32_t at)
{
    struct token token = {.type = type, .span = {at, at}};
    vector_push(&scan->tokens, token);
}

void scan_indent(struct scan *scan, uint32_t at)
{
    uint32_t line = source_place(scan->source, at).line;
    uint32_t column = at - scan->source->lines[line - 1];
    if (column > indent_now(scan)) {
        if (scan->indent_count == NESTING_MAX) {
            if (!scan->too_deep)
                diagnostic_error(scan->diagnostics, (struct span){at, at + 1},
                                 "blocks are nested more than %d deep", NESTING_MAX);
            scan->too_deep = true;
            return;
        }
        scan->indents[scan->indent_count++] = column;
        push_simple(scan, TOKEN_INDENT, at);
        return;
    }
    while (column < indent_now(scan)) {
        scan->indent_count--;
        push_simple(scan, TOKEN_DEDENT, at);
    }
    if (column != indent_now(scan)) {
        diagnostic_error(scan->diagnostics, (struct span){at, at + 1},
                         "this indentation of %u fits no block around it", column);
        diagnostic_help(scan->diagnostics, "the lines of a block start in the same column");
    }
}

struct tokens scan_finish(struct scan *scan)
{
    struct tokens tokens = {.count = (uint32_t)scan->tokens.count};
    tokens.items = arena_array(scan->arena, struct token, tokens.count);
    memcpy(tokens.items, scan->tokens.items, tokens.count * sizeof *tokens.items);
    vector_fini(&scan->tokens);
    return tokens;
}

/* ---- numbers ---- */

struct digits {
    uint64_t value; /* the digits read */
    bool overflow;  /* more than 2**63 */
};

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static struct digits read_digits(struct scan *scan, unsigned base)
{
    struct digits digits = {0};
    for (; scan->at < scan->end; scan->at++) {
        char c = scan->bytes[scan->at];
        if (c == '_')
            continue;
        int digit = digit_value(c);
        if ((unsigned)digit >= base)
            break;
        if (digits.value > ((1ull << 63) - (unsigned)digit) / base)
            digits.overflow = true;
        else
            digits.value = digits.value * base + (unsigned)digit;
    }
    return digits;
}

static const struct {
    const char *name;
    int64_t nanoseconds;
} units[] = {
    {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"min", 60000000000},
};

/* The unit after a number: nanoseconds, 0 for none, -1 for an unknown one (reported). */
static int64_t read_unit(struct scan *scan, uint32_t number)
{
    uint32_t start = scan->at;
    while (scan_is_name(scan, scan->at))
        scan->at += scan_character(scan, scan->at);
    uint32_t length = scan->at - start;
    if (length == 0)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == length &&
            memcmp(units[i].name, scan->bytes + start, length) == 0)
            return units[i].nanoseconds;
    struct span span = {number, scan->at};
    if ((scan->bytes[start] | 32) == 'e' && length > 1 &&
        isdigit((unsigned char)scan->bytes[start + 1]))
        diagnostic_error(scan->diagnostics, span, "numbers have no exponent here");
    else
        diagnostic_error(scan->diagnostics, span,
                         "a number followed by letters is neither a number nor a name");
    diagnostic_help(scan->diagnostics, "the units of time are ns, us, ms, s and min: `5ms`");
    return -1;
}

static void too_large(struct scan *scan, struct span span)
{
    diagnostic_error(scan->diagnostics, span, "this number is too large for 64 bits");
}

/* Digits after the point, as nanoseconds of the unit. */
static int64_t read_fraction(struct scan *scan, uint64_t *scale)
{
    uint64_t value = 0;
    *scale = 1;
    for (; scan->at < scan->end; scan->at++) {
        char c = scan->bytes[scan->at];
        if (c == '_')
            continue;
        if (!isdigit((unsigned char)c))
            break;
        if (*scale < 1000000000ull) {
            value = value * 10 + (uint64_t)(c - '0');
            *scale *= 10;
        }
    }
    return (int64_t)value;
}

static void push_number(struct scan *scan, enum token_type type, uint32_t start, int64_t value)
{
    struct token token = {.type = type, .span = {start, scan->at}, .number = value};
    vector_push(&scan->tokens, token);
}

static void decimal(struct scan *scan, uint32_t start)
{
    struct digits whole = read_digits(scan, 10);
    bool point = scan->bytes[scan->at] == '.' && scan->at < scan->end;
    uint64_t scale = 1;
    int64_t fraction = 0;
    if (point) {
        scan->at++;
        fraction = read_fraction(scan, &scale);
    }
    int64_t unit = read_unit(scan, start);
    struct span span = {start, scan->at};
    if (unit < 0) {
        push_number(scan, TOKEN_INTEGER, start, 0);
        return;
    }
    if (!point && unit == 0) {
        struct token token = {.type = TOKEN_INTEGER, .span = span};
        token.smallest = whole.value == 1ull << 63;
        token.number = token.smallest || whole.overflow ? 0 : (int64_t)whole.value;
        if (whole.overflow)
            too_large(scan, span);
        else if (scan->bytes[start] == '0' && whole.value != 0)
            diagnostic_error(scan->diagnostics, span, "a number does not start with 0");
        vector_push(&scan->tokens, token);
        return;
    }
    unit = unit ? unit : 1000000000;
    int64_t value = 0;
    __extension__ typedef __int128 wide;
    wide part = (wide)fraction * unit / (int64_t)scale;
    if (whole.overflow || whole.value >= 1ull << 63 ||
        __builtin_mul_overflow((int64_t)whole.value, unit, &value) ||
        __builtin_add_overflow(value, (int64_t)part, &value)) {
        diagnostic_error(scan->diagnostics, span, "this duration is too long");
        value = 0;
    }
    push_number(scan, TOKEN_DURATION, start, value);
}

void scan_number(struct scan *scan)
{
    uint32_t start = scan->at;
    char kind = (char)tolower((unsigned char)scan->bytes[start + 1]);
    unsigned base = scan->bytes[start] != '0' ? 10
                    : kind == 'x'             ? 16
                    : kind == 'o'             ? 8
                    : kind == 'b'             ? 2
                                              : 10;
    if (base == 10) {
        decimal(scan, start);
        return;
    }
    scan->at += 2;
    uint32_t first = scan->at;
    struct digits digits = read_digits(scan, base);
    bool empty = scan->at == first;
    while (scan_is_name(scan, scan->at)) {
        empty = true;
        scan->at += scan_character(scan, scan->at);
    }
    struct span span = {start, scan->at};
    if (empty)
        diagnostic_error(scan->diagnostics, span, "this is not a number of base %u", base);
    else if (digits.overflow)
        too_large(scan, span);
    struct token token = {.type = TOKEN_INTEGER, .span = span};
    token.smallest = digits.value == 1ull << 63;
    token.number = token.smallest || digits.overflow ? 0 : (int64_t)digits.value;
    vector_push(&scan->tokens, token);
}

/* ---- operators and characters that do not belong here ---- */

bool scan_foreign_operator(struct scan *scan)
{
    static const struct {
        const char *text, *message, *help;
    } foreign[] = {
        {"**", "there is no power operator here", "multiply: `x * x`"},
        {"->", "functions are not annotated here", "write `def f(a, b):`"},
        {":=", "there is no `:=` here", "assign on a line of its own"},
        {"&&", "`&&` is written `and`", NULL},
        {"||", "`||` is written `or`", NULL},
        {"<<", "there are no bit operations here", NULL},
        {">>", "there are no bit operations here", NULL},
        {"<>", "`<>` is written `!=`", NULL},
        {"/=", "`/` would give a fraction; `//` divides integers", "write `//=`"},
        {"@", "there are no decorators here", NULL},
        {"/", "`/` would give a fraction; `//` divides integers", "write `//`"},
        {"&", "there are no bit operations here", "`and` joins two conditions"},
        {"|", "there are no bit operations here", "`or` joins two conditions"},
        {"^", "there are no bit operations here", NULL},
        {"~", "there are no bit operations here", NULL},
        {"?", "there is no `? :` here", "write `a if condition else b`"},
        {"{", "there are no dictionaries or sets here",
         "a block is made by indentation, a list by `[…]`"},
        {"}", "there are no braces here", "a block is made by indentation"},
    };
    const char *at = scan->bytes + scan->at;
    uint32_t start = scan->at;
    if (*at == ';') {
        scan->at++;
        struct span span = {start, scan->at};
        const char *rest = scan->bytes + scan->at;
        while (*rest == ' ' || *rest == '\r' || *rest == ';')
            rest++;
        bool last = *rest == '\n' || *rest == '#' || *rest == '\0';
        diagnostic_error(scan->diagnostics, span,
                         last ? "a statement does not end with `;`"
                              : "`;` does not separate statements here");
        diagnostic_help(scan->diagnostics,
                        last ? "leave it out" : "write each statement on a line of its own");
        if (scan->depth == 0 && !scan->part)
            push_simple(scan, TOKEN_NEWLINE, start);
        while (scan->bytes[scan->at] == ' ' || scan->bytes[scan->at] == ';')
            scan->at++;
        if (last && scan->depth == 0 && !scan->part) { /* the line's own NEWLINE is already there */
            while (scan->at < scan->end && scan->bytes[scan->at] != '\n')
                scan->at++;
            scan->at += scan->at < scan->end;
            scan->fresh = true;
        }
        return true;
    }
    if (at[0] == '!' && at[1] != '=') {
        scan->at++;
        diagnostic_error(scan->diagnostics, (struct span){start, scan->at}, "`!` is written `not`");
        struct token token = {.type = TOKEN_NOT, .span = {start, scan->at}};
        vector_push(&scan->tokens, token);
        return true;
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        size_t length = strlen(foreign[i].text);
        if (strncmp(at, foreign[i].text, length) != 0 || strncmp(at, "//", 2) == 0)
            continue;
        scan->at += (uint32_t)length;
        diagnostic_error(scan->diagnostics, (struct span){start, scan->at}, "%s",
                         foreign[i].message);
        if (foreign[i].help)
            diagnostic_help(scan->diagnostics, "%s", foreign[i].help);
        enum token_type type = strcmp(at, "&&") == 0 ? TOKEN_AND : TOKEN_ERROR;
        if (strncmp(at, "&&", 2) == 0)
            type = TOKEN_AND;
        else if (strncmp(at, "||", 2) == 0)
            type = TOKEN_OR;
        else if (strncmp(at, "<>", 2) == 0)
            type = TOKEN_NOT_EQUAL;
        struct token token = {.type = type, .span = {start, scan->at}};
        vector_push(&scan->tokens, token);
        return true;
    }
    return false;
}

void scan_bad_character(struct scan *scan)
{
    uint32_t start = scan->at, point = code_point(scan, start);
    scan->at += scan_character(scan, start);
    struct span span = {start, scan->at};
    if (point == '\\') {
        diagnostic_error(scan->diagnostics, span, "a line is not continued with `\\` here");
        diagnostic_help(scan->diagnostics, "put the expression in brackets: it may then go on");
    } else if (point == 0x2018 || point == 0x2019 || point == 0x201c || point == 0x201d) {
        diagnostic_error(scan->diagnostics, span, "this is a typographic quote");
        diagnostic_help(scan->diagnostics, "strings are written with ' or \"");
    } else if (point == 0xa0 || point == 0x202f || point == 0xfeff || point == 0x200b) {
        diagnostic_error(scan->diagnostics, span, "an invisible character (U+%04X)", point);
        diagnostic_help(scan->diagnostics, "replace it by an ordinary space");
    } else if (point < 0x20 || point == 0x7f) {
        diagnostic_error(scan->diagnostics, span, "a control character (0x%02x)", point);
    } else {
        diagnostic_error(scan->diagnostics, span, "the character `%.*s` has no meaning here",
                         (int)(span.end - span.start), scan->bytes + start);
    }
    struct token token = {.type = TOKEN_ERROR, .span = span};
    vector_push(&scan->tokens, token);
}
