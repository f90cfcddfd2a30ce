/// Transformers' tokens as maps: where a network cuts a map into a row of tokens `[1, t, d]`, each later value of that
/// shape is a map of d channels over the same grid, without the class token and registers, which stand before the
/// others.
extension GraphBuilder {
    /// Tokens beside the grid's, at most: a class token and registers.
    private static let mostOthers = 64

    /// Adds the map of every such value; no other node reads it.
    /// - Throws: `ShapeMismatch`, `GraphError.tooLarge`.
    mutating func addTokenGrids() throws {
        var fromImage: Set<Int> = [graph.input], tokens: (height: Int, width: Int)?
        for node in graph.nodes {
            guard node.inputs.contains(where: fromImage.contains) else { continue }
            fromImage.insert(node.output)
            if tokens == nil { tokens = grid(cutBy: node) }
            let value = graph.values[node.output]
            guard let (height, width) = tokens, !value.name.isEmpty, value.shape.count == 3, value.shape[0] == 1,
                value.shape[2] > 1
            else { continue }
            let others = value.shape[1] - height * width
            guard 0...Self.mostOthers ~= others else { continue }
            module = value.module
            let patches =
                others == 0
                ? Term.value(node.output)
                : try emit(.slice(axis: 1, start: others, count: height * width, step: 1), [.value(node.output)])
            let map = try emit(
                .reshape([1, value.shape[2], height, width]), [try emit(.transpose([0, 2, 1]), [patches])])
            addGrid(map, of: node.output)
        }
    }

    /// The height and width of a map that a node turns into a row: `[1, c, h, w]` into `[1, c, h · w]`, or with the
    /// channels last.
    private func grid(cutBy node: Graph.Node) -> (height: Int, width: Int)? {
        guard case .reshape(let shape) = node.operation, shape.count == 3 else { return nil }
        let source = graph.values[node.inputs[0]].shape
        guard source.count == 4, source[0] == 1, shape[0] == 1 else { return nil }
        if shape == [1, source[1], source[2] * source[3]], source[2] * source[3] > 1 { return (source[2], source[3]) }
        if shape == [1, source[1] * source[2], source[3]], source[1] * source[2] > 1 { return (source[1], source[2]) }
        return nil
    }
}
