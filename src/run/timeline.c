#include "run/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/vector.h"

enum {
    SPACING = 512,        /* steps between keyframes, at least */
    BYTES_PER_STEP = 64,  /* keyframes may take so much, on average … */
    FREE_BYTES = 4 << 20, /* … beyond this */
    WORD = 8,             /* differences are kept in runs of words */
};

/* A choice in four bytes: the thread, and how it went on. */
struct packed_choice {
    uint32_t thread : 30;
    uint32_t kind : 2;
};
_Static_assert(sizeof(struct packed_choice) == 4, "a choice takes four bytes");

struct chosen_value {
    uint64_t step;
    int64_t value;
};

struct keyframe {
    uint64_t step;
    uint32_t
        base;    /* index of the keyframe that this one differs from; its own: all bytes are here */
    size_t size; /* of the state */
    size_t stored; /* bytes at `bytes` */
    void *bytes;   /* owned */
};

struct branch {
    uint32_t parent;
    uint64_t fork;
    vector(struct packed_choice) choices; /* [0] is step `fork` */
    vector(struct chosen_value) values;   /* of the steps whose choice has one, ascending */
    vector(struct keyframe) keyframes;    /* ascending, all after the fork (branch 0: from 0) */
};

struct timeline {
    vector(struct branch) branches;
    vector(uint32_t) line; /* branches of the line of play, the root first */
    size_t keyframe_bytes; /* stored in keyframes, all branches */
    uint64_t steps;        /* in all branches */
    void *scratch;         /* the keyframe handed out last */
    size_t scratch_room;
};

struct timeline *timeline_new(void)
{
    struct timeline *timeline = xcalloc(1, sizeof *timeline);
    vector_push(&timeline->branches, (struct branch){0});
    vector_push(&timeline->line, 0);
    return timeline;
}

void timeline_free(struct timeline *timeline)
{
    if (!timeline)
        return;
    vector_each (struct branch, branch, &timeline->branches) {
        vector_each (struct keyframe, keyframe, &branch->keyframes)
            free(keyframe->bytes);
        vector_fini(&branch->keyframes);
        vector_fini(&branch->choices);
        vector_fini(&branch->values);
    }
    vector_fini(&timeline->branches);
    vector_fini(&timeline->line);
    free(timeline->scratch);
    free(timeline);
}

/* ---- Steps ---- */

static uint64_t branch_end(const struct branch *branch)
{
    return branch->fork + branch->choices.count;
}

static struct branch *current(const struct timeline *timeline)
{
    return &timeline->branches.items[vector_last(&timeline->line)];
}

uint64_t timeline_length(const struct timeline *timeline)
{
    return branch_end(current(timeline));
}

/* Position in `line` of the branch that holds the step. */
static size_t holder(const struct timeline *timeline, uint64_t step)
{
    size_t at = timeline->line.count - 1;
    while (at > 0 && timeline->branches.items[timeline->line.items[at]].fork > step)
        at--;
    return at;
}

static struct timeline_step branch_at(const struct branch *branch, uint64_t step)
{
    struct packed_choice packed = branch->choices.items[step - branch->fork];
    struct timeline_step result = {packed.thread, {.kind = (enum choice_kind)packed.kind}};
    if (packed.kind == CHOICE_VALUE) {
        size_t low = 0, high = branch->values.count;
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            if (branch->values.items[middle].step <= step)
                low = middle;
            else
                high = middle;
        }
        result.choice.value = branch->values.items[low].value;
    }
    return result;
}

struct timeline_step timeline_at(const struct timeline *timeline, uint64_t step)
{
    return branch_at(&timeline->branches.items[timeline->line.items[holder(timeline, step)]], step);
}

struct timeline_step timeline_at_first(const struct timeline *timeline, uint64_t step)
{
    return branch_at(&timeline->branches.items[0], step);
}

uint32_t timeline_branch_of(const struct timeline *timeline, uint64_t step)
{
    return timeline->line.items[holder(timeline, step)];
}

static bool same_step(struct timeline_step a, struct timeline_step b)
{
    return a.thread == b.thread && a.choice.kind == b.choice.kind &&
           (a.choice.kind != CHOICE_VALUE || a.choice.value == b.choice.value);
}

static void grow(struct timeline *timeline, struct timeline_step choice)
{
    struct branch *branch = current(timeline);
    if (choice.choice.kind == CHOICE_VALUE)
        vector_push(&branch->values,
                    (struct chosen_value){branch_end(branch), choice.choice.value});
    vector_push(&branch->choices, (struct packed_choice){.thread = choice.thread & 0x3fffffff,
                                                         .kind = (uint32_t)choice.choice.kind & 3});
    timeline->steps++;
}

/* A branch that leaves the line of play exactly at `step` with this choice, or UINT32_MAX. It must
 * hang on a branch of the line that holds the step before it. */
static uint32_t find_fork(const struct timeline *timeline, uint64_t step,
                          struct timeline_step choice)
{
    uint32_t holding = timeline->line.items[holder(timeline, step)];
    for (uint32_t i = 1; i < timeline->branches.count; i++) {
        const struct branch *branch = &timeline->branches.items[i];
        bool sibling = branch->parent == holding ||
                       (timeline->branches.items[holding].fork == step &&
                        branch->parent == timeline->branches.items[holding].parent);
        if (sibling && branch->fork == step && branch->choices.count &&
            same_step(branch_at(branch, step), choice))
            return i;
    }
    return UINT32_MAX;
}

/* The branch that step `step` should hang a new branch on: the one of the line that holds the step
 * before. */
static uint32_t parent_for(const struct timeline *timeline, uint64_t step)
{
    uint32_t holding = timeline->line.items[holder(timeline, step)];
    if (holding != 0 && timeline->branches.items[holding].fork == step)
        return timeline->branches.items[holding].parent;
    return holding;
}

bool timeline_choose(struct timeline *timeline, uint64_t step, struct timeline_step choice)
{
    if (step == timeline_length(timeline)) {
        grow(timeline, choice);
        return false;
    }
    if (same_step(timeline_at(timeline, step), choice))
        return false;
    uint32_t parent = parent_for(timeline, step);
    uint32_t found = find_fork(timeline, step, choice);
    /* Back on the parent itself, from a branch that left it at this very step. */
    const struct branch *above = &timeline->branches.items[parent];
    if (found == UINT32_MAX && step < branch_end(above) && step >= above->fork &&
        same_step(branch_at(above, step), choice))
        found = parent;
    if (found != UINT32_MAX) {
        timeline_switch(timeline, found);
        return true;
    }
    vector_push(&timeline->branches, (struct branch){.parent = parent, .fork = step});
    timeline_switch(timeline, (uint32_t)timeline->branches.count - 1);
    grow(timeline, choice);
    return true;
}

/* ---- Branches ---- */

uint32_t timeline_branches(const struct timeline *timeline)
{
    return (uint32_t)timeline->branches.count;
}

uint32_t timeline_current(const struct timeline *timeline)
{
    return vector_last(&timeline->line);
}

struct timeline_branch timeline_branch(const struct timeline *timeline, uint32_t index)
{
    const struct branch *branch = &timeline->branches.items[index];
    struct timeline_branch result = {
        .parent = branch->parent,
        .fork = branch->fork,
        .end = branch_end(branch),
    };
    for (size_t i = 0; i < timeline->line.count; i++)
        result.in_line |= timeline->line.items[i] == index;
    if (branch->choices.count)
        result.first = branch_at(branch, branch->fork);
    return result;
}

uint64_t timeline_switch(struct timeline *timeline, uint32_t branch)
{
    vector(uint32_t) path = {0};
    for (uint32_t at = branch;; at = timeline->branches.items[at].parent) {
        vector_push(&path, at);
        if (at == 0)
            break;
    }
    size_t same = 0;
    while (same < path.count && same < timeline->line.count &&
           path.items[path.count - 1 - same] == timeline->line.items[same])
        same++;
    /* Up to `same` branches are shared; the lines part at the earlier of the next forks, or where
     * the shared one ends. */
    uint64_t differs = branch_end(&timeline->branches.items[timeline->line.items[same - 1]]);
    if (same < path.count) {
        uint64_t fork = timeline->branches.items[path.items[path.count - 1 - same]].fork;
        differs = fork < differs ? fork : differs;
    }
    if (same < timeline->line.count) {
        uint64_t fork = timeline->branches.items[timeline->line.items[same]].fork;
        differs = fork < differs ? fork : differs;
    }
    timeline->line.count = 0;
    for (size_t i = path.count; i-- > 0;)
        vector_push(&timeline->line, path.items[i]);
    vector_fini(&path);
    return differs;
}

/* ---- Keyframes ---- */

/* The last keyframe of the branch at or before `step`, or NULL. */
static const struct keyframe *last_before(const struct branch *branch, uint64_t step)
{
    size_t low = 0, high = branch->keyframes.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (branch->keyframes.items[middle].step <= step)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &branch->keyframes.items[low - 1] : NULL;
}

/* The last keyframe of the line of play at or before `step`, and whose it is; NULL: there is none.
 */
static const struct keyframe *last_in_line(const struct timeline *timeline, uint64_t step,
                                           const struct branch **ret_branch)
{
    const struct keyframe *keyframe = NULL;
    uint64_t limit = step;
    for (size_t at = holder(timeline, step) + 1; at-- > 0 && !keyframe;) {
        *ret_branch = &timeline->branches.items[timeline->line.items[at]];
        keyframe = last_before(*ret_branch, limit);
        /* In the parent, only what lies before the fork is in the line. */
        limit = (*ret_branch)->fork < limit ? (*ret_branch)->fork : limit;
    }
    return keyframe;
}

bool timeline_wants_keyframe(const struct timeline *timeline, uint64_t step, size_t size)
{
    size_t at = holder(timeline, step);
    const struct branch *branch = &timeline->branches.items[timeline->line.items[at]];
    if (step == 0)
        return branch->keyframes.count == 0;
    /* Also where branch leaves branch after few steps each, the way back stays short. */
    const struct branch *whose;
    const struct keyframe *last = branch->keyframes.count ? &vector_last(&branch->keyframes)
                                                          : last_in_line(timeline, step, &whose);
    if (!last || step < last->step + SPACING)
        return false;
    /* What the last one took is the best guess of what this one will take. */
    size_t guess = branch->keyframes.count > 1 ? vector_last(&branch->keyframes).stored : size;
    return timeline->keyframe_bytes + guess <= FREE_BYTES + timeline->steps * BYTES_PER_STEP;
}

/* Differences between two states of the same size: runs of {offset in words, length in words,
 * words}. Returns NULL when they would take more than half of the state. */
static void *difference(const unsigned char *base, const unsigned char *now, size_t size,
                        size_t *ret_stored)
{
    size_t words = size / WORD, limit = size / 2, stored = 0;
    unsigned char *out = NULL;
    size_t room = 0;
    for (size_t at = 0; at < words;) {
        if (memcmp(base + at * WORD, now + at * WORD, WORD) == 0) {
            at++;
            continue;
        }
        size_t from = at;
        while (at < words && memcmp(base + at * WORD, now + at * WORD, WORD) != 0)
            at++;
        size_t bytes = (at - from) * WORD, needed = stored + 2 * sizeof(uint32_t) + bytes;
        if (needed + WORD > limit) {
            free(out);
            return NULL;
        }
        if (needed > room) {
            room = needed * 2;
            out = xrealloc(out, room);
        }
        uint32_t head[2] = {(uint32_t)from, (uint32_t)(at - from)};
        memcpy(out + stored, head, sizeof head);
        memcpy(out + stored + sizeof head, now + from * WORD, bytes);
        stored = needed;
    }
    size_t tail = size % WORD;
    out = xrealloc(out, stored + tail + 1);
    memcpy(out + stored, now + words * WORD, tail);
    *ret_stored = stored + tail;
    return out;
}

static void apply(unsigned char *state, size_t size, const unsigned char *stored, size_t length)
{
    size_t tail = size % WORD, at = 0;
    while (at + tail < length) {
        uint32_t head[2];
        memcpy(head, stored + at, sizeof head);
        at += sizeof head;
        memcpy(state + (size_t)head[0] * WORD, stored + at, (size_t)head[1] * WORD);
        at += (size_t)head[1] * WORD;
    }
    memcpy(state + size - tail, stored + at, tail);
}

void timeline_keep(struct timeline *timeline, uint64_t step, const void *bytes, size_t size)
{
    size_t at = holder(timeline, step);
    /* The state before a fork belongs to both; at the fork itself the branch that is left has it.
     */
    struct branch *branch = &timeline->branches.items[timeline->line.items[at]];
    struct keyframe keyframe = {.step = step, .size = size};
    keyframe.base = (uint32_t)branch->keyframes.count;
    if (branch->keyframes.count) {
        const struct keyframe *last = &vector_last(&branch->keyframes);
        const struct keyframe *base = &branch->keyframes.items[last->base];
        if (base->size == size)
            keyframe.bytes = difference(base->bytes, bytes, size, &keyframe.stored);
        if (keyframe.bytes)
            keyframe.base = last->base;
    }
    if (!keyframe.bytes) {
        keyframe.bytes = xmalloc(size ? size : 1);
        memcpy(keyframe.bytes, bytes, size);
        keyframe.stored = size;
    }
    timeline->keyframe_bytes += keyframe.stored + sizeof keyframe;
    vector_push(&branch->keyframes, keyframe);
}

uint64_t timeline_keyframe(struct timeline *timeline, uint64_t step, const void **ret_bytes,
                           size_t *ret_size)
{
    const struct branch *branch = NULL;
    const struct keyframe *keyframe = last_in_line(timeline, step, &branch);
    if (!keyframe)
        die("a timeline without its first keyframe");
    const struct keyframe *base = &branch->keyframes.items[keyframe->base];
    if (timeline->scratch_room < keyframe->size) {
        timeline->scratch = xrealloc(timeline->scratch, keyframe->size);
        timeline->scratch_room = keyframe->size;
    }
    if (base->size)
        memcpy(timeline->scratch, base->bytes, base->size);
    if (base != keyframe)
        apply(timeline->scratch, keyframe->size, keyframe->bytes, keyframe->stored);
    *ret_bytes = timeline->scratch;
    *ret_size = keyframe->size;
    return keyframe->step;
}

size_t timeline_memory(const struct timeline *timeline)
{
    size_t bytes = timeline->keyframe_bytes + timeline->scratch_room;
    vector_each (const struct branch, branch, &timeline->branches)
        bytes += sizeof *branch + branch->choices.capacity * sizeof *branch->choices.items +
                 branch->values.capacity * sizeof *branch->values.items;
    return bytes;
}
