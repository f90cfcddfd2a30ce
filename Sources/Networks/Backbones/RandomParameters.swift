import Fingerprints
import Tensors

/// An untrained target model: the distributions of `torchvision.models.<architecture>(weights=None)`, drawn from our
/// own seed.
///
/// - ResNets: convolutions `N(0, 2 / fan_out)`, fan_out = outputs · kernel² (torchvision's `kaiming_normal_`, mode
///   `fan_out`, He et al. 2015); batch norms weight 1, bias 0, mean 0, variance 1.
/// - AlexNet: weights and biases `U(−1/√fan_in, 1/√fan_in)` (PyTorch's `Conv2d` default, `kaiming_uniform_(a=√5)`).
///
/// The numbers are not the ones PyTorch draws from the same seed. Each tensor is drawn from a stream of its own name,
/// so they depend on nothing that was asked for before.
public struct RandomParameters: ParameterSource {
    /// Whose parameters they are: it decides shapes and distributions.
    public let architecture: Architecture
    /// What every tensor's stream is drawn from, with the architecture's and the tensor's name.
    public let seed: UInt64

    /// The same seed gives an architecture the same parameters on every machine.
    public init(architecture: Architecture, seed: UInt64) {
        self.architecture = architecture
        self.seed = seed
    }

    /// - Throws: `UnknownParameter` when the backbone has no tensor of that name and shape.
    public func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        guard let (expected, distribution) = try parameter(name), expected == shape else {
            throw UnknownParameter(architecture: architecture, name: name, shape: shape)
        }
        var source = RandomSource(seed: seed, stream: "\(architecture.name) \(name)")
        let data: [Float] = (0..<shape.reduce(1, *)).map { _ in
            switch distribution {
            case .constant(let value): value
            case .normal(let deviation): Float(source.normal() * deviation)
            case .uniform(let bound): Float(source.uniform(-bound, bound))
            }
        }
        return Tensor(shape: shape, data: data)
    }

    private enum Distribution {
        case constant(Float)
        case normal(deviation: Double)
        case uniform(bound: Double)
    }

    private func parameter(_ name: String) throws -> (shape: [Int], Distribution)? {
        guard let last = architecture.layers.last, let dot = name.lastIndex(of: ".") else { return nil }
        let (module, field) = (name[..<dot], name[name.index(after: dot)...])
        for convolution in try architecture.blocks(upTo: last).flatMap(\.convolutions) {
            let kernel = [convolution.outputs, convolution.inputs, convolution.kernel, convolution.kernel]
            let bound = 1 / Double(convolution.fanIn).squareRoot()
            let fanOut = Double(convolution.outputs * convolution.kernel * convolution.kernel)
            switch (module == convolution.name, convolution.batchNorm.map { module == $0 }, field) {
            case (true, nil, "weight"): return (kernel, .uniform(bound: bound))
            case (true, nil, "bias"): return ([convolution.outputs], .uniform(bound: bound))
            case (true, false, "weight"): return (kernel, .normal(deviation: (2 / fanOut).squareRoot()))
            case (_, true, "weight"), (_, true, "running_var"): return ([convolution.outputs], .constant(1))
            case (_, true, "bias"), (_, true, "running_mean"): return ([convolution.outputs], .constant(0))
            default: continue
            }
        }
        return nil
    }
}

/// A tensor that the architecture does not have.
public struct UnknownParameter: Error, CustomStringConvertible, Sendable, Equatable {
    /// The architecture that was asked.
    public let architecture: Architecture
    /// The name that was asked for, as in torchvision's `state_dict`.
    public let name: String
    /// The shape that was asked for, the outermost axis first.
    public let shape: [Int]

    /// The architecture, the name and the shape.
    public var description: String { "\(architecture) has no parameter \(name) of shape \(shape)" }
}
