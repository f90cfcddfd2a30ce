// Matrix products whose left factor has many zeros, as gradients behind a ReLU have: row by row, its other numbers
// times rows of the right factor, a panel of which stays in the nearest cache. Adding 0 · b changes no bit of a sum
// that begins with +0.

#define PANEL_COLUMNS (SPARSE_VECTORS * LANES)
#define PANEL_LINES (PANEL_COLUMNS / block)

/// One row: its entries times the panel's rows; the sums go on from `c` where `resumed`.
INLINED void NAME(multiply_entries)(
    const ck_entry *entry, const ck_entry *end, const float *panel, float *c, int resumed) {
    vector sums[SPARSE_VECTORS];
    UNROLLED for (int v = 0; v < SPARSE_VECTORS; v++) sums[v] = resumed ? NAME(load)(c + v * LANES) : (vector){0};
    for (; entry < end; entry++) {
        const float *b = panel + entry->row;
        const vector x = NAME(splat)(entry->value);
        UNROLLED for (int v = 0; v < SPARSE_VECTORS; v++) sums[v] = NAME(fma)(x, NAME(load)(b + v * LANES), sums[v]);
    }
    UNROLLED for (int v = 0; v < SPARSE_VECTORS; v++) NAME(store)(c + v * LANES, sums[v]);
}

/// Lists what is not 0 of the terms `first..<end` of the rows `top..<bottom`: SPARSE_DEPTH terms of every row, then the
/// next terms. `ends` gets where each row's entries end.
static void NAME(list_entries)(
    ck_matrix a, long top, long bottom, long first, long end, ck_entry *entries, ck_entry **ends) {
    float lines[SPARSE_DEPTH * block];
    for (long start = first; start < end; start += SPARSE_DEPTH) {
        const long terms = ck_least(SPARSE_DEPTH, end - start);
        for (long row = top; row < bottom; row += block) {
            const long rows = ck_least(block, bottom - row);
            ck_pack_lines(a.numbers + row * a.row + start * a.column, a.row, a.column, rows, terms, lines, block);
            for (long line = 0; line < rows; line++) {
                for (long term = 0; term < terms; term++) {
                    const float value = lines[term * block + line];
                    *entries = (ck_entry){value, (int)(term * PANEL_COLUMNS)};
                    entries += value != 0;
                }
                *ends++ = entries;
            }
        }
    }
}

/// The listed entries times `width` columns of b from `column` on.
static void NAME(multiply_panels)(const ck_product *product, long top, long bottom, long first, long end, long column,
    float *panel, const ck_entry *entry, ck_entry *const *ends) {
    const ck_matrix b = product->b;
    const long width = ck_least(PANEL_COLUMNS, product->columns - column);
    if (width < PANEL_COLUMNS) memset(panel, 0, sizeof(float) * PANEL_COLUMNS * SPARSE_DEPTH);
    for (long start = first; start < end; start += SPARSE_DEPTH) {
        ck_pack_lines(b.numbers + start * b.row + column * b.column, b.column, b.row, width,
            ck_least(SPARSE_DEPTH, end - start), panel, PANEL_COLUMNS);
        for (long row = top; row < bottom; row++) {
            float *c = product->c + row * product->c_row + column;
            // A line of what the next panel is packed from.
            const long line = row - top;
            if (b.column == 1 && line < SPARSE_DEPTH * PANEL_LINES) {
                const long next = start + SPARSE_DEPTH < end ? start + SPARSE_DEPTH : first;
                const long next_column = column + (next == first ? PANEL_COLUMNS : 0);
                __builtin_prefetch(
                    b.numbers + (next + line / PANEL_LINES) * b.row + next_column + line % PANEL_LINES * block, 0, 2);
            }
            if (width == PANEL_COLUMNS) {
                NAME(multiply_entries)(entry, *ends, panel, c, start > 0);
            } else {
                float edge[PANEL_COLUMNS] = {0};
                if (start > 0) memcpy(edge, c, sizeof(float) * width);
                NAME(multiply_entries)(entry, *ends, panel, edge, 1);
                memcpy(c, edge, sizeof(float) * width);
            }
            entry = *ends++;
        }
    }
}

static void NAME(multiply_sparse)(const ck_product *product) {
    const long rows = ck_least(product->rows, product_rows), terms = ck_least(product->terms, sparse_terms);
    float *panel = product->scratch;
    ck_entry *entries = (ck_entry *)(panel + sparse_panel), **ends = (ck_entry **)(entries + rows * terms);
    for (long top = 0; top < product->rows; top += rows) {
        const long bottom = ck_least(top + rows, product->rows);
        for (long first = 0; first < product->terms; first += terms) {
            const long end = ck_least(first + terms, product->terms);
            NAME(list_entries)(product->a, top, bottom, first, end, entries, ends);
            for (long column = 0; column < product->columns; column += PANEL_COLUMNS)
                NAME(multiply_panels)(product, top, bottom, first, end, column, panel, entries, ends);
        }
    }
}
