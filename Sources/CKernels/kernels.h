// What an instruction set provides to dispatch.c.
#pragma once

#include "CKernels.h"

typedef struct {
    int tile_channels; // output channels of a packed tile
    void (*convolve[3])(const ck_convolution *shape, long images, const ck_call *call);
    void (*max_pool)(const ck_convolution *shape, long images, const ck_call *call);
    void (*multiply)(const ck_product *product);
    void (*multiply_sparse)(const ck_product *product);
    void (*convolve_window)(const ck_window *window, const ck_maps *maps, const ck_filter *filter);
    void (*depthwise)(const ck_window *window, const ck_maps *maps, const float *weights, const float *bias);
    void (*pool)(const ck_window *window, const ck_maps *maps, int is_max, const float *counts);
    void (*combine)(const ck_maps *maps, const ck_combination *combination);
    void (*channel_norm)(const ck_maps *maps, long height, long width, long channels, double epsilon,
        const float *weight, const float *bias);
    void (*global_mean)(const ck_maps *maps, long pixels);
    void (*activate)(float *numbers, long count, ck_activation activation);
    void (*softmax)(float *numbers, long rows, long columns);
    void (*attend)(const ck_attention *head);
} ck_kernels;

const ck_kernels *ck_kernels_of(ck_instructions instructions);

extern const ck_kernels portable_kernels, avx2_kernels, avx512_kernels;

// Scratch layouts, shared by the kernels and ck_scratch_count.
enum {
    block = 16,              // channels of a block
    largest_tile = 32,       // output channels of the widest packed tile
    direct_pixels = 112,     // pixels whose patches are packed together
    direct_depth = 48,       // blocks of inputs that are packed together, at most
    winograd_points = 3456,  // points of a channel's 4×4 tiles that are transformed together, at most,
    winograd_outputs = 64,   // and output channels
    product_depth = 512,     // terms,
    product_rows = 512,      // rows and
    product_columns = 1024,  // columns of a matrix product that are packed together, at most
    sparse_terms = 768,      // terms whose entries are listed together,
    sparse_least_depth = 32, // fewest of them that share a panel
    sparse_panel = 8192,     // numbers of a panel, at most
};

// A number of a sparse matrix: its value, and where the panel's row for its term begins.
typedef struct {
    float value;
    int row;
} ck_entry;

/// Packs `size` lines (rows of the left, columns of the right factor) of so many terms to [terms][width]; `line` and
/// `term` are the distances between neighbours.
void ck_pack_lines(const float *from, long line, long term, long size, long terms, float *packed, long width);

/// Packs some terms and columns of b, a tile of columns after the other: [tile of columns][packed_terms][tile], of
/// which the first `terms` of each are written.
void ck_pack_columns(long tile, ck_matrix b, long first_term, long terms, long first_column, long columns,
    float *packed, long packed_terms);

/// Terms that are packed at a time, tile after tile: all, or few where neighbouring lines lie side by side.
static inline long ck_packing_step(long line, long terms) { return line == 1 ? 8 : terms; }

static inline long ck_least(long a, long b) { return a < b ? a : b; }
/// An odd number of lines: as strides, even ones crowd a few of the cache's sets.
static inline long ck_spread(long lines) { return lines | 1; }
static inline long ck_ceiling(long a, long b) { return (a + b - 1) / b; }
/// The size of parts of nearly equal size, at most `most` each.
static inline long ck_even(long all, long most) { return ck_ceiling(all, ck_ceiling(all, most)); }

// Winograd's interpolation points are 0 (but for the nine), ∞ and, both positive and negative, these. 11/16 and 3/2
// have a third of the error of the usual 1 and 2; every constant made of them is exact in a float.
#define winograd_6a 0.6875
#define winograd_6b 1.5
#define winograd_8a 0.5
#define winograd_8b 1.0
#define winograd_8c 2.0
#define winograd_9a 0.5
#define winograd_9b 1.25

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

// Numbers that are read soon: the tiles computed before fetch them into the second cache, a part each.
typedef struct {
    const float *next, *end;
} ck_ahead;

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
ck_run ck_next_run(const ck_convolution *shape, long images, const ck_call *call, ck_walk *walk, long most);
