/* A failing schedule in prose: a few sentences, each what one thread did before another one came.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/deeds.h"

enum {
    MOST_SENTENCES = 6, /* beside the last one, which says what failed */
    MOST_DEEDS = 6,     /* in one sentence */
};

/* Neighbouring visits that are told in one sentence. */
struct sentence {
    uint32_t first, count; /* visits */
    bool told;
};

struct story {
    const struct walk *walk;
    const struct visits *visits;
    const struct explore_failure *failure;
    vector(struct sentence) sentences;
    struct text *out;
};

/* Two visits with one deed each whose order does not matter: "A takes left and B takes right". */
static bool alike(const struct visit *a, const struct visit *b)
{
    return a->deeds.count == 1 && b->deeds.count == 1 && !a->deeds.items[0].remark &&
           !b->deeds.items[0].remark && a->thread != b->thread && a->deeds.items[0].role &&
           strcmp(a->deeds.items[0].verb, b->deeds.items[0].verb) == 0;
}

static void find_sentences(struct story *story)
{
    const struct visit *before = NULL;
    for (uint32_t i = 0; i < story->visits->list.count; i++) {
        const struct visit *visit = &story->visits->list.items[i];
        if (!visit->deeds.count)
            continue;
        /* visits that nothing is told of may stand between: a sentence spans them */
        if (before && (before->thread == visit->thread || alike(before, visit)))
            vector_last(&story->sentences).count = i + 1 - vector_last(&story->sentences).first;
        else
            vector_push(&story->sentences, (struct sentence){.first = i, .count = 1});
        before = visit;
    }
}

/* The sentence in which a step of the walk stands, or the last one before it. */
static uint32_t sentence_of(const struct story *story, uint32_t step)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < story->sentences.count; i++)
        if (story->visits->list.items[story->sentences.items[i].first].first <= step)
            found = i;
    return found;
}

/* Which ones to tell when there are too many: the last one of who failed, the one after which
 * nothing avoids it, and those about it. */
static void choose(struct story *story)
{
    uint32_t count = (uint32_t)story->sentences.count, room = MOST_SENTENCES;
    const struct explore_failure *failure = story->failure;
    if (!count)
        return;
    uint32_t turn = failure->return_known && failure->point_of_no_return
                        ? sentence_of(story, failure->point_of_no_return - 1)
                        : count - 1;
    if (count > room && failure->verdict != VERDICT_RACE && failure->thread != UINT32_MAX) {
        story->sentences.items[count - 1].told = true;
        room--;
    }
    for (uint32_t after = turn; after < count && after < turn + 3; after++)
        if (!story->sentences.items[after].told && room) {
            story->sentences.items[after].told = true;
            room--;
        }
    for (uint32_t before = turn; before-- > 0 && room; room--)
        story->sentences.items[before].told = true;
}

static void add_deed(struct story *story, const struct deed *deed, const struct deed *before,
                     bool last)
{
    struct text *out = story->out;
    if (!before || before->remark || before->times > 1 || !*deed->what ||
        strcmp(before->verb, deed->verb) != 0)
        text_printf(out, "%s%s", deed->verb, *deed->what ? " " : "");
    text_add(out, deed->what);
    if (deed->times > 1)
        text_printf(out, " %u times", deed->times);
    if (deed->remark)
        text_printf(out, last ? ": %s" : " (%s)", deed->remark);
}

/* What one thread did, in one visit or in several with nothing to tell between. */
static void add_visits(struct story *story, const struct sentence *sentence)
{
    vector(const struct deed *) deeds = {0};
    const struct visit *visits = &story->visits->list.items[sentence->first];
    for (uint32_t i = 0; i < sentence->count; i++)
        vector_each (struct deed, deed, &visits[i].deeds)
            vector_push(&deeds, deed);
    model_thread_name(story->walk->model, story->walk->last, visits->thread, story->out);
    text_add_char(story->out, ' ');
    for (size_t i = 0; i < deeds.count; i++) {
        bool gap = deeds.count > MOST_DEEDS && i == 2;
        if (i)
            text_add(story->out, i + 1 == deeds.count ? " and " : ", ");
        if (gap) {
            text_add(story->out, "…, ");
            i = deeds.count - MOST_DEEDS + 2;
        }
        add_deed(story, deeds.items[i], i && !gap ? deeds.items[i - 1] : NULL,
                 i + 1 == deeds.count);
    }
    vector_fini(&deeds);
}

/* Several threads that did the same. */
static void add_alike(struct story *story, const struct sentence *sentence)
{
    uint32_t left = 0;
    const struct visit *visits = &story->visits->list.items[sentence->first];
    for (uint32_t i = 0; i < sentence->count; i++)
        left += visits[i].deeds.count > 0;
    for (uint32_t i = 0; i < sentence->count; i++) {
        if (!visits[i].deeds.count)
            continue;
        text_add(story->out, i == 0 ? "" : left == 1 ? " and " : ", ");
        model_thread_name(story->walk->model, story->walk->last, visits[i].thread, story->out);
        text_add_char(story->out, ' ');
        add_deed(story, &visits[i].deeds.items[0], NULL, false);
        left--;
    }
}

static void add_sentences(struct story *story)
{
    bool gap = false;
    for (uint32_t i = 0; i < story->sentences.count; i++) {
        const struct sentence *sentence = &story->sentences.items[i];
        const struct visit *first = &story->visits->list.items[sentence->first];
        if (!sentence->told) {
            gap = true;
            continue;
        }
        if (gap)
            text_add(story->out, "… ");
        gap = false;
        if (sentence->count > 1 && first[sentence->count - 1].thread != first->thread)
            add_alike(story, sentence);
        else
            add_visits(story, sentence);
        text_add(story->out, ". ");
    }
    if (gap)
        text_add(story->out, "… ");
}

/* What failed. A sentence of its own begins large; a name or `after` does not. */
static void add_end(const struct explore_failure *failure, struct text *out)
{
    if (!*failure->words)
        return;
    bool large =
        strncmp(failure->words, "the ", 4) == 0 || strncmp(failure->words, "from ", 5) == 0;
    text_add_char(out, large ? (char)toupper((unsigned char)*failure->words) : *failure->words);
    text_add(out, failure->words + 1);
    text_add_char(out, '.');
}

void explore_story(const struct explore_result *result, const struct explore_failure *failure,
                   struct text *out)
{
    if (!failure->has_schedule)
        return;
    struct walk walk;
    struct visits visits;
    walk_take(&walk, result, &failure->schedule);
    deeds_find(&visits, &walk, failure);
    struct story story = {.walk = &walk, .visits = &visits, .failure = failure, .out = out};
    find_sentences(&story);
    choose(&story);
    add_sentences(&story);
    add_end(failure, out);
    vector_fini(&story.sentences);
    deeds_fini(&visits);
    walk_fini(&walk);
}
