/* The real program on a real terminal: bundled scenarios live and step by step, and how it is left.
 */
#include "../unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "ptyrun.h"

static void start(struct pty *pty, int width, int height, const char *command, const char *file)
{
    char *argv[] = {getenv("THRUM_PROGRAM"), (char *)command, (char *)file, NULL};
    pty_start(pty, width, height, NULL, argv);
}

/* Something is on the screen: the first frame after a resize may still be on its way. */
static bool is_there(struct pty *pty, const void *data)
{
    (void)data;
    char *text = pty_text(pty);
    bool there = strstr(text, "thrum") != NULL;
    free(text);
    return there;
}

static void leave(struct pty *pty, int wanted)
{
    pty_press(pty, "q");
    int status = pty_end(pty);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == wanted, "status %x", status);
    ck_assert(pty_restored(pty));
    pty_fini(pty);
}

START_TEST(a_live_run_ends_in_a_named_deadlock)
{
    struct pty pty;
    start(&pty, 100, 30, "run", "self-deadlock");
    ck_assert(pty_sees(&pty, "THREADS"));
    ck_assert(pty_sees(&pty, "DEADLOCK"));
    ck_assert(pty_sees(&pty, "teller"));
    ck_assert(pty_sees(&pty, "╳╳╳"));
    ck_assert(pty_sees(&pty, "holds guard"));
    pty_press(&pty, "d");
    ck_assert(pty_sees(&pty, "waits for guard"));
    leave(&pty, 1);
}
END_TEST

/* The lanes of a group become one, which tells of the deadlock, and open again. */
START_TEST(groups_of_lanes_fold)
{
    struct pty pty;
    start(&pty, 110, 34, "run", "dining-philosophers");
    ck_assert(pty_sees(&pty, "DEADLOCK"));
    ck_assert(pty_sees(&pty, "ended"));
    pty_press(&pty, "z");
    ck_assert(pty_sees(&pty, "philosopher ×5 ✖"));
    ck_assert(pty_sees(&pty, "all 5 stuck"));
    ck_assert(pty_sees(&pty, "forks ×5"));
    pty_press(&pty, "/philosopher-3\r"); /* what is found in it opens it */
    ck_assert(pty_sees(&pty, "4 philosopher-3 ✖"));
    ck_assert(pty_sees(&pty, "forks ×5"));
    pty_resize(&pty, 90, 30);
    ck_assert(pty_sees(&pty, "4 philosopher-3 ✖"));
    pty_press(&pty, "Z");
    ck_assert(pty_sees(&pty, "philosopher ×5 ✖"));
    pty_press(&pty, "\r");
    ck_assert(pty_sees(&pty, "5 stuck"));
    ck_assert(pty_sees(&pty, "philosopher-2  stuck, waits for forks[3]"));
    pty_press(&pty, "\r");
    ck_assert(pty_sees(&pty, "3 philosopher-2 ✖"));
    ck_assert(pty_misses(&pty, "DETAILS"));
    pty_press(&pty, "Zs"); /* stepping, the lane stays one, the menu names all */
    ck_assert(pty_sees(&pty, "NEXT STEPS"));
    ck_assert(pty_sees(&pty, "philosopher ×5"));
    ck_assert(pty_sees(&pty, "4 philosopher-3"));
    pty_press(&pty, "g");
    ck_assert(pty_sees(&pty, "step 0 of"));
    leave(&pty, 1);
}
END_TEST

START_TEST(the_browser_runs_what_is_chosen)
{
    struct pty pty;
    start(&pty, 100, 30, NULL, NULL);
    ck_assert(pty_sees(&pty, "SCENARIOS"));
    pty_press(&pty, "?"); /* only what works here */
    ck_assert(pty_sees(&pty, "run the chosen scenario"));
    ck_assert(pty_misses(&pty, "step that thread"));
    ck_assert(pty_misses(&pty, "What the lanes show"));
    pty_press(&pty, "?");
    ck_assert(pty_sees(&pty, "SCENARIOS"));
    pty_press(&pty, "/nowhere\r");
    ck_assert(pty_sees(&pty, "no scenario has \"nowhere\""));
    pty_press(&pty, "/wait with time-out\r");
    pty_press(&pty, "/start and join\r");
    pty_press(&pty, "\r");
    ck_assert(pty_sees(&pty, "THREADS"));
    ck_assert(pty_sees(&pty, "ended"));
    pty_press(&pty, "q");
    ck_assert(pty_sees(&pty, "SCENARIOS"));
    leave(&pty, 0);
}
END_TEST

START_TEST(steps_go_forwards_and_backwards)
{
    struct pty pty;
    start(&pty, 120, 34, "step", "lost-update");
    ck_assert(pty_sees(&pty, "NEXT STEPS"));
    ck_assert(pty_sees(&pty, "step 0"));
    pty_press(&pty, "1");
    ck_assert(pty_sees(&pty, "step 1"));
    pty_press(&pty, "1");
    ck_assert(pty_sees(&pty, "step 2"));
    pty_press(&pty, "h");
    ck_assert(pty_sees(&pty, "step 1 of 2"));
    pty_press(&pty, "v");
    ck_assert(pty_sees(&pty, "line"));
    pty_press(&pty, "2");
    ck_assert(pty_sees(&pty, "step 2"));
    pty_press(&pty, "g");
    ck_assert(pty_sees(&pty, "step 0 of 2"));
    leave(&pty, 0);
}
END_TEST

START_TEST(a_live_run_freezes_into_steps)
{
    struct pty pty;
    start(&pty, 120, 34, "run", "self-deadlock");
    ck_assert(pty_sees(&pty, "DEADLOCK"));
    ck_assert(pty_sees(&pty, "ended"));
    pty_press(&pty, "s");
    ck_assert(pty_sees(&pty, "NEXT STEPS"));
    pty_press(&pty, "h");
    ck_assert(pty_sees(&pty, " of "));
    leave(&pty, 1);
}
END_TEST

START_TEST(exploring_finds_and_opens_a_schedule)
{
    struct pty pty;
    start(&pty, 110, 32, "explore", "lost-update");
    ck_assert(pty_sees(&pty, "every order was tried"));
    ck_assert(pty_sees(&pty, "an update was lost"));
    ck_assert(pty_sees(&pty, "counter = 2"));
    pty_press(&pty, "\033[<0;6;12M\033[<0;6;12m"); /* a click at "counter = 4" */
    ck_assert(pty_sees(&pty, "A run can end with counter = 4"));
    pty_press(&pty, "y");
    ck_assert(pty_sees(&pty, "the schedule is on the clipboard"));
    pty_press(&pty, "gjj\r");
    ck_assert(pty_sees(&pty, "NEXT STEPS"));
    ck_assert(pty_sees(&pty, "ASSERTION"));
    pty_press(&pty, "e");
    ck_assert(pty_sees(&pty, "every order was tried"));
    pty_press(&pty, "q");
    ck_assert(pty_sees(&pty, "NEXT STEPS"));
    pty_press(&pty, "q");
    ck_assert(pty_sees(&pty, "every order was tried"));
    leave(&pty, 1);
}
END_TEST

/* A scenario in a file of its own. */
static void scenario(char path[32], const char *text)
{
    snprintf(path, 32, "/tmp/thrum-XXXXXX.thrum");
    int file = mkstemps(path, 6);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

/* One that never ends by itself. */
static void endless(char path[32])
{
    scenario(path, "\"\"\"\nEndless\n\"\"\"\nticks = Atomic(0)\n\nthread clock * 2:\n"
                   "    while True:\n        sleep(5ms)\n        ticks.add(1)\n");
}

/* A run that had failed before it was shown says so as one that fails before one's eyes. */
START_TEST(the_run_that_failed_is_shown)
{
    struct pty pty;
    char *argv[] = {getenv("THRUM_PROGRAM"), "run", "--until-failure", "two-accounts", NULL};
    pty_start(&pty, 80, 24, NULL, argv);
    ck_assert(pty_sees(&pty, "PROBLEMS"));
    ck_assert(pty_sees(&pty, "Nobody can move again"));
    leave(&pty, 1);
}
END_TEST

/* A search that takes for ever shows what it has when it is stopped, and can be left at once. */
START_TEST(a_long_search_can_be_stopped_and_left)
{
    struct pty pty;
    char path[32];
    scenario(path, "\"\"\"\nLong\n\"\"\"\nn = 0\nxs = [0] * 6\n\n"
                   "thread w(i) for i in range(6):\n    for k in range(6):\n"
                   "        xs[i] += 1\n        n += 1\n");
    char *argv[] = {getenv("THRUM_PROGRAM"), "explore", path, NULL};
    pty_start(&pty, 100, 30, NULL, argv);
    ck_assert(pty_sees(&pty, "found: 1 failure"));
    pty_press(&pty, "\033");
    ck_assert(pty_sees(&pty, "incomplete, stopped by"));
    ck_assert(pty_sees(&pty, "race n"));
    leave(&pty, 1);
    pty_start(&pty, 100, 30, NULL, argv);
    ck_assert(pty_sees(&pty, "found: 1 failure"));
    leave(&pty, 0);
    unlink(path);
}
END_TEST

START_TEST(an_endless_run_can_be_paused_and_left)
{
    struct pty pty;
    char path[32];
    endless(path);
    start(&pty, 80, 24, "run", path);
    ck_assert(pty_sees(&pty, "live"));
    pty_press(&pty, " ");
    ck_assert(pty_sees(&pty, "paused"));
    pty_press(&pty, " ");
    ck_assert(pty_sees(&pty, "live"));
    pty_press(&pty, ">");
    pty_press(&pty, "<<");
    ck_assert(pty_sees(&pty, "pace"));
    pty_press(&pty, "\003");
    ck_assert(pty_sees(&pty, "ended"));
    leave(&pty, 0);
    unlink(path);
}
END_TEST

static const uint64_t SECOND = 1000000000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif

/* How long the screen takes to show the help and to hide it again, three times. */
static uint64_t time_of_six_keys(struct pty *pty)
{
    uint64_t begin = clock_now();
    for (int i = 0; i < 3; i++) {
        pty_press(pty, "?");
        ck_assert(pty_sees(pty, "show or hide this help"));
        pty_press(pty, "\033");
        ck_assert(pty_misses(pty, "show or hide this help"));
    }
    return clock_now() - begin;
}

/* 3,000 threads that compute take the processors, not the screen. With niceness alone the first
 * frame took 4 to 20 s here, and a key 1 to 10; now the one a twentieth of a second, the other a
 * tenth. While the old run leaves and a new one begins it is no different: both were once made and
 * left by the screen's own thread, which then said nothing for 10 to 20 s. Sanitizers are slow in
 * themselves. */
START_TEST(a_crowd_leaves_the_screen_its_time)
{
    struct pty pty;
    char path[32];
    scenario(path, "\"A crowd\"\nn = Atomic(0)\nthread w * 3000:\n    while True:\n"
                   "        compute(5ms)\n        n.add(1)\n");
    uint64_t begin = clock_now();
    start(&pty, 100, 30, "run", path);
    ck_assert(pty_sees(&pty, "THREADS"));
    uint64_t first = clock_now() - begin;
    ck_assert(SANITIZED || pty_sees(&pty, " live "));
    uint64_t keys = time_of_six_keys(&pty);
    pty_press(&pty, "L");
    uint64_t again = time_of_six_keys(&pty);
    ck_assert(SANITIZED || pty_sees(&pty, " live "));
    ck_assert_msg(SANITIZED || (first < 3 * SECOND && keys < 6 * SECOND && again < 6 * SECOND),
                  "first frame %.3f s, six keys %.3f s, six keys while it begins again %.3f s",
                  (double)first / 1e9, (double)keys / 1e9, (double)again / 1e9);
    leave(&pty, 0);
    unlink(path);
}
END_TEST

/* Keys in any order, on any size, break nothing; leaving still works. */
static const char *const commands[] = {"run", "step", "explore"};

START_TEST(random_keys_break_nothing)
{
    static const char keys[] = "jk\t\r\033lh 123sScCwWxXpPoOuUbBrRgG/nN][a+-0fvVmHdietz<>yTM?";
    struct pty pty;
    uint64_t random = 2024 + (uint64_t)_i;
    start(&pty, 100, 30, commands[_i % 3],
          _i < 3 ? "dining-philosophers" : "semaphores/bounded-buffer");
    ck_assert(pty_sees(&pty, "thrum"));
    for (int i = 0; i < 400; i++) {
        char key[2] = {keys[random_below(&random, sizeof keys - 1)], 0};
        pty_press(&pty, key);
        if (i % 40 == 39)
            pty_resize(&pty, 50 + (int)random_below(&random, 100),
                       8 + (int)random_below(&random, 40));
        if (i % 10 == 9)
            ck_assert(pty_waits(&pty, is_there, &pty));
    }
    pty_resize(&pty, 100, 30);
    for (int i = 0; i < 4; i++)
        pty_press(&pty, "\033\033q");
    int status = pty_end(&pty);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "status %x", status);
    ck_assert(pty_restored(&pty));
    pty_fini(&pty);
}
END_TEST

static const int deadly[] = {SIGSEGV, SIGTERM, SIGHUP, SIGABRT, SIGQUIT};

START_TEST(signals_during_a_run_restore_the_terminal)
{
    struct pty pty;
    char path[32];
    endless(path);
    start(&pty, 80, 24, "run", path);
    ck_assert(pty_sees(&pty, "live"));
    ck_assert(pty.alternate);
    if (deadly[_i] == SIGQUIT)
        pty_press(&pty, "\034"); /* sent by the kernel, not by a process */
    else
        kill(pty.child, deadly[_i]);
    int status = pty_end(&pty);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == deadly[_i], "status %x", status);
    ck_assert(pty_restored(&pty));
    pty_fini(&pty);
    unlink(path);
}
END_TEST

START_TEST(a_changed_file_is_noticed_and_run_again)
{
    struct pty pty;
    char path[32];
    endless(path);
    start(&pty, 100, 24, "run", path);
    ck_assert(pty_sees(&pty, "clock-1"));
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("thread other:\n    sleep(1ms)\n", file);
    fclose(file);
    ck_assert(pty_sees(&pty, "the file has changed"));
    pty_press(&pty, "L");
    ck_assert(pty_sees(&pty, "other"));
    file = fopen(path, "w");
    fputs("thread other:\n    slep(1ms)\n", file);
    fclose(file);
    pty_press(&pty, "L");
    ck_assert(pty_sees(&pty, "This file cannot be run"));
    ck_assert(pty_sees(&pty, "slep"));
    pty_press(&pty, "\033");
    ck_assert(pty_misses(&pty, "This file cannot be run"));
    pty_press(&pty, "L");
    ck_assert(pty_sees(&pty, "This file cannot be run"));
    file = fopen(path, "w");
    fputs("thread mended:\n    sleep(1ms)\n", file);
    fclose(file);
    pty_press(&pty, "L"); /* from the list of mistakes, too */
    ck_assert(pty_sees(&pty, "0 MainThread"));
    ck_assert(pty_sees(&pty, "1 mended"));
    leave(&pty, 0);
    unlink(path);
}
END_TEST

START_TEST(the_scenario_is_edited)
{
    struct pty pty;
    char path[32];
    endless(path);
    char *argv[] = {getenv("THRUM_PROGRAM"), "run", path, NULL};
    const char *edits[] = {"EDITOR=sed -i s/clock/other/", NULL};
    pty_start(&pty, 100, 24, edits, argv);
    ck_assert(pty_sees(&pty, "clock-1"));
    pty_press(&pty, "E");
    ck_assert(pty_sees(&pty, "the file has changed"));
    pty_press(&pty, "L");
    ck_assert(pty_sees(&pty, "other-1"));
    leave(&pty, 0);
    const char *lost[] = {"EDITOR=/nonexistent/editor", NULL};
    pty_start(&pty, 100, 24, lost, argv);
    ck_assert(pty_sees(&pty, "other-1"));
    pty_press(&pty, "E");
    ck_assert(pty_sees(&pty, "the editor could not be started: /nonexistent/editor"));
    leave(&pty, 0);
    /* Nothing is said of an editor: one is looked for. */
    const char *none[] = {"EDITOR", "VISUAL", "PATH=/nonexistent", NULL};
    pty_start(&pty, 100, 24, none, argv);
    ck_assert(pty_sees(&pty, "other-1"));
    pty_press(&pty, "E");
    ck_assert(pty_sees(&pty, "no editor was found: set EDITOR"));
    leave(&pty, 0);
    char folder[] = "/tmp/thrum-XXXXXX", editor[64], search[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(editor, sizeof editor, "%s/editor", folder);
    snprintf(search, sizeof search, "PATH=%s:/usr/bin:/bin", folder);
    FILE *script = fopen(editor, "w");
    ck_assert_ptr_nonnull(script);
    fputs("#!/bin/sh\nexec sed -i s/other/third/ \"$@\"\n", script);
    fclose(script);
    ck_assert_int_eq(chmod(editor, 0700), 0);
    const char *found[] = {"EDITOR", "VISUAL", search, NULL};
    pty_start(&pty, 100, 24, found, argv);
    ck_assert(pty_sees(&pty, "other-1"));
    pty_press(&pty, "E");
    ck_assert(pty_sees(&pty, "the file has changed"));
    pty_press(&pty, "L");
    ck_assert(pty_sees(&pty, "third-1"));
    leave(&pty, 0);
    unlink(editor);
    rmdir(folder);
    unlink(path);
}
END_TEST

static Suite *program_suite(void)
{
    enum { DEADLY = sizeof deadly / sizeof *deadly };
    Suite *suite = suite_create("program");
    TCase *tests = tcase_create("program");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_live_run_ends_in_a_named_deadlock);
    tcase_add_test(tests, groups_of_lanes_fold);
    tcase_add_test(tests, the_browser_runs_what_is_chosen);
    tcase_add_test(tests, steps_go_forwards_and_backwards);
    tcase_add_test(tests, a_live_run_freezes_into_steps);
    tcase_add_test(tests, exploring_finds_and_opens_a_schedule);
    tcase_add_test(tests, the_run_that_failed_is_shown);
    tcase_add_test(tests, a_long_search_can_be_stopped_and_left);
    tcase_add_test(tests, an_endless_run_can_be_paused_and_left);
    tcase_add_loop_test(tests, signals_during_a_run_restore_the_terminal, 0, DEADLY);
    tcase_add_loop_test(tests, random_keys_break_nothing, 0, 6);
    tcase_add_test(tests, a_changed_file_is_noticed_and_run_again);
    tcase_add_test(tests, the_scenario_is_edited);
    TCase *crowd = tcase_create("crowd");
    tcase_set_timeout(crowd, 200);
    tcase_add_test(crowd, a_crowd_leaves_the_screen_its_time);
    suite_add_tcase(suite, crowd);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(program_suite)
