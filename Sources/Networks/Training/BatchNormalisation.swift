import CKernels
import Fingerprints

/// BatchNorm1d and the dropout behind it, in training, for some columns of a batch `[rows, width]` (PyTorch's
/// arithmetic: biased variance to normalise, unbiased variance into the running statistics, momentum 0.1).
package struct BatchNormalisation {
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
    let scale: UnsafeMutablePointer<Float>
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
        let first = columns.lowerBound
        for j in columns { scale[j] = inverse[j] * weight[j] }
        ct_normalise(
            rows, columns.count, width, input + first, mean + first, scale + first, bias + first,
            kept.map { UnsafePointer($0 + first) },
            keptScale, output + first)
    }

    /// `normalised` ← dropout(x̂), x̂ = (input − mean) · inverse, and `dropped` ← 1 where a number is not kept, else 0;
    /// after `forward`.
    func keepNormalised(
        _ columns: Range<Int>, _ input: UnsafePointer<Float>, _ normalised: UnsafeMutablePointer<Float>,
        dropped: UnsafeMutablePointer<Float>
    ) {
        let first = columns.lowerBound
        ct_keep_normalised(
            rows, columns.count, width, input + first, mean + first, inverse + first,
            kept.map { UnsafePointer($0 + first) },
            keptScale, normalised + first, dropped + first)
    }

    private func takeRunning(_ columns: Range<Int>) {
        for j in columns {
            mean[j] = runningMean[j]
            inverse[j] = 1 / (runningVariance[j] + Explainer.epsilon).squareRoot()
        }
    }

    private func takeStatistics(_ columns: Range<Int>, _ input: UnsafePointer<Float>) {
        let squares = sums + width
        ct_column_sums(
            rows, columns.count, width, input + columns.lowerBound, sums + columns.lowerBound,
            squares + columns.lowerBound)
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
    package static func draw(
        _ columns: Range<Int>, rows: Int, width: Int, dropout: Double, _ random: inout RandomSource,
        _ kept: UnsafeMutablePointer<UInt8>
    ) {
        let threshold = UInt32((dropout * 65536).rounded())
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: (columns.count + 3) / 4) { words in
            for row in 0..<rows {
                random.next(into: words)
                for i in words.indices { words[i] = words[i].littleEndian }
                words.withMemoryRebound(to: UInt16.self) {
                    ct_keep(columns.count, $0.baseAddress, threshold, kept + row * width + columns.lowerBound)
                }
            }
        }
    }

    /// From the gradient of the output to those of weight and bias, columns `columns`; dropout is applied to `gradient`
    /// in place.
    func parameterGradients(
        _ columns: Range<Int>, _ input: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        weight weightGradient: UnsafeMutablePointer<Float>, bias biasGradient: UnsafeMutablePointer<Float>
    ) {
        let first = columns.lowerBound, products = sums + width
        ct_parameter_gradients(
            rows, columns.count, width, input + first, mean + first, inverse + first,
            kept.map { UnsafePointer($0 + first) },
            keptScale, gradient + first, sums + first, products + first)
        takeGradients(columns, weightGradient, biasGradient)
    }

    /// The gradients of weight and bias, and of a Linear layer behind the dropout, for inputs `columns` of it: for
    /// where the batch itself needs no gradient, which is a product of matrices less.
    ///
    /// With y = W · D (weight · x̂ + bias), D the dropout, and g the gradient of y, everything comes from Σ g · Dx̂ and
    /// Σ g · D over the rows: the gradient of W is weight · Σ g · Dx̂ + bias · Σ g · D, those of weight and bias are
    /// the sums of W's products with the two.
    /// - Parameters:
    ///   - linear: W, `[outputs, width]`.
    ///   - linearGradient: Σ g · Dx̂ on entry, the gradient of W on return; `[outputs, width]`.
    ///   - outputSums: Σ g, `[outputs]`.
    ///   - droppedSums: Σ g over the rows in which a column is dropped, `[columns.count, outputs]`; unused without
    ///     dropout.
    func foldedGradients(
        _ columns: Range<Int>, outputs: Int, linear: UnsafePointer<Float>, linearGradient: UnsafeMutablePointer<Float>,
        outputSums: UnsafePointer<Float>, droppedSums: UnsafePointer<Float>,
        weight weightGradient: UnsafeMutablePointer<Float>,
        bias biasGradient: UnsafeMutablePointer<Float>
    ) {
        let first = columns.lowerBound, products = sums + width
        ct_folded_gradients(
            outputs, columns.count, width, linear + first, weight + first, bias + first, outputSums,
            kept == nil ? nil : droppedSums, keptScale, linearGradient + first, products + first, sums + first)
        takeGradients(columns, weightGradient, biasGradient)
    }

    private func takeGradients(
        _ columns: Range<Int>, _ weightGradient: UnsafeMutablePointer<Float>,
        _ biasGradient: UnsafeMutablePointer<Float>
    ) {
        let products = sums + width
        for j in columns {
            biasGradient[j] = Float(sums[j])
            weightGradient[j] = Float(products[j])
        }
    }

    /// Turns the gradient of the output (after `parameterGradients`) into that of the input, in place, and through the
    /// ReLU that made the input.
    func inputGradient(
        _ columns: Range<Int>, _ input: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        weight weightGradient: UnsafePointer<Float>, bias biasGradient: UnsafePointer<Float>
    ) {
        let first = columns.lowerBound
        ct_input_gradient(
            rows, columns.count, width, input + first, mean + first, inverse + first, weight + first,
            frozen ? 0 : 1 / Float(rows),
            biasGradient + first, weightGradient + first, gradient + first)
    }
}
