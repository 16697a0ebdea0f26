/*
 * A handler may run on any thread, in the middle of anything, also of ncurses or malloc. So it
 * touches only what is below: a buffer that was filled before `armed` was set, and system calls
 * that signal-safety(7) allows.
 *
 *     main thread                          handler
 *     fill bytes, modes
 *     armed = 1 (release)      ------->    armed swapped for 0 (acquire): exactly one handler
 * writes
 *
 * Two kinds: SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGWINCH and SIGCONT only put a byte into a pipe,
 * which the main loop reads. If it does not answer, the second SIGTERM or SIGINT gives the terminal
 * back and ends the program by itself. SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGQUIT give
 * the terminal back, put the former action in place, and let the signal happen again.
 */
#include "ui/rescue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"

static const int asking[] = {SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGWINCH, SIGCONT};
static const int crashing[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
enum {
    ASKING = sizeof asking / sizeof *asking,
    CRASHING = sizeof crashing / sizeof *crashing,
};

/* The state that handlers see: signal flags, in the sense of the rule about globals. */
static char rescue_bytes[512];
static size_t rescue_length;
static struct termios rescue_modes;
static atomic_int rescue_armed;
static atomic_int quit_asked; /* how many times since the main loop last answered */
static int rescue_pipe[2] = {-1, -1};
static struct sigaction former_asking[ASKING], former_crashing[CRASHING];

static void give_back(void)
{
    if (!atomic_exchange_explicit(&rescue_armed, 0, memory_order_acquire))
        return;
    for (size_t done = 0; done < rescue_length;) {
        ssize_t count = write(STDOUT_FILENO, rescue_bytes + done, rescue_length - done);
        if (count <= 0)
            break;
        done += (size_t)count;
    }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &rescue_modes);
}

static void on_ask(int signal)
{
    int saved = errno;
    bool quits = signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
    if (quits && atomic_fetch_add_explicit(&quit_asked, 1, memory_order_relaxed) > 0) {
        give_back();
        _exit(128 + signal);
    }
    unsigned char byte = (unsigned char)signal;
    ssize_t ignored = write(rescue_pipe[1], &byte, 1); /* a full pipe holds signals enough */
    (void)ignored;
    errno = saved;
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
    (void)context;
    static const char words[] = "thrum: ended by a defect of its own; the terminal is restored\n";
    bool was_armed = atomic_load_explicit(&rescue_armed, memory_order_relaxed);
    give_back();
    if (was_armed && signal != SIGQUIT) {
        ssize_t ignored = write(STDERR_FILENO, words, sizeof words - 1);
        (void)ignored;
    }
    for (int i = 0; i < CRASHING; i++)
        if (crashing[i] == signal)
            sigaction(signal, &former_crashing[i], NULL);
    /* A fault happens again by itself when the handler returns; a sent signal must be sent again.
     */
    if (info->si_code <= 0 || signal == SIGABRT || signal == SIGQUIT)
        raise(signal);
}

static void before_die(void)
{
    give_back();
}

bool rescue_start(void)
{
    if (pipe2(rescue_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
        return false;
    atomic_store_explicit(&quit_asked, 0, memory_order_relaxed);
    struct sigaction action = {.sa_handler = on_ask, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < ASKING; i++)
        sigaction(asking[i], &action, &former_asking[i]);
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&crash.sa_mask);
    for (int i = 0; i < CRASHING; i++)
        sigaction(crashing[i], &crash, &former_crashing[i]);
    die_before(before_die);
    return true;
}

void rescue_stop(void)
{
    die_before(NULL);
    for (int i = 0; i < ASKING; i++)
        sigaction(asking[i], &former_asking[i], NULL);
    for (int i = 0; i < CRASHING; i++)
        sigaction(crashing[i], &former_crashing[i], NULL);
    close(rescue_pipe[0]);
    close(rescue_pipe[1]);
    rescue_pipe[0] = rescue_pipe[1] = -1;
}

void rescue_prepare(const char *bytes, size_t length, const struct termios *modes)
{
    rescue_length = length < sizeof rescue_bytes ? length : sizeof rescue_bytes;
    memcpy(rescue_bytes, bytes, rescue_length);
    rescue_modes = *modes;
}

void rescue_arm(bool armed)
{
    atomic_store_explicit(&rescue_armed, armed, memory_order_release);
}

int rescue_fd(void)
{
    return rescue_pipe[0];
}

int rescue_signal(void)
{
    unsigned char byte;
    if (read(rescue_pipe[0], &byte, 1) != 1)
        return 0;
    return byte;
}

void rescue_stop_process(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL}, ours;
    sigemptyset(&plain.sa_mask);
    sigaction(SIGTSTP, &plain, &ours);
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    raise(SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stop, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGTSTP, &ours, NULL);
}
