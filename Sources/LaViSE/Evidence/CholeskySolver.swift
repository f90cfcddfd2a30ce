import Glibc

/// Solves A · X = B for a symmetric positive definite A of many right sides, in double, in a fixed order.
package struct CholeskySolver {
    let size: Int
    /// L of A = L · Lᵀ, by rows; what is above the diagonal is not read.
    private var factor: [Double]

    /// - Parameter matrix: `[size, size]`.
    /// - Returns: nil when the matrix is not positive definite.
    package init?(_ matrix: [Double], size: Int) {
        self.size = size
        factor = matrix
        let isDefinite = factor.withUnsafeMutableBufferPointer { a -> Bool in
            for j in 0..<size {
                guard a[j * size + j] > 0 else { return false }
                let pivot = a[j * size + j].squareRoot()
                for i in j..<size { a[i * size + j] /= pivot }
                for i in j + 1..<max(size, j + 1) {
                    let scale = a[i * size + j]
                    guard scale != 0 else { continue }
                    // Column j is read from a copy along row j, which the factor does not need: contiguous.
                    a[j * size + i] = scale
                }
                for i in j + 1..<max(size, j + 1) {
                    let scale = a[i * size + j]
                    guard scale != 0 else { continue }
                    for k in j + 1...i { a[i * size + k] -= scale * a[j * size + k] }
                }
            }
            return true
        }
        guard isDefinite else { return nil }
    }

    /// Replaces `right` `[size, columns]` by the solution.
    func solve(_ right: inout [Double], columns: Int) {
        factor.withUnsafeBufferPointer { l in
            right.withUnsafeMutableBufferPointer { x in
                for i in 0..<size {
                    for j in 0..<i where l[i * size + j] != 0 {
                        subtract(x, row: j, scale: l[i * size + j], from: i, columns)
                    }
                    let pivot = l[i * size + i]
                    for c in 0..<columns { x[i * columns + c] /= pivot }
                }
                for i in (0..<size).reversed() {
                    for j in i + 1..<max(size, i + 1) where l[j * size + i] != 0 {
                        subtract(x, row: j, scale: l[j * size + i], from: i, columns)
                    }
                    let pivot = l[i * size + i]
                    for c in 0..<columns { x[i * columns + c] /= pivot }
                }
            }
        }
    }

    private func subtract(
        _ x: UnsafeMutableBufferPointer<Double>, row: Int, scale: Double, from target: Int, _ columns: Int
    ) {
        for c in 0..<columns { x[target * columns + c] -= scale * x[row * columns + c] }
    }
}
