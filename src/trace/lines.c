/* What stands beside the lanes: wake-ups, openings of barriers, printed lines, notes, problems, and
 * their marks. */
#include <string.h>

#include "trace/history_inside.h"

enum { MARKS_LOOKED_AT = 512, OPENINGS_MARKED = 128 };

/* ---- wake-ups and openings: records in the merged order ---- */

/* The first of a list of records in their order, from `from` on, that is not below `index`. */
static uint32_t first_from(const struct history *history, const struct list *list, uint32_t from,
                           uint32_t count, uint64_t index)
{
    uint32_t low = from, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (list_nth(&history->store, list, count, middle) < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Those of a list whose records have times in [t0, t1], and some stragglers around them. */
struct range {
    uint32_t first, last; /* [first, last) */
};

static struct range list_range(const struct history *history, const struct list *list,
                               uint32_t count, uint64_t t0, uint64_t t1)
{
    uint64_t horizon = log_horizon(history), from = t0 ? history_index_at(history, t0 - 1) : 0;
    uint32_t oldest = list->oldest * BLOCK < count ? list->oldest * BLOCK : count;
    struct range range = {.last = oldest};
    range.first = first_from(history, list, oldest, count, from > horizon ? from : horizon);
    range.last = first_from(history, list, range.first, count, history_index_at(history, t1));
    return range;
}

/* Every so many of them, to have at most `limit`. */
static uint32_t step_in(struct range range, size_t limit)
{
    size_t count = range.last - range.first;
    return limit && count ? (uint32_t)((count + limit - 1) / limit) : 1;
}

static uint32_t oldest_wake(const struct history *history)
{
    uint32_t one = history->wakers.oldest, two = history->woken.oldest;
    return (one > two ? one : two) * BLOCK;
}

bool history_waker(const struct history *history, uint64_t end_event, struct history_event *ret)
{
    uint32_t count = history->wakes, oldest = oldest_wake(history);
    uint32_t at =
        first_from(history, &history->woken, oldest < count ? oldest : count, count, end_event);
    return list_nth(&history->store, &history->woken, count, at) == end_event &&
           history_event_at(history, list_nth(&history->store, &history->wakers, count, at), ret);
}

/* Asks for the records of wakes that come some steps later: they are all over the log. */
static void fetch_wake(const struct history *history, uint64_t at)
{
    uint64_t from = list_nth(&history->store, &history->wakers, history->wakes, at);
    uint64_t to = list_nth(&history->store, &history->woken, history->wakes, at);
    if (from == HISTORY_NONE || from < log_first(history) || to == HISTORY_NONE)
        return;
    log_fetch(history, from);
    log_fetch(history, to);
}

size_t history_wake_count(const struct history *history, uint64_t t0, uint64_t t1)
{
    struct range range = list_range(history, &history->woken, history->wakes, t0, t1);
    return range.last - range.first;
}

size_t history_wakes(const struct history *history, uint64_t t0, uint64_t t1, size_t limit,
                     struct wake_arrow ret[])
{
    enum { AHEAD = 8 };
    struct range range = list_range(history, &history->woken, history->wakes, t0, t1);
    uint32_t step = step_in(range, limit);
    size_t filled = 0;
    for (uint64_t i = range.first; i < range.last && filled < limit; i += step) {
        uint64_t from = list_nth(&history->store, &history->wakers, history->wakes, i);
        uint64_t to = list_nth(&history->store, &history->woken, history->wakes, i);
        struct history_event waker, woken;
        if (i + AHEAD * step < range.last)
            fetch_wake(history, i + AHEAD * step);
        if (!history_event_at(history, from, &waker) || !history_event_at(history, to, &woken) ||
            woken.event.time < t0 || woken.event.time > t1)
            continue;
        bool join = woken.event.kind == THRUM_KIND_JOIN;
        ret[filled++] = (struct wake_arrow){.from = waker.thread,
                                            .to = woken.thread,
                                            .from_time = waker.event.time,
                                            .to_time = woken.event.time,
                                            .object = join ? THRUM_NONE : woken.event.object,
                                            .from_event = from,
                                            .to_event = to};
    }
    return filled;
}

size_t history_opening_count(const struct history *history, uint64_t t0, uint64_t t1)
{
    struct range range = list_range(history, &history->openings, history->opened, t0, t1);
    return range.last - range.first;
}

size_t history_openings(const struct history *history, uint64_t t0, uint64_t t1, size_t limit,
                        struct barrier_opening ret[])
{
    struct range range = list_range(history, &history->openings, history->opened, t0, t1);
    uint32_t step = step_in(range, limit);
    size_t filled = 0;
    for (uint64_t i = range.first; i < range.last && filled < limit; i += step) {
        struct history_event opening;
        uint64_t index = list_nth(&history->store, &history->openings, history->opened, i);
        if (!history_event_at(history, index, &opening) || opening.event.time < t0 ||
            opening.event.time > t1)
            continue;
        ret[filled++] = (struct barrier_opening){.time = opening.event.time,
                                                 .object = opening.event.object,
                                                 .thread = opening.thread,
                                                 .event = index};
    }
    return filled;
}

/* ---- printed lines and notes ---- */

static void add_line(struct history *history, struct lines *lines, uint32_t thread, uint64_t time,
                     const char *text)
{
    struct line line = {.time = time,
                        .event = history->count ? history->count - 1 : 0,
                        .text = xstrdup(text),
                        .thread = thread};
    uint64_t latest = lines->latest.count ? vector_last(&lines->latest) : 0;
    vector_push(&lines->lines, line);
    vector_push(&lines->latest, time > latest ? time : latest);
    history->text_bytes += strlen(text) + 1;
}

/* How many lines were added up to time t. */
static size_t lines_at(const struct lines *lines, uint64_t t)
{
    size_t low = 0, high = lines->latest.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (lines->latest.items[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool get_line(const struct lines *lines, size_t n, struct history_line *ret)
{
    if (n >= lines->lines.count)
        return false;
    const struct line *line = &lines->lines.items[n];
    *ret = (struct history_line){
        .time = line->time, .event = line->event, .thread = line->thread, .text = line->text};
    return true;
}

void history_add_console(struct history *history, uint32_t thread, uint64_t time, const char *text)
{
    add_line(history, &history->console, thread, time, text);
}

void history_add_note(struct history *history, uint32_t thread, uint64_t time, const char *text)
{
    add_line(history, &history->notes, thread, time, text);
}

size_t history_console_count(const struct history *history)
{
    return history->console.lines.count;
}

bool history_console(const struct history *history, size_t n, struct history_line *ret)
{
    return get_line(&history->console, n, ret);
}

size_t history_console_at(const struct history *history, uint64_t t)
{
    return lines_at(&history->console, t);
}

size_t history_note_count(const struct history *history)
{
    return history->notes.lines.count;
}

bool history_note(const struct history *history, size_t n, struct history_line *ret)
{
    return get_line(&history->notes, n, ret);
}

size_t history_note_at(const struct history *history, uint64_t t)
{
    return lines_at(&history->notes, t);
}

/* ---- problems ---- */

static size_t problem_texts(const struct problem *problem)
{
    return (problem->title ? strlen(problem->title) + 1 : 0) +
           (problem->evidence ? strlen(problem->evidence) + 1 : 0);
}

static void note_happened(struct history *history, const struct problem *problem)
{
    size_t at = history->happened.count;
    if (problem->certainty == PROBLEM_POTENTIAL)
        return;
    vector_push(&history->happened, problem->time);
    for (; at > 0 && history->happened.items[at - 1] > problem->time; at--)
        history->happened.items[at] = history->happened.items[at - 1];
    history->happened.items[at] = problem->time;
}

bool history_problem_happened(const struct history *history, uint64_t t0, uint64_t t1)
{
    size_t first = vector_lower_bound(&history->happened, at, *at < t0);
    return first < history->happened.count && history->happened.items[first] < t1;
}

size_t history_add_problem(struct history *history, struct problem *problem)
{
    note_happened(history, problem);
    size_t at = history->problems.count;
    vector_push(&history->problems, *problem);
    while (at > 0 && history->problems.items[at - 1].time > problem->time) {
        history->problems.items[at] = history->problems.items[at - 1];
        at--;
    }
    history->problems.items[at] = *problem;
    history->text_bytes += problem_texts(problem);
    memset(problem, 0, sizeof *problem);
    return at;
}

size_t history_problem_count(const struct history *history)
{
    return history->problems.count;
}

const struct problem *history_problem(const struct history *history, size_t n)
{
    return n < history->problems.count ? &history->problems.items[n] : NULL;
}

/* Two forms of one problem. */
static bool same_problem(const struct problem *a, const struct problem *b)
{
    uint64_t first = a->grown ? a->since : a->time;
    return (a->grown || b->grown) && problem_same_kind(a->kind, b->kind) &&
           first == (b->grown ? b->since : b->time);
}

bool history_problem_stands(const struct history *history, size_t n, uint64_t t)
{
    const struct problem *one = &history->problems.items[n];
    for (size_t i = 0; i < history->problems.count; i++) {
        const struct problem *other = &history->problems.items[i];
        if (i == n || !same_problem(one, other))
            continue;
        if (i > n ? other->time <= t || one->time > t : one->time > t && other->time <= t)
            return false;
    }
    return true;
}

size_t history_problem_at(const struct history *history, uint64_t t)
{
    size_t low = 0, high = history->problems.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (history->problems.items[middle].time <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- going back ---- */

static void cut(struct history *history, struct lines *lines, uint64_t count)
{
    while (lines->lines.count && (count == 0 || vector_last(&lines->lines).event >= count)) {
        history->text_bytes -= strlen(vector_last(&lines->lines).text) + 1;
        free(vector_last(&lines->lines).text);
        lines->lines.count--;
        lines->latest.count--;
    }
}

/* Takes away what belongs to records from `count` on. */
void lines_cut(struct history *history, uint64_t count)
{
    cut(history, &history->console, count);
    cut(history, &history->notes, count);
    size_t kept = 0;
    history->happened.count = 0;
    for (size_t i = 0; i < history->problems.count; i++) {
        struct problem *problem = &history->problems.items[i];
        if (problem->event != HISTORY_NONE && problem->event >= count) {
            history->text_bytes -= problem_texts(problem);
            problem_fini(problem);
        } else {
            note_happened(history, problem);
            history->problems.items[kept++] = *problem;
        }
    }
    history->problems.count = kept;
}

void lines_fini(struct history *history)
{
    cut(history, &history->console, 0);
    cut(history, &history->notes, 0);
    for (size_t i = 0; i < history->problems.count; i++)
        problem_fini(&history->problems.items[i]);
    vector_fini(&history->console.lines);
    vector_fini(&history->console.latest);
    vector_fini(&history->notes.lines);
    vector_fini(&history->notes.latest);
    vector_fini(&history->problems);
    vector_fini(&history->happened);
}

/* ---- marks ---- */

static bool names(const uint32_t *numbers, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count && i < PROBLEM_PARTIES; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static bool in_row(uint64_t time, uint64_t t0, uint64_t column, size_t columns, size_t *ret)
{
    if (time < t0 || (time - t0) / column >= columns)
        return false;
    *ret = (size_t)((time - t0) / column);
    return true;
}

/* Every `step`-th of [first, last), so that not too many are looked at. */
static size_t step_of(size_t first, size_t last)
{
    return last > first ? (last - first + MARKS_LOOKED_AT - 1) / MARKS_LOOKED_AT : 1;
}

static void mark_openings(const struct history *history, uint32_t thread, uint64_t t0,
                          uint64_t column, size_t columns, struct lane_cell cells[])
{
    struct barrier_opening openings[OPENINGS_MARKED];
    uint64_t t1 = t0 + column * columns;
    size_t at = 0, count = history->opened ? history_opening_count(history, t0, t1) : 0;
    if (count > OPENINGS_MARKED)
        return;
    if (count)
        count = history_openings(history, t0, t1, OPENINGS_MARKED, openings);
    for (size_t i = 0; i < count; i++) {
        if (!in_row(openings[i].time, t0, column, columns, &at))
            continue;
        if (openings[i].thread == thread ||
            lane_object(history, thread, openings[i].time) == openings[i].object)
            cells[at].marks |= MARK_BARRIER;
    }
}

void history_mark_row(const struct history *history, uint32_t thread, uint64_t t0, uint64_t column,
                      size_t columns, struct lane_cell cells[])
{
    uint64_t t1 = t0 + column * columns, before = t0 ? t0 - 1 : 0;
    size_t at = 0, first = lines_at(&history->notes, before), last = lines_at(&history->notes, t1);
    if (t0 == 0)
        first = 0;
    mark_openings(history, thread, t0, column, columns, cells);
    for (size_t i = first, step = step_of(first, last); i < last; i += step) {
        const struct line *note = &history->notes.lines.items[i];
        if (note->thread == thread && in_row(note->time, t0, column, columns, &at))
            cells[at].marks |= MARK_NOTE;
    }
    first = t0 ? history_problem_at(history, before) : 0;
    last = history_problem_at(history, t1);
    for (size_t i = first, step = step_of(first, last); i < last; i += step) {
        const struct problem *problem = &history->problems.items[i];
        if (names(problem->threads, problem->thread_count, thread) &&
            in_row(problem->time, t0, column, columns, &at))
            cells[at].marks |= MARK_PROBLEM;
    }
}

void history_mark_object_row(const struct history *history, uint32_t object, uint64_t t0,
                             uint64_t column, size_t columns, struct object_cell cells[])
{
    uint64_t t1 = t0 + column * columns;
    size_t at = 0, first = t0 ? history_problem_at(history, t0 - 1) : 0;
    size_t last = history_problem_at(history, t1);
    for (size_t i = first, step = step_of(first, last); i < last; i += step) {
        const struct problem *problem = &history->problems.items[i];
        if (names(problem->objects, problem->object_count, object) &&
            in_row(problem->time, t0, column, columns, &at))
            cells[at].marks |= MARK_PROBLEM;
    }
}
