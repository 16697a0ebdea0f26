/* A run made up for measuring: threads that take turns at ten locks, sleep, load and store; about
 * one wait in six records. The same seed makes the same run, whatever its length. */
#ifndef THRUM_TESTS_MADE_UP_H
#define THRUM_TESTS_MADE_UP_H

#include "trace/history.h"

enum { MADE_UP_THREADS = 50, MADE_UP_LOCKS = 10 };

/* Names for the threads, the locks, and one variable (object MADE_UP_LOCKS). The caller's to fini.
 */
void made_up_catalog(struct trace_catalog *catalog);

/* A history of so many records; the caller's to free. `ret_ns` (or NULL): processor time spent a
 * record. */
struct history *made_up_history(const struct trace_catalog *catalog, uint64_t records,
                                double *ret_ns);

/* Processor time of this thread in nanoseconds: others' work on the machine does not count. */
uint64_t own_time(void);

#endif
