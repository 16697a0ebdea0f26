/*
 * What the kernel does with our threads: switched out while still ready, switched out because they
 * blocked, switched in.
 *
 * From perf_event_open(2): one software dummy event for each processor that records context
 * switches of the calling thread and of all threads it makes afterwards. That needs no privileges
 * where kernel.perf_event_paranoid is at most 2. Where it is refused there are no such records, and
 * kernel_words() says so.
 *
 * kernel_open() is called by the thread that then makes the run's threads; the rest by one thread
 * at a time.
 */
#ifndef THRUM_RUN_KERNEL_H
#define THRUM_RUN_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

struct kernel;

enum kernel_switch { KERNEL_PREEMPTED, KERNEL_BLOCKED, KERNEL_IN };

struct kernel_record {
    enum kernel_switch what;
    pid_t tid;
    uint32_t processor;
    uint64_t time; /* ns of CLOCK_MONOTONIC */
};

/* Never NULL: where the kernel refuses, kernel_sees() is false. */
struct kernel *kernel_open(void);
/* NULL is fine. */
void kernel_close(struct kernel *kernel);

bool kernel_sees(const struct kernel *kernel);
/* How it is known, or why not, in words that live as long as the kernel. */
const char *kernel_words(const struct kernel *kernel);
/* Records that the kernel dropped because nobody fetched them in time. */
uint64_t kernel_lost(const struct kernel *kernel);

/* Calls `take` for each new record, processor by processor, each in the order of time. Never
 * blocks. */
void kernel_poll(struct kernel *kernel,
                 void (*take)(void *context, const struct kernel_record *record), void *context);

/* The kernel's counts of a thread, from /proc: where it gave the processor up and where it was
 * taken away. False: not to be had (the thread has left). */
bool kernel_counts(pid_t tid, uint64_t *ret_voluntary, uint64_t *ret_involuntary);

#endif
