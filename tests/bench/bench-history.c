/*
 * The questions of a frame, 50 lanes (or 40 lanes and 10 objects) of 200 columns, over ten million
 * records and over a hundred, at several zooms; what a record costs in memory, and to append and to
 * merge.
 *
 * Usage: bench-history [records, 10000000 if not given]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "made_up.h"
#include "trace/collector.h"
#include "trace/history.h"

enum { THREADS = MADE_UP_THREADS, LOCKS = MADE_UP_LOCKS, COLUMNS = 200 };

/* Microseconds for all rows of a frame; of several tries the best. */
static double frame(const struct history *history, uint64_t t0, uint64_t column, bool objects)
{
    struct lane_cell cells[COLUMNS];
    struct object_cell row[COLUMNS];
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < 5; round++) {
        uint64_t start = own_time();
        for (uint32_t i = 0; i < (objects ? 40u : THREADS); i++)
            history_row(history, i, t0, column, COLUMNS, cells);
        for (uint32_t i = 0; objects && i < LOCKS; i++)
            history_object_row(history, i, t0, column, COLUMNS, row);
        uint64_t took = own_time() - start;
        best = took < best ? took : best;
    }
    return (double)best / 1e3;
}

/* The worst over zooms from everything to a nanosecond a column; prints each. */
static double zooms(const struct history *history, const char *name)
{
    double worst = 0;
    uint64_t all = history_now(history);
    printf("%s:", name);
    for (uint64_t parts = 1; all / parts / COLUMNS > 0; parts *= 10) {
        uint64_t column = all / parts / COLUMNS, t0 = parts == 1 ? 0 : all / 2;
        double lanes = frame(history, t0, column, false), both = frame(history, t0, column, true);
        double took = lanes > both ? lanes : both;
        printf(" %.0f", took);
        worst = took > worst ? took : worst;
    }
    printf(" µs; the worst %.0f µs\n", worst);
    return worst;
}

static void ignore(void *context, uint32_t thread, const struct thrum_event *event)
{
    uint64_t *sum = context;
    *sum += event->version + thread;
}

/* Million records a second, of `threads` rings, a few of which are busy, through the collector. */
static double merged_once(const struct trace_catalog *catalog, uint32_t threads, uint32_t busy)
{
    enum { CAPACITY = 1024, ROUNDS = 500 };
    struct thrum_ring *rings = xcalloc(threads, sizeof *rings);
    struct thrum_event *slots = xcalloc((size_t)threads * CAPACITY, sizeof *slots);
    uint32_t versions[LOCKS] = {0};
    uint64_t sum = 0, time = 0, seed = 3, merged = 0, took = 0;
    struct collector *collector = collector_new(catalog, ignore, &sum);
    for (uint32_t i = 0; i < threads; i++) {
        thrum_ring_init(&rings[i], slots + (size_t)i * CAPACITY, CAPACITY, i, 1, NULL);
        if (!collector_add(collector, &rings[i]))
            die("no ring");
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CAPACITY; i++) {
            uint32_t object = (uint32_t)random_below(&seed, LOCKS);
            uint32_t thread = (uint32_t)random_below(&seed, busy);
            thrum_emit_at(&rings[thread], ++time, THRUM_KIND_STORE, THRUM_STEP, 0, object,
                          ++versions[object], 0, 0);
        }
        uint64_t start = own_time();
        merged += collector_poll(collector);
        took += own_time() - start;
    }
    if (collector_finish(collector, NULL) || merged != (uint64_t)ROUNDS * CAPACITY)
        die("a gap");
    collector_free(collector);
    free(rings);
    free(slots);
    return (double)merged / (double)took * 1e3;
}

/* One try takes a few hundredths of a second, so whatever else the machine does weighs: several. */
static void merging(const struct trace_catalog *catalog, uint32_t threads, uint32_t busy)
{
    enum { TRIES = 9 };
    double rates[TRIES];
    for (int i = 0; i < TRIES; i++) {
        double rate = merged_once(catalog, threads, busy);
        int at = i;
        for (; at > 0 && rates[at - 1] > rate; at--)
            rates[at] = rates[at - 1];
        rates[at] = rate;
    }
    printf("merging, %u rings of which %u busy: %.1f M records/s in the median, %.1f to %.1f\n",
           threads, busy, rates[TRIES / 2], rates[0], rates[TRIES - 1]);
}

int main(int argc, char **argv)
{
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    struct trace_catalog catalog = {0};
    double few_ns = 0, many_ns = 0;
    made_up_catalog(&catalog);
    merging(&catalog, 4, 4);
    merging(&catalog, 1000, 1000);
    merging(&catalog, 1000, 4);
    struct history *few = made_up_history(&catalog, 100, &few_ns);
    struct history *many = made_up_history(&catalog, records, &many_ns);
    double a_record = (double)history_memory(many).resident / (double)records;
    printf("appending %.0f ns a record; %.1f bytes a record, all told (at most 64 wanted)\n",
           many_ns, a_record);
    double little = zooms(few, "frame over 100 records"),
           much = zooms(many, "frame over all records");
    printf("ratio %.2f, worst %.2f ms (at most 2 wanted)\n", much / little,
           much / 1e3);
    uint64_t start = clock_now();
    history_truncate(many, records - 1, history_now(many));
    printf("one record back: %.2f ms\n", (double)(clock_now() - start) / 1e6);
    history_free(few);
    history_free(many);
    catalog_fini(&catalog);
    return much <= 2000 && a_record <= 64 ? 0 : 1;
}
