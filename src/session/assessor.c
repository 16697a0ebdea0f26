#include "session/assessor.h"

#include <inttypes.h>
#include <string.h>

#include "base/die.h"
#include "base/vector.h"
#include "model/stuck.h"
#include "model/world.h"
#include "session/assessor_words.h"
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

struct assessor {
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
    uint64_t *reached;           /* by `sometimes`: the record with which it held first, + 1 */
    bool on_request;             /* stuck threads are looked for by assessor_stuck() alone */
    bool ended;
    bool all_stuck;
    uint64_t all_stuck_event;
    uint64_t steps; /* judged so far */
};

struct assessor *assessor_new(struct model *model, struct history *history, bool lock_order)
{
    struct assessor *assessor = xcalloc(1, sizeof *assessor);
    assessor->model = model;
    assessor->program = model_program(model);
    assessor->history = history;
    assessor->analysis = stuck_new(assessor->program);
    assessor->races = races_new(history_catalog(history));
    assessor->watch_order = lock_order;
    assessor->reached = xcalloc(assessor->program->sometimes_count + 1, sizeof *assessor->reached);
    if (lock_order)
        assessor->lockorder = lockorder_new(history_catalog(history));
    return assessor;
}

void assessor_free(struct assessor *assessor)
{
    if (!assessor)
        return;
    stuck_free(assessor->analysis);
    stuck_fini(&assessor->report);
    races_free(assessor->races);
    lockorder_free(assessor->lockorder);
    vector_fini(&assessor->founds);
    vector_fini(&assessor->stuck);
    free(assessor->reached);
    free(assessor);
}

bool assessor_ended(const struct assessor *assessor)
{
    return assessor->ended;
}

bool assessor_all_stuck(const struct assessor *assessor)
{
    return assessor->all_stuck;
}

unsigned assessor_verdicts(const struct assessor *assessor)
{
    unsigned verdicts = 0;
    vector_each (const struct found, found, &assessor->founds)
        verdicts |= found->verdict;
    return verdicts;
}

bool assessor_is_stuck(const struct assessor *assessor, uint32_t thread)
{
    return thread < assessor->stuck.count && assessor->stuck.items[thread];
}

static void remember(struct assessor *assessor, uint64_t event, enum verdict verdict,
                     uint32_t thread, uint32_t invariant)
{
    vector_push(&assessor->founds, (struct found){event, 1u << verdict, thread, invariant});
}

static void mark_stuck(struct assessor *assessor, uint32_t thread, bool stuck)
{
    while (assessor->stuck.count <= thread)
        vector_push(&assessor->stuck, 0);
    assessor->stuck.items[thread] = stuck;
}

/* ---- Records ---- */

/* The GIL is the last thing in the catalog of a run that has one. */
static bool has_gil(const struct assessor *assessor)
{
    return history_catalog(assessor->history)->objects.count >
           program_thing_count(assessor->program);
}

void assessor_record(struct assessor *assessor, uint32_t thread, const struct thrum_event *event,
                     uint64_t index)
{
    struct problem problem;
    if (races_feed(assessor->races, thread, event, index, &problem)) {
        if (has_gil(assessor))
            words_of_gil(&problem);
        else
            remember(assessor, index, VERDICT_RACE, THRUM_NONE, THRUM_NONE);
        history_add_problem(assessor->history, &problem);
    }
    if (assessor->lockorder && lockorder_feed(assessor->lockorder, thread, event, index, &problem))
        history_add_problem(assessor->history, &problem);
}

/* ---- Exceptions ---- */

static void assessor_death(struct assessor *assessor, uint32_t thread,
                           const struct operation *operation, const struct effect *effect,
                           uint64_t time, uint64_t event)
{
    bool assertion = effect->died_of == EXCEPTION_ASSERTION;
    struct problem problem;
    words_of_death(assessor->model, assessor->history, thread, operation, effect, time, event,
                   &problem);
    remember(assessor, event, assertion ? VERDICT_ASSERTION : VERDICT_ERROR, THRUM_NONE,
             THRUM_NONE);
    history_add_problem(assessor->history, &problem);
}

void assessor_after(struct assessor *assessor, const struct effect *effect, uint64_t time)
{
    if (effect->died_of == EXCEPTION_NONE && !effect->too_long)
        return;
    uint64_t event = history_count(assessor->history);
    bool assertion = effect->died_of == EXCEPTION_ASSERTION;
    struct problem problem;
    words_of_after(assessor->model, effect, time, event ? event - 1 : HISTORY_NONE, &problem);
    remember(assessor, event ? event - 1 : 0, assertion ? VERDICT_ASSERTION : VERDICT_ERROR,
             THRUM_NONE, THRUM_NONE);
    history_add_problem(assessor->history, &problem);
}

/* ---- Invariants ---- */

/* What a step may have changed; all of it in the first state. */
struct touched {
    bool everything;
    struct thing_range things[2];
};

static struct touched touched_by(const struct program *program, const struct operation *operation,
                                 const struct effect *effect)
{
    struct touched touched = {.everything = !effect};
    if (!effect)
        return touched;
    switch ((enum opcode_about)opcode_about[effect->op]) {
    case ABOUT_CELL:
        touched.things[0] =
            (struct thing_range){effect->thing, operation->width ? operation->width : 1};
        break;
    case ABOUT_LOCK:
    case ABOUT_CONDITION: /* and its lock, which is given up and taken back */
        touched.things[1] = (struct thing_range){program_guard_thing(program, effect->thing), 1};
        touched.things[0] = (struct thing_range){effect->thing, 1};
        break;
    case ABOUT_EVENT:
    case ABOUT_BARRIER: touched.things[0] = (struct thing_range){effect->thing, 1}; break;
    case ABOUT_THREAD:
    case ABOUT_THREADS:
    case ABOUT_SELF: /* who is alive */
        touched.things[0] = (struct thing_range){program_register_thing(program), 1};
        break;
    case ABOUT_BLOCK: touched.everything = true; break;
    case ABOUT_NOTHING: break;
    }
    return touched;
}

/* Whether the step may have changed what the property says. */
static bool concerns(const struct touched *touched, const struct property *property)
{
    if (touched->everything)
        return true;
    for (uint32_t i = 0; i < property->read_count; i++)
        for (uint32_t n = 0; n < 2; n++) {
            struct thing_range reads = property->reads[i], thing = touched->things[n];
            if (thing.first < reads.first + reads.count && reads.first < thing.first + thing.count)
                return true;
        }
    return false;
}

static bool known_false(const struct assessor *assessor, uint32_t invariant)
{
    vector_each (const struct found, found, &assessor->founds)
        if (found->invariant == invariant)
            return true;
    return false;
}

static void assessor_invariants(struct assessor *assessor, const struct world *world,
                                uint32_t thread, const struct touched *touched, uint32_t source,
                                uint64_t time, uint64_t event)
{
    for (uint32_t i = 0; i < assessor->program->invariant_count; i++) {
        const struct property *property = &assessor->program->invariants[i];
        enum exception raised = EXCEPTION_NONE;
        if (!concerns(touched, property) || known_false(assessor, i) ||
            model_holds(assessor->model, world, property, &raised))
            continue;
        struct problem problem;
        words_of_invariant(assessor->model, world, property, raised, thread, source, time, event,
                           &problem);
        remember(assessor, event == HISTORY_NONE ? 0 : event,
                 raised == EXCEPTION_NONE ? VERDICT_ASSERTION : VERDICT_ERROR, THRUM_NONE, i);
        history_add_problem(assessor->history, &problem);
        assessor->ended = true;
    }
}

/* ---- What shall hold sometimes ---- */

/* Of the first state, whatever is rewound. */
#define FROM_THE_START UINT64_MAX

static void assessor_sometimes(struct assessor *assessor, const struct world *world,
                               const struct touched *touched, uint64_t event)
{
    for (uint32_t i = 0; i < assessor->program->sometimes_count; i++) {
        const struct property *property = &assessor->program->sometimes[i];
        enum exception raised = EXCEPTION_NONE;
        if (!assessor->reached[i] && concerns(touched, property) &&
            model_holds(assessor->model, world, property, &raised))
            assessor->reached[i] = event == HISTORY_NONE ? FROM_THE_START : event + 1;
    }
}

bool assessor_reached(const struct assessor *assessor, uint32_t sometimes)
{
    return assessor->reached[sometimes] != 0;
}

/* ---- Stuck ---- */

void assessor_stuck_on_request(struct assessor *assessor)
{
    assessor->on_request = true;
}

static bool share(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count)
{
    for (uint32_t i = 0; i < a_count && i < PROBLEM_PARTIES; i++)
        for (uint32_t j = 0; j < b_count && j < PROBLEM_PARTIES; j++)
            if (a[i] == b[j])
                return true;
    return false;
}

/* Who is stuck stays so, and is told again when others get stuck, too. Waits for the same objects
 * (joins: for the same threads) are then one problem that has grown. */
static void find_earlier(const struct history *history, struct problem *problem)
{
    for (size_t i = history_problem_count(history); i-- > 0 && !problem->grown;) {
        const struct problem *before = history_problem(history, i);
        if (!problem_same_kind(before->kind, problem->kind))
            continue;
        problem->grown = before->object_count ? share(before->objects, before->object_count,
                                                      problem->objects, problem->object_count)
                                              : share(before->threads, before->thread_count,
                                                      problem->threads, problem->thread_count);
        problem->since = before->grown ? before->since : before->time;
    }
}

bool assessor_stuck(struct assessor *assessor, const struct world *world, uint64_t time,
                    uint64_t event, bool only_all)
{
    if (!stuck_any(assessor->analysis, assessor->model, world))
        return false;
    stuck_find(assessor->analysis, assessor->model, world, &assessor->report);
    struct stuck_report *report = &assessor->report;
    bool news = false;
    for (uint32_t i = 0; i < report->count; i++)
        news |= !assessor_is_stuck(assessor, report->threads[i].thread);
    assessor->all_stuck = report->everyone;
    assessor->all_stuck_event = event == HISTORY_NONE ? 0 : event;
    if (!news || !report->deadlock)
        return false;
    if (only_all && !report->everyone)
        return true;
    struct problem problem;
    words_of_stuck(assessor->model, assessor->history, world, report, time, event, &problem);
    find_earlier(assessor->history, &problem);
    for (uint32_t i = 0; i < report->count; i++) {
        const struct stuck_thread *one = &report->threads[i];
        if (assessor_is_stuck(assessor, one->thread))
            continue;
        struct operation next;
        model_next(assessor->model, world, one->thread, &next);
        mark_stuck(assessor, one->thread, true);
        remember(assessor, event == HISTORY_NONE ? 0 : event, VERDICT_DEADLOCK, one->thread,
                 THRUM_NONE);
        struct thrum_event record = {
            .time = time,
            .object = one->thing,
            .source = next.source,
            .kind = THRUM_KIND_STUCK,
            .processor = THRUM_NO_PROCESSOR,
        };
        history_append(assessor->history, one->thread, &record);
    }
    history_add_problem(assessor->history, &problem);
    return false;
}

/* Whether "stuck" is worth judging after this step. */
static bool may_be_stuck(const struct assessor *assessor, const struct world *world,
                         uint32_t thread, const struct effect *effect)
{
    if (assessor->on_request)
        return false;
    if (world_thread_end(assessor->model, world) <= ALWAYS_JUDGED)
        return true;
    return effect->thread_ended || effect->result == STEP_WAITS ||
           model_enabled(assessor->model, world, thread) == ENABLED_NO ||
           assessor->steps % SOMETIMES == 0;
}

void assessor_begin(struct assessor *assessor, const struct world *world, uint64_t time)
{
    struct touched touched = touched_by(assessor->program, NULL, NULL);
    assessor_invariants(assessor, world, THRUM_NONE, &touched, 0, time, HISTORY_NONE);
    assessor_sometimes(assessor, world, &touched, HISTORY_NONE);
    if (!assessor->on_request)
        assessor_stuck(assessor, world, time, HISTORY_NONE, false);
}

void assessor_step(struct assessor *assessor, const struct world *world, uint32_t thread,
                   const struct operation *operation, const struct effect *effect, uint64_t time,
                   uint64_t event)
{
    assessor->steps++;
    if (effect->thread_ended && effect->died_of != EXCEPTION_NONE)
        assessor_death(assessor, thread, operation, effect, time, event);
    struct touched touched = touched_by(assessor->program, operation, effect);
    assessor_invariants(assessor, world, thread, &touched, effect->source, time, event);
    assessor_sometimes(assessor, world, &touched, event);
    if (!assessor->ended && may_be_stuck(assessor, world, thread, effect))
        assessor_stuck(assessor, world, time, event, false);
}

/* ---- Going back ---- */

static void feed_again(struct assessor *assessor, uint64_t count)
{
    races_free(assessor->races);
    lockorder_free(assessor->lockorder);
    assessor->races = races_new(history_catalog(assessor->history));
    assessor->lockorder =
        assessor->watch_order ? lockorder_new(history_catalog(assessor->history)) : NULL;
    assessor->steps = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct history_event event;
        struct problem problem;
        if (!history_event_at(assessor->history, i, &event))
            continue;
        assessor->steps += event.event.flags & THRUM_STEP ? 1 : 0;
        if (races_feed(assessor->races, event.thread, &event.event, i, &problem))
            problem_fini(&problem);
        if (assessor->lockorder &&
            lockorder_feed(assessor->lockorder, event.thread, &event.event, i, &problem))
            problem_fini(&problem);
    }
}

void assessor_rewind(struct assessor *assessor, uint64_t count)
{
    while (assessor->founds.count && vector_last(&assessor->founds).event >= count) {
        struct found found = vector_last(&assessor->founds);
        if (found.thread != THRUM_NONE)
            mark_stuck(assessor, found.thread, false);
        assessor->founds.count--;
    }
    for (uint32_t i = 0; i < assessor->program->sometimes_count; i++)
        if (assessor->reached[i] != FROM_THE_START && assessor->reached[i] > count)
            assessor->reached[i] = 0;
    assessor->ended = false;
    vector_each (const struct found, found, &assessor->founds)
        assessor->ended |= found->invariant != THRUM_NONE;
    if (assessor->all_stuck && assessor->all_stuck_event >= count)
        assessor->all_stuck = false;
    feed_again(assessor, count);
}
