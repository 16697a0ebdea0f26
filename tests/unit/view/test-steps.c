/* Rows of the step table: found both ways, folded without loss, related as happens-before says. */
#include "view/steps.h"

#include <stdio.h>
#include <string.h>

#include "../run/random_program.h"
#include "../unit.h"
#include "base/hash.h"
#include "load.h"
#include "model/world.h"
#include "session/session.h"

struct bench {
    struct program *program;
    struct model *model;
    struct session *session;
    struct scene scene;
};

static struct bench open_steps(struct program *program, const char *policy, uint64_t steps)
{
    struct bench bench = {.program = program, .model = model_new(program)};
    struct session_options options = {.policy = policy, .has_seed = true, .seed = 3};
    struct text error = {0};
    bench.session = session_open_stepping(program, bench.model, &options, &error);
    ck_assert_msg(bench.session, "%s", text_bytes(&error));
    for (uint64_t i = 0; i < steps; i++)
        if (!session_jump(bench.session, SESSION_JUMP_STEP, false, 0))
            break;
    const struct history *history = session_history(bench.session);
    bench.scene = (struct scene){
        .history = history,
        .catalog = history_catalog(history),
        .now = history_now(history),
        .cursor = history_now(history),
        .column = 1,
        .steps = true,
    };
    return bench;
}

static void close_all(struct bench *bench)
{
    session_close(bench->session);
    model_free(bench->model);
    program_free(bench->program);
}

START_TEST(rows_are_the_steps)
{
    for (uint64_t seed = 1; seed < 8; seed++) {
        struct bench bench = open_steps(random_program(seed), "random", 300);
        struct step_rows forwards = {0}, backwards = {0}, part = {0};
        struct session_status status;
        session_status(bench.session, &status);
        ck_assert_uint_eq(steps_after(&bench.scene, 0, SIZE_MAX, &forwards), status.steps);
        uint64_t end = history_count(bench.scene.history);
        ck_assert_uint_eq(steps_before(&bench.scene, end, SIZE_MAX, &backwards), status.steps);
        for (size_t i = 0; i < forwards.rows.count; i++) {
            ck_assert_uint_eq(forwards.rows.items[i].event, backwards.rows.items[i].event);
            ck_assert_uint_eq(forwards.rows.items[i].number, i + 1);
        }
        bench.scene.cursor = 100 * SESSION_STEP_TIME;
        uint64_t cursor = steps_cursor(&bench.scene);
        steps_after(&bench.scene, cursor, 5, &part);
        steps_before(&bench.scene, cursor, 7, &part);
        ck_assert_uint_eq(part.rows.count, 12);
        for (size_t i = 0; i < part.rows.count; i++) {
            ck_assert_uint_eq(part.rows.items[i].number, 94 + i);
            ck_assert_int_eq(part.rows.items[i].ahead, i >= 7);
        }
        vector_fini(&forwards.rows);
        vector_fini(&backwards.rows);
        vector_fini(&part.rows);
        close_all(&bench);
    }
}
END_TEST

START_TEST(folding_loses_nothing)
{
    static const char *const policies[] = {"rr 3", "priority", "random", "rr 1"};
    for (uint64_t seed = 1; seed < 12; seed++) {
        struct bench bench = open_steps(random_program(seed), policies[seed % 4], 400);
        struct step_rows all = {0}, folded = {0};
        size_t steps = steps_after(&bench.scene, 0, SIZE_MAX, &all);
        steps_after(&bench.scene, 0, SIZE_MAX, &folded);
        steps_fold(&folded);
        size_t at = 0;
        for (size_t i = 0; i < folded.rows.count; i++) {
            const struct step_row *row = &folded.rows.items[i];
            if (!row->folded) {
                ck_assert_uint_eq(row->event, all.rows.items[at++].event);
                continue;
            }
            /* It stands for repetitions of the rows just above it. */
            size_t length = row->folded / row->repeats;
            ck_assert_uint_eq(length * row->repeats, row->folded);
            ck_assert_uint_ge(row->repeats, 2);
            for (size_t n = 0; n < row->folded; n++)
                ck_assert_uint_eq(all.rows.items[at + n].shape,
                                  all.rows.items[at + n - length].shape);
            at += row->folded;
            ck_assert_uint_eq(row->event, all.rows.items[at - 1].event);
        }
        ck_assert_uint_eq(at, steps);
        vector_fini(&all.rows);
        vector_fini(&folded.rows);
        close_all(&bench);
    }
}
END_TEST

/* ---- Happens-before, worked out anew as a graph ---- */

enum { MOST = 400 };

struct graph {
    size_t count;
    struct history_event events[MOST];
    bool reaches[MOST][MOST];
};

static bool is_release(const struct history_event *event)
{
    return event->event.kind == THRUM_KIND_RELEASE && event->event.value == 0;
}

/* Program order, releases of a lock to the next acquire of it, permits first in first out. */
static void build(struct graph *graph, const struct trace_catalog *catalog)
{
    memset(graph->reaches, 0, sizeof graph->reaches);
    size_t permits[MOST * 2] = {0}, first = 0, last = 0;
    bool begun = false;
    for (size_t to = 0; to < graph->count; to++) {
        const struct history_event *event = &graph->events[to];
        enum trace_type type = catalog_object_type(catalog, event->event.object);
        graph->reaches[to][to] = true;
        size_t from[3], count = 0;
        for (size_t i = to; i-- > 0;)
            if (graph->events[i].thread == event->thread) {
                from[count++] = i;
                break;
            }
        if (event->event.kind == THRUM_KIND_ACQUIRE && (type == TRACE_LOCK || type == TRACE_RLOCK))
            for (size_t i = to; i-- > 0;)
                if (graph->events[i].event.object == event->event.object &&
                    is_release(&graph->events[i])) {
                    from[count++] = i;
                    break;
                }
        if (type == TRACE_SEMAPHORE && !begun) {
            begun = true;
            permits[last++] = MOST; /* two to begin with */
            permits[last++] = MOST;
        }
        if (type == TRACE_SEMAPHORE && event->event.kind == THRUM_KIND_RELEASE)
            permits[last++] = to;
        if (type == TRACE_SEMAPHORE && event->event.kind == THRUM_KIND_ACQUIRE &&
            permits[first++] != MOST)
            from[count++] = permits[first - 1];
        for (size_t f = 0; f < count; f++)
            for (size_t i = 0; i < to; i++)
                graph->reaches[i][to] |= graph->reaches[i][from[f]];
    }
}

START_TEST(relations_are_those_of_the_graph)
{
    static struct graph graph;
    unsigned concurrent = 0, ordered = 0;
    for (uint64_t seed = 1; seed < 10; seed++) {
        struct bench bench = open_steps(random_program(seed), "random", 150);
        struct step_rows rows = {0};
        graph.count = steps_after(&bench.scene, 0, MOST, &rows);
        for (size_t i = 0; i < graph.count; i++)
            ck_assert(
                history_event_at(bench.scene.history, rows.rows.items[i].event, &graph.events[i]));
        build(&graph, bench.scene.catalog);
        for (size_t chosen = 0; chosen < graph.count; chosen += 7) {
            steps_relate(&bench.scene, &rows, rows.rows.items[chosen].event);
            for (size_t i = 0; i < graph.count; i++) {
                enum step_relation right = i == chosen                ? RELATION_ITSELF
                                           : graph.reaches[i][chosen] ? RELATION_BEFORE
                                           : graph.reaches[chosen][i] ? RELATION_AFTER
                                                                      : RELATION_CONCURRENT;
                ck_assert_msg(rows.rows.items[i].relation == right,
                              "seed %u: step %zu seen from %zu is %d, not %d", (unsigned)seed,
                              i + 1, chosen + 1, rows.rows.items[i].relation, right);
                concurrent += right == RELATION_CONCURRENT;
                ordered += right == RELATION_BEFORE || right == RELATION_AFTER;
            }
        }
        vector_fini(&rows.rows);
        close_all(&bench);
    }
    ck_assert_uint_gt(concurrent, 1000);
    ck_assert_uint_gt(ordered, 1000);
}
END_TEST

/* A table of any size draws into any region without touching what lies outside. */
START_TEST(draws_into_any_region)
{
    struct bench bench = open_steps(random_program(3), "random", 200);
    uint32_t threads[] = {0, 1, 2, 3, 4};
    bench.scene.threads = threads;
    bench.scene.thread_count = history_threads(bench.scene.history);
    struct canvas canvas = {0};
    for (int width = 1; width < 150; width += 7)
        for (int height = 1; height < 40; height += 3)
            for (int kind = 0; kind < 8; kind++) {
                struct steps_look look = {
                    .fold = kind & 1, .relate = kind & 2, .hide = kind & 4, .next = kind & 1};
                bench.scene.cursor = (uint64_t)(width + height) * SESSION_STEP_TIME;
                canvas_resize(&canvas, width + 2, height + 2);
                struct region all = canvas_region(&canvas);
                struct region inner = region_part(&all, 1, 1, width, height);
                steps_draw(&inner, &bench.scene, &look);
                for (int x = 0; x < width + 2; x++) {
                    ck_assert_uint_eq(canvas_at(&canvas, x, 0)->code, ' ');
                    ck_assert_uint_eq(canvas_at(&canvas, x, height + 1)->code, ' ');
                }
                for (int y = 0; y < height + 2; y++) {
                    ck_assert_uint_eq(canvas_at(&canvas, 0, y)->code, ' ');
                    ck_assert_uint_eq(canvas_at(&canvas, width + 1, y)->code, ' ');
                }
            }
    canvas_fini(&canvas);
    close_all(&bench);
}
END_TEST

/* Whether a line of the table begins with this number. */
static bool shows_step(const char *dump, unsigned long long number)
{
    for (const char *line = dump; line; line = strchr(line, '\n')) {
        unsigned long long found;
        line += *line == '\n';
        size_t blanks = strspn(line, " ");
        if (line[blanks] >= '0' && line[blanks] <= '9' &&
            sscanf(line + blanks, "%llu", &found) == 1 && found == number)
            return true;
    }
    return false;
}

/* However many lines problems and the point of no return take: the steps at the cursor are there.
 */
START_TEST(shows_the_steps_at_the_cursor)
{
    for (uint64_t seed = 1; seed < 12; seed++) {
        struct bench bench = open_steps(random_program(seed), "random", 60);
        uint32_t threads[] = {0, 1, 2, 3, 4};
        bench.scene.threads = threads;
        bench.scene.thread_count = history_threads(bench.scene.history);
        uint64_t count = bench.scene.now / SESSION_STEP_TIME;
        struct canvas canvas = {0};
        for (uint64_t cursor = 0; cursor <= count; cursor++) {
            struct text dump = {0};
            struct steps_look look = {.next = true, .no_return = cursor / 2 + 1};
            bench.scene.cursor = cursor * SESSION_STEP_TIME;
            canvas_resize(&canvas, 120, 14);
            struct region all = canvas_region(&canvas);
            steps_draw(&all, &bench.scene, &look);
            canvas_dump(&canvas, &dump);
            ck_assert_msg(cursor == 0 || shows_step(text_bytes(&dump), cursor), "%s",
                          text_bytes(&dump));
            ck_assert_msg(cursor == count || shows_step(text_bytes(&dump), cursor + 1), "%s",
                          text_bytes(&dump));
            text_fini(&dump);
        }
        canvas_fini(&canvas);
        close_all(&bench);
    }
}
END_TEST

/* Where columns are narrow, names are cut no farther than they can be told apart by, and of what a
 * thread does the object's number and the value stay. */
START_TEST(narrow_columns_can_be_read)
{
    struct program *program = load_text("counters = [0] * 2\n\n"
                                        "thread upstream_reader(i) for i in range(2):\n"
                                        "    counters[i] += 1\n\n"
                                        "thread upstream_writer(i) for i in range(2):\n"
                                        "    counters[i] = 7\n");
    ck_assert_ptr_nonnull(program);
    struct bench bench = open_steps(program, "cooperative", 3);
    uint32_t threads[] = {0, 1, 2, 3, 4};
    bench.scene.threads = threads;
    bench.scene.thread_count = 5;
    struct canvas canvas = {0};
    struct text dump = {0};
    struct steps_look look = {0};
    canvas_resize(&canvas, 84, 5);
    struct region all = canvas_region(&canvas);
    steps_draw(&all, &bench.scene, &look);
    canvas_dump(&canvas, &dump);
    ck_assert_msg(strstr(text_bytes(&dump), " upstream_r…-0 │ "), "%s", text_bytes(&dump));
    ck_assert_msg(strstr(text_bytes(&dump), " upstream_w…-0 │ "), "%s", text_bytes(&dump));
    ck_assert_msg(strstr(text_bytes(&dump), "[0] ← 1 │ "), "%s", text_bytes(&dump));
    text_fini(&dump);
    canvas_fini(&canvas);
    close_all(&bench);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("steps");
    TCase *tests = tcase_create("steps");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, rows_are_the_steps);
    tcase_add_test(tests, folding_loses_nothing);
    tcase_add_test(tests, relations_are_those_of_the_graph);
    tcase_add_test(tests, draws_into_any_region);
    tcase_add_test(tests, shows_the_steps_at_the_cursor);
    tcase_add_test(tests, narrow_columns_can_be_read);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
