// Kernels over blocked maps beside the convolutions of CKernels.h: windows of any shape, depthwise convolutions,
// pooling, and what is computed number by number. Vectors run over channels, so that no bit depends on the instruction
// set or the number of images.
#pragma once

#include "CInstructions.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A function of one number. Those with an exponential are polynomials of our own, within a few units in the last
/// place.
typedef enum {
    ck_identity,
    ck_relu,
    ck_clip,         // between a and b
    ck_leaky,        // a · x where x < 0
    ck_hard_sigmoid, // a · x + b between 0 and 1
    ck_hard_swish,   // x · min(max(x + 3, 0), 6) / 6
    ck_sigmoid,
    ck_silu,
    ck_tanh,
    ck_gelu,      // x · Φ(x)
    ck_gelu_tanh, // its approximation by tanh
    ck_exponential
} ck_function;

typedef struct {
    ck_function function;
    float a, b;
} ck_activation;

/// How a window slides over a map: [vertical, horizontal].
typedef struct {
    int kernel[2], stride[2], dilation[2], before[2];
    int size[2], out[2]; // of the input and the output
} ck_window;

/// Pixels `top..<bottom` × `left..<right` of a map.
typedef struct {
    int top, left, bottom, right;
} ck_region;

/// One call over `images` images.
typedef struct {
    const float *input;
    long input_plane; // pixels
    float *output;
    long output_plane;        // pixels
    const ck_region *regions; // what of each image's output is computed
    long images;
    long blocks; // of 16 channels
    ck_activation activation;
} ck_maps;

/// Numbers that the packed weights of `ck_convolve_window` hold; `inputs` and `outputs` are multiples of 16.
long ck_window_packed_count(const ck_window *window, long inputs, long outputs);

/// Packs `weights` [outputs][inputs][kernel][kernel].
void ck_pack_window(ck_instructions instructions, const ck_window *window, long inputs, long outputs,
    const float *weights, float *packed);

typedef struct {
    const float *packed, *bias; // bias [outputs]
    const float *addend;        // blocked like the output, or NULL
    long addend_plane;
    long inputs, outputs;
    long channels;  // of the inputs, a multiple of 4: the weights of the others are 0
    float *scratch; // `ck_window_scratch_count` numbers
} ck_filter;

long ck_window_scratch_count(void);

/// output ← activation(convolution + bias (+ addend)); `maps->blocks` does not matter.
void ck_convolve_window(
    ck_instructions instructions, const ck_window *window, const ck_maps *maps, const ck_filter *filter);

/// A convolution of each channel by itself: weights [blocks][taps][16], bias [blocks][16].
void ck_depthwise(ck_instructions instructions, const ck_window *window, const ck_maps *maps, const float *weights,
    const float *bias);

/// The largest number of each window, or its mean; what lies outside the map takes no part but in the number that a
/// mean is over: `counts` [out height][out width], or NULL for as many as there are.
void ck_pool(
    ck_instructions instructions, const ck_window *window, const ck_maps *maps, int is_max, const float *counts);

typedef enum { ck_alone, ck_added, ck_multiplied } ck_joint;

/// output ← activation(scale · x + shift, or x where scale is NULL, joined with `other`).
typedef struct {
    const float *scale, *shift; // [blocks][16]
    ck_joint joint;
    const float *other;
    long other_plane;
    int other_is_one; // its maps have one pixel an image, which goes with all of the input's
    int height, width;
} ck_combination;

void ck_combine(ck_instructions instructions, const ck_maps *maps, const ck_combination *combination);

/// (x − mean) / √(variance + ε) · weight + bias over the `channels` channels of each pixel; weight and bias
/// [blocks][16].
void ck_channel_norm(ck_instructions instructions, const ck_maps *maps, long height, long width, long channels,
    double epsilon, const float *weight, const float *bias);

/// The mean over all `pixels` pixels of each image; the output has one pixel an image.
void ck_global_mean(ck_instructions instructions, const ck_maps *maps, long pixels);

/// [channels][pixels] to blocked; the last block's other channels become 0.
void ck_block(long channels, long pixels, const float *input, float *output, long output_plane);

/// [pixels][channels] to blocked and back.
void ck_block_rows(long channels, long pixels, const float *input, float *output, long output_plane);
void ck_unblock_rows(long channels, long pixels, const float *input, long input_plane, float *output);

/// Channels `from..<from + count` of blocked maps to channels from `to` on of others, `pixels` pixels; the others' rest
/// stays as it is.
void ck_move_channels(long count, long pixels, const float *input, long input_plane, long from, float *output,
    long output_plane, long to);

/// An image's squares of `kernel` × `kernel` pixels as channels (plane, row, column): [planes][height][width] to
/// blocked maps of height / kernel × width / kernel.
void ck_squares(int planes, int height, int width, int kernel, const float *input, float *output, long output_plane);

/// `count` numbers in place.
void ck_activate(ck_instructions instructions, float *numbers, long count, ck_activation activation);

/// Softmax of each of `rows` rows of `columns` numbers, in place.
void ck_softmax(ck_instructions instructions, float *numbers, long rows, long columns);

/// One head of one image's attention over blocked maps: output ← softmax((query · query_factor) · (key · key_factor)ᵀ)
/// · value, each product a chain of multiply-adds over its terms in their order.
typedef struct {
    const float *query, *key, *value; // a pixel a query, key and value
    long query_plane, key_plane, value_plane;
    float *output;
    long output_plane;
    long queries, keys;
    long depth; // channels of the head, a multiple of 16
    float query_factor, key_factor;
    float *scratch; // `ck_attention_scratch` numbers
} ck_attention;

long ck_attention_scratch(long queries, long keys, long depth);
void ck_attend(ck_instructions instructions, const ck_attention *head);

#ifdef __cplusplus
}
#endif
