#include "explore/reduction.h"

#include "base/die.h"
struct reduction {
    int none;
};
struct reduction *reduction_new(const struct space_shape *shape)
{
    (void)shape;
    return xcalloc(1, sizeof(struct reduction));
}
void reduction_free(struct reduction *reduction)
{
    free(reduction);
}
bool reduction_has_symmetry(const struct reduction *reduction)
{
    (void)reduction;
    return false;
}
bool reduction_has_order(const struct reduction *reduction)
{
    (void)reduction;
    return false;
}
struct reduction_scratch *reduction_scratch_new(const struct reduction *reduction)
{
    (void)reduction;
    return NULL;
}
void reduction_scratch_free(struct reduction_scratch *scratch)
{
    (void)scratch;
}
uint32_t reduction_canonical(struct reduction_scratch *scratch, struct state *state,
                             uint32_t thread)
{
    (void)scratch;
    (void)state;
    return thread;
}
void reduction_canonical_names(struct reduction_scratch *scratch, struct state *state,
                               uint32_t *names)
{
    (void)scratch;
    (void)state;
    (void)names;
}
uint32_t reduction_persistent(struct reduction_scratch *scratch, const struct state *state,
                              move *moves, uint32_t count)
{
    (void)scratch;
    (void)state;
    (void)moves;
    return count;
}
