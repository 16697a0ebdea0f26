#include "explore/meeting.h"

struct met {
    uint32_t cell, thread, other; /* thread: UINT32_MAX: none */
};

static void see_first(void *context, uint32_t cell, uint32_t thread, uint32_t other)
{
    struct met *met = context;
    if (met->thread == UINT32_MAX)
        *met = (struct met){cell, thread, other};
}

uint32_t meeting_access_text(const struct model *model, const struct world *world, uint32_t thread,
                             struct text *out)
{
    struct operation next;
    model_next(model, world, thread, &next);
    text_printf(out, " %s (line %u)",
                next.op == OP_LOAD    ? "is about to read it"
                : next.op == OP_STORE ? "is about to write it"
                                      : "is about to touch it in an atomic block",
                POSITION_LINE(next.source));
    return next.source;
}

static struct met find(const struct program *program, struct model *model,
                       const struct world *world)
{
    struct met met = {.thread = UINT32_MAX};
    struct space_shape shape;
    struct space space;
    space_shape_init(&shape, program, model, false);
    space_init(&space, &shape);
    struct state state = state_new(&shape);
    world_copy(model, state.world, world);
    space_races(&space, &state, see_first, &met);
    state_free(&state, &shape);
    space_fini(&space);
    space_shape_fini(&shape);
    return met;
}

bool meeting_text(const struct program *program, struct model *model, const struct world *world,
                  struct text *out)
{
    if (program->options.gil > 0)
        return false;
    struct met met = find(program, model, world);
    if (met.thread == UINT32_MAX)
        return false;
    program_thing_name(program, met.cell, out);
    text_add(out, ": ");
    model_thread_name(model, world, met.thread, out);
    meeting_access_text(model, world, met.thread, out);
    text_add(out, " and ");
    model_thread_name(model, world, met.other, out);
    meeting_access_text(model, world, met.other, out);
    text_add(out, ", in any order");
    return true;
}
