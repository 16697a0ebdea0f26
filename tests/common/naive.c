#include "naive.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "naive_inside.h"

/* A thread that died of an exception. */
struct death {
    uint8_t exception;
    int64_t message;
};

struct search {
    struct model *model;
    const struct program *program;
    struct stuck_analysis *analysis;
    struct naive *naive;
    struct naive_options options;
    struct world *at, *next,
        *scratch;              /* the state being expanded, its successor, and room to try things */
    int64_t *left, *next_left; /* with a clock, of `at` and `next`: what is left of a thread's time;
                                  -1: it has none */
    struct effect effect, tried;
    struct stuck_report report;
    vector(struct death) deaths; /* of the step being taken */
    bool *held;                  /* of each `sometimes` */
    bool ended;                  /* the state being looked at is an end */
};

/* ---- findings ---- */

const struct naive_finding *naive_finding(const struct naive *naive, enum verdict verdict,
                                          const char *detail)
{
    for (size_t i = 0; i < naive->findings.count; i++)
        if (naive->findings.items[i].verdict == verdict &&
            (!detail || strcmp(naive->findings.items[i].detail, detail) == 0))
            return &naive->findings.items[i];
    return NULL;
}

void naive_find(struct naive *naive, enum verdict verdict, const char *detail, uint32_t state,
                uint32_t edge)
{
    const struct naive_finding *known = naive_finding(naive, verdict, detail);
    uint32_t finding = (uint32_t)naive->findings.count;
    if (known)
        finding = (uint32_t)(known - naive->findings.items);
    if (!known)
        vector_push(&naive->findings, (struct naive_finding){verdict, xstrdup(detail), state});
    vector_push(&naive->hits, (struct naive_hit){finding, edge == NAIVE_NO_EDGE ? state : edge,
                                                 edge != NAIVE_NO_EDGE});
}

static void find(struct search *search, enum verdict verdict, const char *detail, uint32_t state)
{
    naive_find(search->naive, verdict, detail, state, NAIVE_NO_EDGE);
}

static void find_death(struct search *search, const struct death *death, uint32_t state,
                       uint32_t edge)
{
    if (death->exception == EXCEPTION_ASSERTION)
        naive_find(search->naive, VERDICT_ASSERTION, model_string(search->model, death->message),
                   state, edge);
    else if (death->exception != EXCEPTION_NONE)
        naive_find(search->naive, VERDICT_ERROR, exception_names[death->exception], state, edge);
}

/* ---- states ---- */

static void table_grow(struct naive *naive)
{
    uint64_t room = naive->table_mask ? 2 * (naive->table_mask + 1) : 1024;
    free(naive->table);
    naive->table = xcalloc(room, sizeof *naive->table);
    naive->table_mask = room - 1;
    for (size_t i = 0; i < naive->states.count; i++) {
        uint64_t at = naive->states.items[i].hash & naive->table_mask;
        while (naive->table[at])
            at = (at + 1) & naive->table_mask;
        naive->table[at] = (uint32_t)i + 1;
    }
}

/* The state's number; a new one is appended with its bytes. */
static uint32_t enter(struct search *search, const struct world *world, uint32_t parent,
                      uint32_t thread, struct choice choice)
{
    struct naive *naive = search->naive;
    if (2 * (naive->states.count + 1) > naive->table_mask)
        table_grow(naive);
    uint32_t threads = search->options.ordered ? search->program->thread_limit : 0;
    uint64_t hash = world_hash(search->model, world);
    if (threads)
        hash = hash_bytes(hash, search->next_left, threads * sizeof *search->next_left);
    uint64_t at = hash & naive->table_mask;
    for (; naive->table[at]; at = (at + 1) & naive->table_mask)
        if (naive->states.items[naive->table[at] - 1].hash == hash)
            return naive->table[at] - 1;
    size_t size = world_pack(search->model, world, NULL, 0), begin = naive->bytes.count;
    vector_reserve(&naive->bytes, begin + size);
    naive->bytes.count += size;
    world_pack(search->model, world, naive->bytes.items + begin, size);
    uint32_t number = (uint32_t)naive->states.count;
    vector_push(&naive->states, (struct naive_state){.hash = hash,
                                                     .packed = begin,
                                                     .size = (uint32_t)size,
                                                     .parent = parent,
                                                     .thread = (uint16_t)thread,
                                                     .choice = choice});
    for (uint32_t i = 0; i < threads; i++)
        vector_push(&naive->clocks, search->next_left[i]);
    naive->table[at] = number + 1;
    return number;
}

void naive_restore(const struct naive *naive, struct model *model, uint32_t state,
                   struct world *world)
{
    const struct naive_state *about = &naive->states.items[state];
    world_unpack(model, world, naive->bytes.items + about->packed, about->size);
}

/* ---- steps ---- */

void naive_run_quiet(struct model *model, struct world *world, uint32_t thread,
                     struct effect *effect)
{
    while (world_thread_const(model, world, thread)->status == THREAD_ALIVE) {
        struct operation operation;
        model_next(model, world, thread, &operation);
        if (!operation_quiet(operation.op))
            return;
        model_perform(model, world, thread, (struct choice){CHOICE_STEP, 0}, effect);
    }
}

static void note_death(struct search *search, const struct effect *effect)
{
    if (effect->died_of)
        vector_push(&search->deaths, (struct death){effect->died_of, effect->message});
}

/* Whether a thread must still sleep or compute before it can do what is next. */
static bool must_rest(struct search *search, uint32_t thread, const struct operation *next)
{
    int64_t *left = &search->next_left[thread];
    bool takes_time = next->op == OP_SLEEP || next->op == OP_IO || next->op == OP_COMPUTE;
    if (!search->options.ordered || !takes_time)
        return false;
    if (*left < 0)
        *left = next->value > 0 ? next->value : 0;
    if (*left > 0)
        return true;
    *left = -1;
    return false;
}

/* Performs what counts as part of the step before. True: the thread has slept. */
static bool run_on(struct search *search, struct world *world, uint32_t thread)
{
    bool slept = false;
    while (!search->options.separate_quiet &&
           world_thread_const(search->model, world, thread)->status == THREAD_ALIVE) {
        struct operation next;
        model_next(search->model, world, thread, &next);
        if (!operation_quiet(next.op) && (next.op != OP_END || !search->options.fuse_ends))
            return slept;
        if (must_rest(search, thread, &next))
            return slept;
        slept |= next.op == OP_SLEEP || next.op == OP_IO;
        model_perform(search->model, world, thread, (struct choice){CHOICE_STEP, 0},
                      &search->tried);
        note_death(search, &search->tried);
    }
    return slept;
}

uint32_t naive_state_of(const struct naive *naive, struct model *model,
                        const struct naive_options *options, struct world *world)
{
    struct search search = {.model = model, .options = *options};
    for (uint32_t i = 0; i < world_thread_end(model, world); i++)
        run_on(&search, world, i);
    effect_fini(&search.tried);
    vector_fini(&search.deaths);
    uint64_t hash = world_hash(model, world), at = hash & naive->table_mask;
    for (; naive->table[at]; at = (at + 1) & naive->table_mask)
        if (naive->states.items[naive->table[at] - 1].hash == hash)
            return naive->table[at] - 1;
    return UINT32_MAX;
}

/* What the thread could do; with a clock a time-out comes when its time is over. */
static unsigned can_do(struct search *search, const struct world *world, const int64_t *left,
                       uint32_t thread)
{
    unsigned enabled = model_enabled(search->model, world, thread);
    struct operation next;
    if (!enabled || !search->options.ordered)
        return enabled;
    model_next(search->model, world, thread, &next);
    if (operation_quiet(next.op))
        return left[thread] > 0 ? ENABLED_NO : enabled;
    if (left[thread] > 0)
        enabled &= ~(unsigned)ENABLED_TIMEOUT;
    if ((enabled & ENABLED_STEP) && (enabled & ENABLED_TIMEOUT) && left[thread] < 0)
        return next.timeout > 0 ? ENABLED_STEP : ENABLED_TIMEOUT; /* wait_for, once more */
    return enabled;
}

/* A wait with a time-out has begun, or there is none. */
static void begin_wait(struct search *search, uint32_t thread)
{
    struct operation next = {0};
    if (world_thread_const(search->model, search->next, thread)->status == THREAD_ALIVE)
        model_next(search->model, search->next, thread, &next);
    if (search->next_left[thread] < 0 && next.phase == PHASE_WAITING && next.timed)
        search->next_left[thread] = next.timeout > 0 ? next.timeout : 0;
}

/* While nobody can go, the clock moves on to where the next time is over. */
static void move_clock(struct search *search)
{
    uint32_t end = world_thread_end(search->model, search->next);
    int64_t least = 0;
    while (least < INT64_MAX && !model_finished(search->model, search->next)) {
        least = INT64_MAX;
        for (uint32_t i = 0; i < end; i++) {
            if (can_do(search, search->next, search->next_left, i))
                return;
            if (search->next_left[i] > 0 && search->next_left[i] < least)
                least = search->next_left[i];
        }
        for (uint32_t i = 0; i < end && least < INT64_MAX; i++)
            if (search->next_left[i] > 0)
                search->next_left[i] -= least;
        for (uint32_t i = 0; i < end && least < INT64_MAX; i++) {
            run_on(search, search->next, i);
            begin_wait(search, i);
        }
    }
}

static bool is_next(const struct search *search, const struct world *world, uint32_t thread,
                    uint8_t op)
{
    struct operation next;
    if (world_thread_const(search->model, world, thread)->status != THREAD_ALIVE)
        return false;
    model_next(search->model, world, thread, &next);
    return next.op == op;
}

static bool is_daemon(const struct search *search, uint32_t thread)
{
    if (thread < search->program->thread_count)
        return search->program->threads[thread].daemon;
    return world_thread_const(search->model, search->at, thread)->flags & THREAD_DAEMON;
}

static void step(struct search *search, uint32_t state, uint32_t thread, struct choice choice)
{
    struct naive *naive = search->naive;
    bool daemon = is_daemon(search, thread);
    search->deaths.count = 0;
    world_copy(search->model, search->next, search->at);
    if (search->options.ordered) {
        memcpy(search->next_left, search->left,
               search->program->thread_limit * sizeof *search->left);
        if (search->left[thread] >= 0)
            model_wait_left(search->model, search->next, thread, search->left[thread]);
        search->next_left[thread] = -1;
    }
    model_perform(search->model, search->next, thread, choice, &search->effect);
    note_death(search, &search->effect);
    naive->steps++;
    bool slept = run_on(search, search->next, thread);
    if (search->effect.op == OP_START && search->effect.thread != UINT32_MAX)
        run_on(search, search->next, search->effect.thread);
    if (search->options.ordered) {
        begin_wait(search, thread);
        move_clock(search);
    }
    uint32_t to = enter(search, search->next, state, thread, choice);
    bool left_free = slept || is_next(search, search->next, thread, OP_YIELD);
    vector_push(&naive->edges,
                (struct naive_edge){state, to, (uint16_t)thread, choice.kind == CHOICE_TIMEOUT,
                                    daemon, choice, left_free});
    vector_each (struct death, death, &search->deaths)
        find_death(search, death, to, (uint32_t)naive->edges.count - 1);
}

/* ---- looking at a state ---- */

/* The plain accesses that a thread does next. */
struct access {
    uint32_t cell, width;
    bool write, atomic;
};

struct accesses {
    vector(struct access) items;
};

static void find_accesses(struct search *search, uint32_t thread, struct accesses *out)
{
    struct operation operation;
    out->items.count = 0;
    if (world_thread_const(search->model, search->at, thread)->status != THREAD_ALIVE)
        return;
    model_next(search->model, search->at, thread, &operation);
    if (operation.op == OP_LOAD || operation.op == OP_STORE) {
        vector_push(&out->items, (struct access){operation.thing, operation.width,
                                                 operation.op == OP_STORE, false});
    } else if (operation.op == OP_ATOMIC_BEGIN) {
        world_copy(search->model, search->scratch, search->at);
        model_apply(search->model, search->scratch, thread, (struct choice){CHOICE_STEP, 0},
                    &search->tried);
        for (uint32_t i = 0; i < search->tried.touch_count; i++) {
            const struct touch *touch = &search->tried.touches[i];
            if (touch->op == OP_LOAD || touch->op == OP_STORE)
                vector_push(&out->items,
                            (struct access){touch->thing, 1, touch->op == OP_STORE, true});
        }
    }
}

static void find_races_between(struct search *search, const struct accesses *a,
                               const struct accesses *b, uint32_t state)
{
    for (size_t i = 0; i < a->items.count; i++)
        for (size_t j = 0; j < b->items.count; j++) {
            const struct access *x = &a->items.items[i], *y = &b->items.items[j];
            if ((!x->write && !y->write) || (x->atomic && y->atomic) ||
                x->cell >= y->cell + y->width || y->cell >= x->cell + x->width)
                continue;
            struct text name = {0};
            program_thing_name(search->program, x->cell > y->cell ? x->cell : y->cell, &name);
            find(search, VERDICT_RACE, text_bytes(&name), state);
            text_fini(&name);
        }
}

static void find_races(struct search *search, uint32_t state)
{
    uint32_t end = world_thread_end(search->model, search->at);
    struct accesses *all = xcalloc(end + 1, sizeof *all);
    for (uint32_t i = 0; i < end; i++) {
        find_accesses(search, i, &all[i]);
        for (uint32_t j = 0; all[i].items.count && j < i; j++)
            find_races_between(search, &all[i], &all[j], state);
    }
    for (uint32_t i = 0; i < end; i++)
        vector_fini(&all[i].items);
    free(all);
}

/* False when an invariant is broken: that schedule ends. */
static bool look_at_properties(struct search *search, uint32_t state)
{
    bool good = true;
    for (uint32_t i = 0; i < search->program->invariant_count; i++) {
        enum exception raised;
        const struct property *property = &search->program->invariants[i];
        if (model_holds(search->model, search->at, property, &raised))
            continue;
        good = false;
        if (raised)
            find(search, VERDICT_ERROR, exception_names[raised], state);
        else
            find(search, VERDICT_ASSERTION, property->text, state);
    }
    for (uint32_t i = 0; i < search->program->sometimes_count; i++)
        if (!search->held[i])
            search->held[i] =
                model_holds(search->model, search->at, &search->program->sometimes[i], NULL);
    return good;
}

uint64_t naive_outcome(const struct model *model, const struct world *world)
{
    return hash_bytes(1, world->words, 8 * (size_t)model_program(model)->cell_count);
}

static void look_at_end(struct search *search, uint32_t state)
{
    uint64_t outcome = naive_outcome(search->model, search->at);
    vector_push(&search->naive->outcomes, outcome);
    vector_push(&search->naive->ends, (struct naive_end){state, outcome});
    world_copy(search->model, search->scratch, search->at);
    model_after(search->model, search->scratch, &search->effect, NULL, NULL);
    struct death death = {search->effect.died_of, search->effect.message};
    find_death(search, &death, state, NAIVE_NO_EDGE);
}

static void name_stuck(struct search *search, struct text *out)
{
    for (uint32_t i = 0; i < search->report.count; i++) {
        const struct stuck_thread *thread = &search->report.threads[i];
        text_add(out, i ? ", " : "");
        model_thread_name(search->model, search->at, thread->thread, out);
        text_printf(out, ": %s", stuck_reason_names[thread->reason]);
    }
}

static void look_for_stuck(struct search *search, uint32_t state, bool anyone)
{
    struct naive *naive = search->naive;
    bool quick = stuck_any(search->analysis, search->model, search->at);
    bool dead = stuck_find(search->analysis, search->model, search->at, &search->report);
    if (quick != dead)
        text_printf(&naive->defects, "state %u: stuck_any and stuck_find disagree\n", state);
    if (!anyone && !dead)
        text_printf(&naive->defects, "state %u: nobody can step, nobody is stuck\n", state);
    if (!dead)
        return;
    struct text names = {0};
    name_stuck(search, &names);
    find(search, VERDICT_DEADLOCK, text_bytes(&names), state);
    text_fini(&names);
    for (uint32_t i = 0; i < search->report.count; i++)
        if (search->report.threads[i].thread < 64)
            naive->states.items[state].stuck |= (uint64_t)1 << search->report.threads[i].thread;
    if (!anyone)
        vector_push(&naive->dead_outcomes, naive_outcome(search->model, search->at));
}

/* ---- the search ---- */

static void try_thread(struct search *search, uint32_t state, uint32_t thread, bool *anyone)
{
    unsigned enabled = can_do(search, search->at, search->left, thread);
    if (enabled)
        *anyone = true;
    if (enabled & ENABLED_STEP)
        step(search, state, thread, (struct choice){CHOICE_STEP, 0});
    if (enabled & ENABLED_TIMEOUT)
        step(search, state, thread, (struct choice){CHOICE_TIMEOUT, 0});
    if (enabled & ENABLED_VALUE) {
        struct operation operation;
        model_next(search->model, search->at, thread, &operation);
        for (int64_t value = operation.value; value <= operation.value2; value++)
            step(search, state, thread, (struct choice){CHOICE_VALUE, value});
    }
}

static void expand(struct search *search, uint32_t state)
{
    naive_restore(search->naive, search->model, state, search->at);
    search->naive->states.items[state].first_edge = (uint32_t)search->naive->edges.count;
    uint32_t threads = search->program->thread_limit;
    if (search->options.ordered)
        memcpy(search->left, &search->naive->clocks.items[(size_t)state * threads],
               threads * sizeof *search->left);
    if (!look_at_properties(search, state))
        return;
    if (model_finished(search->model, search->at)) {
        look_at_end(search, state);
        return;
    }
    find_races(search, state);
    bool anyone = false;
    uint32_t end = world_thread_end(search->model, search->at);
    for (uint32_t thread = 0; thread < end; thread++)
        try_thread(search, state, thread, &anyone);
    if (!search->options.no_stuck)
        look_for_stuck(search, state, anyone);
    else if (!anyone)
        find(search, VERDICT_DEADLOCK, "nobody can step", state);
}

/* ---- after the search ---- */

/* Who was called stuck must not step in any state that follows. */
static void check_stuck(struct naive *naive)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < naive->edges.count; i++) {
            const struct naive_edge *edge = &naive->edges.items[i];
            uint64_t from = naive->states.items[edge->from].stuck,
                     *to = &naive->states.items[edge->to].stuck;
            changed |= (*to | from) != *to;
            *to |= from;
        }
    }
    for (size_t i = 0; i < naive->edges.count; i++) {
        const struct naive_edge *edge = &naive->edges.items[i];
        if (edge->thread < 64 && naive->states.items[edge->from].stuck >> edge->thread & 1) {
            text_printf(&naive->defects, "state %u: thread %u was called stuck, and steps\n",
                        edge->from, edge->thread);
            return;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_outcomes(uint64_t *items, size_t *count)
{
    size_t kept = 0;
    if (*count)
        qsort(items, *count, sizeof *items, by_value);
    for (size_t i = 0; i < *count; i++)
        if (!kept || items[kept - 1] != items[i])
            items[kept++] = items[i];
    *count = kept;
}

static void begin(struct search *search)
{
    search->at = world_new(search->model);
    search->next = world_new(search->model);
    search->scratch = world_new(search->model);
    search->held = xcalloc(search->program->sometimes_count + 1, sizeof *search->held);
    search->analysis = stuck_new(search->program);
    search->left = xcalloc(search->program->thread_limit + 1u, sizeof *search->left);
    search->next_left = xcalloc(search->program->thread_limit + 1u, sizeof *search->left);
    memset(search->next_left, 0xff, search->program->thread_limit * sizeof *search->left);
    for (uint32_t i = 0; i < search->program->thread_count; i++)
        run_on(search, search->at, i);
    if (search->options.ordered) {
        world_copy(search->model, search->next, search->at);
        move_clock(search);
        world_copy(search->model, search->at, search->next);
    }
    enter(search, search->at, UINT32_MAX, 0, (struct choice){0});
    vector_each (struct death, death, &search->deaths)
        find_death(search, death, 0, NAIVE_NO_EDGE);
}

static void finish(struct search *search)
{
    world_free(search->at, search->model);
    world_free(search->next, search->model);
    world_free(search->scratch, search->model);
    effect_fini(&search->effect);
    effect_fini(&search->tried);
    stuck_fini(&search->report);
    stuck_free(search->analysis);
    vector_fini(&search->deaths);
    free(search->left);
    free(search->next_left);
    free(search->held);
}

void naive_explore(struct model *model, const struct naive_options *options,
                   struct naive *ret_naive)
{
    struct search search = {.model = model, .program = model_program(model), .naive = ret_naive};
    if (options)
        search.options = *options;
    uint64_t most = search.options.max_states ? search.options.max_states : 300000;
    begin(&search);
    uint32_t state = 0;
    for (; state < ret_naive->states.count && ret_naive->states.count <= most; state++)
        expand(&search, state);
    ret_naive->complete = state == ret_naive->states.count;
    if (ret_naive->complete) {
        naive_find_livelock(search.naive);
        for (uint32_t i = 0; i < search.program->sometimes_count; i++)
            if (!search.held[i])
                find(&search, VERDICT_UNREACHED, search.program->sometimes[i].text, 0);
    }
    check_stuck(ret_naive);
    sort_outcomes(ret_naive->outcomes.items, &ret_naive->outcomes.count);
    sort_outcomes(ret_naive->dead_outcomes.items, &ret_naive->dead_outcomes.count);
    finish(&search);
}

void naive_fini(struct naive *naive)
{
    for (size_t i = 0; i < naive->findings.count; i++)
        free(naive->findings.items[i].detail);
    vector_fini(&naive->findings);
    vector_fini(&naive->hits);
    vector_fini(&naive->ends);
    vector_fini(&naive->outcomes);
    vector_fini(&naive->dead_outcomes);
    vector_fini(&naive->states);
    vector_fini(&naive->edges);
    vector_fini(&naive->bytes);
    vector_fini(&naive->clocks);
    free(naive->table);
    naive->table = NULL;
    naive->table_mask = 0;
    text_fini(&naive->defects);
}

bool naive_has_outcome(const struct naive *naive, uint64_t outcome)
{
    return naive->outcomes.count && bsearch(&outcome, naive->outcomes.items, naive->outcomes.count,
                                            sizeof outcome, by_value);
}

bool naive_has_dead_outcome(const struct naive *naive, uint64_t outcome)
{
    return naive->dead_outcomes.count &&
           bsearch(&outcome, naive->dead_outcomes.items, naive->dead_outcomes.count, sizeof outcome,
                   by_value);
}
