/*
 * Random scenarios put together by hand, for walks: threads that loop for ever over a random body
 * of loads, stores, locks with and without time-outs, semaphores, events, random numbers, sleeps
 * and turns. They may fail, die and get stuck; they never need a compiler.
 */
#ifndef THRUM_TESTS_RANDOM_PROGRAM_H
#define THRUM_TESTS_RANDOM_PROGRAM_H

#include "base/hash.h"
#include "model/program.h"

enum {
    RANDOM_THREADS = 5, /* at most, MainThread not counted */
    RANDOM_BODY = 12,   /* operations of a body, at most */
};

/* Freed by program_free(). Never NULL. */
struct program *random_program(uint64_t seed);

/* `threads` threads that each add 1 to one counter `rounds` times, without a lock (or with one),
 * and end. */
struct program *counting_program(uint32_t threads, uint32_t rounds, bool locked);

#endif
