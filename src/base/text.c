#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"

static void grow(struct text *text, size_t more)
{
    size_t wanted = text->length + more + 1;
    if (wanted <= text->capacity)
        return;
    size_t room = text->capacity ? text->capacity * 2 : 64;
    if (room < wanted)
        room = wanted;
    text->bytes = xrealloc(text->bytes, room);
    text->capacity = room;
}

void text_fini(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->bytes)
        text->bytes[0] = '\0';
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
    grow(text, length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
    text_add_bytes(text, more, strlen(more));
}

void text_add_char(struct text *text, char byte)
{
    text_add_bytes(text, &byte, 1);
}

void text_repeat(struct text *text, char byte, long count)
{
    for (; count > 0; count--)
        text_add_char(text, byte);
}

void text_vprintf(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    grow(text, (size_t)length);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    text->length += (size_t)length;
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(text, format, arguments);
    va_end(arguments);
}

void text_add_json(struct text *text, const char *more)
{
    text_add_char(text, '"');
    for (const unsigned char *c = (const unsigned char *)more; *c; c++) {
        switch (*c) {
        case '"': text_add(text, "\\\""); break;
        case '\\': text_add(text, "\\\\"); break;
        case '\n': text_add(text, "\\n"); break;
        case '\t': text_add(text, "\\t"); break;
        case '\r': text_add(text, "\\r"); break;
        default:
            if (*c < 0x20)
                text_printf(text, "\\u%04x", *c);
            else
                text_add_char(text, (char)*c);
        }
    }
    text_add_char(text, '"');
}

const char *text_bytes(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

char *text_take(struct text *text)
{
    char *bytes = text->bytes ? text->bytes : xstrdup("");
    *text = (struct text){0};
    return bytes;
}

enum { WORD = 64 };

/* Optimal string alignment, three rows. */
unsigned text_distance(const char *a, const char *b, unsigned limit)
{
    size_t m = strlen(a), n = strlen(b);
    if (m >= WORD || n >= WORD || (m > n ? m - n : n - m) > limit)
        return limit + 1;
    unsigned rows[3][WORD + 1];
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= m; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    unsigned distance = rows[m % 3][n];
    return distance > limit ? limit + 1 : distance;
}
