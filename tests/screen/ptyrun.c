#include "ptyrun.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/text.h"
#include "view/canvas.h"

static const uint64_t deadline = 20000000000u; /* generous: a loaded machine, a sanitizer build */

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    struct pty *pty = user;
    if (property == VTERM_PROP_ALTSCREEN)
        pty->alternate = value->boolean;
    if (property == VTERM_PROP_CURSORVISIBLE)
        pty->cursor = value->boolean;
    if (property == VTERM_PROP_MOUSE)
        pty->mouse = value->number;
    return 1;
}

static void on_answer(const char *bytes, size_t length, void *user)
{
    struct pty *pty = user;
    ssize_t ignored = write(pty->master, bytes, length);
    (void)ignored;
}

static void set_environment(const char *const *environment)
{
    static const char *const cleared[] = {"NO_COLOR", "COLORTERM", "LINES", "COLUMNS", "LC_CTYPE"};
    for (size_t i = 0; i < sizeof cleared / sizeof *cleared; i++)
        unsetenv(cleared[i]);
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    for (; environment && *environment; environment++) {
        if (strchr(*environment, '='))
            putenv((char *)*environment);
        else
            unsetenv(*environment);
    }
}

void pty_start(struct pty *pty, int width, int height, const char *const *environment,
               char *const *argv)
{
    static const VTermScreenCallbacks callbacks = {.settermprop = on_property};
    *pty = (struct pty){.width = width, .height = height, .cursor = true};
    struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
    int slave;
    if (openpty(&pty->master, &slave, NULL, NULL, &size) != 0)
        die("no terminal: %s", strerror(errno));
    tcgetattr(slave, &pty->before);
    pty->vterm = vterm_new(height, width);
    vterm_set_utf8(pty->vterm, 1);
    vterm_output_set_callback(pty->vterm, on_answer, pty);
    pty->screen = vterm_obtain_screen(pty->vterm);
    vterm_screen_set_callbacks(pty->screen, &callbacks, pty);
    vterm_screen_enable_altscreen(pty->screen, 1);
    vterm_screen_reset(pty->screen, 1);
    pty->child = fork();
    if (pty->child < 0)
        die("no process: %s", strerror(errno));
    if (pty->child == 0) {
        close(pty->master);
        login_tty(slave);
        signal(SIGINT, SIG_DFL); /* a shell's background job is started with these ignored */
        signal(SIGQUIT, SIG_DFL);
        set_environment(environment);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(slave);
    fcntl(pty->master, F_SETFL, O_NONBLOCK);
}

/* Reads what is there within `milliseconds`; false when the program's end is closed. */
static bool take_in(struct pty *pty, int milliseconds)
{
    struct pollfd wait = {.fd = pty->master, .events = POLLIN};
    if (poll(&wait, 1, milliseconds) <= 0)
        return true;
    char buffer[16384];
    ssize_t count = read(pty->master, buffer, sizeof buffer);
    if (count > 0) {
        vterm_input_write(pty->vterm, buffer, (size_t)count);
        vterm_screen_flush_damage(pty->screen);
        pty->bytes += (unsigned long)count;
        text_add_bytes(&pty->raw, buffer, (size_t)count);
        return true;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR);
}

char *pty_text(struct pty *pty)
{
    struct text text = {0};
    for (int row = 0; row < pty->height; row++) {
        size_t end = text.length;
        for (int column = 0; column < pty->width; column++) {
            VTermScreenCell cell;
            VTermPos position = {.row = row, .col = column};
            vterm_screen_get_cell(pty->screen, position, &cell);
            if (!cell.chars[0] || cell.chars[0] == (uint32_t)-1) {
                if (!cell.chars[0])
                    text_add_char(&text, ' ');
                continue;
            }
            char bytes[4];
            text_add_bytes(&text, bytes, (size_t)code_encode(cell.chars[0], bytes));
            if (cell.chars[0] != ' ')
                end = text.length;
        }
        if (text.bytes) {
            text.length = end;
            text.bytes[end] = 0;
        }
        text_add_char(&text, '\n');
    }
    return text_take(&text);
}

bool pty_waits(struct pty *pty, bool (*condition)(struct pty *pty, const void *data),
               const void *data)
{
    uint64_t end = clock_now() + deadline;
    bool open = true;
    while (!condition(pty, data)) {
        if (!open || clock_now() > end) {
            char *text = pty_text(pty);
            fprintf(stderr, "the screen at the deadline:\n%s", text);
            free(text);
            return false;
        }
        open = take_in(pty, 200);
    }
    return true;
}

static bool shows(struct pty *pty, const void *data)
{
    char *text = pty_text(pty);
    bool found = strstr(text, data) != NULL;
    free(text);
    return found;
}

static bool shows_not(struct pty *pty, const void *data)
{
    return !shows(pty, data);
}

bool pty_sees(struct pty *pty, const char *text)
{
    bool seen = pty_waits(pty, shows, text);
    if (!seen)
        fprintf(stderr, "waited for \"%s\"\n", text);
    return seen;
}

bool pty_misses(struct pty *pty, const char *text)
{
    return pty_waits(pty, shows_not, text);
}

static bool wrote(struct pty *pty, const void *data)
{
    return pty->raw.length && memmem(pty->raw.bytes, pty->raw.length, data, strlen(data)) != NULL;
}

bool pty_wrote(struct pty *pty, const char *bytes)
{
    return pty_waits(pty, wrote, bytes);
}

void pty_press(struct pty *pty, const char *keys)
{
    size_t length = strlen(keys);
    while (length) {
        ssize_t count = write(pty->master, keys, length);
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (count > 0) {
            keys += count;
            length -= (size_t)count;
        }
    }
}

void pty_resize(struct pty *pty, int width, int height)
{
    struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
    pty->width = width;
    pty->height = height;
    vterm_set_size(pty->vterm, height, width);
    ioctl(pty->master, TIOCSWINSZ, &size);
}

int pty_end(struct pty *pty)
{
    uint64_t end = clock_now() + deadline;
    int status = -1;
    for (;;) {
        pid_t done = waitpid(pty->child, &status, WNOHANG);
        if (done == pty->child)
            break;
        if (clock_now() > end) {
            kill(pty->child, SIGKILL);
            waitpid(pty->child, &status, 0);
            status = -1;
            break;
        }
        /* The end of the program closes its end of the terminal, which wakes this. */
        if (!take_in(pty, 50))
            poll(NULL, 0, 1);
    }
    pty->child = 0;
    while (take_in(pty, 0)) {
        struct pollfd more = {.fd = pty->master, .events = POLLIN};
        if (poll(&more, 1, 0) <= 0 || !(more.revents & POLLIN))
            break;
    }
    return status;
}

bool pty_restored(struct pty *pty)
{
    struct termios now;
    tcgetattr(pty->master, &now);
    bool modes = now.c_lflag == pty->before.c_lflag && now.c_iflag == pty->before.c_iflag &&
                 now.c_oflag == pty->before.c_oflag;
    if (!modes)
        fprintf(stderr, "modes differ: l %o %o i %o %o o %o %o\n", now.c_lflag, pty->before.c_lflag,
                now.c_iflag, pty->before.c_iflag, now.c_oflag, pty->before.c_oflag);
    if (pty->alternate || !pty->cursor || pty->mouse)
        fprintf(stderr, "alternate screen %d, cursor %d, mouse %d\n", pty->alternate, pty->cursor,
                pty->mouse);
    return modes && !pty->alternate && pty->cursor && !pty->mouse;
}

void pty_fini(struct pty *pty)
{
    if (pty->child > 0) {
        kill(pty->child, SIGKILL);
        waitpid(pty->child, NULL, 0);
    }
    close(pty->master);
    vterm_free(pty->vterm);
    text_fini(&pty->raw);
}
