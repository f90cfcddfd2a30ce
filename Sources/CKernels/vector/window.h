// Windows of any shape: convolution by packed patches, depthwise convolution, pooling.

/// The inputs of taps `first..<end` that lie in the map, of output `place` along an axis.
INLINED void NAME(inside)(const ck_window *window, int axis, long place, int *first, int *end) {
    const long start = place * window->stride[axis] - window->before[axis], step = window->dilation[axis];
    *first = start < 0 ? (int)((-start + step - 1) / step) : 0;
    const long room = window->size[axis] - start;
    const long most = room <= 0 ? 0 : (room + step - 1) / step;
    *end = (int)(most < window->kernel[axis] ? most : window->kernel[axis]);
}

/// Outputs `first..<end` along an axis whose windows lie in the map.
INLINED void NAME(interior)(const ck_window *window, int axis, long low, long high, long *first, long *end) {
    const long reach = (long)(window->kernel[axis] - 1) * window->dilation[axis], stride = window->stride[axis];
    long begin = (window->before[axis] + stride - 1) / stride;
    long stop = window->size[axis] - 1 - reach + window->before[axis];
    stop = stop < 0 ? 0 : stop / stride + 1;
    *first = begin < low ? low : begin > high ? high : begin;
    *end = stop > high ? high : stop < *first ? *first : stop;
}

/// Packs the patches of the output pixels of one image's row piece for the blocks `begin..<end` of terms (tap · blocks
/// + block).
static void NAME(pack_window)(const ck_window *window, const ck_maps *maps, long inputs, const long *pixels, long count,
    long begin, long end, float *packed) {
    const long blocks = inputs / block;
    const float *sources[direct_pixels];
    long known_tap = -1;
    for (long index = begin; index < end; index++) {
        const long tap = index / blocks, offset = index % blocks * maps->input_plane * block;
        if (tap != known_tap) {
            const long ky = tap / window->kernel[1] * window->dilation[0],
                       kx = tap % window->kernel[1] * window->dilation[1];
            for (long p = 0; p < count; p++) {
                const long x = pixels[p] % window->out[1], row = pixels[p] / window->out[1],
                           image = row / window->out[0], y = row % window->out[0];
                const long source_y = y * window->stride[0] + ky - window->before[0],
                           source_x = x * window->stride[1] + kx - window->before[1];
                const int inside =
                    source_y >= 0 && source_y < window->size[0] && source_x >= 0 && source_x < window->size[1];
                sources[p] =
                    inside ? maps->input + ((image * window->size[0] + source_y) * window->size[1] + source_x) * block
                           : NULL;
            }
            known_tap = tap;
        }
        for (long p = 0; p < count; p++, packed += block)
            UNROLLED for (int part = 0; part < PARTS; part++) NAME(store)(
                packed + part * LANES, sources[p] ? NAME(load)(sources[p] + offset + part * LANES) : (vector){0});
    }
}

/// `count` output pixels that follow each other, from `first` on.
static void NAME(convolve_pixels)(
    const ck_window *window, const ck_maps *maps, const ck_filter *filter, long first, long count) {
    const long terms = (long)window->kernel[0] * window->kernel[1] * filter->inputs, blocks = terms / block;
    const int pointwise = window->kernel[0] == 1 && window->kernel[1] == 1 && window->stride[0] == 1 &&
                          window->stride[1] == 1 && window->before[0] == 0 && window->before[1] == 0 &&
                          window->size[0] == window->out[0] && window->size[1] == window->out[1];
    long pixels[direct_pixels];
    for (long p = 0; p < count; p++) pixels[p] = first + p;
    for (long begin = 0; begin < blocks; begin += CONVOLUTION_DEPTH) {
        const long end = ck_least(begin + CONVOLUTION_DEPTH, blocks);
        if (!pointwise) NAME(pack_window)(window, maps, filter->inputs, pixels, count, begin, end, filter->scratch);
        for (long output = 0; output < filter->outputs; output += TILE_CHANNELS) {
            float *target = maps->output + (output / block * maps->output_plane + first) * block + output % block;
            const float *addend =
                filter->addend
                    ? filter->addend + (output / block * filter->addend_plane + first) * block + output % block
                    : NULL;
            NAME(compute_tiles)(
                (NAME(tile)){
                    .a = pointwise ? maps->input + (begin * maps->input_plane + first) * block : filter->scratch,
                    .a_stride = (pointwise ? maps->input_plane : count) * block,
                    .b = filter->packed + output * terms + begin * block * TILE_CHANNELS,
                    .terms = (end - begin) * block,
                    .c = target,
                    .c_stride = maps->output_plane * block,
                    .bias = begin == 0 ? filter->bias + output : NULL,
                    .addend = begin == 0 ? addend : target,
                    .addend_stride = (begin == 0 ? filter->addend_plane : maps->output_plane) * block,
                    .relu = end == blocks && maps->activation.function == ck_relu,
                },
                count);
        }
    }
    if (maps->activation.function > ck_relu)
        for (long channels = 0; channels < filter->outputs / block; channels++)
            NAME(activate_blocks)(
                maps->output + (channels * maps->output_plane + first) * block, count * block, maps->activation);
}

static void NAME(convolve_window)(const ck_window *window, const ck_maps *maps, const ck_filter *filter) {
    const long height = window->out[0], width = window->out[1];
    long first = 0, count = 0;
    for (long image = 0; image < maps->images; image++) {
        const ck_region region = maps->regions[image];
        for (long y = region.top; y < region.bottom; y++) {
            long start = (image * height + y) * width + region.left;
            for (long left = region.right - region.left; left > 0;) {
                if (count == 0 || first + count != start || count == direct_pixels) {
                    if (count > 0) NAME(convolve_pixels)(window, maps, filter, first, count);
                    first = start;
                    count = 0;
                }
                const long more = ck_least(left, direct_pixels - count);
                count += more;
                start += more;
                left -= more;
            }
        }
    }
    if (count > 0) NAME(convolve_pixels)(window, maps, filter, first, count);
}

#define DEPTHWISE_PIXELS 8

/// `pixels` outputs of a row whose windows lie inside horizontally; rows of taps `first..<end`.
INLINED void NAME(depthwise_pixels)(const ck_window *window, const float *source, const float *weights,
    const float *bias, int first, int end, int left, int right, float *target, const int pixels) {
    const long row = (long)window->size[1] * block, stride = (long)window->stride[1] * block,
               step = (long)window->dilation[1] * block;
    UNROLLED for (int part = 0; part < PARTS; part++) {
        vector sums[DEPTHWISE_PIXELS];
        UNROLLED for (int p = 0; p < pixels; p++) sums[p] = NAME(load)(bias + part * LANES);
        for (int ky = first; ky < end; ky++) {
            const float *line = source + ky * window->dilation[0] * row + part * LANES;
            const float *tap = weights + ky * window->kernel[1] * block + part * LANES;
            for (int kx = left; kx < right; kx++) {
                const vector weight = NAME(load)(tap + kx * block);
                UNROLLED for (int p = 0; p < pixels; p++) sums[p] =
                    NAME(fma)(NAME(load)(line + kx * step + p * stride), weight, sums[p]);
            }
        }
        UNROLLED for (int p = 0; p < pixels; p++) NAME(store)(target + p * block + part * LANES, sums[p]);
    }
}

static void NAME(depthwise)(const ck_window *window, const ck_maps *maps, const float *weights, const float *bias) {
    const long in_pixels = (long)window->size[0] * window->size[1], out_pixels = (long)window->out[0] * window->out[1];
    const long taps = (long)window->kernel[0] * window->kernel[1], stride = window->stride[1];
    for (long channels = 0; channels < maps->blocks; channels++)
        for (long image = 0; image < maps->images; image++) {
            const ck_region region = maps->regions[image];
            const float *plane = maps->input + (channels * maps->input_plane + image * in_pixels) * block;
            float *output = maps->output + (channels * maps->output_plane + image * out_pixels) * block;
            const float *own = weights + channels * taps * block, *start = bias + channels * block;
            long from, to;
            NAME(interior)(window, 1, region.left, region.right, &from, &to);
            for (long y = region.top; y < region.bottom; y++) {
                int first, end;
                NAME(inside)(window, 0, y, &first, &end);
                const float *line = plane + (y * window->stride[0] - window->before[0]) * window->size[1] * block;
                float *target = output + y * window->out[1] * block;
                for (long x = region.left; x < region.right;) {
                    const float *source = line + (x * stride - window->before[1]) * block;
                    if (x >= from && x + DEPTHWISE_PIXELS <= to) {
                        NAME(depthwise_pixels)(window, source, own, start, first, end, 0, window->kernel[1],
                            target + x * block, DEPTHWISE_PIXELS);
                        x += DEPTHWISE_PIXELS;
                        continue;
                    }
                    int left, right;
                    NAME(inside)(window, 1, x, &left, &right);
                    NAME(depthwise_pixels)(window, source, own, start, first, end, left, right, target + x * block, 1);
                    x++;
                }
                NAME(activate_blocks)(
                    target + region.left * block, (region.right - region.left) * block, maps->activation);
            }
        }
}

static void NAME(pool)(const ck_window *window, const ck_maps *maps, int is_max, const float *counts) {
    const long in_pixels = (long)window->size[0] * window->size[1], out_pixels = (long)window->out[0] * window->out[1];
    for (long channels = 0; channels < maps->blocks; channels++)
        for (long image = 0; image < maps->images; image++) {
            const ck_region region = maps->regions[image];
            const float *plane = maps->input + (channels * maps->input_plane + image * in_pixels) * block;
            float *output = maps->output + (channels * maps->output_plane + image * out_pixels) * block;
            for (long y = region.top; y < region.bottom; y++) {
                int top, bottom;
                NAME(inside)(window, 0, y, &top, &bottom);
                for (long x = region.left; x < region.right; x++) {
                    int left, right;
                    NAME(inside)(window, 1, x, &left, &right);
                    vector result[PARTS];
                    UNROLLED for (int part = 0; part < PARTS; part++) result[part] =
                        NAME(splat)(is_max ? -INFINITY : 0);
                    for (int ky = top; ky < bottom; ky++) {
                        const long row = y * window->stride[0] - window->before[0] + ky * window->dilation[0];
                        const float *pixel = plane + (row * window->size[1] + x * window->stride[1] -
                                                         window->before[1] + left * window->dilation[1]) *
                                                         block;
                        for (int kx = left; kx < right; kx++, pixel += window->dilation[1] * block)
                            UNROLLED for (int part = 0; part < PARTS; part++) {
                                const vector number = NAME(load)(pixel + part * LANES);
                                result[part] = is_max ? NAME(max)(result[part], number) : result[part] + number;
                            }
                    }
                    const float over = is_max   ? 1
                                       : counts ? counts[y * window->out[1] + x]
                                                : (float)((bottom - top) * (right - left));
                    UNROLLED for (int part = 0; part < PARTS; part++)
                        NAME(store)(output + (y * window->out[1] + x) * block + part * LANES,
                            is_max ? result[part] : result[part] / over);
                }
            }
        }
}
