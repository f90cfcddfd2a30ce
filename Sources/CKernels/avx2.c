// The kernels for AVX2 with FMA: 12 of the 16 registers accumulate.
#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "kernels.h"

#define LANES 8
#define TILE_VECTORS 2
#define TILE_PIXELS 6
#define PRODUCT_DEPTH 512
#define PRODUCT_TILES 12
#define SPARSE_VECTORS 8
#define SPARSE_DEPTH 96
#define CONVOLUTION_DEPTH 16
#define NAME(name) avx2_##name
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "vector/kernels.h"
#pragma clang attribute pop
#endif
