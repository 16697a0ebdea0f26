#include "explore/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

void columns_init(struct columns *columns, const int64_t *first, uint32_t words)
{
    *columns = (struct columns){.words = words};
    columns->first = xmalloc(8 * (size_t)words);
    memcpy(columns->first, first, 8 * (size_t)words);
    columns->bytes = xmalloc(8 * (size_t)words * sizeof *columns->bytes);
    columns->column_of = xmalloc(8 * (size_t)words * sizeof *columns->column_of);
    columns->moving = xcalloc(words, sizeof *columns->moving);
    pthread_mutex_init(&columns->guard, NULL);
}

void columns_fini(struct columns *columns)
{
    free(columns->first);
    free(columns->bytes);
    free(columns->column_of);
    free(columns->moving);
    pthread_mutex_destroy(&columns->guard);
}

uint64_t columns_bytes(const struct columns *columns)
{
    return (uint64_t)columns->words * (8 + 8 * sizeof(uint32_t) * 2 + 1);
}

static unsigned char first_byte(const struct columns *columns, uint32_t column)
{
    return ((const unsigned char *)columns->first)[columns->bytes[column]];
}

/* Where among all bytes byte `nth` of a word is, counted from its lowest. */
static inline uint32_t place(uint32_t word, uint32_t nth)
{
    return 8 * word + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 7 - nth : nth);
}

static void add(struct columns *columns, uint32_t word, unsigned mask)
{
    pthread_mutex_lock(&columns->guard);
    uint32_t count = atomic_load_explicit(&columns->count, memory_order_relaxed);
    unsigned known = atomic_load_explicit(&columns->moving[word], memory_order_relaxed);
    for (uint32_t i = 0; i < 8; i++)
        if (mask & ~known & 1u << i) {
            columns->column_of[place(word, i)] = count;
            columns->bytes[count++] = place(word, i);
        }
    atomic_store_explicit(&columns->count, count, memory_order_release);
    atomic_store_explicit(&columns->moving[word], (uint8_t)(mask | known), memory_order_release);
    pthread_mutex_unlock(&columns->guard);
}

/* A word may differ from the first state in the bytes where `difference` is not zero. */
static inline void note(struct columns *columns, uint32_t word, uint64_t difference)
{
    unsigned mask = world_byte_mask(difference);
    if (mask & ~(unsigned)atomic_load_explicit(&columns->moving[word], memory_order_acquire))
        add(columns, word, mask);
}

uint32_t columns_pack_changes(struct columns *columns, const unsigned char *parent,
                              uint32_t parent_count, const struct change *changes, uint32_t count,
                              unsigned char *out)
{
    for (uint32_t i = 0; i < count; i++)
        note(columns, changes[i].word, (uint64_t)(changes[i].before ^ changes[i].after));
    uint32_t columns_now = atomic_load_explicit(&columns->count, memory_order_acquire);
    memcpy(out, parent, parent_count);
    for (uint32_t i = parent_count; i < columns_now; i++)
        out[i] = first_byte(columns, i);
    for (uint32_t i = 0; i < count; i++) {
        unsigned mask = world_byte_mask((uint64_t)(changes[i].before ^ changes[i].after));
        for (; mask; mask &= mask - 1) {
            uint32_t nth = (uint32_t)__builtin_ctz(mask);
            out[columns->column_of[place(changes[i].word, nth)]] =
                (unsigned char)((uint64_t)changes[i].after >> (8 * nth));
        }
    }
    return columns_now;
}

uint32_t columns_pack(struct columns *columns, const int64_t *words, unsigned char *out)
{
    for (uint32_t i = 0; i < columns->words; i++)
        if (words[i] != columns->first[i])
            note(columns, i, (uint64_t)(words[i] ^ columns->first[i]));
    uint32_t count = atomic_load_explicit(&columns->count, memory_order_acquire);
    const unsigned char *bytes = (const unsigned char *)words;
    for (uint32_t i = 0; i < count; i++)
        out[i] = bytes[columns->bytes[i]];
    return count;
}

void columns_unpack(const struct columns *columns, int64_t *words, uint32_t dirty,
                    const unsigned char *packed, uint32_t count)
{
    unsigned char *bytes = (unsigned char *)words;
    for (uint32_t i = 0; i < count; i++)
        bytes[columns->bytes[i]] = packed[i];
    for (uint32_t i = count; i < dirty; i++)
        bytes[columns->bytes[i]] = first_byte(columns, i);
}

bool columns_same(const struct columns *columns, const unsigned char *a, uint32_t a_count,
                  const unsigned char *b, uint32_t b_count)
{
    uint32_t both = a_count < b_count ? a_count : b_count;
    if (memcmp(a, b, both) != 0)
        return false;
    const unsigned char *rest = a_count > b_count ? a : b;
    uint32_t end = a_count > b_count ? a_count : b_count;
    for (uint32_t i = both; i < end; i++)
        if (rest[i] != first_byte(columns, i))
            return false;
    return true;
}
