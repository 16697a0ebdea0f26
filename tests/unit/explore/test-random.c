/*
 * Random scenarios: the explorer with all its reductions against the naive one: the same verdicts,
 * races and outcomes. Usage: test-random [FIRST [COUNT]]; a seed that differs prints its scenario.
 */
#include <stdio.h>
#include <stdlib.h>

#include "compare.h"
#include "generate.h"
#include "lang/lang.h"

static bool try_one(uint64_t seed, const struct explore_request *request, const char *how,
                    uint64_t *ret_compared)
{
    struct text source = {0}, messages = {0}, differs = {0};
    struct generate_options options = {
        .threads = 2 + (unsigned)(seed % 2), .statements = 1 + (unsigned)(seed % 3), .depth = 1};
    generate_scenario(seed, &options, &source);
    struct program *program =
        lang_compile("random.thrum", text_bytes(&source), source.length, &messages);
    bool good = true, compared = false;
    if (program) {
        good = compare_with_naive(program, request, 20000, &differs, &compared);
        *ret_compared += compared;
    }
    if (!good)
        printf("seed %llu, %s:\n%s\n%s\n", (unsigned long long)seed, how, text_bytes(&differs),
               text_bytes(&source));
    program_free(program);
    text_fini(&source);
    text_fini(&messages);
    text_fini(&differs);
    return good;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 150, compared = 0, bad = 0;
    static const struct {
        const char *name;
        struct explore_request request;
    } ways[] = {
        {"reduced", {.jobs = 1, .verdicts_only = true}},
        {"reduced, with schedules", {.jobs = 1}},
        {"whole", {.jobs = 1, .no_reduction = true}},
        {"whole states", {.jobs = 1, .exact = true, .verdicts_only = true}},
        {"two jobs", {.jobs = 2, .verdicts_only = true}},
    };
    for (uint64_t seed = first; seed < first + count && bad < 5; seed++) {
        bad += !try_one(seed, &ways[0].request, ways[0].name, &compared);
        size_t other = 1 + seed % (sizeof ways / sizeof *ways - 1);
        bad += !try_one(seed, &ways[other].request, ways[other].name, &compared);
    }
    printf("%llu comparisons with the naive explorer, %llu differ\n", (unsigned long long)compared,
           (unsigned long long)bad);
    return bad || compared < count / 4 ? EXIT_FAILURE : EXIT_SUCCESS;
}
