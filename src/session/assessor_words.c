#include "session/assessor_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/world.h"
#include "trace/waits.h"

static struct problem begin(enum problem_kind kind, uint64_t time, uint64_t event)
{
    return (struct problem){
        .kind = kind, .certainty = PROBLEM_ACTUAL, .time = time, .event = event};
}

static void add_message(const struct model *model, const struct effect *effect, struct text *out)
{
    if (effect->message)
        text_printf(out, ": %s", model_string(model, effect->message));
}

/* ---- Exceptions ---- */

/* What the thread still holds, as far as the history tells: "; it still holds a and b". */
static size_t add_held(const struct history *history, uint32_t thread, uint64_t time,
                       const char *before, struct text *out)
{
    const struct trace_catalog *catalog = history_catalog(history);
    size_t count = 0;
    for (uint32_t object = 0; object < catalog->objects.count; object++) {
        enum trace_type type = catalog->objects.items[object].type;
        if (type != TRACE_LOCK && type != TRACE_RLOCK)
            continue;
        struct object_at at;
        history_object_at(history, object, time, &at);
        if (at.holder != thread || at.state == OBJECT_FREE)
            continue;
        text_add(out, count ? ", " : before);
        text_add(out, catalog->objects.items[object].name);
        if (at.holder_source)
            text_printf(out, " (line %u)", THRUM_SOURCE_LINE(at.holder_source));
        count++;
    }
    return count;
}

void words_of_death(const struct model *model, const struct history *history, uint32_t thread,
                    const struct operation *operation, const struct effect *effect, uint64_t time,
                    uint64_t event, struct problem *ret_problem)
{
    bool assertion = effect->died_of == EXCEPTION_ASSERTION;
    struct problem problem = begin(assertion ? PROBLEM_ASSERTION : PROBLEM_EXCEPTION, time, event);
    const char *name = catalog_thread_name(history_catalog(history), thread);
    const char *message = effect->message ? model_string(model, effect->message) : "";
    uint32_t source = effect->raised_at ? effect->raised_at : operation->source;
    struct text title = {0}, evidence = {0};
    if (assertion)
        text_printf(&title, "ASSERTION  %s", *message ? message : "an assertion failed");
    else
        text_printf(&title, "EXCEPTION  %s dies of %s%s%s", name, exception_names[effect->died_of],
                    *message ? ": " : "", message);
    text_printf(&evidence, "%s dies of %s", name, exception_names[effect->died_of]);
    add_message(model, effect, &evidence);
    if (source)
        text_printf(&evidence, " (line %u)", POSITION_LINE(source));
    text_add(&evidence, "; the other threads go on\n");
    struct text held = {0};
    if (add_held(history, thread, time, "What it held stays held: ", &held))
        text_printf(&evidence, "%s\n", text_bytes(&held));
    text_fini(&held);
    problem_add_thread(&problem, thread);
    problem_add_source(&problem, source);
    problem.title = text_take(&title);
    problem.evidence = text_take(&evidence);
    *ret_problem = problem;
}

void words_of_after(const struct model *model, const struct effect *effect, uint64_t time,
                    uint64_t event, struct problem *ret_problem)
{
    bool assertion = effect->died_of == EXCEPTION_ASSERTION;
    struct problem problem = begin(assertion ? PROBLEM_ASSERTION : PROBLEM_EXCEPTION, time, event);
    const char *message = effect->message ? model_string(model, effect->message) : "";
    struct text title = {0}, evidence = {0};
    if (assertion)
        text_printf(&title, "ASSERTION  %s", *message ? message : "an assertion of after: failed");
    else
        text_printf(&title, "EXCEPTION  after: raises %s%s%s", exception_names[effect->died_of],
                    *message ? ": " : "", message);
    text_printf(&evidence, "after: raises %s", exception_names[effect->died_of]);
    add_message(model, effect, &evidence);
    if (effect->raised_at)
        text_printf(&evidence, " (line %u)", POSITION_LINE(effect->raised_at));
    text_add(&evidence, "\nEvery thread has ended; this is the result of the run.\n");
    problem_add_source(&problem, effect->raised_at);
    problem.title = text_take(&title);
    problem.evidence = text_take(&evidence);
    *ret_problem = problem;
}

/* ---- Invariants ---- */

void words_of_invariant(const struct model *model, const struct world *world,
                        const struct property *property, enum exception raised, uint32_t thread,
                        uint32_t source, uint64_t time, uint64_t event, struct problem *ret_problem)
{
    const struct program *program = model_program(model);
    struct problem problem = begin(PROBLEM_INVARIANT, time, event);
    struct text title = {0}, evidence = {0};
    text_printf(&title, "INVARIANT  %s", property->text);
    text_printf(&evidence, "The invariant of line %u is false", POSITION_LINE(property->position));
    if (raised != EXCEPTION_NONE)
        text_printf(&evidence, " (it raises %s)", exception_names[raised]);
    if (thread != THRUM_NONE) {
        text_add(&evidence, " after a step of ");
        model_thread_name(model, world, thread, &evidence);
        text_printf(&evidence, " (line %u)", POSITION_LINE(source));
        problem_add_thread(&problem, thread);
    } else {
        text_add(&evidence, " in the first state");
    }
    uint32_t shown = 0;
    for (uint32_t i = 0; i < property->read_count; i++) {
        for (uint32_t n = 0; n < property->reads[i].count && shown < 12; n++) {
            uint32_t thing = property->reads[i].first + n;
            if (thing >= program->cell_count)
                continue;
            text_add(&evidence, shown++ ? ", " : "\n");
            program_thing_name(program, thing, &evidence);
            text_add(&evidence, " = ");
            world_cell_text(model, thing, world->words[thing], &evidence);
            problem_add_object(&problem, thing);
        }
    }
    text_add(&evidence, "\n");
    problem_add_source(&problem, source);
    problem_add_source(&problem, property->position);
    problem.title = text_take(&title);
    problem.evidence = text_take(&evidence);
    *ret_problem = problem;
}

/* ---- Stuck ---- */

static const struct stuck_thread *find_stuck(const struct stuck_report *report, uint32_t thread)
{
    for (uint32_t i = 0; i < report->count; i++)
        if (report->threads[i].thread == thread)
            return &report->threads[i];
    return NULL;
}

/* The judgement does not know who holds a plain Lock, as anybody may release it; the history does.
 */
static enum stuck_reason reason_of(const struct history *history, const struct stuck_thread *one,
                                   uint64_t time)
{
    struct object_at at;
    if (one->reason != STUCK_NEVER_RELEASED ||
        catalog_object_type(history_catalog(history), one->thing) != TRACE_LOCK)
        return (enum stuck_reason)one->reason;
    history_object_at(history, one->thing, time, &at);
    return at.holder == one->thread ? STUCK_SELF : STUCK_NEVER_RELEASED;
}

/* Why a wait is for ever, at the end of its line. */
static void add_reason(const struct model *model, const struct history *history,
                       const struct world *world, const struct stuck_thread *one, uint64_t time,
                       struct text *out)
{
    const struct trace_catalog *catalog = history_catalog(history);
    struct object_at at;
    switch (reason_of(history, one, time)) {
    case STUCK_CYCLE: break;
    case STUCK_SELF: text_add(out, ", which it holds itself"); break;
    case STUCK_LOST_WAKEUP: text_add(out, ", and nobody will notify it any more"); break;
    case STUCK_MISSING_PARTY:
        text_printf(
            out, ", which needs %" PRId64 ", and no more will come",
            model_program(model)->objects[one->thing - model_program(model)->cell_count].initial);
        break;
    case STUCK_NEVER_RELEASED:
        text_add(out, ", which nobody will release any more");
        history_object_at(history, one->thing, time, &at);
        if (at.holder != THRUM_NONE)
            text_printf(out, ": %s took it last (line %u)%s",
                        catalog_thread_name(catalog, at.holder),
                        THRUM_SOURCE_LINE(at.holder_source),
                        world_thread_const(model, world, at.holder)->status == THREAD_ENDED
                            ? " and has ended"
                            : "");
        break;
    case STUCK_NEVER_SET: text_add(out, ", and nobody will set it any more"); break;
    case STUCK_JOIN: text_add(out, ", which is stuck"); break;
    case STUCK_NEVER_STARTED: text_add(out, ", which nobody will start"); break;
    }
}

/* What would break it, where that can be said in general. */
static void add_advice(const struct model *model, const struct history *history,
                       const struct stuck_report *report, uint64_t time, struct text *out)
{
    uint32_t locks = 0, ring = 0, roots = 0, of[STUCK_NEVER_STARTED + 1] = {0};
    uint32_t thread_register = program_register_thing(model_program(model));
    for (uint32_t i = 0; i < report->count; i++) {
        const struct stuck_thread *one = &report->threads[i];
        of[reason_of(history, one, time)]++;
        roots += one->reason != STUCK_JOIN;
        ring += one->reason == STUCK_CYCLE;
        locks += one->reason == STUCK_CYCLE && one->thing < thread_register;
    }
    text_add(out, report->everyone ? "Nobody can move again."
                                   : "These can never move again; others go on.");
    if (roots && ring == roots && locks == ring)
        text_add(out, " Taking them in one order would break the ring.");
    else if (of[STUCK_SELF])
        text_add(out, " An RLock can be taken again by the thread that holds it.");
    else if (of[STUCK_LOST_WAKEUP])
        text_add(out, " A notify wakes only those that wait already: look at what it stands for, "
                      "under the lock, before waiting.");
    text_add_char(out, '\n');
}

/* "philosopher-0 holds forks[0] (line 12), waits for forks[1] (line 14)" */
static void add_one(const struct model *model, const struct history *history,
                    const struct world *world, const struct stuck_thread *one, uint64_t time,
                    struct problem *problem, struct text *out)
{
    const struct trace_catalog *catalog = history_catalog(history);
    struct operation next;
    model_next(model, world, one->thread, &next);
    text_add(out, catalog_thread_name(catalog, one->thread));
    if (add_held(history, one->thread, time, " holds ", out))
        text_add(out, ",");
    if (one->thread_waited_for != UINT32_MAX)
        text_printf(out, " waits for the end of %s",
                    catalog_thread_name(catalog, one->thread_waited_for));
    else
        text_printf(out, " waits for %s", catalog_object_name(catalog, one->thing));
    text_printf(out, " (line %u)", POSITION_LINE(next.source));
    add_reason(model, history, world, one, time, out);
    text_add(out, "\n");
    problem_add_thread(problem, one->thread);
    if (one->thread_waited_for == UINT32_MAX)
        problem_add_object(problem, one->thing);
    problem_add_source(problem, next.source);
}

static enum problem_kind kind_of(const struct stuck_report *report)
{
    bool joins = true;
    for (uint32_t i = 0; i < report->count; i++)
        joins &= report->threads[i].reason == STUCK_CYCLE &&
                 report->threads[i].thread_waited_for != UINT32_MAX;
    if (joins)
        return PROBLEM_JOIN_CYCLE;
    for (uint32_t i = 0; i < report->count; i++)
        if (report->threads[i].reason == STUCK_CYCLE || report->threads[i].reason == STUCK_SELF)
            return report->everyone ? PROBLEM_DEADLOCK : PROBLEM_PARTIAL_DEADLOCK;
    for (uint32_t i = 0; i < report->count; i++) {
        if (report->threads[i].reason == STUCK_LOST_WAKEUP)
            return PROBLEM_LOST_WAKEUP;
        if (report->threads[i].reason == STUCK_MISSING_PARTY)
            return PROBLEM_MISSING_PARTY;
    }
    return report->everyone ? PROBLEM_DEADLOCK : PROBLEM_PARTIAL_DEADLOCK;
}

static void add_title(const struct history *history, const struct stuck_report *report,
                      enum problem_kind kind, struct text *out)
{
    const char *name = catalog_thread_name(history_catalog(history), report->threads[0].thread);
    for (const char *c = problem_kind_words(kind); *c; c++)
        text_add_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    text_add(out, "  ");
    bool ring = true;
    for (uint32_t i = 0; i < report->count; i++)
        ring &= report->threads[i].reason == STUCK_CYCLE;
    const char *why = stuck_reason_names[report->threads[0].reason];
    if (report->count == 1 && strcmp(why, problem_kind_words(kind)) == 0)
        text_printf(out, "%s waits for ever", name);
    else if (report->count == 1)
        text_printf(out, "%s waits for ever (%s)", name, why);
    else if (ring)
        text_printf(out, "%" PRIu32 " threads wait for each other", report->count);
    else
        text_printf(out, "%" PRIu32 " threads wait for ever", report->count);
}

/* Who is not stuck has nothing left to do but to end. */
static bool others_only_end(const struct model *model, const struct world *world,
                            const struct stuck_report *report)
{
    uint32_t end = world_thread_end(model, world);
    for (uint32_t thread = 0; thread < end; thread++) {
        struct operation next;
        if (world_thread_const(model, world, thread)->status != THREAD_ALIVE ||
            find_stuck(report, thread))
            continue;
        model_next(model, world, thread, &next);
        if (next.op != OP_END)
            return false;
    }
    return true;
}

void words_of_stuck(const struct model *model, const struct history *history,
                    const struct world *world, const struct stuck_report *given, uint64_t time,
                    uint64_t event, struct problem *ret_problem)
{
    struct stuck_report told = *given;
    const struct stuck_report *report = &told;
    told.everyone = given->everyone || others_only_end(model, world, given);
    enum problem_kind kind = kind_of(report);
    struct problem problem = begin(kind, time, event);
    struct text title = {0}, evidence = {0};
    add_title(history, report, kind, &title);
    /* Along the chain of who waits for whom first, then whoever is left. */
    struct wait_edge chain[PROBLEM_PARTIES];
    size_t cycle = 0, length = 0;
    for (uint32_t i = 0; i < report->count && !length; i++)
        if (report->threads[i].reason == STUCK_CYCLE)
            length = waits_chain(history, report->threads[i].thread, time, PROBLEM_PARTIES, chain,
                                 &cycle);
    uint32_t said = 0;
    for (size_t i = 0; i < length; i++) {
        const struct stuck_thread *one = find_stuck(report, chain[i].thread);
        if (one && said++ < PROBLEM_PARTIES)
            add_one(model, history, world, one, time, &problem, &evidence);
    }
    for (uint32_t i = 0; i < report->count; i++) {
        bool in_chain = false;
        for (size_t c = 0; c < length; c++)
            in_chain |= chain[c].thread == report->threads[i].thread;
        if (!in_chain && said++ < PROBLEM_PARTIES)
            add_one(model, history, world, &report->threads[i], time, &problem, &evidence);
    }
    if (said > PROBLEM_PARTIES)
        text_printf(&evidence, "… and %" PRIu32 " more\n", said - PROBLEM_PARTIES);
    add_advice(model, history, report, time, &evidence);
    problem.title = text_take(&title);
    problem.evidence = text_take(&evidence);
    *ret_problem = problem;
}

void words_of_gil(struct problem *race)
{
    struct text evidence = {0};
    text_add(&evidence, race->evidence);
    text_add(&evidence, "In this run the GIL kept them apart; without it nothing would.\n");
    free(race->evidence);
    race->evidence = text_take(&evidence);
    race->certainty = PROBLEM_POTENTIAL;
}
