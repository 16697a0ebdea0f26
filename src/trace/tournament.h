/*
 * Who of many threads is the first in time: a tournament tree (Knuth, The Art of Computer
 * Programming 3, 5.4.1). Each thread has a seat, a leaf; each inner node holds the earlier of the
 * two below it, so the root holds the first of all. When a thread's time changes, the games on the
 * way from its seat to the root are played again: one for each doubling of the seats, each against
 * a neighbour that is known already, and none with a branch that a processor could guess wrong. A
 * heap needs as many comparisons, and who is earlier there is a toss each time.
 *
 * Of equal times the lower thread comes first. Not thread-safe.
 */
#ifndef THRUM_TRACE_TOURNAMENT_H
#define THRUM_TRACE_TOURNAMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vector.h"

/* time << 32 | thread: as numbers they compare as wanted */
__extension__ typedef unsigned __int128 contestant;

/* All-zero is an empty one. */
struct tournament {
    contestant *nodes;     /* owned; the root at 1, below n stand 2n and 2n + 1, then the seats */
    size_t room;           /* so many seats are allocated */
    uint32_t seats;        /* a power of two, or 0: nobody takes part */
    uint32_t used;         /* seats from this number on were not taken yet */
    vector(uint32_t) left; /* seats below it that are free again */
};

static inline contestant tournament_nobody(void)
{
    return ~(contestant)0;
}

static inline void tournament_fini(struct tournament *tournament)
{
    free(tournament->nodes);
    vector_fini(&tournament->left);
    *tournament = (struct tournament){0};
}

/* Whether somebody takes part; *ret_thread is then the first. */
static inline bool tournament_first(const struct tournament *tournament, uint32_t *ret_thread)
{
    if (tournament->seats == 0 || tournament->nodes[1] == tournament_nobody())
        return false;
    *ret_thread = (uint32_t)tournament->nodes[1];
    return true;
}

static inline void tournament_play(struct tournament *tournament, uint32_t seat, contestant who)
{
    contestant *nodes = tournament->nodes;
    size_t at = tournament->seats + seat;
    nodes[at] = who;
    for (; at > 1; at /= 2) {
        contestant other = nodes[at ^ 1];
        who = other < who ? other : who;
        nodes[at / 2] = who;
    }
}

/* Twice the seats; who has one keeps it. */
static inline void tournament_grow(struct tournament *tournament)
{
    uint32_t old = tournament->seats, seats = old ? 2 * old : 4;
    contestant *nodes = tournament->nodes;
    if (seats > tournament->room) {
        nodes = tournament->nodes = xrealloc(nodes, 2 * (size_t)seats * sizeof *nodes);
        tournament->room = seats;
    }
    for (uint32_t i = 0; i < seats; i++)
        nodes[seats + i] = i < old ? nodes[old + i] : tournament_nobody();
    for (uint32_t at = seats - 1; at > 0; at--)
        nodes[at] = nodes[2 * at] < nodes[2 * at + 1] ? nodes[2 * at] : nodes[2 * at + 1];
    tournament->seats = seats;
}

/* The thread takes part from now on; returns its seat. It must not have one. */
static inline uint32_t tournament_enter(struct tournament *tournament, uint32_t thread,
                                        uint64_t time)
{
    uint32_t seat;
    if (tournament->left.count) {
        seat = tournament->left.items[--tournament->left.count];
    } else {
        if (tournament->used == tournament->seats)
            tournament_grow(tournament);
        seat = tournament->used++;
    }
    tournament_play(tournament, seat, (contestant)time << 32 | thread);
    return seat;
}

/* The thread on this seat has another time. */
static inline void tournament_change(struct tournament *tournament, uint32_t seat, uint32_t thread,
                                     uint64_t time)
{
    tournament_play(tournament, seat, (contestant)time << 32 | thread);
}

/* Who had this seat takes part no more. When the last one leaves, it is small again. */
static inline void tournament_leave(struct tournament *tournament, uint32_t seat)
{
    tournament_play(tournament, seat, tournament_nobody());
    vector_push(&tournament->left, seat);
    if (tournament->left.count < tournament->used)
        return;
    tournament->seats = tournament->used = 0;
    tournament->left.count = 0;
}

#endif
