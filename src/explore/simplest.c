#include "explore/simplest.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "explore/expand.h"

#define NO_NODE UINT32_MAX

enum { NOBODY_GOES_ON = NOBODY - 1 }; /* some thread went last and has no move */

struct node {
    path_cost cost;
    struct item *item; /* owned; NULL once settled */
    uint16_t *taken;   /* owned, by thread: steps taken so far; NULL when they are not limited */
    uint32_t parent;
    move code;     /* by which it was reached */
    uint16_t last; /* by its number in this state */
    bool left_free;
    bool settled;
};

struct goal {
    path_cost cost;
    uint32_t node;
    move code; /* a failing step after the node */
    bool has_code;
};

struct seeker {
    struct worker worker;
    struct visited visited;
    vector(struct node) nodes;
    struct frontier frontier;
    struct goal *goals; /* by kind */
    const bool *wanted;
    uint32_t kind_count, missing;
    uint32_t left;              /* nodes left so far */
    uint64_t bytes;             /* of items */
    const uint16_t *most_steps; /* by thread, or NULL */
    uint16_t *taken;            /* scratch: of the state being reached */
    size_t taken_size;
};

/* ---- nodes ---- */

static struct item *take_item(struct seeker *seeker, struct state *state)
{
    struct worker *worker = &seeker->worker;
    worker->bytes.count = worker->places.count = 0;
    worker_add(worker, state);
    const struct item *made = (const struct item *)worker->bytes.items;
    struct item *item = xmalloc(made->size);
    memcpy(item, made, made->size);
    seeker->bytes += made->size + 16;
    return item;
}

static void drop_item(struct seeker *seeker, struct node *node)
{
    seeker->bytes -= node->item->size + 16;
    free(node->item);
    free(node->taken);
    node->item = NULL;
    node->taken = NULL;
}

/* A state was reached at this cost. Whichever thread went last, when it has no move now, whoever
 * goes next makes a switch and no preemption: all these are one. */
static void reach(struct seeker *seeker, struct state *state, uint16_t last, bool left_free,
                  path_cost cost, uint32_t parent, move code)
{
    const struct model *model = seeker->worker.space.shape->model;
    visited_reserve(&seeker->visited, 1);
    if (last != NOBODY && !model_enabled(model, state->world, last)) {
        last = NOBODY_GOES_ON;
        left_free = true;
    }
    bool fresh;
    uint64_t key =
        hash_word(state_hash(seeker->worker.space.shape, state), (uint64_t)last << 1 | left_free);
    struct visited_slot *slot = visited_insert(&seeker->visited, key, &fresh);
    if (fresh) {
        slot->number = (uint32_t)seeker->nodes.count + 1;
        seeker->visited.count++;
        struct node node = {cost, take_item(seeker, state), NULL, parent, code, last, left_free,
                            false};
        if (seeker->most_steps) {
            node.taken = xmalloc(seeker->taken_size);
            memcpy(node.taken, seeker->taken, seeker->taken_size);
        }
        vector_push(&seeker->nodes, node);
    } else {
        struct node *node = &seeker->nodes.items[slot->number - 1];
        if (node->settled || node->cost <= cost)
            return;
        node->cost = cost;
        node->parent = parent;
        node->code = code;
    }
    frontier_push(&seeker->frontier, cost, slot->number - 1);
}

static void met(struct seeker *seeker, uint16_t kind, struct goal goal)
{
    if (kind >= seeker->kind_count || !seeker->wanted[kind])
        return;
    if (seeker->goals[kind].cost == COST_NONE)
        seeker->missing--;
    if (goal.cost < seeker->goals[kind].cost)
        seeker->goals[kind] = goal;
}

/* What fails in a node's state. */
static void meet_item(struct seeker *seeker, uint32_t at)
{
    const struct node *node = &seeker->nodes.items[at];
    for (uint32_t i = 0; node->item && i < node->item->kind_count; i++)
        met(seeker, item_kinds(node->item)[i], (struct goal){node->cost, at, 0, false});
}

static bool could_step(const struct item *item, uint16_t thread)
{
    for (uint32_t i = 0; i < item->move_count; i++)
        if (MOVE_THREAD(item->moves[i]) == thread && MOVE_WAY(item->moves[i]) != MOVE_TIMEOUT)
            return true;
    return false;
}

static void leave(struct seeker *seeker, uint32_t at)
{
    struct worker *worker = &seeker->worker;
    const struct space_shape *shape = worker->space.shape;
    struct node node = seeker->nodes.items[at]; /* its item stays while we are here */
    path_cost away = COST_STEP + COST_SWITCH;
    if (node.last != NOBODY && !node.left_free && could_step(node.item, node.last))
        away += COST_PREEMPTION;
    state_unpack(shape, &worker->base, item_packed(node.item), node.item->packed_size);
    for (uint32_t i = 0; i < node.item->move_count && !stop_now(worker->stop); i++) {
        move code = node.item->moves[i];
        uint32_t landed = MOVE_THREAD(code);
        if (worker->scratch && reduction_first(worker->scratch, &worker->base, landed) != landed)
            continue; /* an earlier thread is just like it */
        if (seeker->most_steps) {
            if (node.taken[landed] >= seeker->most_steps[landed])
                continue;
            memcpy(seeker->taken, node.taken, seeker->taken_size);
            seeker->taken[landed]++;
        }
        path_cost cost =
            node.cost + (node.last == NOBODY || landed == node.last ? COST_STEP : away);
        struct stepped stepped;
        state_copy(shape, &worker->ahead[0][0].state, &worker->base);
        space_step(&worker->space, &worker->ahead[0][0].state, code, &stepped);
        worker->steps++;
        for (uint32_t k = 0; k < stepped.death_count; k++)
            met(seeker, worker_death(worker, &stepped.deaths[k]),
                (struct goal){cost, at, code, true});
        if (worker->scratch) {
            landed = reduction_canonical(worker->scratch, &worker->ahead[0][0].state, landed);
            landed = reduction_first(worker->scratch, &worker->ahead[0][0].state, landed);
        }
        reach(seeker, &worker->ahead[0][0].state, (uint16_t)landed, stepped.left_free, cost, at,
              code);
    }
    drop_item(seeker, &seeker->nodes.items[at]);
}

/* Whether all goals are met and nothing cheaper can come. */
static bool all_met(const struct seeker *seeker, path_cost cost)
{
    if (seeker->missing)
        return false;
    for (uint32_t i = 0; i < seeker->kind_count; i++)
        if (seeker->wanted[i] && seeker->goals[i].cost > cost)
            return false;
    return true;
}

static bool must_stop(struct seeker *seeker, const struct simplest_limits *limits)
{
    if (seeker->nodes.count >= limits->nodes || stop_now(limits->stop))
        return true;
    if (seeker->left++ % 256)
        return false;
    uint64_t bytes = seeker->bytes + 2 * visited_bytes(&seeker->visited) +
                     2 * seeker->nodes.capacity * sizeof(struct node);
    return bytes > limits->memory;
}

/* `settled`: nothing that is cheaper can come any more. */
static void trace_back(const struct seeker *seeker, const struct goal *goal, path_cost settled,
                       struct simplest_way *way)
{
    if (goal->cost == COST_NONE)
        return;
    uint32_t count = goal->has_code;
    const struct node *nodes = seeker->nodes.items;
    for (uint32_t at = goal->node; nodes[at].parent != NO_NODE; at = nodes[at].parent)
        count++;
    way->found = true;
    way->exact = goal->cost <= settled;
    way->cost = goal->cost;
    way->count = count;
    way->moves = xmalloc((count + 1) * sizeof *way->moves);
    if (goal->has_code)
        way->moves[--count] = goal->code;
    for (uint32_t at = goal->node; nodes[at].parent != NO_NODE; at = nodes[at].parent)
        way->moves[--count] = nodes[at].code;
}

static void seeker_init(struct seeker *seeker, struct space_shape *shape,
                        const struct reduction *reduction, struct findings *findings,
                        const bool *wanted, uint32_t kind_count,
                        const struct simplest_limits *limits)
{
    memset(seeker, 0, sizeof *seeker);
    struct worker *worker = &seeker->worker;
    worker_init(worker, shape, reduction, findings);
    worker->stop = limits->stop;
    visited_init(&seeker->visited, 1000);
    seeker->wanted = wanted;
    seeker->kind_count = kind_count;
    seeker->goals = xmalloc((kind_count + 1) * sizeof *seeker->goals);
    for (uint32_t i = 0; i < kind_count; i++) {
        seeker->goals[i] = (struct goal){.cost = COST_NONE};
        seeker->missing += wanted[i];
    }
}

static void seeker_fini(struct seeker *seeker)
{
    vector_each (struct node, node, &seeker->nodes) {
        free(node->item);
        free(node->taken);
    }
    free(seeker->taken);
    worker_fini(&seeker->worker);
    visited_fini(&seeker->visited);
    vector_fini(&seeker->nodes);
    frontier_fini(&seeker->frontier);
    free(seeker->goals);
}

static void begin(struct seeker *seeker)
{
    struct worker *worker = &seeker->worker;
    struct stepped stepped;
    space_start(&worker->space, &worker->base, &stepped);
    if (worker->scratch)
        reduction_canonical(worker->scratch, &worker->base, 0);
    reach(seeker, &worker->base, NOBODY, true, 0, NO_NODE, 0);
    for (uint32_t k = 0; k < stepped.death_count; k++)
        met(seeker, worker_death(worker, &stepped.deaths[k]), (struct goal){.cost = 0});
}

void simplest_find(struct simplest *simplest, struct space_shape *shape,
                   const struct reduction *reduction, struct findings *findings, const bool *wanted,
                   uint32_t kind_count, const struct simplest_limits *limits)
{
    struct seeker seeker;
    path_cost cost = 0;
    bool stopped = false;
    memset(simplest, 0, sizeof *simplest);
    seeker_init(&seeker, shape, reduction, findings, wanted, kind_count, limits);
    seeker.most_steps = limits->most_steps;
    seeker.taken_size = shape->program->thread_limit * sizeof *seeker.taken;
    seeker.taken = xcalloc(shape->program->thread_limit + 1, sizeof *seeker.taken);
    begin(&seeker);
    while (seeker.frontier.heap.count && !stopped) {
        struct frontier_node top = frontier_pop(&seeker.frontier);
        struct node *node = &seeker.nodes.items[top.node];
        if (node->settled || node->cost != top.cost)
            continue;
        cost = top.cost;
        if (all_met(&seeker, cost))
            break;
        node->settled = true;
        meet_item(&seeker, top.node);
        leave(&seeker, top.node);
        stopped = must_stop(&seeker, limits);
    }
    for (uint32_t i = 0; i < seeker.nodes.count && stopped; i++)
        meet_item(&seeker, i); /* come to, and not left any more */
    simplest->whole = !stopped && seeker.frontier.heap.count == 0;
    simplest->clean_preemptions = simplest->whole ? INT32_MAX : (int32_t)COST_PREEMPTIONS(cost) - 1;
    simplest->kind_count = kind_count;
    simplest->ways = xcalloc(kind_count + 1, sizeof *simplest->ways);
    for (uint32_t i = 0; i < kind_count; i++)
        trace_back(&seeker, &seeker.goals[i], simplest->whole ? COST_NONE : cost,
                   &simplest->ways[i]);
    simplest->nodes = seeker.nodes.count;
    simplest->steps = seeker.worker.steps;
    simplest->bytes = seeker.bytes + visited_bytes(&seeker.visited);
    seeker_fini(&seeker);
}

void simplest_fini(struct simplest *simplest)
{
    for (uint32_t i = 0; i < simplest->kind_count; i++)
        free(simplest->ways[i].moves);
    free(simplest->ways);
}
