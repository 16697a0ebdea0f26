/*
 * Inside session/: what the choices of a stepping session lead to. A thread of our own searches the
 * program's states behind the person's back, when the program is small enough for an answer within
 * seconds; until then, and when it is not, nothing is said.
 */
#ifndef THRUM_SESSION_FORESIGHT_H
#define THRUM_SESSION_FORESIGHT_H

#include "explore/outlook.h"

struct foresight;

/* Begins to search. `model` must outlive it. NULL when there is no hope or no thread. */
struct foresight *foresight_new(const struct program *program, struct model *model);
/* Cancels the search if it still runs. NULL is fine. */
void foresight_free(struct foresight *foresight);

/* The answers, or NULL; for one thread at a time. */
struct outlook *foresight_outlook(const struct foresight *foresight);

#endif
