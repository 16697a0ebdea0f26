#include "session/judge.h"

#include <inttypes.h>
#include <string.h>

#include "base/die.h"
#include "base/vector.h"
#include "model/stuck.h"
#include "model/world.h"
#include "session/judge_words.h"
#include "trace/lockorder.h"
#include "trace/races.h"

enum {
    ALWAYS_JUDGED = 64, /* with more threads than this, "stuck" is judged only … */
    SOMETIMES = 64,     /* … when a thread has begun to wait or ended, and every so many steps */
};

/* Something found, so that it can be forgotten again. */
struct found {
    uint64_t event;     /* the record it came with */
    unsigned verdict;   /* 1 << enum verdict */
    uint32_t thread;    /* found stuck; or THRUM_NONE */
    uint32_t invariant; /* found false; or THRUM_NONE */
};

struct judge {
    struct model *model;
    const struct program *program;
    struct history *history;
    struct stuck_analysis *analysis;
    struct stuck_report report;
    struct races *races;
    struct lockorder *lockorder; /* or NULL */
    bool watch_order;
    vector(struct found) founds; /* in the order of events */
    vector(uint8_t) stuck;       /* by thread: has been found stuck */
    bool ended;
    bool all_stuck;
    uint64_t all_stuck_event;
    uint64_t steps; /* judged so far */
};

struct judge *judge_new(struct model *model, struct history *history, bool lock_order)
{
    struct judge *judge = xcalloc(1, sizeof *judge);
    judge->model = model;
    judge->program = model_program(model);
    judge->history = history;
    judge->analysis = stuck_new(judge->program);
    judge->races = races_new(history_catalog(history));
    judge->watch_order = lock_order;
    if (lock_order)
        judge->lockorder = lockorder_new(history_catalog(history));
    return judge;
}

void judge_free(struct judge *judge)
{
    if (!judge)
        return;
    stuck_free(judge->analysis);
    stuck_fini(&judge->report);
    races_free(judge->races);
    lockorder_free(judge->lockorder);
    vector_fini(&judge->founds);
    vector_fini(&judge->stuck);
    free(judge);
}

bool judge_ended(const struct judge *judge)
{
    return judge->ended;
}

bool judge_all_stuck(const struct judge *judge)
{
    return judge->all_stuck;
}

unsigned judge_verdicts(const struct judge *judge)
{
    unsigned verdicts = 0;
    vector_each (const struct found, found, &judge->founds)
        verdicts |= found->verdict;
    return verdicts;
}

bool judge_is_stuck(const struct judge *judge, uint32_t thread)
{
    return thread < judge->stuck.count && judge->stuck.items[thread];
}

static void remember(struct judge *judge, uint64_t event, enum verdict verdict, uint32_t thread,
                     uint32_t invariant)
{
    vector_push(&judge->founds, (struct found){event, 1u << verdict, thread, invariant});
}

static void mark_stuck(struct judge *judge, uint32_t thread, bool stuck)
{
    while (judge->stuck.count <= thread)
        vector_push(&judge->stuck, 0);
    judge->stuck.items[thread] = stuck;
}

/* ---- Records ---- */

void judge_record(struct judge *judge, uint32_t thread, const struct thrum_event *event,
                  uint64_t index)
{
    struct problem problem;
    if (races_feed(judge->races, thread, event, index, &problem)) {
        remember(judge, index, VERDICT_RACE, THRUM_NONE, THRUM_NONE);
        history_add_problem(judge->history, &problem);
    }
    if (judge->lockorder && lockorder_feed(judge->lockorder, thread, event, index, &problem))
        history_add_problem(judge->history, &problem);
}

/* ---- Exceptions ---- */

static void judge_death(struct judge *judge, uint32_t thread, const struct operation *operation,
                        const struct effect *effect, uint64_t time, uint64_t event)
{
    bool assertion = effect->died_of == EXCEPTION_ASSERTION;
    struct problem problem;
    words_of_death(judge->model, judge->history, thread, operation, effect, time, event, &problem);
    remember(judge, event, assertion ? VERDICT_ASSERTION : VERDICT_ERROR, THRUM_NONE, THRUM_NONE);
    history_add_problem(judge->history, &problem);
}

void judge_after(struct judge *judge, const struct effect *effect, uint64_t time)
{
    if (effect->died_of == EXCEPTION_NONE && !effect->too_long)
        return;
    uint64_t event = history_count(judge->history);
    bool assertion = effect->died_of == EXCEPTION_ASSERTION;
    struct problem problem;
    words_of_after(judge->model, effect, time, event ? event - 1 : HISTORY_NONE, &problem);
    remember(judge, event ? event - 1 : 0, assertion ? VERDICT_ASSERTION : VERDICT_ERROR,
             THRUM_NONE, THRUM_NONE);
    history_add_problem(judge->history, &problem);
}

/* ---- Invariants ---- */

static bool reads_thing(const struct property *property, uint32_t thing)
{
    for (uint32_t i = 0; i < property->read_count; i++)
        if (thing >= property->reads[i].first &&
            thing - property->reads[i].first < property->reads[i].count)
            return true;
    return false;
}

/* Whether the step may have changed what the invariant says. */
static bool touches(const struct property *property, const struct effect *effect)
{
    if (!effect || effect->op == OP_ATOMIC_BEGIN)
        return true;
    return effect->thing != UINT32_MAX && reads_thing(property, effect->thing);
}

static bool known_false(const struct judge *judge, uint32_t invariant)
{
    vector_each (const struct found, found, &judge->founds)
        if (found->invariant == invariant)
            return true;
    return false;
}

static void judge_invariants(struct judge *judge, const struct world *world, uint32_t thread,
                             const struct effect *effect, uint64_t time, uint64_t event)
{
    for (uint32_t i = 0; i < judge->program->invariant_count; i++) {
        const struct property *property = &judge->program->invariants[i];
        enum exception raised = EXCEPTION_NONE;
        if (!touches(property, effect) || known_false(judge, i) ||
            model_holds(judge->model, world, property, &raised))
            continue;
        struct problem problem;
        words_of_invariant(judge->model, world, property, raised, thread,
                           effect ? effect->source : 0, time, event, &problem);
        remember(judge, event == HISTORY_NONE ? 0 : event, VERDICT_ASSERTION, THRUM_NONE, i);
        history_add_problem(judge->history, &problem);
        judge->ended = true;
    }
}

/* ---- Stuck ---- */

static void judge_stuck(struct judge *judge, const struct world *world, uint64_t time,
                        uint64_t event)
{
    if (!stuck_any(judge->analysis, judge->model, world))
        return;
    stuck_find(judge->analysis, judge->model, world, &judge->report);
    struct stuck_report *report = &judge->report;
    bool news = false;
    for (uint32_t i = 0; i < report->count; i++)
        news |= !judge_is_stuck(judge, report->threads[i].thread);
    judge->all_stuck = report->everyone;
    judge->all_stuck_event = event == HISTORY_NONE ? 0 : event;
    if (!news || !report->deadlock)
        return;
    struct problem problem;
    words_of_stuck(judge->model, judge->history, world, report, time, event, &problem);
    for (uint32_t i = 0; i < report->count; i++) {
        const struct stuck_thread *one = &report->threads[i];
        if (judge_is_stuck(judge, one->thread))
            continue;
        struct operation next;
        model_next(judge->model, world, one->thread, &next);
        mark_stuck(judge, one->thread, true);
        remember(judge, event == HISTORY_NONE ? 0 : event, VERDICT_DEADLOCK, one->thread,
                 THRUM_NONE);
        struct thrum_event record = {
            .time = time,
            .object = one->thing,
            .source = next.source,
            .kind = THRUM_KIND_STUCK,
            .processor = THRUM_NO_PROCESSOR,
        };
        history_append(judge->history, one->thread, &record);
    }
    history_add_problem(judge->history, &problem);
}

/* Whether "stuck" is worth judging after this step. */
static bool may_be_stuck(const struct judge *judge, const struct world *world, uint32_t thread,
                         const struct effect *effect)
{
    if (world_thread_end(judge->model, world) <= ALWAYS_JUDGED)
        return true;
    return effect->thread_ended || effect->result == STEP_WAITS ||
           model_enabled(judge->model, world, thread) == ENABLED_NO ||
           judge->steps % SOMETIMES == 0;
}

void judge_begin(struct judge *judge, const struct world *world, uint64_t time)
{
    judge_invariants(judge, world, THRUM_NONE, NULL, time, HISTORY_NONE);
    judge_stuck(judge, world, time, HISTORY_NONE);
}

void judge_step(struct judge *judge, const struct world *world, uint32_t thread,
                const struct operation *operation, const struct effect *effect, uint64_t time,
                uint64_t event)
{
    judge->steps++;
    if (effect->thread_ended && effect->died_of != EXCEPTION_NONE)
        judge_death(judge, thread, operation, effect, time, event);
    judge_invariants(judge, world, thread, effect, time, event);
    if (!judge->ended && may_be_stuck(judge, world, thread, effect))
        judge_stuck(judge, world, time, event);
}

/* ---- Going back ---- */

static void feed_again(struct judge *judge, uint64_t count)
{
    races_free(judge->races);
    lockorder_free(judge->lockorder);
    judge->races = races_new(history_catalog(judge->history));
    judge->lockorder = judge->watch_order ? lockorder_new(history_catalog(judge->history)) : NULL;
    for (uint64_t i = 0; i < count; i++) {
        struct history_event event;
        struct problem problem;
        if (!history_event_at(judge->history, i, &event))
            continue;
        if (races_feed(judge->races, event.thread, &event.event, i, &problem))
            problem_fini(&problem);
        if (judge->lockorder &&
            lockorder_feed(judge->lockorder, event.thread, &event.event, i, &problem))
            problem_fini(&problem);
    }
}

void judge_rewind(struct judge *judge, uint64_t count)
{
    while (judge->founds.count && vector_last(&judge->founds).event >= count) {
        struct found found = vector_last(&judge->founds);
        if (found.thread != THRUM_NONE)
            mark_stuck(judge, found.thread, false);
        judge->founds.count--;
    }
    judge->ended = false;
    vector_each (const struct found, found, &judge->founds)
        judge->ended |= found->invariant != THRUM_NONE;
    if (judge->all_stuck && judge->all_stuck_event >= count)
        judge->all_stuck = false;
    feed_again(judge, count);
}
