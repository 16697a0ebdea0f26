/* Calls: functions, threads, the operations of objects. */
#include <string.h>

#include "lang/compile.h"

/* ---- functions of the file ---- */

static void note_site(struct compiler *compiler, struct body *callee, bool thread)
{
    uint64_t times = compiler->times > MAX_THREADS ? MAX_THREADS : compiler->times;
    struct site site = {callee, (uint32_t)times, thread};
    vector_push(&compiler->current->sites, site);
}

static const struct type *parameter_type(const struct body *callee, uint32_t i)
{
    return names_find(&callee->names, callee->stmt->parameters[i].name)->type;
}

static uint32_t parameters_width(const struct body *callee, uint32_t count)
{
    uint32_t width = 0;
    for (uint32_t i = 0; i < count; i++)
        width += type_width(parameter_type(callee, i));
    return width;
}

static void fill_defaults(struct compiler *compiler, struct body *callee, const bool *given,
                          uint16_t slots, struct span span)
{
    for (uint32_t i = 0; i < callee->stmt->parameter_count; i++) {
        uint32_t at = slots + parameters_width(callee, i);
        uint32_t width = type_width(parameter_type(callee, i));
        for (uint32_t k = 0; !given[i] && callee->defaults && callee->defaults[i] && k < width; k++)
            code_constant(compiler, (uint16_t)(at + k), callee->defaults[i][k], span);
    }
}

static bool too_wide(struct compiler *compiler, uint32_t width, struct span span)
{
    if (width <= 255)
        return false;
    diagnostic_error(compiler->check->diagnostics, span, "the arguments hold more than 255 values");
    compiler->overflow = true;
    return true;
}

static void call_function(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    struct body *callee = expr->symbol->body;
    const struct stmt *def = callee->stmt;
    uint32_t width = parameters_width(callee, def->parameter_count);
    bool *given = arena_array(compiler->arena, bool, def->parameter_count + 1);
    if (too_wide(compiler, width, expr->span))
        return;
    uint16_t slots = width ? code_take(compiler, width) : NO_SLOT;
    for (uint32_t i = 0; i < expr->count; i++) {
        int place = function_place(def, expr, i);
        given[place] = true;
        compile_into(compiler, expr->arguments[i].value,
                     (uint16_t)(slots + parameters_width(callee, (uint32_t)place)));
    }
    fill_defaults(compiler, callee, given, slots, expr->span);
    note_site(compiler, callee, false);
    bool none = type_vague(callee->result) || callee->result->shape == TYPE_NONE;
    code_emit(compiler,
              (struct instruction){.op = OP_CALL,
                                   .b = slots,
                                   .x = (uint8_t)width,
                                   .c = none ? NO_SLOT : slot,
                                   .d = (int32_t)callee->index},
              expr->span);
    if (none && slot != NO_SLOT)
        code_constant(compiler, slot, NONE_VALUE, expr->span);
}

static void thread_options(struct compiler *compiler, struct expr *expr, uint16_t options)
{
    struct expr *name = call_argument_named(expr, "name", -1);
    struct expr *daemon = call_argument_named(expr, "daemon", -1);
    if (name)
        compile_into(compiler, name, options);
    else
        code_constant(compiler, options, 0, expr->span);
    if (daemon)
        compile_into(compiler, daemon, (uint16_t)(options + 1));
    else
        code_constant(compiler, (uint16_t)(options + 1), NONE_VALUE, expr->span);
}

static void call_thread(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    struct body *callee = call_argument_named(expr, "target", 1)->symbol->body;
    struct expr *args = call_argument_named(expr, "args", 3);
    uint32_t count = callee->stmt->parameter_count, width = parameters_width(callee, count);
    bool *given = arena_array(compiler->arena, bool, count + 1);
    if (too_wide(compiler, width, expr->span))
        return;
    uint16_t slots = width ? code_take(compiler, width) : NO_SLOT, options = code_take(compiler, 2);
    for (uint32_t i = 0; args && i < args->count && i < count; i++) {
        given[i] = true;
        compile_into(compiler, args->items[i], (uint16_t)(slots + parameters_width(callee, i)));
    }
    fill_defaults(compiler, callee, given, slots, expr->span);
    thread_options(compiler, expr, options);
    note_site(compiler, callee, true);
    uint16_t result = slot == NO_SLOT ? code_take(compiler, 1) : slot;
    code_emit(compiler,
              (struct instruction){.op = OP_NEW_THREAD,
                                   .a = result,
                                   .b = slots,
                                   .c = options,
                                   .x = (uint8_t)width,
                                   .d = (int32_t)callee->index},
              expr->span);
}

/* ---- objects ---- */

struct thing object_thing(struct compiler *compiler, struct expr *expr)
{
    struct thing thing = {.b = NO_SLOT};
    const struct expr *base = expr->shape == EXPR_INDEX ? expr->left : expr;
    const struct symbol *symbol = base->shape == EXPR_NAME ? base->symbol : NULL;
    if (symbol && symbol->shape == SYMBOL_OBJECT) {
        thing.d = (int32_t)symbol->first;
        if (expr->shape != EXPR_INDEX)
            return thing;
        int64_t at;
        uint32_t length = symbol->type->count;
        thing.extent = (struct extent){symbol->first, length};
        bool literal = expr->right->shape == EXPR_INTEGER || expr->right->shape == EXPR_NEGATE;
        if (literal && evaluate_integer(compiler->check, expr->right, &at) && at >= 0 &&
            at < length)
            thing.d += (int32_t)at;
        else
            thing.b = compile_index(compiler, expr->right, length, 1, expr->span);
        return thing;
    }
    thing.extent = (struct extent){0, (uint32_t)compiler->check->objects.count};
    thing.b = code_take(compiler, 1);
    compile_into(compiler, expr, thing.b);
    compile_not_none(compiler, expr->type, thing.b, expr->span);
    return thing;
}

void compile_time(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    uint32_t top = compiler->top;
    int32_t none = NO_JUMPS;
    bool literal = expr->shape == EXPR_INTEGER && expr->number < INT64_MAX / 1000000000;
    if (literal) {
        code_constant(compiler, slot, expr->number * 1000000000, expr->span);
        return;
    }
    compile_into(compiler, expr, slot);
    if (expr->type->shape == TYPE_INTEGER) {
        uint16_t scale = code_take(compiler, 1);
        if (expr->type->optional) {
            code_constant(compiler, scale, NONE_VALUE, expr->span);
            code_emit(compiler,
                      (struct instruction){.op = OP_EQ, .a = scale, .b = slot, .c = scale, .x = 1},
                      expr->span);
            code_jump_on(compiler, true, scale, &none, expr->span);
        }
        code_constant(compiler, scale, 1000000000, expr->span);
        code_emit(compiler, (struct instruction){.op = OP_MUL, .a = slot, .b = slot, .c = scale},
                  expr->span);
        code_patch(compiler, none);
    }
    compiler->top = top;
}

/* Arguments into consecutive slots, one a parameter; NO_SLOT when none is given. */
static uint16_t method_arguments(struct compiler *compiler, struct expr *expr)
{
    struct method_parameter parameters[METHOD_PARAMETERS];
    unsigned count = method_parameters(expr->method, parameters);
    bool given[METHOD_PARAMETERS] = {false};
    if (expr->count == 0 || count == 0)
        return NO_SLOT;
    uint16_t slots = code_take(compiler, count);
    for (uint32_t i = 0; i < expr->count; i++) {
        int place = method_place(expr->method, expr, i);
        struct expr *value = expr->arguments[i].value;
        uint16_t at = (uint16_t)(slots + place);
        char kind = parameters[place].kind;
        given[place] = true;
        if (kind == 't' || kind == 'T')
            compile_time(compiler, value, at);
        else if (kind == 'v')
            compile_text(compiler, value, NULL, at);
        else if (kind != 'c')
            compile_into(compiler, value, at);
        if (kind == 'i' || kind == 'b' || kind == 't')
            compile_not_none(compiler, value->type, at, value->span);
    }
    for (unsigned i = 0; i < count; i++) {
        bool flag = parameters[i].kind == 'b';
        if (!given[i])
            code_constant(compiler, (uint16_t)(slots + i), flag ? 1 : NONE_VALUE, expr->span);
    }
    return slots;
}

/*
 * The last party runs the action between arriving and opening the round:
 *
 *     arrive; 0: depart · 1: action, open · 2: gone
 */
static void barrier_wait(struct compiler *compiler, struct expr *expr, struct thing thing,
                         uint16_t timeout, uint16_t slot)
{
    int32_t depart = NO_JUMPS, gone = NO_JUMPS;
    struct span span = expr->left->name_span;
    uint16_t index = code_take(compiler, 1);
    uint16_t outcome = code_take(compiler, 1), opened = code_take(compiler, 1);
    code_thing(compiler, OP_BARRIER_ARRIVE, index, thing, outcome, 0, span);
    code_jump_on(compiler, false, outcome, &depart, span);
    code_constant(compiler, opened, ARRIVAL_OPENED, span);
    code_emit(compiler,
              (struct instruction){.op = OP_EQ, .a = opened, .b = outcome, .c = opened, .x = 1},
              span);
    code_jump_on(compiler, true, opened, &gone, span);
    struct scope scope = {.source = 0};
    scope_open(compiler, &scope, SCOPE_TRY);
    code_thing(compiler, OP_CALL_ACTION, NO_SLOT, thing, NO_SLOT, 0, span);
    scope_close(compiler, &scope);
    code_thing(compiler, OP_BARRIER_OPEN, NO_SLOT, thing, NO_SLOT, 0, span);
    code_jump(compiler, &gone, span);
    scope_handler(compiler, &scope, span);
    code_thing(compiler, OP_BARRIER_BREAK, NO_SLOT, thing, NO_SLOT, 0, span);
    code_emit(compiler,
              (struct instruction){.op = OP_RERAISE, .a = scope.kind_slot, .b = scope.message_slot},
              span);
    code_patch(compiler, depart);
    code_thing(compiler, OP_BARRIER_DEPART, NO_SLOT, thing, timeout, 0, span);
    code_patch(compiler, gone);
    if (slot != NO_SLOT)
        code_move(compiler, slot, index, 1, span);
}

/*
 * wait_for, as CPython's loop: evaluate; while not: wait with what is left of the time; evaluate;
 * stop when timed out.
 */
static void wait_for(struct compiler *compiler, struct expr *expr, struct thing thing,
                     uint16_t slot)
{
    int32_t done = NO_JUMPS, over = NO_JUMPS, again = NO_JUMPS;
    struct span span = expr->left->name_span;
    struct expr *predicate = call_argument_named(expr, "predicate", 0);
    struct expr *timeout = call_argument_named(expr, "timeout", 1);
    if (predicate->shape == EXPR_LAMBDA)
        predicate = predicate->left;
    bool timed = timeout && timeout->shape != EXPR_NONE;
    uint16_t time = timed ? code_take(compiler, 1) : NO_SLOT;
    uint16_t notified = timed ? code_take(compiler, 1) : NO_SLOT,
             waited = timed ? code_take(compiler, 1) : NO_SLOT;
    if (timed) {
        compile_time(compiler, timeout, time);
        code_constant(compiler, notified, 1, span);
        code_constant(compiler, waited, 0, span);
    }
    uint32_t head = code_here(compiler);
    compile_jump(compiler, predicate, true, &done);
    if (timed) {
        code_jump_on(compiler, false, notified, &over, span);
        code_jump_on(compiler, true, waited, &again, span);
        code_thing(compiler, OP_COND_WAIT, notified, thing, time, WAIT_FIRST, span);
        code_constant(compiler, waited, 1, span);
        code_jump_back(compiler, head, span);
        code_patch(compiler, again);
    }
    code_thing(compiler, OP_COND_WAIT, notified, thing, time, timed ? WAIT_GOES_ON : WAIT_ALONE,
               span);
    code_jump_back(compiler, head, span);
    if (slot == NO_SLOT) {
        code_patch(compiler, over);
        code_patch(compiler, done);
        return;
    }
    int32_t end = NO_JUMPS;
    code_patch(compiler, over);
    if (timed) {
        code_constant(compiler, slot, 0, span);
        code_jump(compiler, &end, span);
    }
    code_patch(compiler, done);
    code_constant(compiler, slot, 1, span);
    code_patch(compiler, end);
}

static enum opcode method_opcode(enum callable id)
{
    switch (id) {
    case CALL_ACQUIRE_LOCK:
    case CALL_ACQUIRE_SEMAPHORE: return OP_ACQUIRE;
    case CALL_RELEASE_LOCK:
    case CALL_RELEASE_SEMAPHORE: return OP_RELEASE;
    case CALL_LOCKED: return OP_LOCKED;
    case CALL_COND_WAIT: return OP_COND_WAIT;
    case CALL_NOTIFY: return OP_NOTIFY;
    case CALL_NOTIFY_ALL: return OP_NOTIFY_ALL;
    case CALL_EVENT_SET: return OP_EVENT_SET;
    case CALL_EVENT_CLEAR: return OP_EVENT_CLEAR;
    case CALL_EVENT_IS_SET: return OP_EVENT_IS_SET;
    case CALL_EVENT_WAIT: return OP_EVENT_WAIT;
    case CALL_BARRIER_ABORT: return OP_BARRIER_ABORT;
    case CALL_BARRIER_RESET: return OP_BARRIER_RESET;
    case CALL_COND_WAIT_FOR:
    case CALL_BARRIER_WAIT:
    case CALL_START:
    case CALL_JOIN:
    case CALL_IS_ALIVE:
    case CALL_ATOMIC_ADD:
    case CALL_ATOMIC_SWAP:
    case CALL_ATOMIC_CAS:
#define BUILTIN(id, name, parameters, result, effects) case CALL_##id:
#include "lang/methods.def"
    case CALLABLES: break;
    }
    return OP_TURN;
}

static void none_result(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    if (slot != NO_SLOT && expr->method->result->shape == TYPE_NONE)
        code_constant(compiler, slot, NONE_VALUE, expr->span);
}

static void call_object(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    struct thing thing = object_thing(compiler, expr->left->left);
    enum callable id = expr->method->id;
    if (id == CALL_COND_WAIT_FOR) {
        wait_for(compiler, expr, thing, slot);
        return;
    }
    uint16_t arguments = method_arguments(compiler, expr);
    if (id == CALL_BARRIER_WAIT) {
        barrier_wait(compiler, expr, thing, arguments, slot);
        return;
    }
    bool result = expr->method->result->shape != TYPE_NONE;
    code_thing(compiler, method_opcode(id), result ? slot : NO_SLOT, thing, arguments, 0,
               expr->left->name_span);
    none_result(compiler, expr, slot);
}

static void call_of_thread(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    struct span span = expr->left->name_span;
    uint16_t thread = compile_number(compiler, expr->left->left);
    uint16_t arguments = method_arguments(compiler, expr);
    struct instruction in = {.a = NO_SLOT, .b = thread, .c = arguments};
    in.op = expr->method->id == CALL_START  ? OP_START
            : expr->method->id == CALL_JOIN ? OP_JOIN
                                            : OP_IS_ALIVE;
    if (in.op == OP_IS_ALIVE)
        in.a = slot == NO_SLOT ? code_take(compiler, 1) : slot;
    code_emit(compiler, in, span);
    none_result(compiler, expr, slot);
}

static void call_of_atomic(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    struct thing thing = variable_thing(compiler, expr->left->left);
    uint16_t arguments = method_arguments(compiler, expr);
    enum opcode op = expr->method->id == CALL_ATOMIC_ADD    ? OP_ATOMIC_ADD
                     : expr->method->id == CALL_ATOMIC_SWAP ? OP_ATOMIC_SWAP
                                                            : OP_ATOMIC_CAS;
    uint16_t result = slot == NO_SLOT ? code_take(compiler, 1) : slot;
    code_thing(compiler, op, result, thing, arguments, 0, expr->left->name_span);
}

/* ---- functions of the language ---- */

static void length_of(struct compiler *compiler, struct expr *of, uint16_t slot, struct span span)
{
    if (of->type->shape == TYPE_STRING) {
        uint16_t text = compile_number(compiler, of);
        code_emit(compiler, (struct instruction){.op = OP_STR_LEN, .a = slot, .b = text}, span);
        return;
    }
    uint32_t top = compiler->top;
    if (of->shape != EXPR_NAME)
        compile_operand(compiler, of);
    compiler->top = top;
    code_constant(compiler, slot, of->type->count, span);
}

/* A negative sleep raises. What is written out is known: -5ms or 5ms. */
static void not_negative(struct compiler *compiler, struct expr *call, uint16_t time)
{
    enum expr_shape shape = call->arguments[0].value->shape;
    if (shape == EXPR_DURATION || shape == EXPR_INTEGER)
        return;
    uint32_t top = compiler->top;
    int32_t fine = NO_JUMPS;
    uint16_t least = code_take(compiler, 1);
    code_constant(compiler, least, 0, call->span);
    code_emit(compiler, (struct instruction){.op = OP_LE, .a = least, .b = least, .c = time},
              call->span);
    code_jump_on(compiler, true, least, &fine, call->span);
    compiler->top = top;
    code_raise(compiler, EXCEPTION_VALUE, "sleep length must be non-negative", call->span);
    code_patch(compiler, fine);
}

static void timed_operation(struct compiler *compiler, struct expr *expr, enum opcode op)
{
    uint16_t time = method_arguments(compiler, expr);
    if (op == OP_SLEEP)
        not_negative(compiler, expr, time);
    code_emit(compiler, (struct instruction){.op = (uint8_t)op, .a = time}, expr->span);
}

static void call_builtin(struct compiler *compiler, struct expr *expr, uint16_t result)
{
    uint16_t slot = result == NO_SLOT ? code_take(compiler, 1) : result, arguments;
    struct expr *first = expr->count ? expr->arguments[0].value : NULL;
    switch (expr->method->id) {
    case CALL_SLEEP: timed_operation(compiler, expr, OP_SLEEP); break;
    case CALL_IO: timed_operation(compiler, expr, OP_IO); break;
    case CALL_COMPUTE: timed_operation(compiler, expr, OP_COMPUTE); break;
    case CALL_YIELD_NOW:
        code_emit(compiler, (struct instruction){.op = OP_YIELD}, expr->span);
        break;
    case CALL_RANDINT:
        arguments = method_arguments(compiler, expr);
        code_emit(compiler,
                  (struct instruction){
                      .op = OP_RANDINT, .a = slot, .b = arguments, .c = (uint16_t)(arguments + 1)},
                  expr->span);
        break;
    case CALL_NOTE: timed_operation(compiler, expr, OP_NOTE); break;
    case CALL_CURRENT_THREAD:
        code_emit(compiler, (struct instruction){.op = OP_SELF, .a = slot}, expr->span);
        break;
    case CALL_MAIN_THREAD: code_constant(compiler, slot, 0, expr->span); break;
    case CALL_ACTIVE_COUNT:
        code_emit(compiler, (struct instruction){.op = OP_ACTIVE_COUNT, .a = slot}, expr->span);
        break;
    case CALL_PRINT: compile_print(compiler, expr); break;
    case CALL_LEN: length_of(compiler, first, slot, expr->span); break;
    case CALL_ABS:
        arguments = compile_number(compiler, first);
        code_emit(compiler, (struct instruction){.op = OP_ABS, .a = slot, .b = arguments},
                  expr->span);
        break;
    case CALL_MIN:
    case CALL_MAX:
    case CALL_SUM:
    case CALL_ALL:
    case CALL_ANY: compile_fold(compiler, expr, slot); break;
    case CALL_STR: compile_text(compiler, first, NULL, slot); break;
    case CALL_THREAD: call_thread(compiler, expr, slot); break;
    case CALL_RANGE: /* only after `in`: the loop is compiled, not the call */
#define METHOD(id, receiver, name, parameters, result, effects) case CALL_##id:
#include "lang/methods.def"
    case CALLABLES: break;
    }
    none_result(compiler, expr, result);
}

void compile_call(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    uint32_t top = compiler->top;
    if (!expr->method) {
        call_function(compiler, expr, slot);
    } else if (expr->method->receiver == 0) {
        call_builtin(compiler, expr, slot);
    } else if (expr->method->receiver == OF_THREAD) {
        call_of_thread(compiler, expr, slot);
    } else if (expr->method->receiver == OF_ATOMIC) {
        call_of_atomic(compiler, expr, slot);
    } else {
        call_object(compiler, expr, slot);
    }
    compiler->top = top;
}

/* ---- attributes ---- */

static void parties(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    const struct check *check = compiler->check;
    uint32_t top = compiler->top;
    struct thing thing = object_thing(compiler, expr->left);
    uint32_t first = thing.b == NO_SLOT ? (uint32_t)thing.d : thing.extent.first;
    uint32_t count = thing.b == NO_SLOT ? 1 : thing.extent.count;
    int64_t value = 0;
    bool known = false;
    for (uint32_t i = first; i < first + count; i++) {
        const struct object *object = &check->objects.items[i];
        if (object->type != OBJECT_BARRIER)
            continue;
        if (known && object->initial != value) {
            diagnostic_error(check->diagnostics, expr->span,
                             "`parties` of barriers that differ is not supported");
            compiler->overflow = true;
            return;
        }
        value = object->initial;
        known = true;
    }
    code_constant(compiler, slot, value, expr->span);
    compiler->top = top;
}

/* Others may start it at any time, so its ident is shared; only who asks and MainThread are alive
 * for certain. */
static bool is_begun(const struct expr *thread)
{
    return thread->shape == EXPR_CALL && thread->method &&
           (thread->method->id == CALL_CURRENT_THREAD || thread->method->id == CALL_MAIN_THREAD);
}

void compile_attribute(struct compiler *compiler, struct expr *expr, uint16_t slot)
{
    static const char *const facts[] = {[ATTRIBUTE_NAME] = "name",
                                        [ATTRIBUTE_IDENT] = "ident",
                                        [ATTRIBUTE_NATIVE_ID] = "native_id",
                                        [ATTRIBUTE_DAEMON] = "daemon"};
    if (expr->left->type->shape == TYPE_THREAD) {
        uint16_t thread = compile_number(compiler, expr->left);
        int32_t fact = 0;
        while (strcmp(facts[fact], expr->text) != 0)
            fact++;
        bool begins = fact == ATTRIBUTE_IDENT || fact == ATTRIBUTE_NATIVE_ID;
        bool shared = begins && !is_begun(expr->left);
        code_emit(compiler,
                  (struct instruction){
                      .op = shared ? OP_IDENT : OP_THREAD_FACT, .a = slot, .b = thread, .d = fact},
                  expr->span);
        return;
    }
    if (strcmp(expr->text, "parties") == 0) {
        parties(compiler, expr, slot);
        return;
    }
    bool waiting = strcmp(expr->text, "n_waiting") == 0;
    struct thing thing = object_thing(compiler, expr->left);
    code_thing(compiler, waiting ? OP_BARRIER_WAITING : OP_BARRIER_BROKEN, slot, thing, NO_SLOT, 0,
               expr->name_span);
}
