/* The commands: one file per command, one table of them (commands.def), one table of options
 * (options.def). */
#ifndef THRUM_CLI_CLI_H
#define THRUM_CLI_CLI_H

#include "cli/options.h"

enum exit_status { EXIT_FINE = 0, EXIT_PROBLEM = 1, EXIT_BAD_USAGE = 2 };

/* Runs the command that the arguments name; returns the exit status: 0 fine, 1 a problem was
 * found, 2 bad usage or bad input. */
int cli_main(int argc, char **argv);

/* The functions of the commands, in their files; each returns an exit status. --help and --version
 * have been dealt with, and the number of files is as the table says. */
#define COMMAND(id, name, files, least, most, options, help)                                       \
    int command_##id(const struct arguments *arguments);
#include "cli/commands.def"
#undef COMMAND

/* Prints on standard output, control characters as `?`: what a scenario says must not steer the
 * terminal. */
void print_text(const char *text);
/* The same for a command's result. For people with --ascii, and on a terminal that has no UTF-8, in
 * ASCII: each sign of ours as its twin (view/glyph.def), others as `?`. JSON stays as it is. */
void print_report(const struct arguments *arguments, const char *report);

/* Prints "thrum: …" on standard error; returns EXIT_BAD_USAGE. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
