/* The door of this room: a scenario's text becomes a program. */
#ifndef THRUM_LANG_LANG_H
#define THRUM_LANG_LANG_H

#include <stddef.h>

#include "base/text.h"
#include "model/program.h"

/*
 * Reads, checks and compiles a scenario. Errors and warnings are appended to `messages`, ready to
 * be printed; `path` is how they name the file. Returns the program, which the caller frees with
 * program_free(), or NULL when there were errors. Any thread; no global state.
 */
struct program *lang_compile(const char *path, const char *bytes, size_t length,
                             struct text *messages);

/* The same from a file; one that cannot be read is an error too. */
struct program *lang_load(const char *path, struct text *messages);

#endif
