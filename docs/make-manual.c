/*
 * Prints what people read about thrum from the tables that thrum works by, when it is built:
 *
 *     make-manual man TEMPLATE     the man page: TEMPLATE, with each line @NAME@ replaced
 *     make-manual bash             completion for bash
 *
 * It runs on the machine that builds and links nothing of thrum: the tables are text.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

enum option_kind { FLAG, COUNT, MAYBE_COUNT, SEED, TIME, SPAN, SIZE, TEXT };

static const struct {
    const char *name, *files;
    uint64_t options;
    const char *help;
} commands[] = {
#define COMMAND(id, name, files, least, most, options, help) {name, files, options, help},
#include "cli/commands.def"
#undef COMMAND
};

static const struct {
    const char *name;
    enum option_kind kind;
    const char *argument, *help;
} options[OPTIONS] = {
#define OPTION(id, name, kind, argument, help) {name, kind, argument, help},
#include "cli/options.def"
#undef OPTION
};

enum {
#define ACTION(name, group, needs, footer, label, words) ACTION_##name,
#include "ui/actions.def"
#undef ACTION
    ACTIONS
};

static const struct {
    const char *group, *words;
} actions[ACTIONS] = {
#define ACTION(name, group, needs, footer, label, words) {group, words},
#include "ui/actions.def"
#undef ACTION
};

static const struct {
    const char *shown;
    unsigned action;
} keys[] = {
#define KEY(code, shown, action) {shown, ACTION_##action},
#include "ui/keymap.def"
#undef KEY
};

enum {
#define GLYPH(name, code, twin) GLYPH_##name = code,
#include "view/glyph.def"
#undef GLYPH
};

enum {
#define LANE_STATE(name, words) LANE_##name,
#include "trace/lane_states.def"
#undef LANE_STATE
    LANE_STATES
};

static const char *const lane_words[LANE_STATES] = {
#define LANE_STATE(name, words) words,
#include "trace/lane_states.def"
#undef LANE_STATE
};

static const struct {
    unsigned state, glyph;
} looks[] = {
#define LANE_LOOK(state, glyph, style, name_style, rank) {LANE_##state, GLYPH_##glyph},
#include "view/lane_looks.def"
#undef LANE_LOOK
};

static const struct {
    const char *name;
    int quantum;
    const char *counts, *meaning;
} policies[] = {
#define POLICY(id, name, quantum, counts, meaning) {name, quantum, counts, meaning},
#include "model/policies.def"
#undef POLICY
};

enum {
    COMMANDS = sizeof commands / sizeof *commands,
    KEYS = sizeof keys / sizeof *keys,
    LOOKS = sizeof looks / sizeof *looks,
    POLICIES = sizeof policies / sizeof *policies,
};

/* The options that `thrum` without a command takes. */
static const uint64_t browser_options = OPTION_BIT(ASCII) | OPTION_BIT(THEME);
static const uint64_t every_command = OPTION_BIT(HELP) | OPTION_BIT(VERSION);

/* Those that some command takes. */
static uint64_t used_options(void)
{
    uint64_t used = browser_options | every_command;
    for (unsigned i = 0; i < COMMANDS; i++)
        used |= commands[i].options;
    return used;
}

/* Words as troff wants them: what it would take for its own is escaped. */
static void put(const char *words)
{
    for (const char *c = words; *c; c++)
        switch (*c) {
        case '\\': fputs("\\e", stdout); break;
        case '-': fputs("\\-", stdout); break;
        case '\'': fputs("\\(aq", stdout); break;
        case '`': fputs("\\(ga", stdout); break;
        case '^': fputs("\\(ha", stdout); break;
        case '~': fputs("\\(ti", stdout); break;
        case '.': fputs(c == words ? "\\&." : ".", stdout); break;
        default: putchar(*c);
        }
}

/* A sentence of the tables, which begin small and have no full stop. */
static void put_sentence(const char *words)
{
    bool small = *words >= 'a' && *words <= 'z';
    char first[2] = {small ? (char)(*words - 'a' + 'A') : '\0', '\0'};
    put(first);
    put(words + small);
    puts(".");
}

static void put_character(uint32_t code)
{
    if (code < 0x80)
        putchar((int)code);
    else if (code < 0x800)
        printf("%c%c", (int)(0xc0 | code >> 6), (int)(0x80 | (code & 0x3f)));
    else
        printf("%c%c%c", (int)(0xe0 | code >> 12), (int)(0x80 | (code >> 6 & 0x3f)),
               (int)(0x80 | (code & 0x3f)));
}

/* FILE SCHEDULE in italics. */
static void put_files(const char *files)
{
    fputs("\\fI", stdout);
    put(files);
    puts("\\fR");
}

static void print_synopsis(void)
{
    puts(".B thrum");
    for (unsigned i = 0; i < COMMANDS; i++) {
        puts(".br");
        printf("\\fBthrum %s\\fR [\\fIOPTION\\fR]... ", commands[i].name);
        put_files(commands[i].files);
    }
}

static void print_commands(void)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        printf(".TP\n\\fB%s\\fR ", commands[i].name);
        put_files(commands[i].files);
        put_sentence(commands[i].help);
        puts(".br");
        const char *between = "Options: ";
        for (unsigned option = 0; option < OPTIONS; option++)
            if (commands[i].options >> option & 1) {
                printf("%s\\fB", between);
                put("--");
                put(options[option].name);
                fputs("\\fR", stdout);
                between = ", ";
            }
        puts(".");
    }
}

static void print_options(void)
{
    uint64_t used = used_options();
    for (unsigned option = 0; option < OPTIONS; option++) {
        if (!(used >> option & 1))
            continue;
        bool maybe = options[option].kind == MAYBE_COUNT;
        fputs(".TP\n\\fB", stdout);
        put("--");
        put(options[option].name);
        fputs("\\fR", stdout);
        if (*options[option].argument) {
            printf(" %s\\fI", maybe ? "[" : "");
            put(options[option].argument);
            printf("\\fR%s", maybe ? "]" : "");
        }
        putchar('\n');
        put_sentence(options[option].help);
    }
}

static void print_policies(void)
{
    for (unsigned i = 0; i < POLICIES; i++) {
        fputs(".TP\n\\fB", stdout);
        put(policies[i].name);
        puts(policies[i].quantum ? "\\fR [\\fIN\\fR]" : "\\fR");
        put_sentence(policies[i].meaning);
        if (policies[i].quantum)
            printf("N is %s; %d when not given.\n",
                   strcmp(policies[i].counts, "steps") == 0
                       ? "the quantum in steps, or a time at 1 ms a step"
                       : policies[i].counts,
                   policies[i].quantum);
    }
}

static void print_action(unsigned action)
{
    const char *between = "";
    fputs(".TP\n\\fB", stdout);
    for (unsigned i = 0; i < KEYS; i++)
        if (keys[i].action == action && *keys[i].shown) {
            fputs(between, stdout);
            put(keys[i].shown);
            between = " ";
        }
    puts("\\fR");
    put_sentence(actions[action].words);
}

/* Groups in the order of their first action. */
static void print_keys(void)
{
    for (unsigned first = 0; first < ACTIONS; first++) {
        bool begun = false;
        for (unsigned before = 0; before < first; before++)
            begun |= strcmp(actions[before].group, actions[first].group) == 0;
        if (begun)
            continue;
        printf(".SS ");
        put(actions[first].group);
        putchar('\n');
        for (unsigned action = first; action < ACTIONS; action++)
            if (strcmp(actions[action].group, actions[first].group) == 0)
                print_action(action);
    }
}

static void print_states(void)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        fputs(".TP\n", stdout);
        put_character(looks[i].glyph);
        putchar('\n');
        put_sentence(lane_words[looks[i].state]);
    }
}

static const struct {
    const char *name;
    void (*print)(void);
} parts[] = {
    {"SYNOPSIS", print_synopsis}, {"COMMANDS", print_commands}, {"OPTIONS", print_options},
    {"POLICIES", print_policies}, {"KEYS", print_keys},         {"STATES", print_states},
};

enum { PARTS = sizeof parts / sizeof *parts };

/* Prints the part that the line @NAME@ names; false: it is no such line. */
static bool print_part(const char *line, const char *template)
{
    size_t length = strcspn(line, "\n");
    if (length < 3 || line[0] != '@' || line[length - 1] != '@')
        return false;
    for (unsigned i = 0; i < PARTS; i++)
        if (strlen(parts[i].name) == length - 2 &&
            strncmp(parts[i].name, line + 1, length - 2) == 0) {
            parts[i].print();
            return true;
        }
    fprintf(stderr, "%s: there is no %.*s\n", template, (int)length, line);
    exit(EXIT_FAILURE);
}

static void print_man(const char *template)
{
    char line[1024];
    FILE *file = fopen(template, "r");
    if (!file) {
        perror(template);
        exit(EXIT_FAILURE);
    }
    while (fgets(line, sizeof line, file)) {
        char *version = strstr(line, "@VERSION@");
        if (version)
            printf("%.*s%s%s", (int)(version - line), line, THRUM_VERSION,
                   version + strlen("@VERSION@"));
        else if (!print_part(line, template))
            fputs(line, stdout);
    }
    fclose(file);
}

static void print_words(uint64_t bits, const char *pattern)
{
    const char *between = "";
    printf("    %s) words=\"", pattern);
    for (unsigned option = 0; option < OPTIONS; option++)
        if ((bits | every_command) >> option & 1) {
            printf("%s--%s", between, options[option].name);
            between = " ";
        }
    puts("\" ;;");
}

/* What can come after an option that takes a value. */
static void print_values(void)
{
    puts("    case $before in");
    printf("    --policy) COMPREPLY=($(compgen -W \"");
    for (unsigned i = 0; i < POLICIES; i++)
        printf("%s%s", i ? " " : "", policies[i].name);
    puts("\" -- \"$word\")); return ;;\n"
         "    --theme) COMPREPLY=($(compgen -W \"default contrast colour-blind monochrome\" -- "
         "\"$word\")); "
         "return ;;\n"
         "    --time) COMPREPLY=($(compgen -W \"any ordered\" -- \"$word\")); return ;;");
    const char *between = "    ";
    for (unsigned option = 0; option < OPTIONS; option++)
        if ((used_options() >> option & 1) && options[option].kind != FLAG &&
            options[option].kind != MAYBE_COUNT && option != OPTION_POLICY &&
            option != OPTION_THEME && option != OPTION_TIME) {
            printf("%s--%s", between, options[option].name);
            between = "|";
        }
    puts(") return ;;\n    esac");
}

static void print_bash(void)
{
    puts("# Completion of thrum for bash; printed from the tables of commands and options.\n"
         "_thrum()\n{\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
         "    COMPREPLY=()");
    print_values();
    puts("    if ((COMP_CWORD == 1)) && [[ $word != -* ]]; then");
    printf("        COMPREPLY=($(compgen -W \"");
    for (unsigned i = 0; i < COMMANDS; i++)
        printf("%s%s", i ? " " : "", commands[i].name);
    puts("\" -- \"$word\"))\n"
         "        return\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]} in");
    for (unsigned i = 0; i < COMMANDS; i++)
        print_words(commands[i].options, commands[i].name);
    print_words(browser_options, "*");
    puts("    esac\n"
         "    if [[ $word == -* ]]; then\n"
         "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "    else\n"
         "        compopt -o filenames 2>/dev/null\n"
         "        COMPREPLY=($(compgen -f -X '!*.thrum' -- \"$word\") $(compgen -d -- \"$word\"))\n"
         "    fi\n"
         "}\n"
         "complete -F _thrum thrum");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "man") == 0)
        print_man(argv[2]);
    else if (argc == 2 && strcmp(argv[1], "bash") == 0)
        print_bash();
    else {
        fputs("usage: make-manual man TEMPLATE | bash\n", stderr);
        return EXIT_FAILURE;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
