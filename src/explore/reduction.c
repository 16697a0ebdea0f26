#include "explore/reduction.h"

#include <stdlib.h>

#include "base/die.h"
#include "explore/reduction_private.h"

struct reduction *reduction_new(const struct space_shape *shape)
{
    struct reduction *reduction = xcalloc(1, sizeof *reduction);
    reduction->shape = shape;
    symmetry_init(&reduction->symmetry, shape);
    footprints_init(&reduction->feet, shape, &reduction->symmetry);
    return reduction;
}

void reduction_free(struct reduction *reduction)
{
    if (!reduction)
        return;
    symmetry_fini(&reduction->symmetry);
    footprints_fini(&reduction->feet);
    free(reduction);
}

bool reduction_has_symmetry(const struct reduction *reduction)
{
    return reduction->symmetry.classes.count > 0;
}

bool reduction_has_order(const struct reduction *reduction)
{
    return reduction->feet.words > 0;
}

struct reduction_scratch *reduction_scratch_new(const struct reduction *reduction)
{
    struct reduction_scratch *scratch = xcalloc(1, sizeof *scratch);
    scratch->reduction = reduction;
    renaming_init(&scratch->renaming, reduction);
    scratch->persistent = reduction->feet.words ? persistent_new(reduction) : NULL;
    return scratch;
}

void reduction_scratch_free(struct reduction_scratch *scratch)
{
    if (!scratch)
        return;
    renaming_fini(&scratch->renaming);
    persistent_free(scratch->persistent);
    free(scratch);
}

uint32_t reduction_persistent(struct reduction_scratch *scratch, const struct state *state,
                              move *moves, uint32_t count)
{
    return scratch->persistent ? persistent_choose(scratch->persistent, state, moves, count)
                               : count;
}
