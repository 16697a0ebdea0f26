/* A program that only emits, as others would write it, with nothing but the headers. Built as C11
 * and, as public.cc, as C++11; the test of the installation builds it in every other way. */
#include <stdio.h>
#include <stdlib.h>

#include <thrum/ring.h>

static struct thrum_event slots[64], out[64];
static struct thrum_ring ring;

/* The clock's arithmetic, which is not the same where there are no 128 bits. */
static bool counts_right(void)
{
    const uint64_t large = 1u << 30;
    uint64_t long_stop = thrum_clock_rate_(10000 * large, 30000 * large);
    return thrum_clock_scale(12345678901234u, 1431655765u) == 4115226299453u &&
           thrum_clock_scale(0xffffffffffu, 0x5fedcba98u) == 6592183048186u &&
           thrum_clock_rate_(4000000, 12000000) == 1431655765u && long_stop > 1431655760u &&
           long_stop < 1431655770u;
}

int main(void)
{
    struct thrum_clock now;
    uint64_t delivered = 0, said = 0, last = 0;
    if (!counts_right())
        return fputs("the clock counts wrongly\n", stderr), EXIT_FAILURE;
    thrum_clock_init(&now);
    thrum_ring_init(&ring, slots, 64, 0, 16, &now);
    for (int i = 0; i < 1000; i++) {
        thrum_emit(&ring, THRUM_KIND_NOTE, 0, THRUM_NONE, THRUM_SOURCE(i + 1, 1), i);
        if (i == 999)
            thrum_ring_close(&ring);
        size_t count = i % 100 == 99 ? thrum_ring_drain(&ring, out, 64) : 0;
        for (size_t k = 0; k < count; k++) {
            if (out[k].time < last)
                return fputs("time went backwards\n", stderr), EXIT_FAILURE;
            last = out[k].time;
            if (out[k].kind == THRUM_KIND_LOST)
                said += (uint64_t)out[k].value;
            else
                delivered++;
        }
    }
    printf("emitted %lu, delivered %lu, lost %lu, said %lu\n",
           (unsigned long)thrum_ring_emitted(&ring), (unsigned long)delivered,
           (unsigned long)ring.lost, (unsigned long)said);
    return thrum_ring_emitted(&ring) == 1000 && delivered + ring.lost == 1000 && ring.lost > 0 &&
                   said + thrum_ring_unsaid(&ring) == ring.lost
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
