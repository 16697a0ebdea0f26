/*
 * Giving the terminal back when the program is ending in a way nobody planned: what to write and
 * which modes to set is prepared beforehand, so that a signal handler on any thread can do it with
 * write() and tcsetattr() alone. Also the pipe by which signals reach the main loop.
 */
#ifndef THRUM_UI_RESCUE_H
#define THRUM_UI_RESCUE_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* Installs the handlers; false with errno when there is no pipe. Undone by rescue_stop(). */
bool rescue_start(void);
void rescue_stop(void);

/* From now on a crash writes `bytes` and sets `modes`. */
void rescue_prepare(const char *bytes, size_t length, const struct termios *modes);
/* The terminal is ours (true) or given back (false): nothing to rescue then. */
void rescue_arm(bool armed);

/* Readable when a signal came. */
int rescue_fd(void);
/* The next signal that came, 0 when none. */
int rescue_signal(void);

/* SIGTSTP with its default action, then again ours. */
void rescue_stop_process(void);

#endif
