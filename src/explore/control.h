/*
 * Where control can go, as a graph over a whole program: from each instruction to the next ones,
 * into calls and back to every caller, along every exception, and from a start() into what is
 * started. Static facts; the same for all threads.
 *
 * Its size is linear in the program's: what has many ways in and many ways out (the return of a
 * function, an exception that leaves one, a start) is a node of its own.
 */
#ifndef THRUM_EXPLORE_CONTROL_H
#define THRUM_EXPLORE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/program.h"

struct control {
    uint32_t code_length; /* nodes below are pcs */
    uint32_t count;       /* nodes in all */
    uint32_t *next_first; /* count + 1: where the ways on of a node begin in `next` */
    uint32_t *next;
    uint32_t *before_first; /* likewise the ways to it */
    uint32_t *before;
    bool *started; /* of each pc: a thread made by Thread(...) may come here */
};

void control_init(struct control *control, const struct program *program);
void control_fini(struct control *control);

/*
 * The strongly connected parts of the graph without the nodes that `left_out` marks (NULL: none).
 * Parts are numbered so that ways lead from higher to lower or equal numbers. Fills part_of (count
 * entries; UINT32_MAX: left out) and returns the number of parts. O(nodes + edges), without
 * recursion.
 */
uint32_t control_parts(const struct control *control, const bool *left_out, uint32_t *part_of);

#endif
