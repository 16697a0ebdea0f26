/*
 * Inside model/: where control can go, and which objects an indexed operation can mean, as far as
 * constants and the parameters of a declared thread tell. Static facts of a program, for the
 * judgement of who is stuck.
 */
#ifndef THRUM_MODEL_FLOW_H
#define THRUM_MODEL_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "model/program.h"

/* The cells, objects or threads that an operation can be about. */
struct target_range {
    uint32_t first, count;
};

/* The instructions that control can go to from `pc` without a call, return or raise. Returns their
 * number. */
unsigned flow_next(const struct program *program, uint32_t pc, uint32_t ret_next[2]);

/* The instruction can raise an exception itself (not: a function that it calls). */
bool flow_may_raise(const struct instruction *in);

/* The innermost handler of an exception raised at `pc` of the function; NULL: none, the exception
 * leaves the function. */
const struct handler *flow_handler(const struct function *function, uint32_t pc);

/* The functions that a CALL or CALL_ACTION can call: the `nth`, false when there are no more. */
bool flow_callee(const struct program *program, uint32_t pc, uint32_t nth, uint32_t *ret_callee);

/* What an operation at `pc` can be about when nothing is known of its index: threads of start, join
 * and is_alive, cells of loads, stores and atomics, else objects. */
struct target_range flow_any_target(const struct program *program, uint32_t pc);

/* Whether flow_targets() for every thread of the top takes a moment and not longer. */
bool flow_affordable(const struct program *program);

/* For the code that a declared thread can reach: targets[index_of[pc]] for each pc with
 * index_of[pc] != UINT32_MAX. Targets of code it cannot reach are left alone. */
void flow_targets(const struct program *program, const struct declared_thread *thread,
                  const uint32_t *index_of, struct target_range *targets);

#endif
