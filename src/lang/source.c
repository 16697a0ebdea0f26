#include "lang/source.h"

#include <stdbool.h>
#include <string.h>

#include "lang/diagnostic.h"
#include "model/program.h"

unsigned source_sequence(const char *bytes, size_t left)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (at[0] < 0x80)
        return 1;
    unsigned size = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < size)
        return 0;
    for (unsigned i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

static void divide(struct source *source, struct arena *arena)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < source->length; i++)
        count += source->bytes[i] == '\n';
    source->lines = arena_array(arena, uint32_t, count);
    source->line_count = 1;
    for (uint32_t i = 0; i < source->length; i++)
        if (source->bytes[i] == '\n')
            source->lines[source->line_count++] = i + 1;
}

/* Files of some editors: two bytes a character, told by the first two. */
static bool is_utf16(const struct source *source)
{
    return source->length >= 2 &&
           (memcmp(source->bytes, "\xff\xfe", 2) == 0 || memcmp(source->bytes, "\xfe\xff", 2) == 0);
}

static void wrong_byte(struct diagnostics *diagnostics, struct span here, unsigned char byte)
{
    if (byte == 0) {
        diagnostic_error(diagnostics, here, "a zero byte: this is not a text file");
        return;
    }
    diagnostic_error(diagnostics, here, "byte 0x%02x is not UTF-8", byte);
    diagnostic_help(diagnostics, "save the file in the encoding UTF-8");
}

/* Every line that is no text is reported, once. */
static bool check_bytes(const struct source *source, struct diagnostics *diagnostics)
{
    bool fine = true;
    if (is_utf16(source)) {
        diagnostic_error(diagnostics, (struct span){0, 2}, "this file is UTF-16");
        diagnostic_help(diagnostics, "save the file in the encoding UTF-8");
        return false;
    }
    for (uint32_t i = 0; i < source->length;) {
        unsigned size = source_sequence(source->bytes + i, source->length - i);
        if (size > 0 && source->bytes[i] != 0) {
            i += size;
            continue;
        }
        wrong_byte(diagnostics, (struct span){i, i + 1}, (unsigned char)source->bytes[i]);
        fine = false;
        while (i < source->length && source->bytes[i] != '\n')
            i++;
    }
    return fine;
}

struct source *source_from_bytes(struct arena *arena, const char *path, const char *bytes,
                                 size_t length, struct diagnostics *diagnostics)
{
    struct source *source = arena_new(arena, struct source);
    source->path = arena_strdup(arena, path);
    bool too_long = length > SOURCE_MAX;
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        bytes += 3;
        length -= 3;
    }
    source->length = too_long ? 0 : (uint32_t)length;
    source->bytes = arena_strndup(arena, bytes, source->length);
    divide(source, arena);
    diagnostics->source = source;
    if (too_long) {
        diagnostic_error(diagnostics, (struct span){0, 0},
                         "the file is too large: a scenario has at most %d bytes", SOURCE_MAX);
        return NULL;
    }
    return check_bytes(source, diagnostics) ? source : NULL;
}

static uint32_t line_index(const struct source *source, uint32_t offset)
{
    uint32_t low = 0, high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct place source_place(const struct source *source, uint32_t offset)
{
    uint32_t index = line_index(source, offset);
    uint32_t column = 1;
    for (uint32_t i = source->lines[index]; i < offset && i < source->length; i++)
        column += ((unsigned char)source->bytes[i] & 0xc0) != 0x80;
    return (struct place){index + 1, column};
}

struct span source_line(const struct source *source, uint32_t line)
{
    struct span span = {source->lines[line - 1], source->length};
    if (line < source->line_count)
        span.end = source->lines[line] - 1;
    if (span.end > span.start && source->bytes[span.end - 1] == '\r')
        span.end--;
    return span;
}

uint32_t source_position(const struct source *source, uint32_t offset)
{
    enum { FAR = 4 * 4096 }; /* beyond it the column is at the end of what a POSITION holds */
    uint32_t index = line_index(source, offset);
    if (offset - source->lines[index] > FAR)
        return POSITION(index + 1, 4095);
    struct place place = source_place(source, offset);
    return POSITION(place.line, place.column);
}
