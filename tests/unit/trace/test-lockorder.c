/* Lock order on hand-written runs: orders that can deadlock, and their twins that can not. */
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "story.h"
#include "trace/lockorder.h"

static const struct story orders[] = {
    {"one order",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {B, K(ACQUIRE), L, 1},
      {B, K(ACQUIRE), M, 1}}},
    {"two orders",
     1,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"two orders of one thread",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(ACQUIRE), M, 1},
      {A, K(ACQUIRE), L, 1}}},
    {"seen when the wait begins",
     1,
     {{A, K(ACQUIRE), L, 1},
      {B, K(ACQUIRE), M, 1},
      {A, K(WAIT_BEGIN), M, -1},
      {B, K(WAIT_BEGIN), L, -1}}},
    {"a gate",
     0,
     {{A, K(ACQUIRE), N, 1},
      {A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(RELEASE), N},
      {B, K(ACQUIRE), N, 1},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"a try does not wait",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1, THRUM_TRY}}},
    {"nor does a time-out for ever",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1, THRUM_TIMED}}},
    {"but what a try took is held",
     1,
     {{A, K(ACQUIRE), L, 1, THRUM_TRY},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"three in a ring",
     1,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), N, 1},
      {B, K(RELEASE), N},
      {B, K(RELEASE), M},
      {C, K(ACQUIRE), N, 1},
      {C, K(ACQUIRE), L, 1}}},
    {"an RLock again is no order",
     0,
     {{A, K(ACQUIRE), R, 1},
      {A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), R, 2},
      {A, K(RELEASE), R, 1},
      {B, K(ACQUIRE), R, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"ordered by a start",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(THREAD_START), NOTHING, B},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"ordered by a join",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(THREAD_END), NOTHING},
      {B, K(JOIN), NOTHING, A},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"ordered by seeing that it is not alive",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(THREAD_END), NOTHING},
      {B, K(IS_ALIVE), NOTHING, A},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"seeing that it is alive orders nothing",
     1,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(THREAD_END), NOTHING},
      {B, K(IS_ALIVE), NOTHING, A, THRUM_RESULT},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"waiting for a condition lets its lock go",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(COND_WAIT), COND, -1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"and takes it again",
     1,
     {{A, K(ACQUIRE), M, 1},
      {A, K(ACQUIRE), L, 1},
      {A, K(COND_WAIT), COND, -1},
      {A, K(COND_REACQUIRED), COND, 1, THRUM_RESULT},
      {A, K(RELEASE), L},
      {A, K(RELEASE), M},
      {B, K(ACQUIRE), L, 1},
      {B, K(ACQUIRE), M, 1}}},
    {"fewer permits than threads in the ring",
     0,
     {{A, K(ACQUIRE), SEM, 0},
      {A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(RELEASE), SEM, 1},
      {B, K(ACQUIRE), SEM, 0},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"one permit more",
     1,
     {{C, K(RELEASE), SEM, 2},
      {A, K(ACQUIRE), SEM, 1},
      {A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(RELEASE), SEM, 2},
      {B, K(ACQUIRE), SEM, 1},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"only one has a permit",
     1,
     {{A, K(ACQUIRE), SEM, 0},
      {A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {A, K(RELEASE), SEM, 1},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1}}},
    {"each set of locks once",
     1,
     {{A, K(ACQUIRE), L, 1},
      {A, K(ACQUIRE), M, 1},
      {A, K(RELEASE), M},
      {A, K(RELEASE), L},
      {B, K(ACQUIRE), M, 1},
      {B, K(ACQUIRE), L, 1},
      {B, K(RELEASE), L},
      {B, K(RELEASE), M},
      {C, K(ACQUIRE), M, 1},
      {C, K(ACQUIRE), L, 1}}},
};

START_TEST(lock_orders_and_twins)
{
    const struct story *story = &orders[_i];
    struct trace_catalog catalog = {0};
    struct problem problem;
    int found = 0;
    make_catalog(&catalog);
    struct lockorder *lockorder = lockorder_new(&catalog);
    for (uint64_t i = 0; i < 16 && story->acts[i].kind; i++) {
        struct thrum_event event = event_of(&story->acts[i], i);
        if (!lockorder_feed(lockorder, story->acts[i].thread, &event, i, &problem))
            continue;
        ck_assert_uint_eq(problem.certainty, PROBLEM_POTENTIAL);
        ck_assert_uint_eq(problem.kind, PROBLEM_LOCK_ORDER);
        problem_fini(&problem);
        found++;
    }
    ck_assert_msg(found == story->races, "%s: %d found", story->name, found);
    lockorder_free(lockorder);
    catalog_fini(&catalog);
}
END_TEST

START_TEST(an_order_in_words)
{
    struct trace_catalog catalog = {0};
    struct problem problem = {0};
    make_catalog(&catalog);
    struct lockorder *lockorder = lockorder_new(&catalog);
    bool found = false;
    for (uint64_t i = 0; i < 6; i++) {
        struct thrum_event event = event_of(&orders[1].acts[i], i);
        found = lockorder_feed(lockorder, orders[1].acts[i].thread, &event, i, &problem);
    }
    ck_assert(found);
    ck_assert_str_eq(problem.title, "POSSIBLE DEADLOCK  m and l are taken in different orders");
    ck_assert_ptr_nonnull(strstr(problem.evidence, "B held m (line 5) and wanted l (line 6)\n"
                                                   "A held l (line 1) and wanted m (line 2)\n"));
    ck_assert_uint_eq(problem.thread_count, 2);
    ck_assert_uint_eq(problem.sources[2], THRUM_SOURCE(1, 1));
    problem_fini(&problem);
    lockorder_free(lockorder);
    catalog_fini(&catalog);
}
END_TEST

/* Hundreds of threads that lock hand over hand make no ring, and looking for one takes no time. */
START_TEST(hand_over_hand)
{
    struct trace_catalog catalog = {0};
    struct problem problem;
    enum { LOCKS = 12, THREADS = 300 };
    for (int i = 0; i < LOCKS; i++)
        catalog_add_object(&catalog, "lock", TRACE_LOCK);
    struct lockorder *lockorder = lockorder_new(&catalog);
    int found = 0;
    for (uint32_t thread = 0; thread < THREADS + 2; thread++)
        for (uint32_t i = 0; i <= LOCKS; i++) {
            /* the last two threads close the ring */
            uint32_t lock = i % LOCKS;
            struct act take = {thread, K(ACQUIRE), lock, 1, 0};
            struct act give = {thread, K(RELEASE), (i + LOCKS - 1) % LOCKS, 0, 0};
            struct thrum_event event = event_of(&take, i);
            if (i == LOCKS && thread < THREADS)
                break;
            if (lockorder_feed(lockorder, thread, &event, i, &problem)) {
                found++;
                problem_fini(&problem);
            }
            event = event_of(&give, i);
            if (i > 0)
                lockorder_feed(lockorder, thread, &event, i, &problem);
        }
    ck_assert_int_eq(found, 0); /* the ring has twelve locks, more than are looked for */
    lockorder_free(lockorder);
    catalog_fini(&catalog);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lock order");
    TCase *t = tcase_create("lock order");
    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, lock_orders_and_twins, 0, (int)(sizeof orders / sizeof *orders));
    tcase_add_test(t, an_order_in_words);
    tcase_add_test(t, hand_over_hand);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
