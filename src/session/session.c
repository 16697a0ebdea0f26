/* A session: the program, and one of two implementations behind a table of functions. */
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/meeting.h"
#include "model/policy.h"
#include "model/schedule.h"
#include "session/ops.h"
#include "trace/history.h"

struct session {
    const struct program *program;
    struct model *model;
    struct session_options options; /* its texts belong to whoever opened it, and are not kept */
    const struct session_ops *ops;
    void *state;
    unsigned changes;   /* of the session itself, for the next poll */
    struct text frozen; /* why the last freezing failed; empty: it did not */
};

static struct session *make(const struct program *program, struct model *model,
                            const struct session_options *options, const struct session_ops *ops,
                            void *state)
{
    struct session *session = xcalloc(1, sizeof *session);
    session->program = program;
    session->model = model;
    session->options = *options;
    session->options.policy = session->options.schedule = NULL;
    session->ops = ops;
    session->state = state;
    return session;
}

struct session *session_open_live(const struct program *program, struct model *model,
                                  const struct session_options *options)
{
    return make(program, model, options, &live_ops, live_new(program, model, options));
}

struct session *session_open_stepping(const struct program *program, struct model *model,
                                      const struct session_options *options, struct text *ret_error)
{
    void *state = stepping_new(program, model, options, NULL, ret_error);
    return state ? make(program, model, options, &stepping_ops, state) : NULL;
}

bool session_leave(struct session *session)
{
    return !session || !session->ops->leave || session->ops->leave(session->state);
}

void session_close(struct session *session)
{
    if (!session)
        return;
    session->ops->close(session->state);
    text_fini(&session->frozen);
    free(session);
}

unsigned session_poll(struct session *session)
{
    unsigned changes = session->changes | session->ops->poll(session->state);
    session->changes = 0;
    return changes;
}

int session_fd(const struct session *session)
{
    return session->ops->fd ? session->ops->fd(session->state) : -1;
}

void session_status(struct session *session, struct session_status *ret_status)
{
    memset(ret_status, 0, sizeof *ret_status);
    session->ops->status(session->state, ret_status);
    if (session->frozen.length)
        ret_status->notice = text_bytes(&session->frozen);
}

const struct program *session_program(const struct session *session)
{
    return session->program;
}

struct model *session_model(const struct session *session)
{
    return session->model;
}

void session_lock(struct session *session)
{
    if (session->ops->lock)
        session->ops->lock(session->state);
    else
        history_lock(session->ops->history(session->state));
}

void session_unlock(struct session *session)
{
    if (session->ops->unlock)
        session->ops->unlock(session->state);
    else
        history_unlock(session->ops->history(session->state));
}

struct history *session_history(struct session *session)
{
    return session->ops->history(session->state);
}

const struct trace_catalog *session_catalog(struct session *session)
{
    return history_catalog(session_history(session));
}

const struct world *session_world(struct session *session)
{
    return session->ops->world ? session->ops->world(session->state) : NULL;
}

bool session_reached(struct session *session, uint32_t sometimes)
{
    return session->ops->reached && session->ops->reached(session->state, sometimes);
}

const char *session_sometimes(struct session *session, uint32_t number, bool *ret_reached)
{
    const struct program *program = session_program(session);
    if (!program || number >= program->sometimes_count)
        return NULL;
    *ret_reached = session_reached(session, number);
    return program->sometimes[number].text;
}

void session_cell_text(struct session *session, uint32_t cell, uint64_t time, struct text *out)
{
    const struct world *world = session_world(session);
    int64_t value = time == UINT64_MAX && world
                        ? world->words[cell]
                        : history_value(session_history(session), cell, time);
    world_cell_text(session->model, cell, value, out);
}

/* The head of a thread that is alive now, or NULL. */
static const struct thread_head *alive(struct session *session, uint32_t thread)
{
    const struct world *world = session_world(session);
    if (!world || thread >= world_thread_end(session->model, world))
        return NULL;
    const struct thread_head *head = world_thread_const(session->model, world, thread);
    return head->status == THREAD_ALIVE ? head : NULL;
}

uint32_t session_thread_source(struct session *session, uint32_t thread)
{
    const struct thread_head *head = alive(session, thread);
    return head ? session->program->code[head->pc].source : 0;
}

void session_next_text(struct session *session, uint32_t thread, struct text *out)
{
    struct operation operation;
    if (!alive(session, thread))
        return;
    model_next(session->model, session_world(session), thread, &operation);
    operation_text(session->model, session_world(session), &operation, out);
}

/* Appends ", held by philosopher-1 since step 7, line 14" when the history knows; live runs have no
 * steps to name. */
static void add_holder(struct session *session, uint32_t thing, struct text *out)
{
    const struct program *program = session->program;
    struct object_at at;
    if (thing < program->cell_count || thing >= program_register_thing(program))
        return;
    enum object_type type = (enum object_type)program->objects[thing - program->cell_count].type;
    if (type != OBJECT_LOCK && type != OBJECT_RLOCK)
        return;
    struct history *history = session_history(session);
    bool steps = session->ops->position != NULL;
    uint64_t now =
        steps ? session->ops->position(session->state) * SESSION_STEP_TIME : history_now(history);
    history_object_at(history, thing, now, &at);
    if (at.holder == THRUM_NONE || at.value <= 0)
        return;
    text_printf(out, ", held by %s", catalog_thread_name(session_catalog(session), at.holder));
    if (steps || at.holder_source)
        text_add(out, " since ");
    if (steps)
        text_printf(out, "step %llu",
                    (unsigned long long)(at.holder_since / SESSION_STEP_TIME + 1));
    if (at.holder_source)
        text_printf(out, "%sline %u", steps ? ", " : "", THRUM_SOURCE_LINE(at.holder_source));
}

void session_why_not_text(struct session *session, uint32_t thread, struct text *out)
{
    struct operation operation;
    if (!alive(session, thread))
        return;
    size_t before = out->length;
    model_why_not(session->model, session_world(session), thread, out);
    if (out->length == before) {
        if (session->ops->why_not)
            session->ops->why_not(session->state, thread, out);
        return;
    }
    model_next(session->model, session_world(session), thread, &operation);
    add_holder(session, operation.thing, out);
}

bool session_meeting_text(struct session *session, struct text *out)
{
    const struct world *world = session_world(session);
    return world && session->ops->step &&
           meeting_text(session_program(session), session->model, world, out);
}

void session_locals(struct session *session, uint32_t thread,
                    void (*visit)(void *context, const char *name, const char *value),
                    void *context)
{
    const struct world *world = session_world(session);
    const struct thread_head *head = alive(session, thread);
    if (!head)
        return;
    const struct function *function = &session->program->functions[head->function];
    for (uint16_t slot = 0; slot < function->frame_size; slot++) {
        struct text value = {0};
        if (!function->slot_names[slot])
            continue;
        world_local_text(session->model, world, thread, slot, &value);
        visit(context, function->slot_names[slot], text_bytes(&value));
        text_fini(&value);
    }
}

bool session_switches(struct session *session, uint32_t thread, uint64_t *ret_voluntary,
                      uint64_t *ret_involuntary)
{
    return session->ops->switches &&
           session->ops->switches(session->state, thread, ret_voluntary, ret_involuntary);
}

bool session_pause(struct session *session)
{
    return session->ops->pause && session->ops->pause(session->state, true);
}

bool session_resume(struct session *session)
{
    return session->ops->pause && session->ops->pause(session->state, false);
}

bool session_set_pace(struct session *session, int64_t nanoseconds)
{
    return session->ops->set_pace && session->ops->set_pace(session->state, nanoseconds);
}

bool session_stop(struct session *session)
{
    return session->ops->stop && session->ops->stop(session->state);
}

bool session_freeze(struct session *session)
{
    struct session_schedule schedule = {0};
    if (!session->ops->freeze)
        return false;
    text_clear(&session->frozen);
    bool stands = session->ops->freeze(session->state, &schedule);
    if (!stands)
        text_add(&session->frozen, "some of its threads do not stop");
    void *state = stands ? stepping_new(session->program, session->model, &session->options,
                                        &schedule, &session->frozen)
                         : NULL;
    if (state) {
        session->ops->close(session->state);
        session->state = state;
        session->ops = &stepping_ops;
        session->changes |= SESSION_CHANGED_MODE | SESSION_CHANGED_RUN | SESSION_CHANGED_HISTORY |
                            SESSION_CHANGED_STATUS | SESSION_CHANGED_NOW;
    }
    vector_fini(&schedule);
    return state != NULL;
}

bool session_option(struct session *session, uint32_t thread, struct session_option *ret_option)
{
    return session->ops->option && session->ops->option(session->state, thread, ret_option);
}

bool session_step(struct session *session, const struct session_choice *choice)
{
    return session->ops->step && session->ops->step(session->state, choice);
}

bool session_jump(struct session *session, enum session_jump where, bool backwards,
                  uint64_t argument)
{
    return session->ops->jump && session->ops->jump(session->state, where, backwards, argument);
}

const char *session_policy_name(unsigned number)
{
    return number < POLICIES ? policy_names[number] : NULL;
}

bool session_set_policy(struct session *session, const char *name)
{
    return session->ops->set_policy && session->ops->set_policy(session->state, name);
}

bool session_toggle_break(struct session *session, uint32_t line)
{
    return session->ops->toggle_break && session->ops->toggle_break(session->state, line);
}

bool session_has_break(struct session *session, uint32_t line)
{
    return session->ops->has_break && session->ops->has_break(session->state, line);
}

void session_schedule_text(struct session *session, struct text *out)
{
    struct session_schedule steps = {0};
    struct schedule schedule = {.has_checksum = true,
                                .checksum = (uint32_t)session->program->checksum};
    session_lock(session);
    if (session->ops->schedule)
        session->ops->schedule(session->state, &steps);
    for (size_t i = 0; i < steps.count; i++) {
        struct text name = {0};
        schedule_thread_name(session->model, session_world(session), steps.items[i].thread, &name);
        schedule_add(&schedule, text_bytes(&name), steps.items[i].choice);
        text_fini(&name);
    }
    session_unlock(session);
    schedule_write(&schedule, out);
    schedule_fini(&schedule);
    vector_fini(&steps);
}

uint32_t session_branches(struct session *session)
{
    return session->ops->branches ? session->ops->branches(session->state) : 0;
}

bool session_branch(struct session *session, uint32_t branch, struct session_branch *ret_branch)
{
    if (branch >= session_branches(session))
        return false;
    session->ops->branch(session->state, branch, ret_branch);
    return true;
}

/* A thread's name; one that is not made here, but elsewhere in the tree of choices, had it there.
 */
static void add_thread_name(struct session *session, uint32_t thread, struct text *out)
{
    const struct world *world = session_world(session);
    if (thread >= world_thread_end(session->model, world) ||
        world_thread_const(session->model, world, thread)->status == THREAD_UNBORN)
        text_add(out, catalog_thread_name(session_catalog(session), thread));
    else
        model_thread_name(session->model, world, thread, out);
}

void session_branch_text(struct session *session, uint32_t branch, struct text *out)
{
    struct session_branch is;
    if (!session_branch(session, branch, &is))
        return;
    text_printf(out, "%u: ", branch + 1);
    if (branch == 0) {
        text_add(out, "the first line");
    } else {
        add_thread_name(session, is.first.thread, out);
        if (is.first.choice.kind == CHOICE_TIMEOUT)
            text_add(out, "!timeout");
        else if (is.first.choice.kind == CHOICE_VALUE)
            text_printf(out, "=%lld", (long long)is.first.choice.value);
        text_printf(out, " at step %llu", (unsigned long long)is.fork + 1);
    }
    text_printf(out, ", %llu step%s", (unsigned long long)is.end, is.end == 1 ? "" : "s");
}

bool session_switch_branch(struct session *session, uint32_t branch)
{
    return branch < session_branches(session) &&
           session->ops->switch_branch(session->state, branch);
}
