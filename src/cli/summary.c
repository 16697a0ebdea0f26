#include "cli/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vector.h"
#include "trace/history.h"

enum {
    CONTENDED = 8, /* objects listed */
    WIDTH = 9,
    SCHEDULE = 20000,     /* steps: the schedule of a longer run is not printed */
    SCHEDULE_LINE = 2000, /* bytes of it that people are shown */
};

void summary_verdicts(unsigned verdicts, struct text *out)
{
    const char *between = "";
    for (unsigned i = 0; i < VERDICTS; i++)
        if (verdicts >> i & 1) {
            text_printf(out, "%s%s", between, verdict_names[i]);
            between = ", ";
        }
    if (!verdicts)
        text_add(out, "nothing found");
}

/* Columns of a text in a terminal: code points. */
static long columns(const char *text)
{
    long count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void add_left(const char *text, long width, struct text *out)
{
    text_add(out, text);
    text_repeat(out, ' ', width - columns(text));
}

static void add_right(const char *text, long width, struct text *out)
{
    text_repeat(out, ' ', width - columns(text));
    text_add(out, text);
}

/* A column of a table; however wide, a blank stands before it. */
static void add_cell(const char *text, struct text *out)
{
    text_add_char(out, ' ');
    add_right(text, WIDTH - 1, out);
}

static void add_time(uint64_t nanoseconds, struct text *out)
{
    struct text words = {0};
    if (nanoseconds)
        clock_format(&words, (int64_t)nanoseconds);
    add_cell(nanoseconds ? text_bytes(&words) : "-", out);
    text_fini(&words);
}

static void add_count(uint64_t count, struct text *out)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, count);
    add_cell(count ? digits : "-", out);
}

/* States with a column of their own, in order; others are added to the one before. */
static const struct {
    const char *title;
    unsigned states; /* bits of enum lane_state */
} lanes[] = {
    {"running", 1u << LANE_RUNNING | 1u << LANE_COMPUTING},
    {"ready", 1u << LANE_READY | 1u << LANE_GIL_WAIT},
    {"blocked", 1u << LANE_BLOCKED},
    {"waiting", 1u << LANE_WAITING},
    {"sleeping", 1u << LANE_SLEEPING},
    {"in I/O", 1u << LANE_IO},
    {"held", 1u << LANE_PAUSED | 1u << LANE_RECORDER},
    {"stuck", 1u << LANE_STUCK},
};

enum { LANES = sizeof lanes / sizeof *lanes };

static uint64_t lane_time(const struct thread_statistics *statistics, unsigned lane)
{
    uint64_t total = 0;
    for (unsigned state = 0; state < LANE_STATES; state++)
        if (lanes[lane].states >> state & 1)
            total += statistics->ns[state];
    return total;
}

static long name_width(const struct trace_catalog *catalog, bool objects)
{
    long width = 12;
    for (size_t i = 0; !objects && i < catalog->threads.count; i++)
        if (columns(catalog->threads.items[i].name) > width)
            width = columns(catalog->threads.items[i].name);
    for (size_t i = 0; objects && i < catalog->objects.count; i++)
        if (columns(catalog->objects.items[i].name) > width)
            width = columns(catalog->objects.items[i].name);
    return width > 40 ? 40 : width;
}

/* The lanes that some thread was in at all, bit by bit: columns of nothing make lines too long. */
static unsigned lanes_used(struct session *session)
{
    unsigned used = 1; /* running is always there */
    for (uint32_t thread = 0; thread < session_catalog(session)->threads.count; thread++) {
        struct thread_statistics statistics;
        history_thread_statistics(session_history(session), thread, &statistics);
        for (unsigned i = 0; i < LANES; i++)
            used |= lane_time(&statistics, i) ? 1u << i : 0;
    }
    return used;
}

static void add_threads(struct session *session, struct text *out)
{
    const struct trace_catalog *catalog = session_catalog(session);
    struct history *history = session_history(session);
    long width = name_width(catalog, false);
    unsigned used = lanes_used(session);
    add_left("THREADS", width, out);
    for (unsigned i = 0; i < LANES; i++)
        if (used >> i & 1)
            add_cell(lanes[i].title, out);
    add_cell("steps", out);
    add_cell("preempted", out);
    text_add_char(out, '\n');
    for (uint32_t thread = 0; thread < catalog->threads.count; thread++) {
        struct thread_statistics statistics;
        history_thread_statistics(history, thread, &statistics);
        add_left(catalog->threads.items[thread].name, width, out);
        for (unsigned i = 0; i < LANES; i++)
            if (used >> i & 1)
                add_time(lane_time(&statistics, i), out);
        add_count(statistics.steps, out);
        uint64_t blocked = statistics.blocked, preempted = statistics.preempted;
        session_switches(session, thread, &blocked, &preempted);
        text_add_char(out, ' ');
        add_count(preempted, out);
        text_add_char(out, '\n');
    }
}

struct contended {
    uint32_t object;
    struct object_statistics statistics;
};

static int by_wait(const void *a, const void *b)
{
    const struct contended *x = a, *y = b;
    if (x->statistics.wait_total != y->statistics.wait_total)
        return x->statistics.wait_total < y->statistics.wait_total ? 1 : -1;
    return x->object < y->object ? -1 : 1;
}

/* The objects that were waited for, longest first; the caller frees. */
static struct contended *contended_objects(struct session *session, size_t *ret_count)
{
    const struct trace_catalog *catalog = session_catalog(session);
    vector(struct contended) list = {0};
    for (uint32_t object = 0; object < catalog->objects.count; object++) {
        struct contended one = {.object = object};
        history_object_statistics(session_history(session), object, &one.statistics);
        if (one.statistics.waiters_max && catalog->objects.items[object].type != TRACE_THREADS)
            vector_push(&list, one);
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, by_wait);
    *ret_count = list.count;
    return list.items;
}

static void add_objects(struct session *session, struct text *out)
{
    const struct trace_catalog *catalog = session_catalog(session);
    long width = name_width(catalog, true);
    size_t count;
    struct contended *list = contended_objects(session, &count);
    if (count) {
        static const char *const titles[] = {"taken", "waits", "waited", "longest", "held"};
        text_add_char(out, '\n');
        add_left("CONTENDED", width, out);
        for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
            add_cell(titles[i], out);
        text_add(out, "  most waiting\n");
    }
    for (size_t i = 0; i < count && i < CONTENDED; i++) {
        const struct object_statistics *statistics = &list[i].statistics;
        add_left(catalog->objects.items[list[i].object].name, width, out);
        add_count(statistics->acquisitions, out);
        add_count(statistics->contended, out);
        add_time(statistics->wait_total, out);
        add_time(statistics->wait_max, out);
        add_time(statistics->hold_total, out);
        text_printf(out, "  %12" PRIu32 "\n", statistics->waiters_max);
    }
    if (count > CONTENDED)
        text_printf(out, "… and %zu more\n", count - CONTENDED);
    free(list);
}

static void add_console(struct session *session, struct text *out)
{
    struct history *history = session_history(session);
    struct history_line line;
    size_t count = history_console_count(history);
    if (count)
        text_add(out, "\nCONSOLE\n");
    for (size_t i = 0; i < count; i++)
        if (history_console(history, i, &line))
            text_printf(out, "%s\n", line.text);
}

/* Appends "counter = 6": a variable, list or atomic as it is now. */
static void add_value(struct session *session, const struct variable *variable, struct text *out)
{
    bool tuples = variable->width > 1;
    if (variable->is_list)
        text_add_char(out, '[');
    for (uint32_t i = 0; i < variable->length; i++) {
        text_add(out, i ? ", " : "");
        if (tuples)
            text_add_char(out, '(');
        for (uint32_t w = 0; w < variable->width; w++) {
            text_add(out, w ? ", " : "");
            session_cell_text(session, variable->first_cell + i * variable->width + w, UINT64_MAX,
                              out);
        }
        if (tuples)
            text_add_char(out, ')');
    }
    if (variable->is_list)
        text_add_char(out, ']');
}

static void add_values(struct session *session, struct text *out)
{
    const struct program *program = session_program(session);
    if (program->variable_count)
        text_add(out, "\nVALUES\n");
    for (uint32_t i = 0; i < program->variable_count; i++) {
        text_printf(out, "%s = ", program->variables[i].name);
        add_value(session, &program->variables[i], out);
        text_add_char(out, '\n');
    }
}

/* What shall hold sometimes, and did it in this run. */
static void add_sometimes(struct session *session, struct text *out)
{
    const struct program *program = session_program(session);
    if (program->sometimes_count)
        text_add(out, "\nSOMETIMES\n");
    for (uint32_t i = 0; i < program->sometimes_count; i++)
        text_printf(out, "\"%s\" (line %u)  %s\n", program->sometimes[i].text,
                    POSITION_LINE(program->sometimes[i].position),
                    session_reached(session, i) ? "reached" : "not reached in this run");
}

/* Evidence, indented. */
static void add_indented(const char *lines, struct text *out)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        text_add(out, "  ");
        text_add_bytes(out, lines, length);
        text_add_char(out, '\n');
        lines += length + (lines[length] == '\n');
    }
}

static const char *certainty_words(enum problem_certainty certainty)
{
    switch (certainty) {
    case PROBLEM_ACTUAL: return "";
    case PROBLEM_POTENTIAL: return "  (did not happen in this run, but could in another)";
    case PROBLEM_CONSEQUENCE: return "  (may follow from an earlier one)";
    }
    return "";
}

/* Returns how many of them did not happen in this run. */
static size_t add_problems(struct session *session, bool deadlock, struct text *out)
{
    size_t possible = 0;
    struct history *history = session_history(session);
    for (size_t i = 0; i < history_problem_count(history); i++) {
        const struct problem *problem = history_problem(history, i);
        struct text time = {0};
        if ((problem->kind == PROBLEM_LOCK_ORDER && deadlock) || /* said by what happened */
            !history_problem_stands(history, i, UINT64_MAX))
            continue;
        clock_format(&time, (int64_t)problem->time);
        if (problem->grown) {
            text_add(&time, ", begun at ");
            clock_format(&time, (int64_t)problem->since);
        }
        text_printf(out, "\n%s%s\n", problem->title, certainty_words(problem->certainty));
        add_indented(problem->evidence ? problem->evidence : "", out);
        text_printf(out, "  at %s\n", text_bytes(&time));
        text_fini(&time);
        possible += problem->certainty == PROBLEM_POTENTIAL;
    }
    return possible;
}

static void add_head(struct session *session, const struct session_status *status, struct text *out)
{
    const struct program *program = session_program(session);
    struct text time = {0};
    clock_format(&time, (int64_t)status->elapsed);
    text_printf(out, "%s  %s\n", program->path, program->title);
    text_printf(out,
                "%u threads, %s, %" PRIu64 " steps, %" PRIu64 " events, %" PRIu64
                " lost, seed %" PRIu64 ", %u processors\n",
                status->threads, text_bytes(&time), status->steps, status->events, status->lost,
                status->seed, status->cpus);
    text_printf(out, "running, ready and blocked from the %s\n\n", status->kernel_truth);
    text_fini(&time);
}

/* `possible`: problems listed that did not happen in this run. */
static void add_end(const struct session_status *status, size_t possible, struct text *out)
{
    text_add(out, "\nVERDICT  ");
    summary_verdicts(status->verdicts, out);
    if (possible)
        text_printf(out, " in this run, %zu possible problem%s", possible,
                    possible == 1 ? "" : "s");
    if (status->stopped)
        text_add(out, "  (stopped before the end)");
    text_add_char(out, '\n');
    if (status->error)
        text_printf(out, "ERROR  %s\n", status->error);
    if (status->notice)
        text_printf(out, "NOTICE  %s\n", status->notice);
}

/* What `thrum replay` takes to do the same again. Under no lock. */
static void add_schedule(struct session *session, const struct session_status *status,
                         struct text *out)
{
    struct text schedule = {0};
    if (status->steps > 0 && status->steps <= SCHEDULE)
        session_schedule_text(session, &schedule);
    if (schedule.length && schedule.length <= SCHEDULE_LINE)
        text_printf(out, "SCHEDULE  %s\n", text_bytes(&schedule));
    text_fini(&schedule);
}

void summary_text(struct session *session, struct text *out)
{
    struct session_status status;
    session_status(session, &status);
    session_lock(session);
    add_head(session, &status, out);
    add_threads(session, out);
    add_objects(session, out);
    add_values(session, out);
    add_sometimes(session, out);
    add_console(session, out);
    size_t possible = add_problems(session, status.verdicts >> VERDICT_DEADLOCK & 1, out);
    add_end(&status, possible, out);
    session_unlock(session);
    add_schedule(session, &status, out);
}

/* ---- JSON ---- */

static void json_threads(struct session *session, struct text *out)
{
    const struct trace_catalog *catalog = session_catalog(session);
    text_add(out, "\"threads\":[");
    for (uint32_t thread = 0; thread < catalog->threads.count; thread++) {
        struct thread_statistics statistics;
        history_thread_statistics(session_history(session), thread, &statistics);
        text_add(out, thread ? ",{\"name\":" : "{\"name\":");
        text_add_json(out, catalog->threads.items[thread].name);
        text_printf(out,
                    ",\"daemon\":%s,\"steps\":%" PRIu64 ",\"waits\":%" PRIu64
                    ",\"preempted\":%" PRIu64 ",\"ns\":{",
                    catalog->threads.items[thread].daemon ? "true" : "false", statistics.steps,
                    statistics.waits, statistics.preempted);
        for (unsigned state = 0; state < LANE_STATES; state++) {
            text_add(out, state ? "," : "");
            text_add_json(out, lane_state_words((enum lane_state)state));
            text_printf(out, ":%" PRIu64, statistics.ns[state]);
        }
        text_add(out, "}}");
    }
    text_add(out, "],");
}

static void json_objects(struct session *session, struct text *out)
{
    size_t count;
    struct contended *list = contended_objects(session, &count);
    text_add(out, "\"contended\":[");
    for (size_t i = 0; i < count; i++) {
        const struct object_statistics *statistics = &list[i].statistics;
        text_add(out, i ? ",{\"name\":" : "{\"name\":");
        text_add_json(out, catalog_object_name(session_catalog(session), list[i].object));
        text_printf(out,
                    ",\"acquisitions\":%" PRIu64 ",\"contended\":%" PRIu64 ",\"wait_ns\":%" PRIu64
                    ",\"longest_wait_ns\":%" PRIu64 ",\"hold_ns\":%" PRIu64
                    ",\"most_waiting\":%" PRIu32 "}",
                    statistics->acquisitions, statistics->contended, statistics->wait_total,
                    statistics->wait_max, statistics->hold_total, statistics->waiters_max);
    }
    text_add(out, "],");
    free(list);
}

static void json_values(struct session *session, struct text *out)
{
    const struct program *program = session_program(session);
    text_add(out, "\"values\":{");
    for (uint32_t i = 0; i < program->variable_count; i++) {
        struct text value = {0};
        add_value(session, &program->variables[i], &value);
        text_add(out, i ? "," : "");
        text_add_json(out, program->variables[i].name);
        text_add_char(out, ':');
        text_add_json(out, text_bytes(&value));
        text_fini(&value);
    }
    text_add(out, "},");
}

static void json_sometimes(struct session *session, struct text *out)
{
    const struct program *program = session_program(session);
    text_add(out, "\"sometimes\":[");
    for (uint32_t i = 0; i < program->sometimes_count; i++) {
        text_add(out, i ? ",{\"text\":" : "{\"text\":");
        text_add_json(out, program->sometimes[i].text);
        text_printf(out, ",\"line\":%u,\"reached\":%s}",
                    POSITION_LINE(program->sometimes[i].position),
                    session_reached(session, i) ? "true" : "false");
    }
    text_add(out, "],");
}

static void json_problems(struct session *session, struct text *out)
{
    static const char *const certainties[] = {
        [PROBLEM_ACTUAL] = "actual",
        [PROBLEM_POTENTIAL] = "potential",
        [PROBLEM_CONSEQUENCE] = "consequence",
    };
    struct history *history = session_history(session);
    text_add(out, "\"problems\":[");
    const char *apart = "";
    for (size_t i = 0; i < history_problem_count(history); i++) {
        const struct problem *problem = history_problem(history, i);
        if (!history_problem_stands(history, i, UINT64_MAX))
            continue;
        text_printf(out, "%s{\"kind\":", apart);
        apart = ",";
        text_add_json(out, problem_kind_words(problem->kind));
        text_printf(out,
                    ",\"certainty\":\"%s\",\"time_ns\":%" PRIu64 ",\"since_ns\":%" PRIu64
                    ",\"title\":",
                    certainties[problem->certainty], problem->time,
                    problem->grown ? problem->since : problem->time);
        text_add_json(out, problem->title);
        text_add(out, ",\"evidence\":");
        text_add_json(out, problem->evidence ? problem->evidence : "");
        text_add_char(out, '}');
    }
    text_add(out, "],");
}

static void json_console(struct session *session, struct text *out)
{
    struct history *history = session_history(session);
    struct history_line line;
    text_add(out, "\"console\":[");
    for (size_t i = 0; i < history_console_count(history); i++)
        if (history_console(history, i, &line)) {
            text_add(out, i ? "," : "");
            text_add_json(out, line.text);
        }
    text_add(out, "],");
}

static void json_verdicts(unsigned verdicts, struct text *out)
{
    const char *between = "";
    text_add(out, "\"verdicts\":[");
    for (unsigned i = 0; i < VERDICTS; i++)
        if (verdicts >> i & 1) {
            text_add(out, between);
            text_add_json(out, verdict_names[i]);
            between = ",";
        }
    text_add(out, "],");
}

void summary_json(struct session *session, struct text *out)
{
    struct session_status status;
    struct text schedule = {0};
    session_status(session, &status);
    if (status.steps <= SCHEDULE)
        session_schedule_text(session, &schedule);
    session_lock(session);
    text_add(out, "{\"format\":\"thrum-run-1\",\"file\":");
    text_add_json(out, session_program(session)->path);
    text_add_char(out, ',');
    if (schedule.length) {
        text_add(out, "\"schedule\":");
        text_add_json(out, text_bytes(&schedule));
        text_add_char(out, ',');
    }
    text_fini(&schedule);
    json_verdicts(status.verdicts, out);
    json_threads(session, out);
    json_objects(session, out);
    json_values(session, out);
    json_sometimes(session, out);
    json_console(session, out);
    json_problems(session, out);
    text_printf(out,
                "\"finished\":%s,\"stopped\":%s,\"elapsed_ns\":%" PRIu64 ",\"steps\":%" PRIu64
                ",\"events\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"seed\":%" PRIu64
                ",\"processors\":%u,\"defects\":%" PRIu64 ",\"states_from\":",
                status.finished ? "true" : "false", status.stopped ? "true" : "false",
                status.elapsed, status.steps, status.events, status.lost, status.seed, status.cpus,
                status.defects);
    text_add_json(out, status.kernel_truth);
    if (status.error) {
        text_add(out, ",\"error\":");
        text_add_json(out, status.error);
    }
    text_add(out, "}\n");
    session_unlock(session);
}
