#include "cli/steps_text.h"

#include <inttypes.h>

#include "base/vector.h"
#include "cli/summary.h"
#include "trace/history.h"
#include "view/steps.h"

static void format_value(void *data, uint32_t object, uint64_t time, struct text *out)
{
    session_cell_text(data, object, time, out);
}

/* What a thread would do, or why it cannot. */
static bool next_words(void *data, uint32_t thread, struct text *out)
{
    struct session *session = data;
    size_t before = out->length;
    session_why_not_text(session, thread, out);
    if (out->length > before)
        return false;
    session_next_text(session, thread, out);
    return true;
}

/* Everything that happened, under the session's lock. Free the threads. */
static struct scene scene_of(struct session *session, uint32_t **ret_threads)
{
    struct history *history = session_history(session);
    uint32_t count = history_threads(history), used = 0;
    uint32_t *threads = xcalloc(count ? count : 1, sizeof *threads);
    for (uint32_t thread = 0; thread < count; thread++)
        if (history_thread_count(history, thread) > 0)
            threads[used++] = thread;
    *ret_threads = threads;
    return (struct scene){
        .history = history,
        .catalog = history_catalog(history),
        .now = history_now(history),
        .cursor = history_now(history),
        .column = 1,
        .steps = true,
        .threads = threads,
        .thread_count = used,
        .thread = THRUM_NONE,
        .object = THRUM_NONE,
        .format_value = format_value,
        .format_data = session,
    };
}

/* ---- Text ---- */

static void add_next(const struct scene *scene, struct session *session, struct text *out)
{
    struct text words = {0};
    bool first = true;
    for (size_t i = 0; i < scene->thread_count; i++) {
        text_clear(&words);
        bool can = next_words(session, scene->threads[i], &words);
        if (!words.length)
            continue;
        text_printf(out, "%s  %s %s%s\n", first ? "\nNext:\n" : "",
                    catalog_thread_name(scene->catalog, scene->threads[i]), can ? "can " : "",
                    text_bytes(&words));
        first = false;
    }
    text_fini(&words);
}

/* Two threads before conflicting accesses: what the schedule of a race leads to. */
static void add_meeting(struct session *session, struct text *out)
{
    struct text words = {0};
    if (session_meeting_text(session, &words))
        text_printf(out, "\nDATA RACE  %s\n", text_bytes(&words));
    text_fini(&words);
}

static void add_problems(const struct scene *scene, struct text *out)
{
    for (size_t i = 0; i < history_problem_count(scene->history); i++) {
        const struct problem *problem = history_problem(scene->history, i);
        if (!history_problem_stands(scene->history, i, UINT64_MAX))
            continue;
        text_printf(out, "\n%s\n", problem->title);
        for (const char *line = problem->evidence; line && *line;) {
            size_t length = 0;
            while (line[length] && line[length] != '\n')
                length++;
            text_printf(out, "  %.*s\n", (int)length, line);
            line += length + (line[length] == '\n');
        }
    }
}

/* Each step with its sentence, instead of the table. */
static void add_explained(const struct scene *scene, struct text *out)
{
    struct step_rows rows = {0};
    struct text words = {0}, sentence = {0};
    struct history_event record;
    steps_after(scene, 0, SIZE_MAX, &rows);
    for (size_t i = 0; i < rows.rows.count; i++) {
        const struct step_row *row = &rows.rows.items[i];
        text_clear(&words);
        text_clear(&sentence);
        if (history_event_at(scene->history, row->event, &record))
            step_words(scene, &record, &words);
        step_sentence(scene, row->event, &sentence);
        size_t begin = out->length;
        text_printf(out, "%4" PRIu64, row->number);
        if (THRUM_SOURCE_LINE(row->source))
            text_printf(out, "  line %u", THRUM_SOURCE_LINE(row->source));
        text_repeat(out, ' ', 15 - (long)(out->length - begin));
        text_printf(out, "%s: %s\n             %s\n",
                    catalog_thread_name(scene->catalog, row->thread), text_bytes(&words),
                    text_bytes(&sentence));
    }
    text_fini(&words);
    text_fini(&sentence);
    vector_fini(&rows.rows);
}

static void add_console(const struct scene *scene, struct text *out)
{
    size_t count = history_console_count(scene->history);
    for (size_t i = 0; i < count; i++) {
        struct history_line line;
        if (history_console(scene->history, i, &line))
            text_printf(out, "%s  %s\n", i == 0 ? "\nPrinted:\n" : "", line.text);
    }
}

unsigned steps_verdicts(struct session *session)
{
    struct session_status status;
    struct text words = {0};
    session_status(session, &status);
    bool meets = session_meeting_text(session, &words);
    text_fini(&words);
    return status.verdicts | (meets ? 1u << VERDICT_RACE : 0);
}

void steps_text(struct session *session, const struct steps_text_options *options, struct text *out)
{
    const struct program *program = session_program(session);
    struct session_status status;
    session_status(session, &status);
    session_lock(session);
    uint32_t *threads;
    struct scene scene = scene_of(session, &threads);
    struct steps_look look = {.fold = options->fold};
    text_printf(out, "%s\n\n", program->title);
    if (options->explain)
        add_explained(&scene, out);
    else
        steps_print(&scene, &look, out);
    if (!status.finished)
        add_next(&scene, session, out);
    add_meeting(session, out);
    add_console(&scene, out);
    add_problems(&scene, out);
    session_unlock(session);
    free(threads);
    text_add(out, "\nFound: ");
    unsigned verdicts = steps_verdicts(session);
    if (!verdicts && !status.finished)
        text_add(out, "nothing so far");
    else
        summary_verdicts(verdicts, out);
    text_add(out, "\nSchedule: ");
    session_schedule_text(session, out);
    text_add_char(out, '\n');
}

/* ---- JSON ---- */

static void add_step_json(const struct scene *scene, const struct step_row *row, bool first,
                          struct text *out)
{
    struct text words = {0};
    struct history_event record;
    text_printf(out, "%s\n  {\"step\": %" PRIu64 ", \"thread\": ", first ? "" : ",", row->number);
    text_add_json(out, catalog_thread_name(scene->catalog, row->thread));
    text_printf(out, ", \"line\": %u, \"does\": ", THRUM_SOURCE_LINE(row->source));
    if (history_event_at(scene->history, row->event, &record))
        step_words(scene, &record, &words);
    text_add_json(out, text_bytes(&words));
    text_clear(&words);
    step_sentence(scene, row->event, &words);
    text_add(out, ", \"means\": ");
    text_add_json(out, text_bytes(&words));
    text_add(out, "}");
    text_fini(&words);
}

static void add_verdicts_json(unsigned verdicts, struct text *out)
{
    const char *between = "";
    for (unsigned i = 0; i < VERDICTS; i++)
        if (verdicts >> i & 1) {
            text_add(out, between);
            text_add_json(out, verdict_names[i]);
            between = ", ";
        }
}

void steps_json(struct session *session, struct text *out)
{
    struct session_status status;
    struct text schedule = {0};
    struct step_rows rows = {0};
    session_status(session, &status);
    unsigned verdicts = steps_verdicts(session);
    session_schedule_text(session, &schedule);
    session_lock(session);
    uint32_t *threads;
    struct scene scene = scene_of(session, &threads);
    text_add(out, "{\"format\": \"thrum-steps-1\",\n \"file\": ");
    text_add_json(out, session_program(session)->path);
    text_add(out, ",\n \"schedule\": ");
    text_add_json(out, text_bytes(&schedule));
    text_printf(out, ",\n \"finished\": %s,\n \"verdicts\": [", status.finished ? "true" : "false");
    add_verdicts_json(verdicts, out);
    text_add(out, "],\n \"steps\": [");
    steps_after(&scene, 0, SIZE_MAX, &rows);
    for (size_t i = 0; i < rows.rows.count; i++)
        add_step_json(&scene, &rows.rows.items[i], i == 0, out);
    text_add(out, "],\n \"problems\": [");
    const char *apart = "";
    for (size_t i = 0; i < history_problem_count(scene.history); i++) {
        const struct problem *problem = history_problem(scene.history, i);
        if (!history_problem_stands(scene.history, i, UINT64_MAX))
            continue;
        text_printf(out, "%s\n  {\"kind\": ", apart);
        apart = ",";
        text_add_json(out, problem_kind_words(problem->kind));
        text_add(out, ", \"title\": ");
        text_add_json(out, problem->title);
        text_add(out, ", \"evidence\": ");
        text_add_json(out, problem->evidence ? problem->evidence : "");
        text_add(out, "}");
    }
    session_unlock(session);
    text_add(out, "]}\n");
    free(threads);
    vector_fini(&rows.rows);
    text_fini(&schedule);
}
