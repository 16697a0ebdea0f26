/*
 * The row of a folded group: column by column the state of the highest rank that a member was in
 * for most of that column (stuck, blocked, … view/lane_looks.def), and how many were. Where most
 * members were in another state, the two take turns, so that a full stretch means most and a mixed
 * one some.
 */
#ifndef THRUM_VIEW_FOLDED_H
#define THRUM_VIEW_FOLDED_H

#include "view/scene.h"

/* How many of a group's threads were in each rank (of enum lane_state's looks), at a time. */
void folded_tally(const struct scene *scene, struct lane lane, uint64_t time,
                  uint32_t ret_counts[LANE_RANKS]);

/* The state that a rank stands for: its look, and its words. */
enum lane_state folded_state(unsigned rank);

/* Draws row y of the lanes' columns. `cells` gets what a lane of one thread would tell: the shown
 * state, and the marks of all members. */
void folded_threads_draw(const struct region *axis, int y, const struct scene *scene,
                         struct lane lane, struct lane_cell cells[]);
void folded_objects_draw(const struct region *axis, int y, const struct scene *scene,
                         struct lane lane);

#endif
