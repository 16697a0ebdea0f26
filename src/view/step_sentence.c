/* What a step means where it stands: told from the history around it. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "view/steps.h"

/* The step that is explained. */
struct subject {
    const struct scene *scene;
    struct history_event step;
    const char *name;  /* of its thread */
    const char *thing; /* of its object, or "" */
};

static const char *thread_name(const struct subject *subject, uint32_t thread)
{
    return catalog_thread_name(subject->scene->catalog, thread);
}

static bool is_write(unsigned kind)
{
    return kind == THRUM_KIND_STORE || kind == THRUM_KIND_ATOMIC_STORE ||
           kind == THRUM_KIND_ATOMIC_ADD || kind == THRUM_KIND_ATOMIC_SWAP ||
           kind == THRUM_KIND_ATOMIC_CAS;
}

static bool is_read(unsigned kind)
{
    return kind == THRUM_KIND_LOAD || kind == THRUM_KIND_ATOMIC_LOAD;
}

/* Which records are looked for. */
enum wanted { WANT_WRITE, WANT_OWN_WRITE, WANT_OWN_READ };

/* The last record on the subject's object before `index` of that sort; false: none among the last
 * few thousand. */
static bool find_before(const struct subject *subject, uint64_t index, enum wanted wanted,
                        struct history_event *ret_record)
{
    enum { LOOKED_AT = 4000 };
    const struct history *history = subject->scene->history;
    uint32_t object = subject->step.event.object;
    uint64_t low = 0, high = history_object_count(history, object);
    while (low < high) { /* the first record of the object at or after `index` */
        uint64_t middle = low + (high - low) / 2;
        if (history_object_nth(history, object, middle) < index)
            low = middle + 1;
        else
            high = middle;
    }
    for (uint64_t n = low; n-- > 0 && low - n < LOOKED_AT;) {
        if (!history_event_at(history, history_object_nth(history, object, n), ret_record))
            return false;
        unsigned kind = ret_record->event.kind;
        bool own = ret_record->thread == subject->step.thread;
        if (wanted == WANT_WRITE       ? is_write(kind)
            : wanted == WANT_OWN_WRITE ? own && is_write(kind)
                                       : own && is_read(kind))
            return true;
    }
    return false;
}

static void add_value_at(const struct subject *subject, uint64_t time, struct text *out)
{
    scene_value(subject->scene, subject->step.event.object, time, out);
}

/* A store: does it overwrite what another has written since this thread read? */
static void say_store(const struct subject *subject, struct text *out)
{
    const struct history_event *step = &subject->step;
    struct history_event write, read, own;
    bool written = find_before(subject, step->index, WANT_WRITE, &write);
    bool has_read = find_before(subject, step->index, WANT_OWN_READ, &read);
    /* What it read before its own last write belongs to an earlier round. */
    bool stale = find_before(subject, step->index, WANT_OWN_WRITE, &own) && has_read &&
                 read.index < own.index;
    bool lost =
        written && write.thread != step->thread && has_read && !stale && read.index < write.index;
    if (lost) {
        text_printf(out, "%s overwrites %s's ", subject->name, thread_name(subject, write.thread));
        add_value_at(subject, write.event.time, out);
        text_add(out, " with its own ");
        add_value_at(subject, step->event.time, out);
        text_printf(out, ": %s read %s (line %u) before %s stored it, so %s's update is lost.",
                    subject->name, subject->thing, THRUM_SOURCE_LINE(read.event.source),
                    thread_name(subject, write.thread), thread_name(subject, write.thread));
        return;
    }
    text_printf(out, "%s writes ", subject->name);
    add_value_at(subject, step->event.time, out);
    text_printf(out, " to %s", subject->thing);
    if (written) {
        text_add(out, ", where ");
        add_value_at(subject, write.event.time, out);
        text_add(out, " was");
        if (write.thread != step->thread)
            text_printf(out, ", written by %s (line %u)", thread_name(subject, write.thread),
                        THRUM_SOURCE_LINE(write.event.source));
    }
    text_add(out, ".");
}

/* A load: whose value is it, and is another about to be overwritten? */
static void say_load(const struct subject *subject, struct text *out)
{
    const struct history_event *step = &subject->step;
    struct history_event write;
    text_printf(out, "%s reads ", subject->name);
    add_value_at(subject, step->event.time, out);
    text_printf(out, " from %s", subject->thing);
    if (!find_before(subject, step->index, WANT_WRITE, &write))
        text_add(out, ", its first value.");
    else if (write.thread == step->thread)
        text_add(out, ", which it wrote itself.");
    else
        text_printf(out, ", written by %s (line %u).", thread_name(subject, write.thread),
                    THRUM_SOURCE_LINE(write.event.source));
}

static void add_waiters(const struct subject *subject, const char *before, struct text *out)
{
    enum { SHOWN = 4 };
    struct object_waiter waiters[SHOWN];
    size_t count = history_waiters(subject->scene->history, subject->step.event.object,
                                   subject->step.event.time, SHOWN, waiters);
    if (!count)
        return;
    text_add(out, before);
    for (size_t i = 0; i < count && i < SHOWN; i++)
        text_printf(out, "%s%s",
                    i == 0           ? ""
                    : i + 1 == count ? " and "
                                     : ", ",
                    thread_name(subject, waiters[i].thread));
    if (count > SHOWN)
        text_printf(out, " and %zu more", count - SHOWN);
    text_add(out, count == 1 ? " waits for it" : " wait for it");
}

static void add_holder(const struct subject *subject, struct text *out)
{
    struct object_at at;
    history_object_at(subject->scene->history, subject->step.event.object, subject->step.event.time,
                      &at);
    if (at.holder == THRUM_NONE)
        return;
    text_printf(out, ", held by %s", thread_name(subject, at.holder));
    if (at.holder_source)
        text_printf(out, " since line %u", THRUM_SOURCE_LINE(at.holder_source));
}

static void say_acquire(const struct subject *subject, struct text *out)
{
    enum trace_type type = catalog_object_type(subject->scene->catalog, subject->step.event.object);
    if (type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE)
        text_printf(out, "%s takes a permit of %s; %" PRId64 " left", subject->name, subject->thing,
                    subject->step.event.value);
    else if (subject->step.event.value > 1)
        text_printf(out, "%s takes %s once more: it holds it %" PRId64 " times", subject->name,
                    subject->thing, subject->step.event.value);
    else
        text_printf(out, "%s takes %s: until it releases it, nobody else can", subject->name,
                    subject->thing);
    add_waiters(subject, "; ", out);
    text_add(out, ".");
}

static void say_release(const struct subject *subject, struct text *out)
{
    text_printf(out, "%s releases %s", subject->name, subject->thing);
    add_waiters(subject, ": ", out);
    if (subject->step.event.value > 0)
        text_printf(out, " (%" PRId64 " now)", subject->step.event.value);
    text_add(out, ".");
}

static void say_reacquired(const struct subject *subject, struct text *out)
{
    bool notified = subject->step.event.flags & THRUM_RESULT;
    text_printf(out, "%s has its lock again: its wait on %s ends, %s.", subject->name,
                subject->thing, notified ? "notified" : "without having been notified");
}

static void say_notify(const struct subject *subject, struct text *out)
{
    int64_t woken = subject->step.event.value;
    if (woken == 0)
        text_printf(out, "%s notifies %s, but nobody waits there: it is lost.", subject->name,
                    subject->thing);
    else
        text_printf(out, "%s wakes %" PRId64 " that %s on %s; %s must still get the lock.",
                    subject->name, woken, woken == 1 ? "waits" : "wait", subject->thing,
                    woken == 1 ? "it" : "they");
}

/* Appends the words of view/step_sentences.def. */
static void say_words(const struct subject *subject, const char *words, struct text *out)
{
    while (*words) {
        size_t plain = strcspn(words, "{");
        text_add_bytes(out, words, plain);
        words += plain;
        if (!*words)
            return;
        if (words[1] == 'w')
            text_add(out, subject->name);
        else if (words[1] == 'h')
            add_holder(subject, out);
        else
            step_part(subject->scene, &subject->step, words[1], out);
        words += strlen("{w}");
    }
}

/* What the step meant for the interpreter lock: taken just before it, or given up just after it. */
static void say_gil(const struct subject *subject, struct text *out)
{
    enum { LOOKED_AT = 64 };
    const struct history *history = subject->scene->history;
    struct history_event record;
    for (uint64_t i = subject->step.index, n = 0; i-- > 0 && n < LOOKED_AT; n++) {
        if (!history_event_at(history, i, &record) || record.event.flags & THRUM_STEP)
            break;
        if (record.thread == subject->step.thread && record.event.kind == THRUM_KIND_GIL_TAKE) {
            text_printf(out, " %s took the GIL before it", subject->name);
            if (record.event.value > 0) {
                text_add(out, ", after waiting ");
                clock_format(out, record.event.value);
            }
            text_add(out, ".");
            break;
        }
    }
    for (uint64_t i = subject->step.index + 1; i < subject->step.index + LOOKED_AT; i++) {
        if (!history_event_at(history, i, &record) || record.event.flags & THRUM_STEP)
            return;
        if (record.thread != subject->step.thread || record.event.kind != THRUM_KIND_GIL_DROP)
            continue;
        if (record.event.flags & THRUM_RESULT && record.event.value >= 0)
            text_printf(out, " %s has asked for the GIL: %s gives it up here.",
                        thread_name(subject, (uint32_t)record.event.value), subject->name);
        else
            text_printf(out, " %s gives the GIL up.", subject->name);
        return;
    }
}

/* What a kind of step means: in words alone, or as more about it tells. */
static const struct {
    const char *words;
    void (*say)(const struct subject *subject, struct text *out);
} meanings[THRUM_KINDS] = {
#define STEP_SENTENCE(kind, words) [THRUM_KIND_##kind] = {words, NULL},
#include "view/step_sentences.def"
#undef STEP_SENTENCE
    [THRUM_KIND_LOAD] = {NULL, say_load},
    [THRUM_KIND_ATOMIC_LOAD] = {NULL, say_load},
    [THRUM_KIND_STORE] = {NULL, say_store},
    [THRUM_KIND_ATOMIC_STORE] = {NULL, say_store},
    [THRUM_KIND_ACQUIRE] = {NULL, say_acquire},
    [THRUM_KIND_RELEASE] = {NULL, say_release},
    [THRUM_KIND_COND_REACQUIRED] = {NULL, say_reacquired},
    [THRUM_KIND_NOTIFY] = {NULL, say_notify},
};

void step_sentence(const struct scene *scene, uint64_t event, struct text *out)
{
    struct subject subject = {.scene = scene};
    if (!history_event_at(scene->history, event, &subject.step))
        return;
    unsigned kind = subject.step.event.kind;
    subject.name = catalog_thread_name(scene->catalog, subject.step.thread);
    subject.thing = subject.step.event.object == THRUM_NONE
                        ? ""
                        : catalog_object_name(scene->catalog, subject.step.event.object);
    size_t before = out->length;
    if (kind < THRUM_KINDS && meanings[kind].say)
        meanings[kind].say(&subject, out);
    else if (kind < THRUM_KINDS && meanings[kind].words)
        say_words(&subject, meanings[kind].words, out);
    if (out->length == before) {
        text_printf(out, "%s: ", subject.name);
        step_words(scene, &subject.step, out);
        text_add(out, ".");
    }
    say_gil(&subject, out);
}
