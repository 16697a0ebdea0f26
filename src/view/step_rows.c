/* Rows of the step table: found in the history, folded, related to each other. */
#include <string.h>

#include "base/hash.h"
#include "session/session.h"
#include "trace/races.h"
#include "view/steps.h"

enum {
    PATTERN = 16,   /* steps of an iteration that can be folded, at most */
    REPEATS = 3,    /* iterations from which on it is */
    WARM_UP = 4000, /* records before the first row that happens-before is followed through */
};

uint64_t steps_cursor(const struct scene *scene)
{
    return history_index_at(scene->history, scene->cursor);
}

static struct step_row row_of(const struct scene *scene, const struct history_event *record)
{
    const struct thrum_event *event = &record->event;
    struct step_row row = {
        .event = record->index,
        .time = event->time,
        .settled = event->time,
        .thread = record->thread,
        .source = event->source,
        .ahead = event->time > scene->cursor,
    };
    if (scene->steps) {
        row.number = (event->time + SESSION_STEP_TIME - 1) / SESSION_STEP_TIME;
        row.settled = row.number * SESSION_STEP_TIME;
    }
    row.shape = hash_word(hash_word(event->kind, event->source), record->thread);
    return row;
}

size_t steps_after(const struct scene *scene, uint64_t event, size_t count, struct step_rows *rows)
{
    uint64_t end = history_count(scene->history);
    size_t found = 0;
    struct history_event record;
    for (; event < end && found < count; event++) {
        if (!history_event_at(scene->history, event, &record) || !(record.event.flags & THRUM_STEP))
            continue;
        vector_push(&rows->rows, row_of(scene, &record));
        found++;
    }
    return found;
}

size_t steps_before(const struct scene *scene, uint64_t event, size_t count, struct step_rows *rows)
{
    struct step_rows found = {0};
    struct history_event record;
    while (event-- > 0 && found.rows.count < count)
        if (history_event_at(scene->history, event, &record) && record.event.flags & THRUM_STEP)
            vector_push(&found.rows, row_of(scene, &record));
    size_t had = rows->rows.count;
    vector_reserve(&rows->rows, had + found.rows.count);
    if (had)
        memmove(rows->rows.items + found.rows.count, rows->rows.items,
                had * sizeof *rows->rows.items);
    for (size_t i = 0; i < found.rows.count; i++)
        rows->rows.items[i] = found.rows.items[found.rows.count - 1 - i];
    rows->rows.count = had + found.rows.count;
    size_t count_found = found.rows.count;
    vector_fini(&found.rows);
    return count_found;
}

/* ---- Folding ---- */

static bool same_shapes(const struct step_row *a, const struct step_row *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i].shape != b[i].shape || a[i].ahead != b[i].ahead)
            return false;
    return true;
}

/* How often the pattern of `length` rows at `at` comes in a row. */
static size_t iterations(const struct step_rows *rows, size_t at, size_t length)
{
    size_t times = 1;
    while (at + (times + 1) * length <= rows->rows.count &&
           same_shapes(rows->rows.items + at, rows->rows.items + at + times * length, length))
        times++;
    return times;
}

void steps_fold(struct step_rows *rows)
{
    size_t kept = 0, at = 0, count = rows->rows.count;
    while (at < count) {
        size_t length = 1, times = 1;
        for (; length <= PATTERN && at + REPEATS * length <= count; length++) {
            times = iterations(rows, at, length);
            if (times >= REPEATS)
                break;
        }
        if (times < REPEATS) {
            rows->rows.items[kept++] = rows->rows.items[at++];
            continue;
        }
        struct step_row last = rows->rows.items[at + times * length - 1];
        memmove(rows->rows.items + kept, rows->rows.items + at, length * sizeof *rows->rows.items);
        kept += length;
        last.folded = (uint32_t)(length * (times - 1));
        last.repeats = (uint32_t)(times - 1);
        rows->rows.items[kept++] = last;
        at += times * length;
    }
    rows->rows.count = kept;
}

/* ---- Happens-before ---- */

/* What is known of the chosen step, and when each row's thread had come how far. */
struct relating {
    uint64_t event; /* the chosen record */
    uint32_t thread, epoch;
    uint32_t *known;  /* by thread: how far the chosen step knows of it */
    uint32_t *epochs; /* by row */
    struct races *races;
};

/* A row after the chosen step, or it itself; those before are told when all is known. */
static void relate_row(const struct relating *relating, struct step_row *row)
{
    bool after = row->thread == relating->thread ||
                 races_known(relating->races, row->thread, relating->thread) >= relating->epoch;
    row->relation = row->event == relating->event  ? RELATION_ITSELF
                    : row->event < relating->event ? RELATION_NONE
                    : after                        ? RELATION_AFTER
                                                   : RELATION_CONCURRENT;
}

/* Goes through the records of the rows, and some before to get to know who knows whom. */
static void relate_forwards(const struct scene *scene, struct step_rows *rows,
                            struct relating *relating)
{
    size_t row = 0, count = rows->rows.count;
    struct step_row *items = rows->rows.items;
    uint64_t event = relating->event, first = items[0].event, last = items[count - 1].event;
    first = first < event ? first : event;
    last = last > event ? last : event;
    for (uint64_t i = first > WARM_UP ? first - WARM_UP : 0; i <= last; i++) {
        struct history_event record;
        struct problem problem;
        if (!history_event_at(scene->history, i, &record))
            continue;
        uint32_t epoch = races_known(relating->races, record.thread, record.thread);
        if (races_feed(relating->races, record.thread, &record.event, i, &problem))
            problem_fini(&problem);
        if (i == event) {
            relating->epoch = epoch;
            for (uint32_t thread = 0; thread < history_threads(scene->history); thread++)
                relating->known[thread] = races_known(relating->races, record.thread, thread);
        }
        while (row < count && items[row].event < i)
            row++;
        if (row < count && items[row].event == i) {
            relating->epochs[row] = epoch;
            relate_row(relating, &items[row]);
        }
    }
}

void steps_relate(const struct scene *scene, struct step_rows *rows, uint64_t event)
{
    size_t count = rows->rows.count;
    uint32_t threads = history_threads(scene->history);
    struct history_event record;
    if (count == 0 || !history_event_at(scene->history, event, &record))
        return;
    struct relating relating = {
        .event = event,
        .thread = record.thread,
        .known = xcalloc(threads ? threads : 1, sizeof *relating.known),
        .epochs = xcalloc(count, sizeof *relating.epochs),
        .races = races_new(scene->catalog),
    };
    relate_forwards(scene, rows, &relating);
    for (size_t i = 0; i < count; i++) {
        struct step_row *row = &rows->rows.items[i];
        bool before =
            row->thread == relating.thread || relating.known[row->thread] >= relating.epochs[i];
        if (row->event < event)
            row->relation = before ? RELATION_BEFORE : RELATION_CONCURRENT;
    }
    races_free(relating.races);
    free(relating.epochs);
    free(relating.known);
}
