/*
 * libFuzzer target of schedules: any text is read. What is refused comes with a sentence; what is
 * read is written and read again as the same schedule, and is performed on a scenario as far as it
 * fits.
 *
 * By hand: fuzz-schedule -max_len=2000 CORPUS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "lang/lang.h"
#include "model/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 300 };

static const char scenario[] =
    "x = 0\n"
    "guard = Lock()\n"
    "def f(n):\n"
    "    with guard:\n"
    "        x = randint(0, n)\n"
    "thread A, B:\n"
    "    if guard.acquire(timeout=1):\n"
    "        x += 1\n"
    "        guard.release()\n"
    "thread p(i) for i in range(3):\n"
    "    f(i)\n"
    "main:\n"
    "    t = Thread(target=f, args=(2,))\n"
    "    u = Thread(target=f, args=(3,), name=\"my \\\"own\\\" thread\")\n"
    "    t.start()\n"
    "    u.start()\n"
    "    t.join()\n";

static void insist(int fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* Written, read and written again, a schedule is the same text. */
static void write_and_read(const struct schedule *schedule)
{
    struct schedule copy = {0};
    struct text text = {0}, again = {0};
    schedule_write(schedule, &text);
    insist(schedule_parse(&copy, text_bytes(&text), NULL), "what was written cannot be read");
    schedule_write(&copy, &again);
    insist(strcmp(text_bytes(&text), text_bytes(&again)) == 0, "written twice, two texts");
    insist(schedule_steps(schedule) == schedule_steps(&copy), "other steps");
    insist(schedule->has_checksum == copy.has_checksum && schedule->checksum == copy.checksum,
           "another checksum");
    schedule_fini(&copy);
    text_fini(&text);
    text_fini(&again);
}

static void perform(const struct program *program, const struct schedule *schedule)
{
    struct model *model = model_new(program);
    struct world *world = world_new(model);
    struct effect effect = {0};
    struct text error = {0};
    struct schedule_cursor cursor = {0};
    const struct schedule_entry *entry;
    for (unsigned i = 0; i < STEPS && (entry = schedule_next(schedule, &cursor)); i++) {
        uint32_t thread = schedule_find_thread(model, world, entry->thread, &error);
        if (thread == SCHEDULE_NOBODY ||
            !schedule_fits(model, world, thread, entry->choice, &error)) {
            insist(error.length > 0, "does not fit, without a word");
            break;
        }
        model_perform(model, world, thread, entry->choice, &effect);
    }
    text_fini(&error);
    effect_fini(&effect);
    world_free(world, model);
    model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text messages = {0}, error = {0};
    struct schedule schedule = {0};
    char *input = xcalloc(size + 1, 1);
    if (size > 0)
        memcpy(input, data, size);
    struct program *program = lang_compile("fuzz", scenario, sizeof scenario - 1, &messages);
    insist(program != NULL, text_bytes(&messages));
    if (schedule_parse(&schedule, input, &error)) {
        write_and_read(&schedule);
        perform(program, &schedule);
    } else {
        insist(error.length > 0, "refused without a word");
        insist(schedule.entries.count == 0, "refused, and not empty");
    }
    schedule_fini(&schedule);
    program_free(program);
    text_fini(&messages);
    text_fini(&error);
    free(input);
    return 0;
}
