/* Rows with a cache are the rows without one: while a run grows, its kernel's records come late, it
 * goes back, and the window moves and changes its width. */
#include "../trace/stream.h"
#include "../unit.h"

#include <string.h>

#include "base/die.h"
#include "view/row_cache.h"

enum { MOST_COLUMNS = 90, LONGEST = 40000 };

struct window {
    uint64_t start, column;
    size_t columns;
};

static void compare(struct row_cache *cache, const struct history *history,
                    const struct window *window)
{
    for (uint32_t i = 0; i < STREAM_THREADS + 1; i++) {
        struct lane_cell kept[MOST_COLUMNS], fresh[MOST_COLUMNS];
        row_of_thread(cache, history, i, window->start, window->column, window->columns, kept);
        row_of_thread(NULL, history, i, window->start, window->column, window->columns, fresh);
        for (size_t x = 0; x < window->columns; x++)
            if (memcmp(&kept[x], &fresh[x], sizeof kept[x]) != 0) /* an assertion each is slow */
                ck_assert_mem_eq(&kept[x], &fresh[x], sizeof kept[x]);
    }
    for (uint32_t i = 0; i < STREAM_OBJECTS; i++) {
        struct object_cell kept[MOST_COLUMNS], fresh[MOST_COLUMNS];
        row_of_object(cache, history, i, window->start, window->column, window->columns, kept);
        row_of_object(NULL, history, i, window->start, window->column, window->columns, fresh);
        /* the holder of the last column may be known from an earlier, longer look */
        kept[window->columns - 1].holder = fresh[window->columns - 1].holder;
        for (size_t x = 0; x < window->columns; x++)
            if (memcmp(&kept[x], &fresh[x], sizeof kept[x]) != 0) /* an assertion each is slow */
                ck_assert_mem_eq(&kept[x], &fresh[x], sizeof kept[x]);
    }
}

/* As people do: mostly they stay, or follow, or go on by a few columns; now and then they zoom. */
static void move(struct window *window, uint64_t now, uint64_t *seed)
{
    uint64_t at = window->start / window->column, by = random_below(seed, 9);
    switch (random_below(seed, 8)) {
    case 0: at += by; break;
    case 1: at = at > by ? at - by : 0; break;
    case 2: at = random_below(seed, now / window->column + 1); break;
    case 3:
        window->column = 1 + random_below(seed, random_below(seed, 2) ? 8 : now / 8 + 2);
        at = random_below(seed, now / window->column + 1);
        break;
    case 4: window->columns = 2 + random_below(seed, MOST_COLUMNS - 2); break;
    case 5:
        at = now / window->column;
        at = at > window->columns - 2 ? at - (window->columns - 2) : 0;
        break;
    }
    window->start = at * window->column;
}

/* Holds back the kernel's records for a while, or (`early`) the others; in the order of time, or
 * backwards. */
static size_t deliver(const struct stream *stream, bool early, bool backwards,
                      struct stream_record *ret, uint64_t *seed)
{
    enum { HELD = 40 };
    struct stream_record held[HELD];
    size_t count = 0, waiting = 0;
    for (size_t i = 0; i < stream->count; i++) {
        unsigned kind = stream->records[i].event.kind;
        bool kernel = kind >= THRUM_KIND_SWITCH_PREEMPTED && kind <= THRUM_KIND_SWITCH_IN;
        if (kernel != early)
            held[waiting++] = stream->records[i];
        else
            ret[count++] = stream->records[i];
        if (waiting < HELD && i + 1 < stream->count && random_below(seed, 30))
            continue;
        for (size_t j = 0; j < waiting; j++)
            ret[count++] = held[backwards ? waiting - 1 - j : j];
        waiting = 0;
    }
    return count;
}

/* Goes on by some records; now and then back. */
static size_t grow(struct history *history, const struct stream_record *order, size_t at,
                   size_t count, uint64_t *seed)
{
    if (random_below(seed, 40) == 0) {
        at -= random_below(seed, (at < 400 ? at : 400) + 1);
        history_truncate(history, at, at ? order[at - 1].event.time : 0);
    }
    for (uint64_t more = random_below(seed, 60); more > 0 && at < count; more--, at++)
        history_append(history, order[at].thread, &order[at].event);
    history_advance(history, history_now(history) + random_below(seed, 20));
    return at;
}

START_TEST(the_same_rows)
{
    struct trace_catalog catalog = {0};
    struct stream *stream = xmalloc(sizeof *stream);
    struct stream_record *order = xcalloc(STREAM_MOST, sizeof *order);
    struct row_cache cache = {0};
    uint64_t seed = (uint64_t)_i + 1;
    stream_catalog(&catalog);
    stream_init(stream, seed);
    while (stream->count + 2 < STREAM_MOST && stream->time < LONGEST)
        stream_step(stream, _i % 2);
    size_t count = deliver(stream, _i % 3 == 1, _i % 3 == 2, order, &seed), at = 0;
    for (int again = 0; again < 2; again++) { /* the cache goes on to another history */
        struct history *history = history_new(&catalog);
        struct window window = {.column = 100, .columns = 60};
        for (at = 0; at < count;) {
            at = grow(history, order, at, count, &seed);
            for (int look = 0; look < 3; look++) {
                move(&window, history_now(history), &seed);
                compare(&cache, history, &window);
            }
        }
        history_free(history);
    }
    row_cache_fini(&cache);
    catalog_fini(&catalog);
    free(order);
    free(stream);
}
END_TEST

/* Old records are dropped while a window that shows them stays. */
START_TEST(the_same_rows_when_records_are_dropped)
{
    enum { PIECE = 20000, PIECES = 40 };
    struct trace_catalog catalog = {0};
    struct row_cache cache = {0};
    struct window window = {.column = PIECE, .columns = MOST_COLUMNS};
    stream_catalog(&catalog);
    struct history *history = history_new(&catalog);
    history_limit(history, 8 << 20, NULL);
    uint64_t seed = 3;
    bool asleep[STREAM_THREADS] = {0};
    for (int piece = 0; piece < PIECES; piece++) {
        for (uint64_t i = 0; i < PIECE; i++) {
            uint32_t thread = (uint32_t)random_below(&seed, STREAM_THREADS);
            struct thrum_event event = {
                .time = 2 * (PIECE * (uint64_t)piece + i),
                .object = THRUM_NONE,
                .kind = asleep[thread] ? THRUM_KIND_SLEEP_END : THRUM_KIND_SLEEP_BEGIN,
            };
            asleep[thread] = !asleep[thread];
            history_append(history, thread, &event);
        }
        compare(&cache, history, &window);
    }
    ck_assert_uint_gt(history_memory(history).horizon, 0);
    history_free(history);
    row_cache_fini(&cache);
    catalog_fini(&catalog);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("row cache");
    TCase *t = tcase_create("rows");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, the_same_rows, 0, 6);
    tcase_add_test(t, the_same_rows_when_records_are_dropped);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
