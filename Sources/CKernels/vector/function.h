// Functions of one number, vector by vector.

INLINED vector NAME(min)(vector a, vector b) {
    NAME(bits) mask = a < b;
    return (vector)(((NAME(bits))a & mask) | ((NAME(bits))b & ~mask));
}
INLINED vector NAME(magnitude)(vector x) { return (vector)((NAME(bits))x & 0x7FFFFFFF); }
INLINED vector NAME(choose)(NAME(bits) mask, vector a, vector b) {
    return (vector)(((NAME(bits))a & mask) | ((NAME(bits))b & ~mask));
}

/// eˣ = 2ⁿ eʳ, |r| ≤ ln 2 / 2, eʳ by its Taylor polynomial of degree 7; x is held between ±87, where eˣ is no denormal.
INLINED vector NAME(exponential)(vector x) {
    x = NAME(min)(NAME(max)(x, NAME(splat)(-87)), NAME(splat)(87));
    const vector shifter = NAME(splat)(12582912); // 1.5 · 2²³: rounds to a whole number
    const vector shifted = NAME(fma)(x, NAME(splat)(1.44269504f), shifter), n = shifted - shifter;
    // ln 2 in two parts, so that n · ln 2 loses nothing.
    const vector r = NAME(fma)(n, NAME(splat)(1.42860677e-6f), NAME(fma)(n, NAME(splat)(-0.693148613f), x));
    vector sum = NAME(splat)(1.0f / 5040);
    sum = NAME(fma)(sum, r, NAME(splat)(1.0f / 720));
    sum = NAME(fma)(sum, r, NAME(splat)(1.0f / 120));
    sum = NAME(fma)(sum, r, NAME(splat)(1.0f / 24));
    sum = NAME(fma)(sum, r, NAME(splat)(1.0f / 6));
    sum = NAME(fma)(sum, r, NAME(splat)(0.5f));
    sum = NAME(fma)(sum, r, NAME(splat)(1));
    sum = NAME(fma)(sum, r, NAME(splat)(1));
    const NAME(bits) power = ((NAME(bits))shifted - (NAME(bits))shifter + 127) << 23;
    return sum * (vector)power;
}

INLINED vector NAME(sigmoid)(vector x) { return 1 / (1 + NAME(exponential)(-x)); }

/// tanh = (1 − e^(−2|x|)) / (1 + e^(−2|x|)) with x's sign; near 0, where that cancels, by its series.
INLINED vector NAME(tanh)(vector x) {
    const vector size = NAME(magnitude)(x), e = NAME(exponential)(-2 * size);
    const vector far = (1 - e) / (1 + e), square = x * x;
    vector near = NAME(splat)(-17.0f / 315);
    near = NAME(fma)(near, square, NAME(splat)(2.0f / 15));
    near = NAME(fma)(near, square, NAME(splat)(-1.0f / 3));
    near = NAME(fma)(near * square, size, size);
    const vector value = NAME(choose)(size < 0.25f, near, far);
    return (vector)((NAME(bits))value | ((NAME(bits))x & (int)0x80000000));
}

/// x Φ(x) by the complementary error function of |x| / √2 (Abramowitz & Stegun 1964, 7.1.26, within 1.5e-7).
INLINED vector NAME(gelu)(vector x) {
    const vector z = NAME(magnitude)(x) * 0.707106781f, t = 1 / NAME(fma)(z, NAME(splat)(0.3275911f), NAME(splat)(1));
    vector sum = NAME(splat)(1.061405429f);
    sum = NAME(fma)(sum, t, NAME(splat)(-1.453152027f));
    sum = NAME(fma)(sum, t, NAME(splat)(1.421413741f));
    sum = NAME(fma)(sum, t, NAME(splat)(-0.284496736f));
    sum = NAME(fma)(sum, t, NAME(splat)(0.254829592f));
    const vector complement = sum * t * NAME(exponential)(-z * z);
    return x * NAME(choose)(x < 0, 0.5f * complement, NAME(fma)(NAME(splat)(-0.5f), complement, NAME(splat)(1)));
}

INLINED vector NAME(function)(ck_activation activation, vector x) {
    const vector zero = {0}, one = NAME(splat)(1);
    switch (activation.function) {
        case ck_identity: return x;
        case ck_relu: return NAME(max)(zero, x);
        case ck_clip: return NAME(min)(NAME(splat)(activation.b), NAME(max)(NAME(splat)(activation.a), x));
        case ck_leaky: return NAME(choose)(x < 0, x * activation.a, x);
        case ck_hard_sigmoid:
            return NAME(min)(one, NAME(max)(zero, NAME(fma)(x, NAME(splat)(activation.a), NAME(splat)(activation.b))));
        case ck_hard_swish: return x * NAME(min)(NAME(splat)(6), NAME(max)(zero, x + 3)) / 6;
        case ck_sigmoid: return NAME(sigmoid)(x);
        case ck_silu: return x * NAME(sigmoid)(x);
        case ck_tanh: return NAME(tanh)(x);
        case ck_gelu: return NAME(gelu)(x);
        case ck_gelu_tanh: return 0.5f * x * (1 + NAME(tanh)(0.79788456f * NAME(fma)(0.044715f * x * x, x, x)));
        case ck_exponential: return NAME(exponential)(x);
    }
    return x;
}

/// `count` numbers in place, a multiple of 16.
static void NAME(activate_blocks)(float *numbers, long count, ck_activation activation) {
#define EACH_NUMBER(name)                                                                                              \
    case name:                                                                                                         \
        for (long i = 0; i < count; i += LANES)                                                                        \
            NAME(store)(numbers + i,                                                                                   \
                NAME(function)((ck_activation){name, activation.a, activation.b}, NAME(load)(numbers + i)));           \
        break;
    switch (activation.function) {
        case ck_identity:
            break;
            EACH_NUMBER(ck_relu)
            EACH_NUMBER(ck_clip)
            EACH_NUMBER(ck_leaky)
            EACH_NUMBER(ck_hard_sigmoid)
            EACH_NUMBER(ck_hard_swish)
            EACH_NUMBER(ck_sigmoid)
            EACH_NUMBER(ck_silu)
            EACH_NUMBER(ck_tanh)
            EACH_NUMBER(ck_gelu)
            EACH_NUMBER(ck_gelu_tanh)
            EACH_NUMBER(ck_exponential)
    }
}

static void NAME(activate)(float *numbers, long count, ck_activation activation) {
    const long whole = count / block * block;
    NAME(activate_blocks)(numbers, whole, activation);
    if (whole == count) return;
    float rest[block] = {0};
    memcpy(rest, numbers + whole, sizeof(float) * (count - whole));
    NAME(activate_blocks)(rest, block, activation);
    memcpy(numbers + whole, rest, sizeof(float) * (count - whole));
}

/// The `rest` numbers of a row's last block; what fills it is `filling`.
INLINED void NAME(last_block)(const float *from, long rest, float filling, float *to) {
    for (int lane = 0; lane < block; lane++) to[lane] = filling;
    memcpy(to, from, sizeof(float) * rest);
}

/// Of a row whose blocks of numbers are `step` numbers apart.
INLINED float NAME(largest)(const float *numbers, long count, long step) {
    const long whole = count / block, rest = count % block;
    float last[block];
    NAME(last_block)(numbers + whole * step, rest, -INFINITY, last);
    vector most[PARTS];
    UNROLLED for (int part = 0; part < PARTS; part++) most[part] =
        NAME(max)(NAME(load)(last + part * LANES), NAME(splat)(-INFINITY));
    for (long i = 0; i < whole; i++)
        UNROLLED for (int part = 0; part < PARTS; part++) most[part] =
            NAME(max)(NAME(load)(numbers + i * step + part * LANES), most[part]);
    float largest = -INFINITY;
    UNROLLED for (int part = 0; part < PARTS; part++) largest = fmaxf(largest, __builtin_reduce_max(most[part]));
    return largest;
}

/// Each number becomes the power of its distance from the largest; gives their sum, by `block` lanes that are added in
/// turn.
INLINED double NAME(powers)(float *numbers, long count, long step, float largest) {
    const long whole = count / block, rest = count % block;
    NAME(wide) sums[PARTS] = {0};
    for (long i = 0; i < whole; i++) UNROLLED for (int part = 0; part < PARTS; part++) {
            float *place = numbers + i * step + part * LANES;
            const vector power = NAME(exponential)(NAME(load)(place) - largest);
            NAME(store)(place, power);
            sums[part] += WIDENED(power);
        }
    if (rest > 0) {
        // What is no number is 0 by now, and adds 0.
        float last[block];
        NAME(last_block)(numbers + whole * step, rest, largest, last);
        for (int lane = 0; lane < block; lane++) last[lane] -= largest;
        NAME(activate_blocks)(last, block, (ck_activation){ck_exponential, 0, 0});
        memcpy(numbers + whole * step, last, sizeof(float) * rest);
        NAME(last_block)(numbers + whole * step, rest, 0, last);
        UNROLLED for (int part = 0; part < PARTS; part++) sums[part] += WIDENED(NAME(load)(last + part * LANES));
    }
    double lanes[block], sum = 0;
    memcpy(lanes, sums, sizeof sums);
    for (int lane = 0; lane < block; lane++) sum += lanes[lane];
    return sum;
}

INLINED void NAME(scale)(float *numbers, long count, long step, float factor) {
    const long whole = count / block;
    for (long i = 0; i < whole; i++) UNROLLED for (int part = 0; part < PARTS; part++) {
            float *place = numbers + i * step + part * LANES;
            NAME(store)(place, NAME(load)(place) * factor);
        }
    for (long lane = 0; lane < count % block; lane++) numbers[whole * step + lane] *= factor;
}

enum { NAME(softmax_together) = 8 };

/// Softmax of rows that are `row` numbers apart, their blocks of numbers `step`. The largest of a row is subtracted.
/// Some rows at a time, for each step waits for the row's one before.
static void NAME(softmax_rows)(float *numbers, long rows, long row, long columns, long step) {
    for (; rows > 0; rows -= NAME(softmax_together), numbers += NAME(softmax_together) * row) {
        const long count = ck_least(rows, NAME(softmax_together));
        float largest[NAME(softmax_together)];
        double sums[NAME(softmax_together)];
        for (long i = 0; i < count; i++) largest[i] = NAME(largest)(numbers + i * row, columns, step);
        for (long i = 0; i < count; i++) sums[i] = NAME(powers)(numbers + i * row, columns, step, largest[i]);
        for (long i = 0; i < count; i++) NAME(scale)(numbers + i * row, columns, step, (float)(1 / sums[i]));
    }
}

static void NAME(softmax)(float *numbers, long rows, long columns) {
    NAME(softmax_rows)(numbers, rows, columns, columns, block);
}
