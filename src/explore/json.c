/* The report as JSON. docs/JSON.md describes it; what stands there does not change its
 * meaning. */
#include <inttypes.h>

#include "explore/explore.h"

static void add_place(struct text *out, const char *name, uint32_t position)
{
    if (position)
        text_printf(out, ", \"%s\": {\"line\": %u, \"column\": %u}", name, POSITION_LINE(position),
                    POSITION_COLUMN(position));
}

static void add_schedule(const struct explore_result *result, const char *name,
                         const struct explore_schedule *schedule, struct text *out)
{
    struct text written = {0};
    explore_schedule_text(result, schedule, &written);
    text_printf(out, ", \"%s\": {\"text\": ", name);
    text_add_json(out, text_bytes(&written));
    text_printf(out, ", \"preemptions\": %u, \"switches\": %u, \"steps\": %u, \"minimal\": %s}",
                schedule->preemptions, schedule->switches, schedule->count,
                schedule->minimal ? "true" : "false");
    text_fini(&written);
}

static void add_thread(const struct explore_result *result, const char *name, uint32_t thread,
                       struct text *out)
{
    if (thread == UINT32_MAX)
        return;
    struct text words = {0};
    model_thread_name(result->model, NULL, thread, &words);
    text_printf(out, ", \"%s\": ", name);
    text_add_json(out, text_bytes(&words));
    text_fini(&words);
}

static void add_runs(const struct explore_runs *runs, uint64_t count, struct text *out)
{
    if (runs)
        text_printf(out, ", \"live_runs\": %" PRIu64, count);
}

static void add_failure(const struct explore_result *result, uint32_t index,
                        const struct explore_report_options *options, struct text *out)
{
    const struct explore_failure *failure = &result->failures[index];
    text_printf(out, "%s\n    {\"verdict\": \"%s\", \"detail\": ", index ? "," : "",
                verdict_names[failure->verdict]);
    text_add_json(out, failure->detail);
    text_add(out, ", \"words\": ");
    text_add_json(out, failure->words);
    add_place(out, "position", failure->position);
    add_place(out, "other_position", failure->position2);
    add_thread(result, "thread", failure->thread, out);
    add_thread(result, "other_thread", failure->thread2, out);
    if (failure->has_schedule) {
        struct text story = {0};
        explore_story(result, failure, &story);
        text_add(out, ", \"story\": ");
        text_add_json(out, text_bytes(&story));
        text_fini(&story);
        add_schedule(result, "schedule", &failure->schedule, out);
    }
    if (failure->return_known)
        text_printf(out, ", \"point_of_no_return\": %u", failure->point_of_no_return);
    if (failure->has_passing) {
        add_schedule(result, "passing", &failure->passing, out);
        text_printf(out, ", \"passing_common_steps\": %u", failure->passing_common);
    }
    if (failure->has_share)
        text_printf(out, ", \"share\": %.17g", failure->share);
    if (failure->verdict != VERDICT_UNREACHED) /* no run can show that */
        add_runs(options->runs, options->runs ? options->runs->failures[index] : 0, out);
    text_add_char(out, '}');
}

static void add_value(const struct explore_result *result, const struct variable *variable,
                      uint32_t cell, int64_t value, struct text *out)
{
    uint32_t within = (cell - variable->first_cell) % variable->width;
    switch ((enum kind)variable->kinds[within]) {
    case KIND_INTEGER:
    case KIND_DURATION:
        if (value == NONE_VALUE)
            text_add(out, "null");
        else
            text_printf(out, "%" PRId64, value);
        return;
    case KIND_BOOLEAN:
        text_add(out, value == NONE_VALUE ? "null" : value ? "true" : "false");
        return;
    case KIND_NONE: text_add(out, "null"); return;
    case KIND_STRING:
        if (value == NONE_VALUE)
            text_add(out, "null");
        else
            text_add_json(out, model_string(result->model, value));
        return;
    case KIND_OBJECT:
    case KIND_THREAD:
    case KINDS: break;
    }
    struct text words = {0};
    world_cell_text(result->model, cell, value, &words);
    text_add_json(out, text_bytes(&words));
    text_fini(&words);
}

static void add_element(const struct explore_result *result, const struct variable *variable,
                        uint32_t first, const int64_t *cells, struct text *out)
{
    if (variable->width > 1)
        text_add_char(out, '[');
    for (uint32_t k = 0; k < variable->width; k++) {
        if (k)
            text_add(out, ", ");
        add_value(result, variable, first + k, cells[first + k], out);
    }
    if (variable->width > 1)
        text_add_char(out, ']');
}

static void add_values(const struct explore_result *result, const int64_t *cells, struct text *out)
{
    text_add_char(out, '{');
    for (uint32_t i = 0; i < result->program->variable_count; i++) {
        const struct variable *variable = &result->program->variables[i];
        text_add(out, i ? ", " : "");
        text_add_json(out, variable->name);
        text_add(out, variable->is_list ? ": [" : ": ");
        for (uint32_t k = 0; k < variable->length; k++) {
            text_add(out, k ? ", " : "");
            add_element(result, variable, variable->first_cell + k * variable->width, cells, out);
        }
        text_add(out, variable->is_list ? "]" : "");
    }
    text_add_char(out, '}');
}

static void add_outcome(const struct explore_result *result, uint32_t index,
                        const struct explore_report_options *options, struct text *out)
{
    const struct explore_outcome *outcome = &result->outcomes[index];
    text_printf(out, "%s\n    {\"values\": ", index ? "," : "");
    add_values(result, outcome->cells, out);
    if (outcome->failure >= 0)
        text_printf(out, ", \"failure\": %d", outcome->failure);
    if (outcome->has_schedule)
        add_schedule(result, "schedule", &outcome->schedule, out);
    if (outcome->has_share)
        text_printf(out, ", \"share\": %.17g", outcome->share);
    add_runs(options->runs, options->runs ? options->runs->outcomes[index] : 0, out);
    text_add_char(out, '}');
}

void explore_json(const struct explore_result *result, const struct explore_report_options *options,
                  struct text *out)
{
    text_add(out, "{\n  \"format\": \"thrum-explore-1\",\n  \"file\": ");
    text_add_json(out, result->program->path);
    text_printf(out, ",\n  \"checksum\": \"%08x\",\n  \"complete\": %s",
                (uint32_t)result->program->checksum, result->complete ? "true" : "false");
    if (!result->complete) {
        text_add(out, ",\n  \"stopped_by\": ");
        text_add_json(out, result->stopped_by ? result->stopped_by : "");
        if (result->searched_preemptions != NOT_LOOKED)
            text_printf(out, ",\n  \"searched_preemptions\": %d", result->searched_preemptions);
        if (result->clean_preemptions >= 0)
            text_printf(out, ",\n  \"clean_preemptions\": %d", result->clean_preemptions);
    }
    text_printf(
        out,
        ",\n  \"livelock_decided\": %s,\n  \"can_loop\": %s,\n"
        "  \"daemon_loop\": %s,\n  \"time_ordered\": %s,\n"
        "  \"reduced_by\": {\"symmetry\": %s, \"order\": %s},\n"
        "  \"counts\": {\"states\": %" PRIu64 ", \"edges\": %" PRIu64 ", \"steps\": %" PRIu64
        ", \"depth\": %" PRIu64 ", \"peak_bytes\": %" PRIu64 ", \"state_bytes\": %" PRIu64
        ", \"nanoseconds\": %" PRId64 ", \"jobs\": %u, \"expected_collisions\": %.3g},\n",
        result->livelock_known ? "true" : "false", result->can_loop ? "true" : "false",
        result->daemon_loop ? "true" : "false", result->ordered ? "true" : "false",
        result->reduced_by_symmetry ? "true" : "false", result->reduced_by_order ? "true" : "false",
        result->states, result->edges, result->steps, result->depth, result->peak_bytes,
        result->state_bytes, result->elapsed, result->jobs, explore_collisions(result->states));
    if (options->runs)
        text_printf(out, "  \"live_runs\": {\"runs\": %" PRIu64 ", \"others\": %" PRIu64 "},\n",
                    options->runs->runs, options->runs->others);
    text_add(out, "  \"failures\": [");
    for (uint32_t i = 0; i < result->failure_count; i++)
        add_failure(result, i, options, out);
    text_printf(out, "%s],\n  \"outcomes\": [", result->failure_count ? "\n  " : "");
    for (uint32_t i = 0; i < result->outcome_count; i++)
        add_outcome(result, i, options, out);
    text_printf(out, "%s],\n  \"outcomes_cut\": %s\n}\n", result->outcome_count ? "\n  " : "",
                result->outcomes_cut ? "true" : "false");
}
