// Shapes, packing and the choice of the instruction set.
#include "kernels.h"

int ck_out_height(const ck_convolution *shape) {
    return (shape->height + 2 * shape->padding - shape->kernel) / shape->stride + 1;
}

int ck_out_width(const ck_convolution *shape) {
    return (shape->width + 2 * shape->padding - shape->kernel) / shape->stride + 1;
}

int ck_supported(ck_instructions instructions) {
    switch (instructions) {
        case ck_portable: return 1;
#if defined(__x86_64__)
        case ck_avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        case ck_avx512:
            return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                && __builtin_cpu_supports("avx512bw") && ck_supported(ck_avx2);
#endif
        default: return 0;
    }
}

static const ck_kernels *kernels(ck_instructions instructions) {
    switch (instructions) {
#if defined(__x86_64__)
        case ck_avx2: return &avx2_kernels;
        case ck_avx512: return &avx512_kernels;
#endif
        default: return &portable_kernels;
    }
}

void ck_convolve(
    ck_instructions instructions, const ck_convolution *shape, ck_algorithm algorithm, long images, const ck_call *call
) {
    kernels(instructions)->convolve[algorithm](shape, images, call);
}

void ck_max_pool(
    ck_instructions instructions, const ck_convolution *shape, long images, const float *input, long input_plane, float *output,
    long output_plane
) {
    kernels(instructions)->max_pool(shape, images, input, input_plane, output, output_plane);
}

long ck_plane(long pixels) {
    // 64 pixels of a block fill 4096 bytes, the distance at which first-level caches collide.
    while (pixels % 64 < 16 || pixels % 64 > 48) pixels++;
    return pixels;
}

long ck_packed_count(const ck_convolution *shape, ck_algorithm algorithm) {
    long taps = algorithm == ck_winograd ? winograd_points : (long)shape->kernel * shape->kernel;
    return taps * shape->inputs * shape->outputs;
}

long ck_scratch_count(const ck_convolution *shape, ck_algorithm algorithm, long images) {
    switch (algorithm) {
        case ck_image: {
            ck_padded_image padded = ck_padded(shape);
            return shape->inputs * shape->stride * padded.rows * padded.columns;
        }
        case ck_direct: return (long)direct_pixels * direct_depth * block;
        case ck_winograd: {
            long tiles = images * ck_ceiling(shape->height, 4) * ck_ceiling(shape->width, 4);
            return winograd_points * ck_least(tiles, winograd_tiles) * (shape->inputs + largest_tile);
        }
    }
    return 0;
}

// G of F(4×4, 3×3): the transform of the weights. A row a point p: (1, p, p²) over the product of its distances from the others.
#define A2 (winograd_a * winograd_a)
#define B2 (winograd_b * winograd_b)
#define NEAR (2 * A2 * (A2 - B2))
#define FAR (2 * B2 * (B2 - A2))
static const double weight_transform[6][3] = {
    {1 / (A2 * B2), 0, 0},
    {1 / NEAR, winograd_a / NEAR, A2 / NEAR}, {1 / NEAR, -winograd_a / NEAR, A2 / NEAR},
    {1 / FAR, winograd_b / FAR, B2 / FAR}, {1 / FAR, -winograd_b / FAR, B2 / FAR},
    {0, 0, 1},
};

/// U = G g Gᵀ in double, rounded once.
static void transform_weights(const float *taps, float *points) {
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            double sum = 0;
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 3; x++) sum += weight_transform[i][y] * taps[3 * y + x] * weight_transform[j][x];
            points[6 * i + j] = (float)sum;
        }
}

void ck_pack(
    ck_instructions instructions, const ck_convolution *shape, ck_algorithm algorithm, const float *weights, float *packed
) {
    const long tile = kernels(instructions)->tile_channels, inputs = shape->inputs;
    const long kernel_taps = (long)shape->kernel * shape->kernel;
    const long taps = algorithm == ck_winograd ? winograd_points : kernel_taps;
    for (long output = 0; output < shape->outputs; output++) {
        // [outputs / tile][taps][inputs][tile], but [outputs / tile][inputs][taps][tile] for the image.
        float *column = packed + output / tile * tile * taps * inputs + output % tile;
        for (long input = 0; input < inputs; input++) {
            const float *source = weights + (output * inputs + input) * kernel_taps;
            float points[winograd_points];
            if (algorithm == ck_winograd) {
                transform_weights(source, points);
                source = points;
            }
            for (long tap = 0; tap < taps; tap++) {
                long row = algorithm == ck_image ? input * taps + tap : tap * inputs + input;
                column[row * tile] = source[tap];
            }
        }
    }
}

void ck_unblock(long channels, long pixels, const float *input, long input_plane, float *output) {
    for (long channel = 0; channel < channels; channel++) {
        const float *source = input + channel / block * input_plane * block + channel % block;
        for (long pixel = 0; pixel < pixels; pixel++) output[channel * pixels + pixel] = source[pixel * block];
    }
}
