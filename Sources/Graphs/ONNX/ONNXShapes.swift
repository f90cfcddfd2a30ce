/// Operators of shapes, and what is computed of them.
let onnxShapes: [String: ONNXTranslation] = [
    "Constant": { importer, _ in
        if let tensor = importer.attribute("value")?.tensor { return [.constant(try importer.constant(of: tensor))] }
        if let attribute = importer.attribute("value_float") {
            return [.constant(try Constant(shape: [], .floats([attribute.float])))]
        }
        if let attribute = importer.attribute("value_int") {
            return [.constant(try Constant(shape: [], .integers([attribute.integer])))]
        }
        if let list = importer.attribute("value_floats")?.floats {
            return [.constant(try Constant(shape: [list.count], .floats(list)))]
        }
        if let list = importer.integers("value_ints") {
            return [.constant(try Constant(shape: [list.count], .integers(list)))]
        }
        throw importer.unsupported("with numbers")
    },
    "Shape": { importer, inputs in
        let shape = importer.shape(try required(inputs, 0)), count = shape.count
        func bound(_ name: String, _ standard: Int) -> Int {
            let place = importer.integer(name, standard)
            return min(max(place < 0 ? place + count : place, 0), count)
        }
        let start = bound("start", 0), end = max(start, bound("end", count))
        return [.constant(try Constant(shape: [end - start], .integers(Array(shape[start..<end]))))]
    },
    "Size": { importer, inputs in
        [.constant(try Constant(shape: [], .integers([try elements(importer.shape(try required(inputs, 0)))])))]
    },
    "ConstantOfShape": { importer, inputs in
        let shape = try importer.constant(try required(inputs, 0))?.integers() ?? [], count = try elements(shape)
        guard let tensor = importer.attribute("value")?.tensor else {
            return [.constant(try Constant(shape: shape, .floats([Float](repeating: 0, count: count))))]
        }
        let value = try importer.constant(of: tensor)
        switch value.numbers {
        case .floats(let list):
            return [.constant(try Constant(shape: shape, .floats([Float](repeating: list.first ?? 0, count: count))))]
        case .integers(let list):
            return [.constant(try Constant(shape: shape, .integers([Int](repeating: list.first ?? 0, count: count))))]
        }
    },
    "Range": { importer, inputs in
        let bounds = try (0..<3).map { index -> Int in
            guard let number = try importer.constant(try required(inputs, index))?.integers().first else {
                throw ShapeMismatch("an empty bound")
            }
            return number
        }
        guard bounds[2] != 0, bounds.allSatisfy({ abs($0) < 1 << 24 }) else {
            throw ShapeMismatch("the range \(bounds)")
        }
        let list = Array(stride(from: bounds[0], to: bounds[1], by: bounds[2]))
        return [.constant(try Constant(shape: [list.count], .integers(list)))]
    },
    "Flatten": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x), given = importer.integer("axis", 1)
        let axis = given == shape.count ? given : try importer.axis(given, rank: shape.count)
        return [
            try importer.emit(
                .reshape([try elements(Array(shape[..<axis])), try elements(Array(shape[axis...]))]), [x])
        ]
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
        return [
            try importer.emit(.transpose(importer.integers("perm") ?? Array(importer.shape(x).indices.reversed())), [x])
        ]
    },
    "Squeeze": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        let listed = try importer.integers("axes") ?? importer.constant(optional(inputs, 1))?.integers()
        let axes =
            try listed?.map { try importer.axis($0, rank: shape.count) } ?? shape.indices.filter { shape[$0] == 1 }
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
        return [
            try importer.emit(
                .concatenate(axis: importer.axis(importer.integer("axis", 1), rank: importer.shape(first).count)), terms
            )
        ]
    },
    "Expand": { importer, inputs in
        let x = try required(inputs, 0), target = try importer.constant(try required(inputs, 1))?.integers() ?? []
        let shape = try broadcast(importer.shape(x), target)
        return [shape == importer.shape(x) ? x : try importer.emit(.expand(shape), [x])]
    },
    "Gather": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        guard let indices = try importer.constant(try required(inputs, 1)) else {
            throw ShapeMismatch("it lacks indices")
        }
        let axis = try importer.axis(importer.integer("axis", 0), rank: shape.count)
        let places = try indices.integers().map { $0 < 0 ? $0 + shape[axis] : $0 }
        let picked = try importer.emit(.gather(axis: axis, indices: places), [x])
        return [
            try importer.emit(.reshape(Array(shape[..<axis]) + indices.shape + Array(shape[(axis + 1)...])), [picked])
        ]
    },
    "GatherND": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x), batches = importer.integer("batch_dims", 0)
        guard let indices = try importer.constant(try required(inputs, 1)), let depth = indices.shape.last,
            0..<indices.shape.count ~= batches,
            depth > 0, batches + depth <= shape.count, indices.shape.prefix(batches) == shape.prefix(batches)
        else { throw ShapeMismatch("indices and \(batches) axes of batches for the shape \(shape)") }
        let numbers = try indices.integers(), lengths = Array(shape[batches..<batches + depth]),
            tuples = numbers.count / depth
        let perBatch = max(1, tuples / max(1, try elements(Array(shape[..<batches]))))
        // The indexed axes as one, the batches' among them.
        let places = try (0..<tuples).map { tuple in
            try lengths.indices.reduce(tuple / perBatch) { place, axis in
                let index = numbers[tuple * depth + axis], length = lengths[axis]
                guard -length..<length ~= index else {
                    throw ShapeMismatch("the index \(index) for an axis of \(length)")
                }
                return place * length + (index < 0 ? index + length : index)
            }
        }
        let rest = Array(shape[(batches + depth)...]), indexed = try elements(Array(shape[..<(batches + depth)]))
        let rows = try importer.emit(.reshape([indexed, try elements(rest)]), [x])
        return [
            try importer.emit(
                .reshape(indices.shape.dropLast() + rest),
                [try importer.emit(.gather(axis: 0, indices: places), [rows])])
        ]
    },
    "Split": { importer, inputs in
        let x = try required(inputs, 0), shape = importer.shape(x)
        let axis = try importer.axis(importer.integer("axis", 0), rank: shape.count),
            count = max(1, importer.outputCount)
        let even = (shape[axis] + count - 1) / count
        let sizes =
            try importer.integers("split") ?? importer.constant(optional(inputs, 1))?.integers()
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
        guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
            throw ShapeMismatch("bounds of several lengths")
        }
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
        let pads =
            try importer.version < 11
            ? importer.integers("pads") ?? [] : importer.constant(try required(inputs, 1))?.integers() ?? []
        let value =
            importer.version < 11
            ? importer.float("value", 0) : try importer.constant(optional(inputs, 2))?.tensor.data.first ?? 0
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
        guard shape.count == 4, block > 0, block < 1 << 12, shape[1] % (block * block) == 0 else {
            throw ShapeMismatch("blocks of \(block) of \(shape)")
        }
        let channels = shape[1] / block / block, isColumns = importer.text("mode", "DCR") == "CRD"
        let split =
            isColumns
            ? [shape[0], channels, block, block, shape[2], shape[3]]
            : [shape[0], block, block, channels, shape[2], shape[3]]
        let moved = try importer.emit(
            .transpose(isColumns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), [try importer.emit(.reshape(split), [x])])
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
