// The first convolution: few input channels, so its terms are (channel, ky, kx) and its pixels neighbours in a row.

enum { NAME(largest_patch) = 512 };

static void NAME(convolve_image_region)(const ck_convolution *shape, const ck_call *call, const ck_region region) {
    const int kernel = shape->kernel, stride = shape->stride, padding = shape->padding;
    const int out_width = ck_out_width(shape);
    const long first_row = (long)region.top * stride, end_row = (long)(region.bottom - 1) * stride + kernel;
    const ck_padded_image padded = ck_padded(shape);
    const long phase = padded.rows * padded.columns;

    float *copy = call->scratch;
    for (long channel = 0; channel < shape->inputs; channel++)
        for (long y = first_row; y < end_row; y++) {
            float *row = copy + channel * stride * phase + y * padded.columns;
            const int inside = y >= padding && y - padding < shape->height;
            const float *source = call->input + (channel * shape->height + y - padding) * shape->width;
            for (int remainder = 0; remainder < stride; remainder++, row += phase) {
                // The columns whose x = column · stride + remainder − padding lies in the image.
                const long shift = remainder - padding;
                const long begin = shift < 0 ? ck_ceiling(-shift, stride) : 0;
                const long end = inside ? ck_least(padded.columns, ck_ceiling(shape->width - shift, stride)) : begin;
                memset(row, 0, sizeof(float) * padded.columns);
                for (long column = begin; column < end; column++) row[column] = source[column * stride + shift];
            }
        }

    int offsets[NAME(largest_patch)];
    long terms = 0;
    for (long channel = 0; channel < shape->inputs; channel++)
        for (int ky = 0; ky < kernel; ky++)
            for (int kx = 0; kx < kernel; kx++)
                offsets[terms++] = (int)((channel * stride + kx % stride) * phase + ky * padded.columns + kx / stride);

    for (long y = region.top; y < region.bottom; y++)
        for (long output = 0; output < shape->outputs; output += TILE_CHANNELS)
            NAME(compute_tiles)(
                (NAME(tile)){
                    .a = copy + y * stride * padded.columns + region.left,
                    .offsets = offsets,
                    .b = call->packed + output * terms,
                    .channels = TILE_CHANNELS,
                    .terms = terms,
                    .c = call->output + (output / block * call->output_plane + y * out_width + region.left) * block +
                         output % block,
                    .c_stride = call->output_plane * block,
                    .bias = call->bias + output,
                    .bounds = NAME(rectifying)(call->relu),
                },
                region.right - region.left);
}

static void NAME(convolve_image)(const ck_convolution *shape, long regions, const ck_call *call) {
    // All of one image.
    for (long index = 0; index < regions; index++) NAME(convolve_image_region)(shape, call, call->regions[index]);
}
