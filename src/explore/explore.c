#include "explore/explore.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "explore/result.h"
#include "explore/returns.h"
#include "explore/simplify.h"

enum {
    DETAIL_STATES = 100000, /* the whole graph is built for schedules and shares up to this size
                              without being asked */
    DETAIL_OUTCOMES = 200,  /* outcomes that get an example schedule */
    LATER_PART = 8, /* of the time given, this part is kept for what comes after the search */
    PATH_STATES = 4000000, /* graphs up to this size are searched for cheapest ways */
};

/* ---- a graph's answers ---- */

static struct way way_of(const struct graph *graph, const struct path *path, bool minimal,
                         move **ret_moves)
{
    move *moves = xmalloc((path->count + 1) * sizeof *moves);
    for (uint32_t i = 0; i < path->count; i++)
        moves[i] = graph->edges.items[path->edges[i]].code;
    *ret_moves = moves;
    return (struct way){moves, path->count, minimal, false};
}

/* The state where a path stands after `count` of its edges. */
static uint32_t state_after(const struct graph *graph, const struct path *path, uint32_t count)
{
    return count ? graph->edges.items[path->edges[count - 1]].target : 0;
}

/* The nearest schedule that does not fail so: the same up to the last state where that is possible.
 */
static void find_passing(struct exploration *exploration, const struct graph *graph, uint32_t index,
                         const struct path *path, uint32_t common, const struct path_rules *base)
{
    struct path_rules rules = *base;
    rules.state = state_after(graph, path, common);
    if (common) {
        const struct edge *edge = &graph->edges.items[path->edges[common - 1]];
        rules.last = edge->landed;
        rules.left_free = edge->flags & EDGE_LEFT_FREE;
    }
    struct paths paths;
    paths_find(&paths, graph, &rules);
    if (paths.to_goal.cost != COST_NONE) {
        uint32_t count = common + paths.to_goal.count;
        move *moves = xmalloc((count + 1) * sizeof *moves);
        for (uint32_t i = 0; i < count; i++)
            moves[i] =
                graph->edges.items[i < common ? path->edges[i] : paths.to_goal.edges[i - common]]
                    .code;
        struct way way = {moves, count, false, false};
        result_pass(exploration, index, &way);
        free(moves);
    }
    paths_fini(&paths);
}

/* After how many moves of the path nothing avoids the failure any more. */
static void find_return(struct exploration *exploration, const struct graph *graph,
                        const struct components *components, uint32_t index,
                        const struct path *path)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    uint8_t *avoid = xmalloc(graph->state_count + 1u), *goals = xmalloc(graph->state_count + 1u);
    uint8_t *banned = xmalloc(graph->edges.count / 8 + 1);
    uint8_t kinds[MAX_KINDS] = {0};
    kinds[exploration->order[index]] = 1;
    avoidable(graph, components, kinds, avoid, goals, banned);
    uint32_t doomed = 0;
    while (doomed < path->count && avoid[state_after(graph, path, doomed)])
        doomed++;
    failure->return_known = true;
    move *moves;
    uint32_t *ends = xmalloc((path->count + 1) * sizeof *ends);
    struct way way = way_of(graph, path, true, &moves);
    struct explore_schedule whole = {0};
    result_replay(exploration, &way, false, &whole, ends);
    failure->point_of_no_return = doomed ? ends[doomed - 1] : 0;
    free(whole.steps);
    free(ends);
    free(moves);
    if (doomed) {
        struct path_rules rules = {.last = NOBODY,
                                   .left_free = true,
                                   .within = avoid,
                                   .banned = banned,
                                   .kinds = exploration_kinds(exploration),
                                   .outcomes = exploration->findings.outcome_count,
                                   .goals = goals};
        find_passing(exploration, graph, index, path, doomed - 1, &rules);
    }
    free(avoid);
    free(goals);
    free(banned);
}

static void find_schedules(struct exploration *exploration, const struct graph *graph,
                           const struct components *components)
{
    struct explore_result *result = exploration->result;
    bool whole = components && !graph->pruned;
    struct path_rules rules = {.last = NOBODY,
                               .left_free = true,
                               .stop = &exploration->stop,
                               .kinds = exploration_kinds(exploration),
                               .outcomes = exploration->findings.outcome_count};
    struct paths paths;
    paths_find(&paths, graph, &rules);
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct path *path = &paths.to_kind[exploration->order[i]];
        if (path->cost == COST_NONE)
            continue;
        move *moves;
        struct way way = way_of(graph, path, whole, &moves);
        result_schedule_failure(exploration, i, &way);
        free(moves);
        if (whole && !stop_now(&exploration->stop))
            find_return(exploration, graph, components, i, path);
    }
    for (uint32_t i = 0; i < result->outcome_count && i < DETAIL_OUTCOMES; i++) {
        const struct path *path = &paths.to_outcome[exploration->outcome_order[i]];
        if (path->cost == COST_NONE)
            continue;
        move *moves;
        struct way way = way_of(graph, path, whole, &moves);
        result_schedule_outcome(exploration, i, &way);
        free(moves);
    }
    paths_fini(&paths);
}

static void find_shares(struct exploration *exploration, const struct graph *graph)
{
    struct explore_result *result = exploration->result;
    double *kinds = xcalloc(result->failure_count + 1, sizeof *kinds);
    double *outcomes = xcalloc(result->outcome_count + 1, sizeof *outcomes);
    if (shares_find(graph, result->failure_count, result->outcome_count, &exploration->stop, kinds,
                    outcomes)) {
        for (uint32_t i = 0; i < result->failure_count; i++) {
            result->failures[i].has_share = result->failures[i].verdict != VERDICT_UNREACHED;
            result->failures[i].share = kinds[exploration->order[i]];
        }
        for (uint32_t i = 0; i < result->outcome_count; i++) {
            result->outcomes[i].has_share = true;
            result->outcomes[i].share = outcomes[exploration->outcome_order[i]];
        }
    }
    free(kinds);
    free(outcomes);
}

/* ---- livelock ---- */

static int by_state(const void *left, const void *right)
{
    const struct failing_state *a = left, *b = right;
    return a->state != b->state ? (a->state > b->state) - (a->state < b->state)
                                : (a->kind > b->kind) - (a->kind < b->kind);
}

/* Bottom components in which a non-daemon thread takes steps. The graph must be whole. */
static void find_livelock(struct exploration *exploration, struct graph *graph,
                          const struct components *components)
{
    exploration->result->can_loop = components->cyclic;
    exploration->result->livelock_known = true;
    if (!components->cyclic)
        return;
    uint8_t *lively = xcalloc(components->count + 1, 1);
    bool any = false;
    for (uint32_t state = 0; state < graph->state_count; state++) {
        uint32_t component = components->of[state];
        if (!components->bottom[component])
            continue;
        for (uint64_t i = graph_first(graph, state); i < graph_end(graph, state); i++)
            if (!(graph->edges.items[i].flags & EDGE_DAEMON)) {
                lively[component] = 1;
                any = true;
            }
        exploration->result->daemon_loop |= !lively[component];
    }
    if (any) {
        uint16_t kind =
            findings_kind(&exploration->findings, (struct kind_key){VERDICT_LIVELOCK, 0, 0, -1});
        for (uint32_t state = 0; state < graph->state_count; state++)
            if (lively[components->of[state]] && kind != NO_FINDING)
                vector_push(&graph->failing_states, (struct failing_state){state, kind});
        qsort(graph->failing_states.items, graph->failing_states.count,
              sizeof(struct failing_state), by_state);
    }
    free(lively);
}

static void find_unreached(struct exploration *exploration)
{
    const struct program *program = exploration->request->program;
    for (uint32_t i = 0; i < program->sometimes_count; i++)
        if (!atomic_load_explicit(&exploration->findings.held[i], memory_order_relaxed))
            findings_kind(
                &exploration->findings,
                (struct kind_key){VERDICT_UNREACHED, i, program->sometimes[i].position, -1});
}

/* ---- the whole ---- */

static uint64_t half_of_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 2 : (uint64_t)1 << 30;
}

static void set_limits(struct exploration *exploration, uint64_t began)
{
    const struct explore_request *request = exploration->request;
    struct graph_limits *limits = &exploration->limits;
    limits->states =
        request->states && request->states < UINT32_MAX - 1 ? request->states : UINT32_MAX - 1;
    limits->memory = request->memory ? request->memory : half_of_memory();
    limits->stop = &exploration->stop;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    limits->jobs = request->jobs ? request->jobs : processors > 0 ? (unsigned)processors : 1;
    /* Threads made at run time get their numbers in the order in which they are first seen; with
     * several workers that would be chance, and with the numbers, idents and schedules. */
    if (request->program->thread_limit > request->program->thread_count)
        limits->jobs = 1;
    limits->exact = request->exact;
    if (exploration->progress) {
        atomic_store_explicit(&exploration->progress->began, began, memory_order_relaxed);
        atomic_store_explicit(&exploration->progress->bytes_limit, limits->memory,
                              memory_order_relaxed);
    }
}

/* A part of the time is kept for what comes after the search, when that is wanted. */
static void set_time(struct exploration *exploration, uint64_t began)
{
    const struct explore_request *request = exploration->request;
    struct explore_progress *progress = exploration->progress;
    uint64_t time = request->time > 0 ? (uint64_t)request->time : 0;
    uint64_t kept = request->verdicts_only ? 0 : time / LATER_PART;
    exploration->end = time ? began + time : 0;
    stop_init(&exploration->stop, time ? began + time - kept : 0,
              progress ? &progress->cancel : NULL);
}

static void set_phase(struct exploration *exploration, enum explore_phase phase)
{
    if (exploration->progress)
        atomic_store_explicit(&exploration->progress->phase, phase, memory_order_relaxed);
}

static void note_graph(struct exploration *exploration, const struct graph *graph)
{
    struct explore_result *result = exploration->result;
    result->steps += graph->steps;
    if (graph->peak_bytes > result->peak_bytes)
        result->peak_bytes = graph->peak_bytes;
}

/* The graph without persistent sets, for what only it can tell. Replaces exploration->graph when it
 * is complete. When it is not needed for a verdict it must be small. */
static bool build_whole(struct exploration *exploration, bool needed)
{
    struct graph whole;
    struct graph_limits limits = exploration->limits;
    if (!needed && limits.states > DETAIL_STATES)
        limits.states = DETAIL_STATES;
    if (!needed) { /* as many levels as the reduced one has: every run is in that in some order */
        limits.depth = exploration->graph.depth;
        if (exploration->graph.state_count > DETAIL_STATES / 2)
            return false;
    }
    graph_build(&whole, &exploration->shape, NULL, exploration->reduction, false,
                &exploration->findings, &limits, exploration->progress);
    note_graph(exploration, &whole);
    if (!whole.complete) {
        graph_fini(&whole);
        return false;
    }
    graph_fini(&exploration->graph);
    exploration->graph = whole;
    return true;
}

static void search(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    struct graph *graph = &exploration->graph;
    bool prune = exploration->reduction && reduction_has_order(exploration->reduction);
    graph_build(graph, &exploration->shape, NULL, exploration->reduction, prune,
                &exploration->findings, &exploration->limits, exploration->progress);
    note_graph(exploration, graph);
    result->complete = graph->complete && !exploration->shape.huge_ranges;
    result->stopped_by = exploration->shape.huge_ranges
                             ? "a randint with more than a million values"
                             : graph->stopped_by;
    result->states = graph->state_count;
    result->edges = graph->edges.count;
    result->depth = graph->depth;
    result->state_bytes = graph->state_bytes;
    result->reduced_by_order = graph->pruned;
    result->reduced_by_symmetry =
        exploration->reduction && reduction_has_symmetry(exploration->reduction);
}

/* Gives what comes next one part in so many of the time that is left. */
static void give_time(struct exploration *exploration, unsigned part)
{
    uint64_t now = clock_now(), end = exploration->end;
    if (end)
        stop_move(&exploration->stop, now < end ? now + (end - now) / part : now);
}

/* Whether some runs go round for ever: from a graph without cycles, or from the whole one. True
 * when `components` are those of the graph. */
static bool judge_loops(struct exploration *exploration, struct components *components)
{
    struct explore_result *result = exploration->result;
    struct graph *graph = &exploration->graph;
    bool known = graph->complete && components_find(components, graph, &exploration->stop);
    bool loops = known && components->cyclic;
    /* Only the whole graph can tell whether a loop has a way out, and what is simplest. */
    if (known && graph->pruned && (loops || !exploration->request->verdicts_only) &&
        build_whole(exploration, loops)) {
        components_fini(components);
        known = components_find(components, graph, &exploration->stop);
    }
    if (known && !graph->pruned)
        find_livelock(exploration, graph, components);
    else if (known && !loops)
        result->livelock_known = true;
    if (result->complete && !result->livelock_known) {
        result->complete = false;
        result->stopped_by = stop_cancelled(&exploration->stop)
                                 ? "request, before livelock was decided"
                                 : "a limit, before livelock was decided";
    }
    return known;
}

/* Schedules, points of no return and shares. */
static void find_details(struct exploration *exploration, const struct components *components)
{
    const struct graph *graph = &exploration->graph;
    bool whole = components && !graph->pruned;
    if (graph->state_count <= PATH_STATES)
        find_schedules(exploration, graph, components);
    else
        whole = false;
    if (whole)
        find_shares(exploration, graph);
    else if (exploration->result->failure_count) {
        simplify_all(exploration);
        returns_find(exploration);
    }
}

static void answer(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    struct components components = {0};
    bool details = !exploration->request->verdicts_only;
    give_time(exploration, 1);
    bool known = judge_loops(exploration, &components);
    if (result->complete)
        find_unreached(exploration);
    set_phase(exploration, EXPLORE_SIMPLIFYING);
    if (!result->complete && details) {
        give_time(exploration, 2);
        simplify_scout(exploration);
        give_time(exploration, 1);
    }
    if (result->complete && exploration->findings.kinds_cut) {
        result->complete = false;
        result->stopped_by = "more than 512 kinds of failures";
    }
    result_collect(exploration);
    if (details)
        find_details(exploration, known ? &components : NULL);
    components_fini(&components);
}

struct explore_look explore_look(const struct explore_progress *progress)
{
    uint64_t began = atomic_load_explicit(&progress->began, memory_order_relaxed);
    uint64_t bytes = atomic_load_explicit(&progress->bytes, memory_order_relaxed);
    uint64_t limit = atomic_load_explicit(&progress->bytes_limit, memory_order_relaxed);
    struct explore_look look = {
        .phase = (enum explore_phase)atomic_load_explicit(&progress->phase, memory_order_relaxed),
        .elapsed = began ? (int64_t)(clock_now() - began) : 0,
        .states = atomic_load_explicit(&progress->states, memory_order_relaxed),
        .depth = atomic_load_explicit(&progress->depth, memory_order_relaxed),
        .memory = limit ? 100.0 * (double)bytes / (double)limit : 0,
        .failures = atomic_load_explicit(&progress->failures, memory_order_relaxed),
        .outcomes = atomic_load_explicit(&progress->outcomes, memory_order_relaxed)};
    if (look.elapsed > 0)
        look.states_a_second = (double)look.states * 1e9 / (double)look.elapsed;
    return look;
}

struct explore_result *explore_run(const struct explore_request *request,
                                   struct explore_progress *progress)
{
    uint64_t began = clock_now();
    struct exploration exploration = {.request = request, .progress = progress};
    struct explore_result *result = exploration.result = xcalloc(1, sizeof *result);
    result->program = request->program;
    result->model = model_new(request->program);
    result->clean_preemptions = -1;
    result->searched_preemptions = NOT_LOOKED;
    result->ordered =
        request->time_order == EXPLORE_TIME_ORDERED ||
        (request->time_order == EXPLORE_TIME_PROGRAM && request->program->options.time_ordered);
    set_limits(&exploration, began);
    set_time(&exploration, began);
    result->jobs = exploration.limits.jobs;
    set_phase(&exploration, EXPLORE_SEARCHING);
    space_shape_init(&exploration.shape, request->program, result->model, result->ordered);
    findings_init(&exploration.findings, request->program->cell_count,
                  request->program->sometimes_count);
    /* Neither symmetry nor persistent sets know of the GIL: a step can bar all other threads. */
    if (!request->no_reduction && !exploration.shape.gil)
        exploration.reduction = reduction_new(&exploration.shape);
    search(&exploration);
    answer(&exploration);
    stop_fini(&exploration.stop);
    reduction_free(exploration.reduction);
    graph_fini(&exploration.graph);
    findings_fini(&exploration.findings);
    space_shape_fini(&exploration.shape);
    free(exploration.order);
    free(exploration.outcome_order);
    for (uint32_t i = 0; i < result->failure_count; i++)
        free(exploration.ways[i].moves);
    free(exploration.ways);
    result->elapsed = (int64_t)(clock_now() - began);
    set_phase(&exploration, EXPLORE_DONE);
    return result;
}

void explore_free(struct explore_result *result)
{
    if (!result)
        return;
    for (uint32_t i = 0; i < result->failure_count; i++) {
        free(result->failures[i].schedule.steps);
        free(result->failures[i].passing.steps);
    }
    for (uint32_t i = 0; i < result->outcome_count; i++)
        free(result->outcomes[i].schedule.steps);
    model_free(result->model);
    arena_fini(&result->arena);
    free(result);
}

double explore_collisions(uint64_t states)
{
    return ldexp((double)states * (double)states, -65);
}
