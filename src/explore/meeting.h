/* Where two threads stand before conflicting accesses: a race, as exploring judges it. */
#ifndef THRUM_EXPLORE_MEETING_H
#define THRUM_EXPLORE_MEETING_H

#include "base/text.h"
#include "explore/space.h"

/* Appends " is about to read it (line 19)", or write, of a thread whose next operation is an
 * access. Returns its position. */
uint32_t meeting_access_text(const struct model *model, const struct world *world, uint32_t thread,
                             struct text *out);

/*
 * Two plain accesses that conflict and are both next in `world`: appends "counter: A is about to
 * read it (line 19) and B is about to write it (line 19), in any order". False, and nothing
 * appended, where there are none, and under a GIL, where a world alone does not tell who can go.
 * `world` is read only; the caller keeps others from changing it meanwhile.
 */
bool meeting_text(const struct program *program, struct model *model, const struct world *world,
                  struct text *out);

#endif
