/*
 * What was chosen, step by step, and keyframes of the state along the way: enough to come back to
 * any step exactly.
 *
 * The choices of a run form a tree. A line of play is the path from the root that is being looked
 * at; choosing otherwise in the middle of it starts a branch there and keeps the old future as one
 * that can be returned to. Branch 0 is the first line. A branch holds the steps from its fork on,
 * up to its own end; steps before are its parent's.
 *
 * A keyframe is a blob of bytes that its owner can restore a state from. Those that differ little
 * from an earlier one are kept as differences. A million steps take 4 MB of choices and at most 64
 * MiB of keyframes plus a small constant. Not thread-safe.
 */
#ifndef THRUM_RUN_TIMELINE_H
#define THRUM_RUN_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/step.h"

struct timeline;

struct timeline_step {
    uint32_t thread;
    struct choice choice;
};

struct timeline *timeline_new(void);
void timeline_free(struct timeline *timeline);

/* Steps of the line of play. */
uint64_t timeline_length(const struct timeline *timeline);
/* What was chosen at a step of it; step < timeline_length(). O(depth of the tree). */
struct timeline_step timeline_at(const struct timeline *timeline, uint64_t step);

/* The same for a step of branch 0, whether that step is in the line of play or not. */
struct timeline_step timeline_at_first(const struct timeline *timeline, uint64_t step);

/* The branch that a step of the line of play belongs to. */
uint32_t timeline_branch_of(const struct timeline *timeline, uint64_t step);

/*
 * Chooses at `step` <= timeline_length(). The same as was chosen there: nothing changes. At the
 * end: the line grows. Else a branch starts, or the line moves to the branch that already begins
 * so. Returns true when the future after `step` is another one than before (then timeline_length()
 * may be more than step + 1: an old branch was found again).
 */
bool timeline_choose(struct timeline *timeline, uint64_t step, struct timeline_step choice);

/* Whether a keyframe of the state before `step` should be kept, `size` being what one takes. */
bool timeline_wants_keyframe(const struct timeline *timeline, uint64_t step, size_t size);
/* Keeps one (copies the bytes). `step` is at or before the end of the line and not before its last
 * keyframe. */
void timeline_keep(struct timeline *timeline, uint64_t step, const void *bytes, size_t size);
/* The last keyframe at or before `step` in the line of play: its step, its size, and its bytes,
 * which live in the timeline until the next call. There is always one once step 0 has been kept. */
uint64_t timeline_keyframe(struct timeline *timeline, uint64_t step, const void **ret_bytes,
                           size_t *ret_size);

struct timeline_branch {
    uint32_t parent;            /* the branch it left; itself for branch 0 */
    uint64_t fork;              /* its first own step */
    uint64_t end;               /* one past its last step */
    bool in_line;               /* part of the line of play */
    struct timeline_step first; /* what it chose at its fork; meaningless when fork == end */
};
uint32_t timeline_branches(const struct timeline *timeline);
struct timeline_branch timeline_branch(const struct timeline *timeline, uint32_t branch);
/* The branch that the line of play ends in. */
uint32_t timeline_current(const struct timeline *timeline);
/* The line of play becomes the one that ends in `branch`; returns the first step that may differ
 * from the line before. */
uint64_t timeline_switch(struct timeline *timeline, uint32_t branch);

/* Bytes taken, for limits and statistics. */
size_t timeline_memory(const struct timeline *timeline);

#endif
