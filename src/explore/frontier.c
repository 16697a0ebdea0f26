#include "explore/frontier.h"

#include <stdbool.h>

static bool before(const struct frontier_node *a, const struct frontier_node *b)
{
    return a->cost != b->cost ? a->cost < b->cost : a->node < b->node;
}

void frontier_push(struct frontier *frontier, path_cost cost, uint32_t node)
{
    struct frontier_node entry = {cost, node};
    vector_push(&frontier->heap, entry);
    struct frontier_node *heap = frontier->heap.items;
    size_t at = frontier->heap.count - 1;
    for (; at > 0 && before(&entry, &heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = entry;
}

struct frontier_node frontier_pop(struct frontier *frontier)
{
    struct frontier_node *heap = frontier->heap.items, top = heap[0];
    struct frontier_node moved = heap[--frontier->heap.count];
    size_t count = frontier->heap.count, at = 0;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &moved))
            break;
        heap[at] = heap[child];
    }
    if (count)
        heap[at] = moved;
    return top;
}

void frontier_fini(struct frontier *frontier)
{
    vector_fini(&frontier->heap);
}
