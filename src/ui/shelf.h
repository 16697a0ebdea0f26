/* The scenarios of a folder, as the browser lists them: topics are its sub-folders. */
#ifndef THRUM_UI_SHELF_H
#define THRUM_UI_SHELF_H

#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"
#include "view/panes.h"

struct shelf {
    struct browser_entry *entries; /* in the order of the folder's order.txt, others after those */
    size_t count;
    struct arena arena; /* of everything */
};

/* Reads what it can; an unreadable folder gives an empty shelf. `folder` may be NULL. */
void shelf_load(struct shelf *shelf, const char *folder);
void shelf_fini(struct shelf *shelf);

/* Takes title, explanation and `expect` from a file's text, which need not be without mistakes. */
void shelf_read(struct arena *arena, const char *text, struct browser_entry *ret_entry);

#endif
