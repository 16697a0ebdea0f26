#include "base/clock.h"

#include <inttypes.h>
#include <time.h>

uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_format(struct text *out, int64_t nanoseconds)
{
    if (nanoseconds < 0) {
        text_add_char(out, '-');
        nanoseconds = nanoseconds == INT64_MIN ? INT64_MAX : -nanoseconds;
    }
    double value = (double)nanoseconds;
    if (nanoseconds < 1000)
        text_printf(out, "%" PRId64 " ns", nanoseconds);
    else if (nanoseconds < 1000000)
        text_printf(out, "%.4g µs", value / 1e3);
    else if (nanoseconds < 1000000000)
        text_printf(out, "%.4g ms", value / 1e6);
    else if (nanoseconds < 120000000000)
        text_printf(out, "%.4g s", value / 1e9);
    else
        text_printf(out, "%" PRId64 " min %" PRId64 " s", nanoseconds / 60000000000,
                      nanoseconds / 1000000000 % 60);
}
