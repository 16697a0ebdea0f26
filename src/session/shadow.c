#include "session/shadow.h"

#include <inttypes.h>
#include <string.h>

#include "run/record.h"
#include "trace/catalog.h"

void shadow_init(struct shadow *shadow, const struct program *program, struct model *model)
{
    shadow->program = program;
    shadow->model = model;
    shadow->world = world_new(model);
}

void shadow_fini(struct shadow *shadow)
{
    world_free(shadow->world, shadow->model);
    effect_fini(&shadow->effect);
    text_fini(&shadow->defect);
    vector_fini(&shadow->block);
    vector_fini(&shadow->steps_taken);
    vector_fini(&shadow->values);
}

static void record_words(const struct shadow *shadow, const struct step_record *record,
                         struct text *out)
{
    text_add(out, event_kind_words(record->kind));
    if (record->object != THRUM_NONE) {
        text_add_char(out, ' ');
        program_thing_name(shadow->program, record->object, out);
    }
    text_printf(out, " (value %" PRId64 ", flags %u, line %u)", record->value, record->flags,
                POSITION_LINE(record->source));
}

/* The record and the model disagree. */
static void disagree(struct shadow *shadow, uint32_t thread, const struct thrum_event *event,
                     const struct step_record *expected, const char *why)
{
    if (shadow->defects++)
        return;
    struct text *out = &shadow->defect;
    struct step_record seen = {.kind = event->kind,
                               .flags = event->flags,
                               .object = event->object,
                               .source = event->source,
                               .value = event->value};
    text_printf(out, "step %" PRIu64 ", thread ", shadow->steps);
    if (thread < model_program(shadow->model)->thread_limit)
        model_thread_name(shadow->model, shadow->world, thread, out);
    else
        text_printf(out, "%" PRIu32 ", which there is not", thread);
    text_add(out, ": the run says ");
    record_words(shadow, &seen, out);
    if (expected) {
        text_add(out, ", the model says ");
        record_words(shadow, expected, out);
    }
    if (why)
        text_printf(out, ", %s", why);
}

static bool same(const struct step_record *record, const struct thrum_event *event)
{
    return record->kind == event->kind && record->flags == event->flags &&
           record->object == event->object && record->source == event->source &&
           record->value == event->value;
}

/* The touches of an atomic block, as recorded and as performed. */
static void compare_block(struct shadow *shadow, uint32_t thread, const struct thrum_event *event)
{
    struct step_record expected;
    if (shadow->block.count != shadow->effect.touch_count) {
        disagree(shadow, thread, event, NULL, "with another number of accesses in its block");
        return;
    }
    for (uint32_t i = 0; i < shadow->effect.touch_count; i++) {
        record_touch(&shadow->effect.touches[i], shadow->effect.source, &expected);
        if (!same(&expected, &shadow->block.items[i])) {
            disagree(shadow, thread, &shadow->block.items[i], &expected, NULL);
            return;
        }
    }
}

static bool possible(const struct shadow *shadow, uint32_t thread, struct choice choice)
{
    static const unsigned wanted[] = {[CHOICE_STEP] = ENABLED_STEP,
                                      [CHOICE_TIMEOUT] = ENABLED_TIMEOUT,
                                      [CHOICE_VALUE] = ENABLED_VALUE};
    if (thread >= world_thread_end(shadow->model, shadow->world) ||
        world_thread_const(shadow->model, shadow->world, thread)->status != THREAD_ALIVE)
        return false;
    return model_enabled(shadow->model, shadow->world, thread) & wanted[choice.kind];
}

/* A word of steps_taken: choice kind in 2 bits, thread in 14, and in the rest how often the same
 * choice follows. A live run has millions of steps, many in a row of one thread. */
enum { KIND_BITS = 2, CHOICE_BITS = 16 };
#define CHOICE_MASK ((1u << CHOICE_BITS) - 1)
#define AGAIN_MAX   (UINT32_MAX >> CHOICE_BITS)

static void note_choice(struct shadow *shadow, uint32_t thread, struct choice choice)
{
    uint32_t word = thread << KIND_BITS | (uint32_t)choice.kind;
    uint32_t *last = shadow->steps_taken.count ? &vector_last(&shadow->steps_taken) : NULL;
    if (last && (*last & CHOICE_MASK) == word && *last >> CHOICE_BITS < AGAIN_MAX)
        *last += 1u << CHOICE_BITS;
    else
        vector_push(&shadow->steps_taken, word);
    if (choice.kind == CHOICE_VALUE)
        vector_push(&shadow->values, choice.value);
    shadow->steps++;
}

static bool perform(struct shadow *shadow, uint32_t thread, const struct thrum_event *event)
{
    struct choice choice = record_choice(event);
    struct step_record expected[STEP_RECORDS];
    if (!possible(shadow, thread, choice)) {
        disagree(shadow, thread, event, NULL, "the model says that it cannot go");
        return false;
    }
    model_next(shadow->model, shadow->world, thread, &shadow->operation);
    if (choice.kind == CHOICE_VALUE &&
        (choice.value < shadow->operation.value || choice.value > shadow->operation.value2)) {
        disagree(shadow, thread, event, NULL, "which is out of range");
        return false;
    }
    model_apply(shadow->model, shadow->world, thread, choice, &shadow->effect);
    record_step(shadow->model, shadow->world, &shadow->operation, choice, &shadow->effect,
                expected);
    if (!same(&expected[0], event))
        disagree(shadow, thread, event, &expected[0], NULL);
    else if (shadow->operation.op == OP_ATOMIC_BEGIN)
        compare_block(shadow, thread, event);
    shadow->block.count = 0;
    if (shadow->operation.op != OP_END)
        model_advance(shadow->model, shadow->world, thread, &shadow->effect);
    shadow->thread = thread;
    note_choice(shadow, thread, choice);
    return true;
}

bool shadow_take(struct shadow *shadow, uint32_t thread, const struct thrum_event *event)
{
    if (shadow->defects)
        return false;
    if (event->flags & THRUM_MORE)
        vector_push(&shadow->block, *event);
    return (event->flags & THRUM_STEP) && perform(shadow, thread, event);
}

void shadow_schedule(const struct shadow *shadow, struct session_schedule *ret_schedule)
{
    size_t value = 0;
    vector_reserve(ret_schedule, ret_schedule->count + shadow->steps);
    for (size_t i = 0; i < shadow->steps_taken.count; i++) {
        uint32_t word = shadow->steps_taken.items[i];
        struct session_choice choice = {.thread = (word & CHOICE_MASK) >> KIND_BITS,
                                        .choice.kind =
                                            (enum choice_kind)(word & ((1u << KIND_BITS) - 1))};
        for (uint32_t times = (word >> CHOICE_BITS) + 1; times; times--) {
            if (choice.choice.kind == CHOICE_VALUE)
                choice.choice.value = shadow->values.items[value++];
            vector_push(ret_schedule, choice);
        }
    }
}
