private func unary(_ operation: Operation.Unary) -> ONNXTranslation {
    return { (importer: inout ONNXImporter, inputs: [GraphBuilder.Term?]) throws -> [GraphBuilder.Term] in
        [try importer.emit(.unary(operation), [try required(inputs, 0)])]
    }
}

/// Binary operators over any number of inputs.
private func folded(_ operation: Operation.Binary) -> ONNXTranslation {
    return { (importer: inout ONNXImporter, inputs: [GraphBuilder.Term?]) throws -> [GraphBuilder.Term] in
        var result = try required(inputs, 0)
        for index in inputs.indices.dropFirst() {
            result = try importer.emit(.binary(operation), [result, try required(inputs, index)])
        }
        return [result]
    }
}

private let same: ONNXTranslation = { _, inputs in [try required(inputs, 0)] }

/// Operations number by number, and over axes.
let onnxArithmetic: [String: ONNXTranslation] = [
    "Relu": unary(.relu), "Sigmoid": unary(.sigmoid), "Tanh": unary(.tanh), "Exp": unary(.exp), "Log": unary(.log),
    "Erf": unary(.erf),
    "Sqrt": unary(.squareRoot), "Reciprocal": unary(.reciprocal), "Neg": unary(.negate), "Abs": unary(.absolute),
    "HardSwish": unary(.hardSwish), "Softplus": unary(.softplus), "Mish": unary(.mish), "Swish": unary(.silu),
    "Add": folded(.add), "Sub": folded(.subtract), "Mul": folded(.multiply), "Max": folded(.maximum),
    "Min": folded(.minimum),
    "Sum": folded(.add), "Pow": folded(.power),
    "Identity": same,
    "Dropout": { importer, inputs in
        if try importer.constant(optional(inputs, 2))?.integers().first ?? 0 != 0 {
            throw importer.unsupported("in inference, not in training mode")
        }
        return [try required(inputs, 0)]
    },
    "ReduceMean": reduction(.mean), "ReduceSum": reduction(.sum), "ReduceMax": reduction(.max),
    "ReduceMin": reduction(.min),
    "ReduceProd": reduction(.product),
    "Equal": comparison { $0 == $1 }, "Less": comparison { $0 < $1 }, "Greater": comparison { $0 > $1 },
    "Div": onDiv, "Mod": onMod, "LeakyRelu": onLeakyRelu, "Elu": onElu, "HardSigmoid": onHardSigmoid, "Gelu": onGelu,
    "PRelu": onPRelu, "Clip": onClip, "Cast": onCast, "Where": onWhere,
]

private let onDiv: ONNXTranslation = { importer, inputs in
    let quotient = try importer.emit(.binary(.divide), [try required(inputs, 0), try required(inputs, 1)])
    // Of whole numbers the quotient is whole too, rounded towards 0.
    if case .constant(let a) = try required(inputs, 0), a.isInteger, case .constant(let b) = try required(inputs, 1),
        b.isInteger,
        case .constant(let result) = quotient
    {
        let whole = result.tensor.data.map { $0.rounded(.towardZero) }
        guard whole.allSatisfy({ abs($0) <= 0x1p24 }) else { throw ShapeMismatch("a quotient of \(whole)") }
        return [.constant(try Constant(shape: result.shape, .integers(whole.map { Int($0) })))]
    }
    return [quotient]
}

private let onMod: ONNXTranslation = { importer, inputs in
    guard let a = try importer.constant(try required(inputs, 0))?.integers(), importer.integer("fmod", 0) == 0,
        let b = try importer.constant(try required(inputs, 1)), let divisor = try b.integers().first,
        b.shape.reduce(1, *) == 1, divisor > 0
    else { throw importer.unsupported("of whole numbers by one that is positive") }
    let shape = importer.shape(try required(inputs, 0))
    // As in Python, the remainder has the divisor's sign.
    return [.constant(try Constant(shape: shape, .integers(a.map { ($0 % divisor + divisor) % divisor })))]
}

private let onLeakyRelu: ONNXTranslation = { importer, inputs in
    [try importer.emit(.unary(.leakyReLU(importer.float("alpha", 0.01))), [try required(inputs, 0)])]
}

private let onElu: ONNXTranslation = { importer, inputs in
    [try importer.emit(.unary(.elu(importer.float("alpha", 1))), [try required(inputs, 0)])]
}

private let onHardSigmoid: ONNXTranslation = { importer, inputs in
    let operation = Operation.Unary.hardSigmoid(alpha: importer.float("alpha", 0.2), beta: importer.float("beta", 0.5))
    return [try importer.emit(.unary(operation), [try required(inputs, 0)])]
}

private let onGelu: ONNXTranslation = { importer, inputs in
    [
        try importer.emit(
            .unary(.gelu(isTanh: importer.text("approximate", "none") == "tanh")), [try required(inputs, 0)])
    ]
}

private let onPRelu: ONNXTranslation = { importer, inputs in
    let x = try required(inputs, 0), zero = GraphBuilder.Term.constant(try Constant(shape: [], .floats([0])))
    let negative = try importer.emit(
        .binary(.multiply), [try importer.emit(.binary(.minimum), [x, zero]), try required(inputs, 1)])
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
        return [.constant(try Constant(shape: constant.shape, .floats(constant.tensor.data)))]
    }
    if constant.isInteger { return [x] }
    guard constant.tensor.data.allSatisfy({ abs($0) < 0x1p53 }) else {
        throw ShapeMismatch("a cast of numbers too large")
    }
    return [.constant(try Constant(shape: constant.shape, .integers(constant.tensor.data.map { Int($0) })))]
}

private let onWhere: ONNXTranslation = { importer, inputs in
    guard let condition = try importer.constant(try required(inputs, 0)) else {
        throw ShapeMismatch("it lacks a condition")
    }
    // c·a + (1 − c)·b would lose infinities: a condition that is the same everywhere is all that exporters leave.
    let flags = try condition.integers()
    if flags.allSatisfy({ $0 != 0 }) { return [try importer.repeated(try required(inputs, 1), as: inputs)] }
    if flags.allSatisfy({ $0 == 0 }) { return [try importer.repeated(try required(inputs, 2), as: inputs)] }
    guard let a = try importer.constant(try required(inputs, 1)), let b = try importer.constant(try required(inputs, 2))
    else {
        throw importer.unsupported("with a condition that is the same everywhere")
    }
    let shape = try broadcast(try broadcast(condition.shape, a.shape), b.shape)
    func all(_ constant: Constant) -> [Float] { expanded(constant.tensor, shape: shape).data }
    let numbers = zip(all(condition), zip(all(a), all(b))).map { $0 != 0 ? $1.0 : $1.1 }
    if a.isInteger, b.isInteger { return [.constant(try Constant(shape: shape, .integers(numbers.map { Int($0) })))] }
    return [.constant(try Constant(shape: shape, .floats(numbers)))]
}

extension ONNXImporter {
    /// One side of a `Where`, with the shape of all three inputs.
    fileprivate mutating func repeated(_ term: GraphBuilder.Term, as inputs: [GraphBuilder.Term?]) throws
        -> GraphBuilder.Term
    {
        let shape = try inputs.compactMap { $0 }.map { self.shape($0) }.reduce([]) { try broadcast($0, $1) }
        return shape == self.shape(term) ? term : try emit(.expand(shape), [term])
    }
}

private func comparison(_ compare: @escaping @Sendable (Float, Float) -> Bool) -> ONNXTranslation {
    { importer, inputs in
        guard let a = try importer.constant(try required(inputs, 0)),
            let b = try importer.constant(try required(inputs, 1))
        else {
            throw importer.unsupported("on numbers that do not depend on the image")
        }
        let shape = try broadcast(a.shape, b.shape)
        let flags = zip(expanded(a.tensor, shape: shape).data, expanded(b.tensor, shape: shape).data).map {
            compare($0, $1) ? 1 : 0
        }
        return [.constant(try Constant(shape: shape, .integers(flags)))]
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
