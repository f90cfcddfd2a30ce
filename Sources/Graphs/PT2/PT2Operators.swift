/// Gives the results of the importer's node.
typealias PT2Translation = @Sendable (inout PT2Importer) throws -> [GraphBuilder.Term]

/// Every operator of ATen that is read, by its name without the variant; those that end in `_` work in place.
let pt2Operators: [String: PT2Translation] = pt2Layers.merging(pt2Arithmetic) { $1 }.merging(pt2Shapes) { $1 }

// MARK: Layers

private let pt2Layers: [String: PT2Translation] = [
    "conv2d": { try $0.convolution(isTransposed: false) },
    "convolution": { try $0.convolution(isTransposed: $0.flag("transposed", false)) },
    "batch_norm": { importer in
        guard !importer.flag("training", false) else {
            throw importer.unsupported("in inference: call model.eval() before the export")
        }
        return [try importer.batchNorm()]
    },
    "_native_batch_norm_legit_no_training": { [try $0.batchNorm()] },
    "layer_norm": { [try $0.layerNorm()] },
    "native_layer_norm": { [try $0.layerNorm()] },
    "max_pool2d": { [try $0.maxPool()] },
    "max_pool2d_with_indices": { [try $0.maxPool()] },
    "avg_pool2d": { importer in
        guard !importer.has("divisor_override") else { throw importer.unsupported("without divisor_override") }
        return [
            try importer.emit(
                .averagePool(try importer.window(), countsPadding: importer.flag("count_include_pad", true)),
                [try importer.tensor("self")])
        ]
    },
    "adaptive_avg_pool2d": {
        [try $0.builder.adaptivePool(try $0.tensor("self"), to: try $0.pair("output_size", []), isMax: false)]
    },
    "_adaptive_avg_pool2d": {
        [try $0.builder.adaptivePool(try $0.tensor("self"), to: try $0.pair("output_size", []), isMax: false)]
    },
    "adaptive_max_pool2d": {
        [try $0.builder.adaptivePool(try $0.tensor("self"), to: try $0.pair("output_size", []), isMax: true)]
    },
    "linear": {
        [
            try $0.builder.linear(
                try $0.tensor("input"), weights: try $0.tensor("weight"), bias: try $0.tensorIfAny("bias"))
        ]
    },
    "addmm": { importer in
        guard importer.double("alpha") ?? 1 == 1, importer.double("beta") ?? 1 == 1 else {
            throw importer.unsupported("without alpha and beta")
        }
        let product = try importer.builder.product(try importer.tensor("mat1"), try importer.tensor("mat2"))
        return [try importer.emit(.binary(.add), [product, try importer.tensor("self")])]
    },
    "mm": { [try $0.builder.product(try $0.tensor("self"), try $0.tensor("mat2"))] },
    "bmm": { [try $0.builder.product(try $0.tensor("self"), try $0.tensor("mat2"))] },
    "matmul": { [try $0.builder.product(try $0.tensor("self"), try $0.tensor("other"))] },
    "softmax": { [try $0.softmax()] },
    "_softmax": { [try $0.softmax()] },
    "scaled_dot_product_attention": { importer in
        guard !importer.flag("is_causal", false), !importer.flag("enable_gqa", false) else {
            throw importer.unsupported("of all tokens with all")
        }
        return [
            try importer.builder.attention(
                try importer.tensor("query"), try importer.tensor("key"), try importer.tensor("value"),
                mask: try importer.tensorIfAny("attn_mask"),
                scale: importer.double("scale").map { Float($0) })
        ]
    },
]

extension PT2Importer {
    fileprivate mutating func convolution(isTransposed: Bool) throws -> [Term] {
        guard !isTransposed else { throw unsupported("that is not transposed") }
        let x = try tensor("input"), weights = try tensor("weight"), kernel = Array(shape(weights).dropFirst(2))
        guard kernel.count == 2, shape(x).count == 4 else { throw unsupported("over height and width") }
        var window = Window(
            kernel: kernel, stride: try pair("stride", [1, 1]), dilation: try pair("dilation", [1, 1]), before: [0, 0],
            after: [0, 0])
        switch text("padding") {
        case "same":
            guard window.dilation.count == 2, window.dilation.allSatisfy({ 1...65_536 ~= $0 }) else {
                throw ShapeMismatch("dilation \(window.dilation)")
            }
            let all = (0..<2).map { window.dilation[$0] * (kernel[$0] - 1) }
            (window.before, window.after) = (all.map { $0 / 2 }, all.map { $0 - $0 / 2 })
        case "valid": break
        case nil:
            window.before = try pair("padding", [0, 0])
            window.after = window.before
        case let mode?: throw ShapeMismatch("the padding \"\(mode)\"")
        }
        let terms = [x, weights] + (try tensorIfAny("bias").map { [$0] } ?? [])
        return [try emit(.convolution(window, groups: integer("groups", 1)), terms)]
    }

    fileprivate mutating func batchNorm() throws -> Term {
        let x = try tensor("input"), channels = shape(x).count > 1 ? shape(x)[1] : 0
        func all(_ number: Float) throws -> Term {
            .constant(try Constant(shape: [channels], .floats([Float](repeating: number, count: channels))))
        }
        let parameters = [
            try tensorIfAny("weight") ?? all(1), try tensorIfAny("bias") ?? all(0), try tensor("running_mean"),
            try tensor("running_var"),
        ]
        return try emit(.batchNorm(epsilon: double("eps") ?? 1e-5), [x] + parameters)
    }

    fileprivate mutating func layerNorm() throws -> Term {
        let x = try tensor("input"), axes = try integers("normalized_shape") ?? []
        guard Array(shape(x).suffix(axes.count)) == axes else {
            throw ShapeMismatch("a norm over \(axes) of the shape \(shape(x))")
        }
        let bias = try tensorIfAny("bias")
        var weight = try tensorIfAny("weight")
        if weight == nil, bias != nil {
            weight = .constant(try Constant(shape: axes, .floats([Float](repeating: 1, count: try elements(axes)))))
        }
        return try emit(
            .layerNorm(axes: axes.count, epsilon: double("eps") ?? 1e-5), [x] + [weight, bias].compactMap { $0 })
    }

    fileprivate mutating func maxPool() throws -> Term { try emit(.maxPool(try window()), [try tensor("self")]) }

    fileprivate func window() throws -> Window {
        let kernel = try pair("kernel_size", []), padding = try pair("padding", [0, 0])
        return Window(
            kernel: kernel, stride: try pair("stride", kernel), dilation: try pair("dilation", [1, 1]), before: padding,
            after: padding,
            isCeiling: flag("ceil_mode", false))
    }

    fileprivate mutating func softmax() throws -> Term {
        let x = try tensor("self")
        return try emit(.softmax(axis: axis(integer("dim", -1), rank: shape(x).count)), [x])
    }
}

// MARK: Number by number

private func unary(_ operation: Operation.Unary) -> PT2Translation {
    { [try $0.emit(.unary(operation), [try $0.tensor("self", "input")])] }
}

private func binary(_ operation: Operation.Binary) -> PT2Translation {
    { importer in
        var other = try importer.operand("other")
        if let alpha = importer.double("alpha"), alpha != 1 {
            other = try importer.emit(.binary(.multiply), [other, try importer.builder.scalar(Float(alpha))])
        }
        return [try importer.emit(.binary(operation), [try importer.tensor("self"), other])]
    }
}

private func reduction(_ reduction: Operation.Reduction) -> PT2Translation {
    { importer in
        let x = try importer.tensor("self"), rank = importer.shape(x).count
        let listed = try importer.integers("dim") ?? []
        let axes = listed.isEmpty ? Array(0..<rank) : try listed.map { try importer.axis($0, rank: rank) }
        return [try importer.builder.reduce(x, reduction, axes: axes, keeping: importer.flag("keepdim", false))]
    }
}

private let clip: PT2Translation = { importer in
    guard try importer.tensorIfAny("min") == nil, try importer.tensorIfAny("max") == nil else {
        throw importer.unsupported("by numbers")
    }
    let low = importer.double("min") ?? importer.double("min_val") ?? -Double(Float.greatestFiniteMagnitude)
    let high = importer.double("max") ?? importer.double("max_val") ?? Double(Float.greatestFiniteMagnitude)
    return [try importer.emit(.unary(.clip(Float(low), Float(high))), [try importer.tensor("self")])]
}

private let hardTanh: PT2Translation = { importer in
    let low = importer.double("min_val") ?? -1, high = importer.double("max_val") ?? 1
    return [try importer.emit(.unary(.clip(Float(low), Float(high))), [try importer.tensor("self")])]
}

private let leakyReLU: PT2Translation = { importer in
    [
        try importer.emit(
            .unary(.leakyReLU(Float(importer.double("negative_slope") ?? 0.01))), [try importer.tensor("self")])
    ]
}

private let elu: PT2Translation = { importer in
    guard importer.double("scale") ?? 1 == 1, importer.double("input_scale") ?? 1 == 1 else {
        throw importer.unsupported("without scales")
    }
    return [try importer.emit(.unary(.elu(Float(importer.double("alpha") ?? 1))), [try importer.tensor("self")])]
}

/// In both spellings, of which the one with `_` works in place.
private let pt2Activations: [String: PT2Translation] = [
    "relu": unary(.relu), "relu6": unary(.clip(0, 6)), "sigmoid": unary(.sigmoid), "silu": unary(.silu),
    "hardswish": unary(.hardSwish),
    "hardsigmoid": unary(.hardSigmoid(alpha: Float(1.0 / 6), beta: 0.5)), "tanh": unary(.tanh), "exp": unary(.exp),
    "log": unary(.log),
    "erf": unary(.erf), "sqrt": unary(.squareRoot), "reciprocal": unary(.reciprocal), "neg": unary(.negate),
    "abs": unary(.absolute),
    "mish": unary(.mish), "hardtanh": hardTanh, "clamp": clip, "clamp_min": clip, "clamp_max": clip,
    "leaky_relu": leakyReLU, "elu": elu,
    "add": binary(.add), "sub": binary(.subtract), "mul": binary(.multiply), "div": binary(.divide), "dropout": same,
    "alpha_dropout": same,
    "feature_dropout": same,
]

private let pt2InPlace: [String: PT2Translation] = Dictionary(
    uniqueKeysWithValues: pt2Activations.map { ($0.key + "_", $0.value) })

private let pt2Arithmetic: [String: PT2Translation] = pt2Activations.merging(pt2InPlace) { $1 }.merging(pt2Rest) { $1 }

private let pt2Rest: [String: PT2Translation] = [
    "gelu": { [try $0.emit(.unary(.gelu(isTanh: $0.text("approximate") == "tanh")), [try $0.tensor("self")])] },
    "softplus": { importer in
        guard importer.double("beta") ?? 1 == 1 else { throw importer.unsupported("with β = 1") }
        return [try importer.emit(.unary(.softplus), [try importer.tensor("self")])]
    },
    "rsqrt": { [try $0.emit(.unary(.reciprocal), [try $0.emit(.unary(.squareRoot), [try $0.tensor("self")])])] },
    "pow": { [try $0.emit(.binary(.power), [try $0.tensor("self"), try $0.operand("exponent")])] },
    "maximum": binary(.maximum), "minimum": binary(.minimum),
    "mean": reduction(.mean), "sum": reduction(.sum), "amax": reduction(.max), "amin": reduction(.min),
    "contiguous": same, "clone": same, "detach": same, "alias": same, "to": same, "_to_copy": same,
    "lift_fresh_copy": same, "type_as": same,
    "_assert_tensor_metadata": { _ in [] },
]

private let same: PT2Translation = { importer in
    guard !importer.flag("train", false), !importer.flag("training", false) else {
        throw importer.unsupported("in inference: call model.eval() before the export")
    }
    return [try importer.tensor("self", "input", "a")]
}

// MARK: Shapes

private let pt2Shapes: [String: PT2Translation] = [
    "view": { try $0.reshaped($0.integers("size", "shape") ?? []) },
    "reshape": { try $0.reshaped($0.integers("size", "shape") ?? []) },
    "_unsafe_view": { try $0.reshaped($0.integers("size", "shape") ?? []) },
    "flatten": { importer in
        let shape = importer.shape(try importer.tensor("self"))
        if shape.isEmpty { return try importer.reshaped([1]) }
        let start = try importer.axis(importer.integer("start_dim", 0), rank: shape.count),
            end = try importer.axis(importer.integer("end_dim", -1), rank: shape.count)
        guard start <= end else { throw ShapeMismatch("axes \(start) to \(end) of the shape \(shape)") }
        return try importer.reshaped(
            Array(shape[..<start]) + [try elements(Array(shape[start...end]))] + Array(shape[(end + 1)...]))
    },
    "unflatten": { importer in
        let shape = importer.shape(try importer.tensor("self")),
            axis = try importer.axis(importer.integer("dim", 0), rank: shape.count)
        return try importer.reshaped(
            Array(shape[..<axis]) + (importer.integers("sizes") ?? []) + Array(shape[(axis + 1)...]))
    },
    "unsqueeze": { importer in
        var shape = importer.shape(try importer.tensor("self"))
        shape.insert(1, at: try importer.axis(importer.integer("dim", 0), rank: shape.count + 1))
        return try importer.reshaped(shape)
    },
    "squeeze": { importer in
        let shape = importer.shape(try importer.tensor("self"))
        let axes =
            try importer.integers("dim")?.map { try importer.axis($0, rank: shape.count) } ?? Array(shape.indices)
        return try importer.reshaped(shape.indices.filter { !axes.contains($0) || shape[$0] != 1 }.map { shape[$0] })
    },
    "permute": { importer in
        let x = try importer.tensor("self"), rank = importer.shape(x).count
        return [
            try importer.emit(
                .transpose((importer.integers("dims") ?? []).map { try importer.axis($0, rank: rank) }), [x])
        ]
    },
    "transpose": { importer in
        let x = try importer.tensor("self"), rank = importer.shape(x).count
        var order = Array(0..<rank)
        order.swapAt(
            try importer.axis(importer.integer("dim0", 0), rank: rank),
            try importer.axis(importer.integer("dim1", 1), rank: rank))
        return [try importer.emit(.transpose(order), [x])]
    },
    "t": { importer in
        let x = try importer.tensor("self")
        return [importer.shape(x).count < 2 ? x : try importer.emit(.transpose([1, 0]), [x])]
    },
    "expand": { importer in
        let x = try importer.tensor("self"), shape = importer.shape(x), given = try importer.integers("size") ?? []
        let missing = given.count - shape.count
        guard missing >= 0 else { throw ShapeMismatch("the shape \(shape) repeated to \(given)") }
        let target = given.indices.map { given[$0] == -1 && $0 >= missing ? shape[$0 - missing] : given[$0] }
        return [target == shape ? x : try importer.emit(.expand(target), [x])]
    },
    "cat": { importer in
        let parts = try importer.tensors("tensors")
        guard let first = parts.first else { throw ShapeMismatch("it has no tensors") }
        return [
            try importer.emit(
                .concatenate(axis: importer.axis(importer.integer("dim", 0), rank: importer.shape(first).count)), parts)
        ]
    },
    "chunk": { importer in
        let (_, length) = try importer.along("self"), chunks = importer.integer("chunks", 1)
        guard chunks > 0 else { throw ShapeMismatch("\(chunks) chunks") }
        return try importer.cut(by: (length + chunks - 1) / chunks)
    },
    "split": { importer in
        if let sizes = try importer.integers("split_sizes") { return try importer.cut(into: sizes) }
        return try importer.cut(by: importer.integer("split_size", 0))
    },
    "split_with_sizes": { importer in try importer.cut(into: importer.integers("split_sizes") ?? []) },
    "slice": { importer in
        let (axis, length) = try importer.along("self"), x = try importer.tensor("self")
        func place(_ given: Int) -> Int { min(max(given < 0 ? given + length : given, 0), length) }
        let start = place(importer.integer("start", 0)), end = max(start, place(importer.integer("end", length))),
            step = importer.integer("step", 1)
        guard step > 0, step < 1 << 31 else { throw ShapeMismatch("a step of \(step)") }
        let count = (end - start + step - 1) / step
        return [
            count == length ? x : try importer.emit(.slice(axis: axis, start: start, count: count, step: step), [x])
        ]
    },
    "select": { importer in
        let (axis, length) = try importer.along("self"), x = try importer.tensor("self"),
            given = importer.integer("index", 0)
        let part = try importer.emit(
            .slice(axis: axis, start: given < 0 ? given + length : given, count: 1, step: 1), [x])
        var shape = importer.shape(x)
        shape.remove(at: axis)
        return [try importer.builder.reshape(part, shape)]
    },
    "pad": { importer in
        let mode: Operation.PadMode
        switch importer.text("mode") ?? "constant" {
        case "constant": mode = .constant(Float(importer.double("value") ?? 0))
        case "reflect": mode = .reflect
        case "replicate": mode = .edge
        case let other: throw importer.unsupported("with the modes constant, reflect and replicate, not \(other)")
        }
        return [try importer.padded(mode)]
    },
    "constant_pad_nd": { [try $0.padded(.constant(Float($0.double("value") ?? 0)))] },
    "reflection_pad2d": { [try $0.padded(.reflect)] },
    "replication_pad2d": { [try $0.padded(.edge)] },
]

extension PT2Importer {
    fileprivate mutating func reshaped(_ shape: [Int]) throws -> [Term] {
        [try builder.reshape(try tensor("self", "input"), shape)]
    }

    /// The axis `dim` of a tensor, and its length.
    fileprivate func along(_ name: String) throws -> (axis: Int, length: Int) {
        let shape = shape(try tensor(name)), axis = try axis(integer("dim", 0), rank: shape.count)
        return (axis, shape[axis])
    }

    fileprivate mutating func cut(by size: Int) throws -> [Term] {
        let (_, length) = try along("self")
        guard size > 0 else { throw ShapeMismatch("pieces of \(size)") }
        return try cut(into: stride(from: 0, to: length, by: size).map { min(size, length - $0) })
    }

    fileprivate mutating func cut(into sizes: [Int]) throws -> [Term] {
        let (axis, length) = try along("self"), x = try tensor("self")
        guard sizes.allSatisfy({ 0...length ~= $0 }), sizes.reduce(0, +) == length else {
            throw ShapeMismatch("pieces of \(sizes) of \(length)")
        }
        var start = 0
        return try sizes.map { size in
            defer { start += size }
            return try emit(.slice(axis: axis, start: start, count: size, step: 1), [x])
        }
    }

    /// PyTorch lists pads from the last axis on: before, after.
    fileprivate mutating func padded(_ mode: Operation.PadMode) throws -> Term {
        let x = try tensor("self"), rank = shape(x).count, pads = try integers("pad", "padding") ?? []
        guard pads.count % 2 == 0, pads.count <= 2 * rank else { throw ShapeMismatch("pads \(pads) of \(rank) axes") }
        var (before, after) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank))
        for index in 0..<pads.count / 2 {
            (before[rank - 1 - index], after[rank - 1 - index]) = (pads[2 * index], pads[2 * index + 1])
        }
        return (before + after).allSatisfy { $0 == 0 }
            ? x : try emit(.pad(before: before, after: after, mode: mode), [x])
    }
}
