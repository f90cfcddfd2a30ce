// What an instruction set provides to dispatch.c.
#pragma once

#include "CKernels.h"

typedef struct {
    int tile_channels;  // output channels of a packed tile
    void (*convolve[3])(const ck_convolution *shape, long images, const ck_call *call);
    void (*max_pool)(const ck_convolution *shape, long images, const ck_call *call);
    void (*multiply)(const ck_product *product);
} ck_kernels;

const ck_kernels *ck_kernels_of(ck_instructions instructions);

extern const ck_kernels portable_kernels, avx2_kernels, avx512_kernels;

// Scratch layouts, shared by the kernels and ck_scratch_count.
enum {
    block = 16,               // channels of a block
    largest_tile = 32,        // output channels of the widest packed tile
    direct_pixels = 112,      // pixels whose patches are packed together
    direct_depth = 32,        // blocks of inputs that are packed together
    product_depth = 256,      // terms of a matrix product that are packed together
};

static inline long ck_least(long a, long b) { return a < b ? a : b; }
/// An odd number of lines: as strides, even ones crowd a few of the cache's sets.
static inline long ck_spread(long lines) { return lines | 1; }
static inline long ck_ceiling(long a, long b) { return (a + b - 1) / b; }

// Winograd's interpolation points are 0, ∞ and, both positive and negative, these. 11/16 and 3/2 have a third of the error
// of the usual 1 and 2; every constant made of them is exact in a float.
#define winograd_6a 0.6875
#define winograd_6b 1.5
#define winograd_8a 0.5
#define winograd_8b 1.0
#define winograd_8c 2.0

/// Interpolation points a dimension: 4 outputs and the taps, less one.
static inline int ck_points(const ck_convolution *shape) { return shape->kernel + 3; }

/// 4×4 tiles that are transformed together.
#define winograd_tiles(points) ((points) == 6 ? 56 : 32)

// The image kernel's copy of the image: padded, and its columns sorted by their remainder by the stride, so that the
// pixels of an output row are neighbours.
typedef struct {
    long rows, columns;
} ck_padded_image;

static inline ck_padded_image ck_padded(const ck_convolution *shape) {
    return (ck_padded_image){
        (long)(ck_out_height(shape) - 1) * shape->stride + shape->kernel,
        ck_out_width(shape) + (shape->kernel - 1) / shape->stride,
    };
}

// Pixels of a plane that follow each other.
typedef struct {
    long first, count;
} ck_run;

/// Walks the pixels of the regions of all images.
typedef struct {
    long image;
    int started, y, x;
} ck_walk;

/// The next run of at most `most` output pixels; count 0 at the end.
ck_run ck_next_run(const ck_convolution *shape, long images, const ck_region *regions, ck_walk *walk, long most);
