#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

int cli_main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("thrum " THRUM_VERSION);
        return 0;
    }
    fputs("usage: thrum COMMAND\n", stderr);
    return 2;
}
