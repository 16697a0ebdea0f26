/* Inside model/: the parts of a thread's region. */
#ifndef THRUM_MODEL_WORLD_LAYOUT_H
#define THRUM_MODEL_WORLD_LAYOUT_H

#include "model/program.h"

enum {
    WORLD_FACTS = 3, /* words after the head of every region of a program that makes threads */
    FACT_NAME = 0,   /* what name= said, a string value, or 0 */
    FACT_MADE = 1,   /* how many threads this one has made */
    FACT_BIRTH = 2,  /* of a thread made at run time: its function << 1, + 1 for a daemon */
    WORLD_DYING_SLOTS =
        2, /* PHASE_DYING: slot 0 the exception (raised_word()), slot 1 the message */
};

/* What never changes of a thread made at run time: its function, whether it is a daemon, and
 * without a name= the how manyeth of those of its maker it is, from 1. */
static inline int64_t birth_word(uint32_t function, bool daemon, uint32_t ordinal)
{
    return (int64_t)ordinal << 17 | function << 1 | daemon;
}
/* What making a thread adds to the FACT_MADE of its maker: threads made, then those without name=.
 */
static inline int64_t made_word(bool unnamed)
{
    return unnamed ? ((int64_t)1 << 32) + 1 : 1;
}
static inline uint32_t birth_function(int64_t word)
{
    return word >> 1 & 0xffff;
}
static inline uint32_t birth_ordinal(int64_t word)
{
    return (uint32_t)(word >> 17);
}

/* Threads can be made at run time, so regions have facts. */
bool program_makes_threads(const struct program *program);

/* Slots that the frames of a body and of all that it calls can take. */
uint32_t program_slots_below(const struct program *program, uint32_t function);

/* An exception and where it was raised, in the one word that a handler's kind slot and a dying
 * thread keep. */
static inline int64_t raised_word(enum exception kind, uint32_t source)
{
    return (int64_t)((uint64_t)source << 8 | kind);
}
static inline enum exception raised_kind(int64_t word)
{
    return (enum exception)(word & 0xff);
}
static inline uint32_t raised_source(int64_t word)
{
    return (uint32_t)((uint64_t)word >> 8);
}

#endif
