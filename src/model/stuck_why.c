/* Why each of the stuck threads is stuck: who of them waits for whom, and whether that closes a
 * ring. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/vector.h"
#include "model/stuck_private.h"

const char *const stuck_reason_names[] = {
    [STUCK_CYCLE] = "cycle",
    [STUCK_SELF] = "waits for what it holds itself",
    [STUCK_LOST_WAKEUP] = "lost wake-up",
    [STUCK_MISSING_PARTY] = "missing party",
    [STUCK_NEVER_RELEASED] = "never released",
    [STUCK_NEVER_SET] = "never set",
    [STUCK_JOIN] = "joins a stuck thread",
    [STUCK_NEVER_STARTED] = "joins a thread that nobody starts",
};

/* ---- does a thread hold a lock? ---- */

enum { LEVELS = 4 }; /* acquires that are still to be released, at most LEVELS - 1 told apart */

struct holding {
    const struct stuck_analysis *analysis;
    const struct program *program;
    uint32_t thread, object;
    uint8_t *seen;          /* of each pc: a bit for each level */
    vector(uint32_t) work;  /* pc * LEVELS + level */
    vector(uint32_t) stack; /* the call instructions below the thread's frames */
};

static void push(struct holding *holding, uint32_t pc, unsigned level)
{
    if (pc >= holding->program->code_length || holding->seen[pc] >> level & 1)
        return;
    holding->seen[pc] |= (uint8_t)(1u << level);
    vector_push(&holding->work, pc * LEVELS + level);
}

/* The operation at `pc` may be about the object; `surely` when it can be about nothing else. */
static bool is_about(const struct holding *holding, uint32_t pc, bool surely)
{
    struct target_range target = stuck_target(holding->analysis, holding->thread, pc);
    if (surely && target.count != 1)
        return false;
    for (uint32_t i = target.first; i < target.first + target.count; i++)
        if (lock_of(holding->program, i) == holding->object)
            return true;
    return false;
}

static void return_to_callers(struct holding *holding, uint32_t pc, unsigned level)
{
    uint32_t function = holding->analysis->function_of[pc];
    for (size_t i = 0; i < holding->stack.count; i++) {
        uint32_t callee = 0, call = holding->stack.items[i];
        for (uint32_t nth = 0; flow_callee(holding->program, call, nth, &callee); nth++)
            if (callee == function)
                push(holding, call + 1, level);
    }
}

/* Goes on from `pc`; true when the object is released there though it was not acquired on the way.
 */
static bool step_on(struct holding *holding, uint32_t pc, unsigned level)
{
    const struct instruction *in = &holding->program->code[pc];
    bool release = in->op == OP_RELEASE || in->op == OP_COND_WAIT;
    if (release && is_about(holding, pc, true)) {
        if (level == 0)
            return true;
        level -= in->op == OP_RELEASE;
    } else if (in->op == OP_ACQUIRE && is_about(holding, pc, false)) {
        level += level < LEVELS - 1;
    }
    uint32_t next[2], callee = 0;
    for (uint32_t nth = 0; flow_callee(holding->program, pc, nth, &callee); nth++)
        push(holding, holding->program->functions[callee].entry, level);
    if (in->op == OP_RETURN)
        return_to_callers(holding, pc, level);
    unsigned count = flow_next(holding->program, pc, next);
    for (unsigned i = 0; i < count; i++)
        push(holding, next[i], level);
    return false;
}

bool stuck_holds(const struct stuck_analysis *analysis, const struct model *model,
                 const struct thread_head *head, uint32_t thread, uint32_t object,
                 bool waits_for_it)
{
    struct holding holding = {
        .analysis = analysis, .program = analysis->program, .thread = thread, .object = object};
    const int64_t *slots = model_slots(model, (struct thread_head *)head);
    holding.seen = xcalloc(analysis->program->code_length + 1, 1);
    for (uint32_t base = head->base; base > 0;) {
        uint32_t call = (uint32_t)slots[base] - 1;
        vector_push(&holding.stack, call);
        base -= analysis->program->functions[model->function_of[call]].frame_size;
    }
    uint32_t next[2];
    unsigned count = flow_next(analysis->program, head->pc, next);
    for (unsigned i = 0; i < count; i++)
        push(&holding, next[i], waits_for_it);
    bool holds = false;
    while (holding.work.count && !holds) {
        uint32_t at = holding.work.items[--holding.work.count];
        holds = step_on(&holding, at / LEVELS, at % LEVELS);
    }
    free(holding.seen);
    vector_fini(&holding.work);
    vector_fini(&holding.stack);
    return holds;
}

/* ---- who waits for whom ---- */

struct graph {
    const struct stuck_analysis *analysis;
    const struct model *model;
    const struct world *world;
    const struct wait *waits;
    uint32_t count;
    struct powers **powers; /* what each could do, were its wait to end and nothing barred */
    bool *own;
    vector(uint32_t) edges; /* from * count + to, ascending */
    uint32_t *first;        /* of each thread: its first edge; one more at the end */
};

static const struct thread_head *head_of(const struct graph *graph, uint32_t index)
{
    return world_thread_const(graph->model, graph->world, graph->waits[index].thread);
}

static bool waits_for_lock(const struct graph *graph, uint32_t from, uint32_t to)
{
    uint32_t object = graph->waits[from].object;
    const struct rlock_state *state =
        model_object(graph->model, (struct world *)graph->world, object);
    if (graph->analysis->program->objects[object].type == OBJECT_RLOCK)
        return state->owner == graph->waits[to].thread + 1;
    const struct wait *other = &graph->waits[to];
    return bit(graph->powers[to]->can, object) &&
           stuck_holds(graph->analysis, graph->model, head_of(graph, to), other->thread, object,
                       other->kind == WAIT_LOCK && other->object == object);
}

static bool waits_for(const struct graph *graph, uint32_t from, uint32_t to)
{
    const struct wait *wait = &graph->waits[from];
    const struct powers *powers = graph->powers[to];
    switch (wait->kind) {
    case WAIT_LOCK: return waits_for_lock(graph, from, to);
    case WAIT_NOTIFY:
    case WAIT_SET: return from != to && bit(powers->can, wait->object);
    case WAIT_BARRIER:
        return from != to && (bit(powers->can, wait->object) || bit(powers->arrives, wait->object));
    case WAIT_ACTION: return bit(powers->opens, wait->object);
    case WAIT_JOIN: return wait->target == graph->waits[to].thread;
    }
    return false;
}

static bool reaches(const struct graph *graph, uint32_t from, uint32_t to, uint8_t *seen,
                    uint32_t *stack)
{
    uint32_t depth = 0;
    memset(seen, 0, graph->count);
    stack[depth++] = from;
    while (depth) {
        uint32_t at = stack[--depth];
        for (uint32_t i = graph->first[at]; i < graph->first[at + 1]; i++) {
            uint32_t next = graph->edges.items[i];
            if (next == to)
                return true;
            if (!seen[next]) {
                seen[next] = 1;
                stack[depth++] = next;
            }
        }
    }
    return false;
}

static bool has_edge(const struct graph *graph, uint32_t from, uint32_t to)
{
    for (uint32_t i = graph->first[from]; i < graph->first[from + 1]; i++)
        if (graph->edges.items[i] == to)
            return true;
    return false;
}

static enum stuck_reason reason_of(const struct graph *graph, uint32_t index, uint8_t *seen,
                                   uint32_t *stack)
{
    switch (graph->waits[index].kind) {
    case WAIT_NOTIFY: return STUCK_LOST_WAKEUP;
    case WAIT_SET: return STUCK_NEVER_SET;
    case WAIT_BARRIER: return STUCK_MISSING_PARTY;
    case WAIT_ACTION:
    case WAIT_LOCK:
        if (has_edge(graph, index, index))
            return STUCK_SELF;
        return reaches(graph, index, index, seen, stack) ? STUCK_CYCLE : STUCK_NEVER_RELEASED;
    case WAIT_JOIN: return reaches(graph, index, index, seen, stack) ? STUCK_CYCLE : STUCK_JOIN;
    }
    return STUCK_CYCLE;
}

static void find_edges(struct graph *graph)
{
    graph->first = xcalloc(graph->count + 1, sizeof *graph->first);
    for (uint32_t i = 0; i < graph->count; i++) {
        graph->first[i] = (uint32_t)graph->edges.count;
        for (uint32_t j = 0; j < graph->count; j++)
            if (waits_for(graph, i, j))
                vector_push(&graph->edges, j);
    }
    graph->first[graph->count] = (uint32_t)graph->edges.count;
}

void stuck_reasons(const struct stuck_analysis *analysis, const struct model *model,
                   const struct world *world, const struct wait *waits, struct stuck_report *report)
{
    uint32_t count = report->count;
    if (!count)
        return;
    struct graph graph = {
        .analysis = analysis, .model = model, .world = world, .waits = waits, .count = count};
    graph.powers = xcalloc(count, sizeof *graph.powers);
    graph.own = xcalloc(count, sizeof *graph.own);
    for (uint32_t i = 0; i < count; i++)
        graph.powers[i] = stuck_powers(analysis, model, head_of(&graph, i), waits[i].thread, 0,
                                       NULL, false, NULL, &graph.own[i]);
    find_edges(&graph);
    uint8_t *seen = xcalloc(count, 1);
    uint32_t *stack = xcalloc(count + 1, sizeof *stack);
    for (uint32_t i = 0; i < count; i++)
        report->threads[i].reason = (uint8_t)reason_of(&graph, i, seen, stack);
    for (uint32_t i = 0; i < count; i++)
        if (graph.own[i])
            free(graph.powers[i]);
    free(stack);
    free(seen);
    free(graph.first);
    vector_fini(&graph.edges);
    free(graph.own);
    free(graph.powers);
}
