/* What the kernel did with a thread, seen through perf_event_open and /proc. */
#include "../unit.h"

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/kernel.h"

enum { NAPS = 20 };

struct sleeper {
    pid_t tid;
    uint64_t voluntary, involuntary;
    bool counted;
};

static void *nap_often(void *context)
{
    struct sleeper *sleeper = context;
    struct timespec nap = {.tv_nsec = 2000000};
    sleeper->tid = (pid_t)syscall(SYS_gettid);
    for (int i = 0; i < NAPS; i++)
        nanosleep(&nap, NULL);
    sleeper->counted = kernel_counts(sleeper->tid, &sleeper->voluntary, &sleeper->involuntary);
    return NULL;
}

struct seen {
    pid_t tid;
    unsigned blocked, in;
    uint64_t first, last; /* times */
};

static void take(void *context, const struct kernel_record *record)
{
    struct seen *seen = context;
    if (record->tid != seen->tid)
        return;
    if (!seen->first)
        seen->first = record->time;
    seen->last = record->time > seen->last ? record->time : seen->last;
    seen->blocked += record->what == KERNEL_BLOCKED;
    seen->in += record->what == KERNEL_IN;
}

START_TEST(naps_are_seen)
{
    struct kernel *kernel = kernel_open();
    struct sleeper sleeper = {0};
    struct seen seen = {0};
    pthread_t thread;
    uint64_t begin = clock_now();
    ck_assert_int_eq(pthread_create(&thread, NULL, nap_often, &sleeper), 0);
    pthread_join(thread, NULL);
    uint64_t end = clock_now();
    ck_assert(sleeper.counted);
    ck_assert_uint_ge(sleeper.voluntary, NAPS);
    if (kernel_sees(kernel)) {
        ck_assert_str_eq(kernel_words(kernel), "kernel's context switches (perf_event)");
        seen.tid = sleeper.tid;
        kernel_poll(kernel, take, &seen);
        ck_assert_uint_eq(kernel_lost(kernel), 0);
        ck_assert_uint_ge(seen.blocked, NAPS);
        ck_assert_uint_ge(seen.in, NAPS);
        ck_assert_uint_ge(seen.first, begin);
        ck_assert_uint_le(seen.last, end);
    } else {
        ck_assert_ptr_nonnull(strstr(kernel_words(kernel), "/proc"));
    }
    kernel_close(kernel);
}
END_TEST

START_TEST(who_has_left_has_no_counts)
{
    uint64_t voluntary, involuntary;
    struct sleeper sleeper = {0};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, nap_often, &sleeper), 0);
    pthread_join(thread, NULL);
    ck_assert(!kernel_counts(sleeper.tid, &voluntary, &involuntary));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("kernel");
    TCase *tcase = tcase_create("kernel");
    tcase_add_test(tcase, naps_are_seen);
    tcase_add_test(tcase, who_has_left_has_no_counts);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(suite)
