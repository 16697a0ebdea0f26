/* The arguments of a command, read by the one table of options (cli/options.def). */
#ifndef THRUM_CLI_OPTIONS_H
#define THRUM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum option {
#define OPTION(id, name, kind, argument, help) OPTION_##id,
#include "cli/options.def"
#undef OPTION
    OPTIONS
};

/* Bits of a command's options; OPTION_HELP and OPTION_VERSION belong to all. */
#define OPTION_BIT(id) (UINT64_C(1) << OPTION_##id)

struct arguments {
    const char **files; /* owned list of what is no option, in order */
    size_t file_count;
    uint64_t given;           /* bits of the options given */
    int64_t numbers[OPTIONS]; /* COUNT, SEED (its 64 bits), TIME and SPAN (ns), SIZE (bytes); -1:
                                 MAYBE_COUNT without one */
    const char *texts[OPTIONS];
};

/*
 * Reads the arguments that follow the command's name. `allowed`: bits. False: `error` has got a
 * sentence.
 * `--name value` and `--name=value` both work; `--` ends the options.
 */
bool arguments_read(struct arguments *arguments, int count, char **values, uint64_t allowed,
                    struct text *error);
void arguments_fini(struct arguments *arguments);

bool option_given(const struct arguments *arguments, enum option option);
int64_t option_number(const struct arguments *arguments, enum option option, int64_t otherwise);
/* NULL when not given. */
const char *option_text(const struct arguments *arguments, enum option option);

/* One line each for the help of a command. */
void options_help(uint64_t allowed, struct text *out);

/* "50ms", "0.5s", "2min", "1.5" (seconds); false: it is none. */
bool parse_time(const char *text, int64_t *ret_nanoseconds);
/* The name that is nearest to `wanted`, or NULL when none is near. */
const char *nearest_name(const char *wanted, const char *const *names, size_t count);

#endif
