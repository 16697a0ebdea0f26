#include "lang/types.h"

const struct type type_error = {.shape = TYPE_ERROR};
const struct type type_unknown = {.shape = TYPE_UNKNOWN};
const struct type type_none = {.shape = TYPE_NONE};
const struct type type_integer = {.shape = TYPE_INTEGER};
const struct type type_boolean = {.shape = TYPE_BOOLEAN};
const struct type type_string = {.shape = TYPE_STRING};
const struct type type_duration = {.shape = TYPE_DURATION};
const struct type type_thread = {.shape = TYPE_THREAD};
const struct type type_exception = {.shape = TYPE_EXCEPTION};
const struct type type_optional_integer = {.shape = TYPE_INTEGER, .optional = true};

static struct type *make(struct arena *arena, enum type_shape shape)
{
    struct type *type = arena_new(arena, struct type);
    type->shape = shape;
    return type;
}

const struct type *type_object(struct arena *arena, enum object_type object)
{
    struct type *type = make(arena, TYPE_OBJECT);
    type->object = object;
    return type;
}

const struct type *type_list(struct arena *arena, const struct type *item, uint32_t length)
{
    struct type *type = make(arena, TYPE_LIST);
    type->item = item;
    type->count = length;
    return type;
}

const struct type *type_tuple(struct arena *arena, const struct type **items, uint32_t count)
{
    struct type *type = make(arena, TYPE_TUPLE);
    type->items = items;
    type->count = count;
    return type;
}

const struct type *type_optional(struct arena *arena, const struct type *type)
{
    if (type->optional || type->shape == TYPE_NONE || type_vague(type))
        return type;
    struct type *copy = make(arena, type->shape);
    *copy = *type;
    copy->optional = true;
    return copy;
}

const struct type *type_not_none(struct arena *arena, const struct type *type)
{
    if (!type->optional)
        return type;
    struct type *copy = make(arena, type->shape);
    *copy = *type;
    copy->optional = false;
    return copy;
}

bool type_vague(const struct type *type)
{
    return type->shape == TYPE_ERROR || type->shape == TYPE_UNKNOWN;
}

bool type_is_number(const struct type *type)
{
    return type->shape == TYPE_INTEGER || type->shape == TYPE_DURATION;
}

bool type_unfinished(const struct type *type)
{
    if (type->shape == TYPE_LIST)
        return type->count > 0 && type_unfinished(type->item);
    if (type->shape == TYPE_TUPLE)
        for (uint32_t i = 0; i < type->count; i++)
            if (type_unfinished(type->items[i]))
                return true;
    return type_vague(type);
}

bool type_same(const struct type *a, const struct type *b)
{
    if (a == b)
        return true;
    if (a->shape != b->shape || a->optional != b->optional || a->count != b->count ||
        (a->shape == TYPE_OBJECT && a->object != b->object))
        return false;
    if (a->shape == TYPE_LIST)
        return type_same(a->item, b->item);
    if (a->shape == TYPE_TUPLE)
        for (uint32_t i = 0; i < a->count; i++)
            if (!type_same(a->items[i], b->items[i]))
                return false;
    return true;
}

static bool may_be_none(const struct type *type)
{
    return type->shape != TYPE_TUPLE && type->shape != TYPE_LIST && type->shape != TYPE_EXCEPTION;
}

static const struct type *join_tuples(struct arena *arena, const struct type *a,
                                      const struct type *b)
{
    const struct type **items = arena_array(arena, const struct type *, a->count + 1);
    for (uint32_t i = 0; i < a->count; i++) {
        items[i] = type_join(arena, a->items[i], b->items[i]);
        if (!items[i])
            return NULL;
    }
    return type_tuple(arena, items, a->count);
}

const struct type *type_join(struct arena *arena, const struct type *a, const struct type *b)
{
    if (b->shape == TYPE_UNKNOWN || a->shape == TYPE_ERROR || type_same(a, b))
        return a;
    if (a->shape == TYPE_UNKNOWN || b->shape == TYPE_ERROR)
        return b->shape == TYPE_ERROR ? a : b;
    if (b->shape == TYPE_NONE)
        return may_be_none(a) ? type_optional(arena, a) : NULL;
    if (a->shape == TYPE_NONE)
        return may_be_none(b) ? type_optional(arena, b) : NULL;
    if (a->shape != b->shape || a->count != b->count ||
        (a->shape == TYPE_OBJECT && a->object != b->object))
        return NULL;
    if (a->shape == TYPE_TUPLE)
        return join_tuples(arena, a, b);
    if (a->shape == TYPE_LIST) {
        const struct type *item = type_join(arena, a->item, b->item);
        return item ? type_list(arena, item, a->count) : NULL;
    }
    return a->optional ? a : b; /* they differ in this alone */
}

uint32_t type_width(const struct type *type)
{
    if (type->shape == TYPE_EXCEPTION)
        return 2;
    if (type->shape == TYPE_LIST)
        return type->count * type_width(type->item);
    if (type->shape != TYPE_TUPLE)
        return 1;
    uint32_t width = 0;
    for (uint32_t i = 0; i < type->count; i++)
        width += type_width(type->items[i]);
    return width;
}

static const char *noun(const struct type *type)
{
    switch (type->shape) {
    case TYPE_ERROR:
    case TYPE_UNKNOWN: return "something unknown";
    case TYPE_NONE: return "None";
    case TYPE_INTEGER: return "an integer";
    case TYPE_BOOLEAN: return "a boolean";
    case TYPE_STRING: return "a string";
    case TYPE_DURATION: return "a duration";
    case TYPE_OBJECT: return object_type_names[type->object];
    case TYPE_THREAD: return "a thread";
    case TYPE_TUPLE: return "a tuple";
    case TYPE_LIST: return "a list";
    case TYPE_EXCEPTION: return "an exception";
    }
    return "";
}

const char *type_words(struct arena *arena, const struct type *type)
{
    const char *word = noun(type), *or_none = type->optional ? " or None" : "";
    bool vowel = type->shape == TYPE_OBJECT &&
                 (type->object == OBJECT_EVENT || type->object == OBJECT_RLOCK);
    if (type->shape == TYPE_OBJECT)
        return arena_printf(arena, "%s %s%s", vowel ? "an" : "a", word, or_none);
    if (type->shape == TYPE_TUPLE)
        return arena_printf(arena, "a tuple of %u", type->count);
    if (type->shape == TYPE_LIST)
        return arena_printf(arena, "a list of %u", type->count);
    return arena_printf(arena, "%s%s", word, or_none);
}

static enum kind slot_kind(const struct type *type)
{
    switch (type->shape) {
    case TYPE_BOOLEAN: return KIND_BOOLEAN;
    case TYPE_STRING: return KIND_STRING;
    case TYPE_DURATION: return KIND_DURATION;
    case TYPE_NONE: return KIND_NONE;
    case TYPE_OBJECT: return KIND_OBJECT;
    case TYPE_THREAD: return KIND_THREAD;
    case TYPE_ERROR:
    case TYPE_UNKNOWN:
    case TYPE_INTEGER:
    case TYPE_TUPLE:
    case TYPE_LIST:
    case TYPE_EXCEPTION: break;
    }
    return KIND_INTEGER;
}

void type_slots(const struct type *type, uint8_t *kinds, uint8_t *optional)
{
    if (type->shape == TYPE_TUPLE) {
        for (uint32_t i = 0, at = 0; i < type->count; at += type_width(type->items[i]), i++)
            type_slots(type->items[i], kinds + at, optional + at);
        return;
    }
    if (type->shape == TYPE_LIST) {
        uint32_t width = type_width(type->item);
        for (uint32_t i = 0; i < type->count; i++)
            type_slots(type->item, kinds + i * width, optional + i * width);
        return;
    }
    kinds[0] = (uint8_t)slot_kind(type);
    optional[0] = type->optional;
    if (type->shape == TYPE_EXCEPTION) {
        kinds[1] = KIND_STRING;
        optional[1] = 0;
    }
}
