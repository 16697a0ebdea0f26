/* Could a loop go round without a visible operation? Then its back edge is a step of its own. */
#include <stdlib.h>
#include <string.h>

#include "lang/compile.h"

struct search {
    struct compiler *compiler;
    uint32_t from, to;
    uint8_t *seen;
    uint16_t *handlers; /* of each pc: 1 + where an exception there goes; 0: nowhere */
    vector(uint32_t) open;
    bool quiet_counts;
    bool returns; /* a RETURN counts as arriving */
    bool reached;
};

static void visit(struct search *search, int64_t pc)
{
    if (pc == search->to)
        search->reached = true;
    if (pc < search->from || pc >= search->to || search->seen[pc - search->from])
        return;
    search->seen[pc - search->from] = 1;
    vector_push(&search->open, (uint32_t)pc);
}

static bool stops(const struct search *search, const struct instruction *in)
{
    if (opcode_visible[in->op])
        return search->quiet_counts || !(opcode_traits[in->op] & IS_QUIET);
    if (in->op != OP_CALL)
        return false;
    const struct compiled *callee = &search->compiler->functions[in->d];
    return callee->done && callee->always_visible;
}

static void step(struct search *search, uint32_t pc)
{
    const struct instruction *in = &search->compiler->code.items[pc];
    if (search->handlers[pc - search->from])
        visit(search, search->handlers[pc - search->from] - 1);
    if (stops(search, in))
        return;
    if (in->op == OP_RETURN)
        search->reached |= search->returns;
    if (in->op == OP_RETURN || in->op == OP_RAISE || in->op == OP_RERAISE || in->op == OP_END)
        return;
    if (in->op == OP_JUMP || in->op == OP_JUMP_IF || in->op == OP_JUMP_UNLESS)
        visit(search, in->d);
    if (in->op != OP_JUMP)
        visit(search, (int64_t)pc + 1);
}

static bool run(struct compiler *compiler, struct search search)
{
    uint32_t from = search.from, to = search.to;
    search.compiler = compiler;
    search.seen = xcalloc(to - from + 1, 1);
    search.handlers = xcalloc(to - from + 1, sizeof(uint16_t));
    vector_each (struct handler, handler, &compiler->current->handlers)
        for (uint32_t pc = handler->from < from ? from : handler->from; pc < handler->to && pc < to;
             pc++)
            if (!search.handlers[pc - from])
                search.handlers[pc - from] = (uint16_t)(handler->handler + 1);
    visit(&search, from);
    while (search.open.count > 0 && !search.reached) {
        uint32_t pc = search.open.items[--search.open.count];
        step(&search, pc);
    }
    free(search.seen);
    free(search.handlers);
    vector_fini(&search.open);
    return search.reached;
}

bool turn_needed(struct compiler *compiler, uint32_t from, uint32_t to, bool quiet_counts)
{
    return run(compiler, (struct search){.from = from, .to = to, .quiet_counts = quiet_counts});
}

bool turn_needed_to_return(struct compiler *compiler, uint32_t from, uint32_t to)
{
    return run(compiler, (struct search){.from = from, .to = to, .returns = true});
}
