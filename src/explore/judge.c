#include "explore/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

/* ---- components ---- */

struct visit {
    uint32_t state;
    uint64_t next; /* the edge to look at next */
};

struct tarjan {
    const struct graph *graph;
    const struct stop *stop; /* or NULL */
    struct components *components;
    uint32_t *index, *low; /* by state; index 0: not met */
    uint32_t counter;
    vector(uint32_t) open;
    vector(struct visit) path;
};

static void close_component(struct tarjan *tarjan, uint32_t root)
{
    uint32_t number = tarjan->components->count++, state;
    do {
        state = tarjan->open.items[--tarjan->open.count];
        tarjan->components->of[state] = number;
    } while (state != root);
}

static void enter(struct tarjan *tarjan, uint32_t state)
{
    tarjan->index[state] = tarjan->low[state] = ++tarjan->counter;
    vector_push(&tarjan->open, state);
    vector_push(&tarjan->path, (struct visit){state, graph_first(tarjan->graph, state)});
}

static bool must_stop(const struct tarjan *tarjan)
{
    return tarjan->stop && stop_now(tarjan->stop);
}

static void search_from(struct tarjan *tarjan, uint32_t root)
{
    enter(tarjan, root);
    while (tarjan->path.count && !must_stop(tarjan)) {
        struct visit *at = &vector_last(&tarjan->path);
        uint32_t state = at->state;
        if (at->next < graph_end(tarjan->graph, state)) {
            uint32_t target = tarjan->graph->edges.items[at->next++].target;
            if (!tarjan->index[target])
                enter(tarjan, target);
            else if (tarjan->components->of[target] == UINT32_MAX &&
                     tarjan->index[target] < tarjan->low[state])
                tarjan->low[state] = tarjan->index[target];
            continue;
        }
        if (tarjan->low[state] == tarjan->index[state])
            close_component(tarjan, state);
        tarjan->path.count--;
        if (tarjan->path.count) {
            uint32_t parent = vector_last(&tarjan->path).state;
            if (tarjan->low[state] < tarjan->low[parent])
                tarjan->low[parent] = tarjan->low[state];
        }
    }
}

static void find_bottoms(struct components *components, const struct graph *graph)
{
    components->bottom = xcalloc(components->count + 1, 1);
    for (uint32_t state = 0; state < graph->state_count; state++)
        for (uint64_t i = graph_first(graph, state); i < graph_end(graph, state); i++)
            if (components->of[graph->edges.items[i].target] == components->of[state])
                components->bottom[components->of[state]] = 1;
    for (uint32_t i = 0; i < components->count; i++)
        components->cyclic |= components->bottom[i];
    for (uint32_t state = 0; state < graph->state_count; state++)
        for (uint64_t i = graph_first(graph, state); i < graph_end(graph, state); i++)
            if (components->of[graph->edges.items[i].target] != components->of[state])
                components->bottom[components->of[state]] = 0;
}

bool components_find(struct components *components, const struct graph *graph,
                     const struct stop *stop)
{
    memset(components, 0, sizeof *components);
    if (!graph->level_edges) { /* each state by itself */
        components->of = xmalloc((graph->state_count + 1) * sizeof(uint32_t));
        for (uint32_t state = 0; state < graph->state_count; state++)
            components->of[state] = state;
        components->count = graph->state_count;
        components->bottom = xcalloc(components->count + 1, 1);
        return true;
    }
    struct tarjan tarjan = {.graph = graph, .components = components, .stop = stop};
    components->of = xmalloc((graph->state_count + 1) * sizeof(uint32_t));
    memset(components->of, 0xff, graph->state_count * sizeof(uint32_t));
    tarjan.index = xcalloc(graph->state_count + 1, sizeof(uint32_t));
    tarjan.low = xcalloc(graph->state_count + 1, sizeof(uint32_t));
    for (uint32_t state = 0; state < graph->state_count && !must_stop(&tarjan); state++)
        if (!tarjan.index[state])
            search_from(&tarjan, state);
    bool done = !must_stop(&tarjan);
    if (done)
        find_bottoms(components, graph);
    free(tarjan.index);
    free(tarjan.low);
    vector_fini(&tarjan.open);
    vector_fini(&tarjan.path);
    if (!done) {
        components_fini(components);
        *components = (struct components){0};
    }
    return done;
}

void components_fini(struct components *components)
{
    free(components->of);
    free(components->bottom);
}

/* ---- who can avoid a failure ---- */

struct backwards {
    uint64_t *starts; /* by state: of its incoming edges */
    uint64_t *edges;  /* incoming edges, by target */
    uint32_t *sources;
};

static void turn_round(struct backwards *back, const struct graph *graph)
{
    uint64_t count = graph->edges.count;
    back->starts = xcalloc((uint64_t)graph->state_count + 2, sizeof(uint64_t));
    back->edges = xmalloc((count + 1) * sizeof(uint64_t));
    back->sources = xmalloc((count + 1) * sizeof(uint32_t));
    uint64_t *fill = back->starts + 1;
    vector_each (struct edge, edge, &graph->edges)
        back->starts[edge->target + 1]++;
    for (uint32_t i = 0; i < graph->state_count; i++)
        back->starts[i + 1] += back->starts[i];
    memmove(fill, back->starts, graph->state_count * sizeof(uint64_t));
    back->starts[0] = 0;
    for (uint32_t state = 0; state < graph->state_count; state++)
        for (uint64_t i = graph_first(graph, state); i < graph_end(graph, state); i++) {
            uint64_t at = fill[graph->edges.items[i].target]++;
            back->edges[at] = i;
            back->sources[at] = state;
        }
}

void avoidable(const struct graph *graph, const struct components *components, const uint8_t *kinds,
               uint8_t *ret_avoid, uint8_t *ret_goals, uint8_t *ret_banned)
{
    memset(ret_avoid, 0, graph->state_count);
    memset(ret_goals, 0, graph->state_count);
    memset(ret_banned, 0, graph->edges.count / 8 + 1);
    uint8_t *fails = xcalloc(graph->state_count + 1, 1);
    vector_each (struct failing_state, failing, &graph->failing_states)
        fails[failing->state] |= kinds[failing->kind] != 0;
    vector_each (struct failing_edge, failing, &graph->failing_edges)
        if (kinds[failing->kind])
            ret_banned[failing->edge / 8] |= (uint8_t)(1 << (failing->edge % 8));
    vector(uint32_t) work = {0};
    for (uint32_t state = 0; state < graph->state_count; state++) {
        bool ends = graph_first(graph, state) == graph_end(graph, state) ||
                    components->bottom[components->of[state]];
        if (!ends || fails[state])
            continue;
        ret_avoid[state] = ret_goals[state] = 1;
        vector_push(&work, state);
    }
    struct backwards back;
    turn_round(&back, graph);
    while (work.count) {
        uint32_t state = work.items[--work.count];
        for (uint64_t i = back.starts[state]; i < back.starts[state + 1]; i++) {
            uint32_t source = back.sources[i];
            uint64_t edge = back.edges[i];
            if (ret_avoid[source] || fails[source] || (ret_banned[edge / 8] >> (edge % 8) & 1))
                continue;
            ret_avoid[source] = 1;
            vector_push(&work, source);
        }
    }
    vector_fini(&work);
    free(back.starts);
    free(back.edges);
    free(back.sources);
    free(fails);
}

void distances_find(const struct graph *graph, const uint8_t *kinds, uint32_t *ret_distances)
{
    vector(uint32_t) work = {0};
    struct backwards back;
    memset(ret_distances, 0xff, graph->state_count * sizeof *ret_distances);
    vector_each (struct failing_state, failing, &graph->failing_states) {
        if (kinds[failing->kind] && ret_distances[failing->state]) {
            ret_distances[failing->state] = 0;
            vector_push(&work, failing->state);
        }
    }
    vector_each (struct failing_edge, failing, &graph->failing_edges) {
        if (kinds[failing->kind] && ret_distances[failing->source] > 1) {
            ret_distances[failing->source] = 1;
            vector_push(&work, failing->source);
        }
    }
    turn_round(&back, graph);
    for (size_t at = 0; at < work.count;
         at++) { /* a state may come twice, with a smaller distance */
        uint32_t state = work.items[at], next = ret_distances[state] + 1;
        for (uint64_t i = back.starts[state]; i < back.starts[state + 1]; i++)
            if (ret_distances[back.sources[i]] > next) {
                ret_distances[back.sources[i]] = next;
                vector_push(&work, back.sources[i]);
            }
    }
    vector_fini(&work);
    free(back.starts);
    free(back.edges);
    free(back.sources);
}

/* ---- shares ---- */

/* The states so that every edge goes forwards; NULL when there is a cycle. */
static uint32_t *topological(const struct graph *graph)
{
    uint32_t *missing = xcalloc(graph->state_count + 1, sizeof(uint32_t));
    uint32_t *order = xmalloc((graph->state_count + 1) * sizeof(uint32_t));
    uint32_t count = 0;
    vector_each (struct edge, edge, &graph->edges)
        missing[edge->target]++;
    order[count++] = 0;
    bool sound = missing[0] == 0;
    for (uint32_t at = 0; at < count && sound; at++)
        for (uint64_t i = graph_first(graph, order[at]); i < graph_end(graph, order[at]); i++)
            if (--missing[graph->edges.items[i].target] == 0)
                order[count++] = graph->edges.items[i].target;
    free(missing);
    if (sound && count == graph->state_count)
        return order;
    free(order);
    return NULL;
}

/* Sends the chance of a state on to its successors; a failing step takes its part out. */
static void pass_on(const struct graph *graph, uint32_t state, double *chance,
                    const uint8_t *banned, double *taken)
{
    uint64_t first = graph_first(graph, state), end = graph_end(graph, state);
    const struct edge *edges = graph->edges.items;
    unsigned threads = 0;
    for (uint64_t i = first; i < end; i++)
        if (i == first || MOVE_THREAD(edges[i].code) != MOVE_THREAD(edges[i - 1].code))
            threads += EDGE_WEIGHT(&edges[i]);
    for (uint64_t i = first, group; i < end; i = group) {
        for (group = i + 1;
             group < end && MOVE_THREAD(edges[group].code) == MOVE_THREAD(edges[i].code);)
            group++;
        double part = chance[state] * EDGE_WEIGHT(&edges[i]) / threads / (double)(group - i);
        for (uint64_t k = i; k < group; k++)
            if (banned && (banned[k / 8] >> (k % 8) & 1))
                *taken += part;
            else
                chance[edges[k].target] += part;
    }
}

static double share_of_kind(const struct graph *graph, const uint32_t *order, uint16_t kind,
                            double *chance, uint8_t *fails, uint8_t *banned)
{
    memset(chance, 0, graph->state_count * sizeof *chance);
    memset(fails, 0, graph->state_count);
    memset(banned, 0, graph->edges.count / 8 + 1);
    vector_each (struct failing_state, failing, &graph->failing_states)
        fails[failing->state] |= failing->kind == kind;
    vector_each (struct failing_edge, failing, &graph->failing_edges)
        if (failing->kind == kind)
            banned[failing->edge / 8] |= (uint8_t)(1 << (failing->edge % 8));
    double taken = 0;
    chance[0] = 1;
    for (uint32_t at = 0; at < graph->state_count; at++)
        if (fails[order[at]])
            taken += chance[order[at]];
        else
            pass_on(graph, order[at], chance, banned, &taken);
    return taken;
}

bool shares_find(const struct graph *graph, uint32_t kinds, uint32_t outcomes,
                 const struct stop *stop, double *ret_kinds, double *ret_outcomes)
{
    uint32_t *order = topological(graph);
    if (!order)
        return false;
    double *chance = xcalloc(graph->state_count + 1, sizeof *chance);
    uint8_t *fails = xcalloc(graph->state_count + 1, 1);
    uint8_t *banned = xcalloc(graph->edges.count / 8 + 1, 1);
    chance[0] = 1;
    double taken = 0;
    for (uint32_t at = 0; at < graph->state_count && !stop_now(stop); at++)
        pass_on(graph, order[at], chance, NULL, &taken);
    for (uint32_t i = 0; i < outcomes; i++)
        ret_outcomes[i] = 0;
    vector_each (struct final_state, final, &graph->finals)
        if (final->outcome < outcomes)
            ret_outcomes[final->outcome] += chance[final->state];
    for (uint32_t i = 0; i < kinds && !stop_now(stop); i++)
        ret_kinds[i] = share_of_kind(graph, order, (uint16_t)i, chance, fails, banned);
    free(order);
    free(chance);
    free(fails);
    free(banned);
    return !stop_now(stop);
}
