#include "explore/reduction.h"

struct reduction { bool none; };
