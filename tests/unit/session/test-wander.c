/*
 * Every bundled scenario, and those of the tests: somebody wanders through it, back and forth, into
 * other futures and out again, and then stands where somebody else came to straight. States, GIL,
 * records, printed lines, notes, problems and verdicts are the same, at every position.
 */
#include "session/session.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../unit.h"
#include "base/hash.h"
#include "base/vector.h"
#include "lang/lang.h"
#include "model/world.h"
#include "trace/history.h"
#include "trace/waits.h"

struct paths {
    vector(char *) items;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void collect(const char *folder, struct paths *paths)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        struct text path = {0};
        text_printf(&path, "%s/%s", folder, entry->d_name);
        if (length > 6 && strcmp(entry->d_name + length - 6, ".thrum") == 0)
            vector_push(&paths->items, xstrdup(text_bytes(&path)));
        else if (!strchr(entry->d_name, '.'))
            collect(text_bytes(&path), paths);
        text_fini(&path);
    }
    closedir(directory);
}

struct walk {
    const char *path;
    struct program *program;
    struct model *model;
    struct session *session;
};

static struct walk load(const char *path)
{
    struct text messages = {0};
    struct walk walk = {.path = path, .program = lang_load(path, &messages)};
    text_fini(&messages);
    if (walk.program)
        walk.model = model_new(walk.program);
    return walk;
}

static void unload(struct walk *walk)
{
    model_free(walk->model);
    program_free(walk->program);
}

static void open_session(struct walk *walk, const char *schedule, const char *policy, uint64_t seed)
{
    struct text error = {0};
    struct session_options options = {
        .schedule = schedule, .policy = policy, .has_seed = true, .seed = seed};
    walk->session = session_open_stepping(walk->program, walk->model, &options, &error);
    ck_assert_msg(walk->session, "%s: %s", walk->path, text_bytes(&error));
    text_fini(&error);
}

static struct session_status status_of(const struct walk *walk)
{
    struct session_status status;
    session_status(walk->session, &status);
    return status;
}

static void go(const struct walk *walk, enum session_jump where, bool backwards, uint64_t argument)
{
    session_jump(walk->session, where, backwards, argument);
    for (int i = 0; i < 3 && status_of(walk).playing; i++)
        session_poll(walk->session);
    session_pause(walk->session);
}

/* One of the things that `thread` can do here. */
static void choose(const struct walk *walk, uint32_t thread, uint64_t *random)
{
    struct session_option option;
    if (!session_option(walk->session, thread, &option) || !option.enabled)
        return;
    struct session_choice choice = option.choice;
    if (option.enabled & ENABLED_VALUE)
        choice.choice.value = random_below(random, 2) ? option.lowest : option.highest;
    else if (option.enabled & ENABLED_TIMEOUT && random_below(random, 2))
        choice.choice.kind = CHOICE_TIMEOUT;
    struct session_status before = status_of(walk);
    ck_assert_msg(session_step(walk->session, &choice), "%s: an enabled choice is refused",
                  walk->path);
    ck_assert_uint_eq(status_of(walk).step, before.step + 1);
}

static void wander(const struct walk *walk, int moves, uint64_t *random)
{
    for (int i = 0; i < moves; i++) {
        struct session_status status = status_of(walk);
        uint32_t threads = status.threads ? status.threads : 1;
        uint64_t which = random_below(random, 12), thread = random_below(random, threads + 1u);
        uint64_t line = which < 2 ? random_below(random, status.steps + 1) : 0;
        uint32_t branches = session_branches(walk->session);
        bool backwards = random_below(random, 2);
        switch (which) {
        case 0: go(walk, SESSION_JUMP_TO, line < status.step, line); break;
        case 1: go(walk, SESSION_JUMP_TO, false, status.steps); break;
        case 2: go(walk, SESSION_JUMP_THREAD, backwards, thread); break;
        case 3: go(walk, SESSION_JUMP_WAIT, true, 0); break;
        case 4: go(walk, SESSION_JUMP_LINE, backwards, thread); break;
        case 5: go(walk, SESSION_JUMP_PROBLEM, true, 0); break;
        case 6:
            session_switch_branch(walk->session, (uint32_t)random_below(random, branches));
            break;
        case 7:
        case 8: choose(walk, (uint32_t)thread, random); break;
        default:
            for (int n = 0; n < 8; n++)
                go(walk, SESSION_JUMP_STEP, false, 0);
        }
        if (status_of(walk).steps > 600)
            go(walk, SESSION_JUMP_TO, true, random_below(random, 300));
    }
    go(walk, SESSION_JUMP_TO, false, status_of(walk).steps);
}

/* ---- The same ---- */

static void same_lines(const struct walk *a, struct history *left, struct history *right)
{
    struct history_line one, other;
    ck_assert_msg(history_console_count(left) == history_console_count(right),
                  "%s: other printed lines", a->path);
    for (size_t i = 0; i < history_console_count(left); i++) {
        ck_assert(history_console(left, i, &one) && history_console(right, i, &other));
        ck_assert_str_eq(one.text, other.text);
        ck_assert_uint_eq(one.time, other.time);
        ck_assert_uint_eq(one.thread, other.thread);
    }
    ck_assert_msg(history_note_count(left) == history_note_count(right), "%s: other notes",
                  a->path);
    for (size_t i = 0; i < history_note_count(left); i++) {
        ck_assert(history_note(left, i, &one) && history_note(right, i, &other));
        ck_assert_str_eq(one.text, other.text);
        ck_assert_uint_eq(one.time, other.time);
    }
}

static void same_problems(const struct walk *a, struct history *left, struct history *right)
{
    ck_assert_msg(history_problem_count(left) == history_problem_count(right), "%s: other problems",
                  a->path);
    for (size_t i = 0; i < history_problem_count(left); i++) {
        const struct problem *one = history_problem(left, i), *other = history_problem(right, i);
        ck_assert_str_eq(one->title, other->title);
        ck_assert_str_eq(one->evidence, other->evidence);
        ck_assert_uint_eq(one->event, other->event);
        ck_assert_uint_eq(one->time, other->time);
        ck_assert_uint_eq(one->certainty, other->certainty);
        ck_assert(one->grown == other->grown && one->since == other->since);
    }
}

static void same_history(const struct walk *a, const struct walk *b)
{
    struct history *left = session_history(a->session), *right = session_history(b->session);
    ck_assert_msg(history_count(left) == history_count(right), "%s: other records", a->path);
    ck_assert_uint_eq(history_now(left), history_now(right));
    for (uint64_t i = 0; i < history_count(left); i++) {
        struct history_event one, other;
        ck_assert(history_event_at(left, i, &one) && history_event_at(right, i, &other));
        ck_assert_uint_eq(one.thread, other.thread);
        ck_assert_msg(memcmp(&one.event, &other.event, sizeof one.event) == 0,
                      "%s: record %llu is another one", a->path, (unsigned long long)i);
    }
    same_lines(a, left, right);
    same_problems(a, left, right);
}

static void same_thread(const struct walk *a, const struct walk *b, uint32_t thread)
{
    struct session_option one = {0}, other = {0};
    bool there = session_option(a->session, thread, &one);
    ck_assert(there == session_option(b->session, thread, &other));
    ck_assert_msg(one.enabled == other.enabled, "%s: thread %u can do something else", a->path,
                  thread);
    struct text why = {0}, other_why = {0};
    session_why_not_text(a->session, thread, &why);
    session_why_not_text(b->session, thread, &other_why);
    ck_assert_str_eq(text_bytes(&why), text_bytes(&other_why));
    text_fini(&why);
    text_fini(&other_why);
}

static void same_place(const struct walk *a, const struct walk *b, uint64_t position)
{
    const struct world *one = session_world(a->session), *other = session_world(b->session);
    size_t size = world_pack(a->model, one, NULL, 0);
    ck_assert_msg(size == world_pack(a->model, other, NULL, 0) &&
                      world_compare(a->model, one, other) == 0,
                  "%s: another state at position %llu", a->path, (unsigned long long)position);
    uint32_t end = world_thread_end(a->model, one);
    for (uint32_t thread = 0; thread < end && thread < 20; thread++)
        same_thread(a, b, thread);
}

static void same_everywhere(const struct walk *a, const struct walk *b)
{
    struct session_status one = status_of(a), other = status_of(b);
    ck_assert_uint_eq(one.step, other.step);
    ck_assert_msg(one.verdicts == other.verdicts, "%s: verdicts %x, %x", a->path, one.verdicts,
                  other.verdicts);
    ck_assert(one.finished == other.finished && one.ended == other.ended);
    same_history(a, b);
    for (uint64_t position = one.step;; position--) {
        same_place(a, b, position);
        if (position == 0)
            break;
        go(a, SESSION_JUMP_STEP, true, 0);
        go(b, SESSION_JUMP_STEP, true, 0);
    }
    for (uint64_t position = 0; position < one.steps; position++) {
        go(a, SESSION_JUMP_STEP, false, 0);
        go(b, SESSION_JUMP_STEP, false, 0);
        same_place(a, b, position + 1);
    }
    same_history(a, b);
}

/* `first`: so many steps are made first, and given to the wanderer as a schedule. */
static void try_one(const char *path, uint64_t seed, const char *policy, int first)
{
    struct walk walk = load(path), straight = walk;
    if (!walk.program)
        return;
    struct text schedule = {0};
    uint64_t random = seed;
    if (first) {
        open_session(&walk, NULL, policy, seed);
        for (int i = 0; i < first; i++)
            go(&walk, SESSION_JUMP_STEP, false, 0);
        session_schedule_text(walk.session, &schedule);
        session_close(walk.session);
    }
    open_session(&walk, first ? text_bytes(&schedule) : NULL, policy, seed);
    wander(&walk, 60, &random);
    text_clear(&schedule);
    session_schedule_text(walk.session, &schedule);
    open_session(&straight, text_bytes(&schedule), policy, seed);
    if (walk.program->options.gil <= 0 || !first) /* a schedule lets who goes on keep the GIL */
        same_everywhere(&walk, &straight);
    session_close(straight.session);
    session_close(walk.session);
    text_fini(&schedule);
    unload(&walk);
}

START_TEST(every_scenario_is_the_same_again)
{
    struct paths paths = {0};
    struct text tests = {0};
    const char *scenarios = getenv("THRUM_SCENARIOS");
    ck_assert_ptr_nonnull(scenarios);
    text_printf(&tests, "%s/../tests/scenario", scenarios);
    collect(scenarios, &paths);
    collect(text_bytes(&tests), &paths);
    text_fini(&tests);
    ck_assert_uint_gt(paths.items.count, 60);
    qsort(paths.items.items, paths.items.count, sizeof *paths.items.items, by_name);
    static const char *const policies[] = {NULL, "random", "rr", "pct"};
    for (size_t i = 0; i < paths.items.count; i++) {
        for (uint64_t seed = 1; seed <= (uint64_t)unit_rounds(2); seed++)
            try_one(paths.items.items[i], 100 * i + seed, policies[seed % 4], seed % 2 ? 0 : 30);
        free(paths.items.items[i]);
    }
    vector_fini(&paths.items);
}
END_TEST

/* ---- Jumps ---- */

static struct walk compile(const char *text)
{
    struct text messages = {0};
    struct walk walk = {.path = "test.thrum",
                        .program = lang_compile("test.thrum", text, strlen(text), &messages)};
    ck_assert_msg(walk.program, "%s", text_bytes(&messages));
    text_fini(&messages);
    walk.model = model_new(walk.program);
    return walk;
}

static uint64_t place(const struct walk *walk)
{
    return status_of(walk).step;
}

/* Goes there, however long it takes. */
static bool jump(const struct walk *walk, enum session_jump where, bool backwards,
                 uint64_t argument)
{
    bool done = session_jump(walk->session, where, backwards, argument);
    while (status_of(walk).playing)
        session_poll(walk->session);
    return done;
}

/* Leaving a line is the same place when the steps are known already. */
START_TEST(the_end_of_a_line_is_found_again)
{
    struct walk walk = compile("x = 0\n"
                               "thread A:\n"
                               "    x = x + 1\n"
                               "    x = 7\n"
                               "thread B:\n"
                               "    x = 2\n"
                               "    x = 3\n");
    open_session(&walk, NULL, "rr 1", 1);
    vector(uint64_t) places = {0};
    while (jump(&walk, SESSION_JUMP_LINE, false, 1)) {
        vector_push(&places, place(&walk));
        go(&walk, SESSION_JUMP_TO, true, places.count > 1 ? places.items[places.count - 2] : 0);
        ck_assert(jump(&walk, SESSION_JUMP_LINE, false, 1));
        ck_assert_uint_eq(place(&walk), vector_last(&places));
        ck_assert_uint_eq(place(&walk), status_of(&walk).steps);
    }
    ck_assert_uint_eq(places.count, 3); /* two lines, and the end of the thread */
    for (int i = 0; i < 40; i++)
        go(&walk, SESSION_JUMP_STEP, false, 0);
    go(&walk, SESSION_JUMP_END, true, 0);
    for (size_t i = 0; i < places.count; i++) {
        ck_assert(jump(&walk, SESSION_JUMP_LINE, false, 1));
        ck_assert_uint_eq(place(&walk), places.items[i]);
    }
    vector_fini(&places);
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* What will never be is not looked for by making the others go. */
START_TEST(a_thread_that_has_ended_steps_no_more)
{
    struct walk walk = compile("x = 0\n"
                               "thread A:\n"
                               "    pass\n"
                               "thread B:\n"
                               "    for i in range(9):\n"
                               "        x = i\n");
    open_session(&walk, "A", NULL, 1);
    ck_assert(!jump(&walk, SESSION_JUMP_THREAD, false, 1));
    ck_assert(!jump(&walk, SESSION_JUMP_LINE, false, 1));
    ck_assert(!jump(&walk, SESSION_JUMP_OUT, false, 1));
    ck_assert_uint_eq(status_of(&walk).steps, 1);
    session_close(walk.session);
    unload(&walk);
}
END_TEST

START_TEST(a_jump_to_a_thread_draws_its_number)
{
    struct walk walk = compile("x = 0\n"
                               "thread A:\n"
                               "    x = randint(9223372036854775806, 9223372036854775807)\n"
                               "thread B:\n"
                               "    for i in range(9):\n"
                               "        x = i\n");
    open_session(&walk, NULL, "priority", 1);
    for (int i = 0; i < 3; i++)
        ck_assert(session_step(walk.session, &(struct session_choice){.thread = 2}));
    ck_assert(jump(&walk, SESSION_JUMP_THREAD, false, 1));
    ck_assert_uint_eq(status_of(&walk).steps, 4);
    /* Limits of numbers: also while what they lead to is being looked at. */
    jump(&walk, SESSION_JUMP_END, true, 0);
    struct session_option option = {0};
    for (int i = 0; i < 2000 && !option.foreseen; i++) {
        session_option(walk.session, 1, &option);
        session_poll(walk.session);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    ck_assert(option.foreseen);
    ck_assert_int_eq(option.highest, INT64_MAX);
    struct session_choice choice = {1, {CHOICE_VALUE, INT64_MAX}};
    ck_assert(session_step(walk.session, &choice));
    choice.choice.value = INT64_MIN;
    jump(&walk, SESSION_JUMP_STEP, true, 0);
    ck_assert(!session_step(walk.session, &choice));
    ck_assert_str_eq(status_of(&walk).notice, "A chooses a number from 9223372036854775806 to "
                                              "9223372036854775807 here, not "
                                              "-9223372036854775808 (line 3)");
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* As many numbers as there can be: the draw depends on the step as every other does. */
START_TEST(any_number_at_all)
{
    struct walk walk = compile("x = 0\n"
                               "y = 0\n"
                               "thread A:\n"
                               "    x = randint(-9223372036854775807, 9223372036854775807)\n"
                               "    y = randint(-9223372036854775807, 9223372036854775807)\n");
    open_session(&walk, NULL, "random", 1);
    jump(&walk, SESSION_JUMP_END, false, 0);
    ck_assert(status_of(&walk).finished);
    ck_assert_int_ne(session_world(walk.session)->words[0], session_world(walk.session)->words[1]);
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* Before it is made a thread can be gone to, and its line of play has its name. */
START_TEST(a_thread_made_at_run_time_and_gone_again)
{
    struct walk walk = compile("x = 0\n"
                               "def f():\n"
                               "    x = 1\n"
                               "    x = 2\n"
                               "main:\n"
                               "    x = 9\n"
                               "    t = Thread(target=f, name='worker')\n"
                               "    t.start()\n"
                               "    x = 3\n");
    open_session(&walk, "MainThread*3 worker*2", NULL, 1);
    jump(&walk, SESSION_JUMP_TO, true, 2);
    ck_assert(session_step(walk.session, &(struct session_choice){.thread = 1}));
    jump(&walk, SESSION_JUMP_END, true, 0);
    struct text text = {0};
    session_branch_text(walk.session, 1, &text);
    ck_assert_str_eq(text_bytes(&text), "2: worker at step 3, 3 steps");
    text_fini(&text);
    ck_assert(jump(&walk, SESSION_JUMP_THREAD, false, 1));
    ck_assert_uint_eq(place(&walk), 3);
    jump(&walk, SESSION_JUMP_END, true, 0);
    ck_assert(!jump(&walk, SESSION_JUMP_OUT, false, 1));
    ck_assert(!jump(&walk, SESSION_JUMP_OUT, true, 1));
    ck_assert(!jump(&walk, SESSION_JUMP_THREAD, false, 2));
    ck_assert_uint_eq(place(&walk), 0);
    /* made, and not started: it is in no function yet */
    jump(&walk, SESSION_JUMP_STEP, false, 0);
    ck_assert(!jump(&walk, SESSION_JUMP_OUT, false, 1));
    ck_assert_uint_eq(place(&walk), 1);
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* A run without end is ended by its memory, not the machine's. */
START_TEST(memory_has_a_limit)
{
    struct walk walk = compile("x = Atomic(0)\n"
                               "thread A:\n"
                               "    while True:\n"
                               "        x = 1 - x\n");
    struct text error = {0};
    struct session_options options = {.memory = 16 << 20, .schedule = "A*9"};
    walk.session = session_open_stepping(walk.program, walk.model, &options, &error);
    ck_assert_ptr_nonnull(walk.session);
    jump(&walk, SESSION_JUMP_END, false, 0);
    struct session_status status = status_of(&walk);
    ck_assert_uint_gt(status.steps, 10000);
    ck_assert_uint_lt(status.steps, 1000000);
    ck_assert_str_eq(status.notice, "the history is full: no more steps can be kept");
    ck_assert(!session_step(walk.session, &(struct session_choice){.thread = 1}));
    jump(&walk, SESSION_JUMP_TO, true, 5);
    ck_assert_ptr_null(status_of(&walk).notice);
    ck_assert(session_step(walk.session, &(struct session_choice){.thread = 0}));
    jump(&walk, SESSION_JUMP_TO, false, 5000);
    ck_assert_uint_eq(place(&walk), 5000);
    text_fini(&error);
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* ---- Problems ---- */

/* Number of the one problem that is to be shown at a position; the others are forms of it. */
static size_t standing(const struct walk *walk, uint64_t position)
{
    const struct history *history = session_history(walk->session);
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < history_problem_count(history); i++) {
        if (!history_problem_stands(history, i, position * SESSION_STEP_TIME))
            continue;
        ck_assert_uint_eq(found, SIZE_MAX);
        found = i;
    }
    return found;
}

START_TEST(a_deadlock_that_grows_is_one_problem)
{
    struct walk walk = compile("start = Barrier(4)\n"
                               "x = Atomic(0)\n"
                               "thread player(i) for i in range(3):\n"
                               "    x = i\n"
                               "    start.wait()\n"
                               "thread other:\n"
                               "    assert False\n");
    open_session(&walk, "player-0*2 player-1*2 player-2*2", NULL, 1);
    for (int round = 0; round < 2; round++) {
        const struct history *history = session_history(walk.session);
        size_t last = standing(&walk, 6);
        ck_assert_uint_eq(history_problem_count(history), 3);
        ck_assert(history_problem(history, last)->grown);
        ck_assert_uint_eq(history_problem(history, last)->since / SESSION_STEP_TIME, 1);
        ck_assert_uint_eq(history_problem(history, last)->time / SESSION_STEP_TIME, 5);
        session_jump(walk.session, SESSION_JUMP_TO, true, 3);
        session_step(walk.session, &(struct session_choice){.thread = 3});
        session_jump(walk.session, SESSION_JUMP_TO, true, 3);
        ck_assert(session_switch_branch(walk.session, 0));
        jump(&walk, SESSION_JUMP_TO, false, 6);
    }
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* Who was notified waits for the lock, and so for whoever holds it: as in a live run. */
START_TEST(a_notified_thread_waits_for_the_lock)
{
    struct walk walk = compile("lock = Lock()\n"
                               "cond = Condition(lock)\n"
                               "thread A:\n"
                               "    with cond:\n"
                               "        cond.wait()\n"
                               "thread B:\n"
                               "    with cond:\n"
                               "        cond.notify()\n"
                               "        sleep(1ms)\n");
    open_session(&walk, "A*2 B*2", NULL, 1);
    const struct history *history = session_history(walk.session);
    struct wait_edge edge;
    for (int round = 0; round < 2; round++) {
        ck_assert(waits_edge(history, 1, 2 * SESSION_STEP_TIME, &edge));
        ck_assert_str_eq(catalog_object_name(session_catalog(walk.session), edge.object), "cond");
        ck_assert(waits_edge(history, 1, 4 * SESSION_STEP_TIME, &edge));
        ck_assert_str_eq(catalog_object_name(session_catalog(walk.session), edge.object), "lock");
        ck_assert_uint_eq(edge.owner, 2);
        go(&walk, SESSION_JUMP_TO, true, 3);
        ck_assert(session_step(walk.session, &(struct session_choice){.thread = 0}));
        go(&walk, SESSION_JUMP_TO, true, 3);
        ck_assert(session_step(walk.session, &(struct session_choice){.thread = 2}));
    }
    go(&walk, SESSION_JUMP_STEP, false, 0); /* sleeps, and lets go */
    session_step(walk.session, &(struct session_choice){.thread = 2});
    session_step(walk.session, &(struct session_choice){.thread = 2});
    ck_assert(!waits_edge(history, 1, history_now(history), &edge));
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* With many threads who is stuck is looked for now and then: at the same steps when they come
 * again.
 */
START_TEST(a_crowd_is_judged_at_the_same_steps_again)
{
    struct walk walk = compile("x = Atomic(0)\n"
                               "lock = Lock()\n"
                               "thread holder:\n"
                               "    lock.acquire()\n"
                               "    while True:\n"
                               "        x = 1\n"
                               "thread waiter:\n"
                               "    lock.acquire()\n"
                               "thread idle(i) for i in range(80):\n"
                               "    x = 1\n");
    struct walk straight = walk;
    open_session(&walk, "holder*100", NULL, 1);
    ck_assert_uint_eq(status_of(&walk).problems, 1);
    session_jump(walk.session, SESSION_JUMP_TO, true, 10);
    ck_assert_uint_eq(status_of(&walk).problems, 1);
    ck_assert(session_step(walk.session, &(struct session_choice){.thread = 5}));
    ck_assert_uint_eq(status_of(&walk).problems, 0);
    for (int i = 0; i < 120; i++)
        ck_assert(session_step(walk.session, &(struct session_choice){.thread = 1}));
    ck_assert_uint_eq(status_of(&walk).problems, 1);
    struct text schedule = {0};
    session_schedule_text(walk.session, &schedule);
    open_session(&straight, text_bytes(&schedule), NULL, 1);
    same_everywhere(&walk, &straight);
    text_fini(&schedule);
    session_close(straight.session);
    session_close(walk.session);
    unload(&walk);
}
END_TEST

/* ---- A schedule from a real clock, on which nobody asked for the GIL ---- */

/* Who can go, and why the others cannot. */
static char *who_can_go(const struct walk *walk)
{
    struct text words = {0};
    struct session_option option;
    for (uint32_t thread = 0; session_option(walk->session, thread, &option); thread++) {
        text_printf(&words, "%u ", option.enabled);
        session_why_not_text(walk->session, thread, &words);
        text_add_char(&words, '\n');
    }
    return text_take(&words);
}

static void same_choices(const struct walk *walk, uint64_t position, const char *first)
{
    go(walk, SESSION_JUMP_TO, position < status_of(walk).step, position);
    ck_assert_uint_eq(status_of(walk).step, position);
    char *now = who_can_go(walk);
    ck_assert_msg(strcmp(now, first) == 0, "at position %llu first\n%sand now\n%s",
                  (unsigned long long)position, first, now);
    free(now);
}

START_TEST(the_gil_of_a_schedule_stays_when_it_is_left)
{
    enum { LENGTH = 33 };
    struct walk walk = compile("option gil 2ms\n"
                               "x = Atomic(0)\n"
                               "thread A, B:\n"
                               "    for i in range(20):\n"
                               "        x.add(1)\n");
    char *first[LENGTH + 1];
    for (int length = 0; length <= LENGTH; length++) {
        open_session(&walk, "A*17 B*16", NULL, 1);
        go(&walk, SESSION_JUMP_TO, true, (uint64_t)length);
        first[length] = who_can_go(&walk);
        session_close(walk.session);
    }
    open_session(&walk, "A*17 B*16", NULL, 1);
    uint32_t forks = 0;
    for (uint64_t at = 0; at < LENGTH; at++) {
        same_choices(&walk, at, first[at]);
        uint32_t before = session_branches(walk.session);
        for (uint32_t thread = 0; thread < 3; thread++)
            if (session_step(walk.session, &(struct session_choice){.thread = thread})) {
                forks += session_branches(walk.session) > before;
                for (uint64_t to = at + 1; to-- > 0;)
                    same_choices(&walk, to, first[to]);
                session_switch_branch(walk.session, 0);
                same_choices(&walk, at, first[at]);
            }
    }
    ck_assert_uint_gt(forks, 10);
    for (int length = 0; length <= LENGTH; length++)
        free(first[length]);
    session_close(walk.session);
    unload(&walk);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("wander");
    TCase *tests = tcase_create("wander");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, every_scenario_is_the_same_again);
    tcase_add_test(tests, the_end_of_a_line_is_found_again);
    tcase_add_test(tests, a_thread_that_has_ended_steps_no_more);
    tcase_add_test(tests, a_jump_to_a_thread_draws_its_number);
    tcase_add_test(tests, any_number_at_all);
    tcase_add_test(tests, a_thread_made_at_run_time_and_gone_again);
    tcase_add_test(tests, a_deadlock_that_grows_is_one_problem);
    tcase_add_test(tests, a_notified_thread_waits_for_the_lock);
    tcase_add_test(tests, memory_has_a_limit);
    tcase_add_test(tests, a_crowd_is_judged_at_the_same_steps_again);
    tcase_add_test(tests, the_gil_of_a_schedule_stays_when_it_is_left);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
