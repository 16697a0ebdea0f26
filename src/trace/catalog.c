#include "trace/catalog.h"

#include "base/clock.h"

#include <string.h>

#include "trace/history.h"
#include "trace/problem.h"

const char *trace_type_words(enum trace_type type)
{
    static const char *const words[] = {
#define OBJECT_TYPE(name, text, lane) text,
#include "trace/object_types.def"
#undef OBJECT_TYPE
    };
    return (unsigned)type < TRACE_TYPES ? words[type] : "object";
}

const char *lane_state_words(enum lane_state state)
{
    static const char *const words[] = {
#define LANE_STATE(name, text) text,
#include "trace/lane_states.def"
#undef LANE_STATE
    };
    return (unsigned)state < LANE_STATES ? words[state] : "unknown";
}

const char *event_kind_words(unsigned kind)
{
    static const char *const words[] = {
#define KIND_WORDS(name, text, lane, meaning) text,
        THRUM_EVENT_KINDS(KIND_WORDS)
#undef KIND_WORDS
    };
    return kind < THRUM_KINDS ? words[kind] : "unknown";
}

const char *event_kind_name(unsigned kind)
{
    static const char *const names[] = {
#define KIND_NAME(name, text, lane, meaning) #name,
        THRUM_EVENT_KINDS(KIND_NAME)
#undef KIND_NAME
    };
    return kind < THRUM_KINDS ? names[kind] : "UNKNOWN";
}

void catalog_fini(struct trace_catalog *catalog)
{
    for (size_t i = 0; i < catalog->threads.count; i++)
        free(catalog->threads.items[i].name);
    for (size_t i = 0; i < catalog->objects.count; i++)
        free(catalog->objects.items[i].name);
    for (size_t i = 0; i < catalog->lines.count; i++)
        free(catalog->lines.items[i]);
    vector_fini(&catalog->threads);
    vector_fini(&catalog->objects);
    vector_fini(&catalog->lines);
    free(catalog->file);
    catalog->file = NULL;
}

uint32_t catalog_add_thread(struct trace_catalog *catalog, const char *name, bool daemon,
                            uint32_t creator)
{
    struct catalog_thread thread = {.name = xstrdup(name), .daemon = daemon, .creator = creator};
    vector_push(&catalog->threads, thread);
    return (uint32_t)(catalog->threads.count - 1);
}

uint32_t catalog_add_object(struct trace_catalog *catalog, const char *name, enum trace_type type)
{
    struct catalog_object object = {
        .name = xstrdup(name), .type = type, .guard = THRUM_NONE, .lock = THRUM_NONE};
    vector_push(&catalog->objects, object);
    return (uint32_t)(catalog->objects.count - 1);
}

static char *copy(const char *bytes, size_t length)
{
    char *text = xmalloc(length + 1);
    memcpy(text, bytes, length);
    text[length] = 0;
    return text;
}

void catalog_set_source(struct trace_catalog *catalog, const char *file, const char *text)
{
    for (size_t i = 0; i < catalog->lines.count; i++)
        free(catalog->lines.items[i]);
    catalog->lines.count = 0;
    free(catalog->file);
    catalog->file = xstrdup(file);
    while (*text) {
        const char *end = strchrnul(text, '\n');
        size_t length = (size_t)(end - text);
        if (length && text[length - 1] == '\r')
            length--;
        vector_push(&catalog->lines, copy(text, length));
        text = *end ? end + 1 : end;
    }
}

const char *catalog_thread_name(const struct trace_catalog *catalog, uint32_t thread)
{
    return thread < catalog->threads.count ? catalog->threads.items[thread].name : "?";
}

const char *catalog_object_name(const struct trace_catalog *catalog, uint32_t object)
{
    return object < catalog->objects.count ? catalog->objects.items[object].name : "?";
}

enum trace_type catalog_object_type(const struct trace_catalog *catalog, uint32_t object)
{
    return object < catalog->objects.count ? catalog->objects.items[object].type : TRACE_OTHER;
}

void catalog_time(const struct trace_catalog *catalog, uint64_t time, struct text *out)
{
    if (catalog->step_time)
        text_printf(out, "step %llu",
                    (unsigned long long)((time + catalog->step_time - 1) / catalog->step_time));
    else
        clock_format(out, (int64_t)time);
}
