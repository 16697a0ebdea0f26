/* A program on a terminal of its own: a pty whose other end is read by libvterm, so that a test
 * sees what a person would see. Nothing here sleeps: everything waits for a condition, up to a
 * deadline. */
#ifndef THRUM_TESTS_PTY_H
#define THRUM_TESTS_PTY_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>
#include <vterm.h>

#include "base/text.h"

struct pty {
    int master;            /* our end */
    pid_t child;           /* the program; 0 when it was waited for */
    VTerm *vterm;          /* what the terminal understands */
    VTermScreen *screen;   /* what it shows */
    struct termios before; /* modes before the program started */
    bool alternate;        /* the alternate screen is shown */
    bool cursor;           /* the cursor is visible */
    int mouse;             /* the mouse mode asked for */
    int width, height;     /* in cells */
    unsigned long bytes;   /* that came from the program */
    struct text raw;       /* all of them */
};

/* Starts argv[0] on a new terminal; `environment` holds "NAME=value" to set, "NAME" to unset, NULL
 * at its end. Ends the test program on failure. */
void pty_start(struct pty *pty, int width, int height, const char *const *environment,
               char *const *argv);

/* Waits until `text` stands on the screen (or does not, any more). False at the deadline. */
bool pty_sees(struct pty *pty, const char *text);
bool pty_misses(struct pty *pty, const char *text);
/* Waits until `condition` holds of the terminal. */
bool pty_waits(struct pty *pty, bool (*condition)(struct pty *pty, const void *data),
               const void *data);

/* Waits until the program has written these bytes (a control sequence, say). */
bool pty_wrote(struct pty *pty, const char *bytes);

void pty_press(struct pty *pty, const char *keys);
void pty_resize(struct pty *pty, int width, int height);

/* The screen as text: a line a row, trailing blanks cut. The caller frees it. */
char *pty_text(struct pty *pty);

/* Waits for the program's end, reading on; its wait status, or -1 at the deadline (it is killed
 * then). */
int pty_end(struct pty *pty);

/* True when the terminal is as it was before the program. */
bool pty_restored(struct pty *pty);

void pty_fini(struct pty *pty);

#endif
