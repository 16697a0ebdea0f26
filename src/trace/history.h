/*
 * The history of a run: every record in its merged order, and what follows from them, arranged so
 * that each question of a frame is answered in time that grows with the size of the answer and at
 * most the logarithm of the run.
 *
 * Two orders. A record's index is its place in the merged order (0, 1, 2 …), which respects every
 * thread and every guard. Its time is for drawing; it grows along each thread and along each
 * guarded object, but records of different threads with nothing in common may be delivered a little
 * out of the order of their times. "At time t" means: after all records of that thread, or object,
 * with a time <= t.
 *
 * Threads: one thread appends (and truncates, and adds problems and console lines); others may ask.
 * Both sides hold history_lock() meanwhile: around a batch of appends, around the questions of a
 * frame. No function here locks by itself.
 *
 * Names: an interval is a stretch of one thread in one state. HISTORY_NONE is "no such record" or
 * "no end yet".
 */
#ifndef THRUM_TRACE_HISTORY_H
#define THRUM_TRACE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thrum/event.h"
#include "trace/catalog.h"
#include "trace/problem.h"

enum lane_state {
#define LANE_STATE(name, words) LANE_##name,
#include "trace/lane_states.def"
#undef LANE_STATE
    LANE_STATES
};

/* "running", "ready, not on a processor" … */
const char *lane_state_words(enum lane_state state);

/* How an object's row looks. */
enum object_state {
    OBJECT_FREE, /* can be had: a lock nobody holds, a semaphore with permits, plain data, an Event
                    not set */
    OBJECT_HELD, /* held (or no permits left), and nobody waits */
    OBJECT_WANTED, /* somebody waits for it */
    OBJECT_SET,    /* an Event that is set */
    OBJECT_BROKEN, /* a broken Barrier */
    OBJECT_STATES
};

#define HISTORY_NONE UINT64_MAX

struct history;

/* The catalog must outlive the history. Threads and objects may be added to it later. */
struct history *history_new(const struct trace_catalog *catalog);
void history_free(struct history *history);
void history_lock(struct history *history);
void history_unlock(struct history *history);
const struct trace_catalog *history_catalog(const struct history *history);

/* ---- writing ---- */

/*
 * Appends a record of `thread`, returns its index. Times must not go backwards within the thread,
 * but SWITCH_… records may come late or early beside its other records, and in any order: the lane
 * is corrected backwards, at a cost that grows with how many of the thread's records come after.
 * At most 2^32 - 1 records, and threads below 65,535: more end the program.
 */
uint64_t history_append(struct history *history, uint32_t thread, const struct thrum_event *event);

/* Tells how far the run's clock has come; open intervals reach to here. Never goes back, except by
 * truncation. */
void history_advance(struct history *history, uint64_t now);

/*
 * Forgets all records from `count` on, and everything that followed from them, exactly as if they
 * had never been appended; problems and console lines of forgotten records go too. The clock
 * becomes `now`, or the latest time that is left. Cheap for short distances. A history that has
 * dropped records can not go back: asking for it ends the program.
 */
void history_truncate(struct history *history, uint64_t count, uint64_t now);

/* Adds a problem; the history takes its texts and empties the caller's struct. Returns its number,
 * from 0. */
size_t history_add_problem(struct history *history, struct problem *problem);

/* Adds a line that `thread` printed; the text is copied. It belongs to the last record appended. */
void history_add_console(struct history *history, uint32_t thread, uint64_t time, const char *text);

/* Adds the words of a note (a mark on the timeline), likewise. */
void history_add_note(struct history *history, uint32_t thread, uint64_t time, const char *text);

/*
 * Keeps the history's own memory under `bytes` (0: no limit) by moving old detail to an unlinked
 * file in `folder` (made if missing), still readable as before, only slower. When the disk is full,
 * the oldest in the file are dropped to make room, and the horizon moves up; with a NULL folder, or
 * when the file cannot be written at all, old detail is dropped without having been moved. What
 * threads and objects are at present stays known. At least 8 MiB, and what does not grow with
 * detail (printed lines, an index of about a byte a record) is counted, but stays. Call before the
 * first append. Default: no limit.
 */
void history_limit(struct history *history, size_t bytes, const char *folder);

struct history_memory {
    size_t resident;  /* bytes in memory of our own */
    size_t spilled;   /* bytes moved to the file */
    uint64_t horizon; /* records before this index have been dropped: questions about them find
                         nothing, those about later ones everything */
    bool failed;      /* the file could not be written, or had no room for all: so records are
                         dropped */
};
struct history_memory history_memory(const struct history *history);

/* Whether it can hold hardly more: most of the 2^32 records, or of its addresses (256 GiB, where
 * the system gives so many), are used up. Whoever goes on appending will end the program. */
bool history_full(const struct history *history);

/* ---- records ---- */

struct history_event {
    struct thrum_event event;
    uint64_t index;
    uint32_t thread;
};

uint64_t history_count(const struct history *history);
uint64_t history_now(const struct history *history);
uint32_t history_threads(
    const struct history *history); /* 1 + the greatest thread number seen or catalogued */

/* False: no record has this index (any more). */
bool history_event_at(const struct history *history, uint64_t index, struct history_event *ret);

/* How many records, from the start, were delivered up to time t: the first index whose time is
 * after t, up to stragglers. */
uint64_t history_index_at(const struct history *history, uint64_t t);

/* The last record with a time <= t, or the first with a time > t, of one thread, of one object;
 * HISTORY_NONE if none. */
uint64_t history_thread_before(const struct history *history, uint32_t thread, uint64_t t);
uint64_t history_thread_after(const struct history *history, uint32_t thread, uint64_t t);
uint64_t history_object_before(const struct history *history, uint32_t object, uint64_t t);
uint64_t history_object_after(const struct history *history, uint32_t object, uint64_t t);

/* The n-th record of a thread (n from 0), and how many there are. */
uint64_t history_thread_count(const struct history *history, uint32_t thread);
uint64_t history_thread_nth(const struct history *history, uint32_t thread, uint64_t n);
uint64_t history_object_count(const struct history *history, uint32_t object);
uint64_t history_object_nth(const struct history *history, uint32_t object, uint64_t n);

/* ---- lanes ---- */

struct lane_interval {
    uint64_t start, end; /* [start, end); end is the history's now when `open` */
    uint64_t since;      /* when the wait began: `start`, or earlier for a stretch that is STUCK */
    enum lane_state state;
    bool open;          /* still going on */
    uint32_t object;    /* what it waits for; THRUM_NONE where that means nothing */
    uint32_t other;     /* the thread it waits for (join); else THRUM_NONE */
    uint32_t source;    /* where it stood */
    uint64_t event;     /* the record that began it; HISTORY_NONE for UNBORN */
    uint64_t end_event; /* the record that ended it; HISTORY_NONE when open */
};

/* The stretch of `thread` that contains t. Never fails: a thread unheard of is UNBORN for ever. */
void history_interval(const struct history *history, uint32_t thread, uint64_t t,
                      struct lane_interval *ret);

/*
 * The first stretch of `thread` in one of the states (bits: 1 << LANE_…) that begins after t, or
 * (`backwards`) the last that begins before t; false: none. One without length does not count.
 */
bool history_next_stretch(const struct history *history, uint32_t thread, uint64_t t,
                          uint32_t states, bool backwards, struct lane_interval *ret);

/* The record that let the wait end which record `end_event` ended; false: none (a time-out, or no
 * wait). */
bool history_waker(const struct history *history, uint64_t end_event, struct history_event *ret);

/* Exact nanoseconds of [t0, t1) in each state; time after now is not counted. */
void history_share(const struct history *history, uint32_t thread, uint64_t t0, uint64_t t1,
                   uint64_t ret_ns[LANE_STATES]);

/* Marks in a column. Where a row covers hundreds of a kind, an even choice of them is looked at;
 * where it covers many openings, none is marked. */
enum {
    MARK_NOTE = 1,    /* a note() of this thread */
    MARK_PROBLEM = 2, /* a problem that concerns this thread or object */
    MARK_BARRIER = 4  /* a barrier opened that this thread waited at, or that it opened */
};

/* So many changes in a column, or some among many around it: they are not counted one by one. */
enum { CELL_MANY = 255 };

struct lane_cell {
    uint8_t
        state; /* enum lane_state that took most of the column; on a tie the later in the enum */
    uint8_t marks;   /* MARK_… or-ed */
    uint8_t changes; /* intervals that begin in this column, or CELL_MANY: more than 1 means merged
                        spans */
    bool filled;     /* part of the run lies in it; else it is in the future */
    uint32_t object; /* what it waited for, if one stretch fills a quarter of the column; or
                         THRUM_NONE */
};

/*
 * A row of the timeline: columns of `column` nanoseconds (at least 1) from t0 on, without marks.
 * Exact at every zoom. Columns after now have state UNBORN for threads not begun, else the last
 * state, and are not filled. A cell follows from its own column alone, so a row may be asked for in
 * parts.
 */
void history_row(const struct history *history, uint32_t thread, uint64_t t0, uint64_t column,
                 size_t columns, struct lane_cell ret[]);

/* Adds the marks to a row. */
void history_mark_row(const struct history *history, uint32_t thread, uint64_t t0, uint64_t column,
                      size_t columns, struct lane_cell cells[]);

/*
 * What a row has said of columns that end at or before `until` stays so for as long as `epoch` is
 * the same: records to come belong after it. A late record of the kernel, truncation, and dropping
 * of old records begin another epoch; no two histories of a process share one. For those who keep
 * rows.
 */
struct row_settled {
    uint64_t until;
    uint64_t epoch;
};
struct row_settled history_row_settled(const struct history *history, uint32_t thread);

/* ---- objects ---- */

struct object_cell {
    uint8_t state;   /* enum object_state that took most of the column; likewise */
    uint8_t marks;   /* MARK_… or-ed */
    uint8_t changes; /* changes of state, holder, waiters or value, likewise; or CELL_MANY */
    bool filled;     /* part of the run lies in it, or the object was never used */
    uint32_t holder; /* who held it at the column's end, else last in it; THRUM_NONE also where both
                        this column and the next have many changes */
};
/* The holder of the last column may come to be known when a further one is asked for. */
void history_object_row(const struct history *history, uint32_t object, uint64_t t0,
                        uint64_t column, size_t columns, struct object_cell ret[]);
void history_mark_object_row(const struct history *history, uint32_t object, uint64_t t0,
                             uint64_t column, size_t columns, struct object_cell cells[]);
struct row_settled history_object_row_settled(const struct history *history, uint32_t object);

struct object_at {
    enum object_state state;
    uint64_t since;  /* when this state, holder or number of waiters began */
    uint32_t holder; /* lock: its owner (a plain Lock: who acquired it last); semaphore: who took a
                        permit last */
    uint64_t holder_since;  /* when that thread got it */
    uint32_t holder_source; /* from where; 0 unknown */
    uint32_t waiters;       /* how many wait for it */
    int64_t value;          /* permits, arrivals inside, depth, or the value of a variable */
};
void history_object_at(const struct history *history, uint32_t object, uint64_t t,
                       struct object_at *ret);

/* Those that wait for `object` at t, in the order they began; returns how many there are, fills in
 * up to `limit`. Where anybody waits, all threads may be looked at. */
struct object_waiter {
    uint32_t thread;
    uint32_t source; /* where it stands */
    uint64_t since;
};
size_t history_waiters(const struct history *history, uint32_t object, uint64_t t, size_t limit,
                       struct object_waiter ret[]);

/* The value of a variable or Atomic at t: the catalog's initial value before its first record. */
int64_t history_value(const struct history *history, uint32_t object, uint64_t t);

/* The record that last changed the value at or before t, and the first that changes it after t;
 * HISTORY_NONE if none. */
uint64_t history_change_before(const struct history *history, uint32_t object, uint64_t t);
uint64_t history_change_after(const struct history *history, uint32_t object, uint64_t t);

/* ---- arrows, lines, words ---- */

struct wake_arrow {
    uint32_t from, to;           /* threads */
    uint64_t from_time, to_time; /* the waker's record and the one that ended the wait */
    uint32_t object;             /* THRUM_NONE for a join */
    uint64_t from_event, to_event;
};
/* How many wake-ups end in [t0, t1], stragglers counted. */
size_t history_wake_count(const struct history *history, uint64_t t0, uint64_t t1);
/* Wake-ups whose end lies in [t0, t1], evenly thinned to `limit`; returns how many were filled in.
 */
size_t history_wakes(const struct history *history, uint64_t t0, uint64_t t1, size_t limit,
                     struct wake_arrow ret[]);

struct barrier_opening {
    uint64_t time;
    uint32_t object;
    uint32_t thread; /* who opened it */
    uint64_t event;
};
/* Openings in [t0, t1], likewise. */
size_t history_opening_count(const struct history *history, uint64_t t0, uint64_t t1);
size_t history_openings(const struct history *history, uint64_t t0, uint64_t t1, size_t limit,
                        struct barrier_opening ret[]);

struct history_line {
    uint64_t time;
    uint64_t event; /* index of the record it belongs to */
    uint32_t thread;
    const char *text; /* the history's; lasts until truncation */
};
size_t history_console_count(const struct history *history);
bool history_console(const struct history *history, size_t n, struct history_line *ret);
/* How many lines were printed up to time t. */
size_t history_console_at(const struct history *history, uint64_t t);
size_t history_note_count(const struct history *history);
bool history_note(const struct history *history, size_t n, struct history_line *ret);
size_t history_note_at(const struct history *history, uint64_t t);

size_t history_problem_count(const struct history *history);
/* NULL: no such number. Lasts until the next problem is added or the history is truncated. */
const struct problem *history_problem(const struct history *history, size_t n);
/* A problem that grows is found again, larger. Whether number n is the form of it to be shown at
 * time t: the last that had been found by then; before the first, the last of all. True for
 * problems that do not grow. */
bool history_problem_stands(const struct history *history, size_t n, uint64_t t);
/* How many problems have a time <= t; problems are kept in the order of their times. */
size_t history_problem_at(const struct history *history, uint64_t t);
/* Whether one that did happen, not only might, has a time in [t0, t1). */
bool history_problem_happened(const struct history *history, uint64_t t0, uint64_t t1);

/* ---- statistics ---- */

struct thread_statistics {
    uint64_t ns[LANE_STATES]; /* up to now */
    uint64_t events;          /* records */
    uint64_t steps;           /* of those, steps of the scenario */
    uint64_t preempted;       /* times the kernel took the processor away */
    uint64_t blocked;         /* times it left the processor itself */
    uint64_t waits;           /* times it waited for an object or a thread */
};
void history_thread_statistics(const struct history *history, uint32_t thread,
                               struct thread_statistics *ret);

struct object_statistics {
    uint64_t events;       /* records */
    uint64_t acquisitions; /* acquires that succeeded; passages of events and barriers */
    uint64_t contended;    /* of those, after a wait */
    uint64_t failed;       /* tries that failed, waits that timed out */
    uint64_t wait_total;   /* ns that threads waited, finished waits only */
    uint64_t wait_max;
    uint64_t hold_total; /* ns it was held, up to now; locks alone */
    uint64_t hold_max;
    uint32_t waiters_max; /* most that waited at once */
};
void history_object_statistics(const struct history *history, uint32_t object,
                               struct object_statistics *ret);

#endif
