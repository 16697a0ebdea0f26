#include "cli/summary.h"

void json_string(const char *text, struct text *out)
{
    text_add_char(out, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        switch (*c) {
        case '"': text_add(out, "\\\""); break;
        case '\\': text_add(out, "\\\\"); break;
        case '\n': text_add(out, "\\n"); break;
        case '\t': text_add(out, "\\t"); break;
        case '\r': text_add(out, "\\r"); break;
        default:
            if (*c < 0x20)
                text_printf(out, "\\u%04x", *c);
            else
                text_add_char(out, (char)*c);
        }
    }
    text_add_char(out, '"');
}
