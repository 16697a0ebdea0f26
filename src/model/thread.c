/* Threads: made, started, joined, ended; CPython 3.11, Lib/threading.py (class Thread). */
#include <string.h>

#include "base/text.h"
#include "model/machine.h"

static enum thread_status status_of(const struct machine *machine, uint32_t thread)
{
    return head_status(model_head(machine->model, machine->world, thread));
}

static uint32_t subject(const struct machine *machine, const struct instruction *in)
{
    return (uint32_t)machine->frame[in->b];
}

unsigned thread_enabled(struct machine *machine, const struct instruction *in)
{
    uint32_t thread = subject(machine, in);
    bool ended = status_of(machine, thread) == THREAD_ENDED;
    if (machine->head->phase == PHASE_WAITING)
        return ENABLED_TIMEOUT | (ended ? ENABLED_STEP : 0u);
    struct call_form form;
    timeout_form(machine, in->c, &form);
    bool goes = ended || form.timed || status_of(machine, thread) != THREAD_ALIVE ||
                thread == machine->thread;
    return goes ? ENABLED_STEP : ENABLED_NO;
}

void thread_join(struct machine *machine, const struct instruction *in, struct choice choice)
{
    uint32_t thread = subject(machine, in);
    enum thread_status status = status_of(machine, thread);
    struct call_form form;
    timeout_form(machine, in->c, &form);
    machine->effect->thread = thread;
    if (status == THREAD_UNBORN || status == THREAD_NEW) {
        machine_fails(machine, EXCEPTION_RUNTIME, "cannot join thread before it is started");
        return;
    }
    if (thread == machine->thread) {
        machine_fails(machine, EXCEPTION_RUNTIME, "cannot join current thread");
        return;
    }
    bool ended = status == THREAD_ENDED && choice.kind != CHOICE_TIMEOUT;
    if (!ended && form.timed && form.timeout > 0 && choice.kind == CHOICE_STEP) {
        machine->head->phase = PHASE_WAITING;
        machine->effect->result = STEP_WAITS;
        return;
    }
    if (choice.kind == CHOICE_TIMEOUT)
        machine->effect->result = STEP_TIMED_OUT;
    machine->effect->failed = !ended;
    machine->effect->value = ended;
    machine_done(machine);
}

void thread_start(struct machine *machine, const struct instruction *in)
{
    uint32_t thread = subject(machine, in);
    struct thread_head *head = model_head(machine->model, machine->world, thread);
    machine->effect->thread = thread;
    if (head->status != THREAD_NEW) {
        machine_fails(machine, EXCEPTION_RUNTIME, "threads can only be started once");
        return;
    }
    head_set_status(head, THREAD_ALIVE, head->flags);
    machine_begin(machine->model, machine->world, thread);
    machine_done(machine);
}

void thread_end(struct machine *machine)
{
    struct thread_head *head = machine->head;
    struct effect *effect = machine->effect;
    effect->thread_ended = true;
    if (head->phase == PHASE_DYING) {
        effect->died_of = (uint8_t)raised_kind(machine->slots[0]);
        effect->raised_at = raised_source(machine->slots[0]);
        effect->message = machine->slots[1];
        memset(machine->slots, 0, 8 * WORLD_DYING_SLOTS);
    }
    if (machine->model->facts)
        *model_fact(head, FACT_MADE) = 0;
    head->pc = head->base = head->function = 0;
    head->phase = PHASE_READY;
    head_set_status(head, THREAD_ENDED, head->flags);
}

void thread_is_alive(struct machine *machine, const struct instruction *in)
{
    uint32_t thread = subject(machine, in);
    machine->effect->thread = thread;
    machine_result(machine, in->a, status_of(machine, thread) == THREAD_ALIVE);
    machine_done(machine);
}

void thread_active_count(struct machine *machine, const struct instruction *in)
{
    int64_t alive = 0;
    uint32_t end = world_thread_end(machine->model, machine->world);
    for (uint32_t i = 0; i < end; i++)
        alive += status_of(machine, i) == THREAD_ALIVE;
    machine_result(machine, in->a, alive);
    machine_done(machine);
}

void thread_ident(struct machine *machine, const struct instruction *in)
{
    uint32_t thread = subject(machine, in);
    machine->effect->thread = thread;
    machine_result(machine, in->a, thread_fact(machine, thread, (enum thread_attribute)in->d));
    machine_done(machine);
}

/* ---- local code: Thread(...), and facts of threads ---- */

bool thread_new(struct machine *machine, const struct instruction *in)
{
    struct model *model = machine->model;
    if (machine->whole)
        return false; /* after: and properties are no thread's */
    int64_t *made = model_fact(machine->head, FACT_MADE);
    uint32_t thread = model_thread_id(model, machine->thread, (uint32_t)*made);
    if (thread == UINT32_MAX)
        return false;
    const int64_t *options = in->c == NO_SLOT ? NULL : machine->frame + in->c;
    const struct function *function = &machine->program->functions[in->d];
    bool daemon = options && options[1] != NONE_VALUE
                      ? options[1] != 0
                      : model_is_daemon(model, machine->world, machine->thread);
    struct thread_head *head = model_head(model, machine->world, thread);
    head->function = (uint16_t)in->d;
    head->pc = function->entry;
    head_set_status(head, THREAD_NEW, daemon ? THREAD_DAEMON : 0);
    int64_t name = options && options[0] != NONE_VALUE ? options[0] : 0;
    if (name && !*model_string(machine->model, name))
        name = 0; /* an empty name is none */
    *made += made_word(!name);
    *model_fact(head, FACT_NAME) = name;
    *model_fact(head, FACT_BIRTH) =
        birth_word((uint32_t)in->d, daemon, name ? 0 : (uint32_t)(*made >> 32));
    if (in->x && in->b != NO_SLOT)
        memcpy(model_slots(model, head) + (function->has_return_slot ? 1 : 0),
               machine->frame + in->b, 8 * (size_t)in->x);
    machine->frame[in->a] = thread;
    return true;
}

static int64_t name_value(struct machine *machine, uint32_t thread)
{
    if (thread < machine->program->thread_count)
        return machine->model->thread_names[thread];
    struct text name = {0};
    model_thread_name(machine->model, machine->world, thread, &name);
    int64_t value = model_intern(machine->model, text_bytes(&name));
    text_fini(&name);
    return value;
}

/* The identifiers are made up, but all different, and the same in every schedule. */
int64_t thread_fact(struct machine *machine, uint32_t thread, enum thread_attribute attribute)
{
    const struct program *program = machine->program;
    bool begun = (thread < program->thread_count && !program->threads[thread].made_only) ||
                 status_of(machine, thread) >= THREAD_ALIVE;
    switch (attribute) {
    case ATTRIBUTE_NAME: return name_value(machine, thread);
    case ATTRIBUTE_IDENT: return begun ? 140000000000000 + 4096 * (int64_t)thread : NONE_VALUE;
    case ATTRIBUTE_NATIVE_ID: return begun ? 1000 + (int64_t)thread : NONE_VALUE;
    case ATTRIBUTE_DAEMON: break;
    }
    return model_is_daemon(machine->model, machine->world, thread);
}
