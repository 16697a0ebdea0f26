#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"

enum option_kind { FLAG, COUNT, MAYBE_COUNT, SEED, TIME, SPAN, SIZE, TEXT };

static const struct {
    const char *name;
    enum option_kind kind;
    const char *argument;
    const char *help;
} table[OPTIONS] = {
#define OPTION(id, name, kind, argument, help) {name, kind, argument, help},
#include "cli/options.def"
#undef OPTION
};

const char *nearest_name(const char *wanted, const char *const *names, size_t count)
{
    const char *best = NULL;
    unsigned limit = (unsigned)strlen(wanted) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = text_distance(wanted, names[i], limit);
        if (distance <= limit && (!best || distance < text_distance(wanted, best, limit)))
            best = names[i];
    }
    return best;
}

bool parse_time(const char *text, int64_t *ret_nanoseconds)
{
    static const struct {
        const char *name;
        double nanoseconds;
    } units[] = {{"", 1e9},   {"s", 1e9},    {"ms", 1e6}, {"us", 1e3},  {"µs", 1e3},
                 {"ns", 1.0}, {"min", 60e9}, {"m", 60e9}, {"h", 3600e9}};
    char *end;
    if (!isdigit((unsigned char)*text) && *text != '.')
        return false;
    errno = 0;
    double number = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].name) == 0 && errno == 0 && number * units[i].nanoseconds < 9e18) {
            *ret_nanoseconds = (int64_t)(number * units[i].nanoseconds);
            return true;
        }
    return false;
}

static bool parse_number(const char *text, uint64_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 0);
    if (!isdigit((unsigned char)*text) || *end || errno)
        return false;
    *ret_number = number;
    return true;
}

static bool parse_count(const char *text, int64_t *ret_count)
{
    uint64_t number;
    if (!parse_number(text, &number) || number < 1 || number > UINT32_MAX)
        return false;
    *ret_count = (int64_t)number;
    return true;
}

/* All 64 bits count: a seed that is printed can be given. */
static bool parse_seed(const char *text, int64_t *ret_seed)
{
    uint64_t number;
    if (!parse_number(text, &number))
        return false;
    *ret_seed = (int64_t)number;
    return true;
}

static bool parse_size(const char *text, int64_t *ret_bytes)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (!isdigit((unsigned char)*text) || errno)
        return false;
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (*end && (!unit || (end[1] && strcmp(end + 1, "iB") != 0 && strcmp(end + 1, "B") != 0)))
        return false;
    for (const char *u = units; unit && u <= unit; u++)
        number *= 1024;
    if (number >= 9e18 || number < 1)
        return false;
    *ret_bytes = (int64_t)number;
    return true;
}

/* The option of that name among those allowed, or OPTIONS. */
static enum option find(const char *name, size_t length, uint64_t allowed)
{
    for (unsigned i = 0; i < OPTIONS; i++)
        if ((allowed >> i & 1) && strlen(table[i].name) == length &&
            strncmp(table[i].name, name, length) == 0)
            return (enum option)i;
    return OPTIONS;
}

static void unknown(const char *name, uint64_t allowed, struct text *error)
{
    const char *names[OPTIONS];
    size_t count = 0;
    for (unsigned i = 0; i < OPTIONS; i++)
        if (allowed >> i & 1)
            names[count++] = table[i].name;
    const char *near = nearest_name(name, names, count);
    text_printf(error, "there is no option --%s here", name);
    if (near)
        text_printf(error, ": did you mean --%s?", near);
}

/* Reads an option's argument. */
static bool take_value(struct arguments *arguments, enum option option, const char *value,
                       struct text *error)
{
    bool fine = true;
    const char *wanted = "";
    switch (table[option].kind) {
    case FLAG: break;
    case COUNT:
    case MAYBE_COUNT:
        fine = parse_count(value, &arguments->numbers[option]);
        wanted = "a whole number from 1";
        break;
    case SEED:
        fine = parse_seed(value, &arguments->numbers[option]);
        wanted = "a whole number";
        break;
    case SPAN:
        fine = parse_time(value, &arguments->numbers[option]) && arguments->numbers[option] > 0;
        wanted = "a time above 0 such as 50ms, 0.5s or 2min";
        break;
    case TIME:
        fine = parse_time(value, &arguments->numbers[option]);
        wanted = "a time such as 50ms, 0.5s or 2min";
        break;
    case SIZE:
        fine = parse_size(value, &arguments->numbers[option]);
        wanted = "a size such as 512M or 2G";
        break;
    case TEXT: arguments->texts[option] = value; break;
    }
    if (!fine)
        text_printf(error, "--%s wants %s, not `%s`", table[option].name, wanted, value);
    return fine;
}

/* Reads the option at values[*at]. */
static bool take_option(struct arguments *arguments, int count, char **values, int *at,
                        uint64_t allowed, struct text *error)
{
    const char *name = values[*at] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    enum option option = find(name, length, allowed);
    if (option == OPTIONS) {
        char *copy = xstrdup(name);
        copy[length] = '\0';
        unknown(copy, allowed, error);
        free(copy);
        return false;
    }
    arguments->given |= UINT64_C(1) << option;
    if (table[option].kind == FLAG) {
        if (equals)
            text_printf(error, "--%s takes no value", table[option].name);
        return !equals;
    }
    if (equals)
        return take_value(arguments, option, equals + 1, error);
    if (table[option].kind == MAYBE_COUNT) {
        uint64_t number;
        arguments->numbers[option] = -1;
        return *at + 1 >= count || !parse_number(values[*at + 1], &number) ||
               take_value(arguments, option, values[++*at], error);
    }
    if (*at + 1 >= count) {
        text_printf(error, "--%s wants %s after it", table[option].name, table[option].argument);
        return false;
    }
    return take_value(arguments, option, values[++*at], error);
}

bool arguments_read(struct arguments *arguments, int count, char **values, uint64_t allowed,
                    struct text *error)
{
    bool only_files = false;
    memset(arguments, 0, sizeof *arguments);
    arguments->files = xcalloc((size_t)count + 1, sizeof *arguments->files);
    allowed |= OPTION_BIT(HELP) | OPTION_BIT(VERSION);
    for (int i = 0; i < count; i++) {
        if (only_files || values[i][0] != '-' || !values[i][1]) {
            arguments->files[arguments->file_count++] = values[i];
        } else if (strcmp(values[i], "--") == 0) {
            only_files = true;
        } else if (strcmp(values[i], "-h") == 0) {
            arguments->given |= OPTION_BIT(HELP);
        } else if (values[i][1] != '-') {
            text_printf(error, "there is no option %s here: options begin with --", values[i]);
            return false;
        } else if (!take_option(arguments, count, values, &i, allowed, error)) {
            return false;
        }
    }
    return true;
}

void arguments_fini(struct arguments *arguments)
{
    free(arguments->files);
    arguments->files = NULL;
}

bool option_given(const struct arguments *arguments, enum option option)
{
    return arguments->given >> option & 1;
}

int64_t option_number(const struct arguments *arguments, enum option option, int64_t otherwise)
{
    return option_given(arguments, option) ? arguments->numbers[option] : otherwise;
}

const char *option_text(const struct arguments *arguments, enum option option)
{
    return option_given(arguments, option) ? arguments->texts[option] : NULL;
}

void options_help(uint64_t allowed, struct text *out)
{
    allowed |= OPTION_BIT(HELP) | OPTION_BIT(VERSION);
    for (unsigned i = 0; i < OPTIONS; i++) {
        if (!(allowed >> i & 1))
            continue;
        size_t begin = out->length;
        text_printf(out, "  --%s", table[i].name);
        if (table[i].kind == MAYBE_COUNT)
            text_printf(out, " [%s]", table[i].argument);
        else if (*table[i].argument)
            text_printf(out, " %s", table[i].argument);
        text_repeat(out, ' ', 26 - (long)(out->length - begin));
        text_printf(out, " %s\n", table[i].help);
    }
}
