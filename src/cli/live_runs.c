#include "cli/live_runs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/die.h"
#include "base/hash.h"

/* Counts of the runs so far; explore_runs points into it. */
struct counts {
    uint64_t *outcomes, *failures;
};

enum { GLANCE = 1000000 }; /* ns between two looks at a run */

void live_run_wait(struct session *session, bool (*interrupted)(void),
                   struct session_status *ret_status)
{
    for (;;) {
        session_poll(session);
        session_status(session, ret_status);
        if (ret_status->ended || ret_status->error || ret_status->defects)
            return;
        if (interrupted && interrupted())
            session_stop(session);
        nanosleep(&(struct timespec){.tv_nsec = GLANCE}, NULL);
    }
}

/* The outcome with the world's values, or one past the last. When `after:` fails it is one that
 * says so. */
static uint32_t outcome_of(const struct explore_result *result, const struct world *world,
                           unsigned verdicts)
{
    size_t size = 8 * (size_t)result->program->cell_count;
    for (uint32_t i = 0; i < result->outcome_count; i++) {
        const struct explore_outcome *outcome = &result->outcomes[i];
        if (memcmp(outcome->cells, world->words, size) != 0)
            continue;
        if (outcome->failure < 0 || verdicts & 1u << result->failures[outcome->failure].verdict)
            return i;
    }
    return result->outcome_count;
}

/* A run says which verdicts it had; which kind of that verdict is known when there is one only, or
 * the outcome tells. */
static bool shows(const struct explore_result *result, uint32_t failure, unsigned verdicts,
                  uint32_t outcome)
{
    enum verdict verdict = result->failures[failure].verdict;
    unsigned kinds = 0;
    if (!(verdicts & 1u << verdict))
        return false;
    if (outcome < result->outcome_count && result->outcomes[outcome].failure >= 0 &&
        result->failures[result->outcomes[outcome].failure].verdict == verdict)
        return result->outcomes[outcome].failure == (int32_t)failure;
    for (uint32_t i = 0; i < result->failure_count; i++)
        kinds += result->failures[i].verdict == verdict;
    return kinds == 1;
}

static void count_run(const struct explore_result *result, struct session *session,
                      const struct session_status *status, struct counts *counts, uint64_t *others)
{
    uint32_t outcome = result->outcome_count;
    session_lock(session);
    const struct world *world = session_world(session);
    if (status->finished && world)
        outcome = outcome_of(result, world, status->verdicts);
    session_unlock(session);
    bool listed = outcome < result->outcome_count;
    if (listed)
        counts->outcomes[outcome]++;
    for (uint32_t i = 0; i < result->failure_count; i++)
        if (shows(result, i, status->verdicts, outcome)) {
            counts->failures[i]++;
            listed |= !status->finished;
        }
    *others += !listed;
}

void live_runs_count(struct explore_result *result, uint64_t runs, int64_t limit, uint64_t seed,
                     bool (*interrupted)(void), struct explore_runs *ret_runs)
{
    struct counts counts = {xcalloc(result->outcome_count + 1, sizeof(uint64_t)),
                            xcalloc(result->failure_count + 1, sizeof(uint64_t))};
    *ret_runs = (struct explore_runs){.outcomes = counts.outcomes, .failures = counts.failures};
    while (ret_runs->runs < runs && !(interrupted && interrupted())) {
        struct session_options options = {
            .has_seed = true, .seed = seed, .limit = limit, .no_kernel = true};
        struct session_status status;
        struct session *session = session_open_live(result->program, result->model, &options);
        live_run_wait(session, interrupted, &status);
        if (!status.error && (status.ended || status.defects)) {
            ret_runs->runs++;
            count_run(result, session, &status, &counts, &ret_runs->others);
        }
        while (!session_leave(session))
            if (interrupted && interrupted())
                die("threads of a run did not leave");
        session_close(session);
        random_next(&seed);
        if (status.error)
            break;
    }
}

void live_runs_fini(struct explore_runs *runs)
{
    free((void *)runs->outcomes);
    free((void *)runs->failures);
    *runs = (struct explore_runs){0};
}
