/* The only file that knows curses. Differences between frames are found here, cell by cell, so that
 * an unchanged frame makes no call at all; curses then finds the cheapest way to write the rest. */
#include "ui/terminal.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include "base/die.h"
#include "base/text.h"
#include "ui/rescue.h"

/* Cells that differ but are fewer than this apart go out as one run. */
enum { MAX_STRESS = 8 };

struct terminal {
    SCREEN *screen;                      /* of newterm */
    struct canvas shown;                 /* what the terminal shows now */
    struct termios former_modes;         /* of before */
    enum ability ability;                /* what it can */
    enum theme theme;                    /* of `shown` */
    bool ascii;                          /* no UTF-8 */
    bool all;                            /* nothing of `shown` holds: draw everything */
    bool mouse;                          /* the mouse is ours */
    bool known[STYLE_COUNT][MAX_STRESS]; /* looks resolved so far for `theme` */
    attr_t attributes[STYLE_COUNT][MAX_STRESS];
    int pairs[STYLE_COUNT][MAX_STRESS];
};

/* Adds a capability's bytes to `out` without its padding marks ($<5>). */
static void add_capability(struct text *out, const char *name)
{
    const char *bytes = tigetstr(name);
    if (!bytes || bytes == (char *)-1)
        return;
    while (*bytes) {
        const char *end;
        if (bytes[0] == '$' && bytes[1] == '<' && (end = strchr(bytes, '>'))) {
            bytes = end + 1;
            continue;
        }
        text_add_char(out, *bytes++);
    }
}

/* What a crash must write: ncurses itself cannot be called from there. */
static void prepare_rescue(struct terminal *terminal)
{
    struct text out = {0};
    if (terminal->mouse)
        text_add(&out, "\033[?1006l\033[?1002l\033[?1000l");
    add_capability(&out, "sgr0");
    add_capability(&out, "op");
    add_capability(&out, "rmkx");
    add_capability(&out, "cnorm");
    const char *leave = tigetstr("rmcup");
    const char *move = tigetstr("cup");
    if ((!leave || leave == (char *)-1) && move && move != (char *)-1) {
        const char *bottom = tiparm(move, LINES - 1, 0);
        while (bottom && *bottom && *bottom != '$')
            text_add_char(&out, *bottom++);
        text_add(&out, "\r\n");
    }
    add_capability(&out, "rmcup");
    text_add(&out, "\r");
    rescue_prepare(text_bytes(&out), out.length, &terminal->former_modes);
    text_fini(&out);
}

static enum ability find_ability(const struct terminal_options *options)
{
    const char *no_color = getenv("NO_COLOR");
    if (options->no_color || (no_color && *no_color) || !has_colors())
        return ABILITY_NONE;
    start_color();
    use_default_colors();
    if (COLORS >= 1 << 24)
        return ABILITY_DIRECT;
    return COLORS >= 256 ? ABILITY_256 : COLORS >= 8 ? ABILITY_8 : ABILITY_NONE;
}

static void set_modes(struct terminal *terminal, const struct terminal_options *options)
{
    cbreak();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    leaveok(stdscr, TRUE);
    curs_set(0);
    if (!options->no_mouse) {
        mouseinterval(0);
        terminal->mouse =
            mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED | BUTTON_CTRL, NULL) != 0;
    }
}

struct terminal *terminal_start(const struct terminal_options *options, const char **ret_error)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        *ret_error = "standard input and output are not a terminal";
        return NULL;
    }
    const char *type = getenv("TERM");
    if (!type || !*type || strcmp(type, "dumb") == 0) {
        *ret_error = "the terminal cannot place text (TERM is not set, or dumb)";
        return NULL;
    }
    setlocale(LC_CTYPE, "");
    struct terminal *terminal = xcalloc(1, sizeof *terminal);
    terminal->ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    if (tcgetattr(STDIN_FILENO, &terminal->former_modes) != 0 || !rescue_start()) {
        *ret_error = "the terminal's modes cannot be read";
        free(terminal);
        return NULL;
    }
    /* The size is the terminal's, whatever the environment says. */
    unsetenv("LINES");
    unsetenv("COLUMNS");
    use_tioctl(TRUE);
    terminal->screen = newterm(NULL, stdout, stdin);
    if (!terminal->screen) {
        rescue_stop();
        free(terminal);
        *ret_error = "no description of this terminal was found: TERM=xterm-256color suits most";
        return NULL;
    }
    terminal->ability = find_ability(options);
    set_modes(terminal, options);
    prepare_rescue(terminal);
    rescue_arm(true);
    terminal->all = true;
    return terminal;
}

void terminal_stop(struct terminal *terminal)
{
    if (!terminal)
        return;
    mousemask(0, NULL);
    endwin();
    rescue_arm(false);
    rescue_stop();
    delscreen(terminal->screen);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->former_modes);
    canvas_fini(&terminal->shown);
    free(terminal);
}

void terminal_size(const struct terminal *terminal, int *ret_width, int *ret_height)
{
    (void)terminal;
    *ret_width = COLS;
    *ret_height = LINES;
}

bool terminal_is_ascii(const struct terminal *terminal)
{
    return terminal->ascii;
}

enum ability terminal_ability(const struct terminal *terminal)
{
    return terminal->ability;
}

/* Turns a style under a stress into curses' attributes and colour pair, once per theme. */
static void resolve(struct terminal *terminal, unsigned style, unsigned stress)
{
    struct look look = theme_look(terminal->theme, terminal->ability, (enum style)style, stress);
    attr_t attributes = A_NORMAL;
    if (look.attributes & LOOK_BOLD)
        attributes |= A_BOLD;
    if (look.attributes & LOOK_DIM)
        attributes |= A_DIM;
    if (look.attributes & LOOK_UNDERLINE)
        attributes |= A_UNDERLINE;
    if (look.attributes & LOOK_REVERSE)
        attributes |= A_REVERSE;
    int pair = 0;
    if (look.foreground >= 0 || look.background >= 0)
        pair = alloc_pair(look.foreground, look.background);
    terminal->attributes[style][stress] = attributes;
    terminal->pairs[style][stress] = pair > 0 ? pair : 0;
    terminal->known[style][stress] = true;
}

static void write_cell(struct terminal *terminal, int x, int y, const struct cell *cell)
{
    unsigned style = cell->style, stress = cell->stress % MAX_STRESS;
    if (!terminal->known[style][stress])
        resolve(terminal, style, stress);
    wchar_t wide[2] = {(wchar_t)cell->code, 0};
    cchar_t character;
    int pair = terminal->pairs[style][stress];
    if (setcchar(&character, wide, terminal->attributes[style][stress], (short)pair, &pair) == OK)
        mvadd_wch(y, x, &character);
}

void terminal_show(struct terminal *terminal, struct canvas *canvas, enum theme theme)
{
    if (terminal->ascii)
        canvas_to_ascii(canvas);
    if (theme != terminal->theme) {
        memset(terminal->known, 0, sizeof terminal->known);
        terminal->theme = theme;
        terminal->all = true;
    }
    struct canvas *shown = &terminal->shown;
    if (shown->width != canvas->width || shown->height != canvas->height) {
        canvas_resize(shown, canvas->width, canvas->height);
        terminal->all = true;
    }
    bool changed = terminal->all;
    if (terminal->all)
        erase();
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++) {
            struct cell *cell = canvas_at(canvas, x, y), *old = canvas_at(shown, x, y);
            if (!terminal->all && memcmp(cell, old, sizeof *cell) == 0)
                continue;
            *old = *cell;
            changed = true;
            /* The right half of a wide character is written with its left half. */
            if (cell->code)
                write_cell(terminal, x, y, cell);
        }
    terminal->all = false;
    if (changed)
        refresh();
}

void terminal_wait(struct terminal *terminal, int milliseconds, int wake_fd)
{
    (void)terminal;
    struct pollfd waits[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = rescue_fd(), .events = POLLIN},
        {.fd = wake_fd, .events = POLLIN},
    };
    poll(waits, 3, milliseconds);
    if (waits[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        raise(SIGHUP); /* the terminal is gone: without this the loop would spin */
}

static void take_new_size(struct terminal *terminal)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
        resize_term(size.ws_row, size.ws_col);
    clearok(curscr, TRUE);
    terminal->all = true;
    prepare_rescue(terminal);
}

static struct event signal_event(struct terminal *terminal, int number)
{
    switch (number) {
    case SIGWINCH: take_new_size(terminal); return (struct event){.kind = EVENT_RESIZE};
    case SIGTSTP: return (struct event){.kind = EVENT_SUSPEND};
    case SIGCONT:
        /* Stopped by SIGSTOP: whoever ran meanwhile may have changed the terminal. */
        reset_prog_mode();
        take_new_size(terminal);
        return (struct event){.kind = EVENT_RESIZE};
    default: return (struct event){.kind = EVENT_QUIT, .signal = number};
    }
}

static struct event mouse_event(void)
{
    MEVENT mouse;
    if (getmouse(&mouse) != OK)
        return (struct event){.kind = EVENT_NONE};
    struct event event = {
        .x = mouse.x, .y = mouse.y, .with_control = (mouse.bstate & BUTTON_CTRL) != 0};
    if (mouse.bstate & BUTTON1_PRESSED) {
        event.kind = EVENT_CLICK;
    } else if (mouse.bstate & BUTTON4_PRESSED) {
        event.kind = EVENT_WHEEL;
        event.key = KEY_ARROW_UP;
    } else if (mouse.bstate & BUTTON5_PRESSED) {
        event.kind = EVENT_WHEEL;
        event.key = KEY_ARROW_DOWN;
    }
    return event;
}

static int special_key(wint_t code)
{
    switch (code) {
    case KEY_UP: return KEY_ARROW_UP;
    case KEY_DOWN: return KEY_ARROW_DOWN;
    case KEY_LEFT: return KEY_ARROW_LEFT;
    case KEY_RIGHT: return KEY_ARROW_RIGHT;
    case KEY_PPAGE: return KEY_PAGE_UP;
    case KEY_NPAGE: return KEY_PAGE_DOWN;
    case KEY_HOME: return KEY_TO_START;
    case KEY_END: return KEY_TO_END;
    case KEY_BTAB: return KEY_BACK_TAB;
    case KEY_DC: return KEY_DEL;
    case KEY_BACKSPACE: return KEY_RUBOUT;
    case KEY_ENTER: return KEY_RETURN;
    default: return KEY_NONE;
    }
}

struct event terminal_event(struct terminal *terminal)
{
    int number = rescue_signal();
    if (number)
        return signal_event(terminal, number);
    wint_t code;
    int got = get_wch(&code);
    if (got == KEY_CODE_YES && code == KEY_MOUSE)
        return mouse_event();
    if (got == KEY_CODE_YES && code == KEY_RESIZE)
        return (struct event){.kind = EVENT_NONE};
    if (got == KEY_CODE_YES)
        return (struct event){.kind = EVENT_KEY, .key = special_key(code)};
    if (got != OK)
        return (struct event){.kind = EVENT_NONE};
    int key = code == '\r' ? KEY_RETURN : code == 8 ? KEY_RUBOUT : (int)code;
    return (struct event){.kind = EVENT_KEY, .key = key};
}

static void leave_for_now(struct terminal *terminal)
{
    (void)terminal;
    def_prog_mode();
    endwin();
    rescue_arm(false);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->former_modes);
}

static void come_back(struct terminal *terminal)
{
    tcgetattr(STDIN_FILENO, &terminal->former_modes);
    reset_prog_mode();
    take_new_size(terminal);
    rescue_arm(true);
    refresh();
    curs_set(0);
}

void terminal_suspend(struct terminal *terminal)
{
    leave_for_now(terminal);
    rescue_stop_process();
    come_back(terminal);
}

void terminal_lend(struct terminal *terminal, void (*run)(void *data), void *data)
{
    leave_for_now(terminal);
    run(data);
    come_back(terminal);
}

bool terminal_copy(struct terminal *terminal, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text);
    (void)terminal;
    if (length > 100000)
        return false;
    struct text out = {0};
    text_add(&out, "\033]52;c;");
    for (size_t i = 0; i < length; i += 3) {
        unsigned bits = (unsigned char)text[i] << 16;
        if (i + 1 < length)
            bits |= (unsigned char)text[i + 1] << 8;
        if (i + 2 < length)
            bits |= (unsigned char)text[i + 2];
        text_add_char(&out, digits[bits >> 18]);
        text_add_char(&out, digits[bits >> 12 & 63]);
        text_add_char(&out, i + 1 < length ? digits[bits >> 6 & 63] : '=');
        text_add_char(&out, i + 2 < length ? digits[bits & 63] : '=');
    }
    text_add(&out, "\a");
    fwrite(text_bytes(&out), 1, out.length, stdout);
    fflush(stdout);
    text_fini(&out);
    return true;
}
