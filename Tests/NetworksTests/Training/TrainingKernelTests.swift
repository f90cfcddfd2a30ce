import CKernels
import Testing

/// The kernels of CTraining beside plain loops: not a bit may differ, whatever instruction set they chose.
@Suite struct TrainingKernels {
    private static let rows = 23, stride = 61, first = 5, columns = 49

    private func numbers(_ seed: UInt32, count: Int = rows * stride) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(state >> 8) / Float(1 << 22) - 2
        }
    }

    /// Row and column of every number in the part of the matrix that is meant, and its index.
    private func places() -> [(j: Int, at: Int)] {
        (0..<Self.rows).flatMap { row in (0..<Self.columns).map { ($0, row * Self.stride + Self.first + $0) } }
    }

    @Test func columnSums() {
        let x = numbers(1)
        var sums = [Double](repeating: 9, count: Self.columns), squares = sums
        x.withUnsafeBufferPointer {
            ct_column_sums(Self.rows, Self.columns, Self.stride, $0.baseAddress! + Self.first, &sums, &squares)
        }
        var expected = [Double](repeating: 0, count: Self.columns), expectedSquares = expected
        for place in places() {
            expected[place.j] += Double(x[place.at])
            expectedSquares[place.j] += Double(x[place.at]) * Double(x[place.at])
        }
        #expect(sums == expected && squares == expectedSquares)
    }

    @Test(arguments: [true, false]) func normalise(dropout: Bool) {
        let x = numbers(2), mean = numbers(3), scale = numbers(4), bias = numbers(5)
        let kept = numbers(6).map { UInt8($0 > -1 ? 1 : 0) }
        var out = numbers(7), expected = out
        x.withUnsafeBufferPointer { x in
            kept.withUnsafeBufferPointer { kept in
                out.withUnsafeMutableBufferPointer { out in
                    ct_normalise(
                        Self.rows, Self.columns, Self.stride, x.baseAddress! + Self.first, mean, scale, bias,
                        dropout ? kept.baseAddress! + Self.first : nil, 1.25, out.baseAddress! + Self.first)
                }
            }
        }
        for (j, at) in places() {
            expected[at] = (x[at] - mean[j]) * scale[j] + bias[j]
            if dropout { expected[at] *= Float(kept[at]) * 1.25 }
        }
        #expect(out == expected)
    }

    @Test(arguments: [true, false]) func gradients(dropout: Bool) {
        let x = numbers(2), mean = numbers(3), inverse = numbers(4), weight = numbers(5), biasGradient = numbers(8),
            weightGradient = numbers(9)
        let kept = numbers(6).map { UInt8($0 > -1 ? 1 : 0) }
        var gradient = numbers(7), expected = gradient
        var sums = [Double](repeating: 9, count: Self.columns), products = sums
        var expectedSums = [Double](repeating: 0, count: Self.columns), expectedProducts = expectedSums
        x.withUnsafeBufferPointer { x in
            kept.withUnsafeBufferPointer { kept in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    ct_parameter_gradients(
                        Self.rows, Self.columns, Self.stride, x.baseAddress! + Self.first, mean, inverse,
                        dropout ? kept.baseAddress! + Self.first : nil, 1.25, gradient.baseAddress! + Self.first, &sums,
                        &products)
                }
            }
        }
        for (j, at) in places() {
            if dropout { expected[at] *= Float(kept[at]) * 1.25 }
            expectedSums[j] += Double(expected[at])
            expectedProducts[j] += Double(expected[at] * ((x[at] - mean[j]) * inverse[j]))
        }
        #expect(gradient == expected && sums == expectedSums && products == expectedProducts)

        x.withUnsafeBufferPointer { x in
            gradient.withUnsafeMutableBufferPointer { gradient in
                ct_input_gradient(
                    Self.rows, Self.columns, Self.stride, x.baseAddress! + Self.first, mean, inverse, weight, 0.125,
                    biasGradient,
                    weightGradient, gradient.baseAddress! + Self.first)
            }
        }
        for (j, at) in places() {
            let normalised = (x[at] - mean[j]) * inverse[j]
            let inner = expected[at] - 0.125 * (biasGradient[j] + normalised * weightGradient[j])
            expected[at] = x[at] > 0 ? inner * (inverse[j] * weight[j]) : 0
        }
        #expect(gradient == expected)
    }

    @Test(arguments: [true, false]) func keepNormalised(dropout: Bool) {
        let x = numbers(2), mean = numbers(3), inverse = numbers(4)
        let kept = numbers(6).map { UInt8($0 > -1 ? 1 : 0) }
        var normalised = numbers(7), dropped = numbers(8), expected = normalised, expectedDropped = dropped
        x.withUnsafeBufferPointer { x in
            kept.withUnsafeBufferPointer { kept in
                normalised.withUnsafeMutableBufferPointer { normalised in
                    dropped.withUnsafeMutableBufferPointer { dropped in
                        ct_keep_normalised(
                            Self.rows, Self.columns, Self.stride, x.baseAddress! + Self.first, mean, inverse,
                            dropout ? kept.baseAddress! + Self.first : nil, 1.25, normalised.baseAddress! + Self.first,
                            dropped.baseAddress! + Self.first)
                    }
                }
            }
        }
        for (j, at) in places() {
            expected[at] = (x[at] - mean[j]) * inverse[j]
            if dropout {
                expected[at] *= Float(kept[at]) * 1.25
                expectedDropped[at] = Float(1 - kept[at])
            }
        }
        #expect(normalised == expected && dropped == expectedDropped)
    }

    /// More outputs and columns than are turned round at a time.
    @Test(arguments: [true, false]) func foldedGradients(dropout: Bool) {
        let outputs = 131, columns = 71, stride = 79, first = 5
        let weight = numbers(1, count: outputs * stride), scale = numbers(2), shift = numbers(3),
            outputSums = numbers(4)
        let droppedSums = numbers(5, count: columns * outputs)
        var gradient = numbers(6, count: outputs * stride), expected = gradient
        var scaleGradient = [Double](repeating: 9, count: columns), shiftGradient = scaleGradient
        var expectedScale = [Double](repeating: 0, count: columns), expectedShift = expectedScale
        weight.withUnsafeBufferPointer { weight in
            droppedSums.withUnsafeBufferPointer { droppedSums in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    ct_folded_gradients(
                        outputs, columns, stride, weight.baseAddress! + first, scale, shift, outputSums,
                        dropout ? droppedSums.baseAddress : nil, 1.25, gradient.baseAddress! + first, &scaleGradient,
                        &shiftGradient)
                }
            }
        }
        for output in 0..<outputs {
            for j in 0..<columns {
                let at = output * stride + first + j
                let kept = 1.25 * (outputSums[output] - (dropout ? droppedSums[j * outputs + output] : 0))
                expectedScale[j] += Double(weight[at] * expected[at])
                expectedShift[j] += Double(weight[at] * kept)
                expected[at] = scale[j] * expected[at] + shift[j] * kept
            }
        }
        #expect(gradient == expected && scaleGradient == expectedScale && shiftGradient == expectedShift)
    }

    @Test func keep() {
        let random = (0..<997).map { UInt16(truncatingIfNeeded: $0 * 7919) }
        var kept = [UInt8](repeating: 7, count: 997)
        ct_keep(997, random, 6554, &kept)
        #expect(kept == random.map { $0 >= 6554 ? 1 : 0 })
        ct_keep(997, random, 0, &kept)
        #expect(kept.allSatisfy { $0 == 1 })
    }

    @Test func adam() {
        let gradients = numbers(1)
        var p = numbers(2), m = numbers(3), v = numbers(4).map(abs)
        var expected = p, mean = m, square = v
        ct_adam(p.count, 0.01, 1.5, &p, gradients, &m, &v)
        for i in expected.indices {
            mean[i] = mean[i] + (gradients[i] - mean[i]) * 0.1
            square[i] = square[i] * 0.999 + gradients[i] * gradients[i] * 0.001
            expected[i] -= 0.01 * (mean[i] / (square[i].squareRoot() * 1.5 + 1e-8))
        }
        #expect(p == expected && m == mean && v == square)
    }
}
