/*
 * Composing a frame of the timeline, 200 by 50 cells: 38 threads and 10 locks, over a hundred
 * records and over ten million, at every zoom, at the start, the middle and the end of the run.
 *
 * All places are visited in turn, so that the first frame of a visit finds nothing of it in the
 * processor's caches and none of its rows kept: so a jump or a zoom looks. The frame after it is
 * what all others are like while the view stays or follows. Of the visits to a place the median
 * counts. Fails above the limits that docs/ARCHITECTURE.md names.
 *
 * Then a lane that a group of 500 threads is folded into, which sleep and wake at random.
 *
 * Usage: bench-view [records, 10000000 if not given]
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "made_up.h"
#include "view/row_cache.h"
#include "view/scene.h"
#include "view/timeline.h"

enum { THREADS = 38, LOCKS = MADE_UP_LOCKS, COLUMNS = 170, PLACES = 256, VISITS = 9 };

enum { FIRST, NEXT, FRAMES };

struct place {
    uint64_t start, column;
    double us[FRAMES][VISITS];
};

struct places {
    struct place at[PLACES];
    size_t count;
};

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, two = *(const double *)b;
    return (one > two) - (one < two);
}

/* Zooms from everything to a few nanoseconds a column. */
static void choose(struct places *places, uint64_t now)
{
    places->count = 0;
    for (uint64_t column = now / COLUMNS + 1; column > 3; column = column * 2 / 5) {
        uint64_t span = column * COLUMNS, last = now > span ? now - span : 0;
        uint64_t starts[] = {0, last / 2, last};
        for (size_t i = 0; i < (last ? 3 : 1) && places->count < PLACES; i++)
            places->at[places->count++] =
                (struct place){.start = starts[i] / column * column, .column = column};
    }
}

static double compose(const struct region *region, const struct history *history,
                      struct row_cache *rows, const struct place *place)
{
    uint32_t threads[THREADS], objects[LOCKS];
    for (uint32_t i = 0; i < THREADS; i++)
        threads[i] = i;
    for (uint32_t i = 0; i < LOCKS; i++)
        objects[i] = i;
    struct scene scene = {
        .history = history,
        .catalog = history_catalog(history),
        .rows = rows,
        .now = history_now(history),
        .cursor = place->start + place->column * COLUMNS / 2,
        .cursor_shown = true,
        .start = place->start,
        .column = place->column,
        .threads = threads,
        .thread_count = THREADS,
        .objects = objects,
        .object_count = LOCKS,
        .thread = 3,
        .object = 2,
    };
    uint64_t before = own_time();
    canvas_clear(region->canvas);
    timeline_draw(region, &scene, 1);
    return (double)(own_time() - before) / 1e3;
}

struct figures {
    double median, worst; /* microseconds, over the places */
    uint64_t worst_column;
};

static struct figures figures_of(struct places *places, int frame)
{
    struct figures figures = {0};
    double medians[PLACES];
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->at[i];
        double *us = place->us[frame];
        qsort(us, VISITS, sizeof us[0], by_size);
        medians[i] = us[VISITS / 2];
        if (getenv("BENCH_PLACES"))
            printf("  %s frame, %llu ns a column from %llu: %.0f us\n",
                   frame == FIRST ? "first" : "next", (unsigned long long)place->column,
                   (unsigned long long)place->start, medians[i]);
        if (medians[i] > figures.worst) {
            figures.worst = medians[i];
            figures.worst_column = place->column;
        }
    }
    qsort(medians, places->count, sizeof medians[0], by_size);
    figures.median = medians[places->count / 2];
    return figures;
}

static void measure(const struct region *region, const struct history *history,
                    struct figures ret[FRAMES])
{
    struct places places;
    struct row_cache rows = {0};
    choose(&places, history_now(history));
    for (int visit = -1; visit < VISITS; visit++)
        for (size_t i = 0; i < places.count; i++)
            for (int frame = FIRST; frame < FRAMES; frame++) {
                double took = compose(region, history, &rows, &places.at[i]);
                if (visit >= 0)
                    places.at[i].us[frame][visit] = took;
            }
    for (int frame = FIRST; frame < FRAMES; frame++)
        ret[frame] = figures_of(&places, frame);
    row_cache_fini(&rows);
}

static void report(const char *frame, const struct figures *few, const struct figures *many)
{
    printf("the %s, over 100 records: median %.0f us, worst %.0f us\n", frame, few->median,
           few->worst);
    printf("  over the many: median %.0f us, worst %.0f us (%llu ns a column)\n", many->median,
           many->worst, (unsigned long long)many->worst_column);
    printf("  ratio of the medians %.2f, of the worst %.2f\n", many->median / few->median,
           many->worst / few->worst);
}

enum { CROWD = 500, CROWD_RECORDS = 1000000 };

static struct history *crowd_history(struct trace_catalog *catalog)
{
    bool asleep[CROWD] = {0};
    uint64_t seed = 7, time = 0;
    for (int i = 0; i < CROWD; i++)
        catalog_add_thread(catalog, "worker", false, THRUM_NONE);
    struct history *history = history_new(catalog);
    for (int i = 0; i < CROWD_RECORDS; i++) {
        uint32_t thread = (uint32_t)random_below(&seed, CROWD);
        time += 1 + random_below(&seed, 200);
        struct thrum_event event = {.time = time,
                                    .object = THRUM_NONE,
                                    .kind = asleep[thread] ? THRUM_KIND_SLEEP_END
                                                           : THRUM_KIND_SLEEP_BEGIN};
        asleep[thread] = !asleep[thread];
        history_append(history, thread, &event);
    }
    return history;
}

static void measure_crowd(const struct region *region)
{
    struct trace_catalog catalog = {0};
    struct history *history = crowd_history(&catalog);
    struct row_cache rows = {0};
    uint32_t threads[CROWD];
    struct lane lane = {.count = CROWD};
    for (uint32_t i = 0; i < CROWD; i++)
        threads[i] = i;
    struct scene scene = {
        .history = history,
        .catalog = &catalog,
        .rows = &rows,
        .now = history_now(history),
        .threads = threads,
        .thread_count = CROWD,
        .thread_lanes = &lane,
        .thread_lane_count = 1,
        .thread = THRUM_NONE,
        .object = THRUM_NONE,
    };
    double us[FRAMES][VISITS];
    for (int visit = 0; visit < VISITS; visit++)
        for (int frame = FIRST; frame < FRAMES; frame++) {
            scene.column = scene.now / COLUMNS / (uint64_t)(1 + visit) + 1;
            uint64_t before = own_time();
            timeline_draw(region, &scene, 1);
            us[frame][visit] = (double)(own_time() - before) / 1e3;
        }
    for (int frame = FIRST; frame < FRAMES; frame++)
        qsort(us[frame], VISITS, sizeof us[frame][0], by_size);
    printf("%d threads folded into one lane: the first frame %.0f us, those after it %.0f us\n",
           CROWD, us[FIRST][VISITS / 2], us[NEXT][VISITS / 2]);
    row_cache_fini(&rows);
    history_free(history);
    catalog_fini(&catalog);
}

int main(int argc, char **argv)
{
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    struct trace_catalog catalog;
    made_up_catalog(&catalog);
    struct history *few = made_up_history(&catalog, 100, NULL);
    struct history *many = made_up_history(&catalog, records, NULL);
    struct canvas canvas = {0};
    canvas_resize(&canvas, 200, 50);
    struct region region = canvas_region(&canvas);
    struct figures little[FRAMES], much[FRAMES];
    measure(&region, few, little);
    measure(&region, many, much);
    printf("a frame of 200x50 over %llu records (at most 2000 us wanted, ratio at most 3)\n",
           (unsigned long long)records);
    report("first frame of a place", &little[FIRST], &much[FIRST]);
    report("frames after it", &little[NEXT], &much[NEXT]);
    measure_crowd(&region);
    canvas_fini(&canvas);
    history_free(few);
    history_free(many);
    catalog_fini(&catalog);
    return much[FIRST].worst <= 2000 && much[NEXT].worst <= 3 * little[NEXT].worst ? EXIT_SUCCESS
                                                                                   : EXIT_FAILURE;
}
