/* What a step means where it stands: told from the history around it. */
#include <inttypes.h>

#include "base/clock.h"
#include "model/program.h"
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

static void say_synchronising(const struct subject *subject, struct text *out)
{
    const struct thrum_event *event = &subject->step.event;
    switch (event->kind) {
    case THRUM_KIND_ACQUIRE: say_acquire(subject, out); return;
    case THRUM_KIND_RELEASE: say_release(subject, out); return;
    case THRUM_KIND_TRY_FAILED:
        text_printf(out, "%s tries to take %s and fails", subject->name, subject->thing);
        add_holder(subject, out);
        text_add(out, "; it goes on without.");
        return;
    case THRUM_KIND_TIMED_OUT:
        text_printf(out, "%s has waited long enough for %s and gives up", subject->name,
                    subject->thing);
        add_holder(subject, out);
        text_add(out, ".");
        return;
    case THRUM_KIND_WAIT_BEGIN:
        text_printf(out, "%s begins to wait for %s", subject->name, subject->thing);
        add_holder(subject, out);
        text_add(out, ".");
        return;
    case THRUM_KIND_COND_WAIT:
        text_printf(out, "%s gives its lock away and waits on %s until somebody notifies it.",
                    subject->name, subject->thing);
        return;
    case THRUM_KIND_COND_TIMED_OUT:
        text_printf(out, "Nobody notified %s in time; it still needs the lock of %s again.",
                    subject->name, subject->thing);
        return;
    case THRUM_KIND_COND_REACQUIRED:
        text_printf(out, "%s has its lock again: its wait on %s ends, %s.", subject->name,
                    subject->thing,
                    event->flags & THRUM_RESULT ? "notified" : "without having been notified");
        return;
    case THRUM_KIND_NOTIFY:
        if (event->value == 0)
            text_printf(out, "%s notifies %s, but nobody waits there: it is lost.", subject->name,
                        subject->thing);
        else
            text_printf(out, "%s wakes %" PRId64 " that %s on %s; %s must still get the lock.",
                        subject->name, event->value, event->value == 1 ? "waits" : "wait",
                        subject->thing, event->value == 1 ? "it" : "they");
        return;
    case THRUM_KIND_EVENT_SET:
        text_printf(out, "%s sets %s: whoever waits for it goes on, now and later.", subject->name,
                    subject->thing);
        return;
    case THRUM_KIND_EVENT_CLEAR:
        text_printf(out, "%s clears %s: from now on it must be waited for.", subject->name,
                    subject->thing);
        return;
    case THRUM_KIND_BARRIER_ARRIVE:
        text_printf(out, "%s arrives at %s; %" PRId64 " were there before it.", subject->name,
                    subject->thing, event->value);
        return;
    default: break;
    }
}

static void say_thread(const struct subject *subject, struct text *out)
{
    const struct thrum_event *event = &subject->step.event;
    const char *other = thread_name(subject, (uint32_t)event->value);
    switch (event->kind) {
    case THRUM_KIND_THREAD_START:
        text_printf(out, "%s starts %s: what it did so far happens before all that %s does.",
                    subject->name, other, other);
        return;
    case THRUM_KIND_JOIN:
        text_printf(out, "%s sees that %s has ended: all that %s did happened before.",
                    subject->name, other, other);
        return;
    case THRUM_KIND_JOIN_BEGIN:
        text_printf(out, "%s waits for the end of %s.", subject->name, other);
        return;
    case THRUM_KIND_JOIN_TIMED_OUT:
        text_printf(out, "%s gives up waiting for the end of %s, which is still alive.",
                    subject->name, other);
        return;
    case THRUM_KIND_THREAD_END: text_printf(out, "%s has ended.", subject->name); return;
    case THRUM_KIND_THREAD_DIED:
        text_printf(out, "%s dies of %s; what it held stays held.", subject->name,
                    event->value > 0 && event->value < EXCEPTIONS ? exception_names[event->value]
                                                                  : "an exception");
        return;
    default: break;
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
    if (is_read(kind))
        say_load(&subject, out);
    else if (kind == THRUM_KIND_STORE || kind == THRUM_KIND_ATOMIC_STORE)
        say_store(&subject, out);
    else if (kind == THRUM_KIND_ATOMIC_CAS_FAILED)
        text_printf(out, "%s finds another value in %s than it expected, and changes nothing.",
                    subject.name, subject.thing);
    else if (kind == THRUM_KIND_ATOMIC_ADD || kind == THRUM_KIND_ATOMIC_SWAP ||
             kind == THRUM_KIND_ATOMIC_CAS)
        text_printf(out, "%s reads and writes %s in one step: nobody can come between.",
                    subject.name, subject.thing);
    else if (kind == THRUM_KIND_ATOMIC_BLOCK)
        text_printf(out, "%s does all of its atomic block in one step: nobody can come between.",
                    subject.name);
    else if (kind == THRUM_KIND_TURN)
        text_printf(out, "%s goes once round a loop without touching anything shared.",
                    subject.name);
    else if (kind == THRUM_KIND_RANDINT)
        text_printf(out, "%s draws %" PRId64 "; another run may draw another number.", subject.name,
                    subject.step.event.value);
    else if (kind == THRUM_KIND_YIELD)
        text_printf(out, "%s offers the processor to the others.", subject.name);
    else if (kind == THRUM_KIND_SLEEP_END || kind == THRUM_KIND_IO_END ||
             kind == THRUM_KIND_COMPUTE_END)
        text_printf(out, "%s touches nothing shared meanwhile.", subject.name);
    if (out->length == before)
        say_synchronising(&subject, out);
    if (out->length == before)
        say_thread(&subject, out);
    if (out->length == before) {
        text_printf(out, "%s: ", subject.name);
        step_words(scene, &subject.step, out);
        text_add(out, ".");
    }
    say_gil(&subject, out);
}
