// Convolution kernels whose bits depend on the numbers alone.
//
// Every output element is one fixed sequence of fused multiply-adds: its terms in a fixed order, one
// accumulator. Vectors run over output channels only. So the tile sizes, the instruction set, the
// number of images and what runs beside it change no bit.
//
// Layout "blocked": [channels / 16][plane][16]; pixel (image, y, x) is at (image · height + y) · width + x of its
// plane, and a plane is at least images · height · width pixels long (`ck_plane`).
#pragma once

#include "CInstructions.h"
#include "CMaps.h"
#include "CProduct.h"
#include "CTraining.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A square 2-d convolution and the shape of what it is applied to.
typedef struct {
    int inputs, outputs; // channels
    int kernel, stride, padding;
    int height, width; // of the input
} ck_convolution;

int ck_out_height(const ck_convolution *shape);
int ck_out_width(const ck_convolution *shape);

/// How a convolution is computed.
typedef enum {
    ck_image,   // one image (all regions are of it), its `inputs` planes as they are, [inputs][height][width]; outputs
                // blocked; no addend
    ck_direct,  // any kernel and stride; inputs a multiple of 16
    ck_winograd // kernel 3 or 5, or 3 with stride 2, padding kernel / 2: F(4×4, kernel), Lavin & Gray 2016; inputs a
                // multiple of 16
} ck_algorithm;

/// Products a dimension for 4 outputs of `ck_winograd`: 4 and the taps, less one; with stride 2, those of two taps and
/// of one.
int ck_points(const ck_convolution *shape);

/// Numbers that the packed weights hold; `outputs` must be a multiple of 32.
long ck_packed_count(const ck_convolution *shape, ck_algorithm algorithm);

/// Packs `weights` [outputs][inputs][kernel][kernel] for the algorithm and the instruction set.
void ck_pack(ck_instructions instructions, const ck_convolution *shape, ck_algorithm algorithm, const float *weights,
    float *packed);

/// Numbers of scratch space that `ck_convolve` needs for so many images.
long ck_scratch_count(const ck_convolution *shape, ck_algorithm algorithm, long images);

/// One call over `images` images.
typedef struct {
    const float *input;
    long input_plane; // pixels
    float *output;
    long output_plane;        // pixels
    const ck_region *regions; // what of each image's output is computed; the rest of `output` stays as it is
    int one_image;            // all regions, `images` of them, are of one image; they have no pixel in common
    const float *packed;      // by `ck_pack` for the same instruction set
    const float *bias;        // [outputs]
    const float *addend;      // blocked like the output and added to it, or NULL; may be `output` itself
    long addend_plane;        // pixels
    int relu;                 // negative outputs become 0
    float *scratch;           // `ck_scratch_count` numbers
} ck_call;

/// Winograd's regions start at multiples of 4, and end there or with the map.
void ck_convolve(ck_instructions instructions, const ck_convolution *shape, ck_algorithm algorithm, long images,
    const ck_call *call);

/// Blocked max pooling; what lies outside takes no part. `shape` has equal inputs and outputs; `call` needs neither
/// weights nor scratch space.
void ck_max_pool(ck_instructions instructions, const ck_convolution *shape, long images, const ck_call *call);

/// The smallest region outside of which all `planes` planes of `image` are +0.
ck_region ck_nonzero(long planes, int height, int width, const float *image);

/// Copies what `needed` has beyond `valid`, which lies inside of it, from one image's blocked maps to another's of that
/// width.
void ck_extend(long channels, int width, const ck_region *valid, const ck_region *needed, const float *source,
    long source_plane, float *target, long target_plane);

/// out ← fma(low, low_weight, high · high_weight), number by number.
void ck_mix(long count, const float *low, float low_weight, const float *high, float high_weight, float *out);

/// Pixels that a blocked plane should be long, so that neighbouring channels do not share cache sets.
long ck_plane(long pixels);

/// Blocked to [channels][pixels].
void ck_unblock(long channels, long pixels, const float *input, long input_plane, float *output);

/// The plain reference in double, [inputs][height][width] to [outputs][out_height][out_width].
void ck_reference(
    const ck_convolution *shape, const float *input, const float *weights, const float *bias, double *output);

#ifdef __cplusplus
}
#endif
