/* The words of problems: who, what, where, and what it means. Each fills a struct problem that the
 * caller then owns. */
#ifndef THRUM_SESSION_ASSESSOR_WORDS_H
#define THRUM_SESSION_ASSESSOR_WORDS_H

#include "model/step.h"
#include "model/stuck.h"
#include "trace/history.h"

/* An exception left a thread. */
void words_of_death(const struct model *model, const struct history *history, uint32_t thread,
                    const struct operation *operation, const struct effect *effect, uint64_t time,
                    uint64_t event, struct problem *ret_problem);
/* `after:` failed. */
void words_of_after(const struct model *model, const struct effect *effect, uint64_t time,
                    uint64_t event, struct problem *ret_problem);
/* An invariant is false (or raised). `thread` THRUM_NONE: in the first state already. */
void words_of_invariant(const struct model *model, const struct world *world,
                        const struct property *property, enum exception raised, uint32_t thread,
                        uint32_t source, uint64_t time, uint64_t event,
                        struct problem *ret_problem);
/* Threads are stuck. */
void words_of_stuck(const struct model *model, const struct history *history,
                    const struct world *world, const struct stuck_report *report, uint64_t time,
                    uint64_t event, struct problem *ret_problem);
/* A race in a run with a GIL, which never lets two threads at the same data at once: it becomes a
 * potential one, and says so. */
void words_of_gil(struct problem *race);

#endif
