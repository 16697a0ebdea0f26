#include "view/folded.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "view/row_cache.h"
#include "view/timeline.h"

enum {
    OBJECT_RANKS = OBJECT_STATES,
    RANKS = LANE_RANKS > OBJECT_RANKS ? LANE_RANKS : OBJECT_RANKS,
    OVER = 1 /* ranks up to here are over or not begun: they never make a majority */
};

/* What the members did in one column. */
struct column {
    uint32_t counts[RANKS];  /* members by rank */
    uint32_t objects[RANKS]; /* what those of a rank waited for, if all for the same */
    bool future;             /* time has not come so far */
};

/* A column as it is drawn. */
struct shown {
    unsigned worst, most; /* ranks; `most` is the worst where nothing is alive */
    uint32_t count;       /* members in the worst */
    uint32_t object;      /* what they wait for, or THRUM_NONE */
    bool any;             /* time has come so far */
};

enum lane_state folded_state(unsigned rank)
{
    static const enum lane_state states[LANE_RANKS] = {
        LANE_UNBORN,  LANE_FINISHED, LANE_SLEEPING, LANE_PAUSED,  LANE_RUNNING, LANE_READY,
        LANE_WAITING, LANE_GIL_WAIT, LANE_RECORDER, LANE_BLOCKED, LANE_STUCK,
    };
    return states[rank];
}

/* Objects have few states: which of them is worth more notice. */
static const enum object_state object_ranks[OBJECT_RANKS] = {OBJECT_FREE, OBJECT_SET, OBJECT_HELD,
                                                             OBJECT_WANTED, OBJECT_BROKEN};

static unsigned object_rank(enum object_state state)
{
    unsigned rank = 0;
    while (object_ranks[rank] != state)
        rank++;
    return rank;
}

void folded_tally(const struct scene *scene, struct lane lane, uint64_t time,
                  uint32_t ret_counts[LANE_RANKS])
{
    for (unsigned rank = 0; rank < LANE_RANKS; rank++)
        ret_counts[rank] = 0;
    for (uint32_t i = 0; i < lane.count; i++) {
        struct lane_interval interval;
        history_interval(scene->history, scene->threads[lane.first + i], time, &interval);
        ret_counts[lane_look(interval.state)->rank]++;
    }
}

static void count(struct column *column, unsigned rank, uint32_t object)
{
    if (!column->counts[rank]++)
        column->objects[rank] = object;
    else if (column->objects[rank] != object)
        column->objects[rank] = THRUM_NONE;
}

/* `over`: ranks up to this one count only where there is no other. */
static struct shown show(const struct column *column, int over)
{
    struct shown shown = {0};
    uint32_t majority = 0;
    for (int rank = 0; rank < RANKS; rank++) {
        uint32_t members = column->counts[rank];
        if (!members)
            continue;
        shown.any = !column->future;
        shown.worst = (unsigned)rank;
        shown.count = members;
        shown.object = column->objects[rank];
        if (members >= majority || (int)shown.most <= over) {
            majority = members;
            shown.most = (unsigned)rank;
        }
    }
    return shown;
}

static struct shown *show_all(const struct column *columns, int width, int over)
{
    struct shown *shown = xcalloc((size_t)width, sizeof *shown);
    for (int x = 0; x < width; x++)
        shown[x] = show(&columns[x], over);
    return shown;
}

/* The rank that a column draws: the worst, and in turn with it what most do. */
static unsigned drawn_rank(const struct shown *shown, int x)
{
    int from = x;
    while (from > 0 && shown[from - 1].worst == shown[x].worst &&
           shown[from - 1].most == shown[x].most && shown[from - 1].any)
        from--;
    return (x - from) % 2 ? shown[x].most : shown[x].worst;
}

/* The end of the stretch from x on in which as many are in the same state. */
static int stretch_end(const struct shown *shown, int x, int width)
{
    int end = x + 1;
    while (end < width && shown[end].any && shown[end].worst == shown[x].worst &&
           shown[end].count == shown[x].count && shown[end].object == shown[x].object)
        end++;
    return end;
}

/* ---- threads ---- */

static void draw_thread_words(const struct region *axis, int y, const struct scene *scene,
                              struct lane lane, const struct shown *shown, int x, int end)
{
    enum lane_state state = folded_state(shown->worst);
    bool telling = lane_is_wait(state) || state == LANE_READY || state == LANE_RUNNING;
    if (!telling)
        return;
    struct text words = {0};
    const char *state_words = lane_state_words(state); /* "ready, not on a processor" */
    text_printf(&words, "%s%u %.*s", shown->count == lane.count ? "all " : "", shown->count,
                (int)strcspn(state_words, ","), state_words);
    if (shown->object != THRUM_NONE)
        text_printf(&words, ": %s", catalog_object_name(scene->catalog, shown->object));
    if (!stretch_words_draw(axis, x, end, y, state, text_bytes(&words))) {
        text_clear(&words);
        text_printf(&words, "%u", shown->count);
        if (shown->count > 1 && end - x >= text_width(text_bytes(&words)) + 2)
            draw_text(axis, x + 1, y, lane_look(state)->name, text_bytes(&words));
    }
    text_fini(&words);
}

static void collect_threads(const struct scene *scene, struct lane lane, int width,
                            struct column *columns, struct lane_cell *cells)
{
    struct lane_cell *row = xcalloc((size_t)width, sizeof *row);
    for (uint32_t i = 0; i < lane.count; i++) {
        uint32_t thread = scene->threads[lane.first + i];
        row_of_thread(scene->rows, scene->history, thread, scene->start, scene->column,
                      (size_t)width, row);
        scene_extend_lane(scene, thread, width, row);
        for (int x = 0; x < width; x++) {
            enum lane_state state = (enum lane_state)row[x].state;
            cells[x].marks |= row[x].marks;
            columns[x].future |= !row[x].filled && state != LANE_UNBORN;
            if (row[x].filled || state == LANE_UNBORN)
                count(&columns[x], lane_look(state)->rank, row[x].object);
        }
    }
    free(row);
}

void folded_threads_draw(const struct region *axis, int y, const struct scene *scene,
                         struct lane lane, struct lane_cell cells[])
{
    int width = axis->width;
    struct column *columns = xcalloc((size_t)width, sizeof *columns);
    for (int x = 0; x < width; x++)
        cells[x] = (struct lane_cell){.object = THRUM_NONE};
    collect_threads(scene, lane, width, columns, cells);
    struct shown *shown = show_all(columns, width, OVER);
    for (int x = 0; x < width && shown[x].any; x++) {
        const struct lane_look *look = lane_look(folded_state(drawn_rank(shown, x)));
        cells[x].state = (uint8_t)folded_state(shown[x].worst);
        cells[x].filled = true;
        cells[x].object = shown[x].object;
        bool ends = shown[x].worst == OVER && x > 0 && shown[x - 1].worst != OVER;
        draw_glyph(axis, x, y, look->style, ends ? GLYPH_TEE_LEFT : look->glyph);
    }
    for (int x = 0, end; x < width && shown[x].any; x = end) {
        end = stretch_end(shown, x, width);
        draw_thread_words(axis, y, scene, lane, &shown[x], x, end);
    }
    free(shown);
    free(columns);
}

/* ---- objects ---- */

static const char *object_words(enum trace_type type, enum object_state state)
{
    switch (state) {
    case OBJECT_FREE: break;
    case OBJECT_HELD: return type == TRACE_LOCK || type == TRACE_RLOCK ? "held" : "used up";
    case OBJECT_WANTED: return "waited for";
    case OBJECT_SET: return "set";
    case OBJECT_BROKEN: return "broken";
    case OBJECT_STATES: break;
    }
    return NULL;
}

static void draw_object_words(const struct region *axis, int y, enum trace_type type,
                              struct lane lane, const struct shown *shown, int x, int end)
{
    const char *state_words = object_words(type, object_ranks[shown->worst]);
    struct text words = {0};
    if (!state_words || shown->count < 2)
        return;
    text_printf(&words, " %s%u %s ", shown->count == lane.count ? "all " : "", shown->count,
                state_words);
    int room = end - x, at = x + (room - text_width(text_bytes(&words))) / 2;
    if (room < text_width(text_bytes(&words)) + 4) {
        text_clear(&words);
        text_printf(&words, "%u", shown->count);
        at = x + 1;
    }
    if (room >= text_width(text_bytes(&words)) + 2)
        draw_text(axis, at, y, STYLE_TALLY, text_bytes(&words));
    text_fini(&words);
}

void folded_objects_draw(const struct region *axis, int y, const struct scene *scene,
                         struct lane lane)
{
    int width = axis->width;
    struct column *columns = xcalloc((size_t)width, sizeof *columns);
    struct object_cell *row = xcalloc((size_t)width, sizeof *row);
    for (uint32_t i = 0; i < lane.count; i++) {
        object_cells(scene, scene->objects[lane.first + i], width, row);
        for (int x = 0; x < width; x++)
            if (row[x].filled)
                count(&columns[x], object_rank((enum object_state)row[x].state), THRUM_NONE);
    }
    struct shown *shown = show_all(columns, width, -1);
    enum trace_type type = catalog_object_type(scene->catalog, scene->objects[lane.first]);
    for (int x = 0; x < width && shown[x].any; x++)
        object_state_draw(axis, x, y, type, object_ranks[drawn_rank(shown, x)]);
    for (int x = 0, end; x < width && shown[x].any; x = end) {
        end = stretch_end(shown, x, width);
        draw_object_words(axis, y, type, lane, &shown[x], x, end);
    }
    free(shown);
    free(row);
    free(columns);
}
