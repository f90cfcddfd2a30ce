// Prints a digest of what each kernel makes of numbers that never change: the same lines on every processor.
#include <stdio.h>
#include <stdlib.h>

#include "CKernels.h"

static unsigned state = 1;

static float draw(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (1 << 23) - 1;
}

static float *numbers(long count) {
    float *all = aligned_alloc(64, (count * sizeof(float) + 127) / 64 * 64);
    for (long i = 0; i < count; i++) all[i] = draw();
    return all;
}

static void print(const char *name, int a, int b, int c, int d, const float *values, long count) {
    unsigned long digest = 1469598103934665603u;
    for (const unsigned char *byte = (const unsigned char *)values; byte < (const unsigned char *)(values + count);
        byte++)
        digest = (digest ^ *byte) * 1099511628211u;
    printf("%s %d %d %d %d %016lx\n", name, a, b, c, d, digest);
}

static void convolve(ck_instructions set, ck_algorithm algorithm, int inputs, int kernel, int stride, int side) {
    const int outputs = 64, images = algorithm == ck_image ? 1 : 2;
    const ck_convolution shape = {inputs, outputs, kernel, stride, kernel / 2, side, side};
    const int out = ck_out_height(&shape);
    const long plane = algorithm == ck_image ? side * side : ck_plane((long)images * side * side),
               out_plane = ck_plane((long)images * out * out);
    float *input = numbers(inputs * plane), *weights = numbers((long)outputs * inputs * kernel * kernel),
          *bias = numbers(outputs), *output = numbers(outputs * out_plane),
          *packed = numbers(ck_packed_count(&shape, algorithm)),
          *scratch = numbers(ck_scratch_count(&shape, algorithm, images));
    ck_pack(set, &shape, algorithm, weights, packed);
    const ck_region whole[2] = {{0, 0, out, out}, {0, 0, out, out}};
    const ck_call call = {input, plane, output, out_plane, whole, 0, packed, bias, NULL, 0, 1, scratch};
    ck_convolve(set, &shape, algorithm, images, &call);
    print("convolution", algorithm, inputs, kernel * 10 + stride, side, output, outputs * out_plane);
    float *all[] = {input, weights, bias, output, packed, scratch};
    for (int i = 0; i < 6; i++) free(all[i]);
}

static void slide(ck_instructions set, int kernel, int stride, int side, ck_function function) {
    const int out = (side + kernel / 2 * 2 - kernel) / stride + 1, blocks = 2;
    const ck_window window = {
        {kernel, kernel}, {stride, stride}, {1, 1}, {kernel / 2, kernel / 2}, {side, side}, {out, out}};
    float *input = numbers(16 * blocks * side * side), *output = numbers(16 * blocks * out * out),
          *weights = numbers(16 * blocks * kernel * kernel), *bias = numbers(16 * blocks);
    const ck_region whole = {0, 0, out, out};
    const ck_maps maps = {input, side * side, output, out * out, &whole, 1, blocks, {function, 0.25f, 1}};
    ck_depthwise(set, &window, &maps, weights, bias);
    print("depthwise", function, kernel, stride, side, output, 16 * blocks * out * out);
    for (int is_max = 0; is_max < 2; is_max++) {
        ck_pool(set, &window, &maps, is_max, NULL);
        print(is_max ? "largest" : "mean", function, kernel, stride, side, output, 16 * blocks * out * out);
    }
    float *all[] = {input, output, weights, bias};
    for (int i = 0; i < 4; i++) free(all[i]);
}

static void multiply(ck_instructions set, int rows, int columns, int terms) {
    float *a = numbers((long)rows * terms), *b = numbers((long)terms * columns), *c = numbers((long)rows * columns);
    ck_product product = {.rows = rows,
        .columns = columns,
        .terms = terms,
        .a = {a, terms, 1},
        .b = {b, columns, 1},
        .c = c,
        .c_row = columns};
    product.scratch = numbers(ck_product_scratch(&product));
    ck_multiply(set, &product);
    print("product", rows, columns, terms, 0, c, (long)rows * columns);
    free(product.scratch);
    for (long i = 0; i < (long)rows * terms; i += 2) a[i] = 0;
    product.scratch = numbers(ck_sparse_scratch(&product));
    ck_multiply_sparse(set, &product);
    print("sparse", rows, columns, terms, 0, c, (long)rows * columns);
    float *all[] = {a, b, c, product.scratch};
    for (int i = 0; i < 4; i++) free(all[i]);
}

int main(void) {
    const ck_instructions set = ck_supported(ck_avx512) ? ck_avx512 : ck_supported(ck_avx2) ? ck_avx2 : ck_portable;
    for (int side = 7; side < 30; side += 11) {
        convolve(set, ck_image, 3, 7, 2, side);
        for (int kernel = 1; kernel < 6; kernel += 2) convolve(set, ck_direct, 32, kernel, 2, side);
        convolve(set, ck_winograd, 32, 3, 1, side);
        convolve(set, ck_winograd, 32, 5, 1, side);
        convolve(set, ck_winograd, 16, 3, 2, side);
        for (int kernel = 1; kernel < 8; kernel += 2)
            for (int stride = 1; stride < 3; stride++)
                for (ck_function function = ck_identity; function <= ck_exponential; function++)
                    slide(set, kernel, stride, side, function);
    }
    multiply(set, 33, 47, 129);
    multiply(set, 7, 1030, 700);
    multiply(set, 520, 24, 30);
    return 0;
}
