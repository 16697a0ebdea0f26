/*
 * Scenario files against their own `expect`, by the naive explorer.
 *
 *     check-expect [-v] [-t VERDICT] [-n STATES] FILE-OR-FOLDER…
 *
 * Folders are searched for *.thrum, in those inside them too.
 *
 * -v prints what was found for each file, -t the steps to the first finding of a verdict. A file
 * whose states are more than STATES (300,000) is skipped with a notice, unless something
 * contradicts its `expect` already. Exit 1 when a file does not behave as it says.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "load.h"
#include "naive.h"

struct settings {
    bool verbose;
    const char *trace;
    struct naive_options options;
    unsigned files, bad; /* looked at, and different from what they say */
};

static void print_traces(struct model *model, const struct naive *naive, const char *verdict)
{
    for (size_t i = 0; i < naive->findings.count; i++) {
        const struct naive_finding *finding = &naive->findings.items[i];
        if (strcmp(verdict_names[finding->verdict], verdict) != 0)
            continue;
        struct text out = {0};
        naive_trace(model, naive, finding->state, &out);
        printf("%s \"%s\":\n%s", verdict, finding->detail, text_bytes(&out));
        text_fini(&out);
        return;
    }
}

/* Nothing found that is not expected. What is missing may lie in states that were not looked at. */
static bool fits_so_far(const struct program *program, const struct naive *naive)
{
    struct text all = {0};
    naive_as_expected(program, naive, &all);
    bool fits = !strstr(text_bytes(&all), "not expected:");
    text_fini(&all);
    return fits;
}

static bool check(const char *path, const struct settings *settings)
{
    struct program *program = load_file(path);
    if (!program) {
        printf("%s: does not compile\n", path);
        return false;
    }
    struct model *model = model_new(program);
    struct naive naive = {0};
    struct text out = {0};
    uint64_t before = clock_now();
    naive_explore(model, &settings->options, &naive);
    double seconds = (double)(clock_now() - before) / 1e9;
    bool good = naive_as_expected(program, &naive, &out) ||
                (!naive.complete && fits_so_far(program, &naive));
    if (good)
        text_clear(&out);
    good = good && !naive.defects.length;
    if (settings->verbose)
        naive_summary(&naive, &out);
    if (!good || settings->verbose || !naive.complete)
        printf("%s: %s, %zu states, %.2f s%s\n%s%s", path, good ? "as expected" : "DIFFERS",
               naive.states.count, seconds, naive.complete ? "" : ", too large to be searched",
               text_bytes(&out), text_bytes(&naive.defects));
    if (settings->trace)
        print_traces(model, &naive, settings->trace);
    text_fini(&out);
    naive_fini(&naive);
    model_free(model);
    program_free(program);
    return good;
}

static void check_all(const char *path, struct settings *settings)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        settings->files++;
        settings->bad += !check(path, settings);
        return;
    }
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name, *end = strrchr(name, '.');
        struct text inside = {0};
        text_printf(&inside, "%s/%s", path, name);
        struct stat about;
        bool folder = stat(text_bytes(&inside), &about) == 0 && S_ISDIR(about.st_mode);
        if (name[0] != '.' && (folder || (end && strcmp(end, ".thrum") == 0)))
            check_all(text_bytes(&inside), settings);
        text_fini(&inside);
        free(entries[i]);
    }
    free(entries);
}

int main(int count, char **arguments)
{
    struct settings settings = {0};
    int option;
    while ((option = getopt(count, arguments, "vt:n:")) != -1)
        switch (option) {
        case 'v': settings.verbose = true; break;
        case 't': settings.trace = optarg; break;
        case 'n': settings.options.max_states = strtoull(optarg, NULL, 10); break;
        default: return 2;
        }
    for (int i = optind; i < count; i++)
        check_all(arguments[i], &settings);
    printf("%u of %u files behave as they say\n", settings.files - settings.bad, settings.files);
    return settings.bad || !settings.files ? 1 : 0;
}
