#include "explore/visited.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/die.h"

enum {
    LARGE = 1 << 22
}; /* bytes from which a table is mapped by itself, in huge pages where there are any */

/* Fingerprints are well mixed, so probing in order is fine up to about two thirds full. */
static uint64_t slots_for(uint64_t states)
{
    uint64_t slots = 1024;
    while (slots * 5 < states * 8)
        slots *= 2;
    return slots;
}

/* Zeroed. Probes of a large table go all over it: with small pages each would also miss the TLB. */
static struct visited_slot *new_slots(uint64_t count)
{
    size_t size = count * sizeof(struct visited_slot);
    if (size < LARGE)
        return xcalloc(count, sizeof(struct visited_slot));
    void *slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED)
        die("out of memory");
    madvise(slots, size, MADV_HUGEPAGE);
    return slots;
}

static void free_slots(struct visited_slot *slots, uint64_t count)
{
    if (count * sizeof *slots < LARGE)
        free(slots);
    else if (slots)
        munmap(slots, count * sizeof *slots);
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
    free_slots(visited->slots, visited->mask + 1);
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
    free_slots(old, old_count);
}
