// Shapes, packing and the choice of the instruction set.
#include "kernels.h"

int ck_out_height(const ck_convolution *shape) {
    return (shape->height + 2 * shape->padding - shape->kernel) / shape->stride + 1;
}

int ck_out_width(const ck_convolution *shape) {
    return (shape->width + 2 * shape->padding - shape->kernel) / shape->stride + 1;
}

int ck_points(const ck_convolution *shape) { return shape->stride == 2 ? 9 : shape->kernel + 3; }

int ck_supported(ck_instructions instructions) {
    switch (instructions) {
        case ck_portable: return 1;
#if defined(__x86_64__)
        case ck_avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        case ck_avx512:
            return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && ck_supported(ck_avx2);
#endif
        default: return 0;
    }
}

const ck_kernels *ck_kernels_of(ck_instructions instructions) {
    switch (instructions) {
#if defined(__x86_64__)
        case ck_avx2: return &avx2_kernels;
        case ck_avx512: return &avx512_kernels;
#endif
        default: return &portable_kernels;
    }
}

void ck_convolve(ck_instructions instructions, const ck_convolution *shape, ck_algorithm algorithm, long images,
    const ck_call *call) {
    ck_kernels_of(instructions)->convolve[algorithm](shape, images, call);
}

void ck_max_pool(ck_instructions instructions, const ck_convolution *shape, long images, const ck_call *call) {
    ck_kernels_of(instructions)->max_pool(shape, images, call);
}

long ck_plane(long pixels) {
    // 64 pixels of a block fill 4096 bytes, the distance at which first-level caches collide.
    while (pixels % 64 < 16 || pixels % 64 > 48) pixels++;
    return pixels;
}

long ck_packed_count(const ck_convolution *shape, ck_algorithm algorithm) {
    long taps = algorithm == ck_winograd ? ck_points(shape) * ck_points(shape) : (long)shape->kernel * shape->kernel;
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
            long tiles = images * ck_ceiling(ck_out_height(shape), 4) * ck_ceiling(ck_out_width(shape), 4);
            long points = ck_points(shape) * ck_points(shape), outputs = ck_least(winograd_outputs, shape->outputs);
            return points * (ck_least(tiles, winograd_points / points) * (shape->inputs + outputs) + 2 * block);
        }
    }
    return 0;
}

typedef struct {
    double rows[9][5];
} weight_transform;

/// Rows for `finite` points and ∞, `step` rows apart: a point p gives (1, p, p², …) over the product of p's distances
/// from the other points, ∞ the last of `taps` weights; the weights are `step` apart too.
static void interpolate(weight_transform *transform, const double *values, int finite, int taps, int step) {
    for (int index = 0; index < finite; index++) {
        double power = 1;
        for (int other = 0; other < finite; other++)
            if (other != index) power /= values[index] - values[other];
        for (int tap = 0; tap < taps; tap++, power *= values[index]) transform->rows[index * step][tap * step] = power;
    }
    transform->rows[finite * step][(taps - 1) * step] = 1;
}

/// G.
static weight_transform transform_of(int points) {
    const double of_6[] = {0, winograd_6a, -winograd_6a, winograd_6b, -winograd_6b};
    const double of_8[] = {0, winograd_8a, -winograd_8a, winograd_8b, -winograd_8b, winograd_8c, -winograd_8c};
    const double of_9[] = {winograd_9a, -winograd_9a, winograd_9b, -winograd_9b};
    weight_transform transform = {0};
    switch (points) {
        case 6: interpolate(&transform, of_6, 5, 3, 1); break;
        case 8: interpolate(&transform, of_8, 7, 5, 1); break;
        default:
            interpolate(&transform, of_9, 4, 2, 2);
            for (int output = 0; output < 4; output++) transform.rows[2 * output + 1][1] = 1;
    }
    return transform;
}

/// U = G g Gᵀ in double, rounded once, of `width` kernels at a time, number by number: [taps][taps][width] →
/// [points][points][width], a point every `step` floats.
static void transform_weights(const weight_transform *transform, int points, int taps,
    const double (*weights)[largest_tile], long width, float *transformed, long step) {
    for (int i = 0; i < points; i++) {
        double left[5 * 5][largest_tile];
        for (int tap = 0; tap < taps * taps; tap++)
            for (long k = 0; k < width; k++) left[tap][k] = transform->rows[i][tap / taps] * weights[tap][k];
        for (int j = 0; j < points; j++) {
            double sums[largest_tile] = {0};
            for (int tap = 0; tap < taps * taps; tap++)
                for (long k = 0; k < width; k++) sums[k] += left[tap][k] * transform->rows[j][tap % taps];
            for (long k = 0; k < width; k++) transformed[(points * i + j) * step + k] = (float)sums[k];
        }
    }
}

void ck_pack(ck_instructions instructions, const ck_convolution *shape, ck_algorithm algorithm, const float *weights,
    float *packed) {
    const long tile = ck_kernels_of(instructions)->tile_channels, inputs = shape->inputs;
    const long kernel_taps = (long)shape->kernel * shape->kernel;
    const int points = ck_points(shape);
    const weight_transform transform = algorithm == ck_winograd ? transform_of(points) : (weight_transform){0};
    const long taps = algorithm == ck_winograd ? points * points : kernel_taps;
    // The outputs of a group share a tap: [outputs / group][taps][group / tile][inputs][tile], but [outputs /
    // tile][inputs][taps][tile] for the image.
    const long group = algorithm == ck_winograd ? winograd_outputs : tile;
    for (long output = 0; output < shape->outputs; output += tile) {
        const long first = output / group * group, tap_rows = ck_least(group, shape->outputs - first) / tile * inputs;
        float *column = packed + (first * taps + output - first) * inputs;
        for (long input = 0; input < inputs; input++) {
            const float *source = weights + (output * inputs + input) * kernel_taps;
            float *row = column + (algorithm == ck_image ? input * taps : input) * tile;
            const long step = (algorithm == ck_image ? 1 : tap_rows) * tile;
            if (algorithm == ck_winograd) {
                double kernels[5 * 5][largest_tile];
                for (long k = 0; k < tile; k++)
                    for (long tap = 0; tap < kernel_taps; tap++)
                        kernels[tap][k] = source[k * inputs * kernel_taps + tap];
                transform_weights(&transform, points, shape->kernel, kernels, tile, row, step);
            } else {
                for (long tap = 0; tap < taps; tap++)
                    for (long k = 0; k < tile; k++) row[tap * step + k] = source[k * inputs * kernel_taps + tap];
            }
        }
    }
}
