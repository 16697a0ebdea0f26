/*
 * Random scenarios: the explorer with all its reductions against the naive one: the same verdicts,
 * races and outcomes. Usage: test-random [FIRST [COUNT [dense]]]; a seed that differs prints its
 * scenario. `dense`: of generate_dense(), else of generate_scenario().
 */
#include <stdio.h>
#include <stdlib.h>

#include "compare.h"
#include "generate.h"
#include "generate_dense.h"
#include "lang/lang.h"

enum { STATES = 20000 }; /* more of them are not compared */

struct tally {
    bool dense;
    uint64_t refused, compared, bad;
};

static void write_one(uint64_t seed, bool dense, struct text *source)
{
    struct generate_options options = {
        .threads = 2 + (unsigned)(seed % 2), .statements = 1 + (unsigned)(seed % 3), .depth = 1};
    if (dense)
        generate_dense(seed, source);
    else
        generate_scenario(seed, &options, source);
}

struct way {
    const char *name;
    struct explore_request request;
    bool gil;     /* as with `option gil` */
    bool outlook; /* not a search, but what lies ahead of each step */
};

static void try_one(uint64_t seed, const struct way *way, struct tally *tally)
{
    struct text source = {0}, messages = {0}, differs = {0};
    write_one(seed, tally->dense, &source);
    struct program *program =
        lang_compile("random.thrum", text_bytes(&source), source.length, &messages);
    bool compared = false;
    tally->refused += !program;
    if (program && way->gil)
        program->options.gil = 5000000;
    bool good =
        !program ||
        (way->outlook ? compare_outlook(program, STATES / 10, &differs, &compared)
                      : compare_with_naive(program, &way->request, STATES, &differs, &compared));
    if (!good) {
        tally->bad++;
        printf("seed %llu, %s:\n%s\n%s\n", (unsigned long long)seed, way->name,
               text_bytes(&differs), text_bytes(&source));
    }
    tally->compared += compared;
    program_free(program);
    text_fini(&source);
    text_fini(&messages);
    text_fini(&differs);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 150;
    struct tally tally = {.dense = argc > 3};
    static const struct way ways[] = {
        {"reduced", {.jobs = 1, .verdicts_only = true}},
        {"reduced, with schedules", {.jobs = 1}},
        {"whole", {.jobs = 1, .no_reduction = true}},
        {"whole states", {.jobs = 1, .exact = true, .verdicts_only = true}},
        {"cut short", {.jobs = 1, .states = 50}},
        {"cut short, whole", {.jobs = 1, .states = 200, .no_reduction = true}},
        {"little memory", {.jobs = 1, .states = 100, .memory = 150000}},
        {"in the order of a clock", {.jobs = 1, .time_order = EXPLORE_TIME_ORDERED}},
        {"with a GIL", {.jobs = 1}, .gil = true},
        {"the outlook", .outlook = true},
        {"two jobs", {.jobs = 2, .verdicts_only = true}},
    };
    for (uint64_t seed = first; seed < first + count && tally.bad < 5; seed++) {
        try_one(seed, &ways[0], &tally);
        size_t other = 1 + seed % (sizeof ways / sizeof *ways - 1);
        try_one(seed, &ways[other], &tally);
    }
    printf("%llu comparisons with the naive explorer, %llu differ, %llu were no scenarios\n",
           (unsigned long long)tally.compared, (unsigned long long)tally.bad,
           (unsigned long long)tally.refused);
    return tally.bad || tally.compared < count / 4 ? EXIT_FAILURE : EXIT_SUCCESS;
}
