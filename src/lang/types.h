/*
 * Kinds of values as the check knows them. Immutable, and compared by structure, so they may share
 * parts; those that are made lie in the arena given.
 */
#ifndef THRUM_LANG_TYPES_H
#define THRUM_LANG_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/program.h"

enum type_shape {
    TYPE_ERROR,   /* of something reported already: agrees with everything */
    TYPE_UNKNOWN, /* not inferred yet */
    TYPE_NONE,    /* None and nothing else */
    TYPE_INTEGER,
    TYPE_BOOLEAN,
    TYPE_STRING,
    TYPE_DURATION,
    TYPE_OBJECT,
    TYPE_THREAD,
    TYPE_TUPLE,
    TYPE_LIST,
    TYPE_EXCEPTION, /* what `except … as e` gives */
};

struct type {
    enum type_shape shape;
    bool optional;                   /* or None; only scalars, objects and threads */
    enum object_type object;         /* TYPE_OBJECT: its class */
    uint32_t count;                  /* TYPE_TUPLE: its items; TYPE_LIST: its length */
    const struct type *const *items; /* TYPE_TUPLE */
    const struct type *item;         /* TYPE_LIST */
};

enum {
    TUPLE_MAX = 32,     /* items of a tuple */
    TYPE_DEPTH_MAX = 4, /* tuples and lists in each other */
};

extern const struct type type_error, type_unknown, type_none, type_integer, type_boolean,
    type_string, type_duration, type_thread, type_exception, type_optional_integer;

const struct type *type_object(struct arena *arena, enum object_type object);
const struct type *type_list(struct arena *arena, const struct type *item, uint32_t length);
const struct type *type_tuple(struct arena *arena, const struct type **items, uint32_t count);
const struct type *type_optional(struct arena *arena, const struct type *type);
const struct type *type_not_none(struct arena *arena, const struct type *type);

/* The smallest kind that holds both; NULL when there is none. */
const struct type *type_join(struct arena *arena, const struct type *a, const struct type *b);
bool type_same(const struct type *a, const struct type *b);

/* ERROR or UNKNOWN: nothing can be said. */
bool type_vague(const struct type *type);
/* INTEGER or DURATION: what can be reckoned with. */
bool type_is_number(const struct type *type);
/* Contains something that is UNKNOWN or ERROR. */
bool type_unfinished(const struct type *type);

/* Slots that a value takes; a list: those of all its elements. */
uint32_t type_width(const struct type *type);

/* "an integer", "a Lock or None", "a list of 5 integers". Lives in the arena. */
const char *type_words(struct arena *arena, const struct type *type);

/* Writes enum kind and 0/1 optional of each slot. */
void type_slots(const struct type *type, uint8_t *kinds, uint8_t *optional);

#endif
