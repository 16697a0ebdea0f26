#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vector.h"
#include "cli/scenario.h"
#include "cli/screen.h"
#include "view/canvas.h"
#include "view/theme.h"

struct command {
    const char *name;
    const char *files;  /* what follows it, for the help */
    size_t least, most; /* how many files it takes */
    uint64_t options;   /* OPTION_BITs */
    const char *help;
    int (*function)(const struct arguments *arguments);
};

static const struct command commands[] = {
#define COMMAND(id, name, files, least, most, options, help)                                       \
    {name, files, least, most, options, help, command_##id},
#include "cli/commands.def"
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const uint64_t browser_options = OPTION_BIT(ASCII) | OPTION_BIT(THEME);

int complain(const char *format, ...)
{
    va_list arguments;
    fputs("thrum: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return EXIT_BAD_USAGE;
}

void print_text(const char *text)
{
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at, next = (unsigned char)at[1];
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
            putchar('?');
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            putchar('?');
            at++;
        } else {
            putchar(byte);
        }
    }
    fflush(stdout);
}

/* Whether what is printed is read on a terminal that shows ASCII alone, or is asked to be that. */
static bool wants_ascii(const struct arguments *arguments)
{
    if (option_given(arguments, OPTION_ASCII))
        return true;
    setlocale(LC_CTYPE, "");
    return isatty(STDOUT_FILENO) && strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

void print_report(const struct arguments *arguments, const char *report)
{
    if (option_given(arguments, OPTION_JSON) || !wants_ascii(arguments)) {
        print_text(report);
        return;
    }
    struct text out = {0};
    vector(uint32_t) line = {0};
    while (*report) {
        for (line.count = 0; *report && *report != '\n';)
            vector_push(&line, code_next(&report));
        codes_to_ascii(line.items, line.count);
        vector_each (uint32_t, code, &line)
            text_add_char(&out, (char)*code);
        if (*report)
            text_add_char(&out, *report++);
    }
    print_text(text_bytes(&out));
    vector_fini(&line);
    text_fini(&out);
}

static void print(struct text *text)
{
    fputs(text_bytes(text), stdout);
    text_fini(text);
}

static int help(void)
{
    struct text out = {0};
    text_add(&out, "usage: thrum                       browse the bundled scenarios\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t begin = out.length;
        text_printf(&out, "       thrum %s %s", commands[i].name, commands[i].files);
        text_repeat(&out, ' ', 34 - (long)(out.length - begin));
        text_printf(&out, " %s\n", commands[i].help);
    }
    text_add(&out, "\nFILE is a scenario file, or the name of a bundled scenario.\n"
                   "thrum COMMAND --help tells the options of a command.\n\n");
    options_help(browser_options, &out);
    text_add(&out,
             "\nExit status: 0 all is fine, 1 a problem was found, 2 bad usage or bad input.\n");
    print(&out);
    return EXIT_FINE;
}

static int command_help(const struct command *command)
{
    struct text out = {0};
    text_printf(&out, "usage: thrum %s [OPTION]... %s\n\n", command->name, command->files);
    for (const char *c = command->help; *c; c++)
        text_add_char(&out,
                      c == command->help && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    text_add(&out, ".\n\n");
    options_help(command->options, &out);
    print(&out);
    return EXIT_FINE;
}

static int version(void)
{
    puts("thrum " THRUM_VERSION);
    return EXIT_FINE;
}

/* What arguments_read() cannot know: names that other rooms give. */
static bool names_are_known(const struct arguments *arguments)
{
    const char *theme = option_text(arguments, OPTION_THEME);
    if (!theme || theme_find(theme) != THEME_COUNT)
        return true;
    complain("there is no theme `%s`: default, contrast, colour-blind or monochrome", theme);
    return false;
}

static int run_command(const struct command *command, int count, char **values)
{
    struct arguments arguments;
    struct text error = {0};
    int status = EXIT_BAD_USAGE;
    if (!arguments_read(&arguments, count, values, command->options, &error))
        complain("%s (thrum %s --help tells more)", text_bytes(&error), command->name);
    else if (option_given(&arguments, OPTION_HELP))
        status = command_help(command);
    else if (option_given(&arguments, OPTION_VERSION))
        status = version();
    else if (arguments.file_count < command->least)
        complain("%s wants %s (thrum %s --help tells more)", command->name, command->files,
                 command->name);
    else if (arguments.file_count > command->most)
        complain("%s takes %s and no more: `%s` is too much", command->name, command->files,
                 arguments.files[command->most]);
    else if (names_are_known(&arguments))
        status = command->function(&arguments);
    arguments_fini(&arguments);
    text_fini(&error);
    return status;
}

/* No command: the browser, or help. */
static int without_command(int count, char **values)
{
    struct arguments arguments;
    struct text error = {0};
    int status = EXIT_BAD_USAGE;
    if (!arguments_read(&arguments, count, values, browser_options, &error))
        complain("%s (thrum --help tells more)", text_bytes(&error));
    else if (option_given(&arguments, OPTION_HELP))
        status = help();
    else if (option_given(&arguments, OPTION_VERSION))
        status = version();
    else if (names_are_known(&arguments))
        status = screen_browse(&arguments);
    arguments_fini(&arguments);
    text_fini(&error);
    return status;
}

static int unknown_command(const char *name)
{
    const char *names[COMMANDS];
    size_t length = strlen(name);
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *near = nearest_name(name, names, COMMANDS);
    struct text path = {0}, error = {0};
    bool found = scenario_find(name, &path, &error);
    text_fini(&path);
    text_fini(&error);
    if (found || (length > 6 && strcmp(name + length - 6, ".thrum") == 0))
        return complain("there is no command `%s`: did you mean `thrum run %s`?", name, name);
    if (near)
        return complain("there is no command `%s`: did you mean `%s`?", name, near);
    return complain("there is no command `%s` (thrum --help lists them)", name);
}

static int run(int argc, char **argv)
{
    if (argc < 2 || argv[1][0] == '-')
        return without_command(argc - 1, argv + 1);
    if (strcmp(argv[1], "help") == 0 && argc == 2)
        return help();
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run_command(&commands[i], argc - 2, argv + 2);
    return unknown_command(argv[1]);
}

/* The number of a standard stream that is closed would go to the next file that is opened, and what
 * is printed into that. Read only: writing fails, and is said to. */
static void hold_standard_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
            return;
}

/* A result that did not come through is no result: a full disk, a closed standard output. */
int cli_main(int argc, char **argv)
{
    hold_standard_streams();
    int status = run(argc, argv);
    errno = 0;
    bool flushed = fflush(stdout) == 0;
    if (flushed && !ferror(stdout))
        return status;
    return complain("the result could not be written%s%s", errno ? ": " : "",
                    errno ? strerror(errno) : "");
}
