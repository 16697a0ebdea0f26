#include "explore/findings.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "explore/space.h"

enum { TABLE = 2 * MAX_OUTCOMES };

void findings_init(struct findings *findings, uint32_t cell_count, uint32_t sometimes_count)
{
    memset(findings, 0, sizeof *findings);
    pthread_mutex_init(&findings->guard, NULL);
    findings->cell_count = cell_count;
    findings->held = xcalloc(sometimes_count + 1, sizeof *findings->held);
}

void findings_fini(struct findings *findings)
{
    for (uint32_t i = 0; i < findings->outcome_count; i++)
        free(findings->outcomes[i].cells);
    free(findings->outcomes);
    free(findings->outcome_table);
    free(findings->held);
    pthread_mutex_destroy(&findings->guard);
}

static bool same_kind(const struct kind_key *a, const struct kind_key *b)
{
    return a->verdict == b->verdict && a->what == b->what && a->position == b->position &&
           a->property == b->property;
}

static uint16_t find_kind(struct findings *findings, const struct kind_key *key)
{
    uint32_t count = atomic_load_explicit(&findings->kind_count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++)
        if (same_kind(&findings->kinds[i], key))
            return (uint16_t)i;
    return NO_FINDING;
}

uint16_t findings_kind(struct findings *findings, struct kind_key key)
{
    uint16_t found = find_kind(findings, &key);
    if (found != NO_FINDING)
        return found;
    pthread_mutex_lock(&findings->guard);
    found = find_kind(findings, &key);
    uint32_t count = atomic_load_explicit(&findings->kind_count, memory_order_relaxed);
    if (found == NO_FINDING && count < MAX_KINDS) {
        findings->kinds[count] = key;
        found = (uint16_t)count;
        atomic_store_explicit(&findings->kind_count, count + 1, memory_order_release);
    }
    findings->kinds_cut |= found == NO_FINDING;
    pthread_mutex_unlock(&findings->guard);
    return found;
}

static struct kind_key death_key(const struct death *death)
{
    if (death->exception == EXCEPTION_ASSERTION)
        return (struct kind_key){VERDICT_ASSERTION, death->message, death->position, -1};
    return (struct kind_key){VERDICT_ERROR, death->exception, death->position, -1};
}

uint16_t findings_death(struct findings *findings, const struct death *death)
{
    return findings_kind(findings, death_key(death));
}

static uint32_t add_outcome(struct findings *findings, const int64_t *cells, uint16_t failure)
{
    size_t size = findings->cell_count * sizeof *cells;
    if (!findings->outcomes) {
        findings->outcomes = xcalloc(MAX_OUTCOMES, sizeof *findings->outcomes);
        findings->outcome_table = xcalloc(TABLE, sizeof *findings->outcome_table);
    }
    uint64_t hash = hash_bytes(failure, cells, size);
    uint64_t at = hash % TABLE;
    for (; findings->outcome_table[at]; at = (at + 1) % TABLE) {
        uint32_t number = findings->outcome_table[at] - 1;
        const struct final_values *seen = &findings->outcomes[number];
        if (seen->hash == hash && seen->failure == failure && memcmp(seen->cells, cells, size) == 0)
            return number;
    }
    if (findings->outcome_count == MAX_OUTCOMES) {
        findings->outcomes_cut = true;
        return UINT32_MAX;
    }
    struct final_values *added = &findings->outcomes[findings->outcome_count];
    added->hash = hash;
    added->failure = failure;
    added->cells = xmalloc(size + 1);
    memcpy(added->cells, cells, size);
    findings->outcome_table[at] = ++findings->outcome_count;
    return findings->outcome_count - 1;
}

uint32_t findings_outcome(struct findings *findings, const int64_t *cells, uint16_t failure)
{
    pthread_mutex_lock(&findings->guard);
    uint32_t number = add_outcome(findings, cells, failure);
    pthread_mutex_unlock(&findings->guard);
    return number;
}
