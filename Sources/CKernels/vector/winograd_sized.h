// Winograd's filtering with POINTS points a dimension: patches POINTS wide, POINTS − 3 taps, tiles of 4×4 outputs.

/// Transforms the patch at `patch` (rows `row` floats apart, pixels 16) into POINTS² points, `point` floats apart.
INLINED void SIZED(transform_patch)(const float *patch, long row, float *points, long point) {
    UNROLLED for (int part = 0; part < PARTS; part++) {
        vector d[POINTS][POINTS];
        UNROLLED for (int x = 0; x < POINTS; x++) {
            vector column[POINTS];
            UNROLLED for (int y = 0; y < POINTS; y++) column[y] = NAME(load)(patch + y * row + x * block + part * LANES);
            SIZED(input_column)(column);
            UNROLLED for (int y = 0; y < POINTS; y++) d[y][x] = column[y];
        }
        UNROLLED for (int y = 0; y < POINTS; y++) {
            SIZED(input_column)(d[y]);
            UNROLLED for (int x = 0; x < POINTS; x++) NAME(store)(points + (y * POINTS + x) * point + part * LANES, d[y][x]);
        }
    }
}

/// Transforms the patches of all inputs into [POINTS²][inputs / 16][tiles][16], a point every `point` floats.
static void SIZED(transform_inputs)(
    const ck_convolution *shape, const ck_call *call, const NAME(corner) * corners, long tiles, float *points, long point
) {
    const int padding = (POINTS - 4) / 2;
    const long row = (long)shape->width * block;
    for (long channels = 0; channels < shape->inputs / block; channels++) {
        const float *plane = call->input + channels * call->input_plane * block;
        for (long tile = 0; tile < tiles; tile++, points += block) {
            const NAME(corner) corner = corners[tile];
            const long first = (corner.pixel - padding * (shape->width + 1)) * block;
            const int top = corner.y - padding, left = corner.x - padding;
            if (top >= 0 && left >= 0 && top + POINTS <= shape->height && left + POINTS <= shape->width) {
                SIZED(transform_patch)(plane + first, row, points, point);
                continue;
            }
            float padded[POINTS * POINTS * block];
            for (int y = 0; y < POINTS; y++)
                for (int x = 0; x < POINTS; x++) {
                    const int inside = top + y >= 0 && top + y < shape->height && left + x >= 0 && left + x < shape->width;
                    UNROLLED for (int part = 0; part < PARTS; part++)
                        NAME(store)(
                            padded + (y * POINTS + x) * block + part * LANES,
                            inside ? NAME(load)(plane + first + y * row + x * block + part * LANES) : (vector){0});
                }
            SIZED(transform_patch)(padded, POINTS * block, points, point);
        }
    }
}

/// Transforms the products of `width` output channels, [POINTS²][width / 16][tiles][16], into outputs.
static void SIZED(transform_outputs)(
    const ck_convolution *shape, const ck_call *call, const NAME(corner) * corners, long tiles, long output, long width,
    const float *products, long point
) {
    for (long v = 0; v < width / LANES; v++) {
        const long channel = v * LANES / block, lane = v * LANES % block;
        const vector bias = NAME(load)(call->bias + output + v * LANES);
        float *plane = call->output + (output / block + channel) * call->output_plane * block + lane;
        const float *addends = call->addend ? call->addend + (output / block + channel) * call->addend_plane * block + lane : NULL;
        for (long tile = 0; tile < tiles; tile++) {
            const float *source = products + (channel * tiles + tile) * block + lane;
            vector half[4][POINTS];
            UNROLLED for (int x = 0; x < POINTS; x++) {
                vector m[POINTS], y[4];
                UNROLLED for (int i = 0; i < POINTS; i++) m[i] = NAME(load)(source + (i * POINTS + x) * point);
                SIZED(output_column)(m, y);
                UNROLLED for (int i = 0; i < 4; i++) half[i][x] = y[i];
            }
            const NAME(corner) corner = corners[tile];
            const int rows = (int)ck_least(4, shape->height - corner.y), columns = (int)ck_least(4, shape->width - corner.x);
            for (int y = 0; y < rows; y++) {
                vector values[4];
                SIZED(output_column)(half[y], values);
                const long row = (corner.pixel + y * shape->width) * block;
                for (int x = 0; x < columns; x++) {
                    vector value = values[x] + bias;
                    if (addends) value += NAME(load)(addends + row + x * block);
                    NAME(store)(plane + row + x * block, call->relu ? NAME(rectified)(value) : value);
                }
            }
        }
    }
}

/// The products of every point: its inputs [inputs / 16][tiles][16] times its weights, to [width / 16][tiles][16].
static void SIZED(multiply_points)(
    const float *points, long point, const float *weights, long tiles, long inputs, long width, float *products, long product
) {
    const long depth = CONVOLUTION_DEPTH * block;
    for (long index = 0; index < POINTS * POINTS; index++)
        for (long channel = 0; channel < width; channel += TILE_CHANNELS, weights += inputs * TILE_CHANNELS)
            for (long begin = 0; begin < inputs; begin += depth) {
                float *c = products + index * product + channel * tiles;
                NAME(compute_tiles)((NAME(tile)){
                    .a = points + index * point + begin * tiles,
                    .a_stride = tiles * block,
                    .b = weights + begin * TILE_CHANNELS,
                    .terms = ck_least(depth, inputs - begin),
                    .c = c,
                    .c_stride = tiles * block,
                    .addend = begin > 0 ? c : NULL,
                    .addend_stride = tiles * block,
                }, tiles);
            }
}

static void SIZED(filter)(const ck_convolution *shape, long images, const ck_call *call) {
    const long inputs = shape->inputs;
    long all = 0;
    for (long image = 0; image < images; image++) {
        const ck_region region = call->regions[image];
        all += ck_ceiling(region.bottom - region.top, 4) * ck_ceiling(region.right - region.left, 4);
    }
    long image = 0;
    int y = call->regions[0].top, x = call->regions[0].left;
    NAME(corner) corners[winograd_tiles];
    for (long tiles; all > 0; all -= tiles) {
        tiles = ck_ceiling(all, ck_ceiling(all, winograd_tiles));
        for (long tile = 0; tile < tiles; tile++) {
            while (y >= call->regions[image].bottom || x >= call->regions[image].right) {
                image++;
                y = call->regions[image].top;
                x = call->regions[image].left;
            }
            corners[tile] = (NAME(corner)){(image * shape->height + y) * shape->width + x, y, x};
            x += 4;
            if (x >= call->regions[image].right) {
                x = call->regions[image].left;
                y += 4;
            }
        }
        const long point = ck_spread(tiles * inputs / block) * block;
        float *points = call->scratch, *products = points + POINTS * POINTS * point;
        SIZED(transform_inputs)(shape, call, corners, tiles, points, point);
        for (long output = 0; output < shape->outputs; output += winograd_outputs) {
            const long width = ck_least(winograd_outputs, shape->outputs - output);
            const long product = ck_spread(tiles * width / block) * block;
            const float *weights = call->packed + output * POINTS * POINTS * inputs;
            SIZED(multiply_points)(points, point, weights, tiles, inputs, width, products, product);
            SIZED(transform_outputs)(shape, call, corners, tiles, output, width, products, product);
        }
    }
}
