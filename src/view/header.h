/* The first and the last row of the screen, and what is said instead of all when it is too small.
 */
#ifndef THRUM_VIEW_HEADER_H
#define THRUM_VIEW_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/canvas.h"

enum { SCREEN_MIN_WIDTH = 60, SCREEN_MIN_HEIGHT = 12 };

enum header_mode {
    HEADER_STARTING, /* live, but threads are still being made */
    HEADER_LIVE,     /* threads run freely */
    HEADER_PAUSED,   /* live, but paused */
    HEADER_ENDED,    /* live, all threads ended or stuck */
    HEADER_STEPPING, /* one step at a time */
};

struct header {
    const char *name; /* of the file, without its folder */
    enum header_mode mode;
    bool looking_back;      /* the time shown is not now */
    int64_t elapsed;        /* nanoseconds of the run's clock */
    uint32_t made;          /* starting: threads so far */
    uint32_t threads;       /* of the run so far */
    uint32_t objects;       /* shown ones */
    double events_a_second; /* lately */
    uint64_t events;        /* in all */
    uint64_t lost;          /* events lost so far */
    int64_t lag;            /* nanoseconds the shadow is behind; below 0: not known */
    int64_t pace;           /* nanoseconds a visible step is slowed by; 0 none */
    const char *kernel;     /* words for where running and ready come from; NULL not shown */
    const char *problem;    /* "DEADLOCK" …; NULL none */
    bool problem_is_potential;
    const char *policy;   /* stepping: who chooses; NULL not shown */
    uint64_t step, steps; /* stepping: where in how many */
};

/* One key and what it does now. */
struct footer_item {
    const char *key;   /* "space" */
    const char *label; /* "pause" */
};

/* Draw the only row of the region. What does not fit is left out, least important first. The first
 * item of the footer stands at the right edge and is always there. */
void header_draw(const struct region *region, const struct header *header);
void footer_draw(const struct region *region, const struct footer_item *items, size_t count);

/* A line of input in the footer's place: "/philo". */
void footer_draw_input(const struct region *region, const char *prompt, const char *text);

/* A sentence in the footer's place. */
void footer_draw_message(const struct region *region, const char *text);

/* "needs at least 60×12, has 40×10". */
void too_small_draw(const struct region *region);

#endif
