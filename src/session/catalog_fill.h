/* The names of a program's things and threads, as the trace's catalog wants them. */
#ifndef THRUM_SESSION_CATALOG_FILL_H
#define THRUM_SESSION_CATALOG_FILL_H

#include "model/step.h"
#include "trace/catalog.h"

/*
 * Fills an all-zero catalog: objects are the program's things by number (cells, objects, the
 * register of threads), threads are the declared ones. `guarded`: records carry versions, of the
 * guards that a live run has.
 */
void catalog_fill(struct trace_catalog *catalog, const struct program *program, bool guarded);

/* Adds the GIL, numbered after the register; catalog_fill() does so for programs with `option gil`.
 */
void catalog_fill_gil(struct trace_catalog *catalog, const struct program *program, bool guarded);

/* Enters threads made at run time up to and with `thread`, and sets the name that this one has in
 * `world`. */
void catalog_fill_thread(struct trace_catalog *catalog, const struct model *model,
                         const struct world *world, uint32_t thread);

#endif
