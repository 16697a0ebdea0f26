/* Inside view/: a step table in the making. Its words and where its columns are (step_plan.c), and
 * how it is drawn (steps.c). */
#ifndef THRUM_VIEW_STEP_PLAN_H
#define THRUM_VIEW_STEP_PLAN_H

#include "view/steps.h"

struct step_column {
    uint32_t id; /* thread or object */
    int x, width;
    int brief; /* width at which brief words and a short name are whole */
    int least; /* width that it cannot do without */
};

/* Where the columns are. */
struct step_plan {
    int number_width, line_width;
    struct step_column *threads;
    size_t thread_count;
    struct step_column *values;
    size_t value_count;
    bool single; /* one column for all threads: too many for the width */
};

/* A table in the making. */
struct step_table {
    const struct scene *scene;
    const struct steps_look *look;
    struct step_rows rows;
    char **words; /* by row; owned */
    struct step_plan plan;
};

/* Fills in the words of the rows. */
void step_table_words(struct step_table *table);
/* What a thread would do next, which the caller frees; *ret_can: it can go. */
char *step_table_next(const struct step_table *table, uint32_t thread, bool *ret_can);
/* Lays the columns out over `width` cells (INT_MAX: as much as they need); returns what they take.
 */
int step_table_plan(struct step_table *table, int width);
/* Appends words as short as they can be said, where room is short. */
void step_words_brief(const char *words, struct text *out);
void step_table_fini(struct step_table *table);

#endif
