// The inner loop: a tile of outputs accumulates in registers over all its terms.

// What outputs are held between, where `hold`; NaN stays NaN.
typedef struct {
    int hold;
    float low, high;
} NAME(bounds);

INLINED NAME(bounds) NAME(rectifying)(int relu) { return (NAME(bounds)){relu, 0, INFINITY}; }
INLINED NAME(bounds) NAME(bounds_of)(ck_activation activation) {
    return activation.function == ck_clip ? (NAME(bounds)){1, activation.a, activation.b}
                                          : NAME(rectifying)(activation.function == ck_relu);
}
INLINED vector NAME(held)(NAME(bounds) bounds, vector x) {
    return NAME(min)(NAME(splat)(bounds.high), NAME(max)(NAME(splat)(bounds.low), x));
}

typedef struct {
    const float *a; // inputs: term k of pixel t is at a[k / 16 · a_stride + t · 16 + k % 16], or, with offsets,
    long a_stride;  // at a[offsets[k] + t]
    const int *offsets;
    const float *b; // packed weights [terms][channels]
    long channels;  // TILE_CHANNELS or, without offsets, a block
    long terms;
    float *c; // outputs: channel n of pixel t is at c[n / 16 · c_stride + t · 16 + n % 16]
    long c_stride;
    const float *bias;   // [channels], or NULL for 0
    const float *addend; // like c: the sums start from it, bias added; or NULL
    long addend_stride;
    NAME(bounds) bounds;
    ck_ahead *ahead; // or NULL; without offsets
} NAME(tile);

/// Where vector `v` of a pixel lies in a blocked tile.
INLINED long NAME(place)(long stride, int pixel, int v) {
    return v * LANES / block * stride + pixel * block + v * LANES % block;
}

INLINED void NAME(begin)(const NAME(tile) * tile, const int pixels, const int vectors, vector sums[][TILE_VECTORS]) {
    UNROLLED for (int v = 0; v < vectors; v++) {
        const vector bias = tile->bias ? NAME(load)(tile->bias + v * LANES) : (vector){0};
        UNROLLED for (int t = 0; t < pixels; t++) sums[t][v] = bias;
    }
    if (tile->addend) {
        UNROLLED for (int t = 0; t < pixels; t++) UNROLLED for (int v = 0; v < vectors; v++) sums[t][v] +=
            NAME(load)(tile->addend + NAME(place)(tile->addend_stride, t, v));
    }
}

INLINED void NAME(finish)(const NAME(tile) * tile, const int pixels, const int vectors, vector sums[][TILE_VECTORS]) {
    if (tile->bounds.hold) {
        UNROLLED for (int t = 0; t < pixels; t++) UNROLLED for (int v = 0; v < vectors; v++) sums[t][v] =
            NAME(held)(tile->bounds, sums[t][v]);
    }
    UNROLLED for (int t = 0; t < pixels; t++) UNROLLED for (int v = 0; v < vectors; v++)
        NAME(store)(tile->c + NAME(place)(tile->c_stride, t, v), sums[t][v]);
}

/// One term: `stride` floats lie between the pixels of `a`.
INLINED void NAME(step)(const float *a, const int stride, const float *b, const int pixels, const int vectors,
    vector sums[][TILE_VECTORS]) {
    vector weights[TILE_VECTORS];
    UNROLLED for (int v = 0; v < vectors; v++) weights[v] = NAME(load)(b + v * LANES);
    UNROLLED for (int t = 0; t < pixels; t++) {
        const vector x = NAME(splat)(a[t * stride]);
        UNROLLED for (int v = 0; v < vectors; v++) sums[t][v] = NAME(fma)(x, weights[v], sums[t][v]);
    }
}

INLINED void NAME(compute_blocked)(const NAME(tile) * tile, const int pixels, const int vectors) {
    vector sums[TILE_PIXELS][TILE_VECTORS];
    NAME(begin)(tile, pixels, vectors, sums);
    const float *a = tile->a, *b = tile->b, *ahead = tile->ahead ? tile->ahead->next : b;
    const long line = tile->ahead && ahead < tile->ahead->end ? block : 0;
    for (long left = tile->terms; left > 0; left -= block, a += tile->a_stride) {
        const long lanes = ck_least(left, block);
        long lane = 0;
        for (; lane + 4 <= lanes; lane += 4, ahead += line) {
            __builtin_prefetch(ahead, 0, 2);
            UNROLLED for (int u = 0; u < 4; u++, b += vectors * LANES)
                NAME(step)(a + lane + u, block, b, pixels, vectors, sums);
        }
        for (; lane < lanes; lane++, b += vectors * LANES) NAME(step)(a + lane, block, b, pixels, vectors, sums);
    }
    if (tile->ahead) tile->ahead->next = ahead;
    NAME(finish)(tile, pixels, vectors, sums);
}

INLINED void NAME(compute_offset)(const NAME(tile) * tile, const int pixels) {
    vector sums[TILE_PIXELS][TILE_VECTORS];
    NAME(begin)(tile, pixels, TILE_VECTORS, sums);
    const float *b = tile->b;
    for (long k = 0; k < tile->terms; k++, b += TILE_CHANNELS)
        NAME(step)(tile->a + tile->offsets[k], 1, b, pixels, TILE_VECTORS, sums);
    NAME(finish)(tile, pixels, TILE_VECTORS, sums);
}

// The number of pixels must be a constant for the sums to stay in registers.
#if TILE_PIXELS == 14
#define EACH_TILE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif TILE_PIXELS == 6
#define EACH_TILE(X) X(1) X(2) X(3) X(4) X(5) X(6)
#else
#define EACH_TILE(X) X(1) X(2)
#endif
#define TILE_FUNCTIONS(n)                                                                                              \
    static void NAME(blocked_##n)(const NAME(tile) * tile) { NAME(compute_blocked)(tile, n, TILE_VECTORS); }           \
    static void NAME(narrow_##n)(const NAME(tile) * tile) { NAME(compute_blocked)(tile, n, PARTS); }                   \
    static void NAME(offset_##n)(const NAME(tile) * tile) { NAME(compute_offset)(tile, n); }
EACH_TILE(TILE_FUNCTIONS)

typedef void (*NAME(tile_function))(const NAME(tile) *);
#define BLOCKED_ENTRY(n) [n] = NAME(blocked_##n),
#define NARROW_ENTRY(n) [n] = NAME(narrow_##n),
#define OFFSET_ENTRY(n) [n] = NAME(offset_##n),
static const NAME(tile_function) NAME(blocked_tiles)[TILE_PIXELS + 1] = {EACH_TILE(BLOCKED_ENTRY)};
static const NAME(tile_function) NAME(narrow_tiles)[TILE_PIXELS + 1] = {EACH_TILE(NARROW_ENTRY)};
static const NAME(tile_function) NAME(offset_tiles)[TILE_PIXELS + 1] = {EACH_TILE(OFFSET_ENTRY)};

/// `pixels` pixels in tiles of nearly equal size; `tile` describes the first pixel.
INLINED void NAME(compute_tiles)(NAME(tile) tile, long pixels) {
    const NAME(tile_function) *functions = tile.offsets                     ? NAME(offset_tiles)
                                           : tile.channels == TILE_CHANNELS ? NAME(blocked_tiles)
                                                                            : NAME(narrow_tiles);
    const long a_pixel = tile.offsets ? 1 : block;
    for (long tiles = ck_ceiling(pixels, TILE_PIXELS); tiles > 0; tiles--) {
        const long size = ck_ceiling(pixels, tiles);
        functions[size](&tile);
        tile.a += size * a_pixel;
        tile.c += size * block;
        if (tile.addend) tile.addend += size * block;
        pixels -= size;
    }
}
