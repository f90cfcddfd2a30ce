// The matrix product's inner loop: a tile of rows × TILE_CHANNELS columns of c accumulates in registers.

/// `a` packed [terms][rows], `b` packed [terms][TILE_CHANNELS]; the sums start from 0, or go on from `c` where
/// `resumed`.
INLINED void NAME(multiply)(
    const int rows, long terms, const float *a, const float *b, float *c, long c_row, int resumed) {
    vector sums[TILE_PIXELS][TILE_VECTORS];
    UNROLLED for (int t = 0; t < rows; t++) __builtin_prefetch(c + (rows + t) * c_row, 1); // the next tile's
    UNROLLED for (int t = 0; t < rows; t++) UNROLLED for (int v = 0; v < TILE_VECTORS; v++) sums[t][v] =
        resumed ? NAME(load)(c + t * c_row + v * LANES) : (vector){0};
    for (; terms >= 4; terms -= 4)
        UNROLLED for (int u = 0; u < 4; u++, a += rows, b += TILE_CHANNELS)
            NAME(step)(a, 1, b, rows, TILE_VECTORS, sums);
    for (; terms > 0; terms--, a += rows, b += TILE_CHANNELS) NAME(step)(a, 1, b, rows, TILE_VECTORS, sums);
    UNROLLED for (int t = 0; t < rows; t++) UNROLLED for (int v = 0; v < TILE_VECTORS; v++)
        NAME(store)(c + t * c_row + v * LANES, sums[t][v]);
}

typedef void (*NAME(product_tile))(long, const float *, const float *, float *, long, int);
#define PRODUCT_FUNCTION(n)                                                                                            \
    static void NAME(product_##n)(long terms, const float *a, const float *b, float *c, long c_row, int resumed) {     \
        NAME(multiply)(n, terms, a, b, c, c_row, resumed);                                                             \
    }
EACH_TILE(PRODUCT_FUNCTION)
#define PRODUCT_ENTRY(n) [n] = NAME(product_##n),
static const NAME(product_tile) NAME(product_tiles)[TILE_PIXELS + 1] = {EACH_TILE(PRODUCT_ENTRY)};

/// Packs the terms `first..<end` of the rows `top..<bottom`, tile after tile: [terms][rows of the tile].
static void NAME(pack_rows)(ck_matrix a, long top, long bottom, long first, long end, float *packed) {
    const long step = ck_packing_step(a.row, end - first);
    for (long start = first; start < end; start += step) {
        float *tile = packed;
        long row = top;
        for (long tiles = ck_ceiling(bottom - top, TILE_PIXELS); tiles > 0; tiles--) {
            const long size = ck_ceiling(bottom - row, tiles);
            ck_pack_lines(a.numbers + row * a.row + start * a.column, a.row, a.column, size,
                ck_least(step, end - start), tile + (start - first) * size, size);
            tile += size * (end - first);
            row += size;
        }
    }
}

/// A column of tiles: `rows` rows, packed in `a`, times `width` columns, packed in `b`, into c.
static void NAME(multiply_columns)(
    long rows, long width, long terms, const float *a, const float *b, float *c, long c_row, int resumed) {
    for (long tiles = ck_ceiling(rows, TILE_PIXELS); tiles > 0; tiles--) {
        const long size = ck_ceiling(rows, tiles);
        if (width == TILE_CHANNELS) {
            NAME(product_tiles)[size](terms, a, b, c, c_row, resumed);
        } else {
            float edge[TILE_PIXELS * TILE_CHANNELS] = {0};
            for (long t = 0; t < size && resumed; t++)
                memcpy(edge + t * TILE_CHANNELS, c + t * c_row, sizeof(float) * width);
            NAME(product_tiles)[size](terms, a, b, edge, TILE_CHANNELS, resumed);
            for (long t = 0; t < size; t++) memcpy(c + t * c_row, edge + t * TILE_CHANNELS, sizeof(float) * width);
        }
        a += size * terms;
        c += size * c_row;
        rows -= size;
    }
}

static void NAME(multiply_matrices)(const ck_product *product) {
    const long terms = product->terms, rows = product->rows, columns = product->columns;
    const long depth = ck_even(terms, PRODUCT_DEPTH);
    const long height = ck_even(rows, PRODUCT_TILES * TILE_PIXELS);
    const long width = product->packed ? columns : product_columns;
    float *left = product->scratch, *right = left + ck_least(rows, product_rows) * depth;
    for (long start = 0; start < columns; start += width) {
        const long count = ck_least(width, columns - start);
        for (long first = 0; first < terms; first += depth) {
            const long end = ck_least(first + depth, terms);
            if (!product->packed)
                ck_pack_columns(TILE_CHANNELS, product->b, first, end - first, start, count, right, end - first);
            for (long top = 0; top < rows; top += height) {
                const long bottom = ck_least(top + height, rows);
                NAME(pack_rows)(product->a, top, bottom, first, end, left);
                for (long column = 0; column < count; column += TILE_CHANNELS)
                    NAME(multiply_columns)(bottom - top, ck_least(TILE_CHANNELS, count - column), end - first, left,
                        product->packed ? product->packed + column * terms + first * TILE_CHANNELS
                                        : right + column * (end - first),
                        product->c + top * product->c_row + start + column, product->c_row, first > 0);
            }
        }
    }
}
