/* The screen on terminals of many kinds: keys, sizes, colours, signals, and how the terminal is
 * left. */
#include "../unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "ptyrun.h"

static char *host(void)
{
    return getenv("SCREEN_HOST");
}

/* Starts the philosophers and waits for their picture. */
static void start(struct pty *pty, const char *const *environment, const char *option)
{
    char *argv[] = {host(), (char *)option, NULL};
    pty_start(pty, 80, 24, environment, argv);
    ck_assert(pty_sees(pty, "DEADLOCK"));
    ck_assert(pty_sees(pty, "philosopher-4"));
}

static void quit(struct pty *pty)
{
    pty_press(pty, "q");
    int status = pty_end(pty);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    ck_assert(pty_restored(pty));
    pty_fini(pty);
}

START_TEST(keys_open_and_close_views)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    ck_assert(pty.alternate);
    ck_assert(!pty.cursor);
    pty_press(&pty, "d");
    ck_assert(pty_sees(&pty, "WHO WAITS FOR WHOM"));
    pty_press(&pty, "\033");
    ck_assert(pty_misses(&pty, "WHO WAITS FOR WHOM"));
    pty_press(&pty, "i");
    ck_assert(pty_sees(&pty, "STATISTICS"));
    pty_press(&pty, "i?");
    ck_assert(pty_sees(&pty, "HELP"));
    pty_press(&pty, "?");
    ck_assert(pty_misses(&pty, "HELP"));
    pty_press(&pty, "\033[B\r");
    ck_assert(pty_sees(&pty, "DETAILS"));
    ck_assert(pty_sees(&pty, "the ring is closed"));
    pty_press(&pty, "\033h");
    ck_assert(pty_sees(&pty, "looking back"));
    pty_press(&pty, "f/forks[3]\r");
    ck_assert(pty_misses(&pty, "looking back"));
    quit(&pty);
}
END_TEST

START_TEST(space_pauses)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    ck_assert(pty_sees(&pty, "live"));
    pty_press(&pty, " ");
    ck_assert(pty_sees(&pty, "paused"));
    pty_press(&pty, " ");
    ck_assert(pty_sees(&pty, "live"));
    quit(&pty);
}
END_TEST

START_TEST(sizes_reflow)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    pty_resize(&pty, 140, 45);
    ck_assert(pty_sees(&pty, "CONSOLE"));
    ck_assert(pty_sees(&pty, "PROBLEMS"));
    pty_resize(&pty, 40, 10);
    ck_assert(pty_sees(&pty, "needs at least 60×12"));
    ck_assert(pty_misses(&pty, "DEADLOCK"));
    pty_resize(&pty, 60, 12);
    ck_assert(pty_sees(&pty, "DEADLOCK"));
    pty_resize(&pty, 80, 24);
    ck_assert(pty_sees(&pty, "philosopher-4"));
    quit(&pty);
}
END_TEST

/* ---- kinds of terminals ---- */

static const struct kind {
    const char *environment[3];
    const char *option;
    bool colours, ascii;
} kinds[] = {
    {{"TERM=xterm-256color", NULL}, NULL, true, false},
    {{"TERM=xterm", NULL}, NULL, true, false},
    {{"TERM=xterm-direct", NULL}, NULL, true, false},
    {{"TERM=linux", NULL}, NULL, true, false},
    {{"TERM=vt100", NULL}, NULL, false, false},
    {{"TERM=screen-256color", NULL}, NULL, true, false},
    {{"TERM=xterm-256color", "NO_COLOR=1", NULL}, NULL, false, false},
    {{"TERM=xterm-256color", NULL}, "--ascii", true, true},
    {{"TERM=xterm-256color", "LC_ALL=C", NULL}, NULL, true, true},
    {{"TERM=vt100", "LC_ALL=POSIX", NULL}, NULL, false, true},
};

static bool has_colour(struct pty *pty)
{
    for (int row = 0; row < pty->height; row++)
        for (int column = 0; column < pty->width; column++) {
            VTermScreenCell cell;
            vterm_screen_get_cell(pty->screen, (VTermPos){.row = row, .col = column}, &cell);
            if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell.bg))
                return true;
        }
    return false;
}

static bool is_plain(struct pty *pty, const void *data)
{
    (void)data;
    return !has_colour(pty);
}

START_TEST(every_terminal)
{
    const struct kind *kind = &kinds[_i];
    struct pty pty;
    start(&pty, kind->environment, kind->option);
    ck_assert(pty_sees(&pty, "space"));
    ck_assert_int_eq(has_colour(&pty), kind->colours);
    char *text = pty_text(&pty);
    bool ascii = true;
    for (const char *at = text; *at; at++)
        ascii &= !(*at & 0x80);
    ck_assert_int_eq(ascii, kind->ascii);
    ck_assert_ptr_nonnull(strstr(text, kind->ascii ? "XXX" : "╳╳╳"));
    free(text);
    pty_press(&pty, "tttt");
    quit(&pty);
}
END_TEST

START_TEST(monochrome_theme_has_no_colour)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    pty_press(&pty, "ttt?");
    ck_assert(pty_sees(&pty, "HELP"));
    ck_assert(pty_waits(&pty, is_plain, NULL));
    pty_press(&pty, "?");
    ck_assert(pty_misses(&pty, "HELP"));
    quit(&pty);
}
END_TEST

START_TEST(no_terminal_is_an_error)
{
    char *argv[] = {host(), NULL};
    static const char *const dumb[] = {"TERM=dumb", NULL};
    struct pty pty;
    pty_start(&pty, 80, 24, dumb, argv);
    ck_assert(pty_sees(&pty, "thrum: the terminal cannot place text"));
    int status = pty_end(&pty);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 2);
    pty_fini(&pty);
}
END_TEST

/* ---- signals ---- */

static const int deadly[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGHUP, SIGQUIT};

START_TEST(signals_restore_the_terminal)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    ck_assert(pty.alternate);
    kill(pty.child, deadly[_i]);
    int status = pty_end(&pty);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == deadly[_i], "status %x", status);
    ck_assert(pty_restored(&pty));
    if (deadly[_i] != SIGTERM && deadly[_i] != SIGHUP) /* a crash: by what was prepared */
        ck_assert(pty_wrote(&pty, "\033[?1006l\033[?1002l\033[?1000l"));
    pty_fini(&pty);
}
END_TEST

START_TEST(signals_restore_a_vt100)
{
    static const char *const environment[] = {"TERM=vt100", NULL};
    struct pty pty;
    start(&pty, environment, NULL);
    kill(pty.child, SIGSEGV);
    int status = pty_end(&pty);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    ck_assert(pty_restored(&pty));
    pty_fini(&pty);
}
END_TEST

START_TEST(interrupt_ends_the_run_then_the_program)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    pty_press(&pty, "\003");
    ck_assert(pty_sees(&pty, "the run was ended"));
    pty_press(&pty, "q");
    int status = pty_end(&pty);
    ck_assert(WIFEXITED(status));
    ck_assert(pty_restored(&pty));
    pty_fini(&pty);
}
END_TEST

/* A shell with job control: Ctrl-Z stops the program and gives the shell its terminal, fg brings it
 * back. */
START_TEST(suspends_and_resumes)
{
    struct pty pty;
    char *argv[] = {"bash", "--norc", "--noprofile", "-i", NULL};
    static const char *const environment[] = {"PS1=READY: ", "HISTFILE=/dev/null", NULL};
    pty_start(&pty, 80, 24, environment, argv);
    ck_assert(pty_sees(&pty, "READY:"));
    pty_press(&pty, "'"); /* its path may have spaces */
    pty_press(&pty, host());
    pty_press(&pty, "'\r");
    ck_assert(pty_sees(&pty, "DEADLOCK"));
    ck_assert(pty.alternate);
    for (int round = 0; round < 2; round++) {
        pty_press(&pty, "\032");
        ck_assert(pty_sees(&pty, "Stopped"));
        ck_assert(!pty.alternate);
        ck_assert(pty.cursor);
        pty_press(&pty, "echo still $((40 + 2))\r");
        ck_assert(pty_sees(&pty, "still 42"));
        pty_press(&pty, "fg\r");
        ck_assert(pty_sees(&pty, "DEADLOCK"));
        ck_assert(pty.alternate);
        pty_press(&pty, "d");
        ck_assert(pty_sees(&pty, "WHO WAITS"));
        pty_press(&pty, "d");
        ck_assert(pty_misses(&pty, "WHO WAITS"));
    }
    pty_press(&pty, "q");
    ck_assert(pty_misses(&pty, "DEADLOCK"));
    pty_press(&pty, "exit\r");
    int status = pty_end(&pty);
    ck_assert(WIFEXITED(status));
    pty_fini(&pty);
}
END_TEST

START_TEST(schedules_are_copied)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    pty_press(&pty, "y");
    ck_assert(pty_wrote(&pty, "\033]52;c;QSozIEI=\a")); /* "A*3 B" */
    ck_assert(pty_sees(&pty, "clipboard"));
    quit(&pty);
}
END_TEST

START_TEST(the_mouse_selects_and_zooms)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    ck_assert(pty_wrote(&pty, "\033[?1006;1000h"));
    pty_press(&pty, "\033[<0;5;6M\033[<0;5;6m"); /* the lane of philosopher-2 */
    pty_press(&pty, "\r");
    ck_assert(pty_sees(&pty, "waits for forks[3], held by philosopher-3"));
    pty_press(&pty, "\033");
    ck_assert(pty_sees(&pty, "15 ms/col"));
    pty_press(&pty, "\033[<64;50;6M");
    ck_assert(pty_sees(&pty, "5 ms/col"));
    ck_assert(pty_misses(&pty, "15 ms/col"));
    pty_press(&pty, "f0\033[<0;50;20M\033[<0;50;20m"); /* a problem: to when it happened */
    ck_assert(pty_sees(&pty, "looking back"));
    ck_assert(pty_sees(&pty, "│    620 ms"));
    pty_press(&pty, "q");
    pty_end(&pty);
    ck_assert(pty_wrote(&pty, "\033[?1006;1000l"));
    ck_assert(pty_restored(&pty));
    pty_fini(&pty);
}
END_TEST

/* ---- the browser ---- */

START_TEST(browser_runs_and_returns)
{
    struct pty pty;
    char *argv[] = {host(), "--browse", getenv("THRUM_SCENARIOS"), NULL};
    pty_start(&pty, 80, 24, NULL, argv);
    ck_assert(pty_sees(&pty, "SCENARIOS"));
    ck_assert(pty_sees(&pty, "expected:"));
    pty_press(&pty, "/dining\r");
    ck_assert(pty_sees(&pty, "Five philosophers sit"));
    pty_press(&pty, "\r");
    ck_assert(pty_sees(&pty, "DEADLOCK"));
    pty_press(&pty, "q");
    ck_assert(pty_sees(&pty, "SCENARIOS"));
    pty_press(&pty, "q");
    int status = pty_end(&pty);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert(pty_restored(&pty));
    pty_fini(&pty);
}
END_TEST

/* A picture that does not change costs no output at all. */
START_TEST(unchanged_frames_write_nothing)
{
    struct pty pty;
    start(&pty, NULL, NULL);
    pty_press(&pty, " ");
    ck_assert(pty_sees(&pty, "paused"));
    pty_press(&pty, " ");
    ck_assert(pty_sees(&pty, "live"));
    unsigned long before = pty.bytes;
    /* Keys that do nothing, then one that answers: what came in between is the answer alone. */
    pty_press(&pty, "JJJJJJJJJ ");
    ck_assert(pty_sees(&pty, "paused"));
    ck_assert_uint_lt(pty.bytes - before, 400);
    pty_press(&pty, " ");
    quit(&pty);
}
END_TEST

static Suite *screen_suite(void)
{
    enum { KINDS = sizeof kinds / sizeof *kinds, DEADLY = sizeof deadly / sizeof *deadly };
    Suite *suite = suite_create("screen");
    TCase *tests = tcase_create("screen");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, keys_open_and_close_views);
    tcase_add_test(tests, space_pauses);
    tcase_add_test(tests, sizes_reflow);
    tcase_add_loop_test(tests, every_terminal, 0, KINDS);
    tcase_add_test(tests, monochrome_theme_has_no_colour);
    tcase_add_test(tests, no_terminal_is_an_error);
    tcase_add_loop_test(tests, signals_restore_the_terminal, 0, DEADLY);
    tcase_add_test(tests, signals_restore_a_vt100);
    tcase_add_test(tests, interrupt_ends_the_run_then_the_program);
    tcase_add_test(tests, suspends_and_resumes);
    tcase_add_test(tests, schedules_are_copied);
    tcase_add_test(tests, the_mouse_selects_and_zooms);
    tcase_add_test(tests, browser_runs_and_returns);
    tcase_add_test(tests, unchanged_frames_write_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(screen_suite)
