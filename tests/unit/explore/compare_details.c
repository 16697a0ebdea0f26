#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "compare_details.h"
#include "explore/outlook.h"
#include "explore/space.h"

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

/* ---- points of no return ---- */

/* The states that a schedule comes to: after each of its steps, and what counts as part of them. */
static uint32_t *states_of(const struct explore_result *result,
                           const struct explore_schedule *schedule, const struct naive *naive)
{
    struct naive_options options = {.fuse_ends = !space_ends_matter(result->program)};
    struct world *world = world_new(result->model), *settled = world_new(result->model);
    struct effect effect = {0};
    uint32_t *states = malloc((schedule->count + 1) * sizeof *states);
    for (uint32_t i = 0; i <= schedule->count; i++) {
        world_copy(result->model, settled, world);
        states[i] = naive_state_of(naive, result->model, &options, settled);
        if (i < schedule->count)
            model_perform(result->model, world, schedule->steps[i].thread,
                          schedule->steps[i].choice, &effect);
    }
    effect_fini(&effect);
    world_free(world, result->model);
    world_free(settled, result->model);
    return states;
}

static bool same_step(const struct explore_step *a, const struct explore_step *b)
{
    return a->thread == b->thread && a->choice.kind == b->choice.kind &&
           a->choice.value == b->choice.value;
}

/* The passing schedule is the same at first, leaves the other before its point of no return, and
 * comes to an end without having failed so. */
static void compare_passing(const struct explore_result *result,
                            const struct explore_failure *failure, const struct naive *naive,
                            const bool *findings, struct text *out)
{
    const struct explore_schedule *passing = &failure->passing;
    uint32_t *states = states_of(result, passing, naive), common = 0;
    while (common < passing->count && common < failure->schedule.count &&
           same_step(&passing->steps[common], &failure->schedule.steps[common]))
        common++;
    bool fails = false;
    vector_each (struct naive_hit, hit, &naive->hits)
        for (uint32_t i = 0; i <= passing->count && findings[hit->finding]; i++)
            fails |= hit->on_edge
                         ? i && naive->edges.items[hit->at].from == states[i - 1] &&
                               naive->edges.items[hit->at].to == states[i] &&
                               states[i] != states[i - 1] &&
                               naive->edges.items[hit->at].thread == passing->steps[i - 1].thread
                         : hit->at == states[i];
    uint32_t last = states[passing->count];
    uint32_t edge = last == UINT32_MAX ? 0 : naive->states.items[last].first_edge;
    bool ends =
        last != UINT32_MAX && (edge == naive->edges.count || naive->edges.items[edge].from != last);
    if (fails || !ends || common < failure->passing_common ||
        (failure->return_known && failure->passing_common >= failure->point_of_no_return))
        text_printf(out, "%s %s: the passing schedule %s (common %u of %u, no return at %u)\n",
                    verdict_names[failure->verdict], failure->detail,
                    fails  ? "fails"
                    : ends ? "leaves too late"
                           : "does not end",
                    common, failure->passing_common, failure->point_of_no_return);
    free(states);
}

static void compare_return(const struct explore_result *result,
                           const struct explore_failure *failure, const struct naive *naive,
                           const bool *findings, struct text *out)
{
    bool *doomed = malloc(naive->states.count + 1);
    if (!failure->has_schedule || !naive_doomed(naive, findings, doomed)) {
        free(doomed);
        return;
    }
    uint32_t *states = states_of(result, &failure->schedule, naive);
    uint32_t point = failure->point_of_no_return;
    if (failure->return_known && point <= failure->schedule.count) {
        uint32_t after = states[point], before = states[point ? point - 1 : 0];
        bool failed = after == states[failure->schedule.count]; /* perhaps with its last step */
        if (after == UINT32_MAX || before == UINT32_MAX || (!failed && !doomed[after]) ||
            (point && doomed[before]))
            text_printf(out, "%s %s: no return after %u steps of %u: lost before %d, after %d\n",
                        verdict_names[failure->verdict], failure->detail, point,
                        failure->schedule.count, before == UINT32_MAX ? -1 : doomed[before],
                        after == UINT32_MAX ? -1 : doomed[after]);
    }
    if (failure->has_passing)
        compare_passing(result, failure, naive, findings, out);
    free(states);
    free(doomed);
}

/* ---- failures and outcomes ---- */

/* Which of the naive explorer's findings this failure is: the caller frees them. */
static bool *findings_of(const struct explore_failure *failure, const struct naive *naive)
{
    bool *findings = calloc(naive->findings.count + 1, sizeof *findings);
    for (size_t k = 0; k < naive->findings.count; k++)
        findings[k] = naive->findings.items[k].verdict == failure->verdict &&
                      compare_same(failure, &naive->findings.items[k]);
    return findings;
}

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
    bool *findings = findings_of(failure, naive);
    compare_cost(verdict_names[failure->verdict], failure->detail, least, minimal,
                 naive_cost_of(naive, findings, costs->states, costs->edges), out);
    double share = 0;
    bool known = naive_share_of(naive, findings, &share);
    if (alike == 1)
        compare_share(verdict_names[failure->verdict], failure->detail, failure->has_share,
                      failure->share, known, share, out);
    if (alike == 1 && !result->ordered) /* a world does not tell the time */
        compare_return(result, failure, naive, findings, out);
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

/* Explores with ends counted as the explorer counts them. */
static void explore_costs(const struct explore_result *result, uint64_t states, struct naive *naive,
                          struct costs *ret_costs)
{
    struct naive_options options = {.max_states = states,
                                    .ordered = result->ordered,
                                    .fuse_ends = !space_ends_matter(result->program)};
    naive_explore(result->model, &options, naive);
    *ret_costs = (struct costs){malloc((naive->states.count + 1) * sizeof(uint64_t)),
                                malloc((naive->edges.count + 1) * sizeof(uint64_t))};
    naive_costs(naive, ret_costs->states, ret_costs->edges);
}

void compare_details(const struct explore_result *result, uint64_t states, struct text *out)
{
    struct naive naive = {0};
    struct costs costs;
    explore_costs(result, states, &naive, &costs);
    for (uint32_t i = 0; i < result->failure_count; i++)
        compare_failure(result, i, &naive, &costs, out);
    for (uint32_t i = 0; i < result->outcome_count; i++)
        compare_outcome(result, i, &naive, &costs, out);
    free(costs.states);
    free(costs.edges);
    naive_fini(&naive);
}

/* A search that was cut short says up to how many preemptions it knows everything. */
void compare_cut(const struct explore_result *result, uint64_t states, struct text *out)
{
    struct naive naive = {0};
    struct costs costs;
    explore_costs(result, states, &naive, &costs);
    compare_mine(result, &naive, out);
    bool *findings = calloc(naive.findings.count + 1, sizeof *findings);
    for (size_t k = 0; k < naive.findings.count; k++) {
        const struct naive_finding *theirs = &naive.findings.items[k];
        if (theirs->verdict == VERDICT_LIVELOCK || theirs->verdict == VERDICT_UNREACHED)
            continue;
        findings[k] = true;
        uint64_t cost = naive_cost_of(&naive, findings, costs.states, costs.edges);
        findings[k] = false;
        int64_t preemptions = (int64_t)(cost / NAIVE_PREEMPTION);
        if (preemptions <= result->clean_preemptions ||
            (preemptions <= result->searched_preemptions && !compare_has(result, theirs)))
            text_printf(out, "%s %s needs %d preemptions; searched up to %d, clean up to %d\n",
                        verdict_names[theirs->verdict], theirs->detail, (int)preemptions,
                        result->searched_preemptions, result->clean_preemptions);
    }
    free(findings);
    free(costs.states);
    free(costs.edges);
    naive_fini(&naive);
}

/* ---- the outlook ---- */

struct future {
    bool *doomed;
    uint32_t *distances;
};

static bool find_future(const struct naive *naive, struct future *future)
{
    bool *findings = calloc(naive->findings.count + 1, sizeof *findings);
    for (size_t k = 0; k < naive->findings.count; k++)
        findings[k] = naive->findings.items[k].verdict != VERDICT_RACE;
    future->doomed = malloc(naive->states.count + 1);
    future->distances = malloc((naive->states.count + 1) * sizeof *future->distances);
    bool known = naive_doomed(naive, findings, future->doomed) &&
                 naive_distances(naive, findings, future->distances);
    free(findings);
    return known;
}

static bool dies_on(const struct naive *naive, uint32_t edge)
{
    vector_each (struct naive_hit, hit, &naive->hits)
        if (hit->on_edge && hit->at == edge)
            return true;
    return false;
}

static void compare_prospects(const struct naive *naive, struct model *model,
                              struct outlook *outlook, const struct future *future,
                              struct text *out)
{
    struct world *world = world_new(model);
    for (uint32_t i = 0; i < naive->edges.count && !out->length; i++) {
        const struct naive_edge *edge = &naive->edges.items[i];
        bool dies = dies_on(naive, i);
        bool doomed = dies || future->doomed[edge->to];
        uint32_t nearest = dies ? 0 : future->distances[edge->to];
        naive_restore(naive, model, edge->from, world);
        struct prospect mine = outlook_after(outlook, world, edge->thread, edge->choice);
        if (!mine.known || mine.doomed != doomed || mine.nearest != nearest)
            text_printf(
                out,
                "the outlook of step %u: known %d, lost %d, nearest %u; the naive explorer: "
                "lost %d, nearest %u\n",
                i, mine.known, mine.doomed, mine.nearest, doomed, nearest);
    }
    world_free(world, model);
}

bool compare_outlook(const struct program *program, uint64_t states, struct text *out,
                     bool *ret_compared)
{
    struct model *model = model_new(program);
    struct naive naive = {0};
    struct future future = {0};
    size_t before = out->length;
    struct naive_options options = {.max_states = states, .fuse_ends = !space_ends_matter(program)};
    naive_explore(model, &options, &naive);
    struct outlook *outlook = NULL;
    *ret_compared = naive.complete && find_future(&naive, &future);
    if (*ret_compared)
        outlook = outlook_new(program, model, 10 * states, (uint64_t)1 << 30, NULL);
    if (outlook)
        compare_prospects(&naive, model, outlook, &future, out);
    outlook_free(outlook);
    free(future.doomed);
    free(future.distances);
    naive_fini(&naive);
    model_free(model);
    return out->length == before;
}
