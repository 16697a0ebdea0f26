#include "view/scene.h"

#include "base/clock.h"
#include "session/session.h"
#include "view/groups.h"

const struct lane_look *lane_look(enum lane_state state)
{
    static const struct lane_look looks[LANE_STATES] = {
#define LANE_LOOK(state, glyph, style, name_style, rank)                                           \
    [LANE_##state] = {GLYPH_##glyph, STYLE_##style, STYLE_##name_style, rank},
#include "view/lane_looks.def"
#undef LANE_LOOK
        [LANE_FINISHED] = {' ', STYLE_FINISHED, STYLE_FINISHED, 1},
    };
    return &looks[state];
}

size_t scene_lanes(const struct scene *scene, bool objects)
{
    if (objects)
        return scene->object_lanes ? scene->object_lane_count : scene->object_count;
    return scene->thread_lanes ? scene->thread_lane_count : scene->thread_count;
}

struct lane scene_lane(const struct scene *scene, bool objects, size_t n)
{
    const struct lane *lanes = objects ? scene->object_lanes : scene->thread_lanes;
    return lanes ? lanes[n] : (struct lane){(uint32_t)n, 1};
}

int scene_lane_of(const struct scene *scene, bool objects, uint32_t number)
{
    const uint32_t *numbers = objects ? scene->objects : scene->threads;
    size_t count = scene_lanes(scene, objects);
    for (size_t n = 0; n < count; n++) {
        struct lane lane = scene_lane(scene, objects, n);
        for (uint32_t i = 0; i < lane.count; i++)
            if (numbers[lane.first + i] == number)
                return (int)n;
    }
    return -1;
}

void scene_lane_name(const struct scene *scene, bool objects, struct lane lane, struct text *out)
{
    const char *name = objects ? catalog_object_name(scene->catalog, scene->objects[lane.first])
                               : catalog_thread_name(scene->catalog, scene->threads[lane.first]);
    if (lane.count == 1) {
        text_add(out, name);
        return;
    }
    group_name(name, out);
    text_printf(out, " ×%u", lane.count);
}

bool lane_is_wait(enum lane_state state)
{
    return state == LANE_BLOCKED || state == LANE_WAITING || state == LANE_STUCK ||
           state == LANE_RECORDER || state == LANE_GIL_WAIT;
}

void scene_wait_words(const struct scene *scene, const struct lane_interval *interval,
                      struct text *out)
{
    if (interval->state == LANE_RECORDER)
        text_add(out, "recorder");
    else if (interval->state == LANE_GIL_WAIT)
        text_add(out, "GIL");
    else if (!lane_is_wait(interval->state))
        return;
    else if (interval->other != THRUM_NONE)
        text_printf(out, "join %s", catalog_thread_name(scene->catalog, interval->other));
    else if (interval->object != THRUM_NONE)
        text_add(out, catalog_object_name(scene->catalog, interval->object));
}

void scene_time(const struct scene *scene, uint64_t time, struct text *out)
{
    if (scene->steps)
        text_printf(out, "step %llu",
                    (unsigned long long)((time + SESSION_STEP_TIME - 1) / SESSION_STEP_TIME));
    else
        clock_format(out, (int64_t)time);
}

void scene_length(const struct scene *scene, uint64_t length, struct text *out)
{
    unsigned long long steps = length / SESSION_STEP_TIME;
    if (scene->steps)
        text_printf(out, "%llu step%s", steps, steps == 1 ? "" : "s");
    else
        clock_format(out, (int64_t)length);
}

void scene_value(const struct scene *scene, uint32_t object, uint64_t time, struct text *out)
{
    if (scene->format_value)
        scene->format_value(scene->format_data, object, time, out);
    else
        text_printf(out, "%lld", (long long)history_value(scene->history, object, time));
}

bool object_has_row(enum trace_type type)
{
    switch (type) {
    case TRACE_LOCK:
    case TRACE_RLOCK:
    case TRACE_CONDITION:
    case TRACE_SEMAPHORE:
    case TRACE_BOUNDED_SEMAPHORE:
    case TRACE_EVENT:
    case TRACE_BARRIER: return true;
    case TRACE_VARIABLE:
    case TRACE_ATOMIC:
    case TRACE_THREADS:
    case TRACE_CONSOLE:
    case TRACE_OTHER:
    case TRACE_TYPES: return false;
    }
    return false;
}

bool object_has_value(enum trace_type type)
{
    return type == TRACE_VARIABLE || type == TRACE_ATOMIC;
}

int scene_column(const struct scene *scene, uint64_t time, int columns)
{
    if (time < scene->start)
        return -1;
    uint64_t column = (time - scene->start) / scene->column;
    return column >= (uint64_t)columns ? columns : (int)column;
}

void scene_extend_lane(const struct scene *scene, uint32_t thread, int columns,
                       struct lane_cell cells[])
{
    struct lane_interval interval;
    if (!scene->forever)
        return;
    history_interval(scene->history, thread, scene->now, &interval);
    for (int x = 0; x < columns && interval.state == LANE_STUCK; x++)
        if (!cells[x].filled && scene->start + scene->column * (uint64_t)x > scene->now)
            cells[x] =
                (struct lane_cell){.state = LANE_STUCK, .filled = true, .object = interval.object};
}
