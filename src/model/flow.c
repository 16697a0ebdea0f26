#include "model/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/vector.h"

unsigned flow_next(const struct program *program, uint32_t pc, uint32_t ret_next[2])
{
    const struct instruction *in = &program->code[pc];
    if (in->op == OP_RETURN || in->op == OP_RAISE || in->op == OP_RERAISE || in->op == OP_END)
        return 0;
    ret_next[0] = in->op == OP_JUMP ? (uint32_t)in->d : pc + 1;
    if (in->op != OP_JUMP_IF && in->op != OP_JUMP_UNLESS)
        return 1;
    ret_next[1] = (uint32_t)in->d;
    return 2;
}

bool flow_may_raise(const struct instruction *in)
{
    if (in->op == OP_ACQUIRE) /* with no arguments there is nothing to complain of */
        return in->c != NO_SLOT;
    return opcode_traits[in->op] & CAN_RAISE;
}

const struct handler *flow_handler(const struct function *function, uint32_t pc)
{
    for (uint32_t i = 0; i < function->handler_count; i++)
        if (pc >= function->handlers[i].from && pc < function->handlers[i].to)
            return &function->handlers[i];
    return NULL;
}

bool flow_callee(const struct program *program, uint32_t pc, uint32_t nth, uint32_t *ret_callee)
{
    const struct instruction *in = &program->code[pc];
    if (in->op == OP_CALL && nth == 0) {
        *ret_callee = (uint32_t)in->d;
        return true;
    }
    /* Any barrier's action might be meant: the index is not looked at. */
    if (in->op != OP_CALL_ACTION || nth >= program->action_count)
        return false;
    *ret_callee = program->actions[nth];
    return true;
}

struct target_range flow_any_target(const struct program *program, uint32_t pc)
{
    const struct instruction *in = &program->code[pc];
    if (opcode_about[in->op] == ABOUT_THREAD)
        return (struct target_range){0, program->thread_limit};
    if (in->b == NO_SLOT)
        return (struct target_range){(uint32_t)in->d, 1};
    if (opcode_about[in->op] != ABOUT_CELL)
        return (struct target_range){0, program->object_count};
    const struct variable *variable = program_variable_of(program, (uint32_t)in->d);
    return (struct target_range){variable->first_cell, variable->length * variable->width};
}

/* ---- intervals of slots, flow-sensitive, along the code that a declared thread can reach ---- */

struct interval {
    int64_t low, high;
};

static const struct interval any = {INT64_MIN, INT64_MAX};

enum { MOST_SLOTS = 1 << 21 };
enum { WIDEN_AFTER = 4 }; /* joins at one place before an interval that still grows becomes `any` */

struct flow {
    const struct program *program;
    const struct declared_thread *thread;
    struct interval **before; /* of each pc: the slots of its frame; NULL: not reached */
    uint8_t *joins;           /* of each pc: changes so far, for widening */
    vector(uint32_t) work;
    uint32_t *function_of;
};

static bool join(struct interval *to, struct interval from, bool widen)
{
    if (from.low >= to->low && from.high <= to->high)
        return false;
    if (widen) {
        *to = any;
        return true;
    }
    if (from.low < to->low)
        to->low = from.low;
    if (from.high > to->high)
        to->high = from.high;
    return true;
}

static void reach(struct flow *flow, uint32_t pc, const struct interval *slots)
{
    uint32_t size = flow->program->functions[flow->function_of[pc]].frame_size;
    if (!flow->before[pc]) {
        flow->before[pc] = xcalloc(size + 1, sizeof **flow->before);
        memcpy(flow->before[pc], slots, size * sizeof *slots);
        vector_push(&flow->work, pc);
        return;
    }
    bool changed = false, widen = flow->joins[pc] >= WIDEN_AFTER;
    for (uint32_t i = 0; i < size; i++)
        changed |= join(&flow->before[pc][i], slots[i], widen);
    if (changed) {
        if (flow->joins[pc] < UINT8_MAX)
            flow->joins[pc]++;
        vector_push(&flow->work, pc);
    }
}

static bool single(struct interval interval)
{
    return interval.low == interval.high;
}

static struct interval arithmetic(uint8_t op, struct interval a, struct interval b)
{
    struct interval out = any;
    if (op == OP_ADD && !__builtin_add_overflow(a.low, b.low, &out.low) &&
        !__builtin_add_overflow(a.high, b.high, &out.high))
        return out;
    if (op == OP_SUB && !__builtin_sub_overflow(a.low, b.high, &out.low) &&
        !__builtin_sub_overflow(a.high, b.low, &out.high))
        return out;
    if (op == OP_MUL && single(b) && b.low >= 0 &&
        !__builtin_mul_overflow(a.low, b.low, &out.low) &&
        !__builtin_mul_overflow(a.high, b.low, &out.high))
        return out;
    if (op == OP_MOD && single(b) && b.low > 0) {
        if (a.low >= 0 && a.high < b.low)
            return a;
        if (single(a)) {
            int64_t rest = a.low % b.low;
            rest += rest < 0 ? b.low : 0;
            return (struct interval){rest, rest};
        }
        return (struct interval){0, b.low - 1};
    }
    return any;
}

/* The list index that BOUNDS lets through. */
static struct interval bounded(struct interval index, const struct instruction *in)
{
    int64_t length = in->d, width = in->x ? in->x : 1;
    if (single(index) && index.low < 0)
        index.low = index.high = index.low + length;
    if (index.low < 0 || index.high >= length)
        index = (struct interval){index.low < 0 || index.low >= length ? 0 : index.low, length - 1};
    if (length < 1)
        return any;
    return (struct interval){index.low * width, index.high * width};
}

static struct interval truth(bool holds)
{
    return (struct interval){holds, holds};
}

/* What is known of a comparison of two integers. */
static struct interval comparison(const struct instruction *in, struct interval a,
                                  struct interval b)
{
    struct interval unknown = {0, 1};
    if (in->op == OP_LT)
        return a.high < b.low ? truth(true) : a.low >= b.high ? truth(false) : unknown;
    if (in->op == OP_LE)
        return a.high <= b.low ? truth(true) : a.low > b.high ? truth(false) : unknown;
    if (in->x > 1) /* OP_EQ or OP_NE of more than one word */
        return unknown;
    if (a.high < b.low || b.high < a.low)
        return truth(in->op == OP_NE);
    return single(a) && single(b) ? truth(in->op == OP_EQ) : unknown;
}

/* A conditional jump whose condition is known goes one way only. Returns the number of ways left.
 */
static unsigned known_way(const struct instruction *in, const struct interval *slots,
                          unsigned count, uint32_t next[2])
{
    if ((in->op != OP_JUMP_IF && in->op != OP_JUMP_UNLESS) || !single(slots[in->a]))
        return count;
    bool jumps = (slots[in->a].low != 0) == (in->op == OP_JUMP_IF);
    next[0] = next[jumps];
    return 1;
}

static void forget(struct interval *slots, uint32_t size, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count && i < size; i++)
        slots[i] = any;
}

/* What is known of the one number that the instruction computes. False: nothing. */
static bool computed(const struct flow *flow, const struct instruction *in,
                     const struct interval *slots, struct interval *ret_value)
{
    uint8_t op = in->op;
    if (op == OP_CONST)
        *ret_value =
            (struct interval){flow->program->constants[in->d], flow->program->constants[in->d]};
    else if (op == OP_PARAM)
        *ret_value =
            (struct interval){flow->thread->parameters[in->d], flow->thread->parameters[in->d]};
    else if (op == OP_ADD || op == OP_SUB || op == OP_MUL || op == OP_MOD)
        *ret_value = arithmetic(op, slots[in->b], slots[in->c]);
    else if (op == OP_BOUNDS)
        *ret_value = bounded(slots[in->b], in);
    else if (op == OP_LT || op == OP_LE || op == OP_EQ || op == OP_NE)
        *ret_value = comparison(in, slots[in->b], slots[in->c]);
    else if (op == OP_NOT)
        *ret_value = single(slots[in->b]) ? truth(slots[in->b].low == 0) : (struct interval){0, 1};
    else
        return false;
    return true;
}

/* What the instruction does to the slots. */
static void transfer(struct flow *flow, const struct instruction *in, struct interval *slots,
                     uint32_t size)
{
    uint32_t width = in->x ? in->x : 1;
    struct interval value;
    if (computed(flow, in, slots, &value)) {
        slots[in->a] = value;
    } else if (in->op == OP_MOVE) {
        memmove(slots + in->a, slots + in->b, width * sizeof *slots);
    } else if (in->op == OP_PUT) {
        forget(slots, size, 0, size);
    } else if (in->op == OP_CALL) {
        if (in->c != NO_SLOT)
            forget(slots, size, in->c, flow->program->functions[in->d].result_width);
    } else {
        if (in->op == OP_BARRIER_ARRIVE && in->c != NO_SLOT)
            slots[in->c] = any;
        if (strchr(opcode_operands[in->op], 'A') && in->a != NO_SLOT)
            forget(slots, size, in->a, in->op == OP_LOAD || in->op == OP_GET ? width : 1);
    }
}

static void enter_callee(struct flow *flow, uint32_t pc, const struct interval *slots)
{
    const struct instruction *in = &flow->program->code[pc];
    uint32_t callee = 0;
    for (uint32_t nth = 0; flow_callee(flow->program, pc, nth, &callee); nth++) {
        const struct function *function = &flow->program->functions[callee];
        struct interval *fresh = xcalloc(function->frame_size + 1u, sizeof *fresh);
        forget(fresh, function->frame_size, 0, function->frame_size);
        if (in->op == OP_CALL && in->b != NO_SLOT)
            for (uint32_t i = 0; i < in->x && i + 1 < function->frame_size; i++)
                fresh[i + 1] = slots[in->b + i];
        reach(flow, function->entry, fresh);
        free(fresh);
    }
}

static void visit(struct flow *flow, uint32_t pc)
{
    const struct program *program = flow->program;
    const struct instruction *in = &program->code[pc];
    const struct function *function = &program->functions[flow->function_of[pc]];
    uint32_t size = function->frame_size, next[2];
    struct interval *slots = xcalloc(size + 1, sizeof *slots);
    memcpy(slots, flow->before[pc], size * sizeof *slots);
    transfer(flow, in, slots, size);
    enter_callee(flow, pc, flow->before[pc]);
    unsigned count = known_way(in, slots, flow_next(program, pc, next), next);
    for (unsigned i = 0; i < count; i++)
        if (next[i] < function->end)
            reach(flow, next[i], slots);
    const struct handler *handler = flow_handler(function, pc);
    if (handler) {
        for (uint32_t i = 0; i < size; i++)
            join(&slots[i], flow->before[pc][i], false);
        if (handler->kind_slot != NO_SLOT)
            slots[handler->kind_slot] = any;
        if (handler->message_slot != NO_SLOT)
            slots[handler->message_slot] = any;
        reach(flow, handler->handler, slots);
    }
    free(slots);
}

static struct target_range target_at(const struct program *program, uint32_t pc,
                                     const struct interval *slots)
{
    const struct instruction *in = &program->code[pc];
    struct target_range whole = flow_any_target(program, pc);
    if (in->b == NO_SLOT)
        return whole;
    struct interval index = slots[in->b];
    int64_t base = opcode_about[in->op] == ABOUT_THREAD ? 0 : in->d;
    if (index.low < 0 || index.high > UINT16_MAX * 16 ||
        base + index.high >= (int64_t)whole.first + whole.count)
        return whole;
    return (struct target_range){(uint32_t)(base + index.low),
                                 (uint32_t)(index.high - index.low + 1)};
}

bool flow_affordable(const struct program *program)
{
    uint64_t slots = program->code_length;
    for (uint32_t i = 0; i < program->function_count; i++)
        slots += (uint64_t)(program->functions[i].end - program->functions[i].entry) *
                 program->functions[i].frame_size;
    return slots <= MOST_SLOTS && slots * program->thread_count <= 16 * (uint64_t)MOST_SLOTS;
}

void flow_targets(const struct program *program, const struct declared_thread *thread,
                  const uint32_t *index_of, struct target_range *targets)
{
    const struct function *function = &program->functions[thread->function];
    struct flow flow = {.program = program, .thread = thread};
    flow.before = xcalloc(program->code_length + 1, sizeof *flow.before);
    flow.joins = xcalloc(program->code_length + 1, 1);
    flow.function_of = xcalloc(program->code_length + 1, sizeof *flow.function_of);
    for (uint32_t i = 0; i < program->function_count; i++)
        for (uint32_t pc = program->functions[i].entry; pc < program->functions[i].end; pc++)
            flow.function_of[pc] = i;
    struct interval *fresh = xcalloc(function->frame_size + 1u, sizeof *fresh);
    forget(fresh, function->frame_size, 0, function->frame_size);
    for (uint32_t i = 0; thread->made_only && i < thread->parameter_count; i++)
        fresh[i + 1] = (struct interval){thread->parameters[i], thread->parameters[i]};
    reach(&flow, function->entry, fresh);
    free(fresh);
    while (flow.work.count)
        visit(&flow, flow.work.items[--flow.work.count]);
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        if (flow.before[pc] && index_of[pc] != UINT32_MAX)
            targets[index_of[pc]] = target_at(program, pc, flow.before[pc]);
        free(flow.before[pc]);
    }
    free(flow.before);
    free(flow.joins);
    free(flow.function_of);
    vector_fini(&flow.work);
}
