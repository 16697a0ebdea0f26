/* The merged order, beside one that is made the slow way: each time, of all steps whose
 * predecessors were delivered, the first in time. */
#include <string.h>

#include "../unit.h"
#include "base/die.h"
#include "base/hash.h"
#include "thrum/ring.h"
#include "trace/collector.c" /* not the header: a guard begins near the highest version */
#include "trace/tournament.h"

/* ---- the tournament ---- */

enum { CONTESTANTS = 70 };

/* Random entering, changing and leaving; the first is always the least of those who take part. */
START_TEST(the_first_is_the_least)
{
    struct tournament tournament = {0};
    uint64_t seed = (uint64_t)_i + 1, times[CONTESTANTS];
    uint32_t seats[CONTESTANTS], inside = 0, first;
    bool in[CONTESTANTS] = {false};
    ck_assert(!tournament_first(&tournament, &first));
    for (int round = 0; round < 20000; round++) {
        /* rises and falls, so that it empties now and then */
        uint32_t who = (uint32_t)random_below(&seed, round / 500 % 2 ? 3 : CONTESTANTS);
        uint64_t time = random_below(&seed, 8) ? random_below(&seed, 20) : UINT64_MAX;
        if (!in[who]) {
            seats[who] = tournament_enter(&tournament, who, time);
            inside++;
        } else if (random_below(&seed, 2)) {
            tournament_change(&tournament, seats[who], who, time);
        } else {
            tournament_leave(&tournament, seats[who]);
            in[who] = false;
            inside--;
            goto compare;
        }
        in[who] = true;
        times[who] = time;
    compare:;
        uint32_t least = UINT32_MAX;
        for (uint32_t i = 0; i < CONTESTANTS; i++)
            if (in[i] && (least == UINT32_MAX || times[i] < times[least]))
                least = i;
        ck_assert_int_eq(tournament_first(&tournament, &first), inside > 0);
        if (inside)
            ck_assert_uint_eq(first, least);
    }
    tournament_fini(&tournament);
}
END_TEST

/* ---- the order ---- */

enum { THREADS = 6, GUARDS = 4, MOST = 1024 };

struct lane {
    struct thrum_event records[MOST];
    size_t count, next;
};

struct told {
    uint32_t thread;
    struct thrum_event event;
};

struct order {
    struct told told[THREADS * MOST];
    size_t count;
};

/* A run of steps of one to four records; the threads' clocks are apart, and no guard sets them
 * right, so times follow versions only roughly. */
static void make_up(struct lane *lanes, uint64_t seed)
{
    uint32_t versions[GUARDS] = {0};
    uint64_t apart[THREADS];
    for (int i = 0; i < THREADS; i++)
        apart[i] = random_below(&seed, 200);
    memset(lanes, 0, THREADS * sizeof *lanes);
    for (uint64_t step = 0; step < 1200; step++) {
        uint32_t thread = (uint32_t)random_below(&seed, THREADS);
        struct lane *lane = &lanes[thread];
        uint64_t length = random_below(&seed, 3) ? 1 : 1 + random_below(&seed, 4);
        if (lane->count + length > MOST)
            continue;
        for (uint64_t i = 0; i < length; i++) {
            struct thrum_event *event = &lane->records[lane->count++];
            event->time = 10 * step + apart[thread];
            event->kind = THRUM_KIND_STORE;
            event->flags = i + 1 < length ? THRUM_MORE : THRUM_STEP;
            event->object = (uint32_t)random_below(&seed, GUARDS + 1); /* the last has no guard */
            event->version = event->object < GUARDS ? ++versions[event->object] : 0;
        }
    }
}

/* The length of the lane's next step if all before it were delivered; else 0. */
static size_t next_step(const struct lane *lane, const uint32_t *versions)
{
    uint32_t now[GUARDS];
    memcpy(now, versions, sizeof now);
    for (size_t i = lane->next; i < lane->count; i++) {
        const struct thrum_event *event = &lane->records[i];
        if (event->version && event->version != ++now[event->object])
            return 0;
        if (!(event->flags & THRUM_MORE))
            return i + 1 - lane->next;
    }
    return 0;
}

static void slowly(struct lane *lanes, struct order *order)
{
    uint32_t versions[GUARDS] = {0};
    order->count = 0;
    for (;;) {
        uint32_t best = THREADS;
        size_t best_length = 0;
        uint64_t best_time = 0;
        for (uint32_t i = 0; i < THREADS; i++) {
            size_t length = next_step(&lanes[i], versions);
            uint64_t time = length ? lanes[i].records[lanes[i].next + length - 1].time : 0;
            if (length && (best == THREADS || time < best_time)) {
                best = i;
                best_length = length;
                best_time = time;
            }
        }
        if (best == THREADS)
            return;
        for (size_t i = 0; i < best_length; i++) {
            const struct thrum_event *event = &lanes[best].records[lanes[best].next++];
            order->told[order->count++] = (struct told){best, *event};
            if (event->version)
                versions[event->object] = event->version;
        }
    }
}

static void tell(void *context, uint32_t thread, const struct thrum_event *event)
{
    struct order *order = context;
    ck_assert_uint_lt(order->count, THREADS * MOST);
    order->told[order->count++] = (struct told){thread, *event};
}

static void by_collector(const struct lane *lanes, struct order *order)
{
    struct trace_catalog catalog = {0};
    struct thrum_ring *rings[THREADS];
    struct thrum_event *slots = xcalloc(THREADS * MOST, sizeof *slots);
    for (uint32_t i = 0; i <= GUARDS; i++) {
        catalog_add_object(&catalog, "x", TRACE_VARIABLE);
        catalog.objects.items[i].guard = i < GUARDS ? i : THRUM_NONE;
    }
    order->count = 0;
    struct collector *collector = collector_new(&catalog, tell, order);
    for (uint32_t i = 0; i < THREADS; i++) {
        rings[i] = xmalloc(sizeof *rings[i]);
        thrum_ring_init(rings[i], slots + i * MOST, MOST, i, 1, NULL);
        ck_assert(collector_add(collector, rings[i]));
        for (size_t n = 0; n < lanes[i].count; n++) {
            const struct thrum_event *event = &lanes[i].records[n];
            ck_assert(thrum_emit_at(rings[i], event->time, event->kind, event->flags, 0,
                                    event->object, event->version, 0, 0));
        }
    }
    collector_poll(collector);
    ck_assert_uint_eq(collector_finish(collector, NULL), 0);
    collector_free(collector);
    for (uint32_t i = 0; i < THREADS; i++)
        free(rings[i]);
    free(slots);
    catalog_fini(&catalog);
}

START_TEST(order_is_the_slow_one)
{
    struct lane *lanes = xmalloc(THREADS * sizeof *lanes);
    struct order *slow = xmalloc(sizeof *slow), *fast = xmalloc(sizeof *fast);
    make_up(lanes, (uint64_t)_i + 1);
    slowly(lanes, slow);
    by_collector(lanes, fast);
    ck_assert_uint_gt(slow->count, 1000);
    ck_assert_uint_eq(fast->count, slow->count);
    for (size_t i = 0; i < slow->count; i++) {
        const struct told *a = &slow->told[i], *b = &fast->told[i];
        if (a->thread != b->thread || a->event.time != b->event.time ||
            a->event.object != b->event.object || a->event.version != b->event.version)
            ck_abort_msg("record %zu is thread %u's, not thread %u's", i, b->thread, a->thread);
    }
    free(lanes);
    free(slow);
    free(fast);
}
END_TEST

/* After four thousand million accesses of one guard comes version 1 again. */
START_TEST(versions_begin_again)
{
    static const uint32_t versions[] = {0xfffffffeu, 0xffffffffu, 1, 2, 3};
    struct trace_catalog catalog = {0};
    struct order *order = xmalloc(sizeof *order);
    struct thrum_event slots[2][32];
    struct thrum_ring rings[2];
    catalog_add_object(&catalog, "x", TRACE_VARIABLE);
    catalog.objects.items[0].guard = 0;
    order->count = 0;
    struct collector *collector = collector_new(&catalog, tell, order);
    vector_push(&collector->guards, (struct guard){.version = 0xfffffffdu});
    for (uint32_t i = 0; i < 2; i++) {
        thrum_ring_init(&rings[i], slots[i], 32, i, 1, NULL);
        ck_assert(collector_add(collector, &rings[i]));
    }
    static const struct {
        uint32_t thread, version;
        uint8_t flags;
    } acts[] = {{1, 0xffffffffu, THRUM_STEP},
                {1, 3, THRUM_STEP},
                {0, 0xfffffffeu, THRUM_STEP},
                {0, 1, THRUM_MORE},
                {0, 2, THRUM_STEP}};
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(order->count, i < 3 ? 0 : 2);
        ck_assert(thrum_emit_at(&rings[acts[i].thread], 1, THRUM_KIND_STORE, acts[i].flags, 0, 0,
                                acts[i].version, 0, 0));
        collector_poll(collector);
    }
    ck_assert_uint_eq(order->count, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(order->told[i].event.version, versions[i]);
    collector_free(collector);
    catalog_fini(&catalog);
    free(order);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("merge");
    TCase *t = tcase_create("merge");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, the_first_is_the_least, 0, 4);
    tcase_add_loop_test(t, order_is_the_slow_one, 0, 20);
    tcase_add_test(t, versions_begin_again);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
