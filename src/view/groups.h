/*
 * Which things belong together by their names: the threads of one declared group ("philosopher-0",
 * "philosopher-1"), those made with one function ("Thread-1 (f)", "Thread-2 (f)"), the objects of
 * one list ("forks[0]", "forks[1]"). Names alone tell, so that a recording without its scenario has
 * the same groups.
 */
#ifndef THRUM_VIEW_GROUPS_H
#define THRUM_VIEW_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "trace/catalog.h"

/* For each of the first `count` threads, or objects, of a catalog the first one of its group:
 * itself where it stands alone or is the first. Objects of different types are never together. */
void groups_find(const struct trace_catalog *catalog, bool objects, uint32_t count,
                 uint32_t ret_first[]);

/* Appends what the group of a member is called: "philosopher", "Thread (f)", "forks". */
void group_name(const char *member, struct text *out);

#endif
