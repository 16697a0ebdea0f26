/*
 * What code can still touch: for each place where a thread can rest, all that it (and threads that
 * it starts) may read and write from there on. Control is followed both ways at every branch, into
 * calls and back to every caller, and along every exception. Indices count as far as constants and
 * a thread's parameters tell.
 *
 * While a lock is closed and only members of a set can open it, nobody outside gets past its
 * acquire: so there are also futures cut at the acquires of one lock each.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/reduction_private.h"
#include "model/flow.h"

enum {
    FINE_CELLS = 512,     /* more cells than this are told apart by variable only */
    MOST_WORDS = 8 << 20, /* of all the futures together; beyond, no persistent sets */
};

static inline void set_bit(uint64_t *set, uint32_t bit)
{
    set[bit / 64] |= (uint64_t)1 << (bit % 64);
}

/* ---- classes of things ---- */

static void classify(struct footprints *feet)
{
    const struct program *program = feet->shape->program;
    feet->cell_class = xcalloc(program->cell_count + 1, sizeof *feet->cell_class);
    bool fine = program->cell_count <= FINE_CELLS;
    for (uint32_t i = 0; i < program->variable_count; i++) {
        const struct variable *variable = &program->variables[i];
        for (uint32_t k = 0; k < variable->length * variable->width; k++)
            feet->cell_class[variable->first_cell + k] = fine ? variable->first_cell + k : i;
    }
    feet->object_base = fine ? program->cell_count : program->variable_count;
    feet->thread_base = feet->object_base + program->object_count;
    feet->property_base = feet->thread_base + program->thread_count + 1;
    feet->run_class = feet->property_base + program->invariant_count + program->sometimes_count;
    feet->register_class = feet->run_class + 1;
    feet->words = (feet->register_class + 64) / 64;
    feet->code_length = program->code_length;
    feet->root_count = program->thread_count + 1;
}

static uint32_t class_of(const struct footprints *feet, uint32_t thing)
{
    const struct program *program = feet->shape->program;
    if (thing < program->cell_count)
        return feet->cell_class[thing];
    return feet->object_base + (thing - program->cell_count);
}

static void note_property(struct footprints *feet, const struct property *property, uint32_t class)
{
    for (uint32_t i = 0; i < property->read_count; i++)
        for (uint32_t k = 0; k < property->reads[i].count; k++) {
            uint32_t read = property->reads[i].first + k;
            if (read >= program_register_thing(feet->shape->program))
                continue;
            uint64_t **set = &feet->property_of[class_of(feet, read)];
            if (!*set)
                *set = xcalloc(feet->words, sizeof **set);
            set_bit(*set, class);
        }
}

static void find_properties(struct footprints *feet)
{
    const struct program *program = feet->shape->program;
    feet->property_of = xcalloc(feet->register_class + 1u, sizeof *feet->property_of);
    for (uint32_t i = 0; i < program->invariant_count; i++)
        note_property(feet, &program->invariants[i], feet->property_base + i);
    for (uint32_t i = 0; i < program->sometimes_count; i++)
        note_property(feet, &program->sometimes[i],
                      feet->property_base + program->invariant_count + i);
}

static void find_locks(struct footprints *feet)
{
    const struct program *program = feet->shape->program;
    feet->lock_number = xmalloc((program->object_count + 1) * sizeof *feet->lock_number);
    for (uint32_t i = 0; i < program->object_count; i++) {
        uint8_t type = program->objects[i].type;
        feet->lock_number[i] = UINT32_MAX;
        bool opened = type == OBJECT_LOCK || type == OBJECT_RLOCK || type == OBJECT_SEMAPHORE ||
                      type == OBJECT_BOUNDED_SEMAPHORE;
        if (opened && feet->lock_count < MOST_LOCKS) {
            feet->lock_number[i] = feet->lock_count;
            feet->locks[feet->lock_count++] = i;
        }
    }
}

/* ---- one operation ---- */

struct sets {
    const struct footprints *feet;
    uint64_t *reads, *writes;
};

static void reads(struct sets *sets, uint32_t class)
{
    set_bit(sets->reads, class);
}

static void writes(struct sets *sets, uint32_t class)
{
    set_bit(sets->reads, class);
    set_bit(sets->writes, class);
    const uint64_t *properties = sets->feet->property_of[class];
    for (uint32_t i = 0; properties && i < sets->feet->words; i++) {
        sets->reads[i] |= properties[i];
        sets->writes[i] |= properties[i];
    }
}

static void touch_thing(struct sets *sets, uint8_t op, uint32_t thing)
{
    const struct program *program = sets->feet->shape->program;
    uint32_t class = class_of(sets->feet, thing);
    switch ((enum opcode)op) {
    case OP_LOAD:
    case OP_ATOMIC_LOAD:
    case OP_LOCKED:
    case OP_EVENT_IS_SET:
    case OP_BARRIER_WAITING:
    case OP_BARRIER_BROKEN: reads(sets, class); return;
    default: break;
    }
    writes(sets, class);
    uint32_t object = thing - program->cell_count;
    if (thing < program->cell_count || program->objects[object].lock < 0)
        return;
    uint32_t lock = sets->feet->object_base + (uint32_t)program->objects[object].lock;
    if (op == OP_NOTIFY || op == OP_NOTIFY_ALL)
        reads(sets, lock);
    else
        writes(sets, lock);
}

static uint32_t thread_class(const struct footprints *feet, uint32_t thread)
{
    uint32_t declared = feet->shape->program->thread_count;
    return feet->thread_base + (thread < declared ? thread : declared);
}

static void touch_thread(struct sets *sets, uint8_t op, uint32_t thread)
{
    if (op == OP_START)
        writes(sets, thread_class(sets->feet, thread));
    else
        reads(sets, thread_class(sets->feet, thread));
}

static void touch_rest(struct sets *sets, const struct instruction *in, uint32_t self, bool daemon)
{
    const struct footprints *feet = sets->feet;
    const struct program *program = feet->shape->program;
    switch ((enum opcode)in->op) {
    case OP_END:
        writes(sets, thread_class(feet, self));
        if (!daemon)
            writes(sets, feet->run_class);
        break;
    case OP_ACTIVE_COUNT: reads(sets, feet->register_class); break;
    case OP_ATOMIC_BEGIN:
        for (uint32_t i = 0; i < program->atomics[in->d].touch_count; i++)
            for (uint32_t k = 0; k < program->atomics[in->d].touches[i].count; k++) {
                uint32_t thing = program->atomics[in->d].touches[i].first + k;
                if (thing < program_register_thing(program))
                    touch_thing(sets, OP_STORE, thing);
                else
                    writes(sets, feet->register_class);
            }
        break;
    default: break;
    }
    if (feet->counts_threads && (in->op == OP_END || in->op == OP_START))
        writes(sets, feet->register_class);
    if (daemon && feet->has_daemons && opcode_visible[in->op])
        reads(sets, feet->run_class);
}

static bool is_thread_operation(uint8_t op)
{
    return op == OP_START || op == OP_JOIN || op == OP_IS_ALIVE;
}

static bool may_be_daemon(const struct footprints *feet, uint32_t thread)
{
    const struct program *program = feet->shape->program;
    return thread >= program->thread_count || program->threads[thread].daemon;
}

/* A thread made at run time may be a daemon or not: it counts as both. */
static void touch_end(struct sets *sets, const struct instruction *in, uint32_t self)
{
    bool dynamic = self >= sets->feet->shape->program->thread_count;
    touch_rest(sets, in, self, may_be_daemon(sets->feet, self));
    if (dynamic)
        touch_rest(sets, in, self, false);
}

void footprints_next(const struct footprints *feet, const struct state *state, uint32_t thread,
                     uint64_t *out)
{
    struct sets sets = {feet, out, out + feet->words};
    const struct program *program = feet->shape->program;
    struct operation next;
    model_next(feet->shape->model, state->world, thread, &next);
    const struct instruction *in = &program->code[next.pc];
    if (is_thread_operation(in->op))
        touch_thread(&sets, in->op, next.thread);
    else if (next.thing < program_register_thing(program))
        for (uint32_t i = 0; i < (next.width ? next.width : 1); i++)
            touch_thing(&sets, in->op, next.thing + i);
    touch_end(&sets, in, thread);
}

/* ---- the code of a root ---- */

struct code {
    struct footprints *feet;
    uint32_t root;
    struct target_range *targets; /* by pc */
    bool *reached;
    uint32_t *function_of;
    uint64_t *own; /* by pc: the instruction's reads, writes */
    uint64_t *own_releases;
    vector(uint32_t) * next; /* by pc: where control can go */
};

/* The cells, objects or threads that an instruction can be about. */
static struct target_range any_target(const struct program *program, uint32_t pc)
{
    const struct instruction *in = &program->code[pc];
    if (in->op == OP_IS_ALIVE)
        return (struct target_range){0, program->thread_limit};
    if (in->op < OP_LOAD || in->op > OP_ATOMIC_CAS || in->b == NO_SLOT)
        return flow_any_target(program, pc);
    const struct variable *variable = program_variable_of(program, (uint32_t)in->d);
    return (struct target_range){variable->first_cell, variable->length * variable->width};
}

static bool has_target(const struct instruction *in)
{
    return is_thread_operation(in->op) ||
           (opcode_visible[in->op] && strchr(opcode_operands[in->op], 't') != NULL);
}

static void find_targets(struct code *code)
{
    const struct program *program = code->feet->shape->program;
    uint32_t *index_of = xmalloc((program->code_length + 1) * sizeof *index_of);
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        index_of[pc] = has_target(&program->code[pc]) ? pc : UINT32_MAX;
        code->targets[pc] = any_target(program, pc);
    }
    if (code->root < program->thread_count) {
        struct target_range *known = xcalloc(program->code_length + 1, sizeof *known);
        flow_targets(program, &program->threads[code->root], index_of, known);
        for (uint32_t pc = 0; pc < program->code_length; pc++) {
            struct target_range any = any_target(program, pc);
            if (known[pc].count && known[pc].first >= any.first &&
                known[pc].first + known[pc].count <= any.first + any.count)
                code->targets[pc] = known[pc];
        }
        free(known);
    }
    free(index_of);
}

static void touch_targets(struct code *code, uint32_t pc)
{
    const struct program *program = code->feet->shape->program;
    const struct instruction *in = &program->code[pc];
    uint64_t *own = code->own + (uint64_t)pc * 2 * code->feet->words;
    struct sets sets = {code->feet, own, own + code->feet->words};
    struct target_range target = code->targets[pc];
    if (has_target(in))
        for (uint32_t i = 0; i < target.count; i++) {
            if (is_thread_operation(in->op)) {
                touch_thread(&sets, in->op, target.first + i);
            } else if (in->op >= OP_LOAD && in->op <= OP_ATOMIC_CAS) {
                for (uint32_t k = 0; k < (in->x && in->op <= OP_STORE ? in->x : 1u); k++)
                    if (target.first + i + k < program->cell_count)
                        touch_thing(&sets, in->op, target.first + i + k);
            } else {
                touch_thing(&sets, in->op, program->cell_count + target.first + i);
            }
        }
    touch_end(&sets, in, code->root);
}

/* The lock that an object is or has; UINT32_MAX when it has no number. */
static uint32_t lock_number(const struct footprints *feet, uint32_t object)
{
    int32_t lock = feet->shape->program->objects[object].lock;
    return feet->lock_number[lock >= 0 ? (uint32_t)lock : object];
}

static void note_releases(struct code *code, uint32_t pc)
{
    const struct instruction *in = &code->feet->shape->program->code[pc];
    if (in->op != OP_RELEASE && in->op != OP_COND_WAIT)
        return;
    struct target_range target = code->targets[pc];
    for (uint32_t i = 0; i < target.count; i++) {
        uint32_t lock = lock_number(code->feet, target.first + i);
        if (lock != UINT32_MAX)
            code->own_releases[pc] |= (uint64_t)1 << lock;
    }
}

/* The lock whose closing stops a thread here for certain; UINT32_MAX: none. */
static uint32_t cut_at(const struct code *code, uint32_t pc)
{
    const struct instruction *in = &code->feet->shape->program->code[pc];
    if (in->op != OP_ACQUIRE || in->c != NO_SLOT || code->targets[pc].count != 1)
        return UINT32_MAX;
    uint32_t object = code->targets[pc].first;
    uint32_t lock = lock_number(code->feet, object);
    /* Whoever owns an RLock gets past its acquire. */
    if (lock == UINT32_MAX ||
        code->feet->shape->program->objects[code->feet->locks[lock]].type != OBJECT_LOCK)
        return UINT32_MAX;
    return lock;
}

/* ---- where control goes ---- */

static void find_ends(const struct program *program, struct code *code, uint32_t pc)
{
    for (uint32_t end = 0; end < program->code_length; end++)
        if (program->code[end].op == OP_END)
            vector_push(&code->next[pc], end);
}

/* To the places after every call of a function; or an exception to the handlers there, and on
 * upwards. */
static void leave_function(struct code *code, uint32_t pc, uint32_t function, bool raised,
                           uint8_t *seen)
{
    const struct program *program = code->feet->shape->program;
    if (seen[function])
        return;
    seen[function] = 1;
    for (uint32_t site = 0; site < program->code_length; site++) {
        uint32_t callee = 0;
        bool calls = false;
        for (uint32_t nth = 0; flow_callee(program, site, nth, &callee); nth++)
            calls |= callee == function;
        if (!calls)
            continue;
        uint32_t caller = code->function_of[site];
        const struct handler *handler = flow_handler(&program->functions[caller], site);
        if (!raised)
            vector_push(&code->next[pc], site + 1);
        else if (handler)
            vector_push(&code->next[pc], handler->handler);
        else
            leave_function(code, pc, caller, true, seen);
    }
    find_ends(program, code, pc);
}

static void find_next(struct code *code, uint32_t pc)
{
    const struct program *program = code->feet->shape->program;
    const struct instruction *in = &program->code[pc];
    uint32_t next[2], callee = 0, function = code->function_of[pc];
    uint8_t *seen = xcalloc(program->function_count + 1, 1);
    unsigned count = flow_next(program, pc, next);
    for (unsigned i = 0; i < count; i++)
        vector_push(&code->next[pc], next[i]);
    for (uint32_t nth = 0; flow_callee(program, pc, nth, &callee); nth++)
        vector_push(&code->next[pc], (uint32_t)program->functions[callee].entry);
    if (in->op == OP_RETURN)
        leave_function(code, pc, function, false, seen);
    if (in->op == OP_ATOMIC_BEGIN) /* one step: its inside is the block's own */
        vector_push(&code->next[pc], (uint32_t)program->atomics[in->d].end + 1u);
    if (in->op == OP_START) /* what is started goes on by itself: whatever is made anywhere */
        for (uint32_t made = 0; made < program->code_length; made++)
            if (program->code[made].op == OP_NEW_THREAD)
                vector_push(&code->next[pc],
                            (uint32_t)program->functions[program->code[made].d].entry);
    if (flow_may_raise(in) || in->op == OP_ATOMIC_BEGIN) {
        const struct handler *handler = flow_handler(&program->functions[function], pc);
        memset(seen, 0, program->function_count);
        if (handler)
            vector_push(&code->next[pc], handler->handler);
        else
            leave_function(code, pc, function, true, seen);
    }
    free(seen);
}

/* ---- futures: the least solution, by going round until nothing changes ---- */

static bool add_sets(uint64_t *to, const uint64_t *from, uint32_t words)
{
    uint64_t changed = 0;
    for (uint32_t i = 0; i < words; i++) {
        changed |= from[i] & ~to[i];
        to[i] |= from[i];
    }
    return changed != 0;
}

static bool grow(struct code *code, uint32_t pc, uint32_t cut)
{
    struct footprints *feet = code->feet;
    if (cut && cut_at(code, pc) == cut - 1)
        return false;
    uint64_t *future = footprints_future(feet, code->root, pc, cut);
    bool changed = add_sets(future, code->own + (uint64_t)pc * 2 * feet->words, 2 * feet->words);
    vector_each (uint32_t, next, &code->next[pc])
        changed |=
            add_sets(future, footprints_future(feet, code->root, *next, cut), 2 * feet->words);
    return changed;
}

static bool grow_releases(struct code *code, uint32_t pc)
{
    uint64_t *releases = code->feet->releases + (uint64_t)code->root * code->feet->code_length;
    uint32_t cut = cut_at(code, pc);
    uint64_t found = code->own_releases[pc];
    vector_each (uint32_t, next, &code->next[pc])
        found |= releases[*next];
    if (cut != UINT32_MAX)
        found &= ~((uint64_t)1 << cut);
    bool changed = (found & ~releases[pc]) != 0;
    releases[pc] |= found;
    return changed;
}

static void solve(struct code *code)
{
    uint32_t length = code->feet->code_length;
    for (uint32_t cut = 0; cut <= code->feet->lock_count; cut++)
        for (bool changed = true; changed;) {
            changed = false;
            for (uint32_t pc = length; pc-- > 0;)
                changed |= grow(code, pc, cut);
        }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t pc = length; pc-- > 0;)
            changed |= grow_releases(code, pc);
    }
}

/* Control does not depend on the root: it is found once. */
static void code_init(struct code *code, struct footprints *feet)
{
    const struct program *program = feet->shape->program;
    uint32_t length = program->code_length;
    *code = (struct code){.feet = feet};
    code->targets = xcalloc(length + 1, sizeof *code->targets);
    code->function_of = xcalloc(length + 1, sizeof *code->function_of);
    code->own = xcalloc((uint64_t)(length + 1) * 2 * feet->words, sizeof *code->own);
    code->own_releases = xcalloc(length + 1, sizeof *code->own_releases);
    code->next = xcalloc(length + 1, sizeof *code->next);
    for (uint32_t i = 0; i < program->function_count; i++)
        for (uint32_t pc = program->functions[i].entry; pc < program->functions[i].end; pc++)
            code->function_of[pc] = i;
    for (uint32_t pc = 0; pc < length; pc++)
        find_next(code, pc);
}

static void code_fini(struct code *code)
{
    for (uint32_t pc = 0; pc < code->feet->code_length; pc++)
        vector_fini(&code->next[pc]);
    free(code->next);
    free(code->targets);
    free(code->function_of);
    free(code->own);
    free(code->own_releases);
}

static void solve_root(struct code *code, uint32_t root)
{
    uint32_t length = code->feet->code_length;
    code->root = root;
    memset(code->own, 0, (uint64_t)length * 2 * code->feet->words * sizeof *code->own);
    memset(code->own_releases, 0, length * sizeof *code->own_releases);
    find_targets(code);
    for (uint32_t pc = 0; pc < length; pc++) {
        touch_targets(code, pc);
        note_releases(code, pc);
    }
    solve(code);
}

static bool too_large(const struct footprints *feet)
{
    uint64_t words =
        (uint64_t)feet->root_count * feet->code_length * (feet->lock_count + 1u) * 2 * feet->words;
    return words > MOST_WORDS;
}

void footprints_init(struct footprints *feet, const struct space_shape *shape)
{
    const struct program *program = shape->program;
    memset(feet, 0, sizeof *feet);
    feet->shape = shape;
    classify(feet);
    find_properties(feet);
    find_locks(feet);
    if (too_large(feet))
        feet->lock_count = 0; /* do without cut futures first */
    if (too_large(feet) || program->thread_limit > MOST_MEMBERS || shape->ordered) {
        feet->words = 0;
        return;
    }
    for (uint32_t i = 0; i < program->thread_count; i++)
        feet->has_daemons |= program->threads[i].daemon;
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        feet->counts_threads |= program->code[pc].op == OP_ACTIVE_COUNT;
        feet->has_daemons |= program->code[pc].op == OP_NEW_THREAD;
    }
    uint64_t rows = (uint64_t)feet->root_count * feet->code_length;
    feet->futures =
        xcalloc(rows * (feet->lock_count + 1u) * 2 * feet->words + 1, sizeof *feet->futures);
    feet->releases = xcalloc(rows + 1, sizeof *feet->releases);
    struct code code;
    code_init(&code, feet);
    for (uint32_t root = 0; root < feet->root_count; root++)
        solve_root(&code, root);
    code_fini(&code);
}

void footprints_fini(struct footprints *feet)
{
    free(feet->cell_class);
    free(feet->lock_number);
    if (feet->property_of)
        for (uint32_t i = 0; i <= feet->register_class; i++)
            free(feet->property_of[i]);
    free(feet->property_of);
    free(feet->futures);
    free(feet->releases);
}
