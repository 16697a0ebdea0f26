/* Inside generate_dense(): what is being written, and statements. */
#ifndef THRUM_TESTS_DENSE_WRITER_H
#define THRUM_TESTS_DENSE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/text.h"

enum { DENSE_KINDS = 17 }; /* of statements */

struct writer {
    struct text *out;
    uint64_t random;
    unsigned indent;
    unsigned depth;      /* nested statements that may still be opened */
    unsigned names;      /* locals made up so far */
    unsigned texts;      /* assertion texts made up so far */
    unsigned palette[5]; /* the kinds of statements this scenario has */
    const char *index;   /* a local that is a number below 2: a parameter, a loop's; or NULL */
    bool in_loop, in_atomic, in_function;
    bool makes;       /* there are threads made by Thread(...) */
    char room[4][64]; /* of texts put together */
    unsigned rooms;
};

static inline unsigned below(struct writer *writer, unsigned bound)
{
    return (unsigned)random_below(&writer->random, bound);
}

static inline bool one_in(struct writer *writer, unsigned n)
{
    return below(writer, n) == 0;
}

__attribute__((format(printf, 2, 3))) static inline void line(struct writer *writer,
                                                              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_repeat(writer->out, ' ', 4 * (long)writer->indent);
    text_vprintf(writer->out, format, arguments);
    text_add_char(writer->out, '\n');
    va_end(arguments);
}

static inline const char *pick(struct writer *writer, const char *const *names, unsigned count)
{
    return names[below(writer, count)];
}

#define PICK(writer, ...)                                                                          \
    pick((writer), (const char *const[]){__VA_ARGS__},                                             \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A statement of one of the palette's kinds. */
void dense_statement(struct writer *writer);
/* Whether statements of this kind need threads made by Thread(...). */
bool dense_makes_threads(unsigned kind);

#endif
