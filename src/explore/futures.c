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

static void find_targets(struct code *code)
{
    const struct program *program = code->feet->shape->program;
    uint32_t *index_of = xmalloc((program->code_length + 1) * sizeof *index_of);
    for (uint32_t pc = 0; pc < program->code_length; pc++) {
        index_of[pc] = footprints_has_target(program->code[pc].op) ? pc : UINT32_MAX;
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

/* An operation that has one target, or none, is always the same. */
static void note_known(struct code *code, uint32_t pc)
{
    struct footprints *feet = code->feet;
    const struct instruction *in = &feet->shape->program->code[pc];
    struct known_operation *known = &feet->known[(uint64_t)code->root * feet->code_length + pc];
    known->own =
        opcode_visible[in->op] && (!footprints_has_target(in->op) || code->targets[pc].count == 1);
    known->lock = UINT32_MAX;
    if (known->own && (in->op == OP_ACQUIRE || in->op == OP_COND_WAIT))
        known->lock = footprints_lock(feet, code->targets[pc].first);
}

static void note_releases(struct code *code, uint32_t pc)
{
    const struct instruction *in = &code->feet->shape->program->code[pc];
    if (in->op != OP_RELEASE && in->op != OP_COND_WAIT)
        return;
    struct target_range target = code->targets[pc];
    for (uint32_t i = 0; i < target.count; i++) {
        uint32_t lock = footprints_lock(code->feet, target.first + i);
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
    uint32_t lock = footprints_lock(code->feet, object);
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
        footprints_add(code->feet, pc, code->targets[pc], code->thread,
                       footprints_own(code->feet, root, pc));
        note_known(code, pc);
        note_releases(code, pc);
    }
    for (uint32_t cut = 0; cut <= code->feet->lock_count; cut++)
        solve_futures(code, cut);
    solve_releases(code);
}

void futures_solve(struct footprints *feet)
{
    struct code code;
    code_init(&code, feet);
    for (uint32_t root = 0; root < feet->root_count; root++)
        solve_root(&code, root);
    code_fini(&code);
}
