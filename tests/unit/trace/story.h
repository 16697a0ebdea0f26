/*
 * Short runs written by hand, for those who judge records one by one: races, lock order. Each thing
 * that orders has a twin that does not.
 */
#ifndef THRUM_TESTS_TRACE_STORY_H
#define THRUM_TESTS_TRACE_STORY_H

#include "trace/catalog.h"

enum { X, Y, L, M, N, R, SEM, EV, BAR, COND, AT, SEM2, NOTHING };
enum { A, B, C, MAIN };

#define K(name) THRUM_KIND_##name

struct act {
    uint32_t thread;
    unsigned kind;
    uint32_t object;
    int64_t value;
    unsigned flags;
};

struct story {
    const char *name;
    int races; /* how many are reported */
    struct act acts[16];
};

static inline void make_catalog(struct trace_catalog *catalog)
{
    static const struct {
        const char *name;
        enum trace_type type;
    } objects[] = {{"x", TRACE_VARIABLE},     {"y", TRACE_VARIABLE}, {"l", TRACE_LOCK},
                   {"m", TRACE_LOCK},         {"n", TRACE_LOCK},     {"r", TRACE_RLOCK},
                   {"sem", TRACE_SEMAPHORE},  {"ev", TRACE_EVENT},   {"bar", TRACE_BARRIER},
                   {"cond", TRACE_CONDITION}, {"at", TRACE_ATOMIC},  {"sem2", TRACE_SEMAPHORE}};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        catalog_add_object(catalog, objects[i].name, objects[i].type);
    catalog->objects.items[COND].lock = L;
    catalog->objects.items[SEM].initial = 1;
    catalog_add_thread(catalog, "A", false, THRUM_NONE);
    catalog_add_thread(catalog, "B", false, THRUM_NONE);
    catalog_add_thread(catalog, "C", false, THRUM_NONE);
    catalog_add_thread(catalog, "MainThread", false, THRUM_NONE);
}

static inline struct thrum_event event_of(const struct act *act, uint64_t index)
{
    return (struct thrum_event){.time = index + 1,
                                .value = act->value,
                                .object = act->object == NOTHING ? THRUM_NONE : act->object,
                                .source = THRUM_SOURCE(index + 1, 1),
                                .kind = (uint16_t)act->kind,
                                .flags = (uint8_t)act->flags};
}

#endif
