import Tensors

extension Lowering {
    /// The nodes from q · factor to the heads' channels side by side: one step, which reads maps where they lie.
    private struct Attention {
        /// The values of q, k and v, `[…, heads, tokens, depth]`.
        let inputs: [Int]
        let queryFactor: Float, keyFactor: Float
        /// The nodes after the first, and the last one's output: `[…, tokens, heads · depth]`.
        let nodes: [Int]
        let output: Int
    }

    /// Attention by its own kernel where q, k and v are channels of maps; false where they are not.
    /// - Parameter node: what may be its first.
    mutating func lowerAttention(_ node: Graph.Node) -> Bool {
        guard let attention = attention(from: node), let query = heads(of: attention.inputs[0]),
            let key = heads(of: attention.inputs[1]), let value = heads(of: attention.inputs[2]),
            (key.heads, key.tokens, key.depth) == (query.heads, value.tokens, query.depth),
            (value.heads, value.depth) == (query.heads, query.depth),
            let shape = graph.shapes[attention.output], shape.last == query.heads * query.depth,
            shape.dropLast().reduce(1, *) == query.tokens
        else { return false }
        for index in attention.nodes { take(index) }
        let step = AttentionStep(
            heads: query.heads, depth: query.depth, queries: query.tokens, keys: key.tokens,
            first: [query, key, value].map(\.channel), queryFactor: attention.queryFactor,
            keyFactor: attention.keyFactor)
        let axis = shape.count - 1
        appendMaps(
            .attention(step), [query, key, value].map(\.buffer), mapSize(shape, axis: axis),
            Trail(value: attention.output, shape: shape, axis: axis))
        return true
    }

    private func attention(from node: Graph.Node) -> Attention? {
        guard let (query, queryFactor) = scaled(node), let view = views[query]?.view, view.shape.count > 2,
            let (scores, first) = onlyReader(node.output), scores.operation == .matrixProduct,
            scores.inputs[0] == node.output,
            let (softmax, second) = onlyReader(scores.output),
            softmax.operation == .softmax(axis: view.shape.count - 1),
            let (product, third) = onlyReader(softmax.output), product.operation == .matrixProduct,
            product.inputs[0] == softmax.output,
            let (merging, fourth) = onlyReader(product.output), case .transpose(let merged) = merging.operation,
            let (flat, fifth) = onlyReader(merging.output), case .reshape = flat.operation
        else { return nil }
        let rank = view.shape.count
        var nodes = [first, second, third, fourth, fifth], keyFactor: Float = 1
        func read(_ value: Int) -> Graph.Node? {
            guard let index = graph.nodes.firstIndex(where: { $0.output == value }), onlyReader(value) != nil else {
                return nil
            }
            nodes.append(index)
            return graph.nodes[index]
        }
        guard var turn = read(scores.inputs[1]) else { return nil }
        if let (value, factor) = scaled(turn), let before = read(value) {
            (keyFactor, turn) = (factor, before)
        }
        guard turn.operation == .transpose(Array(0..<rank - 2) + [rank - 1, rank - 2]),
            merged.filter({ $0 > rank - 4 }) == [rank - 2, rank - 3, rank - 1]
        else { return nil }
        return Attention(
            inputs: [query, turn.inputs[0], product.inputs[1]], queryFactor: queryFactor, keyFactor: keyFactor,
            nodes: nodes, output: flat.output)
    }

    /// What a node multiplies by one number, and the number.
    private func scaled(_ node: Graph.Node) -> (value: Int, factor: Float)? {
        guard node.operation == .binary(.multiply), let factor = graph.constants[node.inputs[1]], factor.count == 1,
            factor.shape.count <= graph.shapes[node.inputs[0]]?.count ?? 0
        else { return nil }
        return (node.inputs[0], factor.data[0])
    }

    /// What a view `[1…, heads, tokens, depth]` shows, where it is channels of maps that follow each other: the maps'
    /// buffer, and the first channel.
    private func heads(of value: Int) -> (buffer: Int, channel: Int, heads: Int, tokens: Int, depth: Int)? {
        guard let (buffer, view) = views[value], view.shape.count > 2,
            let step = steps.last(where: { $0.output == buffer }), case .toPlain(isRows: true) = step.work,
            case .blocked(let size) = buffers[step.inputs[0]], view.shape.dropLast(3).allSatisfy({ $0 == 1 })
        else { return nil }
        let shape = Array(view.shape.suffix(3)), depth = shape[2]
        guard depth % 16 == 0, view.offset % 16 == 0, view.offset + shape[0] * depth <= size.channels,
            shape[1] == size.pixels, view.strides.suffix(3) == [depth, size.channels, 1]
        else { return nil }
        return (step.inputs[0], view.offset, shape[0], shape[1], depth)
    }

    /// The steps that targets depend on: an attention's inputs need not have become tensors.
    func neededSteps(_ targets: [Placement]) -> [Step] {
        var needed = Set(targets.map(\.buffer)), kept: [Step] = []
        for step in steps.reversed() where needed.contains(step.output) {
            kept.append(step)
            needed.formUnion(step.inputs + [step.addend].compactMap { $0 })
        }
        return kept.reversed()
    }
}
