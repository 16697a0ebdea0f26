/*
 * Memory of the history: one reserved stretch of addresses, filled from its start, whose oldest
 * part can be moved to a file without changing an address, or dropped.
 *
 * Blocks are handed out in the order of time, so the oldest chunks hold the oldest detail of every
 * thread and object. Moving a chunk writes it to an unlinked file and maps that part of the file
 * over the same addresses (MAP_FIXED, MAP_SHARED): the kernel may then take the pages away and
 * bring them back, and readers notice nothing. Dropping gives the pages back and they read as zero;
 * whoever keeps references asks store_kept(). When the disk is full, the oldest chunks in the file
 * are dropped to make room; when it can not be written for another reason, all of them are, since
 * what follows them is lost.
 *
 * A reference is a 32-bit count of 64-byte units from the start, so it costs half a pointer. Not
 * thread-safe.
 */
#ifndef THRUM_TRACE_STORE_H
#define THRUM_TRACE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_UNIT = 64, STORE_CHUNK = 2 << 20 };

struct store {
    char *base;      /* start of the reserved addresses, aligned to a chunk */
    void *mapping;   /* what was reserved, a chunk more */
    size_t reserved; /* bytes reserved */
    size_t used;     /* bytes handed out, from the start */
    size_t opened;   /* bytes made readable and writable, whole chunks */
    size_t cold;     /* bytes of the oldest chunks that are in the file or dropped */
    size_t kept;     /* bytes of the oldest chunks that were dropped: what lies below is gone */
    size_t limit;    /* bytes that may be resident; 0: no limit */
    size_t besides;  /* bytes that the owner has elsewhere and counts under the limit */
    int file;        /* unlinked file, or -1 */
    bool dropping;   /* cold chunks are dropped, there is no file or it failed for good */
    bool failed;     /* the file could not be written, or had no room for all */
    bool cooling;    /* inside the loop that cools: it does not nest */
    /* Called before bytes [from, to) are dropped: who still writes there moves away (may allocate).
     * May be NULL. */
    void (*leave)(void *context, size_t from, size_t to);
    void *leave_context;
};

/* Reserves addresses; out of them ends the program. */
void store_init(struct store *store);
void store_fini(struct store *store);

/* A limit of at least 8 MiB in bytes, and a folder for the file or NULL. */
void store_limit(struct store *store, size_t bytes, const char *folder);

/* A zeroed block of `size` bytes, at most a chunk, aligned to STORE_UNIT, that does not cross
 * chunks. Returns its reference. */
uint32_t store_alloc(struct store *store, size_t size);

static inline void *store_at(const struct store *store, uint32_t reference)
{
    return store->base + (size_t)reference * STORE_UNIT;
}

/* Whether the block is still there. */
static inline bool store_kept(const struct store *store, uint32_t reference)
{
    return (size_t)reference * STORE_UNIT >= store->kept;
}

#endif
