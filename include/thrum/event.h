/*
 * The record: one thing that one thread did, in 32 bytes.
 *
 * A record does not name its thread; the ring it travels in does (thrum/ring.h). Everything here is
 * plain data and compiles as C11 and as C++11. Rules for those who emit:
 *
 * - `time` is in nanoseconds on one clock for the whole run, and within a thread it never goes
 * backwards. For a thing with a guard it never goes backwards from version to version either: stamp
 * max(now, the thread's last + 1, the thing's last + 1), see thrum_time_after().
 * - `version` orders the accesses of a guarded thing. The guard's counter starts at 0; whoever
 * holds the guard raises it by one for every record (thrum_version_after()) and stores the new
 * number, so the first record of a guard has version 1. A thing without a guard has version 0 and
 * is ordered by its thread alone.
 * - `source` is line << 12 | column, both counted from 1 (THRUM_SOURCE); 0 is "no place".
 * - A record that is a step of the scenario carries THRUM_STEP. Several records that are one
 * indivisible step (an `atomic:` block) carry THRUM_MORE on all but the last; the last one is
 * THRUM_ATOMIC_BLOCK.
 */
#ifndef THRUM_EVENT_H
#define THRUM_EVENT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thrum_event {
    uint64_t time;     /* nanoseconds since the start of the run, or of an arbitrary point */
    int64_t value;     /* what the kind says; 0 where it says nothing */
    uint32_t object;   /* the thing's number in the catalog, below 2^24 - 1; or THRUM_NONE */
    uint32_t version;  /* the guard's counter after this record; 0 without a guard */
    uint32_t source;   /* line << 12 | column; 0 unknown */
    uint16_t kind;     /* enum thrum_event_kind, below 256 */
    uint8_t processor; /* where it ran, or THRUM_NO_PROCESSOR */
    uint8_t flags;     /* THRUM_STEP and the like, or-ed */
};

#ifdef __cplusplus
static_assert(sizeof(struct thrum_event) == 32, "a record is 32 bytes");
#else
_Static_assert(sizeof(struct thrum_event) == 32, "a record is 32 bytes");
#endif

#define THRUM_NONE         0xffffffffu /* no object, no thread, no guard */
#define THRUM_NO_PROCESSOR 0xffu

#define THRUM_SOURCE(line, column)  ((uint32_t)(line) << 12 | ((uint32_t)(column)&0xfffu))
#define THRUM_SOURCE_LINE(source)   ((uint32_t)(source) >> 12)
#define THRUM_SOURCE_COLUMN(source) ((uint32_t)(source)&0xfffu)

enum thrum_event_flags {
    THRUM_STEP = 1, /* a step of the scenario */
    THRUM_MORE = 2, /* the next record of this thread belongs to the same indivisible step */
    THRUM_RESULT =
        4, /* the boolean answer was True (is_set, is_alive, locked, a condition's wait) */
    THRUM_TIMED = 8,      /* this wait has a time-out */
    THRUM_TIMED_OUT = 16, /* ended by the time-out (a barrier broken by it, a join given up) */
    THRUM_TRY = 32        /* this acquire would not have waited (blocking=False) */
};

/*
 * X(NAME, "words", LANE, "value: meaning")
 *
 * LANE is the state the emitting thread is in from this record on: a name of trace/lane_states.def,
 * SAME when the record does not change it, WAIT when the object's type says (BLOCKED on a lock or a
 * semaphore, else WAITING).
 */
#define THRUM_EVENT_KINDS(X)                                                                       \
    X(NONE, "nothing", SAME, "")                                                                   \
    X(LOST, "lost records", SAME, "value: how many were dropped before this one")                  \
    /* threads; `object` is the register of threads, where there is one */                         \
    X(THREAD_CREATED, "creates thread", RUNNING, "value: the new thread's number")                 \
    X(THREAD_START, "starts thread", RUNNING, "value: the started thread's number")                \
    X(THREAD_BEGIN, "begins", RUNNING, "the thread's first record")                                \
    X(THREAD_END, "ends", FINISHED, "the thread's last step")                                      \
    X(THREAD_DIED, "dies of an exception", FINISHED, "value: the exception; its last step")        \
    X(JOIN_BEGIN, "waits for the end of", WAITING, "value: the awaited thread")                    \
    X(JOIN, "joined", RUNNING, "value: the thread that was seen to have ended")                    \
    X(JOIN_TIMED_OUT, "gave up joining", RUNNING, "value: the awaited thread, still alive")        \
    X(IS_ALIVE, "asks is_alive", RUNNING, "value: the thread asked about; RESULT: it was alive")   \
    X(AFTER_BEGIN, "after: begins", RUNNING, "ordered after the last step of every ended thread")  \
    /* data */                                                                                     \
    X(LOAD, "load", RUNNING, "value: what was read; a plain access")                               \
    X(STORE, "store", RUNNING, "value: what was written; a plain access")                          \
    X(ATOMIC_LOAD, "atomic load", RUNNING, "value: what was read")                                 \
    X(ATOMIC_STORE, "atomic store", RUNNING, "value: what was written")                            \
    X(ATOMIC_ADD, "add", RUNNING, "value: the sum, as stored")                                     \
    X(ATOMIC_SWAP, "swap", RUNNING, "value: what was stored")                                      \
    X(ATOMIC_CAS, "cas succeeded", RUNNING, "value: what was stored")                              \
    X(ATOMIC_CAS_FAILED, "cas failed", RUNNING, "value: what was found")                           \
    X(ATOMIC_BLOCK, "atomic block", RUNNING, "ends the records of an atomic: block; no object")    \
    /* locks and semaphores */                                                                     \
    X(ACQUIRE, "acquire", RUNNING, "value: depth of a lock, or permits left")                      \
    X(TRY_FAILED, "try failed", RUNNING,                                                           \
      "a non-blocking try, or a timed one with nothing to wait")                                   \
    X(TIMED_OUT, "timed out", RUNNING, "the wait for this object was given up")                    \
    X(RELEASE, "release", RUNNING, "value: depth left of a lock, or permits now")                  \
    X(LOCKED, "asks locked", RUNNING, "RESULT: it was locked")                                     \
    X(INSPECT, "looks at", RUNNING, "value: what it saw (n_waiting, broken …); orders nothing")    \
    X(WAIT_BEGIN, "waits for", WAIT, "value: time-out in ns, or -1; a step only when timed")       \
    X(WAKE, "was woken", RUNNING, "value: the waker's number or -1; it tries again")               \
    /* conditions: `object` is the condition, its lock stands in the catalog */                    \
    X(COND_WAIT, "releases and waits", WAITING, "value: time-out in ns, or -1")                    \
    X(COND_TIMED_OUT, "wait timed out", RUNNING, "it still needs the lock again")                  \
    X(COND_REACQUIRED, "wait returns", RUNNING,                                                    \
      "has the lock again; value: depth; RESULT: notified")                                        \
    X(NOTIFY, "notify", RUNNING, "value: how many waiters it took, oldest first")                  \
    /* events */                                                                                   \
    X(EVENT_SET, "set", RUNNING, "")                                                               \
    X(EVENT_CLEAR, "clear", RUNNING, "")                                                           \
    X(EVENT_IS_SET, "asks is_set", RUNNING, "RESULT: it was set")                                  \
    X(EVENT_WAIT, "passed the event", RUNNING, "saw it set, or was woken by set")                  \
    /* barriers: ARRIVE, then WAIT_BEGIN unless last, then DEPART or BROKEN */                     \
    X(BARRIER_ARRIVE, "arrives", RUNNING, "value: arrival index")                                  \
    X(BARRIER_OPEN, "opens the barrier", RUNNING,                                                  \
      "value: parties; by the last one, after the action")                                         \
    X(BARRIER_DEPART, "passes the barrier", RUNNING, "value: arrival index")                       \
    X(BARRIER_BROKEN, "finds the barrier broken", RUNNING, "TIMED_OUT: its own time-out broke it") \
    X(BARRIER_ABORT, "aborts the barrier", RUNNING, "")                                            \
    X(BARRIER_RESET, "resets the barrier", RUNNING, "")                                            \
    /* time and processor */                                                                       \
    X(SLEEP_BEGIN, "sleeps", SLEEPING, "value: ns")                                                \
    X(SLEEP_END, "slept", RUNNING, "")                                                             \
    X(IO_BEGIN, "does I/O", IO, "value: ns")                                                       \
    X(IO_END, "I/O done", RUNNING, "")                                                             \
    X(COMPUTE_BEGIN, "computes", COMPUTING, "value: ns")                                           \
    X(COMPUTE_END, "computed", RUNNING, "")                                                        \
    X(YIELD, "yields", RUNNING, "")                                                                \
    X(TURN, "goes round", RUNNING, "a loop's turn without a visible operation")                    \
    /* words */                                                                                    \
    X(PRINT, "print", RUNNING, "value: the text's hash")                                           \
    X(NOTE, "note", RUNNING, "value: the text's hash")                                             \
    X(RANDINT, "randint", RUNNING, "value: the number")                                            \
    X(ASSERT_FAILED, "assertion failed", RUNNING, "")                                              \
    X(RAISE, "raises", RUNNING, "value: the exception")                                            \
    /* the run itself */                                                                           \
    X(RECORDER_BEGIN, "waits for the recorder", RECORDER, "its ring is full")                      \
    X(RECORDER_END, "recorder has room", RUNNING, "")                                              \
    X(PACE_BEGIN, "held by the pace", PAUSED, "value: ns")                                         \
    X(PACE_END, "let go by the pace", RUNNING, "")                                                 \
    X(RUN_PAUSED, "run paused", SAME, "")                                                          \
    X(RUN_RESUMED, "run resumed", SAME, "")                                                        \
    X(STUCK, "is stuck", STUCK, "can never move again; the history fills in what it waits for")    \
    /* what the kernel did with the thread: these may come late */                                 \
    X(SWITCH_PREEMPTED, "preempted", SAME, "still ready; off the processor")                       \
    X(SWITCH_BLOCKED, "left the processor", SAME, "blocked in the kernel")                         \
    X(SWITCH_IN, "on processor", SAME, "value: the processor")                                     \
    /* the interpreter lock */                                                                     \
    X(GIL_WAIT, "waits for the GIL", GIL_WAIT, "")                                                 \
    X(GIL_TAKE, "takes the GIL", RUNNING, "")                                                      \
    X(GIL_DROP, "drops the GIL", SAME, "RESULT: it was asked to")

enum thrum_event_kind {
#define THRUM_KIND_ENTRY(name, words, lane, meaning) THRUM_KIND_##name,
    THRUM_EVENT_KINDS(THRUM_KIND_ENTRY)
#undef THRUM_KIND_ENTRY
        THRUM_KINDS
};

#ifdef __cplusplus
static_assert(THRUM_KINDS <= 256, "the history keeps a kind in one byte");
#else
_Static_assert(THRUM_KINDS <= 256, "the history keeps a kind in one byte");
#endif

/* The time to stamp: now, unless the thread's or the thing's last stamp is not before it. */
static inline uint64_t thrum_time_after(uint64_t now, uint64_t thread_last, uint64_t thing_last)
{
    uint64_t time = now > thread_last ? now : thread_last + 1;
    return time > thing_last ? time : thing_last + 1;
}

/* The version after this one: the next number, and after the highest 1 again, since 0 says that
 * there is no guard. */
static inline uint32_t thrum_version_after(uint32_t version)
{
    return version == 0xffffffffu ? 1 : version + 1;
}

#ifdef __cplusplus
}
#endif

#endif
