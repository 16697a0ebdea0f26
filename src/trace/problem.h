/* A problem found in a run, with its evidence in words. Kinds: trace/problem_kinds.def. */
#ifndef THRUM_TRACE_PROBLEM_H
#define THRUM_TRACE_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "thrum/event.h"

enum problem_kind {
#define PROBLEM_KIND(name, words) PROBLEM_##name,
#include "trace/problem_kinds.def"
#undef PROBLEM_KIND
    PROBLEM_KINDS
};

/* "deadlock", "data race" … */
const char *problem_kind_words(enum problem_kind kind);

/* Whether a problem of one kind can be an earlier form of one of the other: a deadlock may begin as
 * a partial one. */
bool problem_same_kind(enum problem_kind a, enum problem_kind b);

enum problem_certainty {
    PROBLEM_ACTUAL,     /* it happened */
    PROBLEM_POTENTIAL,  /* it did not happen in this run, another order may show it */
    PROBLEM_CONSEQUENCE /* it happened, and may follow from an earlier one (a race after the first)
                         */
};

enum { PROBLEM_PARTIES = 16, PROBLEM_SOURCES = 2 * PROBLEM_PARTIES };

struct problem {
    enum problem_kind kind;
    enum problem_certainty certainty;
    uint64_t time;  /* when it was complete, on the run's clock */
    bool grown;     /* the same was found of fewer threads before, the first time at `since` … */
    uint64_t since; /* … and is told again here with all of them */
    uint64_t event; /* index of the record that completed it; or HISTORY_NONE */
    uint32_t threads[PROBLEM_PARTIES]; /* those concerned, in the order the words name them */
    uint32_t thread_count;             /* may exceed PROBLEM_PARTIES: only the first are listed */
    uint32_t objects[PROBLEM_PARTIES];
    uint32_t object_count;             /* likewise */
    uint32_t sources[PROBLEM_SOURCES]; /* the places concerned, the thread's current place first */
    uint32_t source_count;             /* likewise */
    char *title;    /* owned; one line: "DEADLOCK  5 threads wait for each other" */
    char *evidence; /* owned; lines, each ended by '\n' */
};

void problem_add_thread(struct problem *problem, uint32_t thread);
void problem_add_object(struct problem *problem, uint32_t object);
void problem_add_source(struct problem *problem, uint32_t source);

/* Frees the texts. */
void problem_fini(struct problem *problem);

#endif
