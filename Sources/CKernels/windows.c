// The choice of the instruction set for CMaps.h, and the packing of its weights.
#include "kernels.h"

long ck_window_packed_count(const ck_window *window, long inputs, long outputs) {
    return (long)window->kernel[0] * window->kernel[1] * inputs * outputs;
}

long ck_window_scratch_count(void) { return (long)direct_pixels * direct_depth * block; }

void ck_pack_window(ck_instructions instructions, const ck_window *window, long inputs, long outputs,
    const float *weights, float *packed) {
    const long tile = ck_kernels_of(instructions)->tile_channels, taps = (long)window->kernel[0] * window->kernel[1];
    for (long output = 0; output < outputs; output += tile)
        for (long tap = 0; tap < taps; tap++)
            for (long input = 0; input < inputs; input++)
                for (long k = 0; k < ck_least(tile, outputs - output); k++)
                    *packed++ = weights[((output + k) * inputs + input) * taps + tap];
}

void ck_convolve_window(
    ck_instructions instructions, const ck_window *window, const ck_maps *maps, const ck_filter *filter) {
    ck_kernels_of(instructions)->convolve_window(window, maps, filter);
}

void ck_depthwise(ck_instructions instructions, const ck_window *window, const ck_maps *maps, const float *weights,
    const float *bias) {
    ck_kernels_of(instructions)->depthwise(window, maps, weights, bias);
}

void ck_pool(
    ck_instructions instructions, const ck_window *window, const ck_maps *maps, int is_max, const float *counts) {
    ck_kernels_of(instructions)->pool(window, maps, is_max, counts);
}

void ck_combine(ck_instructions instructions, const ck_maps *maps, const ck_combination *combination) {
    ck_kernels_of(instructions)->combine(maps, combination);
}

void ck_channel_norm(ck_instructions instructions, const ck_maps *maps, long height, long width, long channels,
    double epsilon, const float *weight, const float *bias) {
    ck_kernels_of(instructions)->channel_norm(maps, height, width, channels, epsilon, weight, bias);
}

void ck_global_mean(ck_instructions instructions, const ck_maps *maps, long pixels) {
    ck_kernels_of(instructions)->global_mean(maps, pixels);
}

void ck_activate(ck_instructions instructions, float *numbers, long count, ck_activation activation) {
    ck_kernels_of(instructions)->activate(numbers, count, activation);
}

void ck_softmax(ck_instructions instructions, float *numbers, long rows, long columns) {
    ck_kernels_of(instructions)->softmax(numbers, rows, columns);
}

long ck_attention_scratch(long queries, long keys, long depth) {
    const long columns = ck_ceiling(keys, block) * block;
    return ck_spread(queries) * (depth + columns) + columns * depth;
}

void ck_attend(ck_instructions instructions, const ck_attention *head) { ck_kernels_of(instructions)->attend(head); }
