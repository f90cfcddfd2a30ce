// The plain reference that the fast kernels are compared with.
#include "CKernels.h"

void ck_reference(
    const ck_convolution *shape, const float *input, const float *weights, const float *bias, double *output) {
    const int out_height = ck_out_height(shape), out_width = ck_out_width(shape), kernel = shape->kernel;
    for (long o = 0; o < shape->outputs; o++) {
        double *plane = output + o * out_height * out_width;
        for (long p = 0; p < (long)out_height * out_width; p++) plane[p] = bias[o];
        for (long i = 0; i < shape->inputs; i++)
            for (int ky = 0; ky < kernel; ky++)
                for (int kx = 0; kx < kernel; kx++) {
                    const double weight = weights[((o * shape->inputs + i) * kernel + ky) * kernel + kx];
                    for (int y = 0; y < out_height; y++) {
                        const int source_y = y * shape->stride + ky - shape->padding;
                        if (source_y < 0 || source_y >= shape->height) continue;
                        const float *row = input + (i * shape->height + source_y) * shape->width;
                        for (int x = 0; x < out_width; x++) {
                            const int source_x = x * shape->stride + kx - shape->padding;
                            if (source_x >= 0 && source_x < shape->width)
                                plane[y * out_width + x] += weight * row[source_x];
                        }
                    }
                }
    }
}
