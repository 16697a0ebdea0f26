#include "model/world.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "model/model_private.h"

struct world *world_new(struct model *model)
{
    struct world *world = xcalloc(1, model->program->world_size + 16);
    world_copy(model, world, model->first);
    return world;
}

void world_free(struct world *world, const struct model *model)
{
    (void)model;
    free(world);
}

uint32_t world_thread_end(const struct model *model, const struct world *world)
{
    uint32_t declared = model->program->thread_count;
    uint32_t end = declared + atomic_load_explicit(&model->made_count, memory_order_acquire);
    while (end > declared &&
           head_status(model_head(model, (struct world *)world, end - 1)) == THREAD_UNBORN)
        end--;
    return end;
}

struct thread_head *world_thread(const struct model *model, struct world *world, uint32_t thread)
{
    return model_head(model, world, thread);
}

const struct thread_head *world_thread_const(const struct model *model, const struct world *world,
                                             uint32_t thread)
{
    return model_head(model, (struct world *)world, thread);
}

const uint32_t *world_regions(const struct model *model)
{
    return model->regions;
}

void *world_object(const struct model *model, struct world *world, uint32_t object)
{
    return model_object(model, world, object);
}

/* A stretch of words in use. Its length can be told from its first word alone. */
struct stretch {
    int64_t *words;
    uint32_t used;
};

/* Stretch number `index`: the cells and fixed objects, then each queue, then each region. */
static struct stretch stretch_at(const struct model *model, const struct world *world,
                                 uint32_t index)
{
    struct world *at = (struct world *)world;
    if (index == 0)
        return (struct stretch){at->words, model->fixed_words};
    if (index <= model->queue_count) {
        struct queue_state *queue = model_object(model, at, model->queue_objects[index - 1]);
        return (struct stretch){(int64_t *)queue, 1 + queue->count};
    }
    struct thread_head *head = model_head(model, at, index - 1 - model->queue_count);
    return (struct stretch){(int64_t *)head, model_region_used(model, head)};
}

static uint32_t stretch_count(const struct model *model, uint32_t thread_end)
{
    return 1 + model->queue_count + thread_end;
}

static uint32_t max_of(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

void world_copy(const struct model *model, struct world *to, const struct world *from)
{
    if (model->flat) {
        memcpy(to->words, from->words, model->program->world_size);
        return;
    }
    uint32_t end = max_of(world_thread_end(model, to), world_thread_end(model, from));
    uint32_t count = stretch_count(model, end);
    for (uint32_t i = 0; i < count; i++) {
        struct stretch source = stretch_at(model, from, i), target = stretch_at(model, to, i);
        memcpy(target.words, source.words, 8 * (size_t)source.used);
        if (target.used > source.used)
            memset(target.words + source.used, 0, 8 * (size_t)(target.used - source.used));
    }
}

uint64_t world_hash(const struct model *model, const struct world *world)
{
    uint64_t hash = 0;
    if (model->flat) {
        for (uint32_t i = 0; i < model->program->world_size / 8; i++)
            hash += world_word_hash(i, world->words[i]);
        return hash;
    }
    uint32_t count = stretch_count(model, world_thread_end(model, world));
    for (uint32_t i = 0; i < count; i++) {
        struct stretch stretch = stretch_at(model, world, i);
        uint32_t first = (uint32_t)(stretch.words - world->words);
        for (uint32_t k = 0; k < stretch.used; k++)
            hash += world_word_hash(first + k, stretch.words[k]);
    }
    return hash;
}

int world_compare(const struct model *model, const struct world *a, const struct world *b)
{
    if (model->flat)
        return memcmp(a->words, b->words, model->program->world_size);
    uint32_t end = max_of(world_thread_end(model, a), world_thread_end(model, b));
    uint32_t count = stretch_count(model, end);
    for (uint32_t i = 0; i < count; i++) {
        struct stretch left = stretch_at(model, a, i), right = stretch_at(model, b, i);
        if (left.used != right.used)
            return left.used < right.used ? -1 : 1;
        int order = memcmp(left.words, right.words, 8 * (size_t)left.used);
        if (order)
            return order;
    }
    return 0;
}

/*
 * ---- packing ----
 * A byte that says which of the next eight words are not zero, then those words: each a byte that
 * says which of its bytes are not zero, then those bytes.
 */

struct packer {
    unsigned char *at;   /* the next byte */
    unsigned char *mask; /* the current mask byte */
    unsigned nth;        /* words since that byte */
};

static void pack_words(struct packer *packer, const int64_t *words, uint32_t count)
{
    unsigned char *at = packer->at, *word_mask = packer->mask;
    unsigned nth = packer->nth;
    for (uint32_t i = 0; i < count; i++, nth = (nth + 1) & 7) {
        uint64_t word = (uint64_t)words[i];
        if (nth == 0) {
            word_mask = at++;
            *word_mask = 0;
        }
        if (!word)
            continue;
        *word_mask |= (unsigned char)(1u << nth);
        unsigned mask = world_byte_mask(word);
        *at++ = (unsigned char)mask;
        for (; mask; mask >>= 1, word >>= 8)
            if (mask & 1)
                *at++ = (unsigned char)word;
    }
    *packer = (struct packer){at, word_mask, nth};
}

static size_t packed_size(const struct model *model, const struct world *world, uint32_t end)
{
    size_t words = 0, size = model->facts ? 2 : 0;
    uint32_t count = stretch_count(model, end);
    for (uint32_t i = 0; i < count; i++) {
        struct stretch stretch = stretch_at(model, world, i);
        words += stretch.used;
        for (uint32_t j = 0; j < stretch.used; j++)
            if (stretch.words[j])
                size += 1 + (size_t)__builtin_popcount(world_byte_mask((uint64_t)stretch.words[j]));
    }
    return size + (words + 7) / 8;
}

size_t world_pack(const struct model *model, const struct world *world, void *out, size_t room)
{
    uint32_t end = world_thread_end(model, world);
    /* No state of a small world needs more than this. */
    size_t most =
        2 + 9 * (size_t)(model->program->world_size / 8) + model->program->world_size / 64 + 1;
    if (room < most) {
        size_t size = packed_size(model, world, end);
        if (size > room)
            return size;
    }
    struct packer packer = {.at = out};
    if (model->facts) {
        *packer.at++ = (unsigned char)(end & 0xff);
        *packer.at++ = (unsigned char)(end >> 8);
    }
    uint32_t count = stretch_count(model, end);
    for (uint32_t i = 0; i < count; i++) {
        struct stretch stretch = stretch_at(model, world, i);
        pack_words(&packer, stretch.words, stretch.used);
    }
    return (size_t)(packer.at - (unsigned char *)out);
}

struct unpacker {
    const unsigned char *at;
    unsigned mask, nth;
};

static int64_t unpack_word(struct unpacker *unpacker)
{
    if (unpacker->nth == 0)
        unpacker->mask = *unpacker->at++;
    uint64_t word = 0;
    if (unpacker->mask >> unpacker->nth & 1)
        for (unsigned mask = *unpacker->at++; mask; mask &= mask - 1)
            word |= (uint64_t)*unpacker->at++ << (8 * __builtin_ctz(mask));
    unpacker->nth = (unpacker->nth + 1) & 7;
    return (int64_t)word;
}

static void unpack_stretch(const struct model *model, struct world *world, uint32_t index,
                           struct unpacker *unpacker)
{
    struct stretch before = stretch_at(model, world, index);
    if (before.used == 0)
        return;
    before.words[0] = unpack_word(unpacker);
    uint32_t used = stretch_at(model, world, index).used;
    for (uint32_t i = 1; i < used; i++)
        before.words[i] = unpack_word(unpacker);
    if (before.used > used)
        memset(before.words + used, 0, 8 * (size_t)(before.used - used));
}

void world_unpack(const struct model *model, struct world *world, const void *bytes, size_t size)
{
    struct unpacker unpacker = {.at = bytes};
    uint32_t end = model->program->thread_count, dirty = world_thread_end(model, world);
    (void)size;
    if (model->facts) {
        end = unpacker.at[0] | (uint32_t)unpacker.at[1] << 8;
        unpacker.at += 2;
    }
    uint32_t count = stretch_count(model, end);
    for (uint32_t i = 0; i < count; i++)
        unpack_stretch(model, world, i, &unpacker);
    for (uint32_t i = count; i < stretch_count(model, dirty); i++) {
        struct stretch stale = stretch_at(model, world, i);
        memset(stale.words, 0, 8 * (size_t)stale.used);
    }
}
