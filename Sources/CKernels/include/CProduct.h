// Matrix products whose bits depend on the numbers alone: each output is one chain of fused multiply-adds over the
// terms in their order, with every instruction set and however the work is cut.
#pragma once

#include "CInstructions.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Number (i, j) is at numbers[i · row + j · column].
typedef struct {
    const float *numbers;
    long row, column;
} ck_matrix;

/// Numbers that a packed right matrix holds.
long ck_right_count(long terms, long columns);

/// Packs the right matrix [terms][columns] for the instruction set.
void ck_pack_right(ck_instructions instructions, long terms, long columns, ck_matrix b, float *packed);

/// c ← a · b.
typedef struct {
    long rows, columns, terms;
    ck_matrix a;         // [rows][terms]
    ck_matrix b;         // [terms][columns]
    const float *packed; // b, by `ck_pack_right` for the same instruction set, or NULL: then `b` is packed bit by bit
    float *c;            // [rows][columns], rows `c_row` numbers apart
    long c_row;
    float *scratch;
} ck_product;

/// `scratch` holds `ck_product_scratch` numbers.
long ck_product_scratch(const ck_product *product);
void ck_multiply(ck_instructions instructions, const ck_product *product);

/// The same for an `a` with many zeros, whose terms are left out: the bits are the same where `b` is finite. `packed`
/// is not used; `scratch` holds `ck_sparse_scratch` numbers.
long ck_sparse_scratch(const ck_product *product);
void ck_multiply_sparse(ck_instructions instructions, const ck_product *product);

#ifdef __cplusplus
}
#endif
