#include "trace/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"

enum { HOT_CHUNKS = 2, COOLED_AT_ONCE = 2, LEAST_LIMIT = 8 << 20 };

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

/* Gives a dropped chunk back: its pages, and its place in the file if it had one. False: the file
 * keeps that. */
static bool give_back(const struct store *store, size_t at)
{
    char *chunk = store->base + at;
    if (at >= store->cold)
        return madvise(chunk, STORE_CHUNK, MADV_DONTNEED) == 0;
    /* the file's pages are not to be touched again: without room on the disk that ends a program */
    return mmap(chunk, STORE_CHUNK, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED &&
           fallocate(store->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
                     STORE_CHUNK) == 0;
}

/* Drops the oldest chunk there is. */
static bool drop(struct store *store)
{
    size_t at = store->kept;
    if (store->leave)
        store->leave(store->leave_context, at, at + STORE_CHUNK);
    store->kept += STORE_CHUNK;
    return give_back(store, at);
}

/* Writes the oldest resident chunk to the file. Where the disk is full, the oldest in the file make
 * room for it. */
static bool spill(struct store *store)
{
    const char *chunk = store->base + store->cold;
    while (!write_chunk(store->file, chunk, store->cold)) {
        bool full = errno == ENOSPC || errno == EDQUOT;
        store->failed = true;
        if (!full || store->kept == store->cold || !drop(store))
            return false;
    }
    return mmap(store->base + store->cold, STORE_CHUNK, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_FIXED, store->file, (off_t)store->cold) != MAP_FAILED;
}

/* Moves the oldest resident chunk to the file, or drops it and what is older. */
static void cool(struct store *store)
{
    if (!store->dropping && !spill(store))
        store->failed = store->dropping = true;
    if (store->dropping) {
        while (store->kept <= store->cold)
            drop(store);
        if (store->file >= 0)
            close(store->file);
        store->file = -1;
    }
    store->cold += STORE_CHUNK;
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
}

/*
 * Cools what is above the limit, but only so much for each chunk that is opened: what is still
 * needed of a dropped chunk moves to a new one, and if nearly all is (many threads that do
 * nothing), dropping all would gain nothing and cost as much as there is, each time.
 */
static void keep_limit(struct store *store)
{
    if (!store->limit || store->cooling)
        return;
    store->cooling = true;
    for (int n = 0; n < COOLED_AT_ONCE && store->opened - store->cold > HOT_CHUNKS * STORE_CHUNK &&
                    store->opened - store->cold + store->besides > store->limit;
         n++)
        cool(store);
    store->cooling = false;
}

uint32_t store_alloc(struct store *store, size_t size)
{
    size = (size + STORE_UNIT - 1) / STORE_UNIT * STORE_UNIT;
    /* what moves when others are dropped may fill the new chunk: once around, not for ever */
    for (bool first = true; store->opened - store->used < size; first = false) {
        store->used = store->opened;
        open_chunk(store);
        if (first)
            keep_limit(store);
    }
    size_t at = store->used;
    store->used += size;
    return (uint32_t)(at / STORE_UNIT);
}
