/*
 * A gate that lets one of many threads through at a time, on futexes.
 *
 * One coordinator releases a lane's thread and waits until that thread hands the turn back; all
 * others stay parked in the kernel. A release and the hand-back are one futex wake each, the least
 * that two threads can do to take turns.
 */
#ifndef THRUM_RUN_GATE_H
#define THRUM_RUN_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One thread's place at the gate, on a cache line of its own. An all-zero lane is closed. */
struct gate_lane {
    _Alignas(64) _Atomic uint32_t word; /* enum in gate.c: closed, open, or shut for ever */
};

/* The coordinator's side. An all-zero gate is ready for use. */
struct gate {
    _Alignas(64) _Atomic uint32_t back; /* 1: the released thread has handed the turn back */
};

/* Coordinator: lets the lane's thread through and waits until it hands back. Everything written
 * before is seen by the thread, everything that the thread wrote is seen after. */
void gate_turn(struct gate *gate, struct gate_lane *lane);

/* Coordinator: lets the lane's thread through for ever; it learns so from gate_pass(). */
void gate_shut(struct gate_lane *lane);

/* The lane's thread: waits to be let through. False: the lane is shut, the thread should end. */
bool gate_pass(struct gate_lane *lane);

/* The lane's thread: its turn is over. */
void gate_hand_back(struct gate *gate);

#endif
