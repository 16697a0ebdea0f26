/* Races on hand-written runs: each thing that orders has a twin that does not. */
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "story.h"
#include "trace/lockorder.h"
#include "trace/races.h"

static const struct story stories[] = {
    {"under a GIL, in one go each",
     0,
     {{A, K(GIL_TAKE), L, 1},
      {A, K(LOAD), X, 0, THRUM_STEP},
      {A, K(STORE), X, 1, THRUM_STEP},
      {A, K(GIL_DROP), L},
      {B, K(GIL_TAKE), L, 1},
      {B, K(LOAD), X, 1, THRUM_STEP},
      {B, K(STORE), X, 2, THRUM_STEP}}},
    {"under a GIL, interrupted before the store",
     1,
     {{A, K(GIL_TAKE), L, 1},
      {A, K(LOAD), X, 0, THRUM_STEP},
      {A, K(GIL_DROP), L},
      {B, K(GIL_TAKE), L, 1},
      {B, K(LOAD), X, 0, THRUM_STEP},
      {B, K(GIL_DROP), L},
      {A, K(GIL_TAKE), L, 1},
      {A, K(STORE), X, 1, THRUM_STEP}}},
    {"two writes", 1, {{A, K(STORE), X}, {B, K(STORE), X}}},
    {"write and read", 1, {{A, K(STORE), X}, {B, K(LOAD), X}}},
    {"read and write", 1, {{A, K(LOAD), X}, {B, K(STORE), X}}},
    {"two reads", 0, {{A, K(LOAD), X}, {B, K(LOAD), X}}},
    {"one thread", 0, {{A, K(STORE), X}, {A, K(LOAD), X}, {A, K(STORE), X}}},
    {"two variables", 0, {{A, K(STORE), X}, {B, K(STORE), Y}}},
    {"a lock",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(STORE), X},
      {A, K(RELEASE), L, 0},
      {B, K(ACQUIRE), L, 1},
      {B, K(LOAD), X},
      {B, K(STORE), X},
      {B, K(RELEASE), L, 0}}},
    {"two locks",
     1,
     {{A, K(ACQUIRE), L, 1},
      {A, K(STORE), X},
      {A, K(RELEASE), L, 0},
      {B, K(ACQUIRE), M, 1},
      {B, K(STORE), X},
      {B, K(RELEASE), M, 0}}},
    {"after the release",
     1,
     {{A, K(ACQUIRE), L, 1},
      {A, K(RELEASE), L, 0},
      {A, K(STORE), X},
      {B, K(ACQUIRE), L, 1},
      {B, K(STORE), X}}},
    {"a failed try orders nothing",
     1,
     {{A, K(STORE), X},
      {A, K(ACQUIRE), L, 1},
      {A, K(RELEASE), L, 0},
      {C, K(ACQUIRE), L, 1},
      {B, K(TRY_FAILED), L},
      {B, K(STORE), X}}},
    {"an inner release of an RLock frees nothing",
     1,
     {{A, K(ACQUIRE), R, 1},
      {A, K(RELEASE), R, 0},
      {A, K(ACQUIRE), R, 1},
      {A, K(ACQUIRE), R, 2},
      {A, K(RELEASE), R, 1},
      {A, K(STORE), X},
      {B, K(LOAD), X}}},
    {"through a third thread",
     0,
     {{A, K(STORE), X},
      {A, K(ACQUIRE), L, 1},
      {A, K(RELEASE), L, 0},
      {B, K(ACQUIRE), L, 1},
      {B, K(RELEASE), L, 0},
      {B, K(ACQUIRE), M, 1},
      {B, K(RELEASE), M, 0},
      {C, K(ACQUIRE), M, 1},
      {C, K(STORE), X}}},
    {"a permit handed on",
     0,
     {{A, K(ACQUIRE), SEM, 0},
      {A, K(STORE), X},
      {A, K(RELEASE), SEM, 1},
      {B, K(ACQUIRE), SEM, 0},
      {B, K(STORE), X}}},
    {"an initial permit carries nothing",
     1,
     {{A, K(STORE), X}, {A, K(RELEASE), SEM, 2}, {B, K(ACQUIRE), SEM, 1}, {B, K(STORE), X}}},
    {"the second permit is the released one",
     0,
     {{A, K(STORE), X},
      {A, K(RELEASE), SEM, 2},
      {B, K(ACQUIRE), SEM, 1},
      {B, K(ACQUIRE), SEM, 0},
      {B, K(STORE), X}}},
    {"set and wait",
     0,
     {{A, K(STORE), X}, {A, K(EVENT_SET), EV}, {B, K(EVENT_WAIT), EV}, {B, K(LOAD), X}}},
    {"set and is_set",
     0,
     {{A, K(STORE), X},
      {A, K(EVENT_SET), EV},
      {B, K(EVENT_IS_SET), EV, 0, THRUM_RESULT},
      {B, K(LOAD), X}}},
    {"is_set that said False",
     1,
     {{A, K(STORE), X},
      {A, K(EVENT_SET), EV},
      {A, K(EVENT_CLEAR), EV},
      {B, K(EVENT_IS_SET), EV},
      {B, K(LOAD), X}}},
    {"a timed-out wait",
     1,
     {{B, K(WAIT_BEGIN), EV, 5, THRUM_TIMED},
      {A, K(STORE), X},
      {B, K(TIMED_OUT), EV},
      {A, K(EVENT_SET), EV},
      {B, K(LOAD), X}}},
    {"woken by a set that was cleared since",
     0,
     {{B, K(WAIT_BEGIN), EV, -1},
      {A, K(STORE), X},
      {A, K(EVENT_SET), EV},
      {A, K(EVENT_CLEAR), EV},
      {C, K(EVENT_SET), EV},
      {B, K(EVENT_WAIT), EV},
      {B, K(LOAD), X}}},
    {"a set before the clear is not seen",
     1,
     {{A, K(STORE), X},
      {A, K(EVENT_SET), EV},
      {C, K(EVENT_CLEAR), EV},
      {C, K(EVENT_SET), EV},
      {B, K(EVENT_WAIT), EV},
      {B, K(LOAD), X}}},
    {"notify, by a thread that writes after taking the lock",
     0,
     {{B, K(ACQUIRE), L, 1},
      {B, K(COND_WAIT), COND, -1},
      {A, K(ACQUIRE), L, 1},
      {A, K(STORE), X},
      {A, K(NOTIFY), COND, 1},
      {A, K(RELEASE), L, 0},
      {B, K(COND_REACQUIRED), COND, 1, THRUM_RESULT},
      {B, K(LOAD), X}}},
    {"notify orders by itself", /* the lock's last release is C's, which knows nothing of A */
     0,
     {{B, K(ACQUIRE), L, 1},
      {B, K(COND_WAIT), COND, -1},
      {A, K(STORE), X},
      {A, K(NOTIFY), COND, 1},
      {C, K(RELEASE), L, 0},
      {B, K(COND_REACQUIRED), COND, 1, THRUM_RESULT},
      {B, K(LOAD), X}}},
    {"notify of another waiter",
     1,
     {{C, K(ACQUIRE), L, 1},
      {C, K(COND_WAIT), COND, -1},
      {B, K(ACQUIRE), L, 1},
      {B, K(COND_WAIT), COND, -1},
      {A, K(STORE), X},
      {A, K(NOTIFY), COND, 1},
      {B, K(COND_TIMED_OUT), COND},
      {B, K(COND_REACQUIRED), COND, 1},
      {B, K(LOAD), X}}},
    {"waiting releases the lock",
     0,
     {{A, K(ACQUIRE), L, 1},
      {A, K(STORE), X},
      {A, K(COND_WAIT), COND, -1},
      {B, K(ACQUIRE), L, 1},
      {B, K(LOAD), X}}},
    {"a barrier",
     0,
     {{A, K(STORE), X},
      {A, K(BARRIER_ARRIVE), BAR, 0},
      {B, K(STORE), Y},
      {B, K(BARRIER_ARRIVE), BAR, 1},
      {B, K(BARRIER_OPEN), BAR, 2},
      {B, K(BARRIER_DEPART), BAR, 1},
      {A, K(BARRIER_DEPART), BAR, 0},
      {A, K(STORE), Y},
      {B, K(STORE), X}}},
    {"the barrier's action is before the departures",
     0,
     {{A, K(BARRIER_ARRIVE), BAR, 0},
      {B, K(BARRIER_ARRIVE), BAR, 1},
      {B, K(STORE), X},
      {B, K(BARRIER_OPEN), BAR, 2},
      {A, K(BARRIER_DEPART), BAR, 0},
      {A, K(LOAD), X}}},
    {"after arriving",
     1,
     {{A, K(BARRIER_ARRIVE), BAR, 0},
      {B, K(BARRIER_ARRIVE), BAR, 1},
      {B, K(BARRIER_OPEN), BAR, 2},
      {B, K(BARRIER_DEPART), BAR, 1},
      {B, K(STORE), X},
      {A, K(BARRIER_DEPART), BAR, 0},
      {A, K(STORE), X}}},
    {"a broken barrier orders nothing",
     1,
     {{A, K(STORE), X},
      {A, K(BARRIER_ARRIVE), BAR, 0},
      {C, K(BARRIER_ABORT), BAR},
      {B, K(BARRIER_BROKEN), BAR},
      {B, K(STORE), X}}},
    {"start",
     0,
     {{MAIN, K(STORE), X},
      {MAIN, K(THREAD_START), NOTHING, A},
      {A, K(THREAD_BEGIN), NOTHING},
      {A, K(LOAD), X}}},
    {"after the start",
     1,
     {{MAIN, K(THREAD_START), NOTHING, A}, {MAIN, K(STORE), X}, {A, K(LOAD), X}}},
    {"start of another",
     1,
     {{MAIN, K(STORE), X}, {MAIN, K(THREAD_START), NOTHING, B}, {A, K(LOAD), X}}},
    {"join",
     0,
     {{A, K(STORE), X},
      {A, K(THREAD_END), NOTHING},
      {MAIN, K(JOIN), NOTHING, A},
      {MAIN, K(LOAD), X}}},
    {"a join that timed out",
     1,
     {{A, K(STORE), X},
      {MAIN, K(JOIN_BEGIN), NOTHING, A},
      {MAIN, K(JOIN_TIMED_OUT), NOTHING, A},
      {MAIN, K(LOAD), X}}},
    {"join of one that died",
     0,
     {{A, K(STORE), X},
      {A, K(THREAD_DIED), NOTHING},
      {MAIN, K(JOIN), NOTHING, A},
      {MAIN, K(LOAD), X}}},
    {"is_alive that said False",
     0,
     {{A, K(STORE), X},
      {A, K(THREAD_END), NOTHING},
      {MAIN, K(IS_ALIVE), NOTHING, A},
      {MAIN, K(LOAD), X}}},
    {"is_alive that said True",
     1,
     {{A, K(STORE), X}, {MAIN, K(IS_ALIVE), NOTHING, A, THRUM_RESULT}, {MAIN, K(LOAD), X}}},
    {"after:",
     0,
     {{A, K(STORE), X},
      {A, K(THREAD_END), NOTHING},
      {B, K(STORE), Y},
      {B, K(THREAD_DIED), NOTHING},
      {MAIN, K(AFTER_BEGIN), NOTHING},
      {MAIN, K(LOAD), X},
      {MAIN, K(LOAD), Y}}},
    {"an Atomic read",
     0,
     {{A, K(STORE), X}, {A, K(ATOMIC_STORE), AT, 1}, {B, K(ATOMIC_LOAD), AT, 1}, {B, K(LOAD), X}}},
    {"an Atomic read before the write",
     1,
     {{B, K(ATOMIC_LOAD), AT, 0}, {A, K(STORE), X}, {A, K(ATOMIC_STORE), AT, 1}, {B, K(LOAD), X}}},
    {"two Atomic stores order nothing",
     1,
     {{A, K(STORE), X}, {A, K(ATOMIC_STORE), AT, 1}, {B, K(ATOMIC_STORE), AT, 1}, {B, K(LOAD), X}}},
    {"a later value of the Atomic",
     0,
     {{A, K(STORE), X},
      {A, K(ATOMIC_STORE), AT, 1},
      {C, K(ATOMIC_STORE), AT, 2},
      {B, K(ATOMIC_CAS_FAILED), AT, 2},
      {B, K(LOAD), X}}},
    {"add",
     0,
     {{A, K(STORE), X}, {A, K(ATOMIC_ADD), AT, 1}, {B, K(ATOMIC_ADD), AT, 2}, {B, K(STORE), X}}},
    {"Atomics never race", 0, {{A, K(ATOMIC_STORE), AT, 1}, {B, K(ATOMIC_STORE), AT, 2}}},
    {"two atomic blocks",
     0,
     {{A, K(STORE), X, 0, THRUM_MORE},
      {A, K(ATOMIC_BLOCK), NOTHING},
      {B, K(STORE), X, 0, THRUM_MORE},
      {B, K(ATOMIC_BLOCK), NOTHING}}},
    {"an atomic block and a plain access",
     1,
     {{A, K(STORE), X, 0, THRUM_MORE}, {A, K(ATOMIC_BLOCK), NOTHING}, {B, K(LOAD), X}}},
    {"a plain access hidden behind two blocks",
     1,
     {{A, K(STORE), X, 0, THRUM_MORE},
      {A, K(ATOMIC_BLOCK), NOTHING},
      {C, K(STORE), X, 0, THRUM_MORE},
      {C, K(ATOMIC_BLOCK), NOTHING},
      {C, K(ACQUIRE), L, 1},
      {C, K(RELEASE), L, 0},
      {B, K(ACQUIRE), L, 1},
      {B, K(LOAD), X}}},
    {"reported once for each pair of places and object",
     2,
     {{A, K(STORE), X}, {B, K(STORE), X}, {A, K(STORE), Y}, {B, K(STORE), Y}}},
};

START_TEST(races_and_twins)
{
    const struct story *story = &stories[_i];
    struct trace_catalog catalog = {0};
    struct problem problem;
    int found = 0;
    make_catalog(&catalog);
    struct races *races = races_new(&catalog);
    for (uint64_t i = 0; i < 16 && story->acts[i].kind; i++) {
        struct thrum_event event = event_of(&story->acts[i], i);
        if (!races_feed(races, story->acts[i].thread, &event, i, &problem))
            continue;
        ck_assert_uint_eq(problem.event, i);
        ck_assert_uint_eq(problem.certainty, found ? PROBLEM_CONSEQUENCE : PROBLEM_ACTUAL);
        problem_fini(&problem);
        found++;
    }
    ck_assert_msg(found == story->races, "%s: %d races", story->name, found);
    races_free(races);
    catalog_fini(&catalog);
}
END_TEST

START_TEST(a_race_in_words)
{
    struct trace_catalog catalog = {0};
    struct problem problem;
    make_catalog(&catalog);
    struct races *races = races_new(&catalog);
    struct thrum_event write = {
        .time = 1500, .object = X, .kind = K(STORE), .source = THRUM_SOURCE(7, 3)};
    struct thrum_event read = {
        .time = 2000000, .object = X, .kind = K(LOAD), .source = THRUM_SOURCE(9, 1)};
    ck_assert(!races_feed(races, A, &write, 4, &problem));
    ck_assert(races_feed(races, B, &read, 9, &problem));
    ck_assert_str_eq(problem.title, "DATA RACE  x: A writes while B reads");
    ck_assert_str_eq(problem.evidence, "A writes x (line 7) at 1.5 µs\nB reads x (line 9) at 2 ms\n"
                                       "Nothing orders the two: either could have come first.\n");
    ck_assert_uint_eq(problem.threads[0], B);
    ck_assert_uint_eq(problem.threads[1], A);
    ck_assert_uint_eq(problem.sources[0], THRUM_SOURCE(9, 1));
    problem_fini(&problem);
    ck_assert(!races_feed(races, C, &read, 10, &problem)); /* the same places */
    races_free(races);
    catalog_fini(&catalog);
}
END_TEST

/* Many readers go to a table; a writer still finds the one that is not ordered. */
START_TEST(many_readers)
{
    struct trace_catalog catalog = {0};
    struct problem problem;
    make_catalog(&catalog);
    struct races *races = races_new(&catalog);
    for (uint32_t i = 0; i < 50; i++) {
        struct thrum_event load = {.object = X, .kind = K(LOAD), .source = THRUM_SOURCE(i + 1, 1)};
        struct thrum_event end = {.object = THRUM_NONE, .kind = K(THREAD_END)};
        ck_assert(!races_feed(races, i, &load, i, &problem));
        if (i != 33)
            races_feed(races, i, &end, i, &problem);
    }
    for (uint32_t i = 0; i < 50; i++) {
        struct thrum_event join = {.object = THRUM_NONE, .kind = K(JOIN), .value = i};
        races_feed(races, 60, &join, 100 + i, &problem);
    }
    struct thrum_event store = {.object = X, .kind = K(STORE), .source = THRUM_SOURCE(99, 1)};
    ck_assert(races_feed(races, 60, &store, 200, &problem));
    ck_assert_uint_eq(problem.threads[1], 33);
    problem_fini(&problem);
    races_free(races);
    catalog_fini(&catalog);
}
END_TEST

/* A semaphore whose permits come from another thread: none is ever given back by who took it. With
 * all of them looked at for each, these records took hours. */
START_TEST(permits_handed_over_for_long)
{
    const uint64_t many = (uint64_t)unit_rounds(300000);
    struct trace_catalog catalog = {0};
    struct problem problem;
    make_catalog(&catalog);
    struct lockorder *lockorder = lockorder_new(&catalog);
    struct races *races = races_new(&catalog);
    struct thrum_event store = {.object = X, .kind = K(STORE), .source = THRUM_SOURCE(1, 1)};
    ck_assert(!races_feed(races, A, &store, 0, &problem));
    for (uint64_t i = 1; i <= many; i++) {
        struct thrum_event give = {.object = SEM, .kind = K(RELEASE), .value = (int64_t)i + 1};
        struct thrum_event take = {.object = SEM, .kind = K(ACQUIRE), .value = 1};
        struct thrum_event other = {.object = SEM2, .kind = K(RELEASE), .value = 1};
        ck_assert(!races_feed(races, A, &give, i, &problem));
        ck_assert(!lockorder_feed(lockorder, A, &give, i, &problem));
        ck_assert(!lockorder_feed(lockorder, B, &take, i, &problem));
        ck_assert(!lockorder_feed(lockorder, B, &other, i, &problem));
    }
    /* the first permit is the initial one, the second A's */
    struct thrum_event take = {.object = SEM, .kind = K(ACQUIRE), .value = 1};
    for (uint64_t i = 0; i < many; i++)
        ck_assert(!races_feed(races, B, &take, many + i, &problem));
    ck_assert(!races_feed(races, B, &store, 2 * many, &problem));
    ck_assert_uint_eq(races_known(races, B, A), many - 1);
    races_free(races);
    lockorder_free(lockorder);
    catalog_fini(&catalog);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("races");
    TCase *t = tcase_create("races");
    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, races_and_twins, 0, (int)(sizeof stories / sizeof *stories));
    tcase_add_test(t, a_race_in_words);
    tcase_add_test(t, many_readers);
    tcase_add_test(t, permits_handed_over_for_long);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
