// The plain reference that the fast kernels are compared with.
#include "CKernels.h"

/// to[x] += weight · from[x · stride]; without fused multiply-adds, whose bits would be others.
#if defined(__x86_64__) && defined(__linux__)
__attribute__((target_clones("avx2", "default")))
#endif
static void
add_row(double *restrict to, const float *restrict from, double weight, long count, long stride) {
    if (stride == 1)
        for (long x = 0; x < count; x++) to[x] += weight * from[x];
    else
        for (long x = 0; x < count; x++) to[x] += weight * from[x * stride];
}

void ck_reference(
    const ck_convolution *shape, const float *input, const float *weights, const float *bias, double *output) {
    const int out_height = ck_out_height(shape), out_width = ck_out_width(shape), kernel = shape->kernel;
    const int stride = shape->stride;
    for (long o = 0; o < shape->outputs; o++) {
        double *plane = output + o * out_height * out_width;
        for (long p = 0; p < (long)out_height * out_width; p++) plane[p] = bias[o];
        for (long i = 0; i < shape->inputs; i++)
            for (int ky = 0; ky < kernel; ky++)
                for (int kx = 0; kx < kernel; kx++) {
                    const double weight = weights[((o * shape->inputs + i) * kernel + ky) * kernel + kx];
                    // The outputs whose tap lies in the map.
                    const int shift = kx - shape->padding, first = shift < 0 ? (stride - 1 - shift) / stride : 0;
                    const int last = shape->width - 1 - shift < 0 ? -1 : (shape->width - 1 - shift) / stride;
                    const int end = last < out_width - 1 ? last + 1 : out_width;
                    for (int y = 0; y < out_height && first < end; y++) {
                        const int source_y = y * stride + ky - shape->padding;
                        if (source_y < 0 || source_y >= shape->height) continue;
                        const float *row = input + (i * shape->height + source_y) * shape->width;
                        add_row(
                            plane + y * out_width + first, row + first * stride + shift, weight, end - first, stride);
                    }
                }
    }
}
