extension Operation {
    /// The shape that comes of inputs of such shapes.
    /// - Throws: `ShapeMismatch` where they do not fit.
    func outputShape(_ inputs: [[Int]]) throws -> [Int] {
        guard let x = inputs.first else { throw ShapeMismatch("it has no input") }
        switch self {
        case .convolution(let window, let groups): return try convolved(x, inputs, window, groups)
        case .maxPool(let window), .averagePool(let window, _): return try pooled(x, window)
        case .affine(let scale, let shift):
            guard x.count > 1, x[1] == scale.count, scale.count == shift.count else {
                throw ShapeMismatch("\(scale.count) factors for the shape \(x)")
            }
            return x
        case .batchNorm:
            guard inputs.count == 5, x.count > 1, inputs.dropFirst().allSatisfy({ $0 == [x[1]] }) else {
                throw ShapeMismatch("parameters \(inputs.dropFirst()) for the shape \(x)")
            }
            return x
        case .unary, .localResponseNorm: return x
        case .layerNorm(let axes, _):
            guard axes > 0, axes <= x.count else { throw ShapeMismatch("a norm over \(axes) axes of the shape \(x)") }
            let own = try elements(Array(x.suffix(axes)))
            guard try inputs.dropFirst().allSatisfy({ try elements($0) == own }) else {
                throw ShapeMismatch("weights \(inputs[1]) for the shape \(x)")
            }
            return x
        case .softmax(let axis):
            try check(axis, x)
            return x
        case .binary:
            guard inputs.count == 2 else { throw ShapeMismatch("\(inputs.count) inputs instead of 2") }
            return try broadcast(inputs[0], inputs[1])
        case .reduce(_, let axes):
            for axis in axes { try check(axis, x) }
            return x.indices.map { axes.contains($0) ? 1 : x[$0] }
        case .concatenate(let axis): return try concatenated(inputs, axis)
        case .slice(let axis, let start, let count, let step):
            try check(axis, x)
            guard count >= 0, count == 0 || (0..<x[axis] ~= start && 0..<x[axis] ~= start + (count - 1) * step) else {
                throw ShapeMismatch("\(count) places from \(start) of the shape \(x)")
            }
            return x.indices.map { $0 == axis ? count : x[$0] }
        case .gather(let axis, let indices):
            try check(axis, x)
            guard indices.allSatisfy({ 0..<x[axis] ~= $0 }) else {
                throw ShapeMismatch("a place outside axis \(axis) of the shape \(x)")
            }
            return x.indices.map { $0 == axis ? indices.count : x[$0] }
        case .transpose(let order):
            guard order.sorted() == Array(x.indices) else {
                throw ShapeMismatch("the order \(order) of the shape \(x)")
            }
            return order.map { x[$0] }
        case .reshape(let shape):
            guard try elements(shape) == elements(x) else { throw ShapeMismatch("the shape \(x) as \(shape)") }
            return shape
        case .expand(let shape):
            guard try broadcast(x, shape) == shape else { throw ShapeMismatch("the shape \(x) repeated to \(shape)") }
            return shape
        case .pad(let before, let after, let mode): return try padded(x, before, after, mode)
        case .matrixProduct: return try multiplied(inputs)
        }
    }

    private func check(_ axis: Int, _ shape: [Int]) throws {
        guard shape.indices ~= axis else { throw ShapeMismatch("axis \(axis) of the shape \(shape)") }
    }

    private func convolved(_ x: [Int], _ inputs: [[Int]], _ window: Window, _ groups: Int) throws -> [Int] {
        guard x.count == 4, x[0] == 1, inputs.count > 1, inputs[1].count == 4, groups > 0 else {
            throw ShapeMismatch("a convolution of \(inputs): only those over h×w of one image are computed")
        }
        let weights = inputs[1]
        guard x[1] == weights[1] * groups, weights[0] % groups == 0, Array(weights[2...]) == window.kernel,
            inputs.count < 3 || inputs[2] == [weights[0]]
        else { throw ShapeMismatch("weights \(weights) in \(groups) groups for the shape \(x)") }
        return [x[0], weights[0]] + (try size(x, window))
    }

    private func pooled(_ x: [Int], _ window: Window) throws -> [Int] {
        guard x.count == 4, x[0] == 1 else {
            throw ShapeMismatch("pooling of the shape \(x): only over h×w of one image is computed")
        }
        return [x[0], x[1]] + (try size(x, window))
    }

    private func size(_ x: [Int], _ window: Window) throws -> [Int] {
        let parts = [window.kernel, window.stride, window.dilation, window.before, window.after]
        guard parts.allSatisfy({ $0.count == 2 }),
            (window.kernel + window.stride + window.dilation).allSatisfy({ 1...65_536 ~= $0 }),
            (window.before + window.after).allSatisfy({ 0...65_536 ~= $0 })
        else {
            throw ShapeMismatch(
                "a window of kernel \(window.kernel), stride \(window.stride), padding \(window.before), \(window.after)"
            )
        }
        let size = window.outputSize(Array(x[2...]))
        guard size.allSatisfy({ $0 > 0 }) else {
            throw ShapeMismatch("a window of \(window.kernel) on the shape \(x) leaves nothing")
        }
        return size
    }

    private func concatenated(_ inputs: [[Int]], _ axis: Int) throws -> [Int] {
        try check(axis, inputs[0])
        var shape = inputs[0]
        for other in inputs.dropFirst() {
            guard other.count == shape.count, shape.indices.allSatisfy({ $0 == axis || other[$0] == shape[$0] }) else {
                throw ShapeMismatch("\(inputs[0]) beside \(other) along axis \(axis)")
            }
            shape[axis] += other[axis]
        }
        return shape
    }

    private func padded(_ x: [Int], _ before: [Int], _ after: [Int], _ mode: PadMode) throws -> [Int] {
        guard before.count == x.count, after.count == x.count, (before + after).allSatisfy({ 0...65_536 ~= $0 }) else {
            throw ShapeMismatch("padding \(before), \(after) of the shape \(x)")
        }
        if case .reflect = mode, x.indices.contains(where: { max(before[$0], after[$0]) >= max(x[$0], 1) }) {
            throw ShapeMismatch("reflection by \(before), \(after) of the shape \(x)")
        }
        return x.indices.map { before[$0] + x[$0] + after[$0] }
    }

    private func multiplied(_ inputs: [[Int]]) throws -> [Int] {
        guard inputs.count == 2, inputs[0].count > 1, inputs[1].count > 1, inputs[0].last == inputs[1].dropLast().last
        else {
            throw ShapeMismatch("a product of \(inputs)")
        }
        return try broadcast(Array(inputs[0].dropLast(2)), Array(inputs[1].dropLast(2))) + [
            inputs[0][inputs[0].count - 2], inputs[1][inputs[1].count - 1],
        ]
    }

    /// Multiplications by the plain formula.
    func multiplications(_ inputs: [[Int]], output: [Int]) -> Double {
        let count = output.reduce(1.0) { $0 * Double($1) }
        switch self {
        case .convolution: return inputs[1].dropFirst().reduce(count) { $0 * Double($1) }
        case .matrixProduct: return count * Double(inputs[0].last ?? 1)
        default: return 0
        }
    }
}

/// Shapes that do not fit; the importer says of which node.
struct ShapeMismatch: Error {
    let problem: String
    init(_ problem: String) { self.problem = problem }
}

/// NumPy's broadcasting of two shapes.
func broadcast(_ a: [Int], _ b: [Int]) throws -> [Int] {
    let rank = max(a.count, b.count)
    return try (0..<rank).map { axis in
        let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)],
            y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
        guard x == y || x == 1 || y == 1 else { throw ShapeMismatch("\(a) with \(b)") }
        return x == 1 ? y : x
    }
}

/// The number of elements of a shape.
/// - Throws: `ShapeMismatch` for negative lengths, more than 16 axes, and more than 2²⁸ elements (a gigabyte), which no
///   layer of a network has.
@discardableResult
func elements(_ shape: [Int]) throws -> Int {
    guard shape.count <= 16 else { throw ShapeMismatch("a tensor of \(shape.count) axes") }
    var count = 1
    for length in shape {
        let (product, isTooLarge) = count.multipliedReportingOverflow(by: length)
        guard length >= 0, !isTooLarge, product <= 1 << 28 else {
            throw ShapeMismatch("the shape \(shape) is no tensor's, or too large")
        }
        count = product
    }
    return count
}
