#include "ui/shelf.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/die.h"
#include "base/vector.h"

enum { LARGEST = 1 << 20, MOST = 4096 };

/* The reading order: a line "topic/name" for each file, from the first steps to the harder ones. */
static const char order_name[] = "order.txt";

struct placed {
    struct browser_entry entry;
    size_t topic, file; /* where they stand in the reading order; SIZE_MAX: nowhere */
};

struct listing {
    struct arena *arena;
    const char *order;
    vector(struct placed) entries;
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

/* Reads a file up to LARGEST bytes; NULL: it cannot be opened. */
static char *slurp(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *bytes = xmalloc(LARGEST + 1);
    size_t length = fread(bytes, 1, LARGEST, file);
    bytes[length] = 0;
    fclose(file);
    char *text = arena_strndup(arena, bytes, strlen(bytes));
    free(bytes);
    return text;
}

/* The first line of the reading order that begins with `start`, and is it when `whole`. */
static size_t place_of(const char *order, const char *start, bool whole)
{
    size_t length = strlen(start), number = 0;
    for (const char *line = order; *line; number++) {
        size_t end = strcspn(line, "\n");
        if (strncmp(line, start, length) == 0 && (!whole || end == length))
            return number;
        line += end + (line[end] == '\n');
    }
    return SIZE_MAX;
}

static void add_file(struct listing *listing, const char *folder, const char *topic,
                     const char *name)
{
    char *path = arena_printf(listing->arena, "%s/%s", folder, name);
    char *text = slurp(listing->arena, path);
    if (!text)
        return;
    struct placed placed = {.entry = {.topic = topic, .path = path}};
    shelf_read(listing->arena, text, &placed.entry);
    if (!*placed.entry.title)
        placed.entry.title = arena_strdup(listing->arena, name);
    int stem = (int)(strlen(name) - strlen(".thrum"));
    placed.topic = place_of(listing->order, arena_printf(listing->arena, "%s/", topic), false);
    placed.file =
        place_of(listing->order, arena_printf(listing->arena, "%s/%.*s", topic, stem, name), true);
    vector_push(&listing->entries, placed);
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

/* In the reading order; what is not in it comes last, by name. */
static int by_place(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    if (left->topic != right->topic)
        return left->topic < right->topic ? -1 : 1;
    int topic = strcmp(left->entry.topic, right->entry.topic);
    if (topic || left->file == right->file)
        return topic ? topic : strcmp(left->entry.title, right->entry.title);
    return left->file < right->file ? -1 : 1;
}

void shelf_load(struct shelf *shelf, const char *folder)
{
    *shelf = (struct shelf){0};
    struct listing listing = {.arena = &shelf->arena, .order = ""};
    if (folder) {
        char *order =
            slurp(&shelf->arena, arena_printf(&shelf->arena, "%s/%s", folder, order_name));
        listing.order = order ? order : "";
        add_folder(&listing, folder, "", 0);
    }
    shelf->count = listing.entries.count;
    shelf->entries = xcalloc(shelf->count + 1, sizeof *shelf->entries);
    if (shelf->count)
        qsort(listing.entries.items, shelf->count, sizeof *listing.entries.items, by_place);
    for (size_t i = 0; i < shelf->count; i++)
        shelf->entries[i] = listing.entries.items[i].entry;
    vector_fini(&listing.entries);
}

void shelf_fini(struct shelf *shelf)
{
    free(shelf->entries);
    arena_fini(&shelf->arena);
    *shelf = (struct shelf){0};
}
