#include "trace/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"

enum { HOT_CHUNKS = 2, LEAST_LIMIT = 8 << 20 };

void store_init(struct store *store)
{
    memset(store, 0, sizeof *store);
    store->file = -1;
    /* 32-bit references of 64-byte units reach 256 GiB; take less where the system gives less. */
    for (size_t size = (size_t)1 << 38; size >= (size_t)1 << 28; size /= 2) {
        void *base = mmap(NULL, size + STORE_CHUNK, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED)
            continue;
        store->mapping = base;
        store->base = (char *)(((uintptr_t)base + STORE_CHUNK - 1) & ~(uintptr_t)(STORE_CHUNK - 1));
        store->reserved = size;
        return;
    }
    die("cannot reserve addresses for the history: %s", strerror(errno));
}

void store_fini(struct store *store)
{
    if (store->mapping)
        munmap(store->mapping, store->reserved + STORE_CHUNK);
    if (store->file >= 0)
        close(store->file);
    memset(store, 0, sizeof *store);
    store->file = -1;
}

/* Makes the folder and those above it; errors show when the file is opened. */
static void make_folder(const char *folder)
{
    char *path = xstrdup(folder);
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = 0;
            mkdir(path, 0700);
            *at = '/';
        }
    mkdir(path, 0700);
    free(path);
}

static int open_unlinked(const char *folder)
{
    make_folder(folder);
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        return file;
    size_t size = strlen(folder) + sizeof "/history-XXXXXX";
    char *path = xmalloc(size);
    snprintf(path, size, "%s/history-XXXXXX", folder);
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    free(path);
    return file;
}

void store_limit(struct store *store, size_t bytes, const char *folder)
{
    store->limit = bytes && bytes < LEAST_LIMIT ? LEAST_LIMIT : bytes;
    if (!bytes)
        return;
    store->file = folder ? open_unlinked(folder) : -1;
    store->failed = folder && store->file < 0;
    store->dropping = store->file < 0;
}

static bool write_chunk(int file, const char *bytes, size_t offset)
{
    for (size_t done = 0; done < STORE_CHUNK;) {
        ssize_t now = pwrite(file, bytes + done, STORE_CHUNK - done, (off_t)(offset + done));
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0)
            return false;
        done += (size_t)now;
    }
    return true;
}

/* Moves the oldest resident chunk to the file, or drops it. */
static void cool(struct store *store)
{
    char *chunk = store->base + store->cold;
    if (!store->dropping) {
        if (write_chunk(store->file, chunk, store->cold) &&
            mmap(chunk, STORE_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, store->file,
                 (off_t)store->cold) != MAP_FAILED) {
            store->cold += STORE_CHUNK;
            return;
        }
        store->failed = store->dropping = true;
    }
    if (store->leave)
        store->leave(store->leave_context, store->cold, store->cold + STORE_CHUNK);
    madvise(chunk, STORE_CHUNK, MADV_DONTNEED);
    store->cold += STORE_CHUNK;
    store->kept = store->cold;
}

static void open_chunk(struct store *store)
{
    if (store->opened + STORE_CHUNK > store->reserved)
        die("the history has used all %zu GiB of its addresses", store->reserved >> 30);
    if (mprotect(store->base + store->opened, STORE_CHUNK, PROT_READ | PROT_WRITE) != 0)
        die("out of memory for the history: %s", strerror(errno));
    /* Questions jump about in it, so large pages help; the first chunk stays small for small runs.
     */
    if (store->opened > 0)
        madvise(store->base + store->opened, STORE_CHUNK, MADV_HUGEPAGE);
    store->opened += STORE_CHUNK;
    if (!store->limit || store->cooling)
        return;
    store->cooling = true;
    /* what leaves a chunk moves to new ones: once around, not for ever */
    for (size_t left = store->opened - store->cold;
         left > HOT_CHUNKS * STORE_CHUNK &&
         store->opened - store->cold + store->besides > store->limit;
         left -= STORE_CHUNK)
        cool(store);
    store->cooling = false;
}

uint32_t store_alloc(struct store *store, size_t size)
{
    size = (size + STORE_UNIT - 1) / STORE_UNIT * STORE_UNIT;
    /* opening a chunk may allocate, when others must leave one: so look again */
    while (store->opened - store->used < size) {
        store->used = store->opened;
        open_chunk(store);
    }
    size_t at = store->used;
    store->used += size;
    return (uint32_t)(at / STORE_UNIT);
}
