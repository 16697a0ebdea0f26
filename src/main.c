/*
 * thrum shows threads at work in a terminal. A map of the rooms, from the door inwards:
 *
 *     cli/      one file per command, the option table
 *     ui/       the terminal: the only <curses.h>, keymap, actions, main loop
 *     export/   pictures and texts made from a canvas or a history
 *     view/     panes drawn into a canvas of cells
 *     session/  what a view can look at and steer, whatever is behind it
 *     explore/  every schedule: search, reduction, the simplest failure
 *     run/      real threads: live runs, parking, the kernel's context switches
 *     trace/    rings -> one ordered history, and the questions views ask of it
 *     lang/     text -> program
 *     model/    program, world, step: what every object does, once
 *     base/     arena, vector, string, hash, clock
 *
 * docs/ARCHITECTURE.md says what passes through the doors.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
