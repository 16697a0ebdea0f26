/*
 * `with` and `try`. Code that is handled lies in ranges of pcs. Where break, continue or return
 * leave through a scope, its release or finally block is compiled in line, outside the ranges of
 * that scope and of those inside it, so an exception there goes to the scopes around.
 */
#include "lang/compile.h"

void scope_open(struct compiler *compiler, struct scope *scope, enum scope_shape shape)
{
    scope->shape = shape;
    scope->outer = compiler->scope;
    scope->range_start = code_here(compiler);
    scope->kind_slot = code_take(compiler, 2);
    scope->message_slot = (uint16_t)(scope->kind_slot + 1);
    compiler->scope = scope;
}

static void end_range(struct compiler *compiler, struct scope *scope)
{
    uint32_t end = code_here(compiler);
    struct handler range = {.from = (uint16_t)scope->range_start, .to = (uint16_t)end};
    if (end > scope->range_start && !compiler->overflow)
        vector_push(&scope->ranges, range);
    scope->range_start = end;
}

void scope_close(struct compiler *compiler, struct scope *scope)
{
    end_range(compiler, scope);
    compiler->scope = scope->outer;
}

void scope_handler(struct compiler *compiler, struct scope *scope, struct span span)
{
    (void)span;
    vector_each (struct handler, range, &scope->ranges) {
        range->handler = (uint16_t)code_here(compiler);
        range->kind_slot = scope->kind_slot;
        range->message_slot = scope->message_slot;
        vector_push(&compiler->current->handlers, *range);
    }
    vector_fini(&scope->ranges);
}

static void release(struct compiler *compiler, struct thing object, struct span span)
{
    code_thing(compiler, OP_RELEASE, NO_SLOT, object, NO_SLOT, 0, span);
}

void scope_leave(struct compiler *compiler, struct scope *target, struct span span)
{
    struct scope *innermost = compiler->scope;
    for (struct scope *scope = innermost; scope != target; scope = scope->outer) {
        if (scope->shape == SCOPE_LOOP)
            continue;
        end_range(compiler, scope);
        compiler->scope = scope->outer;
        if (scope->shape == SCOPE_WITH)
            release(compiler, scope->object, span);
        else if (scope->shape == SCOPE_FINALLY)
            compile_block(compiler, scope->finally);
    }
    compiler->scope = innermost;
}

void compile_with(struct compiler *compiler, struct stmt *stmt, uint32_t index)
{
    if (index == stmt->count) {
        compile_block(compiler, &stmt->body);
        return;
    }
    struct scope scope = {0};
    int32_t end = NO_JUMPS;
    struct span span = stmt->items[index]->span;
    scope.object = object_thing(compiler, stmt->items[index]);
    code_thing(compiler, OP_ACQUIRE, NO_SLOT, scope.object, NO_SLOT, 0, span);
    scope_open(compiler, &scope, SCOPE_WITH);
    compile_with(compiler, stmt, index + 1);
    scope_close(compiler, &scope);
    release(compiler, scope.object, span);
    code_jump(compiler, &end, span);
    scope_handler(compiler, &scope, span);
    release(compiler, scope.object, span);
    code_emit(compiler,
              (struct instruction){.op = OP_RERAISE, .a = scope.kind_slot, .b = scope.message_slot},
              span);
    code_patch(compiler, end);
}

static void clause_body(struct compiler *compiler, struct handler_clause *clause,
                        const struct scope *scope)
{
    uint16_t kind = compiler->caught_kind, message = compiler->caught_message;
    if (clause->symbol)
        code_move(compiler, clause->symbol->slot, scope->kind_slot, 2, clause->span);
    compiler->caught_kind = scope->kind_slot;
    compiler->caught_message = scope->message_slot;
    compile_block(compiler, &clause->body);
    compiler->caught_kind = kind;
    compiler->caught_message = message;
}

/* body, except clauses, else */
static void compile_excepts(struct compiler *compiler, struct stmt *stmt)
{
    struct scope scope = {0};
    int32_t done = NO_JUMPS;
    if (stmt->handler_count == 0) {
        compile_block(compiler, &stmt->body);
        return;
    }
    scope_open(compiler, &scope, SCOPE_TRY);
    compile_block(compiler, &stmt->body);
    scope_close(compiler, &scope);
    compile_block(compiler, &stmt->otherwise);
    code_jump(compiler, &done, stmt->span);
    scope_handler(compiler, &scope, stmt->span);
    for (uint32_t i = 0; i < stmt->handler_count; i++) {
        struct handler_clause *clause = &stmt->handlers[i];
        int32_t next = NO_JUMPS;
        uint32_t top = compiler->top;
        uint16_t matches = code_take(compiler, 1);
        code_emit(
            compiler,
            (struct instruction){
                .op = OP_MATCH, .a = matches, .b = scope.kind_slot, .d = (int32_t)clause->mask},
            clause->span);
        code_jump_on(compiler, false, matches, &next, clause->span);
        compiler->top = top;
        clause_body(compiler, clause, &scope);
        code_jump(compiler, &done, clause->span);
        code_patch(compiler, next);
    }
    code_emit(compiler,
              (struct instruction){.op = OP_RERAISE, .a = scope.kind_slot, .b = scope.message_slot},
              stmt->span);
    code_patch(compiler, done);
}

void compile_try(struct compiler *compiler, struct stmt *stmt)
{
    struct scope scope = {.finally = &stmt->finally};
    int32_t end = NO_JUMPS;
    if (!stmt->has_finally) {
        compile_excepts(compiler, stmt);
        return;
    }
    scope_open(compiler, &scope, SCOPE_FINALLY);
    compile_excepts(compiler, stmt);
    scope_close(compiler, &scope);
    compile_block(compiler, &stmt->finally);
    code_jump(compiler, &end, stmt->span);
    scope_handler(compiler, &scope, stmt->span);
    compile_block(compiler, &stmt->finally);
    code_emit(compiler,
              (struct instruction){.op = OP_RERAISE, .a = scope.kind_slot, .b = scope.message_slot},
              stmt->span);
    code_patch(compiler, end);
}
