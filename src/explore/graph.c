/*
 * Searching level by level with several workers.
 *
 * A level is cut into batches. In a batch each worker takes states from the frontier by a shared
 * counter, performs their moves and claims fingerprints in the visited set; whoever claims one
 * keeps the new state in buffers of its own. Nothing else is shared while a batch runs. Then one
 * thread walks over what was done in the order of the states, numbers the new ones and writes the
 * edges. Room in the visited set is reserved before a batch: the moves of its states are known.
 *
 *     workers      claim(fingerprint) ... claim(fingerprint)      |            | next batch
 *     first one                                                   | numbering  |
 *
 * The counter hands out states in any order, but numbers follow the states' order, so a race
 * between two workers for the same fingerprint only decides who keeps the (equal) bytes. The
 * hand-over between batches is the mutex of the crew.
 */
#include "explore/graph.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/die.h"
#include "explore/expand.h"

enum {
    BATCH_STATES = 4096,
    BATCH_MOVES = 1 << 16,
    CREW_FROM = 20000, /* states before a second worker is worth its start */
    MAX_JOBS = 32,
};

struct frontier {
    vector(char) bytes;
    vector(uint64_t) places;
    uint32_t first; /* number of its first state */
};

struct search;

struct crew_member {
    struct search *search;
    struct worker *worker;
    pthread_t thread;
};

struct search {
    struct graph *graph;
    struct space_shape *shape;
    struct reduction *reduction;
    struct findings *findings;
    const struct graph_limits *limits;
    struct explore_progress *progress;
    struct visited visited;
    struct frontier level, next;
    bool columned, collapsed; /* whether there are: */
    struct columns columns;
    struct collapse collapse;
    bool prune;
    bool cut; /* some state was not expanded wholly: time was up */
    struct worker workers[MAX_JOBS];
    unsigned worker_count;
    vector(struct raw_item) raw;
    size_t
        merged; /* states of the batch that the only worker had numbered, kept for the next level */
    /* Whole states by number, when exact. */
    struct arena whole_arena;
    vector(const char *) whole;
    /* The batch: states [batch_first, batch_end) of the level. */
    uint32_t batch_first, batch_end;
    _Atomic uint32_t batch_next; /* relaxed: only hands out indices */
    /* The crew: threads that help with batches. */
    struct crew_member members[MAX_JOBS];
    unsigned member_count;
    pthread_mutex_t guard;
    pthread_cond_t begin, done;
    uint64_t generation; /* guarded: batches begun */
    unsigned busy;       /* guarded: members still at work */
    bool quit;           /* guarded */
};

/* ---- the crew ---- */

static const struct packed *packed_at(const struct frontier *frontier, uint32_t at)
{
    return (const struct packed *)(frontier->bytes.items + frontier->places.items[at]);
}

static void work(struct search *search, struct worker *worker)
{
    for (;;) {
        uint32_t at = atomic_fetch_add_explicit(&search->batch_next, 1, memory_order_relaxed);
        if (at >= search->batch_end)
            break;
        worker_expand(worker, packed_at(&search->level, at),
                      &search->raw.items[at - search->batch_first]);
    }
    worker_finish(worker);
}

static void *crew_main(void *argument)
{
    struct crew_member *member = argument;
    struct search *search = member->search;
    uint64_t seen = 0;
    pthread_mutex_lock(&search->guard);
    for (;;) {
        while (!search->quit && search->generation == seen)
            pthread_cond_wait(&search->begin, &search->guard);
        if (search->quit)
            break;
        seen = search->generation;
        pthread_mutex_unlock(&search->guard);
        work(search, member->worker);
        pthread_mutex_lock(&search->guard);
        if (--search->busy == 0)
            pthread_cond_signal(&search->done);
    }
    pthread_mutex_unlock(&search->guard);
    return NULL;
}

static void add_worker(struct search *search)
{
    struct worker *worker = &search->workers[search->worker_count];
    worker_init(worker, search->shape, search->reduction, search->findings);
    worker->visited = &search->visited;
    worker->number = search->worker_count++;
    worker->prune = search->prune;
    worker->stop = search->limits->stop;
    worker->exact = search->limits->exact;
    if (search->columned) /* the first worker's come with the first state */
        worker_share(worker, &search->columns, search->collapsed ? &search->collapse : NULL);
}

static void call_crew(struct search *search)
{
    unsigned jobs = search->limits->jobs > MAX_JOBS ? MAX_JOBS : search->limits->jobs;
    if (search->limits->exact)
        jobs = 1;
    while (search->worker_count < jobs) {
        struct crew_member *member = &search->members[search->member_count];
        member->search = search;
        member->worker = &search->workers[search->worker_count];
        add_worker(search);
        if (pthread_create(&member->thread, NULL, crew_main, member) != 0) {
            worker_fini(member->worker);
            search->worker_count--;
            return;
        }
        search->member_count++;
    }
}

static void dismiss_crew(struct search *search)
{
    pthread_mutex_lock(&search->guard);
    search->quit = true;
    pthread_cond_broadcast(&search->begin);
    pthread_mutex_unlock(&search->guard);
    for (unsigned i = 0; i < search->member_count; i++)
        pthread_join(search->members[i].thread, NULL);
}

/* ---- a batch ---- */

static void run_batch(struct search *search)
{
    bool together = search->member_count > 0 && search->batch_end - search->batch_first > 64;
    for (unsigned i = 0; i < search->worker_count; i++) {
        struct worker *worker = &search->workers[i];
        worker->edges.count = worker->bytes.count = worker->places.count = 0;
        worker->found.count = worker->died.count = 0;
        worker->edge_count = 0;
        worker->alone = !together && !search->limits->exact;
        worker->numbered = search->graph->state_count;
        worker->closed = search->next.first;
        worker->whole = search->whole.items;
    }
    atomic_store_explicit(&search->batch_next, search->batch_first, memory_order_relaxed);
    if (together) {
        pthread_mutex_lock(&search->guard);
        search->busy = search->member_count;
        search->generation++;
        pthread_cond_broadcast(&search->begin);
        pthread_mutex_unlock(&search->guard);
    }
    work(search, &search->workers[0]);
    if (together) {
        pthread_mutex_lock(&search->guard);
        while (search->busy)
            pthread_cond_wait(&search->done, &search->guard);
        pthread_mutex_unlock(&search->guard);
    }
}

/* Numbers a new state and keeps it for the next level. */
static uint32_t number_state(struct search *search, const struct packed *packed)
{
    size_t size = packed_room(packed->size);
    uint32_t number = search->graph->state_count++;
    search->visited.count++;
    struct frontier *next = &search->next;
    vector_push(&next->places, next->bytes.count);
    vector_reserve(&next->bytes, next->bytes.count + size);
    memcpy(next->bytes.items + next->bytes.count, packed, size);
    next->bytes.count += size;
    if (search->limits->exact) {
        char *whole = arena_alloc(&search->whole_arena, size);
        memcpy(whole, packed, size);
        vector_push(&search->whole, whole);
    }
    return number;
}

static const struct packed *claimed(const struct search *search, const struct visited_slot *slot)
{
    const struct worker *worker = &search->workers[slot->reference >> WORKER_SHIFT];
    uint64_t place = worker->places.items[slot->reference & ((1u << WORKER_SHIFT) - 1)];
    return (const struct packed *)(worker->bytes.items + place);
}

/* Enters how a state was judged. */
static void merge_judgement(struct search *search, uint32_t state, const struct raw_item *raw)
{
    const uint16_t *found = search->workers[raw->worker].found.items;
    for (uint32_t i = 0; i < raw->kind_count; i++)
        vector_push(&search->graph->failing_states,
                    (struct failing_state){state, found[raw->first_kind + i]});
    if (raw->outcome != UINT32_MAX)
        vector_push(&search->graph->finals, (struct final_state){state, raw->outcome});
}

/* The number + 1 of where a step leads, given now when it has none. */
static uint32_t merge_target(struct search *search, const struct raw_edge *edge)
{
    const struct worker *first = &search->workers[0];
    if (edge->target > search->graph->state_count) /* given by the only worker, in order */
        number_state(search, (const struct packed *)(first->bytes.items +
                                                     first->places.items[search->merged++]));
    if (edge->target)
        return edge->target;
    struct visited_slot *slot = &search->visited.slots[edge->slot];
    if (!slot->number)
        slot->number = number_state(search, claimed(search, slot)) + 1;
    return slot->number;
}

static void merge_item(struct search *search, const struct raw_item *raw)
{
    struct graph *graph = search->graph;
    const struct raw_edge *edges =
        raw->edge_count ? search->workers[raw->worker].edges.items + raw->first_edge : NULL;
    uint32_t source = graph->done_count++;
    merge_judgement(search, source, raw);
    for (uint32_t i = 0; i < raw->edge_count; i++) {
        const struct raw_edge *edge = &edges[i];
        uint32_t target = merge_target(search, edge);
        const uint16_t *died = search->workers[raw->worker].died.items;
        for (uint32_t k = 0; k < edge->kind_count; k++)
            vector_push(&graph->failing_edges, (struct failing_edge){graph->edges.count, source,
                                                                     died[edge->first_kind + k]});
        graph->level_edges |= target <= search->next.first;
        vector_push(&graph->edges,
                    (struct edge){target - 1, edge->code, edge->landed, edge->flags});
    }
    vector_push(&graph->starts, graph->edges.count);
}

static void merge(struct search *search)
{
    search->merged = 0;
    for (uint32_t i = 0; i < search->batch_end - search->batch_first; i++)
        merge_item(search, &search->raw.items[i]);
    for (unsigned i = 0; i < search->worker_count; i++) {
        search->graph->steps += search->workers[i].steps;
        search->workers[i].steps = 0;
        search->graph->pruned |= search->workers[i].pruned;
        search->cut |= search->workers[i].cut;
    }
}

/* Chooses the next batch of the level and makes room for what it may find. Near the limit of states
 * the moves are counted, so that it is passed by little. */
static void choose_batch(struct search *search, uint32_t from)
{
    uint64_t moves = 0, left = search->limits->states - search->graph->state_count,
             most = left < BATCH_MOVES ? left : BATCH_MOVES;
    uint32_t at = from, end = (uint32_t)search->level.places.count,
             each = left < BATCH_MOVES ? 0 : search->shape->moves_most;
    for (; at < end && at - from < BATCH_STATES && (at == from || moves < most); at++)
        moves +=
            each ? each : worker_count_moves(&search->workers[0], packed_at(&search->level, at));
    search->batch_first = from;
    search->batch_end = at;
    visited_reserve(&search->visited, moves + 1);
    vector_reserve(&search->raw, at - from);
}

/* Judges the states that were found and not expanded, when a search was stopped: what is wrong in
 * them counts. */
static void judge_rest(struct search *search)
{
    struct worker *worker = &search->workers[0];
    uint32_t count = (uint32_t)search->level.places.count;
    struct raw_item raw;
    for (uint32_t at = search->batch_end; at < count && !stop_now(worker->stop); at++) {
        worker->found.count = 0;
        worker_judge(worker, packed_at(&search->level, at), &raw);
        merge_judgement(search, search->level.first + at, &raw);
    }
    for (uint32_t at = 0; at < search->next.places.count && !stop_now(worker->stop); at++) {
        worker->found.count = 0;
        worker_judge(worker, packed_at(&search->next, at), &raw);
        merge_judgement(search, search->next.first + at, &raw);
    }
}

/* ---- the whole ---- */

static uint64_t bytes_used(const struct search *search)
{
    const struct graph *graph = search->graph;
    uint64_t bytes = visited_bytes(&search->visited) + graph->edges.capacity * sizeof(struct edge) +
                     graph->starts.capacity * sizeof(uint64_t) +
                     graph->failing_edges.capacity * sizeof(struct failing_edge) +
                     graph->failing_states.capacity * sizeof(struct failing_state) +
                     graph->finals.capacity * sizeof(struct final_state) +
                     search->level.bytes.capacity + search->next.bytes.capacity +
                     (search->level.places.capacity + search->next.places.capacity) * 8 +
                     (search->columned ? columns_bytes(&search->columns) : 0) +
                     (search->collapsed ? collapse_bytes(&search->collapse) : 0) +
                     search->whole_arena.used + search->whole.capacity * sizeof(char *);
    for (unsigned i = 0; i < search->worker_count; i++)
        bytes += search->workers[i].edges.capacity * sizeof(struct raw_edge) +
                 search->workers[i].found.capacity * sizeof(uint16_t) +
                 search->workers[i].died.capacity * sizeof(uint16_t) +
                 search->workers[i].bytes.capacity + search->workers[i].places.capacity * 8;
    return bytes;
}

/* Reports progress; says whether to stop. */
static bool must_stop(struct search *search)
{
    struct graph *graph = search->graph;
    const struct graph_limits *limits = search->limits;
    uint64_t bytes = bytes_used(search);
    if (bytes > graph->peak_bytes)
        graph->peak_bytes = bytes;
    struct explore_progress *progress = search->progress;
    if (progress) {
        atomic_store_explicit(&progress->states, graph->state_count, memory_order_relaxed);
        atomic_store_explicit(&progress->depth, graph->depth, memory_order_relaxed);
        atomic_store_explicit(&progress->bytes, bytes, memory_order_relaxed);
        atomic_store_explicit(
            &progress->failures,
            atomic_load_explicit(&search->findings->kind_count, memory_order_relaxed),
            memory_order_relaxed);
        atomic_store_explicit(&progress->outcomes, search->findings->outcome_count,
                              memory_order_relaxed);
    }
    if (graph->state_count >= limits->states)
        graph->stopped_by = "the limit of states";
    else if (bytes + visited_bytes(&search->visited) > limits->memory)
        graph->stopped_by =
            "the limit of memory"; /* growing takes the old and the new set at once */
    else if (stop_cancelled(limits->stop))
        graph->stopped_by = "request";
    else if (stop_now(limits->stop))
        graph->stopped_by = "the limit of time";
    return graph->stopped_by != NULL;
}

/* Levels grow up to about the middle, so up to there what was seen is less than its share. */
static bool will_be_too_large(const struct search *search)
{
    const struct graph *graph = search->graph;
    uint64_t depth = search->limits->depth, sure = 12000;
    return graph->depth <= depth / 2 && graph->state_count > sure &&
           graph->state_count * depth > search->limits->states * graph->depth;
}

static void next_level(struct search *search)
{
    struct frontier done = search->level;
    search->level = search->next;
    search->next = done;
    search->next.bytes.count = search->next.places.count = 0;
    search->next.first = search->graph->state_count;
}

/* The first state is in the worker: from now on states are packed by what differs from it. */
static void share_first(struct search *search, struct worker *worker)
{
    struct space_shape *shape = search->shape;
    if (!shape->columned)
        return;
    if (!worker->symmetric && collapse_fits(shape)) {
        struct collapsed first;
        collapse_init(&search->collapse, shape);
        collapsed_init(&first, &search->collapse, &worker->space, search->findings,
                       worker->base.world);
        collapsed_take(&first);
        columns_init(&search->columns, first.vector, collapse_words(&search->collapse));
        collapsed_fini(&first);
        search->collapsed = true;
    } else {
        columns_init(&search->columns, worker->base.world->words, shape->program->world_size / 8);
    }
    search->columned = true;
    worker_share(worker, &search->columns, search->collapsed ? &search->collapse : NULL);
}

static void first_level(struct search *search, const struct state *start)
{
    struct graph *graph = search->graph;
    struct worker *worker = &search->workers[0];
    struct stepped stepped;
    if (start)
        state_copy(search->shape, &worker->base, start);
    space_start(&worker->space, &worker->base, &stepped);
    if (worker->scratch)
        reduction_canonical(worker->scratch, &worker->base, 0);
    bool fresh;
    uint64_t hash = state_hash(search->shape, &worker->base);
    share_first(search, worker);
    struct visited_slot *slot = visited_insert(&search->visited, hash, &fresh);
    slot->reference = worker_keep_base(worker, hash);
    vector_push(&graph->starts, 0);
    slot->number = number_state(search, claimed(search, slot)) + 1;
    for (uint32_t i = 0; i < stepped.death_count; i++) {
        uint16_t kind = worker_death(worker, &stepped.deaths[i]);
        if (kind != NO_FINDING)
            vector_push(&graph->failing_states, (struct failing_state){0, kind});
    }
    graph->state_bytes = claimed(search, slot)->size;
}

static void search_fini(struct search *search)
{
    dismiss_crew(search);
    for (unsigned i = 0; i < search->worker_count; i++)
        worker_fini(&search->workers[i]);
    if (search->limits->ret_index)
        *search->limits->ret_index = search->visited;
    else
        visited_fini(&search->visited);
    vector_fini(&search->level.bytes);
    vector_fini(&search->level.places);
    vector_fini(&search->next.bytes);
    vector_fini(&search->next.places);
    vector_fini(&search->raw);
    if (search->columned)
        columns_fini(&search->columns);
    if (search->collapsed)
        collapse_fini(&search->collapse);
    vector_fini(&search->whole);
    arena_fini(&search->whole_arena);
    pthread_cond_destroy(&search->begin);
    pthread_cond_destroy(&search->done);
    pthread_mutex_destroy(&search->guard);
    free(search);
}

static bool search_level(struct search *search)
{
    uint32_t count = (uint32_t)search->level.places.count;
    for (uint32_t at = 0; at < count; at = search->batch_end) {
        if (search->graph->state_count > CREW_FROM)
            call_crew(search);
        choose_batch(search, at);
        run_batch(search);
        merge(search);
        if (must_stop(search))
            return search->batch_end == count && search->next.places.count == 0 && !search->cut;
    }
    return true;
}

void graph_build(struct graph *graph, struct space_shape *shape, const struct state *start,
                 struct reduction *reduction, bool prune, struct findings *findings,
                 const struct graph_limits *limits, struct explore_progress *progress)
{
    memset(graph, 0, sizeof *graph);
    struct search *search = xcalloc(1, sizeof *search);
    *search = (struct search){.graph = graph,
                              .shape = shape,
                              .reduction = reduction,
                              .findings = findings,
                              .limits = limits,
                              .progress = progress,
                              .prune = prune};
    pthread_mutex_init(&search->guard, NULL);
    pthread_cond_init(&search->begin, NULL);
    pthread_cond_init(&search->done, NULL);
    visited_init(&search->visited, 1000);
    add_worker(search);
    first_level(search, start);
    bool whole = true;
    while (whole && search->next.places.count) {
        next_level(search);
        graph->depth++;
        whole = search_level(search);
        if (whole && will_be_too_large(search)) {
            graph->stopped_by = "the limit of states";
            whole = false;
        }
        if (graph->stopped_by)
            break;
    }
    graph->complete = whole && search->next.places.count == 0;
    if (graph->complete)
        graph->stopped_by = NULL;
    must_stop(search);
    if (graph->complete)
        graph->stopped_by = NULL;
    if (!graph->complete)
        judge_rest(search);
    if (search->columned)
        graph->state_bytes = atomic_load_explicit(&search->columns.count, memory_order_relaxed);
    while (graph->starts.count <=
           graph->state_count) /* states that were not expanded have no edges */
        vector_push(&graph->starts, graph->edges.count);
    search_fini(search);
}

void graph_fini(struct graph *graph)
{
    vector_fini(&graph->starts);
    vector_fini(&graph->edges);
    vector_fini(&graph->failing_edges);
    vector_fini(&graph->failing_states);
    vector_fini(&graph->finals);
}
