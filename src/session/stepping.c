#include "session/stepping.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/die.h"
#include "model/schedule.h"
#include "session/catalog_fill.h"

enum {
    PLAY_BATCH = 4000000,  /* ns that one poll may spend on playing without a pace */
    LOOK_AT_MEMORY = 1024, /* steps between two looks at what they take */
    RECORD_BYTES = 64,     /* of the history, all told, at most; what is printed comes on top */
};
#define DEFAULT_MEMORY ((size_t)2 << 30)

static const char full_words[] = "the history is full: no more steps can be kept";

/* ---- Steps ---- */

bool stepping_over(const struct stepping *stepping)
{
    return stepping->finished_at.count || assessor_ended(stepping->assessor);
}

static bool at_end(const struct stepping *stepping)
{
    return stepper_position(stepping->stepper) == stepper_length(stepping->stepper);
}

/* At the end of a line of play that has no room for more: everything behind it can be gone back to,
 * so nothing of it is dropped. Counted are records, as the history keeps the room of those that
 * were truncated, for others. */
static bool is_full(const struct stepping *stepping)
{
    uint64_t length = stepper_length(stepping->stepper);
    if (length == 0 || length % LOOK_AT_MEMORY || !at_end(stepping))
        return false;
    size_t most = stepping->options.memory ? stepping->options.memory : DEFAULT_MEMORY;
    return history_full(stepping->history) ||
           history_count(stepping->history) * RECORD_BYTES + stepper_memory(stepping->stepper) >
               most;
}

/* The history may be short of the line of play when an old branch was found again. */
static void feed_rest(struct stepping *stepping, uint64_t position);

bool stepping_step(struct stepping *stepping, uint32_t thread, struct choice choice,
                   struct text *error)
{
    uint64_t position = stepper_position(stepping->stepper);
    if (at_end(stepping) && stepping_over(stepping)) {
        if (error)
            text_add(error, stepping->finished_at.count
                                ? "the run is over: every thread that counts has ended"
                                : "the run is over: an invariant is false");
        return false;
    }
    if (is_full(stepping)) {
        if (error)
            text_add(error, full_words);
        return false;
    }
    struct stepper_record record;
    bool forked, ends = at_end(stepping);
    if (!stepper_fits(stepping->stepper, thread, choice, error))
        return false;
    struct timeline_step taken = ends ? (struct timeline_step){0}
                                      : timeline_at(stepper_timeline(stepping->stepper), position);
    bool differs = !ends && (taken.thread != thread || taken.choice.kind != choice.kind ||
                             (choice.kind == CHOICE_VALUE && taken.choice.value != choice.value));
    if (differs)
        feed_truncate(stepping, position);
    if (!stepper_step(stepping->stepper, thread, choice, &record, &forked, error)) {
        if (differs) /* it fits, but its real thread cannot be had: all stays as it was */
            feed_rest(stepping, position);
        return false;
    }
    if (ends || differs)
        feed_step(stepping, &record);
    if (forked)
        feed_rest(stepping, position + 1);
    stepping->changes |= SESSION_CHANGED_NOW | SESSION_CHANGED_STATUS;
    return true;
}

static void observe(void *context, const struct stepper_record *record)
{
    feed_step(context, record);
}

static void feed_rest(struct stepping *stepping, uint64_t position)
{
    if (stepper_length(stepping->stepper) == position)
        return;
    stepper_walk(stepping->stepper, stepper_length(stepping->stepper), observe, stepping);
    stepper_seek(stepping->stepper, position);
}

bool stepping_forward(struct stepping *stepping)
{
    struct stepper_record record;
    struct timeline_step next;
    if (stepper_forward(stepping->stepper, &record)) {
        stepping->changes |= SESSION_CHANGED_NOW | SESSION_CHANGED_STATUS;
        return true;
    }
    return !stepping_over(stepping) &&
           stepper_choose(stepping->stepper, &stepping->policy, &next) &&
           stepping_step(stepping, next.thread, next.choice, NULL);
}

static void say_error(struct stepping *stepping, struct text *error)
{
    free(stepping->error);
    stepping->error = error->length ? text_take(error) : NULL;
    text_fini(error);
}

static bool step_op(void *state, const struct session_choice *choice)
{
    struct stepping *stepping = state;
    struct text error = {0};
    stepping->goal.active = stepping->playing = false;
    bool done = stepping_step(stepping, choice->thread, choice->choice, &error);
    say_error(stepping, &error);
    stepping->changes |= SESSION_CHANGED_STATUS;
    return done;
}

/* ---- Schedules ---- */

static bool play_choices(struct stepping *stepping, const struct session_schedule *schedule,
                         struct text *error)
{
    stepper_trust(stepping->stepper, true);
    for (size_t i = 0; i < schedule->count; i++) {
        struct text why = {0};
        stepper_expect(stepping->stepper,
                       i + 1 < schedule->count ? schedule->items[i + 1].thread : SCHEDULE_NOBODY);
        bool done =
            stepping_step(stepping, schedule->items[i].thread, schedule->items[i].choice, &why);
        if (!done)
            text_printf(error, "step %zu does not fit: %s", i + 1, text_bytes(&why));
        text_fini(&why);
        if (!done)
            return false;
    }
    stepper_trust(stepping->stepper, false);
    return true;
}

/* One step of an entry; `after` is the entry of the step after it, or NULL. */
static bool play_entry(struct stepping *stepping, const struct schedule_entry *entry,
                       const struct schedule_entry *after, struct text *error)
{
    struct text why = {0};
    const struct world *world = stepper_world(stepping->stepper);
    uint32_t thread = schedule_find_thread(stepping->model, world, entry->thread, &why);
    /* A thread made at run time has more than one name. */
    bool same =
        after && (strcmp(after->thread, entry->thread) == 0 ||
                  (stepper_gil(stepping->stepper) &&
                   schedule_find_thread(stepping->model, world, after->thread, NULL) == thread));
    stepper_expect(stepping->stepper, same ? thread : SCHEDULE_NOBODY);
    bool done = thread != SCHEDULE_NOBODY && stepping_step(stepping, thread, entry->choice, &why);
    if (!done) {
        text_printf(error, "step %llu (",
                    (unsigned long long)stepper_position(stepping->stepper) + 1);
        schedule_write_entry(entry, error);
        text_printf(error, ", column %u) does not fit: %s", entry->column, text_bytes(&why));
    }
    text_fini(&why);
    return done;
}

/* Plays a schedule's text. False with the exact step and reason. */
static bool play_text(struct stepping *stepping, const char *text, struct text *error)
{
    struct schedule schedule = {0};
    if (!schedule_parse(&schedule, text, error))
        return false;
    bool fits = true;
    struct schedule_cursor cursor = {0};
    const struct schedule_entry *entry = schedule_next(&schedule, &cursor);
    while (fits && entry) {
        const struct schedule_entry *after = schedule_next(&schedule, &cursor);
        fits = play_entry(stepping, entry, after, error);
        entry = after;
    }
    bool other = !schedule_is_for(&schedule, stepping->program);
    if (!fits && other)
        text_add(error, "; the schedule was made for another version of the file");
    if (fits && other) {
        struct text notice = {0};
        text_add(&notice, "the schedule was made for another version of this file");
        say_error(stepping, &notice);
    }
    schedule_fini(&schedule);
    return fits;
}

static void schedule_op(void *state, struct session_schedule *ret_schedule)
{
    struct stepping *stepping = state;
    uint64_t position = stepper_position(stepping->stepper);
    for (uint64_t step = 0; step < position; step++) {
        struct timeline_step at = timeline_at(stepper_timeline(stepping->stepper), step);
        vector_push(ret_schedule, (struct session_choice){at.thread, at.choice});
    }
}

/* ---- Life ---- */

static void stepping_close(void *state)
{
    struct stepping *stepping = state;
    if (!stepping)
        return;
    foresight_free(stepping->foresight);
    stepper_free(stepping->stepper);
    policy_fini(&stepping->policy);
    assessor_free(stepping->assessor);
    history_free(stepping->history);
    catalog_fini(&stepping->catalog);
    if (stepping->scratch)
        world_free(stepping->scratch, stepping->model);
    vector_fini(&stepping->ends);
    vector_fini(&stepping->told);
    vector_fini(&stepping->breaks);
    vector_fini(&stepping->finished_at);
    free(stepping->error);
    free(stepping);
}

static uint64_t seed_of(const struct stepping *stepping)
{
    if (stepping->options.has_seed)
        return stepping->options.seed;
    return stepping->program->options.has_seed ? stepping->program->options.seed : 0;
}

/* The GIL's interval: `option gil`, or that of the policy when it is the GIL's. */
static int64_t gil_of(const struct stepping *stepping)
{
    if (stepping->program->options.gil > 0)
        return stepping->program->options.gil;
    if (stepping->policy.kind == POLICY_GIL)
        return (int64_t)stepping->policy.quantum * GIL_STEP_TIME;
    return 0;
}

static bool choose_policy(struct stepping *stepping, struct text *error)
{
    if (!stepping->options.policy)
        return policy_of_program(&stepping->policy, stepping->program, seed_of(stepping), error);
    enum policy_kind kind;
    uint64_t quantum;
    if (!policy_parse(stepping->options.policy, &kind, &quantum, error))
        return false;
    policy_init(&stepping->policy, kind, seed_of(stepping), quantum);
    return true;
}

/* Threads, history and assessor. False with a sentence when threads cannot be had. */
static bool begin(struct stepping *stepping, struct text *error)
{
    struct stepper_options options = {.gil = gil_of(stepping)};
    stepping->stepper = stepper_new(stepping->model, &options, error);
    if (!stepping->stepper)
        return false;
    catalog_fill(&stepping->catalog, stepping->program, false);
    stepping->catalog.step_time = SESSION_STEP_TIME;
    if (options.gil && stepping->program->options.gil <= 0)
        catalog_fill_gil(&stepping->catalog, stepping->program, false);
    stepping->history = history_new(&stepping->catalog);
    stepping->assessor = assessor_new(stepping->model, stepping->history, false);
    stepping->scratch = world_new(stepping->model);
    feed_begin(stepping);
    stepping->changes = ~0u;
    return true;
}

void *stepping_new(const struct program *program, struct model *model,
                   const struct session_options *options, const struct session_schedule *schedule,
                   struct text *ret_error)
{
    struct stepping *stepping = xcalloc(1, sizeof *stepping);
    stepping->program = program;
    stepping->model = model;
    stepping->options = *options;
    stepping->pace = options->pace;
    bool fine = choose_policy(stepping, ret_error) && begin(stepping, ret_error);
    stepping->options.policy = NULL;
    if (fine && schedule)
        fine = play_choices(stepping, schedule, ret_error);
    else if (fine && options->schedule)
        fine = play_text(stepping, options->schedule, ret_error);
    stepping->options.schedule = NULL;
    if (fine)
        return stepping;
    stepping_close(stepping);
    return NULL;
}

/* ---- Playing ---- */

static void play(struct stepping *stepping)
{
    uint64_t now = clock_now(), until = now + PLAY_BATCH;
    if (stepping->pace > 0 && now < stepping->due)
        return;
    do {
        if (!stepping_forward(stepping)) {
            stepping->playing = false;
            stepping->changes |= SESSION_CHANGED_STATUS;
            return;
        }
    } while (stepping->pace <= 0 && clock_now() < until);
    stepping->due = now + (uint64_t)(stepping->pace > 0 ? stepping->pace : 0);
}

static unsigned poll_op(void *state)
{
    struct stepping *stepping = state;
    if (stepping->goal.active)
        goal_continue(stepping);
    else if (stepping->playing)
        play(stepping);
    if (!stepping->foresaw && foresight_outlook(stepping->foresight)) {
        stepping->foresaw = true;
        stepping->changes |= SESSION_CHANGED_NOW;
    }
    unsigned changes = stepping->changes;
    stepping->changes = 0;
    return changes;
}

static bool pause_op(void *state, bool paused)
{
    struct stepping *stepping = state;
    stepping->goal.active = false;
    if (!paused && at_end(stepping) && stepping_over(stepping))
        return false;
    stepping->playing = !paused;
    stepping->due = 0;
    stepping->changes |= SESSION_CHANGED_STATUS;
    return true;
}

static bool set_pace_op(void *state, int64_t nanoseconds)
{
    struct stepping *stepping = state;
    stepping->pace = nanoseconds;
    stepping->due = 0;
    stepping->changes |= SESSION_CHANGED_STATUS;
    return true;
}

static bool set_policy_op(void *state, const char *name)
{
    struct stepping *stepping = state;
    struct text error = {0};
    enum policy_kind kind;
    uint64_t quantum, seed = stepping->policy.seed;
    bool found = policy_parse(name, &kind, &quantum, &error);
    /* A GIL is there from the first step on, or not at all. */
    if (!found || (kind == POLICY_GIL && !stepper_gil(stepping->stepper))) {
        text_fini(&error);
        return false;
    }
    if (kind == POLICY_GIL && stepper_gil(stepping->stepper) && !quantum)
        quantum = (uint64_t)((stepper_gil(stepping->stepper)->interval + GIL_STEP_TIME - 1) /
                             GIL_STEP_TIME);
    policy_fini(&stepping->policy);
    policy_init(&stepping->policy, kind, seed, quantum);
    stepping->changes |= SESSION_CHANGED_STATUS;
    return true;
}

/* ---- Looking ---- */

static struct history *history_op(void *state)
{
    return ((struct stepping *)state)->history;
}

static bool reached_op(void *state, uint32_t sometimes)
{
    return assessor_reached(((struct stepping *)state)->assessor, sometimes);
}

static const struct world *world_op(void *state)
{
    return stepper_world(((struct stepping *)state)->stepper);
}

static uint64_t position_op(const void *state)
{
    return stepper_position(((const struct stepping *)state)->stepper);
}

static int fd_op(const void *state)
{
    (void)state;
    return -1;
}

/* What a choice leads to: of a number to draw, the best that can come of it. */
static void foresee(struct stepping *stepping, struct session_option *option)
{
    enum { MOST_VALUES = 16 };
    if (stepper_gil(stepping->stepper)) /* the search knows of none but the scenario's own */
        return;
    if (!stepping->foresees)
        stepping->foresight = foresight_new(stepping->program, stepping->model);
    stepping->foresees = true;
    struct outlook *outlook = foresight_outlook(stepping->foresight);
    uint64_t values =
        option->enabled & ENABLED_VALUE ? (uint64_t)option->highest - (uint64_t)option->lowest : 0;
    if (!outlook || !option->enabled || values >= MOST_VALUES)
        return;
    struct choice choice = option->choice.choice;
    int64_t lowest = choice.value;
    option->foreseen = option->doomed = true;
    option->fails_in = SESSION_NEVER;
    for (uint64_t i = 0; i <= values; i++) {
        choice.value = lowest + (int64_t)i;
        struct prospect prospect =
            outlook_after(outlook, stepper_world(stepping->stepper), option->choice.thread, choice);
        option->foreseen &= prospect.known;
        option->doomed &= prospect.doomed;
        if (prospect.nearest < option->fails_in)
            option->fails_in = prospect.nearest;
    }
}

static bool option_op(void *state, uint32_t thread, struct session_option *ret_option)
{
    struct stepping *stepping = state;
    const struct world *world = stepper_world(stepping->stepper);
    if (thread >= world_thread_end(stepping->model, world))
        return false;
    *ret_option = (struct session_option){.choice.thread = thread};
    if (world_thread_const(stepping->model, world, thread)->status != THREAD_ALIVE)
        return true;
    if (!(at_end(stepping) && stepping_over(stepping)))
        ret_option->enabled = stepper_enabled(stepping->stepper, thread);
    struct operation next;
    model_next(stepping->model, world, thread, &next);
    struct choice *choice = &ret_option->choice.choice;
    if (ret_option->enabled & ENABLED_VALUE) {
        *choice = (struct choice){CHOICE_VALUE, next.value};
        ret_option->lowest = next.value;
        ret_option->highest = next.value2;
    } else if (!(ret_option->enabled & ENABLED_STEP) && ret_option->enabled & ENABLED_TIMEOUT) {
        choice->kind = CHOICE_TIMEOUT;
    }
    foresee(stepping, ret_option);
    return true;
}

static void count_threads(const struct stepping *stepping, struct session_status *status)
{
    const struct world *world = stepper_world(stepping->stepper);
    uint32_t end = world_thread_end(stepping->model, world);
    for (uint32_t thread = 0; thread < end; thread++) {
        unsigned is = world_thread_const(stepping->model, world, thread)->status;
        status->threads += is == THREAD_ALIVE || is == THREAD_ENDED;
        status->threads_alive += is == THREAD_ALIVE;
    }
}

static void status_op(void *state, struct session_status *ret_status)
{
    struct stepping *stepping = state;
    struct session_status status = {.mode = SESSION_STEPPING};
    status.abilities = SESSION_CAN_PAUSE | SESSION_CAN_PACE | SESSION_CAN_STEP | SESSION_CAN_BACK |
                       SESSION_CAN_POLICY | SESSION_CAN_EXPLORE | SESSION_CAN_BRANCH;
    status.step = stepper_position(stepping->stepper);
    status.steps = stepper_length(stepping->stepper);
    status.elapsed = status.step * STEPPING_STEP;
    history_lock(stepping->history);
    status.now = history_now(stepping->history);
    status.events = history_count(stepping->history);
    status.problems = (uint32_t)history_problem_count(stepping->history);
    history_unlock(stepping->history);
    status.playing = stepping->playing || stepping->goal.active;
    status.paused = !status.playing;
    status.finished = stepping->finished_at.count > 0;
    status.ended =
        at_end(stepping) && (stepping_over(stepping) || assessor_all_stuck(stepping->assessor));
    status.verdicts = assessor_verdicts(stepping->assessor);
    if (stepping->clean)
        status.verdicts |= 1u << VERDICT_OK;
    count_threads(stepping, &status);
    status.kernel_truth = "one thread at a time, through a gate";
    status.policy = policy_names[stepping->policy.kind];
    status.pace = stepping->pace;
    status.seed = stepping->policy.seed;
    status.cpus = 1;
    status.notice = stepping->error ? stepping->error : is_full(stepping) ? full_words : NULL;
    *ret_status = status;
}

/* ---- Break points, jumps ---- */

static bool toggle_break_op(void *state, uint32_t line)
{
    struct stepping *stepping = state;
    stepping_toggle_break(stepping, line);
    stepping->changes |= SESSION_CHANGED_STATUS;
    return true;
}

static bool has_break_op(void *state, uint32_t line)
{
    return stepping_is_break(state, line);
}

static bool jump_op(void *state, enum session_jump where, bool backwards, uint64_t argument)
{
    struct stepping *stepping = state;
    stepping->playing = stepping->goal.active = false;
    struct text nothing = {0};
    say_error(stepping, &nothing);
    uint64_t before = stepper_position(stepping->stepper);
    bool done = stepping_jump(stepping, where, backwards, argument);
    if (before != stepper_position(stepping->stepper) || stepping->goal.active)
        stepping->changes |= SESSION_CHANGED_NOW | SESSION_CHANGED_STATUS;
    return done;
}

/* ---- The GIL, branches ---- */

static void why_not_op(void *state, uint32_t thread, struct text *out)
{
    struct stepping *stepping = state;
    const struct gil *gil = stepper_gil(stepping->stepper);
    if (gil && !(at_end(stepping) && stepping_over(stepping)))
        gil_allows(gil, stepping->model, stepper_world(stepping->stepper), thread, out);
}

static uint32_t branches_op(void *state)
{
    return timeline_branches(stepper_timeline(((struct stepping *)state)->stepper));
}

static void branch_op(void *state, uint32_t branch, struct session_branch *ret_branch)
{
    struct timeline *timeline = stepper_timeline(((struct stepping *)state)->stepper);
    struct timeline_branch is = timeline_branch(timeline, branch);
    *ret_branch = (struct session_branch){
        .parent = is.parent,
        .fork = is.fork,
        .end = is.end,
        .in_line = is.in_line,
        .current = timeline_current(timeline) == branch,
        .first = {is.first.thread, is.first.choice},
    };
}

static bool switch_branch_op(void *state, uint32_t branch)
{
    struct stepping *stepping = state;
    uint64_t position = stepper_position(stepping->stepper);
    stepping->playing = stepping->goal.active = false;
    if (timeline_current(stepper_timeline(stepping->stepper)) == branch)
        return false;
    uint64_t differs = stepper_switch(stepping->stepper, branch);
    stepper_seek(stepping->stepper, differs);
    feed_truncate(stepping, differs);
    stepper_walk(stepping->stepper, stepper_length(stepping->stepper), observe, stepping);
    stepper_seek(stepping->stepper, position < differs ? position : differs);
    stepping->changes |= SESSION_CHANGED_NOW | SESSION_CHANGED_STATUS;
    return true;
}

const struct session_ops stepping_ops = {
    .close = stepping_close,
    .poll = poll_op,
    .fd = fd_op,
    .status = status_op,
    .history = history_op,
    .world = world_op,
    .reached = reached_op,
    .pause = pause_op,
    .set_pace = set_pace_op,
    .option = option_op,
    .step = step_op,
    .jump = jump_op,
    .set_policy = set_policy_op,
    .toggle_break = toggle_break_op,
    .has_break = has_break_op,
    .position = position_op,
    .why_not = why_not_op,
    .branches = branches_op,
    .branch = branch_op,
    .switch_branch = switch_branch_op,
    .schedule = schedule_op,
};
