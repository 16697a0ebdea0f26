/*
 * What becomes of each choice in a state: for a person who chooses step by step.
 *
 * Looks ahead by searching from the state, within a budget; meant to be called after each step.
 */
#ifndef THRUM_EXPLORE_FATE_H
#define THRUM_EXPLORE_FATE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/step.h"

struct fates;

enum fate {
    FATE_UNKNOWN, /* too much lies ahead, and no failure is near */
    FATE_OPEN,    /* some continuation meets no failure, and none is near */
    FATE_SOON,    /* a failure can be met within a few steps, and can be avoided, or it is not known
                     whether */
    FATE_DOOMED,  /* every continuation meets a failure */
};

enum { FATE_NEAR = 8 }; /* steps that are soon */

struct choice_fate {
    uint32_t thread;
    struct choice choice;
    enum fate fate;
    enum verdict verdict; /* soon, doomed: of the nearest failure; races do not count */
    uint32_t steps;       /* soon, doomed: to the nearest failure, this one included */
};

/* `program` and `model` must outlive it. Never NULL. One thread at a time. */
struct fates *fates_new(const struct program *program, struct model *model);
void fates_free(struct fates *fates);
/* Fills `fates` for all that can go in this state, by thread; at most `room`. Looks at up to
 * `states` states (about a million a second). Returns their number; 0 when a clock or a GIL rules,
 * where a state alone does not say who may go. */
uint32_t fates_find(struct fates *fates, const struct world *world, uint32_t states,
                    struct choice_fate *ret_fates, uint32_t room);

#endif
