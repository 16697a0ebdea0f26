/*
 * libFuzzer target of the model: what compiles is performed, with choices taken from the input,
 * then from a generator.
 *
 * In every state the world must be what its header promises: packing depends on the state alone and
 * unpacking restores it, whatever the world held before; a copy is the same state; equal states
 * have equal hashes and the same next operations; and a step changes no word that world_touches()
 * does not name.
 *
 * Input: a scenario's text; behind a zero byte, one byte for each choice.
 *
 * By hand: fuzz-model -max_len=4000 -dict=thrum.dict CORPUS scenarios/...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"
#include "lang/lang.h"
#include "model/step.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 400, WORLD_MAX = 1 << 18, CHECKED = 64 };

struct player {
    struct model *model;
    struct world *world; /* the run */
    struct world *first; /* the first state */
    struct world *other; /* dirty: unpacked and copied into */
    int64_t *before;     /* the world's words before a step */
    int64_t *packed, *again;
    const uint8_t *choices; /* what is left of the input */
    size_t choice_count;
    uint64_t seed; /* when nothing is left */
    struct effect effect;
    unsigned steps;
};

static void insist(int fine, const char *what, const struct player *player)
{
    if (fine)
        return;
    fprintf(stderr, "%s, after %u steps\n", what, player->steps);
    abort();
}

static uint64_t choose(struct player *player, uint64_t count)
{
    if (player->choice_count == 0)
        return random_below(&player->seed, count);
    player->choice_count--;
    return *player->choices++ % count;
}

/* ---- what the world promises ---- */

static void same_state(const struct player *player, const char *what)
{
    const struct model *model = player->model;
    insist(world_compare(model, player->world, player->other) == 0, what, player);
    insist(world_hash(model, player->world) == world_hash(model, player->other), what, player);
    for (uint32_t i = 0; i < world_thread_end(model, player->world) && i < CHECKED; i++)
        insist(model_enabled(model, player->world, i) == model_enabled(model, player->other, i),
               what, player);
}

static void check_world(struct player *player)
{
    const struct model *model = player->model;
    size_t room = model_program(model)->world_size;
    size_t size = world_pack(model, player->world, player->packed, room);
    insist(size <= room, "packed is larger than the world", player);
    world_unpack(model, player->other, player->packed, size);
    same_state(player, "unpacking gives another state");
    insist(world_pack(model, player->other, player->again, room) == size &&
               memcmp(player->packed, player->again, size) == 0,
           "packing the same state gives other bytes", player);
    world_copy(model, player->other, player->first); /* not what it must become */
    world_copy(model, player->other, player->world);
    same_state(player, "a copy is another state");
}

static int makes_threads(const struct program *program)
{
    for (uint32_t i = 0; i < program->code_length; i++)
        if (program->code[i].op == OP_NEW_THREAD)
            return 1;
    return 0;
}

static int named(const struct word_span *spans, uint32_t count, uint32_t word)
{
    for (uint32_t i = 0; i < count; i++)
        if (word >= spans[i].first && word - spans[i].first < spans[i].count)
            return 1;
    return 0;
}

/* Performs a step and sees that it stays within what world_touches() names. */
static void perform(struct player *player, uint32_t thread, struct choice choice, int spanned)
{
    uint32_t words = model_program(player->model)->world_size / 8;
    struct word_span spans[WORD_SPANS];
    uint32_t count = spanned ? world_touches(player->model, player->world, thread, spans) : 0;
    memcpy(player->before, player->world->words, 8 * (size_t)words);
    model_perform(player->model, player->world, thread, choice, &player->effect);
    player->steps++;
    for (uint32_t i = 0; count > 0 && i < words; i++) /* 0: it may touch anything */
        insist(player->world->words[i] == player->before[i] || named(spans, count, i),
               "a step changed a word that world_touches() does not name", player);
}

/* ---- the run ---- */

static struct choice choice_of(struct player *player, uint32_t thread, unsigned enabled)
{
    struct operation operation;
    struct choice choice = {CHOICE_STEP, 0};
    model_next(player->model, player->world, thread, &operation);
    if (enabled & ENABLED_VALUE)
        choice = (struct choice){CHOICE_VALUE, operation.value};
    else if (!(enabled & ENABLED_STEP) || (enabled & ENABLED_TIMEOUT && choose(player, 2)))
        choice.kind = CHOICE_TIMEOUT;
    return choice;
}

static int step(struct player *player, int spanned)
{
    uint32_t count = world_thread_end(player->model, player->world);
    uint32_t first = (uint32_t)choose(player, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t thread = (first + i) % count;
        if (world_thread_const(player->model, player->world, thread)->status != THREAD_ALIVE)
            continue;
        unsigned enabled = model_enabled(player->model, player->world, thread);
        if (enabled == ENABLED_NO)
            continue;
        perform(player, thread, choice_of(player, thread, enabled), spanned);
        return 1;
    }
    return 0;
}

static void hold(struct player *player)
{
    const struct program *program = model_program(player->model);
    enum exception raised;
    for (uint32_t k = 0; k < program->invariant_count && k < 4; k++)
        model_holds(player->model, player->world, &program->invariants[k], &raised);
}

static void play(const struct program *program, const uint8_t *choices, size_t choice_count,
                 uint64_t seed)
{
    struct player player = {.model = model_new(program),
                            .choices = choices,
                            .choice_count = choice_count,
                            .seed = seed};
    player.world = world_new(player.model);
    player.other = world_new(player.model);
    player.first = world_new(player.model);
    player.before = xcalloc(program->world_size / 8 + 1, 8);
    player.packed = xcalloc(program->world_size / 8 + 1, 8);
    player.again = xcalloc(program->world_size / 8 + 1, 8);
    int spanned = !makes_threads(program);
    check_world(&player);
    while (player.steps < STEPS && step(&player, spanned)) {
        hold(&player);
        check_world(&player);
    }
    if (model_finished(player.model, player.world))
        model_after(player.model, player.world, &player.effect, NULL, NULL);
    effect_fini(&player.effect);
    world_free(player.world, player.model);
    world_free(player.other, player.model);
    world_free(player.first, player.model);
    model_free(player.model);
    free(player.before);
    free(player.packed);
    free(player.again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, 0, size);
    size_t length = end ? (size_t)(end - data) : size;
    size_t choices = end ? size - length - 1 : 0;
    struct text messages = {0};
    struct program *program = lang_compile("fuzz", (const char *)data, length, &messages);
    if (program && program->world_size < WORLD_MAX)
        play(program, choices ? end + 1 : NULL, choices, hash_bytes(1, data, size));
    program_free(program);
    text_fini(&messages);
    return 0;
}
