/* Composing a frame of the timeline, 200 by 50 cells, over few and over many records, at every
 * zoom; prints the slowest zoom of each and fails above the limits that docs/ARCHITECTURE.md names.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../screen/story.h"
#include "base/clock.h"
#include "view/scene.h"
#include "view/timeline.h"

static double frame_time(const struct region *region, const struct scene *scene)
{
    enum { ROUNDS = 7 };
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        canvas_clear(region->canvas);
        uint64_t before = clock_now();
        timeline_draw(region, scene, 1);
        double took = (double)(clock_now() - before) / 1e6;
        best = took < best ? took : best;
    }
    return best;
}

/* Milliseconds of the slowest zoom level. */
static double slowest(uint64_t records)
{
    enum { THREADS = 8, LOCKS = 4 };
    struct story story;
    story_long(&story, records);
    uint32_t threads[THREADS], objects[LOCKS];
    for (uint32_t i = 0; i < THREADS; i++)
        threads[i] = i;
    for (uint32_t i = 0; i < LOCKS; i++)
        objects[i] = i;
    struct canvas canvas = {0};
    canvas_resize(&canvas, 200, 50);
    struct region region = canvas_region(&canvas);
    uint64_t now = history_now(story.history);
    double worst = 0;
    for (uint64_t column = now / 170 + 1; column > 10; column /= 4) {
        struct scene scene = {
            .history = story.history,
            .catalog = &story.catalog,
            .now = now,
            .cursor = now,
            .start = column * 170 < now ? (now - column * 170) / 2 : 0,
            .column = column,
            .threads = threads,
            .thread_count = THREADS,
            .objects = objects,
            .object_count = LOCKS,
            .thread = 3,
            .object = 2,
        };
        double took = frame_time(&region, &scene);
        worst = took > worst ? took : worst;
    }
    canvas_fini(&canvas);
    story_fini(&story);
    return worst;
}

int main(void)
{
    double few = slowest(100), many = slowest(10000000);
    printf("a frame of 200x50 over 100 records: %.3f ms, over 10 million: %.3f ms\n", few, many);
    bool fast = many <= 2.0;
    if (!fast)
        printf("too slow: at most 2 ms\n");
    return fast ? EXIT_SUCCESS : EXIT_FAILURE;
}
