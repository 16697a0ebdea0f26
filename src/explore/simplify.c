#include "explore/simplify.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/simplest.h"

enum {
    /* (state, last thread) pairs that the search for the simplest may meet: by itself, and when a
     * time was given; and the same of the orders of one schedule's steps */
    SIMPLEST_NODES = 50000,
    SIMPLEST_MOST = 3000000,
    ORDER_NODES = 100000,
};

static struct simplest_limits limits_of(const struct exploration *exploration)
{
    return (struct simplest_limits){.nodes = exploration->request->time > 0 ? SIMPLEST_MOST
                                                                            : SIMPLEST_NODES,
                                    .memory = exploration->limits.memory,
                                    .stop = &exploration->stop};
}

void simplify_scout(struct exploration *exploration)
{
    bool *wanted = xcalloc(MAX_KINDS + 1, sizeof *wanted);
    wanted[MAX_KINDS] = true; /* never met: it goes on to its limits */
    struct simplest_limits limits = limits_of(exploration);
    struct simplest simplest;
    simplest_find(&simplest, &exploration->shape, exploration->reduction, &exploration->findings,
                  wanted, MAX_KINDS + 1, &limits);
    exploration->result->steps += simplest.steps;
    exploration->result->searched_preemptions = simplest.clean_preemptions;
    if (exploration_kinds(exploration) == 0)
        exploration->result->clean_preemptions = simplest.clean_preemptions;
    simplest_fini(&simplest);
    free(wanted);
}

/* Searches all orders of the steps that a found schedule takes (each thread at most as many as
 * there) for a simpler one that fails so too. */
static void simplify(struct exploration *exploration, uint32_t index)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    const struct program *program = exploration->request->program;
    uint32_t count = exploration_kinds(exploration);
    if (!failure->has_schedule || failure->schedule.count == 0)
        return;
    uint16_t *most = xcalloc(program->thread_limit + 1, sizeof *most);
    bool *wanted = xcalloc(count + 1, sizeof *wanted);
    for (uint32_t i = 0; i < failure->schedule.count; i++)
        if (most[failure->schedule.steps[i].thread] < UINT16_MAX)
            most[failure->schedule.steps[i].thread]++;
    wanted[exploration->order[index]] = true;
    struct simplest_limits limits = {ORDER_NODES, exploration->limits.memory, &exploration->stop,
                                     most};
    struct simplest simplest;
    simplest_find(&simplest, &exploration->shape, NULL, &exploration->findings, wanted, count,
                  &limits);
    exploration->result->steps += simplest.steps;
    const struct simplest_way *found = &simplest.ways[exploration->order[index]];
    if (found->exact) {
        struct way way = {found->moves, found->count, false, true};
        free(failure->schedule.steps);
        result_schedule_failure(exploration, index, &way);
    }
    simplest_fini(&simplest);
    free(most);
    free(wanted);
}

void simplify_all(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    uint32_t count = exploration_kinds(exploration);
    bool *wanted = xcalloc(count + 1, sizeof *wanted);
    for (uint32_t i = 0; i < count; i++) {
        enum verdict verdict = exploration->findings.kinds[i].verdict;
        wanted[i] = verdict != VERDICT_LIVELOCK && verdict != VERDICT_UNREACHED;
    }
    struct simplest_limits limits = limits_of(exploration);
    struct simplest simplest;
    simplest_find(&simplest, &exploration->shape, exploration->reduction, &exploration->findings,
                  wanted, count, &limits);
    result->steps += simplest.steps;
    for (uint32_t i = 0; i < result->failure_count; i++) {
        const struct simplest_way *found = &simplest.ways[exploration->order[i]];
        bool scouted = found->found && !result->failures[i].has_schedule;
        if (found->exact || scouted) {
            struct way way = {found->moves, found->count, found->exact, false};
            free(result->failures[i].schedule.steps);
            result_schedule_failure(exploration, i, &way);
        }
        if (!found->exact && wanted[exploration->order[i]])
            simplify(exploration, i);
    }
    free(wanted);
    simplest_fini(&simplest);
}
