/* 64-bit hashing of bytes and words (wyhash's mixing, public domain, Wang Yi). Inline: it is hot.
 */
#ifndef THRUM_BASE_HASH_H
#define THRUM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A well-mixed word for (seed, value); different seeds give independent functions. */
static inline uint64_t hash_word(uint64_t seed, uint64_t value)
{
    return hash_mix(value ^ 0xa0761d6478bd642full, seed ^ 0xe7037ed1a0b428dbull);
}

/* For short keys; the same bytes give the same value on every machine of this byte order. */
static inline uint64_t hash_bytes(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t state = seed ^ 0x8ebc6af09c88c6e3ull, a = 0, b = 0;
    size_t left = size;
    for (; left > 16; left -= 16, at += 16) {
        memcpy(&a, at, 8);
        memcpy(&b, at + 8, 8);
        state = hash_mix(a ^ 0xa0761d6478bd642full, b ^ state);
    }
    a = b = 0;
    memcpy(&a, at, left > 8 ? 8 : left);
    if (left > 8)
        memcpy(&b, at + 8, left - 8);
    return hash_mix(0x589965cc75374cc3ull ^ size, hash_mix(a ^ 0xa0761d6478bd642full, b ^ state));
}

/* The same idea for larger blocks: four chains side by side, since one waits for its own
 * multiplications. Its values differ from those of hash_bytes(). */
static inline uint64_t hash_block(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *at = data;
    /* No lane may begin with a value that data can be: a product with 0 forgets the other factor.
     */
    uint64_t lanes[4] = {seed ^ 0x2d358dccaa6c78a5ull, seed ^ 0x8ebc6af09c88c6e3ull,
                         seed ^ 0x589965cc75374cc3ull, seed ^ 0x1d8e4e27c47d124full};
    size_t left = size;
    for (; left >= 64; left -= 64, at += 64)
        for (int i = 0; i < 4; i++) {
            uint64_t a = 0, b = 0;
            memcpy(&a, at + 16 * i, 8);
            memcpy(&b, at + 16 * i + 8, 8);
            lanes[i] = hash_mix(a ^ 0xa0761d6478bd642full, b ^ lanes[i]);
        }
    uint64_t state = hash_mix(lanes[0] ^ 0xe7037ed1a0b428dbull, lanes[1]) ^
                     hash_mix(lanes[2] ^ 0xa0761d6478bd642full, lanes[3]);
    return hash_bytes(state ^ size, at, left);
}

/* A small seeded generator for policies, jitter and tests (splitmix64). */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* Uniform in 0 … bound-1; bound > 0. */
static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)random_next(state) * bound) >> 64);
}

#endif
