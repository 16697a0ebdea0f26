/*
 * Which slots are dead where a thread can rest, so that the model zeroes them: states with equal
 * futures become equal bytes. Two classical analyses over the instructions of each function:
 *
 *     live   backwards: is the slot read before it is written, on some way from here?
 *     dirty  forwards: may it have been written since it was last cleared?
 *
 * A slot is cleared at a visible instruction (before it is performed) and at a CALL (while the
 * callee runs) when it is dirty and not live there. (Muchnick, Advanced Compiler Design and
 * Implementation, 8.4 and 14.1.)
 */
#include <stdlib.h>
#include <string.h>

#include "lang/compile.h"

struct flow {
    struct compiler *compiler;
    const struct compiled *function;
    uint32_t entry, count, words;
    uint64_t *live;  /* before each instruction; `words` each */
    uint64_t *dirty; /* before each instruction */
    uint64_t *scratch;
    const uint8_t *together; /* of every pc: inside an atomic block */
};

static void set(uint64_t *bits, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        bits[i / 64] |= 1ull << (i % 64);
}

static void unset(uint64_t *bits, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        bits[i / 64] &= ~(1ull << (i % 64));
}

static void set_slot(uint64_t *bits, uint16_t slot, uint32_t count)
{
    if (slot != NO_SLOT)
        set(bits, slot, count);
}

static uint32_t wide(const struct instruction *in)
{
    return in->x ? in->x : 1;
}

static uint32_t result_width(const struct flow *flow, const struct instruction *in)
{
    return flow->compiler->functions[in->d].function.result_width;
}

/* How many slots an instruction reads from the one that operand `a`, `b`, `c` or `t` names on. */
static uint32_t read_width(const struct flow *flow, const struct instruction *in, char operand)
{
    uint8_t op = in->op;
    if (op == OP_MOVE || op == OP_EQ || op == OP_NE || op == OP_CONCAT ||
        (op == OP_STORE && operand == 'a') || (op == OP_PUT && operand == 'c'))
        return wide(in);
    if (op == OP_RETURN)
        return flow->function->function.result_width;
    if (operand == 'b' && (op == OP_CALL || op == OP_NEW_THREAD))
        return in->x;
    if (operand == 'c' && (op == OP_ACQUIRE || op == OP_ATOMIC_CAS || op == OP_NEW_THREAD))
        return 2;
    return 1;
}

/* The operand is the first slot of a list, any element of which may be read. */
static bool names_list(uint8_t op, char operand)
{
    return op == OP_PUT ? operand == 'a' : (op == OP_GET || op == OP_TEXT) && operand == 'b';
}

/* The slots an instruction may read, as the table of opcodes says. */
static void add_reads(const struct flow *flow, uint32_t pc, uint64_t *bits)
{
    const struct instruction *in = &flow->compiler->code.items[pc];
    const struct extent *list = &flow->compiler->extents.items[pc];
    if (in->op == OP_RETURN)
        set(bits, 0, flow->function->function.has_return_slot);
    for (const char *operand = opcode_operands[in->op]; *operand; operand++) {
        uint32_t width = read_width(flow, in, *operand);
        if (names_list(in->op, *operand))
            set(bits, list->first, list->count);
        else if (*operand == 'a')
            set_slot(bits, in->a, width);
        else if (*operand == 'b' || *operand == 't')
            set_slot(bits, in->b, width);
        else if (*operand == 'c')
            set_slot(bits, in->c, width);
    }
}

/* The slots an instruction surely writes: first and number of up to two stretches. */
static void writes(const struct flow *flow, uint32_t pc, struct extent out[2])
{
    const struct instruction *in = &flow->compiler->code.items[pc];
    out[0] = out[1] = (struct extent){0};
    bool may_be_wide = in->op == OP_MOVE || in->op == OP_GET || in->op == OP_LOAD;
    /* OP_PUT has no `A`: it writes a part of a list, no one slot for sure */
    if (opcode_operands[in->op][0] == 'A' && in->a != NO_SLOT)
        out[0] = (struct extent){in->a, may_be_wide ? wide(in) : 1};
    if (in->op == OP_CALL && in->c != NO_SLOT)
        out[0] = (struct extent){in->c, result_width(flow, in)};
    if (in->op == OP_BARRIER_ARRIVE && in->c != NO_SLOT)
        out[1] = (struct extent){in->c, 1};
}

static uint64_t *at(const struct flow *flow, uint64_t *table, uint32_t pc)
{
    return table + (size_t)(pc - flow->entry) * flow->words;
}

static void unite(const struct flow *flow, uint64_t *into, const uint64_t *from)
{
    for (uint32_t i = 0; i < flow->words; i++)
        into[i] |= from[i];
}

static bool falls_through(uint8_t op)
{
    return op != OP_JUMP && op != OP_RETURN && op != OP_RAISE && op != OP_RERAISE && op != OP_END;
}

static bool jumps(uint8_t op)
{
    return op == OP_JUMP || op == OP_JUMP_IF || op == OP_JUMP_UNLESS;
}

/* What is live after an instruction, its own exception handlers' needs included. */
static void live_after(const struct flow *flow, uint32_t pc, uint64_t *out)
{
    const struct instruction *in = &flow->compiler->code.items[pc];
    memset(out, 0, flow->words * sizeof *out);
    if (falls_through(in->op) && pc + 1 < flow->entry + flow->count)
        unite(flow, out, at(flow, flow->live, pc + 1));
    if (jumps(in->op))
        unite(flow, out, at(flow, flow->live, (uint32_t)in->d));
}

/* What an exception here would need. */
static void live_in_handler(const struct flow *flow, const struct handler *handler, uint64_t *out,
                            uint64_t *scratch)
{
    if (!handler)
        return;
    memcpy(scratch, at(flow, flow->live, handler->handler), flow->words * sizeof *scratch);
    unset(scratch, handler->kind_slot, 1);
    unset(scratch, handler->message_slot, 1);
    unite(flow, out, scratch);
}

static void find_live(struct flow *flow, const struct handler **handlers)
{
    bool changed = true;
    uint64_t *now = flow->scratch, *other = flow->scratch + flow->words;
    while (changed) {
        changed = false;
        for (uint32_t pc = flow->entry + flow->count; pc-- > flow->entry;) {
            struct extent written[2];
            live_after(flow, pc, now);
            writes(flow, pc, written);
            for (int i = 0; i < 2; i++)
                unset(now, written[i].first, written[i].count);
            live_in_handler(flow, handlers[pc - flow->entry], now, other);
            add_reads(flow, pc, now);
            if (flow->function->function.has_return_slot)
                set(now, 0, 1);
            uint64_t *old = at(flow, flow->live, pc);
            if (memcmp(old, now, flow->words * sizeof *now) != 0) {
                memcpy(old, now, flow->words * sizeof *now);
                changed = true;
            }
        }
    }
}

/* What must survive while a thread rests at pc (before a visible operation), or while a callee
 * runs. */
static void needed_at(struct flow *flow, uint32_t pc, const struct handler *handler, uint64_t *out,
                      uint64_t *scratch)
{
    const struct instruction *in = &flow->compiler->code.items[pc];
    if (in->op != OP_CALL && in->op != OP_CALL_ACTION) {
        memcpy(out, at(flow, flow->live, pc), flow->words * sizeof *out);
        return;
    }
    struct extent written[2];
    live_after(flow, pc, out);
    writes(flow, pc, written);
    for (int i = 0; i < 2; i++)
        unset(out, written[i].first, written[i].count);
    live_in_handler(flow, handler, out, scratch);
    if (flow->function->function.has_return_slot)
        set(out, 0, 1);
}

/* Inside an atomic block nobody rests, so nothing is cleared there; at a call it is. */
static bool rests(const struct flow *flow, uint32_t pc)
{
    uint8_t op = flow->compiler->code.items[pc].op;
    if (op == OP_CALL || op == OP_CALL_ACTION)
        return true;
    return opcode_visible[op] && op != OP_END && !flow->together[pc];
}

/* Dirty after an instruction; true when the successor's set grew. */
static bool flow_into(struct flow *flow, uint32_t pc, const uint64_t *bits)
{
    uint64_t *into = at(flow, flow->dirty, pc);
    bool grew = false;
    for (uint32_t i = 0; i < flow->words; i++) {
        grew |= (bits[i] & ~into[i]) != 0;
        into[i] |= bits[i];
    }
    return grew;
}

static bool dirty_step(struct flow *flow, uint32_t pc, const struct handler *handler)
{
    const struct instruction *in = &flow->compiler->code.items[pc];
    uint64_t *now = flow->scratch, *needed = flow->scratch + flow->words;
    struct extent written[2];
    bool changed = false;
    memcpy(now, at(flow, flow->dirty, pc), flow->words * sizeof *now);
    if (rests(flow, pc)) {
        needed_at(flow, pc, handler, needed, flow->scratch + 2 * flow->words);
        for (uint32_t i = 0; i < flow->words; i++)
            now[i] &= needed[i];
    }
    writes(flow, pc, written);
    for (int i = 0; i < 2; i++)
        set(now, written[i].first, written[i].count);
    if (in->op == OP_PUT)
        set(now, flow->compiler->extents.items[pc].first, flow->compiler->extents.items[pc].count);
    if (falls_through(in->op) && pc + 1 < flow->entry + flow->count)
        changed |= flow_into(flow, pc + 1, now);
    if (jumps(in->op))
        changed |= flow_into(flow, (uint32_t)in->d, now);
    if (handler) {
        set(now, handler->kind_slot, 1);
        set(now, handler->message_slot, 1);
        changed |= flow_into(flow, handler->handler, now);
    }
    return changed;
}

static void find_dirty(struct flow *flow, const struct handler **handlers)
{
    const struct function *function = &flow->function->function;
    bool changed = true;
    set(at(flow, flow->dirty, flow->entry), 0,
        function->parameter_count + (uint32_t)function->has_return_slot);
    while (changed) {
        changed = false;
        for (uint32_t pc = flow->entry; pc < flow->entry + flow->count; pc++)
            changed |= dirty_step(flow, pc, handlers[pc - flow->entry]);
    }
}

struct lists {
    struct clear_list *clears;
    vector(uint16_t) slots;
};

static void write_lists(struct flow *flow, const struct handler **handlers, struct lists *lists)
{
    uint64_t *needed = flow->scratch + flow->words, *more = flow->scratch + 2 * flow->words;
    for (uint32_t pc = flow->entry; pc < flow->entry + flow->count; pc++) {
        if (!rests(flow, pc))
            continue;
        const uint64_t *dirty = at(flow, flow->dirty, pc);
        needed_at(flow, pc, handlers[pc - flow->entry], needed, more);
        struct clear_list *list = &lists->clears[pc];
        list->first = (uint32_t)lists->slots.count;
        for (uint32_t word = 0; word < flow->words; word++)
            for (uint64_t bits = dirty[word] & ~needed[word]; bits; bits &= bits - 1) {
                uint16_t slot = (uint16_t)(word * 64 + (uint32_t)__builtin_ctzll(bits));
                vector_push(&lists->slots, slot);
            }
        list->count = (uint16_t)(lists->slots.count - list->first);
    }
}

static void one_function(struct compiler *compiler, const struct compiled *compiled,
                         const uint8_t *together, struct lists *lists)
{
    const struct function *function = &compiled->function;
    struct flow flow = {.compiler = compiler,
                        .function = compiled,
                        .together = together,
                        .entry = function->entry,
                        .count = (uint32_t)(function->end - function->entry),
                        .words = function->frame_size / 64u + 1};
    flow.live = xcalloc((size_t)flow.count * flow.words + 1, sizeof(uint64_t));
    flow.dirty = xcalloc((size_t)flow.count * flow.words + 1, sizeof(uint64_t));
    flow.scratch = xcalloc(3 * flow.words, sizeof(uint64_t));
    const struct handler **handlers = xcalloc(flow.count + 1u, sizeof *handlers);
    vector_each (struct handler, handler, &compiled->handlers)
        for (uint32_t pc = handler->from; pc < handler->to; pc++)
            if (!handlers[pc - flow.entry])
                handlers[pc - flow.entry] = handler;
    find_live(&flow, handlers);
    find_dirty(&flow, handlers);
    write_lists(&flow, handlers, lists);
    free(flow.live);
    free(flow.dirty);
    free(flow.scratch);
    free(handlers);
}

void liveness_clear(struct compiler *compiler)
{
    struct program *program = compiler->program;
    struct lists lists = {
        .clears = arena_array(&program->arena, struct clear_list, compiler->code.count + 1)};
    uint8_t *together = xcalloc(compiler->code.count + 1, 1);
    vector_each (struct atomic_block, block, &compiler->atomics)
        memset(together + block->begin + 1, 1, (size_t)(block->end - block->begin));
    for (uint32_t i = 0; i < compiler->function_count; i++)
        one_function(compiler, &compiler->functions[i], together, &lists);
    free(together);
    uint16_t *slots = arena_array(&program->arena, uint16_t, lists.slots.count + 1);
    if (lists.slots.count)
        memcpy(slots, lists.slots.items, lists.slots.count * sizeof *slots);
    program->clears = lists.clears;
    program->clear_slots = slots;
    vector_fini(&lists.slots);
}
