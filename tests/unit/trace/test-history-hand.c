/* The history of runs written by hand. */
#include "../unit.h"
#include "base/die.h"
#include "hand.h"
#include "trace/waits.h"

START_TEST(deadlock_chain)
{
    struct hand hand;
    struct wait_edge chain[4];
    size_t cycle = 0;
    hand_init(&hand);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    put(&hand, 0, 10, THRUM_KIND_ACQUIRE, 0, 1);
    put(&hand, 1, 20, THRUM_KIND_ACQUIRE, 1, 1);
    put(&hand, 1, 21, THRUM_KIND_ACQUIRE, 1, 2);
    put(&hand, 0, 30, THRUM_KIND_WAIT_BEGIN, 1, -1);
    put(&hand, 1, 40, THRUM_KIND_WAIT_BEGIN, 0, -1);
    put(&hand, 2, 50, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, 0);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 60, THRUM_KIND_STUCK, THRUM_NONE, 0);
    ck_assert_uint_eq(waits_chain(hand.history, 2, 55, 4, chain, &cycle), 3);
    ck_assert_uint_eq(cycle, 1);
    ck_assert_uint_eq(chain[0].owner, 0);
    ck_assert_uint_eq(chain[1].object, 1);
    ck_assert_uint_eq(chain[1].owner, 1);
    ck_assert_uint_eq(chain[1].owner_since, 20);
    ck_assert_uint_eq(THRUM_SOURCE_LINE(chain[1].owner_source), 20);
    ck_assert_uint_eq(chain[2].owner, 0);
    ck_assert(!chain[0].stuck);
    ck_assert_uint_eq(waits_all(hand.history, 35, 4, chain), 1);
    /* stuck keeps what was waited for, and since when */
    ck_assert_uint_eq(waits_chain(hand.history, 2, 70, 4, chain, &cycle), 3);
    ck_assert(chain[0].stuck && chain[1].stuck && chain[2].stuck);
    ck_assert_uint_eq(chain[0].owner, 0);
    ck_assert_uint_eq(chain[1].since, 30);
    ck_assert_uint_eq(THRUM_SOURCE_LINE(chain[1].source), 30);
    hand_fini(&hand);
}
END_TEST

START_TEST(woken_by)
{
    struct hand hand;
    struct lane_interval interval;
    struct wake_arrow arrows[4];
    hand_init(&hand);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    /* A waits on c (lock a); B takes a, notifies, releases; A gets the lock back */
    put(&hand, 0, 10, THRUM_KIND_ACQUIRE, 0, 1);
    put(&hand, 0, 20, THRUM_KIND_COND_WAIT, 2, -1);
    struct object_at at;
    history_object_at(hand.history, 0, 25, &at);
    ck_assert_uint_eq(at.state, OBJECT_FREE);
    ck_assert_int_eq(at.value, 0);
    put(&hand, 1, 30, THRUM_KIND_ACQUIRE, 0, 1);
    uint64_t notified = put(&hand, 1, 40, THRUM_KIND_NOTIFY, 2, 1);
    put(&hand, 0, 45, THRUM_KIND_WAKE, 2, 1);
    put(&hand, 0, 46, THRUM_KIND_WAIT_BEGIN, 0, -1);
    uint64_t released = put(&hand, 1, 50, THRUM_KIND_RELEASE, 0, 0);
    put(&hand, 0, 60, THRUM_KIND_COND_REACQUIRED, 2, 1);
    history_advance(hand.history, 100);
    history_interval(hand.history, 0, 30, &interval);
    ck_assert_uint_eq(interval.state, LANE_WAITING);
    ck_assert_uint_eq(interval.object, 2);
    ck_assert_uint_eq(interval.start, 20);
    ck_assert_uint_eq(interval.end, 45);
    struct history_event waker;
    ck_assert(history_waker(hand.history, interval.end_event, &waker));
    ck_assert_uint_eq(waker.thread, 1);
    ck_assert_uint_eq(waker.index, notified);
    history_interval(hand.history, 0, 48, &interval);
    ck_assert_uint_eq(interval.state, LANE_BLOCKED);
    ck_assert_uint_eq(interval.object, 0);
    ck_assert(history_waker(hand.history, interval.end_event, &waker));
    ck_assert_uint_eq(waker.index, released);
    history_object_at(hand.history, 0, 60, &at);
    ck_assert_uint_eq(at.holder, 0);
    ck_assert_uint_eq(at.holder_since, 60);
    ck_assert_uint_eq(history_wakes(hand.history, 0, 100, 4, arrows), 2);
    ck_assert_uint_eq(arrows[0].from, 1);
    ck_assert_uint_eq(arrows[0].to, 0);
    ck_assert_uint_eq(arrows[0].from_time, 40);
    ck_assert_uint_eq(arrows[1].to_time, 60);
    ck_assert_uint_eq(history_wakes(hand.history, 46, 100, 4, arrows), 1);
    ck_assert_uint_eq(history_wakes(hand.history, 0, 100, 1, arrows), 1);
    struct object_statistics statistics;
    history_object_statistics(hand.history, 0, &statistics);
    ck_assert_uint_eq(statistics.acquisitions, 3);
    ck_assert_uint_eq(statistics.hold_total, 10 + 20 + 40); /* the last still goes on */
    ck_assert_uint_eq(statistics.hold_max, 40);
    ck_assert_uint_eq(statistics.wait_total, 14);
    /* a join is ended by the other's end; a time-out by nobody */
    put(&hand, 0, 70, THRUM_KIND_JOIN_BEGIN, THRUM_NONE, 1);
    uint64_t ended = put(&hand, 1, 80, THRUM_KIND_THREAD_END, THRUM_NONE, 0);
    put(&hand, 0, 85, THRUM_KIND_JOIN, THRUM_NONE, 1);
    put(&hand, 2, 86, THRUM_KIND_WAIT_BEGIN, 0, 1);
    put(&hand, 2, 90, THRUM_KIND_TIMED_OUT, 0, 0);
    history_interval(hand.history, 0, 75, &interval);
    ck_assert_uint_eq(interval.other, 1);
    ck_assert(history_waker(hand.history, interval.end_event, &waker));
    ck_assert_uint_eq(waker.index, ended);
    history_interval(hand.history, 2, 87, &interval);
    ck_assert_uint_eq(interval.object, 0);
    ck_assert(!history_waker(hand.history, interval.end_event, &waker));
    hand_fini(&hand);
}
END_TEST

START_TEST(barriers_words_and_marks)
{
    struct hand hand;
    struct barrier_opening opening;
    struct lane_cell cells[10];
    struct history_line line;
    hand_init(&hand);
    for (uint32_t i = 0; i < 3; i++)
        put(&hand, i, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    put(&hand, 0, 10, THRUM_KIND_BARRIER_ARRIVE, 3, 0);
    put(&hand, 0, 11, THRUM_KIND_WAIT_BEGIN, 3, -1);
    put(&hand, 1, 20, THRUM_KIND_BARRIER_ARRIVE, 3, 1);
    uint64_t opened = put(&hand, 1, 25, THRUM_KIND_BARRIER_OPEN, 3, 2);
    put(&hand, 0, 30, THRUM_KIND_BARRIER_DEPART, 3, 0);
    put(&hand, 2, 35, THRUM_KIND_NOTE, THRUM_NONE, 0);
    history_add_note(hand.history, 2, 35, "here");
    history_add_console(hand.history, 2, 36, "hello");
    struct problem problem = {.kind = PROBLEM_RACE, .time = 41, .event = opened};
    problem_add_thread(&problem, 2);
    problem.title = xstrdup("title");
    ck_assert_uint_eq(history_add_problem(hand.history, &problem), 0);
    ck_assert_ptr_null(problem.title);
    history_advance(hand.history, 100);
    ck_assert_uint_eq(history_openings(hand.history, 0, 100, 1, &opening), 1);
    ck_assert_uint_eq(opening.event, opened);
    ck_assert_uint_eq(opening.thread, 1);
    for (uint32_t i = 0; i < 3; i++) {
        history_row(hand.history, i, 0, 10, 10, cells);
        history_mark_row(hand.history, i, 0, 10, 10, cells);
        ck_assert_uint_eq(cells[2].marks, i < 2 ? MARK_BARRIER : 0);
        ck_assert_uint_eq(cells[3].marks, i == 2 ? MARK_NOTE : 0);
        ck_assert_uint_eq(cells[4].marks, i == 2 ? MARK_PROBLEM : 0);
    }
    history_row(hand.history, 0, 0, 10, 10, cells);
    ck_assert_uint_eq(cells[2].state, LANE_WAITING);
    ck_assert_uint_eq(cells[2].object, 3);
    ck_assert(history_console(hand.history, 0, &line));
    ck_assert_str_eq(line.text, "hello");
    ck_assert_uint_eq(history_console_at(hand.history, 35), 0);
    ck_assert_uint_eq(history_console_at(hand.history, 36), 1);
    /* the problem's record goes, and so do the lines after it */
    history_truncate(hand.history, opened, 24);
    ck_assert_uint_eq(history_problem_count(hand.history), 0);
    ck_assert_uint_eq(history_console_count(hand.history), 0);
    ck_assert_uint_eq(history_note_count(hand.history), 0);
    ck_assert_uint_eq(history_openings(hand.history, 0, 100, 1, &opening), 0);
    hand_fini(&hand);
}
END_TEST

/* ---- edges ---- */

START_TEST(from_time_zero)
{
    struct hand hand;
    struct lane_interval interval;
    struct lane_cell cells[4];
    hand_init(&hand);
    put(&hand, 0, 0, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    put(&hand, 0, 5, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 1);
    put(&hand, 0, 9, THRUM_KIND_SLEEP_END, THRUM_NONE, 0);
    put(&hand, 0, 0, THRUM_KIND_SWITCH_PREEMPTED, THRUM_NONE, 0); /* late, and at the very start */
    history_advance(hand.history, 20);
    history_interval(hand.history, 0, 0, &interval);
    ck_assert_uint_eq(interval.state, LANE_READY);
    ck_assert_uint_eq(interval.end, 5);
    history_interval(hand.history, 0, 10, &interval);
    ck_assert_uint_eq(interval.state, LANE_READY);
    /* a thread that never began: the run is there, the thread is not */
    history_row(hand.history, 2, 0, 10, 4, cells);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(cells[i].state, LANE_UNBORN);
        ck_assert_uint_eq(cells[i].filled, i < 2);
    }
    history_truncate(hand.history, 0, 0);
    history_interval(hand.history, 0, 0, &interval);
    ck_assert_uint_eq(interval.state, LANE_UNBORN);
    ck_assert_uint_eq(history_index_at(hand.history, 100), 0);
    hand_fini(&hand);
}
END_TEST

/* The clock does not go back behind records that stay. */
START_TEST(back_to_before_what_is_left)
{
    struct hand hand;
    uint64_t ns[LANE_STATES];
    struct lane_cell cells[3];
    hand_init(&hand);
    put(&hand, 0, 100, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    put(&hand, 0, 300, THRUM_KIND_SLEEP_BEGIN, THRUM_NONE, 1);
    history_truncate(hand.history, 1, 50);
    ck_assert_uint_eq(history_now(hand.history), 100);
    history_share(hand.history, 0, 0, 1000, ns);
    ck_assert_uint_eq(ns[LANE_UNBORN], 100);
    history_row(hand.history, 0, 0, 200, 3, cells);
    ck_assert_uint_eq(cells[0].state, LANE_UNBORN);
    hand_fini(&hand);
}
END_TEST

/* Between two changes more than 2^32 ns go by: each block holds one. */
START_TEST(long_silences)
{
    enum { ROUNDS = 50 };
    const uint64_t apart = 3ull << 31;
    struct hand hand;
    struct lane_cell cells[2];
    struct object_at at;
    uint64_t ns[LANE_STATES];
    hand_init(&hand);
    put(&hand, 0, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    for (uint64_t i = 1; i < ROUNDS; i++) {
        put(&hand, 0, i * apart, THRUM_KIND_WAIT_BEGIN, HAND_LOCK, -1);
        put(&hand, 0, i * apart + apart / 2, THRUM_KIND_ACQUIRE, HAND_LOCK, 1);
        put(&hand, 0, i * apart + apart / 2 + 1, THRUM_KIND_RELEASE, HAND_LOCK, 0);
    }
    history_advance(hand.history, ROUNDS * apart);
    for (uint64_t i = 1; i < ROUNDS; i++) {
        history_share(hand.history, 0, i * apart, (i + 1) * apart, ns);
        ck_assert_uint_eq(ns[LANE_BLOCKED], apart / 2);
        history_object_at(hand.history, HAND_LOCK, i * apart + apart / 2, &at);
        ck_assert_uint_eq(at.holder, 0);
        ck_assert_uint_eq(at.holder_since, i * apart + apart / 2);
        history_object_at(hand.history, HAND_LOCK, i * apart + 7, &at);
        ck_assert_uint_eq(at.waiters, 1);
    }
    /* a wait that fills most of a column, and short ones after it, each in a block of its own */
    struct hand other;
    hand_init(&other);
    put(&other, 0, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    put(&other, 0, 10, THRUM_KIND_WAIT_BEGIN, HAND_LOCK, -1);
    for (uint64_t i = 10; i < 14; i++) {
        put(&other, 0, i * apart, THRUM_KIND_WAKE, HAND_LOCK, -1);
        put(&other, 0, i * apart + apart / 4 * 3, THRUM_KIND_WAIT_BEGIN, HAND_LOCK, -1);
    }
    history_advance(other.history, 15 * apart);
    history_row(other.history, 0, 0, 15 * apart, 2, cells);
    ck_assert_uint_eq(cells[0].state, LANE_BLOCKED);
    ck_assert_uint_eq(cells[0].object, HAND_LOCK);
    hand_fini(&other);
    hand_fini(&hand);
}
END_TEST

/* A thing that the catalog comes to know after records of later numbers. */
START_TEST(catalogued_late)
{
    struct hand hand;
    struct object_at at;
    hand_init(&hand);
    uint32_t late = (uint32_t)hand.catalog.objects.count;
    put(&hand, 0, 5, THRUM_KIND_STORE, late + 1, 3);
    catalog_add_object(&hand.catalog, "late", TRACE_SEMAPHORE);
    hand.catalog.objects.items[late].initial = 4;
    put(&hand, 0, 10, THRUM_KIND_WAIT_BEGIN, late, -1);
    history_object_at(hand.history, late, 10, &at);
    ck_assert_int_eq(at.value, 4);
    put(&hand, 0, 11, THRUM_KIND_TIMED_OUT, late, 0);
    history_object_at(hand.history, late, 11, &at);
    ck_assert_uint_eq(at.state, OBJECT_FREE);
    hand_fini(&hand);
}
END_TEST

/* How many there are is known though only a few are asked for; unknown numbers are harmless. */
START_TEST(more_than_asked_for)
{
    enum { WAKES = 101 };
    struct hand hand;
    struct wake_arrow arrows[WAKES];
    struct barrier_opening openings[WAKES];
    hand_init(&hand);
    for (uint64_t i = 0; i < WAKES; i++) {
        put(&hand, 0, 10 * i + 1, THRUM_KIND_WAIT_BEGIN, HAND_LOCK, -1);
        put(&hand, 1, 10 * i + 2, THRUM_KIND_RELEASE, HAND_LOCK, 0);
        put(&hand, 0, 10 * i + 3, THRUM_KIND_ACQUIRE, HAND_LOCK, 1);
        put(&hand, 1, 10 * i + 4, THRUM_KIND_BARRIER_OPEN, HAND_BARRIER, 1);
    }
    uint64_t end = 10 * WAKES;
    ck_assert_uint_eq(history_wake_count(hand.history, 0, end), WAKES);
    ck_assert_uint_eq(history_wakes(hand.history, 0, end, WAKES, arrows), WAKES);
    ck_assert_uint_eq(history_wakes(hand.history, 0, end, WAKES - 1, arrows), WAKES / 2 + 1);
    ck_assert_uint_eq(history_wake_count(hand.history, 13, 33), 3);
    ck_assert_uint_eq(history_opening_count(hand.history, 0, end), WAKES);
    ck_assert_uint_eq(history_openings(hand.history, 0, end, WAKES, openings), WAKES);
    ck_assert_uint_eq(history_opening_count(hand.history, 15, 23), 0);
    struct history_event event;
    struct lane_interval interval;
    struct object_at at;
    ck_assert(!history_event_at(hand.history, HISTORY_NONE, &event));
    ck_assert(!history_waker(hand.history, HISTORY_NONE, &event));
    history_interval(hand.history, 70000, 5, &interval);
    ck_assert_uint_eq(interval.state, LANE_UNBORN);
    history_object_at(hand.history, 1u << 30, 5, &at);
    ck_assert_uint_eq(at.state, OBJECT_FREE);
    ck_assert_uint_eq(history_waiters(hand.history, 1u << 30, 5, 0, NULL), 0);
    hand_fini(&hand);
}
END_TEST

/* The kernel has told of something to come; what the thread does before that changes no lane, but
 * where the kernel's record stands in the thread's list. */
START_TEST(back_to_before_late_records)
{
    enum { OWN = 3000, KEPT = 1100, LATER = 1000000 };
    struct hand hand;
    hand_init(&hand);
    put(&hand, 0, 1, THRUM_KIND_THREAD_BEGIN, THRUM_NONE, 0);
    uint64_t switched = put(&hand, 0, LATER, THRUM_KIND_SWITCH_PREEMPTED, THRUM_NONE, 0);
    for (uint64_t i = 0; i < OWN; i++)
        put(&hand, 0, 2 + i, THRUM_KIND_TRY_FAILED, 0, 0);
    history_truncate(hand.history, KEPT, LATER);
    ck_assert_uint_eq(history_thread_count(hand.history, 0), KEPT);
    for (uint64_t n = 0; n + 1 < KEPT; n++)
        ck_assert_uint_eq(history_thread_nth(hand.history, 0, n), n < switched ? n : n + 1);
    ck_assert_uint_eq(history_thread_nth(hand.history, 0, KEPT - 1), switched);
    hand_fini(&hand);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("history by hand");
    TCase *t = tcase_create("hand");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, deadlock_chain);
    tcase_add_test(t, woken_by);
    tcase_add_test(t, barriers_words_and_marks);
    tcase_add_test(t, from_time_zero);
    tcase_add_test(t, back_to_before_what_is_left);
    tcase_add_test(t, long_silences);
    tcase_add_test(t, catalogued_late);
    tcase_add_test(t, more_than_asked_for);
    tcase_add_test(t, back_to_before_late_records);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
