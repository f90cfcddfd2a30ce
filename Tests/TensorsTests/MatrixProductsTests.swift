import Tensors
import Testing

@Suite struct MatrixProductsTests {
    /// Numbers in [-1, 1) that no short sum of floats holds exactly.
    static func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / 0x1p23 - 1
        }
    }

    /// Edges of every tile and of what is packed together, training's own shapes, and nothing at all.
    static let sizes = [
        (1, 1, 1), (2, 3, 5), (13, 31, 7), (14, 32, 256), (15, 33, 257), (29, 65, 513), (64, 300, 512), (97, 850, 300),
        (40, 1030, 16), (3, 4, 0),
        (600, 70, 40), (17, 130, 1600), (33, 257, 96),
    ]

    /// Every instruction set, whole or cut, gives the bits of one fused chain over the terms.
    @Test(arguments: sizes, [(false, false), (false, true), (true, false), (true, true)])
    func everyNumberIsOneChain(size: (rows: Int, columns: Int, terms: Int), transposed: (a: Bool, b: Bool)) {
        let (rows, columns, terms) = size, stride = columns + 3
        // Some zeros, of both signs.
        let a = Self.numbers(rows * terms, 1).enumerated().map { $0 % 3 == 0 ? 0 : $0 % 7 == 0 ? -0.0 : $1 },
            b = Self.numbers(terms * columns, 2)
        func left(_ i: Int, _ l: Int) -> Float { a[transposed.a ? l * rows + i : i * terms + l] }
        func right(_ l: Int, _ j: Int) -> Float { b[transposed.b ? j * terms + l : l * columns + j] }
        var expected = [Float](repeating: 0, count: rows * columns)
        for i in 0..<rows {
            for j in 0..<columns {
                var sum: Float = 0
                for l in 0..<terms { sum.addProduct(left(i, l), right(l, j)) }
                expected[i * columns + j] = sum
            }
        }
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                guard let a = a.baseAddress, let b = b.baseAddress else { return }
                let plainA = MatrixView(a, rowStride: transposed.a ? rows : terms),
                    plainB = MatrixView(b, rowStride: transposed.b ? terms : columns)
                let left = transposed.a ? plainA.transposed : plainA, right = transposed.b ? plainB.transposed : plainB
                for instructions in InstructionSet.allCases where instructions.isSupported {
                    let products = MatrixProducts(instructions: instructions)
                    func check(_ label: String, _ compute: (UnsafeMutablePointer<Float>) -> Void) {
                        var result = [Float](repeating: .nan, count: rows * stride)
                        result.withUnsafeMutableBufferPointer { compute($0.baseAddress!) }
                        let differences = (0..<rows * columns).count {
                            result[$0 / columns * stride + $0 % columns].bitPattern != expected[$0].bitPattern
                        }
                        #expect(differences == 0, "\(instructions), \(label)")
                        #expect(
                            (0..<rows).allSatisfy { row in
                                (columns..<stride).allSatisfy { result[row * stride + $0].isNaN }
                            }, "wrote beside \(label)")
                    }
                    check("whole") {
                        products.multiply(
                            left, right, rows: rows, columns: columns, terms: terms, into: $0, rowStride: stride)
                    }
                    check("sparse") {
                        products.multiplySparse(
                            left, right, rows: rows, columns: columns, terms: terms, into: $0, rowStride: stride)
                    }
                    let packed = PackedMatrix(right, terms: terms, columns: columns, instructions: instructions)
                    check("packed") { products.multiply(left, by: packed, rows: rows, into: $0, rowStride: stride) }
                    check("a part of the columns at a time") { result in
                        for first in Swift.stride(from: 0, to: columns, by: 32) {
                            let part = first..<min(first + 32, columns)
                            products.multiply(
                                left, by: packed, columns: part, rows: rows, into: result + first, rowStride: stride)
                        }
                    }
                }
            }
        }
    }

    /// Within 1e-5 of the double product, by the root mean square of its numbers; four threads at once in one
    /// workspace.
    @Test func productsAreNearTheExactOnes() throws {
        let (rows, columns, terms) = (96, 160, 2048)
        let a = Self.numbers(rows * terms, 3), b = Self.numbers(terms * columns, 4)
        let products = MatrixProducts()
        var result = [Float](repeating: .nan, count: rows * columns)
        try result.withUnsafeMutableBufferPointer { result in
            try a.withUnsafeBufferPointer { a in
                try b.withUnsafeBufferPointer { b in
                    nonisolated(unsafe) let (left, right, out) = (a.baseAddress!, b.baseAddress!, result.baseAddress!)
                    try concurrently(6, threads: 4) { part in
                        products.multiply(
                            MatrixView(left + part * 16 * terms, rowStride: terms),
                            MatrixView(right, rowStride: columns), rows: 16, columns: columns,
                            terms: terms, into: out + part * 16 * columns, rowStride: columns)
                    }
                }
            }
        }
        var exact = [Double](repeating: 0, count: rows * columns)
        for i in 0..<rows {
            for l in 0..<terms {
                for j in 0..<columns { exact[i * columns + j] += Double(a[i * terms + l]) * Double(b[l * columns + j]) }
            }
        }
        let scale = (exact.reduce(0) { $0 + $1 * $1 } / Double(exact.count)).squareRoot()
        let worst = zip(result, exact).map { abs(Double($0) - $1) }.max() ?? .infinity
        #expect(worst <= 1e-5 * scale, "off by \(worst / scale)")
    }
}
