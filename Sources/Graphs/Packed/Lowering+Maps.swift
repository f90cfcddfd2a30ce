import CKernels
import Tensors

extension Lowering {
    /// Where a value is that depends on the image.
    private func known(_ value: Int) -> Placement? { graph.constants[value] == nil ? computed(value) : nil }

    /// What is computed number by number.
    mutating func lowerElementwise(_ node: Graph.Node, _ index: Int) throws -> Bool {
        guard let first = node.inputs.first(where: { graph.constants[$0] == nil }), let x = known(first),
            let axis = x.channelAxis, let size = size(x)
        else { return false }
        var trail = Trail(value: node.output, shape: x.shape, axis: axis)
        switch node.operation {
        case .unary(let unary):
            guard let function = unary.kernels else { return false }
            appendMaps(.combine(scale: nil, shift: nil, .alone), [x.buffer], size, trail, activation: function)
            return true
        case .affine, .binary:
            if let (scale, shift) = perChannel(node, first, shape: x.shape, axis: axis) {
                let numbers = packed(scale, shift, size)
                let activation = function(after: &trail)
                appendMaps(
                    .combine(scale: numbers.scale, shift: numbers.shift, .alone), [x.buffer], size, trail,
                    activation: activation)
                return true
            }
            return try join(node, axis)
        default: return false
        }
    }

    private func packed(_ scale: [Double]?, _ shift: [Double]?, _ size: MapSize) -> (
        scale: PackedNumbers, shift: PackedNumbers
    ) {
        (
            PackedNumbers(scale ?? [Double](repeating: 1, count: size.channels), blocks: size.blocks),
            PackedNumbers(shift ?? [Double](repeating: 0, count: size.channels), blocks: size.blocks)
        )
    }

    /// A sum or product of two maps, or of maps and one number a channel and image.
    private mutating func join(_ node: Graph.Node, _ axis: Int) throws -> Bool {
        guard case .binary(let binary) = node.operation, [.add, .multiply].contains(binary), node.inputs.count == 2
        else { return false }
        let shape = try node.operation.outputShape(node.inputs.map { placement($0).shape })
        guard var a = blocked(node.inputs[0], axis: axis), var b = blocked(node.inputs[1], axis: axis),
            let first = size(a), let second = size(b)
        else { return false }
        if first.pixels < second.pixels || constants[a.buffer] != nil { swap(&a, &b) }
        guard a.shape == shape,
            b.shape == shape
                || b.shape.count == shape.count && b.shape[axis] == shape[axis] && b.shape.reduce(1, *) == shape[axis],
            constants[a.buffer] == nil, let size = size(a)
        else { return false }
        var trail = Trail(value: node.output, shape: shape, axis: axis)
        let activation = function(after: &trail)
        appendMaps(
            .combine(scale: nil, shift: nil, binary == .add ? .added : .multiplied), [a.buffer, b.buffer], size, trail,
            activation: activation)
        return true
    }

    /// What puts numbers elsewhere.
    mutating func lowerMoves(_ node: Graph.Node, _ index: Int) throws -> Bool {
        switch node.operation {
        case .concatenate(let axis): return try concatenate(node, axis)
        case .slice(let axis, let start, let count, 1): return try slice(node, axis, start..<start + count)
        case .gather(let axis, let indices):
            guard let x = known(node.inputs[0]), x.channelAxis == axis, let size = size(x) else { return false }
            var runs: [Range<Int>] = []
            for place in indices {
                if let last = runs.last, last.upperBound == place {
                    runs[runs.count - 1] = last.lowerBound..<place + 1
                } else {
                    runs.append(place..<place + 1)
                }
            }
            return take(runs, x, size, node)
        case .transpose(let order):
            guard let x = known(node.inputs[0]), let axis = x.channelAxis, let target = order.firstIndex(of: axis)
            else { return false }
            guard keepsPixels(order, x.shape, axis: axis) else { return false }
            place(node.output, Placement(buffer: x.buffer, shape: order.map { x.shape[$0] }, channelAxis: target))
            return true
        case .reshape(let shape):
            guard let x = known(node.inputs[0]) else { return false }
            guard let axis = x.channelAxis else { return false }
            guard let target = axisAfterReshape(x.shape, axis, shape) else { return false }
            place(node.output, Placement(buffer: x.buffer, shape: shape, channelAxis: target))
            return true
        default: return false
        }
    }

    /// The axis of another shape that holds the same channels.
    private func axisAfterReshape(_ shape: [Int], _ axis: Int, _ target: [Int]) -> Int? {
        let before = shape[..<axis].reduce(1, *)
        // One pixel: all axes but the channels' are 1.
        var product = 1
        for (place, length) in target.enumerated() {
            if product == before, length == shape[axis],
                target[(place + 1)...].reduce(1, *) == shape[(axis + 1)...].reduce(1, *)
            {
                return place
            }
            product *= length
        }
        return nil
    }

    private mutating func concatenate(_ node: Graph.Node, _ axis: Int) throws -> Bool {
        let shape = try node.operation.outputShape(node.inputs.map { placement($0).shape })
        let places = node.inputs.compactMap { known($0) }
        guard let channelAxis = places.compactMap(\.channelAxis).first else { return false }
        var parts: [Placement] = []
        for input in node.inputs {
            guard let part = blocked(input, axis: channelAxis) else { return false }
            parts.append(part)
        }
        if axis == channelAxis {
            guard let first = size(parts[0]) else { return false }
            let size = MapSize(channels: shape[axis], height: first.height, width: first.width)
            guard
                parts.allSatisfy({ part in
                    constants[part.buffer] == nil && self.size(part).map { $0.pixels == size.pixels } ?? false
                })
            else { return false }
            var trail = Trail(value: node.output, shape: shape, axis: axis),
                numbers: (scale: PackedNumbers, shift: PackedNumbers)?
            let (scale, shift) = scales(after: &trail)
            if scale != nil || shift != nil { numbers = packed(scale, shift, size) }
            let activation = function(after: &trail)
            appendMaps(
                .joinChannels(scale: numbers?.scale, shift: numbers?.shift), parts.map(\.buffer), size, trail,
                activation: activation)
            return true
        }
        guard shape[..<axis].enumerated().allSatisfy({ $0.offset == channelAxis || $0.element == 1 }) else {
            return false
        }
        let trail = Trail(value: node.output, shape: shape, axis: channelAxis)
        appendMaps(.joinPixels, parts.map(\.buffer), mapSize(shape, axis: channelAxis), trail)
        return true
    }

    private mutating func slice(_ node: Graph.Node, _ axis: Int, _ range: Range<Int>) throws -> Bool {
        guard let x = known(node.inputs[0]), let channelAxis = x.channelAxis, let size = size(x) else { return false }
        if axis == channelAxis { return take([range], x, size, node) }
        guard x.shape[..<axis].enumerated().allSatisfy({ $0.offset == channelAxis || $0.element == 1 }) else {
            return false
        }
        var shape = x.shape
        shape[axis] = range.count
        let inner = x.shape.indices.filter { $0 > axis && $0 != channelAxis }.reduce(1) { $0 * x.shape[$1] }
        appendMaps(
            .takePixels(from: range.lowerBound * inner), [x.buffer], mapSize(shape, axis: channelAxis),
            Trail(value: node.output, shape: shape, axis: channelAxis))
        return true
    }

    private mutating func take(_ runs: [Range<Int>], _ x: Placement, _ size: MapSize, _ node: Graph.Node) -> Bool {
        guard let axis = x.channelAxis else { return false }
        var shape = x.shape
        shape[axis] = runs.reduce(0) { $0 + $1.count }
        guard shape[axis] > 0 else { return false }
        appendMaps(
            .takeChannels(runs), [x.buffer], MapSize(channels: shape[axis], height: size.height, width: size.width),
            Trail(value: node.output, shape: shape, axis: axis))
        return true
    }
}
