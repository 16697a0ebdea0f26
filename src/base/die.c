#include "base/die.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic(void (*)(void)) before;

void die_before(void (*hook)(void))
{
    atomic_store_explicit(&before, hook, memory_order_release);
}

noreturn void die(const char *format, ...)
{
    void (*hook)(void) = atomic_exchange_explicit(&before, NULL, memory_order_acq_rel);
    if (hook)
        hook();
    va_list arguments;
    va_start(arguments, format);
    fputs("thrum: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    _exit(3);
}

void *xmalloc(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        die("out of memory (%zu bytes)", size);
    return memory;
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        die("out of memory (%zu times %zu bytes)", count, size);
    return memory;
}

void *xrealloc(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory)
        die("out of memory (%zu bytes)", size);
    return memory;
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(xmalloc(size), text, size);
}
