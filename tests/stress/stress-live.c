/*
 * Live runs against the model, the strong way: every bundled scenario and random ones, over and
 * over, with jitter, on one processor and on all. For each run:
 *
 *   - nothing is lost, and the shadow agrees with every value, outcome and choice (no defects);
 *   - what the run came to is among what the naive explorer lists: its final values, its verdicts.
 *
 * Times in bundled scenarios are made a thousand times shorter: only order matters here.
 *
 *     stress-live SECONDS [SEED] [FILE…]
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/hash.h"
#include "generate.h"
#include "lang/lang.h"
#include "naive.h"
#include "session/session.h"
#include "trace/history.h"

enum { RUNS_OF_ONE = 6, STATES = 60000 };

static const int64_t TIME_LIMIT = 60000000; /* ns of a run; those that never end are stopped */

struct tally {
    uint64_t programs, runs, steps, finished, deadlocks, stopped, compared, failures;
};

/* A scenario under stress. */
struct subject {
    const char *name;
    const char *text;
    struct program *program;
    struct model *model;
    struct naive naive;
    bool after_writes; /* `after:` changes values, so the end of a run is not what the explorer
                          calls its outcome */
};

static void fail(struct tally *tally, const struct subject *subject, uint64_t seed,
                 const char *words)
{
    tally->failures++;
    printf("FAILED %s, seed %" PRIu64 ": %s\n", subject->name, seed, words);
    if (tally->failures <= 3)
        printf("----\n%s----\n", subject->text);
}

/* The judgement of one finished run. */
static void judge(struct tally *tally, const struct subject *subject, struct session *session,
                  const struct session_status *status)
{
    char words[512];
    if (status->defects)
        fail(tally, subject, status->seed, status->defect);
    if (status->error)
        fail(tally, subject, status->seed, status->error);
    if (status->lost)
        fail(tally, subject, status->seed, "records were lost");
    if (!subject->naive.complete || status->defects)
        return;
    session_lock(session);
    uint64_t outcome = naive_outcome(subject->model, session_world(session));
    session_unlock(session);
    tally->compared++;
    bool dead = !status->finished && !status->stopped &&
                (status->verdicts >> VERDICT_DEADLOCK & 1) &&
                !(status->verdicts >> VERDICT_ASSERTION & 1);
    if (status->finished && !subject->after_writes && !naive_has_outcome(&subject->naive, outcome))
        fail(tally, subject, status->seed, "its final values are none that exploring finds");
    if (dead && !naive_has_dead_outcome(&subject->naive, outcome))
        fail(tally, subject, status->seed,
             "the values of its deadlock are none that exploring finds");
    for (unsigned verdict = 0; verdict < VERDICTS; verdict++)
        if (verdict != VERDICT_OK && (status->verdicts >> verdict & 1) &&
            !naive_finding(&subject->naive, (enum verdict)verdict, NULL)) {
            snprintf(words, sizeof words, "it found `%s`, exploring does not",
                     verdict_names[verdict]);
            fail(tally, subject, status->seed, words);
        }
}

static void run_once(struct tally *tally, const struct subject *subject, uint64_t seed)
{
    struct session_options options = {.has_seed = true,
                                      .seed = seed,
                                      .jitter = seed & 1,
                                      .cpus = seed & 2 ? 1 : 0,
                                      .no_kernel = (seed & 12) != 0,
                                      .no_tsc = seed % 3 == 2,
                                      .limit = TIME_LIMIT};
    struct timespec nap = {.tv_nsec = 300000};
    struct session *session = session_open_live(subject->program, subject->model, &options);
    struct session_status status;
    for (;;) {
        session_poll(session);
        session_status(session, &status);
        if (status.ended || status.error || status.defects)
            break;
        nanosleep(&nap, NULL);
    }
    judge(tally, subject, session, &status);
    tally->runs++;
    tally->steps += status.steps;
    tally->finished += status.finished;
    tally->stopped += status.stopped;
    tally->deadlocks += status.verdicts >> VERDICT_DEADLOCK & 1;
    session_close(session);
}

static bool writes(const struct program *program)
{
    if (program->after_function < 0)
        return false;
    /* what it calls may write too: any store in a def counts */
    for (uint32_t f = 0; f < program->function_count; f++) {
        const struct function *function = &program->functions[f];
        for (uint32_t pc = function->entry; pc < function->end; pc++)
            if ((int32_t)f == program->after_function && program->code[pc].op != OP_LOAD &&
                program->code[pc].op != OP_PRINT && opcode_visible[program->code[pc].op] &&
                program->code[pc].op != OP_ATOMIC_LOAD && program->code[pc].op != OP_END)
                return true;
    }
    return false;
}

/* False: the text does not compile, which is a failure of a bundled scenario only. */
static bool subject_init(struct subject *subject, const char *name, const char *text,
                         struct text *messages)
{
    memset(subject, 0, sizeof *subject);
    subject->name = name;
    subject->text = text;
    subject->program = lang_compile(name, text, strlen(text), messages);
    if (!subject->program)
        return false;
    subject->model = model_new(subject->program);
    subject->after_writes = writes(subject->program);
    struct naive_options options = {.max_states = STATES};
    naive_explore(subject->model, &options, &subject->naive);
    return true;
}

static void subject_fini(struct subject *subject)
{
    if (!subject->program)
        return;
    naive_fini(&subject->naive);
    model_free(subject->model);
    program_free(subject->program);
}

static void stress(struct tally *tally, const char *name, const char *text, bool must_compile,
                   uint64_t seed, unsigned runs)
{
    struct subject subject;
    struct text messages = {0};
    if (subject_init(&subject, name, text, &messages)) {
        tally->programs++;
        for (unsigned i = 0; i < runs; i++)
            run_once(tally, &subject, seed * 64 + i);
        subject_fini(&subject);
    } else if (must_compile) {
        tally->failures++;
        printf("FAILED %s: %s\n", name, text_bytes(&messages));
    }
    text_fini(&messages);
}

/* 100ms becomes 100us: the text keeps its length. */
static void shorten(char *text)
{
    for (char *c = text; (c = strstr(c, "ms")); c += 2)
        if (c > text && c[-1] >= '0' && c[-1] <= '9')
            *c = 'u';
}

static char *read_file(const char *path)
{
    struct text text = {0};
    char buffer[4096];
    FILE *file = fopen(path, "re");
    if (!file)
        die("cannot read %s", path);
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
        text_add_bytes(&text, buffer, got);
    fclose(file);
    char *bytes = text_take(&text);
    shorten(bytes);
    return bytes;
}

struct file_list {
    char **paths;
    size_t count;
};

static void list_files(const char *folder, struct file_list *list)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct text path = {0};
        struct stat status;
        size_t length = strlen(entry->d_name);
        text_printf(&path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && stat(text_bytes(&path), &status) == 0) {
            if (S_ISDIR(status.st_mode)) {
                list_files(text_bytes(&path), list);
            } else if (length > 6 && strcmp(entry->d_name + length - 6, ".thrum") == 0) {
                list->paths = xrealloc(list->paths, (list->count + 1) * sizeof *list->paths);
                list->paths[list->count++] = xstrdup(text_bytes(&path));
            }
        }
        text_fini(&path);
    }
    closedir(directory);
}

static void stress_file(struct tally *tally, const char *path, uint64_t seed, unsigned runs)
{
    char *text = read_file(path);
    stress(tally, path, text, true, seed, runs);
    free(text);
}

static void stress_random(struct tally *tally, uint64_t seed)
{
    static const struct generate_options options = {.short_times = true};
    struct text text = {0};
    char name[64];
    snprintf(name, sizeof name, "random %" PRIu64, seed);
    generate_scenario(seed, &options, &text);
    stress(tally, name, text_bytes(&text), false, seed, RUNS_OF_ONE);
    text_fini(&text);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 5;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    uint64_t end = clock_now() + (uint64_t)(seconds * 1e9);
    struct tally tally = {0};
    struct file_list list = {0};
    const char *folder = getenv("THRUM_SCENARIOS");
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 3; i < argc; i++) {
        list.paths = xrealloc(list.paths, (list.count + 1) * sizeof *list.paths);
        list.paths[list.count++] = xstrdup(argv[i]);
    }
    if (!list.count && folder)
        list_files(folder, &list);
    /* every file once, then files and random ones in turn until the time is up */
    for (uint64_t round = 0; round == 0 || clock_now() < end; round++) {
        for (size_t i = 0; i < list.count && (round == 0 || clock_now() < end); i++)
            stress_file(&tally, list.paths[i], seed + round, round ? RUNS_OF_ONE : 2);
        for (int i = 0; i < 40 && clock_now() < end; i++)
            stress_random(&tally, seed * 1000003 + round * 40 + (uint64_t)i);
    }
    printf("%" PRIu64 " programs, %" PRIu64 " runs, %" PRIu64 " steps: %" PRIu64
           " finished, %" PRIu64 " deadlocks, %" PRIu64 " stopped, %" PRIu64
           " compared with all schedules, %" PRIu64 " failures\n",
           tally.programs, tally.runs, tally.steps, tally.finished, tally.deadlocks, tally.stopped,
           tally.compared, tally.failures);
    for (size_t i = 0; i < list.count; i++)
        free(list.paths[i]);
    free(list.paths);
    return tally.failures || !tally.runs ? 1 : 0;
}
