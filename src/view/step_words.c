/* A step in words, and in a sentence. */
#include <inttypes.h>

#include "base/clock.h"
#include "model/program.h"
#include "view/steps.h"

static const char *object_name(const struct scene *scene, uint32_t object)
{
    return catalog_object_name(scene->catalog, object);
}

static const char *thread_name(const struct scene *scene, int64_t thread)
{
    return catalog_thread_name(scene->catalog,
                               thread < 0 || thread > UINT32_MAX ? THRUM_NONE : (uint32_t)thread);
}

static void add_value(const struct scene *scene, const struct history_event *step, const char *sign,
                      struct text *out)
{
    text_add(out, sign);
    scene_value(scene, step->event.object, step->event.time, out);
}

static const char *truth(const struct history_event *step)
{
    return step->event.flags & THRUM_RESULT ? "True" : "False";
}

/* The line that a print or note left. */
static void add_line(const struct scene *scene, const struct history_event *step, struct text *out)
{
    bool note = step->event.kind == THRUM_KIND_NOTE;
    struct history_line line;
    size_t at = note ? history_note_at(scene->history, step->event.time)
                     : history_console_at(scene->history, step->event.time);
    while (at-- > 0) {
        if (!(note ? history_note(scene->history, at, &line)
                   : history_console(scene->history, at, &line)))
            return;
        if (line.event == step->index) {
            text_printf(out, " \"%s\"", line.text);
            return;
        }
        if (line.time < step->event.time)
            return;
    }
}

static void add_span(const struct history_event *step, struct text *out)
{
    if (step->event.flags & THRUM_TIMED && step->event.value >= 0) {
        text_add(out, ", at most ");
        clock_format(out, step->event.value);
    }
}

/* The accesses of an atomic block: the records of the thread just before that carry THRUM_MORE. */
static void add_block(const struct scene *scene, const struct history_event *step, struct text *out)
{
    enum { SHOWN = 8 };
    struct history_event parts[SHOWN];
    size_t count = 0;
    for (uint64_t i = step->index; i-- > 0 && count < SHOWN;) {
        if (!history_event_at(scene->history, i, &parts[count]) ||
            parts[count].thread != step->thread)
            break;
        if (!(parts[count].event.flags & THRUM_MORE))
            break;
        count++;
    }
    text_add(out, "atomic");
    for (size_t i = count; i-- > 0;) {
        text_add(out, i + 1 == count ? ": " : ", ");
        step_words(scene, &parts[i], out);
    }
}

void step_words(const struct scene *scene, const struct history_event *step, struct text *out)
{
    const struct thrum_event *event = &step->event;
    const char *name = event->object == THRUM_NONE ? "" : object_name(scene, event->object);
    switch ((enum thrum_event_kind)event->kind) {
    case THRUM_KIND_LOAD:
    case THRUM_KIND_ATOMIC_LOAD:
        text_printf(out, "load %s", name);
        add_value(scene, step, " → ", out);
        return;
    case THRUM_KIND_STORE:
    case THRUM_KIND_ATOMIC_STORE:
        text_printf(out, "store %s", name);
        add_value(scene, step, " ← ", out);
        return;
    case THRUM_KIND_ATOMIC_ADD:
        text_printf(out, "add to %s", name);
        add_value(scene, step, " ← ", out);
        return;
    case THRUM_KIND_ATOMIC_SWAP:
        text_printf(out, "swap %s", name);
        add_value(scene, step, " ← ", out);
        return;
    case THRUM_KIND_ATOMIC_CAS:
        text_printf(out, "cas %s", name);
        add_value(scene, step, " ← ", out);
        return;
    case THRUM_KIND_ATOMIC_CAS_FAILED:
        text_printf(out, "cas %s fails, sees", name);
        add_value(scene, step, " ", out);
        return;
    case THRUM_KIND_ATOMIC_BLOCK: add_block(scene, step, out); return;
    case THRUM_KIND_ACQUIRE: text_printf(out, "acquire %s", name); return;
    case THRUM_KIND_RELEASE: text_printf(out, "release %s", name); return;
    case THRUM_KIND_TRY_FAILED: text_printf(out, "try %s: not to be had", name); return;
    case THRUM_KIND_TIMED_OUT: text_printf(out, "time-out: gives up %s", name); return;
    case THRUM_KIND_WAIT_BEGIN:
        text_printf(out, "wait for %s", name);
        add_span(step, out);
        return;
    case THRUM_KIND_COND_WAIT:
        text_printf(out, "wait on %s", name);
        add_span(step, out);
        return;
    case THRUM_KIND_COND_TIMED_OUT: text_printf(out, "time-out: wait on %s ends", name); return;
    case THRUM_KIND_COND_REACQUIRED: text_printf(out, "wait on %s → %s", name, truth(step)); return;
    case THRUM_KIND_NOTIFY:
        text_printf(out, "notify %s, wakes %" PRId64, name, event->value);
        return;
    case THRUM_KIND_EVENT_WAIT: text_printf(out, "pass %s", name); return;
    case THRUM_KIND_LOCKED:
    case THRUM_KIND_EVENT_IS_SET:
        text_printf(out, "%s %s → %s", event->kind == THRUM_KIND_LOCKED ? "locked" : "is_set", name,
                    truth(step));
        return;
    case THRUM_KIND_BARRIER_ARRIVE:
        text_printf(out, "arrive at %s as %" PRId64, name, event->value);
        return;
    case THRUM_KIND_THREAD_START:
        text_printf(out, "start %s", thread_name(scene, event->value));
        return;
    case THRUM_KIND_JOIN_BEGIN:
        text_printf(out, "wait for the end of %s", thread_name(scene, event->value));
        return;
    case THRUM_KIND_JOIN: text_printf(out, "join %s", thread_name(scene, event->value)); return;
    case THRUM_KIND_JOIN_TIMED_OUT:
        text_printf(out, "gives up joining %s", thread_name(scene, event->value));
        return;
    case THRUM_KIND_IS_ALIVE:
        text_printf(out, "is_alive %s → %s", thread_name(scene, event->value), truth(step));
        return;
    case THRUM_KIND_SLEEP_END: text_add(out, "sleep"); return;
    case THRUM_KIND_IO_END: text_add(out, "io"); return;
    case THRUM_KIND_COMPUTE_END: text_add(out, "compute"); return;
    case THRUM_KIND_RANDINT: text_printf(out, "randint → %" PRId64, event->value); return;
    case THRUM_KIND_INSPECT:
        text_printf(out, "look at %s → %" PRId64, *name ? name : "it", event->value);
        return;
    case THRUM_KIND_PRINT:
    case THRUM_KIND_NOTE:
        text_add(out, event_kind_words(event->kind));
        add_line(scene, step, out);
        return;
    case THRUM_KIND_THREAD_END: text_add(out, "end"); return;
    case THRUM_KIND_THREAD_DIED:
    case THRUM_KIND_RAISE:
        text_printf(out, "%s %s", event->kind == THRUM_KIND_RAISE ? "raise" : "die of",
                    event->value > 0 && event->value < EXCEPTIONS ? exception_names[event->value]
                                                                  : "an exception");
        return;
    case THRUM_KIND_NONE:
    case THRUM_KIND_LOST:
    case THRUM_KIND_THREAD_CREATED:
    case THRUM_KIND_THREAD_BEGIN:
    case THRUM_KIND_AFTER_BEGIN:
    case THRUM_KIND_WAKE:
    case THRUM_KIND_EVENT_SET:
    case THRUM_KIND_EVENT_CLEAR:
    case THRUM_KIND_BARRIER_OPEN:
    case THRUM_KIND_BARRIER_DEPART:
    case THRUM_KIND_BARRIER_BROKEN:
    case THRUM_KIND_BARRIER_ABORT:
    case THRUM_KIND_BARRIER_RESET:
    case THRUM_KIND_SLEEP_BEGIN:
    case THRUM_KIND_IO_BEGIN:
    case THRUM_KIND_COMPUTE_BEGIN:
    case THRUM_KIND_YIELD:
    case THRUM_KIND_TURN:
    case THRUM_KIND_ASSERT_FAILED:
    case THRUM_KIND_RECORDER_BEGIN:
    case THRUM_KIND_RECORDER_END:
    case THRUM_KIND_PACE_BEGIN:
    case THRUM_KIND_PACE_END:
    case THRUM_KIND_RUN_PAUSED:
    case THRUM_KIND_RUN_RESUMED:
    case THRUM_KIND_STUCK:
    case THRUM_KIND_SWITCH_PREEMPTED:
    case THRUM_KIND_SWITCH_BLOCKED:
    case THRUM_KIND_SWITCH_IN:
    case THRUM_KIND_GIL_WAIT:
    case THRUM_KIND_GIL_TAKE:
    case THRUM_KIND_GIL_DROP:
    case THRUM_KINDS: break;
    }
    text_printf(out, "%s%s%s", event_kind_words(event->kind), *name ? " " : "", name);
}

void step_object_words(const struct scene *scene, uint32_t object, uint64_t time, struct text *out)
{
    struct object_at at;
    history_object_at(scene->history, object, time, &at);
    switch (catalog_object_type(scene->catalog, object)) {
    case TRACE_LOCK:
    case TRACE_RLOCK:
        if (at.holder == THRUM_NONE || at.value <= 0)
            text_add(out, "free");
        else
            text_add(out, catalog_thread_name(scene->catalog, at.holder));
        if (at.value > 1)
            text_printf(out, "×%" PRId64, at.value);
        break;
    case TRACE_SEMAPHORE:
    case TRACE_BOUNDED_SEMAPHORE: text_printf(out, "%" PRId64, at.value); break;
    case TRACE_EVENT: text_add(out, at.state == OBJECT_SET ? "set" : "clear"); break;
    case TRACE_BARRIER:
        if (at.state == OBJECT_BROKEN)
            text_add(out, "broken");
        else
            text_printf(out, "%" PRId64 " in", at.value);
        break;
    case TRACE_CONDITION: text_printf(out, "%" PRIu32 " wait", at.waiters); break;
    case TRACE_VARIABLE:
    case TRACE_ATOMIC: scene_value(scene, object, time, out); break;
    case TRACE_THREADS:
    case TRACE_CONSOLE:
    case TRACE_OTHER:
    case TRACE_TYPES: text_printf(out, "%" PRId64, at.value); break;
    }
}
