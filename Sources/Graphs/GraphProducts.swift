import Tensors

/// What computes the matrix products of operations that have no packed kernel.
enum GraphProducts: Sendable {
    /// Our own, whose bits are the same on every machine.
    case kernels(MatrixProducts)
    /// OpenBLAS's, one thread a call: the bits depend on its kernel (`blasKernelName()`). Sooner where the processor
    /// has none of our vectors.
    case openBLAS

    /// `result ← a · b` of row-major matrices `[rows, terms]` and `[terms, columns]`.
    func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, rows: Int, columns: Int, terms: Int,
        into result: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .kernels(let products):
            products.multiply(
                MatrixView(a, rowStride: terms), MatrixView(b, rowStride: columns), rows: rows, columns: columns,
                terms: terms, into: result,
                rowStride: columns)
        case .openBLAS:
            gemm(
                transposeA: false, transposeB: false, m: rows, n: columns, k: terms, alpha: 1, a: a, lda: max(terms, 1),
                b: b, ldb: max(columns, 1),
                beta: 0, c: result, ldc: max(columns, 1))
        }
    }
}
