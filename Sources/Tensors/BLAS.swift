import CLibrary
import COpenBLAS

/// OpenBLAS's functions that are called here, loaded by their first use: as it is loaded OpenBLAS starts a thread for
/// each core, and they look for work for longer than a short verb takes.
private struct OpenBLAS {
    typealias Sgemm =
        @convention(c) (
            CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, Float, UnsafePointer<Float>?,
            blasint,
            UnsafePointer<Float>?, blasint, Float, UnsafeMutablePointer<Float>?, blasint
        ) -> Void
    typealias Text = @convention(c) () -> UnsafePointer<CChar>

    let sgemm: Sgemm
    let coreName: Text, configuration: Text

    static let loaded = OpenBLAS()

    private init() {
        func function<Function>(_ name: String, _: Function.Type) -> Function {
            unsafeBitCast(
                clibrary_function("libopenblas.so.0", "OpenBLAS 0.3 (on Debian libopenblas0)", name), to: Function.self)
        }
        sgemm = function("cblas_sgemm", Sgemm.self)
        coreName = function("openblas_get_corename", Text.self)
        configuration = function("openblas_get_config", Text.self)
        // It sums in another order with another number of threads: one thread a call keeps the bits.
        function("openblas_set_num_threads", (@convention(c) (Int32) -> Void).self)(1)
    }
}

/// `C ← alpha · op(A) · op(B) + beta · C` for row-major matrices (`cblas_sgemm`), on the calling thread alone.
///
/// `op(A)` is `[m, k]`, `op(B)` is `[k, n]`, `C` is `[m, n]`; `lda`, `ldb` and `ldc` are the lengths of the stored
/// rows. The bits depend on the shapes and on OpenBLAS's kernel (`blasKernelName()`), never on what runs beside it.
public func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int,
    beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
) {
    OpenBLAS.loaded.sgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
}

/// OpenBLAS's kernel and build, as in `Haswell, OpenBLAS 0.3.21 …`.
///
/// OpenBLAS chooses the kernel by the processor when it is loaded, and each kernel sums in its own order. A process
/// started with `OPENBLAS_CORETYPE=Haswell` gets the AVX2 kernel on every machine that has AVX2, hence the same bits.
public func blasKernelName() -> String {
    "\(String(cString: OpenBLAS.loaded.coreName())), \(String(cString: OpenBLAS.loaded.configuration()))"
}
