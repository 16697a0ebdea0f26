#include "view/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "session/session.h"
#include "view/pane.h"
#include "view/step_plan.h"

enum {
    CHUNK = 500,       /* rows printed at a time */
    MEASURED = 5000,   /* rows that the widths of a printed table are taken from */
    FOLD_FETCH = 4000, /* rows looked at for folding */
};

/* ---- Drawing ---- */

/* Words of which the middle gives way: "acq acc…[1]", "bala…[0] → 60". */
static void draw_cut(const struct region *region, int x, int y, int width, enum style style,
                     const char *words)
{
    const char *sign = strstr(words, " → ");
    sign = sign ? sign : strstr(words, " ← ");
    int room = width - (sign ? text_width(sign) : 0);
    if (!sign || room < 2) {
        draw_name(region, x, y, width, style, words);
        return;
    }
    struct text name = {0};
    text_add_bytes(&name, words, (size_t)(sign - words));
    x = draw_name(region, x, y, room, style, text_bytes(&name));
    draw_text(region, x, y, style, sign);
    text_fini(&name);
}

/* Words in so many cells: shorter ones where they do not fit, and of these the name gives way. */
static void draw_brief(const struct region *region, int x, int y, int width, enum style style,
                       const char *words)
{
    struct text text = {0};
    if (text_width(words) > width)
        step_words_brief(words, &text);
    else
        text_add(&text, words);
    if (text_width(text_bytes(&text)) > width)
        draw_cut(region, x, y, width, style, text_bytes(&text));
    else
        draw_text(region, x, y, style, text_bytes(&text));
    text_fini(&text);
}

static int first_x(const struct step_plan *plan)
{
    return 2 + plan->number_width + 1 + plan->line_width;
}

static void draw_rules(const struct region *region, const struct step_plan *plan, int y)
{
    if (plan->single)
        draw_glyph(region, first_x(plan) + 1, y, STYLE_RULE, GLYPH_V);
    for (size_t i = 0; !plan->single && i < plan->thread_count; i++)
        draw_glyph(region, plan->threads[i].x - 2, y, STYLE_RULE, GLYPH_V);
    if (plan->value_count)
        draw_glyph(region, plan->values[0].x - 2, y, STYLE_RULE, GLYPH_V);
}

static void draw_head(const struct region *region, const struct step_table *table)
{
    const struct step_plan *plan = &table->plan;
    draw_right(region, 2 + plan->number_width, 0, STYLE_DIM, table->scene->steps ? "step" : "time");
    draw_right(region, first_x(plan), 0, STYLE_DIM, "line");
    draw_rules(region, plan, 0);
    for (size_t i = 0; !plan->single && i < plan->thread_count; i++)
        draw_name(region, plan->threads[i].x, 0, plan->threads[i].width,
                  plan->threads[i].id == table->scene->thread ? STYLE_STRONG : STYLE_THREAD,
                  catalog_thread_name(table->scene->catalog, plan->threads[i].id));
    for (size_t i = 0; i < plan->value_count; i++)
        draw_name(region, plan->values[i].x, 0, plan->values[i].width, STYLE_NAME,
                  catalog_object_name(table->scene->catalog, plan->values[i].id));
}

static void draw_relation(const struct region *region, int y, const struct step_row *row)
{
    switch ((enum step_relation)row->relation) {
    case RELATION_NONE: break;
    case RELATION_ITSELF: draw_glyph(region, 0, y, STYLE_STRONG, GLYPH_HERE); break;
    case RELATION_BEFORE: draw_glyph(region, 0, y, STYLE_DIM, GLYPH_UP); break;
    case RELATION_AFTER: draw_glyph(region, 0, y, STYLE_DIM, GLYPH_DOWN); break;
    case RELATION_CONCURRENT: draw_glyph(region, 0, y, STYLE_POTENTIAL, GLYPH_PAUSED); break;
    }
}

/* The time to compare a row's state with: that of the step before. */
static uint64_t time_before(const struct scene *scene, const struct step_row *row)
{
    if (scene->steps) {
        uint64_t steps = row->folded ? row->folded : 1;
        return row->number > steps ? (row->number - steps) * SESSION_STEP_TIME : 0;
    }
    return row->time ? row->time - 1 : 0;
}

static void draw_values(const struct region *region, const struct step_table *table, int y,
                        const struct step_row *row, bool hidden)
{
    struct text now = {0}, before = {0};
    for (size_t i = 0; i < table->plan.value_count; i++) {
        const struct step_column *column = &table->plan.values[i];
        text_clear(&now);
        text_clear(&before);
        step_object_words(table->scene, column->id, row->settled, &now);
        step_object_words(table->scene, column->id, time_before(table->scene, row), &before);
        bool changed = strcmp(text_bytes(&now), text_bytes(&before)) != 0;
        if (hidden) {
            draw_text(region, column->x, y, STYLE_DIM, "?");
            continue;
        }
        if (changed)
            draw_glyph(region, column->x - 1, y, STYLE_CHANGED, '*');
        draw_fit(region, column->x, y, column->width,
                 changed      ? STYLE_CHANGED
                 : row->ahead ? STYLE_DIM
                              : STYLE_VALUE,
                 text_bytes(&now));
    }
    text_fini(&now);
    text_fini(&before);
}

static void draw_words(const struct region *region, const struct step_table *table, int y,
                       const struct step_row *row, const char *words)
{
    const struct step_plan *plan = &table->plan;
    enum style style = row->ahead || row->folded ? STYLE_DIM : STYLE_TEXT;
    if (plan->single) {
        int x = first_x(plan) + 3;
        int end = plan->value_count ? plan->values[0].x - 3 : region->width;
        x = draw_fit(region, x, y, (end - x) / 2, STYLE_THREAD,
                     catalog_thread_name(table->scene->catalog, row->thread));
        draw_brief(region, x + 1, y, end - x - 1, style, words);
        return;
    }
    for (size_t i = 0; i < plan->thread_count; i++)
        if (plan->threads[i].id == row->thread)
            draw_brief(region, plan->threads[i].x, y, plan->threads[i].width, style, words);
}

static void draw_step(const struct region *region, const struct step_table *table, int y,
                      size_t index)
{
    const struct scene *scene = table->scene;
    const struct step_plan *plan = &table->plan;
    const struct step_row *row = &table->rows.rows.items[index];
    bool last = !row->ahead &&
                (index + 1 == table->rows.rows.count || table->rows.rows.items[index + 1].ahead);
    struct text number = {0};
    if (scene->steps)
        text_printf(&number, "%llu", (unsigned long long)row->number);
    else
        scene_time(scene, row->time, &number);
    if (table->look->relate)
        draw_relation(region, y, row);
    draw_right(region, 2 + plan->number_width, y, row->ahead ? STYLE_DIM : STYLE_LINE_NUMBER,
               text_bytes(&number));
    text_clear(&number);
    if (row->source && !row->folded) {
        text_printf(&number, "%u", THRUM_SOURCE_LINE(row->source));
        draw_right(region, first_x(plan), y, STYLE_DIM, text_bytes(&number));
    }
    text_fini(&number);
    draw_rules(region, plan, y);
    draw_words(region, table, y, row, table->words[index]);
    draw_values(region, table, y, row, table->look->hide && last);
    if (last && scene->cursor_shown)
        draw_stress(region, 0, y, region->width, 1, STRESS_CURSOR);
}

/* Problems that came with a row's step, or after it and before the next: live, some are noticed in
 * between. [*ret_first, *ret_end) are their numbers. */
static void problems_of(const struct step_table *table, size_t index, size_t *ret_first,
                        size_t *ret_end)
{
    const struct scene *scene = table->scene;
    const struct step_row *row = &table->rows.rows.items[index];
    *ret_first = history_problem_at(scene->history, time_before(scene, row));
    *ret_end = history_problem_at(scene->history, row->settled);
    if (scene->steps)
        return;
    struct step_rows next = {0};
    if (index + 1 < table->rows.rows.count)
        *ret_end = history_problem_at(scene->history, time_before(scene, row + 1));
    else if (!steps_after(scene, row->event + 1, 1, &next))
        *ret_end = history_problem_count(scene->history);
    vector_fini(&next.rows);
}

/* Draws them, a line each; returns how many. */
static int draw_problems(const struct region *region, const struct step_table *table, int y,
                         size_t index)
{
    size_t first, end;
    problems_of(table, index, &first, &end);
    for (size_t i = first; i < end; i++, y++) {
        const struct problem *problem = history_problem(table->scene->history, i);
        enum style style = problem->certainty == PROBLEM_ACTUAL ? STYLE_PROBLEM : STYLE_POTENTIAL;
        int x = first_x(&table->plan) + 1;
        draw_glyph(region, x, y, style,
                   problem->certainty == PROBLEM_POTENTIAL ? GLYPH_WARNING : GLYPH_PROBLEM);
        draw_fit(region, x + 2, y, region->width - x - 2, style, problem->title);
    }
    return (int)(end - first);
}

/* The rule after the point of no return; returns how many lines it takes. */
static int draw_no_return(const struct region *region, const struct step_table *table, int y,
                          const struct step_row *row)
{
    uint64_t steps = row->folded ? row->folded : 1;
    bool here = table->look->no_return && row->number >= table->look->no_return &&
                row->number - steps < table->look->no_return;
    if (here && region) {
        draw_row(region, 2, y, region->width - 2, STYLE_POTENTIAL, GLYPH_H);
        draw_text(region, first_x(&table->plan) + 3, y, STYLE_POTENTIAL,
                  " from here on nothing avoids it ");
    }
    return here;
}

static void draw_next(const struct region *region, const struct step_table *table, int y)
{
    const struct step_plan *plan = &table->plan;
    draw_text(region, 2, y, STYLE_DIM, "next");
    draw_rules(region, plan, y);
    for (size_t i = 0; !plan->single && i < plan->thread_count; i++) {
        bool can;
        char *words = step_table_next(table, plan->threads[i].id, &can);
        draw_brief(region, plan->threads[i].x, y, plan->threads[i].width,
                   can ? STYLE_KEYWORD : STYLE_BLOCKED, words);
        free(words);
    }
}

/* The rows around the cursor: two thirds of the height behind it, the rest ahead. */
static void fetch(struct step_table *table, int height)
{
    size_t room = height > 0 ? (size_t)height : 0;
    size_t wanted = table->look->fold ? FOLD_FETCH : room;
    uint64_t cursor = steps_cursor(table->scene);
    size_t ahead = steps_after(table->scene, cursor, room, &table->rows);
    size_t behind = steps_before(table->scene, cursor, wanted, &table->rows);
    if (table->look->fold) {
        steps_fold(&table->rows);
        behind = 0;
        while (behind < table->rows.rows.count && !table->rows.rows.items[behind].ahead)
            behind++;
        ahead = table->rows.rows.count - behind;
    }
    size_t shown_ahead = ahead < room / 3 ? ahead : room / 3;
    if (behind + shown_ahead < room)
        shown_ahead = ahead < room - behind ? ahead : room - behind;
    size_t shown_behind = room - shown_ahead < behind ? room - shown_ahead : behind;
    if (behind > shown_behind)
        memmove(table->rows.rows.items, table->rows.rows.items + (behind - shown_behind),
                (shown_behind + shown_ahead) * sizeof *table->rows.rows.items);
    table->rows.rows.count = shown_behind + shown_ahead;
}

static void relate(struct step_table *table)
{
    size_t last = table->rows.rows.count;
    while (last > 0 && table->rows.rows.items[last - 1].ahead)
        last--;
    if (table->look->relate && last > 0)
        steps_relate(table->scene, &table->rows, table->rows.rows.items[last - 1].event);
}

/* How many lines a row takes: problems and the point of no return have lines of their own. */
static int lines_of(const struct step_table *table, size_t index)
{
    size_t first, end;
    problems_of(table, index, &first, &end);
    return 1 + (int)(end - first) + draw_no_return(NULL, table, 0, &table->rows.rows.items[index]);
}

/* The first row for which there is room: as many of those behind the cursor go away at the top as
 * the others need, of which at most a third of the room is sure. */
static size_t first_shown(const struct step_table *table, int room)
{
    size_t first = 0;
    int behind = 0, ahead = 0;
    for (size_t i = 0; i < table->rows.rows.count; i++) {
        const struct step_row *row = &table->rows.rows.items[i];
        *(row->ahead ? &ahead : &behind) += lines_of(table, i);
    }
    for (int most = room - (ahead < room / 3 ? ahead : room / 3); behind > 0 && behind > most;
         first++)
        behind -= lines_of(table, first);
    return first;
}

int steps_draw(const struct region *region, const struct scene *scene,
               const struct steps_look *look)
{
    struct step_table table = {.scene = scene, .look = look};
    int room = region->height - 1 - (look->next ? 1 : 0);
    fetch(&table, room);
    if (table.rows.rows.count)
        relate(&table);
    step_table_words(&table);
    step_table_plan(&table, region->width);
    draw_head(region, &table);
    int y = 1;
    bool told_next = false;
    size_t count = table.rows.rows.count;
    for (size_t i = first_shown(&table, room); i < count && y < region->height; i++) {
        const struct step_row *row = &table.rows.rows.items[i];
        if (row->ahead && look->next && !told_next) {
            draw_next(region, &table, y++);
            told_next = true;
        }
        draw_step(region, &table, y++, i);
        if (!(look->hide && !row->ahead && i + 1 == count))
            y += draw_problems(region, &table, y, i);
        if (y < region->height)
            y += draw_no_return(region, &table, y, row);
    }
    if (look->next && !told_next && y < region->height)
        draw_next(region, &table, y++);
    step_table_fini(&table);
    return y;
}

/* ---- Printing ---- */

static void print_chunk(struct step_table *table, struct canvas *canvas, int width, size_t first,
                        size_t count, struct text *out)
{
    struct step_table part = *table;
    part.rows.rows.items += first;
    part.rows.rows.count = count;
    part.words = table->words + first;
    int problems = (int)history_problem_count(table->scene->history);
    canvas_resize(canvas, width, (int)count + problems + 2);
    struct region region = canvas_region(canvas);
    int y = 0;
    if (first == 0) {
        draw_head(&region, &part);
        draw_row(&region, 0, 1, width, STYLE_RULE, GLYPH_H);
        y = 2;
    }
    for (size_t i = 0; i < count; i++) {
        draw_step(&region, &part, y++, i);
        y += draw_problems(&region, &part, y, i);
    }
    canvas->height = y;
    canvas_dump(canvas, out);
    canvas->height = region.height;
}

void steps_print(const struct scene *scene, const struct steps_look *look, struct text *out)
{
    struct step_table table = {.scene = scene, .look = look};
    steps_after(scene, 0, SIZE_MAX, &table.rows);
    if (look->fold)
        steps_fold(&table.rows);
    size_t count = table.rows.rows.count;
    step_table_words(&table);
    table.rows.rows.count = count < MEASURED ? count : MEASURED;
    int width = step_table_plan(&table, 4000);
    table.rows.rows.count = count;
    struct canvas canvas = {0};
    size_t first = 0;
    do {
        size_t part = count - first < CHUNK ? count - first : CHUNK;
        print_chunk(&table, &canvas, width, first, part, out);
        first += part;
    } while (first < count);
    canvas_fini(&canvas);
    step_table_fini(&table);
}
