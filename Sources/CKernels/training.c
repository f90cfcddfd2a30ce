// Element-wise arithmetic of training. Nothing is fused or reordered, so every instruction set gives the same bits.
#include "CTraining.h"

#include <stddef.h>

#include "kernels.h"

#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

#pragma STDC FP_CONTRACT OFF

/// Some columns of a matrix are too short and too far apart for the processor to see which comes next.
static inline __attribute__((always_inline)) void fetch_ahead(const void *row, size_t columns, size_t stride) {
    for (size_t byte = 0; byte < columns; byte += 64) __builtin_prefetch((const char *)row + 8 * stride + byte);
}
#define FETCH_AHEAD(row) fetch_ahead(row, sizeof *(row) * columns, sizeof *(row) * stride)

CLONES void ct_column_sums(
    long rows, long columns, long stride, const float *x, double *restrict sums, double *restrict squares) {
    for (long j = 0; j < columns; j++) sums[j] = squares[j] = 0;
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        FETCH_AHEAD(values);
        for (long j = 0; j < columns; j++) {
            const double value = values[j];
            sums[j] += value;
            squares[j] += value * value;
        }
    }
}

CLONES void ct_normalise(long rows, long columns, long stride, const float *x, const float *restrict mean,
    const float *restrict scale, const float *restrict bias, const unsigned char *kept, float kept_scale, float *out) {
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        FETCH_AHEAD(values);
        float *restrict result = out + row * stride;
        FETCH_AHEAD(result);
        if (kept) {
            const unsigned char *restrict keep = kept + row * stride;
            FETCH_AHEAD(keep);
            for (long j = 0; j < columns; j++)
                result[j] = ((values[j] - mean[j]) * scale[j] + bias[j]) * (keep[j] * kept_scale);
        } else {
            for (long j = 0; j < columns; j++) result[j] = (values[j] - mean[j]) * scale[j] + bias[j];
        }
    }
}

CLONES void ct_parameter_gradients(long rows, long columns, long stride, const float *x, const float *restrict mean,
    const float *restrict inverse, const unsigned char *kept, float kept_scale, float *gradient, double *restrict sums,
    double *restrict products) {
    for (long j = 0; j < columns; j++) sums[j] = products[j] = 0;
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        FETCH_AHEAD(values);
        float *restrict slope = gradient + row * stride;
        FETCH_AHEAD(slope);
        if (kept) {
            const unsigned char *restrict keep = kept + row * stride;
            FETCH_AHEAD(keep);
            for (long j = 0; j < columns; j++) slope[j] *= keep[j] * kept_scale;
        }
        for (long j = 0; j < columns; j++) {
            sums[j] += slope[j];
            products[j] += slope[j] * ((values[j] - mean[j]) * inverse[j]);
        }
    }
}

CLONES void ct_input_gradient(long rows, long columns, long stride, const float *x, const float *restrict mean,
    const float *restrict inverse, const float *restrict weight, float share, const float *restrict bias_gradient,
    const float *restrict weight_gradient, float *gradient) {
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        FETCH_AHEAD(values);
        float *restrict slope = gradient + row * stride;
        FETCH_AHEAD(slope);
        for (long j = 0; j < columns; j++) {
            const float normalised = (values[j] - mean[j]) * inverse[j];
            const float inner = slope[j] - share * (bias_gradient[j] + normalised * weight_gradient[j]);
            const float result = inner * (inverse[j] * weight[j]);
            slope[j] = values[j] > 0 ? result : 0;
        }
    }
}

CLONES void ct_keep_normalised(long rows, long columns, long stride, const float *x, const float *restrict mean,
    const float *restrict inverse, const unsigned char *kept, float kept_scale, float *normalised, float *dropped) {
    for (long row = 0; row < rows; row++) {
        const float *restrict values = x + row * stride;
        FETCH_AHEAD(values);
        float *restrict result = normalised + row * stride;
        FETCH_AHEAD(result);
        if (kept) {
            const unsigned char *restrict keep = kept + row * stride;
            float *restrict drop = dropped + row * stride;
            FETCH_AHEAD(keep);
            FETCH_AHEAD(drop);
            for (long j = 0; j < columns; j++) {
                result[j] = (values[j] - mean[j]) * inverse[j] * (keep[j] * kept_scale);
                drop[j] = 1 - keep[j];
            }
        } else {
            for (long j = 0; j < columns; j++) result[j] = (values[j] - mean[j]) * inverse[j];
        }
    }
}

enum { folded_columns = 64, folded_outputs = 64 };

/// `ct_folded_gradients` for at most `folded_columns` columns, which adds to the two sums.
CLONES static void fold(long outputs, long columns, long stride, const float *weight, const float *restrict scale,
    const float *restrict shift, const float *output_sums, const float *dropped_sums, float kept_scale, float *gradient,
    double *restrict scale_gradient, double *restrict shift_gradient) {
    float dropped[folded_outputs * folded_columns] = {0};
    for (long first = 0; first < outputs; first += folded_outputs) {
        const long end = ck_least(first + folded_outputs, outputs);
        if (dropped_sums)
            ck_pack_lines(dropped_sums + first, outputs, 1, columns, end - first, dropped, folded_columns);
        for (long output = first; output < end; output++) {
            const float *restrict w = weight + output * stride, *restrict drop =
                                                                    dropped + (output - first) * folded_columns;
            float *restrict slope = gradient + output * stride;
            const float sum = output_sums[output];
            FETCH_AHEAD(w);
            FETCH_AHEAD(slope);
            for (long j = 0; j < columns; j++) {
                const float kept = kept_scale * (sum - drop[j]);
                scale_gradient[j] += w[j] * slope[j];
                shift_gradient[j] += w[j] * kept;
                slope[j] = scale[j] * slope[j] + shift[j] * kept;
            }
        }
    }
}

void ct_folded_gradients(long outputs, long columns, long stride, const float *weight, const float *scale,
    const float *shift, const float *output_sums, const float *dropped_sums, float kept_scale, float *gradient,
    double *scale_gradient, double *shift_gradient) {
    for (long j = 0; j < columns; j++) scale_gradient[j] = shift_gradient[j] = 0;
    for (long j = 0; j < columns; j += folded_columns)
        fold(outputs, ck_least(folded_columns, columns - j), stride, weight + j, scale + j, shift + j, output_sums,
            dropped_sums ? dropped_sums + j * outputs : NULL, kept_scale, gradient + j, scale_gradient + j,
            shift_gradient + j);
}

CLONES void ct_keep(
    long count, const unsigned short *restrict random, unsigned threshold, unsigned char *restrict kept) {
    for (long i = 0; i < count; i++) kept[i] = random[i] >= threshold;
}

CLONES void ct_adam(long count, float rate, float correction, float *restrict parameters,
    const float *restrict gradients, float *restrict mean, float *restrict square) {
    for (long i = 0; i < count; i++) {
        const float g = gradients[i];
        const float m = mean[i] + (g - mean[i]) * 0.1f;
        const float v = square[i] * 0.999f + g * g * 0.001f;
        mean[i] = m;
        square[i] = v;
        // sqrtf may set errno, so its loop would stay without vectors.
        parameters[i] -= rate * (m / (__builtin_elementwise_sqrt(v) * correction + 1e-8f));
    }
}
