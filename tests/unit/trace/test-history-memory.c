/* What the history does when it is to keep within a limit. */
#include <stdio.h>

#include "../unit.h"
#include "base/hash.h"
#include "hand.h"

static void many(struct history *history, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct thrum_event event = {.time = 10 * i,
                                    .object = (uint32_t)(i / 2 % 2),
                                    .kind = i % 2 ? THRUM_KIND_RELEASE : THRUM_KIND_ACQUIRE,
                                    .value = i % 2 ? 0 : 1,
                                    .source = THRUM_SOURCE(i % 1000, 1)};
        history_append(history, 0, &event);
    }
}

START_TEST(spills_to_a_file)
{
    struct hand hand;
    char folder[] = "/tmp/thrum-history-XXXXXX";
    enum { RECORDS = 600000 };
    ck_assert_ptr_nonnull(mkdtemp(folder));
    hand_init(&hand);
    history_limit(hand.history, 8 << 20, folder);
    many(hand.history, RECORDS);
    struct history_memory memory = history_memory(hand.history);
    ck_assert_uint_gt(memory.spilled, 8 << 20);
    ck_assert_uint_lt(memory.resident, 12 << 20);
    ck_assert_uint_eq(memory.horizon, 0);
    ck_assert(!memory.failed);
    for (uint64_t i = 0; i < RECORDS; i += 999) {
        struct history_event event;
        struct object_at at;
        ck_assert(history_event_at(hand.history, i, &event));
        ck_assert_uint_eq(event.event.time, 10 * i);
        history_object_at(hand.history, (uint32_t)(i / 2 % 2), 10 * i, &at);
        ck_assert_uint_eq(at.state, i % 2 ? OBJECT_FREE : OBJECT_HELD);
    }
    ck_assert_uint_eq(history_thread_before(hand.history, 0, 12345), 1234);
    hand_fini(&hand);
    char command[64];
    snprintf(command, sizeof command, "rmdir %s", folder);
    ck_assert_msg(system(command) == 0, "the file was not unlinked");
}
END_TEST

START_TEST(drops_without_a_file)
{
    struct hand hand;
    enum { RECORDS = 900000 };
    hand_init(&hand);
    put(&hand, 1, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    history_limit(hand.history, 8 << 20, NULL);
    many(hand.history, RECORDS);
    struct history_memory memory = history_memory(hand.history);
    ck_assert_uint_lt(memory.resident, 12 << 20);
    ck_assert_uint_gt(memory.horizon, 1000);
    ck_assert_uint_lt(memory.horizon, RECORDS - 1000);
    struct history_event event;
    ck_assert(!history_event_at(hand.history, 0, &event));
    ck_assert(!history_event_at(hand.history, memory.horizon - 1, &event));
    ck_assert(history_event_at(hand.history, memory.horizon, &event));
    ck_assert_uint_eq(history_thread_before(hand.history, 0, 50), HISTORY_NONE);
    struct lane_interval interval;
    history_interval(hand.history, 1, 500, &interval); /* its last block has moved along */
    ck_assert_uint_eq(interval.state, LANE_RUNNING);
    ck_assert_uint_eq(interval.start, 1);
    for (uint64_t i = memory.horizon + 100; i < RECORDS; i += 777) {
        struct object_at at;
        history_object_at(hand.history, (uint32_t)((i - 1) / 2 % 2), 10 * (i - 1), &at);
        ck_assert_uint_eq(at.state, (i - 1) % 2 ? OBJECT_FREE : OBJECT_HELD);
        ck_assert_uint_eq(history_thread_before(hand.history, 0, 10 * (i - 1) + 5), i);
    }
    struct object_statistics statistics;
    history_object_statistics(hand.history, 0, &statistics);
    ck_assert_uint_eq(statistics.acquisitions, RECORDS / 4);
    struct thread_statistics all; /* what was dropped still counts */
    history_thread_statistics(hand.history, 1, &all);
    ck_assert_uint_eq(all.ns[LANE_UNBORN], 1);
    ck_assert_uint_eq(all.ns[LANE_RUNNING], history_now(hand.history) - 1);
    history_thread_statistics(hand.history, 0, &all);
    uint64_t sum = 0;
    for (int i = 0; i < LANE_STATES; i++)
        sum += all.ns[i];
    ck_assert_uint_eq(sum, history_now(hand.history));
    ck_assert_uint_lt(all.ns[LANE_UNBORN], 1000);
    hand_fini(&hand);
}
END_TEST

/* Threads that sleep and wake at random, the higher ones ever more rarely. */
static void sleepers(struct history *history, size_t count)
{
    enum { SLEEPERS = 40 };
    bool asleep[SLEEPERS] = {0};
    uint64_t seed = 5, time = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t thread = (uint32_t)random_below(&seed, 1 + random_below(&seed, SLEEPERS));
        time += 1 + random_below(&seed, 100);
        struct thrum_event event = {.time = time,
                                    .object = THRUM_NONE,
                                    .kind = asleep[thread] ? THRUM_KIND_SLEEP_END
                                                           : THRUM_KIND_SLEEP_BEGIN};
        asleep[thread] = !asleep[thread];
        history_append(history, thread, &event);
    }
}

/* What is left when the old was dropped looks the same at every zoom. */
START_TEST(rows_after_dropping)
{
    enum { RECORDS = 900000, COLUMNS = 100, THREADS = 40 };
    struct hand all, rest;
    hand_init(&all);
    hand_init(&rest);
    history_limit(rest.history, 8 << 20, NULL);
    sleepers(all.history, RECORDS);
    sleepers(rest.history, RECORDS);
    struct history_event oldest;
    ck_assert(history_event_at(rest.history, history_memory(rest.history).horizon, &oldest));
    ck_assert_uint_gt(oldest.index, RECORDS / 4);
    uint64_t now = history_now(all.history), compared = 0;
    uint64_t t0 = oldest.event.time + (now - oldest.event.time) / 16;
    for (uint64_t column = (now - t0) / COLUMNS; column > 50; column /= 3)
        for (uint32_t i = 0; i < THREADS; i++) {
            struct lane_cell cells[COLUMNS], expected[COLUMNS];
            uint64_t ns[LANE_STATES];
            history_share(rest.history, i, t0, now, ns);
            if (ns[LANE_UNBORN])
                continue; /* its last block reaches back to before */
            compared++;
            history_row(all.history, i, t0, column, COLUMNS, expected);
            history_row(rest.history, i, t0, column, COLUMNS, cells);
            ck_assert_mem_eq(cells, expected, sizeof cells);
        }
    ck_assert_uint_gt(compared, 5 * THREADS);
    hand_fini(&all);
    hand_fini(&rest);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("history memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, spills_to_a_file);
    tcase_add_test(t, drops_without_a_file);
    tcase_add_test(t, rows_after_dropping);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
