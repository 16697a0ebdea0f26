#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "view/pane.h"
#include "view/panes.h"

/* The states in the order the bar shows them, and the columns of the table. */
static const struct {
    const char *title;
    enum lane_state states[3]; /* summed; LANE_UNBORN fills up */
} groups[] = {
    {"running", {LANE_RUNNING, LANE_COMPUTING}},
    {"ready", {LANE_READY, LANE_GIL_WAIT}},
    {"blocked", {LANE_BLOCKED, LANE_RECORDER}},
    {"waiting", {LANE_WAITING}},
    {"asleep", {LANE_SLEEPING, LANE_IO, LANE_PAUSED}},
    {"stuck", {LANE_STUCK}},
};
enum { GROUPS = sizeof groups / sizeof *groups };

static uint64_t group_time(const struct thread_statistics *statistics, size_t group)
{
    uint64_t time = 0;
    for (int i = 0; i < 3; i++)
        if (groups[group].states[i] != LANE_UNBORN)
            time += statistics->ns[groups[group].states[i]];
    return time;
}

/* A bar of `width` cells divided as the time was; the largest remainders get the cells left over.
 */
static void draw_bar(const struct region *region, int x, int y, int width,
                     const struct thread_statistics *statistics, uint64_t total)
{
    uint64_t sum = 0;
    int from = 0;
    for (size_t i = 0; i < GROUPS && total; i++) {
        sum += group_time(statistics, i);
        int to = (int)((sum * (uint64_t)width + total / 2) / total);
        const struct lane_look *look = lane_look(groups[i].states[0]);
        draw_row(region, x + from, y, to - from, look->style, look->glyph);
        from = to;
    }
}

static void draw_thread_row(const struct region *region, int y, const struct scene *scene,
                            uint32_t thread, int name_width)
{
    if (y < 0 || y >= region->height)
        return;
    struct thread_statistics statistics;
    history_thread_statistics(scene->history, thread, &statistics);
    uint64_t total = 0;
    for (size_t i = 0; i < GROUPS; i++)
        total += group_time(&statistics, i);
    draw_name(region, 1, y, name_width, STYLE_THREAD, catalog_thread_name(scene->catalog, thread));
    int x = name_width + 2;
    struct text text = {0};
    for (size_t i = 0; i < GROUPS; i++) {
        uint64_t time = group_time(&statistics, i);
        text_clear(&text);
        if (time && total)
            text_printf(&text, "%.0f%%", 100.0 * (double)time / (double)total);
        else
            text_add(&text, "·");
        x += 8;
        draw_right(region, x, y, time ? lane_look(groups[i].states[0])->style : STYLE_DIM,
                   text_bytes(&text));
    }
    text_clear(&text);
    text_printf(&text, "%llu", (unsigned long long)statistics.waits);
    draw_right(region, x + 7, y, STYLE_VALUE, text_bytes(&text));
    text_fini(&text);
    int bar = region->width - x - 10;
    if (bar >= 10)
        draw_bar(region, x + 9, y, bar, &statistics, total);
    if (thread == scene->thread)
        draw_stress(region, 0, y, region->width, 1, STRESS_SELECTED);
}

static int draw_threads(const struct region *region, int y, const struct scene *scene,
                        int name_width)
{
    int x = name_width + 2;
    draw_text(region, 1, y, STYLE_TITLE, "thread");
    for (size_t i = 0; i < GROUPS; i++)
        draw_right(region, x += 8, y, STYLE_TITLE, groups[i].title);
    draw_right(region, x + 7, y, STYLE_TITLE, "waits");
    for (size_t i = 0; i < scene->thread_count; i++)
        draw_thread_row(region, y + 1 + (int)i, scene, scene->threads[i], name_width);
    return y + 1 + (int)scene->thread_count;
}

struct ranked {
    uint32_t object;
    struct object_statistics statistics;
};

static int by_wait(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->statistics.wait_total != right->statistics.wait_total)
        return left->statistics.wait_total < right->statistics.wait_total ? 1 : -1;
    return left->object < right->object ? -1 : left->object > right->object;
}

static void draw_number(const struct region *region, int end, int y, uint64_t number, bool time)
{
    struct text text = {0};
    if (!number)
        text_add(&text, "·");
    else if (time)
        clock_format(&text, (int64_t)number);
    else
        text_printf(&text, "%llu", (unsigned long long)number);
    draw_right(region, end, y, number ? STYLE_VALUE : STYLE_DIM, text_bytes(&text));
    text_fini(&text);
}

static int draw_objects(const struct region *region, int y, const struct scene *scene,
                        int name_width)
{
    static const char *const titles[] = {"passed",  "waited", "failed", "wait",
                                         "longest", "held",   "longest"};
    static const int widths[] = {8, 8, 8, 10, 10, 10, 10};
    int x = name_width + 2;
    draw_text(region, 1, y, STYLE_TITLE, "object");
    for (int i = 0; i < 7 && x + widths[i] <= region->width; i++)
        draw_right(region, x += widths[i], y, STYLE_TITLE, titles[i]);
    struct ranked *ranked = xcalloc(scene->object_count + 1, sizeof *ranked);
    for (size_t i = 0; i < scene->object_count; i++) {
        ranked[i].object = scene->objects[i];
        history_object_statistics(scene->history, scene->objects[i], &ranked[i].statistics);
    }
    qsort(ranked, scene->object_count, sizeof *ranked, by_wait);
    for (size_t i = 0; i < scene->object_count; i++) {
        const struct object_statistics *statistics = &ranked[i].statistics;
        int row = y + 1 + (int)i;
        draw_name(region, 1, row, name_width, STYLE_NAME,
                 catalog_object_name(scene->catalog, ranked[i].object));
        x = name_width + 2;
        const uint64_t numbers[] = {statistics->acquisitions, statistics->contended,
                                    statistics->failed,       statistics->wait_total,
                                    statistics->wait_max,     statistics->hold_total,
                                    statistics->hold_max};
        for (int k = 0; k < 7 && x + widths[k] <= region->width; k++)
            draw_number(region, x += widths[k], row, numbers[k], k >= 3);
        if (ranked[i].object == scene->object)
            draw_stress(region, 0, row, region->width, 1, STRESS_SELECTED);
    }
    free(ranked);
    return y + 1 + (int)scene->object_count;
}

int statistics_draw(const struct region *region, const struct scene *scene, int top)
{
    int name_width = region->width / 5 < 24 ? region->width / 5 : 24;
    int y = draw_threads(region, -top, scene, name_width);
    if (scene->object_count)
        y = draw_objects(region, y + 1, scene, name_width);
    pane_more(region, top, y + top);
    return y + top;
}
