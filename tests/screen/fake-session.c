#include "fake-session.h"

void fake_session(struct session *session, struct story *story)
{
    *session = (struct session){.story = story};
    session->status = (struct session_status){
        .mode = SESSION_LIVE,
        .abilities = SESSION_CAN_PAUSE | SESSION_CAN_PACE | SESSION_CAN_FREEZE | SESSION_CAN_STOP,
        .elapsed = history_now(story->history),
        .now = history_now(story->history),
        .problems = (uint32_t)history_problem_count(story->history),
        .threads = history_threads(story->history),
        .events = history_count(story->history),
        .events_per_second = 18200,
        .lag = 1200000,
        .kernel_truth = "kernel: perf",
        .policy = "Linux",
    };
}

unsigned session_poll(struct session *session)
{
    (void)session;
    return 0;
}

int session_fd(const struct session *session)
{
    (void)session;
    return -1;
}

void session_status(struct session *session, struct session_status *ret_status)
{
    *ret_status = session->status;
}

const struct program *session_program(const struct session *session)
{
    (void)session;
    return NULL;
}

struct model *session_model(const struct session *session)
{
    (void)session;
    return NULL;
}

void session_lock(struct session *session)
{
    history_lock(session->story->history);
}

void session_unlock(struct session *session)
{
    history_unlock(session->story->history);
}

struct history *session_history(struct session *session)
{
    return session->story->history;
}

const struct trace_catalog *session_catalog(struct session *session)
{
    return &session->story->catalog;
}

const struct world *session_world(struct session *session)
{
    (void)session;
    return NULL;
}

const char *session_sometimes(struct session *session, uint32_t number, bool *ret_reached)
{
    *ret_reached = number == 0;
    return number < 2 ? session->story->sometimes[number] : NULL;
}

void session_cell_text(struct session *session, uint32_t cell, uint64_t time, struct text *out)
{
    text_printf(out, "%lld", (long long)history_value(session->story->history, cell, time));
}

uint32_t session_thread_source(struct session *session, uint32_t thread)
{
    struct lane_interval interval;
    history_interval(session->story->history, thread, session->status.now, &interval);
    return interval.source;
}

void session_next_text(struct session *session, uint32_t thread, struct text *out)
{
    (void)thread;
    text_add(out, session->next ? session->next : "");
}

void session_why_not_text(struct session *session, uint32_t thread, struct text *out)
{
    if (thread % 2)
        text_add(out, session->why_not ? session->why_not : "");
}

void session_locals(struct session *session, uint32_t thread,
                    void (*visit)(void *context, const char *name, const char *value),
                    void *context)
{
    (void)session;
    (void)thread;
    visit(context, "i", "3");
}

static bool asked(struct session *session)
{
    session->asked++;
    return true;
}

bool session_pause(struct session *session)
{
    session->status.paused = true;
    return asked(session);
}

bool session_resume(struct session *session)
{
    session->status.paused = false;
    return asked(session);
}

bool session_set_pace(struct session *session, int64_t nanoseconds)
{
    session->status.pace = nanoseconds;
    return asked(session);
}

bool session_stop(struct session *session)
{
    return asked(session);
}

bool session_freeze(struct session *session)
{
    return asked(session);
}

bool session_option(struct session *session, uint32_t thread, struct session_option *ret_option)
{
    *ret_option = (struct session_option){.choice = {.thread = thread}, .enabled = 1};
    return thread < session->status.threads;
}

bool session_step(struct session *session, const struct session_choice *choice)
{
    (void)choice;
    return asked(session);
}

bool session_jump(struct session *session, enum session_jump where, bool backwards,
                  uint64_t argument)
{
    (void)where;
    (void)backwards;
    (void)argument;
    return asked(session);
}

bool session_set_policy(struct session *session, const char *name)
{
    session->status.policy = name;
    return asked(session);
}

const char *session_policy_name(unsigned number)
{
    return number ? NULL : "random";
}

bool session_toggle_break(struct session *session, uint32_t line)
{
    (void)line;
    return asked(session);
}

bool session_has_break(struct session *session, uint32_t line)
{
    return session->status.mode == SESSION_STEPPING && line == 15;
}

uint32_t session_branches(struct session *session)
{
    return session->status.mode == SESSION_STEPPING ? 3 : 0;
}

bool session_branch(struct session *session, uint32_t branch, struct session_branch *ret_branch)
{
    *ret_branch = (struct session_branch){.parent = branch ? branch - 1 : 0,
                                          .fork = branch,
                                          .end = 10,
                                          .in_line = branch < 2,
                                          .current = branch == 1};
    return branch < session_branches(session);
}

void session_branch_text(struct session *session, uint32_t branch, struct text *out)
{
    (void)session;
    text_printf(out, "%u: philosopher-0 at step %u, 10 steps", branch + 1, branch);
}

bool session_switch_branch(struct session *session, uint32_t branch)
{
    (void)branch;
    return asked(session);
}

void session_schedule_text(struct session *session, struct text *out)
{
    session_lock(session); /* as the real one: to be called under no lock */
    text_add(out, "A*3 B");
    session_unlock(session);
}
