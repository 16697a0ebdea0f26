#include "explore/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "explore/space.h"

/* With a clock (`ordered`) a thread that computes cannot go before its time is over. */
static enum leave_reason leave(struct walk *walk, const struct world *world, uint32_t thread,
                               bool ordered, struct walk_step *step)
{
    const struct thread_head *head = world_thread_const(walk->model, world, thread);
    if (head->status != THREAD_ALIVE)
        return LEFT_ENDED;
    enum opcode op = (enum opcode)model_program(walk->model)->code[head->pc].op;
    if (op == OP_SLEEP || op == OP_IO || op == OP_YIELD)
        return LEFT_FREELY;
    if (op == OP_COMPUTE && ordered)
        return LEFT_COMPUTING;
    if (model_enabled(walk->model, world, thread) & (ENABLED_STEP | ENABLED_VALUE))
        return LEFT_PREEMPTED;
    struct text why = {0};
    model_thread_name(walk->model, world, thread, &why);
    text_add_char(&why, ' ');
    model_why_not(walk->model, world, thread, &why);
    step->left_why = text_take(&why);
    return LEFT_BLOCKED;
}

static char *words(struct walk *walk, const struct world *world, const struct walk_step *step)
{
    struct text out = {0};
    bool begun = step->operation.phase == PHASE_WAITING && step->operation.op != OP_BARRIER_DEPART;
    if (step->operation.phase == PHASE_DYING || step->operation.op == OP_END)
        text_add(&out, "end");
    else
        operation_text(walk->model, world, &step->operation, &out);
    if (step->choice.kind == CHOICE_TIMEOUT)
        text_add(&out, ": timed out");
    else if (step->choice.kind == CHOICE_VALUE)
        text_printf(&out, " → %lld", (long long)step->choice.value);
    else if (step->result == STEP_WAITS)
        text_add(&out, ": begins to wait");
    else if (begun)
        text_add(&out, ": goes on");
    else if (step->failed)
        text_add(&out, ": no");
    if (step->died_of)
        text_printf(&out, " by %s", exception_names[step->died_of]);
    return text_take(&out);
}

static void take_touches(struct walk_step *step, const struct effect *effect)
{
    if (!effect->touch_count || step->operation.op != OP_ATOMIC_BEGIN)
        return;
    step->touch_count = effect->touch_count;
    step->touches = xmalloc(effect->touch_count * sizeof *step->touches);
    memcpy(step->touches, effect->touches, effect->touch_count * sizeof *step->touches);
}

/* Which switches count: those between steps that could be noticed. See docs/LANGUAGE.md. */
static void count_switches(struct walk *walk)
{
    uint32_t last = UINT32_MAX, visit = 0;
    for (uint32_t i = 0; i < walk->steps.count; i++) {
        struct walk_step *step = &walk->steps.items[i];
        if (i && walk->steps.items[i - 1].thread != step->thread)
            visit = i;
        if (!step->noticed)
            continue;
        if (last != UINT32_MAX && walk->steps.items[last].thread != step->thread)
            walk->steps.items[visit].counted = true;
        last = i;
    }
}

void walk_take(struct walk *walk, const struct explore_result *result,
               const struct explore_schedule *schedule)
{
    memset(walk, 0, sizeof *walk);
    walk->model = result->model;
    struct world *world = walk->last = world_new(walk->model);
    struct world *before = world_new(walk->model);
    struct effect effect = {0};
    bool ends_noticed = space_ends_matter(model_program(walk->model));
    uint32_t noticed = UINT32_MAX; /* whose step was noticed last */
    for (uint32_t i = 0; i < schedule->count; i++) {
        struct walk_step step = {.thread = schedule->steps[i].thread,
                                 .choice = schedule->steps[i].choice};
        model_next(walk->model, world, step.thread, &step.operation);
        enum opcode op = (enum opcode)step.operation.op;
        step.noticed = op == OP_END ? ends_noticed : !operation_quiet(op);
        if (i && schedule->steps[i - 1].thread != step.thread) {
            bool other = noticed != UINT32_MAX && noticed != step.thread;
            step.left_thread = other ? noticed : schedule->steps[i - 1].thread;
            step.left = leave(walk, world, step.left_thread, result->ordered, &step);
        }
        if (step.noticed)
            noticed = step.thread;
        world_copy(walk->model, before, world);
        model_perform(walk->model, world, step.thread, step.choice, &effect);
        step.result = effect.result;
        step.failed = effect.failed;
        step.ended = effect.thread_ended;
        step.died_of = effect.thread_ended ? effect.died_of : EXCEPTION_NONE;
        step.raised = effect.result == STEP_RAISED;
        step.woken = effect.woken;
        step.value = effect.value;
        step.old = effect.old;
        step.same =
            hash_word(hash_word(step.thread, step.operation.pc),
                      (uint64_t)step.result << 8 | step.failed | (uint64_t)step.choice.kind << 16);
        step.text = words(walk, before, &step);
        take_touches(&step, &effect);
        vector_push(&walk->steps, step);
    }
    count_switches(walk);
    world_free(before, walk->model);
    effect_fini(&effect);
}

void walk_fini(struct walk *walk)
{
    vector_each (struct walk_step, step, &walk->steps) {
        free(step->text);
        free(step->touches);
        free(step->left_why);
    }
    vector_fini(&walk->steps);
    world_free(walk->last, walk->model);
}

uint32_t walk_repeats(const struct walk *walk, uint32_t first, uint32_t period)
{
    const struct walk_step *steps = walk->steps.items;
    uint32_t count = (uint32_t)walk->steps.count, times = 1;
    for (uint32_t at = first + period; at + period <= count; at += period, times++)
        for (uint32_t k = 0; k < period; k++)
            if (steps[at + k].same != steps[first + k].same)
                return times;
    return times;
}

uint32_t walk_fold(const struct walk *walk, uint32_t first, uint32_t *ret_times)
{
    uint32_t best = 0, saved = 0, count = (uint32_t)walk->steps.count;
    for (uint32_t period = 1; period <= 12 && first + 3 * period <= count; period++) {
        uint32_t times = walk_repeats(walk, first, period);
        if (times >= 3 && (times - 1) * period > saved) {
            best = period;
            saved = (times - 1) * period;
            *ret_times = times;
        }
    }
    return best;
}
