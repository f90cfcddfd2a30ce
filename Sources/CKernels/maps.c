// Maps and regions of them.
#include <math.h>
#include <string.h>

#include "kernels.h"

#if defined(__x86_64__) && defined(__linux__)
__attribute__((target_clones("fma", "default")))  // without it every fma is a call
#endif
void ck_mix(long count, const float *restrict low, float low_weight, const float *restrict high, float high_weight, float *restrict out) {
    for (long i = 0; i < count; i++) out[i] = fmaf(low[i], low_weight, high[i] * high_weight);
}

void ck_unblock(long channels, long pixels, const float *input, long input_plane, float *output) {
    for (long channel = 0; channel < channels; channel++) {
        const float *source = input + channel / block * input_plane * block + channel % block;
        for (long pixel = 0; pixel < pixels; pixel++) output[channel * pixels + pixel] = source[pixel * block];
    }
}

ck_region ck_nonzero(long planes, int height, int width, const float *image) {
    ck_region region = {height, width, 0, 0};
    for (long plane = 0; plane < planes; plane++)
        for (int y = 0; y < height; y++) {
            const float *row = image + (plane * height + y) * width;
            unsigned any = 0;
            for (int x = 0; x < width; x++) {
                unsigned bits;
                memcpy(&bits, row + x, sizeof bits);
                any |= bits;
            }
            if (!any) continue;
            const float zero = 0;
            int left = 0, right = width;
            while (!memcmp(row + left, &zero, sizeof zero)) left++;
            while (!memcmp(row + right - 1, &zero, sizeof zero)) right--;
            if (y < region.top) region.top = y;
            if (y >= region.bottom) region.bottom = y + 1;
            if (left < region.left) region.left = left;
            if (right > region.right) region.right = right;
        }
    return region.bottom > region.top ? region : (ck_region){0, 0, 0, 0};
}

void ck_extend(long channels, int width, const ck_region *valid, const ck_region *needed, const float *source,
    long source_plane, float *target, long target_plane) {
    for (long blocks = 0; blocks < channels / block; blocks++)
        for (int y = needed->top; y < needed->bottom; y++) {
            const float *from = source + (blocks * source_plane + (long)y * width) * block;
            float *to = target + (blocks * target_plane + (long)y * width) * block;
            const int inside = y >= valid->top && y < valid->bottom;
            const int left = inside ? valid->left : needed->right, right = inside ? valid->right : needed->right;
            memcpy(to + (long)needed->left * block, from + (long)needed->left * block,
                sizeof(float) * block * (left - needed->left));
            memcpy(
                to + (long)right * block, from + (long)right * block, sizeof(float) * block * (needed->right - right));
        }
}

ck_run ck_next_run(const ck_convolution *shape, long images, const ck_call *call, ck_walk *walk, long most) {
    const int width = ck_out_width(shape), height = ck_out_height(shape);
    ck_run run = {0, 0};
    while (walk->image < images && run.count < most) {
        const ck_region *region = &call->regions[walk->image];
        if (!walk->started) {
            walk->started = 1;
            walk->y = region->top;
            walk->x = region->left;
        }
        if (walk->y >= region->bottom || region->left >= region->right) {
            walk->image++;
            walk->started = 0;
            continue;
        }
        const long image = call->one_image ? 0 : walk->image, pixel = (image * height + walk->y) * width + walk->x;
        if (run.count == 0) run.first = pixel;
        else if (run.first + run.count != pixel) break;
        const int count = (int)ck_least(region->right - walk->x, most - run.count);
        run.count += count;
        walk->x += count;
        if (walk->x == region->right) {
            walk->x = region->left;
            walk->y++;
        }
    }
    return run;
}
