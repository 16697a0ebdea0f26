#include "explore/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

void replay_init(struct replay *replay, struct space_shape *shape, const struct reduction *symmetry)
{
    memset(replay, 0, sizeof *replay);
    replay->shape = shape;
    space_init(&replay->space, shape);
    replay->state = state_new(shape);
    replay->name_count = shape->program->thread_limit;
    replay->names = xmalloc((replay->name_count + 1) * sizeof *replay->names);
    for (uint32_t i = 0; i < replay->name_count; i++)
        replay->names[i] = i;
    replay->pending = xcalloc(replay->name_count + 1, sizeof *replay->pending);
    replay->last = UINT32_MAX;
    replay->space.record = &replay->micro;
    space_start(&replay->space, &replay->state, &replay->stepped);
    vector_each (struct micro_step, micro, &replay->micro)
        vector_push(&replay->pending[micro->thread], *micro);
    if (symmetry && reduction_has_symmetry(symmetry)) {
        replay->scratch = reduction_scratch_new(symmetry);
        reduction_canonical_names(replay->scratch, &replay->state, replay->names);
    }
}

void replay_fini(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->name_count; i++)
        vector_fini(&replay->pending[i]);
    free(replay->pending);
    free(replay->names);
    vector_fini(&replay->micro);
    vector_fini(&replay->steps);
    state_free(&replay->state, replay->shape);
    space_fini(&replay->space);
    if (replay->scratch)
        reduction_scratch_free(replay->scratch);
}

static void write_out(struct replay *replay, const struct micro_step *micro)
{
    vector_push(&replay->steps, (struct explore_step){micro->thread, micro->choice});
}

static void flush(struct replay *replay, uint32_t thread)
{
    vector_each (struct micro_step, micro, &replay->pending[thread])
        write_out(replay, micro);
    replay->pending[thread].count = 0;
}

static bool ends(const struct replay *replay, uint32_t thread)
{
    return replay->pending[thread].count && vector_last(&replay->pending[thread]).op == OP_END;
}

static void flush_ends(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->name_count; i++)
        if (ends(replay, i))
            flush(replay, i);
}

/* Somebody else goes next: what the last thread can still do before it sleeps is done first. */
static void leave_last(struct replay *replay)
{
    if (replay->last == UINT32_MAX)
        return;
    uint32_t thread = replay->last;
    if (ends(replay, thread)) {
        flush(replay, thread);
        return;
    }
    size_t done = 0, count = replay->pending[thread].count;
    struct micro_step *items = replay->pending[thread].items;
    for (; done < count && items[done].op != OP_SLEEP && items[done].op != OP_IO; done++)
        write_out(replay, &items[done]);
    if (done)
        memmove(items, items + done, (count - done) * sizeof *items);
    replay->pending[thread].count = count - done;
}

/* Counts the switch to another thread, and whether it is a preemption. */
static void count_switch(struct replay *replay)
{
    uint32_t last = 0;
    while (replay->names[last] != replay->last)
        last++;
    replay->switches++;
    replay->preemptions +=
        !replay->stepped.left_free && space_can_step(&replay->space, &replay->state, last);
}

/* Among threads that are just alike a search names the first; the one that went last shall go on.
 */
static void go_on_with_last(struct replay *replay, uint32_t thread)
{
    uint32_t last = 0;
    if (!replay->scratch || replay->last == UINT32_MAX || replay->names[thread] == replay->last)
        return;
    while (replay->names[last] != replay->last)
        last++;
    if (reduction_first(replay->scratch, &replay->state, last) !=
        reduction_first(replay->scratch, &replay->state, thread))
        return;
    replay->names[last] = replay->names[thread];
    replay->names[thread] = replay->last;
}

void replay_step(struct replay *replay, move code)
{
    go_on_with_last(replay, MOVE_THREAD(code));
    uint32_t real = replay->names[MOVE_THREAD(code)];
    if (replay->last != UINT32_MAX && replay->last != real)
        count_switch(replay);
    replay->micro.count = 0;
    space_step(&replay->space, &replay->state, code, &replay->stepped);
    vector_each (struct micro_step, micro, &replay->micro)
        micro->thread = replay->names[micro->thread];
    for (uint32_t i = 0; i < replay->stepped.death_count; i++)
        replay->stepped.deaths[i].thread = replay->names[replay->stepped.deaths[i].thread];
    if (replay->scratch)
        reduction_canonical_names(replay->scratch, &replay->state, replay->names);
    if (real != replay->last)
        leave_last(replay);
    replay->last = real;
    flush(replay, real);
    struct micro_step first = replay->micro.items[0];
    if (first.op == OP_JOIN)
        flush_ends(replay);
    write_out(replay, &first);
    for (size_t i = 1; i < replay->micro.count; i++) {
        struct micro_step *micro = &replay->micro.items[i];
        if (replay->shape->ordered)
            write_out(replay, micro); /* the clock decides when; nothing is put off */
        else
            vector_push(&replay->pending[micro->thread], *micro);
    }
}

void replay_finish(struct replay *replay, bool at_end, const uint32_t *threads, uint32_t count)
{
    leave_last(replay);
    for (uint32_t i = 0; i < count; i++)
        if (threads[i] < replay->name_count)
            flush(replay, threads[i]);
    if (at_end)
        flush_ends(replay);
}

void replay_take(struct replay *replay, struct explore_schedule *ret_schedule)
{
    ret_schedule->steps = replay->steps.items;
    ret_schedule->count = (uint32_t)replay->steps.count;
    ret_schedule->preemptions = replay->preemptions;
    ret_schedule->switches = replay->switches;
    memset(&replay->steps, 0, sizeof replay->steps);
}
