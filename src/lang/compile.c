#include "lang/compile.h"

#include <stdlib.h>
#include <string.h>

/* ---- frames ---- */

static void local_slot(struct compiler *compiler, struct symbol *symbol)
{
    if (symbol->shape != SYMBOL_LOCAL)
        return;
    symbol->slot = code_take(compiler, type_width(symbol->type));
}

/* The return slot, the parameters, then the other locals. A thread's parameter that is never
 * assigned takes no slot. */
static void lay_out_frame(struct compiler *compiler, struct body *body, struct function *function)
{
    const struct stmt *stmt = body->stmt;
    compiler->top = compiler->high = 0;
    if (body->shape == BODY_DEF) {
        function->has_return_slot = true;
        code_take(compiler, 1);
        for (uint32_t i = 0; i < stmt->parameter_count; i++)
            local_slot(compiler, names_find(&body->names, stmt->parameters[i].name));
        function->parameter_count = (uint16_t)(compiler->top - 1);
    }
    vector_each (struct symbol *, place, &body->locals) {
        struct symbol *symbol = *place;
        bool constant = body->shape == BODY_THREAD && symbol->parameter && !symbol->assigned;
        if (constant)
            symbol->slot = NO_SLOT;
        else if (body->shape != BODY_DEF || !symbol->parameter)
            local_slot(compiler, symbol);
    }
}

static void name_slots(struct compiler *compiler, struct body *body, struct function *function)
{
    struct arena *keep = compiler->check->keep;
    uint32_t size = function->frame_size;
    const char **names = arena_array(keep, const char *, size + 1u);
    uint8_t *kinds = arena_alloc(keep, size + 1u), *optional = arena_alloc(keep, size + 1u);
    vector_each (struct symbol *, place, &body->locals) {
        const struct symbol *symbol = *place;
        uint32_t width = type_width(symbol->type);
        if (symbol->shape != SYMBOL_LOCAL || symbol->slot == NO_SLOT || width == 0 ||
            symbol->slot + width > size)
            continue;
        for (uint32_t i = 0; i < width; i++)
            names[symbol->slot + i] = arena_strdup(keep, symbol->name);
        type_slots(symbol->type, kinds + symbol->slot, optional + symbol->slot);
    }
    function->slot_names = names;
    function->slot_kinds = kinds;
    function->slot_optional = optional;
}

/* ---- bodies ---- */

static void load_parameters(struct compiler *compiler, struct body *body)
{
    vector_each (struct symbol *, place, &body->locals) {
        struct symbol *symbol = *place;
        if (body->shape != BODY_THREAD || !symbol->parameter || symbol->slot == NO_SLOT)
            continue;
        for (uint32_t i = 0; i < type_width(symbol->type); i++)
            code_emit(compiler,
                      (struct instruction){
                          .op = OP_PARAM, .a = (uint16_t)(symbol->slot + i), .d = (int32_t)i},
                      symbol->span);
    }
}

static void end_def(struct compiler *compiler, struct body *body)
{
    const struct type *result = body->result;
    uint16_t slot = NO_SLOT;
    if (!type_vague(result) && result->shape != TYPE_NONE) {
        slot = code_take(compiler, type_width(result));
        code_constant(compiler, slot, NONE_VALUE, body->stmt->span);
    }
    code_emit(compiler, (struct instruction){.op = OP_RETURN, .a = slot}, body->stmt->span);
}

static void property_body(struct compiler *compiler, struct body *body)
{
    struct expr *value = body->stmt->value;
    int32_t no = NO_JUMPS;
    uint16_t slot = code_take(compiler, 1);
    compile_jump(compiler, value, false, &no);
    code_constant(compiler, slot, 1, value->span);
    code_emit(compiler, (struct instruction){.op = OP_RETURN, .a = slot}, value->span);
    code_patch(compiler, no);
    code_constant(compiler, slot, 0, value->span);
    code_emit(compiler, (struct instruction){.op = OP_RETURN, .a = slot}, value->span);
}

static void compile_body(struct compiler *compiler, struct compiled *compiled)
{
    struct body *body = compiled->body;
    struct function *function = &compiled->function;
    bool property = body->shape == BODY_INVARIANT || body->shape == BODY_SOMETIMES;
    compiler->current = compiled;
    compiler->scope = NULL;
    compiler->ends = NO_JUMPS;
    compiler->caught_kind = compiler->caught_message = NO_SLOT;
    compiler->times = 1;
    function->name = arena_strdup(compiler->check->keep, body->name);
    function->position = code_position(compiler, body->stmt->span);
    function->entry = (uint16_t)code_here(compiler);
    lay_out_frame(compiler, body, function);
    load_parameters(compiler, body);
    if (property) {
        property_body(compiler, body);
        function->result_width = 1;
    } else {
        compile_block(compiler, &body->stmt->body);
        code_patch(compiler, compiler->ends);
        if (body->shape == BODY_DEF)
            end_def(compiler, body);
        else
            code_emit(compiler, (struct instruction){.op = OP_END}, body->stmt->span);
    }
    bool value =
        body->shape == BODY_DEF && !type_vague(body->result) && body->result->shape != TYPE_NONE;
    if (value)
        function->result_width = (uint16_t)type_width(body->result);
    function->end = (uint16_t)code_here(compiler);
    function->frame_size = (uint16_t)(compiler->high < 2 ? 2 : compiler->high);
    name_slots(compiler, body, function);
    compiled->always_visible =
        !compiler->overflow && !turn_needed_to_return(compiler, function->entry, function->end);
    compiled->done = true;
}

/* MainThread without a `main:`. */
static void compile_empty_main(struct compiler *compiler, struct compiled *compiled)
{
    struct function *function = &compiled->function;
    struct span nowhere = {0, 0};
    compiler->current = compiled;
    function->name = "MainThread";
    function->entry = (uint16_t)code_here(compiler);
    uint32_t pc = code_emit(compiler, (struct instruction){.op = OP_END}, nowhere);
    compiler->code.items[pc].source = 0;
    function->end = (uint16_t)code_here(compiler);
    function->frame_size = 2;
    function->slot_names = arena_array(compiler->check->keep, const char *, 2);
    function->slot_kinds = arena_alloc(compiler->check->keep, 2);
    function->slot_optional = arena_alloc(compiler->check->keep, 2);
    compiled->done = true;
}

/* Callees first, so that it is known which of them always have a visible operation. */
static void compile_with_callees(struct compiler *compiler, struct body *first)
{
    vector(struct body *) open = {0};
    vector_push(&open, first);
    while (open.count > 0) {
        struct body *body = vector_last(&open);
        bool waits = false;
        if (body->visited == 2) {
            open.count--;
            continue;
        }
        if (body->visited == 0) {
            body->visited = 1;
            vector_each (struct body *, callee, &body->calls)
                if ((*callee)->visited == 0) {
                    vector_push(&open, *callee);
                    waits = true;
                }
        }
        if (waits)
            continue;
        open.count--;
        body->visited = 2;
        compile_body(compiler, &compiler->functions[body->index]);
    }
    vector_fini(&open);
}

static void find_recursion(struct compiler *compiler)
{
    uint8_t *seen = xcalloc(compiler->function_count + 1, 1);
    vector(struct body *) open = {0};
    for (uint32_t i = 0; i < compiler->function_count; i++) {
        struct body *start = compiler->functions[i].body;
        if (!start || start->shape != BODY_DEF)
            continue;
        memset(seen, 0, compiler->function_count);
        open.count = 0;
        vector_push(&open, start);
        while (open.count > 0 && !start->recursive) {
            struct body *body = open.items[--open.count];
            vector_each (struct site, site, &compiler->functions[body->index].sites) {
                if (site->thread)
                    continue;
                start->recursive |= site->callee == start;
                if (!seen[site->callee->index]) {
                    seen[site->callee->index] = 1;
                    vector_push(&open, site->callee);
                }
            }
        }
        compiler->functions[i].function.recursive = start->recursive;
    }
    vector_fini(&open);
    free(seen);
}

/* ---- how many threads there can be ---- */

static uint32_t capped(uint64_t number)
{
    return number > MAX_THREADS ? MAX_THREADS : (uint32_t)number;
}

static uint32_t threads_made(struct compiler *compiler, struct compiled *compiled, unsigned depth)
{
    if (compiled->counted)
        return compiled->total;
    if (compiled->counting || depth > 1000)
        return compiled->makes_any ? MAX_THREADS : 0;
    compiled->counting = true;
    uint64_t total = 0;
    vector_each (struct site, site, &compiled->sites) {
        struct compiled *callee = &compiler->functions[site->callee->index];
        uint64_t each = site->thread + (uint64_t)threads_made(compiler, callee, depth + 1);
        total = capped(total + each * site->times);
    }
    compiled->counting = false;
    compiled->counted = true;
    compiled->total = (uint32_t)total;
    return compiled->total;
}

/* Functions from which a Thread(...) can be reached. */
static void find_makers(struct compiler *compiler)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = compiler->function_count; i-- > 0;) {
            struct compiled *compiled = &compiler->functions[i];
            bool makes = compiled->makes_any;
            vector_each (struct site, site, &compiled->sites)
                makes |= site->thread || compiler->functions[site->callee->index].makes_any;
            changed |= makes != compiled->makes_any;
            compiled->makes_any = makes;
        }
    }
}

static void bound_threads(struct compiler *compiler)
{
    struct program *program = compiler->program;
    uint64_t total = program->thread_count;
    find_makers(compiler);
    for (uint32_t i = 0; i < program->thread_count; i++)
        total += threads_made(compiler, &compiler->functions[program->threads[i].function], 0);
    vector_each (struct body *, action, &compiler->check->actions)
        if (compiler->functions[(*action)->index].makes_any)
            total = MAX_THREADS;
    program->thread_limit = capped(total);
}

/* ---- the tables of the program ---- */

static void number_bodies(struct compiler *compiler)
{
    struct check *check = compiler->check;
    uint32_t count = check->main_body ? 0 : 1; /* function 0 is an empty main then */
    vector_each (struct body *, body, &check->bodies)
        if ((*body)->reached)
            (*body)->index = count++;
    compiler->function_count = count;
    compiler->functions = arena_array(compiler->arena, struct compiled, count + 1u);
    vector_each (struct body *, body, &check->bodies)
        if ((*body)->reached)
            compiler->functions[(*body)->index].body = *body;
}

static void keep_functions(struct compiler *compiler)
{
    struct arena *keep = compiler->check->keep;
    struct function *functions = arena_array(keep, struct function, compiler->function_count + 1);
    for (uint32_t i = 0; i < compiler->function_count; i++) {
        struct compiled *compiled = &compiler->functions[i];
        struct handler *handlers = arena_array(keep, struct handler, compiled->handlers.count + 1);
        if (compiled->handlers.count)
            memcpy(handlers, compiled->handlers.items, compiled->handlers.count * sizeof *handlers);
        compiled->function.handlers = handlers;
        compiled->function.handler_count = (uint16_t)compiled->handlers.count;
        functions[i] = compiled->function;
    }
    compiler->program->functions = functions;
    compiler->program->function_count = compiler->function_count;
}

static void keep_variables(struct compiler *compiler)
{
    struct check *check = compiler->check;
    struct program *program = compiler->program;
    struct variable *variables =
        arena_array(check->keep, struct variable, check->symbols.count + 1);
    uint32_t count = 0;
    vector_each (struct symbol *, place, &check->symbols) {
        const struct symbol *symbol = *place;
        if (symbol->shape != SYMBOL_VARIABLE)
            continue;
        bool list = symbol->type->shape == TYPE_LIST;
        const struct type *item = list ? symbol->type->item : symbol->type;
        uint32_t width = type_width(item);
        uint8_t *kinds = arena_alloc(check->keep, width + 1);
        uint8_t *optional = arena_alloc(check->keep, width + 1);
        type_slots(item, kinds, optional);
        variables[count++] = (struct variable){
            .name = arena_strdup(check->keep, symbol->name),
            .position = code_position(compiler, symbol->span),
            .first_cell = symbol->first,
            .length = list ? symbol->type->count : 1,
            .width = (uint16_t)width,
            .is_list = list,
            .atomic = symbol->atomic,
            .kinds = kinds,
            .optional = optional,
        };
    }
    program->variables = variables;
    program->variable_count = count;
    int64_t *cells = arena_array(check->keep, int64_t, check->cells.count + 1);
    if (check->cells.count)
        memcpy(cells, check->cells.items, check->cells.count * sizeof *cells);
    program->initial_cells = cells;
    program->cell_count = (uint32_t)check->cells.count;
}

static void keep_objects(struct compiler *compiler)
{
    struct check *check = compiler->check;
    struct object *objects = arena_array(check->keep, struct object, check->objects.count + 1);
    for (uint32_t i = 0; i < check->objects.count; i++) {
        objects[i] = check->objects.items[i];
        objects[i].name = arena_strdup(check->keep, objects[i].name);
        if (objects[i].action >= 0)
            objects[i].action = (int32_t)check->actions.items[objects[i].action]->index;
        check->objects.items[i].action = objects[i].action;
    }
    compiler->program->objects = objects;
    compiler->program->object_count = (uint32_t)check->objects.count;
}

static void keep_threads(struct compiler *compiler)
{
    struct check *check = compiler->check;
    uint32_t count = (uint32_t)check->threads.count;
    struct declared_thread *threads = arena_array(check->keep, struct declared_thread, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct thread_plan *plan = &check->threads.items[i];
        threads[i] = (struct declared_thread){
            .name = arena_strdup(check->keep, plan->name),
            .group = arena_strdup(check->keep, plan->group),
            .group_index = plan->group_index,
            .position = plan->span.end ? code_position(compiler, plan->span) : 0,
            .function = plan->body ? (int32_t)plan->body->index : 0,
            .daemon = plan->daemon,
            .parameters = plan->parameters,
            .parameter_count = (uint16_t)plan->parameter_count,
            .made_only = plan->made_only,
            .made_number = plan->made_number,
            .has_name = plan->has_name,
        };
    }
    compiler->program->threads = threads;
    compiler->program->thread_count = count;
}

static const char *property_text(struct compiler *compiler, const struct stmt *stmt)
{
    struct check *check = compiler->check;
    struct span span = stmt->value->span;
    if (stmt->message)
        return arena_strdup(check->keep, stmt->message->text);
    return arena_strndup(check->keep, check->source->bytes + span.start, span.end - span.start);
}

static void keep_properties(struct compiler *compiler, enum body_shape shape,
                            const struct property **ret_items, uint32_t *ret_count)
{
    struct check *check = compiler->check;
    struct property *items = arena_array(check->keep, struct property, check->bodies.count + 1);
    uint32_t count = 0;
    vector_each (struct body *, place, &check->bodies) {
        struct body *body = *place;
        if (body->shape == shape)
            items[count++] =
                (struct property){.function = (int32_t)body->index,
                                  .text = property_text(compiler, body->stmt),
                                  .position = code_position(compiler, body->stmt->span)};
    }
    *ret_items = items;
    *ret_count = count;
}

#define keep_vector(check, v, type, ret_items, ret_count)                                          \
    do {                                                                                           \
        type *kept_ = arena_array((check)->keep, type, (v)->count + 1);                            \
        if ((v)->count)                                                                            \
            memcpy(kept_, (v)->items, (v)->count * sizeof(type));                                  \
        (ret_items) = kept_;                                                                       \
        (ret_count) = (uint32_t)(v)->count;                                                        \
    } while (0)

static void keep_tables(struct compiler *compiler)
{
    struct check *check = compiler->check;
    struct program *program = compiler->program;
    keep_functions(compiler);
    keep_variables(compiler);
    keep_objects(compiler);
    keep_threads(compiler);
    keep_properties(compiler, BODY_INVARIANT, &program->invariants, &program->invariant_count);
    keep_properties(compiler, BODY_SOMETIMES, &program->sometimes, &program->sometimes_count);
    program->after_function = check->after_body ? (int32_t)check->after_body->index : -1;
    bound_threads(compiler);
    footprint_find(compiler);
    liveness_clear(compiler);
    keep_vector(check, &compiler->code, struct instruction, program->code, program->code_length);
    keep_vector(check, &compiler->constants, int64_t, program->constants, program->constant_count);
    keep_vector(check, &compiler->formats, struct format, program->formats, program->format_count);
    keep_vector(check, &compiler->atomics, struct atomic_block, program->atomics,
                program->atomic_count);
    keep_vector(check, &check->strings, const char *, program->strings, program->string_count);
}

static void compiler_fini(struct compiler *compiler)
{
    for (uint32_t i = 0; i < compiler->function_count; i++) {
        vector_fini(&compiler->functions[i].handlers);
        vector_fini(&compiler->functions[i].sites);
    }
    vector_fini(&compiler->code);
    vector_fini(&compiler->extents);
    vector_fini(&compiler->constants);
    vector_fini(&compiler->formats);
    vector_fini(&compiler->atomics);
    free(compiler->constant_slots);
}

bool compile_program(struct check *check)
{
    struct compiler compiler = {
        .check = check, .arena = check->arena, .program = check->program, .times = 1};
    check->reporting = false;
    number_bodies(&compiler);
    if (!check->main_body)
        compile_empty_main(&compiler, &compiler.functions[0]);
    vector_each (struct body *, body, &check->bodies)
        if ((*body)->reached && !compiler.overflow)
            compile_with_callees(&compiler, *body);
    bool fine = !compiler.overflow;
    if (fine) {
        find_recursion(&compiler);
        keep_tables(&compiler);
        fine = program_layout(check->program);
        if (!fine)
            diagnostic_error(check->diagnostics, (struct span){0, 0},
                             "the state of this scenario is too large for memory");
    }
    compiler_fini(&compiler);
    return fine;
}
