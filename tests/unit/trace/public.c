/* A program that only emits, as others would write it. Built as C11 and, as public.cc, as C++11,
 * with nothing but the headers. */
#include <stdio.h>
#include <stdlib.h>

#include <thrum/ring.h>

static struct thrum_event slots[64], out[64];
static struct thrum_ring ring;

int main(void)
{
    struct thrum_clock now;
    uint64_t delivered = 0, said = 0, last = 0;
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
                   said <= ring.lost
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
