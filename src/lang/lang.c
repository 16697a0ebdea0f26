#include "lang/lang.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "lang/check.h"
#include "lang/compile.h"

static void check_fini(struct check *check)
{
    vector_each (struct body *, body, &check->bodies) {
        names_fini(&(*body)->names);
        vector_fini(&(*body)->locals);
        vector_fini(&(*body)->calls);
    }
    names_fini(&check->names);
    vector_fini(&check->symbols);
    vector_fini(&check->bodies);
    vector_fini(&check->objects);
    vector_fini(&check->threads);
    vector_fini(&check->cells);
    vector_fini(&check->strings);
    vector_fini(&check->string_values);
    vector_fini(&check->actions);
    free(check->string_slots);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void describe(struct program *program, const struct source *source, const struct tree *tree)
{
    program->path = arena_strdup(&program->arena, source->path);
    program->source = arena_strndup(&program->arena, source->bytes, source->length);
    program->source_length = source->length;
    program->checksum = hash_bytes(0, source->bytes, source->length);
    program->title = tree->title && tree->title[0] ? arena_strdup(&program->arena, tree->title)
                                                   : file_name(program->path);
    program->explanation = arena_strdup(&program->arena, tree->explanation);
}

static bool compile_source(struct arena *arena, const struct source *source,
                           struct diagnostics *diagnostics, struct program *program)
{
    struct tree *tree = parse_source(arena, source, diagnostics);
    describe(program, source, tree);
    struct check check = {.arena = arena,
                          .keep = &program->arena,
                          .source = source,
                          .diagnostics = diagnostics,
                          .tree = tree,
                          .program = program};
    bool fine = check_tree(&check) && diagnostics->errors == 0 && compile_program(&check);
    check_fini(&check);
    return fine;
}

struct program *lang_compile(const char *path, const char *bytes, size_t length,
                             struct text *messages)
{
    struct arena arena = {0};
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics, &arena);
    struct program *program = xcalloc(1, sizeof *program);
    const struct source *source = source_from_bytes(&arena, path, bytes, length, &diagnostics);
    bool fine = source && compile_source(&arena, source, &diagnostics, program);
    diagnostics_print(&diagnostics, messages);
    arena_fini(&arena);
    if (fine)
        return program;
    program_free(program);
    return NULL;
}

struct program *lang_load(const char *path, struct text *messages)
{
    char *bytes = NULL;
    size_t length = 0;
    struct program *program = NULL;
    FILE *file = fopen(path, "rb");
    if (file) {
        bytes = xmalloc(SOURCE_MAX + 2);
        length = fread(bytes, 1, SOURCE_MAX + 1, file);
    }
    if (!file || ferror(file))
        text_printf(messages, "%s: error: %s\n", path, strerror(errno));
    else
        program = lang_compile(path, bytes, length, messages);
    if (file)
        fclose(file);
    free(bytes);
    return program;
}
