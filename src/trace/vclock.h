/* Vector clocks (Mattern 1988; Fidge 1988): per thread, how many of its epochs are known to have
 * happened before. */
#ifndef THRUM_TRACE_VCLOCK_H
#define THRUM_TRACE_VCLOCK_H

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

/* All-zero is the empty clock: it knows nothing. Threads beyond `count` stand at 0. */
struct vclock {
    uint32_t *at;   /* owned; by thread */
    uint32_t count; /* entries */
};

static inline uint32_t vclock_get(const struct vclock *clock, uint32_t thread)
{
    return thread < clock->count ? clock->at[thread] : 0;
}

static inline void vclock_reserve(struct vclock *clock, uint32_t count)
{
    if (count <= clock->count)
        return;
    clock->at = xrealloc(clock->at, count * sizeof *clock->at);
    memset(clock->at + clock->count, 0, (count - clock->count) * sizeof *clock->at);
    clock->count = count;
}

/* The next epoch of `thread`. */
static inline void vclock_tick(struct vclock *clock, uint32_t thread)
{
    vclock_reserve(clock, thread + 1);
    clock->at[thread]++;
}

/* into := the greater of both, entry by entry. */
static inline void vclock_join(struct vclock *into, const struct vclock *from)
{
    vclock_reserve(into, from->count);
    for (uint32_t i = 0; i < from->count; i++)
        if (from->at[i] > into->at[i])
            into->at[i] = from->at[i];
}

static inline void vclock_copy(struct vclock *into, const struct vclock *from)
{
    vclock_reserve(into, from->count);
    if (from->count)
        memcpy(into->at, from->at, from->count * sizeof *into->at);
    if (into->count > from->count)
        memset(into->at + from->count, 0, (into->count - from->count) * sizeof *into->at);
}

static inline void vclock_fini(struct vclock *clock)
{
    free(clock->at);
    clock->at = NULL;
    clock->count = 0;
}

#endif
