/* The one table of keys: it finds the action of a key, and prints footer, help and manual page. */
#ifndef THRUM_UI_KEYMAP_H
#define THRUM_UI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "view/header.h"
#include "view/panes.h"

enum action {
    ACTION_NONE,
#define ACTION(name, group, needs, footer, label, words) ACTION_##name,
#include "ui/actions.def"
#undef ACTION
    ACTIONS
};

/* What an action may need; bits. */
enum need {
    NEEDS_BROWSER = 1,              /* the list of scenarios is on screen */
    NEEDS_RUN = 2,                  /* a session is on screen */
    NEEDS_TIME = 4,                 /* the arrows move through time, not through steps */
    NEEDS_STEP = 8,                 /* the session can step */
    NEEDS_PAUSE = 16,               /* … pause */
    NEEDS_PACE = 32,                /* … be slowed */
    NEEDS_FREEZE = 64,              /* … be turned into stepping */
    NEEDS_EXPLORE = 128,            /* exploring is possible from here */
    NEEDS_PROBLEM = 256,            /* a problem was found */
    NEEDS_OBJECT = 512,             /* an object or variable is selected */
    NEEDS_MATCH = 1024,             /* something is searched for */
    NEEDS_FILE = 2048,              /* there is a file to edit */
    NEEDS_OPEN = 4096,              /* a file can be opened again */
    NEEDS_CAN_OPEN_STEPPING = 8192, /* … to be stepped through */
    NEEDS_FINDINGS = 32768,         /* what exploring found is on screen */
    NEEDS_TABLE = 16384,            /* the table of steps is shown */
    NEEDS_EXPLORING = 131072,       /* a search goes on and is on screen */
    NEEDS_NAMES = 262144,           /* there are names to search in */
    NEEDS_LIST = 524288,            /* there is something to go through */
    NEEDS_GROUP = 65536,            /* the selected thread or object has others like it */
};

/* The action of a key among those whose needs are all in `have`; ACTION_NONE when there is none. */
enum action keymap_find(int key, unsigned have);

bool action_available(enum action action, unsigned have);

/* Fills in footer items available now, most important first; returns how many. */
size_t keymap_footer(unsigned have, struct footer_item *items, size_t limit);

/* All actions with their keys, in groups. The caller frees the result with keymap_help_free(). */
struct help_line *keymap_help(unsigned have, size_t *ret_count);
void keymap_help_free(struct help_line *lines, size_t count);

/* The table as text, a line an action: keys, a tab, words; groups as lines without a tab. */
void keymap_print(struct text *out);

#endif
