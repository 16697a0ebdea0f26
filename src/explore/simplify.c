#include "explore/simplify.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/die.h"
#include "explore/simplest.h"

enum {
    /* (state, last thread) pairs that the search for the simplest may meet: by itself, and when a
     * time was given; and the same of the orders of one schedule's steps */
    SIMPLEST_NODES = 50000,
    SIMPLEST_MOST = 3000000,
    ORDER_NODES = 100000,
    PROBE_STATES = 30000,   /* of one search from a state along a schedule */
    PROBE_TIME = 300000000, /* nanoseconds for all of them, unless a time was given */
};

/* When the time is up already, a quarter of it more. */
static struct simplest_limits limits_of(const struct exploration *exploration)
{
    int64_t time = exploration->request->time;
    struct simplest_limits limits = {time > 0 ? SIMPLEST_MOST : SIMPLEST_NODES,
                                     exploration->limits.memory, exploration->limits.until, NULL};
    uint64_t least = clock_now() + (uint64_t)(time > 0 ? time : 0) / 4;
    if (limits.until && limits.until < least)
        limits.until = least;
    return limits;
}

void simplify_scout(struct exploration *exploration)
{
    bool *wanted = xcalloc(MAX_KINDS + 1, sizeof *wanted);
    wanted[MAX_KINDS] = true; /* never met: it goes on to its limits */
    struct simplest_limits limits = limits_of(exploration);
    struct simplest simplest;
    simplest_find(&simplest, &exploration->shape, exploration->reduction, &exploration->findings,
                  wanted, MAX_KINDS + 1, &limits, exploration->progress);
    exploration->result->steps += simplest.steps;
    if (exploration_kinds(exploration) == 0)
        exploration->result->clean_preemptions = simplest.clean_preemptions;
    simplest_fini(&simplest);
    free(wanted);
}

/* Searches all orders of the steps that a found schedule takes (each thread at most as many as
 * there) for a simpler one that fails so too. */
static void simplify(struct exploration *exploration, uint32_t index)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    const struct program *program = exploration->request->program;
    uint32_t count = exploration_kinds(exploration);
    if (!failure->has_schedule || failure->schedule.count == 0)
        return;
    uint16_t *most = xcalloc(program->thread_limit + 1, sizeof *most);
    bool *wanted = xcalloc(count + 1, sizeof *wanted);
    for (uint32_t i = 0; i < failure->schedule.count; i++)
        if (most[failure->schedule.steps[i].thread] < UINT16_MAX)
            most[failure->schedule.steps[i].thread]++;
    wanted[exploration->order[index]] = true;
    struct simplest_limits limits = {ORDER_NODES, exploration->limits.memory,
                                     exploration->limits.until, most};
    struct simplest simplest;
    simplest_find(&simplest, &exploration->shape, NULL, &exploration->findings, wanted, count,
                  &limits, exploration->progress);
    exploration->result->steps += simplest.steps;
    const struct simplest_way *found = &simplest.ways[exploration->order[index]];
    if (found->found) {
        struct way way = {found->moves, found->count, false, true};
        free(failure->schedule.steps);
        result_schedule_failure(exploration, index, &way);
    }
    simplest_fini(&simplest);
    free(most);
    free(wanted);
}

void simplify_all(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    uint32_t count = exploration_kinds(exploration);
    bool *wanted = xcalloc(count + 1, sizeof *wanted);
    for (uint32_t i = 0; i < count; i++) {
        enum verdict verdict = exploration->findings.kinds[i].verdict;
        wanted[i] = verdict != VERDICT_LIVELOCK && verdict != VERDICT_UNREACHED;
    }
    struct simplest_limits limits = limits_of(exploration);
    struct simplest simplest;
    simplest_find(&simplest, &exploration->shape, exploration->reduction, &exploration->findings,
                  wanted, count, &limits, exploration->progress);
    result->steps += simplest.steps;
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct simplest_way *found = &simplest.ways[exploration->order[i]];
        if (found->found) {
            struct way way = {found->moves, found->count, true, false};
            free(result->failures[i].schedule.steps);
            result_schedule_failure(exploration, i, &way);
        } else if (wanted[exploration->order[i]]) {
            simplify(exploration, i);
        }
    }
    free(wanted);
    simplest_fini(&simplest);
}

/* ---- points of no return ---- */

enum prospect { PROSPECT_UNKNOWN, PROSPECT_OPEN, PROSPECT_DOOMED };

/* What can come after some moves of a failing schedule. */
struct probe {
    enum prospect fate;
    struct path way; /* open: to an end without this failure; of `graph` */
    struct graph graph;
};

static void probe_fini(struct probe *probe)
{
    path_fini(&probe->way);
    graph_fini(&probe->graph);
}

/* The way out, when there is one. */
static void look_for_way(struct exploration *exploration, struct probe *probe, uint16_t kind)
{
    struct graph *graph = &probe->graph;
    struct components components;
    components_find(&components, graph);
    if (!components.cyclic) {
        uint8_t *avoid = xmalloc(graph->state_count + 1u),
                *goals = xmalloc(graph->state_count + 1u);
        uint8_t *banned = xmalloc(graph->edges.count / 8 + 1);
        uint8_t kinds[MAX_KINDS] = {0};
        kinds[kind] = 1;
        avoidable(graph, &components, kinds, avoid, goals, banned);
        probe->fate = avoid[0] ? PROSPECT_OPEN : PROSPECT_DOOMED;
        if (avoid[0]) {
            struct path_rules rules = {.last = NOBODY,
                                       .left_free = true,
                                       .within = avoid,
                                       .banned = banned,
                                       .kinds = exploration_kinds(exploration),
                                       .outcomes = exploration->findings.outcome_count,
                                       .goals = goals};
            struct paths paths;
            paths_find(&paths, graph, &rules);
            probe->way = paths.to_goal;
            paths.to_goal = (struct path){0};
            paths_fini(&paths);
        }
        free(avoid);
        free(goals);
        free(banned);
    }
    components_fini(&components);
}

/* Searches from the state after `count` moves. Persistent sets keep every way to end up to the
 * order of steps that do not matter to each other, and whether a thread dies, or all are stuck at
 * the end, does not depend on that order. */
static void probe_at(struct exploration *exploration, uint32_t index, uint32_t count,
                     uint64_t until, struct probe *probe)
{
    const struct kept_way *kept = &exploration->ways[index];
    struct reduction *reduction = kept->real ? NULL : exploration->reduction;
    struct way way = {kept->moves, count, false, kept->real};
    struct graph_limits limits = exploration->limits;
    struct replay replay;
    memset(probe, 0, sizeof *probe);
    limits.states = PROBE_STATES;
    limits.jobs = 1;
    limits.until = until;
    result_run(exploration, &replay, &way, NULL);
    bool prune = exploration->reduction && reduction_has_order(exploration->reduction);
    /* A way of real threads must not be continued by one of representatives: then persistent sets
     * only. */
    if (!reduction && exploration->reduction && !reduction_has_symmetry(exploration->reduction))
        reduction = exploration->reduction;
    graph_build(&probe->graph, &exploration->shape, &replay.state, reduction, prune && reduction,
                &exploration->findings, &limits, exploration->progress);
    exploration->result->steps += probe->graph.steps;
    if (probe->graph.complete)
        look_for_way(exploration, probe, exploration->order[index]);
    replay_fini(&replay);
}

/* The schedule: the first `count` moves, then the probe's way out. */
static void keep_passing(struct exploration *exploration, uint32_t index, uint32_t count,
                         const struct probe *probe)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    const struct kept_way *kept = &exploration->ways[index];
    uint32_t all = count + probe->way.count;
    move *moves = xmalloc((all + 1) * sizeof *moves);
    uint32_t *ends = xmalloc((all + 1) * sizeof *ends);
    if (count)
        memcpy(moves, kept->moves, count * sizeof *moves);
    for (uint32_t i = 0; i < probe->way.count; i++)
        moves[count + i] = probe->graph.edges.items[probe->way.edges[i]].code;
    struct way way = {moves, all, false, kept->real};
    result_replay(exploration, &way, true, &failure->passing, ends);
    failure->has_passing = true;
    failure->passing_common = count ? ends[count - 1] : 0;
    free(moves);
    free(ends);
}

/* After `doomed` moves nothing avoids the failure, after one less something does. */
static void keep_return(struct exploration *exploration, uint32_t index, uint32_t doomed)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    const struct kept_way *kept = &exploration->ways[index];
    struct way way = {kept->moves, kept->count, false, kept->real};
    uint32_t *ends = xmalloc((kept->count + 1) * sizeof *ends);
    struct explore_schedule whole = {0};
    result_replay(exploration, &way, false, &whole, ends);
    failure->return_known = true;
    failure->point_of_no_return = doomed ? ends[doomed - 1] : 0;
    free(whole.steps);
    free(ends);
}

/* Being doomed is monotone along a schedule: bisection. */
static void find_return(struct exploration *exploration, uint32_t index, uint64_t until)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    int64_t open = -1, doomed = exploration->ways[index].count;
    while (doomed - open > 1) {
        int64_t middle = (open + doomed) / 2;
        struct probe probe;
        probe_at(exploration, index, (uint32_t)middle, until, &probe);
        enum prospect fate = probe.fate;
        if (fate == PROSPECT_OPEN) {
            free(failure->passing.steps);
            keep_passing(exploration, index, (uint32_t)middle, &probe);
            open = middle;
        } else {
            doomed = middle;
        }
        probe_fini(&probe);
        if (fate == PROSPECT_UNKNOWN)
            return;
    }
    keep_return(exploration, index, (uint32_t)doomed);
}

void simplify_find_returns(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    uint64_t until =
        exploration->request->time > 0 ? exploration->limits.until : clock_now() + PROBE_TIME;
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct explore_failure *failure = &result->failures[i];
        bool ends = failure->verdict == VERDICT_ASSERTION || failure->verdict == VERDICT_ERROR ||
                    failure->verdict == VERDICT_DEADLOCK;
        const struct kind_key *key = &exploration->findings.kinds[exploration->order[i]];
        if (ends && key->property < 0 && failure->has_schedule && !failure->return_known)
            find_return(exploration, i, until);
    }
}
