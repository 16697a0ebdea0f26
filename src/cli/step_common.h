/* What `step` and `replay` share. */
#ifndef THRUM_CLI_STEP_COMMON_H
#define THRUM_CLI_STEP_COMMON_H

#include "cli/options.h"
#include "cli/screen.h"

/* No screen is wanted, or to be had. */
bool step_headless(const struct arguments *arguments);

/* Opens the stepping session of a loaded scenario. False: said why, and closed everything. */
bool step_open(struct opened *opened, const struct session_options *options);

/* Prints what has been stepped and closes everything. Returns an exit status. */
int step_print(const struct arguments *arguments, struct opened *opened);

#endif
