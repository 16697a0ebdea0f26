#include "explore/deeds.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/deeds_private.h"

/* ---- visits, and who touched what ---- */

/* What fails looks at what the step touches. */
static bool asked(const struct finder *finder, uint32_t at)
{
    const struct explore_failure *failure = finder->failure;
    const struct walk_step *step = &finder->walk->steps.items[at];
    if (failure->verdict != VERDICT_ASSERTION && failure->verdict != VERDICT_ERROR)
        return false;
    if (at == finder->last_access)
        return true;
    if (failure->thread ==
        UINT32_MAX) /* an invariant: the last step broke it; after: all is over */
        return at + 1 == finder->walk->steps.count;
    return step->thread == failure->thread &&
           POSITION_LINE(step->operation.source) == POSITION_LINE(failure->position);
}

static void note_objects(struct finder *finder, uint32_t at)
{
    const struct walk_step *step = &finder->walk->steps.items[at];
    for (uint32_t i = 0; i < step->touch_count; i++)
        if (deeds_is_object(finder, step->touches[i].thing))
            deeds_enter(&finder->toucher[step->touches[i].thing], step->thread);
    if (deeds_is_object(finder, step->operation.thing))
        deeds_enter(&finder->toucher[step->operation.thing], step->thread);
}

/* What threads wait for at the end concerns them all. */
static void note_waits(struct finder *finder)
{
    const struct walk *walk = finder->walk;
    uint32_t end = world_thread_end(walk->model, walk->last);
    for (uint32_t thread = 0; thread < end; thread++) {
        struct operation next;
        if (world_thread_const(walk->model, walk->last, thread)->status != THREAD_ALIVE ||
            model_enabled(walk->model, walk->last, thread))
            continue;
        model_next(walk->model, walk->last, thread, &next);
        if (deeds_is_object(finder, next.thing))
            finder->toucher[next.thing] = SEVERAL;
    }
}

static void find_visits(struct finder *finder)
{
    struct visits *visits = finder->visits;
    finder->last_access = UINT32_MAX;
    for (uint32_t at = 0; at < finder->walk->steps.count; at++)
        if (finder->walk->steps.items[at].thread == finder->failure->thread &&
            deeds_is_cell(finder, finder->walk->steps.items[at].operation.thing))
            finder->last_access = at;
    for (uint32_t at = 0; at < finder->walk->steps.count; at++) {
        const struct walk_step *step = &finder->walk->steps.items[at];
        if (!step->noticed && !step->ended)
            continue;
        if (!step->noticed && !step->died_of && finder->failure->verdict != VERDICT_LIVELOCK)
            continue;
        if (!visits->list.count || vector_last(&visits->list).thread != step->thread)
            vector_push(&visits->list, (struct visit){.thread = step->thread, .first = at});
        vector_last(&visits->list).last = at;
        deeds_note_cells(finder, at, asked(finder, at));
        note_objects(finder, at);
    }
    if (finder->failure->verdict == VERDICT_DEADLOCK)
        note_waits(finder);
}

struct deed *deeds_add(struct visit *visit, uint32_t at, const char *verb)
{
    vector_push(&visit->deeds,
                (struct deed){.at = at, .thing = UINT32_MAX, .verb = verb, .times = 1});
    return &vector_last(&visit->deeds);
}

void deeds_add_name(const struct finder *finder, uint32_t thread, struct text *out)
{
    model_thread_name(finder->walk->model, finder->walk->last, thread, out);
}

/* ---- what goes without saying ---- */

/* A lock taken and given back in one visit excluded nobody. (A semaphore that is given back more
 * often than it was taken is another matter.) */
static void drop_pairs(struct visit *visit)
{
    vector_each (struct deed, gives, &visit->deeds) {
        if (gives->role != DEED_GIVES)
            continue;
        struct deed *takes = gives;
        while (takes-- > visit->deeds.items)
            if (takes->role == DEED_TAKES && takes->thing == gives->thing && takes->times) {
                takes->dropped = gives->dropped = true;
                takes->times = gives->times = 0; /* paired */
                break;
            }
    }
    vector_each (struct deed, gives, &visit->deeds) {
        if (gives->role != DEED_GIVES || !gives->times || gives->dropped)
            continue;
        vector_each (struct deed, other, &visit->deeds)
            if (other->thing == gives->thing && other->role != DEED_PLAIN && *other->what)
                other->dropped = false;
    }
    vector_each (struct deed, deed, &visit->deeds)
        deed->times = 1;
}

static int by_step(const void *left, const void *right)
{
    const struct deed *a = left, *b = right;
    return (a->at > b->at) - (a->at < b->at);
}

static void deed_fini(struct deed *deed)
{
    free(deed->what);
    free(deed->remark);
}

/* Sorts, leaves out what was dropped, counts what comes several times in a row. */
static void tidy(struct visit *visit)
{
    size_t kept = 0;
    struct deed *deeds = visit->deeds.items;
    drop_pairs(visit);
    if (visit->deeds.count)
        qsort(deeds, visit->deeds.count, sizeof *deeds, by_step);
    for (size_t i = 0; i < visit->deeds.count; i++) {
        struct deed *last = kept ? &deeds[kept - 1] : NULL;
        bool again = last && strcmp(last->verb, deeds[i].verb) == 0 &&
                     strcmp(last->what, deeds[i].what) == 0 && !last->remark && !deeds[i].remark;
        if (again && !deeds[i].dropped)
            last->times++;
        if (again || deeds[i].dropped)
            deed_fini(&deeds[i]);
        else
            deeds[kept++] = deeds[i];
    }
    visit->deeds.count = kept;
}

void deeds_find(struct visits *visits, const struct walk *walk,
                const struct explore_failure *failure)
{
    const struct program *program = model_program(walk->model);
    uint32_t things = program_thing_count(program) + 1;
    struct finder finder = {.walk = walk, .program = program, .failure = failure, .visits = visits};
    finder.toucher = xcalloc(things, sizeof *finder.toucher);
    finder.writer = xcalloc(things, sizeof *finder.writer);
    finder.newest = xmalloc(things * sizeof *finder.newest);
    memset(finder.newest, 0xff, things * sizeof *finder.newest);
    *visits = (struct visits){0};
    find_visits(&finder);
    vector_each (struct visit, visit, &visits->list)
        for (uint32_t at = visit->first; at <= visit->last; at++)
            if (walk->steps.items[at].thread == visit->thread)
                deeds_tell_step(&finder, visit, at);
    deeds_tell_cells(&finder);
    vector_each (struct visit, visit, &visits->list)
        tidy(visit);
    free(finder.toucher);
    free(finder.writer);
    free(finder.newest);
    vector_fini(&finder.notes);
    vector_fini(&finder.waiting);
}

void deeds_fini(struct visits *visits)
{
    vector_each (struct visit, visit, &visits->list) {
        vector_each (struct deed, deed, &visit->deeds)
            deed_fini(deed);
        vector_fini(&visit->deeds);
    }
    vector_fini(&visits->list);
}
