/* Programs put together by hand, for tests and benches that shall not depend on the compiler. Freed
 * by program_free(). */
#ifndef THRUM_TESTS_ASSEMBLED_H
#define THRUM_TESTS_ASSEMBLED_H

#include "model/program.h"

/* `count` philosophers at a round table; each takes its left fork, then the right one, `meals`
 * times. */
struct program *assembled_philosophers(unsigned count, unsigned meals);

#endif
