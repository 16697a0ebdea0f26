/* What the naive explorer found, in words and against `expect`. */
#include <string.h>

#include "naive.h"

void naive_summary(const struct naive *naive, struct text *out)
{
    for (size_t i = 0; i < naive->findings.count; i++) {
        const struct naive_finding *finding = &naive->findings.items[i];
        text_printf(out, "%s \"%s\"\n", verdict_names[finding->verdict], finding->detail);
    }
    if (!naive->findings.count)
        text_add(out, naive->complete ? "ok\n" : "");
    if (!naive->complete)
        text_add(out, "incomplete\n");
}

static bool fits(const struct expectation *expectation, const struct naive_finding *finding)
{
    bool detailed = expectation->detail &&
                    (finding->verdict == VERDICT_ASSERTION || finding->verdict == VERDICT_ERROR ||
                     finding->verdict == VERDICT_UNREACHED);
    return expectation->verdict == finding->verdict &&
           (!detailed || strcmp(expectation->detail, finding->detail) == 0);
}

bool naive_as_expected(const struct program *program, const struct naive *naive, struct text *out)
{
    bool good = naive->complete;
    if (!naive->complete)
        text_add(out, "the search is incomplete\n");
    for (size_t i = 0; program->expect_count && i < naive->findings.count; i++) {
        const struct naive_finding *finding = &naive->findings.items[i];
        bool found = false;
        for (uint32_t j = 0; j < program->expect_count; j++)
            found |= fits(&program->expects[j], finding);
        if (!found) {
            text_printf(out, "not expected: %s \"%s\"\n", verdict_names[finding->verdict],
                        finding->detail);
            good = false;
        }
    }
    for (uint32_t j = 0; j < program->expect_count; j++) {
        const struct expectation *expectation = &program->expects[j];
        bool found = expectation->verdict == VERDICT_OK && !naive->findings.count;
        for (size_t i = 0; i < naive->findings.count; i++)
            found |= fits(expectation, &naive->findings.items[i]);
        if (!found) {
            text_printf(out, "expected, and not found: %s %s\n",
                        verdict_names[expectation->verdict],
                        expectation->detail ? expectation->detail : "");
            good = false;
        }
    }
    return good;
}

void naive_trace(struct model *model, const struct naive *naive, uint64_t state, struct text *out)
{
    vector(uint32_t) path = {0};
    for (uint32_t at = (uint32_t)state; at != 0 && at != UINT32_MAX;
         at = naive->states.items[at].parent)
        vector_push(&path, at);
    struct world *world = world_new(model);
    struct effect effect = {0}, quiet = {0};
    for (uint32_t i = 0; i < model_program(model)->thread_count; i++)
        naive_run_quiet(model, world, i, &quiet);
    while (path.count) {
        const struct naive_state *next = &naive->states.items[path.items[--path.count]];
        struct operation operation;
        model_next(model, world, next->thread, &operation);
        model_thread_name(model, world, next->thread, out);
        text_printf(out, " line %u: ", POSITION_LINE(operation.source));
        operation_text(model, world, &operation, out);
        text_add(out, next->choice.kind == CHOICE_TIMEOUT ? " (times out)\n" : "\n");
        model_perform(model, world, next->thread, next->choice, &effect);
        naive_run_quiet(model, world, next->thread, &quiet);
        if (effect.op == OP_START)
            naive_run_quiet(model, world, effect.thread, &quiet);
    }
    world_describe(model, world, out);
    effect_fini(&effect);
    effect_fini(&quiet);
    world_free(world, model);
    vector_fini(&path);
}
