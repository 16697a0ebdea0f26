/* The naive explorer: loops that cannot be left. */
#include <stdlib.h>

#include "base/die.h"
#include "naive_inside.h"

/* Bottom components, by Tarjan's algorithm without recursion. */
struct components {
    struct naive *naive;
    uint32_t *first;  /* of each state: its first edge in `order` */
    uint32_t *order;  /* edges by source */
    uint32_t *number; /* order of discovery, from 1 */
    uint32_t *low;
    uint32_t *component; /* 0: none yet */
    uint32_t *stack, *path, *edge_at;
    uint32_t count;
};

static void sort_edges(struct components *all)
{
    struct naive *naive = all->naive;
    uint32_t states = (uint32_t)naive->states.count;
    for (size_t i = 0; i < naive->edges.count; i++)
        all->first[naive->edges.items[i].from + 1]++;
    for (uint32_t i = 0; i < states; i++)
        all->first[i + 1] += all->first[i];
    uint32_t *fill = xcalloc(states + 1, sizeof *fill);
    for (size_t i = 0; i < naive->edges.count; i++) {
        uint32_t from = naive->edges.items[i].from;
        all->order[all->first[from] + fill[from]++] = (uint32_t)i;
    }
    free(fill);
}

static void close_component(struct components *all, uint32_t state, uint32_t *top)
{
    all->count++;
    uint32_t member;
    do {
        member = all->stack[--*top];
        all->component[member] = all->count;
    } while (member != state);
}

static void find_components(struct components *all)
{
    uint32_t next = 1, top = 0, depth = 0;
    all->path[depth++] = 0;
    all->number[0] = all->low[0] = next++;
    all->stack[top++] = 0;
    while (depth) {
        uint32_t state = all->path[depth - 1];
        uint32_t at = all->first[state] + all->edge_at[state];
        if (at < all->first[state + 1]) {
            all->edge_at[state]++;
            uint32_t to = all->naive->edges.items[all->order[at]].to;
            if (!all->number[to]) {
                all->number[to] = all->low[to] = next++;
                all->stack[top++] = to;
                all->path[depth++] = to;
            } else if (!all->component[to] && all->number[to] < all->low[state]) {
                all->low[state] = all->number[to];
            }
            continue;
        }
        depth--;
        if (all->low[state] == all->number[state])
            close_component(all, state, &top);
        if (depth && all->low[state] < all->low[all->path[depth - 1]])
            all->low[all->path[depth - 1]] = all->low[state];
    }
}

static void judge_components(struct naive *naive, const struct components *all)
{
    uint8_t *leaves = xcalloc(all->count + 1, 1), *steps = xcalloc(all->count + 1, 1);
    for (size_t i = 0; i < naive->edges.count; i++) {
        const struct naive_edge *edge = &naive->edges.items[i];
        uint32_t from = all->component[edge->from];
        if (from != all->component[edge->to])
            leaves[from] = 1;
        else if (!edge->daemon)
            steps[from] = 1;
    }
    for (uint32_t i = 0; i < naive->states.count; i++) {
        uint32_t component = all->component[i];
        if (component && steps[component] && !leaves[component])
            naive_find(naive, VERDICT_LIVELOCK, "", i, NAIVE_NO_EDGE);
    }
    free(leaves);
    free(steps);
}

void naive_find_livelock(struct naive *naive)
{
    uint32_t states = (uint32_t)naive->states.count;
    struct components all = {.naive = naive};
    uint32_t **rooms[] = {&all.first, &all.number, &all.low,    &all.component,
                          &all.stack, &all.path,   &all.edge_at};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        *rooms[i] = xcalloc(states + 2, sizeof **rooms[i]);
    all.order = xcalloc(naive->edges.count + 1, sizeof *all.order);
    sort_edges(&all);
    find_components(&all);
    judge_components(naive, &all);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        free(*rooms[i]);
    free(all.order);
}
