/* A schedule as a table: one column a thread, a row a step, a reason at each switch, repetitions
 * folded. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "explore/walk.h"

enum { MARGIN = 8, GAP = 2 };

/* Characters on screen of a UTF-8 text: our texts have no wide ones but in names, where it hardly
 * matters. */
static uint32_t width_of(const char *text)
{
    uint32_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

struct table {
    const struct walk *walk;
    uint32_t *columns; /* by thread id: its column */
    vector(uint32_t) threads;
    vector(char *) names;
    uint32_t *offsets; /* by column: where it begins on the line */
    uint32_t width;    /* of a line, at most */
    uint32_t right;    /* reasons stand there; 0: in a line of their own */
    bool narrow;       /* too many threads: the name stands in front instead */
    struct text *out;
};

static void find_columns(struct table *table)
{
    const struct walk *walk = table->walk;
    const struct program *program = model_program(walk->model);
    table->columns = xmalloc((program->thread_limit + 1) * sizeof *table->columns);
    memset(table->columns, 0xff, (program->thread_limit + 1) * sizeof *table->columns);
    vector_each (struct walk_step, step, &walk->steps) {
        if (table->columns[step->thread] != UINT32_MAX)
            continue;
        table->columns[step->thread] = 0;
        vector_push(&table->threads, step->thread);
    }
    for (size_t i = 0; i < table->threads.count; i++) /* by id: few */
        for (size_t k = i; k > 0 && table->threads.items[k - 1] > table->threads.items[k]; k--) {
            uint32_t swap = table->threads.items[k];
            table->threads.items[k] = table->threads.items[k - 1];
            table->threads.items[k - 1] = swap;
        }
    for (size_t i = 0; i < table->threads.count; i++) {
        struct text name = {0};
        table->columns[table->threads.items[i]] = (uint32_t)i;
        model_thread_name(walk->model, walk->last, table->threads.items[i], &name);
        vector_push(&table->names, text_take(&name));
    }
}

/* Columns of these widths; true when no line of the table gets too long. */
static bool place(struct table *table, const uint32_t *widths, const uint32_t *texts, uint32_t gap)
{
    uint32_t at = MARGIN;
    bool fits = true;
    for (size_t i = 0; i < table->threads.count; i++) {
        table->offsets[i] = at;
        fits &=
            at + texts[i] <= table->width && at + width_of(table->names.items[i]) <= table->width;
        at += widths[i] + gap;
    }
    return fits;
}

/* Room that is left over goes between the columns. */
static void spread(struct table *table, const uint32_t *texts)
{
    size_t count = table->threads.count;
    uint32_t end = 0;
    for (size_t i = 0; i < count; i++)
        end = table->offsets[i] + texts[i] > end ? table->offsets[i] + texts[i] : end;
    for (size_t i = 1; i < count && end < table->width; i++)
        table->offsets[i] += (uint32_t)i * ((table->width - end) / (uint32_t)(count - 1));
}

/*
 * Columns as wide as their texts, if the lines then have room; else as wide as the names: each row
 * has one text alone, so that it may run on over the columns after its own.
 */
static void lay_out(struct table *table)
{
    size_t count = table->threads.count;
    uint32_t *names = xcalloc(2 * count + 1, sizeof *names), *texts = names + count;
    uint32_t *wide = xcalloc(count + 1, sizeof *wide);
    table->offsets = xcalloc(count + 1, sizeof *table->offsets);
    vector_each (struct walk_step, step, &table->walk->steps) {
        uint32_t *width = &texts[table->columns[step->thread]], wanted = width_of(step->text);
        *width = wanted > *width ? wanted : *width;
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = width_of(table->names.items[i]);
        wide[i] = texts[i] > names[i] ? texts[i] : names[i];
    }
    table->right = MARGIN;
    for (size_t i = 0; i < count; i++)
        table->right += wide[i] + GAP;
    if (!place(table, wide, texts, GAP)) {
        table->right = 0;
        table->narrow = !place(table, names, texts, GAP) && !place(table, names, texts, 1);
        spread(table, texts);
    }
    free(names);
    free(wide);
}

static void trim(struct text *out)
{
    while (out->length && out->bytes[out->length - 1] == ' ')
        out->bytes[--out->length] = 0;
}

/* Blanks up to a column of the line that began at `line`. */
static void go_to(struct text *out, size_t line, uint32_t column)
{
    uint32_t width = width_of(text_bytes(out) + line);
    text_repeat(out, ' ', (long)column - (long)width);
}

static void add_header(struct table *table)
{
    size_t line = table->out->length;
    if (table->narrow)
        return;
    text_add(table->out, "  step");
    for (size_t i = 0; i < table->threads.count; i++) {
        go_to(table->out, line, table->offsets[i]);
        text_add(table->out, table->names.items[i]);
    }
    text_add_char(table->out, '\n');
}

/* Why the thread before was left, if that is a switch that counts. */
static void add_reason(const struct table *table, uint32_t at, struct text *out)
{
    const struct walk_step *step = &table->walk->steps.items[at];
    if (step->left == LEFT_NOT)
        return;
    const char *name = table->names.items[table->columns[step->left_thread]];
    if (!step->counted) {
        if (table->right) /* not worth a line of its own */
            text_add(out, "(not counted)");
        return;
    }
    switch (step->left) {
    case LEFT_NOT: return;
    case LEFT_ENDED: text_printf(out, "(%s has ended)", name); return;
    case LEFT_BLOCKED: text_printf(out, "(%s)", step->left_why); return;
    case LEFT_FREELY: text_printf(out, "(%s rests)", name); return;
    case LEFT_COMPUTING: text_printf(out, "(%s computes)", name); return;
    case LEFT_PREEMPTED: text_printf(out, "(%s is interrupted)", name); return;
    }
}

/* Reasons stand in a line of their own when one of them does not fit behind. */
static void place_reasons(struct table *table)
{
    for (uint32_t at = 1; at < table->walk->steps.count && table->right; at++) {
        struct text reason = {0};
        add_reason(table, at, &reason);
        if (reason.length && table->right + width_of(text_bytes(&reason)) > table->width)
            table->right = 0;
        text_fini(&reason);
    }
}

static void add_row(struct table *table, uint32_t at)
{
    const struct walk_step *step = &table->walk->steps.items[at];
    struct text *out = table->out, reason = {0};
    uint32_t column = table->columns[step->thread];
    add_reason(table, at, &reason);
    if (reason.length && !table->right) {
        text_repeat(out, ' ', MARGIN);
        text_printf(out, "%s\n", text_bytes(&reason));
    }
    size_t line = out->length;
    text_printf(out, "  %4u  ", at + 1);
    if (table->narrow)
        text_printf(out, "%s: ", table->names.items[column]);
    else
        go_to(out, line, table->offsets[column]);
    text_add(out, step->text);
    if (reason.length && table->right) {
        go_to(out, line, table->right);
        text_add(out, text_bytes(&reason));
    }
    trim(out);
    text_add_char(out, '\n');
    text_fini(&reason);
}

static void add_rows(struct table *table, uint32_t point)
{
    uint32_t count = (uint32_t)table->walk->steps.count;
    for (uint32_t at = 0; at < count;) {
        uint32_t times = 0, period = walk_fold(table->walk, at, &times);
        uint32_t end = at + (period ? period : 1);
        uint32_t next = period ? at + period * times : end;
        if (period && point > at && point <= next) { /* the point of no return must be seen */
            end = next = at + 1;
            times = 0;
        }
        for (; at < end; at++) {
            add_row(table, at);
            if (point == at + 1)
                text_add(table->out, "        ──── from here on nothing avoids it ────\n");
        }
        if (next > end)
            text_printf(table->out, "        … %u times in all, up to step %u\n", times, next);
        at = next;
    }
}

void explore_schedule_table(const struct explore_result *result,
                            const struct explore_schedule *schedule, uint32_t point_of_no_return,
                            uint32_t width, struct text *out)
{
    struct walk walk;
    if (!schedule->count)
        return;
    walk_take(&walk, result, schedule);
    struct table table = {.walk = &walk, .width = width, .out = out};
    find_columns(&table);
    lay_out(&table);
    place_reasons(&table);
    add_header(&table);
    add_rows(&table, point_of_no_return);
    for (size_t i = 0; i < table.names.count; i++)
        free(table.names.items[i]);
    vector_fini(&table.names);
    vector_fini(&table.threads);
    free(table.columns);
    free(table.offsets);
    walk_fini(&walk);
}
