/* The commands: one file per command, one table of them, one table of options. */
#ifndef THRUM_CLI_CLI_H
#define THRUM_CLI_CLI_H

/* Runs the command that the arguments name; returns the exit status: 0 fine, 1 a problem was
 * found, 2 bad usage or bad input. */
int cli_main(int argc, char **argv);

#endif
