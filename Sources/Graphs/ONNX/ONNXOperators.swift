private typealias Term = ONNXImporter.Term
/// Gives the terms of a node's outputs from those of its inputs (nil: left out).
typealias ONNXTranslation = @Sendable (inout ONNXImporter, [ONNXImporter.Term?]) throws -> [ONNXImporter.Term]

/// Every operator of ONNX that is read, by its name (onnx.ai/onnx/operators, opset 9 to 22).
let onnxOperators: [String: ONNXTranslation] = onnxLayers.merging(onnxElementwise) { $1 }.merging(onnxArithmetic) { $1 }.merging(onnxShapes) { $1 }

private func required(_ inputs: [Term?], _ index: Int) throws -> Term {
    guard inputs.indices ~= index, let term = inputs[index] else { throw ShapeMismatch("it lacks input \(index)") }
    return term
}

private func optional(_ inputs: [Term?], _ index: Int) -> Term? { inputs.indices ~= index ? inputs[index] : nil }

// MARK: Layers

private let onnxLayers: [String: ONNXTranslation] = [
    "Conv": { importer, inputs in
        let weights = try required(inputs, 1), kernel = Array(importer.shape(weights).dropFirst(2))
        let window = try importer.window(kernel: kernel, size: Array(importer.shape(try required(inputs, 0)).dropFirst(2)))
        let terms = [try required(inputs, 0), weights] + (optional(inputs, 2).map { [$0] } ?? [])
        return [try importer.emit(.convolution(window, groups: importer.integer("group", 1)), terms)]
    },
    "MaxPool": { importer, inputs in
        guard importer.outputCount == 1, importer.integer("storage_order", 0) == 0 else { throw importer.unsupported("without indices") }
        let x = try required(inputs, 0)
        let window = try importer.window(kernel: importer.integers("kernel_shape") ?? [], size: Array(importer.shape(x).dropFirst(2)))
        return [try importer.emit(.maxPool(window), [x])]
    },
    "AveragePool": { importer, inputs in
        let x = try required(inputs, 0)
        let window = try importer.window(kernel: importer.integers("kernel_shape") ?? [], size: Array(importer.shape(x).dropFirst(2)))
        return [try importer.emit(.averagePool(window, countsPadding: importer.integer("count_include_pad", 0) != 0), [x])]
    },
    "GlobalAveragePool": { importer, inputs in
        let x = try required(inputs, 0)
        return [try importer.emit(.reduce(.mean, axes: Array(importer.shape(x).indices.dropFirst(2))), [x])]
    },
    "GlobalMaxPool": { importer, inputs in
        let x = try required(inputs, 0)
        return [try importer.emit(.reduce(.max, axes: Array(importer.shape(x).indices.dropFirst(2))), [x])]
    },
    "BatchNormalization": { importer, inputs in
        guard importer.integer("training_mode", 0) == 0 else { throw importer.unsupported("in inference, not in training mode") }
        let inputs = try (0..<5).map { try required(inputs, $0) }
        return [try importer.emit(.batchNorm(epsilon: Double(importer.float("epsilon", 1e-5))), inputs)]
    },
    "LayerNormalization": { importer, inputs in
        let x = try required(inputs, 0), rank = importer.shape(x).count
        let axes = rank - (try importer.axis(importer.integer("axis", -1), rank: rank))
        let operation = Operation.layerNorm(axes: axes, epsilon: Double(importer.float("epsilon", 1e-5)))
        return [try importer.emit(operation, inputs.prefix(3).compactMap { $0 })]
    },
    "LRN": { importer, inputs in
        let operation = Operation.localResponseNorm(
            size: max(1, importer.integer("size", 1)), alpha: Double(importer.float("alpha", 1e-4)), beta: Double(importer.float("beta", 0.75)),
            bias: Double(importer.float("bias", 1)))
        return [try importer.emit(operation, [try required(inputs, 0)])]
    },
    "MatMul": { importer, inputs in
        var (a, b) = (try required(inputs, 0), try required(inputs, 1))
        let (first, second) = (importer.shape(a), importer.shape(b))
        if first.count == 1 { a = try importer.emit(.reshape([1] + first), [a]) }
        if second.count == 1 { b = try importer.emit(.reshape(second + [1]), [b]) }
        var product = try importer.emit(.matrixProduct, [a, b])
        if first.count == 1 || second.count == 1 {
            var shape = importer.shape(product)
            if second.count == 1 { shape.removeLast() }
            if first.count == 1 { shape.remove(at: shape.count - (second.count == 1 ? 1 : 2)) }
            product = try importer.emit(.reshape(shape), [product])
        }
        return [product]
    },
    "Gemm": { importer, inputs in
        var (a, b) = (try required(inputs, 0), try required(inputs, 1))
        if importer.integer("transA", 0) != 0 { a = try importer.emit(.transpose([1, 0]), [a]) }
        if importer.integer("transB", 0) != 0 { b = try importer.emit(.transpose([1, 0]), [b]) }
        var y = try importer.emit(.matrixProduct, [a, b])
        y = try importer.scaled(y, by: importer.float("alpha", 1))
        if let c = optional(inputs, 2) { y = try importer.emit(.binary(.add), [y, try importer.scaled(c, by: importer.float("beta", 1))]) }
        return [y]
    },
    "Softmax": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        if importer.version >= 13 {
            return [try importer.emit(.softmax(axis: importer.axis(importer.integer("axis", -1), rank: shape.count)), [x])]
        }
        // Before opset 13 all axes from the one named count as one.
        let axis = try importer.axis(importer.integer("axis", 1), rank: shape.count)
        let flat = try importer.emit(.reshape([try elements(Array(shape[..<axis])), try elements(Array(shape[axis...]))]), [x])
        return [try importer.emit(.reshape(shape), [try importer.emit(.softmax(axis: 1), [flat])])]
    },
]

extension ONNXImporter {
    /// `y · factor`, or `y` itself for 1.
    fileprivate mutating func scaled(_ y: Term, by factor: Float) throws -> Term {
        factor == 1 ? y : try emit(.binary(.multiply), [y, .constant(try ONNXConstant(shape: [], .floats([factor])))])
    }

    /// The window that a convolution's or pooling's attributes describe, over a map of that size.
    fileprivate func window(kernel: [Int], size: [Int]) throws -> Window {
        guard kernel.count == 2, size.count == 2 else { throw unsupported("over height and width") }
        guard integers("kernel_shape") ?? kernel == kernel else { throw ShapeMismatch("a kernel of \(integers("kernel_shape") ?? []) with weights of \(kernel)") }
        let stride = integers("strides") ?? [1, 1], dilation = integers("dilations") ?? [1, 1]
        guard stride.count == 2, dilation.count == 2, (stride + dilation + kernel).allSatisfy({ 1...65_536 ~= $0 }) else {
            throw ShapeMismatch("strides \(stride), dilations \(dilation), kernel \(kernel)")
        }
        var (before, after) = ([0, 0], [0, 0])
        switch text("auto_pad", "NOTSET") {
        case "NOTSET", "":
            let pads = integers("pads") ?? [0, 0, 0, 0]
            guard pads.count == 4 else { throw ShapeMismatch("pads \(pads)") }
            (before, after) = (Array(pads[..<2]), Array(pads[2...]))
        case "VALID": break
        case let mode where mode == "SAME_UPPER" || mode == "SAME_LOWER":
            for axis in 0..<2 {
                let outputs = (size[axis] + stride[axis] - 1) / stride[axis]
                let padding = max(0, (outputs - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 - size[axis])
                before[axis] = mode == "SAME_UPPER" ? padding / 2 : padding - padding / 2
                after[axis] = padding - before[axis]
            }
        case let mode: throw ShapeMismatch("auto_pad \"\(mode)\"")
        }
        return Window(
            kernel: kernel, stride: stride, dilation: dilation, before: before, after: after, isCeiling: integer("ceil_mode", 0) != 0)
    }
}

// MARK: Elementwise

private func unary(_ operation: Operation.Unary) -> ONNXTranslation {
    return { (importer: inout ONNXImporter, inputs: [Term?]) throws -> [Term] in
        [try importer.emit(.unary(operation), [try required(inputs, 0)])]
    }
}

/// Binary operators over any number of inputs.
private func folded(_ operation: Operation.Binary) -> ONNXTranslation {
    return { (importer: inout ONNXImporter, inputs: [Term?]) throws -> [Term] in
        var result = try required(inputs, 0)
        for index in inputs.indices.dropFirst() { result = try importer.emit(.binary(operation), [result, try required(inputs, index)]) }
        return [result]
    }
}

private let same: ONNXTranslation = { _, inputs in [try required(inputs, 0)] }

private let onnxElementwise: [String: ONNXTranslation] = [
    "Relu": unary(.relu), "Sigmoid": unary(.sigmoid), "Tanh": unary(.tanh), "Exp": unary(.exp), "Log": unary(.log), "Erf": unary(.erf),
    "Sqrt": unary(.squareRoot), "Reciprocal": unary(.reciprocal), "Neg": unary(.negate), "Abs": unary(.absolute),
    "HardSwish": unary(.hardSwish), "Softplus": unary(.softplus), "Mish": unary(.mish), "Swish": unary(.silu),
    "Add": folded(.add), "Sub": folded(.subtract), "Mul": folded(.multiply), "Max": folded(.maximum), "Min": folded(.minimum),
    "Sum": folded(.add), "Pow": folded(.power),
    "Identity": same,
    "Dropout": { importer, inputs in
        if try importer.constant(optional(inputs, 2))?.integers().first ?? 0 != 0 { throw importer.unsupported("in inference, not in training mode") }
        return [try required(inputs, 0)]
    },
    "ReduceMean": reduction(.mean), "ReduceSum": reduction(.sum), "ReduceMax": reduction(.max), "ReduceMin": reduction(.min),
    "ReduceProd": reduction(.product),
    "Equal": comparison { $0 == $1 }, "Less": comparison { $0 < $1 }, "Greater": comparison { $0 > $1 },
]

private let onnxArithmetic: [String: ONNXTranslation] = [
    "Div": onDiv, "Mod": onMod, "LeakyRelu": onLeakyRelu, "Elu": onElu, "HardSigmoid": onHardSigmoid, "Gelu": onGelu, "PRelu": onPRelu, "Clip": onClip, "Cast": onCast, "Where": onWhere,
]

private let onDiv: ONNXTranslation = { importer, inputs in
    let quotient = try importer.emit(.binary(.divide), [try required(inputs, 0), try required(inputs, 1)])
    // Of whole numbers the quotient is whole too, rounded towards 0.
    if case .constant(let a) = try required(inputs, 0), a.isInteger, case .constant(let b) = try required(inputs, 1), b.isInteger,
        case .constant(let result) = quotient {
        let whole = result.tensor.data.map { $0.rounded(.towardZero) }
        guard whole.allSatisfy({ abs($0) <= 0x1p24 }) else { throw ShapeMismatch("a quotient of \(whole)") }
        return [.constant(try ONNXConstant(shape: result.shape, .integers(whole.map { Int($0) })))]
    }
    return [quotient]
}

private let onMod: ONNXTranslation = { importer, inputs in
    guard let a = try importer.constant(try required(inputs, 0))?.integers(), importer.integer("fmod", 0) == 0,
        let b = try importer.constant(try required(inputs, 1)), let divisor = try b.integers().first, b.shape.reduce(1, *) == 1, divisor > 0
    else { throw importer.unsupported("of whole numbers by one that is positive") }
    let shape = importer.shape(try required(inputs, 0))
    // As in Python, the remainder has the divisor's sign.
    return [.constant(try ONNXConstant(shape: shape, .integers(a.map { ($0 % divisor + divisor) % divisor })))]
}

private let onLeakyRelu: ONNXTranslation = { importer, inputs in [try importer.emit(.unary(.leakyReLU(importer.float("alpha", 0.01))), [try required(inputs, 0)])] }

private let onElu: ONNXTranslation = { importer, inputs in [try importer.emit(.unary(.elu(importer.float("alpha", 1))), [try required(inputs, 0)])] }

private let onHardSigmoid: ONNXTranslation = { importer, inputs in
    let operation = Operation.Unary.hardSigmoid(alpha: importer.float("alpha", 0.2), beta: importer.float("beta", 0.5))
    return [try importer.emit(.unary(operation), [try required(inputs, 0)])]
}

private let onGelu: ONNXTranslation = { importer, inputs in
    [try importer.emit(.unary(.gelu(isTanh: importer.text("approximate", "none") == "tanh")), [try required(inputs, 0)])]
}

private let onPRelu: ONNXTranslation = { importer, inputs in
    let x = try required(inputs, 0), zero = Term.constant(try ONNXConstant(shape: [], .floats([0])))
    let negative = try importer.emit(.binary(.multiply), [try importer.emit(.binary(.minimum), [x, zero]), try required(inputs, 1)])
    return [try importer.emit(.binary(.add), [try importer.emit(.unary(.relu), [x]), negative])]
}

private let onClip: ONNXTranslation = { importer, inputs in
    func bound(_ index: Int, _ name: String, _ standard: Float) throws -> Float {
        if importer.version < 11 { return importer.float(name, standard) }
        return try importer.constant(optional(inputs, index))?.tensor.data.first ?? standard
    }
    let low = try bound(1, "min", -.greatestFiniteMagnitude), high = try bound(2, "max", .greatestFiniteMagnitude)
    return [try importer.emit(.unary(.clip(low, high)), [try required(inputs, 0)])]
}

private let onCast: ONNXTranslation = { importer, inputs in
    let x = try required(inputs, 0)
    guard case .constant(let constant) = x else { return [x] }
    // ONNX's float, half, double and brain float; all else is whole numbers here.
    if [1, 10, 11, 16].contains(importer.integer("to", 1)) {
        return [.constant(try ONNXConstant(shape: constant.shape, .floats(constant.tensor.data)))]
    }
    if constant.isInteger { return [x] }
    guard constant.tensor.data.allSatisfy({ abs($0) < 0x1p53 }) else { throw ShapeMismatch("a cast of numbers too large") }
    return [.constant(try ONNXConstant(shape: constant.shape, .integers(constant.tensor.data.map { Int($0) })))]
}

private let onWhere: ONNXTranslation = { importer, inputs in
    guard let condition = try importer.constant(try required(inputs, 0)) else { throw ShapeMismatch("it lacks a condition") }
    // c·a + (1 − c)·b would lose infinities: a condition that is the same everywhere is all that exporters leave.
    let flags = try condition.integers()
    if flags.allSatisfy({ $0 != 0 }) { return [try importer.repeated(try required(inputs, 1), as: inputs)] }
    if flags.allSatisfy({ $0 == 0 }) { return [try importer.repeated(try required(inputs, 2), as: inputs)] }
    guard let a = try importer.constant(try required(inputs, 1)), let b = try importer.constant(try required(inputs, 2)) else {
        throw importer.unsupported("with a condition that is the same everywhere")
    }
    let shape = try broadcast(try broadcast(condition.shape, a.shape), b.shape)
    func all(_ constant: ONNXConstant) -> [Float] { expanded(constant.tensor, shape: shape).data }
    let numbers = zip(all(condition), zip(all(a), all(b))).map { $0 != 0 ? $1.0 : $1.1 }
    if a.isInteger, b.isInteger { return [.constant(try ONNXConstant(shape: shape, .integers(numbers.map { Int($0) })))] }
    return [.constant(try ONNXConstant(shape: shape, .floats(numbers)))]
}

extension ONNXImporter {
    /// One side of a `Where`, with the shape of all three inputs.
    fileprivate mutating func repeated(_ term: Term, as inputs: [Term?]) throws -> Term {
        let shape = try inputs.compactMap { $0 }.map { self.shape($0) }.reduce([]) { try broadcast($0, $1) }
        return shape == self.shape(term) ? term : try emit(.expand(shape), [term])
    }
}

private func comparison(_ compare: @escaping @Sendable (Float, Float) -> Bool) -> ONNXTranslation {
    { importer, inputs in
        guard let a = try importer.constant(try required(inputs, 0)), let b = try importer.constant(try required(inputs, 1)) else {
            throw importer.unsupported("on numbers that do not depend on the image")
        }
        let shape = try broadcast(a.shape, b.shape)
        let flags = zip(expanded(a.tensor, shape: shape).data, expanded(b.tensor, shape: shape).data).map { compare($0, $1) ? 1 : 0 }
        return [.constant(try ONNXConstant(shape: shape, .integers(flags)))]
    }
}

private func reduction(_ reduction: Operation.Reduction) -> ONNXTranslation {
    { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        let listed = try importer.integers("axes") ?? importer.constant(optional(inputs, 1))?.integers() ?? []
        if listed.isEmpty, importer.integer("noop_with_empty_axes", 0) != 0 { return [x] }
        let axes = listed.isEmpty ? Array(shape.indices) : try listed.map { try importer.axis($0, rank: shape.count) }
        let result = try importer.emit(.reduce(reduction, axes: axes), [x])
        if importer.integer("keepdims", 1) != 0 { return [result] }
        return [try importer.emit(.reshape(shape.indices.filter { !axes.contains($0) }.map { shape[$0] }), [result])]
    }
}

// MARK: Shapes

private let onnxShapes: [String: ONNXTranslation] = [
    "Constant": { importer, _ in
        if let tensor = importer.attribute("value")?.tensor { return [.constant(try importer.constant(of: tensor))] }
        if let attribute = importer.attribute("value_float") { return [.constant(try ONNXConstant(shape: [], .floats([attribute.float])))] }
        if let attribute = importer.attribute("value_int") { return [.constant(try ONNXConstant(shape: [], .integers([attribute.integer])))] }
        if let list = importer.attribute("value_floats")?.floats { return [.constant(try ONNXConstant(shape: [list.count], .floats(list)))] }
        if let list = importer.integers("value_ints") { return [.constant(try ONNXConstant(shape: [list.count], .integers(list)))] }
        throw importer.unsupported("with numbers")
    },
    "Shape": { importer, inputs in
        let shape = importer.shape(try required(inputs, 0)), count = shape.count
        func bound(_ name: String, _ standard: Int) -> Int {
            let place = importer.integer(name, standard)
            return min(max(place < 0 ? place + count : place, 0), count)
        }
        let start = bound("start", 0), end = max(start, bound("end", count))
        return [.constant(try ONNXConstant(shape: [end - start], .integers(Array(shape[start..<end]))))]
    },
    "Size": { importer, inputs in
        [.constant(try ONNXConstant(shape: [], .integers([try elements(importer.shape(try required(inputs, 0)))])))]
    },
    "ConstantOfShape": { importer, inputs in
        let shape = try importer.constant(try required(inputs, 0))?.integers() ?? [], count = try elements(shape)
        guard let tensor = importer.attribute("value")?.tensor else {
            return [.constant(try ONNXConstant(shape: shape, .floats([Float](repeating: 0, count: count))))]
        }
        let value = try importer.constant(of: tensor)
        switch value.numbers {
        case .floats(let list): return [.constant(try ONNXConstant(shape: shape, .floats([Float](repeating: list.first ?? 0, count: count))))]
        case .integers(let list): return [.constant(try ONNXConstant(shape: shape, .integers([Int](repeating: list.first ?? 0, count: count))))]
        }
    },
    "Range": { importer, inputs in
        let bounds = try (0..<3).map { index -> Int in
            guard let number = try importer.constant(try required(inputs, index))?.integers().first else { throw ShapeMismatch("an empty bound") }
            return number
        }
        guard bounds[2] != 0, bounds.allSatisfy({ abs($0) < 1 << 24 }) else { throw ShapeMismatch("the range \(bounds)") }
        let list = Array(stride(from: bounds[0], to: bounds[1], by: bounds[2]))
        return [.constant(try ONNXConstant(shape: [list.count], .integers(list)))]
    },
    "Flatten": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x), given = importer.integer("axis", 1)
        let axis = given == shape.count ? given : try importer.axis(given, rank: shape.count)
        return [try importer.emit(.reshape([try elements(Array(shape[..<axis])), try elements(Array(shape[axis...]))]), [x])]
    },
    "Reshape": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        var target = try importer.integers("shape") ?? importer.constant(try required(inputs, 1))?.integers() ?? []
        for index in target.indices where target[index] == 0 && importer.integer("allowzero", 0) == 0 {
            guard shape.indices ~= index else { throw ShapeMismatch("the shape \(shape) as \(target)") }
            target[index] = shape[index]
        }
        if let open = target.firstIndex(of: -1) {
            let rest = try elements(target.enumerated().filter { $0.offset != open }.map(\.element))
            guard rest > 0 else { throw ShapeMismatch("the shape \(shape) as \(target)") }
            target[open] = try elements(shape) / rest
        }
        return [try importer.emit(.reshape(target), [x])]
    },
    "Transpose": { importer, inputs in
        let x = try required(inputs, 0)
        return [try importer.emit(.transpose(importer.integers("perm") ?? Array(importer.shape(x).indices.reversed())), [x])]
    },
    "Squeeze": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        let listed = try importer.integers("axes") ?? importer.constant(optional(inputs, 1))?.integers()
        let axes = try listed?.map { try importer.axis($0, rank: shape.count) } ?? shape.indices.filter { shape[$0] == 1 }
        return [try importer.emit(.reshape(shape.indices.filter { !axes.contains($0) }.map { shape[$0] }), [x])]
    },
    "Unsqueeze": { importer, inputs in
        let x = try required(inputs, 0)
        let listed = try importer.integers("axes") ?? importer.constant(try required(inputs, 1))?.integers() ?? []
        var shape = importer.shape(x)
        let rank = shape.count + listed.count
        for axis in try listed.map({ try importer.axis($0, rank: rank) }).sorted() {
            guard axis <= shape.count else { throw ShapeMismatch("new axes \(listed) of the shape \(shape)") }
            shape.insert(1, at: axis)
        }
        return [try importer.emit(.reshape(shape), [x])]
    },
    "Concat": { importer, inputs in
        let terms = try inputs.indices.map { try required(inputs, $0) }
        guard let first = terms.first else { throw ShapeMismatch("it has no input") }
        return [try importer.emit(.concatenate(axis: importer.axis(importer.integer("axis", 1), rank: importer.shape(first).count)), terms)]
    },
    "Expand": { importer, inputs in
        let x = try required(inputs, 0), target = try importer.constant(try required(inputs, 1))?.integers() ?? []
        let shape = try broadcast(importer.shape(x), target)
        return [shape == importer.shape(x) ? x : try importer.emit(.expand(shape), [x])]
    },
    "Gather": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        guard let indices = try importer.constant(try required(inputs, 1)) else { throw ShapeMismatch("it lacks indices") }
        let axis = try importer.axis(importer.integer("axis", 0), rank: shape.count)
        let places = try indices.integers().map { $0 < 0 ? $0 + shape[axis] : $0 }
        let picked = try importer.emit(.gather(axis: axis, indices: places), [x])
        return [try importer.emit(.reshape(Array(shape[..<axis]) + indices.shape + Array(shape[(axis + 1)...])), [picked])]
    },
    "Split": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        let axis = try importer.axis(importer.integer("axis", 0), rank: shape.count), count = max(1, importer.outputCount)
        let even = (shape[axis] + count - 1) / count
        let sizes = try importer.integers("split") ?? importer.constant(optional(inputs, 1))?.integers()
            ?? (0..<count).map { min(even, shape[axis] - $0 * even) }
        var start = 0
        return try sizes.map { size in
            defer { start += size }
            return try importer.emit(.slice(axis: axis, start: start, count: size, step: 1), [x])
        }
    },
    "Slice": { importer, inputs in
        var x = try required(inputs, 0)
        func list(_ name: String, _ index: Int) throws -> [Int]? {
            importer.version < 10 ? importer.integers(name) : try importer.constant(optional(inputs, index))?.integers()
        }
        let starts = try list("starts", 1) ?? [], ends = try list("ends", 2) ?? []
        let axes = try list("axes", 3) ?? Array(starts.indices), steps = try list("steps", 4) ?? starts.map { _ in 1 }
        guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else { throw ShapeMismatch("bounds of several lengths") }
        for index in starts.indices {
            let shape = importer.shape(x), axis = try importer.axis(axes[index], rank: shape.count)
            let (start, count) = try sliced(shape[axis], from: starts[index], to: ends[index], by: steps[index])
            if count < shape[axis] || steps[index] != 1 {
                x = try importer.emit(.slice(axis: axis, start: start, count: count, step: steps[index]), [x])
            }
        }
        return [x]
    },
    "Pad": { importer, inputs in
        let x = try required(inputs, 0), rank = importer.shape(x).count
        let pads = try importer.version < 11
            ? importer.integers("pads") ?? [] : importer.constant(try required(inputs, 1))?.integers() ?? []
        let value = importer.version < 11 ? importer.float("value", 0) : try importer.constant(optional(inputs, 2))?.tensor.data.first ?? 0
        var (before, after) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank))
        let axes = try importer.constant(optional(inputs, 3))?.integers() ?? Array(0..<rank)
        guard pads.count == 2 * axes.count else { throw ShapeMismatch("pads \(pads) for \(axes.count) axes") }
        for (index, given) in axes.enumerated() {
            let axis = try importer.axis(given, rank: rank)
            (before[axis], after[axis]) = (pads[index], pads[axes.count + index])
        }
        if (before + after).allSatisfy({ $0 == 0 }) { return [x] }
        let mode: Operation.PadMode
        switch importer.text("mode", "constant") {
        case "reflect": mode = .reflect
        case "edge": mode = .edge
        case "constant", "": mode = .constant(value)
        case let other: throw importer.unsupported("with the modes constant, reflect and edge, not \(other)")
        }
        return [try importer.emit(.pad(before: before, after: after, mode: mode), [x])]
    },
    "DepthToSpace": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x), block = importer.integer("blocksize", 1)
        guard shape.count == 4, block > 0, block < 1 << 12, shape[1] % (block * block) == 0 else { throw ShapeMismatch("blocks of \(block) of \(shape)") }
        let channels = shape[1] / block / block, isColumns = importer.text("mode", "DCR") == "CRD"
        let split = isColumns ? [shape[0], channels, block, block, shape[2], shape[3]] : [shape[0], block, block, channels, shape[2], shape[3]]
        let moved = try importer.emit(.transpose(isColumns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), [try importer.emit(.reshape(split), [x])])
        return [try importer.emit(.reshape([shape[0], channels, shape[2] * block, shape[3] * block]), [moved])]
    },
]

/// First place and number of places of Python's `[start:end:step]`.
private func sliced(_ length: Int, from start: Int, to end: Int, by step: Int) throws -> (Int, Int) {
    guard step != 0, step != .min, abs(step) < 1 << 31 || length == 0 else { throw ShapeMismatch("a step of \(step)") }
    func place(_ given: Int, _ low: Int, _ high: Int) -> Int { min(max(given < 0 ? given + length : given, low), high) }
    if step > 0 {
        let first = place(start, 0, length), last = place(end, 0, length)
        return (first, max(0, (last - first + step - 1) / step))
    }
    let first = place(start, -1, length - 1), last = place(end, -1, length - 1)
    return (max(first, 0), max(0, (first - last - step - 1) / -step))
}
