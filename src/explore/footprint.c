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
#include "explore/control.h"
#include "explore/reduction_private.h"
#include "model/flow.h"

enum {
    FINE_CELLS = 512,     /* more cells than this are told apart by variable only */
    MOST_WORDS = 8 << 20, /* of all the futures together; beyond, no persistent sets */
    MOST_ROOTS = 256,     /* likewise */
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
    bool fine = feet->fine = program->cell_count <= FINE_CELLS;
    for (uint32_t i = 0; i < program->variable_count; i++) {
        const struct variable *variable = &program->variables[i];
        for (uint32_t k = 0; k < variable->length * variable->width; k++)
            feet->cell_class[variable->first_cell + k] = fine ? variable->first_cell + k : i;
    }
    feet->object_base = fine ? program->cell_count : program->variable_count;
    feet->thread_base = feet->object_base + program->object_count;
    feet->property_base = feet->thread_base + feet->root_count;
    feet->run_class = feet->property_base + program->invariant_count + program->sometimes_count;
    feet->register_class = feet->run_class + 1;
    feet->words = (feet->register_class + 64) / 64;
    feet->code_length = program->code_length;
}

/* Threads that are alike do the same: they share what is found out. */
static void share_roots(struct footprints *feet, const struct symmetry *symmetry)
{
    uint32_t count = feet->shape->program->thread_count;
    feet->root_of = xcalloc(count + 1, sizeof *feet->root_of);
    feet->thread_of = xcalloc(count + 1, sizeof *feet->thread_of);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t class = i < symmetry->class_of.count ? symmetry->class_of.items[i] : 0;
        uint32_t first = class ? symmetry->classes.items[class - 1].first : i;
        if (first == i)
            feet->thread_of[feet->root_count++] = i;
        feet->root_of[i] = first == i ? feet->root_count - 1 : feet->root_of[first];
    }
    feet->thread_of[feet->root_count++] = count;
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
    if (opcode_traits[op] & ONLY_LOOKS) {
        reads(sets, class);
        return;
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
    return feet->thread_base + footprints_root(feet, thread);
}

/* The end of a thread and what looks at it conflict, and neither conflicts with its own kind where
 * several threads are one class: so it is the end that reads, and looking that writes. */
static void touch_thread(struct sets *sets, uint8_t op, uint32_t thread)
{
    if (op == OP_END)
        reads(sets, thread_class(sets->feet, thread));
    else
        writes(sets, thread_class(sets->feet, thread));
}

/* All that an indivisible block may touch. */
static void touch_block(struct sets *sets, const struct atomic_block *block)
{
    const struct program *program = sets->feet->shape->program;
    for (uint32_t i = 0; i < block->touch_count; i++)
        for (uint32_t k = 0; k < block->touches[i].count; k++) {
            uint32_t thing = block->touches[i].first + k;
            if (thing < program_register_thing(program))
                touch_thing(sets, OP_STORE, thing);
            else
                writes(sets, sets->feet->register_class);
        }
}

static void touch_rest(struct sets *sets, const struct instruction *in, uint32_t self, bool daemon)
{
    const struct footprints *feet = sets->feet;
    if (in->op == OP_END) {
        touch_thread(sets, OP_END, self);
        if (!daemon && feet->has_daemons)
            writes(sets, feet->run_class);
    }
    if (in->op == OP_ACTIVE_COUNT)
        reads(sets, feet->register_class);
    if (in->op == OP_ATOMIC_BEGIN)
        touch_block(sets, &feet->shape->program->atomics[in->d]);
    if (feet->counts_threads && (in->op == OP_END || in->op == OP_START))
        writes(sets, feet->register_class);
    if (in->op == OP_START &&
        feet->has_daemons) /* what is started ends the run, or stops with it */
        writes(sets, feet->run_class);
    if (daemon && feet->has_daemons && opcode_visible[in->op])
        reads(sets, feet->run_class);
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

const uint64_t *footprints_next(const struct footprints *feet, const struct state *state,
                                uint32_t thread, uint64_t *room)
{
    const struct thread_head *head = world_thread_const(feet->shape->model, state->world, thread);
    uint32_t root = footprints_root(feet, thread);
    if (feet->known[(uint64_t)root * feet->code_length + head->pc].own)
        return footprints_own(feet, root, head->pc);
    struct sets sets = {feet, room, room + feet->words};
    const struct program *program = feet->shape->program;
    struct operation next;
    memset(room, 0, 2 * feet->words * sizeof *room);
    model_next(feet->shape->model, state->world, thread, &next);
    const struct instruction *in = &program->code[next.pc];
    if (opcode_about[in->op] == ABOUT_THREAD)
        touch_thread(&sets, in->op, next.thread);
    else if (next.thing < program_register_thing(program))
        for (uint32_t i = 0; i < (next.width ? next.width : 1); i++)
            touch_thing(&sets, in->op, next.thing + i);
    touch_end(&sets, in, thread);
    return room;
}

/* The lock that an object is or has; UINT32_MAX when it has no number. */
static uint32_t lock_number(const struct footprints *feet, uint32_t object)
{
    int32_t lock = feet->shape->program->objects[object].lock;
    return feet->lock_number[lock >= 0 ? (uint32_t)lock : object];
}

uint32_t footprints_next_lock(const struct footprints *feet, const struct state *state,
                              uint32_t thread)
{
    const struct program *program = feet->shape->program;
    const struct thread_head *head = world_thread_const(feet->shape->model, state->world, thread);
    uint8_t op = program->code[head->pc].op;
    if (op != OP_ACQUIRE && op != OP_COND_WAIT)
        return UINT32_MAX;
    uint32_t root = footprints_root(feet, thread);
    const struct known_operation *known =
        &feet->known[(uint64_t)root * feet->code_length + head->pc];
    if (known->own)
        return known->lock;
    struct operation next;
    model_next(feet->shape->model, state->world, thread, &next);
    if (next.thing < program->cell_count || next.thing >= program_register_thing(program))
        return UINT32_MAX;
    return lock_number(feet, next.thing - program->cell_count);
}

/* ---- the code of a root ---- */

struct code {
    struct footprints *feet;
    struct control control;
    uint32_t root;
    uint32_t thread;              /* the first one of the root */
    struct target_range *targets; /* by pc */
    uint64_t *own_releases;
    uint32_t
        *cut; /* by node: the lock whose closing stops a thread there for certain, or NO_LOCK */
    bool *left_out;     /* by node: where the lock at hand stops a thread */
    uint32_t *part_of;  /* by node: its part of the graph */
    uint32_t *members;  /* the nodes, part after part */
    uint32_t *first_of; /* by part: its first in `members` */
    uint64_t *futures;  /* by part */
    uint64_t *can;      /* by node: locks that can be released from there on */
};

#define NO_LOCK UINT32_MAX

static bool has_target(const struct instruction *in)
{
    uint8_t about = opcode_about[in->op];
    return about == ABOUT_CELL || about == ABOUT_THREAD || opcode_about_object(in->op);
}

static void find_targets(struct code *code)
{
    const struct program *program = code->feet->shape->program;
    uint32_t *index_of = xmalloc((program->code_length + 1) * sizeof *index_of);
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        index_of[pc] = has_target(&program->code[pc]) ? pc : UINT32_MAX;
        code->targets[pc] = flow_any_target(program, pc);
    }
    if (code->thread < program->thread_count && flow_affordable(program)) {
        struct target_range *known = xcalloc(program->code_length + 1, sizeof *known);
        flow_targets(program, &program->threads[code->thread], index_of, known);
        /* What is started here has arguments of its own, wherever this thread itself comes. */
        bool starts = false;
        for (uint32_t pc = 0; pc < program->code_length; pc++)
            starts |= program->code[pc].op == OP_START && known[pc].count;
        for (uint32_t pc = 0; pc < program->code_length; pc++) {
            struct target_range any = flow_any_target(program, pc);
            if (!(starts && code->control.started[pc]) && known[pc].count &&
                known[pc].first >= any.first &&
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
    uint64_t *own = footprints_own(code->feet, code->root, pc);
    struct sets sets = {code->feet, own, own + code->feet->words};
    struct target_range target = code->targets[pc];
    if (has_target(in))
        for (uint32_t i = 0; i < target.count; i++) {
            if (opcode_about[in->op] == ABOUT_THREAD) {
                touch_thread(&sets, in->op, target.first + i);
            } else if (opcode_about[in->op] == ABOUT_CELL) {
                if (i > 0 && !code->feet->fine)
                    break; /* all of a variable are of one class */
                for (uint32_t k = 0; k < (in->x && in->op <= OP_STORE ? in->x : 1u); k++)
                    if (target.first + i + k < program->cell_count)
                        touch_thing(&sets, in->op, target.first + i + k);
            } else {
                touch_thing(&sets, in->op, program->cell_count + target.first + i);
            }
        }
    touch_end(&sets, in, code->thread);
}

/* An operation that has one target, or none, is always the same. */
static void note_known(struct code *code, uint32_t pc)
{
    struct footprints *feet = code->feet;
    const struct instruction *in = &feet->shape->program->code[pc];
    struct known_operation *known = &feet->known[(uint64_t)code->root * feet->code_length + pc];
    known->own = opcode_visible[in->op] && (!has_target(in) || code->targets[pc].count == 1);
    known->lock = UINT32_MAX;
    if (known->own && (in->op == OP_ACQUIRE || in->op == OP_COND_WAIT))
        known->lock = lock_number(feet, code->targets[pc].first);
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

/* ---- futures: the least solution ---- */

static void add_sets(uint64_t *to, const uint64_t *from, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        to[i] |= from[i];
}

/* The nodes, part after part. */
static void sort_members(struct code *code, uint32_t parts)
{
    uint32_t count = code->control.count, *first = code->first_of;
    memset(first, 0, (parts + 2u) * sizeof *first);
    for (uint32_t i = 0; i < count; i++)
        if (!code->left_out[i])
            first[code->part_of[i] + 2]++;
    for (uint32_t i = 2; i <= parts; i++)
        first[i] += first[i - 1];
    for (uint32_t i = 0; i < count; i++)
        if (!code->left_out[i])
            code->members[first[code->part_of[i] + 1]++] = i;
}

/* All of a part have one future: what they do, and the futures of the parts they lead to. */
static void solve_part(struct code *code, uint32_t part, uint32_t cut)
{
    const struct control *control = &code->control;
    uint32_t words = 2 * code->feet->words;
    uint64_t *future = code->futures + (uint64_t)part * words;
    memset(future, 0, words * sizeof *future);
    for (uint32_t i = code->first_of[part]; i < code->first_of[part + 1]; i++) {
        uint32_t node = code->members[i];
        if (node < control->code_length)
            add_sets(future, footprints_own(code->feet, code->root, node), words);
        for (uint32_t k = control->next_first[node]; k < control->next_first[node + 1]; k++) {
            uint32_t next = control->next[k];
            if (!code->left_out[next] && code->part_of[next] != part)
                add_sets(future, code->futures + (uint64_t)code->part_of[next] * words, words);
        }
    }
    for (uint32_t i = code->first_of[part]; i < code->first_of[part + 1]; i++)
        if (code->members[i] < control->code_length)
            memcpy(footprints_future(code->feet, code->root, code->members[i], cut), future,
                   words * sizeof *future);
}

/* The futures while lock number cut - 1 stays closed (0: any may be open). Whoever stands before
 * its acquire has none. */
static void solve_futures(struct code *code, uint32_t cut)
{
    bool cuts = false;
    for (uint32_t i = 0; i < code->control.count; i++)
        cuts |= code->left_out[i] = cut && code->cut[i] == cut - 1;
    if (cut && !cuts) { /* the closed lock stops nobody here */
        for (uint32_t pc = 0; pc < code->control.code_length; pc++)
            memcpy(footprints_future(code->feet, code->root, pc, cut),
                   footprints_future(code->feet, code->root, pc, 0),
                   2 * code->feet->words * sizeof(uint64_t));
        return;
    }
    uint32_t parts = control_parts(&code->control, code->left_out, code->part_of);
    sort_members(code, parts);
    for (uint32_t part = 0; part < parts; part++)
        solve_part(code, part, cut);
}

/* A lock that is released further on counts as far back as its own acquire. */
static void solve_releases(struct code *code)
{
    const struct control *control = &code->control;
    uint64_t *releases = code->feet->releases + (uint64_t)code->root * control->code_length;
    vector(uint32_t) work = {0};
    memset(code->can, 0, control->count * sizeof *code->can);
    for (uint32_t pc = 0; pc < control->code_length; pc++) {
        code->can[pc] = code->own_releases[pc];
        if (code->cut[pc] != NO_LOCK)
            code->can[pc] &= ~((uint64_t)1 << code->cut[pc]);
        if (code->can[pc])
            vector_push(&work, pc);
    }
    while (work.count) {
        uint32_t node = work.items[--work.count];
        for (uint32_t k = control->before_first[node]; k < control->before_first[node + 1]; k++) {
            uint32_t before = control->before[k];
            uint64_t more = code->can[node] & ~code->can[before];
            if (code->cut[before] != NO_LOCK)
                more &= ~((uint64_t)1 << code->cut[before]);
            code->can[before] |= more;
            if (more)
                vector_push(&work, before);
        }
    }
    memcpy(releases, code->can, control->code_length * sizeof *releases);
    vector_fini(&work);
}

/* Control does not depend on the root: it is found once. */
static void code_init(struct code *code, struct footprints *feet)
{
    *code = (struct code){.feet = feet};
    control_init(&code->control, feet->shape->program);
    uint32_t length = code->control.code_length, count = code->control.count;
    code->targets = xcalloc(length + 1, sizeof *code->targets);
    code->own_releases = xcalloc(length + 1, sizeof *code->own_releases);
    code->cut = xcalloc(count + 1u, sizeof *code->cut);
    code->left_out = xcalloc(count + 1u, sizeof *code->left_out);
    code->part_of = xcalloc(count + 1u, sizeof *code->part_of);
    code->members = xcalloc(count + 1u, sizeof *code->members);
    code->first_of = xcalloc(count + 3u, sizeof *code->first_of);
    code->futures = xcalloc((uint64_t)(count + 1) * 2 * feet->words, sizeof *code->futures);
    code->can = xcalloc(count + 1u, sizeof *code->can);
}

static void code_fini(struct code *code)
{
    control_fini(&code->control);
    free(code->targets);
    free(code->own_releases);
    free(code->cut);
    free(code->left_out);
    free(code->part_of);
    free(code->members);
    free(code->first_of);
    free(code->futures);
    free(code->can);
}

static void solve_root(struct code *code, uint32_t root)
{
    uint32_t length = code->control.code_length;
    code->root = root;
    code->thread = code->feet->thread_of[root];
    memset(code->own_releases, 0, length * sizeof *code->own_releases);
    find_targets(code);
    for (uint32_t i = 0; i < code->control.count; i++)
        code->cut[i] = i < length ? cut_at(code, i) : NO_LOCK;
    for (uint32_t pc = 0; pc < length; pc++) {
        touch_targets(code, pc);
        note_known(code, pc);
        note_releases(code, pc);
    }
    for (uint32_t cut = 0; cut <= code->feet->lock_count; cut++)
        solve_futures(code, cut);
    solve_releases(code);
}

static bool too_large(const struct footprints *feet)
{
    uint64_t words =
        (uint64_t)feet->root_count * feet->code_length * (feet->lock_count + 1u) * 2 * feet->words;
    return words > MOST_WORDS;
}

void footprints_init(struct footprints *feet, const struct space_shape *shape,
                     const struct symmetry *symmetry)
{
    const struct program *program = shape->program;
    memset(feet, 0, sizeof *feet);
    feet->shape = shape;
    share_roots(feet, symmetry);
    classify(feet);
    find_properties(feet);
    find_locks(feet);
    if (too_large(feet))
        feet->lock_count = 0; /* do without cut futures first */
    if (too_large(feet) || feet->root_count > MOST_ROOTS || shape->ordered) {
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
    feet->own = xcalloc(rows * 2 * feet->words + 1, sizeof *feet->own);
    feet->known = xcalloc(rows + 1, sizeof *feet->known);
    struct code code;
    code_init(&code, feet);
    for (uint32_t root = 0; root < feet->root_count; root++)
        solve_root(&code, root);
    code_fini(&code);
}

void footprints_fini(struct footprints *feet)
{
    free(feet->cell_class);
    free(feet->root_of);
    free(feet->thread_of);
    free(feet->lock_number);
    if (feet->property_of)
        for (uint32_t i = 0; i <= feet->register_class; i++)
            free(feet->property_of[i]);
    free(feet->property_of);
    free(feet->futures);
    free(feet->releases);
    free(feet->own);
    free(feet->known);
}
