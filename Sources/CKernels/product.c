// Matrix products: packing, and the choice of the instruction set.
#include <string.h>

#include "kernels.h"

long ck_product_scratch(const ck_product *product) {
    const long terms = ck_least(product->terms, product_depth);
    const long right = product->packed ? 0 : ck_right_count(terms, ck_least(product->columns, product_columns));
    return ck_least(product->rows, product_rows) * terms + right;
}

long ck_sparse_scratch(const ck_product *product) {
    const long rows = ck_least(product->rows, product_rows), terms = ck_least(product->terms, sparse_terms);
    const long ends = rows * (terms / sparse_least_depth + 1);
    return sparse_panel +
           (rows * terms * (long)sizeof(ck_entry) + ends * (long)sizeof(ck_entry *)) / (long)sizeof(float);
}

long ck_right_count(long terms, long columns) { return terms * ck_ceiling(columns, largest_tile) * largest_tile; }

typedef float four __attribute__((vector_size(16), aligned(4)));

static inline void copy_four(const float *from, float *to) { *(four *)to = *(const four *)from; }

/// Four lines of four neighbouring terms to four terms of four neighbouring lines.
static inline void transpose_four(const float *from, long line, float *to, long width) {
    const four a = *(const four *)from, b = *(const four *)(from + line);
    const four c = *(const four *)(from + 2 * line), d = *(const four *)(from + 3 * line);
    const four low_ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), low_cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const four high_ab = __builtin_shufflevector(a, b, 2, 6, 3, 7), high_cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(four *)to = __builtin_shufflevector(low_ab, low_cd, 0, 1, 4, 5);
    *(four *)(to + width) = __builtin_shufflevector(low_ab, low_cd, 2, 3, 6, 7);
    *(four *)(to + 2 * width) = __builtin_shufflevector(high_ab, high_cd, 0, 1, 4, 5);
    *(four *)(to + 3 * width) = __builtin_shufflevector(high_ab, high_cd, 2, 3, 6, 7);
}

void ck_pack_lines(const float *from, long line, long term, long size, long terms, float *packed, long width) {
    // Fours of lines begin at 0, 4, … and at the last possible one: where they overlap, both write the same.
    const long last_four = size - 4;
    long done = 0;
    if (last_four >= 0 && line == 1) {
        for (; done < terms; done++)
            for (long i = 0; i < size; i += 4)
                copy_four(from + done * term + ck_least(i, last_four), packed + done * width + ck_least(i, last_four));
    } else if (last_four >= 0 && term == 1) {
        // Some terms of four lines at a time, for lines often lie where they crowd one set of the nearest cache.
        for (long end; terms - done >= 4; done = end) {
            end = ck_least(done + 64, terms / 4 * 4);
            for (long i = 0; i < size; i += 4) {
                const long first = ck_least(i, last_four);
                for (long k = done; k < end; k += 4) {
                    if (k % 16 == 0)
                        for (long next = first + 4; next < first + 8; next++)
                            __builtin_prefetch(from + next * line + k);
                    transpose_four(from + first * line + k, line, packed + k * width + first, width);
                }
            }
        }
    }
    for (; done < terms; done++)
        for (long i = 0; i < size; i++) packed[done * width + i] = from[i * line + done * term];
}

void ck_pack_columns(long tile, ck_matrix b, long first_term, long terms, long first_column, long columns,
    float *packed, long packed_terms) {
    const long step = ck_packing_step(b.column, terms);
    // The last tile's columns beyond the matrix are computed too, and left out.
    if (columns % tile) memset(packed + columns / tile * tile * packed_terms, 0, sizeof(float) * terms * tile);
    for (long first = 0; first < terms; first += step)
        for (long column = 0; column < columns; column += tile)
            ck_pack_lines(b.numbers + (first_term + first) * b.row + (first_column + column) * b.column, b.column,
                b.row, ck_least(tile, columns - column), ck_least(step, terms - first),
                packed + column * packed_terms + first * tile, tile);
}

void ck_pack_right(ck_instructions instructions, long terms, long columns, ck_matrix b, float *packed) {
    ck_pack_columns(ck_kernels_of(instructions)->tile_channels, b, 0, terms, 0, columns, packed, terms);
}

static void clear(const ck_product *product) {
    for (long row = 0; row < product->rows; row++)
        memset(product->c + row * product->c_row, 0, sizeof(float) * product->columns);
}

void ck_multiply(ck_instructions instructions, const ck_product *product) {
    if (product->terms > 0) ck_kernels_of(instructions)->multiply(product);
    else clear(product);
}

void ck_multiply_sparse(ck_instructions instructions, const ck_product *product) {
    if (product->terms > 0) ck_kernels_of(instructions)->multiply_sparse(product);
    else clear(product);
}
