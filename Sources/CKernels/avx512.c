// The kernels for AVX-512: 28 of the 32 registers accumulate.
#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "kernels.h"

#define LANES 16
#define TILE_VECTORS 2
#define TILE_PIXELS 14
#define PRODUCT_DEPTH 256
#define PRODUCT_TILES 36
#define SPARSE_VECTORS 8
#define SPARSE_DEPTH 48
#define CONVOLUTION_DEPTH 48
#define NAME(name) avx512_##name
#pragma clang attribute push(                                                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#include "vector/kernels.h"
#pragma clang attribute pop
#endif
