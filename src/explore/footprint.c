/*
 * What one operation touches, as sets of classes: of cells (or of variables, where there are very
 * many cells), objects, threads, and the properties that read them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/reduction_private.h"

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

static void note_read(struct footprints *feet, uint32_t read, uint32_t property)
{
    uint64_t **set = &feet->property_of[read];
    if (!*set)
        *set = xcalloc(feet->words, sizeof **set);
    set_bit(*set, property);
}

static void note_property(struct footprints *feet, const struct property *property, uint32_t class)
{
    for (uint32_t i = 0; i < property->read_count; i++)
        for (uint32_t k = 0; k < property->reads[i].count; k++) {
            uint32_t read = property->reads[i].first + k;
            if (read < program_register_thing(feet->shape->program)) {
                note_read(feet, class_of(feet, read), class);
                continue;
            }
            note_read(feet, feet->register_class, class);
            for (uint32_t one = feet->thread_base; one < feet->property_base; one++)
                note_read(feet, one, class);
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

/* The properties that look at it may change with it. */
static void writes_properties(struct sets *sets, uint32_t class)
{
    const uint64_t *properties = sets->feet->property_of[class];
    for (uint32_t i = 0; properties && i < sets->feet->words; i++) {
        sets->reads[i] |= properties[i];
        sets->writes[i] |= properties[i];
    }
}

static void writes(struct sets *sets, uint32_t class)
{
    set_bit(sets->reads, class);
    set_bit(sets->writes, class);
    writes_properties(sets, class);
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
    uint32_t class = thread_class(sets->feet, thread);
    if (op == OP_END) {
        reads(sets, class);
        writes_properties(sets, class);
    } else {
        writes(sets, class);
    }
}

/* Some operation about some threads: it may start them, ask about them, count them. */
static void touch_threads(struct sets *sets)
{
    const struct footprints *feet = sets->feet;
    for (uint32_t class = feet->thread_base; class < feet->property_base; class ++)
        writes(sets, class);
    writes(sets, feet->register_class);
    if (feet->has_daemons)
        writes(sets, feet->run_class);
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
                touch_threads(sets);
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

static uint32_t cells_at_once(const struct instruction *in)
{
    bool plain = in->op == OP_LOAD || in->op == OP_STORE;
    return plain && in->x ? in->x : 1;
}

/* A thread made at run time may be a daemon or not: it counts as both. */
static void touch_end(struct sets *sets, const struct instruction *in, uint32_t self)
{
    bool dynamic = self >= sets->feet->shape->program->thread_count;
    touch_rest(sets, in, self, may_be_daemon(sets->feet, self));
    if (dynamic)
        touch_rest(sets, in, self, false);
}

void footprints_add(const struct footprints *feet, uint32_t pc, struct target_range target,
                    uint32_t thread, uint64_t *touched)
{
    const struct program *program = feet->shape->program;
    const struct instruction *in = &program->code[pc];
    struct sets sets = {feet, touched, touched + feet->words};
    uint8_t about = opcode_about[in->op];
    if (about == ABOUT_CELL && !feet->fine && target.count > 1)
        target.count = 1; /* all of a variable are of one class */
    for (uint32_t i = 0; i < target.count && footprints_has_target(in->op); i++) {
        uint32_t one = target.first + i;
        if (about == ABOUT_THREAD)
            touch_thread(&sets, in->op, one);
        else if (about != ABOUT_CELL)
            touch_thing(&sets, in->op, program_object_thing(program, one));
        else
            for (uint32_t k = 0; k < cells_at_once(in) && one + k < program->cell_count; k++)
                touch_thing(&sets, in->op, one + k);
    }
    touch_end(&sets, in, thread);
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

uint32_t footprints_lock(const struct footprints *feet, uint32_t object)
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
    return footprints_lock(feet, next.thing - program->cell_count);
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
    futures_solve(feet);
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
