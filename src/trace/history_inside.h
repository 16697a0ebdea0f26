/*
 * How the history is laid out; for the history's own files alone.
 *
 * All bulk data are sequences of small blocks from the store, which hands them out in the order of
 * time:
 *
 *     log     2,048 records a block; a record's thread is packed into bits that its kind and its
 *             object leave free
 *     lists   32 record numbers a block: the records of one thread, of one object
 *     lanes   32 segments a block; and a page for every 64 blocks, with the exact time spent in
 *             each state before each of them (prefix sums)
 *     rows    the same for objects
 *
 * The prefix sums lie apart from the segments, because a row zoomed out needs nearly nothing else:
 * they are read in the order of their addresses, which processors are good at.
 *
 * A question about time finds its block by binary search (a row of cells goes on from the block of
 * the column before) and then looks at no more than 32 segments, whatever the zoom and the size.
 *
 * What is not in blocks is the present: `struct thread_now` and `struct object_now`, plain bytes
 * without pointers. A snapshot is a copy of them and of the counts; going back restores one, which
 * shortens every sequence, and appends again what lies between.
 *
 * When a chunk of the store is dropped, of each sequence the last block that began before its end
 * moves out of it: so of what happened since, everything is still there. Blocks kept for reuse are
 * given up. There is no going back then: the snapshots count what is no longer there.
 */
#ifndef THRUM_TRACE_HISTORY_INSIDE_H
#define THRUM_TRACE_HISTORY_INSIDE_H

#include <pthread.h>

#include "base/vector.h"
#include "trace/history.h"
#include "trace/store.h"

#define NO_EVENT UINT32_MAX

enum {
    LOG_SHIFT = 11,
    LOG_BLOCK = 1 << LOG_SHIFT,
    LATEST_SHIFT = 7,
    BLOCK = 32,
    PAGE = 64,
    FIRST_PAGE = 8,
    THREAD_MOST = 0xfffe, /* greatest number of a thread */
    NO_HOLDER = 0xffff
};

/* ---- lists of record numbers ---- */

struct list {
    vector(uint32_t)
        refs;        /* blocks of BLOCK record numbers; may be more than in use, kept for reuse */
    uint32_t oldest; /* the first that has not been dropped */
};

void list_push(struct store *store, struct list *list, uint32_t *count, uint32_t number);
/* Bytes [from, to) of the store are about to be dropped. */
void list_leave(struct store *store, struct list *list, uint32_t count, size_t from, size_t to);
/* HISTORY_NONE when there is no n-th, or it has been dropped. */
uint64_t list_nth(const struct store *store, const struct list *list, uint32_t count, uint64_t n);

/* ---- segments ---- */

/* The segments of a block, of a lane or of a row. A block begins with them. */
struct spans {
    uint32_t count;        /* in use */
    uint32_t delta[BLOCK]; /* start of each, ns after the block's start */
    uint8_t state[BLOCK];  /* enum lane_state, enum object_state */
};

struct lane_block {
    struct spans spans;
    uint32_t object[BLOCK]; /* what is waited for; THRUM_NONE */
    uint32_t event[BLOCK];  /* the record that began it */
};

/* What follows from a segment's record is not kept for each segment, only for one of a block: from
 * there the records of those after it tell. So nobody looks further back than a block. */
struct row_block {
    struct spans spans;
    uint32_t base;        /* which one: the first, or the last whose record has been dropped */
    uint32_t hold_source; /* from where its holder got the object, */
    uint64_t hold_since;  /* when, */
    int64_t value;        /* and the value */
    uint32_t event[BLOCK];
    uint16_t holder[BLOCK];  /* a thread; NO_HOLDER */
    uint16_t waiters[BLOCK]; /* at most 65,535 */
};

/* What lies before a block in its lane or row. */
struct prefix {
    uint64_t segments; /* how many: also the number of the block's first */
    uint64_t ns[];     /* in each state */
};

/* The blocks of one lane or row: where they start and where they are. */
struct track {
    vector(uint64_t) starts;
    vector(uint32_t) refs;
    vector(uint32_t) pages; /* of the prefixes of PAGE blocks each */
    uint32_t states;        /* a bit for each state that a segment has ever had */
    uint32_t oldest;        /* the first block that has not been dropped */
    uint32_t corrections;   /* how often segments were taken off again */
    bool grown;             /* the first page has room for PAGE, else for FIRST_PAGE: most lanes of
                               many threads are short */
};

/* How large what a track refers to is: one for lanes, one for rows. */
struct track_shape {
    size_t block;    /* bytes */
    unsigned states; /* that the segments may have */
};
extern const struct track_shape lane_shape, row_shape;

/* ---- the present ---- */

struct thread_now {
    uint64_t last_time;  /* greatest of its records */
    uint64_t wait_since; /* when the wait for `object` began */
    uint64_t events;     /* statistics */
    uint64_t steps;
    uint64_t preempted;
    uint64_t blocked;
    uint64_t waits;
    uint32_t list;           /* records in its list */
    uint32_t blocks;         /* lane blocks in use */
    uint32_t segments;       /* in the last of them */
    uint32_t object;         /* it waits for; or THRUM_NONE */
    uint32_t other;          /* thread it joins; or THRUM_NONE */
    uint32_t wait_event;     /* the record that began the wait; NO_EVENT: it does not wait */
    uint32_t waited;         /* object it has waited for and not got yet (it tries again) */
    uint32_t end_event;      /* its last step; NO_EVENT */
    uint32_t last_own;       /* its last record that is not the kernel's; NO_EVENT */
    uint32_t blocked_source; /* where the wait began */
    uint8_t logical;         /* enum lane_state by its own records */
    uint8_t kernel;          /* enum kernel_state */
};

enum kernel_state { KERNEL_ON, KERNEL_PREEMPTED, KERNEL_BLOCKED };

struct object_now {
    int64_t value;       /* permits, depth, arrivals inside, a variable's value */
    uint64_t hold_since; /* when the holder got it */
    uint64_t wait_total, wait_max, hold_total, hold_max;
    uint64_t events, acquisitions, contended, failed;
    uint32_t list;
    uint32_t blocks;
    uint32_t segments;
    uint32_t opener;      /* the last record that could end a wait for it; NO_EVENT */
    uint32_t holder;      /* thread, or THRUM_NONE */
    uint32_t hold_source; /* from where the holder got it */
    uint32_t waiters;
    uint32_t waiters_max;
    bool set, broken;
};

struct line {
    uint64_t time;
    uint64_t event;
    char *text; /* owned */
    uint32_t thread;
};
struct lines {
    vector(struct line) lines;
    vector(uint64_t) latest; /* greatest time up to each, for searching */
};

/* Everything that going back must restore. */
struct snapshot {
    uint64_t count;
    uint32_t wakes, openings;
    uint32_t thread_count, object_count;
    struct thread_now *threads; /* owned */
    struct object_now *objects; /* owned */
};

struct history {
    pthread_mutex_t mutex;
    const struct trace_catalog *catalog;
    struct store store;
    uint64_t now;

    uint64_t epoch; /* when it was made, in ns, and once more for each time that records were
                       forgotten: these take longer than 1 ns, so another history has another */

    uint64_t count;              /* records */
    vector(uint32_t) log;        /* blocks of records */
    uint32_t log_oldest;         /* the first of them that has not been dropped */
    vector(uint64_t) log_latest; /* greatest time up to the end of each LATEST records */

    vector(struct thread_now) threads;
    vector(struct list) thread_lists;
    vector(struct track) lanes;

    vector(struct object_now) objects;
    vector(struct list) object_lists;
    vector(struct track) rows;

    struct list wakers,
        woken;            /* of each wake-up the waker's record, and the one that ended a wait */
    uint32_t wakes;       /* how many there are */
    struct list openings; /* records that opened a barrier */
    uint32_t opened;
    struct lines console, notes;
    vector(struct problem) problems;
    vector(uint64_t) happened; /* times of those that are not potential, in order */
    size_t text_bytes;         /* of lines and problems */

    vector(struct snapshot) snapshots;
    uint64_t next_snapshot; /* count at which the next one is taken */
};

static inline struct lane_block *lane_block(const struct history *history, uint32_t thread,
                                            uint32_t block)
{
    return store_at(&history->store, history->lanes.items[thread].refs.items[block]);
}

static inline struct row_block *row_block(const struct history *history, uint32_t object,
                                          uint32_t block)
{
    return store_at(&history->store, history->rows.items[object].refs.items[block]);
}

/* ---- log.c ---- */

/* Unpacked copy of a kept record; index < count. */
void log_get(const struct history *history, uint64_t index, struct history_event *ret);
uint64_t log_time(const struct history *history, uint64_t index);
uint32_t log_thread(const struct history *history, uint64_t index);
/* Asks the processor for a record that will be read soon. */
void log_fetch(const struct history *history, uint64_t index);
/* The greatest time of all. */
uint64_t log_latest(const struct history *history);
/* From this record on the log has all. */
uint64_t log_first(const struct history *history);
/* From this one on everything else is known, too. */
uint64_t log_horizon(const struct history *history);
/* The greatest time before it; 0: nothing has been dropped. */
uint64_t log_horizon_time(const struct history *history);
/* A record that the log has, though before the horizon perhaps; false: dropped, or not yet. */
bool log_read(const struct history *history, uint64_t index, struct history_event *ret);
void log_push(struct history *history, uint32_t thread, const struct thrum_event *event);
void log_cut(struct history *history, uint64_t count);
/* What log_first() will be when the bytes before `to` have been dropped. */
uint64_t log_first_after(const struct history *history, size_t to);
/* Bytes [from, to) of the store are about to be dropped. */
void log_leave(struct history *history, size_t from, size_t to);

/* ---- lanes.c ---- */

/* Lane of a kind: an enum lane_state, LANE_SAME or LANE_WAIT. */
enum { LANE_SAME = LANE_STATES, LANE_WAIT };
unsigned lane_of_kind(unsigned kind);
/* The state of a thread that waits for an object of this type. */
enum lane_state lane_of_wait(enum trace_type type);
/* What shows: the logical state, unless the kernel keeps a running thread off the processor. */
enum lane_state lane_effective(enum lane_state logical, uint8_t kernel);
/* Puts the newest number of the thread's list where its time belongs, after equal ones; returns its
 * place in the list. */
uint32_t lane_sort(struct history *history, uint32_t thread, uint64_t time);
/* Takes record number `index` into the thread's lane; it has `place` in the thread's list. */
void lane_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                uint32_t index, uint32_t place);

/* ---- lane_rows.c ---- */

/* ns in each state from the start until now, dropped stretches too. */
void lane_totals(const struct history *history, uint32_t thread, uint64_t ret_ns[LANE_STATES]);

/* What the thread waits for at t; THRUM_NONE. */
uint32_t lane_object(const struct history *history, uint32_t thread, uint64_t t);

/* ---- object_rows.c ---- */

/* Bytes [from, to) of the store are about to be dropped, and the records before `first`: what these
 * told of the oldest block that stays, it tells by itself. */
void row_leave(struct history *history, uint32_t object, uint64_t first, size_t from, size_t to);

/* ---- rows.c ---- */

bool row_is_lock(enum trace_type type);
enum object_state row_state(const struct object_now *now, enum trace_type type);

/* Takes a record into the states of the objects it concerns. */
void rows_apply(struct history *history, uint32_t thread, const struct thrum_event *event,
                uint32_t index);
/* A wait for `object` began; one is over at `time`, after `waited` ns. */
void rows_wait_ended(struct history *history, uint32_t object, uint64_t time, uint64_t waited,
                     uint32_t index);
void rows_wait_began(struct history *history, uint32_t object, uint64_t time, uint32_t index);

/* ---- track.c: the blocks of lanes and rows ---- */

/* Of blocks in the order of time, the last that began before byte `to` of the store; not before
 * `oldest`, which may lie elsewhere. */
uint32_t oldest_after(const uint32_t *refs, uint32_t oldest, uint32_t blocks, size_t to);
/* Moves a block of `size` bytes, if it lies in bytes [from, to). */
void block_leave(struct store *store, uint32_t *ref, size_t size, size_t from, size_t to);

/* Makes block number `n` ready to be filled, from `start` on: a fresh or a spare one, zeroed, and
 * its prefix. */
void *track_open(struct store *store, struct track *track, const struct track_shape *shape,
                 uint32_t n, uint64_t start);
/* Bytes [from, to) of the store are about to be dropped. */
void track_leave(struct store *store, struct track *track, const struct track_shape *shape,
                 uint32_t blocks, size_t from, size_t to);

static inline size_t track_prefix_size(const struct track_shape *shape)
{
    return sizeof(struct prefix) + shape->states * sizeof(uint64_t);
}

/* The prefix of block `n`. */
static inline struct prefix *track_prefix(const struct store *store, const struct track *track,
                                          const struct track_shape *shape, uint32_t n)
{
    char *page = store_at(store, track->pages.items[n / PAGE]);
    return (struct prefix *)(page + n % PAGE * track_prefix_size(shape));
}

/* Last block in use with a start <= t, from `from` on (whose start is <= t); gallops. */
uint32_t track_find(const struct track *track, uint32_t blocks, uint32_t from, uint64_t t);
/* The same; looks first at `stride` blocks after `from`. */
uint32_t track_find_near(const struct track *track, uint32_t blocks, uint32_t from, uint32_t stride,
                         uint64_t t);
void track_fini(struct track *track);
/* What it has on the heap, the struct included. */
size_t track_heap(const struct track *track);

/* ---- columns.c: which state took most of each column ---- */

/* A lane or a row as a sequence of blocks. */
struct sequence {
    const struct store *store;
    const struct track *track;
    const struct track_shape *shape;
    uint32_t blocks; /* in use, at least one */
    uint32_t oldest; /* the first that is kept */
};

struct sequence lane_sequence(const struct history *history, uint32_t thread);
struct sequence row_sequence(const struct history *history, uint32_t object);

static inline const struct spans *sequence_spans(const struct sequence *sequence, uint32_t block)
{
    return store_at(sequence->store, sequence->track->refs.items[block]);
}

/* When the first kept segment begins. */
static inline uint64_t sequence_birth(const struct sequence *sequence)
{
    return sequence->track->starts.items[sequence->oldest];
}

/* Where time t, which is not before the birth, lies. */
struct spot {
    uint32_t block, slot;
};
struct spot sequence_find(const struct sequence *sequence, uint64_t t);

/* How far a row of it is settled. */
struct row_settled sequence_settled(const struct history *history, const struct sequence *sequence);

/* ns in each state up to t, which is not before the birth. */
void sequence_sums(const struct sequence *sequence, uint64_t t, uint64_t *ret);

/* An end of a column. */
struct edge {
    uint64_t at;    /* ns */
    uint32_t block; /* that contains it */
    uint32_t near;  /* the block whose start is nearest to it: this one or the next */
    uint32_t slot;  /* of the segment that contains it; when settled */
    bool settled;
};

/*
 * Goes through the columns of a row from left to right. A column that lies in one segment costs
 * next to nothing. One that spans blocks is mostly decided by the prefixes at the boundaries of
 * blocks nearest to its ends: what lies between these and the ends can then not change who is
 * first. Only where it could are the segments at its ends gone through.
 */
enum { COLUMNS_AHEAD = 16 };
struct columns {
    struct sequence sequence;
    uint64_t width, end; /* of a column; of time */
    uint64_t at;         /* where the next column begins */
    uint64_t before;     /* ns of that column before the birth, in this state */
    uint8_t unborn;
    uint8_t guess;               /* the state of a column before: mostly the next one's too */
    struct edge edges[2], *edge; /* where it begins, if not before the birth; and the next one */
    uint32_t states;             /* that occur, */
    uint8_t state[LANE_STATES];  /* in ascending order */
    struct {
        uint32_t block, near;
    } ahead[COLUMNS_AHEAD]; /* a ring: where the next columns end */
    uint32_t looked, taken; /* how many were put into it, taken out */
    struct found {
        uint32_t block;
        uint64_t start, end;  /* of it; UINT64_MAX for the last */
    } found;                  /* the last block put in, */
    uint32_t stride;          /* and how far the one before it was */
    uint64_t looked_at;       /* the time it contains */
    uint32_t segments_wanted; /* for so many columns segments are asked for ahead */
};

/* What is known of a column. */
struct column {
    uint8_t state;    /* that took most of it */
    uint8_t changes;  /* segments that begin in it; CELL_MANY: not counted */
    bool exact;       /* `from` and `to` are known: always, unless there are many changes */
    struct spot from; /* the segment at its start, at its end */
    struct spot to;
};

/* From t0 on, which lies in [birth - width, end). What lies before the birth is of state `unborn`.
 */
void columns_begin(struct columns *columns, const struct sequence *sequence, uint64_t t0,
                   uint64_t width, uint64_t end, uint8_t unborn);
/* The next column, which begins before the end. */
void columns_next(struct columns *columns, struct column *ret);

/* ---- lines.c ---- */

void lines_cut(struct history *history, uint64_t count);
void lines_fini(struct history *history);

/* ---- history.c ---- */

struct object_now *object_get(struct history *history, uint32_t object);

#endif
