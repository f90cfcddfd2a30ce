import Tensors

/// A convolution with its batch norm folded into weights and bias.
package struct FoldedConvolution: Sendable {
    package let convolution: Convolution
    /// `[outputs, inputs, kernel, kernel]`
    package let weights: [Float]
    /// `[outputs]`
    package let bias: [Float]

    package init(_ convolution: Convolution, weights: [Float], bias: [Float]) {
        self.convolution = convolution
        self.weights = weights
        self.bias = bias
    }

    /// The convolution as stored, not normalised, with its batch norm beside it.
    static func load(
        _ convolution: Convolution, from parameters: some ParameterSource
    ) throws -> (raw: FoldedConvolution, batchNorm: BatchNorm?) {
        let shape = [convolution.outputs, convolution.inputs, convolution.kernel, convolution.kernel]
        let weights = try parameters.tensor("\(convolution.name).weight", shape: shape).data
        if let name = convolution.batchNorm {
            let batchNorm = try BatchNorm(name, channels: convolution.outputs, from: parameters)
            let bias = [Float](repeating: 0, count: convolution.outputs)
            return (FoldedConvolution(convolution, weights: weights, bias: bias), batchNorm)
        }
        let bias = try parameters.tensor("\(convolution.name).bias", shape: [convolution.outputs]).data
        return (FoldedConvolution(convolution, weights: weights, bias: bias), nil)
    }

    /// The convolution followed by `batchNorm` on its stored statistics; folded in double, then rounded once.
    /// - Throws: `BackboneError.notFinite`.
    func folding(_ batchNorm: BatchNorm?) throws -> FoldedConvolution {
        var weights = weights, bias = bias
        if let batchNorm {
            let fanIn = convolution.fanIn
            for output in 0..<convolution.outputs {
                let (scale, shift) = BatchNorm.affine(
                    weight: batchNorm.weight[output], bias: batchNorm.bias[output],
                    mean: batchNorm.mean[output], variance: batchNorm.variance[output])
                for index in output * fanIn..<(output + 1) * fanIn {
                    weights[index] = Float(Double(weights[index]) * scale)
                }
                bias[output] = Float(shift)
            }
        }
        guard weights.allSatisfy(\.isFinite), bias.allSatisfy(\.isFinite) else {
            throw BackboneError.notFinite(convolution: convolution.name, batchNorm: convolution.batchNorm)
        }
        return FoldedConvolution(convolution, weights: weights, bias: bias)
    }
}

/// Parameters that no features can be computed from.
public enum BackboneError: Error, CustomStringConvertible, Sendable, Equatable {
    /// A weight is NaN or infinite, or a stored variance negative.
    case notFinite(convolution: String, batchNorm: String?)

    /// The convolution, its batch norm where it has one, and what to do.
    public var description: String {
        switch self {
        case .notFinite(let convolution, let batchNorm):
            "the parameters of \(convolution)\(batchNorm.map { " and \($0)" } ?? "") hold NaN, infinity or a negative variance: "
                + "the checkpoint is damaged, take another copy"
        }
    }
}
