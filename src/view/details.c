#include <string.h>

#include "trace/waits.h"
#include "view/folded.h"
#include "view/pane.h"
#include "view/panes.h"
#include "view/steps.h"

struct page {
    const struct region *region;
    const struct scene *scene;
    int y; /* next row, may lie outside the region */
};

static void say(struct page *page, enum style style, const char *label, const char *words)
{
    draw_text(page->region, 1, page->y, STYLE_DIM, label);
    int rows = draw_paragraph(page->region, 14, page->y, page->region->width - 15, 0, style, words);
    page->y += rows ? rows : 1;
}

static void add_since(const struct scene *scene, uint64_t since, struct text *out)
{
    uint64_t length = scene->cursor > since ? scene->cursor - since : 0;
    text_add(out, " for ");
    scene_length(scene, length, out);
}

static void say_state(struct page *page, const struct lane_interval *interval)
{
    struct text text = {0};
    text_add(&text, lane_state_words(interval->state));
    if (interval->state == LANE_STUCK && page->scene->forever && !page->scene->cursor_shown)
        text_add(&text, " for ever");
    else
        add_since(page->scene, interval->start, &text);
    if (THRUM_SOURCE_LINE(interval->source))
        text_printf(&text, ", at line %u", THRUM_SOURCE_LINE(interval->source));
    say(page, lane_look(interval->state)->style, "state", text_bytes(&text));
    text_clear(&text);
    scene_wait_words(page->scene, interval, &text);
    if (text.length)
        say(page, STYLE_NAME, "waits for", text_bytes(&text));
    struct history_event waker;
    if (history_waker(page->scene->history, interval->end_event, &waker)) {
        text_clear(&text);
        text_add(&text, catalog_thread_name(page->scene->catalog, waker.thread));
        say(page, STYLE_THREAD, "woken by", text_bytes(&text));
    }
    text_fini(&text);
}

/* The sentence of the chain: A waits for x, held by B, which waits for y, … */
static void say_chain(struct page *page, uint32_t thread)
{
    enum { LONGEST = 16 };
    struct wait_edge edges[LONGEST];
    size_t ring, count = waits_chain(page->scene->history, thread, page->scene->cursor, LONGEST,
                                     edges, &ring);
    struct text text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct wait_edge *edge = &edges[i];
        if (i)
            text_add(&text, ", which ");
        text_add(&text, "waits for ");
        if (edge->object != THRUM_NONE)
            text_add(&text, catalog_object_name(page->scene->catalog, edge->object));
        else
            text_add(&text, "the end");
        if (edge->owner != THRUM_NONE)
            text_printf(&text, "%s%s", edge->object != THRUM_NONE ? ", held by " : " of ",
                        catalog_thread_name(page->scene->catalog, edge->owner));
    }
    if (ring < count)
        text_add(&text, ": the ring is closed, nobody in it can move again");
    if (count)
        say(page, ring < count ? STYLE_PROBLEM : STYLE_TEXT, "chain", text_bytes(&text));
    text_fini(&text);
}

static void say_held(struct page *page, uint32_t thread)
{
    const struct scene *scene = page->scene;
    struct text text = {0};
    for (size_t i = 0; i < scene->object_count; i++) {
        enum trace_type type = catalog_object_type(scene->catalog, scene->objects[i]);
        if (type != TRACE_LOCK && type != TRACE_RLOCK)
            continue;
        struct object_at at;
        history_object_at(scene->history, scene->objects[i], scene->cursor, &at);
        if (at.state == OBJECT_FREE || at.holder != thread)
            continue;
        text_printf(&text, "%s%s (line %u)", text.length ? ", " : "",
                    catalog_object_name(scene->catalog, scene->objects[i]),
                    THRUM_SOURCE_LINE(at.holder_source));
    }
    say(page, STYLE_NAME, "holds", text.length ? text_bytes(&text) : "nothing");
    text_fini(&text);
}

static void say_thread(struct page *page, const struct details *details)
{
    const struct scene *scene = page->scene;
    uint32_t thread = scene->thread;
    struct lane_interval interval;
    history_interval(scene->history, thread, scene->cursor, &interval);
    say(page, STYLE_STRONG, "thread", catalog_thread_name(scene->catalog, thread));
    say_state(page, &interval);
    say_chain(page, thread);
    say_held(page, thread);
    if (details && details->last && *details->last)
        say(page, STYLE_TEXT, "last step", details->last);
    if (details && details->next && *details->next)
        say(page, STYLE_TEXT, "next", details->next);
    if (details && details->why_not && *details->why_not)
        say(page, STYLE_POTENTIAL, "cannot go", details->why_not);
    struct thread_statistics statistics;
    history_thread_statistics(scene->history, thread, &statistics);
    struct text text = {0};
    text_printf(&text, "%llu steps, waited %llu times, preempted %llu times, %llu events",
                (unsigned long long)statistics.steps, (unsigned long long)statistics.waits,
                (unsigned long long)statistics.preempted, (unsigned long long)statistics.events);
    say(page, STYLE_TEXT, "so far", text_bytes(&text));
    text_fini(&text);
    if (details && details->locals && *details->locals)
        say(page, STYLE_VALUE, "locals", details->locals);
}

static void say_waiters(struct page *page, uint32_t object)
{
    enum { MANY = 64 };
    const struct scene *scene = page->scene;
    struct object_waiter waiters[MANY];
    size_t count = history_waiters(scene->history, object, scene->cursor, MANY, waiters);
    struct text text = {0};
    for (size_t i = 0; i < count && i < MANY; i++)
        text_printf(&text, "%s%s (line %u)", i ? ", " : "",
                    catalog_thread_name(scene->catalog, waiters[i].thread),
                    THRUM_SOURCE_LINE(waiters[i].source));
    if (count > MANY)
        text_printf(&text, " and %zu more", count - MANY);
    say(page, count ? STYLE_BLOCKED_NAME : STYLE_TEXT, "waiting",
        count ? text_bytes(&text) : "nobody");
    text_fini(&text);
}

static void say_variable(struct page *page, uint32_t object)
{
    const struct scene *scene = page->scene;
    struct text text = {0};
    scene_value(scene, object, scene->cursor, &text);
    say(page, STYLE_CHANGED, "value", text_bytes(&text));
    struct history_event change;
    uint64_t index = history_change_before(scene->history, object, scene->cursor);
    text_clear(&text);
    if (index != HISTORY_NONE && history_event_at(scene->history, index, &change)) {
        text_printf(&text, "%s at line %u, ", catalog_thread_name(scene->catalog, change.thread),
                    THRUM_SOURCE_LINE(change.event.source));
        scene_time(scene, change.event.time, &text);
    } else {
        text_add(&text, "never");
    }
    say(page, STYLE_TEXT, "last changed", text_bytes(&text));
    text_fini(&text);
}

static void say_statistics(struct page *page, uint32_t object)
{
    struct object_statistics statistics;
    history_object_statistics(page->scene->history, object, &statistics);
    struct text text = {0};
    text_printf(&text, "%llu times passed, %llu of them after a wait, %llu failed; waited ",
                (unsigned long long)statistics.acquisitions,
                (unsigned long long)statistics.contended, (unsigned long long)statistics.failed);
    scene_length(page->scene, statistics.wait_total, &text);
    text_add(&text, " in all, ");
    scene_length(page->scene, statistics.wait_max, &text);
    text_printf(&text, " at most; at most %u at once", statistics.waiters_max);
    say(page, STYLE_TEXT, "so far", text_bytes(&text));
    text_fini(&text);
}

static void say_object(struct page *page)
{
    const struct scene *scene = page->scene;
    uint32_t object = scene->object;
    enum trace_type type = catalog_object_type(scene->catalog, object);
    say(page, STYLE_STRONG, trace_type_words(type), catalog_object_name(scene->catalog, object));
    if (object_has_value(type)) {
        say_variable(page, object);
        return;
    }
    struct object_at at;
    history_object_at(scene->history, object, scene->cursor, &at);
    struct text text = {0};
    if (at.holder != THRUM_NONE && at.state != OBJECT_FREE &&
        (type == TRACE_LOCK || type == TRACE_RLOCK)) {
        text_printf(&text, "%s, from line %u,", catalog_thread_name(scene->catalog, at.holder),
                    THRUM_SOURCE_LINE(at.holder_source));
        add_since(scene, at.holder_since, &text);
        say(page, STYLE_THREAD, "held by", text_bytes(&text));
    } else if (type == TRACE_LOCK || type == TRACE_RLOCK) {
        say(page, STYLE_GOOD, "held by", "nobody");
    } else if (type == TRACE_EVENT) {
        say(page, STYLE_VALUE, "state", at.state == OBJECT_SET ? "set" : "not set");
    } else if (type != TRACE_CONDITION) {
        text_printf(&text, "%lld", (long long)at.value);
        say(page, STYLE_VALUE, type == TRACE_BARRIER ? "arrived" : "permits", text_bytes(&text));
    }
    text_fini(&text);
    say_waiters(page, object);
    say_statistics(page, object);
}

/* ---- folded groups ---- */

enum { TOLD = 12 }; /* members of a group that are named */

/* "3 blocked, 2 running": how many members are in which state, the worst first. */
static void say_tally(struct page *page, struct lane lane)
{
    uint32_t counts[LANE_RANKS];
    struct text text = {0};
    unsigned worst = LANE_RANKS;
    folded_tally(page->scene, lane, page->scene->cursor, counts);
    for (unsigned rank = LANE_RANKS; rank-- > 0;) {
        if (!counts[rank])
            continue;
        worst = worst == LANE_RANKS ? rank : worst;
        text_printf(&text, "%s%u %s", text.length ? ", " : "", counts[rank],
                    lane_state_words(folded_state(rank)));
    }
    say(page, lane_look(folded_state(worst))->style, "now", text_bytes(&text));
    text_fini(&text);
}

/* Members in the order of their states, the worst first: where each stands and what it waits for.
 */
static void say_members(struct page *page, struct lane lane)
{
    const struct scene *scene = page->scene;
    struct text text = {0};
    uint32_t told = 0;
    for (unsigned rank = LANE_RANKS; rank-- > 0;)
        for (uint32_t i = 0; i < lane.count && told < TOLD; i++) {
            uint32_t thread = scene->threads[lane.first + i];
            struct lane_interval interval;
            history_interval(scene->history, thread, scene->cursor, &interval);
            if (lane_look(interval.state)->rank != rank)
                continue;
            text_clear(&text);
            text_printf(&text, "%s  %s", catalog_thread_name(scene->catalog, thread),
                        lane_state_words(interval.state));
            if (lane_is_wait(interval.state))
                text_add(&text, ", waits for ");
            scene_wait_words(scene, &interval, &text);
            if (interval.state != LANE_FINISHED && THRUM_SOURCE_LINE(interval.source))
                text_printf(&text, " (line %u)", THRUM_SOURCE_LINE(interval.source));
            say(page, lane_look(interval.state)->style, told ? "" : "members", text_bytes(&text));
            told++;
        }
    text_clear(&text);
    text_printf(&text, "and %u more", lane.count - told);
    if (told < lane.count)
        say(page, STYLE_DIM, "", text_bytes(&text));
    text_fini(&text);
}

static void say_group(struct page *page, struct lane lane)
{
    const struct scene *scene = page->scene;
    struct text text = {0};
    uint64_t steps = 0, waits = 0, preempted = 0;
    scene_lane_name(scene, false, lane, &text);
    say(page, STYLE_STRONG, "threads", text_bytes(&text));
    say_tally(page, lane);
    for (uint32_t i = 0; i < lane.count; i++) {
        struct thread_statistics statistics;
        history_thread_statistics(scene->history, scene->threads[lane.first + i], &statistics);
        steps += statistics.steps;
        waits += statistics.waits;
        preempted += statistics.preempted;
    }
    text_clear(&text);
    text_printf(&text, "%llu steps, waited %llu times, preempted %llu times together",
                (unsigned long long)steps, (unsigned long long)waits,
                (unsigned long long)preempted);
    say(page, STYLE_TEXT, "so far", text_bytes(&text));
    say_members(page, lane);
    say(page, STYLE_DIM, "", "Enter: a lane for each");
    text_fini(&text);
}

static void say_list(struct page *page, struct lane lane)
{
    const struct scene *scene = page->scene;
    enum trace_type type = catalog_object_type(scene->catalog, scene->objects[lane.first]);
    struct text text = {0};
    scene_lane_name(scene, true, lane, &text);
    say(page, STYLE_STRONG, trace_type_words(type), text_bytes(&text));
    for (uint32_t i = 0; i < lane.count && i < TOLD; i++) {
        struct object_at at;
        uint32_t object = scene->objects[lane.first + i];
        history_object_at(scene->history, object, scene->cursor, &at);
        text_clear(&text);
        text_printf(&text, "%s  ", catalog_object_name(scene->catalog, object));
        step_object_words(scene, object, scene->cursor, &text);
        if (at.waiters)
            text_printf(&text, ", %u wait%s", at.waiters, at.waiters == 1 ? "s" : "");
        say(page, at.waiters ? STYLE_BLOCKED_NAME : STYLE_TEXT, i ? "" : "members",
            text_bytes(&text));
    }
    text_clear(&text);
    text_printf(&text, "and %u more", lane.count - TOLD);
    if (lane.count > TOLD)
        say(page, STYLE_DIM, "", text_bytes(&text));
    say(page, STYLE_DIM, "", "Enter: a row for each");
    text_fini(&text);
}

/* The lane of a thread or object that is folded into it with others. */
static bool is_folded(const struct scene *scene, bool objects, uint32_t number,
                      struct lane *ret_lane)
{
    int at = scene_lane_of(scene, objects, number);
    if (at < 0)
        return false;
    *ret_lane = scene_lane(scene, objects, (size_t)at);
    return ret_lane->count > 1;
}

int details_draw(const struct region *region, const struct scene *scene,
                 const struct details *details, int top)
{
    struct page page = {.region = region, .scene = scene, .y = -top};
    struct lane lane;
    if (scene->object != THRUM_NONE && is_folded(scene, true, scene->object, &lane))
        say_list(&page, lane);
    else if (scene->object != THRUM_NONE)
        say_object(&page);
    else if (scene->thread != THRUM_NONE && is_folded(scene, false, scene->thread, &lane))
        say_group(&page, lane);
    else if (scene->thread != THRUM_NONE)
        say_thread(&page, details);
    else
        draw_text(region, 1, 0, STYLE_DIM, "select a thread or an object first");
    pane_more(region, top, page.y + top);
    return page.y + top;
}
