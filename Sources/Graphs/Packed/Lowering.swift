import CKernels
import Tensors

/// Translates a simplified graph into steps on kernels, node by node; what follows a convolution or sum and is read by
/// nothing else becomes part of it.
///
/// What no kernel handles is computed plainly, on tensors.
struct Lowering {
    let graph: SimplifiedGraph
    let instructions: InstructionSet
    var steps: [Step] = []
    var buffers: [Buffer]
    private(set) var constants: [Int: PackedConstant] = [:]
    private var placements: [Int: Placement] = [:]
    /// Values that no buffer holds as they are: by value, where their numbers lie in a plain buffer.
    var views: [Int: (buffer: Int, view: StridedView)] = [:]
    /// The other layout of a buffer that was needed in both: by buffer, and whether its rows are pixels.
    private var converted: [Int: Int] = [:]
    /// By value: the nodes that read it.
    private let readers: [Int: [Int]]
    /// Nodes that became part of others.
    private var done: Set<Int> = []

    private init(_ graph: SimplifiedGraph, instructions: InstructionSet) {
        self.graph = graph
        self.instructions = instructions
        let shape = graph.shapes[graph.input] ?? []
        buffers = [.plain(shape: shape)]
        placements[graph.input] = Placement(buffer: 0, shape: shape, channelAxis: nil)
        var readers: [Int: [Int]] = [:]
        for (index, node) in graph.nodes.enumerated() {
            for input in node.inputs { readers[input, default: []].append(index) }
        }
        self.readers = readers
    }

    /// - Throws: `ShapeMismatch`, `GraphError`.
    static func program(_ graph: SimplifiedGraph, targets: [Int], instructions: InstructionSet) throws -> PackedProgram
    {
        var lowering = Lowering(graph, instructions: instructions)
        for index in graph.nodes.indices where !lowering.done.contains(index) { try lowering.lower(index) }
        let placed = lowering.targets(targets)
        return PackedProgram(
            steps: lowering.neededSteps(placed), buffers: lowering.buffers, constants: lowering.constants,
            targets: placed,
            instructions: instructions)
    }

    private mutating func targets(_ values: [Int]) -> [Placement] {
        values.map { value in
            let placement = placement(value)
            // Rows or planes can be written; other orders of axes by way of a tensor.
            return placement.channelAxis == nil || rows(placement) != nil
                ? placement : Placement(buffer: plain(value), shape: placement.shape, channelAxis: nil)
        }
    }

    private mutating func lower(_ index: Int) throws {
        let node = graph.nodes[index]
        if node.inputs.contains(where: { views[$0] != nil }), try lowerAttention(node) || lowerView(node) { return }
        for input in node.inputs where views[input] != nil { _ = placement(input) }
        if try lowerLayer(node, index) || lowerElementwise(node, index) || lowerMoves(node, index) { return }
        if try lowerView(node) { return }
        let inputs = node.inputs.map { plain($0) }
        let shape = try node.operation.outputShape(node.inputs.map { placement($0).shape })
        append(
            .plain(node.operation), inputs, .plain(shape: shape), node.output,
            Placement(buffer: buffers.count, shape: shape, channelAxis: nil))
    }
}

// MARK: Values and buffers

extension Lowering {
    /// Where a value is; a constant gets a buffer when it is first asked for.
    mutating func placement(_ value: Int) -> Placement {
        if let known = placements[value] { return known }
        if let (buffer, view) = views.removeValue(forKey: value) {
            let own = Placement(buffer: copy(buffer, view), shape: view.shape, channelAxis: nil)
            placements[value] = own
            return own
        }
        let tensor = graph.constants[value] ?? Tensor(zeros: graph.shapes[value] ?? [])
        buffers.append(.plain(shape: tensor.shape))
        constants[buffers.count - 1] = .tensor(tensor)
        let placement = Placement(buffer: buffers.count - 1, shape: tensor.shape, channelAxis: nil)
        placements[value] = placement
        return placement
    }

    /// Where a value is that was computed from the image, or the image itself.
    func computed(_ value: Int) -> Placement? { placements[value] }

    mutating func place(_ value: Int, _ placement: Placement) { placements[value] = placement }

    func size(_ placement: Placement) -> MapSize? {
        if case .blocked(let size) = buffers[placement.buffer] { size } else { nil }
    }

    /// Appends a step whose output is a new buffer.
    mutating func append(
        _ work: Step.Work, _ inputs: [Int], _ buffer: Buffer, _ value: Int, _ placement: Placement,
        activation: ck_activation = noActivation,
        addend: Int? = nil
    ) {
        buffers.append(buffer)
        steps.append(
            Step(work: work, inputs: inputs, output: buffers.count - 1, activation: activation, addend: addend))
        placements[value] = placement
    }

    /// Appends a step that gives maps of that size.
    mutating func appendMaps(
        _ work: Step.Work, _ inputs: [Int], _ size: MapSize, _ trail: Trail, activation: ck_activation = noActivation,
        addend: Int? = nil
    ) {
        let placement = Placement(buffer: buffers.count, shape: trail.shape, channelAxis: trail.axis)
        append(work, inputs, .blocked(size), trail.value, placement, activation: activation, addend: addend)
    }

    /// Whether a blocked value's tensor has a row of channels a pixel; nil where its channels are neither first nor
    /// last.
    func rows(_ placement: Placement) -> Bool? {
        guard let axis = placement.channelAxis else { return nil }
        if placement.shape[..<axis].allSatisfy({ $0 == 1 }) { return false }
        return placement.shape[(axis + 1)...].allSatisfy { $0 == 1 } ? true : nil
    }

    /// A buffer that holds the value as a tensor.
    mutating func plain(_ value: Int) -> Int {
        let placement = placement(value)
        guard placement.channelAxis != nil, let size = size(placement) else { return placement.buffer }
        let isRows = rows(placement) ?? true, key = 2 * placement.buffer + (isRows ? 1 : 0)
        if let known = converted[key], buffers[known] == .plain(shape: placement.shape) { return known }
        guard rows(placement) != nil else { return turned(placement, size) }
        buffers.append(.plain(shape: placement.shape))
        steps.append(Step(work: .toPlain(isRows: isRows), inputs: [placement.buffer], output: buffers.count - 1))
        converted[key] = buffers.count - 1
        return buffers.count - 1
    }

    /// Channels amid other axes: as rows, then their axis to its place.
    private mutating func turned(_ placement: Placement, _ size: MapSize) -> Int {
        let axis = placement.channelAxis ?? 0, rank = placement.shape.count
        var order = Array(0..<rank)
        order.append(order.remove(at: axis))  // of the shape with channels last
        let last = order.map { placement.shape[$0] }
        buffers.append(.plain(shape: last))
        steps.append(Step(work: .toPlain(isRows: true), inputs: [placement.buffer], output: buffers.count - 1))
        var back = Array(0..<rank - 1)
        back.insert(rank - 1, at: axis)
        return copy(buffers.count - 1, StridedView(of: last).transposed(back))
    }

    /// The value as maps whose channels are that axis; nil where it cannot be.
    mutating func blocked(_ value: Int, axis: Int) -> Placement? {
        let placement = placement(value)
        if placement.channelAxis == axis { return placement }
        guard placement.channelAxis == nil, placement.shape.indices ~= axis, placement.shape.allSatisfy({ $0 > 0 })
        else { return nil }
        let size = mapSize(placement.shape, axis: axis)
        if placement.buffer == 0, axis == 1, placement.shape[0] == 1 {
            let own = Placement(buffer: buffers.count, shape: placement.shape, channelAxis: 1)
            append(.block(kernel: 1), [0], .blocked(size), value, own)
            return own
        }
        let target = Placement(buffer: buffers.count, shape: placement.shape, channelAxis: axis)
        guard let isRows = rows(target) else { return nil }
        if let known = converted[2 * placement.buffer + (isRows ? 1 : 0)], buffers[known] == .blocked(size) {
            return Placement(buffer: known, shape: placement.shape, channelAxis: axis)
        }
        buffers.append(.blocked(size))
        if case .tensor(let tensor)? = constants[placement.buffer] {
            let plane = BlockedMaps.plane(pixels: size.pixels)
            constants[buffers.count - 1] = .maps(
                PackedNumbers(count: 16 * size.roomyBlocks * plane) { address in
                    if isRows {
                        ck_block_rows(size.channels, size.pixels, tensor.data, address, plane)
                    } else {
                        ck_block(size.channels, size.pixels, tensor.data, address, plane)
                    }
                }, plane: plane)
        } else {
            steps.append(Step(work: .fromPlain(isRows: isRows), inputs: [placement.buffer], output: buffers.count - 1))
        }
        converted[2 * placement.buffer + (isRows ? 1 : 0)] = buffers.count - 1
        return target
    }

    /// Maps of a shape whose channels are that axis: height and width where two axes are left besides a batch of one,
    /// else all in a row.
    func mapSize(_ shape: [Int], axis: Int) -> MapSize {
        let others = shape.indices.filter { $0 != axis && $0 != 0 }.map { shape[$0] }
        guard others.count == 2, axis == 0 || shape[0] == 1 else {
            return MapSize(
                channels: shape[axis], height: 1,
                width: shape.indices.filter { $0 != axis }.reduce(1) { $0 * shape[$1] })
        }
        return MapSize(channels: shape[axis], height: others[0], width: others[1])
    }
}

// MARK: What follows a node

/// How far what follows a node has been taken up: the value that it gives now, and where its channels are.
struct Trail {
    var value: Int
    var shape: [Int]
    var axis: Int
}

extension Lowering {
    /// The one node that reads a value which is no target, and its place.
    func onlyReader(_ value: Int) -> (node: Graph.Node, index: Int)? {
        guard !graph.targets.contains(value), let all = readers[value], all.count == 1, !done.contains(all[0]) else {
            return nil
        }
        return (graph.nodes[all[0]], all[0])
    }

    /// Takes up a node.
    mutating func take(_ index: Int) { done.insert(index) }

    /// Passes by what only sees a value's maps as another shape.
    private mutating func pass(_ trail: inout Trail) {
        while let (node, index) = onlyReader(trail.value), case .transpose(let order) = node.operation,
            let axis = order.firstIndex(of: trail.axis),
            keepsPixels(order, trail.shape, axis: trail.axis)
        {
            take(index)
            trail = Trail(value: node.output, shape: order.map { trail.shape[$0] }, axis: axis)
        }
    }

    func keepsPixels(_ order: [Int], _ shape: [Int], axis: Int) -> Bool {
        let others = order.filter { $0 != axis && shape[$0] > 1 }
        return others == others.sorted()
    }

    /// Takes up the function that follows a value, if one does: the value then is the function's.
    mutating func function(after trail: inout Trail) -> ck_activation {
        pass(&trail)
        guard let (node, index) = onlyReader(trail.value), case .unary(let unary) = node.operation,
            let function = unary.kernels
        else { return noActivation }
        take(index)
        trail.value = node.output
        return function
    }

    /// Takes up sums and products with constants, a number a channel: the value becomes their result.
    mutating func scales(after trail: inout Trail) -> (scale: [Double]?, shift: [Double]?) {
        var scale: [Double]?, shift: [Double]?
        pass(&trail)
        while let (node, index) = onlyReader(trail.value),
            let (factor, summand) = perChannel(node, trail.value, shape: trail.shape, axis: trail.axis)
        {
            if let factor {
                scale = scale.map { zip($0, factor).map { $0 * $1 } } ?? factor
                shift = shift.map { zip($0, factor).map { $0 * $1 } }
            }
            if let summand { shift = shift.map { zip($0, summand).map { $0 + $1 } } ?? summand }
            take(index)
            trail.value = node.output
            pass(&trail)
        }
        return (scale, shift)
    }

    /// Takes up the sum with maps that are there already: their buffer.
    mutating func addend(after trail: inout Trail, size: MapSize) -> Int? {
        pass(&trail)
        let value = trail.value
        guard let (sum, index) = onlyReader(value), case .binary(.add) = sum.operation, sum.inputs.count == 2,
            let other = sum.inputs.first(where: { $0 != value }), graph.constants[other] == nil,
            let placed = computed(other),
            placed.channelAxis == trail.axis, placed.shape == trail.shape, let own = self.size(placed),
            own.isAlike(size)
        else { return nil }
        take(index)
        trail.value = sum.output
        return placed.buffer
    }

    /// The factor and summand of a node that does no more than scale and shift channels.
    func perChannel(_ node: Graph.Node, _ value: Int, shape: [Int], axis: Int) -> (scale: [Double]?, shift: [Double]?)?
    {
        if case .affine(let scale, let shift) = node.operation { return axis == 1 ? (scale, shift) : nil }
        guard case .binary(let binary) = node.operation, node.inputs.count == 2,
            let other = node.inputs.first(where: { $0 != value }),
            let constant = graph.constants[other], let numbers = channels(constant, shape: shape, axis: axis)
        else { return nil }
        let isFirst = node.inputs[0] == value
        switch binary {
        case .add: return (nil, numbers)
        case .multiply: return (numbers, nil)
        case .subtract:
            return isFirst ? (nil, numbers.map { -$0 }) : ([Double](repeating: -1, count: numbers.count), numbers)
        case .divide: return isFirst ? (numbers.map { 1 / $0 }, nil) : nil
        case .maximum, .minimum, .power: return nil
        }
    }

    /// A constant that has one number for each channel of a shape, or one for all.
    private func channels(_ constant: Tensor, shape: [Int], axis: Int) -> [Double]? {
        guard constant.shape.count <= shape.count else { return nil }
        if constant.count == 1 { return [Double](repeating: Double(constant.data[0]), count: shape[axis]) }
        let own = axis - (shape.count - constant.shape.count)
        guard own >= 0, constant.count == shape[axis], constant.shape[own] == shape[axis] else { return nil }
        return constant.data.map(Double.init)
    }
}
