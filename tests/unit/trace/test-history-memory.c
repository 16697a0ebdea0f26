/* What the history does when it is to keep within a limit. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../unit.h"
#include "base/die.h"
#include "base/hash.h"
#include "hand.h"
#include "stream.h"

/* ---- a disk that can be full ---- */

/* So many bytes still fit; what is punched out fits again. The history calls these, since they
 * stand here. */
static int64_t disk_left = INT64_MAX;

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    if ((int64_t)count > disk_left) {
        errno = ENOSPC;
        return -1;
    }
    disk_left -= (int64_t)count;
    return syscall(SYS_pwrite64, file, bytes, count, offset);
}

int fallocate(int file, int mode, off_t offset, off_t length)
{
    if (mode & FALLOC_FL_PUNCH_HOLE)
        disk_left += length;
    return (int)syscall(SYS_fallocate, file, mode, offset, length);
}

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

/* ---- what is left is as it was ---- */

enum { SETS = 6, PIECES = 130 };

/* Made-up runs one after another, by other threads on other things each time: so some are in use
 * all along, some are not used again for long, and some were used at the start alone. */
static void pieces(struct history *history, int count)
{
    struct stream *stream = xmalloc(sizeof *stream);
    uint64_t time = 0;
    for (int piece = 0; piece < count; piece++) {
        uint32_t set = piece == 0 ? SETS - 1 : piece % 16 == 0 ? SETS - 2 : (uint32_t)piece % 3;
        stream_init(stream, (uint64_t)piece + 1);
        while (stream->count + 2 < STREAM_MOST && stream->time < 8 * STREAM_MOST)
            stream_step(stream, true);
        for (size_t i = 0; i < stream->count; i++) {
            struct thrum_event event = stream->records[i].event;
            event.time += time;
            if (event.object != THRUM_NONE)
                event.object += set * STREAM_OBJECTS;
            history_append(history, stream->records[i].thread + set * STREAM_THREADS, &event);
        }
        time += stream->time;
        history_advance(history, time);
    }
    free(stream);
}

static void compare_lane(const struct history *all, const struct history *rest, uint32_t thread,
                         uint64_t t, uint64_t horizon)
{
    struct lane_interval expected, found;
    history_interval(all, thread, t, &expected);
    history_interval(rest, thread, t, &found);
    if (expected.event == HISTORY_NONE || expected.event >= horizon)
        ck_assert_mem_eq(&found, &expected, sizeof found);
    ck_assert_uint_eq(found.state, expected.state);
    ck_assert_uint_eq(found.start, expected.start);
    ck_assert_uint_eq(found.end, expected.end);
    ck_assert_uint_eq(found.object, expected.object);
    uint64_t before = history_thread_before(all, thread, t);
    if (before != HISTORY_NONE && before >= horizon)
        ck_assert_uint_eq(history_thread_before(rest, thread, t), before);
    ck_assert_uint_eq(history_thread_after(rest, thread, t), history_thread_after(all, thread, t));
    uint64_t ns[LANE_STATES], expected_ns[LANE_STATES];
    history_share(rest, thread, t, history_now(rest), ns);
    history_share(all, thread, t, history_now(all), expected_ns);
    ck_assert_mem_eq(ns, expected_ns, sizeof ns);
}

static void compare_object(const struct history *all, const struct history *rest, uint32_t object,
                           uint64_t t, uint64_t horizon)
{
    struct object_at expected, found;
    history_object_at(all, object, t, &expected);
    history_object_at(rest, object, t, &found);
    ck_assert_uint_eq(found.state, expected.state);
    ck_assert_uint_eq(found.since, expected.since);
    ck_assert_uint_eq(found.holder, expected.holder);
    ck_assert_uint_eq(found.holder_since, expected.holder_since);
    ck_assert_uint_eq(found.holder_source, expected.holder_source);
    ck_assert_uint_eq(found.waiters, expected.waiters);
    ck_assert_int_eq(found.value, expected.value);
    ck_assert_uint_eq(history_object_after(rest, object, t), history_object_after(all, object, t));
    uint64_t before = history_change_before(all, object, t);
    if (before == HISTORY_NONE || before >= horizon)
        ck_assert_uint_eq(history_change_before(rest, object, t), before);
    ck_assert_uint_eq(history_change_after(rest, object, t), history_change_after(all, object, t));
}

static void compare_arrows(const struct history *all, const struct history *rest, uint64_t t,
                           uint64_t horizon)
{
    enum { MOST = 5000 };
    static struct wake_arrow expected[MOST], found[MOST];
    size_t count = history_wakes(all, t, t + 2000, MOST, expected), kept = 0;
    ck_assert_uint_lt(count, MOST);
    for (size_t i = 0; i < count; i++)
        if (expected[i].from_event >= horizon)
            expected[kept++] = expected[i];
    count = kept;
    ck_assert_uint_eq(history_wakes(rest, t, t + 2000, MOST, found), count);
    ck_assert_mem_eq(found, expected, count * sizeof *found);
}

/* Of what happened since the horizon everything is known as before. */
static void compare_rest(const struct history *all, const struct history *rest)
{
    uint64_t horizon = history_memory(rest).horizon, seed = 1;
    struct history_event oldest;
    ck_assert_uint_gt(horizon, 0);
    ck_assert(history_event_at(rest, horizon, &oldest));
    ck_assert(!history_event_at(rest, horizon - 1, &oldest));
    ck_assert(history_event_at(rest, horizon, &oldest));
    uint64_t from = oldest.event.time, now = history_now(all);
    ck_assert_uint_eq(now, history_now(rest));
    for (int round = 0; round < 400; round++) {
        uint64_t t =
            round < 100 ? from + random_below(&seed, 3000) : from + random_below(&seed, now - from);
        for (uint32_t i = 0; i < SETS * STREAM_THREADS; i++)
            compare_lane(all, rest, i, t, horizon);
        for (uint32_t i = 0; i < SETS * STREAM_OBJECTS; i++)
            compare_object(all, rest, i, t, horizon);
        if (round > 100)
            compare_arrows(all, rest, t, horizon);
    }
}

static void pieces_catalog(struct trace_catalog *catalog)
{
    for (uint32_t set = 0; set < SETS; set++) {
        stream_catalog(catalog);
        for (uint32_t i = set * STREAM_OBJECTS; i < (set + 1) * STREAM_OBJECTS; i++)
            catalog->objects.items[i].lock =
                catalog->objects.items[i].lock == THRUM_NONE ? THRUM_NONE : set * STREAM_OBJECTS;
    }
    for (uint32_t set = 0; set < SETS; set++) {
        catalog->objects.items[set * STREAM_OBJECTS + STREAM_VARIABLE].initial = 5;
        catalog->objects.items[set * STREAM_OBJECTS + STREAM_SEMAPHORE].initial = 1;
        catalog->objects.items[set * STREAM_OBJECTS + STREAM_CONDITION].lock = set * STREAM_OBJECTS;
    }
}

START_TEST(the_rest_is_as_it_was)
{
    struct trace_catalog catalog = {0};
    pieces_catalog(&catalog);
    struct history *all = history_new(&catalog), *rest = history_new(&catalog);
    history_limit(rest, 8 << 20, NULL);
    pieces(all, PIECES);
    pieces(rest, PIECES);
    compare_rest(all, rest);
    /* a record of the kernel that is older than all that is left */
    struct thrum_event event = {
        .time = 1, .kind = THRUM_KIND_SWITCH_PREEMPTED, .object = THRUM_NONE};
    struct thrum_event again = {.time = 2, .kind = THRUM_KIND_SWITCH_IN, .object = THRUM_NONE};
    for (uint32_t i = 0; i < SETS * STREAM_THREADS; i++) {
        struct lane_interval before, after;
        uint64_t ns[LANE_STATES], sum = 0, now = history_now(rest);
        history_interval(rest, i, now, &before);
        history_append(rest, i, &event);
        history_append(rest, i, &again);
        history_interval(rest, i, now, &after);
        ck_assert_uint_eq(after.state, before.state);
        history_share(rest, i, 0, now, ns);
        for (int j = 0; j < LANE_STATES; j++)
            sum += ns[j];
        ck_assert_uint_eq(sum, now);
    }
    history_free(all);
    history_free(rest);
    catalog_fini(&catalog);
}
END_TEST

/* When the disk is full, the oldest in the file goes, and no more than must. */
START_TEST(a_full_disk)
{
    struct trace_catalog catalog = {0};
    char folder[] = "/tmp/thrum-history-XXXXXX";
    enum { ROOM = 24 << 20 };
    ck_assert_ptr_nonnull(mkdtemp(folder));
    pieces_catalog(&catalog);
    struct history *all = history_new(&catalog), *rest = history_new(&catalog);
    history_limit(rest, 8 << 20, folder);
    rmdir(folder);
    disk_left = ROOM;
    pieces(all, PIECES);
    pieces(rest, PIECES);
    struct history_memory memory = history_memory(rest);
    ck_assert(memory.failed);
    ck_assert_uint_eq(memory.spilled, ROOM);
    compare_rest(all, rest);
    disk_left = INT64_MAX;
    history_free(all);
    history_free(rest);
    catalog_fini(&catalog);
}
END_TEST

START_TEST(a_folder_that_nobody_may_write)
{
    struct hand hand;
    hand_init(&hand);
    history_limit(hand.history, 8 << 20, "/proc/nowhere/at/all");
    many(hand.history, 900000);
    struct history_memory memory = history_memory(hand.history);
    ck_assert(memory.failed);
    ck_assert_uint_eq(memory.spilled, 0);
    ck_assert_uint_gt(memory.horizon, 1000);
    hand_fini(&hand);
}
END_TEST

/* More threads and things at once than two chunks hold of what is at present. */
START_TEST(a_crowd_in_little_memory)
{
    enum { CROWD = 9000, ROUNDS = 120 };
    struct trace_catalog catalog = {0};
    for (int i = 0; i < CROWD; i++)
        catalog_add_object(&catalog, "lock", TRACE_LOCK);
    struct history *history = history_new(&catalog);
    history_limit(history, 8 << 20, NULL);
    uint64_t time = 0;
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < CROWD; i++) {
            if (round > 1 && i % 3000)
                continue; /* most do nothing after the start */
            struct thrum_event event = {.time = ++time,
                                        .object = i,
                                        .value = round % 2 == 0,
                                        .kind =
                                            round % 2 ? THRUM_KIND_RELEASE : THRUM_KIND_ACQUIRE};
            history_append(history, i, &event);
        }
    for (uint32_t i = 0; i < CROWD; i++) {
        struct object_at at;
        struct lane_interval interval;
        history_object_at(history, i, time, &at);
        ck_assert_uint_eq(at.holder, THRUM_NONE);
        history_interval(history, i, time, &interval);
        ck_assert_uint_eq(interval.state, LANE_RUNNING);
    }
    history_free(history);
    catalog_fini(&catalog);
}
END_TEST

/* Where the system gives few addresses, who appends is told before they end. */
START_TEST(full_before_the_addresses_end)
{
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
    struct hand hand;
    struct rlimit limit = {600 << 20, 600 << 20};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    hand_init(&hand);
    history_limit(hand.history, 8 << 20, NULL);
    ck_assert(!history_full(hand.history));
    uint64_t time = 0;
    while (!history_full(hand.history))
        put(&hand, 0, ++time, THRUM_KIND_LOAD, HAND_VARIABLE, 0);
    for (int i = 0; i < 100000; i++) /* what is under way still fits */
        put(&hand, 0, ++time, THRUM_KIND_LOAD, HAND_VARIABLE, 0);
    ck_assert_uint_gt(time, 1000000);
    hand_fini(&hand);
#endif
}
END_TEST

/* ---- what is counted is what is there ---- */

/* 0 where that says nothing: under a sanitizer most of it is the sanitizer's. */
static size_t private_bytes(void)
{
    size_t kib = 0;
    char line[200];
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    return 0;
#endif
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "Anonymous: %zu kB", &kib);
    if (file)
        fclose(file);
    return kib << 10;
}

START_TEST(resident_is_what_is_resident)
{
    struct trace_catalog catalog = {0};
    char folder[] = "/tmp/thrum-history-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    pieces_catalog(&catalog);
    for (int limited = 0; limited < 2; limited++) {
        size_t before = private_bytes();
        struct history *history = history_new(&catalog);
        if (limited)
            history_limit(history, 8 << 20, folder);
        pieces(history, 2 * PIECES);
        size_t counted = history_memory(history).resident, after = private_bytes();
        ck_assert_uint_gt(counted, 4 << 20);
        /* chunks are taken whole, and arrays grow by half of what they are */
        if (before)
            ck_assert_msg(
                after < before + counted + (4 << 20) && after + (4 << 20) > before + counted,
                "%zu KiB are counted, %zu are there", counted >> 10, (after - before) >> 10);
        history_free(history);
    }
    rmdir(folder);
    catalog_fini(&catalog);
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
    tcase_add_test(t, the_rest_is_as_it_was);
    tcase_add_test(t, a_full_disk);
    tcase_add_test(t, a_folder_that_nobody_may_write);
    tcase_add_test(t, a_crowd_in_little_memory);
    tcase_add_test(t, full_before_the_addresses_end);
    tcase_add_test(t, resident_is_what_is_resident);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
