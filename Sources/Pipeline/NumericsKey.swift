import Fingerprints
import Networks
import Tensors

/// Computes the numerics key: the digest of what small canary kernels return on this machine (a few milliseconds).
/// Machines that compute the same bits share artifacts, others do not.
public func numericsKey() throws -> Digest {
    var random = RandomSource(seed: 0, stream: "numerics key")
    func floats(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    var stream = DigestStream()
    func add(_ values: [Float]) { values.withUnsafeBytes { stream.update($0) } }

    // Odd sizes reach the edge cases of the kernels as well as their middle.
    for (m, n, k) in [(1, 300, 257), (33, 47, 129), (64, 512, 300)] {
        let a = floats(m * k), b = floats(k * n)
        var c = [Float](repeating: 0, count: m * n)
        gemm(transposeA: false, transposeB: false, m: m, n: n, k: k, alpha: 1, a: a, lda: k, b: b, ldb: n, beta: 0, c: &c, ldc: n)
        add(c)
        gemm(transposeA: false, transposeB: true, m: m, n: n, k: k, alpha: 1, a: a, lda: k, b: b, ldb: k, beta: 1, c: &c, ldc: n)
        add(c)
    }
    let explainer = Explainer(inputs: 31, outputs: 30, seed: 0)
    let x = floats(31 * 7)
    var y = [Float](repeating: 0, count: 30 * 7)
    explainer.predict(x, count: 7, into: &y)
    add(y)
    return stream.finish()
}
