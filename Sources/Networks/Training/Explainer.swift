import Fingerprints
import Tensors

/// The explainer (METHOD 5): BatchNorm1d(d) → Dropout → Linear(d, d) → ReLU → BatchNorm1d(d) → Dropout → Linear(d,
/// 300), from masked, pooled features `[n, d]` to the word-embedding space `[n, 300]`.
public struct Explainer: Sendable, Equatable {
    /// ε of both BatchNorm layers.
    static let epsilon: Float = 1e-5
    /// Rows that `predict` computes at once.
    private static let blockRows = 256

    package let layout: ExplainerLayout
    /// All trained numbers, by `layout.parameters`.
    package internal(set) var parameters: [Float]
    /// Running mean and variance of both BatchNorm layers, by `layout.statistics`.
    package internal(set) var statistics: [Float]

    /// Length of a sample's features: d where masked features are pooled, d·h·w where they are not.
    public var inputs: Int { layout.inputs }
    /// Length of a word vector, 300 with GloVe 6B.
    public var outputs: Int { layout.outputs }

    /// PyTorch's default initialisation, drawn from `seed`: Linear weights and biases U(−1/√fan_in, 1/√fan_in);
    /// BatchNorm weight 1, bias 0, mean 0, variance 1.
    public init(inputs: Int, outputs: Int, seed: UInt64) {
        layout = ExplainerLayout(inputs: inputs, outputs: outputs)
        parameters = [Float](repeating: 0, count: layout.parameterCount)
        statistics = [Float](repeating: 0, count: layout.statisticCount)
        for entry in [layout.weight1, layout.weight2] {
            for index in entry.range { parameters[index] = 1 }
        }
        for entry in [layout.variance1, layout.variance2] {
            for index in entry.range { statistics[index] = 1 }
        }
        let bound = 1 / Double(inputs).squareRoot()
        for entry in [layout.linear1Weight, layout.linear1Bias, layout.linear2Weight, layout.linear2Bias] {
            var random = RandomSource(seed: seed, stream: "explainer/\(entry.name)")
            for index in entry.range { parameters[index] = Float(random.uniform(-bound, bound)) }
        }
    }

    init(layout: ExplainerLayout, parameters: [Float], statistics: [Float]) {
        self.layout = layout
        self.parameters = parameters
        self.statistics = statistics
    }

    /// Parameters and statistics in place, for a training to change.
    package mutating func withStorage<Result>(
        _ body: (_ parameters: UnsafeMutablePointer<Float>, _ statistics: UnsafeMutablePointer<Float>) throws -> Result
    ) rethrows -> Result {
        try parameters.withUnsafeMutableBufferPointer { parameters in
            try statistics.withUnsafeMutableBufferPointer { try body(parameters.baseAddress!, $0.baseAddress!) }
        }
    }

    /// A tensor by its PyTorch name, as in `linear1.weight` or `bn2.running_var`.
    public func tensor(_ name: String) -> Tensor? {
        if let entry = layout.parameters.first(where: { $0.name == name }) {
            return Tensor(shape: entry.shape, data: Array(parameters[entry.range]))
        }
        return layout.statistics.first { $0.name == name }.map {
            Tensor(shape: $0.shape, data: Array(statistics[$0.range]))
        }
    }

    /// Predictions in eval mode: BatchNorm on its running statistics, no dropout.
    /// - Parameters:
    ///   - x: `[count, inputs]`
    ///   - destination: `[count, outputs]`
    public func predict(_ x: UnsafePointer<Float>, count: Int, into destination: UnsafeMutablePointer<Float>) {
        let d = inputs, rows = min(count, Explainer.blockRows), products = MatrixProducts()
        let scratch = UnsafeMutablePointer<Float>.allocate(capacity: rows * (2 * d + outputs) + 4 * d)
        defer { scratch.deallocate() }
        let input = scratch, hidden = input + rows * d, output = hidden + rows * d
        let scale1 = output + rows * outputs, shift1 = scale1 + d, scale2 = shift1 + d, shift2 = scale2 + d
        fold(layout.weight1, layout.bias1, layout.mean1, layout.variance1, scale1, shift1)
        fold(layout.weight2, layout.bias2, layout.mean2, layout.variance2, scale2, shift2)
        parameters.withUnsafeBufferPointer { parameters in
            guard let base = parameters.baseAddress else { return }
            let bias1 = base + layout.linear1Bias.range.lowerBound, bias2 = base + layout.linear2Bias.range.lowerBound
            for start in stride(from: 0, to: count, by: rows) {
                let here = min(rows, count - start)
                for row in 0..<here {
                    let from = x + (start + row) * d, to = input + row * d
                    for i in 0..<d { to[i] = from[i] * scale1[i] + shift1[i] }
                }
                products.multiply(
                    MatrixView(input, rowStride: d),
                    MatrixView(base + layout.linear1Weight.range.lowerBound, rowStride: d).transposed,
                    rows: here, columns: d, terms: d, into: hidden, rowStride: d)
                for row in 0..<here {
                    let values = hidden + row * d
                    for i in 0..<d { values[i] = relu(values[i] + bias1[i]) * scale2[i] + shift2[i] }
                }
                products.multiply(
                    MatrixView(hidden, rowStride: d),
                    MatrixView(base + layout.linear2Weight.range.lowerBound, rowStride: d).transposed,
                    rows: here, columns: outputs, terms: d, into: output, rowStride: outputs)
                for row in 0..<here {
                    let from = output + row * outputs, to = destination + (start + row) * outputs
                    for i in 0..<outputs { to[i] = from[i] + bias2[i] }
                }
            }
        }
    }

    /// BatchNorm on running statistics as `x · scale + shift`.
    private func fold(
        _ weight: ExplainerLayout.Entry, _ bias: ExplainerLayout.Entry, _ mean: ExplainerLayout.Entry,
        _ variance: ExplainerLayout.Entry,
        _ scale: UnsafeMutablePointer<Float>, _ shift: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<inputs {
            let factor =
                parameters[weight.range.lowerBound + i]
                / (statistics[variance.range.lowerBound + i] + Explainer.epsilon).squareRoot()
            scale[i] = factor
            shift[i] = parameters[bias.range.lowerBound + i] - statistics[mean.range.lowerBound + i] * factor
        }
    }
}

/// max(0, x), but NaN stays NaN (Swift's `max` would hide it).
@inline(__always)
func relu(_ x: Float) -> Float { x < 0 ? 0 : x }
