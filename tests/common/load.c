#include "load.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lang/lang.h"

static struct program *loaded(struct program *program, struct text *messages)
{
    if (!program)
        fputs(text_bytes(messages), stderr);
    text_fini(messages);
    return program;
}

struct program *load_text(const char *source)
{
    struct text messages = {0};
    return loaded(lang_compile("test.thrum", source, strlen(source), &messages), &messages);
}

struct program *load_file(const char *path)
{
    struct text messages = {0};
    return loaded(lang_load(path, &messages), &messages);
}
