#include "trace/waits.h"

bool waits_edge(const struct history *history, uint32_t thread, uint64_t t, struct wait_edge *ret)
{
    struct lane_interval interval;
    history_interval(history, thread, t, &interval);
    if (interval.object == THRUM_NONE && interval.other == THRUM_NONE)
        return false;
    *ret = (struct wait_edge){.thread = thread,
                              .object = interval.object,
                              .source = interval.source,
                              .since = interval.since,
                              .owner = interval.other,
                              .stuck = interval.state == LANE_STUCK};
    if (interval.object == THRUM_NONE)
        return true;
    const struct trace_catalog *catalog = history_catalog(history);
    enum trace_type type = catalog_object_type(catalog, interval.object);
    if (type != TRACE_LOCK && type != TRACE_RLOCK)
        return true;
    struct object_at at;
    history_object_at(history, interval.object, t, &at);
    ret->owner = at.holder;
    ret->owner_source = at.holder_source;
    ret->owner_since = at.holder_since;
    return true;
}

size_t waits_all(const struct history *history, uint64_t t, size_t limit, struct wait_edge ret[])
{
    size_t count = 0;
    for (uint32_t thread = 0; thread < history_threads(history) && count < limit; thread++)
        if (waits_edge(history, thread, t, &ret[count]))
            count++;
    return count;
}

size_t waits_chain(const struct history *history, uint32_t thread, uint64_t t, size_t limit,
                   struct wait_edge ret[], size_t *ret_cycle)
{
    size_t count = 0, cycle = limit;
    while (count < limit && thread != THRUM_NONE && cycle == limit &&
           waits_edge(history, thread, t, &ret[count])) {
        thread = ret[count++].owner;
        for (size_t i = 0; i < count; i++)
            if (ret[i].thread == thread)
                cycle = i;
    }
    *ret_cycle = cycle;
    return count;
}
