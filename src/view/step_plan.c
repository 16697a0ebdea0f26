#include "view/step_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"

enum {
    THREAD_LEAST = 8,  /* cells of a thread's column, at least … */
    THREAD_MOST = 44,  /* … at most, when there is room */
    THREAD_BRIEF = 20, /* where room is short: its brief words up to here … */
    NAME_BRIEF = 6,    /* … and so much of its name */
    THREAD_CUT = 8,    /* where there is none: "acq …[1]" … */
    NAME_CUT = 4,      /* … under "Mai…" */
    TOLD_APART = 40,   /* names that are compared with each other, at most */
    VALUE_MOST = 14,
};

void step_table_fini(struct step_table *table)
{
    for (size_t i = 0; table->words && i < table->rows.rows.count; i++)
        free(table->words[i]);
    free(table->words);
    vector_fini(&table->rows.rows);
    free(table->plan.threads);
    free(table->plan.values);
}

/* ---- Words ---- */

static char *words_of_row(const struct step_table *table, size_t index)
{
    const struct step_row *row = &table->rows.rows.items[index];
    struct text text = {0};
    struct history_event record;
    if (row->folded)
        text_printf(&text, "the same %u time%s more, %u steps", row->repeats,
                    row->repeats == 1 ? "" : "s", row->folded);
    else if (history_event_at(table->scene->history, row->event, &record))
        step_words(table->scene, &record, &text);
    /* Predict, then reveal: what the step at the cursor brought is kept back. */
    bool last = !row->ahead &&
                (index + 1 == table->rows.rows.count || table->rows.rows.items[index + 1].ahead);
    char *sign = table->look->hide && last && text.bytes ? strstr(text.bytes, " → ") : NULL;
    if (sign) {
        text.length = (size_t)(sign - text.bytes);
        text_add(&text, " → ?");
    }
    return text_take(&text);
}

void step_table_words(struct step_table *table)
{
    size_t count = table->rows.rows.count;
    table->words = xcalloc(count ? count : 1, sizeof *table->words);
    for (size_t i = 0; i < count; i++)
        table->words[i] = words_of_row(table, i);
}

char *step_table_next(const struct step_table *table, uint32_t thread, bool *ret_can)
{
    struct text text = {0};
    *ret_can =
        table->look->next_words && table->look->next_words(table->look->next_data, thread, &text);
    char *sign = table->look->hide && text.bytes ? strstr(text.bytes, " → ") : NULL;
    if (sign) {
        text.length = (size_t)(sign - text.bytes);
        text_add(&text, " → ?");
    }
    return text_take(&text);
}

/* What steps are called where room is short: who sees "x ← 1" knows that it is a store. */
static const struct {
    const char *full, *brief;
} briefs[] = {
    {"load ", ""},
    {"store ", ""},
    {"acquire ", "acq "},
    {"release ", "rel "},
    {"wait for the end of ", "await "},
    {"wait for ", "wait "},
    {"waits for a notify of ", "wait "},
    {"waits for the end of ", "await "},
    {"waits for ", "wait "},
    {"wait on ", "wait "},
    {"was woken ", "woken "},
    {"notify ", "wake "},
    {"arrive at ", "at "},
    {"passes the barrier ", "pass "},
    {"opens the barrier ", "open "},
    {"time-out: gives up ", "gives up "},
};

/* Of a reason only its beginning. */
void step_words_brief(const char *words, struct text *out)
{
    for (size_t i = 0; i < sizeof briefs / sizeof *briefs; i++)
        if (strncmp(words, briefs[i].full, strlen(briefs[i].full)) == 0) {
            text_add(out, briefs[i].brief);
            words += strlen(briefs[i].full);
            break;
        }
    const char *held = strstr(words, ", held by ");
    text_add_bytes(out, words, held ? (size_t)(held - words) : strlen(words));
}

static int brief_width(const char *words)
{
    struct text text = {0};
    step_words_brief(words, &text);
    int width = text_width(text_bytes(&text));
    text_fini(&text);
    return width;
}

/* ---- The plan ---- */

static bool shows_value(const struct scene *scene, uint32_t object)
{
    enum trace_type type = catalog_object_type(scene->catalog, object);
    const char *name = catalog_object_name(scene->catalog, object);
    return (object_has_value(type) || object_has_row(type)) && *name && *name != '(';
}

static int widest_value(const struct step_table *table, uint32_t object)
{
    int width = text_width(catalog_object_name(table->scene->catalog, object));
    struct text text = {0};
    size_t count = table->rows.rows.count, shown = count < 200 ? count : 200;
    for (size_t i = 0; i < shown; i++) {
        text_clear(&text);
        step_object_words(table->scene, object, table->rows.rows.items[i].settled, &text);
        int now = text_width(text_bytes(&text));
        width = now > width ? now : width;
    }
    text_fini(&text);
    return width > VALUE_MOST ? VALUE_MOST : width;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* A column needs room for words of that width. */
static void need(struct step_column *column, int width, int brief)
{
    column->width = larger(column->width, smaller(width, THREAD_MOST));
    column->brief = larger(column->brief, smaller(brief, THREAD_BRIEF));
    column->least = larger(column->least, smaller(brief, THREAD_CUT));
}

/* What a column would like and what it needs for its name and for what its thread would do next. */
static struct step_column plan_thread(const struct step_table *table, uint32_t thread)
{
    int name = text_width(catalog_thread_name(table->scene->catalog, thread));
    struct step_column column = {.id = thread,
                                 .width = larger(name, THREAD_LEAST),
                                 .brief = smaller(name, NAME_BRIEF),
                                 .least = smaller(name, NAME_CUT)};
    if (!table->look->next)
        return column;
    bool can;
    char *next = step_table_next(table, thread, &can);
    int wanted = text_width(next);
    need(&column, can ? wanted : smaller(wanted, THREAD_MOST / 2), brief_width(next));
    free(next);
    return column;
}

/* Whether two names look the same in so many cells. */
static bool alike(const char *a, const char *b, int width)
{
    const char *a_tail = name_tail(a), *b_tail = name_tail(b);
    int kept = width - 1 - text_width(a_tail);
    if (strcmp(a_tail, b_tail) != 0)
        return kept < 1;
    return strncmp(a, b, kept > 0 ? (size_t)kept : 0) == 0;
}

/* Names are not cut so far that two of them look the same. */
static void tell_apart(struct step_table *table)
{
    struct step_plan *plan = &table->plan;
    const struct trace_catalog *catalog = table->scene->catalog;
    for (size_t i = 0; i < plan->thread_count && plan->thread_count <= TOLD_APART; i++) {
        struct step_column *column = &plan->threads[i];
        const char *name = catalog_thread_name(catalog, column->id);
        int whole = text_width(name), least = smaller(whole, NAME_CUT);
        for (size_t k = 0; k < plan->thread_count; k++)
            while (k != i && least < whole &&
                   alike(name, catalog_thread_name(catalog, plan->threads[k].id), least))
                least++;
        column->least = larger(column->least, least);
        column->brief = larger(column->brief, least);
    }
}

static void plan_threads(struct step_table *table, const uint32_t *threads, size_t count)
{
    struct step_plan *plan = &table->plan;
    plan->threads = xcalloc(count ? count : 1, sizeof *plan->threads);
    plan->thread_count = count;
    for (size_t i = 0; i < count; i++)
        plan->threads[i] = plan_thread(table, threads[i]);
    for (size_t row = 0; row < table->rows.rows.count; row++)
        for (size_t i = 0; i < count; i++) {
            struct step_column *column = &plan->threads[i];
            if (column->id != table->rows.rows.items[row].thread)
                continue;
            need(column, text_width(table->words[row]), brief_width(table->words[row]));
            break;
        }
    tell_apart(table);
}

static void plan_values(struct step_table *table)
{
    struct step_plan *plan = &table->plan;
    size_t objects = table->scene->catalog->objects.count;
    plan->values = xcalloc(objects ? objects : 1, sizeof *plan->values);
    for (uint32_t object = 0; object < objects && plan->value_count < 64; object++)
        if (shows_value(table->scene, object))
            plan->values[plan->value_count++] =
                (struct step_column){.id = object, .width = widest_value(table, object)};
}

static int threads_width(const struct step_plan *plan)
{
    int width = 0;
    for (size_t i = 0; i < plan->thread_count; i++)
        width += plan->threads[i].width + 3;
    return width;
}

/* Makes the columns of threads fit into `room` cells: the widest give way first, down to their brief
 * words, or to what they cannot do without; false: that is still too much. */
static bool squeeze(struct step_plan *plan, int room, bool cut)
{
    while (threads_width(plan) > room) {
        struct step_column *widest = NULL;
        for (size_t i = 0; i < plan->thread_count; i++) {
            struct step_column *column = &plan->threads[i];
            if (column->width > (cut ? column->least : column->brief) &&
                (!widest || column->width > widest->width))
                widest = column;
        }
        if (!widest)
            return false;
        widest->width--;
    }
    return plan->thread_count > 0;
}

int step_table_plan(struct step_table *table, int width)
{
    struct step_plan *plan = &table->plan;
    const struct scene *scene = table->scene;
    size_t count = table->rows.rows.count;
    uint64_t last = count ? table->rows.rows.items[count - 1].number : 1;
    plan->number_width = scene->steps ? snprintf(NULL, 0, "%llu", (unsigned long long)last) : 10;
    plan->number_width = plan->number_width < 4 ? 4 : plan->number_width;
    plan->line_width = 4;
    plan_threads(table, scene->threads, scene->thread_count);
    plan_values(table);
    int x = 2 + plan->number_width + 1 + plan->line_width;
    int values = 0;
    for (size_t i = 0; i < plan->value_count; i++)
        values += plan->values[i].width + 2;
    int room = width - x - (values < width / 3 ? values + 2 : width / 3);
    /* Rather no values than no columns: the words tell most of them. */
    plan->single = !squeeze(plan, room, false) && !squeeze(plan, width - x, false) &&
                   !squeeze(plan, width - x, true);
    if (plan->single) {
        x += 3 + (room > THREAD_LEAST ? room - 3 : THREAD_LEAST);
    } else {
        for (size_t i = 0; i < plan->thread_count; i++) {
            plan->threads[i].x = x + 3;
            x += plan->threads[i].width + 3;
        }
    }
    x += 2;
    size_t fit = 0;
    for (; fit < plan->value_count && x + plan->values[fit].width + 2 <= width; fit++) {
        plan->values[fit].x = x + 1;
        x += plan->values[fit].width + 2;
    }
    plan->value_count = fit;
    return x;
}
