/*
 * The names behind the numbers in records: threads, objects, the source text. Whoever starts a run
 * fills it in; the history, the views and the detectors only read. Objects and the source do not
 * change while the run lasts; threads may be added at the end (catalog_add_thread), by the thread
 * that appends to the history and under history_lock(), so readers hold that lock while they look
 * at `threads`.
 */
#ifndef THRUM_TRACE_CATALOG_H
#define THRUM_TRACE_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/vector.h"
#include "thrum/event.h"

enum trace_type {
#define OBJECT_TYPE(name, words, lane) TRACE_##name,
#include "trace/object_types.def"
#undef OBJECT_TYPE
    TRACE_TYPES
};

/* "Lock", "variable" … */
const char *trace_type_words(enum trace_type type);

struct catalog_thread {
    char *name;       /* owned; unique in the run */
    bool daemon;      /* the run does not await its end */
    uint32_t creator; /* the thread that made it, or THRUM_NONE for those of the file */
};

struct catalog_object {
    char *name;           /* owned; as in the scenario: "forks[1]" */
    enum trace_type type; /* plain data (VARIABLE) is what the race detector watches */
    uint32_t guard;  /* whose version the records of this object carry; THRUM_NONE: unversioned */
    uint32_t lock;   /* a CONDITION's lock, by number; else THRUM_NONE */
    int64_t initial; /* value of a VARIABLE or ATOMIC before the run; permits of a semaphore */
    uint32_t limit;  /* parties of a BARRIER; 0 where it means nothing */
    uint32_t source; /* where it is declared; 0 unknown */
};

struct trace_catalog {
    vector(struct catalog_thread) threads; /* index: a ring's `thread` */
    vector(struct catalog_object) objects; /* index: a record's `object` */
    uint64_t step_time;   /* above 0: the run's time counts steps, of so many nanoseconds each */
    char *file;           /* owned; name of the source file, or NULL */
    vector(char *) lines; /* owned; the source's lines without their ends, [0] is line 1 */
};

/* An all-zero catalog is an empty one. */
void catalog_fini(struct trace_catalog *catalog);

/* Copies the name; returns the new number. */
uint32_t catalog_add_thread(struct trace_catalog *catalog, const char *name, bool daemon,
                            uint32_t creator);

/* Copies the name; guard and lock are THRUM_NONE, the rest 0, until the caller sets them. */
uint32_t catalog_add_object(struct trace_catalog *catalog, const char *name, enum trace_type type);

/* Sets the file's name and splits its text into lines; both are copied. */
void catalog_set_source(struct trace_catalog *catalog, const char *file, const char *text);

/* Names that are never NULL: "?" for a number that the catalog does not know. */
const char *catalog_thread_name(const struct trace_catalog *catalog, uint32_t thread);
const char *catalog_object_name(const struct trace_catalog *catalog, uint32_t object);

/* The type, TRACE_OTHER for numbers the catalog does not know. */
enum trace_type catalog_object_type(const struct trace_catalog *catalog, uint32_t object);

/* A time of the run in words: "2.413 s", or "step 12". */
void catalog_time(const struct trace_catalog *catalog, uint64_t time, struct text *out);

/* What a kind of record is called: "acquire", "waits for" …; "unknown" for numbers out of range. */
const char *event_kind_words(unsigned kind);
/* Its name for machine-readable output: "ACQUIRE", "WAIT_BEGIN" …; stable. */
const char *event_kind_name(unsigned kind);

#endif
