/*
 * Every key of stepping, on the real program and a real terminal: what it does to the place in the
 * run, and that the upper case does the same backwards. The scenario and its schedule stand in
 * keys.thrum and below.
 */
#include "../unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptyrun.h"

/*
 *     1-3   alice: load and store in bump(), acquire a       (now bob waits for a)
 *     4     carol: begins to wait for a, 5 ms at most
 *     5     MainThread ends
 *     6-9   alice: load, store, release a, end
 *     10    carol: time-out
 *     11    bob: acquire a
 *     12-13 bob: load and store in bump()
 *     14-16 bob: release a, load, dies of an assertion
 *     17    carol: end
 */
static const char schedule[] = "alice*3 carol MainThread alice*4 carol!timeout bob*6 carol";

static struct pty pty;

static void open_keys(void)
{
    char *argv[] = {getenv("THRUM_PROGRAM"), "replay", getenv("KEYS_SCENARIO"), (char *)schedule,
                    NULL};
    pty_start(&pty, 120, 34, NULL, argv);
    ck_assert(pty_sees(&pty, "NEXT STEPS"));
    ck_assert(pty_sees(&pty, "step 17"));
}

static void close_keys(int wanted)
{
    pty_press(&pty, "q");
    int status = pty_end(&pty);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == wanted, "status %x", status);
    ck_assert(pty_restored(&pty));
    pty_fini(&pty);
}

/* After these keys the run stands after so many of its 17 steps. */
static void at(const char *keys, int step)
{
    char words[64];
    pty_press(&pty, keys);
    snprintf(words, sizeof words, step < 17 ? "step %d of 17" : "step %d ", step);
    if (pty_sees(&pty, words))
        return;
    ck_abort_msg("after `%s`: no `%s`", keys, words);
}

static void sees(const char *keys, const char *words)
{
    pty_press(&pty, keys);
    if (pty_sees(&pty, words))
        return;
    ck_abort_msg("after `%s`: no `%s`", keys, words);
}

/* Selects a thread by name. */
static void choose(const char *name)
{
    char keys[32];
    snprintf(keys, sizeof keys, "/%s\r", name);
    pty_press(&pty, keys);
}

START_TEST(start_end_and_single_steps)
{
    open_keys();
    at("g", 0);
    at("l", 1);
    at("\x1bOC", 2); /* → */
    at("h", 1);
    at("\x1bOD", 0); /* ← */
    sees("h", "nothing like that before here");
    at("G", 17);
    at("h", 16);
    close_keys(1);
}
END_TEST

START_TEST(switches_waits_and_problems)
{
    open_keys();
    at("g", 0);
    at("c", 3);
    at("c", 4);
    at("c", 5);
    at("c", 9);
    at("C", 5);
    at("C", 4);
    at("C", 3);
    at("C", 0);
    at("w", 3); /* alice takes the lock: bob waits */
    at("w", 4);
    at("w", 17); /* nobody waits after that: to the end */
    at("W", 4);
    at("W", 3);
    close_keys(1);
}
END_TEST

START_TEST(problems)
{
    open_keys();
    at("g", 0);
    at("p", 16);
    at("G", 17);
    at("P", 16);
    sees("P", "nothing like that before here");
    close_keys(1);
}
END_TEST

START_TEST(lines_and_functions)
{
    open_keys();
    at("g", 0);
    choose("alice");
    at("o", 2); /* over `x += 1` in bump() */
    at("O", 0);
    at("l", 1);
    at("u", 2); /* out of bump() */
    at("G", 17);
    choose("bob");
    at("O", 15); /* its end stands on the line of its header */
    at("O", 14); /* the assertion */
    at("g", 0);
    choose("bob");
    pty_press(&pty, "ccccc"); /* to where bob goes on */
    at("", 10);
    at("lll", 13);
    at("h", 12);
    at("U", 10); /* to where it called */
    close_keys(1);
}
END_TEST

START_TEST(threads_of_their_own)
{
    open_keys();
    at("g", 0);
    choose("carol");
    sees("s", "step 1 "); /* carol goes first: another future begins */
    sees("", "no problem found");
    sees("", "carol ");
    sees("B", "first line");
    pty_press(&pty, "\x1b");
    sees("3", "step 2 ");
    sees("2", "step 3 ");
    sees("S", "step 2 of 3"); /* back to before bob's last step */
    sees("1", "step 3 ");
    close_keys(0);
}
END_TEST

START_TEST(break_points)
{
    open_keys();
    at("g", 0);
    choose("alice");
    at("o", 2);
    pty_press(&pty, "b"); /* on `with a:`, where alice stands */
    at("g", 0);
    at("r", 2);
    at("r", 7); /* the release stands on the same line */
    at("R", 2);
    sees("R", "nothing like that before here");
    close_keys(1);
}
END_TEST

START_TEST(looking)
{
    open_keys();
    sees("v", "line");
    sees("", "die of Asser");
    at("g", 0);
    sees("", "next");
    sees("H", "→ ?");
    pty_press(&pty, "H");
    sees("d", "WHO WAITS FOR WHOM");
    pty_press(&pty, "d");
    sees("B", "first line");
    pty_press(&pty, "\x1b");
    at("G", 17);
    sees("y", "clipboard");
    sees("M", "round");
    close_keys(1);
}
END_TEST

START_TEST(changes)
{
    open_keys();
    at("g", 0);
    choose("x");
    at("x", 2);
    at("x", 7);
    at("x", 13);
    at("X", 7);
    at("X", 2);
    sees("X", "nothing like that before here");
    close_keys(1);
}
END_TEST

START_TEST(time_outs_and_playing)
{
    open_keys();
    at("g", 0);
    at("llll", 4);
    choose("carol");
    sees("T", "step 5 "); /* instead of alice: another line of play */
    sees("", "no problem found");
    sees("B", "carol!timeout");
    pty_press(&pty, "\x1b");
    sees(" ", "ASSERTION"); /* plays to the end, where bob fails in any order */
    close_keys(1);
}
END_TEST

START_TEST(marks_of_happens_before)
{
    open_keys();
    sees("v", "line");
    sees("m", "‖    1"); /* alice's first load is concurrent with carol's end */
    sees("", "↑   10");  /* carol's time-out comes before it */
    pty_press(&pty, "m");
    ck_assert(pty_misses(&pty, "‖    1"));
    close_keys(1);
}
END_TEST

/* A scenario of its own: a number is asked for, and equal turns are folded. */
START_TEST(numbers_and_folding)
{
    char path[] = "/tmp/thrum-keys-XXXXXX.thrum";
    int file = mkstemps(path, 6);
    static const char text[] = "c = Atomic(0)\nx = 0\nthread A:\n    x = randint(1, 6)\n"
                               "    repeat 5:\n        c.add(1)\n";
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, sizeof text - 1), sizeof text - 1);
    close(file);
    char *argv[] = {getenv("THRUM_PROGRAM"), "step", path, NULL};
    pty_start(&pty, 120, 34, NULL, argv);
    ck_assert(pty_sees(&pty, "NEXT STEPS"));
    sees("1", "randint gives (1 to 6)");
    sees("4\r", "store x ← 4");
    sees("1", "step 2 ");
    sees("11111", "step 7 ");
    sees("v", "add to c");
    sees("V", "times more");
    close_keys(0);
    unlink(path);
}
END_TEST

/* A schedule of another version of the file is taken, and that is said. */
START_TEST(another_version_is_noticed)
{
    char *argv[] = {getenv("THRUM_PROGRAM"), "replay", getenv("KEYS_SCENARIO"), "#00000000 alice",
                    NULL};
    pty_start(&pty, 120, 34, NULL, argv);
    ck_assert(pty_sees(&pty, "made for another version"));
    sees("l", "step 2 ");
    ck_assert(pty_misses(&pty, "made for another version"));
    close_keys(0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("keys");
    TCase *tests = tcase_create("keys");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, start_end_and_single_steps);
    tcase_add_test(tests, switches_waits_and_problems);
    tcase_add_test(tests, problems);
    tcase_add_test(tests, lines_and_functions);
    tcase_add_test(tests, threads_of_their_own);
    tcase_add_test(tests, break_points);
    tcase_add_test(tests, looking);
    tcase_add_test(tests, changes);
    tcase_add_test(tests, time_outs_and_playing);
    tcase_add_test(tests, marks_of_happens_before);
    tcase_add_test(tests, numbers_and_folding);
    tcase_add_test(tests, another_version_is_noticed);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
