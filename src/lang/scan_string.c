/* String literals: their quotes, prefixes and escapes. */
#include <ctype.h>
#include <string.h>

#include "lang/scan.h"

/* Letters before a quote: "", f, r, rf, fr, u, b … Returns their number, or -1 for no string. */
static int prefix_length(const struct scan *scan)
{
    for (int length = 0; length <= 2; length++) {
        uint32_t at = scan->at + (uint32_t)length;
        char c = at < scan->end ? scan->bytes[at] : '\0';
        if (c == '\'' || c == '"')
            return length;
        if (!memchr("fFrRbBuU", c, 8) || c == '\0')
            return -1;
    }
    return -1;
}

bool scan_string_starts(const struct scan *scan)
{
    return prefix_length(scan) >= 0;
}

static int hex_digits(const char *at, uint32_t left, unsigned count, uint32_t *ret_value)
{
    *ret_value = 0;
    if (left < count)
        return -1;
    for (unsigned i = 0; i < count; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        int digit = isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 32) - 'a' + 10;
        *ret_value = *ret_value * 16 + (uint32_t)digit;
    }
    return 0;
}

static uint32_t encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | ((point >> 6) & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | ((point >> 12) & 0x3f));
    out[2] = (char)(0x80 | ((point >> 6) & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* One escape; `at` stands on the backslash. Returns the bytes read; an escape never grows. */
static uint32_t decode_escape(const struct source *source, struct diagnostics *diagnostics,
                              struct span rest, char *out, uint32_t *out_length)
{
    static const char from[] = "abfnrtv\\'\"0", to[] = "\a\b\f\n\r\t\v\\'\"";
    const char *at = source->bytes + rest.start;
    char c = at[1];
    uint32_t left = rest.end - rest.start;
    if (left < 2)
        return 1;
    if (c == '\n')
        return 2;
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        out[(*out_length)++] = to[known - from];
        return 2;
    }
    unsigned count = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    uint32_t point = 0;
    struct span span = {rest.start, rest.start + 2};
    if (count && hex_digits(at + 2, left - 2, count, &point) == 0) {
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
            span.end += count;
            diagnostic_error(diagnostics, span, "there is no character U+%X", point);
            point = '?';
        }
        *out_length += encode(point, out + *out_length);
        return 2 + count;
    }
    if (count)
        diagnostic_error(diagnostics, span, "`\\%c` needs %u hexadecimal digits", c, count);
    else
        diagnostic_error(diagnostics, span, "there is no escape like this");
    diagnostic_help(diagnostics, "a backslash itself is written `\\\\`");
    return 2;
}

uint32_t lexer_decode(const struct source *source, struct diagnostics *diagnostics,
                      struct span piece, bool raw, bool braces, char *out)
{
    uint32_t length = 0;
    for (uint32_t at = piece.start; at < piece.end;) {
        char c = source->bytes[at];
        if (c == '\\' && !raw) {
            at += decode_escape(source, diagnostics, (struct span){at, piece.end}, out, &length);
            continue;
        }
        if (c == '\r' && source->bytes[at + 1] == '\n') {
            at++;
            continue;
        }
        out[length++] = c;
        at += braces && (c == '{' || c == '}') ? 2 : 1;
    }
    return length;
}

/* Brackets that were opened on this line end with it: what closes them is in the string. */
static void forget_brackets(struct scan *scan, uint32_t start)
{
    uint32_t line = scan->source->lines[source_place(scan->source, start).line - 1];
    while (scan->depth > 0 && scan->open[scan->depth - 1] >= line)
        scan->depth--;
    scan->lost_brackets = 0;
}

/* Moves to the closing quote; false when there is none (reported). */
static bool find_end(struct scan *scan, uint32_t start, char quote, bool triple)
{
    for (; scan->at < scan->end; scan->at++) {
        char c = scan->bytes[scan->at];
        if (c == '\\' && scan->at + 1 < scan->end) {
            scan->at++;
            continue;
        }
        if (c == quote &&
            (!triple || (scan->bytes[scan->at + 1] == quote && scan->bytes[scan->at + 2] == quote)))
            return true;
        if (c == '\n' && !triple)
            break;
    }
    struct span span = {start, triple ? start + 3 : scan->at};
    diagnostic_error(scan->diagnostics, span, "this string has no closing %s%c%s",
                     triple ? "three " : "", quote, triple ? " in a row" : "");
    return false;
}

void scan_string(struct scan *scan)
{
    uint32_t start = scan->at;
    int prefix = prefix_length(scan);
    bool raw = false, format = false;
    for (int i = 0; i < prefix; i++) {
        char c = (char)tolower((unsigned char)scan->bytes[start + (uint32_t)i]);
        raw |= c == 'r';
        format |= c == 'f';
        if (c == 'b')
            diagnostic_error(scan->diagnostics, (struct span){start, start + 1},
                             "there are no byte strings here");
    }
    scan->at += (uint32_t)prefix;
    char quote = scan->bytes[scan->at];
    bool triple = scan->bytes[scan->at + 1] == quote && scan->bytes[scan->at + 2] == quote;
    scan->at += triple ? 3 : 1;
    struct span body = {scan->at, 0};
    bool closed = find_end(scan, start, quote, triple);
    if (scan->at > scan->end) /* a backslash before the last byte */
        scan->at = scan->end;
    body.end = scan->at;
    if (closed)
        scan->at += triple ? 3 : 1;
    if (scan->at > scan->end)
        scan->at = scan->end;
    struct token token = {.type = format ? TOKEN_FSTRING : TOKEN_STRING, .span = {start, scan->at}};
    if (format && closed) {
        token.body = body;
        token.raw = raw;
    } else {
        token.type = TOKEN_STRING;
        char *out = arena_alloc(scan->arena, body.end - body.start + 1);
        token.length = lexer_decode(scan->source, scan->diagnostics, body, raw, false, out);
        out[token.length] = '\0';
        token.text = out;
    }
    if (!closed) {
        token.type = TOKEN_ERROR;
        forget_brackets(scan, start);
    }
    vector_push(&scan->tokens, token);
}
