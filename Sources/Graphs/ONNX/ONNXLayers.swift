/// Layers: convolution, pooling, norms, products.
let onnxLayers: [String: ONNXTranslation] = [
    "Conv": { importer, inputs in
        let weights = try required(inputs, 1), kernel = Array(importer.shape(weights).dropFirst(2))
        let window = try importer.window(
            kernel: kernel, size: Array(importer.shape(try required(inputs, 0)).dropFirst(2)))
        let terms = [try required(inputs, 0), weights] + (optional(inputs, 2).map { [$0] } ?? [])
        return [try importer.emit(.convolution(window, groups: importer.integer("group", 1)), terms)]
    },
    "MaxPool": { importer, inputs in
        guard importer.outputCount == 1, importer.integer("storage_order", 0) == 0 else {
            throw importer.unsupported("without indices")
        }
        let x = try required(inputs, 0)
        let window = try importer.window(
            kernel: importer.integers("kernel_shape") ?? [], size: Array(importer.shape(x).dropFirst(2)))
        return [try importer.emit(.maxPool(window), [x])]
    },
    "AveragePool": { importer, inputs in
        let x = try required(inputs, 0)
        let window = try importer.window(
            kernel: importer.integers("kernel_shape") ?? [], size: Array(importer.shape(x).dropFirst(2)))
        return [
            try importer.emit(.averagePool(window, countsPadding: importer.integer("count_include_pad", 0) != 0), [x])
        ]
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
        guard importer.integer("training_mode", 0) == 0 else {
            throw importer.unsupported("in inference, not in training mode")
        }
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
            size: max(1, importer.integer("size", 1)), alpha: Double(importer.float("alpha", 1e-4)),
            beta: Double(importer.float("beta", 0.75)),
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
        if let c = optional(inputs, 2) {
            y = try importer.emit(.binary(.add), [y, try importer.scaled(c, by: importer.float("beta", 1))])
        }
        return [y]
    },
    "Softmax": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        if importer.version >= 13 {
            return [
                try importer.emit(.softmax(axis: importer.axis(importer.integer("axis", -1), rank: shape.count)), [x])
            ]
        }
        // Before opset 13 all axes from the one named count as one.
        let axis = try importer.axis(importer.integer("axis", 1), rank: shape.count)
        let flat = try importer.emit(
            .reshape([try elements(Array(shape[..<axis])), try elements(Array(shape[axis...]))]), [x])
        return [try importer.emit(.reshape(shape), [try importer.emit(.softmax(axis: 1), [flat])])]
    },
]

extension ONNXImporter {
    /// `y · factor`, or `y` itself for 1.
    fileprivate mutating func scaled(_ y: GraphBuilder.Term, by factor: Float) throws -> GraphBuilder.Term {
        factor == 1 ? y : try emit(.binary(.multiply), [y, .constant(try Constant(shape: [], .floats([factor])))])
    }

    /// The window that a convolution's or pooling's attributes describe, over a map of that size.
    fileprivate func window(kernel: [Int], size: [Int]) throws -> Window {
        guard kernel.count == 2, size.count == 2 else { throw unsupported("over height and width") }
        guard integers("kernel_shape") ?? kernel == kernel else {
            throw ShapeMismatch("a kernel of \(integers("kernel_shape") ?? []) with weights of \(kernel)")
        }
        let stride = integers("strides") ?? [1, 1], dilation = integers("dilations") ?? [1, 1]
        guard stride.count == 2, dilation.count == 2, (stride + dilation + kernel).allSatisfy({ 1...65_536 ~= $0 })
        else {
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
                let padding = max(
                    0, (outputs - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 - size[axis])
                before[axis] = mode == "SAME_UPPER" ? padding / 2 : padding - padding / 2
                after[axis] = padding - before[axis]
            }
        case let mode: throw ShapeMismatch("auto_pad \"\(mode)\"")
        }
        return Window(
            kernel: kernel, stride: stride, dilation: dilation, before: before, after: after,
            isCeiling: integer("ceil_mode", 0) != 0)
    }
}
