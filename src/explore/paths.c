#include "explore/paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

#define NO_NODE UINT32_MAX

enum { SHORT = 1 << 20 }; /* edges that are looked at in a moment: no search ends before */

struct node {
    path_cost cost;
    uint64_t edge;    /* by which it was reached */
    uint32_t parent;  /* node, or NO_NODE */
    uint32_t sibling; /* the next node of the same state */
    uint32_t state;
    uint16_t last;
    bool left_free;
    bool settled;
};

struct goal {
    path_cost cost;
    uint32_t node;
    uint64_t edge; /* a failing step after the node, or UINT64_MAX */
};

enum { MARK_STATE = 1, MARK_FINAL = 2, MARK_EDGE = 4 };

struct finder {
    const struct graph *graph;
    const struct path_rules *rules;
    vector(struct node) nodes;
    uint32_t *heads; /* by state: its first node */
    uint8_t *marks;  /* by state */
    struct frontier frontier;
    struct goal *kinds, *outcomes;
    struct goal goal;
    uint32_t missing;   /* of the kinds and outcomes in the graph: not met yet */
    path_cost dearest;  /* what those that were met cost at most */
    uint64_t looked_at; /* edges so far */
};

void path_fini(struct path *path)
{
    free(path->edges);
    *path = (struct path){0};
}

/* ---- nodes ---- */

static void reach(struct finder *finder, uint32_t state, uint16_t last, bool left_free,
                  path_cost cost, uint32_t parent, uint64_t edge)
{
    uint32_t at = finder->heads[state];
    while (at != NO_NODE &&
           (finder->nodes.items[at].last != last || finder->nodes.items[at].left_free != left_free))
        at = finder->nodes.items[at].sibling;
    if (at == NO_NODE) {
        at = (uint32_t)finder->nodes.count;
        vector_push(&finder->nodes, (struct node){cost, edge, parent, finder->heads[state], state,
                                                  last, left_free, false});
        finder->heads[state] = at;
    } else {
        struct node *node = &finder->nodes.items[at];
        if (node->settled || node->cost <= cost)
            return;
        node->cost = cost;
        node->parent = parent;
        node->edge = edge;
    }
    frontier_push(&finder->frontier, cost, at);
}

static void better(struct finder *finder, struct goal *goal, path_cost cost, uint32_t node,
                   uint64_t edge)
{
    if (goal->cost == COST_NONE && goal != &finder->goal) {
        finder->missing--;
        if (cost > finder->dearest)
            finder->dearest = cost;
    }
    if (cost < goal->cost)
        *goal = (struct goal){cost, node, edge};
}

/* ---- what stands at states and edges, sorted by them ---- */

static size_t first_failing_state(const struct graph *graph, uint32_t state)
{
    return vector_lower_bound(&graph->failing_states, at, at->state < state);
}

static size_t first_failing_edge(const struct graph *graph, uint64_t edge)
{
    return vector_lower_bound(&graph->failing_edges, at, at->edge < edge);
}

static uint32_t outcome_at(const struct graph *graph, uint32_t state)
{
    size_t low = vector_lower_bound(&graph->finals, at, at->state < state);
    return graph->finals.items[low].outcome;
}

static void arrive(struct finder *finder, uint32_t at)
{
    const struct graph *graph = finder->graph;
    uint32_t state = finder->nodes.items[at].state;
    path_cost cost = finder->nodes.items[at].cost;
    if (finder->rules->goals && finder->rules->goals[state])
        better(finder, &finder->goal, cost, at, UINT64_MAX);
    uint8_t mark = finder->marks[state];
    if (mark & MARK_STATE)
        for (size_t i = first_failing_state(graph, state);
             i < graph->failing_states.count && graph->failing_states.items[i].state == state; i++)
            better(finder, &finder->kinds[graph->failing_states.items[i].kind], cost, at,
                   UINT64_MAX);
    if (mark & MARK_FINAL) {
        uint32_t outcome = outcome_at(graph, state);
        if (outcome < finder->rules->outcomes)
            better(finder, &finder->outcomes[outcome], cost, at, UINT64_MAX);
    }
}

static bool could_step(const struct graph *graph, uint32_t state, uint16_t thread)
{
    for (uint64_t i = graph_first(graph, state); i < graph_end(graph, state); i++) {
        move code = graph->edges.items[i].code;
        if (MOVE_THREAD(code) == thread && MOVE_WAY(code) != MOVE_TIMEOUT)
            return true;
    }
    return false;
}

static void leave(struct finder *finder, uint32_t at)
{
    finder->looked_at++;
    const struct graph *graph = finder->graph;
    const struct path_rules *rules = finder->rules;
    struct node node = finder->nodes.items[at];
    path_cost away = COST_STEP + COST_SWITCH;
    if (node.last != NOBODY && !node.left_free && could_step(graph, node.state, node.last))
        away += COST_PREEMPTION;
    size_t failing = finder->marks[node.state] & MARK_EDGE
                         ? first_failing_edge(graph, graph_first(graph, node.state))
                         : SIZE_MAX;
    for (uint64_t i = graph_first(graph, node.state); i < graph_end(graph, node.state); i++) {
        const struct edge *edge = &graph->edges.items[i];
        finder->looked_at++;
        if (rules->banned && (rules->banned[i / 8] >> (i % 8) & 1))
            continue;
        if (rules->within && !rules->within[edge->target])
            continue;
        bool stays = node.last == NOBODY || MOVE_THREAD(edge->code) == node.last;
        path_cost cost = node.cost + (stays ? COST_STEP : away);
        for (;
             failing < graph->failing_edges.count && graph->failing_edges.items[failing].edge <= i;
             failing++)
            if (graph->failing_edges.items[failing].edge == i)
                better(finder, &finder->kinds[graph->failing_edges.items[failing].kind], cost, at,
                       i);
        reach(finder, edge->target, edge->landed, edge->flags & EDGE_LEFT_FREE, cost, at, i);
    }
}

static void trace_back(const struct finder *finder, const struct goal *goal, struct path *path)
{
    path->cost = goal->cost;
    path->count = 0;
    path->edges = NULL;
    if (goal->cost == COST_NONE)
        return;
    uint32_t count = goal->edge != UINT64_MAX;
    for (uint32_t at = goal->node; finder->nodes.items[at].parent != NO_NODE;
         at = finder->nodes.items[at].parent)
        count++;
    path->edges = xmalloc((count + 1) * sizeof *path->edges);
    path->count = count;
    if (goal->edge != UINT64_MAX)
        path->edges[--count] = goal->edge;
    for (uint32_t at = goal->node; count > 0; at = finder->nodes.items[at].parent)
        path->edges[--count] = finder->nodes.items[at].edge;
}

/* How many different kinds and outcomes there are to be met. */
static uint32_t count_goals(const struct finder *finder)
{
    const struct graph *graph = finder->graph;
    uint32_t kinds = finder->rules->kinds, outcomes = finder->rules->outcomes, count = 0;
    uint8_t *there = xcalloc((size_t)kinds + outcomes + 1, 1);
    vector_each (struct failing_state, failing, &graph->failing_states)
        there[failing->kind] = 1;
    vector_each (struct failing_edge, failing, &graph->failing_edges)
        there[failing->kind] = 1;
    vector_each (struct final_state, final, &graph->finals)
        if (final->outcome < outcomes)
            there[kinds + final->outcome] = 1;
    for (size_t i = 0; i < (size_t)kinds + outcomes; i++)
        count += there[i];
    free(there);
    return count;
}

static void finder_init(struct finder *finder, const struct graph *graph,
                        const struct path_rules *rules)
{
    *finder = (struct finder){.graph = graph, .rules = rules};
    finder->heads = xmalloc((graph->state_count + 1) * sizeof *finder->heads);
    memset(finder->heads, 0xff, graph->state_count * sizeof *finder->heads);
    finder->marks = xcalloc(graph->state_count + 1, 1);
    vector_each (struct failing_state, failing, &graph->failing_states)
        finder->marks[failing->state] |= MARK_STATE;
    vector_each (struct final_state, final, &graph->finals)
        finder->marks[final->state] |= MARK_FINAL;
    vector_each (struct failing_edge, failing, &graph->failing_edges)
        finder->marks[failing->source] |= MARK_EDGE;
    finder->kinds = xmalloc((rules->kinds + 1) * sizeof *finder->kinds);
    finder->outcomes = xmalloc((rules->outcomes + 1) * sizeof *finder->outcomes);
    struct goal none = {COST_NONE, NO_NODE, UINT64_MAX};
    for (uint32_t i = 0; i < rules->kinds; i++)
        finder->kinds[i] = none;
    for (uint32_t i = 0; i < rules->outcomes; i++)
        finder->outcomes[i] = none;
    finder->goal = none;
    finder->missing = count_goals(finder);
}

static bool must_stop(const struct finder *finder)
{
    return finder->rules->stop && finder->looked_at > SHORT && stop_now(finder->rules->stop);
}

void paths_find(struct paths *paths, const struct graph *graph, const struct path_rules *rules)
{
    struct finder finder;
    finder_init(&finder, graph, rules);
    reach(&finder, rules->state, rules->last, rules->left_free, 0, NO_NODE, UINT64_MAX);
    while (finder.frontier.heap.count && !must_stop(&finder)) {
        struct frontier_node top = frontier_pop(&finder.frontier);
        if (rules->goals && finder.goal.cost != COST_NONE)
            break;
        if (!rules->goals && !finder.missing && top.cost >= finder.dearest)
            break; /* whatever comes now is no cheaper */
        struct node *node = &finder.nodes.items[top.node];
        if (node->settled || node->cost != top.cost)
            continue;
        node->settled = true;
        arrive(&finder, top.node);
        leave(&finder, top.node);
    }
    paths->kind_count = rules->kinds;
    paths->outcome_count = rules->outcomes;
    paths->nodes = finder.nodes.count;
    paths->to_kind = xcalloc(rules->kinds + 1, sizeof *paths->to_kind);
    paths->to_outcome = xcalloc(rules->outcomes + 1, sizeof *paths->to_outcome);
    for (uint32_t i = 0; i < rules->kinds; i++)
        trace_back(&finder, &finder.kinds[i], &paths->to_kind[i]);
    for (uint32_t i = 0; i < rules->outcomes; i++)
        trace_back(&finder, &finder.outcomes[i], &paths->to_outcome[i]);
    trace_back(&finder, &finder.goal, &paths->to_goal);
    vector_fini(&finder.nodes);
    frontier_fini(&finder.frontier);
    free(finder.heads);
    free(finder.marks);
    free(finder.kinds);
    free(finder.outcomes);
}

void paths_fini(struct paths *paths)
{
    for (uint32_t i = 0; i < paths->kind_count; i++)
        path_fini(&paths->to_kind[i]);
    for (uint32_t i = 0; i < paths->outcome_count; i++)
        path_fini(&paths->to_outcome[i]);
    path_fini(&paths->to_goal);
    free(paths->to_kind);
    free(paths->to_outcome);
}
