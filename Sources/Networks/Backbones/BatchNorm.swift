import Tensors

/// The parameters and stored statistics of a `BatchNorm2d`, a number a channel.
struct BatchNorm: Sendable {
    static let epsilon = 1e-5

    let weight: [Float], bias: [Float]
    var mean: [Double], variance: [Double]

    init(_ name: String, channels: Int, from parameters: some ParameterSource) throws {
        weight = try parameters.tensor("\(name).weight", shape: [channels]).data
        bias = try parameters.tensor("\(name).bias", shape: [channels]).data
        mean = try parameters.tensor("\(name).running_mean", shape: [channels]).data.map(Double.init)
        variance = try parameters.tensor("\(name).running_var", shape: [channels]).data.map(Double.init)
    }

    /// `y = scale · x + shift` of a channel under the given statistics.
    static func affine(weight: Float, bias: Float, mean: Double, variance: Double) -> (scale: Double, shift: Double) {
        let scale = Double(weight) / (variance + epsilon).squareRoot()
        return (scale, Double(bias) - scale * mean)
    }
}
