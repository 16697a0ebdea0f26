/* A step in words, and in a sentence. */
#include <inttypes.h>
#include <string.h>

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
    for (size_t i = count; i-- > 0;) {
        text_add(out, i + 1 == count ? ": " : ", ");
        step_words(scene, &parts[i], out);
    }
}

static const char *exception_name(int64_t exception)
{
    return exception > 0 && exception < EXCEPTIONS ? exception_names[exception] : "an exception";
}

void step_part(const struct scene *scene, const struct history_event *step, char part,
               struct text *out)
{
    const struct thrum_event *event = &step->event;
    if (part == 'o')
        text_add(out, event->object == THRUM_NONE ? "it" : object_name(scene, event->object));
    else if (part == 'v')
        scene_value(scene, event->object, event->time, out);
    else if (part == 'n')
        text_printf(out, "%" PRId64, event->value);
    else if (part == 't')
        text_add(out, thread_name(scene, event->value));
    else if (part == 'r')
        text_add(out, event->flags & THRUM_RESULT ? "True" : "False");
    else if (part == 's')
        add_span(step, out);
    else if (part == 'e')
        text_add(out, exception_name(event->value));
    else if (part == 'l')
        add_line(scene, step, out);
    else if (part == 'b')
        add_block(scene, step, out);
}

void step_words(const struct scene *scene, const struct history_event *step, struct text *out)
{
    static const char *const templates[THRUM_KINDS] = {
#define STEP_WORDS(kind, words) [THRUM_KIND_##kind] = words,
#include "view/step_words.def"
#undef STEP_WORDS
    };
    unsigned kind = step->event.kind;
    const char *words = kind < THRUM_KINDS ? templates[kind] : NULL;
    if (!words) {
        bool named = step->event.object != THRUM_NONE;
        text_printf(out, "%s%s%s", event_kind_words(kind), named ? " " : "",
                    named ? object_name(scene, step->event.object) : "");
        return;
    }
    while (*words) {
        size_t plain = strcspn(words, "{");
        text_add_bytes(out, words, plain);
        words += plain;
        if (*words) {
            step_part(scene, step, words[1], out);
            words += strlen("{o}");
        }
    }
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
