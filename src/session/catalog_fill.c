#include "session/catalog_fill.h"

#include <stdlib.h>

#include "base/text.h"
#include "run/live.h"

static enum trace_type type_of(const struct object *object)
{
    switch ((enum object_type)object->type) {
    case OBJECT_LOCK: return TRACE_LOCK;
    case OBJECT_RLOCK: return TRACE_RLOCK;
    case OBJECT_CONDITION: return TRACE_CONDITION;
    case OBJECT_SEMAPHORE: return TRACE_SEMAPHORE;
    case OBJECT_BOUNDED_SEMAPHORE: return TRACE_BOUNDED_SEMAPHORE;
    case OBJECT_EVENT: return TRACE_EVENT;
    case OBJECT_BARRIER: return TRACE_BARRIER;
    case OBJECT_TYPES: break;
    }
    return TRACE_OTHER;
}

static struct catalog_object *add_thing(struct trace_catalog *catalog,
                                        const struct program *program, uint32_t thing,
                                        enum trace_type type, bool guarded)
{
    struct text name = {0};
    program_thing_name(program, thing, &name);
    uint32_t number = catalog_add_object(catalog, text_bytes(&name), type);
    text_fini(&name);
    struct catalog_object *object = &catalog->objects.items[number];
    if (guarded)
        object->guard = run_guard_of(program, thing);
    return object;
}

static void fill_objects(struct trace_catalog *catalog, const struct program *program, bool guarded)
{
    for (uint32_t cell = 0; cell < program->cell_count; cell++) {
        const struct variable *variable = program_variable_of(program, cell);
        struct catalog_object *object = add_thing(
            catalog, program, cell, variable->atomic ? TRACE_ATOMIC : TRACE_VARIABLE, guarded);
        object->initial = program->initial_cells[cell];
        object->source = variable->position;
    }
    for (uint32_t i = 0; i < program->object_count; i++) {
        const struct object *from = &program->objects[i];
        struct catalog_object *object =
            add_thing(catalog, program, program_object_thing(program, i), type_of(from), guarded);
        object->source = from->position;
        if (from->type == OBJECT_SEMAPHORE || from->type == OBJECT_BOUNDED_SEMAPHORE)
            object->initial = from->initial;
        if (from->lock >= 0)
            object->lock = program_object_thing(program, (uint32_t)from->lock);
        if (from->type == OBJECT_BARRIER && from->initial > 0 && from->initial < UINT32_MAX)
            object->limit = (uint32_t)from->initial;
    }
    add_thing(catalog, program, program_register_thing(program), TRACE_THREADS, guarded);
}

void catalog_fill_thread(struct trace_catalog *catalog, const struct model *model,
                         const struct world *world, uint32_t thread)
{
    while (catalog->threads.count <= thread) {
        uint32_t number = (uint32_t)catalog->threads.count, creator = 0, nth = 0;
        model_thread_origin(model, number, &creator, &nth);
        catalog_add_thread(catalog, "", false, creator);
    }
    struct text name = {0};
    model_thread_name(model, world, thread, &name);
    struct catalog_thread *entry = &catalog->threads.items[thread];
    free(entry->name);
    entry->name = text_take(&name);
    entry->daemon = world_thread_const(model, world, thread)->flags & THREAD_DAEMON;
}

void catalog_fill_gil(struct trace_catalog *catalog, const struct program *program, bool guarded)
{
    uint32_t number = catalog_add_object(catalog, "GIL", TRACE_LOCK);
    if (guarded)
        catalog->objects.items[number].guard = run_guard_of(program, number);
}

void catalog_fill(struct trace_catalog *catalog, const struct program *program, bool guarded)
{
    catalog_set_source(catalog, program->path, program->source);
    fill_objects(catalog, program, guarded);
    if (program->options.gil > 0)
        catalog_fill_gil(catalog, program, guarded);
    for (uint32_t i = 0; i < program->thread_count; i++)
        catalog_add_thread(catalog, program->threads[i].name, program->threads[i].daemon,
                           program->threads[i].made_only ? 0 : THRUM_NONE);
}
