/* Prints the manual page's section of keys from the table that handles them. */
#include <stdio.h>
#include <string.h>

#include "ui/keymap.h"

/* As roff wants it: hyphens that are keys, quotes, and arrows by name. */
static void print_escaped(const char *text)
{
    static const char *const names[][2] = {{"↓", "\\(da"},  {"↑", "\\(ua"}, {"←", "\\(<-"},
                                           {"→", "\\(->"},  {"-", "\\-"},   {"'", "\\(aq"},
                                           {"\\", "\\(rs"}, {"`", "\\(ga"}};
    while (*text) {
        size_t used = 0;
        for (size_t i = 0; i < sizeof names / sizeof *names && !used; i++)
            if (strncmp(text, names[i][0], strlen(names[i][0])) == 0) {
                fputs(names[i][1], stdout);
                used = strlen(names[i][0]);
            }
        if (!used)
            putchar(*text);
        text += used ? used : 1;
    }
}

int main(void)
{
    size_t count;
    struct help_line *lines = keymap_help(~0u, &count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(lines[i].group, lines[i - 1].group) != 0)
            printf(".SS %s\n", lines[i].group);
        fputs(".TP\n.B \"", stdout);
        print_escaped(lines[i].keys);
        fputs("\"\n", stdout);
        print_escaped(lines[i].words);
        putchar('\n');
    }
    keymap_help_free(lines, count);
    return 0;
}
