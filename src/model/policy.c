#include "model/policy.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "model/world.h"

const char *const policy_names[POLICIES] = {
#define POLICY(id, name, quantum, counts, meaning) [POLICY_##id] = name,
#include "model/policies.def"
#undef POLICY
};
const char *const policy_meanings[POLICIES] = {
#define POLICY(id, name, quantum, counts, meaning) [POLICY_##id] = meaning,
#include "model/policies.def"
#undef POLICY
};
const char *const policy_counts[POLICIES] = {
#define POLICY(id, name, quantum, counts, meaning) [POLICY_##id] = counts,
#include "model/policies.def"
#undef POLICY
};
static const uint8_t policy_quanta[POLICIES] = {
#define POLICY(id, name, quantum, counts, meaning) [POLICY_##id] = quantum,
#include "model/policies.def"
#undef POLICY
};

enum {
    PCT_LENGTH = 100, /* steps that a run is thought to have, until told otherwise */
    TIMEOUT_ODDS =
        16, /* random policies: one in so many choices is a time-out, where there is one */
};

void policy_init(struct policy *policy, enum policy_kind kind, uint64_t seed, uint64_t quantum)
{
    *policy = (struct policy){
        .kind = kind,
        .seed = seed,
        .quantum = quantum ? quantum : policy_quanta[kind],
        .length = PCT_LENGTH,
    };
}

void policy_fini(struct policy *policy)
{
    vector_fini(&policy->lowered);
    vector_fini(&policy->lowest);
}

/* ---- Names ---- */

static bool find_kind(const char *name, size_t length, enum policy_kind *ret_kind)
{
    int found = -1, count = 0;
    if (length == 2 && strncmp(name, "rr", 2) == 0) {
        *ret_kind = POLICY_ROUND_ROBIN;
        return true;
    }
    for (int kind = 0; kind < POLICIES; kind++) {
        if (strncmp(policy_names[kind], name, length) != 0)
            continue;
        found = kind;
        count = policy_names[kind][length] == 0 ? 1 : count + 1;
    }
    if (length == 0 || count != 1)
        return false;
    *ret_kind = (enum policy_kind)found;
    return true;
}

/* "5", "10ms", "500us", "1s" → steps. */
static bool read_quantum(const char *text, uint64_t *ret_quantum)
{
    static const struct {
        const char *unit;
        double steps;
    } units[] = {{"", 1}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"min", 6e4}};
    char *rest;
    if (!isdigit((unsigned char)*text))
        return false;
    double number = strtod(text, &rest);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(rest, units[i].unit) != 0)
            continue;
        double steps = number * units[i].steps;
        if (steps > 1e12 || (i == 0 && steps < 1))
            return false;
        *ret_quantum = steps < 1 ? 1 : (uint64_t)steps;
        return true;
    }
    return false;
}

bool policy_parse(const char *text, enum policy_kind *ret_kind, uint64_t *ret_quantum,
                  struct text *error)
{
    size_t length = strcspn(text, " \t:=");
    enum policy_kind kind;
    if (!find_kind(text, length, &kind)) {
        text_printf(error, "there is no policy `%.*s`; there are", (int)length, text);
        for (int i = 0; i < POLICIES; i++)
            text_printf(error, "%s %s",
                        i == 0              ? ""
                        : i == POLICIES - 1 ? " and"
                                            : ",",
                        policy_names[i]);
        return false;
    }
    const char *rest = text + length;
    while (*rest && strchr(" \t:=", *rest))
        rest++;
    uint64_t quantum = 0;
    if (*rest && !policy_quanta[kind]) {
        text_printf(error, "the policy %s has no number", policy_names[kind]);
        return false;
    }
    if (*rest && !read_quantum(rest, &quantum)) {
        text_printf(error, "`%s` is no number of steps (such as 5, or 10ms at 1 ms a step)", rest);
        return false;
    }
    *ret_kind = kind;
    *ret_quantum = quantum;
    return true;
}

bool policy_of_program(struct policy *policy, const struct program *program, uint64_t seed,
                       struct text *error)
{
    const struct program_options *options = &program->options;
    enum policy_kind kind = options->gil ? POLICY_GIL : POLICY_RANDOM;
    uint64_t quantum =
        options->gil ? (uint64_t)((options->gil + GIL_STEP_TIME - 1) / GIL_STEP_TIME) : 0;
    if (options->policy && !policy_parse(options->policy, &kind, &quantum, error))
        return false;
    if (options->policy && options->policy_quantum > 0 && policy_quanta[kind]) {
        /* A plain number counts steps, a time counts steps of the step clock; nobody writes 1000
         * steps or 999 ns. */
        int64_t given = options->policy_quantum;
        quantum = given < 1000 ? (uint64_t)given
                               : (uint64_t)((given + GIL_STEP_TIME - 1) / GIL_STEP_TIME);
    }
    policy_init(policy, kind, seed, quantum);
    return true;
}

void policy_write(const struct policy *policy, struct text *out)
{
    for (const char *c = policy_names[policy->kind]; *c; c++)
        text_add_char(out, *c == '_' ? ' ' : *c);
    if (policy_quanta[policy->kind] && policy_counts[policy->kind][0] == 's')
        text_printf(out, ", %" PRIu64 " step%s", policy->quantum, policy->quantum == 1 ? "" : "s");
    else if (policy_quanta[policy->kind])
        text_printf(out, ", %s %" PRIu64, policy_counts[policy->kind], policy->quantum);
    if (policy->kind == POLICY_RANDOM || policy->kind == POLICY_PCT)
        text_printf(out, ", seed %" PRIu64, policy->seed);
}

/* ---- Who can go ---- */

struct chooser {
    struct policy *policy;
    const struct model *model;
    const struct world *world;
    const struct gil *gil; /* or NULL */
    struct policy_moment moment;
    uint32_t end; /* one past the last thread */
};

/* enum enabled, the GIL considered. */
static unsigned can(const struct chooser *chooser, uint32_t thread)
{
    unsigned enabled = model_enabled(chooser->model, chooser->world, thread);
    if (enabled && chooser->gil &&
        !gil_allows(chooser->gil, chooser->model, chooser->world, thread, NULL))
        return ENABLED_NO;
    return enabled;
}

static bool can_go(const struct chooser *chooser, uint32_t thread)
{
    return can(chooser, thread) & (ENABLED_STEP | ENABLED_VALUE);
}

static uint64_t chance(const struct chooser *chooser, uint64_t salt, uint64_t bound)
{
    uint64_t state = hash_word(hash_word(chooser->policy->seed, chooser->moment.step), salt);
    return random_below(&state, bound);
}

/* The first thread after `after` in a circle that can go, or UINT32_MAX. */
static uint32_t next_in_turn(const struct chooser *chooser, uint32_t after)
{
    for (uint32_t i = 1; i <= chooser->end; i++) {
        uint32_t thread = (after + i) % chooser->end;
        if (can_go(chooser, thread))
            return thread;
    }
    return UINT32_MAX;
}

static bool gives_way(uint8_t op)
{
    return op == OP_SLEEP || op == OP_IO || op == OP_YIELD;
}

/* ---- The policies ---- */

static uint32_t choose_random(const struct chooser *chooser)
{
    /* Reservoir sampling: one walk, no list. */
    uint32_t chosen = UINT32_MAX;
    uint64_t seen = 0;
    uint64_t state = hash_word(chooser->policy->seed, chooser->moment.step);
    for (uint32_t thread = 0; thread < chooser->end; thread++)
        if (can_go(chooser, thread) && random_below(&state, ++seen) == 0)
            chosen = thread;
    return chosen;
}

static uint32_t choose_in_turn(const struct chooser *chooser, bool has_quantum)
{
    struct policy_moment moment = chooser->moment;
    uint32_t last = moment.last == UINT32_MAX ? chooser->end - 1 : moment.last;
    bool spent = moment.last == UINT32_MAX || gives_way(moment.last_op) ||
                 (has_quantum && moment.in_a_row >= chooser->policy->quantum);
    if (!spent && can_go(chooser, last))
        return last;
    return next_in_turn(chooser, last);
}

static uint32_t choose_first(const struct chooser *chooser)
{
    for (uint32_t thread = 0; thread < chooser->end; thread++)
        if (can_go(chooser, thread))
            return thread;
    return UINT32_MAX;
}

/* PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010): the thread of highest priority
 * goes; at depth - 1 random steps the one that was to go falls below all others. One that yields or
 * turns in a loop falls too, else it could keep the others from what it waits for. */
static void lower(struct chooser *chooser, uint32_t thread)
{
    struct policy *policy = chooser->policy;
    while (policy->lowest.count <= thread)
        vector_push(&policy->lowest, 0);
    struct policy_lowering lowering = {chooser->moment.step, thread, policy->lowest.items[thread]};
    vector_push(&policy->lowered, lowering);
    policy->lowest.items[thread] = (uint32_t)policy->lowered.count;
}

static bool lowered_now(const struct chooser *chooser)
{
    const struct policy *policy = chooser->policy;
    return policy->lowered.count && vector_last(&policy->lowered).step >= chooser->moment.step;
}

static uint32_t highest(const struct chooser *chooser)
{
    const struct policy *policy = chooser->policy;
    uint32_t best = UINT32_MAX;
    int64_t best_priority = 0;
    for (uint32_t thread = 0; thread < chooser->end; thread++) {
        if (!can_go(chooser, thread))
            continue;
        int64_t priority = (int64_t)(hash_word(policy->seed ^ 0x5c7, thread) >> 2);
        if (thread < policy->lowest.count && policy->lowest.items[thread])
            priority = -(int64_t)policy->lowest.items[thread];
        if (best == UINT32_MAX || priority > best_priority) {
            best = thread;
            best_priority = priority;
        }
    }
    return best;
}

static bool change_point(const struct chooser *chooser)
{
    const struct policy *policy = chooser->policy;
    for (uint64_t i = 1; i < policy->quantum; i++) {
        uint64_t state = hash_word(policy->seed ^ 0xd1e, i);
        if (random_below(&state, policy->length) == chooser->moment.step)
            return true;
    }
    return false;
}

static uint32_t choose_pct(struct chooser *chooser)
{
    struct policy_moment moment = chooser->moment;
    if (!lowered_now(chooser)) {
        if (moment.last != UINT32_MAX && (moment.last_op == OP_YIELD || moment.last_op == OP_TURN))
            lower(chooser, moment.last);
        uint32_t thread = highest(chooser);
        if (thread != UINT32_MAX && change_point(chooser))
            lower(chooser, thread);
    }
    return highest(chooser);
}

/* When the thread's sleep or io ends on the step clock; now for those that do not sleep. */
static int64_t ready_at(const struct gil *gil, uint32_t thread)
{
    bool away = thread < gil->waiter_count && gil->waiters[thread].away;
    int64_t at = away ? gil->waiters[thread].ready_at : 0;
    return at > gil->clock ? at : gil->clock;
}

/* Of those that can go: who is ready first, and among these who has waited longest. A fair picture,
 * though CPython leaves the choice to the kernel. */
static uint32_t longest_waiter(const struct chooser *chooser)
{
    const struct gil *gil = chooser->gil;
    uint32_t last = gil->last_holder == GIL_NOBODY ? chooser->end - 1 : gil->last_holder;
    uint32_t best = UINT32_MAX;
    int64_t best_ready = 0, best_since = 0;
    for (uint32_t i = 1; i <= chooser->end; i++) {
        uint32_t thread = (last + i) % chooser->end;
        if (!can_go(chooser, thread))
            continue;
        int64_t ready = ready_at(gil, thread), since = gil->clock;
        if (thread < gil->waiter_count && gil->waiters[thread].waits)
            since = gil->waiters[thread].since;
        if (best == UINT32_MAX || ready < best_ready ||
            (ready == best_ready && since < best_since)) {
            best = thread;
            best_ready = ready;
            best_since = since;
        }
    }
    return best;
}

static uint32_t choose_gil(const struct chooser *chooser)
{
    const struct gil *gil = chooser->gil;
    if (!gil) /* without the lock itself the policy is a plain round robin */
        return choose_in_turn(chooser, true);
    if (gil->holder != GIL_NOBODY && can_go(chooser, gil->holder))
        return gil->holder;
    return longest_waiter(chooser);
}

static uint32_t choose_thread(struct chooser *chooser)
{
    switch (chooser->policy->kind) {
    case POLICY_RANDOM: return choose_random(chooser);
    case POLICY_ROUND_ROBIN: return choose_in_turn(chooser, true);
    case POLICY_COOPERATIVE: return choose_in_turn(chooser, false);
    case POLICY_PRIORITY: return choose_first(chooser);
    case POLICY_PCT: return choose_pct(chooser);
    case POLICY_GIL: return choose_gil(chooser);
    case POLICIES: break;
    }
    return UINT32_MAX;
}

/* ---- Time-outs ---- */

/* The thread whose wait has the shortest time-out, of those that can time out; among equals the
 * first. */
static uint32_t earliest_timeout(const struct chooser *chooser)
{
    uint32_t best = UINT32_MAX;
    int64_t best_timeout = 0;
    for (uint32_t thread = 0; thread < chooser->end; thread++) {
        if (!(can(chooser, thread) & ENABLED_TIMEOUT))
            continue;
        struct operation next;
        model_next(chooser->model, chooser->world, thread, &next);
        if (best == UINT32_MAX || next.timeout < best_timeout) {
            best = thread;
            best_timeout = next.timeout;
        }
    }
    return best;
}

/* The random policies fire a time-out now and then, also while others could go. */
static uint32_t random_timeout(const struct chooser *chooser)
{
    enum policy_kind kind = chooser->policy->kind;
    if ((kind != POLICY_RANDOM && kind != POLICY_PCT) || chooser->gil ||
        model_program(chooser->model)->options.time_ordered ||
        chance(chooser, 1, TIMEOUT_ODDS) != 0)
        return UINT32_MAX;
    uint32_t chosen = UINT32_MAX;
    uint64_t seen = 0;
    for (uint32_t thread = 0; thread < chooser->end; thread++)
        if (can(chooser, thread) & ENABLED_TIMEOUT && chance(chooser, 2 + thread, ++seen) == 0)
            chosen = thread;
    return chosen;
}

struct choice policy_go(const struct policy *policy, const struct model *model,
                        const struct world *world, uint64_t step, uint32_t thread)
{
    if (!(model_enabled(model, world, thread) & ENABLED_VALUE))
        return (struct choice){.kind = CHOICE_STEP};
    struct operation next;
    model_next(model, world, thread, &next);
    uint64_t range = (uint64_t)next.value2 - (uint64_t)next.value + 1; /* 0: every number */
    uint64_t state = hash_word(hash_word(policy->seed, step), 0);
    uint64_t offset = range ? random_below(&state, range) : state;
    return (struct choice){CHOICE_VALUE, (int64_t)((uint64_t)next.value + offset)};
}

bool policy_choose(struct policy *policy, const struct model *model, const struct world *world,
                   const struct gil *gil, struct policy_moment moment, uint32_t *ret_thread,
                   struct choice *ret_choice)
{
    struct chooser chooser = {
        .policy = policy,
        .model = model,
        .world = world,
        .gil = gil,
        .moment = moment,
        .end = world_thread_end(model, world),
    };
    if (chooser.end == 0)
        return false;
    uint32_t thread = random_timeout(&chooser);
    if (thread == UINT32_MAX) {
        thread = choose_thread(&chooser);
        if (thread != UINT32_MAX) {
            *ret_thread = thread;
            *ret_choice = policy_go(policy, model, world, moment.step, thread);
            return true;
        }
        thread = earliest_timeout(&chooser);
    }
    if (thread == UINT32_MAX)
        return false;
    *ret_thread = thread;
    *ret_choice = (struct choice){.kind = CHOICE_TIMEOUT};
    return true;
}

void policy_rewind(struct policy *policy, uint64_t step)
{
    while (policy->lowered.count && vector_last(&policy->lowered).step >= step) {
        struct policy_lowering lowering = vector_last(&policy->lowered);
        policy->lowest.items[lowering.thread] = lowering.before;
        policy->lowered.count--;
    }
}
