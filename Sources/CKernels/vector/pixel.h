// What is computed pixel by pixel.

/// `count` pixels that follow each other, of one block of channels.
INLINED void NAME(combine_pixels)(const float *input, float *output, const float *other, const long step, long count,
    const float *scale, const float *shift, const ck_joint joint) {
    UNROLLED for (int part = 0; part < PARTS; part++) {
        const long lane = part * LANES;
        const vector factor = scale ? NAME(load)(scale + lane) : (vector){0},
                     summand = scale ? NAME(load)(shift + lane) : (vector){0};
        for (long pixel = 0; pixel < count; pixel++) {
            vector x = NAME(load)(input + pixel * block + lane);
            if (scale) x = NAME(fma)(x, factor, summand);
            if (joint == ck_added) x += NAME(load)(other + pixel * step + lane);
            if (joint == ck_multiplied) x *= NAME(load)(other + pixel * step + lane);
            NAME(store)(output + pixel * block + lane, x);
        }
    }
}

static void NAME(combine)(const ck_maps *maps, const ck_combination *combination) {
    const long width = combination->width, pixels = width * combination->height,
               step = combination->other_is_one ? 0 : block;
    for (long channels = 0; channels < maps->blocks; channels++)
        for (long image = 0; image < maps->images; image++) {
            const ck_region region = maps->regions[image];
            // Whole rows follow each other.
            const int whole = region.left == 0 && region.right == width;
            const long rows = whole ? 1 : region.bottom - region.top,
                       count = (whole ? region.bottom - region.top : 1) * (region.right - region.left);
            for (long row = 0; row < rows && count > 0; row++) {
                const long place = image * pixels + (region.top + row) * width + region.left;
                const float *input = maps->input + (channels * maps->input_plane + place) * block;
                float *output = maps->output + (channels * maps->output_plane + place) * block;
                const float *other = combination->other
                                         ? combination->other + (channels * combination->other_plane +
                                                                    (combination->other_is_one ? image : place)) *
                                                                    block
                                         : NULL;
                const float *scale = combination->scale ? combination->scale + channels * block : NULL;
                const float *shift = combination->shift ? combination->shift + channels * block : NULL;
                switch (combination->joint) {
                    case ck_alone:
                        if (scale) NAME(combine_pixels)(input, output, NULL, 0, count, scale, shift, ck_alone);
                        else if (input != output) memcpy(output, input, sizeof(float) * count * block);
                        break;
                    case ck_added:
                        NAME(combine_pixels)(input, output, other, step, count, scale, shift, ck_added);
                        break;
                    case ck_multiplied:
                        NAME(combine_pixels)(input, output, other, step, count, scale, shift, ck_multiplied);
                        break;
                }
                NAME(activate_blocks)(output, count * block, maps->activation);
            }
        }
}

/// In double, in `block` lanes whose sums are added in turn.
static void NAME(norm_pixels)(const ck_maps *maps, long first, long count, long channels, double epsilon,
    const float *weight, const float *bias) {
    const long blocks = maps->blocks;
    for (long pixel = first; pixel < first + count; pixel++) {
        const float *input = maps->input + pixel * block;
        float *output = maps->output + pixel * block;
        double lanes[block] = {0}, mean = 0, variance = 0;
        for (long index = 0; index < blocks; index++) {
            const float *numbers = input + index * maps->input_plane * block;
            const long count = ck_least(block, channels - index * block);
            if (count == block)
                for (int lane = 0; lane < block; lane++) lanes[lane] += numbers[lane];
            else
                for (int lane = 0; lane < count; lane++) lanes[lane] += numbers[lane];
        }
        for (int lane = 0; lane < block; lane++) mean += lanes[lane];
        mean /= (double)channels;
        double squares[block] = {0};
        for (long index = 0; index < blocks; index++) {
            const float *numbers = input + index * maps->input_plane * block;
            const long count = ck_least(block, channels - index * block);
            if (count == block)
                for (int lane = 0; lane < block; lane++)
                    squares[lane] += (numbers[lane] - mean) * (numbers[lane] - mean);
            else
                for (int lane = 0; lane < count; lane++)
                    squares[lane] += (numbers[lane] - mean) * (numbers[lane] - mean);
        }
        for (int lane = 0; lane < block; lane++) variance += squares[lane];
        const float scale = (float)(1 / sqrt(variance / (double)channels + epsilon)), middle = (float)mean;
        for (long index = 0; index < blocks; index++) UNROLLED for (int part = 0; part < PARTS; part++) {
                const long lane = part * LANES;
                const vector x = (NAME(load)(input + index * maps->input_plane * block + lane) - middle) * scale;
                NAME(store)(output + index * maps->output_plane * block + lane,
                    NAME(fma)(x, NAME(load)(weight + index * block + lane), NAME(load)(bias + index * block + lane)));
            }
    }
}

static void NAME(channel_norm)(const ck_maps *maps, long height, long width, long channels, double epsilon,
    const float *weight, const float *bias) {
    for (long image = 0; image < maps->images; image++) {
        const ck_region region = maps->regions[image];
        for (long y = region.top; y < region.bottom; y++)
            NAME(norm_pixels)(maps, (image * height + y) * width + region.left, region.right - region.left, channels,
                epsilon, weight, bias);
    }
}

static void NAME(global_mean)(const ck_maps *maps, long pixels) {
    for (long channels = 0; channels < maps->blocks; channels++)
        for (long image = 0; image < maps->images; image++) {
            const float *input = maps->input + (channels * maps->input_plane + image * pixels) * block;
            double sums[block] = {0};
            for (long pixel = 0; pixel < pixels; pixel++, input += block)
                for (int lane = 0; lane < block; lane++) sums[lane] += input[lane];
            float *output = maps->output + (channels * maps->output_plane + image) * block;
            for (int lane = 0; lane < block; lane++) output[lane] = (float)(sums[lane] / (double)pixels);
        }
}
