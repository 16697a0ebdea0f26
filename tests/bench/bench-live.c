/*
 * How fast real threads perform a scenario's steps while the shadow keeps up, and how long `thrum
 * run` takes to its first frame.
 *
 *     bench-live [THRUM FILE]
 *
 * Beside each kind of step stands what two plain pthreads need for the same accesses without thrum:
 * a mutex around each, and for the hand-over two semaphores.
 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "lang/lang.h"
#include "session/session.h"

enum { ROUNDS = 3 };

/* ---- thrum ---- */

static double thrum_rate(const char *text)
{
    double best = 0;
    struct text messages = {0};
    struct program *program = lang_compile("bench.thrum", text, strlen(text), &messages);
    if (!program) {
        fputs(text_bytes(&messages), stderr);
        exit(1);
    }
    struct model *model = model_new(program);
    for (int round = 0; round < ROUNDS; round++) {
        struct session_options options = {0};
        struct session_status status;
        struct timespec nap = {.tv_nsec = 1000000};
        struct session *session = session_open_live(program, model, &options);
        do {
            nanosleep(&nap, NULL);
            session_poll(session);
            session_status(session, &status);
        } while (!status.ended);
        if (status.defects || status.lost || !status.finished) {
            fprintf(stderr, "the run went wrong\n");
            exit(1);
        }
        double rate = (double)status.steps * 1e9 / (double)status.elapsed;
        best = rate > best ? rate : best;
        session_close(session);
    }
    model_free(model);
    program_free(program);
    text_fini(&messages);
    return best;
}

/* ---- plain pthreads ---- */

enum { PLAIN = 1000000, HANDS = 20000 };

struct plain {
    pthread_mutex_t *mutex;
    int64_t *cell;
    sem_t *mine, *other;
};

static void *plain_steps(void *context)
{
    struct plain *plain = context;
    for (int i = 0; i < PLAIN; i++) {
        pthread_mutex_lock(plain->mutex);
        ++*(volatile int64_t *)plain->cell;
        pthread_mutex_unlock(plain->mutex);
    }
    return NULL;
}

static void *plain_hands(void *context)
{
    struct plain *plain = context;
    for (int i = 0; i < HANDS; i++) {
        sem_wait(plain->mine);
        sem_post(plain->other);
    }
    return NULL;
}

static double plain_rate(void *(*body)(void *), double steps, bool shared)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_mutex_t mutexes[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
        static int64_t cells[64];
        sem_t first, second;
        pthread_t threads[2];
        sem_init(&first, 0, 1);
        sem_init(&second, 0, 0);
        struct plain plain[2] = {
            {&mutexes[0], &cells[0], &first, &second},
            {&mutexes[shared ? 0 : 1], &cells[shared ? 0 : 32], &second, &first}};
        uint64_t begin = clock_now();
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, body, &plain[i]);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        double rate = steps * 1e9 / (double)(clock_now() - begin);
        best = rate > best ? rate : best;
        sem_destroy(&first);
        sem_destroy(&second);
    }
    return best;
}

static void compare(const char *name, const char *text, double plain)
{
    double rate = thrum_rate(text);
    printf("%-34s %10.0f steps/s   plain %11.0f   ratio %.1f\n", name, rate, plain, plain / rate);
}

/* ---- start ---- */

/* Milliseconds from the start of the program to a frame with this word in it. */
static double first_frame(const char *thrum, const char *file)
{
    struct winsize size = {.ws_row = 40, .ws_col = 120};
    static char seen[1 << 16];
    size_t length = 0;
    int terminal;
    uint64_t begin = clock_now();
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child < 0) {
        perror("forkpty");
        exit(1);
    }
    if (child == 0) {
        setenv("TERM", "xterm-256color", 1);
        execl(thrum, thrum, "run", file, (char *)NULL);
        _exit(127);
    }
    double took = -1;
    while (took < 0 && length < sizeof seen - 1) {
        struct pollfd fd = {.fd = terminal, .events = POLLIN};
        if (poll(&fd, 1, 5000) <= 0)
            break;
        ssize_t got = read(terminal, seen + length, sizeof seen - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        seen[length] = '\0';
        if (strstr(seen, "THREADS"))
            took = (double)(clock_now() - begin) / 1e6;
    }
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    close(terminal);
    return took;
}

int main(int argc, char **argv)
{
    compare("each its own variable",
            "\"x\"\na = 0\nb = 0\nthread A:\n    for i in range(50000):\n        a += 1\n"
            "thread B:\n    for i in range(50000):\n        b += 1\n",
            plain_rate(plain_steps, 2.0 * PLAIN, false));
    compare("both the same variable",
            "\"x\"\nn = 0\nthread A, B:\n    for i in range(50000):\n        n += 1\n",
            plain_rate(plain_steps, 2.0 * PLAIN, true));
    compare("a lock, taken and released",
            "\"x\"\nlock = Lock()\nthread A, B:\n    for i in range(50000):\n        with lock:\n  "
            "          pass\n",
            plain_rate(plain_steps, 2.0 * PLAIN, true));
    compare("semaphores, handing over",
            "\"x\"\na = Semaphore(1)\nb = Semaphore(0)\nthread A:\n    for i in range(5000):\n"
            "        a.acquire()\n        b.release()\nthread B:\n    for i in range(5000):\n"
            "        b.acquire()\n        a.release()\n",
            plain_rate(plain_hands, 4.0 * HANDS, true));
    if (argc < 3)
        return 0;
    double best = 1e9;
    for (int i = 0; i < 7; i++) {
        double took = first_frame(argv[1], argv[2]);
        if (took < 0) {
            fprintf(stderr, "no frame was drawn\n");
            return 1;
        }
        best = took < best ? took : best;
    }
    printf("start to first frame: %.1f ms (limit 50)\n", best);
    return best > 50 ? 1 : 0;
}
