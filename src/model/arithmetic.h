/*
 * Integers and durations of the language: 64 bits with a sign, less the lowest, which stands for
 * None (NONE_VALUE). What goes beyond raises OverflowError in a thread, and is a mistake of the
 * file at the top. Division is Python's: it rounds down, and a remainder has the sign of the
 * divisor.
 */
#ifndef THRUM_MODEL_ARITHMETIC_H
#define THRUM_MODEL_ARITHMETIC_H

#include "model/program.h"

/* ADD, SUB, MUL, FLOORDIV and MOD of `a` and `b`, which is not 0 for the last two; NEG and ABS of
 * `a`, which is negative for ABS. False: the result does not fit. */
static inline bool arithmetic(uint8_t op, int64_t a, int64_t b, int64_t *ret_value)
{
    bool overflow = false;
    int64_t value = 0;
    switch (op) {
    case OP_ADD: overflow = __builtin_add_overflow(a, b, &value); break;
    case OP_SUB: overflow = __builtin_sub_overflow(a, b, &value); break;
    case OP_MUL: overflow = __builtin_mul_overflow(a, b, &value); break;
    case OP_NEG:
    case OP_ABS: overflow = __builtin_sub_overflow((int64_t)0, a, &value); break;
    case OP_FLOORDIV:
        if (b == -1) /* a / b would trap for the lowest a */
            overflow = __builtin_sub_overflow((int64_t)0, a, &value);
        else
            value = a / b - (a % b != 0 && (a < 0) != (b < 0));
        break;
    case OP_MOD:
        value = b == -1 ? 0 : a % b;
        if (value != 0 && (value < 0) != (b < 0))
            value += b;
        break;
    }
    *ret_value = value;
    return !overflow && value != NONE_VALUE;
}

#endif
