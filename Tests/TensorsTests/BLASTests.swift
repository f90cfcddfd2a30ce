import Tensors
import Testing

@Suite struct BLASTests {
    /// Integers small enough that every order of summing gives the same float.
    static func integers(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float(($0 * 7 + seed * 13) % 11 - 5) }
    }

    @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
    func productEqualsTheSum(transposeA: Bool, transposeB: Bool) {
        let (m, n, k) = (5, 7, 3), (alpha, beta) = (Float(2), Float(-1))
        let a = Self.integers(m * k, 1), b = Self.integers(k * n, 2), old = Self.integers(m * n, 3)
        var c = old
        gemm(
            transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha,
            a: a, lda: transposeA ? m : k, b: b, ldb: transposeB ? k : n, beta: beta, c: &c, ldc: n)
        for i in 0..<m {
            for j in 0..<n {
                var sum: Float = 0
                for l in 0..<k {
                    sum += (transposeA ? a[l * m + i] : a[i * k + l]) * (transposeB ? b[j * k + l] : b[l * n + j])
                }
                #expect(c[i * n + j] == alpha * sum + beta * old[i * n + j])
            }
        }
    }

    @Test func kernelHasAName() {
        #expect(blasKernelName().contains("OpenBLAS"))
    }
}
