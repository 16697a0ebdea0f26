/* The naive explorer's second opinion on schedules and shares: plain Dijkstra, plain sums. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "naive.h"

/* ---- the fewest preemptions and switches ---- */

enum { NOBODY = 0xffff };

/* A state, who went last, and whether that one may be left for nothing. */
struct place {
    uint64_t cost;
    uint32_t state, next; /* next: of this state, + 1 */
    uint16_t last;
    bool free, settled;
};

struct costs {
    const struct naive *naive;
    vector(struct place) places;
    uint32_t *first; /* by state: its first place + 1 */
    /* Places by cost: a heap of (cost, place). */
    vector(struct {
        uint64_t cost;
        uint32_t place;
    }) heap;
};

static void push(struct costs *costs, uint64_t cost, uint32_t place)
{
    vector_reserve(&costs->heap, costs->heap.count + 1);
    size_t at = costs->heap.count++;
    while (at && costs->heap.items[(at - 1) / 2].cost > cost) {
        costs->heap.items[at] = costs->heap.items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    costs->heap.items[at].cost = cost;
    costs->heap.items[at].place = place;
}

static uint32_t pop(struct costs *costs)
{
    uint32_t top = costs->heap.items[0].place;
    size_t count = --costs->heap.count, at = 0;
    uint64_t cost = costs->heap.items[count].cost;
    uint32_t place = costs->heap.items[count].place;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && costs->heap.items[child + 1].cost < costs->heap.items[child].cost)
            child++;
        if (costs->heap.items[child].cost >= cost)
            break;
        costs->heap.items[at] = costs->heap.items[child];
    }
    costs->heap.items[at].cost = cost;
    costs->heap.items[at].place = place;
    return top;
}

static void reach(struct costs *costs, uint32_t state, uint16_t last, bool free, uint64_t cost)
{
    uint32_t at = costs->first[state];
    while (at &&
           (costs->places.items[at - 1].last != last || costs->places.items[at - 1].free != free))
        at = costs->places.items[at - 1].next;
    if (!at) {
        vector_push(&costs->places,
                    (struct place){UINT64_MAX, state, costs->first[state], last, free, false});
        at = costs->first[state] = (uint32_t)costs->places.count;
    }
    struct place *place = &costs->places.items[at - 1];
    if (place->settled || place->cost <= cost)
        return;
    place->cost = cost;
    push(costs, cost, at - 1);
}

static bool could_step(const struct naive *naive, uint32_t state, uint16_t thread)
{
    for (uint32_t i = naive->states.items[state].first_edge;
         i < naive->edges.count && naive->edges.items[i].from == state; i++)
        if (naive->edges.items[i].thread == thread && !naive->edges.items[i].timeout)
            return true;
    return false;
}

static void leave(struct costs *costs, struct place place, uint64_t *by_edge)
{
    const struct naive *naive = costs->naive;
    uint64_t away = NAIVE_SWITCH;
    if (place.last != NOBODY && !place.free && could_step(naive, place.state, place.last))
        away += NAIVE_PREEMPTION;
    for (uint32_t i = naive->states.items[place.state].first_edge;
         i < naive->edges.count && naive->edges.items[i].from == place.state; i++) {
        const struct naive_edge *edge = &naive->edges.items[i];
        bool stays = place.last == NOBODY || place.last == edge->thread;
        uint64_t cost = place.cost + (stays ? 0 : away);
        if (cost < by_edge[i])
            by_edge[i] = cost;
        reach(costs, edge->to, edge->thread, edge->left_free, cost);
    }
}

void naive_costs(const struct naive *naive, uint64_t *ret_states, uint64_t *ret_edges)
{
    struct costs costs = {.naive = naive};
    memset(ret_states, 0xff, naive->states.count * sizeof *ret_states);
    memset(ret_edges, 0xff, naive->edges.count * sizeof *ret_edges);
    costs.first = xcalloc(naive->states.count + 1, sizeof *costs.first);
    reach(&costs, 0, NOBODY, true, 0);
    while (costs.heap.count) {
        struct place *place = &costs.places.items[pop(&costs)];
        if (place->settled)
            continue;
        place->settled = true;
        if (place->cost < ret_states[place->state])
            ret_states[place->state] = place->cost;
        leave(&costs, *place, ret_edges);
    }
    vector_fini(&costs.places);
    vector_fini(&costs.heap);
    free(costs.first);
}

uint64_t naive_cost_of(const struct naive *naive, const bool *findings, const uint64_t *states,
                       const uint64_t *edges)
{
    uint64_t least = UINT64_MAX;
    vector_each (struct naive_hit, hit, &naive->hits) {
        uint64_t cost = hit->on_edge ? edges[hit->at] : states[hit->at];
        if (findings[hit->finding] && cost < least)
            least = cost;
    }
    return least;
}

/* ---- shares ---- */

/* The states so that edges go forwards; NULL when there is a cycle. */
static uint32_t *forwards(const struct naive *naive)
{
    uint32_t states = (uint32_t)naive->states.count, count = 0;
    uint32_t *missing = xcalloc(states + 1, sizeof *missing);
    uint32_t *order = xcalloc(states + 1, sizeof *order);
    vector_each (struct naive_edge, edge, &naive->edges)
        missing[edge->to]++;
    if (!missing[0])
        order[count++] = 0;
    for (uint32_t at = 0; at < count; at++)
        for (uint32_t i = naive->states.items[order[at]].first_edge;
             i < naive->edges.count && naive->edges.items[i].from == order[at]; i++)
            if (--missing[naive->edges.items[i].to] == 0)
                order[count++] = naive->edges.items[i].to;
    free(missing);
    if (count == states)
        return order;
    free(order);
    return NULL;
}

/* Each thread that can go has the same chance, each way of it has the same part of that. Returns
 * what ends in `fails` (by state) or on the way in `failing` (by edge). */
static double pass_on(const struct naive *naive, const uint32_t *order, const bool *fails,
                      const bool *failing, double *chance)
{
    double taken = 0;
    memset(chance, 0, naive->states.count * sizeof *chance);
    chance[0] = 1;
    for (uint32_t at = 0; at < naive->states.count; at++) {
        uint32_t state = order[at], first = naive->states.items[state].first_edge, end = first;
        unsigned threads = 0;
        if (fails[state]) {
            taken += chance[state];
            continue;
        }
        for (; end < naive->edges.count && naive->edges.items[end].from == state; end++)
            threads += end == first ||
                       naive->edges.items[end].thread != naive->edges.items[end - 1].thread;
        for (uint32_t i = first; i < end; i++) {
            unsigned ways = 0;
            for (uint32_t k = first; k < end; k++)
                ways += naive->edges.items[k].thread == naive->edges.items[i].thread;
            double part = chance[state] / threads / ways;
            if (failing[i])
                taken += part;
            else
                chance[naive->edges.items[i].to] += part;
        }
    }
    return taken;
}

/* Where one of the findings was hit. */
static void mark(const struct naive *naive, const bool *findings, bool *fails, bool *failing)
{
    vector_each (struct naive_hit, hit, &naive->hits)
        if (findings[hit->finding])
            *(hit->on_edge ? &failing[hit->at] : &fails[hit->at]) = true;
}

bool naive_share_of(const struct naive *naive, const bool *findings, double *ret_share)
{
    uint32_t *order = forwards(naive);
    if (!order)
        return false;
    double *chance = xcalloc(naive->states.count + 1, sizeof *chance);
    bool *fails = xcalloc(naive->states.count + 1, sizeof *fails);
    bool *failing = xcalloc(naive->edges.count + 1, sizeof *failing);
    mark(naive, findings, fails, failing);
    *ret_share = pass_on(naive, order, fails, failing, chance);
    free(order);
    free(chance);
    free(fails);
    free(failing);
    return true;
}

bool naive_outcome_share(const struct naive *naive, uint64_t outcome, double *ret_share)
{
    uint32_t *order = forwards(naive);
    if (!order)
        return false;
    double *chance = xcalloc(naive->states.count + 1, sizeof *chance);
    bool *none = xcalloc(naive->states.count + naive->edges.count + 1, sizeof *none);
    pass_on(naive, order, none, none, chance);
    *ret_share = 0;
    vector_each (struct naive_end, end, &naive->ends)
        if (end->outcome == outcome)
            *ret_share += chance[end->state];
    free(order);
    free(chance);
    free(none);
    return true;
}

/* ---- what cannot be avoided ---- */

bool naive_doomed(const struct naive *naive, const bool *findings, bool *ret_doomed)
{
    uint32_t *order = forwards(naive);
    if (!order)
        return false;
    bool *failing = xcalloc(naive->edges.count + 1, sizeof *failing);
    memset(ret_doomed, 0, naive->states.count * sizeof *ret_doomed);
    mark(naive, findings, ret_doomed, failing);
    for (size_t at = naive->states.count; at-- > 0;) {
        uint32_t state = order[at], first = naive->states.items[state].first_edge, i = first;
        for (; i < naive->edges.count && naive->edges.items[i].from == state; i++)
            if (!failing[i] && !ret_doomed[naive->edges.items[i].to])
                break;
        bool none = i == naive->edges.count || naive->edges.items[i].from != state;
        ret_doomed[state] |= none && i > first;
    }
    free(order);
    free(failing);
    return true;
}

bool naive_distances(const struct naive *naive, const bool *findings, uint32_t *ret_distances)
{
    uint32_t *order = forwards(naive);
    if (!order)
        return false;
    bool *fails = xcalloc(naive->states.count + 1, sizeof *fails);
    bool *failing = xcalloc(naive->edges.count + 1, sizeof *failing);
    mark(naive, findings, fails, failing);
    for (size_t at = naive->states.count; at-- > 0;) {
        uint32_t state = order[at], least = fails[state] ? 0 : UINT32_MAX;
        for (uint32_t i = naive->states.items[state].first_edge;
             i < naive->edges.count && naive->edges.items[i].from == state; i++) {
            uint32_t next = failing[i] ? 0 : ret_distances[naive->edges.items[i].to];
            if (next != UINT32_MAX && next + 1 < least)
                least = next + 1;
        }
        ret_distances[state] = least;
    }
    free(order);
    free(fails);
    free(failing);
    return true;
}
