/*
 * Every waiting thread has one edge: to the thread it waits for, or to an object that nobody in
 * particular can free. So the graph is a set of rings with trees hanging on them, and of trees:
 * rings are drawn as a loop at the left edge, trees with the one who is waited for at the root.
 */
#include "trace/waits.h"

#include <stdlib.h>

#include "base/die.h"
#include "view/pane.h"
#include "view/panes.h"
#include "view/steps.h"

enum { EDGES = 4096, DEEPEST = 12 };

struct graph {
    const struct region *region;
    const struct scene *scene;
    struct wait_edge *edges;
    size_t count;
    bool *drawn;         /* per edge */
    uint32_t *by_thread; /* edge of each thread, or `count` */
    uint32_t threads;    /* entries of by_thread */
    int y;               /* next row; rows above 0 and below the region are only counted */
};

static size_t edge_of(const struct graph *graph, uint32_t thread)
{
    return thread < graph->threads ? graph->by_thread[thread] : graph->count;
}

/* "waits for forks[1], line 14, for 1.2 s" after a thread's name. */
static void draw_edge(const struct graph *graph, int x, const struct wait_edge *edge)
{
    const struct scene *scene = graph->scene;
    const struct region *region = graph->region;
    x = draw_text(region, x, graph->y, edge->stuck ? STYLE_STUCK : STYLE_STRONG,
                  catalog_thread_name(scene->catalog, edge->thread));
    x = draw_text(region, x, graph->y, STYLE_DIM,
                  edge->object == THRUM_NONE ? " waits for the end of " : " waits for ");
    x = draw_text(region, x, graph->y, edge->object == THRUM_NONE ? STYLE_THREAD : STYLE_NAME,
                  edge->object == THRUM_NONE ? catalog_thread_name(scene->catalog, edge->owner)
                                             : catalog_object_name(scene->catalog, edge->object));
    struct text text = {0};
    text_add(&text, "  ");
    if (THRUM_SOURCE_LINE(edge->source))
        text_printf(&text, "line %u, ", THRUM_SOURCE_LINE(edge->source));
    if (edge->stuck && scene->forever && !scene->cursor_shown)
        text_add(&text, "for ever");
    else if (scene->cursor <= edge->since)
        text_add(&text, "from now on");
    else {
        text_add(&text, "for ");
        scene_length(scene, scene->cursor - edge->since, &text);
    }
    x = draw_fit(region, x, graph->y, region->width - x, STYLE_DIM, text_bytes(&text));
    text_clear(&text);
    if (edge->object != THRUM_NONE && edge->owner != THRUM_NONE)
        text_printf(&text, "; %s has it since line %u",
                    catalog_thread_name(scene->catalog, edge->owner),
                    THRUM_SOURCE_LINE(edge->owner_source));
    if (x + text_width(text_bytes(&text)) <= region->width)
        draw_text(region, x, graph->y, STYLE_DIM, text_bytes(&text));
    text_fini(&text);
    if (edge->thread == scene->thread)
        draw_stress(region, 0, graph->y, region->width, 1, STRESS_SELECTED);
}

static void draw_waiters(struct graph *graph, int x, uint32_t owner, uint32_t object, int depth);

static bool waits_on(const struct wait_edge *edge, uint32_t owner, uint32_t object)
{
    return owner != THRUM_NONE ? edge->owner == owner
                               : edge->owner == THRUM_NONE && edge->object == object;
}

/* Those that wait for a thread, or (owner THRUM_NONE) for an object, each with its own waiters. */
static void draw_waiters(struct graph *graph, int x, uint32_t owner, uint32_t object, int depth)
{
    size_t last = graph->count;
    for (size_t i = 0; i < graph->count; i++)
        if (!graph->drawn[i] && waits_on(&graph->edges[i], owner, object))
            last = i;
    for (size_t i = 0; last < graph->count && i <= last; i++) {
        if (graph->drawn[i] || !waits_on(&graph->edges[i], owner, object))
            continue;
        graph->drawn[i] = true;
        draw_glyph(graph->region, x, graph->y, STYLE_RULE,
                   i == last ? GLYPH_ROUND_BL : GLYPH_TEE_RIGHT);
        draw_glyph(graph->region, x + 1, graph->y, STYLE_RULE, GLYPH_H);
        draw_edge(graph, x + 3, &graph->edges[i]);
        int first = ++graph->y;
        if (depth < DEEPEST)
            draw_waiters(graph, x + 3, graph->edges[i].thread, THRUM_NONE, depth + 1);
        if (i != last)
            draw_column(graph->region, x, first, graph->y - first, STYLE_RULE, GLYPH_V);
    }
}

/* If the chain from edge `at` comes back to it, draws the ring and what hangs on it. */
static void draw_ring(struct graph *graph, size_t at)
{
    size_t ring[EDGES], length = 0;
    for (size_t i = at; i < graph->count && length < graph->count;) {
        ring[length++] = i;
        i = graph->edges[i].owner == THRUM_NONE ? graph->count
                                                : edge_of(graph, graph->edges[i].owner);
        if (i == at) {
            int first = graph->y, last = first;
            for (size_t k = 0; k < length; k++)
                graph->drawn[ring[k]] = true;
            for (size_t k = 0; k < length; k++) {
                last = graph->y;
                draw_edge(graph, 5, &graph->edges[ring[k]]);
                graph->y++;
                draw_waiters(graph, 5, graph->edges[ring[k]].thread, THRUM_NONE, 1);
            }
            draw_column(graph->region, 1, first, last - first, STYLE_STUCK, GLYPH_V);
            draw_glyph(graph->region, 1, first, STYLE_STUCK, GLYPH_ROUND_TL);
            draw_glyph(graph->region, 2, first, STYLE_STUCK, GLYPH_H);
            draw_glyph(graph->region, 3, first, STYLE_STUCK, GLYPH_HERE);
            draw_glyph(graph->region, 1, last, STYLE_STUCK, GLYPH_ROUND_BL);
            draw_glyph(graph->region, 2, last, STYLE_STUCK, GLYPH_H);
            graph->y++;
            return;
        }
    }
}

/* A tree: its root is a thread that goes on, or an object that no thread in particular can free. */
static void draw_tree(struct graph *graph, const struct wait_edge *edge)
{
    const struct scene *scene = graph->scene;
    int x;
    if (edge->owner != THRUM_NONE) {
        struct lane_interval interval;
        history_interval(scene->history, edge->owner, scene->cursor, &interval);
        x = draw_text(graph->region, 1, graph->y, STYLE_STRONG,
                      catalog_thread_name(scene->catalog, edge->owner));
        draw_printf(graph->region, x, graph->y, lane_look(interval.state)->style, "  %s",
                    lane_state_words(interval.state));
    } else {
        enum trace_type type = catalog_object_type(scene->catalog, edge->object);
        struct text state = {0};
        step_object_words(scene, edge->object, scene->cursor, &state);
        x = draw_text(graph->region, 1, graph->y, STYLE_NAME,
                      catalog_object_name(scene->catalog, edge->object));
        bool counts = type == TRACE_SEMAPHORE || type == TRACE_BOUNDED_SEMAPHORE;
        draw_printf(graph->region, x, graph->y, STYLE_DIM, "  %s, %s%s", trace_type_words(type),
                    counts ? "value " : "", text_bytes(&state));
        text_fini(&state);
    }
    uint32_t owner = edge->owner, object = edge->object;
    graph->y++;
    draw_waiters(graph, 1, owner, object, 0);
    graph->y++;
}

int waits_draw(const struct region *region, const struct scene *scene, int top)
{
    struct graph graph = {.region = region, .scene = scene, .y = -top};
    graph.edges = xmalloc(EDGES * sizeof *graph.edges);
    graph.count = waits_all(scene->history, scene->cursor, EDGES, graph.edges);
    graph.drawn = xcalloc(graph.count + 1, sizeof *graph.drawn);
    graph.threads = history_threads(scene->history);
    graph.by_thread = xmalloc((graph.threads + 1) * sizeof *graph.by_thread);
    for (uint32_t i = 0; i < graph.threads; i++)
        graph.by_thread[i] = (uint32_t)graph.count;
    for (size_t i = 0; i < graph.count; i++)
        if (graph.edges[i].thread < graph.threads)
            graph.by_thread[graph.edges[i].thread] = (uint32_t)i;
    for (size_t i = 0; i < graph.count; i++)
        if (!graph.drawn[i])
            draw_ring(&graph, i);
    /* Roots only: what waits for a thread that waits itself is drawn below that one. */
    for (size_t i = 0; i < graph.count; i++)
        if (!graph.drawn[i] && (graph.edges[i].owner == THRUM_NONE ||
                                edge_of(&graph, graph.edges[i].owner) == graph.count))
            draw_tree(&graph, &graph.edges[i]);
    if (!graph.count)
        draw_text(region, 1, 0, STYLE_DIM, "nobody waits for anybody at this moment");
    int rows = graph.y + top;
    pane_more(region, top, rows);
    free(graph.edges);
    free(graph.drawn);
    free(graph.by_thread);
    return rows;
}
