/*
 * The step table, as textbooks draw races: a row a step, a column a thread, shared values and the
 * states of objects at the right, changed ones marked. Drawn from the history alone, so it shows
 * live runs and recordings as well as stepping ones.
 */
#ifndef THRUM_VIEW_STEPS_H
#define THRUM_VIEW_STEPS_H

#include "base/vector.h"
#include "view/scene.h"

/* How a step relates to the one that is looked at (happens-before, docs/LANGUAGE.md). */
enum step_relation {
    RELATION_NONE,
    RELATION_ITSELF,
    RELATION_BEFORE,
    RELATION_AFTER,
    RELATION_CONCURRENT
};

/* One row. */
struct step_row {
    uint64_t event;   /* index of the record that carries THRUM_STEP */
    uint64_t number;  /* of the step, from 1; 0 when only times are known */
    uint64_t time;    /* of that record */
    uint64_t settled; /* the time to ask for the state after the step */
    uint64_t
        shape; /* what it does where, for folding: equal for equal operations at equal places */
    uint32_t thread;
    uint32_t source;
    uint32_t folded;  /* above 0: this row stands for so many steps … */
    uint32_t repeats; /* … which are the rows above once more, so many times */
    uint8_t relation; /* enum step_relation */
    bool ahead;       /* after the cursor */
};

/* Rows in the order of steps. An all-zero one is empty; vector_fini(&rows->rows) frees it. */
struct step_rows {
    vector(struct step_row) rows;
};

/* Appends up to `count` steps from the record with this index on (forwards), or those before it
 * (backwards, then put in order in front of the others). Returns how many there were. */
size_t steps_after(const struct scene *scene, uint64_t event, size_t count, struct step_rows *rows);
size_t steps_before(const struct scene *scene, uint64_t event, size_t count,
                    struct step_rows *rows);
/* The first record after all that have a time <= the scene's cursor. */
uint64_t steps_cursor(const struct scene *scene);

/* Folds repeated iterations: of a pattern of up to 16 steps that comes three times or more in a
 * row, the first stays, and one row stands for the rest. */
void steps_fold(struct step_rows *rows);

/* Marks each row as before, after or concurrent with the step of record `event`. */
void steps_relate(const struct scene *scene, struct step_rows *rows, uint64_t event);

/* Appends a step in words: "load counter → 2", "acquire forks[1]", "atomic x ← 1, y ← 2". */
void step_words(const struct scene *scene, const struct history_event *step, struct text *out);
/* Appends what a letter of view/step_words.def stands for in a step. */
void step_part(const struct scene *scene, const struct history_event *step, char part,
               struct text *out);
/* Appends what the step means here, in a sentence or two: "B overwrites A's 1 with its own 1: A's
 * update is lost." */
void step_sentence(const struct scene *scene, uint64_t event, struct text *out);
/* Appends an object's state at a time, short: "A", "free", "2 permits", "set". */
void step_object_words(const struct scene *scene, uint32_t object, uint64_t time, struct text *out);

/* How the table is laid out. */
struct steps_look {
    bool fold;
    bool relate;        /* mark before, after and concurrent with the step at the cursor */
    bool hide;          /* predict, then reveal: what the last step did is not shown */
    uint64_t no_return; /* a rule stands after this step: from there on nothing avoids the failure
                           that is looked at; 0: none */
    bool next;          /* show a row of what each thread would do next */
    /* Appends what a thread would do next, or why it cannot (then returns false). May be NULL. */
    bool (*next_words)(void *data, uint32_t thread, struct text *out);
    void *next_data;
};

/* The whole pane: a head line, then rows around the cursor. Returns the number of rows drawn. */
int steps_draw(const struct region *region, const struct scene *scene,
               const struct steps_look *look);

/* The same as text, every step of the history, for reports: appended line by line, as wide as it
 * needs. */
void steps_print(const struct scene *scene, const struct steps_look *look, struct text *out);

#endif
