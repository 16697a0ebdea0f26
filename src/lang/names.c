/* Tables: names to symbols, string values to texts. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lang/check.h"

static uint32_t slot_of(const struct names *names, const char *name)
{
    uint32_t at = (uint32_t)hash_bytes(1, name, strlen(name)) & (names->room - 1);
    while (names->slots[at] && strcmp(names->slots[at]->name, name) != 0)
        at = (at + 1) & (names->room - 1);
    return at;
}

static void grow(struct names *names)
{
    struct names old = *names;
    names->room = old.room ? old.room * 2 : 16;
    names->slots = xcalloc(names->room, sizeof(struct symbol *));
    for (uint32_t i = 0; i < old.room; i++)
        if (old.slots[i])
            names->slots[slot_of(names, old.slots[i]->name)] = old.slots[i];
    free(old.slots);
}

void names_add(struct names *names, struct symbol *symbol)
{
    if ((names->count + 1) * 2 > names->room)
        grow(names);
    names->slots[slot_of(names, symbol->name)] = symbol;
    names->count++;
}

struct symbol *names_find(const struct names *names, const char *name)
{
    return names->room ? names->slots[slot_of(names, name)] : NULL;
}

void names_fini(struct names *names)
{
    free(names->slots);
    *names = (struct names){0};
}

static uint32_t string_slot(const struct check *check, int64_t value)
{
    uint32_t at = (uint32_t)hash_word(1, (uint64_t)value) & (check->string_room - 1);
    while (check->string_slots[at] &&
           check->string_values.items[check->string_slots[at] - 1] != value)
        at = (at + 1) & (check->string_room - 1);
    return at;
}

int64_t check_string(struct check *check, const char *text)
{
    int64_t value = string_value(text);
    if ((check->strings.count + 1) * 2 > check->string_room) {
        free(check->string_slots);
        check->string_room = check->string_room ? check->string_room * 2 : 64;
        check->string_slots = xcalloc(check->string_room, sizeof(uint32_t));
        for (uint32_t i = 0; i < check->strings.count; i++)
            check->string_slots[string_slot(check, check->string_values.items[i])] = i + 1;
    }
    uint32_t at = string_slot(check, value);
    if (check->string_slots[at] == 0) {
        vector_push(&check->strings, arena_strdup(check->keep, text));
        vector_push(&check->string_values, value);
        check->string_slots[at] = (uint32_t)check->strings.count;
    }
    return value;
}

const char *check_string_text(struct check *check, int64_t value)
{
    if (value == 0 || check->string_room == 0)
        return "";
    uint32_t index = check->string_slots[string_slot(check, value)];
    return index ? check->strings.items[index - 1] : "";
}
