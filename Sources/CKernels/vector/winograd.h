// Winograd's F(4×4, 3×3): Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A (Lavin & Gray 2016, section 4), points 0, ±a, ±b, ∞.
// A 6×6 patch d gives 4×4 outputs with 36 products for each pair of channels instead of 144.

/// Bᵀ d: row p holds the coefficients of x(x² − a²)(x² − b²) / (x − p).
INLINED void NAME(input_column)(vector d[6]) {
    const float a = winograd_a, b = winograd_b, a2 = a * a, b2 = b * b;
    const vector even_a = NAME(fma)(NAME(splat)(-b2), d[2], d[4]), odd_a = NAME(fma)(NAME(splat)(-b2), d[1], d[3]);
    const vector even_b = NAME(fma)(NAME(splat)(-a2), d[2], d[4]), odd_b = NAME(fma)(NAME(splat)(-a2), d[1], d[3]);
    const vector zero = NAME(fma)(NAME(splat)(a2 * b2), d[0], NAME(fma)(NAME(splat)(-(a2 + b2)), d[2], d[4]));
    const vector infinite = NAME(fma)(NAME(splat)(a2 * b2), d[1], NAME(fma)(NAME(splat)(-(a2 + b2)), d[3], d[5]));
    d[0] = zero;
    d[1] = NAME(fma)(NAME(splat)(a), odd_a, even_a);
    d[2] = NAME(fma)(NAME(splat)(-a), odd_a, even_a);
    d[3] = NAME(fma)(NAME(splat)(b), odd_b, even_b);
    d[4] = NAME(fma)(NAME(splat)(-b), odd_b, even_b);
    d[5] = infinite;
}

/// Aᵀ m: row i holds the points' i-th powers.
INLINED void NAME(output_column)(const vector m[6], vector y[4]) {
    const float a = winograd_a, b = winograd_b;
    const vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + (even_a + even_b);
    y[1] = NAME(fma)(NAME(splat)(b), odd_b, NAME(splat)(a) * odd_a);
    y[2] = NAME(fma)(NAME(splat)(b * b), even_b, NAME(splat)(a * a) * even_a);
    y[3] = NAME(fma)(NAME(splat)(b * b * b), odd_b, NAME(fma)(NAME(splat)(a * a * a), odd_a, m[5]));
}

/// Transforms the patch at `patch` (rows `row` floats apart, pixels 16) into 36 points, `point` floats apart.
INLINED void NAME(transform_patch)(const float *patch, long row, float *points, long point) {
    UNROLLED for (int part = 0; part < PARTS; part++) {
        vector d[6][6];
        UNROLLED for (int x = 0; x < 6; x++) {
            vector column[6];
            UNROLLED for (int y = 0; y < 6; y++) column[y] = NAME(load)(patch + y * row + x * block + part * LANES);
            NAME(input_column)(column);
            UNROLLED for (int y = 0; y < 6; y++) d[y][x] = column[y];
        }
        UNROLLED for (int y = 0; y < 6; y++) {
            NAME(input_column)(d[y]);
            UNROLLED for (int x = 0; x < 6; x++) NAME(store)(points + (y * 6 + x) * point + part * LANES, d[y][x]);
        }
    }
}

/// Where a 4×4 tile of outputs lies.
typedef struct {
    long pixel;  // its first pixel in the plane
    int y, x;
} NAME(corner);

static void NAME(transform_inputs)(
    const ck_convolution *shape, const ck_call *call, const NAME(corner) * corners, long tiles, float *points
) {
    const long blocks = shape->inputs / block, row = (long)shape->width * block;
    for (long channels = 0; channels < blocks; channels++)
        for (long tile = 0; tile < tiles; tile++) {
            const NAME(corner) corner = corners[tile];
            const float *patch = call->input + (channels * call->input_plane + corner.pixel - shape->width - 1) * block;
            float *target = points + (channels * tiles + tile) * block;
            const long point = blocks * tiles * block;
            if (corner.y > 0 && corner.x > 0 && corner.y + 5 <= shape->height && corner.x + 5 <= shape->width) {
                NAME(transform_patch)(patch, row, target, point);
            } else {
                float padded[6 * 6 * block];
                for (int y = 0; y < 6; y++)
                    for (int x = 0; x < 6; x++) {
                        const int source_y = corner.y + y - 1, source_x = corner.x + x - 1;
                        const int inside = source_y >= 0 && source_y < shape->height && source_x >= 0 && source_x < shape->width;
                        UNROLLED for (int part = 0; part < PARTS; part++)
                            NAME(store)(
                                padded + (y * 6 + x) * block + part * LANES,
                                inside ? NAME(load)(patch + y * row + x * block + part * LANES) : (vector){0});
                    }
                NAME(transform_patch)(padded, 6 * block, target, point);
            }
        }
}

/// Transforms the products of TILE_CHANNELS output channels, [36][TILE_CHANNELS / 16][tiles][16], back into outputs.
static void NAME(transform_outputs)(
    const ck_convolution *shape, const ck_call *call, const NAME(corner) * corners, long tiles, long output, const float *products
) {
    const long point = tiles * TILE_CHANNELS;
    for (int v = 0; v < TILE_VECTORS; v++) {
        const long channel = v * LANES / block, lane = v * LANES % block;
        const vector bias = NAME(load)(call->bias + output + v * LANES);
        float *plane = call->output + (output / block + channel) * call->output_plane * block + lane;
        const float *addends = call->addend ? call->addend + (output / block + channel) * call->addend_plane * block + lane : NULL;
        for (long tile = 0; tile < tiles; tile++) {
            const float *source = products + (channel * tiles + tile) * block + lane;
            vector half[4][6];
            UNROLLED for (int x = 0; x < 6; x++) {
                vector m[6], y[4];
                UNROLLED for (int i = 0; i < 6; i++) m[i] = NAME(load)(source + (i * 6 + x) * point);
                NAME(output_column)(m, y);
                UNROLLED for (int i = 0; i < 4; i++) half[i][x] = y[i];
            }
            const NAME(corner) corner = corners[tile];
            const int rows = (int)ck_least(4, shape->height - corner.y), columns = (int)ck_least(4, shape->width - corner.x);
            for (int y = 0; y < rows; y++) {
                vector values[4];
                NAME(output_column)(half[y], values);
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

static void NAME(convolve_winograd)(const ck_convolution *shape, long images, const ck_call *call) {
    const long rows = ck_ceiling(shape->height, 4), columns = ck_ceiling(shape->width, 4), all = images * rows * columns;
    const long inputs = shape->inputs;
    for (long first = 0; first < all; first += winograd_tiles) {
        const long tiles = ck_least(winograd_tiles, all - first);
        NAME(corner) corners[winograd_tiles];
        for (long tile = 0; tile < tiles; tile++) {
            const long column = (first + tile) % columns, row = (first + tile) / columns;
            const int y = (int)(row % rows * 4), x = (int)(column * 4);
            corners[tile] = (NAME(corner)){(row / rows * shape->height + y) * shape->width + x, y, x};
        }
        float *points = call->scratch, *products = points + winograd_points * tiles * inputs;
        NAME(transform_inputs)(shape, call, corners, tiles, points);
        for (long output = 0; output < shape->outputs; output += TILE_CHANNELS) {
            for (long point = 0; point < winograd_points; point++)
                NAME(compute_tiles)((NAME(tile)){
                    .a = points + point * tiles * inputs,
                    .a_stride = tiles * block,
                    .b = call->packed + (output * winograd_points + point * TILE_CHANNELS) * inputs,
                    .terms = inputs,
                    .c = products + point * tiles * TILE_CHANNELS,
                    .c_stride = tiles * block,
                }, tiles);
            NAME(transform_outputs)(shape, call, corners, tiles, output, products);
        }
    }
}
