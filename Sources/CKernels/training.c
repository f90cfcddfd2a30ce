// Element-wise arithmetic of training. Nothing is fused or reordered, so every instruction set gives the same bits.
#include "CTraining.h"

#include <math.h>
#include <stddef.h>

#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

#pragma STDC FP_CONTRACT OFF

CLONES void ct_column_sums(long rows, long columns, long stride, const float *x, double *restrict sums, double *restrict squares) {
    for (long j = 0; j < columns; j++) sums[j] = squares[j] = 0;
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        for (long j = 0; j < columns; j++) {
            const double value = values[j];
            sums[j] += value;
            squares[j] += value * value;
        }
    }
}

CLONES void ct_normalise(
    long rows, long columns, long stride, const float *x, const float *restrict mean, const float *restrict scale,
    const float *restrict bias, const unsigned char *kept, float kept_scale, float *out) {
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        float *restrict result = out + row * stride;
        for (long j = 0; j < columns; j++) result[j] = (values[j] - mean[j]) * scale[j] + bias[j];
        if (!kept) continue;
        const unsigned char *restrict keep = kept + row * stride;
        for (long j = 0; j < columns; j++) result[j] *= keep[j] * kept_scale;
    }
}

CLONES void ct_parameter_gradients(
    long rows, long columns, long stride, const float *x, const float *restrict mean, const float *restrict inverse,
    const unsigned char *kept, float kept_scale, float *gradient, double *restrict sums, double *restrict products) {
    for (long j = 0; j < columns; j++) sums[j] = products[j] = 0;
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        float *restrict slope = gradient + row * stride;
        if (kept) {
            const unsigned char *restrict keep = kept + row * stride;
            for (long j = 0; j < columns; j++) slope[j] *= keep[j] * kept_scale;
        }
        for (long j = 0; j < columns; j++) {
            sums[j] += slope[j];
            products[j] += slope[j] * ((values[j] - mean[j]) * inverse[j]);
        }
    }
}

CLONES void ct_input_gradient(
    long rows, long columns, long stride, const float *x, const float *restrict mean, const float *restrict inverse,
    const float *restrict weight, float share, const float *restrict bias_gradient, const float *restrict weight_gradient,
    float *gradient) {
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        float *restrict slope = gradient + row * stride;
        for (long j = 0; j < columns; j++) {
            const float normalised = (values[j] - mean[j]) * inverse[j];
            const float inner = slope[j] - share * (bias_gradient[j] + normalised * weight_gradient[j]);
            const float result = inner * (inverse[j] * weight[j]);
            slope[j] = values[j] > 0 ? result : 0;
        }
    }
}

CLONES void ct_keep(long count, const unsigned short *restrict random, unsigned threshold, unsigned char *restrict kept) {
    for (long i = 0; i < count; i++) kept[i] = random[i] >= threshold;
}

CLONES void ct_adam(
    long count, float rate, float correction, float *restrict parameters, const float *restrict gradients, float *restrict mean,
    float *restrict square) {
    for (long i = 0; i < count; i++) {
        const float g = gradients[i];
        const float m = mean[i] + (g - mean[i]) * 0.1f;
        const float v = square[i] * 0.999f + g * g * 0.001f;
        mean[i] = m;
        square[i] = v;
        parameters[i] -= rate * (m / (sqrtf(v) * correction + 1e-8f));
    }
}
