#include "CImaging.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Pillow's bilinear and bicubic resampling (its src/libImaging/Resample.c, 8 bits a channel), restricted to a rectangle
// of the result: horizontal pass over the rows that the vertical pass needs, each rounded to 8 bits; fixed-point
// weights.
#pragma STDC FP_CONTRACT OFF

#define PRECISION_BITS 22

typedef struct {
    int taps;         // room for weights of an output pixel
    int *first;       // first source index of each output pixel
    int *count;       // number of source pixels
    int32_t *weights; // [outputs, taps]
} Axis;

static void axis_free(Axis *axis) {
    free(axis->first);
    free(axis->count);
    free(axis->weights);
}

static double bilinear(double distance) { return distance < 1.0 ? 1.0 - distance : 0.0; }

// Keys' cubic convolution with a = -1/2.
static double bicubic(double distance) {
    if (distance < 1.0) return ((-0.5 + 2.0) * distance - (-0.5 + 3.0)) * distance * distance + 1;
    if (distance < 2.0) return (((distance - 5) * distance + 8) * distance - 4) * -0.5;
    return 0.0;
}

// Weights of the outputs start ..< start + outputs of an axis of `size` outputs over source positions from ..< to.
static int axis_init(Axis *axis, int cubic, int source, float from, float to, int size, int start, int outputs) {
    double scale = (double)(to - from) / size;
    double stretch = scale < 1.0 ? 1.0 : scale;
    double support = (cubic ? 2.0 : 1.0) * stretch;
    axis->taps = (int)ceil(support) * 2 + 1;
    axis->first = malloc(sizeof(int) * (size_t)outputs);
    axis->count = malloc(sizeof(int) * (size_t)outputs);
    axis->weights = calloc((size_t)outputs * (size_t)axis->taps, sizeof(int32_t));
    double *w = malloc(sizeof(double) * (size_t)axis->taps);
    if (!axis->first || !axis->count || !axis->weights || !w) {
        free(w);
        axis_free(axis);
        return 1;
    }
    for (int i = 0; i < outputs; i++) {
        double center = from + (start + i + 0.5) * scale;
        int low = (int)(center - support + 0.5);
        if (low < 0) low = 0;
        int high = (int)(center + support + 0.5);
        if (high > source) high = source;
        double sum = 0;
        for (int k = 0; k < high - low; k++) {
            double distance = fabs((k + low - center + 0.5) * (1.0 / stretch));
            w[k] = cubic ? bicubic(distance) : bilinear(distance);
            sum += w[k];
        }
        for (int k = 0; k < high - low; k++) {
            if (sum != 0.0) w[k] /= sum;
            axis->weights[(size_t)i * (size_t)axis->taps + (size_t)k] =
                (int32_t)((w[k] < 0 ? -0.5 : 0.5) + w[k] * (1 << PRECISION_BITS));
        }
        axis->first[i] = low;
        axis->count[i] = high - low;
    }
    free(w);
    return 0;
}

static inline uint8_t rounded(int32_t sum) {
    int32_t value = sum >> PRECISION_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void horizontal_plain(const uint8_t *row, uint8_t *out, const Axis *axis, int columns) {
    for (int i = 0; i < columns; i++) {
        const uint8_t *pixel = row + (size_t)axis->first[i] * 3;
        const int32_t *w = axis->weights + (size_t)i * (size_t)axis->taps;
        int32_t r = 1 << (PRECISION_BITS - 1), g = r, b = r;
        for (int k = 0; k < axis->count[i]; k++, pixel += 3) {
            r += pixel[0] * w[k];
            g += pixel[1] * w[k];
            b += pixel[2] * w[k];
        }
        out[i * 3] = rounded(r);
        out[i * 3 + 1] = rounded(g);
        out[i * 3 + 2] = rounded(b);
    }
}

static void vertical_plain(const uint8_t *rows, size_t stride, uint8_t *out, const int32_t *w, int taps, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        int32_t sum = 1 << (PRECISION_BITS - 1);
        for (int k = 0; k < taps; k++) sum += rows[(size_t)k * stride + i] * w[k];
        out[i] = rounded(sum);
    }
}

// The same sums in a shape that compilers turn into vector instructions, once for AVX2 and once for any processor.
#if defined(__x86_64__)
#define VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define VECTORISED
#endif

// With more weights than these their rounding errors could add up to a step: the plain loops clip then.
#define MAX_TAPS 8192

typedef uint8_t Bytes4 __attribute__((vector_size(4)));
typedef int32_t Ints4 __attribute__((vector_size(16)));

// A pixel is loaded with the byte after it: the image's very last pixel must not be among those read.
VECTORISED
static void horizontal_vectorised(const uint8_t *row, uint8_t *out, const Axis *axis, int columns) {
    for (int i = 0; i < columns; i++) {
        const uint8_t *pixel = row + (size_t)axis->first[i] * 3;
        const int32_t *w = axis->weights + (size_t)i * (size_t)axis->taps;
        Ints4 sum = {1 << (PRECISION_BITS - 1), 1 << (PRECISION_BITS - 1), 1 << (PRECISION_BITS - 1), 0};
        for (int k = 0; k < axis->count[i]; k++, pixel += 3) {
            Bytes4 bytes;
            memcpy(&bytes, pixel, 4);
            sum += __builtin_convertvector(bytes, Ints4) * w[k];
        }
        // Weights are positive and add up to 1 but for their rounding, so that the sum stays in 0…255 (see MAX_TAPS).
        Bytes4 value = __builtin_convertvector(sum >> PRECISION_BITS, Bytes4);
        memcpy(out + (size_t)i * 3, &value, 3);
    }
}

#define BLOCK 32

VECTORISED
static void vertical_vectorised(
    const uint8_t *rows, size_t stride, uint8_t *out, const int32_t *w, int taps, size_t bytes) {
    size_t i = 0;
    for (; i + BLOCK <= bytes; i += BLOCK) {
        int32_t sum[BLOCK];
        for (int j = 0; j < BLOCK; j++) sum[j] = 1 << (PRECISION_BITS - 1);
        for (int k = 0; k < taps; k++) {
            const uint8_t *row = rows + (size_t)k * stride + i;
            int32_t weight = w[k];
            for (int j = 0; j < BLOCK; j++) sum[j] += row[j] * weight;
        }
        for (int j = 0; j < BLOCK; j++) out[i + (size_t)j] = (uint8_t)(sum[j] >> PRECISION_BITS);
    }
    if (i < bytes) vertical_plain(rows + i, stride, out + i, w, taps, bytes - i);
}

int cimaging_resample(const uint8_t *rgb, int width, int height, const float box[4], int out_width, int out_height,
    int x, int y, int columns, int rows, uint8_t *out, int cubic, int plain) {
    // A cubic's weights are negative in places: the plain loops clip.
    if (cubic) plain = 1;
    // Pillow leaves out a pass that would change nothing.
    int needs_horizontal = out_width != width || box[0] != 0 || box[2] != (float)out_width;
    int needs_vertical = out_height != height || box[1] != 0 || box[3] != (float)out_height;
    size_t stride = (size_t)width * 3, row_bytes = (size_t)columns * 3;

    Axis vertical = {0};
    int low = y, high = y + rows;
    if (needs_vertical) {
        if (axis_init(&vertical, cubic, height, box[1], box[3], out_height, y, rows)) return 1;
        low = vertical.first[0];
        high = vertical.first[rows - 1] + vertical.count[rows - 1];
    }
    if (vertical.taps > MAX_TAPS) plain = 1;
    uint8_t *between = malloc(row_bytes * (size_t)(high - low));
    Axis horizontal = {0};
    if (!between || (needs_horizontal && axis_init(&horizontal, cubic, width, box[0], box[2], out_width, x, columns))) {
        free(between);
        axis_free(&vertical);
        return 1;
    }
    if (horizontal.taps > MAX_TAPS) plain = 1;
    for (int r = low; r < high; r++) {
        uint8_t *into = between + (size_t)(r - low) * row_bytes;
        if (needs_horizontal)
            (plain || r == height - 1 ? horizontal_plain : horizontal_vectorised)(
                rgb + (size_t)r * stride, into, &horizontal, columns);
        else memcpy(into, rgb + (size_t)r * stride + (size_t)x * 3, row_bytes);
    }
    for (int r = 0; r < rows; r++) {
        if (needs_vertical)
            (plain ? vertical_plain : vertical_vectorised)(between + (size_t)(vertical.first[r] - low) * row_bytes,
                row_bytes, out + (size_t)r * row_bytes, vertical.weights + (size_t)r * (size_t)vertical.taps,
                vertical.count[r], row_bytes);
        else memcpy(out + (size_t)r * row_bytes, between + (size_t)r * row_bytes, row_bytes);
    }
    free(between);
    axis_free(&horizontal);
    axis_free(&vertical);
    return 0;
}
