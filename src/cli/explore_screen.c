#include "cli/explore_screen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vector.h"
#include "cli/scenario.h"

enum {
    MOST_TABLE = 200, /* steps of a schedule that is shown as a table */
    TABLE_WIDTH = 50, /* columns of it: what the pane has in the smallest terminal */
};

struct exploring {
    struct program *program;
    struct explore_request request;
    struct explore_progress progress; /* written by the search, read here */
    struct explore_result *result;    /* the search's until it is joined */
    pthread_t thread;
    bool joined;
    /* Set, with acquire-release order, by the search when it is done and by exploring_end():
     * whoever comes second frees it all, so that nobody waits for a search that was given up. */
    _Atomic bool left;
    vector(struct finding) findings;
    struct arena arena; /* of their texts */
};

static void release(struct exploring *exploring)
{
    explore_free(exploring->result);
    program_free(exploring->program);
    vector_fini(&exploring->findings);
    arena_fini(&exploring->arena);
    free(exploring);
}

static void *search(void *argument)
{
    struct exploring *exploring = argument;
    struct explore_result *result = explore_run(&exploring->request, &exploring->progress);
    exploring->result = result;
    if (atomic_exchange_explicit(&exploring->left, true, memory_order_acq_rel))
        release(exploring);
    return NULL;
}

struct exploring *exploring_begin(const char *path, const struct explore_request *request,
                                  struct text *ret_error)
{
    struct program *program = scenario_load(path, ret_error);
    if (!program)
        return NULL;
    text_clear(ret_error); /* warnings */
    struct exploring *exploring = xcalloc(1, sizeof *exploring);
    exploring->program = program;
    exploring->request = *request;
    exploring->request.program = program;
    if (pthread_create(&exploring->thread, NULL, search, exploring) != 0) {
        text_add(ret_error, "no thread could be made for the search\n");
        program_free(program);
        free(exploring);
        return NULL;
    }
    return exploring;
}

static char *keep(struct exploring *exploring, struct text *text)
{
    char *kept = arena_strdup(&exploring->arena, text_bytes(text));
    text_clear(text);
    return kept;
}

static char *schedule_of(struct exploring *exploring, const struct explore_schedule *schedule)
{
    struct text text = {0};
    explore_schedule_text(exploring->result, schedule, &text);
    char *kept = keep(exploring, &text);
    text_fini(&text);
    return kept;
}

static void add_schedule(struct exploring *exploring, const struct explore_schedule *schedule,
                         uint32_t point_of_no_return, struct text *words)
{
    if (schedule->count <= MOST_TABLE)
        explore_schedule_table(exploring->result, schedule, point_of_no_return, TABLE_WIDTH, words);
    text_add(words, "\nSchedule: ");
    explore_schedule_text(exploring->result, schedule, words);
    text_add_char(words, '\n');
    explore_schedule_counts(schedule, words);
    text_add_char(words, '\n');
}

static void add_failure(struct exploring *exploring, const struct explore_failure *failure)
{
    struct text text = {0};
    struct finding finding = {.bad = true};
    text_add(&text, verdict_names[failure->verdict]);
    if (failure->detail && *failure->detail)
        text_printf(&text, " %s", failure->detail);
    finding.title = keep(exploring, &text);
    if (!failure->has_schedule) {
        text_printf(&text, "%s\n", failure->words);
    } else { /* the story ends with the words */
        explore_story(exploring->result, failure, &text);
        text_add(&text, "\n");
        add_schedule(exploring, &failure->schedule,
                     failure->return_known ? failure->point_of_no_return : 0, &text);
        finding.schedule = schedule_of(exploring, &failure->schedule);
        finding.no_return = failure->return_known ? failure->point_of_no_return : 0;
    }
    if (failure->return_known && failure->point_of_no_return)
        text_printf(&text, "From step %u on nothing avoids it any more.\n",
                    failure->point_of_no_return);
    if (failure->has_passing) {
        text_printf(&text, "It passes when step %u is another one: ", failure->passing_common + 1);
        explore_schedule_text(exploring->result, &failure->passing, &text);
        text_add(&text, "\n");
    }
    if (failure->has_share)
        text_printf(&text, "Of runs with a random scheduler %.3g %% fail so.\n",
                    100 * failure->share);
    finding.words = keep(exploring, &text);
    vector_push(&exploring->findings, finding);
    text_fini(&text);
}

static void add_outcome(struct exploring *exploring, const struct explore_outcome *outcome)
{
    struct text text = {0};
    struct finding finding = {0};
    explore_outcome_text(exploring->result, outcome, &text);
    if (!text.length)
        text_add(&text, "the end");
    finding.title = keep(exploring, &text);
    text_printf(&text, "A run can end with %s.\n", finding.title);
    if (outcome->failure >= 0)
        text_printf(&text, "Then it fails: %s\n",
                    exploring->result->failures[outcome->failure].words);
    if (outcome->has_share)
        text_printf(&text, "Of runs with a random scheduler %.3g %% end so.\n",
                    100 * outcome->share);
    text_add(&text, "\n");
    if (outcome->has_schedule) {
        add_schedule(exploring, &outcome->schedule, 0, &text);
        finding.schedule = schedule_of(exploring, &outcome->schedule);
    }
    finding.words = keep(exploring, &text);
    vector_push(&exploring->findings, finding);
    text_fini(&text);
}

static void take_result(struct exploring *exploring)
{
    pthread_join(exploring->thread, NULL);
    exploring->joined = true;
    for (uint32_t i = 0; i < exploring->result->failure_count; i++)
        add_failure(exploring, &exploring->result->failures[i]);
    for (uint32_t i = 0; i < exploring->result->outcome_count; i++)
        add_outcome(exploring, &exploring->result->outcomes[i]);
}

static void add_summary(const struct explore_result *result, struct text *out)
{
    if (!result->failure_count)
        text_add(out, result->complete ? "No order fails. " : "No failure so far. ");
    else
        text_printf(out, "%u kind%s of failure. ", result->failure_count,
                    result->failure_count == 1 ? "" : "s");
    text_printf(out, "%u way%s to end%s. ", result->outcome_count,
                result->outcome_count == 1 ? "" : "s", result->outcomes_cut ? " and more" : "");
    text_printf(out, "%llu states in ", (unsigned long long)result->states);
    clock_format(out, result->elapsed);
    if (result->complete)
        text_add(out, ": every order was tried.");
    else
        text_printf(out, ": incomplete, stopped by %s.", result->stopped_by);
}

static void add_progress(const struct explore_look *look, struct text *out)
{
    text_printf(out,
                "%s: %llu states, %.0f a second, depth %llu, %.0f %% of memory; found: %u "
                "failure%s, %u way%s to end",
                look->phase == EXPLORE_SIMPLIFYING ? "Looking for the simplest" : "Searching",
                (unsigned long long)look->states, look->states_a_second,
                (unsigned long long)look->depth, look->memory, look->failures,
                look->failures == 1 ? "" : "s", look->outcomes, look->outcomes == 1 ? "" : "s");
}

bool exploring_look(struct exploring *exploring, struct text *progress,
                    const struct finding **ret_findings, size_t *ret_count)
{
    struct explore_look look = explore_look(&exploring->progress);
    if (look.phase == EXPLORE_DONE && !exploring->joined)
        take_result(exploring);
    if (exploring->joined) {
        add_summary(exploring->result, progress);
        *ret_findings = exploring->findings.items;
        *ret_count = exploring->findings.count;
        return true;
    }
    add_progress(&look, progress);
    return false;
}

void exploring_stop(struct exploring *exploring)
{
    atomic_store_explicit(&exploring->progress.cancel, true, memory_order_relaxed);
}

void exploring_end(struct exploring *exploring)
{
    if (!exploring)
        return;
    exploring_stop(exploring);
    pthread_t thread = exploring->thread;
    bool joined = exploring->joined;
    bool done = atomic_exchange_explicit(&exploring->left, true, memory_order_acq_rel);
    if (!joined && done)
        pthread_join(thread, NULL);
    else if (!joined)
        pthread_detach(thread); /* the search ends soon, and frees what is its own */
    if (done)
        release(exploring);
}
