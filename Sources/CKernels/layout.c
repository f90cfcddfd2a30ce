// Maps from one layout to another.
#include <string.h>

#include "kernels.h"

void ck_block(long channels, long pixels, const float *input, float *output, long output_plane) {
    for (long first = 0; first < channels; first += block) {
        float *target = output + first / block * output_plane * block;
        const long count = ck_least(block, channels - first);
        if (count < block) memset(target, 0, sizeof(float) * pixels * block);
        for (long lane = 0; lane < count; lane++)
            for (long pixel = 0; pixel < pixels; pixel++)
                target[pixel * block + lane] = input[(first + lane) * pixels + pixel];
    }
}

// A whole block's length is known: it is moved without a call.
static void copy_rows(long count, long rows, const float *from, long from_row, float *to, long to_row) {
    if (count == block)
        for (long row = 0; row < rows; row++) memcpy(to + row * to_row, from + row * from_row, sizeof(float) * block);
    else
        for (long row = 0; row < rows; row++) memcpy(to + row * to_row, from + row * from_row, sizeof(float) * count);
}

void ck_block_rows(long channels, long pixels, const float *input, float *output, long output_plane) {
    for (long first = 0; first < channels; first += block) {
        float *target = output + first / block * output_plane * block;
        const long count = ck_least(block, channels - first);
        if (count < block) memset(target, 0, sizeof(float) * pixels * block);
        copy_rows(count, pixels, input + first, channels, target, block);
    }
}

void ck_unblock_rows(long channels, long pixels, const float *input, long input_plane, float *output) {
    for (long first = 0; first < channels; first += block) {
        const float *source = input + first / block * input_plane * block;
        const long count = ck_least(block, channels - first);
        copy_rows(count, pixels, source, block, output + first, channels);
    }
}

void ck_move_channels(long count, long pixels, const float *input, long input_plane, long from, float *output,
    long output_plane, long to) {
    while (count > 0) {
        // As many channels as lie in one block on both sides.
        const long size = ck_least(count, ck_least(block - from % block, block - to % block));
        const float *source = input + from / block * input_plane * block + from % block;
        float *target = output + to / block * output_plane * block + to % block;
        if (size == block) memcpy(target, source, sizeof(float) * pixels * block);
        else
            for (long pixel = 0; pixel < pixels; pixel++)
                for (long lane = 0; lane < size; lane++) target[pixel * block + lane] = source[pixel * block + lane];
        from += size;
        to += size;
        count -= size;
    }
}

void ck_squares(int planes, int height, int width, int kernel, const float *input, float *output, long output_plane) {
    const int rows = height / kernel, columns = width / kernel;
    long channel = 0;
    for (int plane = 0; plane < planes; plane++)
        for (int ky = 0; ky < kernel; ky++)
            for (int kx = 0; kx < kernel; kx++, channel++) {
                float *target = output + channel / block * output_plane * block + channel % block;
                for (int y = 0; y < rows; y++) {
                    const float *row = input + ((long)plane * height + y * kernel + ky) * width + kx;
                    for (int x = 0; x < columns; x++) target[((long)y * columns + x) * block] = row[(long)x * kernel];
                }
            }
}
