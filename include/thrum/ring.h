/*
 * The ring: how records leave a thread. One producer (the thread), one consumer (the collector),
 * header-only; C11 and C++11, gcc and clang.
 *
 * Who writes what, apart from each other by a cache line:
 *
 *     producer:  next, cached_tail, … (private)            head  -- published, release --> consumer
 *     consumer:                                            tail  -- given back, release -->
 * producer
 *
 * Invariants: tail <= head <= next <= tail + capacity, all counted from 0 for ever: 64 bits do not
 * wrap in a lifetime, and if they did nothing would happen, as only differences are looked at.
 * Slots in [tail, head) belong to the consumer, all others to the producer. So a producer that is
 * interrupted in the midst of a record, for however long, has not published it, and nobody sees
 * half of it. The dangerous interleaving is a producer that reuses a slot which is still being
 * copied:
 *
 *     consumer                                  producer
 *     copies slot 5
 *     tail = 6, release          ------>        acquires tail: 6
 *                                               next = 5 + capacity: may write slot 5
 *
 * Without the release the copy could be read after the new record was written. In the other
 * direction head's release makes the record's bytes visible before the number that says they are
 * there. The producer caches tail, so in the steady state an emit touches no line that the consumer
 * writes (Lamport's queue of 1983 with the cached index and the batched publishing of MCRingBuffer,
 * Lee, Bu and Chandranmenon 2010).
 *
 * Two ways of use:
 *
 * - A program that only emits: thrum_emit(). Records are published every 16 (`batch`), so call
 * thrum_ring_publish() before anything that may block, and thrum_ring_close() at the thread's end.
 * A full ring drops the newest record and counts it; when there is room again a THRUM_KIND_LOST
 * record says how many. Always, once the ring is closed and drained: `emitted = delivered + lost`,
 * THRUM_KIND_LOST records counted on neither side.
 * - A scenario's thread loses nothing: batch 1, thrum_ring_reserve() before it takes a guard
 * (false: full, park and let the collector run), then thrum_emit_at() under the guard, which then
 * cannot fail.
 *
 * Who may call: "producer" functions the ring's thread alone, "consumer" ones the collector's
 * alone, each side without regard to the other; "owner" ones whoever has the ring while neither
 * uses it. A side may pass to another thread if something orders the two, as pthread_create() and
 * pthread_join() do. So when a thread ended without closing its ring, who joined it may close it:
 * that publishes what the thread had left. Rings stand anywhere in the memory of one process, also
 * where malloc() puts them, and are neither copied nor moved.
 *
 * Signals: a handler that interrupts an emit must not emit to the same ring; give it one of its
 * own. fork(): the child has a copy of each ring that nobody drains, and emits to it without harm;
 * to record there, it initialises rings anew for a collector of its own.
 *
 * Progress: thrum_emit, thrum_emit_at, thrum_ring_reserve, thrum_ring_publish, thrum_ring_drain are
 * wait-free (where the processor has no atomic or, the publish that must set its bit of the news is
 * lock-free). Nothing here allocates, locks, or makes a system call, but thrum_clock_init() (a few
 * milliseconds) and clock_gettime() where the TSC is not invariant.
 */
#ifndef THRUM_RING_H
#define THRUM_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "thrum/event.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined(CLOCK_MONOTONIC)
#define THRUM_CLOCK_MONOTONIC CLOCK_MONOTONIC
#elif defined(__linux__) && defined(__LP64__)
/* Strict -std=c11 hides what POSIX adds to <time.h>; the C library has it all the same. */
#define THRUM_CLOCK_MONOTONIC 1
extern int clock_gettime(int clock, struct timespec *now);
#else
#error "thrum/ring.h needs POSIX clocks: compile with -std=gnu11, or with -D_POSIX_C_SOURCE=200809L"
#endif

/* ---- the clock ---- */

/* How to read the time. Written once by thrum_clock_init(), then constant; any number of rings and
 * threads share it. */
struct thrum_clock {
    uint64_t origin;      /* TSC ticks at time 0; or CLOCK_MONOTONIC nanoseconds at time 0 */
    uint64_t nanoseconds; /* per tick, times 2^32 */
    uint32_t ticks;       /* 1: the TSC is invariant and is read; 0: CLOCK_MONOTONIC is */
};

/* CLOCK_MONOTONIC in nanoseconds. Any thread; async-signal-safe. */
static inline uint64_t thrum_clock_monotonic(void)
{
    struct timespec now;
    clock_gettime(THRUM_CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ticks * nanoseconds / 2^32, with all 128 bits of the product. Pure. */
static inline uint64_t thrum_clock_scale(uint64_t ticks, uint64_t nanoseconds)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)ticks * nanoseconds >> 32);
#else
    uint64_t high = nanoseconds >> 32, low = nanoseconds & 0xffffffffu;
    return ticks * high + (ticks >> 32) * low + ((ticks & 0xffffffffu) * low >> 32);
#endif
}

/* nanoseconds * 2^32 / ticks, of two spans measured together; `ticks` is not 0. Pure. */
static inline uint64_t thrum_clock_rate_(uint64_t nanoseconds, uint64_t ticks)
{
    /* a process that was stopped meanwhile has measured seconds or hours: the lowest bits go */
    while (nanoseconds >> 32 && ticks > 1) {
        nanoseconds >>= 1;
        ticks >>= 1;
    }
    return (nanoseconds << 32) / ticks;
}

/* Nanoseconds since thrum_clock_init(). Any thread. Orders nothing: the processor may read it a
 * little before or after what stands beside it in the program. */
static inline uint64_t thrum_clock_now(const struct thrum_clock *clock)
{
#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_expect(clock->ticks != 0, 1))
        return thrum_clock_scale(__builtin_ia32_rdtsc() - clock->origin, clock->nanoseconds);
#endif
    return thrum_clock_monotonic() - clock->origin;
}

/*
 * The same, but not before the loads that precede it in the program: a plain rdtsc may run ahead of
 * an acquire by some 200 ns. For stamps under a guard. Any thread.
 */
static inline uint64_t thrum_clock_now_ordered(const struct thrum_clock *clock)
{
#if defined(__x86_64__)
    __builtin_ia32_lfence(); /* <x86intrin.h> would take half a second to compile */
#endif
    return thrum_clock_now(clock);
}

#if defined(__x86_64__) || defined(__i386__)
/* The TSC and CLOCK_MONOTONIC at one moment: of several tries the one that took least, as a
 * preemption may lie between. Any thread. */
static inline uint64_t thrum_clock_pair_(uint64_t *ret_ticks)
{
    uint64_t best = UINT64_MAX, time = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t before = __builtin_ia32_rdtsc(), now = thrum_clock_monotonic(),
                 after = __builtin_ia32_rdtsc();
        if (after - before >= best)
            continue;
        best = after - before;
        time = now;
        *ret_ticks = before + best / 2;
    }
    return time;
}
#endif

/*
 * Makes now the time 0. Uses the TSC where the processor says that it is invariant, and measures
 * its rate against CLOCK_MONOTONIC for about 4 ms (error about 20 ppm). Owner: call once, before
 * the threads that read it start, as pthread_create() is what shows it to them.
 */
static inline void thrum_clock_init(struct thrum_clock *clock)
{
    memset(clock, 0, sizeof *clock);
#if defined(__x86_64__) || defined(__i386__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8))) {
        uint64_t ticks0 = 0, ticks1 = 0, time0 = thrum_clock_pair_(&ticks0), time1;
        while (thrum_clock_monotonic() - time0 < 4000000u)
            continue;
        time1 = thrum_clock_pair_(&ticks1);
        if (ticks1 > ticks0) {
            clock->nanoseconds = thrum_clock_rate_(time1 - time0, ticks1 - ticks0);
            clock->origin = ticks1;
            clock->ticks = 1;
            return;
        }
    }
#endif
    clock->origin = thrum_clock_monotonic();
}

/* ---- the ring ---- */

/*
 * Which rings have news: one bit a ring, so that a collector of 4,096 mostly idle rings need not
 * look at each. A bit is a hint: the producer skips setting one that looks set, so news can be
 * missed for a while; the collector looks at every ring now and then. All accesses are atomic and
 * relaxed: what a bit hints at is ordered by the ring's head.
 */
struct thrum_news {
    uint64_t words[64]; /* bit n: ring number n published something */
};

struct thrum_ring {
    /* constant after thrum_ring_init(), but `number` and `news`, which the collector sets before
     * the first emit */
    struct thrum_event *slots; /* capacity records, owned by the caller of thrum_ring_init() */
    uint64_t mask;             /* capacity - 1 */
    const struct thrum_clock *clock; /* for thrum_emit(); not owned */
    struct thrum_news *news;         /* or NULL; not owned */
    uint32_t number;                 /* bit in `news`, given by the collector */
    uint32_t thread;                 /* whose records these are: its number in the catalog */
    uint32_t batch;                  /* publish at every multiple of this, a power of two */

    /* the producer's own */
    unsigned char apart_a[64];
    uint64_t next;         /* records written */
    uint64_t cached_tail;  /* tail as last seen */
    uint64_t lost;         /* records dropped because the ring was full */
    uint64_t lost_unsaid;  /* dropped since the last THRUM_KIND_LOST record */
    uint64_t lost_records; /* THRUM_KIND_LOST records written */
    uint64_t last_time;    /* stamp of the last record */

    /* written by the producer, read by the consumer */
    unsigned char apart_b[64];
    uint64_t head;   /* records published; release, pairs with the acquire in thrum_ring_drain() */
    uint32_t closed; /* 1: no more will come; release after the last head, pairs with the acquire in
                        thrum_ring_is_closed() */

    /* written by the consumer, read by the producer */
    unsigned char apart_c[64];
    uint64_t tail; /* records given back; release, pairs with the acquire in thrum_ring_room() */
    unsigned char apart_d[72]; /* whole lines, for those who align it to them */
};

/*
 * Owner: an empty ring for `thread`. `capacity` is a power of two, at least 32; `slots` has room
 * for as many records and stays the caller's, until the ring is drained for the last time. `batch`
 * is a power of two below `capacity`: 16 for programs that only emit, 1 for scenarios. `clock`
 * outlasts the ring, and may be NULL when only thrum_emit_at() is used. Also makes a drained ring
 * of an ended thread ready for another thread.
 */
static inline void thrum_ring_init(struct thrum_ring *ring, struct thrum_event *slots,
                                   uint64_t capacity, uint32_t thread, uint32_t batch,
                                   const struct thrum_clock *clock)
{
    memset(ring, 0, sizeof *ring);
    ring->slots = slots;
    ring->mask = capacity - 1;
    ring->clock = clock;
    ring->thread = thread;
    ring->batch = batch;
}

/* Producer: how many records fit now. Looks at the consumer's line, with acquire, only when fewer
 * than `wanted` are known to fit. */
static inline uint64_t thrum_ring_room(struct thrum_ring *ring, uint64_t wanted)
{
    uint64_t room = ring->mask + 1 - (ring->next - ring->cached_tail);
    if (__builtin_expect(room < wanted, 0)) {
        /* acquire: the consumer's copies of the slots it gave back happened before */
        ring->cached_tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
        room = ring->mask + 1 - (ring->next - ring->cached_tail);
    }
    return room;
}

/*
 * Producer: whether `count` records fit, and before them the word of what was lost, if there is
 * some to say; if so, the next `count` calls of thrum_emit_at() succeed. Memory order as
 * thrum_ring_room(). While it says false, let the consumer see what was written
 * (thrum_ring_publish()) and wait.
 */
static inline bool thrum_ring_reserve(struct thrum_ring *ring, uint64_t count)
{
    count += ring->lost_unsaid != 0;
    return thrum_ring_room(ring, count) >= count;
}

/* Producer: lets the consumer see all that was written, with release. Before anything that may
 * block, and, if records have versions, before another thread can take the guard. */
static inline void thrum_ring_publish(struct thrum_ring *ring)
{
    /* release: the records' bytes before the number that says they are there */
    __atomic_store_n(&ring->head, ring->next, __ATOMIC_RELEASE);
    if (ring->news) {
        uint64_t bit = 1ull << (ring->number & 63);
        uint64_t *word = &ring->news->words[ring->number >> 6 & 63];
        /* relaxed: only a hint; what it hints at is ordered by head */
        if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit))
            __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
    }
}

/* Producer: writes the next record into a slot that is known to be free. */
static inline void thrum_ring_put_(struct thrum_ring *ring, uint64_t time, uint16_t kind,
                                   uint8_t flags, uint8_t processor, uint32_t object,
                                   uint32_t version, uint32_t source, int64_t value)
{
    struct thrum_event *slot = &ring->slots[ring->next & ring->mask];
    slot->time = time;
    slot->value = value;
    slot->object = object;
    slot->version = version;
    slot->source = source;
    slot->kind = kind;
    slot->processor = processor;
    slot->flags = flags;
    ring->next++;
    if ((ring->next & (ring->batch - 1)) == 0)
        thrum_ring_publish(ring);
}

/* Producer: writes the word of what was lost, into a slot that is known to be free. */
static inline void thrum_ring_say_lost_(struct thrum_ring *ring, uint64_t time)
{
    int64_t lost = (int64_t)ring->lost_unsaid;
    ring->lost_unsaid = 0;
    ring->lost_records++;
    thrum_ring_put_(ring, time, THRUM_KIND_LOST, 0, THRUM_NO_PROCESSOR, THRUM_NONE, 0, 0, lost);
}

/* Producer: the slow path of a ring that is full or was. Returns whether a record may be written
 * now. */
static inline bool thrum_ring_recover_(struct thrum_ring *ring, uint64_t time)
{
    if (thrum_ring_room(ring, 2) < 2) {
        ring->lost++;
        ring->lost_unsaid++;
        thrum_ring_publish(ring);
        return false;
    }
    if (ring->lost_unsaid)
        thrum_ring_say_lost_(ring, time);
    return true;
}

/*
 * Producer: writes one record with a given time, not before the thread's last. It is published with
 * its batch (release). False: the ring was full, the record is dropped and counted; never after a
 * reserve that said true. A record with a version must be reserved, since all that follow on its
 * guard wait for it.
 */
static inline bool thrum_emit_at(struct thrum_ring *ring, uint64_t time, uint16_t kind,
                                 uint8_t flags, uint8_t processor, uint32_t object,
                                 uint32_t version, uint32_t source, int64_t value)
{
    bool full = ring->next - ring->cached_tail > ring->mask;
    if (__builtin_expect(full | (ring->lost_unsaid != 0), 0)) {
        if ((ring->lost_unsaid || !thrum_ring_reserve(ring, 1)) && !thrum_ring_recover_(ring, time))
            return false;
    }
    ring->last_time = time;
    thrum_ring_put_(ring, time, kind, flags, processor, object, version, source, value);
    return true;
}

/* Producer: writes one record, stamped now, or as the last one if the clock went back (a TSC that
 * is not the same on all processors). It is published with its batch (release). False: the ring was
 * full, the record is dropped and counted. */
static inline bool thrum_emit(struct thrum_ring *ring, uint16_t kind, uint8_t flags,
                              uint32_t object, uint32_t source, int64_t value)
{
    uint64_t now = thrum_clock_now(ring->clock), last = ring->last_time;
    return thrum_emit_at(ring, now > last ? now : last, kind, flags, THRUM_NO_PROCESSOR, object, 0,
                         source, value);
}

/*
 * Producer, at the thread's end: publishes all, says how many were lost if there is room, and
 * promises to emit no more, with release. It is the last touch: as soon as the consumer has seen
 * the promise and drained, the ring may be used again or freed.
 */
static inline void thrum_ring_close(struct thrum_ring *ring)
{
    if (ring->lost_unsaid && thrum_ring_room(ring, 1) >= 1)
        thrum_ring_say_lost_(ring, ring->last_time);
    thrum_ring_publish(ring);
    /* release: the last head before the word that it was the last */
    __atomic_store_n(&ring->closed, 1u, __ATOMIC_RELEASE);
}

/* Producer, or whoever knows that it has ended: how many records were asked for so far, dropped
 * ones included, THRUM_KIND_LOST records not. */
static inline uint64_t thrum_ring_emitted(const struct thrum_ring *ring)
{
    return ring->next - ring->lost_records + ring->lost;
}

/* Consumer: whether the producer has closed the ring, with acquire; ask before the last drain. */
static inline bool thrum_ring_is_closed(const struct thrum_ring *ring)
{
    /* acquire: pairs with the release in thrum_ring_close() */
    return __atomic_load_n(&ring->closed, __ATOMIC_ACQUIRE) != 0;
}

/* Consumer, after thrum_ring_is_closed() said true: how many records were dropped at the very end,
 * where the ring had no room to say so. */
static inline uint64_t thrum_ring_unsaid(const struct thrum_ring *ring)
{
    return ring->lost_unsaid;
}

/* Consumer: copies up to `limit` published records to `out` (acquire), gives their slots back
 * (release), returns how many. */
static inline size_t thrum_ring_drain(struct thrum_ring *ring, struct thrum_event *out,
                                      size_t limit)
{
    uint64_t tail = ring->tail; /* only the consumer writes it */
    /* acquire: pairs with the release in thrum_ring_publish() */
    uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    size_t count = head - tail > limit ? limit : (size_t)(head - tail);
    size_t at = (size_t)(tail & ring->mask), first = (size_t)(ring->mask + 1) - at;
    if (count == 0)
        return 0;
    if (first > count)
        first = count;
    memcpy(out, ring->slots + at, first * sizeof *out);
    memcpy(out + first, ring->slots, (count - first) * sizeof *out);
    /* release: our copies before the producer may write there again */
    __atomic_store_n(&ring->tail, tail + count, __ATOMIC_RELEASE);
    return count;
}

#ifdef __cplusplus
}
#endif

#endif
