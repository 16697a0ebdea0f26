/* The ring and the collector, by hand, in one thread. */
#include <string.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/hash.h"
#include "sink.h"
#include "stream.h"
#include "trace/collector.h"

static bool emit(struct thrum_ring *ring, int64_t value)
{
    return thrum_emit_at(ring, (uint64_t)value, THRUM_KIND_YIELD, 0, 0, THRUM_NONE, 0, 0, value);
}

START_TEST(batches_are_published)
{
    struct thrum_ring *ring = ring_new(64, 3, 16, NULL);
    struct thrum_event out[64];
    for (int i = 0; i < 15; i++)
        ck_assert(emit(ring, i));
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 64), 0);
    ck_assert(emit(ring, 15));
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 5), 5);
    ck_assert_uint_eq(thrum_ring_drain(ring, out + 5, 64), 11);
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(out[i].value, i);
    ck_assert(emit(ring, 16));
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 64), 0);
    thrum_ring_publish(ring);
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 64), 1);
    ck_assert(!thrum_ring_is_closed(ring));
    thrum_ring_close(ring);
    ck_assert(thrum_ring_is_closed(ring));
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 64), 0);
    ring_free(ring);
}
END_TEST

START_TEST(wraps_around)
{
    struct thrum_ring *ring = ring_new(32, 0, 1, NULL);
    struct thrum_event out[32];
    int64_t next = 0, seen = 0;
    uint64_t seed = 7;
    while (seen < 100000) {
        for (uint64_t n = random_below(&seed, 33); n > 0 && thrum_ring_reserve(ring, 1); n--)
            ck_assert(emit(ring, next++));
        size_t count = thrum_ring_drain(ring, out, (size_t)random_below(&seed, 33));
        for (size_t i = 0; i < count; i++)
            ck_assert_int_eq(out[i].value, seen++);
    }
    ck_assert_uint_eq(ring->lost, 0);
    ring_free(ring);
}
END_TEST

START_TEST(reserve_says_when_full)
{
    struct thrum_ring *ring = ring_new(32, 0, 1, NULL);
    struct thrum_event out[32];
    ck_assert(thrum_ring_reserve(ring, 32));
    ck_assert(!thrum_ring_reserve(ring, 33));
    for (int i = 0; i < 30; i++)
        ck_assert(emit(ring, i));
    ck_assert(thrum_ring_reserve(ring, 2));
    ck_assert(!thrum_ring_reserve(ring, 3));
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 1), 1);
    ck_assert(thrum_ring_reserve(ring, 3));
    for (int i = 0; i < 3; i++)
        ck_assert(emit(ring, i));
    ck_assert(!thrum_ring_reserve(ring, 1));
    ck_assert_uint_eq(ring->lost, 0);
    ring_free(ring);
}
END_TEST

START_TEST(full_drops_the_newest_and_says_so)
{
    struct thrum_ring *ring = ring_new(32, 0, 16, NULL);
    struct thrum_event out[64];
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(emit(ring, i), i < 32);
    ck_assert_uint_eq(ring->lost, 8);
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 1), 1);
    ck_assert(!emit(ring, 40)); /* room for the record, but not for saying what was lost */
    ck_assert_uint_eq(thrum_ring_drain(ring, out + 1, 64), 31);
    for (int i = 0; i < 32; i++)
        ck_assert_int_eq(out[i].value, i);
    ck_assert(emit(ring, 41));
    thrum_ring_close(ring);
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 64), 2);
    ck_assert_uint_eq(out[0].kind, THRUM_KIND_LOST);
    ck_assert_int_eq(out[0].value, 9);
    ck_assert_int_eq(out[1].value, 41);
    ck_assert_uint_eq(thrum_ring_emitted(ring), 42);
    ck_assert_uint_eq(ring->lost, 9);
    ring_free(ring);
}
END_TEST

/* A thread that lost records may still reserve: the word of the loss has its own slot then. */
START_TEST(reserved_is_never_dropped)
{
    struct thrum_ring *ring = ring_new(32, 0, 1, NULL);
    struct thrum_event out[32];
    for (int i = 0; i < 33; i++)
        ck_assert_int_eq(emit(ring, i), i < 32);
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 1), 1);
    ck_assert(!thrum_ring_reserve(ring, 1));
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 2), 2);
    ck_assert(thrum_ring_reserve(ring, 2));
    ck_assert(!thrum_ring_reserve(ring, 3));
    ck_assert(emit(ring, 33));
    ck_assert(emit(ring, 34));
    ck_assert_uint_eq(ring->lost, 1);
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 32), 32);
    ck_assert_uint_eq(out[29].kind, THRUM_KIND_LOST);
    ck_assert_int_eq(out[30].value, 33);
    ring_free(ring);
}
END_TEST

/* Where the counters pass 2^32, and where they begin again from 0. */
START_TEST(counters_wrap)
{
    static const uint64_t starts[] = {(1ull << 32) - 50, UINT64_MAX - 50};
    struct thrum_ring *ring = ring_new(32, 0, 16, NULL);
    struct thrum_event out[32];
    int64_t next = 0, seen = 0, lost = 0;
    ring->next = ring->head = ring->tail = ring->cached_tail = starts[_i];
    for (int round = 0; round < 200; round++) {
        for (int n = 0; n < round % 37; n++)
            lost += !emit(ring, next++);
        if (round % 5 == 0)
            thrum_ring_publish(ring);
        size_t count = thrum_ring_drain(ring, out, (size_t)(round % 33));
        for (size_t i = 0; i < count; i++) {
            if (out[i].kind == THRUM_KIND_LOST)
                seen += out[i].value;
            else
                ck_assert_int_eq(out[i].value, seen++);
        }
    }
    ck_assert_int_gt(lost, 0);
    ck_assert_int_gt(seen, 2000);
    ck_assert_uint_eq(ring->lost, lost);
    ck_assert_uint_lt(ring->tail - starts[_i], next);
    ck_assert_uint_gt(ring->tail - starts[_i], 100);
    ring_free(ring);
}
END_TEST

/* Each side's numbers are apart by a line, wherever the ring stands. */
_Static_assert(offsetof(struct thrum_ring, next) - offsetof(struct thrum_ring, batch) > 64, "");
_Static_assert(offsetof(struct thrum_ring, head) - offsetof(struct thrum_ring, last_time) > 64, "");
_Static_assert(offsetof(struct thrum_ring, tail) - offsetof(struct thrum_ring, closed) > 64, "");
_Static_assert(sizeof(struct thrum_ring) - offsetof(struct thrum_ring, tail) > 64, "");
_Static_assert(sizeof(struct thrum_ring) % 64 == 0, "as aligned_alloc(64, …) wants it");

START_TEST(rings_stand_anywhere)
{
    struct thrum_event slots[32], out[32];
    char *memory = xmalloc(sizeof(struct thrum_ring) + 64);
    for (size_t at = 0; at < 64; at += 8) {
        struct thrum_ring *ring = (void *)(memory + at);
        memset(memory, 0xa5, sizeof(struct thrum_ring) + 64);
        thrum_ring_init(ring, slots, 32, 0, 16, NULL);
        for (int i = 0; i < 20; i++)
            ck_assert(emit(ring, i));
        thrum_ring_close(ring);
        ck_assert_uint_eq(thrum_ring_drain(ring, out, 32), 20);
        ck_assert_int_eq(out[19].value, 19);
    }
    free(memory);
}
END_TEST

/* A TSC that is behind on the next processor. */
START_TEST(stamps_do_not_go_back)
{
    struct thrum_clock ahead = {0}, behind = {.origin = thrum_clock_monotonic()};
    struct thrum_ring *ring = ring_new(64, 0, 1, &ahead);
    struct thrum_event out[64];
    for (int i = 0; i < 40; i++) {
        ring->clock = i % 3 ? &ahead : &behind;
        ck_assert(thrum_emit(ring, THRUM_KIND_YIELD, 0, THRUM_NONE, 0, i));
    }
    ck_assert_uint_eq(thrum_ring_drain(ring, out, 64), 40);
    ck_assert_uint_lt(out[0].time, out[1].time);
    for (int i = 1; i < 40; i++) {
        ck_assert_uint_ge(out[i].time, out[i - 1].time);
        if (i % 3 == 0)
            ck_assert_uint_eq(out[i].time, out[i - 1].time);
    }
    ring_free(ring);
}
END_TEST

START_TEST(the_clock_goes_forward)
{
    struct thrum_clock clock;
    uint64_t start = thrum_clock_monotonic();
    thrum_clock_init(&clock);
    uint64_t zero = thrum_clock_monotonic(), last = 0, now = 0;
    while (thrum_clock_monotonic() - zero < 20000000) {
        now = thrum_clock_now_ordered(&clock);
        ck_assert_uint_ge(now, last);
        last = now;
    }
    /* time 0 lies between `start` and `zero`; half a percent for the measured rate */
    uint64_t before = thrum_clock_monotonic();
    now = thrum_clock_now_ordered(&clock);
    uint64_t after = thrum_clock_monotonic();
    ck_assert_uint_gt(now, (before - zero) / 200 * 199);
    ck_assert_uint_lt(now, (after - start) / 200 * 201);
    ck_assert_uint_eq(thrum_time_after(10, 3, 4), 10);
    ck_assert_uint_eq(thrum_time_after(10, 10, 4), 11);
    ck_assert_uint_eq(thrum_time_after(10, 12, 20), 21);
}
END_TEST

/* ---- merging ---- */

/* The rings fill and are polled in every wrong order. */
START_TEST(adversarial_order)
{
    struct trace_catalog catalog = {0};
    struct stream *stream = xmalloc(sizeof *stream);
    struct sink sink = {.catalog = &catalog, .times = true};
    struct thrum_ring *rings[STREAM_THREADS];
    size_t at[STREAM_THREADS] = {0}, left;
    uint64_t seed = (uint64_t)_i + 1;
    stream_catalog(&catalog);
    stream_init(stream, seed);
    while (stream->count + 2 < STREAM_MOST && stream->time < 10 * STREAM_MOST)
        stream_step(stream, false);
    struct collector *collector = collector_new(&catalog, take, &sink);
    for (uint32_t i = 0; i < STREAM_THREADS; i++) {
        rings[i] = ring_new(32, i, 1, NULL);
        ck_assert(collector_add(collector, rings[i]));
    }
    left = stream->count;
    while (left) {
        uint32_t thread = (uint32_t)random_below(&seed, STREAM_THREADS);
        for (uint64_t n = random_below(&seed, 40); n > 0; n--) {
            while (at[thread] < stream->count && stream->records[at[thread]].thread != thread)
                at[thread]++;
            if (at[thread] == stream->count || !thrum_ring_reserve(rings[thread], 1))
                break;
            const struct thrum_event *event = &stream->records[at[thread]++].event;
            ck_assert(thrum_emit_at(rings[thread], event->time, event->kind, event->flags, 0,
                                    event->object, event->version, event->source, event->value));
            left--;
        }
        if (random_below(&seed, 2))
            collector_poll(collector);
    }
    for (uint32_t i = 0; i < STREAM_THREADS; i++)
        thrum_ring_close(rings[i]);
    ck_assert_uint_eq(collector_finish(collector, NULL), 0);
    ck_assert_uint_eq(sink.count, stream->count);
    ck_assert_uint_eq(collector_counts(collector).delivered, stream->count);
    for (int i = 0; i < STREAM_THREADS; i++)
        ck_assert_ptr_nonnull(collector_take_closed(collector));
    ck_assert_ptr_null(collector_take_closed(collector));
    collector_free(collector);
    for (uint32_t i = 0; i < STREAM_THREADS; i++)
        ring_free(rings[i]);
    catalog_fini(&catalog);
    free(stream);
}
END_TEST

static void put(struct thrum_ring *ring, uint64_t time, unsigned kind, unsigned flags,
                uint32_t object, uint32_t version)
{
    ck_assert(thrum_emit_at(ring, time, (uint16_t)kind, (uint8_t)flags, 0, object, version, 0, 0));
}

struct merge {
    struct trace_catalog catalog;
    struct sink sink;
    struct collector *collector;
    struct thrum_ring *a, *b;
};

static void merge_init(struct merge *merge)
{
    memset(merge, 0, sizeof *merge);
    catalog_add_thread(&merge->catalog, "A", false, THRUM_NONE);
    catalog_add_thread(&merge->catalog, "B", false, THRUM_NONE);
    for (uint32_t i = 0; i < 3; i++) {
        catalog_add_object(&merge->catalog, "x", TRACE_VARIABLE);
        merge->catalog.objects.items[i].guard = i ? i : 1; /* 0 and 1 share a guard */
    }
    merge->sink.catalog = &merge->catalog;
    merge->sink.times = true;
    merge->collector = collector_new(&merge->catalog, take, &merge->sink);
    merge->a = ring_new(32, 0, 1, NULL);
    merge->b = ring_new(32, 1, 1, NULL);
    ck_assert(collector_add(merge->collector, merge->a));
    ck_assert(collector_add(merge->collector, merge->b));
}

static void merge_fini(struct merge *merge)
{
    collector_free(merge->collector);
    ring_free(merge->a);
    ring_free(merge->b);
    catalog_fini(&merge->catalog);
}

START_TEST(indivisible_steps)
{
    struct merge merge;
    merge_init(&merge);
    /* A's block touches guard 1 twice and guard 2; B comes before it on 2 and after it on 1 */
    put(merge.a, 10, THRUM_KIND_LOAD, THRUM_MORE, 0, 1);
    put(merge.a, 10, THRUM_KIND_STORE, THRUM_MORE, 1, 2);
    put(merge.a, 10, THRUM_KIND_STORE, THRUM_MORE, 2, 2);
    collector_poll(merge.collector);
    ck_assert_uint_eq(merge.sink.count, 0);
    put(merge.a, 10, THRUM_KIND_ATOMIC_BLOCK, THRUM_STEP, THRUM_NONE, 0);
    collector_poll(merge.collector);
    ck_assert_uint_eq(merge.sink.count, 0);
    put(merge.b, 5, THRUM_KIND_LOAD, THRUM_STEP, 2, 1);
    put(merge.b, 20, THRUM_KIND_STORE, THRUM_STEP, 1, 3);
    ck_assert_uint_eq(collector_poll(merge.collector), 6);
    ck_assert_uint_eq(collector_finish(merge.collector, NULL), 0);
    merge_fini(&merge);
}
END_TEST

/* 100,000 records of one step are looked at once each: with each looked at for each, this took ten
 * seconds, and whoever wanted the history waited as long. */
START_TEST(a_step_of_many_records)
{
    enum { MANY = 100000 };
    struct merge merge;
    merge_init(&merge);
    uint64_t begin = clock_now();
    for (uint32_t i = 1; i <= MANY; i++) {
        put(merge.a, 10, THRUM_KIND_LOAD, THRUM_MORE, i % 3, i % 3 < 2 ? i - i / 3 : i / 3 + 1);
        if (i % 32 == 0)
            collector_poll(merge.collector);
    }
    put(merge.a, 10, THRUM_KIND_ATOMIC_BLOCK, THRUM_STEP, THRUM_NONE, 0);
    ck_assert_uint_eq(merge.sink.count, 0);
    ck_assert_uint_eq(collector_poll(merge.collector), MANY + 1);
    ck_assert_uint_lt(clock_now() - begin, 3000000000u);
    merge_fini(&merge);
}
END_TEST

START_TEST(gaps_are_found)
{
    struct merge merge;
    struct text words = {0};
    merge_init(&merge);
    put(merge.a, 10, THRUM_KIND_STORE, THRUM_STEP, 0, 1);
    put(merge.a, 30, THRUM_KIND_STORE, THRUM_STEP, 0, 3);
    put(merge.b, 40, THRUM_KIND_STORE, THRUM_STEP, 2, 1);
    put(merge.b, 40, THRUM_KIND_LOAD, THRUM_MORE, 2, 2);
    ck_assert_uint_eq(collector_finish(merge.collector, &words), 2);
    ck_assert_uint_eq(merge.sink.count, 2);
    ck_assert_uint_eq(collector_pending(merge.collector), 2);
    ck_assert_ptr_nonnull(strstr(text_bytes(&words), "has version 3, the last before it is 1"));
    ck_assert_ptr_nonnull(strstr(text_bytes(&words), "the step has no end"));
    text_fini(&words);
    merge_fini(&merge);
}
END_TEST

START_TEST(rings_are_used_again)
{
    struct merge merge;
    merge_init(&merge);
    for (uint32_t i = 0; i < 100; i++) {
        put(merge.a, i, THRUM_KIND_STORE, THRUM_STEP, 0, i + 1);
        thrum_ring_close(merge.a);
        collector_poll(merge.collector);
        ck_assert_ptr_eq(collector_take_closed(merge.collector), merge.a);
        thrum_ring_init(merge.a, merge.a->slots, 32, i % 2, 1, NULL);
        ck_assert(collector_add(merge.collector, merge.a));
    }
    ck_assert_uint_eq(merge.sink.count, 100);
    merge_fini(&merge);
}
END_TEST

START_TEST(versions_begin_again_at_1)
{
    ck_assert_uint_eq(thrum_version_after(0), 1);
    ck_assert_uint_eq(thrum_version_after(1), 2);
    ck_assert_uint_eq(thrum_version_after(0xfffffffeu), 0xffffffffu);
    ck_assert_uint_eq(thrum_version_after(0xffffffffu), 1);
}
END_TEST

/* The ring is full when its thread ends: the collector says what the thread could not. */
START_TEST(the_last_loss_is_said)
{
    struct merge merge;
    merge_init(&merge);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(emit(merge.a, i), i < 32);
    thrum_ring_close(merge.a);
    ck_assert_uint_eq(thrum_ring_unsaid(merge.a), 8);
    ck_assert_uint_eq(collector_finish(merge.collector, NULL), 0);
    ck_assert_uint_eq(merge.sink.lost, 8);
    ck_assert_uint_eq(collector_counts(merge.collector).delivered, 32);
    ck_assert_uint_eq(collector_counts(merge.collector).lost, 8);
    ck_assert_uint_eq(thrum_ring_emitted(merge.a), 40);
    ck_assert_ptr_eq(collector_take_closed(merge.collector), merge.a);
    merge_fini(&merge);
}
END_TEST

/* As many rings as it takes, and one more; then one closes. */
START_TEST(no_more_rings_than_fit)
{
    struct trace_catalog catalog = {0};
    struct sink sink = {.catalog = &catalog};
    struct collector *collector = collector_new(&catalog, take, &sink);
    struct thrum_ring *rings = xcalloc(COLLECTOR_RINGS + 1, sizeof *rings);
    struct thrum_event slots[32];
    for (uint32_t i = 0; i < COLLECTOR_RINGS + 1; i++) {
        thrum_ring_init(&rings[i], slots, 32, 0, 1, NULL);
        ck_assert_int_eq(collector_add(collector, &rings[i]), i < COLLECTOR_RINGS);
    }
    thrum_ring_close(&rings[1000]);
    while (!collector_take_closed(collector))
        collector_poll(collector);
    ck_assert(collector_add(collector, &rings[COLLECTOR_RINGS]));
    ck_assert_uint_eq(rings[COLLECTOR_RINGS].number, 1000);
    ck_assert(emit(&rings[COLLECTOR_RINGS], 1));
    ck_assert_uint_eq(collector_poll(collector), 1);
    collector_free(collector);
    free(rings);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ring");
    TCase *t = tcase_create("ring");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, batches_are_published);
    tcase_add_test(t, wraps_around);
    tcase_add_test(t, reserve_says_when_full);
    tcase_add_test(t, full_drops_the_newest_and_says_so);
    tcase_add_test(t, reserved_is_never_dropped);
    tcase_add_loop_test(t, counters_wrap, 0, 2);
    tcase_add_test(t, rings_stand_anywhere);
    tcase_add_test(t, stamps_do_not_go_back);
    tcase_add_test(t, the_clock_goes_forward);
    tcase_add_test(t, versions_begin_again_at_1);
    tcase_add_test(t, the_last_loss_is_said);
    tcase_add_test(t, no_more_rings_than_fit);
    tcase_add_loop_test(t, adversarial_order, 0, 10);
    tcase_add_test(t, indivisible_steps);
    tcase_add_test(t, a_step_of_many_records);
    tcase_add_test(t, gaps_are_found);
    tcase_add_test(t, rings_are_used_again);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
