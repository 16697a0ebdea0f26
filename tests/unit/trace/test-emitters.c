/* The ring and the collector with real threads, and what becomes of records when these threads are
 * stopped, end badly, fork, or are far too many. Also built with ThreadSanitizer. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"
#include "base/hash.h"
#include "sink.h"
#include "trace/collector.h"

enum { MOST_WORKERS = 64, GUARDS = 3 };

struct guard {
    pthread_mutex_t mutex;
    uint32_t version;
    uint64_t last;
};

struct work {
    struct thrum_ring *ring;
    const struct thrum_clock *clock;
    struct guard *guards;
    int rounds;
    uint64_t waited;
};

/* As a scenario's thread: reserves, takes a guard, stamps, emits. */
static void *scenario_thread(void *argument)
{
    struct work *work = argument;
    uint64_t seed = work->ring->thread, last = 0;
    for (int i = 0; i < work->rounds; i++) {
        while (!thrum_ring_reserve(work->ring, 1)) {
            work->waited++;
            sched_yield();
        }
        uint32_t object = (uint32_t)random_below(&seed, GUARDS);
        struct guard *guard = &work->guards[object];
        pthread_mutex_lock(&guard->mutex);
        last = thrum_time_after(thrum_clock_now_ordered(work->clock), last, guard->last);
        guard->last = last;
        thrum_emit_at(work->ring, last, THRUM_KIND_STORE, THRUM_STEP, 0, object, ++guard->version,
                      0, i + 1);
        pthread_mutex_unlock(&guard->mutex);
    }
    thrum_ring_close(work->ring);
    return NULL;
}

/* As a program that only emits: never waits, publishes in batches. */
static void *emitting_thread(void *argument)
{
    struct work *work = argument;
    for (int i = 0; i < work->rounds; i++)
        thrum_emit(work->ring, THRUM_KIND_YIELD, 0, THRUM_NONE, 0, i + 1);
    thrum_ring_close(work->ring);
    return NULL;
}

/* So many threads, each with a ring of `capacity`; lost and emitted are what the rings counted. */
static void run_threads(void *(*body)(void *), uint32_t workers, uint64_t capacity, uint32_t batch,
                        int rounds, struct sink *sink, uint64_t *ret_emitted, uint64_t *ret_lost)
{
    struct trace_catalog catalog = {0};
    struct thrum_clock clock;
    struct guard guards[GUARDS] = {0};
    struct work work[MOST_WORKERS];
    pthread_t threads[MOST_WORKERS];
    thrum_clock_init(&clock);
    for (uint32_t i = 0; i < GUARDS; i++) {
        pthread_mutex_init(&guards[i].mutex, NULL);
        catalog_add_object(&catalog, "x", TRACE_VARIABLE);
        catalog.objects.items[i].guard = i;
    }
    sink->catalog = &catalog;
    struct collector *collector = collector_new(&catalog, take, sink);
    for (uint32_t i = 0; i < workers; i++) {
        work[i] = (struct work){ring_new(capacity, i, batch, &clock), &clock, guards, rounds, 0};
        ck_assert(collector_add(collector, work[i].ring));
    }
    for (uint32_t i = 0; i < workers; i++)
        pthread_create(&threads[i], NULL, body, &work[i]);
    for (uint32_t closed = 0; closed < workers;) {
        collector_poll(collector);
        while (collector_take_closed(collector))
            closed++;
        sched_yield();
    }
    for (uint32_t i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(collector_finish(collector, NULL), 0);
    *ret_emitted = *ret_lost = 0;
    for (uint32_t i = 0; i < workers; i++) {
        *ret_emitted += thrum_ring_emitted(work[i].ring);
        *ret_lost += work[i].ring->lost;
        ring_free(work[i].ring);
    }
    ck_assert_uint_eq(collector_counts(collector).delivered, sink->count);
    ck_assert_uint_eq(collector_counts(collector).lost, *ret_lost);
    ck_assert_uint_eq(*ret_emitted, sink->count + sink->lost);
    collector_free(collector);
    for (int i = 0; i < GUARDS; i++)
        pthread_mutex_destroy(&guards[i].mutex);
    catalog_fini(&catalog);
}

/* As many threads as processors want, or so; and a crowd, whose rings are small besides. */
static const struct {
    uint32_t workers;
    uint64_t capacity;
    int rounds;
} crowds[] = {{4, 1024, 20000}, {64, 32, 600}};

START_TEST(scenario_threads_lose_nothing)
{
    struct sink sink = {0};
    uint64_t emitted = 0, lost = 0, wanted;
    int rounds = unit_rounds(crowds[_i].rounds);
    run_threads(scenario_thread, crowds[_i].workers, crowds[_i].capacity, 1, rounds, &sink,
                &emitted, &lost);
    wanted = crowds[_i].workers * (uint64_t)rounds;
    ck_assert_uint_eq(emitted, wanted);
    ck_assert_uint_eq(lost, 0);
    ck_assert_uint_eq(sink.count, wanted);
}
END_TEST

START_TEST(emitted_is_delivered_and_lost)
{
    struct sink sink = {0};
    uint64_t emitted = 0, lost = 0;
    int rounds = 5 * crowds[_i].rounds;
    run_threads(emitting_thread, crowds[_i].workers, crowds[_i].capacity, 16, rounds, &sink,
                &emitted, &lost);
    ck_assert_uint_eq(emitted, crowds[_i].workers * (uint64_t)rounds);
    ck_assert_uint_gt(lost, 0);
}
END_TEST

/* ---- rings that come and go while the collector polls ---- */

enum { ADDERS = 8, RINGS_EACH = 40, RECORDS_EACH = 100 };

struct adder {
    struct collector *collector;
    uint32_t first; /* number of its first ring's thread */
};

static void *adding_thread(void *argument)
{
    struct adder *adder = argument;
    for (uint32_t i = 0; i < RINGS_EACH; i++) {
        struct thrum_ring *ring = ring_new(64, adder->first + i, 16, NULL);
        if (!collector_add(adder->collector, ring))
            return argument;
        for (int n = 1; n <= RECORDS_EACH; n++)
            thrum_emit_at(ring, (uint64_t)n, THRUM_KIND_YIELD, 0, 0, THRUM_NONE, 0, 0, n);
        thrum_ring_close(ring); /* from here on it is the collector's thread that frees it */
    }
    return NULL;
}

START_TEST(rings_come_and_go)
{
    struct trace_catalog catalog = {0};
    struct sink sink = {.catalog = &catalog};
    struct collector *collector = collector_new(&catalog, take, &sink);
    struct adder adders[ADDERS];
    pthread_t threads[ADDERS];
    uint64_t emitted = 0, lost = 0;
    for (uint32_t i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){collector, i * RINGS_EACH};
        pthread_create(&threads[i], NULL, adding_thread, &adders[i]);
    }
    for (int gone = 0; gone < ADDERS * RINGS_EACH;) {
        struct thrum_ring *ring;
        collector_poll(collector);
        while ((ring = collector_take_closed(collector))) {
            emitted += thrum_ring_emitted(ring);
            lost += ring->lost;
            ring_free(ring);
            gone++;
        }
        sched_yield();
    }
    for (int i = 0; i < ADDERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(collector_finish(collector, NULL), 0);
    ck_assert_uint_eq(emitted, ADDERS * RINGS_EACH * RECORDS_EACH);
    ck_assert_uint_eq(collector_counts(collector).lost, lost);
    ck_assert_uint_eq(collector_counts(collector).delivered + lost, emitted);
    collector_free(collector);
}
END_TEST

/* ---- a thread that stands still in the midst of an emit ---- */

/* Every byte of record number n says n. */
static bool emit_whole(struct thrum_ring *ring, uint64_t n)
{
    return thrum_emit_at(ring, n, (uint16_t)(n * 3), (uint8_t)(n * 5), (uint8_t)(n * 7),
                         (uint32_t)(n * 11), (uint32_t)(n * 13), (uint32_t)(n * 17),
                         (int64_t)(n * 19));
}

static bool is_whole(const struct thrum_event *event, uint64_t n)
{
    return event->time == n && event->kind == (uint16_t)(n * 3) &&
           event->flags == (uint8_t)(n * 5) && event->processor == (uint8_t)(n * 7) &&
           event->object == (uint32_t)(n * 11) && event->version == (uint32_t)(n * 13) &&
           event->source == (uint32_t)(n * 17) && event->value == (int64_t)(n * 19);
}

static int stopped[2], go_on[2]; /* pipes */

/* The emitter stands where the signal met it, until the test lets it go. */
static void stand_still(int number)
{
    char byte = (char)number;
    if (write(stopped[1], &byte, 1) != 1 || read(go_on[0], &byte, 1) != 1)
        _exit(EXIT_FAILURE);
}

struct stopped_work {
    struct thrum_ring *ring;
    uint64_t emitted;
    bool stop;
};

static void *emit_for_long(void *argument)
{
    struct stopped_work *work = argument;
    while (!__atomic_load_n(&work->stop, __ATOMIC_RELAXED)) {
        if (thrum_ring_reserve(work->ring, 1))
            work->emitted += emit_whole(work->ring, work->emitted);
        else
            thrum_ring_publish(work->ring);
    }
    return NULL;
}

/* Drains all that was published, the next being number `seen`; returns the number after it. */
static uint64_t drain_whole(struct thrum_ring *ring, uint64_t seen)
{
    struct thrum_event out[1024];
    size_t count;
    while ((count = thrum_ring_drain(ring, out, 1024)) > 0)
        for (size_t i = 0; i < count; i++, seen++)
            if (!is_whole(&out[i], seen))
                ck_abort_msg("record %lu is not whole", seen);
    return seen;
}

/* The ring is so large that the thread is nearly always writing a record, not waiting for room. */
START_TEST(nobody_sees_half_a_record)
{
    struct stopped_work work = {.ring = ring_new(1 << 15, 0, _i ? 16 : 1, NULL)};
    struct sigaction action = {.sa_handler = stand_still};
    uint64_t seen = 0, seed = 5;
    pthread_t thread;
    char byte = 0;
    ck_assert_int_eq(pipe(stopped) | pipe(go_on), 0);
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&thread, NULL, emit_for_long, &work);
    for (int round = unit_rounds(1000); round > 0; round--) {
        struct timespec nap = {.tv_nsec = (long)random_below(&seed, 20000)};
        nanosleep(&nap, NULL);
        seen = drain_whole(work.ring, seen); /* while it runs */
        pthread_kill(thread, SIGUSR1);
        ck_assert_int_eq(read(stopped[0], &byte, 1), 1);
        seen = drain_whole(work.ring, seen); /* while it stands */
        ck_assert_uint_eq(drain_whole(work.ring, seen), seen);
        ck_assert_int_eq(write(go_on[1], &byte, 1), 1);
    }
    __atomic_store_n(&work.stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    thrum_ring_close(work.ring);
    ck_assert_uint_eq(drain_whole(work.ring, seen), work.emitted);
    ck_assert_uint_eq(thrum_ring_emitted(work.ring), work.emitted);
    ck_assert_uint_gt(work.emitted, 0);
    ring_free(work.ring);
}
END_TEST

/* ---- threads and processes that leave ---- */

static void *leave_without_closing(void *argument)
{
    struct thrum_ring *ring = argument;
    for (int i = 1; i <= 21; i++)
        thrum_emit_at(ring, (uint64_t)i, THRUM_KIND_YIELD, 0, 0, THRUM_NONE, 0, 0, i);
    pthread_exit(NULL);
}

START_TEST(who_joined_may_close)
{
    struct trace_catalog catalog = {0};
    struct sink sink = {.catalog = &catalog};
    struct collector *collector = collector_new(&catalog, take, &sink);
    struct thrum_ring *ring = ring_new(32, 0, 16, NULL);
    pthread_t thread;
    ck_assert(collector_add(collector, ring));
    pthread_create(&thread, NULL, leave_without_closing, ring);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(collector_poll(collector), 16);
    ck_assert_uint_eq(collector_finish(collector, NULL), 0);
    ck_assert_ptr_null(collector_take_closed(collector));
    thrum_ring_close(ring);
    ck_assert_uint_eq(collector_finish(collector, NULL), 0);
    ck_assert_uint_eq(sink.count, 21);
    ck_assert_ptr_eq(collector_take_closed(collector), ring);
    collector_free(collector);
    ring_free(ring);
}
END_TEST

/* The child of fork(): emits into its copy, which nobody drains; then begins anew. */
static bool child_records(struct thrum_ring *ring)
{
    struct trace_catalog catalog = {0};
    struct sink sink = {.catalog = &catalog};
    int dropped = 0;
    for (int i = 0; i < 100; i++)
        dropped += !thrum_emit_at(ring, 1000, THRUM_KIND_YIELD, 0, 0, THRUM_NONE, 0, 0, 1000);
    thrum_ring_init(ring, ring->slots, 32, 0, 16, NULL);
    struct collector *collector = collector_new(&catalog, take, &sink);
    bool good = dropped == 100 - (32 - 10) && collector_add(collector, ring);
    for (int i = 1; i <= 20; i++)
        thrum_emit_at(ring, (uint64_t)i, THRUM_KIND_YIELD, 0, 0, THRUM_NONE, 0, 0, i);
    thrum_ring_close(ring);
    good = good && collector_finish(collector, NULL) == 0 && sink.count == 20 && sink.lost == 0;
    collector_free(collector);
    return good;
}

START_TEST(a_child_has_rings_of_its_own)
{
    struct trace_catalog catalog = {0};
    struct sink sink = {.catalog = &catalog};
    struct collector *collector = collector_new(&catalog, take, &sink);
    struct thrum_ring *ring = ring_new(32, 0, 16, NULL);
    int status = 0;
    ck_assert(collector_add(collector, ring));
    for (int i = 1; i <= 16; i++) {
        if (i == 11) {
            pid_t child = fork();
            if (child == 0)
                _exit(child_records(ring) ? EXIT_SUCCESS : EXIT_FAILURE);
            ck_assert_int_eq(waitpid(child, &status, 0), child);
            ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
        }
        thrum_emit_at(ring, (uint64_t)i, THRUM_KIND_YIELD, 0, 0, THRUM_NONE, 0, 0, i);
    }
    ck_assert_uint_eq(collector_poll(collector), 16);
    ck_assert_int_eq(sink.last[0], 16);
    ck_assert_uint_eq(ring->lost, 0);
    collector_free(collector);
    ring_free(ring);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("emitters");
    TCase *t = tcase_create("emitters");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, scenario_threads_lose_nothing, 0, 2);
    tcase_add_loop_test(t, emitted_is_delivered_and_lost, 0, 2);
    tcase_add_test(t, rings_come_and_go);
    tcase_add_loop_test(t, nobody_sees_half_a_record, 0, 2);
    tcase_add_test(t, who_joined_may_close);
    tcase_add_test(t, a_child_has_rings_of_its_own);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
