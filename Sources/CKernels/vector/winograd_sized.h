// Winograd's filtering with POINTS points a dimension: patches POINTS wide, tiles of 4×4 outputs.

/// Transforms a patch into POINTS² points, `point` floats apart: its columns `left..<right` of 16 floats are read, from
/// these rows, the others are 0.
INLINED void SIZED(transform_patch)(
    const float *const rows[POINTS], const int left, const int right, float *points, long point) {
    UNROLLED for (int part = 0; part < PARTS; part++) {
        vector d[POINTS][POINTS];
        UNROLLED for (int x = 0; x < POINTS; x++) {
            vector column[POINTS];
            UNROLLED for (int y = 0; y < POINTS; y++) column[y] = (vector){0};
            if (x >= left && x < right) {
                UNROLLED for (int y = 0; y < POINTS; y++) column[y] = NAME(load)(rows[y] + x * block + part * LANES);
                SIZED(input_column)(column);
            }
            UNROLLED for (int y = 0; y < POINTS; y++) d[y][x] = column[y];
        }
        UNROLLED for (int y = 0; y < POINTS; y++) {
            SIZED(input_column)(d[y]);
            UNROLLED for (int x = 0; x < POINTS; x++)
                NAME(store)(points + (y * POINTS + x) * point + part * LANES, d[y][x]);
        }
    }
}

/// Transforms the patches of all inputs into [POINTS²][inputs / 16][tiles][16], a point every `point` floats.
static void SIZED(transform_inputs)(const ck_convolution *shape, const ck_call *call, const NAME(corner) * corners,
    long tiles, float *points, long point) {
    static const float outside[POINTS * block];
    for (long channels = 0; channels < shape->inputs / block; channels++) {
        const float *plane = call->input + channels * call->input_plane * block;
        for (long tile = 0; tile < tiles; tile++, points += block) {
            const NAME(corner) corner = corners[tile];
            const int top = corner.y * shape->stride - shape->padding, left = corner.x * shape->stride - shape->padding;
            const float *rows[POINTS];
            UNROLLED for (int y = 0; y < POINTS; y++) {
                const int within = top + y >= 0 && top + y < shape->height;
                rows[y] =
                    within ? plane + ((corner.image * shape->height + top + y) * shape->width + left) * block : outside;
            }
            if (left >= 0 && left + POINTS <= shape->width) SIZED(transform_patch)(rows, 0, POINTS, points, point);
            else SIZED(transform_patch)(rows, -left, shape->width - left, points, point);
        }
    }
}

/// Transforms the points at `source`, `point` floats apart, into `rows` × `columns` outputs at `target`, rows `row`
/// floats apart, to which those at `addend` are added, if there are any; no output is less than `least`.
INLINED void SIZED(transform_points)(const float *source, long point, float *target, const float *addend, long row,
    const int rows, const int columns, vector bias, vector least) {
    vector half[4][POINTS];
    UNROLLED for (int x = 0; x < POINTS; x++) {
        vector m[POINTS], y[4];
        UNROLLED for (int i = 0; i < POINTS; i++) m[i] = NAME(load)(source + (i * POINTS + x) * point);
        SIZED(output_column)(m, y);
        UNROLLED for (int i = 0; i < 4; i++) half[i][x] = y[i];
    }
    UNROLLED for (int y = 0; y < 4; y++) {
        vector values[4];
        SIZED(output_column)(half[y], values);
        UNROLLED for (int x = 0; x < 4; x++) {
            if (y >= rows || x >= columns) continue;
            vector value = values[x] + bias;
            if (addend) value += NAME(load)(addend + y * row + x * block);
            NAME(store)(target + y * row + x * block, NAME(max)(least, value));
        }
    }
}

/// Transforms the products of `width` output channels, [POINTS²][width / 16][tiles][16], into outputs.
static void SIZED(transform_outputs)(const ck_convolution *shape, const ck_call *call, const NAME(corner) * corners,
    long tiles, long output, long width, const float *products, long point) {
    const int out_height = ck_out_height(shape), out_width = ck_out_width(shape);
    const vector least = NAME(splat)(call->relu ? 0 : -INFINITY);
    for (long channel = 0; channel < width / block; channel++) {
        const float *bias = call->bias + output + channel * block;
        float *plane = call->output + (output / block + channel) * call->output_plane * block;
        const float *addends =
            call->addend ? call->addend + (output / block + channel) * call->addend_plane * block : NULL;
        for (long tile = 0; tile < tiles; tile++) {
            const NAME(corner) corner = corners[tile];
            const int rows = (int)ck_least(4, out_height - corner.y), columns = (int)ck_least(4, out_width - corner.x);
            const long place = ((corner.image * out_height + corner.y) * out_width + corner.x) * block,
                       row = (long)out_width * block;
            for (long lane = 0; lane < block; lane += LANES) {
                const float *source = products + (channel * tiles + tile) * block + lane;
                const vector start = NAME(load)(bias + lane);
                float *target = plane + place + lane;
                // The usual cases of constants are without branches.
                if (rows < 4 || columns < 4)
                    SIZED(transform_points)(source, point, target, addends ? addends + place + lane : NULL, row, rows,
                        columns, start, least);
                else if (addends)
                    SIZED(transform_points)(source, point, target, addends + place + lane, row, 4, 4, start, least);
                else SIZED(transform_points)(source, point, target, NULL, row, 4, 4, start, least);
            }
        }
    }
}

/// The products of every point: its inputs [inputs / 16][tiles][16] times its weights, to [width / 16][tiles][16].
static void SIZED(multiply_points)(const float *points, long point, const float *weights, long tiles, long inputs,
    long width, float *products, long product) {
    const long depth = ck_even(inputs / block, CONVOLUTION_DEPTH) * block;
    for (long index = 0; index < POINTS * POINTS; index++)
        for (long channel = 0; channel < width; channel += TILE_CHANNELS, weights += inputs * TILE_CHANNELS)
            for (long begin = 0; begin < inputs; begin += depth) {
                float *c = products + index * product + channel * tiles;
                NAME(compute_tiles)(
                    (NAME(tile)){
                        .a = points + index * point + begin * tiles,
                        .a_stride = tiles * block,
                        .b = weights + begin * TILE_CHANNELS,
                        .channels = TILE_CHANNELS,
                        .terms = ck_least(depth, inputs - begin),
                        .c = c,
                        .c_stride = tiles * block,
                        .addend = begin > 0 ? c : NULL,
                        .addend_stride = tiles * block,
                    },
                    tiles);
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
    enum { most = winograd_points / (POINTS * POINTS) };
    NAME(corner) corners[most];
    for (long tiles; all > 0; all -= tiles) {
        tiles = ck_even(all, most);
        for (long tile = 0; tile < tiles; tile++) {
            while (y >= call->regions[image].bottom || x >= call->regions[image].right) {
                image++;
                y = call->regions[image].top;
                x = call->regions[image].left;
            }
            corners[tile] = (NAME(corner)){call->one_image ? 0 : image, y, x};
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
