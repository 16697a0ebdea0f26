/* What exploring found: failures and ways to end, each with its evidence. */
#ifndef THRUM_VIEW_FINDINGS_H
#define THRUM_VIEW_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "view/canvas.h"

struct finding {
    const char *title;    /* "deadlock", "counter = 2" */
    const char *words;    /* how it comes about; tables keep their blanks */
    const char *schedule; /* the simplest schedule that shows it; NULL: none */
    bool bad;             /* a failure, not a way to end */
    unsigned no_return;   /* after so many steps of it nothing avoids the failure any more; 0: from
                             the start, or not known */
};

/* `progress` is a line about the search. The list stands left, the words of the chosen one right,
 * from row `top` on. Returns how many rows the words have. */
int findings_draw(const struct region *region, const char *progress, bool done,
                  const struct finding *findings, size_t count, size_t chosen, int top);

/* The finding at a cell of that region; -1: there is none. */
long findings_at(const struct region *region, const char *progress, const struct finding *findings,
                 size_t count, size_t chosen, int x, int y);

#endif
