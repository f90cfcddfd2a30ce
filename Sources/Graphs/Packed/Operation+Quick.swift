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
        case .transpose(let order) where inputs[0].count > 0: return quicklyTransposed(inputs[0], order)
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

/// Run by run along the last axis, which is copied whole where it stays the last.
private func quicklyTransposed(_ x: Tensor, _ order: [Int]) -> Tensor {
    guard let last = order.last else { return x }
    var strides = [Int](repeating: 1, count: x.shape.count)
    for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * x.shape[axis + 1] }
    let shape = order.map { x.shape[$0] }, outer = order.dropLast(), length = x.shape[last], step = strides[last]
    return Tensor(uninitialized: shape) { target in
        x.data.withUnsafeBufferPointer { source in
            var place = [Int](repeating: 0, count: outer.count), from = 0
            for start in stride(from: 0, to: x.count, by: length) {
                if step == 1 {
                    (target + start).initialize(from: source.baseAddress! + from, count: length)
                } else {
                    for index in 0..<length { target[start + index] = source[from + index * step] }
                }
                for axis in outer.indices.reversed() {
                    place[axis] += 1
                    from += strides[order[axis]]
                    if place[axis] < shape[axis] { break }
                    from -= place[axis] * strides[order[axis]]
                    place[axis] = 0
                }
            }
        }
    }
}
