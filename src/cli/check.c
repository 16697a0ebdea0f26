/* thrum check: reads scenarios, reports their mistakes; 0 when there are none, 2 otherwise. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/scenario.h"
#include "lang/lang.h"

static void list_program(const struct program *program)
{
    struct text listing = {0};
    program_dump(program, &listing);
    fputs(text_bytes(&listing), stdout);
    text_fini(&listing);
}

/* One file; true when it is fine. */
static bool check_file(const char *name, bool list)
{
    struct text path = {0}, messages = {0};
    struct program *program = NULL;
    if (scenario_find(name, &path, &messages))
        program = lang_load(text_bytes(&path), &messages);
    else
        text_add_char(&messages, '\n');
    fputs(text_bytes(&messages), stderr);
    if (program && list)
        list_program(program);
    else if (program)
        printf("%s: fine\n", text_bytes(&path));
    bool fine = program != NULL;
    program_free(program);
    text_fini(&messages);
    text_fini(&path);
    return fine;
}

int command_check(const struct arguments *arguments)
{
    bool fine = true;
    for (size_t i = 0; i < arguments->file_count; i++)
        fine &= check_file(arguments->files[i], option_given(arguments, OPTION_LIST));
    return fine ? EXIT_FINE : EXIT_BAD_USAGE;
}
