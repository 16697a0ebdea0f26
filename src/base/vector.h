/*
 * A growing array of any type, as macros over a plain struct:
 *
 *     struct { int *items; size_t count, capacity; } numbers = {0};
 *     vector_push(&numbers, 7);
 *     vector_each(int, number, &numbers) total += *number;
 *     vector_fini(&numbers);
 *
 * Pointers into it last until the next push. Out of memory ends the program.
 */
#ifndef THRUM_BASE_VECTOR_H
#define THRUM_BASE_VECTOR_H

#include <stddef.h>
#include <stdlib.h>

#include "base/die.h"

#define vector(type)                                                                               \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

#define vector_reserve(v, n)                                                                       \
    do {                                                                                           \
        size_t vector_wanted_ = (n);                                                               \
        if (vector_wanted_ > (v)->capacity) {                                                      \
            size_t vector_room_ = (v)->capacity ? (v)->capacity * 2 : 8;                           \
            if (vector_room_ < vector_wanted_)                                                     \
                vector_room_ = vector_wanted_;                                                     \
            (v)->items = xrealloc((v)->items, vector_room_ * sizeof *(v)->items);                  \
            (v)->capacity = vector_room_;                                                          \
        }                                                                                          \
    } while (0)

#define vector_push(v, ...)                                                                        \
    do {                                                                                           \
        vector_reserve((v), (v)->count + 1);                                                       \
        (v)->items[(v)->count++] = __VA_ARGS__;                                                    \
    } while (0)

#define vector_last(v) ((v)->items[(v)->count - 1])

#define vector_each(type, name, v)                                                                 \
    for (__typeof__(type) *name = (v)->items, *name##_end_ = (v)->count ? (v)->items + (v)->count : name;      \
         name != name##_end_; name++)

/* The index of the first item for which `less` (an expression about `item`, a pointer to it) is
 * false, in a vector whose items are sorted so that it is true first: a binary search. */
#define vector_lower_bound(v, item, less)                                                          \
    __extension__({                                                                                \
        size_t vector_low_ = 0, vector_high_ = (v)->count;                                         \
        while (vector_low_ < vector_high_) {                                                       \
            size_t vector_middle_ = (vector_low_ + vector_high_) / 2;                              \
            __typeof__((v)->items) item = (v)->items + vector_middle_;                             \
            if (less)                                                                              \
                vector_low_ = vector_middle_ + 1;                                                  \
            else                                                                                   \
                vector_high_ = vector_middle_;                                                     \
        }                                                                                          \
        vector_low_;                                                                               \
    })

#define vector_fini(v)                                                                             \
    do {                                                                                           \
        free((v)->items);                                                                          \
        (v)->items = NULL;                                                                         \
        (v)->count = (v)->capacity = 0;                                                            \
    } while (0)

#endif
