/* What a followed step means: words said, problems, `after:`, the end. */
#include <string.h>

#include "base/clock.h"
#include "session/follower_inside.h"

enum {
    AGAIN = 100000000, /* ns after which stuck threads are looked for though nobody began to wait */
    SETTLE = 30000000, /* ns that a deadlock may grow before it is said, while others can move */
    JUDGEMENT_SHARE = 10, /* looking for stuck threads takes at most 1/10 of the time */
};

/* A record of the follower's own, on a thread's lane. */
static void append(struct follower *follower, uint32_t thread, uint16_t kind, uint32_t source)
{
    struct thrum_event event = {.time = ++follower->newest,
                                .kind = kind,
                                .object = THRUM_NONE,
                                .source = source,
                                .processor = THRUM_NO_PROCESSOR};
    history_append(follower->history, thread, &event);
}

/* The run has ended: now, and not before its last record, which may be stamped a little late. */
static void note_end(struct follower *follower)
{
    uint64_t now = run_elapsed(follower->run);
    follower->ended_at = now > follower->newest ? now : follower->newest;
}

static void end(struct follower *follower)
{
    follower->over = true;
    note_end(follower);
    history_advance(follower->history, follower->newest);
    follower_changed(follower, SESSION_CHANGED_STATUS);
}

bool steps_may_block(uint16_t kind)
{
    return kind == THRUM_KIND_WAIT_BEGIN || kind == THRUM_KIND_JOIN_BEGIN ||
           kind == THRUM_KIND_COND_WAIT || kind == THRUM_KIND_BARRIER_ARRIVE ||
           kind == THRUM_KIND_THREAD_END || kind == THRUM_KIND_THREAD_DIED;
}

void steps_stuck(struct follower *follower)
{
    uint64_t now = clock_now();
    /* also a step that is no wait can be the last that might have woken somebody */
    if (now >= follower->next_judgement + AGAIN && follower->judged_steps != follower->shadow.steps)
        follower->maybe_stuck = true;
    if (!follower->maybe_stuck || follower->over || follower->nobody || follower->shadow.defects ||
        now < follower->next_judgement)
        return;
    follower->judged_steps = follower->shadow.steps;
    uint64_t count = history_count(follower->history);
    bool growing = !follower->stuck_since || now - follower->stuck_since < SETTLE;
    bool unsaid = assessor_stuck(follower->assessor, follower->shadow.world, ++follower->newest,
                                 count ? count - 1 : HISTORY_NONE, growing);
    uint64_t after = clock_now();
    follower->next_judgement = after + JUDGEMENT_SHARE * (after - now);
    follower->maybe_stuck = unsaid; /* then it may grow: look again */
    follower->stuck_since = !unsaid ? 0 : follower->stuck_since ? follower->stuck_since : now;
    if (assessor_all_stuck(follower->assessor)) {
        follower->nobody = true;
        note_end(follower);
        follower_changed(follower, SESSION_CHANGED_STATUS);
    }
}

static void print_after(void *context, const char *text)
{
    struct follower *follower = context;
    history_add_console(follower->history, THRUM_NONE, follower->newest, text);
    follower_changed(follower, SESSION_CHANGED_CONSOLE);
}

/* `after:` is judged on a copy: the values of the run are those with which its last thread ended.
 */
static void judge_after(struct follower *follower)
{
    struct shadow *shadow = &follower->shadow;
    if (follower->program->after_function >= 0) {
        const struct function *after =
            &follower->program->functions[follower->program->after_function];
        append(follower, 0, THRUM_KIND_AFTER_BEGIN, after->position);
        struct world *world = world_new(follower->model);
        world_copy(follower->model, world, shadow->world);
        model_after(follower->model, world, &shadow->effect, print_after, follower);
        world_free(world, follower->model);
        append(follower, 0, THRUM_KIND_THREAD_END, after->position);
        assessor_after(follower->assessor, &shadow->effect, follower->newest);
    }
    follower->finished = true;
    end(follower);
}

void steps_thread(struct follower *follower, const struct thrum_event *event)
{
    if (event->kind == THRUM_KIND_THREAD_START)
        catalog_fill_thread(&follower->catalog, follower->model, follower->shadow.world,
                            (uint32_t)event->value);
    else
        follower->alive++;
}

static void say(struct follower *follower, uint32_t thread, const struct thrum_event *event)
{
    const char *text = model_string(follower->model, event->value);
    if (event->kind == THRUM_KIND_PRINT)
        history_add_console(follower->history, thread, event->time, text);
    else
        history_add_note(follower->history, thread, event->time, text);
    follower_changed(follower, SESSION_CHANGED_CONSOLE);
}

void steps_take(struct follower *follower, uint32_t thread, const struct thrum_event *event,
                uint64_t index)
{
    const struct shadow *shadow = &follower->shadow;
    if (event->kind == THRUM_KIND_PRINT || event->kind == THRUM_KIND_NOTE)
        say(follower, thread, event);
    assessor_step(follower->assessor, shadow->world, thread, &shadow->operation, &shadow->effect,
                  event->time, index);
    if (shadow->operation.op == OP_END)
        follower->alive--;
    if (assessor_ended(follower->assessor)) { /* an invariant is false: nothing after that counts */
        end(follower);
        run_quit(follower->run);
    } else if (shadow->operation.op == OP_END && model_finished(follower->model, shadow->world)) {
        judge_after(follower);
    }
}

void steps_defect(struct follower *follower)
{
    struct problem problem = {.kind = PROBLEM_DEFECT,
                              .time = follower->newest,
                              .event = history_count(follower->history) - 1};
    struct text title = {0}, evidence = {0};
    text_add(&title, "DEFECT OF THRUM  the run and its shadow disagree");
    text_printf(&evidence, "%s\nWhat is shown from here on cannot be trusted. Please report it.\n",
                text_bytes(&follower->shadow.defect));
    problem.title = text_take(&title);
    problem.evidence = text_take(&evidence);
    history_add_problem(follower->history, &problem);
}
