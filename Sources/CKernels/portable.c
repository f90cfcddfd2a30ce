// The kernels for any processor: fmaf where it has no fused multiply-add, hence slow there, with the same bits.
#include <math.h>
#include <string.h>

#include "kernels.h"

#define LANES 4
#define TILE_VECTORS 4
#define TILE_PIXELS 2
#define PRODUCT_DEPTH 512
#define PRODUCT_TILES 36
#define SPARSE_VECTORS 8
#define SPARSE_DEPTH 96
#define CONVOLUTION_DEPTH 32
#define NAME(name) portable_##name
#include "vector/kernels.h"
