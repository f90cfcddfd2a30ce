// Element-wise arithmetic of training (Networks/Training has the formulas). The same bits with every instruction set.
//
// Matrices are row-major; `stride` is the length of their rows, of which the first `columns` numbers from the given
// pointer on are meant.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// Sums of a column and of its squares.
void ct_column_sums(long rows, long columns, long stride, const float *x, double *sums, double *squares);

/// out ← ((x − mean) · scale + bias) · kept · kept_scale; without dropout `kept` is NULL.
void ct_normalise(long rows, long columns, long stride, const float *x, const float *mean, const float *scale,
    const float *bias, const unsigned char *kept, float kept_scale, float *out);

/// gradient ← gradient · kept · kept_scale; its sums, and those of its products with (x − mean) · inverse, down each
/// column.
void ct_parameter_gradients(long rows, long columns, long stride, const float *x, const float *mean,
    const float *inverse, const unsigned char *kept, float kept_scale, float *gradient, double *sums, double *products);

/// gradient ← (gradient − share · (bias_gradient + x̂ · weight_gradient)) · inverse · weight where x > 0, else 0; x̂ = (x
/// − mean) · inverse.
void ct_input_gradient(long rows, long columns, long stride, const float *x, const float *mean, const float *inverse,
    const float *weight, float share, const float *bias_gradient, const float *weight_gradient, float *gradient);

/// normalised ← (x − mean) · inverse · kept · kept_scale, and, where `kept` is not NULL, dropped ← 1 − kept.
void ct_keep_normalised(long rows, long columns, long stride, const float *x, const float *mean, const float *inverse,
    const unsigned char *kept, float kept_scale, float *normalised, float *dropped);

/// Of y = W · kept · kept_scale · (scale · x̂ + shift) the way back to W, scale and shift, for all outputs and some
/// columns. `gradient` `[outputs, columns]` (rows `stride` apart, as those of `weight`) holds the sums of y's gradients
/// times kept · kept_scale · x̂, and gets W's gradient; `output_sums` the sums of y's gradients, `dropped_sums`
/// `[columns, outputs]` those over the rows that are dropped, or NULL. `scale_gradient` and `shift_gradient` get
/// `columns` numbers.
void ct_folded_gradients(long outputs, long columns, long stride, const float *weight, const float *scale,
    const float *shift, const float *output_sums, const float *dropped_sums, float kept_scale, float *gradient,
    double *scale_gradient, double *shift_gradient);

/// kept ← 1 where random ≥ threshold, else 0.
void ct_keep(long count, const unsigned short *random, unsigned threshold, unsigned char *kept);

/// A step of Adam with β 0.9 and 0.999, ε 1e-8: `rate` is the learning rate over 1 − β₁ᵗ, `correction` is 1 / √(1 −
/// β₂ᵗ).
void ct_adam(
    long count, float rate, float correction, float *parameters, const float *gradients, float *mean, float *square);

#ifdef __cplusplus
}
#endif
