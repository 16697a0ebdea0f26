/* Finding scenario files and opening them. */
#ifndef THRUM_CLI_SCENARIO_H
#define THRUM_CLI_SCENARIO_H

#include <stdbool.h>

#include "base/text.h"
#include "model/step.h"

/* The folder of the bundled scenarios: $THRUM_SCENARIOS, else the installed one, else that of the
 * source tree this program was built from; NULL when none is there. Lives for ever. */
const char *scenario_folder(void);

/* A path that exists, or the name of a bundled scenario, with or without its folder and ending:
 * "dining-philosophers", "deadlock/dining-philosophers.thrum". Several of one name: false, and which
 * there are. False: `error` has got a sentence.
 */
bool scenario_find(const char *name, struct text *ret_path, struct text *error);

/* Reads and compiles a file. Warnings, errors and what else is wrong are added to `messages`; NULL:
 * it cannot be run. */
struct program *scenario_load(const char *path, struct text *messages);

#endif
