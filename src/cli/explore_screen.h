/* Exploring for the screen: a search on a thread of its own, and what it found as words. */
#ifndef THRUM_CLI_EXPLORE_SCREEN_H
#define THRUM_CLI_EXPLORE_SCREEN_H

#include "explore/explore.h"
#include "ui/app.h"

/* Begins to explore a file; `request` holds the limits (its program is set here). NULL: `ret_error`
 * has got what is wrong. */
struct exploring *exploring_begin(const char *path, const struct explore_request *request,
                                  struct text *ret_error);
/* See struct app. */
bool exploring_look(struct exploring *exploring, struct text *progress,
                    const struct finding **ret_findings, size_t *ret_count);
void exploring_stop(struct exploring *exploring);
void exploring_end(struct exploring *exploring);

#endif
