#include "explore/outlook.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/judge.h"

struct outlook {
    struct space_shape shape;
    struct space space;
    struct state state;   /* scratch: the one asked about */
    struct visited index; /* states by fingerprint */
    uint8_t *avoid;       /* by state: 0 when no continuation avoids a failure; owned */
    uint32_t *nearest;    /* by state; owned */
};

/* ---- the search ---- */

/* States that are never left while a non-daemon thread goes on are failures, too. */
static void add_livelocks(struct graph *graph, const struct components *components, uint16_t kind)
{
    uint8_t *lively = xcalloc(components->count + 1, 1);
    for (uint32_t state = 0; state < graph->state_count; state++)
        for (uint64_t i = graph_first(graph, state); i < graph_end(graph, state); i++)
            lively[components->of[state]] |= !(graph->edges.items[i].flags & EDGE_DAEMON);
    for (uint32_t state = 0; state < graph->state_count; state++)
        if (components->bottom[components->of[state]] && lively[components->of[state]] &&
            kind != NO_FINDING)
            vector_push(&graph->failing_states, (struct failing_state){state, kind});
    free(lively);
}

static void judge(struct outlook *outlook, struct graph *graph, struct findings *findings)
{
    uint8_t kinds[MAX_KINDS];
    uint8_t *goals = xmalloc(graph->state_count + 1u);
    uint8_t *banned = xcalloc(graph->edges.count / 8 + 1, 1);
    struct components components;
    components_find(&components, graph, NULL);
    if (components.cyclic)
        add_livelocks(graph, &components,
                      findings_kind(findings, (struct kind_key){VERDICT_LIVELOCK, 0, 0, -1}));
    for (uint32_t i = 0; i < MAX_KINDS; i++)
        kinds[i] = findings->kinds[i].verdict != VERDICT_RACE;
    outlook->avoid = xcalloc(graph->state_count + 1u, 1);
    outlook->nearest = xcalloc(graph->state_count + 1u, sizeof *outlook->nearest);
    avoidable(graph, &components, kinds, outlook->avoid, goals, banned);
    distances_find(graph, kinds, outlook->nearest);
    components_fini(&components);
    free(goals);
    free(banned);
}

/* ---- life ---- */

struct outlook *outlook_new(const struct program *program, struct model *model, uint64_t states,
                            uint64_t memory, struct explore_progress *progress)
{
    if (program->options.time_ordered || program->options.gil > 0)
        return NULL; /* a world alone does not tell what can go there */
    struct outlook *outlook = xcalloc(1, sizeof *outlook);
    struct findings findings;
    struct graph graph;
    struct stop stop;
    struct graph_limits limits = {
        .states = states, .memory = memory, .jobs = 1, .stop = &stop, .ret_index = &outlook->index};
    stop_init(&stop, 0, progress ? &progress->cancel : NULL);
    space_shape_init(&outlook->shape, program, model, false);
    space_init(&outlook->space, &outlook->shape);
    outlook->state = state_new(&outlook->shape);
    findings_init(&findings, program->cell_count, program->sometimes_count);
    graph_build(&graph, &outlook->shape, NULL, NULL, false, &findings, &limits, progress);
    bool whole = graph.complete && !outlook->shape.huge_ranges;
    if (whole)
        judge(outlook, &graph, &findings);
    graph_fini(&graph);
    findings_fini(&findings);
    stop_fini(&stop);
    if (whole)
        return outlook;
    outlook_free(outlook);
    return NULL;
}

void outlook_free(struct outlook *outlook)
{
    if (!outlook)
        return;
    state_free(&outlook->state, &outlook->shape);
    space_fini(&outlook->space);
    space_shape_fini(&outlook->shape);
    visited_fini(&outlook->index);
    free(outlook->avoid);
    free(outlook->nearest);
    free(outlook);
}

/* ---- asking ---- */

struct prospect outlook_after(struct outlook *outlook, const struct world *world, uint32_t thread,
                              struct choice choice)
{
    struct effect *effect = &outlook->space.effect;
    struct stepped stepped;
    world_copy(outlook->shape.model, outlook->state.world, world);
    model_perform(outlook->shape.model, outlook->state.world, thread, choice, effect);
    if ((effect->thread_ended && effect->died_of) || effect->too_long)
        return (struct prospect){.known = true, .doomed = true, .nearest = 0};
    /* The graph's states have all quiet operations behind them; they touch nothing shared, so the
     * order in which they are caught up on does not matter. */
    space_start(&outlook->space, &outlook->state, &stepped);
    if (stepped.death_count)
        return (struct prospect){.known = true, .doomed = true, .nearest = 0};
    const struct visited_slot *slot =
        visited_find(&outlook->index, state_hash(&outlook->shape, &outlook->state));
    if (!slot || !slot->number)
        return (struct prospect){.nearest = PROSPECT_NEVER};
    uint32_t state = slot->number - 1;
    return (struct prospect){true, !outlook->avoid[state], outlook->nearest[state]};
}
