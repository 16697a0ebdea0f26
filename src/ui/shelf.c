#include "ui/shelf.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/die.h"
#include "base/vector.h"

enum { LARGEST = 1 << 20, MOST = 4096 };

struct listing {
    struct arena *arena;
    vector(struct browser_entry) entries;
};

/* Copies a text into lines without their ends. */
static const char **split(struct arena *arena, const char *text, size_t *ret_count)
{
    size_t count = 1;
    for (const char *at = text; *at; at++)
        count += *at == '\n';
    const char **lines = arena_array(arena, const char *, count);
    size_t used = 0;
    while (*text) {
        size_t length = strcspn(text, "\n");
        lines[used++] =
            arena_strndup(arena, text, length && text[length - 1] == '\r' ? length - 1 : length);
        text += length + (text[length] == '\n');
    }
    *ret_count = used;
    return lines;
}

/* The prose between the triple quotes; *ret_end is the line after it. */
static char *prose(struct arena *arena, const char *const *lines, size_t count, size_t *ret_end)
{
    size_t at = 0;
    while (at < count && (!*lines[at] || lines[at][0] == '#'))
        at++;
    *ret_end = at;
    if (at == count || (strncmp(lines[at], "\"\"\"", 3) != 0 && strncmp(lines[at], "'''", 3) != 0))
        return NULL;
    char quotes[4] = {lines[at][0], lines[at][0], lines[at][0], 0};
    struct text text = {0};
    const char *line = lines[at] + 3;
    for (;;) {
        const char *end = strstr(line, quotes);
        text_add_bytes(&text, line, end ? (size_t)(end - line) : strlen(line));
        text_add_char(&text, '\n');
        at++;
        if (end || at == count)
            break;
        line = lines[at];
    }
    *ret_end = at;
    char *copy = arena_strdup(arena, text_bytes(&text));
    text_fini(&text);
    return copy;
}

/* Lines of a paragraph are joined, so that it can be broken anew; blank lines stay. */
static char *unwrap(struct arena *arena, const char *text)
{
    struct text out = {0};
    while (*text == '\n' || *text == ' ')
        text++;
    while (*text) {
        size_t length = strcspn(text, "\n");
        bool blank = strspn(text, " ") >= length;
        bool keeps = text[0] == ' ' || text[0] == '-';
        if (blank) {
            if (out.length && out.bytes[out.length - 1] != '\n')
                text_add(&out, "\n\n");
        } else {
            if (out.length && out.bytes[out.length - 1] != '\n')
                text_add_char(&out, keeps ? '\n' : ' ');
            text_add_bytes(&out, text, length);
        }
        text += length + (text[length] == '\n');
    }
    while (out.length && out.bytes[out.length - 1] == '\n')
        out.bytes[--out.length] = 0;
    char *copy = arena_strdup(arena, text_bytes(&out));
    text_fini(&out);
    return copy;
}

void shelf_read(struct arena *arena, const char *text, struct browser_entry *ret_entry)
{
    size_t count, end;
    const char **lines = split(arena, text, &count);
    char *words = prose(arena, lines, count, &end);
    ret_entry->title = ret_entry->explanation = ret_entry->expect = "";
    if (words) {
        words += strspn(words, " \n");
        size_t length = strcspn(words, "\n");
        ret_entry->explanation = unwrap(arena, words + length);
        ret_entry->title = arena_strndup(arena, words, length);
    }
    for (size_t i = end; i < count; i++)
        if (strncmp(lines[i], "expect ", 7) == 0)
            ret_entry->expect = arena_strdup(arena, lines[i] + 7 + strspn(lines[i] + 7, " "));
    while (end < count && !*lines[end])
        end++;
    ret_entry->lines = lines;
    ret_entry->line_count = count;
    ret_entry->first_code_line = (uint32_t)end;
}

static void add_file(struct listing *listing, const char *folder, const char *topic,
                     const char *name)
{
    char *path = arena_printf(listing->arena, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    char *bytes = xmalloc(LARGEST + 1);
    size_t length = fread(bytes, 1, LARGEST, file);
    bytes[length] = 0;
    fclose(file);
    struct browser_entry entry = {.topic = topic, .path = path};
    shelf_read(listing->arena, bytes, &entry);
    free(bytes);
    if (!*entry.title)
        entry.title = arena_strdup(listing->arena, name);
    vector_push(&listing->entries, entry);
}

static void add_folder(struct listing *listing, const char *folder, const char *topic, int depth)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    for (struct dirent *item; (item = readdir(directory)) && listing->entries.count < MOST;) {
        size_t length = strlen(item->d_name);
        if (item->d_name[0] == '.')
            continue;
        if (length > 6 && strcmp(item->d_name + length - 6, ".thrum") == 0) {
            add_file(listing, folder, topic, item->d_name);
            continue;
        }
        char *path = arena_printf(listing->arena, "%s/%s", folder, item->d_name);
        struct stat status;
        if (depth < 3 && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
            add_folder(listing, path, arena_strdup(listing->arena, item->d_name), depth + 1);
    }
    closedir(directory);
}

/* From the first steps to the harder ones; unknown topics come last, by name. */
static int topic_rank(const char *topic)
{
    static const char *const order[] = {"threads",  "shared-memory", "locks",
                                        "deadlock", "semaphores",    "conditions",
                                        "events",   "barriers",      "practice"};
    enum { ORDERED = sizeof order / sizeof *order };
    for (int i = 0; i < ORDERED; i++)
        if (strcmp(topic, order[i]) == 0)
            return i;
    return ORDERED;
}

static int by_topic(const void *a, const void *b)
{
    const struct browser_entry *left = a, *right = b;
    int rank = topic_rank(left->topic) - topic_rank(right->topic);
    if (rank == 0)
        rank = strcmp(left->topic, right->topic);
    return rank ? rank : strcmp(left->title, right->title);
}

void shelf_load(struct shelf *shelf, const char *folder)
{
    *shelf = (struct shelf){0};
    struct listing listing = {.arena = &shelf->arena};
    if (folder)
        add_folder(&listing, folder, "", 0);
    if (listing.entries.count)
        qsort(listing.entries.items, listing.entries.count, sizeof *listing.entries.items,
              by_topic);
    shelf->entries = listing.entries.items;
    shelf->count = listing.entries.count;
}

void shelf_fini(struct shelf *shelf)
{
    free(shelf->entries);
    arena_fini(&shelf->arena);
    *shelf = (struct shelf){0};
}
