#include "model/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/machine.h"

void duration_text(int64_t nanoseconds, struct text *out)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    uint64_t size = nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;
    unsigned at = 0;
    while (at < 3 && size != 0 && size < units[at].unit)
        at++;
    char digits[32];
    snprintf(digits, sizeof digits, "%09llu",
             (unsigned long long)(size % units[at].unit * (1000000000 / units[at].unit)));
    size_t length = strlen(digits);
    while (length && digits[length - 1] == '0')
        digits[--length] = '\0';
    text_printf(out, "%s%llu%s%s%s", nanoseconds < 0 ? "-" : "",
                (unsigned long long)(size / units[at].unit), length ? "." : "", digits,
                units[at].name);
}

static void repr_text(const char *text, struct text *out)
{
    char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
    text_add_char(out, quote);
    for (; *text; text++) {
        if (*text == quote || *text == '\\')
            text_printf(out, "\\%c", *text);
        else if (*text == '\n')
            text_add(out, "\\n");
        else if (*text == '\r')
            text_add(out, "\\r");
        else if (*text == '\t')
            text_add(out, "\\t");
        else if ((unsigned char)*text < ' ' || *text == 127)
            text_printf(out, "\\x%02x", (unsigned char)*text);
        else
            text_add_char(out, *text);
    }
    text_add_char(out, quote);
}

void value_text(const struct model *model, const struct world *world, enum kind kind, bool optional,
                bool quoted, int64_t value, struct text *out)
{
    const struct program *program = model_program(model);
    if (optional && value == NONE_VALUE) {
        text_add(out, "None");
        return;
    }
    switch (kind) {
    case KIND_INTEGER: text_printf(out, "%lld", (long long)value); break;
    case KIND_BOOLEAN: text_add(out, value ? "True" : "False"); break;
    case KIND_STRING:
        if (quoted)
            repr_text(model_string(model, value), out);
        else
            text_add(out, model_string(model, value));
        break;
    case KIND_DURATION: duration_text(value, out); break;
    case KIND_OBJECT:
        if (value >= 0 && value < program->object_count)
            text_add(out, program->objects[value].name);
        break;
    case KIND_THREAD:
        if (value >= 0 && value < program->thread_limit)
            model_thread_name(model, world, (uint32_t)value, out);
        break;
    case KIND_NONE:
    case KINDS: text_add(out, "None"); break;
    }
}

/* ---- format specifications: [[fill]align][sign][#][0][width][,][.precision][type] ---- */

struct spec {
    char fill, align, sign, separator, type; /* 0: not given */
    bool alternate;
    bool zeros; /* a 0 before the width */
    int width, precision;
    const char *rest; /* what is left after the type */
};

static struct spec parse_spec(const char *at)
{
    struct spec spec = {.precision = -1};
    if (at[0] && strchr("<>^=", at[1]) && at[1]) {
        spec.fill = at[0];
        spec.align = at[1];
        at += 2;
    } else if (at[0] && strchr("<>^=", at[0])) {
        spec.align = *at++;
    }
    if (*at && strchr("+- ", *at))
        spec.sign = *at++;
    if (*at == '#') {
        spec.alternate = true;
        at++;
    }
    if (*at == '0') {
        at++;
        spec.zeros = true;
    }
    for (; *at >= '0' && *at <= '9'; at++)
        spec.width = spec.width < 1000 ? spec.width * 10 + (*at - '0') : 1000;
    if (*at == ',' || *at == '_')
        spec.separator = *at++;
    if (*at == '.')
        for (at++, spec.precision = 0; *at >= '0' && *at <= '9'; at++)
            spec.precision = spec.precision < 1000 ? spec.precision * 10 + (*at - '0') : 1000;
    spec.type = *at;
    spec.rest = at + (*at != '\0');
    return spec;
}

bool value_spec_fits(const char *text, bool number)
{
    struct spec spec = parse_spec(text);
    if (spec.rest[0])
        return false;
    if (!number)
        return !spec.sign && !spec.alternate && !spec.separator && spec.align != '=' &&
               (!spec.type || spec.type == 's');
    bool decimal = !spec.type || spec.type == 'd';
    return spec.precision < 0 && (decimal || strchr("xXbo", spec.type)) &&
           (spec.separator != ',' || decimal);
}

/* The digits of a number, without sign, most significant first. */
static void digits_text(const struct spec *spec, uint64_t number, struct text *out)
{
    unsigned base = spec->type == 'x' || spec->type == 'X' ? 16
                    : spec->type == 'b'                    ? 2
                    : spec->type == 'o'                    ? 8
                                                           : 10;
    const char *digits = spec->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char reversed[160];
    int length = 0, group = base == 10 ? 3 : 4, placed = 0;
    do {
        if (spec->separator && placed && placed % group == 0)
            reversed[length++] = spec->separator;
        reversed[length++] = digits[number % base];
        number /= base;
        placed++;
    } while (number);
    while (length)
        text_add_char(out, reversed[--length]);
}

static void pad(const struct spec *spec, const char *sign, const char *body, bool number,
                struct text *out)
{
    long width = 0;
    for (const char *at = body; *at; at++)
        width += (*at & 0xc0) != 0x80;
    long missing = spec->width - width - (long)strlen(sign);
    char fill = spec->fill ? spec->fill : spec->zeros ? '0' : ' ';
    char align = spec->align ? spec->align : !number ? '<' : spec->zeros ? '=' : '>';
    long before = align == '>' ? missing : align == '^' ? missing / 2 : 0;
    text_repeat(out, fill, missing > 0 ? before : 0);
    text_add(out, sign);
    text_repeat(out, fill, align == '=' ? missing : 0);
    text_add(out, body);
    text_repeat(out, fill, align == '<' || align == '^' ? missing - before : 0);
}

static void number_with_spec(const struct spec *spec, int64_t value, struct text *out)
{
    struct text digits = {0};
    digits_text(spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, &digits);
    char sign[4] = "";
    if (value < 0)
        strcpy(sign, "-");
    else if (spec->sign == '+' || spec->sign == ' ')
        sign[0] = spec->sign;
    if (spec->alternate && strchr("xXbo", spec->type) && spec->type) {
        size_t at = strlen(sign);
        sign[at] = '0';
        sign[at + 1] = spec->type;
        sign[at + 2] = '\0';
    }
    pad(spec, sign, text_bytes(&digits), true, out);
    text_fini(&digits);
}

static void scalar_with_spec(struct machine *machine, const struct format *format, int64_t value,
                             struct text *out)
{
    struct spec spec = parse_spec(format->spec);
    enum kind kind = format->kinds[0];
    bool none = format->optional[0] && value == NONE_VALUE;
    if (!none && (kind == KIND_INTEGER || kind == KIND_BOOLEAN) && spec.type != 's') {
        number_with_spec(&spec, value, out);
        return;
    }
    struct text body = {0};
    value_text(machine->model, machine->world, kind, format->optional[0], false, value, &body);
    if (spec.precision >= 0 && (size_t)spec.precision < body.length) {
        body.length = (size_t)spec.precision;
        body.bytes[body.length] = '\0';
    }
    pad(&spec, "", text_bytes(&body), false, out);
    text_fini(&body);
}

/* ---- the operations ---- */

static void element_text(struct machine *machine, const struct format *format,
                         const int64_t *values, bool parentheses, struct text *out)
{
    if (parentheses)
        text_add_char(out, '(');
    for (uint32_t i = 0; i < format->width; i++) {
        text_add(out, i ? ", " : "");
        value_text(machine->model, machine->world, format->kinds[i], format->optional[i],
                   format->quoted || format->shape != FORMAT_SCALAR, values[i], out);
    }
    if (parentheses)
        text_add(out, format->width == 1 ? ",)" : ")");
}

static bool give_text(struct machine *machine, uint16_t slot, struct text *text)
{
    bool fits = text->length <= MAX_STRING;
    if (fits)
        machine->frame[slot] =
            strings_intern(machine->model->strings, text_bytes(text), text->length);
    text_fini(text);
    return fits;
}

bool text_format(struct machine *machine, const struct instruction *in)
{
    const struct format *format = &machine->program->formats[in->d];
    const int64_t *values = machine->frame + in->b;
    struct text out = {0};
    switch (format->shape) {
    case FORMAT_SCALAR:
        if (format->spec && format->spec[0])
            scalar_with_spec(machine, format, values[0], &out);
        else
            element_text(machine, format, values, false, &out);
        break;
    case FORMAT_TUPLE: element_text(machine, format, values, true, &out); break;
    case FORMAT_LIST:
        text_add_char(&out, '[');
        for (uint32_t i = 0; i < format->count && out.length <= MAX_STRING; i++) {
            text_add(&out, i ? ", " : "");
            element_text(machine, format, values + (size_t)i * format->width, format->width > 1,
                         &out);
        }
        text_add_char(&out, ']');
        break;
    }
    return give_text(machine, in->a, &out);
}

bool text_concat(struct machine *machine, const struct instruction *in)
{
    struct text out = {0};
    for (uint32_t i = 0; i < in->x; i++)
        text_add(&out, model_string(machine->model, machine->frame[in->b + i]));
    return give_text(machine, in->a, &out);
}
