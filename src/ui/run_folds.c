/* Folding groups of lanes: which belong together, which are folded, and the lanes that this makes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "ui/run.h"
#include "view/groups.h"

enum { LARGE = 24 }; /* a group of more is folded until the person says otherwise */

void run_folds_fini(struct run_folds *folds)
{
    vector_fini(&folds->firsts);
    vector_fini(&folds->sizes);
    vector_fini(&folds->choices);
    vector_fini(&folds->lanes);
}

/* Objects stay; threads that are made while stepping may be others on another line of play. */
static void find_groups(struct run_folds *folds, const struct trace_catalog *catalog, bool objects,
                        uint32_t count)
{
    if (objects && folds->firsts.count == count)
        return;
    folds->firsts.count = folds->sizes.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        vector_push(&folds->firsts, i);
        vector_push(&folds->sizes, 0);
    }
    groups_find(catalog, objects, count, folds->firsts.items);
    folds->largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = ++folds->sizes.items[folds->firsts.items[i]];
        folds->largest = size > folds->largest ? size : folds->largest;
    }
}

static bool is_folded(const struct run_folds *folds, enum lane_filter filter, uint32_t first)
{
    if (folds->sizes.items[first] < 2)
        return false;
    vector_each (struct fold_choice, choice, &folds->choices)
        if (choice->first == first)
            return choice->folded;
    return filter == LANES_FOLDED || (filter == LANES_DEFAULT && folds->sizes.items[first] > LARGE);
}

/* Puts the members of a folded group beside its first one, and makes the lanes. */
static void arrange(struct run_folds *folds, enum lane_filter filter, uint32_t *numbers,
                    size_t count)
{
    uint32_t *old = xmalloc((count + 1) * sizeof *old);
    size_t *places = xcalloc(folds->firsts.count + 1, sizeof *places); /* by first: lane + 1 */
    size_t *taken = xcalloc(count + 1, sizeof *taken);
    folds->lanes.count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t first = folds->firsts.items[old[i] = numbers[i]];
        bool folded = is_folded(folds, filter, first);
        if (!folded || !places[first]) {
            vector_push(&folds->lanes, (struct lane){0, 0});
            places[first] = folds->lanes.count;
        }
        taken[i] = folded ? places[first] - 1 : folds->lanes.count - 1;
        folds->lanes.items[taken[i]].count++;
    }
    for (size_t i = 1; i < folds->lanes.count; i++)
        folds->lanes.items[i].first =
            folds->lanes.items[i - 1].first + folds->lanes.items[i - 1].count;
    for (size_t i = 0; i < count; i++)
        numbers[folds->lanes.items[taken[i]].first++] = old[i];
    vector_each (struct lane, lane, &folds->lanes)
        lane->first -= lane->count;
    free(old);
    free(places);
    free(taken);
}

void run_folds_lists(struct run_view *view)
{
    const struct trace_catalog *catalog = session_catalog(view->session);
    find_groups(&view->thread_folds, catalog, false,
                history_threads(session_history(view->session)));
    find_groups(&view->object_folds, catalog, true, (uint32_t)catalog->objects.count);
    arrange(&view->thread_folds, view->filter, view->threads.items, view->threads.count);
    arrange(&view->object_folds, view->filter, view->objects.items, view->objects.count);
}

/* The folds and the chosen thread or object that folding keys speak of. */
static struct run_folds *folds_at(struct run_view *view, uint32_t *ret_number)
{
    bool objects = view->focus == PANE_OBJECTS;
    *ret_number = objects ? view->object : view->thread;
    return objects ? &view->object_folds : &view->thread_folds;
}

static const struct run_folds *read_folds_at(const struct run_view *view, uint32_t *ret_first)
{
    bool objects = view->focus == PANE_OBJECTS;
    const struct run_folds *folds = objects ? &view->object_folds : &view->thread_folds;
    uint32_t number = objects ? view->object : view->thread;
    if (number >= folds->firsts.count)
        return NULL;
    *ret_first = folds->firsts.items[number];
    return folds->sizes.items[*ret_first] > 1 ? folds : NULL;
}

bool run_folds_has_group(const struct run_view *view)
{
    uint32_t first;
    return read_folds_at(view, &first) != NULL;
}

bool run_folds_is_folded(const struct run_view *view)
{
    uint32_t first;
    const struct run_folds *folds = read_folds_at(view, &first);
    return folds && is_folded(folds, view->filter, first);
}

void run_folds_set(struct run_view *view, bool folded)
{
    uint32_t number, first;
    struct run_folds *folds = folds_at(view, &number);
    if (number >= folds->firsts.count)
        return;
    first = folds->firsts.items[number];
    vector_each (struct fold_choice, choice, &folds->choices)
        if (choice->first == first) {
            choice->folded = folded;
            return;
        }
    vector_push(&folds->choices, (struct fold_choice){first, folded});
}

/* Whether an arrangement shows anything that the one before does not. */
static bool makes_a_difference(const struct run_view *view, enum lane_filter filter)
{
    uint32_t threads = view->thread_folds.largest, objects = view->object_folds.largest;
    uint32_t largest = threads > objects ? threads : objects;
    if (filter == LANES_FOLDED)
        return largest > 1;
    return filter != LANES_EACH || largest > LARGE;
}

void run_folds_next_filter(struct run_view *view)
{
    static const char *const words[] = {
        [LANES_DEFAULT] = "all lanes",
        [LANES_FOLDED] = "a lane for each group; Z opens and folds the chosen one",
        [LANES_EACH] = "a lane for each thread and object",
        [LANES_LIVING] = "lanes of living threads",
        [LANES_WAITING] = "lanes of threads that wait",
        [LANES_SORTED] = "most waiting first",
    };
    do
        view->filter = (view->filter + 1) % LANE_FILTERS;
    while (!makes_a_difference(view, view->filter));
    view->thread_folds.choices.count = view->object_folds.choices.count = 0;
    text_clear(&view->message);
    text_add(&view->message, words[view->filter]);
    if (view->filter == LANES_FOLDED && view->table)
        text_add(&view->message, " (the table keeps a column each)");
    if (view->filter == LANES_DEFAULT && makes_a_difference(view, LANES_EACH))
        text_printf(&view->message, ", groups of more than %d folded", LARGE);
}
