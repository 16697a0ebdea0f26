#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "compare_details.h"
#include "explore/walk.h"

/* "meals[3]" → "meals": the naive explorer names the element of a race. */
bool compare_same(const struct explore_failure *mine, const struct naive_finding *theirs)
{
    if (mine->verdict == VERDICT_DEADLOCK || mine->verdict == VERDICT_LIVELOCK)
        return true;
    size_t length = strlen(mine->detail);
    if (mine->verdict == VERDICT_RACE)
        return strncmp(mine->detail, theirs->detail, length) == 0 &&
               (theirs->detail[length] == 0 || theirs->detail[length] == '[');
    return strcmp(mine->detail, theirs->detail) == 0;
}

bool compare_has(const struct explore_result *result, const struct naive_finding *theirs)
{
    for (uint32_t i = 0; i < result->failure_count; i++)
        if (result->failures[i].verdict == theirs->verdict &&
            compare_same(&result->failures[i], theirs))
            return true;
    return false;
}

/* Whether what the explorer found is there. */
void compare_mine(const struct explore_result *result, const struct naive *naive, struct text *out)
{
    for (uint32_t i = 0; i < result->failure_count; i++) {
        bool found = false;
        for (size_t k = 0; k < naive->findings.count; k++)
            found |= naive->findings.items[k].verdict == result->failures[i].verdict &&
                     compare_same(&result->failures[i], &naive->findings.items[k]);
        if (!found)
            text_printf(out, "only the explorer found: %s %s\n",
                        verdict_names[result->failures[i].verdict], result->failures[i].detail);
    }
}

static void compare_findings(const struct explore_result *result, const struct naive *naive,
                             struct text *out)
{
    compare_mine(result, naive, out);
    vector_each (struct naive_finding, theirs, &naive->findings)
        if (!compare_has(result, theirs))
            text_printf(out, "only the naive explorer found: %s %s\n",
                        verdict_names[theirs->verdict], theirs->detail);
}

static void compare_outcomes(const struct explore_result *result, const struct naive *naive,
                             struct text *out)
{
    uint64_t *mine = calloc(result->outcome_count + 1, sizeof *mine);
    uint32_t count = 0;
    for (uint32_t i = 0; i < result->outcome_count; i++) {
        uint64_t hash =
            hash_bytes(1, result->outcomes[i].cells, 8 * (size_t)result->program->cell_count);
        bool seen = false; /* the same values may be listed with and without a failure of after: */
        for (uint32_t k = 0; k < count; k++)
            seen |= mine[k] == hash;
        if (!seen)
            mine[count++] = hash;
        if (!naive_has_outcome(naive, hash))
            text_printf(out, "only the explorer found outcome %u\n", i);
    }
    if (count < naive->outcomes.count)
        text_printf(out, "the explorer found %u outcomes, the naive one %zu\n", count,
                    naive->outcomes.count);
    free(mine);
}

/* Two searches that must find the same. */
static void compare_results(const struct explore_result *a, const struct explore_result *b,
                            struct text *out)
{
    if (a->complete && b->complete &&
        (a->failure_count != b->failure_count || a->outcome_count != b->outcome_count))
        text_printf(out, "%u failures, %u outcomes with reductions, %u and %u without\n",
                    a->failure_count, a->outcome_count, b->failure_count, b->outcome_count);
    for (uint32_t i = 0; i < a->failure_count && i < b->failure_count; i++)
        if (a->failures[i].verdict != b->failures[i].verdict ||
            strcmp(a->failures[i].detail, b->failures[i].detail) != 0)
            text_printf(out, "%s %s with reductions, %s %s without\n",
                        verdict_names[a->failures[i].verdict], a->failures[i].detail,
                        verdict_names[b->failures[i].verdict], b->failures[i].detail);
}

/* With a GIL there are fewer schedules: what is found must be among all. */
static void compare_fewer(const struct explore_result *result, const struct naive *naive,
                          const struct explore_request *request, struct text *out)
{
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct explore_failure *failure = &result->failures[i];
        bool found = failure->verdict == VERDICT_UNREACHED || failure->verdict == VERDICT_LIVELOCK;
        for (size_t k = 0; k < naive->findings.count; k++)
            found |= naive->findings.items[k].verdict == failure->verdict &&
                     compare_same(failure, &naive->findings.items[k]);
        if (!found)
            text_printf(out, "only with fewer schedules: %s %s\n", verdict_names[failure->verdict],
                        failure->detail);
    }
    struct explore_request whole = *request;
    whole.no_reduction = true;
    struct explore_result *other = explore_run(&whole, NULL);
    compare_results(result, other, out);
    explore_free(other);
}

bool compare_with_naive(const struct program *program, const struct explore_request *request,
                        uint64_t states, struct text *out, bool *ret_compared)
{
    struct model *model = model_new(program);
    struct naive naive = {0};
    bool ordered = request->time_order == EXPLORE_TIME_ORDERED;
    struct naive_options options = {.max_states = states, .ordered = ordered};
    size_t before = out->length;
    naive_explore(model, &options, &naive);
    *ret_compared = naive.complete;
    if (naive.complete) {
        struct explore_request mine = *request;
        mine.program = program;
        struct explore_result *result = explore_run(&mine, NULL);
        bool fewer = program->options.gil > 0;
        if (fewer) {
            compare_fewer(result, &naive, &mine, out);
        } else if (!result->complete && mine.states) {
            compare_cut(result, states, out);
        } else {
            if (!result->complete)
                text_printf(out, "stopped by %s\n", result->stopped_by);
            compare_findings(result, &naive, out);
            compare_outcomes(result, &naive, out);
        }
        if (!mine.verdicts_only)
            check_schedules(result, out);
        if (!mine.verdicts_only && result->complete && !fewer)
            compare_details(result, states, out);
        explore_free(result);
    }
    naive_fini(&naive);
    model_free(model);
    return out->length == before;
}

/* ---- schedules ---- */

struct after_replay {
    struct world *world;
    struct effect effect; /* of the last step */
    struct text wrong;
    int64_t died_of; /* the exception of the last death of any step, and its place */
    bool deaths[EXCEPTIONS];
};

static bool possible(const struct model *model, const struct world *world,
                     const struct explore_step *step)
{
    unsigned enabled = model_enabled(model, world, step->thread);
    switch (step->choice.kind) {
    case CHOICE_STEP: return enabled & ENABLED_STEP;
    case CHOICE_TIMEOUT: return enabled & ENABLED_TIMEOUT;
    case CHOICE_VALUE: return enabled & ENABLED_VALUE;
    }
    return false;
}

static bool replay(const struct explore_result *result, const struct explore_schedule *schedule,
                   struct after_replay *after)
{
    memset(after, 0, sizeof *after);
    after->world = world_new(result->model);
    for (uint32_t i = 0; i < schedule->count; i++) {
        if (!possible(result->model, after->world, &schedule->steps[i])) {
            text_printf(&after->wrong, "step %u is not possible", i + 1);
            return false;
        }
        model_perform(result->model, after->world, schedule->steps[i].thread,
                      schedule->steps[i].choice, &after->effect);
        if (after->effect.thread_ended && after->effect.died_of)
            after->deaths[after->effect.died_of] = true;
    }
    return true;
}

static bool races_now(const struct explore_result *result, const struct world *world,
                      const struct explore_failure *failure)
{
    struct operation a, b;
    const struct program *program = result->program;
    if (failure->thread == UINT32_MAX)
        return false;
    model_next(result->model, world, failure->thread, &a);
    model_next(result->model, world, failure->thread2, &b);
    if (a.op == OP_ATOMIC_BEGIN || b.op == OP_ATOMIC_BEGIN)
        return true;
    return (a.op == OP_STORE || b.op == OP_STORE) && a.thing < program->cell_count &&
           b.thing < program->cell_count &&
           strcmp(program_variable_of(program, a.thing)->name, failure->detail) == 0;
}

static bool fails_now(const struct explore_result *result, struct after_replay *after,
                      const struct explore_failure *failure)
{
    bool died = false;
    for (int i = 1; i < EXCEPTIONS; i++)
        died |= after->deaths[i] && (failure->verdict == VERDICT_ASSERTION
                                         ? i == EXCEPTION_ASSERTION
                                         : strcmp(exception_names[i], failure->detail) == 0);
    switch (failure->verdict) {
    case VERDICT_RACE: return races_now(result, after->world, failure);
    case VERDICT_DEADLOCK: {
        struct stuck_analysis *analysis = stuck_new(result->program);
        bool stuck = stuck_any(analysis, result->model, after->world);
        stuck_free(analysis);
        return stuck;
    }
    case VERDICT_ASSERTION:
    case VERDICT_ERROR: {
        if (died)
            return true;
        for (uint32_t i = 0; i < result->program->invariant_count; i++)
            if (!model_holds(result->model, after->world, &result->program->invariants[i], NULL))
                return true;
        if (!model_finished(result->model, after->world))
            return false;
        model_after(result->model, after->world, &after->effect, NULL, NULL);
        return after->effect.died_of != EXCEPTION_NONE;
    }
    case VERDICT_LIVELOCK: return true;
    case VERDICT_OK:
    case VERDICT_UNREACHED:
    case VERDICTS: break;
    }
    return false;
}

static void after_fini(const struct explore_result *result, struct after_replay *after)
{
    effect_fini(&after->effect);
    text_fini(&after->wrong);
    world_free(after->world, result->model);
}

/* The counts that are printed are those that the table of the schedule shows. */
static void check_counts(const struct explore_result *result,
                         const struct explore_schedule *schedule, struct text *out)
{
    struct walk walk;
    uint32_t switches = 0, preemptions = 0;
    walk_take(&walk, result, schedule);
    vector_each (struct walk_step, step, &walk.steps) {
        switches += step->counted;
        preemptions += step->counted && step->left == LEFT_PREEMPTED;
    }
    walk_fini(&walk);
    if (switches != schedule->switches || preemptions != schedule->preemptions) {
        text_printf(out,
                    "%u preemptions, %u switches are said, %u, %u shown: ", schedule->preemptions,
                    schedule->switches, preemptions, switches);
        explore_schedule_text(result, schedule, out);
        text_add_char(out, '\n');
    }
}

/* The schedule as `thrum replay` takes it: its text leads another model to the same state. */
static void check_text(const struct explore_result *result, const struct explore_schedule *schedule,
                       const struct world *end, struct text *out)
{
    struct model *model = model_new(result->program);
    struct world *world = world_new(model);
    struct effect effect = {0};
    struct schedule read = {0};
    struct schedule_cursor cursor = {0};
    struct text text = {0}, wrong = {0}, here = {0}, there = {0};
    explore_schedule_text(result, schedule, &text);
    bool good = schedule_parse(&read, text_bytes(&text), &wrong);
    const struct schedule_entry *entry = NULL;
    while (good && (entry = schedule_next(&read, &cursor))) {
        uint32_t thread = schedule_find_thread(model, world, entry->thread, &wrong);
        good =
            thread != SCHEDULE_NOBODY && schedule_fits(model, world, thread, entry->choice, &wrong);
        if (good)
            model_perform(model, world, thread, entry->choice, &effect);
    }
    world_describe(model, world, &here);
    world_describe(result->model, end, &there);
    /* Threads made at run time are numbered as a model first sees them. */
    bool same_numbers = result->program->thread_limit == result->program->thread_count;
    if (!good || (same_numbers && strcmp(text_bytes(&here), text_bytes(&there)) != 0))
        text_printf(out, "%s, read again: %s\n%s--\n%s", text_bytes(&text), text_bytes(&wrong),
                    text_bytes(&here), text_bytes(&there));
    text_fini(&text);
    text_fini(&wrong);
    text_fini(&here);
    text_fini(&there);
    schedule_fini(&read);
    effect_fini(&effect);
    world_free(world, model);
    model_free(model);
}

bool check_schedules(const struct explore_result *result, struct text *out)
{
    size_t before = out->length;
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct explore_failure *failure = &result->failures[i];
        struct after_replay after;
        if (!failure->has_schedule) {
            if (failure->verdict != VERDICT_UNREACHED)
                text_printf(out, "%s %s has no schedule\n", verdict_names[failure->verdict],
                            failure->detail);
            continue;
        }
        if (!replay(result, &failure->schedule, &after))
            text_printf(out, "%s: %s\n", verdict_names[failure->verdict], text_bytes(&after.wrong));
        else if (!fails_now(result, &after, failure))
            text_printf(out, "the schedule of %s %s does not fail so\n",
                        verdict_names[failure->verdict], failure->detail);
        else
            check_text(result, &failure->schedule, after.world, out);
        check_counts(result, &failure->schedule, out);
        if (failure->has_passing)
            check_counts(result, &failure->passing, out);
        after_fini(result, &after);
    }
    for (uint32_t i = 0; i < result->outcome_count; i++) {
        const struct explore_outcome *outcome = &result->outcomes[i];
        struct after_replay after;
        if (!outcome->has_schedule)
            continue;
        if (!replay(result, &outcome->schedule, &after))
            text_printf(out, "outcome %u: %s\n", i, text_bytes(&after.wrong));
        else if (!model_finished(result->model, after.world) ||
                 memcmp(after.world->words, outcome->cells,
                        8 * (size_t)result->program->cell_count) != 0)
            text_printf(out, "the schedule of outcome %u ends otherwise\n", i);
        else
            check_text(result, &outcome->schedule, after.world, out);
        check_counts(result, &outcome->schedule, out);
        after_fini(result, &after);
    }
    return out->length == before;
}
