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
