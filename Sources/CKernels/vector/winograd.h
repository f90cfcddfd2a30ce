// Winograd's minimal filtering: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A (Lavin & Gray 2016, section 4), as F(4×4, 3×3) with 6
// and F(4×4, 5×5) with 8 interpolation points a dimension: 36 instead of 144, 64 instead of 400 products for 16
// outputs.
//
// With stride 2, three taps are two on every other number and one on those between: F(4, 2) with 5 points for the
// former, and the latter as they are; 81 instead of 144 products.

/// d[i + 4] − (p + q) d[i + 2] + p q d[i].
INLINED vector NAME(quartic)(const vector *d, float p, float q) {
    return NAME(fma)(NAME(splat)(p * q), d[0], NAME(fma)(NAME(splat)(-(p + q)), d[2], d[4]));
}

/// Bᵀ d for the points 0, ±a, ±b, ∞: row p holds the coefficients of x(x² − a²)(x² − b²) / (x − p).
INLINED void NAME(input_column_6)(vector d[6]) {
    const float a = winograd_6a, b = winograd_6b, a2 = a * a, b2 = b * b;
    const vector even_a = NAME(fma)(NAME(splat)(-b2), d[2], d[4]), odd_a = NAME(fma)(NAME(splat)(-b2), d[1], d[3]);
    const vector even_b = NAME(fma)(NAME(splat)(-a2), d[2], d[4]), odd_b = NAME(fma)(NAME(splat)(-a2), d[1], d[3]);
    const vector zero = NAME(quartic)(d, a2, b2), infinite = NAME(quartic)(d + 1, a2, b2);
    d[0] = zero;
    d[1] = NAME(fma)(NAME(splat)(a), odd_a, even_a);
    d[2] = NAME(fma)(NAME(splat)(-a), odd_a, even_a);
    d[3] = NAME(fma)(NAME(splat)(b), odd_b, even_b);
    d[4] = NAME(fma)(NAME(splat)(-b), odd_b, even_b);
    d[5] = infinite;
}

/// Bᵀ d for the points 0, ±a, ±b, ±c, ∞: row p holds the coefficients of x(x² − a²)(x² − b²)(x² − c²) / (x − p).
INLINED void NAME(input_column_8)(vector d[8]) {
    const float a = winograd_8a, b = winograd_8b, c = winograd_8c, a2 = a * a, b2 = b * b, c2 = c * c;
    const vector even_a = NAME(quartic)(d + 2, b2, c2), odd_a = NAME(quartic)(d + 1, b2, c2);
    const vector even_b = NAME(quartic)(d + 2, a2, c2), odd_b = NAME(quartic)(d + 1, a2, c2);
    const vector even_c = NAME(quartic)(d + 2, a2, b2), odd_c = NAME(quartic)(d + 1, a2, b2);
    // x (x² − a²)(x² − b²)(x² − c²), whose constant term is the product of all three.
    const vector sum = NAME(splat)(-(a2 + b2 + c2)), pairs = NAME(splat)(a2 * b2 + a2 * c2 + b2 * c2),
                 product = NAME(splat)(-a2 * b2 * c2);
    const vector zero = NAME(fma)(product, d[0], NAME(fma)(pairs, d[2], NAME(fma)(sum, d[4], d[6])));
    const vector infinite = NAME(fma)(product, d[1], NAME(fma)(pairs, d[3], NAME(fma)(sum, d[5], d[7])));
    d[0] = zero;
    d[1] = NAME(fma)(NAME(splat)(a), odd_a, even_a);
    d[2] = NAME(fma)(NAME(splat)(-a), odd_a, even_a);
    d[3] = NAME(fma)(NAME(splat)(b), odd_b, even_b);
    d[4] = NAME(fma)(NAME(splat)(-b), odd_b, even_b);
    d[5] = NAME(fma)(NAME(splat)(c), odd_c, even_c);
    d[6] = NAME(fma)(NAME(splat)(-c), odd_c, even_c);
    d[7] = infinite;
}

/// Bᵀ d with stride 2: the points ±a, ±b, ∞ of d's even places, in their places; row p as above, of (x² − a²)(x² − b²).
INLINED void NAME(input_column_9)(vector d[9]) {
    const float a = winograd_9a, b = winograd_9b, a2 = a * a, b2 = b * b;
    const vector even[5] = {d[0], d[2], d[4], d[6], d[8]};
    const vector even_a = NAME(fma)(NAME(splat)(-b2), even[0], even[2]),
                 odd_a = NAME(fma)(NAME(splat)(-b2), even[1], even[3]);
    const vector even_b = NAME(fma)(NAME(splat)(-a2), even[0], even[2]),
                 odd_b = NAME(fma)(NAME(splat)(-a2), even[1], even[3]);
    d[0] = NAME(fma)(NAME(splat)(a), even_a, odd_a);
    d[2] = NAME(fma)(NAME(splat)(-a), even_a, odd_a);
    d[4] = NAME(fma)(NAME(splat)(b), even_b, odd_b);
    d[6] = NAME(fma)(NAME(splat)(-b), even_b, odd_b);
    d[8] = NAME(quartic)(even, a2, b2);
}

/// Aᵀ m: row i holds the points' i-th powers.
INLINED void NAME(output_column_6)(const vector m[6], vector y[4]) {
    const float a = winograd_6a, b = winograd_6b;
    const vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + (even_a + even_b);
    y[1] = NAME(fma)(NAME(splat)(b), odd_b, NAME(splat)(a) * odd_a);
    y[2] = NAME(fma)(NAME(splat)(b * b), even_b, NAME(splat)(a * a) * even_a);
    y[3] = NAME(fma)(NAME(splat)(b * b * b), odd_b, NAME(fma)(NAME(splat)(a * a * a), odd_a, m[5]));
}

INLINED void NAME(output_column_8)(const vector m[8], vector y[4]) {
    const float a = winograd_8a, b = winograd_8b, c = winograd_8c;
    const vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    const vector even_c = m[5] + m[6], odd_c = m[5] - m[6];
    y[0] = m[0] + ((even_a + even_b) + even_c);
    y[1] = NAME(fma)(NAME(splat)(c), odd_c, NAME(fma)(NAME(splat)(b), odd_b, NAME(splat)(a) * odd_a));
    y[2] = NAME(fma)(NAME(splat)(c * c), even_c, NAME(fma)(NAME(splat)(b * b), even_b, NAME(splat)(a * a) * even_a));
    y[3] = NAME(fma)(NAME(splat)(c * c * c), odd_c,
        NAME(fma)(NAME(splat)(b * b * b), odd_b, NAME(fma)(NAME(splat)(a * a * a), odd_a, m[7])));
}

INLINED void NAME(output_column_9)(const vector m[9], vector y[4]) {
    const float a = winograd_9a, b = winograd_9b;
    const vector even_a = m[0] + m[2], odd_a = m[0] - m[2], even_b = m[4] + m[6], odd_b = m[4] - m[6];
    y[0] = m[1] + (even_a + even_b);
    y[1] = NAME(fma)(NAME(splat)(b), odd_b, NAME(fma)(NAME(splat)(a), odd_a, m[3]));
    y[2] = NAME(fma)(NAME(splat)(b * b), even_b, NAME(fma)(NAME(splat)(a * a), even_a, m[5]));
    y[3] = NAME(fma)(NAME(splat)(b * b * b), odd_b, NAME(fma)(NAME(splat)(a * a * a), odd_a, m[7] + m[8]));
}

/// The first of a tile's 4×4 outputs.
typedef struct {
    long image;
    int y, x;
} NAME(corner);

#define POINTS 6
#define SIZED(name) NAME(name##_6)
#include "winograd_sized.h"
#undef POINTS
#undef SIZED
#define POINTS 8
#define SIZED(name) NAME(name##_8)
#include "winograd_sized.h"
#undef POINTS
#undef SIZED
#define POINTS 9
#define SIZED(name) NAME(name##_9)
#include "winograd_sized.h"
#undef POINTS
#undef SIZED

static void NAME(convolve_winograd)(const ck_convolution *shape, long images, const ck_call *call) {
    switch (ck_points(shape)) {
        case 6: NAME(filter_6)(shape, images, call); break;
        case 8: NAME(filter_8)(shape, images, call); break;
        default: NAME(filter_9)(shape, images, call);
    }
}
