/* A pause stops the run's clock for every kind of timed wait, and freezing in the middle of one
 * leads into a stepping session that can end it. */
#include "../unit.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "lang/lang.h"
#include "session/session.h"

static const int64_t MS = 1000000;
static const uint64_t SPAN = 150 * 1000000; /* of each wait below, ns */

enum { BEGAN, OVER }; /* the first cells */

static const char *const waits[] = {
    "sleep(150ms)",
    "io(150ms)",
    "lock.acquire(timeout=150ms)",
    "rlock.acquire(timeout=150ms)",
    "sem.acquire(timeout=150ms)",
    "with cond:\n        cond.wait(150ms)",
    "with cond:\n        cond.wait_for(never, 150ms)",
    "ev.wait(150ms)",
    "try:\n        bar.wait(150ms)\n    except BrokenBarrierError:\n        pass",
    "B.join(150ms)",
};
enum { WAITS = sizeof waits / sizeof *waits };

struct live {
    struct program *program;
    struct model *model;
    struct session *session;
    struct session_status status;
};

static void nap(uint64_t nanoseconds)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)(nanoseconds / 1000000000),
                                 .tv_nsec = (long)(nanoseconds % 1000000000)},
              NULL);
}

static void look(struct live *live)
{
    session_poll(live->session);
    session_status(live->session, &live->status);
    ck_assert_msg(!live->status.defects, "%s", live->status.defect);
    ck_assert_msg(!live->status.error, "%s", live->status.error);
}

static int64_t cell(struct live *live, uint32_t number)
{
    session_lock(live->session);
    int64_t value = session_world(live->session)->words[number];
    session_unlock(live->session);
    return value;
}

/* A run that is paused in the wait, or just before it. */
static struct live open_paused(const char *wait)
{
    struct live live = {0};
    struct text text = {0}, messages = {0};
    struct session_options options = {.no_kernel = true};
    text_printf(&text,
                "\"x\"\nbegan = 0\nover = 0\nnever = False\nlock = Lock()\nrlock = RLock()\n"
                "sem = Semaphore(0)\nev = Event()\ncond = Condition()\nbar = Barrier(2)\n"
                "thread daemon B:\n    lock.acquire()\n    rlock.acquire()\n    sleep(1000)\n"
                "thread A:\n    while not lock.locked():\n        yield_now()\n    sleep(1ms)\n"
                "    began = 1\n    %s\n    over = 1\n",
                wait);
    live.program = lang_compile("test.thrum", text_bytes(&text), text.length, &messages);
    ck_assert_msg(live.program != NULL, "%s", text_bytes(&messages));
    live.model = model_new(live.program);
    live.session = session_open_live(live.program, live.model, &options);
    do {
        nap((uint64_t)MS);
        look(&live);
    } while (!cell(&live, BEGAN));
    ck_assert(session_pause(live.session));
    text_fini(&text);
    text_fini(&messages);
    return live;
}

static void close_live(struct live *live)
{
    session_close(live->session);
    model_free(live->model);
    program_free(live->program);
}

/* False: the machine was so slow that the wait was over before the pause. */
static bool pause_in(const char *wait)
{
    struct live live = open_paused(wait);
    nap(20 * (uint64_t)MS); /* what a thread was in the middle of */
    look(&live);
    bool in_time = !cell(&live, OVER);
    uint64_t elapsed = live.status.elapsed;
    if (in_time) {
        nap(SPAN + SPAN / 3);
        look(&live);
        ck_assert(live.status.paused && !live.status.ended);
        ck_assert_uint_eq(live.status.elapsed, elapsed);
        ck_assert_int_eq(cell(&live, OVER), 0);
    }
    uint64_t resumed = clock_now();
    ck_assert(session_resume(live.session));
    do {
        nap((uint64_t)MS);
        look(&live);
    } while (!live.status.ended);
    ck_assert(live.status.finished);
    ck_assert_int_eq(cell(&live, OVER), 1);
    ck_assert_uint_ge(live.status.elapsed, SPAN);
    ck_assert_uint_ge(elapsed + (clock_now() - resumed), SPAN); /* its remainder, really */
    close_live(&live);
    return in_time;
}

START_TEST(no_wait_times_out_in_a_pause)
{
    for (int tries = 0; !pause_in(waits[_i]); tries++)
        ck_assert_msg(tries < 50, "the machine is too busy for `%s`", waits[_i]);
}
END_TEST

static uint32_t thread_a(const struct live *live)
{
    uint32_t thread = 0;
    while (strcmp(live->program->threads[thread].name, "A") != 0)
        thread++;
    return thread;
}

/* Frozen in the wait, A can still time out, and then goes on to its end; and back again. */
START_TEST(every_wait_can_be_frozen)
{
    struct live live = open_paused(waits[_i]);
    struct session_option option;
    ck_assert(session_freeze(live.session));
    look(&live);
    ck_assert_int_eq(live.status.mode, SESSION_STEPPING);
    uint64_t frozen = live.status.step;
    for (int steps = 0; !cell(&live, OVER); steps++) {
        ck_assert_int_lt(steps, 20);
        ck_assert(session_option(live.session, thread_a(&live), &option));
        ck_assert_msg(option.enabled != 0, "A cannot go on in `%s`", waits[_i]);
        option.choice.choice.kind = option.enabled & ENABLED_TIMEOUT ? CHOICE_TIMEOUT : CHOICE_STEP;
        ck_assert(session_step(live.session, &option.choice));
    }
    ck_assert(session_jump(live.session, SESSION_JUMP_TO, true, frozen));
    look(&live);
    ck_assert_uint_eq(live.status.step, frozen);
    close_live(&live);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("pause");
    TCase *tcase = tcase_create("pause");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, no_wait_times_out_in_a_pause, 0, WAITS);
    tcase_add_loop_test(tcase, every_wait_can_be_frozen, 0, WAITS);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(suite)
