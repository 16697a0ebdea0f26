/*
 * The lanes: a row a thread, below them a row an object, over one time axis. A column shows the
 * state that took most of it; what a thread waits for is written into the stretch.
 */
#ifndef THRUM_VIEW_TIMELINE_H
#define THRUM_VIEW_TIMELINE_H

#include "view/scene.h"

/* Where things went, for the mouse and for scrolling. Rows and columns are of the region. */
struct timeline_layout {
    int label_width;           /* columns of names; the line after them is at this column */
    int columns;               /* of the time axis; they begin at label_width + 1 */
    int thread_y, thread_rows; /* first lane of a thread, how many */
    int object_y, object_rows; /* the same for objects; 0 rows when there is no room */
};

/* How a region of that size is divided. */
struct timeline_layout timeline_layout(const struct scene *scene, int width, int height);

/* The rows all lanes would like to have, titles included. */
int timeline_rows_wanted(const struct scene *scene);

/* `focused` is the part the keys go to: 0 none, 1 the threads, 2 the objects. */
void timeline_draw(const struct region *region, const struct scene *scene, int focused);

/* The parts, one row each unless said otherwise. */
void ruler_draw(const struct region *row, const struct scene *scene);
/* Writes words into the columns [x, end) of a stretch of a lane; false: there is no room. */
bool stretch_words_draw(const struct region *axis, int x, int end, int y, enum lane_state state,
                        const char *words);
/* One column of an object's row; its row's columns. */
void object_state_draw(const struct region *axis, int x, int y, enum trace_type type,
                       enum object_state state);
void object_cells(const struct scene *scene, uint32_t object, int columns,
                  struct object_cell ret_cells[]);
/* The lanes of threads in a region of label and columns; words about what they leave out, or NULL.
 */
const char *threads_draw(const struct region *region, const struct scene *scene, int label_width);
void objects_draw(const struct region *region, const struct scene *scene, int label_width);

#endif
