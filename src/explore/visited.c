#include "explore/visited.h"

#include <stdlib.h>

#include "base/die.h"

/* Fingerprints are well mixed, so probing in order is fine up to about two thirds full. */
static uint64_t slots_for(uint64_t states)
{
    uint64_t slots = 1024;
    while (slots * 5 < states * 8)
        slots *= 2;
    return slots;
}

static struct visited_slot *new_slots(uint64_t count)
{
    return xcalloc(count, sizeof(struct visited_slot));
}

void visited_init(struct visited *visited, uint64_t room)
{
    uint64_t slots = slots_for(room);
    visited->slots = new_slots(slots);
    visited->mask = slots - 1;
    visited->count = 0;
}

void visited_fini(struct visited *visited)
{
    free(visited->slots);
    visited->slots = NULL;
}

void visited_reserve(struct visited *visited, uint64_t more)
{
    uint64_t wanted = slots_for(visited->count + more);
    if (wanted <= visited->mask + 1)
        return;
    struct visited_slot *old = visited->slots;
    uint64_t old_count = visited->mask + 1;
    visited->slots = new_slots(wanted);
    visited->mask = wanted - 1;
    for (uint64_t i = 0; i < old_count; i++) {
        uint64_t key = atomic_load_explicit(&old[i].key, memory_order_relaxed);
        if (!key)
            continue;
        uint64_t at = key & visited->mask;
        while (atomic_load_explicit(&visited->slots[at].key, memory_order_relaxed))
            at = (at + 1) & visited->mask;
        atomic_store_explicit(&visited->slots[at].key, key, memory_order_relaxed);
        visited->slots[at].number = old[i].number;
        visited->slots[at].reference = old[i].reference;
    }
    free(old);
}
