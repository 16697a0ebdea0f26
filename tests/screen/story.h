/* Two small runs written by hand, record by record, for tests that look at pictures. */
#ifndef THRUM_TESTS_STORY_H
#define THRUM_TESTS_STORY_H

#include "trace/history.h"

struct story {
    struct trace_catalog catalog;
    struct history *history;
    uint32_t versions[64];    /* of the objects' guards */
    const char *sometimes[2]; /* one that was reached, one that was not; NULL: none */
};

/* Five philosophers: a staircase of meals, then a ring of five. 700 ms. */
void story_philosophers(struct story *story);

/* A semaphore, an event, a barrier, a condition, variables, prints, a note, a race. 100 ms. */
void story_workshop(struct story *story);

void story_fini(struct story *story);

#endif
