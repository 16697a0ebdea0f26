/* Threads made by Thread(...) at the top of a file: `t = Thread(target=f)`, and lists of such.
 * They are there before the run, and begin when somebody calls their start(). */
#include <string.h>

#include "lang/check.h"

/* The name of an object or of a thread is its number; of a list of them, the first one's. */
static bool thing_value(struct check *check, struct expr *expr, int64_t *ret_word)
{
    const struct expr *base = expr->shape == EXPR_INDEX ? expr->left : expr;
    const struct symbol *symbol = base->shape == EXPR_NAME ? base->symbol : NULL;
    int64_t at = 0;
    if (!symbol || !symbol->made ||
        (symbol->shape != SYMBOL_OBJECT && symbol->shape != SYMBOL_THREAD)) {
        check_error(check, expr->span, "this is not known before the run");
        return false;
    }
    if (expr->shape == EXPR_INDEX) {
        struct value index;
        int64_t count = symbol->type->count;
        if (!evaluate(check, expr->right, &index))
            return false;
        at = index.words[0] + (index.words[0] < 0 ? count : 0);
        if (at < 0 || at >= count) {
            check_error(check, expr->span, "the index is out of range");
            return false;
        }
    }
    *ret_word = symbol->first + at;
    return true;
}

static bool argument_value(struct check *check, struct expr *expr, struct value *ret_value)
{
    if (expr->type->shape != TYPE_OBJECT && expr->type->shape != TYPE_THREAD)
        return evaluate(check, expr, ret_value);
    ret_value->type = expr->type;
    ret_value->words = arena_array(check->keep, int64_t, 1);
    return thing_value(check, expr, ret_value->words);
}

/* The words of all parameters: from args=, then the defaults. */
static bool find_parameters(struct check *check, struct expr *call, struct thread_plan *plan)
{
    const struct stmt *def = plan->body->stmt;
    struct expr *args = call_argument_named(call, "args", -1);
    vector(int64_t) words = {0};
    bool fine = true;
    for (uint32_t i = 0; i < def->parameter_count && fine; i++) {
        struct value value = {0};
        if (args && i < args->count) {
            fine = argument_value(check, args->items[i], &value);
        } else {
            const struct symbol *local = names_find(&plan->body->names, def->parameters[i].name);
            value = (struct value){local->type, plan->body->defaults[i]};
            fine = value.words != NULL;
        }
        for (uint32_t k = 0; fine && k < type_width(value.type); k++)
            vector_push(&words, value.words[k]);
    }
    plan->parameter_count = (uint32_t)words.count;
    plan->parameters = arena_array(check->keep, int64_t, words.count + 1);
    if (words.count)
        memcpy(plan->parameters, words.items, words.count * sizeof(int64_t));
    vector_fini(&words);
    return fine;
}

/* name=, or Python's "Thread-1 (f)": those without a name count. */
static bool find_name(struct check *check, struct expr *call, struct thread_plan *plan)
{
    struct expr *name = call_argument_named(call, "name", -1);
    struct value value;
    if (name) {
        plan->has_name = true;
        if (!evaluate(check, name, &value))
            return false;
        plan->name = check_string_text(check, value.words[0]);
    } else {
        plan->name =
            arena_printf(check->keep, "Thread-%u (%s)", ++check->unnamed_threads, plan->body->name);
    }
    return true;
}

static bool find_daemon(struct check *check, struct expr *call, struct thread_plan *plan)
{
    struct expr *daemon = call_argument_named(call, "daemon", -1);
    struct value value;
    if (!daemon) /* as its maker, MainThread */
        return true;
    if (!evaluate(check, daemon, &value))
        return false;
    plan->daemon = value.words[0] == 1;
    return true;
}

/* One thread; false when it was reported. */
static bool make_thread(struct check *check, struct symbol *symbol, struct expr *call,
                        uint32_t index)
{
    unsigned found = check->diagnostics->found;
    check->making = call;
    check_expr(check, call);
    check->making = NULL;
    if (check->diagnostics->found > found)
        return false;
    const struct symbol *target = call_argument_named(call, "target", -1)->symbol;
    if (!target->made) {
        check_error(check, call->span,
                    "`%s` is made further down: a thread of the top comes after "
                    "its function",
                    target->name);
        return false;
    }
    struct thread_plan plan = {.group = symbol->name,
                               .group_index = index,
                               .body = target->body,
                               .span = symbol->span,
                               .made_only = true,
                               .made_number = check->made_threads};
    if (check->threads.count >= MAX_THREADS) {
        check_error(check, call->span, "more than %d threads", MAX_THREADS);
        return false;
    }
    if (!find_parameters(check, call, &plan) || !find_name(check, call, &plan) ||
        !find_daemon(check, call, &plan))
        return false;
    target->body->reached = true;
    check->made_threads++;
    vector_push(&check->threads, plan);
    return true;
}

/* [Thread(target=f, args=(i,)) for i in range(3)] */
static bool make_all(struct check *check, struct symbol *symbol, struct expr *expr)
{
    int64_t length, start = 0, step = 1;
    const struct type *type = check_iterable(check, expr->right, &length);
    bool range = check_is_range(check, expr->right);
    struct value list = {0};
    if (type_vague(type))
        return false;
    if (length < 0 || (!range && !evaluate(check, expr->right, &list))) {
        check_error(check, expr->right->span,
                    "what the threads are made for must be known before the run");
        return false;
    }
    if (range && expr->right->count >= 2)
        evaluate_integer(check, expr->right->arguments[0].value, &start);
    if (range && expr->right->count == 3)
        evaluate_integer(check, expr->right->arguments[2].value, &step);
    struct symbol local = {.shape = SYMBOL_LOCAL, .name = expr->text, .type = type, .loop = true};
    bool fine = true;
    check->comprehension[check->comprehension_count++] = &local;
    for (int64_t i = 0; i < length && fine; i++) {
        int64_t number = start + i * step;
        local.bound = range ? &number : list.words + (size_t)i * type_width(type);
        fine = make_thread(check, symbol, expr->left, (uint32_t)i);
    }
    check->comprehension_count--;
    return fine;
}

bool check_make_threads(struct check *check, struct symbol *symbol, struct expr *value)
{
    bool all = value->shape == EXPR_COMPREHENSION && check_is_call(check, value->left, "Thread");
    bool list = value->shape == EXPR_LIST && value->count > 0 &&
                check_is_call(check, value->items[0], "Thread");
    bool times = value->shape == EXPR_BINARY && value->infix == INFIX_MULTIPLY &&
                 value->left->shape == EXPR_LIST && value->left->count > 0 &&
                 check_is_call(check, value->left->items[0], "Thread");
    if (!all && !list && !times && !check_is_call(check, value, "Thread"))
        return false;
    uint32_t first = (uint32_t)check->threads.count;
    bool fine = !times;
    symbol->shape = SYMBOL_BROKEN;
    if (times) {
        check_error(check, value->span, "this list would hold the same thread several times");
        check_help(check, "write `[Thread(…) for i in range(…)]`");
    } else if (all) {
        fine = make_all(check, symbol, value);
    }
    for (uint32_t i = 0; list && fine && i < value->count; i++) {
        fine = check_is_call(check, value->items[i], "Thread") &&
               make_thread(check, symbol, value->items[i], i);
        if (!check_is_call(check, value->items[i], "Thread"))
            check_error(check, value->items[i]->span,
                        "the elements of this list are all made by `Thread(…)`");
    }
    if (!all && !list && !times)
        fine = make_thread(check, symbol, value, 0);
    if (!fine)
        return true;
    symbol->shape = SYMBOL_THREAD;
    symbol->first = first;
    symbol->made = true;
    symbol->type = &type_thread;
    if (all || list)
        symbol->type =
            type_list(check->arena, &type_thread, (uint32_t)check->threads.count - first);
    return true;
}
