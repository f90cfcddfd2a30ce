// Max pooling.

/// The largest or the sum of a window of `kernel` × `kernel` numbers that lies inside, from `pixel` on; the loops of
/// every other window have too few turns to be foreseen.
INLINED void NAME(pool_inside)(const float *pixel, long row, const int kernel, const int is_max, vector result[PARTS]) {
    UNROLLED for (int y = 0; y < kernel; y++) UNROLLED for (int x = 0; x < kernel; x++)
        UNROLLED for (int part = 0; part < PARTS; part++) {
        const vector number = NAME(load)(pixel + y * row + x * block + part * LANES);
        result[part] = is_max ? NAME(max)(result[part], number) : result[part] + number;
    }
}

static void NAME(max_pool)(const ck_convolution *shape, long images, const ck_call *call) {
    const int out_height = ck_out_height(shape), out_width = ck_out_width(shape);
    for (long channels = 0; channels < shape->inputs / block; channels++)
        for (long image = 0; image < images; image++) {
            const ck_region region = call->regions[image];
            const long place = call->one_image ? 0 : image;
            const float *source =
                call->input + (channels * call->input_plane + place * shape->height * shape->width) * block;
            float *target = call->output + (channels * call->output_plane + place * out_height * out_width) * block;
            for (long y = region.top; y < region.bottom; y++)
                for (long x = region.left; x < region.right; x++) {
                    const long top = y * shape->stride - shape->padding, left = x * shape->stride - shape->padding;
                    const long bottom = ck_least(top + shape->kernel, shape->height),
                               right = ck_least(left + shape->kernel, shape->width);
                    const float *first = source + (top * shape->width + left) * block;
                    const int inside = top >= 0 && left >= 0 && bottom == top + 3 && right == left + 3;
                    vector largest[PARTS];
                    UNROLLED for (int part = 0; part < PARTS; part++) largest[part] = NAME(splat)(-INFINITY);
                    if (inside && shape->kernel == 3) {
                        NAME(pool_inside)(first, shape->width * block, 3, 1, largest);
                    } else {
                        for (long source_y = top < 0 ? 0 : top; source_y < bottom; source_y++)
                            for (long source_x = left < 0 ? 0 : left; source_x < right; source_x++) {
                                const float *pixel = source + (source_y * shape->width + source_x) * block;
                                UNROLLED for (int part = 0; part < PARTS; part++) largest[part] =
                                    NAME(max)(largest[part], NAME(load)(pixel + part * LANES));
                            }
                    }
                    UNROLLED for (int part = 0; part < PARTS; part++)
                        NAME(store)(target + (y * out_width + x) * block + part * LANES, largest[part]);
                }
        }
}
