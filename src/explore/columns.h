/*
 * States packed to the bytes that vary: most bytes of a state are the same in all states (the
 * upper halves of small numbers, slots that are clear wherever a thread rests). A byte becomes a
 * column when a state is met in which it differs from the first state. Columns are only ever added,
 * so a state packed earlier is one with fewer columns; in those that came later it is like the
 * first state.
 *
 * Thread-safety: states may be packed and unpacked by several threads at a time, each with words of
 * its own. Adding a column is guarded; what is read without the guard is published by the number
 * of columns, or by the mask of a word (release, acquire).
 */
#ifndef THRUM_EXPLORE_COLUMNS_H
#define THRUM_EXPLORE_COLUMNS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "model/world.h"

struct columns {
    uint32_t words;          /* of a state */
    int64_t *first;          /* the first state, `words` of them; owned */
    _Atomic uint32_t count;  /* columns; release after the entries below are written */
    uint32_t *bytes;         /* of each column: which byte of the words; owned */
    uint32_t *column_of;     /* of each byte of the words that is one: its column; owned */
    _Atomic uint8_t *moving; /* of each word: which of its bytes are columns; owned */
    pthread_mutex_t guard;   /* of adding */
};

/* A word that a step changed. */
struct change {
    uint32_t word;
    int64_t before, after;
};

void columns_init(struct columns *columns, const int64_t *first, uint32_t words);
void columns_fini(struct columns *columns);
uint64_t columns_bytes(const struct columns *columns);

/* Packs the state that is `parent` (packed, with `parent_count` columns) with some changes. `out`
 * has room for columns->words * 8 bytes. Returns how many were used. */
uint32_t columns_pack_changes(struct columns *columns, const unsigned char *parent,
                              uint32_t parent_count, const struct change *changes, uint32_t count,
                              unsigned char *out);
/* Packs all words of a state. */
uint32_t columns_pack(struct columns *columns, const int64_t *words, unsigned char *out);

/* Restores a state from its first `count` columns. `dirty` columns at most may differ from the
 * first state in what `words` holds now. */
void columns_unpack(const struct columns *columns, int64_t *words, uint32_t dirty,
                    const unsigned char *packed, uint32_t count);
/* Whether two packed states are the same. */
bool columns_same(const struct columns *columns, const unsigned char *a, uint32_t a_count,
                  const unsigned char *b, uint32_t b_count);

#endif
