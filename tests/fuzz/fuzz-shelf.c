/* libFuzzer target of the browser's quick look into a file, which need not be a scenario at all. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "ui/shelf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct browser_entry entry = {.topic = "", .path = ""};
    char *text = xcalloc(size + 1, 1);
    if (size > 0)
        memcpy(text, data, size);
    shelf_read(&arena, text, &entry);
    size_t read = strlen(entry.title) + strlen(entry.explanation) + strlen(entry.expect);
    for (size_t i = 0; i < entry.line_count; i++)
        read += strlen(entry.lines[i]);
    if (read > 3 * size + 16 || entry.first_code_line > entry.line_count)
        abort();
    arena_fini(&arena);
    free(text);
    return 0;
}
