/* A failing schedule in prose, made from what mattered: the things that more than one thread
 * touched. */
#include <stdlib.h>
#include <string.h>

#include "explore/walk.h"

enum { MOST_SENTENCES = 14 };

struct story {
    const struct walk *walk;
    const struct explore_result *result;
    uint32_t *toucher; /* by thing: the one thread that touched it + 1; UINT32_MAX: several */
    struct text *out;
    uint32_t sentences;
};

static bool is_cell(const struct story *story, uint32_t thing)
{
    return thing < model_program(story->walk->model)->cell_count;
}

static void touch(struct story *story, uint32_t thing, uint32_t thread)
{
    if (thing >= program_register_thing(model_program(story->walk->model)))
        return;
    if (!story->toucher[thing])
        story->toucher[thing] = thread + 1;
    else if (story->toucher[thing] != thread + 1)
        story->toucher[thing] = UINT32_MAX;
}

/* `waits`: what threads wait for at the end is touched by them, too. */
static void find_shared(struct story *story, bool waits)
{
    const struct walk *walk = story->walk;
    uint32_t things = program_thing_count(model_program(walk->model));
    story->toucher = xcalloc(things + 1u, sizeof *story->toucher);
    vector_each (struct walk_step, step, &walk->steps)
        touch(story, step->operation.thing, step->thread);
    uint32_t end = waits ? world_thread_end(walk->model, walk->last) : 0;
    for (uint32_t thread = 0; thread < end; thread++) {
        struct operation next;
        if (world_thread_const(walk->model, walk->last, thread)->status != THREAD_ALIVE)
            continue;
        model_next(walk->model, walk->last, thread, &next);
        touch(story, next.thing, thread);
    }
}

static bool matters(const struct story *story, uint32_t at)
{
    const struct walk_step *step = &story->walk->steps.items[at];
    const struct program *program = model_program(story->walk->model);
    if (step->died_of)
        return true;
    if (step->operation.op == OP_ATOMIC_BEGIN || step->operation.op == OP_JOIN ||
        step->operation.op == OP_START || step->choice.kind == CHOICE_TIMEOUT)
        return true;
    return step->operation.thing < program_register_thing(program) &&
           story->toucher[step->operation.thing] == UINT32_MAX;
}

static void add_name(const struct story *story, uint32_t thread)
{
    model_thread_name(story->walk->model, story->walk->last, thread, story->out);
}

static void add_value(const struct story *story, uint32_t cell, int64_t value)
{
    world_cell_text(story->walk->model, cell, value, story->out);
}

/* The thread whose write to the cell is lost by the write at step `at`: one that came between the
 * writer's own last load and now. */
static uint32_t whose_is_lost(const struct story *story, uint32_t at)
{
    const struct walk_step *steps = story->walk->steps.items;
    uint32_t other = UINT32_MAX;
    for (uint32_t i = at; i-- > 0;) {
        if (steps[i].operation.thing != steps[at].operation.thing)
            continue;
        if (steps[i].thread == steps[at].thread)
            return steps[i].operation.op == OP_LOAD ? other : UINT32_MAX;
        if (steps[i].operation.op == OP_STORE)
            other = steps[i].thread;
    }
    return UINT32_MAX;
}

/* A load and a store of one cell right after each other: a change. */
static bool is_change(const struct story *story, uint32_t at)
{
    const struct walk_step *steps = story->walk->steps.items;
    return at + 1 < story->walk->steps.count && steps[at].operation.op == OP_LOAD &&
           steps[at + 1].operation.op == OP_STORE && steps[at].thread == steps[at + 1].thread &&
           steps[at].operation.thing == steps[at + 1].operation.thing;
}

static const char *verb(const struct walk_step *step)
{
    switch ((enum opcode)step->operation.op) {
    case OP_ACQUIRE:
        return step->failed                 ? "does not get"
               : step->result == STEP_WAITS ? "begins to wait for"
                                            : "takes";
    case OP_RELEASE: return "releases";
    case OP_COND_WAIT: return step->result == STEP_WAITS ? "lets go and waits on" : "is woken from";
    case OP_NOTIFY: return "notifies one on";
    case OP_NOTIFY_ALL: return "notifies all on";
    case OP_EVENT_SET: return "sets";
    case OP_EVENT_CLEAR: return "clears";
    case OP_EVENT_IS_SET: return "looks at";
    case OP_EVENT_WAIT: return step->result == STEP_WAITS ? "begins to wait for" : "sees set:";
    case OP_BARRIER_ARRIVE: return "arrives at";
    case OP_BARRIER_DEPART: return "leaves";
    default: return NULL;
    }
}

static void cell_sentence(struct story *story, uint32_t at)
{
    const struct walk_step *step = &story->walk->steps.items[at];
    uint32_t cell = step->operation.thing;
    struct text *out = story->out;
    if (step->operation.op == OP_LOAD || step->operation.op == OP_ATOMIC_LOAD) {
        text_add(out, " reads ");
        program_thing_name(model_program(story->walk->model), cell, out);
        text_add(out, ": ");
        add_value(story, cell, step->value);
        return;
    }
    if (step->operation.op != OP_STORE) {
        text_printf(out, ": %s", step->text);
        return;
    }
    text_add(out, " writes ");
    add_value(story, cell, step->value);
    text_add(out, " into ");
    program_thing_name(model_program(story->walk->model), cell, out);
    uint32_t lost = whose_is_lost(story, at);
    if (lost != UINT32_MAX) {
        text_add(out, ": what ");
        add_name(story, lost);
        text_add(out, " wrote is lost");
    }
}

/* Several changes of one cell by one thread: one sentence. Returns the steps it covers, 0 when it
 * is no such thing. */
static uint32_t change_sentence(struct story *story, uint32_t at)
{
    const struct walk_step *steps = story->walk->steps.items;
    uint32_t end = at, times = 0;
    while (end < story->walk->steps.count && steps[end].thread == steps[at].thread) {
        if (!matters(story, end)) {
            end++;
            continue;
        }
        if (!is_change(story, end) || steps[end].operation.thing != steps[at].operation.thing)
            break;
        end += 2;
        times++;
    }
    if (times == 0)
        return 0;
    uint32_t last = end;
    while (!matters(story, last - 1))
        last--;
    add_name(story, steps[at].thread);
    text_add(story->out, " changes ");
    program_thing_name(model_program(story->walk->model), steps[at].operation.thing, story->out);
    text_add(story->out, " from ");
    add_value(story, steps[at].operation.thing, steps[at].value);
    text_add(story->out, " to ");
    add_value(story, steps[at].operation.thing, steps[last - 1].value);
    if (times > 1)
        text_printf(story->out, " in %u turns", times);
    return end - at;
}

static uint32_t sentence(struct story *story, uint32_t at)
{
    const struct walk_step *step = &story->walk->steps.items[at];
    uint32_t covered = is_change(story, at) ? change_sentence(story, at) : 0;
    if (covered)
        return covered;
    add_name(story, step->thread);
    const char *does = verb(step);
    if (step->died_of)
        text_printf(story->out, " dies of %s", exception_names[step->died_of]);
    else if (step->choice.kind == CHOICE_TIMEOUT || !does) {
        if (is_cell(story, step->operation.thing))
            cell_sentence(story, at);
        else
            text_printf(story->out, ": %s", step->text);
    } else {
        text_printf(story->out, " %s ", does);
        program_thing_name(model_program(story->walk->model), step->operation.thing, story->out);
    }
    return 1;
}

void explore_story(const struct explore_result *result, const struct explore_failure *failure,
                   struct text *out)
{
    if (!failure->has_schedule)
        return;
    struct walk walk;
    walk_take(&walk, result, &failure->schedule);
    struct story story = {.walk = &walk, .result = result, .out = out};
    find_shared(&story, failure->verdict == VERDICT_DEADLOCK);
    uint32_t count = (uint32_t)walk.steps.count;
    for (uint32_t at = 0; at < count;) {
        const struct walk_step *step = &walk.steps.items[at];
        bool told_last = step->died_of && step->thread == failure->thread &&
                         failure->verdict != VERDICT_DEADLOCK;
        if (told_last || !matters(&story, at)) {
            at++;
            continue;
        }
        if (story.sentences++ >= MOST_SENTENCES) {
            text_add(out, "… ");
            break;
        }
        at += sentence(&story, at);
        text_add(out, ". ");
    }
    text_add(out, failure->words);
    if (*failure->words)
        text_add_char(out, '.');
    free(story.toucher);
    walk_fini(&walk);
}
