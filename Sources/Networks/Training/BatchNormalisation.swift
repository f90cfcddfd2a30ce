import Fingerprints

/// BatchNorm1d and the dropout behind it, in training, for some columns of a batch `[rows, width]` (PyTorch's arithmetic:
/// biased variance to normalise, unbiased variance into the running statistics, momentum 0.1).
struct BatchNormalisation {
    static let momentum: Float = 0.1

    let rows: Int
    let width: Int
    /// Learned scale and shift, `[width]`.
    let weight: UnsafePointer<Float>
    let bias: UnsafePointer<Float>
    let runningMean: UnsafeMutablePointer<Float>
    let runningVariance: UnsafeMutablePointer<Float>
    /// What this batch is normalised with, `[width]`: kept for the way back.
    let mean: UnsafeMutablePointer<Float>
    let inverse: UnsafeMutablePointer<Float>
    /// Two sums a column, `[2 · width]`.
    let sums: UnsafeMutablePointer<Double>
    /// Deviation `frozenBatchNorm`.
    let frozen: Bool
    /// 1 where a number is kept, `[rows, width]`; nil without dropout.
    let kept: UnsafeMutablePointer<UInt8>?
    /// What kept numbers are multiplied by: 1 / (1 − dropout).
    let keptScale: Float

    /// `output` ← dropout((input − mean) · inverse · weight + bias), columns `columns`.
    func forward(_ columns: Range<Int>, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) {
        frozen ? takeRunning(columns) : takeStatistics(columns, input)
        for row in 0..<rows {
            let from = input + row * width, to = output + row * width
            for j in columns { to[j] = (from[j] - mean[j]) * (inverse[j] * weight[j]) + bias[j] }
            if let kept {
                let kept = kept + row * width
                for j in columns { to[j] *= Float(kept[j]) * keptScale }
            }
        }
    }

    private func takeRunning(_ columns: Range<Int>) {
        for j in columns {
            mean[j] = runningMean[j]
            inverse[j] = 1 / (runningVariance[j] + Explainer.epsilon).squareRoot()
        }
    }

    private func takeStatistics(_ columns: Range<Int>, _ input: UnsafePointer<Float>) {
        let squares = sums + width
        for j in columns { (sums[j], squares[j]) = (0, 0) }
        for row in 0..<rows {
            let values = input + row * width
            for j in columns {
                let value = Double(values[j])
                sums[j] += value
                squares[j] += value * value
            }
        }
        for j in columns {
            let average = sums[j] / Double(rows)
            let difference = squares[j] / Double(rows) - average * average
            let variance = difference < 0 ? 0 : difference
            mean[j] = Float(average)
            inverse[j] = Float(1 / (variance + Double(Explainer.epsilon)).squareRoot())
            let unbiased = Float(variance * Double(rows) / Double(rows - 1))
            runningMean[j] += BatchNormalisation.momentum * (mean[j] - runningMean[j])
            runningVariance[j] += BatchNormalisation.momentum * (unbiased - runningVariance[j])
        }
    }

    /// Draws what dropout keeps. A number is dropped with probability ⌊dropout · 2¹⁶⌉ / 2¹⁶: four decisions a draw.
    static func draw(
        _ columns: Range<Int>, rows: Int, width: Int, dropout: Double, _ random: inout RandomSource, _ kept: UnsafeMutablePointer<UInt8>
    ) {
        let threshold = UInt64((dropout * 65536).rounded())
        for row in 0..<rows {
            let kept = kept + row * width
            var bits: UInt64 = 0
            for (i, j) in columns.enumerated() {
                bits = i % 4 == 0 ? random.next() : bits >> 16
                kept[j] = bits & 0xffff < threshold ? 0 : 1
            }
        }
    }

    /// From the gradient of the output to those of weight and bias, columns `columns`; dropout is applied to `gradient` in place.
    func parameterGradients(
        _ columns: Range<Int>, _ input: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        weight weightGradient: UnsafeMutablePointer<Float>, bias biasGradient: UnsafeMutablePointer<Float>
    ) {
        let products = sums + width
        for j in columns { (sums[j], products[j]) = (0, 0) }
        for row in 0..<rows {
            let values = input + row * width, gradient = gradient + row * width
            if let kept {
                let kept = kept + row * width
                for j in columns { gradient[j] *= Float(kept[j]) * keptScale }
            }
            for j in columns {
                sums[j] += Double(gradient[j])
                products[j] += Double(gradient[j] * ((values[j] - mean[j]) * inverse[j]))
            }
        }
        for j in columns {
            biasGradient[j] = Float(sums[j])
            weightGradient[j] = Float(products[j])
        }
    }

    /// Turns the gradient of the output (after `parameterGradients`) into that of the input, in place, and through the ReLU that
    /// made the input.
    func inputGradient(
        _ columns: Range<Int>, _ input: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        weight weightGradient: UnsafePointer<Float>, bias biasGradient: UnsafePointer<Float>
    ) {
        let share: Float = frozen ? 0 : 1 / Float(rows)
        for row in 0..<rows {
            let values = input + row * width, gradient = gradient + row * width
            for j in columns {
                let normalised = (values[j] - mean[j]) * inverse[j]
                let inner = gradient[j] - share * (biasGradient[j] + normalised * weightGradient[j])
                gradient[j] = values[j] > 0 ? inner * (inverse[j] * weight[j]) : 0
            }
        }
    }
}
