// Convolution as a product of packed patches and packed weights, a cache's worth of patches at a time.

/// Packs the patches of the output pixels of `runs`, `count` in all, for the blocks `begin..<end` of terms (tap ·
/// blocks + block): [end − begin][count][16], zeros outside the image.
static void NAME(pack_patches)(
    const ck_convolution *shape, const ck_call *call, const ck_run *runs, long count, long begin, long end) {
    const int out_width = ck_out_width(shape), out_height = ck_out_height(shape);
    const long blocks = shape->inputs / block;
    float *packed = call->scratch;
    const float *sources[direct_pixels];
    long known_tap = -1;
    for (long index = begin; index < end; index++) {
        const long tap = index / blocks, offset = index % blocks * call->input_plane * block;
        if (tap != known_tap) {
            const long ky = tap / shape->kernel, kx = tap % shape->kernel;
            long p = 0;
            for (const ck_run *run = runs; p < count; run++)
                for (long pixel = run->first; pixel < run->first + run->count; pixel++, p++) {
                    const long x = pixel % out_width, row = pixel / out_width;
                    const long image = row / out_height, y = row % out_height;
                    const long source_y = y * shape->stride + ky - shape->padding,
                               source_x = x * shape->stride + kx - shape->padding;
                    const int inside =
                        source_y >= 0 && source_y < shape->height && source_x >= 0 && source_x < shape->width;
                    sources[p] =
                        inside ? call->input + ((image * shape->height + source_y) * shape->width + source_x) * block
                               : NULL;
                }
            known_tap = tap;
        }
        for (long p = 0; p < count; p++, packed += block)
            UNROLLED for (int part = 0; part < PARTS; part++) NAME(store)(
                packed + part * LANES, sources[p] ? NAME(load)(sources[p] + offset + part * LANES) : (vector){0});
    }
}

/// The panel of packed weights [outputs / tile][terms][tile] that is read after that of an output and the blocks of
/// terms from `begin` on, `depth` of them.
INLINED ck_ahead NAME(panel_after)(const float *packed, long terms, long outputs, long output, long begin, long depth) {
    const long blocks = terms / block;
    output += TILE_CHANNELS;
    if (output >= outputs) {
        output = 0;
        begin = begin + depth < blocks ? begin + depth : 0;
    }
    const long channels = ck_least(TILE_CHANNELS, outputs - output);
    const float *next = packed + output * terms + begin * block * channels;
    return (ck_ahead){next, next + ck_least(depth, blocks - begin) * block * channels};
}

static void NAME(convolve_direct)(const ck_convolution *shape, long images, const ck_call *call) {
    const long terms = (long)shape->kernel * shape->kernel * shape->inputs, blocks = terms / block;
    const long depth = ck_even(blocks, CONVOLUTION_DEPTH);
    // A 1×1 convolution's patches are the pixels themselves.
    const int pointwise = shape->kernel == 1 && shape->stride == 1 && shape->padding == 0;
    ck_walk walk = {0};
    for (;;) {
        ck_run runs[direct_pixels];
        long all = 0, count = 0;
        while (count < direct_pixels) {
            runs[all] = ck_next_run(shape, images, call, &walk, direct_pixels - count);
            if (runs[all].count == 0) break;
            count += runs[all++].count;
        }
        if (count == 0) return;
        for (long begin = 0; begin < blocks; begin += depth) {
            const long end = ck_least(begin + depth, blocks);
            if (!pointwise) NAME(pack_patches)(shape, call, runs, count, begin, end);
            for (long output = 0; output < shape->outputs; output += TILE_CHANNELS) {
                const float *packed = call->scratch;
                ck_ahead ahead = NAME(panel_after)(call->packed, terms, shape->outputs, output, begin, depth);
                for (const ck_run *run = runs; run < runs + all; packed += run++->count * block) {
                    float *target =
                        call->output + (output / block * call->output_plane + run->first) * block + output % block;
                    const float *addend =
                        call->addend
                            ? call->addend + (output / block * call->addend_plane + run->first) * block + output % block
                            : NULL;
                    NAME(compute_tiles)(
                        (NAME(tile)){
                            .a = pointwise ? call->input + (begin * call->input_plane + run->first) * block : packed,
                            .a_stride = (pointwise ? call->input_plane : count) * block,
                            .b = call->packed + output * terms + begin * block * TILE_CHANNELS,
                            .channels = TILE_CHANNELS,
                            .terms = (end - begin) * block,
                            .c = target,
                            .c_stride = call->output_plane * block,
                            .bias = begin == 0 ? call->bias + output : NULL,
                            .addend = begin == 0 ? addend : target,
                            .addend_stride = (begin == 0 ? call->addend_plane : call->output_plane) * block,
                            .bounds = NAME(rectifying)(end == blocks && call->relu),
                            .ahead = &ahead,
                        },
                        run->count);
                }
            }
        }
    }
}
