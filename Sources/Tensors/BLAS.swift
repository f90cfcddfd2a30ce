import COpenBLAS

// OpenBLAS sums in another order with another number of threads: one thread a call keeps the bits.
private let oneThreadACall: Void = openblas_set_num_threads(1)

/// `C ← alpha · op(A) · op(B) + beta · C` for row-major matrices (`cblas_sgemm`), on the calling thread alone.
///
/// `op(A)` is `[m, k]`, `op(B)` is `[k, n]`, `C` is `[m, n]`; `lda`, `ldb` and `ldc` are the lengths of the stored
/// rows. The bits depend on the shapes and on OpenBLAS's kernel (`blasKernelName()`), never on what runs beside it.
public func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int,
    beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
) {
    _ = oneThreadACall
    cblas_sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
}

/// OpenBLAS's kernel and build, as in `Haswell, OpenBLAS 0.3.21 …`.
///
/// OpenBLAS chooses the kernel by the processor when it is loaded, and each kernel sums in its own order. A process
/// started with `OPENBLAS_CORETYPE=Haswell` gets the AVX2 kernel on every machine that has AVX2, hence the same bits.
public func blasKernelName() -> String {
    "\(String(cString: openblas_get_corename())), \(String(cString: openblas_get_config()))"
}
