/*
 * The terminal: shows canvases, gives events. One thread uses it. Whatever ends the program
 * restores the terminal first: leaving, die(), SIGTERM, SIGHUP, and the signals of a crash on any
 * thread.
 */
#ifndef THRUM_UI_TERMINAL_H
#define THRUM_UI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "view/canvas.h"
#include "view/theme.h"

struct terminal;

struct terminal_options {
    bool ascii;    /* plain ASCII even where the locale is UTF-8 */
    bool no_color; /* attributes only (NO_COLOR in the environment does the same) */
    bool no_mouse; /* leave the mouse to the terminal */
};

/* Keys beyond characters; a character is its code point. */
enum key {
    KEY_NONE = 0,
    KEY_TAB = '\t',
    KEY_RETURN = '\n',
    KEY_ESCAPE = 27,
    KEY_SPACE = ' ',
    KEY_RUBOUT = 127,
    KEY_FIRST_SPECIAL = 0x110000,
    KEY_ARROW_UP,
    KEY_ARROW_DOWN,
    KEY_ARROW_LEFT,
    KEY_ARROW_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_TO_START,
    KEY_TO_END,
    KEY_BACK_TAB,
    KEY_DEL,
};

enum event_kind {
    EVENT_NONE,    /* nothing there now */
    EVENT_KEY,     /* key */
    EVENT_CLICK,   /* x, y */
    EVENT_WHEEL,   /* x, y; key is KEY_ARROW_UP or KEY_ARROW_DOWN; with_control */
    EVENT_RESIZE,  /* the terminal has another size: draw everything */
    EVENT_SUSPEND, /* Ctrl-Z: call terminal_suspend() when ready */
    EVENT_QUIT,    /* SIGTERM, SIGHUP or SIGINT: leave; `signal` says which */
};

struct event {
    enum event_kind kind;
    int key;           /* a code point or enum key */
    int x, y;          /* of the mouse, in cells */
    bool with_control; /* wheel with the control key */
    int signal;        /* that asked to quit */
};

/* Takes the terminal of standard input and output. NULL when it cannot, with the reason (static).
 */
struct terminal *terminal_start(const struct terminal_options *options, const char **ret_error);

/* Gives it back as it was; NULL is fine. */
void terminal_stop(struct terminal *terminal);

/* Size in cells, as of the last EVENT_RESIZE. */
void terminal_size(const struct terminal *terminal, int *ret_width, int *ret_height);

/* True when only ASCII will be shown. */
bool terminal_is_ascii(const struct terminal *terminal);
enum ability terminal_ability(const struct terminal *terminal);

/* Shows a canvas of the terminal's size; only what differs from before goes out, in one write as
 * far as the terminal takes it. In ASCII mode the canvas is changed to ASCII first. */
void terminal_show(struct terminal *terminal, struct canvas *canvas, enum theme theme);

/* Waits for input, a signal, `wake_fd` becoming readable (-1: none), or `milliseconds` (-1: for
 * ever). Costs nothing while waiting. */
void terminal_wait(struct terminal *terminal, int milliseconds, int wake_fd);

/* The next event that is there, without waiting. */
struct event terminal_event(struct terminal *terminal);

/* Stops this process as Ctrl-Z does, with the terminal given back meanwhile; returns on resume. */
void terminal_suspend(struct terminal *terminal);

/* Gives the terminal to `run(data)` (an editor), then takes it again. */
void terminal_lend(struct terminal *terminal, void (*run)(void *data), void *data);

/* Puts text on the clipboard by OSC 52, which the terminal may ignore. False: too long (100,000).
 */
bool terminal_copy(struct terminal *terminal, const char *text);

#endif
