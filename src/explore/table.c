/* A schedule as a table: one column a thread, a row a step, a reason at each switch, repetitions
 * folded. */
#include <stdlib.h>
#include <string.h>

#include "explore/walk.h"

enum { MOST_COLUMNS = 6, COLUMN_WIDTH = 30, GAP = 2 };

/* Characters on screen of a UTF-8 text: our texts have no wide ones but in names, where it hardly
 * matters. */
static uint32_t width_of(const char *text)
{
    uint32_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* Appends a text cut or padded to a width. */
static void add_cell(struct text *out, const char *text, uint32_t width)
{
    uint32_t whole = width_of(text), shown = 0;
    for (const char *at = text; *at;) {
        size_t size = 1;
        while (((unsigned char)at[size] & 0xc0) == 0x80)
            size++;
        if (whole > width && shown + 1 == width) {
            text_add(out, "…");
            shown++;
            break;
        }
        text_add_bytes(out, at, size);
        at += size;
        shown++;
    }
    text_repeat(out, ' ', (long)width - (long)shown);
}

struct table {
    const struct walk *walk;
    uint32_t *columns; /* by thread id: its column */
    vector(uint32_t) threads;
    vector(char *) names;
    uint32_t *widths;
    uint32_t tail; /* from here on all steps are quiet: written out for completeness, and counted
                      neither as switches nor as preemptions */
    bool narrow;   /* too many threads: the name stands in front instead */
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
    table->widths = xcalloc(table->threads.count + 1, sizeof *table->widths);
    for (size_t i = 0; i < table->threads.count; i++) {
        struct text name = {0};
        table->columns[table->threads.items[i]] = (uint32_t)i;
        model_thread_name(walk->model, walk->last, table->threads.items[i], &name);
        table->widths[i] = width_of(text_bytes(&name));
        vector_push(&table->names, text_take(&name));
    }
    vector_each (struct walk_step, step, &walk->steps) {
        uint32_t *width = &table->widths[table->columns[step->thread]],
                 wanted = width_of(step->text);
        if (wanted > *width)
            *width = wanted;
    }
    for (size_t i = 0; i < table->threads.count; i++)
        if (table->widths[i] > COLUMN_WIDTH)
            table->widths[i] = COLUMN_WIDTH;
    table->narrow = table->threads.count > MOST_COLUMNS;
}

static void add_header(struct table *table)
{
    if (table->narrow)
        return;
    text_add(table->out, "   step  ");
    for (size_t i = 0; i < table->threads.count; i++) {
        add_cell(table->out, table->names.items[i], table->widths[i]);
        text_repeat(table->out, ' ', GAP);
    }
    while (table->out->length && table->out->bytes[table->out->length - 1] == ' ')
        table->out->bytes[--table->out->length] = 0;
    text_add_char(table->out, '\n');
}

static void add_reason(struct table *table, const struct walk_step *step,
                       const struct walk_step *before)
{
    const char *name = table->names.items[table->columns[before->thread]];
    switch (step->left) {
    case LEFT_NOT: return;
    case LEFT_ENDED: text_printf(table->out, "  (%s has ended)", name); return;
    case LEFT_BLOCKED: text_printf(table->out, "  (%s)", step->left_why); return;
    case LEFT_FREELY: text_printf(table->out, "  (%s rests)", name); return;
    case LEFT_PREEMPTED: text_printf(table->out, "  (%s is interrupted)", name); return;
    }
}

static uint32_t find_tail(const struct walk *walk)
{
    uint32_t tail = (uint32_t)walk->steps.count;
    while (tail > 0 && operation_quiet((enum opcode)walk->steps.items[tail - 1].operation.op))
        tail--;
    return tail;
}

static void add_row(struct table *table, uint32_t at)
{
    const struct walk_step *step = &table->walk->steps.items[at];
    struct text *out = table->out;
    uint32_t column = table->columns[step->thread];
    size_t line = out->length;
    text_printf(out, "  %5u  ", at + 1);
    if (table->narrow) {
        text_printf(out, "%s: %s", table->names.items[column], step->text);
    } else {
        for (uint32_t i = 0; i < column; i++)
            text_repeat(out, ' ', (long)table->widths[i] + GAP);
        add_cell(out, step->text, table->widths[column]);
        for (uint32_t i = column + 1; i < table->threads.count && step->left != LEFT_NOT; i++)
            text_repeat(out, ' ', (long)table->widths[i] + GAP);
    }
    if (at >= table->tail && step->left == LEFT_PREEMPTED)
        text_add(out, "  (touches nothing: not counted)");
    else if (at)
        add_reason(table, step, &table->walk->steps.items[at - 1]);
    while (out->length > line && out->bytes[out->length - 1] == ' ')
        out->bytes[--out->length] = 0;
    text_add_char(out, '\n');
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
                text_add(table->out, "         ──── from here on nothing avoids it ────\n");
        }
        if (next > end)
            text_printf(table->out, "         … %u times in all, up to step %u\n", times, next);
        at = next;
    }
}

void explore_schedule_table(const struct explore_result *result,
                            const struct explore_schedule *schedule, uint32_t point_of_no_return,
                            struct text *out)
{
    struct walk walk;
    walk_take(&walk, result, schedule);
    struct table table = {.walk = &walk, .out = out};
    find_columns(&table);
    table.tail = find_tail(&walk);
    add_header(&table);
    add_rows(&table, point_of_no_return);
    for (size_t i = 0; i < table.names.count; i++)
        free(table.names.items[i]);
    vector_fini(&table.names);
    vector_fini(&table.threads);
    free(table.columns);
    free(table.widths);
    walk_fini(&walk);
}
