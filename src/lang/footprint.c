/*
 * Which things an atomic block or a property may touch: everything its instructions name, and those
 * of the functions it calls. A computed index may be any element of its list; an object held in a
 * slot may be any object.
 */
#include <stdlib.h>
#include <string.h>

#include "lang/compile.h"

struct print {
    struct compiler *compiler;
    vector(struct thing_range) ranges;
    uint8_t *visited; /* functions */
};

static void add(struct print *print, uint32_t first, uint32_t count)
{
    struct thing_range range = {first, count};
    if (count > 0)
        vector_push(&print->ranges, range);
}

static void add_locks(struct print *print, uint32_t first, uint32_t count)
{
    const struct check *check = print->compiler->check;
    uint32_t cells = (uint32_t)check->cells.count;
    for (uint32_t i = first; i < first + count && i < check->objects.count; i++)
        if (check->objects.items[i].lock >= 0)
            add(print, cells + (uint32_t)check->objects.items[i].lock, 1);
}

static void add_object(struct print *print, const struct instruction *in, struct extent extent)
{
    uint32_t cells = (uint32_t)print->compiler->check->cells.count;
    if (in->b == NO_SLOT)
        extent = (struct extent){(uint32_t)in->d, 1};
    add(print, cells + extent.first, extent.count);
    add_locks(print, extent.first, extent.count);
}

static void add_code(struct print *print, uint32_t from, uint32_t to);

static void add_function(struct print *print, uint32_t index)
{
    const struct function *function = &print->compiler->functions[index].function;
    if (print->visited[index])
        return;
    print->visited[index] = 1;
    add_code(print, function->entry, function->end);
}

static void add_actions(struct print *print)
{
    const struct check *check = print->compiler->check;
    vector_each (struct object, object, &check->objects)
        if (object->action >= 0)
            add_function(print, (uint32_t)object->action);
}

static void add_instruction(struct print *print, uint32_t pc)
{
    const struct check *check = print->compiler->check;
    const struct instruction *in = &print->compiler->code.items[pc];
    struct extent extent = print->compiler->extents.items[pc];
    uint32_t registry = (uint32_t)(check->cells.count + check->objects.count);
    switch ((enum opcode_about)opcode_about[in->op]) {
    case ABOUT_CELL:
        if (in->b == NO_SLOT)
            extent = (struct extent){(uint32_t)in->d, in->x ? in->x : 1};
        add(print, extent.first, extent.count);
        break;
    case ABOUT_LOCK:
    case ABOUT_CONDITION:
    case ABOUT_EVENT:
    case ABOUT_BARRIER: add_object(print, in, extent); break;
    case ABOUT_THREAD:
    case ABOUT_THREADS: add(print, registry, 1); break;
    case ABOUT_SELF:
    case ABOUT_BLOCK: /* nested in this one: its instructions follow */
    case ABOUT_NOTHING:
        if (in->op == OP_CALL)
            add_function(print, (uint32_t)in->d);
        else if (in->op == OP_CALL_ACTION)
            add_actions(print);
        else if (in->op == OP_NEW_THREAD)
            add(print, registry, 1);
        break;
    }
}

static void add_code(struct print *print, uint32_t from, uint32_t to)
{
    for (uint32_t pc = from; pc < to; pc++)
        add_instruction(print, pc);
}

static int by_first(const void *a, const void *b)
{
    const struct thing_range *one = a, *two = b;
    return one->first < two->first ? -1 : one->first > two->first;
}

/* Sorted, and those that touch or overlap made one. */
static const struct thing_range *tidy(struct print *print, uint32_t *ret_count)
{
    uint32_t count = 0;
    if (print->ranges.count)
        qsort(print->ranges.items, print->ranges.count, sizeof *print->ranges.items, by_first);
    vector_each (struct thing_range, range, &print->ranges) {
        struct thing_range *last = count ? &print->ranges.items[count - 1] : NULL;
        if (last && range->first <= last->first + last->count) {
            uint32_t end = range->first + range->count;
            if (end > last->first + last->count)
                last->count = end - last->first;
        } else {
            print->ranges.items[count++] = *range;
        }
    }
    struct thing_range *kept =
        arena_array(&print->compiler->program->arena, struct thing_range, count + 1);
    if (count)
        memcpy(kept, print->ranges.items, count * sizeof *kept);
    vector_fini(&print->ranges);
    *ret_count = count;
    return kept;
}

static struct print begin(struct compiler *compiler)
{
    return (struct print){.compiler = compiler,
                          .visited = xcalloc(compiler->function_count + 1, 1)};
}

static void find_properties(struct compiler *compiler, struct property *properties, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct print print = begin(compiler);
        add_function(&print, (uint32_t)properties[i].function);
        properties[i].reads = tidy(&print, &properties[i].read_count);
        free(print.visited);
    }
}

void footprint_find(struct compiler *compiler)
{
    vector_each (struct atomic_block, block, &compiler->atomics) {
        struct print print = begin(compiler);
        add_code(&print, block->begin, block->end);
        block->touches = tidy(&print, &block->touch_count);
        free(print.visited);
    }
    struct program *program = compiler->program;
    find_properties(compiler, (struct property *)program->invariants, program->invariant_count);
    find_properties(compiler, (struct property *)program->sometimes, program->sometimes_count);
}
