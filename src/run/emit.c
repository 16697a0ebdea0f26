/* What an executor writes into its ring. A thread reserves room before it takes a guard, so nothing
 * is lost. */
#include <sched.h>
#include <time.h>

#include "run/run.h"

void executor_emit(struct executor *self, struct guard *guard, const struct step_record *record)
{
    /* ordered: not before the guard was taken, or versions and times would disagree */
    uint64_t now =
        guard ? thrum_clock_now_ordered(&self->run->clock) : thrum_clock_now(&self->run->clock);
    uint64_t time = thrum_time_after(now, self->ring.last_time, guard ? guard->last_time : 0);
    uint32_t version = 0;
    if (guard) {
        guard->last_time = time;
        version = guard->version = thrum_version_after(guard->version);
    }
    thrum_emit_at(&self->ring, time, record->kind, record->flags, (uint8_t)sched_getcpu(),
                  record->object, version, record->source, record->value);
}

void executor_emit_plain(struct executor *self, uint16_t kind, int64_t value)
{
    struct step_record record = {
        .kind = kind, .object = THRUM_NONE, .source = self->operation.source, .value = value};
    executor_emit(self, NULL, &record);
}

/* The recorder drains every millisecond or so. */
static void wait_for_recorder(void)
{
    struct timespec span = {.tv_nsec = 200000};
    nanosleep(&span, NULL);
}

bool executor_reserve(struct executor *self)
{
    if (__builtin_expect(thrum_ring_reserve(&self->ring, STEP_ROOM), 1))
        return true;
    bool said = thrum_ring_reserve(&self->ring, 2);
    if (said)
        executor_emit_plain(self, THRUM_KIND_RECORDER_BEGIN, 0);
    while (!thrum_ring_reserve(&self->ring, STEP_ROOM + 1)) {
        if (leaving(self->run))
            return false;
        wait_for_recorder();
    }
    if (said)
        executor_emit_plain(self, THRUM_KIND_RECORDER_END, 0);
    return thrum_ring_reserve(&self->ring, STEP_ROOM);
}

void executor_emit_touches(struct executor *self, const struct effect *effect)
{
    struct step_record record;
    for (uint32_t i = 0; i < effect->touch_count; i++) {
        /* The guards are held, but the collector takes none: it will make room. */
        while (!thrum_ring_reserve(&self->ring, STEP_ROOM))
            wait_for_recorder();
        record_touch(&effect->touches[i], effect->source, &record);
        executor_emit(self, guard_of(self->run, record.object), &record);
    }
    while (!thrum_ring_reserve(&self->ring, STEP_ROOM))
        wait_for_recorder();
}
