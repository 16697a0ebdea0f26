/* What a thread can still do: a walk over the code it has left, calls, returns and exceptions
 * included. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "base/vector.h"
#include "model/stuck_private.h"

struct walk {
    const struct stuck_analysis *analysis;
    const struct program *program;
    uint32_t thread;
    const uint64_t *barred; /* NULL: nothing */
    struct powers *powers;
    uint64_t *seen;    /* bit set of pcs */
    uint8_t *returned; /* of each function: 1 it can return, 2 it can raise */
    uint64_t *called;  /* bit set of pcs: calls seen, or waiting on the thread's stack */
    vector(uint32_t) work;
    uint32_t bottom; /* the function of the thread's bottom frame */
};

/* The bits of word number `word` that lie in [first, first + count). */
static uint64_t mask_of(uint32_t word, uint32_t first, uint32_t count)
{
    uint64_t low = 64 * (uint64_t)word, end = (uint64_t)first + count;
    uint64_t mask = ~(uint64_t)0;
    if (low < first)
        mask &= ~(uint64_t)0 << (first - low);
    if (low + 64 > end)
        mask &= ~(uint64_t)0 >> (low + 64 - end);
    return mask;
}

void set_bits(uint64_t *set, uint32_t first, uint32_t count)
{
    for (uint32_t word = first / 64; count && word <= (first + count - 1) / 64; word++)
        set[word] |= mask_of(word, first, count);
}

bool has_bits(const uint64_t *set, uint32_t first, uint32_t count)
{
    for (uint32_t word = first / 64; count && word <= (first + count - 1) / 64; word++)
        if (mask_of(word, first, count) & ~set[word])
            return false;
    return true;
}

static void push(struct walk *walk, uint32_t pc)
{
    if (pc >= walk->program->code_length || bit(walk->seen, pc))
        return;
    set_bit(walk->seen, pc);
    vector_push(&walk->work, pc);
}

static void leave_by_exception(struct walk *walk, uint32_t function);

static void raise_at(struct walk *walk, uint32_t pc)
{
    uint32_t function = walk->analysis->function_of[pc];
    const struct handler *handler = flow_handler(&walk->program->functions[function], pc);
    if (handler)
        push(walk, handler->handler);
    else
        leave_by_exception(walk, function);
}

/* The function is left, by an exception or not: goes on at all calls of it that are open. */
static void leave(struct walk *walk, uint32_t function, bool raised)
{
    const struct stuck_analysis *analysis = walk->analysis;
    uint32_t first = analysis->callers_first[function];
    uint32_t calls = analysis->callers_first[function + 1] - first;
    uint32_t all = calls + (analysis->is_action[function] ? analysis->action_call_count : 0);
    for (uint32_t i = 0; i < all; i++) {
        uint32_t pc = i < calls ? analysis->callers[first + i] : analysis->action_calls[i - calls];
        if (!bit(walk->called, pc))
            continue;
        if (raised)
            raise_at(walk, pc);
        else
            push(walk, pc + 1);
    }
}

static void leave_by_exception(struct walk *walk, uint32_t function)
{
    if (walk->returned[function] & 2)
        return;
    walk->returned[function] |= 2;
    if (function == walk->bottom)
        walk->powers->ends = true;
    leave(walk, function, true);
}

static void leave_by_return(struct walk *walk, uint32_t function)
{
    if (walk->returned[function] & 1)
        return;
    walk->returned[function] |= 1;
    if (function == walk->bottom)
        walk->powers->ends = true;
    leave(walk, function, false);
}

/* A call that is seen, or whose callee is on the stack (then it is not entered again). */
static void note_call(struct walk *walk, uint32_t pc, bool enter)
{
    uint32_t callee = 0;
    set_bit(walk->called, pc);
    for (uint32_t nth = 0; flow_callee(walk->program, pc, nth, &callee); nth++) {
        if (enter)
            push(walk, walk->program->functions[callee].entry);
        if (walk->returned[callee] & 1)
            push(walk, pc + 1);
        if (walk->returned[callee] & 2)
            raise_at(walk, pc);
    }
}

/* The operation has no time-out and is no try, whatever its slots hold. Slots that are not looked
 * at count as "may be timed", unless the compiler left them out. */
static bool untimed(const struct walk *walk, const struct instruction *in, uint32_t object)
{
    if (in->op == OP_BARRIER_DEPART)
        return in->c == NO_SLOT && walk->program->objects[object].timeout == NONE_VALUE;
    return in->c == NO_SLOT;
}

/* Nobody gets past this operation while everything barred stays as it is. Notes in any case what
 * would bar it. */
static bool is_barred(const struct walk *walk, uint32_t pc)
{
    const struct instruction *in = &walk->program->code[pc];
    bool join = in->op == OP_JOIN;
    if (!join && in->op != OP_ACQUIRE && in->op != OP_COND_WAIT && in->op != OP_EVENT_WAIT &&
        in->op != OP_BARRIER_DEPART)
        return false;
    struct target_range target = stuck_target(walk->analysis, walk->thread, pc);
    bool barred = target.count > 0;
    if (in->op == OP_ACQUIRE && walk->analysis->own_locks) { /* there may be very many */
        if (!untimed(walk, in, 0))
            return false;
        set_bits(walk->powers->blocks, target.first, target.count);
        return barred && walk->barred && has_bits(walk->barred, target.first, target.count);
    }
    for (uint32_t i = target.first; i < target.first + target.count; i++) {
        uint32_t index = join                   ? walk->program->object_count + i
                         : in->op == OP_ACQUIRE ? lock_of(walk->program, i)
                                                : i;
        if ((join && i >= walk->program->thread_count) || !untimed(walk, in, join ? 0 : i))
            return false;
        set_bit(walk->powers->blocks, index);
        barred = barred && walk->barred && bit(walk->barred, index);
    }
    return barred;
}

static void add(uint64_t *set, struct target_range target)
{
    set_bits(set, target.first, target.count);
}

/* Who is given back by giving back any of `target`. */
static void add_locks(const struct walk *walk, struct target_range target)
{
    if (walk->analysis->own_locks) {
        add(walk->powers->can, target);
        return;
    }
    for (uint32_t i = target.first; i < target.first + target.count; i++)
        set_bit(walk->powers->can, lock_of(walk->program, i));
}

static void note_barrier(const struct walk *walk, const struct instruction *in,
                         struct target_range target)
{
    struct powers *powers = walk->powers;
    if (in->op == OP_BARRIER_ARRIVE)
        add(powers->arrives, target);
    else if (in->op == OP_BARRIER_OPEN || in->op == OP_BARRIER_BREAK)
        add(powers->opens, target);
    else if (in->op == OP_BARRIER_ABORT || in->op == OP_BARRIER_RESET)
        add(powers->can, target);
    else if (in->op == OP_BARRIER_DEPART) /* a time-out breaks the barrier for all */
        for (uint32_t i = target.first; i < target.first + target.count; i++)
            if (!untimed(walk, in, i))
                set_bit(powers->can, i);
}

/* Notes what performing the instruction does for others. */
static void note_powers(struct walk *walk, uint32_t pc)
{
    const struct instruction *in = &walk->program->code[pc];
    struct powers *powers = walk->powers;
    struct target_range target = {0, 0};
    if (opcode_about_object(in->op))
        target = stuck_target(walk->analysis, walk->thread, pc);
    switch ((enum opcode_about)opcode_about[in->op]) {
    case ABOUT_LOCK:
        if (in->op == OP_RELEASE)
            add_locks(walk, target);
        break;
    case ABOUT_CONDITION:
        if (in->op == OP_COND_WAIT) /* it releases its lock first */
            add_locks(walk, target);
        else
            add(powers->can, target);
        break;
    case ABOUT_EVENT:
        if (in->op == OP_EVENT_SET)
            add(powers->can, target);
        break;
    case ABOUT_BARRIER: note_barrier(walk, in, target); break;
    case ABOUT_THREAD: powers->starts |= in->op == OP_START; break;
    case ABOUT_SELF: powers->ends = true; break;
    case ABOUT_NOTHING:
        if (in->op == OP_NEW_THREAD)
            set_bit(powers->makes, (uint32_t)in->d);
        break;
    case ABOUT_CELL:
    case ABOUT_THREADS:
    case ABOUT_BLOCK: break;
    }
}

/* Goes on from an instruction that has been performed. */
static void pass(struct walk *walk, uint32_t pc)
{
    const struct instruction *in = &walk->program->code[pc];
    if (in->op == OP_CALL || in->op == OP_CALL_ACTION) {
        note_call(walk, pc, true);
    } else {
        uint32_t next[2];
        unsigned count = flow_next(walk->program, pc, next);
        for (unsigned i = 0; i < count; i++)
            push(walk, next[i]);
    }
    if (in->op == OP_RETURN)
        leave_by_return(walk, walk->analysis->function_of[pc]);
    if (flow_may_raise(in))
        raise_at(walk, pc);
}

static void visit(struct walk *walk, uint32_t pc)
{
    if (is_barred(walk, pc)) {
        if (walk->program->code[pc].op == OP_COND_WAIT)
            note_powers(walk, pc);
        return;
    }
    note_powers(walk, pc);
    pass(walk, pc);
}

static struct powers *powers_new(const struct stuck_analysis *analysis)
{
    uint32_t objects = analysis->object_words;
    struct powers *powers =
        xcalloc(1, sizeof *powers + 8 * ((size_t)3 * objects + analysis->function_words +
                                         analysis->barred_words));
    powers->can = powers->sets;
    powers->arrives = powers->can + objects;
    powers->opens = powers->arrives + objects;
    powers->makes = powers->opens + objects;
    powers->blocks = powers->makes + analysis->function_words;
    return powers;
}

/* The frames of a thread, from its top one down: calls `each` with the call instruction below each
 * frame. */
static uint32_t walk_stack(struct walk *walk, const struct model *model,
                           const struct thread_head *head, bool note)
{
    const int64_t *slots = model_slots(model, (struct thread_head *)head);
    uint32_t base = head->base, function = head->function;
    while (base > 0) {
        uint32_t call = (uint32_t)slots[base] - 1;
        if (note)
            note_call(walk, call, false);
        function = model->function_of[call];
        base -= model->program->functions[function].frame_size;
    }
    return function;
}

static void run_walk(struct walk *walk, const struct model *model, const struct thread_head *head,
                     uint32_t function)
{
    const struct program *program = walk->program;
    walk->seen = xcalloc(program->code_length / 64 + 1, 8);
    walk->called = xcalloc(program->code_length / 64 + 1, 8);
    walk->returned = xcalloc(program->function_count + 1, 1);
    walk->bottom = function;
    if (head) {
        walk->bottom = walk_stack(walk, model, head, false);
        walk_stack(walk, model, head, true);
        /* The operation at hand can go, or its wait is over: it is passed. */
        if (head->phase == PHASE_READY || head->phase == PHASE_DYING)
            note_powers(walk, head->pc);
        set_bit(walk->seen, head->pc);
        pass(walk, head->pc);
    } else {
        push(walk, program->functions[function].entry);
    }
    while (walk->work.count) {
        uint32_t pc = walk->work.items[--walk->work.count];
        visit(walk, pc);
    }
    free(walk->seen);
    free(walk->returned);
    free(walk->called);
    vector_fini(&walk->work);
}

/* What the walk depends on, but for what is barred. */
static uint64_t key_of(const struct model *model, const struct thread_head *head, uint32_t thread,
                       uint32_t function)
{
    uint64_t key = hash_word(1, (uint64_t)thread << 32 | function);
    if (!head)
        return key;
    key = hash_word(key, (uint64_t)head->pc << 32 | (uint64_t)head->phase << 16 | head->function);
    const int64_t *slots = model_slots(model, (struct thread_head *)head);
    for (uint32_t base = head->base; base > 0;) {
        uint32_t call = (uint32_t)slots[base] - 1;
        key = hash_word(key, call);
        base -= model->program->functions[model->function_of[call]].frame_size;
    }
    return key;
}

/* Enters the powers into the cache. Returns those that are in it, or NULL when there is no room. */
static struct powers *enter(const struct stuck_analysis *analysis, struct powers *powers)
{
    for (unsigned probe = 0; probe < CACHE_PROBES; probe++) {
        _Atomic(struct powers *) *at = &analysis->cache[(powers->key + probe) & (CACHE_SIZE - 1)];
        struct powers *found = NULL;
        if (atomic_compare_exchange_strong_explicit(at, &found, powers, memory_order_release,
                                                    memory_order_acquire))
            return powers;
        if (found->key == powers->key) {
            free(powers);
            return found;
        }
    }
    return NULL;
}

static struct powers *find(const struct stuck_analysis *analysis, uint64_t key)
{
    for (unsigned probe = 0; probe < CACHE_PROBES; probe++) {
        struct powers *powers = atomic_load_explicit(
            &analysis->cache[(key + probe) & (CACHE_SIZE - 1)], memory_order_acquire);
        if (!powers || powers->key == key)
            return powers;
    }
    return NULL;
}

/* From the cache, or by a walk that is then entered. */
static struct powers *look_up(struct walk *walk, const struct model *model,
                              const struct thread_head *head, uint32_t function, uint64_t key,
                              bool *ret_own)
{
    struct powers *powers = find(walk->analysis, key);
    *ret_own = false;
    if (powers)
        return powers;
    powers = walk->powers = powers_new(walk->analysis);
    powers->key = key;
    run_walk(walk, model, head, function);
    struct powers *entered = enter(walk->analysis, powers);
    *ret_own = !entered;
    return entered ? entered : powers;
}

/* Where the strict powers of a thread at rest are remembered, or NULL. */
static _Atomic(struct powers *) *resting_place(const struct stuck_analysis *analysis,
                                               const struct thread_head *head, uint32_t thread)
{
    if (!analysis->resting || !head || thread >= analysis->program->thread_count || head->base ||
        head->phase != PHASE_READY)
        return NULL;
    return &analysis->resting[(size_t)thread * analysis->program->code_length + head->pc];
}

/* Only what the code left can be blocked by matters of what is barred; so few different walks are
 * needed. */
static struct powers *powers_of(const struct stuck_analysis *analysis, const struct model *model,
                                const struct thread_head *head, uint32_t thread, uint32_t function,
                                const uint64_t *barred, bool everything, uint64_t *scratch,
                                bool *ret_own)
{
    struct walk walk = {.analysis = analysis, .program = analysis->program};
    walk.thread = head && thread < analysis->program->thread_count ? thread : UINT32_MAX;
    uint64_t key = key_of(model, head, walk.thread, function), any = 0;
    struct powers *unbarred = look_up(&walk, model, head, function, key, ret_own);
    struct powers *strict = atomic_load_explicit(&unbarred->strict, memory_order_acquire);
    if (everything && strict)
        return strict;
    for (uint32_t i = 0; barred && i < analysis->barred_words; i++)
        any |= scratch[i] = barred[i] & unbarred->blocks[i];
    if (!any)
        return unbarred;
    walk.barred = scratch;
    key = hash_bytes(key, scratch, 8 * (size_t)analysis->barred_words);
    bool own_unbarred = *ret_own;
    struct powers *powers = look_up(&walk, model, head, function, key, ret_own);
    if (own_unbarred)
        free(unbarred);
    else if (everything && !*ret_own)
        atomic_store_explicit(&unbarred->strict, powers, memory_order_release);
    return powers;
}

struct powers *stuck_powers(const struct stuck_analysis *analysis, const struct model *model,
                            const struct thread_head *head, uint32_t thread, uint32_t function,
                            const uint64_t *barred, bool everything, uint64_t *scratch,
                            bool *ret_own)
{
    _Atomic(struct powers *) *place = everything ? resting_place(analysis, head, thread) : NULL;
    struct powers *powers = place ? atomic_load_explicit(place, memory_order_acquire) : NULL;
    *ret_own = false;
    if (powers)
        return powers;
    powers =
        powers_of(analysis, model, head, thread, function, barred, everything, scratch, ret_own);
    if (place && !*ret_own)
        atomic_store_explicit(place, powers, memory_order_release);
    return powers;
}

const struct powers *stuck_strict(const struct stuck_analysis *analysis, const struct model *model,
                                  const struct world *world, uint32_t thread)
{
    uint64_t *all = xmalloc(2 * 8 * (size_t)analysis->barred_words);
    bool own = false;
    memset(all, 0xff, 8 * (size_t)analysis->barred_words);
    struct powers *powers =
        stuck_powers(analysis, model, model_head(model, (struct world *)world, thread), thread, 0,
                     all, true, all + analysis->barred_words, &own);
    free(all);
    if (own)
        free(powers);
    return own ? NULL : powers;
}
