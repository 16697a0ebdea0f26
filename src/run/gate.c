/*
 * Invariants. (1) At most one lane is OPEN at a time, because the coordinator opens one and then
 * waits for `back`. (2) Who may touch what the gate protects (the world, the choice, the effect) is
 * whoever holds the turn: the coordinator until it stores OPEN, the lane's thread until it stores 1
 * to `back`. Both stores are releases, and the other side reads the word with acquire before it
 * goes on, so what was written under the turn is seen by the next holder without locks.
 *
 * The interleaving to fear is the lost wake-up:
 *
 *     coordinator                      thread
 *     -----------                      ------
 *                                      reads word: CLOSED
 *     word = OPEN
 *     wakes the futex (nobody there)
 *                                      sleeps on the futex
 *
 * The kernel closes it: FUTEX_WAIT sleeps only if the word still has the value that the thread
 * read, and looks under the lock that FUTEX_WAKE takes (Franke, Russell, Kirkwood, "Fuss, futexes
 * and furwocks", OLS 2002; Drepper, "Futexes are tricky"). A wake without a store never makes
 * progress, so waiters look at the word in a loop.
 */
#include "run/gate.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LANE_CLOSED, LANE_OPEN, LANE_SHUT };

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void gate_turn(struct gate *gate, struct gate_lane *lane)
{
    atomic_store_explicit(&gate->back, 0, memory_order_relaxed);
    /* Release: pairs with the acquire in gate_pass(). */
    atomic_store_explicit(&lane->word, LANE_OPEN, memory_order_release);
    futex_wake(&lane->word);
    /* Acquire: pairs with the release in gate_hand_back(). */
    while (atomic_load_explicit(&gate->back, memory_order_acquire) == 0)
        futex_wait(&gate->back, 0);
}

void gate_shut(struct gate_lane *lane)
{
    /* Release: pairs with the acquire in gate_pass(). */
    atomic_store_explicit(&lane->word, LANE_SHUT, memory_order_release);
    futex_wake(&lane->word);
}

bool gate_pass(struct gate_lane *lane)
{
    uint32_t word;
    /* Acquire: pairs with the releases in gate_turn() and gate_shut(). */
    while ((word = atomic_load_explicit(&lane->word, memory_order_acquire)) == LANE_CLOSED)
        futex_wait(&lane->word, LANE_CLOSED);
    if (word == LANE_SHUT)
        return false;
    /* Nobody else writes the word between OPEN and the hand-back, so a plain store is enough. */
    atomic_store_explicit(&lane->word, LANE_CLOSED, memory_order_relaxed);
    return true;
}

void gate_hand_back(struct gate *gate)
{
    /* Release: pairs with the acquire in gate_turn(). */
    atomic_store_explicit(&gate->back, 1, memory_order_release);
    futex_wake(&gate->back);
}
