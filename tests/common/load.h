/* Programs from text and files, for tests. What is wrong with them goes to standard error. */
#ifndef THRUM_TESTS_LOAD_H
#define THRUM_TESTS_LOAD_H

#include "model/program.h"

/* NULL when it does not compile. Freed by program_free(). */
struct program *load_text(const char *source);
struct program *load_file(const char *path);

#endif
