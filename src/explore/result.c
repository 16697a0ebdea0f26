#include "explore/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/meeting.h"
#include "model/stuck.h"

/* ---- the kinds of failures and the outcomes, in an order that does not depend on who found them
 * first ---- */

static const struct kind_key *key_of(const struct exploration *exploration, uint32_t failure)
{
    return &exploration->findings.kinds[exploration->order[failure]];
}

static const char *detail_of(struct exploration *exploration, const struct kind_key *key)
{
    const struct program *program = exploration->request->program;
    switch (key->verdict) {
    case VERDICT_ASSERTION:
        return key->property >= 0 ? program->invariants[key->property].text
                                  : model_string(exploration->shape.model, key->what);
    case VERDICT_ERROR: return exception_names[key->what];
    case VERDICT_RACE: return program->variables[key->what].name;
    case VERDICT_UNREACHED: return program->sometimes[key->what].text;
    case VERDICT_OK:
    case VERDICT_DEADLOCK:
    case VERDICT_LIVELOCK:
    case VERDICTS: break;
    }
    return "";
}

struct sorted_kind {
    uint16_t kind;
    const struct kind_key *key;
    const char *detail;
};

static int compare_kinds(const void *left, const void *right)
{
    const struct sorted_kind *a = left, *b = right;
    if (a->key->verdict != b->key->verdict)
        return a->key->verdict < b->key->verdict ? -1 : 1;
    if (a->key->position != b->key->position)
        return a->key->position < b->key->position ? -1 : 1;
    if (a->key->property != b->key->property)
        return a->key->property < b->key->property ? -1 : 1;
    int texts = strcmp(a->detail, b->detail);
    return texts ? texts : (a->kind > b->kind) - (a->kind < b->kind);
}

static void collect_failures(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    struct findings *findings = &exploration->findings;
    uint32_t count = atomic_load_explicit(&findings->kind_count, memory_order_acquire);
    struct sorted_kind *sorted = xcalloc(count + 1, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = (struct sorted_kind){(uint16_t)i, &findings->kinds[i],
                                         detail_of(exploration, &findings->kinds[i])};
    qsort(sorted, count, sizeof *sorted, compare_kinds);
    exploration->order = xcalloc(count + 1, sizeof *exploration->order);
    exploration->ways = xcalloc(count + 1, sizeof *exploration->ways);
    result->failures = arena_array(&result->arena, struct explore_failure, count + 1);
    result->failure_count = count;
    for (uint32_t i = 0; i < count; i++) {
        exploration->order[i] = sorted[i].kind;
        struct explore_failure *failure = &result->failures[i];
        failure->verdict = sorted[i].key->verdict;
        failure->detail = arena_strdup(&result->arena, sorted[i].detail);
        failure->position = sorted[i].key->position;
        failure->thread = failure->thread2 = UINT32_MAX;
        failure->words = failure->detail;
    }
    free(sorted);
}

struct sorted_outcome {
    uint32_t number;
    uint32_t cell_count;
    const struct final_values *values;
    int32_t failure;
};

static int compare_outcomes(const void *left, const void *right)
{
    const struct sorted_outcome *a = left, *b = right;
    for (uint32_t i = 0; i < a->cell_count; i++)
        if (a->values->cells[i] != b->values->cells[i])
            return a->values->cells[i] < b->values->cells[i] ? -1 : 1;
    return (a->failure > b->failure) - (a->failure < b->failure);
}

static int32_t failure_index(const struct exploration *exploration, uint16_t kind)
{
    if (kind == NO_FINDING)
        return -1;
    for (uint32_t i = 0; i < exploration->result->failure_count; i++)
        if (exploration->order[i] == kind)
            return (int32_t)i;
    return -1;
}

static void collect_outcomes(struct exploration *exploration)
{
    struct explore_result *result = exploration->result;
    struct findings *findings = &exploration->findings;
    uint32_t count = findings->outcome_count;
    struct sorted_outcome *sorted = xcalloc(count + 1, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] =
            (struct sorted_outcome){i, findings->cell_count, &findings->outcomes[i],
                                    failure_index(exploration, findings->outcomes[i].failure)};
    qsort(sorted, count, sizeof *sorted, compare_outcomes);
    exploration->outcome_order = xcalloc(count + 1, sizeof *exploration->outcome_order);
    result->outcomes = arena_array(&result->arena, struct explore_outcome, count + 1);
    result->outcome_count = count;
    result->outcomes_cut = findings->outcomes_cut;
    for (uint32_t i = 0; i < count; i++) {
        int64_t *cells = arena_array(&result->arena, int64_t, findings->cell_count + 1);
        memcpy(cells, sorted[i].values->cells, findings->cell_count * sizeof *cells);
        result->outcomes[i].cells = cells;
        result->outcomes[i].failure = sorted[i].failure;
        exploration->outcome_order[i] = sorted[i].number;
    }
    free(sorted);
}

void result_collect(struct exploration *exploration)
{
    collect_failures(exploration);
    collect_outcomes(exploration);
}

/* ---- words ---- */

struct race_seen {
    const struct replay *replay;
    int64_t variable;
    uint32_t cell, thread, other;
};

static void see_race(void *context, uint32_t cell, uint32_t thread, uint32_t other)
{
    struct race_seen *seen = context;
    const struct program *program = seen->replay->shape->program;
    if (seen->thread != UINT32_MAX ||
        program_variable_of(program, cell) - program->variables != seen->variable)
        return;
    seen->cell = cell;
    seen->thread = thread;
    seen->other = other;
}

static void name_thread(struct replay *replay, uint32_t real, struct text *out)
{
    model_thread_name(replay->shape->model, replay->state.world, real, out);
}

/* The access that a thread (by its number in the state) is about to do. */
static uint32_t access_words(struct replay *replay, uint32_t thread, struct text *out)
{
    name_thread(replay, replay->names[thread], out);
    return meeting_access_text(replay->shape->model, replay->state.world, thread, out);
}

static void race_words(struct replay *replay, struct explore_failure *failure, int64_t variable,
                       struct text *out, uint32_t threads[2])
{
    struct race_seen seen = {replay, variable, 0, UINT32_MAX, UINT32_MAX};
    space_races(&replay->space, &replay->state, see_race, &seen);
    if (seen.thread == UINT32_MAX)
        return;
    program_thing_name(replay->shape->program, seen.cell, out);
    text_add(out, ": ");
    failure->position = access_words(replay, seen.thread, out);
    text_add(out, " and ");
    failure->position2 = access_words(replay, seen.other, out);
    text_add(out, ", in any order");
    failure->thread = threads[0] = replay->names[seen.thread];
    failure->thread2 = threads[1] = replay->names[seen.other];
}

/* Whether all that are stuck are so for one reason, and at one line. */
static void what_is_common(struct replay *replay, const struct stuck_report *report,
                           bool *ret_reason, bool *ret_line)
{
    uint32_t line = 0;
    *ret_reason = *ret_line = report->count > 1;
    for (uint32_t i = 0; i < report->count; i++) {
        struct operation next;
        model_next(replay->shape->model, replay->state.world, report->threads[i].thread, &next);
        *ret_line &= i == 0 || POSITION_LINE(next.source) == line;
        *ret_reason &= report->threads[i].reason == report->threads[0].reason;
        line = POSITION_LINE(next.source);
    }
}

/* "A waits for left (line 7)", or after another one "B for right (line 13)". */
static void stuck_words(struct replay *replay, const struct stuck_thread *stuck, bool again,
                        bool line, bool reason, struct text *out)
{
    static const char waits[] = "waits ";
    struct text why = {0};
    struct operation next;
    model_next(replay->shape->model, replay->state.world, stuck->thread, &next);
    name_thread(replay, replay->names[stuck->thread], out);
    model_why_not(replay->shape->model, replay->state.world, stuck->thread, &why);
    const char *words = text_bytes(&why);
    if (again && strncmp(words, waits, sizeof waits - 1) == 0)
        words += sizeof waits - 1;
    text_printf(out, " %s", words);
    text_fini(&why);
    if (line)
        text_printf(out, " (line %u", POSITION_LINE(next.source));
    if (reason)
        text_printf(out, "%s%s", line ? ", " : " (", stuck_reason_names[stuck->reason]);
    if (line || reason)
        text_add_char(out, ')');
}

static uint32_t deadlock_words(struct replay *replay, struct text *out, uint32_t *threads,
                               uint32_t room)
{
    struct model *model = replay->shape->model;
    struct stuck_report report = {0};
    stuck_find(replay->shape->stuck, model, replay->state.world, &report);
    bool one_reason, one_line;
    what_is_common(replay, &report, &one_reason, &one_line);
    uint32_t count = 0;
    for (uint32_t i = 0; i < report.count; i++) {
        if (i)
            text_add(out, i + 1 == report.count ? " and " : ", ");
        stuck_words(replay, &report.threads[i], i > 0, !one_line || i + 1 == report.count,
                    !one_reason, out);
        if (count < room)
            threads[count++] = replay->names[report.threads[i].thread];
    }
    if (report.count == 0)
        text_add(out, "nobody can go on");
    if (one_reason && report.threads[0].reason == STUCK_CYCLE)
        text_add(out, count == 2 ? ": they wait for each other" : ": each waits for another one");
    else if (one_reason)
        text_printf(out, ": %s", stuck_reason_names[report.threads[0].reason]);
    if (report.count)
        text_printf(out, "%s %s", one_reason || !report.everyone ? "," : ":",
                    !report.everyone ? "for ever, while others go on"
                    : one_reason     ? "and nobody can move again"
                                     : "nobody can move again");
    stuck_fini(&report);
    return count;
}

static void death_words(struct replay *replay, struct explore_failure *failure,
                        const struct kind_key *key, struct text *out)
{
    bool assertion = key->verdict == VERDICT_ASSERTION;
    int64_t message = key->what;
    failure->thread = UINT32_MAX;
    for (uint32_t i = 0; i < replay->stepped.death_count; i++) {
        const struct death *death = &replay->stepped.deaths[i];
        bool alike = assertion ? death->message == key->what : death->exception == key->what;
        if (alike && death->position == key->position) {
            failure->thread = death->thread;
            message = death->message;
        }
    }
    if (failure->thread == UINT32_MAX) {
        struct effect *effect = &replay->space.effect;
        world_copy(replay->shape->model, replay->space.probe, replay->state.world);
        model_after(replay->shape->model, replay->space.probe, effect, NULL, NULL);
        message = effect->message;
        text_add(out, "after");
    } else {
        name_thread(replay, failure->thread, out);
    }
    text_printf(out, assertion ? ": the assertion of line %u does not hold" : ": line %u raises ",
                POSITION_LINE(key->position));
    if (!assertion)
        text_add(out, exception_names[key->what]);
    const char *text = model_string(replay->shape->model, message);
    if (*text)
        text_printf(out, assertion ? ": \"%s\"" : ": %s", text);
}

/* Words for what stands at the end of the schedule; the threads that have to do with it. */
static uint32_t find_words(struct exploration *exploration, struct replay *replay,
                           struct explore_failure *failure, const struct kind_key *key,
                           uint32_t *threads, uint32_t room)
{
    struct text out = {0};
    uint32_t count = 0;
    switch (key->verdict) {
    case VERDICT_RACE:
        race_words(replay, failure, key->what, &out, threads);
        count = failure->thread == UINT32_MAX ? 0 : 2;
        break;
    case VERDICT_DEADLOCK: count = deadlock_words(replay, &out, threads, room); break;
    case VERDICT_LIVELOCK:
        text_add(&out, "from here on the run never ends, whatever happens");
        break;
    case VERDICT_ASSERTION:
        if (key->property >= 0) {
            text_printf(&out, "the invariant of line %u does not hold: \"%s\"",
                        POSITION_LINE(key->position), failure->detail);
            break;
        }
        death_words(replay, failure, key, &out);
        break;
    case VERDICT_ERROR:
        if (key->property >= 0)
            text_printf(&out, "the invariant of line %u raises %s", POSITION_LINE(key->position),
                        failure->detail);
        else
            death_words(replay, failure, key, &out);
        break;
    case VERDICT_OK:
    case VERDICT_UNREACHED:
    case VERDICTS: break;
    }
    if (count == 0 && failure->thread != UINT32_MAX)
        threads[count++] = failure->thread; /* its end must be seen */
    failure->words = arena_strdup(&exploration->result->arena, text_bytes(&out));
    text_fini(&out);
    return count;
}

/* ---- schedules ---- */

void result_run(struct exploration *exploration, struct replay *replay, const struct way *way,
                uint32_t *ret_ends)
{
    replay_init(replay, &exploration->shape, way->real ? NULL : exploration->reduction);
    for (uint32_t i = 0; i < way->count; i++) {
        replay_step(replay, way->moves[i]);
        if (ret_ends)
            ret_ends[i] = (uint32_t)replay->steps.count;
    }
}

void result_replay(struct exploration *exploration, const struct way *way, bool ends,
                   struct explore_schedule *ret_schedule, uint32_t *ret_ends)
{
    struct replay replay;
    result_run(exploration, &replay, way, ret_ends);
    replay_finish(&replay, ends, NULL, 0);
    replay_take(&replay, ret_schedule);
    ret_schedule->minimal = way->minimal;
    replay_fini(&replay);
}

void result_schedule_failure(struct exploration *exploration, uint32_t index, const struct way *way)
{
    enum { ROOM = 64 };
    struct explore_failure *failure = &exploration->result->failures[index];
    const struct kind_key *key = key_of(exploration, index);
    struct replay replay;
    result_run(exploration, &replay, way, NULL);
    uint32_t threads[ROOM];
    uint32_t count = find_words(exploration, &replay, failure, key, threads, ROOM);
    bool ends = model_finished(exploration->shape.model, replay.state.world);
    replay_finish(&replay, ends, threads, count);
    replay_take(&replay, &failure->schedule);
    failure->schedule.minimal = way->minimal;
    failure->has_schedule = true;
    replay_fini(&replay);
    struct kept_way *kept = &exploration->ways[index];
    move *moves = xmalloc((way->count + 1) * sizeof *moves);
    if (way->count)
        memcpy(moves, way->moves, way->count * sizeof *moves);
    free(kept->moves);
    *kept = (struct kept_way){moves, way->count, way->real};
}

void result_schedule_outcome(struct exploration *exploration, uint32_t index, const struct way *way)
{
    struct explore_outcome *outcome = &exploration->result->outcomes[index];
    result_replay(exploration, way, true, &outcome->schedule, NULL);
    outcome->has_schedule = true;
}

void result_pass(struct exploration *exploration, uint32_t index, const struct way *way)
{
    struct explore_failure *failure = &exploration->result->failures[index];
    const struct explore_schedule *fails = &failure->schedule, *passes = &failure->passing;
    uint32_t common = 0;
    result_replay(exploration, way, true, &failure->passing, NULL);
    while (common < fails->count && common < passes->count &&
           fails->steps[common].thread == passes->steps[common].thread &&
           fails->steps[common].choice.kind == passes->steps[common].choice.kind &&
           fails->steps[common].choice.value == passes->steps[common].choice.value)
        common++;
    failure->has_passing = true;
    failure->passing_common = common;
}
