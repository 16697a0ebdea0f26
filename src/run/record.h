/*
 * From what a step did to the record that says so. One function for both sides: the live thread
 * emits it, and the shadow world computes it again and compares.
 */
#ifndef THRUM_RUN_RECORD_H
#define THRUM_RUN_RECORD_H

#include "model/step.h"
#include "thrum/event.h"

struct step_record {
    uint16_t kind;   /* enum thrum_event_kind */
    uint8_t flags;   /* enum thrum_event_flags */
    uint32_t object; /* the thing, or THRUM_NONE */
    uint32_t source; /* POSITION */
    int64_t value;
};

enum { STEP_RECORDS = 3 };

/*
 * The records of one step that is no atomic block: returns how many; the first one carries
 * THRUM_STEP. `operation` is from before the step (model_next()), `world` and `effect` from after
 * model_apply().
 */
unsigned record_step(const struct model *model, const struct world *world,
                     const struct operation *operation, struct choice choice,
                     const struct effect *effect, struct step_record ret[STEP_RECORDS]);

/* One access inside an atomic block. */
void record_touch(const struct touch *touch, uint32_t source, struct step_record *ret);

/* The thing of a condition's lock; of anything else, the thing itself. */
uint32_t record_lock_thing(const struct program *program, uint32_t thing);

/* The choice that a record with THRUM_STEP stands for. */
struct choice record_choice(const struct thrum_event *event);

#endif
