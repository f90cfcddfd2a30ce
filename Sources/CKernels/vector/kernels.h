// The kernels of one instruction set, over vectors of LANES floats.
// A tile is TILE_PIXELS pixels × TILE_VECTORS vectors of output channels: the accumulators of the inner loop.
// PRODUCT_DEPTH terms × TILE_CHANNELS of a right factor are for the nearest cache, PRODUCT_TILES tiles of rows of a
// left one for the second; CONVOLUTION_DEPTH blocks of a convolution's terms likewise, and SPARSE_DEPTH terms of
// SPARSE_VECTORS vectors. None of them changes a bit.
#pragma STDC FP_CONTRACT OFF

#define INLINED static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")
#define TILE_CHANNELS (LANES * TILE_VECTORS)
#define PARTS (block / LANES) // vectors of a block of channels

typedef float NAME(vector) __attribute__((vector_size(LANES * 4), aligned(4)));
typedef int NAME(bits) __attribute__((vector_size(LANES * 4), aligned(4)));
typedef double NAME(wide) __attribute__((vector_size(LANES * 8), aligned(8)));
#define vector NAME(vector)

INLINED vector NAME(load)(const float *from) { return *(const vector *)from; }
INLINED void NAME(store)(float *to, vector value) { *(vector *)to = value; }
INLINED vector NAME(splat)(float value) { return value - (vector){0}; }
INLINED vector NAME(fma)(vector a, vector b, vector c) { return __builtin_elementwise_fma(a, b, c); }
#define WIDENED(x) __builtin_convertvector(x, NAME(wide))
/// The larger number; `b` when either is NaN.
INLINED vector NAME(max)(vector a, vector b) {
    NAME(bits) mask = a > b;
    return (vector)(((NAME(bits))a & mask) | ((NAME(bits))b & ~mask));
}

#include "function.h"
#include "tile.h"

#include "attention.h"
#include "direct.h"
#include "image.h"
#include "pixel.h"
#include "pool.h"
#include "product.h"
#include "sparse.h"
#include "winograd.h"
#include "window.h"

const ck_kernels NAME(kernels) = {
    .tile_channels = TILE_CHANNELS,
    .convolve = {[ck_image] = NAME(convolve_image),
        [ck_direct] = NAME(convolve_direct),
        [ck_winograd] = NAME(convolve_winograd)},
    .max_pool = NAME(max_pool),
    .multiply = NAME(multiply_matrices),
    .multiply_sparse = NAME(multiply_sparse),
    .convolve_window = NAME(convolve_window),
    .depthwise = NAME(depthwise),
    .pool = NAME(pool),
    .combine = NAME(combine),
    .channel_norm = NAME(channel_norm),
    .global_mean = NAME(global_mean),
    .activate = NAME(activate),
    .softmax = NAME(softmax),
    .attend = NAME(attend),
};
#undef vector
