/* `expect`, `option`, and the words of invariants. */
#include <string.h>

#include "lang/check.h"
#include "model/policy.h"

static uint32_t position_of(struct check *check, struct span span)
{
    struct place place = source_place(check->source, span.start);
    return POSITION(place.line, place.column);
}

static int verdict_of(const char *name)
{
    for (int i = 0; i < VERDICTS; i++)
        if (strcmp(verdict_names[i], name) == 0)
            return i;
    return -1;
}

static void check_detail(struct check *check, const struct expected *one, int verdict)
{
    if (verdict == VERDICT_ASSERTION && !one->is_string) {
        check_error(check, one->detail_span, "the text of the assertion stands in quotes");
    } else if (verdict == VERDICT_ERROR) {
        if (one->is_string || check_exception(one->detail) == EXCEPTION_NONE)
            check_error(check, one->detail_span, "after `error` stands the name of an exception");
        else if (strcmp(one->detail, "AssertionError") == 0)
            check_error(check, one->detail_span, "an AssertionError is the verdict `assertion`");
    } else if (verdict != VERDICT_ASSERTION && verdict != VERDICT_UNREACHED) {
        check_error(check, one->detail_span, "`%s` has no detail; a comma is missing?",
                    one->verdict);
    }
}

static void unknown_verdict(struct check *check, const struct expected *one)
{
    struct nearest nearest = {.wanted = one->verdict};
    for (int i = 0; i < VERDICTS; i++)
        nearest_offer(&nearest, verdict_names[i]);
    check_error(check, one->span, "nothing called `%s` can be expected", one->verdict);
    if (nearest.best)
        check_help(check, "did you mean `%s`?", nearest.best);
    else
        check_help(check, "ok, assertion, deadlock, error, race, livelock or unreached");
}

void check_expectations(struct check *check)
{
    vector(struct expectation) all = {0};
    bool ok = false, mixed = false;
    for (uint32_t i = 0; i < check->tree->top.count; i++) {
        const struct stmt *stmt = check->tree->top.items[i];
        for (uint32_t k = 0; stmt->shape == STMT_EXPECT && k < stmt->expected_count; k++) {
            const struct expected *one = &stmt->expected[k];
            int verdict = verdict_of(one->verdict);
            if (verdict < 0) {
                unknown_verdict(check, one);
                continue;
            }
            if (one->detail)
                check_detail(check, one, verdict);
            if ((verdict == VERDICT_OK || ok) && all.count > 0 && !mixed)
                mixed =
                    check_error(check, one->span, "`ok` stands alone: nothing else is found then");
            ok |= verdict == VERDICT_OK;
            struct expectation expectation = {.verdict = (enum verdict)verdict,
                                              .position = position_of(check, one->span)};
            if (one->detail)
                expectation.detail = arena_strdup(check->keep, one->detail);
            vector_push(&all, expectation);
        }
    }
    struct expectation *kept =
        arena_alloc(check->keep, (all.count + 1) * sizeof(struct expectation));
    if (all.count)
        memcpy(kept, all.items, all.count * sizeof *kept);
    check->program->expects = kept;
    check->program->expect_count = (uint32_t)all.count;
    vector_fini(&all);
}

static void option_policy(struct check *check, const struct stmt *stmt)
{
    struct program_options *options = &check->program->options;
    const struct expr *name = stmt->items[0];
    bool known = false;
    struct nearest nearest = {.wanted = name->shape == EXPR_NAME ? name->text : ""};
    for (size_t i = 0; i < POLICIES && name->shape == EXPR_NAME; i++) {
        known |= strcmp(policy_names[i], name->text) == 0;
        nearest_offer(&nearest, policy_names[i]);
    }
    if (!known) {
        check_error(check, name->span, "there is no such policy");
        if (nearest.best)
            check_help(check, "did you mean `%s`?", nearest.best);
        else
            check_help(check, "random, round_robin, cooperative, priority, pct or gil");
        return;
    }
    options->policy = arena_strdup(check->keep, name->text);
    if (stmt->count < 2)
        return;
    const struct expr *quantum = stmt->items[1];
    if ((quantum->shape != EXPR_DURATION && quantum->shape != EXPR_INTEGER) || quantum->number <= 0)
        check_error(check, quantum->span, "a duration above zero is wanted here: `10ms`");
    else
        options->policy_quantum = quantum->number;
}

static void option_value(struct check *check, const struct stmt *stmt)
{
    struct program_options *options = &check->program->options;
    const struct expr *value = stmt->items[0];
    bool number = value->shape == EXPR_INTEGER;
    if (strcmp(stmt->text, "policy") == 0) {
        option_policy(check, stmt);
    } else if (stmt->count > 1) {
        check_error(check, stmt->items[1]->span, "`option %s` has one value", stmt->text);
    } else if (strcmp(stmt->text, "time") == 0) {
        bool name = value->shape == EXPR_NAME;
        options->time_ordered = name && strcmp(value->text, "ordered") == 0;
        if (!options->time_ordered && !(name && strcmp(value->text, "any") == 0))
            check_error(check, value->span, "`option time` is any or ordered");
    } else if (strcmp(stmt->text, "gil") == 0) {
        bool time = value->shape == EXPR_DURATION || number;
        if (!time || value->number <= 0)
            check_error(check, value->span,
                        "the switch interval is a duration above zero, such as `5ms`");
        else if (number)
            check_error(check, value->span, "a unit is missing: `option gil %lldms`?",
                        (long long)value->number);
        else
            options->gil = value->number;
    } else if (strcmp(stmt->text, "seed") == 0) {
        if (!number)
            check_error(check, value->span, "a seed is a number");
        options->seed = (uint64_t)value->number;
        options->has_seed = true;
    } else if (strcmp(stmt->text, "cpus") == 0) {
        if (!number || value->number < 1 || value->number > 4096)
            check_error(check, value->span, "the number of processors is at least 1");
        else
            options->cpus = (uint32_t)value->number;
    }
}

void check_options(struct check *check)
{
    static const char *const known[] = {"gil", "time", "cpus", "seed", "policy"};
    for (uint32_t i = 0; i < check->tree->top.count; i++) {
        const struct stmt *stmt = check->tree->top.items[i];
        if (stmt->shape != STMT_OPTION)
            continue;
        struct nearest nearest = {.wanted = stmt->text};
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
            found |= strcmp(known[k], stmt->text) == 0;
            nearest_offer(&nearest, known[k]);
        }
        if (!found) {
            check_error(check, stmt->name_span, "there is no option `%s`", stmt->text);
            if (nearest.best)
                check_help(check, "did you mean `%s`?", nearest.best);
            else
                check_help(check, "gil, time, cpus, seed or policy");
        } else if (stmt->count == 0) {
            check_error(check, stmt->name_span, "`option %s` needs a value", stmt->text);
        } else {
            option_value(check, stmt);
        }
    }
}
