/*
 * Scenarios as their authors meant them: compiles each file given and explores it with the naive
 * explorer of tests/common; what is found must be what the file expects, if it says so. A file with too many
 * states is passed over, and said so.
 *
 * Usage: scenarios [--states N] [--refused] FILE-OR-FOLDER… With --refused, files that the check refuses are passed
 * over too: some random programs read a local that Python would find without a value.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lang/lang.h"
#include "naive.h"

struct tally {
    unsigned good, bad, passed_over;
    uint64_t limit;
    bool refused;
};

static void explore(const char *path, const struct program *program, struct tally *tally)
{
    struct model *model = model_new(program);
    struct naive_options options = {.max_states = tally->limit};
    struct naive naive = {0};
    struct text words = {0};
    naive_explore(model, &options, &naive);
    if (!naive.complete) {
        printf("passed over (too many states): %s\n", path);
        tally->passed_over++;
    } else if ((program->expect_count > 0 && !naive_as_expected(program, &naive, &words)) ||
               naive.defects.length > 0) {
        printf("NOT AS EXPECTED: %s\n%s%s", path, text_bytes(&words), text_bytes(&naive.defects));
        tally->bad++;
    } else {
        tally->good++;
    }
    text_fini(&words);
    naive_fini(&naive);
    model_free(model);
}

static void one_file(const char *path, struct tally *tally)
{
    struct text messages = {0};
    struct program *program = lang_load(path, &messages);
    if (!program && tally->refused && strstr(text_bytes(&messages), "may be read before")) {
        tally->passed_over++;
    } else if (!program) {
        printf("%s", text_bytes(&messages));
        tally->bad++;
    } else if (program->options.gil > 0 || program->options.time_ordered) {
        printf("passed over (not every schedule counts there): %s\n", path);
        tally->passed_over++;
    } else {
        explore(path, program, tally);
    }
    program_free(program);
    text_fini(&messages);
}

static void visit(const char *path, struct tally *tally)
{
    struct stat status;
    size_t length = strlen(path);
    if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
        if (length > 6 && strcmp(path + length - 6, ".thrum") == 0)
            one_file(path, tally);
        return;
    }
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && strcmp(entries[i]->d_name, "large") != 0)
            visit(inner, tally);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    struct tally tally = {.limit = 30000};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--states") == 0 && i + 1 < argc)
            tally.limit = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--refused") == 0)
            tally.refused = true;
        else
            visit(argv[i], &tally);
    }
    printf("%u as expected, %u not, %u passed over\n", tally.good, tally.bad, tally.passed_over);
    return tally.bad > 0 || tally.good == 0;
}
