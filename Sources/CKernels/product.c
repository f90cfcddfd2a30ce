// Matrix products: packing, and the choice of the instruction set.
#include <string.h>

#include "kernels.h"

long ck_product_scratch(long rows, long terms) { return rows * ck_least(terms, product_depth); }

long ck_right_count(long terms, long columns) { return terms * ck_ceiling(columns, largest_tile) * largest_tile; }

void ck_pack_right(ck_instructions instructions, long terms, long columns, ck_matrix b, float *packed) {
    const long tile = ck_kernels_of(instructions)->tile_channels;
    for (long column = 0; column < columns; column += tile, packed += terms * tile) {
        const long width = ck_least(tile, columns - column);
        if (width < tile) memset(packed, 0, sizeof(float) * terms * tile);
        // A few rows at a time, so that what is written piecemeal stays in the nearest cache.
        for (long first = 0; first < terms; first += block) {
            const long end = ck_least(first + block, terms);
            if (b.column == 1) {
                for (long term = first; term < end; term++)
                    memcpy(packed + term * tile, b.numbers + term * b.row + column, sizeof(float) * width);
            } else {
                for (long j = 0; j < width; j++) {
                    const float *from = b.numbers + (column + j) * b.column;
                    for (long term = first; term < end; term++) packed[term * tile + j] = from[term * b.row];
                }
            }
        }
    }
}

void ck_multiply(ck_instructions instructions, const ck_product *product) {
    if (product->terms > 0) ck_kernels_of(instructions)->multiply(product);
    else
        for (long row = 0; row < product->rows; row++) memset(product->c + row * product->c_row, 0, sizeof(float) * product->columns);
}
