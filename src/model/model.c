#include "model/model_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "base/text.h"
#include "model/machine.h"

enum { FLAT_BYTES = 1536 }; /* worlds up to this size are handled as one block */

static void index_code(struct model *model)
{
    const struct program *program = model->program;
    model->function_of = xcalloc(program->code_length + 1, sizeof *model->function_of);
    model->end_pc = xcalloc(program->function_count + 1, sizeof *model->end_pc);
    uint16_t any_end = 0;
    for (uint32_t pc = program->code_length; pc-- > 0;)
        if (program->code[pc].op == OP_END)
            any_end = (uint16_t)pc;
    for (uint32_t i = 0; i < program->function_count; i++) {
        const struct function *function = &program->functions[i];
        model->end_pc[i] = any_end;
        for (uint32_t pc = function->entry; pc < function->end; pc++) {
            model->function_of[pc] = (uint16_t)i;
            if (program->code[pc].op == OP_END)
                model->end_pc[i] = (uint16_t)pc;
        }
    }
}

static void index_regions(struct model *model)
{
    const struct program *program = model->program;
    model->facts = program_makes_threads(program) ? WORLD_FACTS : 0;
    model->regions = xcalloc(program->thread_limit + 1, sizeof *model->regions);
    model->region_words = xcalloc(program->thread_limit + 1, sizeof *model->region_words);
    for (uint32_t i = 0; i < program->thread_limit; i++) {
        uint32_t nth = i - program->thread_count;
        bool declared = i < program->thread_count;
        uint32_t size = declared ? program->threads[i].size : program->dynamic_size;
        model->regions[i] = declared ? program->threads[i].offset
                                     : program->dynamic_offset + nth * program->dynamic_size;
        model->region_words[i] = size / 8 - 1 - model->facts;
    }
}

static void index_objects(struct model *model)
{
    const struct program *program = model->program;
    model->queue_objects = xcalloc(program->object_count + 1, sizeof *model->queue_objects);
    model->fixed_words = program->cell_count;
    for (uint32_t i = 0; i < program->object_count; i++)
        if (object_has_queue(program->objects[i].type))
            model->queue_objects[model->queue_count++] = i;
        else
            model->fixed_words++;
}

static void index_wholes(struct model *model)
{
    const struct program *program = model->program;
    uint32_t *slots = xcalloc(program->function_count + 1, sizeof *slots);
    if (program->after_function >= 0)
        slots[program->after_function] =
            program_slots_below(program, (uint32_t)program->after_function);
    for (uint32_t i = 0; i < program->invariant_count + program->sometimes_count; i++) {
        const struct property *property = i < program->invariant_count
                                              ? &program->invariants[i]
                                              : &program->sometimes[i - program->invariant_count];
        slots[property->function] = program_slots_below(program, (uint32_t)property->function);
    }
    model->whole_slots = slots;
}

static void enter_strings(struct model *model)
{
    const struct program *program = model->program;
    model->strings = strings_new();
    model->empty_string = model_intern(model, "");
    for (uint32_t i = 0; i < program->string_count; i++)
        model_intern(model, program->strings[i]);
    model->thread_names = xcalloc(program->thread_count + 1, sizeof *model->thread_names);
    for (uint32_t i = 0; i < program->thread_count; i++)
        model->thread_names[i] = model_intern(model, program->threads[i].name);
}

static void first_objects(struct model *model, struct world *world)
{
    const struct program *program = model->program;
    for (uint32_t i = 0; i < program->object_count; i++) {
        const struct object *object = &program->objects[i];
        if (object->type == OBJECT_SEMAPHORE || object->type == OBJECT_BOUNDED_SEMAPHORE)
            ((struct semaphore_state *)model_object(model, world, i))->value = object->initial;
    }
}

static void first_state(struct model *model)
{
    const struct program *program = model->program;
    struct world *world = xcalloc(1, program->world_size + 16);
    if (program->cell_count)
        memcpy(world->words, program->initial_cells, 8 * (size_t)program->cell_count);
    first_objects(model, world);
    for (uint32_t i = 0; i < program->thread_count; i++) {
        const struct declared_thread *thread = &program->threads[i];
        struct thread_head *head = model_head(model, world, i);
        head->flags = thread->daemon ? THREAD_DAEMON : 0;
        head->function = (uint16_t)thread->function;
        head->pc = program->functions[head->function].entry;
        head->status = thread->made_only ? THREAD_NEW : THREAD_ALIVE;
        if (thread->made_only && thread->parameter_count)
            memcpy(model_slots(model, head) + 1, thread->parameters,
                   8 * (size_t)thread->parameter_count);
        if (thread->made_only && model->facts) /* they count among what MainThread has made */
            *model_fact(model_head(model, world, 0), FACT_MADE) += made_word(!thread->has_name);
    }
    for (uint32_t i = 0; i < program->thread_count; i++)
        if (!program->threads[i].made_only)
            machine_begin(model, world, i);
    model->first = world;
}

struct model *model_new(const struct program *program)
{
    struct model *model = xcalloc(1, sizeof *model);
    model->program = program;
    pthread_mutex_init(&model->guard, NULL);
    model->flat = program->world_size <= FLAT_BYTES;
    index_code(model);
    index_regions(model);
    index_objects(model);
    index_wholes(model);
    enter_strings(model);
    uint32_t dynamic = program->thread_limit - program->thread_count, room = 16;
    while (room < 2 * dynamic)
        room *= 2;
    model->origins = xcalloc(dynamic + 1, sizeof *model->origins);
    model->ids = xcalloc(room, sizeof *model->ids);
    model->ids_mask = room - 1;
    first_state(model);
    return model;
}

void model_free(struct model *model)
{
    if (!model)
        return;
    strings_free(model->strings);
    free(model->regions);
    free(model->region_words);
    free(model->queue_objects);
    free(model->function_of);
    free(model->end_pc);
    free(model->whole_slots);
    free(model->thread_names);
    free(model->origins);
    free(model->ids);
    free(model->first);
    pthread_mutex_destroy(&model->guard);
    free(model);
}

const struct program *model_program(const struct model *model)
{
    return model->program;
}

const char *model_string(const struct model *model, int64_t value)
{
    if (value == 0)
        return "";
    if (value == NONE_VALUE)
        return "None";
    const char *text = strings_find(model->strings, value);
    return text ? text : "?";
}

int64_t model_intern(struct model *model, const char *text)
{
    return strings_intern(model->strings, text, strlen(text));
}

/* ---- threads made at run time ---- */

uint32_t model_thread_id(struct model *model, uint32_t creator, uint32_t number)
{
    const struct program *program = model->program;
    uint32_t limit = program->thread_limit - program->thread_count, id = UINT32_MAX;
    uint64_t hash = hash_word(creator, number);
    pthread_mutex_lock(&model->guard);
    uint32_t made = atomic_load_explicit(&model->made_count, memory_order_relaxed);
    uint32_t at = (uint32_t)hash & model->ids_mask;
    for (; model->ids[at]; at = (at + 1) & model->ids_mask) {
        const struct origin *origin = &model->origins[model->ids[at] - 1];
        if (origin->creator == creator && origin->number == number) {
            id = model->ids[at] - 1;
            break;
        }
    }
    if (id == UINT32_MAX && made < limit) {
        id = made;
        model->origins[id] = (struct origin){creator, number};
        model->ids[at] = id + 1;
        atomic_store_explicit(&model->made_count, made + 1, memory_order_release);
    }
    pthread_mutex_unlock(&model->guard);
    return id == UINT32_MAX ? id : program->thread_count + id;
}

void model_thread_origin(const struct model *model, uint32_t thread, uint32_t *ret_creator,
                         uint32_t *ret_number)
{
    uint32_t nth = thread - model->program->thread_count;
    bool made = thread >= model->program->thread_count &&
                nth < atomic_load_explicit(&model->made_count, memory_order_acquire);
    *ret_creator = made ? model->origins[nth].creator : 0;
    *ret_number = made ? model->origins[nth].number : 0;
    if (thread < model->program->thread_count)
        *ret_number = model->program->threads[thread].made_number;
}

/* "1" for MainThread's first, "A.1" for A's first, "1.2" for the second of MainThread's first. Only
 * those without a name= count, as in Python; `world` knows which. */
static void origin_text(const struct model *model, const struct world *world, uint32_t thread,
                        struct text *out)
{
    uint32_t creator = 0, number = 0;
    model_thread_origin(model, thread, &creator, &number);
    if (creator >= model->program->thread_count) {
        origin_text(model, world, creator, out);
        text_add_char(out, '.');
    } else if (creator > 0) {
        text_printf(out, "%s.", model->program->threads[creator].name);
    }
    struct thread_head *head = world ? model_head(model, (struct world *)world, thread) : NULL;
    uint32_t ordinal = head ? birth_ordinal(*model_fact(head, FACT_BIRTH)) : 0;
    text_printf(out, "%u", ordinal ? ordinal : number + 1);
}

void model_thread_name(const struct model *model, const struct world *world, uint32_t thread,
                       struct text *out)
{
    const struct program *program = model->program;
    if (thread < program->thread_count) {
        text_add(out, program->threads[thread].name);
        return;
    }
    struct thread_head *head = world ? model_head(model, (struct world *)world, thread) : NULL;
    if (head && *model_fact(head, FACT_NAME)) {
        text_add(out, model_string(model, *model_fact(head, FACT_NAME)));
        return;
    }
    text_add(out, "Thread-");
    origin_text(model, world, thread, out);
    if (head && head->status != THREAD_UNBORN) {
        uint32_t function = birth_function(*model_fact(head, FACT_BIRTH));
        text_printf(out, " (%s)", program->functions[function].name);
    }
}

bool model_is_daemon(const struct model *model, const struct world *world, uint32_t thread)
{
    if (thread < model->program->thread_count)
        return model->program->threads[thread].daemon;
    struct thread_head *head = model_head(model, (struct world *)world, thread);
    return *model_fact(head, FACT_BIRTH) & 1;
}
