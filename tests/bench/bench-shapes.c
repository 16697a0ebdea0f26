/*
 * Composing a frame of the timeline, 200 by 50 cells, over runs of awkward shapes: one lock held
 * for ever, an RLock taken a million times over, a barrier that opens all the time, one stretch
 * that never ends, a hundred thousand notes and problems, a kernel that tells everything late,
 * wake-ups and nothing else. At every zoom, at the start and at the end of the run, the median of
 * some visits; the worst of these. Also what appending a record takes.
 *
 * Usage: bench-shapes [records, 10000000 if not given]
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "made_up.h"
#include "view/row_cache.h"
#include "view/scene.h"
#include "view/timeline.h"

enum { THREADS = MADE_UP_THREADS, LANES = 38, VISITS = 5, COLUMNS = 170 };
enum { LOCK, RLOCK, BARRIER, VARIABLE, OBJECTS };

struct maker {
    struct history *history;
    uint64_t time, made;
};

static void make(struct maker *maker, uint32_t thread, unsigned kind, uint32_t object,
                 int64_t value)
{
    struct thrum_event event = {.time = maker->time += 100,
                                .kind = (uint16_t)kind,
                                .object = object,
                                .value = value,
                                .source = THRUM_SOURCE(thread + 1, 5),
                                .flags = THRUM_STEP};
    history_append(maker->history, thread, &event);
    maker->made++;
}

/* One lock is held from the start, while the others try for it. */
static void held_for_ever(struct maker *maker, uint64_t records)
{
    make(maker, 0, THRUM_KIND_ACQUIRE, LOCK, 1);
    for (uint32_t thread = 1; maker->made < records; thread = thread % (THREADS - 1) + 1) {
        make(maker, thread, THRUM_KIND_WAIT_BEGIN, LOCK, 5);
        make(maker, thread, THRUM_KIND_TIMED_OUT, LOCK, 0);
    }
}

/* An RLock that one thread takes again and again, and never gives back. */
static void taken_again(struct maker *maker, uint64_t records)
{
    while (maker->made < records)
        make(maker, 0, THRUM_KIND_ACQUIRE, RLOCK, (int64_t)maker->made + 1);
}

static void opened_often(struct maker *maker, uint64_t records)
{
    enum { PARTIES = 4 };
    while (maker->made < records) {
        for (uint32_t thread = 0; thread < PARTIES; thread++) {
            make(maker, thread, THRUM_KIND_BARRIER_ARRIVE, BARRIER, thread);
            if (thread + 1 < PARTIES)
                make(maker, thread, THRUM_KIND_WAIT_BEGIN, BARRIER, -1);
        }
        make(maker, PARTIES - 1, THRUM_KIND_BARRIER_OPEN, BARRIER, PARTIES);
        for (uint32_t thread = 0; thread < PARTIES; thread++)
            make(maker, thread, THRUM_KIND_BARRIER_DEPART, BARRIER, thread);
    }
}

/* One long stretch; what another thread does with a variable begins none. */
static void one_stretch(struct maker *maker, uint64_t records)
{
    make(maker, 0, THRUM_KIND_COMPUTE_BEGIN, THRUM_NONE, 0);
    while (maker->made < records)
        make(maker, 1, THRUM_KIND_LOAD, VARIABLE, 0);
}

static void noted(struct maker *maker, uint64_t records)
{
    uint64_t seed = 1;
    while (maker->made < records) {
        uint32_t thread = (uint32_t)random_below(&seed, LANES);
        make(maker, thread, THRUM_KIND_STORE, VARIABLE, (int64_t)maker->made);
        if (maker->made % 100 == 0)
            history_add_note(maker->history, thread, maker->time, "note");
        if (maker->made % 100 != 50)
            continue;
        struct problem problem = {.certainty = maker->made % 100000 == 50 ? PROBLEM_ACTUAL
                                                                          : PROBLEM_POTENTIAL,
                                  .time = maker->time,
                                  .event = maker->made - 1};
        problem_add_thread(&problem, thread);
        problem_add_object(&problem, LOCK);
        history_add_problem(maker->history, &problem);
    }
}

/* The kernel tells of a thread that computes long after it has begun to sleep. */
static void told_late(struct maker *maker, uint64_t records)
{
    make(maker, 0, THRUM_KIND_COMPUTE_BEGIN, THRUM_NONE, 0);
    maker->time += 100 * records;
    make(maker, 0, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 0);
    maker->time = 100;
    while (maker->made < records)
        make(maker, 0, maker->made % 2 ? THRUM_KIND_SWITCH_IN : THRUM_KIND_SWITCH_PREEMPTED,
             THRUM_NONE, 0);
}

static void ping_pong(struct maker *maker, uint64_t records)
{
    for (uint32_t thread = 0; maker->made < records; thread = (thread + 1) % (THREADS - 1)) {
        make(maker, thread, THRUM_KIND_WAIT_BEGIN, LOCK, -1);
        make(maker, thread + 1, THRUM_KIND_RELEASE, LOCK, 0);
        make(maker, thread, THRUM_KIND_ACQUIRE, LOCK, 1);
    }
}

static const struct {
    const char *name;
    void (*make)(struct maker *maker, uint64_t records);
} shapes[] = {
    {"a lock held for ever", held_for_ever},
    {"an RLock taken again", taken_again},
    {"a barrier opened often", opened_often},
    {"one stretch", one_stretch},
    {"notes and problems", noted},
    {"a late kernel", told_late},
    {"wake-ups", ping_pong},
};

static double compose(const struct region *region, const struct history *history, uint64_t start,
                      uint64_t column)
{
    uint32_t threads[LANES], objects[OBJECTS] = {LOCK, RLOCK, BARRIER, VARIABLE};
    struct row_cache rows = {0};
    for (uint32_t i = 0; i < LANES; i++)
        threads[i] = i;
    struct scene scene = {
        .history = history,
        .catalog = history_catalog(history),
        .rows = &rows,
        .now = history_now(history),
        .cursor = start + column * COLUMNS / 2,
        .cursor_shown = true,
        .start = start,
        .column = column,
        .threads = threads,
        .thread_count = LANES,
        .objects = objects,
        .object_count = OBJECTS,
        .thread = 3,
        .object = LOCK,
    };
    uint64_t before = own_time();
    canvas_clear(region->canvas);
    timeline_draw(region, &scene, 1);
    double us = (double)(own_time() - before) / 1e3;
    row_cache_fini(&rows);
    return us;
}

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, two = *(const double *)b;
    return (one > two) - (one < two);
}

/* Microseconds of the worst place, with nothing kept from frames before. */
static double worst_frame(const struct region *region, const struct history *history)
{
    double worst = 0;
    uint64_t now = history_now(history);
    for (uint64_t column = now / COLUMNS + 1; column > 3; column = column * 2 / 5)
        for (int end = 0; end < 2; end++) {
            uint64_t span = column * COLUMNS, start = end && now > span ? now - span : 0;
            double us[VISITS];
            for (int visit = 0; visit < VISITS; visit++)
                us[visit] = compose(region, history, start / column * column, column);
            qsort(us, VISITS, sizeof us[0], by_size);
            worst = us[VISITS / 2] > worst ? us[VISITS / 2] : worst;
        }
    return worst;
}

int main(int argc, char **argv)
{
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    struct trace_catalog catalog = {0};
    for (int i = 0; i < THREADS; i++)
        catalog_add_thread(&catalog, "thread", false, THRUM_NONE);
    catalog_add_object(&catalog, "lock", TRACE_LOCK);
    catalog_add_object(&catalog, "rlock", TRACE_RLOCK);
    catalog_add_object(&catalog, "barrier", TRACE_BARRIER);
    catalog_add_object(&catalog, "variable", TRACE_VARIABLE);
    struct canvas canvas = {0};
    canvas_resize(&canvas, 200, 50);
    struct region region = canvas_region(&canvas);
    double worst = 0;
    printf("a frame of 200x50 over %llu records (at most 2000 us wanted)\n",
           (unsigned long long)records);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct maker maker = {.history = history_new(&catalog)};
        uint64_t before = own_time();
        shapes[i].make(&maker, records);
        double ns = (double)(own_time() - before) / (double)records;
        double us = worst_frame(&region, maker.history);
        printf("%-24s %5.0f us, %4.0f ns to append a record, %.0f bytes each\n", shapes[i].name, us,
               ns, (double)history_memory(maker.history).resident / (double)records);
        worst = us > worst ? us : worst;
        history_free(maker.history);
    }
    canvas_fini(&canvas);
    catalog_fini(&catalog);
    return worst <= 2000 ? EXIT_SUCCESS : EXIT_FAILURE;
}
