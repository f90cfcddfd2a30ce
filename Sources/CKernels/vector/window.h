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
    const long depth = ck_even(blocks, CONVOLUTION_DEPTH);
    const int pointwise = window->kernel[0] == 1 && window->kernel[1] == 1 && window->stride[0] == 1 &&
                          window->stride[1] == 1 && window->before[0] == 0 && window->before[1] == 0 &&
                          window->size[0] == window->out[0] && window->size[1] == window->out[1];
    const NAME(bounds) bounds = NAME(bounds_of)(maps->activation);
    long pixels[direct_pixels];
    for (long p = 0; p < count; p++) pixels[p] = first + p;
    for (long begin = 0; begin < blocks; begin += depth) {
        const long end = ck_least(begin + depth, blocks);
        if (!pointwise) NAME(pack_window)(window, maps, filter->inputs, pixels, count, begin, end, filter->scratch);
        for (long output = 0; output < filter->outputs; output += TILE_CHANNELS) {
            const long channels = ck_least(TILE_CHANNELS, filter->outputs - output);
            float *target = maps->output + (output / block * maps->output_plane + first) * block + output % block;
            const float *addend =
                filter->addend
                    ? filter->addend + (output / block * filter->addend_plane + first) * block + output % block
                    : NULL;
            ck_ahead ahead = NAME(panel_after)(filter->packed, terms, filter->outputs, output, begin, depth);
            NAME(compute_tiles)(
                (NAME(tile)){
                    .a = pointwise ? maps->input + (begin * maps->input_plane + first) * block : filter->scratch,
                    .a_stride = (pointwise ? maps->input_plane : count) * block,
                    .b = filter->packed + output * terms + begin * block * channels,
                    .channels = channels,
                    .terms = (pointwise ? ck_least(end * block, filter->channels) : end * block) - begin * block,
                    .c = target,
                    .c_stride = maps->output_plane * block,
                    .bias = begin == 0 ? filter->bias + output : NULL,
                    .addend = begin == 0 ? addend : target,
                    .addend_stride = (begin == 0 ? filter->addend_plane : maps->output_plane) * block,
                    .bounds = end == blocks ? bounds : NAME(rectifying)(0),
                    .ahead = &ahead,
                },
                count);
            if (end == blocks && !bounds.hold)
                for (long channel = 0; channel < channels; channel += block)
                    NAME(activate_blocks)(
                        target + channel / block * maps->output_plane * block, count * block, maps->activation);
        }
    }
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

enum { NAME(depthwise_most) = 8, NAME(depthwise_widest) = 7 };

/// One output of a row, of the taps `left..<right` of the rows of taps `first..<end`.
INLINED void NAME(depthwise_pixel)(const ck_window *window, const float *source, const float *weights,
    const float *bias, int first, int end, int left, int right, float *target, NAME(bounds) bounds) {
    const long row = (long)window->size[1] * block, step = (long)window->dilation[1] * block;
    UNROLLED for (int part = 0; part < PARTS; part++) {
        vector sum = NAME(load)(bias + part * LANES);
        for (int ky = first; ky < end; ky++) {
            const float *line = source + ky * window->dilation[0] * row + part * LANES;
            const float *tap = weights + ky * window->kernel[1] * block + part * LANES;
            for (int kx = left; kx < right; kx++)
                sum = NAME(fma)(NAME(load)(line + kx * step), NAME(load)(tap + kx * block), sum);
        }
        NAME(store)(target + part * LANES, bounds.hold ? NAME(held)(bounds, sum) : sum);
    }
}

/// `pixels` outputs of a row whose windows of `kernel` columns lie inside: what several of them look at is read once.
INLINED void NAME(depthwise_pixels)(const float *source, long row, const float *weights, const float *bias, int first,
    int end, float *target, NAME(bounds) bounds, const int kernel, const int stride, const int pixels) {
    UNROLLED for (int part = 0; part < PARTS; part++) {
        vector sums[NAME(depthwise_most)];
        UNROLLED for (int p = 0; p < pixels; p++) sums[p] = NAME(load)(bias + part * LANES);
        for (int ky = first; ky < end; ky++) {
            const float *line = source + ky * row + part * LANES, *tap = weights + ky * kernel * block + part * LANES;
            vector taps[NAME(depthwise_widest)];
            UNROLLED for (int kx = 0; kx < kernel; kx++) taps[kx] = NAME(load)(tap + kx * block);
            UNROLLED for (int column = 0; column < (pixels - 1) * stride + kernel; column++) {
                const vector x = NAME(load)(line + column * block);
                UNROLLED for (int kx = 0; kx < kernel; kx++) {
                    const int p = (column - kx) / stride;
                    if (column >= kx && p * stride == column - kx && p < pixels)
                        sums[p] = NAME(fma)(x, taps[kx], sums[p]);
                }
            }
        }
        UNROLLED for (int p = 0; p < pixels; p++)
            NAME(store)(target + p * block + part * LANES, bounds.hold ? NAME(held)(bounds, sums[p]) : sums[p]);
    }
}

typedef void (*NAME(depthwise_run))(const float *source, long row, const float *weights, const float *bias, int first,
    int end, float *target, NAME(bounds) bounds);
#define DEPTHWISE_FUNCTION(kernel, stride, pixels)                                                                     \
    static void NAME(depthwise_##kernel##_##stride##_##pixels)(const float *source, long row, const float *weights,    \
        const float *bias, int first, int end, float *target, NAME(bounds) bounds) {                                   \
        NAME(depthwise_pixels)(source, row, weights, bias, first, end, target, bounds, kernel, stride, pixels);        \
    }
#define DEPTHWISE_FUNCTIONS(kernel, stride)                                                                            \
    DEPTHWISE_FUNCTION(kernel, stride, 1)                                                                              \
    DEPTHWISE_FUNCTION(kernel, stride, 2)                                                                              \
    DEPTHWISE_FUNCTION(kernel, stride, 4)                                                                              \
    DEPTHWISE_FUNCTION(kernel, stride, 8)                                                                              \
    static const NAME(depthwise_run) NAME(depthwise_runs_##kernel##_##stride)[] = {                                    \
        NAME(depthwise_##kernel##_##stride##_1), NAME(depthwise_##kernel##_##stride##_2),                              \
        NAME(depthwise_##kernel##_##stride##_4), NAME(depthwise_##kernel##_##stride##_8)};
DEPTHWISE_FUNCTIONS(3, 1)
DEPTHWISE_FUNCTIONS(3, 2)
DEPTHWISE_FUNCTIONS(5, 1)
DEPTHWISE_FUNCTIONS(5, 2)
DEPTHWISE_FUNCTIONS(7, 1)

/// Functions for 1, 2, 4 and 8 outputs; NULL for windows that have none.
INLINED const NAME(depthwise_run) * NAME(depthwise_runs)(const ck_window *window) {
    static const struct {
        int kernel, stride;
        const NAME(depthwise_run) * runs;
    } known[] = {
        {3, 1, NAME(depthwise_runs_3_1)},
        {3, 2, NAME(depthwise_runs_3_2)},
        {5, 1, NAME(depthwise_runs_5_1)},
        {5, 2, NAME(depthwise_runs_5_2)},
        {7, 1, NAME(depthwise_runs_7_1)},
    };
    if (window->dilation[0] != 1 || window->dilation[1] != 1) return NULL;
    for (size_t index = 0; index < sizeof known / sizeof *known; index++)
        if (window->kernel[1] == known[index].kernel && window->stride[1] == known[index].stride)
            return known[index].runs;
    return NULL;
}

static void NAME(depthwise)(const ck_window *window, const ck_maps *maps, const float *weights, const float *bias) {
    const long in_pixels = (long)window->size[0] * window->size[1], out_pixels = (long)window->out[0] * window->out[1];
    const long taps = (long)window->kernel[0] * window->kernel[1], stride = window->stride[1],
               row = (long)window->size[1] * block;
    const NAME(depthwise_run) *runs = NAME(depthwise_runs)(window);
    const NAME(bounds) bounds = NAME(bounds_of)(maps->activation);
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
                const float *line = plane + (y * window->stride[0] - window->before[0]) * row;
                float *target = output + y * window->out[1] * block;
                for (long x = region.left; x < region.right;) {
                    const float *source = line + (x * stride - window->before[1]) * block;
                    if (runs && x >= from && x < to) {
                        const int size = to - x >= 8 ? 3 : to - x >= 4 ? 2 : to - x >= 2 ? 1 : 0;
                        runs[size](source, row, own, start, first, end, target + x * block, bounds);
                        x += 1 << size;
                        continue;
                    }
                    int left, right;
                    NAME(inside)(window, 1, x, &left, &right);
                    NAME(depthwise_pixel)(
                        window, source, own, start, first, end, left, right, target + x * block, bounds);
                    x++;
                }
                if (!bounds.hold)
                    NAME(activate_blocks)(
                        target + region.left * block, (region.right - region.left) * block, maps->activation);
            }
        }
}

static void NAME(pool)(const ck_window *window, const ck_maps *maps, int is_max, const float *counts) {
    const long in_pixels = (long)window->size[0] * window->size[1], out_pixels = (long)window->out[0] * window->out[1],
               line = (long)window->size[1] * block;
    const int plain = window->kernel[0] == window->kernel[1] && window->dilation[0] == 1 && window->dilation[1] == 1;
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
                    const long row = y * window->stride[0] - window->before[0],
                               column = x * window->stride[1] - window->before[1];
                    const float *start = plane + (row * window->size[1] + column) * block;
                    const int side = bottom - top == window->kernel[0] && right - left == window->kernel[1] && plain
                                         ? window->kernel[0]
                                         : 0;
                    if (side == 3 && is_max) NAME(pool_inside)(start, line, 3, 1, result);
                    else if (side == 3) NAME(pool_inside)(start, line, 3, 0, result);
                    else if (side == 2 && is_max) NAME(pool_inside)(start, line, 2, 1, result);
                    else if (side == 2) NAME(pool_inside)(start, line, 2, 0, result);
                    else
                        for (int ky = top; ky < bottom; ky++) {
                            const float *pixel =
                                start + ky * window->dilation[0] * line + left * window->dilation[1] * block;
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
