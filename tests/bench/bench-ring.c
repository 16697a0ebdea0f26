/*
 * What it costs to emit a record, beside the floor (the same clock instruction and a 32-byte store)
 * and beside ck_ring, all in one run, because nanoseconds vary between machines and ratios hold.
 * Then two threads at ten million records a second.
 *
 * Usage: bench-ring [seconds of the second part, 10 if not given]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_CK
#include <ck_ring.h>
#endif

#include "base/clock.h"
#include "base/die.h"
#include "thrum/ring.h"

enum { CAPACITY = 1 << 14, ROUNDS = 400 };

static double best(double a, double b)
{
    return a == 0 || b < a ? b : a;
}

static void *lines(size_t size)
{
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!memory)
        die("out of memory");
    memset(memory, 0, size);
    return memory;
}

/* ---- one thread, nobody drains meanwhile: the cost itself ---- */

static struct thrum_clock the_clock(void)
{
    struct thrum_clock clock;
    thrum_clock_init(&clock);
    return clock;
}

/* Nanoseconds a record: the clock as it is read, and four words stored. */
static __attribute__((noinline)) double floor_once(const struct thrum_clock *clock,
                                                   struct thrum_event *slots)
{
    uint64_t start = clock_now();
    for (uint64_t i = 0; i < CAPACITY; i++) {
#if defined(__x86_64__)
        uint64_t now = clock->ticks ? __builtin_ia32_rdtsc() : thrum_clock_now(clock);
#else
        uint64_t now = thrum_clock_now(clock);
#endif
        slots[i & (CAPACITY - 1)] = (struct thrum_event){
            .time = now, .value = (int64_t)i, .object = 1, .source = 2, .kind = THRUM_KIND_STORE};
        __asm__ volatile("" ::: "memory");
    }
    return (double)(clock_now() - start) / CAPACITY;
}

static __attribute__((noinline)) double emit_once(struct thrum_ring *ring)
{
    uint64_t start = clock_now();
    for (uint64_t i = 0; i < CAPACITY; i++) {
        thrum_emit(ring, THRUM_KIND_STORE, 0, 1, 2, (int64_t)i);
        __asm__ volatile("" ::: "memory");
    }
    return (double)(clock_now() - start) / CAPACITY;
}

#ifdef HAVE_CK
CK_RING_PROTOTYPE(event, thrum_event)

static __attribute__((noinline)) double ck_once(const struct thrum_clock *clock, ck_ring_t *ring,
                                                struct thrum_event *slots)
{
    uint64_t start = clock_now();
    for (uint64_t i = 0; i < CAPACITY - 1; i++) {
        struct thrum_event event = {.time = thrum_clock_now(clock),
                                    .value = (int64_t)i,
                                    .object = 1,
                                    .source = 2,
                                    .kind = THRUM_KIND_STORE};
        CK_RING_ENQUEUE_SPSC(event, ring, slots, &event);
        __asm__ volatile("" ::: "memory");
    }
    return (double)(clock_now() - start) / (CAPACITY - 1);
}
#endif

struct drainer {
    struct thrum_ring **rings;
    int count;
    struct thrum_event *out;
    size_t room;
    uint64_t drained, lost_said;
    bool stop;
    pthread_t thread;
};

static void drain_all(struct drainer *drainer)
{
    for (int i = 0; i < drainer->count; i++) {
        size_t count;
        while ((count = thrum_ring_drain(drainer->rings[i], drainer->out, drainer->room)) > 0)
            drainer->drained += count;
    }
}

/* As the collector: once a millisecond, in bulk. */
static void *drain_thread(void *argument)
{
    struct drainer *drainer = argument;
    struct timespec pause = {0, 1000000};
    while (!__atomic_load_n(&drainer->stop, __ATOMIC_ACQUIRE)) {
        drain_all(drainer);
        nanosleep(&pause, NULL);
    }
    drain_all(drainer);
    return NULL;
}

static void drainer_start(struct drainer *drainer, struct thrum_ring **rings, int count)
{
    *drainer = (struct drainer){.rings = rings, .count = count, .room = 4096};
    drainer->out = lines(drainer->room * sizeof *drainer->out);
    pthread_create(&drainer->thread, NULL, drain_thread, drainer);
}

static void drainer_stop(struct drainer *drainer)
{
    __atomic_store_n(&drainer->stop, true, __ATOMIC_RELEASE);
    pthread_join(drainer->thread, NULL);
    free(drainer->out);
}

static struct thrum_ring *ring_new(uint64_t capacity, uint32_t batch,
                                   const struct thrum_clock *clock)
{
    struct thrum_ring *ring = lines(sizeof *ring);
    thrum_ring_init(ring, lines(capacity * sizeof(struct thrum_event)), capacity, 0, batch, clock);
    return ring;
}

static void ring_free(struct thrum_ring *ring)
{
    free(ring->slots);
    free(ring);
}

static int emission(void)
{
    struct thrum_clock clock = the_clock();
    struct thrum_event *slots = lines(CAPACITY * sizeof *slots),
                       *out = lines(CAPACITY * sizeof *out);
    struct thrum_ring *batched = ring_new(CAPACITY, 16, &clock),
                      *each = ring_new(CAPACITY, 1, &clock);
    double floor = 0, emit = 0, emit_each = 0, peer = 0;
#ifdef HAVE_CK
    ck_ring_t ck;
    ck_ring_init(&ck, CAPACITY);
#endif
    for (int round = 0; round < ROUNDS; round++) {
        floor = best(floor, floor_once(&clock, slots));
        emit = best(emit, emit_once(batched));
        emit_each = best(emit_each, emit_once(each));
        thrum_ring_drain(batched, out, CAPACITY);
        thrum_ring_drain(each, out, CAPACITY);
#ifdef HAVE_CK
        peer = best(peer, ck_once(&clock, &ck, slots));
        struct thrum_event event;
        while (CK_RING_DEQUEUE_SPSC(event, &ck, slots, &event))
            continue;
#endif
    }
    printf("floor: the clock and 32 bytes            %6.2f ns  1.00\n", floor);
    printf("thrum_emit, published every 16           %6.2f ns  %.2f  (wanted: at most 1.35)\n",
           emit, emit / floor);
    printf("thrum_emit, published every one          %6.2f ns  %.2f\n", emit_each,
           emit_each / floor);
    if (peer > 0)
        printf("ck_ring, single producer and consumer    %6.2f ns  %.2f\n", peer, peer / floor);
    else
        puts("ck_ring                                  not built: libck is missing");
    if (batched->lost || each->lost)
        die("lost records in the emission part");

    /* the same while another thread drains it every millisecond */
    struct drainer drainer;
    struct thrum_ring *drained = ring_new(1 << 18, 16, &clock);
    double while_drained = 0;
    drainer_start(&drainer, &drained, 1);
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec pause = {0, 200000};
        while_drained = best(while_drained, emit_once(drained));
        nanosleep(&pause, NULL);
    }
    thrum_ring_close(drained);
    drainer_stop(&drainer);
    printf("thrum_emit, drained every millisecond    %6.2f ns  %.2f\n", while_drained,
           while_drained / floor);
    bool whole =
        drainer.drained - drained->lost_records + drained->lost == thrum_ring_emitted(drained);
    ring_free(drained);
    ring_free(batched);
    ring_free(each);
    free(slots);
    free(out);
    return whole && emit / floor <= 1.35 ? 0 : 1;
}

/* ---- two threads for some seconds ---- */

struct emitter {
    struct thrum_ring *ring;
    uint64_t a_millisecond, milliseconds;
    pthread_t thread;
};

static void *emit_thread(void *argument)
{
    struct emitter *emitter = argument;
    uint64_t start = clock_now();
    for (uint64_t n = 0; n < emitter->milliseconds; n++) {
        for (uint64_t i = 0; i < emitter->a_millisecond; i++)
            thrum_emit(emitter->ring, THRUM_KIND_STORE, 0, 1, 2, (int64_t)i);
        thrum_ring_publish(emitter->ring);
        uint64_t until = start + (n + 1) * 1000000;
        struct timespec then = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
    }
    thrum_ring_close(emitter->ring);
    return NULL;
}

static int endurance(uint64_t seconds)
{
    struct thrum_clock clock = the_clock();
    struct emitter emitters[2];
    struct thrum_ring *rings[2];
    struct drainer drainer;
    for (int i = 0; i < 2; i++) {
        rings[i] = ring_new(1 << 19, 16, &clock);
        emitters[i] = (struct emitter){rings[i], 5000, seconds * 1000, 0};
    }
    uint64_t start = clock_now(), emitted = 0, lost = 0, said = 0;
    drainer_start(&drainer, rings, 2);
    for (int i = 0; i < 2; i++)
        pthread_create(&emitters[i].thread, NULL, emit_thread, &emitters[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(emitters[i].thread, NULL);
    drainer_stop(&drainer);
    double took = (double)(clock_now() - start) / 1e9;
    for (int i = 0; i < 2; i++) {
        emitted += thrum_ring_emitted(rings[i]);
        lost += rings[i]->lost;
        said += rings[i]->lost_records;
        ring_free(rings[i]);
    }
    uint64_t delivered = drainer.drained - said;
    printf("two threads for %.1f s: %.2f M records/s, emitted %lu = delivered %lu + lost %lu: %s\n",
           took, (double)emitted / took / 1e6, emitted, delivered, lost,
           emitted == delivered + lost ? "holds" : "DOES NOT HOLD");
    return emitted == delivered + lost && lost == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int failed = emission();
    return endurance(argc > 1 ? strtoull(argv[1], NULL, 10) : 10) | failed;
}
