import CKernels
import Tensors

extension Operation {
    /// `apply` by kernels where there are some for whole tensors; its numbers within a few units in the last place.
    func applyQuickly(_ inputs: [Tensor], instructions: InstructionSet, products: GraphProducts) throws -> Tensor {
        let x = inputs[0]
        switch self {
        case .softmax(let axis) where axis == x.shape.count - 1 && x.count > 0:
            var result = x
            let columns = x.shape[axis]
            result.data.withUnsafeMutableBufferPointer {
                ck_softmax(instructions.kernels, $0.baseAddress, $0.count / columns, columns)
            }
            return result
        case .unary(let unary):
            guard let function = unary.kernels else { break }
            var result = x
            result.data.withUnsafeMutableBufferPointer {
                ck_activate(instructions.kernels, $0.baseAddress, $0.count, function)
            }
            return result
        case .transpose(let order) where x.count > 0: return quicklyTransposed(x, order)
        case .binary(.multiply) where inputs[1].count == 1 && inputs[1].shape.count <= x.shape.count:
            let factor = inputs[1].data[0]
            return Tensor(shape: x.shape, data: x.data.map { $0 * factor })
        default: break
        }
        return try apply(inputs, products: products)
    }
}

/// Run by run along the last axis, which is copied whole where it stays the last.
private func quicklyTransposed(_ x: Tensor, _ order: [Int]) -> Tensor {
    guard let last = order.last else { return x }
    var strides = [Int](repeating: 1, count: x.shape.count)
    for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * x.shape[axis + 1] }
    let shape = order.map { x.shape[$0] }, outer = order.dropLast(), length = x.shape[last], step = strides[last]
    let data = [Float](unsafeUninitializedCapacity: x.count) { target, count in
        x.data.withUnsafeBufferPointer { source in
            var place = [Int](repeating: 0, count: outer.count), from = 0
            for start in stride(from: 0, to: x.count, by: length) {
                if step == 1 {
                    (target.baseAddress! + start).initialize(from: source.baseAddress! + from, count: length)
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
        count = x.count
    }
    return Tensor(shape: shape, data: data)
}
