import Tensors

/// Numbers of a tensor in another order, read where they lie: element (i, j, …) is at `offset + i · strides[0] + j ·
/// strides[1] + …`.
package struct StridedView: Sendable, Equatable {
    package let offset: Int
    package let shape: [Int], strides: [Int]

    package var count: Int { shape.reduce(1, *) }

    /// A tensor as it is.
    package init(of shape: [Int]) {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        self.init(offset: 0, shape: shape, strides: strides)
    }

    private init(offset: Int, shape: [Int], strides: [Int]) {
        self.offset = offset
        self.shape = shape
        self.strides = strides
    }

    /// Axis i of the result is axis `order[i]`.
    package func transposed(_ order: [Int]) -> StridedView {
        StridedView(offset: offset, shape: order.map { shape[$0] }, strides: order.map { strides[$0] })
    }

    /// `count` places of an axis, every `step`th from `start` on.
    package func sliced(axis: Int, start: Int, count: Int, step: Int) -> StridedView {
        var (shape, strides) = (shape, strides)
        shape[axis] = count
        let first = offset + start * strides[axis]
        strides[axis] *= step
        return StridedView(offset: first, shape: shape, strides: strides)
    }

    /// The same numbers in row-major order as another shape; nil where no strides give them (as NumPy's `reshape`, which
    /// copies then).
    package func reshaped(_ target: [Int]) -> StridedView? {
        guard count > 0, target.reduce(1, *) == count else { return nil }
        let own = shape.indices.filter { shape[$0] > 1 }
        var result = [Int](repeating: 0, count: target.count), from = 0, to = 0
        while from < own.count {
            // The fewest axes on both sides that hold as many numbers.
            var end = from + 1, last = to, left = shape[own[from]], right = 1
            while left != right {
                if right < left {
                    right *= target[last]
                    last += 1
                } else {
                    left *= shape[own[end]]
                    end += 1
                }
            }
            for axis in from..<end - 1 where strides[own[axis]] != strides[own[axis + 1]] * shape[own[axis + 1]] {
                return nil
            }
            var step = strides[own[end - 1]]
            for axis in (to..<last).reversed() {
                result[axis] = step
                step *= target[axis]
            }
            (from, to) = (end, last)
        }
        return StridedView(offset: offset, shape: target, strides: result)
    }

    /// The axes from the one whose numbers lie furthest apart to the one whose numbers lie closest.
    var storageOrder: [Int] {
        shape.indices.sorted { (strides[$0], $1) > (strides[$1], $0) }
    }

    /// Whether rows or columns of its matrices (the last two axes) are contiguous.
    package var isMatrices: Bool {
        shape.count > 1 && shape.suffix(2).indices.contains { strides[$0] == 1 || shape[$0] == 1 }
    }

    /// The matrix at an offset.
    func matrix(_ address: UnsafePointer<Float>) -> MatrixView {
        let row = shape.count - 2, column = shape.count - 1
        return strides[column] == 1 || shape[column] == 1
            ? MatrixView(address, rowStride: strides[row])
            : MatrixView(address, rowStride: strides[column]).transposed
    }

    /// Strides of the axes before the last two, of as many axes as are asked for: 0 along those that are repeated.
    func leadingStrides(_ count: Int) -> [Int] {
        let own = shape.indices.dropLast(2).map { shape[$0] > 1 ? strides[$0] : 0 }
        return [Int](repeating: 0, count: count - own.count) + own
    }

    /// A tensor of its numbers: whole runs of the last axis at once where they are contiguous.
    package func read(_ numbers: [Float]) -> Tensor {
        if self == StridedView(of: shape), numbers.count == count { return Tensor(shape: shape, data: numbers) }
        guard let length = shape.last, let step = strides.last, count > 0 else {
            return Tensor(shape: shape, data: count > 0 ? [numbers[offset]] : [])
        }
        let outer = Array(shape.dropLast())
        return Tensor(uninitialized: shape) { target in
            numbers.withUnsafeBufferPointer { source in
                guard let first = source.baseAddress.map({ $0 + offset }) else { return }
                forEach(outer, Array(strides.dropLast())) { place, from, _ in
                    if step == 1 {
                        (target + place * length).initialize(from: first + from, count: length)
                    } else {
                        for index in 0..<length { target[place * length + index] = first[from + index * step] }
                    }
                }
            }
        }
    }
}

/// `a · b` over the last two axes; leading axes are broadcast.
package func multiplied(
    _ a: Tensor, _ left: StridedView, _ b: Tensor, _ right: StridedView, shape: [Int], _ products: MatrixProducts
) -> Tensor {
    let rows = shape[shape.count - 2], columns = shape[shape.count - 1], terms = left.shape[left.shape.count - 1]
    return multiplied(a, left, b, right, shape: shape) {
        products.multiply(
            left.matrix($0), right.matrix($1), rows: rows, columns: columns, terms: terms, into: $2, rowStride: columns)
    }
}

/// The same by whatever multiplies a matrix at one address with one at another.
func multiplied(
    _ a: Tensor, _ left: StridedView, _ b: Tensor, _ right: StridedView, shape: [Int],
    multiply: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
) -> Tensor {
    guard left.count > 0, right.count > 0 else { return Tensor(zeros: shape) }
    let leading = Array(shape.dropLast(2)), size = shape.suffix(2).reduce(1, *)
    return Tensor(uninitialized: shape) { output in
        a.data.withUnsafeBufferPointer { a in
            b.data.withUnsafeBufferPointer { b in
                guard let x = a.baseAddress.map({ $0 + left.offset }), let y = b.baseAddress.map({ $0 + right.offset })
                else { return }
                forEach(leading, left.leadingStrides(leading.count), right.leadingStrides(leading.count)) {
                    multiply(x + $1, y + $2, output + $0 * size)
                }
            }
        }
    }
}
