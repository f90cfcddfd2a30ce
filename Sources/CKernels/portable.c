// The kernels for any processor: fmaf where it has no fused multiply-add, hence slow there, with the same bits.
#include <math.h>
#include <string.h>

#include "kernels.h"

#define LANES 4
#define TILE_VECTORS 4
#define TILE_PIXELS 2
#define NAME(name) portable_##name
#include "vector/kernels.h"
