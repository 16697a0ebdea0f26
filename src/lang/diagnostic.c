#include "lang/diagnostic.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena)
{
    *diagnostics = (struct diagnostics){.arena = arena};
    diagnostics->items = arena_array(arena, struct diagnostic, DIAGNOSTIC_MAX);
}

static const char *format_text(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static const char *format_text(struct arena *arena, const char *format, va_list arguments)
{
    struct text text = {0};
    text_vprintf(&text, format, arguments);
    const char *copy = arena_strdup(arena, text_bytes(&text));
    text_fini(&text);
    return copy;
}

void diagnostic_report(struct diagnostics *diagnostics, struct span span, bool warning,
                       const char *format, va_list arguments)
{
    diagnostics->dropped = true;
    diagnostics->found += !warning;
    for (unsigned i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *other = &diagnostics->items[i];
        if (other->span.start == span.start && (warning || !other->warning))
            return;
    }
    if (warning)
        diagnostics->warnings++;
    else
        diagnostics->errors++;
    if (diagnostics->count == DIAGNOSTIC_MAX)
        return;
    diagnostics->items[diagnostics->count] = (struct diagnostic){
        .span = span,
        .warning = warning,
        .order = diagnostics->count,
        .message = format_text(diagnostics->arena, format, arguments),
    };
    diagnostics->count++;
    diagnostics->dropped = false;
}

void diagnostic_error(struct diagnostics *diagnostics, struct span span, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    diagnostic_report(diagnostics, span, false, format, arguments);
    va_end(arguments);
}

void diagnostic_warning(struct diagnostics *diagnostics, struct span span, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    diagnostic_report(diagnostics, span, true, format, arguments);
    va_end(arguments);
}

void diagnostic_vhelp(struct diagnostics *diagnostics, const char *format, va_list arguments)
{
    if (!diagnostics->dropped && diagnostics->count > 0)
        diagnostics->items[diagnostics->count - 1].help =
            format_text(diagnostics->arena, format, arguments);
}

void diagnostic_help(struct diagnostics *diagnostics, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    diagnostic_vhelp(diagnostics, format, arguments);
    va_end(arguments);
}

static int by_place(const void *a, const void *b)
{
    const struct diagnostic *one = a, *two = b;
    if (one->span.start != two->span.start)
        return one->span.start < two->span.start ? -1 : 1;
    return one->order < two->order ? -1 : one->order > two->order;
}

enum { SHOWN = 160 }; /* characters of a source line that are printed */

/* One character of the source as it can stand in a terminal. Returns its bytes. */
static uint32_t add_character(struct text *out, const char *at, uint32_t left)
{
    unsigned char first = (unsigned char)*at;
    if (first < 0x20 || first == 0x7f) {
        text_add_char(out, first == '\t' ? ' ' : '?');
        return 1;
    }
    uint32_t size = source_sequence(at, left);
    if (size == 0) {
        text_add_char(out, '?');
        return 1;
    }
    if (first == 0xc2 && (unsigned char)at[1] < 0xa0) { /* a control character of its own */
        text_add_char(out, '?');
        return size;
    }
    text_add_bytes(out, at, size);
    return size;
}

static void print_excerpt(const struct source *source, struct span span, struct text *out)
{
    struct place place = source_place(source, span.start);
    struct span line = source_line(source, place.line);
    uint32_t skip = place.column > SHOWN * 3 / 4 ? place.column - SHOWN / 2 : 0;
    uint32_t column = 0, from = 0, to = 0, shown = 0;
    struct text row = {0};
    for (uint32_t at = line.start; at < line.end && shown < SHOWN; column++) {
        if (at <= span.start)
            from = shown;
        if (at < span.end)
            to = shown + 1;
        if (column < skip) {
            at++;
            while (at < line.end && ((unsigned char)source->bytes[at] & 0xc0) == 0x80)
                at++;
            continue;
        }
        at += add_character(&row, source->bytes + at, line.end - at);
        shown++;
    }
    if (span.start >= line.end)
        from = shown;
    text_printf(out, "%5u | %s\n", place.line, text_bytes(&row));
    text_add(out, "      | ");
    text_repeat(out, ' ', from);
    text_add_char(out, '^');
    text_repeat(out, '~', (long)to - (long)from - 1);
    text_add_char(out, '\n');
    text_fini(&row);
}

static void print_one(const struct diagnostics *diagnostics, const struct diagnostic *one,
                      struct text *out)
{
    const struct source *source = diagnostics->source;
    struct place place = source_place(source, one->span.start);
    text_printf(out, "%s:%u:%u: %s: %s\n", source->path, place.line, place.column,
                one->warning ? "warning" : "error", one->message);
    if (source->length > 0)
        print_excerpt(source, one->span, out);
    if (one->help)
        text_printf(out, "      = %s\n", one->help);
}

void diagnostics_print(const struct diagnostics *diagnostics, struct text *out)
{
    struct diagnostic sorted[DIAGNOSTIC_MAX];
    if (diagnostics->count == 0)
        return;
    memcpy(sorted, diagnostics->items, diagnostics->count * sizeof *sorted);
    qsort(sorted, diagnostics->count, sizeof *sorted, by_place);
    for (unsigned i = 0; i < diagnostics->count; i++)
        print_one(diagnostics, &sorted[i], out);
    unsigned all = diagnostics->errors + diagnostics->warnings;
    if (all > diagnostics->count)
        text_printf(out, "%s: and %u more\n", diagnostics->source->path, all - diagnostics->count);
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    size_t length = strlen(nearest->wanted);
    if (strcmp(nearest->wanted, name) == 0)
        return;
    unsigned limit = length <= 4 ? 1 : length <= 8 ? 2 : 3;
    unsigned distance =
        strcasecmp(nearest->wanted, name) == 0 ? 0 : text_distance(nearest->wanted, name, limit);
    if (distance > limit || distance >= length)
        return;
    if (!nearest->best || distance < nearest->distance) {
        nearest->best = name;
        nearest->distance = distance;
    }
}
