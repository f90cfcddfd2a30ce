// The matrix product's inner loop: a tile of rows × TILE_CHANNELS columns of c accumulates in registers.

/// `a` packed [terms][rows], `b` packed [terms][TILE_CHANNELS]; the sums start from 0, or go on from `c` where `resumed`.
INLINED void NAME(multiply)(const int rows, long terms, const float *a, const float *b, float *c, long c_row, int resumed) {
    vector sums[TILE_PIXELS][TILE_VECTORS];
    UNROLLED for (int t = 0; t < rows; t++)
        UNROLLED for (int v = 0; v < TILE_VECTORS; v++) sums[t][v] = resumed ? NAME(load)(c + t * c_row + v * LANES) : (vector){0};
    for (; terms >= 4; terms -= 4)
        UNROLLED for (int u = 0; u < 4; u++, a += rows, b += TILE_CHANNELS) NAME(step)(a, 1, b, rows, sums);
    for (; terms > 0; terms--, a += rows, b += TILE_CHANNELS) NAME(step)(a, 1, b, rows, sums);
    UNROLLED for (int t = 0; t < rows; t++)
        UNROLLED for (int v = 0; v < TILE_VECTORS; v++) NAME(store)(c + t * c_row + v * LANES, sums[t][v]);
}

typedef void (*NAME(product_tile))(long, const float *, const float *, float *, long, int);
#define PRODUCT_FUNCTION(n)                                                                                               \
    static void NAME(product_##n)(long terms, const float *a, const float *b, float *c, long c_row, int resumed) {        \
        NAME(multiply)(n, terms, a, b, c, c_row, resumed);                                                                \
    }
EACH_TILE(PRODUCT_FUNCTION)
#define PRODUCT_ENTRY(n) [n] = NAME(product_##n),
static const NAME(product_tile) NAME(product_tiles)[TILE_PIXELS + 1] = {EACH_TILE(PRODUCT_ENTRY)};

/// Packs the terms `first..<end` of all rows, tile after tile: [terms][rows of the tile].
static void NAME(pack_left)(const ck_product *product, long first, long end, float *packed) {
    const ck_matrix a = product->a;
    long row = 0;
    for (long tiles = ck_ceiling(product->rows, TILE_PIXELS); tiles > 0; tiles--) {
        const long size = ck_ceiling(product->rows - row, tiles);
        if (a.row == 1) {
            for (long term = first; term < end; term++)
                memcpy(packed + (term - first) * size, a.numbers + row + term * a.column, sizeof(float) * size);
        } else for (long start = first; start < end; start += block) {  // a few terms at a time stay in the nearest cache
            const long stop = ck_least(start + block, end);
            for (long t = 0; t < size; t++) {
                const float *from = a.numbers + (row + t) * a.row;
                for (long term = start; term < stop; term++) packed[(term - first) * size + t] = from[term * a.column];
            }
        }
        packed += size * (end - first);
        row += size;
    }
}

static void NAME(multiply_matrices)(const ck_product *product) {
    const long terms = product->terms, rows = product->rows, columns = product->columns;
    const long depth = ck_ceiling(terms, ck_ceiling(terms, product_depth));
    for (long first = 0; first < terms; first += depth) {
        const long end = ck_least(first + depth, terms);
        NAME(pack_left)(product, first, end, product->scratch);
        for (long column = 0; column < columns; column += TILE_CHANNELS) {
            const float *b = product->packed + column * terms + first * TILE_CHANNELS;
            const float *a = product->scratch;
            const long width = ck_least(TILE_CHANNELS, columns - column);
            long row = 0;
            for (long tiles = ck_ceiling(rows, TILE_PIXELS); tiles > 0; tiles--) {
                const long size = ck_ceiling(rows - row, tiles);
                float *c = product->c + row * product->c_row + column;
                if (width == TILE_CHANNELS) {
                    NAME(product_tiles)[size](end - first, a, b, c, product->c_row, first > 0);
                } else {
                    float edge[TILE_PIXELS * TILE_CHANNELS] = {0};
                    for (long t = 0; t < size && first > 0; t++) memcpy(edge + t * TILE_CHANNELS, c + t * product->c_row, sizeof(float) * width);
                    NAME(product_tiles)[size](end - first, a, b, edge, TILE_CHANNELS, first > 0);
                    for (long t = 0; t < size; t++) memcpy(c + t * product->c_row, edge + t * TILE_CHANNELS, sizeof(float) * width);
                }
                a += size * (end - first);
                row += size;
            }
        }
    }
}
