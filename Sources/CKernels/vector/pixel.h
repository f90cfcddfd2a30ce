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

enum { NAME(norm_together) = 4 };

/// Pixels that follow each other, in double, in `block` lanes whose sums are added in turn.
INLINED void NAME(norm_pixels)(const ck_maps *maps, long first, long channels, double epsilon, const float *weight,
    const float *bias, const int pixels) {
    const long step = maps->input_plane * block, whole = channels / block, rest = channels % block;
    const float *input = maps->input + first * block;
    float *output = maps->output + first * block;
    NAME(wide) lanes[NAME(norm_together)][PARTS] = {0};
    double means[NAME(norm_together)];
    for (long index = 0; index < whole; index++)
        UNROLLED for (int p = 0; p < pixels; p++) UNROLLED for (int part = 0; part < PARTS; part++) lanes[p][part] +=
            WIDENED(NAME(load)(input + index * step + p * block + part * LANES));
    UNROLLED for (int p = 0; p < pixels; p++) {
        double sums[block], mean = 0;
        memcpy(sums, lanes[p], sizeof sums);
        for (long lane = 0; lane < rest; lane++) sums[lane] += input[whole * step + p * block + lane];
        for (int lane = 0; lane < block; lane++) mean += sums[lane];
        means[p] = mean / (double)channels;
        UNROLLED for (int part = 0; part < PARTS; part++) lanes[p][part] = (NAME(wide)){0};
    }
    for (long index = 0; index < whole; index++)
        UNROLLED for (int p = 0; p < pixels; p++) UNROLLED for (int part = 0; part < PARTS; part++) {
            const NAME(wide) away = WIDENED(NAME(load)(input + index * step + p * block + part * LANES)) - means[p];
            lanes[p][part] += away * away;
        }
    vector scale[NAME(norm_together)], middle[NAME(norm_together)];
    UNROLLED for (int p = 0; p < pixels; p++) {
        double squares[block], variance = 0;
        memcpy(squares, lanes[p], sizeof squares);
        for (long lane = 0; lane < rest; lane++) {
            const double away = input[whole * step + p * block + lane] - means[p];
            squares[lane] += away * away;
        }
        for (int lane = 0; lane < block; lane++) variance += squares[lane];
        scale[p] = NAME(splat)((float)(1 / sqrt(variance / (double)channels + epsilon)));
        middle[p] = NAME(splat)((float)means[p]);
    }
    for (long index = 0; index < maps->blocks; index++) UNROLLED for (int part = 0; part < PARTS; part++) {
            const long lane = index * block + part * LANES;
            const vector factor = NAME(load)(weight + lane), summand = NAME(load)(bias + lane);
            UNROLLED for (int p = 0; p < pixels; p++) {
                const vector x = (NAME(load)(input + index * step + p * block + part * LANES) - middle[p]) * scale[p];
                NAME(store)(output + index * maps->output_plane * block + p * block + part * LANES,
                    NAME(fma)(x, factor, summand));
            }
        }
}

static void NAME(channel_norm)(const ck_maps *maps, long height, long width, long channels, double epsilon,
    const float *weight, const float *bias) {
    for (long image = 0; image < maps->images; image++) {
        const ck_region region = maps->regions[image];
        for (long y = region.top; y < region.bottom; y++) {
            long first = (image * height + y) * width + region.left;
            const long end = first + region.right - region.left;
            for (; first + NAME(norm_together) <= end; first += NAME(norm_together))
                NAME(norm_pixels)(maps, first, channels, epsilon, weight, bias, NAME(norm_together));
            for (; first < end; first++) NAME(norm_pixels)(maps, first, channels, epsilon, weight, bias, 1);
        }
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
