/*
 * What a search has found: kinds of failures, and the values that runs can end with. Each is kept
 * once and named by a number. Any thread may add at any time; the numbers depend on who comes
 * first, so a result sorts by the keys.
 */
#ifndef THRUM_EXPLORE_FINDINGS_H
#define THRUM_EXPLORE_FINDINGS_H

#include <pthread.h>
#include <stdatomic.h>

#include "explore/explore.h"

enum {
    MAX_KINDS = 512,        /* kinds of failures that are told apart */
    MAX_OUTCOMES = 1 << 16, /* final values that are told apart */
    NO_FINDING = 0xffff,
};

/* What makes two failures the same kind. */
struct kind_key {
    enum verdict verdict;
    int64_t what;      /* assertion: message (a string value); error: the exception; race: variable;
                          unreached: index */
    uint32_t position; /* assertion, error: where it was raised; else 0 */
    int32_t property;  /* assertion: the invariant's number, else -1 */
};

struct final_values {
    uint64_t hash;
    int64_t *cells;   /* owned */
    uint16_t failure; /* of `after:`, or NO_FINDING */
};

struct findings {
    pthread_mutex_t guard; /* of adding */
    struct kind_key kinds[MAX_KINDS];
    _Atomic uint32_t kind_count;   /* release after the entry is written; acquire by readers */
    struct final_values *outcomes; /* MAX_OUTCOMES of them, touched as used */
    uint32_t *outcome_table;       /* open addressing: number + 1 */
    uint32_t outcome_count;
    uint32_t cell_count;
    bool outcomes_cut;  /* there were more than we keep */
    bool kinds_cut;     /* likewise */
    _Atomic bool *held; /* of each `sometimes`: it has held in some state; relaxed */
};

void findings_init(struct findings *findings, uint32_t cell_count, uint32_t sometimes_count);
void findings_fini(struct findings *findings);
/* The number of this kind; NO_FINDING when there are too many. */
uint16_t findings_kind(struct findings *findings, struct kind_key key);
/* The number of the kind that a thread's death is. */
struct death;
uint16_t findings_death(struct findings *findings, const struct death *death);
/* The number of these final values; UINT32_MAX when there are too many. */
uint32_t findings_outcome(struct findings *findings, const int64_t *cells, uint16_t failure);

#endif
