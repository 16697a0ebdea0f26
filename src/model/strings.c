/*
 * An open-addressing table of pointers to entries. Readers walk the current table without a lock;
 * writers hold the mutex, fill the entry, and publish its pointer with a release store that the
 * reader's acquire load pairs with. A table that is too full is copied to one twice its size, which
 * is published the same way; the old one stays allocated until the end, because a reader may still
 * walk it:
 *
 *     reader                               writer
 *     table = load-acquire(current)
 *                                          new = copy of table; store-release(current, new)
 *     entry = load-acquire(table->slot)    (the old table, unchanged but for nothing: still valid)
 *
 * A reader of the old table can miss a text entered after the copy; whoever looks a value up got
 * the value from a step that came after the entering, so it also sees the table that holds it.
 */
#include "model/strings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/die.h"
#include "model/program.h"

struct entry {
    int64_t value;
    const char *text;
};

struct slots {
    struct slots *older; /* kept for readers; freed with the table */
    size_t mask;         /* room - 1 */
    _Atomic(struct entry *) at[];
};

struct string_table {
    _Atomic(struct slots *) current; /* release by strings_intern(), acquire by every reader */
    pthread_mutex_t guard;           /* of everything below, and of writing to the slots */
    struct arena arena;
    size_t count;
};

static struct slots *slots_new(size_t room, struct slots *older)
{
    struct slots *slots = xcalloc(1, sizeof *slots + room * sizeof slots->at[0]);
    slots->older = older;
    slots->mask = room - 1;
    return slots;
}

struct string_table *strings_new(void)
{
    struct string_table *table = xcalloc(1, sizeof *table);
    pthread_mutex_init(&table->guard, NULL);
    atomic_init(&table->current, slots_new(64, NULL));
    return table;
}

void strings_free(struct string_table *table)
{
    if (!table)
        return;
    struct slots *slots = atomic_load_explicit(&table->current, memory_order_relaxed);
    while (slots) {
        struct slots *older = slots->older;
        free(slots);
        slots = older;
    }
    arena_fini(&table->arena);
    pthread_mutex_destroy(&table->guard);
    free(table);
}

static const struct entry *slots_find(const struct slots *slots, int64_t value)
{
    for (size_t at = (size_t)value & slots->mask;; at = (at + 1) & slots->mask) {
        const struct entry *entry = atomic_load_explicit(&slots->at[at], memory_order_acquire);
        if (!entry || entry->value == value)
            return entry;
    }
}

static void slots_put(struct slots *slots, struct entry *entry)
{
    size_t at = (size_t)entry->value & slots->mask;
    while (atomic_load_explicit(&slots->at[at], memory_order_relaxed))
        at = (at + 1) & slots->mask;
    atomic_store_explicit(&slots->at[at], entry, memory_order_release);
}

const char *strings_find(const struct string_table *table, int64_t value)
{
    const struct slots *slots = atomic_load_explicit(&table->current, memory_order_acquire);
    const struct entry *entry = slots_find(slots, value);
    return entry ? entry->text : NULL;
}

static struct slots *grown(struct string_table *table, struct slots *slots)
{
    struct slots *wider = slots_new((slots->mask + 1) * 2, slots);
    for (size_t i = 0; i <= slots->mask; i++) {
        struct entry *entry = atomic_load_explicit(&slots->at[i], memory_order_relaxed);
        if (entry)
            slots_put(wider, entry);
    }
    atomic_store_explicit(&table->current, wider, memory_order_release);
    return wider;
}

int64_t strings_intern(struct string_table *table, const char *text, size_t length)
{
    char terminated[MAX_STRING + 1];
    const char *copy = text;
    if (length <= MAX_STRING) {
        memcpy(terminated, text, length);
        terminated[length] = '\0';
        copy = terminated;
    }
    int64_t value = string_value(copy);
    if (strings_find(table, value))
        return value;
    pthread_mutex_lock(&table->guard);
    struct slots *slots = atomic_load_explicit(&table->current, memory_order_relaxed);
    if (!slots_find(slots, value)) {
        if (++table->count * 2 > slots->mask)
            slots = grown(table, slots);
        struct entry *entry = arena_new(&table->arena, struct entry);
        entry->value = value;
        entry->text = arena_strndup(&table->arena, text, length);
        slots_put(slots, entry);
    }
    pthread_mutex_unlock(&table->guard);
    return value;
}
