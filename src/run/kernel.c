#include "run/kernel.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"

enum { PAGES = 32, FEWEST_PAGES = 4 }; /* of a processor's buffer, powers of two */

/* One processor's event and its buffer. */
struct processor {
    int fd;
    struct perf_event_mmap_page *page; /* followed by the records */
    size_t data_size;
    size_t mapped;
};

struct kernel {
    struct processor *processors; /* NULL: refused */
    uint32_t count;
    uint64_t lost;
    char words[160];
};

/* A PERF_RECORD_SWITCH with sample_id_all and TID | TIME | CPU. */
struct switch_record {
    struct perf_event_header header;
    uint32_t pid, tid;
    uint64_t time;
    uint32_t cpu, reserved;
};

static int open_event(int cpu)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_SW_DUMMY,
        .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
        .inherit = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .sample_id_all = 1,
        .context_switch = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
    };
    return (int)syscall(SYS_perf_event_open, &attr, 0, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static bool open_processor(struct processor *processor, int cpu)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    processor->fd = open_event(cpu);
    if (processor->fd < 0)
        return false;
    for (size_t pages = PAGES; pages >= FEWEST_PAGES; pages /= 2) {
        processor->mapped = (pages + 1) * page;
        void *memory =
            mmap(NULL, processor->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, processor->fd, 0);
        if (memory != MAP_FAILED) {
            processor->page = memory;
            processor->data_size = pages * page;
            return true;
        }
    }
    int error = errno;
    close(processor->fd);
    errno = error;
    return false;
}

/* Whether kernel.perf_event_paranoid forbids what open_event() asks for; false when it cannot be
 * read. */
static bool forbidden(int *ret_level)
{
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
    if (!file)
        return false;
    bool known = fscanf(file, "%d", ret_level) == 1;
    fclose(file);
    return known && *ret_level > 2;
}

static void refuse(struct kernel *kernel, int error)
{
    uint64_t voluntary, involuntary;
    int level;
    const char *source = kernel_counts((pid_t)syscall(SYS_gettid), &voluntary, &involuntary)
                             ? "scenario's events and counts in /proc"
                             : "scenario's events alone, without /proc";
    if ((error == EACCES || error == EPERM) && forbidden(&level))
        snprintf(kernel->words, sizeof kernel->words,
                 "%s (perf_event_open refused: perf_event_paranoid is %d)", source, level);
    else
        snprintf(kernel->words, sizeof kernel->words, "%s (perf_event_open: %s)", source,
                 strerror(error));
}

struct kernel *kernel_open(void)
{
    struct kernel *kernel = xcalloc(1, sizeof *kernel);
    long configured = sysconf(_SC_NPROCESSORS_CONF);
    uint32_t limit = configured > 0 ? (uint32_t)configured : 1;
    int error = 0;
    kernel->processors = xcalloc(limit, sizeof *kernel->processors);
    for (uint32_t cpu = 0; cpu < limit; cpu++) {
        if (open_processor(&kernel->processors[kernel->count], (int)cpu))
            kernel->count++;
        else if (errno != ENODEV) /* that is a processor which is offline */
            error = errno;
    }
    if (error || !kernel->count) {
        refuse(kernel, error ? error : ENODEV);
        for (uint32_t i = 0; i < kernel->count; i++) {
            munmap(kernel->processors[i].page, kernel->processors[i].mapped);
            close(kernel->processors[i].fd);
        }
        free(kernel->processors);
        kernel->processors = NULL;
        kernel->count = 0;
    } else {
        snprintf(kernel->words, sizeof kernel->words, "kernel's context switches (perf_event)");
    }
    return kernel;
}

void kernel_close(struct kernel *kernel)
{
    if (!kernel)
        return;
    for (uint32_t i = 0; i < kernel->count; i++) {
        munmap(kernel->processors[i].page, kernel->processors[i].mapped);
        close(kernel->processors[i].fd);
    }
    free(kernel->processors);
    free(kernel);
}

bool kernel_sees(const struct kernel *kernel)
{
    return kernel->processors != NULL;
}

const char *kernel_words(const struct kernel *kernel)
{
    return kernel->words;
}

uint64_t kernel_lost(const struct kernel *kernel)
{
    return kernel->lost;
}

/* Copies from a buffer that wraps. */
static void copy_out(const struct processor *processor, uint64_t at, void *to, size_t size)
{
    const char *data = (const char *)processor->page + (processor->mapped - processor->data_size);
    size_t offset = (size_t)(at & (processor->data_size - 1)),
           first = processor->data_size - offset;
    if (first > size)
        first = size;
    memcpy(to, data + offset, first);
    memcpy((char *)to + first, data, size - first);
}

static void take_one(struct kernel *kernel, const struct processor *processor, uint64_t at,
                     const struct perf_event_header *header,
                     void (*take)(void *context, const struct kernel_record *record), void *context)
{
    if (header->type == PERF_RECORD_LOST) {
        struct {
            struct perf_event_header header;
            uint64_t id, lost;
        } record;
        copy_out(processor, at, &record, sizeof record);
        kernel->lost += record.lost;
    } else if (header->type == PERF_RECORD_SWITCH && header->size >= sizeof(struct switch_record)) {
        struct switch_record record;
        copy_out(processor, at, &record, sizeof record);
        struct kernel_record out = {.what = KERNEL_IN,
                                    .tid = (pid_t)record.tid,
                                    .processor = record.cpu,
                                    .time = record.time};
        if (header->misc & PERF_RECORD_MISC_SWITCH_OUT)
            out.what = header->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT ? KERNEL_PREEMPTED
                                                                          : KERNEL_BLOCKED;
        take(context, &out);
    }
}

void kernel_poll(struct kernel *kernel,
                 void (*take)(void *context, const struct kernel_record *record), void *context)
{
    for (uint32_t i = 0; i < kernel->count; i++) {
        const struct processor *processor = &kernel->processors[i];
        /* acquire: the records before the number; pairs with the kernel's barrier */
        uint64_t head = __atomic_load_n(&processor->page->data_head, __ATOMIC_ACQUIRE);
        uint64_t tail = processor->page->data_tail;
        while (tail < head) {
            struct perf_event_header header;
            copy_out(processor, tail, &header, sizeof header);
            if (header.size < sizeof header)
                break;
            take_one(kernel, processor, tail, &header, take, context);
            tail += header.size;
        }
        /* release: our copies before the kernel may write there again */
        __atomic_store_n(&processor->page->data_tail, tail, __ATOMIC_RELEASE);
    }
}

bool kernel_counts(pid_t tid, uint64_t *ret_voluntary, uint64_t *ret_involuntary)
{
    char path[64], line[128];
    unsigned long long number;
    int found = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)tid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "voluntary_ctxt_switches: %llu", &number) == 1) {
            *ret_voluntary = number;
            found |= 1;
        } else if (sscanf(line, "nonvoluntary_ctxt_switches: %llu", &number) == 1) {
            *ret_involuntary = number;
            found |= 2;
        }
    }
    fclose(file);
    return found == 3;
}
