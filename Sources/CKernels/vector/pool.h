// Max pooling.

static void NAME(max_pool)(const ck_convolution *shape, long images, const ck_call *call) {
    const int out_height = ck_out_height(shape), out_width = ck_out_width(shape);
    for (long channels = 0; channels < shape->inputs / block; channels++)
        for (long image = 0; image < images; image++) {
            const ck_region region = call->regions[image];
            const float *source =
                call->input + (channels * call->input_plane + image * shape->height * shape->width) * block;
            float *target = call->output + (channels * call->output_plane + image * out_height * out_width) * block;
            for (long y = region.top; y < region.bottom; y++)
                for (long x = region.left; x < region.right; x++) {
                    const long top = y * shape->stride - shape->padding, left = x * shape->stride - shape->padding;
                    const long bottom = ck_least(top + shape->kernel, shape->height),
                               right = ck_least(left + shape->kernel, shape->width);
                    vector largest[PARTS];
                    UNROLLED for (int part = 0; part < PARTS; part++) largest[part] = NAME(splat)(-INFINITY);
                    for (long source_y = top < 0 ? 0 : top; source_y < bottom; source_y++)
                        for (long source_x = left < 0 ? 0 : left; source_x < right; source_x++) {
                            const float *pixel = source + (source_y * shape->width + source_x) * block;
                            UNROLLED for (int part = 0; part < PARTS; part++) largest[part] =
                                NAME(max)(largest[part], NAME(load)(pixel + part * LANES));
                        }
                    UNROLLED for (int part = 0; part < PARTS; part++)
                        NAME(store)(target + (y * out_width + x) * block + part * LANES, largest[part]);
                }
        }
}
