#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "explore/space.h"
#include "explore/walk.h"

/* "meals[3]" → "meals": the naive explorer names the element of a race. */
static bool same_detail(const struct explore_failure *mine, const struct naive_finding *theirs)
{
    if (mine->verdict == VERDICT_DEADLOCK || mine->verdict == VERDICT_LIVELOCK)
        return true;
    size_t length = strlen(mine->detail);
    if (mine->verdict == VERDICT_RACE)
        return strncmp(mine->detail, theirs->detail, length) == 0 &&
               (theirs->detail[length] == 0 || theirs->detail[length] == '[');
    return strcmp(mine->detail, theirs->detail) == 0;
}

static void compare_findings(const struct explore_result *result, const struct naive *naive,
                             struct text *out)
{
    for (uint32_t i = 0; i < result->failure_count; i++) {
        bool found = false;
        for (size_t k = 0; k < naive->findings.count; k++)
            found |= naive->findings.items[k].verdict == result->failures[i].verdict &&
                     same_detail(&result->failures[i], &naive->findings.items[k]);
        if (!found)
            text_printf(out, "only the explorer found: %s %s\n",
                        verdict_names[result->failures[i].verdict], result->failures[i].detail);
    }
    for (size_t k = 0; k < naive->findings.count; k++) {
        bool found = false;
        for (uint32_t i = 0; i < result->failure_count; i++)
            found |= naive->findings.items[k].verdict == result->failures[i].verdict &&
                     same_detail(&result->failures[i], &naive->findings.items[k]);
        if (!found)
            text_printf(out, "only the naive explorer found: %s %s\n",
                        verdict_names[naive->findings.items[k].verdict],
                        naive->findings.items[k].detail);
    }
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

/* ---- schedules and shares ---- */

static uint64_t cost_of(const struct explore_schedule *schedule)
{
    return NAIVE_PREEMPTION * schedule->preemptions + NAIVE_SWITCH * schedule->switches;
}

static void compare_cost(const char *what, const char *detail, uint64_t mine, bool minimal,
                         uint64_t theirs, struct text *out)
{
    if (minimal ? mine == theirs : mine >= theirs)
        return;
    text_printf(out, "%s %s: %u preemptions, %u switches; the naive explorer: %u, %u\n", what,
                detail, (unsigned)(mine / NAIVE_PREEMPTION), (unsigned)(mine % NAIVE_PREEMPTION),
                (unsigned)(theirs / NAIVE_PREEMPTION), (unsigned)(theirs % NAIVE_PREEMPTION));
}

static void compare_share(const char *what, const char *detail, bool known, double mine,
                          bool their_known, double theirs, struct text *out)
{
    if (known && (!their_known || fabs(mine - theirs) > 1e-9))
        text_printf(out, "%s %s: a share of %.9f; the naive explorer: %.9f\n", what, detail, mine,
                    their_known ? theirs : -1);
}

struct costs {
    uint64_t *states, *edges;
};

/* Failures that the naive explorer does not tell apart are compared together. */
static void compare_failure(const struct explore_result *result, uint32_t index,
                            const struct naive *naive, const struct costs *costs, struct text *out)
{
    const struct explore_failure *failure = &result->failures[index];
    uint32_t alike = 0;
    uint64_t least = UINT64_MAX;
    bool minimal = true;
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct explore_failure *other = &result->failures[i];
        if (other->verdict != failure->verdict || strcmp(other->detail, failure->detail) != 0)
            continue;
        if (i < index || !other->has_schedule)
            return;
        alike++;
        minimal &= other->schedule.minimal;
        least = cost_of(&other->schedule) < least ? cost_of(&other->schedule) : least;
    }
    bool *findings = calloc(naive->findings.count + 1, sizeof *findings);
    for (size_t k = 0; k < naive->findings.count; k++)
        findings[k] = naive->findings.items[k].verdict == failure->verdict &&
                      same_detail(failure, &naive->findings.items[k]);
    compare_cost(verdict_names[failure->verdict], failure->detail, least, minimal,
                 naive_cost_of(naive, findings, costs->states, costs->edges), out);
    double share = 0;
    bool known = naive_share_of(naive, findings, &share);
    if (alike == 1)
        compare_share(verdict_names[failure->verdict], failure->detail, failure->has_share,
                      failure->share, known, share, out);
    free(findings);
}

static uint64_t outcome_hash(const struct explore_result *result, uint32_t outcome)
{
    return hash_bytes(1, result->outcomes[outcome].cells, 8 * (size_t)result->program->cell_count);
}

/* The same values may be listed with and without a failure of after:. */
static void compare_outcome(const struct explore_result *result, uint32_t index,
                            const struct naive *naive, const struct costs *costs, struct text *out)
{
    uint64_t hash = outcome_hash(result, index), least = UINT64_MAX, theirs = UINT64_MAX;
    double mine = 0, share = 0;
    bool minimal = true;
    for (uint32_t i = 0; i < result->outcome_count; i++) {
        const struct explore_outcome *other = &result->outcomes[i];
        if (outcome_hash(result, i) != hash)
            continue;
        if (i < index || !other->has_schedule)
            return;
        minimal &= other->schedule.minimal;
        mine += other->share;
        least = cost_of(&other->schedule) < least ? cost_of(&other->schedule) : least;
    }
    vector_each (struct naive_end, end, &naive->ends)
        if (end->outcome == hash && costs->states[end->state] < theirs)
            theirs = costs->states[end->state];
    compare_cost("an outcome", "", least, minimal, theirs, out);
    bool known = naive_outcome_share(naive, hash, &share);
    compare_share("an outcome", "", result->outcomes[index].has_share, mine, known, share, out);
}

static void compare_details(const struct explore_result *result, uint64_t states, struct text *out)
{
    struct naive naive = {0};
    struct naive_options options = {.max_states = states,
                                    .fuse_ends = !space_ends_matter(result->program)};
    naive_explore(result->model, &options, &naive);
    struct costs costs = {malloc((naive.states.count + 1) * sizeof(uint64_t)),
                          malloc((naive.edges.count + 1) * sizeof(uint64_t))};
    naive_costs(&naive, costs.states, costs.edges);
    for (uint32_t i = 0; i < result->failure_count; i++)
        compare_failure(result, i, &naive, &costs, out);
    for (uint32_t i = 0; i < result->outcome_count; i++)
        compare_outcome(result, i, &naive, &costs, out);
    free(costs.states);
    free(costs.edges);
    naive_fini(&naive);
}

bool compare_with_naive(const struct program *program, const struct explore_request *request,
                        uint64_t states, struct text *out, bool *ret_compared)
{
    struct model *model = model_new(program);
    struct naive naive = {0};
    struct naive_options options = {.max_states = states};
    size_t before = out->length;
    naive_explore(model, &options, &naive);
    *ret_compared = naive.complete;
    if (naive.complete) {
        struct explore_request mine = *request;
        mine.program = program;
        struct explore_result *result = explore_run(&mine, NULL);
        if (!result->complete)
            text_printf(out, "stopped by %s\n", result->stopped_by);
        compare_findings(result, &naive, out);
        compare_outcomes(result, &naive, out);
        if (!mine.verdicts_only) {
            check_schedules(result, out);
            compare_details(result, states, out);
        }
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
        check_counts(result, &outcome->schedule, out);
        after_fini(result, &after);
    }
    return out->length == before;
}
