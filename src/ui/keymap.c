#include "ui/keymap.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "ui/terminal.h"

static const struct {
    const char *group;
    unsigned needs;
    const char *footer, *label, *words;
} actions[] = {
    [ACTION_NONE] = {"", 0, "", "", ""},
#define ACTION(name, group, needs, footer, label, words)                                           \
    [ACTION_##name] = {group, needs, footer, label, words},
#include "ui/actions.def"
#undef ACTION
};

static const struct {
    int key;
    const char *shown;
    enum action action;
} keys[] = {
#define KEY(key, shown, action) {key, shown, ACTION_##action},
#include "ui/keymap.def"
#undef KEY
};
enum { KEYS = sizeof keys / sizeof *keys };

bool action_available(enum action action, unsigned have)
{
    return (actions[action].needs & ~have) == 0;
}

enum action keymap_find(int key, unsigned have)
{
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i].key == key && action_available(keys[i].action, have))
            return keys[i].action;
    return ACTION_NONE;
}

size_t keymap_footer(unsigned have, struct footer_item *items, size_t limit)
{
    size_t count = 0;
    for (int action = ACTION_NONE + 1; action < ACTIONS && count < limit; action++)
        if (*actions[action].footer && action_available((enum action)action, have))
            items[count++] = (struct footer_item){actions[action].footer, actions[action].label};
    return count;
}

/* The keys of an action as people read them, between blanks. */
static void add_keys(struct text *out, enum action action)
{
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i].action == action && *keys[i].shown)
            text_printf(out, "%s%s", out->length ? " " : "", keys[i].shown);
}

/* Groups in the order of their first action, each with all of its actions. */
static void each_action(void (*visit)(void *context, enum action action), void *context)
{
    for (int first = ACTION_NONE + 1; first < ACTIONS; first++) {
        bool begun = false;
        for (int before = ACTION_NONE + 1; before < first; before++)
            begun |= strcmp(actions[before].group, actions[first].group) == 0;
        if (begun)
            continue;
        for (int action = first; action < ACTIONS; action++)
            if (strcmp(actions[action].group, actions[first].group) == 0)
                visit(context, (enum action)action);
    }
}

struct collection {
    struct help_line *lines;
    size_t count;
    unsigned have;
};

static void collect(void *context, enum action action)
{
    struct collection *collection = context;
    struct text shown = {0};
    add_keys(&shown, action);
    collection->lines[collection->count++] = (struct help_line){
        .group = actions[action].group,
        .keys = text_take(&shown),
        .words = actions[action].words,
        .available = action_available(action, collection->have),
    };
}

struct help_line *keymap_help(unsigned have, size_t *ret_count)
{
    struct collection collection = {xcalloc(ACTIONS, sizeof(struct help_line)), 0, have};
    each_action(collect, &collection);
    *ret_count = collection.count;
    return collection.lines;
}

void keymap_help_free(struct help_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)lines[i].keys);
    free(lines);
}

void keymap_print(struct text *out)
{
    size_t count;
    struct help_line *lines = keymap_help(~0u, &count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(lines[i].group, lines[i - 1].group) != 0)
            text_printf(out, "%s\n", lines[i].group);
        text_printf(out, "%s\t%s\n", lines[i].keys, lines[i].words);
    }
    keymap_help_free(lines, count);
}
