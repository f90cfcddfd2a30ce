// Attention of one head over blocked maps: products whose left factors are read where they lie.

/// c ← a · b by tiles of columns: `a` and `c` blocked, `b` packed [columns / tile][terms][tile]; the last tile may be
/// half.
static void NAME(multiply_blocked)(
    long pixels, long columns, long terms, const float *a, long a_stride, const float *b, float *c, long c_stride) {
    for (long column = 0; column < columns; column += TILE_CHANNELS)
        NAME(compute_tiles)(
            (NAME(tile)){
                .a = a,
                .a_stride = a_stride,
                .b = b + column * terms,
                .channels = ck_least(TILE_CHANNELS, columns - column),
                .terms = terms,
                .c = c + column / block * c_stride,
                .c_stride = c_stride,
            },
            pixels);
}

static void NAME(attend)(const ck_attention *head) {
    const long depth = head->depth, keys = head->keys, queries = head->queries,
               columns = ck_ceiling(keys, block) * block;
    const long stride = ck_spread(queries) * block, key_step = head->key_plane * block;
    float *scaled = head->scratch, *scores = scaled + depth / block * stride,
          *packed = scores + columns / block * stride;
    for (long index = 0; index < depth / block; index++) {
        const float *from = head->query + index * head->query_plane * block;
        for (long i = 0; i < queries * block; i++) scaled[index * stride + i] = from[i] * head->query_factor;
    }
    // Keys are the columns of the first product, and values the rows of the second.
    for (long column = 0; column < columns; column += TILE_CHANNELS) {
        const long width = ck_least(TILE_CHANNELS, columns - column), size = ck_least(width, keys - column);
        float *tile = packed + column * depth;
        if (size < width) memset(tile, 0, sizeof(float) * depth * width);
        for (long term = 0; term < depth; term += block)
            ck_pack_lines(head->key + term / block * key_step + column * block, block, 1, size, block,
                tile + term * width, width);
        for (long i = 0; i < depth * width; i++) tile[i] *= head->key_factor;
    }
    NAME(multiply_blocked)(queries, columns, depth, scaled, stride, packed, scores, stride);
    NAME(softmax_rows)(scores, queries, block, keys, stride);
    for (long column = 0; column < depth; column += block) {
        const long first = column / TILE_CHANNELS * TILE_CHANNELS, width = ck_least(TILE_CHANNELS, depth - first);
        const float *from = head->value + column / block * head->value_plane * block;
        float *to = packed + first * keys + column - first;
        for (long key = 0; key < keys; key++) memcpy(to + key * width, from + key * block, sizeof(float) * block);
    }
    NAME(multiply_blocked)(queries, depth, keys, scores, stride, packed, head->output, head->output_plane * block);
}
