#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "explore/explore.h"

enum {
    MOST_OUTCOMES = 20,
    MOST_TABLE = 200,
    WIDTH = 80, /* of a line of prose; schedules are one line each, to be copied */
};

/* ---- what was expected ---- */

static bool expectation_met(const struct expectation *expect, const struct explore_failure *failure)
{
    return expect->verdict == failure->verdict &&
           (!expect->detail || strcmp(expect->detail, failure->detail) == 0);
}

static void add_detail(struct text *out, enum verdict verdict, const char *detail)
{
    text_add(out, verdict_names[verdict]);
    if (!detail || !*detail)
        return;
    bool quoted = verdict == VERDICT_ASSERTION || verdict == VERDICT_UNREACHED;
    text_printf(out, quoted ? " \"%s\"" : " %s", detail);
}

static bool is_expected(const struct program *program, const struct explore_failure *failure)
{
    for (uint32_t i = 0; i < program->expect_count; i++)
        if (expectation_met(&program->expects[i], failure))
            return true;
    return false;
}

static bool was_found(const struct explore_result *result, const struct expectation *expect)
{
    for (uint32_t i = 0; i < result->failure_count; i++)
        if (expectation_met(expect, &result->failures[i]))
            return true;
    return expect->verdict == VERDICT_OK && result->failure_count == 0 && result->complete;
}

static void differ(struct text *out, const char *words, enum verdict verdict, const char *detail)
{
    if (!out)
        return;
    if (out->length)
        text_add(out, ", ");
    text_add(out, words);
    add_detail(out, verdict, detail);
}

bool explore_as_expected(const struct explore_result *result, struct text *out)
{
    const struct program *program = result->program;
    bool as_expected = true;
    for (uint32_t i = 0; i < result->failure_count; i++)
        if (!is_expected(program, &result->failures[i])) {
            differ(out, "found ", result->failures[i].verdict, result->failures[i].detail);
            as_expected = false;
        }
    for (uint32_t i = 0; i < program->expect_count; i++)
        if (!was_found(result, &program->expects[i])) {
            differ(out, "did not find ", program->expects[i].verdict, program->expects[i].detail);
            as_expected = false;
        }
    if (out && program->expect_count == 0 && result->failure_count)
        text_add(out, " (without an `expect` line nothing may be found)");
    if (!result->complete) {
        if (out && out->length)
            text_add(out, ", ");
        if (out)
            text_printf(out, "incomplete: stopped by %s", result->stopped_by);
        as_expected = false;
    }
    return as_expected;
}

/* ---- parts ---- */

void explore_schedule_text(const struct explore_result *result,
                           const struct explore_schedule *schedule, struct text *out)
{
    struct schedule written = {.has_checksum = true,
                               .checksum = (uint32_t)result->program->checksum};
    struct world *world = world_new(result->model);
    struct effect effect = {0};
    struct text name = {0};
    for (uint32_t i = 0; i < schedule->count; i++) {
        const struct explore_step *step = &schedule->steps[i];
        text_clear(&name);
        schedule_thread_name(result->model, world, step->thread, &name);
        schedule_add(&written, text_bytes(&name), step->choice);
        model_perform(result->model, world, step->thread, step->choice, &effect);
    }
    schedule_write(&written, out);
    schedule_fini(&written);
    text_fini(&name);
    effect_fini(&effect);
    world_free(world, result->model);
}

static void add_list(const struct explore_result *result, const struct variable *variable,
                     const int64_t *cells, struct text *out)
{
    text_add_char(out, '[');
    for (uint32_t i = 0; i < variable->length; i++) {
        if (i)
            text_add(out, ", ");
        if (variable->width > 1)
            text_add_char(out, '(');
        for (uint32_t k = 0; k < variable->width; k++) {
            uint32_t cell = variable->first_cell + i * variable->width + k;
            if (k)
                text_add(out, ", ");
            world_cell_text(result->model, cell, cells[cell], out);
        }
        if (variable->width > 1)
            text_add_char(out, ')');
    }
    text_add_char(out, ']');
}

void explore_outcome_text(const struct explore_result *result,
                          const struct explore_outcome *outcome, struct text *out)
{
    const struct program *program = result->program;
    for (uint32_t i = 0; i < program->variable_count; i++) {
        const struct variable *variable = &program->variables[i];
        if (i)
            text_add(out, ", ");
        text_printf(out, "%s = ", variable->name);
        if (variable->is_list || variable->width > 1)
            add_list(result, variable, outcome->cells, out);
        else
            world_cell_text(result->model, variable->first_cell,
                            outcome->cells[variable->first_cell], out);
    }
    if (program->variable_count == 0)
        text_add(out, "the end");
}

/* ---- the text ---- */

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void add_count(struct text *out, uint64_t count)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            text_add_char(out, ',');
        text_add_char(out, digits[i]);
    }
}

/* A search that was cut short: how far it is known what happens. */
static void add_searched(const struct explore_result *result, struct text *out)
{
    int32_t most = result->searched_preemptions;
    bool clean = result->failure_count == 0;
    if (most == NOT_LOOKED)
        return;
    if (most == INT32_MAX)
        text_add(out, clean
                          ? "  no failure, with any number of preemptions\n"
                          : "  every schedule was searched, though not for all that can be told\n");
    else if (most < 0)
        text_add(out, "  not even all schedules without preemptions were searched\n");
    else if (clean)
        text_printf(out, "  no failure within %d preemption%s; more were not finished\n", most,
                    plural((uint64_t)most));
    else
        text_printf(out,
                    "  every schedule with up to %d preemption%s was searched; more were not "
                    "finished\n",
                    most, plural((uint64_t)most));
}

static size_t columns(const char *text, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* Prose in lines of at most WIDTH: the first begins at `indent`, the others at `more`. With
 * `groups` a line ends only where two blanks stand: what belongs together is not torn apart. */
static void add_lines(struct text *out, size_t indent, size_t more, bool groups, const char *words)
{
    size_t at = indent;
    text_repeat(out, ' ', (long)indent);
    for (bool first = true; *words; first = false) {
        size_t blanks = strspn(words, " ");
        const char *word = words + blanks, *gap = groups ? strstr(word, "  ") : strchr(word, ' ');
        size_t bytes = gap ? (size_t)(gap - word) : strlen(word), wide = columns(word, bytes);
        if (!bytes)
            break;
        if (!first && at + blanks + wide > WIDTH) {
            text_add_char(out, '\n');
            text_repeat(out, ' ', (long)more);
            at = more;
        } else if (!first) {
            text_repeat(out, ' ', (long)blanks);
            at += blanks;
        }
        text_add_bytes(out, word, bytes);
        at += wide;
        words = word + bytes;
    }
    text_add_char(out, '\n');
}

static void add_head(const struct explore_result *result, struct text *out)
{
    text_printf(out, "%s\n  ", result->program->title);
    add_count(out, result->states);
    text_printf(out, " state%s, ", plural(result->states));
    add_count(out, result->edges);
    text_printf(out, " step%s, ", plural(result->edges));
    clock_format(out, result->elapsed);
    text_add(out, ", ");
    if (result->complete)
        text_add(out, "complete");
    else
        text_printf(out, "INCOMPLETE: stopped by %s", result->stopped_by);
    if (result->reduced_by_symmetry && result->reduced_by_order)
        text_add(out, ", reduced by symmetry and order");
    else if (result->reduced_by_symmetry)
        text_add(out, ", reduced by symmetry");
    else if (result->reduced_by_order)
        text_add(out, ", reduced by order");
    if (result->ordered)
        text_add(out, ", time ordered");
    text_printf(out, "\n  fingerprint collisions to be expected: %.1e\n",
                explore_collisions(result->states));
    if (!result->complete)
        add_searched(result, out);
    if (!result->complete && !result->livelock_known)
        text_add(out, "  livelock undecided\n");
}

static void add_share(double share, struct text *out)
{
    text_printf(out, share >= 0.01 || share == 0 ? "%.1f %%" : "%.2g %%", 100 * share);
}

static void add_schedule(const struct explore_result *result,
                         const struct explore_schedule *schedule, const char *indent,
                         struct text *out)
{
    text_add(out, indent);
    explore_schedule_text(result, schedule, out);
    text_printf(out, "\n%s", indent);
    explore_schedule_counts(schedule, out);
    text_add_char(out, '\n');
}

void explore_schedule_counts(const struct explore_schedule *schedule, struct text *out)
{
    text_printf(out, "(%u preemption%s, %u switch%s, %u step%s; %s)", schedule->preemptions,
                plural(schedule->preemptions), schedule->switches,
                schedule->switches == 1 ? "" : "es", schedule->count, plural(schedule->count),
                schedule->minimal ? "the simplest" : "simplified, perhaps not the simplest");
}

static void add_passing(const struct explore_result *result, const struct explore_failure *failure,
                        struct text *out)
{
    uint32_t common = failure->passing_common;
    if (!failure->has_passing || common >= failure->passing.count)
        return;
    struct text mine = {0}, other = {0}, words = {0};
    struct world *world = world_new(result->model);
    model_thread_name(result->model, world, failure->passing.steps[common].thread, &other);
    if (common < failure->schedule.count)
        model_thread_name(result->model, world, failure->schedule.steps[common].thread, &mine);
    text_add(&words, "nearest that does not fail so: ");
    if (common == 0)
        text_printf(&words, "%s goes first", text_bytes(&other));
    else
        text_printf(&words, "after step %u %s goes", common, text_bytes(&other));
    if (mine.length && strcmp(text_bytes(&mine), text_bytes(&other)) != 0)
        text_printf(&words, " instead of %s", text_bytes(&mine));
    else
        text_add(&words, " on");
    add_lines(out, 2, 4, false, text_bytes(&words));
    text_add(out, "    ");
    explore_schedule_text(result, &failure->passing, out);
    text_add_char(out, '\n');
    world_free(world, result->model);
    text_fini(&mine);
    text_fini(&other);
    text_fini(&words);
}

static void add_runs(const struct explore_runs *runs, uint64_t count, struct text *out)
{
    if (runs)
        text_printf(out, "  %" PRIu64 " of %" PRIu64 " live runs", count, runs->runs);
}

/* "assertion "no" (line 7)  12.5 % of random schedules  3 of 100 live runs". */
static void add_title(const struct explore_result *result, uint32_t index,
                      const struct explore_report_options *options, struct text *out)
{
    const struct explore_failure *failure = &result->failures[index];
    struct text words = {0};
    add_detail(&words, failure->verdict, failure->detail);
    if (failure->verdict == VERDICT_UNREACHED)
        text_printf(&words, " (line %u): holds in no state of any schedule",
                    POSITION_LINE(failure->position));
    else if (failure->position && failure->verdict != VERDICT_RACE)
        text_printf(&words, " (line %u)", POSITION_LINE(failure->position));
    if (failure->has_share) {
        text_add(&words, "  ");
        add_share(failure->share, &words);
        text_add(&words, " of random schedules");
    }
    if (failure->verdict != VERDICT_UNREACHED) /* no run can show that */
        add_runs(options->runs, options->runs ? options->runs->failures[index] : 0, &words);
    add_lines(out, 0, 2, true, text_bytes(&words));
    text_fini(&words);
}

static void add_failure(const struct explore_result *result, uint32_t index,
                        const struct explore_report_options *options, struct text *out)
{
    const struct explore_failure *failure = &result->failures[index];
    struct text story = {0};
    text_add_char(out, '\n');
    add_title(result, index, options, out);
    if (options->quiet || !failure->has_schedule)
        return;
    explore_story(result, failure, &story);
    add_lines(out, 2, 2, false, text_bytes(&story));
    text_fini(&story);
    if (failure->schedule.count <= MOST_TABLE)
        explore_schedule_table(result, &failure->schedule,
                               failure->return_known ? failure->point_of_no_return : 0, WIDTH, out);
    add_schedule(result, &failure->schedule, "  ", out);
    if (!failure->return_known)
        text_add(out, "  point of no return: not determined\n");
    else if (failure->point_of_no_return == 0)
        text_add(out, "  every schedule fails so\n");
    else
        text_printf(out, "  point of no return: step %u\n", failure->point_of_no_return);
    add_passing(result, failure, out);
}

static void add_outcome(const struct explore_result *result, uint32_t index,
                        const struct explore_report_options *options, struct text *out)
{
    const struct explore_outcome *outcome = &result->outcomes[index];
    struct text words = {0};
    explore_outcome_text(result, outcome, &words);
    if (outcome->failure >= 0) {
        text_add(&words, "  ✖ ");
        add_detail(&words, result->failures[outcome->failure].verdict,
                   result->failures[outcome->failure].detail);
    }
    if (outcome->has_share) {
        text_add(&words, "  ");
        add_share(outcome->share, &words);
    }
    add_runs(options->runs, options->runs ? options->runs->outcomes[index] : 0, &words);
    add_lines(out, 2, 6, true, text_bytes(&words));
    text_fini(&words);
    if (outcome->has_schedule && !options->quiet) {
        text_add(out, "    ");
        explore_schedule_text(result, &outcome->schedule, out);
        text_add_char(out, '\n');
    }
}

static void add_outcomes(const struct explore_result *result,
                         const struct explore_report_options *options, struct text *out)
{
    if (result->outcome_count == 0) {
        text_add(out, result->complete ? "\nNo run comes to its end.\n"
                                       : "\nNo end of a run was found so far.\n");
        return;
    }
    text_printf(out, "\n%u way%s to end%s\n", result->outcome_count, plural(result->outcome_count),
                result->outcomes_cut ? " (and more)" : "");
    for (uint32_t i = 0; i < result->outcome_count && i < MOST_OUTCOMES; i++)
        add_outcome(result, i, options, out);
    if (result->outcome_count > MOST_OUTCOMES)
        text_printf(out, "  … %u more\n", result->outcome_count - MOST_OUTCOMES);
}

void explore_report(const struct explore_result *result,
                    const struct explore_report_options *options, struct text *out)
{
    add_head(result, out);
    if (result->failure_count == 0)
        text_add(out, result->complete
                          ? "\nok: no schedule fails\n"
                          : "\nno failure found so far; not everything was searched\n");
    for (uint32_t i = 0; i < result->failure_count; i++)
        add_failure(result, i, options, out);
    if (result->can_loop && result->livelock_known)
        text_add(out, "\nRemark: some runs can go round for ever, if bad luck lasts.\n");
    if (result->daemon_loop)
        text_add(out, "\nRemark: a thread can wait for ever for daemons that run for ever.\n");
    add_outcomes(result, options, out);
    if (options->runs && options->runs->others)
        text_printf(out, "  %" PRIu64 " live runs ended in no listed way\n", options->runs->others);
}
