import CKernels
import Tensors

extension Operation {
    /// `apply` by kernels where there are some for whole tensors; its numbers within a few units in the last place.
    ///
    /// An input whose memory nobody else holds may be written over.
    func applyQuickly(
        _ inputs: consuming [Tensor], instructions: InstructionSet, products: GraphProducts
    ) throws -> Tensor {
        switch self {
        case .softmax(let axis) where axis == inputs[0].shape.count - 1 && inputs[0].count > 0:
            return Self.inPlace(&inputs) { numbers, shape in
                ck_softmax(instructions.kernels, numbers.baseAddress, numbers.count / shape[axis], shape[axis])
            }
        case .unary(let unary):
            guard let function = unary.kernels else { break }
            return Self.inPlace(&inputs) { numbers, _ in
                ck_activate(instructions.kernels, numbers.baseAddress, numbers.count, function)
            }
        case .binary(.multiply) where inputs[1].count == 1 && inputs[1].shape.count <= inputs[0].shape.count:
            let factor = inputs[1].data[0]
            return Self.inPlace(&inputs) { numbers, _ in for index in numbers.indices { numbers[index] *= factor } }
        default: break
        }
        return try apply(inputs, products: products)
    }

    /// The first input, taken out of them so that it is not copied before it changes.
    private static func inPlace(
        _ inputs: inout [Tensor], change: (UnsafeMutableBufferPointer<Float>, [Int]) -> Void
    ) -> Tensor {
        var result = Tensor(zeros: [0])
        swap(&result, &inputs[0])
        let shape = result.shape
        result.data.withUnsafeMutableBufferPointer { change($0, shape) }
        return result
    }
}
