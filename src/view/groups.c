#include "view/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/hash.h"

/* A name as what comes before and after the part in which members differ. */
struct parts {
    const char *name;
    size_t before; /* bytes; 0: it has no such part */
    size_t after;  /* where the rest begins */
};

static struct parts divide(const char *name)
{
    struct parts parts = {name, strcspn(name, "["), strlen(name)};
    if (name[parts.before] == '[')
        return parts;
    const char *dash = strrchr(name, '-'), *blank = strchr(name, ' ');
    if (blank && dash > blank) { /* "Thread-1 (f-g)" */
        for (dash = blank; dash > name && *dash != '-';)
            dash--;
        dash = *dash == '-' ? dash : NULL;
    }
    parts.before = dash ? (size_t)(dash - name) : 0;
    if (blank && dash)
        parts.after = (size_t)(blank - name);
    return parts;
}

static bool same_group(const struct parts *a, const struct parts *b)
{
    return a->before && a->before == b->before && a->name[a->before] == b->name[b->before] &&
           memcmp(a->name, b->name, a->before) == 0 &&
           strcmp(a->name + a->after, b->name + b->after) == 0;
}

static uint64_t hash_parts(const struct parts *parts)
{
    const char *rest = parts->name + parts->after;
    return hash_bytes(hash_bytes(1, parts->name, parts->before), rest, strlen(rest));
}

static const char *name_of(const struct trace_catalog *catalog, bool object, uint32_t number)
{
    return object ? catalog_object_name(catalog, number) : catalog_thread_name(catalog, number);
}

void groups_find(const struct trace_catalog *catalog, bool objects, uint32_t count,
                 uint32_t ret_first[])
{
    size_t size = 16;
    while (size < (size_t)count * 2)
        size *= 2;
    uint32_t *table = xmalloc(size * sizeof *table); /* firsts, by what their names share */
    memset(table, 0xff, size * sizeof *table);
    for (uint32_t i = 0; i < count; i++) {
        struct parts parts = divide(name_of(catalog, objects, i));
        ret_first[i] = i;
        if (!parts.before)
            continue;
        size_t slot = hash_parts(&parts) & (size - 1);
        for (; table[slot] != THRUM_NONE; slot = (slot + 1) & (size - 1)) {
            uint32_t first = table[slot];
            struct parts other = divide(name_of(catalog, objects, first));
            if (same_group(&parts, &other) && (!objects || catalog_object_type(catalog, i) ==
                                                               catalog_object_type(catalog, first)))
                break;
        }
        if (table[slot] == THRUM_NONE)
            table[slot] = i;
        ret_first[i] = table[slot];
    }
    free(table);
}

void group_name(const char *member, struct text *out)
{
    struct parts parts = divide(member);
    text_add_bytes(out, member, parts.before ? parts.before : strlen(member));
    if (parts.before)
        text_add(out, member + parts.after);
}
