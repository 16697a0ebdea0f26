/*
 * What a crowd of computing threads costs those who look at it: a real `thrum run` on a terminal,
 * and how long its answers take.
 *
 *     bench-crowd THRUM [THREADS]
 *
 * Its threads take every processor for some ten seconds. The help is opened and closed all the time
 * while the run is loaded again with `L`; then Ctrl-C ends the run and `q` the program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../screen/ptyrun.h"
#include "base/clock.h"
#include "base/die.h"

static const uint64_t SECOND = 1000000000;

static double ms_since(uint64_t begin)
{
    return (double)(clock_now() - begin) / 1e6;
}

/* Waits for a condition and says how long that took, in ms; ends the program when it never comes.
 */
static double wait_for(struct pty *pty, bool (*comes)(struct pty *pty, const char *text),
                       const char *text)
{
    uint64_t begin = clock_now();
    if (!comes(pty, text))
        die("no answer: %s", text);
    return ms_since(begin);
}

/* Opens and closes the help for a while; the longest that an answer took, in ms. */
static double keys_for(struct pty *pty, uint64_t span)
{
    double worst = 0;
    for (uint64_t begin = clock_now(); clock_now() - begin < span;) {
        pty_press(pty, "?");
        double took = wait_for(pty, pty_sees, "keys that work now");
        worst = took > worst ? took : worst;
        pty_press(pty, "?");
        took = wait_for(pty, pty_misses, "keys that work now");
        worst = took > worst ? took : worst;
    }
    return worst;
}

static void write_scenario(const char *path, const char *threads)
{
    FILE *file = fopen(path, "we");
    if (!file)
        die("cannot write %s", path);
    fprintf(file,
            "\"A crowd\"\nn = Atomic(0)\nthread w * %s:\n    while True:\n        compute(5ms)\n"
            "        n.add(1)\n",
            threads);
    fclose(file);
}

int main(int argc, char **argv)
{
    const char *threads = argc > 2 ? argv[2] : "3000";
    char path[] = "/tmp/bench-crowd-XXXXXX.thrum";
    struct pty pty;
    int file = argc > 1 ? mkstemps(path, 6) : -1;
    if (file < 0)
        die("usage: bench-crowd THRUM [THREADS]");
    close(file);
    write_scenario(path, threads);
    uint64_t begin = clock_now();
    pty_start(&pty, 140, 40, NULL, (char *[]){argv[1], "run", path, NULL});
    wait_for(&pty, pty_sees, "THREADS");
    printf("%s threads: first frame %.0f ms", threads, ms_since(begin));
    wait_for(&pty, pty_sees, " live ");
    printf(", all there %.0f ms", ms_since(begin));
    printf("; worst answer to a key: running %.0f ms", keys_for(&pty, 2 * SECOND));
    begin = clock_now();
    pty_press(&pty, "L");
    printf(", from L on %.0f ms", keys_for(&pty, 3 * SECOND));
    pty_press(&pty, "L");
    begin = clock_now();
    wait_for(&pty, pty_sees, "starting");
    printf("; L again: starts after %.0f ms", ms_since(begin));
    wait_for(&pty, pty_sees, " live ");
    printf(", all there after %.0f ms", ms_since(begin));
    pty_press(&pty, "\x03");
    printf("; Ctrl-C answered after %.0f ms", wait_for(&pty, pty_sees, "the run was ended"));
    pty_press(&pty, "q");
    begin = clock_now();
    int status = pty_end(&pty);
    printf("; q: gone after %.0f ms\n", ms_since(begin));
    pty_fini(&pty);
    unlink(path);
    return status != 0;
}
