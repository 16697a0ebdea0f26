#include "cli/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vector.h"
#include "cli/options.h"
#include "lang/lang.h"

static bool is_folder(const char *path)
{
    struct stat status;
    return path && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

const char *scenario_folder(void)
{
    const char *given = getenv("THRUM_SCENARIOS");
    if (given && *given)
        return is_folder(given) ? given : NULL;
    if (is_folder(THRUM_SCENARIO_DIR))
        return THRUM_SCENARIO_DIR;
    if (is_folder(THRUM_SOURCE_SCENARIO_DIR))
        return THRUM_SOURCE_SCENARIO_DIR;
    return NULL;
}

struct found {
    vector(char *) paths; /* owned; of all bundled scenarios */
};

static void collect(const char *folder, struct found *found, unsigned depth)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct text path = {0};
        size_t length = strlen(entry->d_name);
        text_printf(&path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.')
            ;
        else if (length > 6 && strcmp(entry->d_name + length - 6, ".thrum") == 0)
            vector_push(&found->paths, xstrdup(text_bytes(&path)));
        else if (depth < 4 && is_folder(text_bytes(&path)))
            collect(text_bytes(&path), found, depth + 1);
        text_fini(&path);
    }
    closedir(directory);
}

/* Whether a path ends in /name or /name.thrum. */
static bool ends_in(const char *path, const char *name)
{
    size_t length = strlen(path), wanted = strlen(name);
    for (int ending = 0; ending < 2; ending++) {
        size_t cut = ending ? 6 : 0;
        if (length > wanted + cut && path[length - cut - wanted - 1] == '/' &&
            strncmp(path + length - cut - wanted, name, wanted) == 0)
            return true;
    }
    return false;
}

static void suggest(const char *name, const struct found *found, struct text *error)
{
    vector(char *) names = {0};
    for (size_t i = 0; i < found->paths.count; i++) {
        char *base = xstrdup(strrchr(found->paths.items[i], '/') + 1);
        base[strlen(base) - 6] = '\0';
        vector_push(&names, base);
    }
    const char *near =
        names.count ? nearest_name(name, (const char *const *)names.items, names.count) : NULL;
    if (near)
        text_printf(error, ": did you mean `%s`?", near);
    for (size_t i = 0; i < names.count; i++)
        free(names.items[i]);
    vector_fini(&names);
}

/* "conditions/bounded-buffer": a bundled scenario's name that is its own. */
static void add_own_name(const char *path, struct text *out)
{
    size_t folder = strlen(scenario_folder()) + 1;
    text_add_bytes(out, path + folder, strlen(path) - folder - strlen(".thrum"));
}

/* Several bundled scenarios have that name: which ones. */
static void say_which(const char *name, const struct found *found, size_t count, struct text *error)
{
    const char *between = ": did you mean ";
    text_printf(error, "there are %zu scenarios of the name %s", count, name);
    for (size_t i = 0; i < found->paths.count; i++) {
        if (!ends_in(found->paths.items[i], name))
            continue;
        text_printf(error, "%s`", between);
        add_own_name(found->paths.items[i], error);
        text_add_char(error, '`');
        between = --count == 1 ? " or " : ", ";
    }
    text_add_char(error, '?');
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Looks among the bundled ones, by their names. */
static bool find_bundled(const char *name, const char *why, struct text *ret_path,
                         struct text *error)
{
    struct found found = {0};
    const char *best = NULL;
    size_t fits = 0;
    if (scenario_folder())
        collect(scenario_folder(), &found, 0);
    if (found.paths.count)
        qsort(found.paths.items, found.paths.count, sizeof *found.paths.items, by_text);
    for (size_t i = 0; i < found.paths.count; i++)
        if (ends_in(found.paths.items[i], name)) {
            best = found.paths.items[i];
            fits++;
        }
    if (fits == 1) {
        text_add(ret_path, best);
    } else if (fits) {
        say_which(name, &found, fits, error);
    } else {
        text_printf(error, "%s: %s", name, why);
        suggest(name, &found, error);
    }
    for (size_t i = 0; i < found.paths.count; i++)
        free(found.paths.items[i]);
    vector_fini(&found.paths);
    return fits == 1;
}

bool scenario_find(const char *name, struct text *ret_path, struct text *error)
{
    struct stat status;
    if (!*name) {
        text_add(error, "an empty name is no file");
        return false;
    }
    if (stat(name, &status) != 0)
        return find_bundled(name, strerror(errno), ret_path, error);
    if (S_ISDIR(status.st_mode))
        text_printf(error, "%s is a folder", name);
    else
        text_add(ret_path, name);
    return !S_ISDIR(status.st_mode);
}

struct program *scenario_load(const char *path, struct text *messages)
{
    return lang_load(path, messages);
}
