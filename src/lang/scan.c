#include "lang/scan.h"

#include <ctype.h>
#include <string.h>

uint32_t scan_point(const struct scan *scan, uint32_t at)
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
    uint32_t point = scan_point(scan, at); /* letters, roughly: no punctuation, spaces, arrows */
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

void scan_push(struct scan *scan, enum token_type type, uint32_t at)
{
    struct token token = {.type = type, .span = {at, at}};
    vector_push(&scan->tokens, token);
}

/* A line beyond the deepest block is not read: `pass` stands for all of its like. */
static void skip_too_deep(struct scan *scan, uint32_t at)
{
    if (!scan->too_deep) {
        diagnostic_error(scan->diagnostics, (struct span){at, at + 1},
                         "blocks are nested more than %d deep", NESTING_MAX);
        scan_push(scan, TOKEN_INDENT, at);
        scan_push(scan, TOKEN_PASS, at);
        scan_push(scan, TOKEN_NEWLINE, at);
        scan_push(scan, TOKEN_DEDENT, at);
    }
    scan->too_deep = true;
    while (scan->at < scan->end && scan->bytes[scan->at] != '\n')
        scan->at++;
    scan->at += scan->at < scan->end;
    scan->fresh = true;
}

void scan_indent(struct scan *scan, uint32_t at)
{
    scan_indent_to(scan, at, source_place(scan->source, at).column - 1);
}

void scan_indent_to(struct scan *scan, uint32_t at, uint32_t column)
{
    if (column > indent_now(scan)) {
        if (scan->indent_count == NESTING_MAX) {
            skip_too_deep(scan, at);
            return;
        }
        scan->indents[scan->indent_count++] = column;
        scan_push(scan, TOKEN_INDENT, at);
        return;
    }
    scan->too_deep = false;
    while (column < indent_now(scan)) {
        scan->indent_count--;
        scan_push(scan, TOKEN_DEDENT, at);
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
        if (c == '_' && digit_value(scan->bytes[scan->at + 1]) < (int)base)
            continue; /* between two digits */
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

#define NANOSECONDS INT64_C(1000000000) /* of a second */

static const struct {
    const char *name;
    int64_t nanoseconds;
} units[] = {
    {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", NANOSECONDS}, {"min", 60 * NANOSECONDS},
};

int64_t scan_unit(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, name) == 0)
            return units[i].nanoseconds;
    return 0;
}

static void wrong_unit(struct scan *scan, struct span span, uint32_t letters)
{
    const char *at = scan->bytes + letters;
    bool exponent = (at[0] | 32) == 'e' && isdigit((unsigned char)at[1]);
    if (exponent) {
        diagnostic_error(scan->diagnostics, span, "numbers have no exponent here");
        diagnostic_help(scan->diagnostics, "write all digits: `1_000_000`");
    } else if (at[0] == '_') {
        diagnostic_error(scan->diagnostics, span,
                         "in a number `_` stands between two digits: `1_000`");
    } else {
        diagnostic_error(scan->diagnostics, span,
                         "a number followed by letters is neither a number nor a name");
        diagnostic_help(scan->diagnostics, "the units of time are ns, us, ms, s and min: `5ms`");
    }
}

/* The unit after a number: nanoseconds, 0 for none, -1 for an unknown one (reported). */
static int64_t read_unit(struct scan *scan, uint32_t number)
{
    uint32_t start = scan->at;
    while (scan_is_name(scan, scan->at))
        scan->at += scan_character(scan, scan->at);
    if (scan->at == start)
        return 0;
    int64_t unit = scan_unit(scan_intern(scan, start, scan->at - start));
    if (unit > 0)
        return unit;
    wrong_unit(scan, (struct span){number, scan->at}, start);
    return -1;
}

/* Digits after the point, as nanoseconds of the unit. */
static int64_t read_fraction(struct scan *scan, uint64_t *scale)
{
    uint64_t value = 0;
    *scale = 1;
    for (; scan->at < scan->end; scan->at++) {
        char c = scan->bytes[scan->at];
        if (c == '_' && isdigit((unsigned char)scan->bytes[scan->at + 1]))
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

static void push_integer(struct scan *scan, uint32_t start, struct digits digits)
{
    struct token token = {.type = TOKEN_INTEGER, .span = {start, scan->at}};
    token.smallest = digits.value == 1ull << 63;
    token.number = token.smallest || digits.overflow ? 0 : (int64_t)digits.value;
    if (digits.overflow)
        diagnostic_error(scan->diagnostics, token.span, "this number is too large for 64 bits");
    else if (scan->bytes[start] == '0' && isdigit((unsigned char)scan->bytes[start + 1]) &&
             digits.value != 0)
        diagnostic_error(scan->diagnostics, token.span, "a number does not start with 0");
    vector_push(&scan->tokens, token);
}

struct fraction {
    int64_t value;  /* the digits after the point */
    uint64_t scale; /* 10 to the number of them */
};

static void push_duration(struct scan *scan, uint32_t start, struct digits whole,
                          struct fraction fraction, int64_t unit)
{
    __extension__ typedef __int128 wide;
    wide part = (wide)fraction.value * unit / (int64_t)fraction.scale;
    int64_t value = 0;
    if (whole.overflow || whole.value >= 1ull << 63 ||
        __builtin_mul_overflow((int64_t)whole.value, unit, &value) ||
        __builtin_add_overflow(value, (int64_t)part, &value)) {
        diagnostic_error(scan->diagnostics, (struct span){start, scan->at},
                         "this duration is too long");
        value = 0;
    }
    push_number(scan, TOKEN_DURATION, start, value);
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
    if (unit < 0)
        push_number(scan, TOKEN_INTEGER, start, 0);
    else if (!point && unit == 0)
        push_integer(scan, start, whole);
    else
        push_duration(scan, start, whole, (struct fraction){fraction, scale},
                      unit ? unit : NANOSECONDS);
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
    if (empty)
        diagnostic_error(scan->diagnostics, (struct span){start, scan->at},
                         "this is not a number of base %u", base);
    push_integer(scan, start, digits);
}
