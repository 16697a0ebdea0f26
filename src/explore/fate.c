#include "explore/fate.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/findings.h"
#include "explore/graph.h"
#include "explore/judge.h"

struct fates {
    const struct program *program;
    struct space_shape shape;
    struct space space;
};

/* One look: the graph ahead of a state, and what it says of each of its states. */
struct look {
    struct graph graph;
    struct findings findings;
    uint8_t kinds[MAX_KINDS]; /* 1: counts as a failure here */
    uint8_t *avoid;           /* by state; NULL when not everything was seen */
    uint8_t *banned;          /* a bit an edge */
    uint32_t *distances;      /* by state */
    enum verdict *verdicts;   /* by state: of the nearest failure */
};

struct fates *fates_new(const struct program *program, struct model *model)
{
    struct fates *fates = xcalloc(1, sizeof *fates);
    fates->program = program;
    space_shape_init(&fates->shape, program, model, program->options.time_ordered);
    space_init(&fates->space, &fates->shape);
    return fates;
}

void fates_free(struct fates *fates)
{
    if (!fates)
        return;
    space_fini(&fates->space);
    space_shape_fini(&fates->shape);
    free(fates);
}

/* The verdict of the nearest failure of each state, by distance. */
static void name_nearest(struct look *look)
{
    const struct graph *graph = &look->graph;
    look->verdicts = xcalloc(graph->state_count + 1, sizeof *look->verdicts);
    vector_each (struct failing_edge, failing, &graph->failing_edges) {
        if (look->kinds[failing->kind] && look->distances[failing->source] == 1)
            look->verdicts[failing->source] = look->findings.kinds[failing->kind].verdict;
    }
    vector_each (struct failing_state, failing, &graph->failing_states) {
        if (look->kinds[failing->kind])
            look->verdicts[failing->state] = look->findings.kinds[failing->kind].verdict;
    }
    bool changed = true;
    for (uint32_t round = 0; changed && round <= FATE_NEAR; round++) {
        changed = false;
        for (uint32_t state = graph->done_count; state-- > 0;)
            for (uint64_t i = graph_first(graph, state); i < graph_end(graph, state); i++) {
                uint32_t target = graph->edges.items[i].target;
                if (look->verdicts[state] || !look->verdicts[target] ||
                    look->distances[target] + 1 != look->distances[state])
                    continue;
                look->verdicts[state] = look->verdicts[target];
                changed = true;
            }
    }
}

static void look_ahead(struct fates *fates, const struct state *start, uint32_t states,
                       struct look *look)
{
    struct graph_limits limits = {.states = states, .memory = UINT64_MAX, .jobs = 1};
    struct graph *graph = &look->graph;
    memset(look, 0, sizeof *look);
    findings_init(&look->findings, fates->program->cell_count, fates->program->sometimes_count);
    graph_build(graph, &fates->shape, start, NULL, false, &look->findings, &limits, NULL);
    uint32_t count = atomic_load_explicit(&look->findings.kind_count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++)
        look->kinds[i] = look->findings.kinds[i].verdict != VERDICT_RACE;
    look->distances = xmalloc((graph->state_count + 1) * sizeof *look->distances);
    distances_find(graph, look->kinds, look->distances);
    name_nearest(look);
    look->banned = xcalloc(graph->edges.count / 8 + 1, 1);
    if (!graph->complete)
        return;
    struct components components;
    uint8_t *goals = xmalloc(graph->state_count + 1u);
    look->avoid = xmalloc(graph->state_count + 1u);
    components_find(&components, graph);
    avoidable(graph, &components, look->kinds, look->avoid, goals, look->banned);
    components_fini(&components);
    free(goals);
}

static void look_fini(struct look *look)
{
    graph_fini(&look->graph);
    findings_fini(&look->findings);
    free(look->avoid);
    free(look->banned);
    free(look->distances);
    free(look->verdicts);
}

/* What becomes of a state that is `steps` steps away from the choice. */
static void judge_state(const struct look *look, uint32_t state, uint32_t steps,
                        struct choice_fate *fate)
{
    uint32_t distance = look->distances[state];
    fate->fate = look->avoid ? FATE_OPEN : FATE_UNKNOWN;
    if (distance != UINT32_MAX) {
        fate->verdict = look->verdicts[state];
        fate->steps = distance + steps;
        if (fate->steps <= FATE_NEAR)
            fate->fate = FATE_SOON;
    }
    if (look->avoid && !look->avoid[state])
        fate->fate = FATE_DOOMED;
}

static void judge_edge(const struct look *look, uint64_t number, struct choice_fate *fate)
{
    const struct graph *graph = &look->graph;
    judge_state(look, graph->edges.items[number].target, 1, fate);
    vector_each (struct failing_edge, failing, &graph->failing_edges) {
        if (failing->edge != number || !look->kinds[failing->kind])
            continue;
        fate->verdict = look->findings.kinds[failing->kind].verdict;
        fate->steps = 1;
        fate->fate = FATE_DOOMED;
    }
}

/* The choices of threads that rest before quiet operations: they change nothing but the thread's
 * place. */
static uint32_t quiet_choices(struct fates *fates, const struct world *world,
                              const struct look *look, struct choice_fate *ret_fates, uint32_t room)
{
    uint32_t end = world_thread_end(fates->shape.model, world), count = 0;
    for (uint32_t i = 0; i < end && count < room; i++) {
        const struct thread_head *head = world_thread_const(fates->shape.model, world, i);
        enum opcode op = (enum opcode)fates->program->code[head->pc].op;
        if (head->status != THREAD_ALIVE ||
            !(operation_quiet(op) || (op == OP_END && fates->shape.fuse_end)))
            continue;
        ret_fates[count] = (struct choice_fate){.thread = i, .choice = {CHOICE_STEP, 0}};
        judge_state(look, 0, 1, &ret_fates[count++]);
    }
    return count;
}

static bool rests_quietly(const struct choice_fate *fates, uint32_t count, uint32_t thread)
{
    for (uint32_t i = 0; i < count; i++)
        if (fates[i].thread == thread)
            return true;
    return false;
}

static int by_thread(const void *left, const void *right)
{
    const struct choice_fate *a = left, *b = right;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    if (a->choice.kind != b->choice.kind)
        return a->choice.kind < b->choice.kind ? -1 : 1;
    return (a->choice.value > b->choice.value) - (a->choice.value < b->choice.value);
}

uint32_t fates_find(struct fates *fates, const struct world *world, uint32_t states,
                    struct choice_fate *ret_fates, uint32_t room)
{
    if (fates->shape.clock_count)
        return 0;
    struct state start = {.world = (struct world *)world};
    struct look look;
    look_ahead(fates, &start, states, &look);
    uint32_t quiet = quiet_choices(fates, world, &look, ret_fates, room), count = quiet;
    for (uint64_t i = graph_first(&look.graph, 0); i < graph_end(&look.graph, 0) && count < room;
         i++) {
        move code = look.graph.edges.items[i].code;
        if (rests_quietly(ret_fates, quiet, MOVE_THREAD(code)))
            continue;
        ret_fates[count] = (struct choice_fate){
            .thread = MOVE_THREAD(code), .choice = space_choice(&fates->space, &start, code)};
        judge_edge(&look, i, &ret_fates[count++]);
    }
    look_fini(&look);
    qsort(ret_fates, count, sizeof *ret_fates, by_thread);
    return count;
}
