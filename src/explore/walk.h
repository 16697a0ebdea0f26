/* Inside explore/: going through a schedule step by step, for tables and stories. */
#ifndef THRUM_EXPLORE_WALK_H
#define THRUM_EXPLORE_WALK_H

#include "base/vector.h"
#include "explore/explore.h"

/* Why the thread before was left. */
enum leave_reason { LEFT_NOT, LEFT_ENDED, LEFT_BLOCKED, LEFT_FREELY, LEFT_COMPUTING, LEFT_PREEMPTED };

struct walk_step {
    uint32_t thread;
    struct choice choice;
    struct operation operation; /* as it stood before the step */
    uint8_t result;             /* enum step_result */
    bool failed;                /* a try or a timed wait that did not get it */
    uint8_t died_of;            /* enum exception that ended the thread with this step */
    bool ended;
    bool raised;  /* the operation itself raised, caught or not */
    bool noticed; /* others could notice it: no quiet operation, and no end that nobody looks at */
    bool counted; /* coming here is a switch: the last noticed step is another thread's */
    uint32_t woken;        /* waits that it ended */
    int64_t value, old;    /* what was read or written; what stood there before */
    struct touch *touches; /* owned: what an atomic block touched */
    uint32_t touch_count;
    uint64_t same;          /* steps that look alike have the same */
    enum leave_reason left; /* why another thread was left: the one that was noticed last */
    uint32_t left_thread;   /* that one, unless `left` is LEFT_NOT */
    char *text;             /* owned: the operation in words */
    char *left_why;         /* owned: "A waits for forks[1]", or NULL */
};

struct walk {
    vector(struct walk_step) steps;
    struct world *last; /* the state at the end; owned */
    struct model *model;
};

/* Performs the whole schedule. */
void walk_take(struct walk *walk, const struct explore_result *result,
               const struct explore_schedule *schedule);
void walk_fini(struct walk *walk);

/* How often the `period` steps from `first` on come again right after each other: at least 1. */
uint32_t walk_repeats(const struct walk *walk, uint32_t first, uint32_t period);
/* The period of the longest repetition at `first` (0: none worth folding), and how often it comes.
 */
uint32_t walk_fold(const struct walk *walk, uint32_t first, uint32_t *ret_times);

#endif
