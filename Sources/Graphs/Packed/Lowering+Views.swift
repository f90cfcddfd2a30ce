import Tensors

extension Lowering {
    /// What only reads a plain buffer in another order: nothing is moved before something needs it in a row; products
    /// read it where it lies.
    mutating func lowerView(_ node: Graph.Node) throws -> Bool {
        switch node.operation {
        case .transpose(let order): return look(node) { $0.transposed(order) }
        case .reshape: return try look(node) { try $0.reshaped(node.operation.outputShape([$0.shape])) }
        case .slice(let axis, let start, let count, let step):
            return look(node) { $0.sliced(axis: axis, start: start, count: count, step: step) }
        case .gather(let axis, let indices) where indices.count == 1:
            return look(node) { $0.sliced(axis: axis, start: indices[0], count: 1, step: 1) }
        case .binary(.multiply): return try scale(node)
        case .matrixProduct where node.inputs.allSatisfy({ graph.constants[$0] == nil }):
            let a = matrices(node.inputs[0]), b = matrices(node.inputs[1])
            let shape = try node.operation.outputShape([a.view.shape, b.view.shape])
            append(
                .product(a.view, b.view), [a.buffer, b.buffer], .plain(shape: shape), node.output,
                Placement(buffer: buffers.count, shape: shape, channelAxis: nil))
            return true
        default: return false
        }
    }

    private mutating func look(
        _ node: Graph.Node, _ change: (StridedView) throws -> StridedView?
    ) rethrows -> Bool {
        guard let (buffer, view) = view(node.inputs[0]), let changed = try change(view) else { return false }
        views[node.output] = (buffer, changed)
        return true
    }

    /// The view of a value that is computed; nil of constants and of the image.
    private mutating func view(_ value: Int) -> (buffer: Int, view: StridedView)? {
        if let known = views[value] { return known }
        guard graph.constants[value] == nil, let own = computed(value), own.buffer != 0 else { return nil }
        return (plain(value), StridedView(of: own.shape))
    }

    private mutating func matrices(_ value: Int) -> (buffer: Int, view: StridedView) {
        if let (buffer, view) = view(value), view.isMatrices { return (buffer, view) }
        return (plain(value), StridedView(of: placement(value).shape))
    }

    /// A view times one number: in the order in which its numbers lie.
    private mutating func scale(_ node: Graph.Node) throws -> Bool {
        guard let (buffer, view) = views[node.inputs[0]], let factor = graph.constants[node.inputs[1]],
            factor.count == 1, factor.shape.count <= view.shape.count
        else { return false }
        let order = view.storageOrder, stored = view.transposed(order)
        let inputs = [copy(buffer, stored), plain(node.inputs[1])]
        buffers.append(.plain(shape: stored.shape))
        steps.append(Step(work: .plain(node.operation), inputs: inputs, output: buffers.count - 1))
        let back = order.indices.map { axis in order.firstIndex(of: axis) ?? axis }
        views[node.output] = (buffers.count - 1, StridedView(of: stored.shape).transposed(back))
        return true
    }

    /// A buffer that holds a view's numbers in a row.
    mutating func copy(_ buffer: Int, _ view: StridedView) -> Int {
        if buffers[buffer] == .plain(shape: view.shape), view == StridedView(of: view.shape) { return buffer }
        buffers.append(.plain(shape: view.shape))
        steps.append(Step(work: .copy(view), inputs: [buffer], output: buffers.count - 1))
        return buffers.count - 1
    }
}
