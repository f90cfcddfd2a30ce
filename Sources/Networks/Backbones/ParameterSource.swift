import Tensors

/// Where a model's parameters come from: a checkpoint, or a random initialisation.
public protocol ParameterSource: Sendable {
    /// The parameter of that name in torchvision's `state_dict`, which has exactly that shape.
    /// - Throws: an error that names the tensor when it is missing or has another shape.
    func tensor(_ name: String, shape: [Int]) throws -> Tensor
}
