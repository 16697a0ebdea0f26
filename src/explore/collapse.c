#include "explore/collapse.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"

/* ---- parts ---- */

bool collapse_fits(const struct space_shape *shape)
{
    return shape->columned && shape->program->thread_count <= COLLAPSE_THREADS &&
           world_region_most(shape->model) <= COLLAPSE_REGION;
}

void collapse_init(struct collapse *collapse, struct space_shape *shape)
{
    uint32_t threads = shape->program->thread_count;
    *collapse = (struct collapse){.shape = shape, .threads = threads};
    collapse->shared = shape->regions[0] / 8;
    collapse->chunks = xcalloc((size_t)threads * PART_CHUNKS, sizeof *collapse->chunks);
    collapse->counts = xcalloc(threads, sizeof *collapse->counts);
    collapse->situations = xcalloc(SITUATION_LISTS, sizeof *collapse->situations);
    collapse->table_mask = 255;
    collapse->table = xcalloc(collapse->table_mask + 1, sizeof *collapse->table);
    pthread_mutex_init(&collapse->guard, NULL);
}

void collapse_fini(struct collapse *collapse)
{
    for (uint32_t i = 0; i < collapse->threads; i++)
        for (uint32_t k = 0; k * PART_CHUNK < collapse->counts[i]; k++)
            free(atomic_load_explicit(&collapse->chunks[(size_t)i * PART_CHUNKS + k],
                                      memory_order_relaxed));
    free(collapse->chunks);
    free(collapse->counts);
    free(collapse->situations);
    free(collapse->table);
    arena_fini(&collapse->arena);
    pthread_mutex_destroy(&collapse->guard);
}

uint64_t collapse_bytes(const struct collapse *collapse)
{
    return collapse->arena.used + (collapse->table_mask + 1ull) * sizeof *collapse->table +
           collapse->part_count * sizeof(struct part *);
}

static inline const struct part *part_at(const struct collapse *collapse, uint32_t thread,
                                         uint32_t number)
{
    struct part **chunk =
        atomic_load_explicit(&collapse->chunks[(size_t)thread * PART_CHUNKS + number / PART_CHUNK],
                             memory_order_acquire);
    return chunk[number % PART_CHUNK];
}

static struct word_span region_of(const struct collapse *collapse, uint32_t thread)
{
    const struct program *program = collapse->shape->program;
    return (struct word_span){collapse->shape->regions[thread] / 8,
                              program->threads[thread].size / 8};
}

static uint64_t region_hash(struct word_span region, const int64_t *words)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < region.count; i++)
        hash += world_word_hash(region.first + i, words[i]);
    return hash;
}

/* The word of a vector that stands for a word of the world. */
static uint32_t vector_word(const struct collapse *collapse, uint32_t word)
{
    if (word < collapse->shared)
        return word;
    uint32_t thread = 0;
    while (thread + 1 < collapse->threads && collapse->shape->regions[thread + 1] / 8 <= word)
        thread++;
    return collapse->shared + thread;
}

/* What the next operation of a new part is about. */
static void find_about(struct collapsed *collapsed, struct part *part)
{
    struct collapse *collapse = collapsed->shared;
    struct word_span spans[WORD_SPANS];
    uint32_t count = world_touches(collapse->shape->model, collapsed->world, part->thread, spans),
             words = 0;
    part->known = count > 0;
    for (uint32_t i = 1; i < count; i++)
        words += spans[i].first < collapse->shared ? spans[i].count : 1;
    part->about = arena_array(&collapse->arena, uint32_t, words + 1);
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t k = 0; k < (spans[i].first < collapse->shared ? spans[i].count : 1); k++)
            part->about[part->word_count++] = vector_word(collapse, spans[i].first + k);
}

/* A new part, whose words stand in the world. */
static struct part *make_part(struct collapsed *collapsed, uint32_t thread, uint64_t hash)
{
    struct collapse *collapse = collapsed->shared;
    const struct space_shape *shape = collapse->shape;
    struct word_span region = region_of(collapse, thread);
    const int64_t *words = collapsed->world->words + region.first;
    const struct thread_head *head = (const struct thread_head *)words;
    struct part *part = arena_new(&collapse->arena, struct part);
    int64_t *kept = arena_array(&collapse->arena, int64_t, region.count);
    memcpy(kept, words, 8 * (size_t)region.count);
    *part = (struct part){.thread = thread, .hash = hash, .words = kept, .known = true};
    part->alive = head->status == THREAD_ALIVE;
    if (!part->alive)
        return part;
    struct state state = {.world = collapsed->world};
    part->place = shape->places[head->pc];
    find_about(collapsed, part);
    if (part->place & PLACE_ACCESS)
        space_access(collapsed->space, &state, thread, &part->access);
    part->powers = stuck_strict(shape->stuck, shape->model, state.world, thread);
    return part;
}

static void grow_table(struct collapse *collapse)
{
    struct part **old = collapse->table;
    uint32_t count = collapse->table_mask + 1;
    collapse->table_mask = 4 * count - 1;
    collapse->table = xcalloc(4 * (size_t)count, sizeof *collapse->table);
    for (uint32_t i = 0; i < count; i++) {
        if (!old[i])
            continue;
        uint32_t at = (uint32_t)old[i]->hash & collapse->table_mask;
        while (collapse->table[at])
            at = (at + 1) & collapse->table_mask;
        collapse->table[at] = old[i];
    }
    free(old);
}

static void number_part(struct collapse *collapse, struct part *part)
{
    uint32_t number = collapse->counts[part->thread]++;
    if (number / PART_CHUNK >= PART_CHUNKS)
        die("a thread with more than %u different states of its own", number);
    _Atomic(struct part **) *chunk =
        &collapse->chunks[(size_t)part->thread * PART_CHUNKS + number / PART_CHUNK];
    struct part **parts = atomic_load_explicit(chunk, memory_order_relaxed);
    part->number = number;
    if (!parts)
        parts = xcalloc(PART_CHUNK, sizeof *parts);
    parts[number % PART_CHUNK] = part;
    atomic_store_explicit(chunk, parts, memory_order_release);
    collapse->part_count++;
}

/* The part whose words a thread has in the world. Under the guard. */
static const struct part *enter_part(struct collapsed *collapsed, uint32_t thread)
{
    struct collapse *collapse = collapsed->shared;
    struct word_span region = region_of(collapse, thread);
    const int64_t *words = collapsed->world->words + region.first;
    uint64_t hash = region_hash(region, words);
    if (2 * collapse->part_count > collapse->table_mask)
        grow_table(collapse);
    uint32_t at = (uint32_t)hash & collapse->table_mask;
    for (; collapse->table[at]; at = (at + 1) & collapse->table_mask) {
        const struct part *part = collapse->table[at];
        if (part->hash == hash && part->thread == thread &&
            memcmp(part->words, words, 8 * (size_t)region.count) == 0)
            return part;
    }
    struct part *part = make_part(collapsed, thread, hash);
    collapse->table[at] = part;
    number_part(collapse, part);
    return part;
}

/* ---- one worker's state ---- */

void collapsed_init(struct collapsed *collapsed, struct collapse *shared, struct space *space,
                    struct findings *findings, struct world *world)
{
    uint32_t threads = shared->threads;
    *collapsed =
        (struct collapsed){.shared = shared, .space = space, .findings = findings, .world = world};
    collapsed->vector = xcalloc(collapse_words(shared), sizeof *collapsed->vector);
    collapsed->parts = xcalloc(threads, sizeof *collapsed->parts);
    collapsed->situations = xcalloc(threads, sizeof *collapsed->situations);
    collapsed->in_world = xcalloc(threads, sizeof *collapsed->in_world);
    collapsed->cache = xcalloc(COLLAPSED_CACHE, sizeof *collapsed->cache);
    collapsed->before = xcalloc(shared->shape->program->world_size / 8 + 1, sizeof(int64_t));
    collapsed->members = xcalloc(threads, sizeof *collapsed->members);
    collapsed->accesses = xcalloc(threads, sizeof *collapsed->accesses);
}

static void forget_fleeting(struct collapsed *collapsed)
{
    vector_each (void *, fleeting, &collapsed->fleeting)
        free(*fleeting);
    collapsed->fleeting.count = 0;
}

void collapsed_fini(struct collapsed *collapsed)
{
    forget_fleeting(collapsed);
    vector_fini(&collapsed->fleeting);
    vector_fini(&collapsed->changes);
    free(collapsed->vector);
    free(collapsed->parts);
    free(collapsed->situations);
    free(collapsed->in_world);
    free(collapsed->cache);
    free(collapsed->before);
    free(collapsed->members);
    free(collapsed->accesses);
}

void collapsed_take(struct collapsed *collapsed)
{
    struct collapse *collapse = collapsed->shared;
    memcpy(collapsed->vector, collapsed->world->words, 8 * (size_t)collapse->shared);
    pthread_mutex_lock(&collapse->guard);
    for (uint32_t i = 0; i < collapse->threads; i++) {
        collapsed->in_world[i] = enter_part(collapsed, i);
        collapsed->vector[collapse->shared + i] = collapsed->in_world[i]->number;
    }
    pthread_mutex_unlock(&collapse->guard);
    collapsed->whole = true;
}

struct world *collapsed_world(struct collapsed *collapsed)
{
    struct collapse *collapse = collapsed->shared;
    if (collapsed->whole)
        return collapsed->world;
    memcpy(collapsed->world->words, collapsed->vector, 8 * (size_t)collapse->shared);
    for (uint32_t i = 0; i < collapse->threads; i++) {
        const struct part *part =
            part_at(collapse, i, (uint32_t)collapsed->vector[collapse->shared + i]);
        struct word_span region = region_of(collapse, i);
        if (collapsed->in_world[i] != part)
            memcpy(collapsed->world->words + region.first, part->words, 8 * (size_t)region.count);
        collapsed->in_world[i] = part;
    }
    collapsed->whole = true;
    return collapsed->world;
}

/* Memory that lasts as long as the state is looked at, or as long as the search. Under the guard.
 */
static void *make_room(struct collapsed *collapsed, size_t size, bool fleeting)
{
    if (!fleeting)
        return arena_alloc(&collapsed->shared->arena, size);
    void *room = xcalloc(1, size);
    vector_push(&collapsed->fleeting, room);
    return room;
}

/* ---- situations ---- */

static inline bool fits(const struct situation *situation, const struct part *part,
                        const int64_t *vector)
{
    if (situation->part != part)
        return false;
    for (uint32_t i = 0; i < part->word_count; i++)
        if (situation->values[i] != vector[part->about[i]])
            return false;
    return true;
}

static struct situation *find_in_list(struct situation *first, const struct part *part,
                                      const int64_t *vector)
{
    while (first && !fits(first, part, vector))
        first = first->next;
    return first;
}

static struct situation *make_situation(struct collapsed *collapsed, const struct part *part,
                                        bool fleeting)
{
    struct state state = {.world = collapsed_world(collapsed)};
    const struct space_shape *shape = collapsed->shared->shape;
    struct situation *situation =
        make_room(collapsed, sizeof *situation + 8 * (size_t)part->word_count, fleeting);
    situation->part = part;
    situation->fleeting = fleeting;
    situation->enabled = (uint8_t)space_enabled(collapsed->space, &state, part->thread);
    situation->waits = !situation->enabled &&
                       stuck_waits(shape->model, state.world, part->thread, &situation->wait);
    for (uint32_t i = 0; i < part->word_count; i++)
        situation->values[i] = collapsed->vector[part->about[i]];
    return situation;
}

/* From the shared lists, or made and entered there. */
static struct situation *look_up(struct collapsed *collapsed, const struct part *part, uint64_t key)
{
    struct collapse *collapse = collapsed->shared;
    _Atomic(struct situation *) *list = &collapse->situations[key & (SITUATION_LISTS - 1)];
    struct situation *first = atomic_load_explicit(list, memory_order_acquire);
    struct situation *situation = find_in_list(first, part, collapsed->vector);
    if (situation)
        return situation;
    pthread_mutex_lock(&collapse->guard);
    first = atomic_load_explicit(list, memory_order_relaxed);
    situation = find_in_list(first, part, collapsed->vector);
    if (!situation) {
        bool fleeting = collapse->situation_count >= MOST_SITUATIONS;
        situation = make_situation(collapsed, part, fleeting);
        if (!fleeting) {
            collapse->situation_count++;
            situation->next = first;
            atomic_store_explicit(list, situation, memory_order_release);
        }
    }
    pthread_mutex_unlock(&collapse->guard);
    return situation;
}

static inline struct situation *situation_of(struct collapsed *collapsed, const struct part *part)
{
    uint64_t key = part->hash;
    for (uint32_t i = 0; i < part->word_count; i++)
        key = hash_word(key, (uint64_t)collapsed->vector[part->about[i]]);
    struct situation **near = &collapsed->cache[(key >> 32) & (COLLAPSED_CACHE - 1)];
    if (*near && fits(*near, part, collapsed->vector))
        return *near;
    struct situation *situation = look_up(collapsed, part, key);
    if (!situation->fleeting)
        *near = situation;
    return situation;
}

void collapsed_look(struct collapsed *collapsed)
{
    struct collapse *collapse = collapsed->shared;
    const int64_t *numbers = collapsed->vector + collapse->shared;
    forget_fleeting(collapsed);
    collapsed->whole = false;
    for (uint32_t i = 0; i < collapse->threads; i++) {
        const struct part *part = part_at(collapse, i, (uint32_t)numbers[i]);
        collapsed->parts[i] = part;
        collapsed->situations[i] =
            part->alive && part->known ? situation_of(collapsed, part) : NULL;
    }
}

/* ---- questions ---- */

bool collapsed_finished(const struct collapsed *collapsed)
{
    const struct declared_thread *threads = collapsed->shared->shape->program->threads;
    for (uint32_t i = 0; i < collapsed->shared->threads; i++)
        if (collapsed->parts[i]->alive && !threads[i].daemon)
            return false;
    return true;
}

void collapsed_moves(struct collapsed *collapsed)
{
    struct space *space = collapsed->space;
    space->moves.count = 0;
    space->waiting = false;
    for (uint32_t i = 0; i < collapsed->shared->threads; i++) {
        if (!collapsed->parts[i]->alive)
            continue;
        const struct situation *situation = collapsed->situations[i];
        unsigned enabled = situation ? situation->enabled : ENABLED_STEP;
        struct state state = {0};
        if (enabled & ENABLED_VALUE)
            state.world = collapsed_world(collapsed);
        space_push_moves(space, &state, i, enabled);
        space->waiting |= !enabled;
    }
}

void collapsed_races(struct collapsed *collapsed,
                     void (*found)(void *context, uint32_t cell, uint32_t thread, uint32_t other),
                     void *context)
{
    uint32_t count = 0;
    bool atomic = false;
    for (uint32_t i = 0; i < collapsed->shared->threads; i++) {
        const struct part *part = collapsed->parts[i];
        if (!(part->place & PLACE_ACCESS))
            continue;
        collapsed->accesses[count++] = part->access;
        atomic |= part->access.atomic;
    }
    if (count < 2)
        return;
    struct state state = {.world = atomic ? collapsed_world(collapsed) : NULL};
    space_conflicts(collapsed->space, &state, collapsed->accesses, count, found, context);
}

bool collapsed_stuck(struct collapsed *collapsed)
{
    const struct space_shape *shape = collapsed->shared->shape;
    uint32_t count = 0;
    for (uint32_t i = 0; i < collapsed->shared->threads; i++) {
        const struct part *part = collapsed->parts[i];
        const struct situation *situation = collapsed->situations[i];
        struct stuck_member *member = &collapsed->members[i];
        member->powers = part->powers;
        member->waits = situation && situation->waits;
        if (member->waits)
            member->wait = situation->wait;
        count++;
    }
    return !stuck_clear(shape->stuck, collapsed->members, count) &&
           stuck_any(shape->stuck, shape->model, collapsed_world(collapsed));
}

/* ---- steps ---- */

/* Notes the words and parts that a step changed, which stand in the world, and undoes it. Under the
 * guard. Returns what that adds to the hash. */
static uint64_t undo(struct collapsed *collapsed, const struct word_span *spans, uint32_t count)
{
    struct collapse *collapse = collapsed->shared;
    int64_t *words = collapsed->world->words, *before = collapsed->before;
    uint64_t hash = 0;
    collapsed->changes.count = 0;
    for (uint32_t i = 0; i < count; before += spans[i++].count)
        for (uint32_t k = 0; k < spans[i].count; k++) {
            uint32_t word = spans[i].first + k;
            if (words[word] == before[k])
                continue;
            struct change change = {word, before[k], words[word]};
            if (word >= collapse->shared) { /* the whole part at once, at its first word */
                uint32_t at = vector_word(collapse, word), thread = at - collapse->shared;
                struct word_span region = region_of(collapse, thread);
                const struct part *part = enter_part(collapsed, thread);
                const struct part *old = collapsed->in_world[thread];
                change = (struct change){at, old->number, part->number};
                hash += part->hash - old->hash;
                memcpy(words + region.first, old->words, 8 * (size_t)region.count);
            } else {
                hash += world_word_hash(word, change.after) - world_word_hash(word, change.before);
                words[word] = before[k];
            }
            vector_push(&collapsed->changes, change);
        }
    return hash;
}

/* Performs a move on the world, and undoes it. */
static struct transition *perform(struct collapsed *collapsed, move code, bool fleeting)
{
    struct collapse *collapse = collapsed->shared;
    struct word_span spans[WORD_SPANS];
    struct state state = {.world = collapsed_world(collapsed)};
    struct stepped stepped;
    uint32_t count = world_touches(collapse->shape->model, state.world, MOVE_THREAD(code), spans);
    if (!count)
        spans[count++] = (struct word_span){0, collapse->shape->program->world_size / 8};
    int64_t *before = collapsed->before;
    for (uint32_t i = 0; i < count; before += spans[i++].count)
        memcpy(before, state.world->words + spans[i].first, 8 * (size_t)spans[i].count);
    space_step(collapsed->space, &state, code, &stepped);
    pthread_mutex_lock(&collapse->guard);
    uint64_t hash = undo(collapsed, spans, count);
    size_t size = collapsed->changes.count * sizeof(struct change);
    struct transition *transition = make_room(collapsed, sizeof *transition + size, fleeting);
    pthread_mutex_unlock(&collapse->guard);
    transition->way = MOVE_WAY(code);
    transition->left_free = stepped.left_free;
    transition->hash = hash;
    transition->change_count = (uint32_t)collapsed->changes.count;
    if (size)
        memcpy(transition->changes, collapsed->changes.items, size);
    for (uint32_t i = 0; i < STEP_KINDS; i++)
        transition->kinds[i] = i < stepped.death_count
                                   ? findings_death(collapsed->findings, &stepped.deaths[i])
                                   : NO_FINDING;
    return transition;
}

const struct transition *collapsed_step(struct collapsed *collapsed, move code)
{
    struct situation *situation = collapsed->situations[MOVE_THREAD(code)];
    if (!situation)
        return perform(collapsed, code, true);
    struct transition *transition =
        atomic_load_explicit(&situation->transitions, memory_order_acquire);
    for (; transition; transition = transition->next)
        if (transition->way == MOVE_WAY(code))
            return transition;
    transition = perform(collapsed, code, situation->fleeting);
    /* Another worker may enter the same at the same time: then it is there twice, which does no
     * harm. */
    struct transition *first = atomic_load_explicit(&situation->transitions, memory_order_relaxed);
    do
        transition->next = first;
    while (!atomic_compare_exchange_weak_explicit(&situation->transitions, &first, transition,
                                                  memory_order_release, memory_order_relaxed));
    return transition;
}
